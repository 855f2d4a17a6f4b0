"""A moving body."""

from __future__ import annotations

import numpy as np
import pytest

from bodies import chain, smooth_turns
from motiongpt.bodies.rest_pose import rest_offsets
from motiongpt.motion import HUMANML3D, Motion


@pytest.fixture
def moving() -> Motion:
    """Sixty frames of a body with rigid bones, limbs swinging, walking along x and turning."""
    rng = np.random.default_rng(3)
    turns = smooth_turns(rng, 60, HUMANML3D.num_joints, 35)
    # Chest and hips never face apart by much: features have no heading for that.
    turns[:, [HUMANML3D.index(f"spine{i}") for i in (1, 2, 3)]] *= 0.3
    turns[:, 0] = [0.0, 1.0, 0.0] * np.linspace(0, 2, 60)[:, None] + 0.1 * turns[:, 0]
    root = np.stack([np.linspace(0, 2, 60), np.full(60, 0.95), np.linspace(1, 0.5, 60)], axis=-1)
    joints = chain(rest_offsets(np.array(HUMANML3D.lengths)), HUMANML3D.parents, turns, root)
    return Motion(joints, fps=20.0, name="moving")
