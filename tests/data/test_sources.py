"""Finding recordings: descriptions of collections, folders without one."""

from __future__ import annotations

from pathlib import Path

import pytest

from motiongpt.data.sources import Source, find, read_source, sources
from motiongpt.errors import MotionGPTError


@pytest.fixture
def folder(tmp_path: Path):
    """A function that writes small files, and gives their folder."""

    def write(*files: str, **texts: str) -> Path:
        root = tmp_path / "raw"
        for number, file in enumerate(files):
            (root / file).parent.mkdir(parents=True, exist_ok=True)
            (root / file).write_text(texts.get(file.partition(".")[0], str(number)))
        return root

    return write


def test_every_readable_file_of_a_folder_is_a_recording(folder, tmp_path: Path) -> None:
    names = (
        "b/walk.bvh",
        "walk 10.glb",
        "walk 9.npy",
        "walk.txt",
        "labels.csv",
        ".hidden/a.bvh",
        "__MACOSX/b.bvh",
        "b/.c.bvh",
    )
    root = folder(*names, labels="file,caption\nwalk,a walk\n")
    found, dropped = find(read_source("own"), root, tmp_path / "cache", taken={"b_walk"})
    assert [(one.id, one.file) for one in found] == [
        ("b_walk_2", "b/walk.bvh"),
        ("walk_9", "walk 9.npy"),
        ("walk_10", "walk 10.glb"),
    ]
    assert dropped == []
    assert all(one.named and one.options == {} for one in found)


def test_copies_formats_and_mirror_images_share_a_capture(folder, tmp_path: Path) -> None:
    same = {"copy": "7", "walk": "7"}
    root = folder("walk.bvh", "walk.glb", "walk_mirrored.bvh", "other/walk.bvh", "copy.bvh", "hop_flipped.bvh", **same)
    found, _ = find(read_source("own"), root, tmp_path / "cache")
    captures = {one.file: one.capture for one in found}
    assert captures["walk.bvh"] == captures["walk.glb"] == captures["walk_mirrored.bvh"] == captures["copy.bvh"]
    assert len({captures[file] for file in ("walk.bvh", "other/walk.bvh", "hop_flipped.bvh")}) == 3


def test_cmu_rates_are_known_without_a_table(folder, tmp_path: Path) -> None:
    files = (
        "60/60_01.amc",
        "60/60.asf",
        "16/16_11.amc",
        "16/16_11.bvh",
        "16/16.asf",
        "17_01.bvh",
        "17_02.amc",
        "x.bvh",
    )
    found, dropped = find(read_source("cmu"), folder(*files), tmp_path / "cache")
    assert [(one.id, one.path.suffix, one.options.get("fps")) for one in found] == [
        ("16_11", ".amc", 120.0),
        ("17_01", ".bvh", None),
        ("60_01", ".amc", 60.0),
    ]
    assert found[0].options["skeleton"].name == "16.asf"
    assert [entry.what for entry in dropped] == ["17_02"]


def test_tables_of_a_source_choose_the_format(folder, tmp_path: Path) -> None:
    table = "trial,format,true_fps,capture,description\n16_11,bvh,60,16_01,walk\n16_12,amc,120,16_12,hop\n"
    root = folder("16_11.amc", "16_11.bvh", "16.asf", "trials.csv", trials=table)
    (found,), missing = find(read_source("cmu"), root, tmp_path / "cache")
    assert (found.path.suffix, found.options["fps"], found.capture, found.description) == (
        ".bvh",
        60.0,
        "cmu 16_01",
        "walk",
    )
    assert [entry.what for entry in missing] == ["16_12"]


def test_accad_has_labels(folder, tmp_path: Path) -> None:
    root = folder("male1/Male1_A12_CrawlBackward.bvh", "male1/prop.bvh")
    (found,), _ = find(read_source("accad"), root, tmp_path / "cache")
    assert (found.id, found.options, found.labelled) == ("Male1_A12_CrawlBackward", {"fps": 30.0}, True)
    assert "CC BY" in found.licence


def test_positions_stand_for_animations_that_need_blender(folder, tmp_path: Path) -> None:
    files = ("kaykit/Med.glb", "positions/quaternius_men/Man_Punch.npz", "positions/kaykit/Punch.npz", "x.bvh")
    found, _ = find(read_source("cc0"), folder(*files), tmp_path / "cache")
    assert [one.file for one in found] == list(files[:2])


def test_a_description_of_ones_own(folder, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "name: mine\nfiles: '(?P<take>t\\d+)_(?P<what>\\w+)\\.bvh'\nid: '{take}'\nwords: '{what}'\n"
        "options: {unit: cm}\n"
    )
    (found,), _ = find(read_source(path), folder("T7_highJump.bvh", "other.bvh"), tmp_path / "cache")
    assert (found.id, found.source, found.description, found.options) == ("T7", "mine", "high jump", {"unit": "cm"})
    with pytest.raises(MotionGPTError, match=r"holds no motion files: .* readable are \.npy, "):
        find(read_source(path), folder("x/other.bvh") / "x", tmp_path / "cache")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("files: a\n", "needs a name"),
        ("name: Mine\n", "needs a name of lower-case letters"),
        ("name: mine\nfile: a\n", "unknown key 'file'; known are name, "),
        ("name: mine\ncut: 3\n", "cut must be a bool"),
        ("name: mine\nfiles: '('\n", "is not a regular expression"),
        ("name: mine\nfps: {'(': 3}\n", "is not a regular expression"),
        ("name: [\n", "is no source"),
    ],
)
def test_descriptions_with_faults(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(MotionGPTError, match=message):
        read_source(tmp_path / "mine.yaml")


def test_packaged_descriptions_are_complete() -> None:
    assert set(sources()) == {"own", "cmu", "hdm05", "accad", "cc0"}
    assert all(isinstance(source, Source) and source.expected for source in sources().values())
    with pytest.raises(MotionGPTError, match=r"no source: give one of own, .* \(No such file or directory\)"):
        read_source("nothing")
