"""Rigs of other tools, by their joint names: every one must come out as a natural body."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from bodies import standing
from motiongpt.errors import MotionGPTError
from motiongpt.formats import joint_maps
from motiongpt.motion import HUMANML3D

# A standing body by anatomy, left side; centimetres, Y up, facing +Z.
BODY = {
    "root": (0, 95, 0), "low spine": (0, 108, -1), "mid spine": (0, 120, -1), "chest": (0, 131, -1),
    "throat": (0, 145, -2), "skull": (0, 155, 1), "clavicle": (3, 142, -1), "shoulder": (18, 143, -2),
    "elbow": (45, 143, -3), "hand": (70, 143, -2), "hip": (9, 88, 1), "knee": (9, 47, 2), "ankle": (9, 8, -1),
    "ball": (10, 2, 11),
}  # fmt: skip

# For each naming, a pattern for left and right, and which names stand for which point above.
RIGS: dict[str, tuple[tuple[str, str], dict[str, str], dict[str, str]]] = {
    "MotionBuilder": (
        ("Left{}", "Right{}"),
        {"Hips": "root", "Spine": "low spine", "Spine1": "mid spine", "Spine2": "chest", "Neck": "throat",
         "Head": "skull"},
        {"Shoulder": "clavicle", "Arm": "shoulder", "ForeArm": "elbow", "Hand": "hand", "UpLeg": "hip", "Leg": "knee",
         "Foot": "ankle", "Toe": "ball"},
    ),
    "Bandai-Namco": (
        ("{}_L", "{}_R"),
        {"joint_Root": "root", "Hips": "root", "Spine": "low spine", "Chest": "chest", "Neck": "throat",
         "Head": "skull"},
        {"Shoulder": "clavicle", "UpperArm": "shoulder", "LowerArm": "elbow", "Hand": "hand", "UpperLeg": "hip",
         "LowerLeg": "knee", "Foot": "ankle", "Toes": "ball"},
    ),
    "Daz": (
        ("l{}", "r{}"),
        {"hip": "hip", "abdomen": "low spine", "chest": "mid spine", "neck": "throat", "head": "skull"},
        {"Collar": "clavicle", "Shldr": "shoulder", "ForeArm": "elbow", "Hand": "hand", "Thigh": "hip", "Shin": "knee",
         "Foot": "ankle", "Foot end": "ball"},
    ),
    "cgspeed": (
        ("Left{}", "Right{}"),
        {"Hips": "root", "LowerBack": "root", "Spine": "low spine", "Spine1": "chest", "Neck": "chest",
         "Neck1": "throat", "Head": "skull"},
        {"Shoulder": "chest", "Arm": "shoulder", "ForeArm": "elbow", "Hand": "hand", "UpLeg": "hip", "Leg": "knee",
         "Foot": "ankle", "ToeBase": "ball"},
    ),
    "Biovision": (
        ("Left{}", "Right{}"),
        {"Hips": "root", "Chest": "low spine", "Chest2": "mid spine", "Chest3": "chest", "Neck": "throat",
         "Head": "skull"},
        {"Collar": "clavicle", "Shoulder": "shoulder", "Elbow": "elbow", "Wrist": "hand", "Hip": "hip", "Knee": "knee",
         "Ankle": "ankle", "Toe": "ball"},
    ),
    "Unreal": (
        ("{}_l", "{}_r"),
        {"pelvis": "root", "spine_01": "low spine", "spine_02": "mid spine", "spine_03": "chest", "neck_01": "throat",
         "head": "skull"},
        {"clavicle": "clavicle", "upperarm": "shoulder", "lowerarm": "elbow", "hand": "hand", "thigh": "hip",
         "calf": "knee", "foot": "ankle", "ball": "ball"},
    ),
    "Vicon": (
        ("l{}", "r{}"),
        {"pelvis": "root", "thorax": "low spine", "head": "skull"},
        {"clavicle": "throat", "humerus": "shoulder", "radius": "elbow", "hand": "hand", "femur": "hip",
         "tibia": "knee", "foot": "ankle", "toes": "ball"},
    ),
    "ASF": (
        ("l{}", "r{}"),
        {"root": "root", "lowerback": "low spine", "upperback": "mid spine", "thorax": "chest", "lowerneck": "throat",
         "upperneck": "skull"},
        {"hipjoint": "hip", "femur": "knee", "tibia": "ankle", "foot": "ball", "clavicle": "shoulder",
         "humerus": "elbow", "radius": "elbow", "wrist": "hand"},
    ),
}  # fmt: skip


def rig(naming: str) -> tuple[list[str], np.ndarray]:
    sides, middle, lateral = RIGS[naming]
    names, points = list(middle), [BODY[point] for point in middle.values()]
    if naming == "Daz":
        points[0] = (0, 88, 0)
    for pattern, sign in zip(sides, (1, -1), strict=True):
        for name, point in lateral.items():
            names.append(pattern.format(name))
            x, y, z = BODY[point]
            points.append((sign * x, y, z))
    return names, np.array([points], dtype=float)


@pytest.mark.parametrize("naming", RIGS)
def test_every_naming_gives_a_natural_body(naming: str) -> None:
    names, points = rig(naming)
    mapping = joint_maps.find(names, "file")
    assert mapping.table.name == naming
    joints = mapping.apply(points)[0] / 100
    standing(joints, np.array([0.0, 0.0, 1.0]))
    at = dict(zip(HUMANML3D.joints, joints, strict=True))
    for joint, point in (
        ("left_knee", "knee"),
        ("left_foot", "ball"),
        ("left_wrist", "hand"),
        ("left_shoulder", "shoulder"),
    ):
        np.testing.assert_allclose(at[joint], np.array(BODY[point]) / 100)
    # Bones point where SMPL's do.
    for child, parent, direction, degrees in (
        ("left_hip", "pelvis", (0.6, -0.8, 0.0), 20),
        ("spine1", "pelvis", (0.0, 1.0, -0.2), 20),
        ("neck", "spine3", (0.0, 1.0, -0.1), 20),
        ("head", "neck", (0.0, 0.8, 0.6), 25),
        ("left_collar", "spine3", (0.55, 0.82, -0.1), 20),
        ("left_shoulder", "left_collar", (1.0, 0.1, 0.0), 25),
    ):
        bone = at[child] - at[parent]
        cosine = bone @ np.array(direction) / np.linalg.norm(bone) / np.linalg.norm(direction)
        assert np.degrees(np.arccos(cosine)) < degrees, child


def test_smpl_joints_are_taken_as_they_are() -> None:
    points = np.random.default_rng(0).normal(size=(3, 22, 3))
    for names in (
        HUMANML3D.joints,
        tuple(name.replace("left_", "L_").replace("right_", "R_").title() for name in HUMANML3D.joints),
    ):
        np.testing.assert_array_equal(joint_maps.find(names, "file").apply(points), points)


def test_the_placed_joints_do_not_depend_on_where_and_how_the_body_stands() -> None:
    names, points = rig("MotionBuilder")
    mapping = joint_maps.find(names, "file")
    turn = Rotation.random(rng=np.random.default_rng(2))
    moved = turn.apply(points[0]) * 0.03 + [5.0, -2.0, 1.0]
    np.testing.assert_allclose(
        mapping.apply(moved[None])[0], turn.apply(mapping.apply(points)[0]) * 0.03 + [5.0, -2.0, 1.0]
    )


def test_unmatched_joints_are_listed_in_one_sentence() -> None:
    names, _ = rig("Unreal")
    names[names.index("hand_l")] = "paw_l"
    with pytest.raises(MotionGPTError, match=r"dog\.bvh.*Unreal naming, which leaves left_wrist unmatched"):
        joint_maps.find(names, "dog.bvh")
    with pytest.raises(MotionGPTError, match=r"pelvis.*left_hip.*right_wrist"):
        joint_maps.find(["a", "b"], "x")
