"""convert and generate --onto: motions on a character of the user's own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from characters import write_character
from glb_numbers import Glb

from .conftest import Cli


@pytest.fixture
def hero(tmp_path: Path) -> Path:
    return write_character(tmp_path / "hero.glb", "Mixamo", pose="A", seed=1)


def test_convert_puts_motions_on_a_character(cli: Cli, walk_file: Path, hero: Path) -> None:
    result = cli("convert", walk_file, walk_file, "--onto", hero, "-o", "out.glb", "--json")
    assert result.code == 0, result.err
    answer = json.loads(result.out)
    assert answer["bones"]["left_elbow"] == "mixamorig:LeftForeArm"
    assert answer["bones"]["spine"] == ["mixamorig:Spine", "mixamorig:Spine1", "mixamorig:Spine2"]
    assert [set(motion["direction_degrees"]) for motion in answer["motions"]] == [
        {"upper arm", "forearm", "thigh", "shin"}
    ] * 2
    assert all(motion["slide"] < motion["source_slide"] + 0.02 for motion in answer["motions"])
    # The report is said once, on stderr.
    assert result.err.count("left_elbow = mixamorig:LeftForeArm") == 1
    assert len(Glb(Path("out.glb")).json["animations"]) == 2
    folder = cli("convert", walk_file, "out.glb", "--onto", hero, "-o", "dressed", "--root-motion", "in-place")
    assert folder.code == 0, folder.err
    assert set(folder.lines) == {"dressed/out.glb", f"dressed/{walk_file.stem}.glb"}
    for arguments, message in (
        ((walk_file, "--onto", hero, "-o", "out.bvh"), "out.bvh: hero.glb is written as .glb"),
        ((walk_file, "--onto", walk_file, "-o", "out.glb"), "a character is one of .glb"),
        ((walk_file, "--onto", hero, "-o", "out.glb", "--names", "smpl"), "leave out --names and --body"),
    ):
        refused = cli("convert", *arguments)
        assert refused.code == 2
        assert message in refused.err


def test_generate_puts_motions_on_a_character(cli: Cli, tiny_model_folder: Path, hero: Path) -> None:
    common = ("--seconds", 1, "--model", tiny_model_folder, "--onto", hero)
    result = cli("generate", "a person walks", "a person waves", *common, "-o", "both.glb")
    assert result.code == 0, result.err
    assert result.lines == ["both.glb"]
    assert len(Glb(Path("both.glb")).json["animations"]) == 2
    result = cli("generate", "a person walks", "-n", 2, *common, "-o", "made", "--json")
    assert result.code == 0, result.err
    files = [motion["files"] for motion in json.loads(result.out)["motions"]]
    assert files == [{"glb": f"made/a-person-walks_seed0_{sample}.glb"} for sample in (0, 1)]
    assert all(Path(file["glb"]).is_file() for file in files)
    refused = cli("generate", "a person walks", *common, "--format", "npy")
    assert refused.code == 2
    assert "leave out --format" in refused.err
