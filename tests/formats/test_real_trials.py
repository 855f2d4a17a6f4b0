"""Real recordings, where they are at hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pybvh
import pytest

from bodies import bone_lengths
from motiongpt import formats
from motiongpt.bodies import fit_pose
from motiongpt.formats import bvh
from motiongpt.motion import HUMANML3D, Motion


def plausible(motion: Motion) -> None:
    joints = motion.joints
    at = {name: joints[:, i] for i, name in enumerate(HUMANML3D.joints)}
    assert 0.8 < np.median(at["pelvis"][:, 1]) - joints[..., 1].min() < 1.1
    lengths = bone_lengths(joints)
    limbs = [HUMANML3D.index(f"{s}_{j}") - 1 for s in ("left", "right") for j in ("knee", "ankle", "foot", "elbow")]
    assert (lengths[:, limbs].std(axis=0) < 1e-4).all()
    assert (lengths.mean(axis=0) > 0.02).all()
    for side in ("left", "right"):
        hip, knee, ankle, foot = (at[f"{side}_{j}"] for j in ("hip", "knee", "ankle", "foot"))
        # The knee lies before the line from hip to ankle, on the side of the toes.
        assert np.median(((knee - (hip + ankle) / 2) * (foot - ankle)).sum(axis=-1)) > 0
    # Toes point to the front, which is where left hip - right hip says it is.
    front = np.cross(at["left_hip"] - at["right_hip"], [0.0, 1.0, 0.0])
    assert np.median(((at["left_foot"] - at["left_ankle"]) * front).sum(axis=-1)) > 0
    assert np.linalg.norm(np.diff(joints, axis=0), axis=-1).max() * motion.fps < 15


def test_cmu_bvh(trials: Path) -> None:
    path = next(trials.glob("*.bvh"))
    motion = formats.read(path)
    plausible(motion)
    assert len(motion) == len(bvh.parse(path).values) - 1, "the T-pose before the recording stays out"
    theirs = pybvh.read_bvh_file(path)
    for joint, name in (("left_ankle", "LeftFoot"), ("right_wrist", "RightHand"), ("left_knee", "LeftLeg")):
        expected = theirs.joint_positions()[1:, theirs.joint_names.index(name)] * 0.0254 / 0.45
        np.testing.assert_allclose(motion.joints[:, HUMANML3D.index(joint)], expected, atol=1e-4)


def test_hdm05_amc(trials: Path) -> None:
    motion = formats.read(next(trials.glob("*.amc")))
    plausible(motion)
    assert motion.fps == 120


@pytest.mark.parametrize("suffix", [".bvh", ".amc"])
def test_standard_motion_survives_a_bvh(trials: Path, tmp_path: Path, suffix: str) -> None:
    motion = formats.read(next(trials.glob(f"*{suffix}")))[:1200].standard()
    again = formats.read(formats.write(motion, tmp_path / "out.bvh"))
    assert np.abs(again.joints - fit_pose(motion).joints()).max() < 1e-3
    # Hips and collars are rigid in the file, not in the recording.
    assert np.linalg.norm(again.joints - motion.joints, axis=-1).mean() < 5e-3
