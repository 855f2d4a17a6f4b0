"""Motions on characters of other makes, judged by the written files alone, and read by programs of the web."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from characters import write_character
from formats.browser import open_three, validate
from glb_numbers import Glb, angles, winding
from motiongpt.errors import MotionGPTError
from motiongpt.formats import bvh, characters
from motiongpt.motion import HUMANML3D, KIT, Motion
from motiongpt.motion.contacts import planted

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "humanml3d_012314_joints.npy"
LIMBS = (("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"))
SIDES = ("left", "right")
# Rig, rest pose, seed of the axes of its bones, degrees about Y, humanoid extension.
MADE = [
    ("Mixamo", "T", 0, 0, ""), ("Mixamo", "A", 1, 0, ""), ("Unreal", "A", 2, 0, ""), ("Unreal", "ready", 3, 90, ""),
    ("Rigify DEF", "A", 4, 0, ""), ("VRM", "T", 0, 180, "0.x"), ("VRM", "A", 5, 0, "1.0"), ("Biped", "A", 6, 0, ""),
    ("Genesis 3", "arms down", 7, 0, ""), ("Quaternius", "A", 8, 0, ""), ("MMD", "A", 9, 0, ""),
    ("Roblox", "T", 10, 0, ""),
]  # fmt: skip


@pytest.fixture(scope="module")
def walk() -> Motion:
    joints = np.load(GOLDEN)
    return Motion(joints, name="walk").canonical()


def _places(glb: Glb, clip: str, motion: Motion, bones: Any) -> dict[str, np.ndarray]:
    at = glb.places(clip, np.arange(len(motion)) / motion.fps, list(bones.values()))
    return dict(zip(bones, at.transpose(1, 0, 2), strict=True))


def _joints(motion: Motion, facing: float = 0.0) -> dict[str, np.ndarray]:
    turn = Rotation.from_euler("y", facing, degrees=True).as_matrix()
    return dict(zip(HUMANML3D.joints, (motion.joints.astype(float) @ turn.T).transpose(1, 0, 2), strict=True))


def _errors(places: dict[str, np.ndarray], joints: dict[str, np.ndarray]) -> list[float]:
    """Mean degrees of each kind of limb."""
    return [
        float(
            np.mean(
                [
                    angles(places[f"{s}_{b}"] - places[f"{s}_{a}"], joints[f"{s}_{b}"] - joints[f"{s}_{a}"])
                    for s in SIDES
                    if f"{s}_{b}" in places
                ]
            )
        )
        for a, b in LIMBS
    ]


def _slide(body: dict[str, np.ndarray], motion: Motion, parts: tuple[str, ...]) -> float:
    """cm/s of planted feet, of which the slower joint counts."""
    on = planted(motion.joints.astype(float), motion.fps).reshape(-1, 2, 2)
    on = on[..., : len(parts)]
    feet = np.stack([np.stack([body[f"{side}_{part}"] for part in parts], axis=1) for side in SIDES], axis=1)
    speed = 100 * motion.fps * np.linalg.norm(np.diff(feet, axis=0)[..., [0, 2]], axis=-1)
    slower = np.where(on[1:] & on[:-1], speed, np.inf).min(axis=-1)
    return float(slower[np.isfinite(slower)].mean())


@pytest.mark.parametrize(("rig", "pose", "seed", "facing", "vrm"), MADE)
def test_limbs_point_as_the_performers_and_feet_stay(
    tmp_path: Path, walk: Motion, rig: str, pose: str, seed: int, facing: float, vrm: str
) -> None:
    source = tmp_path / ("hero.vrm" if vrm else "hero.glb")
    write_character(source, rig, pose=pose, seed=seed, facing=facing, vrm=vrm)
    report = characters.write(walk, source, tmp_path / "out.glb")
    places = _places(Glb(tmp_path / "out.glb"), "walk", walk, report.bones)
    joints = _joints(walk, facing)
    found = _errors(places, joints)
    assert max(found) < 3, found
    # The report says the same.
    said = list(report.motions[0].directions.values())
    np.testing.assert_allclose(said, [angle for angle in found if np.isfinite(angle)], atol=0.05)
    leg = np.linalg.norm(places["left_ankle"] - places["left_hip"], axis=-1).max()
    size = leg / np.linalg.norm(joints["left_ankle"] - joints["left_hip"], axis=-1).max()
    parts = ("ankle", "foot") if "left_foot" in places else ("ankle",)
    assert _slide(places, walk, parts) / size < _slide(joints, walk, parts) + 2
    # Hips travel as far as the legs are long.
    hips = [(body["left_hip"] + body["right_hip"]) / 2 for body in (places, joints)]
    way, own = (path[-1] - path[0] for path in hips)
    np.testing.assert_allclose(way[[0, 2]] / size, own[[0, 2]], atol=0.1)
    # On the floor: no vertex much below, and the feet are not in the air.
    lowest = np.concatenate(
        [part.reshape(len(part), -1, 3)[..., 1].min(axis=1) for part, _, _ in _skinned(tmp_path / "out.glb", walk)]
    )
    assert -0.04 < np.median(lowest) < 0.03


def _skinned(path: Path, motion: Motion) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    glb = Glb(path)
    return glb.skinned(glb.world("walk", np.arange(0, len(motion), 5) / motion.fps))


def test_all_else_in_the_file_stays(tmp_path: Path, walk: Motion) -> None:
    source = write_character(tmp_path / "hero.glb", "Mixamo", pose="A", seed=1)
    characters.write(replace(walk, name="first"), source, tmp_path / "one.glb")
    before = Glb(tmp_path / "one.glb")
    characters.write([walk, replace(walk.mirrored(), name="first")], tmp_path / "one.glb", tmp_path / "two.glb")
    after = Glb(tmp_path / "two.glb")
    assert [clip["name"] for clip in after.json["animations"]] == ["first", "walk", "first 2"]
    assert after.json["animations"][0] == before.json["animations"][0]
    for key, value in before.json.items():
        if key in ("bufferViews", "accessors"):
            assert after.json[key][: len(value)] == value
        elif key not in ("animations", "buffers"):
            assert after.json[key] == value, key
    assert after.blob.startswith(before.blob[: before.json["buffers"][0]["byteLength"]])
    fingers = [i for i, name in enumerate(after.names) if "Thumb" in name]
    moved = {channel["target"]["node"] for clip in after.json["animations"] for channel in clip["channels"]}
    assert fingers
    assert not moved & set(fingers)
    assert len(moved) < 24
    characters.write(walk, tmp_path / "one.glb", tmp_path / "three.glb", keep_clips=False)
    assert [clip["name"] for clip in Glb(tmp_path / "three.glb").json["animations"]] == ["walk"]
    assert validate(tmp_path / "two.glb")["issues"]["numErrors"] == 0


def test_a_gltf_with_files_beside_it_and_a_matrix_becomes_one_file(tmp_path: Path, walk: Motion) -> None:
    glb = Glb(write_character(tmp_path / "hero.glb", "Unreal", pose="A", seed=2))
    content = copy.deepcopy(glb.json)
    content["buffers"][0]["uri"] = "hero.bin"
    content["images"] = [{"uri": "skin.png"}]
    content["textures"] = [{"source": 0}]
    content["materials"][0]["pbrMetallicRoughness"]["baseColorTexture"] = {"index": 0}
    del content["materials"][0]["pbrMetallicRoughness"]["baseColorTexture"]  # no texture coordinates
    hips = glb.names.index("pelvis")
    node = content["nodes"][hips]
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_quat(node.pop("rotation")).as_matrix()
    matrix[:3, 3] = node.pop("translation")
    node["matrix"] = matrix.T.reshape(-1).tolist()
    from PIL import Image

    Image.new("RGB", (2, 2), (200, 10, 10)).save(tmp_path / "skin.png")
    (tmp_path / "hero.bin").write_bytes(glb.blob)
    (tmp_path / "hero.gltf").write_text(json.dumps(content))
    report = characters.write(walk, tmp_path / "hero.gltf", tmp_path / "out.glb")
    out = Glb(tmp_path / "out.glb")
    assert max(_errors(_places(out, "walk", walk, report.bones), _joints(walk))) < 3
    view = out.json["bufferViews"][out.json["images"][0]["bufferView"]]
    assert out.blob[view["byteOffset"] :][: view["byteLength"]] == (tmp_path / "skin.png").read_bytes()
    assert validate(tmp_path / "out.glb")["issues"]["numErrors"] == 0


def _turn(path: Path, motion: Motion, bone: str) -> Rotation:
    """Rotations (T) of a bone in the world relative to how the skin was bound."""
    glb = Glb(path)
    node = glb.names.index(bone)
    world = glb.world("walk", np.arange(len(motion)) / motion.fps)[:, node, :3, :3]
    inverse = next(every[node] for *_, every in glb.skins)[:3, :3]
    return Rotation.from_matrix(world @ inverse)


def test_rest_poses_make_no_difference_to_the_turn_of_forearms_and_shins(tmp_path: Path, walk: Motion) -> None:
    for pose, arm in (("A", Rotation.from_euler("zy", [-45, -8], degrees=True)), ("arms down", None)):
        found = []
        for one in ("T", pose):
            source = write_character(tmp_path / "hero.glb", "Unreal", pose=one, seed=3)
            characters.write(walk, source, tmp_path / f"{one}.glb")
            found.append(tmp_path / f"{one}.glb")
        for bone in ("calf_l", "lowerarm_l") if arm is not None else ("calf_r",):
            turns = [_turn(path, walk, bone) for path in found]
            rest = arm if bone == "lowerarm_l" and arm is not None else Rotation.from_euler("z", 0)
            if bone.startswith("calf") and pose == "A":
                rest = Rotation.from_euler("z", 6, degrees=True)
            off = (turns[0].inv() * (turns[1] * rest)).magnitude()
            assert np.degrees(off).max() < 10, (pose, bone)


def _along(turn: Rotation, axis: np.ndarray) -> np.ndarray:
    """Twist (T) in degrees of rotations about an axis."""
    quaternion = turn.as_quat(canonical=True)
    return np.degrees(2 * np.arctan2(quaternion[:, :3] @ axis, quaternion[:, 3]))


def test_twist_is_shared_over_twist_bones(tmp_path: Path, walk: Motion) -> None:
    source = write_character(tmp_path / "hero.glb", "Unreal", pose="T", seed=4)
    characters.write(walk, source, tmp_path / "out.glb")
    start, whole, half = (
        _turn(tmp_path / "out.glb", walk, f"{bone}_l") for bone in ("clavicle", "upperarm", "upperarm_twist_01")
    )
    axis = np.array([27.0, 0, -1]) / np.linalg.norm([27.0, 0, -1])
    full = _along(start.inv() * whole, axis)
    assert np.ptp(full) > 5
    # The twist bone of the rig lies at the shoulder: it swings with the arm and does not twist.
    assert np.abs(_along(start.inv() * half, axis)).max() < 0.1 * np.abs(full).max() + 0.5
    source = write_character(tmp_path / "rigify.glb", "Rigify DEF", pose="T", seed=4)
    characters.write(walk, source, tmp_path / "out.glb")
    names = ("DEF-shoulder.L", "DEF-upper_arm.L", "DEF-upper_arm.L.001")
    start, first, second = (_turn(tmp_path / "out.glb", walk, name) for name in names)
    shares = [_along(start.inv() * turn, axis) for turn in (first, second)]
    np.testing.assert_allclose(shares[0], shares[1] / 2, atol=0.5)


@pytest.mark.parametrize("root_motion", ["hips", "root-bone", "in-place"])
def test_root_motion(tmp_path: Path, walk: Motion, root_motion: str) -> None:
    source = write_character(tmp_path / "hero.glb", "Unreal", pose="A", seed=2)
    report = characters.write(walk, source, tmp_path / "out.glb", root_motion=root_motion)
    glb = Glb(tmp_path / "out.glb")
    root = glb.places("walk", np.arange(len(walk)) / walk.fps, ["root"])[:, 0]
    places = _places(glb, "walk", walk, report.bones)
    path = walk.joints[:, 0, [0, 2]]
    if root_motion == "root-bone":
        assert np.linalg.norm(np.ptp(root, axis=0)[[0, 2]]) > 0.8 * np.linalg.norm(np.ptp(path, axis=0))
        assert np.ptp(root[:, 1]) < 1e-6
        # The hips are over the root, and the limbs as ever.
        assert np.linalg.norm((places["pelvis"] - root)[:, [0, 2]], axis=-1).max() < 0.25
        assert max(_errors(places, _joints(walk))) < 3
    else:
        assert np.ptp(root, axis=0).max() < 1e-6
    if root_motion == "in-place":
        assert np.linalg.norm(places["pelvis"][:, [0, 2]], axis=-1).max() < 0.25


def test_arms_stay_out_of_a_wide_trunk(tmp_path: Path, walk: Motion) -> None:
    source = write_character(tmp_path / "hero.glb", "Mixamo", pose="T", seed=1, trunk=(0.24, 0.17))
    report = characters.write(walk, source, tmp_path / "out.glb")
    glb = Glb(tmp_path / "out.glb")
    world = glb.world("walk", np.arange(0, len(walk), 6) / walk.fps)
    own = [glb.names.index(name) for name in (report.bones["pelvis"], *report.spine)]
    vertices, faces, most = glb.skinned(world)[0]
    faces = faces[np.isin(most[faces], own).all(axis=1)]
    ends = [glb.names.index(report.bones[f"{side}_{part}"]) for side in SIDES for part in ("elbow", "wrist")]
    for frame, mesh in zip(world[..., :3, 3][:, ends], vertices, strict=True):
        points = np.concatenate(
            [frame[i] + np.linspace(0.5, 1.2, 4)[:, None] * (frame[i + 1] - frame[i]) for i in (0, 2)]
        )
        assert winding(points, mesh, faces).max() < 0.5
    # Without the trunk, arms are where the performer's are.
    assert report.motions[0].directions["upper arm"] > 0.5


def test_a_bvh_gets_the_motion_in_its_own_skeleton(tmp_path: Path, walk: Motion) -> None:
    from rigs import RIGS

    rig = RIGS["Biovision"]
    # In the order of such files, every joint after those below the one before.
    order: list[int] = []

    def visit(joint: int) -> None:
        order.append(joint)
        for child in [i for i, parent in enumerate(rig.parents) if parent == joint]:
            visit(child)

    visit(0)
    parents = [order.index(rig.parents[i]) if rig.parents[i] >= 0 else -1 for i in order]
    tree = bvh.Bvh([rig.names[i] for i in order], parents, rig.offsets[order], [], np.zeros((1, 0)), 0.05)
    turns = ("zrotation", "yrotation", "xrotation")
    tree.channels = [
        ("xposition", "yposition", "zposition", *turns) if i == 0 else turns for i in range(len(rig.names))
    ]
    still = np.tile([1.0, 0, 0, 0], (2, len(rig.names), 1))
    bvh.save(tree, still, {}, 30.0, tmp_path / "hero.bvh")
    report = characters.write(walk, tmp_path / "hero.bvh", tmp_path / "out.bvh")
    out = bvh.parse(tmp_path / "out.bvh")
    assert out.names == bvh.parse(tmp_path / "hero.bvh").names
    np.testing.assert_allclose(out.offsets, rig.offsets[order], atol=1e-6)
    at = out.positions()
    places = {joint: at[:, out.names.index(name)] for joint, name in report.bones.items()}
    assert max(_errors(places, _joints(walk))) < 3
    with pytest.raises(MotionGPTError, match=r"out\.bvh: \.bvh files hold one motion, not 2"):
        characters.write([walk, walk], tmp_path / "hero.bvh", tmp_path / "out.bvh")


def test_what_is_refused(tmp_path: Path, walk: Motion) -> None:
    source = write_character(tmp_path / "hero.glb", "Mixamo")
    content = Glb(source)
    for node in content.json["nodes"]:
        node["name"] = node["name"].replace("UpLeg", "Thing").replace("Leg", "Stick").replace("Foot", "Bar")
    spider = tmp_path / "spider.gltf"
    del content.json["skins"], content.json["meshes"], content.json["nodes"][-1]
    content.json["scenes"][0]["nodes"] = [0]
    content.json["nodes"] = content.json["nodes"][:9]
    for node in content.json["nodes"]:
        node["children"] = [child for child in node.get("children", []) if child < 9]
        if not node["children"]:
            del node["children"]
    content.json["buffers"] = []
    spider.write_text(json.dumps({key: content.json[key] for key in ("asset", "nodes", "scenes")}))
    for call, message in (
        (lambda: characters.write(walk, spider, tmp_path / "out.glb"), "there is no human body in it"),
        (lambda: characters.write(walk, source, tmp_path / "out.fbx"), r"written as \.glb"),
        (lambda: characters.load(tmp_path / "hero.obj"), "a character is one of"),
        (lambda: characters.load(tmp_path / "none.glb"), "no such file|does not exist"),
        (lambda: characters.write([], source, tmp_path / "out.glb"), "no motion"),
        (lambda: characters.write(walk, source, tmp_path / "out.glb", root_motion="feet"), "must be one of hips"),
        (
            lambda: characters.write(Motion(np.ones((3, 21, 3)), skeleton=KIT), source, tmp_path / "out.glb"),
            "22 joints",
        ),
    ):
        with pytest.raises(MotionGPTError, match=message):
            call()
    assert not (tmp_path / "out.glb").exists()


def test_three_js_sees_the_same(tmp_path: Path, walk: Motion, chromium: Any) -> None:
    source = write_character(tmp_path / "hero.glb", "Mixamo", pose="A", seed=1)
    report = characters.write(walk, source, tmp_path / "out.glb")
    times = [0.0, 1.0, 2.0]
    glb = Glb(tmp_path / "out.glb")
    with open_three(chromium) as three:
        seen = three.sample(tmp_path / "out.glb", "walk", times)
        picture = three.strip(tmp_path / "out.glb", "walk", times)
    assert picture.startswith(b"\x89PNG")
    expected = glb.places("walk", np.array(times), list(report.bones.values()))
    for frame, there in zip(expected, seen, strict=True):
        # three.js leaves colons out of names.
        at = [there["bones"][name.replace(":", "")] for name in report.bones.values()]
        np.testing.assert_allclose(at, frame, atol=1e-3)
