"""Bodies to pixels: every volume is solved for its front surface per pixel, then the visible surface is lit once.

Volumes are drawn from back to front into a buffer of depth, normal and colour. A soft depth test melts volumes that
touch into one another, and the fraction of a pixel that a silhouette covers is known exactly, so edges are smooth
without drawing anything twice.
"""

from __future__ import annotations

import numpy as np

from motiongpt.render.body import Body
from motiongpt.render.camera import View

LIGHT = np.array([-0.45, 0.85, 0.55], dtype=np.float32) / np.float32(np.sqrt(0.45**2 + 0.85**2 + 0.55**2))
_MELT = 0.020  # metres over which touching surfaces blend
_EDGE = 0.002  # metres over which two bodies blend where they cross
_NEAR = 0.05  # metres; nothing closer to the lens is drawn
_FAR = np.float32(1e4)
# Planes of the buffer: three of the normal (camera axes: right, down, away) and three of the colour.
_PLANES = 6


def draw_bodies(frame: np.ndarray, view: View, position: np.ndarray, bodies: list[tuple[Body, int]]) -> None:
    """Draw bodies, each at one of its frames, onto ``frame`` (H, W, 3) uint8 in place."""
    scene_depth = np.full(frame.shape[:2], _FAR, dtype=np.float32) if len(bodies) > 1 else None
    for body, index in bodies:
        volumes = _cones(body, index, view, position) + _ellipsoids(body, index, view, position)
        boxes = [volume.box(view.width, view.height) for _, volume in volumes]
        shown = [(d, v, b) for (d, v), b in zip(volumes, boxes, strict=True) if b[0] < b[1] and b[2] < b[3]]
        if shown:
            _draw_body(frame, view, shown, scene_depth)


def _draw_body(
    frame: np.ndarray,
    view: View,
    volumes: list[tuple[float, _Cone | _Ellipsoid, tuple[int, int, int, int]]],
    scene_depth: np.ndarray | None,
) -> None:
    """Draw volumes given with their depth and pixel box; hide them behind ``scene_depth`` and add them to it."""
    left, right = min(b[0] for _, _, b in volumes), max(b[1] for _, _, b in volumes)
    top, bottom = min(b[2] for _, _, b in volumes), max(b[3] for _, _, b in volumes)
    shape = (bottom - top, right - left)
    surface = np.zeros((_PLANES, *shape), dtype=np.float32)
    depth = np.full(shape, _FAR, dtype=np.float32)
    cover = np.zeros(shape, dtype=np.float32)
    for _, volume, (x0, x1, y0, y1) in sorted(volumes, key=lambda item: -item[0]):
        x, y = np.arange(x0, x1, dtype=np.float32), np.arange(y0, y1, dtype=np.float32)[:, None]
        normal, new_depth, fill = volume.surface(x, y)
        window = (slice(y0 - top, y1 - top), slice(x0 - left, x1 - left))
        old_depth, old_cover = depth[window], cover[window]
        # How much of the pixel this volume takes: its own coverage where it is in front, none where it is behind.
        front = old_depth - new_depth
        front *= np.float32(1 / _MELT)
        front += np.float32(0.5)
        np.clip(front, 0, 1, out=front)
        front *= fill
        total = old_cover + fill
        total -= old_cover * fill
        # Surface values are averages over the covered part of the pixel only, so they stay clean at the silhouette.
        share = front / np.maximum(total, np.float32(1e-6))
        part = surface[:, window[0], window[1]]
        part *= 1 - share
        for plane in range(3):
            part[plane] += share * normal[plane]
            part[plane + 3] += share * volume.colour[plane]
        cover[window] = total
        np.minimum(old_depth, np.where(fill > 0.4, new_depth, _FAR), out=old_depth)
    if scene_depth is not None:
        behind = scene_depth[top:bottom, left:right]
        cover *= np.clip((behind - depth) / _EDGE + 0.5, 0, 1)
        np.minimum(behind, depth, out=behind)
    covered = np.flatnonzero(cover > 0.004)
    lit = _shade(surface.reshape(_PLANES, -1)[:, covered], view)
    alpha = cover.ravel()[covered][:, None]
    region = frame[top:bottom, left:right]
    rows, columns = np.divmod(covered, shape[1])
    background = region[rows, columns]
    region[rows, columns] = (background + alpha * (lit.T * 255 - background) + 0.5).astype(np.uint8)


class _Cone:
    """A round cone in pixel space: every length in pixels, z away from the camera."""

    def __init__(
        self,
        start: np.ndarray, end: np.ndarray, radius: float, end_radius: float, colour: np.ndarray,
        depth: float, pixels_per_metre: float,
    ) -> None:  # fmt: skip
        self.start, self.end, self.radius, self.end_radius = start, end, radius, end_radius
        self.colour, self.depth, self.scale = colour, depth, pixels_per_metre

    def box(self, width: int, height: int) -> tuple[int, int, int, int]:
        return _clip_box(
            min(self.start[0] - self.radius, self.end[0] - self.end_radius),
            max(self.start[0] + self.radius, self.end[0] + self.end_radius),
            min(self.start[1] - self.radius, self.end[1] - self.end_radius),
            max(self.start[1] + self.radius, self.end[1] + self.end_radius),
            width, height,
        )  # fmt: skip

    def surface(self, x: np.ndarray, y: np.ndarray) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
        """Unit normal (3 planes), depth in metres and coverage 0..1 for pixel columns x (w,) and rows y (h, 1).

        A round cone is swept by spheres that shrink from one end to the other. For each pixel the sphere whose surface
        is seen is at s in 0..1, the root of a quadratic; clamping s gives the caps.
        """
        u, v = x - self.start[0], y - self.start[1]
        bx, by, bz = (self.end - self.start).tolist()
        shrink = self.radius - self.end_radius
        flat = bx * bx + by * by - shrink * shrink
        if flat < 1e-3 and shrink * bz >= 0:
            # Seen end on with the larger sphere in front: it hides everything else.
            s = np.full((len(y), len(x)), float(shrink < 0), dtype=np.float32)
        else:
            flat = flat if abs(flat) > 1e-3 else 1e-3
            along = (bx * u - shrink * self.radius) + by * v
            inside = (self.radius**2 - u * u) - v * v
            root = inside
            root *= flat
            root += along * along
            np.maximum(root, 0, out=root)
            np.sqrt(root, out=root)
            root *= bz / np.sqrt(max(flat + bz * bz, 1e-3))
            s = along
            s -= root
            s *= 1 / flat
            np.clip(s, 0, 1, out=s)
        radius = self.radius - shrink * s
        nx, ny = u - bx * s, v - by * s
        square = radius * radius
        square -= nx * nx
        square -= ny * ny
        inverse = 1 / radius
        fill = square * inverse
        fill *= 0.5
        fill += 0.5
        np.clip(fill, 0, 1, out=fill)
        np.maximum(square, 0, out=square)
        nz = np.sqrt(square)
        depth = s
        depth *= bz
        depth -= nz
        depth *= 1 / self.scale
        depth += self.depth
        nx *= inverse
        ny *= inverse
        nz *= inverse
        np.negative(nz, out=nz)
        return [nx, ny, nz], depth, fill


class _Ellipsoid:
    """An ellipsoid in pixel space; ``axes`` are its semi-axes as rows."""

    def __init__(
        self, centre: np.ndarray, axes: np.ndarray, colour: np.ndarray, depth: float, pixels_per_metre: float
    ) -> None:
        self.centre, self.colour, self.depth, self.scale = centre, colour, depth, pixels_per_metre
        self.half = np.linalg.norm(axes, axis=0)
        # Points p on the surface satisfy p form p = 1; the small term gives a collapsed axis a thirtieth of a pixel.
        self.form = np.linalg.inv(axes.T @ axes + 1e-3 * np.eye(3, dtype=np.float32))

    def box(self, width: int, height: int) -> tuple[int, int, int, int]:
        (x, y), (rx, ry) = self.centre, self.half[:2]
        return _clip_box(x - rx, x + rx, y - ry, y + ry, width, height)

    def surface(self, x: np.ndarray, y: np.ndarray) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
        """As for a cone; the depth along a pixel's ray is the smaller root of a quadratic."""
        u, v = x - self.centre[0], y - self.centre[1]
        k = self.form.tolist()
        linear = k[0][2] * u + k[1][2] * v
        # What the outline leaves: 1 at the centre, 0 on the outline, as a form in u and v alone.
        xx = k[0][0] - k[0][2] ** 2 / k[2][2]
        xy = k[0][1] - k[0][2] * k[1][2] / k[2][2]
        yy = k[1][1] - k[1][2] ** 2 / k[2][2]
        rest = (1 - xx * u * u) - yy * v * v
        rest -= (2 * xy * u) * v
        reach = np.sqrt(u * u + v * v)
        reach *= 0.5
        np.maximum(reach, 1, out=reach)  # the centre is inside, however small its distance to itself
        fill = rest * reach
        fill += 0.5
        np.clip(fill, 0, 1, out=fill)
        np.maximum(rest, 0, out=rest)
        rest *= k[2][2]
        z = -(linear + np.sqrt(rest)) / k[2][2]
        nx = (k[0][0] * u + k[0][1] * v) + k[0][2] * z
        ny = (k[0][1] * u + k[1][1] * v) + k[1][2] * z
        nz = linear + k[2][2] * z
        inverse = 1 / np.sqrt(nx * nx + ny * ny + nz * nz + 1e-20)
        nx *= inverse
        ny *= inverse
        nz *= inverse
        z *= 1 / self.scale
        z += self.depth
        return [nx, ny, nz], z, fill


def _cones(body: Body, index: int, view: View, position: np.ndarray) -> list[tuple[float, _Cone | _Ellipsoid]]:
    ends = view.to_camera(np.stack([body.starts[index], body.ends[index]]), position)
    pixels = view.to_pixels(ends)
    depths = ends[..., 2]
    scales = view.focal / np.maximum(depths, _NEAR)
    result: list[tuple[float, _Cone | _Ellipsoid]] = []
    for n in range(body.starts.shape[1]):
        if depths[:, n].min() < _NEAR:
            continue
        scale = float(scales[:, n].mean())
        start, end = np.zeros((2, 3), dtype=np.float32)
        start[:2], end[:2] = pixels[:, n]
        end[2] = (depths[1, n] - depths[0, n]) * scale
        r0, r1 = (float(r * s) for r, s in zip(body.radii[n], scales[:, n], strict=True))
        colour = body.cone_colours[n].astype(np.float32)
        middle = float(depths[:, n].mean())
        result.append((middle, _Cone(start, end, r0, r1, colour, float(depths[0, n]), scale)))
    return result


def _ellipsoids(body: Body, index: int, view: View, position: np.ndarray) -> list[tuple[float, _Cone | _Ellipsoid]]:
    centres = view.to_camera(body.centres[index], position)
    axes = body.axes[index] @ view.rotation.T
    pixels = view.to_pixels(centres)
    result: list[tuple[float, _Cone | _Ellipsoid]] = []
    for n, (x, y, z) in enumerate(centres.tolist()):
        if z < _NEAR:
            continue
        scale = view.focal / z
        # First-order perspective: away from the middle of the picture, depth moves a point sideways.
        flat = np.stack(
            [axes[n, :, 0] - x / z * axes[n, :, 2], -axes[n, :, 1] + y / z * axes[n, :, 2], axes[n, :, 2]], axis=1
        )
        colour = body.ellipsoid_colours[n].astype(np.float32)
        result.append((z, _Ellipsoid(pixels[n], flat * scale, colour, z, scale)))
    return result


def _clip_box(x0: float, x1: float, y0: float, y1: float, width: int, height: int) -> tuple[int, int, int, int]:
    """Pixels (x from, x to, y from, y to) of a box grown by the width of a smooth edge, inside the picture."""
    return max(int(x0) - 1, 0), min(int(x1) + 3, width), max(int(y0) - 1, 0), min(int(y1) + 3, height)


def _shade(surface: np.ndarray, view: View) -> np.ndarray:
    """Light (6, P) normals and colours to (3, P) RGB: sky, soft key light, highlight, dark rims."""
    normal, colour = surface[:3], surface[3:]
    # Rows of the rotation are right, up, forward; normals have their second axis downwards.
    flip = np.array([1, -1, 1], dtype=np.float32)
    up = (view.rotation[:, 1] * flip) @ normal
    key_direction = (view_light(view) @ view.rotation.T) * flip
    key = key_direction @ normal
    key *= 0.62
    key += 0.38  # light wraps around the body: no black side
    np.maximum(key, 0, out=key)
    facing = np.clip(-normal[2], 0, 1)
    rim = 1 - facing
    rim *= rim
    rim *= rim
    light = 0.56 + 0.14 * up + 0.52 * key
    light *= 1 - 0.38 * rim
    half = key_direction - np.array([0, 0, 1], dtype=np.float32)
    shine = (half / np.linalg.norm(half)) @ normal
    np.maximum(shine, 0, out=shine)
    shine = shine**24
    shine *= 0.13
    lit = colour * light
    lit += shine
    # A shoulder instead of a hard clip keeps hue in bright places.
    return np.clip(lit, 0, 1)


def view_light(view: View) -> np.ndarray:
    """World direction (3,) towards the key light: above the camera's left shoulder, whatever the camera's side."""
    right, back = view.rotation[0], -view.rotation[2]
    level = np.array([back[0], 0, back[2]])
    level = level / np.linalg.norm(level)
    return (right * LIGHT[0] + np.array([0, LIGHT[1], 0]) + level * LIGHT[2]).astype(np.float32)
