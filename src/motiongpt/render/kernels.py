"""The loops over pixels and triangles, compiled by numba.

They are compiled at their first use, which takes some seconds, and kept beside this file or in the user's cache.
Pictures are (H, W, 3), or (H, W, 4) with colours multiplied by their opacity: then the fourth channel is blended like
the others. Pixel centres have whole coordinates, x to the right and y down.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit

# Where a pixel is looked at: a rotated grid, so that nearly level and nearly upright edges get four steps.
_SAMPLES = np.array([[-0.125, -0.375], [0.375, -0.125], [-0.375, 0.125], [0.125, 0.375]], dtype=np.float32)


def _compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    compiled: Callable[..., Any]
    try:
        compiled = njit(cache=True, nogil=True, fastmath=True)(function)
    except RuntimeError:  # neither this folder nor the user's cache can be written: compiled anew in each process
        compiled = njit(nogil=True, fastmath=True)(function)
    return compiled


@_compiled
def vertex_normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Unit normals (V, 3) of vertices (V, 3), the mean of the faces (F, 3) around each by their areas."""
    normals = np.zeros_like(vertices)
    for f in range(len(faces)):
        a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
        ux, uy, uz = vertices[b, 0] - vertices[a, 0], vertices[b, 1] - vertices[a, 1], vertices[b, 2] - vertices[a, 2]
        vx, vy, vz = vertices[c, 0] - vertices[a, 0], vertices[c, 1] - vertices[a, 1], vertices[c, 2] - vertices[a, 2]
        nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        for k in (a, b, c):
            normals[k, 0] += nx
            normals[k, 1] += ny
            normals[k, 2] += nz
    for k in range(len(normals)):
        x, y, z = normals[k, 0], normals[k, 1], normals[k, 2]
        length = np.float32(1) / np.sqrt(x * x + y * y + z * z + np.float32(1e-20))
        normals[k, 0] *= length
        normals[k, 1] *= length
        normals[k, 2] *= length
    return normals


@_compiled
def _cut(low: float, high: float, slope: float, rest: float) -> tuple[float, float]:
    """The part of ``low`` .. ``high`` in which ``slope * x + rest`` is not negative."""
    if slope > np.float32(1e-9):
        return max(low, -rest / slope), high
    if slope < np.float32(-1e-9):
        return low, min(high, -rest / slope)
    return (low, high) if rest >= 0 else (low, low - 1)


@_compiled
def find_visible(
    points: np.ndarray, faces: np.ndarray, left: int, top: int, nearness: np.ndarray, nearest: np.ndarray
) -> None:
    """Which triangle each sample of a window of the picture shows.

    Args:
        points: (V, 3) pixel x and y, and 1 / depth; 0 for a vertex that is too close to the lens to be drawn.
        faces: (F, 3), counter-clockwise as seen from outside; those that look away are not drawn.
        left, top: pixel where the window begins.
        nearness: (h, w, 4) 1 / depth of what each sample shows, changed in place; 0 for nothing.
        nearest: (h, w, 4) the number of the triangle it belongs to, changed in place.
    """
    height, width = nearness.shape[0], nearness.shape[1]
    for f in range(len(faces)):
        a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
        za, zb, zc = points[a, 2], points[b, 2], points[c, 2]
        if za <= 0 or zb <= 0 or zc <= 0:
            continue
        ax, ay = points[a, 0] - left, points[a, 1] - top
        bx, by = points[b, 0] - left, points[b, 1] - top
        cx, cy = points[c, 0] - left, points[c, 1] - top
        area = (cx - ax) * (by - ay) - (bx - ax) * (cy - ay)
        if area <= np.float32(1e-6):
            continue
        x0, x1 = max(int(min(ax, bx, cx) - 0.4), 0), min(int(max(ax, bx, cx) + 1.4), width)
        y0, y1 = max(int(min(ay, by, cy) - 0.4), 0), min(int(max(ay, by, cy) + 1.4), height)
        scale = np.float32(1) / area
        # Weight of each corner: a plane over the picture, 1 at the corner and 0 on the edge before it.
        wax, way = (cy - by) * scale, (bx - cx) * scale
        wbx, wby = (ay - cy) * scale, (cx - ax) * scale
        nx = wax * (za - zc) + wbx * (zb - zc)
        ny = way * (za - zc) + wby * (zb - zc)
        # Samples on an edge belong to both neighbours: a hair's breadth more leaves no cracks.
        least = np.float32(-1e-4)
        # Between which columns a row can be covered, so that long thin triangles do not cost their whole box.
        wcx, wcy = -wax - wbx, -way - wby
        slack_a = np.float32(0.375) * (abs(wax) + abs(way)) - least
        slack_b = np.float32(0.375) * (abs(wbx) + abs(wby)) - least
        slack_c = np.float32(0.375) * (abs(wcx) + abs(wcy)) - least
        for y in range(y0, y1):
            dy = y - cy
            low, high = np.float32(x0), np.float32(x1 - 1)
            low, high = _cut(low, high, wax, way * dy + slack_a - wax * cx)
            low, high = _cut(low, high, wbx, wby * dy + slack_b - wbx * cx)
            low, high = _cut(low, high, wcx, wcy * dy + slack_c - wcx * cx + np.float32(1))
            for x in range(int(np.ceil(low)), int(np.floor(high)) + 1):
                for s in range(4):
                    sx, sy = x + _SAMPLES[s, 0] - cx, dy + _SAMPLES[s, 1]
                    wa = wax * sx + way * sy
                    wb = wbx * sx + wby * sy
                    if wa >= least and wb >= least and wa + wb <= 1 - least:
                        near = zc + nx * sx + ny * sy
                        if near > nearness[y, x, s]:
                            nearness[y, x, s] = near
                            nearest[y, x, s] = f


@_compiled
def shade(
    picture: np.ndarray,
    points: np.ndarray,
    faces: np.ndarray,
    normals: np.ndarray,
    colours: np.ndarray,
    lights: np.ndarray,
    left: int,
    top: int,
    nearest: np.ndarray,
) -> None:
    """Light the triangles that were found and lay them over the picture, in place.

    Sky, soft key light, highlight, dark rims. A triangle is lit once in a pixel, at the middle of its samples there.

    Args:
        normals: (V, 3) in world coordinates.
        colours: (V, 3) 0..1.
        lights: (3, 3) directions to the key light, to the highlight (between light and lens) and to the lens.
    """
    one = np.float32(1)
    channels = picture.shape[2]
    for y in range(nearest.shape[0]):
        for x in range(nearest.shape[1]):
            red = green = blue = np.float32(0)
            covered = 0
            for s in range(4):
                f = nearest[y, x, s]
                if f < 0:
                    continue
                met = False
                for earlier in range(s):
                    met = met or nearest[y, x, earlier] == f
                if met:
                    continue
                count, sx, sy = 0, np.float32(0), np.float32(0)
                for other in range(s, 4):
                    if nearest[y, x, other] == f:
                        count += 1
                        sx += _SAMPLES[other, 0]
                        sy += _SAMPLES[other, 1]
                a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
                px, py = left + x + sx / count, top + y + sy / count
                ax, ay, bx, by = points[a, 0], points[a, 1], points[b, 0], points[b, 1]
                cx, cy = points[c, 0], points[c, 1]
                scale = one / ((cx - ax) * (by - ay) - (bx - ax) * (cy - ay))
                wa = ((cx - px) * (by - py) - (bx - px) * (cy - py)) * scale
                wb = ((ax - px) * (cy - py) - (cx - px) * (ay - py)) * scale
                wc = one - wa - wb
                nx = wa * normals[a, 0] + wb * normals[b, 0] + wc * normals[c, 0]
                ny = wa * normals[a, 1] + wb * normals[b, 1] + wc * normals[c, 1]
                nz = wa * normals[a, 2] + wb * normals[b, 2] + wc * normals[c, 2]
                length = one / np.sqrt(nx * nx + ny * ny + nz * nz + np.float32(1e-20))
                nx, ny, nz = nx * length, ny * length, nz * length
                key = nx * lights[0, 0] + ny * lights[0, 1] + nz * lights[0, 2]
                # Light wraps around the body: no black side.
                key = max(np.float32(0.62) * key + np.float32(0.38), np.float32(0))
                shine = max(nx * lights[1, 0] + ny * lights[1, 1] + nz * lights[1, 2], np.float32(0))
                shine *= shine
                shine *= shine
                shine *= shine
                shine = np.float32(0.13) * shine * shine * shine
                rim = one - min(max(nx * lights[2, 0] + ny * lights[2, 1] + nz * lights[2, 2], np.float32(0)), one)
                rim *= rim
                light = np.float32(0.56) + np.float32(0.14) * ny + np.float32(0.52) * key
                light *= one - np.float32(0.38) * rim * rim
                red += count * min(light * (wa * colours[a, 0] + wb * colours[b, 0] + wc * colours[c, 0]) + shine, one)
                green += count * min(
                    light * (wa * colours[a, 1] + wb * colours[b, 1] + wc * colours[c, 1]) + shine, one
                )
                blue += count * min(light * (wa * colours[a, 2] + wb * colours[b, 2] + wc * colours[c, 2]) + shine, one)
                covered += count
            if covered:
                rest = (4 - covered) * np.float32(0.25)
                row, column = top + y, left + x
                picture[row, column, 0] = np.uint8(picture[row, column, 0] * rest + red * np.float32(63.75) + 0.5)
                picture[row, column, 1] = np.uint8(picture[row, column, 1] * rest + green * np.float32(63.75) + 0.5)
                picture[row, column, 2] = np.uint8(picture[row, column, 2] * rest + blue * np.float32(63.75) + 0.5)
                if channels == 4:
                    picture[row, column, 3] = np.uint8(
                        picture[row, column, 3] * rest + covered * np.float32(63.75) + 0.5
                    )


@_compiled
def checker(
    picture: np.ndarray,
    plain: np.ndarray,
    strength: np.ndarray,
    phases: np.ndarray,
    sharpness: np.ndarray,
    east: float,
    north: float,
    first: int,
) -> None:
    """Fill ``picture`` (H, W, 3) with the floor as it looks from one place.

    Args:
        plain: (H, W, 3) uint8 floor without tiles.
        strength: (h, W) contrast of the tiles in the rows from ``first`` on, in steps of the colours.
        phases: (2, h, W) where each pixel lies along either axis, in pairs of tiles.
        sharpness: (2, h, W) by how much a triangle wave of height 1 is multiplied before it is cut to -1..1.
        east, north: the camera's own place, in pairs of tiles.
    """
    one, four = np.float32(1), np.float32(4)
    width = plain.shape[1]
    change = np.empty(width, dtype=np.uint8)
    picture[:first] = plain[:first]
    for y in range(plain.shape[0] - first):
        # Two loops, as only the first, without interleaved colours, becomes vector instructions as a whole.
        for x in range(width):
            a, b = phases[0, y, x] + east, phases[1, y, x] + north
            a = four * abs(a - np.floor(a) - np.float32(0.5)) - one
            b = four * abs(b - np.floor(b) - np.float32(0.5)) - one
            a = min(max(a * sharpness[0, y, x], -one), one)
            b = min(max(b * sharpness[1, y, x], -one), one)
            # Adding to bytes modulo 256 is exact, as no sum leaves 0..255.
            change[x] = np.uint8(np.int32(a * b * strength[y, x]))
        for x in range(width):
            for channel in range(3):
                picture[y + first, x, channel] = np.uint8(plain[y + first, x, channel] + change[x])


@_compiled
def cast_shadows(
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
    one = np.float32(1)
    dark = np.empty(east.shape, dtype=np.uint8)
    # A small thing high up blocks little of a large lamp.
    strength = np.float32(0.72) * radii / (radii + np.float32(0.55) * softness)
    reach = radii + softness
    per_length = one / (slopes[:, 0] ** 2 + slopes[:, 1] ** 2 + np.float32(1e-6))
    for y in range(east.shape[0]):
        for x in range(east.shape[1]):
            clear = one
            for n in range(len(starts)):
                dx, dz = east[y, x] - starts[n, 0], north[y, x] - starts[n, 1]
                bx, bz = slopes[n, 0], slopes[n, 1]
                along = min(max((dx * bx + dz * bz) * per_length[n], np.float32(0)), one)
                dx -= along * bx
                dz -= along * bz
                square = dx * dx + dz * dz
                if square < reach[n] * reach[n]:
                    inside = min((reach[n] - np.sqrt(square)) / (2 * softness[n]), one)
                    clear *= one - strength[n] * inside * inside * (3 - 2 * inside)
            dark[y, x] = np.uint8((one - clear) * np.float32(0.66 * 255))
    return dark


@_compiled
def lay_over(picture: np.ndarray, mask: np.ndarray, ink: np.ndarray) -> None:
    """Lay the colour ``ink`` (channels,) uint8 over a picture in place, as far as ``mask`` (h, w) 0..255 says."""
    for y in range(mask.shape[0]):
        for x in range(mask.shape[1]):
            weight = np.int32(mask[y, x])
            if weight:
                for channel in range(picture.shape[2]):
                    value = np.int32(picture[y, x, channel]) * (255 - weight) + np.int32(ink[channel]) * weight
                    picture[y, x, channel] = (value + 127) // 255


@_compiled
def to_yuv420(picture: np.ndarray, luma: np.ndarray, blue: np.ndarray, red: np.ndarray) -> None:
    """Planes of a video frame (BT.709, 16..235) from RGB (H, W, 3), both sides even; chroma is the mean of 2x2 pixels.

    Planes may have longer rows than the picture.
    """
    height, width = picture.shape[0], picture.shape[1]
    planes = np.empty((3, 2, width), dtype=np.float32)
    for y in range(0, height, 2):
        for row in range(2):
            for x in range(width):
                r = np.float32(picture[y + row, x, 0])
                g = np.float32(picture[y + row, x, 1])
                b = np.float32(picture[y + row, x, 2])
                planes[0, row, x], planes[1, row, x], planes[2, row, x] = r, g, b
                light = np.float32(0.182586) * r + np.float32(0.614231) * g + np.float32(0.062007) * b
                luma[y + row, x] = np.uint8(np.int32(light + np.float32(16.5)))
        for x in range(width // 2):
            r = planes[0, 0, 2 * x] + planes[0, 0, 2 * x + 1] + planes[0, 1, 2 * x] + planes[0, 1, 2 * x + 1]
            g = planes[1, 0, 2 * x] + planes[1, 0, 2 * x + 1] + planes[1, 1, 2 * x] + planes[1, 1, 2 * x + 1]
            b = planes[2, 0, 2 * x] + planes[2, 0, 2 * x + 1] + planes[2, 1, 2 * x] + planes[2, 1, 2 * x + 1]
            cool = np.float32(-0.025161) * r - np.float32(0.084643) * g + np.float32(0.109804) * b
            warm = np.float32(0.109804) * r - np.float32(0.099735) * g - np.float32(0.010069) * b
            blue[y // 2, x] = np.uint8(np.int32(cool + np.float32(128.5)))
            red[y // 2, x] = np.uint8(np.int32(warm + np.float32(128.5)))
