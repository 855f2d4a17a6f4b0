"""A body that walks with feet that stand, and real clips where there are some."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from motiongpt.motion import HUMANML3D, Motion

STEP = 10  # frames that a foot stands, and that it swings


@pytest.fixture
def make_striding(standing: np.ndarray) -> Callable[..., Motion]:
    """Factory of a walk along +Z, 1.2 m/s: each foot stands for half a second, then swings for half a second."""

    def make(frames: int = 80, lower: float = 0.08) -> Motion:
        time = np.arange(frames)
        joints = np.repeat(standing[:1], frames, axis=0)
        joints[..., 2] += 0.06 * time[:, None]
        joints[..., 1] -= lower
        for side, phase in (("left", 0), ("right", STEP)):
            hip, knee, ankle, toe = (HUMANML3D.index(f"{side}_{part}") for part in ("hip", "knee", "ankle", "foot"))
            swing = np.clip((time + phase) % (2 * STEP) - STEP, 0, None) / STEP
            ahead = 3 * swing**2 - 2 * swing**3
            place = np.stack(
                [0 * ahead, 0.12 * np.sin(np.pi * swing), 1.2 * ((time + phase) // (2 * STEP) + ahead)], -1
            )
            place[:, 2] += 0.3 - 0.06 * phase
            for joint in (ankle, toe):
                joints[:, joint] = standing[0, joint] + place
            # The knee by the law of cosines, in the plane of walking.
            thigh, shin = (HUMANML3D.lengths[joint] for joint in (knee, ankle))
            way = joints[:, ankle] - joints[:, hip]
            distance = np.linalg.norm(way, axis=-1)
            axis = way / distance[:, None]
            along = (thigh**2 - shin**2 + distance**2) / (2 * distance)
            across = np.cross(axis, [1.0, 0.0, 0.0])
            across -= (across * axis).sum(-1, keepdims=True) * axis
            across /= np.linalg.norm(across, axis=-1, keepdims=True)
            across *= np.sign(across[:, 2:])
            joints[:, knee] = joints[:, hip] + along[:, None] * axis
            joints[:, knee] += np.sqrt(thigh**2 - along**2)[:, None] * across
        return Motion(joints, name="striding", text="a person walks forward")

    return make


@pytest.fixture
def striding(make_striding: Callable[..., Motion]) -> Motion:
    """Four seconds of it."""
    return make_striding()


@pytest.fixture(scope="session")
def real_clips() -> list[Motion]:
    """Twenty clips of the built data set; skips without it."""
    folder = Path(__file__).resolve().parents[2] / "data" / "motion"
    if not (folder / "train.txt").is_file():
        pytest.skip("there is no data set in data/motion")
    names = [name for name in (folder / "train.txt").read_text().split() if not name.startswith("M")]
    chosen = np.random.default_rng(0).choice(sorted(names), 20, replace=False)
    return [Motion(np.load(folder / "new_joints" / f"{name}.npy"), name=str(name)) for name in chosen]
