"""Rotations over a rest pose, against scipy's rotations and motions whose rotations are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from bodies import chain, smooth_turns
from motiongpt.bodies import Pose, fit_pose
from motiongpt.bodies.rest_pose import rest_offsets
from motiongpt.errors import MotionGPTError
from motiongpt.motion import HUMANML3D, KIT, Motion

REST = rest_offsets(np.array(HUMANML3D.lengths))
HINGES = {"left_knee": [1, 0, 0], "right_knee": [1, 0, 0], "left_elbow": [0, -1, 0], "right_elbow": [0, 1, 0]}


def moving(turns: np.ndarray) -> Motion:
    return Motion(chain(REST, HUMANML3D.parents, turns, np.tile([0.0, 0.9, 0.0], (len(turns), 1))))


def swinging(frames: int = 120, seed: int = 5, degrees: float = 30) -> np.ndarray:
    """Rotation vectors (T, 22, 3) of a body whose knees and elbows bend about their hinges."""
    turns = smooth_turns(np.random.default_rng(seed), frames, 22, degrees)
    bend = np.radians(60 + 30 * np.sin(np.arange(frames) / 9))
    for name, axis in HINGES.items():
        turns[:, HUMANML3D.index(name)] = bend[:, None] * axis
    for name in ("left_ankle", "right_ankle"):
        turns[:, HUMANML3D.index(name)] = 0
    return turns


def vectors(pose: Pose, name: str) -> np.ndarray:
    """(T, 3) rotation vectors of a joint."""
    return Rotation.from_quat(pose.quaternions[:, pose.names.index(name)], scalar_first=True).as_rotvec()


def steps(quaternions: np.ndarray) -> np.ndarray:
    """(T - 1, J) degrees between neighbouring frames."""
    cosine = np.abs((quaternions[1:] * quaternions[:-1]).sum(-1))
    return np.degrees(2 * np.arccos(np.clip(cosine, 0, 1)))


@pytest.mark.parametrize("seed", range(4))
def test_rigid_bodies_are_met_exactly(seed: int) -> None:
    motion = moving(smooth_turns(np.random.default_rng(seed), 90, 22, 40))
    pose = fit_pose(motion)
    assert pose.error.max() < 2e-3
    # What the pose says of itself holds for another library's kinematics.
    again = np.stack([vectors(pose, name) for name in pose.names], axis=1)
    np.testing.assert_allclose(chain(pose.offsets, pose.parents, again, pose.root), pose.joints(), atol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(pose.joints() - motion.joints, axis=-1), pose.error, atol=1e-6)
    np.testing.assert_array_equal(pose.root, motion.joints[:, 0])


def test_known_rotations_come_back() -> None:
    turns = swinging()
    pose = fit_pose(moving(turns), REST)
    told = [name for name in pose.names if name.endswith(("hip", "knee", "shoulder", "elbow"))] + ["pelvis"]
    for name in told:
        truth = Rotation.from_rotvec(turns[:, HUMANML3D.index(name)])
        found = Rotation.from_rotvec(vectors(pose, name))
        apart = np.degrees((truth.inv() * found).magnitude())
        # The collars' own twist cannot be seen, the shoulders take it over.
        assert np.median(apart) < (25 if name.endswith("shoulder") else 8), (name, np.median(apart))


def test_knees_and_elbows_bend_as_hinges() -> None:
    pose = fit_pose(moving(swinging(degrees=25)))
    for name, axis in HINGES.items():
        vector = vectors(pose, name)
        along = vector @ np.array(axis, dtype=float)
        across = np.linalg.norm(vector - along[:, None] * axis, axis=-1)
        assert (across < 0.25 * along).all(), name


def test_standing_straight_is_the_rest_pose() -> None:
    pose = fit_pose(moving(np.zeros((20, 22, 3))))
    # Within a degree or two: knees and elbows of the average body are not quite straight.
    assert np.degrees(2 * np.arccos(np.clip(np.abs(pose.quaternions[..., 0]), 0, 1))).max() < 2


def test_straight_limbs_that_pass_their_opposite_do_not_flip() -> None:
    # A straight arm swings once around, through the direction opposite to its rest, and so does a leg.
    turns = np.zeros((80, 22, 3))
    angle = np.linspace(0, 2 * np.pi, 80)
    turns[:, HUMANML3D.index("left_shoulder")] = angle[:, None] * np.array([0, np.cos(0.05), np.sin(0.05)])
    turns[:, HUMANML3D.index("right_hip")] = -angle[:, None] * np.array([np.cos(0.03), 0, np.sin(0.03)])
    pose = fit_pose(moving(turns))
    assert pose.error.max() < 1e-3
    assert steps(pose.quaternions).max() < 15


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_short_motions(frames: int) -> None:
    pose = fit_pose(moving(swinging()[:frames]))
    assert pose.quaternions.shape == (frames, 22, 4)
    assert pose.error.max() < 2e-3


def test_long_motions() -> None:
    motion = moving(np.resize(swinging(), (20000, 22, 3)))
    pose = fit_pose(motion)
    assert len(pose) == 20000
    assert len(pose[100:200]) == 100
    np.testing.assert_allclose(np.linalg.norm(pose.quaternions, axis=-1), 1, atol=1e-9)


def test_signs_do_not_jump_over_several_turns() -> None:
    turns = np.zeros((100, 22, 3))
    turns[:, 0, 1] = np.linspace(0, 6 * np.pi, 100)
    pose = fit_pose(moving(turns))
    assert ((pose.quaternions[1:] * pose.quaternions[:-1]).sum(-1) > 0).all()
    assert steps(pose.quaternions).max() < 12


def test_a_joint_that_does_not_move_or_has_no_bone() -> None:
    joints = moving(swinging()).joints.copy()
    for missing, parent in (("left_foot", "left_ankle"), ("head", "neck"), ("spine2", "spine1")):
        joints[:, HUMANML3D.index(missing)] = joints[:, HUMANML3D.index(parent)]
    pose = fit_pose(Motion(joints))
    assert np.isfinite(pose.quaternions).all()
    assert pose.error.mean() < 5e-3


def test_other_skeletons_are_refused() -> None:
    with pytest.raises(MotionGPTError, match="22 joints"):
        fit_pose(Motion(np.zeros((3, 21, 3)), skeleton=KIT))


def test_planted_feet_are_flat_at_rest() -> None:
    # The toe joint of this source lies high in the foot.
    joints = np.repeat(moving(np.zeros((1, 22, 3))).joints, 40, axis=0)
    for side in ("left", "right"):
        joints[:, HUMANML3D.index(f"{side}_foot"), 1] += 0.03
    pose = fit_pose(Motion(joints))
    ankle = HUMANML3D.index("left_ankle")
    np.testing.assert_allclose(np.abs(pose.world()[:, ankle, 0]), 1, atol=3e-4)


def test_real_clips() -> None:
    folder = Path(__file__).resolve().parents[2] / "data" / "motion" / "new_joints"
    files = sorted(folder.glob("*.npy"))[::100] if folder.is_dir() else []
    if not files:
        pytest.skip("there is no built data set")
    for file in files:
        pose = fit_pose(Motion.load(file))
        assert pose.error.mean() < 0.015, file.name
