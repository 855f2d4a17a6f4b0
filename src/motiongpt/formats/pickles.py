"""Pickles of other programs, .pkl and .pt: WHAM, TRAM, GVHMR, PromptHMR, AIST++, PHC. No code in them is executed."""

from __future__ import annotations

from pathlib import Path

from motiongpt.formats import contents
from motiongpt.formats.pickled_arrays import load_objects
from motiongpt.formats.reading import Reading
from motiongpt.motion.skeleton import Skeleton


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
    """Read a motion from a file of pickle.dump, joblib.dump or torch.save.

    Args:
        path: the file.
        fps: frame rate, which many of these files lack.
        unit: of joints; parameters of SMPL are in metres.
        up: the vertical axis, see :data:`motiongpt.formats.orientation.AXES`; None finds it from the body.
        clip: one of several motions; None stands for the first one.
        body_model: see :func:`motiongpt.formats.amass.read`.
        skeleton: see :func:`motiongpt.formats.npy.read`.

    Returns:
        Joints (T, 22, 3), metres, Y up.

    Raises:
        MotionGPTError: a damaged file, one that needs code, no known motion, no frame rate.
    """
    return contents.read(
        load_objects(path), path, fps=fps, unit=unit, up=up, clip=clip, body_model=body_model, skeleton=skeleton
    )
