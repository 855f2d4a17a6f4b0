"""Blender in a process of its own: FBX and .blend, there and back; the missing, the user's own, the broken."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from motiongpt import formats
from motiongpt.bodies.posing import fit_pose
from motiongpt.errors import MotionGPTError
from motiongpt.formats import characters
from motiongpt.formats.blender import process
from motiongpt.formats.blender.render import render
from motiongpt.motion import KIT, Motion

needs_blender = pytest.mark.skipif(importlib.util.find_spec("bpy") is None, reason="needs the extra blender (bpy)")


@needs_blender
@pytest.mark.parametrize("suffix", [".fbx", ".blend"])
def test_written_and_read_again(tmp_path: Path, moving: Motion, suffix: str) -> None:
    path = formats.write(moving[:8], tmp_path / f"m{suffix}", names="mixamo")
    again = formats.read(path)
    assert (again.fps, len(again)) == (20, 8)
    assert np.abs(again.joints - fit_pose(moving[:8]).joints()).max() < 1e-3
    assert list(tmp_path.iterdir()) == [path]


@needs_blender
def test_several_motions_become_several_takes(tmp_path: Path, moving: Motion) -> None:
    path = formats.write([moving[:4], Motion(moving.joints[4:6], name="second")], tmp_path / "two.fbx")
    assert b"moving" in path.read_bytes()
    assert b"second" in path.read_bytes()
    with pytest.raises(MotionGPTError, match=r"two\.fbx: \.fbx files have one frame rate, .* 20, 30"):
        formats.write([moving[:4], Motion(moving.joints[:4], fps=30)], path)


@needs_blender
def test_the_users_blender(tmp_path: Path, moving: Motion, monkeypatch: pytest.MonkeyPatch) -> None:
    # A Blender that notes how it was called, then does what the wheel does.
    program = tmp_path / "blender"
    script = f'#!/bin/sh\necho "$@" > "{tmp_path}/called"\nfor last; do :; done\nexec "{sys.executable}" "$6" "$last"\n'
    program.write_text(script)
    program.chmod(0o755)
    monkeypatch.setenv(process.VARIABLE, str(program))
    path = formats.write(moving[:2], tmp_path / "own.blend")
    assert path.is_file()
    called = (tmp_path / "called").read_text()
    assert called.startswith("--background --factory-startup --python-exit-code 1 --python ")
    assert " -- " in called


def test_no_blender_names_extra_option_and_variable(
    tmp_path: Path, moving: Motion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    for attempt in (
        lambda: formats.write(moving, tmp_path / "m.fbx"),
        lambda: process.find("m.fbx"),
        lambda: render(moving, tmp_path / "m.mp4"),
    ):
        with pytest.raises(MotionGPTError, match=r"motiongpt\[blender\].*--blender.*MOTIONGPT_BLENDER"):
            attempt()
    with pytest.raises(MotionGPTError, match="nowhere: the option blender names no program"):
        formats.write(moving, tmp_path / "m.fbx", blender="nowhere")
    assert not list(tmp_path.iterdir())


@needs_blender
@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("noise.fbx", b"Kaydara FBX Binary  \x00\x1a\x00 noise", "noise.fbx: Blender"),
        ("text.blend", b"x", "text.blend:"),
    ],
)
def test_broken_files(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(MotionGPTError, match=message) as caught:
        formats.read(tmp_path / name)
    assert "\n" not in str(caught.value)


@needs_blender
@pytest.mark.slow
@pytest.mark.parametrize(("mode", "body"), [("frame", "mannequin"), ("sequence", "skeleton"), ("video", "mannequin")])
def test_pictures(tmp_path: Path, moving: Motion, mode: str, body: str) -> None:
    path = tmp_path / ("m.mp4" if mode == "video" else "m.png")
    scene = tmp_path / "scene.blend" if mode == "frame" else None
    render(moving[:2], path, mode=mode, body=body, size=(96, 64), samples=1, poses=2, save_blend=scene)
    if mode == "video":
        av = pytest.importorskip("av")
        with av.open(str(path)) as film:
            frames = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
            assert film.streams.video[0].average_rate == 20
        assert [frame.shape for frame in frames] == [(64, 96, 3)] * 2
        picture = frames[0]
    else:
        picture = np.asarray(Image.open(path))
        assert picture.shape == (64, 96, 3)
    # A figure stands before a pale floor: darker or more colourful than the corners.
    assert np.ptp(picture.mean(axis=-1)) > 40
    if scene is not None:
        assert len(formats.read(scene)) == 2


def test_what_cannot_be_drawn(tmp_path: Path, moving: Motion) -> None:
    for options, message in (
        ({"mode": "strip"}, "Blender draws video, sequence, frame"),
        ({"mode": "frame"}, r"m\.mp4: with Blender a frame is written to \.png"),
        ({"size": (101, 64)}, "even width and height"),
        ({"samples": 0}, "samples must be between"),
        ({"save_blend": "scene.txt"}, r"scene\.txt: .* \.blend"),
    ):
        with pytest.raises(MotionGPTError, match=message):
            render(moving, tmp_path / "m.mp4", **options)  # type: ignore[arg-type]
    with pytest.raises(MotionGPTError, match="There is no frame 60"):
        render(moving, tmp_path / "m.png", mode="frame", frame=60)
    if importlib.util.find_spec("bpy") is not None:
        with pytest.raises(MotionGPTError, match="22 joints"):
            render(Motion(np.zeros((3, 21, 3)), skeleton=KIT), tmp_path / "m.mp4")


@needs_blender
@pytest.mark.slow
def test_a_character_goes_through_blender(tmp_path: Path, moving: Motion) -> None:
    formats.write(moving, tmp_path / "hero.fbx")
    report = characters.write(moving[:20], tmp_path / "hero.fbx", tmp_path / "out.fbx")
    assert max(report.motions[0].directions.values()) < 3
    again = formats.read(tmp_path / "out.fbx")
    assert len(again) >= 20
