"""Captions: cleaning them, and exchanging left and right when a motion is mirrored."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from motiongpt.text.numbers import NUMBER_WORDS

_SAME_AS = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛`´′", "'"),
        **dict.fromkeys("“”„‟″«»", '"'),
        **dict.fromkeys("‐‑‒–—―−", "-"),
        **dict.fromkeys("°º⁰˚", " degrees "),
        "…": "...",
        "�": "",
        # Characters that mark up something, among them those of placeholders and motion tokens.
        **dict.fromkeys("\\=*<>[]{}|~^#_", " "),
    }
)


@lru_cache(maxsize=4096)
def normalise_caption(text: str) -> str:
    """The caption as one clean line of text, for training and for prompts.

    Repairs a wrong encoding, unifies quotes, dashes and degree signs, and drops time remarks in front
    ("[from 0s to 4s]"), mark-up characters, quotes without a partner, quotes around the whole and spaces before commas.
    The punctuation at both ends goes too, except question marks, because prompts put a caption into sentences. The
    first letter becomes lower case unless it begins a name or an abbreviation ("I", "T-pose"); all other words stay as
    they are. Normalising twice gives the same as normalising once.
    """
    text = unicodedata.normalize("NFC", _decoded(text))
    text = re.sub(r"^\s*\[\s*from\b[^]]*\]", " ", text, flags=re.IGNORECASE)
    text = text.translate(_SAME_AS)
    if text.count('"') % 2:
        text = text.replace('"', " ")
    if text.count("(") != text.count(")"):
        text = text.replace("(", " ").replace(")", " ")
    text = re.sub(r"\s+(?=[,.;:!?])", "", " ".join(text.split()))
    text = re.sub(r"(?<=[a-z]{2})([,;.])(?=[a-z]{2})", r"\1 ", text)
    text = _without_ends(text)
    word = text.split(" ", 1)[0].rstrip(",.;:!?'\"")
    if (word[1:].isalpha() and word[1:].islower()) or word == "A":
        text = text[:1].lower() + text[1:]
    return text


def _decoded(text: str) -> str:
    """The text without control characters, and without the damage of UTF-8 read as Windows-1252 ("donâ€™t")."""
    while True:
        text = "".join(" " if unicodedata.category(letter) in ("Cc", "Cf") else letter for letter in text)
        if text.isascii():
            return text
        try:
            text = text.encode("cp1252").decode("utf-8")
        except UnicodeError:
            return text


def _without_ends(text: str) -> str:
    """The text without punctuation at both ends and without quotes around the whole."""
    while True:
        shorter = text.lstrip(" ,.;:!?/-+&%)").rstrip(" ,.;:!/-+&(")
        for quote in "\"'":
            inner = shorter[1:-1]
            if len(shorter) > 1 and shorter[0] == shorter[-1] == quote and quote not in inner:
                shorter = inner
            # A single quote at one end without a partner; "the dancers'" has none but looks the same.
            if quote == "'" and shorter.count(quote) == 1:
                shorter = shorter.strip(quote)
        if shorter == text:
            return text
        text = shorter


# Uses of "left" and "right" that are no side, by the words around them. The rules are the same for both words, so that
# mirroring twice gives the text back.
_INTRODUCES_SIDE = re.compile(
    r"to|the|his|her|their|its|your|a|an|on|from|by|and|then|or|left|right|sharp|slightly|slight|diagonally|"
    r"turn\w*|look\w*|fac\w+|step\w*|sidestep\w*|walk\w*|mov\w+|jog\w*|run\w*|lean\w*|sway\w*|veer\w*|hop\w*|jump\w*",
    re.IGNORECASE,
)
# "right angle", "right away", "rights himself", and as the past tense of "to leave": "he left the room"
_NEVER_SIDE_BEFORE = re.compile(
    r" (?:angle|away\b|(?:him|her|it|one|them)sel|(?:the|this|that|his|her|their) "
    r"(?:room|place|scene|area|house|building|stage|field|spot|position|chair|seat|frame|screen|ground|floor)\b)",
    re.IGNORECASE,
)
# "is left alone"
_AFTER_BEING = re.compile(r" (?:alone|behind|open|over|standing)\b", re.IGNORECASE)
_BEING = {"is", "are", "was", "were", "has", "have", "had", "gets", "got"}
# right as "at once, exactly": "stands right back up", "stops right before the wall"; but "turns right before sitting"
_EXACTLY = re.compile(r" (?:now|next to|where|before|after|in front|back (?:up|to|into|down))\b", re.IGNORECASE)

_JOINED = "hand|foot|leg|arm|side|ward|wards|most|handed|footed|handedly|whilst|and|then"
_HOURS = NUMBER_WORDS[:11]
_MIRRORED = re.compile(
    rf"\b(?P<before>the|and|to|their|his|her)?(?P<side>lefts?|rights?)(?P<after>{_JOINED})?\b"
    r"|\b(?P<letter>[lr])(?=[ -](?:hand|arm|foot|leg|knee|elbow|shoulder|side)\b)"
    r"|\b(?P<article>an )?(?:(?P<counter>(?:counter|anti)[- ]?)?(?P<clock>clock[- ]?(?:wise|ways)\b)"
    r"|(?P<counter_clock>(?:counter|anti)[- ]?clock)\b)"
    rf"|\b(?P<hour>1[01]|[1-9]|{'|'.join(_HOURS)})(?P<oclock> ?o[' ’]?clock)\b",
    re.IGNORECASE,
)
_MIRROR = {"left": "right", "right": "left", "lefts": "rights", "rights": "lefts", "l": "r", "r": "l"}


def mirror_caption(text: str) -> str:
    """The caption of the mirrored motion: every left becomes right, every clockwise counterclockwise, and back.

    Covers compounds ("left-handed", "leftmost", "righthand"), letters before a part of the body ("R hand"), and hours
    of the clock face as directions ("2 o'clock" becomes "10 o'clock"). Upper and lower case are kept. Words that are no
    side stay: "right away", "right angle", "stands right back up", "he left the room".

    Mirroring twice gives the text back, except that every spelling of "counterclockwise" becomes that one.
    """
    return _MIRRORED.sub(_mirror_match, text)


def _mirror_match(match: re.Match[str]) -> str:
    found = match.groupdict()
    if found["side"]:
        if not _is_side(match):
            return match[0]
        side = _like(found["side"], _MIRROR[found["side"].lower()])
        return (found["before"] or "") + side + (found["after"] or "")
    if found["letter"]:
        return _like(found["letter"], _MIRROR[found["letter"].lower()])
    if found["clock"] or found["counter_clock"]:
        article, old = found["article"] or "", match[0].removeprefix(found["article"] or "")
        new = "clockwise"
        if found["clock"]:
            new = found["clock"].lower() if found["counter"] else "counter" + found["clock"].lower()
        return article.replace("n", "") + _like(old, new)
    hour = found["hour"]
    if hour.isdigit():
        return f"{12 - int(hour)}{found['oclock']}"
    return _like(hour, _HOURS[10 - _HOURS.index(hour.lower())]) + found["oclock"]


def _is_side(match: re.Match[str]) -> bool:
    before, end = match.string[: match.start()], match.end()
    previous = before.split()[-1].lower() if before.endswith(" ") and before.strip() else ""
    if previous == "all" or _NEVER_SIDE_BEFORE.match(match.string, end):
        return False
    if previous in _BEING and _AFTER_BEING.match(match.string, end):
        return False
    return bool(_INTRODUCES_SIDE.fullmatch(previous) or not _EXACTLY.match(match.string, end))


def _like(model: str, word: str) -> str:
    """The word in the upper or lower case of the model."""
    if model.isupper() and (len(model) > 1 or len(word) == 1):
        return word.upper()
    return word.capitalize() if model[0].isupper() else word
