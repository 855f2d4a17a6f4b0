"""convert, render and tokens: what they write can be measured."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from motiongpt import Motion, MotionGPT
from motiongpt.motion import HUMANML3D, rotations

from .conftest import Cli


def _standard(joints: np.ndarray) -> None:
    """Floor at 0, root over the origin, facing +Z at frame 0."""
    assert joints[..., 1].min() == pytest.approx(0, abs=1e-4)
    np.testing.assert_allclose(joints[0, 0, [0, 2]], 0, atol=1e-4)
    across = joints[0, HUMANML3D.index("left_hip")] - joints[0, HUMANML3D.index("right_hip")]
    across = across + joints[0, HUMANML3D.index("left_shoulder")] - joints[0, HUMANML3D.index("right_shoulder")]
    assert across[0] > 0
    assert abs(across[2]) < 1e-2 * across[0]


def _lengths(joints: np.ndarray) -> np.ndarray:
    parents = list(HUMANML3D.parents[1:])
    return np.linalg.norm(joints[:, 1:] - joints[:, parents], axis=-1).mean(0)


def test_convert_makes_it_standard(cli: Cli, make_walk: Callable[..., Motion]) -> None:
    source = make_walk(frames=120, fps=60.0)
    # A child somewhere else that looks elsewhere.
    turn = rotations.about("Y", np.array(2.0))
    source.joints = rotations.rotate(turn, source.joints).astype(np.float32) * 0.7 + np.float32([5, 1, -3])
    source.save("child.bvh")
    result = cli("convert", "child.bvh", "out/child.npy", "--json")
    assert result.code == 0, result.err
    answer = json.loads(result.out)["motions"][0]
    assert (answer["fps"], answer["frames"]) == (20.0, 40)
    assert answer["source_fps"] == pytest.approx(60, rel=1e-3)
    joints = np.load("out/child.npy")
    assert (joints.shape, joints.dtype) == ((40, 22, 3), np.float32)
    _standard(joints)
    np.testing.assert_allclose(_lengths(joints), HUMANML3D.lengths[1:], atol=1e-3)
    assert cli("convert", "child.bvh", "kept.npy", "--keep-proportions").code == 0
    kept = np.load("kept.npy")
    _standard(kept)
    np.testing.assert_allclose(_lengths(kept), 0.7 * np.array(HUMANML3D.lengths[1:]), atol=2e-3)


def test_convert_of_several_motions_with_names(cli: Cli, walk_file: Path, make_walk: Callable[..., Motion]) -> None:
    make_walk(frames=30, name="short").save("short.npy")
    result = cli("convert", walk_file, "short.npy", "both.glb", "--names", "mixamo", "--body", "skeleton", "--json")
    assert result.code == 0, result.err
    assert [motion["frames"] for motion in json.loads(result.out)["motions"]] == [60, 30]
    text = Path("both.glb").read_bytes()
    assert b"mixamorig:LeftHand" in text
    assert b'"name":"short"' in text
    assert cli("convert", walk_file, "named.bvh", "--names", "cmu").code == 0
    assert "JOINT LeftUpLeg" in Path("named.bvh").read_text()
    for arguments, message in (
        ((walk_file, "short.npy", "both.bvh"), "hold one motion"),
        ((walk_file, "m.npy", "--names", "cmu"), "no option 'names'"),
        ((walk_file, "m.glb", "--names", "rigify"), "smpl, mixamo, cmu"),
        ((walk_file, "m.fbx", "--blender", "nowhere"), "nowhere: the option blender names no program"),
    ):
        refused = cli("convert", *arguments)
        assert refused.code == 2
        assert message in refused.err


def test_blender_draws_one_motion_without_caption(cli: Cli, walk_file: Path) -> None:
    for arguments, message in (
        (("--caption", "x"), "without caption"),
        (("--mode", "strip"), "Blender draws video, sequence, frame"),
        (("--blender", "nowhere"), "nowhere"),
    ):
        refused = cli("render", walk_file, "--engine", "blender", *arguments)
        assert refused.code == 2
        assert message in refused.err


def test_convert_to_features_and_back(cli: Cli, walk_file: Path) -> None:
    assert cli("convert", walk_file, "walk.features.npy").lines == ["walk.features.npy"]
    assert np.load("walk.features.npy").shape == (59, 263)
    assert cli("convert", "walk.features.npy", "back.npy").code == 0
    np.testing.assert_allclose(np.load("back.npy"), Motion.load(walk_file).standard().joints[:-1], atol=2e-2)


def test_convert_with_rate_and_unit(cli: Cli, walk: Motion) -> None:
    np.save("walk.npy", walk.joints * 100)
    assert cli("convert", "walk.npy", "out.npy", "--fps", 40, "--unit", "cm").code == 0
    np.testing.assert_allclose(np.load("out.npy"), walk.standard().joints[::2], atol=1e-3)


def test_render_every_mode(cli: Cli, walk_file: Path) -> None:
    small = ("--size", "160x120", "--caption", "she walks")
    assert cli("render", walk_file, *small).lines == ["outputs/walk.mp4"]
    for mode, options in (("frame", ("--frame", -1)), ("sequence", ("--poses", 3)), ("strip", ("--poses", 3))):
        assert cli("render", walk_file, "--mode", mode, *options, *small).lines == [f"outputs/walk_{mode}.png"]
        with Image.open(f"outputs/walk_{mode}.png") as picture:
            assert picture.size == (160, 120)
    answer = json.loads(cli("render", walk_file, "-o", "w.gif", *small, "--json", "--engine", "fast").out)
    assert answer["output"] == "w.gif"
    with Image.open("w.gif") as film:
        assert film.n_frames == 60


def test_render_several_and_transparent(cli: Cli, walk_file: Path) -> None:
    Motion.load(walk_file)[:30].save("short.npy")
    small = ("--size", "320x120")
    result = cli("render", walk_file, "short.npy", *small, "--caption", "one", "--caption", "two", "--json")
    answer = json.loads(result.out)
    assert answer["output"] == "outputs/walk_short.mp4"
    assert [entry["frames"] for entry in answer["motions"]] == [60, 30]
    assert cli("render", walk_file, "--transparent", *small).lines == ["outputs/walk.webm"]
    options = ("--mode", "frame", "--body", "skeleton", "--transparent")
    assert cli("render", walk_file, "short.npy", *options, *small, "-o", "two.png").code == 0
    with Image.open("two.png") as picture:
        assert (picture.mode, picture.size) == ("RGBA", (320, 120))


def test_a_png_is_a_strip_where_no_mode_is_named(cli: Cli, walk_file: Path) -> None:
    for name, options in (("plain.png", ()), ("named.png", ("--mode", "strip"))):
        assert cli("render", walk_file, "-o", name, "--size", "400x100", *options).code == 0
    assert Path("plain.png").read_bytes() == Path("named.png").read_bytes()


def test_render_refusals(refused: Callable[..., str], walk_file: Path) -> None:
    assert "60 frames" in refused("render", walk_file, "--mode", "frame", "--frame", 60)
    assert "1280x720" in refused("render", walk_file, "--size", "large")
    assert ".png" in refused("render", walk_file, "-o", "w.mp4", "--mode", "strip")
    assert ".mp4" in refused("render", walk_file, "-o", "w.png", "--mode", "video")
    assert "blender" in refused("render", walk_file, "--engine", "blender", "--blender", "nowhere/blender")
    assert ".webm" in refused("render", walk_file, "-o", "w.mp4", "--transparent")
    assert "one motion, not 2" in refused("render", walk_file, walk_file, "--mode", "sequence")
    assert not Path("w.png").exists()


def test_tokens(cli: Cli, tiny_model_folder: Path, walk_file: Path) -> None:
    model = ("--model", tiny_model_folder)
    assert cli("tokens", "encode", walk_file, "-o", "codes.npy", *model).lines == ["codes.npy"]
    codes = np.load("codes.npy")
    assert (codes.shape, codes.dtype) == ((15,), np.int64)
    tokenizer = MotionGPT.from_pretrained(tiny_model_folder).tokenizer
    np.testing.assert_array_equal(codes, tokenizer.encode(Motion.load(walk_file)))
    assert cli("tokens", "decode", "codes.npy", "-o", "joints.npy", *model).lines == ["joints.npy"]
    np.testing.assert_array_equal(np.load("joints.npy"), tokenizer.decode_motion(codes).joints)
    # As data sets store them: a row of a matrix.
    np.save("row.npy", codes[None])
    answer = json.loads(cli("tokens", "decode", "row.npy", "-o", "row.bvh", "--json", *model).out)
    assert answer["frames"] == 60


def test_tokens_show(cli: Cli, tiny_model_folder: Path, walk_file: Path) -> None:
    model = ("--model", tiny_model_folder)
    result = cli("tokens", "show", walk_file, "--codes", "3,17", "-o", "shown", *model)
    assert result.lines == ["shown/codes_0003-0017.png", "shown/usage.png", "shown/usage.csv"], result.err
    with Image.open("shown/codes_0003-0017.png") as picture:
        assert picture.size == (240, 140)
    tokenizer = MotionGPT.from_pretrained(tiny_model_folder).tokenizer
    counts = np.loadtxt("shown/usage.csv", delimiter=",", skiprows=1)
    expected = np.bincount(tokenizer.encode(Motion.load(walk_file), coarse=True), minlength=tokenizer.num_codes)
    np.testing.assert_array_equal(counts[:, 1], expected)
    assert counts[:, 2].sum() == pytest.approx(1, abs=1e-3)
    # A data set: its features are counted as they are.
    Path("set/new_joint_vecs").mkdir(parents=True)
    np.save("set/new_joint_vecs/000000.npy", tokenizer.features_of(Motion.load(walk_file)))
    assert cli("tokens", "show", "set", "--codes", "0", "-o", "set_shown", *model).code == 0
    assert np.loadtxt("set_shown/usage.csv", delimiter=",", skiprows=1)[:, 1].sum() == expected.sum()


def test_tokens_show_refusals(refused: Callable[..., str], tiny_model_folder: Path) -> None:
    model = ("--model", tiny_model_folder)
    Path("empty").mkdir()
    assert "no code 5000" in refused("tokens", "show", "--codes", "5000", *model)
    assert "whole numbers" in refused("tokens", "show", "--codes", "a,b", *model)
    assert "new_joint_vecs" in refused("tokens", "show", "empty", "--codes", "1", *model)
    assert "missing.npy" in refused("tokens", "show", "missing.npy", "--codes", "1", *model)


def test_tokens_refusals(refused: Callable[..., str], tiny_model_folder: Path, walk_file: Path) -> None:
    model = ("--model", tiny_model_folder)
    np.save("real.npy", np.zeros(4))
    np.save("big.npy", np.array([3, 512]))
    np.save("none.npy", np.zeros(0, dtype=np.int64))
    assert "whole numbers" in refused("tokens", "decode", "real.npy", *model)
    assert "511" in refused("tokens", "decode", "big.npy", *model)
    assert "(0,)" in refused("tokens", "decode", "none.npy", *model)
    assert ".npy" in refused("tokens", "encode", walk_file, "-o", "codes.txt", *model)
