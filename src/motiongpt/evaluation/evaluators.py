"""Loading evaluators from their folders."""

from __future__ import annotations

from pathlib import Path

from motiongpt.errors import MotionGPTError
from motiongpt.evaluation.embedding import MotionTextEvaluator
from motiongpt.matching import matcher
from motiongpt.matching.matcher import Matcher
from motiongpt.weights_io import kind_of


def load_evaluator(folder: str | Path) -> MotionTextEvaluator:
    """The evaluator of a folder: one of ``motiongpt train``.

    Raises:
        MotionGPTError: it holds no evaluator, or one that is damaged.
    """
    folder = Path(folder)
    kind = kind_of(folder)
    if kind == matcher.KIND:
        return Matcher.load(folder)
    raise MotionGPTError(f"{folder} holds a {kind!r}, but an evaluator is needed here: a {matcher.KIND!r}.")
