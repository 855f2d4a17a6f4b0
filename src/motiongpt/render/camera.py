"""Where the picture is taken from: a 3/4 view of the body's front that follows smoothly or stands still."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motiongpt.motion import Motion
from motiongpt.motion.filters import gaussian
from motiongpt.render.limbs import Limbs, body_scale, floor_height, forward

_FIELD_OF_VIEW = np.radians(30)  # vertical; a long lens keeps proportions
_SIDE_ANGLE = np.radians(38)  # between the body's front and the camera at the first frame
# Standard deviations in seconds of the smoothing of the followed path: the calmest that keeps the figure large.
_FOLLOW_SECONDS = (0.7, 0.5, 0.35, 0.25, 0.15)
# How much farther than one that follows every movement a calmer camera may be.
_FARTHER = 1.05
_STANDING_ROOM = 1.3  # metres; a figure of normal size that stays within this is watched by a camera that stands still
_MARGIN = 0.19  # metres around the joints for flesh, head and hands


@dataclass(frozen=True)
class View:
    """A pinhole camera of fixed direction; its position is given with each call.

    Attributes:
        width, height: pixels.
        rotation: (3, 3) rows right, up, forward in world coordinates.
        focal: pixels.
        centre: principal point (x, y) in pixels.
    """

    width: int
    height: int
    rotation: np.ndarray
    focal: float
    centre: tuple[float, float]

    def to_camera(self, points: np.ndarray, position: np.ndarray) -> np.ndarray:
        """World points (..., 3) to camera coordinates (..., 3): right, up, depth in metres."""
        return (points - position) @ self.rotation.T

    def project(self, points: np.ndarray, position: np.ndarray) -> np.ndarray:
        """World points (..., 3) to pixels (..., 2), x to the right and y down."""
        return self.to_pixels(self.to_camera(points, position))

    def to_pixels(self, camera_points: np.ndarray) -> np.ndarray:
        """Camera coordinates (..., 3) to pixels (..., 2)."""
        scale = self.focal / np.maximum(camera_points[..., 2], 0.05)
        x = self.centre[0] + scale * camera_points[..., 0]
        y = self.centre[1] - scale * camera_points[..., 1]
        return np.stack([x, y], axis=-1)


@dataclass(frozen=True)
class Camera:
    """A view and its position (T, 3) at every frame; distance is to what it looks at, in metres."""

    view: View
    positions: np.ndarray
    distance: float


def make_view(size: tuple[int, int], azimuth: float, elevation: float, top: float, bottom: float) -> View:
    """View of ``size`` (width, height) whose middle lies between ``top`` and ``bottom`` pixels kept free for text.

    Azimuth is the horizontal direction *towards* the camera, in radians from +Z to +X; elevation is its height angle.
    """
    width, height = size
    back = np.array(
        [np.sin(azimuth) * np.cos(elevation), np.sin(elevation), np.cos(azimuth) * np.cos(elevation)], dtype=np.float32
    )
    right = np.array([np.cos(azimuth), 0, -np.sin(azimuth)], dtype=np.float32)
    up = np.cross(back, right)
    # The angle is that of the shorter side, so that a tall narrow panel does not become a telescope.
    focal = min(height, width * 1.25) / 2 / np.tan(_FIELD_OF_VIEW / 2)
    return View(
        width, height, np.stack([right, up, -back]).astype(np.float32), float(focal),
        ((width - 1) / 2, (top + height - bottom - 1) / 2),
    )  # fmt: skip


def choose_azimuth(motion: Motion) -> float:
    """Direction towards the camera: in front of the body at frame 0, to the side where more is to be seen.

    A path across the picture shows more than one towards the lens, and the busier arm and leg should not hide behind
    the body.
    """
    limbs = Limbs.of(motion)
    joints = motion.joints
    facing = forward(joints[:1], limbs)[0]
    front = np.arctan2(facing[0], facing[2])
    root = joints[:, limbs.root]
    travel = (root[-1] - root[0])[[0, 2]]
    sides = []
    for part in range(2):  # left, right
        ends = [limbs.arms[part][-1], limbs.legs[part][-1]]
        sides.append(float(np.std(joints[:, ends] - root[:, None], axis=0).sum()))
    best, choice = -np.inf, front
    # Facing +Z, the left side is towards +X: a larger azimuth looks at the left side.
    for sign, busy in ((1, sides[0] - sides[1]), (-1, sides[1] - sides[0])):
        azimuth = front + sign * _SIDE_ANGLE
        across = abs(travel @ np.array([np.cos(azimuth), -np.sin(azimuth)]))
        score = across + busy + (1e-3 if sign == 1 else 0)
        if score > best:
            best, choice = score, azimuth
    return float(choice)


def place_camera(
    motion: Motion,
    view: View,
    free: tuple[float, float],
    distance: float | None = None,
    follow: bool = True,
) -> Camera:
    """Position the camera for every frame so that no joint of the whole motion leaves the picture.

    Short journeys get a camera that stands still; longer ones are followed along a path that is no smoother than the
    figure's size allows.

    Args:
        motion: what to look at.
        view: direction and lens.
        free: pixels kept free of the body at the top and the bottom.
        distance: metres to the figure; computed when None.
        follow: False always stands still, where the whole path is seen.
    """
    joints = motion.joints - np.array([0, floor_height(motion), 0], dtype=np.float32)
    limbs = Limbs.of(motion)
    scale = body_scale(motion, limbs)
    margin = _MARGIN * scale
    camera_points = joints @ view.rotation.T
    low, high = camera_points.min((0, 1)), camera_points.max((0, 1))
    path = joints[:, limbs.root].astype(np.float64)
    path[:, 1] = (float(joints[..., 1].max()) + margin) / 2
    still = np.tile((low + high) / 2 @ view.rotation, (len(joints), 1))
    still[:, 1] = path[:, 1]
    if follow and np.linalg.norm(np.ptp(path, axis=0)) > _STANDING_ROOM * scale:
        paths = [gaussian(path, seconds * motion.fps) for seconds in _FOLLOW_SECONDS]
    else:
        paths = [still]
    needed = [_needed_distance(joints, targets, view, free, margin) for targets in paths]
    best = next(n for n, metres in enumerate(needed) if metres <= _FARTHER * min(needed))
    if distance is None:
        distance = needed[best]
    return Camera(view, (paths[best] - view.rotation[2] * distance).astype(np.float32), distance)


def _needed_distance(
    joints: np.ndarray, targets: np.ndarray, view: View, free: tuple[float, float], margin: float
) -> float:
    """Smallest distance (metres) at which every joint, with a margin, projects inside the free part of the picture."""
    points = (joints - targets[:, None]) @ view.rotation.T
    x, y, z = points[..., 0], points[..., 1], points[..., 2]
    side = (view.width / 2 * 0.94) / view.focal
    above = (view.centre[1] - free[0]) / view.focal
    below = (view.height - free[1] - view.centre[1]) / view.focal
    distances = [(np.abs(x) + margin) / side - z, (y + margin) / above - z, (margin - y) / below - z]
    return float(max(np.max(d) for d in distances))
