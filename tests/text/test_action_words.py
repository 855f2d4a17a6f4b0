from __future__ import annotations

import pytest

from motiongpt.text.action_words import CLASSES, actions, sides


@pytest.mark.parametrize(
    ("caption", "expected"),
    [
        ("a person walks forward", ["walk"]),
        ("the man jogs and then jumps", ["run", "jump"]),
        ("someone is doing jumping jacks", ["jumping jacks"]),
        ("a person walks, turns around and sits down on a chair", ["walk", "turn", "sit"]),
        ("someone waves with the right hand", ["wave"]),
        ("a man dribbles a basketball", ["basketball"]),
        ("a person plays basketball", ["basketball"]),
        ("a figure throws a ball", ["throw"]),
        ("someone is boxing", ["box"]),
        ("a person picks up a box from the floor", ["pick or put"]),
        ("a person lies down on the floor", ["lie"]),
        ("a woman does a cartwheel", ["acrobatics"]),
        ("a person dances the salsa", ["dance"]),
        ("the person raises both arms", ["move arms"]),
        ("a person swings the arms", ["move arms"]),
        ("a person climbs a ladder", ["climb"]),
        ("someone washes the windows", ["wash"]),
        ("a man laughs", ["laugh"]),
        ("the person squats", ["squat"]),
        ("a person stretches the legs", ["stretch"]),
        ("a person kicks with the left foot", ["kick"]),
        ("a person stands still", ["stand"]),
        ("a person stands and waves", ["wave"]),
        ("something else", []),
        ("", []),
    ],
)
def test_actions(caption: str, expected: list[str]) -> None:
    assert actions(caption) == expected
    assert set(actions(caption)) <= set(CLASSES)


@pytest.mark.parametrize(
    ("caption", "expected"),
    [
        ("kicks with the right leg", {"right"}),
        ("a left-handed throw", {"left"}),
        ("steps left, then right", {"left", "right"}),
        ("stands right back up", set()),
        ("walks forward", set()),
    ],
)
def test_sides(caption: str, expected: set[str]) -> None:
    assert sides(caption) == expected
