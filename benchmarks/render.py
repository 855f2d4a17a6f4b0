"""Milliseconds a frame of the renderer, next to a plain matplotlib 3D stick figure in the same run.

    python benchmarks/render.py [MOTION FILE] [--frames 200] [--size 1280x720]

Without a file a made-up walk in a circle is drawn. Both ways go to an mp4, setting up included. Wall and processor time
are both printed, because drawing and encoding run beside each other and a busy machine stretches the first.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np

from motiongpt.motion import HUMANML3D, Motion
from motiongpt.render import render_video
from motiongpt.render.figures import BODIES


def made_up_walk(frames: int) -> Motion:
    """A figure in the data set's proportions that swings its arms and legs along a circle of 1.5 m radius."""
    seconds = np.arange(frames) / HUMANML3D.fps
    swing = 0.5 * np.sin(2 * np.pi * seconds)
    joints = np.zeros((frames, HUMANML3D.num_joints, 3))
    angle = 0.7 * seconds
    for joint, parent in enumerate(HUMANML3D.parents):
        if parent < 0:
            continue
        name = HUMANML3D.joints[joint]
        swings = any(part in name for part in ("knee", "ankle", "elbow", "wrist"))
        side = (1 if "left" in name else -1) * (-1 if "elbow" in name or "wrist" in name else 1)
        tilt = swing * side * swings
        x, y, z = HUMANML3D.offsets[joint]
        bone = np.stack(
            [np.full(frames, x), y * np.cos(tilt) - z * np.sin(tilt), y * np.sin(tilt) + z * np.cos(tilt)], -1
        )
        joints[:, joint] = joints[:, parent] + bone
    joints[..., 1] -= joints[..., 1].min(axis=1, keepdims=True)
    cos, sin = np.cos(angle)[:, None], np.sin(angle)[:, None]
    x, z = joints[..., 0] - 1.5, joints[..., 2].copy()
    joints[..., 0], joints[..., 2] = cos * x + sin * z, cos * z - sin * x
    return Motion(joints, text="a person walks in a circle")


def stick_figure(motion: Motion, size: tuple[int, int]) -> Callable[[int], np.ndarray]:
    """The usual way: matplotlib's 3D axes, cleared and plotted anew for every frame."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=(size[0] / 100, size[1] / 100), dpi=100)
    axes = figure.add_subplot(projection="3d")
    root = motion.joints[:, 0]

    def draw(index: int) -> np.ndarray:
        axes.clear()
        pose = motion.joints[index] - root[index] * [1, 0, 1]
        axes.set(xlim=(-1, 1), ylim=(-1, 1), zlim=(0, 2), title=motion.text)
        axes.plot(*(root[: index + 1] - root[index])[:, [0, 2]].T, zs=0, linewidth=1)
        for chain in motion.skeleton.chains:
            axes.plot(*pose[list(chain)][:, [0, 2, 1]].T, linewidth=4)
        figure.canvas.draw()
        return np.asarray(figure.canvas.buffer_rgba())[..., :3]

    return draw


def video_of_stick_figures(motion: Motion, size: tuple[int, int], path: Path) -> None:
    """The whole usual way: matplotlib for the pictures, H.264 for the film."""
    draw = stick_figure(motion, size)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=20)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for n in range(len(motion)):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(draw(n).copy(), format="rgb24")))
        container.mux(stream.encode())


def measured(work: Callable[[], object], frames: int, label: str) -> float:
    """Wall and processor milliseconds a frame, printed; the wall time is returned."""
    wall, processor = time.perf_counter(), time.process_time()
    work()
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    print(f"{label:<44}{wall / frames * 1e3:8.1f} ms wall {processor / frames * 1e3:8.1f} ms processor a frame")
    return wall / frames


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("motion", nargs="?", type=Path)
    parser.add_argument("--frames", type=int, default=200)
    parser.add_argument("--size", default="1280x720")
    options = parser.parse_args()
    motion = made_up_walk(options.frames) if options.motion is None else Motion.load(options.motion)[: options.frames]
    width, height = (int(n) for n in options.size.split("x"))
    size, few = (width, height), motion[:40]
    print(f"{len(motion)} frames of {width}x{height}, load average {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "motion.mp4"
        stick_figure(few, size)(0)
        plain = measured(
            lambda: video_of_stick_figures(few, size, path), len(few), "matplotlib stick figure, to an mp4"
        )
        for body in BODIES:
            render_video(few[:2], path, size=size, body=body)  # compiles, where that has not been done
            ours = measured(
                lambda body=body: render_video(motion, path, size=size, body=body),  # type: ignore[misc]
                len(motion),
                f"{body}, to an mp4",
            )
            print(f"{'':<44}{plain / ours:8.1f} x as fast")


if __name__ == "__main__":
    main()
