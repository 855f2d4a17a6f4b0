"""Train, validation and test by recording, so that no recording is in two splits."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable

from motiongpt.data.recordings import Recording

VAL_SHARE = 0.05
TEST_SHARE = 0.10


def assign_splits(recordings: Iterable[Recording], seed: int) -> dict[str, str]:
    """Split of every capture.

    A capture that a table places in test goes to test, else one in val to val, else one in train to train: published
    test clips are never trained on. Others are drawn by a seeded hash of their name, so that adding recordings moves
    none of the others. Cuts are spread over the splits class by class. A split that stays empty, as in a small
    collection, gets a drawn capture of the largest one.
    """
    given: dict[str, set[str]] = defaultdict(set)
    classes: dict[str, list[str]] = defaultdict(list)
    for recording in recordings:
        given[recording.capture].update(recording.splits)
        if recording.cut:
            classes[f"{recording.source} {recording.description}"].append(recording.capture)
    splits = {}
    drawn = []
    for capture, known in given.items():
        split = next((split for split in ("test", "val", "train") if split in known), None)
        splits[capture] = split or _split_at(_uniform(capture, seed))
        drawn += [] if split else [capture]
    for captures in classes.values():
        order = sorted(captures, key=lambda capture: _uniform(capture, seed))
        for rank, capture in enumerate(order):
            splits[capture] = _split_at((rank + 0.5) / len(order))
    for lacking in ("train", "test", "val"):
        counts = Counter(splits.values())
        free = [capture for capture in drawn if counts[splits[capture]] > (lacking != "train")]
        if not counts[lacking] and free:
            splits[max(free, key=lambda one: (counts[splits[one]], _uniform(one, seed)))] = lacking
    return splits


def _split_at(value: float) -> str:
    if value < TEST_SHARE:
        return "test"
    return "val" if value < TEST_SHARE + VAL_SHARE else "train"


def _uniform(name: str, seed: int) -> float:
    """A number in [0, 1) that depends on the name and the seed alone."""
    digest = hashlib.blake2b(f"{seed} {name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64
