"""Parts of augmented clips: an action of a segment, edited, with phrases that its joints confirm."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from motiongpt.data.augmentation.captions import action_phrases, facts, gait_phrases
from motiongpt.data.augmentation.segments import Library, Segment
from motiongpt.data.augmentation.verify import (
    TURNS,
    Rejected,
    directed_phrases,
    load_clip,
    seated,
    shows,
    waving_phrases,
)
from motiongpt.motion import HUMANML3D, Motion
from motiongpt.motion.detectors import punches_of
from motiongpt.motion.editing import bend_path, both_arms, change_tempo, combine, find_seam, hold, loop, reverse
from motiongpt.motion.measures import FPS, height, net_turn
from motiongpt.text.captions import mirror_caption

# Kinds of the settings that are made of a segment of another kind: the segment, the action, whether it is reversed.
_DERIVED = {
    "pick up": ("put down", "pick up", True),
    "get up": ("lie down", "get up", True),
    "turn in place": ("legs turn in place", "turn left or right in place", False),
    "turn around": ("legs turn around", "turn around in place", False),
    "spin": ("legs spin", "spin in place", False),
}


@dataclass(frozen=True)
class Part:
    """A motion, the clips that it is made of, and its description.

    Attributes:
        motion: the motion.
        kind: kind of the settings.
        parents: clips that it is made of.
        describe: takes the joints (T, 22, 3) of the part in the finished clip and returns phrases with bracketed verbs;
            none if the joints do not show the action.
    """

    motion: Motion
    kind: str
    parents: tuple[str, ...]
    describe: Callable[[np.ndarray], list[str]]

    def mirrored(self) -> Part:
        """The part with left and right exchanged, in motion and phrases."""
        inner = self.describe

        def describe(joints: np.ndarray) -> list[str]:
            return [mirror_caption(phrase) for phrase in inner(_mirror(joints))]

        return replace(self, motion=self.motion.mirrored(), describe=describe)

    def edited(self, motion: Motion) -> Part:
        """The part with another motion."""
        return replace(self, motion=motion)


def _mirror(joints: np.ndarray) -> np.ndarray:
    return joints[:, HUMANML3D.mirror_order] * np.array([-1, 1, 1], dtype=np.float32)


class PartFactory:
    """Draws parts from the segments of a library.

    Args:
        library: segments of the training clips.
        rng: source of all random choices.
    """

    def __init__(self, library: Library, rng: np.random.Generator) -> None:
        self.library, self.rng = library, rng

    # Random choices

    def chance(self, share: float) -> bool:
        """True with the given probability."""
        return bool(self.rng.random() < share)

    def between(self, low: float, high: float) -> float:
        """A number in [low, high)."""
        return float(self.rng.uniform(low, high))

    def draw(self, weights: Mapping[str, float]) -> str:
        """A name, in proportion to the weights."""
        names = list(weights)
        shares = np.array([weights[name] for name in names], dtype=float)
        return names[int(self.rng.choice(len(names), p=shares / shares.sum()))]

    def segment(self, *kinds: str) -> Segment:
        """A segment of one of the kinds.

        Raises:
            Rejected: there is none.
        """
        found = [segment for kind in kinds for segment in self.library.segments.get(kind, [])]
        if not found:
            raise Rejected(f"there is no {kinds[0]}")
        return found[int(self.rng.integers(len(found)))]

    def motion(self, segment: Segment) -> Motion:
        """The frames of a segment."""
        return load_clip(str(self.library.root), segment.clip)[segment.start : segment.stop]

    def crop(self, motion: Motion, low: float, high: float) -> Motion:
        """A random stretch of a duration between ``low`` and ``high`` seconds; all of a shorter motion."""
        count = round(self.between(low, high) * FPS)
        start = int(self.rng.integers(max(len(motion) - count, 0) + 1))
        return motion[start : start + count]

    # Gaits

    def gait(self, gait: str, low: float = 1.8, high: float = 4.0, *, straight: bool = False) -> Part:
        """Walking, running or sneaking for ``low`` to ``high`` seconds, at a random tempo."""
        about = [] if straight else [f"{gait} forward"]
        segment = self.segment(gait, *about)
        motion = self.motion(segment)
        seconds = self.between(low, high)
        if segment.kind == gait:
            # Walking shows its pace: slow and quick are drawn as often as in between.
            tempo = self.between(0.75, 1.3) if gait == "walk" else self.between(0.85, 1.15)
            motion = at_length(change_tempo(motion, tempo), seconds)
        motion = self.crop(motion, seconds, seconds)
        return Part(motion, gait, (segment.clip,), lambda joints: gait_phrases(joints, gait))

    def bent(self, part: Part) -> Part:
        """The part with a turn to either side at its beginning, middle or end."""
        low, high = [(45, 110), (70, 110), (150, 190)][int(self.rng.integers(3))]
        degrees = self.between(low, high) * (1 if self.chance(0.5) else -1)
        start, end = [(0.0, 0.4), (0.25, 0.75), (0.6, 1.0), (0.0, 1.0)][int(self.rng.integers(4))]
        return part.edited(bend_path(part.motion, degrees, start, end))

    def circle(self) -> Part:
        """Walking or running in a circle."""
        gait = self.draw({"walk": 5, "run": 2})
        seconds = self.between(4.5, 8.5) if gait == "walk" else self.between(3.0, 5.0)
        part = self.gait(gait, seconds, seconds, straight=True)
        degrees = self.between(320, 400) * (1 if self.chance(0.5) else -1)
        return part.edited(bend_path(part.motion, degrees))

    def backward(self, low: float = 1.8, high: float = 4.0) -> Part:
        """Plain walking, reversed."""
        segment = self.segment("walk")
        motion = self.motion(segment)
        if not 0.7 < facts(motion.joints).pace < 1.35:
            raise Rejected("too quick to be walked backward")
        seconds = self.between(low, high)
        motion = at_length(change_tempo(motion, self.between(0.75, 1.1)), seconds)[: round(seconds * FPS)]
        return Part(
            reverse(motion),
            "walk backward",
            (segment.clip,),
            lambda joints: directed_phrases(joints, "walk", "backward"),
        )

    def sideways(self, low: float = 1.2, high: float = 3.0) -> Part:
        """Legs that step sideways, with the arms of a person who walks."""
        segment, arms = self.segment("legs sideways", "walk left", "walk right"), self.segment("walk")
        motion = self.crop(self.motion(segment), low, high)
        upper = change_tempo(self.motion(arms), self.between(0.6, 0.8))
        motion = combine(motion, at_length(upper, motion.seconds))
        return Part(
            motion,
            "walk sideways",
            (segment.clip, arms.clip),
            lambda joints: directed_phrases(joints, "walk", "left") or directed_phrases(joints, "walk", "right"),
        )

    # Standing and sitting

    def still(self, low: float = 1.0, high: float = 3.5) -> Part:
        """Standing still."""
        segment = self.segment("stand still")
        motion = hold(self.motion(segment), self.between(low, high))
        return Part(
            motion,
            "stand still",
            (segment.clip,),
            lambda joints: action_phrases("stand still") if facts(joints).still else [],
        )

    def stay_low(self) -> Part:
        """Squatting down and staying there."""
        segment = self.segment("squat down")
        return Part(
            with_last_pose_held(self.motion(segment), self.between(0.8, 2.0)),
            "stay low",
            (segment.clip,),
            lambda joints: action_phrases("stay low") if height(joints, "pelvis")[-8:].max() < 0.72 else [],
        )

    def sitting(self, kind: str) -> Part:
        """Sitting down on the floor and staying there for a while (``sit down``), or the reverse (``sit up``)."""
        segment = self.segment("sit down")
        motion = change_tempo(self.motion(segment), self.between(0.85, 1.2))
        motion = with_last_pose_held(motion, self.between(0.8, 2.0))

        def describe(joints: np.ndarray) -> list[str]:
            return action_phrases(kind) if seated(joints).sum() > 0.5 * FPS else []

        return Part(motion if kind == "sit down" else reverse(motion), kind, (segment.clip,), describe)

    def seated(self, seconds: float) -> Part:
        """Sitting on the floor all the time."""
        segment = self.segment("sit down")
        rest = hold(self.motion(segment)[-6:], seconds)
        return Part(
            rest, "sit", (segment.clip,), lambda joints: action_phrases("seated") if seated(joints).all() else []
        )

    # Arms

    def waving(self, low: float = 1.5, high: float = 3.5) -> Part:
        """A raised arm that swings along the path on which it came up."""
        segment = self.segment("arm moving up")
        # Four times as many frames, from which a cosine picks.
        fine = change_tempo(self.motion(segment), 0.25)
        count, period = round(self.between(low, high) * FPS), self.between(0.6, 1.0) * FPS
        swing = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(count) / period)
        motion = replace(fine, joints=fine.joints[np.round(swing * (len(fine) - 1)).astype(int)])
        return Part(motion, "wave", (segment.clip,), lambda joints: waving_phrases(joints, segment.side))

    def raised(self) -> Part:
        """An arm goes up, and mostly down again."""
        segment = self.segment("raise arm") if self.chance(0.7) else self.segment("arm up")
        motion = self.motion(segment)
        if segment.kind == "arm up":
            motion = with_last_pose_held(motion, self.between(0.5, 2.0))
        return Part(motion, "raise arm", (segment.clip,), _raises(segment.action, segment.side))

    def raised_both(self, seconds: float) -> Part:
        """Both arms go up, one as the mirror image of the other, and are held there for some seconds."""
        segment = self.segment("arm up")
        motion = with_last_pose_held(both_arms(self.motion(segment), segment.side), seconds)

        def describe(joints: np.ndarray) -> list[str]:
            return action_phrases("raise arms") if len(facts(joints).raised) == 2 else []

        return Part(motion, "raise arms", (segment.clip,), describe)

    def raised_while(self, seconds: float) -> Part:
        """An arm goes up and is held there for some seconds, or goes up and down once."""
        segment = self.segment("raise arm")
        motion = self.motion(segment)
        peak = int(height(motion.joints, f"{segment.side}_wrist").argmax())
        if self.chance(0.7):
            motion = with_last_pose_held(motion[: peak + 1], seconds)
        return Part(motion, "raise arm", (segment.clip,), _raises("raise arm", segment.side))

    def circling_arms(self, seconds: float) -> Part:
        """Both arms circle for some seconds."""
        segment = self.segment("circle arms")
        motion = at_length(self.motion(segment), seconds)
        return Part(motion, "circle arms", (segment.clip,), lambda joints: action_phrases("circle arms"))

    # Any kind of the settings

    def action(self, kind: str) -> Part:
        """A part of a kind of the settings, at a random tempo, mirrored or not."""
        part = self.unmirrored_action(kind)
        return part.mirrored() if self.chance(0.5) else part

    def unmirrored_action(self, kind: str) -> Part:
        """A part of a kind of the settings, at a random tempo."""
        if kind in ("walk", "run", "sneak"):
            low, high = {"walk": (1.6, 3.5), "run": (1.0, 2.2), "sneak": (1.5, 3.0)}[kind]
            part = self.gait(kind, low, high)
            return self.bent(part) if self.chance(0.3) else part
        special: dict[str, Callable[[], Part]] = {
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
        return self._single_action(kind)

    def _single_action(self, kind: str) -> Part:
        """A segment of a single action, or its reverse, at a random tempo."""
        source, action, reversed_ = _DERIVED.get(kind, (kind, kind, False))
        segment = self.segment(source)
        motion = self.motion(segment)
        if reversed_:
            motion = reverse(motion)
        if source.startswith("legs"):
            # The arms may be busy: a person who stands lends others.
            arms = self.segment("stand still")
            motion = combine(motion, hold(self.motion(arms), motion.seconds))
        # Flight obeys gravity, so its tempo hardly changes.
        limits = (0.92, 1.1) if kind in ("jump", "jump forward", "hop") else (0.8, 1.25)
        motion = change_tempo(motion, self.between(*limits))
        if not reversed_:
            action = segment.action

        def describe(joints: np.ndarray) -> list[str]:
            if not shows(action, joints, segment.side, 1):
                return []
            side = ("left" if net_turn(joints) > 0 else "right") if action in TURNS else segment.side
            count = len(punches_of(joints, side)) if action == "punch" else 1
            return action_phrases(action, side=side, count=min(count, 5))

        return Part(motion, kind, (segment.clip,), describe)

    def cut(self, kind: str, low: float, high: float) -> Part:
        """A random stretch of a continuous action."""
        segment = self.segment(kind, *({"dance": ("salsa", "ballet")}.get(kind, ())))
        motion = self.crop(self.motion(segment), low, high)

        def describe(joints: np.ndarray) -> list[str]:
            boxes = punches_of(joints, "left") or punches_of(joints, "right")
            return action_phrases(segment.action) if boxes or segment.action != "box" else []

        return Part(motion, kind, (segment.clip,), describe)


def _raises(action: str, side: str) -> Callable[[np.ndarray], list[str]]:
    """Phrases of an arm that is raised alone."""

    def describe(joints: np.ndarray) -> list[str]:
        return action_phrases(action, side=side) if facts(joints).raised == {side} else []

    return describe


def with_last_pose_held(motion: Motion, seconds: float) -> Motion:
    """The motion, with its last pose held for some seconds."""
    # Reversed, the last frames begin where the motion ends.
    rest = hold(reverse(motion[-5:]), seconds + 1 / FPS)
    return replace(motion, joints=np.concatenate([motion.joints, rest.joints[1:]]))


def at_length(motion: Motion, seconds: float) -> Motion:
    """A cyclic motion, looped to at least ``seconds`` if it is shorter.

    Raises:
        Rejected: its end does not fit its beginning.
    """
    if len(motion) >= round(seconds * FPS):
        return motion
    if find_seam(motion, motion).cost > 0.12:
        raise Rejected("it cannot be looped")
    return loop(motion, seconds)
