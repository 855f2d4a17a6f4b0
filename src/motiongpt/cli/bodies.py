"""The verb fit: body models."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from motiongpt.cli.console import OUTPUTS, print_json, say
from motiongpt.cli.groups import grouped
from motiongpt.cli.options import AsJson, Input, MotionFile
from motiongpt.errors import MotionGPTError


class SmplModel(str, Enum):
    """Body models of the SMPL family."""

    smpl = "smpl"
    smplh = "smplh"
    smplx = "smplx"


class Gender(str, Enum):
    """Genders of a body model, each with its own file."""

    neutral = "neutral"
    male = "male"
    female = "female"


@grouped
def fit(
    file: MotionFile,
    reading: Input,
    body_model: Annotated[
        Path,
        typer.Option("--body-model", metavar="PATH", help="Your body model file (.npz, .pkl).", show_default=False),
    ],
    model: Annotated[SmplModel, typer.Option("--model", help="Kind of the body model.")] = SmplModel.smpl,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Output file, an .npz in AMASS's layout.")
    ] = None,
    vertices: Annotated[
        Path | None, typer.Option("--vertices", metavar="FILE", help="Also write vertices (T, V, 3) to this .npy file.")
    ] = None,
    ply: Annotated[
        Path | None, typer.Option("--ply", metavar="DIR", help="Also write a .ply mesh of every frame to this folder.")
    ] = None,
    gender: Annotated[Gender, typer.Option("--gender", help="Gender to record in the output.")] = Gender.neutral,
    as_json: AsJson = False,
) -> None:
    """Fit SMPL, SMPL-H or SMPL-X to a motion.

    You supply the file of the body model. Its shape is fitted to the bone lengths, its rotations to the joint
    positions; hands and face stay at rest. Parameters have Z up, as in AMASS. Vertices and meshes have Y up and the
    placement of the motion. Writes outputs/<name>_<model>.npz by default.
    """
    from motiongpt.bodies import fit_smpl, load_body_model

    path = output or OUTPUTS / f"{file.stem}_{model.value}.npz"
    for option, target, suffix in (("--output", path, ".npz"), ("--vertices", vertices, ".npy")):
        if target is not None and (target.suffix.lower() != suffix or target.is_dir()):
            raise MotionGPTError(f"{option}: {target} must be an {suffix} file.")
    body = load_body_model(body_model, model.value)
    motion = reading.load(file)
    result = fit_smpl(motion, body)
    result.save(path, gender.value)
    written = [str(path)]
    if vertices is not None:
        result.save_vertices(vertices)
        written.append(str(vertices))
    if ply is not None:
        result.save_ply(ply)
        written.append(str(ply))
    error = 1000 * float(result.pose.error.mean())
    say(f"{file}: {len(motion)} frames, mean joint error {error:.1f} mm")
    if as_json:
        print_json({"input": str(file), "outputs": written, "frames": len(motion), "mean_error_mm": error})
    else:
        print("\n".join(written))
