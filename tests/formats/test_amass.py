"""AMASS files without a body model, checked with scipy's rotations."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bodies import bone_lengths, chain, smooth_turns, standing
from motiongpt import formats
from motiongpt.bodies.posing import fit_pose
from motiongpt.errors import MotionGPTError
from motiongpt.motion import HUMANML3D, Motion

# In an AMASS file a body with no root rotation lies on its back along Y; this turn sets it upright in Z-up space.
UPRIGHT = np.array([np.pi / 2, 0.0, 0.0])


def save(path: Path, **changes: Any) -> Path:
    frames = 6
    poses = np.zeros((frames, 156))
    poses[:, :3] = UPRIGHT
    arrays: dict[str, Any] = {
        "poses": poses,
        "trans": np.tile([0.5, 2.0, 1.2], (frames, 1)),
        "mocap_framerate": np.array(120.0),
        "betas": np.zeros(16),
        "gender": np.array("neutral"),
    }
    arrays.update(changes)
    np.savez(path, **{key: value for key, value in arrays.items() if value is not None})
    return path


def test_a_standing_body_is_upright_and_not_mirrored(tmp_path: Path) -> None:
    motion = formats.read(save(tmp_path / "stand.npz"))
    # The turn about x by a right angle makes the body face -y of the file, which is -z here.
    standing(motion.joints[0], np.array([0.0, 0.0, -1.0]))
    assert motion.fps == 120
    assert motion.joints[0, 0] == pytest.approx([-0.5, 1.2 - 0.22 * 0 + 0.03, 2.0 - 0.22], abs=0.02)


def test_bones_are_humanml3d_s(tmp_path: Path) -> None:
    motion = formats.read(save(tmp_path / "stand.npz"))
    np.testing.assert_allclose(bone_lengths(motion.joints)[0], HUMANML3D.lengths[1:], atol=1e-5)


def test_left_stays_left(tmp_path: Path) -> None:
    poses = np.zeros((2, 156))
    poses[:, :3] = UPRIGHT
    # The left shoulder turned about z lifts the left arm.
    poses[1, 16 * 3 + 2] = np.pi / 2
    joints = formats.read(save(tmp_path / "lift.npz", poses=poses, trans=np.zeros((2, 3)))).joints
    rise = joints[1, :, 1] - joints[0, :, 1]
    assert rise[HUMANML3D.index("left_wrist")] > 0.4
    assert abs(rise[HUMANML3D.index("right_wrist")]) < 1e-5


@pytest.mark.parametrize("width", [66, 72, 156, 165])
def test_every_pose_layout_gives_the_chain_worked_out_with_scipy(tmp_path: Path, width: int) -> None:
    rng = np.random.default_rng(1)
    turns = smooth_turns(rng, 8, 22, 40)
    poses = np.concatenate([turns.reshape(8, 66), rng.normal(size=(8, 99))], axis=1)[:, :width]
    trans = rng.normal(size=(8, 3))
    motion = formats.read(save(tmp_path / "m.npz", poses=poses, trans=trans), up="z")
    rest = formats.read(save(tmp_path / "r.npz", poses=np.zeros((1, 66)), trans=np.zeros((1, 3))), up="z").joints[0]
    rest = rest[:, [0, 2, 1]] * [-1, 1, 1]  # back to the axes of the file
    expected = chain(rest - rest[list(HUMANML3D.parents)], HUMANML3D.parents, turns, trans + rest[0])
    np.testing.assert_allclose(motion.joints, expected[..., [0, 2, 1]] * [-1, 1, 1], atol=1e-5)


def test_smpl_x_spelling(tmp_path: Path) -> None:
    plain = formats.read(save(tmp_path / "a.npz")).joints
    poses = np.zeros((6, 156))
    poses[:, :3] = UPRIGHT
    path = save(
        tmp_path / "b.npz", poses=None, root_orient=poses[:, :3], pose_body=poses[:, 3:66],
        mocap_framerate=None, mocap_frame_rate=np.array(60),
    )  # fmt: skip
    motion = formats.read(path)
    assert motion.fps == 60
    np.testing.assert_array_equal(motion.joints, plain)


def body_model(path: Path) -> Path:
    """A model of 22 vertices that are the joints; one shape makes everything ten per cent larger."""
    rng = np.random.default_rng(4)
    vertices = rng.normal(size=(22, 3))
    np.savez(path, v_template=vertices, shapedirs=vertices[..., None] * 0.1, J_regressor=np.eye(22))
    return path


def test_the_users_body_model_gives_the_proportions(tmp_path: Path) -> None:
    model = body_model(tmp_path / "SMPLH_NEUTRAL.npz")
    vertices = np.random.default_rng(4).normal(size=(22, 3))
    expected = np.linalg.norm(vertices[1:] - vertices[list(HUMANML3D.parents[1:])], axis=-1)
    for shape, size in ((0.0, 1.0), (1.0, 1.1)):
        path = save(tmp_path / "m.npz", betas=np.array([shape, 0, 0, 0]))
        motion = formats.read(path, body_model=model)
        np.testing.assert_allclose(bone_lengths(motion.joints)[0], expected * size, rtol=1e-4)


def test_a_pickled_body_model_is_refused(tmp_path: Path) -> None:
    pkl = tmp_path / "SMPLH_NEUTRAL.pkl"
    pkl.write_bytes(pickle.dumps({"v_template": 1}))
    path = save(tmp_path / "m.npz")
    with pytest.raises(MotionGPTError, match=r"SMPLH_NEUTRAL\.pkl.*\.npz"):
        formats.read(path, body_model=pkl)
    np.savez(tmp_path / "objects.npz", v_template=np.array([{}], dtype=object), shapedirs=1, J_regressor=1)
    with pytest.raises(MotionGPTError, match=r"objects\.npz.*pickled"):
        formats.read(path, body_model=tmp_path / "objects.npz")
    np.savez(tmp_path / "part.npz", v_template=np.zeros((5, 3)))
    with pytest.raises(MotionGPTError, match=r"part\.npz.*shapedirs, J_regressor"):
        formats.read(path, body_model=tmp_path / "part.npz")
    np.savez(tmp_path / "odd.npz", v_template=np.zeros((5, 3)), shapedirs=np.zeros((5, 3)), J_regressor=np.eye(5))
    with pytest.raises(MotionGPTError, match=r"odd\.npz.*expected"):
        formats.read(path, body_model=tmp_path / "odd.npz")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"poses": None}, "lacks poses"),
        ({"trans": np.zeros(6)}, r"\(6,\)"),
        ({"poses": np.zeros((6, 100))}, r"\(6, 100\)"),
        ({"trans": np.zeros((5, 3))}, r"\(5, 3\)"),
        ({"poses": np.zeros((0, 156)), "trans": np.zeros((0, 3))}, "no frames"),
        ({"mocap_framerate": None}, "fps="),
        ({"mocap_framerate": np.array(0.0)}, "frame rate"),
        ({"trans": np.full((6, 3), np.nan)}, "trans of frame 0"),
        ({"poses": np.array([{}], dtype=object)}, "pickled"),
    ],
)
def test_bad_files(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    path = save(tmp_path / "bad.npz", **changes)
    with pytest.raises(MotionGPTError, match=rf"bad\.npz.*{message}"):
        formats.read(path)


def test_a_missing_frame_rate_can_be_given(tmp_path: Path) -> None:
    assert formats.read(save(tmp_path / "m.npz", mocap_framerate=None), fps=100).fps == 100


def test_other_content(tmp_path: Path) -> None:
    whole = save(tmp_path / "whole.npz").read_bytes()
    for name, content, message in (
        ("cut.npz", whole[: len(whole) // 2], "damaged or truncated"),
        ("text.npz", b"hello there", "a text file"),
        ("array.npz", b"\x93NUMPY\x01\x00", "NumPy array"),
        ("page.npz", b"<!DOCTYPE html><html>", "web page"),
        ("lfs.npz", b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(MotionGPTError, match=message):
            formats.read(tmp_path / name)


def test_written_and_read_again(tmp_path: Path, moving: Motion) -> None:
    again = formats.read(formats.write(moving, tmp_path / "m.npz"))
    assert (again.fps, len(again)) == (20, 60)
    np.testing.assert_allclose(again.joints, fit_pose(moving).joints(), atol=1e-4)


def test_what_is_written_is_amass(tmp_path: Path, moving: Motion) -> None:
    with np.load(formats.write(moving, tmp_path / "m.npz"), allow_pickle=False) as data:
        arrays = dict(data)
    assert {key: arrays[key].shape for key in ("poses", "trans", "betas")} == {
        "poses": (60, 156), "trans": (60, 3), "betas": (16,),
    }  # fmt: skip
    assert float(arrays["mocap_framerate"]) == 20
    assert str(arrays["gender"]) == "neutral"
    # Z is up there: laid on the average body with scipy, the joints come out in the axes of AMASS.
    rest = arrays["rest_joints"]
    turns = arrays["poses"][:, :66].reshape(60, 22, 3)
    joints = chain(rest - rest[list(HUMANML3D.parents)], HUMANML3D.parents, turns, arrays["trans"] + rest[0])
    head, foot = joints[:, HUMANML3D.index("head")], joints[:, HUMANML3D.index("left_foot")]
    assert ((head - foot)[:, 2] > 1).all()
    np.testing.assert_allclose(joints[..., [0, 2, 1]] * [-1, 1, 1], fit_pose(moving).joints(), atol=1e-4)


def test_a_damaged_rest_pose(tmp_path: Path) -> None:
    with pytest.raises(MotionGPTError, match=r"m\.npz: rest_joints has shape \(4, 3\)"):
        formats.read(save(tmp_path / "m.npz", rest_joints=np.zeros((4, 3))))
