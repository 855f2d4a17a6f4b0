"""Which joints of a foreign rig are the 22 joints of HumanML3D.

A rig is recognised by its joint names. Names are compared without case, without namespace ("mixamorig:Hips" is "hips")
and without underscores, dashes, dots and blanks. Points that are no joint of their own are called "NAME end": the End
Site of a BVH joint.

What an animator would match by hand is done by three rules:

* Hips, knees, ankles, shoulders, elbows, wrists, the neck and the base of the skull (SMPL's "head") are joints of every
  rig. SMPL's "foot" is the ball of the foot, the toe base.
* Rigs have from one to five spine joints at all heights. spine1, spine2 and spine3 are therefore points of the line
  that runs from the pelvis through all the rig's spine joints to the neck, at the shares of its length where SMPL has
  them (0.24, 0.50, 0.60).
* Rigs begin the clavicle anywhere between the chest and the throat. SMPL's collar lies off the middle line, at
  spine3 + 0.42 (shoulder - spine3) + 0.23 (neck - spine3), and that is where it is put.

Rigs that have SMPL's own joints, and our own exports, skip the last two rules.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from motiongpt.errors import MotionGPTError
from motiongpt.motion.skeleton import HUMANML3D

# Measured on the average SMPL body.
_SPINE_SHARES = (0.24, 0.50, 0.60)
_COLLAR_TOWARDS_SHOULDER = 0.42
_COLLAR_TOWARDS_NECK = 0.23

Names = tuple[str, ...]


@dataclass(frozen=True)
class JointMap:
    """One family of rigs. Each entry lists alternatives, the first one present in the file is taken.

    "{side}" stands for the two spellings of left and right in ``sides``.

    Attributes:
        trunk: the spine joints from the lowest to the highest, between pelvis and neck; the missing ones are skipped.
        pelvis_raised: share of the way from the rig's pelvis joint to its first spine joint where SMPL's pelvis lies,
            for rigs whose pelvis joint is at the crotch.
        spine, collar: SMPL's own joints, when the rig has them.
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
    pelvis_raised: float = 0.0
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
        # Daz and Poser figures: the hip joint is below the leg joints, the toes may be an End Site only.
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
        pelvis_raised=0.5,
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


@dataclass(frozen=True)
class Mapping:
    """A joint map found in a rig: for every point the index of a rig joint.

    ``spine`` and ``collars`` are None where the rules of this module place them.
    """

    name: str
    direct: dict[str, int]
    trunk: tuple[int, ...]
    pelvis_raised: float
    follow_rules: bool

    @property
    def used(self) -> list[int]:
        """Indices of the rig joints that are needed."""
        return sorted({*self.direct.values(), *self.trunk})

    def apply(self, positions: np.ndarray) -> np.ndarray:
        """HumanML3D joints (T, 22, 3) from the rig's joint positions (T, N, 3)."""
        joints = np.empty((len(positions), HUMANML3D.num_joints, 3))
        place = {name: HUMANML3D.index(name) for name in HUMANML3D.joints}
        for name, source in self.direct.items():
            joints[:, place[name]] = positions[:, source]
        if not self.follow_rules:
            return joints
        pelvis, neck = joints[:, place["pelvis"]], joints[:, place["neck"]]
        if self.pelvis_raised:
            pelvis += self.pelvis_raised * (positions[:, self.trunk[0]] - pelvis)
        line = np.stack([pelvis, *(positions[:, i] for i in self.trunk), neck])
        # Lengths of the first frame: bones are rigid, so the points stay on the same segments all through.
        reached = np.concatenate([[0], np.linalg.norm(np.diff(line[:, 0], axis=0), axis=-1).cumsum()])
        for spine, share in zip(("spine1", "spine2", "spine3"), _SPINE_SHARES, strict=True):
            at = share * reached[-1]
            segment = int(np.searchsorted(reached[1:-1], at, side="right"))
            part = (at - reached[segment]) / (reached[segment + 1] - reached[segment])
            joints[:, place[spine]] = (1 - part) * line[segment] + part * line[segment + 1]
        chest = joints[:, place["spine3"]]
        for side in ("left", "right"):
            joints[:, place[f"{side}_collar"]] = (
                chest
                + _COLLAR_TOWARDS_SHOULDER * (joints[:, place[f"{side}_shoulder"]] - chest)
                + _COLLAR_TOWARDS_NECK * (neck - chest)
            )
        return joints


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
    return Mapping(table.name, direct, trunk, table.pelvis_raised, table.collar is None), missing


def find(names: Sequence[str], source: str) -> Mapping:
    """Recognise a rig by its joint names.

    Args:
        names: joint names in the order of the rig.
        source: the file, for the message.

    Raises:
        MotionGPTError: no joint map fits; the text lists the HumanML3D joints that stay unmatched under the best one.
    """
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
        f"{source}: cannot match its joints to the 22 of HumanML3D; nearest is the {best[1]} naming, which leaves "
        f"{', '.join(best[2])} unmatched; rename the joints of the file to one of the known namings "
        f"({', '.join(table.name for table in JOINT_MAPS)})."
    )
