"""The 22 joints at rest: a T-pose with the bone directions of the average SMPL body.

HumanML3D's own rest directions run along the coordinate axes and belong to its features only. A body model's pose, and
an animator's rig, are relative to a body that looks like one: toes forward, collar bones up and outwards, arms level.
"""

from __future__ import annotations

import numpy as np

from motiongpt.motion.skeleton import HUMANML3D

# Offset from the parent in centimetres: middle and left side; the right side is mirrored.
_OFFSETS_CM = {
    "spine1": (0.0, 11.0, -2.7),
    "spine2": (0.0, 13.5, 0.2),
    "spine3": (0.0, 5.3, 2.5),
    "neck": (0.0, 21.4, -4.2),
    "head": (0.0, 6.5, 5.1),
    "left_hip": (6.9, -9.1, -0.6),
    "left_knee": (3.6, -37.9, -0.6),
    "left_ankle": (-1.4, -39.8, -4.3),
    "left_foot": (2.6, -5.3, 12.1),
    "left_collar": (8.0, 12.0, -3.6),
    "left_shoulder": (9.4, 3.2, -0.9),
    "left_elbow": (25.7, -1.3, -2.5),
    "left_wrist": (25.2, 0.8, -0.3),
}


def _directions() -> np.ndarray:
    offsets = np.zeros((HUMANML3D.num_joints, 3))
    for name, offset in _OFFSETS_CM.items():
        offsets[HUMANML3D.index(name)] = offset
        if name.startswith("left_"):
            offsets[HUMANML3D.index(name.replace("left_", "right_"))] = np.array(offset) * [-1, 1, 1]
    length = np.linalg.norm(offsets, axis=-1, keepdims=True)
    return offsets / np.where(length == 0, 1, length)


# (22, 3) unit vectors from parent to joint; zero for the pelvis. Y up, facing +Z, left towards +X.
REST_DIRECTIONS = _directions()

# Tips that make the last bones visible in files and programs, in leg lengths (hip to ankle).
_TIPS = {
    "head": (0.0, 0.22, 0.03),
    "left_foot": (0.0, 0.0, 0.08),
    "right_foot": (0.0, 0.0, 0.08),
    "left_wrist": (0.1, 0.0, 0.0),
    "right_wrist": (-0.1, 0.0, 0.0),
}

# The average SMPL pelvis in the coordinates of the body model, about which its root rotation turns.
SMPL_PELVIS = np.array([0.0, -0.22, 0.03])


def rest_offsets(lengths: np.ndarray) -> np.ndarray:
    """(22, 3) offsets from the parent for bone lengths (22,), the pelvis' being 0."""
    return REST_DIRECTIONS * np.asarray(lengths)[:, None]


def tips(offsets: np.ndarray) -> dict[str, np.ndarray]:
    """Where the last bones end: (3,) from the joint at rest, by its name, for a body with these offsets (22, 3)."""
    leg = sum(np.linalg.norm(offsets[HUMANML3D.index(name)]) for name in ("left_knee", "left_ankle"))
    return {name: np.array(tip) * leg for name, tip in _TIPS.items()}
