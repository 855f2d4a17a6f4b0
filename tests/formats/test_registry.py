"""read and write: choosing the format, refusing what cannot work, leaving nothing half-written."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from motiongpt import formats
from motiongpt.bodies.posing import fit_pose
from motiongpt.errors import MotionGPTError
from motiongpt.motion import Motion


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("missing.bvh", None, "no such file"),
        ("motion.obj", b"data", rf"\.obj is not possible; known are {', '.join(formats.READERS)}\.$"),
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
        with pytest.raises(MotionGPTError, match=rf"is not possible; known are {', '.join(formats.WRITERS)}\.$"):
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


@pytest.mark.parametrize("row", formats.FORMATS.values(), ids=lambda row: row.suffix)
def test_every_row_of_the_registry_names_functions_and_its_options(row: formats.Format) -> None:
    assert row.reader or row.writer
    for name, doing, given in (
        (row.reader, "read", ["path"]),
        (row.writer, "write", ["motions" if row.several else "motion", "path"]),
    ):
        if name:
            function = formats._function(name)
            assert function.__name__.startswith(doing)
            parameters = list(inspect.signature(function).parameters.values())
            assert [p.name for p in parameters[: len(given)]] == given
            # An option without a default could not be left out.
            assert all(p.kind in (p.KEYWORD_ONLY, p.VAR_KEYWORD) for p in parameters[len(given) :])
            assert all(p.default is not p.empty for p in parameters[len(given) :] if p.kind is p.KEYWORD_ONLY)


def test_several_motions_in_a_file_of_one(tmp_path: Path, moving: Motion) -> None:
    for suffix in [suffix for suffix in formats.WRITERS if not formats.FORMATS[suffix].several]:
        with pytest.raises(MotionGPTError, match=r"hold one motion, not 2; write each to a file of its own"):
            formats.write([moving, moving], tmp_path / f"two{suffix}")
    assert not list(tmp_path.iterdir())


def test_formats_are_listed_without_loading_them() -> None:
    program = (
        "import sys, motiongpt.formats\n"
        "assert motiongpt.formats.READERS\n"
        "assert not {'numpy', 'scipy', 'torch', 'numba'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_what_a_motion_needs_is_all_that_is_loaded(tmp_path: Path, moving: Motion) -> None:
    formats.write(moving, tmp_path / "m.npy")
    program = (
        "import sys\nfrom motiongpt import formats\n"
        f"motion = formats.read({str(tmp_path / 'm.npy')!r})\n"
        f"formats.write(motion, {str(tmp_path / 'm.glb')!r})\n"
        f"formats.write(motion, {str(tmp_path / 'm.bvh')!r})\n"
        "assert not {'torch', 'numba', 'PIL', 'av', 'matplotlib', 'tqdm'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_the_page_on_formats_lists_those_of_the_registry() -> None:
    text = (Path(__file__).parents[2] / "docs" / "formats.md").read_text(encoding="utf-8")
    table = re.search(r"^\| file \|.*\| read \| write \|\n\|[-|]+\|\n((?:\|.*\|\n)+)", text, flags=re.MULTILINE)
    assert table is not None
    rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in table[1].splitlines()]
    listed = {suffix: (row[-2] != "no", row[-1] != "no") for row in rows for suffix in re.findall(r"`(\.\w+)`", row[0])}
    assert listed == {suffix: (bool(row.reader), bool(row.writer)) for suffix, row in formats.FORMATS.items()}
