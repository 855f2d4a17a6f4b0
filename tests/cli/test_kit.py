"""KIT-ML from a data set to motions: 21 joints, 12.5 frames a second, all through the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from motiongpt import Motion, MotionGPT
from motiongpt.generation.prompting import Prompting
from motiongpt.motion import KIT

from .conftest import Cli

LOOP = ("loop.steps=2", "loop.batch_size=4")
NETWORK = ("network.width=32", "network.code_dim=32", "network.num_codes=48")
MODEL = (
    "model.backbone=t5-scratch", "model.hub=", "model.num_codes=48", "model.text_vocabulary=500", "model.d_model=32",
    "model.d_kv=16", "model.d_ff=64", "model.heads=2", "model.layers=1", "model.decoder_layers=1",
)  # fmt: skip


@pytest.fixture(scope="module")
def kit_model(kit_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model made by the configs ``kit`` of all three stages, small."""
    from motiongpt.cli.app import run

    root = tmp_path_factory.mktemp("kit")
    data = f"data={kit_folder}"
    stages = (
        ("tokenizer", NETWORK),
        ("pretrain", (f"tokenizer={root}/tokenizer/final", *MODEL)),
        ("instruct", (f"tokenizer={root}/tokenizer/final", f"start={root}/pretrain/final", *MODEL)),
    )
    for stage, values in stages:
        assert run(["train", stage, "--config", "kit", data, f"output={root}/{stage}", *LOOP, *values]) == 0
    parts = ["--tokenizer", f"{root}/tokenizer/final", "--language", f"{root}/instruct/final"]
    assert run(["train", "assemble", *parts, "-o", f"{root}/model", "top_p=0.9"]) == 0
    return root / "model"


@pytest.fixture
def clip(make_kit_walk: Callable[..., Motion], tmp_path: Path) -> Path:
    """Four seconds of a KIT walk as joints."""
    return make_kit_walk(frames=50).save(tmp_path / "kit.npy")


def test_sentences_become_motions_of_21_joints(cli: Cli, kit_model: Path) -> None:
    result = cli("generate", "a person walks", "--seconds", 2, "--model", kit_model, "--json")
    assert result.code == 0, result.err
    made = json.loads(result.out)["motions"][0]
    assert (made["frames"], made["fps"], made["seconds"]) == (25, 12.5, 2.0)
    assert np.load(made["files"]["npy"]).shape == (25, 21, 3)
    assert Path(made["files"]["mp4"]).stat().st_size > 1000
    # A format that KIT motions do not have is skipped by default, and refused when requested.
    assert set(made["files"]) == {"npy", "mp4"}
    assert "no bvh" in result.err
    result = cli("generate", "a person walks", "--frames", 30, "--format", "features.npy,png", "--model", kit_model)
    assert [Path(line).name.split("_0.")[1] for line in result.lines] == ["features.npy", "png"]
    assert np.load(result.lines[0]).shape == (29, 251)


def test_a_bvh_of_kit_joints_is_refused_before_the_work(refused: Callable[..., str], kit_model: Path) -> None:
    assert "22 joints" in refused("generate", "a person walks", "--format", "bvh", "--model", kit_model)


def test_given_frames_are_kept(cli: Cli, kit_model: Path, clip: Path) -> None:
    joints = np.load(clip)
    for verb, kept in (("predict", [slice(0, 10)]), ("inbetween", [slice(0, 12), slice(38, 50)])):
        result = cli(verb, clip, "-o", f"{verb}.npy", "--model", kit_model)
        assert result.code == 0, result.err
        made = np.load(f"{verb}.npy")
        assert made.shape == (50, 21, 3)
        for frames in kept:
            np.testing.assert_array_equal(made[frames], joints[frames])
        # The rest is a body of the same size.
        bones = [np.linalg.norm(m[:, 12] - m[:, 11], axis=-1).mean() for m in (made, joints)]
        assert bones[0] == pytest.approx(bones[1], rel=0.05)
    assert np.load(cli("predict", clip, "--seconds", 6, "--model", kit_model).lines[0]).shape == (75, 21, 3)


def test_motions_are_read_by_the_other_verbs(cli: Cli, kit_model: Path, clip: Path) -> None:
    assert len(cli("describe", clip, "--model", kit_model).lines) == 1
    codes = cli("tokens", "encode", clip, "--model", kit_model, "--json")
    assert len(json.loads(codes.out)["codes"]) == 13
    Path("list.txt").write_text(f"{clip}\n")
    result = cli("batch", "list.txt", "--task", "pred", "-o", "out", "--model", kit_model)
    assert result.code == 0, result.err
    assert np.load("out/0000_0.npy").shape == (50, 21, 3)
    assert cli("ask", "Describe <motion>", "--motion", clip, "--model", kit_model).code == 0


def test_convert_and_render(cli: Cli, refused: Callable[..., str], clip: Path) -> None:
    for target in ("walk.features.npy", "strip.png", "walk2.npy"):
        result = cli("convert", clip, target, "--skeleton", "kit")
        assert result.code == 0, result.err
    assert np.load("walk.features.npy").shape == (49, 251)
    # Features of KIT say themselves what they are.
    assert cli("convert", "walk.features.npy", "back.npy").code == 0
    np.testing.assert_allclose(np.load("back.npy"), np.load("walk2.npy")[:-1], atol=2e-3)
    assert cli("render", clip, "--skeleton", "kit", "--mode", "sequence", "-o", "sequence.png").code == 0
    assert "22 joints" in refused("convert", clip, "walk.bvh", "--skeleton", "kit")


def test_skeletons_are_not_mixed(refused: Callable[..., str], kit_model: Path, clip: Path, walk_file: Path) -> None:
    walk = Motion.load(walk_file).save(walk_file.with_suffix(".bvh"))
    assert "needs kit" in refused("predict", walk, "--model", kit_model)
    assert "KIT joints" in refused("describe", walk_file, "--model", kit_model)
    features = Motion.load(clip, skeleton=KIT).save(clip.with_name("kit.features.npy"))
    assert "needs humanml3d" in refused("inbetween", features)


def test_prompts_speak_of_kit_frames(kit_model: Path) -> None:
    model = MotionGPT.from_pretrained(kit_model)
    prompting = Prompting(model.tokenizer, model.defaults)
    assert prompting.caption_prompt("walk", 50) == "4.2 seconds: walk"  # 13 codes of 4 frames at 12.5
    assert prompting.code_bounds(None, 2.0, 8.0) == (7, 25)
