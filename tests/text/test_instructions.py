"""Questions about the length of a motion, and instructions that only sound like them."""

from __future__ import annotations

import re

import pytest

from motiongpt.lm.tasks import Task, default_prompts
from motiongpt.text.instructions import Question, following_action, length_question


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


# What an instruction asks for: seconds, frames, a description; "-" where it is no question about the length.
WORDINGS = """
F   how big is it in frames
S   seconds long?
-   how far does he walk
S   How long is this motion?
S   how long does it last
S   What's the duration?
S   tell me the length of the clip in seconds
S   How many seconds is the clip?
S   For how long does the person move?
S   how much time does this take
S   Duration please
S   what is the running time of this animation?
S   How long did that take him?
S   seconds?
S   how many secs
S   Give me its length.
S   Can you measure how long it goes on?
S   length in s
F   How many frames does it have?
F   frame count?
F   number of frames
F   what's the length in frames
F   How long is it in frames?
F   count the frames
F   how many frames are there in total
F   Tell me how many frames this clip contains
F   frames?
F   total frames
F   What is the duration measured in frames?
F   I need the frame number of this motion
F   how many poses / frames are in the file
SF  how long is it, in seconds and in frames?
SF  give me both the seconds and frame count
SD  describe the motion and say how long it is
FD  how many frames and what happens
SD  What is the person doing, and for how long?
SD  How long is it and what does he do?
FD  Caption this and count the frames.
SFD Tell me what happens, how many seconds it lasts and the number of frames.
-   Make it 90 frames
-   continue this for 3 seconds
-   Is the left arm longer than the right one?
-   How often does he jump?
S   could you tell me how long this lasts?
S   What length does this animation have?
S   how many seconds long is this
S   length?
S   Roughly how long is the recording
S   Say in seconds how long the person is moving.
S   what is the total duration here
S   I'd like to know the duration of this clip.
S   how much time passes
S   how long does the whole thing run
F   what number of frames is this
F   Give the frame count, please
F   how many frames long is the motion
F   length in frames please
F   how many frames did you get
F   state the count of frames
F   tell me the amount of frames
SF  Length in seconds and number of frames?
SD  Say what happens and how many seconds it takes
FD  how many frames is it and what's happening?
SD  Please caption the clip, then give its duration.
SD  Give me a short description plus the length.
FD  what do you see and how many frames are there
-   cut it to 40 frames
-   what is the length of his stride
-   how many jumps are there
-   generate a clip with the same duration
"""


@pytest.mark.parametrize("line", WORDINGS.strip().splitlines())
def test_wordings(line: str) -> None:
    wanted, instruction = line.split(maxsplit=1)
    question = length_question(instruction)
    if wanted == "-":
        assert question is None
    else:
        assert question == Question("S" in wanted, "F" in wanted, "D" in wanted)


@pytest.mark.parametrize(
    ("instruction", "action"),
    [
        ("sit down after that", "a person sits down"),
        ("Then wave.", "a person waves"),
        ("and then jump", "a person jumps"),
        ("now turn left", "a person turns left"),
        ("Next: pick something up", "a person picks something up"),
        ("after this the person kneels", "the person kneels"),
        ("then he sits down", "he sits down"),
        ("let her run away after that", "a person runs away"),
        ("add a jump at the end", "a person does a jump"),
        ("finish with a bow", "a person does a bow"),
        ("follow it with a spin", "a person does a spin"),
        ("continue by walking forward", "a person is walking forward"),
        ("keep going and then stop", "a person stops"),
        ("he should jump afterwards", "a person jumps"),
        ("I want him to kneel down then", "a person kneels down"),
        ("once done, stand up", "a person stands up"),
        ("<motion> and finally lie down", "a person lies down"),
    ],
)
def test_an_action_that_should_follow(instruction: str, action: str) -> None:
    assert following_action(instruction) == action


@pytest.mark.parametrize(
    "instruction",
    [
        "continue",
        "go on",
        "then what?",
        "what happens next?",
        "describe the motion and then its length",
        "what is he going to do next",
        "does he wave then?",
        "finish it",
        "How long is it?",
    ],
)
def test_no_action_that_should_follow(instruction: str) -> None:
    assert following_action(instruction) is None


@pytest.mark.parametrize("task", Task)
def test_the_instructions_of_training_are_read_as_their_tasks(task: Task) -> None:
    """They were written for the language model, not for these rules."""
    for instruction in default_prompts()[task].inputs:
        text = re.sub("<Motion_Placeholder[^>]*>", "<motion>", instruction)
        if "<motion>" in text:
            assert following_action(text) is None, text
            assert (length_question(text) is not None) == (task in (Task.M2FRAMES, Task.M2SECONDS)), text
