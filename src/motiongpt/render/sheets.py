"""Contact sheets of many short motions, and a chart of how often each of them is met."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from PIL import Image, ImageDraw

from motiongpt.motion import Motion
from motiongpt.render.camera import Camera, make_view
from motiongpt.render.figures import make_figure
from motiongpt.render.film import draw_figures, paste
from motiongpt.render.ground import SKY, Ground
from motiongpt.render.kernels import announce
from motiongpt.render.limbs import Limbs
from motiongpt.render.stills import time_colour
from motiongpt.render.text import FAINT, INK, text_mask

TILE = (120, 140)  # pixels
_ELEVATION = np.radians(12)
_AZIMUTH = np.radians(38)  # a figure that faces +Z is seen from the front and its left
_TALLEST = 2.1  # metres that fit into the height of a tile
_RADIUS = 1.3  # metres of ground under a figure
_BAR = np.array([0.16, 0.47, 0.78])


def render_sheet(
    motions: Iterable[Motion],
    labels: Sequence[str],
    *,
    columns: int = 16,
    body: str | None = None,
) -> np.ndarray:
    """First and last pose of short motions over each other, pale and deep, a tile a motion, as (H, W, 3) uint8 RGB.

    All tiles are seen by one camera, at one scale, and centred on the first pose.

    Args:
        motions: joints (T, J, 3) in metres, Y up, facing +Z at frame 0.
        labels: a word under each.
        columns: tiles a row.
        body: what the figures are drawn as, as in :func:`motiongpt.render.render_video`.

    Raises:
        MotionGPTError: a body that cannot be drawn.
    """
    rows = -(-len(labels) // columns)
    width, height = TILE
    sheet = np.empty((rows * height, columns * width, 3), dtype=np.uint8)
    sheet[:] = (SKY * 255).astype(np.uint8)
    announce(2 * len(labels))
    ground, position = _stage()
    for number, (motion, label) in enumerate(zip(motions, labels, strict=True)):
        root = motion.joints[0, Limbs.of(motion).root] * [1, 0, 1]
        frames = np.array([0, len(motion) - 1])
        figure = make_figure(motion, body, frames, np.tile(-root, (2, 1)).astype(np.float32))
        picture = ground.draw(position)
        ground.draw_shadow(picture, position, [(figure, 1)])
        # One after the other: poses that hardly differ would shine through each other.
        for pose, time in enumerate((0.1, 0.75)):
            draw_figures(picture, ground.view, position, [(figure, pose)], [time_colour(time)])
        mask = text_mask(label, 11, width, lines=1)
        paste(picture, mask, INK, height - 4 - mask.shape[0], (width - mask.shape[1]) // 2)
        top, left = number // columns * height, number % columns * width
        sheet[top : top + height, left : left + width] = picture
    return sheet


def _stage() -> tuple[Ground, np.ndarray]:
    """Floor and place of the camera that has a person in its tile, whatever the pose."""
    edge = 16
    view = make_view(TILE, float(_AZIMUTH), float(_ELEVATION), 4, edge)
    distance = view.focal * _TALLEST / (TILE[1] - edge - 4)
    position = np.array([0, 0.46 * _TALLEST, 0], dtype=np.float32) - view.rotation[2] * distance
    return Ground(Camera(view, position[None], distance), _RADIUS), position


def render_usage(counts: np.ndarray, *, size: tuple[int, int] = (1280, 480)) -> np.ndarray:
    """Chart of how often each of K codes is met, the most frequent first, as (H, W, 3) uint8 RGB.

    The perplexity in its title is the number of equally frequent codes that would be as hard to guess.
    """
    width, height = size
    total = int(counts.sum())
    ordered = np.sort(counts)[::-1] / max(total, 1)
    used = int((counts > 0).sum())
    left, top, right, bottom = 70, 56, width - 24, height - 44
    canvas = Image.new("RGB", size, tuple(int(v) for v in SKY * 255))
    draw = ImageDraw.Draw(canvas)
    peak = max(float(ordered[0]), 1e-9)
    step = _round_step(peak / 4)
    picture_labels: list[tuple[str, int, int]] = []
    for n in range(int(peak / step) + 1):
        y = round(bottom - (bottom - top) * n * step / peak)
        draw.line((left, y, right, y), fill=(222, 224, 228))
        picture_labels.append((f"{100 * n * step:.3g} %", left - 8, y))
    edges = np.rint(np.linspace(left, right, len(ordered) + 1)).astype(int).tolist()
    blue = tuple(int(v) for v in _BAR * 255)
    for share, start, end in zip(ordered, edges, edges[1:], strict=False):
        if share > 0:
            y = round(bottom - (bottom - top) * float(share) / peak)
            draw.rectangle((start, y, max(end - 1, start), bottom), fill=blue)
    draw.line((left, bottom, right, bottom), fill=(110, 115, 125))
    picture = np.array(canvas)
    for text, x, y in picture_labels:
        mask = text_mask(text, 13, width, lines=1)
        paste(picture, mask, FAINT, y - mask.shape[0] // 2, x - mask.shape[1])
    shares = ordered[ordered > 0]
    perplexity = float(np.exp(-(shares * np.log(shares)).sum()))
    title = f"{used} of {len(counts)} codes used, {total} in all, perplexity {perplexity:.0f}"
    paste(picture, text_mask(title, 18, width, lines=1), INK, 18, left)
    mask = text_mask("codes, the most frequent first", 13, width, lines=1)
    paste(picture, mask, FAINT, bottom + 14, (left + right - mask.shape[1]) // 2)
    return picture


def _round_step(rough: float) -> float:
    """The next 1, 2 or 5 times a power of ten."""
    power = 10.0 ** np.floor(np.log10(rough))
    return float(next(power * k for k in (1, 2, 5, 10) if power * k >= rough * (1 - 1e-9)))
