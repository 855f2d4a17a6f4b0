"""Files of a batch: the list of items, the manifest and the results."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from motiongpt.cli.tasks import Task
from motiongpt.errors import MotionGPTError
from motiongpt.files import atomic_path
from motiongpt.formats import READERS

if TYPE_CHECKING:
    from motiongpt.generation.motiongpt import MotionGPT
    from motiongpt.motion import Motion

MANIFEST = "manifest.jsonl"

Entry = dict[str, Any]


@dataclass(frozen=True)
class Item:
    """One line of a list.

    Attributes:
        line: number of the line, from 0.
        text: the text, or what stands before ``#FILE``; may be empty.
        file: the motion file as the list spells it; empty for a text alone.
    """

    line: int
    text: str
    file: str


def read_list(path: Path, task: Task) -> list[Item]:
    """The items of a list without its blank lines.

    Raises:
        MotionGPTError: the file is missing, not UTF-8 text, or has only blank lines.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except OSError as error:
        raise MotionGPTError(f"Cannot read the list {path}: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise MotionGPTError(f"The list {path} is not UTF-8 text; save it as UTF-8, one item per line.") from error
    items = [_parse_item(number, line.strip(), task) for number, line in enumerate(lines) if line.strip()]
    if not items:
        raise MotionGPTError(f"The list {path} has no items; write one per line.")
    return items


def _parse_item(number: int, line: str, task: Task) -> Item:
    text, mark, file = (part.strip() for part in line.rpartition("#"))
    if mark and Path(file).suffix.lower() in READERS:
        return Item(number, text, file)
    return Item(number, "", line) if task.reads_motion else Item(number, line, "")


class Manifest:
    """One entry for each result, or one with the error for each line that failed.

    Entries of an earlier run count as finished as long as their settings and their file are there.

    Attributes:
        path: the file.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / MANIFEST
        self._folder = folder
        self._earlier = _read(self.path)
        self._entries: dict[tuple[int, int], Entry] = {}

    def keep(self, entries: Sequence[Entry]) -> bool:
        """Take over the results of an earlier run, if it finished all these entries with the same settings."""
        if not all(map(self._is_finished, entries)):
            return False
        self._entries |= {_key(entry): self._earlier[_key(entry)] for entry in entries}
        return True

    def _is_finished(self, entry: Entry) -> bool:
        earlier = self._earlier.get(_key(entry), {})
        same = all(earlier.get(name) == value for name, value in entry.items())
        return same and (self._folder / entry["output"]).is_file()

    def add(self, entry: Entry) -> None:
        """Record a result or a failure."""
        self._entries[_key(entry)] = entry

    def save(self, *, complete: bool) -> None:
        """Write the file; until the run is ``complete``, entries of the earlier run stay in it."""
        entries = self._entries if complete else {**self._earlier, **self._entries}
        with atomic_path(self.path) as temporary, temporary.open("w", encoding="utf-8") as file:
            for key in sorted(entries):
                file.write(json.dumps(entries[key], ensure_ascii=False) + "\n")


def _key(entry: Entry) -> tuple[int, int]:
    """Line and sample; a failure, which has no sample, comes first."""
    return entry["line"], entry.get("sample", -1)


def _read(path: Path) -> dict[tuple[int, int], Entry]:
    """The entries of a manifest; none if there is no readable manifest."""
    try:
        entries = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        for entry in entries:
            if "options" in entry:
                # Older manifests list the options that were not given as null.
                entry["options"] = {name: value for name, value in entry["options"].items() if value is not None}
        return {_key(entry): entry for entry in entries}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


class NumberedFiles:
    """Results as ``<line>_<sample>.npy`` with joints (T, J, 3), or ``.txt`` with a caption."""

    def __init__(self, folder: Path, task: Task) -> None:
        self.folder = folder
        self._suffix = ".txt" if task.writes_text else ".npy"

    def name(self, line: int, sample: int) -> str:
        """File name of a result."""
        return f"{line:04d}_{sample}{self._suffix}"

    def prompt(self, item: Item, motion: Motion | None, model: MotionGPT) -> str:
        """What `save_input` writes of the item's text; nothing here."""
        return ""

    def save_input(self, item: Item, motion: Motion | None, prompt: str) -> None:
        """Write the input of a finished item beside its results; nothing here."""

    def save_motion(self, motion: Motion, name: str) -> None:
        """Write a motion."""
        motion.save(self.folder / name)

    def save_caption(self, caption: str, name: str) -> None:
        """Write a caption."""
        _write_line(self.folder / name, caption)


class OriginalFiles(NumberedFiles):
    """Files of the original MotionGPT: ``<line>_out.npy`` with joints (1, T, J, 3), ``<line>_in.txt`` and ``.npy``."""

    def name(self, line: int, sample: int) -> str:
        return f"{line}_out{self._suffix}"

    def prompt(self, item: Item, motion: Motion | None, model: MotionGPT) -> str:
        """The item's text with motion strings in place of the placeholders of the original's demo files."""
        from motiongpt.lm.prompts import Fields, fill

        if motion is None:
            return item.text
        tokenizer = model.tokenizer
        codes = tokenizer.encode(motion, coarse=True)
        fields = Fields(
            codes=codes, frames=len(motion), fps=motion.fps, stride=tokenizer.stride, num_codes=tokenizer.num_codes
        )
        return fill(item.text.replace("<motion>", "<Motion_Placeholder>"), fields)

    def save_input(self, item: Item, motion: Motion | None, prompt: str) -> None:
        _write_line(self.folder / f"{item.line}_in.txt", prompt)
        if motion is not None:
            self.save_motion(motion, f"{item.line}_in.npy")

    def save_motion(self, motion: Motion, name: str) -> None:
        import numpy as np

        with atomic_path(self.folder / name) as temporary:
            np.save(temporary, motion.joints[None].astype(np.float32), allow_pickle=False)


def _write_line(path: Path, text: str) -> None:
    with atomic_path(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")
