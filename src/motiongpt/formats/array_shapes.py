"""What an array of numbers holds, by its shape: joints, feature rows, or poses of SMPL; or several motions of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from motiongpt.errors import MotionGPTError
from motiongpt.formats import orientation, rig, smpl_parameters
from motiongpt.formats.reading import Reading, read_joints
from motiongpt.motion.features import FeatureLayout
from motiongpt.motion.motion import Motion
from motiongpt.motion.skeleton import HUMANML3D, KIT, SKELETONS, Skeleton

# The 24 joints of SMPL, 52 of SMPL+H and 55 of SMPL-X begin with the 22 of HumanML3D.
LARGER = (24, 52, 55)
# SMPL, SMPL+H and SMPL-X, axis times radians; (T, 66) would be joints.
_POSE_WIDTHS = (72, 156, 165)
_KEYPOINTS = {17: "COCO or Human3.6M", 25: "Kinect v2 or OpenPose", 32: "Azure Kinect", 33: "MediaPipe"}
_EXPECTED = "joints (T, 22, 3), (N, T, 22, 3) or (T, 66), HumanML3D features (T, 263) or KIT features (T, 251)"
# Legs of HumanML3D features, whose body is always the same one of 0.82 m; generated ones vary a little.
_FEATURE_LEGS = (0.5, 1.2)


def find_skeleton(skeleton: str | Skeleton | None, path: Path) -> Skeleton | None:
    """A skeleton by name.

    Raises:
        MotionGPTError: there is none of that name.
    """
    if skeleton is None or isinstance(skeleton, Skeleton):
        return skeleton
    if skeleton.lower() not in SKELETONS:
        raise MotionGPTError(f"{path}: unknown skeleton {skeleton!r}; known are {', '.join(SKELETONS)}.")
    return SKELETONS[skeleton.lower()]


def choose(names: Sequence[str], clip: str | None, path: Path) -> tuple[int, tuple[str, ...]]:
    """The index of a clip by its name, the first one if it is left out, and a remark if there are others.

    Raises:
        MotionGPTError: no clip has that name.
    """
    if clip is None:
        if len(names) == 1:
            return 0, ()
        return 0, (
            f"The file holds {len(names)} motions, of which the first, {names[0]!r}, was read; --clip NAME reads "
            "another one, and --all-clips all.",
        )
    if clip not in names:
        some = ", ".join(names[:10]) + (", ..." if len(names) > 10 else "")
        raise MotionGPTError(f"{path}: there is no clip {clip!r}; --clip must be one of {some}.")
    return list(names).index(clip), ()


def read_array(
    array: np.ndarray,
    path: Path,
    *,
    fps: float | None = None,
    unit: str | float | None = None,
    up: str | None = None,
    clip: str | None = None,
    skeleton: str | Skeleton | None = None,
    name: str | None = None,
) -> Reading:
    """The motion of an array; arguments and errors are those of :func:`motiongpt.formats.npy.read`."""
    requested = find_skeleton(skeleton, path)
    rate = None if fps is None else rig.check_fps(fps, str(path))
    name = path.stem if name is None else name
    if not (np.issubdtype(array.dtype, np.floating) or np.issubdtype(array.dtype, np.integer)):
        raise MotionGPTError(
            f"{path}: holds {array.dtype} values, expected real numbers; save the array again as float32."
        )
    if 0 in array.shape:
        raise MotionGPTError(f"{path}: there are no frames, the shape is {array.shape}.")
    joints = (HUMANML3D.num_joints, *LARGER, *((KIT.num_joints,) if requested is KIT else ()))
    is_batch = (array.ndim == 4 and array.shape[2] in joints and array.shape[3] == 3) or (
        array.ndim == 3 and array.shape[2] in (HUMANML3D.feature_dim, KIT.feature_dim)
    )
    if is_batch:
        names = tuple(str(index) for index in range(len(array)))
        index, remarks = choose(names, clip, path)
        reading = read_array(array[index], path, fps=fps, unit=unit, up=up, skeleton=requested, name=name)
        if len(array) == 1:
            return reading
        motion = replace(reading.motion, name=f"{name}-{names[index]}")
        return replace(reading, motion=motion, clips=names, clip=names[index]).with_remarks(*remarks)
    if clip is not None:
        raise MotionGPTError(f"{path}: holds one motion, which has no name; leave out --clip.")

    for known in (HUMANML3D, KIT):
        if array.ndim == 2 and array.shape[1] == known.feature_dim and requested in (None, known):
            return _of_features(array, known, path, rate, up, name)
    if array.ndim == 2 and array.shape[1] in _POSE_WIDTHS and requested in (None, HUMANML3D):
        return _of_poses(array, path, rate, up, name)
    target = requested or HUMANML3D
    if array.ndim == 3 and array.shape[1] in LARGER and array.shape[2] == 3 and target is HUMANML3D:
        array = array[:, : HUMANML3D.num_joints]
    if array.ndim == 2 and array.shape[1] == target.num_joints * 3:
        array = array.reshape(len(array), -1, 3)
    if array.ndim != 3 or array.shape[1:] != (target.num_joints, 3):
        raise _unknown_shape(array, target, path)
    rig.check_finite(array, path, target.joints)
    decided = f"{rate or target.fps:g}: " + ("given" if rate else f"as usual for {target.name}")
    if target is KIT:
        return _of_kit(array, path, rate, unit, up, name, decided)
    reading = read_joints(array, path, fps=rate or target.fps, up=up, unit=unit, declared_unit=1.0, name=name)
    return replace(reading, decided={"fps": decided, **reading.decided})


def _unknown_shape(array: np.ndarray, target: Skeleton, path: Path) -> MotionGPTError:
    if array.ndim == 3 and array.shape[1] in _KEYPOINTS and array.shape[2] in (3, 4):
        return MotionGPTError(
            f"{path}: {array.shape[1]} points are {_KEYPOINTS[array.shape[1]]} keypoints, which lack spine, collar or "
            "toe joints of HumanML3D; fit SMPL to them (with SMPLify-X or smplfitter, for example) and give its joints "
            "(T, 24, 3) or its poses (T, 72)."
        )
    hint = ""
    if array.ndim == 3 and array.shape[1:] == (KIT.num_joints, 3):
        hint = "; if these are the 21 joints of KIT-ML, give --skeleton kit (in Python skeleton='kit')"
    elif array.ndim >= 3 and array.shape[-3:-1] == (HUMANML3D.num_joints, 3):
        hint = "; this looks like (22, 3, T), so transpose it"
    wanted = _EXPECTED if target is HUMANML3D else "KIT joints (T, 21, 3) or features (T, 251)"
    return MotionGPTError(f"{path}: the shape is {array.shape}, expected {wanted}{hint}.")


def _of_kit(
    array: np.ndarray,
    path: Path,
    rate: float | None,
    unit: str | float | None,
    up: str | None,
    name: str,
    fps: str,
) -> Reading:
    """KIT joints, in metres or in the unit of the data set."""
    if up is not None:
        array = array @ orientation.TURNS[orientation.find(array, str(path), given=up).axis].T
    if unit is not None:
        scale, text = rig.unit_scale(unit, str(path)), f"{unit}: given"
    else:
        a, b = KIT.leg_joints
        leg = float(sum(np.linalg.norm(array[0, j] - array[0, KIT.parents[j]]) for j in (a, b)))
        scale = KIT.metres_per_unit if leg > rig.LEG_RANGE[1] else 1.0
        text = f"{rig.unit_name(scale)}: legs of {leg:.3g} units"
        if not 0.1 < leg * scale < 3:
            raise MotionGPTError(
                f"{path}: legs of {leg:.3g} are not joint positions in metres; give the unit with --unit (in Python "
                "unit=), or check that these are joints, not rotations."
            )
    motion = Motion((array * scale).astype(np.float32), fps=rate or KIT.fps, skeleton=KIT, name=name)
    return Reading(
        motion, decided={"fps": fps, "unit": text, "up": "y: as usual for kit" if up is None else f"{up}: given"}
    )


def _of_features(
    array: np.ndarray, known: Skeleton, path: Path, rate: float | None, up: str | None, name: str
) -> Reading:
    """Feature rows, which must not be normalised."""
    bad = ~np.isfinite(array)
    if bad.any():
        frame, column = np.argwhere(bad)[0]
        raise MotionGPTError(
            f"{path}: feature {column} of frame {frame} (from 0) is not a finite number; repair or remove the frame."
        )
    motion = Motion.from_features(array.astype(np.float32), known, name=name)
    contacts = array[:, FeatureLayout(known).contacts]
    legs = rig.leg_length(motion.joints) if known is HUMANML3D else None
    if contacts.min() < -0.75 or contacts.max() > 1.75 or (legs and not _FEATURE_LEGS[0] < legs < _FEATURE_LEGS[1]):
        raise MotionGPTError(
            f"{path}: these features are normalised or damaged, as their foot contacts run from {contacts.min():.2g} "
            f"to {contacts.max():.2g} instead of from 0 to 1"
            + (f" and their legs are {legs:.2g} m long" if legs else "")
            + "; undo it with the mean and std of the data set they were made with: "
            "numpy.save(path, features * numpy.load('Std.npy') + numpy.load('Mean.npy'))."
        )
    if up is not None:
        turn = orientation.TURNS[orientation.find(motion.joints, str(path), given=up).axis]
        motion = replace(motion, joints=motion.joints @ turn.T)
    if rate is not None:
        motion = replace(motion, fps=rate)
    return Reading(
        motion,
        decided={
            "fps": f"{motion.fps:g}: " + ("given" if rate else f"as usual for {known.name}"),
            "unit": "m: as the features define it",
            "up": "y: as the features define it" if up is None else f"{up}: given",
        },
    )


def _of_poses(array: np.ndarray, path: Path, rate: float | None, up: str | None, name: str) -> Reading:
    """Poses of SMPL: the average body moves in place."""
    if rate is None:
        raise MotionGPTError(f"{path}: SMPL poses {array.shape} have no frame rate; {rig.GIVE_FPS}.")
    parameters = smpl_parameters.read({"poses": array}, str(path))
    return of_parameters(parameters, smpl_parameters.mean_rest(), path, rate, "given", up=up, name=name)


def of_parameters(
    parameters: smpl_parameters.Parameters,
    rest: np.ndarray,
    path: Path,
    rate: float,
    rate_reason: str,
    *,
    up: str | None = None,
    usual_up: str = "y",
    lead: float = orientation.OPEN,
    name: str = "",
) -> Reading:
    """The motion of parameters of SMPL.

    Args:
        parameters: of SMPL.
        rest: (22, 3) joints of the body at rest in metres.
        path: the file, for messages.
        rate, rate_reason: frames per second, and why.
        up, usual_up, lead: see :func:`motiongpt.formats.orientation.find`.
        name: of the motion.

    Raises:
        MotionGPTError: an unknown axis.
    """
    reading = read_joints(
        smpl_parameters.joints(parameters, rest),
        path,
        fps=rate,
        up=up,
        usual_up=usual_up,
        lead=lead,
        turns=orientation.SMPL_TURNS,
        unit=1.0,
        name=name,
    )
    decided = {**reading.decided, "fps": f"{rate:g}: {rate_reason}", "unit": "m: as SMPL is"}
    return replace(reading, decided=decided, remarks=(*parameters.remarks, *reading.remarks))
