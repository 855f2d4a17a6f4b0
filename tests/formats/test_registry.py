"""read and write: choosing the format, refusing what cannot work, leaving nothing half-written."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from motiongpt import formats
from motiongpt.bodies.posing import fit_pose
from motiongpt.errors import MotionGPTError
from motiongpt.motion import Motion


def test_every_format_names_its_function() -> None:
    for doing, table in (("read", formats.READERS), ("write", formats.WRITERS)):
        for suffix, target in table.items():
            module, _, name = target.rpartition(".")
            function = getattr(importlib.import_module(f"motiongpt.formats.{module}"), name)
            assert function.__name__.startswith(doing), suffix
    assert set(formats.RIGGED) | set(formats.TAKE_SEVERAL) <= set(formats.WRITERS)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("missing.bvh", None, "no such file"),
        ("motion.obj", b"data", r"'?\.obj.*\.bvh, \.amc, \.npz, \.npy"),
        ("motion", b"data", "without a suffix"),
        ("empty.bvh", b"", "empty"),
        ("page.bvh", b"<!doctype html><html>", "web page"),
        ("pointer.amc", b"version https://git-lfs.github.com/spec/v1", "git-lfs pointer"),
        ("binary.bvh", b"\x93NUMPY\x01\x00", "NumPy array"),
        ("packed.bvh", b"\x1f\x8b\x08\x00", "gzip"),
        ("noise.bvh", b"\x00\x01\x02\x03", "binary"),
        ("words.bvh", b"hello\n", "HIERARCHY"),
        ("joke.amc", b"hello\n", r"no \.asf"),
    ],
)
def test_what_cannot_be_read(tmp_path: Path, name: str, content: bytes | None, message: str) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(MotionGPTError, match=message) as caught:
        formats.read(path)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder(tmp_path: Path, moving: Motion) -> None:
    folder = tmp_path / "folder.bvh"
    folder.mkdir()
    with pytest.raises(MotionGPTError, match="is a folder"):
        formats.read(folder)
    with pytest.raises(MotionGPTError, match="is a folder"):
        formats.write(moving, folder)


def test_options_that_the_format_does_not_have(tmp_path: Path, moving: Motion) -> None:
    path = formats.write(moving, tmp_path / "m.bvh")
    with pytest.raises(MotionGPTError, match=r"m\.bvh: \.bvh files have no option 'body_model'"):
        formats.read(path, body_model="x")
    with pytest.raises(MotionGPTError, match="no option 'speed'"):
        formats.write(moving, path, speed=2)
    assert len(formats.read(path, skeleton=None, unit=None)) == 60


def test_unknown_suffix_when_writing(tmp_path: Path, moving: Motion) -> None:
    for name in ("m.obj", "m.amc", "m"):
        with pytest.raises(MotionGPTError, match=r"\.npy, \.bvh, .*\.mp4"):
            formats.write(moving, tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_nothing_half_written(tmp_path: Path, moving: Motion, monkeypatch: pytest.MonkeyPatch) -> None:
    path = formats.write(moving, tmp_path / "m.npy")
    before = path.read_bytes()

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", fail)
    with pytest.raises(MotionGPTError, match="No space left"):
        formats.write(moving[:3], path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_made(tmp_path: Path, moving: Motion) -> None:
    (tmp_path / "file").write_text("")
    for name in ("m.npy", "m.bvh"):
        with pytest.raises(MotionGPTError, match="Cannot write"):
            formats.write(moving, tmp_path / "file" / name)


def test_load_and_save_of_a_motion(tmp_path: Path, moving: Motion) -> None:
    path = moving.save(tmp_path / "m.BVH")
    assert path == tmp_path / "m.BVH"
    assert np.abs(Motion.load(path).joints - moving.joints).max() < 1e-3


def test_a_sequence_of_formats_keeps_the_joints(tmp_path: Path, moving: Motion) -> None:
    motion = moving
    for name in ("a.bvh", "b.npy", "c.bvh", "d.npy"):
        motion = formats.read(formats.write(motion, tmp_path / name))
    assert np.abs(motion.joints - moving.joints).max() < 1e-3


@pytest.mark.parametrize("suffix", [".bvh", ".npz", ".npy", ".csv", ".glb"])
@pytest.mark.parametrize("frames", [1, pytest.param(20_000, marks=pytest.mark.slow)])
def test_short_and_long_clips(tmp_path: Path, moving: Motion, suffix: str, frames: int) -> None:
    clip = Motion(np.resize(moving.joints, (frames, 22, 3)))
    path = formats.write(clip, tmp_path / f"clip{suffix}")
    if suffix in formats.READERS:
        again = formats.read(path, fps=20)
        assert len(again) == frames
        assert np.abs(again.joints - fit_pose(clip).joints()).max() < 1e-3


def test_pictures_and_films(tmp_path: Path, moving: Motion) -> None:
    strip = Image.open(formats.write(moving, tmp_path / "m.png", poses=3))
    assert strip.width > strip.height > 20
    film = formats.write(moving[:4], tmp_path / "m.gif", size=(120, 80))
    assert Image.open(film).n_frames == 4


def test_marker_files_are_refused_with_what_would_work(tmp_path: Path) -> None:
    path = tmp_path / "walk.c3d"
    path.write_bytes(b"\x02P" + bytes(510))
    with pytest.raises(MotionGPTError, match=r"walk\.c3d: its markers lie on the skin.*\.bvh"):
        formats.read(path)
