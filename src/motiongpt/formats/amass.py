"""AMASS .npz files (Mahmood et al., ICCV 2019): SMPL, SMPL+H or SMPL-X poses, without the licensed body model.

The file holds rotations, not positions. They move a fixed body: the average SMPL body at rest with HumanML3D's bone
lengths, or the user's own body model, shaped by the betas of the file. Files that this package has written also hold
``rest_joints``, the rest pose of their rotations, which is used instead.

AMASS has Z up. (x, y, z) becomes (-x, z, y), as in HumanML3D; this is a rotation, so left stays left.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from motiongpt.bodies.posing import fit_pose
from motiongpt.bodies.rest_pose import SMPL_PELVIS
from motiongpt.errors import MotionGPTError
from motiongpt.files import atomic_path
from motiongpt.formats import contents
from motiongpt.formats.arrays import load_npz
from motiongpt.formats.reading import Reading
from motiongpt.motion import rotations
from motiongpt.motion.motion import Motion
from motiongpt.motion.skeleton import HUMANML3D, Skeleton

_J = HUMANML3D.num_joints


def rest_of_body_model(path: Path, betas: np.ndarray) -> np.ndarray:
    """(22, 3) rest joints of a model file of the SMPL family (v_template, shapedirs, J_regressor) with these betas."""
    if path.suffix.lower() != ".npz":
        raise MotionGPTError(
            f"{path}: a body model must be an .npz with v_template, shapedirs and J_regressor; pickled files (.pkl) "
            "may run code and are not loaded."
        )
    needed = ("v_template", "shapedirs", "J_regressor")
    model = load_npz(path, needed)
    missing = [key for key in needed if key not in model]
    if missing:
        raise MotionGPTError(
            f"{path}: is not a SMPL body model, it lacks {', '.join(missing)}; give the model file itself."
        )
    template, shapes, regressor = (np.asarray(model[key], dtype=np.float64) for key in needed)
    vertices = len(template)
    if (
        template.shape != (vertices, 3)
        or shapes.shape[:2] != (vertices, 3)
        or shapes.ndim != 3
        or regressor.ndim != 2
        or regressor.shape[0] < _J
        or regressor.shape[1] != vertices
    ):
        raise MotionGPTError(
            f"{path}: expected v_template (V, 3), shapedirs (V, 3, B) and J_regressor (J >= 22, V), found "
            f"{template.shape}, {shapes.shape} and {regressor.shape}."
        )
    count = min(len(betas), shapes.shape[2])
    return regressor[:_J] @ (template + shapes[..., :count] @ betas[:count])


def read(
    path: Path,
    *,
    fps: float | None = None,
    unit: str | float | None = None,
    up: str | None = None,
    clip: str | None = None,
    body_model: str | Path | None = None,
    skeleton: str | Skeleton | None = None,
) -> Reading:
    """Read an AMASS motion, or the .npz of another program (see :mod:`motiongpt.formats.contents`).

    Args:
        path: .npz with poses (T, 66, 72, 156 or 165), or root_orient (T, 3) and pose_body (T, 63); trans (T, 3); and
            mocap_framerate or mocap_frame_rate.
        fps: overrides the frame rate of the file.
        unit: of joints; parameters of SMPL are in metres.
        up: the vertical axis, see :data:`motiongpt.formats.orientation.AXES`; None finds it from the body.
        clip: one of several motions; None stands for the first one.
        body_model: the user's SMPL+H (or SMPL, SMPL-X) model, an .npz, for the performer's own proportions.
        skeleton: see :func:`motiongpt.formats.npy.read`.

    Returns:
        Joints (T, 22, 3), metres, Y up, at the performer's place in the world.

    Raises:
        MotionGPTError: missing arrays, arrays of a wrong shape, no frame rate, a pickled body model.
    """
    content = load_npz(path)
    return contents.read(content, path, fps=fps, unit=unit, up=up, clip=clip, body_model=body_model, skeleton=skeleton)


def write(motion: Motion, path: Path) -> None:
    """Write poses (T, 156) of SMPL+H with flat hands, trans (T, 3), betas (16,) of zeros, gender and frame rate.

    Axes are those of AMASS, Z up. Programs with a body model show the average body in this motion; if its proportions
    differ from those of the motion, feet may slide a little.

    Raises:
        MotionGPTError: another skeleton than HumanML3D's, unwritable folder.
    """
    pose = fit_pose(motion)
    # Our (x, y, z) is (-x, z, y) in AMASS. The rest pose is the same in both, so turning the root is enough.
    turn = rotations.from_matrix(np.array([[-1.0, 0, 0], [0, 0, 1], [0, 1, 0]]))
    quaternions = pose.quaternions.copy()
    quaternions[:, 0] = rotations.multiply(turn, quaternions[:, 0])
    poses = np.zeros((len(motion), 156), dtype=np.float32)
    poses[:, : _J * 3] = rotations.to_axis_angle(quaternions).reshape(len(motion), -1)
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        np.savez(
            file,
            poses=poses,
            trans=(pose.root[:, [0, 2, 1]] * [-1, 1, 1] - SMPL_PELVIS).astype(np.float32),
            betas=np.zeros(16, dtype=np.float32),
            gender=np.array("neutral"),
            mocap_framerate=np.array(float(motion.fps)),
            rest_joints=(SMPL_PELVIS + pose.rest_joints).astype(np.float32),
        )
