"""Writing answers token by token under a grammar, so that an answer is well formed whatever the network thinks.

The engine knows token ids only: the prompts are read once, every prompt is continued ``n`` times, and each row's
grammar says at every step which tokens are allowed or which one must come.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from motiongpt.errors import MotionGPTError
from motiongpt.lm.backbone import IGNORED
from motiongpt.lm.model import MotionLanguageModel, Tokens, pad
from motiongpt.lm.tokenizer import TextTokenizer


@dataclass(frozen=True)
class Generation:
    """One answer.

    Attributes:
        codes: (n,) int64 motion codes, n >= 1; None when the answer has no motion.
        text: the words of the answer, without motion and special tokens.
        token_ids: everything that was written, in order.
        logprob: sum of the natural-log probabilities of the tokens that were not forced, among those the grammar
            allowed, at temperature 1.
    """

    codes: np.ndarray | None
    text: str
    token_ids: list[int]
    logprob: float


class State:
    """Where one row stands in its grammar.

    Attributes:
        rule: row of the grammar's table of allowed tokens that holds for the next token.
        forced: the token that must come next, if any; it overrides the rule.
        banned: tokens that may not come next although the rule allows them.
        done: nothing comes any more.
    """

    def __init__(self) -> None:
        self.rule = 0
        self.forced: int | None = None
        self.banned: Sequence[int] = ()
        self.done = False

    def push(self, token: int) -> None:
        """Go on by one token."""
        raise NotImplementedError


class Grammar:
    """What an answer may look like."""

    @staticmethod
    def span(tokenizer: TextTokenizer) -> tuple[int, int]:
        """First id, and last id plus one, of the tokens that can occur."""
        raise NotImplementedError

    @staticmethod
    def rules(tokenizer: TextTokenizer) -> Tensor:
        """(rules, tokenizer.size) bool: the tokens each rule allows."""
        raise NotImplementedError

    def begin(self, tokenizer: TextTokenizer) -> State:
        """The state before the first token."""
        raise NotImplementedError


@dataclass(frozen=True)
class MotionGrammar(Grammar):
    """Exactly one motion: start token, codes, end token.

    Attributes:
        min_codes, max_codes: bounds of the number of codes; equal for an exact length.
        forced: a code, or None where it is free, for the first positions; for a given head or tail.
    """

    min_codes: int
    max_codes: int
    forced: Sequence[int | None] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.min_codes <= self.max_codes:
            raise MotionGPTError(
                f"A motion cannot have {self.min_codes} to {self.max_codes} codes: ask for at least 1, "
                "and for no lower upper bound."
            )
        if len(self.forced) > self.max_codes:
            raise MotionGPTError(
                f"{len(self.forced)} codes are given for a motion of at most {self.max_codes}: ask for a longer one."
            )

    @staticmethod
    def span(tokenizer: TextTokenizer) -> tuple[int, int]:
        return tokenizer.first_code, tokenizer.end + 1

    @staticmethod
    def rules(tokenizer: TextTokenizer) -> Tensor:
        """Rule 0: a code; rule 1: a code or the end."""
        allowed = torch.zeros(2, tokenizer.size, dtype=torch.bool)
        allowed[:, tokenizer.first_code : tokenizer.start] = True
        allowed[1, tokenizer.end] = True
        return allowed

    def begin(self, tokenizer: TextTokenizer) -> State:
        for code in self.forced:
            if code is not None and not 0 <= code < tokenizer.num_codes:
                raise MotionGPTError(f"There is no motion code {code}: this model has 0 to {tokenizer.num_codes - 1}.")
        return _MotionState(self, tokenizer)


class _MotionState(State):
    def __init__(self, grammar: MotionGrammar, tokenizer: TextTokenizer) -> None:
        super().__init__()
        self.tokenizer = tokenizer
        self.given = list(grammar.forced)
        fixed = [i + 1 for i, code in enumerate(self.given) if code is not None]
        self.min_codes = max(grammar.min_codes, *fixed) if fixed else grammar.min_codes
        self.max_codes = grammar.max_codes
        self.count = -1  # of codes; the start token makes it 0
        self.forced = tokenizer.start

    def push(self, token: int) -> None:
        self.done = token == self.tokenizer.end
        self.count += 1
        self.rule = 1 if self.count >= self.min_codes else 0
        if self.count == self.max_codes:
            self.forced = self.tokenizer.end
        else:
            code = self.given[self.count] if self.count < len(self.given) else None
            self.forced = None if code is None else self.tokenizer.first_code + code


@dataclass(frozen=True)
class TextGrammar(Grammar):
    """Words only, ended by the end of sequence or by their number.

    Attributes:
        max_tokens: most words' tokens.
        min_tokens: fewest; 1 forbids an empty answer.
        no_repeat: no sequence of that many tokens comes twice; 0 for no such rule.
    """

    max_tokens: int = 64
    min_tokens: int = 1
    no_repeat: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.min_tokens <= self.max_tokens or self.max_tokens < 1:
            raise MotionGPTError(f"A text cannot have {self.min_tokens} to {self.max_tokens} tokens.")

    @staticmethod
    def span(tokenizer: TextTokenizer) -> tuple[int, int]:
        return 0, tokenizer.first_code

    @staticmethod
    def rules(tokenizer: TextTokenizer) -> Tensor:
        """Rule 0: a word; rule 1: a word or the end of sequence."""
        allowed = words(tokenizer).repeat(2, 1)
        allowed[1, tokenizer.end_of_sequence] = True
        return allowed

    def begin(self, tokenizer: TextTokenizer) -> State:
        return _TextState(self, tokenizer)


class _TextState(State):
    def __init__(self, grammar: TextGrammar, tokenizer: TextTokenizer) -> None:
        super().__init__()
        self.grammar = grammar
        self.end_of_sequence = tokenizer.end_of_sequence
        self.rule = 0 if grammar.min_tokens else 1
        self.tokens: list[int] = []
        self.followers: dict[tuple[int, ...], list[int]] = {}

    def push(self, token: int) -> None:
        self.tokens.append(token)
        self.rule = 1 if len(self.tokens) >= self.grammar.min_tokens else 0
        self.done = token == self.end_of_sequence or len(self.tokens) == self.grammar.max_tokens
        size = self.grammar.no_repeat
        if 0 < size <= len(self.tokens):
            self.followers.setdefault(tuple(self.tokens[-size:-1]), []).append(token)
            self.banned = self.followers.get(tuple(self.tokens[len(self.tokens) - size + 1 :]), ())


@dataclass(frozen=True)
class FreeGrammar(Grammar):
    """Words, a motion, or words around one motion; not nothing.

    Attributes:
        max_tokens: most tokens of words.
        max_codes: most codes of the motion.
    """

    max_tokens: int = 64
    max_codes: int = 64

    def __post_init__(self) -> None:
        if self.max_tokens < 1 or self.max_codes < 1:
            raise MotionGPTError(f"An answer cannot have {self.max_tokens} tokens or {self.max_codes} codes.")

    @staticmethod
    def span(tokenizer: TextTokenizer) -> tuple[int, int]:
        return 0, tokenizer.size

    @staticmethod
    def rules(tokenizer: TextTokenizer) -> Tensor:
        """Word or start; word, start or end of sequence; word or end of sequence; code; code or end."""
        allowed = torch.zeros(5, tokenizer.size, dtype=torch.bool)
        allowed[:3] = words(tokenizer)
        allowed[:2, tokenizer.start] = True
        allowed[1:3, tokenizer.end_of_sequence] = True
        allowed[3:, tokenizer.first_code : tokenizer.start] = True
        allowed[4, tokenizer.end] = True
        return allowed

    def begin(self, tokenizer: TextTokenizer) -> State:
        return _FreeState(self, tokenizer)


class _FreeState(State):
    BEGIN, BEFORE_MOTION, AFTER_MOTION, FIRST_CODE, CODES = range(5)

    def __init__(self, grammar: FreeGrammar, tokenizer: TextTokenizer) -> None:
        super().__init__()
        self.grammar = grammar
        self.tokenizer = tokenizer
        self.rule = self.BEGIN
        self.tokens = self.codes = 0

    def push(self, token: int) -> None:
        self.forced = None
        if token == self.tokenizer.start:
            self.rule = self.FIRST_CODE
        elif token == self.tokenizer.end:
            self.rule = self.AFTER_MOTION
            self.done = self.tokens == self.grammar.max_tokens
        elif self.rule in (self.FIRST_CODE, self.CODES):
            self.rule = self.CODES
            self.codes += 1
            if self.codes == self.grammar.max_codes:
                self.forced = self.tokenizer.end
        else:
            self.tokens += 1
            self.rule = max(self.rule, self.BEFORE_MOTION)
            self.done = token == self.tokenizer.end_of_sequence or self.tokens == self.grammar.max_tokens


def words(tokenizer: TextTokenizer) -> Tensor:
    """(tokenizer.size,) bool: True on tokens that are text."""
    allowed = torch.zeros(tokenizer.size, dtype=torch.bool)
    allowed[: tokenizer.first_code] = True
    allowed[list(tokenizer.special)] = False
    return allowed


@dataclass(frozen=True)
class Step:
    """One token of one answer, as it is written: of sample ``sample`` of prompt ``prompt``."""

    prompt: int
    sample: int
    token: int
    logprob: float


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
    """As `generate`, token by token: of each batch first all first tokens, then all second ones ..."""
    prompts = list(prompts)
    grammars = [grammar] * len(prompts) if isinstance(grammar, Grammar) else list(grammar)
    if len(grammars) != len(prompts):
        raise MotionGPTError(f"{len(prompts)} prompts need as many grammars, not {len(grammars)}.")
    seeds = [seed] * len(prompts) if isinstance(seed, int) else list(seed)
    if len(seeds) != len(prompts):
        raise MotionGPTError(f"{len(prompts)} prompts need as many seeds, not {len(seeds)}.")
    if n < 1 or any(number < 0 for number in seeds):
        raise MotionGPTError(f"n must be at least 1 and seed at least 0, not {n} and {seed}.")
    if not 0 <= temperature < math.inf:
        raise MotionGPTError(f"temperature must be 0 (greedy) or more, not {temperature}.")
    if top_k is not None and top_k < 1:
        raise MotionGPTError(f"top_k must be at least 1, not {top_k}.")
    if top_p is not None and not 0 < top_p <= 1:
        raise MotionGPTError(f"top_p must be above 0 and at most 1, not {top_p}.")
    if (guidance is None) != (unconditional is None):
        raise MotionGPTError("Guidance needs both its scale and an unconditional prompt.")
    conditions = model.prompt_ids(prompts)
    if unconditional is None:
        baselines = None
    else:
        texts = [unconditional] * len(prompts) if isinstance(unconditional, str) else list(unconditional)
        if len(texts) != len(prompts):
            raise MotionGPTError(f"{len(prompts)} prompts need as many unconditional ones, not {len(texts)}.")
        baselines = model.prompt_ids(texts)

    def pick(logprobs: Tensor, draws: Tensor) -> Tensor:
        return choose(logprobs, draws, temperature, top_k, top_p)

    training = model.training
    model.eval()
    try:
        per_batch = max(1, batch_size // n)
        for first in range(0, len(prompts), per_batch):
            batch = slice(first, first + per_batch)
            rows = [(p, s) for p in range(len(prompts))[batch] for s in range(n)]
            steps = _decode(
                model,
                conditions[batch],
                None if baselines is None else baselines[batch],
                [grammars[p] for p, _ in rows],
                # Sample s draws the same numbers whatever the batch and whatever the other prompts.
                [np.random.default_rng([seeds[p], s]) for p, s in rows],
                n,
                guidance,
                pick,
            )
            for row, token, logprob in steps:
                yield Step(*rows[row], token, logprob)
    finally:
        model.train(training)


def generate(
    model: MotionLanguageModel,
    prompts: Sequence[str],
    grammar: Grammar | Sequence[Grammar],
    *,
    on_token: Callable[[Step], None] | None = None,
    n: int = 1,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    seed: int | Sequence[int] = 0,
    guidance: float | None = None,
    unconditional: str | Sequence[str] | None = None,
    batch_size: int = 64,
) -> list[list[Generation]]:
    """Answer every prompt ``n`` times.

    Args:
        model: the language model.
        prompts: texts, motion tokens allowed.
        grammar: of all answers, or one for each prompt.
        on_token: called with every token as it is written.
        n: answers for each prompt.
        temperature: 0 is greedy.
        top_k: sample among the ``top_k`` likeliest tokens.
        top_p: sample among the likeliest tokens whose probabilities first add up to ``top_p``.
        seed: of all prompts, or one for each; sample s of a prompt is the same for the same seed, alone or in any
            batch.
        guidance: scale of classifier-free guidance, 1 changes nothing: scores are extrapolated from those after the
            ``unconditional`` prompt.
        unconditional: for all prompts, or one for each.
        batch_size: rows that are decoded at once, at most (but at least ``n``).

    Returns:
        For each prompt its ``n`` answers.

    Raises:
        MotionGPTError: a prompt is too long, an argument out of its range, or the network computes no numbers.
    """
    prompts = list(prompts)
    tokens: list[list[list[int]]] = [[[] for _ in range(n)] for _ in prompts]
    logprobs = [[0.0] * n for _ in prompts]
    steps = stream(
        model,
        prompts,
        grammar,
        n=n,
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        seed=seed,
        guidance=guidance,
        unconditional=unconditional,
        batch_size=batch_size,
    )
    for step in steps:
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


@torch.inference_mode()
def _decode(
    model: MotionLanguageModel,
    conditions: list[list[int]],
    baselines: list[list[int]] | None,
    grammars: list[Grammar],
    generators: list[np.random.Generator],
    copies: int,
    guidance: float | None,
    pick: Callable[[Tensor, Tensor], Tensor],
) -> Iterator[tuple[int, int, float]]:
    """Yield (row, token, log probability), step after step; each prompt is continued by ``copies`` rows."""
    network, tokenizer, device = model.network, model.tokenizer, model.device
    states = [grammar.begin(tokenizer) for grammar in grammars]
    # One table with the rules of all grammars, no wider than the ids that any of them needs.
    kinds = list(dict.fromkeys(type(grammar) for grammar in grammars))
    spans = [kind.span(tokenizer) for kind in kinds]
    low, high = min(span[0] for span in spans), max(span[1] for span in spans)
    tables = [kind.rules(tokenizer)[:, low:high] for kind in kinds]
    penalty = torch.zeros(sum(map(len, tables)), high - low).masked_fill(~torch.cat(tables), -torch.inf).to(device)
    first_rules = dict(zip(kinds, accumulate((len(table) for table in tables), initial=0), strict=False))
    first_rule = [first_rules[type(grammar)] for grammar in grammars]

    ids, mask = pad(conditions + (baselines or []), tokenizer.padding)
    embedded = model.embed(ids.to(device), mask.to(device))
    cache = network.start(embedded, None if mask.all() else mask.to(device), copies)
    rows = list(range(len(states)))
    tokens = [tokenizer.answer_start] * len(rows)
    while rows:
        repeated = tokens if baselines is None else tokens * 2
        hidden = network.step(torch.tensor(repeated, device=device), cache)
        forced = [states[row].forced for row in rows]
        if all(token is not None for token in forced):
            logprobs = [0.0] * len(rows)
            tokens = [token for token in forced if token is not None]
        else:
            logits = network.logits(hidden, low, high)
            allowed = penalty[[first_rule[row] + states[row].rule for row in rows]]
            if guidance is None:
                logits = logits + allowed
            else:
                wanted, unwanted = logits.chunk(2)
                logits = guide(wanted, unwanted, guidance, allowed, tokenizer.end - low)
            for i, row in enumerate(rows):
                if states[row].banned:
                    logits[i, [token - low for token in states[row].banned]] = -torch.inf
            scores = F.log_softmax(logits, dim=-1)
            if not math.isfinite(float(scores.amax())):
                raise MotionGPTError("The language model computes no numbers: its weights are damaged, load others.")
            # A row draws only where it has a choice: its draws must not depend on the rows beside it.
            draws = [
                generators[row].random() if token is None else 0.0 for row, token in zip(rows, forced, strict=True)
            ]
            chosen = pick(scores, torch.tensor(draws, dtype=torch.float64, device=device))
            logprobs = scores.gather(1, chosen[:, None])[:, 0].tolist()
            tokens = [token + low for token in chosen.tolist()]
            for i, token in enumerate(forced):
                if token is not None:
                    tokens[i], logprobs[i] = token, 0.0
        for row, token, logprob in zip(rows, tokens, logprobs, strict=True):
            states[row].push(token)
            yield row, token, logprob
        going = [i for i, row in enumerate(rows) if not states[row].done]
        if len(going) < len(rows):
            pairs = going if baselines is None else going + [len(rows) + i for i in going]
            cache.keep(torch.tensor(pairs, dtype=torch.long, device=device))
            rows = [rows[i] for i in going]
            tokens = [tokens[i] for i in going]


def guide(wanted: Tensor, unwanted: Tensor, scale: float, penalty: Tensor, end: int) -> Tensor:
    """Scores after classifier-free guidance (Ho and Salimans 2022) of all tokens but the end of a motion.

    Whether a motion is over is for the wanted prompt alone to say. Any motion may end at any code, so guidance away
    from "any motion" is guidance away from the end, and motions would go on until they are cut.

    Args:
        wanted, unwanted: (B, V) logits after the prompt and after the unconditional one.
        scale: 1 changes nothing.
        penalty: (B, V) 0, or -inf where a token is not allowed.
        end: column of the end token; outside the columns when it cannot occur.

    Returns:
        (B, V) logits.
    """
    guided = unwanted + scale * (wanted - unwanted) + penalty
    if not 0 <= end < guided.shape[1]:
        return guided
    # An end that is all but certain must leave the others a probability to be set beside.
    ends = (wanted + penalty).log_softmax(-1)[:, end].clamp(max=-1e-6)
    guided[:, end] = -torch.inf
    # The logit that gives the end its probability among the others as they are now.
    guided[:, end] = guided.logsumexp(-1) + ends - torch.log1p(-ends.exp())
    return guided


def choose(logprobs: Tensor, draws: Tensor, temperature: float, top_k: int | None, top_p: float | None) -> Tensor:
    """Choose one token a row.

    Args:
        logprobs: (B, V), -inf where a token is not allowed.
        draws: (B,) float64 uniform in [0, 1): the same draw chooses the same token.
        temperature, top_k, top_p: see `generate`.

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


@torch.inference_mode()
def score(
    model: MotionLanguageModel, prompts: Sequence[Tokens], outputs: Sequence[Tokens], *, batch_size: int = 64
) -> Tensor:
    """Log-likelihood of each output after its prompt, end of sequence included, without a grammar.

    Args:
        model: the language model.
        prompts, outputs: texts or ids without end of sequence, as many of the one as of the other; prompts are cut at
            the model's ``max_input_tokens``, outputs are not.
        batch_size: pairs that are scored at once.

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
