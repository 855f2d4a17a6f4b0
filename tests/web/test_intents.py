"""What chat messages mean."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motiongpt.web.intents import GREETING, NO_MOTION, Intent, understand

PROMPT = "a person walks"
# What each message means when there is a motion of PROMPT, and when there is none; fields with their default left out.
MESSAGES = [
    json.loads(line) for line in Path(__file__).with_name("messages.jsonl").read_text(encoding="utf-8").splitlines()
]


def fields(intent: Intent) -> dict[str, Any]:
    """The fields of an intent that are not their defaults; long answers by their name."""
    names = {GREETING: "GREETING", NO_MOTION: "NO_MOTION"}
    found = {name: value for name, value in asdict(intent).items() if value != asdict(Intent(""))[name]}
    return {name: names.get(value, value) if name == "text" else value for name, value in found.items()}


@pytest.mark.parametrize("recorded", MESSAGES, ids=lambda recorded: recorded["message"])
def test_recorded_messages(recorded: dict[str, Any]) -> None:
    message = recorded["message"]
    for meant, expected in (
        (understand(message, motion=True, prompt=PROMPT), recorded["with_motion"]),
        (understand(message), recorded["without"]),
    ):
        assert json.loads(json.dumps(fields(meant))) == expected


@pytest.mark.parametrize(
    ("message", "task"),
    [
        ("What is happening here?", "describe"),
        ("what's going on in this clip?", "describe"),
        ("Describe it", "describe"),
        ("caption this motion please", "describe"),
        ("What does the person do?", "describe"),
        ("What do you see?", "describe"),
        ("tell me what happens", "describe"),
        ("Write a caption for this motion.", "describe"),
        ("put it into words", "describe"),
        ("Which action is this?", "describe"),
        ("How long is it?", "length"),
        ("how many frames does it have", "length"),
        ("What is its duration?", "length"),
        ("Continue this", "predict"),
        ("go on", "predict"),
        ("What happens next?", "predict"),
        ("and then?", "predict"),
        ("Keep him going!", "predict"),
        ("predict the rest of the motion", "predict"),
        ("Fill the middle", "inbetween"),
        ("fill in the gap, please", "inbetween"),
        ("Redo the middle of the motion", "inbetween"),
        ("in-between", "inbetween"),
        ("again", "again"),
        ("another one", "again"),
        ("Try again!", "again"),
        ("show me a different version", "again"),
        ("save it as a bvh", "export"),
        ("download glb", "export"),
        ("hello!", "help"),
        ("What can you do?", "help"),
        ("Thanks a lot!", "help"),
        ("How fast can a person run?", "ask"),
        ("how long does it take to jump?", "ask"),
        ("Show me someone jumping", "generate"),
        ("a person continues walking", "generate"),
        ("a person walks slower than usual", "generate"),
        ("the person walks backwards", "generate"),
        ("turn left", "generate"),
        ("someone mirrors a dance", "generate"),
        ("a man describes a circle with his arm", "generate"),
        ("she goes on a long walk", "generate"),
    ],
)
def test_tasks(message: str, task: str) -> None:
    assert understand(message, motion=True, prompt=PROMPT).task == task


@pytest.mark.parametrize(
    ("message", "edit", "amount"),
    [
        ("now slower", "tempo", 1 / 1.35),
        ("a bit faster", "tempo", 1.15),
        ("Make him walk much slower, please", "tempo", 1 / 1.7),
        ("twice as fast", "tempo", 2.0),
        ("half as fast", "tempo", 0.5),
        ("20% slower", "tempo", 0.8),
        ("speed it up by 50 %", "tempo", 1.5),
        ("slow it down a bit", "tempo", 1 / 1.15),
        ("at half speed", "tempo", 0.5),
        ("play it at 1.5x speed", "tempo", 1.5),
        ("slow motion", "tempo", 1 / 1.35),
        ("mirror it", "mirror", 1.0),
        ("swap left and right", "mirror", 1.0),
        ("with the other hand", "mirror", 1.0),
        ("play it backwards", "reverse", 1.0),
        ("turn it left", "turn", 90.0),
        ("Make it turn right", "turn", -90.0),
        ("turn it 45 degrees to the right", "turn", -45.0),
        ("turn it around", "turn", 180.0),
        ("loop it 3 times", "loop", 3.0),
    ],
)
def test_edits(message: str, edit: str, amount: float) -> None:
    intent = understand(message, motion=True, prompt=PROMPT)
    assert (intent.task, intent.edit) == ("edit", edit)
    assert intent.amount == pytest.approx(amount)


@pytest.mark.parametrize(
    ("message", "seconds", "more", "amount"),
    [
        ("make it 6 seconds", 6.0, False, 1.0),
        ("six seconds please", 6.0, False, 1.0),
        ("it should last 90 frames", 4.5, False, 1.0),
        ("make it 2 seconds longer", 2.0, True, 1.0),
        ("1.5 s shorter", -1.5, True, 1.0),
        ("twice as long", None, False, 2.0),
        ("shorter", None, False, 2 / 3),
    ],
)
def test_lengths(message: str, seconds: float | None, more: bool, amount: float) -> None:
    intent = understand(message, motion=True, prompt=PROMPT)
    assert (intent.task, intent.seconds, intent.more) == ("resize", seconds, more)
    assert intent.amount == pytest.approx(amount)


@pytest.mark.parametrize(
    ("message", "seconds", "last"),
    [("cut it to 3 seconds", 3.0, False), ("only the last 2 seconds", 2.0, True), ("keep the first half", None, False)],
)
def test_cuts(message: str, seconds: float | None, last: bool) -> None:
    intent = understand(message, motion=True)
    assert (intent.edit, intent.seconds, intent.last) == ("cut", seconds, last)


@pytest.mark.parametrize(
    ("message", "text", "seconds", "samples"),
    [
        ("Show me someone jumping", "someone jumping", None, None),
        ("Can you show me a person doing yoga?", "a person doing yoga", None, None),
        ("Generate a motion of a man kicking.", "a man kicking", None, None),
        ("walk forward and turn left for 6 seconds", "a person walks forward and turns left", 6.0, None),
        ("3 versions of someone waving", "someone waving", None, 3),
        ("a five second walk", "a person walks", 5.0, None),
        ("a person jumps (4s)", "a person jumps", 4.0, None),
        ("jump!", "a person jumps", None, None),
        ("slowly raise both arms", "a person slowly raises both arms", None, None),
        ("do a cartwheel", "a person does a cartwheel", None, None),
        ("then sit down", "a person walks and then sits down", None, None),
        ("with the left hand instead", "a person walks with the left hand", None, None),
    ],
)
def test_sentences(message: str, text: str, seconds: float | None, samples: int | None) -> None:
    intent = understand(message, motion=True, prompt=PROMPT)
    assert (intent.task, intent.text, intent.seconds, intent.samples) == ("generate", text, seconds, samples)


def test_numbers_of_other_things() -> None:
    assert understand("show me 3 more", motion=True).samples == 3
    assert understand("continue for 3 more seconds", motion=True).seconds == 3.0
    assert understand("fill the middle 40 %", motion=True).given == pytest.approx((0.3, 0.3))
    assert understand("describe it and say how long it is", motion=True).length


@pytest.mark.parametrize("message", ["describe it", "now slower", "continue this", "again", "make it 6 seconds"])
def test_without_a_motion_it_is_said_that_there_is_none(message: str) -> None:
    assert understand(message).text == NO_MOTION


def test_silence() -> None:
    assert understand("  ").text == GREETING
    assert understand("", motion=True).task == "describe"


@given(st.text(max_size=200), st.booleans())
def test_anything_is_understood_as_something(message: str, motion: bool) -> None:
    intent = understand(message, motion=motion, prompt=PROMPT if motion else "")
    assert intent.task in {
        "generate", "again", "describe", "predict", "inbetween", "length", "edit", "resize", "export", "ask", "help"
    }  # fmt: skip
    assert intent.task != "generate" or intent.text.strip() or not message.strip("\"' ,;?!.")
