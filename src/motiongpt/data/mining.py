"""Sentences without motion that say what a caption with motion says: found by a pretrained text encoder.

The captions of a large data set tell many motions that a small one has, in words that the small one has not. A
sentence says the same as a caption when it lies close to it in the space of the encoder, and agrees in everything in
which similar sentences differ (:mod:`motiongpt.text.contrasts`).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from motiongpt.data.json_lines import read_json_lines, write_json_lines
from motiongpt.data.layout import MotionTextDataset
from motiongpt.data.sentences import SentenceTable, read_sentences
from motiongpt.errors import MotionGPTError
from motiongpt.lm.sentence_encoder import SentenceEncoder
from motiongpt.text.captions import normalise_caption

# How often training exchanges a caption for a sentence that says the same, where there is one.
MINED_SHARE = 0.5


def mine_sentences(
    root: str | Path, captions: str | Path, output: str | Path, *, threshold: float = 0.8, text_encoder: str = "minilm"
) -> tuple[int, int]:
    """Write which sentences of a caption table say the same as a caption of the training split.

    Args:
        root: data set in the HumanML3D layout.
        captions: caption table, as of :func:`motiongpt.data.sentences.read_sentences`.
        output: file of JSON lines (gzip), a caption and its sentences each, that `read_mined` reads.
        threshold: cosine from which two sentences say the same.
        text_encoder: ``minilm`` (of the extra ``pretrained``) or the folder of a BERT.

    Returns:
        How many captions have sentences, and how many sentences they have.

    Raises:
        MotionGPTError: data set, table or text encoder cannot be read, or the file not be written.
    """
    if not 0 < threshold <= 1:
        raise MotionGPTError(f"threshold is a cosine above 0 and at most 1, but is {threshold}.")
    dataset = MotionTextDataset(root, "train", captioned=True)
    table = SentenceTable(SentenceEncoder.pretrained(text_encoder))
    for item in dataset.captions:
        for caption in item:
            if text := normalise_caption(caption.text):
                table.add(text)
    mined = mine(read_sentences(captions), table, threshold)
    rows = (
        {"caption": table.sentences[number], "sentences": [table.sentences[one] for one in found]}
        for number, found in sorted(mined.items())
    )
    return write_json_lines(output, rows), sum(map(len, mined.values()))


def mine(sentences: Iterable[str], table: SentenceTable, threshold: float) -> dict[int, list[int]]:
    """For numbers of sentences in a table, the numbers of new sentences that say the same.

    Args:
        sentences: new ones; they are added to the table.
        table: the captions that have motion.
        threshold: cosine from which two sentences say the same.
    """
    table.read()
    known = len(table.sentences)
    for sentence in sentences:
        table.add(sentence)
    table.read()
    alike: dict[frozenset[tuple[str, int]], list[int]] = {}
    for number in range(known):
        alike.setdefault(table.contrasts[number], []).append(number)
    mined: dict[int, list[int]] = {}
    for number in range(known, len(table.sentences)):
        candidates = alike.get(table.contrasts[number])
        if candidates:
            likeness = table.vectors[candidates] @ table.vectors[number]
            best = int(likeness.argmax())
            if likeness[best] >= threshold:
                mined.setdefault(candidates[best], []).append(number)
    return mined


def read_mined(path: str | Path) -> dict[str, list[str]]:
    """Sentences that say the same as a caption, by caption.

    Raises:
        MotionGPTError: the file cannot be read, or a line is no such pair (named).
    """
    expected = "a caption with its sentences, as data mine writes it"
    return dict(read_json_lines(path, lambda row: (row["caption"], [str(one) for one in row["sentences"]]), expected))
