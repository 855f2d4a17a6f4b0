"""Sentences that tell actions one after the other, taken apart: each clause becomes a sentence of its own."""

from __future__ import annotations

import re

from motiongpt.language.paraphrase import third_person

_JOINT = re.compile(r",? and then |,? then | before (?=\w+ing\b)", re.IGNORECASE)
_ADVERB = r"(?:\w+ly )?"
_VERB = re.compile(rf"{_ADVERB}(\w+)", re.IGNORECASE)
_SUBJECT_WORDS = 4
# Ends like a verb in the third person and is none.
_NO_VERBS = re.compile(r"(?:\w*ss|his|this|\w+'s|arms|legs|hands|feet|knees|steps|times|seconds)", re.IGNORECASE)


def clauses(sentence: str) -> list[str]:
    """The actions of a sentence in order, each with the subject of the first; the sentence itself if it tells one.

    Only "then" and "before" part a sentence: "walks and waves" may be one motion.

    >>> clauses("a person jumps, then walks forward")
    ['a person jumps', 'a person walks forward']
    >>> clauses("a man squats before jumping high")
    ['a man squats', 'a man jumps high']
    >>> clauses("she kicks with the left leg, then with the right leg")
    ['she kicks with the left leg', 'she kicks with the right leg']
    """
    parts = _JOINT.split(sentence)
    subject = _subject(parts[0])
    if subject is None:
        return [sentence]
    told = [parts[0]]
    for part in parts[1:]:
        clause = _clause(part, subject, parts[0])
        if clause is None:
            return [sentence]
        told.append(clause)
    return told


def _clause(part: str, subject: str, first: str) -> str | None:
    """A part as a sentence of its own."""
    match = _VERB.match(part)
    verb = match and _third(match[1])
    if match and verb:
        return f"{subject} {part[: match.start(1)]}{verb}{part[match.end(1) :]}"
    if _subject(part) is not None:
        return part
    # "Kicks with the left leg, then with the right leg": what is left out stands in the first clause.
    again = re.search(rf"\b{re.escape(part.split()[0])}\b", first[len(subject) + 1 :])
    return None if again is None else first[: len(subject) + 1 + again.start()] + part


def _subject(clause: str) -> str | None:
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
