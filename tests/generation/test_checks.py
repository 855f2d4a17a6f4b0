"""Checks of sentences, and that real motion passes those of its captions."""

from __future__ import annotations

import inspect
from pathlib import Path

import numpy as np
import pytest

from gestures import travelling
from motiongpt.data.layout import MotionTextDataset
from motiongpt.generation import checks as module
from motiongpt.generation.checks import Check, checks, names_action, passed, with_manner
from motiongpt.generation.prototypes import canonical_sentences, read_phrases
from motiongpt.motion import Motion
from motiongpt.motion.detectors import DETECTORS
from motiongpt.text.actions import action_table
from motiongpt.text.patterns import fill


def requested(sentence: str) -> set[str]:
    """Actions with their arguments, as text."""
    return {" ".join([check.action, *(str(value) for _, value in check.arguments)]) for check in checks(sentence)}


@pytest.mark.parametrize(
    ("sentence", "wanted"),
    [
        ("a person walks forward", {"goes forward", "goes_straight", "walks"}),
        ("someone runs ahead", {"goes forward", "goes_straight", "runs"}),
        ("a man walks backwards slowly", {"goes backward", "is_slow", "walks"}),
        ("a woman sidesteps to the left", {"goes left"}),
        ("a person walks and turns right", {"turns right", "walks"}),
        ("a person walks in a circle", {"circles", "walks"}),
        ("a person walks counterclockwise in a circle", {"circles left", "walks"}),
        ("a person walks clockwise in a circle", {"circles right", "walks"}),
        ("the person spins on the spot", {"spins", "stays"}),
        ("a person turns left on the spot", {"turns left", "turns_in_place left", "stays"}),
        ("she keeps jumping", {"jumps", "goes_on jump"}),
        ("a person stands on the left leg", {"balances left"}),
        ("a man takes four steps", {"walks", "steps 4"}),
        ("a person touches the left knee with the right elbow", {"touches_elbow_to_knee right"}),
        ("a person kicks with the left foot", {"kicks left"}),
        ("a person kicks with the left foot and with the right foot", set()),
        ("a person hops on the left foot", {"hops", "hops left"}),
        ("a person walks back and forth", {"goes_back_and_forth", "walks"}),
        ("she waves her arms back and forth", {"waves"}),
        ("he turns a quarter turn to his right", {"turns right", "turns_quarter right"}),
        ("she turns 90 degrees to the left", {"turns left", "turns_quarter left"}),
        ("he picks up a coin with the right hand", {"bends_down", "reaches_down right"}),
        ("he puts up his right hand", {"raises_arm right"}),
        ("a man does a cartwheel", {"goes_upside_down"}),
        ("a person kicks three times", {"repeats kick 3"}),
        ("he jumps twice", {"repeats jump 2"}),
        ("he jumps", {"jumps"}),
        ("a person waves with their right hand", {"waves right"}),
        ("a person waves", {"waves"}),
        ("someone raises the left arm", {"raises_arm left"}),
        ("someone lifts both arms", {"raises_both_arms"}),
        ("a person punches with the right fist", {"punches right"}),
        ("a person picks up a box", {"bends_down"}),
        ("a person throws a ball", {"throws"}),
        ("the boxer throws an uppercut", {"punches"}),
        ("he throws a haymaker with his right fist", {"punches right"}),
        ("she throws three jabs", {"repeats punch 3"}),
        ("he does star jumps", {"jumping_jacks"}),
        ("he puts his hands together", set()),
        ("a woman walks at a snail's pace", {"walks", "is_slow"}),
        ("a man steps along at top speed", {"walks", "is_quick"}),
        ("a person sits down", {"sits"}),
        ("a person stands up", {"stands_up"}),
        ("a person stands still", {"stands_still"}),
        ("a person circles both arms backward", {"circles_arms"}),
        ("a person plays the violin", set()),
        ("", set()),
    ],
)
def test_what_a_sentence_asks_for(sentence: str, wanted: set[str]) -> None:
    assert requested(sentence) == wanted


@pytest.mark.parametrize(
    ("canonical", "sentence", "expected"),
    [
        ("a person walks slowly", "she swaggers backward in a hurry", "a person walks quickly backward"),
        ("a person walks slowly", "he ambles at a snail's pace", "a person walks slowly"),
        ("a person hops", "he bounces on the spot", "a person hops on the spot"),
        ("a person punches", "he quickly lashes forward", "a person punches"),
    ],
)
def test_pace_and_way_are_those_of_the_sentence(canonical: str, sentence: str, expected: str) -> None:
    assert with_manner(canonical, sentence) == expected


def test_the_score_is_the_mean_over_the_checks(standing: np.ndarray) -> None:
    ahead = travelling(standing, z=2.5)
    assert passed("a person walks forward", ahead) == 1
    assert passed("a person walks backward", ahead) == 0.5, "it walks, and not backward"
    assert passed("a person plays the violin", ahead) == 1, "joints cannot show it"
    assert Check("goes", (("way", "left"),)).passed(ahead) == 0


@pytest.mark.slow
def test_real_clips_do_what_their_captions_ask() -> None:
    """Of held-out clips: their own captions hold more often than those of other clips."""
    data_dir = Path(__file__).resolve().parents[2] / "data" / "motion"
    if not data_dir.is_dir():
        pytest.skip("there is no data set in data/motion")
    clips = [item for item in MotionTextDataset(data_dir, "test", captioned=True) if not item.id.startswith("M")]
    texts = [[caption.text for caption in item.captions if len(checks(caption.text))] for item in clips]
    joints = [Motion.from_features(item.features).joints for item in clips]
    asking = [number for number, captions in enumerate(texts) if captions]
    own = [np.mean([passed(text, joints[i]) for text in texts[i]]) for i in asking]
    others = [np.mean([passed(text, joints[i]) for text in texts[j]]) for i in asking for j in asking[::5] if i != j]
    assert len(own) > 30
    assert np.mean(own) > 0.7
    assert np.mean(others) < np.mean(own) - 0.2


@pytest.mark.parametrize(
    ("sentence", "named"),
    [
        ("a person walks backward", True),
        ("he springs backward off both feet", False),
        ("a person runs", True),
        ("someone goes forward", False),
        ("a person walks slowly", False),
    ],
)
def test_a_direction_alone_names_no_action(sentence: str, named: bool) -> None:
    assert names_action(sentence) is named


@pytest.mark.parametrize(
    ("sentence", "actions"),
    [
        ("a person retreats without turning around", []),
        ("he walks backward, without stopping", ["goes", "walks"]),
        ("she stands without moving", ["stands_still"]),
    ],
)
def test_what_is_not_done_is_not_asked_for(sentence, actions):
    assert sorted({check.action for check in checks(sentence)}) == actions


@pytest.mark.parametrize(
    ("sentence", "again"),
    [
        ("the toddler bounces on the spot as if on a trampoline", True),
        ("she hops in place", True),
        ("he jumps a few times", True),
        ("a person bounces once", False),
        ("a person bounces a ball", False),
        ("a person hops", False),
    ],
)
def test_who_bounces_does_it_again_and_again(sentence, again):
    assert ("goes_on" in {check.action for check in checks(sentence)}) == again


def test_every_action_has_its_detector() -> None:
    # Travelling is part of other actions: no sentence asks for it alone.
    assert set(action_table()) == set(DETECTORS) - {"travels"}
    for name, action in action_table().items():
        allowed = set(inspect.signature(DETECTORS[name]).parameters) - {"joints"}
        for reading in action.readings:
            assert set(dict(reading.arguments)) <= allowed, name


def test_canonical_sentences_ask_for_the_action_of_their_row() -> None:
    own = [
        name in {check.action for check in checks(fill(sentence.replace("[", "").replace("]", ""), "left"))}
        for name, action in action_table().items()
        for sentence, _ in action.sentences
    ]
    assert np.mean(own) > 0.95


def test_the_quick_look_at_a_reading_misses_nothing() -> None:
    texts = [*canonical_sentences(), *(phrase.text for phrase in read_phrases()[::10])]
    for rule in module._rules():
        for text in texts:
            assert rule.any_case.search(text) or not any(case.holds(text) for case in rule._cases)
