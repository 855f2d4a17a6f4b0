"""Triangle meshes to pixels: the nearest triangle of four samples a pixel, lit once for each triangle and pixel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from motiongpt.render.camera import View
from motiongpt.render.kernels import announce, kernels

LIGHT = np.array([-0.45, 0.85, 0.55], dtype=np.float32) / np.float32(np.sqrt(0.45**2 + 0.85**2 + 0.55**2))
_NEAR = 0.05  # metres; nothing closer to the lens is drawn

# Vertices (V, 3) in metres, faces (F, 3) counter-clockwise seen from outside, colours (V, 3) RGB in 0..1.
Mesh = tuple[np.ndarray, np.ndarray, np.ndarray]


def draw_meshes(picture: np.ndarray, view: View, position: np.ndarray, meshes: Sequence[Mesh]) -> None:
    """Draw meshes, which hide each other where they are nearer, onto ``picture`` (H, W, 3 or 4) uint8 in place."""
    counts = np.cumsum([0] + [len(vertices) for vertices, _, _ in meshes[:-1]])
    vertices = np.concatenate([mesh[0] for mesh in meshes]).astype(np.float32, copy=False)
    faces = np.concatenate([mesh[1] + start for mesh, start in zip(meshes, counts, strict=True)]).astype(np.int32)
    colours = np.concatenate([mesh[2] for mesh in meshes]).astype(np.float32, copy=False)
    camera_points = view.to_camera(vertices, position)
    pixels = view.to_pixels(camera_points)
    shown = camera_points[:, 2] > _NEAR
    if not shown.any():
        return
    (left, top), (right, bottom) = np.floor(pixels[shown].min(0)) - 1, np.ceil(pixels[shown].max(0)) + 2
    left, right = int(max(left, 0)), int(min(right, view.width))
    top, bottom = int(max(top, 0)), int(min(bottom, view.height))
    if left >= right or top >= bottom:
        return
    points = np.empty((len(vertices), 3), dtype=np.float32)
    points[:, :2] = pixels - (left, top)
    points[:, 2] = np.where(shown, 1 / np.maximum(camera_points[:, 2], _NEAR), 0)
    nearness = np.zeros((bottom - top, right - left, 4), dtype=np.float32)
    nearest = np.full(nearness.shape, -1, dtype=np.int32)
    announce(len(meshes))
    kernels().find_visible(points, faces, nearness, nearest)
    key, lens = view_light(view), -view.rotation[2]
    half = (key + lens) / np.linalg.norm(key + lens)
    lights = np.stack([key, half, lens]).astype(np.float32)
    surface = np.concatenate([vertex_normals(vertices, faces), colours], axis=1)
    kernels().shade(picture[top:bottom, left:right], points, faces, surface, lights, nearest)


def vertex_normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Unit normals (V, 3) float32 of vertices (V, 3): the mean of the faces (F, 3) around each by their areas."""
    sums = np.zeros((len(vertices), 3))
    kernels().add_normals(sums, vertices, faces)
    return (sums / np.sqrt((sums * sums).sum(axis=1, keepdims=True) + 1e-20)).astype(np.float32)


def view_light(view: View) -> np.ndarray:
    """World direction (3,) towards the key light: above the camera's left shoulder, whatever the camera's side."""
    right, back = view.rotation[0], -view.rotation[2]
    level = np.array([back[0], 0, back[2]])
    level = level / np.linalg.norm(level)
    return (right * LIGHT[0] + np.array([0, LIGHT[1], 0]) + level * LIGHT[2]).astype(np.float32)
