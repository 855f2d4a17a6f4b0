"""Loops over triangles and pixels, compiled by numba: milliseconds a picture, for films.

They are compiled when they are first called, which takes seconds, and kept beside this file or in the user's cache.
What they compute is described in :mod:`motiongpt.render.kernels`. They are written for a short compilation: scalar
loops only, as slices and array expressions take numba seconds each.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit

from motiongpt.render import shading
from motiongpt.render.shading import (
    FLAT,
    FOUR,
    HALF,
    MIN_AREA,
    ONE,
    QUARTER,
    REACH,
    SAMPLES,
    SLACK,
    TO_BYTE,
    ZERO,
)

# Numbers are finite here; anything that would change results, such as another order of a sum, stays forbidden.
_FAST = {"nnan", "ninf", "nsz"}


def _compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    compiled: Callable[..., Any]
    try:
        compiled = njit(cache=True, nogil=True, error_model="numpy", fastmath=_FAST)(function)
    except RuntimeError:  # neither this folder nor the user's cache can be written: compiled anew in each process
        compiled = njit(nogil=True, error_model="numpy", fastmath=_FAST)(function)
    return compiled


_lit = _compiled(shading.lit)
_tile_wave = _compiled(shading.tile_wave)


@_compiled
def add_normals(sums: np.ndarray, vertices: np.ndarray, faces: np.ndarray) -> None:
    for f in range(len(faces)):
        a, b, c = vertices[faces[f, 0]], vertices[faces[f, 1]], vertices[faces[f, 2]]
        ux, uy, uz = b[0] - a[0], b[1] - a[1], b[2] - a[2]
        vx, vy, vz = c[0] - a[0], c[1] - a[1], c[2] - a[2]
        nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        for corner in range(3):
            n = faces[f, corner]
            sums[n, 0] += nx
            sums[n, 1] += ny
            sums[n, 2] += nz


@_compiled
def _clip(low: float, high: float, slope: float, rest: float) -> tuple[float, float]:
    """The part of ``low`` .. ``high`` in which ``slope * x + rest`` is not negative."""
    if slope > FLAT:
        return max(low, -rest / slope), high
    if slope < -FLAT:
        return low, min(high, -rest / slope)
    return (low, high) if rest >= ZERO else (low, low - ONE)


@_compiled
def find_visible(points: np.ndarray, faces: np.ndarray, nearness: np.ndarray, nearest: np.ndarray) -> None:
    width, height = np.float32(nearness.shape[1] - 1), np.float32(nearness.shape[0] - 1)
    for f in range(len(faces)):
        a, b, c = points[faces[f, 0]], points[faces[f, 1]], points[faces[f, 2]]
        za, zb, zc = a[2], b[2], c[2]
        if min(za, zb, zc) <= ZERO:
            continue
        ax, ay, bx, by, cx, cy = a[0], a[1], b[0], b[1], c[0], c[1]
        area = (cx - ax) * (by - ay) - (bx - ax) * (cy - ay)
        if area <= MIN_AREA:
            continue
        scale = ONE / area
        # Weight of each corner: a plane over the picture, 1 at the corner and 0 on the edge before it.
        wax, way = (cy - by) * scale, (bx - cx) * scale
        wbx, wby = (ay - cy) * scale, (cx - ax) * scale
        wcx, wcy = -wax - wbx, -way - wby
        nx = wax * (za - zc) + wbx * (zb - zc)
        ny = way * (za - zc) + wby * (zb - zc)
        slack_a = REACH * (abs(wax) + abs(way)) + SLACK
        slack_b = REACH * (abs(wbx) + abs(wby)) + SLACK
        slack_c = REACH * (abs(wcx) + abs(wcy)) + SLACK + ONE
        x0, x1 = max(min(ax, bx, cx) - REACH, ZERO), min(max(ax, bx, cx) + REACH, width)
        y0, y1 = max(min(ay, by, cy) - REACH, ZERO), min(max(ay, by, cy) + REACH, height)
        for y in range(int(np.ceil(y0)), int(np.floor(y1)) + 1):
            dy = np.float32(y) - cy
            # Between which columns the row can be covered, so that long thin triangles do not cost their whole box.
            low, high = _clip(x0, x1, wax, way * dy + slack_a - wax * cx)
            low, high = _clip(low, high, wbx, wby * dy + slack_b - wbx * cx)
            low, high = _clip(low, high, wcx, wcy * dy + slack_c - wcx * cx)
            for x in range(int(np.ceil(low)), int(np.floor(high)) + 1):
                dx = np.float32(x) - cx
                for s in range(4):
                    sx, sy = dx + SAMPLES[s, 0], dy + SAMPLES[s, 1]
                    wa = wax * sx + way * sy
                    wb = wbx * sx + wby * sy
                    if wa >= -SLACK and wb >= -SLACK and wa + wb <= ONE + SLACK:
                        near = zc + nx * sx + ny * sy
                        if near > nearness[y, x, s]:
                            nearness[y, x, s] = near
                            nearest[y, x, s] = f


@_compiled
def shade(
    picture: np.ndarray,
    points: np.ndarray,
    faces: np.ndarray,
    surface: np.ndarray,
    lights: np.ndarray,
    nearest: np.ndarray,
) -> None:
    ink = np.empty(4, dtype=np.float32)
    for y in range(nearest.shape[0]):
        for x in range(nearest.shape[1]):
            ink[0] = ink[1] = ink[2] = ink[3] = ZERO
            for s in range(4):
                f = nearest[y, x, s]
                if f < 0:
                    continue
                share = sx = sy = ZERO
                met = False
                for other in range(4):
                    if nearest[y, x, other] == f:
                        met = met or other < s
                        share += ONE
                        sx += SAMPLES[other, 0]
                        sy += SAMPLES[other, 1]
                if met:
                    continue
                a, b, c = points[faces[f, 0]], points[faces[f, 1]], points[faces[f, 2]]
                dx, dy = np.float32(x) + sx / share - c[0], np.float32(y) + sy / share - c[1]
                ax, ay, bx, by = a[0] - c[0], a[1] - c[1], b[0] - c[0], b[1] - c[1]
                scale = ONE / (bx * ay - ax * by)
                wa = (bx * dy - by * dx) * scale
                wb = (ay * dx - ax * dy) * scale
                wc = ONE - wa - wb
                a, b, c = surface[faces[f, 0]], surface[faces[f, 1]], surface[faces[f, 2]]
                light, shine = _lit(
                    wa * a[0] + wb * b[0] + wc * c[0],
                    wa * a[1] + wb * b[1] + wc * c[1],
                    wa * a[2] + wb * b[2] + wc * c[2],
                    lights,
                )
                for k in range(3):
                    colour = wa * a[3 + k] + wb * b[3 + k] + wc * c[3 + k]
                    ink[k] += share * min(light * colour + shine, ONE)
                ink[3] += share
            if ink[3] > ZERO:
                rest = (FOUR - ink[3]) * QUARTER
                for k in range(picture.shape[2]):
                    value = np.float32(picture[y, x, k]) * rest + ink[k] * TO_BYTE + HALF
                    picture[y, x, k] = np.uint8(value)


@_compiled
def checker(
    picture: np.ndarray,
    phases: np.ndarray,
    sharpness: np.ndarray,
    strength: np.ndarray,
    east: np.float32,
    north: np.float32,
) -> None:
    height, width = strength.shape
    change = np.empty(width, dtype=np.uint8)
    for y in range(height):
        # Two loops, as only the first, without interleaved colours, becomes vector instructions as a whole.
        for x in range(width):
            a = _tile_wave(phases[0, y, x] + east, sharpness[0, y, x])
            b = _tile_wave(phases[1, y, x] + north, sharpness[1, y, x])
            # Adding to bytes modulo 256 is exact, as no sum leaves 0..255.
            change[x] = np.uint8(np.int32(a * b * strength[y, x]))
        for x in range(width):
            for channel in range(3):
                picture[y, x, channel] = np.uint8(picture[y, x, channel] + change[x])


@_compiled
def lay_over(picture: np.ndarray, mask: np.ndarray, ink: np.ndarray) -> None:
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

    Planes may have longer rows than the picture. Numbers are whole ones, in units of 1 / 65536.
    """
    for y in range(0, picture.shape[0], 2):
        for x in range(0, picture.shape[1], 2):
            # 16 or 128, and a half for rounding; chroma is summed over four pixels.
            cool = warm = np.int32(257 * 131072)
            for row in range(y, y + 2):
                for column in range(x, x + 2):
                    r = np.int32(picture[row, column, 0])
                    g = np.int32(picture[row, column, 1])
                    b = np.int32(picture[row, column, 2])
                    luma[row, column] = np.uint8((11966 * r + 40254 * g + 4064 * b + 33 * 32768) >> 16)
                    cool += 28784 * b - 6596 * r - 22188 * g
                    warm += 28784 * r - 26144 * g - 2640 * b
            blue[y // 2, x // 2] = np.uint8(cool >> 18)
            red[y // 2, x // 2] = np.uint8(warm >> 18)
