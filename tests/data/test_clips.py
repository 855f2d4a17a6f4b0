from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from motiongpt.data.captions import CaptionRow, PhraseList, read_caption_rows
from motiongpt.data.clips import plan
from motiongpt.data.sources import Trial
from motiongpt.data.splits import assign_splits
from motiongpt.errors import MotionGPTError

PHRASES = Path(__file__).resolve().parents[2] / "recipes" / "embedded" / "phrases"
ROW = {"id": "000025", "start_frame": 29, "end_frame": 229, "split": "train", "captions": ["boxing "], "trial": "13_18"}


def trial(words: str = "", name: str = "13_18", source: str = "cmu", capture: str = "") -> Trial:
    path = Path(f"{name}.amc")
    return Trial(name, source, path, None, 120.0, capture or f"{source} {name}", words, "", cut=source == "hdm05")


def captions(words: str) -> list[str]:
    return PhraseList(PHRASES / "cmu.yaml").captions(words)


def row(start: int, end: int, split: str = "train", name: str = "000025") -> CaptionRow:
    return CaptionRow(name, start, end, split, ("boxing",))


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.jsonl.gz"])
def test_rows_are_found_by_trial_or_by_source(tmp_path: Path, name: str) -> None:
    rows = [
        {**ROW, "source": "CMU/13/13_18_poses.npy"},
        {**ROW, "id": "000004", "source": "CMU/80/80_63_poses.npy", "trial": None},
        {**ROW, "id": "000000", "source": "KIT/3/kick_high_left02_poses.npy", "trial": None},
    ]
    text = "\n".join(json.dumps(line) for line in rows) + "\n"
    path = tmp_path / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    found = read_caption_rows(path)
    assert set(found) == {"13_18", "80_63"}
    assert found["13_18"] == [row(29, 229)]


@pytest.mark.parametrize("line", ["{", "[]", '{"id": "1"}', json.dumps({**ROW, "source": "x", "start_frame": "soon"})])
def test_a_malformed_row_is_named_by_line(tmp_path: Path, line: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps({**ROW, "source": "x"}) + "\n" + line + "\n")
    with pytest.raises(MotionGPTError, match="line 2"):
        read_caption_rows(path)


def test_files_that_are_no_tables(tmp_path: Path) -> None:
    with pytest.raises(MotionGPTError, match="Cannot read"):
        read_caption_rows(tmp_path / "missing.jsonl")
    (tmp_path / "fake.gz").write_bytes(b"no gzip")
    with pytest.raises(MotionGPTError, match="Cannot read"):
        read_caption_rows(tmp_path / "fake.gz")


def test_windows_fill_what_rows_leave() -> None:
    clips, dropped = plan(trial("boxing"), [row(29, 229)], captions("boxing"), 0, 500)
    assert [(clip.id, clip.start, clip.end) for clip in clips] == [
        ("000025", 29, 229),
        ("cmu_13_18_00", 0, 29),
        ("cmu_13_18_01", 229, 364),
        ("cmu_13_18_02", 364, 500),
    ]
    assert dropped == []
    # 29 frames are too few for a description.
    assert [clip.words for clip in clips] == ["humanml3d", "none", "description", "description"]


def test_every_usable_frame_is_in_a_clip_and_no_clip_is_long() -> None:
    clips, _ = plan(trial(), [], (), 3, 1999)
    covered = [frame for clip in clips for frame in range(clip.start, clip.end)]
    assert covered == list(range(3, 1999))
    assert max(clip.end - clip.start for clip in clips) <= 200


@pytest.mark.parametrize(
    ("words", "frames", "captioned"),
    [
        ("walk", 600, True),
        ("salsa dance", 600, True),
        ("walk and turn (repeated)", 600, True),
        ("walk, veer left", 600, False),
        ("jump up to grab, reach for, tiptoe", 600, False),
        ("walk, veer left", 90, True),
        ("Unknown", 90, False),
        ("", 90, False),
    ],
)
def test_a_description_is_used_where_it_is_true(words: str, frames: int, captioned: bool) -> None:
    clips, _ = plan(trial(words), [], captions(words), 0, frames)
    assert all(bool(clip.captions) == captioned for clip in clips)


def test_hdm05_cuts_stay_whole() -> None:
    clips, _ = plan(trial("squat 1 reps", "bd_squat1Reps_001", "hdm05"), [], ["a person squats"], 0, 301)
    assert [(clip.id, clip.start, clip.end, clip.words) for clip in clips] == [
        ("hdm05_bd_squat1Reps_001", 0, 301, "label")
    ]


def test_short_recordings_are_dropped() -> None:
    clips, dropped = plan(trial("walk"), [], captions("walk"), 0, 9)
    assert clips == []
    assert "shorter than 10" in dropped[0].why


def test_published_splits_win_over_the_draw() -> None:
    trials = [trial(name=name) for name in ("1_1", "1_2", "1_3")]
    rows = {"1_1": [row(0, 40, "train"), row(0, 40, "test")], "1_2": [row(0, 40, "train"), row(0, 40, "val")]}
    splits = assign_splits(trials, {**rows, "1_3": [row(0, 40, "train")]}, seed=0)
    assert splits == {"cmu 1_1": "test", "cmu 1_2": "val", "cmu 1_3": "train"}


def test_twins_share_a_split() -> None:
    trials = [trial(name="63_03", capture="cmu 63_03"), trial(name="64_03", capture="cmu 63_03")]
    assert assign_splits(trials, {"64_03": [row(0, 40, "val")]}, seed=0) == {"cmu 63_03": "val"}


def test_drawn_splits_do_not_move_when_recordings_are_added() -> None:
    few = [trial(name=f"1_{number}") for number in range(100)]
    many = few + [trial(name=f"2_{number}") for number in range(900)]
    before, after = assign_splits(few, {}, seed=3), assign_splits(many, {}, seed=3)
    assert all(after[capture] == split for capture, split in before.items())
    counts = [list(after.values()).count(split) for split in ("train", "val", "test")]
    assert 800 < counts[0] < 900
    assert 30 < counts[1] < 70
    assert 70 < counts[2] < 130
    assert assign_splits(many, {}, seed=4) != after


def test_every_hdm05_class_is_in_every_split() -> None:
    trials = [trial(words, f"bd_{words}_{number}", "hdm05") for words in ("squat", "hop") for number in range(20)]
    splits = assign_splits(trials, {}, seed=0)
    for words in ("squat", "hop"):
        own = [split for capture, split in splits.items() if words in capture]
        assert [own.count(split) for split in ("train", "val", "test")] == [17, 1, 2]
