"""Options that several verbs share, each defined once."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

Model = Annotated[
    str | None,
    typer.Option("--model", metavar="FOLDER", help="Model folder or hub id; the embedded model when not given."),
]
Device = Annotated[str, typer.Option("--device", help="Where the model runs: cpu, cuda, mps.")]
Seed = Annotated[int, typer.Option("--seed", metavar="K", min=0, help="Seed of everything random.")]
Samples = Annotated[int, typer.Option("-n", "--samples", metavar="N", min=1, help="Samples of each item.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of lines.")]
OutputFolder = Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="Folder for the results.")]
OutputFile = Annotated[
    Path | None,
    typer.Option("-o", "--output", metavar="FILE", help="File for the result; its suffix names the format."),
]
Formats = Annotated[
    str,
    typer.Option(
        "--format",
        metavar="A,B",
        help="What to write: mp4, webm, mov, gif, png, bvh, glb, fbx, blend, npz, csv, npy, features.npy.",
    ),
]
Temperature = Annotated[
    float | None, typer.Option("--temperature", min=0.0, help="Variety of sampling; 0 takes the likeliest.")
]
TopK = Annotated[int | None, typer.Option("--top-k", min=0, help="Sample among so many likeliest tokens; 0 for all.")]
TopP = Annotated[
    float | None, typer.Option("--top-p", help="Sample among the likeliest tokens of this total probability.")
]
Guidance = Annotated[
    float | None, typer.Option("--guidance", help="Above 1: follow the sentence more closely; 1: do not guide.")
]
Rerank = Annotated[
    int | None, typer.Option("--rerank", help="Write so many candidates for each sample, keep the one that fits best.")
]
Whole = Annotated[
    bool, typer.Option("--whole", help="Make a sentence of several actions at once, not action by action.")
]
NoCleanup = Annotated[
    bool, typer.Option("--no-cleanup", help="Leave jitter and sliding feet of what is made as they are decoded.")
]
Seconds = Annotated[float | None, typer.Option("--seconds", metavar="S", help="Exact length of the motion.")]
Fps = Annotated[
    float | None, typer.Option("--fps", help="Frame rate of the input, where the file has none or a wrong one.")
]
Unit = Annotated[
    str | None, typer.Option("--unit", help="Length unit of the input (m, cm, mm, inch, cmu) or metres in one unit.")
]
SkeletonName = Annotated[
    str | None, typer.Option("--skeleton", help="The .asf of an .amc, or humanml3d or kit for an .npy.")
]


Names = Annotated[
    str | None, typer.Option("--names", help="Names of joints in .bvh, .glb, .fbx, .blend: smpl, mixamo or cmu.")
]
BlenderProgram = Annotated[
    str | None,
    typer.Option("--blender", metavar="PROGRAM", help="Your Blender; the extra 'blender' when not given."),
]


class Engine(str, Enum):
    """What draws pictures and videos."""

    fast = "fast"
    blender = "blender"


class Body(str, Enum):
    """What a figure is drawn as."""

    mannequin = "mannequin"
    skeleton = "skeleton"
    anny = "anny"


BodyOption = Annotated[
    Body | None,
    typer.Option("--body", help="What figures are: KIT's joints only a skeleton; anny in .glb, .fbx and .blend only."),
]
