"""Verbs that need no model: convert, render."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from motiongpt.cli.console import OUTPUTS, check_output, print_json, save_motion, say
from motiongpt.cli.groups import grouped
from motiongpt.cli.options import (
    READABLE,
    AsJson,
    BlenderProgram,
    Body,
    BodyOption,
    Engine,
    JointNames,
    MotionFiles,
    Reading,
)
from motiongpt.errors import MotionGPTError
from motiongpt.formats import THROUGH_BLENDER, VIDEO_SUFFIXES, WRITERS

if TYPE_CHECKING:
    from motiongpt.motion import Motion

_SIZE = (1280, 720)
_SEQUENCE_POSES = 6
_STRIP_POSES = 8


@grouped
def convert(
    sources: Annotated[list[Path], typer.Argument(metavar="IN", help=f"Motion files {READABLE}.", show_default=False)],
    target: Annotated[
        Path, typer.Argument(metavar="OUT", help=f"Output file ({', '.join(WRITERS)}).", show_default=False)
    ],
    reading: Reading,
    keep_proportions: Annotated[
        bool, typer.Option("--keep-proportions", help="Keep the bone lengths of the input.")
    ] = False,
    names: JointNames = None,
    body: BodyOption = None,
    blender: BlenderProgram = None,
    as_json: AsJson = False,
) -> None:
    """Convert motion files to another format, in the form that the model reads.

    The result has 22 joints, 20 frames per second, metres, Y up, HumanML3D's proportions and the floor at height 0; in
    frame 0 the root stands over the origin and faces +Z. KIT data stays KIT data: 21 joints, 12.5 frames per second.
    OUT.features.npy holds the 263 features of each frame instead of joints. Several inputs become the clips of one
    file, if the format holds several.
    """
    check_output(target)
    motions, facts = [], []
    for source in sources:
        options = {"blender": blender} if _needs_blender(source) else {}
        motion = reading.load(source, **options)
        source_fps = motion.fps
        motion = motion.resample(motion.skeleton.fps).canonical() if keep_proportions else motion.standard()
        motions.append(motion)
        length = {"frames": len(motion), "fps": motion.fps, "seconds": motion.seconds}
        facts.append({"input": str(source), **length, "source_fps": source_fps})
    program = blender if _needs_blender(target) else None
    save_motion(motions, target, names=names, body=None if body is None else body.value, blender=program)
    for source, motion, fact in zip(sources, motions, facts, strict=True):
        result = f"{len(motion)} frames at {motion.fps:g} fps, {motion.seconds:g} s"
        say(f"{source} ({fact['source_fps']:g} fps) -> {target}: {result}")
    if as_json:
        print_json({"output": str(target), "motions": facts})
    else:
        print(target)


def _needs_blender(path: Path) -> bool:
    return path.suffix.lower() in THROUGH_BLENDER


class Mode(Enum):
    """What ``render`` draws."""

    video = "video"
    sequence = "sequence"
    strip = "strip"
    frame = "frame"


@grouped
def render(
    files: MotionFiles,
    reading: Reading,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help=f"Output file: {', '.join(VIDEO_SUFFIXES)} for a video, .png for a picture.",
        ),
    ] = None,
    mode: Annotated[
        Mode, typer.Option("--mode", help="A video, poses along the path, poses side by side, or one frame.")
    ] = Mode.video,
    frame: Annotated[
        int, typer.Option("--frame", metavar="K", help="Frame of --mode frame, from 0; -1 is the last.")
    ] = 0,
    poses: Annotated[
        int | None,
        typer.Option(
            "--poses",
            min=1,
            help=f"Number of poses: {_SEQUENCE_POSES} in a sequence by default, {_STRIP_POSES} in a strip.",
        ),
    ] = None,
    engine: Annotated[Engine, typer.Option("--engine", help="The renderer.")] = Engine.fast,
    body: BodyOption = None,
    caption: Annotated[
        list[str] | None,
        typer.Option("--caption", help="Text below the picture; repeat it for each of several motions."),
    ] = None,
    transparent: Annotated[
        bool,
        typer.Option("--transparent", help="Leave out floor and sky; .png, or .webm or .mov for a video."),
    ] = False,
    size: Annotated[
        str | None,
        typer.Option(
            "--size", metavar="WxH", help=f"Size in pixels; {_SIZE[0]}x{_SIZE[1]} by default, a strip as needed."
        ),
    ] = None,
    samples: Annotated[int, typer.Option("--samples", min=1, help="Rays per pixel of --engine blender.")] = 48,
    save_blend: Annotated[
        Path | None,
        typer.Option("--save-blend", metavar="FILE", help="Also save the scene of --engine blender to this file."),
    ] = None,
    blender: BlenderProgram = None,
    as_json: AsJson = False,
) -> None:
    """Render motions as a video or a picture.

    Several motions stand side by side, labelled with their names. The motions keep the placement and frame rate of
    their files. Writes outputs/<name>.mp4, or outputs/<name>_<mode>.png, by default.
    """
    path = check_output(output or _default_output(files, mode, transparent))
    if (mode is Mode.video) != (path.suffix.lower() in VIDEO_SUFFIXES):
        expected = " or ".join(VIDEO_SUFFIXES) if mode is Mode.video else ".png"
        raise MotionGPTError(f"{path}: --mode {mode.value} writes {expected} files.")
    pixels = None if size is None else _parse_size(size)
    motions = [reading.load(file) for file in files]
    if mode in (Mode.sequence, Mode.strip) and len(motions) > 1:
        raise MotionGPTError(
            f"--mode {mode.value} shows one motion, not {len(motions)}: give one file, or --mode video."
        )
    if engine is Engine.blender:
        if len(motions) > 1 or caption is not None or transparent:
            raise MotionGPTError(
                "--engine blender draws one motion, without caption and on a floor: use --engine fast otherwise."
            )
        from motiongpt.formats.blender.render import render as render_with_blender

        render_with_blender(
            motions[0], path, mode=mode.value, body=(body or Body.mannequin).value, size=pixels or _SIZE,
            samples=samples, frame=frame, poses=poses or _SEQUENCE_POSES, save_blend=save_blend, blender=blender,
            progress=sys.stderr.isatty(),
        )  # fmt: skip
    else:
        options: dict[str, Any] = {"body": None if body is None else body.value, "transparent": transparent}
        _draw(motions, path, mode, frame, poses, caption, pixels, options)
    if as_json:
        facts = [{"input": str(f), "frames": len(m), "fps": m.fps} for f, m in zip(files, motions, strict=True)]
        print_json({"output": str(path), "mode": mode.value, "motions": facts})
    else:
        print(path)


def _default_output(files: Sequence[Path], mode: Mode, transparent: bool) -> Path:
    name = "_".join(file.stem for file in files[:3])
    if mode is not Mode.video:
        return OUTPUTS / f"{name}_{mode.value}.png"
    return OUTPUTS / (name + (".webm" if transparent else ".mp4"))


def _draw(
    motions: Sequence[Motion],
    path: Path,
    mode: Mode,
    frame: int,
    poses: int | None,
    captions: list[str] | None,
    size: tuple[int, int] | None,
    options: dict[str, Any],
) -> None:
    """Render with the fast renderer."""
    from motiongpt.render import render_frame, render_sequence, render_strip, render_video, save_image

    if mode is Mode.video:
        progress = sys.stderr.isatty()
        render_video(motions, path, captions=captions, size=size or _SIZE, progress=progress, **options)
        return
    caption = None if captions is None else " ".join(captions)
    if mode is Mode.frame:
        picture = render_frame(motions, frame, captions=captions, size=size or _SIZE, **options)
    elif mode is Mode.sequence:
        count = poses or _SEQUENCE_POSES
        picture = render_sequence(motions[0], count, caption=caption, size=size or _SIZE, **options)
    else:
        picture = render_strip(motions[0], poses or _STRIP_POSES, caption=caption, size=size, **options)
    save_image(picture, path)


def _parse_size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,6})[x×,](\d{1,6})", text.strip().lower())
    if match is None:
        raise MotionGPTError(f"--size must be width and height in pixels, such as 1280x720, but is {text!r}.")
    return int(match[1]), int(match[2])
