"""Paraphrases of captions: other words, the same action, side, direction, count and order.

The words are in ``lexicon.yaml`` and ``verbs.yaml`` next to this module; their heads explain them.
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
from motiongpt.text.morphology import inflect, synonyms
from motiongpt.text.numbers import count_phrases
from motiongpt.text.patterns import fill, sides_of, unique

# Strength of the paraphrases that a sentence is generated with.
_STRENGTH = 0.7
_FORMS = ("third", "ing", "past", "base")
# Ways to say how often that captions do not use.
_RARE_COUNTS = ("1 time", "thrice", "a couple of times")
_COUNTS = tuple(count_phrases(number, _RARE_COUNTS) for number in range(1, 6))
# Nouns look like verbs: "a turn", "two jumps". What stands before a verb in the third person, and in the base form.
_BEFORE_THIRD = re.compile(
    r"|and|then|,|while|as|who|that|which|he|she|it|person|man|woman|figure|someone|somebody|guy|boy|girl|lady"
    r"|male|female|human|individual|dancer|before|after|next|afterwards|\w+ly"
)
_BEFORE_BASE = re.compile(r"to|they|then|can|will")
_BEFORE_NOUN = ("a", "an", "the", "of", "his", "her", "their")
# These need a single word behind them: "more quickly", "very slowly".
_GRADES = ("very", "more", "too", "so", "quite", "really", "slightly", "fairly")
# What may stand behind a direction or a phrase of manner, which no noun may: "to the left foot".
_AFTER_PHRASE = re.compile(r"|and|then|while|before|after|with|for|as|in|,|\.|;|once|twice|three|at|until|\w+ly")
# "Once more", "once he": no count.
_AFTER_COUNT = re.compile(r"|,|and|with|in|on")
_OBJECT = re.compile("a|an|the|both|one|his|her|their|its|arms?|hands?|rope")
_AFTER_NOUN = re.compile(r"(?:motions?|movements?|positions?|actions?|stance|pose|posture|manner|pace|distance|around)")
# Besides the adverbs of a group and the adjectives in them, these words say the same.
_SAME_PACE = {"quickly": ["fast", "hurry", "haste", "speed"], "slowly": ["hurry", "easy", "taking their time"]}
_HIS, _HER = frozenset({"he", "his", "him", "himself"}), frozenset({"she", "her", "herself"})
_THEIR = frozenset({"they", "their", "them", "themselves"})


@cache
def _lexicon() -> dict[str, Any]:
    return read_yaml("motiongpt.text", "lexicon.yaml")


@dataclass(frozen=True)
class _Entry:
    """One reading of a surface form: what it is, its group and, for verbs, its form."""

    kind: str
    group: str
    form: str = ""


@dataclass(frozen=True)
class _Word:
    """A surface form in its caption."""

    caption: str
    start: int
    end: int

    @property
    def text(self) -> str:
        """In lower case."""
        return self.caption[self.start : self.end].lower()

    @property
    def before(self) -> str:
        """The word before, or "," or ""."""
        words = re.findall(r"[\w'-]+|[,.;]", self.caption[: self.start].lower())
        return words[-1] if words else ""

    @property
    def after(self) -> str:
        """The word behind, or "," or ""."""
        words = re.findall(r"[\w'-]+|[,.;]", self.caption[self.end :].lower())
        return words[0] if words else ""


def paraphrase(caption: str, rng: np.random.Generator, strength: float = 0.5) -> str:
    """The caption in other words of the lexicon.

    Verbs keep their form, subjects fit the pronouns that follow, and sides, directions, counts and the order of actions
    stay as they are. Words that the lexicon does not have are kept.

    Args:
        caption: a sentence in the present tense, as captions are.
        rng: source of all choices.
        strength: chance of each replaceable word to be replaced.
    """
    pieces, end = [], 0
    verb = ""
    for match in _surfaces().finditer(caption):
        word = _Word(caption, match.start(), match.end())
        entries = _index()[word.text]
        choices = [choice for entry in entries for choice in _alternatives(entry, word, verb)]
        verb = next((entry.group for entry in entries if entry.kind == "verb"), verb)
        # Drawn for every word, replaced or not, so that one more choice does not change all the rest.
        chance, pick = rng.random(), rng.random()
        if choices and chance < strength:
            pieces += [caption[end : match.start()], choices[int(pick * len(choices))]]
            end = match.end()
    return "".join([*pieces, caption[end:]])


def paraphrases(sentence: str, count: int) -> list[str]:
    """The sentence and paraphrases of it, ``count`` in all; if there are not so many, they repeat in turn.

    The same sentence always has the same paraphrases.
    """
    rng = np.random.default_rng(zlib.crc32(sentence.encode("utf-8", "replace")))
    found = [sentence]
    for _ in range(4 * (count - 1)):
        if len(found) == count:
            break
        found = unique([*found, paraphrase(sentence, rng, _STRENGTH)])
    return [found[number % len(found)] for number in range(count)]


def vocabulary() -> frozenset[str]:
    """Every word that a paraphrase can bring into a caption, in lower case."""
    return frozenset(word for surface in _index() for word in re.findall(r"[a-z0-9-]+", surface))


def _alternatives(entry: _Entry, word: _Word, verb: str) -> list[str]:
    """What the word may be replaced by in this reading; empty when the reading does not fit its place."""
    if entry.kind == "verb":
        choices = _verbs(entry, word)
    elif entry.kind == "adverb":
        choices = _adverbs(entry, word)
    elif entry.kind == "direction":
        choices = _directions(entry, word, verb)
    elif entry.kind == "limb":
        choices = _lexicon()["limbs"] if word.after in ("left", "right") else []
    elif entry.kind == "subject":
        choices = _subjects(word)
    elif entry.kind == "order":
        follows = any(after.form == "third" for after in _index().get(word.after, ()))
        choices = _lexicon()["order"] if follows else []
    else:
        same = next(phrases for phrases in _COUNTS if word.text in phrases)
        choices = list(same) if _AFTER_COUNT.fullmatch(word.after) else []
    return [choice for choice in choices if choice != word.text]


def _verbs(entry: _Entry, word: _Word) -> list[str]:
    before = {"third": _BEFORE_THIRD, "base": _BEFORE_BASE}.get(entry.form)
    if (before and not before.fullmatch(word.before)) or _AFTER_NOUN.fullmatch(word.after):
        return []
    if entry.form == "ing" and word.before in _BEFORE_NOUN:
        return []
    if entry.group in _lexicon()["intransitive"] and _OBJECT.fullmatch(word.after):
        return []
    caption = word.caption.lower()
    clashing = {
        verb
        for adverb, verbs in _lexicon()["clashes"].items()
        if any(said in caption for said in _words_of_pace(adverb))
        for verb in verbs
    }
    return [inflect(verb, entry.form) for verb in synonyms()[entry.group] if verb.split()[0] not in clashing]


def _words_of_pace(adverb: str) -> list[str]:
    """The adverbs of a group, the adjectives in them, and other words that say the same: "slow", "fast"."""
    words = _lexicon()["adverbs"][adverb]["words"]
    return [*words, *(word.removesuffix("ly") for word in words[:1]), *_SAME_PACE.get(adverb, [])]


def _adverbs(entry: _Entry, word: _Word) -> list[str]:
    group = _lexicon()["adverbs"][entry.group]
    verb_follows = any(after.kind == "verb" for after in _index().get(word.after, ()))
    single = verb_follows or word.before in _GRADES
    if single and word.text in group["phrases"]:
        return []
    phrases = [] if single or not _AFTER_PHRASE.fullmatch(word.after) else group["phrases"]
    return [*group["words"], *phrases]


def _directions(entry: _Entry, word: _Word, verb: str) -> list[str]:
    name, _, side = entry.group.partition("/")
    group = _lexicon()["directions"][name]
    if verb not in group["of"] or not _AFTER_PHRASE.fullmatch(word.after) or word.before in ("and", "or"):
        return []
    return [fill(phrase, side) for phrase in group["phrases"]]


def _subjects(word: _Word) -> list[str]:
    """Only the subject at the beginning of a caption changes: others refer to it."""
    if word.start:
        return []
    words = set(re.findall(r"[a-z]+", word.caption[word.end :].lower()))
    table = _lexicon()["subjects"]
    if words & _HIS:
        return [*table["neutral"], *table["his"]]
    if words & _HER:
        return [*table["neutral"], *table["her"]]
    return table["neutral"] if words & _THEIR else [*table["neutral"], *table["his"], *table["her"]]


@cache
def _index() -> dict[str, list[_Entry]]:
    """Every surface form and its readings, of several readings as verb only the first in the table."""
    index: dict[str, list[_Entry]] = {}
    for surface, entry in _readings():
        known = index.setdefault(surface, [])
        if not any(other.kind == entry.kind for other in known):
            known.append(entry)
    return index


def _readings() -> Iterator[tuple[str, _Entry]]:
    lexicon = _lexicon()
    for group, verbs in synonyms().items():
        for verb in verbs:
            for form in _FORMS:
                yield inflect(verb, form), _Entry("verb", group, form)
    for group, adverbs in lexicon["adverbs"].items():
        for adverb in (*adverbs["words"], *adverbs["phrases"]):
            yield adverb, _Entry("adverb", group)
    for group, direction in lexicon["directions"].items():
        for phrase in direction["phrases"]:
            for side in sides_of(phrase):
                yield fill(phrase, side), _Entry("direction", f"{group}/{side}")
    # "clockwise" by itself is what "counterclockwise" becomes in the mirror; it has no other spelling.
    for limb in lexicon["limbs"]:
        yield limb, _Entry("limb", limb)
    for subject in unique(subject for subjects in lexicon["subjects"].values() for subject in subjects):
        yield subject, _Entry("subject", subject)
    for joint in lexicon["order"]:
        yield joint, _Entry("order", "then")
    for phrases in _COUNTS:
        for phrase in phrases:
            yield phrase, _Entry("count", phrases[0])


@cache
def _surfaces() -> re.Pattern[str]:
    """Any surface form, the longest first; forms of order bring their own blanks."""
    longest = sorted(_index(), key=lambda surface: (-len(surface), surface))
    bounded = (re.escape(surface) if surface.startswith((" ", ",")) else rf"\b{re.escape(surface)}\b"
               for surface in longest)  # fmt: skip
    return re.compile("|".join(bounded), re.IGNORECASE)
