"""Which nodes of a glTF file are the body, its rest pose, and its movement in a clip."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from motiongpt.formats.gltf import samplers
from motiongpt.formats.gltf.document import Document
from motiongpt.motion import rotations

DEFAULTS = {"translation": (0.0, 0.0, 0.0), "rotation": (0.0, 0.0, 0.0, 1.0), "scale": (1.0, 1.0, 1.0)}
# Frames that are held as matrices at once, so that a long clip of many nodes fits into memory.
_CHUNK = 4096
# VRM Animation, VRM 1.0 and VRM 0.x.
_VRM = ("VRMC_vrm_animation", "VRMC_vrm", "VRM")


def humanoid(document: Document) -> dict[int, str]:
    """The bones of a VRM avatar or VRM animation: node -> humanoid bone, such as "leftUpperLeg"; empty in other files.

    Raises:
        ValueError, KeyError, TypeError, AttributeError: the extension is damaged.
    """
    for name in _VRM:
        bones = document.json.get("extensions", {}).get(name, {}).get("humanoid", {}).get("humanBones", {})
        if isinstance(bones, dict):  # 1.0
            pairs = [(entry["node"], bone) for bone, entry in bones.items()]
        else:  # 0.x
            pairs = [(entry["node"], entry["bone"]) for entry in bones]
        if pairs:
            return {document.node(node): str(bone) for node, bone in pairs if node != -1}
    return {}


def topological(document: Document) -> list[int]:
    """All nodes, parents before children."""
    order, at = [], [i for i, parent in reversed(list(enumerate(document.parents))) if parent < 0]
    while at:
        order.append(at.pop())
        at.extend(reversed(document.nodes[order[-1]].get("children", [])))
    return order


def _plain(name: str) -> str:
    return re.sub(r"[^\w]|_", "", name.rsplit(":", 1)[-1].rsplit("|", 1)[-1].lower())


def _without_namesakes(document: Document, order: list[int], keep: set[int], moved: set[int]) -> list[int]:
    """The nodes of ``keep`` in order, of several with one name only the one that is most like a bone.

    A mesh is often called as the bone that it follows. A bone has no mesh, moves, and is deeper in the tree.
    """
    depth = [0] * len(document.nodes)
    for node in order:
        depth[node] = depth[document.parents[node]] + 1 if document.parents[node] >= 0 else 0
    best: dict[str, tuple[tuple[bool, bool, int], int]] = {}
    for node in (node for node in order if node in keep):
        score = ("mesh" not in document.nodes[node], node in moved, depth[node])
        name = _plain(document.names[node])
        if name not in best or score > best[name][0]:
            best[name] = (score, node)
    chosen = {node for _, node in best.values()}
    return [node for node in order if node in chosen]


def _skins(document: Document) -> list[set[int]]:
    """Joints of the skins, those of skins that share joints together: one set for each skinned body."""
    groups: list[set[int]] = []
    for skin in document.json.get("skins", []):
        joints = {document.node(joint) for joint in skin["joints"]}
        for group in [group for group in groups if group & joints]:
            groups.remove(group)
            joints |= group
        groups.append(joints)
    return groups


def _with_ends(document: Document, order: list[int], joints: set[int]) -> list[int]:
    """Joints of a skin in order, with their ancestors and the ends of chains, which no vertex follows.

    No node that is called as a joint is among them.
    """
    extra = set(with_ancestors(document, list(joints)))
    ends = set(joints)
    for node in order:
        if document.parents[node] in ends and "mesh" not in document.nodes[node]:
            ends.add(node)
    named = {_plain(document.names[joint]) for joint in joints}
    extra = {node for node in (extra | ends) - joints if _plain(document.names[node]) not in named}
    return [node for node in order if node in joints | extra]


def bodies(document: Document, moved: set[int]) -> list[list[int]]:
    """Sets of nodes that may be the body, the likeliest first; each in order, parents before children.

    These are the humanoid bones of a VRM; or else the joints of the skin of which most move, with their ancestors and
    ends; or else the tree of nodes that moves most.

    Args:
        document: the file.
        moved: nodes that the clip moves.

    Raises:
        ValueError, KeyError, TypeError, AttributeError: the document is damaged.
    """
    order = topological(document)
    bones = humanoid(document)
    if bones:
        return [[node for node in order if node in bones]]
    result = []
    skins = _skins(document)
    if skins:
        joints = max(skins, key=lambda group: (len(group & moved), len(group)))
        if joints & moved or not moved:
            result.append(_with_ends(document, order, joints))
    root = list(range(len(document.nodes)))
    size: dict[int, int] = {}
    for node in order:
        if document.parents[node] >= 0:
            root[node] = root[document.parents[node]]
        size[root[node]] = size.get(root[node], 0) + (node in moved)
    if size:
        top = max(size, key=lambda node: size[node])
        for keep in ({node for node in order if root[node] == top}, set(order)):
            nodes = _without_namesakes(document, order, keep, moved)
            if nodes not in result:
                result.append(nodes)
    return result


def count_moving(document: Document, moved: set[int]) -> int:
    """Number of skinned bodies of 10 joints or more of which a clip moves any."""
    return sum(len(joints) >= 10 and bool(joints & moved) for joints in _skins(document))


def local(document: Document, node: int) -> np.ndarray:
    """(4, 4) transform of a node relative to its parent, as in the file."""
    fields = document.nodes[node]
    if "matrix" in fields:
        return np.reshape(np.asarray(fields["matrix"], dtype=np.float64), (4, 4)).T
    parts = {name: np.asarray(fields.get(name, value), dtype=np.float64) for name, value in DEFAULTS.items()}
    if any(part.shape != (len(DEFAULTS[name]),) for name, part in parts.items()):
        raise ValueError(f"transform of node {node}")
    return _composed(parts["translation"][None], parts["rotation"][None][:, [3, 0, 1, 2]], parts["scale"][None])[0]


def decomposed(linear: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Quaternion (4,) and scale (3,) of a matrix (3, 3) of rotation times scale; a mirroring goes into the scale."""
    scale = np.linalg.norm(linear, axis=0)
    if np.linalg.det(linear) < 0:
        scale[0] = -scale[0]
    return rotations.from_matrix(linear / np.where(np.abs(scale) > 1e-12, scale, 1)), scale


def _composed(translation: np.ndarray, rotation: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """(T, 4, 4) transforms; each part has T or 1 frames."""
    frames = max(len(translation), len(rotation), len(scale))
    result = np.tile(np.eye(4), (frames, 1, 1))
    length = np.linalg.norm(rotation, axis=-1, keepdims=True)
    result[:, :3, :3] = rotations.to_matrix(rotation / np.where(length > 1e-9, length, 1)) * scale[..., None, :]
    result[:, :3, 3] = translation
    return result


@dataclass(frozen=True)
class Rest:
    """The rest pose of some nodes.

    Attributes:
        places: (N, 3) world positions.
        turns: node -> (3, 3) rotation and scale relative to its parent.
    """

    places: np.ndarray
    turns: dict[int, np.ndarray]


def rest_pose(document: Document, nodes: Sequence[int]) -> Rest:
    """The rest pose: that in which the skin was bound where both a node and its parent are joints of one skin, else as
    the node stands in the file, which in many files is the first pose of a clip.
    """
    wanted = set(nodes)
    bound: dict[int, np.ndarray] = {}
    for skin in document.json.get("skins", []):
        if "inverseBindMatrices" not in skin or not wanted & set(skin["joints"]):
            continue
        inverse = document.array(skin["inverseBindMatrices"]).reshape(-1, 4, 4).transpose(0, 2, 1)
        at = {document.node(joint): matrix for joint, matrix in zip(skin["joints"], inverse, strict=False)}
        for joint, matrix in at.items():
            parent = document.parents[joint]
            if parent in at and joint not in bound and abs(np.linalg.det(matrix)) > 1e-12:
                relative = at[parent] @ np.linalg.inv(matrix)
                if np.isfinite(relative).all():
                    bound[joint] = relative
    places: dict[int, np.ndarray] = {}
    turns: dict[int, np.ndarray] = {}
    needed = with_ancestors(document, nodes)
    for node in needed:
        own = bound[node] if node in bound else local(document, node)
        turns[node] = own[:3, :3]
        parent = document.parents[node]
        places[node] = own if parent < 0 else places[parent] @ own
    return Rest(np.array([places[node][:3, 3] for node in nodes]).reshape(-1, 3), turns)


def with_ancestors(document: Document, nodes: Sequence[int]) -> list[int]:
    """The nodes and all their ancestors, parents before children."""
    keep: set[int] = set()
    for node in nodes:
        while node >= 0 and node not in keep:
            keep.add(node)
            node = document.parents[node]
    return [node for node in topological(document) if node in keep]


@dataclass(frozen=True)
class Track:
    """Keys of one property of a node.

    Attributes:
        node, path: what moves: "translation", "rotation" or "scale" of a node.
        times: (K,) seconds.
        values: as :func:`motiongpt.formats.gltf.samplers.sample` takes them.
        interpolation: "LINEAR", "STEP" or "CUBICSPLINE".
    """

    node: int
    path: str
    times: np.ndarray
    values: np.ndarray
    interpolation: str

    @property
    def moves(self) -> bool:
        """Whether the keys differ by more than rounding."""
        keys = self.values[1::3] if self.interpolation == "CUBICSPLINE" else self.values
        if self.path == "rotation":
            keys = keys * np.where(keys @ keys[0] < 0, -1, 1)[:, None]
        return bool(len(keys) > 1 and (np.ptp(keys, axis=0) > 2e-3 * max(1e-9, np.abs(keys).max())).any())


def at_full_size(keys: Sequence[Track]) -> tuple[list[Track], bool]:
    """The tracks without scales that make a body appear or vanish, and whether there were any.

    A scale that falls below a tenth is held at its largest value: a body of no size has no pose.
    """
    result = []
    for track in keys:
        values = track.values[1::3] if track.interpolation == "CUBICSPLINE" else track.values
        size = np.abs(values).min(axis=1)
        if track.path == "scale" and size.min() < 0.1 * size.max():
            largest = values[[int(size.argmax())]]
            track = replace(track, times=track.times[:1], values=largest, interpolation="STEP")
        result.append(track)
    return result, any(a is not b for a, b in zip(keys, result, strict=True))


def targets(animation: dict[str, Any], document: Document) -> set[int]:
    """The nodes that an animation has translations, rotations or scales for."""
    found = set()
    for channel in animation.get("channels", []):
        target = channel["target"]
        if "node" in target and target["path"] in DEFAULTS:
            found.add(document.node(target["node"]))
    return found


def tracks(document: Document, animation: dict[str, Any], nodes: set[int]) -> list[Track]:
    """The keys of an animation for some nodes.

    Raises:
        ValueError, KeyError, IndexError, TypeError: damaged data.
    """
    result = []
    times: dict[int, np.ndarray] = {}
    for channel in animation.get("channels", []):
        target = channel["target"]
        if target.get("node") not in nodes or target["path"] not in DEFAULTS:
            continue
        sampler = animation["samplers"][channel["sampler"]]
        source, interpolation = sampler["input"], sampler.get("interpolation", "LINEAR")
        if source not in times:
            times[source] = document.array(source)[:, 0]
        values = document.array(sampler["output"])
        if values.shape[1] != len(DEFAULTS[target["path"]]):
            raise ValueError(f"{target['path']} of {values.shape[1]} numbers")
        if target["path"] == "rotation":
            values = values[:, [3, 0, 1, 2]]
        samplers.check(times[source], values, interpolation)
        result.append(Track(target["node"], target["path"], times[source], values, interpolation))
    return result


def local_at(document: Document, nodes: Sequence[int], keys: Sequence[Track], at: np.ndarray) -> dict[int, np.ndarray]:
    """Transforms of nodes relative to their parents at times ``at`` (T,): node -> (T, 4, 4), or (1, 4, 4) at rest.

    Raises:
        ValueError: damaged data.
    """
    moving = {(track.node, track.path): track for track in keys}
    return {node: _over_time(document, node, moving, at) for node in nodes}


def move(document: Document, nodes: Sequence[int], keys: Sequence[Track], at: np.ndarray) -> np.ndarray:
    """World positions (T, N, 3) of N nodes at times ``at`` (T,).

    Scales of a node move and scale its children, as the standard says.

    Raises:
        ValueError: damaged data.
    """
    places = np.empty((len(at), len(nodes), 3))
    needed = with_ancestors(document, nodes)
    for start in range(0, len(at), _CHUNK):
        part = slice(start, start + _CHUNK)
        world = local_at(document, needed, keys, at[part])
        for node in needed:
            if document.parents[node] >= 0:
                world[node] = world[document.parents[node]] @ world[node]
        for column, node in enumerate(nodes):
            places[part, column] = world[node][:, :3, 3]
    if not (np.abs(places) < 1e30).all():
        raise ValueError("positions that are not finite")
    return places


def _over_time(document: Document, node: int, moving: dict[tuple[int, str], Track], at: np.ndarray) -> np.ndarray:
    """(T, 4, 4) transforms of a node relative to its parent, or (1, 4, 4) if it does not move."""
    if not any((node, path) in moving for path in DEFAULTS) or "matrix" in document.nodes[node]:
        return local(document, node)[None]
    parts = {}
    for path, default in DEFAULTS.items():
        track = moving.get((node, path))
        if track is None:
            value = np.asarray(document.nodes[node].get(path, default), dtype=np.float64)[None]
            parts[path] = value[:, [3, 0, 1, 2]] if path == "rotation" else value
        else:
            parts[path] = samplers.sample(track.times, track.values, at, track.interpolation, path == "rotation")
    return _composed(parts["translation"], parts["rotation"], parts["scale"])
