"""Which kinds of action and which sides a caption names, by the words of ``action_words.yaml`` next to this module.

These kinds sort clips for augmentation and evaluation, also those that no detector judges, such as dancing.
"""

from __future__ import annotations

import re

from motiongpt.files import read_yaml

_LEXICON: dict[str, list[str]] = read_yaml("motiongpt.text", "action_words.yaml")

CLASSES = (*_LEXICON, "stand")
_PATTERNS = {name: re.compile(rf"\b(?:{'|'.join(patterns)})\b") for name, patterns in _LEXICON.items()}
_STANDS = re.compile(r"\b(?:stand\w*|stood|stays? (?:still|in place)|still|motionless|idle)\b")
_SIDES = re.compile(r"\b(left|right)(?:-?(?:hand|foot|ward|wards|handed|footed))?\b")
_NO_SIDE = re.compile(r"\bright (?:angles?|away|now|there|back)\b")


def actions(caption: str) -> list[str]:
    """The classes of action that a caption names, each once, in the order of their words.

    People stand before and after everything else, so standing counts only if the caption names nothing else.
    """
    text = caption.lower()
    found: list[tuple[int, int, str]] = []
    for rank, (name, pattern) in enumerate(_PATTERNS.items()):
        match = pattern.search(text)
        if match:
            found.append((match.start(), rank, name))
    taken: dict[int, str] = {}
    for start, _, name in sorted(found):
        taken.setdefault(start, name)
    names = list(taken.values())
    return names or (["stand"] if _STANDS.search(text) else [])


def sides(caption: str) -> set[str]:
    """The sides, ``"left"`` and ``"right"``, that a caption names."""
    return set(_SIDES.findall(_NO_SIDE.sub(" ", caption.lower())))
