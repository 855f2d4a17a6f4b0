"""Reading the skeleton animation of a binary glTF file (.glb) of any rig that :mod:`joint_maps` knows.

Format: glTF 2.0 (Khronos Group, ISO/IEC 12113:2022), metres, Y up. Skins and meshes are ignored.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np

from motiongpt.errors import MotionGPTError
from motiongpt.formats import joint_maps, rig
from motiongpt.formats.orientation import STRICT
from motiongpt.formats.reading import Figure, Reading, read_rig
from motiongpt.formats.sniff import check_file
from motiongpt.motion import rotations

_JSON_CHUNK, _BINARY_CHUNK = 0x4E4F534A, 0x004E4942
_TYPES = {5120: "<i1", 5121: "<u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9, "MAT4": 16}
_DEFAULTS = {"translation": (0.0, 0.0, 0.0), "rotation": (0.0, 0.0, 0.0, 1.0), "scale": (1.0, 1.0, 1.0)}


def _chunks(path: Path) -> tuple[dict[str, Any], bytes]:
    """The document and the binary part of a .glb."""
    check_file(path)
    data = path.read_bytes()
    if data[:4] != b"glTF" or len(data) < 20:
        raise MotionGPTError(f"{path}: is no binary glTF file; export it as .glb.")
    if struct.unpack_from("<I", data, 8)[0] > len(data):
        raise MotionGPTError(f"{path}: the file is truncated; copy or export it again.")
    document, binary, at = None, b"", 12
    while at + 8 <= len(data):
        size, kind = struct.unpack_from("<II", data, at)
        content = data[at + 8 : at + 8 + size]
        if kind == _JSON_CHUNK and document is None:
            document = json.loads(content)
        elif kind == _BINARY_CHUNK:
            binary = content
        at += 8 + size
    if not isinstance(document, dict):
        raise MotionGPTError(f"{path}: the glTF file has no JSON document; export it again.")
    return document, binary


class _Document:
    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.json, self.binary = _chunks(path)
        except (ValueError, struct.error) as error:
            raise MotionGPTError(f"{path}: damaged glTF file ({error}); export it again.") from error
        nodes = self.json.get("nodes", [])
        self.names = [str(node.get("name", f"node {i}")) for i, node in enumerate(nodes)]
        self.parents = [-1] * len(nodes)
        for i, node in enumerate(nodes):
            for child in node.get("children", []):
                self.parents[child] = i

    @property
    def offsets(self) -> np.ndarray:
        """(N, 3) positions of the nodes relative to their parents, as in the file."""
        return np.array([node.get("translation", (0.0, 0.0, 0.0)) for node in self.json.get("nodes", [])])

    def array(self, index: int) -> np.ndarray:
        """The data of an accessor, (n, width) float64."""
        accessor = self.json["accessors"][index]
        if "sparse" in accessor or "bufferView" not in accessor:
            raise MotionGPTError(f"{self.path}: the animation data is sparse; export it without sparse accessors.")
        view = self.json["bufferViews"][accessor["bufferView"]]
        if "uri" in self.json["buffers"][view["buffer"]]:
            raise MotionGPTError(f"{self.path}: the data is in another file; export everything into one .glb.")
        dtype = np.dtype(_TYPES[accessor["componentType"]])
        width, count = _WIDTHS[accessor["type"]], accessor["count"]
        stride = view.get("byteStride", dtype.itemsize * width)
        start = view.get("byteOffset", 0) + accessor.get("byteOffset", 0)
        shape, strides = (count, width), (stride, dtype.itemsize)
        array = np.ndarray(shape, dtype, self.binary, start, strides).astype(np.float64)
        if accessor.get("normalized"):
            array = np.maximum(array / np.iinfo(dtype).max, -1)
        return array

    def animation(self, clip: str | None) -> dict[str, Any]:
        animations = self.json.get("animations", [])
        named = {str(animation.get("name", i)): animation for i, animation in enumerate(animations)}
        if not named:
            raise MotionGPTError(f"{self.path}: has no animation, only a pose; export it with its animation.")
        if clip is None:
            return next(iter(named.values()))
        if clip not in named:
            raise MotionGPTError(f"{self.path}: has no animation {clip!r}; it has {', '.join(named)}.")
        return named[clip]


def _sampled(times: np.ndarray, values: np.ndarray, at: np.ndarray, kind: str, rotation: bool) -> np.ndarray:
    """Values of a sampler at times ``at``."""
    if kind == "CUBICSPLINE":
        # A key is a value between two tangents. Keys are so close that the curve is nearly straight between them.
        values = values.reshape(len(times), 3, -1)[:, 1]
    after = np.clip(np.searchsorted(times, at, side="right"), 1, max(len(times) - 1, 1))
    if len(times) == 1:
        return np.repeat(values, len(at), axis=0)
    span = np.maximum(times[after] - times[after - 1], 1e-12)
    share = np.clip((at - times[after - 1]) / span, 0, 1)
    if kind == "STEP":
        share = np.floor(share + 1e-6)
    if rotation:
        return rotations.slerp(values[after - 1], values[after], share)
    return values[after - 1] + share[:, None] * (values[after] - values[after - 1])


def read(
    path: Path,
    *,
    fps: float | None = None,
    unit: str | float | None = None,
    up: str | None = None,
    clip: str | None = None,
) -> Reading:
    """Read one animation of a .glb.

    Args:
        path: the file.
        fps: frame rate at which it is sampled; None stands for that of its keys.
        unit: length unit of the file or metres in one unit; None stands for metres if the legs are plausible then, else
            it is estimated from them.
        up: the vertical axis, see :data:`motiongpt.formats.orientation.AXES`; None finds it from the body.
        clip: name of the animation; None stands for the first one.

    Returns:
        Joints (T, 22, 3) in the performer's proportions and world placement, metres, Y up.

    Raises:
        MotionGPTError: a damaged file, no (such) animation, an unknown rig, no human size.
    """
    document = _Document(path)
    animation = document.animation(clip)
    mapping = joint_maps.find(document.names, str(path), document.offsets)
    keep = set(rig.needed(document.parents, mapping.used))
    try:
        tracks = [
            (channel["target"]["node"], channel["target"]["path"], animation["samplers"][channel["sampler"]])
            for channel in animation.get("channels", [])
            if channel["target"].get("node") in keep and channel["target"]["path"] in _DEFAULTS
        ]
        keys = {sampler["input"]: document.array(sampler["input"])[:, 0] for _, _, sampler in tracks}
        if not keys:
            raise MotionGPTError(
                f"{path}: the animation does not move the skeleton; give another one with clip=, or export it again."
            )
        densest = max(keys.values(), key=len)
        if fps is None:
            steps = np.diff(densest)
            fps = 30.0 if len(steps) == 0 else 1 / float(np.median(steps))
            fps = round(fps) if abs(fps - round(fps)) < 0.02 else fps
        fps = rig.check_fps(fps, str(path))
        first, last = min(k[0] for k in keys.values()), max(k[-1] for k in keys.values())
        at = first + np.arange(int(np.floor((last - first) * fps + 1e-3)) + 1) / fps
        world = _world(document, tracks, keys, at, keep)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise MotionGPTError(f"{path}: damaged glTF file ({error!r}); export it again.") from error
    positions = np.zeros((len(at), len(document.names), 3))
    for node, matrix in world.items():
        positions[:, node] = matrix[:, :3, 3]
    figure = Figure(document.names, document.parents, document.offsets)
    name = str(animation.get("name", path.stem))
    return read_rig(
        figure, mapping, positions, path, fps=fps, up=up, lead=STRICT, unit=unit, declared_unit=1.0, name=name
    )


def _world(
    document: _Document,
    tracks: list[tuple[int, str, dict[str, Any]]],
    keys: dict[int, np.ndarray],
    at: np.ndarray,
    keep: set[int],
) -> dict[int, np.ndarray]:
    """World matrices (T, 4, 4) of the nodes in ``keep``, which includes all their ancestors."""
    moving: dict[tuple[int, str], np.ndarray] = {}
    for node, path, sampler in tracks:
        values = document.array(sampler["output"])
        if path == "rotation":
            values = values[:, [3, 0, 1, 2]]
        times, kind = keys[sampler["input"]], sampler.get("interpolation", "LINEAR")
        moving[node, path] = _sampled(times, values, at, kind, path == "rotation")
    result: dict[int, np.ndarray] = {}

    def of(node: int) -> np.ndarray:
        if node not in result:
            fields = document.json["nodes"][node]
            local = np.tile(np.eye(4), (len(at), 1, 1))
            if "matrix" in fields:
                local[:] = np.reshape(fields["matrix"], (4, 4)).T
            else:
                part = {}
                for name, default in _DEFAULTS.items():
                    value = np.array(fields.get(name, default), dtype=np.float64)
                    part[name] = moving.get((node, name), value[[3, 0, 1, 2]] if name == "rotation" else value)
                local[:, :3, :3] = rotations.to_matrix(part["rotation"]) * part["scale"][..., None, :]
                local[:, :3, 3] = part["translation"]
            parent = document.parents[node]
            result[node] = local if parent < 0 else of(parent) @ local
        return result[node]

    for node in keep:
        of(node)
    return result
