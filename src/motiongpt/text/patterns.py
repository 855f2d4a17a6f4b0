"""Readable sentence patterns, used for the instruction prompts and for the caption lexicons.

A pattern is a sentence with alternatives in braces: ``{a|the} person {quickly |}walks`` stands for four sentences.
Braces do not nest. Everything outside braces is kept as it is, also ``<Caption_Placeholder>`` and its like.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable

_ALTERNATIVES = re.compile(r"\{([^{}]*)\}")


def expand(pattern: str) -> list[str]:
    """All sentences of a pattern, in order, without repetitions, white space collapsed."""
    pieces = [piece.split("|") if i % 2 else [piece] for i, piece in enumerate(_ALTERNATIVES.split(pattern))]
    return unique(" ".join("".join(choice).split()) for choice in itertools.product(*pieces))


def expand_all(patterns: Iterable[str]) -> list[str]:
    """The sentences of several patterns, in order, without repetitions."""
    return unique(sentence for pattern in patterns for sentence in expand(pattern))


def unique(items: Iterable[str]) -> list[str]:
    """The items without repetitions, in the order of their first appearance."""
    return list(dict.fromkeys(items))
