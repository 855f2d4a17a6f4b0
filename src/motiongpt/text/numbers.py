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
_TEENS = ("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen")
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_VALUES = {word: number for number, word in enumerate((*NUMBER_WORDS, *_TEENS), start=1)}
_VALUES |= {word: 10 * number for number, word in enumerate(_TENS, start=2)}
_BELOW_100 = (
    rf"(?:{'|'.join(_TENS)})(?:[ -](?:{'|'.join(NUMBER_WORDS[:9])})\b)?|{'|'.join((*_TEENS, *reversed(NUMBER_WORDS)))}"
)
_WORD = rf"(?:an?|{'|'.join(NUMBER_WORDS[:9])}) hundred(?:(?: and)? (?:{_BELOW_100}))?|{_BELOW_100}"
_AMOUNT = rf"\d+(?:\.\d+)?|half an?|a couple of|(?:{_WORD}|an?|\d+) and a half|(?:{_WORD})|an?"
_UNIT = r"seconds?|secs?|s|frames?|f"
_HEDGE = "(?:(?:about|around|exactly|roughly|approximately|a total of) )?"
_LONG = rf"(?P<number>{_AMOUNT})(?:[ -]|(?<=\d))(?P<unit>{_UNIT})\b(?P<half> and a half)?"
# Beside a noun "a second" mostly is no length: "a second time".
_STATED = _LONG.replace("|an?)", ")")
STATED_LENGTH = re.compile(rf"\b{_STATED}", re.IGNORECASE)
"""A number with a unit of time."""
_WORK = "clip|motion|animation|movement|video|sequence|scene|shot|take|loop|recording"
# Words around a length that say nothing of the action: "make it", "it should last", "use a total of".
_AROUND = (
    "(?:(?:please|make|let|use|give|generate|create|render|produce|want|need|i|me|us|it|this|that|which|and|should|must|has|"
    f"have|to|be|is|lasts?|lasting|takes?|taking|for|in|over|within|of|with|at|the|a|an|length|duration|total|whole|thing|{_WORK})"
    r"\b[ :=]*)*"
)
_BEHIND = "(?:[ -](?:long|please|total|in total|in length|duration))*"
# "For three seconds": how long an action lasts.
_FOR_LENGTH = re.compile(rf"\bfor {_HEDGE}{_LONG}(?! (?:of|time)\b)", re.IGNORECASE)
# Metres of the units of a distance. "A foot" is a limb more often than a length.
_METRES = {"m|met(?:er|re)s?": 1.0, "feet|ft": 0.3048, "yards?|yds?": 0.9144}
_DISTANCE = re.compile(
    rf"(?<![\w.])(?P<number>{_AMOUNT})(?:[ -]|(?<=\d))(?P<unit>{'|'.join(_METRES)})\b", re.IGNORECASE
)
# What says how long the whole motion lasts. Each match can be left out of the sentence, but for the named group "kept".
_WHOLE_LENGTHS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # Before or behind the description, with whatever else speaks of the clip: "make it 3 seconds long: walks".
        rf"^\W*{_AROUND}{_HEDGE}{_STATED}{_BEHIND}(?: (?:{_WORK}))?"
        r"(?:\s*[:,;.–-]\s*| (?:of|where|in which|that shows|showing|with) )",
        rf"\s*(?:[,;(\[–-]|\.(?=\s)|,? and\b)\s*{_AROUND}{_HEDGE}{_STATED}{_BEHIND}[)\]]?[.!]*$",
        # "A 3-second clip of", "5 seconds of", "make an 8 s animation where".
        rf"\b(?:an? |the )?(?:[a-z]+ )?{_STATED}(?:[ -]long)?,? (?:{_WORK})"
        "(?: of| where| in which| that shows| showing| with)? ?",
        rf"^\W*(?:an? |the )?{_STATED}(?:[ -]long)? of ",
        # "8 secs: walks".
        rf"^\W*{_STATED}\s*[:,;–-]\s*",
        # "walks, 5 seconds", "walks (100 frames)", "walks, lasting 4 seconds", "walks in 3 seconds".
        rf"\s*[,;(–-]?\s*\b(?:that )?(?:lasting|lasts|over|in|within|duration:?|length:?|taking) {_HEDGE}{_STATED}\)?",
        # "a 10-second walk", "takes a three second jog", but not "waits two seconds and".
        rf"(?P<kept>\b(?:an?|the) )?{_STATED.replace('seconds?|secs?', 'second|sec').replace('frames?', 'frame')}"
        "(?:[ -]long)? (?!(?:and|then|before|after|while)\\b)(?=[a-z])",
        rf"(?P<kept>\b(?:an?|the) ){_STATED}(?:[ -]long)? (?=[a-z])",
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
        rest = " ".join(rest.split()).strip(" ,;:").lstrip(".")
        # Nothing but a length is no description.
        return (length, rest) if rest else (None, sentence)
    return None, sentence


def stated_distance(sentence: str) -> float | None:
    """The distance in metres that a sentence states for one action; None if it states none.

    >>> stated_distance("a person walks 2 m forward")
    2.0
    >>> round(stated_distance("he walks ten feet"), 2)
    3.05
    """
    match = _DISTANCE.search(sentence)
    if match is None:
        return None
    amount, unit = _amount(match["number"].lower()), match["unit"].lower()
    # "On two feet" says nothing of a way.
    if unit == "feet" and amount <= 2:
        return None
    return amount * next(metres for units, metres in _METRES.items() if re.fullmatch(units, unit))


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
    hundreds, _, rest = text.rpartition("hundred")
    tens, _, ones = rest.removeprefix(" and").strip().replace("-", " ").partition(" ")
    if not hundreds and tens not in _VALUES:
        return float(text)
    return 100.0 * (_VALUES.get(hundreds.strip(), 1) if hundreds else 0) + _VALUES.get(tens, 0) + _VALUES.get(ones, 0)
