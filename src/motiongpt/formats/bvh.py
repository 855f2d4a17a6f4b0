"""Biovision BVH files.

Format: M. Meredith and S. Maddock, "Motion Capture File Formats Explained", University of Sheffield 2001. Rotations of
a joint are applied in the order of its channels; position channels replace its offset.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from motiongpt.bodies.posing import fit_pose
from motiongpt.bodies.rest_pose import tips
from motiongpt.errors import MotionGPTError
from motiongpt.files import atomic_path
from motiongpt.formats import frame_rate, joint_maps, lead_in, rig
from motiongpt.formats.naming import joint_names
from motiongpt.formats.reading import Figure, Reading, read_rig
from motiongpt.formats.sniff import read_text
from motiongpt.motion import rotations
from motiongpt.motion.motion import Motion

_AXES = {"x": 0, "y": 1, "z": 2}


@dataclass
class Bvh:
    """The content of a BVH file, in file units. End Sites are joints without channels, named "NAME end".

    Attributes:
        names, parents: N joints, parents before children, -1 for the root.
        offsets: (N, 3).
        channels: of each joint in file order, such as ("xposition", "zrotation").
        values: (T, C) all channels in file order, angles in degrees.
        frame_time: seconds, as the file has it; None if it is missing.
    """

    names: list[str]
    parents: list[int]
    offsets: np.ndarray
    channels: list[tuple[str, ...]]
    values: np.ndarray
    frame_time: float | None

    def pose(self, joints: list[int], *, last: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Local rotations (T, n, 4) and translations (T, n, 3) of some joints, in the frames before ``last``."""
        starts = np.cumsum([0] + [len(channels) for channels in self.channels])
        values = self.values[:last]
        frames = len(values)
        angles = np.zeros((frames, len(joints), 3))
        axes = np.tile([0, 1, 2], (len(joints), 1))
        translations = np.tile(self.offsets[joints], (frames, 1, 1))
        for slot, joint in enumerate(joints):
            turns = 0
            for channel, column in zip(self.channels[joint], range(starts[joint], starts[joint + 1]), strict=True):
                axis = _AXES[channel[0]]
                if channel.endswith("position"):
                    translations[:, slot, axis] = values[:, column]
                else:
                    axes[slot, turns] = axis
                    angles[:, slot, turns] = np.radians(values[:, column])
                    turns += 1
        return rig.euler_quaternions(angles, axes), translations

    def positions(self, joints: list[int] | None = None) -> np.ndarray:
        """World positions (T, N, 3) of all joints, or of the given ones and their ancestors; the others are NaN."""
        keep = rig.needed(self.parents, list(range(len(self.names))) if joints is None else joints)
        quaternions, translations = self.pose(keep)
        parents = [keep.index(self.parents[joint]) if self.parents[joint] >= 0 else -1 for joint in keep]
        in_world = [keep.index(joint) for joint in self._placed_in_world() if joint in keep]
        result = np.full((len(self.values), len(self.names), 3), np.nan)
        result[:, keep] = rig.forward(parents, quaternions, translations, in_world)
        return result

    def _placed_in_world(self) -> list[int]:
        """Joints below the root whose position channels hold world positions, as some exporters write them.

        Such a joint is about one bone length away from the world position of its parent.
        """
        places = {0: self._places(0)}
        for joint, parent in enumerate(self.parents):
            if parent not in places or not any(channel.endswith("position") for channel in self.channels[joint]):
                continue
            place, bone = self._places(joint), np.linalg.norm(self.offsets[joint])
            as_offset = np.abs(np.linalg.norm(place, axis=-1) - bone).mean()
            as_place = np.abs(np.linalg.norm(place - places[parent], axis=-1) - bone).mean()
            if as_place < 0.25 * as_offset:
                places[joint] = place
        return [joint for joint in places if joint]

    def _places(self, joint: int) -> np.ndarray:
        """(T, 3) values of a joint's position channels, or its offset if it has none."""
        return self.pose([joint])[1][:, 0]


class _Lines:
    """The lines of a file, and errors that name the current line.

    Attributes:
        lines: of the file, with blanks around braces.
        number: of the current line, from 1.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines = read_text(path).replace("{", " { ").replace("}", " } ").splitlines()
        self.number = 0

    def fail(self, expected: str) -> MotionGPTError:
        """The error that the current line is not as expected."""
        found = self.lines[self.number - 1].strip()[:40] if self.number <= len(self.lines) else "the end of the file"
        return MotionGPTError(f"{self.path}, line {self.number}: expected {expected}, found {found!r}.")

    def floats(self, words: list[str], count: int, what: str) -> list[float]:
        """The first ``count`` words as finite numbers; raises the error of :meth:`fail` if they are not."""
        try:
            values = [float(word) for word in words[:count]]
        except ValueError:
            raise self.fail(f"{count} numbers after {what}") from None
        if len(values) != count or not np.isfinite(values).all():
            raise self.fail(f"{count} numbers after {what}")
        return values


@dataclass
class _Hierarchy:
    """The joints of a file, in its order."""

    names: list[str] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    offsets: list[list[float]] = field(default_factory=list)
    channels: list[tuple[str, ...]] = field(default_factory=list)

    def add(self, name: str, parent: int) -> int:
        """Add a joint and return its index."""
        self.names.append(name)
        self.parents.append(parent)
        self.offsets.append([0.0, 0.0, 0.0])
        self.channels.append(())
        return len(self.names) - 1


def parse(path: Path) -> Bvh:
    """Read a BVH file without interpreting it.

    Raises:
        MotionGPTError: a broken or truncated file; the text names the line and what was expected there.
    """
    source = _Lines(path)
    tree = _read_hierarchy(source)
    frame_time, values = _read_frames(source, tree)
    return Bvh(tree.names, tree.parents, np.array(tree.offsets), tree.channels, values, frame_time)


def _read_hierarchy(source: _Lines) -> _Hierarchy:
    """Read the joints, up to the line with MOTION."""
    tree, stack, pending = _Hierarchy(), list[int](), -1
    if not any(line.split()[:1] and line.split()[0].upper() == "HIERARCHY" for line in source.lines[:20]):
        source.number = 1
        raise source.fail("HIERARCHY, the first word of a BVH file")
    for number, line in enumerate(source.lines, start=1):
        source.number = number
        words = line.split()
        while words:
            key = words[0].upper()
            if key == "HIERARCHY":
                words = words[1:]
            elif key in ("ROOT", "JOINT", "END"):
                if (key == "ROOT") == bool(stack):
                    raise source.fail("a ROOT outside and JOINT or End Site inside of braces")
                if key == "ROOT" and tree.names:
                    raise source.fail("one ROOT only (a file holds one figure)")
                rest = words[1:]
                brace = rest.index("{") if "{" in rest else len(rest)
                parent = stack[-1] if stack else -1
                name = f"{tree.names[parent]} end" if key == "END" else " ".join(rest[:brace])
                pending = tree.add(name, parent)
                words = rest[brace:]
            elif key == "{":
                if pending < 0:
                    raise source.fail("a joint before '{'")
                stack.append(pending)
                pending = -1
                words = words[1:]
            elif key == "}":
                if not stack:
                    raise source.fail("as many '{' as '}'")
                stack.pop()
                words = words[1:]
            elif key == "OFFSET" and stack:
                tree.offsets[stack[-1]] = source.floats(words[1:], 3, "OFFSET")
                words = words[4:]
            elif key == "CHANNELS" and stack:
                count = int(source.floats(words[1:], 1, "CHANNELS")[0])
                given = tuple(word.lower() for word in words[2 : 2 + count])
                known = [c for c in given if c[:1] in _AXES and c[1:] in ("position", "rotation")]
                if len(known) != count or len(set(given)) != count:
                    raise source.fail(f"{count} different channels such as Xposition or Zrotation")
                tree.channels[stack[-1]] = given
                words = words[2 + count :]
            elif key == "MOTION":
                if stack or not tree.names:
                    raise source.fail("every '{' closed before MOTION" if stack else "a ROOT before MOTION")
                return tree
            else:
                raise source.fail("ROOT, JOINT, End Site, OFFSET, CHANNELS, '{', '}' or MOTION")
    raise MotionGPTError(
        f"{source.path}, line {len(source.lines)}: the file is truncated within its HIERARCHY; get it again."
    )


def _read_frames(source: _Lines, tree: _Hierarchy) -> tuple[float | None, np.ndarray]:
    """Read what follows MOTION: the frame time, if there is one, and the values (T, channels)."""
    path, lines = source.path, source.lines
    declared: int | None = None
    frame_time: float | None = None
    while source.number < len(lines):
        source.number += 1
        line = lines[source.number - 1].strip()
        lower = line.lower()
        if lower.startswith("frames"):
            declared = int(source.floats(line.replace(":", " ").split()[1:], 1, "Frames:")[0])
        elif lower.startswith("frame time") or lower.startswith("frametime"):
            words = lower.removeprefix("frame").lstrip().removeprefix("time").lstrip(" :\t").split()
            frame_time = source.floats(words, 1, "Frame Time:")[0]
        elif line:
            source.number -= 1
            break
    first = source.number
    width = sum(len(c) for c in tree.channels)
    body = lines[first:]
    try:
        values = rig.parse_floats(" ".join(body))
    except ValueError:
        values = np.empty(0)
        for number in range(first + 1, len(lines) + 1):
            source.number = number
            try:
                rig.parse_floats(lines[number - 1])
            except ValueError:
                raise source.fail(f"the {width} numbers of a frame") from None
    frames, left_over = divmod(len(values), width) if width else (0, 0)
    wanted = "" if declared is None else f" of {declared}"
    if left_over or (declared is not None and frames < declared and frames > 0):
        last = max(first + 1, first + len("\n".join(body).rstrip().splitlines()))
        detail = f", frame {frames + 1} has {left_over} of {width} numbers" if left_over else ""
        raise MotionGPTError(
            f"{path}, line {last}: the file is truncated, only {frames}{wanted} frames are complete{detail}; "
            "get it again."
        )
    if frames == 0:
        raise MotionGPTError(
            f"{path}: there are no frames; expected at least one line of {width} numbers after MOTION."
        )
    values = values.reshape(frames, width)
    if not np.isfinite(values).all():
        frame, column = np.argwhere(~np.isfinite(values))[0]
        channel, joint = [(c, name) for name, given in zip(tree.names, tree.channels, strict=True) for c in given][
            column
        ]
        raise MotionGPTError(
            f"{path}: frame {frame} (from 0), {channel} of joint {joint!r} is not a finite number; repair or remove it."
        )
    return frame_time, values


def read(
    path: Path,
    *,
    fps: float | None = None,
    unit: str | float | None = None,
    up: str | None = None,
    joint_map: str | Path | None = None,
    drop_first_frame: str | bool = "auto",
) -> Reading:
    """Read a BVH of any rig that :mod:`motiongpt.formats.joint_maps` knows.

    Args:
        path: the file.
        fps: overrides the frame time of the file, which is wrong in many files; see
            :func:`motiongpt.formats.frame_rate.of_frame_time`.
        unit: length unit of the file (see :data:`motiongpt.formats.rig.UNITS`) or metres in one unit; None estimates it
            from the length of the legs.
        up: the vertical axis of the file, see :data:`motiongpt.formats.orientation.AXES`; None finds it from the body.
        joint_map: a file that says which joints are which, see :mod:`motiongpt.formats.joint_map_file`.
        drop_first_frame: some converters put the rest pose of the rig before the recording, and frames that blend out
            of it. "auto" detects and drops these frames, True drops exactly one frame, False none.

    Returns:
        Joints (T, 22, 3) in the performer's proportions and world placement, metres, Y up.

    Raises:
        MotionGPTError: a broken or truncated file, an unknown rig or unit, a missing frame rate.
    """
    bvh = parse(path)
    mapping = joint_maps.find(bvh.names, str(path), bvh.offsets, bvh.parents, joint_map=joint_map)
    positions = bvh.positions(mapping.used)
    joints = mapping.apply(positions)
    found, why, odd = (None, "", ()) if bvh.frame_time is None else frame_rate.of_frame_time(bvh.frame_time)
    if fps is not None:
        rate, why, odd = rig.check_fps(fps, str(path)), "given", ()
    elif found is None:
        raise MotionGPTError(f"{path}: there is no usable 'Frame Time:'; {rig.GIVE_FPS}.")
    else:
        rate = found
    quaternions, _ = bvh.pose(rig.needed(bvh.parents, mapping.used), last=1)
    turned = 2 * np.degrees(np.arccos(np.clip(np.abs(quaternions[0, :, 0]), 0, 1)))
    skip, left_out = lead_in.dropped(drop_first_frame, turned, joints, rate, str(path))
    figure = Figure(bvh.names, bvh.parents, bvh.offsets)
    reading = read_rig(figure, mapping, positions[skip:], path, fps=rate, up=up, unit=unit)
    return replace(
        reading,
        decided={**reading.decided, "fps": f"{rate:g}: {why}"},
        remarks=(*odd, *left_out, *reading.remarks),
    )


_WRITE_ORDER = "ZXY"
POSITIONS = ("Xposition", "Yposition", "Zposition")
ROTATIONS = tuple(f"{axis}rotation" for axis in _WRITE_ORDER)


def _smooth_euler(quaternions: np.ndarray, order: str = _WRITE_ORDER) -> np.ndarray:
    """Euler angles (T, N, 3) in degrees, in an order of three different axes, without jumps from frame to frame.

    A rotation has two triples of angles, each up to full turns; the one closest to the previous frame is used. At a
    middle angle of 90 degrees only the sum or difference of the other two counts, and the last one keeps its value.
    """
    angles = rotations.to_euler(quaternions, order)
    other = np.stack([angles[..., 0] + np.pi, np.pi - angles[..., 1], angles[..., 2] + np.pi], axis=-1)
    locked = np.abs(np.cos(angles[..., 1])) < 1e-5
    parity = 1.0 if (_AXES[order[1].lower()] - _AXES[order[0].lower()]) % 3 == 1 else -1.0
    sign = parity * np.sign(np.sin(angles[..., 1]))
    result = np.empty_like(angles)
    result[0] = angles[0]
    for t in range(1, len(angles)):
        before = result[t - 1]
        candidates = np.stack([angles[t], other[t]])
        candidates += 2 * np.pi * np.round((before - candidates) / (2 * np.pi))
        nearer = np.abs(candidates - before).sum(axis=-1).argmin(axis=0)
        chosen = candidates[nearer, np.arange(len(nearer))]
        if locked[t].any():
            # Only one sum or difference is fixed, and to_euler puts all of it into the first angle.
            first = angles[t, :, 0] + angles[t, :, 2] * sign[t] - before[:, 2] * sign[t]
            first += 2 * np.pi * np.round((before[:, 0] - first) / (2 * np.pi))
            held = np.stack([first, angles[t, :, 1], before[:, 2]], axis=-1)
            held[:, 1] += 2 * np.pi * np.round((before[:, 1] - held[:, 1]) / (2 * np.pi))
            chosen = np.where(locked[t][:, None], held, chosen)
        result[t] = chosen
    return np.degrees(result)


def write(motion: Motion, path: Path, *, unit: str | float = "cm", names: str = "smpl") -> None:
    """Write a BVH: T-pose at rest facing +Z, Y up, root channels Xposition Yposition Zposition, rotations Z X Y.

    Head, toes and wrists end in End Sites, so that programs show their bones. Bones have a constant length; if those of
    the motion have not, joints are a few millimetres off, see :func:`motiongpt.bodies.fit_pose`.

    Args:
        unit: length unit of the file: "cm", which most animation programs expect, another of
            :data:`motiongpt.formats.rig.UNITS`, or the metres in one unit.
        names: of the joints: "smpl", "mixamo" or "cmu" (see :mod:`motiongpt.formats.naming`).

    Raises:
        MotionGPTError: another skeleton than HumanML3D's, unknown unit or names, unwritable folder.
    """
    scale = 1 / rig.unit_scale(unit, str(path))
    titles = joint_names(names, str(path))
    pose = fit_pose(motion)
    ends = tips(pose.offsets)
    tree = _Hierarchy()
    order: list[int] = []  # of the pose's joints, -1 for an End Site

    def joint(index: int, parent: int) -> None:
        own = tree.add(titles[index], parent)
        order.append(index)
        tree.offsets[own] = (pose.offsets[index] * scale).tolist()
        tree.channels[own] = (*POSITIONS, *ROTATIONS) if index == 0 else ROTATIONS
        for child, above in enumerate(pose.parents):
            if above == index:
                joint(child, own)
        if pose.names[index] in ends:
            tree.offsets[tree.add(f"{titles[index]} end", own)] = (ends[pose.names[index]] * scale).tolist()
            order.append(-1)

    joint(0, -1)
    still = np.tile([1.0, 0.0, 0.0, 0.0], (len(motion), len(order), 1))
    turns = np.where(np.array(order)[:, None] >= 0, pose.quaternions[:, order], still)
    save(tree, turns, {0: pose.root * scale}, motion.fps, path)


def save(
    tree: Bvh | _Hierarchy, quaternions: np.ndarray, places: Mapping[int, np.ndarray], fps: float, path: Path
) -> None:
    """Write a skeleton and its motion.

    Args:
        tree: names, parents, offsets and channels of N joints, in the order of the file; joints without channels that
            end a chain are End Sites. All other joints have three rotation channels.
        quaternions: (T, N, 4) rotations relative to the parent.
        places: joint -> (T, 3) values of its position channels; joints that have such channels and are not listed stand
            at their offsets.
        fps: frames a second.
        path: the file.

    Raises:
        MotionGPTError: the folder cannot be written.
    """
    frames = len(quaternions)
    columns: list[np.ndarray] = []
    orders = ["".join(c[0].upper() for c in channels if c.endswith("rotation")) for channels in tree.channels]
    angles = np.zeros((frames, len(orders), 3))
    for order in set(orders) - {""}:
        own = [joint for joint, one in enumerate(orders) if one == order]
        angles[:, own] = _smooth_euler(quaternions[:, own], order)
    for joint, channels in enumerate(tree.channels):
        place = places.get(joint)
        for channel in channels:
            axis = channel[0].upper()
            if channel.endswith("rotation"):
                columns.append(angles[:, joint, orders[joint].index(axis)])
            elif place is None:
                columns.append(np.full(frames, float(tree.offsets[joint][_AXES[axis.lower()]])))
            else:
                columns.append(place[:, _AXES[axis.lower()]])
    rows = np.stack(columns, axis=1)
    line = " ".join(["%.6f"] * rows.shape[1])
    lines = [*_hierarchy_lines(tree), "MOTION", f"Frames: {frames}", f"Frame Time: {1 / fps:.10g}"]
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        file.write("\n".join(lines) + "\n")
        file.writelines(line % tuple(row) + "\n" for row in rows)


def _hierarchy_lines(tree: Bvh | _Hierarchy) -> list[str]:
    """The HIERARCHY of a file."""
    lines, open_joints = ["HIERARCHY"], list[int]()
    for joint, (name, parent) in enumerate(zip(tree.names, tree.parents, strict=True)):
        while open_joints and open_joints[-1] != parent:
            open_joints.pop()
            lines.append("\t" * len(open_joints) + "}")
        pad = "\t" * len(open_joints)
        end = not tree.channels[joint] and joint not in tree.parents and parent >= 0
        offset = " ".join(f"{value:.6f}" for value in tree.offsets[joint])
        title = "End Site" if end else f"{'ROOT' if parent < 0 else 'JOINT'} {name}"
        lines += [pad + title, f"{pad}{{", f"{pad}\tOFFSET {offset}"]
        if not end:
            channels = [f"{channel[0].upper()}{channel[1:]}" for channel in tree.channels[joint]]
            lines.append(f"{pad}\tCHANNELS {len(channels)} {' '.join(channels)}".rstrip())
        open_joints.append(joint)
    lines += ["\t" * depth + "}" for depth in reversed(range(len(open_joints)))]
    return lines
