"""The verbs of motion tokens: encode, decode."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from motiongpt.cli.console import (
    OUTPUTS,
    check_output,
    load_model,
    print_json,
    read_motion,
    save_motion,
    writable_folder,
)
from motiongpt.cli.motions import MotionFile
from motiongpt.cli.options import AsJson, Device, Model, NoCleanup, OutputFile
from motiongpt.errors import MotionGPTError
from motiongpt.files import atomic_path
from motiongpt.formats.arrays import load_npy

app = typer.Typer(name="tokens", help="Motion tokens: of a motion, and back.")


@app.command()
def encode(
    file: MotionFile, output: OutputFile = None, model: Model = None, device: Device = "cpu", as_json: AsJson = False
) -> None:
    """Codes of a motion, int64 (n,), a code for 4 frames.

    Written to outputs/<name>_codes.npy when -o is not given.
    """
    path = output or OUTPUTS / f"{file.stem}_codes.npy"
    if path.suffix.lower() != ".npy":
        raise MotionGPTError(f"{path}: codes are written to .npy files.")
    writable_folder(path.parent)
    gpt = load_model(model, device)
    codes = gpt.tokenizer.encode(read_motion(file, gpt))
    with atomic_path(path) as temporary:
        np.save(temporary, codes.astype(np.int64), allow_pickle=False)
    if as_json:
        print_json({"file": str(file), "output": str(path), "codes": codes.tolist()})
    else:
        print(path)


@app.command()
def decode(
    codes_file: Annotated[Path, typer.Argument(metavar="CODES", help="Codes, an .npy.", show_default=False)],
    output: OutputFile = None,
    no_cleanup: NoCleanup = False,
    model: Model = None,
    device: Device = "cpu",
    as_json: AsJson = False,
) -> None:
    """Motion of codes (n,) or (1, n), in any format that can be written: the suffix of -o names it.

    Written to outputs/<name>_joints.npy when -o is not given.
    """
    path = check_output(output or OUTPUTS / f"{codes_file.stem}_joints.npy")
    codes = load_npy(codes_file)
    if codes.ndim == 2 and len(codes) == 1:
        codes = codes[0]
    if codes.ndim != 1 or len(codes) == 0 or not np.issubdtype(codes.dtype, np.integer):
        raise MotionGPTError(
            f"{codes_file}: holds {codes.dtype} of shape {codes.shape}, but codes are whole numbers of shape (n,)."
        )
    try:
        motion = load_model(model, device).tokenizer.decode_motion(codes, cleanup=not no_cleanup)
    except MotionGPTError as error:
        raise MotionGPTError(f"{codes_file}: {error}") from error
    save_motion(motion, path)
    if as_json:
        print_json({"file": str(codes_file), "output": str(path), "frames": len(motion), "fps": motion.fps})
    else:
        print(path)
