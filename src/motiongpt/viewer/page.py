"""A page of one file: player, body and motions inside, nothing loaded from anywhere."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from motiongpt.errors import MotionGPTError
from motiongpt.files import atomic_path
from motiongpt.viewer.clips import body_data

ASSETS = Path(__file__).parent / "assets"
"""Folder of the player's scripts and styles, for servers that give them out one by one."""

# In the order in which one needs the other.
_MODULES = ("three.min.js", "clip.js", "elements.js", "figures.js", "player.js", "view.js")


def render_page(clips: Sequence[dict[str, Any]], title: str = "") -> str:
    """The HTML of a page that plays motions.

    Args:
        clips: what :func:`motiongpt.viewer.clip_data` gives, one for each motion; they stand side by side.
        title: of the page; the labels of the motions when empty.

    Raises:
        MotionGPTError: there is no motion.
    """
    if not clips:
        raise MotionGPTError("There is no motion to show.")
    title = title or " · ".join(clip["label"] for clip in clips)
    parts = {
        "title": html.escape(title),
        "style": "\n".join((ASSETS / name).read_text(encoding="utf-8") for name in ("player.css", "view.css")),
        "imports": json.dumps({"imports": {name: _data_url(name) for name in _MODULES}}),
        "motions": _script_safe({"body": body_data(), "clips": list(clips)}),
    }
    template = (ASSETS / "view.html").read_text(encoding="utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], template)


def save_page(clips: Sequence[dict[str, Any]], path: str | Path, title: str = "") -> Path:
    """Write :func:`render_page` to a file that opens from a disk, without a network; the path is returned."""
    path = Path(path)
    page = render_page(clips, title)
    with atomic_path(path) as temporary:
        temporary.write_text(page, encoding="utf-8")
    return path


def _data_url(name: str) -> str:
    """A module as an address of its own; its imports ask for names, which the page's import map knows."""
    script = (ASSETS / name).read_text(encoding="utf-8")
    script = re.sub(r'from "\./([\w.]+)"', r'from "\1"', script)
    return "data:text/javascript;base64," + base64.b64encode(script.encode("utf-8")).decode("ascii")


def _script_safe(data: dict[str, Any]) -> str:
    """JSON that cannot end the script element it stands in."""
    return json.dumps(data).replace("<", "\\u003c")
