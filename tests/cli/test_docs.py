"""docs/cli.md names every verb and every option, and no others."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import typer

from motiongpt.cli.app import app

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")
# Their pages describe the options of their sub-verbs.
ELSEWHERE = ("data", "train", "evaluate")


def _sections() -> dict[str, str]:
    """Text by heading; subsections apart."""
    parts = re.split(r"^#{2,3} (.+)$", PAGE, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def _options_in_tables(text: str) -> set[str]:
    cells = [line.split("|")[1] for line in text.splitlines() if line.startswith("|")]
    return {option for cell in cells for option in re.findall(r"`(--?[a-z][a-z-]*)", cell)}


def _commands(command: Any, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    if not hasattr(command, "commands"):
        return {path: command}
    found: dict[tuple[str, ...], Any] = {}
    for name, sub in command.commands.items():
        # Hidden are older names, which still work.
        found |= {} if sub.hidden else _commands(sub, (*path, name))
    return found


def _options(command: Any) -> set[str]:
    shown = [one for one in command.params if not getattr(one, "hidden", False)]
    return {option for one in shown for option in (*one.opts, *one.secondary_opts) if option.startswith("-")}


VERBS = _commands(typer.main.get_command(app))
SECTIONS = _sections()


@pytest.mark.parametrize("path", VERBS, ids=" ".join)
def test_every_verb_is_documented(path: tuple[str, ...]) -> None:
    assert path[0] in SECTIONS, "no section"
    if len(path) > 1:
        assert re.search(rf"^\| `{' '.join(path)}\b", SECTIONS[path[0]], flags=re.MULTILINE), (
            "not in the table of verbs"
        )


@pytest.mark.parametrize("verb", {path[0]: None for path in VERBS})
def test_options_in_tables_are_those_of_the_verb(verb: str) -> None:
    real = set().union(*(_options(command) for path, command in VERBS.items() if path[0] == verb))
    documented = _options_in_tables(SECTIONS[verb])
    assert documented <= real
    if verb not in ELSEWHERE:
        assert real <= documented | _options_in_tables(SECTIONS["Shared options"])


def test_verbs_in_tables_exist() -> None:
    named = re.findall(r"^\| `([a-z]+ [a-z0-9-]+)\b", PAGE, flags=re.MULTILINE)
    assert {tuple(name.split()) for name in named} == {path for path in VERBS if len(path) > 1}


def test_shared_options_are_taken_by_some_verb() -> None:
    assert _options_in_tables(SECTIONS["Shared options"]) <= set().union(*map(_options, VERBS.values()))
