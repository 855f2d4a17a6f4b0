"""Samplers against the formulas of the standard, written out for one key at a time."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation, Slerp

from motiongpt.formats.gltf import samplers

SEEDS = st.integers(0, 2**32 - 1)


def _keys(rng: np.random.Generator, count: int) -> np.ndarray:
    return np.cumsum(rng.uniform(0.01, 1.5, count)) - 0.5


def _span(times: np.ndarray, t: float) -> int:
    """The key that comes last before a time within the curve."""
    return max(k for k in range(len(times) - 1) if times[k] <= t or k == 0)


def _cubic(times: np.ndarray, values: np.ndarray, t: float) -> list[float]:
    """Appendix C.5 of the standard: values are in-tangent, value, out-tangent of each key."""
    if t <= times[0]:
        return list(values[1])
    if t >= times[-1]:
        return list(values[-2])
    k = _span(times, t)
    td = times[k + 1] - times[k]
    s = (t - times[k]) / td
    v_k, b_k = values[3 * k + 1], values[3 * k + 2]
    a_n, v_n = values[3 * k + 3], values[3 * k + 4]
    return [
        (2 * s**3 - 3 * s**2 + 1) * v_k[c]
        + td * (s**3 - 2 * s**2 + s) * b_k[c]
        + (-2 * s**3 + 3 * s**2) * v_n[c]
        + td * (s**3 - s**2) * a_n[c]
        for c in range(len(v_k))
    ]


@given(SEEDS, st.integers(1, 6), st.booleans())
def test_cubic_splines(seed: int, count: int, rotation: bool) -> None:
    rng = np.random.default_rng(seed)
    times = _keys(rng, count)
    values = rng.normal(size=(3 * count, 4 if rotation else 3))
    at = rng.uniform(times[0] - 0.5, times[-1] + 0.5, 20)
    expected = np.array([_cubic(times, values, t) for t in at])
    if rotation:
        length = np.linalg.norm(expected, axis=1, keepdims=True)
        expected = expected / length
    result = samplers.sample(times, values, at, "CUBICSPLINE", rotation)
    np.testing.assert_allclose(result, expected, atol=1e-9)


@given(SEEDS, st.integers(2, 6))
def test_linear_rotations_take_the_shorter_way_at_constant_speed(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    times = _keys(rng, count)
    values = rng.normal(size=(count, 4))  # any length, any sign
    at = rng.uniform(times[0], times[-1], 20)
    curve = Slerp(times, Rotation.from_quat(values, scalar_first=True))
    result = samplers.sample(times, values, at, "LINEAR", True)
    np.testing.assert_allclose(np.linalg.norm(result, axis=1), 1)
    off = Rotation.from_quat(result, scalar_first=True) * curve(at).inv()
    assert off.magnitude().max() < 1e-6


@given(SEEDS, st.integers(1, 6))
def test_linear_and_stepped_values(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    times, values = _keys(rng, count), rng.normal(size=(count, 3))
    at = rng.uniform(times[0] - 1, times[-1] + 1, 20)
    linear = np.stack([np.interp(at, times, column) for column in values.T], axis=1)
    np.testing.assert_allclose(samplers.sample(times, values, at, "LINEAR", False), linear, atol=1e-12)
    stepped = [values[max([k for k in range(count) if times[k] <= t], default=0)] for t in at]
    np.testing.assert_array_equal(samplers.sample(times, values, at, "STEP", False), stepped)


def test_a_step_is_met_at_the_time_of_its_key() -> None:
    times = (np.arange(600) / 30).astype(np.float32).astype(np.float64)
    values = np.arange(600.0)[:, None]
    result = samplers.sample(times, values, np.arange(600) / 30, "STEP", False)
    np.testing.assert_array_equal(result, values)


def test_two_keys_at_one_time_are_a_jump() -> None:
    times, values = np.array([0.0, 1.0, 1.0, 2.0]), np.array([[0.0], [1.0], [5.0], [6.0]])
    result = samplers.sample(times, values, np.array([0.5, 0.999999, 1.0, 1.5]), "LINEAR", False)
    np.testing.assert_allclose(result[:, 0], [0.5, 1, 5, 5.5], atol=1e-5)


@pytest.mark.parametrize(
    ("times", "count", "kind"),
    [
        ([0.0, math.nan], 2, "LINEAR"),
        ([0.0, math.inf], 2, "LINEAR"),
        ([1.0, 0.0], 2, "LINEAR"),
        ([], 0, "LINEAR"),
        ([0.0, 1.0], 1, "LINEAR"),
        ([0.0, 1.0], 2, "CUBICSPLINE"),
        ([0.0, 1.0], 2, "BEZIER"),
    ],
)
def test_what_cannot_be_evaluated_is_refused(times: list[float], count: int, kind: str) -> None:
    with pytest.raises(ValueError):
        samplers.check(np.array(times), np.zeros((count, 3)), kind)


@pytest.mark.parametrize("kind", ["LINEAR", "STEP"])
@pytest.mark.parametrize("count", [1, 2])
def test_a_rotation_of_zeros_is_refused(kind: str, count: int) -> None:
    with pytest.raises(ValueError, match="rotation"):
        samplers.sample(np.arange(float(count)), np.zeros((count, 4)), np.zeros(1), kind, True)
