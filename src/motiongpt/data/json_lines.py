"""Tables of JSON lines, plain or packed with gzip: one object a line, UTF-8."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from motiongpt.errors import MotionGPTError
from motiongpt.files import atomic_path

_Row = TypeVar("_Row")


def read_json_lines(path: str | Path, row_of: Callable[[Any], _Row], expected: str) -> list[_Row]:
    """What is told by each line that is not empty.

    Args:
        path: a name that ends in .gz is unpacked.
        row_of: what an object tells; raises ValueError, KeyError, TypeError or AttributeError for one that is none.
        expected: what a line should be, and if need be how to mend it, for the sentence of the error.

    Raises:
        MotionGPTError: the file cannot be read, or a line (named) is not what is expected.
    """
    path = Path(path)
    rows: list[_Row] = []
    try:
        with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if not line.strip():
                    continue
                try:
                    rows.append(row_of(json.loads(line)))
                except (ValueError, KeyError, TypeError, AttributeError) as error:
                    raise MotionGPTError(
                        f"{path} line {number} is not {expected} ({type(error).__name__}: {error})."
                    ) from error
    except (OSError, EOFError, UnicodeDecodeError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or error
        raise MotionGPTError(f"Cannot read {path}: {reason}; expected lines that are each {expected}.") from error
    return rows


def write_json_lines(path: str | Path, rows: Iterable[Any]) -> int:
    """Write a packed table; returns how many rows it has."""
    count = 0
    with atomic_path(path) as temporary, gzip.open(temporary, "wt", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row) + "\n")
            count += 1
    return count
