"""Forms of verbs and nouns."""

from __future__ import annotations

import re

import pytest

from motiongpt.text.morphology import (
    conjugate,
    inflect,
    is_third_person,
    likely_third_person,
    names_verb,
    plural,
    third_person,
    third_person_of_base,
    third_person_of_participle,
    third_person_of_past,
    verb_forms,
)


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


def test_participles_differ_from_the_past_where_english_does() -> None:
    assert [inflect(verb, "participle") for verb in ("throw away", "walk", "put")] == ["thrown away", "walked", "put"]


def test_conjugate() -> None:
    phrase = "[turn] around and [keep] [walk:ing]"
    assert conjugate(phrase, "third") == "turns around and keeps walking"
    assert conjugate(phrase, "ing") == "turning around and keeping walking"


@pytest.mark.parametrize(
    ("verb", "forms"),
    [
        ("lob", {"lob", "lobs", "lobbing", "lobbed"}),
        ("flee", {"flee", "flees", "fleeing", "fled"}),
        ("throw", {"throw", "throws", "throwing", "threw", "thrown"}),
        ("hunker down", {"hunker down", "hunkers down", "hunkering down", "hunkered down"}),
        ("propel", {"propel", "propels", "propeling", "propelling", "propeled", "propelled"}),
    ],
)
def test_forms_of_verbs(verb: str, forms: set[str]) -> None:
    # Verbs of several syllables are understood with one and with two letters.
    assert {form for form in verb_forms(verb) if not re.search("rr", form)} == forms


@pytest.mark.parametrize(
    ("noun", "several"),
    [("hand", "hands"), ("box", "boxes"), ("foot", "feet"), ("baby", "babies"), ("tall woman", "tall women")],
)
def test_plurals(noun: str, several: str) -> None:
    assert plural(noun) == several


def test_the_third_person_of_known_verbs() -> None:
    assert [third_person(word) for word in ("jumps", "jumping", "jump", "table")] == ["jumps", "jumps", None, None]
    assert [third_person_of_base(word) for word in ("jump", "jumps")] == ["jumps", None]
    assert [third_person_of_past(word) for word in ("sat", "thrown", "sit")] == ["sits", "throws", None]
    assert is_third_person("jumps")
    assert not is_third_person("jumping")


@pytest.mark.parametrize(
    ("participle", "third"),
    [
        ("jumping", "jumps"),
        ("traipsing", "traipses"),
        ("juggling", "juggles"),
        ("shrugging", "shrugs"),
        ("barging", "barges"),
        ("skulking", "skulks"),
        ("morning", None),
        ("string", "strs"),
        ("jumps", None),
        ("Jumping", None),
    ],
)
def test_the_third_person_of_participles(participle: str, third: str | None) -> None:
    assert third_person_of_participle(participle) == third


@pytest.mark.parametrize(
    ("word", "third"),
    [
        ("traipses", "traipses"),
        ("Jumping", "jumps"),
        ("backwards", None),
        ("arms", None),
        ("man's", None),
        ("traipse", None),
    ],
)
def test_words_that_end_like_the_third_person(word: str, third: str | None) -> None:
    assert likely_third_person(word) == third


def test_verbs_among_words() -> None:
    assert names_verb("a left kick")
    assert names_verb("turning left")
    assert not names_verb("a dog")
