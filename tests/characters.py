"""Characters for tests: skinned glTF files of foreign rigs, made of the skeletons of rigs.py.

Bones have any axes, as in files of games; a body stands in a T-pose, an A-pose or a pose of its own. The mesh is a box
for each bone and a barrel for the trunk.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from gltf_files import Gltf
from rigs import RIGS, Rig

# Half of the width and depth of a trunk, and of the thickness of other bones, metres.
_TRUNK, _BONE = (0.15, 0.11), 0.03
VRM_BONES = {
    "pelvis": "hips", "neck": "neck", "head": "head", "hip": "UpperLeg", "knee": "LowerLeg", "ankle": "Foot",
    "foot": "Toes", "collar": "Shoulder", "shoulder": "UpperArm", "elbow": "LowerArm", "wrist": "Hand",
}  # fmt: skip
# Turns (degrees) of bones about axes of the world, outwards from the body: joint -> axis and angle on the left side.
POSES: dict[str, list[tuple[str, str, float]]] = {
    "T": [],
    "A": [("shoulder", "z", -45), ("elbow", "y", -8), ("hip", "z", 6)],
    "arms down": [("shoulder", "z", -80), ("collar", "z", -8)],
    "ready": [("shoulder", "z", -50), ("elbow", "y", -60), ("hip", "x", -25), ("knee", "x", 45), ("ankle", "x", -20)],
}


def posed(rig: Rig, pose: str) -> np.ndarray:
    """(N, 3) places of the joints in a pose, metres."""
    places = np.array(rig.places) / 100
    below: list[set[int]] = [{i} for i in range(len(places))]
    for i in range(len(places) - 1, -1, -1):
        if rig.parents[i] >= 0:
            below[rig.parents[i]] |= below[i]
    for part, axis, angle in POSES[pose]:
        for side, sign in (("left", 1), ("right", -1)):
            name = rig.truth.get(f"{side}_{part}")
            if name is None:
                continue
            joint = rig.names.index(name)
            # Mirrored at the middle plane: turns about X stay, the others change their sense.
            turn = Rotation.from_euler(axis, angle * (1 if axis == "x" else sign), degrees=True)
            own = sorted(below[joint])
            places[own] = turn.apply(places[own] - places[joint]) + places[joint]
    return places


def _box(centre: np.ndarray, axes: np.ndarray, half: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Vertices (8, 3) and triangles (12, 3), seen from outside, of a box with axes in the columns of a rotation."""
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)])
    faces = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    triangles = [(a, b, c) for a, b, c, d in faces] + [(a, c, d) for a, b, c, d in faces]
    return centre + (corners * half) @ axes.T, np.array(triangles)


def _barrel(low: float, high: float, half: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    """A closed cylinder with elliptical rings."""
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    levels = np.linspace(low, high, 12)
    ring = np.stack([half[0] * np.cos(angles), 0 * angles, half[1] * np.sin(angles)], axis=1)
    vertices = [*(ring + np.array([0, level, 0]) for level in levels), np.array([[0, low, 0], [0, high, 0]])]
    count, faces = len(angles), []
    for i in range(len(levels) - 1):
        for k in range(count):
            a, b = i * count + k, i * count + (k + 1) % count
            faces += [(a, a + count, b), (b, a + count, b + count)]
    first, last = len(levels) * count, len(levels) * count + 1
    for k in range(count):
        faces += [
            (first, k, (k + 1) % count),
            (last, (len(levels) - 1) * count + (k + 1) % count, (len(levels) - 1) * count + k),
        ]
    return np.concatenate(vertices), np.array(faces)


def _mesh(rig: Rig, places: np.ndarray, trunk: tuple[float, float]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vertices, triangles, and the joint that each vertex follows."""
    vertices, faces, joints = [], [], []

    def add(part: tuple[np.ndarray, np.ndarray], owner: np.ndarray) -> None:
        faces.append(part[1] + sum(map(len, vertices)))
        vertices.append(part[0])
        joints.append(owner)

    spine = [rig.names.index(name) for name in (rig.truth["pelvis"], *rig.trunk)]
    limbs = [rig.names.index(name) for joint, name in rig.truth.items() if "_" in joint and "collar" not in joint]
    barrel = _barrel(places[spine[0], 1] - 0.1, places[spine[-1], 1] + 0.12, trunk)
    nearest = np.abs(barrel[0][:, None, 1] - places[spine, 1]).argmin(axis=1)
    add(barrel, np.array(spine)[nearest])
    for joint in limbs:
        children = [i for i, parent in enumerate(rig.parents) if parent == joint and i in limbs]
        end = places[children[0]] if children else places[joint] + [0, 0, 0.06]
        way = end - places[joint]
        turn = Rotation.align_vectors([way], [[0, 1, 0]])[0].as_matrix()
        half = np.array([_BONE, np.linalg.norm(way) / 2, _BONE])
        add(_box((places[joint] + end) / 2, turn, half), np.full(8, joint))
    # Soles at height 0.
    for side in ("left", "right"):
        ankle = rig.names.index(rig.truth[f"{side}_ankle"])
        add(
            _box(places[ankle] * [1, 0, 1] + [0, 0.01, 0.05], np.eye(3), np.array([0.04, 0.01, 0.12])),
            np.full(8, ankle),
        )
    return np.concatenate(vertices), np.concatenate(faces), np.concatenate(joints)


def write_character(
    path: Path,
    name: str,
    *,
    pose: str = "T",
    seed: int = 0,
    size: float = 1.0,
    facing: float = 0.0,
    vrm: str = "",
    trunk: tuple[float, float] = _TRUNK,
) -> Path:
    """Write a character.

    Args:
        path: a .glb or .vrm.
        name: of a rig in :data:`rigs.RIGS`.
        pose: at rest, of :data:`POSES`.
        seed: of the axes of the bones; 0 for those of the world.
        size: of the body, in those of rigs.py.
        facing: degrees about Y by which the body is turned, in a node above it.
        vrm: "0.x" or "1.0" adds that humanoid extension.
        trunk: half of its width and depth, metres.
    """
    rig = RIGS[name]
    places = posed(rig, pose) * size
    random = np.random.default_rng(seed)
    turns = Rotation.random(len(places), random) if seed else Rotation.identity(len(places))
    file = Gltf()
    scene = Rotation.from_euler("y", facing, degrees=True)
    top = file.node("Armature", rotation=scene.as_quat().tolist())
    nodes: list[int] = []
    for i, joint in enumerate(rig.names):
        parent = rig.parents[i]
        above = turns[parent].inv() if parent >= 0 else Rotation.identity()
        offset = places[i] - (places[parent] if parent >= 0 else 0)
        nodes.append(
            file.node(
                joint,
                top if parent < 0 else nodes[parent],
                translation=above.apply(offset).tolist(),
                rotation=(above * turns[i]).as_quat().tolist(),
            )
        )
    vertices, faces, joints = _mesh(rig, places, trunk)
    inverse = np.tile(np.eye(4), (len(places), 1, 1))
    inverse[:, :3, :3] = turns.inv().as_matrix()
    inverse[:, :3, 3] = -turns.inv().apply(places)
    if facing:
        unturned = np.eye(4)
        unturned[:3, :3] = scene.inv().as_matrix()
        # The mesh is bound where it is in the world.
        inverse = inverse @ unturned
        vertices = scene.apply(vertices)
    body = _skinned(file, vertices, faces, joints, inverse, nodes)
    file.json["scenes"] = [{"nodes": [top, body]}]
    file.json["scene"] = 0
    if vrm:
        _add_vrm(file, rig, nodes, vrm)
    return file.glb(path)


def _skinned(
    file: Gltf, vertices: np.ndarray, faces: np.ndarray, joints: np.ndarray, inverse: np.ndarray, nodes: list[int]
) -> int:
    """Add mesh, a morph target, skin and material; the node that has them."""

    def raw(array: np.ndarray, kind: int, width: str, **more: Any) -> int:
        view = file.view(np.ascontiguousarray(array).tobytes())
        entry = {"bufferView": view, "componentType": kind, "count": len(array), "type": width, **more}
        file.json.setdefault("accessors", []).append(entry)
        return len(file.json["accessors"]) - 1

    points = vertices.astype("<f4")
    bounds = {"min": points.min(axis=0).tolist(), "max": points.max(axis=0).tolist()}
    moved = np.zeros_like(points)
    moved[:, 2] = 0.01
    weights = np.zeros((len(points), 4), dtype="<f4")
    weights[:, 0] = 1
    four = np.zeros((len(points), 4), dtype="<u2")
    four[:, 0] = joints
    primitive = {
        "attributes": {
            "POSITION": raw(points, 5126, "VEC3", **bounds),
            "JOINTS_0": raw(four, 5123, "VEC4"),
            "WEIGHTS_0": raw(weights, 5126, "VEC4"),
        },
        "indices": raw(faces.reshape(-1).astype("<u2"), 5123, "SCALAR"),
        "targets": [
            {"POSITION": raw(moved, 5126, "VEC3", min=moved.min(axis=0).tolist(), max=moved.max(axis=0).tolist())}
        ],
        "material": 0,
    }
    file.json["materials"] = [
        {"name": "cloth", "doubleSided": True, "pbrMetallicRoughness": {"baseColorFactor": [0.2, 0.5, 0.8, 1.0]}}
    ]
    file.json["meshes"] = [{"name": "body", "primitives": [primitive], "weights": [0.0]}]
    matrices = raw(inverse.transpose(0, 2, 1).astype("<f4"), 5126, "MAT4")
    file.json["skins"] = [{"joints": nodes, "inverseBindMatrices": matrices}]
    return file.node("body", mesh=0, skin=0)


def _add_vrm(file: Gltf, rig: Rig, nodes: list[int], version: str) -> None:
    """The humanoid extension of a VRM, with the least that its readers need."""
    bones: dict[str, int] = {}
    for joint, name in rig.truth.items():
        side, _, part = joint.rpartition("_")
        word = VRM_BONES[part]
        bones[side + word if side else word] = nodes[rig.names.index(name)]
    for word, name in zip(("spine", "chest", "upperChest"), rig.trunk, strict=False):
        bones[word] = nodes[rig.names.index(name)]
    if version == "0.x":
        entries = [{"bone": bone, "node": node, "useDefaultValues": True} for bone, node in bones.items()]
        file.json["extensions"] = {
            "VRM": {"specVersion": "0.0", "meta": {"title": "x"}, "humanoid": {"humanBones": entries}}
        }
        file.json["extensionsUsed"] = ["VRM"]
    else:
        human = {bone: {"node": node} for bone, node in bones.items()}
        meta = {"name": "x", "authors": ["x"], "licenseUrl": "https://vrm.dev/licenses/1.0/"}
        file.json["extensions"] = {"VRMC_vrm": {"specVersion": "1.0", "meta": meta, "humanoid": {"humanBones": human}}}
        file.json["extensionsUsed"] = ["VRMC_vrm"]
