"""Splits a sentence of several actions into clauses, each a sentence of its own.

>>> clauses("a person jumps, then walks forward")
[('a person jumps',), ('a person walks forward',)]
>>> clauses("a man throws a ball while walking forward")
[('a man is walking forward', 'a man throws a ball')]
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from motiongpt.text.actions import limb_nouns, words
from motiongpt.text.morphology import (
    inflect,
    is_third_person,
    likely_third_person,
    names_verb,
    third_person,
    third_person_of_base,
    third_person_of_participle,
    third_person_of_past,
)
from motiongpt.text.numbers import NUMBER_WORDS
from motiongpt.text.requests import LATER
from motiongpt.text.thesaurus import familiar

_IT = "(?:he|she|they|it)"
# "Once he has jumped he turns", "as she walks she waves", "having jumped, he turns".
_ONCE_IT = re.compile(
    rf"(?:once|as soon as|after) (?P<who>{_IT}) (?:(?:has|have|had) )?(?P<verb>\w+)(?P<rest>.*?),? "
    rf"(?P<second>{_IT} .+)",
    re.IGNORECASE,
)
_HAVING = re.compile(
    r"(?:(?P<who>[^,]+), )?(?:after )?having (?P<verb>\w+)(?P<rest>[^,]*), (?P<second>.+)", re.IGNORECASE
)
# "He sits down after walking", "before jumping, he turns".
_AFTER_BEHIND = re.compile(rf"(?P<second>[^,]+?),? after (?P<first>(?:\w+ing|{_IT} \w+s)\b(?!,)[^,]*)", re.IGNORECASE)
_BEFORE = re.compile(rf"before (?P<second>(?:\w+ing|{_IT} \w+s)\b[^,]*), (?P<first>[^,]+)", re.IGNORECASE)
_AS_IT = re.compile(
    rf"(?P<first>(?:as|while) (?:{_IT} \w+|\w+ing)(?: [^,]+?)?),? (?P<second>{_IT} \w+[^,]*)", re.IGNORECASE
)
# "As soon as he stops, he waves", "he waves once he stops".
_ONCE = re.compile(r"(?:once|as soon as|after) (?P<first>[^,]+), (?P<second>.+)", re.IGNORECASE)
_ONCE_BEHIND = re.compile(r"(?P<second>[^,]+),? (?:once|as soon as) (?P<first>(?:he|she|it) [^,]+)", re.IGNORECASE)
# "After jumping, a person walks".
_AFTER = re.compile(r"after (?P<first>\w+ing\b[^,]*), (?P<second>.+)", re.IGNORECASE)
# "Follows it up with a left kick", "followed by a jump".
_FOLLOWS = re.compile(
    r",?(?<! is)(?: and)? follow(?:s|ing|ed)(?P<it> (?:it|that|this|them))?(?: up)? (?:with|by) (?P<what>[^,]+)",
    re.IGNORECASE,
)
# "From a crouch, jump up": an order that begins with something else.
_FRONTED_ORDER = re.compile(
    r"(?P<front>(?:from|with|on|in|at|like|for|without|using) [^,]+), (?P<order>\w+\b.*)", re.IGNORECASE
)
# "Like a plane, the boy circles": what stands in front of the subject.
_FRONTED = re.compile(
    r"(?P<front>(?!(?:after|before|then)\b)[^,]+), "
    r"(?P<rest>(?:he|she|they|it|a|an|the|this|some\w+|person|man|woman) .+)",
    re.IGNORECASE,
)
# What says how, where or how often; the rest says moods and circumstances, which no motion shows.
_HOW = re.compile(
    r"(?:like|with|without|on|in|from|to|at|for|while|as if|as though) .+|\w+ly|\w+wards?|once|twice|\w+ times",
    re.IGNORECASE,
)
_ARMS_FIRST = re.compile(r"(?:(?:both|one|his|her|their) )?(?:(?:left|right) )?(?:arms?|hands?) .+", re.IGNORECASE)
# "Walks backward and then forward".
_OTHER_WAY = re.compile(r"(?:forwards?|backwards?|sideways|to (?:the|his|her|their) (?:left|right))\b", re.IGNORECASE)
# These continue, so that an action behind "and" is part of them: "jumps and spins", "marches in place and claps".
_CONTINUES = re.compile(r"\b(?:is|throws|jumps|leaps|hops|skips|bounces|dances|marches|jogs|in place)\b", re.IGNORECASE)
# What follows has to wait until the body is up, or down.
_CHANGES_POSTURE = re.compile(
    r".*?\b(?:(?:stands|gets|sits|lies|bends|squats|crouches|kneels) (?:back )?(?:up|down)|rises|picks|stops)\b.*?"
    r"(?P<and> and )(?P<verb>\w+)",
    re.IGNORECASE,
)
# "Walks forward, stops and waves": a list of verbs.
_LIST = re.compile(r", (?P<verb>\w+)")
_AND = re.compile(r" and (?P<verb>\w+)(?P<rest>.*)")
_VERB = re.compile(r"(?:\w+ly )?(\w+)", re.IGNORECASE)
# Where the next verb of an order stands.
_ORDER = re.compile(rf"(?P<mark>(?:,? (?:and )?(?:{LATER}),?|,? and|,) )(?P<verb>\w+)\b")
_SUBJECT_WORDS = 4
_POSTURE = re.compile(r".*\b(?:stands?|standing|stays?|staying|remains?|sits|sitting|seated)(?: in place| still)?")
_RAISED = re.compile(
    r"(?: with|,) (?P<what>(?:(?:both|the|one|his|her|their|a) )?(?:(?:left|right) )?(?:arms?|hands?|fists?)) "
    r"(?:held )?(?:raised|lifted|up|above|over|overhead|high|aloft|in the air)\b.*"
)
_SPREAD = re.compile(
    r"(?: with|,) (?:(?:both|the|his|her|their) )?arms (?:held )?(?:spread|stretched|out|outstretched|wide)\b"
    r"(?!.*\b(?:up|above|over|overhead|forwards?|front)\b).*"
)
_WHILE = re.compile(r" while (?P<verb>\w+ing)\b(?P<rest>.*)")
_AS = re.compile(r" (?:while|as) (?:he|she|they) (?P<verb>\w+)(?P<rest>.*)")
# "Moves backward, jabbing as he goes".
_PARTICIPLE = re.compile(r",(?: \w+ly)? (?P<verb>\w+ing)\b(?P<rest>[^,]*)")
_AS_HE_GOES = re.compile(r" (?:as|while) (?:he|she|they) (?:go(?:es)?|walks?|runs?|moves?)$")
_TOGETHER = re.compile(
    r" and (?P<verb>\w+)(?P<rest>.*?),? (?:at the same time|simultaneously|all the while)\b.*", re.IGNORECASE
)


@dataclass(frozen=True)
class ClauseText:
    """One action of a sentence, as a sentence of its own.

    Attributes:
        familiar: in words that captions have, see :func:`motiongpt.text.thesaurus.familiar`.
        original: in the words of the user.
    """

    familiar: str
    original: str


@dataclass(frozen=True)
class _ActionPatterns:
    """Patterns of words that the table of actions knows.

    Attributes:
        next_clause: what stands between two clauses.
        may_end: "and" before an action with an end.
        deed: an action as a noun: "..., then a left kick".
        arms: what arms are or do.
        legs: what the legs do meanwhile; "raises an arm, holding it there" says nothing of them.
    """

    next_clause: re.Pattern[str]
    may_end: re.Pattern[str]
    deed: re.Pattern[str]
    arms: re.Pattern[str]
    legs: re.Pattern[str]


@cache
def _patterns() -> _ActionPatterns:
    ends = "|".join(["starts", *words("ends")])
    counts = "|".join(NUMBER_WORDS[:3])
    return _ActionPatterns(
        next_clause=re.compile(
            rf",? and (?:{LATER}),? |,? then |, (?:{LATER}),? (?!to )|,? before (?=(?:\w+ing|{_IT})\b)"
            rf"| and (?=(?:{ends})\b)",
            re.IGNORECASE,
        ),
        may_end=re.compile(rf"(?P<before>.+?) and (?P<after>(?:{'|'.join(words('may_end'))})\b.*)", re.IGNORECASE),
        deed=re.compile(
            rf"(?:an?|another|{counts}) (?:\w+ ){{0,2}}(?:{'|'.join(words('nouns'))})(?:e?s)?\b", re.IGNORECASE
        ),
        arms=re.compile(rf"\b(?:{'|'.join([limb_nouns('arms'), *words('arm_words')])})\b"),
        legs=re.compile("|".join(["dancing", *words("leg_words")])),
    )


def parse(sentence: str) -> list[tuple[ClauseText, ...]]:
    """The clauses of a sentence as :func:`clauses` gives them, both in familiar words and in the user's own.

    Where the user's words do not split in the same way, the familiar ones stand for them.
    """
    own, other = clauses(sentence), familiar(sentence)
    known = own if other == sentence else clauses(other)
    if [len(row) for row in own] != [len(row) for row in known]:
        own = known
    return [
        tuple(ClauseText(clause, original) for clause, original in zip(row, originals, strict=True))
        for row, originals in zip(known, own, strict=True)
    ]


def clauses(sentence: str) -> list[tuple[str, ...]]:
    """The clauses of a sentence in the order of time; a tuple is one action, or what legs and arms do at once.

    "Then" and "before" separate one action from the next, and so does "and" before an action with an end: "walks and
    sits down" is two motions, "walks and turns" may be one. A sentence that cannot be split is its own only clause.

    >>> clauses("she kicks with the left leg, then with the right leg")
    [('she kicks with the left leg',), ('she kicks with the right leg',)]
    >>> clauses("like a plane, the boy circles to the right, then stops")
    [('the boy circles to the right like a plane',), ('the boy stops',)]
    """
    sentence = as_statement(_earlier_first(sentence))
    if is_third_person(sentence.split(" ")[0].lower()):
        # "Goes down and stands up again": anybody.
        found = clauses(f"a person {sentence}")
        return found if len(found) > 1 or len(found[0]) > 1 else [(sentence,)]
    in_order = _ONCE.fullmatch(sentence) or _ONCE_BEHIND.fullmatch(sentence)
    if in_order and _subject(in_order["first"]) and _subject(in_order["second"]):
        return [*clauses(in_order["first"]), *clauses(in_order["second"])]
    sentence = _subject_first(sentence)
    found = _sequence(_FOLLOWS.sub(_followed, sentence))
    # A sentence that cannot be split stays as it is.
    return found if len(found) > 1 or not _FOLLOWS.search(sentence) else [(sentence,)]


def of_anybody(clause: str) -> str:
    """The clause with "a person" for its subject: who acts says little about what is done.

    >>> of_anybody("the weary soldier trudges ahead")
    'a person trudges ahead'
    """
    if is_third_person(clause.split(" ")[0].lower()):
        return f"a person {clause}"
    subject = _subject(clause)
    return clause if subject is None else f"a person{clause[len(subject) :]}"


def as_statement(sentence: str) -> str:
    """An order, or what begins with a participle, as a sentence of a person; anything else as it is.

    >>> as_statement("jump, then sit down")
    'a person jumps, then sits down'
    """
    first = re.split(r"[^a-zA-Z]", sentence, maxsplit=1)[0]
    word, rest = first.lower(), sentence[len(first) :]
    if (fronted := _FRONTED_ORDER.fullmatch(sentence)) and third_person_of_base(fronted["order"].split()[0].lower()):
        return f"{fronted['front']}, {as_statement(fronted['order'])}"
    if third := third_person_of_base(word):
        rest = _ORDER.sub(lambda match: match["mark"] + (third_person_of_base(match["verb"]) or match["verb"]), rest)
        return f"a person {third}{rest}"
    if third_person_of_participle(word) and _subject(sentence) is None and not _FRONTED.fullmatch(sentence):
        return f"a person is {word}{rest}"
    return sentence


def _earlier_first(sentence: str) -> str:
    """The sentence with what is done first in front: "having jumped, he turns"."""
    if (match := _ONCE_IT.fullmatch(sentence)) and (third := _finite(match["verb"])):
        return f"{match['who']} {third}{match['rest']}, then {match['second']}"
    if (match := _HAVING.fullmatch(sentence)) and (third := _finite(match["verb"])):
        subject = match["who"] or _subject(match["second"])
        return f"{subject} {third}{match['rest']}, then {match['second']}" if subject else sentence
    if found := _AFTER_BEHIND.fullmatch(sentence) or _BEFORE.fullmatch(sentence):
        if _subject(found["first"]):
            return f"{found['first']}, then {found['second']}"
        subject = _subject(found["second"])
        earlier = _completed(found["first"], subject, "") if subject else None
        return f"{earlier}, then {found['second'].removeprefix(str(subject)).lstrip()}" if earlier else sentence
    if match := _AS_IT.fullmatch(sentence):
        return f"{match['second']} {match['first']}"
    return sentence


def _finite(verb: str) -> str | None:
    """The third person of a verb in any form; None for other words."""
    return third_person(verb.lower()) or third_person_of_past(verb.lower())


def _subject_first(sentence: str) -> str:
    """The sentence with its subject in front: what stood there goes to the end of the first clause or is left out."""
    match = _FRONTED.fullmatch(sentence)
    if match is None or _subject(match["rest"]) is None:
        return sentence
    front, rest = match["front"], match["rest"]
    if _ARMS_FIRST.fullmatch(front):
        front = f"with {front}"
    if not _HOW.fullmatch(front):
        first = front.split()[0].lower()
        if third := third_person_of_participle(first):
            subject = str(_subject(rest)).removesuffix(" then")
            if (later := rest.removeprefix(f"{subject} then ")) != rest:
                return f"{subject} {third}{front[len(first) :]}, then {later}"
            front = f"while {first}{front[len(first) :]}"
        elif _subject(front) is not None or names_verb(front):
            return sentence
        else:
            return rest
    marks = (re.compile(","), _patterns().next_clause, _FOLLOWS, _WHILE, _AS)
    end = min((found.start() for mark in marks if (found := mark.search(rest))), default=len(rest))
    return f"{rest[:end]} {front[:1].lower()}{front[1:]}{rest[end:]}"


def _followed(match: re.Match[str]) -> str:
    """What a "followed by" says, as a later action."""
    what = match["what"]
    if third_person(what.split()[0]):
        return f", then {what}"
    # A man may be followed by a dog.
    return f", then does {what}" if match["it"] or names_verb(what) else match[0]


def _sequence(sentence: str) -> list[tuple[str, ...]]:
    """The clauses of a sentence that begins with its subject, or with "after"."""
    if match := _AFTER.fullmatch(sentence):
        subject = _subject(match["second"])
        first = _completed(match["first"], subject, "") if subject else None
        return [(sentence,)] if first is None else [_at_once(first, str(subject)), *clauses(match["second"])]
    parts = [part for piece in _patterns().next_clause.split(sentence) for part in _listed(piece)]
    subject = _subject(parts[0])
    if subject is None:
        return [(sentence,)]
    completed = [parts[0]]
    for part in parts[1:]:
        clause = _completed(part, subject, parts[0])
        if clause is None:
            return [(sentence,)]
        completed.append(clause)
    return [_at_once(clause, _subject(clause) or subject) for clause in completed]


def _listed(text: str) -> list[str]:
    """Parts that commas separate, or "and" behind an action with an end."""
    if (match := _LIST.search(text)) and is_third_person(match["verb"]):
        before, after = text[: match.start()], text[match.start("verb") :]
        last = _AND.search(after)
        # "Halts, and greets": behind a comma any verb is one.
        comma = last is not None and after[: last.start()].endswith(",")
        if last and last["verb"] in (third_person(last["verb"]), likely_third_person(last["verb"]) if comma else None):
            return [before, after[: last.start()].rstrip(","), after[last.start("verb") :]]
        return [before, after]
    if (match := _CHANGES_POSTURE.match(text)) and is_third_person(match["verb"]):
        return [text[: match.start("and")], text[match.start("verb") :]]
    if match := _patterns().may_end.fullmatch(text):
        before = match["before"].removeprefix(_subject(match["before"]) or "")
        manners = [word for word in before.split() if not word.endswith("ly")]
        # More than a bare verb: "walks and spins" is one motion, "takes three steps and spins" two.
        if len(manners) > 1 and not _CONTINUES.search(before) and not _POSTURE.fullmatch(match["before"]):
            return [match["before"], match["after"]]
    return [text]


def _completed(part: str, subject: str, first: str) -> str | None:
    """A part as a sentence of its own, with the subject, and with what it leaves out of the first part."""
    match = _VERB.match(part)
    verb = match and likely_third_person(match[1])
    if match and (verb := verb or third_person_of_participle(match[1].lower())):
        return f"{subject} {part[: match.start(1)]}{verb}{part[match.end(1) :]}"
    if _patterns().deed.match(part):
        return f"{subject} does {part}"
    if _subject(part) is not None:
        return part
    if _OTHER_WAY.match(part) and (goes := _VERB.match(first[len(subject) + 1 :])):
        return f"{subject} {goes[0]} {part}"
    # "Kicks with the left leg, then with the right leg": what is left out stands in the first clause.
    part = re.sub(r"^(?:back|again) (?=\w)", "", part)
    again = re.search(rf"\b{re.escape(part.split()[0])}\b", first[len(subject) + 1 :])
    return None if again is None else first[: len(subject) + 1 + again.start()] + part


def _at_once(clause: str, subject: str) -> tuple[str, ...]:
    """What the legs and what the arms do, if one part of the clause is about arms and the other is not."""
    arm_words, leg_words = _patterns().arms, _patterns().legs
    if match := _PARTICIPLE.search(clause):
        clause = _AS_HE_GOES.sub("", clause)
    if (
        match
        and (match := _PARTICIPLE.fullmatch(clause, match.start()))
        and (bool(arm_words.search(match[0])) != bool(leg_words.search(match[0])))
    ):
        other = f"{subject} is {match['verb']}{match['rest']}"
    elif match := _RAISED.search(clause):
        other = f"{subject} raises {match['what']}"
    elif match := _SPREAD.search(clause):
        other = f"{subject} spreads the arms out to the sides"
    elif match := _WHILE.search(clause):
        other = f"{subject} is {match['verb']}{match['rest']}"
    elif (match := _TOGETHER.search(clause)) and (verb := likely_third_person(match["verb"])):
        other = f"{subject} {verb}{match['rest']}"
    elif match := _AS.search(clause):
        other = f"{subject} {likely_third_person(match['verb']) or inflect(match['verb'], 'third')}{match['rest']}"
    elif (
        (match := _AND.search(clause))
        and _POSTURE.fullmatch(clause[: match.start()])
        and likely_third_person(match["verb"])
    ):
        other = f"{subject} {match['verb']}{match['rest']}"
    else:
        return (clause,)
    first = clause[: match.start()]
    arms_first, arms_second = bool(arm_words.search(first)), bool(arm_words.search(other))
    if arms_first == arms_second:
        return (clause,)
    return (other, first) if arms_first else (first, other)


def _subject(clause: str) -> str | None:
    """What stands before the verb, a few words at most."""
    tokens = clause.split()
    for place, token in enumerate(tokens[1 : _SUBJECT_WORDS + 1], start=1):
        word = token.rstrip(",;")
        if word.lower() == "is" or likely_third_person(word) == word:
            before = tokens[:place]
            return " ".join(before[:-1] if len(before) > 1 and before[-1].endswith("ly") else before)
    return None
