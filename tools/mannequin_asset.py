"""Makes src/motiongpt/bodies/assets/mannequin.npz from the "wooden" figure of mannequin-x (Apache-2.0).

    pip install mannequin-x fast-simplification
    python tools/mannequin_asset.py

Mesh, skin weights and joint positions are the package's; its shape calibration, made from SMPL-X, is not used. Finger
bones are merged into the wrists after the fingers have been bent a little, and meshes of fewer faces are made part by
part, so that every part stays closed.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import fast_simplification
import numpy as np
from scipy.spatial import cKDTree

from motiongpt.bodies.mannequin import ASSET, LEVELS
from motiongpt.motion import rotations
from motiongpt.motion.skeleton import HUMANML3D

# The figure's names of the 22 joints, in HumanML3D's order.
NAMES = (
    "Pelvis", "L_Hip", "R_Hip", "Torso", "L_Knee", "R_Knee", "Spine", "L_Ankle", "R_Ankle", "Chest", "L_Toe", "R_Toe",
    "Neck", "L_Thorax", "R_Thorax", "Head", "L_Shoulder", "R_Shoulder", "L_Elbow", "R_Elbow", "L_Wrist", "R_Wrist",
)  # fmt: skip
# Degrees by which the three joints of a finger, and of the thumb, are bent at rest.
CURL, THUMB = (12.0, 22.0, 18.0), (0.0, 8.0, 10.0)
# Share of the faces that each level keeps.
KEPT = {"high": 1.0, "medium": 0.25, "low": 0.09}
INFLUENCES = 4


def relaxed(vertices: np.ndarray, weights: np.ndarray, names: list[str], parents: np.ndarray, joints: np.ndarray):
    """Vertices (V, 3) with the fingers a little bent."""
    count = len(names)
    world = np.tile(np.array([1.0, 0, 0, 0]), (count, 1))
    places = joints.copy()
    for j, name in enumerate(names):
        p = parents[j]
        if p < 0:
            continue
        places[j] = places[p] + rotations.rotate(world[p], joints[j] - joints[p])
        local = np.array([1.0, 0, 0, 0])
        if name[-1].isdigit():
            curl = THUMB if "Thumb" in name else CURL
            angle = np.radians(curl[int(name[-1]) - 1]) * (-1 if name.startswith("L_") else 1)
            local = rotations.about("Z", np.array(angle))
        world[j] = rotations.multiply(world[p], local)
    moved = rotations.rotate(world[None], vertices[:, None] - joints) + places
    return (moved * weights[..., None]).sum(axis=1)


def main() -> None:
    spec = importlib.util.find_spec("mannequin")
    assert spec is not None
    assert spec.origin is not None
    source = np.load(Path(spec.origin).parent / "assets" / "wooden.npz")
    names, parents = list(source["joint_names"]), source["parents"]
    joints = source["skin_source_joint_positions"].astype(np.float64)
    vertices, faces = source["vertices"].astype(np.float64), source["faces"]
    weights = np.zeros((len(vertices), len(names)))
    np.add.at(weights, (np.arange(len(vertices))[:, None], source["skin_joint_indices"]), source["skin_weights"])
    vertices = relaxed(vertices, weights, names, parents, joints)

    # Every other joint gives its weights to the nearest ancestor among the 22.
    kept = [names.index(name) for name in NAMES]
    merged = np.zeros((len(vertices), len(kept)))
    for j in range(len(names)):
        owner = j
        while owner not in kept:
            owner = parents[owner]
        merged[:, kept.index(owner)] += weights[:, j]
    strongest = np.argsort(-merged, axis=1)[:, :INFLUENCES]
    strength = np.take_along_axis(merged, strongest, axis=1)
    strength /= strength.sum(axis=1, keepdims=True)

    arrays: dict[str, np.ndarray] = {"joints": joints[kept].astype(np.float32)}
    assert HUMANML3D.num_joints == len(kept)
    starts = source["skin_part_vertex_starts"]
    for level in LEVELS:
        out_v, out_f, out_j, out_w, out_p = [], [], [], [], []
        total = 0
        for part, (name, start, size, first, number) in enumerate(
            zip(
                source["skin_part_names"],
                starts,
                source["skin_part_vertex_counts"],
                source["skin_part_face_starts"],
                source["skin_part_face_counts"],
                strict=True,
            )
        ):
            own = slice(start, start + size)
            v, f = vertices[own], faces[first : first + number] - start
            if KEPT[level] < 1:
                v, f = fast_simplification.simplify(v.astype(np.float32), f, 1 - KEPT[level])
            nearest = cKDTree(vertices[own]).query(v)[1] + start
            out_v.append(v)
            out_f.append(f + total)
            out_j.append(strongest[nearest])
            out_w.append(strength[nearest])
            out_p.append(np.full(len(v), part if not name.startswith("joint") else -1))
            total += len(v)
        arrays[f"{level}_vertices"] = np.concatenate(out_v).round(5).astype(np.float32)
        arrays[f"{level}_faces"] = np.concatenate(out_f).astype(np.uint16)
        arrays[f"{level}_joint_indices"] = np.concatenate(out_j).astype(np.uint8)
        arrays[f"{level}_weights"] = (np.concatenate(out_w) * 65535).round().astype(np.uint16)
        arrays[f"{level}_ball"] = np.concatenate(out_p) < 0
        print(level, total, len(arrays[f"{level}_faces"]))
    np.savez_compressed(ASSET, **arrays)
    print(ASSET, ASSET.stat().st_size)


if __name__ == "__main__":
    main()
