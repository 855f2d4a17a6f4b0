"""Running the command line inside the test process, where the model's libraries are loaded once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from motiongpt.cli.app import run
from motiongpt.motion import Motion


@dataclass(frozen=True)
class Result:
    """What a command line did."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """Of stdout."""
        return self.out.splitlines()


Cli = Callable[..., Result]


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Run ``motiongpt ARGUMENTS`` in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.delenv("MOTIONGPT_DEBUG", raising=False)

    def call(*arguments: object) -> Result:
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return call


@pytest.fixture
def refused(cli: Cli) -> Callable[..., str]:
    """Run a command line that must be refused: exit code 2, nothing on stdout, one sentence on stderr; gives it."""

    def call(*arguments: object) -> str:
        result = cli(*arguments)
        assert result.code == 2, result
        assert result.out == ""
        lines = result.err.splitlines()
        assert len(lines) == 1, result.err
        assert lines[0].startswith("error: ")
        assert lines[0].endswith(".")
        assert "Traceback" not in result.err
        return lines[0]

    return call


@pytest.fixture
def walk_file(walk: Motion, tmp_path: Path) -> Path:
    """The walk as joints."""
    return walk.save(tmp_path / "walk.npy")
