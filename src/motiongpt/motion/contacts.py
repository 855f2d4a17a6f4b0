"""Foot contacts: a foot that is low and slow carries the body."""

from __future__ import annotations

import numpy as np

from motiongpt.motion.measures import FEET, floor_height
from motiongpt.motion.skeleton import HUMANML3D

# Heights of left ankle, left foot, right ankle, right foot of a flat foot, metres; measured on real clips.
REST_HEIGHTS = np.array([0.065, 0.015, 0.065, 0.015])
# At this speed (m/s), or this height (m) above its rest height, a foot joint carries 1/e of what a resting one does.
SPEED, HEIGHT = 0.4, 0.06


def foot_speeds(joints: np.ndarray, fps: float) -> np.ndarray:
    """(T, 4) speed in m/s of left ankle, left foot, right ankle and right foot, by central differences."""
    if len(joints) < 2:
        return np.zeros((len(joints), len(FEET)))
    return np.linalg.norm(np.gradient(joints[:, FEET].astype(np.float64), axis=0), axis=-1) * fps


def support(joints: np.ndarray, fps: float) -> np.ndarray:
    """Weight of each foot joint as a support of the body.

    Args:
        joints: (T, 22, 3) metres, Y up.
        fps: frames a second.

    Returns:
        (T, 4) for left ankle, left foot, right ankle, right foot: 1 for a joint that rests on the floor, less the
        faster or higher it is; all near 0 in the air.
    """
    raised = np.maximum(joints[:, FEET, 1] - floor_height(joints) - REST_HEIGHTS, 0)
    return np.exp(-((foot_speeds(joints, fps) / SPEED) ** 2) - (raised / HEIGHT) ** 2)


# Limits of speed (m/s) and of height above rest (m). Below CERTAIN a foot joint is planted. Below POSSIBLE it is
# planted if another frame of the same contact is certain. Swinging feet are faster than that, sliding feet are not.
CERTAIN, POSSIBLE = (0.35, 0.04), (0.8, 0.06)
# In frames at 20 fps; shorter contacts are noise.
MIN_CONTACT = 3


def planted(joints: np.ndarray, fps: float, contacts: np.ndarray | None = None) -> np.ndarray:
    """Foot joints that stand on the floor, sliding or not.

    Args:
        joints: (T, 22, 3) metres, Y up.
        fps: frames a second.
        contacts: (T, 4) contact features, above 0.5 where planted. A frame that they rule out is not planted.

    Returns:
        (T, 4) bool for left ankle, left foot, right ankle, right foot. Height and speed decide with hysteresis: a
        contact consists of possible frames, at least one of which is certain.
    """
    speed = foot_speeds(joints, fps)
    raised = joints[:, FEET, 1] - floor_height(joints) - REST_HEIGHTS
    possible = (speed < POSSIBLE[0]) & (raised < POSSIBLE[1])
    if contacts is not None:
        possible &= np.asarray(contacts) > 0.5
    certain = possible & (speed < CERTAIN[0]) & (raised < CERTAIN[1])
    result = np.zeros_like(possible)
    for foot in range(len(FEET)):
        # Contacts are numbered from 1; the frames between them are 0.
        mask = possible[:, foot]
        number = np.cumsum(np.diff(mask, prepend=False) & mask) * mask
        sizes, sure = (np.bincount(number, weight) for weight in (None, certain[:, foot]))
        good = (sure > 0) & (sizes >= MIN_CONTACT * fps / HUMANML3D.fps)
        good[0] = False
        result[:, foot] = good[number]
    return result
