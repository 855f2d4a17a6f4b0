"""The verbs edit, join and layer, and the frame rate of what commands write."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from motiongpt import Motion
from motiongpt.motion import editing

from .conftest import Cli

Refused = Callable[..., str]


@pytest.fixture
def files(tmp_path: Path, make_walk: Callable[..., Motion]) -> tuple[Path, Path]:
    """A walk at 20 frames a second and a slower one at 30."""
    first, second = make_walk(frames=80), make_walk(frames=90, speed=0.7, fps=30.0)
    return first.save(tmp_path / "first.bvh"), second.save(tmp_path / "second.bvh")


def test_edits_are_those_of_the_library(cli: Cli, files: tuple[Path, Path]) -> None:
    done = cli("edit", files[0], "-o", "out.npy", "--trim", "0.5:-0.5", "--mirror", "--tempo", "1.25", "--bend", -90)
    assert done.lines == ["out.npy"]
    expected = Motion.load(files[0]).edit(trim=(0.5, -0.5), mirror=True, tempo=1.25, bend=-90.0)
    np.testing.assert_allclose(Motion.load("out.npy").joints, expected.joints, atol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "seconds"),
    [
        (("--loop",), None),
        (("--loop", "2"), 2.0),
        (("--loop=1.5",), 1.5),
        (("--loop", "--in-place"), None),
    ],
)
def test_a_loop_may_have_a_length(
    cli: Cli, files: tuple[Path, Path], arguments: tuple[str, ...], seconds: float
) -> None:
    done = cli("edit", files[0], *arguments, "-o", "out.glb", "--json")
    facts = json.loads(done.out)
    assert "The loop repeats" in done.err
    assert facts["remarks"]
    motion = Motion.load("out.glb")
    assert len(motion) == facts["frames"]
    assert seconds is None or len(motion) == 20 * seconds + 1
    # What the file shows at its end is what it shows at its start, at another place.
    bodies = motion.joints - motion.joints[:, :1] * [1, 0, 1]
    np.testing.assert_allclose(bodies[-1], bodies[0], atol=0.01)


def test_joining_takes_the_rate_of_the_first_file(cli: Cli, files: tuple[Path, Path]) -> None:
    done = cli("join", *files, files[0], "-o", "out.bvh")
    assert done.lines == ["out.bvh"]
    assert "second.bvh: 30 frames per second became 20" in done.err
    assert f"{files[1]} takes over at" in done.err
    motions = [Motion.load(file).resample(20) for file in (*files, files[0])]
    joined, _ = editing.concatenate(motions)
    assert len(Motion.load("out.bvh")) == len(joined)


def test_layering_takes_the_arms_of_the_second_file(cli: Cli, files: tuple[Path, Path]) -> None:
    done = cli("layer", *files, "-o", "out.npy", "--fps", 30)
    assert "the rest of the longer one is left out" in done.err
    lower, upper = (Motion.load(file).resample(30) for file in files)
    np.testing.assert_allclose(Motion.load("out.npy").joints, editing.combine(lower, upper).joints, atol=1e-5)


def test_the_rate_of_a_file_is_not_that_of_the_result(cli: Cli, walk: Motion, tmp_path: Path) -> None:
    walk.save(tmp_path / "walk.npy")
    done = cli("edit", "walk.npy", "--input-fps", 30, "--fps", 60, "--smooth", "-o", "out.npy")
    assert done.code == 0
    assert "out.npy has no frame rate: read it with --fps 60" in done.err
    assert len(Motion.load("out.npy")) == 2 * len(walk) - 1
    assert cli("convert", "walk.npy", "out.bvh", "--output-fps", 60).code == 0
    assert Motion.load("out.bvh").fps == pytest.approx(60, rel=1e-4)
    assert len(Motion.load("out.bvh")) == 3 * len(walk) - 2


def test_generated_motion_has_the_rate_that_is_wanted(cli: Cli, tiny_model_folder: Path) -> None:
    done = cli(
        "generate",
        "a person walks",
        "--seconds",
        2,
        "--fps",
        30,
        "-o",
        "out.bvh",
        "--model",
        tiny_model_folder,
        "--json",
    )
    facts = json.loads(done.out)["motions"][0]
    assert (facts["fps"], facts["frames"]) == (30, 59)
    assert len(Motion.load("out.bvh")) == 59


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("edit", "first.bvh"), "Nothing is to be edited"),
        (("edit", "first.bvh", "--trim", "2"), "--trim must be START:END"),
        (("edit", "first.bvh", "--trim", "a:b"), "--trim needs numbers of seconds, not 'a'"),
        (("edit", "first.bvh", "--trim", "9:"), "the motion lasts 4.00 s"),
        (("edit", "first.bvh", "--loop", "-1"), "positive number of seconds"),
        (("edit", "first.bvh", "--loop=soon"), "--loop needs numbers"),
        (("edit", "first.bvh", "--fps", "0"), "a number above 0"),
        (("edit", "first.bvh", "--mirror", "-o", "out.txt"), "the suffix must be one of"),
        (("join", "first.bvh"), "two motion files at least"),
        (("layer", "first.bvh", "missing.bvh"), "missing.bvh"),
    ],
)
def test_impossible_edits_are_refused(
    refused: Refused, files: tuple[Path, Path], arguments: tuple[str, ...], message: str
) -> None:
    assert message in refused(*arguments)
    assert not Path("outputs/first_edit.npy").exists()
