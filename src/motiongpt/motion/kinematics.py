"""Forward and inverse kinematics on a skeleton's chains.

The inverse kinematics is that of the HumanML3D features: the shortest rotation turns each bone from its canonical
direction, and every chain, including the arms, starts from the root's heading.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from motiongpt.motion import rotations
from motiongpt.motion.skeleton import Skeleton


def forward(offsets: np.ndarray, parents: tuple[int, ...], quaternions: np.ndarray, root: np.ndarray) -> np.ndarray:
    """Joint positions of an ordinary rig, in which the rotation of a joint turns the bones of its children.

    Args:
        offsets: (J, 3) rest offset of each joint from its parent.
        parents: parent index of each joint, -1 for the root; parents come first.
        quaternions: (T, J, 4) rotations relative to the parent.
        root: (T, 3) position of joint 0.

    Returns:
        (T, J, 3) positions.
    """
    positions = np.empty((len(root), len(parents), 3))
    globals_ = np.empty((len(root), len(parents), 4))
    for joint, parent in enumerate(parents):
        if parent < 0:
            positions[:, joint] = root
            globals_[:, joint] = quaternions[:, joint]
        else:
            positions[:, joint] = positions[:, parent] + rotations.rotate(globals_[:, parent], offsets[joint])
            globals_[:, joint] = rotations.multiply(globals_[:, parent], quaternions[:, joint])
    return positions


def chain_inverse(joints: np.ndarray, skeleton: Skeleton, heading: np.ndarray) -> np.ndarray:
    """Parent-relative rotations (T, J, 4) of the HumanML3D convention.

    A rotation is stored at the *child* of the bone it turns; entry 0 is ``heading``.

    Args:
        joints: (T, J, 3) positions.
        skeleton: the joint tree.
        heading: (T, 4) quaternion that turns the body's forward direction to +Z.
    """
    directions = skeleton.rest_directions
    quaternions = np.zeros((*joints.shape[:2], 4))
    quaternions[:, 0] = heading
    for chain in skeleton.chains:
        running = heading
        for parent, child in pairwise(chain):
            turn = rotations.between(directions[child], joints[:, child] - joints[:, parent])
            local = rotations.multiply(rotations.conjugate(running), turn)
            quaternions[:, child] = local
            running = rotations.multiply(running, local)
    return quaternions


def chain_forward(quaternions: np.ndarray, skeleton: Skeleton, offsets: np.ndarray, root: np.ndarray) -> np.ndarray:
    """Joint positions (T, J, 3) from rotations (T, J, 4) as :func:`chain_inverse` returns them.

    Args:
        offsets: (J, 3) rest offset of each joint from its parent.
        root: (T, 3) root positions.
    """
    joints = np.zeros((*quaternions.shape[:2], 3))
    joints[:, 0] = root
    for chain in skeleton.chains:
        running = quaternions[:, 0]
        for parent, child in pairwise(chain):
            running = rotations.multiply(running, quaternions[:, child])
            joints[:, child] = joints[:, parent] + rotations.rotate(running, offsets[child])
    return joints
