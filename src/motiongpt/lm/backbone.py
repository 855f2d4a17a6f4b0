"""The interface of networks over words and motion tokens: training on prompts and answers, and decoding step by step.

A prompt is a row of vectors: rows of the network's own embedding table, or the states of a text encoder. An answer is a
row of ids that follows ``TextTokenizer.answer_start``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from motiongpt.errors import MotionGPTError
from motiongpt.lm.tokenizer import TextTokenizer

IGNORED = -100
"""Label of positions that do not count in the loss."""


class Cache:
    """The keys and values of the rows that a network is continuing."""

    def keep(self, rows: Tensor) -> None:
        """Drop all rows but these, given as indices (n,)."""
        raise NotImplementedError


class Backbone(nn.Module):
    """A network over words and motion tokens.

    Attributes:
        accepts_text_encoder: whether a `motiongpt.lm.text_encoder.TextEncoder` may read the words of its prompts.
        vocabulary_size: number of ids.
        d_model: width of the vectors of a prompt.
    """

    accepts_text_encoder: ClassVar[bool] = False
    vocabulary_size: int
    d_model: int

    @classmethod
    def rebuild(cls, config: Mapping[str, Any], tokenizer: TextTokenizer, where: str) -> Backbone:
        """The network that `describe` described, with undefined weights.

        Args:
            config: the fields of a model folder's ``config.json``.
            tokenizer: of the same folder.
            where: names the config in errors.
        """
        raise NotImplementedError

    def adapt(self, rank: int, alpha: float, dropout: float, seed: int) -> None:
        """Freeze all weights but those of the motion tokens and add trainable LoRA matrices.

        Raises:
            MotionGPTError: this network has no LoRA.
        """
        raise MotionGPTError("Only causal models have LoRA: set lora_rank=0, or backbone=causal.")

    def embed(self, ids: Tensor) -> Tensor:
        """Ids (...) -> vectors (..., d_model)."""
        raise NotImplementedError

    def forward(self, prompts: Tensor, mask: Tensor, labels: Tensor) -> Tensor:
        """Logits (N, vocabulary) of the positions whose label is not ``IGNORED``, row after row.

        Args:
            prompts: (B, L, d_model), padded at the end.
            mask: (B, L), True on tokens.
            labels: (B, Lo), the answers, ``IGNORED`` on padding.
        """
        raise NotImplementedError

    def start(self, prompts: Tensor, mask: Tensor | None, copies: int = 1) -> Cache:
        """Read prompts (B, L, d_model) once and prepare to continue each ``copies`` times (rows p * copies + c).

        ``mask`` (B, L) is True on tokens; None means that no prompt is padded.
        """
        raise NotImplementedError

    def step(self, ids: Tensor, cache: Any) -> Tensor:
        """Read one more token of every answer: ids (B,) -> hidden states (B, d_model). Inference only."""
        raise NotImplementedError

    def logits(self, hidden: Tensor, first: int = 0, last: int | None = None) -> Tensor:
        """Scores of the tokens ``first`` .. ``last - 1`` after hidden states (..., d_model), in float32."""
        raise NotImplementedError

    def stored(self) -> dict[str, Tensor]:
        """The weights that a model folder holds."""
        return self.state_dict()

    def describe(self) -> dict[str, Any]:
        """The fields of a model folder's ``config.json`` that `rebuild` reads."""
        raise NotImplementedError


def shift_right(labels: Tensor, start: int) -> Tensor:
    """Labels (B, L) -> inputs of the decoder (B, L): ``start`` first, 0 on padding."""
    return F.pad(labels[:, :-1].masked_fill(labels[:, :-1] == IGNORED, 0), (1, 0), value=start)


def with_motion_rows(table: Tensor, tokenizer: TextTokenizer, generator: torch.Generator) -> Tensor:
    """The rows of the words, then one for each motion token, drawn with the words' mean and deviation.

    Pretrained models have a few unused rows after their words, which the motion tokens replace.
    """
    words = table[: tokenizer.first_code]
    if len(words) < tokenizer.first_code:
        raise MotionGPTError(
            f"The text tokenizer has {tokenizer.first_code} words, but the pretrained model {len(words)} rows for "
            "them: use the two of the same model."
        )
    motion = torch.randn(tokenizer.size - tokenizer.first_code, table.shape[1], generator=generator)
    return torch.cat([words, words.mean(0) + words.std(0) * motion])
