"""Phrase lists: what the keys of the file do, and files that are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from motiongpt.data.captions import PhraseList, read_phrase_lists
from motiongpt.errors import MotionGPTError

LIST = """
source: mine
subjects: [a person, someone]
joins: [" and then "]
ignore: [unknown]
whole:
  walk: ["{walks|goes} forward"]
  kick left: ["kicks with the left leg"]
actions:
  hop: [hops]
  sit down: [sits down]
rules:
  - match: "turn (left|right)"
    say: ['turns \\1']
topics:
  sports:
    actions: {hop: [hops over a hurdle]}
    alone: [does sports]
"""


@pytest.fixture
def write(tmp_path: Path):
    def write(text: str, name: str = "list.yaml") -> Path:
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return write


@pytest.mark.parametrize(
    ("description", "captions"),
    [
        ("walk", ["a person walks forward", "someone goes forward"]),
        ("Walk (slowly)", ["a person walks forward", "someone goes forward"]),
        ("unknown", []),
        ("hop", ["a person hops", "someone hops"]),
        ("turn left; hop", ["a person turns left and then hops", "someone turns left and then hops"]),
        ("hop sit down", ["a person hops and then sits down", "someone hops and then sits down"]),
        ("sports - hop", ["a person hops over a hurdle", "someone does sports"]),
        ("sports - fly", ["a person does sports", "someone does sports"]),
        ("hop, fly", []),
        ("kick right", []),
    ],
)
def test_descriptions_become_captions(write, description: str, captions: list[str]) -> None:
    found = PhraseList(write(LIST)).captions(description)
    assert found[: len(captions)] == captions
    assert bool(found) == bool(captions)


def test_mirrored_descriptions_are_found_on_demand(write) -> None:
    phrases = PhraseList(write(LIST + "mirrored: true\n"))
    assert phrases.captions("kick right") == ["a person kicks with the right leg", "someone kicks with the right leg"]
    assert phrases.captions("kick") == []


def test_animations_are_looked_for_with_their_file_and_without(write) -> None:
    text = LIST.replace("ignore: [unknown]", 'ignore: ["robot*: *"]').replace(
        "  kick left:", '  "woman: walk": [strides]\n  kick left:'
    )
    phrases = PhraseList(write(text))
    assert phrases.captions("Woman: Walk") == ["a person strides", "someone strides"]
    assert phrases.captions("tall man: walk") == ["a person walks forward", "someone goes forward"]
    assert phrases.captions("RobotArm: walk") == []
    assert phrases.captions("woman: fly") == []


def test_a_list_says_what_is_true_throughout_and_whether_others_are_left_out(write) -> None:
    phrases = PhraseList(write(LIST + "throughout: [limp walk]\nonly: true\nmin_seconds: 0.75\n"))
    assert phrases.holds_throughout("LimpWalk")
    assert not phrases.holds_throughout("walk")
    assert (phrases.only, phrases.min_seconds) == (True, 0.75)
    assert not PhraseList(write(LIST)).only


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a\n", "must have the keys source and subjects"),
        ("source: mine\n", "must have the keys source and subjects"),
        ("source: mine\nsubjects: [a]\nlabels: {}\n", "unknown key 'labels'; known are source, "),
        ("source: [\n", "Cannot read the phrase list"),
    ],
)
def test_other_files_are_refused(write, text: str, message: str) -> None:
    with pytest.raises(MotionGPTError, match=message):
        PhraseList(write(text))


def test_there_is_one_list_per_source(write, tmp_path: Path) -> None:
    one, other = write(LIST), write(LIST.replace("mine", "other"), "other.yaml")
    assert list(read_phrase_lists([one, other])) == ["mine", "other"]
    with pytest.raises(MotionGPTError, match=r"other\.yaml is a second phrase list for other"):
        read_phrase_lists([other, other])
    with pytest.raises(MotionGPTError, match="Cannot read"):
        PhraseList(tmp_path / "missing.yaml")
