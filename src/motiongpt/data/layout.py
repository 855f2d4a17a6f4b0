"""Data sets in the HumanML3D folder layout, which HumanML3D and KIT-ML have: reading them, and writing their index.

::

    root/
      new_joint_vecs/<id>.npy   features (T, 263) or (T, 251), float32
      new_joints/<id>.npy       joints (T, J, 3), recovered from the features; not needed for reading
      texts/<id>.txt            captions, see motiongpt.data.texts
      train.txt val.txt test.txt   one id per line; ids of mirrored clips start with M
      Mean.npy Std.npy          (263,) or (251,)
      clips.csv                 origin of each clip; data sets built here have one
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from motiongpt.data.texts import Caption, parse_captions
from motiongpt.errors import MotionGPTError
from motiongpt.files import atomic_path
from motiongpt.motion import HUMANML3D, FeatureLayout, Skeleton
from motiongpt.motion.skeleton import SKELETONS

SPLITS = ("train", "val", "test")
FEATURES, JOINTS, TEXTS = "new_joint_vecs", "new_joints", "texts"
EXPECTED = (
    f"a data set has the folders {FEATURES}/ (one .npy per clip) and {TEXTS}/ (one .txt per clip) and the lists "
    "train.txt, val.txt and test.txt"
)
CLIP_TABLE = "clips.csv"
CLIP_COLUMNS = (
    "id", "trial", "source", "format", "source_fps", "start_frame", "end_frame", "frames", "split", "caption_source",
    "captions", "capture", "mirrored", "licence", "floor", "note",
)  # fmt: skip
# In the column ``floor``: the body rests on something above the floor, such as stairs, a ladder or a high seat.
UNEVEN = "uneven"


@dataclass(frozen=True)
class Problem:
    """A fault of a data set; ``kind`` is one of a few fixed words, ``file`` is relative to the root."""

    kind: str
    file: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}: {self.message}"


@dataclass(frozen=True)
class MotionText:
    """A clip, or a captioned part of a clip.

    Attributes:
        id: clip id; parts carry their frames, ``000012[40:96]``.
        features: (T, D) float32, not normalised.
        captions: their start and end count in seconds from the first row of ``features``; both 0.0 for the whole.
            Empty for motion without captions.
    """

    id: str
    features: np.ndarray
    captions: list[Caption]


@dataclass(frozen=True)
class _Entry:
    clip: str
    start: int
    stop: int
    captions: tuple[Caption, ...]
    part: bool

    @property
    def id(self) -> str:
        return f"{self.clip}[{self.start}:{self.stop}]" if self.part else self.clip


def read_ids(root: Path, split: str) -> list[str]:
    """The ids of ``<root>/<split>.txt``, in order.

    Raises:
        MotionGPTError: the list is missing or unreadable.
    """
    try:
        lines = (root / f"{split}.txt").read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise MotionGPTError(f"{root} has no readable list {split}.txt: {EXPECTED}.") from error
    return [line.strip() for line in lines if line.strip()]


def feature_shape(path: Path) -> tuple[int, int]:
    """(T, D) of a feature file, from its header alone.

    Raises:
        MotionGPTError: the file is missing, truncated, pickled, or not a matrix of numbers.
    """
    try:
        # A memory map reads the header only, and fails when the file is shorter than the header promises.
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError as error:
        raise MotionGPTError(f"{path} is listed but missing.") from error
    except (OSError, ValueError, EOFError) as error:
        raise MotionGPTError(
            f"{path} is not a readable .npy file of numbers: truncated, pickled, or no npy."
        ) from error
    if not isinstance(array, np.ndarray) or array.ndim != 2 or array.dtype.kind not in "fiu":
        raise MotionGPTError(f"{path} does not hold a (frames, features) matrix of numbers.")
    return array.shape[0], array.shape[1]


def skeleton_of_width(width: int) -> Skeleton | None:
    """The skeleton whose features are ``width`` wide: 263 HumanML3D, 251 KIT."""
    return next((skeleton for skeleton in SKELETONS.values() if skeleton.feature_dim == width), None)


def load_features(path: Path, skeleton: Skeleton) -> np.ndarray:
    """Features (T, D) float32 of a clip.

    Raises:
        MotionGPTError: the file is unreadable, of another width, or has NaN or infinite values.
    """
    _, width = feature_shape(path)
    if width != skeleton.feature_dim:
        raise MotionGPTError(f"{path} has rows of {width} numbers where {skeleton.feature_dim} are expected.")
    features = np.load(path, allow_pickle=False).astype(np.float32)
    broken = ~np.isfinite(features).all(axis=1)
    if broken.any():
        raise MotionGPTError(
            f"{path} has NaN or infinite values in {broken.sum()} of {len(features)} rows, first in row "
            f"{int(broken.argmax())}."
        )
    return features


class MotionTextDataset(Sequence[MotionText]):
    """The clips of one split with their captions.

    Lists, headers and captions are read at once, features on access. Unusable clips are skipped and reported in
    ``problems``. NaN inside a file is found when the clip is loaded: iteration skips and reports it, indexing raises.
    Captions with a start and an end make items of their own, cut as by the published loader:
    ``features[int(start * fps):int(end * fps)]``.

    Args:
        root: folder in the HumanML3D layout.
        split: name of the list, ``train``, ``val`` or ``test``.
        min_frames, max_frames: keep items with this many feature rows, bounds included. The published text-to-motion
            loaders keep 40 to 199 (KIT: 24 to 199).
        captioned: skip clips without captions.

    Attributes:
        skeleton: HUMANML3D or KIT, by the width of the features.
        problems: what was skipped and why.

    Raises:
        MotionGPTError: a folder or list is missing, or no clip is usable.
    """

    def __init__(
        self,
        root: str | Path,
        split: str = "train",
        *,
        min_frames: int = 1,
        max_frames: int | None = None,
        captioned: bool = False,
    ) -> None:
        self.root = Path(root)
        self.split = split
        self.problems: list[Problem] = []
        for folder in (FEATURES, TEXTS):
            if not (self.root / folder).is_dir():
                raise MotionGPTError(f"{self.root} has no folder {folder}/: {EXPECTED}.")
        ids = read_ids(self.root, split)
        if not ids:
            raise MotionGPTError(f"{self.root / f'{split}.txt'} lists no clips.")
        self.skeleton = self._recognise(ids)
        self._entries: list[_Entry] = []
        for clip in ids:
            frames = self._frames(clip)
            if frames is None:
                continue
            captions = self._captions(clip)
            for entry in _entries(clip, frames, captions, self.skeleton.fps):
                long_enough = entry.stop - entry.start >= min_frames
                short_enough = max_frames is None or entry.stop - entry.start <= max_frames
                if long_enough and short_enough and (entry.captions or not captioned):
                    self._entries.append(entry)
        if not self._entries:
            reason = f"the first problem is: {self.problems[0]}" if self.problems else "none has the requested length"
            raise MotionGPTError(f"None of the {len(ids)} clips of {self.root / f'{split}.txt'} is usable; {reason}")

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, index: int) -> MotionText:  # type: ignore[override]
        entry = self._entries[index]
        features = load_features(self.root / FEATURES / f"{entry.clip}.npy", self.skeleton)
        return MotionText(entry.id, features[entry.start : entry.stop], list(entry.captions))

    def __iter__(self) -> Iterator[MotionText]:
        for index, entry in enumerate(self._entries):
            try:
                yield self[index]
            except MotionGPTError as error:
                problem = Problem("values", f"{FEATURES}/{entry.clip}.npy", str(error))
                if problem not in self.problems:
                    self.problems.append(problem)

    @property
    def ids(self) -> list[str]:
        """Ids of the items, in the order of the list."""
        return [entry.id for entry in self._entries]

    @property
    def spans(self) -> list[tuple[str, int, int]]:
        """Clip of each item, with the range of its rows: [start, stop)."""
        return [(entry.clip, entry.start, entry.stop) for entry in self._entries]

    @property
    def frames(self) -> list[int]:
        """Number of feature rows of each item."""
        return [entry.stop - entry.start for entry in self._entries]

    @property
    def captions(self) -> list[list[Caption]]:
        """Captions of each item."""
        return [list(entry.captions) for entry in self._entries]

    def statistics(self) -> tuple[np.ndarray, np.ndarray]:
        """See :func:`load_statistics`.

        Raises:
            MotionGPTError: a file is missing, of another width, not finite, or Std is not above zero.
        """
        return load_statistics(self.root, self.skeleton)

    def _recognise(self, ids: list[str]) -> Skeleton:
        first: MotionGPTError | None = None
        for clip in ids:
            path = self.root / FEATURES / f"{clip}.npy"
            try:
                _, width = feature_shape(path)
            except MotionGPTError as error:
                first = first or error
                continue
            skeleton = skeleton_of_width(width)
            if skeleton is not None:
                return skeleton
            first = first or MotionGPTError(
                f"{path} has rows of {width} numbers, but HumanML3D has 263 and KIT has 251."
            )
        raise MotionGPTError(f"No clip of {self.root / f'{self.split}.txt'} can be used; the first problem is: {first}")

    def _frames(self, clip: str) -> int | None:
        file = f"{FEATURES}/{clip}.npy"
        try:
            frames, width = feature_shape(self.root / file)
        except MotionGPTError as error:
            self.problems.append(Problem("motion", file, str(error)))
            return None
        if width != self.skeleton.feature_dim or frames == 0:
            message = f"it is ({frames}, {width}) where (frames, {self.skeleton.feature_dim}) is expected"
            self.problems.append(Problem("shape", file, message))
            return None
        return frames

    def _captions(self, clip: str) -> list[Caption]:
        file = f"{TEXTS}/{clip}.txt"
        try:
            captions, faults = parse_captions(self.root / file)
        except MotionGPTError as error:
            self.problems.append(Problem("captions", file, str(error)))
            return []
        for number, fault in faults:
            self.problems.append(Problem("caption line", file, f"line {number} is skipped: {fault}"))
        return captions


def load_statistics(root: str | Path, skeleton: Skeleton) -> tuple[np.ndarray, np.ndarray]:
    """Mean.npy and Std.npy of a data set, float32 (D,) each.

    Raises:
        MotionGPTError: a file is missing, of another width, not finite, or Std is not above zero.
    """
    arrays = []
    for name in ("Mean", "Std"):
        path = Path(root) / f"{name}.npy"
        try:
            array = np.load(path, allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise MotionGPTError(f"{path} is missing or not a readable .npy file of numbers.") from error
        if not isinstance(array, np.ndarray) or array.shape != (skeleton.feature_dim,) or array.dtype.kind not in "fiu":
            raise MotionGPTError(f"{path} does not hold {skeleton.feature_dim} numbers, one per feature.")
        if not np.isfinite(array).all():
            raise MotionGPTError(f"{path} has NaN or infinite values.")
        arrays.append(array.astype(np.float32))
    if (arrays[1] <= 0).any():
        raise MotionGPTError(
            f"{Path(root) / 'Std.npy'} is not above zero for feature {int((arrays[1] <= 0).argmax())}: "
            "normalising would divide by zero."
        )
    return arrays[0], arrays[1]


def _entries(clip: str, frames: int, captions: list[Caption], fps: float) -> list[_Entry]:
    """The whole clip with its whole-clip captions, then its captioned parts. Captions of one part stay together."""
    whole = tuple(caption for caption in captions if caption.whole)
    parts: dict[tuple[int, int], list[Caption]] = {}
    for caption in captions:
        if not caption.whole:
            span = (int(caption.start * fps), min(int(caption.end * fps), frames))
            parts.setdefault(span, []).append(Caption(caption.text))
    entries = []
    # A clip whose captions are all of parts is not an item itself.
    if whole or not parts:
        entries.append(_Entry(clip, 0, frames, whole, part=False))
    for (start, stop), found in parts.items():
        if stop > start:
            entries.append(_Entry(clip, start, stop, tuple(found), part=True))
    return entries


class FeatureMoments:
    """Mean and standard deviation of feature rows, accumulated clip by clip.

    Args:
        width: D, the width of a row.
    """

    def __init__(self, width: int) -> None:
        self.rows = 0
        self._sum, self._squares = np.zeros(width), np.zeros(width)

    def add(self, features: np.ndarray) -> None:
        """Add the rows of a clip (T, D)."""
        rows = features.astype(np.float64)
        self.rows += len(rows)
        self._sum += rows.sum(0)
        self._squares += (rows**2).sum(0)

    @property
    def mean(self) -> np.ndarray:
        """(D,) float64."""
        return self._sum / self.rows

    @property
    def std(self) -> np.ndarray:
        """(D,) float64."""
        return np.sqrt(np.maximum(self._squares / self.rows - self.mean**2, 0))


def feature_statistics(files: Iterable[Path], skeleton: Skeleton = HUMANML3D) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation (D,) float32 of the rows of feature files, for Mean.npy and Std.npy.

    As in the published data sets the deviation is averaged within each block of the features (root yaw velocity, root
    linear velocity, root height, positions, rotations, velocities, contacts), so that the axes of a block keep their
    proportions. It is 1 for a block that never changes.
    """
    moments = FeatureMoments(skeleton.feature_dim)
    for file in files:
        moments.add(np.load(file, allow_pickle=False))
    std = moments.std
    for block in FeatureLayout(skeleton).blocks().values():
        std[block] = std[block].mean()
    std[std < 1e-6] = 1.0
    return moments.mean.astype(np.float32), std.astype(np.float32)


def read_clip_table(root: Path) -> dict[str, dict[str, str]]:
    """Rows of ``clips.csv`` by clip, in order; empty for a data set without one.

    Raises:
        MotionGPTError: the table is unreadable or has no column id.
    """
    path = root / CLIP_TABLE
    if not path.is_file():
        return {}
    try:
        with path.open(encoding="utf-8", newline="") as handle:
            return {row["id"]: row for row in csv.DictReader(handle)}
    except (OSError, UnicodeDecodeError, csv.Error, KeyError) as error:
        raise MotionGPTError(f"{path} cannot be read as a table with a column id.") from error


def write_index(
    root: Path, splits: Mapping[str, Sequence[str]], table: Iterable[Mapping[str, Any]], folders: Sequence[str]
) -> None:
    """Write lists, ``clips.csv`` and statistics of a data set whose clips are written; delete files of other clips.

    Args:
        root: the data set, of HumanML3D's skeleton.
        splits: ids by split.
        table: rows of ``clips.csv``, see `CLIP_COLUMNS`.
        folders: folders with one file per clip.
    """
    for split, ids in splits.items():
        with atomic_path(root / f"{split}.txt") as path:
            path.write_text("".join(f"{clip}\n" for clip in ids), encoding="utf-8")
    with atomic_path(root / CLIP_TABLE) as path, path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, CLIP_COLUMNS, lineterminator="\n", extrasaction="ignore")
        writer.writeheader()
        writer.writerows(table)
    statistics = feature_statistics(root / FEATURES / f"{clip}.npy" for clip in splits["train"])
    for name, array in zip(("Mean", "Std"), statistics, strict=True):
        with atomic_path(root / f"{name}.npy") as path:
            np.save(path, array)
    listed = {clip for ids in splits.values() for clip in ids}
    for folder in folders:
        for file in (root / folder).iterdir():
            if file.stem not in listed:
                file.unlink()
