"""Replaces words that no training caption has by words that many have: "traipses" is read as "walks".

The table ``thesaurus.tsv`` beside this module is made from WordNet by ``recipes/embedded/tools/build_thesaurus.py``.

>>> familiar("someone traipses to the right, then sidles to the left")
'someone walks to the right, then moves sideways to the left'
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np

from motiongpt.text.morphology import inflect, plural, verb_forms
from motiongpt.text.numbers import NUMBER_WORDS

TABLE = "thesaurus.tsv"
VERB, NOUN, ADJECTIVE, ADVERB = "vnar"
# In the order in which readings of one word are tried.
_PARTS = (NOUN, ADJECTIVE, VERB, ADVERB)
_TOKEN = re.compile(r"[A-Za-z]+(?:['-][A-Za-z]+)*|\d+|[^\w\s]")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# What stands before a noun, and of these before nouns in the plural.
_BEFORE_PLURAL = _words("his her their its my your both some several few many all other left right the") | {
    *NUMBER_WORDS[1:10]
}
_BEFORE_NOUN = _BEFORE_PLURAL | _words("a an one another each every this that same first second")
_PREPOSITIONS = _words(
    "of with in on at by for from into onto over under through across around toward towards against between like "
    "without behind above below beside"
)
_BEFORE_BASE = _words("to they then and or can will not people men women both i you we")
_BEFORE_PARTICIPLE = _words("is are was were be been being has have had gets got")
# Words of a verb that stand before its object: "picks up a box", but "throws a box high".
_PARTICLES = _words("up down on off out over at into onto through around away")
_BEFORE_OBJECT = _words("a an the his her their its both something it them one two another")


@dataclass(frozen=True)
class _Reading:
    """One reading of a surface form.

    Attributes:
        part: of speech.
        form: of the surface form, and of its replacement.
        replacement: in its base form.
    """

    part: str
    form: str
    replacement: str

    @property
    def text(self) -> str:
        """The replacement in the same form."""
        if self.part == VERB:
            return inflect(self.replacement, self.form)
        return plural(self.replacement) if self.form == "plural" else self.replacement


def familiar(sentence: str) -> str:
    """The sentence with familiar words for unfamiliar ones, in the same form; everything else stays as it is.

    Words that the table does not have stay, and so do words in a place where the reading of the table does not fit.
    """
    tokens = [*_TOKEN.finditer(sentence)]
    words = [token[0].lower() for token in tokens]
    pieces: list[str] = []
    end = place = 0
    while place < len(tokens):
        length, reading = _longest_reading(words, place)
        if reading:
            start, behind = tokens[place].start(), place + length
            before = sentence[end:start]
            previous = (before if before.strip() or not pieces else pieces[-1]).split()[-1:]
            text = _placed(reading, previous, words[behind : behind + 2])
            pieces += [_with_article(before, text), text[0].upper() + text[1:] if sentence[start].isupper() else text]
            end = tokens[behind - 1].end()
        place += length
    return "".join([*pieces, sentence[end:]])


def unfamiliar(sentence: str, rng: np.random.Generator) -> str | None:
    """The sentence with one verb or adverb replaced by a word that no caption has; None where there is none.

    :func:`familiar` of the result is the sentence itself.
    """
    found = [
        (match, word)
        for match in _replacements().finditer(sentence)
        for word in _rare()[match[0].lower()]
        # "walks", not "walks up": the table has another entry for that.
        if familiar(other := sentence[: match.start()] + word + sentence[match.end() :]) == sentence
        and other != sentence
    ]
    if not found:
        return None
    match, word = found[int(rng.integers(len(found)))]
    return sentence[: match.start()] + word + sentence[match.end() :]


def _longest_reading(words: list[str], place: int) -> tuple[int, _Reading | None]:
    """How many words from a place on the table has as one entry, and the reading of that; 1 and None without one."""
    for length in (2, 1):
        readings = _readings().get(" ".join(words[place : place + length]))
        reading = _choose(readings, words[:place]) if readings and place + length <= len(words) else None
        if reading:
            return length, reading
    return 1, None


def _choose(readings: tuple[_Reading, ...], before: list[str]) -> _Reading | None:
    """The reading that fits behind these words, if one does."""
    previous, last_but_one = ["", "", *before][:-3:-1]
    for reading in readings:
        if reading.part == ADVERB or (reading.part in (NOUN, ADJECTIVE) and len(readings) == 1):
            return reading
        named = previous in _BEFORE_NOUN
        if reading.part == NOUN:
            # "A swift romp" and "his big palms", but "the man palms" and "the man boxing".
            described = last_but_one in (_BEFORE_PLURAL - {"the"} if reading.form == "plural" else _BEFORE_NOUN)
            described = described and not any(other.form == "ing" for other in readings)
            if named or previous in _PREPOSITIONS or described:
                return reading
        elif reading.part == ADJECTIVE:
            if named or previous in _PREPOSITIONS | _BEFORE_PARTICIPLE:
                return reading
        elif named or (previous in _PREPOSITIONS and reading.form != "ing"):
            continue
        elif reading.form != "base" or previous in _BEFORE_BASE or not previous.isalpha():
            past = reading.form == "past" and previous in _BEFORE_PARTICIPLE
            return _Reading(VERB, "participle", reading.replacement) if past else reading
    return None


def _placed(reading: _Reading, previous: list[str], after: list[str]) -> str:
    """The replacement as it fits between the word before, if there is one, and the two words behind."""
    words = reading.text.split()
    if reading.part == VERB and len(words) > 1:
        # No word twice: "slumps down" does not become "falls down down".
        while len(words) > 1 and words[-1] in after:
            words.pop()
        if len(words) > 1 and words[-1] in previous:
            words.pop()
        if after and after[0] in _BEFORE_OBJECT and len(words) > 1 and words[1] not in _PARTICLES:
            words = [words[1], words[0]] if words[1].endswith("ly") else words[:1]
    return " ".join(words)


def _with_article(before: str, text: str) -> str:
    """What stands before a replacement, with "a" or "an" to fit its first letter."""
    vowel = re.match(r"(?!one|uni|use)[aeiou]|hour", text)
    return re.sub(r"\b([Aa])n?(\s+)$", rf"\g<1>{'n' if vowel else ''}\2", before)


def forms_of(word: str, part: str) -> dict[str, str]:
    """Surface forms of a word of the table, and which they are."""
    if part == VERB:
        return verb_forms(word)
    return {word: "singular", plural(word): "plural"} if part == NOUN else {word: ""}


@cache
def _readings() -> dict[str, tuple[_Reading, ...]]:
    """The readings of every surface form that the table has and no caption has."""
    table = resources.files("motiongpt.text").joinpath(TABLE).read_text(encoding="utf-8")
    readings: dict[str, dict[str, _Reading]] = {}
    for line in table.splitlines():
        if not line.startswith("#"):
            word, part, replacement, *seen = line.split("\t")
            for surface, form in forms_of(word, part).items():
                if surface not in seen:
                    readings.setdefault(surface, {}).setdefault(part, _Reading(part, form, replacement))
    return {surface: tuple(found[part] for part in _PARTS if part in found) for surface, found in readings.items()}


@cache
def _rare() -> dict[str, list[str]]:
    """Surface forms of the verbs and adverbs of the table, by their replacements."""
    rare: dict[str, list[str]] = {}
    for surface, readings in _readings().items():
        for reading in readings:
            if reading.part in (VERB, ADVERB):
                rare.setdefault(reading.text, []).append(surface)
    return rare


@cache
def _replacements() -> re.Pattern[str]:
    longest = sorted(_rare(), key=lambda text: (-len(text), text))
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, longest))})\b", re.IGNORECASE)
