"""Libraries are made of data sets: which recordings are taken, and their vectors."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from motiongpt.data.layout import CLIP_TABLE, MotionText, MotionTextDataset
from motiongpt.errors import MotionGPTError
from motiongpt.lm.sentence_encoder import sentence_vectors
from motiongpt.motion import HUMANML3D, Motion
from motiongpt.motion.plausibility import faults
from motiongpt.retrieval.library import MAX_FRAMES, Library, Recording, pack, stretches
from motiongpt.retrieval.matcher import Matcher
from motiongpt.text.captions import normalise_caption
from motiongpt.text.patterns import unique
from motiongpt.tokenizer import MotionTokenizer

# Captions of a recording: more of the same words find no more.
_CAPTIONS = 6
_BATCH = 64


def index_dataset(
    root: str | Path, splits: Sequence[str], matcher: Matcher, tokenizer: MotionTokenizer
) -> tuple[Library, dict[str, int]]:
    """The library of the clips of a data set. Mirror images are left out, since a search looks for both sides.

    Args:
        root: folder in the HumanML3D layout.
        splits: names of its lists.
        matcher, tokenizer: of the model that will use the library.

    Returns:
        The library, and the number of clips that were left out, by reason.

    Raises:
        MotionGPTError: the data set is unreadable or of another skeleton, or no clip is usable.
    """
    root = Path(root)
    origins = _origins(root)
    rows: list[tuple[Recording, Motion]] = []
    left_out: dict[str, int] = {}
    for split in splits:
        dataset = MotionTextDataset(root, split)
        if dataset.skeleton is not HUMANML3D:
            raise MotionGPTError(f"{root} has the skeleton {dataset.skeleton.name}; a library needs {HUMANML3D.name}.")
        ids = set(dataset.ids)
        for item in dataset:
            clip = item.id.partition("[")[0]
            if clip.startswith("M") and (clip[1:] in ids or origins.get(clip, {}).get("mirrored") == "1"):
                continue
            motion = Motion.from_features(item.features, name=item.id).canonical()
            if reason := _unfit(motion):
                left_out[reason] = left_out.get(reason, 0) + 1
                continue
            rows.append((_recording(item, origins.get(clip, {})), motion))
    if not rows:
        raise MotionGPTError(f"No clip of {root} can be part of a library; left out: {left_out}.")
    return index(rows, matcher, tokenizer), left_out


def index(rows: Sequence[tuple[Recording, Motion]], matcher: Matcher, tokenizer: MotionTokenizer) -> Library:
    """The library of recordings: canonical motions (T, 22, 3) at 20 fps in HumanML3D's proportions."""
    motions = [motion for _, motion in rows]
    parts = [(n, start, end) for n, motion in enumerate(motions) for start, end in stretches(len(motion))]
    vectors = []
    for first in tqdm(range(0, len(parts), _BATCH), desc="stretches", unit="batch", disable=None):
        some = [motions[n][start:end].canonical().features() for n, start, end in parts[first : first + _BATCH]]
        # The matcher has learned to see motions through coarse codes.
        codes = tokenizer.encode_batch(some, coarse=True)
        vectors.append(matcher.embed_motions(tokenizer.decode_batch(codes)))
    captions = [caption for one, _ in rows for caption in one.captions]
    encoded = [
        sentence_vectors(matcher.sentence_encoder.encode(captions[first : first + _BATCH])).cpu().numpy()
        for first in range(0, len(captions), _BATCH)
    ]
    width = matcher.sentence_encoder.config.hidden_size
    return Library(
        [one for one, _ in rows],
        [pack(motion.joints) for motion in motions],
        np.array([len(motion) for motion in motions]),
        np.concatenate(encoded) if encoded else np.empty((0, width), dtype=np.float32),
        np.array(parts),
        np.concatenate(vectors),
    )


def _origins(root: Path) -> dict[str, dict[str, str]]:
    """Rows of the table of clips by id; none for a data set without one."""
    table = root / CLIP_TABLE
    if not table.is_file():
        return {}
    with table.open(encoding="utf-8", newline="") as file:
        return {row["id"]: row for row in csv.DictReader(file)}


def _unfit(motion: Motion) -> str | None:
    """Why a recording cannot be shown on level ground, or None."""
    if not 10 <= len(motion) <= MAX_FRAMES:
        return "too short or too long"
    return None if faults(motion.joints).clean else "not on level ground"


def _recording(item: MotionText, row: dict[str, str]) -> Recording:
    captions = unique(filter(None, (normalise_caption(caption.text) for caption in item.captions)))
    origin = f"{row['source']} {row['trial']}" if row else ""
    return Recording(item.id, origin, row.get("licence", ""), tuple(captions[:_CAPTIONS]))
