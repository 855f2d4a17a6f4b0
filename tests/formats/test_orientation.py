"""The vertical axis, from how a body stands and moves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from motiongpt import formats
from motiongpt.bodies.rest_pose import rest_offsets
from motiongpt.errors import MotionGPTError
from motiongpt.formats import orientation
from motiongpt.motion import HUMANML3D, Motion
from motiongpt.motion.kinematics import forward
from motiongpt.motion.rotations import from_axis_angle

CASES = Path(__file__).parents[1] / "cases"


def lying(frames: int = 60) -> np.ndarray:
    """(T, 22, 3) a body on its back on the floor y = 0, head towards +z, that moves its arms a little."""
    turns = np.zeros((frames, 22, 3))
    turns[:, 0, 0] = -np.pi / 2
    turns[:, HUMANML3D.index("left_shoulder"), 2] = 0.3 * np.sin(np.linspace(0, 6, frames))
    turns[:, HUMANML3D.index("right_shoulder"), 2] = 0.3 * np.sin(np.linspace(1, 7, frames))
    place = np.tile([0.3, 0.12, 1.5], (frames, 1))
    joints = forward(rest_offsets(np.array(HUMANML3D.lengths)), HUMANML3D.parents, from_axis_angle(turns), place)
    joints[..., 1] -= joints[..., 1].min() - 0.05
    return joints


@pytest.mark.parametrize("axis", orientation.AXES)
def test_turns_are_rotations_that_make_the_axis_y(axis: str) -> None:
    for turns in (orientation.TURNS, orientation.SMPL_TURNS):
        assert np.linalg.det(turns[axis]) == pytest.approx(1)
        direction = np.zeros(3)
        direction["xyz".index(axis[-1])] = -1 if axis.startswith("-") else 1
        np.testing.assert_allclose(turns[axis] @ direction, [0, 1, 0])


def test_z_up_becomes_x_z_minus_y() -> None:
    np.testing.assert_allclose(orientation.TURNS["z"] @ [1, 2, 3], [1, 3, -2])
    np.testing.assert_allclose(orientation.SMPL_TURNS["z"] @ [1, 2, 3], [-1, 3, 2])


@pytest.mark.parametrize("axis", orientation.AXES)
@pytest.mark.parametrize("suffix", [".npy", ".csv"])
def test_a_walk_along_any_axis_is_upright_again(tmp_path: Path, moving: Motion, axis: str, suffix: str) -> None:
    turned = Motion(moving.joints @ orientation.TURNS[axis], fps=20)
    path = formats.write(turned, tmp_path / f"walk{suffix}")
    reading = formats.inspect(path)
    np.testing.assert_allclose(reading.motion.joints, moving.joints, atol=1e-4)
    assert reading.decided["up"].startswith(f"{axis}: ")
    assert len(reading.remarks) == (axis != "y")
    as_it_is = formats.inspect(path, up="y")
    np.testing.assert_allclose(as_it_is.motion.joints, turned.joints, atol=1e-4)
    assert as_it_is.decided["up"] == "y: given"
    assert not as_it_is.remarks


@pytest.mark.parametrize("suffix", [".bvh", ".npz", ".glb"])
def test_formats_with_rotations_can_be_told_the_axis(tmp_path: Path, moving: Motion, suffix: str) -> None:
    path = formats.write(moving, tmp_path / f"walk{suffix}")
    right = formats.inspect(path)
    assert not right.remarks
    upside_down = formats.read(path, up="-z" if suffix == ".npz" else "-y")
    np.testing.assert_allclose(upside_down.joints[..., 1], -right.motion.joints[..., 1], atol=1e-4)
    with pytest.raises(MotionGPTError, match="--up"):
        formats.read(path, up="w")


def test_a_body_that_lies_on_purpose_stays(tmp_path: Path) -> None:
    joints = lying()
    for suffix in (".npy", ".csv", ".bvh", ".glb", ".npz"):
        reading = formats.inspect(formats.write(Motion(joints), tmp_path / f"lying{suffix}"))
        heights = reading.motion.joints[..., 1]
        assert np.ptp(heights) < 0.5
        remark = reading.remarks[0]
        assert "lies" in remark
        assert "--up" in remark


def test_a_still_body_that_stands_along_z_is_stood_up(moving: Motion) -> None:
    found = orientation.find(moving.joints[:1] @ orientation.TURNS["z"], "m")
    assert found.axis == "z"
    assert found.confidence > 0.5


@pytest.mark.parametrize(
    ("name", "axis"),
    [
        ("01-npz-smplx-y-up-lies-down/input.npz", "y"),
        ("02-npy-joints-z-up-lies-down/input.npy", "z"),
        ("03-bvh-rest-y-up-motion-z-up/input.bvh", "z"),
    ],
)
def test_files_of_other_axes_stand(name: str, axis: str) -> None:
    reading = formats.inspect(CASES / name)
    joints = reading.motion.joints
    head, ankle, hips = (HUMANML3D.index(joint) for joint in ("head", "left_ankle", "left_hip"))
    assert ((joints[:, head] - joints[:, ankle])[:, 1] > 1.2).all()
    assert reading.decided["up"] == f"{axis}: the body stands along it"
    assert "--up" in reading.remarks[0]
    # Left is on the left of a body whose toes point ahead.
    ahead = joints[0, HUMANML3D.index("left_foot")] - joints[0, ankle]
    across = joints[0, hips] - joints[0, HUMANML3D.index("right_hip")]
    assert np.cross([0, 1, 0], ahead) @ across > 0
