"""Front surfaces of volumes against their definitions, tried point by point."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from motiongpt.render.rasteriser import _Cone, _Ellipsoid

COLOUR = np.ones(3, dtype=np.float32)


def nearest_sphere(size: int, start: np.ndarray, end: np.ndarray, r0: float, r1: float) -> np.ndarray:
    """First z on each pixel's ray inside any of many spheres along the axis, infinity where there is none.

    That a round cone is the union of those spheres is its definition.
    """
    x, y = np.meshgrid(np.arange(size), np.arange(size))
    hit = np.full((size, size), np.inf)
    for s in np.linspace(0, 1, 401):
        centre, radius = start + s * (end - start), r0 + s * (r1 - r0)
        rest = radius**2 - (x - centre[0]) ** 2 - (y - centre[1]) ** 2
        hit = np.where(rest >= 0, np.minimum(hit, centre[2] - np.sqrt(np.maximum(rest, 0))), hit)
    return hit


def march(inside: Callable[[np.ndarray], np.ndarray], size: int, near: float, far: float, step: float) -> np.ndarray:
    """First z inside a volume on each pixel's ray, infinity where there is none."""
    z = np.arange(near, far, step, dtype=np.float32)
    points = np.stack(np.meshgrid(np.arange(size), np.arange(size), z, indexing="xy"), axis=-1).astype(np.float32)
    hits = inside(points)
    return np.where(hits.any(-1), z[hits.argmax(-1)], np.inf)


@pytest.mark.parametrize(
    ("start", "end", "r0", "r1"),
    [
        ((12, 30, 0), (36, 22, 0), 8.0, 5.0),  # across the picture
        ((14, 20, 0), (34, 34, 32), 9.0, 6.0),  # away from the camera
        ((38, 30, 0), (18, 20, -30), 5.0, 9.0),  # towards it, growing
        ((24, 24, 0), (25, 24, 30), 12.0, 4.0),  # end on, larger in front
        ((24, 24, 0), (25, 23, -30), 12.0, 4.0),  # end on, smaller in front
        ((24, 24, 0), (24, 24, 0), 7.0, 7.0),  # a sphere
    ],
)
def test_cone_surface(start: tuple, end: tuple, r0: float, r1: float) -> None:
    a, b = np.array(start, dtype=np.float32), np.array(end, dtype=np.float32)
    expected = nearest_sphere(48, a, b, r0, r1)
    cone = _Cone(a, b, r0, r1, COLOUR, depth=5.0, pixels_per_metre=100.0)
    x, y = np.arange(48, dtype=np.float32), np.arange(48, dtype=np.float32)[:, None]
    normal, depth, fill = cone.surface(x, y)
    assert np.all(fill[np.isinf(expected)] < 0.75)
    # Deep inside the outline depth is well conditioned; at the outline the surface runs along the ray.
    solid = np.isfinite(expected) & (np.abs(normal[2]) > 0.25)
    assert solid.sum() > 60
    assert np.all(fill[solid] >= 0.49)
    np.testing.assert_allclose((depth[solid] - 5.0) * 100, expected[solid], atol=0.2)
    np.testing.assert_allclose(sum(n[solid] ** 2 for n in normal), 1, atol=1e-3)
    x0, x1, y0, y1 = cone.box(48, 48)
    outside = np.ones((48, 48), dtype=bool)
    outside[y0:y1, x0:x1] = False
    assert np.all(np.isinf(expected[outside]))


@pytest.mark.parametrize("seed", range(4))
def test_ellipsoid_surface(seed: int) -> None:
    rng = np.random.default_rng(seed)
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    axes = (turn * rng.uniform(6, 18, size=(3, 1))).astype(np.float32)
    centre = np.array([31.0, 33.0])
    world_to_ball = np.linalg.inv(axes.T)  # p = axes.T @ ball

    def inside(points: np.ndarray) -> np.ndarray:
        return (((points - [*centre, 0]) @ world_to_ball.T) ** 2).sum(-1) <= 1

    expected = march(inside, 64, -25, 25, 0.2)
    ellipsoid = _Ellipsoid(centre, axes, COLOUR, depth=2.0, pixels_per_metre=50.0)
    x, y = np.arange(64, dtype=np.float32), np.arange(64, dtype=np.float32)[:, None]
    normal, depth, fill = ellipsoid.surface(x, y)
    assert np.all(fill[np.isinf(expected)] < 0.75)
    solid = np.isfinite(expected) & (np.abs(normal[2]) > 0.25)
    assert solid.sum() > 60
    assert np.all(fill[solid] >= 0.49)
    np.testing.assert_allclose((depth[solid] - 2.0) * 50, expected[solid], atol=0.5)
    # The normal is the gradient of the implicit form at the surface.
    points = np.stack(np.broadcast_arrays(x - centre[0], y - centre[1], (depth - 2.0) * 50), axis=-1)
    gradient = points @ (world_to_ball.T @ world_to_ball)
    gradient /= np.linalg.norm(gradient, axis=-1, keepdims=True)
    np.testing.assert_allclose(np.stack(normal, axis=-1)[solid], gradient[solid], atol=2e-2)
