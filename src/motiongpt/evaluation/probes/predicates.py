"""Predicates: whether a motion shows an action, decided from the geometry of its joints alone.

Every predicate takes joints (T, 22, 3) in metres, Y up, at 20 fps, in HumanML3D proportions (in a standing body the
pelvis is about 0.93 m and the head about 1.55 m above the floor), and returns a bool. The placement in the world does
not matter. The thresholds are set so that real clips pass if their captions say the action, and other clips fail;
:func:`motiongpt.evaluation.probes.ceiling.measure_ceiling` measures how often they do.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

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
    peak_speed,
    reversals,
    speed,
    sustained,
    travel,
    yaw,
)
from motiongpt.motion.placement import forward_direction

Predicate = Callable[..., bool]

SIDES = ("left", "right")
# Seconds: the shortest part of a motion, the longest stretch that is scanned, and the step of the scan.
_MIN_PART = 0.6
_MAX_STRETCH = 3.0
_STEP = 0.2
# A stretch reaches up to 0.6 s beyond its action, so only a longer overlap shows two actions at the same time.
_MIN_OVERLAP = 0.8
_HALF = round(0.5 * FPS)


def in_order(joints: np.ndarray, first: Predicate, second: Predicate) -> bool:
    """There is a cut with 0.6 s or more on both sides: ``first`` holds before it and ``second`` after it."""
    min_frames, step = round(_MIN_PART * FPS), round(_STEP * FPS)
    cuts = range(min_frames, len(joints) - min_frames + 1, step)
    return any(first(joints[:cut]) and second(joints[cut:]) for cut in cuts)


def both(joints: np.ndarray, first: Predicate, second: Predicate) -> bool:
    """``first`` and ``second`` are both active for 0.8 s without interruption.

    A predicate is active in the shortest stretches (0.6 to 3 s) for which it holds.
    """
    return sustained(_active(joints, first) & _active(joints, second), _MIN_OVERLAP)


def _active(joints: np.ndarray, holds: Predicate) -> np.ndarray:
    """(T,) whether a frame is in a stretch for which a predicate holds, and for no shorter one inside it."""
    min_frames, max_frames, step = (round(seconds * FPS) for seconds in (_MIN_PART, _MAX_STRETCH, _STEP))
    found: list[tuple[int, int]] = []
    for start in range(0, len(joints) - min_frames + 1, step):
        stops = range(start + min_frames, min(start + max_frames, len(joints)) + 1, step)
        stop = next((stop for stop in stops if holds(joints[start:stop])), None)
        if stop is not None:
            # A stretch that begins earlier and does not end earlier contains this one.
            found = [*(one for one in found if one[1] < stop), (start, stop)]
    covered = np.zeros(len(joints), dtype=bool)
    for start, stop in found:
        covered[start:stop] = True
    return covered


def lasts_for(joints: np.ndarray, action: str, seconds: float) -> bool:
    """The motion lasts ``seconds``, plus or minus 0.6 s, and the predicate named ``action`` holds."""
    action_holds: Predicate = globals()[action]
    return abs(len(joints) / FPS - seconds) <= 0.6 and action_holds(joints)


def repeats(joints: np.ndarray, action: str, times: int) -> bool:
    """An action of :data:`COUNTERS` happens exactly ``times`` times."""
    return COUNTERS[action](joints) == times


def walks_forward(joints: np.ndarray) -> bool:
    """The root ends more than 0.5 m ahead along the first facing direction, and more ahead than aside."""
    ahead, left = displacement(joints)
    return ahead > 0.5 and ahead > abs(left)


def walks_backward(joints: np.ndarray) -> bool:
    """The root moves more than 0.4 m against the facing direction in total, and more backward than aside."""
    ahead, left = travel(joints)
    return ahead < -0.4 and -ahead > abs(left)


def walks_sideways(joints: np.ndarray, side: str | None = None) -> bool:
    """The root moves more than 0.4 m to the side (``"left"``, ``"right"``, or either), and more aside than ahead."""
    ahead, left = travel(joints)
    aside = abs(left) if side is None else left if side == "left" else -left
    return aside > 0.4 and aside > abs(ahead)


def moves_slowly(joints: np.ndarray) -> bool:
    """The root moves more than 0.5 m forward, more than aside, and while it moves its median speed is under 1.2 m/s."""
    ahead, left = travel(joints)
    pace = speed(joints)
    moving = pace[pace > 0.1]
    return ahead > 0.5 and ahead > abs(left) and float(np.median(moving)) < 1.2


def moves_quickly(joints: np.ndarray) -> bool:
    """Reaches 1.35 m/s over half a second."""
    return float(speed(joints).max()) > 1.35


def runs(joints: np.ndarray) -> bool:
    """Reaches 1.7 m/s over half a second: faster than people walk."""
    return float(speed(joints).max()) > 1.7


def walks_without_running(joints: np.ndarray) -> bool:
    """Walks forward and never as fast as running."""
    return walks_forward(joints) and not runs(joints)


def turns(joints: np.ndarray, side: str) -> bool:
    """The heading ends more than 30 degrees to that side of the first heading."""
    turn = net_turn(joints)
    return (turn if side == "left" else -turn) > 30


def turns_around(joints: np.ndarray) -> bool:
    """The heading deviates by more than 120 degrees from the first heading."""
    return float(np.degrees(np.abs(yaw(joints)).max())) > 120


def turns_in_place(joints: np.ndarray, side: str | None = None) -> bool:
    """The heading deviates by more than 60 degrees from the first one; the root stays within 0.6 m of its start."""
    angle = np.degrees(yaw(joints))
    amount = np.abs(angle) if side is None else angle if side == "left" else -angle
    return bool(amount.max() > 60) and _max_drift(joints) < 0.6


def stops(joints: np.ndarray) -> bool:
    """Reaches 0.6 m/s; in the last half second the pelvis moves less than 0.15 m."""
    path = ground_path(joints)
    rest = np.linalg.norm(path[-1] - path[-_HALF - 1 :], axis=-1).max()
    return float(speed(joints).max()) > 0.6 and float(rest) < 0.15


def circles(joints: np.ndarray, side: str | None = None) -> bool:
    """Walks a path of more than 1.5 m that turns by more than 240 degrees (to one side where ``side`` is given)."""
    turn = net_turn(joints)
    amount = abs(turn) if side is None else turn if side == "left" else -turn
    return amount > 240 and path_length(joints) > 1.5


def jumps(joints: np.ndarray, min_clearance: float = 0.1) -> bool:
    """Both feet are more than ``min_clearance`` metres off the floor at once; the pelvis rises and falls with them."""
    return count_jumps(joints, min_clearance) > 0


def hops(joints: np.ndarray) -> bool:
    """Both feet leave the floor by more than 4 cm, and the pelvis rises and falls: lower than a jump."""
    return jumps(joints, 0.04)


def count_jumps(joints: np.ndarray, min_clearance: float = 0.1) -> int:
    """How often both feet rise more than ``min_clearance`` metres and the pelvis rises and falls by 6 cm."""
    lift, pelvis, count = clearance(joints), joints[:, 0, 1], 0
    for start, stop in episodes(lift > min_clearance, lift < min_clearance / 2):
        top = start + int(lift[start:stop].argmax())
        before, after = pelvis[max(0, top - 12) : top + 1].min(), pelvis[top : top + 13].min()
        count += bool(pelvis[top] - max(before, after) > 0.06)
    return count


def kicks(joints: np.ndarray, side: str | None = None) -> bool:
    """A foot rises above 0.3 m and 0.2 m above the other, on a nearly straight leg, at 3 m/s or more against the body.

    The leg reaches at least 0.65 m from hip to ankle: in running, the high foot is on a folded leg.
    """
    return count_kicks(joints, side) > 0


def count_kicks(joints: np.ndarray, side: str | None = None) -> int:
    """Number of kicks, see :func:`kicks`; between two kicks of one leg the foot falls below 0.2 m."""
    count = 0
    for one, other in (SIDES, SIDES[::-1]):
        if side not in (None, one) or len(joints) < 2:
            continue
        foot, rest = (height(joints, f"{name}_foot") for name in (one, other))
        reach = np.linalg.norm(joints[:, JOINT[f"{one}_ankle"]] - joints[:, JOINT[f"{one}_hip"]], axis=-1)
        lifted = (foot > 0.3) & (foot - rest > 0.2) & (reach > 0.65)
        for start, stop in episodes(lifted, foot < 0.2):
            # The leg is fastest on its way up.
            count += peak_speed(joints[max(0, start - _HALF) : stop + 1], f"{one}_foot") > 3
    return count


def sits(joints: np.ndarray) -> bool:
    """The pelvis stays under 0.7 m for half a second, the chest more than 0.15 m above it."""
    pelvis = height(joints, "pelvis")
    upright = joints[:, JOINT["spine3"], 1] - joints[:, 0, 1] > 0.15
    return sustained((pelvis < 0.7) & upright, 0.5)


def squats(joints: np.ndarray) -> bool:
    """The pelvis falls below 0.7 m over feet that stay on the floor."""
    low = height(joints, "pelvis") < 0.7
    return bool((low & (clearance(joints) < 0.1)).any())


def count_squats(joints: np.ndarray) -> int:
    """How often the pelvis falls below 0.7 m over feet on the floor; it rises above 0.8 m between two squats."""
    pelvis = height(joints, "pelvis")
    return len(episodes((pelvis < 0.7) & (clearance(joints) < 0.1), pelvis > 0.8))


def kneels(joints: np.ndarray) -> bool:
    """For half a second a knee is under 0.2 m, the pelvis between 0.3 and 0.75 m, the chest above it by 0.15 m."""
    knee = np.minimum(height(joints, "left_knee"), height(joints, "right_knee"))
    pelvis = height(joints, "pelvis")
    upright = joints[:, JOINT["spine3"], 1] - joints[:, 0, 1] > 0.15
    return sustained((knee < 0.2) & (pelvis > 0.3) & (pelvis < 0.75) & upright, 0.5)


def stands_up(joints: np.ndarray) -> bool:
    """The pelvis, once under 0.7 m, ends above 0.8 m."""
    pelvis = height(joints, "pelvis")
    return bool(pelvis.min() < 0.7 and pelvis[-5:].min() > 0.8)


def bends_down(joints: np.ndarray) -> bool:
    """A hand falls below 0.45 m while the head is below 1.25 m."""
    hand = np.minimum(height(joints, "left_wrist"), height(joints, "right_wrist"))
    return bool(((hand < 0.45) & (height(joints, "head") < 1.25)).any())


def raises_arm(joints: np.ndarray, side: str | None = None) -> bool:
    """The wrist of that arm (of either for None) is above its shoulder for 0.2 s."""
    return any(
        sustained(joints[:, JOINT[f"{one}_wrist"], 1] > joints[:, JOINT[f"{one}_shoulder"], 1], 0.2)
        for one in SIDES
        if side in (None, one)
    )


def raises_both_arms(joints: np.ndarray) -> bool:
    """Both wrists are above their shoulders at once for 0.2 s."""
    above = [joints[:, JOINT[f"{one}_wrist"], 1] > joints[:, JOINT[f"{one}_shoulder"], 1] for one in SIDES]
    return sustained(above[0] & above[1], 0.2)


def circles_arms(joints: np.ndarray) -> bool:
    """Both wrists circle their shoulders, seen from the side, by more than 270 degrees."""
    ahead = forward_direction(joints)
    for one in SIDES:
        arm = joints[:, JOINT[f"{one}_wrist"]] - joints[:, JOINT[f"{one}_shoulder"]]
        angle = np.degrees(np.unwrap(np.arctan2((arm * ahead).sum(axis=-1), arm[:, 1])))
        if float(np.ptp(angle)) < 270:
            return False
    return True


def claps(joints: np.ndarray) -> bool:
    """The wrists come within 0.2 m of each other twice or more, 8 cm further apart between, above the pelvis."""
    wrists = joints[:, JOINT["left_wrist"]], joints[:, JOINT["right_wrist"]]
    gap = np.linalg.norm(wrists[0] - wrists[1], axis=-1)
    high = np.minimum(wrists[0][:, 1], wrists[1][:, 1]) > joints[:, 0, 1] + 0.1
    return len(episodes((gap < 0.2) & high, gap > 0.28)) >= 2


def touches_elbow_to_knee(joints: np.ndarray) -> bool:
    """An elbow comes within 0.22 m of the knee of the other side."""
    gaps = [
        np.linalg.norm(joints[:, JOINT[f"{one}_elbow"]] - joints[:, JOINT[f"{other}_knee"]], axis=-1)
        for one, other in (SIDES, SIDES[::-1])
    ]
    return bool(np.min(gaps) < 0.22)


def waves(joints: np.ndarray, side: str | None = None) -> bool:
    """A raised hand (above the middle of the upper arm) oscillates: three reversals of more than 4 cm."""
    for one in SIDES:
        wrist, shoulder, elbow = (joints[:, JOINT[f"{one}_{part}"]] for part in ("wrist", "shoulder", "elbow"))
        up = wrist[:, 1] > (shoulder[:, 1] + elbow[:, 1]) / 2
        if side in (None, one) and up.any():
            relative = (wrist - joints[:, JOINT["spine3"]])[up]
            if max(reversals(relative[:, axis], 0.04) for axis in range(3)) >= 3:
                return True
    return False


def throws(joints: np.ndarray, side: str | None = None) -> bool:
    """A hand held above its elbow moves faster than 2.2 m/s against the body: hands that swing hang down."""
    if len(joints) < 2:
        return False
    for one in SIDES:
        wrist = joints[:, JOINT[f"{one}_wrist"]]
        quick = np.linalg.norm(np.diff(wrist - joints[:, 0], axis=0), axis=-1) * FPS > 2.2
        if side in (None, one) and bool((quick & (wrist[1:, 1] > joints[1:, JOINT[f"{one}_elbow"], 1] + 0.05)).any()):
            return True
    return False


def punches(joints: np.ndarray, side: str | None = None) -> bool:
    """A wrist moves away from its shoulder faster than 1.5 m/s, at more than half the height of the body."""
    for one in SIDES:
        wrist, shoulder = joints[:, JOINT[f"{one}_wrist"]], joints[:, JOINT[f"{one}_shoulder"]]
        reach = np.linalg.norm(wrist - shoulder, axis=-1)
        quick = np.diff(reach) * FPS > 1.5
        if side in (None, one) and bool((quick & (wrist[1:, 1] > joints[1:, 0, 1] + 0.15)).any()):
            return True
    return False


def stands_still(joints: np.ndarray) -> bool:
    """The pelvis stays above 0.8 m and within 0.25 m of its start, and no wrist or foot exceeds 1 m/s."""
    calm = max(peak_speed(joints, name) for name in ("left_wrist", "right_wrist", "left_foot", "right_foot")) < 1.0
    return calm and stays(joints)


def stays(joints: np.ndarray) -> bool:
    """The pelvis stays above 0.8 m and within 0.25 m of its start, whatever the arms do."""
    return _max_drift(joints) < 0.25 and float(np.median(height(joints, "pelvis"))) > 0.8


def lies(joints: np.ndarray) -> bool:
    """Pelvis under 0.35 m and head under 0.5 m for half a second."""
    return sustained((height(joints, "pelvis") < 0.35) & (height(joints, "head") < 0.5), 0.5)


def sneaks(joints: np.ndarray) -> bool:
    """Moves 0.6 m forward, twice as far as aside, never above 1.15 m/s, with the median pelvis under 0.95 m."""
    ahead, left = travel(joints)
    low = float(np.median(height(joints, "pelvis"))) < 0.95
    return ahead > 0.6 and ahead > 2 * abs(left) and float(speed(joints).max()) < 1.15 and low


def marches(joints: np.ndarray) -> bool:
    """Either knee comes above 0.65 m, never both at once, and a foot is on the floor most of the time."""
    left, right = height(joints, "left_knee") > 0.65, height(joints, "right_knee") > 0.65
    grounded = float(np.median(clearance(joints))) < 0.1
    return bool(left.any() and right.any() and not (left & right).any()) and grounded


def _max_drift(joints: np.ndarray) -> float:
    """Largest distance in metres of the pelvis from its start, over the ground."""
    path = ground_path(joints)
    return float(np.linalg.norm(path - path[0], axis=-1).max())


COUNTERS: dict[str, Callable[[np.ndarray], int]] = {
    "jump": count_jumps,
    "hop": partial(count_jumps, min_clearance=0.04),
    "kick": count_kicks,
    "squat": count_squats,
}
