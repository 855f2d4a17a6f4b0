from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motiongpt.data.captions import PhraseList
from motiongpt.data.clips import plan
from motiongpt.data.recordings import Part, Recording, Whole
from motiongpt.data.splits import assign_splits

PHRASES = Path(__file__).resolve().parents[2] / "recipes" / "embedded" / "phrases"


@cache
def phrases(source: str) -> PhraseList:
    return PhraseList(PHRASES / f"{source}.yaml")


def recording(
    words: str = "", name: str = "13_18", source: str = "cmu", *, parts: tuple[Part, ...] = (), splits: str = ""
) -> Recording:
    captions = tuple(phrases(source).captions(words))
    return Recording(
        name,
        source,
        Path(f"{name}.amc"),
        capture=f"{source} {name}",
        description=words,
        cut=source == "hdm05",
        splits=tuple(splits.split()),
        parts=parts,
        whole=(Whole(words, captions, "label" if source == "hdm05" else "description"),) if captions else (),
    )


def part(start: int, end: int | None, name: str = "000025") -> Part:
    return Part(name, start, end, ("boxing",), "humanml3d")


def test_windows_fill_what_rows_leave() -> None:
    clips, dropped = plan(recording("boxing", parts=(part(29, 229),)), 0, 500)
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
    clips, _ = plan(recording(), 3, 1999)
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
    clips, _ = plan(recording(words), 0, frames)
    assert all(bool(clip.captions) == captioned for clip in clips)


def test_what_holds_throughout_is_added_to_every_part_that_is_long_enough() -> None:
    limp = Whole("limp", ("a person limps",), "description", throughout=True)
    own = Part("cmu_a", 249, 299, ("a person stops",), "table")
    parts = (part(29, 229), part(229, 249, "000026"), own)
    clips, _ = plan(replace(recording(parts=parts), whole=(limp,)), 0, 500)
    assert {(clip.start, clip.end): clip.captions for clip in clips} == {
        (0, 29): (),
        (29, 229): ("boxing", "a person limps"),
        (229, 249): ("boxing",),
        (249, 299): ("a person stops",),
        (299, 400): ("a person limps",),
        (400, 500): ("a person limps",),
    }
    assert {clip.words for clip in clips if clip.start in (29, 229)} == {"humanml3d"}


def test_hdm05_cuts_stay_whole() -> None:
    clips, _ = plan(recording("squat 1 reps", "bd_squat1Reps_001", "hdm05"), 0, 301)
    assert [(clip.id, clip.start, clip.end, clip.words) for clip in clips] == [
        ("hdm05_bd_squat1Reps_001", 0, 301, "label")
    ]


def test_short_recordings_are_dropped() -> None:
    clips, dropped = plan(recording("walk"), 0, 9)
    assert clips == []
    assert "shorter than 10" in dropped[0].why


def test_a_long_part_gets_its_caption_where_it_is_true() -> None:
    walk = Part("own_a_00000", 0, None, ("a person walks", "then sits down"), "table")
    clips, dropped = plan(recording(parts=(walk,)), 0, 500)
    assert [(clip.id, clip.start, clip.end, clip.captions) for clip in clips] == [
        (f"own_a_00000_{number:02d}", start, end, ("a person walks",))
        for number, (start, end) in enumerate(((0, 167), (167, 333), (333, 500)))
    ]
    assert dropped == []
    sit = Part("own_a_00000", 0, 500, ("a person sits down",), "table")
    clips, dropped = plan(recording(parts=(sit,)), 0, 500)
    assert [clip.captions for clip in clips] == [(), (), ()]
    assert [entry.what for entry in dropped] == ["captions of 13_18"]
    assert "start and end" in dropped[0].why


def test_tables_win_over_the_draw() -> None:
    recordings = [
        recording(name="1_1", splits="train test"),
        recording(name="1_2", splits="train val"),
        recording(name="1_3", splits="train"),
    ]
    assert assign_splits(recordings, seed=0) == {"cmu 1_1": "test", "cmu 1_2": "val", "cmu 1_3": "train"}


def test_twins_share_a_split() -> None:
    twins = [recording(name="63_03"), replace(recording(name="64_03", splits="val"), capture="cmu 63_03")]
    assert assign_splits(twins, seed=0) == {"cmu 63_03": "val"}


@given(st.integers(1, 12), st.integers(0, 99))
def test_a_small_collection_has_every_split(count: int, seed: int) -> None:
    splits = list(assign_splits([recording(name=f"1_{number}") for number in range(count)], seed).values())
    assert set(splits) == set(("train", "test", "val")[:count])


def test_drawn_splits_do_not_move_when_recordings_are_added() -> None:
    few = [recording(name=f"1_{number}") for number in range(100)]
    many = few + [recording(name=f"2_{number}") for number in range(900)]
    before, after = assign_splits(few, seed=3), assign_splits(many, seed=3)
    assert all(after[capture] == split for capture, split in before.items())
    counts = [list(after.values()).count(split) for split in ("train", "val", "test")]
    assert 800 < counts[0] < 900
    assert 30 < counts[1] < 70
    assert 70 < counts[2] < 130
    assert assign_splits(many, seed=4) != after


def test_every_hdm05_class_is_in_every_split() -> None:
    trials = [recording(words, f"bd_{words}_{number}", "hdm05") for words in ("squat", "hop") for number in range(20)]
    splits = assign_splits(trials, seed=0)
    for words in ("squat", "hop"):
        own = [split for capture, split in splits.items() if words in capture]
        assert [own.count(split) for split in ("train", "val", "test")] == [17, 1, 2]
