"""Joint maps that users write, and the start that is written for them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from motiongpt.errors import MotionGPTError
from motiongpt.formats import inspect, joint_map_file, joint_maps
from rigs import RIGS

NAMES = ["Hips", "Thigh", "Shin", "Foot"]


def read(text: str, tmp_path: Path) -> dict[str, tuple[int, ...]]:
    file = tmp_path / "map.yaml"
    file.write_text(text, encoding="utf-8")
    return joint_map_file.read(file, NAMES, "dance.bvh")


def test_one_joint_several_and_none(tmp_path: Path) -> None:
    assert read("pelvis: Hips\nleft_knee: [Thigh, Shin]\nhead:\n", tmp_path) == {"pelvis": (0,), "left_knee": (1, 2)}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("left_knee: Shim", r"map\.yaml: left_knee: there is no joint 'Shim' in dance\.bvh \(nearest is 'Shin'\)"),
        ("left_kne: Shin", r"map\.yaml: 'left_kne' is no joint of HumanML3D \(nearest is 'left_knee'\)"),
        ("left_knee: Shin\nright_knee: Shin", r"map\.yaml: right_knee: joint 'Shin' is that of left_knee already"),
        ("- Shin", r"map\.yaml: a joint map needs lines such as"),
        ("", r"map\.yaml: a joint map needs lines such as"),
        ("a: [", r"map\.yaml: the joint map is no YAML"),
    ],
)
def test_mistakes_are_named(text: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(MotionGPTError, match=reason):
        read(text, tmp_path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MotionGPTError, match=r"gone\.yaml: the joint map cannot be read"):
        joint_map_file.read(tmp_path / "gone.yaml", NAMES, "dance.bvh")


@pytest.mark.parametrize("program", ["Mixamo", "MMD", "KayKit", "Quaternius", "SMPL", "Skyrim", "FreeMoCap"])
def test_the_start_makes_no_difference(program: str, tmp_path: Path) -> None:
    rig = RIGS[program]
    mapping = joint_maps.find(rig.names, "file", rig.offsets, rig.parents)
    file = joint_map_file.write(mapping.sources, tmp_path / "map.yaml")
    again = joint_maps.find(rig.names, "file", rig.offsets, rig.parents, joint_map=file)
    np.testing.assert_array_equal(again.apply(rig.positions), mapping.apply(rig.positions))


def test_a_bvh_is_read_by_a_joint_map(tmp_path: Path) -> None:
    bvh = Path(__file__).parents[1] / "cases" / "10-rig-biped-us" / "input.bvh"
    plain = inspect(bvh)
    file = joint_map_file.write(plain.joints, tmp_path / "map.yaml")
    np.testing.assert_array_equal(inspect(bvh, joint_map=file).motion.joints, plain.motion.joints)
    file.write_text("left_elbow: Bip01_R_Forearm\nright_elbow: Bip01_L_Forearm\n")
    other = inspect(bvh, joint_map=file)
    assert other.joints["left_elbow"].names == ("Bip01_R_Forearm",)
    file.write_text("left_elbow: Elbow\n")
    with pytest.raises(MotionGPTError, match=r"no joint 'Elbow'"):
        inspect(bvh, joint_map=file)
