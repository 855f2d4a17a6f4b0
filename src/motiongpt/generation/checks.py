"""What a sentence asks for that geometry can tell, and how well a motion does it.

Encoders of sentences and motions are weak where one word decides: left or right, two times or three, forward or
backward. Joints are not. The sentence is read by the patterns of ``checks.yaml``; the actions are those of
:mod:`motiongpt.motion.detectors`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from motiongpt.files import read_yaml
from motiongpt.motion.detectors import ACTIONS

_TIMES = {
    1: r"\b(?:once|one time|1 time|a single time|one|a single)\b",
    2: r"\b(?:twice|two times|2 times|two|2)\b",
    3: r"\b(?:thrice|three times|3 times|three|3)\b",
    4: r"\b(?:four times|4 times|four|4)\b",
    5: r"\b(?:five times|5 times|five|5)\b",
    6: r"\b(?:six times|6 times|six|6)\b",
}
# What is not done: "backs off without turning around". Who does not move stands still, though.
_WITHOUT = re.compile(r",? without (?!moving|stirring|budging)\w+ing\b[^,;]*")
# What says little about the action.
_WEAK = frozenset({"walks", "travels", "stays", "is_slow", "is_quick"})
# A way alone: "springs backward" has yet to say how, "walks backward" has said it.
_WAYS = frozenset({"goes", "goes_straight"})
# How something is done, by words of the patterns; of each row, the first that a sentence says.
_MANNERS = (
    (("SLOW", "slowly"), ("QUICK", "quickly")),
    (("BACKWARD", "backward"), ("FORWARD", "forward")),
    (("ON_SPOT", "on the spot"),),
)
_ARGUMENT = {"goes": "way", "repeats": "action", "goes_on": "action"}


@dataclass(frozen=True)
class Check:
    """One thing that is asked for.

    Attributes:
        action: key of :data:`motiongpt.motion.detectors.ACTIONS`.
        arguments: of that function besides the joints, as pairs of name and value.
    """

    action: str
    arguments: tuple[tuple[str, Any], ...] = ()

    def passed(self, joints: np.ndarray) -> float:
        """How well joints (T, 22, 3) do it, from 0 to 1."""
        return ACTIONS[self.action](joints, **dict(self.arguments))


@dataclass(frozen=True)
class _Rule:
    check: Check
    says: re.Pattern[str]
    unless: re.Pattern[str]


@cache
def checks(sentence: str) -> tuple[Check, ...]:
    """All that a sentence of one action asks for; none when geometry can tell nothing of it.

    >>> checks("a person kicks with the left leg")
    (Check(action='kicks', arguments=(('side', 'left'),)),)
    >>> [check.action for check in checks("someone walks slowly in a circle to the right")]
    ['circles', 'is_slow', 'walks']
    >>> checks("a person plays the violin")
    ()
    """
    text = _WITHOUT.sub("", sentence.lower())
    found = [rule.check for rule in _rules() if rule.says.search(text) and not rule.unless.search(text)]
    return tuple(dict.fromkeys(found))


def names_action(sentence: str) -> bool:
    """Whether anything is asked for besides going anywhere, staying and pace; walking some way is enough."""
    asked = {check.action for check in checks(sentence)}
    return bool(asked - _WEAK - _WAYS) or ("walks" in asked and bool(asked & _WAYS))


def with_manner(plain: str, sentence: str) -> str:
    """A plain sentence with the pace and the way of another sentence in place of its own.

    >>> with_manner("a person walks slowly", "she swaggers backward in a hurry")
    'a person walks quickly backward'
    """
    said = _manner(sentence.lower())
    for adverb, others in said:
        if not re.search(rf"\b{adverb}\b", plain) and (adverb == "on the spot" or _word("GO").search(plain)):
            plain = f"{' '.join(re.sub(others, '', plain).split())} {adverb}"
    return plain


@cache
def _manner(text: str) -> list[tuple[str, str]]:
    """Adverbs for what a sentence says of pace and way, each with the pattern of those that it excludes."""
    found = []
    for row in _MANNERS:
        if adverb := next((adverb for name, adverb in row if _word(name).search(text)), None):
            found.append((adverb, rf"\b(?:{'|'.join(other for _, other in row)})\b"))
    return found


@cache
def _word(name: str) -> re.Pattern[str]:
    return re.compile(read_yaml("motiongpt.generation", "checks.yaml")["words"][name])


def passed(sentence: str, joints: np.ndarray) -> float:
    """How much of what a sentence asks for a motion does: the mean over its checks, 1 when it has none.

    Args:
        sentence: one action.
        joints: (T, 22, 3) metres, Y up, 20 fps, HumanML3D proportions.
    """
    asked = checks(sentence)
    return float(np.mean([check.passed(joints) for check in asked])) if asked else 1.0


@cache
def _rules() -> list[_Rule]:
    content = read_yaml("motiongpt.generation", "checks.yaml")
    return [rule for entry in content["checks"] for rule in _expanded(entry, content["words"])]


def _expanded(entry: dict[str, Any], words: dict[str, str]) -> Iterator[_Rule]:
    ((action, argument),) = entry["action"].items()
    says, unless = (
        "|".join(f"(?:{pattern})" for pattern in entry.get(key, ())) or "(?!)" for key in ("says", "unless")
    )
    for side in ("left", "right") if "SIDE" in says or argument == "SIDE" else ("",):
        other = {"left": "right", "right": "left", "": ""}[side]
        value = side if argument == "SIDE" else argument
        arguments = () if value is None else ((_ARGUMENT.get(action, "side"), value),)
        any_times = "|".join(_TIMES.values())
        for times, number in _TIMES.items() if "TIMES" in says else ((0, any_times),):
            filled = [_filled(pattern, words, side, other) for pattern in (says, unless)]
            yield _Rule(
                Check(action, (*arguments, ("times", times)) if times else arguments),
                re.compile(filled[0].replace("TIMES", number)),
                re.compile(filled[1].replace("TIMES", any_times)),
            )


def _filled(pattern: str, words: dict[str, str], side: str, other: str) -> str:
    for name, part in words.items():
        pattern = pattern.replace(name, f"(?:{part})")
    return pattern.replace("SIDE", side).replace("OTHER", other)
