"""motiongpt view."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from motiongpt.motion import Motion

from .conftest import Cli


@pytest.fixture
def walk_file(walk: Motion, tmp_path: Path) -> Path:
    return walk.save(tmp_path / "walk.npy")


def test_a_page_of_one_file(cli: Cli, walk_file: Path, tmp_path: Path, tiny_model_folder: Path) -> None:
    result = cli("view", walk_file, walk_file, "--static", "pages/two.html", "--model", tiny_model_folder)
    assert (result.code, result.out) == (0, "pages/two.html\n"), result
    page = (tmp_path / "pages" / "two.html").read_text(encoding="utf-8")
    assert page.count('"label": "walk.npy"') == 2
    assert page.count('"codes": [') == 2
    assert "http://" not in page.replace("http://www.w3.org/", "")


def test_without_tokens_no_model_is_needed(cli: Cli, walk_file: Path, tmp_path: Path) -> None:
    result = cli("view", walk_file, "--static", "page.html", "--no-tokens", "--model", "nowhere", "--json")
    assert result.code == 0, result
    assert '"codes"' not in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_refusals(refused: Callable[..., str], walk_file: Path) -> None:
    assert "page.txt" in refused("view", walk_file, "--static", "page.txt")
    assert "At most 9" in refused("view", *[walk_file] * 10, "--static", "page.html")
    assert "gone.bvh" in refused("view", "gone.bvh", "--no-tokens")
    assert not Path("page.html").exists()
