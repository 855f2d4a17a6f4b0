"""How a motion goes on: expected paths against closed forms, cycles of periodic motion, and steering."""

import numpy as np
import pytest

from motiongpt.motion.continuation import PERSISTENCE, cycles, discontinuity, expected_path, repeat, steer
from motiongpt.motion.placement import UP
from motiongpt.motion.rotations import about, rotate


def circling(walk, degrees):
    """A walk on a circle, so many degrees a second to the left."""
    time = np.arange(len(walk)) / 20
    angle = np.radians(degrees) * time
    turned = rotate(about("Y", angle)[:, None], walk.joints - walk.joints[:, :1] * (1 - UP))
    steps = 1.2 / 20 * np.stack([np.sin(angle), np.zeros_like(angle), np.cos(angle)], axis=-1)
    return turned + np.cumsum(steps, axis=0)[:, None]


def test_a_straight_walk_is_expected_ahead_ever_slower(make_walk):
    head = make_walk(frames=40).joints
    path = expected_path(head, 200) - head[-1, 0, [0, 2]]
    np.testing.assert_allclose(path[:, 0], 0, atol=1e-6)
    time = np.arange(1, 201) / 20
    np.testing.assert_allclose(path[:, 1], 1.2 * PERSISTENCE * (1 - np.exp(-time / PERSISTENCE)), rtol=0.01)


@pytest.mark.parametrize("degrees", [40, -60])
def test_a_turn_goes_on(make_walk, degrees):
    joints = circling(make_walk(frames=80), degrees)
    path = expected_path(joints[:40], 10)
    np.testing.assert_allclose(path[0], joints[40, 0, [0, 2]], atol=0.02)
    first, last = np.diff(path[:2], axis=0)[0], np.diff(path[-2:], axis=0)[0]
    turned = np.arctan2(last[0], last[1]) - np.arctan2(first[0], first[1])
    assert np.degrees(turned) == pytest.approx(degrees * 8 / 20, abs=2)


def test_a_body_at_rest_and_a_single_frame_are_expected_to_stay(make_walk):
    for head in (make_walk(frames=1).joints, np.repeat(make_walk(frames=1).joints, 30, axis=0)):
        np.testing.assert_array_equal(expected_path(head, 5), np.repeat(head[-1:, 0, [0, 2]], 5, axis=0))


def test_the_period_of_a_walk_is_found_and_goes_on(make_walk):
    # 0.9 strides a second: 22.2 frames.
    whole = make_walk(frames=120).joints
    head = whole[:50]
    (start, cost), *_ = cycles(head)
    assert 49 - start in (22, 23, 44, 45)
    assert cost < 0.05
    result = repeat(head, start, 120)
    np.testing.assert_array_equal(result[:50], head)
    # Eight seconds later it is where the walk itself is, but for the drift of a phase.
    assert np.linalg.norm(result - whole, axis=-1).mean() < 0.1
    steps = np.linalg.norm(np.diff(result, axis=0), axis=-1).max(axis=1)
    assert steps[49:].max() < 1.1 * steps[:49].max()


def test_nothing_short_is_a_cycle(make_walk):
    assert cycles(make_walk(frames=9).joints) == []


def test_a_cycle_is_repeated_on_its_own_floor(make_walk):
    head = make_walk(frames=50).joints
    start = cycles(head)[0][0]
    raised = repeat(head + 3 * UP.astype(np.float32), start, 90)
    np.testing.assert_allclose(raised, repeat(head, start, 90) + 3 * UP, atol=1e-4)


def test_a_body_is_steered_to_a_path_and_keeps_its_pace(make_walk):
    joints = make_walk(frames=160).joints
    # The goal is a stop a metre ahead, but the body walks on.
    goal = np.repeat(joints[60:61, 0, [0, 2]], 120, axis=0)
    result = steer(joints, goal, 20.0)
    np.testing.assert_array_equal(result[:40], joints[:40])
    far = np.linalg.norm(result[40:, 0, [0, 2]] - goal, axis=-1)
    assert far.max() < 2.5 < np.linalg.norm(joints[-1, 0, [0, 2]] - goal[0])
    # It walks as fast as before, and nothing jumps.
    paces = [np.linalg.norm(np.diff(one[40:, 0], axis=0), axis=-1).sum() for one in (result, joints)]
    assert paces[0] > 0.8 * paces[1]
    largest = [np.linalg.norm(np.diff(one, axis=0), axis=-1).max() for one in (result, joints)]
    assert largest[0] < 1.3 * largest[1]


def test_what_follows_the_path_or_goes_nowhere_is_not_steered(make_walk):
    walk = make_walk(frames=100, speed=0.5).joints
    np.testing.assert_array_equal(steer(walk, walk[40:, 0, [0, 2]], 20.0), walk)
    still = np.repeat(walk[:1], 60, axis=0)
    np.testing.assert_array_equal(steer(still, np.full((30, 2), 5.0), 20.0), still)


def test_a_continuation_that_goes_on_costs_less(make_walk):
    walk = make_walk(frames=100).joints
    head, goal = walk[:50], walk[50:, 0, [0, 2]]
    stopped = np.concatenate([head, np.repeat(head[-1:], 50, axis=0)])
    squatting = walk.copy()
    squatting[50:] -= 0.4 * UP.astype(np.float32)
    good = discontinuity(head, walk, goal, 0.0)
    assert good < 0.05
    assert discontinuity(head, stopped, goal, 0.0) > good + 0.3
    assert discontinuity(head, squatting, goal, 0.0) > good + 0.3
    assert discontinuity(head, walk, goal, 1.0) > good
