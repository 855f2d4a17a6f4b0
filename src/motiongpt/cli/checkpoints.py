"""Verbs for checkpoints of the original MotionGPT: import-checkpoint, export-checkpoint."""

from __future__ import annotations

from collections import Counter
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from motiongpt.cli.console import load_model, print_json, say, writable_folder
from motiongpt.cli.options import AsJson
from motiongpt.errors import MotionGPTError


class Activation(str, Enum):
    """Activations of the motion tokenizer."""

    relu = "relu"
    silu = "silu"
    gelu = "gelu"


class Norm(str, Enum):
    """Norms of the motion tokenizer; their weights have the same names and shapes."""

    LN = "LN"
    GN = "GN"


def import_checkpoint(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Checkpoint (.ckpt, .tar, .safetensors).", show_default=False)
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="DIR", help="Model folder to write.", show_default=False)
    ],
    text_tokenizer: Annotated[
        str | None,
        typer.Option(
            "--text-tokenizer",
            metavar="FOLDER_OR_ID",
            help="Text tokenizer of the T5: a folder with tokenizer.json, or a hub id such as google/flan-t5-base.",
        ),
    ] = None,
    mean: Annotated[
        Path | None,
        typer.Option("--mean", metavar="FILE", help="The mean.npy that the motion tokenizer was trained with."),
    ] = None,
    std: Annotated[Path | None, typer.Option("--std", metavar="FILE", help="The std.npy that belongs to it.")] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            metavar="DIR",
            help="HumanML3D or KIT folder with Mean.npy and Std.npy, instead of --mean and --std.",
        ),
    ] = None,
    words: Annotated[
        Path | None,
        typer.Option(
            "--words",
            metavar="DIR",
            help="Folder of an evaluator's word vectors: our_vab_data.npy and our_vab_idx.pkl.",
        ),
    ] = None,
    activation: Annotated[
        Activation,
        typer.Option("--activation", help="Activation of the motion tokenizer, which the weights do not record."),
    ] = Activation.relu,
    norm: Annotated[
        Norm | None, typer.Option("--norm", help="Norm of the motion tokenizer, if the weights fit both.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Import a checkpoint of the original MotionGPT as a model folder.

    Reads Lightning checkpoints, the evaluator's finest.tar, and safetensors files with the original's names. Only
    tensors and plain containers are unpickled: no code of the file runs, and a file that contains any is refused. Every
    weight is imported, or listed with the reason why it is not.
    """
    from motiongpt.compat import import_checkpoint

    result = import_checkpoint(
        file,
        output,
        text_tokenizer=text_tokenizer,
        mean=mean,
        std=std,
        data=data,
        words=words,
        activation=activation.value,
        norm=None if norm is None else norm.value,
    )
    for part, count in result["used"].items():
        say(f"{part}: all {count} weights used")
    for reason, count in Counter(result["unused"].values()).items():
        say(f"not used, {reason}: {count}")
        for name in sorted(name for name, why in result["unused"].items() if why == reason):
            say(f"  {name}")
    for remark in result["remarks"]:
        say(f"note: {remark}")
    if as_json:
        print_json({"output": str(output), **result})
    else:
        print(output)


def export_checkpoint(
    model: Annotated[str, typer.Argument(metavar="DIR", help="Model folder or hub id.", show_default=False)],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="Output file (.safetensors).", show_default=False)
    ],
    as_json: AsJson = False,
) -> None:
    """Export a model with the weight names of the original MotionGPT, vae.* and lm.language_model.*.

    Weights that the original lacks are stored as motiongpt.*, so that importing the file restores the same model.
    """
    from motiongpt.compat import export_checkpoint

    if output.suffix.lower() != ".safetensors":
        raise MotionGPTError(f"--output: {output} must be a .safetensors file.")
    writable_folder(output.parent)
    count = export_checkpoint(load_model(model, "cpu"), output)
    if as_json:
        print_json({"output": str(output), "weights": count})
    else:
        print(output)
