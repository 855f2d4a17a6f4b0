"""The character in a BVH file, and writing it with another motion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from motiongpt.bodies.animation import Animation
from motiongpt.bodies.character import Character
from motiongpt.formats import bvh, joint_maps, orientation
from motiongpt.formats.character_joints import find_joints
from motiongpt.formats.figure import Figure
from motiongpt.motion import rotations


@dataclass(frozen=True)
class RiggedBvh:
    """A character and its file.

    Attributes:
        character: its bones are the joints of the file, turned so that Y is up.
        content: of the file.
        upright: (4,) rotation that makes the vertical axis of the file Y.
        remarks: what was guessed, a sentence each.
    """

    character: Character
    content: bvh.Bvh
    upright: np.ndarray
    remarks: tuple[str, ...]

    def save(self, animations: Sequence[Animation], path: Path, *, keep_clips: bool = True) -> None:
        """Write the skeleton with the first animation instead of the motion that it has.

        Raises:
            MotionGPTError: the folder cannot be written.
        """
        animation = animations[0]
        turns = np.tile(
            [1.0, 0.0, 0.0, 0.0], (len(next(iter(animation.rotations.values()))), len(self.content.names), 1)
        )
        for bone, turn in animation.rotations.items():
            turns[:, bone] = turn
        # The root has no parent that stands as the file does.
        back = rotations.conjugate(self.upright)
        turns[:, 0] = rotations.multiply(rotations.multiply(back, turns[:, 0]), self.upright)
        places = {bone: rotations.rotate(back, at) if bone == 0 else at for bone, at in animation.translations.items()}
        bvh.save(replace(self.content, channels=self._channels(animation)), turns, places, animation.fps, path)

    def _channels(self, animation: Animation) -> list[tuple[str, ...]]:
        """The channels of the file, and those that it needs beside."""
        result = []
        for bone, channels in enumerate(self.content.channels):
            places = tuple(c for c in channels if c.endswith("position"))
            turns = tuple(c for c in channels if c.endswith("rotation"))
            if bone in animation.translations and len(places) < 3:
                places = bvh.POSITIONS
            if len(turns) < 3 and (turns or bone in animation.rotations):
                turns = bvh.ROTATIONS
            result.append(places + turns if channels[:1] == places[:1] or not channels else turns + places)
        return result


def read(path: Path, joint_map: str | Path | None = None) -> RiggedBvh:
    """Find the character in a .bvh, at rest where all its rotations are zero.

    Raises:
        MotionGPTError: a broken file, or none of a person.
    """
    content = bvh.parse(path)
    mapping = joint_maps.find(content.names, str(path), content.offsets, content.parents, joint_map=joint_map)
    places = content.offsets.copy()
    for joint, parent in enumerate(content.parents):
        places[joint] += places[parent] if parent >= 0 else 0
    mapping = mapping.settled(places[None], str(path))
    vertical = orientation.find(mapping.apply(places[None]), str(path))
    turn = rotations.from_matrix(orientation.TURNS[vertical.axis])
    figure = Figure(content.names, content.parents, content.offsets)
    joints, trunk = find_joints(mapping, figure, range(len(content.names)), content.parents)
    count = len(content.names)
    character = Character(
        name=str(path),
        names=tuple(content.names),
        parents=tuple(content.parents),
        places=rotations.rotate(turn, places - places[0]),
        frames=np.tile(rotations.to_matrix(turn), (count, 1, 1)),
        local=np.tile([1.0, 0.0, 0.0, 0.0], (count, 1)),
        joints=joints,
        trunk=trunk,
    )
    return RiggedBvh(character, content, turn, (*mapping.remarks, *vertical.remarks))
