"""Transfer of a motion to a body with other bone lengths."""

from __future__ import annotations

import numpy as np

from motiongpt.motion import rotations
from motiongpt.motion.placement import heading
from motiongpt.motion.skeleton import HUMANML3D, Skeleton


def retarget(joints: np.ndarray, lengths: np.ndarray, skeleton: Skeleton = HUMANML3D) -> np.ndarray:
    """Keep the direction of every bone and take the bone lengths of another body.

    The root path is scaled on all axes by the ratio of the leg lengths, so that steps stay in proportion to the legs
    (the HumanML3D procedure; Guo et al., CVPR 2022). The result is not placed on the floor.

    Args:
        joints: (T, J, 3) positions of the source body.
        lengths: (J,) distance of each joint from its parent on the target body, same unit.
        skeleton: the joint tree of both bodies.

    Returns:
        (T, J, 3) positions with exactly these bone lengths.
    """
    joints = np.asarray(joints, dtype=np.float64)
    lengths = np.asarray(lengths, dtype=np.float64)
    legs = list(skeleton.leg_joints)
    scale = lengths[legs].sum() / max(bone_lengths(joints, skeleton)[legs].sum(), 1e-9)
    body = restore_lengths(joints, lengths, skeleton)
    return body + joints[:, :1] * (scale - 1)


def restore_lengths(joints: np.ndarray, lengths: np.ndarray, skeleton: Skeleton = HUMANML3D) -> np.ndarray:
    """Keep the root's path and the direction of every bone, and set the lengths of the bones.

    Blending, filtering and interpolation of positions change bone lengths; this restores them.

    Args:
        joints: (T, J, 3) positions.
        lengths: (J,) distance of each joint from its parent, same unit.
        skeleton: the joint tree.

    Returns:
        (T, J, 3) float64 positions with exactly these bone lengths.
    """
    joints = np.asarray(joints, dtype=np.float64)
    result = np.zeros_like(joints)
    result[:, 0] = joints[:, 0]
    facing: np.ndarray | None = None
    for joint, parent in enumerate(skeleton.parents):
        if parent < 0:
            continue
        bone = joints[:, joint] - joints[:, parent]
        length = np.linalg.norm(bone, axis=-1, keepdims=True)
        if (length < 1e-8).any():
            # A rig may lack this bone: it points as at rest, turned with the body.
            if facing is None:
                facing = rotations.conjugate(heading(joints, skeleton))
            bone = np.where(length < 1e-8, rotations.rotate(facing, skeleton.rest_directions[joint]), bone)
            length = np.linalg.norm(bone, axis=-1, keepdims=True)
        result[:, joint] = result[:, parent] + bone / length * lengths[joint]
    return result


def bone_lengths(joints: np.ndarray, skeleton: Skeleton = HUMANML3D) -> np.ndarray:
    """(J,) median over time of the distance of each joint from its parent; 0 for the root."""
    parents = np.maximum(skeleton.parents, 0)
    lengths = np.median(np.linalg.norm(joints - joints[:, parents], axis=-1), axis=0)
    return np.asarray(lengths, dtype=np.float64)
