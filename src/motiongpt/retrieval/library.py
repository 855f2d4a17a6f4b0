"""A library: captioned recordings that are searched with sentences.

Real recordings stand on the floor and have the details that motion tokens leave out, so a recording that shows what a
sentence asks for is a better candidate than most that a language model writes. A library stores joints to a millimetre;
codes of the motion tokenizer would take less room, but their feet slide.

A folder holds ``config.json`` (names, origins and captions of the recordings) and ``model.safetensors``:

- ``packed``: the joints of all recordings, each compressed on its own, see :func:`pack`; ``ends``: (R,) where the bytes
  of each recording end; ``frames``: (R,) their lengths.
- ``captions``: (C, D) unit vectors of the captions by the sentence encoder, in the order of the recordings.
- ``parts``: (P, 3) recording, first frame and end of the stretches that are searched; ``vectors``: (P, E) their unit
  vectors by the matcher.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from motiongpt.errors import MotionGPTError
from motiongpt.motion import HUMANML3D, Motion
from motiongpt.weights_io import config_from, load_config, load_tensors, save_config, save_weights

KIND = "motion-library"
# Seconds of the stretches of a recording that are searched besides the whole, and between their beginnings.
_STRETCHES = ((2.0, 1.0), (4.0, 1.5))
_PER_METRE = 1000
# Frames of a recording: longer ones are cut before they come here.
MAX_FRAMES = 400


@dataclass(frozen=True)
class Recording:
    """What is known of a recording besides its joints.

    Attributes:
        name: its name in the library.
        origin: where it comes from, such as ``cmu 16_11``.
        licence: terms of its use, or "".
        captions: what it shows, in normalised words.
    """

    name: str
    origin: str = ""
    licence: str = ""
    captions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Found:
    """A stretch of a recording that may show what a sentence asks for.

    Attributes:
        recording: its number in the library.
        start, end: frames [start, end).
        mirrored: the mirror image of the stretch is meant.
        words: cosine of the sentence and the nearest caption of the recording.
        fit: cosine of the sentence and the stretch by the matcher.
    """

    recording: int
    start: int
    end: int
    mirrored: bool
    words: float
    fit: float


@dataclass(frozen=True)
class Query:
    """A sentence, or its mirror image, as a library is searched with it.

    Attributes:
        words: (N, D) vectors by the sentence encoder of wordings of the sentence, of which the nearest counts.
        meaning: (E,) vector by the matcher.
        mirrored: it says the mirror image of what is meant.
    """

    words: np.ndarray
    meaning: np.ndarray
    mirrored: bool = False


class Library:
    """Recordings and their vectors.

    Args:
        recordings: what is known of each.
        packed: joints of each, as by :func:`pack`.
        frames: (R,) lengths.
        captions: (C, D) vectors of all captions in order.
        parts: (P, 3) recording, start and end of the stretches that are searched.
        vectors: (P, E) their vectors by the matcher.

    Raises:
        MotionGPTError: numbers of recordings, captions, stretches and vectors do not agree.
    """

    def __init__(
        self,
        recordings: Sequence[Recording],
        packed: Sequence[bytes],
        frames: np.ndarray,
        captions: np.ndarray,
        parts: np.ndarray,
        vectors: np.ndarray,
    ) -> None:
        self.recordings = list(recordings)
        self.captions, self.parts, self.vectors = captions, parts, vectors
        self._packed, self._frames = list(packed), frames
        counts = [len(one.captions) for one in self.recordings]
        self._owners = np.repeat(np.arange(len(counts)), counts)
        whole = len(self.recordings) == len(self._packed) == len(frames)
        if not (whole and len(captions) == len(self._owners) and len(parts) == len(vectors)):
            raise MotionGPTError("A library needs joints for each recording and a vector for each caption and stretch.")
        ends = frames[parts[:, 0]] if len(parts) and parts[:, 0].max() < len(frames) else np.zeros(len(parts))
        if not ((parts[:, 1] >= 0) & (parts[:, 1] < parts[:, 2]) & (parts[:, 2] <= ends)).all():
            raise MotionGPTError("A stretch of the library lies outside of its recording.")

    def __len__(self) -> int:
        """Number of recordings."""
        return len(self.recordings)

    @property
    def seconds(self) -> float:
        """Length of all recordings."""
        return float(self._frames.sum()) / HUMANML3D.fps

    def fingerprint(self) -> bytes:
        """Hash of the joints and captions."""
        digest = hashlib.sha256(repr(self.recordings).encode())
        for one in self._packed:
            digest.update(one)
        return digest.digest()

    def motion(self, number: int) -> Motion:
        """A recording in canonical placement.

        Raises:
            MotionGPTError: its bytes are damaged.
        """
        one = self.recordings[number]
        try:
            joints = unpack(self._packed[number], int(self._frames[number]))
        except ValueError as error:
            raise MotionGPTError(f"The recording {one.name} of the library is damaged ({error}).") from error
        return Motion(joints, name=one.name, text=one.captions[0] if one.captions else "")

    def search(self, queries: Sequence[Query]) -> list[Found]:
        """All stretches, each as it fits a sentence or its mirror image better, in the order of the library."""
        words = np.full((len(queries), len(self.recordings)), -1.0)
        for row, query in zip(words, queries, strict=True):
            if len(self.captions):
                np.maximum.at(row, self._owners, (self.captions @ query.words.T).max(axis=1))
        fits = np.stack([self.vectors @ query.meaning for query in queries])
        words = words[:, self.parts[:, 0]]
        best = (words + fits).argmax(axis=0)
        return [
            Found(int(number), int(start), int(end), queries[q].mirrored, float(words[q, k]), float(fits[q, k]))
            for k, ((number, start, end), q) in enumerate(zip(self.parts, best, strict=True))
        ]

    def joined(self, other: Library) -> Library:
        """The recordings of both."""
        shifted = other.parts + np.array([len(self), 0, 0])
        return Library(
            self.recordings + other.recordings,
            self._packed + other._packed,
            np.concatenate([self._frames, other._frames]),
            np.concatenate([self.captions, other.captions]),
            np.concatenate([self.parts, shifted]),
            np.concatenate([self.vectors, other.vectors]),
        )

    def without(self, names: Sequence[str]) -> Library:
        """The library without recordings of these names."""
        left_out = set(names)
        kept = np.array([one.name not in left_out for one in self.recordings], dtype=bool)
        numbers = np.cumsum(kept) - 1
        parts = kept[self.parts[:, 0]]
        moved = self.parts[parts].copy()
        moved[:, 0] = numbers[moved[:, 0]]
        return Library(
            [one for one, keep in zip(self.recordings, kept, strict=True) if keep],
            [one for one, keep in zip(self._packed, kept, strict=True) if keep],
            self._frames[kept],
            self.captions[kept[self._owners]],
            moved,
            self.vectors[parts],
        )

    def save(self, folder: str | Path) -> None:
        """Write a folder that :meth:`load` reads; vectors are stored in eight bits."""
        folder = Path(folder)
        tensors = {
            "packed": np.frombuffer(b"".join(self._packed), dtype=np.uint8).copy(),
            "ends": np.cumsum([len(one) for one in self._packed], dtype=np.int64),
            "frames": self._frames.astype(np.int32),
            "parts": self.parts.astype(np.int32),
            "captions": self.captions.astype(np.float32),
            "vectors": self.vectors.astype(np.float32),
        }
        quantised = [name for name in ("captions", "vectors") if len(tensors[name])]
        save_weights(folder, {name: torch.from_numpy(one) for name, one in tensors.items()}, int8=quantised)
        save_config(folder, KIND, {"recordings": [asdict(one) for one in self.recordings]})

    @classmethod
    def load(cls, folder: str | Path) -> Library:
        """Load a folder that :meth:`save` wrote.

        Raises:
            MotionGPTError: a file is missing or damaged, or its parts do not agree.
        """
        folder = Path(folder)
        where = str(folder / "config.json")
        entries = load_config(folder, KIND).get("recordings")
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise MotionGPTError(f"{where}: recordings must be a list of objects with name and captions.")
        recordings = [_recording(entry, where) for entry in entries]
        tensors = {name: one.numpy() for name, one in load_tensors(folder).items()}
        try:
            packed, ends = tensors["packed"].tobytes(), tensors["ends"].tolist()
            blobs = [packed[start:end] for start, end in zip([0, *ends], ends, strict=False)]
            return cls(recordings, blobs, tensors["frames"], tensors["captions"], tensors["parts"], tensors["vectors"])
        except (KeyError, IndexError, MotionGPTError) as error:
            raise MotionGPTError(f"The library in {folder} is not whole ({error}): build it again.") from error


def _recording(entry: dict[str, Any], where: str) -> Recording:
    captions = entry.get("captions", [])
    if not isinstance(captions, list) or not all(isinstance(caption, str) for caption in captions):
        raise MotionGPTError(f"{where}: the captions of a recording must be a list of sentences.")
    return config_from(Recording, {**entry, "captions": tuple(captions)}, where)


def stretches(frames: int) -> list[tuple[int, int]]:
    """The stretches [start, end) of a recording that are searched: the whole, and windows of a few seconds."""
    found = [(0, frames)]
    for seconds, step in _STRETCHES:
        size = round(seconds * HUMANML3D.fps)
        if frames >= 1.25 * size:
            last = frames - size
            found += [(start, start + size) for start in range(0, last + 1, round(step * HUMANML3D.fps))]
    return found


def pack(joints: np.ndarray) -> bytes:
    """Compress joints (T, 22, 3) in metres, to a millimetre.

    Raises:
        MotionGPTError: the motion leaves the range of 30 metres around the origin, or is longer than MAX_FRAMES.
    """
    if len(joints) > MAX_FRAMES or np.abs(joints).max() > 30:
        raise MotionGPTError(f"A recording of a library has at most {MAX_FRAMES} frames within 30 metres.")
    rows = np.round(joints.reshape(len(joints), -1).astype(np.float64) * _PER_METRE).astype(np.int32)
    bends = np.diff(np.diff(rows, axis=0, prepend=0), axis=0, prepend=0)
    return zlib.compress(bends.T.astype("<i4").reshape(-1, 1).view(np.uint8).T.tobytes(), 9)


def unpack(packed: bytes, frames: int) -> np.ndarray:
    """Joints (T, 22, 3) float32 of what :func:`pack` gave.

    Raises:
        ValueError: the bytes are no such recording of this length.
    """
    width = HUMANML3D.num_joints * 3
    size = frames * width * 4
    stream = zlib.decompressobj()
    try:
        content = stream.decompress(packed, size + 1)
    except zlib.error as error:
        raise ValueError(str(error)) from error
    if len(content) != size or not stream.eof:
        raise ValueError(f"{len(content)} bytes or more where {size} are expected")
    planes = np.frombuffer(content, dtype=np.uint8).reshape(4, -1)
    bends = np.ascontiguousarray(planes.T).view("<i4").reshape(width, frames).T
    rows = np.cumsum(np.cumsum(bends, axis=0), axis=0)
    return (rows / _PER_METRE).astype(np.float32).reshape(frames, HUMANML3D.num_joints, 3)
