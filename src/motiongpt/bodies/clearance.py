"""Arms that stay out of the trunk.

The trunk is a stack of ellipses from the hips to the shoulders, measured on a mesh. Where the forearm of a character is
deeper in its trunk than that of the performer is in the trunk of the mannequin (a hand on the hip touches it, too), it
is moved outwards, smoothly in time, and shoulder and elbow follow by inverse kinematics.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from motiongpt.bodies.character import SIDES, unit
from motiongpt.bodies.mannequin import Mannequin
from motiongpt.motion.cleanup import bend
from motiongpt.motion.filters import gaussian
from motiongpt.motion.skeleton import HUMANML3D

# Heights of the ellipses, from the middle of the hips (0) to that of the shoulders (1).
_LEVELS = np.linspace(-0.15, 1.0, 9)
# Heights over which the trunk ends, below and above: there is no wall at crotch and shoulders.
_ENDS = ((-0.35, -0.15), (0.85, 1.05))
# Shares of the forearm at which it is looked at; beyond 1 is the hand.
_SHARES = (0.0, 0.5, 1.0, 1.3)
# Seconds over which a correction is smoothed, and how often what is left of it is added.
_SMOOTH, _ROUNDS = 0.08, 4
_TRUNK = ("pelvis", "spine1", "spine2", "spine3")
_INDEX = {name: i for i, name in enumerate(HUMANML3D.joints)}


@dataclass(frozen=True)
class Trunk:
    """The outline of a trunk, and how thick its arms are, metres.

    Attributes:
        half, front, back: (L,) at the heights _LEVELS: half of the width, and the depth before and behind the middle.
        arm: half of the thickness of forearms and hands.
    """

    half: np.ndarray
    front: np.ndarray
    back: np.ndarray
    arm: float

    def radius(self, points: np.ndarray) -> np.ndarray:
        """(..., 3) height and place across and ahead, in units of the ellipse at this height: below 1 is inside."""
        height = points[..., 0]
        half, front, back = (np.interp(height, _LEVELS, line) for line in (self.half, self.front, self.back))
        middle, deep = (front - back) / 2, (front + back) / 2 + self.arm
        return np.stack([points[..., 1] / (half + self.arm), (points[..., 2] - middle) / deep], axis=-1)

    def scale(self, height: np.ndarray) -> np.ndarray:
        """(..., 2) metres across and ahead of one unit of :meth:`radius`."""
        half, front, back = (np.interp(height, _LEVELS, line) for line in (self.half, self.front, self.back))
        return np.stack([half + self.arm, (front + back) / 2 + self.arm], axis=-1)


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


def outline(at: _Frame, trunk: np.ndarray, arms: list[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> Trunk | None:
    """Measure a trunk.

    Args:
        at: its coordinates at rest.
        trunk: (V, 3) vertices.
        arms: for each side, vertices (V, 3) of forearm and hand, elbow and wrist.

    Returns:
        The outline; None if there is too little of a mesh.
    """
    points = at.local(trunk)
    lines = []
    for level in _LEVELS:
        near = points[np.abs(points[:, 0] - level) < 0.1]
        if len(near) < 8:
            lines.append((np.nan,) * 3)
        else:
            lines.append((np.percentile(np.abs(near[:, 1]), 95), *(np.percentile(s * near[:, 2], 95) for s in (1, -1))))
    values = np.array(lines)
    good = np.isfinite(values[:, 0])
    if good.sum() < 3:
        return None
    half, front, back = (np.interp(_LEVELS, _LEVELS[good], values[good, i]) for i in range(3))
    thick = []
    for vertices, elbow, wrist in arms:
        axis = unit(wrist - elbow)
        way = vertices - elbow
        off = np.linalg.norm(way - (way @ axis)[:, None] * axis, axis=-1)
        thick += [float(np.median(off))] if len(off) else []
    return Trunk(half, front, back, 0.0)


@lru_cache(maxsize=8)
def _mannequin(offsets: bytes) -> Trunk | None:
    """The trunk of the mannequin with offsets (22, 3) from the parents at rest."""
    body = Mannequin(np.frombuffer(offsets).reshape(-1, 3), "low")
    rest, most = body.rest_joints, body.joint_indices[np.arange(len(body.weights)), body.weights.argmax(axis=1)]
    places = {name: rest[i] for name, i in _INDEX.items()}
    at = frame(*((places[f"left_{part}"], places[f"right_{part}"]) for part in ("hip", "shoulder")))
    arms = [
        (
            body.rest_vertices[np.isin(most, [_INDEX[f"{side}_elbow"], _INDEX[f"{side}_wrist"]])],
            places[f"{side}_elbow"],
            places[f"{side}_wrist"],
        )
        for side in SIDES
    ]
    return outline(at, body.rest_vertices[np.isin(most, [_INDEX[name] for name in _TRUNK])], arms)


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
    low, high = ((np.clip((local[:, 0] - a) / (b - a), 0, 1)) for a, b in _ENDS)
    missing = np.maximum(wanted - radius, 0) * low * (1 - high)
    # From the middle of the trunk the way out is ahead.
    outwards = np.where(radius[:, None] > 0.05, place / np.maximum(radius, 1e-9)[:, None], [0.0, 1.0])
    way = outwards * missing[:, None] * trunk.scale(local[:, 0])
    return way[:, :1] * at.across + way[:, 1:] * at.ahead
