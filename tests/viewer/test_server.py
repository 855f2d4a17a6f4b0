"""The page on this machine's own address."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from motiongpt.errors import MotionGPTError
from motiongpt.motion import Motion
from motiongpt.viewer import PageServer, clip_data, render_page

from .conftest import Open


@pytest.fixture
def server(walk: Motion) -> Iterator[PageServer]:
    with PageServer(render_page([clip_data(walk)])) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_the_page_is_there_and_nothing_else(server: PageServer) -> None:
    with urllib.request.urlopen(server.address) as answer:
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        assert answer.read() == server.page
    for path in ("etc/passwd", "../pyproject.toml", "player.js"):
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(server.address + path)


def test_it_works_under_its_own_content_policy(server: PageServer, open_page: Open) -> None:
    opened = open_page(server.address)
    assert opened.run("player.duration") == pytest.approx(3)
    assert opened.errors == []
    assert opened.requests == [server.address]


def test_a_taken_port_is_named(server: PageServer) -> None:
    with pytest.raises(MotionGPTError, match=f"Port {server.server_port} cannot be used"):
        PageServer("", server.server_port)
