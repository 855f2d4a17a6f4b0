"""Libraries of the user on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from motiongpt.cli.app import run
from motiongpt.errors import MotionGPTError
from motiongpt.motion.editing import bend_path
from motiongpt.retrieval.shelf import FOLDER, library_path, load_library


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(FOLDER, str(tmp_path / "shelf"))
    return tmp_path / "shelf"


@pytest.fixture
def folder(tmp_path: Path, make_walk) -> Path:
    """Two recordings, one of them with captions beside it, and a file that is none."""
    place = tmp_path / "takes"
    make_walk(80).save(place / "walk_forward.npy")
    bend_path(make_walk(80), 90).save(place / "left.npy")
    (place / "left.txt").write_text("a person walks and turns left\n")
    (place / "notes.bvh").write_text("no motion\n")
    return place


@pytest.mark.slow
def test_a_folder_becomes_a_library_that_answers(shelf, folder, tmp_path, capsys):
    """The model of the package, because a library needs a matcher."""
    assert run(["library", "add", str(folder), "--name", "mine", "--json"]) == 0
    captured = capsys.readouterr()
    facts = json.loads(captured.out)
    assert facts["recordings"] == 2
    assert "notes.bvh" in captured.err
    library = load_library("mine")
    assert {caption for one in library.recordings for caption in one.captions} == {
        "a person walks and turns left",
        "walk forward",
    }
    # A folder that is added again replaces what it was.
    assert run(["library", "add", str(folder), "--name", "mine"]) == 0
    assert len(load_library("mine")) == 2
    assert run(["library", "list"]) == 0
    assert "mine\t2 recordings" in capsys.readouterr().out
    out = tmp_path / "out.npy"
    options = ["--library", "mine", "--retrieval", "only", "-o", str(out)]
    assert run(["generate", "a person walks and turns left", *options]) == 0
    assert "retrieved from" in capsys.readouterr().err
    assert out.is_file()
    assert run(["library", "remove", "mine"]) == 0
    assert not library_path("mine").exists()


def test_what_is_no_library_is_named(shelf, capsys):
    for arguments in (["library", "remove", "nothing"], ["generate", "a person walks", "--library", "nothing"]):
        assert run(arguments) == 2
        assert "There is no library nothing" in capsys.readouterr().err
    assert run(["library", "list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"libraries": {}}


@pytest.mark.parametrize("name", ["", "..", "../else", "a b", "x" * 65])
def test_a_name_is_no_path(shelf, name):
    with pytest.raises(MotionGPTError, match="cannot name a library"):
        library_path(name)
