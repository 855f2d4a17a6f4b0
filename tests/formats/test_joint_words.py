"""What names of joints say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motiongpt.errors import MotionGPTError
from motiongpt.formats import joint_maps
from motiongpt.formats.joint_words import label, labels, strip


@pytest.mark.parametrize(
    ("name", "side", "part"),
    [
        ("LeftUpLeg", "left", "hip"),
        ("lShldrBend", "left", "shoulder"),
        ("rightforearm", "right", "elbow"),
        ("thigh_r", "right", "hip"),
        ("RUArm", "right", "shoulder"),
        ("LLLeg", "left", "knee"),
        ("Oberschenkel.L", "left", "hip"),
        ("Fuß_R", "right", "ankle"),
        ("avant-bras_droit", "right", "elbow"),
        ("Rodilla Izquierda", "left", "knee"),
        ("左ひざ", "left", "knee"),
        ("右つま先", "right", "foot"),
        ("левая_стопа", "left", "ankle"),
        ("CC_Base_NeckTwist01", "", "neck"),
        ("SpineShoulder", "", "spine"),
        ("MiddleSpine", "", "spine"),
    ],
)
def test_side_and_part(name: str, side: str, part: str) -> None:
    found = label(name)
    assert found.side == side
    assert max(found.parts, key=lambda place: found.parts[place]) == part
    assert not found.helper


@pytest.mark.parametrize(
    "name",
    [
        "IK-foot.l",
        "左足ＩＫ",
        "LeftHandIndex1",
        "upperarm_twist_01_l",
        "MCH-thigh.R",
        "Head end",
        "c_foot_ctrl.x",
        "HairTail",
        "handslot.l",
    ],
)
def test_no_joint_of_the_body(name: str) -> None:
    assert label(name).helper


def test_a_tip_stands_for_the_next_joint_at_a_low_score() -> None:
    assert 0 < label("LeftFoot end").parts["foot"] < label("LeftToe").parts["foot"] / 2


@pytest.mark.parametrize(
    "pattern",
    [
        "{}",
        "mixamorig:{}",
        "mixamorig9:{}",
        "mixamorig{}",
        "Character1_{}",
        "hero{}JNT",
        "rig|{}_bone",
        "12_{}",
        "{}_x.002",
    ],
)
def test_what_names_share_is_left_out(pattern: str) -> None:
    names = ["Hips", "Spine", "Chest", "Neck", "Head", "LeftArm", "RightArm", "LeftLeg", "RightLeg", "LeftHand"]
    assert labels([pattern.format(name) for name in names]) == labels(names)


def test_running_numbers_are_left_out_but_not_those_of_spines() -> None:
    names = [f"mixamorig:Part{word}_0{i}" for i, word in enumerate("ABCDEFGHIJ")]
    assert not any(name[-1].isdigit() for name in strip(names))
    assert strip(["spine_01", "spine_02", *"abcdefgh"])[:2] == ["spine_01", "spine_02"]


WORDS = st.sampled_from(
    ["Left", "Right", "l_", "r_", "arm", "leg", "foot", "hip", "spine", "head", "neck", "hand", "knee", "ik", ""]
)


@given(
    st.lists(
        st.tuples(st.one_of(st.text(max_size=12), st.tuples(WORDS, WORDS, WORDS).map("".join)), st.integers(0, 40)),
        max_size=25,
    ),
    st.booleans(),
)
def test_any_tree_of_any_names_is_read_or_refused(joints: list[tuple[str, int]], flat: bool) -> None:
    names = [name for name, _ in joints]
    parents = [parent % i if i else -1 for i, (_, parent) in enumerate(joints)]
    offsets = np.random.default_rng(len(joints)).normal(size=(len(joints), 3))
    try:
        mapping = joint_maps.find(names, "file", None if flat else offsets, None if flat else parents)
    except MotionGPTError:
        return
    positions = np.random.default_rng(0).normal(size=(4, len(names), 3))
    assert np.isfinite(mapping.apply(positions)).all()


def test_a_tree_that_goes_round_in_circles_ends() -> None:
    names = ["LeftThigh", "LeftShin", "LeftFoot", "RightThigh", "RightShin", "RightFoot"]
    with pytest.raises(MotionGPTError):
        joint_maps.find(names, "file", np.ones((6, 3)), [2, 0, 1, 5, 3, 4])
