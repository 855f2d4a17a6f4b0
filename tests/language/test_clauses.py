"""Sentences of several actions taken apart."""

import pytest

from motiongpt.language.clauses import clauses, of_anybody


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        ("a person walks forward", [("a person walks forward",)]),
        ("a person jumps, then walks forward", [("a person jumps",), ("a person walks forward",)]),
        ("the tall man sits down and then stands up", [("the tall man sits down",), ("the tall man stands up",)]),
        ("someone squats before jumping high", [("someone squats",), ("someone jumps high",)]),
        ("a person is walking, then slowly turns", [("a person is walking",), ("a person slowly turns",)]),
        (
            "she kicks with the left leg, then with the right leg",
            [("she kicks with the left leg",), ("she kicks with the right leg",)],
        ),
        (
            "a person raises the right arm, then the left arm",
            [("a person raises the right arm",), ("a person raises the left arm",)],
        ),
        ("a man walks, then he sits down", [("a man walks",), ("he sits down",)]),
        ("a man walks forward and sits down", [("a man walks forward",), ("a man sits down",)]),
        ("a person runs up and kicks a ball", [("a person runs up",), ("a person kicks a ball",)]),
        ("a person walks and turns left", [("a person walks and turns left",)]),
        ("a person jumps up and down", [("a person jumps up and down",)]),
        ("a person walks, stops and waves", [("a person walks",), ("a person stops",), ("a person waves",)]),
        ("a man steps forward and then kicks", [("a man steps forward",), ("a man kicks",)]),
        ("after jumping, a person walks on", [("a person jumps",), ("a person walks on",)]),
        ("a person gets up from a chair and walks", [("a person gets up from a chair",), ("a person walks",)]),
        (
            "a person steps to the left, then back to the right",
            [("a person steps to the left",), ("a person steps to the right",)],
        ),
        ("a man walks in a circle, always turning right", [("a man walks in a circle, always turning right",)]),
        ("a man walks, stops and waves a hand", [("a man walks",), ("a man stops",), ("a man waves a hand",)]),
        ("a man stops and waves", [("a man stops",), ("a man waves",)]),
        ("after the jump, he walks", [("after the jump, he walks",)]),
        ("walk forward then jump", [("walk forward then jump",)]),
        ("a person walks, then arms", [("a person walks, then arms",)]),
        ("", [("",)]),
    ],
)
def test_one_after_the_other(sentence, told):
    assert clauses(sentence) == told


@pytest.mark.parametrize(
    ("sentence", "legs", "arms"),
    [
        ("a person walks while waving", "a person walks", "a person is waving"),
        ("a man throws a ball while walking forward", "a man is walking forward", "a man throws a ball"),
        ("someone waves a hand as they walk", "someone walks", "someone waves a hand"),
        ("a person runs with both arms raised", "a person runs", "a person raises both arms"),
        ("a person is sitting and raises the left arm", "a person is sitting", "a person raises the left arm"),
        ("a man walks and punches at the same time", "a man walks", "a man punches"),
        ("the woman stands in place and waves", "the woman stands in place", "the woman waves"),
    ],
)
def test_legs_and_arms(sentence, legs, arms):
    assert clauses(sentence) == [(legs, arms)]


@pytest.mark.parametrize(
    "sentence",
    [
        "a person walks and waves",
        "a person walks while limping",
        "a person waves while clapping",
        "a person kicks with the left leg",
        "a person lifts something with both hands",
    ],
)
def test_what_cannot_be_told_apart_stays_whole(sentence):
    assert clauses(sentence) == [(sentence,)]


def test_both_kinds_in_one_sentence():
    assert clauses("a person walks while waving, then sits down") == [
        ("a person walks", "a person is waving"),
        ("a person sits down",),
    ]


def test_who_does_it_does_not_matter():
    assert of_anybody("she sits down") == "a person sits down"
    assert of_anybody("an old man slowly walks on") == "a person slowly walks on"
    assert of_anybody("walk on") == "walk on"
