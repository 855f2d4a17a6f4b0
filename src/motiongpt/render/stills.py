"""Single pictures of motions: a frame, a sequence of poses in one scene, a strip of poses side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from motiongpt.errors import MotionGPTError
from motiongpt.files import atomic_path
from motiongpt.motion import Motion
from motiongpt.render.camera import choose_azimuth, make_view, place_camera
from motiongpt.render.figures import Colour, Figure, make_figure
from motiongpt.render.film import GHOST, checked_size, draw_figures, draw_ghost, paste
from motiongpt.render.ground import Ground
from motiongpt.render.limbs import Limbs, body_scale, forward
from motiongpt.render.text import FAINT, INK, text_mask
from motiongpt.render.video import make_film, straight

_SEQUENCE_ELEVATION = np.radians(18)
_STRIP_ELEVATION = np.radians(8)
_POSE_SPACING = 0.85  # metres between poses of a figure of normal size that are spread sideways
_STRIP_RADIUS = 1.1  # metres of ground under each pose of a strip
_MOST_POSES = 64
# Time runs from a pale to a deep colour; lightness alone carries it, so it survives grey printing.
_TIME_COLOURS = np.array(
    [[0.96, 0.80, 0.49], [0.95, 0.60, 0.38], [0.86, 0.38, 0.40], [0.62, 0.24, 0.46], [0.36, 0.17, 0.44]]
)


def render_frame(
    motions: Motion | Sequence[Motion],
    index: int,
    *,
    captions: str | Sequence[str] | None = None,
    size: tuple[int, int] = (1280, 720),
    body: str | None = None,
    trail: bool = True,
    transparent: bool = False,
    whole_path: bool = False,
    onion: bool = False,
) -> np.ndarray:
    """The frame ``index`` (negative counts from the end) of the video of motions, as a picture (H, W, 3) uint8 RGB.

    Options as in :func:`motiongpt.render.render_video`; transparent pictures are (H, W, 4) uint8 RGBA.

    Raises:
        MotionGPTError: there is no such frame, or as :func:`motiongpt.render.render_video` says.
    """
    film = make_film(
        motions,
        captions=captions,
        size=size,
        fps=None,
        body=body,
        trail=trail,
        transparent=transparent,
        whole_path=whole_path,
        onion=onion,
    )
    if not -film.num_frames <= index < film.num_frames:
        raise MotionGPTError(f"There is no frame {index}: there are {film.num_frames} frames.")
    return straight(film.draw(index % film.num_frames))


def render_sequence(
    motion: Motion,
    poses: int = 6,
    *,
    caption: str | None = None,
    size: tuple[int, int] = (1280, 720),
    body: str | None = None,
    transparent: bool = False,
) -> np.ndarray:
    """Several poses in one scene, coloured by time from pale to deep, as (H, W, 3) uint8 RGB.

    Poses are taken evenly along the path: where the body travels they stand apart, where it stays they are even in
    time. A motion that stays in place would pile them up, so its poses are moved sideways into a row, first at the
    left; heights and shapes are unchanged.

    Args:
        motion: joints (T, J, 3) in metres, Y up.
        poses: how many, at most one a frame.
        caption: text under the picture; by default the motion's own ``text``.
        size: (width, height) in pixels.
        body: what the figures are drawn as, as in :func:`motiongpt.render.render_video`.
        transparent: leave floor and sky out; the picture is (H, W, 4) uint8 RGBA.

    Raises:
        MotionGPTError: an impossible number of poses or size, or a body that cannot be drawn.
    """
    frames = along_path(motion, checked_poses(poses))
    count = len(frames)
    size = checked_size(size)
    picked, azimuth, spread = laid_out(motion, frames)
    note, bottom, edge = _note(motion, caption, size)
    view = make_view(size, azimuth, float(_SEQUENCE_ELEVATION), edge, bottom)
    camera = place_camera(picked, view, (edge, bottom), follow=False)
    position = camera.positions[0]
    ground = Ground(camera, transparent=transparent)
    picture = ground.draw(position)
    if not spread:
        ground.draw_trail(picture, position, motion.joints[:, Limbs.of(motion).root])
    figure = _figure_at(motion, frames, picked, body)
    colours = [time_colour(n / max(count - 1, 1)) for n in range(count)]
    figures = [(figure, n) for n in range(count)]
    ground.draw_shadow(picture, position, figures)
    draw_figures(picture, view, position, figures, colours)
    _write_note(picture, note, edge)
    return straight(picture)


def render_onion(
    motion: Motion,
    poses: int = 6,
    *,
    caption: str | None = None,
    size: tuple[int, int] = (1280, 720),
    body: str | None = None,
    transparent: bool = False,
) -> np.ndarray:
    """The last pose with the ones before it shining through, each where it was, as (H, W, 3) uint8 RGB.

    Poses are evenly spaced in time. Unlike in :func:`render_sequence`, they keep their place also where they overlap.

    Args:
        motion: joints (T, J, 3) in metres, Y up.
        poses: how many, at most one a frame.
        caption, size, body, transparent: as in :func:`render_sequence`.

    Raises:
        MotionGPTError: an impossible number of poses or size, or a body that cannot be drawn.
    """
    frames = _evenly(motion, checked_poses(poses))
    size = checked_size(size)
    picked = replace(motion, joints=motion.joints[frames])
    _, azimuth, _ = laid_out(motion, frames)
    note, bottom, edge = _note(motion, caption, size)
    view = make_view(size, azimuth, float(_SEQUENCE_ELEVATION), edge, bottom)
    camera = place_camera(picked, view, (edge, bottom), follow=False)
    position = camera.positions[0]
    ground = Ground(camera, transparent=transparent)
    picture = ground.draw(position)
    ground.draw_trail(picture, position, motion.joints[:, Limbs.of(motion).root])
    figure = _figure_at(motion, frames, picked, body)
    last = len(frames) - 1
    ground.draw_shadow(picture, position, [(figure, last)])
    for n in range(last):
        draw_ghost(picture, view, position, (figure, n), GHOST * (n + 1) / last)
    draw_figures(picture, view, position, [(figure, last)])
    _write_note(picture, note, edge)
    return straight(picture)


def _evenly(motion: Motion, count: int) -> np.ndarray:
    """Frames evenly in time, from the first to the last."""
    return np.unique(np.rint(np.linspace(0, len(motion) - 1, min(count, len(motion)))).astype(int))


def render_strip(
    motion: Motion,
    poses: int = 8,
    *,
    caption: str | None = None,
    size: tuple[int, int] | None = None,
    body: str | None = None,
    transparent: bool = False,
) -> np.ndarray:
    """Poses side by side, evenly in time from the first frame to the last, as (H, W, 3) uint8 RGB.

    Every pose stands on its own piece of ground, all at one scale and seen from one direction, with its time under it.

    Args:
        motion: joints (T, J, 3) in metres, Y up.
        poses: how many, at most one a frame.
        caption: text under the strip; by default the motion's own ``text``.
        size: (width, height) in pixels; by default 200 pixels a pose and 400 high.
        body, transparent: as in :func:`render_sequence`.

    Raises:
        MotionGPTError: an impossible number of poses or size, or a body that cannot be drawn.
    """
    count = min(checked_poses(poses), len(motion))
    size = checked_size((max(200 * count, 400), 400) if size is None else size)
    frames = _evenly(motion, count)
    note, bottom, edge = _note(motion, caption, size)
    times = [text_mask(f"{n / motion.fps:.2f} s", max(round(size[1] * 0.036), 9), size[0], lines=1) for n in frames]
    bottom += times[0].shape[0] + edge // 2
    azimuth = choose_azimuth(motion)
    limbs = Limbs.of(motion)
    joints = motion.joints[frames].copy()
    joints[..., [0, 2]] -= joints[:, limbs.root, None][..., [0, 2]]
    standing = replace(motion, joints=joints)
    # Hands may reach into the neighbour's piece: framing for it would make every figure small.
    piece = size[0] / count
    view = make_view((round(piece * 1.15), size[1]), azimuth, float(_STRIP_ELEVATION), edge, bottom)
    camera = place_camera(standing, view, (edge, bottom), follow=False)
    position = camera.positions[0]
    figure = _figure_at(motion, frames, standing, body)
    middles = [(n + 0.5) * piece for n in range(count)]
    views = [replace(view, width=size[0], centre=(middle - 0.5, view.centre[1])) for middle in middles]
    radius = _STRIP_RADIUS * body_scale(motion, limbs)
    grounds = [Ground(replace(camera, view=single), radius, transparent) for single in views]
    picture = np.minimum.reduce([ground.draw(position) for ground in grounds])
    for n, ground in enumerate(grounds):
        ground.draw_shadow(picture, position, [(figure, n)])
    for n, (single, time) in enumerate(zip(views, times, strict=True)):
        draw_figures(picture, single, position, [(figure, n)])
        paste(picture, time, FAINT, size[1] - bottom + edge // 2, round(middles[n] - time.shape[1] / 2))
    _write_note(picture, note, edge)
    return straight(picture)


def save_image(picture: np.ndarray, path: str | Path) -> Path:
    """Write a picture (H, W, 3) RGB or (H, W, 4) RGBA uint8 as PNG; the file appears only when complete.

    Raises:
        MotionGPTError: another suffix than .png, something that is no picture, or a folder that cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() != ".png":
        raise MotionGPTError(f"Cannot write a picture to {path}: the file name must end in .png.")
    picture = np.asarray(picture)
    if picture.ndim != 3 or picture.shape[2] not in (3, 4) or picture.dtype != np.uint8 or 0 in picture.shape:
        raise MotionGPTError(
            f"Cannot write {path}: a picture is (height, width, 3 or 4) of uint8, "
            f"not {picture.shape} of {picture.dtype}."
        )
    with atomic_path(path) as temporary:
        Image.fromarray(picture).save(temporary, format="PNG")
    return path


def checked_poses(poses: int) -> int:
    if not 1 <= poses <= _MOST_POSES:
        raise MotionGPTError(f"The number of poses must be between 1 and {_MOST_POSES}, not {poses}.")
    return int(poses)


def along_path(motion: Motion, count: int) -> np.ndarray:
    """Frames evenly spaced in distance travelled over the floor, with a little of time in it for when nothing moves."""
    root = motion.joints[:, Limbs.of(motion).root][:, [0, 2]]
    steps = np.linalg.norm(np.diff(root, axis=0), axis=1) + 0.05 / motion.fps
    progress = np.concatenate([[0], np.cumsum(steps)])
    frames = np.interp(np.linspace(0, progress[-1], count), progress, np.arange(len(motion)))
    return np.unique(np.rint(frames).astype(int))


def laid_out(motion: Motion, frames: np.ndarray) -> tuple[Motion, float, bool]:
    """The chosen poses where they shall stand, the camera's azimuth for them, and whether they were spread."""
    limbs = Limbs.of(motion)
    picked = replace(motion, joints=motion.joints[frames])
    root = picked.joints[:, limbs.root][:, [0, 2]].astype(np.float64)
    spacing = _POSE_SPACING * body_scale(motion, limbs)
    azimuth = choose_azimuth(motion)
    gaps = np.linalg.norm(root[:, None] - root, axis=-1) + 1e9 * np.eye(len(root))
    if len(frames) > 1 and np.median(gaps.min(1)) < 0.5 * spacing:
        right = np.array([np.cos(azimuth), -np.sin(azimuth)])
        places = (np.arange(len(frames)) - (len(frames) - 1) / 2)[:, None] * spacing * right
        joints = picked.joints.copy()
        joints[..., [0, 2]] += (places - root)[:, None].astype(np.float32)
        return replace(picked, joints=joints), azimuth, True
    if len(frames) > 1:
        # Look across the longest extent of the path, a little from the front of the first pose.
        _, _, axes = np.linalg.svd(root - root.mean(0))
        normal = np.array([-axes[0, 1], axes[0, 0]])
        facing = forward(picked.joints[:1], limbs)[0][[0, 2]]
        if normal @ facing < 0 or (abs(normal @ facing) < 0.3 and normal @ [np.sin(azimuth), np.cos(azimuth)] < 0):
            normal = -normal
        towards = normal + 0.45 * facing
        azimuth = float(np.arctan2(towards[0], towards[1]))
    return picked, azimuth, False


def _figure_at(motion: Motion, frames: np.ndarray, placed: Motion, body: str | None) -> Figure:
    """The figure of some frames of a motion, moved to where they are placed."""
    root = Limbs.of(motion).root
    return make_figure(motion, body, frames, placed.joints[:, root] - motion.joints[frames, root])


def _note(motion: Motion, caption: str | None, size: tuple[int, int]) -> tuple[np.ndarray | None, int, int]:
    """Mask of the caption, pixels it takes at the bottom, and the edge kept free on every side."""
    unit = min(size)
    edge = round(unit * 0.04)
    text = motion.text if caption is None else caption
    if not text.strip():
        return None, edge, edge
    mask = text_mask(text, max(round(unit * 0.040), 10), round(size[0] * 0.86))
    return mask, edge + mask.shape[0] + edge // 2, edge


def _write_note(picture: np.ndarray, mask: np.ndarray | None, edge: int) -> None:
    if mask is not None:
        height, width = mask.shape
        paste(picture, mask, INK, picture.shape[0] - edge - height, (picture.shape[1] - width) // 2)


def time_colour(time: float) -> Colour:
    """Colour of a time from 0 (pale) to 1 (deep)."""
    stops = np.linspace(0, 1, len(_TIME_COLOURS))
    red, green, blue = (float(np.interp(time, stops, _TIME_COLOURS[:, i])) for i in range(3))
    return red, green, blue
