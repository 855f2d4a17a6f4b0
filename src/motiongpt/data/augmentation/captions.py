"""Captions of a motion with a known action, from measurements of its joints.

Only clear measurements are described: a heading that ends 30 degrees off is neither "straight" nor "a turn to the
left". The phrases are patterns of ``captions.yaml``; its head explains them.
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
    peak_speed,
    speed,
    travel,
    yaw,
)
from motiongpt.text.morphology import conjugate
from motiongpt.text.paraphrase import paraphrase
from motiongpt.text.patterns import expand, fill

# Degrees: up to STRAIGHT no turn; from VEER a curve, TURN a turn, AROUND a half circle, WIDE more, CIRCLE a circle.
STRAIGHT, VEER, TURN, AROUND, WIDE, CIRCLE = 20.0, 35.0, 62.0, 140.0, 225.0, 300.0
# m/s: limits of slow and quick walking and running.
SLOW_WALK, QUICK_WALK = 0.85, 1.4
SLOW_RUN, QUICK_RUN = 2.3, 3.1
# Share of a turn within 45 % of the duration from which it comes first or last.
EARLY = 0.85


@dataclass(frozen=True)
class Facts:
    """Measurements as captions need them.

    Attributes:
        seconds: duration.
        direction: ``forward``, ``backward``, ``left`` or ``right`` of the body; None if it stays or wanders.
        turn: net turn in degrees, left positive.
        order: ``first`` or ``last`` if nearly all of the turn is at that end; else None.
        pace: median speed in m/s while the body moves; 0 if it does not.
        still: whether nothing moves but sway.
        raised: sides of the arms that are above the shoulder for 0.2 s.
        jumps: number of flights.
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
        """Side to which the body turns."""
        return "left" if self.turn > 0 else "right"


def facts(joints: np.ndarray) -> Facts:
    """Measure joints (T, 22, 3) in metres, Y up, at 20 fps."""
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
    moves = max(peak_speed(joints, name) for name in ("left_wrist", "right_wrist", "left_foot", "right_foot"))
    return moves < 0.6 and path_length(joints) < 0.2


def _raised(joints: np.ndarray, side: str) -> bool:
    above = joints[:, JOINT[f"{side}_wrist"], 1] > joints[:, JOINT[f"{side}_shoulder"], 1] + 0.1
    return int(above.sum()) >= 4


def gait_phrases(joints: np.ndarray, gait: str) -> list[str]:
    """Phrases with bracketed verbs for walking, running, sneaking or hopping; none if the path is not clear.

    Args:
        joints: (T, 22, 3) in metres, Y up, at 20 fps.
        gait: a key of ``gaits`` in the lexicon.
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
        # "Runs slowly" would be wrong for a jog.
        pace = "normal" if pace == "slow" else pace
    lexicon = _lexicon()
    side = found.direction if found.direction in ("left", "right") else found.side
    adverbs = lexicon["paces"][pace] + ([""] if pace != "normal" else [])
    phrases = []
    for number, pattern in enumerate(lexicon["paths"][path]):
        for verb in lexicon["gaits"][gait]:
            how = adverbs[number % len(adverbs)]
            going = verb.replace("]", ":ing]")
            phrases.append(fill(pattern, side).replace("GOING", going).replace("GO", verb).replace("HOW", how))
    return phrases


def _path(found: Facts, metres: float) -> str | None:
    """Key of the patterns for a path; None if it is ambiguous."""
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
        action: a key of ``actions`` in the lexicon.
        side: ``left`` or ``right`` for actions with a side.
        count: number of repetitions; 2 to 5 use the patterns of ``<action> many``.
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
    pattern: str,
    rng: np.random.Generator,
    *,
    count: int = 4,
    seconds: float | None = None,
    strength: float = 0.4,
) -> list[str]:
    """Different captions for a motion of one to three parts.

    Args:
        parts: phrases with bracketed verbs of each part.
        pattern: ``single``, ``order``, ``order of three``, ``while``, ``stops`` or ``starts``.
        rng: source of all random choices.
        count: number of sentences.
        seconds: duration, for one of the sentences if it is near a whole number.
        strength: probability of replacing a word by :func:`motiongpt.text.paraphrase.paraphrase`.
    """
    lexicon = _lexicon()
    captions: dict[str, None] = {}
    for _ in range(6 * count):
        if len(captions) == count:
            break
        sentence = str(rng.choice(_expanded(str(rng.choice(lexicon[pattern])))))
        for name, phrases in zip(("FIRST", "SECOND", "THIRD"), parts, strict=False):
            phrase = str(rng.choice(_expanded(str(rng.choice(list(phrases))))))
            # "is walking" inside another phrase is "walking", and "they are walking".
            gerund = conjugate(phrase, "ing").removeprefix("being ")
            base = re.sub(r"^be ", "are ", conjugate(phrase, "base"))
            sentence = sentence.replace(f"{name}:ing", gerund).replace(f"{name}:base", base)
            sentence = sentence.replace(name, conjugate(phrase, "third"))
        who = str(rng.choice(lexicon["subjects"]))
        if (sentence.count("they") or "themselves" in sentence) and who in ("he", "she"):
            who = "a person"
        sentence = sentence.replace("WHO", who)
        if seconds is not None and not captions and abs(seconds - round(seconds)) < 0.2 and round(seconds) > 1:
            length = str(rng.choice(lexicon["numbers"].get(round(seconds), [str(round(seconds))])))
            sentence += " " + str(rng.choice(lexicon["durations"])).replace("NUMBER", length)
        captions[paraphrase(" ".join(sentence.replace(" ,", ",").split()), rng, strength)] = None
    return list(captions)


@cache
def _expanded(pattern: str) -> list[str]:
    return expand(pattern)


@cache
def _lexicon() -> dict[str, Any]:
    return read_yaml("motiongpt.data.augmentation", "captions.yaml")
