"""Reading and writing Biovision BVH.

Format: M. Meredith and S. Maddock, "Motion Capture File Formats Explained", University of Sheffield 2001. Rotations of
a joint are applied in the order of its channels; position channels replace the joint's offset.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from motiongpt.errors import MotionGPTError
from motiongpt.formats import joint_maps, rig
from motiongpt.formats.sniff import read_text
from motiongpt.motion import rotations
from motiongpt.motion.motion import Motion

_AXES = {"x": 0, "y": 1, "z": 2}


@dataclass
class Bvh:
    """A BVH file in file units. End Sites are joints without channels, named "NAME end".

    Attributes:
        names, parents: N joints, parents first, -1 for the root.
        offsets: (N, 3).
        channels: of each joint, in file order, such as ("xposition", "zrotation").
        values: (T, C) all channels in file order, degrees.
        fps: from the frame time, None where it is missing or not positive.
    """

    names: list[str]
    parents: list[int]
    offsets: np.ndarray
    channels: list[tuple[str, ...]]
    values: np.ndarray
    fps: float | None

    def pose(self, joints: list[int]) -> tuple[np.ndarray, np.ndarray]:
        """Local rotations (T, n, 4) and translations (T, n, 3) of some joints."""
        starts = np.cumsum([0] + [len(channels) for channels in self.channels])
        frames = len(self.values)
        angles = np.zeros((frames, len(joints), 3))
        axes = np.tile([0, 1, 2], (len(joints), 1))
        translations = np.tile(self.offsets[joints], (frames, 1, 1))
        for slot, joint in enumerate(joints):
            turns = 0
            for channel, column in zip(self.channels[joint], range(starts[joint], starts[joint + 1]), strict=True):
                axis = _AXES[channel[0]]
                if channel.endswith("position"):
                    translations[:, slot, axis] = self.values[:, column]
                else:
                    axes[slot, turns] = axis
                    angles[:, slot, turns] = np.radians(self.values[:, column])
                    turns += 1
        return rig.euler_quaternions(angles, axes), translations

    def positions(self, joints: list[int] | None = None) -> np.ndarray:
        """World positions (T, N, 3) of the joints (all, or those given and their ancestors; the others are NaN)."""
        keep = rig.needed(self.parents, list(range(len(self.names))) if joints is None else joints)
        quaternions, translations = self.pose(keep)
        parents = [keep.index(self.parents[joint]) if self.parents[joint] >= 0 else -1 for joint in keep]
        result = np.full((len(self.values), len(self.names), 3), np.nan)
        result[:, keep] = rig.forward(parents, quaternions, translations)
        return result


def _frame_rate(step: float) -> float | None:
    """Frames per second of a frame time that was written with few digits: 0.0083333 and 0.00833 are 120, not 120.05."""
    if step <= 0:
        return None
    whole = round(1 / step)
    return float(whole) if whole and abs(1 / step / whole - 1) < 5e-4 else 1 / step


def parse(path: Path) -> Bvh:
    """Read a BVH as it is.

    Raises:
        MotionGPTError: a broken or cut file; the text names the line and what was expected there.
    """
    text = read_text(path)
    lines = text.replace("{", " { ").replace("}", " } ").splitlines()
    names: list[str] = []
    parents: list[int] = []
    offsets: list[list[float]] = []
    channels: list[tuple[str, ...]] = []
    stack: list[int] = []
    pending = -1
    number = 0

    def fail(expected: str) -> MotionGPTError:
        found = lines[number - 1].strip()[:40] if number <= len(lines) else "the end of the file"
        return MotionGPTError(f"{path}, line {number}: expected {expected}, found {found!r}.")

    def floats(words: list[str], count: int, what: str) -> list[float]:
        try:
            values = [float(word) for word in words[:count]]
        except ValueError:
            raise fail(f"{count} numbers after {what}") from None
        if len(values) != count or not np.isfinite(values).all():
            raise fail(f"{count} numbers after {what}")
        return values

    if not any(line.split()[:1] and line.split()[0].upper() == "HIERARCHY" for line in lines[:20]):
        number = 1
        raise fail("HIERARCHY, the first word of a BVH file")
    motion_line = 0
    for number, line in enumerate(lines, start=1):
        words = line.split()
        while words:
            key = words[0].upper()
            if key == "HIERARCHY":
                words = words[1:]
            elif key in ("ROOT", "JOINT", "END"):
                if key == "ROOT" and stack or key != "ROOT" and not stack:
                    raise fail("a ROOT outside and JOINT or End Site inside of braces")
                if key == "ROOT" and names:
                    raise fail("one ROOT only (a file holds one figure)")
                rest = words[1:]
                brace = rest.index("{") if "{" in rest else len(rest)
                parent = stack[-1] if stack else -1
                names.append(f"{names[parent]} end" if key == "END" else " ".join(rest[:brace]))
                parents.append(parent)
                offsets.append([0.0, 0.0, 0.0])
                channels.append(())
                pending = len(names) - 1
                words = rest[brace:]
            elif key == "{":
                if pending < 0:
                    raise fail("a joint before '{'")
                stack.append(pending)
                pending = -1
                words = words[1:]
            elif key == "}":
                if not stack:
                    raise fail("as many '{' as '}'")
                stack.pop()
                words = words[1:]
            elif key == "OFFSET" and stack:
                offsets[stack[-1]] = floats(words[1:], 3, "OFFSET")
                words = words[4:]
            elif key == "CHANNELS" and stack:
                count = int(floats(words[1:], 1, "CHANNELS")[0])
                given = tuple(word.lower() for word in words[2 : 2 + count])
                known = [c for c in given if c[:1] in _AXES and c[1:] in ("position", "rotation")]
                if len(known) != count or len(set(given)) != count:
                    raise fail(f"{count} different channels such as Xposition or Zrotation")
                channels[stack[-1]] = given
                words = words[2 + count :]
            elif key == "MOTION":
                motion_line = number
                break
            else:
                raise fail("ROOT, JOINT, End Site, OFFSET, CHANNELS, '{', '}' or MOTION")
        if motion_line:
            break
    if not motion_line:
        raise MotionGPTError(
            f"{path}, line {len(lines)}: the file ends inside its HIERARCHY, before MOTION; it is cut, get it whole again."
        )
    if stack or not names:
        raise fail("every '{' closed before MOTION" if stack else "a ROOT before MOTION")

    declared: int | None = None
    fps: float | None = None
    number = motion_line
    while number < len(lines):
        number += 1
        line = lines[number - 1].strip()
        lower = line.lower()
        if lower.startswith("frames"):
            declared = int(floats(line.replace(":", " ").split()[1:], 1, "Frames:")[0])
        elif lower.startswith("frame time") or lower.startswith("frametime"):
            step = floats(lower.removeprefix("frame").strip().removeprefix("time").lstrip(" :\t").split(), 1, "Frame Time:")[0]
            fps = _frame_rate(step)
        elif line:
            number -= 1
            break
    first = number
    width = sum(len(c) for c in channels)
    body = lines[first:]
    try:
        values = rig.parse_floats(" ".join(body))
    except ValueError:
        values = np.empty(0)
        for number in range(first + 1, len(lines) + 1):
            try:
                rig.parse_floats(lines[number - 1])
            except ValueError:
                raise fail(f"the {width} numbers of a frame") from None
    frames, rest = divmod(len(values), width) if width else (0, 0)
    wanted = "" if declared is None else f" of {declared}"
    if rest or (declared is not None and frames < declared and frames > 0):
        last = max(first + 1, first + len("\n".join(body).rstrip().splitlines()))
        detail = f", frame {frames + 1} has {rest} of {width} numbers" if rest else ""
        raise MotionGPTError(
            f"{path}, line {last}: the file is cut, only {frames}{wanted} frames are complete{detail}; get it whole again."
        )
    if frames == 0:
        raise MotionGPTError(f"{path}: no frames in it (0{wanted}); expected at least one line of {width} numbers after MOTION.")
    return Bvh(names, parents, np.array(offsets), channels, values.reshape(frames, width), fps)


def _starts_with_rest_pose(bvh: Bvh, joints: np.ndarray, keep: list[int]) -> bool:
    """Is frame 0 the rig's rest pose, put before the recording by a converter?

    It is when its rotations are small (no joint more than 40 degrees, 12 on average, from the rest pose of the file) and
    the body jumps to frame 1 by a multiple of what it moves afterwards.
    """
    if len(joints) < 3:
        return False
    quaternions, _ = bvh.pose(keep)
    angle = 2 * np.degrees(np.arccos(np.clip(np.abs(quaternions[0, :, 0]), 0, 1)))
    if angle.max() > 40 or angle.mean() > 12:
        return False
    local = joints - joints[:, :1]
    steps = np.linalg.norm(np.diff(local[:12], axis=0), axis=-1).max(axis=-1)
    size = np.ptp(joints[0], axis=0).max()
    return bool(steps[0] > 0.08 * size and steps[0] > 4 * steps[1:].max())


def read(
    path: Path,
    *,
    fps: float | None = None,
    unit: str | float | None = None,
    drop_first_frame: str | bool = "auto",
) -> Motion:
    """Read a BVH of any rig that :mod:`motiongpt.formats.joint_maps` knows.

    Args:
        path: the file.
        fps: overrides the frame time of the file, which is wrong in many.
        unit: length unit of the file (see :data:`motiongpt.formats.rig.UNITS`) or metres in one unit; found from the
            length of the legs when not given.
        drop_first_frame: conversions of CMU carry the rest pose in their first frame. "auto" leaves a first frame out
            when it is the rig's rest pose and the body jumps from it; True always, False never.

    Returns:
        (T, 22, 3) joints in the performer's proportions and world place, metres, Y up.

    Raises:
        MotionGPTError: a broken or cut file, a rig that is not known, a missing frame rate, an unknown unit.
    """
    bvh = parse(path)
    mapping = joint_maps.find(bvh.names, str(path))
    joints = mapping.apply(bvh.positions(mapping.used))
    if drop_first_frame is True or (
        drop_first_frame == "auto" and _starts_with_rest_pose(bvh, joints, rig.needed(bvh.parents, mapping.used))
    ):
        if len(joints) < 2:
            raise MotionGPTError(f"{path}: has one frame only, it cannot be left out; give drop_first_frame=False.")
        joints = joints[1:]
    if fps is None:
        if bvh.fps is None:
            raise MotionGPTError(f"{path}: no usable 'Frame Time:' in it; give the frame rate with fps=.")
        fps = bvh.fps
    scale = rig.metres_per_unit(joints, unit, str(path))
    return rig.to_motion(joints, rig.check_fps(fps, str(path)), scale, path)
