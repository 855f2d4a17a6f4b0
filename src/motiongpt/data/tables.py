"""Tables about recordings: captions, frame rates, units, splits; CSV files or JSON lines, a row a recording or a part.

HumanML3D's captions, the list of CMU trials and a table of your own are all read here. Columns, of which ``file`` or
``trial`` is needed:

- file, trial: the file, by its name or the end of its path, with or without suffix.
- caption, captions: a caption; in JSON lines also a list. ``caption_2`` and so on, and further rows, add more.
- start, end: the part of the recording that the row is about, in seconds; without one, from its start or to its end.
- start_frame, end_frame: the same at 20 fps.
- split: train, val or test.
- fps, true_fps: frame rate of the file.
- unit, up, joint_map: as the options of ``motiongpt convert``; a joint map is looked for beside the table first.
- clip: animation of a file that holds several.
- capture: files with the same capture are the same recording and share a split.
- description, label: a few words that a phrase list turns into captions.
- format: suffix, where there are several files of that name.
- id: name of the clip in the data set.
- source: path in AMASS, which stands for the file where ``trial`` is null.
"""

from __future__ import annotations

import csv
import difflib
import itertools
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from motiongpt.data.json_lines import read_json_lines
from motiongpt.data.layout import SPLITS
from motiongpt.errors import MotionGPTError
from motiongpt.motion import HUMANML3D

_SAME = {"trial": "file", "true_fps": "fps", "label": "description", "skeleton_file": "skeleton"}
_COLUMNS = (
    "file", "captions", "start", "end", "start_frame", "end_frame", "split", "fps", "unit", "up", "joint_map", "clip",
    "capture", "description", "format", "id", "source", "frames", "skeleton",
)  # fmt: skip
_CAPTIONS = re.compile(r"captions?[ _]?\d*")


@dataclass(frozen=True)
class Row:
    """What a table says about a recording, or about a part of it.

    Attributes:
        file: name or end of the path of the file.
        where: table and row, for messages.
        captions: of the recording or the part.
        start, end: frames at 20 fps; ``end`` is None for the end of the recording.
        part: whether it is about a part.
        id: of the clip; "" leaves it to the builder.
        split: "train", "val", "test" or "".
        options: of the reader: fps, unit, up, joint_map.
        clip: animation in the file, or "".
        capture, description, format: see the columns above, or "".
        published: it belongs to HumanML3D, most of whose recordings nobody has at hand.
    """

    file: str
    where: str
    captions: tuple[str, ...] = ()
    start: int = 0
    end: int | None = None
    part: bool = False
    id: str = ""
    split: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    clip: str = ""
    capture: str = ""
    description: str = ""
    format: str = ""
    published: bool = False


def read_rows(path: str | Path) -> list[Row]:
    """The rows of a table, a ``.csv`` (separated by commas, semicolons or tabs) or JSON lines (``.jsonl``, ``.gz``).

    Raises:
        MotionGPTError: the file is unreadable, has no column for the file or one with an unknown name that is close to
            a known one, or a row is malformed (named).
    """
    path = Path(path)
    if path.suffix.lower() in (".csv", ".tsv"):
        return _read_csv(path)
    numbers = itertools.count(1)

    def parse(values: Any) -> Row:
        if not isinstance(values, dict):
            raise TypeError("it is no object")
        _check_columns(values, path)
        return _row(values, path, f"{path} row {next(numbers)}")

    expected = "a row of a table: an object with file (or trial) and captions, see docs/own-data.md"
    return [row for row in read_json_lines(path, parse, expected) if row.file]


def _read_csv(path: Path) -> list[Row]:
    try:
        text = path.read_text(encoding="utf-8-sig")
        separator = max(",;\t", key=text.partition("\n")[0].count)
        reader = csv.DictReader(text.splitlines(keepends=True), delimiter=separator)
        _check_columns(reader.fieldnames or (), path)
        raw = list(reader)
    except (OSError, csv.Error) as error:
        raise MotionGPTError(f"Cannot read the table {path}: {getattr(error, 'strerror', None) or error}.") from error
    except UnicodeDecodeError as error:
        raise MotionGPTError(f"{path} is not UTF-8 text; save the table as CSV in UTF-8.") from error
    rows = []
    for number, values in enumerate(raw, start=2):
        where = f"{path} row {number}"
        if None in values:
            raise MotionGPTError(
                f"{where} has more cells than the table has columns: quote captions that contain {separator!r}."
            )
        try:
            row = _row(values, path, where)
        except (ValueError, TypeError) as error:
            raise MotionGPTError(f"{where}: {error}.") from error
        if not row.file:
            raise MotionGPTError(f"{where} names no file.")
        rows.append(row)
    return rows


def is_table(path: Path) -> bool:
    """Whether a .csv is a table about recordings, and no motion."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            header = file.readline(10_000)
    except (OSError, UnicodeDecodeError):
        return False
    names = re.split(r"[,;\t]", header.strip().replace('"', ""))
    return any(_SAME.get(name, name) == "file" for name in names)


def _check_columns(columns: Iterable[str], path: Path) -> None:
    """Refuse a table without files, and misspelt columns; others are the user's own."""
    names = {_SAME.get(name, name) for name in columns}
    if not names & {"file", "source"}:
        raise MotionGPTError(f"{path} has no column file (or trial) that says which file a row is about.")
    for name in columns:
        if _SAME.get(name, name) in _COLUMNS or _CAPTIONS.fullmatch(name):
            continue
        if near := difflib.get_close_matches(name.strip().lower(), (*_COLUMNS, *_SAME), 1, 0.8):
            raise MotionGPTError(f"{path} has the unknown column {name!r}; is {near[0]!r} meant?")


def _row(raw: Mapping[str, Any], path: Path, where: str) -> Row:
    """A row of its cells; raises ValueError or TypeError."""
    values = {_SAME.get(name, name): cell for name, cell in raw.items() if cell not in (None, "")}
    text = {
        name: str(values.get(name, "")).strip()
        for name in ("id", "split", "unit", "up", "joint_map", "clip", "capture", "description", "format")
    }
    split = {"validation": "val", "valid": "val", "dev": "val"}.get(text["split"].lower(), text["split"].lower())
    if split and split not in SPLITS:
        raise ValueError(f"split {text['split']!r} is not one of {', '.join(SPLITS)}")
    options: dict[str, Any] = {name: text[name] for name in ("unit", "up") if text[name]}
    if "fps" in values:
        options["fps"] = _number(values, "fps", raw)
        if not 1 <= options["fps"] <= 1000:
            raise ValueError(f"fps {options['fps']:g} is not between 1 and 1000 frames per second")
    if text["joint_map"]:
        beside = path.parent / text["joint_map"]
        options["joint_map"] = str(beside if beside.is_file() else Path(text["joint_map"]))
    start, end = (
        round(_number(values, name, raw) * HUMANML3D.fps)
        if name in values
        else (int(values[f"{name}_frame"]) if f"{name}_frame" in values else None)
        for name in ("start", "end")
    )
    if (start or 0) < 0 or (end is not None and end <= (start or 0)):
        raise ValueError("its part is empty: end must be after start, and start 0 or more")
    return Row(
        _file(values),
        where,
        captions=_captions(values),
        start=start or 0,
        end=end,
        part=start is not None or end is not None,
        id=text["id"],
        split=split,
        options=options,
        clip=text["clip"],
        capture=text["capture"],
        description=text["description"],
        format=text["format"].split(" ")[0].lower().lstrip("."),
        published="source" in values,
    )


def _number(values: Mapping[str, Any], name: str, raw: Mapping[str, Any]) -> float:
    try:
        value = float(values[name])
    except (TypeError, ValueError):
        value = math.nan
    if not math.isfinite(value):
        own = next((column for column in raw if _SAME.get(column, column) == name), name)
        raise ValueError(f"{own} {values[name]!r} is not a number")
    return value


def _captions(values: Mapping[str, Any]) -> tuple[str, ...]:
    found = []
    for name, cell in values.items():
        if _CAPTIONS.fullmatch(name):
            found += [cell] if isinstance(cell, str) else list(cell)
    return tuple(caption.strip() for caption in found if caption.strip())


def _file(values: Mapping[str, Any]) -> str:
    """The file of a row; CMU's trials have the same name in AMASS and in CMU's own database, whatever the folder."""
    if "file" in values:
        return str(values["file"]).strip()
    source = str(values.get("source", "")).strip()
    match = re.fullmatch(r"CMU/\d+/(\d+_\d+)_poses\.npy", source)
    return match[1] if match else source


def parts(file: str, known: Iterable[str]) -> tuple[str, ...]:
    """A path in a form to compare: lower case, without suffix if it is a ``known`` one and without AMASS's endings."""
    path = PurePosixPath(file.replace("\\", "/").lower().replace(" ", "_"))
    stem = path.stem if path.suffix in known else path.name
    return (*(part for part in path.parts[:-1] if part not in ("/", ".", "..")), re.sub(r"_(poses|stageii)$", "", stem))
