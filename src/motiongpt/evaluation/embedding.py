"""Evaluators: whatever puts motions and texts into one space, where those that belong together are near each other."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from motiongpt.motion.skeleton import Skeleton


class MotionTextEvaluator(Protocol):
    """What the metrics of evaluation ask of an evaluator.

    Distances are Euclidean; between vectors of unit length they order like cosines.

    Attributes:
        skeleton: of the motions it reads.
    """

    skeleton: Skeleton

    def embed_motions(self, motions: Sequence[np.ndarray]) -> np.ndarray:
        """Un-normalised features, (T, D) each and of any lengths -> (N, E). No motion depends on another."""
        ...

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Sentences -> (N, E)."""
        ...


def folder_hash(folder: str | Path) -> str:
    """Short hash of the names and contents of all files of a folder."""
    digest = hashlib.sha256()
    for path in sorted(Path(folder).rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(folder).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
