"""What the verbs have in common: messages, the model, motion files to read, and names and files to write."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from motiongpt.errors import MotionGPTError
from motiongpt.formats import RIGGED, VIDEO_SUFFIXES, WRITERS, write

if TYPE_CHECKING:
    from motiongpt.generation.motiongpt import MotionGPT
    from motiongpt.motion import Motion

OUTPUTS = Path("outputs")
# File systems allow names of 255 bytes, and a letter takes up to four.
_MAX_SLUG_LETTERS = 48
# The motion as features is an .npy file of another name.
_FORMATS = (*(suffix.lstrip(".") for suffix in WRITERS), "features.npy")


def say(text: str) -> None:
    """Print a line to stderr."""
    print(text, file=sys.stderr, flush=True)


def print_json(result: dict[str, Any]) -> None:
    """Print a JSON object to stdout."""
    print(json.dumps(result))


def limit_threads(count: int | None) -> None:
    """Set the number of CPU threads; None leaves it at that of the cores."""
    if count is not None:
        from motiongpt import threads

        threads.limit(count)


def load_model(source: str | None, device: str, threads: int | None = None) -> MotionGPT:
    """Load the model of ``--model`` on ``--device`` with ``--threads``.

    Raises:
        MotionGPTError: there is no such model or device, or the model folder is damaged.
    """
    from motiongpt.generation.motiongpt import MotionGPT

    limit_threads(threads)
    return MotionGPT.from_pretrained(source, device)


def read_motion(path: Path, model: MotionGPT, **options: Any) -> Motion:
    """Read a motion file for a model; an .npy of 21 joints is KIT's if the model is trained on KIT.

    Options are those of :func:`motiongpt.formats.read`.

    Raises:
        MotionGPTError: the file cannot be read.
    """
    from motiongpt.cli.inputs import load
    from motiongpt.motion import KIT

    if model.tokenizer.skeleton is KIT and path.suffix.lower() == ".npy":
        options.setdefault("skeleton", KIT)
    return load(path, **options)


def slug(text: str) -> str:
    """A readable file name for a text: its words joined by dashes, "motion" when it has no letters or digits."""
    words = "".join(letter if letter.isalnum() else " " for letter in text.lower()).split()
    name = ""
    for word in words:
        longer = f"{name}-{word}" if name else word[:_MAX_SLUG_LETTERS]
        if len(longer) > _MAX_SLUG_LETTERS:
            break
        name = longer
    return name or "motion"


def writable_folder(path: Path) -> Path:
    """Create the folder if it is missing, and check before the work that it can be written.

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
    """``"mp4,bvh"`` -> suffixes without their dot.

    Raises:
        MotionGPTError: the text names no format, or one that cannot be written.
    """
    names = list(dict.fromkeys(name.strip().lower().lstrip(".") for name in text.split(",") if name.strip()))
    for name in names:
        if name not in _FORMATS:
            raise MotionGPTError(f"--format: {name!r} cannot be written; choose from {', '.join(_FORMATS)}.")
    if not names:
        raise MotionGPTError(f"--format names no format; choose from {', '.join(_FORMATS)}.")
    return names


def supported_formats(names: Sequence[str], model: MotionGPT, *, requested: bool) -> list[str]:
    """The formats that the model's skeleton can be written in; others are skipped with a message.

    Args:
        requested: the user named the formats, so that none may be skipped.

    Raises:
        MotionGPTError: a requested format cannot be written.
    """
    from motiongpt.motion import HUMANML3D

    skeleton = model.tokenizer.skeleton
    skipped = [name for name in names if f".{name}" in RIGGED]
    if skeleton is HUMANML3D or not skipped:
        return list(names)
    reason = f"it needs HumanML3D's 22 joints, and this model generates the {skeleton.num_joints} of {skeleton.name}"
    if requested:
        raise MotionGPTError(f"--format: {skipped[0]!r} cannot be written: {reason}.")
    say(f"no {', '.join(skipped)}: {reason}")
    return [name for name in names if name not in skipped]


def check_output(path: Path) -> Path:
    """Check before the work that the motion file ``path`` can be written.

    Raises:
        MotionGPTError: the suffix is unknown, the path is a folder, or its folder cannot be written.
    """
    if path.suffix.lower() not in WRITERS:
        raise MotionGPTError(f"{path}: the suffix must be one of {', '.join(WRITERS)}.")
    if path.is_dir():
        raise MotionGPTError(f"{path} is a folder; give the name of a file in it.")
    writable_folder(path.parent)
    return path


def save_motion(motion: Motion | Sequence[Motion], path: Path, **options: Any) -> Path:
    """Write one or several motions, with options of the format; on a terminal, a video shows its progress.

    A frame rate that the format does not keep is said on stderr.
    """
    if path.suffix.lower() in VIDEO_SUFFIXES:
        options["progress"] = sys.stderr.isatty()
    written = write(motion, path, **options)
    first = motion[0] if isinstance(motion, Sequence) else motion
    if path.suffix.lower() == ".npy" and first.fps != first.skeleton.fps:
        say(f"{path} has no frame rate: read it with --fps {first.fps:g}.")
    return written


def save_all(motion: Motion, stem: Path, formats: Sequence[str]) -> dict[str, str]:
    """Write ``stem.format`` for every format; returns the paths by format."""
    return {name: str(save_motion(motion, stem.with_name(f"{stem.name}.{name}"))) for name in formats}


class Stopwatch:
    """Measures wall time from its creation."""

    def __init__(self) -> None:
        self._start = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Seconds since the creation, rounded to milliseconds."""
        return round(time.perf_counter() - self._start, 3)
