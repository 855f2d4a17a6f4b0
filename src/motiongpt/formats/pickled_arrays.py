"""Arrays in pickles: .pkl, .pt and .npy files of other programs, read without executing any code in them.

Besides tensors, the NumPy arrays and numbers of a pickle are rebuilt here by our own functions, also those of files of
``joblib.dump``, whose numbers stand between the pickled objects.
"""

from __future__ import annotations

import io
import math
import pickle
import zlib
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from motiongpt.errors import MotionGPTError
from motiongpt.formats.arrays import MAX_BYTES
from motiongpt.formats.sniff import check_file
from motiongpt.formats.unpickling import Placeholder, Unpickler, read_checkpoint, unpickle

_MAX_DEPTH = 50
_KINDS = "fiubUS"
_CORES = ("numpy.core", "numpy._core")


class _DType:
    """A pickled numpy.dtype: its code and byte order."""

    def __init__(self, code: Any, *_: Any) -> None:
        self.code, self.order = str(code), "="

    def __setstate__(self, state: Any) -> None:
        self.order = str(state[1])

    def real(self) -> np.dtype[Any]:
        dtype = np.dtype(self.code)
        if dtype.kind not in _KINDS and dtype.kind != "O":
            raise pickle.UnpicklingError(f"it has numbers of the type {self.code!r}")
        return dtype.newbyteorder(">") if self.order == ">" else dtype


class _Holder:
    """An array that is being rebuilt."""

    def __init__(self, *_: Any) -> None:
        self.value: Any = None

    def __setstate__(self, state: Any) -> None:
        _, shape, dtype, fortran, data = state
        self.value = _array(data, dtype, shape, "F" if fortran else "C")


def _array(data: Any, dtype: Any, shape: Any, order: Any = "C") -> Any:
    """The array of some bytes, or a list of the objects of an object array."""
    real = dtype.real()
    shape = tuple(int(size) for size in shape)
    if real.kind == "O":
        return data[0] if isinstance(data, list) and shape == () and len(data) == 1 else list(data)
    if isinstance(data, str):
        data = data.encode("latin-1")
    if min(shape, default=0) < 0 or len(data) != math.prod(shape) * real.itemsize:
        raise pickle.UnpicklingError("an array does not have as many numbers as its shape says")
    return np.frombuffer(data, dtype=real).reshape(shape, order="F" if order == "F" else "C")


def _scalar(dtype: Any, data: Any = b"") -> Any:
    return _array(data, dtype, ())[()]


class _ArrayUnpickler(Unpickler):
    holder: ClassVar[str] = "file"
    content: ClassVar[str] = "motion"

    def __init__(self, file: Any, storage: Any) -> None:
        super().__init__(file, storage)
        outer, kind = self, type(self)

        class Wrapped(_Holder):
            """The place of an array in a file of joblib: its bytes come next."""

            def __setstate__(self, state: Any) -> None:
                real = state["dtype"].real()
                if real.kind == "O":
                    self.value = kind(file, storage).load()
                    return
                if state.get("numpy_array_alignment_bytes") is not None:
                    file.read(file.read(1)[0])
                count = math.prod(int(size) for size in state["shape"]) * real.itemsize
                if not 0 <= count <= MAX_BYTES:
                    raise pickle.UnpicklingError("an array is too large")
                self.value = _array(file.read(count), state["dtype"], state["shape"], state["order"])

        outer._wrapped = Wrapped

    _wrapped: type[_Holder]

    def find_class(self, module: str, name: str) -> Any:
        if module.rpartition(".")[0] in _CORES or module == "numpy":
            known = {"_reconstruct": _Holder, "scalar": _scalar, "_frombuffer": _array, "dtype": _DType}
            if name in known:
                return known[name]
        if (module, name) == ("_codecs", "encode"):
            return lambda text, coding="latin1": str(text).encode("latin-1" if coding == "latin1" else "utf-8")
        if (module, name) == ("joblib.numpy_pickle", "NumpyArrayWrapper"):
            return self._wrapped
        return super().find_class(module, name)


def _plain(value: Any, seen: dict[int, Any], depth: int = 0) -> Any:
    """Containers with arrays in them; objects of other programs are left out. What is shared is looked at once."""
    if id(value) in seen:
        return seen[id(value)][1]
    if depth > _MAX_DEPTH:
        return None
    result: Any = value
    if isinstance(value, _Holder):
        result = _plain(value.value, seen, depth + 1)
    elif isinstance(value, (Placeholder, _DType)):
        result = None
    elif isinstance(value, dict):
        result = seen.setdefault(id(value), (value, {}))[1]
        for key, item in value.items():
            if isinstance(key, (str, int, float, tuple, bytes)) and (made := _plain(item, seen, depth + 1)) is not None:
                result[key.decode("latin-1") if isinstance(key, bytes) else str(key)] = made
    elif isinstance(value, (list, tuple)):
        result = seen.setdefault(id(value), (value, []))[1]
        result.extend(_plain(item, seen, depth + 1) for item in value)
    elif hasattr(value, "detach"):
        result = value.detach().float().numpy() if value.is_floating_point() else value.detach().numpy()
    # The value is kept beside the result: its id must not be given to another object.
    seen[id(value)] = (value, result)
    return result


def load_objects(path: Path) -> Any:
    """What a pickle has: dictionaries and lists of arrays, numbers and texts.

    Args:
        path: a file of pickle.dump, joblib.dump, torch.save, or numpy.save of objects.

    Raises:
        MotionGPTError: another kind of file, damaged, too large, or its objects need code.
    """
    head = check_file(path)
    if path.stat().st_size > MAX_BYTES:
        raise MotionGPTError(f"{path}: is larger than {MAX_BYTES >> 30} GiB; save the motion alone.")
    if head.startswith(b"PK") or b"\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19" in head[:32]:
        return _plain(read_checkpoint(path, _ArrayUnpickler), {})
    data = path.read_bytes()
    if head.startswith(b"\x93NUMPY"):
        stream = io.BytesIO(data)
        np.lib.format.read_magic(stream)
        size = int.from_bytes(stream.read(2 if head[6] == 1 else 4), "little")
        data = data[stream.tell() + size :]
    elif head[:1] == b"\x78" or head[:2] == b"\x1f\x8b":
        try:
            expander = zlib.decompressobj(47)
            data = expander.decompress(data, MAX_BYTES)
        except zlib.error as error:
            raise MotionGPTError(f"{path}: damaged or truncated; copy or download it again.") from error
        if expander.unconsumed_tail:
            raise MotionGPTError(f"{path}: unpacks to more than {MAX_BYTES >> 30} GiB; save the motion alone.")
    if not data.startswith((b"\x80", b"(", b"]", b"}", b"c")):
        raise MotionGPTError(
            f"{path}: is not a Python pickle; expected a file of pickle.dump, joblib.dump or torch.save."
        )
    return _plain(unpickle(io.BytesIO(data), path, kind=_ArrayUnpickler), {})
