"""The command as a process of its own: help, version, exit codes, interruption."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import motiongpt
from motiongpt.cli.console import slug

from .conftest import Cli

COMMAND = [sys.executable, "-c", "from motiongpt.cli import main; main()"]
VERBS = ("generate", "describe", "predict", "inbetween", "ask", "batch", "convert", "render", "tokens", "data", "train")


def _process(*arguments: object, **options: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1", **options}
    command = [*COMMAND, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def test_bad_input_of_a_process(tmp_path: Path) -> None:
    done = _process("convert", tmp_path / "none.bvh", tmp_path / "out.npy")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    shown = _process("convert", tmp_path / "none.bvh", tmp_path / "out.npy", MOTIONGPT_DEBUG="1")
    assert shown.returncode == 1
    assert "Traceback" in shown.stderr


def test_interruption_is_one_line() -> None:
    # The interruption hits the verb in its work. A test run in the background would have its children ignore it.
    program = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from motiongpt.cli import app, files\n"
        "def wait(*a, **k):\n    print('working', file=sys.stderr, flush=True)\n    time.sleep(60)\n"
        "files.check_output = wait\n"
        "sys.exit(app.run(['convert', 'a.npy', 'b.npy']))\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    assert process.stderr.readline() == "working\n"
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors.strip() == "Interrupted."


def test_help_of_every_verb(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    overview = cli("--help")
    assert overview.code == 0
    assert cli().out == overview.out
    for verb in VERBS:
        assert verb in overview.out
        answer = cli(verb, "--help")
        assert answer.code == 0
        assert "Usage" in answer.out
    for group, members in (
        ("tokens", ("encode", "decode")),
        ("data", ("build", "check", "stats")),
        ("train", ("tokenizer", "pretrain", "instruct", "assemble")),
    ):
        for member in members:
            assert cli(group, member, "--help").code == 0


def test_version(cli: Cli) -> None:
    assert cli("--version").lines == [motiongpt.__version__]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("A person walks, then turns left!", "a-person-walks-then-turns-left"),
        ("../../etc/passwd", "etc-passwd"),
        ("走路", "走路"),
        ("🕺", "motion"),
        ("a" * 300, "a" * 48),
        ("word " * 60, "-".join(["word"] * 9)),
    ],
)
def test_slug(text: str, name: str) -> None:
    assert slug(text) == name
