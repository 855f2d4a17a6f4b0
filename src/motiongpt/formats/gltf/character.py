"""The character in a glTF file: bones at rest, mesh, and which bones are the joints of a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from motiongpt.bodies.animation import Animation
from motiongpt.bodies.character import Character, Skin, orthonormal
from motiongpt.errors import MotionGPTError
from motiongpt.formats import glb_reader
from motiongpt.formats.character_joints import find_joints
from motiongpt.formats.gltf import figure as figures
from motiongpt.formats.gltf.document import Document
from motiongpt.motion import rotations


@dataclass(frozen=True)
class Rigged:
    """A character and its file.

    Attributes:
        character: its bones are nodes of the file.
        document: the file.
        nodes: node of each bone.
        unlike_rest: node -> property -> value, of joints of skins that do not stand in the rest pose in the file.
        remarks: what was guessed, a sentence each.
    """

    character: Character
    document: Document
    nodes: tuple[int, ...]
    unlike_rest: dict[int, dict[str, np.ndarray]]
    remarks: tuple[str, ...]

    def save(self, animations: Sequence[Animation], path: Path, *, keep_clips: bool = True) -> None:
        """Write a .glb of the file with further animations.

        Raises:
            MotionGPTError: a buffer of the file is missing, or the folder cannot be written.
        """
        from motiongpt.formats.gltf.injection import with_animations
        from motiongpt.formats.gltf.writing import save

        with self.document.reading():
            description, data = with_animations(self, animations, keep_clips=keep_clips)
        save(description, data, path)


def read(path: Path, joint_map: str | Path | None = None) -> Rigged:
    """Find the character in a .glb, .gltf or .vrm.

    Raises:
        MotionGPTError: a damaged file, no skeleton, or none of a person.
    """
    document = Document(path)
    with document.reading():
        moved = set()
        for animation in document.json.get("animations", []):
            moved |= figures.targets(animation, document)
        body, mapping, figure, rest = glb_reader.find_body(document, moved, joint_map)
        mapping = mapping.settled(rest.places[None], str(path))
        order = figures.topological(document)
        place = {node: i for i, node in enumerate(order)}
        whole = figures.rest_pose(document, order)
        parents = tuple(place.get(document.parents[node], -1) for node in order)
        extent = float(np.ptp(rest.places, axis=0).max())
        frames: list[np.ndarray] = []
        local: list[np.ndarray] = []
        unlike: dict[int, dict[str, np.ndarray]] = {}
        for node, parent in zip(order, parents, strict=True):
            turn, scale = _parts(document, node, whole.turns[node])
            frames.append(whole.turns[node] if parent < 0 else frames[parent] @ whole.turns[node])
            local.append(rotations.from_matrix(turn))
            offset = whole.places[place[node]] - (whole.places[parent] if parent >= 0 else 0)
            if parent >= 0:
                offset = np.linalg.solve(frames[parent], offset)
            size = np.cbrt(abs(np.linalg.det(frames[parent]))) if parent >= 0 else 1.0
            near = 2e-3 * extent / max(size, 1e-12)
            changed = _unlike(document, node, {"translation": offset, "rotation": local[-1], "scale": scale}, near)
            if changed:
                unlike[node] = changed
        joints, trunk = find_joints(mapping, figure, [place[node] for node in body], parents)
        deforming = {document.node(joint) for skin in document.json.get("skins", []) for joint in skin["joints"]}
        # Without a skin all nodes stand as they should.
        unlike = {node: changed for node, changed in unlike.items() if node in deforming}
        character = Character(
            name=str(path),
            names=tuple(document.names[node] for node in order),
            parents=parents,
            places=whole.places,
            frames=np.array(frames),
            local=np.array(local),
            joints=joints,
            trunk=trunk,
            deforming=frozenset(place[node] for node in deforming),
            skin=_skin(document, order, whole.places, np.array(frames)),
        )
    return Rigged(character, document, tuple(order), unlike, mapping.remarks)


def _parts(document: Document, node: int, linear: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rotation (3, 3) and scale (3,) of a node at rest; a mirroring is where the file has it."""
    own = np.asarray(document.nodes[node].get("scale", (1.0, 1.0, 1.0)), dtype=np.float64)
    scale = np.linalg.norm(linear, axis=0) * np.where(own < 0, -1, 1)
    turn = linear / np.where(np.abs(scale) > 1e-12, scale, 1)
    if np.linalg.det(turn) < 0:
        turn, scale = turn * [-1, 1, 1], scale * [-1, 1, 1]
    return orthonormal(turn), scale


def _unlike(document: Document, node: int, rest: dict[str, np.ndarray], near: float) -> dict[str, np.ndarray]:
    """The properties in which a node of the file does not stand as at rest, with their values at rest; ``near`` is how
    far off a translation may be."""
    fields = document.nodes[node]
    if "matrix" in fields:
        return {}
    result = {}
    for name, value in rest.items():
        own = np.asarray(fields.get(name, figures.DEFAULTS[name]), dtype=np.float64)
        if name == "rotation":
            own = own[[3, 0, 1, 2]] / np.maximum(np.linalg.norm(own), 1e-9)
            differs = np.abs(own @ value) < np.cos(np.radians(0.25))
        else:
            differs = np.linalg.norm(own - value) > (near if name == "translation" else 0.01)
        if differs:
            result[name] = value
    return result


def _skin(document: Document, order: Sequence[int], places: np.ndarray, frames: np.ndarray) -> Skin | None:
    """The skinned meshes at rest; None where they are compressed in a way that is not read."""
    place = {node: i for i, node in enumerate(order)}
    vertices, faces, bones = [], [], []
    count = 0
    for node in document.nodes:
        if "mesh" not in node or "skin" not in node:
            continue
        skin = document.item("skins", node["skin"])
        joints = np.array([place[document.node(joint)] for joint in skin["joints"]])
        inverse = np.tile(np.eye(4), (len(joints), 1, 1))
        if "inverseBindMatrices" in skin:
            inverse = document.array(skin["inverseBindMatrices"]).reshape(-1, 4, 4).transpose(0, 2, 1)
        for primitive in document.item("meshes", node["mesh"])["primitives"]:
            try:
                part = _primitive(document, primitive)
            except (MotionGPTError, KeyError, ValueError):
                return None
            if part is None:
                continue
            at, triangles, most = part
            if triangles.size and triangles.max() >= len(at):
                return None
            bound = np.einsum("vab,vb->va", inverse[most], np.concatenate([at, np.ones((len(at), 1))], axis=1))[:, :3]
            bone = joints[most]
            vertices.append(np.einsum("vab,vb->va", frames[bone], bound) + places[bone])
            faces.append(triangles + count)
            bones.append(bone)
            count += len(at)
    if not vertices:
        return None
    every = np.concatenate(vertices)
    return Skin(every, np.concatenate(faces), np.concatenate(bones)) if np.isfinite(every).all() else None


def _primitive(document: Document, primitive: dict[str, Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Vertices (V, 3), triangles (F, 3), and the joint of the skin that each vertex follows most; None without a skin.

    Raises:
        MotionGPTError, KeyError, ValueError: the data cannot be read.
    """
    attributes = primitive["attributes"]
    if primitive.get("mode", 4) != 4 or not {"POSITION", "JOINTS_0", "WEIGHTS_0"} <= set(attributes):
        return None
    at, own, weights = (document.array(attributes[name]) for name in ("POSITION", "JOINTS_0", "WEIGHTS_0"))
    most = own.astype(int)[np.arange(len(own)), weights.argmax(axis=1)]
    corners = document.array(primitive["indices"])[:, 0].astype(int) if "indices" in primitive else np.arange(len(at))
    return at, corners[: len(corners) // 3 * 3].reshape(-1, 3), most
