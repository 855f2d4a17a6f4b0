"""Verbs that change motions by geometry, without a model: edit, join, layer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.core import TyperCommand

from motiongpt.cli.console import OUTPUTS, check_output, print_json, save_motion, say
from motiongpt.cli.groups import Group, grouped
from motiongpt.cli.options import (
    READABLE,
    AsJson,
    Body,
    BodyOption,
    EditedInput,
    JointNames,
    MotionFile,
    MotionFiles,
    OutputFile,
    OutputFps,
)
from motiongpt.errors import MotionGPTError

if TYPE_CHECKING:
    from motiongpt.motion import Motion
    from motiongpt.motion.edits import Edits

_WHOLE = "whole"


class LoopCommand(TyperCommand):
    """A command whose option --loop may stand without a value."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """Give --loop a value where none follows."""
        filled: list[str] = []
        for argument, following in zip(args, [*args[1:], ""], strict=True):
            filled.append(argument)
            if argument == "--loop" and not re.fullmatch(r"-?(\d+\.?\d*|\.\d+)(e-?\d+)?|nan|inf", following.lower()):
                filled.append(_WHOLE)
        return super().parse_args(ctx, filled)


@dataclass(frozen=True)
class EditOptions(Group):
    """The edits of a motion: :class:`motiongpt.motion.edits.Edits` on the command line, in the order of application."""

    panel = "Edits, in the order in which they are applied"

    trim: Annotated[
        str | None,
        typer.Option(
            "--trim",
            metavar="START:END",
            help="Keep these seconds; either may be left out, and a negative number counts from the end.",
        ),
    ] = None
    fps: OutputFps = None
    smooth: Annotated[bool, typer.Option("--smooth", help="Remove jitter.")] = False
    ground: Annotated[
        bool, typer.Option("--ground", help="Bring the body to the floor, and the floor to height 0.")
    ] = False
    reverse: Annotated[bool, typer.Option("--reverse", help="Play backwards.")] = False
    mirror: Annotated[bool, typer.Option("--mirror", help="Exchange left and right.")] = False
    tempo: Annotated[
        float | None, typer.Option("--tempo", metavar="FACTOR", help="Change the tempo; 2 is twice as fast.")
    ] = None
    bend: Annotated[
        float | None,
        typer.Option("--bend", metavar="DEG", help="Bend the path by so many degrees, to the left where positive."),
    ] = None
    turn: Annotated[
        float | None,
        typer.Option("--turn", metavar="DEG", help="Turn the whole motion, to the left where positive."),
    ] = None
    in_place: Annotated[bool, typer.Option("--in-place", help="Take the way out of the motion.")] = False
    loop: Annotated[
        str | None,
        typer.Option(
            "--loop",
            metavar="[SECONDS]",
            help="Make a seamless loop: of as much of the motion as fits, or of so many seconds.",
        ),
    ] = None

    def edits(self) -> Edits:
        """The edits.

        Raises:
            MotionGPTError: a value cannot be understood, or no edit is given.
        """
        from motiongpt.motion.edits import Edits

        given = {name: value for name, value in self.chosen().items() if value is not False}
        if not given:
            raise MotionGPTError("Nothing is to be edited: give --trim, --loop, --mirror or another edit.")
        if self.trim is not None:
            given["trim"] = _parse_trim(self.trim)
        if self.loop is not None:
            given["loop"] = True if self.loop == _WHOLE else _number("--loop", self.loop)
        return Edits(**given)


def _parse_trim(text: str) -> tuple[float | None, float | None]:
    start, colon, end = text.partition(":")
    if not colon:
        raise MotionGPTError(f"--trim must be START:END in seconds, such as 1.5:4, but is {text!r}.")
    first, last = (_number("--trim", part) if part.strip() else None for part in (start, end))
    return first, last


def _number(option: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise MotionGPTError(f"{option} needs numbers of seconds, not {text!r}.") from None


@grouped
def edit(
    file: MotionFile,
    options: EditOptions,
    reading: EditedInput,
    output: OutputFile = None,
    names: JointNames = None,
    body: BodyOption = None,
    as_json: AsJson = False,
) -> None:
    """Edit a motion file: trim, loop, mirror, bend and more, in one call.

    Needs no model. The motion keeps its proportions and its place. Writes outputs/<name>_edit.npy by default.
    """
    edits = options.edits()
    path = check_output(output or OUTPUTS / f"{file.stem}_edit.npy")
    motion = reading.load(file)
    edited = edits.apply(motion)
    for remark in edited.remarks[len(motion.remarks) :]:
        say(remark)
    _finish(edited, path, [file], names, body, as_json)


@grouped
def join(
    files: MotionFiles,
    reading: EditedInput,
    output: OutputFile = None,
    fps: OutputFps = None,
    names: JointNames = None,
    body: BodyOption = None,
    as_json: AsJson = False,
) -> None:
    """Join motion files one after the other, where they are most alike.

    Each motion is turned and moved to where the one before it ends, and its body gets the proportions of the first. At
    most a second of either is left out at a cut. Writes outputs/<name>_join.npy by default.
    """
    from motiongpt.motion.editing import concatenate

    if len(files) < 2:
        raise MotionGPTError(f"{files[0]}: join needs two motion files at least.")
    path = check_output(output or OUTPUTS / f"{files[0].stem}_join.npy")
    motions = _at_one_rate(files, reading, fps)
    joined, seams = concatenate(motions)
    for file, seam in zip(files[1:], seams, strict=True):
        cost = f"; the poses there differ by {100 * seam.cost:.0f} cm on average" if seam.cost > 0.1 else ""
        say(f"{file} takes over at {seam.middle / joined.fps:.2f} s{cost}.")
    _finish(joined, path, files, names, body, as_json)


@grouped
def layer(
    legs: Annotated[
        Path,
        typer.Argument(metavar="LEGS", help=f"Motion file {READABLE} of the legs and the path.", show_default=False),
    ],
    arms: Annotated[
        Path,
        typer.Argument(metavar="ARMS", help="Motion file of the torso, the arms and the head.", show_default=False),
    ],
    reading: EditedInput,
    output: OutputFile = None,
    fps: OutputFps = None,
    names: JointNames = None,
    body: BodyOption = None,
    as_json: AsJson = False,
) -> None:
    """Put the arms of one motion on the legs of another.

    The result is as long as the shorter one. Writes outputs/<legs>_layer.npy by default.
    """
    from motiongpt.motion.editing import combine

    path = check_output(output or OUTPUTS / f"{legs.stem}_layer.npy")
    lower, upper = _at_one_rate([legs, arms], reading, fps)
    if len(lower) != len(upper):
        say(f"The motions last {lower.seconds:.2f} and {upper.seconds:.2f} s; the rest of the longer one is left out.")
    _finish(combine(lower, upper), path, [legs, arms], names, body, as_json)


def _at_one_rate(files: Sequence[Path], reading: EditedInput, fps: float | None) -> list[Motion]:
    """The motions of files at one frame rate, that of the first where none is given."""
    motions = [reading.load(file) for file in files]
    rate = motions[0].fps if fps is None else fps
    for file, motion in zip(files, motions, strict=True):
        if fps is None and motion.fps != rate:
            say(f"{file}: {motion.fps:g} frames per second became {rate:g}, as the first file has; see --fps.")
    return [motion.resample(rate) for motion in motions]


def _finish(
    motion: Motion, path: Path, files: Sequence[Path], names: str | None, body: Body | None, as_json: bool
) -> None:
    """Write the result and say where it is."""
    save_motion(replace(motion, name=path.stem), path, names=names, body=None if body is None else body.value)
    say(f"{len(motion)} frames at {motion.fps:g} fps, {motion.seconds:g} s")
    if as_json:
        facts = {"frames": len(motion), "fps": motion.fps, "seconds": motion.seconds, "remarks": list(motion.remarks)}
        print_json({"files": [str(file) for file in files], "output": str(path), **facts})
    else:
        print(path)
