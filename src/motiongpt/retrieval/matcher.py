"""The matcher: a motion encoder and a text encoder with one embedding space for motions and sentences.

It is trained by contrastive learning, like TMR (Petrovich et al., ICCV 2023) without the decoder. It ranks candidates,
searches folders of motion files, and serves as an evaluator that anyone can train.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from motiongpt.errors import MotionGPTError
from motiongpt.lm.sentence_encoder import SENTENCE_ENCODER_FOLDER, SentenceEncoder, load_sentence_encoder, padded
from motiongpt.motion.skeleton import SKELETONS, Skeleton
from motiongpt.weights_io import config_from, load_config, load_weights, save_config, save_weights

KIND = "motion-matcher"
_SENTENCE_ENCODER = "sentence_encoder."
# Motions or texts per embedding batch.
_BATCH = 64
_LARGEST_SCALE = math.log(100)


@dataclass(frozen=True)
class MatcherConfig:
    """Sizes of a matcher.

    Attributes:
        width: of both transformers.
        heads: attention heads.
        motion_layers, text_layers: layers of the two transformers.
        patch: frames per input vector of the motion encoder.
        embedding: width of the embedding space.
        dropout: dropout probability in training.
    """

    width: int = 192
    heads: int = 4
    motion_layers: int = 3
    text_layers: int = 1
    patch: int = 8
    embedding: int = 192
    dropout: float = 0.1


class _Tower(nn.Module):
    """A transformer that maps a sequence of vectors to one embedding."""

    def __init__(self, config: MatcherConfig, layers: int) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(
            config.width,
            config.heads,
            3 * config.width,
            config.dropout,
            activation="gelu",
            batch_first=True,
            norm_first=True,
        )
        self.first = nn.Parameter(torch.randn(config.width) * 0.02)
        self.layers = nn.TransformerEncoder(layer, layers, nn.LayerNorm(config.width), enable_nested_tensor=False)
        self.out = nn.Linear(2 * config.width, config.embedding)

    def forward(self, vectors: Tensor, mask: Tensor) -> Tensor:
        """Vectors (B, L, width), mask (B, L) False on padding -> unit vectors (B, embedding)."""
        vectors = torch.cat([self.first.to(vectors).expand(len(vectors), 1, -1), vectors], dim=1)
        states = self.layers(vectors + _positions(vectors), src_key_padding_mask=~F.pad(mask, (1, 0), value=True))
        # The mean of the states beside the learned first vector, since sentence encoders are trained for the mean of
        # their word states.
        mean = (states[:, 1:] * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        return F.normalize(self.out(torch.cat([states[:, 0], mean], dim=-1)).float(), dim=-1)


def _positions(vectors: Tensor) -> Tensor:
    """(L, width) sinusoidal positions (Vaswani et al. 2017): they need no training and work for any length."""
    length, width = vectors.shape[1:]
    rates = torch.exp(torch.arange(0, width, 2, device=vectors.device) * (-math.log(10_000) / width))
    angles = torch.arange(length, device=vectors.device)[:, None] * rates
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1).to(vectors)


class Matcher(nn.Module):
    """Embeds motions and sentences as unit vectors; their dot product is their similarity.

    Args:
        config: sizes.
        sentence_encoder: the pretrained encoder of the sentences; it stays frozen.
        mean, std: (D,) statistics; the network sees (features - mean) / std.
        skeleton: skeleton of the motions.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        config: MatcherConfig,
        sentence_encoder: SentenceEncoder,
        mean: np.ndarray,
        std: np.ndarray,
        skeleton: Skeleton,
    ) -> None:
        super().__init__()
        self.config = config
        self.skeleton = skeleton
        self.sentence_encoder = sentence_encoder
        self.project_motion = nn.Linear(config.patch * skeleton.feature_dim, config.width)
        self.project_text = nn.Linear(sentence_encoder.config.hidden_size, config.width)
        self.motion_tower = _Tower(config, config.motion_layers)
        self.text_tower = _Tower(config, config.text_layers)
        # The scale of the similarities is learned, as in CLIP (Radford et al. 2021).
        self.log_scale = nn.Parameter(torch.tensor(1 / 0.07).log())
        self.register_buffer("mean", torch.as_tensor(np.asarray(mean), dtype=torch.float32))
        self.register_buffer("std", torch.as_tensor(np.asarray(std), dtype=torch.float32))

    def motion_batch(self, clips: Sequence[np.ndarray]) -> tuple[Tensor, Tensor]:
        """Un-normalised features of clips, (T, D) each -> patches (B, L, patch * D) and mask (B, L), False on padding.

        The last patch of a clip is completed with its last frame.

        Raises:
            MotionGPTError: a clip has another width, no frame, NaN or infinity.
        """
        patch, width = self.config.patch, self.skeleton.feature_dim
        for number, clip in enumerate(clips):
            if clip.ndim != 2 or clip.shape[1] != width or len(clip) == 0:
                raise MotionGPTError(
                    f"Motion {number} has the shape {clip.shape}, but the matcher needs features (frames, {width})."
                )
            if not np.isfinite(clip).all():
                raise MotionGPTError(f"Motion {number} has NaN or infinity in its features: leave it out.")
        counts = [-(-len(clip) // patch) for clip in clips]
        batch = torch.zeros(len(clips), max(counts), patch * width)
        for row, clip, count in zip(batch, clips, counts, strict=True):
            whole = torch.as_tensor(np.pad(clip, ((0, count * patch - len(clip)), (0, 0)), mode="edge"))
            row[:count] = ((whole.float() - self.mean.cpu()) / self.std.cpu()).reshape(count, -1)
        mask = torch.arange(max(counts)) < torch.tensor(counts)[:, None]
        return batch, mask

    def embed_motion_batch(self, patches: Tensor, mask: Tensor) -> Tensor:
        """The result of `motion_batch` -> unit vectors (B, embedding)."""
        return self.motion_tower(self.project_motion(patches), mask)

    def embed_text_batch(self, states: Tensor, mask: Tensor) -> Tensor:
        """States of word pieces (B, L, hidden_size), mask (B, L) False on padding -> unit vectors (B, embedding)."""
        return self.text_tower(self.project_text(states), mask)

    def forward(self, patches: Tensor, motion_mask: Tensor, states: Tensor, text_mask: Tensor) -> Tensor:
        """Scaled similarities (B, N) of B motions and N sentences: the logits of the training loss."""
        motions, texts = self.embed_motion_batch(patches, motion_mask), self.embed_text_batch(states, text_mask)
        return self.log_scale.clamp(max=_LARGEST_SCALE).exp() * motions @ texts.T

    @torch.inference_mode()
    def embed_motions(self, motions: Sequence[np.ndarray]) -> np.ndarray:
        """Un-normalised features, (T, D) each -> unit vectors (N, embedding) float32.

        Raises:
            MotionGPTError: see `motion_batch`.
        """
        order = sorted(range(len(motions)), key=lambda number: len(motions[number]))
        result = np.empty((len(motions), self.config.embedding), dtype=np.float32)
        for start in range(0, len(order), _BATCH):
            chosen = order[start : start + _BATCH]
            patches, mask = self.motion_batch([motions[number] for number in chosen])
            device = self.mean.device
            result[chosen] = self.embed_motion_batch(patches.to(device), mask.to(device)).cpu().numpy()
        return result

    @torch.inference_mode()
    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Sentences -> unit vectors (N, embedding) float32.

        Raises:
            MotionGPTError: a sentence is empty or not valid Unicode.
        """
        result = np.empty((len(texts), self.config.embedding), dtype=np.float32)
        for start in range(0, len(texts), _BATCH):
            states, mask = padded(self.sentence_encoder.encode(texts[start : start + _BATCH]))
            result[start : start + _BATCH] = self.embed_text_batch(states, mask).cpu().numpy()
        return result

    def save(self, folder: str | Path, *, dtype: torch.dtype | None = None, shared_encoder: bool = False) -> None:
        """Write config.json and the weights.

        Args:
            folder: created where missing.
            dtype: see :func:`motiongpt.weights_io.save_weights`.
            shared_encoder: omit the sentence encoder, because the model folder has it elsewhere.
        """
        folder = Path(folder)
        own = {name: weight for name, weight in self.state_dict().items() if not name.startswith(_SENTENCE_ENCODER)}
        save_weights(folder, own, dtype=dtype)
        if not shared_encoder:
            self.sentence_encoder.save(folder / SENTENCE_ENCODER_FOLDER)
        values = {
            "skeleton": self.skeleton.name,
            "network": dataclasses.asdict(self.config),
            "reader": None if shared_encoder else dataclasses.asdict(self.sentence_encoder.config),
        }
        save_config(folder, KIND, values)

    @classmethod
    def load(cls, folder: str | Path, shared_encoder: SentenceEncoder | None = None) -> Matcher:
        """Load a folder that :meth:`save` wrote.

        Args:
            folder: the folder.
            shared_encoder: the sentence encoder, for a folder without one.

        Raises:
            MotionGPTError: a file or weight is missing, unexpected, damaged or does not fit, or the folder needs
                ``shared_encoder``.
        """
        folder = Path(folder)
        values = load_config(folder, KIND)
        where = str(folder / "config.json")
        if values.get("skeleton") not in SKELETONS:
            raise MotionGPTError(f"{where}: skeleton must be one of {', '.join(SKELETONS)}.")
        skeleton = SKELETONS[values["skeleton"]]
        config = config_from(MatcherConfig, values.get("network", {}), where)
        sentence_encoder = load_sentence_encoder(
            folder / SENTENCE_ENCODER_FOLDER, values.get("reader"), shared_encoder, where
        )
        blank = np.zeros(skeleton.feature_dim)
        matcher = cls(config, sentence_encoder, blank, blank, skeleton)
        load_weights(folder, matcher, without=_SENTENCE_ENCODER)
        return matcher.eval()
