"""How long a sentence says that its motion lasts."""

from __future__ import annotations

import re

_NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_FOR = re.compile(
    rf"\bfor (?:about |around |exactly )?(\d+(?:\.\d+)?|{'|'.join(_NUMBERS)}|a) seconds?\b", re.IGNORECASE
)
# What tells of more than one thing does not say how long all of it lasts.
_MORE = re.compile(r"\b(?:then|before|after|and|until)\b|,", re.IGNORECASE)


def asked_seconds(sentence: str) -> float | None:
    """The duration of a sentence that tells one action and its duration, in seconds.

    >>> asked_seconds("a person walks forward for three seconds")
    3.0
    >>> asked_seconds("a person waits for 2 seconds, then runs") is None
    True
    """
    found = _FOR.findall(sentence)
    if len(found) != 1 or _MORE.search(sentence):
        return None
    number = found[0].lower()
    return 1.0 if number == "a" else float(_NUMBERS.index(number) + 1) if number in _NUMBERS else float(number)
