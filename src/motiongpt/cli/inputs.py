"""Input files of a command: a folder stands for the files in it, and one bad file does not stop the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from motiongpt import formats
from motiongpt.cli.console import say
from motiongpt.errors import MotionGPTError
from motiongpt.formats import READERS

if TYPE_CHECKING:
    from motiongpt.motion import Motion

Result = TypeVar("Result")


def expand(paths: Sequence[Path]) -> list[Path]:
    """The files, with the readable files in its whole tree instead of each folder.

    Raises:
        MotionGPTError: a folder holds none.
    """
    files = []
    for path in paths:
        if not path.is_dir():
            files.append(path)
            continue
        found = sorted(file for file in path.rglob("*") if file.suffix.lower() in READERS and file.is_file())
        if not found:
            raise MotionGPTError(f"{path}: holds no motion file; readable are {', '.join(READERS)}.")
        files += found
    return files


def each(files: Iterable[Path], read: Callable[[Path], Result]) -> tuple[list[tuple[Path, Result]], int]:
    """Read each file; a file that cannot be read is reported on stderr and left out.

    Returns:
        The files and what was read, and the number of files that were left out.

    Raises:
        MotionGPTError: the only file cannot be read.
    """
    files = list(files)
    results, failed = [], 0
    for file in files:
        try:
            results.append((file, read(file)))
        except (MotionGPTError, OSError) as error:
            if len(files) == 1:
                raise
            say(f"error: {error}")
            failed += 1
    return results, failed


def finish(failed: int, count: int) -> None:
    """Exit with code 1 after a sentence where files were left out."""
    if failed:
        say(f"{failed} of {count} files could not be read.")
        raise typer.Exit(1)


def load(path: Path, **options: Any) -> Motion:
    """Read a motion file; what was guessed is said on stderr. Arguments are those of :func:`motiongpt.formats.read`."""
    motion = formats.read(path, **options)
    for remark in motion.remarks:
        say(f"{path}: {remark}")
    return motion


def load_clips(path: Path, **options: Any) -> list[Motion]:
    """Read all clips of a motion file; a clip that cannot be read is reported on stderr and left out.

    Raises:
        MotionGPTError: the file cannot be read, or none of its clips.
    """
    motions: list[Motion] = []
    said: set[str] = set()
    errors = []
    for name, found in formats.clips(path, **{key: value for key, value in options.items() if key != "clip"}):
        if isinstance(found, MotionGPTError):
            errors.append(found)
            continue
        motions.append(replace(found.motion, name=name, remarks=found.remarks))
        # What holds for the whole file is said once.
        for remark in found.remarks:
            if remark not in said:
                say(f"{path}, clip {name}: {remark}")
        said |= set(found.remarks)
    if not motions:
        raise errors[0]
    for failure in errors:
        say(f"error: {failure}")
    return motions
