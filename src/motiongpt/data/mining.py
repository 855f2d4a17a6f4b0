"""Mining: sentences without motion that mean the same as a caption, found by a pretrained text encoder.

The captions of a large data set describe many motions of a small one in other words. A sentence matches a caption when
their vectors are close and they agree in every contrast, in which such vectors hardly differ
(:mod:`motiongpt.text.contrasts`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from motiongpt.data.captions import read_sentences
from motiongpt.data.json_lines import read_json_lines, write_json_lines
from motiongpt.data.layout import MotionTextDataset
from motiongpt.errors import MotionGPTError
from motiongpt.lm.sentence_encoder import SentenceEncoder, sentence_vectors
from motiongpt.text.captions import normalise_caption
from motiongpt.text.contrasts import contrasts

# Probability with which training replaces a caption by a mined sentence, where there is one.
MINED_SHARE = 0.5
# Sentences encoded at once.
_BATCH = 256


class SentenceTable:
    """Different sentences, each encoded once by a frozen encoder.

    Attributes:
        sentences: the sentences by index.
        states: (L, hidden_size) float16 of each encoded sentence.
        vectors: (N, hidden_size) float32 unit vectors of the encoded sentences.
        contrasts: what each sentence says of each contrast.
    """

    def __init__(self, encoder: SentenceEncoder) -> None:
        self.encoder = encoder
        self.sentences: list[str] = []
        self.states: list[Tensor] = []
        self.vectors = np.empty((0, encoder.config.hidden_size), dtype=np.float32)
        self.contrasts: list[frozenset[tuple[str, int]]] = []
        self._indices: dict[str, int] = {}

    def add(self, sentence: str) -> int:
        """Index of a sentence, which is added if it is new."""
        index = self._indices.setdefault(sentence, len(self.sentences))
        if index == len(self.sentences):
            self.sentences.append(sentence)
            self.contrasts.append(contrasts(sentence))
        return index

    def encode(self) -> None:
        """Encode the sentences added since the last call."""
        new = self.sentences[len(self.states) :]
        # Sentences of similar length share a batch.
        order = sorted(range(len(new)), key=lambda index: len(new[index]))
        states: list[Tensor] = [torch.empty(0)] * len(new)
        vectors = np.empty((len(new), self.vectors.shape[1]), dtype=np.float32)
        for start in tqdm(range(0, len(order), _BATCH), desc="sentences", unit="batch", mininterval=2):
            batch = order[start : start + _BATCH]
            with torch.autocast("cpu", dtype=torch.bfloat16):
                encoded = self.encoder.encode([new[index] for index in batch])
            vectors[batch] = sentence_vectors(encoded).numpy()
            for index, state in zip(batch, encoded, strict=True):
                states[index] = state.half().clone()
        self.states += states
        self.vectors = np.concatenate([self.vectors, vectors])

    def same(self, indices: Sequence[int], threshold: float) -> np.ndarray:
        """(B, B) bool: which of the sentences mean the same by their vectors and contrasts."""
        vectors = self.vectors[indices]
        groups = [self.contrasts[index] for index in indices]
        return (vectors @ vectors.T >= threshold) & np.array([[one == other for other in groups] for one in groups])


def mine_sentences(
    root: str | Path, captions: str | Path, output: str | Path, *, threshold: float = 0.8, text_encoder: str = "minilm"
) -> tuple[int, int]:
    """Write which sentences of a caption table mean the same as a caption of the training split.

    Args:
        root: data set in the HumanML3D layout.
        captions: caption table, see :func:`motiongpt.data.captions.read_sentences`.
        output: file of JSON lines (gzip), one caption with its sentences per line; :func:`read_mined` reads it.
        threshold: cosine similarity from which two sentences mean the same.
        text_encoder: ``minilm`` (of the extra ``pretrained``) or the folder of a BERT.

    Returns:
        Number of captions with sentences, and number of these sentences.

    Raises:
        MotionGPTError: the data set, the table or the text encoder is unreadable, or the file not writable.
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
        {"caption": table.sentences[index], "sentences": [table.sentences[one] for one in found]}
        for index, found in sorted(mined.items())
    )
    return write_json_lines(output, rows), sum(map(len, mined.values()))


def mine(sentences: Iterable[str], table: SentenceTable, threshold: float) -> dict[int, list[int]]:
    """Indices of the new sentences that mean the same as a sentence of the table, by its index.

    Args:
        sentences: new sentences; they are added to the table.
        table: captions with motion.
        threshold: cosine similarity from which two sentences mean the same.
    """
    table.encode()
    known = len(table.sentences)
    for sentence in sentences:
        table.add(sentence)
    table.encode()
    groups: dict[frozenset[tuple[str, int]], list[int]] = {}
    for index in range(known):
        groups.setdefault(table.contrasts[index], []).append(index)
    mined: dict[int, list[int]] = {}
    for index in range(known, len(table.sentences)):
        candidates = groups.get(table.contrasts[index])
        if candidates:
            similarity = table.vectors[candidates] @ table.vectors[index]
            best = int(similarity.argmax())
            if similarity[best] >= threshold:
                mined.setdefault(candidates[best], []).append(index)
    return mined


def read_mined(path: str | Path) -> dict[str, list[str]]:
    """Sentences of the same meaning, by caption.

    Raises:
        MotionGPTError: the file is unreadable, or a line malformed (named).
    """
    expected = "a caption with its sentences, as data mine writes it"
    return dict(read_json_lines(path, lambda row: (row["caption"], [str(one) for one in row["sentences"]]), expected))
