"""What an instruction about a given motion asks for: its length, a description, an action that follows, or else.

An instruction is read as slots, not as sentences: what measures ("how long", "number of"), units, what describes, and
what comes later. Where a slot is filled in any order and wording, the instruction asks for it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from motiongpt.text.clauses import as_statement
from motiongpt.text.morphology import is_third_person, likely_third_person, third_person_of_base
from motiongpt.text.numbers import STATED_LENGTH
from motiongpt.text.requests import LATER, without_courtesy, without_demand

_SECONDS = r"(?:seconds?|secs?|(?<!')s)"
_FRAMES = r"(?:frames?|poses)"
_UNITS = {"seconds": re.compile(rf"\b{_SECONDS}\b"), "frames": re.compile(rf"\b{_FRAMES}\b")}
# Up to so many words stand between a measure and its unit: "the number of all the frames".
_BETWEEN = r"(?: (?!and\b)\w+){0,3}? "
# What asks how much of a unit there is; "how much" and "how long" need none.
_MEASURE = re.compile(
    rf"\btime in (?:{_SECONDS}|{_FRAMES})\b|"
    r"\bhow (?:long|lengthy)\b|\bhow much (?:screen ?)?time\b|"
    r"\b(?:length|duration|run(?:ning)?[ -]?time|play(?:ing)?[ -]?time)\b|"
    rf"\b(?:how many|number|count|total|amount)\b(?: of)?(?:{_BETWEEN}| )(?:{_SECONDS}|{_FRAMES})\b|"
    rf"\b(?:{_FRAMES}|{_SECONDS}) (?:count|number|total)\b|\bhow \w+ (?:is|was) [\w ]+ in (?:{_FRAMES}|{_SECONDS})\b"
)
# A unit and little else: "frames?", "total seconds please".
_UNIT_ALONE = re.compile(
    rf"(?:(?:and|the|its|all|in|total|only|just|also) )*(?:{_SECONDS}|{_FRAMES})(?: (?:total|only|long))?"
)
# What is measured is a part of the body or of the motion.
_PART = re.compile(
    r"\b(?:arms?|legs?|hands?|foot|feet|steps?|strides?|hair|limbs?|torso|neck|body|bones?|path|way|distance|pauses?|"
    r"longer|shorter|same)\b"
)
_DESCRIBE = re.compile(
    r"\b(?:describ\w+|caption\w*|explain|summari[sz]e|narrate|label|put (?:it |this )?(?:in|into) words|in words|"
    r"(?:a )?description|summary|"
    r"(?:what|which)\b(?! (?:\w+ )?(?:length|duration|number|count|time)\b)[\w' ]{0,30}"
    r"\b(?:do|does|doing|done|happen\w*|going on|shown|shows?|acti\w+|movements?|performs?|see)|"
    r"what(?: is|'s) (?:this|it|that)\b(?! (?:long|length)))"
)
# Instructions for another motion.
_MAKES = re.compile(
    r"\b(?:generate|create|make|continue|extend|complete|predict|fill|shorten|lengthen|stretch|cut|trim|slow|speed)\b"
)
_FOLLOWS = (
    rf"(?:{LATER}|now|after (?:this|it|which)|later(?: on)?|at the end|"
    r"(?:once|when)(?: \w+)? (?:is )?(?:done|finished|over))"
)
_PUTS = (
    r"(?:(?:continue|go on|carry on|keep going|finish|end|conclude|close)(?: (?:it|this))?|"
    r"follow(?: (?:it|this|that))?(?: up)?)"
)
# Each way to say that an action follows; the action is named.
_ACTION_FOLLOWS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?:{_PUTS},? )?(?:and |but )?{_FOLLOWS},? (?P<action>.+)",
        rf"{_PUTS} (?:with|by) (?P<action>.+?)(?:,? (?:{_FOLLOWS}))?",
        rf"(?:add|append|attach|put|include) (?P<action>.+?)(?:,? (?:{_FOLLOWS}|to (?:it|this|the end)|behind it))?",
        rf"(?P<action>.+?),? (?:and )?{_FOLLOWS}",
    )
)
_PERSON = re.compile(r"(?:an?|the|this|he|she|they|it|some\w+|one|person|man|woman)\b")
# "He should", "I want him to": an order follows.
_WISH = re.compile(r"(?:\w+ ){0,3}(?:should|must|shall|will|to) (?P<order>\w+\b.*)")
_MOTION = re.compile(r"\b(?:motion|movement|animation|clip|sequence|part|rest|middle|gap)\b")
_ABOUT = re.compile(r"(?:what|which|how|why|who|when|where|does|do|did|is|are|was|will|would)\b")


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

    def answer(self, frames: int, fps: float, description: str) -> str:
        """The answer in words.

        Args:
            frames, fps: of the motion.
            description: what the person does, where that is wanted.
        """
        counted, lasts = f"{frames} frames at {fps:g} frames per second", f"{frames / fps:.1f} seconds"
        if self.frames:
            lasts = f"{lasts}, {counted}" if self.seconds else counted
        says = f"The motion lasts {lasts}."
        described = description.rstrip(".")
        return f"{described[:1].upper()}{described[1:]}. {says}" if self.description else says


def length_question(instruction: str) -> Question | None:
    """What an instruction about a motion asks for if its length is a part of it; None for all others.

    >>> length_question("How many frames are in this motion?")
    Question(seconds=False, frames=True, description=False)
    >>> length_question("Describe the motion and say how long it is.")
    Question(seconds=True, frames=False, description=True)
    >>> length_question("Describe this motion of 3 seconds") is None
    True
    """
    text = without_courtesy(_plain(instruction)).strip(" ,")
    measure = _MEASURE.search(text)
    if measure is None and not _UNIT_ALONE.fullmatch(text):
        return None
    # A length that is given, or that of something else, is not asked for.
    if STATED_LENGTH.search(text) or _MAKES.search(text) or _PART.search(text):
        return None
    units = {name: bool(pattern.search(text)) for name, pattern in _UNITS.items()}
    if not any(units.values()):
        units["seconds"] = True
    return Question(**units, description=bool(_DESCRIBE.search(text)))


def following_action(instruction: str) -> str | None:
    """The action with which an instruction continues a given motion, as a sentence; None where it names none.

    >>> following_action("Sit down after that, please")
    'a person sits down'
    >>> following_action("then the man waves")
    'the man waves'
    >>> following_action("finish with a bow")
    'a person does a bow'
    >>> following_action("what happens then?") is None
    True
    """
    text = _plain(instruction)
    polite = without_courtesy(text).strip(" ,")
    if _ABOUT.match(polite) or _DESCRIBE.search(text) or _MEASURE.search(text):
        return None
    for pattern in _ACTION_FOLLOWS:
        # "Now" is a polite word too.
        for words in (polite, text):
            if (match := pattern.fullmatch(words)) and (action := _action(match["action"])):
                return as_statement(action)
    return None


def _action(text: str) -> str | None:
    """A description of an action, from an order, a statement or a noun."""
    text = re.sub(rf"^(?:(?:and|to|also|in|{_FOLLOWS})\b,? ?)+", "", without_demand(text)).strip(" ,")
    words = text.split()
    # What is done to the motion is no action in it: "add the missing part".
    if not words or _MOTION.search(text):
        return None
    if third_person_of_base(words[0]):
        return text
    if (wish := _WISH.match(text)) and third_person_of_base(wish["order"].split()[0]):
        return wish["order"]
    if words[0].endswith("ing") and len(words[0]) > 5:
        return f"a person is {text}"
    verbs = [word for word in words[1:] if is_third_person(word) or word.endswith("ing") or likely_third_person(word)]
    if verbs and _PERSON.match(text):
        return text
    return f"a person does {text}" if words[0] in ("a", "an", "another", "one") else None


def _plain(instruction: str) -> str:
    """An instruction in lower case without the motion and signs."""
    return " ".join(re.sub(r"[?!.:;\"()/]+", " ", instruction.replace("<motion>", " ").lower()).split())
