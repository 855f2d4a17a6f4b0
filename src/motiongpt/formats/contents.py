"""Motions in a dictionary of named arrays, as .npz, .pkl, .pt and pickled .npy files hold them.

Recognised by names and shapes, at any depth: parameters of SMPL (AMASS, AIST++, GVHMR, WHAM, TRAM, PromptHMR, PHC and
the smplx package's own names), joints (Kimodo, results.npy of MDM and its kin), and positions of a rig with the names
of its joints. Where a program gives both, coordinates of the world are taken rather than those of a camera.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from motiongpt.errors import MotionGPTError
from motiongpt.formats import array_shapes, joint_maps, orientation, rig, smpl_parameters
from motiongpt.formats.reading import Figure, Reading, read_rig
from motiongpt.motion.skeleton import HUMANML3D, KIT, Skeleton

# Files of this package hold the rest pose of their rotations.
REST_KEY = "rest_joints"
_JOINTS = (
    "joints", "joints3d", "joints_3d", "posed_joints", "joint_positions", "positions", "smpl_joints", "smplx_joints",
    "joints_world", "world_joints", "pred_joints", "new_joints", "motion", "motions", "xyz", "features",
    "new_joint_vecs",
)  # fmt: skip
_AMASS_RATES = ("mocap_framerate", "mocap_frame_rate")
_MAX_DEPTH = 6
_MAX_CLIPS = 10_000


@dataclass(frozen=True)
class _Clip:
    """One motion: its parameters or joints, and the dictionaries around it, innermost first."""

    trail: tuple[str, ...]
    content: Mapping[str, Any] | np.ndarray
    around: tuple[Mapping[str, Any], ...]
    text: str = ""

    @property
    def name(self) -> str:
        said = [part for part in self.trail if not re.match(r"(smplx?h?|joints?)($|_)", part)]
        return " ".join(said) or " ".join(self.trail)

    @property
    def in_camera(self) -> bool:
        return any(re.search(r"(^|_)(in)?cam(era)?($|_)", part) for part in self.trail)

    @property
    def in_world(self) -> bool:
        return any(re.search(r"(^|_)(global|world)($|_)", part) for part in self.trail)


def read(
    content: Any,
    path: Path,
    *,
    fps: float | None = None,
    unit: str | float | None = None,
    up: str | None = None,
    clip: str | None = None,
    body_model: str | Path | None = None,
    skeleton: str | Skeleton | None = None,
) -> Reading:
    """The motion in the content of a file.

    Args:
        content: a dictionary, list or array.
        path: the file, for messages.
        fps, unit, up: override what the file has.
        clip: name of one of several motions; None stands for the first one.
        body_model: the user's body model for parameters of SMPL, see :mod:`motiongpt.formats.amass`.
        skeleton: see :func:`motiongpt.formats.npy.read`.

    Returns:
        Joints (T, 22, 3), metres, Y up, at the performer's place in the world.

    Raises:
        MotionGPTError: no known motion, or one with faults.
    """
    if isinstance(content, np.ndarray):
        return array_shapes.read_array(content, path, fps=fps, unit=unit, up=up, clip=clip, skeleton=skeleton)
    clips = _clips(content)
    if not clips:
        raise _nothing_known(content, path)
    names = tuple(one.name or str(index) for index, one in enumerate(clips))
    index, remarks = array_shapes.choose(names, clip, path)
    chosen = clips[index]
    name = path.stem if len(clips) == 1 else f"{path.stem}-{names[index]}"
    if isinstance(chosen.content, np.ndarray):
        rate = fps if fps is not None else _rate(chosen)
        reading = array_shapes.read_array(
            chosen.content, path, fps=rate, unit=unit, up=up, skeleton=skeleton, name=name
        )
    elif "names" in chosen.content:
        reading = _of_rig(chosen, path, fps, unit, up, name)
    else:
        reading = _of_parameters(chosen, path, fps, up, body_model, name)
    if chosen.text:
        reading = replace(reading, motion=replace(reading.motion, text=chosen.text))
    if len(clips) > 1:
        reading = replace(reading, clips=names, clip=names[index])
    return reading.with_remarks(*remarks)


def _clips(content: Any) -> list[_Clip]:
    """The motions of a file; those in a camera's coordinates only if there are no others."""
    # Arrays of joints under unknown names count where nothing has a known one.
    clips = list(_walk(content, (), (), _JOINTS)) or list(_walk(content, (), (), None))
    world = [clip for clip in clips if clip.in_world]
    return world or [clip for clip in clips if not clip.in_camera] or clips


def _walk(
    content: Any,
    trail: tuple[str, ...],
    around: tuple[Mapping[str, Any], ...],
    keys: tuple[str, ...] | None,
    left: list[int] | None = None,
) -> Iterator[_Clip]:
    """The motions in some content; joints only under these keys, or under any if they are None."""
    left = [_MAX_CLIPS] if left is None else left
    left[0] -= 1
    if len(trail) > _MAX_DEPTH or left[0] < 0:
        return
    if isinstance(content, Mapping):
        inner = (content, *around)
        if smpl_parameters.present(content):
            yield _Clip(trail, content, around)
            return
        if _is_rig(content):
            yield _Clip(trail, content, around)
            return
        for key in tuple(content) if keys is None else keys:
            array = content.get(key)
            if isinstance(array, np.ndarray) and (found := list(_joint_arrays(array, content))):
                for part, joints, text in found:
                    yield _Clip((*trail, *part), joints, inner, text)
                return
        for key, value in content.items():
            yield from _walk(value, (*trail, str(key)), inner, keys, left)
    elif isinstance(content, list):
        for index, value in enumerate(content):
            yield from _walk(value, (*trail, str(index)), around, keys, left)


def _is_rig(content: Mapping[str, Any]) -> bool:
    names, positions = content.get("names"), content.get("positions")
    return (
        isinstance(positions, np.ndarray)
        and positions.ndim == 3
        and positions.shape[2] == 3
        and names is not None
        and len(np.ravel(names)) == positions.shape[1]
    )


def _joint_arrays(array: np.ndarray, around: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], np.ndarray, str]]:
    """Trail, array and caption of each motion of joints or features in an array."""
    counts = (HUMANML3D.num_joints, KIT.num_joints)
    if array.ndim == 4 and array.shape[1] in counts and array.shape[2] == 3 and array.shape[3] != 3:
        array = array.transpose(0, 3, 1, 2)  # MDM has (N, 22, 3, T)
    elif array.ndim == 3 and array.shape[0] in counts and array.shape[1] == 3:
        array = array.transpose(2, 0, 1)
    elif array.ndim == 4 and array.shape[1] in (HUMANML3D.feature_dim, KIT.feature_dim) and array.shape[2] == 1:
        array = array[:, :, 0].transpose(0, 2, 1)  # and features (N, 263, 1, T)
    if array.ndim < 2:
        return
    single = 3 if array.shape[-1] == 3 else 2
    if array.shape[-1] not in (3, HUMANML3D.feature_dim, KIT.feature_dim):
        return
    if single == 3 and (array.ndim < 3 or array.shape[-2] not in (*counts, *array_shapes.LARGER)):
        return
    if array.ndim == single:
        yield (), array, ""
    elif array.ndim == single + 1:
        texts, lengths = around.get("text", ()), np.ravel(around.get("lengths", ()))
        for index, one in enumerate(array):
            length = int(lengths[index]) if len(lengths) == len(array) else len(one)
            text = str(texts[index]) if isinstance(texts, (list, np.ndarray)) and len(texts) == len(array) else ""
            yield ((str(index),) if len(array) > 1 else ()), one[: max(length, 1)], text


def _rate(clip: _Clip) -> float | None:
    """The frame rate that the file has, beside the motion or around it."""
    near = (clip.content,) if isinstance(clip.content, Mapping) else ()
    for content in (*near, *clip.around):
        rate = smpl_parameters.frame_rate(content)
        if rate is not None:
            return rate
    return None


def _of_parameters(
    clip: _Clip, path: Path, fps: float | None, up: str | None, body_model: str | Path | None, name: str
) -> Reading:
    assert isinstance(clip.content, Mapping)
    content = clip.content
    source = f"{path}, {clip.name}" if clip.name else str(path)
    parameters = smpl_parameters.read(content, source)
    remarks: tuple[str, ...] = ()
    rate, reason = _rate(clip), "as the file says"
    if fps is not None:
        rate, reason = fps, "given"
    elif rate is None and any(part == "smpl_params_global" or part == "smpl_params_incam" for part in clip.trail):
        rate, reason = 30.0, "as GVHMR samples videos"
    elif rate is None and "smpl_scaling" in content:
        rate, reason = 60.0, "as AIST++ is"
    if rate is None:
        raise MotionGPTError(f"{path}: there is no {' or '.join(_AMASS_RATES)}; {rig.GIVE_FPS}.")
    if fps is None and reason != "as the file says":
        remarks = (f"The file has no frame rate; {rate:g} was taken, {reason}, and --fps names another one.",)
    rest = smpl_parameters.mean_rest()
    usual, lead = "y", orientation.OPEN
    if any(key in content for key in _AMASS_RATES):
        usual, lead = "z", orientation.USUAL
    elif clip.in_camera:
        usual = "-y"
        remarks += ("The motion is in the coordinates of a camera, which may itself have moved.",)
    if body_model is not None:
        from motiongpt.formats.amass import rest_of_body_model

        rest = rest_of_body_model(Path(body_model), parameters.betas)
    elif REST_KEY in content:
        rest, lead = np.asarray(content[REST_KEY], dtype=np.float64), orientation.CERTAIN
        if rest.shape != (HUMANML3D.num_joints, 3) or not np.isfinite(rest).all():
            raise MotionGPTError(
                f"{path}: {REST_KEY} has shape {rest.shape}, expected ({HUMANML3D.num_joints}, 3) finite numbers."
            )
    reading = array_shapes.of_parameters(
        parameters,
        rest,
        path,
        rig.check_fps(rate, str(path)),
        reason,
        up=up,
        usual_up=usual,
        lead=lead,
        name=name,
    )
    return reading.with_remarks(*remarks)


def _of_rig(clip: _Clip, path: Path, fps: float | None, unit: str | float | None, up: str | None, name: str) -> Reading:
    """Positions of a rig (T, N, 3) with the names of its joints."""
    assert isinstance(clip.content, Mapping)
    names = [str(joint) for joint in np.ravel(clip.content["names"])]
    positions = np.asarray(clip.content["positions"], dtype=np.float64)
    rate = fps if fps is not None else _rate(clip)
    if rate is None:
        raise MotionGPTError(f"{path}: there is no frame rate; {rig.GIVE_FPS}.")
    if not len(positions):
        raise MotionGPTError(f"{path}: there are no frames.")
    parents = np.ravel(clip.content.get("parents", np.full(len(names), -1)))
    if len(parents) != len(names) or not np.issubdtype(parents.dtype, np.integer):
        raise MotionGPTError(f"{path}: parents must be one index for each of the {len(names)} joints.")
    mapping = joint_maps.find(names, str(path))
    figure = Figure(names, [int(parent) for parent in parents])
    rate = rig.check_fps(rate, str(path))
    return read_rig(figure, mapping, positions, path, fps=rate, up=up, unit=unit, declared_unit=1.0, name=name)


def _nothing_known(content: Any, path: Path) -> MotionGPTError:
    found: list[str] = []
    if isinstance(content, Mapping):
        found = [
            f"{key} {value.shape}" if isinstance(value, np.ndarray) else str(key)
            for key, value in list(content.items())[:8]
        ]
        if "posed_joints" in content or "global_rot_mats" in content:
            return MotionGPTError(
                f"{path}: holds the motion of Kimodo for a skeleton of its own ({', '.join(found)}); give the BVH or "
                "the AMASS .npz of SMPL-X that Kimodo exports instead."
            )
        if any(isinstance(value, np.ndarray) and value.dtype == object for value in content.values()):
            return MotionGPTError(
                f"{path}: its arrays are pickled, which .npz files of motions are not; save them again as float32 with "
                "numpy.savez."
            )
    lacking = "trans" if isinstance(content, Mapping) and "poses" in content else "poses"
    return MotionGPTError(
        f"{path}: holds no known motion ({', '.join(found) or type(content).__name__}), it lacks {lacking}; expected "
        "parameters of SMPL (poses and trans, or global_orient, body_pose and transl), or joints (T, 22, 3)."
    )
