"""search prints matches, best first, and names the files it skips."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import motiongpt
from motiongpt import Motion

from .conftest import Cli

EVALUATOR = Path(motiongpt.__file__).parent / "weights" / "evaluator"
pytestmark = pytest.mark.skipif(not EVALUATOR.is_dir(), reason="this checkout has no embedded model")


def test_matches(cli: Cli, make_walk: Callable[..., Motion]) -> None:
    make_walk(frames=40).save("motions/walk.npy")
    make_walk(frames=80, speed=0.3).save("motions/slow/walk.bvh")
    Path("motions/broken.bvh").write_text("nothing")
    result = cli("search", "a person walks", "motions")
    assert result.code == 0, result.err
    assert "skipped" in result.err
    assert "broken.bvh" in result.err
    scores = [float(line.split("\t")[0]) for line in result.lines]
    assert len(scores) == 2
    assert scores == sorted(scores, reverse=True)
    answer = json.loads(cli("search", "a person walks", "motions", "-n", 1, "--json").out)
    assert [one["path"] for one in answer["found"]] == [result.lines[0].split("\t")[2]]
    assert len(answer["left_out"]) == 1


def test_folders_without_motions(refused: Callable[..., str]) -> None:
    Path("empty").mkdir()
    assert "empty" in refused("search", "a person walks", "empty")
    assert "missing" in refused("search", "a person walks", "missing")
