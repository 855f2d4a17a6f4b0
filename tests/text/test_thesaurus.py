"""Unfamiliar words, in familiar ones."""

from __future__ import annotations

import itertools
import re
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motiongpt.text.morphology import plural, verb_forms
from motiongpt.text.thesaurus import TABLE, familiar, forms_of, unfamiliar

# Word, part of speech, replacement, and the forms that captions have.
ENTRIES = [
    tuple(line.split("\t", 3))
    for line in resources.files("motiongpt.text").joinpath(TABLE).read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]
CAPTIONS = [
    "a person walks forward slowly and then kicks with the left leg",
    "The man jogs in a circle to the left, then jumps twice.",
    "someone is walking backward quickly while waving with their right hand",
    "he sits down on the floor before standing up",
    "a person picks up something from the floor, at 90 degrees, with the right hand",
    "a person's arms are raised to shoulder-height and lowered again",
    "she ran, stopped, bent over and looked to her right",
    "a figure hops three times and stands still",
    "a person does a cartwheel and two jumping jacks",
    "",
    "...",
]


@pytest.mark.parametrize(
    ("sentence", "read"),
    [
        # Verbs in all forms, what stands around them as it was.
        ("someone sidles to the left", "someone moves sideways to the left"),
        ("a man lobbed a ball, then vaulted over a box!", "a man threw a ball, then jumped over a box!"),
        ("a person wants to flee", "a person wants to run away quickly"),
        ("A person is traipsing in a circle; 3 times", "A person is walking in a circle; 3 times"),
        ("the ball was lobbed", "the ball was thrown"),
        ("two people perambulate slowly", "two people walk slowly"),
        # The beginning of a sentence.
        ("Traipse forward", "Walk forward"),
        ("Thrice he bows", "Three times he bows"),
        # Nouns, adjectives, adverbs.
        ("a person lifts the kneecap of one leg", "a person lifts the knee of one leg"),
        ("strokes her eyelids", "strokes her eyes"),
        ("she walks rearward, incessantly", "she walks backward, continuously"),
        # Articles agree.
        ("an infant walks", "a baby walks"),
        ("a motorcar in front of a kneecap", "a car in front of a knee"),
        # Nothing is said twice.
        ("a person quickly hares along", "a person quickly runs along"),
        ("a person scurries hurriedly along", "a person runs hurriedly along"),
        # An object stays with its verb.
        ("she clobbers the dummy", "she violently strikes the dummy"),
    ],
)
def test_unfamiliar_words(sentence: str, read: str) -> None:
    assert familiar(sentence) == read


@pytest.mark.parametrize(
    ("sentence", "read"),
    [
        # "Bound" and "vault" are verbs behind who does it, and none behind an article.
        ("a person bounds forward", "a person leaps forward"),
        ("out of the bounds", "out of the bounds"),
        ("the ambulating man", "the ambulating man"),
        ("he peers over the brow of his friend", "he peers over the face of his friend"),
        ("a battle begins", "a fight begins"),
        ("they battle", "they fight"),
        ("the man sleepwalking", "the man walking"),
        ("the knight battles a dragon", "the knight fights a dragon"),
    ],
)
def test_the_place_decides_between_verb_and_noun(sentence: str, read: str) -> None:
    assert familiar(sentence) == read


@pytest.mark.parametrize("caption", CAPTIONS)
def test_familiar_sentences_stay_as_they_are(caption: str) -> None:
    assert familiar(caption) == caption


def test_captions_that_are_trained_on_stay_as_they_are() -> None:
    texts = sorted(Path("data/motion/texts").glob("*.txt"))
    if not texts:
        pytest.skip("there is no data set in data/motion")
    captions = {line.split("#")[0] for path in texts for line in path.read_text(encoding="utf-8").splitlines()}
    assert {caption for caption in captions if familiar(caption) != caption} == set()


def test_replacements_are_familiar() -> None:
    surfaces = {surface for word, part, *_ in ENTRIES for surface in forms_of(word, part)}
    assert len(ENTRIES) > 2000
    for word, part, text, *_ in ENTRIES:
        forms = verb_forms(text) if part == "v" else {text, plural(text)}
        assert not {piece for form in forms for piece in [form, *form.split()]} & surfaces, word


def test_the_table_is_sorted_and_has_no_word_twice() -> None:
    keys = [entry[:2] for entry in ENTRIES]
    assert keys == sorted(set(keys))
    assert {part for _, part, *_ in ENTRIES} == set("vnar")


def test_the_notice_of_wordnet_is_kept() -> None:
    text = resources.files("motiongpt.text").joinpath(TABLE).read_text(encoding="utf-8")
    assert "WordNet 3.1 Copyright 2011 by Princeton University" in text
    assert "Permission to use, copy, modify and distribute" in text


SUBJECTS = ["a person", "The man", "she", "someone", "they", "both women"]
ENDS = ["", " forward", " to the left, then sits down", " a ball with the right hand", " slowly"]
VERBS = [word for word, part, _, *seen in ENTRIES if part == "v" and not seen]


# Every verb, not some by chance: a few have a past that is no form of its own (shed, slit).
@pytest.mark.parametrize(("subject", "end"), list(itertools.product(SUBJECTS, ENDS)))
def test_every_verb_keeps_its_form_and_its_sentence(subject: str, end: str) -> None:
    for surface, form in (item for verb in VERBS for item in verb_forms(verb).items()):
        if form not in ("third", "ing", "past"):
            continue
        read = familiar(f"{subject} {surface}{end}")
        assert read.startswith(f"{subject} ")
        assert familiar(read) == read
        last = end.split()[-1:]
        assert read.split()[-len(last) :] == last or not last
        if form == "ing":
            assert re.search(r"\b\w+ing\b", read)


@given(st.text(st.characters(codec="utf-8"), max_size=60))
def test_any_text_can_be_read(text: str) -> None:
    assert familiar(familiar(text)) == familiar(text)


@pytest.mark.parametrize("sentence", ["a person walks forward", "The man slowly jumps over a box", "she hits the ball"])
def test_unfamiliar_words_are_read_back(sentence: str) -> None:
    rng = np.random.default_rng(0)
    found = [unfamiliar(sentence, rng) for _ in range(40)]
    assert len(set(found)) > 5
    for other in found:
        assert other is not None
        assert other != sentence
        assert familiar(other) == sentence


def test_a_sentence_without_such_words_has_no_other() -> None:
    assert unfamiliar("a person with a hat", np.random.default_rng(0)) is None
