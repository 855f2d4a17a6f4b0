"""inspect, and what convert, describe and generate do with several files, folders and one output file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from motiongpt import Motion

from .conftest import Cli


def test_inspect_shows_what_a_file_holds(cli: Cli, walk: Motion) -> None:
    walk.save("walk.bvh")
    result = cli("inspect", "walk.bvh", "--json")
    assert result.code == 0, result.err
    [facts] = json.loads(result.out)["files"]
    assert (facts["format"], facts["frames"], facts["skeleton"]) == ("bvh", len(walk), "humanml3d")
    hips = walk.joints[:, [1, 2], 1].mean(axis=1) - walk.joints[..., 1].min()
    assert facts["hip_height"] == pytest.approx(np.median(hips), abs=0.01)
    shown = cli("inspect", "walk.bvh")
    assert f"{len(walk)} frames at 20 fps" in shown.out


def test_one_bad_file_does_not_stop_the_rest(cli: Cli, walk: Motion) -> None:
    Path("clips/deep").mkdir(parents=True)
    walk.save("clips/good.npy")
    walk.save("clips/deep/better.bvh")
    Path("clips/bad.bvh").write_text("nothing")
    Path("clips/notes.txt").write_text("not a motion")
    result = cli("convert", "clips", "-o", "made", "--format", "csv")
    assert result.code == 1
    assert "bad.bvh, line 1" in result.err
    assert "1 of 3 files could not be read." in result.err
    assert {path.name for path in Path("made").iterdir()} == {"good.csv", "better.csv"}
    assert cli("inspect", "clips").out.count("frames at") == 2


def test_a_folder_without_motions_is_named(cli: Cli, refused: Callable[..., str]) -> None:
    Path("empty").mkdir()
    assert "empty: holds no motion file" in refused("convert", "empty", "-o", "made")


def test_output_of_convert(cli: Cli, refused: Callable[..., str], walk_file: Path) -> None:
    assert cli("convert", walk_file, "-o", "named.bvh").lines == ["named.bvh"]
    assert "-o" in refused("convert", walk_file)
    result = cli("convert", walk_file, "named.bvh", "-o", "folder")
    assert result.code == 0, result.err
    assert sorted(path.suffix for path in Path("folder").iterdir()) == [".npy", ".npy"]


def test_every_clip_of_a_file(cli: Cli, walk: Motion, make_walk: Callable[..., Motion]) -> None:
    walk.name = "Walk slowly"
    Motion.save(walk, "one.npy")
    make_walk(frames=30, name="b").save("two.npy")
    assert cli("convert", "one.npy", "two.npy", "both.glb", "--body", "skeleton").code == 0
    result = cli("convert", "both.glb", "--all-clips", "clips", "--json")
    assert result.code == 0, result.err
    frames = {Path(row["output"]).name: row["frames"] for row in json.loads(result.out)["motions"]}
    assert sorted(frames.values()) == [30, 60]
    assert {path.name for path in Path("clips").iterdir()} == set(frames)


def test_generate_writes_the_file_that_is_named(cli: Cli, refused: Callable[..., str], tiny_model_folder: Path) -> None:
    result = cli("generate", "a person walks", "-o", "made/walk.bvh", "--seconds", 1, "--model", tiny_model_folder)
    assert result.code == 0, result.err
    assert result.lines == ["made/walk.bvh"]
    assert abs(Motion.load("made/walk.bvh").seconds - 1) < 0.1
    message = refused("generate", "a person walks", "-n", 2, "-o", "walk.bvh", "--model", tiny_model_folder)
    assert "--format" in message
