"""Captions of artificial walks with known geometry."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest

from motiongpt.data.augmentation.captions import action_phrases, facts, gait_phrases, sentences
from motiongpt.files import read_yaml
from motiongpt.motion import HUMANML3D, Motion
from motiongpt.motion.detectors import flights
from motiongpt.motion.editing import bend_path, reverse
from motiongpt.text.captions import mirror_caption
from motiongpt.text.morphology import conjugate
from motiongpt.text.patterns import expand_all


@pytest.fixture
def walking(make_walk: Callable[..., Motion]) -> Motion:
    return make_walk(frames=80, speed=1.1)


def _spelled(phrases: list[str]) -> str:
    return " / ".join(conjugate(phrase, "third") for phrase in expand_all(phrases))


def test_straight_walk(walking: Motion) -> None:
    found = facts(walking.joints)
    assert (found.direction, found.still, found.raised, found.jumps) == ("forward", False, frozenset(), 0)
    assert found.seconds == 4.0
    assert found.pace == pytest.approx(1.1, abs=0.1)
    text = _spelled(gait_phrases(walking.joints, "walk"))
    assert "walks forward" in text
    assert not re.search("left|right|back|circle|slow|quick", text)


@pytest.mark.parametrize(("degrees", "words"), [(50, "curve"), (95, "turn"), (180, "half circle"), (350, "circle")])
@pytest.mark.parametrize("side", ["left", "right"])
def test_turns(walking: Motion, degrees: float, words: str, side: str) -> None:
    bent = bend_path(walking, degrees if side == "left" else -degrees)
    phrases = gait_phrases(bent.joints, "walk")
    text = _spelled(phrases)
    assert words in text
    other = {"left": "right", "right": "left"}[side]
    assert re.search(rf"\b{side}", text)
    assert not re.search(rf"\b{other}", text)
    mirrored = gait_phrases(bent.mirrored().joints, "walk")
    assert mirrored == [mirror_caption(phrase) for phrase in phrases]


def test_when_the_turn_comes(walking: Motion) -> None:
    first = _spelled(gait_phrases(bend_path(walking, 90, 0.0, 0.4).joints, "walk"))
    last = _spelled(gait_phrases(bend_path(walking, 90, 0.6, 1.0).joints, "walk"))
    assert "turns left, then walks" in first
    assert "walks forward and then turns" in last


def test_backward(walking: Motion) -> None:
    assert facts(reverse(walking).joints).direction == "backward"
    text = _spelled(gait_phrases(reverse(walking).joints, "walk"))
    assert "backward" in text
    assert "forward" not in text


def test_pace(make_walk: Callable[..., Motion]) -> None:
    assert "slowly" in _spelled(gait_phrases(make_walk(frames=80, speed=0.7).joints, "walk"))
    assert "quickly" in _spelled(gait_phrases(make_walk(frames=80, speed=1.6).joints, "walk"))


def test_ambiguous_motion_is_not_described(walking: Motion) -> None:
    # Standing is not walking.
    still = np.repeat(walking.joints[:1], 60, axis=0)
    assert gait_phrases(still, "walk") == []
    assert facts(still).still
    # A little off is neither straight nor a turn.
    text = _spelled(gait_phrases(bend_path(walking, 28).joints, "walk"))
    assert not re.search("straight|left|right", text)


def test_raised_arms(walking: Motion) -> None:
    joints = np.repeat(walking.joints[:1], 30, axis=0)
    for name, up in (("left_elbow", 0.25), ("left_wrist", 0.5)):
        joints[:, HUMANML3D.index(name)] = joints[:, HUMANML3D.index("left_shoulder")] + [0, up, 0]
    assert facts(joints).raised == {"left"}


def test_flights(walking: Motion) -> None:
    joints = np.repeat(walking.joints[:1], 80, axis=0).astype(float)
    joints[..., 1] -= joints[..., 1].min()
    for start in (15, 50):
        rise = 0.3 * np.sin(np.linspace(0, np.pi, 12))
        joints[start : start + 12, :, 1] += rise[:, None]
    found = flights(joints)
    assert len(found) == 2
    assert all(15 <= start - offset <= 20 for (start, _), offset in zip(found, (0, 35), strict=True))


def test_sentences_keep_order_and_differ() -> None:
    kick, stand = action_phrases("kick", side="left"), action_phrases("stand still")
    rng = np.random.default_rng(0)
    seen = set()
    for _ in range(30):
        captions = sentences([kick, stand], "order", rng, count=4)
        assert len(captions) == len(set(captions)) == 4
        for text in captions:
            kicked, stood = re.search("kick", text), re.search("still|stand|motionless|stay|wait|mov|remain|hold", text)
            assert kicked
            assert stood
            assert "right" not in text
            inverted = re.search(r"\bafter (?!that)", text) and not text.startswith("after")
            inverted = inverted or text.startswith("before")
            assert (kicked.start() > stood.start()) == bool(inverted), text
            seen.add(bool(inverted))
    assert seen == {True, False}


def test_whole_durations_are_described() -> None:
    rng = np.random.default_rng(0)
    phrases = [action_phrases("stand still")]
    assert re.search(r"for (?:about )?(?:three|3) seconds", sentences(phrases, "single", rng, seconds=3.05)[0])
    assert "seconds" not in " ".join(sentences(phrases, "single", rng, seconds=3.4))


def test_reserved_words_are_in_no_pattern(reserved_words: list[str]) -> None:
    text = str(read_yaml("motiongpt.data.augmentation", "captions.yaml")).lower()
    words = set(re.findall("[a-z]+", text))
    for reserved in reserved_words:
        assert not any(word.startswith(reserved) for word in words), reserved
