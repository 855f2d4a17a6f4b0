"""Loops close: the last frame is the first one again, in pose, velocity and, for a player, in what it shows."""

from dataclasses import replace

import numpy as np
import pytest

from motiongpt import Motion, MotionGPTError
from motiongpt.motion import HUMANML3D, looping, measures, rotations
from motiongpt.motion.looping import find_cycle, loop_gap, seamless_loop
from motiongpt.motion.placement import heading
from motiongpt.motion.retarget import bone_lengths, restore_lengths


def played(loop, rounds=3):
    """(T, J, 3) what a player shows that repeats a loop and adds the way of each round."""
    joints = loop.joints.astype(float)
    turns = heading(joints[[0, -1]])
    turn = rotations.multiply(rotations.conjugate(turns[1]), turns[0])
    shown, body = [joints], joints
    for _ in range(rounds - 1):
        body = rotations.rotate(turn, body - joints[0, 0] * [1, 0, 1]) + joints[-1, 0] * [1, 0, 1]
        shown.append(body[1:])
    return np.concatenate(shown)


def changes(joints):
    """(T - 2,) change of velocity at each frame but the ends, in metres a frame, of the joint that changes it most."""
    return np.linalg.norm(np.diff(joints, n=2, axis=0), axis=-1).max(axis=-1)


def assert_closes(loop):
    """No gap, and at the seam no more change of velocity than at other frames."""
    assert loop_gap(loop)[0] < 0.001
    bends = changes(played(loop))
    seams = [len(loop) - 2 + k * (len(loop) - 1) for k in range(2)]
    assert bends[seams].max() <= np.percentile(bends, 75) + 1e-4


def test_a_walk_loops_in_whole_steps_and_goes_straight_on(make_striding):
    walk = make_striding(95)
    bent = replace(walk, joints=rotations.rotate(rotations.about("Y", np.array(0.3)), walk.joints))
    loop = seamless_loop(bent)
    assert_closes(loop)
    # A step and the other take a second; each frame goes on by 6 cm in the direction of the walk.
    assert (len(loop) - 1) % 20 == 0
    way = loop.joints[-1, 0] - loop.joints[0, 0]
    np.testing.assert_allclose(way, 0.06 * (len(loop) - 1) * np.array([np.sin(0.3), 0, np.cos(0.3)]), atol=0.02)
    np.testing.assert_allclose(bone_lengths(loop.joints), bone_lengths(walk.joints), atol=1e-4)
    assert measures.bone_length_deviation(loop.joints) < 1e-4


@pytest.mark.parametrize(("seconds", "fps"), [(1.0, 20), (2.3, 20), (1.0, 60), (7.0, 20)])
def test_a_loop_lasts_as_long_as_it_should(make_striding, seconds, fps):
    loop = make_striding(80).edit(loop=seconds, fps=fps)
    assert len(loop) == round(seconds * fps) + 1
    assert_closes(loop)


def test_in_place_it_stays_there(make_striding):
    loop = make_striding(80).edit(loop=True, in_place=True)
    assert_closes(loop)
    root = loop.joints[:, 0]
    np.testing.assert_allclose(root[-1], root[0], atol=1e-4)
    assert np.ptp(root[:, [0, 2]], axis=0).max() < 0.05


def test_a_swing_of_the_arms_loops_between_two_equal_poses(standing):
    """Both arms swing, with less and less force."""
    time = np.arange(200) / 20
    angle = 0.8 * np.sin(2 * np.pi * 0.7 * time) * np.where(time < 7, 1, 0.4)
    joints = np.repeat(standing[:1], 200, axis=0)
    for side in ("left", "right"):
        shoulder = HUMANML3D.index(f"{side}_shoulder")
        arm = [HUMANML3D.index(f"{side}_{part}") for part in ("elbow", "wrist")]
        turn = rotations.about("X", angle)[:, None]
        joints[:, arm] = rotations.rotate(turn, joints[:, arm] - joints[:, [shoulder]]) + joints[:, [shoulder]]
    motion = Motion(restore_lengths(joints, bone_lengths(standing)))
    cycle = find_cycle(motion)
    assert cycle.cost < 0.03
    # Whole swings of 1 / 0.7 seconds, as many as fit.
    swings = (cycle.last - cycle.first) / 20 * 0.7
    assert swings == pytest.approx(round(swings), abs=0.05)
    assert swings > 3
    assert_closes(seamless_loop(motion))


def test_a_turn_of_each_round_is_kept(make_striding):
    circle = make_striding(160).edit(bend=360)
    loop = circle.edit(loop=2.0)
    assert_closes(loop)
    facing = heading(loop.joints[[0, -1]].astype(float))
    turned = rotations.multiply(rotations.conjugate(facing[1]), facing[0])
    degrees = np.degrees(2 * np.arctan2(turned[2], turned[0]))
    assert abs(degrees) > looping.STRAIGHT


def test_an_open_end_is_measured(make_striding):
    walk = make_striding(50)
    place, velocity = loop_gap(walk)
    assert place > 0.05
    assert velocity > 0.5
    with pytest.raises(MotionGPTError, match="at least 3 frames"):
        loop_gap(walk[:2])


def test_a_long_motion_is_searched_in_two_passes(make_striding, monkeypatch):
    walk = make_striding(200)
    monkeypatch.setattr(looping, "MAX_FRAMES", 80)
    coarse = find_cycle(walk)
    assert coarse.cost < 0.01
    assert (coarse.last - coarse.first) % 20 == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: find_cycle(m[:10]), r"a motion of at least .* and this one lasts 0\.50 s"),
        (lambda m: seamless_loop(m, 0.0), "positive number of seconds"),
        (lambda m: seamless_loop(m, float("nan")), "positive number of seconds"),
    ],
)
def test_impossible_loops_are_refused(striding, call, message):
    with pytest.raises(MotionGPTError, match=message):
        call(striding)
