"""What a chat message means: the rules of ``intents.yaml``, and the sentences of what no rule matches."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from motiongpt.files import read_yaml
from motiongpt.web.store import MEDIA_TYPES

_DATA: Mapping[str, Any] = read_yaml("motiongpt.web", "intents.yaml")
GREETING: str = _DATA["answers"]["greeting"]
NO_MOTION: str = _DATA["answers"]["no_motion"]
_NUMBERS: Mapping[str, float] = _DATA["numbers"]
_PARTS: Mapping[str, str] = {
    **_DATA["parts"],
    "number": r"(\d+((\.|,)\d+)?|" + "|".join(sorted(_NUMBERS, key=len, reverse=True)) + ")",
    "suffix": "|".join(MEDIA_TYPES),
}
_PART = re.compile(r"\{(\w+)\}")
_CAPTURE = re.compile(r"<(\w+):([^<>]*)>")
_NEEDS_MOTION = ("describe", "predict", "inbetween", "length", "edit", "resize", "export", "again")


_N = _PARTS["number"].replace("(", "(?:")
_SECONDS = rf"(?P<seconds>{_N})[-\s]*(?P<unit>seconds?|secs?|s|frames?)\b"
_VERSIONS = "(?:versions?|samples?|variations?|variants?|takes?|candidates?|alternatives?|options?)"
_POLITE = re.compile(
    r"^(?:(?:please|pls|ok(?:ay)?|now|so|well|hey|hi|hello|great|good|nice|thanks?|thank you|just|also|and|but|"
    r"the same but|same but|(?:can|could|would|will) you|i want you to|i(?:'d| would) like you to)\b[\s,.!:]*)+(?=\S)"
)
_POLITE_END = re.compile(r"[\s,]*\b(?:please|pls|thanks|thank you|for me|instead|now)$")


_QUESTION = re.compile(
    r"(?:how|what|why|which|who|where|when|is|are|does|do|did|has|was|were|can|could|should|would|will|tell me|"
    r"say)\b.*\?$|"
    r"(?:how (?:long|many|far|fast|high|often)|why|who|where|when|tell me|say (?:how|what|whether))\b.*"
)
_LEAD = re.compile(
    r"^(?:(?:please|let me see|let's see|i want(?: to see)?|i would like(?: to see)?|i'd like(?: to see)?|"
    r"i need|show(?: me)?|"
    r"give(?: me)?|generate|create|make(?: me)?|produce|animate|simulate|render|draw|synthesi[sz]e|demonstrate|display|"
    r"visuali[sz]e|imagine|perform|do|act out|can you|could you|would you)\s+)+(?=\S)"
)
_NOUN = re.compile(
    r"^(?:an? |the |some |one )?(?:new |short |human |realistic |nice )*"
    r"(?:motion|animation|movement|clip|sequence|video|scene)s?"
    r"(?: sequence| clip)?(?: (?:of|where|in which|that shows|showing|for|depicting|with|matching|like|"
    r"that matches|from|"
    r"described as|described by))(?: the (?:caption|sentence|text|description|following)[:,]?)?\s*"
)
_VERSIONS_OF = re.compile(rf"^(?P<count>{_N}) (?:different |new |other )?{_VERSIONS}(?: of)?\s+")
_VERSIONS_END = re.compile(rf"[,;(]?\s*(?:in |as )?(?P<count>{_N}) (?:different )?{_VERSIONS}\)?$")
_LASTING = re.compile(
    rf"[,;(]?\s*\b(?:for|in|over|lasting|that lasts|which lasts|during|taking|within)\s+"
    rf"(?:about |around |exactly |the )?{_SECONDS}\)?"
    r"(?: long)?|\s*[,;(]\s*(?P<seconds2>\d+(?:[.,]\d+)?)\s*(?:s|sec|secs|seconds?)\b\)?(?: long)?$"
)
_LONG = re.compile(rf"^(?:an? )?(?P<seconds>{_N})(?:-|\s)*(?P<unit>seconds?|secs?|s)\b(?: long)?\s+(?:of )?(?=\w)")
_FOLLOW = re.compile(
    r"^(?:then|after that|afterwards|after this|next|followed by|continue(?: \w+)? (?:by|with|and))[\s,]+(?P<rest>.+)$"
)
_CHANGE = re.compile(
    r"^(?:(?:do|make|show)(?: me)? (?:it|that|this) )?(?P<rest>(?:with|using|without|while|like|as) .+)$"
)
_PEOPLE = re.compile(
    r"\b(?:persons?|m[ae]n|wom[ae]n|someone|somebody|he|she|they|figure|human|people|guy|girl|boy|child|kid|lady|"
    r"character|"
    r"body|individual|subject|dancer|player|actor|soldier|robot|zombie|i)\b"
)
_NO_VERB = {"left", "right", "not", "no", "both", "his", "her", "their", "to", "in", "on", "with", "while", "very"}


@dataclass(frozen=True)
class Intent:
    """What the sender of a message wants.

    Attributes:
        task: generate, again, describe, predict, inbetween, length, edit, resize, export, ask or help.
        text: the sentence to generate motion from, the question to ask, the format to export, or the answer (help).
        edit: tempo, mirror, reverse, turn, cut or loop.
        amount: tempo factor; degrees to the left; for resize and cut a factor, where ``seconds`` is None; for loop the
            number of repetitions.
        seconds: requested length.
        more: ``seconds`` are added to the length, or taken off where they are negative.
        last: a cut keeps the end rather than the start.
        samples: number of motions.
        given: shares that an in-between keeps at both ends.
        length: a description also says how long the motion is.
    """

    task: str
    text: str = ""
    edit: str = ""
    amount: float = 1.0
    seconds: float | None = None
    more: bool = False
    last: bool = False
    samples: int | None = None
    given: tuple[float, float] = (0.25, 0.25)
    length: bool = False


def understand(message: str, *, motion: bool = False, prompt: str = "") -> Intent:
    """What a message means.

    Args:
        message: as typed.
        motion: whether there is a motion that the message can refer to.
        prompt: the sentence that this motion was generated from.
    """
    text = _tidy(message)
    if not text:
        return Intent("describe") if motion else Intent("help", GREETING)
    short = _POLITE.sub("", text)
    asked = short.endswith("?")
    for candidate in dict.fromkeys((text, short, _POLITE_END.sub("", short.rstrip("?!.").strip()))):
        intent = _command(candidate.rstrip("?!.,; ") or candidate)
        if intent is not None:
            return intent if motion or intent.task not in _NEEDS_MOTION else Intent("help", NO_MOTION)
    short = _POLITE_END.sub("", short)
    lead = _LEAD.sub("", short)
    if (asked and lead == short) or _QUESTION.fullmatch(short):
        return Intent("ask", " ".join(message.split()))
    for pattern, joint in ((_FOLLOW, " and then "), (_CHANGE, " ")):
        follow = pattern.match(short.rstrip("?!. "))
        if follow and prompt:
            made = _motion_of(follow["rest"])
            rest = (
                made.text if joint == " " else re.sub(r"^(?:a person|someone|the person|he|she|they) ", "", made.text)
            )
            rest = follow["rest"] if joint == " " else rest
            return replace(made, text=f"{prompt}{joint}{rest}")
        if follow:
            short = follow["rest"] if joint != " " else short
    return _motion_of(short)


def _tidy(message: str) -> str:
    text = message.translate(str.maketrans("’‘“”–—", "''\"\"--"))
    text = re.sub(r"(\d+|\w+) more (seconds?|frames?)\b", r"\1 \2", " ".join(text.lower().split()))
    return text.strip("\"' ,;")


def _motion_of(text: str) -> Intent:
    """A motion to be made: its sentence, and what was said about its length and number."""
    text = text.rstrip("?!. ")
    seconds: float | None = None
    samples: int | None = None
    text = _LEAD.sub("", text)
    for pattern in (_VERSIONS_OF, _VERSIONS_END):
        match = pattern.search(text)
        if match:
            samples = int(_number(match["count"]))
            text = (text[: match.start()] + text[match.end() :]).strip()
    for pattern in (_LONG, _LASTING):
        match = pattern.search(text)
        if match and seconds is None:
            second = match.groupdict().get("seconds2")
            seconds = _number(second) if second else _length(match.groupdict())
            text = " ".join((text[: match.start()] + " " + text[match.end() :]).split())
    text = _NOUN.sub("", text).strip("\"' ,;:") or text
    return Intent("generate", _sentence(text), seconds=seconds, samples=samples)


def _sentence(text: str) -> str:
    """With somebody who does it, as in the captions that models learn from."""
    words = text.split()
    if not words or _PEOPLE.search(" ".join(words[:5])) or not text.isascii():
        return text
    first = 1 if words[0].endswith("ly") and len(words) > 1 else 0
    verb = words[first]
    if words[0] in ("a", "an", "the", "some"):
        return f"a person does {text}"
    if not verb.isalpha() or verb in _NO_VERB:
        return text
    if verb.endswith("ing") and len(verb) > 4:
        return f"a person is {text}"
    if not (verb.endswith("s") and not verb.endswith("ss")):
        words[first] = _third_person(verb)
    # "walk forward and turn left": the second verb too.
    for place in range(first + 1, len(words) - 1):
        following = words[place + 1]
        if words[place] in ("and", "then") and following in _COMMON_VERBS:
            words[place + 1] = _third_person(following)
    return "a person " + " ".join(words)


def _third_person(verb: str) -> str:
    if verb.endswith(("s", "x", "z", "ch", "sh", "o")):
        return verb + "es"
    if verb.endswith("y") and verb[-2:-1] not in "aeiou":
        return verb[:-1] + "ies"
    return verb + "s"


_COMMON_VERBS = (
    *(
        "walk",
        "run",
        "jump",
        "turn",
        "sit",
        "stand",
        "kick",
        "punch",
        "wave",
        "raise",
        "lift",
        "lower",
        "bend",
        "squat",
    ),
    *(
        "crouch",
        "kneel",
        "crawl",
        "lie",
        "hop",
        "skip",
        "dance",
        "spin",
        "throw",
        "catch",
        "pick",
        "put",
        "step",
        "move",
    ),
    *(
        "go",
        "come",
        "look",
        "point",
        "clap",
        "stretch",
        "lean",
        "fall",
        "get",
        "jog",
        "sprint",
        "march",
        "stop",
        "start",
    ),
    *(
        "swing",
        "reach",
        "push",
        "pull",
        "climb",
        "duck",
        "roll",
        "bow",
        "nod",
        "shake",
        "rotate",
        "face",
        "hold",
        "touch",
    ),
)


# ---- the rules -------------------------------------------------------------------------------------------------------


def _command(text: str) -> Intent | None:
    """The intent of the first rule that matches, with what the message says in detail."""
    for pattern, intent in _rules():
        if match := pattern.fullmatch(text):
            said = {name.rpartition("_")[0]: words for name, words in match.groupdict().items() if words is not None}
            return _DETAILS.get(intent.edit or intent.task, _with_length)(intent, said)
    return None


@cache
def _rules() -> tuple[tuple[re.Pattern[str], Intent], ...]:
    rules = []
    for rule in _DATA["rules"]:
        fields = {name: value for name, value in rule.items() if name != "phrases"}
        intent = Intent(**{**fields, "text": _DATA["answers"].get(fields.get("text"), "")})
        rules += [(_compile(phrase), intent) for phrase in rule["phrases"]]
    return tuple(rules)


def _compile(phrase: str) -> re.Pattern[str]:
    """The regular expression of a phrase, see ``intents.yaml``; its groups are called name_0, name_1 and so on."""
    while (whole := _PART.sub(lambda match: _PARTS[match[1]], phrase)) != phrase:
        phrase = whole
    phrase = phrase.replace("(", "(?:").replace("[", "(?:").replace("]", ")?")
    # A part may occur twice in a phrase, but a regular expression allows a name only once.
    count = itertools.count()
    return re.compile(_CAPTURE.sub(lambda match: f"(?P<{match[1]}_{next(count)}>{match[2]})", phrase))


def _number(words: str) -> float:
    return _NUMBERS[words] if words in _NUMBERS else float(words.replace(",", "."))


def _length(said: Mapping[str, str], name: str = "seconds") -> float | None:
    """The seconds that a message says; 20 frames are a second."""
    if name not in said:
        return None
    number = _number(said[name])
    return number / 20 if said["unit"].startswith("frame") else number


def _with_length(intent: Intent, said: Mapping[str, str]) -> Intent:
    return replace(intent, seconds=_length(said))


def _tempo(intent: Intent, said: Mapping[str, str]) -> Intent:
    """Faster, or slower, by the amount that the message says."""
    sign = 1 if intent.amount > 1 else -1
    if "speed" in said:
        amount = max(_number(said["speed"]), 0.1)
    elif "percent" in said:
        amount = 1 + sign * min(float(said["percent"]) / 100, 0.9)
    elif "n" in said:
        amount = max(_number(said["n"]), 0.1) ** sign
    elif "slightly" in said:
        amount = 1.15**sign
    elif "strongly" in said:
        amount = 1.7**sign
    else:
        amount = intent.amount
    return replace(intent, amount=amount)


def _turn(intent: Intent, said: Mapping[str, str]) -> Intent:
    side = said.get("side", "left")
    degrees = float(said["degrees"]) if "degrees" in said else 180.0 if side.endswith("ound") else 90.0
    return replace(intent, amount=-degrees if side == "right" else degrees)


def _cut(intent: Intent, said: Mapping[str, str]) -> Intent:
    return replace(intent, seconds=_length(said), last=said.get("end") in ("last", "second"))


def _resize(intent: Intent, said: Mapping[str, str]) -> Intent:
    fewer = _length(said, "fewer_seconds")
    return replace(intent, seconds=_length(said) if fewer is None else -fewer)


def _loop(intent: Intent, said: Mapping[str, str]) -> Intent:
    return replace(intent, seconds=_length(said), amount=_number(said["n"]) if "n" in said else intent.amount)


def _again(intent: Intent, said: Mapping[str, str]) -> Intent:
    return replace(intent, samples=int(_number(said["n"])) if "n" in said else None)


def _inbetween(intent: Intent, said: Mapping[str, str]) -> Intent:
    share = max((100 - float(said.get("percent", 50))) / 200, 0.05)
    return replace(intent, given=(share, share))


def _export(intent: Intent, said: Mapping[str, str]) -> Intent:
    return replace(intent, text=said["format"])


_DETAILS: Mapping[str, Callable[[Intent, Mapping[str, str]], Intent]] = {
    "tempo": _tempo,
    "turn": _turn,
    "cut": _cut,
    "resize": _resize,
    "loop": _loop,
    "again": _again,
    "inbetween": _inbetween,
    "export": _export,
}
