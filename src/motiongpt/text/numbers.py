"""Numbers in sentences: number words, how often something is done, and how long it lasts."""

from __future__ import annotations

import re

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
_FOR_SECONDS = re.compile(
    rf"\bfor (?:about |around |exactly )?(\d+(?:\.\d+)?|{'|'.join(NUMBER_WORDS[:10])}|a) seconds?\b", re.IGNORECASE
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


def stated_seconds(sentence: str) -> float | None:
    """The duration in seconds that a sentence of one action states; None without one, or for several actions.

    >>> stated_seconds("a person walks forward for three seconds")
    3.0
    >>> stated_seconds("a person waits for 2 seconds, then runs") is None
    True
    """
    found = _FOR_SECONDS.findall(sentence)
    if len(found) != 1 or _SEVERAL_ACTIONS.search(sentence):
        return None
    number = found[0].lower()
    if number == "a":
        return 1.0
    return float(NUMBER_WORDS.index(number) + 1) if number in NUMBER_WORDS else float(number)
