"""A small writer of glTF 2.0 files with all that the standard allows for animations."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

_COMPONENTS = {"i1": 5120, "u1": 5121, "i2": 5122, "u2": 5123, "u4": 5125, "f4": 5126}
_KINDS = {1: "SCALAR", 3: "VEC3", 4: "VEC4", 16: "MAT4"}


class Gltf:
    """A glTF document in the making.

    Attributes:
        json: the document.
        data: the content of buffer 0.
    """

    def __init__(self) -> None:
        self.json: dict[str, Any] = {"asset": {"version": "2.0"}, "nodes": []}
        self.data = b""

    def node(self, name: str, parent: int | None = None, **fields: Any) -> int:
        """Add a node and return its index."""
        index = len(self.json["nodes"])
        self.json["nodes"].append({"name": name, **fields})
        if parent is not None:
            self.json["nodes"][parent].setdefault("children", []).append(index)
        return index

    def view(self, data: bytes, stride: int | None = None) -> int:
        """Add a buffer view and return its index."""
        self.data += bytes(-len(self.data) % 4)
        view: dict[str, Any] = {"buffer": 0, "byteOffset": len(self.data), "byteLength": len(data)}
        if stride is not None:
            view["byteStride"] = stride
        self.data += data
        self.json.setdefault("bufferViews", []).append(view)
        return len(self.json["bufferViews"]) - 1

    def accessor(
        self, values: np.ndarray, dtype: str = "f4", *, stride: int | None = None, sparse: Sequence[int] | None = None
    ) -> int:
        """Add an accessor of values (n, width) and return its index.

        Args:
            values: integers are written as normalized ones.
            dtype: such as "f4" or "i2".
            stride: bytes from one element to the next.
            sparse: only these elements are written, the others are zeros.
        """
        values = np.asarray(values, dtype=np.float64).reshape(len(values), -1)
        entry: dict[str, Any] = {"componentType": _COMPONENTS[dtype], "count": len(values)}
        entry["type"] = _KINDS[values.shape[1]]
        stored = values
        if dtype != "f4":
            entry["normalized"] = True
            stored = np.round(values * np.iinfo(dtype).max)
        stored = stored.astype(f"<{dtype}")
        if sparse is not None:
            indices = self.view(np.asarray(sparse, dtype="<u2").tobytes())
            entry["sparse"] = {
                "count": len(sparse),
                "indices": {"bufferView": indices, "componentType": 5123},
                "values": {"bufferView": self.view(stored[list(sparse)].tobytes())},
            }
        elif stride is None:
            entry["bufferView"] = self.view(stored.tobytes())
        else:
            rows = np.zeros((len(stored), stride), dtype=np.uint8)
            rows[:] = 0xAB
            packed = stored.view(np.uint8).reshape(len(stored), -1)
            rows[:, 4 : 4 + packed.shape[1]] = packed
            entry |= {"bufferView": self.view(rows.tobytes(), stride), "byteOffset": 4}
        self.json.setdefault("accessors", []).append(entry)
        return len(self.json["accessors"]) - 1

    def clip(self, name: str | None = None) -> dict[str, Any]:
        """Add an animation without channels."""
        animation: dict[str, Any] = {"samplers": [], "channels": []}
        if name is not None:
            animation["name"] = name
        self.json.setdefault("animations", []).append(animation)
        return animation

    def track(
        self,
        clip: dict[str, Any],
        node: int,
        path: str,
        times: Sequence[float] | np.ndarray,
        values: Sequence[Any] | np.ndarray,
        interpolation: str | None = None,
        **options: Any,
    ) -> None:
        """Add keys to an animation; quaternions are (x, y, z, w)."""
        sampler = {
            "input": self.accessor(np.asarray(times)),
            "output": self.accessor(np.asarray(values), **options),
        }
        if interpolation is not None:
            sampler["interpolation"] = interpolation
        clip["samplers"].append(sampler)
        clip["channels"].append({"sampler": len(clip["samplers"]) - 1, "target": {"node": node, "path": path}})

    def glb(self, path: Path) -> Path:
        """Write a binary file."""
        if self.data:
            self.json["buffers"] = [{"byteLength": len(self.data)}]
        text = json.dumps(self.json).encode()
        text += b" " * (-len(text) % 4)
        data = self.data + bytes(-len(self.data) % 4)
        body = struct.pack("<II", len(text), 0x4E4F534A) + text
        if data:
            body += struct.pack("<II", len(data), 0x004E4942) + data
        path.write_bytes(struct.pack("<4sII", b"glTF", 2, 12 + len(body)) + body)
        return path

    def gltf(self, path: Path, uri: str | None = None) -> Path:
        """Write a text file; the data is in it, or in the file ``uri`` beside it."""
        if uri is None:
            uri = "data:application/octet-stream;base64," + base64.b64encode(self.data).decode()
        else:
            (path.parent / uri).write_bytes(self.data)
        self.json["buffers"] = [{"byteLength": len(self.data), "uri": uri}]
        path.write_text(json.dumps(self.json), encoding="utf-8")
        return path


# A standing person in metres: joint, parent, offset.
PERSON = (
    ("Hips", None, (0, 0.95, 0)),
    ("Spine", "Hips", (0, 0.12, 0)),
    ("Spine1", "Spine", (0, 0.2, 0)),
    ("Neck", "Spine1", (0, 0.2, 0)),
    ("Head", "Neck", (0, 0.1, 0.02)),
    *(
        (f"{side}{joint}", side + parent[1:] if parent[0] == "+" else parent, (x * sign, y, z))
        for side, sign in (("Left", 1), ("Right", -1))
        for joint, parent, (x, y, z) in (
            ("Shoulder", "Spine1", (0.06, 0.15, 0)),
            ("Arm", "+Shoulder", (0.12, 0, 0)),
            ("ForeArm", "+Arm", (0.28, 0, 0)),
            ("Hand", "+ForeArm", (0.25, 0, 0)),
            ("UpLeg", "Hips", (0.09, -0.05, 0)),
            ("Leg", "+UpLeg", (0, -0.42, 0)),
            ("Foot", "+Leg", (0, -0.42, 0)),
            ("ToeBase", "+Foot", (0, -0.05, 0.13)),
        )
    ),
)


def person(
    names: dict[str, str] | None = None, parent: int | None = None, gltf: Gltf | None = None
) -> tuple[Gltf, dict[str, int]]:
    """A file with a standing person, and the node of each joint.

    Args:
        names: other names of joints.
        parent: the node that the hips are under.
        gltf: the file to add to.
    """
    gltf = gltf or Gltf()
    nodes: dict[str, int] = {}
    for joint, above, offset in PERSON:
        over = parent if above is None else nodes[above]
        nodes[joint] = gltf.node((names or {}).get(joint, joint), over, translation=list(map(float, offset)))
    return gltf, nodes


def turn(axis: Sequence[float], degrees: float) -> list[float]:
    """A quaternion (x, y, z, w)."""
    half = np.radians(degrees) / 2
    return [*(np.sin(half) * np.asarray(axis, dtype=float)).tolist(), float(np.cos(half))]
