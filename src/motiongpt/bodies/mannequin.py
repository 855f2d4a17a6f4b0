"""The default character: an artist's mannequin with the proportions of the motion.

Mesh and skin weights are those of the "wooden" figure of mannequin-x (A. Boscolo Camiletto, Apache-2.0), with its
finger bones merged into the wrists; ``tools/mannequin_asset.py`` makes the file, the licence lies beside it.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from motiongpt.bodies.body import Body
from motiongpt.bodies.posing import Pose, rest_joints
from motiongpt.bodies.rest_pose import rest_offsets
from motiongpt.errors import MotionGPTError
from motiongpt.motion import rotations
from motiongpt.motion.skeleton import HUMANML3D

ASSET = Path(__file__).parent / "assets" / "mannequin.npz"
LEVELS = ("high", "medium", "low")
WOOD = (214, 178, 134)
BALLS = (122, 88, 62)
# Joints whose only bone is aimed and stretched; the others keep their turn.
_AIMED = ("hip", "knee", "collar", "shoulder", "elbow")
_SPINE = {"pelvis": "spine1", "spine1": "spine2", "spine2": "spine3", "spine3": "neck"}


@cache
def _asset() -> dict[str, np.ndarray]:
    with np.load(ASSET) as archive:
        return dict(archive)


class Mannequin(Body):
    """The mannequin, proportioned to a body.

    Args:
        shape: the pose whose bone lengths it takes, or offsets (22, 3) at rest, or None for HumanML3D's proportions.
        detail: "high" (24 256 vertices), "medium" (about 6 000) or "low" (about 2 200).

    Raises:
        MotionGPTError: unknown detail.
    """

    def __init__(self, shape: Pose | np.ndarray | None = None, detail: str = "medium") -> None:
        if detail not in LEVELS:
            raise MotionGPTError(f"Detail of the mannequin must be one of {', '.join(LEVELS)}, not {detail!r}.")
        if shape is None:
            shape = rest_offsets(np.array(HUMANML3D.lengths))
        offsets = np.asarray(shape.offsets if isinstance(shape, Pose) else shape, dtype=np.float64)
        asset = _asset()
        indices = asset[f"{detail}_joint_indices"].astype(np.int32)
        weights = asset[f"{detail}_weights"].astype(np.float32)
        weights /= weights.sum(axis=1, keepdims=True)
        balls = asset[f"{detail}_ball"]
        vertices = _proportioned(
            asset[f"{detail}_vertices"].astype(np.float64), indices, weights, balls, asset["joints"], offsets
        )
        super().__init__(
            rest_vertices=vertices.astype(np.float32),
            faces=asset[f"{detail}_faces"].astype(np.int32),
            joint_indices=indices,
            weights=weights,
            offsets=offsets,
            colours=np.where(balls[:, None], BALLS, WOOD).astype(np.uint8),
        )


def _proportioned(
    vertices: np.ndarray,
    indices: np.ndarray,
    weights: np.ndarray,
    balls: np.ndarray,
    joints: np.ndarray,
    offsets: np.ndarray,
) -> np.ndarray:
    """The mesh moved from its own joints (22, 3) to those of a body at rest.

    Limbs are turned and stretched along their bones, the trunk is stretched upwards; across, everything is scaled by
    the height of the body. Balls stay round. Head and feet keep their shape: their joints lie elsewhere in the figure
    than in SMPL, inside the skull, say.
    """
    own = joints - joints[list(HUMANML3D.parents)]
    own[0] = 0
    upright = [HUMANML3D.index(name) for name in ("spine1", "spine2", "spine3", "neck", "left_knee", "left_ankle")]
    size = np.linalg.norm(offsets[upright], axis=-1).sum() / np.linalg.norm(own[upright], axis=-1).sum()
    places = rest_joints(offsets, HUMANML3D.parents)
    count = HUMANML3D.num_joints
    shapes = np.tile(np.eye(3) * size, (count, 1, 1))
    turns = shapes.copy()
    for joint, name in enumerate(HUMANML3D.joints):
        if name in _SPINE:
            child = HUMANML3D.index(_SPINE[name])
            shapes[joint, 1, 1] = offsets[child, 1] / own[child, 1]
        elif name.endswith(_AIMED):
            child = HUMANML3D.parents.index(joint)
            turn = rotations.to_matrix(rotations.between(own[child], offsets[child]))
            along = own[child] / np.linalg.norm(own[child])
            stretch = np.linalg.norm(offsets[child]) / np.linalg.norm(own[child]) - size
            turns[joint] = turn * size
            shapes[joint] = turn @ (np.eye(3) * size + stretch * np.outer(along, along))
    neck, head = HUMANML3D.index("neck"), HUMANML3D.index("head")
    places[head] = places[neck] + size * own[head]
    result = np.zeros_like(vertices)
    for k in range(indices.shape[1]):
        bones = indices[:, k]
        shape = np.where(balls[:, None, None], turns[bones], shapes[bones])
        result += weights[:, k, None] * (np.einsum("vij,vj->vi", shape, vertices - joints[bones]) + places[bones])
    return result
