"""Arms that stay out of the trunk.

The trunk is a stack of ellipses from the hips to the shoulders, measured on a mesh. Where the forearm of a character is
deeper in its trunk than that of the performer is in the trunk of the mannequin (a hand on the hip touches it, too), it
is moved outwards, smoothly in time, and shoulder and elbow follow by inverse kinematics.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from motiongpt.bodies.character import unit
from motiongpt.bodies.mannequin import Mannequin
from motiongpt.motion.cleanup import bend
from motiongpt.motion.filters import gaussian
from motiongpt.motion.skeleton import HUMANML3D

# Heights of the ellipses, from the middle of the hips (0) to that of the shoulders (1).
_LEVELS = np.linspace(-0.5, 1.2, 18)
# Half of the thickness of an arm, metres, that is kept between its middle and the trunk.
_ARM = 0.015
# Shares of the forearm at which it is looked at; beyond 1 is the hand.
_SHARES = (0.0, 0.4, 0.6, 0.8, 1.0, 1.25)
# Seconds over which a correction is smoothed, and how often what is left of it is added.
_SMOOTH, _ROUNDS = 0.08, 8
_TRUNK = ("pelvis", "spine1", "spine2", "spine3")
_INDEX = {name: i for i, name in enumerate(HUMANML3D.joints)}


@dataclass(frozen=True)
class Trunk:
    """The outline of a trunk, metres.

    Attributes:
        half, front, back: (L,) at the heights _LEVELS: half of the width, and the depth before and behind the middle; 0
            where there is no trunk.
    """

    half: np.ndarray
    front: np.ndarray
    back: np.ndarray

    def radius(self, points: np.ndarray) -> np.ndarray:
        """(..., 3) height and place across and ahead, in units of the ellipse at this height: below 1 is inside."""
        height = points[..., 0]
        half, front, back = (np.interp(height, _LEVELS, line) for line in (self.half, self.front, self.back))
        middle, deep = (front - back) / 2, (front + back) / 2 + _ARM
        return np.stack([points[..., 1] / (half + _ARM), (points[..., 2] - middle) / deep], axis=-1)

    def scale(self, height: np.ndarray) -> np.ndarray:
        """(..., 2) metres across and ahead of one unit of :meth:`radius`."""
        half, front, back = (np.interp(height, _LEVELS, line) for line in (self.half, self.front, self.back))
        return np.stack([half + _ARM, (front + back) / 2 + _ARM], axis=-1)


@dataclass(frozen=True)
class _Frame:
    """The coordinates of a trunk.

    Attributes:
        origin: (..., 3) middle of the hips.
        up, across, ahead: (..., 3) unit vectors; up to the middle of the shoulders.
        height: (...) of the shoulders over the hips.
    """

    origin: np.ndarray
    up: np.ndarray
    across: np.ndarray
    ahead: np.ndarray
    height: np.ndarray

    def local(self, points: np.ndarray) -> np.ndarray:
        """Height (0 to 1), place across and ahead (..., 3) of points (..., 3)."""
        way = points - self.origin
        parts = [(way * axis).sum(-1) for axis in (self.up, self.across, self.ahead)]
        return np.stack([parts[0] / self.height, *parts[1:]], axis=-1)


def frame(hips: tuple[np.ndarray, np.ndarray], shoulders: tuple[np.ndarray, np.ndarray]) -> _Frame:
    """The coordinates of a trunk from its left and right hips and shoulders (..., 3)."""
    origin, top = (hips[0] + hips[1]) / 2, (shoulders[0] + shoulders[1]) / 2
    up = unit(top - origin)
    across = unit(hips[0] - hips[1]) + unit(shoulders[0] - shoulders[1])
    across = unit(across - (across * up).sum(-1, keepdims=True) * up)
    return _Frame(origin, up, across, np.cross(across, up), np.linalg.norm(top - origin, axis=-1))


def outline(at: _Frame, vertices: np.ndarray, faces: np.ndarray) -> Trunk | None:
    """Measure a trunk by cutting its mesh at rest into slices.

    Args:
        at: the coordinates of the trunk at rest.
        vertices: (V, 3) of the mesh.
        faces: (F, 3) triangles of the trunk.

    Returns:
        The outline; None if there is too little of a mesh.
    """
    points = at.local(vertices)
    edges = points[np.unique(np.sort(faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1), axis=0)]
    low, high = edges[..., 0].min(axis=1), edges[..., 0].max(axis=1)
    lines = np.zeros((len(_LEVELS), 3))
    for line, level in zip(lines, _LEVELS, strict=True):
        cut = edges[(low < level) & (high > level)]
        if len(cut) >= 6:
            share = (level - cut[:, 0, 0]) / (cut[:, 1, 0] - cut[:, 0, 0])
            place = cut[:, 0, 1:] + share[:, None] * (cut[:, 1, 1:] - cut[:, 0, 1:])
            line[:] = [max(np.percentile(v, 97), 0.0) for v in (np.abs(place[:, 0]), place[:, 1], -place[:, 1])]
    return Trunk(*lines.T) if (lines[:, 0] > 0).sum() >= 3 else None


@lru_cache(maxsize=8)
def _mannequin(offsets: bytes) -> Trunk | None:
    """The trunk of the mannequin with offsets (22, 3) from the parents at rest."""
    body = Mannequin(np.frombuffer(offsets).reshape(-1, 3), "low")
    rest, most = body.rest_joints, body.joint_indices[np.arange(len(body.weights)), body.weights.argmax(axis=1)]
    places = {name: rest[i] for name, i in _INDEX.items()}
    at = frame(*((places[f"left_{part}"], places[f"right_{part}"]) for part in ("hip", "shoulder")))
    own = np.isin(most, [_INDEX[name] for name in _TRUNK])
    return outline(at, body.rest_vertices, body.faces[own[body.faces].sum(axis=1) >= 2])


def performer(offsets: np.ndarray) -> Trunk | None:
    """The trunk of a performer with offsets (22, 3) from the parents at rest, as the mannequin has it."""
    return _mannequin(np.ascontiguousarray(offsets, dtype=np.float64).tobytes())


def clear(
    arm: tuple[np.ndarray, np.ndarray, np.ndarray],
    at: _Frame,
    trunk: Trunk,
    wanted: np.ndarray,
    fps: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Move an arm out of the trunk.

    Args:
        arm: (T, 3) shoulder, elbow and wrist.
        at: coordinates of the trunk in each frame.
        trunk: its outline.
        wanted: (T, S) least radius of the points of the forearm.
        fps: frames a second.

    Returns:
        (T, 3) elbow and wrist.
    """
    shoulder, elbow, wrist = arm
    for _ in range(_ROUNDS):
        pushes = [_push(elbow + share * (wrist - elbow), at, trunk, wanted[:, i]) for i, share in enumerate(_SHARES)]
        if not any(push.any() for push in pushes):
            break
        # The end of the forearm has to move farther than a point on it.
        ends = np.stack([push / min(share, 1.0) for push, share in zip(pushes[1:], _SHARES[1:], strict=True)])
        most = np.linalg.norm(ends, axis=-1).argmax(axis=0)
        end = gaussian(ends[most, np.arange(len(most))], _SMOOTH * fps)
        side = gaussian(pushes[0], _SMOOTH * fps)
        target = wrist + end
        # The elbow moves aside in the circle that shoulder and wrist leave it.
        elbow, wrist = bend(shoulder, elbow, wrist, target, side)
    return elbow, wrist


def wanted_radius(points: np.ndarray, at: _Frame, trunk: Trunk) -> np.ndarray:
    """(T, S) radius that points (T, S, 3) of the performer's forearm have in the trunk, at most 1."""
    frames = _Frame(*(value[:, None] for value in (at.origin, at.up, at.across, at.ahead, at.height)))
    return np.minimum(np.linalg.norm(trunk.radius(frames.local(points)), axis=-1), 1)


def forearm(elbow: np.ndarray, wrist: np.ndarray) -> np.ndarray:
    """(T, S, 3) the points of a forearm that are looked at."""
    return np.stack([elbow + share * (wrist - elbow) for share in _SHARES], axis=1)


def _push(points: np.ndarray, at: _Frame, trunk: Trunk, wanted: np.ndarray) -> np.ndarray:
    """(T, 3) by which points (T, 3) must move to have the radius that is wanted (T,)."""
    local = at.local(points)
    place = trunk.radius(local)
    radius = np.linalg.norm(place, axis=-1)
    missing = np.maximum(wanted - radius, 0)
    # From the middle of the trunk the way out is ahead.
    outwards = np.where(radius[:, None] > 0.05, place / np.maximum(radius, 1e-9)[:, None], [0.0, 1.0])
    way = outwards * missing[:, None] * trunk.scale(local[:, 0])
    return way[:, :1] * at.across + way[:, 1:] * at.ahead
