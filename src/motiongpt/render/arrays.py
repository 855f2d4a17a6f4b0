"""The kernels as numpy operations: a tenth of a second a picture and nothing to compile, for single pictures."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

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
    lit,
    tile_wave,
)

# Pixels of triangles that are looked at in one go: keeps memory low and the processor's cache warm.
_CHUNK = 1 << 16


def add_normals(sums: np.ndarray, vertices: np.ndarray, faces: np.ndarray) -> None:
    corners = faces.astype(np.intp).ravel()
    x, y, z = (np.take(axis, faces.T) for axis in np.ascontiguousarray(vertices.T))
    ux, uy, uz = x[1] - x[0], y[1] - y[0], z[1] - z[0]
    vx, vy, vz = x[2] - x[0], y[2] - y[0], z[2] - z[0]
    for axis, part in enumerate((uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx)):
        sums[:, axis] += np.bincount(corners, np.repeat(part, 3), len(sums))


def find_visible(points: np.ndarray, faces: np.ndarray, nearness: np.ndarray, nearest: np.ndarray) -> None:
    height, width, _ = nearness.shape
    all_nearness, all_nearest = nearness.reshape(-1), nearest.reshape(-1)
    corners = points[faces]
    (ax, ay, za), (bx, by, zb), (cx, cy, zc) = corners.transpose(1, 2, 0)
    area = (cx - ax) * (by - ay) - (bx - ax) * (cy - ay)
    drawn = np.flatnonzero((np.minimum(np.minimum(za, zb), zc) > ZERO) & (area > MIN_AREA))
    (ax, ay, za), (bx, by, zb), (cx, cy, zc) = corners[drawn].transpose(1, 2, 0)
    scale = ONE / area[drawn]
    wax, way = (cy - by) * scale, (bx - cx) * scale
    wbx, wby = (ay - cy) * scale, (cx - ax) * scale
    nx = wax * (za - zc) + wbx * (zb - zc)
    ny = way * (za - zc) + wby * (zb - zc)
    planes = np.stack([wax, way, wbx, wby, cx, cy, zc, nx, ny])
    low, high = corners[drawn, :, :2].min(1) - REACH, corners[drawn, :, :2].max(1) + REACH
    low = np.ceil(np.maximum(low, ZERO)).astype(np.int64)
    high = np.floor(np.minimum(high, np.array([width - 1, height - 1], dtype=np.float32))).astype(np.int64)
    for number, x, y in _pixels(planes, low, high):
        wax, way, wbx, wby, cx, cy, zc, nx, ny = planes[:, number]
        dx, dy = x.astype(np.float32) - cx, y.astype(np.float32) - cy
        for s, (across, down) in enumerate(SAMPLES):
            sx, sy = dx + across, dy + down
            wa = wax * sx + way * sy
            wb = wbx * sx + wby * sy
            near = zc + nx * sx + ny * sy
            place = (y * width + x) * 4 + s
            inside = (wa >= -SLACK) & (wb >= -SLACK) & (wa + wb <= ONE + SLACK) & (near > all_nearness[place])
            place, near, face = place[inside], near[inside], drawn[number[inside]]
            np.maximum.at(all_nearness, place, near)
            winner = all_nearness[place] == near
            # The first of equally near triangles is seen; assignment keeps the last.
            all_nearest[place[winner][::-1]] = face[winner][::-1]


def _pixels(
    planes: np.ndarray, low: np.ndarray, high: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Number of a triangle, x and y of all pixels that triangles can cover, in chunks and in the triangles' order.

    Args:
        planes: (9, n) of the triangles, corner weights first.
        low, high: (n, 2) first and last column and row of each triangle's box.
    """
    number, y = _ranges(low[:, 1], high[:, 1])
    wax, way, wbx, wby, cx, cy = planes[:6, number]
    dy = y.astype(np.float32) - cy
    first, last = low[number, 0].astype(np.float32), high[number, 0].astype(np.float32)
    # Between which columns a row can be covered: where the weight of each corner, with some slack, is not negative.
    for slope, down, full in ((wax, way, ZERO), (wbx, wby, ZERO), (-wax - wbx, -way - wby, ONE)):
        rest = down * dy + (REACH * (np.abs(slope) + np.abs(down)) + SLACK + full) - slope * cx
        with np.errstate(divide="ignore", invalid="ignore"):
            edge = -rest / slope
        first = np.where(slope > FLAT, np.maximum(first, edge), first)
        last = np.where(slope < -FLAT, np.minimum(last, edge), last)
        last = np.where((np.abs(slope) <= FLAT) & (rest < 0), first - ONE, last)
    first, last = np.ceil(first).astype(np.int64), np.floor(last).astype(np.int64)
    ends = np.cumsum(np.maximum(last - first + 1, 0))
    total = int(ends[-1]) if len(ends) else 0
    begin = 0
    for border in range(_CHUNK, total + _CHUNK, _CHUNK):
        end = int(np.searchsorted(ends, border)) + 1
        row, x = _ranges(first[begin:end], last[begin:end])
        yield number[begin:end][row], x, y[begin:end][row]
        begin = end


def _ranges(first: np.ndarray, last: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All whole numbers from ``first`` to ``last`` (n,) inclusive, and the position 0..n-1 each comes from."""
    count = np.maximum(last - first + 1, 0)
    owner = np.repeat(np.arange(len(count)), count)
    return owner, np.arange(len(owner)) - np.repeat(np.cumsum(count) - count - first, count)


def shade(
    picture: np.ndarray,
    points: np.ndarray,
    faces: np.ndarray,
    surface: np.ndarray,
    lights: np.ndarray,
    nearest: np.ndarray,
) -> None:
    rows, columns = np.nonzero(nearest.max(axis=2) >= 0)
    shown = nearest[rows, columns]
    ink = np.zeros((len(shown), 4), dtype=np.float32)
    for s in range(4):
        face = shown[:, s]
        same = shown == face[:, None]
        # A triangle is lit once in a pixel, at the middle of its samples there.
        chosen = np.flatnonzero((face >= 0) & ~same[:, :s].any(1))
        same = same[chosen].astype(np.float32)
        share = same.sum(1)
        middle = same @ SAMPLES / share[:, None]
        corners = faces[face[chosen]]
        a, b, c = points[corners, :2].transpose(1, 2, 0)
        dx = columns[chosen].astype(np.float32) + middle[:, 0] - c[0]
        dy = rows[chosen].astype(np.float32) + middle[:, 1] - c[1]
        ax, ay, bx, by = a[0] - c[0], a[1] - c[1], b[0] - c[0], b[1] - c[1]
        scale = ONE / (bx * ay - ax * by)
        wa = (bx * dy - by * dx) * scale
        wb = (ay * dx - ax * dy) * scale
        wc = ONE - wa - wb
        a, b, c = surface[corners].transpose(1, 2, 0)
        mixed = wa * a + wb * b + wc * c
        light, shine = lit(mixed[0], mixed[1], mixed[2], lights)
        ink[chosen, :3] += (share * np.minimum(light * mixed[3:] + shine, ONE)).T
        ink[chosen, 3] += share
    rest = (FOUR - ink[:, 3:]) * QUARTER
    ink = ink[:, : picture.shape[2]] * TO_BYTE
    picture[rows, columns] = picture[rows, columns] * rest + ink + HALF


def checker(
    picture: np.ndarray,
    phases: np.ndarray,
    sharpness: np.ndarray,
    strength: np.ndarray,
    east: np.float32,
    north: np.float32,
) -> None:
    change = tile_wave(phases[0] + east, sharpness[0]) * tile_wave(phases[1] + north, sharpness[1]) * strength
    # Adding to bytes modulo 256 is exact, as no sum leaves 0..255.
    picture += change.astype(np.int32).astype(np.uint8)[..., None]


def lay_over(picture: np.ndarray, mask: np.ndarray, ink: np.ndarray) -> None:
    weight = mask.astype(np.uint16)
    # A channel at a time: numpy is several times slower along interleaved colours.
    for channel in range(picture.shape[2]):
        picture[..., channel] = (picture[..., channel] * (255 - weight) + ink[channel] * weight + 127) // 255
