"""Which nodes are the body, its rest pose, and movement through scaled and turned parents."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from gltf_files import PERSON, Gltf, person, turn
from motiongpt import formats
from motiongpt.formats.gltf import figure
from motiongpt.formats.gltf.document import Document
from motiongpt.motion.skeleton import HUMANML3D

Z = (0, 0, 1)


def _bend(gltf: Gltf, node: int, name: str = "Bend") -> None:
    gltf.track(gltf.clip(name), node, "rotation", [0, 1], [turn(Z, a) for a in (0, 90)])


def _skin(gltf: Gltf, joints: list[int], inverse: list[np.ndarray] | None = None) -> None:
    skin: dict = {"joints": joints}
    if inverse is not None:
        skin["inverseBindMatrices"] = gltf.accessor(np.array([matrix.T.ravel() for matrix in inverse]))
    gltf.json.setdefault("skins", []).append(skin)


def _matrix(fields: dict) -> np.ndarray:
    result = np.eye(4)
    rotation = Rotation.from_quat(fields.get("rotation", [0, 0, 0, 1])).as_matrix()
    result[:3, :3] = rotation @ np.diag(fields.get("scale", [1, 1, 1]))
    result[:3, 3] = fields.get("translation", [0, 0, 0])
    return result


def _of(path: Path, joint: str) -> np.ndarray:
    """(T, 3) of a joint as it is read."""
    return formats.read(path).joints[:, HUMANML3D.index(joint)]


def _expected(path: Path) -> np.ndarray:
    gltf, nodes = person()
    _bend(gltf, nodes["LeftForeArm"])
    return formats.read(gltf.glb(path / "plain.glb")).joints


@pytest.mark.parametrize("mesh", [False, True])
@pytest.mark.parametrize("where", ["before", "after", "beside the hips", "under a bone", "with a prefix"])
@pytest.mark.parametrize("skin", [False, True])
def test_nodes_called_as_bones(tmp_path: Path, mesh: bool, where: str, skin: bool) -> None:
    gltf = Gltf()
    fields = {"mesh": 0} if mesh else {}
    names = ("Head", "LeftHand")

    def others(parent: int | None = None) -> None:
        for name in names:
            gltf.node(name, parent, translation=[0.5, 0.0, 0.0], **fields)

    armature = gltf.node("Armature") if where == "beside the hips" else None
    if where in ("before", "beside the hips", "with a prefix"):
        others(armature)
    called = {joint: f"mixamorig:{joint}" for joint, _, _ in PERSON} if where == "with a prefix" else {}
    gltf, nodes = person(called, armature, gltf)
    if where == "after":
        others()
    if where == "under a bone":
        others(nodes["Spine"])
    if skin:
        _skin(gltf, list(nodes.values()))
    _bend(gltf, nodes["LeftForeArm"])
    np.testing.assert_array_equal(formats.read(gltf.glb(tmp_path / "a.glb")).joints, _expected(tmp_path))


def test_joints_and_ends_that_no_vertex_follows(tmp_path: Path) -> None:
    gltf, nodes = person()
    _skin(gltf, [node for joint, node in nodes.items() if joint not in ("Hips", "LeftHand", "LeftToeBase")])
    _bend(gltf, nodes["LeftForeArm"])
    np.testing.assert_array_equal(formats.read(gltf.glb(tmp_path / "a.glb")).joints, _expected(tmp_path))


@pytest.mark.parametrize("skins", [False, True])
def test_of_two_bodies_the_one_that_moves(tmp_path: Path, skins: bool) -> None:
    gltf, still = person()
    gltf, nodes = person(gltf=gltf)
    if skins:
        _skin(gltf, list(still.values()))
        _skin(gltf, list(nodes.values()))
    gltf.json["nodes"][nodes["Hips"]]["translation"] = [3.0, 0.95, 0.0]
    _bend(gltf, nodes["LeftForeArm"])
    path = gltf.glb(tmp_path / "a.glb")
    np.testing.assert_allclose(formats.read(path).joints, _expected(tmp_path) + np.array([3, 0, 0]), atol=1e-6)
    if skins:
        _bend(gltf, nodes["LeftForeArm"], "both")
        clip = gltf.json["animations"][1]
        gltf.track(clip, still["LeftArm"], "rotation", [0, 1], [turn(Z, a) for a in (0, 45)])
        reading = formats.inspect(gltf.glb(path), clip="both")
        assert any("Of 2 bodies that move" in remark for remark in reading.remarks)


@given(seed=st.integers(0, 2**32 - 1))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)
def test_any_transforms_of_parents(tmp_path: Path, seed: int) -> None:
    """Positions are those of 4 x 4 matrices multiplied from the root, for random chains with scales and matrices."""
    rng = np.random.default_rng(seed)
    gltf, chain, parent = Gltf(), [], None
    for i in range(6):
        fields: dict = {
            "translation": rng.normal(size=3).tolist(),
            "rotation": Rotation.random(random_state=int(rng.integers(2**31))).as_quat().tolist(),
            "scale": rng.uniform(0.2, 3, 3).tolist(),
        }
        if rng.random() < 0.3:
            fields = {"matrix": _matrix(fields).T.ravel().tolist()}
        parent = gltf.node(f"n{i}", parent, **fields)
        chain.append(fields)
    clip, times, values = gltf.clip(), np.linspace(0, 2, 5), {}
    for i, fields in enumerate(chain):
        if "matrix" in fields or rng.random() < 0.3:
            continue
        values[i] = {
            "translation": rng.normal(size=(5, 3)),
            "rotation": Rotation.random(5, random_state=int(rng.integers(2**31))).as_quat(),
            "scale": rng.uniform(0.2, 3, (5, 3)),
        }
        for path, keys in values[i].items():
            gltf.track(clip, i, path, times, keys)
    document = Document(gltf.glb(tmp_path / "a.glb"))
    tracks = figure.tracks(document, clip, set(range(6)))
    places = figure.move(document, list(range(6)), tracks, times)
    for k in range(5):
        world = np.eye(4)
        for i, fields in enumerate(chain):
            own = {path: keys[k] for path, keys in values[i].items()} if i in values else fields
            world = world @ (np.reshape(own["matrix"], (4, 4)).T if "matrix" in own else _matrix(own))
            np.testing.assert_allclose(places[k, i], world[:3, 3], atol=1e-4, rtol=1e-4)


def test_the_rest_pose_is_that_of_the_skin(tmp_path: Path) -> None:
    """The nodes of many files stand in the first pose of a clip; the skin was bound in the rest pose."""
    gltf, nodes = person()
    document = Document(gltf.glb(tmp_path / "a.glb"))
    everyone = list(nodes.values())
    expected = figure.rest_pose(document, everyone).places
    world = {node: np.eye(4) for node in everyone}
    for node, place in zip(everyone, expected, strict=True):
        world[node][:3, 3] = place
    # The skin is bound in centimetres and lies on its back, as its mesh was exported.
    mesh = np.diag([100.0, 100, 100, 1]) @ _matrix({"rotation": turn((1, 0, 0), 90)})
    _skin(gltf, everyone, [np.linalg.inv(mesh @ world[node]) for node in everyone])
    for joint in ("LeftArm", "RightArm", "LeftUpLeg"):
        gltf.json["nodes"][nodes[joint]]["rotation"] = turn((1, 0, 0), 70)
    posed = Document(gltf.glb(tmp_path / "b.glb"))
    np.testing.assert_allclose(figure.rest_pose(posed, everyone).places, expected, atol=1e-5)
    gltf.json["skins"] = []
    unskinned = Document(gltf.glb(tmp_path / "c.glb"))
    assert np.abs(figure.rest_pose(unskinned, everyone).places - expected).max() > 0.1


VRM_BONES = {
    "Hips": "hips",
    "Spine": "spine",
    "Spine1": "chest",
    "Neck": "neck",
    "Head": "head",
    **{
        f"{side}{joint}": side.lower() + bone
        for side in ("Left", "Right")
        for joint, bone in (
            ("Shoulder", "Shoulder"),
            ("Arm", "UpperArm"),
            ("ForeArm", "LowerArm"),
            ("Hand", "Hand"),
            ("UpLeg", "UpperLeg"),
            ("Leg", "LowerLeg"),
            ("Foot", "Foot"),
            ("ToeBase", "Toes"),
        )
    },
}


@pytest.mark.parametrize(
    ("extension", "suffix"), [("VRMC_vrm_animation", ".vrma"), ("VRMC_vrm", ".vrm"), ("VRM", ".vrm")]
)
def test_vrm_says_which_node_is_which_bone(tmp_path: Path, extension: str, suffix: str) -> None:
    gltf, nodes = person({joint: f"骨 {i}" for i, (joint, _, _) in enumerate(PERSON)})
    pairs = {bone: nodes[joint] for joint, bone in VRM_BONES.items()}
    bones: object = {bone: {"node": node} for bone, node in pairs.items()}
    if extension == "VRM":
        bones = [{"bone": bone, "node": node} for bone, node in pairs.items()] + [{"bone": "jaw", "node": -1}]
    gltf.json["extensions"] = {extension: {"humanoid": {"humanBones": bones}}}
    _bend(gltf, nodes["LeftForeArm"])
    reading = formats.inspect(gltf.glb(tmp_path / f"a{suffix}"))
    np.testing.assert_allclose(
        np.linalg.norm(_of(tmp_path / f"a{suffix}", "left_wrist") - _of(tmp_path / f"a{suffix}", "left_elbow"), axis=1),
        0.25,
        atol=1e-5,
    )
    expected = _expected(tmp_path)
    limbs = [HUMANML3D.index(f"{side}_{joint}") for side in ("left", "right") for joint in ("knee", "elbow", "wrist")]
    np.testing.assert_allclose(reading.motion.joints[:, limbs], expected[:, limbs], atol=1e-6)
    for source in reading.joints.values():
        assert source.confidence == 1
        assert all(name.startswith("骨") for name in source.names)


def test_a_vrm_avatar_without_motion(tmp_path: Path) -> None:
    gltf, _ = person()
    with pytest.raises(formats.MotionGPTError, match=r"no animation, only a pose, as \.vrm avatars have none.*\.vrma"):
        formats.read(gltf.glb(tmp_path / "a.vrm"))
