"""What a network must offer to be trained on prompts and answers, and to write answers token by token.

A prompt is a row of vectors: rows of the network's own table, or what stands in for them. An answer is a row of ids; it
is begun by one token that the text tokenizer names (``TextTokenizer.answer_start``).
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from motiongpt.errors import MotionGPTError
from motiongpt.lm.tokenizer import TextTokenizer

IGNORED = -100
"""Label of the positions that do not count in the loss."""


class Cache:
    """What a network remembers of the rows that it is continuing."""

    def keep(self, rows: Tensor) -> None:
        """Go on with these rows only."""
        raise NotImplementedError


class Backbone(nn.Module):
    """A network over words and motion tokens.

    Attributes:
        vocabulary_size: number of ids.
        d_model: width of the vectors of a prompt.
    """

    vocabulary_size: int
    d_model: int

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

        ``mask`` (B, L) is True on tokens; None where no prompt is padded.
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
        """Fields of a model folder's ``config.json`` from which the network is built again, without its weights."""
        raise NotImplementedError


def shift_right(labels: Tensor, start: int) -> Tensor:
    """Labels (B, L) -> the answers as they are read (B, L): ``start`` first, on padding 0."""
    return F.pad(labels[:, :-1].masked_fill(labels[:, :-1] == IGNORED, 0), (1, 0), value=start)


def with_motion_rows(table: Tensor, tokenizer: TextTokenizer, generator: torch.Generator) -> Tensor:
    """The rows of the words, then one for each motion token, drawn like the words' mean and deviation.

    Hub models have a few unused rows after their words; the motion tokens take their place.
    """
    words = table[: tokenizer.first_code]
    if len(words) < tokenizer.first_code:
        raise MotionGPTError(
            f"The text tokenizer has {tokenizer.first_code} words and the hub model {len(words)} rows for them: "
            "take the two of one model."
        )
    motion = torch.randn(tokenizer.size - tokenizer.first_code, table.shape[1], generator=generator)
    return torch.cat([words, words.mean(0) + words.std(0) * motion])
