"""Joining generated frames to given ones."""

import numpy as np
import pytest

from motiongpt.motion.blending import join
from motiongpt.motion.retarget import bone_lengths
from motiongpt.motion.rotations import about, rotate


def largest_step(joints):
    return np.linalg.norm(np.diff(joints, axis=0), axis=-1).max()


@pytest.fixture
def placed(walk):
    """The walk somewhere in the world, and a differently placed and slightly different body walking the same way."""
    given = rotate(about("Y", np.array(0.9)), walk.joints) + np.array([2.0, 0.3, -1.0])
    generated = rotate(about("Y", np.array(-2.0)), walk.joints * 1.05)
    return given.astype(np.float32), generated


@pytest.mark.parametrize("first", [1, 3, 20])
def test_prediction_keeps_the_head_and_joins_without_a_jump(placed, first):
    given, generated = placed
    result = join(given[:first], generated)
    np.testing.assert_array_equal(result[:first], given[:first])
    assert largest_step(result) < 1.5 * largest_step(given)
    # The same walk goes on along the same line.
    np.testing.assert_allclose(result[:, 0, [0, 2]], given[:, 0, [0, 2]], atol=0.15)


def test_bone_lengths_are_those_of_the_given_body(placed):
    given, generated = placed
    result = join(given[:10], generated, given[-10:])
    for frame in (12, 30, len(result) - 12):
        np.testing.assert_allclose(bone_lengths(result[frame : frame + 1]), bone_lengths(given), atol=1e-4)


@pytest.mark.parametrize(("first", "last"), [(15, 15), (1, 1), (30, 5)])
def test_inbetween_arrives_where_the_tail_begins(placed, first, last):
    given, generated = placed
    # A generated path that turns away must be bent back.
    turning = np.stack([rotate(about("Y", np.array(0.01 * k)), frame) for k, frame in enumerate(generated)])
    result = join(given[:first], turning, given[-last:])
    np.testing.assert_array_equal(result[:first], given[:first])
    np.testing.assert_array_equal(result[-last:], given[-last:])
    assert largest_step(result) < 2.5 * largest_step(given)
