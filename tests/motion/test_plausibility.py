"""Physical faults are found in bodies that have them, and in no others."""

from __future__ import annotations

import numpy as np
import pytest

from motiongpt.motion.plausibility import faults


def test_a_walk_has_no_fault(walk):
    assert faults(walk.joints).clean
    assert faults(walk.joints).severity < 0.5


def test_a_body_that_moves_in_a_held_pose_glides(standing):
    joints = np.repeat(standing[:1], 60, axis=0)
    joints[..., 2] += np.linspace(0, 2, 60)[:, None]
    found = faults(joints)
    assert found.glides
    assert found.glide == pytest.approx(2, rel=0.1)
    assert found.severity == 1


def test_a_body_that_stays_in_the_air_floats(standing):
    joints = np.repeat(standing[:1], 60, axis=0)
    # On the floor for a fifth of the time, in the air without a jump for the rest: it rises slowly.
    joints[..., 1] += np.clip(np.linspace(-0.1, 0.4, 60), 0, 0.3)[:, None]
    assert faults(joints).floats


def test_penetration_and_jumps_of_position(standing):
    joints = np.repeat(standing[:1], 40, axis=0)
    sunk = joints.copy()
    sunk[10:12, 10, 1] -= 0.2
    assert faults(sunk).depth == pytest.approx(0.2, abs=0.02)
    assert not faults(sunk).clean
    apart = joints.copy()
    apart[20:, :, 0] += 2
    assert faults(apart).step == pytest.approx(2)
    assert not faults(apart).clean


def test_one_frame(standing):
    assert faults(standing[:1]).clean
