"""Forms of English words: verbs and plurals. The verbs are in ``verbs.yaml`` next to this module."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from motiongpt.files import read_yaml

FORMS = ("third", "ing", "past", "participle", "base")
_BRACKETS = re.compile(r"\[([a-z ]+)(?::(third|ing|past|base))?\]")
_CONSONANTS = "bcdfghjklmnpqrstvwxz"
# Verbs of one syllable with one vowel before one consonant: "hop", "squat", not "mix" and "bow".
_DOUBLED = re.compile(r"[^aeiou]*(?:qu)?[aeiou][bdfgklmnprtvz]")
# Verbs that may double their last letter: "traveled", "travelled".
_MAY_DOUBLE = re.compile(r".*[aeiouy].*[^aeiou][aeiou][bdfglmnprtvz]")
# Stems of -ing that have lost an "e": "wobbl", "mov", "clos", "charg".
_DROPS_E = re.compile(
    r"[^aeioulr]l$|[vuz]$|[^s]s$|[^n]g$|c$|[aeiou][kt]$(?<!oo[kt])(?<!ea[kt])(?<!ee[kt])(?<!oa[kt])(?<!ai[kt])(?<!ou[kt])"
)
_NO_PARTICIPLES = ("morning", "evening", "nothing", "something", "anything", "everything", "during", "being", "having")
# Ends like a verb in the third person and is none.
_NO_VERBS = re.compile(
    r"(?:\w*ss|\w*wards|sideways|always|his|this|\w+'s|arms|legs|hands|feet|knees|times|seconds)", re.IGNORECASE
)
_IRREGULAR_PLURALS = {
    "foot": "feet", "tooth": "teeth", "child": "children", "person": "people", "knife": "knives", "half": "halves",
    "shelf": "shelves", "leaf": "leaves", "calf": "calves", "thief": "thieves",
}  # fmt: skip


@cache
def _table() -> dict[str, Any]:
    return read_yaml("motiongpt.text", "verbs.yaml")


def synonyms() -> dict[str, list[str]]:
    """Groups of verbs in their base form that can replace one another in a caption, by their names."""
    return _table()["synonyms"]


def inflect(verb: str, form: str) -> str:
    """A verb in its base form, which may have more words behind it ("sit down"), in another form.

    Args:
        form: ``"third"`` (walks), ``"ing"`` (walking), ``"past"`` (walked), ``"participle"`` (has walked) or ``"base"``
            (walk).
    """
    first, _, rest = verb.partition(" ")
    irregular = _table()["irregular"].get(first, ())
    if form == "third":
        first = _table()["third"].get(first) or _regular_third_person(first)
    elif form == "ing":
        first = _stem(first, form) + "ing"
    elif form != "base" and irregular:
        first = irregular[0 if form == "past" else -1]
    elif form != "base":
        first = _stem(first, "past") + "ed"
    return f"{first} {rest}".strip()


def _regular_third_person(verb: str) -> str:
    if verb.endswith("y") and verb[-2] in _CONSONANTS:
        return verb[:-1] + "ies"
    return verb + ("es" if verb.endswith(("s", "sh", "ch", "x", "z", "o")) else "s")


def _stem(verb: str, form: str) -> str:
    """What stands before -ing or -ed."""
    if _DOUBLED.fullmatch(verb) or verb in _table()["doubled"]:
        return verb + verb[-1]
    if verb.endswith("ie"):
        return verb[:-2] + "y" if form == "ing" else verb[:-1]
    if form == "past" and verb.endswith("y") and verb[-2] in _CONSONANTS:
        return verb[:-1] + "i"
    if verb.endswith("e") and len(verb) > 2 and (form == "past" or not verb.endswith(("ee", "oe", "ye"))):
        return verb[:-1]
    return verb


def conjugate(phrase: str, form: str) -> str:
    """The phrase with its bracketed verbs in a form; ``[walk:ing]`` is always "walking".

    >>> conjugate("[walk] forward and [turn] to the left", "ing")
    'walking forward and turning to the left'
    """
    return _BRACKETS.sub(lambda match: inflect(match[1], match[2] or form), phrase)


def verb_forms(verb: str) -> dict[str, str]:
    """Every form of a verb and which it is, in both spellings where there are two: traveled, travelled."""
    forms = {inflect(verb, form): form for form in ("participle", "past", "ing", "third", "base")}
    first, blank, rest = verb.partition(" ")
    if _MAY_DOUBLE.fullmatch(first):
        forms.setdefault(first + first[-1] + "ed" + blank + rest, "past")
        forms.setdefault(first + first[-1] + "ing" + blank + rest, "ing")
    return forms


def plural(noun: str) -> str:
    """The plural of a noun, of its last word where it has several."""
    head, blank, last = noun.rpartition(" ")
    return head + blank + _plural_of_word(last)


def _plural_of_word(noun: str) -> str:
    if noun.endswith("man"):
        return noun[:-3] + "men"
    if noun in _IRREGULAR_PLURALS:
        return _IRREGULAR_PLURALS[noun]
    if re.fullmatch(r".*[^aeiou]y", noun):
        return noun[:-1] + "ies"
    return noun + ("es" if noun.endswith(("s", "sh", "ch", "x", "z")) else "s")


@cache
def _known_verbs() -> tuple[str, ...]:
    """All verbs of the table in their base form, one word each."""
    verbs = {verb.split()[0] for group in synonyms().values() for verb in group}
    return tuple(sorted(verbs | set(_table()["others"])))


@cache
def _third_persons(*forms: str) -> dict[str, str]:
    """The third person of every known verb, by these forms of it."""
    return {inflect(verb, form): inflect(verb, "third") for verb in _known_verbs() for form in forms}


def third_person_of_base(word: str) -> str | None:
    """The third person of a known verb in its base form ("jump": "jumps"), else None."""
    return _third_persons("base").get(word)


def third_person(word: str) -> str | None:
    """The third person of a known verb in that form or in its -ing form ("jumping": "jumps"), else None."""
    return _third_persons("third", "ing").get(word)


def third_person_of_past(word: str) -> str | None:
    """The third person of a known verb in its past or as its participle ("sat": "sits"), else None."""
    return _third_persons("past", "participle").get(word)


def third_person_of_participle(word: str) -> str | None:
    """The third person of a verb, known or not, in its -ing form ("traipsing": "traipses"); None for other words."""
    if third_person(word) or not re.fullmatch(r"[a-z]{3,}ing", word) or word in _NO_PARTICIPLES:
        return third_person(word) if word.endswith("ing") else None
    stem = word[:-3]
    if stem[-1] == stem[-2] and stem[-1] not in "lsfz":
        stem = stem[:-1]
    elif _DROPS_E.search(stem):
        stem += "e"
    return inflect(stem, "third")


def likely_third_person(word: str) -> str | None:
    """The third person of a known verb, or the word itself if it ends like a verb in the third person, else None."""
    known = third_person(word.lower())
    if known is not None:
        return known
    return word if word.endswith("s") and not _NO_VERBS.fullmatch(word) else None


def is_third_person(word: str) -> bool:
    """Whether a word is a known verb in the third person."""
    return third_person(word) == word


def names_verb(words: str) -> bool:
    """Whether any word is a known verb in the third person, in its -ing form or in its base form."""
    return any(third_person(word) or third_person_of_base(word) for word in re.findall(r"[a-z]{2,}", words))
