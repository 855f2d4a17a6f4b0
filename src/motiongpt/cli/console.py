"""What all verbs do alike: speak, load the model, name and write files."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from motiongpt.errors import MotionGPTError
from motiongpt.motion import HUMANML3D, KIT, Motion

if TYPE_CHECKING:
    from motiongpt.generation.motiongpt import MotionGPT

OUTPUTS = Path("outputs")
# Of a file name made of a sentence; file systems allow 255 bytes, a letter can have four.
_SLUG_LETTERS = 48


def say(text: str) -> None:
    """A line on stderr."""
    print(text, file=sys.stderr, flush=True)


def print_json(result: dict[str, Any]) -> None:
    """One JSON object on stdout."""
    print(json.dumps(result))


def load_model(source: str | None, device: str) -> MotionGPT:
    """The model of ``--model`` on ``--device``."""
    from motiongpt.generation.motiongpt import MotionGPT

    return MotionGPT.from_pretrained(source, device)


def read_motion(path: Path, model: MotionGPT) -> Motion:
    """A motion file for a model; the 21 joints of an .npy are KIT's where the model reads those."""
    skeleton = model.tokenizer.skeleton
    if skeleton is KIT and path.suffix.lower() == ".npy":
        return Motion.load(path, skeleton=skeleton)
    return Motion.load(path)


def slug(text: str) -> str:
    """A readable file name of a sentence: its letters and digits, the rest dashes; "motion" when it has none."""
    words = "".join(letter if letter.isalnum() else " " for letter in text.lower()).split()
    name = ""
    for word in words:
        longer = f"{name}-{word}" if name else word[:_SLUG_LETTERS]
        if len(longer) > _SLUG_LETTERS:
            break
        name = longer
    return name or "motion"


def writable_folder(path: Path) -> Path:
    """Make the folder where it is missing, and find out now rather than after the work whether it can be written.

    Raises:
        MotionGPTError: it cannot.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise MotionGPTError(
            f"Cannot write into {path} ({error.strerror or error}); choose a folder you may write to."
        ) from error
    return path


def parse_formats(text: str) -> list[str]:
    """``"mp4,bvh"`` -> suffixes without their dot, all of which can be written.

    Raises:
        MotionGPTError: none, or one that cannot be written.
    """
    from motiongpt.formats import WRITERS

    names = list(dict.fromkeys(name.strip().lower().lstrip(".") for name in text.split(",") if name.strip()))
    known = [suffix.lstrip(".") for suffix in WRITERS]
    for name in names:
        if name not in known and name != "features.npy":
            raise MotionGPTError(f"Format {name!r} cannot be written; known are {', '.join(known)}, features.npy.")
    if not names:
        raise MotionGPTError(f"--format names no format; known are {', '.join(known)}, features.npy.")
    return names


def formats_of(names: Sequence[str], model: MotionGPT, *, asked: bool) -> list[str]:
    """Those of the formats that the model's skeleton can be written in.

    Args:
        asked: the user has named them, so none may be left out.

    Raises:
        MotionGPTError: a format that was asked for cannot be written.
    """
    from motiongpt.formats import RIGGED

    skeleton = model.tokenizer.skeleton
    left_out = [name for name in names if f".{name}" in RIGGED]
    if skeleton is HUMANML3D or not left_out:
        return list(names)
    reason = f"it needs HumanML3D's 22 joints, and this model makes the {skeleton.num_joints} of {skeleton.name}"
    if asked:
        raise MotionGPTError(f"Format {left_out[0]!r} cannot be written: {reason}.")
    say(f"no {', '.join(left_out)}: {reason}")
    return [name for name in names if name not in left_out]


def check_output(path: Path) -> Path:
    """Before the work: a file of this name can be written.

    Raises:
        MotionGPTError: unknown suffix, a folder of that name, or a folder that cannot be written.
    """
    from motiongpt.formats import WRITERS

    if path.suffix.lower() not in WRITERS:
        raise MotionGPTError(f"{path}: its suffix must be one of {', '.join(WRITERS)}.")
    if path.is_dir():
        raise MotionGPTError(f"{path} is a folder; give the name of a file in it.")
    writable_folder(path.parent)
    return path


def save_motion(motion: Motion | Sequence[Motion], path: Path, **options: Any) -> Path:
    """Write a motion, or several, with options of the format; a video shows its progress on a terminal."""
    from motiongpt.formats import VIDEO_SUFFIXES, write

    if path.suffix.lower() in VIDEO_SUFFIXES:
        options["progress"] = sys.stderr.isatty()
    return write(motion, path, **options)


def save_all(motion: Motion, stem: Path, formats: Sequence[str]) -> dict[str, str]:
    """Write ``stem.format`` for every format; the paths by format."""
    return {name: str(save_motion(motion, stem.with_name(f"{stem.name}.{name}"))) for name in formats}


class Stopwatch:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self._start = time.perf_counter()

    @property
    def seconds(self) -> float:
        return round(time.perf_counter() - self._start, 3)
