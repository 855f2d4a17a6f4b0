"""The text tokenizer: words, special tokens and motion tokens to ids and back.

The tokenizer of a model trained from scratch is a byte-level BPE, which can write any script and emoji, over text that
is NFC-normalised, lower-cased and has single spaces; digits are tokens of their own. Its ids are 0 padding, 1 end of
sequence, 2 unknown, the sentinels of span corruption, the words, and last the motion tokens. Tokenizers of Hugging Face
models keep their ids, and the motion tokens follow.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from motiongpt.errors import MotionGPTError
from motiongpt.files import atomic_path
from motiongpt.lm.motion_tokens import motion_tokens

PADDING, END_OF_SEQUENCE, UNKNOWN = "<pad>", "</s>", "<unk>"
SENTINELS = 100
SEPARATOR = " \n "
"""Stands between prompt and answer where a decoder-only model reads both as one text."""


def encode_texts(tokenizer: Tokenizer, texts: Sequence[str]) -> list[list[int]]:
    """Ids of texts, without special tokens.

    Raises:
        MotionGPTError: a text is not valid Unicode.
    """
    try:
        encodings = tokenizer.encode_batch(list(texts), add_special_tokens=False)
    except (UnicodeEncodeError, TypeError) as error:
        raise MotionGPTError("The text is not valid Unicode: send it as UTF-8.") from error
    return [encoding.ids for encoding in encodings]


class TextTokenizer:
    """A ``tokenizers.Tokenizer`` with motion tokens; the workers of a data loader can pickle it.

    Attributes:
        padding, end_of_sequence, unknown: ids of the special tokens; in a causal model all are its end of sequence.
        sentinels: ids of ``<extra_id_0>``, ``<extra_id_1>`` ...; a causal model has none.
        special: ids of all tokens that are neither text nor motion.
        before, after: ids around the words of a prompt. ``after`` is the end of sequence, or, in a causal model, the
            separator without its last token.
        answer_start: id that every answer starts with: padding, or, in a causal model, the last token of the separator.
        num_codes: number of motion codes.
        first_code: id of code 0; code i has the id ``first_code + i``, and start, end and mask of a motion follow.
        size: number of ids; the motion tokens are the last of them.
    """

    def __init__(self, tokenizer: Tokenizer, num_codes: int, causal_end: str | None = None) -> None:
        """
        Args:
            tokenizer: with or without motion tokens; missing ones are added.
            num_codes: size of the motion codebook.
            causal_end: end of sequence of a causal model; None for a T5.

        Raises:
            MotionGPTError: special tokens are missing, or the motion tokens are not the last ids.
        """
        self.num_codes = num_codes
        self.causal_end = causal_end
        tokens = motion_tokens(num_codes)
        tokenizer.add_tokens([AddedToken(token, normalized=False, special=False) for token in tokens])
        # User input is text, even where it looks like "</s>".
        tokenizer.encode_special_tokens = True
        tokenizer.no_padding()
        tokenizer.no_truncation()
        self._tokenizer = tokenizer
        self.size: int = tokenizer.get_vocab_size()
        self.first_code = self.size - len(tokens)
        self.start, self.end, self.mask = (self.first_code + num_codes + i for i in range(3))
        special = [number for number, token in tokenizer.get_added_tokens_decoder().items() if token.special]
        self.before: tuple[int, ...] = ()
        self.after: tuple[int, ...]
        if causal_end is None:
            self.padding, self.end_of_sequence, self.unknown = (
                self._special(token) for token in (PADDING, END_OF_SEQUENCE, UNKNOWN)
            )
            self.sentinels = tuple(self._special(f"<extra_id_{i}>") for i in range(SENTINELS))
            self.after, self.answer_start = (self.end_of_sequence,), self.padding
        else:
            self.padding = self.end_of_sequence = self.unknown = self._special(causal_end)
            self.sentinels = ()
            # The special tokens that the model saw at the start of every text, if any.
            self.before = tuple(takewhile(special.__contains__, tokenizer.encode("a").ids))
            *after, self.answer_start = self.encode(SEPARATOR)
            self.after = tuple(after)
            if not self.before and not self.after:
                # A prompt must not be empty.
                self.before = (self.end_of_sequence,)
        self.special = tuple(sorted({*special, self.padding, self.end_of_sequence, self.unknown, *self.sentinels}))
        if [tokenizer.token_to_id(token) for token in tokens] != list(range(self.first_code, self.size)):
            raise MotionGPTError(
                f"The {len(tokens)} motion tokens are not the last ids of this text tokenizer: use one without motion "
                "tokens, or with all of them at the end."
            )

    def _special(self, token: str) -> int:
        number = self._tokenizer.token_to_id(token)
        if number is None:
            kind = "T5" if self.causal_end is None else "causal"
            raise MotionGPTError(f"The text tokenizer has no token {token!r}: use the tokenizer of a {kind} model.")
        return number

    @classmethod
    def train(cls, texts: Iterable[str], *, num_codes: int = 512, vocabulary_size: int = 2048) -> TextTokenizer:
        """Train a byte-level BPE; the same texts in the same order give the same tokenizer.

        Args:
            texts: captions and prompts; few texts give fewer than ``vocabulary_size`` ids.
            num_codes: size of the motion codebook.
            vocabulary_size: maximum number of ids before the motion tokens.
        """
        tokenizer = Tokenizer(models.BPE())
        tokenizer.normalizer = normalizers.Sequence(
            [
                normalizers.NFC(),
                normalizers.Lowercase(),
                normalizers.Replace(Regex(r"\s+"), " "),
                normalizers.Strip(),
            ]
        )
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.ByteLevel(add_prefix_space=True), pre_tokenizers.Digits(individual_digits=True)]
        )
        tokenizer.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=vocabulary_size,
            special_tokens=[PADDING, END_OF_SEQUENCE, UNKNOWN, *(f"<extra_id_{i}>" for i in range(SENTINELS))],
            initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
            show_progress=False,
        )
        tokenizer.train_from_iterator(texts, trainer)
        return cls(tokenizer, num_codes)

    @classmethod
    def from_json(cls, text: str, num_codes: int, causal_end: str | None = None) -> TextTokenizer:
        """Read the text of a ``tokenizer.json``; see the constructor for the other arguments.

        Raises:
            MotionGPTError: the text is not a ``tokenizer.json``.
        """
        try:
            tokenizer = Tokenizer.from_str(text)
        except Exception as error:  # the library raises bare Exception
            raise MotionGPTError(f"This is not the tokenizer.json of a text tokenizer: {error}.") from error
        return cls(tokenizer, num_codes, causal_end)

    def __reduce__(self) -> tuple[Any, ...]:
        # The library's own pickle forgets encode_special_tokens.
        return TextTokenizer.from_json, (self.to_json(), self.num_codes, self.causal_end)

    def to_json(self) -> str:
        """The text of a ``tokenizer.json``."""
        return self._tokenizer.to_str()

    def save(self, path: str | Path) -> None:
        """Write a ``tokenizer.json``.

        Raises:
            MotionGPTError: the folder cannot be written.
        """
        with atomic_path(path) as temporary:
            self._tokenizer.save(str(temporary))

    @classmethod
    def load(cls, path: str | Path, num_codes: int, causal_end: str | None = None) -> TextTokenizer:
        """Read a ``tokenizer.json``; see the constructor for the other arguments.

        Raises:
            MotionGPTError: the file is missing, or not a ``tokenizer.json``.
        """
        try:
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise MotionGPTError(f"Cannot read the text tokenizer {path}: {error}.") from error
        try:
            return cls.from_json(text, num_codes, causal_end)
        except MotionGPTError as error:
            raise MotionGPTError(f"{path}: {error}") from error

    def encode(self, text: str) -> list[int]:
        """Ids of a text without end of sequence; motion tokens in it become one id each.

        Raises:
            MotionGPTError: the text is not valid Unicode.
        """
        return self.encode_batch([text])[0]

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Like `encode`, for several texts at once."""
        return encode_texts(self._tokenizer, texts)

    def frame(self, ids: Sequence[int], limit: int | None = None) -> list[int]:
        """The ids of words with those around them, truncated where the prompt would be longer than ``limit``."""
        if limit is not None:
            ids = ids[: max(0, limit - len(self.before) - len(self.after))]
        return [*self.before, *ids, *self.after]

    def decode(self, ids: Iterable[int]) -> str:
        """The text of the ids, without special tokens, motion tokens and incomplete characters."""
        words = [number for number in ids if number < self.first_code]
        return self._tokenizer.decode(words, skip_special_tokens=True).replace("\ufffd", "").strip()

    def codes(self, ids: Iterable[int]) -> list[int]:
        """The motion codes among the ids, in order."""
        return [number - self.first_code for number in ids if self.first_code <= number < self.start]
