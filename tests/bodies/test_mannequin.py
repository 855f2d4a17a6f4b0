"""The mannequin: a closed mesh that follows its joints."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from motiongpt.bodies import Mannequin, fit_pose
from motiongpt.errors import MotionGPTError
from motiongpt.motion import HUMANML3D, Motion
from motiongpt.motion.retarget import bone_lengths

LEVELS = {"high": 24256, "medium": 6106, "low": 2229}


@pytest.fixture(scope="module", params=LEVELS)
def body(request: pytest.FixtureRequest) -> Mannequin:
    return Mannequin(detail=request.param)


def edges(faces: np.ndarray) -> np.ndarray:
    return faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)


def test_a_closed_mesh_with_its_faces_outside(body: Mannequin) -> None:
    # Every directed edge occurs once, and so does its opposite.
    keys = edges(body.faces) @ np.array([100_000, 1])
    opposite = edges(body.faces)[:, ::-1] @ np.array([100_000, 1])
    assert len(np.unique(keys)) == len(keys)
    assert np.isin(keys, opposite).all()
    a, b, c = body.rest_vertices[body.faces].astype(np.float64).transpose(1, 0, 2)
    assert 0.03 < (np.cross(a, b) * c).sum() / 6 < 0.12  # cubic metres


def test_shapes_and_weights(body: Mannequin) -> None:
    count = len(body.rest_vertices)
    assert count in LEVELS.values()
    assert body.joint_indices.shape == body.weights.shape == (count, 4)
    assert body.colours.shape == (count, 3)
    np.testing.assert_allclose(body.weights.sum(axis=1), 1, atol=1e-5)
    assert set(np.unique(body.joint_indices[body.weights > 0])) <= set(range(22))
    assert 1.5 < np.ptp(body.rest_vertices[:, 1]) < 1.9
    # Left is towards +X, the toes point to +Z.
    wrist = body.joint_indices[:, 0] == HUMANML3D.index("left_wrist")
    assert body.rest_vertices[wrist, 0].min() > 0.4
    foot = body.joint_indices[:, 0] == HUMANML3D.index("left_foot")
    assert body.rest_vertices[foot, 2].mean() > body.rest_joints[HUMANML3D.index("left_ankle"), 2]


def test_vertices_against_skinning_worked_out_one_by_one(make_walk: Callable[..., Motion]) -> None:
    pose = fit_pose(make_walk(frames=70))
    body = Mannequin(pose, "low")
    vertices = body.vertices(pose)
    assert vertices.shape == (70, 2229, 3)
    assert vertices.dtype == np.float32
    joints = pose.joints()
    turns = pose.world()
    for frame, v in ((0, 5), (33, 700), (69, 2000)):
        expected = np.zeros(3)
        for joint, weight in zip(body.joint_indices[v], body.weights[v], strict=True):
            turn = Rotation.from_quat(turns[frame, joint], scalar_first=True)
            expected += weight * (turn.apply(body.rest_vertices[v] - body.rest_joints[joint]) + joints[frame, joint])
        np.testing.assert_allclose(vertices[frame, v], expected, atol=1e-5)
    # Matrix products round differently for other numbers of frames.
    np.testing.assert_allclose(body.vertices(pose[10:20]), vertices[10:20], atol=1e-6)


def test_it_takes_the_proportions_of_the_motion(make_walk: Callable[..., Motion]) -> None:
    child = Motion(make_walk(frames=30).joints * 0.6)
    pose = fit_pose(child)
    small, tall = Mannequin(pose, "low"), Mannequin(pose.offsets / 0.6, "low")
    np.testing.assert_allclose(np.linalg.norm(small.offsets, axis=-1), bone_lengths(child.joints), atol=1e-4)
    np.testing.assert_allclose(small.rest_vertices, 0.6 * tall.rest_vertices, atol=1e-4)


def test_a_body_of_other_proportions_walks_a_scaled_path(make_walk: Callable[..., Motion]) -> None:
    pose = fit_pose(make_walk(frames=30))
    small = Mannequin(0.5 * pose.offsets, "low")
    np.testing.assert_allclose(small.vertices(pose), 0.5 * Mannequin(pose, "low").vertices(pose), atol=1e-3)


def test_unknown_detail() -> None:
    with pytest.raises(MotionGPTError, match="high, medium, low"):
        Mannequin(detail="best")
