"""generate, describe, predict, inbetween and ask do what the API does and name what they wrote."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from motiongpt import Motion, MotionGPT

from .conftest import Cli


def test_generate_writes_all_formats_and_prints_their_paths(cli: Cli, tiny_model_folder: Path) -> None:
    result = cli(
        "generate", "a person walks", "--seconds", 1, "-n", 2, "--seed", 3, "-o", "made", "--model", tiny_model_folder,
        "--format", "mp4,bvh,npy,png",
    )  # fmt: skip
    assert result.code == 0, result.err
    stems = ("made/a-person-walks_seed3_0", "made/a-person-walks_seed3_1")
    assert result.lines == [f"{stem}.{name}" for stem in stems for name in ("mp4", "bvh", "npy", "png")]
    assert "seed 3" in result.err
    assert all(Path(path).stat().st_size > 100 for path in result.lines)
    api = MotionGPT.from_pretrained(tiny_model_folder).generate("a person walks", seconds=1.0, n=2, seed=3)
    for stem, motion in zip(stems, api, strict=True):
        written = np.load(f"{stem}.npy")
        assert written.shape == (20, 22, 3)
        np.testing.assert_array_equal(written, motion.joints)
        assert len(Motion.load(f"{stem}.bvh")) == 20


def test_generate_several_sentences_as_json(cli: Cli, tiny_model_folder: Path) -> None:
    texts = ("Turn left!", "turn, left", "нога 👋", "👋")
    result = cli("generate", *texts, "--frames", 10, "--format", "npy", "--json", "--model", tiny_model_folder)
    assert result.code == 0, result.err
    answer = json.loads(result.out)
    assert answer["seed"] == 0
    assert [row["text"] for row in answer["motions"]] == list(texts)
    paths = [row["files"]["npy"] for row in answer["motions"]]
    # Sentences that would give one name stay apart, and every sentence gives some name.
    assert paths == [
        "outputs/turn-left_0_seed0_0.npy",
        "outputs/turn-left_1_seed0_0.npy",
        "outputs/нога_seed0_0.npy",
        "outputs/motion_seed0_0.npy",
    ]
    assert all(np.load(path).shape == (10, 22, 3) for path in paths)
    assert all(row["frames"] == 10 and row["seconds"] == 0.5 for row in answer["motions"])


def test_generate_keeps_to_its_bounds(cli: Cli, tiny_model_folder: Path) -> None:
    bounds = ("--min-seconds", 1, "--max-seconds", 1.6)
    result = cli("generate", "a person jumps", *bounds, "-n", 4, "--format", "npy", "--model", tiny_model_folder)
    assert result.code == 0, result.err
    assert all(20 <= len(np.load(path)) <= 32 for path in result.lines)


def test_describe_prints_captions_only(cli: Cli, tiny_model_folder: Path, walk: Motion, tmp_path: Path) -> None:
    files = [walk.save(tmp_path / name) for name in ("b.npy", "a.bvh", "c.npy")]
    result = cli("describe", *files, "--model", tiny_model_folder)
    assert result.code == 0, result.err
    model = MotionGPT.from_pretrained(tiny_model_folder)
    assert result.lines == [model.describe(Motion.load(file)) for file in files]
    assert result.err == ""
    entries = json.loads(cli("describe", *files, "--model", tiny_model_folder, "--json").out)["captions"]
    assert [entry["caption"] for entry in entries] == result.lines
    assert [entry["file"] for entry in entries] == [str(file) for file in files]


@pytest.mark.parametrize("verb", ["predict", "inbetween"])
def test_given_frames_stay_where_they_are(cli: Cli, tiny_model_folder: Path, walk: Motion, verb: str) -> None:
    # Somewhere in the world, facing elsewhere.
    walk.joints = walk.joints @ np.array([[0, 0, 1], [0, 1, 0], [-1, 0, 0]], dtype=np.float32) + np.float32(
        [3, 0.5, -2]
    )
    walk.save("placed.npy")
    result = cli(verb, "placed.npy", "-o", f"{verb}.npy", "--model", tiny_model_folder)
    assert result.code == 0, result.err
    assert result.lines == [f"{verb}.npy"]
    whole = np.load(f"{verb}.npy")
    assert whole.shape == walk.joints.shape
    np.testing.assert_array_equal(whole[:12], walk.joints[:12])
    if verb == "inbetween":
        np.testing.assert_array_equal(whole[-15:], walk.joints[-15:])
    assert np.abs(whole - walk.joints).max() > 0.01


def test_predict_longer_than_the_input(cli: Cli, tiny_model_folder: Path, walk_file: Path) -> None:
    result = cli("predict", walk_file, "--given", 1, "--seconds", 5, "--json", "--model", tiny_model_folder)
    assert result.code == 0, result.err
    answer = json.loads(result.out)
    assert answer["output"] == "outputs/walk_predict.npy"
    assert (answer["frames"], answer["fps"], answer["seed"]) == (100, 20.0, 0)
    whole = np.load(answer["output"])
    np.testing.assert_array_equal(whole[:60], np.load(walk_file))


def test_ask(cli: Cli, tiny_model_folder: Path, walk_file: Path) -> None:
    result = cli("ask", "Describe <motion>", "--motion", walk_file, "--model", tiny_model_folder, "--json")
    assert result.code == 0, result.err
    answer = json.loads(result.out)
    api = MotionGPT.from_pretrained(tiny_model_folder).ask("Describe <motion>", Motion.load(walk_file))
    assert answer["text"] == api.text
    assert (answer["motion"] is None) == (api.motion is None)
    plain = cli("ask", "Describe <motion>", "--motion", walk_file, "--model", tiny_model_folder)
    assert plain.code == 0, plain.err


def test_no_cleanup_leaves_motion_as_decoded(cli: Cli, tiny_model_folder: Path, walk_file: Path) -> None:
    def written(verb: str, *arguments: object) -> np.ndarray:
        result = cli(verb, *arguments, "--model", tiny_model_folder)
        assert result.code == 0, result.err
        joints: np.ndarray = np.load(result.lines[0])
        return joints

    model = MotionGPT.from_pretrained(tiny_model_folder)
    walk = Motion.load(walk_file)
    raw = written("generate", "a person walks", "--seconds", 1, "--format", "npy", "-o", "made", "--no-cleanup")
    np.testing.assert_array_equal(raw, model.generate("a person walks", seconds=1.0, cleanup=False).joints)
    for verb, complete in (("predict", model.predict), ("inbetween", model.inbetween)):
        np.testing.assert_array_equal(written(verb, walk_file, "--no-cleanup"), complete(walk, cleanup=False).joints)
        assert np.abs(written(verb, walk_file) - complete(walk, cleanup=False).joints).max() > 1e-4
