"""The verbs of motion tokens: encode, decode, show."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer
from tqdm import tqdm

from motiongpt.cli.console import (
    OUTPUTS,
    check_output,
    load_model,
    print_json,
    read_motion,
    save_motion,
    say,
    writable_folder,
)
from motiongpt.cli.motions import MotionFile
from motiongpt.cli.options import AsJson, BodyOption, Device, Model, NoCleanup, OutputFile, OutputFolder
from motiongpt.data.layout import load_features
from motiongpt.errors import MotionGPTError
from motiongpt.files import atomic_path
from motiongpt.formats.arrays import load_npy

if TYPE_CHECKING:
    from motiongpt.generation.motiongpt import MotionGPT

_PAGE = 256  # tiles

app = typer.Typer(name="tokens", help="Motion tokens: of a motion, back, and what they look like.")


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


@app.command()
def show(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[FILE...]",
            help="Motions, or folders of data sets, in which codes are counted.",
            show_default=False,
        ),
    ] = None,
    codes: Annotated[
        str | None, typer.Option("--codes", metavar="3,17", help="Only these codes; all when not given.")
    ] = None,
    output: OutputFolder = OUTPUTS / "codes",
    body: BodyOption = None,
    model: Model = None,
    device: Device = "cpu",
    as_json: AsJson = False,
) -> None:
    """Pictures of the codes that the language model writes, and how often they are met in motions.

    A tile shows the first (pale) and the last pose (deep) of the frames a code stands for, decoded as if the code went
    on at both ends. Pages of 256 tiles are written to DIR/codes_<first>-<last>.png; with FILEs, labels tell the share
    of each code in them, and DIR/usage.png and DIR/usage.csv tell it for all.
    """
    from motiongpt.render import render_sheet, render_usage, save_image

    writable_folder(output)
    gpt = load_model(model, device)
    tokenizer = gpt.tokenizer
    chosen = _parse_codes(codes, tokenizer.num_codes)
    counts = None if not files else _count(files, gpt)
    written = []
    motions = (tokenizer.decode_motion([code] * tokenizer.config.levels, cleanup=False) for code in chosen)
    shown = tqdm(motions, desc="codes", total=len(chosen), unit="code", disable=not sys.stderr.isatty())
    for start in range(0, len(chosen), _PAGE):
        page = chosen[start : start + _PAGE]
        labels = [_label(code, counts) for code in page]
        picture = render_sheet(
            islice(shown, len(page)), labels, columns=min(16, len(page)), body=None if body is None else body.value
        )
        written.append(save_image(picture, output / f"codes_{page[0]:04d}-{page[-1]:04d}.png"))
    if counts is not None:
        written.append(save_image(render_usage(counts), output / "usage.png"))
        rows = [f"{code},{count},{count / counts.sum():.6f}" for code, count in enumerate(counts.tolist())]
        with atomic_path(output / "usage.csv") as temporary:
            temporary.write_text("\n".join(["code,count,share", *rows, ""]), encoding="utf-8")
        written.append(output / "usage.csv")
        say(f"{int((counts > 0).sum())} of {len(counts)} codes are used")
    if as_json:
        used = None if counts is None else int((counts > 0).sum())
        print_json({"files": [str(path) for path in written], "codes": len(chosen), "used": used})
    else:
        print(*written, sep="\n")


def _label(code: int, counts: np.ndarray | None) -> str:
    return str(code) if counts is None else f"{code} · {100 * counts[code] / counts.sum():.2g} %"


def _parse_codes(text: str | None, count: int) -> list[int]:
    """``"3,17"`` -> the codes; all of them for None.

    Raises:
        MotionGPTError: something else, or a code that the model does not have.
    """
    if text is None:
        return list(range(count))
    try:
        chosen = [int(part) for part in text.split(",")]
    except ValueError as error:
        raise MotionGPTError(f"--codes must be whole numbers such as 3,17, but is {text!r}.") from error
    for code in chosen:
        if not 0 <= code < count:
            raise MotionGPTError(f"--codes: there is no code {code}; this model has 0 to {count - 1}.")
    return chosen


def _count(files: Sequence[Path], gpt: MotionGPT) -> np.ndarray:
    """How often each code (K,) is met in motion files, and in the features of data sets in the HumanML3D layout."""
    tokenizer = gpt.tokenizer
    counts = np.zeros(tokenizer.num_codes, dtype=np.int64)
    clips: list[tuple[Path, bool]] = []
    for file in files:
        inside = sorted((file / "new_joint_vecs").glob("*.npy"))
        if file.is_dir() and not inside:
            raise MotionGPTError(f"{file}: a folder must be a data set with new_joint_vecs/*.npy in it; or name files.")
        clips += [(path, True) for path in inside] or [(file, False)]
    for path, prepared in tqdm(clips, desc="motions", unit="file", disable=not sys.stderr.isatty()):
        clip = load_features(path, tokenizer.skeleton) if prepared else read_motion(path, gpt)
        counts += np.bincount(tokenizer.encode(clip, coarse=True), minlength=len(counts))
    return counts
