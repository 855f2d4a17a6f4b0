"""How clearly motions whose actions are known show them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gestures import FRAMES, PULSE, SECONDS, around, lowered, travelling, turned, up, with_joint
from motiongpt.motion import Motion, detectors, rotations
from motiongpt.motion.detectors import DETECTORS
from motiongpt.motion.skeleton import HUMANML3D

SWING = np.sin(np.pi * np.clip((SECONDS - 1) / 0.5, 0, 1))
# What each action is given besides the joints.
ARGUMENTS: dict[str, list[dict[str, object]]] = {
    "goes": [{"way": way} for way in ("forward", "backward", "left", "right")],
    "repeats": [{"action": action, "times": 2} for action in ("jump", "hop", "kick", "punch", "squat")],
    "goes_on": [{"action": "jump"}, {"action": "kick"}],
    "steps": [{"times": 3}],
    "turns": [{"side": side} for side in ("left", "right")],
    "turns_quarter": [{"side": side} for side in ("left", "right")],
    **{
        name: [{}, {"side": "left"}, {"side": "right"}]
        for name in (
            *("circles", "turns_in_place", "spins", "kicks", "balances", "lifts_leg"),
            *("raises_arm", "waves", "punches", "throws", "touches_elbow_to_knee", "hops", "reaches_down"),
        )
    },
}
CALLS = [(name, arguments) for name in DETECTORS for arguments in ARGUMENTS.get(name, [{}])]


def kicking(body: np.ndarray, side: str) -> np.ndarray:
    high = np.stack([0 * SWING, 0.5 * SWING, 0.7 * SWING], axis=-1)
    return with_joint(with_joint(body, f"{side}_foot", high), f"{side}_ankle", high)


def waving(body: np.ndarray, side: str) -> np.ndarray:
    aside = np.stack([0.15 * np.sin(2 * np.pi * 1.5 * SECONDS), np.full(FRAMES, 0.8), np.zeros(FRAMES)], axis=-1)
    return with_joint(body, f"{side}_wrist", aside)


def jumping(body: np.ndarray, times: int) -> np.ndarray:
    phase = times * SECONDS / SECONDS[-1] % 1
    return body + up(0.35 * np.sin(np.pi * phase) ** 4)[:, None]


def arms_up(body: np.ndarray, *sides: str) -> np.ndarray:
    for side in sides:
        body = with_joint(body, f"{side}_wrist", up(1.0 * PULSE))
    return body


def test_ways(standing: np.ndarray) -> None:
    for way, (x, z) in {"forward": (0, 2), "backward": (0, -2), "left": (1.5, 0), "right": (-1.5, 0)}.items():
        shown = {
            other: detectors.goes(travelling(standing, x=x, z=z), other)
            for other in ("forward", "backward", "left", "right")
        }
        assert shown.pop(way) == 1
        assert set(shown.values()) == {0}
    assert (
        0
        < detectors.goes(travelling(standing, z=0.5), "forward")
        < detectors.goes(travelling(standing, z=0.7), "forward")
        < 1
    )


def test_straight_on_or_round(standing: np.ndarray) -> None:
    straight, quarter, circle = travelling(standing, z=2), around(standing, 90), around(standing, 340)
    assert [detectors.goes_straight(one) for one in (straight, quarter, circle)] == [1, 0, 0]
    assert [detectors.circles(one) for one in (straight, quarter, circle)] == [0, 0, 1]
    assert detectors.circles(circle, "left") == 1
    assert detectors.circles(circle, "right") == 0
    assert detectors.circles(turned(standing, 340)) == 0, "all round on one spot is no circle"
    assert detectors.turns_in_place(turned(standing, 340)) == 1
    assert detectors.turns(quarter, "left") == 1
    assert detectors.turns(quarter, "right") == 0
    assert detectors.turns(circle, "left") == 0.5, "a whole circle is more than a turn"
    assert detectors.turns_around(turned(standing, 180)) > 0.9
    assert detectors.turns_around(quarter) < 0.3


def test_pace(standing: np.ndarray) -> None:
    slow, walk, run = (travelling(standing, z=3 * speed) for speed in (0.6, 1.3, 3.0))
    assert [detectors.is_slow(one) for one in (slow, run)] == [1, 0]
    assert detectors.is_slow(walk) < 0.2
    assert [detectors.runs(one) for one in (slow, walk, run)] == [0, 0, 1]
    assert [detectors.walks(one) for one in (standing, slow, walk, run)] == [0, 1, 1, 0]
    assert detectors.stands_still(standing) == 1
    assert detectors.stands_still(walk) == 0
    ends = np.concatenate([walk, np.repeat(walk[-1:], 20, axis=0)])
    assert detectors.stops(ends) == 1
    assert detectors.stops(walk) == 0


def test_jumps_are_counted(standing: np.ndarray) -> None:
    for times in (1, 2, 3):
        body = jumping(standing, times)
        assert detectors.jumps(body) == 1
        assert [detectors.repeats(body, "jump", number) == 1 for number in (1, 2, 3)] == [times == n for n in (1, 2, 3)]
    assert detectors.jumps(standing) == 0
    # One too many is better than none, and much worse than the right number.
    assert 0 == detectors.repeats(standing, "jump", 1) < detectors.repeats(jumping(standing, 2), "jump", 1) < 0.5


def test_sides(standing: np.ndarray) -> None:
    for action, done in (("kicks", kicking), ("waves", waving), ("raises_arm", arms_up)):
        body = done(standing, "right")
        assert DETECTORS[action](body, side="right") > 0.9
        assert DETECTORS[action](body, side="left") == 0
        both = np.concatenate([body, done(standing, "left")])
        assert 0 < DETECTORS[action](both, side="right") < 0.6, "the other side was not asked for"
    assert detectors.raises_both_arms(arms_up(standing, "left", "right")) == 1
    assert detectors.raises_both_arms(arms_up(standing, "left")) == 0
    assert detectors.kicks(with_joint(standing, "right_foot", up(0.6 * PULSE))) == 0, "a leg lifted slowly is no kick"


def test_legs_that_are_off_the_floor(standing: np.ndarray) -> None:
    lifted = np.clip(SECONDS / 0.5, 0, 1)
    body = with_joint(with_joint(standing, "right_foot", up(0.4 * lifted)), "right_ankle", up(0.4 * lifted))
    assert detectors.balances(body, "left") == 1, "stands on the left leg"
    assert detectors.balances(body, "right") == 0
    assert detectors.lifts_leg(body, "right") == pytest.approx(1, abs=0.1)
    assert detectors.lifts_leg(body, "left") == 0
    assert detectors.balances(kicking(standing, "right"), "left") < 0.5, "a kick is over sooner"


def test_all_round_on_the_spot(standing: np.ndarray) -> None:
    assert detectors.spins(turned(standing, 360), "left") == 1
    assert detectors.spins(turned(standing, 360), "right") == 0
    assert detectors.spins(turned(standing, 90)) == 0
    assert detectors.spins(around(standing, 340)) == 0, "a circle is walked"


def test_away_and_back(standing: np.ndarray) -> None:
    away = travelling(standing, z=1.5)
    assert detectors.goes_back_and_forth(np.concatenate([away, away[::-1]])) == 1
    assert detectors.goes_back_and_forth(away) == 0
    assert detectors.goes_back_and_forth(np.concatenate([away, away[:-10:-1]])) < 0.2


def test_a_quarter_turn_is_no_half_turn(standing: np.ndarray) -> None:
    shown = [detectors.turns_quarter(turned(standing, degrees), "left") for degrees in (0, 30, 90, 180, -90)]
    assert shown == [0, 0, 1, 0, 0]


def test_hopping_on_one_leg(standing: np.ndarray) -> None:
    for side, other in (("left", "right"), ("right", "left")):
        lifted = with_joint(with_joint(standing, f"{other}_foot", up(0.25)), f"{other}_ankle", up(0.25))
        assert detectors.hops(jumping(lifted, 3), side) == 1
        assert detectors.hops(jumping(lifted, 3), other) == 0
        assert detectors.hops(jumping(standing, 3), side) == 0
        assert detectors.hops(jumping(standing, 3)) == 1
        assert detectors.hops(lifted, side) == 0


def test_a_hand_at_the_floor(standing: np.ndarray) -> None:
    low = with_joint(standing, "left_wrist", up(-0.5 * PULSE))
    assert detectors.reaches_down(low) == detectors.reaches_down(low, "left") == 1
    assert detectors.reaches_down(low, "right") == detectors.reaches_down(standing) == 0
    both = with_joint(low, "right_wrist", up(-0.5 * PULSE))
    assert 0 < detectors.reaches_down(both, "left") < 1


def test_head_over_heels(standing: np.ndarray) -> None:
    rolled = rotations.rotate(rotations.about("X", np.linspace(0, 2 * np.pi, FRAMES))[:, None], standing)
    assert detectors.goes_upside_down(rolled) == 1
    bowed = rotations.rotate(rotations.about("X", np.linspace(0, 1.3, FRAMES))[:, None], standing)
    assert detectors.goes_upside_down(bowed) == detectors.goes_upside_down(standing) == 0


def test_arms_at_the_sides(standing: np.ndarray) -> None:
    body = standing.copy()
    for side, sign in (("left", 1), ("right", -1)):
        shoulder = standing[:, HUMANML3D.index(f"{side}_shoulder")]
        body[:, HUMANML3D.index(f"{side}_wrist")] = shoulder + np.array([0.5 * sign, 0.05, 0.0])
    assert detectors.spreads_arms(body) == 1
    assert detectors.spreads_arms(arms_up(standing, "left", "right")) == 0


def test_steps_are_counted(make_walk: Callable[..., Motion]) -> None:
    # 0.9 cycles of two steps a second.
    walk = make_walk(frames=60).joints
    assert detectors.steps(walk, 5) == 1
    assert detectors.steps(walk, 12) == 0


def test_again_and_again(standing: np.ndarray) -> None:
    assert detectors.goes_on(jumping(standing, 3), "jump") == 1
    assert 0 < detectors.goes_on(jumping(standing, 1), "jump") < 0.8


def test_low_bodies(standing: np.ndarray) -> None:
    squat = lowered(standing, 0.5)
    assert detectors.squats(squat) == 1
    assert detectors.squats(standing) == 0
    assert detectors.sits(squat) == 1
    rising = squat.copy()
    rising[30:] = standing[30:]
    assert detectors.stands_up(rising) == 1
    assert detectors.stands_up(rising[::-1]) == 0
    flat = rotations.rotate(rotations.about("X", np.array(np.pi / 2)), standing)
    assert detectors.lies(flat) == 1
    assert detectors.lies(squat) == 0


def test_fists(standing: np.ndarray) -> None:
    ahead = np.zeros((FRAMES, 3))
    ahead[:, 2] = 0.5 * (np.sin(2 * np.pi * 1.5 * SECONDS) > 0.9)
    ready = with_joint(standing, "right_wrist", up(0.6) + np.array([0.0, 0.0, 0.1]))
    punch = with_joint(ready, "right_wrist", ahead)
    assert detectors.punches(punch, "right") == 1
    assert detectors.punches(punch, "left") == 0
    assert detectors.throws(punch, "right") > 0.9
    assert detectors.punches(ready) == 0


@pytest.mark.parametrize(("name", "arguments"), CALLS)
def test_a_standing_body_only_stands(name: str, arguments: dict[str, object], standing: np.ndarray) -> None:
    expected = 1 if name in ("stays", "stands_still") else 0
    assert DETECTORS[name](standing, **arguments) == expected


@pytest.mark.parametrize(("name", "arguments"), CALLS)
@given(angle=st.floats(-3, 3), x=st.floats(-20, 20), z=st.floats(-20, 20))
@settings(max_examples=5, deadline=None)
def test_placement_and_heading_do_not_matter(
    name: str, arguments: dict[str, object], angle: float, x: float, z: float, make_walk: Callable[..., Motion]
) -> None:
    body = waving(around(kicking(make_walk(speed=0.1).joints.astype(np.float64), "left"), 100), "right")
    moved = rotations.rotate(rotations.about("Y", np.array(angle)), body) + np.array([x, 0.3, z])
    value = DETECTORS[name](body, **arguments)
    assert 0 <= value <= 1
    assert DETECTORS[name](moved, **arguments) == pytest.approx(value, abs=1e-6)


@pytest.mark.parametrize(("name", "arguments"), CALLS)
def test_mirroring_exchanges_the_sides(name: str, arguments: dict[str, object], standing: np.ndarray) -> None:
    exchanged = {"left": "right", "right": "left"}
    other = {key: exchanged.get(value, value) for key, value in arguments.items()}  # type: ignore[call-overload]
    body = waving(around(kicking(standing, "left"), 100), "right")
    mirrored = body[:, HUMANML3D.mirror_order] * np.array([-1, 1, 1])
    assert DETECTORS[name](mirrored, **other) == pytest.approx(DETECTORS[name](body, **arguments), abs=1e-6)


@pytest.mark.parametrize(("name", "arguments"), CALLS)
def test_a_single_frame_is_enough_to_ask(name: str, arguments: dict[str, object], standing: np.ndarray) -> None:
    assert 0 <= DETECTORS[name](standing[:1], **arguments) <= 1
