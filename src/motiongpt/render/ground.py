"""The floor: a checker that fades into the distance, soft shadows and the trail of the root."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from motiongpt.render.body import Body
from motiongpt.render.camera import Camera, View
from motiongpt.render.rasteriser import view_light

SKY = np.array([0.955, 0.960, 0.968])
FLOOR = np.array([0.880, 0.890, 0.905])
TRAIL = np.array([0.20, 0.62, 0.47])
_TILE = 0.5  # metres
_CONTRAST = 0.030
_SHADOW_STEP = 4  # pixels a cell of the shadow map
_TRAIL_SHARPNESS = 2  # the trail is drawn this much larger, then shrunk, for smooth edges


class Ground:
    """The floor as seen by one camera of fixed direction and height; only its place over the floor changes.

    The floor fades out at ``radius`` metres around the figure (by default far behind it).

    Everything that does not depend on that place (distance of each pixel, fade, sharpness of the tiles) is worked out
    once, so that a frame costs a few passes over the picture.
    """

    def __init__(self, camera: Camera, radius: float | None = None) -> None:
        view = camera.view
        self.view = view
        height = float(camera.positions[0, 1])
        x = (np.arange(view.width, dtype=np.float32) - view.centre[0]) / view.focal
        y = -(np.arange(view.height, dtype=np.float32) - view.centre[1]) / view.focal
        right, up, ahead = view.rotation
        down = up[1] * y + ahead[1]  # the camera does not roll, so a row of pixels meets the floor at one depth
        depth = np.where(down < -1e-4, height / np.maximum(-down, 1e-4), 1e4).astype(np.float32)
        # Floor coordinates (east, north) of each pixel relative to the point under the camera.
        self._sideways = depth[:, None] * x
        self._depth = depth
        self._right = np.array([right[0], right[2]], dtype=np.float32)
        self._row = (up[None, [0, 2]] * y[:, None] + ahead[None, [0, 2]]) * depth[:, None]
        target = ahead * camera.distance  # the figure, relative to the camera
        radius = 1.55 * camera.distance if radius is None else radius
        away = np.hypot(
            self._sideways * self._right[0] + self._row[:, None, 0] - target[0],
            self._sideways * self._right[1] + self._row[:, None, 1] - target[2],
        )
        fade = np.clip(1 - (away / radius) ** 2, 0, 1) ** 1.5
        fade = np.where(down[:, None] < -1e-4, fade, 0).astype(np.float32)
        self._plain = [((s + (f - s) * fade) * 255).astype(np.uint8) for s, f in zip(SKY, FLOOR, strict=True)]
        first = int(np.argmax(fade.max(axis=1) > 0.01))
        self._first = first
        self._strength = fade[first:] * np.float32(_CONTRAST * 255)
        self._tile_grid = [self._tile_axis(axis, first) for axis in range(2)]
        self._still: tuple[tuple[float, float], np.ndarray] | None = None

    def _tile_axis(self, axis: int, first: int) -> tuple[np.ndarray, np.ndarray]:
        """Phase of each pixel in tiles along one floor axis, and how many pixels wide a tile looks there."""
        place = self._sideways[first:] * self._right[axis] + self._row[first:, None, axis]
        phase = place / (2 * _TILE)
        step = np.hypot(np.gradient(phase, axis=0), np.gradient(phase, axis=1))
        # 16-bit angles wrap around by themselves; the triangle wave below has its corners at 0 and half a turn.
        turn = (phase % 1 * 65536).astype(np.uint32).astype(np.uint16)
        return turn, (1 / np.maximum(step * 16384, 1)).astype(np.float32)

    def draw(self, position: np.ndarray) -> np.ndarray:
        """Picture (H, W, 3) uint8 of the empty floor from a camera at ``position``."""
        key = (float(position[0]), float(position[2]))
        if self._still is None or self._still[0] != key:
            self._still = (key, self._checker(key))
        return self._still[1].copy()

    def _checker(self, place: tuple[float, float]) -> np.ndarray:
        waves = []
        for (turn, sharp), here in zip(self._tile_grid, place, strict=True):
            moved = turn + np.uint16(int(here / (2 * _TILE) % 1 * 65536) % 65536)
            wave = np.abs(moved.view(np.int16)).astype(np.float32)
            wave -= 16384
            wave *= sharp
            np.clip(wave, -1, 1, out=wave)
            waves.append(wave)
        wave = waves[0]
        wave *= waves[1]
        wave *= self._strength
        # Adding to bytes modulo 256 is exact here, as no sum leaves 0..255, and much faster than in floats.
        change = wave.astype(np.int8).view(np.uint8)
        planes = []
        for plain in self._plain:
            plane = plain.copy()
            plane[self._first :] += change
            planes.append(Image.fromarray(plane))
        return np.asarray(Image.merge("RGB", planes))

    def draw_shadow(self, frame: np.ndarray, position: np.ndarray, bodies: list[tuple[Body, int]]) -> None:
        """Darken the floor of ``frame`` where bodies keep the light away: sharp at contact, soft from high up."""
        light = view_light(self.view)
        slide = -light[[0, 2]] / light[1] * 0.40  # a higher sun than the one that lights the body: shadows stay close
        for body, index in bodies:
            starts, ends, radii = _casters(body, index)
            low, high = starts[:, 1], ends[:, 1]
            a = starts[:, [0, 2]] + low[:, None] * slide
            b = ends[:, [0, 2]] + high[:, None] * slide
            self._cast(frame, position, a, b, radii, np.minimum(low, high) - radii)

    def _cast(
        self, frame: np.ndarray, position: np.ndarray, a: np.ndarray, b: np.ndarray, radii: np.ndarray, gap: np.ndarray
    ) -> None:
        gap = np.maximum(gap, 0)
        soft = 0.035 + 0.36 * gap
        reach = radii + soft
        points = np.concatenate([a - reach[:, None], a + reach[:, None], b - reach[:, None], b + reach[:, None]])
        west, south = points.min(0)
        east, north = points.max(0)
        corners = np.array([[x, 0, z] for x in (west, east) for z in (south, north)], dtype=np.float32)
        if self.view.to_camera(corners, position)[:, 2].min() < 0.2:
            return
        pixels = self.view.project(corners, position)
        box = _box(pixels, self.view, 2)
        if box is None:
            return
        x0, x1, y0, y1 = box
        rows, columns = np.arange(y0, y1, _SHADOW_STEP), np.arange(x0, x1, _SHADOW_STEP)
        px = self._sideways[np.ix_(rows, columns)]
        place_x = px * self._right[0] + self._row[rows, None, 0] + position[0]
        place_z = px * self._right[1] + self._row[rows, None, 1] + position[2]
        clear = np.ones(place_x.shape, dtype=np.float32)
        # Plain floats keep the arrays in single precision.
        casters = zip(a.tolist(), (b - a).tolist(), radii.tolist(), soft.tolist(), strict=True)
        for (ax, az), (bx, bz), radius, blur in casters:
            dx, dz = place_x - ax, place_z - az
            along = dx * bx
            along += dz * bz
            along *= 1 / (bx * bx + bz * bz + 1e-6)
            np.clip(along, 0, 1, out=along)
            dx -= along * bx
            dz -= along * bz
            dx *= dx
            dz *= dz
            dx += dz
            inside = np.sqrt(dx, out=dx)
            inside *= -1 / (2 * blur)
            inside += (radius + blur) / (2 * blur)
            np.clip(inside, 0, 1, out=inside)
            inside *= inside * (3 - 2 * inside)
            # A small thing high up blocks little of a large lamp.
            inside *= -0.72 * radius / (radius + 0.55 * blur)
            inside += 1
            clear *= inside
        dark = Image.fromarray(np.clip((1 - clear) * 0.66 * 255, 0, 255).astype(np.uint8))
        wide = (len(columns) * _SHADOW_STEP, len(rows) * _SHADOW_STEP)
        shade = np.asarray(dark.resize(wide, Image.Resampling.BILINEAR))[: y1 - y0, : x1 - x0]
        remaining = 256 - shade.astype(np.uint16)
        for channel in range(3):
            part = frame[y0:y1, x0:x1, channel]
            part[...] = (part * remaining) >> 8

    def draw_trail(self, frame: np.ndarray, position: np.ndarray, path: np.ndarray, width: float = 0.035) -> None:
        """Draw the path (n, 3) of the root on the floor as a ribbon, fainter where it is older."""
        path = _thin(path[:, [0, 2]], 0.06)
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
        blend(frame[y0:y1, x0:x1], np.asarray(mask.reduce(k)), TRAIL)


def blend(part: np.ndarray, mask: np.ndarray, colour: np.ndarray) -> None:
    """Lay one RGB colour (0..1) over ``part`` (h, w, 3) uint8 in place, as far as ``mask`` (h, w) 0..255 says."""
    rows, columns = np.nonzero(mask)
    weight = mask[rows, columns].astype(np.int32)[:, None]
    ink = (np.asarray(colour) * 255).astype(np.int32)
    part[rows, columns] = (part[rows, columns] * (255 - weight) + ink * weight + 127) // 255


def _casters(body: Body, index: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cones and ellipsoids alike as capsules: ends (N, 3) twice and radii (N,)."""
    axes = body.axes[index]
    lengths = np.maximum(np.linalg.norm(axes, axis=-1), 1e-6)
    order = np.argsort(lengths, axis=1)
    pick = np.arange(len(axes))
    radius = (lengths[pick, order[:, 0]] + lengths[pick, order[:, 1]]) / 2
    long = axes[pick, order[:, 2]]
    half = long * np.maximum(1 - radius / lengths[pick, order[:, 2]], 0)[:, None]
    starts = np.concatenate([body.starts[index], body.centres[index] - half])
    ends = np.concatenate([body.ends[index], body.centres[index] + half])
    return starts, ends, np.concatenate([body.radii.mean(1), radius])


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
