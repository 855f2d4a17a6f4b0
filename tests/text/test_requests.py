"""What people write around a description of a motion."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motiongpt.text.clauses import clauses
from motiongpt.text.requests import description


@pytest.mark.parametrize(
    ("brief", "told"),
    [
        # Sentences, lists and arrows.
        ("He walks forward. Then he sits down.", "He walks forward, then he sits down."),
        ("Walk forward. Sit down. Wave.", "Walk forward, then sit down, then wave."),
        ("A man walks in; he waves; he leaves", "A man walks in, then he waves, then he leaves"),
        ("walk -> jump -> sit", "walk, then jump, then sit"),
        ("walk forward / turn left / stop", "walk forward, then turn left, then stop"),
        ("1. walk\n2. jump", "walk, then jump"),
        ("- walk\n- jump", "walk, then jump"),
        ("First, kick; second, punch", "kick, then punch"),
        ("First he squats, then he jumps", "he squats, then he jumps"),
        # To whom it is told.
        ("Guard #2: walk forward.", "walk forward."),
        ("Step 1: walk. Step 2: jump.", "walk, then jump."),
        ("A person walks like this: slowly", "A person walks like this: slowly"),
        # Wishes.
        ("Please show me a man kicking a ball", "a man is kicking a ball"),
        ("Can you show a man kicking with his left foot?", "a man is kicking with his left foot"),
        ("I'd like to see someone who jumps", "someone jumps"),
        ("I want an animation of a woman that runs in a circle", "a woman runs in a circle"),
        ("Make an animation of a man who jumps", "a man jumps"),
        ("give me a man who jumps", "a man jumps"),
        ("the video shows a person waving", "a person is waving"),
        ("someone is seen jumping up and down", "someone is jumping up and down"),
        ("Please make him walk forward and wave", "walk forward and wave"),
        ("have the old man sit down, please", "sit down"),
        # What looks like one of these.
        ("make a circuit of the room", "make a circuit of the room"),
        ("give a wave to the crowd", "give a wave to the crowd"),
        ("have a seat on the chair", "have a seat on the chair"),
        ("get the ball and throw it", "get the ball and throw it"),
        ("a person makes a sound", "a person makes a sound"),
        ("she is careful not to make a sound", "she is careful not to make a sound"),
        ("a person is waving", "a person is waving"),
        ("a walking man kicks", "a walking man kicks"),
        ("the first man sits", "the first man sits"),
        ("first step forward, then back", "first step forward, then back"),
        ("he jumps 1.5 m and stops", "he jumps 1.5 m and stops"),
        # Words.
        ("he steps leftward", "he steps to the left"),
        ("a rightward turn", "a right turn"),
        ("he doesn't move", "he does not move"),
        ("gets up & walks off", "gets up and walks off"),
    ],
)
def test_what_is_told(brief, told):
    assert description(brief) == told


@pytest.mark.parametrize("brief", ["", " ", "...", "!", ":", "A: ", "1.", "->", "please", "first"])
def test_what_tells_nothing_stays_a_text(brief):
    assert isinstance(description(brief), str)


@given(st.text(st.characters(codec="utf-8"), max_size=80))
def test_any_text_can_be_told(text):
    told = description(text)
    assert told.strip() or not text.strip() or not any(letter.isalnum() for letter in text)


@pytest.mark.parametrize(
    ("brief", "actions"),
    [
        ("Guard: walk forward. Sit down. Wave.", ["walks forward", "sits down", "waves"]),
        ("walk forward / turn left / stop", ["walks forward", "turns left", "stops"]),
        ("Please make him jump, then bow", ["jumps", "bows"]),
    ],
)
def test_briefs_are_taken_apart(brief, actions):
    assert clauses(description(brief).rstrip(".")) == [(f"a person {action}",) for action in actions]
