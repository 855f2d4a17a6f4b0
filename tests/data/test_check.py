from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from motiongpt.data.check import check
from motiongpt.errors import MotionGPTError

Make = Callable[..., Path]


def kinds(root: Path) -> list[tuple[str, str]]:
    return [(problem.kind, problem.file) for problem in check(root)]


def test_a_healthy_data_set_has_no_problems(make_dataset: Make) -> None:
    assert check(make_dataset()) == []


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_finds_values_that_are_no_numbers(make_dataset: Make, value: float) -> None:
    root = make_dataset()
    path = root / "new_joint_vecs" / "000013.npy"
    features = np.load(path)
    features[5, 100] = value
    np.save(path, features)
    (problem,) = check(root)
    assert (problem.kind, problem.file) == ("motion", "new_joint_vecs/000013.npy")
    assert "row 5" in problem.message


def test_finds_unreadable_missing_and_misshapen_motion(make_dataset: Make) -> None:
    root = make_dataset()
    np.save(root / "new_joint_vecs" / "000012.npy", np.zeros((50, 251), np.float32))
    (root / "new_joint_vecs" / "000013.npy").write_text("words")
    (root / "new_joint_vecs" / "000014.npy").unlink()
    np.save(root / "new_joint_vecs" / "000015.npy", np.zeros((0, 263), np.float32))
    assert kinds(root) == [("motion", f"new_joint_vecs/0000{number}.npy") for number in (12, 13, 14, 15)]


def test_finds_missing_empty_and_malformed_captions(make_dataset: Make) -> None:
    root = make_dataset()
    (root / "texts" / "000000.txt").unlink()
    (root / "texts" / "000001.txt").write_text("")
    (root / "texts" / "000002.txt").write_text("fine#x/X#0.0#0.0\n #x/X#0.0#0.0\nno fields\n")
    problems = check(root)
    assert [(problem.kind, problem.file) for problem in problems] == [
        ("captions", "texts/000000.txt"),
        ("captions", "texts/000001.txt"),
        ("caption line", "texts/000002.txt"),
        ("caption line", "texts/000002.txt"),
    ]
    assert "line 2: its caption is empty" in problems[2].message
    assert "line 3" in problems[3].message


def test_clips_without_words_on_purpose_are_fine(make_dataset: Make) -> None:
    root = make_dataset()
    (root / "texts" / "000001.txt").write_text("")
    (root / "clips.csv").write_text("id,caption_source\n000001,none\n")
    assert check(root) == []


def test_finds_leaking_splits(make_dataset: Make) -> None:
    root = make_dataset()
    for folder, suffix in (("new_joint_vecs", ".npy"), ("texts", ".txt")):
        (root / folder / f"M000014{suffix}").write_bytes((root / folder / f"000014{suffix}").read_bytes())
    with (root / "train.txt").open("a") as handle:
        handle.write("000012\n000003\nM000014\n")
    (root / "clips.csv").write_text("id,capture\n000000,a\n000015,a\n000001,b\n000002,b\n")
    problems = [problem for problem in check(root) if problem.kind == "split"]
    text = "\n".join(problem.message for problem in problems)
    assert len(problems) == 4
    assert "000012 is also in train.txt" in text
    assert "000003 is listed 2 times" in text
    assert "M000014 is separated from 000014" in text
    assert "recording a is in more than one split" in text


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("Std.npy", np.zeros(263, np.float32), "not above zero for feature 0"),
        ("Std.npy", np.ones(251, np.float32), "263 numbers"),
        ("Mean.npy", np.full(263, np.nan, np.float32), "NaN"),
        ("Mean.npy", np.full(263, 9, np.float32), "not near the mean"),
    ],
)
def test_finds_wrong_statistics(make_dataset: Make, name: str, array: np.ndarray, message: str) -> None:
    root = make_dataset()
    np.save(root / name, array)
    (problem,) = check(root)
    assert problem.kind == "statistics"
    assert message in problem.message


def test_finds_files_no_list_names(make_dataset: Make) -> None:
    root = make_dataset()
    (root / "texts" / "stray.txt").write_text("a#a/DET#0.0#0.0\n")
    np.save(root / "new_joint_vecs" / "other.npy", np.zeros((3, 263)))
    assert kinds(root) == [("unlisted", "new_joint_vecs"), ("unlisted", "texts")]


@pytest.mark.parametrize(("fps", "says"), [(60.0, "too slow"), (30.0, "too slow"), (10.0, "too fast")])
def test_finds_another_frame_rate_by_the_pace_of_walking(make_dataset: Make, fps: float, says: str) -> None:
    root = make_dataset(stored_fps=fps)
    found = [problem.message for problem in check(root) if problem.kind == "fps"]
    assert len(found) == 1
    assert says in found[0]


def test_finds_lengths_that_do_not_fit(make_dataset: Make) -> None:
    root = make_dataset()
    (root / "texts" / "000000.txt").write_text("late#x/X#1.0#8.0\n")
    (root / "clips.csv").write_text("id,frames\n000001,177\n")
    assert kinds(root) == [("length", "new_joint_vecs/000000.npy"), ("length", "new_joint_vecs/000001.npy")]


def test_missing_folders_and_lists(make_dataset: Make, tmp_path: Path) -> None:
    with pytest.raises(MotionGPTError, match="no folder"):
        check(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    assert {file for _, file in kinds(tmp_path / "empty")} == {
        "new_joint_vecs", "texts", "train.txt", "val.txt", "test.txt",
    }  # fmt: skip
