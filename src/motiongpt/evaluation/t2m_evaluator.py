"""The published evaluator: networks that embed texts and motions in one space (Guo et al., CVPR 2022).

All published R-precisions and FIDs of text-to-motion are distances in the space of one such evaluator. The names of the
parameters are those of its published checkpoint.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from motiongpt.errors import MotionGPTError
from motiongpt.weights_io import config_from, load_config, load_weights, save_config, save_weights

KIND = "motion-evaluator"
STRIDE = 4
"""Frames per movement."""
_CONTACTS = 4


@dataclass(frozen=True)
class EvaluatorConfig:
    """Widths; the defaults are the published ones.

    Attributes:
        features: width of a feature row, with the 4 foot contacts at its end, which the networks do not see.
        movement: width of a movement, the embedding of 4 frames.
        movement_hidden: width between the two convolutions.
        motion_hidden: of the motion encoder's GRU, each direction.
        words: width of a word vector.
        parts_of_speech: width of their one-hot vector.
        text_hidden: of the text encoder's GRU, each direction.
        embedding: width of the common space.
    """

    features: int = 263
    movement: int = 512
    movement_hidden: int = 512
    motion_hidden: int = 1024
    words: int = 300
    parts_of_speech: int = 15
    text_hidden: int = 512
    embedding: int = 512


class MovementEncoder(nn.Module):
    """Features without contacts (B, T, D - 4) -> movements (B, T // 4, movement)."""

    def __init__(self, config: EvaluatorConfig) -> None:
        super().__init__()
        self.main = nn.Sequential(
            nn.Conv1d(config.features - _CONTACTS, config.movement_hidden, 4, stride=2, padding=1),
            nn.Dropout(0.2),
            nn.LeakyReLU(0.2),
            nn.Conv1d(config.movement_hidden, config.movement, 4, stride=2, padding=1),
            nn.Dropout(0.2),
            nn.LeakyReLU(0.2),
        )
        self.out_net = nn.Linear(config.movement, config.movement)

    def forward(self, features: Tensor, lengths: Tensor | None = None) -> Tensor:
        """
        Args:
            lengths: (B,) frames; what follows them is ignored. None reads all frames.
        """
        x = features.transpose(1, 2)
        for layer in self.main:
            if isinstance(layer, nn.Conv1d) and lengths is not None:
                # The same zeros with which the convolution would pad the motion if it were alone.
                x = x * (torch.arange(x.shape[2], device=x.device) < lengths[:, None])[:, None]
                lengths = lengths // 2
            x = layer(x)
        return self.out_net(x.transpose(1, 2))


class _SequenceEncoder(nn.Module):
    """A bidirectional GRU with learned initial states; the last states of both directions give the embedding."""

    def __init__(self, inputs: int, hidden: int, outputs: int) -> None:
        super().__init__()
        self.input_emb = nn.Linear(inputs, hidden)
        self.gru = nn.GRU(hidden, hidden, batch_first=True, bidirectional=True)
        self.output_net = nn.Sequential(
            nn.Linear(2 * hidden, hidden), nn.LayerNorm(hidden), nn.LeakyReLU(0.2), nn.Linear(hidden, outputs)
        )
        self.hidden = nn.Parameter(torch.randn(2, 1, hidden))

    def forward(self, sequence: Tensor, lengths: Tensor | None) -> Tensor:
        """Sequence (B, n, inputs) -> (B, outputs); lengths (B,) from 1 to n, None to read all n."""
        first = self.hidden.repeat(1, len(sequence), 1)
        embedded = self.input_emb(sequence)
        if lengths is None:
            _, last = self.gru(embedded, first)
        else:
            packed = nn.utils.rnn.pack_padded_sequence(embedded, lengths.cpu(), batch_first=True, enforce_sorted=False)
            _, last = self.gru(packed, first)
        return self.output_net(torch.cat([last[0], last[1]], dim=-1))


class MotionEncoder(_SequenceEncoder):
    """Movements (B, n, movement) -> embeddings (B, embedding)."""

    def __init__(self, config: EvaluatorConfig) -> None:
        super().__init__(config.movement, config.motion_hidden, config.embedding)


class TextEncoder(_SequenceEncoder):
    """Word vectors (B, L, words), to which ``pos_emb`` of the parts of speech is added -> embeddings (B, embedding)."""

    def __init__(self, config: EvaluatorConfig) -> None:
        super().__init__(config.words, config.text_hidden, config.embedding)
        self.pos_emb = nn.Linear(config.parts_of_speech, config.words)


class Evaluator(nn.Module):
    """Embed texts and motions in one space, where a motion is near its text.

    Args:
        config: widths.
        strict_reference: read the padding behind motions, like the original MotionGPT.
    """

    def __init__(self, config: EvaluatorConfig, *, strict_reference: bool = False) -> None:
        super().__init__()
        self.config = config
        self.strict_reference = strict_reference
        self.movement_encoder = MovementEncoder(config)
        self.motion_encoder = MotionEncoder(config)
        self.text_encoder = TextEncoder(config)

    def embed_motion(self, features: Tensor, lengths: Tensor) -> Tensor:
        """
        Args:
            features: (B, T, D) normalised by the evaluator's own statistics; padding may have any values.
            lengths: (B,) frames of each motion, 4 to T.

        Returns:
            (B, embedding). The embedding of a motion does not depend on the rest of the batch, except with
            ``strict_reference``, which reads the padding.

        Raises:
            MotionGPTError: a shape or a length does not fit.
        """
        batch = features.shape[0]
        if features.ndim != 3 or features.shape[2] != self.config.features or lengths.shape != (batch,):
            raise MotionGPTError(
                f"The evaluator reads features (B, T, {self.config.features}) and lengths (B,), "
                f"but got {tuple(features.shape)} and {tuple(lengths.shape)}."
            )
        if batch and not STRIDE <= int(lengths.min()) <= int(lengths.max()) <= features.shape[1]:
            raise MotionGPTError(
                f"The evaluator reads motions of {STRIDE} to {features.shape[1]} frames here, "
                f"but lengths range from {int(lengths.min())} to {int(lengths.max())}."
            )
        seen = features[..., :-_CONTACTS]
        if self.strict_reference:
            return self.motion_encoder(self.movement_encoder(seen), None)
        return self.motion_encoder(self.movement_encoder(seen, lengths), lengths // STRIDE)

    def embed_text(self, words: Tensor, parts: Tensor, lengths: Tensor) -> Tensor:
        """
        Args:
            words: (B, L, 300) word vectors, with the marks of start and end.
            parts: (B, L, 15) one-hot parts of speech.
            lengths: (B,) words of each text, 1 to L.

        Returns:
            (B, embedding).

        Raises:
            MotionGPTError: a shape or a length does not fit.
        """
        expected = (self.config.words, self.config.parts_of_speech)
        if words.ndim != 3 or (words.shape[2], parts.shape[-1]) != expected or words.shape[:2] != parts.shape[:2]:
            raise MotionGPTError(
                f"The evaluator reads word vectors (B, L, {expected[0]}) and parts of speech (B, L, {expected[1]}), "
                f"but got {tuple(words.shape)} and {tuple(parts.shape)}."
            )
        if lengths.shape != words.shape[:1] or not bool(((lengths >= 1) & (lengths <= words.shape[1])).all()):
            raise MotionGPTError(f"Text lengths must be (B,) numbers of 1 to {words.shape[1]}.")
        return self.text_encoder(words + self.text_encoder.pos_emb(parts), lengths)

    def save(self, folder: str | Path) -> None:
        """Write config.json and the weights."""
        folder = Path(folder)
        save_weights(folder, self.state_dict())
        save_config(folder, KIND, {"network": dataclasses.asdict(self.config)})

    @classmethod
    def load(cls, folder: str | Path, *, strict_reference: bool = False) -> Evaluator:
        """Rebuild from a folder written by :meth:`save`; strict.

        Raises:
            MotionGPTError: a file is missing or damaged, or does not fit.
        """
        folder = Path(folder)
        config = config_from(EvaluatorConfig, load_config(folder, KIND).get("network", {}), str(folder / "config.json"))
        evaluator = cls(config, strict_reference=strict_reference)
        load_weights(folder, evaluator)
        return evaluator.eval()
