"""Adding animations to a glTF document.

All else in it stays as it is: only what points into the buffers follows them.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np

from motiongpt.bodies.animation import Animation
from motiongpt.formats.gltf import figure as figures
from motiongpt.formats.gltf.character import Rigged
from motiongpt.formats.gltf.document import Document
from motiongpt.formats.gltf.writing import Buffer, distinct


def with_animations(
    rigged: Rigged, animations: Sequence[Animation], *, keep_clips: bool = True
) -> tuple[dict[str, Any], bytes]:
    """The JSON document and binary part of a .glb: the character's file with further animations.

    Args:
        rigged: the character and its file.
        animations: of its bones.
        keep_clips: keep the animations that the file has.

    Raises:
        MotionGPTError: a buffer is missing.
    """
    document = rigged.document
    result = copy.deepcopy(document.json)
    data = _packed(document, result)
    buffer = Buffer(data, result.setdefault("bufferViews", []), result.setdefault("accessors", []))
    kept = result.get("animations", []) if keep_clips else []
    names = distinct([animation.name for animation in animations], [str(clip.get("name", "")) for clip in kept])
    result["animations"] = kept + [
        _animation(rigged, animation, name, buffer, result) for animation, name in zip(animations, names, strict=True)
    ]
    result["buffers"][0]["byteLength"] = len(buffer.data)
    return result, bytes(buffer.data)


def _animation(
    rigged: Rigged, animation: Animation, name: str, buffer: Buffer, result: dict[str, Any]
) -> dict[str, Any]:
    """An entry of "animations", of which the data are in the buffer."""
    values: list[tuple[int, str, np.ndarray]] = []
    for bone, turns in animation.rotations.items():
        values.append((rigged.nodes[bone], "rotation", turns))
    for bone, places in animation.translations.items():
        values.append((rigged.nodes[bone], "translation", places))
    written = {(node, path) for node, path, _ in values}
    for node, fields in rigged.unlike_rest.items():
        values += [(node, path, value[None]) for path, value in fields.items() if (node, path) not in written]
    inputs: dict[int, int] = {}
    samplers, channels = [], []
    for node, path, keys in values:
        _as_parts(result["nodes"][node])
        # What does not move needs one key.
        if np.ptp(keys, axis=0).max() < 1e-7:
            keys = keys[:1]
        if len(keys) not in inputs:
            inputs[len(keys)] = buffer.add(np.arange(len(keys)) / animation.fps, "f4", bounds=True)
        stored = np.roll(keys, -1, axis=-1) if path == "rotation" else keys  # the real part is last in glTF
        samplers.append({"input": inputs[len(keys)], "output": buffer.add(stored, "f4"), "interpolation": "LINEAR"})
        channels.append({"sampler": len(samplers) - 1, "target": {"node": node, "path": path}})
    return {"name": name, "samplers": samplers, "channels": channels}


def _as_parts(node: dict[str, Any]) -> None:
    """Write a node's matrix as translation, rotation and scale, as the standard demands of nodes that move."""
    if "matrix" not in node:
        return
    matrix = np.reshape(np.asarray(node.pop("matrix"), dtype=np.float64), (4, 4)).T
    turn, scale = figures.decomposed(matrix[:3, :3])
    node["translation"] = matrix[:3, 3].tolist()
    node["rotation"] = np.roll(turn, -1).tolist()
    node["scale"] = scale.tolist()


def _packed(document: Document, result: dict[str, Any]) -> bytearray:
    """One buffer of all that have data, and the document changed to refer to it; images beside a .gltf move in, too."""
    data = bytearray()
    starts: dict[int, int] = {}
    kept: list[dict[str, Any]] = [{"byteLength": 0}]
    places: dict[int, int] = {}
    for i, entry in enumerate(result.get("buffers", [])):
        content = document.content(i)
        if content is None:
            places[i] = len(kept)
            kept.append(entry)
            continue
        if i == 0:
            kept[0] = {key: value for key, value in entry.items() if key != "uri"}
        data.extend(b"\0" * (-len(data) % 8))
        starts[i] = len(data)
        data.extend(content[: entry["byteLength"]])
    result["buffers"] = kept
    for view in result.get("bufferViews", []):
        for holder in (view, *view.get("extensions", {}).values()):
            if not isinstance(holder, dict) or "buffer" not in holder:
                continue
            old = holder["buffer"]
            if old in starts and (start := starts[old]):
                holder["byteOffset"] = holder.get("byteOffset", 0) + start
            holder["buffer"] = 0 if old in starts else places[old]
    for image in result.get("images", []):
        if "uri" in image and not str(image["uri"]).startswith("data:"):
            name = str(image.pop("uri"))
            content = document.beside(name)
            data.extend(b"\0" * (-len(data) % 4))
            result.setdefault("bufferViews", []).append(
                {"buffer": 0, "byteOffset": len(data), "byteLength": len(content)}
            )
            data.extend(content)
            image["bufferView"] = len(result["bufferViews"]) - 1
            image.setdefault("mimeType", "image/png" if content[:4] == b"\x89PNG" else "image/jpeg")
    return data
