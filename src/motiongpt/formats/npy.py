"""NumPy arrays: joints (T, 22, 3), and feature rows of HumanML3D or KIT.

Such are the files of HumanML3D (Guo et al., CVPR 2022): ``new_joints/*.npy`` and ``new_joint_vecs/*.npy``. Joints are
in metres, Y up.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from motiongpt.errors import MotionGPTError
from motiongpt.files import atomic_path
from motiongpt.formats import rig, smpl_poses
from motiongpt.formats.arrays import load_npy
from motiongpt.formats.reading import Reading
from motiongpt.motion.motion import Motion
from motiongpt.motion.skeleton import HUMANML3D, KIT, SKELETONS, Skeleton

# The 24 joints of SMPL, 52 of SMPL+H and 55 of SMPL-X begin with the 22 of HumanML3D.
_LARGER = (24, 52, 55)
_KEYPOINTS = {17: "COCO or Human3.6M", 25: "Kinect v2 or OpenPose", 32: "Azure Kinect", 33: "MediaPipe"}
_EXPECTED = "joints (T, 22, 3), (1, T, 22, 3) or (T, 66), HumanML3D features (T, 263) or KIT features (T, 251)"


def _skeleton(skeleton: str | Skeleton | None, path: Path) -> Skeleton | None:
    if skeleton is None or isinstance(skeleton, Skeleton):
        return skeleton
    if skeleton.lower() not in SKELETONS:
        raise MotionGPTError(f"{path}: unknown skeleton {skeleton!r}; known are {', '.join(SKELETONS)}.")
    return SKELETONS[skeleton.lower()]


def _leg(joints: np.ndarray, skeleton: Skeleton) -> float:
    """Length of the leg (hip to ankle) in the first finite frame, in units of the file."""
    a, b = skeleton.leg_joints
    frame = joints[np.isfinite(joints).all(axis=(1, 2)).argmax()]
    return float(sum(np.linalg.norm(frame[j] - frame[skeleton.parents[j]]) for j in (a, b)))


def read(
    path: Path,
    *,
    fps: float | None = None,
    unit: str | float | None = None,
    skeleton: str | Skeleton | None = None,
) -> Reading:
    """Read an .npy of joints or features.

    Args:
        path: the file. Features must not be normalised. Of SMPL joints (T, 24, 3), (T, 52, 3) or (T, 55, 3) the first
            22 are used. SMPL poses (T, 72), (T, 156) or (T, 165), axis times radians, move the average body in place.
        fps: frame rate; None stands for the skeleton's: 20 for HumanML3D, 12.5 for KIT.
        unit: unit of joints (see :data:`motiongpt.formats.rig.UNITS`); None stands for metres. KIT joints may also be
            in the unit of the data set, which is recognised by their size.
        skeleton: "humanml3d" or "kit"; (T, 21, 3) is read as KIT only if this says so.

    Returns:
        Joints (T, J, 3), metres, Y up, placed as in the file. Features start at the origin, facing +Z.

    Raises:
        MotionGPTError: another shape (the text lists the known ones), keypoints that lack joints (the text says what
            helps), poses without ``fps``, pickled objects, a text file, NaN.
    """
    array = load_npy(path)
    requested = _skeleton(skeleton, path)
    rate = None if fps is None else rig.check_fps(fps, str(path))
    if array.ndim == 4 and len(array) == 1:
        array = array[0]
    if array.ndim == 4 and array.shape[2:] == (HUMANML3D.num_joints, 3):
        raise MotionGPTError(f"{path}: holds {len(array)} motions; save each of them to a file of its own.")
    if 0 in array.shape:
        raise MotionGPTError(f"{path}: there are no frames, the shape is {array.shape}.")

    for known in (HUMANML3D, KIT):
        if array.ndim == 2 and array.shape[1] == known.feature_dim and requested in (None, known):
            bad = ~np.isfinite(array)
            if bad.any():
                frame, column = np.argwhere(bad)[0]
                raise MotionGPTError(
                    f"{path}: feature {column} of frame {frame} (from 0) is not a finite number; repair or remove the "
                    "frame."
                )
            motion = Motion.from_features(array.astype(np.float32), known, name=path.stem)
            return Reading(motion if rate is None else Motion(motion.joints, rate, known, motion.name))

    if array.ndim == 2 and array.shape[1] in smpl_poses.WIDTHS and requested in (None, HUMANML3D):
        return Reading(smpl_poses.to_motion(array, path, rate))
    target = requested or HUMANML3D
    if array.ndim == 3 and array.shape[1] in _LARGER and array.shape[2] == 3 and target is HUMANML3D:
        array = array[:, : HUMANML3D.num_joints]
    if array.ndim == 3 and array.shape[1] in _KEYPOINTS and array.shape[2] in (3, 4):
        raise MotionGPTError(
            f"{path}: {array.shape[1]} points are {_KEYPOINTS[array.shape[1]]} keypoints, which lack spine, collar or "
            "toe joints of HumanML3D; fit SMPL to them (with SMPLify-X or smplfitter, for example) and give its joints "
            "(T, 24, 3) or its poses (T, 72)."
        )
    if array.ndim == 2 and array.shape[1] == target.num_joints * 3:
        array = array.reshape(len(array), -1, 3)
    if array.ndim != 3 or array.shape[1:] != (target.num_joints, 3):
        hint = ""
        if array.ndim == 3 and array.shape[1:] == (KIT.num_joints, 3):
            hint = "; if these are the 21 joints of KIT-ML, give --skeleton kit (in Python skeleton='kit')"
        elif array.ndim >= 3 and array.shape[-3:-1] == (HUMANML3D.num_joints, 3):
            hint = "; this looks like (22, 3, T), so transpose it"
        wanted = _EXPECTED if target is HUMANML3D else "KIT joints (T, 21, 3) or features (T, 251)"
        raise MotionGPTError(f"{path}: the shape is {array.shape}, expected {wanted}{hint}.")
    rig.check_finite(array, path, target.joints)
    if unit is not None:
        scale = rig.unit_scale(unit, str(path))
    else:
        leg = _leg(array, target)
        scale = target.metres_per_unit if target is KIT and leg > rig.LEG_RANGE[1] else 1.0
        if not 0.1 < leg * scale < 3:
            raise MotionGPTError(
                f"{path}: legs of {leg:.3g} are not joint positions in metres; give the unit with --unit (in Python "
                "unit=), or check that these are joints, not rotations."
            )
    return Reading(Motion((array * scale).astype(np.float32), fps=rate or target.fps, skeleton=target, name=path.stem))


def write(motion: Motion, path: Path, *, content: str | None = None) -> None:
    """Write joints (T, J, 3) float32 metres, or feature rows (T-1, 263) float32.

    Args:
        content: "joints" or "features"; None stands for features if the name ends in ``.features.npy``, else joints.

    Raises:
        MotionGPTError: unknown content; features of a motion that is not at the skeleton's frame rate.
    """
    if content is None:
        content = "features" if path.name.lower().endswith(".features.npy") else "joints"
    if content == "joints":
        array = motion.joints
    elif content == "features":
        if abs(motion.fps - motion.skeleton.fps) > 1e-6:
            raise MotionGPTError(
                f"{path}: features of {motion.skeleton.name} are at {motion.skeleton.fps:g} frames a second, but this "
                f"motion is at {motion.fps:g}; call Motion.standard() first."
            )
        array = motion.features()
    else:
        raise MotionGPTError(f"{path}: content must be 'joints' or 'features', not {content!r}.")
    with atomic_path(path) as temporary:
        np.save(temporary, array.astype(np.float32), allow_pickle=False)
