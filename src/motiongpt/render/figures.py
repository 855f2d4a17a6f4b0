"""What a moving figure is drawn as: a mesh for every frame, and simple volumes that cast its shadow."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

import numpy as np

from motiongpt.bodies import Body, Mannequin, fit_pose
from motiongpt.errors import MotionGPTError
from motiongpt.motion import HUMANML3D, Motion
from motiongpt.render.limbs import Limbs, body_scale, floor_height, forward

Colour = tuple[float, float, float]

BODIES = ("mannequin", "skeleton")

_TRUNK, _LEFT, _RIGHT = 0, 1, 2
_COLOURS = np.array([[0.72, 0.70, 0.67], [0.16, 0.47, 0.78], [0.90, 0.38, 0.24]], dtype=np.float32)
_TINTS = np.array([1.0, 1.12, 0.88], dtype=np.float32)  # lightness of trunk, left and right in one colour
_HEAD, _FACE = 1.15, 0.40  # lightness; the face is a visor that shows at once which way the figure looks

_SIDES, _RINGS = 12, 2  # facets of a bone around its axis, and of each of its round ends
_CHUNK = 16  # frames that are skinned at once

# Ends (N, 3) twice and radii (N,), metres.
Capsules = tuple[np.ndarray, np.ndarray, np.ndarray]


class Figure(Protocol):
    """A figure standing on a floor at y = 0: metres, Y up.

    Attributes:
        faces: (F, 3) int32, counter-clockwise seen from outside.
        sides: (V,) what each vertex belongs to: 0 trunk and head, 1 left, 2 right.
        shades: (V,) float32 lightness of its colour.
    """

    faces: np.ndarray
    sides: np.ndarray
    shades: np.ndarray

    def vertices(self, index: int) -> np.ndarray:
        """Vertices (V, 3) float32 at a frame."""

    def casters(self, index: int) -> Capsules:
        """What keeps the light from the floor at a frame."""


def colours_of(figure: Figure, tint: Colour | None = None) -> np.ndarray:
    """Colours (V, 3) RGB in 0..1: the left blue, the right red; or shades of one colour, the left lighter."""
    if tint is None:
        colours = _COLOURS[figure.sides]
    else:
        colours = _TINTS[figure.sides, None] * np.array(tint, dtype=np.float32)
    return np.clip(colours * figure.shades[:, None], 0, 1)


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

    def __init__(self, motion: Motion, frames: np.ndarray, shifts: np.ndarray) -> None:
        limbs = Limbs.of(motion)
        joints = motion.joints[frames] + shifts[:, None]
        size = body_scale(motion, limbs)
        side_of = _side_of_joints(limbs, motion.skeleton.num_joints)
        starts, ends, radii, sides, shades = [], [], [], [], []

        def part(start: np.ndarray, end: np.ndarray, r0: float, r1: float, side: int, shade: float = 1.0) -> None:
            starts.append(start)
            ends.append(end)
            radii.append((r0 * size, r1 * size))
            sides.append(side)
            shades.append(shade)

        head = limbs.spine[-1]
        for joint, parent in enumerate(motion.skeleton.parents):
            if joint != head:
                part(joints[:, joint], joints[:, joint], 0.034, 0.034, side_of[joint])
            if parent >= 0:
                part(joints[:, parent], joints[:, joint], 0.026, 0.020, min(side_of[parent], side_of[joint]))
        # The head joint sits at the base of the skull, before the neck rather than over it.
        up = joints[:, head] - (joints[:, limbs.arms[0][0]] + joints[:, limbs.arms[1][0]]) / 2
        up /= np.maximum(np.linalg.norm(up, axis=-1, keepdims=True), 1e-9)
        front = forward(joints, limbs)
        chin, crown = joints[:, head] + up * (0.03 * size), joints[:, head] + up * (0.10 * size)
        part(chin, crown, 0.078, 0.090, _TRUNK, _HEAD)
        eyes = front * (0.035 * size)
        part(chin + up * (0.02 * size) + eyes, crown + eyes, 0.045, 0.062, _TRUNK, _FACE)
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
        self.sides = np.repeat(np.array(sides), len(self._normals))
        self.shades = np.repeat(np.array(shades, dtype=np.float32), len(self._normals))

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


class Skinned:
    """A body whose skin follows rotations that are fitted to the joints."""

    def __init__(self, motion: Motion, frames: np.ndarray, shifts: np.ndarray) -> None:
        # All frames, as a fit to some of them would not know how they follow each other.
        pose = fit_pose(motion)
        self._body: Body = Mannequin(pose)
        limbs = Limbs.of(motion)
        # Data sets have the floor at the lowest joint; what stands there are soles. A single low step decides nothing.
        feet = motion.joints[:, [leg[-1] for leg in limbs.legs], 1].min(1) - floor_height(motion)
        lift = np.clip(self._body.sole - np.percentile(feet, 20), 0, self._body.sole)
        shifts = shifts + np.array([0, lift, 0], dtype=np.float32)
        self._pose = replace(
            pose,
            quaternions=pose.quaternions[frames],
            root=pose.root[frames] + shifts,
            error=pose.error[frames],
        )
        self.faces = self._body.faces
        strongest = np.take_along_axis(
            self._body.joint_indices, self._body.weights.argmax(axis=1, keepdims=True), axis=1
        )[:, 0]
        self.sides = _side_of_joints(limbs, motion.skeleton.num_joints)[strongest]
        light = self._body.colours.mean(axis=1)
        self.shades = (0.4 + 0.6 * light / light.max()).astype(np.float32)
        _draw_visor(self.shades, self._body.rest_vertices, strongest == HUMANML3D.index("head"))
        self._shadow = _Shadow(motion.joints[frames] + shifts[:, None], limbs, body_scale(motion, limbs), 1.0)
        self._chunk, self._skin = -1, np.empty(0)

    def vertices(self, index: int) -> np.ndarray:
        chunk = index // _CHUNK
        if chunk != self._chunk:
            self._skin = self._body.vertices(self._pose[chunk * _CHUNK : (chunk + 1) * _CHUNK])
            # What would be under the floor is pressed flat on it.
            np.maximum(self._skin[..., 1], 0, out=self._skin[..., 1])
            self._chunk = chunk
        return self._skin[index - chunk * _CHUNK]

    def casters(self, index: int) -> Capsules:
        return self._shadow(index)


def _draw_visor(shades: np.ndarray, vertices: np.ndarray, head: np.ndarray) -> None:
    """Darken the front of a head, in place, at the height of the eyes; vertices (V, 3) at rest, facing +Z."""
    low, high = vertices[head].min(0), vertices[head].max(0)
    _, height, depth = ((vertices[head] - low) / np.maximum(high - low, 1e-6)).T
    band = np.clip((0.20 - np.abs(height - 0.58)) / 0.06, 0, 1) * np.clip((depth - 0.62) / 0.10, 0, 1)
    shades[head] *= 1 - (1 - _FACE) * band


def _side_of_joints(limbs: Limbs, count: int) -> np.ndarray:
    """(J,) trunk, left or right."""
    sides = np.full(count, _TRUNK)
    for side, leg, arm in zip((_LEFT, _RIGHT), limbs.legs, limbs.arms, strict=True):
        sides[[*leg, *arm]] = side
    return sides


def make_figure(
    motion: Motion, body: str | None, frames: np.ndarray | None = None, shifts: np.ndarray | None = None
) -> Figure:
    """The figure of a motion, on a floor at y = 0.

    Args:
        motion: what it does.
        body: one of :data:`BODIES`; None takes the mannequin where the motion has the 22 joints it needs.
        frames: (n,) those it is drawn at; all when None.
        shifts: (n, 3) by how much it is moved at each of them; not at all when None.

    Raises:
        MotionGPTError: there is no such body, or it does not fit the skeleton.
    """
    fits = motion.skeleton is HUMANML3D
    if body is None:
        body = "mannequin" if fits else "skeleton"
    if body not in BODIES:
        raise MotionGPTError(f"A figure can be drawn as {' or '.join(BODIES)}, not as {body!r}.")
    if body == "mannequin" and not fits:
        raise MotionGPTError(
            f"{motion.name or 'motion'}: a mannequin needs the 22 joints of HumanML3D, and skeleton "
            f"{motion.skeleton.name} has others: draw it as a skeleton."
        )
    frames = np.arange(len(motion)) if frames is None else frames
    shifts = np.zeros((len(frames), 3), dtype=np.float32) if shifts is None else shifts
    shifts = shifts - np.array([0, floor_height(motion), 0], dtype=np.float32)
    return Skinned(motion, frames, shifts) if body == "mannequin" else Bones(motion, frames, shifts)
