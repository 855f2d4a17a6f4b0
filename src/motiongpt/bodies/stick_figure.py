"""The skeleton itself as a body: a ball at every joint, a tapered rod along every bone.

Each piece is rigid and hangs on one joint, so the figure is a skinned mesh like any other.
"""

from __future__ import annotations

import numpy as np

from motiongpt.bodies.body import Body
from motiongpt.bodies.posing import rest_joints
from motiongpt.motion.skeleton import HUMANML3D

# sRGB of the left side, the middle and the right side of the body.
_COLOURS = {"left": (41, 120, 199), "middle": (204, 201, 196), "right": (230, 97, 61)}
_SIDES = 16  # corners around a rod or ball
_RINGS = 9  # of a ball, poles included
# Radii in leg lengths (hip to ankle): of balls, and of rods at their thicker end.
_BALL, _SMALL_BALL, _HEAD_BALL, _ROD = 0.046, 0.034, 0.115, 0.042
_HEAD_CENTRE = (0.0, 0.11, 0.02)  # from the head joint, which is at the base of the skull
_SMALL = ("left_foot", "right_foot", "left_wrist", "right_wrist", "left_collar", "right_collar", "neck")


def _grid(rings: int) -> np.ndarray:
    """(F, 3) faces of a tube of ``rings`` rings with ``_SIDES`` corners each, in that order."""
    faces = []
    for ring in range(rings - 1):
        for side in range(_SIDES):
            a, b = ring * _SIDES + side, ring * _SIDES + (side + 1) % _SIDES
            faces += [[a, b, a + _SIDES], [b, b + _SIDES, a + _SIDES]]
    return np.array(faces)


def _circle() -> tuple[np.ndarray, np.ndarray]:
    angle = np.arange(_SIDES) * 2 * np.pi / _SIDES
    return np.cos(angle), np.sin(angle)


def _ball(centre: np.ndarray, radius: float) -> np.ndarray:
    """(V, 3) rings from the lower to the upper pole."""
    cosine, sine = _circle()
    height = np.linspace(-np.pi / 2, np.pi / 2, _RINGS)[:, None]
    rings = np.stack([np.cos(height) * sine, np.sin(height) + 0 * sine, np.cos(height) * cosine], axis=-1)
    return centre + radius * rings.reshape(-1, 3)


def _rod(start: np.ndarray, end: np.ndarray, radius: float) -> np.ndarray:
    """(V, 3) rings of a rod that is thickest a fifth of the way along."""
    along = (end - start) / np.linalg.norm(end - start)
    helper = np.eye(3)[np.abs(along).argmin()]
    across = np.cross(along, helper)
    across /= np.linalg.norm(across)
    cosine, sine = _circle()
    ring = cosine[:, None] * across + sine[:, None] * np.cross(along, across)
    places = ((0.0, 0.35), (0.2, 1.0), (1.0, 0.35))
    return np.concatenate([start + share * (end - start) + radius * width * ring for share, width in places])


def stick_figure(offsets: np.ndarray) -> Body:
    """The figure of a skeleton with these rest offsets (22, 3) in metres; left is blue, right is red."""
    joints = rest_joints(offsets, HUMANML3D.parents)
    leg = sum(float(np.linalg.norm(offsets[HUMANML3D.index(f"left_{part}")])) for part in ("knee", "ankle"))
    pieces: list[tuple[int, str, np.ndarray, np.ndarray]] = []
    for joint, (name, parent) in enumerate(zip(HUMANML3D.joints, HUMANML3D.parents, strict=True)):
        side = name.partition("_")[0]
        radius = (_SMALL_BALL if name in _SMALL else _BALL) * leg
        centre = joints[joint]
        if name == "head":
            radius, centre = _HEAD_BALL * leg, centre + np.array(_HEAD_CENTRE) * leg
        pieces.append((joint, side, _ball(centre, radius), _grid(_RINGS)))
        if parent >= 0 and np.linalg.norm(offsets[joint]) > 1e-6:
            pieces.append((parent, side, _rod(joints[parent], joints[joint], _ROD * leg), _grid(3)))
    counts = [len(vertices) for _, _, vertices, _ in pieces]
    starts = np.cumsum([0, *counts[:-1]])
    vertices = np.concatenate([vertices for _, _, vertices, _ in pieces]).astype(np.float32)
    faces = np.concatenate([faces + start for start, (*_, faces) in zip(starts, pieces, strict=True)])
    corners = vertices[faces]
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=-1)
    colours = [_COLOURS.get(side, _COLOURS["middle"]) for _, side, _, _ in pieces]
    return Body(
        rest_vertices=vertices,
        # Half of the faces at a pole have two corners in one place.
        faces=faces[area > 1e-9].astype(np.int32),
        joint_indices=np.repeat([joint for joint, *_ in pieces], counts)[:, None].astype(np.int32),
        weights=np.ones((len(vertices), 1), dtype=np.float32),
        offsets=np.asarray(offsets, dtype=np.float64),
        colours=np.repeat(np.array(colours, dtype=np.uint8), counts, axis=0),
    )
