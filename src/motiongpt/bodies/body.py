"""A skinned body: a mesh at rest that follows the 22 joints of a pose."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from motiongpt.bodies.posing import Pose, rest_joints
from motiongpt.errors import MotionGPTError
from motiongpt.motion import rotations
from motiongpt.motion.kinematics import forward
from motiongpt.motion.skeleton import HUMANML3D

# Frames that are skinned at once: enough for fast array products, few enough to stay small in memory.
_CHUNK = 64


@dataclass(frozen=True)
class Body:
    """A mesh in T-pose (Y up, facing +Z, left towards +X, pelvis at the origin, metres) and how it follows its joints.

    Attributes:
        rest_vertices: (V, 3) float32.
        faces: (F, 3) int32 triangles, counter-clockwise seen from outside.
        joint_indices: (V, K) int32 joints that each vertex follows.
        weights: (V, K) float32 how much; rows sum to 1.
        offsets: (22, 3) offset of each joint from its parent at rest, zero for the pelvis.
        colours: (V, 3) uint8 sRGB.
        names, parents: the joints, those of :data:`~motiongpt.motion.skeleton.HUMANML3D`.
    """

    rest_vertices: np.ndarray
    faces: np.ndarray
    joint_indices: np.ndarray
    weights: np.ndarray
    offsets: np.ndarray
    colours: np.ndarray
    names: tuple[str, ...] = HUMANML3D.joints
    parents: tuple[int, ...] = HUMANML3D.parents

    @property
    def rest_joints(self) -> np.ndarray:
        """(22, 3) joint positions of the rest pose."""
        return rest_joints(self.offsets, self.parents)

    @property
    def sole(self) -> float:
        """How far the soles are below the foot joints at rest, metres: where HumanML3D's floor is at the lowest joint,
        this body stands so much deeper."""
        feet = [self.names.index("left_foot"), self.names.index("right_foot")]
        return float(self.rest_joints[feet, 1].min() - self.rest_vertices[:, 1].min())

    def adopt(self, pose: Pose) -> Pose:
        """The rotations of a pose on this body's proportions, its path scaled by the length of the legs."""
        root = pose.root * (_leg(self.offsets) / max(_leg(pose.offsets), 1e-9))
        return replace(pose, offsets=self.offsets, root=root)

    def matrices(self, pose: Pose) -> np.ndarray:
        """(T, 22, 3, 4) float32 skinning matrices: a rest point p (homogeneous) that follows joint j goes to M[t, j] p.

        A body of other proportions than the pose's takes its rotations, and its path scaled by the length of the legs.

        Raises:
            MotionGPTError: the pose has other joints.
        """
        if pose.names != self.names:
            raise MotionGPTError(
                f"{pose.name or 'pose'}: this body follows the {len(self.names)} joints of HumanML3D, "
                f"the pose has {len(pose.names)} others."
            )
        pose = self.adopt(pose)
        turns = rotations.to_matrix(pose.world())
        places = forward(self.offsets, self.parents, pose.quaternions, pose.root)
        moves = places - np.einsum("tjab,jb->tja", turns, self.rest_joints)
        return np.concatenate([turns, moves[..., None]], axis=-1).astype(np.float32)

    def vertices(self, pose: Pose) -> np.ndarray:
        """(T, V, 3) float32 vertices in the world by linear blend skinning; a chunk of ``pose[a:b]`` keeps memory low.

        Raises:
            MotionGPTError: the pose has other joints.
        """
        matrices = self.matrices(pose)
        count, size = len(self.rest_vertices), len(self.names)
        # Weighted rest points of all joints side by side: a frame is one product of it with the joints' matrices.
        points = np.concatenate([self.rest_vertices, np.ones((count, 1), dtype=np.float32)], axis=1)
        blend = np.zeros((count, size, 4), dtype=np.float32)
        rows = np.arange(count)
        for k in range(self.weights.shape[1]):
            blend[rows, self.joint_indices[:, k]] += self.weights[:, k, None] * points
        blend = blend.reshape(count, size * 4).T
        result = np.empty((len(matrices), count, 3), dtype=np.float32)
        for start in range(0, len(matrices), _CHUNK):
            part = matrices[start : start + _CHUNK].transpose(0, 2, 1, 3).reshape(-1, size * 4)
            result[start : start + _CHUNK] = (part @ blend).reshape(-1, 3, count).transpose(0, 2, 1)
        return result


def _leg(offsets: np.ndarray) -> float:
    """Length of the legs, both knees and ankles from their parents."""
    joints = [HUMANML3D.index(f"{side}_{name}") for side in ("left", "right") for name in ("knee", "ankle")]
    return float(np.linalg.norm(offsets[joints], axis=-1).sum())
