"""Numbers in sentences: number words, how often something is done, and how long it lasts."""

from __future__ import annotations

import re
from dataclasses import dataclass

NUMBER_WORDS = (
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
)  # fmt: skip
# How often, by number: the usual words first.
_COUNTS = {
    1: ("once", "one time", "a single time", "1 time"),
    2: ("twice", "two times", "a couple of times", "2 times"),
    3: ("three times", "thrice", "3 times"),
    4: ("four times", "4 times"),
    5: ("five times", "5 times"),
    6: ("six times", "6 times"),
}
# Not exactly so often, or not always.
_VAGUE = ("a couple of times",)
_ONE_TO_FIVE = "|".join(NUMBER_WORDS[:5])
_COUNT = re.compile(rf"\b(?:once|twice|thrice|(?:{_ONE_TO_FIVE}|\d) times?)\b", re.IGNORECASE)
_LENGTH = re.compile(r" (?:for|in) (?:(?:about|around|exactly) )?[\w.]+ (?:more )?(?:seconds?|minutes?)\b")
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty")
_WORD = "|".join((*NUMBER_WORDS, "fifteen", *_TENS))
_AMOUNT = rf"\d+(?:\.\d+)?|half an?|a couple of|(?:{_WORD}|an?|\d+) and a half|(?:{_WORD})|an?"
_UNIT = r"seconds?|secs?|s|frames?"
_HEDGE = "(?:(?:about|around|exactly|roughly|approximately|a total of) )?"
_LONG = rf"(?P<number>{_AMOUNT})(?:[ -]|(?<=\d))(?P<unit>{_UNIT})\b(?P<half> and a half)?"
# Beside a noun "a second" mostly is no length: "a second time".
_STATED = _LONG.replace("|an?)", ")")
_WORK = "clip|motion|animation|movement|video|sequence|scene|shot|take|loop|recording"
# "For three seconds": how long an action lasts.
_FOR_LENGTH = re.compile(rf"\bfor {_HEDGE}{_LONG}(?! of\b)", re.IGNORECASE)
# What says how long the whole motion lasts. Each match can be left out of the sentence, but for the named group "kept".
_WHOLE_LENGTHS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # "A 3-second clip of", "5 seconds of", "make an 8 s animation where".
        rf"\b(?:an? |the )?(?:[a-z]+ )?{_STATED}(?:[ -]long)?,? (?:{_WORK})"
        "(?: of| where| in which| that shows| showing| with)? ?",
        rf"^\W*(?:an? |the )?{_STATED}(?:[ -]long)? of ",
        # "8 secs: walks".
        rf"^\W*{_STATED}\s*[:,;–-]\s*",
        # "walks, 5 seconds", "walks (100 frames)", "walks, lasting 4 seconds", "walks in 3 seconds".
        rf"\s*[,;(–-]?\s*\b(?:that )?(?:lasting|lasts|over|in|within|duration:?|length:?|taking) {_HEDGE}{_STATED}\)?",
        rf"\s*[,;(–-]\s*{_HEDGE}{_STATED}(?: long| in total| total)?\)?(?=[.!]?$)",
        # "a 10-second walk", "takes a three second jog".
        rf"(?P<kept>\b(?:an?|the) )?{_STATED}(?:[ -]long)? (?=[a-z])",
    )
)
# The duration of one of several actions is not that of the motion.
_SEVERAL_ACTIONS = re.compile(r"\b(?:then|before|after|and|until)\b|,", re.IGNORECASE)


def count_phrases(number: int, without: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Phrases that say how often, one to six times, for example ``"twice"``, ``"two times"``.

    Args:
        without: phrases to leave out.
    """
    return tuple(phrase for phrase in _COUNTS[number] if phrase not in without)


def count_patterns() -> dict[int, str]:
    """Regular expressions of each number of times or of things: ``"twice"``, but also ``"two"`` as in "two jumps"."""
    patterns = {}
    for number in _COUNTS:
        # A digit alone is a count, but "1" mostly numbers a list.
        alone = [NUMBER_WORDS[number - 1], "a single" if number == 1 else str(number)]
        patterns[number] = rf"\b(?:{'|'.join([*count_phrases(number, _VAGUE), *alone])})\b"
    return patterns


def count_in(sentence: str) -> str | None:
    """The first phrase of a sentence that says how often, in lower case.

    >>> count_in("a person jumps Three times")
    'three times'
    """
    match = _COUNT.search(sentence)
    return match[0].lower() if match else None


def without_count(sentence: str) -> str:
    """The sentence without the phrases that say how often."""
    return " ".join(_COUNT.sub("", sentence).split())


def without_duration(sentence: str) -> str:
    """The sentence without the phrases that say how long: "for two seconds", "in about a minute"."""
    return _LENGTH.sub("", sentence)


@dataclass(frozen=True)
class Length:
    """A length that a sentence states.

    Attributes:
        seconds, frames: one of them is given, the other is None.
    """

    seconds: float | None = None
    frames: int | None = None


def stated_length(sentence: str) -> tuple[Length | None, str]:
    """The length of a motion that a sentence states, and the sentence without it.

    A length of one of several actions is not that of the motion. "For three seconds" stays in the sentence, as captions
    have it.

    >>> stated_length("a person walks forward for three seconds")
    (Length(seconds=3.0, frames=None), 'a person walks forward for three seconds')
    >>> stated_length("a 3-second clip of a man who waves")
    (Length(seconds=3.0, frames=None), 'a man who waves')
    >>> stated_length("a person jumps, 100 frames")
    (Length(seconds=None, frames=100), 'a person jumps')
    >>> stated_length("a person waits for 2 seconds, then runs")
    (None, 'a person waits for 2 seconds, then runs')
    """
    actions = list(_FOR_LENGTH.finditer(sentence))
    if len(actions) == 1 and not _SEVERAL_ACTIONS.search(sentence.replace(actions[0][0], "")):
        length = _length(actions[0])
        known = length is not None and length.seconds is not None and actions[0]["unit"].lower().startswith("second")
        rest = sentence if known else " ".join(sentence.replace(actions[0][0], "").split())
        return length, rest
    if actions:
        return None, sentence
    for pattern in _WHOLE_LENGTHS:
        match = pattern.search(sentence)
        if match is None or (length := _length(match)) is None:
            continue
        kept = match.groupdict().get("kept") or ""
        rest = f"{sentence[: match.start()]}{kept or ' '}{sentence[match.end() :]}"
        rest = " ".join(rest.split()).strip(" ,;:")
        # Nothing but a length is no description.
        return (length, rest) if rest else (None, sentence)
    return None, sentence


def _length(match: re.Match[str]) -> Length | None:
    amount = _amount(match["number"].lower()) + (0.5 if match["half"] else 0.0)
    if match["unit"].lower().startswith("f"):
        return Length(frames=round(amount)) if amount >= 1 else None
    return Length(seconds=amount)


def _amount(text: str) -> float:
    """The number that a text names."""
    if text in ("half a", "half an"):
        return 0.5
    if text == "a couple of":
        return 2.0
    if text.endswith(" and a half"):
        return _amount(text.removesuffix(" and a half")) + 0.5
    if text in ("a", "an"):
        return 1.0
    if text in NUMBER_WORDS:
        return float(NUMBER_WORDS.index(text) + 1)
    if text in _TENS:
        return 20.0 + 10 * _TENS.index(text)
    return 15.0 if text == "fifteen" else float(text)
