"""FBX and .blend files, which Blender reads and writes."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from motiongpt.errors import MotionGPTError
from motiongpt.files import atomic_path
from motiongpt.formats import glb, joint_maps, rig
from motiongpt.formats.blender import process
from motiongpt.formats.orientation import STRICT
from motiongpt.formats.reading import Figure, Reading, read_rig
from motiongpt.motion.motion import Motion


def read(
    path: Path,
    *,
    fps: float | None = None,
    unit: str | float | None = None,
    up: str | None = None,
    joint_map: str | Path | None = None,
    blender: str | Path | None = None,
) -> Reading:
    """Read the skeletal animation of an .fbx or .blend: the active action of its largest armature.

    Args:
        path: the file; scripts in a .blend are not run.
        fps: overrides the frame rate of the file.
        unit: see :func:`motiongpt.formats.rig.unit_scale`; None estimates it from the length of the legs.
        up: the vertical axis, see :data:`motiongpt.formats.orientation.AXES`; None finds it from the body.
        joint_map: a file that says which joints are which, see :mod:`motiongpt.formats.joint_map_file`.
        blender: the user's Blender, see :func:`motiongpt.formats.blender.process.find`.

    Returns:
        Joints (T, 22, 3) in the source's proportions and world placement, metres, Y up.

    Raises:
        MotionGPTError: no Blender, another kind of file, no animated armature, an unknown rig.
    """
    with tempfile.TemporaryDirectory(prefix="motiongpt-") as folder:
        result = Path(folder) / "bones.npz"
        process.run("read", {"path": str(path.resolve()), "output": str(result)}, source=str(path), blender=blender)
        with np.load(result, allow_pickle=False) as archive:
            data = dict(archive)
    names = [str(name) for name in data["names"]]
    parents = data["parents"].tolist()
    offsets = data["rest"] - data["rest"][data["parents"][: len(data["rest"])]]
    mapping = joint_maps.find(names, str(path), offsets, parents, joint_map=joint_map)
    rate = rig.check_fps(float(data["fps"]) if fps is None else fps, str(path))
    figure = Figure(names, parents, offsets)
    return read_rig(figure, mapping, data["places"], path, fps=rate, up=up, lead=STRICT, unit=unit, declared_unit=1.0)


def _write(task: str, motions: Sequence[Motion], path: Path, names: str, body: str, blender: str | Path | None) -> None:
    process.find(path, blender)  # fails before any work is done
    rates = {motion.fps for motion in motions}
    if len(rates) > 1:
        several = ", ".join(f"{rate:g}" for rate in sorted(rates))
        raise MotionGPTError(
            f"{path}: {path.suffix} files have one frame rate, but the motions have {several}; resample them first "
            "(Motion.resample)."
        )
    with tempfile.TemporaryDirectory(prefix="motiongpt-") as folder, atomic_path(path) as temporary:
        source = Path(folder) / "motion.glb"
        glb.write(motions, source, names=names, body=body)
        process.run(
            task,
            {
                "glb": str(source),
                "fps": motions[0].fps,
                "frames": max(len(motion) for motion in motions),
                "output": str(temporary.resolve()),
            },
            source=str(path),
            blender=blender,
        )


def write_fbx(
    motions: Sequence[Motion],
    path: Path,
    *,
    names: str = "smpl",
    body: str = "mannequin",
    blender: str | Path | None = None,
) -> None:
    """Write a binary FBX: a skinned body with one take per motion.

    Args:
        motions: at least one, all at the same frame rate; they are fitted to the proportions of the first one.
        names, body: as for .glb.
        blender: the user's Blender, see :func:`motiongpt.formats.blender.process.find`.

    Raises:
        MotionGPTError: no Blender, different frame rates, or as for .glb.
    """
    _write("save_fbx", motions, path, names, body, blender)


def write_blend(
    motions: Sequence[Motion],
    path: Path,
    *,
    names: str = "smpl",
    body: str = "mannequin",
    blender: str | Path | None = None,
) -> None:
    """Write a Blender scene with the body and one action per motion; arguments and errors as for .fbx."""
    _write("save_blend", motions, path, names, body, blender)
