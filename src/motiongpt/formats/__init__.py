"""Motion files: one module a format, one registry.

``read(path)`` gives a :class:`~motiongpt.motion.motion.Motion` of the 22 HumanML3D joints in the source's proportions,
frame rate and world place, metres, Y up; ``Motion.standard()`` does the rest.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from motiongpt.errors import MotionGPTError
from motiongpt.formats import amc, bvh
from motiongpt.formats.sniff import check_file
from motiongpt.motion.motion import Motion

READERS = {
    ".amc": amc.read,
    ".bvh": bvh.read,
}


def read(path: str | Path, **options: Any) -> Motion:
    """Read a motion file; the extension (in any case) chooses the format."""
    path = Path(path)
    check_file(path)
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise MotionGPTError(f"{path}: unknown extension {path.suffix!r}; known are {', '.join(READERS)}.")
    return reader(path, **options)
