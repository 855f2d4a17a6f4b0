"""What the player is told is what the motion is."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from motiongpt.bodies import Mannequin, fit_pose
from motiongpt.motion import HUMANML3D, Motion
from motiongpt.motion.kinematics import forward
from motiongpt.viewer import body_data, clip_data


def array(text: str, dtype: str, *shape: int) -> np.ndarray:
    """Base64 as the browser reads it."""
    return np.frombuffer(base64.b64decode(text), dtype=dtype).reshape(shape)


def test_positions_arrive_as_they_are(walk: Motion) -> None:
    data = json.loads(json.dumps(clip_data(walk)))
    assert (array(data["positions"], "<f4", len(walk), 22, 3) == walk.joints).all()
    assert (data["frames"], data["fps"], data["parents"]) == (60, 20.0, list(HUMANML3D.parents))
    assert data["label"] == "a person walks forward"


def test_rotations_put_the_joints_where_they_are(walk: Motion) -> None:
    pose = clip_data(walk)["pose"]
    quaternions = array(pose["rotations"], "<i2", 60, 22, 4) / 32767.0
    joints = forward(
        array(pose["offsets"], "<f4", 22, 3), HUMANML3D.parents, quaternions, array(pose["root"], "<f4", 60, 3)
    )
    joints = joints * pose["scale"] - [0, Mannequin().sole * pose["scale"], 0]
    ends = [HUMANML3D.index(name) for name in ("head", "left_foot", "right_foot")]
    others = [joint for joint in range(22) if joint not in ends]
    fitted = forward(fit_pose(walk).offsets, HUMANML3D.parents, fit_pose(walk).quaternions, fit_pose(walk).root)
    assert np.abs(joints - fitted)[:, others].max() < 1e-3


def test_a_small_body_is_scaled(walk: Motion) -> None:
    small = Motion(walk.joints * 0.6, name="child")
    assert clip_data(small)["pose"]["scale"] == pytest.approx(0.6 * clip_data(walk)["pose"]["scale"], rel=1e-3)


def test_the_body_is_complete() -> None:
    data: dict[str, Any] = json.loads(json.dumps(body_data()))
    vertices = array(data["vertices"], "<f4", -1, 3)
    faces = array(data["faces"], "<u4", -1, 3)
    weights = array(data["skin_weights"], "<f4", len(vertices), 4)
    indices = array(data["skin_indices"], "u1", len(vertices), 4)
    assert faces.max() == len(vertices) - 1
    assert np.abs(weights.sum(1) - 1).max() < 1e-5
    assert indices.max() < 22
    assert array(data["colours"], "u1", -1, 3).shape == vertices.shape
    assert array(data["rest"], "<f4", 22, 3)[0].tolist() == [0, 0, 0]


def test_given_frames_and_codes(walk: Motion) -> None:
    data = clip_data(walk, label="x", codes=np.arange(15), given=(20, 10))
    assert data["given"] == [[0, 20], [50, 60]]
    assert (data["codes"], data["code_seconds"]) == (list(range(15)), 0.2)
    assert clip_data(walk, given=(20, 0))["given"] == [[0, 20]]
    assert "codes" not in clip_data(walk)


def test_other_skeletons_have_no_body(make_kit_walk: Callable[..., Motion]) -> None:
    data = clip_data(make_kit_walk())
    assert "pose" not in data
    assert len(data["parents"]) == 21
