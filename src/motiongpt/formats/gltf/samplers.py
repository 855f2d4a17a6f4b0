"""Samplers of glTF 2.0 animations (section 3.11 and appendix C of the standard)."""

from __future__ import annotations

import numpy as np

from motiongpt.motion import rotations


def check(times: np.ndarray, values: np.ndarray, interpolation: str) -> None:
    """Refuse a sampler that cannot be evaluated.

    Raises:
        ValueError: times that are not finite or go back, too few values, an unknown interpolation.
    """
    if interpolation not in ("LINEAR", "STEP", "CUBICSPLINE"):
        raise ValueError(f"interpolation {interpolation!r}")
    if not len(times) or not np.isfinite(times).all() or (np.diff(times) < 0).any():
        raise ValueError("times of keys that do not ascend")
    if len(values) != len(times) * (3 if interpolation == "CUBICSPLINE" else 1):
        raise ValueError(f"{len(values)} values for {len(times)} keys")


def _unit(quaternions: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(quaternions, axis=-1, keepdims=True)
    if not (length > 1e-9).all():
        raise ValueError("a rotation without a direction")
    return quaternions / length


def sample(times: np.ndarray, values: np.ndarray, at: np.ndarray, interpolation: str, rotation: bool) -> np.ndarray:
    """A sampler's values at any time; before the first and after the last key it holds.

    Args:
        times: (K,) seconds of the keys, ascending.
        values: (K, C), or (3 K, C) for CUBICSPLINE: in-tangent, value and out-tangent of each key, tangents in units
            per second. Rotations are quaternions (w, x, y, z).
        at: (T,) seconds.
        interpolation: "LINEAR" (for rotations spherical, along the shorter way), "STEP" or "CUBICSPLINE".
        rotation: the values are quaternions.

    Returns:
        (T, C); unit quaternions for rotations.

    Raises:
        ValueError: a quaternion of length 0.
    """
    cubic = interpolation == "CUBICSPLINE"
    keys = values.reshape(len(times), 3, -1)[:, 1] if cubic else values
    if len(times) == 1:
        result = np.repeat(keys, len(at), axis=0)
        return _unit(result) if rotation else result
    after = np.clip(np.searchsorted(times, at, side="right"), 1, len(times) - 1)
    before = after - 1
    span = times[after] - times[before]
    share = np.clip((at - times[before]) / np.where(span > 0, span, 1), 0, 1)
    if interpolation == "STEP":
        # Times of keys are stored with 24 bits, so the time of a key is met only nearly.
        met = at + 1e-6 + 2e-7 * np.abs(at) >= times[after]
        result = keys[np.where(met, after, before)]
    elif cubic:
        tangents = values.reshape(len(times), 3, -1)
        t, length = share[:, None], span[:, None]
        result = (
            (2 * t**3 - 3 * t**2 + 1) * keys[before]
            + length * (t**3 - 2 * t**2 + t) * tangents[before, 2]
            + (3 * t**2 - 2 * t**3) * keys[after]
            + length * (t**3 - t**2) * tangents[after, 0]
        )
    elif rotation:
        return rotations.slerp(_unit(keys[before]), _unit(keys[after]), share)
    else:
        result = keys[before] + share[:, None] * (keys[after] - keys[before])
    return _unit(result) if rotation else result
