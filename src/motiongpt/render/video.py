"""Motions to video files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from motiongpt.errors import MotionGPTError, require
from motiongpt.files import atomic_path
from motiongpt.motion import Motion
from motiongpt.render.film import Film, checked_size

_GIF_MEMORY = 2_000_000_000  # bytes; Pillow keeps all frames of a GIF until it is written


def render_video(
    motions: Motion | Sequence[Motion],
    path: str | Path,
    *,
    captions: str | Sequence[str] | None = None,
    size: tuple[int, int] = (1280, 720),
    fps: float | None = None,
    trail: bool = True,
    progress: bool = False,
) -> Path:
    """Film one motion, or several side by side, into an MP4 (H.264, 4:2:0) or GIF file.

    The right side of the body is red, the left blue. The camera sees the body from its front at frame 0, stands still
    for short journeys and follows longer ones smoothly; the whole motion stays in the picture. Several motions share
    one scale, are labelled with their names, and hold their last frame until the longest has ended.

    Args:
        motions: one motion or several, joints (T, J, 3) in metres, Y up.
        path: file to write, ending in .mp4 or .gif; it appears only when complete.
        captions: text under each motion; by default each motion's own ``text``.
        size: (width, height) in pixels; both even for MP4.
        fps: frames a second of the video, played in real time; by default the first motion's.
        trail: draw the path of the root over the last 15 seconds on the floor.
        progress: show a progress bar.

    Returns:
        The path written.

    Raises:
        MotionGPTError: no motions, an unknown suffix, an impossible size or frame rate, a number of captions that
            differs from that of the motions, a folder that cannot be written, PyAV not installed (for MP4).
    """
    path = Path(path)
    writers = {".mp4": _write_mp4, ".gif": _write_gif}
    writer = writers.get(path.suffix.lower())
    if writer is None:
        raise MotionGPTError(f"Cannot write a video to {path}: the file name must end in {' or '.join(writers)}.")
    film = make_film(motions, captions=captions, size=size, fps=fps, trail=trail)
    frames: Iterable[np.ndarray] = (film.draw(n) for n in range(film.num_frames))
    if progress:
        from tqdm import tqdm

        frames = tqdm(frames, total=film.num_frames, desc=path.name, unit="frame")
    writer(path, frames, film)
    return path


def make_film(
    motions: Motion | Sequence[Motion],
    *,
    captions: str | Sequence[str] | None,
    size: tuple[int, int],
    fps: float | None,
    trail: bool,
) -> Film:
    """Check what was asked for and set up the film; errors as in :func:`render_video`."""
    motions = [motions] if isinstance(motions, Motion) else list(motions)
    if not motions:
        raise MotionGPTError("There are no motions to draw.")
    if captions is None:
        captions = [m.text for m in motions]
    elif isinstance(captions, str):
        captions = [captions]
    if len(captions) != len(motions):
        raise MotionGPTError(f"There are {len(captions)} captions for {len(motions)} motions: give one for each.")
    fps = motions[0].fps if fps is None else fps
    if not 0 < fps <= 1000:
        raise MotionGPTError(f"A video needs between 0 and 1000 frames a second, not {fps}.")
    return Film([m.resample(fps) for m in motions], captions, checked_size(size), trail)


def _write_mp4(path: Path, frames: Iterable[np.ndarray], film: Film) -> None:
    av: Any = require("av", "all")
    width, height = film.size
    if width % 2 or height % 2:
        even = f"{width + width % 2}x{height + height % 2}"
        raise MotionGPTError(f"Cannot write {path}: MP4 needs an even width and height, for example {even}.")
    with (
        atomic_path(path) as temporary,
        av.open(str(temporary), "w", format="mp4", options={"movflags": "+faststart"}) as container,
    ):
        stream = container.add_stream("libx264", rate=Fraction(film.fps).limit_denominator(1001))
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        # Quality 18 is visually lossless. Looking a few frames ahead halves the files of the fast preset at no cost.
        stream.options = {"preset": "superfast", "crf": "18", "x264-params": "mbtree=1:rc-lookahead=10"}
        stream.codec_context.thread_type = "AUTO"
        bt709 = av.video.reformatter.Colorspace.ITU709
        stream.codec_context.colorspace = bt709
        for picture in frames:
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p", dst_colorspace=bt709)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def _write_gif(path: Path, frames: Iterable[np.ndarray], film: Film) -> None:
    width, height = film.size
    if film.num_frames * width * height > _GIF_MEMORY:
        raise MotionGPTError(
            f"Cannot write {path}: {film.num_frames} frames of {width}x{height} are too much for a GIF; "
            "write .mp4, or ask for a smaller size or fewer frames a second."
        )
    # A GIF counts hundredths of a second; rounding each frame's end instead of its length keeps real time.
    ends = np.rint(np.arange(1, film.num_frames + 1) * 100 / film.fps).astype(int)
    lengths = np.maximum(np.diff(ends, prepend=0), 2) * 10
    with atomic_path(path) as temporary:
        # One palette for the whole film, made from its first, middle and last frame, keeps colours from flickering.
        picks = sorted({0, film.num_frames // 2, film.num_frames - 1})
        sample = Image.fromarray(np.concatenate([film.draw(n) for n in picks]))
        palette = sample.quantize(256, method=Image.Quantize.MEDIANCUT)
        pictures = [Image.fromarray(f).quantize(palette=palette, dither=Image.Dither.NONE) for f in frames]
        pictures[0].save(
            temporary, format="GIF", save_all=True, append_images=pictures[1:], duration=lengths.tolist(), loop=0
        )
