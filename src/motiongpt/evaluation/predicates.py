"""Does a motion do what is said? Yes or no from the geometry of its joints alone.

Every predicate takes joints (T, 22, 3) in metres, Y up, at 20 fps, in HumanML3D proportions (standing, the pelvis is
about 0.93 m and the head about 1.55 m above the floor), and gives a bool. The placement in the world does not matter.
Thresholds are set so that real clips whose captions say the action pass and other clips do not; how often they do is
measured by :func:`motiongpt.evaluation.ceiling.measure_ceiling`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.ndimage import uniform_filter1d

from motiongpt.motion.placement import forward_direction
from motiongpt.motion.skeleton import HUMANML3D

FPS = HUMANML3D.fps
_J = {name: HUMANML3D.index(name) for name in HUMANML3D.joints}
_FEET = (*HUMANML3D.left_foot, *HUMANML3D.right_foot)
Predicate = Callable[..., bool]


def _smooth(values: np.ndarray, seconds: float) -> np.ndarray:
    """Moving average over time; a body sways with every step, which is no travel and no turn."""
    size = min(round(seconds * FPS), len(values))
    return uniform_filter1d(values, max(size, 1), axis=0, mode="nearest")


def floor_height(joints: np.ndarray) -> float:
    """Height of the floor: what the lowest joint keeps to, single deep frames left out."""
    return float(np.percentile(joints[..., 1].min(axis=1), 10))


def height(joints: np.ndarray, joint: str) -> np.ndarray:
    """(T,) height of a joint above the floor."""
    return joints[:, _J[joint], 1] - floor_height(joints)


def yaw(joints: np.ndarray) -> np.ndarray:
    """(T,) heading in radians, continuous, positive to the left of the first frame, averaged over half a second."""
    facing = forward_direction(joints)
    angle = np.unwrap(np.arctan2(facing[:, 0], facing[:, 2]))
    return _smooth(angle - angle[0], 0.5)


def net_turn(joints: np.ndarray) -> float:
    """Degrees from the first heading to the last, left positive; a full circle is 360."""
    angle = yaw(joints)
    return float(np.degrees(angle[-1] - angle[0]))


def _path(joints: np.ndarray) -> np.ndarray:
    """(T, 2) smoothed ground path of the pelvis, x and z."""
    return _smooth(joints[:, 0, [0, 2]].astype(np.float64), 0.25)


def path_length(joints: np.ndarray) -> float:
    """Metres the pelvis travels over the ground."""
    return float(np.linalg.norm(np.diff(_path(joints), axis=0), axis=-1).sum())


def speed(joints: np.ndarray) -> np.ndarray:
    """(T,) ground speed of the pelvis in m/s, averaged over half a second."""
    if len(joints) < 2:
        return np.zeros(len(joints))
    steps = np.gradient(_path(joints), 1 / FPS, axis=0)
    return np.linalg.norm(_smooth(steps, 0.5), axis=-1)


def displacement(joints: np.ndarray) -> tuple[float, float]:
    """Metres from start to end along the first facing direction and to its left."""
    path = _path(joints)
    # The first half second, because a body may twist in its first frame.
    ahead = forward_direction(joints[: round(0.5 * FPS)])[:, [0, 2]].mean(axis=0)
    ahead = ahead / max(float(np.linalg.norm(ahead)), 1e-8)
    way = path[-1] - path[0]
    # Left of facing +Z is +X.
    return float(way @ ahead), float(way @ np.array([ahead[1], -ahead[0]]))


def travel(joints: np.ndarray) -> tuple[float, float]:
    """Metres walked along the momentary facing direction and to its left: a circle walked forward is all forward."""
    facing = forward_direction(joints)[:, [0, 2]]
    steps = np.diff(_path(joints), axis=0)
    left = np.stack([facing[:, 1], -facing[:, 0]], axis=-1)
    return float((steps * facing[:-1]).sum()), float((steps * left[:-1]).sum())


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


def clearance(joints: np.ndarray) -> np.ndarray:
    """(T,) height of the lowest foot joint above the floor."""
    return joints[:, _FEET, 1].min(axis=1) - floor_height(joints)


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
        reach = np.linalg.norm(joints[:, _J[f"{one}_ankle"]] - joints[:, _J[f"{one}_hip"]], axis=-1)
        lifted = (foot > 0.3) & (foot - rest > 0.2) & (reach > 0.65)
        if side in (None, one) and lifted.any() and _quickest(joints, f"{one}_foot") > 3:
            return True
    return False


def _quickest(joints: np.ndarray, joint: str) -> float:
    """Largest speed of a joint against the pelvis in m/s."""
    if len(joints) < 2:
        return 0.0
    relative = joints[:, _J[joint]] - joints[:, 0]
    return float(np.linalg.norm(np.diff(relative, axis=0), axis=-1).max() * FPS)


def _lasts(mask: np.ndarray, seconds: float) -> bool:
    """True for at least so long at a stretch."""
    run = 0
    for value in mask:
        run = run + 1 if value else 0
        if run >= seconds * FPS:
            return True
    return False


def sits(joints: np.ndarray) -> bool:
    """The pelvis stays under 0.7 m for half a second, the chest more than 0.15 m above it."""
    pelvis = height(joints, "pelvis")
    upright = joints[:, _J["spine3"], 1] - joints[:, 0, 1] > 0.15
    return _lasts((pelvis < 0.7) & upright, 0.5)


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
        _lasts(joints[:, _J[f"{one}_wrist"], 1] > joints[:, _J[f"{one}_shoulder"], 1], 0.2)
        for one in ("left", "right")
        if side in (None, one)
    )


def raises_both_arms(joints: np.ndarray) -> bool:
    """Both wrists are above their shoulders at once for 0.2 s."""
    above = [joints[:, _J[f"{one}_wrist"], 1] > joints[:, _J[f"{one}_shoulder"], 1] for one in ("left", "right")]
    return _lasts(above[0] & above[1], 0.2)


def waves(joints: np.ndarray, side: str | None = None) -> bool:
    """A raised hand (above the middle of the upper arm) goes to and fro: three reversals of more than 4 cm."""
    for one in ("left", "right"):
        wrist, shoulder, elbow = (joints[:, _J[f"{one}_{part}"]] for part in ("wrist", "shoulder", "elbow"))
        up = wrist[:, 1] > (shoulder[:, 1] + elbow[:, 1]) / 2
        if side in (None, one) and up.any():
            relative = (wrist - joints[:, _J["spine3"]])[up]
            if max(_reversals(relative[:, axis], 0.04) for axis in range(3)) >= 3:
                return True
    return False


def _reversals(values: np.ndarray, least: float) -> int:
    """How often a curve turns back by more than ``least``."""
    count, direction, extreme = 0, 0, values[0]
    for value in values:
        if direction * (value - extreme) > 0 or (direction == 0 and abs(value - extreme) > least):
            direction, extreme = direction or int(np.sign(value - extreme)), value
        elif direction * (extreme - value) > least:
            count, direction, extreme = count + 1, -direction, value
    return count


def throws(joints: np.ndarray, side: str | None = None) -> bool:
    """A hand held above its elbow moves faster than 2.2 m/s against the body: hands that swing hang down."""
    if len(joints) < 2:
        return False
    for one in ("left", "right"):
        wrist = joints[:, _J[f"{one}_wrist"]]
        quick = np.linalg.norm(np.diff(wrist - joints[:, 0], axis=0), axis=-1) * FPS > 2.2
        if side in (None, one) and bool((quick & (wrist[1:, 1] > joints[1:, _J[f"{one}_elbow"], 1] + 0.05)).any()):
            return True
    return False


def punches(joints: np.ndarray, side: str | None = None) -> bool:
    """A wrist moves away from its shoulder faster than 1.5 m/s, at more than half the height of the body."""
    for one in ("left", "right"):
        wrist, shoulder = joints[:, _J[f"{one}_wrist"]], joints[:, _J[f"{one}_shoulder"]]
        reach = np.linalg.norm(wrist - shoulder, axis=-1)
        quick = np.diff(reach) * FPS > 1.5
        if side in (None, one) and bool((quick & (wrist[1:, 1] > joints[1:, 0, 1] + 0.15)).any()):
            return True
    return False


def stands_still(joints: np.ndarray) -> bool:
    """The pelvis stays over 0.8 m and within 0.25 m of where it was, and no wrist or foot reaches more than 1 m/s."""
    path = _path(joints)
    near = float(np.linalg.norm(path - path[0], axis=-1).max()) < 0.25
    calm = max(_quickest(joints, name) for name in ("left_wrist", "right_wrist", "left_foot", "right_foot")) < 1.0
    return near and calm and float(np.median(height(joints, "pelvis"))) > 0.8


def lies(joints: np.ndarray) -> bool:
    """Pelvis under 0.35 m and head under 0.5 m for half a second."""
    return _lasts((height(joints, "pelvis") < 0.35) & (height(joints, "head") < 0.5), 0.5)


def sneaks(joints: np.ndarray) -> bool:
    """Goes over 0.6 m forward, twice as far as aside, never faster than 1.15 m/s, the pelvis mostly under 0.95 m."""
    ahead, left = travel(joints)
    low = float(np.median(height(joints, "pelvis"))) < 0.95
    return ahead > 0.6 and ahead > 2 * abs(left) and float(speed(joints).max()) < 1.15 and low
