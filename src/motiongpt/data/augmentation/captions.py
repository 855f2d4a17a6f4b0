"""What can truthfully be said of a motion from its joints alone, once its action is known.

A measurement is put into words only where it is clear: a heading that ends 30 degrees off is neither "straight" nor "a
turn to the left". The words are patterns of ``phrases/geometry.yaml``; its head explains them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from motiongpt.files import read_yaml
from motiongpt.motion.detectors import flights
from motiongpt.motion.measures import (
    FPS,
    JOINT,
    net_turn,
    path_length,
    quickest,
    speed,
    travel,
    yaw,
)
from motiongpt.text.morphology import conjugate
from motiongpt.text.paraphrase import paraphrase
from motiongpt.text.patterns import expand, fill

# Degrees: up to STRAIGHT no turn, from VEER a curve, from TURN a turn, from AROUND back the way, from CIRCLE all round.
STRAIGHT, VEER, TURN, AROUND, WIDE, CIRCLE = 20.0, 35.0, 62.0, 140.0, 225.0, 300.0
# m/s, mean pace while walking forward and while running.
SLOW_WALK, QUICK_WALK = 0.85, 1.4
SLOW_RUN, QUICK_RUN = 2.3, 3.1
# A turn that happens for this share in 45 % of the duration comes first or last.
EARLY = 0.85


@dataclass(frozen=True)
class Facts:
    """Measurements in words' terms; None where nothing is clear.

    Attributes:
        seconds: duration.
        direction: ``forward``, ``backward``, ``left`` or ``right``, as seen by the body; None when it stays or wanders.
        turn: net turn in degrees, left positive.
        order: ``first`` or ``last`` when nearly all of the turn is at that end.
        pace: median speed in m/s while the body moves; 0 when it does not.
        still: nothing moves but sway.
        raised: sides of arms held above the shoulder for 0.2 s.
        jumps: how often both feet leave the floor.
    """

    seconds: float
    direction: str | None
    turn: float
    order: str | None
    pace: float
    still: bool
    raised: frozenset[str]
    jumps: int

    @property
    def side(self) -> str:
        """The side the body turns to."""
        return "left" if self.turn > 0 else "right"


def facts(joints: np.ndarray) -> Facts:
    """Measure joints (T, 22, 3), metres, Y up, 20 fps."""
    ahead, left = travel(joints)
    direction = None
    if max(abs(ahead), abs(left)) > 0.5:
        if abs(ahead) > 2.5 * abs(left):
            direction = "forward" if ahead > 0 else "backward"
        elif abs(left) > 2.5 * abs(ahead):
            direction = "left" if left > 0 else "right"
    pace = speed(joints)
    moving = pace[pace > 0.3]
    return Facts(
        seconds=len(joints) / FPS,
        direction=direction,
        turn=net_turn(joints),
        order=_order(joints),
        pace=float(np.median(moving)) if len(moving) else 0.0,
        still=_still(joints),
        raised=frozenset(side for side in ("left", "right") if _raised(joints, side)),
        jumps=len(flights(joints)),
    )


def _order(joints: np.ndarray) -> str | None:
    angle = yaw(joints)
    total = angle[-1] - angle[0]
    if abs(np.degrees(total)) < TURN or len(joints) < FPS:
        return None
    early, late = angle[int(0.45 * len(angle))], angle[int(0.55 * len(angle))]
    if (early - angle[0]) / total > EARLY:
        return "first"
    return "last" if (angle[-1] - late) / total > EARLY else None


def _still(joints: np.ndarray) -> bool:
    moves = max(quickest(joints, name) for name in ("left_wrist", "right_wrist", "left_foot", "right_foot"))
    return moves < 0.6 and path_length(joints) < 0.2


def _raised(joints: np.ndarray, side: str) -> bool:
    above = joints[:, JOINT[f"{side}_wrist"], 1] > joints[:, JOINT[f"{side}_shoulder"], 1] + 0.1
    return int(above.sum()) >= 4


def gait_phrases(joints: np.ndarray, gait: str) -> list[str]:
    """Phrases with bracketed verbs for a clip of walking, running, sneaking or hopping; empty when nothing is clear.

    Args:
        joints: (T, 22, 3).
        gait: what the words of the clip say it is: a key of ``gaits`` in the lexicon.
    """
    found = facts(joints)
    path = _path(found, path_length(joints))
    if path is None:
        return []
    pace = "normal"
    if gait == "walk" and found.direction == "forward":
        pace = "slow" if found.pace < SLOW_WALK else "quick" if found.pace > QUICK_WALK else "normal"
    elif gait == "run":
        pace = "slow" if found.pace < SLOW_RUN else "quick" if found.pace > QUICK_RUN else "normal"
        gait = "fast run" if pace == "quick" else gait
        # "Runs slowly" is said only of a real jog.
        pace = "normal" if pace == "slow" else pace
    lexicon = _lexicon()
    side = found.direction if found.direction in ("left", "right") else found.side
    said = lexicon["paces"][pace] + ([""] if pace != "normal" else [])
    phrases = []
    for number, pattern in enumerate(lexicon["paths"][path]):
        for verb in lexicon["gaits"][gait]:
            how = said[number % len(said)]
            going = verb.replace("]", ":ing]")
            phrases.append(fill(pattern, side).replace("GOING", going).replace("GO", verb).replace("HOW", how))
    return phrases


def _path(found: Facts, metres: float) -> str | None:
    """Which patterns tell this path; None when it is neither one thing nor another."""
    turn = abs(found.turn)
    if found.direction == "backward":
        return "backward" if turn < VEER else "backward curve"
    if found.direction in ("left", "right"):
        return "sideways" if turn < STRAIGHT + 10 else None
    if found.direction != "forward" or metres < 0.6:
        return None
    if turn < STRAIGHT:
        return "straight"
    if turn < VEER:
        return "any"
    if turn < TURN:
        return "veer"
    if turn < AROUND:
        return f"turn {found.order}" if found.order else "turn"
    if turn < WIDE:
        return f"around {found.order}" if found.order else "around"
    return "wide" if turn < CIRCLE else "circle"


def action_phrases(action: str, *, side: str = "", count: int = 1) -> list[str]:
    """Phrases with bracketed verbs for an action of the lexicon.

    Args:
        action: key of ``actions``.
        side: ``left`` or ``right`` for actions that have one.
        count: how often it is done; 2 to 5 take the patterns of ``<action> many``.
    """
    lexicon = _lexicon()
    patterns = lexicon["actions"][f"{action} many" if count > 1 else action]
    phrases = []
    for pattern in patterns:
        for times in lexicon["times"].get(count, [""]):
            for number in lexicon["numbers"][count]:
                phrases.append(fill(pattern, side).replace("TIMES", times).replace("NUMBER", str(number)))
    return list(dict.fromkeys(phrases))


def sentences(
    parts: Sequence[Sequence[str]],
    joint: str,
    rng: np.random.Generator,
    *,
    count: int = 4,
    seconds: float | None = None,
    strength: float = 0.4,
) -> list[str]:
    """Different captions for a motion of one to three parts.

    Args:
        parts: phrases with bracketed verbs, of each part.
        joint: ``single``, ``order``, ``order of three``, ``while``, ``stops`` or ``starts``.
        rng: source of all choices.
        count: how many sentences.
        seconds: duration, put into one of the sentences when it is near a whole number.
        strength: of the paraphrasing.
    """
    lexicon = _lexicon()
    told: dict[str, None] = {}
    for _ in range(6 * count):
        if len(told) == count:
            break
        sentence = str(rng.choice(_expanded(str(rng.choice(lexicon[joint])))))
        for name, phrases in zip(("FIRST", "SECOND", "THIRD"), parts, strict=False):
            phrase = str(rng.choice(_expanded(str(rng.choice(list(phrases))))))
            # "is walking" inside another phrase is "walking", and "they are walking".
            going, plain = conjugate(phrase, "ing").removeprefix("being "), conjugate(phrase, "base")
            plain = re.sub(r"^be ", "are ", plain)
            sentence = sentence.replace(f"{name}:ing", going).replace(f"{name}:base", plain)
            sentence = sentence.replace(name, conjugate(phrase, "third"))
        who = str(rng.choice(lexicon["subjects"]))
        if (sentence.count("they") or "themselves" in sentence) and who in ("he", "she"):
            who = "a person"
        # A clause that comes first keeps its subject for the second.
        sentence = sentence.replace("WHO", who)
        if seconds is not None and not told and abs(seconds - round(seconds)) < 0.2 and round(seconds) > 1:
            length = str(rng.choice(lexicon["numbers"].get(round(seconds), [str(round(seconds))])))
            sentence += " " + str(rng.choice(lexicon["durations"])).replace("NUMBER", length)
        told[paraphrase(" ".join(sentence.replace(" ,", ",").split()), rng, strength)] = None
    return list(told)


@cache
def _expanded(pattern: str) -> list[str]:
    return expand(pattern)


@cache
def _lexicon() -> dict[str, Any]:
    return read_yaml("motiongpt.data.augmentation", "captions.yaml")
