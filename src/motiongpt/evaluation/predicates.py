"""Does a motion do what is said? Yes or no from the geometry of its joints alone.

Every predicate takes joints (T, 22, 3) in metres, Y up, at 20 fps, in HumanML3D proportions (standing, the pelvis is
about 0.93 m and the head about 1.55 m above the floor), and gives a bool. The placement in the world does not matter.
Thresholds are set so that real clips whose captions say the action pass and other clips do not; how often they do is
measured by :func:`motiongpt.evaluation.ceiling.measure_ceiling`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from motiongpt.motion.measures import (
    FPS,
    JOINT,
    clearance,
    displacement,
    ground_path,
    height,
    lasts,
    net_turn,
    path_length,
    quickest,
    reversals,
    speed,
    travel,
    yaw,
)

Predicate = Callable[..., bool]


def walks_forward(joints: np.ndarray, least: float = 0.5) -> bool:
    """The root ends more than ``least`` metres ahead along the first facing direction, and more ahead than aside."""
    ahead, left = displacement(joints)
    return ahead > least and ahead > abs(left)


def walks_backward(joints: np.ndarray, least: float = 0.4) -> bool:
    """At least ``least`` metres are walked against the facing direction, more than forward and than aside."""
    ahead, left = travel(joints)
    return ahead < -least and -ahead > abs(left)


def walks_sideways(joints: np.ndarray, side: str | None = None) -> bool:
    """More than 0.4 m are walked to the side (``"left"``, ``"right"``, or either), more than forward or backward."""
    ahead, left = travel(joints)
    way = abs(left) if side is None else left if side == "left" else -left
    return way > 0.4 and way > abs(ahead)


def moves_slowly(joints: np.ndarray) -> bool:
    """More than 0.5 m are walked forward, more than aside, and while moving mostly slower than 1.2 m/s."""
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


def turns(joints: np.ndarray, side: str, least: float = 30.0) -> bool:
    """The heading ends more than ``least`` degrees to that side of the first one."""
    turn = net_turn(joints)
    return (turn if side == "left" else -turn) > least


def turns_around(joints: np.ndarray) -> bool:
    """The heading goes more than 120 degrees away from the first one."""
    return float(np.degrees(np.abs(yaw(joints)).max())) > 120


def circles(joints: np.ndarray, side: str | None = None) -> bool:
    """Walks a path of more than 1.5 m that turns by more than 240 degrees (to one side where ``side`` is given)."""
    turn = net_turn(joints)
    amount = abs(turn) if side is None else turn if side == "left" else -turn
    return amount > 240 and path_length(joints) > 1.5


def jumps(joints: np.ndarray, least: float = 0.1) -> bool:
    """Both feet are more than ``least`` metres off the floor at once, and the pelvis rises and falls with them."""
    lift, pelvis = clearance(joints), joints[:, 0, 1]
    top = int(lift.argmax())
    before, after = pelvis[max(0, top - 12) : top + 1].min(), pelvis[top : top + 13].min()
    return lift[top] > least and pelvis[top] - max(before, after) > 0.06


def hops(joints: np.ndarray) -> bool:
    """Both feet leave the floor by more than 4 cm, and the pelvis rises and falls: lower than a jump."""
    return jumps(joints, 0.04)


def kicks(joints: np.ndarray, side: str | None = None) -> bool:
    """A foot comes above 0.3 m, 0.2 m above the other, its leg nearly straight, and reaches 3 m/s against the body.

    The leg reaches at least 0.65 m from hip to ankle: in running, the foot that comes high is on a folded leg.
    """
    for one, other in (("left", "right"), ("right", "left")):
        foot, rest = (height(joints, f"{name}_foot") for name in (one, other))
        reach = np.linalg.norm(joints[:, JOINT[f"{one}_ankle"]] - joints[:, JOINT[f"{one}_hip"]], axis=-1)
        lifted = (foot > 0.3) & (foot - rest > 0.2) & (reach > 0.65)
        if side in (None, one) and lifted.any() and quickest(joints, f"{one}_foot") > 3:
            return True
    return False


def sits(joints: np.ndarray) -> bool:
    """The pelvis stays under 0.7 m for half a second, the chest more than 0.15 m above it."""
    pelvis = height(joints, "pelvis")
    upright = joints[:, JOINT["spine3"], 1] - joints[:, 0, 1] > 0.15
    return lasts((pelvis < 0.7) & upright, 0.5)


def squats(joints: np.ndarray) -> bool:
    """The pelvis comes under 0.7 m over feet that stay on the floor."""
    low = height(joints, "pelvis") < 0.7
    return bool((low & (clearance(joints) < 0.1)).any())


def bends_down(joints: np.ndarray) -> bool:
    """A hand comes under 0.45 m, and the head under 1.25 m."""
    hand = np.minimum(height(joints, "left_wrist"), height(joints, "right_wrist"))
    return bool(((hand < 0.45) & (height(joints, "head") < 1.25)).any())


def raises_arm(joints: np.ndarray, side: str | None = None) -> bool:
    """The wrist of that arm (of either for None) is above its shoulder for 0.2 s."""
    return any(
        lasts(joints[:, JOINT[f"{one}_wrist"], 1] > joints[:, JOINT[f"{one}_shoulder"], 1], 0.2)
        for one in ("left", "right")
        if side in (None, one)
    )


def raises_both_arms(joints: np.ndarray) -> bool:
    """Both wrists are above their shoulders at once for 0.2 s."""
    above = [joints[:, JOINT[f"{one}_wrist"], 1] > joints[:, JOINT[f"{one}_shoulder"], 1] for one in ("left", "right")]
    return lasts(above[0] & above[1], 0.2)


def waves(joints: np.ndarray, side: str | None = None) -> bool:
    """A raised hand (above the middle of the upper arm) goes to and fro: three reversals of more than 4 cm."""
    for one in ("left", "right"):
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
    for one in ("left", "right"):
        wrist = joints[:, JOINT[f"{one}_wrist"]]
        quick = np.linalg.norm(np.diff(wrist - joints[:, 0], axis=0), axis=-1) * FPS > 2.2
        if side in (None, one) and bool((quick & (wrist[1:, 1] > joints[1:, JOINT[f"{one}_elbow"], 1] + 0.05)).any()):
            return True
    return False


def punches(joints: np.ndarray, side: str | None = None) -> bool:
    """A wrist moves away from its shoulder faster than 1.5 m/s, at more than half the height of the body."""
    for one in ("left", "right"):
        wrist, shoulder = joints[:, JOINT[f"{one}_wrist"]], joints[:, JOINT[f"{one}_shoulder"]]
        reach = np.linalg.norm(wrist - shoulder, axis=-1)
        quick = np.diff(reach) * FPS > 1.5
        if side in (None, one) and bool((quick & (wrist[1:, 1] > joints[1:, 0, 1] + 0.15)).any()):
            return True
    return False


def stands_still(joints: np.ndarray) -> bool:
    """The pelvis stays over 0.8 m and within 0.25 m of where it was, and no wrist or foot reaches more than 1 m/s."""
    path = ground_path(joints)
    near = float(np.linalg.norm(path - path[0], axis=-1).max()) < 0.25
    calm = max(quickest(joints, name) for name in ("left_wrist", "right_wrist", "left_foot", "right_foot")) < 1.0
    return near and calm and float(np.median(height(joints, "pelvis"))) > 0.8


def lies(joints: np.ndarray) -> bool:
    """Pelvis under 0.35 m and head under 0.5 m for half a second."""
    return lasts((height(joints, "pelvis") < 0.35) & (height(joints, "head") < 0.5), 0.5)


def sneaks(joints: np.ndarray) -> bool:
    """Goes over 0.6 m forward, twice as far as aside, never faster than 1.15 m/s, the pelvis mostly under 0.95 m."""
    ahead, left = travel(joints)
    low = float(np.median(height(joints, "pelvis"))) < 0.95
    return ahead > 0.6 and ahead > 2 * abs(left) and float(speed(joints).max()) < 1.15 and low
