"""What a chat message means: the rules of ``intents.yaml``, and the sentence of a message that no rule matches."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from motiongpt.files import read_yaml
from motiongpt.text.clauses import as_statement
from motiongpt.text.morphology import inflect
from motiongpt.text.numbers import NUMBER_WORDS
from motiongpt.text.requests import without_courtesy, without_demand, without_medium
from motiongpt.web.store import MEDIA_TYPES

_DATA: Mapping[str, Any] = read_yaml("motiongpt.web", "intents.yaml")
GREETING: str = _DATA["answers"]["greeting"]
NO_MOTION: str = _DATA["answers"]["no_motion"]
_NUMBERS: Mapping[str, float] = {word: number for number, word in enumerate(NUMBER_WORDS, 1)} | _DATA["numbers"]
_PARTS: Mapping[str, str] = {
    **_DATA["parts"],
    "word": "(" + "|".join(sorted(_NUMBERS, key=len, reverse=True)) + ")",
    "suffix": "|".join(MEDIA_TYPES),
}
_PART = re.compile(r"\{(\w+)\}")
_CAPTURE = re.compile(r"<(\w+):([^<>]*)>")
_NEEDS_MOTION = ("describe", "predict", "inbetween", "length", "edit", "resize", "export", "again")
_PERSON = re.compile(rf"\b(?:{'|'.join(_DATA['people'])})\b")
_ANYBODY = re.compile(r"(?:a person|someone|the person|he|she|they) ")
_ADVERBS = re.compile(r"\w+ly (?:and \w+ly )?")
_ARTICLES = ("a", "an", "the", "some")


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
    short = without_courtesy(text)
    # 1. A command: the message as it is, without "please" at its start, and without "please" at its end.
    for candidate in dict.fromkeys((text, short, without_courtesy(short.rstrip("?!.").strip()))):
        intent = _command(candidate.rstrip("?!.,; ") or candidate)
        if intent is not None:
            return intent if motion or intent.task not in _NEEDS_MOTION else Intent("help", NO_MOTION)
    if not short:
        return Intent("help", GREETING)
    # 2. A question: "Can you show me a man?" is none, though it has the mark of one.
    asks = short.endswith("?") and without_demand(short) == short
    if asks or any(pattern.fullmatch(short) for pattern in _patterns("questions")):
        return Intent("ask", " ".join(message.split()))
    # 3. More of the last sentence: what follows, or how it should be done.
    bare = short.rstrip("?!. ")
    (following,), (variation,) = _patterns("next"), _patterns("variation")
    if match := following.fullmatch(bare):
        return _continued(prompt, _motion_of(_captured(match)["rest"]))
    if prompt and (match := variation.fullmatch(bare)):
        change = _captured(match)["rest"]
        return replace(_motion_of(change), text=f"{prompt} {change}")
    # 4. A motion.
    return _motion_of(short)


def _tidy(message: str) -> str:
    """The message in lower case, with plain quotes and dashes and single spaces; "2 more seconds" is "2 seconds"."""
    text = message.translate(str.maketrans("’‘“”–—", "''\"\"--"))
    text = re.sub(r"(\w+) more (seconds?|frames?)\b", r"\1 \2", " ".join(text.lower().split()))
    return text.strip("\"' ,;")


def _continued(prompt: str, step: Intent) -> Intent:
    """A step after those of a sentence, if there is one."""
    return replace(step, text=f"{prompt} and then {_ANYBODY.sub('', step.text, count=1)}") if prompt else step


def _motion_of(text: str) -> Intent:
    """A motion to generate: its sentence, and what the message says of its length and of the number of samples."""
    said: dict[str, str] = {}
    text = without_demand(text.rstrip("?!. "))
    for pattern in (*_patterns("samples"), *_patterns("length")):
        match = pattern.search(text)
        if match and not said.keys() & _captured(match).keys():
            said |= _captured(match)
            text = " ".join((text[: match.start()] + " " + text[match.end() :]).split())
    text = without_medium(text).strip("\"' ,;:") or text
    samples = int(_number(said["n"])) if "n" in said else None
    return Intent("generate", _statement(text), seconds=_length(said), samples=samples)


def _statement(text: str) -> str:
    """A sentence with a subject, as in the captions that models learn from."""
    words = text.split()
    if not words or not text.isascii() or _PERSON.search(" ".join(words[:5])):
        return text
    if words[0] in _ARTICLES:
        return f"a person does {text}" if len(words) > 1 else text
    match = _ADVERBS.match(text)
    adverb = match[0] if match else ""
    order = text.removeprefix(adverb)
    verb, _, rest = order.partition(" ")
    if not verb.isalpha() or verb in _DATA["not_verbs"]:
        return text
    statement = as_statement(order)
    if statement == order and not verb.endswith("s"):  # an unknown verb
        statement = f"a person {inflect(verb, 'third')} {rest}".rstrip()
    elif statement == order:
        statement = f"a person {order}"
    return statement.replace("a person ", f"a person {adverb}", 1)


# ---- the rules -------------------------------------------------------------------------------------------------------


def _command(text: str) -> Intent | None:
    """The intent of the first rule that matches, with what the message says in detail."""
    for pattern, intent in _rules():
        if match := pattern.fullmatch(text):
            return _DETAILS.get(intent.edit or intent.task, _with_length)(intent, _captured(match))
    return None


def _captured(match: re.Match[str]) -> dict[str, str]:
    """What the captures of a phrase matched, by their names in ``intents.yaml``."""
    return {name.rpartition("_")[0]: words for name, words in match.groupdict().items() if words is not None}


@cache
def _rules() -> tuple[tuple[re.Pattern[str], Intent], ...]:
    rules = []
    for rule in _DATA["rules"]:
        fields = {name: value for name, value in rule.items() if name != "phrases"}
        intent = Intent(**{**fields, "text": _DATA["answers"].get(fields.get("text"), "")})
        rules += [(_compile(phrase), intent) for phrase in rule["phrases"]]
    return tuple(rules)


@cache
def _patterns(key: str) -> tuple[re.Pattern[str], ...]:
    """The phrases of another key of ``intents.yaml``."""
    phrases: str | Sequence[str] = _DATA[key]
    return tuple(map(_compile, [phrases] if isinstance(phrases, str) else phrases))


def _compile(phrase: str) -> re.Pattern[str]:
    """The regular expression of a phrase, see ``intents.yaml``; its groups are called name_0, name_1 and so on."""
    while (whole := _PART.sub(lambda match: _PARTS[match[1]], phrase)) != phrase:
        phrase = whole
    phrase = re.sub(r"(?<!\\)\((?!\?)", "(?:", phrase).replace("[", "(?:").replace("]", ")?")
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
    fewer = _length(said, "fewer")
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
