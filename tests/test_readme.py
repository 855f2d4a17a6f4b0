"""What README.md, docs/ and examples/ say can be run, as it stands there."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer

import motiongpt
from motiongpt.cli.app import app

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
WEIGHTS = Path(motiongpt.__file__).parent / "weights"
needs_model = pytest.mark.skipif(not WEIGHTS.is_dir(), reason="this checkout has no embedded model")


def _blocks(page: Path) -> list[tuple[str, str]]:
    """(language, code) of the fenced blocks of a page that a reader can run right away."""
    text = page.read_text(encoding="utf-8")
    found = re.findall(r"(<!-- not run[^>]*-->\n)?```(\w*)\n(.*?)```", text, flags=re.DOTALL)
    return [(language, code) for skipped, language, code in found if not skipped and language in ("bash", "python")]


def _run(command: list[str], folder: Path) -> None:
    """Run a program in a folder, with this environment's ``motiongpt`` first on the path."""
    search = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    own = {"PATH": search, "MOTIONGPT_LIBRARIES": str(folder / "libraries")}
    done = subprocess.run(command, cwd=folder, env={**os.environ, **own}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


@needs_model
def test_the_embedded_model_is_complete() -> None:
    assert (WEIGHTS / "README.md").is_file(), "the model card is missing"
    files = [path for path in WEIGHTS.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 64e6
    assert {path.suffix for path in files} <= {".safetensors", ".json", ".md"}
    model = motiongpt.MotionGPT.from_pretrained()
    assert model.generate("a person walks forward", seconds=1.0).joints.shape == (20, 22, 3)


_SESSIONS = [
    pytest.param(language, code, id=f"{page.name}-{language}")
    for page in PAGES
    # Its folder of motion files is made by tests/cli/test_own_data.py.
    if page.name != "own-data.md"
    for language in ("bash", "python")
    if (code := "\n".join(code for kind, code in _blocks(page) if kind == language))
]


@pytest.mark.slow
@needs_model
@pytest.mark.parametrize(("language", "code"), _SESSIONS)
def test_code_blocks_run(language: str, code: str, tmp_path: Path) -> None:
    # One reader, one session: later blocks of a page use what earlier ones made.
    _run([sys.executable, "-c", code] if language == "python" else ["bash", "-euc", code], tmp_path)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_have_the_options_they_show(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    shells = re.findall(r"```(?:bash|sh)\n(.*?)```", text, flags=re.DOTALL)
    lines = [line for shell in shells for line in shell.splitlines() if line.startswith("motiongpt ")]
    for line in lines:
        arguments = [word.strip("[]") for word in shlex.split(line, comments=True)[1:]]
        command = typer.main.get_command(app)
        # Down to the verb, then parse: unknown options and missing arguments raise.
        while hasattr(command, "commands"):
            command = command.commands[arguments.pop(0)]
        command.make_context(line, arguments)
