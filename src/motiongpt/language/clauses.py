"""Sentences that tell several actions, taken apart: each becomes a sentence of its own."""

from __future__ import annotations

import re

from motiongpt.language.paraphrase import inflect, third_person

# Actions with a beginning and an end: whatever comes before them in a sentence is over when they are done.
_EVENTS = "sits|stands up|gets up|kicks|jumps|leaps|bends|picks|squats|lies|falls|throws|stops|starts"
_THEN = re.compile(
    rf",? and (?:then|after that|afterwards|next) |,? then |,? before (?=\w+ing\b)| and (?=(?:{_EVENTS})\b)",
    re.IGNORECASE,
)
# "After jumping, a person walks": told in the other order.
_AFTER = re.compile(r"after (?P<first>\w+ing\b[^,]*), (?P<second>.+)", re.IGNORECASE)
# What follows has to wait until the body is up, or down.
_ENDS = re.compile(
    r".*?\b(?:(?:stands|gets|rises|sits|lies|bends|squats|crouches|kneels) (?:back )?(?:up|down)|picks|stops)\b.*?"
    r"(?P<and> and )(?P<verb>\w+)",
    re.IGNORECASE,
)
# "Walks forward, stops and waves": a list of verbs.
_LIST = re.compile(r", (?P<verb>\w+)")
_VERB = re.compile(r"(?:\w+ly )?(\w+)", re.IGNORECASE)
_SUBJECT_WORDS = 4
# Ends like a verb in the third person and is none.
_NO_VERBS = re.compile(r"(?:\w*ss|his|this|\w+'s|arms|legs|hands|feet|knees|times|seconds)", re.IGNORECASE)
_POSTURE = re.compile(r".*\b(?:stands?|standing|stays?|staying|remains?|sits|sitting|seated)(?: in place| still)?")
_ARMS = re.compile(
    r"\b(?:arms?|hands?|fists?|elbows?|wav(?:es?|ing)|clap\w*|punch\w*|throw\w*|box(?:es|ing)|salut\w*)\b"
)
_RAISED = re.compile(
    r" with (?P<what>(?:both|the|one|his|her|their|a)(?: left| right)? (?:arms?|hands?)) "
    r"(?:raised|lifted|up|above|over|overhead|high)\b.*"
)
_WHILE = re.compile(r" while (?P<verb>\w+ing)\b(?P<rest>.*)")
_AS = re.compile(r" (?:while|as) (?:he|she|they) (?P<verb>\w+)(?P<rest>.*)")
_TOGETHER = re.compile(
    r" and (?P<verb>\w+)(?P<rest>.*?),? (?:at the same time|simultaneously|all the while)\b.*", re.IGNORECASE
)
_AND = re.compile(r" and (?P<verb>\w+)(?P<rest>.*)")


def clauses(sentence: str) -> list[tuple[str, ...]]:
    """What a sentence tells, in order; each entry is one action, or what the legs and what the arms do at once.

    "Then" and "before" part what comes one after the other, and "and" before what has an end of its own: "walks and
    sits down" is two motions, "walks and turns" may be one. What cannot be taken apart is its own only entry.

    >>> clauses("a person jumps, then walks forward")
    [('a person jumps',), ('a person walks forward',)]
    >>> clauses("she kicks with the left leg, then with the right leg")
    [('she kicks with the left leg',), ('she kicks with the right leg',)]
    >>> clauses("a man throws a ball while walking forward")
    [('a man is walking forward', 'a man throws a ball')]
    """
    if match := _AFTER.fullmatch(sentence):
        subject = _subject(match["second"])
        first = _clause(match["first"], subject, "") if subject else None
        return [(sentence,)] if first is None else [_at_once(first, str(subject)), *clauses(match["second"])]
    parts = [part for told in _THEN.split(sentence) for part in _listed(told)]
    subject = _subject(parts[0])
    if subject is None:
        return [(sentence,)]
    told = [parts[0]]
    for part in parts[1:]:
        clause = _clause(part, subject, parts[0])
        if clause is None:
            return [(sentence,)]
        told.append(clause)
    return [_at_once(clause, _subject(clause) or subject) for clause in told]


def _listed(told: str) -> list[str]:
    """Parts that commas, or "and" behind what has an end, keep apart."""
    if (match := _LIST.search(told)) and third_person(match["verb"]) == match["verb"]:
        before, after = told[: match.start()], told[match.start("verb") :]
        last = _AND.search(after)
        if last and third_person(last["verb"]) == last["verb"]:
            return [before, after[: last.start()], after[last.start("verb") :]]
        return [before, after]
    if (match := _ENDS.match(told)) and third_person(match["verb"]) == match["verb"]:
        return [told[: match.start("and")], told[match.start("verb") :]]
    return [told]


def _clause(part: str, subject: str, first: str) -> str | None:
    """A part as a sentence of its own."""
    match = _VERB.match(part)
    verb = match and _third(match[1])
    if match and verb:
        return f"{subject} {part[: match.start(1)]}{verb}{part[match.end(1) :]}"
    if _subject(part) is not None:
        return part
    # "Kicks with the left leg, then with the right leg": what is left out stands in the first clause.
    part = re.sub(r"^(?:back|again) (?=\w)", "", part)
    again = re.search(rf"\b{re.escape(part.split()[0])}\b", first[len(subject) + 1 :])
    return None if again is None else first[: len(subject) + 1 + again.start()] + part


def _at_once(clause: str, subject: str) -> tuple[str, ...]:
    """What the legs and what the arms do, where one part of the clause tells of arms and the other does not."""
    if match := _RAISED.search(clause):
        other = f"{subject} raises {match['what']}"
    elif match := _WHILE.search(clause):
        other = f"{subject} is {match['verb']}{match['rest']}"
    elif (match := _TOGETHER.search(clause)) and _third(match["verb"]):
        other = f"{subject} {_third(match['verb'])}{match['rest']}"
    elif match := _AS.search(clause):
        other = f"{subject} {inflect(match['verb'], 'third')}{match['rest']}"
    elif (match := _AND.search(clause)) and _POSTURE.fullmatch(clause[: match.start()]) and _third(match["verb"]):
        other = f"{subject} {match['verb']}{match['rest']}"
    else:
        return (clause,)
    first = clause[: match.start()]
    arms = [bool(_ARMS.search(part)) for part in (first, other)]
    if arms[0] == arms[1]:
        return (clause,)
    return (other, first) if arms[0] else (first, other)


def of_anybody(clause: str) -> str:
    """The clause told of "a person": who does it says little about what is done.

    >>> of_anybody("the weary soldier trudges ahead")
    'a person trudges ahead'
    """
    subject = _subject(clause)
    return clause if subject is None else f"a person{clause[len(subject) :]}"


def _subject(clause: str) -> str | None:
    """What stands before the verb, a few words at most."""
    words = clause.split()
    for place, word in enumerate(words[1 : _SUBJECT_WORDS + 1], start=1):
        if word.lower() == "is" or _third(word) == word:
            before = words[:place]
            return " ".join(before[:-1] if len(before) > 1 and before[-1].endswith("ly") else before)
    return None


def _third(word: str) -> str | None:
    """A verb in the third person; None for what is none and for verbs in other forms that are not known."""
    known = third_person(word.lower())
    if known is not None:
        return known
    return word if word.endswith("s") and not _NO_VERBS.fullmatch(word) else None
