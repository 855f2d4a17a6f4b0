"""Rotations against scipy's, and their own laws."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.transform import Rotation

from motiongpt.motion import rotations

ORDERS = ["".join(order) for order in itertools.permutations("XYZ")]
vectors = arrays(np.float64, 3, elements=st.floats(-10, 10)).filter(lambda v: np.linalg.norm(v) > 1e-2)
quaternions = arrays(np.float64, 4, elements=st.floats(-1, 1)).filter(lambda q: np.linalg.norm(q) > 1e-2)


def unit(q):
    return q / np.linalg.norm(q)


def scipy_of(q):
    return Rotation.from_quat(np.roll(q, -1, axis=-1))


@given(quaternions, quaternions, vectors)
def test_multiply_rotate_and_matrix_agree_with_scipy(a, b, v):
    a, b = unit(a), unit(b)
    expected = (scipy_of(a) * scipy_of(b)).apply(v)
    np.testing.assert_allclose(rotations.rotate(rotations.multiply(a, b), v), expected, atol=1e-9)
    np.testing.assert_allclose(rotations.to_matrix(a), scipy_of(a).as_matrix(), atol=1e-12)
    np.testing.assert_allclose(rotations.rotate(rotations.conjugate(a), rotations.rotate(a, v)), v, atol=1e-9)


@given(quaternions)
def test_matrix_and_sixd_round_trips(q):
    q = unit(q)
    matrix = rotations.to_matrix(q)
    np.testing.assert_allclose(rotations.to_matrix(rotations.from_matrix(matrix)), matrix, atol=1e-9)
    np.testing.assert_allclose(rotations.to_matrix(rotations.from_sixd(rotations.to_sixd(q))), matrix, atol=1e-9)
    # Zhou et al.: the first column, then the second.
    np.testing.assert_allclose(rotations.to_sixd(q), np.concatenate([matrix[:, 0], matrix[:, 1]]))


@pytest.mark.parametrize("order", ORDERS)
@given(angles=arrays(np.float64, 3, elements=st.floats(-3.1, 3.1)))
def test_euler_angles_agree_with_scipy(order, angles):
    q = rotations.from_euler(angles, order)
    np.testing.assert_allclose(rotations.to_matrix(q), Rotation.from_euler(order, angles).as_matrix(), atol=1e-9)
    back = rotations.from_euler(rotations.to_euler(q, order), order)
    np.testing.assert_allclose(rotations.to_matrix(back), rotations.to_matrix(q), atol=1e-6)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("middle", [np.pi / 2, -np.pi / 2])
def test_euler_angles_survive_gimbal_lock(order, middle):
    q = rotations.from_euler(np.array([0.4, middle, -1.1]), order)
    back = rotations.from_euler(rotations.to_euler(q, order), order)
    np.testing.assert_allclose(rotations.to_matrix(back), rotations.to_matrix(q), atol=1e-6)


@given(vectors, vectors)
def test_between_takes_one_direction_to_the_other(a, b):
    turned = rotations.rotate(rotations.between(a, b), a / np.linalg.norm(a))
    np.testing.assert_allclose(turned, b / np.linalg.norm(b), atol=1e-5)


@given(vectors)
def test_between_opposite_vectors_is_a_half_turn_not_nan(v):
    turned = rotations.rotate(rotations.between(v, -v), v)
    np.testing.assert_allclose(turned, -v, atol=1e-6)


def test_axis_angle_agrees_with_scipy_through_zero():
    for vector in ([0, 0, 0], [1e-9, 0, 0], [0.3, -0.2, 2.9], [0, 4.0, 0]):
        vector = np.array(vector, dtype=float)
        expected = Rotation.from_rotvec(vector).as_matrix()
        np.testing.assert_allclose(rotations.to_matrix(rotations.from_axis_angle(vector)), expected, atol=1e-12)


@given(quaternions, quaternions, st.floats(0, 1))
def test_slerp_divides_the_angle(a, b, t):
    a, b = unit(a), unit(b)
    whole = (scipy_of(a).inv() * scipy_of(b)).magnitude()
    part = (scipy_of(a).inv() * scipy_of(rotations.slerp(a, b, t))).magnitude()
    assert part == pytest.approx(t * whole, abs=1e-5)
