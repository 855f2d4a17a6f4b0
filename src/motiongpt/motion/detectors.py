"""Detectors: how clearly a motion shows an action, from its joints alone, from 0 (not at all) to 1 (beyond doubt).

Every function of :data:`DETECTORS` takes joints (T, 22, 3) in metres, Y up, at 20 fps, in HumanML3D proportions, at any
place and heading. Scores are graded, so that two motions can be compared that both show an action in part. Limits are
those of people of 1.7 m. What sentences ask a detector for stands in the table of :mod:`motiongpt.text.actions`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np

from motiongpt.motion.measures import (
    FPS,
    JOINT,
    clearance,
    displacement,
    episodes,
    ground_path,
    height,
    net_turn,
    path_length,
    reversals,
    speed,
    travel,
    yaw,
)
from motiongpt.motion.placement import forward_direction

SIDES = ("left", "right")
_OTHER = {"left": "right", "right": "left"}
# Frames of half a second.
_HALF = round(0.5 * FPS)

Detector = TypeVar("Detector", bound=Callable[..., float])

DETECTORS: dict[str, Callable[..., float]] = {}
"""All detectors by the names of the actions."""


def detector(function: Detector) -> Detector:
    """Adds a function to :data:`DETECTORS`."""
    DETECTORS[function.__name__] = function
    return function


def ramp(value: float, low: float, high: float) -> float:
    """0 at ``low`` and before it, 1 at ``high`` and beyond; falls where ``high`` is the smaller one."""
    return float(np.clip((value - low) / (high - low), 0, 1))


def _sustained(values: np.ndarray, frames: int) -> float:
    """The highest level that a curve stays above for so many frames."""
    frames = min(frames, len(values))
    return float(np.lib.stride_tricks.sliding_window_view(values, frames).min(axis=1).max())


def _against_pelvis(joints: np.ndarray, joint: str) -> np.ndarray:
    """(T,) speed of a joint against the pelvis in m/s."""
    relative = joints[:, JOINT[joint]] - joints[:, 0]
    if len(joints) < 2:
        return np.zeros(len(joints))
    return np.linalg.norm(np.gradient(relative, axis=0), axis=-1) * FPS


def _one_side(of: Callable[[np.ndarray, str], float], joints: np.ndarray, side: str | None) -> float:
    """The score of the better side, or that of ``side`` minus half the score of the other one."""
    scores = {one: of(joints, one) for one in SIDES}
    if side is None:
        return max(scores.values())
    return max(scores[side] - 0.5 * scores[_OTHER[side]], 0.0)


# Where it goes.


@detector
def goes(joints: np.ndarray, way: str) -> float:
    """Travels ``forward``, ``backward``, ``left`` or ``right`` as the body sees it, and not much any other way."""
    ahead, left = travel(joints)
    along = {"forward": ahead, "backward": -ahead, "left": left, "right": -left}[way]
    across = left if way in ("forward", "backward") else ahead
    return ramp(along, 0.2, 0.9) * ramp(along - abs(across), 0.0, 0.4)


@detector
def goes_straight(joints: np.ndarray) -> float:
    """Ends ahead of where it first faced, facing the same way."""
    ahead, left = displacement(joints)
    return ramp(ahead - abs(left), 0.1, 0.7) * ramp(abs(net_turn(joints)), 60, 25)


@detector
def travels(joints: np.ndarray) -> float:
    """Goes anywhere."""
    return ramp(path_length(joints), 0.3, 1.0)


@detector
def goes_back_and_forth(joints: np.ndarray) -> float:
    """Goes away and comes back most of the way."""
    path = ground_path(joints)
    far = np.linalg.norm(path - path[0], axis=-1)
    back = float(far[far.argmax() :].min()) / max(float(far.max()), 1e-6)
    return ramp(float(far.max()), 0.4, 0.8) * ramp(back, 0.8, 0.5)


@detector
def stays(joints: np.ndarray) -> float:
    """Keeps to one spot."""
    return ramp(_max_drift(joints), 0.6, 0.25)


def _max_drift(joints: np.ndarray) -> float:
    """Metres from the start at most."""
    path = ground_path(joints)
    return float(np.linalg.norm(path - path[0], axis=-1).max())


@detector
def turns(joints: np.ndarray, side: str) -> float:
    """The heading changes to that side, by a quarter turn or so and not all round."""
    turn = net_turn(joints) if side == "left" else -net_turn(joints)
    return ramp(turn, 15, 60) * (1 - 0.5 * ramp(turn, 150, 240))


@detector
def turns_quarter(joints: np.ndarray, side: str) -> float:
    """The heading changes to that side by about 90 degrees."""
    turn = net_turn(joints) if side == "left" else -net_turn(joints)
    return ramp(abs(turn - 90), 50, 20)


@detector
def turns_around(joints: np.ndarray) -> float:
    """The heading goes half round and stays there, or comes near it."""
    angle = np.degrees(np.abs(yaw(joints)))
    return 0.7 * ramp(float(angle.max()), 90, 150) + 0.3 * ramp(abs(float(angle[-1]) - 180), 100, 40)


@detector
def turns_in_place(joints: np.ndarray, side: str | None = None) -> float:
    """The heading changes by a quarter or more on one spot."""
    angle = np.degrees(yaw(joints))
    angle = np.abs(angle) if side is None else angle if side == "left" else -angle
    return ramp(float(angle.max()), 45, 100) * ramp(_max_drift(joints), 0.7, 0.4)


@detector
def spins(joints: np.ndarray, side: str | None = None) -> float:
    """The heading goes all round on one spot."""
    angle = np.degrees(yaw(joints))
    angle = np.abs(angle) if side is None else angle if side == "left" else -angle
    return ramp(float(angle.max()), 120, 320) * ramp(_max_drift(joints), 0.9, 0.5)


@detector
def circles(joints: np.ndarray, side: str | None = None) -> float:
    """Walks all round, on a path of its own and not on one spot."""
    turn = net_turn(joints)
    amount = abs(turn) if side is None else turn if side == "left" else -turn
    return ramp(amount, 150, 310) * ramp(path_length(joints), 1.0, 2.2)


# How fast.


@detector
def is_slow(joints: np.ndarray) -> float:
    """Travels, and slower than people walk."""
    pace = speed(joints)
    moving = pace[pace > 0.1]
    return travels(joints) * ramp(float(np.median(moving)), 1.3, 0.8) if len(moving) else 0.0


@detector
def is_quick(joints: np.ndarray) -> float:
    """Travels faster than people walk when they have time."""
    return ramp(float(speed(joints).max()), 1.1, 1.6)


@detector
def runs(joints: np.ndarray) -> float:
    """Travels faster than people walk at all."""
    return ramp(float(speed(joints).max()), 1.4, 2.1)


@detector
def walks(joints: np.ndarray) -> float:
    """Travels on foot, upright and not at a run."""
    upright = ramp(float(np.median(height(joints, "pelvis"))), 0.6, 0.8)
    return travels(joints) * upright * ramp(float(speed(joints).max()), 2.1, 1.6)


@detector
def stops(joints: np.ndarray) -> float:
    """Moves, and rests at the end."""
    path = ground_path(joints)
    rest = float(np.linalg.norm(path[-1] - path[-_HALF - 1 :], axis=-1).max())
    return ramp(float(speed(joints).max()), 0.4, 0.8) * ramp(rest, 0.3, 0.1)


@detector
def stands_still(joints: np.ndarray) -> float:
    """Upright on one spot; hands and feet keep still."""
    moves = max(_against_pelvis(joints, f"{side}_{part}").max() for side in SIDES for part in ("wrist", "foot"))
    upright = ramp(float(np.median(height(joints, "pelvis"))), 0.7, 0.8)
    return ramp(float(moves), 1.3, 0.6) * stays(joints) * upright


# Legs.


def flights(joints: np.ndarray, min_height: float = 0.1) -> list[tuple[int, int]]:
    """(take-off, landing) frames of every jump: both feet come ``min_height`` metres off the floor, the pelvis too."""
    pelvis = joints[:, 0, 1]
    found = []
    up = clearance(joints) > 0.03
    edges = np.flatnonzero(np.diff(np.concatenate([[0], up, [0]])))
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        rise = pelvis[start:stop].max() - min(pelvis[max(start - 6, 0)], pelvis[min(stop + 5, len(pelvis) - 1)])
        if clearance(joints)[start:stop].max() > min_height and rise > 0.06 and start > 0 and stop < len(joints):
            found.append((int(start), int(stop)))
    return found


@detector
def jumps(joints: np.ndarray) -> float:
    """Both feet leave the floor, and the pelvis rises with them."""
    return float(np.mean([len(flights(joints, limit)) > 0 for limit in (0.06, 0.1, 0.13, 0.16)]))


@detector
def hops(joints: np.ndarray, side: str | None = None) -> float:
    """As a jump, which may be low; with ``side`` again and again on that leg, the other foot held up."""
    if side is not None:
        return _one_side(_hops_on, joints, side)
    return float(np.mean([len(flights(joints, limit)) > 0 for limit in (0.04, 0.06, 0.08)]))


def _hops_on(joints: np.ndarray, side: str) -> float:
    above = height(joints, f"{_OTHER[side]}_foot") - height(joints, f"{side}_foot")
    found = [1 for start, stop in flights(joints, 0.04) if above[max(start - 3, 0) : stop + 3].min() > 0.06]
    return ramp(len(found), 0, 2)


def kicks_of(joints: np.ndarray, side: str, min_height: float = 0.35, min_speed: float = 3.0) -> list[int]:
    """Frames at which the foot of that side is highest in a kick.

    It comes ``min_height`` metres high, and 0.1 m less than that above the other foot, on a nearly straight leg, at
    ``min_speed`` m/s or more.
    """
    foot, rest = height(joints, f"{side}_foot"), height(joints, f"{_OTHER[side]}_foot")
    reach = np.linalg.norm(joints[:, JOINT[f"{side}_ankle"]] - joints[:, JOINT[f"{side}_hip"]], axis=-1)
    foot_speed = _against_pelvis(joints, f"{side}_foot")
    found = []
    lifted = (foot > min_height) & (foot - rest > min_height - 0.1)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], lifted, [0]])))
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        around = slice(max(start - 6, 0), stop + 6)
        if reach[start:stop].max() > 0.68 and foot_speed[around].max() > min_speed:
            found.append(int(start + foot[start:stop].argmax()))
    return found


@detector
def kicks(joints: np.ndarray, side: str | None = None) -> float:
    """A foot comes up fast on a nearly straight leg."""
    return _one_side(_kick, joints, side)


def _kick(joints: np.ndarray, side: str) -> float:
    limits = ((0.25, 2.5), (0.3, 3.0), (0.35, 3.3), (0.4, 3.6))
    return float(np.mean([len(kicks_of(joints, side, *limit)) > 0 for limit in limits]))


@detector
def balances(joints: np.ndarray, side: str | None = None) -> float:
    """Stands on the leg of that side for a second, the other foot off the floor."""
    sustained = {
        one: _sustained(height(joints, f"{_OTHER[one]}_foot") - height(joints, f"{one}_foot"), 2 * _HALF)
        for one in SIDES
    }
    return ramp(max(sustained.values()) if side is None else sustained[side], 0.05, 0.2) * stays(joints)


@detector
def lifts_leg(joints: np.ndarray, side: str | None = None) -> float:
    """The foot of that side comes well above the other."""
    above = {one: float((height(joints, f"{one}_foot") - height(joints, f"{_OTHER[one]}_foot")).max()) for one in SIDES}
    return ramp(max(above.values()) if side is None else above[side], 0.15, 0.4)


@detector
def marches(joints: np.ndarray) -> float:
    """The knees come high in turn while one foot is on the floor."""
    knees = [height(joints, f"{side}_knee") for side in SIDES]
    grounded = ramp(float(np.median(clearance(joints))), 0.15, 0.08)
    return min(ramp(float(knee.max()), 0.58, 0.72) for knee in knees) * grounded


@detector
def sneaks(joints: np.ndarray) -> float:
    """Goes forward slowly on bent knees."""
    low = ramp(float(np.median(height(joints, "pelvis"))), 0.97, 0.9)
    return goes(joints, "forward") * ramp(float(speed(joints).max()), 1.3, 0.95) * low


# Up and down.


@detector
def squats(joints: np.ndarray) -> float:
    """The pelvis comes low over feet that stay on the floor."""
    low = np.where(clearance(joints) < 0.1, height(joints, "pelvis"), np.inf)
    return ramp(float(low.min()), 0.75, 0.6)


@detector
def sits(joints: np.ndarray) -> float:
    """The pelvis stays low for half a second under an upright chest."""
    chest = joints[:, JOINT["spine3"], 1] - joints[:, 0, 1]
    seated = np.where(chest > 0.17, height(joints, "pelvis"), np.inf)
    return ramp(-_sustained(-seated, _HALF), 0.75, 0.6)


@detector
def kneels(joints: np.ndarray) -> float:
    """A knee is on the floor for half a second, the body upright."""
    knee = np.minimum(height(joints, "left_knee"), height(joints, "right_knee"))
    chest = joints[:, JOINT["spine3"], 1] - joints[:, 0, 1]
    pelvis = height(joints, "pelvis")
    up = (chest > 0.15) & (pelvis > 0.3) & (pelvis < 0.75)
    return ramp(-_sustained(-np.where(up, knee, np.inf), _HALF), 0.28, 0.15)


@detector
def lies(joints: np.ndarray) -> float:
    """Pelvis and head stay near the floor for half a second."""
    high = np.maximum(height(joints, "pelvis"), height(joints, "head") - 0.15)
    return ramp(-_sustained(-high, _HALF), 0.5, 0.3)


@detector
def crawls(joints: np.ndarray) -> float:
    """Travels with hands and pelvis low."""
    hands = np.maximum(height(joints, "left_wrist"), height(joints, "right_wrist"))
    low = np.maximum(hands, height(joints, "pelvis") - 0.3)
    return ramp(float(np.median(low)), 0.5, 0.3) * ramp(path_length(joints), 0.1, 0.5)


@detector
def stands_up(joints: np.ndarray) -> float:
    """The pelvis, once low, ends high."""
    pelvis = height(joints, "pelvis")
    return ramp(float(pelvis.min()), 0.75, 0.6) * ramp(float(pelvis[-5:].min()), 0.72, 0.82)


@detector
def bends_down(joints: np.ndarray) -> float:
    """A hand comes near the floor while the feet stay on it."""
    hand = np.minimum(height(joints, "left_wrist"), height(joints, "right_wrist"))
    standing = height(joints, "pelvis") > 0.35
    low = np.maximum(hand, height(joints, "head") - 0.8)[standing]
    return ramp(float(low.min()), 0.55, 0.35) if len(low) else 0.0


@detector
def reaches_down(joints: np.ndarray, side: str | None = None) -> float:
    """The hand of that side, or either, comes below the knees, the body standing; it is the lower one."""
    hands = {one: height(joints, f"{one}_wrist") for one in SIDES}
    standing = height(joints, "pelvis") > 0.35
    if not standing.any():
        return 0.0
    if side is None:
        return ramp(float(np.minimum(*hands.values())[standing].min()), 0.45, 0.3)
    place = int(np.where(standing, hands[side], np.inf).argmin())
    lower = float(hands[_OTHER[side]][place] - hands[side][place])
    return ramp(float(hands[side][place]), 0.45, 0.3) * ramp(lower, -0.05, 0.1)


@detector
def goes_upside_down(joints: np.ndarray) -> float:
    """The head comes below the pelvis."""
    return ramp(float((joints[:, 0, 1] - joints[:, JOINT["head"], 1]).max()), 0.0, 0.25)


# Arms.


@detector
def raises_arm(joints: np.ndarray, side: str | None = None) -> float:
    """A wrist stays above its shoulder for a moment."""
    return _one_side(_raise, joints, side)


def _raise(joints: np.ndarray, side: str) -> float:
    return ramp(_sustained(_above_shoulder(joints, side), 5), -0.1, 0.12)


def _above_shoulder(joints: np.ndarray, side: str) -> np.ndarray:
    return joints[:, JOINT[f"{side}_wrist"], 1] - joints[:, JOINT[f"{side}_shoulder"], 1]


@detector
def raises_both_arms(joints: np.ndarray) -> float:
    """Both wrists stay above their shoulders at once."""
    above = np.minimum(_above_shoulder(joints, "left"), _above_shoulder(joints, "right"))
    return ramp(_sustained(above, 5), -0.1, 0.12)


@detector
def spreads_arms(joints: np.ndarray) -> float:
    """Both hands are held out to the sides at the height of the shoulders."""
    across = joints[:, JOINT["left_shoulder"]] - joints[:, JOINT["right_shoulder"]]
    across /= np.maximum(np.linalg.norm(across, axis=-1, keepdims=True), 1e-9)
    nearer = np.full(len(joints), np.inf)
    for side, sign in (("left", 1), ("right", -1)):
        arm = joints[:, JOINT[f"{side}_wrist"]] - joints[:, JOINT[f"{side}_shoulder"]]
        out = sign * (arm * across).sum(axis=-1)
        nearer = np.minimum(nearer, np.where(np.abs(arm[:, 1]) < 0.25, out, 0.0))
    return ramp(_sustained(nearer, 5), 0.2, 0.42)


@detector
def circles_arms(joints: np.ndarray) -> float:
    """Both wrists go round their shoulders, seen from the side."""
    ahead = forward_direction(joints)
    smaller = np.inf
    for side in SIDES:
        arm = joints[:, JOINT[f"{side}_wrist"]] - joints[:, JOINT[f"{side}_shoulder"]]
        angle = np.degrees(np.unwrap(np.arctan2((arm * ahead).sum(axis=-1), arm[:, 1])))
        smaller = min(smaller, float(np.ptp(angle)))
    return ramp(smaller, 150, 320)


@detector
def waves(joints: np.ndarray, side: str | None = None) -> float:
    """A raised hand goes to and fro."""
    return _one_side(_wave, joints, side)


def _wave(joints: np.ndarray, side: str) -> float:
    wrist, shoulder, elbow = (joints[:, JOINT[f"{side}_{part}"]] for part in ("wrist", "shoulder", "elbow"))
    up = wrist[:, 1] > (shoulder[:, 1] + elbow[:, 1]) / 2
    if up.sum() < 4:
        return 0.0
    relative = (wrist - joints[:, JOINT["spine3"]])[up]
    swings = [max(reversals(relative[:, axis], limit) for axis in range(3)) for limit in (0.04, 0.06, 0.09)]
    return float(np.mean([ramp(count, 1, 3) for count in swings]))


def punches_of(joints: np.ndarray, side: str, min_speed: float = 1.8) -> list[int]:
    """Frames at which the fist of that side is farthest out in a punch.

    It leaves its shoulder at ``min_speed`` m/s or more, above the waist.
    """
    wrist, shoulder = joints[:, JOINT[f"{side}_wrist"]], joints[:, JOINT[f"{side}_shoulder"]]
    reach = np.linalg.norm(wrist - shoulder, axis=-1)
    found: list[int] = []
    for frame in np.flatnonzero((np.diff(reach) * FPS > min_speed) & (wrist[1:, 1] > joints[1:, 0, 1] + 0.2)):
        peak = int(frame + reach[frame : frame + 6].argmax())
        if reach[peak] > 0.42 and (not found or peak - found[-1] > 5):
            found.append(peak)
    return found


@detector
def punches(joints: np.ndarray, side: str | None = None) -> float:
    """A fist is thrust away from its shoulder above the waist."""
    return _one_side(_punch, joints, side)


def _punch(joints: np.ndarray, side: str) -> float:
    return float(np.mean([len(punches_of(joints, side, limit)) > 0 for limit in (1.0, 1.4, 1.8, 2.2)]))


@detector
def throws(joints: np.ndarray, side: str | None = None) -> float:
    """A hand above its elbow moves fast."""
    return _one_side(_throw, joints, side)


def _throw(joints: np.ndarray, side: str) -> float:
    above = joints[:, JOINT[f"{side}_wrist"], 1] > joints[:, JOINT[f"{side}_elbow"], 1] + 0.05
    hand_speed = _against_pelvis(joints, f"{side}_wrist")[above]
    return ramp(float(hand_speed.max()), 1.6, 3.2) if len(hand_speed) else 0.0


@detector
def claps(joints: np.ndarray) -> float:
    """The hands come together again and again in front of the chest."""
    wrists = joints[:, JOINT["left_wrist"]], joints[:, JOINT["right_wrist"]]
    gap = np.linalg.norm(wrists[0] - wrists[1], axis=-1)
    high = np.minimum(wrists[0][:, 1], wrists[1][:, 1]) > joints[:, 0, 1] + 0.1
    return ramp(len(episodes((gap < 0.2) & high, gap > 0.28)), 0, 3)


@detector
def touches_elbow_to_knee(joints: np.ndarray, side: str | None = None) -> float:
    """The elbow of that side comes to the knee of the other side."""
    gaps = {
        one: float(
            np.linalg.norm(joints[:, JOINT[f"{one}_elbow"]] - joints[:, JOINT[f"{_OTHER[one]}_knee"]], axis=-1).min()
        )
        for one in SIDES
    }
    return ramp(min(gaps.values()) if side is None else gaps[side], 0.35, 0.17)


@detector
def jumping_jacks(joints: np.ndarray) -> float:
    """Arms go over the head while the feet go apart."""
    apart = np.linalg.norm(joints[:, JOINT["left_ankle"]] - joints[:, JOINT["right_ankle"]], axis=-1)
    above = np.minimum(_above_shoulder(joints, "left"), _above_shoulder(joints, "right"))
    return ramp(float(np.where(apart > 0.35, above, -1.0).max()), -0.1, 0.15)


# How often.


def _count_flights(joints: np.ndarray, min_height: float) -> int:
    return len(flights(joints, min_height))


def _count_kicks(joints: np.ndarray, min_height: float) -> int:
    return sum(len(kicks_of(joints, side, min_height)) for side in SIDES)


def _count_punches(joints: np.ndarray, min_speed: float) -> int:
    return sum(len(punches_of(joints, side, min_speed)) for side in SIDES)


def _count_squats(joints: np.ndarray, max_height: float) -> int:
    """How often the pelvis comes below a height over feet on the floor, and up again between two times."""
    pelvis = height(joints, "pelvis")
    return len(episodes((pelvis < max_height) & (clearance(joints) < 0.1), pelvis > 0.8))


# What is counted: how, and limits that people may draw. A score is the mean over the limits.
_COUNTED: dict[str, tuple[Callable[[np.ndarray, float], int], tuple[float, ...]]] = {
    "jump": (_count_flights, (0.05, 0.1, 0.15)),
    "hop": (_count_flights, (0.04, 0.06, 0.09)),
    "kick": (_count_kicks, (0.28, 0.33, 0.4)),
    "punch": (_count_punches, (1.4, 1.8, 2.2)),
    "squat": (_count_squats, (0.72, 0.68, 0.62)),
}


@detector
def repeats(joints: np.ndarray, action: str, times: int) -> float:
    """A ``jump``, ``hop``, ``kick``, ``punch`` or ``squat`` is done exactly so often; one off scores a little."""
    count, limits = _COUNTED[action]
    counts = [count(joints, limit) for limit in limits]
    near = [found > 0 and abs(found - times) == 1 for found in counts]
    return float(np.mean(np.equal(counts, times) + 0.2 * np.array(near)))


@detector
def goes_on(joints: np.ndarray, action: str) -> float:
    """An action of `repeats` is done again and again."""
    count, limits = _COUNTED[action]
    return float(np.mean([ramp(count(joints, limit), 0, 2) for limit in limits]))


@detector
def steps(joints: np.ndarray, times: int) -> float:
    """So many steps are taken: one foot passes the other so often, one more or less being nearly as good."""
    facing = forward_direction(joints)
    ahead = ((joints[:, JOINT["left_ankle"]] - joints[:, JOINT["right_ankle"]]) * facing).sum(axis=-1)
    return ramp(abs(reversals(ahead, 0.2) + 1 - times), 3, 1) * travels(joints)
