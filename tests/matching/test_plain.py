"""Plain sentences for unfamiliar ones, as the embedded model's reader sees them."""

from __future__ import annotations

import pytest

from motiongpt.matching.checks import checks, names_action
from motiongpt.matching.plain import PlainSentences
from motiongpt.model import MotionGPT


@pytest.fixture(scope="module")
def plain() -> PlainSentences:
    matcher = MotionGPT.from_pretrained().matcher
    assert matcher is not None
    return PlainSentences(matcher.reader)


@pytest.mark.parametrize(
    ("sentence", "action"),
    [
        # Of words that the patterns of checks do not have.
        ("an athlete vaults high into the sky", "jumps"),
        ("a pedestrian progresses forward", "goes forward"),
        ("someone relaxes in an armchair", "sits"),
        ("a person hoists the left hand", "raises_arm left"),
        ("a boy boots the ball with his right foot", "kicks right"),
        ("a lady stays frozen in her pose", "stands_still"),
        ("someone whirls about on the spot", "spins"),
    ],
)
def test_says_the_same_of_actions_that_the_sentence_does_not_name(plain: PlainSentences, sentence: str, action: str):
    found = plain.nearest(sentence)
    assert found is not None
    assert action in {
        " ".join([check.action, *(str(value) for _, value in check.arguments)]) for check in checks(found)
    }


@pytest.mark.parametrize(
    "sentence",
    [
        "a person kicks a ball with the left foot",
        "someone throws a stone with their right hand",
        "a man walks clockwise in a circle",
        "a person turns around on the spot",
        "a woman hops three times",
        "somebody jumps twice",
    ],
)
def test_asks_for_all_that_the_sentence_asks_for(plain: PlainSentences, sentence: str) -> None:
    found = plain.nearest(sentence)
    assert found is not None
    assert set(checks(sentence)) <= set(checks(found))


def test_sides_and_ways_are_kept(plain: PlainSentences) -> None:
    for side, other in (("left", "right"), ("right", "left")):
        found = plain.nearest(f"a person salutes with the {side} hand")
        assert found is None or (side in found and other not in found)
    found = plain.nearest("a person glides backward")
    assert found is not None
    assert "forward" not in found


def test_what_is_no_motion_has_no_plain_sentence(plain: PlainSentences) -> None:
    assert plain.nearest("the stock market closed lower on Tuesday") is None
    assert plain.nearest("a recipe for tomato soup") is None


def test_every_plain_sentence_is_one_that_geometry_can_judge(plain: PlainSentences) -> None:
    judged = [sentence for sentence in plain.sentences if checks(sentence)]
    assert len(judged) > 0.95 * len(plain.sentences)
    assert sum(map(names_action, judged)) > 0.85 * len(plain.sentences)
    assert len(set(plain.sentences)) == len(plain.sentences)
