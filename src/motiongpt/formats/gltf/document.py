"""A glTF 2.0 document and its binary data, from a .glb, .gltf, .vrm or .vrma."""

from __future__ import annotations

import base64
import binascii
import json
import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np

from motiongpt.errors import MotionGPTError
from motiongpt.formats.gltf import meshopt
from motiongpt.formats.sniff import check_file, looks_like

_JSON_CHUNK, _BINARY_CHUNK = 0x4E4F534A, 0x004E4942
_TYPES = {5120: "<i1", 5121: "<u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9, "MAT4": 16}
# Numbers in one accessor: hours of keys. A file that declares more than it holds must not fill the memory.
_MAX_NUMBERS = 2**24
# The extension, and its successor with the same fields.
_MESHOPT = ("EXT_meshopt_compression", "KHR_meshopt_compression")


def _integer(value: Any) -> int:
    """A count, an offset or an index.

    Raises:
        ValueError: it is not a whole number from 0.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{value!r} where a whole number from 0 is needed")
    return value


def _chunks(path: Path, data: bytes) -> tuple[Any, bytes | None]:
    """The document and the binary part of a .glb."""
    if len(data) < 20 or struct.unpack_from("<I", data, 8)[0] > len(data):
        raise MotionGPTError(f"{path}: the file is truncated; copy or export it again.")
    version = struct.unpack_from("<I", data, 4)[0]
    if version != 2:
        raise MotionGPTError(f"{path}: is glTF of version {version}; export it as glTF 2.0.")
    document, binary, at = None, None, 12
    while at + 8 <= len(data):
        size, kind = struct.unpack_from("<II", data, at)
        content = data[at + 8 : at + 8 + size]
        if len(content) < size:
            raise MotionGPTError(f"{path}: the file is truncated; copy or export it again.")
        if kind == _JSON_CHUNK and document is None:
            document = json.loads(content)
        elif kind == _BINARY_CHUNK and binary is None:
            binary = content
        at += 8 + size
    return document, binary


class Document:
    """A glTF file.

    Attributes:
        path: the file.
        json: its JSON document.
        nodes: its nodes, JSON objects.
        names: (N,) of the nodes; "node I" for one without a name.
        parents: (N,) parent of each node, -1 for a root.

    Raises:
        MotionGPTError: another kind of file, a truncated or damaged one, glTF 1.0, a tree of nodes with cycles.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        head = check_file(path)
        data = path.read_bytes()
        self._binary: bytes | None = None
        with self.reading():
            if head[:4] == b"glTF":
                self.json, self._binary = _chunks(path, data)
            elif head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{":
                self.json = json.loads(data.decode("utf-8-sig"))
            else:
                kind = looks_like(head)
                raise MotionGPTError(
                    f"{path}: is no glTF file{f' but holds {kind}' if kind else ''}; export it as .glb or .gltf."
                )
            if not isinstance(self.json, dict):
                raise MotionGPTError(f"{path}: the glTF file has no JSON document; export it again.")
            version = str(self.json.get("asset", {}).get("version", "2.0"))
            if version.split(".")[0] != "2":
                raise MotionGPTError(f"{path}: is glTF of version {version}; export it as glTF 2.0.")
            self.nodes: list[dict[str, Any]] = self.json.get("nodes", [])
            self.names = [str(node.get("name", f"node {i}")) for i, node in enumerate(self.nodes)]
            self.parents = self._tree()
        self._buffers: dict[int, bytes] = {}

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Turn what a wrong value in the document raises into the error that the file is damaged."""
        try:
            with np.errstate(all="ignore"):  # what is not finite is refused with the joints
                yield
        except (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError, struct.error) as error:
            raise MotionGPTError(f"{self.path}: damaged glTF file ({error!r}); export it again.") from error
        except RecursionError as error:
            raise MotionGPTError(f"{self.path}: damaged glTF file (nested too deep); export it again.") from error

    def item(self, kind: str, index: Any) -> dict[str, Any]:
        """An entry of one of the document's lists, such as "accessors"."""
        entry: dict[str, Any] = self.json[kind][_integer(index)]
        return entry

    def node(self, index: Any) -> int:
        """An index of a node, checked."""
        if _integer(index) >= len(self.nodes):
            raise ValueError(f"node {index} of {len(self.nodes)}")
        return int(index)

    def _tree(self) -> list[int]:
        """The parents of the nodes."""
        parents = [-1] * len(self.nodes)
        for i, node in enumerate(self.nodes):
            for child in node.get("children", []):
                if parents[self.node(child)] >= 0:
                    raise ValueError(f"node {child} has two parents")
                parents[child] = i
        # Walked down from the roots, a tree is complete; nodes in a cycle are not reached.
        reached, at = 0, [i for i, parent in enumerate(parents) if parent < 0]
        while at:
            reached += 1
            at.extend(self.nodes[at.pop()].get("children", []))
        if reached < len(self.nodes):
            raise ValueError("nodes that are their own ancestors")
        return parents

    def content(self, index: int) -> bytes | None:
        """The content of a buffer; None for one without data, of which the views are compressed elsewhere.

        Raises:
            MotionGPTError: its data is missing or truncated.
        """
        entry = self.item("buffers", index)
        if "uri" not in entry and not (index == 0 and self._binary is not None):
            return None
        return self._buffer(index)

    def beside(self, uri: str) -> bytes:
        """The content of a file beside the document, such as an image.

        Raises:
            MotionGPTError: it is missing, or lies elsewhere.
        """
        return self._from_uri(uri)

    def _buffer(self, index: int) -> bytes:
        """The content of a buffer: the binary part, base64 text, or a file beside the document."""
        if index not in self._buffers:
            buffer = self.item("buffers", index)
            if "uri" in buffer:
                content = self._from_uri(str(buffer["uri"]))
            elif index == 0 and self._binary is not None:
                content = self._binary
            else:
                raise MotionGPTError(f"{self.path}: buffer {index} has no data; export the file again as .glb.")
            if len(content) < _integer(buffer["byteLength"]):
                raise MotionGPTError(
                    f"{self.path}: buffer {index} holds {len(content)} of {buffer['byteLength']} bytes, so it is "
                    "truncated; copy or export it again."
                )
            self._buffers[index] = content
        return self._buffers[index]

    def _from_uri(self, uri: str) -> bytes:
        if uri.startswith("data:"):
            header, comma, text = uri.partition(",")
            if not comma or not header.endswith(";base64"):
                raise MotionGPTError(f"{self.path}: embedded data is not base64; export the file again as .glb.")
            try:
                return base64.b64decode(text, validate=True)
            except binascii.Error as error:
                raise MotionGPTError(
                    f"{self.path}: embedded data is damaged ({error}); export the file again as .glb."
                ) from error
        name = unquote(uri)
        folder = self.path.parent.resolve()
        if re.match(r"[A-Za-z][\w+.-]*:|[/\\]", name) or "\\" in name or "\x00" in name:
            file = None
        else:
            file = (folder / name).resolve()
        if file is None or not file.is_relative_to(folder):
            raise MotionGPTError(
                f"{self.path}: its data is at {uri[:80]!r}, outside of the file's folder, where nothing is read; put "
                "the data beside it and name it by a relative path, or export the file as .glb."
            )
        if not file.is_file():
            raise MotionGPTError(
                f"{self.path}: its data is in {uri[:80]!r}, which is not beside it; copy this file too, or export the "
                "motion as one .glb."
            )
        try:
            return file.read_bytes()
        except OSError as error:
            raise MotionGPTError(f"{file}: cannot be read ({error.strerror or error}).") from error

    def _view(self, index: Any) -> tuple[bytes | memoryview, int]:
        """The bytes of a buffer view and its stride, 0 for packed data."""
        view = self.item("bufferViews", index)
        for name in _MESHOPT:
            if name in view.get("extensions", {}):
                return self._decompressed(name, view["extensions"][name]), _integer(view.get("byteStride", 0))
        content = self._bytes(view)
        return content, _integer(view.get("byteStride", 0))

    def _bytes(self, view: dict[str, Any]) -> memoryview:
        buffer = self._buffer(_integer(view["buffer"]))
        start, length = _integer(view.get("byteOffset", 0)), _integer(view["byteLength"])
        if start + length > len(buffer):
            raise ValueError(f"bytes {start} to {start + length} of a buffer of {len(buffer)}")
        return memoryview(buffer)[start : start + length]

    def _decompressed(self, name: str, view: dict[str, Any]) -> bytes:
        count, stride = _integer(view["count"]), _integer(view["byteStride"])
        if count * stride > 8 * _MAX_NUMBERS:
            raise ValueError(f"{count} compressed elements of {stride} bytes")
        try:
            return meshopt.decode(
                bytes(self._bytes(view)), count, stride, str(view["mode"]), str(view.get("filter", "NONE"))
            )
        except ValueError as error:
            raise MotionGPTError(
                f"{self.path}: its animation is compressed with {name}, and this data cannot be decoded ({error}); "
                "export it without compression (gltfpack without -c, gltf-transform without meshopt)."
            ) from error

    def array(self, index: Any) -> np.ndarray:
        """The data of an accessor.

        Returns:
            (n, width) float64; normalized integers are in [-1, 1] or [0, 1].

        Raises:
            ValueError, KeyError, IndexError, TypeError: the document is damaged; see :meth:`reading`.
        """
        accessor = self.item("accessors", index)
        dtype = np.dtype(_TYPES[accessor["componentType"]])
        width, count = _WIDTHS[accessor["type"]], _integer(accessor["count"])
        if width * count > _MAX_NUMBERS:
            raise ValueError(f"{count} elements in accessor {index}")
        if "bufferView" in accessor:
            offset = _integer(accessor.get("byteOffset", 0))
            array = self._elements(accessor["bufferView"], offset, dtype, count, width)
        else:
            array = np.zeros((count, width), dtype)
        if "sparse" in accessor:
            sparse = accessor["sparse"]
            changed = _integer(sparse["count"])
            if changed > count:
                raise ValueError(f"{changed} sparse values of {count}")
            at = self._elements(
                sparse["indices"]["bufferView"],
                _integer(sparse["indices"].get("byteOffset", 0)),
                np.dtype(_TYPES[sparse["indices"]["componentType"]]),
                changed,
                1,
            )
            array[at[:, 0].astype(np.int64)] = self._elements(
                sparse["values"]["bufferView"], _integer(sparse["values"].get("byteOffset", 0)), dtype, changed, width
            )
        result = array.astype(np.float64)
        if accessor.get("normalized") and dtype.kind in "iu":
            result = np.maximum(result / np.iinfo(dtype).max, -1)
        return result

    def _elements(self, view: Any, offset: int, dtype: np.dtype, count: int, width: int) -> np.ndarray:
        """A copy (count, width) of elements of a buffer view."""
        content, stride = self._view(view)
        size = dtype.itemsize * width
        stride = stride or size
        end = offset + stride * (count - 1) + size if count else 0
        if stride < size or end > len(content):
            raise ValueError(f"{count} elements in a buffer view of {len(content)} bytes")
        return np.ndarray((count, width), dtype, content, offset, (stride, dtype.itemsize)).copy()
