"""Writing binary glTF: a skinned body with one named animation per motion.

Format: glTF 2.0 (Khronos Group, ISO/IEC 12113:2022) in its binary container. glTF has the conventions of this package:
metres, Y up, a body at rest faces +Z. At rest, the nodes of the 22 joints form a T-pose without any rotation. The
animations rotate every joint and move the root, with one key per frame and linear interpolation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from motiongpt.bodies.anny import Anny
from motiongpt.bodies.body import Body
from motiongpt.bodies.mannequin import Mannequin
from motiongpt.bodies.posing import Pose, fit_pose
from motiongpt.bodies.stick_figure import stick_figure
from motiongpt.errors import MotionGPTError
from motiongpt.formats.gltf.writing import Buffer, distinct, save
from motiongpt.formats.naming import joint_names
from motiongpt.motion.motion import Motion

# Buffer targets of the glTF specification.
_VERTICES, _INDICES = 34962, 34963
_INFLUENCES = 4

BODIES: dict[str, Callable[[np.ndarray], Body]] = {
    "mannequin": Mannequin,
    "skeleton": stick_figure,
    # It has proportions of its own.
    "anny": lambda offsets: Anny(),
}


def _influences(body: Body) -> tuple[np.ndarray, np.ndarray]:
    """Joints (V, 4) of each vertex and their weights (V, 4), as the specification requires."""
    missing = ((0, 0), (0, _INFLUENCES - body.weights.shape[1]))
    weights = np.pad(body.weights, missing)
    weights[:, 0] += 1 - weights.sum(axis=1)
    # A joint without weight must be joint 0.
    return np.where(weights > 0, np.pad(body.joint_indices, missing), 0), weights


def _normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """(V, 3) unit normals: the mean of the faces around each vertex, weighted by area."""
    corners = vertices[faces]
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    sums = np.zeros_like(vertices)
    for corner in range(3):
        np.add.at(sums, faces[:, corner], across)
    length = np.linalg.norm(sums, axis=1, keepdims=True)
    return np.where(length > 1e-12, sums / np.maximum(length, 1e-12), [0.0, 1.0, 0.0])


def _parts(body: Body) -> list[tuple[np.ndarray, np.ndarray]]:
    """Colour (3,) uint8 sRGB and faces (F, 3) of each part of a body that has its own material."""
    colours, part = np.unique(body.colours[body.faces[:, 0]], axis=0, return_inverse=True)
    return [(colour, body.faces[part.reshape(-1) == i]) for i, colour in enumerate(colours)]


def _add_mesh(buffer: Buffer, body: Body) -> dict[str, Any]:
    """The mesh of the document: one primitive per part of the body, all with the same vertices."""
    joints, weights = _influences(body)
    vertices = body.rest_vertices
    attributes = {
        "POSITION": buffer.add(vertices, "f4", target=_VERTICES, bounds=True),
        "NORMAL": buffer.add(_normals(vertices, body.faces), "f4", target=_VERTICES),
        "JOINTS_0": buffer.add(joints, "u1", target=_VERTICES),
        "WEIGHTS_0": buffer.add(weights, "f4", target=_VERTICES),
    }
    primitives = [
        {
            "attributes": attributes,
            "indices": buffer.add(faces.reshape(-1), "u2" if len(vertices) < 65535 else "u4", target=_INDICES),
            "material": material,
        }
        for material, (_, faces) in enumerate(_parts(body))
    ]
    return {"name": "body", "primitives": primitives}


def _material(colour: np.ndarray) -> dict[str, Any]:
    """A matt material of an sRGB colour (3,) uint8; colours are linear in glTF (IEC 61966-2-1)."""
    srgb = colour / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    return {
        "name": "colour " + "".join(f"{value:02x}" for value in colour),
        "pbrMetallicRoughness": {
            "baseColorFactor": [*linear.tolist(), 1.0],
            "metallicFactor": 0.0,
            "roughnessFactor": 0.55,
        },
    }


def _add_animation(buffer: Buffer, pose: Pose, name: str) -> dict[str, Any]:
    """The position of joint 0 and the rotation of every joint, one key per frame. Node numbers are joint numbers."""
    times = buffer.add(np.arange(len(pose)) / pose.fps, "f4", bounds=True)
    turns = np.roll(pose.quaternions, -1, axis=-1)  # the real part is last in glTF
    values = [("translation", 0, pose.root)]
    values += [("rotation", joint, turns[:, joint]) for joint in range(len(pose.names))]
    return {
        "name": name,
        "samplers": [
            {"input": times, "output": buffer.add(array, "f4"), "interpolation": "LINEAR"} for _, _, array in values
        ],
        "channels": [
            {"sampler": i, "target": {"node": node, "path": path}} for i, (path, node, _) in enumerate(values)
        ],
    }


def document(poses: Sequence[Pose], body: Body, names: Sequence[str]) -> tuple[dict[str, Any], bytes]:
    """The JSON document and the binary part of a glTF file.

    Args:
        poses: at least one, all with the rest offsets of the body; each becomes an animation.
        body: the mesh that moves.
        names: of the joints.
    """
    buffer = Buffer()
    nodes: list[dict[str, Any]] = []
    for joint, name in enumerate(names):
        node: dict[str, Any] = {"name": name, "translation": body.offsets[joint].tolist()}
        children = [child for child, parent in enumerate(body.parents) if parent == joint]
        if children:
            node["children"] = children
        nodes.append(node)
    nodes[0]["translation"] = poses[0].root[0].tolist()
    nodes.append({"name": "body", "mesh": 0, "skin": 0})

    inverse = np.tile(np.eye(4), (len(names), 1, 1))
    inverse[:, 3, :3] = -body.rest_joints  # columns first
    skin = {"joints": list(range(len(names))), "skeleton": 0, "inverseBindMatrices": buffer.add(inverse, "f4")}
    result = {
        "asset": {"version": "2.0", "generator": "motiongpt"},
        "scene": 0,
        "scenes": [{"nodes": [0, len(names)]}],
        "nodes": nodes,
        "meshes": [_add_mesh(buffer, body)],
        "materials": [_material(colour) for colour, _ in _parts(body)],
        "skins": [skin],
        "animations": [
            _add_animation(buffer, pose, name)
            for pose, name in zip(poses, distinct([pose.name for pose in poses]), strict=True)
        ],
        "bufferViews": buffer.views,
        "accessors": buffer.accessors,
        "buffers": [{"byteLength": len(buffer.data)}],
    }
    return result, bytes(buffer.data)


def make_body(name: str, offsets: np.ndarray) -> Body:
    """The body of this name with rest offsets (22, 3).

    Raises:
        MotionGPTError: unknown body.
    """
    if name not in BODIES:
        raise MotionGPTError(f"The body must be one of {', '.join(BODIES)}, not {name!r}.")
    return BODIES[name](offsets)


def write(motions: Sequence[Motion], path: Path, *, names: str = "smpl", body: str = "mannequin") -> None:
    """Write a skinned body with one or several animations, which have the names of the motions.

    All motions are fitted to the proportions of the first one.

    Args:
        motions: at least one, of HumanML3D joints.
        names: of the joints: "smpl", "mixamo" or "cmu" (see :mod:`motiongpt.formats.naming`).
        body: "mannequin", "skeleton" for balls and rods, or "anny" (extra ``anny``), which has its own proportions.

    Raises:
        MotionGPTError: another skeleton than HumanML3D's, unknown names or body, unwritable folder.
    """
    joints = joint_names(names, str(path))
    poses = [fit_pose(motions[0])]
    poses += [fit_pose(motion, poses[0].offsets) for motion in motions[1:]]
    figure = make_body(body, poses[0].offsets)
    description, data = document([figure.adopt(pose) for pose in poses], figure, joints)
    save(description, data, path)
