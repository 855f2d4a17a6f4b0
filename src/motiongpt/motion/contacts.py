"""Which feet carry the body: low and slow."""

from __future__ import annotations

import numpy as np

from motiongpt.motion.measures import FEET, floor_height

# Heights of left ankle, left foot, right ankle, right foot of a flat foot, metres; measured on real clips.
REST_HEIGHTS = np.array([0.065, 0.015, 0.065, 0.015])
# A foot joint so fast (m/s), or so far (m) above where it rests, carries a third of what a resting one does.
SPEED, HEIGHT = 0.4, 0.06


def foot_speeds(joints: np.ndarray, fps: float) -> np.ndarray:
    """(T, 4) speed in m/s of left ankle, left foot, right ankle, right foot, over the two steps around each frame."""
    if len(joints) < 2:
        return np.zeros((len(joints), len(FEET)))
    return np.linalg.norm(np.gradient(joints[:, FEET].astype(np.float64), axis=0), axis=-1) * fps


def support(joints: np.ndarray, fps: float) -> np.ndarray:
    """How much each foot joint carries the body.

    Args:
        joints: (T, 22, 3) metres, Y up.
        fps: frames a second.

    Returns:
        (T, 4) for left ankle, left foot, right ankle, right foot: 1 where it rests on the floor, towards 0 the faster
        or higher it is; all near 0 in the air.
    """
    raised = np.maximum(joints[:, FEET, 1] - floor_height(joints) - REST_HEIGHTS, 0)
    return np.exp(-((foot_speeds(joints, fps) / SPEED) ** 2) - (raised / HEIGHT) ** 2)
