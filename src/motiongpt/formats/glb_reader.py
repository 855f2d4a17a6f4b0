"""Reading the skeleton animations of glTF files (.glb, .gltf, .vrm, .vrma).

Format: glTF 2.0 (Khronos Group, ISO/IEC 12113:2022), metres, Y up. Meshes and materials are ignored.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from motiongpt.errors import MotionGPTError
from motiongpt.formats import frame_rate, joint_maps, lead_in, rig
from motiongpt.formats.gltf import figure as figures
from motiongpt.formats.gltf.document import Document
from motiongpt.formats.orientation import STRICT
from motiongpt.formats.reading import Figure, JointSource, Reading, read_rig
from motiongpt.motion import rotations

# World positions that are held at once: hours of a body with fingers.
_MAX_POSITIONS = 2**25


def _labelled(document: Document) -> dict[str, dict[str, Any]]:
    """The animations by name; one without a name is "clip N", counted from 1, and namesakes are numbered."""
    animations = document.json.get("animations", [])
    if not animations:
        avatar = ", as .vrm avatars have none; their motion is in .vrma files" if document.path.suffix == ".vrm" else ""
        raise MotionGPTError(
            f"{document.path}: has no animation, only a pose{avatar or '; export it with its animation'}."
        )
    result: dict[str, dict[str, Any]] = {}
    for i, animation in enumerate(animations, start=1):
        name = label = str(animation.get("name") or f"clip {i}")
        again = 1
        while label in result:
            again += 1
            label = f"{name} ({again})"
        result[label] = animation
    return result


def _listed(names: list[str]) -> str:
    """Names for a message, not all of them where there are many."""
    return ", ".join(names) if len(names) <= 12 else f"{', '.join(names[:10])} and {len(names) - 10} more"


def _chosen(document: Document, clips: dict[str, dict[str, Any]], clip: str | None) -> tuple[str, list[str]]:
    """The clip to read and a remark if it was guessed."""
    if clip is not None:
        found = [name for name in clips if name == clip] or [n for n in clips if n.lower() == clip.lower()]
        if len(found) != 1:
            raise MotionGPTError(f"{document.path}: has no animation {clip!r}; it has {_listed(list(clips))}.")
        return found[0], []
    if len(clips) == 1:
        return next(iter(clips)), []
    why = "the first one, as none moves the body"
    chosen = next(iter(clips))
    for name, animation in clips.items():
        moved = figures.targets(animation, document)
        nodes = figures.bodies(document, moved)
        wanted = set(figures.with_ancestors(document, nodes[0])) if nodes else set()
        if any(track.moves for track in figures.tracks(document, animation, wanted)):
            chosen, why = name, "the first one that moves"
            break
    return chosen, [
        f"Of {len(clips)} clips ({_listed(list(clips))}), {chosen!r} was read, {why}; --clip NAME takes another one, "
        "and --all-clips DIR writes each to a file."
    ]


def find_body(
    document: Document, moved: set[int], joint_map: str | Path | None
) -> tuple[list[int], joint_maps.Mapping, Figure, figures.Rest]:
    """The nodes of the body, their joint map, rig and rest pose.

    Args:
        document: the file.
        moved: nodes that a clip moves.
        joint_map: a file that says which joints are which.

    Raises:
        MotionGPTError: there is no body of a person in it.
    """
    bones = figures.humanoid(document)
    refusal: MotionGPTError | None = None
    for nodes in figures.bodies(document, moved):
        rest = figures.rest_pose(document, nodes)
        place = {node: i for i, node in enumerate(nodes)}
        parents = []
        for node in nodes:
            parent = document.parents[node]
            while parent >= 0 and parent not in place:
                parent = document.parents[parent]
            parents.append(place.get(parent, -1))
        offsets = rest.places - np.where(np.array(parents)[:, None] < 0, 0, rest.places[parents])
        names = [bones[node] for node in nodes] if bones else [document.names[node] for node in nodes]
        try:
            mapping = joint_maps.find(names, str(document.path), offsets, parents, joint_map=joint_map)
        except MotionGPTError as error:
            refusal = refusal or error
        else:
            return nodes, mapping, Figure(names, parents, offsets), rest
    raise refusal or MotionGPTError(f"{document.path}: has no nodes, so no skeleton; export it again.")


def _times(keys: list[figures.Track], fps: float | None, joints: int, source: str) -> tuple[np.ndarray, float, str]:
    """The times at which a clip is sampled, frames per second, and how these were decided."""
    first, last = min(track.times[0] for track in keys), max(track.times[-1] for track in keys)
    if fps is None:
        fps, why = frame_rate.of_keys(max((track.times for track in keys), key=len))
    else:
        fps, why = rig.check_fps(fps, source), "given"
    frames = (last - first) * fps + 1
    if frames * joints > _MAX_POSITIONS:
        raise MotionGPTError(
            f"{source}: {last - first:.0f} s at {fps:g} frames per second are too many; give a lower rate with --fps, "
            "or cut the clip."
        )
    return first + np.arange(int(np.floor(frames + 1e-3))) / fps, fps, f"{fps:g}: {why}"


def _turned(document: Document, nodes: list[int], keys: list[figures.Track], rest: figures.Rest) -> np.ndarray:
    """(N,) degrees by which each node is rotated against the rest pose at the start of a clip."""
    first = figures.local_at(document, nodes, keys, np.array([min(track.times[0] for track in keys)]))
    pairs = np.array([(first[node][0, :3, :3], rest.turns[node]) for node in nodes])
    length = np.linalg.norm(pairs, axis=-2, keepdims=True)
    unscaled = pairs / np.where(length > 1e-9, length, 1)
    quaternions = rotations.from_matrix(unscaled)
    cosine = np.abs((quaternions[:, 0] * quaternions[:, 1]).sum(axis=-1))
    return np.degrees(2 * np.arccos(np.clip(cosine, 0, 1)))


def _read(
    document: Document,
    clip: str | None,
    fps: float | None,
    unit: str | float | None,
    up: str | None,
    joint_map: str | Path | None,
    drop_first_frame: str | bool,
) -> Reading:
    path = document.path
    with document.reading():
        clips = _labelled(document)
        name, remarks = _chosen(document, clips, clip)
        animation = clips[name]
        moved = figures.targets(animation, document)
        nodes, mapping, figure, rest = find_body(document, moved, joint_map)
        used = [nodes[joint] for joint in mapping.used]
        keys = figures.tracks(document, animation, set(figures.with_ancestors(document, used)))
        if not keys:
            raise MotionGPTError(
                f"{path}: the animation {name!r} does not move the skeleton; give another one with --clip "
                f"({_listed(list(clips))}), or export it again."
            )
        at, fps, decided = _times(keys, fps, len(nodes), str(path))
        keys, vanishes = figures.at_full_size(keys)
        positions = np.full((len(at), len(nodes), 3), np.nan)
        positions[:, mapping.used] = figures.move(document, used, keys, at)
        turned = _turned(document, used, keys, rest)
        skip, left_out = lead_in.dropped(drop_first_frame, turned, mapping.apply(positions), fps, str(path))
        bodies = figures.count_moving(document, moved)
    if vanishes:
        remarks.append("The clip scales the body down to nothing and back, as an effect; it was read at full size.")
    if bodies > 1 and not figures.humanoid(document):
        remarks.append(f"Of {bodies} bodies that move, the one with the most moving joints was read.")
    title = str(animation.get("name") or path.stem)
    reading = read_rig(
        figure, mapping, positions[skip:], path, fps=fps, unit=unit, up=up, lead=STRICT, declared_unit=1.0, name=title
    )
    return replace(
        reading,
        decided={**reading.decided, "fps": decided},
        joints=_sources(document, nodes, figure.names, reading),
        clips=tuple(clips),
        clip=name,
        remarks=(*remarks, *left_out, *reading.remarks),
    )


def _sources(document: Document, nodes: list[int], names: Sequence[str], reading: Reading) -> dict[str, JointSource]:
    """The sources of the joints by the names in the file; a VRM says itself which they are."""
    written = {name: document.names[node] for node, name in zip(nodes, names, strict=True)}
    vrm = bool(figures.humanoid(document))
    return {
        joint: JointSource(
            tuple(written.get(name, name) for name in source.names),
            1.0 if vrm else source.confidence,
            "VRM humanoid bone" if vrm else source.how,
        )
        for joint, source in reading.joints.items()
    }


def read(
    path: Path,
    *,
    fps: float | None = None,
    unit: str | float | None = None,
    up: str | None = None,
    joint_map: str | Path | None = None,
    clip: str | None = None,
    drop_first_frame: str | bool = "auto",
) -> Reading:
    """Read one animation of a .glb, .gltf, .vrm or .vrma.

    Args:
        path: the file; buffers of a .gltf are read from its folder only.
        fps: frame rate at which the curves are sampled; None stands for that of the keys, or for 30 where these are
            sparse.
        unit: length unit of the file or metres in one unit; None stands for metres if the legs are plausible then, else
            it is estimated from them.
        up: the vertical axis, see :data:`motiongpt.formats.orientation.AXES`; None finds it from the body.
        joint_map: a file that says which joints are which, see :mod:`motiongpt.formats.joint_map_file`.
        clip: name of the animation; None stands for the first one that moves the body.
        drop_first_frame: "auto" leaves out a rest pose before the recording, True the first frame, False none.

    Returns:
        Joints (T, 22, 3) in the performer's proportions and world placement, metres, Y up.

    Raises:
        MotionGPTError: a damaged file, no (such) animation, an unknown rig, no human size.
    """
    return _read(Document(path), clip, fps, unit, up, joint_map, drop_first_frame)


def read_clips(
    path: Path,
    *,
    fps: float | None = None,
    unit: str | float | None = None,
    up: str | None = None,
    joint_map: str | Path | None = None,
    drop_first_frame: str | bool = "auto",
) -> Iterator[tuple[str, Reading | MotionGPTError]]:
    """Read all animations of a file, one after another; arguments are those of :func:`read`.

    Yields:
        The name of each animation, and what was read, or why it cannot be.

    Raises:
        MotionGPTError: the file cannot be read at all.
    """
    document = Document(path)
    with document.reading():
        names = list(_labelled(document))
    for name in names:
        try:
            yield name, _read(document, name, fps, unit, up, joint_map, drop_first_frame)
        except MotionGPTError as error:
            yield name, error
