"""Sentences: captions without motion, and tables of what a frozen encoder reads in them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from motiongpt.data.json_lines import read_json_lines
from motiongpt.lm.sentence_encoder import SentenceEncoder, sentence_vectors
from motiongpt.text.captions import normalise_caption
from motiongpt.text.contrasts import contrasts

_BATCH = 256


def read_sentences(path: str | Path) -> list[str]:
    """All captions of a table of JSON lines (plain or .gz), cleaned, rows of the test split left out.

    Raises:
        MotionGPTError: unreadable file, or a line without captions (named).
    """

    def captions(row: Any) -> list[str]:
        return [normalise_caption(caption) for caption in (row["captions"] if row.get("split") != "test" else [])]

    rows = read_json_lines(path, captions, "a caption row: an object with captions and split")
    return [sentence for row in rows for sentence in row if sentence]


class SentenceTable:
    """Different sentences, each read once by a frozen encoder.

    Attributes:
        sentences: by number.
        states: (L, hidden_size) float16 for each sentence that `read` has seen.
        vectors: (N, hidden_size) float32 unit vectors of the same.
        contrasts: what each sentence says of each contrast.
    """

    def __init__(self, sentence_encoder: SentenceEncoder) -> None:
        self.sentence_encoder = sentence_encoder
        self.sentences: list[str] = []
        self.states: list[Tensor] = []
        self.vectors = np.empty((0, sentence_encoder.config.hidden_size), dtype=np.float32)
        self.contrasts: list[frozenset[tuple[str, int]]] = []
        self._numbers: dict[str, int] = {}

    def add(self, sentence: str) -> int:
        """The number of a sentence."""
        number = self._numbers.setdefault(sentence, len(self.sentences))
        if number == len(self.sentences):
            self.sentences.append(sentence)
            self.contrasts.append(contrasts(sentence))
        return number

    def read(self) -> None:
        """States and vectors of the sentences added since the last time."""
        new = self.sentences[len(self.states) :]
        # Of about one length together.
        order = sorted(range(len(new)), key=lambda number: len(new[number]))
        states: list[Tensor] = [torch.empty(0)] * len(new)
        vectors = np.empty((len(new), self.vectors.shape[1]), dtype=np.float32)
        for start in tqdm(range(0, len(order), _BATCH), desc="sentences", unit="batch", mininterval=2):
            chosen = order[start : start + _BATCH]
            with torch.autocast("cpu", dtype=torch.bfloat16):
                read = self.sentence_encoder.encode([new[number] for number in chosen])
            vectors[chosen] = sentence_vectors(read).numpy()
            for number, state in zip(chosen, read, strict=True):
                states[number] = state.half().clone()
        self.states += states
        self.vectors = np.concatenate([self.vectors, vectors])

    def same(self, numbers: Sequence[int], threshold: float) -> np.ndarray:
        """(B, B) bool: which of the sentences say the same, as far as vectors and contrasts tell."""
        vectors = self.vectors[numbers]
        told = [self.contrasts[number] for number in numbers]
        return (vectors @ vectors.T >= threshold) & np.array([[one == other for other in told] for one in told])
