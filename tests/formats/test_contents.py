"""Motions of other tools, recognised by the names and shapes of their arrays."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from motiongpt import formats
from motiongpt.errors import MotionGPTError
from motiongpt.formats import orientation
from motiongpt.motion import HUMANML3D, Motion, rotations

CASES = Path(__file__).parents[1] / "cases"
T = 9


@pytest.fixture
def smpl(tmp_path: Path, moving: Motion) -> dict[str, np.ndarray]:
    """Poses (T, 72) and trans (T, 3) of a walk with Y up."""
    with np.load(formats.write(moving[:T], tmp_path / "m.npz")) as data:
        poses, trans = data["poses"][:, :72].astype(np.float64), data["trans"].astype(np.float64)
    # From Z up to Y up.
    turn = rotations.from_matrix(orientation.SMPL_TURNS["z"])
    root = rotations.multiply(turn, rotations.from_axis_angle(poses[:, :3]))
    poses[:, :3] = rotations.to_axis_angle(root)
    poses[:, 66:] = 0
    return {"poses": poses, "trans": trans @ orientation.SMPL_TURNS["z"].T}


@pytest.fixture
def expected(tmp_path: Path, smpl: dict[str, np.ndarray]) -> np.ndarray:
    np.savez(tmp_path / "reference.npz", **smpl, fps=20)
    return formats.read(tmp_path / "reference.npz").joints


def matrices(poses: np.ndarray) -> np.ndarray:
    return rotations.to_matrix(rotations.from_axis_angle(poses.reshape(len(poses), -1, 3)))


def spellings(poses: np.ndarray, trans: np.ndarray) -> dict[str, Any]:
    turns, matrix = poses.reshape(T, 24, 3), matrices(poses)
    wxyz = rotations.from_axis_angle(turns)
    split = {"global_orient": poses[:, :3], "body_pose": poses[:, 3:66], "transl": trans}
    camera = {"global_orient": poses[:, :3] * 0, "body_pose": poses[:, 3:66], "transl": trans * 0}
    return {
        "smplx package": {**split, "betas": np.zeros((T, 10)), "fps": 20},
        "smplx package, 23 joints": {**split, "body_pose": poses[:, 3:], "frame_rate": np.array([20.0])},
        "amass of smplx": {"root_orient": poses[:, :3], "pose_body": poses[:, 3:66], "trans": trans, "fps": 20},
        "axis-angle of joints": {"poses": turns, "trans": trans, "mocap_fps": 20},
        "matrices": {"poses": matrix, "trans": trans[:, None], "fps": 20},
        "flat matrices": {"poses": matrix.reshape(T, 216), "trans": trans, "fps": 20},
        "matrices of root and body": {
            "global_orient": matrix[:, :1], "body_pose": matrix[:, 1:], "transl": trans, "fps": 20,
        },
        "a batch of one": {"poses": poses[None], "trans": trans[None], "fps": 20},
        "quaternions": {"poses": wxyz, "trans": trans, "fps": 20},
        "quaternions, real part last": {"poses": wxyz[..., [1, 2, 3, 0]], "trans": trans, "fps": 20},
        "aist++": {"smpl_poses": poses, "smpl_trans": trans * 93.0, "smpl_scaling": np.array([93.0]), "fps": 20},
        "gvhmr": {"smpl_params_incam": camera, "smpl_params_global": split, "fps": 20},
        "wham": {"0": {"pose": poses * 0, "trans": trans * 0, "pose_world": poses, "trans_world": trans}, "fps": 20},
        "promphmr": {"people": {1: {"smplx_cam": {"pose": poses * 0, "trans": trans * 0, "shape": np.zeros(10)},
                                    "smplx_world": {"pose": poses, "trans": trans}}}, "fps": 20},
        "tram": {"pred_rotmat": matrix, "pred_trans": trans[:, None], "pred_shape": np.zeros((T, 10)), "fps": 20},
        "phc": {"clip": {"pose_aa": poses, "trans_orig": trans, "beta": np.zeros(10), "fps": 20}},
        "a list": [{"poses": poses, "trans": trans, "fps": 20}],
    }  # fmt: skip


NAMES = tuple(spellings(np.zeros((T, 72)), np.zeros((T, 3))))


@pytest.mark.parametrize("name", NAMES)
def test_parameters_under_any_name(
    tmp_path: Path, smpl: dict[str, np.ndarray], expected: np.ndarray, name: str
) -> None:
    content = spellings(smpl["poses"], smpl["trans"])[name]
    (tmp_path / "m.pkl").write_bytes(pickle.dumps(content))
    np.testing.assert_allclose(formats.read(tmp_path / "m.pkl").joints, expected, atol=1e-4)
    if isinstance(content, dict) and not any(isinstance(value, dict) for value in content.values()):
        np.savez(tmp_path / "m.npz", **content)
        np.testing.assert_allclose(formats.read(tmp_path / "m.npz").joints, expected, atol=1e-4)


@pytest.mark.parametrize("zipped", [True, False])
def test_pytorch_files(tmp_path: Path, smpl: dict[str, np.ndarray], expected: np.ndarray, zipped: bool) -> None:
    poses, trans = (torch.from_numpy(smpl[key]) for key in ("poses", "trans"))
    content = {
        "smpl_params_global": {"body_pose": poses[:, 3:66], "global_orient": poses[:, :3], "transl": trans},
        "net_outputs": {"pred_c": torch.ones(T, 2)},
    }
    torch.save(content, tmp_path / "hmr4d_results.pt", _use_new_zipfile_serialization=zipped)
    reading = formats.inspect(tmp_path / "hmr4d_results.pt")
    np.testing.assert_allclose(reading.motion.joints, expected, atol=1e-4)
    assert reading.decided["fps"] == "30: as GVHMR samples videos"
    assert any("--fps" in remark for remark in reading.remarks)


@pytest.mark.parametrize("axis", ["z", "-y"])
def test_parameters_along_other_axes(
    tmp_path: Path, smpl: dict[str, np.ndarray], expected: np.ndarray, axis: str
) -> None:
    back = orientation.SMPL_TURNS[axis].T
    poses = smpl["poses"].copy()
    root = rotations.multiply(rotations.from_matrix(back), rotations.from_axis_angle(poses[:, :3]))
    poses[:, :3] = rotations.to_axis_angle(root)
    # The translation moves the pelvis of the rest pose, which is not at the origin.
    np.savez(tmp_path / "m.npz", poses=poses, trans=smpl["trans"] @ back.T, fps=20)
    reading = formats.inspect(tmp_path / "m.npz")
    assert reading.decided["up"].startswith(f"{axis}: ")
    relative, wanted = reading.motion.joints - reading.motion.joints[:, :1], expected - expected[:, :1]
    np.testing.assert_allclose(relative, wanted, atol=1e-4)


def test_several_people_are_clips(tmp_path: Path, smpl: dict[str, np.ndarray]) -> None:
    content = {str(i): {"pose_world": smpl["poses"], "trans_world": smpl["trans"] + i} for i in range(3)}
    (tmp_path / "wham.pkl").write_bytes(pickle.dumps(content))
    with pytest.raises(MotionGPTError, match="--fps"):
        formats.read(tmp_path / "wham.pkl")
    first = formats.inspect(tmp_path / "wham.pkl", fps=30)
    assert (first.clips, first.clip) == (("0", "1", "2"), "0")
    assert "3 motions" in first.remarks[-1]
    last = formats.inspect(tmp_path / "wham.pkl", fps=30, clip="2")
    np.testing.assert_allclose(last.motion.joints, first.motion.joints + 2, atol=1e-5)
    assert last.motion.name == "wham-2"
    with pytest.raises(MotionGPTError, match="--clip must be one of 0, 1, 2"):
        formats.read(tmp_path / "wham.pkl", fps=30, clip="9")


def test_poses_without_a_translation_move_in_place(tmp_path: Path, smpl: dict[str, np.ndarray]) -> None:
    np.savez(tmp_path / "m.npz", poses=smpl["poses"], fps=20)
    motion = formats.read(tmp_path / "m.npz")
    assert np.abs(motion.joints[:, 0]).max() < 1e-6
    assert "in place" in motion.remarks[0]


def test_results_of_mdm() -> None:
    reading = formats.inspect(CASES / "24-npy-mdm-results" / "results.npy", clip="1")
    assert (reading.clips, reading.clip, reading.motion.text) == (("0", "1"), "1", "b")
    assert reading.motion.joints.shape == (12, 22, 3)
    content = np.load(CASES / "24-npy-mdm-results" / "results.npy", allow_pickle=True).item()
    np.testing.assert_allclose(reading.motion.joints, content["motion"][1].transpose(2, 0, 1))


def test_lengths_cut_the_padding(tmp_path: Path, moving: Motion) -> None:
    motion = np.stack([moving.joints, moving.joints]).transpose(0, 2, 3, 1)
    content = {"motion": motion, "text": ["a", "b"], "lengths": np.array([40, 60])}
    np.save(tmp_path / "results.npy", np.array(content, dtype=object), allow_pickle=True)
    assert len(formats.read(tmp_path / "results.npy")) == 40
    assert len(formats.read(tmp_path / "results.npy", clip="1")) == 60


def test_batches_of_joints_and_features_are_clips(tmp_path: Path, moving: Motion) -> None:
    features = moving.standard().features()
    for array in (np.stack([moving.joints] * 2), np.stack([features] * 2)):
        np.save(tmp_path / "batch.npy", array)
        reading = formats.inspect(tmp_path / "batch.npy", clip="1")
        assert (reading.clips, reading.clip) == (("0", "1"), "1")
        assert "2 motions" in formats.inspect(tmp_path / "batch.npy").remarks[-1]
    assert len(formats.read(CASES / "26-npy-feature-batch-of-one" / "input.npy")) == 12


def test_features_as_mdm_has_them_and_joints_without_a_name(tmp_path: Path, moving: Motion) -> None:
    features = moving.standard().features()
    content = {"motion": features.T[None, :, None], "text": ["x"], "lengths": np.array([len(features)])}
    np.save(tmp_path / "results.npy", np.array(content, dtype=object), allow_pickle=True)
    np.savez(tmp_path / "unnamed.npz", moving.joints)
    assert len(formats.read(tmp_path / "results.npy")) == len(features)
    np.testing.assert_allclose(formats.read(tmp_path / "unnamed.npz", fps=30).joints, moving.joints)


def test_normalised_features_are_refused(tmp_path: Path, moving: Motion) -> None:
    with pytest.raises(MotionGPTError, match=r"normalised.*mean and std"):
        formats.read(CASES / "05-npy-features-normalised" / "input.npy")
    features = moving.standard().features()
    np.save(tmp_path / "m.npy", (features - features.mean(axis=0)) / (features.std(axis=0) + 1e-3))
    with pytest.raises(MotionGPTError, match="normalised"):
        formats.read(tmp_path / "m.npy")
    # Generated features are not quite so clean as measured ones.
    noisy = features + np.random.default_rng(0).normal(scale=0.03, size=features.shape)
    np.save(tmp_path / "n.npy", noisy)
    assert len(formats.read(tmp_path / "n.npy")) == len(features)


def test_positions_of_a_rig_with_names(tmp_path: Path, moving: Motion) -> None:
    np.savez(
        tmp_path / "rig.npz", positions=moving.joints, names=np.array(HUMANML3D.joints),
        parents=np.array(HUMANML3D.parents), fps=25,
    )  # fmt: skip
    motion = formats.read(tmp_path / "rig.npz")
    assert motion.fps == 25
    np.testing.assert_allclose(motion.joints, moving.joints, atol=1e-6)


def test_parameters_of_the_smplx_package() -> None:
    path = CASES / "23-npz-smplx-parameter-names" / "input.npz"
    motion = formats.read(path, fps=30)
    assert motion.joints.shape == (12, 22, 3)
    assert (motion.joints[:, HUMANML3D.index("head"), 1] - motion.joints[:, 7, 1] > 1.2).all()
    with pytest.raises(MotionGPTError, match="--fps"):
        formats.read(path)


def test_kimodo(tmp_path: Path, moving: Motion) -> None:
    with pytest.raises(MotionGPTError, match=r"Kimodo.*export"):
        formats.read(CASES / "25-npz-kimodo" / "input.npz")
    np.savez(tmp_path / "k.npz", posed_joints=moving.joints, foot_contacts=np.zeros((60, 4), dtype=bool))
    np.testing.assert_allclose(formats.read(tmp_path / "k.npz", fps=30).joints, moving.joints)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"poses": np.zeros((5, 70)), "trans": np.zeros((5, 3)), "fps": 30}, r"\(5, 70\)"),
        ({"poses": np.ones((5, 24, 3, 3)), "trans": np.zeros((5, 3)), "fps": 30}, "no rotation matrices"),
        ({"poses": np.zeros((5, 72)), "trans": np.zeros((4, 3)), "fps": 30}, r"\(4, 3\)"),
        ({"poses": np.zeros((5, 72)), "trans": np.zeros((5, 3)), "fps": -1}, "frame rate"),
        ({"weights": np.zeros((5, 72))}, "no known motion"),
        (["words"], "no known motion"),
        (7, "no known motion"),
    ],
)
def test_what_is_no_motion(tmp_path: Path, content: Any, message: str) -> None:
    (tmp_path / "bad.pkl").write_bytes(pickle.dumps(content))
    with pytest.raises(MotionGPTError, match=rf"bad\.pkl.*{message}"):
        formats.read(tmp_path / "bad.pkl")
