"""Reads the tensors of a PyTorch checkpoint without executing any code in it.

A pickle is a program that names functions and calls them. This reader looks up each name in a short table of its own
and never imports anything. The table has tensors and plain containers. Objects of a few libraries that save their
settings with the weights (OmegaConf, Lightning) become placeholders that do nothing. Any other name is refused.
"""

from __future__ import annotations

import collections
import io
import pickle
import re
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar

from motiongpt.errors import MotionGPTError
from motiongpt.formats.sniff import looks_like

# PyTorch is imported when a file has tensors.
if TYPE_CHECKING:
    import torch
    from torch import Tensor

_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_LEGACY_VERSION = 1001
_AGAIN = "copy or download it again"
_EXPECTED = "give a file of torch.save (.ckpt, .tar, .pth) or .safetensors"
_STORAGES = {
    "DoubleStorage": "float64",
    "FloatStorage": "float32",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
}
# These modules save settings and the state of a training, but no weights.
_FOREIGN = re.compile(
    r"(omegaconf|lightning|lightning_fabric|lightning_utilities|pytorch_lightning|torchmetrics|mGPT|typing|argparse)(\.|$)"
)
_TYPES = ("dict", "list", "tuple", "object", "type", "int", "long", "float", "bool", "str", "unicode", "bytes")
_FOREIGN_NAMES = {
    *((module, name) for module in ("builtins", "__builtin__") for name in _TYPES),
    *(("pathlib", name) for name in ("Path", "PosixPath", "WindowsPath", "PurePosixPath", "PureWindowsPath")),
    *(("pathlib._local", name) for name in ("Path", "PosixPath", "WindowsPath")),
    *((f"numpy.{core}.multiarray", name) for core in ("core", "_core") for name in ("_reconstruct", "scalar")),
    *((f"numpy.{core}.numeric", "_frombuffer") for core in ("core", "_core")),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("_codecs", "encode"),
    ("torch", "device"),
}


class Placeholder:
    """Replaces an object of another library; all its methods do nothing."""

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def __new__(cls, *_: Any, **__: Any) -> Placeholder:
        return object.__new__(cls)

    def __setstate__(self, _: Any) -> None:
        pass

    def __setitem__(self, _: Any, __: Any) -> None:
        pass

    def append(self, _: Any) -> None:
        """Do nothing."""

    def extend(self, _: Any) -> None:
        """Do nothing."""

    def add(self, _: Any) -> None:
        """Do nothing."""


class _Function:
    """One of our functions, without attributes that a pickle could set."""

    __slots__ = ("_call",)
    _call: Callable[..., Any]

    def __init__(self, call: Callable[..., Any]) -> None:
        object.__setattr__(self, "_call", call)

    def __call__(self, *arguments: Any) -> Any:
        return self._call(*arguments)

    def __setattr__(self, name: str, value: Any) -> None:
        raise pickle.UnpicklingError(f"it sets {name!r} of a function")


class _Refused(pickle.UnpicklingError):
    """The pickle names something outside the table."""


def _default_dict(_: Any = None, items: Any = ()) -> dict[Any, Any]:
    return dict(items)


def _tensor(storage: Any, offset: Any, size: Any, stride: Any, *_: Any) -> Tensor:
    """Like torch's function of that name, but with a check of every number."""
    import torch

    size, stride = tuple(size), tuple(stride)
    if not isinstance(storage, torch.Tensor) or storage.dim() != 1 or len(size) != len(stride):
        raise pickle.UnpicklingError("a tensor is malformed")
    if not all(isinstance(number, int) and number >= 0 for number in (offset, *size, *stride)):
        raise pickle.UnpicklingError("a tensor has invalid sizes")
    last = offset + sum((count - 1) * step for count, step in zip(size, stride, strict=True))
    if 0 not in size and last >= len(storage):
        raise pickle.UnpicklingError("a tensor reaches beyond its storage")
    return storage.as_strided(size, stride, offset)


def _parameter(data: Any, *_: Any) -> Any:
    return data


_FUNCTIONS: dict[tuple[str, str], Callable[..., Any]] = {
    ("torch._utils", "_rebuild_tensor"): _tensor,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch._utils", "_rebuild_parameter"): _parameter,
    ("torch._utils", "_rebuild_parameter_with_state"): _parameter,
    ("collections", "defaultdict"): _default_dict,
    ("collections", "Counter"): lambda items=(): dict(items),
    ("torch", "Size"): lambda numbers=(): tuple(numbers),
    **{(module, name): call for module in ("builtins", "__builtin__") for name, call in
       (("set", set), ("frozenset", frozenset), ("complex", complex))},
}  # fmt: skip


class Unpickler(pickle.Unpickler):
    """Makes tensors and plain containers, and `Placeholder` for other objects.

    Attributes:
        holder, content: what such a file is called in messages, and what is in it.
    """

    holder: ClassVar[str] = "checkpoint"
    content: ClassVar[str] = "model"

    def __init__(self, file: BinaryIO, storage: Callable[[tuple[Any, ...]], Tensor]) -> None:
        super().__init__(file, encoding="latin1")
        self._storage = storage

    def find_class(self, module: str, name: str) -> Any:
        """What a name stands for; nothing is imported for it."""
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) in _FUNCTIONS:
            return _Function(_FUNCTIONS[module, name])
        if module == "torch" and (name in _STORAGES or name in _STORAGES.values()):
            import torch

            return getattr(torch, _STORAGES.get(name, name))
        if (module, name) in _FOREIGN_NAMES or _FOREIGN.match(module):
            return type(name.rpartition(".")[2], (Placeholder,), {"__module__": module})
        raise _Refused(f"{module}.{name}")

    def persistent_load(self, pid: Any) -> Tensor:
        """The storage of a tensor."""
        import torch

        if not isinstance(pid, tuple) or len(pid) not in (5, 6) or pid[0] not in ("storage", b"storage"):
            raise pickle.UnpicklingError("it refers to an external object")
        if not isinstance(pid[1], torch.dtype) or not isinstance(pid[4], int) or pid[4] < 0:
            raise pickle.UnpicklingError("its tensors have an unknown type")
        return self._storage(pid)


def unpickle(
    file: BinaryIO,
    path: Path,
    storage: Callable[[tuple[Any, ...]], Tensor] = lambda _: _no_tensor(),
    kind: type[Unpickler] = Unpickler,
) -> Any:
    """Read one pickle from an open file.

    Args:
        file: at the start of the pickle.
        path: of the file, for messages.
        storage: gives the storage of a tensor by its persistent id; none are allowed when it is left out.
        kind: the unpickler.

    Raises:
        MotionGPTError: it is damaged, or needs what ``kind`` does not know.
    """
    try:
        return kind(file, storage).load()
    except _Refused as refused:
        raise MotionGPTError(
            f"{path}: refused, because its pickled objects need {refused}, which no {kind.content} needs and which "
            f"could execute code; nothing was executed: get the {kind.holder} from a source that you trust."
        ) from refused
    except MotionGPTError:
        raise
    except EOFError as error:
        raise MotionGPTError(f"{path} is truncated; {_AGAIN}.") from error
    except Exception as error:  # a damaged pickle can fail in any way
        raise MotionGPTError(f"{path} is a damaged {kind.holder} ({error}); {_AGAIN}.") from error


def read_checkpoint(path: str | Path, kind: type[Unpickler] = Unpickler) -> Any:
    """Read a file of ``torch.save``: tensors in dictionaries, lists and tuples, and `Placeholder` for other objects.

    The zip format and the format before PyTorch 1.6 are supported. Nothing that the file names is imported or executed.

    Raises:
        MotionGPTError: the file is missing, empty, a web page, a git-lfs pointer, truncated, damaged, or not a
            checkpoint, or it needs more than tensors, plain containers and settings; the message names it.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            head = file.read(2048)
            _check_head(path, head)
            file.seek(0)
            return _read_zip(file, path, kind) if head.startswith(b"PK") else _read_legacy(file, path, kind)
    except FileNotFoundError:
        raise MotionGPTError(f"{path}: there is no such file.") from None
    except IsADirectoryError:
        raise MotionGPTError(f"{path} is a folder: give the checkpoint file.") from None
    except OSError as error:
        raise MotionGPTError(f"{path}: cannot be read ({error.strerror or error}).") from error


def read_plain_pickle(path: str | Path) -> Any:
    """Read a file of ``pickle.dump`` with plain containers, numbers and texts. No code in it is executed.

    Raises:
        MotionGPTError: the file is missing, damaged, or needs anything else.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            return unpickle(file, path)
    except OSError as error:
        raise MotionGPTError(f"{path}: cannot be read ({error.strerror or error}).") from error


def _no_tensor() -> Tensor:
    raise pickle.UnpicklingError("it has tensors")


def _check_head(path: Path, head: bytes) -> None:
    kind = looks_like(head)
    if kind == "empty":
        raise MotionGPTError(f"{path} is empty; {_AGAIN}.")
    if kind == "a web page":
        raise MotionGPTError(f"{path} is a web page, not a checkpoint: download the file itself.")
    if kind == "a git-lfs pointer":
        raise MotionGPTError(f"{path} is a git-lfs pointer without the weights: run git lfs pull.")
    if head[257:262] == b"ustar":
        raise MotionGPTError(f"{path} is a tar archive: unpack it and give the checkpoint in it.")
    if not head.startswith((b"PK", b"\x80")):
        raise MotionGPTError(f"{path} is {kind or 'a text file'}, not a checkpoint: {_EXPECTED}.")


def _read_zip(file: BinaryIO, path: Path, kind: type[Unpickler]) -> Any:
    try:
        with zipfile.ZipFile(file) as archive:
            names = [name for name in archive.namelist() if name.rpartition("/")[2] == "data.pkl"]
            if not names:
                raise MotionGPTError(
                    f"{path} is a zip archive without data.pkl, so it is not a PyTorch checkpoint: if there is one in "
                    "it, unpack it and give that file."
                )
            folder = names[0].removesuffix("data.pkl")
            if f"{folder}byteorder" in archive.namelist() and archive.read(f"{folder}byteorder").strip() != b"little":
                raise MotionGPTError(f"{path} has big-endian numbers: save it again on a little-endian computer.")
            storages: dict[str, Tensor] = {}

            def storage(pid: tuple[Any, ...]) -> Tensor:
                _, dtype, key, _, count = pid[:5]
                if key not in storages:
                    storages[str(key)] = _read_member(archive, f"{folder}data/{key}", dtype, count)
                return storages[str(key)]

            return unpickle(io.BytesIO(archive.read(names[0])), path, storage, kind)
    except (zipfile.BadZipFile, EOFError) as error:
        raise MotionGPTError(f"{path} is truncated or damaged ({error}); {_AGAIN}.") from error


def _read_member(archive: zipfile.ZipFile, name: str, dtype: torch.dtype, count: int) -> Tensor:
    import torch

    member = archive.getinfo(name)
    if member.compress_type != zipfile.ZIP_STORED or member.file_size != count * dtype.itemsize:
        raise pickle.UnpicklingError(f"{name} does not have its {count} numbers")
    if count == 0:
        return torch.empty(0, dtype=dtype)
    return torch.frombuffer(bytearray(archive.read(member)), dtype=dtype)


def _read_legacy(file: BinaryIO, path: Path, kind: type[Unpickler]) -> Any:
    import torch

    size = path.stat().st_size
    storages: dict[str, Tensor] = {}

    def nothing_stored(_: tuple[Any, ...]) -> Tensor:
        raise pickle.UnpicklingError("it starts with a tensor")

    def storage(pid: tuple[Any, ...]) -> Tensor:
        _, dtype, key, _, count = pid[:5]
        if len(pid) == 6 and pid[5] is not None:
            raise pickle.UnpicklingError("it shares storages in an obsolete way")
        if str(key) not in storages:
            if count * dtype.itemsize > size:
                raise EOFError
            # The numbers follow at the end of the file.
            storages[str(key)] = torch.empty(count, dtype=dtype)
        return storages[str(key)]

    if unpickle(file, path, nothing_stored) != _LEGACY_MAGIC:
        raise MotionGPTError(f"{path} is a Python pickle, but not a PyTorch checkpoint: {_EXPECTED}.")
    version, system = (unpickle(file, path, nothing_stored) for _ in range(2))
    if version != _LEGACY_VERSION or not isinstance(system, dict) or system.get("little_endian") is not True:
        raise MotionGPTError(f"{path} is a checkpoint in an unknown old format: save it again with a newer PyTorch.")
    result = unpickle(file, path, storage, kind)
    keys = unpickle(file, path, nothing_stored)
    if not isinstance(keys, list) or set(map(str, keys)) != storages.keys():
        raise MotionGPTError(f"{path} is a damaged checkpoint (numbers are missing); {_AGAIN}.")
    for key in map(str, keys):
        target = storages[key]
        head = file.read(8)
        data = file.read(target.nbytes)
        if len(head) < 8 or len(data) < target.nbytes:
            raise MotionGPTError(f"{path} is truncated; {_AGAIN}.")
        if struct.unpack("<q", head)[0] != len(target):
            raise MotionGPTError(f"{path} is a damaged checkpoint (numbers are missing); {_AGAIN}.")
        if len(target):
            target.copy_(torch.frombuffer(bytearray(data), dtype=target.dtype))
    return result
