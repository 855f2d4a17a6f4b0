"""Numbers in sentences: how often and how long."""

import re

import pytest

from motiongpt.text.numbers import (
    Length,
    count_in,
    count_patterns,
    count_phrases,
    stated_length,
    without_count,
    without_duration,
)


@pytest.mark.parametrize(
    ("sentence", "length", "rest"),
    [
        ("a person walks for 3 seconds", Length(3), None),
        ("someone stands still for about four seconds", Length(4), None),
        ("a person waits for a second", Length(1), None),
        ("he hops for 2.5 seconds", Length(2.5), None),
        ("he hops for half a second", Length(0.5), None),
        ("she jogs for a second and a half", Length(1.5), None),
        ("she jogs for two and a half seconds", Length(2.5), None),
        ("she runs for 8 secs", Length(8), "she runs"),
        ("she runs for 8s", Length(8), "she runs"),
        ("a man waves for 100 frames", Length(frames=100), "a man waves"),
        ("a 3-second clip of a man waving and smiling", Length(3), "a man waving and smiling"),
        ("five seconds of someone dancing", Length(5), "someone dancing"),
        ("create a 10 second animation of a zombie walking", Length(10), "a zombie walking"),
        ("8 secs: a person crawls", Length(8), "a person crawls"),
        ("a person sits down, 120 frames", Length(frames=120), "a person sits down"),
        ("a person sits down (4 s)", Length(4), "a person sits down"),
        ("a man walks in 3 seconds", Length(3), "a man walks"),
        ("a ten-second walk", Length(10), "a walk"),
        ("a person walks forward, lasting twenty seconds", Length(20), "a person walks forward"),
        ("make it 90 frames: a man hops", Length(frames=90), "a man hops"),
        ("a 90-frame hop", Length(frames=90), "a hop"),
        ("60 frames of walking", Length(frames=60), "walking"),
        ("a man waves for 3s", Length(3), "a man waves"),
        ("generate 4 seconds of a person running", Length(4), "a person running"),
        ("a woman jumps, 2.5 sec long", Length(2.5), "a woman jumps"),
        ("a person dances (120 frames)", Length(frames=120), "a person dances"),
        ("in 80 frames, a person turns around", Length(frames=80), "a person turns around"),
        ("length 5 s. a man squats", Length(5), "a man squats"),
        ("a person kicks, make it 100 frames long", Length(frames=100), "a person kicks"),
        ("I want a three-second clip of someone clapping", Length(3), "someone clapping"),
        ("45f: man punches", Length(frames=45), "man punches"),
        ("walk in a circle, ten seconds please", Length(10), "walk in a circle"),
        ("make it six seconds long: a person crawls", Length(6), "a person crawls"),
        ("40 frame jump", Length(frames=40), "jump"),
        ("a person sits down; should last 64 frames", Length(frames=64), "a person sits down"),
        ("a two second wave", Length(2), "a wave"),
        ("a person walks. 7 seconds.", Length(7), "a person walks"),
        ("give me 50 frames where a man bows", Length(frames=50), "a man bows"),
        ("use 90 frames, a person stretches", Length(frames=90), "a person stretches"),
        ("a person waits two seconds and then runs", None, None),
        ("a person jumps for a second time", None, None),
        ("the second man walks", None, None),
        ("a person in a frame shop walks", None, None),
        ("he runs for 3 seconds, then he walks for 2 seconds", None, None),
        ("I need 150 frames of a zombie walking", Length(frames=150), "a zombie walking"),
        ("twenty-five frames of jumping", Length(frames=25), "jumping"),
        ("a man jogs - 4 seconds", Length(4), "a man jogs"),
        ("one hundred frames: a person spins", Length(frames=100), "a person spins"),
        ("Clip length: 8s. A woman dances.", Length(8), "A woman dances."),
        ("a 12 frame punch", Length(frames=12), "a punch"),
        ("someone bows and it takes 3.5 seconds", Length(3.5), "someone bows"),
        ("make a five second long clip in which a man falls", Length(5), "a man falls"),
        ("A person climbs stairs. Make it 200 frames.", Length(frames=200), "A person climbs stairs"),
        ("duration 30 frames; a quick kick", Length(frames=30), "a quick kick"),
        ("a person walks and the whole thing should be 6 seconds long", Length(6), "a person walks"),
        ("a person crawls [72 frames]", Length(frames=72), "a person crawls"),
        ("he takes a second step", None, None),
        ("one person walks in three circles", None, None),
        ("in the second half the man runs", None, None),
        ("a man counts to ten", None, None),
        ("a 90 frames long hop", Length(frames=90), "a hop"),
        ("someone waits a second, then leaves", None, None),
        ("a person walks forward", None, None),
        ("a person waits for 2 seconds, then runs", None, None),
        ("a person stands for 2 seconds and runs for 3 seconds", None, None),
        ("a person asks for seconds", None, None),
        ("he takes 3 steps", None, None),
        ("she comes in second", None, None),
        ("a person runs the second lap", None, None),
        ("she waves a second time", None, None),
    ],
)
def test_lengths(sentence, length, rest):
    assert stated_length(sentence) == (length, rest or sentence)


def test_count_phrases():
    assert count_phrases(2, ("a couple of times",)) == ("twice", "two times", "2 times")
    assert count_phrases(4) == ("four times", "4 times")


@pytest.mark.parametrize(
    ("text", "number"),
    [("jumps twice", 2), ("2 jumps", 2), ("a single jump", 1), ("jumps thrice", 3), ("six hops", 6)],
)
def test_count_patterns(text, number):
    assert [count for count, pattern in count_patterns().items() if re.search(pattern, text)] == [number]


def test_a_couple_of_times_is_no_exact_number():
    assert not any(re.search(pattern, "a couple of times") for pattern in count_patterns().values())


def test_counts_and_durations_can_be_taken_out():
    assert count_in("a person jumps Two times") == "two times"
    assert count_in("a person takes two steps") is None
    assert without_count("a person jumps twice on the spot") == "a person jumps on the spot"
    assert without_duration("he waits for about two more seconds") == "he waits"
    assert without_duration("he runs in a minute") == "he runs"
