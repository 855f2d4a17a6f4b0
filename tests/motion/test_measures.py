"""Measures against bodies whose motion is known."""

import numpy as np
import pytest

from motiongpt.motion import HUMANML3D, measures


def test_feet_that_stand_do_not_skate(standing):
    assert measures.foot_skate_ratio(standing) == 0


def test_a_body_that_is_pushed_over_the_floor_skates(standing):
    pushed = standing + np.linspace(0, 3, len(standing))[:, None, None] * np.array([0.0, 0.0, 1.0])
    # Sixty frames at 1 m/s; in the first and last two, the mean over five steps counts standing beyond the ends.
    assert measures.foot_skate_ratio(pushed) == 1
    assert measures.foot_skate_ratio(pushed + np.array([0.0, 0.1, 0.0])) == 0, "in the air"
    slow = standing + 0.3 * (pushed - standing)
    assert measures.foot_skate_ratio(slow) == 0


def test_jerk_of_a_cubic_and_of_even_motion(standing):
    time = np.arange(len(standing))[:, None, None] / 20
    assert measures.jerk(standing + 3.0 * time**2) == pytest.approx(0, abs=1e-6)
    # The third derivative of t^3 is 6, on each of three axes.
    assert measures.jerk(standing + time**3) == pytest.approx(6 * np.sqrt(3), rel=1e-6)
    assert measures.jerk(standing[:3]) == 0


def test_bone_length_deviation_is_the_largest_stretch(standing):
    assert measures.bone_length_deviation(standing) == pytest.approx(0, abs=1e-6)
    stretched = standing.copy()
    wrist, elbow = HUMANML3D.index("left_wrist"), HUMANML3D.index("left_elbow")
    bone = stretched[7, wrist] - stretched[7, elbow]
    stretched[7, wrist] += 0.03 * bone / np.linalg.norm(bone)
    assert measures.bone_length_deviation(stretched) == pytest.approx(0.03, abs=1e-6)


def test_floor_penetration_is_a_mean_depth(standing):
    body = standing - np.array([0.0, standing[..., 1].min(), 0.0])
    assert measures.floor_penetration(body) == 0
    assert measures.floor_penetration(body - np.array([0.0, 0.02, 0.0])) == pytest.approx(0.02)
    body[: len(body) // 2, :, 1] -= 0.02
    assert measures.floor_penetration(body) == pytest.approx(0.01)
