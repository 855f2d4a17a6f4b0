"""The original MotionGPT's files and conventions, number for number.

Arrays are NumPy. Features are *normalised* here: (features - mean) / std with the statistics that a network was trained
with. T is the number of frames, D = 263 (HumanML3D) or 251 (KIT-ML) the number of features::

    from motiongpt import compat

    tokenizer = compat.load_tokenizer("motiongpt_s3_h3d.tar")
    codes = tokenizer.encode_features(x)              # (B, T, D) float32 -> (B, T // 4) int64
    again = tokenizer.decode_features(codes)          # (B, n) -> (B, 4 n, D) float32
    evaluator = compat.load_evaluator("finest.tar")
    motions = evaluator.embed_motion(x, lengths)      # (B, T, D), (B,) -> (B, 512) float32
    texts = evaluator.embed_text(words, pos, counts)  # (B, L, 300), (B, L, 15), (B,) -> (B, 512) float32

``motiongpt import-checkpoint`` converts a whole model to a model folder, which loads like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor

from motiongpt.compat.checkpoints import (
    build_evaluator,
    build_vqvae,
    export_checkpoint,
    import_checkpoint,
    read_weights,
)
from motiongpt.errors import MotionGPTError
from motiongpt.evaluation.t2m_evaluator import Evaluator
from motiongpt.lm import motion_tokens as vocabulary
from motiongpt.lm import prompts as templates
from motiongpt.lm.motion_tokens import NUM_CODES
from motiongpt.tokenizer import VQVAE

__all__ = [
    "OriginalEvaluator",
    "OriginalTokenizer",
    "export_checkpoint",
    "fill",
    "import_checkpoint",
    "load_evaluator",
    "load_tokenizer",
    "motion_string",
    "parse",
]

Numbers: TypeAlias = np.ndarray | Tensor | Sequence


class OriginalTokenizer:
    """The original's motion tokenizer on normalised features, with the original's handling of lengths.

    Attributes:
        network: the VQ-VAE.
    """

    def __init__(self, network: VQVAE) -> None:
        self.network = network.eval()

    @torch.inference_mode()
    def encode_features(self, features: Numbers) -> np.ndarray:
        """Codes (B, T // stride) int64 of normalised features (B, T, D); frames after the last full stride are ignored.

        Raises:
            MotionGPTError: another shape, fewer frames than the stride (4), NaN or infinity.
        """
        x = torch.as_tensor(features, dtype=torch.float32)
        config = self.network.config
        if x.ndim != 3 or x.shape[2] != config.features or x.shape[1] < config.stride:
            raise MotionGPTError(
                f"The tokenizer needs features of shape (B, {config.stride} or more frames, {config.features}), not "
                f"{tuple(x.shape)}."
            )
        if not bool(torch.isfinite(x).all()):
            raise MotionGPTError("The features have NaN or infinity: remove those frames.")
        return self.network.encode(x).numpy()

    @torch.inference_mode()
    def decode_features(self, codes: Numbers) -> np.ndarray:
        """Normalised features (B, n * stride, D) float32 of codes (B, n), n >= 1; rows are independent.

        Raises:
            MotionGPTError: another shape, or a code outside the codebook.
        """
        ids = torch.as_tensor(codes)
        config = self.network.config
        if ids.ndim != 2 or ids.shape[1] == 0 or ids.is_floating_point():
            raise MotionGPTError(f"Codes must be integers of shape (B, n), n >= 1, not {ids.dtype} {tuple(ids.shape)}.")
        if len(ids) and not 0 <= int(ids.min()) <= int(ids.max()) < config.num_codes:
            raise MotionGPTError(
                f"Codes must be in 0..{config.num_codes - 1}, but range over {int(ids.min())}..{int(ids.max())}."
            )
        return self.network.decode(ids.long()).numpy()


class OriginalEvaluator:
    """The evaluator of Guo et al. on normalised features.

    Attributes:
        network: its three networks.
    """

    def __init__(self, network: Evaluator) -> None:
        self.network = network.eval()

    @torch.inference_mode()
    def embed_motion(self, features: Numbers, lengths: Numbers) -> np.ndarray:
        """Embeddings (B, E) float32 of normalised features (B, T, D) of ``lengths`` (B,) frames, 4 to T.

        Frames after a motion's length are ignored, unless the evaluator was loaded with ``strict_reference``.

        Raises:
            MotionGPTError: another shape, or a length out of range.
        """
        x, frames = torch.as_tensor(features, dtype=torch.float32), torch.as_tensor(lengths, dtype=torch.int64)
        return self.network.embed_motion(x, frames).numpy()

    @torch.inference_mode()
    def embed_text(self, word_embeddings: Numbers, pos_onehot: Numbers, lengths: Numbers) -> np.ndarray:
        """Embeddings (B, E) float32 of word vectors (B, L, 300) and parts of speech (B, L, 15), one-hot.

        Args:
            word_embeddings: GloVe vectors of the words, including the start and end tokens.
            pos_onehot: VERB, NOUN, .. OTHER as one-hot rows.
            lengths: (B,) number of words of each text, 1 to L, in any order.

        Raises:
            MotionGPTError: another shape, or a length out of range.
        """
        words, parts = (torch.as_tensor(rows, dtype=torch.float32) for rows in (word_embeddings, pos_onehot))
        return self.network.embed_text(words, parts, torch.as_tensor(lengths, dtype=torch.int64)).numpy()


def load_tokenizer(file: str | Path, *, activation: str = "relu", norm: str | None = None) -> OriginalTokenizer:
    """The motion tokenizer of a checkpoint (.ckpt, .tar) or of safetensors with the original's names ``vae.*``.

    The sizes follow from the shapes of the weights.

    Args:
        file: the checkpoint; no code in it is executed, see :mod:`motiongpt.formats.unpickling`.
        activation: the weights do not show it: ``relu`` as published, ``silu`` or ``gelu``.
        norm: ``LN`` or ``GN``, needed where the weights fit either.

    Raises:
        MotionGPTError: the file cannot be read, is refused, or a weight is missing, unexpected or of another shape.
    """
    return OriginalTokenizer(build_vqvae(read_weights(file), activation=activation, norm=norm))


def load_evaluator(file: str | Path, *, strict_reference: bool = False) -> OriginalEvaluator:
    """The evaluator of ``finest.tar``, of a Lightning checkpoint with copies of it, or of safetensors.

    Args:
        file: the checkpoint; no code in it is executed.
        strict_reference: read the padding after motions like the original, see ``docs/differences.md``.

    Raises:
        MotionGPTError: see :func:`load_tokenizer`.
    """
    return OriginalEvaluator(build_evaluator(read_weights(file), strict_reference=strict_reference))


def motion_string(codes: Numbers, num_codes: int = NUM_CODES) -> str:
    """Start, codes (n,), end: ``<motion_id_512><motion_id_3><motion_id_513>``, without separators."""
    return vocabulary.motion_string([int(code) for code in codes], num_codes)


def fill(
    template: str, codes: Numbers, frames: int, caption: str, quotes: bool = False, *, num_codes: int = NUM_CODES
) -> str:
    """Fill the placeholders of a template like the original, with ``frames`` as the motion's length.

    Args:
        template: text with ``<Caption_Placeholder>``, ``<Motion_Placeholder>``, ``<Frame_Placeholder>``,
            ``<Second_Placeholder>``, ``<Motion_Placeholder_s1>``, ``<Motion_Placeholder_s2>`` and
            ``<Motion_Placeholder_Masked>``.
        codes: (n,) codes of the whole motion.
        frames: its length at 20 frames per second; the original's training passes the number of codes instead.
        caption: its caption.
        quotes: put the caption in double quotes, as the original does for half of them.
        num_codes: size of the motion codebook.
    """
    fields = templates.Fields(
        caption, [int(code) for code in codes], frames=int(frames), num_codes=num_codes, strict_reference=True
    )
    return templates.fill(template, fields, quotes)


def parse(text: str, num_codes: int = NUM_CODES) -> tuple[np.ndarray, str]:
    """Codes (n,) int64 of a generated text, and the text with ``<Motion_Placeholder>`` for the motion.

    Like the original: the codes between the first start and the first end token; ``[0]`` when either is missing.
    """
    return vocabulary.parse(text, num_codes, strict_reference=True)
