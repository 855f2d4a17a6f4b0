"""Sentences of several actions, split into clauses."""

import pytest

from motiongpt.text.clauses import ClauseText, clauses, of_anybody, parse


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("a person walks forward", [("a person walks forward",)]),
        ("a person jumps, then walks forward", [("a person jumps",), ("a person walks forward",)]),
        ("the tall man sits down and then stands up", [("the tall man sits down",), ("the tall man stands up",)]),
        ("someone squats before jumping high", [("someone squats",), ("someone jumps high",)]),
        ("a person is walking, then slowly turns", [("a person is walking",), ("a person slowly turns",)]),
        (
            "she kicks with the left leg, then with the right leg",
            [("she kicks with the left leg",), ("she kicks with the right leg",)],
        ),
        (
            "a person raises the right arm, then the left arm",
            [("a person raises the right arm",), ("a person raises the left arm",)],
        ),
        ("a man walks, then he sits down", [("a man walks",), ("he sits down",)]),
        ("a man walks forward and sits down", [("a man walks forward",), ("a man sits down",)]),
        ("a person runs up and kicks a ball", [("a person runs up",), ("a person kicks a ball",)]),
        ("a person walks and turns left", [("a person walks and turns left",)]),
        ("a person jumps up and down", [("a person jumps up and down",)]),
        ("a person walks, stops and waves", [("a person walks",), ("a person stops",), ("a person waves",)]),
        ("a man steps forward and then kicks", [("a man steps forward",), ("a man kicks",)]),
        ("after jumping, a person walks on", [("a person jumps",), ("a person walks on",)]),
        ("a person gets up from a chair and walks", [("a person gets up from a chair",), ("a person walks",)]),
        (
            "a person steps to the left, then back to the right",
            [("a person steps to the left",), ("a person steps to the right",)],
        ),
        ("a man walks in a circle, always turning right", [("a man walks in a circle, always turning right",)]),
        ("a man walks, stops and waves a hand", [("a man walks",), ("a man stops",), ("a man waves a hand",)]),
        ("a man stops and waves", [("a man stops",), ("a man waves",)]),
        ("after the jump, he walks", [("after the jump, he walks",)]),
        # Orders, and what begins with a participle.
        ("walk forward then jump", [("a person walks forward",), ("a person jumps",)]),
        (
            "Sidestep to the left, then step to the right",
            [("a person sidesteps to the left",), ("a person steps to the right",)],
        ),
        ("jump straight up once", [("a person jumps straight up once",)]),
        ("walk, stop and wave", [("a person walks",), ("a person stops",), ("a person waves",)]),
        ("bounding along on one foot", [("a person is bounding along on one foot",)]),
        ("kick with the left leg, then punch", [("a person kicks with the left leg",), ("a person punches",)]),
        ("person walks", [("person walks",)]),
        ("jumping jacks", [("jumping jacks",)]),
        ("a hiker strolls before breaking into a run", [("a hiker strolls",), ("a hiker breaks into a run",)]),
        (
            "the boxer throws two rights, then a left kick",
            [("the boxer throws two rights",), ("the boxer does a left kick",)],
        ),
        ("he marches up, halts, and greets us", [("he marches up",), ("he halts",), ("he greets us",)]),
        ("he trots up and boots the ball", [("he trots up",), ("he boots the ball",)]),
        ("Whirling around, the dancer then sits down", [("the dancer whirls around",), ("the dancer sits down",)]),
        ("a walker edges on, arms spread wide", [("a walker edges on", "a walker spreads the arms out to the sides")]),
        ("a woman walks with her arms stretched up", [("a woman walks with her arms stretched up",)]),
        ("the scorer leaps with a fist in the air", [("the scorer leaps", "the scorer raises a fist")]),
        ("Backing off, the guard keeps both hands up", [("the guard is backing off", "the guard keeps both hands up")]),
        ("a person walks, then arms", [("a person walks, then arms",)]),
        ("", [("",)]),
    ],
)
def test_one_after_the_other(sentence, expected):
    assert clauses(sentence) == expected


@pytest.mark.parametrize(
    ("sentence", "legs", "arms"),
    [
        ("a person walks while waving", "a person walks", "a person is waving"),
        ("a man throws a ball while walking forward", "a man is walking forward", "a man throws a ball"),
        ("someone waves a hand as they walk", "someone walks", "someone waves a hand"),
        ("a person runs with both arms raised", "a person runs", "a person raises both arms"),
        ("a person is sitting and raises the left arm", "a person is sitting", "a person raises the left arm"),
        ("a man walks and punches at the same time", "a man walks", "a man punches"),
        ("a boxer moves backward, jabbing as he goes", "a boxer moves backward", "a boxer is jabbing"),
        ("a man walks forward, waving his arms", "a man walks forward", "a man is waving his arms"),
        ("the woman stands in place and waves", "the woman stands in place", "the woman waves"),
    ],
)
def test_legs_and_arms(sentence, legs, arms):
    assert clauses(sentence) == [(legs, arms)]


@pytest.mark.parametrize(
    "sentence",
    [
        "a person walks and waves",
        "a person walks while limping",
        "a person waves while clapping",
        "a person kicks with the left leg",
        "a person lifts something with both hands",
    ],
)
def test_what_cannot_be_split_stays_whole(sentence):
    assert clauses(sentence) == [(sentence,)]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("like a pogo stick, she bobs up and down", ["she bobs up and down like a pogo stick"]),
        ("Like a flamingo, the woman perches on her left leg", ["the woman perches on her left leg like a flamingo"]),
        ("startled, the hero springs backward", ["the hero springs backward"]),
        ("back to the wall, the guard edges along to his right", ["the guard edges along to his right"]),
        ("with a shout, he leaps", ["he leaps with a shout"]),
        ("slowly, he sits down", ["he sits down slowly"]),
        ("like a plane, the boy circles, then stops", ["the boy circles like a plane", "the boy stops"]),
        ("on all fours, a baby crawls and stops", ["a baby crawls on all fours", "a baby stops"]),
        ("turning left, a man walks on", ["a man walks on while turning left"]),
        ("then, he sits down", ["then, he sits down"]),
        ("one step forward, he jumps", ["one step forward, he jumps"]),
        ("as he walks, he jumps", ["he jumps as he walks"]),
    ],
)
def test_what_stands_in_front_of_the_subject(sentence, expected):
    assert clauses(sentence) == [(clause,) for clause in expected]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("he jabs and follows it up with a left kick", ["he jabs", "he does a left kick"]),
        ("he jabs, following it with a hook", ["he jabs", "he does a hook"]),
        ("a person does a squat followed by a jump", ["a person does a squat", "a person does a jump"]),
        ("a person jumps, followed by walking away", ["a person jumps", "a person walks away"]),
        ("a man walks followed by a dog", ["a man walks followed by a dog"]),
        ("a squat followed by a jump", ["a squat followed by a jump"]),
        ("he throws jabs and punches", ["he throws jabs and punches"]),
        (
            "a boy grabs a snowball off the ground and flings it",
            ["a boy grabs a snowball off the ground", "a boy flings it"],
        ),
        ("an actor walks forward and takes a deep bow", ["an actor walks forward", "an actor takes a deep bow"]),
        ("she ducks and crawls away", ["she ducks", "she crawls away"]),
        ("she takes three steps and spins around", ["she takes three steps", "she spins around"]),
        ("a person walks and spins", ["a person walks and spins"]),
        ("a person walks slowly and spins", ["a person walks slowly and spins"]),
        ("a person jumps in the air and spins", ["a person jumps in the air and spins"]),
        ("a person marches in place and claps", ["a person marches in place and claps"]),
        ("once he stops, he waves", ["he stops", "he waves"]),
        ("as soon as the man stands up, he runs", ["the man stands up", "he runs"]),
        ("he runs as soon as he stands up", ["he stands up", "he runs"]),
        ("after he jumps, he walks", ["he jumps", "he walks"]),
        ("goes down on one knee and stands up again", ["a person goes down on one knee", "a person stands up again"]),
        ("walks forward", ["walks forward"]),
        ("she marches on, kicking as she goes", ["she marches on, kicking"]),
        ("she waves, smiling", ["she waves, smiling"]),
        ("she lifts an arm, holding it there", ["she lifts an arm, holding it there"]),
    ],
)
def test_more_sentences_of_several_actions(sentence, expected):
    assert clauses(sentence) == [(clause,) for clause in expected]


def test_both_kinds_in_one_sentence():
    assert clauses("a person walks while waving, then sits down") == [
        ("a person walks", "a person is waving"),
        ("a person sits down",),
    ]


def test_who_does_it_does_not_matter():
    assert of_anybody("she sits down") == "a person sits down"
    assert of_anybody("an old man slowly walks on") == "a person slowly walks on"
    assert of_anybody("walk on") == "walk on"


def test_a_comma_behind_the_verb_is_none_of_it() -> None:
    assert clauses("A boxer advances, jabbing as he goes") == [("A boxer advances", "A boxer is jabbing")]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("having turned left, he walks away", ["he turns left", "he walks away"]),
        ("the man, having jumped, turns around", ["the man jumps", "the man turns around"]),
        ("once he has jumped he spins", ["he jumps", "he spins"]),
        ("as soon as she stops, she waves", ["she stops", "she waves"]),
        ("he sits down after walking forward", ["he walks forward", "he sits down"]),
        ("he waves after he sits down", ["he sits down", "he waves"]),
        ("before jumping, the man takes a few steps", ["the man takes a few steps", "the man jumps"]),
        ("he turns right before he jumps", ["he turns right", "he jumps"]),
        ("he bows, afterwards he waves", ["he bows", "he waves"]),
        ("jump, finally sit down", ["a person jumps", "a person sits down"]),
        ("walk backward and then forward", ["a person walks backward", "a person walks forward"]),
        ("from a crouch, jump up", ["a person jumps up from a crouch"]),
        ("walk along, then break into a run", ["a person walks along", "a person breaks into a run"]),
        ("rise and walk off", ["a person rises", "a person walks off"]),
        ("enter and take a seat", ["a person enters", "a person takes a seat"]),
        # One action only.
        ("he looks after the dog", ["he looks after the dog"]),
        ("he walks next to a wall", ["he walks next to a wall"]),
    ],
)
def test_what_is_done_first_stands_first(sentence, expected):
    assert [" & ".join(at_once) for at_once in clauses(sentence)] == expected


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("as she walks she waves", ("she walks", "she waves")),
        ("as he walks, he raises both arms", ("he walks", "he raises both arms")),
        ("while walking she waves with her left hand", ("she is walking", "she waves with her left hand")),
        ("he spins with both arms held overhead", ("he spins", "he raises both arms")),
    ],
)
def test_what_is_done_meanwhile_may_stand_first(sentence, expected):
    assert clauses(sentence) == [expected]


def test_clauses_in_familiar_words_and_in_the_users_own():
    assert parse("someone traipses on, then sidles to the left") == [
        (ClauseText("someone walks on", "someone traipses on"),),
        (ClauseText("someone moves sideways to the left", "someone sidles to the left"),),
    ]


def test_familiar_words_stand_for_own_words_that_split_otherwise():
    # As a noun, "traipse" does not tell where the second clause begins.
    sentence = "traipse forward, then stop"
    assert len(clauses(sentence)) == 1
    assert parse(sentence) == [
        (ClauseText("a person walks forward", "a person walks forward"),),
        (ClauseText("a person stops", "a person stops"),),
    ]
