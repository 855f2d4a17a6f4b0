"""Codes of whole data sets: the folder ``TOKENS`` of the original MotionGPT, written and read.

::

    TOKENS/
      <id>.npy         int64 (1, n): the codes of a clip's whole strides from its first frame on
      tokenizer.json   which tokenizer they are of; the original's folders have none

A folder of the original's may hold several rows a clip, each the codes of one way to cut it.
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
# Clips that are encoded together; those of one length share a batch.
_GROUP = 64


@dataclass(frozen=True)
class Tokenized:
    """What :func:`write_tokens` did.

    Attributes:
        folder: where the codes are.
        written, kept: clips encoded now, and those that were there already.
        problems: a sentence for each clip without codes.
    """

    folder: Path
    written: int
    kept: int
    problems: tuple[str, ...]


def write_tokens(root: str | Path, tokenizer: MotionTokenizer, folder: str | Path | None = None) -> Tokenized:
    """Encode every clip that a list of the data set names; clips whose codes are there already are kept.

    Args:
        root: data set in the HumanML3D layout. Its captions are not looked at.
        tokenizer: of the data set's skeleton; the codes of a refinement are not written.
        folder: where to; ``root/TOKENS`` when None.

    Raises:
        MotionGPTError: no list, another skeleton, or a folder with codes of another tokenizer.
    """
    root = Path(root)
    folder = root / TOKENS if folder is None else Path(folder)
    if tokenizer.config.levels > 1:
        raise MotionGPTError(
            f"This tokenizer has {tokenizer.config.levels} codes for one latent, but a language model reads one."
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
    """Codes of clips, read.

    Args:
        folder: as :func:`write_tokens` or the original's script writes it.
        tokenizer: whose codes they must be: told by the folder's mark, or else by the size of the codebook and the
            number of codes.

    Raises:
        MotionGPTError: there is no such folder, or it is another tokenizer's.
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
        """The codes (n,) of frames ``start`` to ``stop`` of a clip, one array for each row of its file.

        As the original cuts them: ``codes[start // stride:stop // stride]``. Rows without a code there are left out.

        Args:
            frames: length of the whole clip, which its number of codes must fit.

        Raises:
            MotionGPTError: the file is missing, no row of whole numbers, or not of this clip and tokenizer.
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
        fewest, most = frames // self._stride - 1, -(-frames // self._stride)
        if not fewest <= rows.shape[1] <= most:
            raise MotionGPTError(
                f"{path} has {rows.shape[1]} codes for {frames} frames, but the tokenizer makes one of "
                f"{self._stride} frames: these are another tokenizer's or another clip's."
            )
        span = slice(start // self._stride, stop // self._stride)
        return tuple(row[span].astype(np.int64) for row in rows if len(row[span]))


def _listed(root: Path) -> list[str]:
    """Ids of all splits there are."""
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
    """What decides about codes: a tokenizer with another decoder has the same."""
    digest = hashlib.sha256()
    for name, tensor in sorted(tokenizer.state_dict().items()):
        if not name.startswith(("vqvae.decoder.", "refinement.")):
            digest.update(name.encode())
            # Saved weights are in half precision; so is what they are told by.
            digest.update(tensor.detach().cpu().half().numpy().tobytes())
    return {"stride": tokenizer.stride, "num_codes": tokenizer.num_codes, "sha256": digest.hexdigest()}


def _mark(folder: Path, tokenizer: MotionTokenizer) -> None:
    """Say whose codes will be in the folder, unless it holds another's."""
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
