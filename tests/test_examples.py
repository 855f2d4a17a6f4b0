"""The scripts in examples/: each runs as it stands, is short, and is in the table of examples/README.md."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from motiongpt import Motion, MotionGPT
from motiongpt.formats import READERS

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
SCRIPTS = sorted(EXAMPLES.glob("*.py"))
# Files that a script leaves behind, besides what it prints. The client of a server is run on its own.
MADE = {
    "01": ["motion.bvh", "motion.mp4", "motion.npy"],
    "02": ["animations.glb"],
    "03": ["batch/0000_0.bvh", "batch/0000_1.bvh", "batch/0001_0.bvh", "batch/0001_1.bvh", "batch/clips.jsonl"],
    "04": ["kick.bvh"],
    "05": ["continued.bvh", "refilled.bvh"],
    "06": ["story.mp4"],
    "07": ["backwards.bvh", "faster.bvh", "left-turn.bvh", "mirrored.bvh", "walk-and-wave.bvh"],
    "08": ["mixed.mp4"],
    "09": ["clips/jumps.bvh", "clips/sits.bvh", "clips/walks.bvh"],
    "11": ["circle.bvh"],
}
CLIENT = "10_rest_client.py"


@contextmanager
def _server(model: MotionGPT) -> Iterator[str]:
    """The address of a server around a model."""
    import socket
    import threading
    import time

    import uvicorn

    from motiongpt.web.app import create_app
    from motiongpt.web.settings import Settings

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        app = create_app(model, Settings(hosts=("127.0.0.1",)))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", log_config=None))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join(30)


@pytest.fixture
def run(tiny_model_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Run a script in an empty folder, with the tiny model in place of the embedded one."""
    monkeypatch.chdir(tmp_path)
    load = MotionGPT.from_pretrained
    monkeypatch.setattr(MotionGPT, "from_pretrained", lambda source=None: load(source or tiny_model_folder))

    def call(script: str, *arguments: str) -> None:
        monkeypatch.setattr(sys, "argv", [script, *arguments])
        runpy.run_path(str(EXAMPLES / script), run_name="__main__")

    return call


def _files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("script", [path.name for path in SCRIPTS if path.name != CLIENT])
def test_example_runs(script: str, run: Callable[..., None], tmp_path: Path) -> None:
    run(script)
    assert _files(tmp_path) == MADE[script[:2]]
    for file in tmp_path.rglob("*"):
        if file.suffix in READERS:
            assert len(Motion.load(file)) > 1


def test_client_of_a_server(
    run: Callable[..., None], tmp_path: Path, tiny_model_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("fastapi")
    with _server(MotionGPT.from_pretrained(tiny_model_folder)) as address:
        run(CLIENT, address)
    assert Motion.load(tmp_path / "remote.bvh").fps == 20
    assert "3.0 s, seed 7" in capsys.readouterr().out


def test_examples_with_files_of_a_user(
    run: Callable[..., None], walk: Motion, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = str(walk.save(tmp_path / "clip.bvh"))
    run("04_describe_a_bvh.py", clip, clip)
    assert capsys.readouterr().out.count("clip.bvh (3.0 s at 20 fps): ") == 2
    run("05_continue_a_clip.py", clip)
    assert "change of the given frames: 0.0 m" in capsys.readouterr().out
    run("07_edit.py", clip)
    run("09_search.py", "a person walks", str(tmp_path))
    assert len(capsys.readouterr().out.splitlines()) == 5 + 3
    (tmp_path / "prompts.txt").write_text("a person jumps\n\na person waves\na person sits down\n", encoding="utf-8")
    run("03_batch.py", "prompts.txt", "1")
    assert len((tmp_path / "batch" / "clips.jsonl").read_text(encoding="utf-8").splitlines()) == 3


@pytest.mark.slow
@pytest.mark.parametrize("script", [path for path in SCRIPTS if path.name != CLIENT], ids=lambda path: path.name)
def test_example_runs_with_the_embedded_model(script: Path, tmp_path: Path) -> None:
    # A process of its own, as a user starts it.
    search = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=tmp_path,
        env={**os.environ, "PATH": search},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert _files(tmp_path) == MADE[script.name[:2]]


def test_examples_are_short_and_listed() -> None:
    listed = re.findall(r"^\| \[(\S+\.py)\]", (EXAMPLES / "README.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert listed == [script.name for script in SCRIPTS]
    for script in SCRIPTS:
        assert len(script.read_text(encoding="utf-8").splitlines()) < 40, script.name
