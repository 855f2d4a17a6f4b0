"""The phrase lists of the embedded model: expected captions, and sanity of all captions that they give."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from motiongpt.data.captions import PhraseList
from motiongpt.text.captions import mirror_caption

PHRASES = Path(__file__).resolve().parents[2] / "recipes" / "embedded" / "phrases"
CMU, HDM05, ACCAD, CC0 = (PhraseList(PHRASES / f"{name}.yaml") for name in ("cmu", "hdm05", "accad", "cc0"))
HDM05_LABELS = [
    "deposit floor r",
    "grab high r",
    "hop both legs 1 hops",
    "kick lfront 1 reps",
    "elbow to knee 1 reps lelbow start",
    "jog left circle 4 steps rstart",
    "lie down floor",
    "rotate arms both backward 1 reps",
    "sneak 2 steps lstart",
    "squat 1 reps",
    "throw basketball",
]


def assert_readable(caption: str) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9',\- ]*[a-z0-9]", caption), caption
    assert not re.search(r"  | ,|,,|\b(\w+) \1\b", caption), caption
    assert caption.split()[0] in {"a", "the", "this", "someone"}, caption


@pytest.mark.parametrize(
    ("description", "expected"),
    [
        ("walk", "a person walks"),
        ("walk, veer left", "a person walks forward and veers to the left"),
        ("walk; right turn 90 degrees", "a person walks forward and turns to the right"),
        ("soccer - kick ball", "a person kicks a soccer ball"),
        ("HappyGoLuckWalk", "a person walks happily"),
        ("Mawashigeri", "a person does roundhouse kicks"),
        ("bear (human subject)", "a person acts like a bear"),
        ("playground - climb, hang, swing", "a person climbs up, hangs by the arms and swings"),
        ("basketball - forward dribble", "a person dribbles a basketball forward"),
        ("charleston_side_by_side_male", "a person dances the charleston"),
        ("jump, turn right 180 degrees", "a person jumps and turns right by 180 degrees"),
        ("walk, kneel, get up", "a person walks, kneels and gets up"),
        ("Run Hop Stop", "a person runs, hops and stops"),
        ("SadWalk", "a person walks sadly"),
        ("DragBadLegWalk", "a person drags the right leg while walking"),
        ("mummy8", "a person walks like a mummy"),
        ("360 smallStumble", "a person does a 360 in the air and lands unsteadily"),
    ],
)
def test_descriptions_become_sentences(description: str, expected: str) -> None:
    captions = CMU.captions(description)
    assert expected in captions
    assert len(captions) >= 4


@pytest.mark.parametrize("description", ["Unknown", "", "zorbing", "walk, zorbing"])
def test_no_caption_rather_than_a_wrong_one(description: str) -> None:
    assert CMU.captions(description) == []


def test_a_known_topic_is_described_if_an_action_is_unknown() -> None:
    captions = CMU.captions("basketball - zorbing")
    assert any("plays basketball" in caption for caption in captions)
    assert all("zorbing" not in caption for caption in captions)


def test_left_and_right_descriptions_are_mirror_images() -> None:
    for left in ["walk, veer left", "walk, 90-degree left turn", "run/jog, veer left", "Run Side Step Left"]:
        right = left.replace("left", "right").replace("Left", "Right")
        mirrored = {mirror_caption(caption) for caption in CMU.captions(left)}
        assert mirrored == set(CMU.captions(right))


@pytest.mark.parametrize("phrases", [CMU, HDM05, ACCAD, CC0], ids=lambda phrases: phrases.source)
def test_every_entry_reads_well(phrases: PhraseList) -> None:
    for key in phrases.whole:
        captions = phrases.captions(key)
        assert len(captions) >= 4, key
        for caption in captions:
            assert_readable(caption)
    assert all(phrases.captions(description) for description in phrases.throughout)


def test_every_action_of_a_topic_reads_well() -> None:
    for topic, words in CMU.topics.items():
        for key in [*words["actions"], *CMU.actions]:
            for caption in CMU.captions(f"{topic} - {key}"):
                assert_readable(caption)


@pytest.mark.parametrize("label", HDM05_LABELS)
def test_every_hdm05_label_has_many_captions(label: str) -> None:
    captions = HDM05.captions(label)
    assert len(captions) >= 10
    assert len(set(captions)) == len(captions)
    for caption in captions:
        assert_readable(caption)


def test_hdm05_sides_are_true_to_the_label() -> None:
    assert not any(
        "right foot" in c and "kick" in c
        for c in HDM05.captions("kick lfront 1 reps")
        if "stands on" not in c and "balances on" not in c
    )
    assert "a person kicks with the right leg" in HDM05.captions("kick rfront 1 reps")
    assert all("left" not in c for c in HDM05.captions("deposit floor r"))
    assert all("right" not in c for c in HDM05.captions("deposit floor l"))
    assert HDM05.captions("fly to the moon") == []


def test_accad_and_cc0_sides_are_true_to_the_label() -> None:
    assert "a person sidesteps to the right" in ACCAD.captions("Side Step Right")
    assert "a person kicks with the left leg" in CC0.captions("cyberpunk character: Kick_Left")
    assert "a person waves with the left hand" in CC0.captions("cyberpunk_Character: Wave")
    assert "a person waves with the right hand" in CC0.captions("Med_Simulation: Waving")
    # Bodies that human proportions do not fit, and cycles whose feet slide.
    assert CC0.captions("platformer_Character: Punch") == CC0.captions("Med_Special: Skeletons_Walking") == []
    assert CC0.captions("human-base-animations: Walk_Loop") == []


def test_every_description_of_the_collection_is_covered(shared_dir: Path) -> None:
    descriptions = set()
    for name in ("trials.csv", "trials_more.csv"):
        with (shared_dir / "data" / "cmu" / name).open(newline="", encoding="utf-8") as file:
            descriptions |= {row["description"] for row in csv.DictReader(file)}
    for description in descriptions - {"Unknown"}:
        captions = CMU.captions(description)
        assert len(captions) >= 4, description
        for caption in captions:
            assert_readable(caption)
