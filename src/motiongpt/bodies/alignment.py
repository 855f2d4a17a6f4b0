"""The rest pose of a character brought to the T-pose to which rotations of a motion refer, limb by limb."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motiongpt.bodies.character import SIDES, Character, unit, yaw
from motiongpt.bodies.posing import rest_joints
from motiongpt.motion import rotations
from motiongpt.motion.skeleton import HUMANML3D

_ACROSS, _UP = np.array([1.0, 0.0, 0.0]), np.array([0.0, 1.0, 0.0])
# Radians. A rest pose that faces nearly along an axis faces along it; a trunk that leans less stands upright.
_FACES, _LEANS = np.radians(30), np.radians(25)
# Radians. A limb that is bent so far at rest shows the hinge of its knee or elbow.
_BENT = np.radians(25)
# Radians. A foot at rest is flat unless its slope differs so much from that of other flat feet.
_FLAT = np.radians(40)
# Upper bone, lower bone, end of both, axis about which the lower one bends in the T-pose.
LIMBS = {
    f"{side}_{upper}": (f"{side}_{lower}", f"{side}_{end}", np.array(hinge) * (1 if side == "left" else flip))
    for side in SIDES
    for upper, lower, end, hinge, flip in (
        ("hip", "knee", "ankle", (1.0, 0.0, 0.0), 1),
        ("shoulder", "elbow", "wrist", (0.0, -1.0, 0.0), -1),
    )
}


@dataclass(frozen=True)
class Alignment:
    """A character at rest in the frame and size of a motion.

    Attributes:
        heading: (4,) rotation that turns the character to face +Z.
        scale: units of the character's world in one metre of the motion.
        places: (N, 3) bones at rest, turned and in metres of the motion.
        turns: joint of HumanML3D -> (4,) rotation that brings its bone from the rest pose to the T-pose.
    """

    heading: np.ndarray
    scale: float
    places: np.ndarray
    turns: dict[str, np.ndarray]

    def at(self, character: Character, joint: str) -> np.ndarray:
        """(3,) place of a joint at rest."""
        return np.asarray(self.places[character.joints[joint]])


def align(character: Character, offsets: np.ndarray) -> Alignment:
    """Align a character's rest pose with the T-pose of a motion.

    * The body as a whole faces +Z; hips and chest are turned straight if the pose twists them. A trunk that leans is
      set upright; the curve of the spine, the clavicles and the head stay as they are at rest.
    * Thighs, shins, upper arms and forearms get the directions of the T-pose, one after the other on the shortest way,
      which keeps their twist. Where elbow or knee are clearly bent, their hinge decides the twist instead.
    * Feet are flat at rest, whatever the slope from ankle to toe: they only turn to the side. Hands follow the
      forearms.

    Args:
        character: the character.
        offsets: (22, 3) of the joints from their parents in the T-pose, metres.
    """
    rest = rest_joints(offsets, HUMANML3D.parents)
    source = dict(zip(HUMANML3D.joints, rest, strict=True))
    legs = [np.linalg.norm(offsets[HUMANML3D.index(f"{side}_{part}")]) for side in SIDES for part in ("knee", "ankle")]
    scale = character.leg_length / (sum(legs) / 2)
    heading = _heading(character)
    places = rotations.rotate(heading, character.places) / scale
    at = {joint: places[bone] for joint, bone in character.joints.items()}
    ends = _ends(character, places, at)

    lean = np.array([1.0, 0.0, 0.0, 0.0])
    line = at.get("neck", (at["left_shoulder"] + at["right_shoulder"]) / 2) - (at["left_hip"] + at["right_hip"]) / 2
    if unit(line) @ _UP < np.cos(_LEANS):
        lean = rotations.between(line, _UP)
    turns = {}
    for joint, part in (("pelvis", "hip"), ("chest", "shoulder")):
        across = rotations.rotate(lean, at[f"left_{part}"] - at[f"right_{part}"])
        turns[joint] = rotations.multiply(yaw(across, _ACROSS), lean)
    turns["head"] = lean
    for upper, (lower, end, hinge) in LIMBS.items():
        side, _, part = upper.partition("_")
        bones = (at[lower] - at[upper], ends[end] - at[lower])
        onto = (source[lower] - source[upper], source[end] - source[lower])
        start = turns["pelvis" if part == "hip" else "chest"]
        turns[upper], turns[lower] = _limb(start, bones, onto, hinge)
        if part == "hip":
            foot = ends[f"{side}_foot"] - at[f"{side}_ankle"]
            turns[f"{side}_ankle"] = _foot(foot, source[f"{side}_foot"] - source[f"{side}_ankle"], turns["pelvis"])
    return Alignment(heading, scale, places, turns)


def _heading(character: Character) -> np.ndarray:
    """The rotation (4,) about Y that turns a character at rest to face +Z."""
    at = {joint: character.places[bone] for joint, bone in character.joints.items()}
    across = at["left_hip"] - at["right_hip"] + at["left_shoulder"] - at["right_shoulder"]
    turn = yaw(across, _ACROSS)
    angle = 2 * np.arctan2(turn[2], turn[0])
    nearest = np.round(angle / (np.pi / 2)) * (np.pi / 2)
    return turn if abs(angle - nearest) > _FACES else rotations.about("Y", np.array(nearest))


def _ends(character: Character, places: np.ndarray, at: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Where shins, forearms and feet end; a rig may have no wrists or toes."""
    result = dict(at)
    for side in SIDES:
        wrist, toe = f"{side}_wrist", f"{side}_foot"
        if wrist not in at:
            result[wrist] = 2 * at[f"{side}_elbow"] - at[f"{side}_shoulder"]
            tips = sorted(character.below[character.joints[f"{side}_elbow"]] - {character.joints[f"{side}_elbow"]})
            if tips:
                result[wrist] = places[tips[0]]
        if toe not in at:
            result[toe] = at[f"{side}_ankle"] + np.array([0.0, 0.0, 0.15])
    return result


def _limb(
    start: np.ndarray, bones: tuple[np.ndarray, np.ndarray], onto: tuple[np.ndarray, np.ndarray], hinge: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Rotations (4,) that bring both bones of a limb from rest onto those of the T-pose."""
    upper = rotations.multiply(rotations.between(rotations.rotate(start, bones[0]), onto[0]), start)
    normal = np.cross(unit(bones[0]), unit(bones[1]))
    if np.linalg.norm(normal) > np.sin(_BENT):
        axis = unit(onto[0])
        normal = rotations.rotate(upper, normal)
        normal, aim = normal - (normal @ axis) * axis, hinge - (hinge @ axis) * axis
        angle = np.arctan2(np.cross(normal, aim) @ axis, normal @ aim)
        upper = rotations.multiply(rotations.from_axis_angle(axis * angle), upper)
    return upper, rotations.multiply(rotations.between(rotations.rotate(upper, bones[1]), onto[1]), upper)


def _foot(foot: np.ndarray, onto: np.ndarray, start: np.ndarray) -> np.ndarray:
    """The rotation (4,) of a foot from rest to the T-pose."""
    foot_now = rotations.rotate(start, foot)
    slopes = [np.arcsin(np.clip(unit(v)[1], -1, 1)) for v in (foot_now, onto)]
    if abs(slopes[0] - slopes[1]) > _FLAT:
        return rotations.multiply(rotations.between(foot_now, onto), start)
    return rotations.multiply(yaw(foot_now, onto), start)
