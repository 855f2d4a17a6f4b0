"""Starting Blender: the ``bpy`` wheel in a Python of its own, or the user's Blender."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from motiongpt.errors import MotionGPTError

VARIABLE = "MOTIONGPT_BLENDER"
_SCRIPT = Path(__file__).with_name("inside.py")


def find(source: str | Path, blender: str | Path | None = None) -> list[str]:
    """The beginning of a command that runs the script in Blender.

    Args:
        source: the file in question, for messages.
        blender: the user's Blender. When not given: the one that the environment variable MOTIONGPT_BLENDER names, the
            ``bpy`` wheel, ``blender`` on the search path.

    Raises:
        MotionGPTError: there is none.
    """
    asked = blender or os.environ.get(VARIABLE)
    if asked:
        program = shutil.which(str(asked))
        if program is None:
            where = "the option blender" if blender else f"the environment variable {VARIABLE}"
            raise MotionGPTError(f"{asked}: {where} names no program that can be run; give the path of Blender itself.")
    elif importlib.util.find_spec("bpy") is not None:
        return [sys.executable, str(_SCRIPT)]
    else:
        program = shutil.which("blender")
    if program is None:
        raise MotionGPTError(
            f"{source}: this needs Blender; install it with pip install 'motiongpt[blender]', or name your own Blender "
            f"with the option blender (--blender) or the environment variable {VARIABLE}."
        )
    return [program, "--background", "--factory-startup", "--python-exit-code", "1", "--python", str(_SCRIPT), "--"]


def run(
    task: str,
    options: dict[str, Any],
    *,
    source: str,
    blender: str | Path | None = None,
    on_frame: Callable[[int], object] | None = None,
) -> None:
    """Let Blender do one task of :mod:`motiongpt.formats.blender.inside`.

    Args:
        task: name of a function there.
        options: its arguments; numbers, texts, lists.
        source: the file in question, for messages.
        blender: see :func:`find`.
        on_frame: called with the number of frames drawn so far, after each.

    Raises:
        MotionGPTError: no Blender, or it could not do it; the text has Blender's last words.
    """
    command = find(source, blender)
    with tempfile.TemporaryDirectory(prefix="motiongpt-blender-") as folder:
        job = Path(folder) / "job.json"
        job.write_text(json.dumps({"task": task, "options": options}), encoding="utf-8")
        # Blender looks for settings of the user and for sound; neither has a say here.
        environment = {**os.environ, "BLENDER_USER_RESOURCES": folder, "SDL_AUDIODRIVER": "dummy"}
        process = subprocess.Popen(
            [*command, str(job)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", env=environment,
        )  # fmt: skip
        said: deque[str] = deque(maxlen=40)
        frames = 0
        try:
            assert process.stdout is not None
            for line in process.stdout:
                said.append(line.rstrip())
                if line.startswith("motiongpt: frame"):
                    frames += 1
                    if on_frame is not None:
                        on_frame(frames)
            code = process.wait()
        except BaseException:
            process.kill()
            process.wait()
            raise
    told = [line.removeprefix("motiongpt: ") for line in said if line.startswith("motiongpt: ")]
    if told and told[-1] == "done":
        return
    if told and told[-1].startswith("refused: "):
        raise MotionGPTError(f"{source}: {told[-1].removeprefix('refused: ')}")
    words = next((line for line in reversed(said) if line.strip()), "nothing")
    raise MotionGPTError(f"{source}: Blender stopped with exit code {code}; its last words were: {words.strip()[:300]}")
