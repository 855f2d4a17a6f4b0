"""Acclaim motion capture: an .asf skeleton and an .amc motion (CMU, HDM05).

Format: Acclaim "ASF-amc", as described by J. Lander, "Working with Motion Capture File Formats", Game Developer 1998.
The local rotation of a bone is C M C^-1, where C is its ``axis`` and M its ``dof`` angles, applied in the listed order.
The file has no frame rate; CMU and HDM05 are at 120 fps.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from motiongpt.errors import MotionGPTError
from motiongpt.formats import joint_maps, rig
from motiongpt.formats.orientation import STRICT
from motiongpt.formats.reading import Figure, Reading, read_rig
from motiongpt.formats.sniff import read_text
from motiongpt.motion import rotations

DEFAULT_FPS = 120.0
_AXES = {"x": 0, "y": 1, "z": 2}


@dataclass(frozen=True)
class AcclaimSkeleton:
    """The bones of an .asf. Bone 0 is the root, and parents come before their children.

    Attributes:
        offsets: (N, 3) from the near to the far end of each bone in file units; for the root, its position.
        axes: (N, 4) quaternion C of each bone.
        channels: the dof of each bone in file order, of tx ty tz rx ry rz.
        angle: radians in one angle unit.
        unit: metres in one length unit, None if the file does not state it.
    """

    names: tuple[str, ...]
    parents: tuple[int, ...]
    offsets: np.ndarray
    axes: np.ndarray
    channels: tuple[tuple[str, ...], ...]
    angle: float
    unit: float | None


def read_asf(path: Path) -> AcclaimSkeleton:
    """Read an .asf.

    Raises:
        MotionGPTError: the file is not an Acclaim skeleton; the text names the line.
    """
    section = ""
    bones: list[dict[str, list[str]]] = []
    root: dict[str, list[str]] = {}
    units: dict[str, str] = {}
    links: list[tuple[int, list[str]]] = []
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        words = line.split("#", 1)[0].split()
        if not words:
            continue
        if words[0].startswith(":"):
            section = words[0].lower()
        elif section == ":units" and len(words) == 2:
            units[words[0].lower()] = words[1].lower()
        elif section == ":root":
            root[words[0].lower()] = words[1:]
        elif section == ":bonedata":
            key = words[0].lower()
            if key == "begin":
                bones.append({"line": [str(number)]})
            elif key != "end":
                if not bones:
                    raise MotionGPTError(f"{path}, line {number}: expected 'begin' before the first bone's data.")
                bones[-1][key] = words[1:]
        elif section == ":hierarchy" and words[0].lower() not in ("begin", "end"):
            links.append((number, words))
    if not root or not bones or not links:
        raise MotionGPTError(
            f"{path}: is not an Acclaim skeleton, expected the sections :root, :bonedata and :hierarchy; give the "
            ".asf that belongs to the motion."
        )
    angle = 1.0 if units.get("angle", "deg").startswith("rad") else np.pi / 180

    def numbers(fields: dict[str, list[str]], key: str, count: int) -> np.ndarray:
        try:
            values = np.array([float(word) for word in fields[key][:count]])
            if len(values) == count and np.isfinite(values).all():
                return values
        except (KeyError, ValueError):
            pass
        where = f"the bone at line {fields['line'][0]}" if "line" in fields else ":root"
        raise MotionGPTError(f"{path}: {where} needs {count} number(s) after '{key}'.")

    def turn(angles: np.ndarray, order: str) -> np.ndarray:
        # "XYZ" rotates about the fixed X first, which is the reverse of intrinsic order.
        order = order.upper()
        if sorted(order) != ["X", "Y", "Z"]:
            raise MotionGPTError(f"{path}: axis order {order!r} is not one of XYZ, XZY, YXZ, YZX, ZXY, ZYX.")
        return rotations.from_euler(angles[::-1] * angle, order[::-1])

    by_name: dict[str, tuple[np.ndarray, np.ndarray, tuple[str, ...]]] = {}
    for bone in bones:
        if not bone.get("name"):
            raise MotionGPTError(f"{path}: the bone at line {bone['line'][0]} has no name.")
        axis = bone.get("axis", ["0", "0", "0", "XYZ"])
        by_name[bone["name"][0]] = (
            numbers(bone, "direction", 3) * numbers(bone, "length", 1),
            turn(numbers({**bone, "axis": axis}, "axis", 3), axis[3] if len(axis) > 3 else "XYZ"),
            tuple(word.lower() for word in bone.get("dof", []) if word.lower()[:1] in "rt"),
        )
    order = tuple(word.lower() for word in root.get("order", ["tx", "ty", "tz", "rx", "ry", "rz"]))
    orientation = numbers({"orientation": ["0", "0", "0"], **root}, "orientation", 3)
    by_name["root"] = (
        numbers({"position": ["0", "0", "0"], **root}, "position", 3),
        turn(orientation, (root.get("axis") or ["XYZ"])[0]),
        order,
    )

    names, parents = ["root"], [-1]
    for number, (parent, *children) in links:
        if parent not in names:
            raise MotionGPTError(f"{path}, line {number}: bone {parent!r} is used before it is linked to the root.")
        for child in children:
            if child not in by_name or child in names:
                raise MotionGPTError(f"{path}, line {number}: bone {child!r} is unknown or linked twice.")
            names.append(child)
            parents.append(names.index(parent))
    try:
        length = float(units["length"])
    except (KeyError, ValueError):
        length = 0.0
    return AcclaimSkeleton(
        names=tuple(names),
        parents=tuple(parents),
        offsets=np.array([by_name[name][0] for name in names]),
        axes=np.array([by_name[name][1] for name in names]),
        channels=tuple(by_name[name][2] for name in names),
        angle=angle,
        unit=0.0254 / length if length > 0 else None,
    )


def find_asf(path: Path) -> Path:
    """The skeleton of a motion: SS.asf for SS_TT.amc, else the only .asf in the folder.

    Raises:
        MotionGPTError: no candidate, or several.
    """
    found = sorted(file for file in path.parent.iterdir() if file.suffix.lower() == ".asf")
    named = [file for file in found if path.stem == file.stem or path.stem.startswith(f"{file.stem}_")]
    if named:
        return max(named, key=lambda file: len(file.stem))
    if len(found) == 1:
        return found[0]
    reason = (
        "there is no .asf beside it" if not found else f"none of the {len(found)} .asf files beside it has its name"
    )
    raise MotionGPTError(f"{path}: {reason}; give its skeleton with --skeleton (in Python skeleton=).")


def _read_values(path: Path, skeleton: AcclaimSkeleton) -> dict[str, np.ndarray]:
    """The numbers of every bone in the file, (T, channels), by bone name."""
    # Some files end with "\x1a" and blank lines.
    lines = [line.strip() for line in read_text(path).rstrip("\x1a \t\r\n").splitlines()]
    start = 0
    while start < len(lines) and lines[start][:1] in ("", "#", ":"):
        start += 1
    body = lines[start:]
    if not body:
        raise MotionGPTError(f"{path}: there are no frames; expected a frame number, then one line per bone.")
    height = 1
    while height < len(body) and not body[height].isdigit():
        height += 1
    counts = {name: len(channels) for name, channels in zip(skeleton.names, skeleton.channels, strict=True)}
    frames = len(body) // height
    values: dict[str, np.ndarray] = {}
    try:
        if len(body) != frames * height or not all(line.isdigit() for line in body[::height]):
            raise ValueError("a part of a frame")
        for row in range(1, height):
            column = body[row::height]
            name = column[0].split(None, 1)[0]
            if not all(line.startswith(name) for line in column):
                raise ValueError("another bone")
            numbers = rig.parse_floats(" ".join([line[len(name) :] for line in column]))
            values[name] = numbers.reshape(frames, counts[name])
    except (ValueError, KeyError, IndexError):
        raise _fault(path, body, start, height, counts) from None
    for name, numbers in values.items():
        bad = ~np.isfinite(numbers).all(axis=-1)
        if bad.any():
            raise MotionGPTError(
                f"{path}: frame {int(bad.argmax()) + 1}, bone {name!r} is not a finite number; repair or remove "
                "the frame."
            )
    return values


def _fault(path: Path, body: list[str], start: int, height: int, counts: dict[str, int]) -> MotionGPTError:
    """The error that names the line where the frames are broken; ``start`` is the number of lines before them."""
    first = [line.split(None, 1)[0] if line else "" for line in body[:height]]
    for row, line in enumerate(body):
        frame, part = divmod(row, height)
        where = f"{path}, line {start + row + 1}"
        words = line.split()
        name = first[part]
        if part == 0:
            if not line.isdigit():
                return MotionGPTError(f"{where}: expected the number of frame {frame + 1}, found {line[:40]!r}.")
            continue
        if name not in counts:
            return MotionGPTError(f"{where}: bone {name!r} is not in the skeleton; give the right one with --skeleton.")
        if not words or words[0] != name:
            return MotionGPTError(f"{where}: expected bone {name!r} of frame {frame + 1}, found {line[:40]!r}.")
        try:
            count = len([float(word) for word in words[1:]])
        except ValueError:
            return MotionGPTError(f"{where}: expected a bone and numbers, found {line[:60]!r}.")
        if count != counts[name]:
            return MotionGPTError(
                f"{where}: bone {name!r} has {count} number(s), but {counts[name]} in the skeleton; either the file is "
                f"truncated in frame {frame + 1}, or the skeleton belongs to another motion."
            )
    frames = len(body) // height
    return MotionGPTError(
        f"{path}, line {start + len(body)}: truncated in frame {frames + 1} after {len(body) % height} of {height} "
        f"lines; only the {frames} frames before are complete."
    )


def read(
    path: Path,
    *,
    fps: float | None = None,
    unit: str | float | None = None,
    up: str | None = None,
    skeleton: str | Path | None = None,
    joint_map: str | Path | None = None,
) -> Reading:
    """Read an .amc with its .asf.

    Args:
        path: the motion.
        fps: frame rate; None stands for 120.
        unit: overrides the length unit of the skeleton (see :data:`motiongpt.formats.rig.UNITS`).
        up: the vertical axis, see :data:`motiongpt.formats.orientation.AXES`; None finds it from the body.
        skeleton: the .asf; None looks for it beside the motion (see :func:`find_asf`).
        joint_map: a file that says which bones are which, see :mod:`motiongpt.formats.joint_map_file`.

    Returns:
        Joints (T, 22, 3) in the performer's proportions and world placement, metres, Y up.

    Raises:
        MotionGPTError: a broken or truncated file, a missing or foreign skeleton, an unknown rig.
    """
    asf = read_asf(find_asf(path) if skeleton is None else Path(skeleton))
    values = _read_values(path, asf)
    mapping = joint_maps.find(asf.names, str(path), parents=asf.parents, joint_map=joint_map)
    keep = rig.needed(list(asf.parents), mapping.used)
    frames = len(next(iter(values.values())))
    angles = np.zeros((frames, len(keep), 3))
    # The listed order is about fixed axes, the reverse of intrinsic order, so the slots are filled from the last one.
    axes = np.tile([0, 1, 2], (len(keep), 1))
    place_of_root = np.tile(asf.offsets[0], (frames, 1))
    for slot, bone in enumerate(keep):
        channels = asf.channels[bone]
        if not channels:
            continue
        if asf.names[bone] not in values:
            raise MotionGPTError(
                f"{path}: the file is truncated, its frames lack bone {asf.names[bone]!r}; get it again."
            )
        numbers = values[asf.names[bone]]
        turns = [i for i, channel in enumerate(channels) if channel[0] == "r"]
        for place, i in zip(range(2, -1, -1), turns, strict=False):
            axes[slot, place] = _AXES[channels[i][1]]
            angles[:, slot, place] = numbers[:, i] * asf.angle
        if bone == 0:
            for i, channel in enumerate(channels):
                if channel[0] == "t":
                    place_of_root[:, _AXES[channel[1]]] += numbers[:, i]
    axis = asf.axes[keep]
    local = rig.euler_quaternions(angles, axes)
    local = rotations.multiply(rotations.multiply(axis, local), rotations.conjugate(axis))
    parents = [keep.index(asf.parents[bone]) if bone else -1 for bone in keep]
    # A joint is the far end of its bone, so the rotation of a bone turns its own offset (but not the root's position).
    along = rotations.rotate(local[:, 1:], asf.offsets[keep[1:]])
    translations = np.concatenate([place_of_root[:, None], along], axis=1)
    positions = np.empty((frames, len(asf.names), 3))
    positions[:, keep] = rig.forward(parents, local, translations)
    rate = DEFAULT_FPS if fps is None else rig.check_fps(fps, str(path))
    figure = Figure(asf.names, asf.parents)
    return read_rig(figure, mapping, positions, path, fps=rate, up=up, lead=STRICT, unit=unit, declared_unit=asf.unit)
