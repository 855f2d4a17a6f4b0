"""GLB files as others see them: the Khronos validator, three.js, trimesh."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from formats.browser import Three, open_three, validate
from motiongpt import formats
from motiongpt.bodies.mannequin import Mannequin
from motiongpt.bodies.posing import fit_pose
from motiongpt.bodies.stick_figure import stick_figure
from motiongpt.errors import MotionGPTError
from motiongpt.formats.naming import NAMES
from motiongpt.motion import HUMANML3D, KIT, Motion


@pytest.fixture(scope="module")
def three(chromium: Any) -> Iterator[Three]:
    with open_three(chromium) as opened:
        yield opened


def document(path: Path) -> dict[str, Any]:
    data = path.read_bytes()
    length = struct.unpack_from("<I", data, 12)[0]
    result: dict[str, Any] = json.loads(data[20 : 20 + length])
    return result


@pytest.mark.parametrize("options", [{}, {"body": "skeleton", "names": "mixamo"}])
@pytest.mark.parametrize("frames", [1, 60])
def test_the_khronos_validator_finds_nothing(
    tmp_path: Path, moving: Motion, options: dict[str, str], frames: int
) -> None:
    report = validate(formats.write(moving[:frames], tmp_path / "m.glb", **options))
    assert report["issues"]["messages"] == []
    assert report["info"]["hasSkins"]
    assert report["info"]["animationCount"] == 1


@pytest.mark.parametrize("body", ["mannequin", "skeleton"])
def test_three_js_moves_the_same_mesh(tmp_path: Path, moving: Motion, three: Three, body: str) -> None:
    path = formats.write(moving, tmp_path / "m.glb", body=body, names="smpl")
    frames = [0, 17, 42, 59]
    pose = fit_pose(moving)
    figure = Mannequin(pose) if body == "mannequin" else stick_figure(pose.offsets)
    expected, joints = figure.vertices(pose), pose.joints()
    seen = three.sample(path, "moving", [frame / moving.fps for frame in frames])
    assert seen[0]["duration"] == pytest.approx(59 / 20)
    for frame, there in zip(frames, seen, strict=True):
        assert np.linalg.norm(there["vertices"] - expected[frame], axis=-1).max() < 1e-3
        places = np.array([there["bones"][name] for name in HUMANML3D.joints])
        np.testing.assert_allclose(places, joints[frame], atol=1e-3)


def test_several_motions_share_one_body(tmp_path: Path, moving: Motion, three: Three) -> None:
    other = Motion(moving.joints[::-1].copy(), name="back")
    path = formats.write([moving, other, moving[:10]], tmp_path / "m.glb")
    assert [clip["name"] for clip in document(path)["animations"]] == ["moving", "back", "moving 2"]
    assert validate(path)["issues"]["messages"] == []
    there = three.sample(path, "back", [0.0])[0]
    assert there["clips"] == ["moving", "back", "moving 2"]
    last = fit_pose(moving).joints()[-1]
    np.testing.assert_allclose([there["bones"][name] for name in HUMANML3D.joints], last, atol=1e-3)


@pytest.mark.parametrize("names", list(NAMES))
def test_joints_are_named_as_asked(tmp_path: Path, moving: Motion, names: str) -> None:
    nodes = document(formats.write(moving, tmp_path / "m.glb", names=names))["nodes"]
    assert tuple(node["name"] for node in nodes[:22]) == NAMES[names]
    parents = {child: i for i, node in enumerate(nodes) for child in node.get("children", [])}
    assert [parents.get(i, -1) for i in range(22)] == list(HUMANML3D.parents)


def test_what_cannot_be_written(tmp_path: Path, moving: Motion) -> None:
    for options, message in (
        ({"names": "rigify"}, r"m\.glb: names must be one of smpl, mixamo, cmu"),
        ({"body": "horse"}, "mannequin, skeleton"),
    ):
        with pytest.raises(MotionGPTError, match=message):
            formats.write(moving, tmp_path / "m.glb", **options)
    with pytest.raises(MotionGPTError, match="22 joints"):
        formats.write(Motion(np.zeros((3, 21, 3)), skeleton=KIT), tmp_path / "m.glb")
    with pytest.raises(MotionGPTError, match=r"m\.bvh: .*one motion"):
        formats.write([moving, moving], tmp_path / "m.bvh")
    with pytest.raises(MotionGPTError, match="no motion"):
        formats.write([], tmp_path / "m.glb")
    assert not list(tmp_path.iterdir())
