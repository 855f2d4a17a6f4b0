"""Mapping of a rig's joints to the 22 joints of HumanML3D.

A rig is recognised by what its names say (:mod:`joint_words`) and by how its joints hang together
(:mod:`rig_solver`). The End Site of a BVH joint is called "NAME end". A file of the user may say otherwise
(:mod:`joint_map_file`).

Names do not always tell left from right; the body does then, in :meth:`Mapping.settled`.

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
from collections.abc import Mapping as Table
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from motiongpt.errors import MotionGPTError
from motiongpt.formats import joint_map_file
from motiongpt.formats.figure import JointSource
from motiongpt.formats.joint_words import Label, labels, plain, strip
from motiongpt.formats.naming import own_joints
from motiongpt.formats.rig_solver import LIMBS, Body, Tree, solve
from motiongpt.motion.skeleton import HUMANML3D

# SMPL's pelvis relative to the middle of the hips, in leg lengths (hip to ankle).
_PELVIS_UP, _PELVIS_FORWARD = 0.103, 0.01
# spine1, spine2, spine3: share of the line from pelvis to neck, and distance before it in lengths of that line.
_SPINE = ((0.24, -0.07), (0.50, -0.025), (0.60, 0.01))
# Collar: spine3 plus these shares of the displacements to the shoulder and to the neck.
_COLLAR_TO_SHOULDER, _COLLAR_TO_NECK = 0.40, 0.33

# Of joints that a rig lacks. Head over the neck, in lengths of the trunk; ball of the foot before and below the ankle,
# in lengths of the leg; wrist, in lengths of the upper arm; neck between the height of the shoulders and the head.
_HEAD_UP = 0.19
_BALL_FORWARD, _BALL_DOWN = 0.155, 0.08
_WRIST = 0.9
_NECK_UP = 0.3


@dataclass(frozen=True)
class Family:
    """Rigs whose joints lie elsewhere than those of most, as measured on many of their files.

    Attributes:
        has: words of which each is a name of such a rig, without separators and case.
        parts: names that mean another part of the body than they say; "" for none.
        neck_back, head_forward: distance of SMPL's neck behind the rig's, and of SMPL's head before the rig's, in
            lengths of the trunk.
    """

    name: str
    has: frozenset[str]
    parts: Table[str, str] = field(default_factory=dict)
    neck_back: float = 0.0
    head_forward: float = 0.03


_STRANGER = Family("", frozenset())
_FAMILIES = (
    # ASF/AMC of CMU and HDM05. A bone of an ASF is a joint at its far end: "lfemur" is the knee.
    # The forearm is two bones, lradius and the twisting lwrist.
    Family(
        "ASF",
        frozenset({"lhipjoint", "lfemur", "ltibia", "lhumerus", "lclavicle"}),
        {
            "hipjoint": "hip", "femur": "knee", "tibia": "ankle", "foot": "foot", "clavicle": "shoulder",
            "humerus": "elbow", "wrist": "wrist", "lowerneck": "neck", "upperneck": "head",
            "toes": "", "radius": "", "hand": "", "fingers": "", "head": "",
        },
        neck_back=0.07,
        head_forward=0.05,
    ),
    # ACCAD: "ToSpine" links the hips to the spine and is no vertebra.
    Family("ACCAD", frozenset({"tospine", "spine1", "leftupleg"}), {"tospine": ""}),
    # The cgspeed conversion of CMU: "Neck" is at the chest and "Neck1" at the base of the neck.
    Family(
        "cgspeed",
        frozenset({"lowerback", "spine", "spine1", "neck", "neck1", "leftupleg"}),
        {"neck": "", "lowerback": ""},
        neck_back=0.03,
        head_forward=0.07,
    ),
)  # fmt: skip


def _unit(v: np.ndarray) -> np.ndarray:
    return v / np.maximum(np.linalg.norm(v, axis=-1, keepdims=True), 1e-12)


def _lies(at: Table[str, np.ndarray]) -> float:
    """Share of the frames in which the trunk is across the legs."""
    trunk = _unit(at["neck"] - at["pelvis"])
    legs = _unit(at["left_hip"] - at["left_ankle"] + at["right_hip"] - at["right_ankle"])
    return float(((trunk * legs).sum(-1) < 0.57).mean())


def _forward(at: Table[str, np.ndarray], feet: bool) -> float:
    """From -1 to 1, in how much of the motion knees bend and feet point as they can, if left is left."""
    across = _unit(at["left_hip"] - at["right_hip"])
    total = np.zeros(len(across))
    for side in ("left", "right"):
        hip, knee, ankle, foot = (at[f"{side}_{part}"] for part in LIMBS["leg"])
        thigh, shin = _unit(knee - hip), _unit(ankle - knee)
        total += (np.cross(thigh, shin) * across).sum(-1)
        if feet:
            total += (_unit(foot - ankle) * np.cross(across, -shin)).sum(-1)
    return float(np.sign(total).mean())


def _put_in(at: dict[str, np.ndarray], trunk: list[np.ndarray]) -> None:
    """Add the joints that a rig lacks. Lengths are those of frame 0, as bones are rigid."""
    hips = (at["left_hip"] + at["right_hip"]) / 2
    shoulders = (at["left_shoulder"] + at["right_shoulder"]) / 2
    chest = trunk[-1] if trunk else hips
    if "neck" not in at:
        if "head" in at:
            line = at["head"] - chest
            share = float((shoulders[0] - chest[0]) @ line[0] / max(float(line[0] @ line[0]), 1e-12))
            share = min(max(share, 0.0), 0.95)
            at["neck"] = chest + (share + _NECK_UP * (1 - share)) * line
        else:
            at["neck"] = shoulders + 0.1 * (shoulders - hips)
    if "head" not in at:
        height = float(np.linalg.norm(at["neck"][0] - hips[0]))
        below = chest if np.linalg.norm(at["neck"][0] - chest[0]) > 0.05 * height else hips
        at["head"] = at["neck"] + _HEAD_UP * height * _unit(at["neck"] - below)
    across = at["left_hip"] - at["right_hip"]
    for side in ("left", "right"):
        hip, knee, ankle = (at[f"{side}_{part}"] for part in ("hip", "knee", "ankle"))
        if f"{side}_foot" not in at:
            leg = float(np.linalg.norm(hip[0] - knee[0]) + np.linalg.norm(knee[0] - ankle[0]))
            down = _unit(ankle - knee)
            at[f"{side}_foot"] = ankle + leg * (_BALL_FORWARD * _unit(np.cross(across, -down)) + _BALL_DOWN * down)
        shoulder, elbow = at[f"{side}_shoulder"], at[f"{side}_elbow"]
        if f"{side}_wrist" not in at:
            at[f"{side}_wrist"] = elbow + _WRIST * (elbow - shoulder)


@dataclass(frozen=True)
class Mapping:
    """The joints of a rig by their place in the body.

    Attributes:
        direct: index of the rig joint by HumanML3D joint; joints that the rules place or put in are not listed.
        trunk: indices of the rig's spine joints, from low to high.
        family: what is known about rigs of this kind.
        as_is: the rig has SMPL's 22 joints; no rule is applied.
        several: HumanML3D joint -> rig joints in whose middle it is, which come before ``direct``.
        sources: HumanML3D joint -> where it comes from.
        remarks: one sentence each: what was guessed or put in.
        unsided: "leg", "arm": limbs whose names do not tell left from right.
        animal: names of parts that people do not have.
        by_shape: limbs were found by the shape of the rig, without names.
    """

    direct: Table[str, int]
    trunk: tuple[int, ...]
    family: Family = _STRANGER
    as_is: bool = False
    several: Table[str, tuple[int, ...]] = field(default_factory=dict)
    sources: Table[str, JointSource] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    unsided: tuple[str, ...] = ()
    animal: tuple[str, ...] = ()
    by_shape: bool = False

    @property
    def used(self) -> list[int]:
        """Indices of the rig joints that are needed."""
        return sorted({*self.direct.values(), *self.trunk, *(i for group in self.several.values() for i in group)})

    def apply(self, positions: np.ndarray) -> np.ndarray:
        """HumanML3D joints (T, 22, 3) from the rig's joint positions (T, N, 3), in any unit."""
        at = {name: positions[:, source].copy() for name, source in self.direct.items()}
        at.update({name: positions[:, list(group)].mean(axis=1) for name, group in self.several.items()})
        if not self.as_is:
            trunk = [positions[:, i] for i in self.trunk]
            _put_in(at, trunk)
            self._follow_rules(at, trunk)
        return np.stack([at[name] for name in HUMANML3D.joints], axis=1)

    def settled(self, positions: np.ndarray, source: str) -> Mapping:
        """The same with left and right as the body has them, where names do not tell.

        Feet point forward, or knees bend so where there are no feet; arms are on the side of their leg.

        Args:
            positions: (T, N, 3) of the rig's joints.
            source: the file, for messages.

        Raises:
            MotionGPTError: it is an animal: it has a tail or the like, and its trunk lies across its legs.
        """
        joints = self.apply(positions[:: max(1, len(positions) // 200)])
        at = dict(zip(HUMANML3D.joints, np.moveaxis(joints, 1, 0), strict=True))
        lies = _lies(at)
        if (self.animal or self.by_shape) and lies > 0.8:
            parts = f" ({', '.join(self.animal[:3])})" if self.animal else ""
            raise MotionGPTError(
                f"{source}: looks like an animal{parts}: its trunk lies across its legs; if it is a person, say which "
                "joints are which in a file and give it with --joint-map (in Python joint_map=)."
            )
        result = self
        if lies == 1:
            remark = (
                "The trunk lies across the legs all the time, as that of an animal or of one who crawls or sits bent."
            )
            result = replace(self, remarks=(*self.remarks, remark))
        return result._sided(at)

    def _sided(self, at: Table[str, np.ndarray]) -> Mapping:
        """The same with left and right as the body has them; ``at`` are its joints (T, 3) by name."""
        hips, shoulders = (at[f"left_{joint}"] - at[f"right_{joint}"] for joint in ("hip", "shoulder"))
        crossed = bool(np.median((hips * shoulders).sum(-1)) < 0)
        forward = _forward(at, feet="left_foot" in self.direct and "right_foot" in self.direct)
        if not self.unsided:
            remark = (
                "Feet and knees point backwards with left and right as the names say; if the names are wrong, exchange "
                "them with --joint-map."
            )
            return replace(self, remarks=(*self.remarks, remark)) if forward < -0.9 else self
        # Legs tell forward; arms are on the side of their leg, or legs on that of their arm.
        both = len(self.unsided) == 2
        exchanged = {kind for kind in ("arm", "leg") if both and forward < 0}
        if crossed:
            exchanged ^= {"leg"} if self.unsided == ("leg",) else {"arm"}
        what = "the way the feet and knees point" if both else "the other limbs"
        remark = f"No name tells the left {' and '.join(self.unsided)} from the right one; {what} did."
        return replace(self._exchanged(exchanged), remarks=(*self.remarks, remark))

    def _exchanged(self, kinds: set[str]) -> Mapping:
        """With left and right of legs, arms or both exchanged."""
        parts = [part for kind in kinds for part in LIMBS[kind]]

        def other(joint: str) -> str:
            side, _, part = joint.partition("_")
            return f"{'right' if side == 'left' else 'left'}_{part}" if part in parts else joint

        return replace(
            self,
            direct={other(joint): index for joint, index in self.direct.items()},
            several={other(joint): group for joint, group in self.several.items()},
            sources={other(joint): place for joint, place in self.sources.items()},
        )

    def _follow_rules(self, at: dict[str, np.ndarray], trunk: list[np.ndarray]) -> None:
        """Place pelvis, spine, neck, head and collars. Lengths are those of frame 0, as bones are rigid."""

        def length(*points: np.ndarray) -> float:
            return float(sum(np.linalg.norm(b[0] - a[0]) for a, b in pairwise(points)))

        leg = length(at["left_hip"], at["left_knee"], at["left_ankle"])
        hips = (at["left_hip"] + at["right_hip"]) / 2
        across = at["left_hip"] - at["right_hip"]
        pelvis_forward = _unit(np.cross(across, (trunk[0] if trunk else at["neck"]) - hips))
        pelvis_up = _unit(np.cross(pelvis_forward, across))
        pelvis = hips + leg * (_PELVIS_UP * pelvis_up + _PELVIS_FORWARD * pelvis_forward)

        # Spine joints below SMPL's pelvis do not belong to the line above it.
        above = [point for point in trunk if (point[0] - pelvis[0]) @ pelvis_up[0] > 0.02 * leg]
        chest_forward = _unit(
            np.cross(at["left_shoulder"] - at["right_shoulder"], at["neck"] - (trunk[-1] if trunk else hips))
        )
        height = length(pelvis, *above, at["neck"])
        neck = at["neck"] - self.family.neck_back * height * chest_forward
        at["head"] += self.family.head_forward * height * chest_forward

        line = [pelvis, *above, neck]
        reached = np.concatenate([[0], np.cumsum([length(a, b) for a, b in pairwise(line)])])
        for spine, (share, before) in zip(("spine1", "spine2", "spine3"), _SPINE, strict=True):
            way = share * reached[-1]
            segment = int(np.searchsorted(reached[1:-1], way, side="right"))
            part = (way - reached[segment]) / max(reached[segment + 1] - reached[segment], 1e-12)
            forward = _unit((1 - share) * pelvis_forward + share * chest_forward)
            at[spine] = (1 - part) * line[segment] + part * line[segment + 1] + before * height * forward
        at["pelvis"], at["neck"], chest = pelvis, neck, at["spine3"]
        for side in ("left", "right"):
            shoulder = at[f"{side}_shoulder"]
            at[f"{side}_collar"] = chest + _COLLAR_TO_SHOULDER * (shoulder - chest) + _COLLAR_TO_NECK * (neck - chest)


def _key(name: str) -> str:
    """A name without case, namespace and separators."""
    return re.sub(r"[\W_]", "", plain(name).lower())


def _family(names: Sequence[str], said: list[Label]) -> tuple[Family, list[Label]]:
    """The family of a rig, and what its names say in it."""
    keys = [_key(name) for name in names]
    family = next((family for family in _FAMILIES if family.has <= set(keys)), _STRANGER)
    result = []
    for key, label in zip(keys, said, strict=True):
        part = family.parts.get(key, family.parts.get(key[1:]) if label.side else None)
        if part is None:
            result.append(label)
        else:
            side = "" if part in ("neck", "head") else label.side
            result.append(Label(side, {part: 1.0} if part else {}, helper=not part))
    return family, result


def _smpl(names: Sequence[str]) -> dict[str, int] | None:
    """SMPL's 22 joints if a rig names them all, as in "left_hip", "L_Hip" or "hip.l"."""
    at: dict[str, int] = {}
    for i, name in enumerate(names):
        at.setdefault(_key(name), i)
    found = {}
    for joint in HUMANML3D.joints:
        side, _, part = joint.partition("_")
        spellings = (side + part, side[0] + part, part + side[0]) if part else (joint,)
        index = next((at[key] for key in spellings if key in at), None)
        if index is None:
            return None
        found[joint] = index
    return found


def find(
    names: Sequence[str],
    source: str,
    offsets: np.ndarray | None = None,
    parents: Sequence[int] | None = None,
    *,
    joint_map: str | Path | None = None,
) -> Mapping:
    """Find the body in a rig.

    Args:
        names: joint names in the order of the rig.
        source: the file, for messages.
        offsets: (N, 3) of each joint from its parent at rest, in any unit; they tell our own exports under any names,
            joints that lie on their parent, and limbs without names.
        parents: parent of each joint, -1 for a root; without them the joints of each side, in their order, count as one
            chain.
        joint_map: a file that says which joints are which, see :func:`motiongpt.formats.joint_map_file.read`; joints
            that it does not list are found as without it.

    Raises:
        MotionGPTError: there is no human body in it; the text lists the joints that are missing.
    """
    given = joint_map_file.read(Path(joint_map), names, source) if joint_map is not None else {}
    own = None if offsets is None else own_joints(names, offsets)
    smpl = dict(zip(HUMANML3D.joints, own, strict=True)) if own is not None else _smpl(strip(names))
    if given and set(given) == set(HUMANML3D.joints) and all(len(group) == 1 for group in given.values()):
        one = {joint: given[joint][0] for joint in HUMANML3D.joints}
        smpl = one if len(set(one.values())) == len(one) else None
    elif given:
        smpl = None
    if smpl is not None:
        how = "joint map" if given else "name"
        sources = {joint: JointSource((names[i],), 1.0, how) for joint, i in smpl.items()}
        return Mapping(smpl, (), as_is=True, sources=sources)
    family, said = _family(names, labels(names))
    body = solve(Tree(said, parents, offsets))
    several = _take(body, given)
    if body.missing:
        raise _refused(source, names, said, body)
    animal = tuple(name for name, label in zip(names, said, strict=True) if label.animal)
    direct = {joint: index for joint, index in body.joints.items() if not joint.endswith("collar")}
    sources, remarks = _explain(names, body, several, set(given))
    return Mapping(direct, body.trunk, family, False, several, sources, remarks, body.unsided, animal, body.by_shape)


def _take(body: Body, given: Table[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """Put what the user says into a body, and return the joints that are in the middle of several."""
    several = {}
    spines = [i for joint in ("spine1", "spine2", "spine3") for i in given.get(joint, ())]
    if spines:
        body.trunk = tuple(dict.fromkeys(spines))
    for joint, group in given.items():
        if joint.startswith("spine"):
            continue
        body.joints[joint], body.scores[joint] = group[0], 1.0
        if len(group) > 1 and not joint.endswith("collar"):
            several[joint] = group
    body.missing = tuple(joint for joint in body.missing if joint not in body.joints)
    for kind, parts in LIMBS.items():
        if any(joint.partition("_")[2] in parts for joint in given):
            body.unsided = tuple(one for one in body.unsided if one != kind)
    return several


def _explain(
    names: Sequence[str], body: Body, several: Table[str, tuple[int, ...]], given: set[str]
) -> tuple[dict[str, JointSource], tuple[str, ...]]:
    """Where every joint of HumanML3D comes from, and remarks on what was guessed and put in."""
    trunk = tuple(names[i] for i in body.trunk)
    sources, guessed, absent = {}, [], []
    for joint in HUMANML3D.joints:
        index = body.joints.get(joint)
        if joint.startswith("spine"):
            sources[joint] = JointSource(trunk, 0.9 if trunk else 0.4, "on the line through the spine joints")
        elif index is None:
            collar = joint.endswith("collar")
            how = "between chest, neck and shoulder" if collar else "put in from the joints around"
            sources[joint] = JointSource((), 0.9 if collar else 0.4, how)
            absent += [] if collar or joint == "pelvis" else [joint]
        elif joint in given:
            group = several.get(joint, (index,))
            sources[joint] = JointSource(tuple(names[i] for i in group), 1.0, "joint map")
        else:
            score = body.scores.get(joint, 0.0)
            how = "name" if score else "place"
            sources[joint] = JointSource((names[index],), max(min(score + 0.15, 1.0), 0.3), how)
            if score < 0.3 and joint != "pelvis":
                guessed.append(f"{names[index]!r} as {joint}")
    absent = ([] if trunk else ["spine"]) + absent
    remarks = []
    if absent:
        remarks.append(f"The rig has no {', '.join(absent)}; put in from the joints around.")
    if guessed:
        remarks.append(f"Taken by the place in the skeleton, not by name: {', '.join(guessed)}.")
    if body.between:
        left_out = ", ".join(repr(names[i]) for i in body.between)
        remarks.append(f"Left out, as their names say nothing and they lie within a limb: {left_out}.")
    return sources, tuple(remarks)


def _refused(source: str, names: Sequence[str], said: Sequence[Label], body: Body) -> MotionGPTError:
    """The error that a rig has no human body."""
    legs = [joint for joint in body.missing if joint.endswith(("hip", "knee", "ankle"))]
    arms = [joint for joint in body.missing if joint not in legs]
    whole = []
    for what, missing, count in (("two legs (hip, knee, ankle)", legs, 6), ("two arms (shoulder, elbow)", arms, 4)):
        whole += [what] if len(missing) == count else missing
    animal = [name for name, label in zip(names, said, strict=True) if label.animal]
    what = f"looks like an animal ({', '.join(animal[:3])})" if animal else "there is no human body in it"
    return MotionGPTError(
        f"{source}: {what}: of its {len(names)} joints none could be taken for {', '.join(whole)}; if it is a person, "
        "say which joints are which in a file and give it with --joint-map (in Python joint_map=)."
    )
