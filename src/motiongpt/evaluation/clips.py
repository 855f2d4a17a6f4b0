"""The real clips that a model is measured on, read from a data set in the HumanML3D layout."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from motiongpt.data.layout import TEXTS, MotionText, MotionTextDataset
from motiongpt.data.texts import token_columns, tokens
from motiongpt.errors import MotionGPTError
from motiongpt.motion import Motion


@dataclass(frozen=True)
class Clip:
    """A clip of a data set that was not trained on.

    Attributes:
        id: as in the list of the data set.
        source: where it was captured, ``"all"`` if unknown.
        motion: in canonical placement.
        captions: may be empty.
        lemmas: the captions lemmatised, if the data set has lemmas; empty otherwise.
    """

    id: str
    source: str
    motion: Motion
    captions: tuple[str, ...]
    lemmas: tuple[str, ...] = ()


def read_clips(
    root: str | Path,
    split: str = "test",
    limit: int | None = None,
    *,
    mirrored: bool = False,
    min_frames: int = 1,
    max_frames: int | None = None,
) -> list[Clip]:
    """Read the clips of a split.

    Args:
        root: data set in the HumanML3D layout; the ``source`` column of its ``clips.csv`` is used if there is one.
        split: name of the list.
        limit: take about this many clips, spread evenly over the list.
        mirrored: include mirrored clips (ids that start with M), which are no further evidence.
        min_frames, max_frames: bounds of the feature rows of a clip, both included.

    Raises:
        MotionGPTError: the data set cannot be read, or has only mirrored clips.
    """
    data = MotionTextDataset(root, split, min_frames=min_frames, max_frames=max_frames)
    sources = _sources(Path(root) / "clips.csv")
    chosen = [index for index, name in enumerate(data.ids) if mirrored or not name.startswith("M")]
    if not chosen:
        raise MotionGPTError(
            f"{Path(root) / f'{split}.txt'} lists only mirrored clips: choose another list, or include mirrored clips."
        )
    if limit is not None and limit < len(chosen):
        chosen = [chosen[round(place)] for place in np.linspace(0, len(chosen) - 1, limit)]
    return [_clip(data[index], data, sources) for index in chosen]


def _clip(item: MotionText, data: MotionTextDataset, sources: dict[str, str]) -> Clip:
    name = item.id.split("[")[0]
    motion = Motion.from_features(item.features, data.skeleton, name=item.id)
    captions = tuple(caption.text for caption in item.captions)
    columns = token_columns(data.root / TEXTS / f"{name}.txt") if captions else {}
    lemmas = tuple(_words(columns[text]) for text in captions)
    # A data set without lemmas repeats the words themselves in its token column.
    unlemmatised = tuple(_words(tokens(text)) for text in captions)
    return Clip(item.id, sources.get(name, "all"), motion, captions, () if lemmas == unlemmatised else lemmas)


def _words(tagged: str) -> str:
    """Tokens ``word/POS`` without their parts of speech."""
    return " ".join(token.split("/")[0] for token in tagged.split())


def _sources(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        return {row["id"]: row["source"] for row in csv.DictReader(file)}
