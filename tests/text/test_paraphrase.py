"""Paraphrases: other words, the same meaning."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motiongpt.text.action_words import actions, sides
from motiongpt.text.captions import mirror_caption
from motiongpt.text.paraphrase import conjugate, inflect, paraphrase, vocabulary, wordings

CAPTIONS = [
    "a person walks forward slowly and then kicks with the left leg",
    "the man jogs in a circle to the left, then jumps twice",
    "someone is walking backward quickly while waving with their right hand",
    "he sits down on the floor before standing up",
    "after turning to the right, a woman walks straight ahead at a slow pace",
    "a person picks up something from the floor with the right hand",
    "a figure hops three times and stands still",
    "she raises her left arm, then lowers it",
    "a person turns around and walks counterclockwise",
    "a man runs his hands along his arms and makes a quick turn to the left foot",
]
captions = st.sampled_from(CAPTIONS)
seeds = st.integers(0, 10_000)


@pytest.mark.parametrize(
    ("verb", "third", "ing", "past"),
    [
        ("walk", "walks", "walking", "walked"),
        ("jog", "jogs", "jogging", "jogged"),
        ("reach", "reaches", "reaching", "reached"),
        ("carry", "carries", "carrying", "carried"),
        ("dance", "dances", "dancing", "danced"),
        ("tiptoe", "tiptoes", "tiptoeing", "tiptoed"),
        ("lie down", "lies down", "lying down", "lay down"),
        ("sit down", "sits down", "sitting down", "sat down"),
        ("sway", "sways", "swaying", "swayed"),
        ("mop", "mops", "mopping", "mopped"),
    ],
)
def test_inflection(verb: str, third: str, ing: str, past: str) -> None:
    assert [inflect(verb, form) for form in ("third", "ing", "past", "base")] == [third, ing, past, verb]


def test_conjugate() -> None:
    phrase = "[turn] around and [keep] [walk:ing]"
    assert conjugate(phrase, "third") == "turns around and keeps walking"
    assert conjugate(phrase, "ing") == "turning around and keeping walking"


@given(captions, seeds)
def test_meaning_is_kept(caption: str, seed: int) -> None:
    told = paraphrase(caption, np.random.default_rng(seed), 1.0)
    assert sides(told) == sides(caption)
    assert bool(re.search("anticlockwise|counter-?clockwise", told)) == ("counterclockwise" in caption)
    for count, same in (("twice", r"twice|two times|2 times"), ("three times", r"three times|3 times")):
        assert bool(re.search(same, told)) == (count in caption)
    # What is done, in the order in which it is told.
    known = [name for name in actions(caption) if name in ("walk", "run", "kick", "sit", "jump", "wave", "turn")]
    found = [name for name in actions(told) if name in known]
    assert [name for name in known if name in found] == found
    assert ("before" in told, "after " in told.replace("after that", "")) == ("before" in caption, "after " in caption)


@given(captions, seeds)
def test_mirrored_captions_have_mirrored_paraphrases(caption: str, seed: int) -> None:
    told = paraphrase(caption, np.random.default_rng(seed), 1.0)
    other = {"left": "right", "right": "left"}
    assert sides(mirror_caption(told)) == {other[side] for side in sides(caption)}
    assert sides(mirror_caption(mirror_caption(told))) == sides(caption)


@given(captions, seeds)
def test_grammar_is_kept(caption: str, seed: int) -> None:
    told = paraphrase(caption, np.random.default_rng(seed), 1.0)
    assert told == " ".join(told.split())
    assert not re.search(r"\b(?:to|they|then they) \w+(?:ing)\b", told)
    assert not re.search(r"\b(?:is|before|while|after) (?:walk|run|jog|stroll|stand|sit|turn|wave)s?\b", told)
    # A pronoun keeps the person it belongs to.
    if re.search(r"\bher\b", told):
        assert not re.match(r"(?:a|the) (?:man|guy|boy|male)\b|he\b", told)


def test_nothing_is_replaced_where_it_means_something_else() -> None:
    for seed in range(50):
        told = paraphrase(CAPTIONS[-1], np.random.default_rng(seed), 1.0)
        assert "runs his hands along his arms" in told
        assert "turn to the left foot" in told


def test_strength() -> None:
    rng = np.random.default_rng(0)
    assert [paraphrase(caption, rng, 0.0) for caption in CAPTIONS] == CAPTIONS
    changed = [paraphrase(caption, rng, 1.0) != caption for caption in CAPTIONS]
    assert sum(changed) >= len(CAPTIONS) - 1


def test_speed_words_fit_the_verb() -> None:
    for seed in range(100):
        told = paraphrase("a person walks forward quickly", np.random.default_rng(seed), 1.0)
        assert not re.search("stroll|wander", told)
        told = paraphrase("a person walks forward slowly", np.random.default_rng(seed), 1.0)
        assert not re.search("stride", told)


def test_reserved_words_cannot_appear(reserved_words: list[str]) -> None:
    assert {"stroll", "strolling", "pivots", "leap"} <= vocabulary()
    for word in reserved_words:
        assert not any(known.startswith(word) for known in vocabulary()), word


def test_wordings_begin_with_the_sentence_and_say_the_same() -> None:
    told = wordings("a person runs forward and jumps twice", 4)
    assert told[0] == "a person runs forward and jumps twice"
    assert len(set(told)) == 4
    assert told == wordings("a person runs forward and jumps twice", 4)
    assert wordings("a person runs forward and jumps twice", 1) == told[:1]
    assert all(any(count in text for count in ("twice", "two times", "2 times")) for text in told)
    assert wordings("xyz", 3) == ["xyz"] * 3, "nothing that could be said in another way"
