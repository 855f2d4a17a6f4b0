"""Libraries of a user: folders under one roof, known by their names."""

from __future__ import annotations

import os
import re
from pathlib import Path

from motiongpt.errors import MotionGPTError
from motiongpt.retrieval.library import Library

FOLDER = "MOTIONGPT_LIBRARIES"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


def libraries_folder() -> Path:
    """Where libraries are: the folder in the environment variable MOTIONGPT_LIBRARIES, or ~/.motiongpt/libraries."""
    chosen = os.environ.get(FOLDER)
    return Path(chosen) if chosen else Path.home() / ".motiongpt" / "libraries"


def library_path(name: str) -> Path:
    """The folder of a library of this name, which may not exist yet.

    Raises:
        MotionGPTError: not a name.
    """
    if not _NAME.fullmatch(name):
        raise MotionGPTError(
            f"{name!r} cannot name a library: use up to 64 letters, digits, hyphens and underscores, such as 'studio'."
        )
    return libraries_folder() / name


def library_names() -> list[str]:
    """Names of the libraries there are, sorted."""
    folder = libraries_folder()
    return sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []


def load_library(name: str) -> Library:
    """A library by its name, or by the path of its folder.

    Raises:
        MotionGPTError: there is no such library, or it is damaged.
    """
    folder = Path(name) if os.sep in name else library_path(name)
    if not folder.is_dir():
        known = ", ".join(library_names()) or "none yet"
        raise MotionGPTError(
            f"There is no library {name}: 'motiongpt library add DIR --name {name}' makes one; there are: {known}."
        )
    return Library.load(folder)
