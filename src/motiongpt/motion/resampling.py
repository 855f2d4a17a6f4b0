"""Change of the frame rate without drift."""

from __future__ import annotations

import numpy as np

from motiongpt.errors import MotionGPTError


def resample(joints: np.ndarray, source_fps: float, target_fps: float) -> np.ndarray:
    """Positions (T, J, 3) at another frame rate.

    Frame k of the result is at time k / target_fps exactly, for any pair of rates, so long clips do not drift. Between
    source frames the path is a Catmull-Rom cubic through the four nearest frames. A target time that falls on a source
    frame returns that frame unchanged. The result never extends past the last source frame.

    Raises:
        MotionGPTError: a rate is not positive, or there are no frames.
    """
    if not (source_fps > 0 and target_fps > 0 and np.isfinite(source_fps) and np.isfinite(target_fps)):
        raise MotionGPTError(f"Frame rates must be positive numbers, not {source_fps} and {target_fps}.")
    joints = np.asarray(joints)
    if len(joints) == 0:
        raise MotionGPTError("A motion without frames cannot be resampled.")
    last = len(joints) - 1
    # The tolerance keeps the final frame when a product such as 59.94 * k / 59.94 rounds to just under it.
    count = int(np.floor(last * target_fps / source_fps + 1e-6)) + 1
    times = np.minimum(np.arange(count) * (source_fps / target_fps), last)
    nearest = np.rint(times)
    times = np.where(np.abs(times - nearest) < 1e-6, nearest, times)
    return sample(joints, times)


def sample(joints: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Positions at arbitrary times: a Catmull-Rom cubic through the four nearest frames.

    Args:
        joints: (T, J, 3) positions, T >= 1.
        times: (n,) in frames, within 0 and T - 1.

    Returns:
        (n, J, 3); at whole numbers the frames themselves.
    """
    last = len(joints) - 1
    index = np.minimum(times.astype(int), max(last - 1, 0))
    u = (times - index)[:, None, None]
    # Beyond the ends the path continues as a parabola, which does not slow it down.
    before, after = (
        (3 * joints[0] - 3 * joints[1] + joints[2], 3 * joints[-1] - 3 * joints[-2] + joints[-3])
        if last >= 2
        else (2 * joints[0] - joints[-1], 2 * joints[-1] - joints[0])
    )
    padded = np.concatenate([before[None], joints, after[None], after[None]])
    p0, p1, p2, p3 = (padded[index + offset] for offset in range(4))
    m1, m2 = (p2 - p0) / 2, (p3 - p1) / 2
    result = (
        (2 * u**3 - 3 * u**2 + 1) * p1 + (u**3 - 2 * u**2 + u) * m1 + (3 * u**2 - 2 * u**3) * p2 + (u**3 - u**2) * m2
    )
    return result.astype(joints.dtype, copy=False)
