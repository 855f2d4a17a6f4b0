"""The verbs of motion tokens: encode, decode, show."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from motiongpt.cli.console import (
    OUTPUTS,
    check_output,
    print_json,
    read_motion,
    save_motion,
    say,
    writable_folder,
)
from motiongpt.cli.groups import grouped
from motiongpt.cli.options import AsJson, BodyOption, Cleanup, ModelOptions, MotionFile, OutputFile, OutputFolder
from motiongpt.errors import MotionGPTError
from motiongpt.files import atomic_path

if TYPE_CHECKING:
    import numpy as np

    from motiongpt.generation.motiongpt import MotionGPT

_PAGE = 256  # tiles

app = typer.Typer(name="tokens", help="Encode motions as tokens, decode tokens, and draw what they look like.")


@app.command()
@grouped
def encode(file: MotionFile, model: ModelOptions, output: OutputFile = None, as_json: AsJson = False) -> None:
    """Encode a motion as codes, one for every 4 frames.

    Writes int64 codes of shape (n,) to an .npy file, outputs/<name>_codes.npy by default.
    """
    import numpy as np

    path = output or OUTPUTS / f"{file.stem}_codes.npy"
    if path.suffix.lower() != ".npy":
        raise MotionGPTError(f"--output: {path} must be an .npy file.")
    writable_folder(path.parent)
    gpt = model.load()
    codes = gpt.tokenizer.encode(read_motion(file, gpt))
    with atomic_path(path) as temporary:
        np.save(temporary, codes.astype(np.int64), allow_pickle=False)
    if as_json:
        print_json({"file": str(file), "output": str(path), "codes": codes.tolist()})
    else:
        print(path)


@app.command()
@grouped
def decode(
    codes_file: Annotated[Path, typer.Argument(metavar="CODES", help="Codes, an .npy file.", show_default=False)],
    model: ModelOptions,
    output: OutputFile = None,
    cleanup: Cleanup = None,
    as_json: AsJson = False,
) -> None:
    """Decode codes of shape (n,) or (1, n) to a motion.

    Writes outputs/<name>_joints.npy by default.
    """
    import numpy as np

    from motiongpt.formats.arrays import load_npy

    path = check_output(output or OUTPUTS / f"{codes_file.stem}_joints.npy")
    codes = load_npy(codes_file)
    if codes.ndim == 2 and len(codes) == 1:
        codes = codes[0]
    if codes.ndim != 1 or len(codes) == 0 or not np.issubdtype(codes.dtype, np.integer):
        raise MotionGPTError(
            f"{codes_file}: codes must be whole numbers of shape (n,), but are {codes.dtype} of shape {codes.shape}."
        )
    try:
        motion = model.load().tokenizer.decode_motion(codes, cleanup=cleanup is not False)
    except MotionGPTError as error:
        raise MotionGPTError(f"{codes_file}: {error}") from error
    save_motion(motion, path)
    if as_json:
        print_json({"file": str(codes_file), "output": str(path), "frames": len(motion), "fps": motion.fps})
    else:
        print(path)


@app.command()
@grouped
def show(
    model: ModelOptions,
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILE", help="Motion files or data set folders, to count the codes in.", show_default=False
        ),
    ] = None,
    codes: Annotated[str | None, typer.Option("--codes", metavar="3,17", help="Codes to draw; all by default.")] = None,
    output: OutputFolder = OUTPUTS / "codes",
    body: BodyOption = None,
    as_json: AsJson = False,
) -> None:
    """Draw the codes, and count how often motions use them.

    A tile shows the first pose (pale) and the last pose (dark) of the frames that a code stands for. Writes pages of
    256 tiles, DIR/codes_<first>-<last>.png. With FILEs, the labels give the share of each code in them, and
    DIR/usage.png and DIR/usage.csv give it for all codes.
    """
    from tqdm import tqdm

    from motiongpt.render import render_sheet, render_usage, save_image

    writable_folder(output)
    gpt = model.load()
    tokenizer = gpt.tokenizer
    chosen = _parse_codes(codes, tokenizer.num_codes)
    counts = None if not files else _count(files, gpt)
    written = []
    # A code alone is decoded as if it were repeated before and after.
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
    """``"3,17"`` -> the codes; None -> all ``count`` codes.

    Raises:
        MotionGPTError: the text is malformed, or the model has no such code.
    """
    if text is None:
        return list(range(count))
    try:
        chosen = [int(part) for part in text.split(",")]
    except ValueError as error:
        raise MotionGPTError(f"--codes must be whole numbers, such as 3,17, but is {text!r}.") from error
    for code in chosen:
        if not 0 <= code < count:
            raise MotionGPTError(f"--codes: there is no code {code}; this model has codes 0 to {count - 1}.")
    return chosen


def _count(files: Sequence[Path], gpt: MotionGPT) -> np.ndarray:
    """Count each code (K,) in motion files and in the features of data sets in the HumanML3D layout."""
    import numpy as np
    from tqdm import tqdm

    from motiongpt.data.layout import load_features

    tokenizer = gpt.tokenizer
    counts = np.zeros(tokenizer.num_codes, dtype=np.int64)
    clips: list[tuple[Path, bool]] = []
    for file in files:
        inside = sorted((file / "new_joint_vecs").glob("*.npy"))
        if file.is_dir() and not inside:
            raise MotionGPTError(
                f"{file} is not a data set: it has no new_joint_vecs/*.npy; give motion files instead."
            )
        clips += [(path, True) for path in inside] or [(file, False)]
    for path, prepared in tqdm(clips, desc="motions", unit="file", disable=not sys.stderr.isatty()):
        clip = load_features(path, tokenizer.skeleton) if prepared else read_motion(path, gpt)
        counts += np.bincount(tokenizer.encode(clip, coarse=True), minlength=len(counts))
    return counts
