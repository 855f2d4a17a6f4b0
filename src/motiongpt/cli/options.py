"""Options that several verbs share. Each is defined once; those that belong together are fields of a group."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from motiongpt.cli.console import load_model
from motiongpt.cli.groups import Group
from motiongpt.errors import MotionGPTError
from motiongpt.formats import READERS, SKINNED, WRITERS
from motiongpt.formats.characters import WRITABLE as CHARACTERS

if TYPE_CHECKING:
    from motiongpt.generation.motiongpt import MotionGPT
    from motiongpt.motion import Motion


def _number(holds: Callable[[float], bool], expected: str) -> Callable[[float | None], float | None]:
    """A check of an option's value; an option that is not given passes."""

    def check(value: float | None) -> float | None:
        if value is not None and not holds(value):
            raise typer.BadParameter(f"expected {expected}, got {value:g}.")
        return value

    return check


_positive = _number(lambda value: 0 < value < math.inf, "a number above 0")
_frame_rate = _number(lambda value: 0 < value <= 1000, "a number above 0 and at most 1000")
_not_negative = _number(lambda value: 0 <= value < math.inf, "a number of 0 or more")

READABLE = f"({', '.join(READERS)})"

# The switches, by the names of the arguments they set.
SWITCHES = {"cleanup": "--cleanup/--no-cleanup", "clauses": "--clauses/--whole"}

Model = Annotated[
    str | None,
    typer.Option("--model", metavar="FOLDER_OR_ID", help="Model folder or hub id; the embedded model by default."),
]
Device = Annotated[str, typer.Option("--device", help="PyTorch device: cpu, cuda or mps.")]
Threads = Annotated[
    int | None,
    typer.Option(
        "--threads",
        metavar="N",
        min=1,
        envvar="MOTIONGPT_THREADS",
        help="CPU threads; one for each core by default.",
    ),
]

Temperature = Annotated[
    float | None,
    typer.Option("--temperature", callback=_not_negative, help="Sampling temperature; 0 is greedy."),
]
TopK = Annotated[int | None, typer.Option("--top-k", min=0, help="Top-k sampling; 0 keeps all tokens.")]
TopP = Annotated[
    float | None,
    typer.Option(
        "--top-p",
        callback=_number(lambda value: 0 < value <= 1, "a number above 0 and at most 1"),
        help="Nucleus sampling: keep the likeliest tokens up to this total probability.",
    ),
]
Cleanup = Annotated[
    bool | None,
    typer.Option(SWITCHES["cleanup"], help="Smooth the decoded motion and stop its feet from sliding."),
]
Guidance = Annotated[
    float | None,
    typer.Option(
        "--guidance",
        callback=_not_negative,
        help="Scale of classifier-free guidance: above 1 the motion follows the text more closely; 1 is off.",
    ),
]
Rerank = Annotated[
    int | None,
    typer.Option("--rerank", min=1, help="Candidates per sample, of which the best is kept."),
]
Clauses = Annotated[
    bool | None,
    typer.Option(
        SWITCHES["clauses"], help="Generate a sentence of several actions one action at a time, or as a whole."
    ),
]


class RetrievalMode(str, Enum):
    """Whether recordings compete with what the model writes: the values of the option retrieval."""

    on = "on"
    off = "off"
    only = "only"


Retrieval = Annotated[
    RetrievalMode | None,
    typer.Option("--retrieval", help="Whether recordings of the library compete with what the model writes."),
]
LibraryName = Annotated[
    str | None,
    typer.Option("--library", metavar="NAME", help="Library of 'library add' (or its folder) instead of the model's."),
]

Seconds = Annotated[
    float | None,
    typer.Option("--seconds", metavar="S", callback=_positive, help="Length in seconds."),
]
Frames = Annotated[
    int | None,
    typer.Option("--frames", metavar="F", min=1, help="Length in frames, of which a second has 20 (KIT: 12.5)."),
]
MinSeconds = Annotated[
    float | None,
    typer.Option("--min-seconds", metavar="S", callback=_positive, help="Shortest length that the model may choose."),
]
MaxSeconds = Annotated[
    float | None,
    typer.Option("--max-seconds", metavar="S", callback=_positive, help="Longest length that the model may choose."),
]

Fps = Annotated[
    float | None,
    typer.Option("--fps", "--input-fps", callback=_positive, help="Frame rate, if the file has none or a wrong one."),
]
InputFps = Annotated[
    float | None,
    typer.Option("--input-fps", callback=_positive, help="Frame rate of a file that has none or a wrong one."),
]
_OUTPUT_FPS = "Frame rate of what is written; rotations are interpolated."
OutputFps = Annotated[
    float | None,
    typer.Option(
        "--fps",
        "--output-fps",
        metavar="N",
        callback=_frame_rate,
        help=_OUTPUT_FPS,
    ),
]
ConvertedFps = Annotated[
    float | None,
    typer.Option(
        "--output-fps",
        metavar="N",
        callback=_frame_rate,
        help=f"{_OUTPUT_FPS} 20 by default (KIT: 12.5).",
    ),
]
Unit = Annotated[
    str | None,
    typer.Option("--unit", help="Length unit: m, cm, mm, inch, cmu, or the metres in one unit."),
]
Up = Annotated[
    str | None,
    typer.Option(
        "--up", metavar="AXIS", help="Vertical axis of the file: x, y, z, -x, -y or -z; found from the body by default."
    ),
]
Clip = Annotated[
    str | None,
    typer.Option("--clip", metavar="NAME", help="Clip of a file that holds several; the first that moves by default."),
]
JointMapFile = Annotated[
    Path | None,
    typer.Option(
        "--joint-map",
        metavar="FILE",
        help="YAML file from the 22 joints to those of the file; 'inspect --write-joint-map' writes one to start from.",
    ),
]
SkeletonName = Annotated[
    str | None,
    typer.Option("--skeleton", help="The .asf file of an .amc, or humanml3d or kit for an .npy."),
]
VideoFps = Annotated[
    float | None,
    typer.Option(
        "--output-fps",
        metavar="N",
        callback=_frame_rate,
        help="Frame rate of a video; that of the first motion by default.",
    ),
]

MotionFile = Annotated[Path, typer.Argument(metavar="FILE", help=f"Motion file {READABLE}.", show_default=False)]
MotionFiles = Annotated[
    list[Path], typer.Argument(metavar="FILE", help=f"Motion files {READABLE}.", show_default=False)
]
Formats = Annotated[
    str,
    typer.Option(
        "--format",
        metavar="A,B",
        help=f"Output formats: {', '.join(suffix.lstrip('.') for suffix in WRITERS)}, features.npy.",
    ),
]
OutputFolder = Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="Output folder.")]
OutputFolderOrFile = Annotated[
    Path,
    typer.Option(
        "-o", "--output", metavar="DIR_OR_FILE", help="Output folder, or one file whose suffix selects the format."
    ),
]
OutputFile = Annotated[
    Path | None,
    typer.Option("-o", "--output", metavar="FILE", help="Output file; its suffix selects the format."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
Seed = Annotated[int, typer.Option("--seed", metavar="K", min=0, help="Random seed.")]
Samples = Annotated[int, typer.Option("-n", "--samples", metavar="N", min=1, help="Samples per input.")]
JointNames = Annotated[str | None, typer.Option("--names", help="Joint names of a rig: smpl, mixamo or cmu.")]
BlenderProgram = Annotated[
    str | None,
    typer.Option("--blender", metavar="PROGRAM", help="Blender executable; the extra 'blender' by default."),
]


class Engine(str, Enum):
    """Renderers."""

    fast = "fast"
    blender = "blender"


class Body(str, Enum):
    """Bodies of a figure."""

    mannequin = "mannequin"
    skeleton = "skeleton"
    anny = "anny"


BodyOption = Annotated[
    Body | None,
    typer.Option("--body", help=f"Body of the figures. KIT motions need skeleton; anny needs {', '.join(SKINNED)}."),
]


class RootMotion(str, Enum):
    """What of a character moves through the world."""

    hips = "hips"
    root_bone = "root-bone"
    in_place = "in-place"


@dataclass(frozen=True)
class Onto(Group):
    """The user's own character."""

    panel = "Character"

    onto: Annotated[
        Path | None,
        typer.Option("--onto", metavar="FILE", help=f"Put the motion on this character ({', '.join(CHARACTERS)})."),
    ] = None
    root_motion: Annotated[
        RootMotion, typer.Option("--root-motion", help="What moves the character through the world.")
    ] = RootMotion.hips
    character_map: Annotated[
        Path | None,
        typer.Option("--character-map", metavar="FILE", help="As --joint-map, for the bones of the character."),
    ] = None
    drop_clips: Annotated[
        bool, typer.Option("--drop-clips", help="Leave out the animations that the character has.")
    ] = False


@dataclass(frozen=True)
class ModelOptions(Group):
    """Which model runs, and where."""

    panel = "Model"

    model: Model = None
    device: Device = "cpu"
    threads: Threads = None

    def load(self) -> MotionGPT:
        """Load the model.

        Raises:
            MotionGPTError: there is no such model or device, or the model folder is damaged.
        """
        return load_model(self.model, self.device, self.threads)


@dataclass(frozen=True)
class ModelWithLibrary(ModelOptions):
    """Which model runs, and with which recordings."""

    library: LibraryName = None

    def load(self) -> MotionGPT:
        """Load the model, with the library of this name in place of its own.

        Raises:
            MotionGPTError: as :meth:`ModelOptions.load`, or there is no such library.
        """
        from motiongpt.retrieval.shelf import load_library

        library = None if self.library is None else load_library(self.library)
        model = super().load()
        if library is not None:
            model.library = library
        return model


@dataclass(frozen=True)
class CompletionSampling(Group):
    """How any motion is sampled: :class:`motiongpt.generation.options.CompletionOptions` on the command line."""

    panel = "Sampling"

    temperature: Temperature = None
    top_k: TopK = None
    top_p: TopP = None
    cleanup: Cleanup = None


@dataclass(frozen=True)
class TextSampling(CompletionSampling):
    """How motion is sampled from text: :class:`motiongpt.generation.options.SamplingOptions` on the command line."""

    guidance: Guidance = None
    rerank: Rerank = None
    clauses: Clauses = None
    retrieval: Retrieval = None


@dataclass(frozen=True)
class Length(Group):
    """How long a generated motion is; the model decides when no option is given.

    Raises:
        MotionGPTError: the options contradict each other.
    """

    panel = "Length"

    seconds: Seconds = None
    frames: Frames = None
    min_seconds: MinSeconds = None
    max_seconds: MaxSeconds = None

    def __post_init__(self) -> None:
        if self.seconds is not None and self.frames is not None:
            raise MotionGPTError("Give --seconds or --frames, not both.")
        exact = self.seconds is not None or self.frames is not None
        if exact and (self.min_seconds is not None or self.max_seconds is not None):
            raise MotionGPTError(
                "--seconds and --frames set the exact length: leave out --min-seconds and --max-seconds."
            )
        if self.min_seconds is not None and self.max_seconds is not None and self.min_seconds > self.max_seconds:
            raise MotionGPTError("--min-seconds must not be above --max-seconds.")


@dataclass(frozen=True)
class _Reading(Group):
    """What a motion file does not say of itself, but for its frame rate."""

    panel = "Input"

    unit: Unit = None
    up: Up = None
    clip: Clip = None
    joint_map: JointMapFile = None
    skeleton: SkeletonName = None

    def load(self, path: Path, **options: Any) -> Motion:
        """Read a motion file, with more options of its format; what was guessed is said on stderr.

        Arguments are those of :func:`motiongpt.formats.read`.
        """
        from motiongpt.cli.inputs import load

        return load(path, **self.chosen(), **options)

    def load_one(self, path: Path, **options: Any) -> list[Motion]:
        """:meth:`load` as a list of one motion."""
        return [self.load(path, **options)]

    def load_clips(self, path: Path, **options: Any) -> list[Motion]:
        """All clips of a file; those that cannot be read are reported on stderr and left out.

        Raises:
            MotionGPTError: the file cannot be read, or no clip of it.
        """
        from motiongpt.cli.inputs import load_clips

        return load_clips(path, **self.chosen(), **options)


@dataclass(frozen=True)
class Input(_Reading):
    """What a motion file does not say of itself."""

    fps: Fps = None


@dataclass(frozen=True)
class EditedInput(_Reading):
    """The same for a verb whose --fps is the frame rate of what it writes."""

    input_fps: InputFps = None

    def chosen(self) -> dict[str, Any]:
        """The options that the user gave, as keyword arguments."""
        given = super().chosen()
        return {"fps" if name == "input_fps" else name: value for name, value in given.items()}
