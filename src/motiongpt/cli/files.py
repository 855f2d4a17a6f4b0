"""Verbs that need no model: convert, render."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from motiongpt.cli.characters import Character
from motiongpt.cli.console import (
    OUTPUTS,
    check_output,
    parse_formats,
    print_json,
    save_motion,
    say,
    slug,
    writable_folder,
)
from motiongpt.cli.groups import grouped
from motiongpt.cli.inputs import each, expand, finish
from motiongpt.cli.options import (
    READABLE,
    AsJson,
    BlenderProgram,
    Body,
    BodyOption,
    ConvertedFps,
    Engine,
    Input,
    JointNames,
    MotionFiles,
    Onto,
    VideoFps,
)
from motiongpt.errors import MotionGPTError
from motiongpt.formats import THROUGH_BLENDER, VIDEO_SUFFIXES, WRITERS

if TYPE_CHECKING:
    from motiongpt.motion import Motion

_SIZE, _GIF_SIZE = (1280, 720), (640, 360)
_SEQUENCE_POSES = 6
_STRIP_POSES = 8


@grouped
def convert(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="IN... [OUT]",
            help=f"Motion files {READABLE} or folders of them, then the output unless -o names it.",
            show_default=False,
        ),
    ],
    reading: Input,
    character: Onto,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="OUT",
            help=f"Output file ({', '.join(WRITERS)}), or a folder for a file of each input.",
        ),
    ] = None,
    all_clips: Annotated[
        Path | None,
        typer.Option("--all-clips", metavar="DIR", help="Write every clip of the inputs to a file in this folder."),
    ] = None,
    file_format: Annotated[str, typer.Option("--format", metavar="F", help="Format of the files in a folder.")] = "npy",
    output_fps: ConvertedFps = None,
    keep_proportions: Annotated[
        bool, typer.Option("--keep-proportions", help="Keep the bone lengths of the input.")
    ] = False,
    names: JointNames = None,
    body: BodyOption = None,
    blender: BlenderProgram = None,
    as_json: AsJson = False,
) -> None:
    """Convert motion files to another format, in the form that the model reads.

    The result has 22 joints, 20 frames per second unless --output-fps names another rate, metres, Y up, HumanML3D's
    proportions and the floor at height 0; in frame 0 the root stands over the origin and faces +Z. KIT data stays KIT
    data: 21 joints, 12.5 frames per second. OUT.features.npy holds the 263 features of each frame instead of joints.
    Several inputs become the clips of one file, if the format holds several, or a file each in a folder. A file that
    cannot be read is reported and left out.

    With --onto the motions become animations of your character's file, at their own frame rate unless --output-fps
    names another one. Its mesh, materials and other animations stay as they are.
    """
    inputs, target = _inputs_and_target(paths, output or all_clips)
    in_folder = target.suffix.lower() not in WRITERS and (output or all_clips) is not None
    wearer = None
    if character.onto is not None:
        if names is not None or body is not None:
            raise MotionGPTError("--onto keeps the bones and the body of the character: leave out --names and --body.")
        wearer = Character(character, blender)
    suffix = f".{parse_formats(file_format)[0]}" if wearer is None else wearer.suffix
    if in_folder:
        writable_folder(target)
    elif wearer is None:
        check_output(target)
    else:
        wearer.check(target)
    files = expand(inputs)
    load = reading.load_clips if all_clips else reading.load_one
    read, failed = each(files, lambda file: load(file, **({"blender": blender} if _needs_blender(file) else {})))
    clips = [(source, motion) for source, motions in read for motion in motions]
    if wearer is not None:
        results = [motion.resample(output_fps or motion.fps).canonical() for _, motion in clips]
    elif keep_proportions:
        results = [motion.resample(output_fps or motion.skeleton.fps).canonical() for _, motion in clips]
    else:
        results = [motion.standard(output_fps) for _, motion in clips]
    written = [target] * len(clips)
    if in_folder:
        written = _names(target, [(source.stem, motion.name if all_clips else "") for source, motion in clips], suffix)
    figure = None if body is None else body.value
    measured: list[dict[str, Any]] = []
    # Motions of one file are written together.
    for path in dict.fromkeys(written):
        motions = [motion for motion, place in zip(results, written, strict=True) if place == path]
        if wearer is not None:
            measured += wearer.save(motions, path)
        else:
            save_motion(motions, path, names=names, body=figure, blender=blender if _needs_blender(path) else None)
    facts = _facts(clips, results, written)
    if as_json:
        whole: dict[str, Any] = {"output": str(target), "motions": facts}
        if wearer is not None:
            whole["bones"] = wearer.bones
            whole["motions"] = [{**fact, **more} for fact, more in zip(facts, measured, strict=True)]
        print_json(whole)
    elif written:
        print(*dict.fromkeys(map(str, written)), sep="\n")
    finish(failed, len(files))


def _facts(
    clips: Sequence[tuple[Path, Motion]], results: Sequence[Motion], written: Sequence[Path]
) -> list[dict[str, Any]]:
    """What became of each motion, which is said on stderr, too."""
    facts = []
    for (source, motion), result, path in zip(clips, results, written, strict=True):
        length = {"frames": len(result), "fps": result.fps, "seconds": result.seconds}
        facts.append({"input": str(source), "output": str(path), **length, "source_fps": motion.fps})
        text = f"{len(result)} frames at {result.fps:g} fps, {result.seconds:g} s"
        say(f"{source} ({motion.fps:g} fps) -> {path}: {text}")
    return facts


def _inputs_and_target(paths: list[Path], target: Path | None) -> tuple[list[Path], Path]:
    """What to read and where to write: the last path names the output where no option does.

    Raises:
        MotionGPTError: nothing names the output.
    """
    if target is not None:
        return paths, target
    if len(paths) < 2:
        raise MotionGPTError(f"{paths[0]}: name the output after the input, or with -o.")
    return paths[:-1], paths[-1]


def _names(folder: Path, stems: Sequence[tuple[str, str]], suffix: str) -> list[Path]:
    """A path for each file and clip; the number of a clip in the call is appended to names that occur twice."""
    several = len({file for file, _ in stems}) > 1
    names = ["_".join([file] * (several or not clip) + ([slug(clip)] if clip else [])) for file, clip in stems]
    return [
        folder / (f"{name}{suffix}" if names.count(name) == 1 else f"{name}_{number}{suffix}")
        for number, name in enumerate(names)
    ]


def _needs_blender(path: Path) -> bool:
    return path.suffix.lower() in THROUGH_BLENDER


class Mode(Enum):
    """What ``render`` draws."""

    video = "video"
    sequence = "sequence"
    strip = "strip"
    onion = "onion"
    frame = "frame"


@grouped
def render(
    files: MotionFiles,
    reading: Input,
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
        Mode | None,
        typer.Option(
            "--mode",
            help="A video, poses along the path, side by side or behind one another, or one frame; a strip where the "
            "output is a .png, a video otherwise.",
        ),
    ] = None,
    frame: Annotated[
        int, typer.Option("--frame", metavar="K", help="Frame of --mode frame, from 0; -1 is the last.")
    ] = 0,
    poses: Annotated[
        int | None,
        typer.Option(
            "--poses",
            min=1,
            help=f"Number of poses: {_STRIP_POSES} in a strip by default, {_SEQUENCE_POSES} otherwise.",
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
    whole_path: Annotated[
        bool, typer.Option("--whole-path", help="Let the camera of a video stand still and see the whole path.")
    ] = False,
    onion: Annotated[
        bool,
        typer.Option("--onion", help="Onion skin: earlier poses shine through, in a video those of the last second."),
    ] = False,
    output_fps: VideoFps = None,
    size: Annotated[
        str | None,
        typer.Option(
            "--size",
            metavar="WxH",
            help=f"Size in pixels; {_SIZE[0]}x{_SIZE[1]} by default, a .gif {_GIF_SIZE[0]}x{_GIF_SIZE[1]}, a strip as "
            "needed.",
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
    if mode is None:
        still = output is not None and output.suffix.lower() == ".png"
        mode = (Mode.onion if onion else Mode.strip) if still else Mode.video
    path = check_output(output or _default_output(files, mode, transparent))
    if (mode is Mode.video) != (path.suffix.lower() in VIDEO_SUFFIXES):
        expected = " or ".join(VIDEO_SUFFIXES) if mode is Mode.video else ".png"
        raise MotionGPTError(f"{path}: --mode {mode.value} writes {expected} files.")
    pixels = None if size is None else _parse_size(size)
    motions = [reading.load(file) for file in files]
    if mode in (Mode.sequence, Mode.strip, Mode.onion) and len(motions) > 1:
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
        if pixels is not None:
            options["size"] = pixels
        if mode is Mode.video:
            options |= {"fps": output_fps, "whole_path": whole_path, "onion": onion}
            _film(motions, path, caption, options)
        elif mode is Mode.frame:
            _draw_frame(motions, path, frame, caption, {**options, "whole_path": whole_path, "onion": onion})
        else:
            _draw_poses(motions[0], path, mode, poses, caption, options)
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


def _film(motions: Sequence[Motion], path: Path, captions: list[str] | None, options: dict[str, Any]) -> None:
    from motiongpt.render import render_video

    options.setdefault("size", _GIF_SIZE if path.suffix.lower() == ".gif" else _SIZE)
    render_video(motions, path, captions=captions, progress=sys.stderr.isatty(), **options)


def _draw_frame(
    motions: Sequence[Motion], path: Path, frame: int, captions: list[str] | None, options: dict[str, Any]
) -> None:
    from motiongpt.render import render_frame, save_image

    save_image(render_frame(motions, frame, captions=captions, **options), path)


def _draw_poses(
    motion: Motion, path: Path, mode: Mode, poses: int | None, captions: list[str] | None, options: dict[str, Any]
) -> None:
    from motiongpt.render import render_onion, render_sequence, render_strip, save_image

    draw, count = {
        Mode.sequence: (render_sequence, _SEQUENCE_POSES),
        Mode.strip: (render_strip, _STRIP_POSES),
        Mode.onion: (render_onion, _SEQUENCE_POSES),
    }[mode]
    caption = None if captions is None else " ".join(captions)
    save_image(draw(motion, poses or count, caption=caption, **options), path)


def _parse_size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,6})[x×,](\d{1,6})", text.strip().lower())
    if match is None:
        raise MotionGPTError(f"--size must be width and height in pixels, such as 1280x720, but is {text!r}.")
    return int(match[1]), int(match[2])
