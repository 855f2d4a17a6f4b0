"""Loading evaluators from their folders."""

from __future__ import annotations

from pathlib import Path

from motiongpt.data.layout import SPLITS, TEXTS, read_ids
from motiongpt.data.texts import token_columns
from motiongpt.errors import MotionGPTError
from motiongpt.evaluation import t2m_evaluator as evaluator
from motiongpt.evaluation.embedding import MotionTextEvaluator
from motiongpt.evaluation.words import WordVectorEvaluator
from motiongpt.retrieval import matcher
from motiongpt.retrieval.matcher import Matcher
from motiongpt.retrieval.search import embedded_evaluator
from motiongpt.weights_io import kind_of

EMBEDDED = "embedded"


def load_evaluator(folder: str | Path, data: str | Path | None = None) -> MotionTextEvaluator:
    """The evaluator of a folder: one of ``motiongpt train evaluator``, or the original's, imported.

    Args:
        folder: its folder, or :data:`EMBEDDED` for the one that comes with the package.
        data: data set whose token column the original's evaluator reads captions from.

    Raises:
        MotionGPTError: it holds no evaluator, or one that is damaged.
    """
    if str(folder) == EMBEDDED:
        return embedded_evaluator()
    folder = Path(folder)
    kind = kind_of(folder)
    if kind == matcher.KIND:
        return Matcher.load(folder)
    if kind == evaluator.KIND:
        return WordVectorEvaluator.load(folder, {} if data is None else _columns(Path(data)))
    raise MotionGPTError(
        f"{folder} holds a {kind!r}, but an evaluator is needed here: {matcher.KIND!r} or {evaluator.KIND!r}."
    )


def _columns(root: Path) -> dict[str, str]:
    columns: dict[str, str] = {}
    for split in SPLITS:
        if (root / f"{split}.txt").is_file():
            for name in read_ids(root, split):
                path = root / TEXTS / f"{name}.txt"
                columns |= token_columns(path) if path.is_file() else {}
    return columns
