"""Captions that differ in one word and mean the opposite."""

import numpy as np
import pytest

from motiongpt.text.contrasts import contrasts, hard_negative


def test_captions_that_say_the_same_in_other_words_have_the_same_contrasts():
    assert contrasts("a person walks forward quickly") == contrasts("someone strides ahead at a quick pace")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("kicks with the left leg", "kicks with the right leg"),
        ("walks forward", "walks backward"),
        ("jumps twice", "jumps three times"),
        ("turns clockwise", "turns counterclockwise"),
        ("raises an arm", "raises a leg"),
    ],
)
def test_captions_that_differ_in_what_counts_differ_in_contrasts(one, other):
    assert contrasts(one) != contrasts(other)


def test_a_hard_negative_differs_in_contrasts_and_in_nothing_else():
    rng = np.random.default_rng(0)
    for sentence in ("a person kicks with the left leg", "he slowly walks forward", "a man hops three times"):
        for _ in range(10):
            other = hard_negative(sentence, rng)
            assert other is not None
            assert contrasts(other) != contrasts(sentence)
            assert {kind for kind, _ in contrasts(other)} == {kind for kind, _ in contrasts(sentence)}


def test_a_side_is_reversed_in_every_place():
    sentence = "the left hand moves to the left"
    found = {hard_negative(sentence, np.random.default_rng(seed)) for seed in range(40)}
    assert "the right hand moves to the right" in found


def test_a_caption_without_contrasts_has_no_hard_negative():
    assert hard_negative("a person dances", np.random.default_rng(0)) is None
