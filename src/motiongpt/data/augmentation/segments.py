"""Segments: parts of training clips that show one known action, the material of augmentation.

The captions of a clip name the action and its geometry confirms it; single repetitions are cut out where geometry shows
them. Doubtful segments are not used.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from motiongpt.data.augmentation.captions import facts, gait_phrases
from motiongpt.data.layout import UNEVEN, MotionTextDataset, read_clip_table
from motiongpt.motion import Motion
from motiongpt.motion.detectors import flights, kicks_of, punches_of
from motiongpt.motion.editing import quiet_stretches
from motiongpt.motion.measures import FPS, JOINT, clearance, height, net_turn, path_length, smooth, travel, yaw
from motiongpt.text.action_words import actions

# Maximum path of the pelvis, in metres, during a turn in place.
IN_PLACE = 0.75
# Shares of the captions of a clip.
_MAJORITY, _MINORITY = 0.5, 0.3
# Actions that look alike wherever they are cut, by a pattern of most captions of a clip.
_CONTINUOUS = {
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
# Words of uneven ground, which the geometry does not show.
_UNEVEN = re.compile(r"uneven|bumpy|stair|ladder|hill|terrain|steps? (?:up|down)|climb|playground|beam|balanc")


@dataclass(frozen=True)
class Segment:
    """Frames [start, stop) of a training clip.

    Attributes:
        clip: id of the clip.
        start, stop: range of frames.
        kind: segments are drawn by kind, so that kinds are balanced.
        action: gait or action of ``captions.yaml``.
        side: ``left`` or ``right`` for an action with a side.
        captions: captions of the clip, for segments that are all of it.
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
    """Origin of a training clip, from ``clips.csv``."""

    source: str = "unknown"
    licence: str = ""
    flat: bool = True


@dataclass
class Library:
    """Segments of the training clips of a data set by kind, and the origin of each clip."""

    root: Path
    segments: dict[str, list[Segment]] = field(default_factory=dict)
    origins: dict[str, Origin] = field(default_factory=dict)


def find_segments(root: str | Path) -> Library:
    """The segments of the training clips without mirrored ones: new clips are mirrored at random.

    Raises:
        MotionGPTError: the data set or its ``clips.csv`` is unreadable.
    """
    root = Path(root)
    origins = {
        clip: Origin(row.get("source", ""), row.get("licence", ""), row.get("floor") != UNEVEN)
        for clip, row in read_clip_table(root).items()
    }
    library = Library(root, origins=origins)
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
    votes = _CaptionVotes(captions)

    def make(kind: str, action: str, start: int = 0, stop: int = len(joints), side: str = "") -> Segment:
        return Segment(clip, start, stop, kind, action, side)

    if captions and len(joints) >= FPS:
        name = next(iter(votes.named), "other")
        yield Segment(clip, 0, len(joints), f"clip: {name}", "", captions=tuple(captions))
    flat = not votes.match(_UNEVEN, 0.2) and origin.flat
    if flat:
        yield from _gaits(joints, votes, make)
        yield from _standing(motion, votes, make)
    for rule in (_single, _jumps, _kicks, _punches, _floor):
        yield from rule(joints, votes, make)
    for action, pattern in _CONTINUOUS.items():
        if votes.match(pattern, _MAJORITY) and len(joints) >= 2 * FPS:
            yield make(action, action)
            break


class _CaptionVotes:
    """What the captions of a clip agree on.

    Attributes:
        shares: share of the captions that name an action, by action.
        named: actions that most captions name, the most frequent first.
    """

    def __init__(self, captions: Sequence[str]) -> None:
        self.captions = [caption.lower() for caption in captions]
        count = max(len(captions), 1)
        named: dict[str, float] = {}
        for caption in captions:
            for action in actions(caption):
                named[action] = named.get(action, 0) + 1 / count
        self.shares = named
        self.named = [
            name for name, share in sorted(named.items(), key=lambda item: -item[1]) if share >= _MAJORITY - 1e-9
        ]

    def match(self, pattern: str | re.Pattern[str], min_share: float) -> bool:
        """Whether at least this share of the captions matches a pattern."""
        if not self.captions:
            return False
        return sum(bool(re.search(pattern, text)) for text in self.captions) >= min_share * len(self.captions)

    def only(self, action: str, *also: str) -> bool:
        """Whether most captions name the action, and few another one that is not in ``also``."""
        rest = [share for name, share in self.shares.items() if name not in (action, *also)]
        return self.shares.get(action, 0) >= _MAJORITY - 1e-9 and max(rest, default=0.0) < _MINORITY


_Make = Callable[..., Segment]


def _gaits(joints: np.ndarray, votes: _CaptionVotes, make: _Make) -> Iterator[Segment]:
    if len(joints) < FPS:
        return
    found = facts(joints)
    # Busy arms would stay busy in clips that are captioned as plain walks.
    calm = not found.raised and float(np.median(height(joints, "pelvis"))) > 0.8
    for gait, also in (("walk", ("turn", "move arms")), ("run", ("walk", "turn")), ("sneak", ("walk", "turn"))):
        if not (votes.only(gait, *also) and calm and gait_phrases(joints, gait)):
            continue
        if gait == "run" and (found.pace < 1.8 or votes.match(r"\bstop|\bwait|in place|on the spot", _MINORITY)):
            continue
        if gait == "walk" and found.pace > 2.0:
            continue
        straight = found.direction == "forward" and abs(found.turn) < 20
        kind = f"{gait} straight" if straight else f"{gait} {found.direction or 'about'}"
        yield make(gait if straight else kind, gait)
    if not calm or found.direction in ("forward", None):
        return
    if votes.shares.get("walk", 0) + votes.shares.get("basketball", 0) >= _MAJORITY and gait_phrases(joints, "walk"):
        # Used for its legs alone: the arms may be busy with a ball.
        yield make(f"legs {'backward' if found.direction == 'backward' else 'sideways'}", "walk")


def _standing(motion: Motion, votes: _CaptionVotes, make: _Make) -> Iterator[Segment]:
    """Quiet stretches, and turns in place."""
    joints = motion.joints
    upright = (height(joints, "pelvis") > 0.82) & (height(joints, "head") > 1.35)
    low_hands = np.all([height(joints, f"{side}_wrist") < 1.15 for side in ("left", "right")], axis=0)
    for stretch in quiet_stretches(motion, 1.0):
        # Above the floor of the stretch too: somebody who sits on a height is upright above the floor of the clip.
        if (upright & low_hands)[stretch].all() and height(joints[stretch], "pelvis").min() > 0.82:
            yield make("stand still", "stand still", stretch.start, stretch.stop)
    if votes.shares.get("acrobatics", 0) > 0:
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
            # Used for its legs alone: the hands may be busy.
            if 50 < abs(turn) < 125:
                yield make("legs turn in place", "turn left or right in place", start, stop, side)
            elif 145 < abs(turn) < 215:
                yield make("legs turn around", "turn around in place", start, stop, side)
            elif 300 < abs(turn) < 420:
                yield make("legs spin", "spin in place", start, stop, side)


def _single(joints: np.ndarray, votes: _CaptionVotes, make: _Make) -> Iterator[Segment]:
    """Clips of one repetition of one action."""
    count = len(joints)
    if votes.only("squat", "stretch", "pick or put") and count < 4 * FPS:
        pelvis = height(joints, "pelvis")
        if pelvis.min() < 0.62 and pelvis[0] > 0.75 and pelvis[-1] > 0.75:
            yield make("squat", "squat")
            lowest = int(pelvis.argmin())
            if lowest >= 8:
                yield make("squat down", "squat down", 0, lowest + 1)
    if (
        votes.match(r"elbow", 0.7)
        and votes.match(r"knee", 0.7)
        and votes.match(r"left elbow", _MAJORITY)
        and count < 3 * FPS
    ):
        yield make("elbow to knee", "elbow to knee", side="left")
    if votes.match(r"(?:circl|rotat|swing)\w* .*both arms|both arms .*circle", _MAJORITY) and count < 3 * FPS:
        yield make("circle arms", "circle arms")
    if votes.match(r"throw|shoots?\b", 0.7) and votes.match(r"\bball|basketball", 0.7) and count < 6 * FPS:
        yield make("throw", "throw")
    for side in ("left", "right"):
        other = "right" if side == "left" else "left"
        if not votes.match(rf"\b{side} (?:hand|arm)", _MAJORITY) or votes.match(rf"\b{other}\b", 0.2):
            continue
        wrist, shoulder = height(joints, f"{side}_wrist"), height(joints, f"{side}_shoulder")
        if votes.match(r"high|above|\bup\b|rais|lift", _MAJORITY) and facts(joints).raised == {side}:
            up = np.flatnonzero(wrist > shoulder + 0.05)
            if up[0] > 4 and len(up) > 6 and up[-1] - up[0] < len(up) + 2:
                yield make("raise arm", "raise and lower arm", side=side)
                yield make("arm up", "raise arm", 0, int(wrist.argmax()) + 1, side)
                top = int(wrist.argmax())
                # The way up is wide enough to wave along it.
                way = float(np.linalg.norm(joints[top, JOINT[f"{side}_wrist"]] - joints[up[0], JOINT[f"{side}_wrist"]]))
                if top - up[0] >= 3 and way > 0.12:
                    yield make("arm moving up", "wave", int(up[0]), min(top, int(up[0]) + 7) + 1, side)
    if votes.only("pick or put", "walk", "squat", "stand") and votes.match(r"floor|ground|down", _MAJORITY):
        yield from _put_down(joints, votes, make)


def _put_down(joints: np.ndarray, votes: _CaptionVotes, make: _Make) -> Iterator[Segment]:
    """A hand goes down to the floor, alone, and comes up again."""
    wrists = {side: height(joints, f"{side}_wrist") for side in ("left", "right")}
    side = min(wrists, key=lambda name: float(wrists[name].min()))
    other = "right" if side == "left" else "left"
    lowest = int(wrists[side].argmin())
    if wrists[side][lowest] > 0.4 or wrists[other][lowest] < wrists[side][lowest] + 0.2:
        return
    if votes.match(rf"\b{other} (?:hand|arm)", 0.2) or not votes.match(
        r"\b(?:put|place|lay|set|bend|reach|lower)", _MAJORITY
    ):
        return
    start, stop = max(lowest - 28, 0), min(lowest + 29, len(joints))
    head = height(joints, "head")
    if min(head[start], head[stop - 1]) > 1.3 and min(lowest - start, stop - lowest) >= 10:
        yield make("put down", "put down", start, stop, side)
        yield make("bend down", "bend down", start, lowest + 1, side)


def _jumps(joints: np.ndarray, votes: _CaptionVotes, make: _Make) -> Iterator[Segment]:
    if not votes.only("jump", "turn", "move arms", "balance", "stand") or votes.match(
        r"rope|obstacle|over|flip", _MINORITY
    ):
        return
    if (
        votes.match(r"\bhops?\b", _MAJORITY)
        and votes.match(r"both|two|feet together", _MINORITY)
        and len(joints) < 1.6 * FPS
    ):
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


def _kicks(joints: np.ndarray, votes: _CaptionVotes, make: _Make) -> Iterator[Segment]:
    if not votes.match(r"kick", _MAJORITY) or votes.match(r"danc|\bspin|jump", _MINORITY):
        return
    events = sorted((frame, side) for side in ("left", "right") for frame in kicks_of(joints, side))
    for number, (frame, side) in enumerate(events):
        before = events[number - 1][0] if number else -40
        after = events[number + 1][0] if number + 1 < len(events) else len(joints) + 40
        start, stop = max(frame - 15, 0, (before + frame) // 2), min(frame + 16, len(joints), (after + frame) // 2)
        if frame - start >= 6 and stop - frame >= 6 and abs(net_turn(joints[start:stop])) < 70:
            yield make("kick", "kick", start, stop, side)


def _punches(joints: np.ndarray, votes: _CaptionVotes, make: _Make) -> Iterator[Segment]:
    if not votes.match(r"box|punch|karate|martial", _MAJORITY):
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


def _floor(joints: np.ndarray, votes: _CaptionVotes, make: _Make) -> Iterator[Segment]:
    """Lying down, and sitting on the floor on the way."""
    if not votes.only("lie", "squat", "sit", "fall", "pick or put"):
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
