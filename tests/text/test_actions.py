"""The table of actions."""

import re

from motiongpt.text.actions import action_table, limb_nouns, parts, phrases_in, unjudged_phrases, words


def test_a_row_has_its_columns() -> None:
    kicks = action_table()["kicks"]
    assert (kicks.detector, kicks.kind, kicks.limbs, kicks.nouns) == ("kicks", "action", "legs", ("kick",))
    assert "punts" in kicks.ends
    assert [dict(reading.arguments) for reading in kicks.readings] == [{}, {"side": "SIDE"}]
    assert ("a person kicks hard") in dict(kicks.sentences)


def test_kinds_and_limbs_are_known() -> None:
    assert {action.kind for action in action_table().values()} == {"action", "gait", "direction", "manner"}
    assert {action.limbs for action in action_table().values()} == {"", "arms", "legs"}


def test_words_of_a_column() -> None:
    assert {"sits", "kicks", r"takes an? (?:\w+ )?bow"} <= set(words("ends"))
    assert not set(words("ends")) & set(words("may_end"))
    for column in ("ends", "may_end", "nouns", "arm_words", "leg_words"):
        for word in words(column):
            assert re.compile(word).groups == 0, "patterns of clauses name their own groups"


def test_parts_of_patterns() -> None:
    assert re.search(parts()["SLOW"], "he walks at a snail's pace")
    assert re.fullmatch(limb_nouns("arms"), "fists")
    assert re.fullmatch(limb_nouns("legs"), "heel")


def test_phrases() -> None:
    assert phrases_in("boot; kick a ball") == ("boot", "kick a ball")
    assert phrases_in("") == ()
    every = [
        phrase
        for action in action_table().values()
        for _, phrases in action.sentences
        for phrase in (*phrases, *unjudged_phrases())
    ]
    assert all(phrase == phrase.strip() and phrase for phrase in every)
