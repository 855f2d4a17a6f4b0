"""Small raw recordings and data sets made by the tests themselves."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from motiongpt.data.texts import write_captions
from motiongpt.motion import HUMANML3D, Motion

# name, parent, direction, length in units of inches x 0.45: the bones of a CMU skeleton that matter.
_LIMBS = [
    ("hipjoint", "root", (1, -0.7, 0), 2.0),
    ("femur", "hipjoint", (0, -1, 0), 7.2),
    ("tibia", "femur", (0, -1, 0), 7.3),
    ("foot", "tibia", (0, -0.2, 1), 2.2),
    ("toes", "foot", (0, 0, 1), 1.0),
    ("clavicle", "thorax", (1, 0.3, 0), 3.2),
    ("humerus", "clavicle", (0, -1, 0), 4.8),
    ("radius", "humerus", (0, -1, 0), 3.2),
    ("wrist", "radius", (0, -1, 0.05), 1.6),
]
_TRUNK = [
    ("lowerback", "root", (0, 1, 0), 2.0),
    ("upperback", "lowerback", (0, 1, 0), 2.0),
    ("thorax", "upperback", (0, 1, 0), 2.0),
    ("lowerneck", "thorax", (0, 1, 0), 1.6),
    ("upperneck", "lowerneck", (0, 1, 0.2), 1.6),
]
BONES = list(_TRUNK)
for _side, _sign in (("l", 1), ("r", -1)):
    for _name, _parent, (_x, _y, _z), _length in _LIMBS:
        BONES.append(
            (
                _side + _name,
                _parent if _parent in ("root", "thorax") else _side + _parent,
                (_sign * _x, _y, _z),
                _length,
            )
        )


def asf() -> str:
    """An Acclaim skeleton of a standing person, CMU's names and unit."""
    lines = [":version 1.10", ":name test", ":units", "  mass 1.0", "  length 0.45", "  angle deg", ":root"]
    lines += ["  order TX TY TZ RX RY RZ", "  axis XYZ", "  position 0 0 0", "  orientation 0 0 0", ":bonedata"]
    for number, (name, _, direction, length) in enumerate(BONES, start=1):
        unit = np.array(direction) / np.linalg.norm(direction)
        lines += [
            "  begin",
            f"    id {number}",
            f"    name {name}",
            "    direction " + " ".join(f"{v:.6f}" for v in unit),
        ]
        lines += [f"    length {length}", "    axis 0 0 0 XYZ", "    dof rx ry rz", "  end"]
    lines += [":hierarchy", "  begin"]
    for parent in dict.fromkeys(parent for _, parent, _, _ in BONES):
        lines.append(f"    {parent} " + " ".join(name for name, above, _, _ in BONES if above == parent))
    return "\n".join([*lines, "  end", ""])


def amc(frames: int, fps: float = 120.0, strides: float = 0.9, seed: int = 0) -> str:
    """A walk along +Z: legs and arms swing against each other, a little different for every seed."""
    rng = np.random.default_rng(seed)
    swing, turn, phase = 28 + 4 * rng.random(), 10 * rng.standard_normal(), 2 * np.pi * rng.random()
    lines = ["#test", ":FULLY-SPECIFIED", ":DEGREES"]
    for frame in range(frames):
        time = frame / fps
        angle = np.sin(2 * np.pi * strides * time + phase)
        lines.append(str(frame + 1))
        place = (0.0, 16.5 + 0.2 * np.cos(4 * np.pi * strides * time), 23.0 * time)
        lines.append("root " + " ".join(f"{value:.5f}" for value in (*place, 0.0, turn * time, 0.0)))
        for name, _, _, _ in BONES:
            sign = 1 if name[0] == "l" else -1
            bend = {"femur": sign * swing * angle, "tibia": 20 + 15 * sign * angle, "humerus": -sign * 20 * angle}
            lines.append(f"{name} {bend.get(name[1:], 0.0):.5f} 0 0")
    return "\n".join([*lines, ""])


TRIALS: list[dict[str, Any]] = [
    {"trial": "01_01", "frames": 420, "capture": "01_01", "description": "walk"},
    {"trial": "01_02", "frames": 2700, "capture": "01_02", "description": "walk"},
    {"trial": "01_03", "frames": 1500, "capture": "01_03", "description": "sit, stand up, wave"},
    {"trial": "02_01", "frames": 300, "capture": "02_01", "description": "walk, veer left"},
    {"trial": "02_02", "frames": 300, "capture": "02_01", "description": "walk"},
    {"trial": "02_03", "frames": 240, "capture": "02_03", "description": "walk"},
]
ROWS: list[dict[str, Any]] = [
    {
        "id": "000001",
        "trial": "01_02",
        "start_frame": 100,
        "end_frame": 300,
        "split": "train",
        "captions": ["a man walks."],
    },
    {
        "id": "000002",
        "trial": "01_03",
        "start_frame": 0,
        "end_frame": 150,
        "split": "test",
        "captions": ["he raises his left arm"],
    },
    {
        "id": "000003",
        "trial": "02_01",
        "start_frame": 5,
        "end_frame": 49,
        "split": "val",
        "captions": ["a walk", "he walks left"],
    },
    {
        "id": "000004",
        "trial": "02_03",
        "start_frame": 30,
        "end_frame": 400,
        "split": "train",
        "captions": ["far too long"],
    },
    {
        "id": "000005",
        "trial": None,
        "start_frame": 0,
        "end_frame": 60,
        "split": "train",
        "captions": ["from elsewhere"],
    },
]


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """``cmu/`` with trials and trials.csv, ``captions.jsonl``, ``hdm05/`` with cuts."""
    folder = tmp_path / "raw"
    (folder / "cmu").mkdir(parents=True)
    (folder / "hdm05").mkdir()
    for seed, row in enumerate(TRIALS):
        subject = row["trial"].split("_")[0]
        (folder / "cmu" / subject).mkdir(exist_ok=True)
        (folder / "cmu" / subject / f"{subject}.asf").write_text(asf())
        (folder / "cmu" / subject / f"{row['trial']}.amc").write_text(amc(row["frames"], seed=seed))
    with (folder / "cmu" / "trials.csv").open("w", newline="") as handle:
        writer = csv.DictWriter(
            handle, ["trial", "format", "true_fps", "frames", "skeleton_file", "capture", "description"]
        )
        writer.writeheader()
        writer.writerows({**row, "format": "amc", "true_fps": 120, "skeleton_file": ""} for row in TRIALS)
    lines = [json.dumps({"source": "KIT/1/x_poses.npy", **row}) for row in ROWS]
    (folder / "captions.jsonl").write_text("\n".join(lines) + "\n")
    (folder / "hdm05" / "HDM_bd.asf").write_text(asf())
    for number in (1, 2, 3):
        (folder / "hdm05" / f"HDM_bd_squat1Reps_00{number}_120.AMC").write_text(amc(180, seed=number))
    return folder


def walking_joints(frames: int, fps: float = 20.0, strides: float = 0.9, seed: int = 0) -> np.ndarray:
    """(T, 22, 3) of a stiff walker: rest pose, legs swinging from the hips, 1.3 m/s along +Z."""
    offsets = HUMANML3D.offsets
    rest = np.zeros((HUMANML3D.num_joints, 3))
    for joint, parent in enumerate(HUMANML3D.parents):
        if parent >= 0:
            rest[joint] = rest[parent] + offsets[joint]
    rest[:, 1] -= rest[:, 1].min()
    time = np.arange(frames) / fps
    joints = np.repeat(rest[None], frames, 0)
    joints[..., 2] += 1.3 * time[:, None]
    phase = 2 * np.pi * (strides * time + np.random.default_rng(seed).random())
    for side, sign in (("left", 1), ("right", -1)):
        hip = joints[:, HUMANML3D.index(f"{side}_hip")]
        angle = sign * 0.45 * np.sin(phase)
        for name in ("knee", "ankle", "foot"):
            index = HUMANML3D.index(f"{side}_{name}")
            y, z = (joints[:, index] - hip)[:, 1].copy(), (joints[:, index] - hip)[:, 2].copy()
            joints[:, index, 1] = hip[:, 1] + y * np.cos(angle) - z * np.sin(angle)
            joints[:, index, 2] = hip[:, 2] + y * np.sin(angle) + z * np.cos(angle)
    return joints


@pytest.fixture
def make_dataset(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes a healthy data set of walks in the HumanML3D layout: 12 train, 2 val, 2 test clips."""

    def make(name: str = "set", stored_fps: float = 20.0) -> Path:
        root = tmp_path / name
        for folder in ("new_joint_vecs", "texts"):
            (root / folder).mkdir(parents=True)
        rows = []
        for number in range(16):
            clip = f"{number:06d}"
            features = Motion(
                walking_joints(round((60 + number) * stored_fps / 20), fps=stored_fps, seed=number)
            ).features()
            np.save(root / "new_joint_vecs" / f"{clip}.npy", features)
            write_captions(root / "texts" / f"{clip}.txt", ["a person walks forward", "someone is walking"])
            rows.append(features)
        lists = {"train": range(12), "val": range(12, 14), "test": range(14, 16)}
        for split, numbers in lists.items():
            (root / f"{split}.txt").write_text("".join(f"{number:06d}\n" for number in numbers))
        train = np.concatenate(rows[:12])
        np.save(root / "Mean.npy", train.mean(0))
        np.save(root / "Std.npy", np.maximum(train.std(0), 0.01))
        return root

    return make
