"""Loops and joins, measured: what a player shows where a loop starts again, and how far joints move where motions meet.

    python benchmarks/editing.py [MOTION FILE ...] [--fps 60] [--strips DIR]

Without files, twenty sentences are generated with the embedded model (5 s, seed 0). Each motion becomes a loop, as much
of it as fits, and is joined to the next one.

Loops: gap in position and velocity at the seam, of the joint that misses most, bodies facing the same way
(`motiongpt.motion.looping.loop_gap`); and the change of velocity at the seam in the repeated loop, as a multiple of the
median of all its frames. Joins: the longest step of a joint in the cross-fade, as a multiple of the 95th percentile of
the livelier of the two motions (at least 0.4 m/s), which is the measure of seams in `motiongpt evaluate pred`.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from motiongpt import Motion, MotionGPT, MotionGPTError
from motiongpt.evaluation.metrics import seam_jump
from motiongpt.motion import rotations
from motiongpt.motion.editing import concatenate
from motiongpt.motion.looping import loop_gap
from motiongpt.motion.placement import UP, heading

SENTENCES = (
    "a person walks forward", "a person runs forward", "a person jogs in place", "a person walks slowly",
    "a person walks backward", "a person walks in a circle", "a person does jumping jacks",
    "a person waves with the right hand", "a person marches in place", "a person sidesteps to the left",
    "a person claps", "a person punches with both hands", "a person dances", "a person skips forward",
    "a person stands still", "a person swings both arms", "a person squats", "a person kicks with the right leg",
    "a person stretches", "a person walks quickly",
)  # fmt: skip


@dataclass(frozen=True)
class LoopFigures:
    """A measured loop.

    Attributes:
        name: of the motion.
        seconds: duration of the loop.
        way: metres of a round.
        place: gap in metres.
        velocity: gap in m/s.
        jolt: change of velocity at the seam / the median change, in what a player shows.
    """

    name: str
    seconds: float
    way: float
    place: float
    velocity: float
    jolt: float


def played(loop: Motion) -> np.ndarray:
    """(2 T - 1, J, 3) two rounds of a loop, the second one where the first one ends."""
    joints = loop.joints.astype(np.float64)
    first, last = heading(joints[[0, -1]])
    turn = rotations.multiply(rotations.conjugate(last), first)
    again = rotations.rotate(turn, joints - joints[0, 0] * (1 - UP)) + joints[-1, 0] * (1 - UP)
    return np.concatenate([joints, again[1:]])


def measure_loop(motion: Motion, fps: float) -> tuple[LoopFigures, Motion]:
    """A motion as a loop, and its figures."""
    loop = motion.edit(fps=fps, loop=True)
    place, velocity = loop_gap(loop)
    changes = np.linalg.norm(np.diff(played(loop), n=2, axis=0), axis=-1).max(axis=-1)
    way = float(np.linalg.norm((loop.joints[-1, 0] - loop.joints[0, 0]) * (1 - UP)))
    jolt = float(changes[len(loop) - 2] / np.median(changes))
    return LoopFigures(motion.name, (len(loop) - 1) / fps, way, place, velocity, jolt), loop


def measure_join(first: Motion, second: Motion) -> tuple[float, Motion, int]:
    """The longest step in the cross-fade / the usual one, the joined motion, and the middle of the cross-fade."""
    joined, (seam,) = concatenate([first, second])
    frames = range(max(seam.first, 1), min(seam.first + seam.count + 1, len(joined)))
    step = min(seam_jump(joined.joints, frames, motion.joints) for motion in (first, second))
    return step, joined, seam.middle


def generated() -> list[Motion]:
    """The motions of all sentences."""
    model = MotionGPT.from_pretrained()
    motions = model.generate(list(SENTENCES), seconds=5.0, seed=0)
    for motion, sentence in zip(motions, SENTENCES, strict=True):
        motion.name = sentence
    return motions


def draw(folder: Path, name: str, motion: Motion) -> None:
    """Write a strip of a motion."""
    from motiongpt.render import render_strip, save_image

    folder.mkdir(parents=True, exist_ok=True)
    save_image(render_strip(motion, 10, caption=name, size=(1600, 360)), folder / f"{name.replace(' ', '-')}.png")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--fps", type=float, default=60.0, help="frame rate of the loops")
    parser.add_argument("--strips", type=Path, help="folder for a strip of each seam")
    options = parser.parse_args(arguments)
    motions = [Motion.load(file).resample(20.0) for file in options.files] or generated()
    print(f"{'loop':36}{'s':>6}{'way m':>8}{'gap cm':>8}{'gap m/s':>9}{'jolt':>7}")
    rows: list[LoopFigures] = []
    for motion in motions:
        try:
            row, loop = measure_loop(motion, options.fps)
        except MotionGPTError as error:
            print(error)
            continue
        rows.append(row)
        figures = f"{row.seconds:6.2f}{row.way:8.2f}{100 * row.place:8.3f}{row.velocity:9.3f}{row.jolt:7.2f}"
        print(f"{row.name[:34]:36}{figures}")
        if options.strips:
            shown, half = Motion(played(loop), fps=options.fps), round(0.5 * options.fps)
            draw(options.strips, f"loop {row.name}", shown[len(loop) - 1 - half : len(loop) + half])
    print(
        f"{len(rows)} loops: worst gap {100 * max(r.place for r in rows):.3f} cm and "
        f"{max(r.velocity for r in rows):.3f} m/s, worst jolt {max(r.jolt for r in rows):.2f}"
    )
    steps = []
    for first, second in zip(motions, [*motions[1:], motions[0]], strict=True):
        step, joined, middle = measure_join(first, second)
        steps.append(step)
        if options.strips:
            draw(options.strips, f"join {first.name} - {second.name}", joined[max(middle - 12, 0) : middle + 12])
    print(f"{len(steps)} joins: step / usual step, median {np.median(steps):.2f}, worst {max(steps):.2f}")


if __name__ == "__main__":
    main()
