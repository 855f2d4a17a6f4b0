"""Small files of kinds that are common and were once misread."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from motiongpt import formats
from motiongpt.errors import MotionGPTError
from motiongpt.motion.skeleton import HUMANML3D

CASES = Path(__file__).parents[1] / "cases"


def _angle(joints: np.ndarray, *chain: str) -> np.ndarray:
    """(T,) degrees at the middle one of three joints."""
    a, b, c = (joints[:, HUMANML3D.index(name)].astype(np.float64) for name in chain)
    u, v = a - b, c - b
    cosine = (u * v).sum(-1) / (np.linalg.norm(u, axis=-1) * np.linalg.norm(v, axis=-1))
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))


def _lengths(joints: np.ndarray, a: str, b: str) -> np.ndarray:
    return np.linalg.norm(joints[:, HUMANML3D.index(a)] - joints[:, HUMANML3D.index(b)], axis=-1)


def test_three_linear_keys() -> None:
    reading = formats.inspect(CASES / "glb-three-linear-keys" / "input.glb")
    assert reading.motion.fps == 30
    assert reading.decided["fps"].startswith("30: sampled between sparse keys")
    at = np.round(np.array([0.25, 0.5, 0.75, 1.0, 1.25]) * 30).astype(int)
    elbow = _angle(reading.motion.joints, "left_shoulder", "left_elbow", "left_wrist")
    # At 0.25 s a frame is 0.017 s off, in which the elbow turns by 2.5 degrees.
    np.testing.assert_allclose(elbow[at], [137, 100, 63, 25, 63], atol=3.5)
    np.testing.assert_allclose(_lengths(reading.motion.joints, "left_elbow", "left_wrist"), 0.266, atol=1e-3)
    again = formats.read(CASES / "glb-three-linear-keys" / "input.glb", fps=20).joints
    elbow = _angle(again, "left_shoulder", "left_elbow", "left_wrist")
    np.testing.assert_allclose(elbow[[5, 10, 15, 20, 25]], [137, 100, 63, 25, 63], atol=1)
    np.testing.assert_allclose(_lengths(again, "left_elbow", "left_wrist"), 0.266, atol=1e-3)


def test_mesh_named_like_bone() -> None:
    joints = formats.read(CASES / "glb-mesh-named-like-bone" / "input.glb").joints
    assert (joints[:, HUMANML3D.index("head"), 1] > 1.3).all()
    np.testing.assert_allclose(_lengths(joints, "left_elbow", "left_wrist"), 0.266, atol=1e-3)


def test_frame_time_in_milliseconds() -> None:
    reading = formats.inspect(CASES / "bvh-frame-time-in-milliseconds" / "input.bvh")
    assert (len(reading.motion), reading.motion.fps) == (40, 30)
    assert reading.decided["fps"] == "30: the frame time 33.33 is milliseconds"
    assert any("33.33" in remark and "--fps" in remark for remark in reading.remarks)


@pytest.mark.parametrize("file", ["glb-first-clip-is-t-pose/input.glb", "gltf-text-file/input.gltf"])
def test_first_clip_is_t_pose(file: str) -> None:
    reading = formats.inspect(CASES / file)
    assert (reading.clips, reading.clip, len(reading.motion)) == (("T-Pose", "Walk"), "Walk", 41)
    assert any(re.search(r"T-Pose, Walk.*--clip NAME.*--all-clips DIR", remark) for remark in reading.remarks)
    pose = formats.inspect(CASES / file, clip="T-Pose")
    assert (pose.clip, len(pose.motion)) == ("T-Pose", 1)
    assert not any("--clip" in remark for remark in pose.remarks)
    every = dict(formats.clips(CASES / file))
    assert {name: len(read.motion) for name, read in every.items()} == {"T-Pose": 1, "Walk": 41}


def test_text_file_is_the_binary_one() -> None:
    text, binary = (
        formats.read(CASES / file) for file in ("gltf-text-file/input.gltf", "glb-first-clip-is-t-pose/input.glb")
    )
    np.testing.assert_array_equal(text.joints, binary.joints)


@pytest.mark.parametrize(("suffix", "frames"), [(".glb", 30), (".bvh", 40)])
def test_t_pose_before_recording(suffix: str, frames: int) -> None:
    path = CASES / "glb-t-pose-before-recording" / f"input{suffix}"
    reading = formats.inspect(path)
    joints = reading.motion.joints
    assert len(joints) == frames
    assert any(remark.startswith("The first frame, a rest pose") for remark in reading.remarks)
    assert np.linalg.norm(np.diff(joints, axis=0), axis=-1).max() * 30 < 10
    kept = formats.read(path, drop_first_frame=False)
    assert len(kept) == frames + 1
    assert np.linalg.norm(np.diff(kept.joints[:2], axis=0), axis=-1).max() * 30 > 10


def test_names_with_numbers_behind() -> None:
    path = CASES / "names-sketchfab-suffix-glb" / "input.glb"
    reading = formats.inspect(path)
    assert len(reading.motion) == 31
    assert {name for source in reading.joints.values() for name in source.names} <= {
        f"mixamorig:{name}" for name in re.findall(r'"mixamorig:(\w+)"', path.read_bytes().decode("latin-1"))
    }


def test_compressed_data_that_is_damaged() -> None:
    with pytest.raises(MotionGPTError, match=r"compressed with EXT_meshopt_compression.*export it without compression"):
        formats.read(CASES / "glb-meshopt-called-damaged" / "input.glb")
