"""What a GLB shows, computed in plain NumPy and SciPy from its bytes alone, without any code of the package.

Bones in the world, vertices of the skin, and whether a point is inside of a mesh (the generalised winding number of
Jacobson et al., SIGGRAPH 2013).
"""

from __future__ import annotations

import json
import struct
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation, Slerp

_TYPES = {5120: "<i1", 5121: "<u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}


class Glb:
    """A binary glTF file without sparse or compressed data."""

    def __init__(self, path: Path) -> None:
        data = Path(path).read_bytes()
        size = struct.unpack_from("<I", data, 12)[0]
        self.json: dict[str, Any] = json.loads(data[20 : 20 + size])
        self.blob = data[28 + size :]
        self.nodes = self.json["nodes"]
        self.parent = {child: i for i, node in enumerate(self.nodes) for child in node.get("children", [])}
        self.names = [node.get("name", f"node {i}") for i, node in enumerate(self.nodes)]

    def array(self, index: int) -> np.ndarray:
        """(n, width) of an accessor."""
        accessor = self.json["accessors"][index]
        view = self.json["bufferViews"][accessor["bufferView"]]
        dtype, width = np.dtype(_TYPES[accessor["componentType"]]), _WIDTHS[accessor["type"]]
        start = view.get("byteOffset", 0) + accessor.get("byteOffset", 0)
        stride = view.get("byteStride", dtype.itemsize * width)
        shape = (accessor["count"], width)
        values = np.ndarray(shape, dtype, self.blob, start, (stride, dtype.itemsize)).astype(np.float64)
        if accessor.get("normalized"):
            values /= np.iinfo(dtype).max
        return values

    def clip(self, name: str) -> dict[str, Any]:
        """An animation by name."""
        found: dict[str, Any] = next(one for one in self.json["animations"] if one.get("name") == name)
        return found

    def world(self, clip: str, times: np.ndarray) -> np.ndarray:
        """(T, nodes, 4, 4) transforms at times; channels are LINEAR."""
        animation = self.clip(clip)
        keys: dict[tuple[int, str], np.ndarray] = {}
        for channel in animation["channels"]:
            sampler = animation["samplers"][channel["sampler"]]
            at, values = self.array(sampler["input"])[:, 0], self.array(sampler["output"])
            when = np.clip(times, at[0], at[-1])
            path = channel["target"]["path"]
            if path == "rotation":
                turns = Rotation.from_quat(values)
                result = (Slerp(at, turns)(when) if len(at) > 1 else turns[np.zeros(len(when), int)]).as_matrix()
            else:
                result = np.stack([np.interp(when, at, column) for column in values.T], axis=1)
            keys[channel["target"]["node"], path] = result
        world = np.zeros((len(times), len(self.nodes), 4, 4))
        done: set[int] = set()

        def fill(index: int) -> None:
            if index in done:
                return
            node, own = self.nodes[index], np.tile(np.eye(4), (len(times), 1, 1))
            if "matrix" in node:
                own[:] = np.reshape(node["matrix"], (4, 4)).T
            else:
                rest = Rotation.from_quat(node.get("rotation", [0, 0, 0, 1])).as_matrix()
                own[:, :3, :3] = keys.get((index, "rotation"), rest)
                scale = np.broadcast_to(
                    keys.get((index, "scale"), np.array(node.get("scale", [1, 1, 1]))), (len(times), 3)
                )
                own[:, :3, :3] *= scale[:, None]
                own[:, :3, 3] = keys.get((index, "translation"), np.array(node.get("translation", [0, 0, 0])))
            parent = self.parent.get(index)
            if parent is not None:
                fill(parent)
                own = world[:, parent] @ own
            world[:, index] = own
            done.add(index)

        for index in range(len(self.nodes)):
            fill(index)
        return world

    def places(self, clip: str, times: np.ndarray, names: list[str]) -> np.ndarray:
        """(T, len(names), 3) of bones by name."""
        return self.world(clip, times)[..., :3, 3][:, [self.names.index(name) for name in names]]

    @cached_property
    def skins(self) -> list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
        """Of each skinned primitive: vertices (V, 3), triangles (F, 3), joints as nodes, weights, inverse bind."""
        result = []
        for node in self.nodes:
            if "mesh" not in node or "skin" not in node:
                continue
            skin = self.json["skins"][node["skin"]]
            inverse = self.array(skin["inverseBindMatrices"]).reshape(-1, 4, 4).transpose(0, 2, 1)
            table = {joint: matrix for joint, matrix in zip(skin["joints"], inverse, strict=True)}
            every = np.array([table.get(i, np.eye(4)) for i in range(len(self.nodes))])
            for part in self.json["meshes"][node["mesh"]]["primitives"]:
                own = np.array(skin["joints"])[self.array(part["attributes"]["JOINTS_0"]).astype(int)]
                weights = self.array(part["attributes"]["WEIGHTS_0"])
                points = self.array(part["attributes"]["POSITION"])
                faces = self.array(part["indices"])[:, 0].astype(int).reshape(-1, 3)
                result.append((points, faces, own, weights / weights.sum(axis=1, keepdims=True), every))
        return result

    def skinned(self, world: np.ndarray) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Of each primitive: vertices (T, V, 3) in the world, triangles, and the node that each vertex follows most."""
        result = []
        for points, faces, own, weights, inverse in self.skins:
            ones = np.concatenate([points, np.ones((len(points), 1))], axis=1)
            moved = np.zeros((len(world), len(points), 3))
            for k in range(4):
                matrices = world[:, own[:, k]] @ inverse[own[:, k]]
                moved += weights[:, k, None] * np.einsum("tvab,vb->tva", matrices, ones)[..., :3]
            result.append((moved, faces, own[np.arange(len(own)), weights.argmax(axis=1)]))
        return result


def winding(points: np.ndarray, vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """(P,) winding number of a triangle mesh about points (P, 3): 1 inside of a closed mesh, 0 outside."""
    a, b, c = (vertices[faces[:, i]][None] - points[:, None] for i in range(3))
    la, lb, lc = (np.linalg.norm(v, axis=-1) for v in (a, b, c))
    det = np.einsum("pfi,pfi->pf", a, np.cross(b, c))
    denominator = la * lb * lc + (a * b).sum(-1) * lc + (b * c).sum(-1) * la + (c * a).sum(-1) * lb
    return 2 * np.arctan2(det, denominator).sum(axis=1) / (4 * np.pi)


def angles(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(...) degrees between vectors (..., 3)."""
    cosine = (a * b).sum(-1) / (np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1))
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))
