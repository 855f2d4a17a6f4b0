"""What several formats need: number parsing, forward kinematics of any rig, units, checks."""

from __future__ import annotations

import math
import warnings
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from motiongpt.errors import MotionGPTError
from motiongpt.motion import rotations
from motiongpt.motion.skeleton import HUMANML3D

# What helps when a file has no frame rate.
GIVE_FPS = "give the frame rate with --fps (in Python fps=)"
# Metres in one unit. "cmu" is the unit of the CMU and HDM05 files: inches times 0.45.
UNITS = {"m": 1.0, "cm": 0.01, "mm": 0.001, "inch": 0.0254, "cmu": 0.0254 / 0.45}
# Distance from hip to ankle in metres, from a six-year-old child to a giant.
LEG_RANGE = (0.45, 1.15)
MEAN_LEG = 0.85
# Legs of figures in file units, from a dwarf in metres to a giant in millimetres.
_FIGURE_RANGE = (0.02, 12000.0)


def parse_floats(text: str) -> np.ndarray:
    """The numbers of a text that are separated by white space.

    Raises:
        ValueError: a word is not a number.
    """
    if not text.strip():
        return np.empty(0)
    with warnings.catch_warnings():
        warnings.simplefilter("error", DeprecationWarning)
        try:
            return np.fromstring(text, sep=" ")
        except DeprecationWarning as error:
            raise ValueError("not a number") from error


def check_fps(fps: float, source: str) -> float:
    """The frame rate as a float.

    Raises:
        MotionGPTError: it is not a positive number.
    """
    if not np.isfinite(fps) or fps <= 0:
        raise MotionGPTError(f"{source}: the frame rate (--fps, in Python fps=) must be a positive number, not {fps}.")
    return float(fps)


def euler_quaternions(angles: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """Intrinsic rotations of many joints at once, each with its own axes.

    Args:
        angles: (T, N, K) radians, applied from left to right; 0 where unused.
        axes: (N, K) axis of each angle, 0 = X, 1 = Y, 2 = Z.

    Returns:
        (T, N, 4) quaternions.
    """
    frames, joints, count = angles.shape
    result = np.zeros((frames, joints, 4))
    result[..., 0] = 1
    for k in range(count):
        turn = np.zeros((frames, joints, 4))
        turn[..., 0] = np.cos(angles[..., k] / 2)
        turn[:, np.arange(joints), 1 + axes[:, k]] = np.sin(angles[..., k] / 2)
        result = turn if k == 0 else rotations.multiply(result, turn)
    return result


def forward(
    parents: list[int], quaternions: np.ndarray, translations: np.ndarray, in_world: Collection[int] = ()
) -> np.ndarray:
    """Joint positions of a rig whose offsets may change over time.

    Args:
        parents: parent of each joint, -1 for a root; parents come first.
        quaternions: (T, N, 4) rotations relative to the parent.
        translations: (T, N, 3) offset from the parent in the parent's frame, including position channels.
        in_world: joints whose translation is a world position instead.

    Returns:
        (T, N, 3) positions.
    """
    frames, joints = quaternions.shape[:2]
    positions = np.empty((frames, joints, 3))
    turned: list[np.ndarray] = []
    for joint, parent in enumerate(parents):
        local = rotations.to_matrix(quaternions[:, joint])
        if parent < 0 or joint in in_world:
            positions[:, joint] = translations[:, joint]
        else:
            moved = turned[parent] @ translations[:, joint, :, None]
            positions[:, joint] = positions[:, parent] + moved[..., 0]
        turned.append(local if parent < 0 else turned[parent] @ local)
    return positions


def needed(parents: list[int], used: list[int]) -> list[int]:
    """Indices of the joints ``used`` and of all their ancestors, ascending."""
    keep: set[int] = set()
    for joint in used:
        while joint >= 0 and joint not in keep:
            keep.add(joint)
            joint = parents[joint]
    return sorted(keep)


def unit_scale(unit: str | float, source: str) -> float:
    """Metres in one unit, which is given by name (:data:`UNITS`) or as a number of metres.

    Raises:
        MotionGPTError: unknown unit.
    """
    if isinstance(unit, str) and unit in UNITS:
        return UNITS[unit]
    try:
        scale = float(unit)
    except (TypeError, ValueError):
        scale = 0.0
    if not np.isfinite(scale) or scale <= 0:
        raise MotionGPTError(
            f"{source}: unknown unit {unit!r}; give one of {', '.join(UNITS)}, or the number of metres in one unit of "
            "the file."
        )
    return scale


@dataclass(frozen=True)
class Unit:
    """The length unit of a file.

    Attributes:
        metres: length of one unit.
        text: value and reason, as in :attr:`motiongpt.formats.reading.Reading.decided`.
        remarks: a sentence if it was a guess.
    """

    metres: float
    text: str
    remarks: tuple[str, ...] = ()


def leg_length(joints: np.ndarray) -> float:
    """Distance from hip to ankle over the knee, mean of both legs, median over time, in units of joints (T, 22, 3)."""
    lengths = [
        np.linalg.norm(
            joints[:, HUMANML3D.index(f"{side}_{lower}")] - joints[:, HUMANML3D.index(f"{side}_{upper}")], axis=-1
        )
        for side in ("left", "right")
        for upper, lower in (("hip", "knee"), ("knee", "ankle"))
    ]
    return float(np.median(np.sum(lengths, axis=0))) / 2


def metres_per_unit(joints: np.ndarray, unit: str | float | None, source: str, declared: float | None = None) -> Unit:
    """Length of one file unit in metres.

    Args:
        joints: (T, 22, 3) joints in file units.
        unit: see :func:`unit_scale`; None to estimate it from the length of the legs. A giant or a dwarf, whose
            legs fit no unit, is scaled to human size.
        source: the file, for messages.
        declared: the scale that the file states, which is used if the legs are plausible with it.

    Raises:
        MotionGPTError: unknown unit, or legs that are not those of any figure.
    """
    if unit is not None:
        return Unit(unit_scale(unit, source), f"{unit}: given")
    leg = leg_length(joints)
    if declared and LEG_RANGE[0] <= leg * declared <= LEG_RANGE[1]:
        return Unit(declared, f"{unit_name(declared)}: legs of {leg:.4g} units")
    # The likelier of two units is the one that makes the legs more like the mean person's.
    human = [name for name, scale in UNITS.items() if LEG_RANGE[0] <= leg * scale <= LEG_RANGE[1]]
    if human:
        name, *others = sorted(human, key=lambda unit: abs(math.log(leg * UNITS[unit] / MEAN_LEG)))
        remarks: tuple[str, ...] = ()
        if others:
            remarks = (
                f"Legs of {leg:.4g} units are human in {name} and in {', '.join(others)}; {name} was taken, and --unit "
                "names another one.",
            )
        elif declared:
            remarks = (
                f"Legs of {leg:.4g} units are not human in {unit_name(declared)}, the unit of the file; {name} was "
                "taken, and --unit names another one.",
            )
        return Unit(UNITS[name], f"{name}: legs of {leg:.4g} units", remarks)
    if _FIGURE_RANGE[0] <= leg <= _FIGURE_RANGE[1]:
        scale = MEAN_LEG / leg
        return Unit(
            scale,
            f"{scale:.4g} m: legs of {leg:.4g} units, scaled to human size",
            (
                f"Legs of {leg:.4g} units are not human in any of {', '.join(UNITS)}; the body was scaled to legs of "
                f"{MEAN_LEG:g} m, and --unit gives its true size.",
            ),
        )
    raise MotionGPTError(
        f"{source}: legs of {leg:.4g} units are not those of a figure in any of {', '.join(UNITS)}; check that these "
        "are joint positions, not rotations, or give the unit with --unit (in Python unit=): one of these, or the "
        "number of metres in one unit of the file."
    )


def unit_name(metres: float) -> str:
    """The name of a unit, or its length in metres."""
    return next((name for name, scale in UNITS.items() if math.isclose(scale, metres, rel_tol=1e-6)), f"{metres:.4g} m")


def check_finite(joints: np.ndarray, path: Path, names: tuple[str, ...]) -> None:
    """Refuse NaN and infinity.

    Raises:
        MotionGPTError: a position is not finite; the text names the first one and counts the frames.
    """
    bad = ~np.isfinite(joints).all(axis=-1)
    if bad.any():
        frame, joint = np.argwhere(bad)[0]
        raise MotionGPTError(
            f"{path}: frame {frame} (from 0), joint {names[joint]} is not a finite number, and neither are joints of "
            f"{int(bad.any(axis=-1).sum())} of {len(joints)} frames; repair or remove these frames."
        )
