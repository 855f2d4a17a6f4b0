"""Mapping of a rig's joints to the 22 joints of HumanML3D.

A rig is recognised by its joint names. Names are compared without case, without namespace ("mixamorig:Hips" is "hips")
and without underscores, dashes, dots and blanks. The End Site of a BVH joint is called "NAME end".

These rules do what an animator would do by hand:

* Hips, knees, ankles, shoulders, elbows and wrists are joints of every rig. SMPL's "foot" is the ball of the foot (toe
  base), its "head" is the base of the skull, and its "neck" is the seventh vertebra, at the back.
* The root of a rig may be anywhere between crotch and belt. SMPL's pelvis is placed above the middle of the hip joints.
* Rigs have one to five spine joints at any height. A line runs from the pelvis through the rig's spine joints to the
  neck; spine1, spine2 and spine3 are at the shares of its length, and at the distances before or behind it, where SMPL
  has them.
* The clavicle of a rig may begin anywhere between chest and throat. SMPL's collar is off the middle line, at fixed
  shares of the displacements from spine3 to the shoulder and to the neck.

The constants make the mean pose of much mocap equal to that of the published HumanML3D features. Rigs that have SMPL's
joints, and our own exports, are used as they are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from motiongpt.errors import MotionGPTError
from motiongpt.formats.naming import own_joints
from motiongpt.motion.skeleton import HUMANML3D

# SMPL's pelvis relative to the middle of the hips, in leg lengths (hip to ankle).
_PELVIS_UP, _PELVIS_FORWARD = 0.103, 0.01
# spine1, spine2, spine3: share of the line from pelvis to neck, and distance before it in lengths of that line.
_SPINE = ((0.24, -0.07), (0.50, -0.025), (0.60, 0.01))
# Collar: spine3 plus these shares of the displacements to the shoulder and to the neck.
_COLLAR_TO_SHOULDER, _COLLAR_TO_NECK = 0.40, 0.33

Names = tuple[str, ...]


@dataclass(frozen=True)
class JointMap:
    """One family of rigs. Each entry lists alternative names, of which the first one in the file is used.

    Joints of a limb are named without their side; ``sides`` are patterns that add it.

    Attributes:
        trunk: the spine joints between pelvis and neck, from the lowest to the highest; missing ones are skipped.
        neck_back, head_forward: distance of SMPL's neck behind the rig's, and of SMPL's head before the rig's, in
            lengths of the trunk.
        spine, collar: SMPL's own joints, if the rig has them.
    """

    name: str
    sides: tuple[str, str]
    pelvis: Names
    trunk: Names
    neck: Names
    head: Names
    hip: Names
    knee: Names
    ankle: Names
    foot: Names
    shoulder: Names
    elbow: Names
    wrist: Names
    neck_back: float = 0.0
    head_forward: float = 0.03
    spine: tuple[Names, Names, Names] | None = None
    collar: Names | None = None


JOINT_MAPS = (
    JointMap(
        # HumanML3D and SMPL names: our own exports, "L_Hip" of many SMPL tools.
        name="SMPL",
        sides=("left {}|l {}|{} l", "right {}|r {}|{} r"),
        pelvis=("pelvis",),
        trunk=("spine1", "spine2", "spine3"),
        neck=("neck",),
        head=("head",),
        hip=("hip",),
        knee=("knee",),
        ankle=("ankle",),
        foot=("foot",),
        shoulder=("shoulder",),
        elbow=("elbow",),
        wrist=("wrist",),
        spine=(("spine1",), ("spine2",), ("spine3",)),
        collar=("collar",),
    ),
    JointMap(
        # ASF/AMC of CMU and HDM05. A bone of an ASF is a joint at its far end: "lfemur" is the knee.
        # The forearm is two bones, lradius and the twisting lwrist.
        name="ASF",
        sides=("l{}", "r{}"),
        pelvis=("root",),
        trunk=("lowerback", "upperback", "thorax"),
        neck=("lowerneck",),
        head=("upperneck",),
        hip=("hipjoint",),
        knee=("femur",),
        ankle=("tibia",),
        foot=("foot",),
        shoulder=("clavicle",),
        elbow=("humerus",),
        wrist=("wrist",),
        neck_back=0.07,
        head_forward=0.05,
    ),
    JointMap(
        # Vicon's BVH with the bone names of an ASF; a bone is a joint at its near end, "lfemur" is the hip.
        name="Vicon",
        sides=("l{}", "r{}"),
        pelvis=("pelvis",),
        trunk=("thorax",),
        neck=("lclavicle",),
        head=("head",),
        hip=("femur",),
        knee=("tibia",),
        ankle=("foot",),
        foot=("toes",),
        shoulder=("humerus",),
        elbow=("radius",),
        wrist=("hand",),
    ),
    JointMap(
        # The cgspeed conversion of CMU: "Neck" is at the chest and "Neck1" at the base of the neck.
        name="cgspeed",
        sides=("left{}", "right{}"),
        pelvis=("hips",),
        trunk=("spine", "spine1"),
        neck=("neck1",),
        head=("head",),
        hip=("upleg",),
        knee=("leg",),
        ankle=("foot",),
        foot=("toebase",),
        shoulder=("arm",),
        elbow=("forearm",),
        wrist=("hand",),
        neck_back=0.03,
        head_forward=0.07,
    ),
    JointMap(
        # Mixamo, LAFAN1, MotionBuilder.
        name="MotionBuilder",
        sides=("left{}", "right{}"),
        pelvis=("hips",),
        trunk=("spine", "spine1", "spine2", "spine3"),
        neck=("neck",),
        head=("head",),
        hip=("upleg",),
        knee=("leg",),
        ankle=("foot",),
        foot=("toebase", "toe", "foot end"),
        shoulder=("arm",),
        elbow=("forearm",),
        wrist=("hand",),
    ),
    JointMap(
        # Daz and Poser figures; the toes may be an End Site only.
        name="Daz",
        sides=("l{}", "r{}"),
        pelvis=("hip",),
        trunk=("abdomen", "abdomen2", "chest"),
        neck=("neck",),
        head=("head",),
        hip=("thigh", "thighbend"),
        knee=("shin",),
        ankle=("foot",),
        foot=("toe", "toes", "foot end"),
        shoulder=("shldr", "shldrbend"),
        elbow=("forearm", "forearmbend"),
        wrist=("hand",),
    ),
    JointMap(
        name="Bandai-Namco",
        sides=("{} l|left{}", "{} r|right{}"),
        pelvis=("hips",),
        trunk=("spine", "chest", "upperchest"),
        neck=("neck",),
        head=("head",),
        hip=("upperleg",),
        knee=("lowerleg",),
        ankle=("foot",),
        foot=("toes", "toe", "foot end"),
        shoulder=("upperarm",),
        elbow=("lowerarm",),
        wrist=("hand",),
    ),
    JointMap(
        # Biovision's own names, as in 100STYLE.
        name="Biovision",
        sides=("left{}", "right{}"),
        pelvis=("hips",),
        trunk=("spine", "chest", "chest2", "chest3", "chest4"),
        neck=("neck",),
        head=("head",),
        hip=("hip",),
        knee=("knee",),
        ankle=("ankle",),
        foot=("toe", "ankle end"),
        shoulder=("shoulder",),
        elbow=("elbow",),
        wrist=("wrist",),
    ),
    JointMap(
        # Unreal Engine's mannequin.
        name="Unreal",
        sides=("{} l", "{} r"),
        pelvis=("pelvis",),
        trunk=("spine01", "spine02", "spine03", "spine04", "spine05"),
        neck=("neck01",),
        head=("head",),
        hip=("thigh",),
        knee=("calf",),
        ankle=("foot",),
        foot=("ball",),
        shoulder=("upperarm",),
        elbow=("lowerarm",),
        wrist=("hand",),
    ),
)


def _plain(name: str) -> str:
    return re.sub(r"[\s_.\-]", "", name.rsplit(":", 1)[-1].lower()).removeprefix("mixamorig")


def _unit(v: np.ndarray) -> np.ndarray:
    return v / np.maximum(np.linalg.norm(v, axis=-1, keepdims=True), 1e-12)


@dataclass(frozen=True)
class Mapping:
    """A joint map that fits a rig.

    Attributes:
        table: the map.
        direct: index of the rig joint by HumanML3D joint.
        trunk: indices of the rig's spine joints, from low to high.
    """

    table: JointMap
    direct: dict[str, int]
    trunk: tuple[int, ...]

    @property
    def used(self) -> list[int]:
        """Indices of the rig joints that are needed."""
        return sorted({*self.direct.values(), *self.trunk})

    def apply(self, positions: np.ndarray) -> np.ndarray:
        """HumanML3D joints (T, 22, 3) from the rig's joint positions (T, N, 3), in any unit."""
        at = {name: positions[:, source].copy() for name, source in self.direct.items()}
        if self.table.collar is None:
            self._follow_rules(at, [positions[:, i] for i in self.trunk])
        return np.stack([at[name] for name in HUMANML3D.joints], axis=1)

    def _follow_rules(self, at: dict[str, np.ndarray], trunk: list[np.ndarray]) -> None:
        """Place pelvis, spine, neck, head and collars. Lengths are those of frame 0, as bones are rigid."""

        def length(*points: np.ndarray) -> float:
            return float(sum(np.linalg.norm(b[0] - a[0]) for a, b in pairwise(points)))

        leg = length(at["left_hip"], at["left_knee"], at["left_ankle"])
        hips = (at["left_hip"] + at["right_hip"]) / 2
        across = at["left_hip"] - at["right_hip"]
        pelvis_forward = _unit(np.cross(across, trunk[0] - hips))
        pelvis_up = _unit(np.cross(pelvis_forward, across))
        pelvis = hips + leg * (_PELVIS_UP * pelvis_up + _PELVIS_FORWARD * pelvis_forward)

        # Spine joints below SMPL's pelvis do not belong to the line above it.
        above = [point for point in trunk if (point[0] - pelvis[0]) @ pelvis_up[0] > 0.02 * leg]
        chest_forward = _unit(np.cross(at["left_shoulder"] - at["right_shoulder"], at["neck"] - trunk[-1]))
        height = length(pelvis, *above, at["neck"])
        neck = at["neck"] - self.table.neck_back * height * chest_forward
        at["head"] += self.table.head_forward * height * chest_forward

        line = [pelvis, *above, neck]
        reached = np.concatenate([[0], np.cumsum([length(a, b) for a, b in pairwise(line)])])
        for spine, (share, before) in zip(("spine1", "spine2", "spine3"), _SPINE, strict=True):
            way = share * reached[-1]
            segment = int(np.searchsorted(reached[1:-1], way, side="right"))
            part = (way - reached[segment]) / (reached[segment + 1] - reached[segment])
            forward = _unit((1 - share) * pelvis_forward + share * chest_forward)
            at[spine] = (1 - part) * line[segment] + part * line[segment + 1] + before * height * forward
        at["pelvis"], at["neck"], chest = pelvis, neck, at["spine3"]
        for side in ("left", "right"):
            shoulder = at[f"{side}_shoulder"]
            at[f"{side}_collar"] = chest + _COLLAR_TO_SHOULDER * (shoulder - chest) + _COLLAR_TO_NECK * (neck - chest)


def _resolve(table: JointMap, present: dict[str, int]) -> tuple[Mapping, list[str]]:
    """The mapping and the HumanML3D joints it leaves unmatched."""
    wanted: dict[str, list[str]] = {}
    for joint in ("pelvis", "neck", "head"):
        wanted[joint] = list(getattr(table, joint))
    for side, spellings in zip(("left", "right"), table.sides, strict=True):
        for joint in ("hip", "knee", "ankle", "foot", "shoulder", "elbow", "wrist", "collar"):
            names = getattr(table, joint)
            if names is not None:
                wanted[f"{side}_{joint}"] = [s.format(name) for name in names for s in spellings.split("|")]
    for i, names in enumerate(table.spine or ()):
        wanted[f"spine{i + 1}"] = list(names)
    direct, missing = {}, []
    for joint, names in wanted.items():
        found = [present[_plain(name)] for name in names if _plain(name) in present]
        if found:
            direct[joint] = found[0]
        else:
            missing.append(joint)
    trunk = tuple(present[_plain(name)] for name in table.trunk if _plain(name) in present)
    if not trunk:
        missing += ["spine1", "spine2", "spine3"]
    missing = [joint for joint in HUMANML3D.joints if joint in missing]
    return Mapping(table, direct, trunk), missing


def find(names: Sequence[str], source: str, offsets: np.ndarray | None = None) -> Mapping:
    """Recognise a rig by its joint names.

    Args:
        names: joint names in the order of the rig.
        source: the file, for messages.
        offsets: (N, 3) of each joint from its parent at rest, by which our own exports are recognised under any names.

    Raises:
        MotionGPTError: no joint map fits; the text lists the HumanML3D joints that the best one leaves unmatched.
    """
    own = None if offsets is None else own_joints(names, offsets)
    if own is not None:
        return Mapping(JOINT_MAPS[0], dict(zip(HUMANML3D.joints, own, strict=True)), ())
    present: dict[str, int] = {}
    for i, name in enumerate(names):
        present.setdefault(_plain(name), i)
    best: tuple[int, str, list[str]] | None = None
    for table in JOINT_MAPS:
        mapping, missing = _resolve(table, present)
        if not missing:
            return mapping
        if best is None or len(missing) < best[0]:
            best = (len(missing), table.name, missing)
    assert best is not None
    raise MotionGPTError(
        f"{source}: the joints cannot be matched to the 22 of HumanML3D; closest is the {best[1]} naming, which leaves "
        f"{', '.join(best[2])} unmatched; rename the joints of the file to one of the known namings "
        f"({', '.join(table.name for table in JOINT_MAPS)})."
    )
