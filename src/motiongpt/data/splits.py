"""Train, validation and test by recording, so that no recording is in two splits."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping

from motiongpt.data.captions import CaptionRow
from motiongpt.data.sources import Trial

VAL_SHARE = 0.05
TEST_SHARE = 0.10


def assign_splits(trials: Iterable[Trial], rows: Mapping[str, list[CaptionRow]], seed: int) -> dict[str, str]:
    """Split of every capture.

    A capture with a HumanML3D row in test goes to test, else with one in val to val, else with one in train to train:
    published test clips are never trained on. Other recordings are drawn by a seeded hash of their name, so that adding
    recordings moves none of the others. Cuts are spread over the splits class by class.
    """
    published: dict[str, set[str]] = defaultdict(set)
    classes: dict[str, list[str]] = defaultdict(list)
    for trial in trials:
        published[trial.capture].update(row.split for row in rows.get(trial.id, ()))
        if trial.cut:
            classes[f"{trial.source} {trial.words}"].append(trial.capture)
    splits = {}
    for capture, known in published.items():
        given = next((split for split in ("test", "val", "train") if split in known), None)
        splits[capture] = given or _split_at(_uniform(capture, seed))
    for captures in classes.values():
        order = sorted(captures, key=lambda capture: _uniform(capture, seed))
        for rank, capture in enumerate(order):
            splits[capture] = _split_at((rank + 0.5) / len(order))
    return splits


def _split_at(value: float) -> str:
    if value < TEST_SHARE:
        return "test"
    return "val" if value < TEST_SHARE + VAL_SHARE else "train"


def _uniform(name: str, seed: int) -> float:
    """A number in [0, 1) that depends on the name and the seed alone."""
    digest = hashlib.blake2b(f"{seed} {name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64
