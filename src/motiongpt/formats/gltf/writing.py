"""Writing binary glTF 2.0: buffers with the entries that describe them, names of clips, and the container."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from motiongpt.files import atomic_path

# Constants of the glTF specification: component types, chunk types.
_COMPONENTS = {"u1": 5121, "u2": 5123, "u4": 5125, "f4": 5126}
_KINDS = {(): "SCALAR", (3,): "VEC3", (4,): "VEC4", (4, 4): "MAT4"}
_JSON_CHUNK, _BINARY_CHUNK = 0x4E4F534A, 0x004E4942


class Buffer:
    """The binary part of a file, and the entries of the document that describe it.

    Args:
        data, views, accessors: those that are there already.
    """

    def __init__(
        self,
        data: bytearray | None = None,
        views: list[dict[str, Any]] | None = None,
        accessors: list[dict[str, Any]] | None = None,
    ) -> None:
        self.data = bytearray() if data is None else data
        self.views: list[dict[str, Any]] = [] if views is None else views
        self.accessors: list[dict[str, Any]] = [] if accessors is None else accessors

    def add(self, array: np.ndarray, dtype: str, *, target: int | None = None, bounds: bool = False) -> int:
        """Index of a new accessor of an array (n,), (n, 3), (n, 4) or (n, 4, 4; columns first)."""
        array = np.ascontiguousarray(array, dtype=f"<{dtype}")
        self.data.extend(b"\0" * (-len(self.data) % 4))
        view: dict[str, Any] = {"buffer": 0, "byteOffset": len(self.data), "byteLength": array.nbytes}
        if target is not None:
            view["target"] = target
        accessor: dict[str, Any] = {
            "bufferView": len(self.views),
            "componentType": _COMPONENTS[dtype],
            "count": len(array),
            "type": _KINDS[array.shape[1:]],
        }
        if bounds:
            accessor["min"] = np.atleast_1d(array.min(axis=0)).tolist()
            accessor["max"] = np.atleast_1d(array.max(axis=0)).tolist()
        self.data.extend(array.tobytes())
        self.views.append(view)
        self.accessors.append(accessor)
        return len(self.accessors) - 1


def distinct(names: Sequence[str], taken: Sequence[str] = ()) -> list[str]:
    """One name per motion; names that are there already are numbered."""
    result: list[str] = []
    for given in names:
        name, count = given or "motion", 1
        while (wanted := name if count == 1 else f"{name} {count}") in (*taken, *result):
            count += 1
        result.append(wanted)
    return result


def save(document: dict[str, Any], data: bytes, path: Path) -> None:
    """Write a .glb.

    Raises:
        MotionGPTError: the folder cannot be written.
    """
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
    chunks = [(_JSON_CHUNK, text + b" " * (-len(text) % 4)), (_BINARY_CHUNK, data + b"\0" * (-len(data) % 4))]
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        file.write(struct.pack("<4sII", b"glTF", 2, 12 + sum(8 + len(content) for _, content in chunks)))
        for kind, content in chunks:
            file.write(struct.pack("<II", len(content), kind))
            file.write(content)
