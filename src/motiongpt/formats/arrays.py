"""Loading NumPy files without ever unpickling, with errors that say what the file is instead."""

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
    return MotionGPTError(f"{path}: damaged or cut {expected}; copy or download it again.")


def load_npy(path: Path) -> np.ndarray:
    """The array of an .npy file.

    Raises:
        MotionGPTError: not an .npy (a text file, say), pickled objects, cut, or not of numbers.
    """
    kind = looks_like(check_file(path))
    if kind == "a Python pickle":
        raise _refuse(path, ValueError("pickle"), "")
    if kind != "a NumPy array (.npy)":
        raise MotionGPTError(f"{path}: is no NumPy array but {kind or 'a text file'}; expected a file of numpy.save.")
    try:
        array = np.load(path, allow_pickle=False)
    except (ValueError, OSError, EOFError, SyntaxError) as error:
        raise _refuse(path, error, "NumPy array") from error
    if not (np.issubdtype(array.dtype, np.floating) or np.issubdtype(array.dtype, np.integer)):
        raise MotionGPTError(f"{path}: holds {array.dtype} values, expected real numbers.")
    return array


def load_npz(path: Path, keys: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Those of the named arrays that an .npz file has; others in it are not touched.

    Raises:
        MotionGPTError: not an .npz, cut, or one of the named arrays is pickled.
    """
    kind = looks_like(check_file(path))
    if kind != "a zip archive (.zip or .npz)":
        raise MotionGPTError(f"{path}: is no .npz archive but {kind or 'a text file'}; expected a file of numpy.savez.")
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {key: archive[key] for key in keys if key in archive.files}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, KeyError, SyntaxError) as error:
        raise _refuse(path, error, ".npz archive") from error
