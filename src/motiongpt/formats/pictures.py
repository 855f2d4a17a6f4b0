"""Videos and pictures as file formats; :mod:`motiongpt.render` draws them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from motiongpt.motion.motion import Motion
from motiongpt.render import render_strip, render_video, save_image


def write_video(motions: Sequence[Motion], path: Path, **options: Any) -> None:
    """Write a video of motions side by side; the options are those of :func:`motiongpt.render.render_video`."""
    render_video(motions, path, **options)


def write_strip(motion: Motion, path: Path, **options: Any) -> None:
    """Write a picture of poses side by side; the options are those of :func:`motiongpt.render.render_strip`."""
    save_image(render_strip(motion, **options), path)
