"""Grammars of answers: at every step, which tokens may come next or which one must.

A grammar keeps an answer well formed whatever scores the network gives. It knows token ids only, not networks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import torch
from torch import Tensor

from motiongpt.errors import MotionGPTError
from motiongpt.lm.tokenizer import TextTokenizer


class State:
    """The position of one answer in its grammar.

    Attributes:
        rule: row of `Grammar.rules` that holds for the next token.
        forced: the token that must come next, if any; it overrides the rule.
        banned: tokens that must not come next although the rule allows them.
        done: whether the answer is complete.
    """

    def __init__(self) -> None:
        self.rule = 0
        self.forced: int | None = None
        self.banned: Sequence[int] = ()
        self.done = False

    def push(self, token: int) -> None:
        """Advance by one token."""
        raise NotImplementedError


class Grammar:
    """The form of an answer."""

    @staticmethod
    def span(tokenizer: TextTokenizer) -> tuple[int, int]:
        """First id, and last id plus one, of the tokens that can occur."""
        raise NotImplementedError

    @staticmethod
    def rules(tokenizer: TextTokenizer) -> Tensor:
        """(rules, tokenizer.size) bool: the tokens that each rule allows."""
        raise NotImplementedError

    def begin(self, tokenizer: TextTokenizer) -> State:
        """The state before the first token."""
        raise NotImplementedError


@dataclass(frozen=True)
class MotionGrammar(Grammar):
    """Exactly one motion: start token, codes, end token.

    Attributes:
        min_codes, max_codes: bounds of the number of codes; equal for an exact length.
        forced: a code, or None where the position is free, for the first positions: a given head or tail.
    """

    min_codes: int
    max_codes: int
    forced: Sequence[int | None] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.min_codes <= self.max_codes:
            raise MotionGPTError(
                f"A motion cannot have {self.min_codes} to {self.max_codes} codes: min_codes must be at least 1 and "
                "max_codes no less than min_codes."
            )
        if len(self.forced) > self.max_codes:
            raise MotionGPTError(
                f"{len(self.forced)} codes are given for a motion of at most {self.max_codes}: raise max_codes."
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
                raise MotionGPTError(
                    f"There is no motion code {code}: this model has codes 0 to {tokenizer.num_codes - 1}."
                )
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
        max_tokens: upper bound of the number of tokens.
        min_tokens: lower bound; 1 forbids an empty answer.
        no_repeat: no sequence of that many tokens occurs twice; 0 for no such rule.
    """

    max_tokens: int = 64
    min_tokens: int = 1
    no_repeat: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.min_tokens <= self.max_tokens or self.max_tokens < 1:
            raise MotionGPTError(
                f"A text cannot have {self.min_tokens} to {self.max_tokens} tokens: min_tokens must be at least 0 and "
                "max_tokens at least 1 and no less than min_tokens."
            )

    @staticmethod
    def span(tokenizer: TextTokenizer) -> tuple[int, int]:
        return 0, tokenizer.first_code

    @staticmethod
    def rules(tokenizer: TextTokenizer) -> Tensor:
        """Rule 0: a word; rule 1: a word or the end of sequence."""
        allowed = _text_tokens(tokenizer).repeat(2, 1)
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
    """Words, a motion, or words around one motion; never nothing.

    Attributes:
        max_tokens: upper bound of the number of tokens of words.
        max_codes: upper bound of the number of codes of the motion.
    """

    max_tokens: int = 64
    max_codes: int = 64

    def __post_init__(self) -> None:
        if self.max_tokens < 1 or self.max_codes < 1:
            raise MotionGPTError(
                f"An answer cannot have {self.max_tokens} tokens or {self.max_codes} codes: max_tokens and max_codes "
                "must be at least 1."
            )

    @staticmethod
    def span(tokenizer: TextTokenizer) -> tuple[int, int]:
        return 0, tokenizer.size

    @staticmethod
    def rules(tokenizer: TextTokenizer) -> Tensor:
        """Word or start; word, start or end of sequence; word or end of sequence; code; code or end."""
        allowed = torch.zeros(5, tokenizer.size, dtype=torch.bool)
        allowed[:3] = _text_tokens(tokenizer)
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


def _text_tokens(tokenizer: TextTokenizer) -> Tensor:
    """(tokenizer.size,) bool: True on tokens that are text."""
    allowed = torch.zeros(tokenizer.size, dtype=torch.bool)
    allowed[: tokenizer.first_code] = True
    allowed[list(tokenizer.special)] = False
    return allowed


class GrammarBatch:
    """The grammars of a batch of answers, and one table with the rules of all of them.

    Attributes:
        states: of each answer.
        low, high: the table's columns are the tokens ``low`` .. ``high - 1``, no more than any of the grammars needs.
    """

    def __init__(self, grammars: Sequence[Grammar], tokenizer: TextTokenizer, device: torch.device) -> None:
        self.states = [grammar.begin(tokenizer) for grammar in grammars]
        kinds = list(dict.fromkeys(type(grammar) for grammar in grammars))
        spans = [kind.span(tokenizer) for kind in kinds]
        self.low, self.high = min(span[0] for span in spans), max(span[1] for span in spans)
        tables = [kind.rules(tokenizer)[:, self.low : self.high] for kind in kinds]
        zeros = torch.zeros(sum(map(len, tables)), self.high - self.low)
        self._penalties = zeros.masked_fill(~torch.cat(tables), -torch.inf).to(device)
        first_rules = dict(zip(kinds, accumulate((len(table) for table in tables), initial=0), strict=False))
        self._first_rule = [first_rules[type(grammar)] for grammar in grammars]

    def penalties(self, rows: Sequence[int]) -> Tensor:
        """(len(rows), high - low): what to add to the logits of these answers, 0 or -inf where the rule forbids."""
        return self._penalties[[self._first_rule[row] + self.states[row].rule for row in rows]]

    def ban(self, logits: Tensor, rows: Sequence[int]) -> None:
        """Set the logits (len(rows), high - low) of banned tokens to -inf, in place."""
        for i, row in enumerate(rows):
            if self.states[row].banned:
                logits[i, [token - self.low for token in self.states[row].banned]] = -torch.inf
