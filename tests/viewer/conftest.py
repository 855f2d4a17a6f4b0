"""A page of one file with two walks, open in Chromium without a network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from motiongpt.motion import Motion
from motiongpt.viewer import clip_data, save_page


@dataclass
class Opened:
    """A page, and what it said and asked for."""

    page: Any
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        return self.page.evaluate(script)


Open = Callable[..., Opened]


@contextmanager
def opening(chromium: Any) -> Iterator[Open]:
    """A function that opens an address, with or without a wish for less motion; what it opened is closed at the end."""
    contexts = []

    def open_(address: str, reduced_motion: str = "no-preference", **options: Any) -> Opened:
        # Small, as pictures are computed without a graphics card here.
        options = {"viewport": {"width": 520, "height": 420}, **options}
        context = chromium.new_context(reduced_motion=reduced_motion, **options)
        context.set_default_timeout(60_000)
        contexts.append(context)
        opened = Opened(context.new_page())
        opened.page.on("console", lambda message: opened.errors.append(message.text) if message.type == "error" else 0)
        opened.page.on("pageerror", lambda error: opened.errors.append(str(error)))
        opened.page.on(
            "request", lambda request: None if request.url.startswith("data:") else opened.requests.append(request.url)
        )
        opened.page.goto(address)
        opened.page.wait_for_function("window.player?.clips.length")
        return opened

    yield open_
    for context in contexts:
        context.close()


@pytest.fixture
def open_page(chromium: Any) -> Iterator[Open]:
    """Open an address for one test."""
    with opening(chromium) as open_:
        yield open_


@pytest.fixture(scope="session")
def held(chromium: Any, page_file: Path) -> Iterator[Opened]:
    """The page of two walks, which does not play by itself."""
    with opening(chromium) as open_:
        yield open_(page_file.as_uri(), reduced_motion="reduce")


@pytest.fixture(scope="session")
def page_file(tmp_path_factory: pytest.TempPathFactory, make_walk: Callable[..., Motion]) -> Path:
    """Two walks, the second shorter, with tokens and given frames; a label that is a trap."""
    long, short = make_walk(), make_walk(frames=40, speed=0.5)
    clips = [
        clip_data(long, label="</script><b>walk</b>", codes=range(15), given=(20, 0)),
        clip_data(short, label="slow walk", codes=range(10)),
    ]
    return save_page(clips, tmp_path_factory.mktemp("page") / "page.html")
