"""Bare arrays of SMPL poses: they move the average body in place, which is turned upright."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from motiongpt.bodies.rest_pose import rest_offsets
from motiongpt.errors import MotionGPTError
from motiongpt.formats import rig
from motiongpt.motion import rotations
from motiongpt.motion.kinematics import forward
from motiongpt.motion.motion import Motion
from motiongpt.motion.skeleton import HUMANML3D

# SMPL, SMPL+H and SMPL-X, axis times radians; (T, 66) would be joints.
WIDTHS = (72, 156, 165)
# Rotations to Y up, by axis and sign of the direction to the head: Y, Z (AMASS), or -Y (axes of a camera).
_UPRIGHT = {
    (1, 1): np.eye(3),
    (2, 1): np.array([[-1.0, 0, 0], [0, 0, 1], [0, 1, 0]]),
    (1, -1): np.diag([1.0, -1, -1]),
}


def to_motion(poses: np.ndarray, path: Path, fps: float | None) -> Motion:
    """Joints (T, 22, 3) of poses (T, 72, 156 or 165): proportions of HumanML3D, pelvis at the origin, Y up.

    Raises:
        MotionGPTError: no frame rate, NaN, or a body that stands along none of Y, Z and -Y.
    """
    if fps is None:
        raise MotionGPTError(f"{path}: SMPL poses {poses.shape} have no frame rate; {rig.GIVE_FPS}.")
    count = HUMANML3D.num_joints
    poses = poses[:, : 3 * count].astype(np.float64)
    rig.check_finite(poses.reshape(-1, count, 3), path, HUMANML3D.joints)
    quaternions = rotations.from_axis_angle(poses.reshape(-1, count, 3))
    offsets = rest_offsets(np.array(HUMANML3D.lengths))
    joints = forward(offsets, HUMANML3D.parents, quaternions, np.zeros((len(poses), 3)))
    ankles = joints[:, [HUMANML3D.index("left_ankle"), HUMANML3D.index("right_ankle")]].mean(axis=1)
    up = np.median(joints[:, HUMANML3D.index("head")] - ankles, axis=0)
    axis = int(np.abs(up).argmax())
    turn = _UPRIGHT.get((axis, int(np.sign(up[axis]))))
    if turn is None:
        raise MotionGPTError(
            f"{path}: the body of these SMPL poses stands along {'-' if up[axis] < 0 else ''}{'XYZ'[axis]}; rotate the "
            "root so that Y or Z is up."
        )
    return Motion((joints @ turn.T).astype(np.float32), fps=fps, name=path.stem)
