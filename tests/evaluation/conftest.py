"""A body that stands, made from numbers; tests move its joints."""

from __future__ import annotations

import numpy as np
import pytest

from motiongpt.motion import HUMANML3D
from motiongpt.motion.kinematics import forward

FRAMES = 60


@pytest.fixture
def standing() -> np.ndarray:
    """(60, 22, 3): three seconds of standing at the origin, facing +Z, arms hanging, soles on the floor."""
    quaternions = np.zeros((FRAMES, HUMANML3D.num_joints, 4))
    quaternions[..., 0] = 1
    joints = forward(HUMANML3D.offsets, HUMANML3D.parents, quaternions, np.zeros((FRAMES, 3)))
    joints[..., 1] -= joints[..., 1].min()
    return joints
