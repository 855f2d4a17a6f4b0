"""What a moving figure is drawn as: a mesh for every frame, and simple volumes that cast its shadow."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from motiongpt.errors import MotionGPTError
from motiongpt.motion import Motion
from motiongpt.render.limbs import Limbs, body_scale, floor_height, forward

Colour = tuple[float, float, float]

LEFT: Colour = (0.16, 0.47, 0.78)
RIGHT: Colour = (0.90, 0.38, 0.24)
TRUNK: Colour = (0.60, 0.61, 0.63)
HEAD: Colour = (0.80, 0.79, 0.77)
FACE: Colour = (0.25, 0.28, 0.33)  # a visor: it shows at once which way the figure looks

BODIES = ("skeleton",)

_SIDES, _RINGS = 12, 2  # facets of a bone around its axis, and of each of its round ends


# Ends (N, 3) twice and radii (N,), metres.
Capsules = tuple[np.ndarray, np.ndarray, np.ndarray]


class Figure(Protocol):
    """A figure standing on a floor at y = 0: metres, Y up.

    Attributes:
        faces: (F, 3) int32, counter-clockwise seen from outside.
        colours: (V, 3) RGB in 0..1.
    """

    faces: np.ndarray
    colours: np.ndarray

    def vertices(self, index: int) -> np.ndarray:
        """Vertices (V, 3) float32 at a frame."""

    def casters(self, index: int) -> Capsules:
        """What keeps the light from the floor at a frame."""


class _Shadow:
    """Limbs, trunk and head as a few capsules: a soft shadow does not tell them from a body.

    Args:
        joints: (T, J, 3) above a floor at y = 0.
        stoutness: of the figure; 1 is a body of flesh.
    """

    def __init__(self, joints: np.ndarray, limbs: Limbs, size: float, stoutness: float) -> None:
        bones = [(limbs.spine[0], limbs.spine[-2], 0.12), (limbs.spine[-1], limbs.spine[-1], 0.10)]
        for leg in limbs.legs:
            bones += zip(leg, leg[1:], (0.075, 0.055, 0.045, 0.045), strict=False)
        for arm in limbs.arms:
            bones += zip(arm, arm[1:], (0.050, 0.040), strict=False)
        firsts, lasts, radii = zip(*bones, strict=True)
        self._joints, self._bones = joints, (list(firsts), list(lasts))
        self._radii = np.array(radii, dtype=np.float32) * np.float32(size * stoutness)

    def __call__(self, index: int) -> Capsules:
        starts, ends = (self._joints[index, joints] for joints in self._bones)
        return starts, ends, self._radii


class Bones:
    """Bones and joints: slim round cones along the bones, a ball at each joint, a head that looks somewhere."""

    def __init__(self, motion: Motion) -> None:
        limbs = Limbs.of(motion)
        joints = motion.joints - np.array([0, floor_height(motion), 0], dtype=np.float32)
        size = body_scale(motion, limbs)
        sides = {joint: LEFT for joint in (*limbs.legs[0], *limbs.arms[0])}
        sides |= {joint: RIGHT for joint in (*limbs.legs[1], *limbs.arms[1])}
        starts, ends, radii, colours = [], [], [], []

        def part(start: np.ndarray, end: np.ndarray, r0: float, r1: float, colour: Colour) -> None:
            starts.append(start)
            ends.append(end)
            radii.append((r0 * size, r1 * size))
            colours.append(colour)

        head = limbs.spine[-1]
        for joint, parent in enumerate(motion.skeleton.parents):
            colour = sides.get(joint, TRUNK)
            if joint != head:
                part(joints[:, joint], joints[:, joint], 0.034, 0.034, colour)
            if parent >= 0:
                part(joints[:, parent], joints[:, joint], 0.026, 0.020, colour if parent in sides else TRUNK)
        # The head joint sits at the base of the skull.
        up = joints[:, head] - joints[:, limbs.spine[-2]]
        up /= np.maximum(np.linalg.norm(up, axis=-1, keepdims=True), 1e-9)
        front = forward(joints, limbs)
        chin, crown = joints[:, head] + up * (0.03 * size), joints[:, head] + up * (0.10 * size)
        part(chin, crown, 0.078, 0.090, HEAD)
        part(chin + up * (0.02 * size) + front * (0.035 * size), crown + front * (0.035 * size), 0.045, 0.062, FACE)
        self._starts, self._ends = (np.stack(side, axis=1).astype(np.float32) for side in (starts, ends))
        self._radii = np.array(radii, dtype=np.float32)
        # Joints of captured motion often touch the floor themselves; bones rest on it instead of sinking in.
        for side, points in enumerate((self._starts, self._ends)):
            points[..., 1] = np.maximum(points[..., 1], self._radii[:, side])
        self._shadow = _Shadow(joints, limbs, size, 0.6)
        self._normals, self._end, faces = _round_cone()
        count = len(self._radii)
        first = np.arange(count, dtype=np.int32)[:, None, None] * len(self._normals)
        self.faces = (faces + first).reshape(-1, 3)
        self.colours = np.repeat(np.array(colours, dtype=np.float32), len(self._normals), axis=0)

    def vertices(self, index: int) -> np.ndarray:
        starts, ends = self._starts[index], self._ends[index]
        axis = ends - starts
        length = np.linalg.norm(axis, axis=-1, keepdims=True)
        axis = np.where(length > 1e-6, axis / np.maximum(length, 1e-6), np.array([0, 1, 0], dtype=np.float32))
        # Any direction across will do; this one is never along the axis.
        across = np.cross(axis, np.eye(3, dtype=np.float32)[np.argmin(np.abs(axis), axis=1)])
        across /= np.linalg.norm(across, axis=-1, keepdims=True)
        frames = np.stack([across, np.cross(axis, across), axis], axis=1)
        centres = np.stack([starts, ends], axis=1)[:, self._end]
        return (centres + self._radii[:, self._end, None] * (self._normals @ frames)).reshape(-1, 3)

    def casters(self, index: int) -> Capsules:
        return self._shadow(index)


def _round_cone() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two half balls and the mantle between them: normals (v, 3) with the axis last, end 0 or 1 (v,), faces (f, 3)."""
    turns = np.arange(_SIDES) * (2 * np.pi / _SIDES)
    heights = np.linspace(-np.pi / 2, 0, _RINGS + 1)[1:]
    latitudes = np.concatenate([heights, -heights[::-1]])
    rings = np.stack(
        [
            np.cos(latitudes)[:, None] * np.cos(turns),
            np.cos(latitudes)[:, None] * np.sin(turns),
            np.broadcast_to(np.sin(latitudes)[:, None], (len(latitudes), _SIDES)),
        ],
        axis=-1,
    ).reshape(-1, 3)
    normals = np.concatenate([rings, [[0, 0, -1], [0, 0, 1]]]).astype(np.float32)
    ends = np.concatenate([np.repeat([0, 1], _RINGS * _SIDES), [0, 1]])
    here = np.arange(_SIDES)
    following = (here + 1) % _SIDES
    faces = [np.stack([np.full(_SIDES, len(rings)), following, here], axis=1)]
    for ring in range(2 * _RINGS - 1):
        low, high = ring * _SIDES, (ring + 1) * _SIDES
        faces.append(np.stack([low + here, low + following, high + following], axis=1))
        faces.append(np.stack([low + here, high + following, high + here], axis=1))
    last = (2 * _RINGS - 1) * _SIDES
    faces.append(np.stack([np.full(_SIDES, len(rings) + 1), last + here, last + following], axis=1))
    return normals, ends, np.concatenate(faces).astype(np.int32)


def make_figure(motion: Motion, body: str | None) -> Figure:
    """The figure of a motion.

    Args:
        body: "skeleton".

    Raises:
        MotionGPTError: there is no such body.
    """
    if body not in (None, "skeleton"):
        raise MotionGPTError(f"A body is skeleton, not {body!r}.")
    return Bones(motion)


def tinted(colours: np.ndarray, colour: Colour) -> np.ndarray:
    """Colours (V, 3) of a figure in one hue; sides stay apart by lightness, the left is lighter."""
    lightness = np.ones((len(colours), 1), dtype=np.float32)
    for known, factor in ((LEFT, 1.12), (RIGHT, 0.88), (FACE, 0.45)):
        lightness[np.all(colours == np.array(known, dtype=np.float32), axis=1)] = factor
    return np.clip(np.array(colour, dtype=np.float32) * lightness, 0, 1)
