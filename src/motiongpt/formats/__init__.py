"""Motion files: one module a format, one row of :data:`FORMATS`.

Reading gives a :class:`~motiongpt.motion.motion.Motion` of the 22 HumanML3D joints in the source's proportions, frame
rate and world place, metres, Y up; ``Motion.standard()`` makes of it what the model reads. What each format holds is
described in its module and in docs/formats.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

from motiongpt.errors import MotionGPTError
from motiongpt.formats.sniff import check_file

if TYPE_CHECKING:
    from motiongpt.formats.reading import Reading
    from motiongpt.motion.motion import Motion
    from motiongpt.motion.skeleton import Skeleton


@dataclass(frozen=True)
class Format:
    """A file format.

    The functions are named as "module.function" of this package. A module is imported when a file of its format is read
    or written, so that help texts and error messages can list the formats at no cost.

    Attributes:
        suffix: in lower case, with its dot.
        reader: ``read(path, **options) -> Reading``; "" when the format is only written.
        writer: ``write(motion, path, **options)``, or a sequence of motions when ``several``; "" when it is only read.
        clips: ``read_clips(path, **options)``, which yields the name of each clip of a file and its reading or error;
            "" for formats of one motion.
        rotations: it holds joint rotations, which are fitted to HumanML3D's 22 joints only.
        skinned: it holds a body.
        video: it is a video.
    """

    suffix: str
    reader: str = ""
    writer: str = ""
    clips: str = ""
    rotations: bool = False
    skinned: bool = False
    video: bool = False

    @property
    def several(self) -> bool:
        """Whether a file holds several motions."""
        return self.skinned or self.video

    @property
    def through_blender(self) -> bool:
        """Whether Blender is run to read and write it."""
        return self.reader.startswith("blender.")


FORMATS = {
    row.suffix: row
    for row in (
        Format(".npy", "npy.read", "npy.write"),
        Format(".bvh", "bvh.read", "bvh.write", rotations=True),
        Format(".glb", "glb_reader.read", "glb.write", "glb_reader.read_clips", rotations=True, skinned=True),
        Format(".gltf", "glb_reader.read", clips="glb_reader.read_clips"),
        Format(".vrm", "glb_reader.read", clips="glb_reader.read_clips"),
        Format(".vrma", "glb_reader.read", clips="glb_reader.read_clips"),
        Format(".fbx", "blender.files.read", "blender.files.write_fbx", rotations=True, skinned=True),
        Format(".blend", "blender.files.read", "blender.files.write_blend", rotations=True, skinned=True),
        Format(".amc", "amc.read"),
        Format(".npz", "amass.read", "amass.write", rotations=True),
        Format(".pkl", "pickles.read"),
        Format(".pt", "pickles.read"),
        Format(".csv", "csv.read", "csv.write"),
        Format(".mp4", writer="pictures.write_video", video=True),
        Format(".webm", writer="pictures.write_video", video=True),
        Format(".mov", writer="pictures.write_video", video=True),
        Format(".gif", writer="pictures.write_video", video=True),
        Format(".png", writer="pictures.write_strip"),
    )
}
READERS = tuple(suffix for suffix, row in FORMATS.items() if row.reader)
WRITERS = tuple(suffix for suffix, row in FORMATS.items() if row.writer)
RIGGED = tuple(suffix for suffix, row in FORMATS.items() if row.rotations)
SKINNED = tuple(suffix for suffix, row in FORMATS.items() if row.skinned)
VIDEO_SUFFIXES = tuple(suffix for suffix, row in FORMATS.items() if row.video)
THROUGH_BLENDER = tuple(suffix for suffix, row in FORMATS.items() if row.through_blender)


# Motion files that hold no joints, and what helps.
_NO_JOINTS = {
    ".c3d": "its markers lie on the skin, and where the joints are inside depends on who wore them; solve them to a "
    "skeleton in the capture software and give its .bvh",
}


def _format(path: Path, known: tuple[str, ...], doing: str) -> Format:
    """The format of a file, which must be one of the ``known`` suffixes."""
    suffix = path.suffix.lower()
    if suffix in _NO_JOINTS:
        raise MotionGPTError(f"{path}: {_NO_JOINTS[suffix]}.")
    if suffix not in known:
        raise MotionGPTError(
            f"{path}: {doing} {path.suffix or 'a file without a suffix'} is not possible; known are {', '.join(known)}."
        )
    return FORMATS[suffix]


def _function(name: str) -> Callable[..., Any]:
    """The function that "module.function" of this package names."""
    module, _, member = name.rpartition(".")
    function: Callable[..., Any] = getattr(import_module(f"{__name__}.{module}"), member)
    return function


def _check_options(function: Callable[..., Any], options: dict[str, Any], path: Path) -> dict[str, Any]:
    """The options that are not None, all of which the format must have."""
    given = {name: value for name, value in options.items() if value is not None}
    parameters = signature(function).parameters
    if not any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        known = [name for name, p in parameters.items() if p.kind is p.KEYWORD_ONLY]
        for name in given:
            if name not in known:
                raise MotionGPTError(
                    f"{path}: {path.suffix} files have no option {name!r}"
                    + (f"; theirs are {', '.join(known)}." if known else ".")
                )
    return given


def read(path: str | Path, **options: Any) -> Motion:
    """Read a motion file; its suffix, in any case, names the format.

    Arguments and errors are those of :func:`inspect`, whose remarks are those of the motion.

    Returns:
        The motion: joints (T, 22, 3) in metres, Y up; (T, 21, 3) for KIT data.
    """
    reading = inspect(path, **options)
    return replace(reading.motion, remarks=reading.remarks)


def inspect(
    path: str | Path,
    *,
    fps: float | None = None,
    unit: str | float | None = None,
    skeleton: str | Path | Skeleton | None = None,
    **options: Any,
) -> Reading:
    """Read a motion file, and tell how what it leaves open was decided.

    Args:
        path: the file.
        fps: frame rate, for a file that has none or a wrong one.
        unit: length unit ("m", "cm", "mm", "inch", "cmu") or metres in one file unit; parameters of SMPL are in metres.
        skeleton: the .asf of an .amc; "humanml3d" or "kit" for an .npy.
        options: other options of the format: ``up``, the vertical axis ("x", "y", "z", "-x", "-y", "-z"; all formats),
            ``joint_map`` (rigs), ``clip`` (.glb, .gltf, .vrm, .vrma, .npy, .npz, .pkl, .pt), ``drop_first_frame`` (.bvh
            and glTF), ``body_model`` (.npz, .pkl, .pt), ``blender`` (.fbx, .blend).

    Returns:
        The motion, decisions, joint map, clips and remarks.

    Raises:
        MotionGPTError: the file cannot be read; the text says why and what helps.
    """
    path = Path(path)
    check_file(path)
    reader = _function(_format(path, READERS, "reading").reader)
    reading: Reading = reader(
        path, **_check_options(reader, {"fps": fps, "unit": unit, "skeleton": skeleton, **options}, path)
    )
    return reading


def clips(
    path: str | Path,
    *,
    fps: float | None = None,
    unit: str | float | None = None,
    skeleton: str | Path | Skeleton | None = None,
    **options: Any,
) -> Iterator[tuple[str, Reading | MotionGPTError]]:
    """Read all clips of a motion file, one after another; arguments are those of :func:`inspect`, without ``clip``.

    Yields:
        The name of each clip, and what was read, or the error that says why this clip cannot be. A file of a format
        with one motion gives that, under the motion's name.

    Raises:
        MotionGPTError: the file cannot be read at all.
    """
    path = Path(path)
    check_file(path)
    kind = _format(path, READERS, "reading")
    if not kind.clips:
        reading = inspect(path, fps=fps, unit=unit, skeleton=skeleton, **options)
        if len(reading.clips) < 2:
            yield reading.clip or reading.motion.name or path.stem, reading
            return
        for name in reading.clips:
            try:
                yield name, inspect(path, fps=fps, unit=unit, skeleton=skeleton, **{**options, "clip": name})
            except MotionGPTError as error:
                yield name, error
        return
    reader = _function(kind.clips)
    given = {"fps": fps, "unit": unit, "skeleton": skeleton, **options}
    yield from reader(path, **_check_options(reader, given, path))


def write(motion: Motion | Sequence[Motion], path: str | Path, **options: Any) -> Path:
    """Write a motion; the suffix names the format. The file appears only once it is complete.

    Args:
        motion: the motion, whose frame rate, proportions and place are kept; or several motions, which become clips of
            a .glb, .fbx or .blend, and stand side by side in a video.
        path: the file to write or replace.
        options: of the format: ``content`` (.npy), ``unit`` (.bvh), ``names`` (.bvh, .glb, .fbx, .blend), ``body``
            (.glb, .fbx, .blend), ``blender`` (.fbx, .blend), rendering options (videos, .png).

    Returns:
        The path.

    Raises:
        MotionGPTError: unknown suffix or option, unwritable folder.
    """
    from motiongpt.motion.motion import Motion

    path = Path(path)
    if path.is_dir():
        raise MotionGPTError(f"{path}: is a folder; give the name of a file in it.")
    kind = _format(path, WRITERS, "writing")
    motions = [motion] if isinstance(motion, Motion) else list(motion)
    if not motions:
        raise MotionGPTError(f"{path}: there is no motion to write.")
    if len(motions) > 1 and not kind.several:
        raise MotionGPTError(
            f"{path}: {path.suffix} files hold one motion, not {len(motions)}; write each to a file of its own."
        )
    writer = _function(kind.writer)
    writer(motions if kind.several else motions[0], path, **_check_options(writer, options, path))
    return path


__all__ = [
    "FORMATS",
    "READERS",
    "RIGGED",
    "SKINNED",
    "THROUGH_BLENDER",
    "VIDEO_SUFFIXES",
    "WRITERS",
    "Format",
    "clips",
    "inspect",
    "read",
    "write",
]
