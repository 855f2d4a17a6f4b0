"""What a reader gives: a motion, and how everything that the file leaves open was decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from motiongpt.formats import joint_maps, orientation, rig
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
    lead: float = orientation.USUAL,
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
        up, lead: the vertical axis, see :func:`motiongpt.formats.orientation.find`; Y is usual.
        unit, declared_unit: see :func:`motiongpt.formats.rig.metres_per_unit`.
        name: of the motion; the stem of the path when left out.

    Raises:
        MotionGPTError: a position is not finite, an unknown axis or unit, or legs that are not those
            of a figure.
    """
    mapping = mapping.settled(positions, str(path))
    joints = mapping.apply(positions)
    rig.check_finite(joints, path, HUMANML3D.joints)
    reading = read_joints(
        joints,
        path,
        fps=fps,
        up=up,
        lead=lead,
        unit=unit,
        declared_unit=declared_unit,
        name=path.stem if name is None else name,
    )
    return replace(reading, joints=mapping.sources, remarks=(*mapping.remarks, *reading.remarks))


def read_joints(
    joints: np.ndarray,
    path: Path,
    *,
    fps: float,
    up: str | None = None,
    usual_up: str = "y",
    lead: float = orientation.USUAL,
    turns: Mapping[str, np.ndarray] = orientation.TURNS,
    unit: str | float | None = None,
    declared_unit: float | None = None,
    name: str = "",
) -> Reading:
    """The motion of HumanML3D joints as a file has them: turned upright and in metres.

    Args:
        joints: (T, 22, 3) finite positions, along the axes and in the unit of the file.
        path: the file, for messages.
        fps: frames per second.
        up, usual_up, lead: the vertical axis, see :func:`motiongpt.formats.orientation.find`.
        turns: (3, 3) rotation that makes each axis Y.
        unit, declared_unit: see :func:`motiongpt.formats.rig.metres_per_unit`.
        name: of the motion.

    Raises:
        MotionGPTError: an unknown axis or unit, or legs that are not those of a figure.
    """
    vertical = orientation.find(joints, str(path), given=up, usual=usual_up, lead=lead)
    size = rig.metres_per_unit(joints, unit, str(path), declared=declared_unit)
    upright = joints @ turns[vertical.axis].T if vertical.axis != "y" else joints
    return Reading(
        Motion((upright * size.metres).astype(np.float32), fps=fps, name=name),
        decided={"unit": size.text, "up": vertical.text},
        remarks=(*vertical.remarks, *size.remarks),
    )
