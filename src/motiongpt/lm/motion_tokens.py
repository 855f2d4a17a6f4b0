"""Motion as text: the tokens that stand for motion codes in a sentence.

With 512 codes, the motion of the codes 3, 7 is ``<motion_id_512><motion_id_3><motion_id_7><motion_id_513>``: start,
codes, end, without separators. The mask token ``<motion_id_514>`` stands for a hidden code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np

NUM_CODES = 512
_TOKEN = re.compile(r"<motion_id_(\d+)>")


def motion_token(i: int) -> str:
    """The token of code ``i``; start, end and mask are the codes ``num_codes``, ``num_codes + 1`` and ``+ 2``."""
    return f"<motion_id_{i}>"


def motion_tokens(num_codes: int = NUM_CODES) -> list[str]:
    """All motion tokens in the order of their ids: the codes, start, end, mask."""
    return [motion_token(i) for i in range(num_codes + 3)]


def mask_token(num_codes: int = NUM_CODES) -> str:
    """The token of a hidden code."""
    return motion_token(num_codes + 2)


def motion_string(codes: Iterable[int], num_codes: int = NUM_CODES) -> str:
    """Start, the codes (n,), end, without separators."""
    return "".join(map(motion_token, (num_codes, *codes, num_codes + 1)))


def parse(text: str, num_codes: int = NUM_CODES, *, strict_reference: bool = False) -> tuple[np.ndarray, str]:
    """Split a text into its motion and its words.

    The codes are those from the first start token to the first end token after it. Without a start or an end token the
    motion reaches to that end of the text. Words between the tokens, and masks, are ignored.

    Args:
        text: output of a model, or input of a user.
        num_codes: size of the motion codebook.
        strict_reference: parse like the original MotionGPT, see ``docs/differences.md``: a motion without start or end
            token is the single code 0, codes followed by a word and another code are lost, and in the text the motion
            becomes ``<Motion_Placeholder>``.

    Returns:
        codes: (n,) int64, empty when the text has no motion (``[0]`` with ``strict_reference``).
        text: the words around the motion, without motion tokens, white space collapsed.
    """
    if strict_reference:
        return _parse_as_reference(text, num_codes)
    start, end = num_codes, num_codes + 1
    ids = [int(number) for number in _TOKEN.findall(text)]
    if start in ids:
        ids = ids[ids.index(start) + 1 :]
    if end in ids:
        ids = ids[: ids.index(end)]
    codes = np.array([i for i in ids if i < num_codes], dtype=np.int64)
    return codes, " ".join(_TOKEN.sub(" ", text).split())


def _parse_as_reference(text: str, num_codes: int) -> tuple[np.ndarray, str]:
    start, end = motion_token(num_codes), motion_token(num_codes + 1)
    nothing = np.zeros(1, dtype=np.int64)
    if start not in text or end not in text:
        return nothing, text
    inside = text[text.index(start) + len(start) : text.index(end)]
    # Only "><" separates two codes: of codes with a word between them only the last counts, and before the end none.
    pieces = f"{start}{inside}{end}".split("><")[1:-1]
    codes = [int(numbers[-1]) for piece in pieces if (numbers := re.findall(r"_(\d+)", piece))]
    words = text.replace(f"{start}{inside}{end}", "<Motion_Placeholder>")
    return (np.array(codes, dtype=np.int64) if codes else nothing), words
