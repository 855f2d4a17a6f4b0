"""Where captions come from: tables of captions, and phrase lists for recordings that come with a short description.

A caption table is a file of JSON lines, plain or .gz, with one HumanML3D clip per line. A phrase list is a YAML file
that turns the descriptions of one source, such as "walk, veer left", into sentences.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from motiongpt.data.json_lines import read_json_lines
from motiongpt.errors import MotionGPTError
from motiongpt.text.captions import mirror_caption, normalise_caption
from motiongpt.text.patterns import expand_all, unique

# Sentences that are composed of several actions.
_COMPOSED = 10
# A short list of phrases is used twice, with another subject each time.
_SHORT_LIST = 8
_SIDES = re.compile(r"\b([lr])(?=(?:front|side|start|elbow|hand|leg|foot|knee|arm)?\b)|\b(left|right)\b")
_OTHER_SIDE = {"l": "r", "r": "l", "left": "right", "right": "left"}


@dataclass(frozen=True)
class CaptionRow:
    """A row of a caption table: frames [start, end) of a recording, at 20 fps, with HumanML3D's split and captions."""

    id: str
    start: int
    end: int
    split: str
    captions: tuple[str, ...]


def read_caption_rows(path: str | Path) -> dict[str, list[CaptionRow]]:
    """Captioned parts of recordings, by recording.

    Each line is an object with id, source (AMASS path), start_frame and end_frame (20 fps), split, captions, and trial:
    the name of the recording that holds the clip. If trial is null, a source such as ``CMU/80/80_63_poses.npy`` names
    it. Rows of other recordings are skipped.

    Raises:
        MotionGPTError: the file is unreadable or a row malformed (named by line).
    """

    def captioned(raw: Any) -> tuple[str | None, CaptionRow]:
        row = CaptionRow(
            str(raw["id"]),
            int(raw["start_frame"]),
            int(raw["end_frame"]),
            str(raw["split"]),
            tuple(caption.strip() for caption in raw["captions"] if caption.strip()),
        )
        return raw.get("trial") or _cmu_trial(str(raw["source"])), row

    expected = "a caption row: an object with id, source, start_frame, end_frame, split, captions and trial"
    rows: dict[str, list[CaptionRow]] = {}
    for trial, row in read_json_lines(path, captioned, expected):
        if trial:
            rows.setdefault(trial, []).append(row)
    for found in rows.values():
        found.sort(key=lambda row: (row.start, row.end, row.id))
    return rows


def _cmu_trial(source: str) -> str | None:
    match = re.fullmatch(r"CMU/\d+/(\d+_\d+)_poses\.npy", source)
    return match[1] if match else None


def read_sentences(path: str | Path) -> list[str]:
    """All captions of a caption table, normalised, except those of the test split.

    Raises:
        MotionGPTError: the file is unreadable or a line without captions (named).
    """

    def captions(row: Any) -> list[str]:
        return [normalise_caption(caption) for caption in (row["captions"] if row.get("split") != "test" else [])]

    rows = read_json_lines(path, captions, "a caption row: an object with captions and split")
    return [sentence for row in rows for sentence in row if sentence]


class PhraseList:
    """Captions for the short descriptions or labels of one source of recordings.

    The file is YAML. Patterns say what the person does, ``{a|b}`` are alternatives. Descriptions are lower case in it,
    with camel case and underscores split into words, and without remarks in brackets. Keys:

    - ``source``: name of the source, such as ``cmu``.
    - ``subjects``: beginnings of sentences, used in turn.
    - ``whole``: descriptions with their own patterns. All other keys are optional:
    - ``ignore``: descriptions without information.
    - ``actions``: patterns of single actions. Other descriptions are split at commas, semicolons, "and" and "then".
    - ``joins``: what stands before the last of several actions; commas join the others.
    - ``rules``: ``match``, a regular expression of an action, with ``say``, patterns with ``\\1`` for its first group.
    - ``topics``: by the words before the dash in "playground - climb, hang": ``actions`` of that topic alone, and
      ``alone``, patterns that are true of all its recordings.
    - ``mirrored``: whether to look for an unknown description with left and right exchanged, and mirror its captions.

    Attributes:
        source: name of the source.

    Raises:
        MotionGPTError: the file is unreadable, has an unknown key, or lacks ``source`` or ``subjects``.
    """

    _KEYS = ("source", "subjects", "joins", "ignore", "whole", "actions", "rules", "topics", "mirrored")

    def __init__(self, path: str | Path) -> None:
        try:
            values = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise MotionGPTError(f"Cannot read the phrase list {path}: {error}.") from error
        if not isinstance(values, dict) or not values.get("source") or not values.get("subjects"):
            raise MotionGPTError(f"{path} is not a phrase list: it must have the keys source and subjects.")
        if unknown := sorted(set(values) - set(self._KEYS)):
            raise MotionGPTError(f"{path} has the unknown key {unknown[0]!r}; known are {', '.join(self._KEYS)}.")
        self.source = str(values["source"])
        self.subjects: list[str] = values["subjects"]
        self.joins: list[str] = values.get("joins") or [" and "]
        self.ignore: list[str] = values.get("ignore") or []
        self.whole: dict[str, list[str]] = values.get("whole") or {}
        self.actions: dict[str, list[str]] = values.get("actions") or {}
        self.rules: list[dict[str, Any]] = values.get("rules") or []
        self.topics: dict[str, dict[str, Any]] = values.get("topics") or {}
        self.mirrored = bool(values.get("mirrored"))

    def captions(self, description: str) -> list[str]:
        """Different captions for a description, always in the same order.

        ``"walk, veer left"`` gives "a person walks forward and veers to the left" and similar sentences. A description
        that the list does not cover gives none: no caption is better than a wrong one.
        """
        text = _normalise_description(description)
        if text in self.ignore:
            return []
        if text in self.whole:
            return self._sentences(expand_all(self.whole[text]))
        if self.mirrored and (other := _SIDES.sub(lambda match: _OTHER_SIDE[match[0]], text)) in self.whole:
            return [mirror_caption(caption) for caption in self.captions(other)]
        topic_name, dash, rest = text.partition(" - ")
        topic = self.topics.get(topic_name, {}) if dash else {}
        names = re.split(r"\s*(?:[,;]|\band then\b|\bthen\b|\band\b)\s*", rest if topic else text)
        actions = [self._action(name, topic.get("actions", {})) for name in names if name]
        general = expand_all(topic.get("alone", []))
        if not actions or None in actions:
            return self._sentences(general)
        return self._sentences(self._compose([action for action in actions if action]) + general)

    def _action(self, name: str, own: dict[str, list[str]]) -> list[str] | None:
        """Phrases for one action, ``own`` ones of the topic first; None when the list does not know it."""
        for table in (own, self.actions):
            if name in table:
                return table[name]
        for rule in self.rules:
            match = re.fullmatch(rule["match"], name)
            if match:
                return [match.expand(phrase) for phrase in rule["say"]]
        return self._action_sequence(name.split())

    def _action_sequence(self, words: list[str]) -> list[str] | None:
        """Phrases for actions in a row without commas, "run jump over roll": the longest known action first."""
        found: list[list[str]] = []
        while words:
            length = next((n for n in range(len(words), 0, -1) if " ".join(words[:n]) in self.actions), None)
            if length is None:
                return None
            found.append(self.actions[" ".join(words[:length])])
            words = words[length:]
        return self._compose(found) if found else None

    def _compose(self, actions: Sequence[list[str]]) -> list[str]:
        """Phrases for actions in a row, each with another choice of phrases and of the join."""
        composed = []
        for k in range(_COMPOSED):
            parts = [phrases[k * (i + 1) % len(phrases)] for i, phrases in enumerate(actions)]
            join = self.joins[k % len(self.joins)] if len(parts) > 1 else ""
            composed.append(", ".join(parts[:-1]) + join + parts[-1])
        return unique(composed)

    def _sentences(self, phrases: list[str]) -> list[str]:
        """Puts the subjects in turn before the phrases."""
        subjects = itertools.cycle(self.subjects)
        rounds = 1 if len(phrases) >= _SHORT_LIST else 2
        return unique(f"{next(subjects)} {phrase}" for _ in range(rounds) for phrase in phrases)


def read_phrase_lists(paths: Sequence[str | Path]) -> dict[str, PhraseList]:
    """Phrase lists by the name of their source.

    Raises:
        MotionGPTError: a file is no phrase list, or two are for the same source.
    """
    lists: dict[str, PhraseList] = {}
    for path in paths:
        found = PhraseList(path)
        if found.source in lists:
            raise MotionGPTError(f"{path} is a second phrase list for {found.source}: give one per source.")
        lists[found.source] = found
    return lists


def _normalise_description(text: str) -> str:
    """Lower case words: camel case and underscores split, remarks in brackets removed, white space collapsed."""
    text = re.sub(r"\([^()]*\)", " ", text)
    text = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text).replace("_", " ").lower()
    return " ".join(text.split())
