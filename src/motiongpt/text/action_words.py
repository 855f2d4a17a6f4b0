"""Which actions and sides a caption names, by a lexicon of English words, ``actions.yaml`` next to this module."""

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
    """The action classes a caption names, each once, in the order of their words.

    Standing is what people do before and after everything else: it counts only when nothing else is named.
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
    """The sides, ``"left"`` and ``"right"``, a caption names."""
    return set(_SIDES.findall(_NO_SIDE.sub(" ", caption.lower())))
