"""More training clips out of real ones: ``augment(root, out, clips=10000)``.

The new data set has the clips of the old one and, in its train split, as many more as asked. They are made by
motiongpt.motion.editing from segments whose action is known (``segments.py``), and captioned by sentences that their
geometry bears out (``captions.py``). Validation and test clips are never touched nor used. What is
drawn is in a config, ``settings.yaml`` next to this module; clip k depends on the seed, k and the data set alone.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from motiongpt.data.augmentation.captions import action_phrases, facts, gait_phrases, sentences
from motiongpt.data.augmentation.segments import IN_PLACE, Library, Origin, Segment, find_segments
from motiongpt.data.build import CLIP_COLUMNS, feature_statistics
from motiongpt.data.layout import FEATURES, SPLITS, TEXTS, load_features, read_ids
from motiongpt.data.texts import write_captions
from motiongpt.errors import MotionGPTError
from motiongpt.files import atomic_path, read_yaml, run_all
from motiongpt.motion import HUMANML3D, Motion
from motiongpt.motion.detectors import flights, kicks_of, punches_of
from motiongpt.motion.editing import (
    bend_path,
    both_arms,
    change_tempo,
    combine,
    find_seam,
    hold,
    loop,
    reverse,
    splice,
)
from motiongpt.motion.measures import (
    FPS,
    JOINT,
    bone_length_deviation,
    foot_skate_ratio,
    height,
    jerk,
    net_turn,
    path_length,
    reversals,
    travel,
)
from motiongpt.text.captions import mirror_caption, normalise_caption
from motiongpt.text.paraphrase import paraphrase

# Part of every mark of finished work: raise it when the same input should give other clips.
_RECIPE = 2
# Clips a job makes; a job is what is done again after an interruption.
_CHUNK = 50
# Attempts at one clip before it is given up.
_ATTEMPTS = 60


@dataclass
class AugmentReport:
    """What an augmentation did.

    Attributes:
        out: the new data set.
        originals: training clips taken over, mirrored ones included.
        clips: clips made; ``minutes`` and ``captions`` are theirs.
        operations, actions: new clips by what was done and by what they show.
        rejected: attempts by why they came to nothing.
        resumed: clips that an earlier run had made.
        seconds: wall time of this run.
    """

    out: str
    originals: int = 0
    clips: int = 0
    captions: int = 0
    minutes: float = 0.0
    operations: dict[str, int] = field(default_factory=dict)
    actions: dict[str, int] = field(default_factory=dict)
    rejected: dict[str, int] = field(default_factory=dict)
    resumed: int = 0
    seconds: float = 0.0

    def markdown(self) -> str:
        """The report to read."""
        lines = [
            "# Augmentation report",
            "",
            f"{self.clips} new training clips ({self.minutes:.1f} minutes, {self.captions} captions) beside "
            f"{self.originals} original ones, in {self.seconds:.1f} s ({self.resumed} were made before).",
        ]
        for title, counts in (
            ("Operations", self.operations),
            ("Actions", self.actions),
            ("Rejected attempts", self.rejected),
        ):
            lines += ["", f"## {title}", "", "| what | count |", "|---|---|"]
            lines += [f"| {name} | {count} |" for name, count in sorted(counts.items(), key=lambda item: -item[1])]
        return "\n".join(lines) + "\n"


class _Rejected(Exception):
    """An attempt that comes to nothing; the text says why."""


@dataclass(frozen=True)
class _Part:
    """A motion, what it is made of, and how to tell it.

    ``describe`` takes the frames of the part as they are in the finished clip, and gives phrases with bracketed verbs,
    or none when the frames do not show it any more.
    """

    motion: Motion
    kind: str
    parents: tuple[str, ...]
    describe: Callable[[np.ndarray], list[str]]

    def mirrored(self) -> _Part:
        """The part with left and right exchanged, in motion and words."""
        inner = self.describe

        def describe(joints: np.ndarray) -> list[str]:
            return [mirror_caption(phrase) for phrase in inner(_mirror(joints))]

        return replace(self, motion=self.motion.mirrored(), describe=describe)

    def edited(self, motion: Motion) -> _Part:
        """The same part with other frames."""
        return replace(self, motion=motion)


@dataclass(frozen=True)
class _Clip:
    motion: Motion
    captions: list[str]
    parents: tuple[str, ...]
    kinds: tuple[str, ...]


def _mirror(joints: np.ndarray) -> np.ndarray:
    return joints[:, HUMANML3D.mirror_order] * np.array([-1, 1, 1], dtype=np.float32)


class _Maker:
    """Makes clips from a library under a config, with one source of randomness for each."""

    def __init__(self, library: Library, config: dict[str, Any], rng: np.random.Generator) -> None:
        self.library, self.config, self.rng = library, config, rng

    # Drawing

    def chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def between(self, low: float, high: float) -> float:
        return float(self.rng.uniform(low, high))

    def draw(self, weights: dict[str, float]) -> str:
        names = list(weights)
        shares = np.array([weights[name] for name in names], dtype=float)
        return names[int(self.rng.choice(len(names), p=shares / shares.sum()))]

    def has(self, kind: str) -> bool:
        return bool(self.library.segments.get(kind))

    def segment(self, *kinds: str) -> Segment:
        """One of the segments of these kinds, or a rejection when there is none."""
        found = [segment for kind in kinds for segment in self.library.segments.get(kind, [])]
        if not found:
            raise _Rejected(f"there is no {kinds[0]}")
        return found[int(self.rng.integers(len(found)))]

    def motion(self, segment: Segment) -> Motion:
        return _load(str(self.library.root), segment.clip)[segment.start : segment.stop]

    def crop(self, motion: Motion, low: float, high: float) -> Motion:
        """A random stretch of a duration in seconds between the two; all of a shorter motion."""
        count = round(self.between(low, high) * FPS)
        start = int(self.rng.integers(max(len(motion) - count, 0) + 1))
        return motion[start : start + count]

    # Parts

    def gait(self, gait: str, low: float = 1.8, high: float = 4.0, *, straight: bool = False) -> _Part:
        """Walking, running or sneaking for so many seconds, at a tempo of its own."""
        about = [] if straight else [f"{gait} forward"]
        segment = self.segment(gait, *about)
        motion = self.motion(segment)
        seconds = self.between(low, high)
        if segment.kind == gait:
            motion = change_tempo(motion, self.tempo(gait))
            motion = _at_length(motion, seconds)
        motion = self.crop(motion, seconds, seconds)

        def describe(joints: np.ndarray) -> list[str]:
            return gait_phrases(joints, gait)

        return _Part(motion, gait, (segment.clip,), describe)

    def tempo(self, gait: str) -> float:
        # Walking shows its pace: slow and quick are drawn as often as in between.
        return self.between(0.75, 1.3) if gait == "walk" else self.between(0.85, 1.15)

    def bent(self, part: _Part) -> _Part:
        """The part with a turn to either side at its beginning, middle or end."""
        low, high = [(45, 110), (70, 110), (150, 190)][int(self.rng.integers(3))]
        degrees = self.between(low, high) * (1 if self.chance(0.5) else -1)
        start, end = [(0.0, 0.4), (0.25, 0.75), (0.6, 1.0), (0.0, 1.0)][int(self.rng.integers(4))]
        return part.edited(bend_path(part.motion, degrees, start, end))

    def circle(self) -> _Part:
        gait = self.draw({"walk": 5, "run": 2})
        seconds = self.between(4.5, 8.5) if gait == "walk" else self.between(3.0, 5.0)
        part = self.gait(gait, seconds, seconds, straight=True)
        degrees = self.between(320, 400) * (1 if self.chance(0.5) else -1)
        return part.edited(bend_path(part.motion, degrees))

    def backward(self, low: float = 1.8, high: float = 4.0) -> _Part:
        """Plain walking, played backwards."""
        segment = self.segment("walk")
        motion = self.motion(segment)
        if not 0.7 < facts(motion.joints).pace < 1.35:
            raise _Rejected("too quick to be walked backward")
        seconds = self.between(low, high)
        motion = _at_length(change_tempo(motion, self.between(0.75, 1.1)), seconds)[: round(seconds * FPS)]
        return _Part(
            reverse(motion), "walk backward", (segment.clip,), lambda joints: _only(joints, "walk", "backward")
        )

    def sideways(self, low: float = 1.2, high: float = 3.0) -> _Part:
        """Legs that step aside, under the arms of a person who walks."""
        segment, arms = self.segment("legs sideways", "walk left", "walk right"), self.segment("walk")
        motion = self.crop(self.motion(segment), low, high)
        upper = change_tempo(self.motion(arms), self.between(0.6, 0.8))
        motion = combine(motion, _at_length(upper, motion.seconds))
        return _Part(
            motion,
            "walk sideways",
            (segment.clip, arms.clip),
            lambda joints: _only(joints, "walk", "left") or _only(joints, "walk", "right"),
        )

    def still(self, low: float = 1.0, high: float = 3.5) -> _Part:
        segment = self.segment("stand still")
        motion = hold(self.motion(segment), self.between(low, high))
        return _Part(
            motion,
            "stand still",
            (segment.clip,),
            lambda joints: action_phrases("stand still") if facts(joints).still else [],
        )

    def waving(self, low: float = 1.5, high: float = 3.5) -> _Part:
        """A raised arm that goes to and fro as it came up."""
        segment = self.segment("arm moving up")
        # Four times as many frames, so that a cosine can pick from them.
        fine = change_tempo(self.motion(segment), 0.25)
        count, period = round(self.between(low, high) * FPS), self.between(0.6, 1.0) * FPS
        swing = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(count) / period)
        motion = replace(fine, joints=fine.joints[np.round(swing * (len(fine) - 1)).astype(int)])
        return _Part(motion, "wave", (segment.clip,), lambda joints: _waves(joints, segment.side))

    def raised(self) -> _Part:
        """An arm goes up, and mostly down again."""
        segment = self.segment("raise arm") if self.chance(0.7) else self.segment("arm up")
        motion = self.motion(segment)
        if segment.kind == "arm up":
            motion = _kept(motion, self.between(0.5, 2.0))

        def describe(joints: np.ndarray) -> list[str]:
            return action_phrases(segment.action, side=segment.side) if facts(joints).raised == {segment.side} else []

        return _Part(motion, "raise arm", (segment.clip,), describe)

    def raised_both(self, held: float) -> _Part:
        """One arm goes up, the other as its mirror image, and both are held there for so many seconds."""
        segment = self.segment("arm up")
        motion = _kept(both_arms(self.motion(segment), segment.side), held)

        def describe(joints: np.ndarray) -> list[str]:
            return action_phrases("raise arms") if len(facts(joints).raised) == 2 else []

        return _Part(motion, "raise arms", (segment.clip,), describe)

    def action(self, kind: str) -> _Part:
        """One part of a kind of the config, at a tempo of its own, mirrored or not."""
        part = self._plain_action(kind)
        return part.mirrored() if self.chance(0.5) else part

    def _plain_action(self, kind: str) -> _Part:
        if kind in ("walk", "run", "sneak"):
            low, high = {"walk": (1.6, 3.5), "run": (1.0, 2.2), "sneak": (1.5, 3.0)}[kind]
            part = self.gait(kind, low, high)
            return self.bent(part) if self.chance(0.3) else part
        special: dict[str, Callable[[], _Part]] = {
            "walk backward": self.backward,
            "walk sideways": self.sideways,
            "stand still": self.still,
            "wave": self.waving,
            "raise arm": self.raised,
            "raise arms": lambda: self.raised_both(self.between(0.5, 2.0)),
            "stay low": self.stay_low,
            "sit down": lambda: self.sitting("sit down"),
            "sit up": lambda: self.sitting("sit up"),
        }
        if kind in special:
            return special[kind]()
        if kind in ("dance", "box"):
            return self.cut(kind, 1.8, 3.5)
        source, action, backwards = _REVERSED.get(kind, (kind, kind, False))
        segment = self.segment(source)
        motion = self.motion(segment)
        if backwards:
            motion = reverse(motion)
        if source.startswith("legs"):
            # Busy hands are exchanged for those of a person who stands.
            arms = self.segment("stand still")
            motion = combine(motion, hold(self.motion(arms), motion.seconds))
        # Flight obeys gravity: little change of tempo.
        limits = (0.92, 1.1) if kind in ("jump", "jump forward", "hop") else (0.8, 1.25)
        motion = change_tempo(motion, self.between(*limits))
        # What is played backwards ends where it began: its words are its own.
        told = action if backwards else segment.action

        def describe(joints: np.ndarray) -> list[str]:
            if not _shows(told, joints, segment.side, 1):
                return []
            side = ("left" if net_turn(joints) > 0 else "right") if told in _TURNS else segment.side
            count = len(punches_of(joints, side)) if told == "punch" else 1
            return action_phrases(told, side=side, count=min(count, 5))

        return _Part(motion, kind, (segment.clip,), describe)

    def stay_low(self) -> _Part:
        segment = self.segment("squat down")
        return _Part(
            _kept(self.motion(segment), self.between(0.8, 2.0)),
            "stay low",
            (segment.clip,),
            lambda joints: action_phrases("stay low") if height(joints, "pelvis")[-8:].max() < 0.72 else [],
        )

    def sitting(self, kind: str) -> _Part:
        """Down to the floor and seated there for a while, or the way back."""
        segment = self.segment("sit down")
        motion = _kept(change_tempo(self.motion(segment), self.between(0.85, 1.2)), self.between(0.8, 2.0))

        def describe(joints: np.ndarray) -> list[str]:
            return action_phrases(kind) if _seated(joints).sum() > 0.5 * FPS else []

        return _Part(motion if kind == "sit down" else reverse(motion), kind, (segment.clip,), describe)

    def seated(self, seconds: float) -> _Part:
        """Sitting on the floor all the time."""
        segment = self.segment("sit down")
        rest = hold(self.motion(segment)[-6:], seconds)
        return _Part(
            rest, "sit", (segment.clip,), lambda joints: action_phrases("seated") if _seated(joints).all() else []
        )

    def cut(self, kind: str, low: float, high: float) -> _Part:
        segment = self.segment(kind, *({"dance": ("salsa", "ballet")}.get(kind, ())))
        motion = self.crop(self.motion(segment), low, high)

        def describe(joints: np.ndarray) -> list[str]:
            boxes = punches_of(joints, "left") or punches_of(joints, "right")
            return action_phrases(segment.action) if boxes or segment.action != "box" else []

        return _Part(motion, kind, (segment.clip,), describe)

    # Joining

    def join(self, parts: Sequence[_Part]) -> tuple[Motion, list[list[str]]]:
        """The parts one after the other, and the phrases of each as it is in the result."""
        motion, borders = parts[0].motion, [0]
        for part in parts[1:]:
            if find_seam(motion, part.motion).cost > self.config["limits"]["splice_cost"]:
                raise _Rejected("the parts do not fit together")
            borders.append(find_seam(motion, part.motion).middle)
            if borders[-1] - borders[-2] < 10:
                raise _Rejected("too little is left of a part")
            motion = splice(motion, part.motion)
        told = []
        for part, start, stop in zip(parts, borders, [*borders[1:], len(motion)], strict=True):
            phrases = part.describe(motion.joints[start:stop]) if stop - start >= 8 else []
            if not phrases:
                raise _Rejected("a part does not show its action any more")
            told.append(phrases)
        return motion, told

    def told(
        self, parts: Sequence[_Part], joint: str, motion: Motion, phrases: list[list[str]], **options: Any
    ) -> _Clip:
        low, high = self.config["limits"]["captions"]
        captions = sentences(phrases, joint, self.rng, count=int(self.rng.integers(low, high + 1)), **options)
        parents = tuple(dict.fromkeys(clip for part in parts for clip in part.parents))
        return _Clip(motion, captions, parents, tuple(dict.fromkeys(part.kind for part in parts)))

    def alone(self, part: _Part, *, timed: bool = False) -> _Clip:
        """A clip of one part."""
        if self.chance(0.5):
            part = part.mirrored()
        phrases = part.describe(part.motion.joints)
        if not phrases:
            raise _Rejected("it does not show its action")
        seconds = part.motion.seconds if timed and self.chance(0.35) else None
        return self.told([part], "single", part.motion, [phrases], seconds=seconds)

    # Operations

    def make_clip(self) -> _Clip:
        kinds = [kind for kind in self.library.segments if kind.startswith("clip: ")]
        if not kinds:
            raise _Rejected("there are no captioned clips")
        segment = self.segment(kinds[int(self.rng.integers(len(kinds)))])
        still = segment.kind.removeprefix("clip: ") in ("jump", "acrobatics", "fall")
        motion = self.motion(segment)
        factor = self.between(0.92, 1.1) if still else self.between(0.85, 1.18)
        motion = change_tempo(motion, factor)
        wrong = ("fast", "quick", "rapid", "brisk") if factor < 1 else ("slow", "careful", "leisure")
        fitting = [text for text in segment.captions if abs(factor - 1) < 0.06 or not any(w in text for w in wrong)]
        if not fitting:
            raise _Rejected("its captions tell another pace")
        low, high = self.config["limits"]["captions"]
        count = min(int(self.rng.integers(low, high + 1)), len(fitting))
        chosen = [fitting[i] for i in sorted(self.rng.choice(len(fitting), count, replace=False))]
        captions = [paraphrase(normalise_caption(text), self.rng) for text in chosen]
        if self.chance(0.5):
            motion, captions = motion.mirrored(), [mirror_caption(text) for text in captions]
        return _Clip(motion, captions, (segment.clip,), (segment.kind.removeprefix("clip: "),))

    def make_gait(self) -> _Clip:
        gait = self.draw({"walk": 5, "run": 4, "sneak": 3})
        low, high = {"walk": (1.8, 7.0), "run": (1.0, 5.0), "sneak": (1.5, 6.0)}[gait]
        return self.alone(self.gait(gait, low, high), timed=True)

    def make_path(self) -> _Clip:
        if self.chance(0.3):
            return self.alone(self.circle())
        gait = self.draw({"walk": 5, "run": 3, "sneak": 1})
        low, high = {"walk": (2.2, 5.5), "run": (1.2, 3.5), "sneak": (2.0, 4.5)}[gait]
        return self.alone(self.bent(self.gait(gait, low, high, straight=True)))

    def make_backward(self) -> _Clip:
        return self.alone(self.backward(1.5, 5.0), timed=True)

    def make_sideways(self) -> _Clip:
        return self.alone(self.sideways())

    def make_single(self) -> _Clip:
        weights = {
            kind: weight
            for kind, weight in self.config["parts"].items()
            if kind not in ("walk", "run", "sneak", "walk backward", "walk sideways", "stand still", "dance", "box")
        }
        part = self._plain_action(self.draw(weights))
        return self.alone(part)

    def make_repeat(self) -> _Clip:
        kind = self.draw({"jump": 4, "jump forward": 3, "hop": 4, "kick": 5, "squat": 4})
        segment = self.segment(kind)
        motion = change_tempo(self.motion(segment), self.between(0.92, 1.1))
        count = int(self.rng.integers(2, 5))
        if count * motion.seconds > 9:
            raise _Rejected("too long")
        result = motion
        for _ in range(count - 1):
            if find_seam(result, motion).cost > self.config["limits"]["splice_cost"]:
                raise _Rejected("the parts do not fit together")
            result = splice(result, motion)
        if not _shows(segment.action, result.joints, segment.side, count):
            raise _Rejected("it does not show its action so often")

        def describe(joints: np.ndarray) -> list[str]:
            return action_phrases(segment.action, side=segment.side, count=count)

        return self.alone(_Part(result, f"{kind} many", (segment.clip,), describe))

    def make_sequence(self) -> _Clip:
        weights = dict(self.config["parts"])
        kinds = [self.draw(weights)]
        while len(kinds) < (3 if self.chance(0.2) else 2):
            follows = _FOLLOWS.get(kinds[-1])
            fitting = {
                kind: weight
                for kind, weight in weights.items()
                if kind not in kinds and (kind in follows if follows else kind not in _LOW)
            }
            if not fitting:
                break
            kinds.append(self.draw(fitting))
        # Getting up needs somebody on the floor.
        if len(kinds) < 2:
            raise _Rejected("nothing follows")
        parts = [self.action(kind) for kind in kinds]
        motion, phrases = self.join(parts)
        return self.told(parts, "order" if len(parts) == 2 else "order of three", motion, phrases, strength=0.3)

    def make_combine(self) -> _Clip:
        arms = self.draw({"wave": 6, "raise arm": 6, "raise arms": 5, "circle arms": 3, "box": 3})
        seconds = self.between(1.8, 4.5)
        if arms == "wave":
            upper = self.waving(seconds, seconds)
        elif arms == "raise arms":
            upper = self.raised_both(seconds)
        elif arms == "raise arm":
            segment = self.segment("raise arm")
            motion = self.motion(segment)
            peak = int(height(motion.joints, f"{segment.side}_wrist").argmax())
            # Up and held there, or up and down once.
            if self.chance(0.7):
                motion = _kept(motion[: peak + 1], seconds)
            upper = _Part(
                motion,
                "raise arm",
                (segment.clip,),
                lambda joints: (
                    action_phrases("raise arm", side=segment.side) if facts(joints).raised == {segment.side} else []
                ),
            )
        elif arms == "circle arms":
            segment = self.segment("circle arms")
            upper = _Part(
                _at_length(self.motion(segment), seconds),
                arms,
                (segment.clip,),
                lambda joints: action_phrases("circle arms"),
            )
        else:
            upper = self.cut("box", seconds, seconds)
        if self.chance(0.5):
            upper = upper.mirrored()
        gait = self.draw({"walk": 6, "run": 2, "sneak": 1, "walk backward": 2, "turn": 2, "stand still": 3, "sit": 2})
        if gait == "walk backward":
            lower = self.backward(seconds, seconds)
        elif gait == "stand still":
            lower = replace(self.still(seconds, seconds), describe=_stands)
        elif gait == "sit":
            lower = self.seated(seconds)
        elif gait == "turn":
            lower = self.bent(self.gait("walk", seconds, seconds, straight=True))
        else:
            lower = self.gait(gait, seconds, seconds)
        motion = combine(lower.motion, upper.motion)
        phrases = [lower.describe(motion.joints), upper.describe(motion.joints)]
        if not all(phrases):
            raise _Rejected("a part does not show its action any more")
        return self.told([lower, upper], "while", motion, phrases, strength=0.3)

    def make_still(self) -> _Clip:
        pose = self.draw({"stand still": 4, "lie": 1, "sit": 1.5})
        if pose == "stand still":
            return self.alone(self.still(1.5, 7.0), timed=True)
        segment = self.segment("lie down" if pose == "lie" else "sit down")
        rest = hold(self.motion(segment)[-6:], self.between(1.5, 5.0))
        calm = float(np.abs(np.diff(rest.joints, axis=0)).max()) * FPS < 0.5
        if not calm or (pose == "sit" and not _seated(rest.joints).all()):
            raise _Rejected("the pose is not kept")
        return self.alone(_Part(rest, pose, (segment.clip,), lambda joints: action_phrases(pose)), timed=True)

    def make_stop(self) -> _Clip:
        gait = self.draw({"walk": 5, "run": 2, "walk backward": 1, "sneak": 1})
        moving = self.backward() if gait == "walk backward" else self.gait(gait, 1.4, 3.5)
        standing = self.still(1.2, 3.0)
        parts = [moving, standing] if self.chance(0.6) else [standing, moving]
        motion, phrases = self.join(parts)
        joint = "order"
        if self.chance(0.5):
            joint = "stops" if parts[0] is moving else "starts"
        return self.told(parts, joint, motion, phrases)

    def make_dance(self) -> _Clip:
        kinds = [kind for kind in _GOING_ON if self.has(kind)]
        if not kinds:
            raise _Rejected("no action goes on")
        return self.alone(self.cut(kinds[int(self.rng.integers(len(kinds)))], 2.0, 6.0))


# kind of the config: segment it is made of, action it shows, whether it is played backwards.
_REVERSED = {
    "pick up": ("put down", "pick up", True),
    "get up": ("lie down", "get up", True),
    "turn in place": ("legs turn in place", "turn left or right in place", False),
    "turn around": ("legs turn around", "turn around in place", False),
    "spin": ("legs spin", "spin in place", False),
}
# What ends on the floor goes on there; what begins there follows nothing else.
_FOLLOWS = {"lie down": ("get up",), "sit down": ("sit up",)}
_LOW = ("get up", "sit up")
_GOING_ON = (
    "dance", "salsa", "ballet", "dribble", "sword", "laugh", "wash window", "mop", "wash", "box", "martial arts",
    "signal", "animal", "argue", "climb", "stretch",
)  # fmt: skip


# Degrees.
_TURNS = {
    "turn left or right in place": (45, 130), "turn around in place": (140, 225), "spin in place": (290, 430),
}  # fmt: skip


def _shows(action: str, joints: np.ndarray, side: str, count: int) -> bool:
    """Whether the frames show the action so often; True for actions that geometry does not tell."""
    if action == "kick":
        other = "right" if side == "left" else "left"
        return len(kicks_of(joints, side)) == count and not kicks_of(joints, other)
    if action in ("jump", "jump forward"):
        return len(flights(joints)) == count
    if action == "hop":
        return travel(joints)[0] > 0.3 * count
    if action == "squat":
        low = height(joints, "pelvis") < 0.68
        return int((np.diff(low.astype(int)) == 1).sum()) == count
    if action == "punch":
        other = "right" if side == "left" else "left"
        return len(punches_of(joints, side)) >= count and not punches_of(joints, other)
    if action == "throw":
        return _throws(joints)
    if action in _TURNS:
        return _TURNS[action][0] < abs(net_turn(joints)) < _TURNS[action][1] and path_length(joints) < IN_PLACE
    if action in ("put down", "pick up"):
        return float(height(joints, f"{side}_wrist").min()) < 0.45
    if action in ("lie down", "get up"):
        return float(height(joints, "pelvis").min()) < 0.4
    return True


def _throws(joints: np.ndarray) -> bool:
    """A hand above the chest moves at 2.5 m/s or more against the body."""
    hands = joints[:, [JOINT["left_wrist"], JOINT["right_wrist"]]]
    pace = np.linalg.norm(np.diff(hands - joints[:, :1], axis=0), axis=-1) * FPS
    return bool(((pace > 2.5) & (hands[1:, :, 1] > joints[1:, JOINT["spine3"], 1][:, None])).any())


def _seated(joints: np.ndarray) -> np.ndarray:
    """(T,) whether the pelvis is down and the chest upright above it."""
    chest = joints[:, JOINT["spine3"], 1] - joints[:, 0, 1]
    return (height(joints, "pelvis") < 0.4) & (chest > 0.16)


def _stands(joints: np.ndarray) -> list[str]:
    """Phrases of standing, whatever the arms do."""
    low = height(joints, "pelvis").min() < 0.75
    return [] if low or path_length(joints) > 0.3 else action_phrases("stand in place")


def _waves(joints: np.ndarray, side: str) -> list[str]:
    hand = joints[:, JOINT[f"{side}_wrist"]] - joints[:, JOINT["spine3"]]
    swings = max(reversals(hand[:, axis], 0.05) for axis in range(3))
    return action_phrases("wave", side=side) if swings >= 3 and facts(joints).raised == {side} else []


def _only(joints: np.ndarray, gait: str, direction: str) -> list[str]:
    return gait_phrases(joints, gait) if facts(joints).direction == direction else []


def _kept(motion: Motion, seconds: float) -> Motion:
    """The motion with its last pose kept for so long."""
    # Turned round, the last frames begin where the motion ends.
    rest = hold(reverse(motion[-5:]), seconds + 1 / FPS)
    return replace(motion, joints=np.concatenate([motion.joints, rest.joints[1:]]))


def _at_length(motion: Motion, seconds: float) -> Motion:
    """A cyclic motion looped to at least so many seconds where it is shorter."""
    if len(motion) >= round(seconds * FPS):
        return motion
    if find_seam(motion, motion).cost > 0.12:
        raise _Rejected("it cannot be looped")
    return loop(motion, seconds)


@lru_cache(maxsize=1024)
def _load(root: str, clip: str) -> Motion:
    return Motion.from_features(load_features(Path(root) / FEATURES / f"{clip}.npy", HUMANML3D))


@lru_cache(maxsize=1024)
def _quality(root: str, clip: str) -> tuple[float, float, float]:
    """Foot skate ratio, jerk and largest joint speed of a parent."""
    return _measure(_load(root, clip))


def _measure(motion: Motion) -> tuple[float, float, float]:
    joints = motion.joints
    fastest = float(np.linalg.norm(np.diff(joints, axis=0), axis=-1).max()) * FPS if len(joints) > 1 else 0.0
    return foot_skate_ratio(joints), jerk(joints), fastest


def _check(clip: _Clip, root: Path, limits: dict[str, Any]) -> np.ndarray:
    """The features (T, 263) of a clip that is physically sound."""
    low, high = limits["seconds"]
    if not low <= clip.motion.seconds <= high:
        raise _Rejected("too short or too long")
    if not clip.captions:
        raise _Rejected("no words")
    motion = clip.motion.canonical()
    if bone_length_deviation(motion.joints) > limits["bone_deviation"]:
        raise _Rejected("bones change their length")
    parents = [_quality(str(root), parent) for parent in clip.parents]
    worst = np.max(parents, axis=0)
    skate, shake, fastest = _measure(motion)
    if skate > limits["skate_factor"] * worst[0] + limits["skate_margin"]:
        raise _Rejected("feet skate")
    if fastest > max(limits["joint_speed"], 1.3 * worst[2]):
        raise _Rejected("joints move too fast")
    if shake > limits["jerk_factor"] * worst[1] + 20:
        raise _Rejected("it jitters")
    features = motion.features()
    if not np.isfinite(features).all():
        raise _Rejected("features are not finite")
    return features


@dataclass(frozen=True)
class _Job:
    """Clips [first, last) of an augmentation."""

    root: Path
    out: Path
    first: int
    last: int
    seed: int
    config: str
    key: str

    @property
    def marker(self) -> Path:
        return self.out / ".augment" / f"{self.first:06d}.json"


@cache
def _library(root: Path) -> Library:
    """Found once in every process."""
    return find_segments(root)


def _process(job: _Job) -> dict[str, Any]:
    """Make the clips of a job and write its marker last; a job with a marker for the same input is done."""
    if job.marker.is_file():
        try:
            known: dict[str, Any] = json.loads(job.marker.read_text(encoding="utf-8"))
            if known["key"] == job.key and all(_there(job.out, row["id"]) for row in known["rows"]):
                return {**known, "resumed": True}
        except (ValueError, KeyError, TypeError):
            pass
    config = yaml.safe_load(job.config)
    library = _library(job.root)
    rejected: Counter[str] = Counter()
    rows = []
    for number in range(job.first, job.last):
        row = _make(job, config, library, number, rejected)
        if row is not None:
            rows.append(row)
    result = {"key": job.key, "rows": rows, "rejected": dict(rejected)}
    with atomic_path(job.marker) as path:
        path.write_text(json.dumps(result), encoding="utf-8")
    return {**result, "resumed": False}


def _there(out: Path, clip: str) -> bool:
    return (out / FEATURES / f"{clip}.npy").is_file() and (out / TEXTS / f"{clip}.txt").is_file()


def _make(
    job: _Job, config: dict[str, Any], library: Library, number: int, rejected: Counter[str]
) -> dict[str, Any] | None:
    rng = np.random.default_rng([job.seed, number])
    maker = _Maker(library, config, rng)
    # The operation is drawn once: an operation that often fails is as frequent as the config says.
    operation = maker.draw(config["operations"])
    for _ in range(_ATTEMPTS):
        try:
            clip: _Clip = getattr(maker, f"make_{operation}")()
            features = _check(clip, job.root, config["limits"])
        except _Rejected as error:
            rejected[f"{operation}: {error}"] += 1
            continue
        except MotionGPTError as error:
            rejected[f"{operation}: {str(error).split(':')[0][:60]}"] += 1
            continue
        name = f"A{number:06d}"
        with atomic_path(job.out / FEATURES / f"{name}.npy") as path:
            np.save(path, features)
        write_captions(job.out / TEXTS / f"{name}.txt", clip.captions)
        return _row(name, operation, clip, len(features), library)
    rejected[f"{operation}: given up"] += 1
    return None


def _row(name: str, operation: str, clip: _Clip, frames: int, library: Library) -> dict[str, Any]:
    origins = [library.origins.get(parent, Origin()) for parent in clip.parents]

    def together(values: Iterable[str], joint: str) -> str:
        return joint.join(dict.fromkeys(value for value in values if value))

    return {
        "id": name,
        "trial": "",
        "source": together((origin.source for origin in origins), "+"),
        "format": "",
        "source_fps": "",
        "start_frame": "",
        "end_frame": "",
        "frames": frames,
        "split": "train",
        "caption_source": "augmented",
        "captions": len(clip.captions),
        "capture": "",
        "mirrored": 0,
        # Made from share-alike clips, it is share-alike itself: every licence of a parent applies.
        "licence": together((origin.licence for origin in origins), " AND "),
        "note": f"{operation} of {' + '.join(clip.parents)}: {', '.join(clip.kinds)}",
    }


def default_config() -> dict[str, Any]:
    """The augmentation that comes with the package, ``augmentation.yaml``."""
    config: dict[str, Any] = read_yaml("motiongpt.data.augmentation", "settings.yaml")
    return config


def read_config(path: str | Path) -> dict[str, Any]:
    """A config file laid over the default one; sections and entries it does not name keep their values.

    Raises:
        MotionGPTError: unreadable, or with a section or entry that there is not.
    """
    try:
        given = yaml.safe_load(Path(path).read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise MotionGPTError(f"Cannot read the config {path}: {error}.") from error
    config = default_config()
    if not isinstance(given, dict):
        raise MotionGPTError(f"{path} is no config: expected the sections {', '.join(config)}.")
    for section, entries in given.items():
        if section not in config:
            raise MotionGPTError(f"{path} has a section {section!r}; there are {', '.join(config)}.")
        for name, value in (entries or {}).items():
            if name not in config[section]:
                raise MotionGPTError(
                    f"{path} sets {section}.{name}, which there is not: see {', '.join(config[section])}."
                )
            config[section][name] = value
    return config


def augment(
    root: str | Path,
    out: str | Path,
    *,
    clips: int = 10_000,
    config: dict[str, Any] | None = None,
    seed: int = 0,
    workers: int | None = None,
    progress: bool = True,
) -> AugmentReport:
    """Write the data set ``root`` and new training clips to ``out``, or go on with an interrupted run.

    Args:
        root: data set in the HumanML3D layout, 263 features.
        out: folder of the new data set, new or begun by this function.
        clips: how many clips are made; a few may be given up.
        config: see :func:`default_config` and :func:`read_config`.
        seed: of all choices.
        workers: processes, by default one a core; the result is the same.
        progress: show a bar on a terminal.

    Raises:
        MotionGPTError: no such data set, nothing to make clips from, or ``out`` is something else.
    """
    started = time.perf_counter()
    root, out = Path(root).resolve(), Path(out)
    config = config or default_config()
    if clips < 0 or (workers is not None and workers < 1):
        raise MotionGPTError(f"There must be 0 or more clips and 1 or more workers, not {clips} and {workers}.")
    if sum(config["operations"].values()) <= 0:
        raise MotionGPTError("The config switches every operation off: give one of them a weight above 0.")
    ids = {split: read_ids(root, split) for split in SPLITS}
    if out.resolve() == root or (not (out / ".augment").is_dir() and (out / FEATURES).exists()):
        raise MotionGPTError(f"{out} already holds a data set that was not made here: choose another folder.")
    with atomic_path(out / ".augment" / "README.txt") as note:
        note.write_text("Marks of finished clips: the augmentation reads them to go on after an interruption.\n")
    for folder in (FEATURES, TEXTS):
        (out / folder).mkdir(exist_ok=True)
    originals = [clip for split in SPLITS for clip in ids[split]]
    _take_over(root, out, originals)
    text = yaml.safe_dump(config)
    key = _key(root, ids["train"], text, seed)
    jobs = [_Job(root, out, first, min(first + _CHUNK, clips), seed, text, key) for first in range(0, clips, _CHUNK)]
    report = AugmentReport(str(out), originals=len(ids["train"]))
    rows: list[list[dict[str, Any]]] = [[] for _ in jobs]
    rejected: Counter[str] = Counter()
    columns = (TextColumn("clips"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, disable=not progress, transient=True) as bar:
        task = bar.add_task("", total=clips)
        for index, result in run_all(_process, jobs, workers or os.cpu_count() or 1):
            rows[index] = result["rows"]
            rejected.update(result["rejected"])
            report.resumed += len(result["rows"]) if result["resumed"] else 0
            bar.advance(task, jobs[index].last - jobs[index].first)
    made = [row for part in rows for row in part]
    if clips and not made:
        raise MotionGPTError(f"No clip could be made from {root}: its captions name no action that is known.")
    _finish(root, out, ids, made)
    report.clips, report.captions = len(made), sum(row["captions"] for row in made)
    report.minutes = sum(row["frames"] for row in made) / FPS / 60
    report.operations = dict(Counter(row["note"].split(" of ")[0] for row in made))
    report.actions = dict(Counter(kind for row in made for kind in row["note"].rsplit(": ", 1)[1].split(", ")))
    report.rejected = dict(rejected)
    report.seconds = time.perf_counter() - started
    with atomic_path(out / "report.json") as path:
        path.write_text(json.dumps(asdict(report), indent=1) + "\n", encoding="utf-8")
    with atomic_path(out / "report.md") as path:
        path.write_text(report.markdown(), encoding="utf-8")
    return report


def _key(root: Path, train: Sequence[str], config: str, seed: int) -> str:
    """Changes whenever the training clips, the config or the seed change."""
    digest = hashlib.blake2b(digest_size=16)
    for clip in train:
        for file in (root / FEATURES / f"{clip}.npy", root / TEXTS / f"{clip}.txt"):
            digest.update(f"{clip} {file.stat().st_size if file.is_file() else -1}".encode())
    digest.update(f"{config} {seed} {_RECIPE}".encode())
    return digest.hexdigest()


def _take_over(root: Path, out: Path, clips: Iterable[str]) -> None:
    """Link or copy the original clips; files are replaced as a whole, so a link never changes the original."""
    for clip in clips:
        for file in (f"{FEATURES}/{clip}.npy", f"{TEXTS}/{clip}.txt"):
            source, target = root / file, out / file
            if target.exists() or not source.exists():
                continue
            try:
                os.link(source, target)
            except OSError:
                with atomic_path(target) as path:
                    shutil.copyfile(source, path)


def _finish(root: Path, out: Path, ids: dict[str, list[str]], made: list[dict[str, Any]]) -> None:
    """Lists, table and statistics; removes clips of an earlier run that are not in this one."""
    train = [*ids["train"], *(row["id"] for row in made)]
    for split in SPLITS:
        listed = train if split == "train" else ids[split]
        with atomic_path(out / f"{split}.txt") as path:
            path.write_text("".join(f"{clip}\n" for clip in listed), encoding="utf-8")
    known: list[dict[str, Any]] = []
    if (root / "clips.csv").is_file():
        with (root / "clips.csv").open(encoding="utf-8", newline="") as handle:
            known = list(csv.DictReader(handle))
    with atomic_path(out / "clips.csv") as path, path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, CLIP_COLUMNS, lineterminator="\n", extrasaction="ignore")
        writer.writeheader()
        writer.writerows([*known, *made])
    mean, std = feature_statistics(out / FEATURES / f"{clip}.npy" for clip in train)
    for name, array in (("Mean", mean), ("Std", std)):
        with atomic_path(out / f"{name}.npy") as path:
            np.save(path, array)
    everything = {*train, *ids["val"], *ids["test"]}
    for folder in (FEATURES, TEXTS):
        for file in (out / folder).iterdir():
            if file.stem not in everything:
                file.unlink()
