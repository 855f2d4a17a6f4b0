"""Body models of the SMPL family against the smplx library, with made-up model files in the true formats."""

from __future__ import annotations

import pickle
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse
import smplx
import torch
import trimesh

from bodies import chain, smooth_turns
from motiongpt.bodies import fit_smpl, load_body_model
from motiongpt.bodies.body_model import JOINTS, BodyModel
from motiongpt.bodies.posing import rest_joints
from motiongpt.bodies.rest_pose import rest_offsets
from motiongpt.cli.app import run
from motiongpt.errors import MotionGPTError
from motiongpt.motion import HUMANML3D, Motion, rotations

# SMPL's trees: the 22 joints, then hands (and jaw and eyes).
VERTICES = {"smpl": 6890, "smplh": 6890, "smplx": 10475}


def tree(kind: str) -> list[int]:
    parents = list(HUMANML3D.parents)
    if kind == "smpl":
        return [*parents, 20, 21]
    if kind == "smplx":
        parents += [15, 15, 15]
    for wrist in (20, 21):
        for _ in range(5):
            first = len(parents)
            parents += [wrist, first, first + 1]
    return parents


def model_data(kind: str) -> dict[str, Any]:
    """A cloud of points around the joints of a T-pose, with random shapes and correctives."""
    rng = np.random.default_rng(7)
    parents, count = tree(kind), VERTICES[kind]
    joints = np.zeros((len(parents), 3))
    joints[:22] = rest_joints(rest_offsets(np.array(HUMANML3D.lengths)), HUMANML3D.parents) + np.array([0, -0.22, 0.03])
    for joint in range(22, len(parents)):
        joints[joint] = joints[parents[joint]] + [0.03 * np.sign(joints[parents[joint], 0]), 0.0, 0.005 * (joint % 5)]
    owner = np.arange(count) % len(parents)
    template = joints[owner] + rng.normal(0, 0.03, (count, 3))
    regressor = np.zeros((len(parents), count))
    for joint in range(len(parents)):
        regressor[joint, owner == joint] = 1 / (owner == joint).sum()
    weights = np.zeros((count, len(parents)))
    weights[np.arange(count), owner] = 0.8
    weights[np.arange(count), np.maximum(np.array(parents)[owner], 0)] += 0.2
    shapes = rng.normal(0, 0.002, (count, 3, 10))
    # The first shape is size, as in the real ones.
    shapes[..., 0] = 0.04 * template
    data: dict[str, Any] = {}
    if kind != "smpl":
        # What the library asks for beside what makes the body.
        data.update(hands_componentsl=np.eye(45), hands_componentsr=np.eye(45))
        data.update(hands_meanl=np.zeros(45), hands_meanr=np.zeros(45))
    if kind == "smplx":
        data.update(lmk_faces_idx=np.zeros(51, dtype=np.int64), lmk_bary_coords=np.full((51, 3), 1 / 3))
        # Ten shapes, then ten expressions.
        shapes = np.concatenate([shapes, np.zeros((count, 3, 10))], axis=2)
    return {
        **data,
        "v_template": template,
        "shapedirs": shapes,
        "posedirs": 0.001 * rng.standard_normal((count, 3, 9 * (len(parents) - 1)), dtype=np.float32),
        "J_regressor": regressor,
        "kintree_table": np.array([[2**32 - 1, *parents[1:]], range(len(parents))], dtype=np.uint32),
        "weights": weights,
        "f": rng.integers(0, count, (13776, 3)).astype(np.uint32),
    }


def library(kind: str, file: Path) -> torch.nn.Module:
    """The smplx library's model of the same file."""
    if kind == "smplx":
        return smplx.SMPLXLayer(model_path=str(file), num_betas=10, use_face_contour=False)
    with np.load(file, allow_pickle=True) as data:
        struct = types.SimpleNamespace(**data)
    layer = smplx.SMPLLayer if kind == "smpl" else smplx.SMPLHLayer
    return layer(model_path="", data_struct=struct, num_betas=10)


@pytest.fixture(scope="module", params=list(JOINTS))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def file(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp(kind) / f"{kind.upper()}_NEUTRAL.npz"
    # Real files hold pickled entries too, which must not be in the way.
    np.savez(path, **model_data(kind), part2num=np.array({"hips": 0}, dtype=object))
    return path


@pytest.fixture(scope="module")
def model(kind: str, file: Path) -> BodyModel:
    return load_body_model(file, kind)


def test_vertices_are_those_of_the_smplx_library(kind: str, file: Path, model: BodyModel) -> None:
    rng = np.random.default_rng(2)
    count = JOINTS[kind]
    quaternions = rotations.from_axis_angle(rng.normal(0, 0.4, (2, count, 3)))
    betas = rng.normal(0, 1, 10)
    root = np.array([[0.1, 0.9, 0.2], [0.3, 1.0, 0.5]])
    ours = np.concatenate(list(model.vertices(betas, quaternions, root)))
    matrices = torch.tensor(rotations.to_matrix(quaternions), dtype=torch.float32)
    given: dict[str, Any] = {"global_orient": matrices[:, :1]}
    if kind == "smpl":
        given["body_pose"] = matrices[:, 1:]
    else:
        given["body_pose"] = matrices[:, 1:22]
        given["left_hand_pose"], given["right_hand_pose"] = matrices[:, -30:-15], matrices[:, -15:]
    if kind == "smplx":
        for number, name in enumerate(("jaw_pose", "leye_pose", "reye_pose")):
            given[name] = matrices[:, 22 + number : 23 + number]
        given["expression"] = torch.zeros(2, 10)
    transl = torch.tensor(root - model.joints(betas)[0], dtype=torch.float32)
    theirs = library(kind, file)(
        betas=torch.tensor(np.tile(betas, (2, 1)), dtype=torch.float32), transl=transl, **given
    )
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, theirs.vertices.numpy()[:, : ours.shape[1]], atol=1e-4)


def moving(model: BodyModel, betas: np.ndarray, frames: int = 12) -> Motion:
    """The model's own joints, limbs swinging."""
    turns = smooth_turns(np.random.default_rng(4), frames, 22, 30)
    rest = model.joints(betas)[:22]
    offsets = rest - rest[list(HUMANML3D.parents)]
    return Motion(chain(offsets, HUMANML3D.parents, turns, np.tile([0.2, 1.0, 0.1], (frames, 1))), name="moving")


def test_shape_and_joints_of_the_model_come_back(model: BodyModel) -> None:
    betas = np.array([1.5, -1, *np.zeros(8)])
    fit = fit_smpl(moving(model, betas), model)
    assert abs(fit.betas[0] - 1.5) < 0.3
    assert fit.pose.error.mean() < 0.005


def test_files_of_the_verb(kind: str, file: Path, model: BodyModel, tmp_path: Path) -> None:
    motion = moving(model, np.array([-1.0]))
    source = motion.save(tmp_path / "moving.npy")
    out, vertices, ply = tmp_path / "out.npz", tmp_path / "vertices.npy", tmp_path / "ply"
    options = ["--vertices", str(vertices), "--ply", str(ply), "-o", str(out), "--gender", "female"]
    assert run(["fit", str(source), "--model", kind, "--body-model", str(file), *options]) == 0
    with np.load(out) as data:
        assert data["poses"].shape == (12, 3 * JOINTS[kind])
        assert data["trans"].shape == (12, 3)
        assert data["betas"].shape == (10,)
        assert (str(data["gender"]), float(data["mocap_framerate"])) == ("female", 20)
    # The AMASS reader sees the joints on the same body.
    again = Motion.load(out, body_model=file)
    assert np.linalg.norm(again.joints - motion.joints, axis=-1).mean() < 0.005
    meshes = np.load(vertices)
    assert meshes.shape == (12, VERTICES[kind], 3)
    assert len(list(ply.iterdir())) == 12
    mesh = trimesh.load(ply / "000011.ply", process=False)
    np.testing.assert_allclose(mesh.vertices, meshes[11], atol=1e-6)
    np.testing.assert_array_equal(mesh.faces, model.faces)


def chumpy_pickle(data: dict[str, Any], path: Path) -> None:
    """A .pkl as SMPL's: protocol 2, a sparse regressor, shapes in an array of chumpy."""
    chumpy = types.ModuleType("chumpy")
    ch = types.ModuleType("chumpy.ch")

    class Ch:
        def __init__(self, x: np.ndarray) -> None:
            self.x = x

    Ch.__module__, Ch.__qualname__ = "chumpy.ch", "Ch"
    ch.Ch = Ch  # type: ignore[attr-defined]
    sys.modules.update({"chumpy": chumpy, "chumpy.ch": ch})
    try:
        content = {
            **data,
            "J_regressor": scipy.sparse.csc_matrix(data["J_regressor"]),
            "shapedirs": Ch(data["shapedirs"]),
            "bs_style": "lbs",
        }
        path.write_bytes(pickle.dumps(content, protocol=2))
    finally:
        del sys.modules["chumpy"], sys.modules["chumpy.ch"]


def test_pickled_models_are_read_without_running_them(tmp_path: Path) -> None:
    data = model_data("smpl")
    path = tmp_path / "basicmodel_neutral.pkl"
    chumpy_pickle(data, path)
    model = load_body_model(path, "smpl")
    np.testing.assert_allclose(model.regressor, data["J_regressor"])
    np.testing.assert_allclose(model.shapes, data["shapedirs"])


class Dangerous:
    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return eval, ("open('ran', 'w')",)


def test_dangerous_pickles_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "evil.pkl"
    path.write_bytes(pickle.dumps({"v_template": Dangerous()}))
    with pytest.raises(MotionGPTError, match=r"evil\.pkl.*eval"):
        load_body_model(path, "smpl")
    assert not (tmp_path / "ran").exists()


def test_a_missing_model_says_where_to_get_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save(tmp_path / "m.npy", np.zeros((3, 22, 3)))
    code = run(["fit", str(tmp_path / "m.npy"), "--model", "smplx", "--body-model", str(tmp_path / "SMPLX.npz")])
    assert code == 2
    error = capsys.readouterr().err
    assert "SMPLX.npz" in error
    assert "https://smpl-x.is.tue.mpg.de" in error


def test_other_kinds_and_cut_files(tmp_path: Path) -> None:
    data = model_data("smpl")
    np.savez(tmp_path / "smpl.npz", **data)
    with pytest.raises(MotionGPTError, match="give --model smpl"):
        load_body_model(tmp_path / "smpl.npz", "smplh")
    del data["posedirs"]
    np.savez(tmp_path / "cut.npz", **data)
    with pytest.raises(MotionGPTError, match="lacks posedirs"):
        load_body_model(tmp_path / "cut.npz", "smpl")
    (tmp_path / "text.pkl").write_text("no pickle")
    with pytest.raises(MotionGPTError, match=r"text\.pkl"):
        load_body_model(tmp_path / "text.pkl", "smpl")
