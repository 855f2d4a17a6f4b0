"""CSV tables, read with Python's own csv module and back again."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from motiongpt import formats
from motiongpt.errors import MotionGPTError
from motiongpt.motion import HUMANML3D, KIT, Motion


def test_columns_are_what_the_documentation_says(tmp_path: Path, moving: Motion) -> None:
    with formats.write(moving, tmp_path / "m.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 60
    assert list(rows[0])[:5] == ["frame", "time", "pelvis_x", "pelvis_y", "pelvis_z"]
    assert len(rows[0]) == 2 + 66
    assert (rows[7]["frame"], float(rows[7]["time"])) == ("7", pytest.approx(0.35))
    wrist = [float(rows[7][f"left_wrist_{axis}"]) for axis in "xyz"]
    assert wrist == pytest.approx(list(moving.joints[7, HUMANML3D.index("left_wrist")]), abs=1e-5)


@pytest.mark.parametrize("fps", [20.0, 29.97, 120.0])
def test_written_and_read_again(tmp_path: Path, moving: Motion, fps: float) -> None:
    motion = Motion(moving.joints, fps=fps)
    again = formats.read(formats.write(motion, tmp_path / "m.csv"))
    assert again.fps == pytest.approx(fps, abs=1e-3)
    np.testing.assert_allclose(again.joints, motion.joints, atol=1e-5)


def test_kit_and_long_and_short(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    kit = Motion(rng.normal(size=(5, 21, 3)), fps=12.5, skeleton=KIT)
    again = formats.read(formats.write(kit, tmp_path / "kit.csv"))
    assert (again.skeleton, again.fps) == (KIT, 12.5)
    long = Motion(rng.normal(size=(20_000, 22, 3)))
    assert len(formats.read(formats.write(long, tmp_path / "long.csv"))) == 20_000
    formats.write(long[:1], tmp_path / "one.csv")
    with pytest.raises(
        MotionGPTError,
        match=r"one\.csv: the frame rate cannot be computed from a time column; give the frame rate with --fps",
    ):
        formats.read(tmp_path / "one.csv")
    assert len(formats.read(tmp_path / "one.csv", fps=20)) == 1


def test_columns_in_another_order_and_unit(tmp_path: Path, moving: Motion) -> None:
    with formats.write(moving, tmp_path / "m.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    names = ["note", *list(rows[0])[::-1]]
    with (tmp_path / "other.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, names, quoting=csv.QUOTE_ALL)
        writer.writeheader()
        writer.writerows({"note": "1", **row} for row in rows)
    again = formats.read(tmp_path / "other.csv", unit="cm")
    np.testing.assert_allclose(again.joints, moving.joints / 100, atol=1e-5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace("left_wrist_x", "x"), r"line 1.*1 are missing: left_wrist_x"),
        (lambda text: text.split("\n")[0], "no frames"),
        (lambda text: text.replace("\n1,", "\none,"), "line 3: expected 68 numbers, found 'one"),
        (lambda text: text[:-200], r"line 61: expected 68 numbers"),
        (lambda text: text.replace("\n5,0.250000,", "\n5,0.250000,nan,", 1).replace("nan,", "nan,", 1), "line 7"),
    ],
)
def test_faults(tmp_path: Path, moving: Motion, change, message: str) -> None:  # type: ignore[no-untyped-def]
    path = formats.write(moving, tmp_path / "m.csv")
    path.write_text(change(path.read_text()))
    with pytest.raises(MotionGPTError, match=message):
        formats.read(path)


def test_nan_names_frame_and_joint(tmp_path: Path, moving: Motion) -> None:
    path = formats.write(moving, tmp_path / "m.csv")
    lines = path.read_text().splitlines()
    values = lines[4].split(",")
    values[5] = "nan"
    lines[4] = ",".join(values)
    path.write_text("\n".join(lines))
    with pytest.raises(MotionGPTError, match=r"frame 3 .*left_hip"):
        formats.read(path)


def test_the_columns_of_other_programs_are_answered_with_ours(tmp_path: Path) -> None:
    path = tmp_path / "other.csv"
    path.write_text("time,Hips.x,Hips.y,Hips.z\n0.0,0.1,0.9,0.2\n")
    with pytest.raises(
        MotionGPTError, match=r"other\.csv, line 1: .* time, pelvis_x, pelvis_y, .* 66 are missing.*docs/"
    ):
        formats.read(path)


def test_columns_of_other_programs() -> None:
    path = Path(__file__).parents[1] / "cases" / "32-csv-error-names-kit-columns" / "input.csv"
    with pytest.raises(MotionGPTError, match=r"pelvis_x, pelvis_y.*66 are missing.*docs/formats\.md"):
        formats.read(path)
