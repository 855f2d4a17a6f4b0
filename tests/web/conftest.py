"""Real servers on localhost, around the tiny model."""

from __future__ import annotations

import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from motiongpt import MotionGPT
from motiongpt.web.client import Client
from motiongpt.web.settings import Settings

pytest.importorskip("fastapi")


class Running:
    """A server in a thread; ``app`` may be any ASGI application."""

    def __init__(self, app: Any) -> None:
        import uvicorn

        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.port: int = self.socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.server = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=20))
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self.socket]}, daemon=True)
        self.thread.start()
        while not self.server.started:
            assert self.thread.is_alive()
            time.sleep(0.01)

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(30)
        assert not self.thread.is_alive()


@pytest.fixture(scope="session")
def tiny_model(tiny_model_folder: Path) -> MotionGPT:
    return MotionGPT.from_pretrained(tiny_model_folder)


@pytest.fixture(scope="module")
def serve(tiny_model_folder: Path) -> Iterator[Callable[..., Running]]:
    """Factory of servers with the tiny model (or another) and given settings."""
    from motiongpt.web.app import create_app

    running: list[Running] = []

    def start(*, model: MotionGPT | None = None, speech: Any = None, **settings: Any) -> Running:
        app = create_app(model or MotionGPT.from_pretrained(tiny_model_folder), Settings(**settings), speech)
        running.append(Running(app))
        return running[-1]

    yield start
    for server in running:
        server.stop()


@pytest.fixture(scope="module")
def server(serve: Callable[..., Running]) -> Running:
    return serve(hosts=("localhost", "127.0.0.1"))


@pytest.fixture
def client(server: Running) -> Client:
    return Client(server.url)


@pytest.fixture
def scratch(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files, of its own; what is left in it was not removed."""
    folder = tmp_path_factory.mktemp("scratch")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder
