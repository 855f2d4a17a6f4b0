"""The two skeletons of the text-to-motion field.

HumanML3D (Guo et al., CVPR 2022) uses the first 22 joints of SMPL in metres at 20 fps; KIT-ML (Plappert et al., 2016)
uses 21 joints of the Master Motor Map in its own length unit at 12.5 fps. Y is up, a figure at rest faces +Z and has
its left side towards +X.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motiongpt.errors import MotionGPTError

_AXES = {
    "+x": (1.0, 0.0, 0.0),
    "-x": (-1.0, 0.0, 0.0),
    "+y": (0.0, 1.0, 0.0),
    "-y": (0.0, -1.0, 0.0),
    "+z": (0.0, 0.0, 1.0),
}


@dataclass(frozen=True)
class Skeleton:
    """A fixed tree of joints.

    Attributes:
        name: short name used in files and messages.
        joints: joint names; every parent comes before its children.
        parents: index of each joint's parent, -1 for the root.
        directions: canonical direction of each bone (parent to joint) at rest, one of +x -x +y -y +z, "" for the root.
        chains: kinematic chains from the root (or the chest) outwards, the order of inverse kinematics.
        face_joints: right hip, left hip, right shoulder, left shoulder, *as the data set's pipeline names them*.
        left_foot, right_foot: ankle and toe joint of each side, which the foot contacts refer to.
        leg_joints: two joints; the sum of their bone lengths is the leg length that scales a retargeted path.
        contact_threshold: squared displacement per frame under which a foot joint counts as planted, in length units.
        fps: frame rate of the data set.
        metres_per_unit: length of one unit of the data set's features, in metres.
        mirror_pairs: (left, right) joint indices.
        lengths: distance of each joint from its parent in the data set (in its units), None when it varies.
    """

    name: str
    joints: tuple[str, ...]
    parents: tuple[int, ...]
    directions: tuple[str, ...]
    chains: tuple[tuple[int, ...], ...]
    face_joints: tuple[int, int, int, int]
    left_foot: tuple[int, int]
    right_foot: tuple[int, int]
    leg_joints: tuple[int, int]
    contact_threshold: float
    fps: float
    metres_per_unit: float
    mirror_pairs: tuple[tuple[int, int], ...]
    lengths: tuple[float, ...] | None = None

    @property
    def num_joints(self) -> int:
        """Number of joints, J."""
        return len(self.joints)

    @property
    def feature_dim(self) -> int:
        """Width of a feature row: 4 root numbers, (J-1) x (3 + 6), J x 3 velocities, 4 contacts."""
        return 4 + (self.num_joints - 1) * 9 + self.num_joints * 3 + 4

    @property
    def rest_directions(self) -> np.ndarray:
        """(J, 3) unit vectors of the canonical bone directions; zeros for the root."""
        return np.array([_AXES[d] if d else (0.0, 0.0, 0.0) for d in self.directions])

    @property
    def offsets(self) -> np.ndarray:
        """(J, 3) offsets of each joint from its parent at rest, in the data set's proportions and units.

        Raises:
            MotionGPTError: this skeleton has no fixed proportions.
        """
        if self.lengths is None:
            raise MotionGPTError(f"Skeleton {self.name} has no fixed bone lengths; take them from a motion instead.")
        return self.rest_directions * np.array(self.lengths)[:, None]

    def index(self, joint: str) -> int:
        """Index of a joint by name.

        Raises:
            MotionGPTError: there is no such joint.
        """
        if joint not in self.joints:
            raise MotionGPTError(f"Skeleton {self.name} has no joint {joint!r}; it has {', '.join(self.joints)}.")
        return self.joints.index(joint)

    @property
    def mirror_order(self) -> np.ndarray:
        """(J,) joint indices with left and right exchanged."""
        order = np.arange(self.num_joints)
        for left, right in self.mirror_pairs:
            order[left], order[right] = right, left
        return order


HUMANML3D = Skeleton(
    name="humanml3d",
    joints=(
        "pelvis", "left_hip", "right_hip", "spine1", "left_knee", "right_knee", "spine2", "left_ankle",
        "right_ankle", "spine3", "left_foot", "right_foot", "neck", "left_collar", "right_collar", "head",
        "left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist",
    ),
    parents=(-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19),
    directions=(
        "", "+x", "-x", "+y", "-y", "-y", "+y", "-y", "-y", "+y", "+z", "+z", "+y", "+x", "-x", "+z",
        "-y", "-y", "-y", "-y", "-y", "-y",
    ),
    chains=((0, 2, 5, 8, 11), (0, 1, 4, 7, 10), (0, 3, 6, 9, 12, 15), (9, 14, 17, 19, 21), (9, 13, 16, 18, 20)),
    face_joints=(2, 1, 17, 16),
    left_foot=(7, 10),
    right_foot=(8, 11),
    leg_joints=(5, 8),
    contact_threshold=0.002,
    fps=20.0,
    metres_per_unit=1.0,
    mirror_pairs=((1, 2), (4, 5), (7, 8), (10, 11), (13, 14), (16, 17), (18, 19), (20, 21)),
    # The proportions that all HumanML3D clips share, measured on the public sample clip 012314.
    lengths=(
        0.0, 0.10307, 0.10988, 0.13157, 0.39362, 0.39019, 0.14319, 0.43243, 0.42564, 0.05736, 0.14338, 0.14942,
        0.21936, 0.13749, 0.14338, 0.10304, 0.13161, 0.12298, 0.25684, 0.26309, 0.26601, 0.26988,
    ),
)  # fmt: skip

KIT = Skeleton(
    name="kit",
    joints=(
        "root", "BP", "BT", "BLN", "BUN", "LS", "LE", "LW", "RS", "RE", "RW", "LH", "LK", "LA", "LMrot", "LF",
        "RH", "RK", "RA", "RMrot", "RF",
    ),
    parents=(-1, 0, 1, 2, 3, 3, 5, 6, 3, 8, 9, 0, 11, 12, 13, 14, 0, 16, 17, 18, 19),
    directions=(
        "", "+y", "+y", "+y", "+y", "+x", "-y", "-y", "-x", "-y", "-y", "+x", "-y", "-y", "+z", "+z",
        "-x", "-y", "-y", "+z", "+z",
    ),
    chains=((0, 11, 12, 13, 14, 15), (0, 16, 17, 18, 19, 20), (0, 1, 2, 3, 4), (3, 5, 6, 7), (3, 8, 9, 10)),
    # The published pipeline takes 11 and 5 for right joints although their names say left; its features depend on it.
    face_joints=(11, 16, 5, 8),
    left_foot=(19, 20),
    right_foot=(14, 15),
    leg_joints=(17, 18),
    contact_threshold=0.05,
    fps=12.5,
    metres_per_unit=0.75 / 480,
    mirror_pairs=((5, 8), (6, 9), (7, 10), (11, 16), (12, 17), (13, 18), (14, 19), (15, 20)),
)  # fmt: skip

SKELETONS = {skeleton.name: skeleton for skeleton in (HUMANML3D, KIT)}
