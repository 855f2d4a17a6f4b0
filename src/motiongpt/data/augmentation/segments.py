"""Parts of training clips that show one known action: what augmentation is made of.

The action is named by the words of the clip (captions, labels, descriptions) and confirmed by its geometry; single
repetitions are cut out where geometry can tell them. What is not sure is left out.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from motiongpt.data.augmentation.captions import facts, gait_phrases
from motiongpt.data.layout import MotionTextDataset
from motiongpt.motion import Motion
from motiongpt.motion.detectors import flights, kicks_of, punches_of
from motiongpt.motion.editing import quiet_stretches
from motiongpt.motion.measures import FPS, JOINT, clearance, height, net_turn, path_length, smooth, travel, yaw
from motiongpt.text.action_words import actions

# Metres of the pelvis' path up to which a turn is one in place.
IN_PLACE = 0.75
# Shares of the captions of a clip.
_MOST, _SOME = 0.5, 0.3
# Actions that look alike wherever they are cut, by what most captions of a clip say.
_CONTINUING = {
    "ballet": r"ballet|ballerina",
    "salsa": r"salsa",
    "dance": r"danc|charleston|lambada",
    "dribble": r"dribbl|bounc\w* (?:a|the|something)|basketball",
    "sword": r"sword",
    "laugh": r"laugh",
    "wash window": r"wash\w* (?:a|the) window|clean\w* (?:a|the) window",
    "mop": r"\bmop|floor with a mop",
    "wash": r"wash\w* (?:them|him|the body|their|his)|rubs? the arms",
    "box": r"\bbox(?:es|ing)?\b|punch",
    "martial arts": r"karate|martial",
    "signal": r"signals",
    "animal": r"\b(?:chicken|bear|dinosaur|elephant|snake|dog|whale|monkey|cat)\b",
    "argue": r"argu",
    "climb": r"climb",
    "stretch": r"stretch|exercis",
}
# Words of ground that a flat floor does not show.
_UNEVEN = re.compile(r"uneven|bumpy|stair|ladder|hill|terrain|steps? (?:up|down)|climb|playground|beam|balanc")


@dataclass(frozen=True)
class Segment:
    """Frames [start, stop) of a training clip.

    Attributes:
        kind: what is drawn from when kinds are balanced.
        action: gait or action of the lexicon of motiongpt.data.augmentation.captions.
        side: of actions that have one.
        captions: of the clip, for segments that are all of it.
    """

    clip: str
    start: int
    stop: int
    kind: str
    action: str
    side: str = ""
    captions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Origin:
    """Where a training clip comes from, as clips.csv tells it."""

    source: str = "unknown"
    licence: str = ""
    capture: str = ""
    note: str = ""


@dataclass
class Library:
    """All segments of a data set's training clips, by kind."""

    root: Path
    segments: dict[str, list[Segment]] = field(default_factory=dict)
    origins: dict[str, Origin] = field(default_factory=dict)


def read_origins(root: Path) -> dict[str, Origin]:
    """Origin of every clip of a data set that has a ``clips.csv``."""
    path = root / "clips.csv"
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as handle:
        return {
            row["id"]: Origin(*(row.get(name, "") for name in ("source", "licence", "capture", "note")))
            for row in csv.DictReader(handle)
        }


def find_segments(root: str | Path) -> Library:
    """The segments of the training clips, mirrored clips left out: what is made of them is mirrored at random."""
    root = Path(root)
    library = Library(root, origins=read_origins(root))
    for item in MotionTextDataset(root, "train"):
        if item.id.startswith("M") or "[" in item.id:
            continue
        origin = library.origins.get(item.id, Origin())
        motion = Motion.from_features(item.features)
        for segment in _segments(item.id, motion, [caption.text for caption in item.captions], origin):
            library.segments.setdefault(segment.kind, []).append(segment)
    return library


def _segments(clip: str, motion: Motion, captions: list[str], origin: Origin) -> Iterator[Segment]:
    joints = motion.joints
    told = _Told(captions)

    def make(kind: str, action: str, start: int = 0, stop: int = len(joints), side: str = "") -> Segment:
        return Segment(clip, start, stop, kind, action, side)

    if captions and len(joints) >= FPS:
        name = next(iter(told.named), "other")
        yield Segment(clip, 0, len(joints), f"clip: {name}", "", captions=tuple(captions))
    flat = not told.says(_UNEVEN, 0.2) and not origin.note.startswith("high")
    if flat:
        yield from _gaits(joints, told, make)
        yield from _standing(motion, told, make)
    for rule in (_single, _jumps, _kicks, _punches, _floor):
        yield from rule(joints, told, make)
    for action, pattern in _CONTINUING.items():
        if told.says(pattern, _MOST) and len(joints) >= 2 * FPS:
            yield make(action, action)
            break


class _Told:
    """What the captions of a clip agree on."""

    def __init__(self, captions: Sequence[str]) -> None:
        self.captions = [caption.lower() for caption in captions]
        count = max(len(captions), 1)
        named: dict[str, float] = {}
        for caption in captions:
            for action in actions(caption):
                named[action] = named.get(action, 0) + 1 / count
        self.shares = named
        self.named = [name for name, share in sorted(named.items(), key=lambda item: -item[1]) if share >= _MOST - 1e-9]

    def says(self, pattern: str | re.Pattern[str], least: float) -> bool:
        if not self.captions:
            return False
        return sum(bool(re.search(pattern, text)) for text in self.captions) >= least * len(self.captions)

    def only(self, action: str, *also: str) -> bool:
        """Most captions name the action, and few any other but those in ``also``."""
        rest = [share for name, share in self.shares.items() if name not in (action, *also)]
        return self.shares.get(action, 0) >= _MOST - 1e-9 and max(rest, default=0.0) < _SOME


_Make = Callable[..., Segment]


def _gaits(joints: np.ndarray, told: _Told, make: _Make) -> Iterator[Segment]:
    if len(joints) < FPS:
        return
    found = facts(joints)
    # Arms that do something of their own would go on doing it in clips that are said to be plain walks.
    calm = not found.raised and float(np.median(height(joints, "pelvis"))) > 0.8
    for gait, also in (("walk", ("turn", "move arms")), ("run", ("walk", "turn")), ("sneak", ("walk", "turn"))):
        if not (told.only(gait, *also) and calm and gait_phrases(joints, gait)):
            continue
        if gait == "run" and (found.pace < 1.8 or told.says(r"\bstop|\bwait|in place|on the spot", _SOME)):
            continue
        if gait == "walk" and found.pace > 2.0:
            continue
        straight = found.direction == "forward" and abs(found.turn) < 20
        kind = f"{gait} straight" if straight else f"{gait} {found.direction or 'about'}"
        yield make(gait if straight else kind, gait)
    if not calm or found.direction in ("forward", None):
        return
    if told.shares.get("walk", 0) + told.shares.get("basketball", 0) >= _MOST and gait_phrases(joints, "walk"):
        # Kept for its legs: the arms may be busy with a ball.
        yield make(f"legs {'backward' if found.direction == 'backward' else 'sideways'}", "walk")


def _standing(motion: Motion, told: _Told, make: _Make) -> Iterator[Segment]:
    """Quiet stretches, and turns in place."""
    joints = motion.joints
    upright = (height(joints, "pelvis") > 0.82) & (height(joints, "head") > 1.35)
    low_hands = np.all([height(joints, f"{side}_wrist") < 1.15 for side in ("left", "right")], axis=0)
    for stretch in quiet_stretches(motion, 1.0):
        # Above its own floor too: who sits on something high is upright above the floor of the whole clip.
        if (upright & low_hands)[stretch].all() and height(joints[stretch], "pelvis").min() > 0.82:
            yield make("stand still", "stand still", stretch.start, stretch.stop)
    if told.shares.get("acrobatics", 0) > 0:
        return
    angle = np.degrees(yaw(joints))
    rate = np.abs(np.gradient(smooth(angle, 0.3))) * FPS if len(angle) > 2 else np.zeros(len(angle))
    turning = rate > 30
    edges = np.flatnonzero(np.diff(np.concatenate([[0], turning, [0]])))
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        start, stop = max(int(first) - 5, 0), min(int(last) + 5, len(joints))
        part = joints[start:stop]
        if stop - start < 14 or not upright[start:stop].all() or clearance(part).max() > 0.08:
            continue
        turn = net_turn(part)
        steady = abs(angle[stop - 1] - angle[start]) > 0.85 * np.abs(np.diff(angle[start:stop])).sum()
        if path_length(part) < IN_PLACE and steady and height(part, "pelvis").min() > 0.8:
            side = "left" if turn > 0 else "right"
            # Kept for its legs: the hands may be busy.
            if 50 < abs(turn) < 125:
                yield make("legs turn in place", "turn left or right in place", start, stop, side)
            elif 145 < abs(turn) < 215:
                yield make("legs turn around", "turn around in place", start, stop, side)
            elif 300 < abs(turn) < 420:
                yield make("legs spin", "spin in place", start, stop, side)


def _single(joints: np.ndarray, told: _Told, make: _Make) -> Iterator[Segment]:
    """Clips that are one repetition of one action."""
    count = len(joints)
    if told.only("squat", "stretch", "pick or put") and count < 4 * FPS:
        pelvis = height(joints, "pelvis")
        if pelvis.min() < 0.62 and pelvis[0] > 0.75 and pelvis[-1] > 0.75:
            yield make("squat", "squat")
            lowest = int(pelvis.argmin())
            if lowest >= 8:
                yield make("squat down", "squat down", 0, lowest + 1)
    if told.says(r"elbow", 0.7) and told.says(r"knee", 0.7) and told.says(r"left elbow", _MOST) and count < 3 * FPS:
        yield make("elbow to knee", "elbow to knee", side="left")
    if told.says(r"(?:circl|rotat|swing)\w* .*both arms|both arms .*circle", _MOST) and count < 3 * FPS:
        yield make("circle arms", "circle arms")
    if told.says(r"throw|shoots?\b", 0.7) and told.says(r"\bball|basketball", 0.7) and count < 6 * FPS:
        yield make("throw", "throw")
    for side in ("left", "right"):
        other = "right" if side == "left" else "left"
        if not told.says(rf"\b{side} (?:hand|arm)", _MOST) or told.says(rf"\b{other}\b", 0.2):
            continue
        wrist, shoulder = height(joints, f"{side}_wrist"), height(joints, f"{side}_shoulder")
        if told.says(r"high|above|\bup\b|rais|lift", _MOST) and facts(joints).raised == {side}:
            up = np.flatnonzero(wrist > shoulder + 0.05)
            if up[0] > 4 and len(up) > 6 and up[-1] - up[0] < len(up) + 2:
                yield make("raise arm", "raise and lower arm", side=side)
                yield make("arm up", "raise arm", 0, int(wrist.argmax()) + 1, side)
                top = int(wrist.argmax())
                # A swing of the raised hand that is wide enough to be waved with.
                way = float(np.linalg.norm(joints[top, JOINT[f"{side}_wrist"]] - joints[up[0], JOINT[f"{side}_wrist"]]))
                if top - up[0] >= 3 and way > 0.12:
                    yield make("arm moving up", "wave", int(up[0]), min(top, int(up[0]) + 7) + 1, side)
    if told.only("pick or put", "walk", "squat", "stand") and told.says(r"floor|ground|down", _MOST):
        yield from _put_down(joints, told, make)


def _put_down(joints: np.ndarray, told: _Told, make: _Make) -> Iterator[Segment]:
    """A hand goes down to the floor, alone, and comes up again."""
    wrists = {side: height(joints, f"{side}_wrist") for side in ("left", "right")}
    side = min(wrists, key=lambda name: float(wrists[name].min()))
    other = "right" if side == "left" else "left"
    lowest = int(wrists[side].argmin())
    if wrists[side][lowest] > 0.4 or wrists[other][lowest] < wrists[side][lowest] + 0.2:
        return
    if told.says(rf"\b{other} (?:hand|arm)", 0.2) or not told.says(r"\b(?:put|place|lay|set|bend|reach|lower)", _MOST):
        return
    start, stop = max(lowest - 28, 0), min(lowest + 29, len(joints))
    head = height(joints, "head")
    if min(head[start], head[stop - 1]) > 1.3 and min(lowest - start, stop - lowest) >= 10:
        yield make("put down", "put down", start, stop, side)
        yield make("bend down", "bend down", start, lowest + 1, side)


def _jumps(joints: np.ndarray, told: _Told, make: _Make) -> Iterator[Segment]:
    if not told.only("jump", "turn", "move arms", "balance", "stand") or told.says(r"rope|obstacle|over|flip", _SOME):
        return
    if told.says(r"\bhops?\b", _MOST) and told.says(r"both|two|feet together", _SOME) and len(joints) < 1.6 * FPS:
        if travel(joints)[0] > 0.3:
            yield make("hop", "hop")
        return
    found = flights(joints)
    for number, (start, stop) in enumerate(found):
        first = max(start - 14, 0 if number == 0 else found[number - 1][1] + 2)
        last = min(stop + 12, len(joints) if number == len(found) - 1 else found[number + 1][0] - 2)
        if last - first < 14 or start - first < 4 or last - stop < 4:
            continue
        part = joints[first:last]
        ahead, left = travel(part)
        if abs(net_turn(part)) > 40:
            continue
        if ahead > 0.4 and ahead > 2 * abs(left):
            yield make("jump forward", "jump forward", first, last)
        elif np.hypot(ahead, left) < 0.25:
            yield make("jump", "jump", first, last)


def _kicks(joints: np.ndarray, told: _Told, make: _Make) -> Iterator[Segment]:
    if not told.says(r"kick", _MOST) or told.says(r"danc|\bspin|jump", _SOME):
        return
    events = sorted((frame, side) for side in ("left", "right") for frame in kicks_of(joints, side))
    for number, (frame, side) in enumerate(events):
        before = events[number - 1][0] if number else -40
        after = events[number + 1][0] if number + 1 < len(events) else len(joints) + 40
        start, stop = max(frame - 15, 0, (before + frame) // 2), min(frame + 16, len(joints), (after + frame) // 2)
        if frame - start >= 6 and stop - frame >= 6 and abs(net_turn(joints[start:stop])) < 70:
            yield make("kick", "kick", start, stop, side)


def _punches(joints: np.ndarray, told: _Told, make: _Make) -> Iterator[Segment]:
    if not told.says(r"box|punch|karate|martial", _MOST):
        return
    events = sorted((frame, side) for side in ("left", "right") for frame in punches_of(joints, side))
    for number, (frame, side) in enumerate(events):
        if number and events[number - 1][1] == side:
            continue
        # All punches of this side up to the first one of the other.
        run = [frame]
        for later, one in events[number + 1 :]:
            if one != side or later - frame > 2 * FPS:
                break
            run.append(later)
        after = [later for later, one in events[number + 1 :] if one != side or later > run[-1]]
        start = max(frame - 14, 0, events[number - 1][0] + 4 if number else 0)
        stop = min(run[-1] + 14, len(joints), after[0] - 4 if after else len(joints))
        if stop - start >= 14 and frame - start >= 5 and abs(net_turn(joints[start:stop])) < 45:
            yield make("punch", "punch", start, stop, side)


def _floor(joints: np.ndarray, told: _Told, make: _Make) -> Iterator[Segment]:
    """Lying down, and the sitting on the floor that it goes through."""
    if not told.only("lie", "squat", "sit", "fall", "pick or put"):
        return
    pelvis, head = height(joints, "pelvis"), height(joints, "head")
    if pelvis[0] > 0.8 and pelvis[-1] < 0.35 and head[-1] < 0.55:
        yield make("lie down", "lie down")
    chest = joints[:, JOINT["spine3"], 1] - joints[:, 0, 1]
    sitting = np.flatnonzero((pelvis < 0.28) & (chest > 0.17) & (head > 0.55))
    if pelvis[0] > 0.8 and len(sitting) >= 5:
        # Up to where the body is most upright on the floor.
        stop = int(sitting[chest[sitting].argmax()])
        if stop > 15:
            yield make("sit down", "sit down", 0, stop + 1)
