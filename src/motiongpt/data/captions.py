"""Where captions come from besides tables (motiongpt.data.tables): phrase lists, text files and names of files.

A phrase list is a YAML file that turns the descriptions of one source, such as "walk, veer left", into sentences.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

from motiongpt.data.json_lines import read_json_lines
from motiongpt.data.texts import Caption, parse_caption
from motiongpt.errors import MotionGPTError
from motiongpt.text.captions import mirror_caption, normalise_caption
from motiongpt.text.patterns import expand_all, unique

# Sentences that are composed of several actions.
_COMPOSED = 10
# A short list of phrases is used twice, with another subject each time.
_SHORT_LIST = 8
_SIDES = re.compile(r"\b([lr])(?=(?:front|side|start|elbow|hand|leg|foot|knee|arm)?\b)|\b(left|right)\b")
# Words of file names that are about the file, or about who moves.
_NO_ACTION = set(
    """
    actor amc anim animation animations armature bvh clip com copy csv data default example export exported fbx
    female file final flip flipped fps frame frames glb gltf hz input loop looped male max maya mirror mirrored
    mixamo mixamorig mocap motion new npy npz old output part rec recording retarget retargeted rig rm sample scene
    sequence session skeleton subject take test trial unity unreal untitled ver version
    """.split()  # noqa: SIM905 - a list of words is easier to read
)
_MIRRORED_NAME = re.compile(r"(?<![a-z])(mirror(ed)?|flip(ped)?)(?![a-z])", re.IGNORECASE)
_OTHER_SIDE = {"l": "r", "r": "l", "left": "right", "right": "left"}


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
    - ``ignore``: descriptions without information; ``*`` stands for any characters.
    - ``actions``: patterns of single actions. Other descriptions are split at commas, semicolons, "and" and "then".
    - ``joins``: what stands before the last of several actions; commas join the others.
    - ``rules``: ``match``, a regular expression of an action, with ``say``, patterns with ``\\1`` for its first group.
    - ``topics``: by the words before the dash in "playground - climb, hang": ``actions`` of that topic alone, and
      ``alone``, patterns that are true of all its recordings.
    - ``mirrored``: whether to look for an unknown description with left and right exchanged, and mirror its captions.
    - ``throughout``: descriptions that are true of every part of a recording, such as a style of walking. They are
      added to parts that HumanML3D captions.
    - ``only``: whether recordings that the list does not cover, or that are shorter than ``min_seconds``, are left out
      of the data set. It is for collections of animations, some of which show nothing that a person does.

    Attributes:
        source: name of the source.
        only, min_seconds: as above.

    Raises:
        MotionGPTError: the file is unreadable, has an unknown key, or lacks ``source`` or ``subjects``.
    """

    _KEYS = (
        "source", "subjects", "joins", "ignore", "whole", "actions", "rules", "topics", "mirrored", "throughout",
        "only", "min_seconds",
    )  # fmt: skip

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
        self.throughout: list[str] = values.get("throughout") or []
        self.only = bool(values.get("only"))
        self.min_seconds = float(values.get("min_seconds") or 0)

    def captions(self, description: str) -> list[str]:
        """Different captions for a description, always in the same order.

        ``"walk, veer left"`` gives "a person walks forward and veers to the left" and similar sentences. A description
        that the list does not cover gives none: no caption is better than a wrong one.
        """
        text = _normalise_description(description)
        if any(fnmatchcase(text, ignored) for ignored in self.ignore):
            return []
        if text not in self.whole and ": " in text:
            return self.captions(text.partition(": ")[2])
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

    def holds_throughout(self, description: str) -> bool:
        """Whether a description is true of every part of its recording."""
        return _normalise_description(description) in self.throughout

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


def sidecar_captions(path: Path) -> tuple[list[Caption], list[str]]:
    """Captions of the text file beside a motion file, one a line, and its faults; none if there is no such file.

    Lines of HumanML3D (``caption#tokens#start#end``) may be about a part.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        return [], []
    except (OSError, UnicodeDecodeError):
        return [], [f"{path} is not readable as UTF-8 text, so its captions are not used"]
    captions, faults = [], []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            captions.append(parse_caption(line) if "#" in line else Caption(line.strip()))
        except ValueError as error:
            faults.append(f"line {number} of {path} is not used: {error}")
    return captions, faults


def words_of_name(name: str) -> str:
    """What the name of a file or an animation says in words: ``walk_forward_01``, ``WalkForward`` -> "walk forward".

    Numbers, single letters but L and R, words about files ("take", "fps") and words in other scripts are left out; ""
    if nothing is left, or if the name says left or right and is marked as mirrored.
    """
    words = []
    for run in re.findall(r"[^\W\d_]+", name.rpartition("|")[2]):
        for part in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", run) if run.isascii() else ():
            word = {"l": "left", "r": "right"}.get(part.lower(), part.lower())
            if len(word) > 1 and word not in _NO_ACTION:
                words.append(word)
    text = " ".join(words)
    return "" if _MIRRORED_NAME.search(name) and mirror_caption(text) != text else text


def spaced(text: str) -> str:
    """Lower case words: camel case and underscores split, white space collapsed."""
    return " ".join(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text).replace("_", " ").lower().split())


def _normalise_description(text: str) -> str:
    """Spaced words without remarks in brackets."""
    return spaced(re.sub(r"\([^()]*\)", " ", text))
