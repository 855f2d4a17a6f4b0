"""What people write around a description of a motion."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motiongpt.text.clauses import clauses
from motiongpt.text.requests import description


@pytest.mark.parametrize(
    ("request_text", "expected"),
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
        # With a label.
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
def test_descriptions(request_text, expected):
    assert description(request_text) == expected


@pytest.mark.parametrize("request_text", ["", " ", "...", "!", ":", "A: ", "1.", "->", "please", "first"])
def test_a_request_without_words_stays_a_text(request_text):
    assert isinstance(description(request_text), str)


@given(st.text(st.characters(codec="utf-8"), max_size=80))
def test_any_text_can_be_described(text):
    found = description(text)
    assert found.strip() or not text.strip() or not any(letter.isalnum() for letter in text)


@pytest.mark.parametrize(
    ("request_text", "actions"),
    [
        ("Guard: walk forward. Sit down. Wave.", ["walks forward", "sits down", "waves"]),
        ("walk forward / turn left / stop", ["walks forward", "turns left", "stops"]),
        ("Please make him jump, then bow", ["jumps", "bows"]),
    ],
)
def test_requests_split_into_clauses(request_text, actions):
    assert clauses(description(request_text).rstrip(".")) == [(f"a person {action}",) for action in actions]
