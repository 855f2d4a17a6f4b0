"""Joint positions as a table with one row per frame, for spreadsheets and other programs.

The first line names the columns: ``frame`` (from 0), ``time`` (seconds), then ``NAME_x``, ``NAME_y``, ``NAME_z`` of
every joint in the skeleton's order. Values are in metres, Y up, with five decimals, separated by commas (RFC 4180).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from motiongpt.errors import MotionGPTError
from motiongpt.files import atomic_path
from motiongpt.formats import array_shapes, rig
from motiongpt.formats.reading import Reading
from motiongpt.formats.sniff import read_text
from motiongpt.motion.motion import Motion
from motiongpt.motion.skeleton import HUMANML3D, KIT, SKELETONS, Skeleton


def columns(skeleton: Skeleton) -> list[str]:
    """Names of the columns: ``frame``, ``time`` and three per joint."""
    return ["frame", "time", *(f"{joint}_{axis}" for joint in skeleton.joints for axis in "xyz")]


def read(path: Path, *, fps: float | None = None, unit: str | float | None = None, up: str | None = None) -> Reading:
    """Read a table of joint positions.

    Args:
        path: the file. Its columns may be in any order; only those of the joints and ``time`` are used.
        fps: overrides the ``time`` column; needed if there is no such column, or only one frame.
        unit: unit of the positions (see :data:`motiongpt.formats.rig.UNITS`); None stands for metres if
            the legs are human then, else it is estimated from them; for KIT it stands for metres.
        up: the vertical axis, see :data:`motiongpt.formats.orientation.AXES`; None finds it from the body.

    Returns:
        Joints (T, 22, 3), or (T, 21, 3) if the columns are those of KIT; metres, Y up, placed as in the file.

    Raises:
        MotionGPTError: missing columns, a row of another length, a value that is not a number, no frame rate.
    """
    lines = [(number, line) for number, line in enumerate(read_text(path).splitlines(), start=1) if line.strip()]
    header = [name.strip().strip('"').lower() for name in lines[0][1].split(",")]
    wanted = {skeleton: [name.lower() for name in columns(skeleton)[2:]] for skeleton in SKELETONS.values()}
    found = [skeleton for skeleton, names in wanted.items() if set(names) <= set(header)]
    if not found:
        # Short names of KIT, such as "root_x", are in tables of other programs too.
        shared = {skeleton: len(set(names) & set(header)) for skeleton, names in wanted.items()}
        nearest = wanted[KIT if shared[KIT] > max(shared[HUMANML3D], 9) else HUMANML3D]
        missing = [name for name in nearest if name not in header]
        raise MotionGPTError(
            f"{path}, line 1: expected the columns time, {nearest[0]}, {nearest[1]}, ... of every joint, but "
            f"{len(missing)} are missing: {', '.join(missing[:4])}{', ...' if len(missing) > 4 else ''}; name the "
            "columns as docs/formats.md has them."
        )
    skeleton = found[0]
    if len(lines) == 1:
        raise MotionGPTError(f"{path}: there are no frames, only the names of the columns.")
    rows = []
    for number, line in lines[1:]:
        try:
            row = [float(value.strip().strip('"')) for value in line.split(",")]
        except ValueError:
            row = []
        if len(row) != len(header):
            raise MotionGPTError(f"{path}, line {number}: expected {len(header)} numbers, found {line.strip()[:40]!r}.")
        rows.append(row)
    table = np.array(rows)
    joints = table[:, [header.index(name) for name in wanted[skeleton]]].reshape(len(table), -1, 3)
    rig.check_finite(joints, path, skeleton.joints)
    reason = "given"
    if fps is None:
        times = table[:, header.index("time")] if "time" in header else np.zeros(1)
        if len(times) < 2 or not np.isfinite(times).all() or times[-1] <= times[0]:
            raise MotionGPTError(f"{path}: the frame rate cannot be computed from a time column; {rig.GIVE_FPS}.")
        fps, reason = round((len(times) - 1) / float(times[-1] - times[0]), 3), "from the column time"
    if skeleton is KIT and unit is None:
        unit = "m"  # as this package writes them
    reading = array_shapes.read_array(joints, path, fps=fps, unit=unit, up=up, skeleton=skeleton)
    return replace(reading, decided={**reading.decided, "fps": f"{fps:g}: {reason}"})


def write(motion: Motion, path: Path) -> None:
    """Write the table.

    Raises:
        MotionGPTError: unwritable folder.
    """
    line = ",".join(["%d", "%.6f", *["%.5f"] * (motion.skeleton.num_joints * 3)])
    with atomic_path(path) as temporary, temporary.open("w", encoding="ascii", newline="\n") as file:
        file.write(",".join(columns(motion.skeleton)) + "\n")
        for frame, row in enumerate(motion.joints.reshape(len(motion), -1)):
            file.write(line % (frame, frame / motion.fps, *row) + "\n")
