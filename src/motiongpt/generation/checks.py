"""What a sentence asks for that joints can show, and how well a motion does it.

Encoders of sentences and motions are weak where one word decides: left or right, two times or three, forward or
backward. Joints are not. The patterns of :mod:`motiongpt.text.actions` find what a sentence asks for, and the detectors
of :mod:`motiongpt.motion.detectors` score it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from typing import Any

import numpy as np

from motiongpt.motion.detectors import DETECTORS
from motiongpt.text.actions import Reading, action_table, parts
from motiongpt.text.numbers import count_patterns
from motiongpt.text.patterns import fill, sides_of

_NEVER = "(?!)"
# What is not done: "backs off without turning around". Who does not move stands still, though.
_WITHOUT = re.compile(r",? without (?!moving|stirring|budging)\w+ing\b[^,;]*")
# Adverbs for how something is done, by the named parts that find them; a sentence has at most one of each row.
_MANNERS = (
    (("SLOW", "slowly"), ("QUICK", "quickly")),
    (("BACKWARD", "backward"), ("FORWARD", "forward")),
    (("ON_SPOT", "on the spot"),),
)


@dataclass(frozen=True)
class Check:
    """One thing that a sentence asks for.

    Attributes:
        action: key of :data:`motiongpt.motion.detectors.DETECTORS`.
        arguments: of that detector besides the joints, as pairs of name and value.
    """

    action: str
    arguments: tuple[tuple[str, Any], ...] = ()

    def passed(self, joints: np.ndarray) -> float:
        """How well joints (T, 22, 3) do it, from 0 to 1."""
        return DETECTORS[self.action](joints, **dict(self.arguments))


@lru_cache(maxsize=4096)
def checks(sentence: str) -> tuple[Check, ...]:
    """All checks of a sentence of one action; none if joints can show nothing of what it asks for.

    >>> checks("a person kicks with the left leg")
    (Check(action='kicks', arguments=(('side', 'left'),)),)
    >>> [check.action for check in checks("someone walks slowly in a circle to the right")]
    ['circles', 'is_slow', 'walks']
    >>> checks("a person plays the violin")
    ()
    """
    text = _WITHOUT.sub("", sentence.lower())
    return tuple(dict.fromkeys(check for rule in _rules() for check in rule.checks(text)))


def names_action(sentence: str) -> bool:
    """Whether a sentence asks for more than a direction, a pace or a place; walking needs a direction to count."""
    kinds = {action_table()[check.action].kind for check in checks(sentence)}
    return "action" in kinds or {"gait", "direction"} <= kinds


def goes_somewhere(sentence: str) -> bool:
    """Whether a sentence asks for a gait or a direction."""
    return any(action_table()[check.action].kind in ("gait", "direction") for check in checks(sentence))


def passed(sentence: str, joints: np.ndarray) -> float:
    """How well a motion does what a sentence asks for: the mean over the checks, 1 if there are none.

    Args:
        sentence: one action.
        joints: (T, 22, 3) metres, Y up, 20 fps, HumanML3D proportions.
    """
    requested = checks(sentence)
    return float(np.mean([check.passed(joints) for check in requested])) if requested else 1.0


def with_manner(canonical: str, sentence: str) -> str:
    """A canonical sentence with the pace and the direction of another sentence instead of its own.

    >>> with_manner("a person walks slowly", "she swaggers backward in a hurry")
    'a person walks quickly backward'
    """
    for adverb, row in _manners(sentence.lower()):
        if not re.search(rf"\b{adverb}\b", canonical) and (adverb == "on the spot" or _part("GO").search(canonical)):
            canonical = f"{' '.join(re.sub(row, '', canonical).split())} {adverb}"
    return canonical


@lru_cache(maxsize=64)
def _manners(text: str) -> tuple[tuple[str, str], ...]:
    """Adverbs for the pace and the direction of a sentence, each with the pattern of its row, which it replaces."""
    found = []
    for row in _MANNERS:
        if adverb := next((adverb for name, adverb in row if _part(name).search(text)), None):
            found.append((adverb, rf"\b(?:{'|'.join(other for _, other in row)})\b"))
    return tuple(found)


@cache
def _part(name: str) -> re.Pattern[str]:
    return re.compile(parts()[name])


@dataclass(frozen=True)
class _Case:
    """A reading of an action with its placeholders filled in.

    Attributes:
        check: what it asks for.
        says, unless: patterns.
    """

    check: Check
    says: str
    unless: str

    @cached_property
    def _compiled(self) -> tuple[re.Pattern[str], re.Pattern[str]]:
        return re.compile(self.says), re.compile(self.unless)

    def holds(self, text: str) -> bool:
        says, unless = self._compiled
        return bool(says.search(text)) and not unless.search(text)


class _Rule:
    """A reading of an action.

    Args:
        action: key of the table of actions.
        reading: of it.
    """

    def __init__(self, action: str, reading: Reading) -> None:
        self.action = action
        self.reading = reading
        self._says, self._unless = (
            "|".join(f"(?:{pattern})" for pattern in patterns) or _NEVER for patterns in (reading.says, reading.unless)
        )
        self._cases = tuple(self._filled())
        # Matches wherever one of the cases does: most sentences need no other.
        either = fill(self._says, **parts(), TIMES=_any_count(), SIDE="(?:left|right)", OTHER="(?:left|right)")
        self.any_case = re.compile(either)

    def checks(self, text: str) -> Iterator[Check]:
        """The checks of a sentence in lower case."""
        if self.any_case.search(text):
            yield from (case.check for case in self._cases if case.holds(text))

    def _filled(self) -> Iterator[_Case]:
        arguments = dict(self.reading.arguments)
        counts = count_patterns() if "times" in arguments else {0: _any_count()}
        for side in sides_of(self._says, *arguments.values()):
            for number, count in counts.items():
                filled = {"SIDE": side, "TIMES": number}
                yield _Case(
                    Check(self.action, tuple((name, filled.get(value, value)) for name, value in arguments.items())),
                    fill(self._says, side, **parts(), TIMES=count),
                    fill(self._unless, side, **parts(), TIMES=_any_count()),
                )


@cache
def _any_count() -> str:
    return f"(?:{'|'.join(count_patterns().values())})"


@cache
def _rules() -> tuple[_Rule, ...]:
    return tuple(_Rule(action.detector, reading) for action in action_table().values() for reading in action.readings)
