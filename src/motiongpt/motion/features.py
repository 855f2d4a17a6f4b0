"""Joints to features and back: 263 numbers per frame of HumanML3D, 251 of KIT-ML (Guo et al., CVPR 2022).

Row t of the features holds, in this order, half the yaw change to frame t+1, the root's step to frame t+1, the root
height, the joint positions and rotations relative to the root's heading, the joints' steps to frame t+1, and four foot
contacts; :class:`FeatureLayout` names the slices. T frames of joints give T-1 rows.

One oddity of the published pipeline is kept because all published features have it: the heading of the features
*subtracts* the hip vector from the shoulder vector, whereas the placement along +Z adds the two.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motiongpt.errors import MotionGPTError
from motiongpt.motion import kinematics, rotations
from motiongpt.motion.filters import gaussian
from motiongpt.motion.placement import FORWARD, UP, _horizontal_unit, place
from motiongpt.motion.skeleton import HUMANML3D, Skeleton

# In frames: the published pipeline smooths the heading with this Gaussian at any frame rate.
HEADING_SIGMA = 20


@dataclass(frozen=True)
class FeatureLayout:
    """Named slices of a feature row of ``skeleton``."""

    skeleton: Skeleton

    @property
    def dim(self) -> int:
        """Width of a row."""
        return self.skeleton.feature_dim

    @property
    def root_yaw_velocity(self) -> slice:
        """Half the yaw change to the next frame, radians."""
        return slice(0, 1)

    @property
    def root_linear_velocity(self) -> slice:
        """x and z of the root's step to the next frame, relative to the heading of the *next* frame."""
        return slice(1, 3)

    @property
    def root_height(self) -> slice:
        """y of the root."""
        return slice(3, 4)

    @property
    def positions(self) -> slice:
        """Joints 1..J-1 relative to the heading of the frame: x and z from the root, y from the floor."""
        return slice(4, 4 + (self.skeleton.num_joints - 1) * 3)

    @property
    def rotations(self) -> slice:
        """6D parent-relative rotations of joints 1..J-1."""
        return slice(self.positions.stop, self.positions.stop + (self.skeleton.num_joints - 1) * 6)

    @property
    def velocities(self) -> slice:
        """Steps of all joints to the next frame, relative to the heading of the frame."""
        return slice(self.rotations.stop, self.rotations.stop + self.skeleton.num_joints * 3)

    @property
    def contacts(self) -> slice:
        """Left ankle, left foot, right ankle, right foot: 1 where planted."""
        return slice(self.velocities.stop, self.velocities.stop + 4)

    def blocks(self) -> dict[str, slice]:
        """All slices by name, in order."""
        return {
            "root_yaw_velocity": self.root_yaw_velocity,
            "root_linear_velocity": self.root_linear_velocity,
            "root_height": self.root_height,
            "positions": self.positions,
            "rotations": self.rotations,
            "velocities": self.velocities,
            "contacts": self.contacts,
        }


def _feature_heading(joints: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """Smoothed heading (T, 4) of the features, identity at frame 0; see the module docstring about its sign."""
    right_hip, left_hip, right_shoulder, left_shoulder = skeleton.face_joints
    across = (joints[:, right_shoulder] - joints[:, left_shoulder]) - (joints[:, right_hip] - joints[:, left_hip])
    across = across / np.maximum(np.linalg.norm(across, axis=-1, keepdims=True), 1e-12)
    forward = gaussian(np.cross(UP, across), HEADING_SIGMA)
    quaternions = rotations.between(_horizontal_unit(forward), FORWARD)
    quaternions[0] = [1, 0, 0, 0]
    return quaternions


def joints_to_features(joints: np.ndarray, skeleton: Skeleton = HUMANML3D, *, floor: float | None = None) -> np.ndarray:
    """Features (T-1, D) float32 of joints (T, J, 3), T >= 2, in the skeleton's length unit, Y up.

    The motion is placed canonically first (floor at 0, over the origin and facing +Z at frame 0), so its placement does
    not matter. ``floor`` is the height of its floor; None stands for the lowest joint. Bone lengths are used as they
    are: retarget first for HumanML3D proportions.

    Raises:
        MotionGPTError: wrong shape or fewer than two frames.
    """
    joints = np.asarray(joints)
    if joints.ndim != 3 or joints.shape[1:] != (skeleton.num_joints, 3) or len(joints) < 2:
        raise MotionGPTError(
            f"Features need joints of shape (at least 2 frames, {skeleton.num_joints}, 3), not {joints.shape}."
        )
    joints = place(joints, skeleton, floor)
    head = _feature_heading(joints, skeleton)
    steps = joints[1:] - joints[:-1]
    turn = rotations.multiply(head[1:], rotations.conjugate(head[:-1]))
    # A quaternion and its negative are the same rotation. The published pipeline does not choose the nearer one, and
    # turns a spinning body the wrong way for one frame whenever its heading passes 180 degrees.
    yaw = np.arcsin(np.clip(turn[:, 2:3] * np.where(turn[:, :1] < 0, -1, 1), -1, 1))
    linear = rotations.rotate(head[1:], steps[:, 0])[:, [0, 2]]
    local = joints - joints[:, :1] * np.array([1.0, 0.0, 1.0])
    positions = rotations.rotate(head[:, None], local)[:-1, 1:]
    sixd = rotations.to_sixd(kinematics.chain_inverse(joints, skeleton, head))[:-1, 1:]
    velocities = rotations.rotate(head[:-1, None], steps)
    feet = (*skeleton.left_foot, *skeleton.right_foot)
    contacts = (steps[:, feet] ** 2).sum(-1) < skeleton.contact_threshold
    count = len(steps)
    return np.concatenate(
        [
            yaw,
            linear,
            joints[:-1, 0, 1:2],
            positions.reshape(count, -1),
            sixd.reshape(count, -1),
            velocities.reshape(count, -1),
            contacts,
        ],
        axis=1,
    ).astype(np.float32)


def features_to_joints(features: np.ndarray, skeleton: Skeleton = HUMANML3D) -> np.ndarray:
    """Joints (T, J, 3) float32 of features (T, D): root path by summing velocities, joints from the position block.

    Bit-equal in float32 to the published ``recover_from_ric``. The velocities of the last row are not used.

    Raises:
        MotionGPTError: wrong width.
    """
    features = np.asarray(features, dtype=np.float32)
    layout = FeatureLayout(skeleton)
    if features.ndim != 2 or features.shape[1] != layout.dim:
        raise MotionGPTError(f"{skeleton.name} features must have shape (frames, {layout.dim}), not {features.shape}.")
    count = len(features)
    yaw = np.zeros(count, dtype=np.float32)
    yaw[1:] = features[:-1, 0]
    # Sums are computed in float64 and rounded at every step, as PyTorch does in the published code.
    yaw = np.cumsum(yaw, dtype=np.float64).astype(np.float32)
    inverse_heading = np.zeros((count, 4), dtype=np.float32)
    # The published files were made with PyTorch, whose float32 sine and cosine differ from NumPy's in the last bit.
    # Nothing else here needs it, and reading a BVH file should not wait for it.
    import torch

    inverse_heading[:, 0] = torch.from_numpy(yaw).cos().numpy()
    inverse_heading[:, 2] = -torch.from_numpy(yaw).sin().numpy()
    root = np.zeros((count, 3), dtype=np.float32)
    root[1:, [0, 2]] = features[:-1, layout.root_linear_velocity]
    root = np.cumsum(rotations.rotate(inverse_heading, root), axis=0, dtype=np.float64).astype(np.float32)
    root[:, 1] = features[:, 3]
    positions = features[:, layout.positions].reshape(count, skeleton.num_joints - 1, 3)
    joints = rotations.rotate(inverse_heading[:, None], positions)
    joints[..., [0, 2]] += root[:, None, [0, 2]]
    return np.concatenate([root[:, None], joints], axis=1)
