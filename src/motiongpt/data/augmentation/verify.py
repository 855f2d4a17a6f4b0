"""Verification of augmented motions: whether they still show their action, and whether they are physically sound."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from motiongpt.data.augmentation.captions import action_phrases, facts, gait_phrases
from motiongpt.data.augmentation.segments import IN_PLACE
from motiongpt.data.layout import FEATURES, load_features
from motiongpt.motion import HUMANML3D, Motion
from motiongpt.motion.detectors import flights, kicks_of, punches_of
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

# Ranges of the turn, in degrees.
TURNS = {
    "turn left or right in place": (45, 130), "turn around in place": (140, 225), "spin in place": (290, 430),
}  # fmt: skip


class Rejected(Exception):
    """An attempt at a clip that failed; the text says why."""


@lru_cache(maxsize=1024)
def load_clip(root: str, clip: str) -> Motion:
    """A clip of a data set."""
    return Motion.from_features(load_features(Path(root) / FEATURES / f"{clip}.npy", HUMANML3D))


def shows(action: str, joints: np.ndarray, side: str, count: int) -> bool:
    """Whether joints (T, 22, 3) show an action ``count`` times; True for actions without a test."""
    other = "right" if side == "left" else "left"
    if action == "kick":
        return len(kicks_of(joints, side)) == count and not kicks_of(joints, other)
    if action in ("jump", "jump forward"):
        return len(flights(joints)) == count
    if action == "hop":
        return travel(joints)[0] > 0.3 * count
    if action == "squat":
        low = height(joints, "pelvis") < 0.68
        return int((np.diff(low.astype(int)) == 1).sum()) == count
    if action == "punch":
        return len(punches_of(joints, side)) >= count and not punches_of(joints, other)
    if action == "throw":
        return _throws(joints)
    if action in TURNS:
        return TURNS[action][0] < abs(net_turn(joints)) < TURNS[action][1] and path_length(joints) < IN_PLACE
    if action in ("put down", "pick up"):
        return float(height(joints, f"{side}_wrist").min()) < 0.45
    if action in ("lie down", "get up"):
        return float(height(joints, "pelvis").min()) < 0.4
    return True


def _throws(joints: np.ndarray) -> bool:
    """Whether a hand above the chest moves at 2.5 m/s or more relative to the pelvis."""
    hands = joints[:, [JOINT["left_wrist"], JOINT["right_wrist"]]]
    pace = np.linalg.norm(np.diff(hands - joints[:, :1], axis=0), axis=-1) * FPS
    return bool(((pace > 2.5) & (hands[1:, :, 1] > joints[1:, JOINT["spine3"], 1][:, None])).any())


def seated(joints: np.ndarray) -> np.ndarray:
    """(T,) whether the pelvis is low and the chest upright above it."""
    chest = joints[:, JOINT["spine3"], 1] - joints[:, 0, 1]
    return (height(joints, "pelvis") < 0.4) & (chest > 0.16)


def standing_phrases(joints: np.ndarray) -> list[str]:
    """Phrases of standing, whatever the arms do; none for a body that does not stand."""
    low = height(joints, "pelvis").min() < 0.75
    return [] if low or path_length(joints) > 0.3 else action_phrases("stand in place")


def waving_phrases(joints: np.ndarray, side: str) -> list[str]:
    """Phrases of waving; none for an arm that does not wave."""
    hand = joints[:, JOINT[f"{side}_wrist"]] - joints[:, JOINT["spine3"]]
    swings = max(reversals(hand[:, axis], 0.05) for axis in range(3))
    return action_phrases("wave", side=side) if swings >= 3 and facts(joints).raised == {side} else []


def directed_phrases(joints: np.ndarray, gait: str, direction: str) -> list[str]:
    """Phrases of a gait in one direction; none for another direction."""
    return gait_phrases(joints, gait) if facts(joints).direction == direction else []


def verified_features(
    motion: Motion, captions: Sequence[str], parents: Sequence[str], root: Path, limits: dict[str, Any]
) -> np.ndarray:
    """Features (T, 263) of a motion that is physically sound.

    Args:
        motion: the new motion.
        captions: its captions.
        parents: clips that it is made of. It may skate, jitter and be as fast as they are, and a little more.
        root: data set of the parents.
        limits: section of the settings.

    Raises:
        Rejected: a limit is exceeded, or there is no caption.
    """
    low, high = limits["seconds"]
    if not low <= motion.seconds <= high:
        raise Rejected("too short or too long")
    if not captions:
        raise Rejected("no captions")
    motion = motion.canonical()
    if bone_length_deviation(motion.joints) > limits["bone_deviation"]:
        raise Rejected("bones change their length")
    worst = np.max([_parent_quality(str(root), parent) for parent in parents], axis=0)
    skate, shake, peak_speed = _quality(motion)
    if skate > limits["skate_factor"] * worst[0] + limits["skate_margin"]:
        raise Rejected("feet skate")
    if peak_speed > max(limits["joint_speed"], 1.3 * worst[2]):
        raise Rejected("joints move too fast")
    if shake > limits["jerk_factor"] * worst[1] + 20:
        raise Rejected("it jitters")
    features = motion.features()
    if not np.isfinite(features).all():
        raise Rejected("features are not finite")
    return features


@lru_cache(maxsize=1024)
def _parent_quality(root: str, clip: str) -> tuple[float, float, float]:
    return _quality(load_clip(root, clip))


def _quality(motion: Motion) -> tuple[float, float, float]:
    """Foot skate ratio, jerk, and peak speed of the joints in m/s."""
    joints = motion.joints
    peak_speed = float(np.linalg.norm(np.diff(joints, axis=0), axis=-1).max()) * FPS if len(joints) > 1 else 0.0
    return foot_skate_ratio(joints), jerk(joints), peak_speed
