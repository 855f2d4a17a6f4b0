"""What an instruction about a given motion asks for: its length, a description, or something else."""

from __future__ import annotations

import re
from dataclasses import dataclass

_FRAMES = re.compile(
    r"\b(?:how many|number of|count|count of|in) (?:the |its )?frames?\b|\bframe count\b", re.IGNORECASE
)
_SECONDS = re.compile(
    r"\b(?:how many|number of|count|in) (?:the |its )?(?:seconds?|secs?)\b|"
    # But "how long are her steps".
    r"\bhow long\b(?! (?:is|are) (?:his|her|the) (?:arm|leg|step|hair))|"
    r"\b(?:the|its|what|total|what's|state|give|tell me|say|measure|estimate)\b[\w' ]{0,24}"
    r"\b(?:length|duration|running time)\b|^\W*(?:length|duration|time)\b|\bhow much time\b",
    re.IGNORECASE,
)
# A length in frames is none in seconds.
_IN_FRAMES = re.compile(r"\b(?:how long|length|duration)\b.*\bin frames\b", re.IGNORECASE)
_DESCRIBE = re.compile(
    r"\b(?:describe|caption|explain|summari[sz]e|put into words|description|in words|"
    r"(?:what|which)\b[\w' ]{0,30}\b(?:do|does|doing|done|happens?|happening|going on|shown|action|movement)|"
    r"what is this|what's this)\b",
    re.IGNORECASE,
)
# Instructions that give a length instead of asking for one, or ask for another motion.
_GIVES = re.compile(
    r"\b(?:generate|create|make|continue|extend|complete|predict|fill|for \d|of \d|lasts? \d|"
    r"\d+(?:\.\d+)? ?(?:s|secs?|seconds?|frames?))\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Question:
    """What an instruction wants to know of a motion.

    Attributes:
        seconds, frames: its length in these units.
        description: what the person does.
    """

    seconds: bool
    frames: bool
    description: bool


def length_question(instruction: str) -> Question | None:
    """What an instruction about a motion asks for if its length is a part of it; None for all others.

    >>> length_question("How many frames are in this motion?")
    Question(seconds=False, frames=True, description=False)
    >>> length_question("Describe the motion and say how long it is.")
    Question(seconds=True, frames=False, description=True)
    >>> length_question("Describe this motion of 3 seconds") is None
    True
    """
    text = instruction.replace("<motion>", " ")
    frames = bool(_FRAMES.search(text))
    seconds = bool(_SECONDS.search(_IN_FRAMES.sub("", text)))
    if not (frames or seconds) or _GIVES.search(text):
        return None
    return Question(seconds, frames, bool(_DESCRIBE.search(text)))
