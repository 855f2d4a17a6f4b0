"""Generated and uploaded motions, kept in memory for links and downloads; conversion to and from files."""

from __future__ import annotations

import re
import secrets
import tempfile
import threading
import zipfile
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np

from motiongpt import formats
from motiongpt.errors import MotionGPTError
from motiongpt.motion import Motion
from motiongpt.motion.skeleton import HUMANML3D
from motiongpt.web.settings import Settings, WebError

V = TypeVar("V")

# The formats of downloads, with their media types.
MEDIA_TYPES = {
    "npy": "application/x-npy",
    "npz": "application/x-npz",
    "bvh": "application/x-bvh",
    "glb": "model/gltf-binary",
    "fbx": "application/x-fbx",
    "csv": "text/csv",
    "mp4": "video/mp4",
    "gif": "image/gif",
    "png": "image/png",
}
# Rendered formats, which are slow: the server renders one file at a time.
PICTURES = ("mp4", "gif", "png")
_VIDEO: dict[str, dict[str, Any]] = {"mp4": {"size": (854, 480)}, "gif": {"size": (480, 270), "fps": 12.5}}


@dataclass(frozen=True)
class Result:
    """A motion and its origin.

    Attributes:
        kind: generate, predict, inbetween, edit, upload, ask or decode.
        motion: at the model's frame rate.
        text: caption or prompt, "" when there is none.
        seed, sample: seed and index of the sample; seed is None without randomness.
        rerank: number of candidates that it was chosen from; None without a choice.
        given: frames that were kept at the start and at the end.
        source: id of the motion that this one was made from.
        id: for links, cannot be guessed.
    """

    kind: str
    motion: Motion
    text: str = ""
    seed: int | None = None
    sample: int = 0
    rerank: int | None = None
    given: tuple[int, int] | None = None
    source: str | None = None
    id: str = field(default_factory=lambda: secrets.token_urlsafe(12))

    def summary(self) -> dict[str, Any]:
        """The result without its motion, for JSON."""
        base = f"/api/v1/results/{self.id}"
        return {
            "id": self.id,
            "kind": self.kind,
            "text": self.text,
            "seed": self.seed,
            "sample": self.sample,
            "rerank": self.rerank,
            "frames": len(self.motion),
            "fps": self.motion.fps,
            "seconds": round(self.motion.seconds, 3),
            "remarks": list(self.motion.remarks),
            "origin": self.motion.source,
            "recordings": list(self.motion.recordings),
            "given": self.given,
            "source": self.source,
            "page": f"/?result={self.id}",
            "files": {name: f"{base}.{name}" for name in writable(self.motion)},
        }


def writable(motion: Motion) -> list[str]:
    """The formats in which a motion can be downloaded, as suffixes without their dot."""
    names = [suffix.lstrip(".") for suffix in formats.WRITERS if suffix.lstrip(".") in MEDIA_TYPES]
    if motion.skeleton is HUMANML3D:
        return names
    # Rotations are fitted to HumanML3D's joints only.
    return [name for name in names if f".{name}" not in formats.RIGGED]


class Shelf(Generic[V]):
    """A dictionary that drops the least recently used entries; safe to use from several threads."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._items: OrderedDict[str, V] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, key: str, value: V) -> None:
        with self._lock:
            self._items[key] = value
            self._items.move_to_end(key)
            self._trim()

    def get(self, key: str) -> V | None:
        with self._lock:
            if key in self._items:
                self._items.move_to_end(key)
            return self._items.get(key)

    def __len__(self) -> int:
        return len(self._items)

    def _trim(self) -> None:
        while len(self._items) > self._count:
            self._items.popitem(last=False)


class Results(Shelf[Result]):
    """Results by id, within the limits of number and memory."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings.results)
        self._bytes = settings.results_bytes

    def add(self, result: Result) -> Result:
        """Keep a result and return it."""
        self.put(result.id, result)
        return result

    def find(self, key: str) -> Result:
        """The result with that id.

        Raises:
            WebError: 404, there is none.
        """
        result = self.get(key)
        if result is None:
            raise WebError(
                404, "not_found", "This motion is not kept any more, or never existed: generate or upload it again."
            )
        return result

    def _trim(self) -> None:
        super()._trim()
        size = sum(result.motion.joints.nbytes for result in self._items.values())
        while size > self._bytes and len(self._items) > 1:
            size -= self._items.popitem(last=False)[1].motion.joints.nbytes


def read_upload(
    settings: Settings, data: bytes, name: str, *, rig: tuple[bytes, str] | None = None, **options: Any
) -> Motion:
    """The motion of an uploaded file, standardised for the model. The file does not stay on the disk.

    Args:
        settings: limits.
        data, name: content and name of the file; the suffix of the name selects the format.
        rig: content and name of the .asf of an .amc.
        options: of the format, see :func:`motiongpt.formats.read`.

    Raises:
        WebError: 413 when the file unpacks to too many bytes or lasts too long, 422 when it cannot be read.
    """
    name = _plain(name)
    with tempfile.TemporaryDirectory(prefix="motiongpt-") as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        if rig is not None:
            options["skeleton"] = Path(folder) / f"rig-{_plain(rig[1])}"
            options["skeleton"].write_bytes(rig[0])
        try:
            _check_size(path, 10 * settings.upload_bytes)
            motion = formats.read(path, **options)
            if motion.seconds > settings.upload_seconds:
                raise WebError(
                    413,
                    "too_large",
                    f"{name} lasts {motion.seconds:.0f} seconds, more than the limit of {settings.upload_seconds:g}: "
                    "cut it.",
                )
            return motion.standard()
        except MotionGPTError as error:
            raise WebError(422, "invalid", str(error).replace(f"{folder}/", "").replace(folder, "")) from error
        except WebError:
            raise
        except Exception as error:
            # A damaged file can raise any error in a reader.
            raise WebError(422, "invalid", f"{name} cannot be read as a motion: it seems to be damaged.") from error


def write_file(result: Result, suffix: str) -> bytes:
    """A result as a file of that format.

    Raises:
        WebError: 404, the motion cannot be written in that format.
    """
    if suffix not in writable(result.motion):
        raise WebError(
            404,
            "not_found",
            f"There is no file .{suffix} of this motion: use one of {', '.join(writable(result.motion))}.",
        )
    with tempfile.TemporaryDirectory(prefix="motiongpt-") as folder:
        path = Path(folder) / f"motion.{suffix}"
        result.motion.save(path, **_VIDEO.get(suffix, {}))
        return path.read_bytes()


def file_name(result: Result) -> str:
    """A readable name for a download, without its suffix."""
    words = re.sub(r"[^a-z0-9]+", "-", result.text.lower()).strip("-")[:48].strip("-") or result.kind
    if result.seed is None:
        return words
    rerank = "" if result.rerank is None else f"_rerank{result.rerank}"
    return f"{words}_seed{result.seed}{rerank}_{result.sample}"


def _plain(name: str) -> str:
    """A file name without folders and without special characters."""
    name = re.sub(r"[^\w.-]+", "_", name.replace("\\", "/").rsplit("/", 1)[-1], flags=re.ASCII).lstrip(".-")
    stem, _, suffix = name.rpartition(".")
    return f"{stem[:60] or 'motion'}.{suffix[:8].lower()}"


def _check_size(path: Path, limit: int) -> None:
    """Reject arrays and archives whose headers announce more bytes than the limit.

    Raises:
        WebError: 413.
    """
    size = 0
    try:
        if path.suffix == ".npz":
            with zipfile.ZipFile(path) as archive:
                for entry in archive.infolist():
                    size += entry.file_size
                    with archive.open(entry) as file:
                        size = max(size, _announced(file))
        elif path.suffix == ".npy":
            with path.open("rb") as file:
                size = _announced(file)
    except (ValueError, OSError, EOFError, SyntaxError, zipfile.BadZipFile, RuntimeError, NotImplementedError):
        return  # damaged: the reader reports it
    if size > limit:
        raise WebError(
            413, "too_large", f"{path.name} unpacks to {size / 1e6:.0f} MB, more than the {limit / 1e6:.0f} allowed."
        )


def _announced(file: Any) -> int:
    """Size of the array that the header of an .npy announces, in bytes; 0 without a header."""
    if file.read(6) != b"\x93NUMPY":
        return 0
    version = tuple(file.read(2))
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(file)
    size = dtype.itemsize
    for length in shape:
        size *= int(length)
    return size
