"""Motion files: one module a format, one registry.

Reading gives a :class:`~motiongpt.motion.motion.Motion` of the 22 HumanML3D joints in the source's proportions, frame
rate and world place, metres, Y up; ``Motion.standard()`` makes of it what the model reads.

======== ======================================================== =====================================================
suffix   read                                                     write
======== ======================================================== =====================================================
.bvh     any rig of :mod:`~motiongpt.formats.joint_maps`          T-pose rig, names by ``names``
.amc     Acclaim, with its .asf                                   no
.npz     AMASS, no body model needed                              SMPL+H poses in AMASS' layout
.npy     joints (T, 22, 3), features (T, 263), KIT (T, 251);      joints; features when named ``*.features.npy``
         SMPL's 24, 52, 55 joints, SMPL poses (T, 72, 156, 165)
.csv     joints, a row a frame                                    joints
.glb     skeleton animation, any rig that .bvh may have           skinned body, an animation for each motion
.fbx     through Blender                                          as .glb, through Blender
.blend   through Blender                                          as .glb, through Blender
.mp4     no                                                       video
.gif     no                                                       video
.png     no                                                       strip of poses
======== ======================================================== =====================================================
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from motiongpt.errors import MotionGPTError
from motiongpt.formats.sniff import check_file

if TYPE_CHECKING:
    from motiongpt.motion.motion import Motion
    from motiongpt.motion.skeleton import Skeleton

VIDEO_SUFFIXES = (".mp4", ".webm", ".mov", ".gif")
# The function that reads or writes each suffix, as "module.function" of this package. A module is imported when a file
# of its format is read or written, so that help texts and error messages can list the formats at no cost.
READERS = {
    ".bvh": "bvh.read",
    ".amc": "amc.read",
    ".npz": "amass.read",
    ".npy": "npy.read",
    ".csv": "csv.read",
    ".glb": "glb_reader.read",
    ".fbx": "blender.files.read",
    ".blend": "blender.files.read",
}
WRITERS = {
    ".npy": "npy.write",
    ".bvh": "bvh.write",
    ".npz": "amass.write",
    ".csv": "csv.write",
    ".glb": "glb.write",
    ".fbx": "blender.files.write_fbx",
    ".blend": "blender.files.write_blend",
    **dict.fromkeys(VIDEO_SUFFIXES, "pictures.write_video"),
    ".png": "pictures.write_strip",
}
# What holds rotations, which are fitted to HumanML3D's 22 joints only.
RIGGED = (".bvh", ".npz", ".glb", ".fbx", ".blend")
# What holds a skinned body.
SKINNED = (".glb", ".fbx", ".blend")
# What holds several motions.
TAKE_SEVERAL = (*SKINNED, *VIDEO_SUFFIXES)
# What is read and written by running Blender.
THROUGH_BLENDER = tuple(suffix for suffix, function in READERS.items() if function.startswith("blender."))


# Files of motion that hold no joints, and what helps.
_NO_JOINTS = {
    ".c3d": "its markers lie on the skin, and where the joints are inside depends on who wore them: solve them to a "
    "skeleton in the capture software and give its .bvh",
}


def _for_suffix(table: Mapping[str, str], path: Path, doing: str) -> Callable[..., Any]:
    if path.suffix.lower() in _NO_JOINTS:
        raise MotionGPTError(f"{path}: {_NO_JOINTS[path.suffix.lower()]}.")
    if path.suffix.lower() not in table:
        raise MotionGPTError(
            f"{path}: {doing} {path.suffix or 'a file without a suffix'} is not possible; known are {', '.join(table)}."
        )
    module, _, name = table[path.suffix.lower()].rpartition(".")
    function: Callable[..., Any] = getattr(import_module(f"{__name__}.{module}"), name)
    return function


def _check_options(function: Callable[..., Any], options: dict[str, Any], path: Path) -> dict[str, Any]:
    """The options that are given, all of which the format must know."""
    given = {name: value for name, value in options.items() if value is not None}
    parameters = inspect.signature(function).parameters
    if not any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        known = [name for name, p in parameters.items() if p.kind is p.KEYWORD_ONLY]
        for name in given:
            if name not in known:
                raise MotionGPTError(
                    f"{path}: {path.suffix} files have no option {name!r}"
                    + (f"; theirs are {', '.join(known)}." if known else ".")
                )
    return given


def read(
    path: str | Path,
    *,
    fps: float | None = None,
    unit: str | float | None = None,
    skeleton: str | Path | Skeleton | None = None,
    **options: Any,
) -> Motion:
    """Read a motion file; its suffix, in any case, names the format.

    Args:
        path: the file.
        fps: frame rate, where the file has none or a wrong one.
        unit: length unit ("m", "cm", "mm", "inch", "cmu") or metres in one file unit, for .bvh, .amc and .npy.
        skeleton: the .asf of an .amc; "humanml3d" or "kit" for an .npy.
        options: others of the format: ``up``, ``drop_first_frame`` (.bvh), ``body_model`` (.npz).

    Returns:
        joints (T, 22, 3) in metres, Y up (KIT data: (T, 21, 3)).

    Raises:
        MotionGPTError: anything wrong with the file, said in one sentence that names it.
    """
    path = Path(path)
    check_file(path)
    reader = _for_suffix(READERS, path, "reading")
    motion: Motion = reader(
        path, **_check_options(reader, {"fps": fps, "unit": unit, "skeleton": skeleton, **options}, path)
    )
    return motion


def write(motion: Motion | Sequence[Motion], path: str | Path, **options: Any) -> Path:
    """Write a motion; the suffix names the format. The file appears only when it is complete.

    Args:
        motion: what to write, as it is: frame rate, proportions and place are kept. Several for .glb, .fbx and .blend,
            and side by side in videos.
        path: the file to make or replace.
        options: of the format: ``content`` (.npy), ``unit`` (.bvh), ``names`` (.bvh, .glb, .fbx, .blend), ``body``
            (.glb, .fbx, .blend), ``blender`` (.fbx, .blend), those of rendering for videos and .png.

    Returns:
        The path.

    Raises:
        MotionGPTError: unknown suffix or option, unwritable folder.
    """
    from motiongpt.motion.motion import Motion

    path = Path(path)
    if path.is_dir():
        raise MotionGPTError(f"{path}: is a folder; give the name of a file in it.")
    writer = _for_suffix(WRITERS, path, "writing")
    motions = [motion] if isinstance(motion, Motion) else list(motion)
    if not motions:
        raise MotionGPTError(f"{path}: there is no motion to write.")
    several = path.suffix.lower() in TAKE_SEVERAL
    if not several and len(motions) > 1:
        raise MotionGPTError(f"{path}: {path.suffix} files hold one motion, not {len(motions)}.")
    given = _check_options(writer, options, path)
    writer(motions if several else motions[0], path, **given)
    return path


__all__ = [
    "READERS",
    "RIGGED",
    "SKINNED",
    "TAKE_SEVERAL",
    "THROUGH_BLENDER",
    "VIDEO_SUFFIXES",
    "WRITERS",
    "read",
    "write",
]
