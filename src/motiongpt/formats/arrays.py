"""NumPy files, loaded without unpickling anything; errors say what a wrong file is instead."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from motiongpt.errors import MotionGPTError
from motiongpt.formats.sniff import check_file, looks_like


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
    if kind == "a Python pickle":
        raise _refuse(path, ValueError("pickle"), "")
    if kind != "a NumPy array (.npy)":
        raise MotionGPTError(
            f"{path}: is {kind or 'a text file'}, not a NumPy array; expected a file written by numpy.save."
        )
    try:
        array = np.load(path, allow_pickle=False)
    except (ValueError, OSError, EOFError, SyntaxError) as error:
        raise _refuse(path, error, "NumPy array") from error
    if not (np.issubdtype(array.dtype, np.floating) or np.issubdtype(array.dtype, np.integer)):
        raise MotionGPTError(
            f"{path}: holds {array.dtype} values, expected real numbers; save the array again as float32."
        )
    return array


def load_npz(path: Path, keys: tuple[str, ...]) -> dict[str, np.ndarray]:
    """The named arrays that an .npz file has; its other arrays are not loaded.

    Raises:
        MotionGPTError: the file is not an .npz, is truncated, or one of the named arrays is pickled.
    """
    kind = looks_like(check_file(path))
    if kind != "a zip archive (.zip or .npz)":
        raise MotionGPTError(
            f"{path}: is {kind or 'a text file'}, not an .npz archive; expected a file written by numpy.savez."
        )
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {key: archive[key] for key in keys if key in archive.files}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, KeyError, SyntaxError) as error:
        raise _refuse(path, error, ".npz archive") from error
