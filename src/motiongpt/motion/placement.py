"""Placement of a motion: position, heading, floor."""

from __future__ import annotations

import numpy as np

from motiongpt.motion import rotations
from motiongpt.motion.skeleton import HUMANML3D, Skeleton

FORWARD = np.array([0.0, 0.0, 1.0])
UP = np.array([0.0, 1.0, 0.0])
# If the lowest joint of a part of a clip is within so many metres of y = 0, that is taken for the floor.
NEAR_FLOOR = 0.1


def forward_direction(joints: np.ndarray, skeleton: Skeleton = HUMANML3D) -> np.ndarray:
    """Horizontal unit direction (T, 3) that the body faces: up cross left-to-right, over hips and shoulders."""
    right_hip, left_hip, right_shoulder, left_shoulder = skeleton.face_joints
    across = joints[:, right_hip] - joints[:, left_hip] + joints[:, right_shoulder] - joints[:, left_shoulder]
    return _horizontal_unit(np.cross(UP, across))


def _horizontal_unit(vectors: np.ndarray) -> np.ndarray:
    """Unit vectors (T, 3). A body that lies on its side has no heading and keeps the last one it had."""
    norm = np.linalg.norm(vectors, axis=-1, keepdims=True)
    good = norm[:, 0] > 1e-8
    if not good.all():
        last = np.maximum.accumulate(np.where(good, np.arange(len(vectors)), -1))
        vectors = np.where(last[:, None] >= 0, vectors[last], FORWARD)
        norm = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / norm


def heading(joints: np.ndarray, skeleton: Skeleton = HUMANML3D) -> np.ndarray:
    """Rotation (T, 4) about Y that turns the facing direction of each frame to +Z."""
    return rotations.between(forward_direction(joints, skeleton), FORWARD)


def floor_of_part(joints: np.ndarray) -> float:
    """Height of the floor under some frames (T, J, 3) of a clip, in metres.

    No joint need touch the floor during these frames. If the lowest joint is near y = 0, the clip has been placed and
    its floor is 0. Otherwise the lowest joint is the floor.
    """
    lowest = float(joints[..., 1].min())
    return 0.0 if abs(lowest) < NEAR_FLOOR else lowest


def place(joints: np.ndarray, skeleton: Skeleton = HUMANML3D, floor: float | None = None) -> np.ndarray:
    """Canonical placement of (T, J, 3): floor at y = 0, root over the origin and facing +Z at frame 0.

    Args:
        floor: height of the floor in the input; None stands for the lowest joint of all frames.
    """
    joints = np.array(joints, dtype=np.float64)
    joints[..., 1] -= joints[..., 1].min() if floor is None else floor
    joints[..., [0, 2]] -= joints[0, 0, [0, 2]]
    return rotations.rotate(heading(joints[:1], skeleton)[0], joints)
