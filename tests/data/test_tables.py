"""Tables about recordings: columns, spellings, faults."""

from __future__ import annotations

import gzip
import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motiongpt.data.tables import Row, is_table, parts, read_rows
from motiongpt.errors import MotionGPTError

CLIP = {
    "id": "000025",
    "start_frame": 29,
    "end_frame": 229,
    "split": "train",
    "captions": ["boxing "],
    "trial": "13_18",
}


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.jsonl.gz"])
def test_humanml3d_rows_name_a_trial_or_a_source(tmp_path: Path, name: str) -> None:
    lines = [
        {**CLIP, "source": "CMU/13/13_18_poses.npy"},
        {**CLIP, "source": "CMU/80/80_63_poses.npy", "trial": None},
        {**CLIP, "source": "KIT/3/kick_high_left02_poses.npy", "trial": None},
    ]
    text = "\n".join(json.dumps(line) for line in lines) + "\n"
    path = tmp_path / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    found = read_rows(path)
    assert [row.file for row in found] == ["13_18", "80_63", "KIT/3/kick_high_left02_poses.npy"]
    assert all(row.published and row.part for row in found)
    assert (found[0].start, found[0].end, found[0].captions, found[0].id) == (29, 229, ("boxing",), "000025")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_csv_of_a_spreadsheet(tmp_path: Path, separator: str) -> None:
    (tmp_path / "map.yaml").write_text("")
    lines = [
        ["file", "caption", "caption_2", "start", "end", "split", "fps", "unit", "up", "joint_map", "clip", "notes"],
        ["walk.bvh", "a person walks", "someone strolls", "", "", "", "", "", "", "", "", "my own column"],
        ["a/hop.glb", "a hop", "", "1.5", "3", "Validation", "59.94", "cm", "z", "map.yaml", "Hop", ""],
    ]
    path = tmp_path / "table.csv"
    path.write_text("\ufeff" + "\n".join(separator.join(line) for line in lines) + "\n", encoding="utf-8")
    walk, hop = read_rows(path)
    assert walk == Row("walk.bvh", f"{path} row 2", captions=("a person walks", "someone strolls"))
    options = {"fps": 59.94, "unit": "cm", "up": "z", "joint_map": str(tmp_path / "map.yaml")}
    assert (hop.start, hop.end, hop.part, hop.split, hop.options, hop.clip) == (30, 60, True, "val", options, "Hop")
    assert is_table(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,caption\na,b\n", r"no column file \(or trial\)"),
        ("file,captoin\na,b\n", "unknown column 'captoin'; is 'captions' meant"),
        ("file,true_fps\na,fast\n", "row 2: true_fps 'fast' is not a number"),
        ("file,fps\na,60\nb,-1\n", "row 3: fps -1 is not between 1 and 1000"),
        ("file,fps\na,nan\n", "row 2: fps 'nan' is not a number"),
        ("file,split\na,training\n", "row 2: split 'training' is not one of train, val, test"),
        ("file,start,end\na,3,2\n", "row 2: its part is empty"),
        ("file,start\na,inf\n", "row 2: start 'inf' is not a number"),
        ("file,caption\na,he walks, then stops\n", "row 2 has more cells.*quote captions that contain ','"),
        ("file,caption\n,he walks\n", "row 2 names no file"),
    ],
)
def test_faults_are_named_by_row(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "table.csv").write_text(text)
    with pytest.raises(MotionGPTError, match=message):
        read_rows(tmp_path / "table.csv")


@pytest.mark.parametrize("line", ["{", "[]", '{"id": "1"}', json.dumps({**CLIP, "start_frame": "soon"})])
def test_a_malformed_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(CLIP) + "\n" + line + "\n")
    with pytest.raises(MotionGPTError, match=r"line 2|no column file"):
        read_rows(path)


def test_files_that_are_no_tables(tmp_path: Path) -> None:
    for name in ("missing.jsonl", "missing.csv"):
        with pytest.raises(MotionGPTError, match="Cannot read"):
            read_rows(tmp_path / name)
    (tmp_path / "fake.gz").write_bytes(b"no gzip")
    with pytest.raises(MotionGPTError, match="Cannot read"):
        read_rows(tmp_path / "fake.gz")
    (tmp_path / "latin.csv").write_bytes("file,caption\na,déjà\n".encode("latin-1"))
    with pytest.raises(MotionGPTError, match="not UTF-8"):
        read_rows(tmp_path / "latin.csv")
    (tmp_path / "motion.csv").write_text("pelvis_x,pelvis_y\n0,1\n")
    assert not is_table(tmp_path / "motion.csv")


def test_paths_are_compared_without_case_suffix_and_endings_of_amass() -> None:
    assert (
        parts("KIT/3/Kick High_poses.npz", (".npz",))
        == parts(r"kit\3\kick_high", (".npz",))
        == ("kit", "3", "kick_high")
    )
    assert parts("./walk.v2", (".npz",)) == ("walk.v2",)


@given(st.text(max_size=30))
def test_any_cell_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, cell: str) -> None:
    path = tmp_path_factory.mktemp("cell") / "table.jsonl"
    path.write_text(json.dumps({"file": "a", "fps": cell, "start": cell, "split": cell}), encoding="utf-8")
    with suppress(MotionGPTError):
        assert all(1 <= row.options.get("fps", 1) <= 1000 for row in read_rows(path))
