"""Operations of the augmentation: each makes a clip of parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from motiongpt.data.augmentation.captions import action_phrases, sentences
from motiongpt.data.augmentation.parts import Part, PartFactory
from motiongpt.data.augmentation.segments import Library
from motiongpt.data.augmentation.verify import Rejected, seated, shows, standing_phrases
from motiongpt.motion import Motion
from motiongpt.motion.editing import Seam, change_tempo, combine, find_seam, hold, splice
from motiongpt.motion.measures import FPS
from motiongpt.text.captions import mirror_caption, normalise_caption
from motiongpt.text.paraphrase import paraphrase

# What may follow an action that ends on the floor; actions that begin there follow no other.
_FOLLOWS = {"lie down": ("get up",), "sit down": ("sit up",)}
_BEGIN_ON_FLOOR = ("get up", "sit up")
_CONTINUOUS = (
    "dance", "salsa", "ballet", "dribble", "sword", "laugh", "wash window", "mop", "wash", "box", "martial arts",
    "signal", "animal", "argue", "climb", "stretch",
)  # fmt: skip
# Actions of the whole body, whose segments "single" leaves to other operations.
_NOT_SINGLE = ("walk", "run", "sneak", "walk backward", "walk sideways", "stand still", "dance", "box")


@dataclass(frozen=True)
class Clip:
    """A new clip: its motion and captions, the clips it is made of, and the kinds of its parts."""

    motion: Motion
    captions: list[str]
    parents: tuple[str, ...]
    kinds: tuple[str, ...]


class Maker:
    """Makes clips.

    Args:
        library: segments of the training clips.
        config: the settings.
        rng: source of all random choices.
    """

    def __init__(self, library: Library, config: dict[str, Any], rng: np.random.Generator) -> None:
        self.library, self.config, self.rng = library, config, rng
        self.parts = PartFactory(library, rng)
        self.operations: dict[str, Callable[[], Clip]] = {
            "clip": self._clip,
            "gait": self._gait,
            "path": self._path,
            "backward": self._backward,
            "sideways": self._sideways,
            "single": self._single,
            "repeat": self._repeat,
            "sequence": self._sequence,
            "combine": self._combine,
            "still": self._still,
            "stop": self._stop,
            "dance": self._dance,
        }

    def draw_operation(self) -> str:
        """Name of an operation, by the weights of the settings."""
        return self.parts.draw(self.config["operations"])

    def make(self, operation: str) -> Clip:
        """Attempt a clip.

        Raises:
            Rejected: the attempt failed.
        """
        return self.operations[operation]()

    # Joining and captioning

    def _join(self, parts: Sequence[Part]) -> tuple[Motion, list[list[str]]]:
        """The parts one after the other, and the phrases of each as it is in the result."""
        motion, borders = parts[0].motion, [0]
        for part in parts[1:]:
            seam = self._seam(motion, part.motion)
            borders.append(seam.middle)
            if borders[-1] - borders[-2] < 10:
                raise Rejected("too little is left of a part")
            motion = splice(motion, part.motion, seam)
        phrases = []
        for part, start, stop in zip(parts, borders, [*borders[1:], len(motion)], strict=True):
            found = part.describe(motion.joints[start:stop]) if stop - start >= 8 else []
            if not found:
                raise Rejected("a part does not show its action any more")
            phrases.append(found)
        return motion, phrases

    def _seam(self, first: Motion, second: Motion) -> Seam:
        seam = find_seam(first, second)
        if seam.cost > self.config["limits"]["splice_cost"]:
            raise Rejected("the parts do not fit together")
        return seam

    def _captioned(
        self, parts: Sequence[Part], pattern: str, motion: Motion, phrases: list[list[str]], **options: Any
    ) -> Clip:
        """A clip with captions of a pattern, see :func:`motiongpt.data.augmentation.captions.sentences`."""
        low, high = self.config["limits"]["captions"]
        captions = sentences(phrases, pattern, self.rng, count=int(self.rng.integers(low, high + 1)), **options)
        parents = tuple(dict.fromkeys(clip for part in parts for clip in part.parents))
        return Clip(motion, captions, parents, tuple(dict.fromkeys(part.kind for part in parts)))

    def _alone(self, part: Part, *, timed: bool = False) -> Clip:
        """A clip of one part, mirrored or not; ``timed`` ones may have their duration in a caption."""
        if self.parts.chance(0.5):
            part = part.mirrored()
        phrases = part.describe(part.motion.joints)
        if not phrases:
            raise Rejected("it does not show its action")
        seconds = part.motion.seconds if timed and self.parts.chance(0.35) else None
        return self._captioned([part], "single", part.motion, [phrases], seconds=seconds)

    # Operations

    def _clip(self) -> Clip:
        """A captioned clip at another tempo, its captions paraphrased."""
        kinds = [kind for kind in self.library.segments if kind.startswith("clip: ")]
        if not kinds:
            raise Rejected("there are no captioned clips")
        segment = self.parts.segment(kinds[int(self.rng.integers(len(kinds)))])
        in_flight = segment.kind.removeprefix("clip: ") in ("jump", "acrobatics", "fall")
        motion = self.parts.motion(segment)
        factor = self.parts.between(0.92, 1.1) if in_flight else self.parts.between(0.85, 1.18)
        motion = change_tempo(motion, factor)
        wrong = ("fast", "quick", "rapid", "brisk") if factor < 1 else ("slow", "careful", "leisure")
        fitting = [text for text in segment.captions if abs(factor - 1) < 0.06 or not any(w in text for w in wrong)]
        if not fitting:
            raise Rejected("its captions have another pace")
        low, high = self.config["limits"]["captions"]
        count = min(int(self.rng.integers(low, high + 1)), len(fitting))
        chosen = [fitting[i] for i in sorted(self.rng.choice(len(fitting), count, replace=False))]
        captions = [paraphrase(normalise_caption(text), self.rng) for text in chosen]
        if self.parts.chance(0.5):
            motion, captions = motion.mirrored(), [mirror_caption(text) for text in captions]
        return Clip(motion, captions, (segment.clip,), (segment.kind.removeprefix("clip: "),))

    def _gait(self) -> Clip:
        gait = self.parts.draw({"walk": 5, "run": 4, "sneak": 3})
        low, high = {"walk": (1.8, 7.0), "run": (1.0, 5.0), "sneak": (1.5, 6.0)}[gait]
        return self._alone(self.parts.gait(gait, low, high), timed=True)

    def _path(self) -> Clip:
        if self.parts.chance(0.3):
            return self._alone(self.parts.circle())
        gait = self.parts.draw({"walk": 5, "run": 3, "sneak": 1})
        low, high = {"walk": (2.2, 5.5), "run": (1.2, 3.5), "sneak": (2.0, 4.5)}[gait]
        return self._alone(self.parts.bent(self.parts.gait(gait, low, high, straight=True)))

    def _backward(self) -> Clip:
        return self._alone(self.parts.backward(1.5, 5.0), timed=True)

    def _sideways(self) -> Clip:
        return self._alone(self.parts.sideways())

    def _single(self) -> Clip:
        weights = {kind: weight for kind, weight in self.config["parts"].items() if kind not in _NOT_SINGLE}
        return self._alone(self.parts.unmirrored_action(self.parts.draw(weights)))

    def _repeat(self) -> Clip:
        """One action two to four times."""
        kind = self.parts.draw({"jump": 4, "jump forward": 3, "hop": 4, "kick": 5, "squat": 4})
        segment = self.parts.segment(kind)
        motion = change_tempo(self.parts.motion(segment), self.parts.between(0.92, 1.1))
        count = int(self.rng.integers(2, 5))
        if count * motion.seconds > 9:
            raise Rejected("too long")
        result = motion
        for _ in range(count - 1):
            result = splice(result, motion, self._seam(result, motion))
        if not shows(segment.action, result.joints, segment.side, count):
            raise Rejected("it does not show its action so often")

        def describe(joints: np.ndarray) -> list[str]:
            return action_phrases(segment.action, side=segment.side, count=count)

        return self._alone(Part(result, f"{kind} many", (segment.clip,), describe))

    def _sequence(self) -> Clip:
        """Two or three actions in a row."""
        weights = dict(self.config["parts"])
        kinds = [self.parts.draw(weights)]
        while len(kinds) < (3 if self.parts.chance(0.2) else 2):
            follows = _FOLLOWS.get(kinds[-1])
            fitting = {
                kind: weight
                for kind, weight in weights.items()
                if kind not in kinds and (kind in follows if follows else kind not in _BEGIN_ON_FLOOR)
            }
            if not fitting:
                break
            kinds.append(self.parts.draw(fitting))
        if len(kinds) < 2:
            raise Rejected("nothing follows")
        parts = [self.parts.action(kind) for kind in kinds]
        motion, phrases = self._join(parts)
        return self._captioned(parts, "order" if len(parts) == 2 else "order of three", motion, phrases, strength=0.3)

    def _combine(self) -> Clip:
        """The legs of one action with the arms of another."""
        arms = self.parts.draw({"wave": 6, "raise arm": 6, "raise arms": 5, "circle arms": 3, "box": 3})
        seconds = self.parts.between(1.8, 4.5)
        upper = {
            "wave": lambda: self.parts.waving(seconds, seconds),
            "raise arm": lambda: self.parts.raised_while(seconds),
            "raise arms": lambda: self.parts.raised_both(seconds),
            "circle arms": lambda: self.parts.circling_arms(seconds),
            "box": lambda: self.parts.cut("box", seconds, seconds),
        }[arms]()
        if self.parts.chance(0.5):
            upper = upper.mirrored()
        legs = self.parts.draw(
            {"walk": 6, "run": 2, "sneak": 1, "walk backward": 2, "turn": 2, "stand still": 3, "sit": 2}
        )
        if legs == "walk backward":
            lower = self.parts.backward(seconds, seconds)
        elif legs == "stand still":
            lower = replace(self.parts.still(seconds, seconds), describe=standing_phrases)
        elif legs == "sit":
            lower = self.parts.seated(seconds)
        elif legs == "turn":
            lower = self.parts.bent(self.parts.gait("walk", seconds, seconds, straight=True))
        else:
            lower = self.parts.gait(legs, seconds, seconds)
        motion = combine(lower.motion, upper.motion)
        phrases = [lower.describe(motion.joints), upper.describe(motion.joints)]
        if not all(phrases):
            raise Rejected("a part does not show its action any more")
        return self._captioned([lower, upper], "while", motion, phrases, strength=0.3)

    def _still(self) -> Clip:
        """Standing, lying or sitting still."""
        pose = self.parts.draw({"stand still": 4, "lie": 1, "sit": 1.5})
        if pose == "stand still":
            return self._alone(self.parts.still(1.5, 7.0), timed=True)
        segment = self.parts.segment("lie down" if pose == "lie" else "sit down")
        rest = hold(self.parts.motion(segment)[-6:], self.parts.between(1.5, 5.0))
        calm = float(np.abs(np.diff(rest.joints, axis=0)).max()) * FPS < 0.5
        if not calm or (pose == "sit" and not seated(rest.joints).all()):
            raise Rejected("the pose is not kept")
        return self._alone(Part(rest, pose, (segment.clip,), lambda joints: action_phrases(pose)), timed=True)

    def _stop(self) -> Clip:
        """A gait before or after standing still."""
        gait = self.parts.draw({"walk": 5, "run": 2, "walk backward": 1, "sneak": 1})
        moving = self.parts.backward() if gait == "walk backward" else self.parts.gait(gait, 1.4, 3.5)
        standing = self.parts.still(1.2, 3.0)
        parts = [moving, standing] if self.parts.chance(0.6) else [standing, moving]
        motion, phrases = self._join(parts)
        pattern = "order"
        if self.parts.chance(0.5):
            pattern = "stops" if parts[0] is moving else "starts"
        return self._captioned(parts, pattern, motion, phrases)

    def _dance(self) -> Clip:
        """A stretch of a continuous action."""
        kinds = [kind for kind in _CONTINUOUS if self.library.segments.get(kind)]
        if not kinds:
            raise Rejected("there is no continuous action")
        return self._alone(self.parts.cut(kinds[int(self.rng.integers(len(kinds)))], 2.0, 6.0))
