"""Captions: cleaning them, and exchanging left and right when a motion is mirrored."""

from __future__ import annotations

import re

_INTRODUCES_SIDE = (
    "to|the|his|her|their|its|your|a|an|on|from|by|and|then|or|left|sharp|slightly|slight|diagonally|"
    r"turn\w*|look\w*|fac\w+|step\w*|sidestep\w*|walk\w*|mov\w+|jog\w*|run\w*|lean\w*|sway\w*|veer\w*|hop\w*|jump\w*"
)
_SCENES = "room|place|scene|area|house|building|stage|field|spot|position|chair|seat|frame|screen|ground|floor"

# Uses of "left" and "right" that are no side, tried before the sides. The place of the word itself accepts both
# words, so that mirroring twice gives the text back.
_NOT_A_SIDE = "|".join(
    (
        r"(?:left|right) angle\w*",
        r"rights (?:him|her|it|one|them)sel\w+",
        r"(?:all|just) right",
        # left as the past tense of "to leave": "he left the room", "is left behind"
        rf"(?:left|right) (?:the|this|that|his|her|their) (?:{_SCENES})\b",
        r"(?:is|are|was|were|has|have|had|gets|got) (?:left|right) (?:alone|behind|open|over|standing)\b",
        # right as "at once, exactly": "right away", "stands right back up", "right before sitting down"
        r"(?:left|right) away\b",
        rf"(?:(?!(?:{_INTRODUCES_SIDE})\b)\b\w+ |^|[,.;] ?)"
        r"(?:left|right) (?:now|next to|where|before|after|in front|back (?:up|to|into|down))\b",
    )
)
_JOINED = "hand|foot|leg|arm|side|ward|wards|most|handed|footed|handedly|whilst|and|then"
_HOURS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven")
_MIRRORED = re.compile(
    rf"(?P<keep>\b(?:{_NOT_A_SIDE}))"
    rf"|\b(?P<before>the|and|to|their|his|her)?(?P<side>lefts?|rights?)(?P<after>{_JOINED})?\b"
    r"|\b(?P<letter>[lr])(?=[ -](?:hand|arm|foot|leg|knee|elbow|shoulder|side)\b)"
    r"|\b(?P<counter>(?:counter|anti)[- ]?)?(?P<clock>clock[- ]?(?:wise|ways)\b)"
    r"|\b(?P<counter_clock>(?:counter|anti)[- ]?clock)\b"
    rf"|\b(?P<hour>1[01]|[1-9]|{'|'.join(_HOURS)})(?P<oclock> ?o[' ’]?clock)\b",
    re.IGNORECASE,
)
_OTHER_SIDE = {"left": "right", "right": "left", "lefts": "rights", "rights": "lefts", "l": "r", "r": "l"}


def mirror_caption(text: str) -> str:
    """The caption of the mirrored motion: every left becomes right, every clockwise counterclockwise, and back.

    Covers compounds ("left-handed", "leftmost", "righthand"), letters before a part of the body ("R hand"), and hours
    of the clock face as directions ("2 o'clock" becomes "10 o'clock"). Upper and lower case are kept. Left alone are
    words that are no side: "right away", "right angle", "stands right back up", "he left the room".

    Mirroring twice gives the text back, except that "anti-clockwise" and the other spellings come back as
    "counterclockwise".
    """
    return _MIRRORED.sub(_mirror_match, text)


def _mirror_match(match: re.Match[str]) -> str:
    found = match.groupdict()
    if found["keep"]:
        return match[0]
    if found["side"]:
        side = _like(found["side"], _OTHER_SIDE[found["side"].lower()])
        return (found["before"] or "") + side + (found["after"] or "")
    if found["letter"]:
        return _like(found["letter"], _OTHER_SIDE[found["letter"].lower()])
    if found["clock"]:
        other = found["clock"].lower() if found["counter"] else "counter" + found["clock"].lower()
        return _like(match[0], other)
    if found["counter_clock"]:
        return _like(match[0], "clockwise")
    hour = found["hour"]
    if hour.isdigit():
        return f"{12 - int(hour)}{found['oclock']}"
    return _like(hour, _HOURS[10 - _HOURS.index(hour.lower())]) + found["oclock"]


def _like(model: str, word: str) -> str:
    """The word in the upper or lower case of the model."""
    if model.isupper() and (len(model) > 1 or len(word) == 1):
        return word.upper()
    return word.capitalize() if model[0].isupper() else word
