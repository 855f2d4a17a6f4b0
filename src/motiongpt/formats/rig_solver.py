"""The body in a rig: two legs and a spine from the hips, two arms and a head from the chest.

A limb is a path of joints from the body outwards. Names say what a joint may be (:mod:`joint_words`), and the order
along the path decides: "leg" is the thigh before a shin, and the shin after an "upleg". Where names say nothing, the
shape of the rig does (:mod:`rig_shape`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from motiongpt.formats import rig_shape
from motiongpt.formats.joint_words import Label

LIMBS = {"leg": ("hip", "knee", "ankle", "foot"), "arm": ("collar", "shoulder", "elbow", "wrist")}
# What a limb cannot do without; the other parts can be put in.
NEEDED = {"leg": ("hip", "knee", "ankle"), "arm": ("shoulder", "elbow")}
_COMPLETE = 0.5  # worth of a joint that is needed, beyond its name
_UNNAMED = 0.1  # score of a name that says nothing, of which the place on the path makes a joint


@dataclass
class Limb:
    """A leg or an arm.

    Attributes:
        joints: part -> joint of the rig.
        scores: part -> how well the name fits.
        side: "left", "right" or "".
    """

    joints: dict[str, int]
    scores: dict[str, float]
    side: str

    @property
    def score(self) -> float:
        """How well the names fit; joints that are needed count more."""
        return sum(self.scores.values()) + _COMPLETE * len(self.joints)


@dataclass
class Body:
    """Joints of a rig by their place in a body.

    Attributes:
        joints: HumanML3D joint -> joint of the rig; pelvis, neck, head, and limbs with their side.
        trunk: the spine joints, from the lowest to the highest.
        scores: HumanML3D joint -> how well the name fits, 0 where the place alone decides.
        unsided: "leg", "arm": limbs whose names do not tell left from right.
        missing: what is needed and was not found.
        by_shape: limbs were found by the shape of the rig.
        between: joints within a limb that are left out, though no name says that they are not joints of the body.
    """

    joints: dict[str, int] = field(default_factory=dict)
    trunk: tuple[int, ...] = ()
    scores: dict[str, float] = field(default_factory=dict)
    unsided: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    by_shape: bool = False
    between: tuple[int, ...] = ()


class Tree:
    """The joints of a rig that may belong to a body.

    Args:
        labels: what the names say.
        parents: parent of each joint, -1 for a root; None takes the joints of a side, in their order, as one path.
        offsets: (N, 3) from the parent at rest, of which lengths are used; None if unknown.
    """

    def __init__(self, labels: Sequence[Label], parents: Sequence[int] | None, offsets: np.ndarray | None) -> None:
        self.labels = labels
        self.offsets = None if offsets is None else np.asarray(offsets, dtype=float)
        self.lengths = None if self.offsets is None else np.linalg.norm(self.offsets, axis=-1)
        self.flat = parents is None
        self.parents = [-1] * len(labels) if parents is None else list(parents)
        # A damaged file may go round in circles: there is no figure in these.
        round_in_circles = [i for i in range(len(labels)) if len(self.path(i)) > len(labels)]
        for i in round_in_circles:
            self.parents[i] = -1
        self.helpers = {i for i, label in enumerate(labels) if label.helper or label.animal}
        self.children: list[list[int]] = [[] for _ in labels]
        for i, parent in enumerate(self.parents):
            if parent >= 0:
                self.children[parent].append(i)

    def path(self, joint: int) -> list[int]:
        """From the root to a joint."""
        result: list[int] = []
        while joint >= 0 and len(result) <= len(self.parents):
            result.append(joint)
            joint = self.parents[joint]
        return result[::-1]

    def paths(self) -> list[list[int]]:
        """All paths from a root to a leaf, without helpers."""
        if self.flat:
            sides: dict[str, list[int]] = {"left": [], "right": [], "": []}
            for i, label in enumerate(self.labels):
                sides[label.side].append(i)
            found = [sides["left"], sides["right"], sides[""]]
        else:
            found = [self.path(i) for i, children in enumerate(self.children) if not children]
        unique = dict.fromkeys(tuple(i for i in path if i not in self.helpers) for path in found)
        return [list(path) for path in unique if path]

    def between(self, top: int, bottom: int) -> float:
        """Length of the path from a joint down to another one; infinite if lengths are unknown."""
        if self.lengths is None:
            return np.inf
        path = self.path(bottom)
        return float(self.lengths[path[path.index(top) + 1 :]].sum()) if top in path else np.inf

    def common(self, one: int, other: int) -> int:
        """The last joint above both, -1 without one."""
        above = set(self.path(one))
        return next((i for i in reversed(self.path(other)) if i in above), -1)


def _fit(path: list[int], tree: Tree, kind: str) -> Limb | None:
    """The best way to see a limb in a path, by dynamic programming over its joints and the parts of the limb."""
    parts = LIMBS[kind]
    best: list[tuple[float, tuple[int, ...]]] = [(0.0, (-1,) * len(parts))]
    # state k: parts[:k] are dealt with
    states = {0: best[0]}
    for joint in path:
        label = tree.labels[joint]
        after = dict(states)
        for k, (score, chosen) in states.items():
            for p in range(k, len(parts)):
                fits = label.parts.get(parts[p], 0.0)
                # A joint without a name may stand for a part between others, but no limb begins with it.
                unnamed = k and not tree.flat and not label.parts and parts[p] not in ("hip", "collar", "shoulder")
                if not fits and unnamed:
                    fits = _UNNAMED
                if not fits:
                    continue
                # Of two that fit equally, the first one: the second is a part of the same bone.
                worth = score + fits + (_COMPLETE if parts[p] in NEEDED[kind] and fits > _UNNAMED else 0.0)
                if p + 1 not in after or worth > after[p + 1][0] + 1e-9:
                    after[p + 1] = (worth, (*chosen[:p], joint, *chosen[p + 1 :]))
        states = after
    _, chosen = max(states.values(), key=lambda state: state[0])
    joints = {part: joint for part, joint in zip(parts, chosen, strict=True) if joint >= 0}
    scores = {part: tree.labels[joint].parts.get(part, 0.0) for part, joint in joints.items()}
    if not {parts[0], parts[1]} & set(joints) or sum(score > 0 for score in scores.values()) < 2:
        return None
    sides = [tree.labels[joint].side for joint in joints.values() if tree.labels[joint].side]
    side = max(sorted(set(sides)), key=sides.count) if sides else ""
    return Limb(joints, scores, side)


def _limbs(tree: Tree, kind: str) -> list[Limb]:
    """The two limbs of a kind, at most: left or first, right or second."""
    found = [limb for path in tree.paths() if (limb := _fit(path, tree, kind)) is not None]
    found.sort(key=lambda limb: (-limb.score, sum(limb.joints.values())))
    for limb in found:
        _attach(tree, limb, kind)
    found.sort(key=lambda limb: -limb.score)
    if not found:
        return []
    first = found[0]
    for other in found[1:]:
        if set(first.joints.values()) & set(other.joints.values()):
            continue
        if first.side and other.side == first.side:
            continue
        return _ordered([first, other])
    return [first]


def _attach(tree: Tree, limb: Limb, kind: str) -> None:
    """Complete a leg by a foot that hangs elsewhere, as with feet that are targets of inverse kinematics."""
    if kind != "leg" or limb.scores.get("ankle", 0) > 0.5 or "knee" not in limb.joints:
        return
    for i, label in enumerate(tree.labels):
        if i in tree.helpers or i in limb.joints.values():
            continue
        if label.side == limb.side and label.parts.get("ankle", 0) > 0.5:
            limb.joints["ankle"], limb.scores["ankle"] = i, label.parts["ankle"]
            limb.joints.pop("foot", None)
            limb.scores.pop("foot", None)
            for child in tree.children[i]:
                if tree.labels[child].parts.get("foot", 0) > 0:
                    limb.joints["foot"], limb.scores["foot"] = child, tree.labels[child].parts["foot"]
            return


def _ball(tree: Tree, limb: Limb) -> None:
    """Of ankle, foot and toe the foot is the ball of the foot, unless it lies at the ankle."""
    ankle, toe = limb.joints.get("ankle"), limb.joints.get("foot")
    if ankle is None or toe is None or tree.flat or tree.lengths is None or "knee" not in limb.joints:
        return
    if tree.labels[ankle].parts.get("foot"):
        return
    path = tree.path(toe)
    shin = tree.between(limb.joints["knee"], ankle)
    for joint in path[path.index(ankle) + 1 : -1] if ankle in path else []:
        if tree.labels[joint].parts.get("foot") and 0.2 * shin < tree.between(ankle, joint) < np.inf:
            limb.joints["foot"], limb.scores["foot"] = joint, 0.9
            return


def _within(tree: Tree, limb: Limb) -> list[list[int]]:
    """Joints between one joint of a limb and the next whose names say nothing."""
    inner = [limb.joints[part] for part in (*LIMBS["leg"], *LIMBS["arm"]) if part in limb.joints and part != "foot"]
    result = []
    for top, bottom in pairwise(inner):
        path = [] if tree.flat else tree.path(bottom)
        found = path[path.index(top) + 1 : -1] if top in path else []
        result.append([i for i in found if i not in tree.helpers and not tree.labels[i].parts])
    return result


def _between(tree: Tree, limb: Limb) -> tuple[int, ...]:
    return tuple(i for found in _within(tree, limb) for i in found)


def _upper_arm(tree: Tree, limb: Limb) -> None:
    """A "shoulder" may be the clavicle of an upper arm that no name tells: as long as the forearm is the upper arm."""
    if not {"shoulder", "elbow", "wrist"} <= set(limb.joints) or tree.lengths is None:
        return
    shoulder, elbow, wrist = (limb.joints[part] for part in ("shoulder", "elbow", "wrist"))
    if not tree.labels[shoulder].parts.get("collar"):
        return
    path = tree.path(elbow)
    nameless = [i for i in path[path.index(shoulder) + 1 : -1] if i in _between(tree, limb)] if shoulder in path else []
    forearm = tree.between(elbow, wrist)
    if not nameless or not 0 < forearm < np.inf:
        return
    near = min([shoulder, *nameless], key=lambda i: abs(np.log(max(tree.between(i, elbow), 1e-9) / forearm)))
    if near != shoulder:
        limb.joints |= {"collar": shoulder, "shoulder": near}
        limb.scores |= {"collar": limb.scores["shoulder"], "shoulder": 0.0}


def _whole(kind: str, limbs: Sequence[Limb]) -> bool:
    """Whether both limbs of a kind have all that they need."""
    return len(limbs) == 2 and all(part in limb.joints for limb in limbs for part in NEEDED[kind])


def _named(tree: Tree, joints: dict[str, int]) -> Limb:
    """A limb of known joints, with what their names say."""
    sides = {tree.labels[joint].side for joint in joints.values()} - {""}
    scores = {part: tree.labels[joint].parts.get(part, 0.0) for part, joint in joints.items()}
    return Limb(joints, scores, sides.pop() if len(sides) == 1 else "")


def _ordered(pair: list[Limb]) -> list[Limb]:
    """Left before right, if names tell."""
    first, second = pair
    return [second, first] if first.side == "right" or second.side == "left" else pair


def solve(tree: Tree) -> Body:
    """Find the body."""
    body = Body()
    limbs = {kind: _limbs(tree, kind) for kind in LIMBS}
    animal = any(label.animal for label in tree.labels)
    if tree.lengths is not None and not tree.flat and not animal and not all(map(_whole, LIMBS, limbs.values())):
        shape = rig_shape.body(tree.parents, tree.lengths, tree.helpers)
        for kind, both in shape.items():
            if not _whole(kind, limbs[kind]):
                limbs[kind] = _ordered([_named(tree, joints) for joints in both])
                body.by_shape = True
    missing = []
    for kind, found in limbs.items():
        # One named side tells the other.
        if len(found) == 2 and not any(limb.side for limb in found):
            body.unsided = (*body.unsided, kind)
        for side, limb in zip(("left", "right"), found if len(found) == 2 else [], strict=False):
            if kind == "leg":
                _ball(tree, limb)
            else:
                _upper_arm(tree, limb)
            body.between += _between(tree, limb)
            for part, joint in limb.joints.items():
                body.joints[f"{side}_{part}"] = joint
                body.scores[f"{side}_{part}"] = limb.scores[part]
        if len(found) == 1 and found[0].side:
            for part, joint in found[0].joints.items():
                body.joints[f"{found[0].side}_{part}"] = joint
        missing += [
            f"{side}_{part}"
            for part in NEEDED[kind]
            for side in ("left", "right")
            if f"{side}_{part}" not in body.joints
        ]
    body.missing = tuple(missing)
    _find_trunk(tree, body)
    return body


def _best(tree: Tree, candidates: Sequence[int], part: str) -> int | None:
    """Of some joints the first one whose name fits a part best; None if none does."""
    scored = [(tree.labels[i].parts.get(part, 0.0), -order, i) for order, i in enumerate(candidates)]
    scored = [entry for entry in scored if entry[0] > 0]
    return max(scored)[2] if scored else None


def _find_trunk(tree: Tree, body: Body) -> None:
    """Find pelvis, spine, neck and head."""
    central = [
        i
        for i, label in enumerate(tree.labels)
        if i not in body.joints.values() and not label.side and i not in tree.helpers
    ]
    hips = [body.joints[joint] for joint in ("left_hip", "right_hip") if joint in body.joints]
    arms = [body.joints.get(f"{side}_collar", body.joints.get(f"{side}_shoulder", -1)) for side in ("left", "right")]
    if tree.flat:
        low = chest = -1
        path = [i for i in central]
    else:
        low = tree.common(*hips) if len(hips) == 2 else -1
        chest = tree.common(*arms) if -1 not in arms else -1
        # The longest way up from the chest that is no arm, by name if one tells.
        # A mesh may be called "Head", too, but hangs elsewhere.
        above = [i for i in central if chest < 0 or chest in tree.path(i) or tree.common(i, chest) in tree.path(low)]
        tops = [i for i in above if tree.labels[i].parts.get("head", 0) > 0.5]
        tops = tops or [i for i in above if tree.labels[i].parts.get("neck", 0) > 0.5]
        path = _way_up(tree, body, chest, tops)
    head = _best(tree, path, "head")
    necks = [i for i in path if tree.labels[i].parts.get("neck", 0) > 0.5 and i != head]
    neck = _first_neck(tree, necks)
    if not tree.flat and chest in path:
        above = path[path.index(chest) + 1 :]
        above = [i for i in above if i not in tree.helpers or tree.labels[i].parts]
        if head is None and above and (neck is None or above[-1] != neck):
            head = above[-1]
        if head is not None and tree.labels[head].parts.get("head", 1.0) < 0.5 and tree.parents[head] in above[1:]:
            head = tree.parents[head]  # the face of Rigify's metarig hangs from its nameless head
        if neck is None and len([i for i in above if i != head]) and head in above:
            neck = above[0]
    if head is None and neck is not None:
        head = next((i for i in tree.children[neck] if tree.labels[i].parts.get("head", 0) > 0), None)
    if not tree.flat and neck is None and head is None and chest < 0:
        path = []
    if neck is None:
        neck = _where_collars_meet(tree, body)
    end = neck if neck in path else head
    trunk = path[: path.index(end)] if end is not None and end in path else path
    if tree.flat:
        trunk = [i for i in path if tree.labels[i].parts.get("spine") and i not in (neck, head)]
    else:
        trunk = _spine(tree, trunk, low)
    pelvis = _pelvis(tree, low, [*path, *central])
    body.trunk = tuple(i for i in trunk if i != pelvis)
    for joint, index in (("pelvis", pelvis), ("neck", neck), ("head", head)):
        if index is not None:
            body.joints[joint] = index
            body.scores[joint] = tree.labels[index].parts.get(joint, 0.0)


def _way_up(tree: Tree, body: Body, chest: int, tops: list[int]) -> list[int]:
    """The path from the root up to the head, the neck, or the tip of what lies above the chest."""
    if tops:
        return tree.path(tops[0])
    if chest < 0:
        return []
    limbs = set(body.joints.values())
    leaves = [i for i in range(len(tree.labels)) if chest in tree.path(i) and not limbs & set(tree.path(i))]
    leaves = [i for i in leaves if i not in tree.helpers and not tree.labels[i].side] or [chest]
    return tree.path(max(leaves, key=lambda i: len(tree.path(i))))


def _first_neck(tree: Tree, necks: list[int]) -> int | None:
    """The lowest neck joint that does not lie at its parent, as the "Neck" of cgspeed's conversion of CMU does."""
    moved = [i for i in necks if tree.lengths is None or tree.lengths[i] > 1e-6]
    return next(iter(moved or necks), None)


def _where_collars_meet(tree: Tree, body: Body) -> int | None:
    """The left clavicle, if both begin at one point, as in Vicon's files: that is the base of the neck."""
    left, right = (body.joints.get(f"{side}_collar") for side in ("left", "right"))
    if left is None or right is None or tree.offsets is None or tree.flat or tree.parents[left] != tree.parents[right]:
        return None
    apart = np.linalg.norm(tree.offsets[left] - tree.offsets[right])
    return left if apart < 1e-3 * np.linalg.norm(tree.offsets[left]) else None


def _spine(tree: Tree, path: list[int], low: int) -> list[int]:
    """The joints of a path that belong to the spine: those named so, and any above the hips."""
    start = path.index(low) + 1 if low in path else 0
    if low >= 0 and low not in path and path:
        # Legs and spine part at a joint below or above the hips.
        shared = set(tree.path(low))
        start = sum(i in shared for i in path)
    spine = []
    for place, i in enumerate(path):
        if i not in tree.helpers and (tree.labels[i].parts.get("spine") or place >= start):
            spine.append(i)
    return spine


def _pelvis(tree: Tree, low: int, candidates: list[int]) -> int | None:
    """The pelvis by name, else where the legs part."""
    if low >= 0:
        near = [low, *reversed(tree.path(low)[:-1])]
        named = _best(tree, [*near, *candidates], "pelvis")
        return named if named is not None else low
    return _best(tree, candidates, "pelvis")
