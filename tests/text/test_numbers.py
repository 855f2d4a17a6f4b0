"""Numbers in sentences: how often and how long."""

import re

import pytest

from motiongpt.text.numbers import (
    count_in,
    count_patterns,
    count_phrases,
    stated_seconds,
    without_count,
    without_duration,
)


@pytest.mark.parametrize(
    ("sentence", "seconds"),
    [
        ("a person walks for 3 seconds", 3),
        ("someone stands still for about four seconds", 4),
        ("a person waits for a second", 1),
        ("he hops for 2.5 seconds", 2.5),
        ("a person walks forward", None),
        ("a person waits for 2 seconds, then runs", None),
        ("a person stands for 2 seconds and runs for 3 seconds", None),
        ("a person asks for seconds", None),
    ],
)
def test_seconds(sentence, seconds):
    assert stated_seconds(sentence) == seconds


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
