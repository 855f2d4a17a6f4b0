"""The floor: a checker that fades into the distance, soft shadows and the trail of the root."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from motiongpt.render.camera import Camera, View
from motiongpt.render.figures import Figure
from motiongpt.render.kernels import kernels
from motiongpt.render.rasteriser import view_light

SKY = np.array([0.955, 0.960, 0.968])
FLOOR = np.array([0.880, 0.890, 0.905])
TRAIL = np.array([0.20, 0.62, 0.47])
BLACK = np.zeros(3)
_TILE = 0.5  # metres
_CONTRAST = 0.030
_SHADOW_STEP = 4  # pixels a cell of the shadow map
_TRAIL_SHARPNESS = 2  # the trail is drawn this much larger, then shrunk, for smooth edges


class Ground:
    """The floor as seen by one camera of fixed direction and height; only its place over the floor changes.

    Everything that does not depend on that place (distance of each pixel, fade, sharpness of the tiles) is worked out
    once, so that a frame costs one pass over the picture.

    Args:
        camera: whose floor it is.
        radius: metres around the figure at which the floor has faded out; far behind it when None.
        transparent: leave the floor itself out; shadows and trails lie on nothing.
    """

    def __init__(self, camera: Camera, radius: float | None = None, transparent: bool = False) -> None:
        view = camera.view
        self.view = view
        self.transparent = transparent
        height = float(camera.positions[0, 1])
        x = (np.arange(view.width, dtype=np.float32) - view.centre[0]) / view.focal
        y = -(np.arange(view.height, dtype=np.float32) - view.centre[1]) / view.focal
        right, up, ahead = view.rotation
        down = up[1] * y + ahead[1]  # the camera does not roll, so a row of pixels meets the floor at one depth
        depth = np.where(down < -1e-4, height / np.maximum(-down, 1e-4), 1e4).astype(np.float32)
        # Floor coordinates (east, north) of each pixel relative to the point under the camera.
        self._sideways = depth[:, None] * x
        self._right = np.array([right[0], right[2]], dtype=np.float32)
        self._row = (up[None, [0, 2]] * y[:, None] + ahead[None, [0, 2]]) * depth[:, None]
        if transparent:
            return
        target = ahead * camera.distance  # the figure, relative to the camera
        radius = 1.55 * camera.distance if radius is None else radius
        away = np.hypot(
            self._sideways * self._right[0] + self._row[:, None, 0] - target[0],
            self._sideways * self._right[1] + self._row[:, None, 1] - target[2],
        )
        fade = np.clip(1 - (away / radius) ** 2, 0, 1) ** 1.5
        fade = np.where(down[:, None] < -1e-4, fade, 0).astype(np.float32)
        self._plain = ((SKY + (FLOOR - SKY) * fade[..., None]) * 255).astype(np.uint8)
        self._first = int(np.argmax(fade.max(axis=1) > 0.01))
        self._strength = fade[self._first :] * np.float32(_CONTRAST * 255)
        axes = [self._tile_axis(axis, self._first) for axis in range(2)]
        self._phases, self._sharpness = (np.stack([axis[part] for axis in axes]) for part in range(2))
        self._still: tuple[tuple[float, float], np.ndarray] | None = None

    def _tile_axis(self, axis: int, first: int) -> tuple[np.ndarray, np.ndarray]:
        """Place of each pixel along one floor axis in pairs of tiles, and how many pixels wide a tile looks there."""
        place = self._sideways[first:] * self._right[axis] + self._row[first:, None, axis]
        phase = place / (2 * _TILE)
        step = np.hypot(np.gradient(phase, axis=0), np.gradient(phase, axis=1))
        return phase.astype(np.float32), (1 / np.maximum(2 * step, 1e-4)).astype(np.float32)

    def draw(self, position: np.ndarray) -> np.ndarray:
        """Picture (H, W, 3) uint8 of the empty floor from a camera at ``position``; (H, W, 4) of zeros without it."""
        if self.transparent:
            return np.zeros((self.view.height, self.view.width, 4), dtype=np.uint8)
        place = (float(position[0]), float(position[2]))
        if self._still is None or self._still[0] != place:
            picture = self._plain.copy()
            east, north = (np.float32(p / (2 * _TILE) % 1) for p in place)
            kernels().checker(picture[self._first :], self._phases, self._sharpness, self._strength, east, north)
            self._still = (place, picture)
        return self._still[1].copy()

    def draw_shadow(self, picture: np.ndarray, position: np.ndarray, figures: Sequence[tuple[Figure, int]]) -> None:
        """Darken the floor where figures, each at one of its frames, keep the light away.

        Sharp at contact, soft from high up.
        """
        light = view_light(self.view)
        slide = -light[[0, 2]] / light[1] * 0.40  # a higher sun than the one that lights the body: shadows stay close
        for figure, index in figures:
            starts, ends, radii = figure.casters(index)
            low, high = starts[:, 1], ends[:, 1]
            a = starts[:, [0, 2]] + low[:, None] * slide
            b = ends[:, [0, 2]] + high[:, None] * slide
            self._cast(picture, position, a, b, radii, np.minimum(low, high) - radii)

    def _cast(
        self,
        picture: np.ndarray,
        position: np.ndarray,
        a: np.ndarray,
        b: np.ndarray,
        radii: np.ndarray,
        gap: np.ndarray,
    ) -> None:
        soft = 0.035 + 0.36 * np.maximum(gap, 0)
        reach = radii + soft
        points = np.concatenate([a - reach[:, None], a + reach[:, None], b - reach[:, None], b + reach[:, None]])
        west, south = points.min(0)
        east, north = points.max(0)
        corners = np.array([[x, 0, z] for x in (west, east) for z in (south, north)], dtype=np.float32)
        if self.view.to_camera(corners, position)[:, 2].min() < 0.2:
            return
        box = _box(self.view.project(corners, position), self.view, 2)
        if box is None:
            return
        x0, x1, y0, y1 = box
        rows, columns = np.arange(y0, y1, _SHADOW_STEP), np.arange(x0, x1, _SHADOW_STEP)
        sideways = self._sideways[np.ix_(rows, columns)]
        places = (sideways * self._right[i] + self._row[rows, None, i] + position[2 * i] for i in range(2))
        dark = Image.fromarray(_cast_shadows(a, b - a, radii, soft, *places))
        wide = (len(columns) * _SHADOW_STEP, len(rows) * _SHADOW_STEP)
        shade = np.asarray(dark.resize(wide, Image.Resampling.BILINEAR))[: y1 - y0, : x1 - x0]
        lay_over(picture[y0:y1, x0:x1], shade, BLACK)

    def draw_trail(self, picture: np.ndarray, position: np.ndarray, path: np.ndarray, width: float = 0.035) -> None:
        """Draw the path (n, 3) of the root on the floor as a ribbon, fainter where it is older."""
        path = _thin(path[:, [0, 2]], 0.10)
        if len(path) < 2:
            return
        step = np.gradient(path, axis=0)
        step /= np.maximum(np.linalg.norm(step, axis=1, keepdims=True), 1e-9)
        side = np.stack([-step[:, 1], step[:, 0]], axis=1) * (width / 2)
        edges = np.zeros((2, len(path), 3), dtype=np.float32)
        edges[0][:, [0, 2]], edges[1][:, [0, 2]] = path + side, path - side
        visible = self.view.to_camera(edges, position)[..., 2].min(0) > 0.2
        pixels = self.view.project(edges, position)
        if not visible.any():
            return
        box = _box(pixels[:, visible].reshape(-1, 2), self.view, 2)
        if box is None:
            return
        x0, x1, y0, y1 = box
        k = _TRAIL_SHARPNESS
        mask = Image.new("L", ((x1 - x0) * k, (y1 - y0) * k))
        draw = ImageDraw.Draw(mask)
        corners = (pixels - (x0, y0) + 0.5) * k
        age = np.arange(len(path))[::-1] / max(len(path) - 1, 1)
        for n in np.flatnonzero(visible[:-1] & visible[1:]).tolist():
            quad = [*corners[0, n], *corners[0, n + 1], *corners[1, n + 1], *corners[1, n]]
            draw.polygon([float(v) for v in quad], fill=int(255 * (0.85 - 0.55 * age[n])))
        lay_over(picture[y0:y1, x0:x1], np.asarray(mask.reduce(k)), TRAIL)


def lay_over(picture: np.ndarray, mask: np.ndarray, colour: np.ndarray) -> None:
    """Lay one RGB colour (0..1) over a picture (h, w, 3 or 4) uint8 in place, as far as ``mask`` (h, w) 0..255 says."""
    # A copy, as masks of Pillow's are read-only, and numba compiles once more for each kind of array.
    kernels().lay_over(picture, np.array(mask, order="C"), (np.append(colour, 1) * 255).astype(np.uint8))


def _cast_shadows(
    starts: np.ndarray,
    slopes: np.ndarray,
    radii: np.ndarray,
    softness: np.ndarray,
    east: np.ndarray,
    north: np.ndarray,
) -> np.ndarray:
    """How dark, 0..255, capsules over the floor make each of its points (h, w).

    Args:
        starts: (N, 2) one end of each capsule's shadow on the floor.
        slopes: (N, 2) from there to its other end.
        radii, softness: (N,) metres.
        east, north: (h, w) coordinates of the floor's points.
    """
    # A small thing high up blocks little of a large lamp.
    strength = 0.72 * radii / (radii + 0.55 * softness)
    bx, bz = slopes.T[:, :, None, None]
    reach = (radii + softness)[:, None, None]
    dx, dz = (place - start[:, None, None] for place, start in zip((east, north), starts.T, strict=True))
    along = np.clip((dx * bx + dz * bz) / (bx * bx + bz * bz + 1e-6), 0, 1)
    dx -= along * bx
    dz -= along * bz
    inside = np.clip((reach - np.sqrt(dx * dx + dz * dz)) / (2 * softness[:, None, None]), 0, 1)
    clear = np.prod(1 - strength[:, None, None] * inside * inside * (3 - 2 * inside), axis=0)
    return ((1 - clear) * (0.66 * 255)).astype(np.uint8)


def _thin(path: np.ndarray, spacing: float) -> np.ndarray:
    """Points every ``spacing`` along a path (n, 2), its ends included; standing still leaves no knots."""
    steps = np.linalg.norm(np.diff(path, axis=0), axis=1)
    travelled = np.concatenate([[0], np.cumsum(steps)])
    if travelled[-1] < 4 * spacing:
        return path[:1]
    keep = np.append(np.arange(0, travelled[-1] - spacing / 4, spacing), travelled[-1])
    return np.stack([np.interp(keep, travelled, path[:, i]) for i in range(2)], axis=1)


def _box(pixels: np.ndarray, view: View, grow: int) -> tuple[int, int, int, int] | None:
    x0, y0 = np.floor(pixels.min(0)).astype(int) - grow
    x1, y1 = np.ceil(pixels.max(0)).astype(int) + grow + 1
    x0, y0, x1, y1 = max(x0, 0), max(y0, 0), min(x1, view.width), min(y1, view.height)
    return (x0, x1, y0, y1) if x0 < x1 and y0 < y1 else None
