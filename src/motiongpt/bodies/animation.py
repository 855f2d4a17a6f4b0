"""From bones that turn and move in the world to the keys of an animation, which are relative to the parents."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motiongpt.bodies.character import Character, orthonormal
from motiongpt.bodies.posing import continuous
from motiongpt.motion import rotations


@dataclass(frozen=True)
class Animation:
    """A motion of a character.

    Attributes:
        name: of the motion, or its text.
        fps: frames a second.
        rotations: bone -> (T, 4) rotation relative to the parent (w, x, y, z), without jumps of sign.
        translations: bone -> (T, 3) place in the coordinates of the parent, for bones that leave their place.
    """

    name: str
    fps: float
    rotations: dict[int, np.ndarray]
    translations: dict[int, np.ndarray]


def animate(
    character: Character, turned: dict[int, np.ndarray], moved: dict[int, np.ndarray], name: str, fps: float
) -> Animation:
    """The animation of bones that are turned and moved in the world.

    Args:
        character: the bones at rest.
        turned: bone -> (T, 4) rotation in the world relative to the rest pose; other bones turn with their parents.
        moved: bone -> (T, 3) place in the world; other bones keep their place at their parents.
        name: of the animation.
        fps: frames a second.
    """
    wanted: set[int] = set()
    for bone in {*turned, *moved}:
        wanted.update(character.path(bone))
    still = np.tile([1.0, 0.0, 0.0, 0.0], (len(next(iter(turned.values()))), 1))
    world: dict[int, np.ndarray] = {}
    place: dict[int, np.ndarray] = {}
    turns, shifts = {}, {}
    for bone in sorted(wanted):
        parent = character.parents[bone]
        above = world[parent] if parent >= 0 else still
        world[bone] = turned.get(bone, above)
        if bone in turned:
            # The turn against the parent, in the parent's own axes.
            local = rotations.multiply(rotations.conjugate(above), world[bone])
            if parent >= 0:
                axes = rotations.from_matrix(orthonormal(character.frames[parent]))
                local = rotations.multiply(rotations.multiply(rotations.conjugate(axes), local), axes)
            turns[bone] = continuous(rotations.multiply(local, character.local[bone])[:, None])[:, 0]
        if bone in moved:
            place[bone] = shifts[bone] = moved[bone]
            if parent >= 0:
                way = rotations.rotate(rotations.conjugate(above), moved[bone] - place[parent])
                shifts[bone] = way @ np.linalg.inv(character.frames[parent]).T
        elif parent >= 0:
            rest = character.places[bone] - character.places[parent]
            place[bone] = place[parent] + rotations.rotate(above, rest)
        else:
            place[bone] = np.tile(character.places[bone], (len(still), 1))
    return Animation(name, fps, turns, shifts)
