"""How close motions come to characters of other makes.

    python benchmarks/retargeting.py [CHARACTER ...] [--motions FILE ...] [--pictures DIR]

Takes characters of files (.glb, .gltf, .vrm, .bvh, .fbx, .blend), and some that are made here of the rigs of
tests/rigs.py. The motions are generated from six sentences by the embedded model, or read from files. All numbers are
computed from the written files in plain NumPy (tests/glb_numbers.py), lengths at the size of the motion, in which legs
are as long as the performer's:

* mean angle between bones of the limb and the performer's, degrees;
* speed over the floor (cm/s) of planted feet, of which the slower of ankle and ball counts, of performer and character;
* share of the frames in which a forearm or hand is inside of the trunk's mesh, of the mannequin that stands for the
  performer and of the character: the winding number of the trunk's triangles is over a half;
* seconds for 10 seconds of motion, without reading the character.
"""

from __future__ import annotations

import argparse
import platform
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from motiongpt.bodies import Mannequin, fit_pose
from motiongpt.errors import MotionGPTError
from motiongpt.formats import bvh, characters
from motiongpt.motion import HUMANML3D, Motion
from motiongpt.motion.contacts import planted

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from characters import write_character
from glb_numbers import Glb, angles, winding

SENTENCES = (
    "a person walks forward and turns left", "a person kicks with the right leg", "a person waves with the right hand",
    "a person jumps forward", "a person picks something up from the floor", "a person punches twice",
)  # fmt: skip
# Rig, rest pose, seed of the axes of its bones, degrees about Y, humanoid extension.
MADE = (
    ("Mixamo", "T", 0, 0, ""), ("Mixamo", "A", 1, 0, ""), ("Unreal", "A", 2, 0, ""), ("Unreal", "ready", 3, 90, ""),
    ("Rigify DEF", "A", 4, 0, ""), ("VRM", "T", 0, 180, "0.x"), ("VRM", "A", 5, 0, "1.0"), ("Biped", "A", 6, 0, ""),
    ("Genesis 3", "arms down", 7, 0, ""), ("Character Creator", "A", 8, 0, ""), ("MMD", "A", 9, 0, ""),
)  # fmt: skip
LIMBS = {
    "upper arm": ("shoulder", "elbow"),
    "forearm": ("elbow", "wrist"),
    "thigh": ("hip", "knee"),
    "shin": ("knee", "ankle"),
}
SIDES = ("left", "right")
# Every so many frames a trunk is looked at.
STEP = 5


def index(joint: str) -> int:
    return HUMANML3D.index(joint)


def inside(forearms: np.ndarray, vertices: np.ndarray, faces: np.ndarray) -> float:
    """Share of the frames in which a point of forearms (T, 2, 2, 3; elbow and wrist) is in a trunk (T, V, 3)."""
    hits = []
    for arms, mesh in zip(forearms, vertices, strict=True):
        points = np.concatenate([arms[:, 0] + share * (arms[:, 1] - arms[:, 0]) for share in (0.5, 0.8, 1.0, 1.2)])
        hits.append(bool((winding(points, mesh, faces) > 0.5).any()))
    return float(np.mean(hits)) if hits else float("nan")


def performer_inside(motion: Motion) -> float:
    """Of the mannequin that does the motion."""
    pose = fit_pose(motion)
    body = Mannequin(pose, "low")
    most = body.joint_indices[np.arange(len(body.weights)), body.weights.argmax(axis=1)]
    own = [index(name) for name in ("pelvis", "spine1", "spine2", "spine3")]
    faces = body.faces[np.isin(most[body.faces], own).all(axis=1)]
    frames = np.arange(0, len(motion), STEP)
    vertices = np.concatenate([body.vertices(pose[t : t + 1]) for t in frames])
    joints = motion.joints[frames]
    arms = np.stack([joints[:, [index(f"{side}_elbow"), index(f"{side}_wrist")]] for side in SIDES], axis=1)
    return inside(arms, vertices, faces)


def character_inside(glb: Glb, world: np.ndarray, bones: dict[str, str], trunk: Sequence[str]) -> float:
    """Of the character; NaN without a mesh."""
    if any(f"{side}_wrist" not in bones for side in SIDES):
        return float("nan")
    frames = np.arange(0, len(world), STEP)
    own = [glb.names.index(name) for name in trunk]
    vertices, faces, start = [], [], 0
    for moved, triangles, most in glb.skinned(world[frames]):
        vertices.append(moved)
        faces.append(triangles[np.isin(most[triangles], own).all(axis=1)] + start)
        start += moved.shape[1]
    if not vertices or not sum(map(len, faces)):
        return float("nan")
    every = np.concatenate(faces)
    used, every = np.unique(every, return_inverse=True)
    arms = np.stack(
        [
            world[frames, :, :3, 3][:, [glb.names.index(bones[f"{side}_{part}"]) for part in ("elbow", "wrist")]]
            for side in SIDES
        ],
        axis=1,
    )
    return inside(arms, np.concatenate(vertices, axis=1)[:, used], every.reshape(-1, 3))


def slide(feet: np.ndarray, on: np.ndarray, fps: float) -> float:
    """Mean speed in cm/s of planted feet (T, 2, 2, 3), of which the slower joint counts."""
    both = on[1:] & on[:-1]
    speed = 100 * np.linalg.norm(np.diff(feet, axis=0)[..., [0, 2]], axis=-1) * fps
    slower = np.where(both, speed, np.inf).min(axis=-1)
    return float(slower[np.isfinite(slower)].mean()) if both.any() else 0.0


def measure(places: dict[str, np.ndarray], motion: Motion, size: float) -> dict[str, float]:
    """Angles and slides of a character whose joints (T, 3) are at places, ``size`` of whose units are a metre."""
    joints = dict(zip(HUMANML3D.joints, motion.joints.transpose(1, 0, 2).astype(float), strict=True))
    # The character faces where it faces at rest: turned about Y as its hips are.
    across = [body["left_hip"][0] - body["right_hip"][0] for body in (places, joints)]
    turn = np.arctan2(across[0][0], across[0][2]) - np.arctan2(across[1][0], across[1][2])
    turn = np.round(turn / (np.pi / 2)) * (np.pi / 2)
    c, s = np.cos(turn), np.sin(turn)
    matrix = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
    result = {}
    for limb, (upper, lower) in LIMBS.items():
        found = [
            angles(
                places[f"{side}_{lower}"] - places[f"{side}_{upper}"],
                (joints[f"{side}_{lower}"] - joints[f"{side}_{upper}"]) @ matrix.T,
            ).mean()
            for side in SIDES
            if f"{side}_{lower}" in places
        ]
        result[limb] = float(np.mean(found)) if found else float("nan")
    on = planted(motion.joints.astype(float), motion.fps).reshape(-1, 2, 2)
    feet = [[f"{side}_{part}" for part in ("ankle", "foot")] for side in SIDES]
    result["source slide"] = slide(
        np.stack([np.stack([joints[j] for j in foot], 1) for foot in feet], 1), on, motion.fps
    )
    if all(joint in places for foot in feet for joint in foot):
        own = np.stack([np.stack([places[j] for j in foot], 1) for foot in feet], 1) / size
        result["slide"] = slide(own, on, motion.fps)
    else:
        result["slide"] = float("nan")
    return result


def try_on(
    source: Path, motions: Sequence[Motion], own: Sequence[float], folder: Path
) -> tuple[int, list[dict[str, float]]]:
    """Number of bones, and the numbers of each motion, on one character."""
    rigged = characters.load(source)
    suffix = ".bvh" if source.suffix.lower() == ".bvh" else ".glb"
    rows = []
    for motion, through in zip(motions, own, strict=True):
        path = folder / f"{source.stem}{suffix}"
        start = time.perf_counter()
        report = characters.write(motion, rigged, path)
        spent = time.perf_counter() - start
        bones = dict(report.bones)
        if suffix == ".bvh":
            content = bvh.parse(path)
            at = content.positions()
            places = {joint: at[:, content.names.index(name)] for joint, name in bones.items()}
            inner = float("nan")
        else:
            glb = Glb(path)
            clip = glb.json["animations"][-1]["name"]
            world = glb.world(clip, np.arange(len(motion)) / motion.fps)
            places = {joint: world[:, glb.names.index(name), :3, 3] for joint, name in bones.items()}
            inner = character_inside(glb, world, bones, [bones["pelvis"], *report.spine])
        legs = [
            np.linalg.norm(body[f"{side}_{b}"] - body[f"{side}_{a}"], axis=-1).mean()
            for body in (places, dict(zip(HUMANML3D.joints, motion.joints.transpose(1, 0, 2), strict=True)))
            for side in SIDES
            for a, b in (("hip", "knee"), ("knee", "ankle"))
        ]
        size = sum(legs[:4]) / sum(legs[4:])
        rows.append({**measure(places, motion, size), "source inside": through, "inside": inner, "seconds": spent})
    return len(rigged.character.names), rows


def load_motions(files: Sequence[Path], seed: int) -> list[Motion]:
    if files:
        return [replace(Motion.load(file).canonical(), name=file.stem) for file in files]
    from motiongpt import MotionGPT

    return MotionGPT.from_pretrained().generate(list(SENTENCES), seed=seed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("characters", nargs="*", type=Path)
    parser.add_argument("--motions", nargs="+", type=Path, default=[])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--each", action="store_true", help="a row for each motion")
    arguments = parser.parse_args()
    motions = load_motions(arguments.motions, arguments.seed)
    length = sum(motion.seconds for motion in motions)
    print(f"{platform.processor()}, {len(motions)} motions, {length:.0f} s, seed {arguments.seed}")
    own = [performer_inside(motion) for motion in motions]
    heads = [*LIMBS, "source slide", "slide", "source inside", "inside", "seconds"]
    print("\n| character | bones | " + " | ".join(heads) + " |\n|" + "---|" * (len(heads) + 2))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        files = list(arguments.characters)
        for rig, pose, seed, facing, vrm in MADE:
            name = f"{rig}, {pose}{', VRM ' + vrm if vrm else ''}{f', turned {facing}' if facing else ''}"
            files.append(
                write_character(
                    folder / f"{name}.{'vrm' if vrm else 'glb'}", rig, pose=pose, seed=seed, facing=facing, vrm=vrm
                )
            )
        everything = []
        for file in files:
            try:
                bones, rows = try_on(file, motions, own, folder)
            except MotionGPTError as error:
                print(f"| {file.stem} | {error} |")
                continue
            everything += rows
            if arguments.each:
                for motion, row in zip(motions, rows, strict=True):
                    print(
                        f"| {file.stem}: {motion.name} | {bones} | "
                        + " | ".join(_number(row[head]) for head in heads)
                        + " |"
                    )
            means = _means(rows, heads, motions)
            print(f"| {file.stem} | {bones} | " + " | ".join(map(_number, means)) + " |", flush=True)
        means = _means(everything, heads, motions)
        print(f"| mean of {len(files)} | | " + " | ".join(map(_number, means)) + " |")


def _means(rows: list[dict[str, float]], heads: list[str], motions: Sequence[Motion]) -> list[float]:
    """Means over motions; the seconds are those for 10 seconds of motion."""
    means = {head: np.array([row[head] for row in rows]) for head in heads}
    result = [float(np.nanmean(values)) if np.isfinite(values).any() else float("nan") for values in means.values()]
    result[-1] *= 10 * len(motions) / sum(motion.seconds for motion in motions)
    return result


def _number(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.2f}"


if __name__ == "__main__":
    main()
