"""Captions in other words: the same action, side, direction, count and order, told differently.

The words are in ``lexicon.yaml`` next to this module; its head explains it. Phrases of actions are written with their
verbs in brackets, ``[walk] forward and [turn] to the left``, so that one pattern gives every form:

>>> conjugate("[walk] forward and [turn] to the left", "ing")
'walking forward and turning to the left'
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from motiongpt.files import read_yaml
from motiongpt.text.patterns import unique

_LEXICON: dict[str, Any] = read_yaml("motiongpt.text", "lexicon.yaml")
FORMS = ("third", "ing", "past", "base")
_BRACKETS = re.compile(r"\[([a-z ]+)(?::(third|ing|past|base))?\]")
_CONSONANTS = "bcdfghjklmnpqrstvwxz"
# Verbs of one syllable with one vowel before one consonant: "hop", "squat", not "mix" and "bow".
_DOUBLED = re.compile(r"[^aeiou]*(?:qu)?[aeiou][bdfgklmnprtvz]")


def inflect(verb: str, form: str) -> str:
    """A verb in its base form, which may have more words behind it ("sit down"), in another form.

    Args:
        form: ``"third"`` (walks), ``"ing"`` (walking), ``"past"`` (walked), ``"participle"`` (has walked) or ``"base"``
            (walk).
    """
    first, _, rest = verb.partition(" ")
    irregular = _LEXICON["irregular"].get(first, ())
    if form == "third":
        first = _LEXICON["third"].get(first) or _third(first)
    elif form == "ing":
        first = _stem(first, form) + "ing"
    elif form != "base" and irregular:
        first = irregular[0 if form == "past" else -1]
    elif form != "base":
        first = _stem(first, "past") + "ed"
    return f"{first} {rest}".strip()


def _third(verb: str) -> str:
    if verb.endswith("y") and verb[-2] in _CONSONANTS:
        return verb[:-1] + "ies"
    return verb + ("es" if verb.endswith(("s", "sh", "ch", "x", "z", "o")) else "s")


def _stem(verb: str, form: str) -> str:
    """What stands before -ing or -ed."""
    if _DOUBLED.fullmatch(verb) or verb in _LEXICON["doubled"]:
        return verb + verb[-1]
    if verb.endswith("ie"):
        return verb[:-2] + "y" if form == "ing" else verb[:-1]
    if form == "past" and verb.endswith("y") and verb[-2] in _CONSONANTS:
        return verb[:-1] + "i"
    if verb.endswith("e") and len(verb) > 2 and (form == "past" or not verb.endswith(("ee", "oe", "ye"))):
        return verb[:-1]
    return verb


def conjugate(phrase: str, form: str) -> str:
    """The phrase with its bracketed verbs in a form; ``[walk:ing]`` is always "walking"."""
    return _BRACKETS.sub(lambda match: inflect(match[1], match[2] or form), phrase)


def paraphrase(caption: str, rng: np.random.Generator, strength: float = 0.5) -> str:
    """The caption in other words of the lexicon.

    Verbs keep their form, subjects fit the pronouns that follow, and what is said of sides, directions, counts and the
    order of actions stays as it is. Words that the lexicon does not have are kept.

    Args:
        caption: a sentence in the present tense, as captions are.
        rng: source of all choices.
        strength: chance of each replaceable word to be replaced.
    """
    pieces, end = [], 0
    verb = ""
    for match in _surfaces().finditer(caption):
        word = _Word(caption, match.start(), match.end())
        choices = [choice for entry in _index()[match[0].lower()] for choice in _alternatives(entry, word, verb)]
        verb = next((entry.group for entry in _index()[match[0].lower()] if entry.kind == "verb"), verb)
        # Drawn for every word, replaced or not, so that one more choice does not change all the rest.
        chance, pick = rng.random(), rng.random()
        if choices and chance < strength:
            pieces += [caption[end : match.start()], choices[int(pick * len(choices))]]
            end = match.end()
    return "".join([*pieces, caption[end:]])


@cache
def _third_persons() -> dict[str, str]:
    """The third person of every verb of the lexicon, by itself and by the -ing form."""
    return {inflect(base, form): inflect(base, "third") for base in _bases() for form in ("third", "ing")}


@cache
def _bases() -> frozenset[str]:
    return frozenset(_LEXICON["others"]) | {verb.split()[0] for verbs in _LEXICON["verbs"].values() for verb in verbs}


def third_person_of_base(word: str) -> str | None:
    """The third person of a verb of the lexicon in its base form ("jump": "jumps"), else None."""
    return inflect(word, "third") if word in _bases() else None


def third_person(word: str) -> str | None:
    """The third person of a verb of the lexicon in that form or in its -ing form ("jumping": "jumps"), else None."""
    return _third_persons().get(word)


def third_person_of_past(word: str) -> str | None:
    """The third person of a verb of the lexicon in its past or as its participle ("sat": "sits"), else None."""
    return _thirds_of_past().get(word)


@cache
def _thirds_of_past() -> dict[str, str]:
    return {inflect(base, form): inflect(base, "third") for base in _bases() for form in ("past", "participle")}


def vocabulary() -> frozenset[str]:
    """Every word that a paraphrase can bring into a caption, in lower case."""
    return frozenset(word for surface in _index() for word in re.findall(r"[a-z0-9-]+", surface))


def wordings(sentence: str, count: int) -> list[str]:
    """The sentence and other wordings of it, ``count`` in all; when there are not so many, they begin again.

    The same sentence always has the same wordings.
    """
    rng = np.random.default_rng(zlib.crc32(sentence.encode("utf-8", "replace")))
    told = unique([sentence, *(paraphrase(sentence, rng, 0.7) for _ in range(4 * (count - 1)))])
    return [told[number % len(told)] for number in range(count)]


@dataclass(frozen=True)
class _Entry:
    """One reading of a surface form: what it is, its group and, for verbs, its form."""

    kind: str
    group: str
    form: str = ""


@dataclass(frozen=True)
class _Word:
    caption: str
    start: int
    end: int

    @property
    def text(self) -> str:
        return self.caption[self.start : self.end]

    @property
    def before(self) -> str:
        """The word before, or "," or ""."""
        words = re.findall(r"[\w'-]+|[,.;]", self.caption[: self.start].lower())
        return words[-1] if words else ""

    @property
    def after(self) -> str:
        words = re.findall(r"[\w'-]+|[,.;]", self.caption[self.end :].lower())
        return words[0] if words else ""


# Nouns look like verbs: "a turn", "two jumps". What stands before a verb in the third person, and in the base form.
_BEFORE_THIRD = re.compile(
    r"|and|then|,|while|as|who|that|which|he|she|it|person|man|woman|figure|someone|somebody|guy|boy|girl|lady"
    r"|male|female|human|individual|dancer|before|after|next|afterwards|\w+ly"
)
_BEFORE_BASE = re.compile(r"to|they|then|can|will")
# What may stand behind a direction or a phrase of manner, which no noun may: "to the left foot".
_AFTER_PHRASE = re.compile(r"|and|then|while|before|after|with|for|as|in|,|\.|;|once|twice|three|at|until|\w+ly")
_OBJECT = re.compile("a|an|the|both|one|his|her|their|its|arms?|hands?|rope")
_AFTER_NOUN = re.compile(r"(?:motions?|movements?|positions?|actions?|stance|pose|posture|manner|pace|distance|around)")


def _alternatives(entry: _Entry, word: _Word, verb: str) -> list[str]:
    """What the word may be replaced by in this reading; empty when the reading does not fit its place."""
    text = word.text.lower()
    if entry.kind == "verb":
        return _verb_alternatives(entry, word)
    if entry.kind == "adverb":
        group = _LEXICON["adverbs"][entry.group]
        verb_follows = any(after.kind == "verb" for after in _index().get(word.after, ()))
        # "more quickly", "very slowly" need a single word.
        graded = word.before in ("very", "more", "too", "so", "quite", "really", "slightly", "fairly")
        phrases = [] if verb_follows or graded or not _AFTER_PHRASE.fullmatch(word.after) else group["phrases"]
        if text in group["phrases"] and (verb_follows or graded):
            return []
        return [choice for choice in (*group["words"], *phrases) if choice != text]
    if entry.kind == "direction":
        group = _LEXICON["directions"][entry.group.split("/")[0]]
        if verb not in group["of"] or not _AFTER_PHRASE.fullmatch(word.after) or word.before in ("and", "or"):
            return []
        side = entry.group.partition("/")[2]
        return [choice for phrase in group["phrases"] if (choice := phrase.replace("SIDE", side)) != text]
    if entry.kind == "limb":
        fits = word.after in ("left", "right")
        return [choice for choice in _LEXICON["limbs"] if choice != text] if fits else []
    if entry.kind == "subject":
        return _subjects(word)
    if entry.kind == "order":
        follows = [after for after in _index().get(word.after, ()) if after.form == "third"]
        return [choice for choice in _LEXICON["order"] if choice != text] if follows else []
    counts = next(group for group in _LEXICON["counts"] if text in group)
    # "once more", "once he": no count.
    return [choice for choice in counts if choice != text] if re.fullmatch("|,|and|with|in|on", word.after) else []


def _verb_alternatives(entry: _Entry, word: _Word) -> list[str]:
    before = {"third": _BEFORE_THIRD, "base": _BEFORE_BASE}.get(entry.form)
    if (before and not before.fullmatch(word.before)) or _AFTER_NOUN.fullmatch(word.after):
        return []
    if entry.form == "ing" and word.before in ("a", "an", "the", "of", "his", "her", "their"):
        return []
    if entry.group in _LEXICON["intransitive"] and _OBJECT.fullmatch(word.after):
        return []
    clashing = {
        verb
        for adverb, verbs in _LEXICON["clashes"].items()
        if any(said in word.caption.lower() for said in _adverbs(adverb))
        for verb in verbs
    }
    choices = [verb for verb in _LEXICON["verbs"][entry.group] if verb.split()[0] not in clashing]
    return [choice for verb in choices if (choice := inflect(verb, entry.form)) != word.text.lower()]


def _adverbs(group: str) -> list[str]:
    """The adverbs of a group and the adjectives in them: "slow", "fast"."""
    words = _LEXICON["adverbs"][group]["words"]
    more = {"quickly": ["fast", "hurry", "haste", "speed"], "slowly": ["hurry", "easy", "taking their time"]}
    return [*words, *(word.removesuffix("ly") for word in words[:1]), *more.get(group, [])]


def _subjects(word: _Word) -> list[str]:
    """Only the subject at the beginning of a caption changes: others refer to it."""
    if word.start:
        return []
    words = set(re.findall(r"[a-z]+", word.caption[word.end :].lower()))
    gender = "his" if words & {"he", "his", "him", "himself"} else "her" if words & {"she", "her", "herself"} else ""
    table = _LEXICON["subjects"]
    choices = [*table["neutral"], *table[gender]] if gender else [*table["neutral"], *table["his"], *table["her"]]
    if not gender and words & {"they", "their", "them", "themselves"}:
        choices = table["neutral"]
    return [choice for choice in choices if choice != word.text.lower()]


@cache
def _index() -> dict[str, list[_Entry]]:
    """Every surface form and its readings, the one that comes first in the lexicon alone for verbs."""
    index: dict[str, list[_Entry]] = {}
    for surface, entry in _readings():
        known = index.setdefault(surface, [])
        if not any(other.kind == entry.kind for other in known):
            known.append(entry)
    return index


def _readings() -> Iterator[tuple[str, _Entry]]:
    for group, verbs in _LEXICON["verbs"].items():
        for verb in verbs:
            for form in FORMS:
                yield inflect(verb, form), _Entry("verb", group, form)
    for group, adverbs in _LEXICON["adverbs"].items():
        for adverb in (*adverbs["words"], *adverbs["phrases"]):
            yield adverb, _Entry("adverb", group)
    for group, direction in _LEXICON["directions"].items():
        for phrase in direction["phrases"]:
            for side in ("left", "right") if "SIDE" in phrase else ("",):
                yield phrase.replace("SIDE", side), _Entry("direction", f"{group}/{side}")
    # "clockwise" by itself is what "counterclockwise" becomes in the mirror; it has no other spelling.
    for limb in _LEXICON["limbs"]:
        yield limb, _Entry("limb", limb)
    for subject in unique(subject for subjects in _LEXICON["subjects"].values() for subject in subjects):
        yield subject, _Entry("subject", subject)
    for joint in _LEXICON["order"]:
        yield joint, _Entry("order", "then")
    for counts in _LEXICON["counts"]:
        for count in counts:
            yield count, _Entry("count", counts[0])


@cache
def _surfaces() -> re.Pattern[str]:
    """Any surface form, the longest first; forms of order bring their own blanks."""
    longest = sorted(_index(), key=lambda surface: (-len(surface), surface))
    bounded = (re.escape(surface) if surface.startswith((" ", ",")) else rf"\b{re.escape(surface)}\b"
               for surface in longest)  # fmt: skip
    return re.compile("|".join(bounded), re.IGNORECASE)
