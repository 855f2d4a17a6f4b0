"""Decoding: answers written token by token under a grammar.

`generate` returns whole answers, `stream` yields each token as it is written. Both run `_decode`: it reads the prompts
once, continues every prompt ``n`` times, and at every step lets each answer's grammar say which tokens are allowed.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypedDict, TypeVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from motiongpt.errors import MotionGPTError
from motiongpt.lm.backbone import IGNORED
from motiongpt.lm.grammars import Grammar, GrammarBatch
from motiongpt.lm.model import MotionLanguageModel, Tokens, pad
from motiongpt.lm.sampling import guide, sample
from motiongpt.lm.tokenizer import TextTokenizer

if TYPE_CHECKING:
    from typing_extensions import Unpack

_Value = TypeVar("_Value")


@dataclass(frozen=True)
class Generation:
    """One answer.

    Attributes:
        codes: (n,) int64 motion codes, n >= 1; None when the answer has no motion.
        text: the words of the answer, without motion and special tokens.
        token_ids: all tokens, in order.
        logprob: sum of the natural-log probabilities of the tokens that were not forced, among those the grammar
            allowed, at temperature 1.
    """

    codes: np.ndarray | None
    text: str
    token_ids: list[int]
    logprob: float


@dataclass(frozen=True)
class Step:
    """One token of one answer, as it is written: of sample ``sample`` of prompt ``prompt``."""

    prompt: int
    sample: int
    token: int
    logprob: float


class DecodingOptions(TypedDict, total=False):
    """Options of `generate` and `stream`; the signature of `stream` shows the defaults.

    Attributes:
        temperature: 0 is greedy.
        top_k: sample among the ``top_k`` most probable tokens.
        top_p: sample among the most probable tokens whose probabilities first add up to ``top_p``.
        seed: of all prompts, or one for each; sample s of a prompt is the same for the same seed, alone or in any
            batch.
        guidance: scale of classifier-free guidance, 1 changes nothing; it needs ``unconditional``.
        unconditional: the unconditional prompt, for all prompts or one for each.
        batch_size: maximum number of rows that are decoded at once (but at least ``n`` are).
    """

    temperature: float
    top_k: int | None
    top_p: float | None
    seed: int | Sequence[int]
    guidance: float | None
    unconditional: str | Sequence[str] | None
    batch_size: int


def generate(
    model: MotionLanguageModel,
    prompts: Sequence[str],
    grammar: Grammar | Sequence[Grammar],
    *,
    on_token: Callable[[Step], None] | None = None,
    n: int = 1,
    **options: Unpack[DecodingOptions],
) -> list[list[Generation]]:
    """Answer every prompt ``n`` times.

    Args:
        model: the language model.
        prompts: texts, motion tokens allowed.
        grammar: of all answers, or one for each prompt.
        on_token: called with every token as it is written.
        n: answers for each prompt.
        options: see `DecodingOptions`.

    Returns:
        For each prompt its ``n`` answers.

    Raises:
        MotionGPTError: a prompt is too long, an argument is out of its range, or the network produces NaN.
    """
    prompts = list(prompts)
    tokens: list[list[list[int]]] = [[[] for _ in range(n)] for _ in prompts]
    logprobs = [[0.0] * n for _ in prompts]
    for step in stream(model, prompts, grammar, n=n, **options):
        tokens[step.prompt][step.sample].append(step.token)
        logprobs[step.prompt][step.sample] += step.logprob
        if on_token is not None:
            on_token(step)
    return [
        [_generation(model.tokenizer, *answer) for answer in zip(*answers, strict=True)]
        for answers in zip(tokens, logprobs, strict=True)
    ]


def _generation(tokenizer: TextTokenizer, ids: list[int], logprob: float) -> Generation:
    codes = np.array(tokenizer.codes(ids), dtype=np.int64)
    return Generation(codes if len(codes) else None, tokenizer.decode(ids), ids, logprob)


def stream(
    model: MotionLanguageModel,
    prompts: Sequence[str],
    grammar: Grammar | Sequence[Grammar],
    *,
    n: int = 1,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    seed: int | Sequence[int] = 0,
    guidance: float | None = None,
    unconditional: str | Sequence[str] | None = None,
    batch_size: int = 64,
) -> Iterator[Step]:
    """Like `generate`, token by token: for each batch first all first tokens, then all second ones, and so on."""
    prompts = list(prompts)
    grammars = _per_prompt(grammar, Grammar, len(prompts), "grammars")
    seeds = _per_prompt(seed, int, len(prompts), "seeds")
    if n < 1 or any(number < 0 for number in seeds):
        raise MotionGPTError(f"n must be at least 1 and seed at least 0, not {n} and {seed}.")
    if not 0 <= temperature < math.inf:
        raise MotionGPTError(f"temperature must be 0 (greedy) or more, not {temperature}.")
    if top_k is not None and top_k < 1:
        raise MotionGPTError(f"top_k must be at least 1, not {top_k}.")
    if top_p is not None and not 0 < top_p <= 1:
        raise MotionGPTError(f"top_p must be above 0 and at most 1, not {top_p}.")
    if (guidance is None) != (unconditional is None):
        raise MotionGPTError("Guidance needs both options, guidance and unconditional: set the two or neither.")
    conditional_ids = model.prompt_ids(prompts)
    unconditional_ids = None
    if unconditional is not None:
        texts = _per_prompt(unconditional, str, len(prompts), "unconditional prompts")
        unconditional_ids = model.prompt_ids(texts)

    training = model.training
    model.eval()
    try:
        per_batch = max(1, batch_size // n)
        for first in range(0, len(prompts), per_batch):
            batch = slice(first, first + per_batch)
            rows = [(p, s) for p in range(len(prompts))[batch] for s in range(n)]
            steps = _decode(
                model,
                conditional_ids[batch],
                None if unconditional_ids is None else unconditional_ids[batch],
                [grammars[p] for p, _ in rows],
                # Sample s of a prompt draws the same numbers whatever the batch and the other prompts.
                [np.random.default_rng([seeds[p], s]) for p, s in rows],
                n,
                guidance,
                partial(sample, temperature=temperature, top_k=top_k, top_p=top_p),
            )
            for row, token, logprob in steps:
                yield Step(*rows[row], token, logprob)
    finally:
        model.train(training)


def _per_prompt(value: _Value | Sequence[_Value], kind: type[_Value], count: int, what: str) -> list[_Value]:
    """One value for all prompts, or one for each -> one for each."""
    values = [value] * count if isinstance(value, kind) else list(value)  # type: ignore[arg-type]
    if len(values) != count:
        raise MotionGPTError(f"{count} prompts need as many {what}, not {len(values)}.")
    return values


@torch.inference_mode()
def _decode(
    model: MotionLanguageModel,
    conditional: list[list[int]],
    unconditional: list[list[int]] | None,
    grammars: list[Grammar],
    generators: list[np.random.Generator],
    copies: int,
    guidance: float | None,
    sampler: Callable[[Tensor, Tensor], Tensor],
) -> Iterator[tuple[int, int, float]]:
    """Yield (row, token, log probability), step after step; each prompt is continued by ``copies`` rows."""
    network, tokenizer, device = model.network, model.tokenizer, model.device
    batch = GrammarBatch(grammars, tokenizer, device)
    states = batch.states

    # Read every prompt once. The unconditional prompts follow the others in the same batch, so that guidance costs one
    # pass and not two.
    ids, mask = pad(conditional + (unconditional or []), tokenizer.padding)
    embedded = model.embed(ids.to(device), mask.to(device))
    cache = network.start(embedded, None if mask.all() else mask.to(device), copies)
    rows = list(range(len(states)))  # those that are not done
    tokens = [tokenizer.answer_start] * len(rows)  # the last token of each of them
    while rows:
        # 1. One step of the network. A conditional row and its unconditional twin continue with the same token.
        repeated = tokens if unconditional is None else tokens * 2
        hidden = network.step(torch.tensor(repeated, device=device), cache)

        forced = [states[row].forced for row in rows]
        if all(token is not None for token in forced):
            # 2. No row has a choice, as at the start of every motion: the output layer is not needed.
            tokens, logprobs = [token for token in forced if token is not None], [0.0] * len(rows)
        else:
            # 3. Score only the tokens that some grammar can need, and forbid those that a row's rule does not allow.
            logits = network.logits(hidden, batch.low, batch.high)
            penalties = batch.penalties(rows)
            if guidance is None:
                logits = logits + penalties
            else:
                conditioned, unconditioned = logits.chunk(2)
                logits = guide(conditioned, unconditioned, guidance, penalties, tokenizer.end - batch.low)
            batch.ban(logits, rows)
            scores = F.log_softmax(logits, dim=-1)
            # NaN spreads to the maximum, so one number shows it in all rows.
            if not math.isfinite(float(scores.amax())):
                raise MotionGPTError("The model produced NaN logits: its weights may be corrupt, load others.")

            # 4. Sample. A row draws only where it has a choice: its draws must not depend on the rows beside it.
            draws = [
                generators[row].random() if token is None else 0.0 for row, token in zip(rows, forced, strict=True)
            ]
            chosen = sampler(scores, torch.tensor(draws, dtype=torch.float64, device=device))
            logprobs = scores.gather(1, chosen[:, None])[:, 0].tolist()
            tokens = [token + batch.low for token in chosen.tolist()]

            # 5. Forced tokens replace what these rows would have sampled.
            for i, token in enumerate(forced):
                if token is not None:
                    tokens[i], logprobs[i] = token, 0.0

        # 6. Advance the grammars.
        for row, token, logprob in zip(rows, tokens, logprobs, strict=True):
            states[row].push(token)
            yield row, token, logprob

        # 7. Drop complete rows from the cache, so that short answers do not cost what long ones do.
        going = [i for i, row in enumerate(rows) if not states[row].done]
        if len(going) < len(rows):
            kept = going if unconditional is None else going + [len(rows) + i for i in going]
            cache.keep(torch.tensor(kept, dtype=torch.long, device=device))
            rows = [rows[i] for i in going]
            tokens = [tokens[i] for i in going]


@torch.inference_mode()
def score(
    model: MotionLanguageModel, prompts: Sequence[Tokens], outputs: Sequence[Tokens], *, batch_size: int = 64
) -> Tensor:
    """Log-likelihood of each output given its prompt, end of sequence included, without a grammar.

    Args:
        model: the language model.
        prompts, outputs: texts or ids without end of sequence, one output for each prompt; prompts are truncated to
            the model's ``max_input_tokens``, outputs are not.
        batch_size: number of pairs that are scored at once.

    Returns:
        (pairs,) float32 on the CPU, natural logarithm, summed over tokens.
    """
    pairs = list(zip(prompts, outputs, strict=True))
    collate = model.collator(sys.maxsize)
    training = model.training
    model.eval()
    totals = [torch.zeros(0)]
    for first in range(0, len(pairs), batch_size):
        batch = {name: x.to(model.device) for name, x in collate(pairs[first : first + batch_size]).items()}
        labels = batch["labels"]
        losses = F.cross_entropy(model.logits(**batch), labels[labels != IGNORED], reduction="none")
        rows = torch.nonzero(labels != IGNORED)[:, 0]
        totals.append(-losses.new_zeros(len(labels)).index_add(0, rows, losses).cpu())
    model.train(training)
    return torch.cat(totals)
