"""English captions for recordings that come with a short label instead of sentences.

The lexicons are the yaml files in the folder ``phrases`` next to this module; their heads explain them.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from motiongpt.files import read_yaml
from motiongpt.text.captions import mirror_caption
from motiongpt.text.patterns import expand_all, unique

_COMPOSED = 10  # how many sentences are put together from single actions


def phrases_from_description(description: str) -> list[str]:
    """Captions for a one-line trial description of the CMU motion capture database.

    ``"walk, veer left"`` gives "a person walks forward and veers to the left" and its like, each once, always in the
    same order. Descriptions the lexicon does not cover give an empty list: better no caption than a wrong one.
    """
    lexicon = _lexicon("cmu")
    text = _plain(description)
    if text in lexicon["ignore"]:
        return []
    if text in lexicon["whole"]:
        return _sentences(expand_all(lexicon["whole"][text]), lexicon["subjects"])
    topic_name, dash, rest = text.partition(" - ")
    topic = lexicon["topics"].get(topic_name, {}) if dash else {}
    listed = re.split(r"\s*(?:[,;]|\band then\b|\bthen\b|\band\b)\s*", rest if topic else text)
    actions = [_action(name, topic.get("actions", {})) for name in listed if name]
    general = expand_all(topic.get("alone", []))
    if not actions or None in actions:
        return _sentences(general, lexicon["subjects"])
    told = _told([action for action in actions if action], lexicon["joins"])
    return _sentences(told + general, lexicon["subjects"])


def captions_from_hdm05_label(label: str) -> list[str]:
    """Captions for a motion class of HDM05, such as ``"kick lfront 1 reps"``; empty when the class is not covered.

    Classes that differ from a covered one only in the side ("kick rfront 1 reps") are covered too.
    """
    lexicon = _lexicon("hdm05")
    label = _plain(label)
    if label in lexicon["labels"]:
        return _sentences(expand_all(lexicon["labels"][label]), lexicon["subjects"])
    other_side = _mirrored_label(label)
    if other_side in lexicon["labels"]:
        return [mirror_caption(caption) for caption in captions_from_hdm05_label(other_side)]
    return []


@cache
def _lexicon(name: str) -> dict[str, Any]:
    return read_yaml("motiongpt.data", "phrases", f"{name}.yaml")


def _plain(text: str) -> str:
    """Lower case words: camel case and underscores split, remarks in brackets dropped, white space collapsed."""
    text = re.sub(r"\([^()]*\)", " ", text)
    text = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text).replace("_", " ").lower()
    return " ".join(text.split())


def _action(name: str, own: dict[str, list[str]]) -> list[str] | None:
    """What a person does in one action, in several wordings; None when the lexicon does not know it."""
    lexicon = _lexicon("cmu")
    for table in (own, lexicon["actions"]):
        if name in table:
            return table[name]
    for rule in lexicon["rules"]:
        match = re.fullmatch(rule["match"], name)
        if match:
            return [match.expand(wording) for wording in rule["say"]]
    return _action_sequence(name.split())


def _action_sequence(words: list[str]) -> list[str] | None:
    """Actions in a row without commas, as in "run jump over roll": the longest known action first."""
    actions = _lexicon("cmu")["actions"]
    found: list[list[str]] = []
    while words:
        length = next((n for n in range(len(words), 0, -1) if " ".join(words[:n]) in actions), None)
        if length is None:
            return None
        found.append(actions[" ".join(words[:length])])
        words = words[length:]
    return _told(found, _lexicon("cmu")["joins"]) if found else None


def _told(actions: Sequence[list[str]], joins: list[str]) -> list[str]:
    """Tells actions in a row, with changing wordings and joints."""
    told = []
    for k in range(_COMPOSED):
        words = [wordings[k * (i + 1) % len(wordings)] for i, wordings in enumerate(actions)]
        last = joins[k % len(joins)] if len(words) > 1 else ""
        told.append(", ".join(words[:-1]) + last + words[-1])
    return unique(told)


def _sentences(phrases: list[str], subjects: list[str]) -> list[str]:
    """Puts the subjects in turn before the phrases; a short list of phrases is told with two subjects each."""
    turns = itertools.cycle(subjects)
    rounds = 1 if len(phrases) >= 8 else 2
    return unique(f"{next(turns)} {phrase}" for _ in range(rounds) for phrase in phrases)


_SIDES = re.compile(r"\b([lr])(?=(?:front|side|start|elbow|hand|leg|foot|knee|arm)?\b)|\b(left|right)\b")


def _mirrored_label(label: str) -> str:
    swap = {"l": "r", "r": "l", "left": "right", "right": "left"}
    return _SIDES.sub(lambda match: swap[match[0]], label)
