"""Rigs of other tools, by their joint names: every one must come out as a natural body."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import yaml
from scipy.spatial.transform import Rotation

from bodies import standing
from motiongpt.errors import MotionGPTError
from motiongpt.formats import joint_maps
from motiongpt.motion import HUMANML3D
from mutated_names import FIRST, SECOND, Vocabulary, mutation
from rigs import RIGS as SKELETONS
from rigs import Rig, right
from rigs import rig as skeleton

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


def read(of: Rig, names: Sequence[str] | None = None, **options: Path) -> joint_maps.Mapping:
    """The mapping of a skeleton in its pose."""
    found = joint_maps.find(names or of.names, "file.bvh", of.offsets, of.parents, **options)
    return found.settled(of.positions, "file.bvh")


def is_right(mapping: joint_maps.Mapping, of: Rig) -> bool:
    found = {joint: of.names[i] for joint, i in mapping.direct.items() if not (mapping.as_is and "spine" in joint)}
    return right(found, of.trunk if mapping.as_is else [of.names[i] for i in mapping.trunk], of)


@pytest.mark.parametrize("program", SKELETONS)
def test_rigs_of_programs(program: str) -> None:
    of = SKELETONS[program]
    mapping = read(of)
    assert is_right(mapping, of)
    standing(mapping.apply(of.positions)[0] / 100, np.array([0.0, 0.0, 1.0]))
    missing = [joint for joint in HUMANML3D.joints if joint not in of.truth and "spine" not in joint]
    for joint in missing:
        if not joint.endswith("collar"):
            assert any(joint in remark for remark in mapping.remarks), f"{joint} was put in without a remark"
    assert set(mapping.sources) == set(HUMANML3D.joints)


@pytest.mark.parametrize(("vocabulary", "first"), [(FIRST, 0), (SECOND, 7000)], ids=["first", "second"])
def test_mutated_names(vocabulary: Vocabulary, first: int) -> None:
    """At least 97 % are right, and what is not carries a remark or is refused."""
    wrong = []
    for seed in range(first, first + 220):
        what, of = mutation(seed, vocabulary)
        try:
            mapping = read(of)
        except MotionGPTError:
            wrong.append(what)
            continue
        if not is_right(mapping, of):
            assert mapping.remarks, f"wrong without a remark: {what}"
            wrong.append(what)
    assert len(wrong) <= 0.03 * 220, wrong


def test_names_that_say_nothing_leave_the_shape() -> None:
    of = SKELETONS["MotionBuilder"]
    mapping = read(of, [f"Bone.{i:03d}" for i in range(len(of.names))])
    assert is_right(mapping, of)
    assert any("not by name" in remark for remark in mapping.remarks)


@pytest.mark.parametrize("turn", [0, 180, 77])
def test_sides_without_names_follow_the_feet(turn: float) -> None:
    """The first limb in the file is not the left one, wherever the body faces."""
    of = skeleton("Hips,Spine,Chest,Neck,Head", "-,Arm,Forearm,Hand,Thigh,Shin,Foot,Toe", "{part}{side}", ".A,.B")
    for mirror in (1, -1):
        # The mirrored body has its first limbs on the right; it still faces forward.
        places = Rotation.from_euler("y", turn, degrees=True).apply(of.positions[0] * [mirror, 1, 1])
        turned = joint_maps.find(of.names, "file", of.offsets, of.parents).settled(places[None], "file")
        first = "left" if mirror > 0 else "right"
        assert of.names[turned.direct[f"{first}_knee"]] == "Shin.A"
        assert of.names[turned.direct[f"{first}_elbow"]] == "Forearm.A"
        assert turned.sources[f"{first}_knee"].names == ("Shin.A",)
        assert any("No name tells" in remark for remark in turned.remarks)


def test_a_missing_foot_and_wrist_keep_their_length() -> None:
    of = skeleton(
        "Hips,Spine,Chest,Neck,Head", "-,UpperArm,LowerArm,-,UpperLeg,LowerLeg,Foot,-", "{part}_{side}", "L,R"
    )
    rng = np.random.default_rng(0)
    frames = np.concatenate([of.positions, of.positions + rng.normal(0, 3, (40, len(of.names), 3))])
    at = dict(zip(HUMANML3D.joints, np.moveaxis(read(of).apply(frames), 1, 0), strict=True))
    foot = np.linalg.norm(at["left_foot"] - at["left_ankle"], axis=-1)
    np.testing.assert_allclose(foot, foot[0])
    assert 10 < foot[0] < 20
    assert np.linalg.norm(at["left_wrist"] - at["left_elbow"], axis=-1)[0] == pytest.approx(0.9 * 27, rel=0.05)


def animal(front: str, back: str, tail: str) -> Rig:
    """A dog; names of the joints of its right and left limbs are patterns with words."""
    of = Rig()
    of.add("Hips", None, (0, 50, -30))
    of.add("Spine", "Hips", (0, 52, 0))
    of.add("Neck", "Spine", (0, 58, 30))
    of.add("Head", "Neck", (0, 70, 45))
    of.add(tail, "Hips", (0, 50, -45))
    for side, x in (("Left", 8), ("Right", -8)):
        for words, above, places in (
            (front, "Spine", ((45, 22), (27, 20), (5, 20), (0, 25))),
            (back, "Hips", ((45, -32), (27, -28), (10, -36), (0, -32))),
        ):
            parent = above
            for word, (y, z) in zip(words.split(), places, strict=True):
                of.add(side + word, parent, (x, y, z))
                parent = side + word
    return of


@pytest.mark.parametrize(
    ("front", "back", "tail", "reason"),
    [
        ("Shoulder Arm ForeArm Hand", "UpLeg Leg Foot Toe", "Tail", "animal.*Tail.*across its legs"),
        ("FrontLegUpper FrontLegLower FrontPaw FrontToe", "UpLeg Leg Foot Toe", "Tail", "animal.*two arms"),
        ("q w e r", "t z u i", "o", "animal.*across its legs"),
    ],
)
def test_an_animal_is_refused(front: str, back: str, tail: str, reason: str) -> None:
    with pytest.raises(MotionGPTError, match=rf"file\.bvh.*{reason}.*--joint-map"):
        read(animal(front, back, tail))


def test_a_hand_a_prop_and_a_spider_are_refused() -> None:
    hand = Rig()
    hand.add("wrist", None, (0, 0, 0))
    spider = Rig()
    spider.add("body", None, (0, 0, 0))
    for k, finger in enumerate(("thumb", "index", "middle", "ring", "pinky")):
        for side in ("", "L", "R"):
            parent = "body" if side else "wrist"
            for i in range(4):
                name = f"leg{k}.{i}{side}" if side else f"{finger}{i}"
                (spider if side else hand).add(name, parent, (k * (1 if side == "L" else -1), 0, 3.0 * (i + 1)))
                parent = name
    prop = Rig()
    prop.add("Root", None, (0, 0, 0))
    prop.add("Lid", "Root", (0, 1, 0))
    for of in (hand, prop, spider):
        for names in (of.names, [f"j{i}" for i in range(len(of.names))]):
            with pytest.raises(MotionGPTError, match=r"two legs .*two arms"):
                read(of, names)


def test_what_is_missing_is_named() -> None:
    of = skeleton(
        "Hips,Spine,Chest,Neck,Head", "-,UpperArm,LowerArm,Hand,UpperLeg,LowerLeg,Foot,-", "{part}_{side}", "L,R"
    )
    gone = of.names.index("LowerArm_L")
    keep = [i for i in range(len(of.names)) if i not in (gone, of.names.index("Hand_L"))]
    parents = [keep.index(of.parents[i]) if of.parents[i] >= 0 else -1 for i in keep]
    with pytest.raises(MotionGPTError, match=r"none could be taken for left_shoulder, left_elbow;"):
        joint_maps.find([of.names[i] for i in keep], "x", of.offsets[keep], parents)


def test_a_joint_map_is_followed(tmp_path: Path) -> None:
    of = SKELETONS["MotionBuilder"]
    file = tmp_path / "map.yaml"
    lines = [
        "left_knee: RightLeg",
        "right_knee: LeftLeg",
        "head: [Neck, Head]",
        "neck: Spine2",
        "spine1: [Spine, Spine1]",
    ]
    file.write_text("\n".join(lines))
    mapping = read(of, joint_map=file)
    assert of.names[mapping.direct["left_knee"]] == "RightLeg"
    assert mapping.sources["head"].names == ("Neck", "Head")
    assert mapping.sources["head"].how == "joint map"
    middle = of.positions[0, [of.names.index("Neck"), of.names.index("Head")], 1].mean()
    assert mapping.apply(of.positions)[0, HUMANML3D.index("head"), 1] == pytest.approx(middle, abs=3)
    assert [of.names[i] for i in mapping.trunk] == ["Spine", "Spine1"]


def test_a_joint_map_makes_a_strange_rig_readable(tmp_path: Path) -> None:
    of = SKELETONS["MotionBuilder"]
    names = [f"x{i}" for i in range(len(of.names))]
    of = Rig(names, of.parents, of.places, {j: names[of.names.index(n)] for j, n in of.truth.items()}, [])
    file = tmp_path / "map.yaml"
    file.write_text(yaml.safe_dump(of.truth))
    mapping = joint_maps.find(names, "file", joint_map=file)
    assert {joint: names[i] for joint, i in mapping.direct.items() if "collar" not in joint} == {
        joint: name for joint, name in of.truth.items() if "collar" not in joint
    }


def test_collars_that_begin_at_one_point_begin_at_the_neck() -> None:
    """Vicon's figures have no neck joint."""
    of = skeleton("pelvis,thorax,-,head", "clavicle,humerus,radius,hand,femur,tibia,foot,toes", "{side}{part}", "l,r")
    for side in "lr":
        of.places[of.names.index(f"{side}clavicle")] = (0, 143, -2)
    mapping = read(of)
    assert mapping.sources["neck"].names == ("lclavicle",)
    assert [of.names[i] for i in mapping.trunk] == ["thorax"]
