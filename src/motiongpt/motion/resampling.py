"""Change of the frame rate without drift: rotations are interpolated, so bones keep their lengths between frames."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from motiongpt.errors import MotionGPTError
from motiongpt.motion.skeleton import HUMANML3D, Skeleton


def resample(joints: np.ndarray, source_fps: float, target_fps: float, skeleton: Skeleton = HUMANML3D) -> np.ndarray:
    """Positions (T, J, 3) at another frame rate.

    Frame k of the result is at time k / target_fps exactly, for any pair of rates, so long clips do not drift. A target
    time that falls on a source frame returns that frame unchanged; :func:`sample` says what lies between them. The
    result never extends past the last source frame.

    Args:
        joints: (T, J, 3) positions, T >= 1.
        source_fps, target_fps: frames a second.
        skeleton: the joint tree.

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
    return sample(joints, times, skeleton)


def sample(joints: np.ndarray, times: np.ndarray, skeleton: Skeleton = HUMANML3D) -> np.ndarray:
    """Positions at arbitrary times, by cubics through the four nearest frames.

    The root follows a Catmull-Rom spline. The direction of every bone follows the same spline on the sphere, where
    spherical linear interpolation takes the place of straight lines (Schlag, Graphics Gems II, 1991), and its length is
    interpolated apart. Straight lines between positions would shorten the bones of a quick limb half way between two
    frames, and cut the arcs of its hands and feet.

    Args:
        joints: (T, J, 3) positions, T >= 1.
        times: (n,) in frames, within 0 and T - 1.
        skeleton: the joint tree.

    Returns:
        (n, J, 3) of the type of ``joints``; at whole numbers the frames themselves.
    """
    index = times.astype(int)
    result = joints[index]
    between = np.flatnonzero(times != index)
    if not len(between):
        return result
    index, u = index[between], (times[between] - index[between])[:, None, None]
    root, directions, lengths = _bones(joints, skeleton)
    root = _spline(_prolonged(root, _lerp), index, u, _lerp)
    directions = _spline(_prolonged(directions, _slerp), index, u, _slerp)
    result[between] = _body(root, directions, _lerp(lengths[index], lengths[index + 1], u), skeleton)
    return result


def mix(first: np.ndarray, second: np.ndarray, share: np.ndarray, skeleton: Skeleton = HUMANML3D) -> np.ndarray:
    """Poses between others: the direction of every bone turns from one to the other.

    Mixed positions would shorten an arm that goes from hanging to raised to nothing half way.

    Args:
        first, second: (n, J, 3) positions.
        share: (n,) of the second, from 0 to 1.
        skeleton: the joint tree.

    Returns:
        (n, J, 3) float64.
    """
    shares = share[:, None, None]
    a, b = (_bones(joints, skeleton) for joints in (first, second))
    return _body(_lerp(a[0], b[0], shares), _slerp(a[1], b[1], shares), _lerp(a[2], b[2], shares), skeleton)


def _bones(joints: np.ndarray, skeleton: Skeleton) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Root (T, 1, 3), directions (T, J - 1, 3) of the bones and their lengths (T, J - 1, 1)."""
    joints = joints.astype(np.float64)
    bones = joints[:, 1:] - joints[:, np.array(skeleton.parents[1:])]
    lengths = np.linalg.norm(bones, axis=-1, keepdims=True)
    return joints[:, :1], bones / np.maximum(lengths, 1e-12), lengths


def _body(root: np.ndarray, directions: np.ndarray, lengths: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """Positions (T, J, 3) of what :func:`_bones` returns."""
    joints = np.concatenate([root, directions * lengths], axis=1)
    for joint, parent in enumerate(skeleton.parents[1:], start=1):
        joints[:, joint] += joints[:, parent]
    return joints


_Mix = Callable[[np.ndarray, np.ndarray, "np.ndarray | float"], np.ndarray]


def _prolonged(values: np.ndarray, mix: _Mix) -> np.ndarray:
    """Values (T, ...) with one more before and after them, so that they go on as they do at their ends."""
    return np.concatenate([mix(values[1:2], values[:1], 2.0), values, mix(values[-2:-1], values[-1:], 2.0)])


def _spline(values: np.ndarray, index: np.ndarray, u: np.ndarray, mix: _Mix) -> np.ndarray:
    """A Catmull-Rom spline as repeated interpolation (Barry and Goldman 1988).

    Args:
        values: (T + 2, ...) as :func:`_prolonged` returns them.
        index: (n,) frames of the T after which the spline is evaluated.
        u: (n, ...) from 0 at this frame to 1 at the next.
        mix: interpolates between two values, from 0 (the first) to 1 (the second).
    """
    p0, p1, p2, p3 = (values[index + offset] for offset in range(4))
    a, b, c = mix(p0, p1, u + 1), mix(p1, p2, u), mix(p2, p3, u - 1)
    return mix(mix(a, b, (u + 1) / 2), mix(b, c, u / 2), u)


def _lerp(a: np.ndarray, b: np.ndarray, t: np.ndarray | float) -> np.ndarray:
    return a + (b - a) * t


def _slerp(a: np.ndarray, b: np.ndarray, t: np.ndarray | float) -> np.ndarray:
    """Along the great circle from unit vectors a to b (..., 3); t (..., 1) may lie outside of 0 and 1."""
    cosine = (a * b).sum(axis=-1, keepdims=True)
    # The part of b across a. Opposite vectors leave open which, and equal ones need none.
    across = b - cosine * a
    sine = np.linalg.norm(across, axis=-1, keepdims=True)
    axis = np.eye(3)[np.abs(a).argmin(axis=-1)]
    any_across = axis - (axis * a).sum(axis=-1, keepdims=True) * a
    across = np.where(sine < 1e-9, any_across, across)
    across /= np.maximum(np.linalg.norm(across, axis=-1, keepdims=True), 1e-12)
    angle = t * np.arctan2(sine, cosine)
    mixed: np.ndarray = np.cos(angle) * a + np.sin(angle) * across
    return mixed
