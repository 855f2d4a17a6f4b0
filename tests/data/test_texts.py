from __future__ import annotations

from pathlib import Path

import pytest

from motiongpt.data.texts import Caption, parse_caption, parse_captions, tokens, write_captions
from motiongpt.errors import MotionGPTError


def test_reads_a_line_of_the_published_files() -> None:
    line = "a man kicks something or someone with his left leg.#a/DET man/NOUN kick/VERB something/PRON#0.0#0.0\n"
    caption = parse_caption(line)
    assert caption == ("a man kicks something or someone with his left leg.", 0.0, 0.0)
    assert caption.whole


def test_reads_parts_and_nan() -> None:
    assert parse_caption("he waves#he/PRON wave/VERB#2.5#4.0") == Caption("he waves", 2.5, 4.0)
    assert parse_caption("he waves#he/PRON wave/VERB#nan#nan").whole


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("a walk", "1 fields"),
        ("a walk#a/DET#0.0", "3 fields"),
        ("one # two#a/DET#0.0#0.0", "5 fields"),
        ("  #a/DET#0.0#0.0", "empty"),
        ("a walk#a/DET#soon#0.0", "start 'soon'"),
        ("a walk#a/DET#3.0#2.0", "empty"),
        ("a walk#a/DET#-1.0#2.0", "empty"),
        ("a walk#a/DET#0.0#inf", "empty"),
    ],
)
def test_says_what_is_wrong_with_a_line(line: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        parse_caption(line)


def test_a_bad_line_is_numbered_and_the_others_are_read(tmp_path: Path) -> None:
    path = tmp_path / "000000.txt"
    path.write_text("a walk#a/DET#0.0#0.0\n\nbroken\na run#a/DET#1.0#2.0\n")
    captions, faults = parse_captions(path)
    assert captions == [("a walk", 0.0, 0.0), ("a run", 1.0, 2.0)]
    assert [number for number, _ in faults] == [3]


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "texts" / "a.txt"
    write_captions(path, ["Überschlag – a  flip\n", "number #1 of 2", Caption("he turns", 1.5, 3.25)])
    captions, faults = parse_captions(path)
    assert faults == []
    assert captions == [("Überschlag – a flip", 0.0, 0.0), ("number 1 of 2", 0.0, 0.0), ("he turns", 1.5, 3.25)]
    assert all(line.count("#") == 3 for line in path.read_text(encoding="utf-8").splitlines())


def test_token_column_has_a_tag_for_every_word() -> None:
    assert tokens("The man's left-foot kick, then a walk.") == (
        "the/DET man's/OTHER left-foot/OTHER kick/OTHER then/ADV a/DET walk/OTHER"
    )


def test_no_captions_make_an_empty_file(tmp_path: Path) -> None:
    write_captions(tmp_path / "a.txt", [])
    assert (tmp_path / "a.txt").read_text() == ""
    with pytest.raises(MotionGPTError, match="empty caption"):
        write_captions(tmp_path / "b.txt", [" # "])
    assert not (tmp_path / "b.txt").exists()


def test_files_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"\xff\xfe\x00a")
    with pytest.raises(MotionGPTError, match="UTF-8"):
        parse_captions(tmp_path / "a.txt")
    with pytest.raises(MotionGPTError, match=r"b\.txt"):
        parse_captions(tmp_path / "b.txt")
