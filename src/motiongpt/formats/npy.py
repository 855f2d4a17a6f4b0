"""NumPy arrays: joints (T, 22, 3), and feature rows of HumanML3D or KIT.

Such are the files of HumanML3D (Guo et al., CVPR 2022): ``new_joints/*.npy`` and ``new_joint_vecs/*.npy``. Joints are
in metres, Y up.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from motiongpt.errors import MotionGPTError
from motiongpt.files import atomic_path
from motiongpt.formats import contents
from motiongpt.formats.arrays import holds_objects, load_npy
from motiongpt.formats.pickled_arrays import load_objects
from motiongpt.formats.reading import Reading
from motiongpt.motion.motion import Motion
from motiongpt.motion.skeleton import Skeleton


def read(
    path: Path,
    *,
    fps: float | None = None,
    unit: str | float | None = None,
    up: str | None = None,
    clip: str | None = None,
    skeleton: str | Skeleton | None = None,
) -> Reading:
    """Read an .npy of joints or features.

    Args:
        path: the file. Features must not be normalised. Of SMPL joints (T, 24, 3), (T, 52, 3) or (T, 55, 3) the first
            22 are used. SMPL poses (T, 72), (T, 156) or (T, 165), axis times radians, move the average body in place.
        fps: frame rate; None stands for the skeleton's: 20 for HumanML3D, 12.5 for KIT.
        unit: unit of joints (see :data:`motiongpt.formats.rig.UNITS`); None stands for metres if the legs are human
            then, else it is estimated from them. KIT joints may also be in the unit of the data set.
        up: the vertical axis, see :data:`motiongpt.formats.orientation.AXES`; None finds it from the body.
        clip: one of several motions (N, T, 22, 3) or (N, T, 263), "0" to N-1; None stands for the first one.
        skeleton: "humanml3d" or "kit"; (T, 21, 3) is read as KIT only if this says so.

    Returns:
        Joints (T, J, 3), metres, Y up, placed as in the file. Features start at the origin, facing +Z.

    Raises:
        MotionGPTError: another shape (the text lists the known ones), keypoints that lack joints (the text says what
            helps), poses without ``fps``, pickled objects, a text file, NaN.
    """
    content = load_objects(path) if holds_objects(path) else load_npy(path)
    return contents.read(content, path, fps=fps, unit=unit, up=up, clip=clip, skeleton=skeleton)


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
        # Through memory: numpy.save does not say why a disk refuses the numbers of an array.
        stream = io.BytesIO()
        np.save(stream, array.astype(np.float32), allow_pickle=False)
        temporary.write_bytes(stream.getbuffer())
