"""The key under which outputs are cached: whatever could change a motion changes it."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path

import pytest

import motiongpt
from motiongpt.evaluation.outputs import hash_files, source_files

PACKAGE = Path(motiongpt.__file__).parent
ROOMS = ("motion", "tokenizer", "text", "lm", "retrieval", "generation")
# Outputs depend on weights through the fingerprint of the model, and on neither errors nor the reading of YAML.
NOT_HASHED = {"errors", "files", "weights_io"}


def _key(root: Path) -> str:
    return hash_files(root, list(source_files(root)))


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The rooms of the package that generate motion, to be edited."""
    for room in ROOMS:
        shutil.copytree(PACKAGE / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_every_edit_changes_the_key(copy: Path) -> None:
    """One file of each room and suffix is edited: code, rules, lexicons, vectors."""
    # No rule is a text file today; one that comes must count.
    (copy / "text" / "words.txt").write_text("walk\n")
    original = _key(copy)
    files = {(path.relative_to(copy).parts[0], path.suffix): path for path in source_files(copy)}
    assert {room for room, _ in files} == set(ROOMS)
    assert {suffix for _, suffix in files} >= {".py", ".yaml", ".tsv", ".safetensors", ".txt"}
    for path in files.values():
        content = path.read_bytes()
        path.write_bytes(content + b"\n")
        assert _key(copy) != original, path
        path.write_bytes(content)
    assert _key(copy) == original


def test_new_and_renamed_files_change_the_key_and_compiled_files_do_not(copy: Path) -> None:
    original = _key(copy)
    (copy / "text" / "__pycache__").mkdir()
    (copy / "text" / "__pycache__" / "clauses.cpython-312.pyc").write_bytes(b"compiled")
    assert _key(copy) == original
    new = copy / "text" / "new.yaml"
    new.write_text("")
    added = _key(copy)
    assert added != original
    new.rename(new.with_name("other.yaml"))
    assert _key(copy) not in (original, added)


def _imported_modules(path: Path) -> set[str]:
    """Modules of the package that a module imports when it is loaded."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("motiongpt."):
            found |= {str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def test_every_room_that_generation_loads_is_in_the_key() -> None:
    waiting, seen = {"motiongpt.generation.motiongpt"}, set()
    while waiting:
        name = waiting.pop()
        path = PACKAGE.parent.joinpath(*name.split(".")).with_suffix(".py")
        path = path if path.is_file() else path.with_suffix("") / "__init__.py"
        if name not in seen and path.is_file():
            seen.add(name)
            waiting |= _imported_modules(path)
    assert {name.split(".")[1] for name in seen} - NOT_HASHED <= {
        path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in source_files(PACKAGE)
    }
