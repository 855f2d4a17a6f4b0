"""Durations that sentences tell."""

import pytest

from motiongpt.text.numbers import stated_seconds


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
