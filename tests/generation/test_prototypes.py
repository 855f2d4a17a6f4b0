"""Canonical sentences for unfamiliar ones, with the sentence encoder of the embedded model."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from motiongpt.generation.checks import checks, names_action
from motiongpt.generation.motiongpt import MotionGPT
from motiongpt.generation.plan import make_plan
from motiongpt.generation.prompting import Prompting
from motiongpt.generation.prototypes import Prototypes, stored_vectors


def requested(sentence: str) -> set[str]:
    """Actions with their arguments, as text."""
    return {" ".join([check.action, *(str(value) for _, value in check.arguments)]) for check in checks(sentence)}


@pytest.fixture(scope="module")
def prototypes() -> Prototypes:
    matcher = MotionGPT.from_pretrained().matcher
    assert matcher is not None
    return Prototypes(matcher.sentence_encoder)


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
def test_says_the_same_of_actions_that_the_sentence_does_not_name(prototypes: Prototypes, sentence: str, action: str):
    found = prototypes.nearest(sentence)
    assert found is not None
    assert action in requested(found)


@pytest.mark.parametrize(
    ("sentence", "actions"),
    [
        ("he heaves a rock as far as he can", {"throws"}),
        ("she slings a stone", {"throws"}),
        ("she delivers a roundhouse with her right foot", {"kicks right"}),
        ("he strikes the ball with his right foot", {"kicks right"}),
        ("she socks an invisible opponent", {"punches"}),
        ("the hero springs backward off both feet", {"jumps", "goes backward"}),
        ("a kid bobs up and down on her left leg", {"hops", "hops left"}),
        # A foot does it, or arms are what is moved.
        ("he drives a football into the goal with his left foot", {"kicks left"}),
        ("she bashes the ball with her right foot", {"kicks right"}),
        ("the man jiggles one hand", {"waves"}),
        ("he clobbers the dummy with his left fist", {"punches left"}),
        ("he drops onto his back", {"lies"}),
        ("he sinks to one knee to propose", {"kneels"}),
        ("the man lowers himself onto a bench", {"sits"}),
        ("she retreats a few paces", {"goes backward", "walks"}),
        ("he limps along dragging his left leg", {"walks"}),
        ("he struts down the runway", {"walks"}),
        ("he scampers across the yard", {"runs"}),
        ("she stomps forward angrily", {"walks", "goes forward", "goes_straight"}),
        ("she thrusts her right hand into the air", {"raises_arm right"}),
        ("he veers off to the left", {"turns left"}),
        ("he freezes", {"stands_still"}),
        # Pace and way are the sentence's, whatever the verb says.
        ("she ambles along at a snail's pace", {"walks", "is_slow"}),
        ("he swaggers home in a hurry", {"walks", "is_quick"}),
        # The user's own verb, which the thesaurus reads as another one.
        ("a person springs off both feet", {"jumps"}),
        ("she polishes the table", set()),
        ("he gets someone's attention", {"waves"}),
        ("someone walks for five seconds", {"walks"}),
        # Every form of a verb.
        ("she sprawled on the floor", {"lies"}),
        ("someone is collapsing", {"lies"}),
    ],
)
def test_the_verb_weighs_more_than_the_rest(prototypes: Prototypes, sentence: str, actions: set[str]) -> None:
    found = prototypes.nearest(sentence)
    assert (set() if found is None else requested(found)) == actions


@pytest.mark.parametrize("sentence", ["he plays the violin", "she combs her hair", "a man nods", "he crosses his arms"])
def test_what_joints_cannot_show_has_no_canonical_sentence(prototypes: Prototypes, sentence: str) -> None:
    assert prototypes.nearest(sentence) is None


def test_verbs_that_the_thesaurus_would_misread() -> None:
    model = MotionGPT.from_pretrained()
    prompting = Prompting(model.tokenizer, model.defaults)
    for sentence, action in [("she slings a stone", "throws"), ("he keels over", "lies"), ("he genuflects", "kneels")]:
        (clause,) = make_plan(0, sentence, None, prompting, model._prototypes).clauses
        assert requested(clause.meaning) == {action}


def test_vectors_that_come_with_the_package_are_those_of_its_phrases(prototypes: Prototypes) -> None:
    stored = stored_vectors(prototypes.digest)
    assert stored is not None, "run recipes/embedded/tools/store_phrases.py"
    some = slice(None, None, 23)
    computed = prototypes.encode([phrase.text for phrase in prototypes.phrases[some]])
    assert stored.shape == (len(prototypes.phrases), computed.shape[1])
    np.testing.assert_allclose(stored[some], computed, atol=0.003)
    assert prototypes.vectors is prototypes.vectors
    np.testing.assert_array_equal(prototypes.vectors, stored)
    assert stored_vectors("of other phrases") is None


def test_another_encoder_computes_its_own_vectors(prototypes: Prototypes) -> None:
    class Other:
        def encode(self, sentences: list[str]) -> list[torch.Tensor]:
            return [state.flip(-1) for state in prototypes.sentence_encoder.encode(sentences)]

    other = Prototypes(Other())  # type: ignore[arg-type]
    other.encode_phrases = lambda: np.zeros((1, 1), np.float32)  # type: ignore[method-assign]
    assert other.vectors.shape == (1, 1)


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
def test_asks_for_all_that_the_sentence_asks_for(prototypes: Prototypes, sentence: str) -> None:
    found = prototypes.nearest(sentence)
    assert found is not None
    assert set(checks(sentence)) <= set(checks(found))


def test_sides_and_ways_are_kept(prototypes: Prototypes) -> None:
    for side, other in (("left", "right"), ("right", "left")):
        found = prototypes.nearest(f"a person salutes with the {side} hand")
        assert found is None or (side in found and other not in found)
    found = prototypes.nearest("a person trudges to the right")
    assert found is not None
    assert "slowly" in found
    assert found.endswith(" to the right")
    found = prototypes.nearest("a person glides backward")
    assert found is not None
    assert "forward" not in found


def test_what_is_no_motion_has_no_canonical_sentence(prototypes: Prototypes) -> None:
    assert prototypes.nearest("the stock market closed lower on Tuesday") is None
    assert prototypes.nearest("a recipe for tomato soup") is None


def test_joints_can_show_every_canonical_sentence(prototypes: Prototypes) -> None:
    shown = [sentence for sentence in prototypes.sentences if checks(sentence)]
    assert len(shown) > 0.95 * len(prototypes.sentences)
    assert sum(map(names_action, shown)) > 0.85 * len(prototypes.sentences)
    assert len(set(prototypes.sentences)) == len(prototypes.sentences)
    texts = [phrase.text for phrase in prototypes.phrases]
    assert len(set(texts)) == len(texts)
