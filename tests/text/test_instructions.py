"""Questions about the length of a motion, and instructions that only sound like them."""

from __future__ import annotations

import pytest

from motiongpt.text.instructions import Question, length_question


@pytest.mark.parametrize(
    ("instruction", "seconds", "frames", "description"),
    [
        ("How long does this motion last?", True, False, False),
        ("how many seconds is <motion>", True, False, False),
        ("Count the frames of <motion>.", False, True, False),
        ("How long is it in frames?", False, True, False),
        ("Give me the duration of the clip in frames", False, True, False),
        ("What's the length of this clip?", True, False, False),
        ("State the duration of <motion> in seconds.", True, False, False),
        ("Describe the motion and say how long it is.", True, False, True),
        ("What is the person doing, and for how many frames?", False, True, True),
        ("How many frames and how many seconds does it have?", True, True, False),
        ("Duration in seconds: <motion>", True, False, False),
        ("Tell me how much time the movement takes.", True, False, False),
    ],
)
def test_questions(instruction: str, seconds: bool, frames: bool, description: bool) -> None:
    assert length_question(instruction) == Question(seconds, frames, description)


@pytest.mark.parametrize(
    "instruction",
    [
        "Describe <motion>",
        "Describe this motion of 3 seconds: <motion>",
        "Continue this motion for 40 frames",
        "Generate a motion of the same length",
        "What does the person do?",
        "Predict what follows in the next 2 seconds",
        "How long are her steps",
    ],
)
def test_other_instructions(instruction: str) -> None:
    assert length_question(instruction) is None
