from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from gestures import FRAMES, PULSE, SECONDS, after, around, joint, lowered, travelling, turned, up, with_joint
from motiongpt.evaluation.probes import predicates
from motiongpt.motion import Motion, measures, rotations
from motiongpt.motion.skeleton import HUMANML3D


def test_walks_forward(standing: np.ndarray) -> None:
    assert predicates.walks_forward(travelling(standing, z=2.0))
    assert not predicates.walks_forward(standing)
    assert not predicates.walks_forward(travelling(standing, z=-2.0))
    assert not predicates.walks_forward(travelling(standing, x=2.0))


def test_forward_is_where_the_body_faces_first(standing: np.ndarray) -> None:
    quarter = rotations.rotate(rotations.about("Y", np.array(np.pi / 2)), standing)
    assert predicates.walks_forward(travelling(quarter, x=2.0))
    assert not predicates.walks_forward(travelling(quarter, z=2.0))


def test_walks_backward(standing: np.ndarray) -> None:
    assert predicates.walks_backward(travelling(standing, z=-1.5))
    assert not predicates.walks_backward(travelling(standing, z=1.5))
    # Turned round and walked forward, the root comes back, but nobody walked backward.
    assert not predicates.walks_backward(travelling(turned(standing, 0.0), z=0.1))


@pytest.mark.parametrize(("x", "side", "holds"), [(1.0, "left", True), (-1.0, "right", True), (1.0, "right", False)])
def test_walks_sideways(standing: np.ndarray, x: float, side: str, holds: bool) -> None:
    assert predicates.walks_sideways(travelling(standing, x=x), side) is holds
    assert predicates.walks_sideways(travelling(standing, x=x))
    assert not predicates.walks_sideways(travelling(standing, x=x, z=2.0), side)


def test_speeds(standing: np.ndarray) -> None:
    slow, walk, run = (travelling(standing, z=3 * speed) for speed in (0.6, 1.5, 3.0))
    assert [predicates.moves_slowly(motion) for motion in (standing, slow, walk, run)] == [False, True, False, False]
    assert [predicates.moves_quickly(motion) for motion in (standing, slow, walk, run)] == [False, False, True, True]
    assert [predicates.runs(motion) for motion in (standing, slow, walk, run)] == [False, False, False, True]


def test_speed_is_in_metres_a_second(standing: np.ndarray) -> None:
    body = travelling(standing, z=2.0)
    assert measures.path_length(body) == pytest.approx(2.0, rel=0.05)
    assert float(np.median(measures.speed(body))) == pytest.approx(2.0 / (59 / 20), rel=0.02)


@pytest.mark.parametrize(("degrees", "left", "right"), [(90, True, False), (-90, False, True), (10, False, False)])
def test_turns(standing: np.ndarray, degrees: float, left: bool, right: bool) -> None:
    body = turned(standing, degrees)
    assert predicates.turns(body, "left") is left
    assert predicates.turns(body, "right") is right


def test_net_turn_counts_whole_turns(standing: np.ndarray) -> None:
    assert measures.net_turn(turned(standing, 700)) == pytest.approx(700, rel=0.05)


def test_episodes_last_until_they_end() -> None:
    values = np.array([0, 5, 3, 5, 0, 3, 5, 5])
    # What comes down to 3 only is not over yet; what is not over at the end lasts to it.
    assert measures.episodes(values > 4, values < 2) == [(1, 4), (6, 8)]
    assert measures.episodes(values > 9, values < 2) == []


def test_turns_around(standing: np.ndarray) -> None:
    assert predicates.turns_around(turned(standing, 180))
    assert not predicates.turns_around(turned(standing, 90))


def test_circles(standing: np.ndarray) -> None:
    assert predicates.circles(around(standing, 360))
    assert predicates.circles(around(standing, 360), "left")
    assert not predicates.circles(around(standing, 360), "right")
    assert predicates.circles(around(standing, -360), "right")
    assert not predicates.circles(turned(standing, 360)), "turning on the spot is no walk in a circle"
    assert not predicates.circles(around(standing, 90))


def test_jumps_and_hops(standing: np.ndarray) -> None:
    jump, hop = (standing + up(metres * PULSE**4)[:, None] for metres in (0.35, 0.1))
    assert predicates.jumps(jump)
    assert predicates.hops(jump)
    assert predicates.hops(hop)
    assert not predicates.jumps(hop)
    assert not predicates.hops(standing)
    assert not predicates.hops(standing + up(0.35 * SECONDS)[:, None]), "floating away is no hop"
    one_leg = with_joint(with_joint(standing, "left_foot", up(0.3)), "left_ankle", up(0.3))
    assert not predicates.hops(one_leg), "one foot stays on the floor"


def test_kicks(standing: np.ndarray) -> None:
    swing = np.sin(np.pi * np.clip((SECONDS - 1) / 0.5, 0, 1))
    high = np.stack([0 * swing, 0.5 * swing, 0.7 * swing], axis=-1)
    kick = with_joint(with_joint(standing, "right_foot", high), "right_ankle", high)
    assert predicates.kicks(kick)
    assert predicates.kicks(kick, "right")
    assert not predicates.kicks(kick, "left")
    slow = with_joint(standing, "right_foot", up(0.6 * PULSE))
    assert not predicates.kicks(slow), "a leg lifted slowly is no kick"
    assert not predicates.kicks(with_joint(standing, "right_foot", up(0.2 * swing)))
    folded = with_joint(with_joint(standing, "right_foot", up(0.5 * swing)), "right_ankle", up(0.5 * swing))
    assert not predicates.kicks(folded), "the knee is bent, as in running"


def test_lowering_the_pelvis(standing: np.ndarray) -> None:
    low = lowered(standing, 0.4)
    assert predicates.sits(low)
    assert predicates.squats(low)
    assert not predicates.sits(standing)
    assert not predicates.squats(standing)
    assert not predicates.lies(low)


def test_lies(standing: np.ndarray) -> None:
    lying = rotations.rotate(rotations.about("X", np.array(-np.pi / 2)), standing)
    lying[..., 1] += 0.1 - lying[..., 1].min()
    assert predicates.lies(lying)
    assert not predicates.sits(lying)
    assert not predicates.lies(standing)


def test_bends_down(standing: np.ndarray) -> None:
    reach = with_joint(with_joint(standing, "head", up(-0.6 * PULSE)), "left_wrist", up(-0.6 * PULSE))
    assert predicates.bends_down(reach)
    assert not predicates.bends_down(standing)


def test_raising_arms(standing: np.ndarray) -> None:
    right = with_joint(standing, "right_wrist", up(1.0 * PULSE))
    both = with_joint(right, "left_wrist", up(1.0 * PULSE))
    assert predicates.raises_arm(right, "right")
    assert not predicates.raises_arm(right, "left")
    assert predicates.raises_arm(right)
    assert not predicates.raises_arm(standing)
    assert predicates.raises_both_arms(both)
    assert not predicates.raises_both_arms(right)


def test_waves(standing: np.ndarray) -> None:
    aside = np.stack([0.15 * np.sin(2 * np.pi * 1.5 * SECONDS), np.full(FRAMES, 0.8), np.zeros(FRAMES)], axis=-1)
    wave = with_joint(standing, "right_wrist", aside)
    assert predicates.waves(wave, "right")
    assert not predicates.waves(wave, "left")
    assert not predicates.waves(with_joint(standing, "right_wrist", up(0.8))), "held up without moving"
    assert not predicates.waves(with_joint(standing, "right_wrist", aside - up(0.8))), "swinging, but hanging down"


def test_throws_and_punches(standing: np.ndarray) -> None:
    ahead = np.zeros((FRAMES, 3))
    ahead[:, 2] = 0.5 * (np.sin(2 * np.pi * 1.5 * SECONDS) > 0.9)
    ready = with_joint(standing, "right_wrist", up(0.5) + np.array([0.0, 0.0, 0.1]))
    punch = with_joint(ready, "right_wrist", ahead)
    assert predicates.punches(punch, "right")
    assert predicates.throws(punch, "right")
    assert not predicates.punches(punch, "left")
    assert not predicates.punches(ready)
    assert not predicates.throws(travelling(standing, z=12.0)), "the hand keeps pace with the body"


def test_stands_still(standing: np.ndarray) -> None:
    assert predicates.stands_still(standing)
    assert not predicates.stands_still(travelling(standing, z=1.0))
    assert not predicates.stands_still(lowered(standing, 0.4))
    assert not predicates.stands_still(with_joint(standing, "left_wrist", up(0.3 * np.sin(10 * SECONDS))))


def test_stays_whatever_the_arms_do(standing: np.ndarray) -> None:
    assert predicates.stays(with_joint(standing, "left_wrist", up(0.3 * np.sin(10 * SECONDS))))
    assert not predicates.stays(travelling(standing, z=1.0))
    assert not predicates.stays(lowered(standing, 0.4))


def test_sneaks(standing: np.ndarray) -> None:
    crouched = travelling(lowered(standing, 0.15), z=1.2)
    assert predicates.sneaks(crouched)
    assert not predicates.sneaks(travelling(standing, z=4.5))


def test_turns_in_place(standing: np.ndarray) -> None:
    assert predicates.turns_in_place(turned(standing, 120))
    assert predicates.turns_in_place(turned(standing, 120), "left")
    assert not predicates.turns_in_place(turned(standing, 120), "right")
    assert not predicates.turns_in_place(around(standing, 360)), "walking in a circle is not in place"
    assert not predicates.turns_in_place(turned(standing, 20))


def test_stops(standing: np.ndarray) -> None:
    walk = travelling(standing, z=3.0)
    assert predicates.stops(after(walk, standing))
    assert not predicates.stops(walk)
    assert not predicates.stops(standing)
    assert not predicates.stops(after(standing, walk))


def test_walking_without_running(standing: np.ndarray) -> None:
    assert predicates.walks_without_running(travelling(standing, z=3.0))
    assert not predicates.walks_without_running(travelling(standing, z=9.0))


def test_kneels(standing: np.ndarray) -> None:
    low = lowered(standing, 0.4)  # the knees with the rest
    assert predicates.kneels(low)
    squat = with_joint(with_joint(low, "left_knee", up(0.4)), "right_knee", up(0.4))
    assert not predicates.kneels(squat), "a squat keeps the knees up"
    flat = lowered(standing, 0.7)
    flat = with_joint(with_joint(flat, "left_knee", up(0.4)), "right_knee", up(0.4))
    assert not predicates.kneels(flat), "the pelvis is on the floor"
    assert not predicates.kneels(standing)


def test_stands_up(standing: np.ndarray) -> None:
    low = lowered(standing, 0.4)
    assert predicates.stands_up(after(low, standing))
    assert not predicates.stands_up(after(standing, low))


def test_circles_arms(standing: np.ndarray) -> None:
    angle = 2 * np.pi * SECONDS / SECONDS[-1]
    both = standing
    for side in ("left", "right"):
        wrist, shoulder = joint(f"{side}_wrist"), joint(f"{side}_shoulder")
        both = both.copy()
        both[:, wrist] = both[:, shoulder] + 0.5 * np.stack([0 * angle, -np.cos(angle), np.sin(angle)], axis=-1)
        assert predicates.circles_arms(both) is (side == "right"), "both arms are needed"
    assert not predicates.circles_arms(standing)


def test_claps(standing: np.ndarray) -> None:
    gap = 0.3 + 0.25 * np.sin(2 * np.pi * SECONDS)
    clapping = standing.copy()
    for side, sign in (("left", 0.5), ("right", -0.5)):
        clapping[:, joint(f"{side}_wrist")] = standing[:, joint("spine3")] + np.stack(
            [sign * gap, 0 * gap, 0 * gap + 0.3], axis=-1
        )
    assert predicates.claps(clapping)
    assert not predicates.claps(clapping[:20]), "closed once"
    assert not predicates.claps(standing)


def test_elbow_to_knee(standing: np.ndarray) -> None:
    way = standing[:, joint("left_elbow")] - standing[:, joint("right_knee")]
    assert predicates.touches_elbow_to_knee(with_joint(standing, "right_knee", PULSE[:, None] * way))
    same = standing[:, joint("left_elbow")] - standing[:, joint("left_knee")]
    assert not predicates.touches_elbow_to_knee(with_joint(standing, "left_knee", PULSE[:, None] * same))


def test_marches(standing: np.ndarray) -> None:
    left, right = (np.maximum(sign * np.sin(2 * np.pi * SECONDS), 0) * 0.35 for sign in (1, -1))
    lifted = with_joint(standing, "left_knee", up(left))
    assert not predicates.marches(lifted), "one knee only"
    assert predicates.marches(with_joint(lifted, "right_knee", up(right)))
    assert not predicates.marches(with_joint(lifted, "right_knee", up(left))), "both at once"


@pytest.mark.parametrize("times", [1, 2, 3])
def test_repeats(standing: np.ndarray, times: int) -> None:
    jump = standing + up(0.35 * PULSE**4)[:, None]
    squat = standing + PULSE[:, None, None] * (lowered(standing, 0.4) - standing)
    swing = np.sin(np.pi * np.clip((SECONDS - 1) / 0.5, 0, 1))
    high = np.stack([0 * swing, 0.5 * swing, 0.7 * swing], axis=-1)
    kick = with_joint(with_joint(standing, "right_foot", high), "right_ankle", high)
    for action, motion in (("jump", jump), ("hop", jump), ("squat", squat), ("kick", kick)):
        several = np.concatenate([motion] * times)
        assert predicates.repeats(several, action, times)
        assert not predicates.repeats(several, action, times + 1)
        assert not predicates.repeats(standing, action, times)


def test_lasts_for(standing: np.ndarray) -> None:
    assert predicates.lasts_for(standing, "stands_still", 3)
    assert predicates.lasts_for(standing, "stands_still", 3.5)
    assert not predicates.lasts_for(standing, "stands_still", 4)
    assert not predicates.lasts_for(standing, "walks_forward", 3)


def test_in_order(standing: np.ndarray) -> None:
    walk, jump = travelling(standing, z=3.0), standing + up(0.35 * PULSE**4)[:, None]
    assert predicates.in_order(after(walk, jump), predicates.walks_forward, predicates.jumps)
    assert not predicates.in_order(after(walk, jump), predicates.jumps, predicates.walks_forward)
    assert not predicates.in_order(after(jump, walk), predicates.walks_forward, predicates.jumps)
    assert not predicates.in_order(walk[:20], predicates.walks_forward, predicates.walks_forward), "parts too short"


def test_both(standing: np.ndarray) -> None:
    walk = travelling(standing, z=3.0)
    raised = with_joint(with_joint(standing, "right_wrist", up(0.9)), "left_wrist", up(0.9))
    conditions = predicates.walks_forward, predicates.raises_both_arms
    assert predicates.both(walk + raised - standing, *conditions)
    apart = after(after(walk, standing), raised)
    assert predicates.walks_forward(apart)
    assert predicates.raises_both_arms(apart)
    assert not predicates.both(apart, *conditions)
    assert predicates.both((walk + raised - standing)[:30], *conditions)
    # Arms that come down when the walk begins are not up while walking.
    assert not predicates.both(after(raised, walk), *conditions)
    assert not predicates.both(after(walk, raised), *conditions)


ALL: list[Callable[..., bool]] = [
    predicates.walks_forward, predicates.walks_backward, predicates.walks_sideways, predicates.moves_slowly,
    predicates.moves_quickly, predicates.runs, predicates.turns_around, predicates.circles, predicates.jumps,
    predicates.hops, predicates.kicks, predicates.sits, predicates.squats, predicates.bends_down,
    predicates.raises_arm, predicates.raises_both_arms, predicates.waves, predicates.throws, predicates.punches,
    predicates.lies, predicates.sneaks, predicates.turns_in_place, predicates.stops, predicates.kneels,
    predicates.stands_up, predicates.circles_arms, predicates.claps, predicates.touches_elbow_to_knee,
    predicates.marches, predicates.walks_without_running,
]  # fmt: skip


@pytest.mark.parametrize("predicate", ALL, ids=lambda one: one.__name__)
def test_a_standing_body_does_nothing(predicate: Callable[..., bool], standing: np.ndarray) -> None:
    assert not predicate(standing)
    assert not predicate(standing[:1]), "a single frame is no motion"


@pytest.mark.parametrize("predicate", ALL, ids=lambda one: one.__name__)
def test_placement_in_the_world_does_not_matter(
    predicate: Callable[..., bool], make_walk: Callable[..., Motion]
) -> None:
    joints = make_walk(speed=1.4).joints.astype(np.float64)
    moved = rotations.rotate(rotations.about("Y", np.array(2.0)), joints) + np.array([3.0, 1.0, -2.0])
    assert predicate(joints) == predicate(moved)


@pytest.mark.parametrize("predicate", [predicates.kicks, predicates.turns, predicates.waves, predicates.circles])
def test_mirroring_exchanges_the_sides(predicate: Callable[..., bool], standing: np.ndarray) -> None:
    swing = np.sin(np.pi * np.clip((SECONDS - 1) / 0.5, 0, 1))
    ahead = np.stack([0 * swing, 0.5 * swing, 0.7 * swing], axis=-1)
    body = around(with_joint(with_joint(standing, "right_foot", ahead), "right_ankle", ahead), 300)
    aside = np.stack([0.15 * np.sin(2 * np.pi * 1.5 * SECONDS), np.full(FRAMES, 0.8), np.zeros(FRAMES)], axis=-1)
    body = with_joint(body, "right_wrist", aside)
    mirrored = body[:, HUMANML3D.mirror_order] * np.array([-1, 1, 1])
    for side, other in (("left", "right"), ("right", "left")):
        assert predicate(body, side) == predicate(mirrored, other)
