"""Running Blender: the ``bpy`` wheel in a separate Python process, or the user's Blender."""

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
    """The command that runs the script in Blender, without its arguments.

    Args:
        source: the file, for messages.
        blender: the user's Blender; None stands for the one in the environment variable MOTIONGPT_BLENDER, else the
            ``bpy`` wheel, else ``blender`` on the search path.

    Raises:
        MotionGPTError: Blender is not found.
    """
    requested = blender or os.environ.get(VARIABLE)
    if requested:
        program = shutil.which(str(requested))
        if program is None:
            where = "the option blender" if blender else f"the environment variable {VARIABLE}"
            raise MotionGPTError(
                f"{requested}: {where} names no program that can be run; give the path of Blender itself."
            )
    elif importlib.util.find_spec("bpy") is not None:
        return [sys.executable, str(_SCRIPT)]
    else:
        program = shutil.which("blender")
    if program is None:
        raise MotionGPTError(
            f"{source}: this needs Blender; install it with pip install 'motiongpt[blender]', or give the path of your "
            f"Blender with --blender (in Python blender=) or the environment variable {VARIABLE}."
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
    """Run one task of :mod:`motiongpt.formats.blender.inside` in Blender.

    Args:
        task: name of a function there.
        options: its arguments: numbers, strings, lists.
        source: the file, for messages.
        blender: see :func:`find`.
        on_frame: called after each frame with the number of frames drawn so far.

    Raises:
        MotionGPTError: Blender is not found, or the task failed; the text quotes Blender's last message.
    """
    command = find(source, blender)
    with tempfile.TemporaryDirectory(prefix="motiongpt-blender-") as folder:
        job = Path(folder) / "job.json"
        job.write_text(json.dumps({"task": task, "options": options}), encoding="utf-8")
        # Neither the user's settings nor a sound device should influence Blender.
        environment = {**os.environ, "BLENDER_USER_RESOURCES": folder, "SDL_AUDIODRIVER": "dummy"}
        process = subprocess.Popen(
            [*command, str(job)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", env=environment,
        )  # fmt: skip
        output: deque[str] = deque(maxlen=40)
        frames = 0
        try:
            assert process.stdout is not None
            for line in process.stdout:
                output.append(line.rstrip())
                if line.startswith("motiongpt: frame"):
                    frames += 1
                    if on_frame is not None:
                        on_frame(frames)
            code = process.wait()
        except BaseException:
            process.kill()
            process.wait()
            raise
    reports = [line.removeprefix("motiongpt: ") for line in output if line.startswith("motiongpt: ")]
    last = reports[-1] if reports else ""
    if last == "done":
        return
    if last.startswith("refused: "):
        raise MotionGPTError(f"{source}: {last.removeprefix('refused: ')}")
    message = next((line.strip() for line in reversed(output) if line.strip()), "nothing")
    raise MotionGPTError(f"{source}: Blender stopped with exit code {code}; its last message was: {message[:300]}")
