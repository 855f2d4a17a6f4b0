"""The reference pose that many converters put before a recording."""

from __future__ import annotations

import numpy as np

from motiongpt.errors import MotionGPTError


def length(turned: np.ndarray, joints: np.ndarray, fps: float) -> int:
    """Number of frames that a converter added before the recording: its rest pose, and frames that blend out of it.

    Frame 0 counts as the rest pose if no joint is rotated by more than 40 degrees, 12 on average, against the rest pose
    of the file, and the body stays in it and then jumps faster than people move (5 body sizes per second). The cgspeed
    conversion of CMU has one such frame; the Daz conversion has one and about four blended ones.

    Args:
        turned: (N,) degrees by which each joint is rotated in frame 0 against the rest pose.
        joints: (T, 22, 3) in any unit.
        fps: frames per second.
    """
    if turned.max() > 40 or turned.mean() > 12:
        return 0
    size = np.ptp(joints[0], axis=0).max()
    still = np.linalg.norm(joints - joints[0], axis=-1).max(axis=-1) <= 1e-3 * size
    held = int(np.argmin(still)) if not still.all() else len(joints)
    start = joints[held - 1 : held + 8] - joints[held - 1 : held + 8, :1]
    speed = np.linalg.norm(np.diff(start, axis=0), axis=-1).max(axis=-1) * fps / size
    jumps = np.flatnonzero(speed > 5)
    if not len(jumps) or jumps[0] > 0:
        return 0
    # A pose that is held before and after a jump is a key of an animation in steps.
    if held > 1 and len(speed) > 1 and speed[1] < 1e-3:
        return 0
    return held + int(jumps[-1])


def dropped(
    choice: str | bool, turned: np.ndarray, joints: np.ndarray, fps: float, source: str
) -> tuple[int, list[str]]:
    """Number of frames to leave out at the start, and a remark about them.

    Args:
        choice: "auto" finds the lead-in by :func:`length`; True stands for one frame, False for none.
        turned, joints, fps: as for :func:`length`.
        source: the file, for messages.

    Raises:
        MotionGPTError: no frame is left.
    """
    count = length(turned, joints, fps) if choice == "auto" else int(bool(choice))
    if count >= len(joints):
        raise MotionGPTError(f"{source}: the only frame cannot be dropped; give drop_first_frame=False.")
    if choice != "auto" or not count:
        return count, []
    what = (
        "The first frame, a rest pose before the recording, was"
        if count == 1
        else f"The first {count} frames, a rest pose before the recording and what blends out of it, were"
    )
    return count, [f"{what} left out (in Python drop_first_frame=False keeps all)."]
