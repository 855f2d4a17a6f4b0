"""Sanity check of FID: a set against itself, against its other half, and under growing corruption; numbers and a plot.

    python benchmarks/fid.py --evaluator DIR [--data data/motion] [--split train] [--seed 0] [-o docs/images/fid.png]

Three corruptions of real motion grow step by step: noise on the joints, frozen frames, and higher speed. A reliable
distance is 0 between a set and itself, and grows with each corruption.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import matplotlib
import numpy as np

from motiongpt.evaluation.clips import read_clips
from motiongpt.evaluation.evaluators import load_evaluator
from motiongpt.evaluation.metrics import frechet_distance
from motiongpt.evaluation.report import table
from motiongpt.files import atomic_path
from motiongpt.motion import Motion

matplotlib.use("Agg")
import matplotlib.pyplot as plt

NOISE = (0.0, 0.005, 0.01, 0.02, 0.04, 0.08)
FROZEN = (1, 2, 4, 8, 16, 32)
SPEEDS = (1.0, 1.1, 1.25, 1.5, 2.0, 3.0)


def add_noise(motion: Motion, metres: float, rng: np.random.Generator) -> Motion:
    """Gaussian noise on every joint of every frame."""
    return replace(motion, joints=motion.joints + rng.normal(0, metres, motion.joints.shape))


def freeze(motion: Motion, frames: int) -> Motion:
    """Repeat every pose for a number of frames."""
    return (
        motion[:] if frames == 1 else replace(motion, joints=motion.joints[np.arange(len(motion)) // frames * frames])
    )


def speed_up(motion: Motion, factor: float) -> Motion:
    """Play the motion faster."""
    return replace(replace(motion, fps=motion.fps * factor).resample(motion.fps), fps=motion.fps)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--evaluator", type=Path, required=True)
    parser.add_argument("--data", type=Path, default=Path("data/motion"))
    parser.add_argument("--split", default="train")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--output", type=Path, default=Path("docs/images/fid.png"))
    arguments = parser.parse_args()
    evaluator = load_evaluator(arguments.evaluator)
    motions = [c.motion for c in read_clips(arguments.data, arguments.split, min_frames=41, max_frames=199)]
    rng = np.random.default_rng(arguments.seed)

    def embed(some: list[Motion]) -> np.ndarray:
        return evaluator.embed_motions([motion.standard().features() for motion in some])

    real = embed(motions)
    order = rng.permutation(len(real))
    half = len(real) // 2
    halves = frechet_distance(real[order[:half]], real[order[half:]])
    curves = {
        "noise on the joints (cm)": (
            [100 * metres for metres in NOISE],
            [frechet_distance(real, embed([add_noise(m, metres, rng) for m in motions])) for metres in NOISE],
        ),
        "frames per pose": (
            list(FROZEN),
            [frechet_distance(real, embed([freeze(m, frames) for m in motions])) for frames in FROZEN],
        ),
        "speed factor": (
            list(SPEEDS),
            [frechet_distance(real, embed([speed_up(m, factor) for m in motions])) for factor in SPEEDS],
        ),
    }
    print(f"{len(real)} clips of {arguments.split}, {real.shape[1]} dimensions, seed {arguments.seed}\n")
    rows = [["the set itself", f"{frechet_distance(real, real):.2e}"], ["two halves", f"{halves:.4f}"]]
    rows += [[f"{name}: {x:g}", f"{y:.4f}"] for name, (xs, ys) in curves.items() for x, y in zip(xs, ys, strict=True)]
    print(table(["against", "FID"], rows))
    figure, axes = plt.subplots(1, len(curves), figsize=(9, 3), sharey=True, layout="constrained")
    for axis, (name, (xs, ys)) in zip(axes, curves.items(), strict=True):
        axis.plot(xs, ys, "o-", color="#9e3d75")
        axis.axhline(halves, color="#888", linestyle=":", label="two halves")
        axis.set_xlabel(name)
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("FID against the real clips")
    axes[0].legend(frameon=False)
    with atomic_path(arguments.output) as temporary:
        figure.savefig(temporary, dpi=110)


if __name__ == "__main__":
    main()
