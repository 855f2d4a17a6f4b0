"""Codes of whole data sets: the folder ``TOKENS`` of the original MotionGPT, written and read.

::

    TOKENS/
      <id>.npy         int64 (1, n): codes of the whole strides of a clip from its first frame
      tokenizer.json   identity of the tokenizer; folders of the original have none

Folders of the original may hold several rows per clip, each the codes of the clip cut at another offset.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from motiongpt.data.layout import EXPECTED, FEATURES, SPLITS, feature_shape, load_features, read_ids, skeleton_of_width
from motiongpt.errors import MotionGPTError
from motiongpt.files import atomic_path
from motiongpt.tokenizer import MotionTokenizer

TOKENS = "TOKENS"
MARK = "tokenizer.json"
# Clips encoded together; those of equal length share a batch.
_GROUP = 64


@dataclass(frozen=True)
class Tokenized:
    """Result of :func:`write_tokens`.

    Attributes:
        folder: folder of the codes.
        written, kept: clips encoded now, and clips whose codes were there already.
        problems: a sentence for each clip without codes.
    """

    folder: Path
    written: int
    kept: int
    problems: tuple[str, ...]


def write_tokens(root: str | Path, tokenizer: MotionTokenizer, folder: str | Path | None = None) -> Tokenized:
    """Encode every listed clip of a data set; codes that are there already are kept.

    Args:
        root: data set in the HumanML3D layout. Its captions are not read.
        tokenizer: of the skeleton of the data set; the codes of a refinement are not written.
        folder: output folder; ``root/TOKENS`` when None.

    Raises:
        MotionGPTError: there is no list, the skeletons differ, or the folder has codes of another tokenizer.
    """
    root = Path(root)
    folder = root / TOKENS if folder is None else Path(folder)
    if tokenizer.config.levels > 1:
        raise MotionGPTError(
            f"This tokenizer has {tokenizer.config.levels} codes per latent, but a language model reads one."
        )
    ids = _listed(root)
    _check_skeleton(root, ids, tokenizer)
    _mark(folder, tokenizer)
    todo = [clip for clip in ids if not (folder / f"{clip}.npy").is_file()]
    written, problems = 0, []
    with tqdm(total=len(ids), initial=len(ids) - len(todo), desc="tokenize", unit="clip", disable=None) as bar:
        for first in range(0, len(todo), _GROUP):
            group = todo[first : first + _GROUP]
            clips: dict[str, np.ndarray] = {}
            for clip in group:
                try:
                    features = load_features(root / FEATURES / f"{clip}.npy", tokenizer.skeleton)
                except MotionGPTError as error:
                    problems.append(str(error))
                    continue
                whole = len(features) // tokenizer.stride * tokenizer.stride
                if whole:
                    clips[clip] = features[:whole]
                else:
                    problems.append(f"{clip} has {len(features)} frames, too few for a code.")
            for clip, codes in zip(clips, tokenizer.encode_batch(list(clips.values()), coarse=True), strict=True):
                with atomic_path(folder / f"{clip}.npy") as temporary:
                    np.save(temporary, codes.astype(np.int64)[None], allow_pickle=False)
                written += 1
            bar.update(len(group))
    return Tokenized(folder, written, len(ids) - len(todo), tuple(problems))


class TokenFolder:
    """Codes of clips, read from files.

    Args:
        folder: written by :func:`write_tokens` or the original's script.
        tokenizer: tokenizer of the codes. It is verified by ``tokenizer.json`` or, without that file, by the size of
            the codebook and the number of codes.

    Raises:
        MotionGPTError: the folder is missing, or its codes are of another tokenizer.
    """

    def __init__(self, folder: str | Path, tokenizer: MotionTokenizer) -> None:
        self.folder = Path(folder)
        self._stride, self._num_codes = tokenizer.stride, tokenizer.num_codes
        if not self.folder.is_dir():
            raise MotionGPTError(f"There is no folder {folder} of codes: make it with motiongpt data tokenize.")
        mark = _read_mark(self.folder)
        if mark is not None and mark != _identity(tokenizer):
            raise MotionGPTError(_other_tokenizer(self.folder))

    def read(self, clip: str, start: int, stop: int, frames: int) -> tuple[np.ndarray, ...]:
        """The codes (n,) of frames [start, stop) of a clip, one array per row of its file.

        Cut as by the original: ``codes[start // stride:stop // stride]``. Rows without a code there are skipped.

        Args:
            clip: id.
            start, stop: range of frames.
            frames: length of the whole clip, which its number of codes must fit.

        Raises:
            MotionGPTError: the file is missing, malformed, or not of this clip and tokenizer.
        """
        path = self.folder / f"{clip}.npy"
        try:
            rows = np.load(path, allow_pickle=False)
        except FileNotFoundError as error:
            raise MotionGPTError(
                f"{path} is missing: run motiongpt data tokenize again, or leave tokens empty to encode the clips."
            ) from error
        except (OSError, ValueError, EOFError) as error:
            raise MotionGPTError(f"{path} is not a readable .npy file of codes.") from error
        if not isinstance(rows, np.ndarray) or rows.ndim != 2 or rows.size == 0 or rows.dtype.kind not in "iu":
            raise MotionGPTError(f"{path} does not hold codes: whole numbers of shape (1, n).")
        if rows.min() < 0 or rows.max() >= self._num_codes:
            raise MotionGPTError(
                f"{path} has codes {rows.min()} to {rows.max()}, but the tokenizer has 0 to {self._num_codes - 1}: "
                "these are another tokenizer's."
            )
        min_codes, max_codes = frames // self._stride - 1, -(-frames // self._stride)
        if not min_codes <= rows.shape[1] <= max_codes:
            raise MotionGPTError(
                f"{path} has {rows.shape[1]} codes for {frames} frames, but the tokenizer has one for "
                f"{self._stride} frames: these are another tokenizer's or another clip's."
            )
        span = slice(start // self._stride, stop // self._stride)
        return tuple(row[span].astype(np.int64) for row in rows if len(row[span]))


def _listed(root: Path) -> list[str]:
    """Ids of all existing splits."""
    ids: dict[str, None] = {}
    lists = [split for split in SPLITS if (root / f"{split}.txt").is_file()]
    for split in lists:
        ids |= dict.fromkeys(read_ids(root, split))
    if not ids:
        raise MotionGPTError(f"{root} lists no clips: {EXPECTED}.")
    return list(ids)


def _check_skeleton(root: Path, ids: Sequence[str], tokenizer: MotionTokenizer) -> None:
    for width in _widths(root, ids):
        skeleton = skeleton_of_width(width)
        if skeleton is None or skeleton.name != tokenizer.skeleton.name:
            raise MotionGPTError(
                f"{root} has features of width {width}, but this tokenizer is for {tokenizer.skeleton.name}, width "
                f"{tokenizer.skeleton.feature_dim}."
            )
        return
    raise MotionGPTError(f"No listed clip of {root} can be read from {FEATURES}/.")


def _widths(root: Path, ids: Sequence[str]) -> Iterator[int]:
    for clip in ids:
        try:
            yield feature_shape(root / FEATURES / f"{clip}.npy")[1]
        except MotionGPTError:
            continue


def _identity(tokenizer: MotionTokenizer) -> dict[str, Any]:
    """What determines codes; tokenizers that differ in the decoder alone have the same identity."""
    digest = hashlib.sha256()
    for name, tensor in sorted(tokenizer.state_dict().items()):
        if not name.startswith(("vqvae.decoder.", "refinement.")):
            digest.update(name.encode())
            # Saved weights are in half precision.
            digest.update(tensor.detach().cpu().half().numpy().tobytes())
    return {"stride": tokenizer.stride, "num_codes": tokenizer.num_codes, "sha256": digest.hexdigest()}


def _mark(folder: Path, tokenizer: MotionTokenizer) -> None:
    """Write the identity of the tokenizer to a new folder, or verify it."""
    identity, mark = _identity(tokenizer), _read_mark(folder)
    if mark == identity:
        return
    if mark is not None or any(folder.glob("*.npy")):
        raise MotionGPTError(_other_tokenizer(folder))
    with atomic_path(folder / MARK) as temporary:
        temporary.write_text(json.dumps(identity, indent=2) + "\n", encoding="utf-8")


def _read_mark(folder: Path) -> Any:
    path = folder / MARK
    try:
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
    except (OSError, ValueError) as error:
        raise MotionGPTError(f"{path} cannot be read: remove this folder of codes and make it again.") from error


def _other_tokenizer(folder: Path) -> str:
    return f"{folder} holds the codes of another tokenizer: choose another folder, or remove this one."
