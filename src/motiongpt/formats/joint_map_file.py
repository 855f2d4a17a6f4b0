"""A file that says which joints of a rig are which: YAML, a line for each joint of HumanML3D.

``left_knee: LeftLeg`` takes one joint of the rig, ``left_ankle: [heel_l, ball_l]`` the middle of several. ``spine1``,
``spine2`` and ``spine3`` together list the spine joints of the rig between pelvis and neck, from low to high. Joints
that are left out are found by name and place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path

from motiongpt.errors import MotionGPTError
from motiongpt.files import atomic_path
from motiongpt.formats.figure import JointSource
from motiongpt.motion.skeleton import HUMANML3D


def read(path: Path, names: Sequence[str], source: str) -> dict[str, tuple[int, ...]]:
    """Indices of rig joints by HumanML3D joint, as a joint map file gives them.

    Args:
        path: the joint map.
        names: of the rig's joints.
        source: the motion file, for messages.

    Raises:
        MotionGPTError: no such file, no YAML of this kind, an unknown joint of HumanML3D or of the rig.
    """
    import yaml  # imported here: few commands need it

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise MotionGPTError(f"{path}: the joint map cannot be read ({error}).") from error
    except yaml.YAMLError as error:
        raise MotionGPTError(f"{path}: the joint map is no YAML ({' '.join(str(error).split())}).") from error
    if not isinstance(content, dict) or not content:
        raise MotionGPTError(f"{path}: a joint map needs lines such as 'left_knee: LeftLeg'.")
    result: dict[str, tuple[int, ...]] = {}
    taken: dict[int, str] = {}
    for key, value in content.items():
        if key not in HUMANML3D.joints:
            raise MotionGPTError(
                f"{path}: {key!r} is no joint of HumanML3D{_nearest(str(key), HUMANML3D.joints)}; its joints are "
                f"{', '.join(HUMANML3D.joints)}."
            )
        group = []
        for name in value if isinstance(value, list) else [] if value is None else [value]:
            if str(name) not in names:
                raise MotionGPTError(
                    f"{path}: {key}: there is no joint {str(name)!r} in {source}{_nearest(str(name), names)}."
                )
            group.append(list(names).index(str(name)))
        for index in group if not key.startswith("spine") else ():
            if index in taken:
                raise MotionGPTError(
                    f"{path}: {key}: joint {names[index]!r} is that of {taken[index]} already; give another one."
                )
            taken[index] = key
        if group:
            result[key] = tuple(group)
    return result


def _nearest(name: str, known: Sequence[str]) -> str:
    close = get_close_matches(name, known, 1, 0.6)
    return f" (nearest is {close[0]!r})" if close else ""


def write(joints: Mapping[str, JointSource], path: Path) -> Path:
    """Write the joint map of a reading (``Reading.joints``) as a start for editing.

    Joints that no joint of the file stands for become comments. Given to the reader again as it is, the map makes no
    difference.

    Returns:
        The path.
    """
    import yaml  # imported here: few commands need it

    lines = ["# HumanML3D joint: joint of the file, or [several]; joints without a line are found by name and place."]
    for joint in HUMANML3D.joints:
        source = joints.get(joint)
        if source is None or not source.names:
            lines.append(f"# {joint}:")
            continue
        value = source.names[0] if len(source.names) == 1 else list(source.names)
        # A name in a list of its own is quoted where YAML asks for it.
        text = yaml.safe_dump([value], allow_unicode=True, default_flow_style=True, width=10**6).strip()[1:-1]
        note = "" if source.how in ("name", "joint map") else f"  # {source.how}"
        lines.append(f"{joint}: {text}{note}")
    with atomic_path(path) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
