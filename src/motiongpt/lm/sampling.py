"""From logits to a token: classifier-free guidance and sampling."""

from __future__ import annotations

import torch
from torch import Tensor


def guide(conditional: Tensor, unconditional: Tensor, scale: float, penalty: Tensor, end: int) -> Tensor:
    """Logits after classifier-free guidance (Ho and Salimans 2022) of all tokens but the end of a motion.

    The end keeps the probability that the conditional prompt gives it. Any motion may end at any code, so guidance
    away from "any motion" is guidance away from the end, and motions would run until they are cut.

    Args:
        conditional, unconditional: (B, V) logits after the prompt and after the unconditional one.
        scale: 1 changes nothing.
        penalty: (B, V) 0, or -inf where a token is not allowed.
        end: column of the end token; outside the columns when it cannot occur.

    Returns:
        (B, V) logits.
    """
    guided = unconditional + scale * (conditional - unconditional) + penalty
    if not 0 <= end < guided.shape[1]:
        return guided
    # Even a certain end must leave the other tokens some probability, or their logits would be compared with infinity.
    ends = (conditional + penalty).log_softmax(-1)[:, end].clamp(max=-1e-6)
    guided[:, end] = -torch.inf
    # The logit that gives the end its probability among the guided others.
    guided[:, end] = guided.logsumexp(-1) + ends - torch.log1p(-ends.exp())
    return guided


def sample(logprobs: Tensor, draws: Tensor, temperature: float, top_k: int | None, top_p: float | None) -> Tensor:
    """Sample one token a row by inverting the cumulative distribution, so that the same draw gives the same token.

    Args:
        logprobs: (B, V) natural-log probabilities, -inf where a token is not allowed.
        draws: (B,) float64, uniform in [0, 1).
        temperature: 0 is greedy.
        top_k: sample among the ``top_k`` most probable tokens.
        top_p: sample among the most probable tokens whose probabilities first add up to ``top_p``.

    Returns:
        (B,) indices into V.
    """
    if temperature == 0:
        return logprobs.argmax(-1)
    values: Tensor = logprobs / temperature
    indices = None
    if top_k is not None and top_k < values.shape[1]:
        values, indices = values.topk(top_k)
    elif top_p is not None:
        values, indices = values.sort(descending=True)
    probabilities = values.double().softmax(-1)
    if top_p is not None:
        before = probabilities.cumsum(-1) - probabilities
        probabilities = probabilities.masked_fill(before >= top_p, 0.0)
    total = probabilities.cumsum(-1)
    # Slightly below the draw, so that rounding can never lead past the last token that has a probability.
    place = torch.searchsorted(total, draws[:, None] * total[:, -1:] * (1 - 1e-12), right=True)
    return (place if indices is None else indices.gather(1, place))[:, 0]
