"""Joining generated frames to given ones."""

import numpy as np
import pytest

from motiongpt.motion.blending import join, seam_cost
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


def test_the_body_goes_on_at_the_pace_it_had(walk):
    # A walk that is continued by a body standing still must come to rest over some frames, not at once.
    head = walk.joints[:30]
    still = np.repeat(walk.joints[29:30], 60, axis=0)
    result = join(head, still)
    pace = np.linalg.norm(np.diff(result[:, 0], axis=0), axis=-1)
    usual = pace[20:29].mean()
    assert usual > 0.02
    assert pace[29] > 0.7 * usual
    assert (np.diff(pace[29:42]) < 1e-4).all()
    assert pace[45:].max() < 1e-4


@pytest.mark.parametrize("first", [1, 20])
def test_no_joint_is_jerked_at_a_seam(placed, first):
    given, generated = placed
    # Half a step later in its stride, and mirrored in time: limbs swing the other way.
    result = join(given[:first], generated[::-1].copy(), given[-first:])
    change = np.linalg.norm(np.diff(result, n=2, axis=0), axis=-1).max(axis=-1)
    usual = np.linalg.norm(np.diff(given, n=2, axis=0), axis=-1).max()
    last = len(result) - first
    # A single frame has no pace that could be kept.
    if first > 1:
        assert max(change[first - 2], change[last - 1]) < 1.5 * usual
    assert np.isfinite(result).all()


def test_a_gap_shorter_than_the_fades_is_filled_without_a_jump(placed):
    given, generated = placed
    for gap in (1, 2, 5):
        count = 20 + gap
        result = join(given[:10], generated[:count], given[count - 10 : count])
        assert largest_step(result) < 2 * largest_step(given)


@pytest.mark.parametrize("floor", [-0.4, 0.0, 0.3, 2.0])
def test_it_stays_on_the_floor_of_what_is_given(walk, floor):
    placed = walk.joints - walk.joints[..., 1].min() * np.array([0, 1, 0], dtype=np.float32)
    given = placed + np.array([0, floor, 0], dtype=np.float32)
    for tail in (None, given[-10:]):
        lowest = join(given[:10], placed, tail)[..., 1].min(axis=-1)
        assert np.abs(lowest - floor).max() < 0.06


def test_it_does_not_matter_where_in_the_world_it_is(walk):
    # Half a stride off, so that the fade changes bones, far from the origin.
    here = join(walk.joints[:20], walk.joints[5:])
    far = np.array([300.0, 0, -200])
    there = join(walk.joints[:20] + far, walk.joints[5:])
    np.testing.assert_allclose(there - far, here, atol=1e-3)


def test_what_fits_costs_less(placed):
    given, _ = placed
    head, tail = given[:20], given[-20:]
    generated = rotate(about("Y", np.array(-2.0)), given) - given[..., 1].min() * np.array([0, 1, 0])
    turned = np.stack([rotate(about("Y", np.array(0.02 * k)), frame) for k, frame in enumerate(generated)])
    fits = seam_cost(head, generated, tail)
    # Not 0: velocities are those of the last given step and of the first one made.
    assert fits < 0.1
    # Another pose, another pace, another path.
    assert seam_cost(head, generated[5:]) > 0.1
    assert seam_cost(head, np.repeat(generated[19:20], len(generated), axis=0)) > 0.1
    assert seam_cost(head, turned, tail) > 0.3
