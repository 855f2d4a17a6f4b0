"""Sentences that tell several actions, taken apart: each becomes a sentence of its own."""

from __future__ import annotations

import re

from motiongpt.text.paraphrase import inflect, third_person, third_person_of_base, third_person_of_past

# Actions with a beginning and an end: whatever comes before them in a sentence is over when they are done.
_EVENTS = (
    "sits|stands up|gets (?:back )?up|kicks|boots|punts|jumps|leaps|bends|picks|squats|lies|falls|stops|starts|kneels"
    "|crouches|ducks|crawls|throws|flings|hurls|tosses|lobs|chucks|slings|heaves|pitches|bows"
    r"|takes an? (?:\w+ )?bow|takes (?:a|the|his|her|their) (?:seat|chair)"
)
_IT = "(?:he|she|they|it)"
_LATER = "then|after that|afterwards?|next|finally|lastly|subsequently"
_THEN = re.compile(
    rf",? and (?:{_LATER}),? |,? then |, (?:{_LATER}),? (?!to )|,? before (?=(?:\w+ing|{_IT})\b)"
    rf"| and (?=(?:{_EVENTS})\b)",
    re.IGNORECASE,
)
# "Once he has jumped he turns", "as she walks she waves", "having jumped, he turns".
_ONCE_IT = re.compile(
    rf"(?:once|as soon as|after) (?P<who>{_IT}) (?:(?:has|have|had) )?(?P<verb>\w+)(?P<rest>.*?),? "
    rf"(?P<second>{_IT} .+)",
    re.IGNORECASE,
)
_HAVING = re.compile(
    r"(?:(?P<who>[^,]+), )?(?:after )?having (?P<verb>\w+)(?P<rest>[^,]*), (?P<second>.+)", re.IGNORECASE
)
# "He sits down after walking", "before jumping, he turns".
_AFTER_BEHIND = re.compile(rf"(?P<second>[^,]+?),? after (?P<first>(?:\w+ing|{_IT} \w+s)\b(?!,)[^,]*)", re.IGNORECASE)
_BEFORE = re.compile(rf"before (?P<second>(?:\w+ing|{_IT} \w+s)\b[^,]*), (?P<first>[^,]+)", re.IGNORECASE)
_AS_IT = re.compile(
    rf"(?P<first>(?:as|while) (?:{_IT} \w+|\w+ing)(?: [^,]+?)?),? (?P<second>{_IT} \w+[^,]*)", re.IGNORECASE
)
# "Walks backward and then forward".
_OTHER_WAY = re.compile(r"(?:forwards?|backwards?|sideways|to (?:the|his|her|their) (?:left|right))\b", re.IGNORECASE)
# "From a crouch, jump up": an order that begins with something else.
_FRONTED_ORDER = re.compile(
    r"(?P<front>(?:from|with|on|in|at|like|for|without|using) [^,]+), (?P<order>\w+\b.*)", re.IGNORECASE
)
# These have an end, too, but "jumps and spins", "marches in place and claps" are one motion: it depends on what goes
# before.
_SPINS = re.compile(r"(?P<before>.+?) and (?P<after>(?:spins|whirls|twirls|pivots|punches|claps)\b.*)", re.IGNORECASE)
_GOES_ON = re.compile(r"\b(?:is|throws|jumps|leaps|hops|skips|bounces|dances|marches|jogs|in place)\b", re.IGNORECASE)
# "Like a plane, the boy circles": what stands in front of the subject.
_FRONTED = re.compile(
    r"(?P<front>(?!(?:after|before|then)\b)[^,]+), "
    r"(?P<rest>(?:he|she|they|it|a|an|the|this|some\w+|person|man|woman) .+)",
    re.IGNORECASE,
)
# What says how, where or how often; the rest tells of moods and circumstances, which no motion shows.
_HOW = re.compile(
    r"(?:like|with|without|on|in|from|to|at|for|while|as if|as though) .+|\w+ly|\w+wards?|once|twice|\w+ times",
    re.IGNORECASE,
)
_ARMS_FIRST = re.compile(r"(?:(?:both|one|his|her|their) )?(?:(?:left|right) )?(?:arms?|hands?) .+", re.IGNORECASE)
# "Follows it up with a left kick", "followed by a jump".
_FOLLOWS = re.compile(
    r",?(?<! is)(?: and)? follow(?:s|ing|ed)(?P<it> (?:it|that|this|them))?(?: up)? (?:with|by) (?P<what>[^,]+)",
    re.IGNORECASE,
)
# "As soon as he stops, he waves", "he waves once he stops".
_ONCE = re.compile(r"(?:once|as soon as|after) (?P<first>[^,]+), (?P<second>.+)", re.IGNORECASE)
_ONCE_BEHIND = re.compile(r"(?P<second>[^,]+),? (?:once|as soon as) (?P<first>(?:he|she|it) [^,]+)", re.IGNORECASE)
# "After jumping, a person walks": told in the other order.
_AFTER = re.compile(r"after (?P<first>\w+ing\b[^,]*), (?P<second>.+)", re.IGNORECASE)
# What follows has to wait until the body is up, or down.
_ENDS = re.compile(
    r".*?\b(?:(?:stands|gets|sits|lies|bends|squats|crouches|kneels) (?:back )?(?:up|down)|rises|picks|stops)\b.*?"
    r"(?P<and> and )(?P<verb>\w+)",
    re.IGNORECASE,
)
# "Walks forward, stops and waves": a list of verbs.
_LIST = re.compile(r", (?P<verb>\w+)")
_VERB = re.compile(r"(?:\w+ly )?(\w+)", re.IGNORECASE)
_SUBJECT_WORDS = 4
_NO_PARTICIPLES = ("morning", "evening", "nothing", "something", "anything", "everything", "during", "being", "having")
# Ends like a verb in the third person and is none.
_NO_VERBS = re.compile(
    r"(?:\w*ss|\w*wards|sideways|always|his|this|\w+'s|arms|legs|hands|feet|knees|times|seconds)", re.IGNORECASE
)
_POSTURE = re.compile(r".*\b(?:stands?|standing|stays?|staying|remains?|sits|sitting|seated)(?: in place| still)?")
_ARMS = re.compile(
    r"\b(?:arms?|hands?|fists?|elbows?|wav(?:es?|ing)|clap\w*|punch\w*|jab\w*|throw\w*|box(?:es|ing)|salut\w*)\b"
)
_RAISED = re.compile(
    r"(?: with|,) (?P<what>(?:(?:both|the|one|his|her|their|a) )?(?:(?:left|right) )?(?:arms?|hands?|fists?)) "
    r"(?:held )?(?:raised|lifted|up|above|over|overhead|high|aloft|in the air)\b.*"
)
_SPREAD = re.compile(
    r"(?: with|,) (?:(?:both|the|his|her|their) )?arms (?:held )?(?:spread|stretched|out|outstretched|wide)\b"
    r"(?!.*\b(?:up|above|over|overhead|forwards?|front)\b).*"
)
# Stems of -ing that have lost an "e": "wobbl", "mov", "clos", "charg".
_DROPS_E = re.compile(
    r"[^aeioulr]l$|[vuz]$|[^s]s$|[^n]g$|c$|[aeiou][kt]$(?<!oo[kt])(?<!ea[kt])(?<!ee[kt])(?<!oa[kt])(?<!ai[kt])(?<!ou[kt])"
)
# "..., then a left kick": something that is done.
_DEED = re.compile(
    r"(?:an?|one|two|three|another) (?:\w+ ){0,2}"
    r"(?:kick|punch|jab|hook|uppercut|jump|leap|hop|spin|turn|squat|bow|wave|step|somersault|cartwheel)(?:e?s)?\b",
    re.IGNORECASE,
)
# Where the next verb of an order stands.
_ORDER = re.compile(rf"(?P<mark>(?:,? (?:and )?(?:{_LATER}),?|,? and|,) )(?P<verb>\w+)\b")
_WHILE = re.compile(r" while (?P<verb>\w+ing)\b(?P<rest>.*)")
# "Moves backward, jabbing as he goes".
_PARTICIPLE = re.compile(r",(?: \w+ly)? (?P<verb>\w+ing)\b(?P<rest>[^,]*)")
_AS_HE_GOES = re.compile(r" (?:as|while) (?:he|she|they) (?:go(?:es)?|walks?|runs?|moves?)$")
# What arms may be busy with meanwhile: "raises an arm, holding it there" says nothing of legs.
_LEGS = re.compile(r"(?:walk|runn|jogg|march|stepp|stand|sitt|jump|hopp|skipp|turn|danc|squatt|crouch|kneel)ing")
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
    >>> clauses("like a plane, the boy circles to the right, then stops")
    [('the boy circles to the right like a plane',), ('the boy stops',)]
    """
    sentence = _of_a_person(_earlier_first(sentence))
    if third_person(sentence.split(" ")[0].lower()) == sentence.split(" ")[0].lower():
        # "Goes down and stands up again": anybody.
        told = clauses(f"a person {sentence}")
        return told if len(told) > 1 or len(told[0]) > 1 else [(sentence,)]
    in_order = _ONCE.fullmatch(sentence) or _ONCE_BEHIND.fullmatch(sentence)
    if in_order and _subject(in_order["first"]) and _subject(in_order["second"]):
        return [*clauses(in_order["first"]), *clauses(in_order["second"])]
    sentence = _fronted(sentence)
    told = _in_order(_FOLLOWS.sub(_followed, sentence))
    # What could not be taken apart stays as it was said.
    return told if len(told) > 1 or not _FOLLOWS.search(sentence) else [(sentence,)]


def _of_a_person(sentence: str) -> str:
    """An order, or what begins with a participle, as a sentence of a person: "jump, then sit down"."""
    first = re.split(r"[^a-zA-Z]", sentence, maxsplit=1)[0]
    word, rest = first.lower(), sentence[len(first) :]
    if (fronted := _FRONTED_ORDER.fullmatch(sentence)) and third_person_of_base(fronted["order"].split()[0].lower()):
        return f"{fronted['front']}, {_of_a_person(fronted['order'])}"
    if third := third_person_of_base(word):
        found = _ORDER.sub(lambda match: match["mark"] + (third_person_of_base(match["verb"]) or match["verb"]), rest)
        return f"a person {third}{found}"
    if _from_participle(word) and _subject(sentence) is None and not _FRONTED.fullmatch(sentence):
        return f"a person is {word}{rest}"
    return sentence


def _earlier_first(sentence: str) -> str:
    """The sentence with what is done first in front: "having jumped, he turns"."""
    if (match := _ONCE_IT.fullmatch(sentence)) and (third := _finite(match["verb"])):
        return f"{match['who']} {third}{match['rest']}, then {match['second']}"
    if (match := _HAVING.fullmatch(sentence)) and (third := _finite(match["verb"])):
        subject = match["who"] or _subject(match["second"])
        return f"{subject} {third}{match['rest']}, then {match['second']}" if subject else sentence
    if found := _AFTER_BEHIND.fullmatch(sentence) or _BEFORE.fullmatch(sentence):
        if _subject(found["first"]):
            return f"{found['first']}, then {found['second']}"
        subject = _subject(found["second"])
        earlier = _clause(found["first"], subject, "") if subject else None
        return f"{earlier}, then {found['second'].removeprefix(str(subject)).lstrip()}" if earlier else sentence
    if match := _AS_IT.fullmatch(sentence):
        return f"{match['second']} {match['first']}"
    return sentence


def _finite(verb: str) -> str | None:
    """The third person of a verb in any form; None for words that are none."""
    return third_person(verb.lower()) or third_person_of_past(verb.lower())


def _from_participle(word: str) -> str | None:
    """The third person of a verb from its -ing form; None for words that are none."""
    if third_person(word) or not re.fullmatch(r"[a-z]{3,}ing", word) or word in _NO_PARTICIPLES:
        return third_person(word) if word.endswith("ing") else None
    stem = word[:-3]
    if stem[-1] == stem[-2] and stem[-1] not in "lsfz":
        stem = stem[:-1]
    elif _DROPS_E.search(stem):
        stem += "e"
    return inflect(stem, "third")


def _fronted(sentence: str) -> str:
    """The sentence with its subject in front: what stood there goes to the end of the first clause or is left out."""
    match = _FRONTED.fullmatch(sentence)
    if match is None or _subject(match["rest"]) is None:
        return sentence
    front, rest = match["front"], match["rest"]
    if _ARMS_FIRST.fullmatch(front):
        front = f"with {front}"
    if not _HOW.fullmatch(front):
        first = front.split()[0].lower()
        if third := _from_participle(first):
            subject = str(_subject(rest)).removesuffix(" then")
            if (later := rest.removeprefix(f"{subject} then ")) != rest:
                return f"{subject} {third}{front[len(first) :]}, then {later}"
            front = f"while {first}{front[len(first) :]}"
        elif _subject(front) is not None or _names_action(front):
            return sentence
        else:
            return rest
    ends = [found.start() for mark in (re.compile(","), _THEN, _FOLLOWS, _WHILE, _AS) if (found := mark.search(rest))]
    end = min(ends, default=len(rest))
    return f"{rest[:end]} {front[:1].lower()}{front[1:]}{rest[end:]}"


def _followed(match: re.Match[str]) -> str:
    what = match["what"]
    if third_person(what.split()[0]):
        return f", then {what}"
    # A man may be followed by a dog.
    return f", then does {what}" if match["it"] or _names_action(what) else match[0]


def _names_action(words: str) -> bool:
    return any(third_person(word) or third_person_of_base(word) for word in re.findall(r"[a-z]{2,}", words))


def _in_order(sentence: str) -> list[tuple[str, ...]]:
    """The clauses of a sentence that begins with its subject, or with "after"."""
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
        # "Halts, and greets": behind a comma any verb is one.
        comma = last is not None and after[: last.start()].endswith(",")
        if last and last["verb"] in (third_person(last["verb"]), _third(last["verb"]) if comma else None):
            return [before, after[: last.start()].rstrip(","), after[last.start("verb") :]]
        return [before, after]
    if (match := _ENDS.match(told)) and third_person(match["verb"]) == match["verb"]:
        return [told[: match.start("and")], told[match.start("verb") :]]
    if match := _SPINS.fullmatch(told):
        before = match["before"].removeprefix(_subject(match["before"]) or "")
        manners = [word for word in before.split() if not word.endswith("ly")]
        # More than a bare verb: "walks and spins" is one motion, "takes three steps and spins" two.
        if len(manners) > 1 and not _GOES_ON.search(before) and not _POSTURE.fullmatch(match["before"]):
            return [match["before"], match["after"]]
    return [told]


def _clause(part: str, subject: str, first: str) -> str | None:
    """A part as a sentence of its own."""
    match = _VERB.match(part)
    verb = match and _third(match[1])
    if match and (verb := verb or _from_participle(match[1].lower())):
        return f"{subject} {part[: match.start(1)]}{verb}{part[match.end(1) :]}"
    if _DEED.match(part):
        return f"{subject} does {part}"
    if _subject(part) is not None:
        return part
    if _OTHER_WAY.match(part) and (goes := _VERB.match(first[len(subject) + 1 :])):
        return f"{subject} {goes[0]} {part}"
    # "Kicks with the left leg, then with the right leg": what is left out stands in the first clause.
    part = re.sub(r"^(?:back|again) (?=\w)", "", part)
    again = re.search(rf"\b{re.escape(part.split()[0])}\b", first[len(subject) + 1 :])
    return None if again is None else first[: len(subject) + 1 + again.start()] + part


def _at_once(clause: str, subject: str) -> tuple[str, ...]:
    """What the legs and what the arms do, where one part of the clause tells of arms and the other does not."""
    if match := _PARTICIPLE.search(clause):
        clause = _AS_HE_GOES.sub("", clause)
    if (
        match
        and (match := _PARTICIPLE.fullmatch(clause, match.start()))
        and (bool(_ARMS.search(match[0])) != bool(_LEGS.search(match[0])))
    ):
        other = f"{subject} is {match['verb']}{match['rest']}"
    elif match := _RAISED.search(clause):
        other = f"{subject} raises {match['what']}"
    elif match := _SPREAD.search(clause):
        other = f"{subject} spreads the arms out to the sides"
    elif match := _WHILE.search(clause):
        other = f"{subject} is {match['verb']}{match['rest']}"
    elif (match := _TOGETHER.search(clause)) and _third(match["verb"]):
        other = f"{subject} {_third(match['verb'])}{match['rest']}"
    elif match := _AS.search(clause):
        other = f"{subject} {_third(match['verb']) or inflect(match['verb'], 'third')}{match['rest']}"
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
    if third_person(clause.split(" ")[0].lower()) == clause.split(" ")[0].lower():
        return f"a person {clause}"
    subject = _subject(clause)
    return clause if subject is None else f"a person{clause[len(subject) :]}"


def _subject(clause: str) -> str | None:
    """What stands before the verb, a few words at most."""
    words = clause.split()
    for place, said in enumerate(words[1 : _SUBJECT_WORDS + 1], start=1):
        word = said.rstrip(",;")
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
