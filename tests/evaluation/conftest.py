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
    """Factory of a bench with a few walks; settings by name, ``cache_dir`` and ``evaluator`` as in a bench."""
    model = MotionGPT.from_pretrained(str(tiny_model_folder))

    def make(count: int = 5, cache_dir: Path | None = None, evaluator: object = None, **settings: object) -> Bench:
        clips = []
        for number in range(count):
            captions = (f"a person walks {number} times", "someone walks", "a man goes forward")
            walk = make_walk(frames=41 + 3 * number, speed=0.8 + 0.1 * number)
            clips.append(Clip(f"c{number}", "cmu", Motion.from_features(walk.features()), captions[: 1 + number % 3]))
        values = {"data": "walks", "replications": 2, "group": 4, "sampling": (("rerank", 1),), **settings}
        return Bench(Settings(**values), model, clips, evaluator, cache_dir)  # type: ignore[arg-type]

    return make


@pytest.fixture
def evaluator() -> WordsAndSpeed:
    return WordsAndSpeed()


@pytest.fixture
def walks(tmp_path: Path, make_walk: Callable[..., Motion]) -> Path:
    """A data set of four walks, one of them mirrored."""
    for folder in ("new_joint_vecs", "texts"):
        (tmp_path / folder).mkdir()
    for name, speed in (("a", 1.4), ("b", 1.6), ("Ma", 1.4), ("c", 1.5)):
        motion = make_walk(frames=81, speed=speed)
        np.save(tmp_path / "new_joint_vecs" / f"{name}.npy", motion.features())
        line = "a person walks forward#a/DET person/NOUN walk/VERB forward/ADV#0.0#0.0\n"
        (tmp_path / "texts" / f"{name}.txt").write_text(line)
    for split, ids in (("train", "a"), ("val", "b"), ("test", "a\nMa\nc")):
        (tmp_path / f"{split}.txt").write_text(ids + "\n")
    (tmp_path / "clips.csv").write_text("id,source\na,cmu\nc,hdm05\n")
    return tmp_path
