"""Verbs of bodies: fit."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from motiongpt.cli.console import OUTPUTS, print_json, say
from motiongpt.cli.options import AsJson, Fps, SkeletonName, Unit
from motiongpt.errors import MotionGPTError
from motiongpt.motion import Motion


class SmplModel(str, Enum):
    """Body models of the SMPL family."""

    smpl = "smpl"
    smplh = "smplh"
    smplx = "smplx"


class Gender(str, Enum):
    """Which of its three files a body model comes from."""

    neutral = "neutral"
    male = "male"
    female = "female"


def fit(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Motion: any readable file.", show_default=False)],
    body_model: Annotated[
        Path,
        typer.Option("--body-model", metavar="PATH", help="Your own model file (.npz, .pkl).", show_default=False),
    ],
    model: Annotated[SmplModel, typer.Option("--model", help="Which body model it is.")] = SmplModel.smpl,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Parameters to write, .npz as AMASS has them.")
    ] = None,
    vertices: Annotated[
        Path | None, typer.Option("--vertices", metavar="FILE", help="Also write vertices (frames, V, 3) to an .npy.")
    ] = None,
    ply: Annotated[
        Path | None, typer.Option("--ply", metavar="DIR", help="Also write a .ply mesh for each frame.")
    ] = None,
    gender: Annotated[Gender, typer.Option("--gender", help="What the parameters say of it.")] = Gender.neutral,
    fps: Fps = None,
    unit: Unit = None,
    skeleton: SkeletonName = None,
    as_json: AsJson = False,
) -> None:
    """Fit SMPL, SMPL-H or SMPL-X to a motion, by a model file of your own.

    Shape parameters follow the lengths of the bones, rotations the positions of the joints; hands and face stay at
    rest. Parameters are AMASS's, Z up; vertices and meshes have Y up and stand where the motion stands. Writes
    outputs/<name>_<model>.npz when -o is not given.
    """
    from motiongpt.bodies import fit_smpl, load_body_model

    path = output or OUTPUTS / f"{file.stem}_{model.value}.npz"
    for target, suffix in ((path, ".npz"), (vertices, ".npy")):
        if target is not None and (target.suffix.lower() != suffix or target.is_dir()):
            raise MotionGPTError(f"{target}: must be the name of an {suffix} file.")
    body = load_body_model(body_model, model.value)
    motion = Motion.load(file, fps=fps, unit=unit, skeleton=skeleton)
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
    say(f"{file}: {len(motion)} frames, joints on average {error:.1f} mm from the source")
    if as_json:
        print_json({"input": str(file), "outputs": written, "frames": len(motion), "mean_error_mm": error})
    else:
        print("\n".join(written))
