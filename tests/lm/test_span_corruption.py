from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motiongpt.lm.span_corruption import corrupt_spans, corrupt_words

SENTINELS = range(1000, 1100)


def restore(corrupted: list[int], answer: list[int]) -> list[int]:
    """Put the spans back where their sentinels stand."""
    spans: dict[int, list[int]] = {}
    for token in answer:
        if token in SENTINELS:
            last = spans[token] = []
        else:
            last.append(token)
    return [number for token in corrupted for number in spans.get(token, [token])]


@given(
    length=st.integers(1, 300),
    density=st.floats(0.01, 0.99),
    mean_span=st.floats(1.0, 10.0),
    seed=st.integers(0, 2**32),
)
def test_nothing_is_lost_and_the_noise_is_exact(length: int, density: float, mean_span: float, seed: int) -> None:
    ids = list(range(length))
    rng = np.random.default_rng(seed)
    corrupted, answer = corrupt_spans(ids, SENTINELS, rng, noise_density=density, mean_span=mean_span)
    assert restore(corrupted, answer) == ids

    hidden = max(1, round(length * density))
    used = [token for token in corrupted if token in SENTINELS]
    assert len([token for token in answer if token not in SENTINELS]) == hidden
    assert len(corrupted) == length - hidden + len(used)
    # The same sentinels in the same order on both sides, from the first on, never two side by side.
    assert used == [token for token in answer if token in SENTINELS] == list(SENTINELS[: len(used)])
    for row in (corrupted, answer):
        assert not any(a in SENTINELS and b in SENTINELS for a, b in pairwise(row))
    assert answer[0] == SENTINELS[0]
    assert answer[-1] not in SENTINELS


def test_span_length_and_density_on_long_sequences() -> None:
    corrupted, answer = corrupt_spans(list(range(400)), SENTINELS, np.random.default_rng(0))
    spans = sum(token in SENTINELS for token in corrupted)
    assert (len(answer) - spans, spans) == (60, 20)


def test_every_position_is_hidden_about_equally_often() -> None:
    counts = np.zeros(20)
    rng = np.random.default_rng(0)
    for _ in range(4000):
        _, answer = corrupt_spans(list(range(20)), SENTINELS, rng, noise_density=0.3, mean_span=2.0)
        counts[[token for token in answer if token < 20]] += 1
    share = counts / 4000
    assert share.mean() == pytest.approx(0.3)
    assert share.min() > 0.2
    assert share.max() < 0.4


def test_seeded() -> None:
    first, second = (corrupt_spans(list(range(50)), SENTINELS, np.random.default_rng(7)) for _ in range(2))
    assert first == second


def test_few_sentinels_limit_the_spans() -> None:
    corrupted, answer = corrupt_spans(list(range(100)), [1000, 1001], np.random.default_rng(0), noise_density=0.5)
    assert sum(token >= 1000 for token in corrupted) == 2
    assert restore(corrupted, answer) == list(range(100))


def test_empty_is_refused() -> None:
    with pytest.raises(ValueError, match="empty"):
        corrupt_spans([], SENTINELS, np.random.default_rng(0))


@given(words=st.lists(st.text("abc", min_size=1, max_size=4), min_size=1, max_size=30), seed=st.integers(0, 2**32))
def test_hidden_words_have_the_ids_of_the_answer_and_shown_ones_those_of_the_prompt(
    words: list[str], seed: int
) -> None:
    def encode_input(text: str) -> list[int]:
        return [-ord(sign) for sign in f" {text}"]

    def encode_output(text: str) -> list[int]:
        return [ord(sign) for sign in f" {text}"]

    text = " ".join(words)
    corrupted, answer = corrupt_words(text, encode_input, encode_output, SENTINELS, np.random.default_rng(seed))
    assert all(token in SENTINELS or token < 0 for token in corrupted)
    assert all(token > 0 for token in answer)
    assert answer[0] in SENTINELS
    assert "".join(chr(abs(token)) for token in restore(corrupted, answer)) == f" {text}"
    hidden = "".join(chr(token) if token not in SENTINELS else "" for token in answer).split()
    assert len(hidden) == max(1, round(0.15 * len(words)))
