"""Anny: its mesh in T-pose, moved by our poses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from motiongpt import formats
from motiongpt.bodies import fit_pose
from motiongpt.bodies.anny import Anny, bone_of
from motiongpt.errors import MotionGPTError
from motiongpt.motion import HUMANML3D, Motion


@pytest.fixture(scope="module")
def body() -> Anny:
    pytest.importorskip("anny", reason="needs the extra anny")
    return Anny()


@pytest.mark.slow
def test_a_t_pose(body: Anny) -> None:
    np.testing.assert_allclose(body.weights.sum(axis=1), 1, atol=1e-5)
    wrists = body.rest_joints[[HUMANML3D.index("left_wrist"), HUMANML3D.index("right_wrist")]]
    assert wrists[0, 0] > 0.5
    np.testing.assert_allclose(wrists[:, 1].mean(), body.rest_joints[HUMANML3D.index("left_shoulder"), 1], atol=0.05)
    hand = body.joint_indices[:, 0] == HUMANML3D.index("left_wrist")
    # Fingers go on where the arm points to.
    assert body.rest_vertices[hand, 0].max() > wrists[0, 0] + 0.1
    assert np.ptp(body.rest_vertices[hand, 1]) < 0.2


@pytest.mark.slow
def test_brought_back_to_its_own_pose_it_is_annys_mesh(body: Anny) -> None:
    import anny

    model = anny.Anny()
    shape = model(phenotype_kwargs={})
    vertices, heads = (shape[name][0].numpy()[:, [0, 2, 1]] for name in ("rest_vertices", "rest_bone_heads"))
    vertices, heads = vertices * [1, 1, -1], heads * [1, 1, -1]
    joints = heads[[model.bone_labels.index(bone_of(joint)) for joint in HUMANML3D.joints]]
    pose = fit_pose(Motion(joints[None].astype(np.float32), fps=1.0))
    np.testing.assert_allclose(body.vertices(pose)[0], vertices, atol=1e-4)


@pytest.mark.slow
def test_children_are_smaller_and_take_shorter_steps(body: Anny, make_walk: Callable[..., Motion]) -> None:
    child, pose = Anny(age=0.1), fit_pose(make_walk())
    assert np.ptp(child.rest_vertices[:, 1]) < 0.8 * np.ptp(body.rest_vertices[:, 1])
    ways = [np.linalg.norm(np.ptp(one.adopt(pose).root, axis=0)) for one in (body, child)]
    assert ways[1] < 0.8 * ways[0]
    with pytest.raises(MotionGPTError, match="age=3"):
        Anny(age=3)


@pytest.mark.slow
def test_glb(body: Anny, make_walk: Callable[..., Motion], tmp_path: Path) -> None:
    walk = make_walk()
    formats.write(walk, tmp_path / "anny.glb", body="anny")
    again = formats.read(tmp_path / "anny.glb")
    expected = body.adopt(fit_pose(walk)).joints()
    np.testing.assert_allclose(again.joints - again.joints[:1, :1], expected - expected[:1, :1], atol=1e-3)


def test_the_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "anny", None)
    with pytest.raises(MotionGPTError, match=r"motiongpt\[anny\]"):
        Anny()
