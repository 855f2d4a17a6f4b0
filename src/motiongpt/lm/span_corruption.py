"""Span corruption, the pre-training task of T5 (Raffel et al. 2020, section 3.1.4).

Each hidden span of a sequence is replaced by one sentinel; the answer gives the spans, each after its sentinel. The
functions work on token ids, so captions and motion codes are treated alike. Where prompt and answer have different
tokenizers, whole words are hidden.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

import numpy as np


def corrupt_spans(
    ids: Sequence[int],
    sentinels: Sequence[int],
    rng: np.random.Generator,
    *,
    noise_density: float = 0.15,
    mean_span: float = 3.0,
) -> tuple[list[int], list[int]]:
    """Replace random spans by sentinels.

    Exactly ``round(len(ids) * noise_density)`` tokens are hidden (at least one), in ``round(hidden / mean_span)`` spans
    (at least one), no two of which touch. All splits into span lengths are equally likely, and so are all positions.

    Args:
        ids: tokens without an end-of-sequence token, at least one.
        sentinels: ids of the sentinel tokens in the order of their use.
        rng: random generator.
        noise_density: share of the tokens to hide, between 0 and 1.
        mean_span: mean length of a span in tokens, at least 1.

    Returns:
        The corrupted sequence, and the answer ``sentinel, span, sentinel, span ...``, both without end of sequence.

    Raises:
        ValueError: ``ids`` is empty.
    """
    if not ids:
        raise ValueError("cannot corrupt an empty sequence")
    hidden = max(1, round(len(ids) * noise_density))
    shown = len(ids) - hidden
    # Spans must not touch, so each two need a shown token between them.
    spans = max(1, min(round(hidden / mean_span), shown + 1, len(sentinels)))
    span_lengths = _composition(hidden, spans, rng)
    # The gaps before the first and after the last span may be empty: draw them one too long, then shorten them.
    gap_lengths = _composition(shown + 2, spans + 1, rng)
    gap_lengths[0] -= 1
    gap_lengths[-1] -= 1

    corrupted: list[int] = []
    answer: list[int] = []
    position = 0
    for gap, span, sentinel in zip(gap_lengths, span_lengths, sentinels, strict=False):
        corrupted += [*ids[position : position + gap], sentinel]
        position += gap
        answer += [sentinel, *ids[position : position + span]]
        position += span
    return corrupted + list(ids[position:]), answer


def corrupt_words(
    text: str,
    encode_input: Callable[[str], list[int]],
    encode_output: Callable[[str], list[int]],
    sentinels: Sequence[int],
    rng: np.random.Generator,
) -> tuple[list[int], list[int]]:
    """Like `corrupt_spans` with spans of words; shown and hidden words have different tokenizers.

    Args:
        text: at least one word.
        encode_input, encode_output: tokenizers of the corrupted sequence and of the answer.
        sentinels, rng: see `corrupt_spans`.
    """
    words = text.split()
    count = len(words)
    # Words and sentinels as numbers: first the positions of the words, then the sentinels.
    parts = corrupt_spans(range(count), range(count, count + len(sentinels)), rng)

    def ids(numbers: list[int], encode: Callable[[str], list[int]]) -> list[int]:
        result: list[int] = []
        for shown, group in groupby(numbers, lambda number: number < count):
            run = list(group)
            result += encode(" ".join(words[i] for i in run)) if shown else [sentinels[i - count] for i in run]
        return result

    return ids(parts[0], encode_input), ids(parts[1], encode_output)


def _composition(total: int, parts: int, rng: np.random.Generator) -> list[int]:
    """A random composition of ``total`` into ``parts`` positive integers, all compositions equally likely."""
    cuts = np.sort(rng.choice(total - 1, size=parts - 1, replace=False)) + 1
    return np.diff(np.concatenate(([0], cuts, [total]))).tolist()
