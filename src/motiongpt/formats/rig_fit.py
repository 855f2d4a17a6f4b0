"""From joint positions to the rotations of a rig in T-pose, for files that store rotations.

The rig is the HumanML3D skeleton with the motion's own bone lengths. Every bone is turned exactly onto its measured
direction, so a motion with constant bone lengths keeps its joint positions. What positions leave open, the
turn of a bone about itself, is settled the way a body moves:

* the pelvis by the line through the hips, the chest by the line through the collars; the turn between them is spread
  over the spine;
* thighs and upper arms so that knees and elbows bend like hinges, thighs also so that the toes point forward; while a
  limb tells neither, the turn is interpolated in time;
* every other bone turns by the shortest way from its parent.

Hips and collars are not rigid to pelvis and chest in every motion (a shrug moves the collars), so each of
the four has a joint of zero length before it, like "LHipJoint" of the CMU conversions, named "left_hip_base".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

from motiongpt.errors import MotionGPTError
from motiongpt.formats.rest_pose import REST_DIRECTIONS
from motiongpt.motion import rotations
from motiongpt.motion.motion import Motion
from motiongpt.motion.skeleton import HUMANML3D

_BASES = ("left_hip", "right_hip", "left_collar", "right_collar")
# The axis about which the knee or elbow below the joint bends at rest.
_HINGES = {
    "left_hip": (1.0, 0.0, 0.0),
    "right_hip": (1.0, 0.0, 0.0),
    "left_shoulder": (0.0, -1.0, 0.0),
    "right_shoulder": (0.0, 1.0, 0.0),
}
# A limb bent less than this (sine of the angle) does not tell the plane of its hinge.
_BENT = np.sin(np.radians(25))
# A knee tells it better than the foot, which may be turned out.
_KNEE_WEIGHT = 2.0
_TWIST_SMOOTHING_SECONDS = 0.1
# Tips that make the last bones visible, in leg lengths (hip to ankle).
_TIPS = {
    "head": (0.0, 0.22, 0.03),
    "left_foot": (0.0, 0.0, 0.08),
    "right_foot": (0.0, 0.0, 0.08),
    "left_wrist": (0.1, 0.0, 0.0),
    "right_wrist": (-0.1, 0.0, 0.0),
}


@dataclass(frozen=True)
class FittedRig:
    """Rotations of a rig.

    Attributes:
        names, parents: N joints, depth first, parents before children, -1 for the root.
        offsets: (N, 3) metres from the parent at rest (T-pose, Y up, facing +Z).
        tips: (3,) offset of the end of the last bones, by joint name.
        quaternions: (T, N, 4) rotations relative to the parent.
        root: (T, 3) positions of the pelvis.
    """

    names: tuple[str, ...]
    parents: tuple[int, ...]
    offsets: np.ndarray
    tips: dict[str, np.ndarray]
    quaternions: np.ndarray
    root: np.ndarray


def _unit(v: np.ndarray) -> np.ndarray:
    return v / np.maximum(np.linalg.norm(v, axis=-1, keepdims=True), 1e-12)


def _frame(up: np.ndarray, across: np.ndarray) -> np.ndarray:
    """Rotation matrices (..., 3, 3) with column 1 along ``up`` and column 0 as near to ``across`` as that allows."""
    y = _unit(up)
    z = _unit(np.cross(across, y))
    return np.stack([np.cross(y, z), y, z], axis=-1)


def _twist(axis: np.ndarray, source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Signed angle (T,) about ``axis`` (T, 3) that brings ``source`` to ``target`` seen along the axis."""
    sine = (np.cross(source, target) * axis).sum(-1)
    cosine = (source * target).sum(-1) - (source * axis).sum(-1) * (target * axis).sum(-1)
    return np.arctan2(sine, cosine)


def _about(axis: np.ndarray, angle: np.ndarray) -> np.ndarray:
    return rotations.from_axis_angle(axis * angle[:, None])


class _Fit:
    """World rotations found joint by joint; ``world[name]`` turns the bones that leave the joint."""

    def __init__(self, motion: Motion) -> None:
        skeleton = motion.skeleton
        self.fps = motion.fps
        self.joints = {name: motion.joints[:, i].astype(np.float64) for i, name in enumerate(skeleton.joints)}
        self.parent = {
            name: skeleton.joints[p] for name, p in zip(skeleton.joints, skeleton.parents, strict=True) if p >= 0
        }
        self.offset: dict[str, np.ndarray] = {}
        for i, name in enumerate(skeleton.joints):
            length = 0.0 if i == 0 else np.median(np.linalg.norm(self.bone(name), axis=-1))
            self.offset[name] = REST_DIRECTIONS[i] * length
        self.world: dict[str, np.ndarray] = {}

    def bone(self, name: str) -> np.ndarray:
        """(T, 3) from the parent to the joint."""
        return self.joints[name] - self.joints[self.parent[name]]

    def carried(self, start: np.ndarray, child: str) -> np.ndarray:
        """``start`` turned the shortest way so that the bone to ``child`` points where it does."""
        return rotations.multiply(
            rotations.between(rotations.rotate(start, self.offset[child]), self.bone(child)), start
        )

    def hub(self, name: str, middle: str, left: str, right: str) -> None:
        """A joint with three bones: the middle one is met exactly, the side ones give the turn about it."""
        across = self.joints[left] - self.joints[right]
        rest = _frame(self.offset[middle], np.array([1.0, 0.0, 0.0]))
        turn = rotations.from_matrix(_frame(self.bone(middle), across) @ rest.T)
        self.world[name] = turn
        for side in (left, right):
            local = rotations.rotate(rotations.conjugate(turn), _unit(self.bone(side)))
            self.offset[side] = _unit(local.mean(axis=0)) * np.linalg.norm(self.offset[side])
            self.world[f"{side}_base"] = self.carried(turn, side)

    def spine(self) -> None:
        """spine1 and spine2, with the turn from pelvis to chest spread over them."""
        self.world["spine1"] = self.carried(self.world["pelvis"], "spine2")
        self.world["spine2"] = self.carried(self.world["spine1"], "spine3")
        chest = self.world["spine3"]
        untwisted = self.carried(self.world["spine2"], "neck")
        side = np.array([1.0, 0.0, 0.0])
        angle = _twist(_unit(self.bone("neck")), rotations.rotate(untwisted, side), rotations.rotate(chest, side))
        angle = np.unwrap(angle)
        for name, child, share in (("spine1", "spine2", 1 / 3), ("spine2", "spine3", 2 / 3)):
            self.world[name] = rotations.multiply(_about(_unit(self.bone(child)), angle * share), self.world[name])

    def limb(self, upper: str, start: str, middle: str, lower: str) -> None:
        """A thigh or upper arm, turned so that the joint ``middle`` bends about its hinge."""
        free = self.carried(self.world[start], middle)
        along = _unit(self.bone(middle))
        low = _unit(self.bone(lower))
        normal = np.cross(along, low)
        if lower.endswith("ankle"):
            foot = _unit(self.bone(lower.replace("ankle", "foot")))
            normal = _KNEE_WEIGHT * normal + np.cross(foot, low)
        known = np.flatnonzero(np.linalg.norm(normal, axis=-1) > _BENT)
        if len(known):
            angle = _twist(along, rotations.rotate(free, np.array(_HINGES[upper])), normal)
            angle = np.interp(np.arange(len(along)), known, np.unwrap(angle[known]))
            angle = gaussian_filter1d(angle, _TWIST_SMOOTHING_SECONDS * self.fps, mode="nearest")
            free = rotations.multiply(_about(along, angle), free)
        self.world[upper] = free


def fit(motion: Motion) -> FittedRig:
    """Fit the rig to a motion of HumanML3D joints.

    Where bone lengths change over time the rig has their medians and the joints are met in direction only.

    Raises:
        MotionGPTError: the motion has another skeleton.
    """
    if motion.skeleton is not HUMANML3D:
        raise MotionGPTError(
            f"{motion.name or 'motion'}: rotations are fitted to HumanML3D's 22 joints only, not to "
            f"{motion.skeleton.name}; save joints (.npy) instead."
        )
    work = _Fit(motion)
    work.hub("pelvis", "spine1", "left_hip", "right_hip")
    work.hub("spine3", "neck", "left_collar", "right_collar")
    work.spine()
    work.world["neck"] = work.carried(work.world["spine3"], "head")
    work.world["head"] = work.world["neck"]
    for side in ("left", "right"):
        work.world[f"{side}_collar"] = work.carried(work.world[f"{side}_collar_base"], f"{side}_shoulder")
        for upper, start, middle, lower in (
            (f"{side}_hip", f"{side}_hip_base", f"{side}_knee", f"{side}_ankle"),
            (f"{side}_shoulder", f"{side}_collar", f"{side}_elbow", f"{side}_wrist"),
        ):
            work.limb(upper, start, middle, lower)
            work.world[middle] = work.carried(work.world[upper], lower)
        work.world[f"{side}_ankle"] = work.carried(work.world[f"{side}_knee"], f"{side}_foot")
        work.world[f"{side}_foot"] = work.world[f"{side}_ankle"]
        work.world[f"{side}_wrist"] = work.world[f"{side}_elbow"]

    names: list[str] = []
    parents: list[int] = []

    def add(name: str, parent: int) -> None:
        if name in _BASES:
            names.append(f"{name}_base")
            parents.append(parent)
            parent = len(names) - 1
        names.append(name)
        parents.append(parent)
        place = len(names) - 1
        for child, its_parent in work.parent.items():
            if its_parent == name:
                add(child, place)

    add("pelvis", -1)
    local = [
        work.world[name]
        if parent < 0
        else rotations.multiply(rotations.conjugate(work.world[names[parent]]), work.world[name])
        for name, parent in zip(names, parents, strict=True)
    ]
    leg = sum(np.linalg.norm(work.offset[name]) for name in ("left_knee", "left_ankle"))
    return FittedRig(
        names=tuple(names),
        parents=tuple(parents),
        offsets=np.array([work.offset.get(name, np.zeros(3)) for name in names]),
        tips={name: np.array(tip) * leg for name, tip in _TIPS.items()},
        quaternions=np.stack(local, axis=1),
        root=work.joints["pelvis"],
    )
