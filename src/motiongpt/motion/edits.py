"""Several edits of a motion at once, in an order in which they do not undo one another."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from motiongpt.errors import MotionGPTError
from motiongpt.motion import cleanup, editing
from motiongpt.motion.looping import seamless_loop
from motiongpt.motion.placement import UP

if TYPE_CHECKING:
    from motiongpt.motion.motion import Motion


@dataclass(frozen=True)
class Edits:
    """Edits of one motion, applied in the order in which they stand here.

    Attributes:
        trim: first and last second that are kept; None stands for the start or the end, and a negative number counts
            from the end.
        fps: frame rate of the result; rotations are interpolated.
        smooth: remove jitter (:func:`motiongpt.motion.cleanup.smooth`).
        ground: bring the body down to the floor or up to it (:func:`motiongpt.motion.cleanup.ground`), and the floor to
            height 0.
        reverse: play it backwards.
        mirror: exchange left and right.
        tempo: factor; 1.25 is a quarter faster.
        bend: degrees by which the path turns, positive to the left; standing feet stay in place.
        turn: degrees by which the whole motion is turned, positive to the left.
        in_place: take the way out of it.
        loop: make a seamless loop, of as much of the motion as fits (True) or of so many seconds.
    """

    trim: tuple[float | None, float | None] | None = None
    fps: float | None = None
    smooth: bool = False
    ground: bool = False
    reverse: bool = False
    mirror: bool = False
    tempo: float | None = None
    bend: float | None = None
    turn: float | None = None
    in_place: bool = False
    loop: bool | float = False

    def apply(self, motion: Motion) -> Motion:
        """The edited motion; its remarks say what was cut for a loop.

        Raises:
            MotionGPTError: a number is out of its range, the motion is too short, or an edit needs another skeleton.
        """
        if self.trim is not None:
            motion = trim(motion, *self.trim)
        if self.fps is not None:
            motion = motion.resample(self.fps)
        if self.smooth:
            motion = cleanup.smooth(motion)
        if self.ground:
            motion = cleanup.ground(motion)
            motion = replace(motion, joints=motion.joints - motion.joints[..., 1].min() * UP)
        if self.reverse:
            motion = editing.reverse(motion)
        if self.mirror:
            motion = motion.mirrored()
        if self.tempo is not None:
            motion = editing.change_tempo(motion, self.tempo)
        if self.bend is not None:
            motion = editing.bend_path(motion, self.bend)
        if self.turn is not None:
            motion = editing.turn(motion, self.turn)
        if self.in_place:
            motion = editing.in_place(motion)
        if self.loop is not False:
            motion = seamless_loop(motion, None if self.loop is True else self.loop)
        return motion


def trim(motion: Motion, start: float | None = None, end: float | None = None) -> Motion:
    """The part of a motion from one second to another.

    Args:
        motion: any skeleton.
        start, end: seconds; None stands for the start or the end, and a negative number counts from the end.

    Raises:
        MotionGPTError: nothing lies between them.
    """
    length = len(motion) / motion.fps
    first, last = (edge if at is None else at + length if at < 0 else at for at, edge in ((start, 0.0), (end, length)))
    if not (np.isfinite(first) and np.isfinite(last) and 0 <= first < last and first < length):
        raise MotionGPTError(
            f"{motion.name or 'motion'}: there is nothing from second {'0' if start is None else f'{start:g}'} to "
            f"{'the end' if end is None else f'{end:g}'}; the motion lasts {length:.2f} s."
        )
    begin = min(round(first * motion.fps), len(motion) - 1)
    return motion[begin : max(round(last * motion.fps), begin + 1)]
