"""One or several motions filmed: everything a frame of a video shows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from motiongpt.errors import MotionGPTError
from motiongpt.motion import Motion
from motiongpt.render.camera import Camera, View, choose_azimuth, make_view, place_camera
from motiongpt.render.figures import Colour, Figure, colours_of, make_figure
from motiongpt.render.ground import Ground, lay_over
from motiongpt.render.limbs import Limbs, floor_height
from motiongpt.render.rasteriser import Mesh, draw_meshes
from motiongpt.render.text import FAINT, INK, text_mask

_ELEVATION = np.radians(13)
_TRAIL_SECONDS = 15  # older parts of the path are forgotten, so that long films stay fast and tidy
# Seconds between the poses of an onion skin, how many there are, and how opaque the latest of them is.
_GHOST_SECONDS, _GHOSTS, GHOST = 0.25, 4, 0.5
_SMALLEST, _LARGEST = 64, 8192


class Film:
    """Draws any frame of motions shown side by side, each in its own panel at the same scale.

    Args:
        motions: at least one, all at the same frame rate; a shorter one holds its last frame.
        captions: one text a motion ("" for none), written under it.
        size: (width, height) of the whole picture in pixels.
        body: what the figures are drawn as, see :func:`motiongpt.render.figures.make_figure`.
        trail: draw the path of the root on the floor.
        transparent: leave floor and sky out.
        whole_path: the camera stands still and sees all of the motion.
        onion: draw the poses of the last second faintly behind each figure.

    Raises:
        MotionGPTError: the panels would be too small to show anything, or the body cannot be drawn.
    """

    def __init__(
        self,
        motions: Sequence[Motion],
        captions: Sequence[str],
        size: tuple[int, int],
        *,
        body: str | None,
        trail: bool,
        transparent: bool,
        whole_path: bool = False,
        onion: bool = False,
    ) -> None:
        self.size = size
        self.transparent = transparent
        self.fps = motions[0].fps
        self.num_frames = max(len(m) for m in motions)
        columns = _columns(len(motions), size)
        rows = -(-len(motions) // columns)
        cell = size[0] // columns, size[1] // rows
        if min(cell) < _SMALLEST:
            raise MotionGPTError(
                f"{len(motions)} motions do not fit into {size[0]}x{size[1]} pixels: draw fewer, or a larger picture."
            )
        labels = [m.name for m in motions] if len(motions) > 1 else [""]
        self.panels = [
            Panel(motion, cell, caption, label, make_figure(motion, body), trail, transparent, whole_path, onion)
            for motion, caption, label in zip(motions, captions, labels, strict=True)
        ]
        # One distance for all: figures side by side are compared, so they share a scale.
        distance = max(panel.camera.distance for panel in self.panels)
        for panel in self.panels:
            panel.look_from(distance)
        self._corners = [((n // columns) * cell[1], (n % columns) * cell[0]) for n in range(len(motions))]
        self._digits = max(round(size[1] * 0.023), 10)

    def draw(self, index: int) -> np.ndarray:
        """Frame ``index`` as (H, W, 3) uint8 RGB, or (H, W, 4) RGBA, colours multiplied by opacity, if transparent."""
        if len(self.panels) == 1:
            picture = self.panels[0].draw(index)
        else:
            width, height = self.size
            picture = np.full((height, width, 4 if self.transparent else 3), 0 if self.transparent else 244, np.uint8)
            for panel, (top, left) in zip(self.panels, self._corners, strict=True):
                width, height = panel.size
                picture[top : top + height, left : left + width] = panel.draw(min(index, panel.num_frames - 1))
                if left and not self.transparent:
                    picture[top : top + height, left - 1 : left + 1] = 255
                if top and not self.transparent:
                    picture[top - 1 : top + 1, left : left + width] = 255
        if self.transparent:  # made to be laid over something else, where a clock would be in the way
            return picture
        clock = f"{index + 1}/{self.num_frames} · {index / self.fps:.2f} s"
        mask = text_mask(clock, self._digits, self.size[0], lines=1)
        margin = self._digits
        paste(picture, mask, FAINT, margin, self.size[0] - margin - mask.shape[1])
        return picture


class Panel:
    """One motion with its camera, floor, caption and label."""

    def __init__(
        self,
        motion: Motion,
        size: tuple[int, int],
        caption: str,
        label: str,
        figure: Figure,
        trail: bool,
        transparent: bool,
        whole_path: bool,
        onion: bool,
    ) -> None:
        self.size = size
        self.num_frames = len(motion)
        self._motion = motion
        self._figure = figure
        self._transparent = transparent
        width, height = size
        unit = min(height, width)
        self._caption = (
            text_mask(caption, max(round(unit * 0.036), 10), round(width * 0.86)) if caption.strip() else None
        )
        self._label = (
            text_mask(label, max(round(unit * 0.030), 9), round(width * 0.6), lines=1) if label.strip() else None
        )
        self._edge = round(unit * 0.04)
        top = self._edge + (self._label.shape[0] + self._edge // 2 if self._label is not None else 0)
        bottom = self._edge + (self._caption.shape[0] + self._edge // 2 if self._caption is not None else 0)
        self._free = (top, bottom)
        self._view = make_view(size, choose_azimuth(motion), float(_ELEVATION), *self._free)
        self._follow = not whole_path
        self.camera: Camera = place_camera(motion, self._view, self._free, follow=self._follow)
        root = motion.joints[:, Limbs.of(motion).root]
        self._path = root - np.array([0, floor_height(motion), 0], dtype=np.float32)
        self._ghosts = [round(k * _GHOST_SECONDS * motion.fps) for k in range(_GHOSTS, 0, -1)] if onion else []
        self._trail_frames = round(_TRAIL_SECONDS * motion.fps) if trail else 0

    def look_from(self, distance: float) -> None:
        """Fix the camera's distance in metres and prepare the floor for it."""
        self.camera = place_camera(self._motion, self._view, self._free, distance, self._follow)
        self._ground = Ground(self.camera, transparent=self._transparent)

    def draw(self, index: int) -> np.ndarray:
        position = self.camera.positions[index]
        picture = self._ground.draw(position)
        if self._trail_frames:
            begin = max(index + 1 - self._trail_frames, 0)
            self._ground.draw_trail(picture, position, self._path[begin : index + 1])
        figures = [(self._figure, index)]
        self._ground.draw_shadow(picture, position, figures)
        for number, ago in enumerate(self._ghosts, start=1):
            if ago and index >= ago:
                draw_ghost(picture, self._view, position, (self._figure, index - ago), GHOST * number / _GHOSTS)
        draw_figures(picture, self._view, position, figures)
        width, height = self.size
        if self._caption is not None:
            h, w = self._caption.shape
            paste(picture, self._caption, INK, height - self._edge - h, (width - w) // 2)
        if self._label is not None:
            paste(picture, self._label, FAINT, self._edge, self._edge)
        return picture


def draw_figures(
    picture: np.ndarray,
    view: View,
    position: np.ndarray,
    figures: Sequence[tuple[Figure, int]],
    colours: Sequence[Colour] | None = None,
) -> None:
    """Draw figures, each at one of its frames, in their own colours or each in shades of one that is given."""
    meshes: list[Mesh] = []
    for number, (figure, index) in enumerate(figures):
        tint = None if colours is None else colours[number]
        meshes.append((figure.vertices(index), figure.faces, colours_of(figure, tint)))
    draw_meshes(picture, view, position, meshes)


def draw_ghost(
    picture: np.ndarray, view: View, position: np.ndarray, figure: tuple[Figure, int], opacity: float
) -> None:
    """Draw a figure at one of its frames, so opaque (0 to 1) that what is behind it shines through."""
    drawn = picture.copy()
    draw_figures(drawn, view, position, [figure])
    changed = (drawn != picture).any(axis=-1)
    behind = picture[changed].astype(np.float32)
    picture[changed] = (behind + opacity * (drawn[changed] - behind) + 0.5).astype(np.uint8)


def paste(picture: np.ndarray, mask: np.ndarray, colour: np.ndarray, top: int, left: int) -> None:
    """Lay a colour over the picture through a mask placed at (top, left); what sticks out is cut."""
    top, left = max(top, 0), max(left, 0)
    part = picture[top : top + mask.shape[0], left : left + mask.shape[1]]
    lay_over(part, mask[: part.shape[0], : part.shape[1]], colour)


def checked_size(size: tuple[int, int]) -> tuple[int, int]:
    """Width and height as integers in a range that can be drawn.

    Raises:
        MotionGPTError: they are not.
    """
    try:
        width, height = (int(n) for n in size)
    except (TypeError, ValueError):
        raise MotionGPTError(
            f"A picture size is (width, height) in pixels, such as (1280, 720), not {size!r}."
        ) from None
    if not (_SMALLEST <= width <= _LARGEST and _SMALLEST <= height <= _LARGEST):
        raise MotionGPTError(f"A picture of {width}x{height} cannot be drawn: each side must have 64 to 8192 pixels.")
    return width, height


def _columns(count: int, size: tuple[int, int]) -> int:
    """Number of panel columns that makes the figures largest: panels about two thirds as wide as high."""
    width, height = size

    def figure_height(columns: int) -> float:
        rows = -(-count // columns)
        return min(height / rows, width / columns * 1.5)

    return max(range(1, count + 1), key=figure_height)
