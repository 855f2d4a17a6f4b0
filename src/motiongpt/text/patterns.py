"""Sentence patterns of the yaml files: alternatives in braces, and placeholders in capitals.

A pattern is a sentence with alternatives in braces: ``{a|the} person {quickly |}walks`` stands for four sentences.
Braces do not nest. Everything outside braces stays as it is, also ``<Caption_Placeholder>`` and its like.

``SIDE`` stands for left and for right, ``OTHER`` for the other side, ``CLOCK`` for the sense of rotation of a turn to
``SIDE``; a file may name more placeholders.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable

SIDES = ("left", "right")
OTHER_SIDE = {"left": "right", "right": "left", "": ""}
_CLOCK = {"left": "counterclockwise", "right": "clockwise", "": ""}
_ALTERNATIVES = re.compile(r"\{([^{}]*)\}")


def expand(pattern: str) -> list[str]:
    """All sentences of a pattern, in order, without repetitions, white space collapsed."""
    pieces = [piece.split("|") if i % 2 else [piece] for i, piece in enumerate(_ALTERNATIVES.split(pattern))]
    return unique(" ".join("".join(choice).split()) for choice in itertools.product(*pieces))


def expand_all(patterns: Iterable[str]) -> list[str]:
    """The sentences of several patterns, in order, without repetitions."""
    return unique(sentence for pattern in patterns for sentence in expand(pattern))


def fill(pattern: str, side: str = "", **named: str) -> str:
    """The pattern with its placeholders replaced.

    >>> fill("GO to the SIDE, not the OTHER", "left", GO="walks")
    'walks to the left, not the right'

    Args:
        side: ``"left"``, ``"right"``, or ``""`` for a pattern without a side.
        named: what the other placeholders stand for, replaced in this order and before the side.
    """
    for name, text in named.items():
        pattern = pattern.replace(name, text)
    return pattern.replace("SIDE", side).replace("OTHER", OTHER_SIDE[side]).replace("CLOCK", _CLOCK[side])


def sides_of(*patterns: str) -> tuple[str, ...]:
    """The sides to fill patterns with: left and right where one of them has a ``SIDE``, else one empty side."""
    return SIDES if any("SIDE" in pattern for pattern in patterns) else ("",)


def unique(items: Iterable[str]) -> list[str]:
    """The items without repetitions, in the order of their first appearance."""
    return list(dict.fromkeys(items))
