"""NumPy files, loaded without unpickling anything; errors say what a wrong file is instead."""

from __future__ import annotations

import math
import zipfile
import zlib
from pathlib import Path
from typing import IO, Any

import numpy as np

from motiongpt.errors import MotionGPTError
from motiongpt.formats.sniff import check_file, looks_like

# Unpacked size of the largest file that is read.
MAX_BYTES = 2 << 30


def holds_objects(path: Path) -> bool:
    """Whether a file is a pickle, or an .npy of pickled objects."""
    kind = looks_like(check_file(path))
    if kind == "a NumPy array (.npy)":
        try:
            with path.open("rb") as file:
                return _read_header(file)[2].hasobject
        except (ValueError, OSError, EOFError, SyntaxError):
            return False
    return kind == "a Python pickle"


def _refuse(path: Path, error: Exception, expected: str) -> MotionGPTError:
    if "pickle" in str(error).lower() or "object" in str(error).lower():
        return MotionGPTError(
            f"{path}: holds pickled Python objects, which may run code and are not loaded; save the plain array again "
            "with numpy.save(path, array.astype('float32'))."
        )
    return MotionGPTError(f"{path}: damaged or truncated {expected}; copy or download it again.")


def load_npy(path: Path) -> np.ndarray:
    """The array of an .npy file.

    Raises:
        MotionGPTError: the file is not an .npy, is truncated, holds pickled objects, or does not hold numbers.
    """
    kind = looks_like(check_file(path))
    if kind != "a NumPy array (.npy)":
        raise MotionGPTError(
            f"{path}: is {kind or 'a text file'}, not a NumPy array; expected a file written by numpy.save."
        )
    try:
        with path.open("rb") as file:
            array = _read_array(file, path.stat().st_size)
    except (ValueError, OSError, EOFError, SyntaxError) as error:
        raise _refuse(path, error, "NumPy array") from error
    if not (np.issubdtype(array.dtype, np.floating) or np.issubdtype(array.dtype, np.integer)):
        raise MotionGPTError(
            f"{path}: holds {array.dtype} values, expected real numbers; save the array again as float32."
        )
    return array


def load_npz(path: Path, keys: tuple[str, ...] | None = None) -> dict[str, np.ndarray]:
    """The named arrays that an .npz file has, or all of numbers and texts; its other arrays are not loaded.

    Raises:
        MotionGPTError: the file is not an .npz, is truncated or too large, or one of the named arrays is pickled.
    """
    kind = looks_like(check_file(path))
    if kind != "a zip archive (.zip or .npz)":
        raise MotionGPTError(
            f"{path}: is {kind or 'a text file'}, not an .npz archive; expected a file written by numpy.savez."
        )
    result: dict[str, np.ndarray] = {}
    left = MAX_BYTES
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                key = member.filename.removesuffix(".npy")
                if key == member.filename or (keys is not None and key not in keys):
                    continue
                left -= member.file_size
                if left < 0:
                    raise MotionGPTError(
                        f"{path}: its arrays unpack to more than {MAX_BYTES >> 30} GiB; save the motion alone."
                    )
                try:
                    with archive.open(member) as file:
                        result[key] = _read_array(file, member.file_size)
                except ValueError as error:
                    # Objects that no one asked for do no harm.
                    if keys is not None or "object" not in str(error).lower():
                        raise
                    result[key] = np.empty(0, dtype=object)
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, zlib.error, KeyError, SyntaxError) as error:
        raise _refuse(path, error, ".npz archive") from error
    except (NotImplementedError, RuntimeError) as error:
        raise MotionGPTError(f"{path}: is packed or encrypted in an unknown way; save it with numpy.savez.") from error
    return result


def _read_array(file: IO[bytes], size: int) -> np.ndarray:
    """The array of an .npy stream of ``size`` bytes. Memory is taken only for an array that fits in the stream.

    Raises:
        ValueError: it is damaged, truncated, or holds objects.
    """
    shape, fortran, dtype = _read_header(file)
    if dtype.hasobject:
        raise ValueError("Object arrays are pickled")
    count = math.prod(shape)
    if count * dtype.itemsize > size:
        raise ValueError("the file is shorter than its header says")
    data = file.read(count * dtype.itemsize)
    if len(data) < count * dtype.itemsize:
        raise ValueError("the file is shorter than its header says")
    return np.frombuffer(bytearray(data), dtype=dtype).reshape(shape, order="F" if fortran else "C")


def _read_header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether in the order of Fortran, and type of the array in an .npy stream."""
    version = np.lib.format.read_magic(file)
    reader = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    return reader(file)
