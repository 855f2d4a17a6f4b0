"""Prompts and lengths: the instructions the language model was trained on, filled with captions, codes and frames."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np

from motiongpt.errors import MotionGPTError
from motiongpt.generation.options import GenerationDefaults
from motiongpt.lm.prompts import Fields, Templates
from motiongpt.lm.tasks import Task
from motiongpt.tokenizer import MotionTokenizer

# Ten minutes at 20 fps.
MAX_FRAMES = 12_000


class Prompting:
    """Fills the prompt of a task, and converts between seconds, frames and codes.

    Args:
        tokenizer: gives frame rate, stride and number of codes.
        settings: gives the window and the bounds of a length.
    """

    def __init__(self, tokenizer: MotionTokenizer, settings: GenerationDefaults) -> None:
        self.settings = settings
        self.skeleton, self.stride, self.num_codes = tokenizer.skeleton, tokenizer.stride, tokenizer.num_codes
        self.fps = self.skeleton.fps

    def prompt(self, task: Task, **known: Any) -> str:
        """The one plain instruction of a task, filled with what is known, see :class:`motiongpt.lm.prompts.Fields`."""
        fields = Fields(**known, fps=self.fps, stride=self.stride, num_codes=self.num_codes)
        # A plain set has nothing to draw, so the generator does not matter.
        return _plain_templates().prompt(task, np.random.default_rng(0), fields)

    def caption_prompt(self, caption: str, frames: int | None) -> str:
        """The instruction to write a motion for a caption, of a length in frames where one is requested."""
        if frames is None:
            return self.prompt(Task.T2M, caption=caption)
        return self.prompt(Task.T2M_SECONDS, caption=caption, frames=self._promptable(frames))

    def unconditional_prompt(self, frames: int | None) -> str:
        """The instruction to write any motion (of a length): what guidance extrapolates away from."""
        if frames is None:
            return self.prompt(Task.RANDOM_M)
        return self.prompt(Task.SECONDS2M, frames=self._promptable(frames))

    def _promptable(self, frames: int) -> int:
        """A length as training has shown it: whole strides, at most one window."""
        return min(math.ceil(frames / self.stride), self.settings.window) * self.stride

    def code_bounds(
        self, frames: int | None, min_seconds: float | None, max_seconds: float | None, steps: int = 1
    ) -> tuple[int, int]:
        """Smallest and largest number of codes of a motion.

        Args:
            frames: exact length; excludes bounds.
            min_seconds, max_seconds: bounds; None takes the defaults.
            steps: number of motions that share the largest length, one after the other.

        Raises:
            MotionGPTError: a length is out of range, or both an exact length and bounds are given.
        """
        if frames is not None:
            if min_seconds is not None or max_seconds is not None:
                raise MotionGPTError("Give either an exact length or bounds, not both.")
            count = math.ceil(frames / self.stride)
            return count, count
        low = self.frames(self.settings.min_seconds if min_seconds is None else min_seconds)
        high = self.frames(self.settings.max_seconds if max_seconds is None else max_seconds)
        if low > high:
            raise MotionGPTError(
                f"The shortest length, {low / self.fps:g} s, is above the longest, {high / self.fps:g} s."
            )
        fewest = math.ceil(low / self.stride)
        return fewest, max(fewest, int(high / steps) // self.stride)

    def requested_frames(self, seconds: float | None, frames: int | None) -> int | None:
        """The exact length that arguments request, in frames; None where they request none.

        Raises:
            MotionGPTError: both are given, or the length is out of range.
        """
        if seconds is not None and frames is not None:
            raise MotionGPTError("Give the length either in seconds or in frames, not in both.")
        if seconds is not None:
            return self.frames(seconds)
        return None if frames is None else self._checked(frames)

    def frames(self, seconds: float) -> int:
        """Frames of so many seconds.

        Raises:
            MotionGPTError: not a number, or out of range.
        """
        if not math.isfinite(seconds):
            raise MotionGPTError(f"A length must be a number of seconds, but is {seconds}.")
        return self._checked(round(seconds * self.fps))

    def _checked(self, frames: int) -> int:
        if not 1 <= frames <= MAX_FRAMES:
            raise MotionGPTError(
                f"A motion can have 1 to {MAX_FRAMES} frames ({MAX_FRAMES / self.fps:g} seconds), not {frames}."
            )
        return frames

    def seconds(self, codes: int) -> float:
        """Duration of so many codes."""
        return codes * self.stride / self.fps


@cache
def _plain_templates() -> Templates:
    return Templates.default().plain()
