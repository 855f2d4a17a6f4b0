"""Reading data sets in the HumanML3D folder layout, HumanML3D and KIT-ML as their users have them.

::

    root/
      new_joint_vecs/<id>.npy   features (T, 263) or (T, 251), float32
      new_joints/<id>.npy       joints (T, J, 3), the features turned back; not needed for reading
      texts/<id>.txt            captions, see motiongpt.data.texts
      train.txt val.txt test.txt   one id a line; ids of mirrored clips start with M
      Mean.npy Std.npy          (263,) or (251,)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from motiongpt.data.texts import Caption, parse_captions
from motiongpt.errors import MotionGPTError
from motiongpt.motion.skeleton import SKELETONS, Skeleton

SPLITS = ("train", "val", "test")
FEATURES, JOINTS, TEXTS = "new_joint_vecs", "new_joints", "texts"
EXPECTED = (
    f"a data set has the folders {FEATURES}/ (one .npy a clip) and {TEXTS}/ (one .txt a clip) and the lists train.txt, "
    "val.txt and test.txt"
)


@dataclass(frozen=True)
class Problem:
    """Something wrong in a data set. ``kind`` is a short fixed word, ``file`` is relative to the data set's root."""

    kind: str
    file: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}: {self.message}"


@dataclass(frozen=True)
class MotionText:
    """One clip, or one told part of a clip.

    Attributes:
        id: clip id; parts carry their frames, ``000012[40:96]``.
        features: (T, D) float32, un-normalised.
        captions: what is said about it; start and end count in seconds from the first row of ``features``,
            0.0 and 0.0 meaning all of it. Empty for motion without words.
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
    """The ids listed in ``<root>/<split>.txt``, in order.

    Raises:
        MotionGPTError: there is no such list.
    """
    try:
        lines = (root / f"{split}.txt").read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise MotionGPTError(f"{root} has no readable list {split}.txt: {EXPECTED}.") from error
    return [line.strip() for line in lines if line.strip()]


def feature_shape(path: Path) -> tuple[int, int]:
    """(T, D) of a feature file from its header alone.

    Raises:
        MotionGPTError: the file is missing, cut short, pickled, or not a matrix of numbers.
    """
    try:
        # A memory map reads the header only, and fails when the file is shorter than the header promises.
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError as error:
        raise MotionGPTError(f"{path} is listed but missing.") from error
    except (OSError, ValueError, EOFError) as error:
        raise MotionGPTError(
            f"{path} is not a readable .npy file of numbers: cut short, pickled, or no npy."
        ) from error
    if not isinstance(array, np.ndarray) or array.ndim != 2 or array.dtype.kind not in "fiu":
        raise MotionGPTError(f"{path} does not hold a (frames, features) matrix of numbers.")
    return array.shape[0], array.shape[1]


def skeleton_of_width(width: int) -> Skeleton | None:
    """The skeleton whose features are ``width`` wide: 263 HumanML3D, 251 KIT."""
    return next((skeleton for skeleton in SKELETONS.values() if skeleton.feature_dim == width), None)


def load_features(path: Path, skeleton: Skeleton) -> np.ndarray:
    """Features (T, D) float32 of one clip.

    Raises:
        MotionGPTError: unreadable, of another width, or with NaN or infinite values.
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

    Lists, headers and captions are read at once, features when an item is taken. A clip that cannot be used is left
    out and told in ``problems``; NaN inside a file is found when the clip is loaded: iterating skips it (and tells it
    in ``problems``), indexing raises. Captions with their own start and end make items of their own, cut as the
    published loader cuts them: ``features[int(start * fps):int(end * fps)]``.

    Args:
        root: folder in the HumanML3D layout.
        split: name of the list, ``train``, ``val`` or ``test``.
        min_frames, max_frames: keep items of that many feature rows, both included. The published text-to-motion
            loaders keep 40 to 199 (KIT: 24 to 199).
        captioned: leave out clips without words.

    Attributes:
        skeleton: HUMANML3D or KIT, recognised by the width of the features.
        problems: what was left out and why.

    Raises:
        MotionGPTError: a folder or list is missing, or no clip can be used.
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
            reason = f"the first problem is: {self.problems[0]}" if self.problems else "none has the asked length"
            raise MotionGPTError(f"None of the {len(ids)} clips of {self.root / f'{split}.txt'} can be used; {reason}")

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
        """Clip of each item, its first row and the row after its last; a part of a clip shares the clip's file."""
        return [(entry.clip, entry.start, entry.stop) for entry in self._entries]

    @property
    def frames(self) -> list[int]:
        """Feature rows of each item, known without loading it."""
        return [entry.stop - entry.start for entry in self._entries]

    @property
    def captions(self) -> list[list[Caption]]:
        """Captions of each item."""
        return [list(entry.captions) for entry in self._entries]

    def statistics(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean.npy and Std.npy, (D,) each.

        Raises:
            MotionGPTError: missing, of another width, not finite, or a Std that is not above zero.
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
        MotionGPTError: missing, of another width, not finite, or a Std that is not above zero.
    """
    arrays = []
    for name in ("Mean", "Std"):
        path = Path(root) / f"{name}.npy"
        try:
            array = np.load(path, allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise MotionGPTError(f"{path} is missing or not a readable .npy file of numbers.") from error
        if not isinstance(array, np.ndarray) or array.shape != (skeleton.feature_dim,) or array.dtype.kind not in "fiu":
            raise MotionGPTError(f"{path} does not hold {skeleton.feature_dim} numbers, one for each feature.")
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
    """The whole clip with its whole-clip captions, then the told parts. Captions of one part stay together."""
    whole = tuple(caption for caption in captions if caption.whole)
    parts: dict[tuple[int, int], list[Caption]] = {}
    for caption in captions:
        if not caption.whole:
            span = (int(caption.start * fps), min(int(caption.end * fps), frames))
            parts.setdefault(span, []).append(Caption(caption.text))
    entries = []
    # A clip told only in parts is not an item itself: its words are true of the parts alone.
    if whole or not parts:
        entries.append(_Entry(clip, 0, frames, whole, part=False))
    for (start, stop), told in parts.items():
        if stop > start:
            entries.append(_Entry(clip, start, stop, tuple(told), part=True))
    return entries
