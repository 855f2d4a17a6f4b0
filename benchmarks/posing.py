"""How well and how fast rotations are fitted to real clips.

    python benchmarks/posing.py [DATA SET] [--clips ID ...] [--strips DIR]

For each clip: distance of the joints from the source, largest turn of a joint relative to its parent from one frame to
the next, and how many such turns of over 60 degrees there are where the bones before and after the joint do not turn
as much against one another in the source. Then frames fitted in a second beside frames of features computed in a
second, in one run.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from PIL import Image

from motiongpt.bodies import Pose, fit_pose
from motiongpt.motion import HUMANML3D, Motion

# Cartwheel, jump, kick, sit, dance, handstand or flip, punch, lie down, climb, run.
CLIPS = (
    "003756", "002510", "hdm05_bd_kickLFront1Reps_001", "001870", "000082", "cmu_87_03_00", "001097",
    "hdm05_bd_lieDownFloor_001", "005050", "000133",
)  # fmt: skip
LIMIT = 60.0


def turns(pose: Pose) -> np.ndarray:
    """(T - 1, J) degrees by which each joint turns relative to its parent from frame to frame."""
    cosine = np.abs((pose.quaternions[1:] * pose.quaternions[:-1]).sum(-1))
    return np.degrees(2 * np.arccos(np.clip(cosine, 0, 1)))


def source_turns(joints: np.ndarray) -> np.ndarray:
    """(T - 1, J) degrees by which the bones at each joint can turn against one another in the source.

    The turn of the bone that leads to the joint, and that of the bone after it which turns most.
    """
    parents = np.array(HUMANML3D.parents)
    bones = joints[:, 1:] - joints[:, parents[1:]]
    bones /= np.maximum(np.linalg.norm(bones, axis=-1, keepdims=True), 1e-9)
    steps = np.degrees(np.arccos(np.clip((bones[1:] * bones[:-1]).sum(-1), -1, 1)))
    after = np.zeros((len(steps), len(parents)))
    for joint, parent in enumerate(parents[1:], start=1):
        after[:, parent] = np.maximum(after[:, parent], steps[:, joint - 1])
    after[:, 1:] += steps
    return after


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=Path("data/motion"))
    parser.add_argument("--clips", nargs="+", default=CLIPS)
    parser.add_argument("--strips", type=Path, help="folder for a strip of the mannequin of each clip")
    arguments = parser.parse_args()
    spent = features_spent = 0.0
    frames = 0
    print(f"{'clip':28}{'frames':>7}{'mean mm':>9}{'max mm':>8}{'largest turn':>14}{'of its own':>12}  text")
    for name in arguments.clips:
        motion = Motion.load(arguments.folder / "new_joints" / f"{name}.npy")
        text = arguments.folder / "texts" / f"{name}.txt"
        motion.text = text.read_text(encoding="utf-8").split("#")[0] if text.is_file() else ""
        start = time.perf_counter()
        pose = fit_pose(motion)
        spent += time.perf_counter() - start
        start = time.perf_counter()
        motion.features()
        features_spent += time.perf_counter() - start
        frames += len(motion)
        steps = turns(pose)
        own = (steps > LIMIT) & (source_turns(motion.joints.astype(np.float64)) < LIMIT)
        print(
            f"{name:28}{len(motion):7}{1000 * pose.error.mean():9.2f}{1000 * pose.error.max():8.1f}"
            f"{steps.max():13.1f}°{own.sum():12}  {motion.text[:60]}"
        )
        if arguments.strips:
            from motiongpt.render import render_strip

            picture = Image.fromarray(render_strip(motion, size=(1200, 300)))
            arguments.strips.mkdir(parents=True, exist_ok=True)
            # A palette makes the file a third as large; the eye hardly sees it.
            picture.quantize(128, dither=Image.Dither.NONE).save(arguments.strips / f"{name}.png", optimize=True)
    print(
        f"rotations {frames / spent:.0f} frames/s, features of HumanML3D {frames / features_spent:.0f} frames/s", end=""
    )
    print(f", ratio {features_spent / spent:.2f}")


if __name__ == "__main__":
    main()
