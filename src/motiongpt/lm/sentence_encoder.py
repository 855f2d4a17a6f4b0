"""A frozen pretrained BERT that encodes sentences."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from torch import Tensor, nn

from motiongpt.errors import MotionGPTError
from motiongpt.files import atomic_path
from motiongpt.lm.text_encoder import Bert, TextEncoder, TextEncoderConfig, is_large, piece_number, read_pieces
from motiongpt.lm.tokenizer import encode_texts
from motiongpt.weights_io import config_from, load_weights, save_weights

SENTENCE_ENCODER_FOLDER = "reader"
"""Where a network of a model folder keeps its sentence encoder."""


class SentenceEncoder(nn.Module):
    """Sentences -> hidden states of their word pieces.

    Args:
        config: sizes of the BERT.
        pieces: its WordPiece tokenizer.
        network: the BERT; it is frozen.
    """

    def __init__(self, config: TextEncoderConfig, pieces: Tokenizer, network: Bert) -> None:
        super().__init__()
        self.config = config
        self.pieces = pieces
        # User input is text, even where it looks like "[MASK]".
        pieces.encode_special_tokens = True
        self.network = network.requires_grad_(False)
        self._start, self._end, self._padding = (piece_number(pieces, token) for token in ("[CLS]", "[SEP]", "[PAD]"))

    @classmethod
    def of(cls, encoder: TextEncoder) -> SentenceEncoder:
        """The sentence encoder that shares the network of a text encoder."""
        return cls(encoder.config, encoder.pieces, encoder.network)

    @classmethod
    def pretrained(cls, source: str) -> SentenceEncoder:
        """The BERT of :meth:`motiongpt.lm.text_encoder.TextEncoder.pretrained`."""
        return cls.of(TextEncoder.pretrained(source, 1, torch.Generator()))

    def equals(self, encoder: TextEncoder) -> bool:
        """Whether a text encoder has the same network and the same word pieces."""
        theirs = encoder.network.state_dict()
        return self.pieces.to_str() == encoder.pieces.to_str() and all(
            name in theirs and torch.equal(weight, theirs[name]) for name, weight in self.network.state_dict().items()
        )

    @torch.inference_mode()
    def encode(self, sentences: Sequence[str]) -> list[Tensor]:
        """States (L, hidden_size) of the last layer for each sentence: of [CLS], its word pieces and [SEP].

        Raises:
            MotionGPTError: a sentence is empty or not valid Unicode.
        """
        longest = self.config.positions - 2
        rows = [row[:longest] for row in encode_texts(self.pieces, sentences)]
        for number, row in enumerate(rows):
            if not row:
                raise MotionGPTError(f"Sentence {number} has no words: give at least one.")
        texts = torch.full((len(rows), max(map(len, rows)) + 2), self._padding)
        for text, row in zip(texts, rows, strict=True):
            text[: len(row) + 2] = torch.tensor([self._start, *row, self._end])
        texts = texts.to(self.network.embeddings.LayerNorm.weight.device)
        return list(self.network(texts, texts != self._padding)[-1].split([len(row) + 2 for row in rows]))

    def save(self, folder: Path) -> None:
        """Write the weights, with matrices as int8, and the tokenizer."""
        weights = self.network.state_dict()
        large = {name for name, weight in weights.items() if is_large(name, weight)}
        save_weights(folder, weights, dtype=torch.float16, int8=large)
        with atomic_path(folder / "tokenizer.json") as temporary:
            self.pieces.save(str(temporary), pretty=False)

    @classmethod
    def load(cls, folder: Path, config: TextEncoderConfig) -> SentenceEncoder:
        """Read a folder that `save` wrote.

        Raises:
            MotionGPTError: a file is missing or damaged, or a weight does not fit.
        """
        network = Bert(config)
        load_weights(folder, network)
        return cls(config, read_pieces(folder), network)


def load_sentence_encoder(
    folder: Path, sizes: dict[str, Any] | None, shared: SentenceEncoder | None, where: str
) -> SentenceEncoder:
    """The sentence encoder of a matcher or refiner: its own, or the one that it shares with the language model.

    Args:
        folder: of the sentence encoder.
        sizes: a `TextEncoderConfig` from the network's config; None where the encoder is shared.
        shared: the sentence encoder of the language model.
        where: names the config in errors.

    Raises:
        MotionGPTError: a file is missing or damaged, or there is no sentence encoder at all.
    """
    if sizes is not None:
        return SentenceEncoder.load(folder, config_from(TextEncoderConfig, sizes, where))
    if shared is None:
        raise MotionGPTError(
            f"{folder.parent} shares the sentence encoder of a model: load the whole model folder that it belongs to."
        )
    return shared


def sentence_vectors(states: Sequence[Tensor]) -> Tensor:
    """(N, hidden_size) unit vectors: the mean state of each sentence, which sentence encoders are trained for."""
    return F.normalize(torch.stack([state.float().mean(0) for state in states]), dim=-1)


def padded(states: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Rows of different lengths (L, D) -> (B, longest, D) float32 and mask (B, longest), False on padding."""
    batch = nn.utils.rnn.pad_sequence([state.float() for state in states], batch_first=True)
    lengths = torch.tensor([len(state) for state in states], device=batch.device)
    return batch, torch.arange(batch.shape[1], device=batch.device) < lengths[:, None]
