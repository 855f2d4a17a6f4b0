"""What the probes ask for: kinds of motion whose truth geometry can decide, and the real clips that show them.

The kinds and their sentences are in ``kinds.yaml`` next to this module; its head explains it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from motiongpt.evaluation import predicates
from motiongpt.language.grammar import read_yaml

_NEVER = r"(?!)"


@dataclass(frozen=True)
class Kind:
    """One thing a sentence can ask for, and how to tell it.

    Attributes:
        predicate: name of a function of :mod:`motiongpt.evaluation.predicates`.
        arguments: of that function.
        sentences: what a model is asked.
        says: pattern of captions, in lower case, that say it.
        unless: pattern of captions that say something else besides and do not count.
        near: pattern of words close to it; clips whose captions have none are of other kinds.
        share: share of the captions of a clip that must say it: less for kinds that few people put in these words.
    """

    predicate: str
    sentences: tuple[str, ...]
    says: str
    near: str
    unless: str = _NEVER
    share: float = 0.5
    arguments: dict[str, Any] = field(default_factory=dict)

    def holds(self, joints: np.ndarray) -> bool:
        """Whether the predicate says yes of joints (T, 22, 3)."""
        return bool(getattr(predicates, self.predicate)(joints, **self.arguments))

    def includes(self, captions: Sequence[str]) -> bool | None:
        """Whether a clip with these captions is of this kind (True), of another (False), or neither for sure (None)."""
        texts = [caption.lower() for caption in captions]
        said = sum(bool(re.search(self.says, text)) and not re.search(self.unless, text) for text in texts)
        if said and said >= self.share * len(texts):
            return True
        return False if texts and not any(re.search(self.near, text) for text in texts) else None


def _kinds() -> Iterator[tuple[str, Kind]]:
    content = read_yaml("motiongpt.evaluation", "kinds.yaml")
    for name, entry in content["kinds"].items():
        words = [word for item in entry["near"] for word in content["near"].get(item, [item])]
        for side in ("left", "right") if "SIDE" in name else ("",):
            # Without a side there is no SIDE to exchange.
            other = {"left": "right", "right": "left", "": ""}[side]
            unless = entry.get("unless", []) + ([rf"\b(?:{other}|both)\b"] if side else [])
            yield (
                name.replace("SIDE", side),
                Kind(
                    predicate=entry["predicate"],
                    sentences=tuple(sentence.replace("SIDE", side) for sentence in entry["sentences"]),
                    says="|".join(entry["says"]).replace("SIDE", side),
                    near="|".join(words),
                    unless="|".join(unless) or _NEVER,
                    share=entry.get("share", 0.5),
                    arguments={"side": side} if side else {},
                ),
            )


KINDS: dict[str, Kind] = dict(_kinds())
