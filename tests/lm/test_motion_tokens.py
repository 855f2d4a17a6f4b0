"""Motion strings: round trips, damaged generations, and what the original does with them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motiongpt.lm.motion_tokens import mask_token, motion_string, motion_token, motion_tokens, parse

CODES = st.lists(st.integers(0, 511), max_size=60)
# From a run of the original implementation.
GOLDEN_CODES = [483, 320, 350, 459, 296]
GOLDEN_STRING = (
    "<motion_id_512><motion_id_483><motion_id_320><motion_id_350><motion_id_459><motion_id_296><motion_id_513>"
)


def test_golden_motion_string() -> None:
    assert motion_string(GOLDEN_CODES) == GOLDEN_STRING
    assert motion_string(np.array(GOLDEN_CODES)) == GOLDEN_STRING


def test_tokens_are_in_the_order_of_their_ids() -> None:
    tokens = motion_tokens()
    assert len(tokens) == 515
    assert tokens[0] == "<motion_id_0>"
    assert tokens[-3:] == ["<motion_id_512>", "<motion_id_513>", mask_token()]
    assert motion_tokens(2) == [motion_token(i) for i in range(5)]


@given(codes=CODES, before=st.text("abc ."), after=st.text("abc ."))
def test_what_is_written_is_read(codes: list[int], before: str, after: str) -> None:
    found, text = parse(before + motion_string(codes) + after)
    assert found.dtype == np.int64
    assert found.tolist() == codes
    assert text == " ".join(f"{before} {after}".split())


@given(codes=CODES.filter(bool), cut=st.integers(0, 59), words=st.text("abc <>_", max_size=8))
def test_a_generation_cut_short_keeps_its_beginning(codes: list[int], cut: int, words: str) -> None:
    cut = min(cut, len(codes))
    string = "<motion_id_512>" + words.join(f"<motion_id_{code}>" for code in codes[:cut])
    assert parse(string)[0].tolist() == codes[:cut]


@pytest.mark.parametrize(
    ("text", "codes", "words"),
    [
        ("", [], ""),
        ("just words", [], "just words"),
        ("<motion_id_512><motion_id_513>", [], ""),
        ("<motion_id_5> <motion_id_6>", [5, 6], ""),
        ("<motion_id_5><motion_id_513><motion_id_6>", [5], ""),
        ("<motion_id_513>a<motion_id_512><motion_id_6>", [6], "a"),
        ("<motion_id_512><motion_id_1><motion_id_514><motion_id_2><motion_id_513>", [1, 2], ""),
        ("<motion_id_512><motion_id_1><motion_id_900><motion_id_513>", [1], ""),
        ("<motion_id_512><motion_id_1><motion_id_512><motion_id_2><motion_id_513>", [1, 2], ""),
        (motion_string([1]) + " then " + motion_string([2]), [1], "then"),
    ],
)
def test_damaged_motions(text: str, codes: list[int], words: str) -> None:
    found, rest = parse(text)
    assert found.tolist() == codes
    assert rest == words


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    codes, words = parse(text)
    assert codes.ndim == 1
    assert "<motion_id_1>" not in words


def test_another_codebook() -> None:
    assert parse(motion_string([3, 1], 4), 4)[0].tolist() == [3, 1]


@pytest.mark.parametrize(
    ("text", "codes", "words"),
    [
        (f"he said {GOLDEN_STRING} ok", GOLDEN_CODES, "he said <Motion_Placeholder> ok"),
        ("no motion", [0], "no motion"),
        ("<motion_id_512><motion_id_7>", [0], "<motion_id_512><motion_id_7>"),
        ("<motion_id_7><motion_id_513>", [0], "<motion_id_7><motion_id_513>"),
        ("<motion_id_512><motion_id_513>", [0], "<Motion_Placeholder>"),
        ("<motion_id_512><motion_id_7> and <motion_id_8><motion_id_513>", [8], "<Motion_Placeholder>"),
        ("<motion_id_512><motion_id_7> <motion_id_513>", [0], "<Motion_Placeholder>"),
    ],
)
def test_strict_reference(text: str, codes: list[int], words: str) -> None:
    found, rest = parse(text, strict_reference=True)
    assert found.tolist() == codes
    assert rest == words
