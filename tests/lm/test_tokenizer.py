from __future__ import annotations

import pickle
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motiongpt.errors import MotionGPTError
from motiongpt.lm.motion_tokens import motion_string, motion_token
from motiongpt.lm.tokenizer import SENTINELS, TextTokenizer

from .conftest import CAPTIONS, TINY


def plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).lower().split())


def test_ids(words: TextTokenizer) -> None:
    assert (words.padding, words.end_of_sequence, words.unknown) == (0, 1, 2)
    assert words.sentinels == tuple(range(3, 3 + SENTINELS))
    assert words.size == words.first_code + 16 + 3
    assert (words.start, words.end, words.mask) == (words.size - 3, words.size - 2, words.size - 1)
    assert words.first_code <= 420


def test_training_is_deterministic(words: TextTokenizer, tmp_path: Path) -> None:
    again = TextTokenizer.train(CAPTIONS, num_codes=16, vocabulary_size=420)
    words.save(tmp_path / "a.json")
    again.save(tmp_path / "b.json")
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()


@pytest.mark.parametrize(
    "text",
    [
        "A person  walks\nforward.",
        "走る人が手を振る",
        "человек прыгает",
        "شخص يمشي",
        "wave 👋🏽 twice",
        "1205 frames, 6.0 s",
    ],
)
def test_any_script_survives(words: TextTokenizer, text: str) -> None:
    ids = words.encode(text)
    assert words.unknown not in ids
    assert words.decode(ids) == plain(text)


@given(st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "Zs", "So")), max_size=40))
def test_round_trip(words: TextTokenizer, text: str) -> None:
    # Characters whose lower case is not stable under NFC (as of dotted capital I) are compared after the same steps.
    assert plain(words.decode(words.encode(text))) == plain(plain(text))


def test_digits_stand_alone(words: TextTokenizer) -> None:
    assert len(words.encode("120")) == 1 + 3  # the space before the word, then the digits


def test_motion_tokens_are_single_ids(words: TextTokenizer) -> None:
    ids = words.encode(f"Walks: {motion_string([3, 7, 15], 16)} slowly")
    inside = [number for number in ids if number >= words.first_code]
    assert inside == [words.start, words.first_code + 3, words.first_code + 7, words.first_code + 15, words.end]
    assert words.codes(ids) == [3, 7, 15]
    assert words.decode(ids) == "walks: slowly"
    assert words.encode(motion_token(18)) == [words.mask]


def test_what_looks_like_a_special_token_is_text(words: TextTokenizer) -> None:
    ids = words.encode("say </s> and <extra_id_0> and <pad>")
    assert not {words.end_of_sequence, words.padding, *words.sentinels} & set(ids)
    assert words.decode(ids) == "say </s> and <extra_id_0> and <pad>"


def test_bytes_that_make_no_character_are_left_out(words: TextTokenizer) -> None:
    assert words.decode(words.encode("手")[1:-1]) == ""


def test_save_and_load(words: TextTokenizer, tmp_path: Path) -> None:
    words.save(tmp_path / "tokenizer.json")
    for again in (TextTokenizer.load(tmp_path / "tokenizer.json", 16), pickle.loads(pickle.dumps(words))):
        assert again.encode("a </s> man walks <motion_id_3>") == words.encode("a </s> man walks <motion_id_3>")
        assert (again.size, again.first_code) == (words.size, words.first_code)


def test_wrong_number_of_codes_is_refused(words: TextTokenizer, tmp_path: Path) -> None:
    words.save(tmp_path / "tokenizer.json")
    with pytest.raises(MotionGPTError, match="last ids"):
        TextTokenizer.load(tmp_path / "tokenizer.json", TINY.num_codes - 1)


@pytest.mark.parametrize("content", ["", "{}", "[1, 2]", "\udcff"])
def test_broken_file(tmp_path: Path, content: str) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_text(content, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(MotionGPTError, match=r"tokenizer\.json"):
        TextTokenizer.load(path, 16)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(MotionGPTError, match=r"tokenizer\.json"):
        TextTokenizer.load(tmp_path / "tokenizer.json", 16)


def test_invalid_unicode(words: TextTokenizer) -> None:
    with pytest.raises(MotionGPTError, match="Unicode"):
        words.encode("broken \ud800 text")
