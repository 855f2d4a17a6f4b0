"""Model folders: ``config.json`` and safetensors shards, loaded strictly."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from motiongpt.errors import MotionGPTError
from motiongpt.files import atomic_path

# Incremented when the meaning of a saved folder changes, so that an older release refuses a newer folder.
FORMAT_VERSION = 1
SHARD_BYTES = 48 * 2**20
_CHECKSUM = "sha256"
_SCALE = ".int8_scale"
# Smaller matrices stay in half precision: quantising them saves little.
_MIN_INT8_NUMEL = 2**14

T = TypeVar("T")


def save_config(folder: Path, kind: str, config: Mapping[str, Any]) -> None:
    """Write ``folder/config.json`` with the format version and the kind of model."""
    with atomic_path(folder / "config.json") as temporary:
        record = {"format_version": FORMAT_VERSION, "kind": kind, **config}
        temporary.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def load_config(folder: Path, kind: str) -> dict[str, Any]:
    """Read ``folder/config.json``.

    Raises:
        MotionGPTError: the file is missing, is not JSON, or describes another kind of model or another version.
    """
    path = folder / "config.json"
    if not path.is_file():
        raise MotionGPTError(f"{folder} is not a {kind} folder: it has no config.json.")
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise MotionGPTError(f"{path} is not readable JSON ({error}): download the model folder again.") from error
    if not isinstance(config, dict) or config.get("kind") != kind:
        found = config.get("kind") if isinstance(config, dict) else type(config).__name__
        raise MotionGPTError(f"{path} describes a model of kind {found!r}, but {kind!r} was expected.")
    version = config.pop("format_version", None)
    if version != FORMAT_VERSION:
        raise MotionGPTError(
            f"{path} has format version {version}, but this release of motiongpt reads version {FORMAT_VERSION}: "
            "use the release that wrote it, or download the model for this one."
        )
    config.pop("kind")
    return config


def kind_of(folder: Path) -> str:
    """The kind of model that ``folder/config.json`` describes.

    Raises:
        MotionGPTError: the file is missing or does not describe a model.
    """
    path = folder / "config.json"
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["kind"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise MotionGPTError(f"{folder} is not a model folder: it has no config.json that names its kind.") from error


def config_from(kind: type[T], values: Mapping[str, Any], where: str) -> T:
    """Build a config dataclass from plain values.

    Raises:
        MotionGPTError: a key is unknown or missing, or the dataclass rejects a value; names the key and ``where``.
    """
    fields = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    for key in values:
        if key not in fields:
            raise MotionGPTError(f"{where}: unknown key {key!r}; known keys are {', '.join(fields)}.")
    try:
        return kind(**values)
    except TypeError as error:
        raise MotionGPTError(f"{where}: {error}.") from error


def to_device(module: nn.Module, device: str) -> None:
    """Move a network to a PyTorch device.

    Raises:
        MotionGPTError: this machine has no such device.
    """
    try:
        module.to(device)
    except (RuntimeError, AssertionError) as error:
        raise MotionGPTError(f"Device {device!r} cannot be used ({str(error).splitlines()[0]}): use 'cpu'.") from error


def quantise(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """Quantise a float matrix (rows, columns, ...) to int8 with a bfloat16 scale for each row (rows,).

    The largest magnitude of a row becomes 127, so quantising a dequantised matrix again loses nothing.
    """
    # The clamp keeps a row of zeros from dividing by zero.
    scale = (matrix.flatten(1).abs().amax(1) / 127).clamp(min=1e-30).bfloat16()
    return (matrix / _per_row(scale, matrix)).round().clamp(-127, 127).to(torch.int8), scale


def dequantise(values: Tensor, scale: Tensor) -> Tensor:
    """The float32 matrix that `quantise` approximates."""
    return values.float() * _per_row(scale, values)


def _per_row(scale: Tensor, matrix: Tensor) -> Tensor:
    return scale.float().view(-1, *(1,) * (matrix.ndim - 1))


def save_weights(
    folder: Path, tensors: Mapping[str, Tensor], *, dtype: torch.dtype | None = None, int8: Collection[str] = ()
) -> None:
    """Write tensors to ``model.safetensors`` or, above 48 MiB, to numbered shards with an index.

    Args:
        dtype: type in which floating-point tensors are stored; None keeps theirs. ``torch.int8`` quantises large
            matrices and stores the rest in half precision.
        int8: names of matrices to quantise, whatever ``dtype`` is.
    """
    if dtype == torch.int8:
        large = {name for name, tensor in tensors.items() if tensor.ndim > 1 and tensor.numel() >= _MIN_INT8_NUMEL}
        int8, dtype = {*int8, *large}, torch.float16
    values: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        value = tensor.detach().cpu().contiguous()
        if name in int8:
            values[name], values[name + _SCALE] = quantise(value)
        else:
            values[name] = value.to(dtype) if dtype is not None and value.is_floating_point() else value
    shards: list[dict[str, Tensor]] = [{}]
    size = 0
    for name, stored in values.items():
        if shards[-1] and size + stored.nbytes > SHARD_BYTES:
            shards.append({})
            size = 0
        shards[-1][name] = stored
        size += stored.nbytes
    names = (
        ["model.safetensors"]
        if len(shards) == 1
        else [f"model-{i + 1:05d}-of-{len(shards):05d}.safetensors" for i in range(len(shards))]
    )
    for name, shard in zip(names, shards, strict=True):
        with atomic_path(folder / name) as temporary:
            save_file(shard, temporary, metadata={_CHECKSUM: _checksum(shard)})
    # Shards of an earlier model would be loaded as part of this one.
    for stale in folder.glob("model*.safetensors*"):
        if stale.name not in names:
            stale.unlink()
    if len(shards) > 1:
        index = {key: name for name, shard in zip(names, shards, strict=True) for key in shard}
        with atomic_path(folder / "model.safetensors.index.json") as temporary:
            temporary.write_text(json.dumps({"weight_map": index}, indent=1) + "\n", encoding="utf-8")


def read_safetensors(path: Path) -> dict[str, Tensor]:
    """Read all tensors of one file.

    Raises:
        MotionGPTError: the file is missing or damaged.
    """
    if not path.is_file():
        raise MotionGPTError(f"Weight file {path} is missing: download the model folder again.")
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (not a dict)
            expected = (file.metadata() or {}).get(_CHECKSUM)
    except (SafetensorError, OSError, ValueError) as error:
        raise MotionGPTError(
            f"Weight file {path} is damaged or not safetensors ({error}): download it again."
        ) from error
    if expected is not None and expected != _checksum(tensors):
        raise MotionGPTError(f"Weight file {path} is damaged (its checksum does not match): download it again.")
    return tensors


def _checksum(tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 of names and values, so that a file corrupted in transfer is refused."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(tensors[name].flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def load_tensors(folder: Path) -> dict[str, Tensor]:
    """All tensors that :func:`save_weights` wrote to a folder; quantised matrices as float32.

    Raises:
        MotionGPTError: a file is missing or damaged.
    """
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        try:
            names = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
        except (ValueError, KeyError, AttributeError) as error:
            raise MotionGPTError(f"{index} is not a shard index: download the model folder again.") from error
    else:
        names = ["model.safetensors"]
    tensors: dict[str, Tensor] = {}
    for name in names:
        tensors.update(read_safetensors(folder / name))
    for name in [name for name, tensor in tensors.items() if tensor.dtype == torch.int8 and name + _SCALE in tensors]:
        tensors[name] = dequantise(tensors[name], tensors.pop(name + _SCALE))
    return tensors


def load_weights(folder: Path, module: nn.Module, *, without: str = "") -> None:
    """Load the weights of a model folder into ``module``.

    Every weight of the module must be in the folder and the reverse, with the same shape and finite values.

    Args:
        without: prefix of the names of weights that the folder omits because the module already has them.

    Raises:
        MotionGPTError: a weight is missing, unknown, of another shape or not finite; names the folder and the weight.
    """
    tensors = load_tensors(folder)
    expected = {
        name: tensor for name, tensor in module.state_dict().items() if not (without and name.startswith(without))
    }
    missing, unknown = sorted(expected.keys() - tensors.keys()), sorted(tensors.keys() - expected.keys())
    if missing or unknown:
        problem = f"{missing[0]!r} is missing" if missing else f"{unknown[0]!r} is unknown"
        count = len(missing) + len(unknown)
        raise MotionGPTError(
            f"The weights in {folder} do not fit its config.json: {problem} ({count} mismatches in total)."
        )
    for name, tensor in tensors.items():
        if tensor.shape != expected[name].shape:
            raise MotionGPTError(
                f"The weights in {folder} do not fit its config.json: {name!r} has shape {tuple(tensor.shape)}, "
                f"but {tuple(expected[name].shape)} was expected."
            )
        if tensor.is_floating_point() and not math.isfinite(float(tensor.float().abs().sum())):
            raise MotionGPTError(f"The weights in {folder} are damaged: {name!r} has values that are not finite.")
    module.load_state_dict(
        {name: tensor.to(expected[name].dtype) for name, tensor in tensors.items()}, strict=not without
    )
