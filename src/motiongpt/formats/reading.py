"""What a reader gives: a motion, and how everything that the file leaves open was decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from motiongpt.formats import joint_maps, rig
from motiongpt.formats.figure import Figure, JointSource
from motiongpt.motion.motion import Motion
from motiongpt.motion.skeleton import HUMANML3D

__all__ = ["Figure", "JointSource", "Reading", "read_rig"]


@dataclass(frozen=True)
class Reading:
    """A motion file, read.

    Attributes:
        motion: in the performer's proportions and world placement, metres, Y up.
        decided: ``fps``, ``unit`` and ``up``: value and reason, such as "cm: legs of 86 units".
        joints: HumanML3D joint -> where it comes from; empty for files of joints or features.
        clips: names of all clips in the file; empty for formats that hold one.
        clip: the one that was read.
        remarks: one sentence each: what was guessed, put in, substituted or left out.
    """

    motion: Motion
    decided: Mapping[str, str] = field(default_factory=dict)
    joints: Mapping[str, JointSource] = field(default_factory=dict)
    clips: tuple[str, ...] = ()
    clip: str = ""
    remarks: tuple[str, ...] = ()

    def with_remarks(self, *remarks: str) -> Reading:
        """The same with more remarks."""
        return replace(self, remarks=(*self.remarks, *remarks))


def read_rig(
    figure: Figure,
    mapping: joint_maps.Mapping,
    positions: np.ndarray,
    path: Path,
    *,
    fps: float,
    up: str | None = None,
    unit: str | float | None = None,
    declared_unit: float | None = None,
    name: str | None = None,
) -> Reading:
    """The motion of a rig.

    Args:
        figure: the rig.
        mapping: of its joints, from :func:`motiongpt.formats.joint_maps.find`.
        positions: (T, N, 3) world positions of its joints; those that ``mapping`` does not use may be NaN.
        path: the file, for messages.
        fps: frames per second.
        up: the vertical axis of the positions, "y" or "z".
        unit: length unit, see :func:`motiongpt.formats.rig.unit_scale`; None estimates it from the legs.
        declared_unit: metres per unit as the file states, used where the legs are plausible with it.
        name: of the motion; the stem of the path when left out.

    Raises:
        MotionGPTError: a position is not finite, or the legs fit no unit.
    """
    mapping = mapping.settled(positions, str(path))
    joints = mapping.apply(positions)
    rig.check_finite(joints, path, HUMANML3D.joints)
    if up == "z":
        joints = joints[..., [0, 2, 1]] * [1, 1, -1]
    scale = rig.metres_per_unit(joints, unit, str(path), declared=declared_unit)
    motion = Motion((joints * scale).astype(np.float32), fps=fps, name=path.stem if name is None else name)
    return Reading(motion, joints=mapping.sources, remarks=mapping.remarks)
