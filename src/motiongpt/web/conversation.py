"""What a chat message asks for, and what a conversation remembers.

The rules are plain patterns for the whole message, tried in order. What none of them knows is, if it is a question, for
the model's own instruction tuning to answer, and otherwise a motion to be made.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from motiongpt.web.store import Result


@dataclass(frozen=True)
class Intent:
    """What is to be done.

    Attributes:
        task: generate, again, describe, predict, inbetween, length, edit, resize, export, ask or help.
        text: the sentence to make a motion of, the question to ask, the format to export, or what to say (help).
        edit: tempo, mirror, reverse, turn, cut or loop.
        amount: tempo factor; degrees to the left; for resize a factor, where ``seconds`` is None; for loop how often.
        seconds: length asked for.
        more: ``seconds`` come on top of those that there are.
        last: a cut keeps the end rather than the start.
        samples: how many motions.
        given: shares kept at both ends of an in-between.
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


@dataclass
class Conversation:
    """What has been spoken of.

    Attributes:
        id: of the conversation.
        motion: the motion that "it" means.
        prompt: the sentence that it was made from, "" when it was uploaded.
        base: the motion that ``intent`` was carried out on.
        intent: the last one that made a motion, for "again".
    """

    id: str
    motion: Result | None = None
    prompt: str = ""
    base: Result | None = None
    intent: Intent | None = None

    def take(self, motion: Result) -> None:
        """From now on a motion that was not made in this conversation is spoken of."""
        self.motion, self.prompt, self.base, self.intent = motion, motion.text, None, None


GREETING = (
    "Say what a person should do, such as “a person walks forward and turns left”, and I show it. Then say “slower”, "
    "“make it 6 seconds”, “mirror it”, “continue this”, “fill the middle” or “describe it”. You can also upload a "
    "motion file and ask what happens in it."
)
NO_MOTION = "There is no motion yet: say what a person should do, or upload a motion file."
WELCOME = "You are welcome. What should the person do next?"

_WORDS = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "fifteen": 15, "twenty": 20, "thirty": 30, "a couple of": 2, "a few": 3,
    "half a": 0.5, "twice": 2, "double": 2, "triple": 3, "half": 0.5, "quarter": 0.25,
}  # fmt: skip
_WORDY = "|".join(sorted((word for word in _WORDS), key=len, reverse=True))
_N = rf"(?:\d+(?:[.,]\d+)?|{_WORDY})"
_SECONDS = rf"(?P<seconds>{_N})[-\s]*(?P<unit>seconds?|secs?|s|frames?)\b"
_VERSIONS = "(?:versions?|samples?|variations?|variants?|takes?|candidates?|alternatives?|options?)"
_POLITE = re.compile(
    r"^(?:(?:please|pls|ok(?:ay)?|now|so|well|hey|hi|hello|great|good|nice|thanks?|thank you|just|also|and|but|"
    r"the same but|same but|(?:can|could|would|will) you|i want you to|i(?:'d| would) like you to)\b[\s,.!:]*)+(?=\S)"
)
_POLITE_END = re.compile(r"[\s,]*\b(?:please|pls|thanks|thank you|for me|instead|now)$")


def _number(text: str) -> float:
    return float(_WORDS[text]) if text in _WORDS else float(text.replace(",", "."))


def _seconds(found: Mapping[str, str | None]) -> float | None:
    """The length in a match, frames counted 20 a second."""
    number, unit = found.get("seconds"), found.get("unit")
    if not number or not unit:
        return None
    return _number(number) / 20 if unit.startswith("frame") else _number(number)


# What stands for what in the phrases of the table, beside [optional] and (this|or that).
_PARTS = {
    "it": "(?:it|this|that|him|her|them|all|everything|<motion>|(?:the|this|that|my|the last|the uploaded|the given) "
    "(?:motion|clip|movement|animation|person|man|woman|body|figure|result|video|sequence|file|one|action)s?)",
    "seconds": _SECONDS,
    "versions": _VERSIONS,
    "n": f"(?P<n>{_N})",
    "percent": r"(?P<percent>\d+) ?(?:%|percent)",
    "side": "(?P<side>left|right|around|round)",
    "degrees": r"(?P<degrees>\d+) ?(?:°|degrees?|deg)",
    "end": "(?P<end>first|last|second)",
    "degree": "(?P<degree>a bit|a little|slightly|somewhat|quite a bit|just a bit|a lot|much|way|far|very)",
    "format": "(?P<format>mp4|glb|bvh|npz|npy|gif|png|fbx|usd)",
}


def _compiled(phrase: str) -> re.Pattern[str]:
    pattern = phrase.replace("(", "(?:").replace("[", "(?:").replace("]", ")?")
    numbers = itertools.count()

    def part(match: re.Match[str]) -> str:
        # The same part may come twice in a phrase, its groups may not.
        return re.sub(r"\(\?P<(\w+)>", lambda name: f"(?P<{name[1]}_{next(numbers)}>", _PARTS[match[1]])

    return re.compile(re.sub(r"\{(\w+)\}", part, pattern))


def _found(match: re.Match[str]) -> dict[str, str]:
    """What the named parts of a phrase stand for in a message."""
    return {name.rsplit("_", 1)[0]: text for name, text in match.groupdict().items() if text is not None}


Builder = Callable[[Mapping[str, str | None]], Intent]


def _is(task: str, **fields: Any) -> Builder:
    return lambda found: Intent(task, seconds=_seconds(found), **fields)


def _tempo(direction: int) -> Builder:
    """Faster (1) or slower (-1), by how much it says."""

    def build(found: Mapping[str, str | None]) -> Intent:
        degree, factor = found.get("degree") or "", 1.35
        if found.get("percent"):
            share = min(float(found["percent"] or 0) / 100, 0.9)
            return Intent("edit", edit="tempo", amount=1 + direction * share)
        if found.get("n"):
            factor = max(_number(found["n"] or ""), 0.1)
        elif degree in ("a bit", "a little", "slightly", "somewhat", "quite a bit", "just a bit"):
            factor = 1.15
        elif degree:
            factor = 1.7
        return Intent("edit", edit="tempo", amount=factor**direction)

    return build


def _speed(found: Mapping[str, str | None]) -> Intent:
    return Intent("edit", edit="tempo", amount=max(_number(found["n"] or ""), 0.1))


def _turn(found: Mapping[str, str | None]) -> Intent:
    side = found.get("side") or "left"
    degrees = float(found["degrees"] or 0) if found.get("degrees") else 180.0 if side.endswith("ound") else 90.0
    return Intent("edit", edit="turn", amount=-degrees if side == "right" else degrees)


def _cut(found: Mapping[str, str | None]) -> Intent:
    return Intent("edit", edit="cut", amount=0.5, seconds=_seconds(found), last=found.get("end") in ("last", "second"))


def _resize(factor: float) -> Builder:
    """To so many seconds, or by a factor where no seconds are said."""
    return lambda found: Intent("resize", seconds=_seconds(found), amount=factor)


def _by(sign: int) -> Builder:
    return lambda found: Intent("resize", seconds=sign * (_seconds(found) or 0), more=True)


def _loop(found: Mapping[str, str | None]) -> Intent:
    return Intent("edit", edit="loop", seconds=_seconds(found), amount=_number(found.get("n") or "2"))


def _again(found: Mapping[str, str | None]) -> Intent:
    return Intent("again", samples=int(_number(found["n"] or "")) if found.get("n") else None)


def _middle(found: Mapping[str, str | None]) -> Intent:
    side = max((100 - float(found.get("percent") or 50)) / 200, 0.05)
    return Intent("inbetween", given=(side, side))


def _export(found: Mapping[str, str | None]) -> Intent:
    return Intent("export", found["format"] or "")


_SHOW = "(show me |give me |make |try |do |generate |i want |show )"
_MAKE = "(make |do |play |show |let |have |get |run |try |move |walk )"
_GO = "(go |be |move |walk |run |play |look |even |again |still |happen )"
_ABOUT = "[ (about|in|of|with|for|on|at|during|to) ({it}|here|there|the scene|the picture)]"

_RULES: tuple[tuple[Builder, tuple[str, ...]], ...] = (
    (_is("help", text=GREETING), (
        "(hi|hello|hey|help|help me|start)[ there]",
        "what can (you|i|we) (do|say|ask|type)[ here]",
        "how does (this|it) work",
    )),
    (_is("help", text=WELCOME), (
        "(thanks|thank you|great|nice|cool|perfect|good|wonderful|well done|ok|okay)[ (a lot|very much|so much|job"
        "|work)]",
    )),
    (_again, (
        "(again|once more|try again|try it again|one more|one more time|something else)",
        f"[{_SHOW}][yet ]another[ one| version| take| try| go| sample]",
        "(re-?generate|re-?do|re-?try|repeat)[ {it}] again", "(re-?generate|re-?do|re-?try)[ {it}]",
        f"[{_SHOW}](a |an |some )[(different|new|other) (one|version|take|seed|sample)]",
        f"[{_SHOW}](different|new|other) (one|version|take|seed|sample)s?",
        "(do|make|show)[ me] {it} (again|once more)",
        f"[{_SHOW}]{{n}} (more|others?|different|more different|other)[ {{versions}}][ of {{it}}]",
        f"{_SHOW}{{n}} {{versions}}[ of {{it}}]",
    )),
    (_middle, (
        "(fill|fill in|complete|re-?do|replace|invent|make up|re-?write|change|guess|generate|make)[ {it}][ in] "
        "(the |its |a |a new |what is )[missing ](middle|gap|hole|centre|center|in-?between|between)[ (part|section"
        "|frames)]"
        "[ {percent}][ of {it}]",
        "(in-?between|interpolate)[ {it}]",
        "(fill|complete) [in ][the ](missing|hidden|masked) (part|frames|section|motion)s?[ of {it}]",
    )),
    (_is("predict"), (
        "(continue|go on|keep going|carry on|extend|prolong|finish|complete|predict|complement)[ [with ]{it}]"
        "[ from (here|there)][[ for| by][ another| about] {seconds}[ more| longer]]",
        "what (happens|comes|follows|is|would happen|will happen) (next|then|after|afterwards|after {it})",
        "what's (next|then)", "then what", "and then",
        "(show |show me |predict )what (happens|comes) (next|then|after|afterwards)",
        "predict [the ](rest|end|ending|future|next part|next motion)[ of {it}]",
        "keep (him|her|it|them) (going|moving)",
        "how (does|will|would) {it} (go on|continue|end)",
    )),
    (_is("length"), (
        "((tell me |say )?how long|how many (seconds|frames)|what(s|'s| is) (the|its) (length|duration)|length"
        "|duration)"
        "( (is|was|does|do|did|has|have|are|in|of|last|lasts|take|takes|run|long|there|for|go|will|would|be|{it}))*",
    )),
    (_is("describe", length=True), (
        "describe[ {it}] and (say|tell me) how long {it} is",
        "what (is|does) {it} (doing|do|show) and how long (is|does|does {it}|is {it})[ {it}][ last| take]",
    )),
    (_is("describe"), (
        "(describe|caption|explain|summarise|summarize|narrate|label|name)"
        "[ {it}| what (is|you|he|she|they|happens) .*][ again| in words| in text| in english| in a sentence"
        "| in one sentence"
        "| in detail]",
        "[tell me |say ]what('s|'re| is| are| was) (happening|going on|shown|being done)[ here| there]" + _ABOUT,
        "[tell me |say ]what('s|'re| is| are| was) (he|she|it|they|{it}|(the|a) \\w+) (doing|up to|performing|showing)"
        "[ here| there]" + _ABOUT,
        "what('s| is| was) {it}[ supposed to be]",
        "what (does|do|did) (he|she|they|{it}|(the|this) \\w+)[ (do|show|see|depict|perform)][ here]" + _ABOUT,
        "what (do you see|am i looking at|am i seeing|happens|happened)[ here]" + _ABOUT,
        "(which|what) (motion|action|movement|activity) (is|does) ({it}|shown|he|she|they)[ show| do| doing]",
        "(put|translate|turn|convert) {it} (in)?to (words|text|english|a sentence|language)",
        "(write|give|make|generate|create|find)[ me] [a |an ][short ](caption|sentence|description|summary|title|text)"
        "[ (for|of|about) {it}]",
        "tell me (about {it}|what you see|what happens[ here])",
        "(recognise|recognize|identify) {it}",
    )),
    (_tempo(-1), (
        f"[{_MAKE}][me ][{{it}} ]{_GO}*[{{degree}} |{{n}} ?(x|times)[ as] |{{n}} as |by {{percent}} |{{percent}} ]"
        "(slower|more slowly|slowly|slow)[ by {percent}][ than (that|before)]",
        "slow [{it} ]down[ {it}][ {degree}| by {percent}| {n} ?(x|times)]",
        "[(play|show|make) [me ]][{it} ][in ]slow[ |-]mo[tion]",
    )),
    (_tempo(1), (
        f"[{_MAKE}][me ][{{it}} ]{_GO}*[{{degree}} |{{n}} ?(x|times)[ as] |{{n}} as |by {{percent}} |{{percent}} ]"
        "(faster|quicker|more quickly|quickly|fast|speedier)[ by {percent}][ than (that|before)]",
        "speed [{it} ]up[ {it}][ {degree}| by {percent}| {n} ?(x|times)]",
    )),
    (_speed, (
        "[(play|show|make|run) [me ]][{it} ](at |with )?{n} ?(x|times)?[ (the |its )?(speed|tempo|pace)][ {it}]",
        "[(play|show|make|run) [me ]][{it} ](at |with )?{n} (the |its )(speed|tempo|pace)",
    )),
    (_is("edit", edit="mirror"), (
        "(mirror|flip)[ {it}][ (left and right|left to right|left with right|left-right|horizontally|sideways)]",
        "[make [{it} ]][the |its |a ]mirror(ed)?[ image| version]",
        "(swap|switch|exchange) (left and right|right and left|[the ](sides|arms|legs|hands|feet))",
        "[do |make |show ][[me ]{it} ][on |to |with |use |using ]the other (side|way round|way around|way|hand|arm"
        "|leg|foot)",
    )),
    (_is("edit", edit="reverse"), (
        "(reverse|rewind|invert)[ {it}][ in time]",
        "(play|run|show|do)[ me] {it} (backward|backwards|in reverse|reversed)",
        "(in reverse|backwards in time)",
    )),
    (_turn, (
        "(turn|rotate|bend|steer|veer|curve|spin|head) ({it}|the path|its path)[ by][ {degrees}][ (to"
        "|towards) the][ more]"
        "[ {side}]",
        "(turn|rotate|bend|steer|veer|curve|spin|head) ({it}|the path|its path) [to the |towards the "
        "|more to the ]{side}"
        " by {degrees}",
        "(make|let|have) {it} (turn|go|veer|bend|walk|curve|head|move) [more ][to the "
        "|towards the ]{side}[ by {degrees}]",
    )),
    (_cut, (
        "(cut|trim|crop|shorten)[ {it}][ down][ to| after][ the {end}] {seconds}",
        "[(cut|trim|crop|keep|show|play|take)[ me] ][{it} ][to ][only |just ]the {end} ({seconds}"
        "|half)[ of {it}][ only]",
        "(cut|trim|crop|keep|only|just)[ {it}] (to )?{end} ({seconds}|half)",
    )),
    (_by(1), ("[make |let |have ][{it} ][be |last |go ][for ]{seconds} (longer|more)", "add {seconds}[ to {it}]")),
    (_by(-1), ("[make |let |have ][{it} ][be |last ]{seconds} (shorter|less)",)),
    (_resize(1.0), (
        "[(make|let|have|keep|change|set|extend|lengthen|stretch|shorten|resize|continue) ][me ][{it} ]"
        "(for |last |take |be |to |run |should |length |exactly |about |until |it )*{seconds}[ long]",
    )),
    (_resize(2.0), ("[make |let ][{it} ][be |last ](twice as long|double the length)", "double {it}")),
    (_resize(0.5), ("[make |let ][{it} ][be |last ](half as long|half the length)",)),
    (_resize(1.5), ("[make |let ][{it} ](be |last |a bit |a little |much |even |take )*longer", "lengthen[ {it}]")),
    (_resize(2 / 3), ("[make |let ][{it} ](be |last |a bit |a little |much |even |take )*shorter", "shorten[ {it}]")),
    (_loop, ("(loop|repeat)[ {it}][ {n} times| twice][ (for|to) {seconds}]", "do {it} ({n} times|twice)")),
    (_export, (
        "(download|save|export|convert|send|give me)[ me][ {it}][ (as|to|in|into)][ an?][ ]?\\.?{format}[ file"
        "| format]",
        "(as|in) an? \\.?{format}[ file]",
    )),
)  # fmt: skip


_TABLE = tuple((_compiled(phrase), build) for build, phrases in _RULES for phrase in phrases)
_NEEDS_MOTION = ("describe", "predict", "inbetween", "length", "edit", "resize", "export", "again")

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


def understand(message: str, *, motion: bool = False, prompt: str = "") -> Intent:
    """What a message asks for.

    Args:
        message: as typed.
        motion: there is a motion that it can speak of.
        prompt: the sentence that this motion was made from.
    """
    text = _tidy(message)
    if not text:
        return Intent("describe") if motion else Intent("help", GREETING)
    short = _POLITE.sub("", text)
    asked = short.endswith("?")
    for candidate in dict.fromkeys((text, short, _POLITE_END.sub("", short.rstrip("?!.").strip()))):
        bare = candidate.rstrip("?!.,; ") or candidate
        for pattern, build in _TABLE:
            match = pattern.fullmatch(bare)
            if match:
                intent = build(_found(match))
                if intent.task in _NEEDS_MOTION and not motion:
                    return Intent("help", NO_MOTION)
                return intent
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
            seconds = _number(second) if second else _seconds(match.groupdict())
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
