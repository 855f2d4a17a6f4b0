"""The kinds of motion that probes ask for, whose truth geometry can decide, and the real clips that show them.

The kinds and their sentences are in the folder ``kinds`` next to this module, one YAML file per group of actions, each
a mapping of name to:

- ``category``: rates are summed up by category.
- ``predicate``, ``arguments``: a function of :mod:`motiongpt.evaluation.probes.predicates`, and its arguments besides
  the joints.
- ``seen``: sentences in the words of captions.
- ``paraphrases``: sentences with key words, between *asterisks*, that no caption of the training corpus has.
- ``says``, ``unless``, ``share``: a real clip is of the kind if at least this share of its captions (0.5 by default)
  matches one of the patterns ``says`` and none of ``unless``.
- ``near``: a clip whose captions have none of these words is of another kind. An entry is a pattern, or in capitals the
  name of a list in ``near.yaml``.
- ``quiet``: stretches of clips in which a standing body does not move are real examples as well.
- ``made_of``: kinds whose real clips, one after the other, are a real example; cut to the argument ``seconds`` if there
  is one.

``compounds.yaml`` lists two kinds in one sentence: ``order`` (one after the other) or ``while`` (at the same time).

Patterns are regular expressions on captions in lower case. A name with SIDE stands for two kinds, left and right: SIDE
is replaced everywhere (OTHER by the other side), and captions with the other side or "both" do not count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from motiongpt.evaluation.probes import predicates
from motiongpt.files import read_yaml
from motiongpt.text.patterns import fill, sides_of

GROUPS = ("seen", "paraphrases", "compounds")
"""Groups of sentences: in the words of captions, in words that no caption has, and with two actions."""

# The order of the files is the order of the probes: seeds and reports depend on it.
_FILES = (
    "directions", "turns", "speeds", "heights", "legs", "arms", "stillness", "manners", "counts", "durations", "parts",
)  # fmt: skip
_NEVER = r"(?!)"
_KEY = re.compile(r"\*(\w+)\*")


@dataclass(frozen=True)
class Kind:
    """One kind of motion that a sentence can ask for, and how to verify it.

    Attributes:
        category: rates are summed up by category.
        predicate: name of a function of :mod:`motiongpt.evaluation.probes.predicates`.
        arguments: of that function.
        sentences: the prompts, by group.
        keys: words of the paraphrases that no caption of the training corpus has.
        says: pattern of captions, in lower case, that say it.
        unless: pattern of captions that say something else besides and do not count.
        near: pattern of related words; a clip whose captions have none of them is of another kind. None: undecidable.
        share: share of the captions of a clip that must say it: less for kinds that few people put in these words.
        quiet: real stretches in which a standing body does not move are examples of this kind.
        made_of: kinds whose clips one after the other are an example of this kind.
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
        """Whether the predicate holds for joints (T, 22, 3)."""
        return bool(getattr(predicates, self.predicate)(joints, **self.arguments))

    def includes(self, captions: Sequence[str]) -> bool | None:
        """Whether a clip with these captions is of this kind (True), of another kind (False), or unclear (None)."""
        texts = [caption.lower() for caption in captions]
        matches = sum(bool(re.search(self.says, text)) and not re.search(self.unless, text) for text in texts)
        if matches and matches >= self.share * len(texts):
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
        sentences: the prompts, by group.
    """

    category: str
    first: str
    second: str
    sentences: dict[str, tuple[str, ...]]

    @property
    def sided(self) -> bool:
        """Whether the compound depends on left and right."""
        return any("side" in KINDS[name].arguments for name in (self.first, self.second))

    def holds(self, joints: np.ndarray) -> bool:
        """Whether joints (T, 22, 3) show both kinds, in this order or at the same time."""
        relation = predicates.in_order if self.category == "order" else predicates.both
        return relation(joints, KINDS[self.first].holds, KINDS[self.second].holds)


def _without_marks(marked: str) -> str:
    return _KEY.sub(r"\1", marked)


def _read(name: str) -> Any:
    return read_yaml("motiongpt.evaluation.probes", "kinds", f"{name}.yaml")


def _kinds() -> Iterator[tuple[str, Kind]]:
    near_lists = _read("near")
    for name, entry in (item for file in _FILES for item in _read(file).items()):
        near = [word for item in entry.get("near", ()) for word in near_lists.get(item, [item])]
        for side in sides_of(name):
            unless = entry.get("unless", []) + ([rf"\b(?:{fill('OTHER', side)}|both)\b"] if side else [])
            marked = {group: [fill(text, side) for text in entry.get(group, ())] for group in ("seen", "paraphrases")}
            arguments = entry.get("arguments", {})
            yield (
                fill(name, side),
                Kind(
                    category=entry["category"],
                    predicate=entry["predicate"],
                    sentences={group: tuple(map(_without_marks, texts)) for group, texts in marked.items()},
                    keys=tuple(key for text in marked["paraphrases"] for key in _KEY.findall(text)),
                    says=fill("|".join(entry.get("says", ())), side) or _NEVER,
                    near="|".join(near) or None,
                    unless="|".join(unless) or _NEVER,
                    share=entry.get("share", 0.5),
                    arguments={key: side if value == "SIDE" else value for key, value in arguments.items()},
                    quiet=entry.get("quiet", False),
                    made_of=tuple(entry.get("made_of", ())),
                ),
            )


def _compounds() -> Iterator[tuple[str, Compound]]:
    for entry in _read("compounds"):
        category = "order" if "order" in entry else "while"
        for side in sides_of(" ".join(entry[category])):
            first, second = (fill(name, side) for name in entry[category])
            conjunction = ", then " if category == "order" else " while: "
            sentences = tuple(fill(text, side) for text in entry["sentences"])
            yield f"{first}{conjunction}{second}", Compound(category, first, second, {"compounds": sentences})


KINDS: dict[str, Kind] = dict(_kinds())
COMPOUNDS: dict[str, Compound] = dict(_compounds())
ALL_KINDS: dict[str, Kind | Compound] = {**KINDS, **COMPOUNDS}
"""Kinds and compounds by name."""
