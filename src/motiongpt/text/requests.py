"""Request clean-up: one description of a motion out of the labels, wishes, lists and sentences that people write."""

from __future__ import annotations

import re

from motiongpt.text.morphology import is_third_person, third_person, third_person_of_base

# Words that begin a later action.
LATER = "then|after that|afterwards?|next|finally|lastly|subsequently"
_PERSON = r"(?:an?|the|some\w+|one|he|she|they|it)\b"
# "Guard: run away!", "1. walk", as scripts and lists have it.
_LABEL = re.compile(r"(?P<who>\w[\w'.#-]*(?: [\w'.#-]+){0,2}): (?=\w)")
_NUMBER = re.compile(r"(?:\(?\d+[.)]|[-*•])\s+(?=[a-zA-Z])")
# What separates one action from the next.
_NEXT = re.compile(rf"\s*(?:(?<!\d)[.;!]+\s|\n|->|=>|→|\s[/>|]\s)\s*(?:and )?(?:(?:{LATER}),? )?", re.IGNORECASE)
_ORDINAL = re.compile(
    r"(?:first(?:ly)?(?: of all)?|second(?:ly)?|third(?:ly)?|to (?:begin|start) with|for a start),? "
    r"(?!(?:step|time|one)\b)",
    re.IGNORECASE,
)
_FILM = "(?:video|motion|clip|animation|scene|sequence)"
# "Please show me", "I would like to see", "the video shows".
_WISH = re.compile(
    r"(?:please,? )?(?:(?:can|could|would) you )?(?:please )?"
    r"(?:(?:show|create|generate|animate|render|display|imagine|picture)(?: me| us)?|"
    # "Make a turn", "give a wave" are actions, no wishes.
    rf"(?:give|draw|produce|make)(?: (?:me|us)|(?= an? (?:\w+ )?{_FILM} ))|"
    r"(?:i|we)(?:'d| would)? (?:want|like|need|love)(?: to (?:see|have))?|"
    rf"(?:the|this|an?) {_FILM} (?:shows|depicts|of|where|in which|with)) "
    rf"(?:an? (?:\w+ )?{_FILM} (?:of|where|in which|with|that shows|showing) )?"
    rf"(?={_PERSON}|people\b)",
    re.IGNORECASE,
)
# "Make him walk", "have the man wave".
_CAUSE = re.compile(
    r"(?:please,? )?(?:(?:can|could|would) you )?(?:please )?(?:make|have|let|get) "
    r"(?:him|her|it|them|(?:the|my|this)(?= \w+ ))(?: to)? ",
    re.IGNORECASE,
)
_PLEASE = re.compile(r"(?:please|kindly),? (?=\w)|,? please(?=[.!?]?$)", re.IGNORECASE)
# "A woman that runs", "a man kicking a ball", "someone is seen jumping".
_WHO = re.compile(
    r"(?P<who>(?:an?|the|some\w+|one)(?: \w+){0,2}) "
    r"(?:(?:who|that) (?=(?:\w+s|is|are)\b)|is (?:seen|shown) (?=\w+ing\b))",
    re.IGNORECASE,
)
_DOING = re.compile(
    r"(?P<who>(?:(?:an?|the)(?: \w+){1,2}?|someone|somebody)) (?P<verb>\w+ing)\b(?P<rest>.*)", re.IGNORECASE
)
_WARD_NOUN = re.compile(
    r"\b(left|right)wards?(?= (?:turn|step|kick|curve|arc|spin|circle|loop|movement)s?\b)", re.IGNORECASE
)
_WARD = re.compile(r"\b(left|right)wards?\b", re.IGNORECASE)
_NOT = re.compile(r"\b(do|does|did|is|are)n't\b", re.IGNORECASE)

# Around a message: "hey, could you ... for me, please".
_COURTESY_FIRST = re.compile(
    r"(?:(?:please|pls|ok(?:ay)?|now|so|well|hey|hi|hello|great|good|nice|thanks?|thank you|just|also|and|but|"
    r"the same but|same but|(?:can|could|would|will) you|i want you to|i(?:'d| would) like you to)\b[\s,.!:]*)+(?=\S)"
)
_COURTESY_LAST = re.compile(r"[\s,]*\b(?:please|pls|thanks|thank you|for me|instead|now)$")
# "Show me", "I would like to see", "do" in front of a motion, whatever follows.
_DEMAND = re.compile(
    r"(?:(?:please|let me see|let's see|i want(?: to see)?|i(?:'d| would) like(?: to see)?|i need|show(?: me)?|"
    r"give(?: me)?|generate|create|make(?: me)?|produce|animate|simulate|render|draw|synthesi[sz]e|demonstrate|display|"
    r"visuali[sz]e|imagine|perform|do|act out|can you|could you|would you)\s+)+(?=\S)"
)
# "A short clip of", "an animation where".
_MEDIUM = re.compile(
    r"(?:an? |the |some |one )?(?:new |short |human |realistic |nice )*"
    r"(?:motion|animation|movement|clip|sequence|video|scene)s?(?: sequence| clip)?"
    r"(?: (?:of|where|in which|that shows|showing|for|depicting|with|matching|like|that matches|from|described as|"
    r"described by))(?: the (?:caption|sentence|text|description|following)[:,]?)?\s*"
)


def without_courtesy(message: str) -> str:
    """A message in lower case without polite words at its start and end.

    >>> without_courtesy("hey, could you slow it down please")
    'slow it down'
    """
    message = message[match.end() :] if (match := _COURTESY_FIRST.match(message)) else message
    return _COURTESY_LAST.sub("", message)


def without_demand(request: str) -> str:
    """A request in lower case without "show me" and the like, and without whom it commands.

    Unlike :func:`description` it takes any request for a motion: "make a turn" is a wish for a turn here.

    >>> without_demand("show me a clip of a man waving")
    'a clip of a man waving'
    >>> without_demand("make him sit down")
    'sit down'
    """
    if (match := _CAUSE.match(request)) and (order := _order(request[match.end() :])):
        return order
    return request[match.end() :] if (match := _DEMAND.match(request)) else request


def without_medium(request: str) -> str:
    """A request in lower case without "a clip of" and the like.

    >>> without_medium("a short clip of a man waving")
    'a man waving'
    """
    return request[match.end() :] if (match := _MEDIUM.match(request)) else request


def description(request: str) -> str:
    """One sentence that describes what a person does, from a script, a list, a wish or several sentences.

    >>> description("Guard #2: walk forward. Then wave.")
    'walk forward, then wave.'
    >>> description("He doesn't move; afterwards he steps leftward")
    'He does not move, then he steps to the left'
    >>> description("Please show me a man kicking with his left foot")
    'a man is kicking with his left foot'
    >>> description("walk -> jump -> sit")
    'walk, then jump, then sit'
    """
    actions = [action for part in _NEXT.split(request.strip()) if (action := _without_label(part.strip()))]
    if not actions:
        return request
    text = actions[0] + "".join(f", then {_lower(action)}" for action in actions[1:])
    if (match := _CAUSE.match(text)) and (order := _order(text[match.end() :])):
        text = order
    elif match := _WISH.match(text):
        text = text[match.end() :]
    text = _PLEASE.sub("", text)
    text = _WHO.sub(r"\g<who> ", text, count=1)
    match = _DOING.fullmatch(text)
    if match and third_person(match["verb"].lower()) and not _has_verb(f"{match['who']}{match['rest']}"):
        text = f"{match['who']} is {match['verb']}{match['rest']}"
    text = text.replace(" & ", " and ")
    text = text.rstrip("?") if text != request.strip() else text
    return _NOT.sub(r"\1 not", _WARD.sub(r"to the \1", _WARD_NOUN.sub(r"\1", text)))


def _without_label(part: str) -> str:
    """One action of a request without the label, the number and the "first" in front of it."""
    if number := _NUMBER.match(part):
        part = part[number.end() :]
    label = _LABEL.match(part)
    if label and not _has_verb(label["who"]):
        part = part[label.end() :]
    ordinal = _ORDINAL.match(part)
    return part[ordinal.end() :] if ordinal else part


def _order(text: str) -> str | None:
    """What somebody is made to do, from its verb on: "old man sit down"; None without a verb among the first words."""
    words = text.split(" ")
    for place, word in enumerate(words[:4]):
        if third_person_of_base(word.lower().rstrip(",.!?")):
            return " ".join(words[place:])
        if word == "and" or not word.isalpha():
            break
    return None


def _has_verb(words: str) -> bool:
    """Whether one of the words is a verb that says what somebody does."""
    return any(word in ("is", "are", "was", "were") or is_third_person(word) for word in words.lower().split())


def _lower(part: str) -> str:
    """The part without a capital at its start; "I" and "T-pose" keep their letter."""
    return part[:1].lower() + part[1:] if part[1:2].islower() or part[:2] == "A " else part
