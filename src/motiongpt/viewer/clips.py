"""Motions and the body as JSON for the player (assets/clip.js and assets/figures.js read it).

Arrays travel as base64 of little-endian numbers: float32 for metres, int16 for quaternions (times 32767, an error of
0.002 degrees), which browsers read without parsing.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from motiongpt.bodies import Mannequin, fit_pose
from motiongpt.motion import HUMANML3D, Motion, Skeleton

_QUATERNION_UNIT = 32767
_LEG = [HUMANML3D.index(f"{side}_{joint}") for side in ("left", "right") for joint in ("knee", "ankle")]
# Joints at the end of a limb: no bone of theirs is stretched, so their place in the body's own mesh is the right one.
_ENDS = [HUMANML3D.index(joint) for joint in ("head", "left_foot", "right_foot")]


@cache
def _body() -> Mannequin:
    return Mannequin()


@cache
def body_data() -> dict[str, Any]:
    """The mesh that all motions of HumanML3D joints share, for the player: sent once, bent in the browser.

    Returns:
        A dict for ``json.dumps``: names and parents of the joints; rest (22, 3), vertices (V, 3), faces (F, 3),
        skin_indices and skin_weights (V, 4), colours (V, 3) sRGB as base64.
    """
    body = _body()
    return {
        "joints": list(body.names),
        "parents": list(body.parents),
        "rest": _base64(body.rest_joints, "<f4"),
        "vertices": _base64(body.rest_vertices, "<f4"),
        "faces": _base64(body.faces, "<u4"),
        "skin_indices": _base64(body.joint_indices, "u1"),
        "skin_weights": _base64(body.weights, "<f4"),
        "colours": _base64(body.colours, "u1"),
    }


def clip_data(
    motion: Motion,
    *,
    label: str | None = None,
    codes: Sequence[int] | None = None,
    code_seconds: float = 0.2,
    given: tuple[int, int] | None = None,
) -> dict[str, Any]:
    """A motion for the player.

    Args:
        motion: joints (T, J, 3) in metres, Y up; HumanML3D's can be seen as a body, others as a skeleton only.
        label: what is written above it; the motion's text or name when None.
        codes: its coarse motion codes, shown under the time line.
        code_seconds: time that one code stands for; the last may stand for less.
        given: frames at the start and at the end that were given rather than made by a model.

    Returns:
        A dict for ``json.dumps``.
    """
    frames = len(motion)
    data: dict[str, Any] = {
        "name": motion.name,
        "label": label or motion.text or motion.name or "motion",
        "fps": motion.fps,
        "frames": frames,
        "parents": list(motion.skeleton.parents),
        "sides": _sides(motion.skeleton),
        "positions": _base64(motion.joints, "<f4"),
    }
    if motion.skeleton is HUMANML3D:
        data["pose"] = _pose(motion)
    if codes is not None:
        data["codes"] = [int(code) for code in codes]
        data["code_seconds"] = code_seconds
    if given is not None:
        data["given"] = [part for part in ([0, given[0]], [frames - given[1], frames]) if part[0] < part[1]]
    return data


def _pose(motion: Motion) -> dict[str, Any]:
    """Rotations of the body's joints; its size and the lengths of its limbs are the motion's."""
    body = _body()
    pose = fit_pose(motion)
    scale = _leg(pose.offsets) / _leg(body.offsets)
    offsets = pose.offsets / scale
    offsets[_ENDS] = body.offsets[_ENDS]
    # Joints are as high above the floor as HumanML3D has them; this body's soles are a little further down.
    root = pose.root / scale + [0, body.sole, 0]
    return {
        "scale": scale,
        "offsets": _base64(offsets, "<f4"),
        "root": _base64(root, "<f4"),
        "rotations": _base64(np.rint(pose.quaternions * _QUATERNION_UNIT), "<i2"),
    }


def _leg(offsets: np.ndarray) -> float:
    """Length of both legs."""
    return float(np.linalg.norm(offsets[_LEG], axis=-1).sum())


def _sides(skeleton: Skeleton) -> list[int]:
    """1 for joints on the left, -1 on the right, 0 in the middle."""
    sides = [0] * skeleton.num_joints
    for left, right in skeleton.mirror_pairs:
        sides[left], sides[right] = 1, -1
    return sides


def _base64(array: np.ndarray, dtype: str) -> str:
    return base64.b64encode(np.ascontiguousarray(array, dtype=dtype).tobytes()).decode("ascii")
