"""Bodies in motion, worked out without the package's own kinematics."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from motiongpt.motion import HUMANML3D


def smooth_turns(rng: np.random.Generator, frames: int, joints: int, degrees: float) -> np.ndarray:
    """(frames, joints, 3) rotation vectors in radians that swing smoothly."""
    t = np.arange(frames)[:, None, None] / 20
    speed, phase = rng.uniform(0.5, 2.0, (1, joints, 3)), rng.uniform(0, 6, (1, joints, 3))
    return np.radians(degrees) * np.sin(speed * t + phase)


def chain(offsets: np.ndarray, parents: tuple[int, ...], turns: np.ndarray, root: np.ndarray) -> np.ndarray:
    """Forward kinematics with scipy: (T, J, 3) positions from rotation vectors (T, J, 3)."""
    world: list[Rotation] = []
    positions = np.zeros((*turns.shape[:2], 3))
    for joint, parent in enumerate(parents):
        local = Rotation.from_rotvec(turns[:, joint])
        if parent < 0:
            positions[:, joint] = root
            world.append(local)
        else:
            positions[:, joint] = positions[:, parent] + world[parent].apply(offsets[joint])
            world.append(world[parent] * local)
    return positions


def standing(joints: np.ndarray, facing: np.ndarray) -> None:
    """Assert that (22, 3) joints are an upright body, left on its left, knees and toes to the front."""
    at = {name: joints[i] for i, name in enumerate(HUMANML3D.joints)}
    left = np.cross([0.0, 1.0, 0.0], facing)
    for joint in ("hip", "knee", "ankle", "shoulder", "elbow", "wrist", "collar"):
        assert (at[f"left_{joint}"] - at[f"right_{joint}"]) @ left > 0, joint
    column = [
        "left_foot",
        "left_ankle",
        "left_knee",
        "left_hip",
        "pelvis",
        "spine1",
        "spine2",
        "spine3",
        "neck",
        "head",
    ]
    heights = [at[name][1] for name in column]
    assert heights == sorted(heights)
    for side in ("left", "right"):
        assert (at[f"{side}_foot"] - at[f"{side}_ankle"]) @ facing > 0.05
        hip, knee, ankle = (at[f"{side}_{j}"] for j in ("hip", "knee", "ankle"))
        assert (knee - (hip + ankle) / 2) @ facing > -0.02, "a knee bends backwards"


def bone_lengths(joints: np.ndarray) -> np.ndarray:
    """(T, 21) distance of each joint from its parent."""
    return np.linalg.norm(joints[:, 1:] - joints[:, list(HUMANML3D.parents[1:])], axis=-1)
