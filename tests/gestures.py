"""What a standing body can be made to do, one joint at a time."""

from __future__ import annotations

import numpy as np

from motiongpt.motion import rotations
from motiongpt.motion.skeleton import HUMANML3D

FRAMES = 60  # of the fixture
SECONDS = np.arange(FRAMES) / 20
PULSE = np.sin(np.pi * SECONDS / SECONDS[-1]) ** 2  # 0 at both ends, 1 in the middle


def joint(name: str) -> int:
    return HUMANML3D.index(name)


def travelling(body: np.ndarray, x: float = 0.0, z: float = 0.0) -> np.ndarray:
    """The body moved evenly by so many metres in all."""
    return body + np.linspace(0, 1, len(body))[:, None, None] * np.array([x, 0.0, z])


def turned(body: np.ndarray, degrees: float) -> np.ndarray:
    """The body turned evenly about its own axis."""
    return rotations.rotate(rotations.about("Y", np.radians(np.linspace(0, degrees, len(body))))[:, None], body)


def around(body: np.ndarray, degrees: float, radius: float = 1.0) -> np.ndarray:
    """The body walked along a circle, facing along its path; positive degrees to the left."""
    sign = np.sign(degrees)
    centre = np.array([sign * radius, 0.0, 0.0])
    return turned(body - centre, degrees) + centre


def after(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The second motion where the first ends."""
    return np.concatenate([first, second + (first[-1, 0] - second[0, 0]) * np.array([1.0, 0.0, 1.0])])


def with_joint(body: np.ndarray, name: str, offset: np.ndarray) -> np.ndarray:
    body = body.copy()
    body[:, joint(name)] += offset
    return body


def up(metres: np.ndarray | float) -> np.ndarray:
    return np.stack([np.zeros(FRAMES), np.broadcast_to(metres, FRAMES), np.zeros(FRAMES)], axis=-1)


def lowered(body: np.ndarray, metres: float) -> np.ndarray:
    """Everything but the legs goes down."""
    legs = [joint(f"{side}_{part}") for side in ("left", "right") for part in ("ankle", "foot")]
    rest = [index for index in range(body.shape[1]) if index not in legs]
    body = body.copy()
    body[:, rest, 1] -= metres
    return body
