"""Pictures and videos drawn by Blender's renderer Cycles."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from motiongpt.bodies.posing import fit_pose
from motiongpt.errors import MotionGPTError
from motiongpt.files import atomic_path
from motiongpt.formats import glb
from motiongpt.formats.blender import process
from motiongpt.motion.motion import Motion
from motiongpt.render.camera import choose_azimuth, make_view, place_camera
from motiongpt.render.film import checked_size
from motiongpt.render.limbs import floor_height
from motiongpt.render.stills import along_path, laid_out, time_colour

MODES = ("video", "sequence", "frame")
_ELEVATION = {"video": np.radians(13), "frame": np.radians(13), "sequence": np.radians(18)}
_EDGE = 0.04  # of the picture's shorter side kept free above and below the figure
_REACH = 3.0  # metres of floor around the path before it begins to fade


def render(
    motion: Motion,
    path: str | Path,
    *,
    mode: str = "video",
    body: str = "mannequin",
    size: tuple[int, int] = (1280, 720),
    samples: int = 48,
    frame: int = 0,
    poses: int = 6,
    save_blend: str | Path | None = None,
    blender: str | Path | None = None,
    progress: bool = False,
) -> Path:
    """Draw a motion with Blender: Cycles on the CPU, denoised. Camera and poses are those of the fast renderer.

    Args:
        motion: joints (T, 22, 3) in metres, Y up.
        path: .mp4 for a video, .png for a picture; the file appears only once it is complete.
        mode: "video", "sequence" (poses along the path, coloured by time) or "frame".
        body: "mannequin", or "skeleton" for balls and rods.
        size: (width, height) in pixels; both even for a video.
        samples: rays per pixel.
        frame: number of the frame for "frame"; negative numbers count from the end.
        poses: number of poses for "sequence", at most one per frame.
        save_blend: a .blend file in which the scene is saved, too.
        blender: the user's Blender, see :func:`motiongpt.formats.blender.process.find`.
        progress: show a progress bar.

    Returns:
        The path written.

    Raises:
        MotionGPTError: no Blender, another skeleton than HumanML3D's, options that cannot be drawn, a folder that
            cannot be written.
    """
    path = Path(path)
    width, height = _checked(motion, path, mode, size, samples, frame, save_blend)
    process.find(path, blender)  # fails before any work is done

    floor = floor_height(motion)
    picks: list[dict[str, Any]] = []
    shown, azimuth = motion, choose_azimuth(motion)
    if mode == "sequence":
        frames = along_path(motion, poses)
        shown, azimuth, _ = laid_out(motion, frames)
        moves = shown.joints[:, 0] - motion.joints[frames, 0]
        for n, (index, move) in enumerate(zip(frames, moves, strict=True)):
            srgb = np.array(time_colour(n / max(len(frames) - 1, 1)))
            picks.append({"frame": int(index), "move": move.tolist(), "colour": (srgb**2.2).tolist()})
    edge = round(_EDGE * min(width, height))
    view = make_view((width, height), azimuth, float(_ELEVATION[mode]), edge, edge)
    camera = place_camera(shown, view, (edge, edge), follow=mode != "sequence")
    positions = camera.positions + np.array([0, floor, 0], dtype=np.float32)
    standing = mode == "sequence" or not np.ptp(positions, axis=0).any()
    path_middle = (shown.joints[:, 0].min(axis=0) + shown.joints[:, 0].max(axis=0)) / 2
    extent = float(np.linalg.norm(np.ptp(shown.joints[:, 0], axis=0))) / 2
    figure = glb.make_body(body, fit_pose(motion).offsets)
    with tempfile.TemporaryDirectory(prefix="motiongpt-") as folder, atomic_path(path) as temporary:
        source = Path(folder) / "motion.glb"
        glb.write([motion], source, body=body)
        scene = Path(folder) / "scene.blend"
        bar = None
        if progress:
            from tqdm import tqdm

            bar = tqdm(total=len(motion) if mode == "video" else 1, desc=path.name, unit="frame")
        process.run(
            "render",
            {
                "glb": str(source),
                "fps": motion.fps,
                "frames": len(motion),
                "output": str(temporary),
                "size": [width, height],
                "samples": samples,
                "view": {
                    "rotation": view.rotation.tolist(),
                    "focal": view.focal,
                    "positions": positions[:1].tolist() if standing else positions.tolist(),
                },
                "ground": floor - figure.sole,
                "centre": path_middle.tolist(),
                "reach": extent + _REACH,
                "frame": frame % len(motion) if mode == "frame" else None,
                "poses": picks,
                "blend": None if save_blend is None else str(scene),
            },
            source=str(path),
            blender=blender,
            on_frame=None if bar is None else lambda _: bar.update(),
        )
        if bar is not None:
            bar.close()
        if save_blend is not None:
            with atomic_path(save_blend) as saved:
                saved.write_bytes(scene.read_bytes())
    return path


def _checked(
    motion: Motion,
    path: Path,
    mode: str,
    size: tuple[int, int],
    samples: int,
    frame: int,
    save_blend: str | Path | None,
) -> tuple[int, int]:
    """Width and height, once all options are checked; errors as :func:`render`."""
    if mode not in MODES:
        raise MotionGPTError(f"Blender draws {', '.join(MODES)}, not {mode!r}; use the fast engine for it.")
    suffix = ".mp4" if mode == "video" else ".png"
    if path.suffix.lower() != suffix:
        raise MotionGPTError(f"{path}: with Blender a {mode} is written to {suffix} files.")
    if save_blend is not None and Path(save_blend).suffix.lower() != ".blend":
        raise MotionGPTError(f"{save_blend}: a Blender scene is saved as .blend; give such a name.")
    width, height = checked_size(size)
    if mode == "video" and (width % 2 or height % 2):
        raise MotionGPTError(f"{path}: a video needs an even width and height, not {width}x{height}.")
    if not 1 <= samples <= 65536:
        raise MotionGPTError(f"{path}: samples must be between 1 and 65536, not {samples}.")
    if not -len(motion) <= frame < len(motion):
        raise MotionGPTError(f"There is no frame {frame}: there are {len(motion)} frames.")
    return width, height
