"""Codes become features and joints, refined and smoothed as they are delivered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from motiongpt.generation.refiner import SPREAD, STEPS, Refiner
from motiongpt.motion import HUMANML3D, Motion
from motiongpt.motion.cleanup import clean, ground, smooth
from motiongpt.threads import in_parts
from motiongpt.tokenizer import MotionTokenizer

Row = TypeVar("Row")
# About what a sentence and the calls for it cost in a refiner, in codes.
_WORDS = 20


@dataclass(frozen=True)
class Decoder:
    """Decodes coarse codes, with the details that a refiner adds where there is one.

    Attributes:
        tokenizer: motion <-> codes.
        refiner: writes what coarse codes leave out.
    """

    tokenizer: MotionTokenizer
    refiner: Refiner | None = None

    def features(
        self,
        codes: Sequence[np.ndarray],
        captions: Sequence[str | None],
        seeds: Sequence[tuple[int, int]],
        *,
        sampled: bool = False,
    ) -> list[np.ndarray]:
        """Un-normalised features (n * stride, D) of each row of coarse codes (n,), before clean-up.

        Args:
            codes: of each motion.
            captions: what each motion shows in normalised words, or None.
            seeds: of each motion: of the call, and of its sample.
            sampled: draw the details, which is livelier and rougher, instead of their mean.
        """
        if not len(codes):
            return []
        rows = list(zip(codes, captions, seeds, strict=True))
        words = 0 if self.refiner is None else _WORDS
        return self._in_parts(lambda part: self._features(part, sampled), rows, [len(row) + words for row in codes])

    def coarse_features(self, codes: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Un-normalised features (n * stride, D) of each row of coarse codes (n,) without details."""
        return self._in_parts(self.tokenizer.decode_batch, codes, [len(row) for row in codes])

    def _in_parts(
        self, function: Callable[[list[Row]], list[np.ndarray]], rows: Sequence[Row], sizes: Sequence[int]
    ) -> list[np.ndarray]:
        """Decode rows on all threads of a CPU; another device takes them at once."""
        if self.tokenizer.mean.device.type != "cpu":
            return function(list(rows))
        return in_parts(function, rows, sizes)

    def _features(
        self, rows: Sequence[tuple[np.ndarray, str | None, tuple[int, int]]], sampled: bool
    ) -> list[np.ndarray]:
        """Features of rows of codes, caption and seeds."""
        codes, captions, seeds = map(list, zip(*rows, strict=True))
        latents = None
        if self.refiner is not None:
            steps, spread = (STEPS, SPREAD) if sampled else (1, 1.0)
            latents = self.refiner.refine(codes, captions, seeds, steps=steps, spread=spread)
        return self.tokenizer.decode_batch(codes, latents)

    def motions(
        self, codes: Sequence[np.ndarray], captions: Sequence[str | None], seeds: Sequence[tuple[int, int]]
    ) -> list[Motion]:
        """Motions of coarse codes in canonical placement, before clean-up; arguments as of :meth:`features`."""
        return [self.motion_of(row) for row in self.features(codes, captions, seeds)]

    def motion_of(self, features: np.ndarray) -> Motion:
        """The motion of un-normalised features (T, D)."""
        return Motion.from_features(features, self.tokenizer.skeleton)


def steady_joints(motion: Motion) -> np.ndarray:
    """Joints (T, 22, 3) for detectors: smoothed, because jitter looks like quick movement, and on the floor, as they
    are delivered.
    """
    return ground(smooth(motion)).joints


def cleaned(motion: Motion, cleanup: bool, keep: np.ndarray | None = None) -> Motion:
    """The motion after clean-up, where it is wanted and the skeleton's feet are known.

    Args:
        motion: as decoded.
        cleanup: whether to clean.
        keep: (T,) True on frames that stay bit for bit.
    """
    return clean(motion, keep=keep) if cleanup and motion.skeleton.name == HUMANML3D.name else motion
