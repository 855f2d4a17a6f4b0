"""Realistic bodies of any age and shape: Anny (Brégier et al. 2025, Apache-2.0), from the extra ``anny``.

Anny is a mesh in an A-pose on a rig of its own. Its bones are merged into the 22 joints, and its mesh is brought from
the A-pose to the T-pose by undoing the linear blend skinning between the two.
"""

from __future__ import annotations

import numpy as np

from motiongpt.bodies.body import Body
from motiongpt.bodies.posing import fit_pose
from motiongpt.errors import MotionGPTError, require
from motiongpt.motion.motion import Motion
from motiongpt.motion.skeleton import HUMANML3D

SKIN = (224, 188, 165)
# The bone of Anny whose head is a joint: the middle, then those of the left side (".L").
_MIDDLE = {
    "pelvis": "spine05", "spine1": "spine04", "spine2": "spine03", "spine3": "spine02", "neck": "neck01",
    "head": "head",
}  # fmt: skip
_SIDE = {
    "hip": "upperleg01", "knee": "lowerleg01", "ankle": "foot", "foot": "toe2-1", "collar": "clavicle",
    "shoulder": "upperarm01", "elbow": "lowerarm01", "wrist": "wrist",
}  # fmt: skip
# Influences of a vertex that are kept.
_INFLUENCES = 4


class Anny(Body):
    """An Anny body; of a pose of other proportions it takes the rotations, and the path by the length of the legs.

    Args:
        phenotype: numbers from 0 to 1 of what Anny calls its phenotype: ``gender`` (0 is male), ``age``, ``muscle``,
            ``weight``, ``height``, ``proportions``; those left out are in the middle.

    Raises:
        MotionGPTError: the package is not installed, or there is no such phenotype.
    """

    def __init__(self, **phenotype: float) -> None:
        anny = require("anny", "anny")
        model = anny.Anny()
        for name, value in phenotype.items():
            if name not in model.phenotype_labels or not 0 <= value <= 1:
                raise MotionGPTError(
                    f"{name}={value}: a body has {', '.join(model.phenotype_labels)}, each from 0 to 1."
                )
        shape = model(phenotype_kwargs=phenotype)
        # Anny has Z up and faces -Y.
        vertices, heads = (
            shape[name][0].numpy().astype(np.float64)[:, [0, 2, 1]] * [1, 1, -1]
            for name in ("rest_vertices", "rest_bone_heads")
        )
        labels, parents = list(model.bone_labels), [int(parent) for parent in model.bone_parents]
        bones = {joint: labels.index(bone_of(joint)) for joint in HUMANML3D.joints}
        joints = np.stack([heads[bones[joint]] for joint in HUMANML3D.joints])
        pose = fit_pose(Motion(joints[None].astype(np.float32), fps=1.0, name="anny"))
        indices, weights = _merged(
            model.vertex_bone_indices.numpy(), model.vertex_bone_weights.numpy(), _joint_of(labels, parents, bones)
        )
        super().__init__(
            rest_vertices=vertices.astype(np.float32),
            faces=model.get_triangular_faces().numpy().astype(np.int32),
            joint_indices=indices,
            weights=weights,
            offsets=pose.offsets,
            colours=np.tile(np.array(SKIN, dtype=np.uint8), (len(vertices), 1)),
        )
        moves = self.matrices(pose)[0].astype(np.float64)
        blend = np.einsum("vk,vkab->vab", weights, moves[indices])
        rest = np.linalg.solve(blend[:, :, :3], (vertices - blend[:, :, 3])[..., None])[..., 0]
        object.__setattr__(self, "rest_vertices", rest.astype(np.float32))


def bone_of(joint: str) -> str:
    """The bone of Anny that begins at one of the 22 joints."""
    if joint in _MIDDLE:
        return _MIDDLE[joint]
    side, name = joint.split("_")
    return f"{_SIDE[name]}.{side[0].upper()}"


def _joint_of(labels: list[str], parents: list[int], bones: dict[str, int]) -> np.ndarray:
    """(B,) the joint that each bone of Anny moves with: its own, or that of the nearest bone above it that has one."""
    own = {bone: HUMANML3D.index(joint) for joint, bone in bones.items()}
    result = np.zeros(len(labels), dtype=np.int64)
    for bone, label in enumerate(labels):
        if label.startswith("toe"):
            result[bone] = own[labels.index(f"toe2-1.{label[-1]}")]
        elif bone in own:
            result[bone] = own[bone]
        elif parents[bone] >= 0:
            result[bone] = result[parents[bone]]
    return result


def _merged(indices: np.ndarray, weights: np.ndarray, joint_of: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Influences of the joints (V, 4) and their weights, the strongest kept, of influences of bones (V, K)."""
    dense = np.zeros((len(indices), HUMANML3D.num_joints))
    np.add.at(dense, (np.arange(len(indices))[:, None], joint_of[indices]), weights)
    kept = np.argsort(-dense, axis=1)[:, :_INFLUENCES]
    strength = np.take_along_axis(dense, kept, axis=1)
    return kept.astype(np.int32), (strength / strength.sum(axis=1, keepdims=True)).astype(np.float32)
