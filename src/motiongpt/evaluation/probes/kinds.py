"""What the probes ask for: kinds of motion whose truth geometry can decide, and the real clips that show them.

The kinds and their sentences are in ``kinds.yaml`` next to this module; its head explains it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from motiongpt.evaluation.probes import predicates
from motiongpt.files import read_yaml

# Of sentences: in words of captions, in words no caption has, and of two actions.
GROUPS = ("seen", "paraphrases", "compounds")

_NEVER = r"(?!)"
_KEY = re.compile(r"\*(\w+)\*")


@dataclass(frozen=True)
class Kind:
    """One thing a sentence can ask for, and how to tell it.

    Attributes:
        category: what rates are summed up by.
        predicate: name of a function of :mod:`motiongpt.evaluation.probes.predicates`.
        arguments: of that function.
        sentences: what a model is asked, by group.
        keys: words of the paraphrases that no caption of the training corpus has.
        says: pattern of captions, in lower case, that say it.
        unless: pattern of captions that say something else besides and do not count.
        near: pattern of words close to it; clips whose captions have none are of other kinds. None: cannot be told.
        share: share of the captions of a clip that must say it: less for kinds that few people put in these words.
        quiet: real stretches in which a standing body does not move are examples of this one.
        made_of: kinds whose clips one after the other are an example of this one.
    """

    category: str
    predicate: str
    sentences: dict[str, tuple[str, ...]]
    keys: tuple[str, ...] = ()
    says: str = _NEVER
    near: str | None = None
    unless: str = _NEVER
    share: float = 0.5
    arguments: dict[str, Any] = field(default_factory=dict)
    quiet: bool = False
    made_of: tuple[str, ...] = ()

    def holds(self, joints: np.ndarray) -> bool:
        """Whether the predicate says yes of joints (T, 22, 3)."""
        return bool(getattr(predicates, self.predicate)(joints, **self.arguments))

    def includes(self, captions: Sequence[str]) -> bool | None:
        """Whether a clip with these captions is of this kind (True), of another (False), or neither for sure (None)."""
        texts = [caption.lower() for caption in captions]
        said = sum(bool(re.search(self.says, text)) and not re.search(self.unless, text) for text in texts)
        if said and said >= self.share * len(texts):
            return True
        if self.near is None or not texts or any(re.search(self.near, text) for text in texts):
            return None
        return False


@dataclass(frozen=True)
class Compound:
    """Two kinds in one sentence.

    Attributes:
        category: ``"order"``, one after the other, or ``"while"``, at the same time.
        first, second: keys of :data:`KINDS`.
        sentences: what a model is asked, by group.
    """

    category: str
    first: str
    second: str
    sentences: dict[str, tuple[str, ...]]

    @property
    def sided(self) -> bool:
        """Whether left and right are told apart."""
        return any("side" in KINDS[name].arguments for name in (self.first, self.second))

    def holds(self, joints: np.ndarray) -> bool:
        """Whether joints (T, 22, 3) show both, in this order or at the same time."""
        relation = predicates.in_order if self.category == "order" else predicates.both
        return relation(joints, KINDS[self.first].holds, KINDS[self.second].holds)


def _sided(text: str, side: str) -> str:
    other = {"left": "right", "right": "left", "": ""}[side]
    return text.replace("SIDE", side).replace("OTHER", other)


def _plain(marked: str) -> str:
    return _KEY.sub(r"\1", marked)


def _kinds() -> Iterator[tuple[str, Kind]]:
    content = read_yaml("motiongpt.evaluation.probes", "kinds.yaml")
    for name, entry in content["kinds"].items():
        near = [word for item in entry.get("near", ()) for word in content["near"].get(item, [item])]
        for side in _sides(name):
            unless = entry.get("unless", []) + ([rf"\b(?:{_sided('OTHER', side)}|both)\b"] if side else [])
            marked = {group: [_sided(text, side) for text in entry.get(group, ())] for group in ("seen", "paraphrases")}
            arguments = entry.get("arguments", {})
            yield (
                _sided(name, side),
                Kind(
                    category=entry["category"],
                    predicate=entry["predicate"],
                    sentences={group: tuple(map(_plain, texts)) for group, texts in marked.items()},
                    keys=tuple(key for text in marked["paraphrases"] for key in _KEY.findall(text)),
                    says=_sided("|".join(entry.get("says", ())), side) or _NEVER,
                    near="|".join(near) or None,
                    unless="|".join(unless) or _NEVER,
                    share=entry.get("share", 0.5),
                    arguments={key: side if value == "SIDE" else value for key, value in arguments.items()},
                    quiet=entry.get("quiet", False),
                    made_of=tuple(entry.get("made_of", ())),
                ),
            )


def _compounds() -> Iterator[tuple[str, Compound]]:
    for entry in read_yaml("motiongpt.evaluation.probes", "kinds.yaml")["compounds"]:
        category = "order" if "order" in entry else "while"
        for side in _sides(" ".join(entry[category])):
            first, second = (_sided(name, side) for name in entry[category])
            joint = ", then " if category == "order" else " while: "
            sentences = tuple(_sided(text, side) for text in entry["sentences"])
            yield f"{first}{joint}{second}", Compound(category, first, second, {"compounds": sentences})


def _sides(name: str) -> tuple[str, ...]:
    """Without SIDE there is nothing to exchange."""
    return ("left", "right") if "SIDE" in name else ("",)


KINDS: dict[str, Kind] = dict(_kinds())
COMPOUNDS: dict[str, Compound] = dict(_compounds())
# All of them, by name.
ASKED: dict[str, Kind | Compound] = {**KINDS, **COMPOUNDS}
