"""Motions to video files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from motiongpt.errors import MotionGPTError, require
from motiongpt.files import atomic_path
from motiongpt.motion import Motion
from motiongpt.render.film import Film, checked_size
from motiongpt.render.kernels import announce

_GIF_MEMORY = 2_000_000_000  # bytes; Pillow keeps all frames of a GIF until it is written
# Quality 20 shows no artefacts on flat shading. Looking a few frames ahead halves the files at no cost; frames coded
# from both sides would make them an eighth smaller still, and take a third more time.
_H264 = {"preset": "superfast", "crf": "20", "x264-params": "mbtree=1:rc-lookahead=10:bframes=0"}
_VP9 = {"deadline": "realtime", "cpu-used": "7", "crf": "28", "b": "0", "row-mt": "1"}
# What a suffix is written with: container, codec, pixels and the codec's options, without and with transparency.
_OPAQUE: dict[str, tuple[str, str, str, dict[str, str]]] = {
    ".mp4": ("mp4", "libx264", "yuv420p", _H264),
    ".mov": ("mov", "libx264", "yuv420p", _H264),
    ".webm": ("webm", "libvpx-vp9", "yuv420p", _VP9),
}
_TRANSPARENT: dict[str, tuple[str, str, str, dict[str, str]]] = {
    ".mov": ("mov", "prores_ks", "yuva444p10le", {"profile": "4444"}),
    ".webm": ("webm", "libvpx-vp9", "yuva420p", _VP9),
}


def render_video(
    motions: Motion | Sequence[Motion],
    path: str | Path,
    *,
    captions: str | Sequence[str] | None = None,
    size: tuple[int, int] = (1280, 720),
    fps: float | None = None,
    body: str | None = None,
    trail: bool = True,
    transparent: bool = False,
    whole_path: bool = False,
    onion: bool = False,
    progress: bool = False,
) -> Path:
    """Film one motion, or several side by side, into an MP4 or MOV (H.264, 4:2:0), WebM (VP9) or GIF file.

    The right side of the body is red, the left blue. The camera sees the body from its front at frame 0, stands still
    for short journeys and follows longer ones smoothly, so that the body stays large; all of it stays in the picture.
    Several motions share one scale, are labelled with their names, and hold their last frame until the longest has
    ended.

    Args:
        motions: one motion or several, joints (T, J, 3) in metres, Y up.
        path: file to write, ending in .mp4, .mov, .webm or .gif; it appears only when complete.
        captions: text under each motion; by default each motion's own ``text``.
        size: (width, height) in pixels; both even, except for GIF.
        fps: frames a second of the video, played in real time; by default the first motion's.
        body: "mannequin", which needs the 22 joints of HumanML3D, or "skeleton", bones and joints; None takes the
            mannequin where it can.
        trail: draw the path of the root over the last 15 seconds on the floor.
        transparent: leave floor, sky and clock out, to lay the figures over something else: a MOV is then ProRes 4444,
            a WebM VP9 with opacity; MP4 and GIF have none.
        whole_path: let the camera stand still and see the whole path, however small the body is then.
        onion: draw the poses of the last second faintly behind each body.
        progress: show a progress bar.

    Returns:
        The path written.

    Raises:
        MotionGPTError: no motions, an unknown suffix, an impossible size or frame rate, a number of captions that
            differs from that of the motions, a body that cannot be drawn, a folder that cannot be written, PyAV not
            installed (for all but GIF).
    """
    path = Path(path)
    known = (*_TRANSPARENT,) if transparent else (*_OPAQUE, ".gif")
    if path.suffix.lower() not in known:
        kind = "transparent video" if transparent else "video"
        raise MotionGPTError(f"Cannot write a {kind} to {path}: the file name must end in {' or '.join(known)}.")
    film = make_film(
        motions,
        captions=captions,
        size=size,
        fps=fps,
        body=body,
        trail=trail,
        transparent=transparent,
        whole_path=whole_path,
        onion=onion,
    )
    announce(film.num_frames * len(film.panels))
    frames: Iterable[np.ndarray] = _drawn_ahead(film)
    if progress:
        from tqdm import tqdm

        frames = tqdm(frames, total=film.num_frames, desc=path.name, unit="frame")
    if path.suffix.lower() == ".gif":
        _write_gif(path, frames, film)
    else:
        _write_movie(path, frames, film)
    return path


def make_film(
    motions: Motion | Sequence[Motion],
    *,
    captions: str | Sequence[str] | None,
    size: tuple[int, int],
    fps: float | None,
    body: str | None,
    trail: bool,
    transparent: bool,
    whole_path: bool = False,
    onion: bool = False,
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
    return Film(
        [m.resample(fps) for m in motions],
        captions,
        checked_size(size),
        body=body,
        trail=trail,
        transparent=transparent,
        whole_path=whole_path,
        onion=onion,
    )


def straight(picture: np.ndarray) -> np.ndarray:
    """A picture whose colours are no longer multiplied by its opacity, as files hold it; (H, W, 3) is left as it is."""
    if picture.shape[2] == 3:
        return picture
    alpha = picture[..., 3:].astype(np.uint16)
    colours = (picture[..., :3] * np.uint16(255) + alpha // 2) // np.maximum(alpha, 1)
    return np.concatenate([np.minimum(colours, 255), alpha], axis=2).astype(np.uint8)


def _write_movie(path: Path, frames: Iterable[np.ndarray], film: Film) -> None:
    from motiongpt.render import loops

    av: Any = require("av", "all")
    width, height = film.size
    if width % 2 or height % 2:
        even = f"{width + width % 2}x{height + height % 2}"
        raise MotionGPTError(f"Cannot write {path}: a video needs an even width and height, for example {even}.")
    container_format, codec, pixels, options = (_TRANSPARENT if film.transparent else _OPAQUE)[path.suffix.lower()]
    container_options = {} if container_format == "webm" else {"movflags": "+faststart"}
    bt709 = av.video.reformatter.Colorspace.ITU709
    with (
        atomic_path(path) as temporary,
        av.open(str(temporary), "w", format=container_format, options=container_options) as container,
    ):
        stream = container.add_stream(codec, rate=Fraction(film.fps).limit_denominator(1001))
        stream.width, stream.height, stream.pix_fmt = width, height, pixels
        stream.options = options
        stream.codec_context.thread_type = "AUTO"
        stream.codec_context.colorspace = bt709
        for picture in frames:
            if film.transparent:
                frame = av.VideoFrame.from_ndarray(straight(picture), format="rgba")
                frame = frame.reformat(format=pixels, dst_colorspace=bt709)
            else:
                frame = av.VideoFrame(width, height, pixels)
                # Straight into the planes of the frame: several times faster than the general conversion.
                loops.to_yuv420(picture, *(_rows(plane) for plane in frame.planes))
                frame.colorspace = bt709
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def _rows(plane: Any) -> np.ndarray:
    """A plane of a frame as writable rows; they may be longer than the picture is wide."""
    return np.frombuffer(plane, dtype=np.uint8).reshape(-1, plane.line_size)


def _drawn_ahead(film: Film) -> Iterator[np.ndarray]:
    """Frames of a film, the next one being drawn while the last one is written."""
    with ThreadPoolExecutor(1) as drawing:
        coming = drawing.submit(film.draw, 0)
        for index in range(1, film.num_frames + 1):
            picture = coming.result()
            if index < film.num_frames:
                coming = drawing.submit(film.draw, index)
            yield picture


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
