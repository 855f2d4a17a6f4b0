"""Cleaning and mirroring of captions: hand-written pairs, properties, and the whole caption corpus when it is there."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from motiongpt.text.captions import mirror_caption, normalise_caption

SPELLINGS = re.compile(r"(?:counter|anti)[- ]?(?=clock)", re.IGNORECASE)


@pytest.mark.parametrize(
    ("text", "mirrored"),
    [
        ("a person kicks with the left leg", "a person kicks with the right leg"),
        ("Left, then RIGHT, then Right.", "Right, then LEFT, then Left."),
        ("walks from left to right", "walks from right to left"),
        ("walks clockwise", "walks counterclockwise"),
        ("Counter-clockwise", "Clockwise"),
        ("an anti clockwise circle", "a clockwise circle"),
        ("in the counter-clock direction", "in the clockwise direction"),
        ("a counter clock wise turn", "a clock wise turn"),
        ("turns anticlockwise", "turns clockwise"),
        ("a left-handed throw to the leftmost", "a right-handed throw to the rightmost"),
        ("steps leftward, lefthand up, left-to-right", "steps rightward, righthand up, right-to-left"),
        ("front-left and back-right", "front-right and back-left"),
        ("raises the R hand and L-leg", "raises the L hand and R-leg"),
        ("walks in an L shape", "walks in an L shape"),
        ("turns right before sitting down", "turns left before sitting down"),
        ("steps to the right after a while", "steps to the left after a while"),
        ("goes to the right back to the start", "goes to the left back to the start"),
        ("swings left and right in front of them", "swings right and left in front of them"),
        ("faces 2 o'clock, then ten o'clock", "faces 10 o'clock, then two o'clock"),
        ("from 12 o'clock to 6 o'clock", "from 12 o'clock to 6 o'clock"),
        ("goes towards theleft", "goes towards theright"),
        # no sides
        ("stands right back up", "stands right back up"),
        ("does it right away", "does it right away"),
        ("stops right before the wall", "stops right before the wall"),
        ("right after that he jumps", "right after that he jumps"),
        ("an arm at a right angle", "an arm at a right angle"),
        ("stands upright, bright and all right", "stands upright, bright and all right"),
        ("he left the room", "he left the room"),
        ("someone is left alone", "someone is left alone"),
        ("then rights himself", "then rights himself"),
        ("", ""),
    ],
)
def test_mirrored_captions(text: str, mirrored: str) -> None:
    assert mirror_caption(text) == mirrored
    assert mirror_caption(mirrored) == SPELLINGS.sub("counter", text) or SPELLINGS.search(text)


WORDS = """
left right Left RIGHT he the a to room foot and then clockwise counterclockwise before after away back up in front
angle leftmost upright lefthand rights himself , . turns is alone R hand 3 o'clock all
"""


@given(st.lists(st.sampled_from(WORDS.split()), max_size=12).map(" ".join))
def test_mirroring_twice_gives_the_caption_back(text: str) -> None:
    assert mirror_caption(mirror_caption(text)) == text


@given(st.text())
@example("\x80Â¡")
def test_any_text_can_be_mirrored_and_normalised(text: str) -> None:
    mirror_caption(text)
    clean = normalise_caption(text)
    assert normalise_caption(clean) == clean
    assert clean == " ".join(clean.split())
    assert not set(clean) & set("<>{}[]|_")


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("A person  walks\tforward. ", "a person walks forward"),
        ("a man waves both of his arms,", "a man waves both of his arms"),
        (".a person walks", "a person walks"),
        ("=the man sits then stands up", "the man sits then stands up"),
        ("walks back/", "walks back"),
        ("[from 0s - 3s] a person sits", "a person sits"),
        ('"a person sits"', "a person sits"),
        ('walks in an "s" shape', 'walks in an "s" shape'),
        ('does "the wave motion', "does the wave motion"),
        ("throws a football'", "throws a football"),
        ("walks in an 's' shape", "walks in an 's' shape"),
        ("he’s turning 180° – “fast”", 'he\'s turning 180 degrees - "fast"'),
        ("he turns 90⁰.", "he turns 90 degrees"),
        ("donâ€™t stop, cafÃ©", "don't stop, café"),
        ("a squat , then a jump", "a squat, then a jump"),
        ("leans over,grabs something.then sits", "leans over, grabs something. then sits"),
        ("what is it?", "what is it?"),
        ("T-pose and walk", "T-pose and walk"),
        ("I walk", "I walk"),
        ("knees (right first, then left)", "knees (right first, then left)"),
        ("steps (right first", "steps right first"),
        ("a <motion_id_3> walk", "a motion id 3 walk"),
        ("人が歩く。", "人が歩く。"),
        ("   ", ""),
    ],
)
def test_normalised_captions(text: str, clean: str) -> None:
    assert normalise_caption(text) == clean
    assert normalise_caption(clean) == clean


def test_the_caption_corpus(shared_dir: Path) -> None:
    with gzip.open(shared_dir / "data" / "captions" / "humanml3d.jsonl.gz", "rt", encoding="utf-8") as file:
        captions = [caption for line in file for caption in json.loads(line)["captions"]]
    changed = 0
    for caption in captions[::10]:
        clean = normalise_caption(caption)
        assert clean
        assert normalise_caption(clean) == clean
        twice = mirror_caption(mirror_caption(clean))
        assert twice == clean or SPELLINGS.search(clean), clean
        changed += mirror_caption(clean) != clean
    assert 0.02 < changed / len(captions) < 0.06
