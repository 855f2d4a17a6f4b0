"""Imports go one way: a room uses the rooms before it in the list, never one after it."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import motiongpt

PACKAGE = Path(motiongpt.__file__).parent
ROOMS = (
    "errors", "files", "threads", "weights_io", "motion", "bodies", "render", "formats", "viewer", "tokenizer", "text",
    "lm", "data", "retrieval", "generation", "training", "evaluation", "compat", "web", "cli", "__main__",
)  # fmt: skip
# Front doors that open a later room when they are called: Motion.load and Motion.save, motiongpt.MotionGPT.
DOORS = {("motion", "motion.py", "formats"), ("__init__", "__init__.py", "generation")}


def _imports(path: Path) -> set[str]:
    """Rooms that a module imports, wherever in the module; not for type checking alone."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    rooms: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "motiongpt":
            rooms |= {alias.name for alias in node.names} & set(ROOMS)
            # What the package itself offers.
            rooms |= {"motion"} if any(alias.name == "Motion" for alias in node.names) else set()
            rooms |= {"generation"} if any(alias.name == "MotionGPT" for alias in node.names) else set()
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("motiongpt."):
            rooms.add(str(node.module).split(".")[1])
        elif isinstance(node, ast.Import):
            rooms |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("motiongpt.")}
    return rooms


def _modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def test_every_room_is_listed() -> None:
    found = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in _modules()}
    assert found - {"__init__"} <= set(ROOMS)


@pytest.mark.parametrize("path", _modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_one_way(path: Path) -> None:
    room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    before = {"errors", "motion"} if room == "__init__" else set(ROOMS[: ROOMS.index(room) + 1])
    later = {other for other in _imports(path) - before if (room, path.name, other) not in DOORS}
    assert not later, f"{room} must not use {', '.join(sorted(later))}"


def test_files_and_help_need_no_network_library() -> None:
    program = (
        "import sys, motiongpt.cli.app, motiongpt.formats, motiongpt.render\n"
        "import motiongpt.data.build, motiongpt.data.stats\n"
        "motiongpt.cli.app.run(['--help']), motiongpt.cli.app.run(['generate', '--help'])\n"
        "sys.exit(str({'torch', 'transformers', 'tokenizers', 'matplotlib'} & set(sys.modules) or ''))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""
    assert "inbetween" in done.stdout
    assert "--min-seconds" in done.stdout


PROBES = sorted((PACKAGE / "evaluation" / "probes").glob("*.py"))
# What chooses among candidates by geometry; what judges them shares nothing with it.
CHOOSERS = ("motiongpt.generation", "motiongpt.motion.detectors", "motiongpt.text.actions")


def _imported_names(path: Path) -> set[str]:
    """Modules and members that a module imports, wherever in the module, also for type checking alone."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


@pytest.mark.parametrize("path", PROBES, ids=lambda path: path.name)
def test_the_judge_does_not_import_the_chooser(path: Path) -> None:
    names = _imported_names(path)
    assert not {name for name in names if name.startswith(CHOOSERS)} | (names & {"motiongpt.MotionGPT"})


def test_probes_load_nothing_that_chooses() -> None:
    program = (
        "import sys, motiongpt.evaluation.probes.run\n"
        f"sys.exit(', '.join(name for name in sys.modules if name.startswith({CHOOSERS!r})))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""


def test_rules_of_english_need_no_network_library() -> None:
    modules = [path.stem for path in (PACKAGE / "text").glob("*.py") if path.stem != "__init__"]
    program = (
        f"import sys, importlib\nfor name in {sorted(modules)}:\n"
        "    importlib.import_module(f'motiongpt.text.{name}')\n"
        "import motiongpt.generation.checks\n"
        "assert motiongpt.generation.checks.checks('a person walks forward')\n"
        "sys.exit(str({'torch', 'transformers', 'tokenizers', 'matplotlib'} & set(sys.modules) or ''))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""
