from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from motiongpt.errors import MotionGPTError
from motiongpt.evaluation.clips import (
    Clip,
    evaluate_held_out,
    judge_description,
    read_clips,
    reconstruction,
    seam_jump,
)
from motiongpt.evaluation.probes.ceiling import measure_ceiling
from motiongpt.evaluation.probes.run import evaluate_probes
from motiongpt.generation.motiongpt import MotionGPT
from motiongpt.motion import KIT, Motion, rotations
from motiongpt.tokenizer import MotionTokenizer, VQVAEConfig


class Perfect:
    """Stands in for a tokenizer that loses nothing but, when asked, turns the body or moves a joint."""

    def __init__(self, change: Callable[[np.ndarray], np.ndarray] = lambda joints: joints) -> None:
        self._change = change

    def encode(self, motion: Motion) -> Motion:
        return motion

    def decode_motion(self, codes: Motion) -> Motion:
        return replace(codes.standard(), joints=self._change(codes.standard().joints))


@pytest.fixture
def data(tmp_path: Path, make_walk: Callable[..., Motion]) -> Path:
    """A data set of four walks, one of them mirrored."""
    for folder in ("new_joint_vecs", "texts"):
        (tmp_path / folder).mkdir()
    for name, speed in (("a", 1.4), ("b", 1.6), ("Ma", 1.4), ("c", 1.5)):
        motion = make_walk(frames=81, speed=speed)
        np.save(tmp_path / "new_joint_vecs" / f"{name}.npy", motion.features())
        line = "a person walks forward#a/DET person/NOUN walk/VERB forward/ADV#0.0#0.0\n"
        (tmp_path / "texts" / f"{name}.txt").write_text(line)
    for split, ids in (("train", "a"), ("val", "b"), ("test", "a\nMa\nc")):
        (tmp_path / f"{split}.txt").write_text(ids + "\n")
    (tmp_path / "clips.csv").write_text("id,source\na,cmu\nc,hdm05\n")
    return tmp_path


def test_clips_are_read_without_mirrored_ones(data: Path) -> None:
    clips = read_clips(data)
    assert [(clip.id, clip.source) for clip in clips] == [("a", "cmu"), ("c", "hdm05")]
    assert clips[0].captions == ("a person walks forward",)
    assert len(read_clips(data, limit=1)) == 1
    (data / "test.txt").write_text("Ma\n")
    with pytest.raises(MotionGPTError, match="only mirrored"):
        read_clips(data)


def test_reconstruction_counts_what_is_lost(walk: Motion) -> None:
    clips = [Clip("a", "cmu", walk, ()), Clip("b", "hdm05", walk[:40], ())]
    exact = reconstruction(Perfect(), clips)  # type: ignore[arg-type]
    assert set(exact) == {"all", "cmu", "hdm05"}
    assert exact["all"]["clips"] == 2
    assert exact["all"]["frames"] == 100
    assert exact["all"]["mpjpe_clips"] == pytest.approx(0, abs=1e-3)

    def lift_head(joints: np.ndarray) -> np.ndarray:
        joints = joints.copy()
        joints[:, 15, 1] += 0.22
        return joints

    # One joint of 22 is 22 cm off.
    lifted = reconstruction(Perfect(lift_head), clips)  # type: ignore[arg-type]
    assert lifted["cmu"]["mpjpe_clips"] == pytest.approx(10, rel=1e-3)
    assert lifted["all"]["mpjpe_frames"] == pytest.approx(10, rel=1e-3)


def test_kit_motions_are_measured_in_metres_of_their_own_skeleton(
    kit_folder: Path, make_kit_walk: Callable[..., Motion]
) -> None:
    clips = read_clips(kit_folder, "val")
    assert {clip.motion.fps for clip in clips} == {12.5}
    exact = reconstruction(Perfect(), clips)["all"]  # type: ignore[arg-type]
    assert exact["mpjpe_clips"] == exact["heading_drift"] == 0
    assert exact["jerk"] == exact["jerk_real"] > 0

    def turn(joints: np.ndarray) -> np.ndarray:
        return rotations.rotate(rotations.about("Y", np.array(np.radians(30))), joints)

    turned = reconstruction(Perfect(turn), clips)["all"]  # type: ignore[arg-type]
    assert turned["heading_drift"] == pytest.approx(30, abs=0.1)
    assert turned["mpjpe_turned"] < 0.1 < turned["mpjpe_clips"]


def test_probes_judge_22_joints_only(kit_folder: Path) -> None:
    network = VQVAEConfig(features=251, width=32, code_dim=32, depth=1)
    tokenizer = MotionTokenizer(network, np.zeros(251), np.ones(251), KIT)
    with pytest.raises(MotionGPTError, match="22 joints"):
        evaluate_probes(SimpleNamespace(tokenizer=tokenizer))  # type: ignore[arg-type]
    with pytest.raises(MotionGPTError, match="22 joints"):
        measure_ceiling(kit_folder)


def test_reconstruction_tells_drift_from_pose(walk: Motion) -> None:
    slide = Perfect(lambda joints: joints + np.array([1.0, 0, 0]) * np.linspace(0, 1, len(joints))[:, None, None])
    row = reconstruction(slide, [Clip("a", "all", walk, ())])["all"]  # type: ignore[arg-type]
    assert row["mpjpe_clips"] == pytest.approx(0, abs=1e-2)
    assert row["drift"] == pytest.approx(1)
    assert row["drift_per_second"] == pytest.approx(1 / 3)
    turn = Perfect(lambda joints: joints[..., [2, 1, 0]] * np.array([1, 1, -1]))
    row = reconstruction(turn, [Clip("a", "all", walk, ())])["all"]  # type: ignore[arg-type]
    assert row["heading_drift"] == pytest.approx(90, abs=0.1)
    assert row["mpjpe_turned"] == pytest.approx(0, abs=1e-2)
    assert row["mpjpe_clips"] > 50


def test_judging_descriptions() -> None:
    references = ["a person kicks with the right leg", "someone walks and then kicks", "a man is kicking"]
    assert judge_description("a person kicks", references) == {"action": True, "main": True, "side": "silent"}
    assert judge_description("walks, right foot first", references) == {"action": True, "main": False, "side": "right"}
    assert judge_description("dances to the left", references) == {"action": False, "main": False, "side": "wrong"}
    assert judge_description("something", references)["action"] is False
    assert judge_description("a person kicks", ["unclear"]) == {"action": None, "main": None, "side": None}
    assert judge_description("turns left", ["turns left", "turns right"])["side"] is None


def test_seam_jump(walk: Motion) -> None:
    joints = walk.joints.astype(np.float64)
    assert seam_jump(joints, [20, 40], joints) <= 1.2
    broken = joints.copy()
    broken[20:] += np.array([0.5, 0, 0])
    assert seam_jump(broken, [20], joints) > 2.5
    assert seam_jump(broken, [40], joints) <= 1.2


def test_everything_on_a_small_data_set(data: Path, tiny_model_folder: Path) -> None:
    report = evaluate_held_out(MotionGPT.from_pretrained(tiny_model_folder), data)
    assert report["describe"]["clips"] == 2
    assert report["describe"]["blind_action"] == 1, "walks alone: always saying so is right"
    for task in ("predict", "inbetween"):
        assert report[task]["clips"] == 2
        assert report[task]["deviation"] < 0.01
