"""A character of another make at rest: its bones, and which of them are the joints of a person.

World space has Y up; its unit is that of the file. A character may face anywhere and stand in any pose.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from motiongpt.motion import rotations

# The joints of each limb, from the body outwards.
LEG, ARM = ("hip", "knee", "ankle", "foot"), ("shoulder", "elbow", "wrist")
SIDES = ("left", "right")


@dataclass(frozen=True)
class Skin:
    """The mesh of a character at rest.

    Attributes:
        vertices: (V, 3) in the world.
        faces: (F, 3) triangles.
        bones: (V,) index of the bone that each vertex follows most.
    """

    vertices: np.ndarray
    faces: np.ndarray
    bones: np.ndarray


@dataclass(frozen=True)
class Character:
    """N bones at rest.

    Attributes:
        name: of the file, for messages.
        names: of the bones.
        parents: (N,) parent of each bone, -1 for a root; parents come first.
        places: (N, 3) where the bones begin.
        frames: (N, 3, 3) from the coordinates of a bone to those of the world: rotation and scale.
        local: (N, 4) rotations relative to the parent, apart from scale.
        joints: joint of HumanML3D -> bone. Hips, knees, ankles, shoulders and elbows are always there; so are the
            pelvis and at least one spine joint, the neck or the head.
        trunk: bones of the spine, from the lowest to the highest.
        deforming: bones that a skin follows; empty where there is no skin.
        skin: the mesh; None where there is none that can be read.
    """

    name: str
    names: tuple[str, ...]
    parents: tuple[int, ...]
    places: np.ndarray
    frames: np.ndarray
    local: np.ndarray
    joints: Mapping[str, int]
    trunk: tuple[int, ...]
    deforming: frozenset[int] = frozenset()
    skin: Skin | None = field(default=None, repr=False)

    def path(self, bone: int) -> list[int]:
        """From the root to a bone."""
        result = []
        while bone >= 0:
            result.append(bone)
            bone = self.parents[bone]
        return result[::-1]

    def between(self, top: int, bottom: int) -> list[int] | None:
        """The bones after ``top`` and before ``bottom``; None if one does not hang from the other."""
        path = self.path(bottom)
        return path[path.index(top) + 1 : -1] if top in path[:-1] else None

    @cached_property
    def below(self) -> tuple[frozenset[int], ...]:
        """Of each bone, itself and all bones that hang from it."""
        sets: list[set[int]] = [{bone} for bone in range(len(self.parents))]
        for bone in range(len(self.parents) - 1, -1, -1):
            if self.parents[bone] >= 0:
                sets[self.parents[bone]] |= sets[bone]
        return tuple(map(frozenset, sets))

    @cached_property
    def base(self) -> int:
        """The lowest bone that carries legs, spine and arms: the one that moves through the world."""
        carried = [self.joints[f"{side}_{part}"] for side in SIDES for part in ("hip", "shoulder")]
        above = [set(self.path(bone)) for bone in (self.joints["pelvis"], *carried)]
        shared = set.intersection(*above)
        return max(shared, key=lambda bone: len(self.path(bone)), default=-1)

    @cached_property
    def root(self) -> int:
        """The bone above the base that stands for the place of the character: the topmost one that a skin follows, else
        the parent of the base; -1 without one."""
        above = self.path(self.base)[:-1]
        return next((bone for bone in above if bone in self.deforming), above[-1] if above else -1)

    @cached_property
    def neck(self) -> list[int]:
        """The bones from the first neck bone to the last one below the head, and the head."""
        head, neck = self.joints.get("head"), self.joints.get("neck")
        if head is None:
            return [] if neck is None else [neck]
        if neck is None or (inner := self.between(neck, head)) is None:
            return [head]
        return [neck, *inner, head]

    @cached_property
    def leg_length(self) -> float:
        """From hip to ankle over the knee, mean of both legs."""
        at = {joint: self.places[bone] for joint, bone in self.joints.items()}
        pairs = [(f"{side}_{a}", f"{side}_{b}") for side in SIDES for a, b in (("hip", "knee"), ("knee", "ankle"))]
        return float(sum(np.linalg.norm(at[b] - at[a]) for a, b in pairs)) / 2

    @cached_property
    def sole(self) -> float:
        """Height of the soles: the lowest vertex of the feet, or, without a mesh, the lowest joint of the feet."""
        feet = [
            self.joints[f"{side}_{part}"]
            for side in SIDES
            for part in ("ankle", "foot")
            if f"{side}_{part}" in self.joints
        ]
        if self.skin is not None:
            own = set().union(*(self.below[bone] for bone in feet))
            vertices = self.skin.vertices[np.isin(self.skin.bones, list(own))]
            if len(vertices):
                return float(vertices[:, 1].min())
        return float(self.places[feet, 1].min())

    def twists(self, top: int, bottom: int) -> dict[int, float]:
        """Bones that share the twist of a limb's bone, which lie along it and carry nothing else: share of the way.

        Args:
            top: the bone.
            bottom: where it ends.
        """
        start, way = self.places[top], self.places[bottom] - self.places[top]
        length = float(np.linalg.norm(way))
        joints = set(self.joints.values())
        result = {}
        for bone, parent in enumerate(self.parents):
            if parent != top or self.below[bone] & joints or (self.deforming and bone not in self.deforming):
                continue
            # A helper with bones of its own, such as a muscle or a pad with its tip, is no twist bone.
            if len(self.below[bone] & self.deforming) > 1:
                continue
            share = float((self.places[bone] - start) @ way) / length**2
            off = np.linalg.norm(self.places[bone] - start - share * way)
            if off < 0.1 * length and -0.05 <= share <= 1.0:
                result[bone] = min(max(share, 0.0), 1.0)
        return result


def orthonormal(linear: np.ndarray) -> np.ndarray:
    """The rotations (..., 3, 3) nearest to matrices (..., 3, 3) of rotation and scale; a mirroring is left out."""
    u, _, vt = np.linalg.svd(linear)
    turn = u @ vt
    return turn * np.sign(np.linalg.det(turn))[..., None, None]


def unit(v: np.ndarray) -> np.ndarray:
    """Vectors (..., 3) of length 1."""
    return v / np.maximum(np.linalg.norm(v, axis=-1, keepdims=True), 1e-12)


def yaw(direction: np.ndarray, onto: np.ndarray) -> np.ndarray:
    """The rotation (4,) about Y that turns one direction (3,) onto another one, seen from above."""
    level = np.array([1.0, 0.0, 1.0])
    if min(np.linalg.norm(direction * level), np.linalg.norm(onto * level)) < 1e-6:
        return np.array([1.0, 0.0, 0.0, 0.0])
    angle = np.arctan2(onto[0], onto[2]) - np.arctan2(direction[0], direction[2])
    return rotations.about("Y", np.array(angle))
