"""Parameters of the SMPL family, under the names and in the shapes that programs give them.

SMPL (24 joints), SMPL+H (52) and SMPL-X (55) share the first 22 joints, which are HumanML3D's. Rotations are axis times
radians, matrices or quaternions; their shape tells which. Programs write them as one array (``poses``) or as the root
and the body (``global_orient`` and ``body_pose``, ``root_orient`` and ``pose_body``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from motiongpt.bodies.posing import rest_joints
from motiongpt.bodies.rest_pose import SMPL_PELVIS, rest_offsets
from motiongpt.errors import MotionGPTError
from motiongpt.motion import rotations
from motiongpt.motion.kinematics import forward
from motiongpt.motion.skeleton import HUMANML3D

_J = HUMANML3D.num_joints
# Joints in a pose: HumanML3D alone, SMPL, SMPL+H, SMPL-X; and without the root.
_JOINTS = (22, 24, 52, 55)
# Words of a name that say nothing about what it holds.
_FILLERS = {"smpl", "smplx", "smplh", "pred", "aa", "axis", "angle", "axisangle", "params", "param", "seq", "full"}
_WORLD = {"world", "global", "w"}
_CAMERA = {"cam", "camera", "incam", "c"}
_POSES = {"pose", "poses", "fullpose", "rotmat", "rotmats", "thetas", "theta"}
_ROOTS = {"globalorient", "rootorient", "rootpose", "orient", "globalrot", "rootrot", "globalrotation", "rootrotation"}
_BODIES = {"bodypose", "posebody", "bodyposes"}
_TRANS = {
    "trans",
    "transl",
    "translation",
    "translations",
    "roottrans",
    "roottranslation",
    "rootpos",
    "transorig",
    "roottransoffset",
}
_BETAS = {"betas", "beta", "shape", "shapes"}
_RATES = {"mocapframerate", "fps", "framerate", "mocapfps", "videofps", "videoframerate", "framespersecond"}


@dataclass(frozen=True)
class Parameters:
    """A motion of SMPL.

    Attributes:
        quaternions: (T, 22, 4) rotations relative to the parent.
        trans: (T, 3) translation in metres; None if the file has none.
        betas: shape, (B,).
        remarks: what was guessed.
    """

    quaternions: np.ndarray
    trans: np.ndarray | None
    betas: np.ndarray
    remarks: tuple[str, ...] = ()


def _key(name: str) -> tuple[str, int]:
    """What a name means, and how good its coordinates are: 0 for the world, 1 for unknown ones, 2 for a camera's."""
    words = [word for word in re.split(r"[^a-z0-9]+", name.lower()) if word]
    rank = 1
    if len(words) > 1:
        if words[-1] in _WORLD or (words[0] == "world"):
            rank, words = 0, words[:-1] if words[-1] in _WORLD else words[1:]
        elif words[-1] in _CAMERA:
            rank, words = 2, words[:-1]
    kept = [word for word in words if word not in _FILLERS]
    return "".join(kept or words), rank


def _named(content: Mapping[str, Any], names: set[str]) -> np.ndarray | None:
    """The array of the best of some names."""
    ranked = [
        (rank, np.asarray(value))
        for name, value in content.items()
        for key, rank in (_key(name),)
        if key in names and isinstance(value, (np.ndarray, np.generic, int, float))
    ]
    return min(ranked, key=lambda entry: entry[0])[1] if ranked else None


def present(content: Mapping[str, Any]) -> bool:
    """Whether a dictionary has poses of SMPL."""
    if _named(content, _ROOTS) is not None and _named(content, _BODIES) is not None:
        return True
    pose = _named(content, _POSES)
    return pose is not None and pose.ndim >= 2


def frame_rate(content: Mapping[str, Any]) -> float | None:
    """The frame rate in a dictionary, under any of its names."""
    rate = _named(content, _RATES)
    if rate is not None and rate.size == 1 and np.issubdtype(rate.dtype, np.number):
        return float(rate.reshape(()))
    return None


def read(content: Mapping[str, Any], source: str) -> Parameters:
    """The parameters in a dictionary.

    Raises:
        MotionGPTError: they have unknown shapes, different lengths, or are not finite.
    """
    remarks: list[str] = []
    root, body, pose = (_named(content, names) for names in (_ROOTS, _BODIES, _POSES))
    if root is not None and body is not None:
        quaternions = np.concatenate(
            [_turns(root, 1, "global_orient", source), _turns(body, _J - 1, "body_pose", source)], axis=1
        )
    else:
        if pose is None:
            raise MotionGPTError(f"{source}: there are no poses of SMPL.")
        quaternions = _turns(pose, _J, "poses", source)
    frames = len(quaternions)
    if frames == 0:
        raise MotionGPTError(f"{source}: there are no frames.")
    trans = _named(content, _TRANS)
    if trans is None:
        remarks.append("There is no translation in the file; the body moves in place.")
    else:
        trans = _translation(trans, content, frames, source)
    for name, array in (("poses", quaternions.reshape(frames, -1)), ("trans", trans)):
        bad = np.zeros(1, dtype=bool) if array is None else ~np.isfinite(array).all(axis=-1)
        if bad.any():
            raise MotionGPTError(
                f"{source}: {name} of frame {int(bad.argmax())} (from 0) is not finite; repair or remove it."
            )
    betas = _named(content, _BETAS)
    betas = np.zeros(0) if betas is None or not betas.size else np.atleast_2d(np.asarray(betas, dtype=np.float64))[0]
    return Parameters(quaternions, trans, np.ravel(betas), tuple(remarks))


def _translation(trans: np.ndarray, content: Mapping[str, Any], frames: int, source: str) -> np.ndarray:
    """(T, 3) of a translation of shape (T, 3), (T, 1, 3) or (1, T, 3)."""
    shape = trans.shape
    if shape in ((frames, 1, 3), (1, frames, 3)):
        trans = trans.reshape(frames, 3)
    if trans.shape != (frames, 3):
        raise MotionGPTError(f"{source}: trans has shape {shape}, expected ({frames}, 3), a row for each pose.")
    # AIST++ scales the body; its translation is in the unit of the scaled one.
    scaling = _named(content, {"scaling"})
    scale = 1.0 if scaling is None or scaling.size != 1 else float(scaling.reshape(()))
    return trans.astype(np.float64) / (scale if np.isfinite(scale) and scale > 0 else 1.0)


def joints(parameters: Parameters, rest: np.ndarray) -> np.ndarray:
    """Positions (T, 22, 3) in metres, along the axes of the file.

    Args:
        parameters: the motion; without a translation the pelvis stays at the origin.
        rest: (22, 3) joints of the body at rest.
    """
    place = np.zeros((len(parameters.quaternions), 3)) if parameters.trans is None else parameters.trans + rest[0]
    return forward(rest - rest[list(HUMANML3D.parents)], HUMANML3D.parents, parameters.quaternions, place)


def mean_rest() -> np.ndarray:
    """(22, 3) joints of the average body at rest, with HumanML3D's bone lengths."""
    return SMPL_PELVIS + rest_joints(rest_offsets(np.array(HUMANML3D.lengths)), HUMANML3D.parents)


def _turns(array: np.ndarray, wanted: int, name: str, source: str) -> np.ndarray:
    """(T, wanted, 4) quaternions of an array in any of the known shapes.

    Raises:
        MotionGPTError: the shape is unknown, or the matrices are no rotations.
    """
    found = array.shape
    counts = (1,) if wanted == 1 else tuple(count - (_J - wanted) for count in _JOINTS)
    if array.ndim == 4 and array.shape[0] == 1 and array.shape[-1] in (3, 4) and array.shape[-2:] != (3, 3):
        array = array[0]
    if array.ndim == 5 and len(array) == 1:
        array = array[0]
    if array.ndim == 3 and len(array) == 1 and array.shape[2] in [count * 3 for count in counts if count > 1]:
        array = array[0]
    array = array.astype(np.float64)
    if wanted == 1 and array.ndim in (2, 3) and array.shape[1:] in ((3,), (4,), (3, 3), (1, 3), (1, 4)):
        array = array if array.ndim == 3 and array.shape[1] == 1 else array[:, None]
    elif array.ndim == 2:
        for count in counts:
            for width, shape in ((3, (3,)), (9, (3, 3))):
                if array.ndim == 2 and array.shape[1] == count * width:
                    array = array.reshape(len(array), count, *shape)
    if array.ndim not in (3, 4) or array.shape[1] not in counts or array.shape[2:] not in ((3,), (4,), (3, 3)):
        widths = ", ".join(str(count * 3) for count in counts)
        raise MotionGPTError(
            f"{source}: {name} have shape {found}, expected (T, J * 3) with J * 3 one of {widths}, (T, J, 3), or "
            "matrices (T, J, 3, 3)."
        )
    array = array[:, :wanted]
    if array.shape[2:] == (3,):
        return rotations.from_axis_angle(array)
    if array.shape[2:] == (4,):
        # The real part is the largest in most joints of most frames.
        if np.abs(array[..., 3]).mean() > np.abs(array[..., 0]).mean():
            array = array[..., [3, 0, 1, 2]]
        return array / np.maximum(np.linalg.norm(array, axis=-1, keepdims=True), 1e-12)
    error = np.abs(array @ np.swapaxes(array, -1, -2) - np.eye(3)).max(initial=0)
    if not error < 0.05:
        raise MotionGPTError(f"{source}: {name} of shape {found} are no rotation matrices; check the file.")
    return rotations.from_matrix(array)
