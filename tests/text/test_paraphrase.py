"""Paraphrases: other words, the same meaning."""

from __future__ import annotations

import re

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from motiongpt.text.action_words import actions, sides
from motiongpt.text.captions import mirror_caption
from motiongpt.text.paraphrase import paraphrase, paraphrases, vocabulary

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


@given(captions, seeds)
def test_meaning_is_kept(caption: str, seed: int) -> None:
    other = paraphrase(caption, np.random.default_rng(seed), 1.0)
    assert sides(other) == sides(caption)
    assert bool(re.search("anticlockwise|counter-?clockwise", other)) == ("counterclockwise" in caption)
    for count, same in (("twice", r"twice|two times|2 times"), ("three times", r"three times|3 times")):
        assert bool(re.search(same, other)) == (count in caption)
    # What is done, in the same order.
    known = [name for name in actions(caption) if name in ("walk", "run", "kick", "sit", "jump", "wave", "turn")]
    found = [name for name in actions(other) if name in known]
    assert [name for name in known if name in found] == found
    assert ("before" in other, "after " in other.replace("after that", "")) == (
        "before" in caption,
        "after " in caption,
    )


@given(captions, seeds)
def test_mirrored_captions_have_mirrored_paraphrases(caption: str, seed: int) -> None:
    paraphrased = paraphrase(caption, np.random.default_rng(seed), 1.0)
    other = {"left": "right", "right": "left"}
    assert sides(mirror_caption(paraphrased)) == {other[side] for side in sides(caption)}
    assert sides(mirror_caption(mirror_caption(paraphrased))) == sides(caption)


@given(captions, seeds)
def test_grammar_is_kept(caption: str, seed: int) -> None:
    other = paraphrase(caption, np.random.default_rng(seed), 1.0)
    assert other == " ".join(other.split())
    assert not re.search(r"\b(?:to|they|then they) \w+(?:ing)\b", other)
    assert not re.search(r"\b(?:is|before|while|after) (?:walk|run|jog|stroll|stand|sit|turn|wave)s?\b", other)
    # A pronoun keeps the person it belongs to.
    if re.search(r"\bher\b", other):
        assert not re.match(r"(?:a|the) (?:man|guy|boy|male)\b|he\b", other)


def test_nothing_is_replaced_where_it_means_something_else() -> None:
    for seed in range(50):
        other = paraphrase(CAPTIONS[-1], np.random.default_rng(seed), 1.0)
        assert "runs his hands along his arms" in other
        assert "turn to the left foot" in other


def test_strength() -> None:
    rng = np.random.default_rng(0)
    assert [paraphrase(caption, rng, 0.0) for caption in CAPTIONS] == CAPTIONS
    changed = [paraphrase(caption, rng, 1.0) != caption for caption in CAPTIONS]
    assert sum(changed) >= len(CAPTIONS) - 1


def test_speed_words_fit_the_verb() -> None:
    for seed in range(100):
        other = paraphrase("a person walks forward quickly", np.random.default_rng(seed), 1.0)
        assert not re.search("stroll|wander", other)
        other = paraphrase("a person walks forward slowly", np.random.default_rng(seed), 1.0)
        assert not re.search("stride", other)


def test_reserved_words_cannot_appear(reserved_words: list[str]) -> None:
    assert {"stroll", "strolling", "pivots", "leap"} <= vocabulary()
    for word in reserved_words:
        assert not any(known.startswith(word) for known in vocabulary()), word


def test_paraphrases_begin_with_the_sentence_and_say_the_same() -> None:
    found = paraphrases("a person runs forward and jumps twice", 4)
    assert found[0] == "a person runs forward and jumps twice"
    assert len(set(found)) == 4
    assert found == paraphrases("a person runs forward and jumps twice", 4)
    assert paraphrases("a person runs forward and jumps twice", 1) == found[:1]
    assert all(any(count in text for count in ("twice", "two times", "2 times")) for text in found)
    assert paraphrases("xyz", 3) == ["xyz"] * 3, "nothing that could be said in other words"
