"""Tables of JSON lines, plain or gzip-compressed: one object per line, UTF-8."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from motiongpt.errors import MotionGPTError
from motiongpt.files import atomic_path

_Row = TypeVar("_Row")


def read_json_lines(path: str | Path, parse: Callable[[Any], _Row], expected: str) -> list[_Row]:
    """The parsed rows of a table; empty lines are skipped.

    Args:
        path: a name that ends in .gz is decompressed.
        parse: turns an object into a row; raises ValueError, KeyError, TypeError or AttributeError if it is malformed.
        expected: what a line should be, for error messages.

    Raises:
        MotionGPTError: the file is unreadable, or a line (named) is not what is expected.
    """
    path = Path(path)
    rows: list[_Row] = []
    try:
        with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if not line.strip():
                    continue
                try:
                    rows.append(parse(json.loads(line)))
                except (ValueError, KeyError, TypeError, AttributeError) as error:
                    raise MotionGPTError(
                        f"{path} line {number} is not {expected} ({type(error).__name__}: {error})."
                    ) from error
    except (OSError, EOFError, UnicodeDecodeError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or error
        raise MotionGPTError(f"Cannot read {path}: {reason}; expected lines that are each {expected}.") from error
    return rows


def write_json_lines(path: str | Path, rows: Iterable[Any]) -> int:
    """Write a gzip-compressed table; returns its number of rows."""
    count = 0
    with atomic_path(path) as temporary, gzip.open(temporary, "wt", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row) + "\n")
            count += 1
    return count
