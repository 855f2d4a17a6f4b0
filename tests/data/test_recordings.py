"""What tables, text files and names add to recordings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from motiongpt.data.captions import read_phrase_lists, words_of_name
from motiongpt.data.recordings import Recording, Whole, add_own_words, add_rows
from motiongpt.data.tables import Row


def recording(file: str = "walk.bvh", **values: object) -> Recording:
    name = file.rpartition(".")[0].replace("/", "_")
    return Recording(name, "own", Path(file), file, capture=f"own {name}", **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("walk_forward_01", "walk forward"),
        ("WalkForward", "walk forward"),
        ("LHookPunch", "left hook punch"),
        ("kick-R.take 003", "kick right"),
        ("Male1_A12_CrawlBackward", "crawl backward"),
        ("Armature|Sit_Down", "sit down"),
        ("mixamo.com", ""),
        ("20260101_120fps", ""),
        ("歩く", ""),
        ("turn_left_mirrored", ""),
        ("walk_mirrored", "walk"),
        ("Crawl_RM", "crawl"),
    ],
)
def test_names_say_what_is_done(name: str, words: str) -> None:
    assert words_of_name(name) == words


def test_rows_are_found_by_the_end_of_the_path() -> None:
    files = ("a/walk.bvh", "b/walk.bvh", "b/hop.glb", "run.bvh", "run.glb")
    recordings = [recording(file) for file in files[:3]]
    # One recording in two formats.
    recordings += [Recording(one, "own", Path(one), one, capture="own run") for one in files[3:]]
    rows = [
        Row("hop", "t row 2", ("a hop",)),
        Row("data/B/Walk.BVH", "t row 3", ("a walk",)),
        Row("walk", "t row 4", ("a stroll",)),
        Row("skip.bvh", "t row 5", ("a skip",)),
        Row("run.glb", "t row 6", ("a run",)),
        Row("KIT/3/jump_poses.npz", "h row 1", ("a jump",), published=True),
    ]
    found, missing = add_rows(recordings, rows)
    captions = {one.file: [whole.text for whole in one.whole] for one in found}
    assert captions == {
        "a/walk.bvh": [],
        "b/walk.bvh": ["a walk"],
        "b/hop.glb": ["a hop"],
        "run.bvh": [],
        "run.glb": ["a run"],
    }
    assert [entry.what for entry in missing] == ["walk", "skip.bvh"]
    assert "give the path" in missing[0].why
    assert "no such file" in missing[1].why


def test_rows_of_a_recording_come_together() -> None:
    rows = [
        Row("walk", "", ("one",), options={"fps": 60.0}, capture="c"),
        Row("walk", "", ("two",), split="val"),
        Row("walk", "", ("part",), 10, 50, part=True),
        Row("walk", "", ("same part",), 10, 50, part=True, split="test"),
        Row("walk", "", ("rest",), 50, None, part=True, id="rest"),
    ]
    (found,), missing = add_rows([recording(options={"fps": 30.0, "unit": "cm"})], rows)
    assert missing == []
    assert found.options == {"fps": 60.0, "unit": "cm"}
    assert (found.capture, found.splits) == ("own c", ("test", "val"))
    assert [whole.captions for whole in found.whole] == [("one",), ("two",)]
    assert [(part.id, part.start, part.end, part.captions) for part in found.parts] == [
        ("own_walk_00010_00050", 10, 50, ("part", "same part")),
        ("rest", 50, None, ("rest",)),
    ]


def test_rows_that_name_animations_make_recordings_of_them() -> None:
    rows = [
        Row("moves", "", ("a hop",), clip="Hop"),
        Row("moves", "", ("a bow",), clip="Bow"),
        Row("moves", "", split="val"),
    ]
    found, _ = add_rows([recording("moves.glb", named=True)], rows)
    assert [(one.id, one.capture, one.options["clip"], one.whole[0].text) for one in found] == [
        ("moves_Hop", "own moves hop", "Hop", "a hop"),
        ("moves_Bow", "own moves bow", "Bow", "a bow"),
    ]
    assert {one.splits for one in found} == {("val",)}


def test_text_files_come_before_names_and_after_tables(tmp_path: Path) -> None:
    text = "he hops\n\nhe turns left#he/PRON#1.0#2.5\nthree#fields#only\n"
    (tmp_path / "hop.txt").write_text(text)
    hop = Recording("hop", "own", tmp_path / "hop.bvh", "hop.bvh", named=True)
    found, dropped = add_own_words(hop, {})
    assert found.whole == (Whole("he hops", ("he hops",), "text file"),)
    assert [(part.start, part.end, part.captions) for part in found.parts] == [(20, 50, ("he turns left",))]
    assert [entry.what for entry in dropped] == ["hop.bvh"]
    assert "line 4" in dropped[0].why
    (tmp_path / "hop.txt").write_bytes(b"\xff\xfe\x00")
    found, dropped = add_own_words(hop, {})
    assert found.whole == (Whole("hop", ("hop",), "file name"),)
    assert "not readable" in dropped[0].why
    (tabled,), _ = add_rows([hop], [Row("hop.bvh", "", ("a person hops",))])
    assert add_own_words(tabled, {}) == (tabled, [])


def test_rows_of_humanml3d_fit_a_folder_of_amass() -> None:
    files = ("KIT/3/kick_high_left02_poses.npz", "Male1General_c3d/General_A4_-__Look_Around_stageii.npz", "80_63.amc")
    rows = [
        Row("KIT/3/kick_high_left02_poses.npy", "", ("a kick",), 0, 60, part=True, id="000000", published=True),
        Row("ACCAD/Male1General_c3d/General A4 -  Look Around_poses.npy", "", ("a look",), published=True),
        Row("80_63", "", ("a walk",), 5, 60, part=True, id="000004", published=True),
        Row("KIT/9/kick_high_left02_poses.npy", "", ("another",), published=True),
    ]
    found, missing = add_rows([recording(file) for file in files], rows)
    assert missing == []
    assert [[part.captions for part in one.parts] for one in found] == [[("a kick",)], [], [("a walk",)]]
    assert [whole.text for whole in found[1].whole] == ["a look"]
    assert found[0].parts[0].words == "humanml3d"


def test_a_phrase_list_takes_names_for_descriptions_where_names_say_what_is_done(tmp_path: Path) -> None:
    (tmp_path / "list.yaml").write_text(
        "source: own\nsubjects: [a person]\nthroughout: [sad walk]\n"
        "whole: {sad walk: [walks sadly], 'moves: bow': [bows], bow: [bows low]}\n"
    )
    lists = read_phrase_lists([tmp_path / "list.yaml"])

    def wholes(one: Recording) -> tuple[Whole, ...]:
        return add_own_words(one, lists)[0].whole

    sad = Whole("sad walk", ("a person walks sadly",), "description", throughout=True)
    assert wholes(recording("a.bvh", description="SadWalk")) == (sad,)
    moves = recording("packs/moves.glb", named=True)
    bow = replace(moves.take("Armature|Bow"), whole=())
    assert [one.captions for one in wholes(bow)] == [("a person bows",)]
    assert [one.captions for one in wholes(recording("men/Bow.npz", named=True))] == [("a person bows low",)]
    assert wholes(replace(bow, named=False)) == ()
