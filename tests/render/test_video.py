"""Videos decode to the right number of frames, speed, size and content."""

from __future__ import annotations

import os
import sys
from fractions import Fraction

import av
import numpy as np
import pytest
from PIL import Image

from motiongpt import MotionGPTError
from motiongpt.motion import Motion
from motiongpt.render import render_frame, render_video

SIZE = (192, 108)


def decode(path) -> tuple[list[np.ndarray], Fraction, str]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]
        return frames, stream.average_rate, stream.codec_context.pix_fmt


def test_mp4_has_every_frame_at_the_rate_and_size_of_the_motion(tmp_path, walk) -> None:
    path = render_video(walk[:23], tmp_path / "walk.mp4", size=SIZE)
    frames, rate, pixels = decode(path)
    assert len(frames) == 23
    assert rate == 20
    assert pixels == "yuv420p"
    assert frames[0].shape == (108, 192, 3)
    # The index stands before the data, so the video starts to play before it is loaded.
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_mp4_shows_the_frames_in_their_colours(tmp_path, walk) -> None:
    frames, _, _ = decode(render_video(walk[:12], tmp_path / "walk.mp4", size=SIZE))
    for n in (0, 11):
        expected = render_frame(walk[:12], n, size=SIZE).astype(int)
        assert np.abs(frames[n] - expected).mean() < 3
    assert np.abs(frames[0].astype(int) - frames[11]).mean() > 0.3


def test_another_frame_rate_keeps_real_time(tmp_path, walk) -> None:
    frames, rate, _ = decode(render_video(walk[:21], tmp_path / "walk.mp4", size=SIZE, fps=30))
    assert rate == 30
    assert len(frames) == 31  # frames 0..20 at 20 fps span one second: 31 instants at 30 fps
    _, rate, _ = decode(render_video(walk[:5], tmp_path / "ntsc.mp4", size=SIZE, fps=29.97))
    assert float(rate) == pytest.approx(29.97, abs=1e-3)


def test_several_motions_stand_side_by_side_until_the_longest_ends(tmp_path, figure) -> None:
    short, long = figure(np.zeros((4, 3)), name="one"), figure(np.zeros((9, 3)), name="two")
    frames, _, _ = decode(render_video([short, long], tmp_path / "two.mp4", captions=["a", "b"], size=SIZE))
    assert len(frames) == 9
    for picture in (frames[0], frames[8]):
        for half in (picture[:, :96].astype(int), picture[:, 96:].astype(int)):
            assert (half[..., 0] - half[..., 2] > 50).sum() > 40
            assert (half[..., 2] - half[..., 0] > 50).sum() > 40


def test_webm_and_mov(tmp_path, walk) -> None:
    for name, codec in (("a.webm", "vp9"), ("a.mov", "h264")):
        path = render_video(walk[:9], tmp_path / name, size=SIZE)
        with av.open(str(path)) as container:
            frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
            assert container.streams.video[0].codec_context.name == codec
        assert len(frames) == 9
        assert np.abs(frames[4] - render_frame(walk[:9], 4, size=SIZE).astype(int)).mean() < 4


def opacities(path) -> list[np.ndarray]:
    """Alpha (H, W) of each frame of a file; only libvpx reads that of VP9."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        if stream.codec_context.name != "vp9":
            return [frame.to_ndarray(format="rgba")[..., 3] for frame in container.decode(stream)]
        decoder = av.CodecContext.create("libvpx-vp9", "r")
        frames = [frame for packet in container.demux(stream) for frame in decoder.decode(packet)]
        return [frame.to_ndarray(format="rgba")[..., 3] for frame in frames]


@pytest.mark.parametrize("name", ["a.webm", "a.mov"])
def test_transparent_films_show_the_figure_alone(tmp_path, walk, name) -> None:
    path = render_video(walk[:5], tmp_path / name, size=SIZE, transparent=True, captions="")
    alphas = opacities(path)
    expected = render_frame(walk[:5], 3, size=SIZE, transparent=True, captions="")[..., 3]
    assert len(alphas) == 5
    assert np.abs(alphas[3].astype(int) - expected).mean() < 3
    assert alphas[3][:, :20].max() < 8
    assert (alphas[3] > 240).sum() > 150


def test_gif_has_the_frames_and_runs_in_real_time(tmp_path, walk) -> None:
    path = render_video(walk[:10], tmp_path / "walk.gif", size=SIZE, fps=30)
    with Image.open(path) as picture:
        assert picture.size == SIZE
        assert picture.n_frames == 14
        lengths = []
        for n in range(picture.n_frames):
            picture.seek(n)
            lengths.append(picture.info["duration"])
        assert sum(lengths) == pytest.approx(14 / 30 * 1000, abs=5)
        picture.seek(0)
        expected = render_frame(walk[:10], 0, size=SIZE).astype(int)
        assert np.abs(np.asarray(picture.convert("RGB")) - expected).mean() < 4


def test_one_frame(tmp_path, figure) -> None:
    one = figure(np.zeros((1, 3)))
    assert len(decode(render_video(one, tmp_path / "one.mp4", size=SIZE))[0]) == 1
    with Image.open(render_video(one, tmp_path / "one.gif", size=SIZE)) as picture:
        assert getattr(picture, "n_frames", 1) == 1


@pytest.mark.parametrize(
    ("options", "name", "word"),
    [
        ({}, "a.avi", ".mp4 or .mov or .webm or .gif"),
        ({}, "a", ".gif"),
        ({"transparent": True}, "a.mp4", "must end in .mov or .webm"),
        ({"body": "ghost"}, "a.mp4", "'ghost'"),
        ({"size": (193, 108)}, "a.mp4", "194x108"),
        ({"size": (0, 108)}, "a.mp4", "64 to 8192"),
        ({"fps": 0}, "a.mp4", "frames a second"),
        ({"fps": float("nan")}, "a.mp4", "frames a second"),
        ({"captions": ["a", "b"]}, "a.mp4", "2 captions for 1"),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_no_file(tmp_path, figure, options, name, word) -> None:
    with pytest.raises(MotionGPTError) as caught:
        render_video(figure(), tmp_path / name, **options)
    assert word in str(caught.value)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_gif_that_would_fill_the_memory_is_refused(tmp_path, walk, monkeypatch) -> None:
    monkeypatch.setattr("motiongpt.render.video._GIF_MEMORY", 79 * 192 * 108)
    with pytest.raises(MotionGPTError, match="too much for a GIF"):
        render_video(walk, tmp_path / "a.gif", size=SIZE)
    assert list(tmp_path.iterdir()) == []


def test_nothing_to_draw(tmp_path, figure) -> None:
    with pytest.raises(MotionGPTError, match="no motions"):
        render_video([], tmp_path / "a.mp4")
    with pytest.raises(MotionGPTError, match="do not fit"):
        render_video([figure()] * 30, tmp_path / "a.mp4", size=SIZE)
    assert list(tmp_path.iterdir()) == []


def test_failure_in_the_middle_keeps_the_old_file(tmp_path, figure, monkeypatch) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"old")
    from motiongpt.render.film import Film

    draw = Film.draw

    def fail(self, index: int) -> np.ndarray:
        if index == 3:
            raise RuntimeError("power cut")
        return draw(self, index)

    monkeypatch.setattr(Film, "draw", fail)
    with pytest.raises(RuntimeError, match="power cut"):
        render_video(figure(), path, size=SIZE)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_in_place_of_the_folder(tmp_path, figure) -> None:
    (tmp_path / "file").write_text("x")
    for name in ("a.mp4", "a.gif"):
        with pytest.raises(MotionGPTError, match="Cannot write"):
            render_video(figure(), tmp_path / "file" / name, size=SIZE)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_unwritable_folder(tmp_path, figure) -> None:
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o500)
    with pytest.raises(MotionGPTError, match="Cannot write"):
        render_video(figure(), folder / "a.mp4", size=SIZE)


def test_missing_video_library_is_named(tmp_path, figure, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MotionGPTError, match="'av'"):
        render_video(figure(), tmp_path / "a.mp4", size=SIZE)
    assert list(tmp_path.iterdir()) == []


def test_not_a_number_never_reaches_the_camera(figure) -> None:
    joints = figure().joints.copy()
    joints[2, 3, 1] = np.nan
    with pytest.raises(MotionGPTError, match="spine1"):
        Motion(joints)
