"""A small data set, the tiny model, and an evaluator that knows a little of both words and motions."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from motiongpt.evaluation.clips import Clip
from motiongpt.evaluation.outputs import Bench, Settings
from motiongpt.generation.motiongpt import MotionGPT
from motiongpt.motion import HUMANML3D, Motion, Skeleton


class WordsAndSpeed:
    """Embeds a motion as a few of its statistics, and a text as numbers drawn by its letters."""

    skeleton: Skeleton = HUMANML3D

    def embed_motions(self, motions: Sequence[np.ndarray]) -> np.ndarray:
        return np.stack([np.concatenate([m[:, :4].mean(0), m[:, :4].std(0)]) for m in motions])

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        return np.stack([np.random.default_rng(zlib.crc32(text.encode())).normal(size=8) for text in texts])


@pytest.fixture
def make_bench(tiny_model_folder: Path, make_walk: Callable[..., Motion]) -> Callable[..., Bench]:
    """Factory of a bench of a few walks; settings by name, ``keep`` and ``evaluator`` as of a bench."""
    model = MotionGPT.from_pretrained(str(tiny_model_folder))

    def make(count: int = 5, keep: Path | None = None, evaluator: object = None, **settings: object) -> Bench:
        clips = []
        for number in range(count):
            captions = (f"a person walks {number} times", "someone walks", "a man goes forward")
            walk = make_walk(frames=41 + 3 * number, speed=0.8 + 0.1 * number)
            clips.append(Clip(f"c{number}", "cmu", Motion.from_features(walk.features()), captions[: 1 + number % 3]))
        values = {"data": "walks", "replications": 2, "group": 4, "sampling": (("rerank", 1),), **settings}
        return Bench(Settings(**values), model, clips, evaluator, keep)  # type: ignore[arg-type]

    return make


@pytest.fixture
def evaluator() -> WordsAndSpeed:
    return WordsAndSpeed()
