"""Measures of a motion: distance, speed, direction, height.

Every function takes joints (T, 22, 3) in metres, Y up, at 20 fps, in HumanML3D proportions. Results do not depend on
where the motion stands in the world, unless the docstring says so.
"""

from __future__ import annotations

import numpy as np

from motiongpt.motion.filters import moving_average
from motiongpt.motion.placement import forward_direction
from motiongpt.motion.skeleton import HUMANML3D, Skeleton

FPS = HUMANML3D.fps
JOINT = {name: HUMANML3D.index(name) for name in HUMANML3D.joints}
FEET = (*HUMANML3D.left_foot, *HUMANML3D.right_foot)


def smooth(values: np.ndarray, seconds: float) -> np.ndarray:
    """Moving average over time. A body sways with every step, which is neither travel nor a turn."""
    size = min(round(seconds * FPS), len(values))
    return moving_average(values, max(size, 1))


def floor_height(joints: np.ndarray) -> float:
    """Height of the floor: a low percentile of the lowest joint, so that a few deep frames do not count."""
    return float(np.percentile(joints[..., 1].min(axis=1), 10))


def height(joints: np.ndarray, joint: str) -> np.ndarray:
    """(T,) height of a joint above the floor, in metres."""
    return joints[:, JOINT[joint], 1] - floor_height(joints)


def yaw(joints: np.ndarray) -> np.ndarray:
    """(T,) heading in radians relative to the first frame, unwrapped, left positive, averaged over half a second."""
    facing = forward_direction(joints)
    angle = np.unwrap(np.arctan2(facing[:, 0], facing[:, 2]))
    return smooth(angle - angle[0], 0.5)


def net_turn(joints: np.ndarray) -> float:
    """Turn from the first heading to the last in degrees, left positive; a full circle is 360."""
    angle = yaw(joints)
    return float(np.degrees(angle[-1] - angle[0]))


def ground_path(joints: np.ndarray) -> np.ndarray:
    """(T, 2) smoothed path of the pelvis over the ground, x and z in metres."""
    return smooth(joints[:, 0, [0, 2]].astype(np.float64), 0.25)


def path_length(joints: np.ndarray) -> float:
    """Metres the pelvis travels over the ground."""
    return float(np.linalg.norm(np.diff(ground_path(joints), axis=0), axis=-1).sum())


def speed(joints: np.ndarray) -> np.ndarray:
    """(T,) ground speed of the pelvis in m/s, averaged over half a second."""
    if len(joints) < 2:
        return np.zeros(len(joints))
    steps = np.gradient(ground_path(joints), 1 / FPS, axis=0)
    return np.linalg.norm(smooth(steps, 0.5), axis=-1)


def displacement(joints: np.ndarray) -> tuple[float, float]:
    """Metres from start to end: along the initial facing direction, and to its left."""
    path = ground_path(joints)
    # Averaged over half a second, because a body may be twisted in its first frame.
    ahead = forward_direction(joints[: round(0.5 * FPS)])[:, [0, 2]].mean(axis=0)
    ahead = ahead / max(float(np.linalg.norm(ahead)), 1e-8)
    way = path[-1] - path[0]
    # Left of facing +Z is +X.
    return float(way @ ahead), float(way @ np.array([ahead[1], -ahead[0]]))


def travel(joints: np.ndarray) -> tuple[float, float]:
    """Metres walked along the current facing direction, and to its left: a circle walked forward is all forward."""
    facing = forward_direction(joints)[:, [0, 2]]
    steps = np.diff(ground_path(joints), axis=0)
    left = np.stack([facing[:, 1], -facing[:, 0]], axis=-1)
    return float((steps * facing[:-1]).sum()), float((steps * left[:-1]).sum())


def clearance(joints: np.ndarray) -> np.ndarray:
    """(T,) height of the lowest foot joint above the floor, in metres."""
    return joints[:, FEET, 1].min(axis=1) - floor_height(joints)


def peak_speed(joints: np.ndarray, joint: str) -> float:
    """Highest speed of a joint relative to the pelvis, in m/s."""
    if len(joints) < 2:
        return 0.0
    relative = joints[:, JOINT[joint]] - joints[:, 0]
    return float(np.linalg.norm(np.diff(relative, axis=0), axis=-1).max() * FPS)


def sustained(mask: np.ndarray, seconds: float) -> bool:
    """Whether a mask (T,) is true without a break for at least ``seconds``."""
    run = 0
    for value in mask:
        run = run + 1 if value else 0
        if run >= seconds * FPS:
            return True
    return False


def episodes(begins: np.ndarray, ends: np.ndarray) -> list[tuple[int, int]]:
    """Intervals (start, stop) with hysteresis: each begins where one mask is true and ends where the other one is."""
    found, start = [], -1
    for frame in range(len(begins)):
        if start < 0 and begins[frame]:
            start = frame
        elif start >= 0 and ends[frame]:
            found.append((start, frame))
            start = -1
    return [*found, (start, len(begins))] if start >= 0 else found


def reversals(values: np.ndarray, min_swing: float) -> int:
    """Number of times a curve (T,) changes direction and then moves back by more than ``min_swing``."""
    count, direction, extreme = 0, 0, values[0]
    for value in values:
        if direction * (value - extreme) > 0 or (direction == 0 and abs(value - extreme) > min_swing):
            direction, extreme = direction or int(np.sign(value - extreme)), value
        elif direction * (extreme - value) > min_swing:
            count, direction, extreme = count + 1, -direction, value
    return count


def foot_skate_ratio(joints: np.ndarray, skeleton: Skeleton = HUMANML3D) -> float:
    """Share of the frames in which a toe slides: below 5 cm, yet faster than 0.5 m/s over the ground.

    This is the foot skating ratio of GMD (Karunratanakul et al., ICCV 2023), which later work on controlled generation
    reports. A toe counts as low when it is low at both ends of a step, and as fast when both the step and the mean of
    the five steps around it are fast. Heights are measured from y = 0.

    Args:
        joints: (T, J, 3) metres at the skeleton's frame rate.
        skeleton: of these joints.
    """
    toes = joints[:, (skeleton.left_foot[1], skeleton.right_foot[1])].astype(np.float64)
    if len(toes) < 2:
        return 0.0
    low = (toes[1:, :, 1] < 0.05) & (toes[:-1, :, 1] < 0.05)
    speeds = np.linalg.norm(np.diff(toes[..., [0, 2]], axis=0), axis=-1) * skeleton.fps
    # Mean of five steps; nothing moves before the first and after the last one.
    sums = np.cumsum(np.pad(speeds, ((3, 2), (0, 0))), axis=0)
    fast = (speeds > 0.5) & ((sums[5:] - sums[:-5]) / 5 > 0.5)
    return float((low & fast).any(axis=1).mean())


def jerk(joints: np.ndarray, skeleton: Skeleton = HUMANML3D) -> float:
    """Mean magnitude of the third derivative of the positions over joints and frames, in m/s^3: a measure of jitter.

    Args:
        joints: (T, J, 3) metres at the skeleton's frame rate.
        skeleton: of these joints.
    """
    if len(joints) < 4:
        return 0.0
    return float(np.linalg.norm(np.diff(joints.astype(np.float64), n=3, axis=0), axis=-1).mean() * skeleton.fps**3)


def bone_length_deviation(joints: np.ndarray) -> float:
    """Largest deviation of a bone's length from its median over time, over all bones and frames, in metres."""
    parents = np.array(HUMANML3D.parents[1:])
    lengths = np.linalg.norm(joints[:, 1:] - joints[:, parents], axis=-1)
    return float(np.abs(lengths - np.median(lengths, axis=0)).max())


def floor_penetration(joints: np.ndarray) -> float:
    """Mean depth of the lowest joint below y = 0 over all frames, in metres."""
    return float(np.maximum(-joints[..., 1].min(axis=1), 0).mean())
