"""Figures whose pose is known, so that pictures can be checked against geometry."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from motiongpt.motion import HUMANML3D, Motion

Figure = Callable[..., Motion]


@pytest.fixture
def figure() -> Figure:
    """Factory: a person with arms stretched sideways, feet on the floor, facing +Z, moved by ``path`` (T, 3)."""

    def make(path: np.ndarray | None = None, name: str = "", text: str = "") -> Motion:
        offsets = HUMANML3D.offsets.copy()
        for joint, sign in ((18, 1), (20, 1), (19, -1), (21, -1)):
            offsets[joint] = (sign * np.linalg.norm(offsets[joint]), 0, 0)
        pose = np.zeros((HUMANML3D.num_joints, 3))
        for joint, parent in enumerate(HUMANML3D.parents):
            if parent >= 0:
                pose[joint] = pose[parent] + offsets[joint]
        pose[:, 1] -= pose[:, 1].min()
        path = np.zeros((5, 3)) if path is None else np.asarray(path, dtype=float)
        return Motion(pose + path[:, None], name=name, text=text)

    return make


@pytest.fixture
def walk(figure: Figure) -> Motion:
    """Six metres forward in four seconds."""
    path = np.zeros((80, 3))
    path[:, 2] = np.linspace(0, 6, 80)
    return figure(path, text="a person walks forward")
