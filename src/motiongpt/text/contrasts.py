"""Words that make two captions different although almost all of their words are the same.

"Kicks with the left leg" and "kicks with the right leg" lie close together for every sentence encoder. Contrasts tell
them apart: side, direction, pace, sense of rotation, count, up and down, arm and leg.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

import numpy as np

from motiongpt.text.numbers import count_phrases

# Phrases that captions hardly use: a hard negative should read like a caption.
_RARE_COUNTS = ("a single time", "1 time", "2 times", "3 times", "4 times", "5 times")
# For each contrast, groups of words: words of one group say the same, words of different groups the opposite.
_CONTRASTS: dict[str, tuple[tuple[str, ...], ...]] = {
    "side": (("left",), ("right",), ("both",)),
    "direction": (
        ("forward", "forwards", "ahead", "straight ahead"),
        ("backward", "backwards", "back"),
        ("sideways", "to the side"),
    ),
    "pace": (
        ("slowly", "slow", "leisurely", "unhurriedly", "at a slow pace"),
        ("quickly", "fast", "briskly", "swiftly", "rapidly", "at a quick pace"),
    ),
    "rotation": (("clockwise",), ("counterclockwise", "counter clockwise", "anticlockwise")),
    "count": tuple(count_phrases(number, _RARE_COUNTS) for number in range(1, 6)),
    "height": (("up", "upward", "upwards"), ("down", "downward", "downwards")),
    "limb": (("arm", "hand"), ("leg", "foot")),
    "limbs": (("arms", "hands"), ("legs", "feet")),
}


@cache
def _groups() -> dict[str, tuple[str, int]]:
    return {
        word: (contrast, number)
        for contrast, groups in _CONTRASTS.items()
        for number, group in enumerate(groups)
        for word in group
    }


@cache
def _pattern() -> re.Pattern[str]:
    longest = sorted(_groups(), key=lambda word: (-len(word), word))
    return re.compile(rf"\b(?:{'|'.join(longest)})\b")


@lru_cache(maxsize=4096)
def contrasts(caption: str) -> frozenset[tuple[str, int]]:
    """What a caption says of each contrast: pairs of the contrast and the number of a group of its words."""
    return frozenset(_groups()[match[0]] for match in _pattern().finditer(caption.lower()))


def hard_negative(caption: str, rng: np.random.Generator) -> str | None:
    """The caption with one contrast reversed in every place; None for a caption without contrasts.

    >>> hard_negative("a person kicks with the left leg", np.random.default_rng(1))
    'a person kicks with the right leg'
    """
    found = [(match.start(), match[0]) for match in _pattern().finditer(caption)]
    if not found:
        return None
    contrast, number = _groups()[found[int(rng.integers(len(found)))][1]]
    groups = _CONTRASTS[contrast]
    other = (number + int(rng.integers(1, len(groups)))) % len(groups)

    def reversed_word(match: re.Match[str]) -> str:
        kind, group = _groups()[match[0]]
        if kind != contrast or group not in (number, other):
            return match[0]
        goal = groups[other if group == number else number]
        return goal[min(groups[group].index(match[0]), len(goal) - 1)]

    return _pattern().sub(reversed_word, caption)
