"""The caption files of HumanML3D: ``texts/<id>.txt``, one caption per line (Guo et al., CVPR 2022).

A line is ``caption#token/POS token/POS ...#start#end``; start and end are seconds, both 0.0 when the caption describes
the whole clip; ``nan`` counts as 0.
"""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from motiongpt.errors import MotionGPTError
from motiongpt.files import atomic_path

# Words of closed classes. The published files were tagged with spaCy; ours have the tags that need no tagger, and OTHER
# (a tag of the published set) for all other words.
_CLOSED_CLASSES = {
    "DET": "a an the this that these those his her their its each every both some another any",
    "ADP": "in on at to from with by of over under up down around into onto off through across behind above toward "
    "towards forward forwards backward backwards along against between before after like for about",
    "PRON": "he she it they him them himself herself itself themselves someone somebody something who which",
    "AUX": "is are was were be been being has have had do does did can could will would",
    "NUM": "one two three four five six seven eight nine ten",
    "ADV": "then slowly quickly again twice once back while very slightly together forth away",
}
_TAGS = {word: tag for tag, words in _CLOSED_CLASSES.items() for word in words.split()}


class Caption(NamedTuple):
    """A caption and the part of the clip that it describes, in seconds; ``start == end == 0`` is the whole clip."""

    text: str
    start: float = 0.0
    end: float = 0.0

    @property
    def whole(self) -> bool:
        """Whether the caption describes the whole clip."""
        return self.start == 0.0 and self.end == 0.0


def tokens(text: str) -> str:
    """The token column of a caption: lower-case words as ``word/POS``, separated by spaces."""
    words = re.findall(r"[^\W_]+(?:['-][^\W_]+)*", text.lower())
    return " ".join(f"{word}/{_TAGS.get(word, 'OTHER')}" for word in words)


def parse_caption(line: str) -> Caption:
    """The caption of one line of a text file.

    Raises:
        ValueError: the line is malformed; the text says how.
    """
    fields = line.rstrip("\r\n").split("#")
    if len(fields) != 4:
        raise ValueError(f"it has {len(fields)} fields between '#' where 4 are expected (caption#tokens#start#end)")
    text = fields[0].strip()
    if not text:
        raise ValueError("its caption is empty")
    times = []
    for name, field in zip(("start", "end"), fields[2:], strict=True):
        try:
            value = float(field)
        except ValueError:
            raise ValueError(f"its {name} {field.strip()!r} is not a number of seconds") from None
        times.append(0.0 if math.isnan(value) else value)
    start, end = times
    if start < 0 or math.isinf(end) or (end <= start and (start, end) != (0.0, 0.0)):
        raise ValueError(f"its part from {start} s to {end} s is empty")
    return Caption(text, start, end)


def parse_captions(path: str | Path) -> tuple[list[Caption], list[tuple[int, str]]]:
    """All captions of a text file, and (line number, fault) for every malformed line. Blank lines are skipped.

    Raises:
        MotionGPTError: the file is missing or is not text.
    """
    captions, faults = [], []
    for number, line in enumerate(_lines(path), start=1):
        if not line.strip():
            continue
        try:
            captions.append(parse_caption(line))
        except ValueError as error:
            faults.append((number, str(error)))
    return captions, faults


def token_columns(path: str | Path) -> dict[str, str]:
    """The token column (``walk/VERB left/ADV``) of every well-formed caption of a text file, by caption.

    Published data sets have lemmas of nouns and verbs there.

    Raises:
        MotionGPTError: as :func:`parse_captions`.
    """
    columns = {}
    for line in _lines(path):
        with contextlib.suppress(ValueError):
            columns[parse_caption(line).text] = line.split("#")[1].strip()
    return columns


def _lines(path: str | Path) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise MotionGPTError(f"Cannot read captions from {path}: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise MotionGPTError(f"{path} is not UTF-8 text: captions are lines 'caption#tokens#start#end'.") from error


def write_captions(path: str | Path, captions: Iterable[Caption | str]) -> None:
    """Write ``texts/<id>.txt``; a plain string describes the whole clip. Without captions the file is empty.

    Raises:
        MotionGPTError: a caption is empty or the folder is not writable.
    """
    lines = []
    for caption in captions:
        caption = Caption(caption) if isinstance(caption, str) else caption
        # '#' separates the columns, and the format has no escape for it.
        text = " ".join(caption.text.replace("#", " ").split())
        if not text:
            raise MotionGPTError(f"Cannot write an empty caption to {path}.")
        lines.append(f"{text}#{tokens(text)}#{float(caption.start)}#{float(caption.end)}\n")
    with atomic_path(path) as temporary:
        temporary.write_text("".join(lines), encoding="utf-8", newline="\n")
