"""The actions that joints can show, and the English of each: the table ``actions.yaml`` next to this module.

A row names its detector of :mod:`motiongpt.motion.detectors`; what the columns mean stands at the head of the file.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from motiongpt.files import read_yaml


@dataclass(frozen=True)
class Reading:
    """One way in which sentences ask for an action.

    Attributes:
        says: patterns of which one must match.
        unless: patterns of which none may match.
        arguments: of the detector, some with the placeholder ``SIDE`` or ``TIMES``.
    """

    says: tuple[str, ...]
    unless: tuple[str, ...] = ()
    arguments: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Action:
    """A row of the table.

    Attributes:
        detector: function of :mod:`motiongpt.motion.detectors`.
        kind: ``"action"``, ``"gait"``, ``"direction"`` or ``"manner"``.
        limbs: ``"arms"`` or ``"legs"`` for an action of these alone, else ``""``.
        ends: verbs of an action with an end.
        may_end: verbs of an action with an end that may be one motion with what is before.
        nouns: what one does of it.
        arm_words, leg_words: words that say that arms or legs are busy.
        readings: how sentences ask for it.
        sentences: its canonical sentences, and the verb phrases that say the same as each.
    """

    detector: str
    readings: tuple[Reading, ...]
    kind: str = "action"
    limbs: str = ""
    ends: tuple[str, ...] = ()
    may_end: tuple[str, ...] = ()
    nouns: tuple[str, ...] = ()
    arm_words: tuple[str, ...] = ()
    leg_words: tuple[str, ...] = ()
    sentences: tuple[tuple[str, tuple[str, ...]], ...] = ()


@cache
def _table() -> dict[str, Any]:
    return read_yaml("motiongpt.text", "actions.yaml")


@cache
def action_table() -> dict[str, Action]:
    """All actions by their detectors, in the order of the table."""
    return {detector: _action(detector, row) for detector, row in _table()["actions"].items()}


def _action(detector: str, row: dict[str, Any]) -> Action:
    readings = tuple(
        Reading(**{key: tuple(value.items()) if key == "arguments" else tuple(value) for key, value in reading.items()})
        for reading in row["readings"]
    )
    sentences = tuple((sentence, phrases_in(text)) for sentence, text in row.get("sentences", {}).items())
    others: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in row.items()
        if key not in ("readings", "sentences")
    }
    return Action(detector=detector, readings=readings, sentences=sentences, **others)


def phrases_in(text: str) -> tuple[str, ...]:
    """The phrases of a text that separates them by semicolons."""
    return tuple(text.split("; ")) if text else ()


def parts() -> dict[str, str]:
    """Parts of the patterns of readings, by the names that stand for them."""
    return {name: f"(?:{part})" for name, part in _table()["parts"].items()}


def limb_nouns(limbs: str) -> str:
    """Pattern of the nouns of ``"arms"`` or ``"legs"``."""
    return _table()["limbs"][limbs]


def unjudged_phrases() -> tuple[str, ...]:
    """Verb phrases of what no detector can judge."""
    return phrases_in(_table()["unjudged"])


def words(column: str) -> list[str]:
    """All entries of a column of the table that lists words, such as ``"ends"``."""
    return [word for action in action_table().values() for word in getattr(action, column)]
