"""The verbs of the original's checkpoints: import-checkpoint, export-checkpoint."""

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
    """Of the motion tokenizer's residual blocks."""

    relu = "relu"
    silu = "silu"
    gelu = "gelu"


class Norm(str, Enum):
    """Norms whose weights look alike."""

    LN = "LN"
    GN = "GN"


def import_checkpoint(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Checkpoint: .ckpt, .tar, .safetensors.", show_default=False)
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
        Path | None, typer.Option("--mean", metavar="FILE", help="mean.npy that the tokenizer was trained with.")
    ] = None,
    std: Annotated[Path | None, typer.Option("--std", metavar="FILE", help="std.npy that belongs to it.")] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data", metavar="DIR", help="Or the HumanML3D or KIT folder, whose Mean.npy and Std.npy are used."
        ),
    ] = None,
    words: Annotated[
        Path | None,
        typer.Option("--words", metavar="DIR", help="Word vectors of an evaluator: our_vab_data.npy, our_vab_idx.pkl."),
    ] = None,
    activation: Annotated[
        Activation, typer.Option("--activation", help="Of the motion tokenizer; the weights do not tell.")
    ] = Activation.relu,
    norm: Annotated[Norm | None, typer.Option("--norm", help="Of the motion tokenizer, where it can be both.")] = None,
    as_json: AsJson = False,
) -> None:
    """Turn a checkpoint of the original MotionGPT into a model folder.

    Reads Lightning files, the evaluator's finest.tar, and safetensors of the original's names. Only tensors and plain
    containers are taken from a file; nothing in it is ever run, and a file that tries is refused. Every weight is used,
    or named with the reason why not.
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
        Path, typer.Option("-o", "--output", metavar="FILE", help="File to write: .safetensors.", show_default=False)
    ],
    as_json: AsJson = False,
) -> None:
    """Write a model in the original's key layout, vae.* and lm.language_model.*.

    What the original has no place for is added under motiongpt.*: importing the file gives the identical model.
    """
    from motiongpt.compat import export_checkpoint

    if output.suffix.lower() != ".safetensors":
        raise MotionGPTError(f"{output}: weights are written to .safetensors files.")
    writable_folder(output.parent)
    count = export_checkpoint(load_model(model, "cpu"), output)
    if as_json:
        print_json({"output": str(output), "weights": count})
    else:
        print(output)
