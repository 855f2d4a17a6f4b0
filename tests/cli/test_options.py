"""Options: groups become options of a verb, sampling is that of the model, help lists what the registry knows."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pytest
import typer

from motiongpt import formats, threads
from motiongpt.cli.app import app
from motiongpt.cli.groups import Group, grouped
from motiongpt.cli.options import CompletionSampling, Length, TextSampling
from motiongpt.cli.tasks import GENERATE, INBETWEEN, PREDICT, TASKS
from motiongpt.errors import MotionGPTError
from motiongpt.generation.options import CompletionOptions, SamplingOptions

from .conftest import Cli


@dataclass(frozen=True)
class _Colours(Group):
    panel = "Colours"

    hair: Annotated[str | None, typer.Option("--hair", help="Of the head.")] = None
    shoes: Annotated[int, typer.Option("--shoes", min=0)] = 2


def test_a_group_becomes_options_of_the_verb(capsys: pytest.CaptureFixture[str]) -> None:
    seen: list[tuple[str, _Colours, int]] = []
    painting = typer.Typer()

    @painting.command()
    @grouped
    def paint(name: str, colours: _Colours, count: Annotated[int, typer.Option("--count")] = 1) -> None:
        """Paint."""
        seen.append((name, colours, count))

    command = typer.main.get_command(painting)
    assert command.help == "Paint."
    assert [parameter.name for parameter in command.params][:4] == ["name", "count", "hair", "shoes"]
    command.main(["Ada", "--hair", "red", "--count", "3"], standalone_mode=False)
    assert seen == [("Ada", _Colours(hair="red"), 3)]
    assert seen[0][1].chosen() == {"hair": "red", "shoes": 2}
    with pytest.raises(typer.BadParameter):
        command.main(["Ada", "--shoes", "-1"], standalone_mode=False)
    command.main(["--help"], standalone_mode=False)
    assert "Colours" in capsys.readouterr().out


def test_sampling_options_are_those_of_the_model() -> None:
    for group, options in ((CompletionSampling, CompletionOptions), (TextSampling, SamplingOptions)):
        names = {field.name for field in dataclasses.fields(group)}
        assert names == set().union(*(base.__annotations__ for base in (options, CompletionOptions)))
        assert group().chosen() == {}


def test_lengths_do_not_contradict_each_other() -> None:
    assert Length(min_seconds=2, max_seconds=3).chosen() == {"min_seconds": 2, "max_seconds": 3}
    for wrong, message in (
        ({"seconds": 1, "frames": 20}, "--seconds or --frames"),
        ({"frames": 20, "max_seconds": 3}, "--max-seconds"),
        ({"min_seconds": 3, "max_seconds": 2}, "--min-seconds"),
    ):
        with pytest.raises(MotionGPTError, match=message):
            Length(**wrong)  # type: ignore[arg-type]


def test_tasks_take_their_own_options_only() -> None:
    everything = TextSampling(temperature=0.5, rerank=2, clauses=False, cleanup=False)
    assert GENERATE.arguments(None, Length(seconds=2), everything) == {
        "seconds": 2, "temperature": 0.5, "rerank": 2, "clauses": False, "cleanup": False,
    }  # fmt: skip
    assert PREDICT.arguments(None, CompletionSampling(top_k=3)) == {"top_k": 3, "given": 0.2}
    assert INBETWEEN.arguments("0.1,0.3") == {"given": (0.1, 0.3)}
    for name, options, message in (
        ("m2t", TextSampling(cleanup=False), "--cleanup/--no-cleanup does not apply to --task m2t"),
        ("pred", TextSampling(rerank=2), "--rerank does not apply to --task pred"),
        ("inbetween", TextSampling(clauses=False), "--clauses/--whole does not apply"),
        ("inbetween", Length(min_seconds=2), "--min-seconds does not apply"),
    ):
        task = next(task for task in TASKS.values() if task.name == name)
        with pytest.raises(MotionGPTError, match=message):
            task.arguments(None, options)
    for given in ("a", "0.2,0.2", "0", "1.1", "nan"):
        with pytest.raises(MotionGPTError, match="--given must be one share"):
            PREDICT.parse_given(given)


@pytest.mark.parametrize("verb", ["describe", "predict", "inbetween", "convert", "render", "view", "fit"])
def test_help_lists_every_format_that_is_read(cli: Cli, monkeypatch: pytest.MonkeyPatch, verb: str) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert ", ".join(formats.READERS) in cli(verb, "--help").out


@pytest.mark.parametrize("verb", ["generate", "ask", "convert"])
def test_help_lists_every_format_that_is_written(cli: Cli, monkeypatch: pytest.MonkeyPatch, verb: str) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    dot = "." if verb == "convert" else ""
    assert ", ".join(dot + suffix.lstrip(".") for suffix in formats.WRITERS) in cli(verb, "--help").out


def test_threads(cli: Cli, monkeypatch: pytest.MonkeyPatch, tiny_model_folder: Path, walk_file: Path) -> None:
    counts: list[int] = []
    monkeypatch.setattr(threads, "limit", counts.append)
    command = ("describe", walk_file, "--model", tiny_model_folder)
    assert cli(*command).code == 0
    assert cli(*command, "--threads", 3).code == 0
    monkeypatch.setenv("MOTIONGPT_THREADS", "2")
    assert cli(*command).code == 0
    assert counts == [3, 2]


def test_values_are_refused_by_the_name_of_their_option(refused: Callable[..., str]) -> None:
    for option, value in (
        ("--top-p", 0), ("--top-p", 1.5), ("--temperature", -1), ("--temperature", "nan"), ("--guidance", "inf"),
        ("--rerank", 0), ("--seconds", 0), ("--seconds", "nan"), ("--frames", 0), ("--threads", 0),
    ):  # fmt: skip
        assert f"'{option}'" in refused("generate", "walks", option, value)


def test_help_loads_no_library_that_it_does_not_need() -> None:
    heavy = {"numpy", "scipy", "torch", "numba", "yaml", "tqdm", "PIL", "av", "multiprocessing"}
    program = (
        "import sys, motiongpt\n"
        "loaded = set(sys.modules)\n"
        "from motiongpt.cli.app import run\n"
        "run(['--help']), run(['batch', '--help'])\n"
        f"sys.exit(str(({heavy!r} & set(sys.modules)) | ({{'rich', 'typer'}} & loaded) or ''))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""
    assert "inbetween" in done.stdout


def test_verbs_that_generate_from_text_take_every_sampling_option() -> None:
    command = typer.main.get_command(app)
    verbs = [command.commands[name] for name in ("generate", "batch")]
    verbs += [command.commands["evaluate"].commands[name] for name in ("probes", "t2m", "all")]
    for verb in verbs:
        assert {field.name for field in dataclasses.fields(TextSampling)} <= {one.name for one in verb.params}
