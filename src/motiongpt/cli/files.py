"""Verbs that need no model: convert, render."""

from __future__ import annotations

import re
import sys
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from motiongpt.cli.console import OUTPUTS, check_output, print_json, save_motion, say
from motiongpt.cli.options import AsJson, BlenderProgram, Body, BodyOption, Engine, Fps, Names, SkeletonName, Unit
from motiongpt.errors import MotionGPTError
from motiongpt.motion import Motion

_INPUT = "Motion: .bvh, .amc, .npz, .npy, .csv, .fbx or .blend."


def convert(
    sources: Annotated[list[Path], typer.Argument(metavar="IN...", help=_INPUT, show_default=False)],
    target: Annotated[
        Path,
        typer.Argument(
            metavar="OUT",
            help="File to write: .npy, .bvh, .glb, .fbx, .blend, .npz, .csv, .mp4, .webm, .mov, .gif, .png.",
            show_default=False,
        ),
    ],
    keep_proportions: Annotated[
        bool, typer.Option("--keep-proportions", help="Keep the lengths of the source's limbs.")
    ] = False,
    fps: Fps = None,
    unit: Unit = None,
    skeleton: SkeletonName = None,
    names: Names = None,
    body: BodyOption = None,
    blender: BlenderProgram = None,
    as_json: AsJson = False,
) -> None:
    """Bring a motion file into another format, as the model reads it.

    The result has 22 joints, 20 frames a second, metres, Y up, the floor at 0, the root over the origin and facing +Z
    at frame 0, and HumanML3D's proportions. KIT data stays KIT data: 21 joints, 12.5 frames a second. OUT.features.npy
    gets the 263 features a frame instead of joints. Several motions become as many clips of one .glb, .fbx or .blend.
    """
    check_output(target)
    motions, facts = [], []
    for source in sources:
        given = {"blender": blender} if source.suffix.lower() in (".fbx", ".blend") else {}
        motion = Motion.load(source, fps=fps, unit=unit, skeleton=skeleton, **given)
        source_fps = motion.fps
        motion = motion.resample(motion.skeleton.fps).canonical() if keep_proportions else motion.standard()
        motions.append(motion)
        facts.append(
            {"input": str(source), "frames": len(motion), "fps": motion.fps, "seconds": motion.seconds}
            | {"source_fps": source_fps}
        )
    through_blender = blender if target.suffix.lower() in (".fbx", ".blend") else None
    save_motion(motions, target, names=names, body=None if body is None else body.value, blender=through_blender)
    for source, motion, fact in zip(sources, motions, facts, strict=True):
        length = f"{len(motion)} frames at {motion.fps:g} fps, {motion.seconds:g} s"
        say(f"{source} ({fact['source_fps']:g} fps) -> {target}: {length}")
    if as_json:
        print_json({"output": str(target), "motions": facts})
    else:
        print(target)


_SIZE = (1280, 720)


class Mode(Enum):
    """What ``render`` makes."""

    video = "video"
    sequence = "sequence"
    strip = "strip"
    frame = "frame"


def render(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help=_INPUT, show_default=False)],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="File to write: .mp4, .webm, .mov or .gif for a video, .png for a picture.",
        ),
    ] = None,
    mode: Annotated[
        Mode, typer.Option("--mode", help="A film, poses along the path, poses side by side, or one frame.")
    ] = Mode.video,
    frame: Annotated[
        int, typer.Option("--frame", metavar="K", help="Frame from 0 for --mode frame; -1 is the last.")
    ] = 0,
    poses: Annotated[int | None, typer.Option("--poses", min=1, help="Poses in a sequence (6) or strip (8).")] = None,
    engine: Annotated[Engine, typer.Option("--engine", help="What draws.")] = Engine.fast,
    body: BodyOption = None,
    caption: Annotated[
        list[str] | None, typer.Option("--caption", help="Text under the picture; once for each of several motions.")
    ] = None,
    transparent: Annotated[
        bool, typer.Option("--transparent", help="Leave floor and sky out: .png, and .webm or .mov for a video.")
    ] = False,
    size: Annotated[
        str | None, typer.Option("--size", metavar="WxH", help="Pixels; 1280x720, or what a strip needs.")
    ] = None,
    samples: Annotated[int, typer.Option("--samples", min=1, help="Rays a pixel of --engine blender.")] = 48,
    save_blend: Annotated[
        Path | None, typer.Option("--save-blend", metavar="FILE", help="Also save the scene of --engine blender.")
    ] = None,
    blender: BlenderProgram = None,
    fps: Fps = None,
    unit: Unit = None,
    skeleton: SkeletonName = None,
    as_json: AsJson = False,
) -> None:
    """Draw motions as they stand in their files: a video, or a picture. Several stand side by side with their names.

    Writes outputs/<name>.mp4, or outputs/<name>_<mode>.png, when -o is not given.
    """
    from motiongpt.formats import VIDEO_SUFFIXES
    from motiongpt.render import render_frame, render_sequence, render_strip, render_video, save_image

    moving = mode is Mode.video
    name = "_".join(file.stem for file in files[:3])
    suffix = (".webm" if transparent else ".mp4") if moving else f"_{mode.value}.png"
    path = check_output(output or OUTPUTS / (name + suffix))
    if moving == (path.suffix.lower() not in VIDEO_SUFFIXES):
        wanted = " or ".join(VIDEO_SUFFIXES) if moving else ".png"
        raise MotionGPTError(f"{path}: a {mode.value} is written to {wanted} files.")
    pixels = None if size is None else _parse_size(size)
    motions = [Motion.load(file, fps=fps, unit=unit, skeleton=skeleton) for file in files]
    if mode in (Mode.sequence, Mode.strip) and len(motions) > 1:
        raise MotionGPTError(
            f"A {mode.value} shows one motion, not {len(motions)}: name one file, or use --mode video."
        )
    options: dict[str, Any] = {"body": None if body is None else body.value, "transparent": transparent}
    if engine is Engine.blender:
        from motiongpt.formats.blender.render import render as render_with_blender

        if len(motions) > 1 or caption is not None or transparent:
            raise MotionGPTError(
                "Blender draws one motion, without caption, on a floor; --engine fast draws the others."
            )
        render_with_blender(
            motions[0], path, mode=mode.value, body=(body or Body.mannequin).value, size=pixels or _SIZE,
            samples=samples, frame=frame, poses=poses or 6, save_blend=save_blend, blender=blender,
            progress=sys.stderr.isatty(),
        )  # fmt: skip
    elif moving:
        show = sys.stderr.isatty()
        render_video(motions, path, captions=caption, size=pixels or _SIZE, progress=show, **options)
    elif mode is Mode.frame:
        save_image(render_frame(motions, frame, captions=caption, size=pixels or _SIZE, **options), path)
    else:
        note = None if caption is None else " ".join(caption)
        if mode is Mode.sequence:
            picture = render_sequence(motions[0], poses or 6, caption=note, size=pixels or _SIZE, **options)
        else:
            picture = render_strip(motions[0], poses or 8, caption=note, size=pixels, **options)
        save_image(picture, path)
    if as_json:
        facts = [{"input": str(f), "frames": len(m), "fps": m.fps} for f, m in zip(files, motions, strict=True)]
        print_json({"output": str(path), "mode": mode.value, "motions": facts})
    else:
        print(path)


def _parse_size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,6})[x×,](\d{1,6})", text.strip().lower())
    if match is None:
        raise MotionGPTError(f"--size must be width and height in pixels such as 1280x720, but is {text!r}.")
    return int(match[1]), int(match[2])
