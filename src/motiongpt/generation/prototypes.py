"""Plain sentences for sentences whose words the model does not know.

``canonical_sentences.txt`` has a few sentences for every action that geometry can tell, and verb phrases that say the
same: "parks himself on a stool" is "sits down". A pretrained sentence encoder finds the nearest of them;
where the verb of the sentence is one of theirs, only among the phrases of that verb: "struts down the runway" is not
near to "puts something down" then. It has phrases of what geometry cannot judge, too, as for "plays the piano" nothing
plain can be said.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources

import numpy as np
from safetensors.numpy import load

from motiongpt.generation.checks import checks, names_action, with_manner
from motiongpt.lm.sentence_encoder import SentenceEncoder, sentence_vectors
from motiongpt.text.contrasts import contrasts
from motiongpt.text.paraphrase import inflect
from motiongpt.text.thesaurus import verb_forms

SENTENCES, VECTORS = "canonical_sentences.txt", "phrase_vectors.safetensors"
# Cosine from which two sentences of MiniLM mostly speak of the same action.
CLOSE = 0.5
# Largest difference of a stored vector's components from what the same encoder gives.
_ROUNDED = 0.005
_ONES = re.compile(r"\bone's\b")
_SAME = ("side", "rotation")
(_BOTH,) = contrasts("both")
_COUNT = re.compile(r"\b(?:once|twice|thrice|(?:one|two|three|four|five|\d) times?)\b", re.IGNORECASE)
_SECONDS = re.compile(r" (?:for|in) (?:(?:about|around|exactly) )?[\w.]+ (?:more )?(?:seconds?|minutes?)\b")
_SIDE = re.compile(r"\b(?:left|right)\b", re.IGNORECASE)
_TOWARD = re.compile(r" to (?:the|his|her|their) (?:left|right)\b(?! (?:arm|hand|leg|foot|knee|elbow|shoulder))")
# What stands before a noun: "a left hook" does not speak of hooking.
_BEFORE_NOUN = re.compile(
    "an?|the|his|her|their|its|one's|this|that|each|every|some|no|left|right|both|of|with|in|on|at|by|for|from|into|"
    "onto|over|under|through|across|around|towards?|against|like|without|behind"
)


# "With the left foot" says that no hand does it, and "waggles a raised hand" what moves.
_ARMS, _LEGS = "arms?|hands?|fists?|palms?|elbows?", "leg|legs|foot|feet|heels?|toes?|knees?|shins?"
_WITH = r"\bwith (?:both|one|an?|the|his|her|their)? ?(?:left |right )?"
_BY = {side: re.compile(rf"{_WITH}(?:{limbs})\b") for side, limbs in (("arms", _ARMS), ("legs", _LEGS))}
_MOVES_ARMS = re.compile(
    rf"\b\w+s (?:(?:up|out) )?(?:both|one|an?|the|his|her|their)(?: \w+)? ?(?:left |right )?(?:{_ARMS})\b"
)
_OF_ARMS = frozenset(
    ["raises_arm", "raises_both_arms", "spreads_arms", "circles_arms", "waves", "punches", "throws", "claps"]
)
_OF_LEGS = frozenset(["kicks", "lifts_leg", "hops", "jumps"])


@dataclass(frozen=True)
class Phrase:
    """A verb phrase as a sentence.

    Attributes:
        text: with the left side, where there is one.
        verb: in its base form; none where it is a plain sentence itself.
        plain: the plain sentences that say the same, by side; by "" the one without a side. None of them for what
            geometry cannot judge.
    """

    text: str
    verb: str
    plain: dict[str, str]


class PlainSentences:
    """The plain sentences, as a sentence encoder sees them.

    Args:
        sentence_encoder: pretrained encoder.
    """

    def __init__(self, sentence_encoder: SentenceEncoder) -> None:
        self.sentence_encoder = sentence_encoder
        self.phrases = read_phrases()
        self.sentences = plain_sentences()

    @property
    def digest(self) -> str:
        """Of the phrases in their order."""
        return hashlib.sha256("\n".join(phrase.text for phrase in self.phrases).encode()).hexdigest()

    @cached_property
    def vectors(self) -> np.ndarray:
        """(N, D) float32 unit vectors of the phrases: the packaged ones where the encoder is the embedded one."""
        stored = stored_vectors(self.digest)
        sample = slice(None, None, 500)
        if stored is not None:
            read = self.read([phrase.text for phrase in self.phrases[sample]])
            if read.shape[1] == stored.shape[1] and np.abs(read - stored[sample]).max() < _ROUNDED:
                return stored
        return self.read_all()

    def read_all(self) -> np.ndarray:
        """(N, D) float32 unit vectors of the phrases, read anew."""
        # Sentences of one length have no padding, which costs as much as words.
        order = sorted(range(len(self.phrases)), key=lambda number: len(self.phrases[number].text))
        texts = [self.phrases[number].text for number in order]
        read = np.concatenate([self.read(texts[start : start + 64]) for start in range(0, len(texts), 64)])
        return read[np.argsort(order)]

    def read(self, sentences: Sequence[str]) -> np.ndarray:
        """(N, D) float32 unit vectors of sentences."""
        return sentence_vectors(self.sentence_encoder.encode(sentences)).cpu().numpy()

    def nearest(self, clause: str, *wordings: str) -> str | None:
        """The plain sentence that says of one action what a clause says; None when none is near.

        It asks for all that the clause asks for, see :func:`motiongpt.generation.checks.checks`, and has no other side.
        When the clause names its action, that is enough, with no other way, and the plain sentence is the one that asks
        for the least besides. Otherwise it must be near to the clause or to one of the wordings; pace and way are the
        clause's.
        """
        # The plain sentences have no counts; one is put behind them.
        if count := _COUNT.search(clause):
            single = self.nearest(*(" ".join(_COUNT.sub("", text).split()) for text in (clause, *wordings)))
            return None if single is None else f"{single} {count[0].lower()}"
        told = [_SECONDS.sub("", _SIDE.sub("left", text)) for text in (clause, *wordings)]
        fits = (self.vectors @ self.read(told).T).max(axis=1)
        return self._named(clause, fits) if names_action(clause) else self._meant(clause, fits, (clause, *wordings))

    def _named(self, clause: str, fits: np.ndarray) -> str | None:
        """The plain sentence for a clause that names its action."""
        asked, told = set(checks(clause)), contrasts(clause)
        found: dict[str, tuple[int, float]] = {}
        for phrase, fit in zip(self.phrases, fits, strict=True):
            for text in phrase.plain.values():
                if asked <= set(checks(text)) and _agree(told, contrasts(text)):
                    found[text] = min(found.get(text, (len(checks(text)), 0.0)), (len(checks(text)), -float(fit)))
        return min(found, key=lambda text: found[text]) if found else None

    def _meant(self, clause: str, fits: np.ndarray, wordings: Sequence[str]) -> str | None:
        """The plain sentence for a clause that does not name its action."""
        asked, sides = set(checks(clause)), {side.lower() for side in _SIDE.findall(clause)}
        if len(sides) > 1:
            return None
        side = "".join(sides)
        # What the user said first: phrases know more of a verb than the thesaurus, whose word the clause may have.
        verb = next((verb for text in reversed(wordings) if (verb := self._verb(text))), "")
        toward = "".join(_TOWARD.findall(clause.lower())[:1])
        own, every = self._of_verb.get(verb, []), range(len(self.phrases))
        # A verb that always says the same needs no likeness.
        close_own = CLOSE if len({tuple(self.phrases[number].plain.items()) for number in own}) > 1 else -1.0
        # A side may be that of a limb that says little of the action: "limps, dragging his left leg".
        for numbers, told, close in ((own, side, close_own), (own, "", close_own), (every, side, CLOSE)):
            best, found = -2.0, None
            for number in numbers:
                plain = self.phrases[number].plain
                text = with_manner(plain[told] + toward * (told != side), clause) if told in plain else None
                fitting = text is not None and asked <= set(checks(text)) and _limbs_agree(clause.lower(), text)
                if fits[number] > best and (not plain or fitting):
                    best, found = float(fits[number]), text
            if best >= close:
                return found
        return None

    @cached_property
    def _of_verb(self) -> dict[str, list[int]]:
        """Numbers of the phrases of each verb."""
        found = defaultdict(list)
        for number, phrase in enumerate(self.phrases):
            # "Is" is mostly no verb of its own: "is collapsing".
            if phrase.verb not in ("", "be"):
                found[phrase.verb].append(number)
        # A plain sentence says its own verb: "walks" alone is none of "walks briskly", "walks home".
        forms = {form: verb for verb in found for form in verb_forms(verb)}
        for number, phrase in enumerate(self.phrases):
            if not phrase.verb and (own := forms.get(phrase.text.split()[2])):
                found[own].append(number)
        return dict(found)

    @cached_property
    def _verbs(self) -> dict[str, str]:
        """Every form of the verbs, and its base form."""
        return {form: verb for verb in self._of_verb for form in verb_forms(verb)}

    def _verb(self, sentence: str) -> str | None:
        """The first word that is a form of a verb of the phrases and no noun."""
        words = re.findall(r"[a-z]+(?:['-][a-z]+)*", sentence.lower())
        for before, word in zip(["", *words], words, strict=False):
            if word in self._verbs and not _BEFORE_NOUN.fullmatch(before):
                return self._verbs[word]
        return None


def read_phrases() -> list[Phrase]:
    """The plain sentences, and all phrases that say the same."""
    content = resources.files("motiongpt.generation").joinpath(SENTENCES).read_text(encoding="utf-8")
    return [
        phrase for line in content.splitlines() if line and not line.startswith("#") for phrase in _phrases_of(line)
    ]


@cache
def plain_sentences() -> tuple[str, ...]:
    """The plain sentences, those that have a side for each."""
    return tuple(dict.fromkeys(text for phrase in read_phrases() for text in phrase.plain.values()))


def _phrases_of(line: str) -> Iterator[Phrase]:
    """The phrases of a line; the plain sentence is one itself."""
    sentence, _, others = line.partition(": ")
    if sentence == "none":
        yield from (Phrase(f"a person {inflect(other, 'third')}", other.split()[0], {}) for other in others.split("; "))
        return
    bare, full = re.sub(r" \[.*\]", "", sentence), re.sub(r"[\[\]]", "", sentence)
    plain = {} if "SIDE" in bare else {"": bare}
    if "SIDE" in full:
        plain |= {side: full.replace("SIDE", side) for side in ("left", "right")}
    phrases = [
        Phrase(f"a person {inflect(told, 'third')}", other.split()[0], plain)
        for other in (others.split("; ") if others else ())
        if (told := _ONES.sub("the", other).replace("SIDE", "left"))
    ]
    own = full.replace("SIDE", "left")
    if own not in {phrase.text for phrase in phrases}:
        yield Phrase(own, "", plain)
    yield from phrases


def stored_vectors(digest: str) -> np.ndarray | None:
    """The (N, D) vectors that ``tools/store_phrases.py`` wrote; None when they are of other phrases."""
    content = resources.files("motiongpt.generation").joinpath(VECTORS)
    if not content.is_file():
        return None
    tensors = load(content.read_bytes())
    if tensors["digest"].tobytes().hex() != digest:
        return None
    return tensors["vectors"].astype(np.float32) * tensors["scale"]


def _limbs_agree(clause: str, plain: str) -> bool:
    """Whether a plain sentence moves what a clause says is moved, arms or legs."""
    actions = {check.action for check in checks(plain)}
    if _BY["legs"].search(clause) and actions & _OF_ARMS and not actions & _OF_LEGS:
        return False
    if _BY["arms"].search(clause) and actions & _OF_LEGS and not actions & _OF_ARMS:
        return False
    return not _MOVES_ARMS.search(clause) or not actions or bool(actions & _OF_ARMS)


def _agree(said: frozenset[tuple[str, int]], other: frozenset[tuple[str, int]]) -> bool:
    """Whether two sentences have the same side and sense of rotation, and no different ways."""
    sides, ways = (
        [{one for one in told if one[0] in names} - {_BOTH} for told in (said, other)] for names in (_SAME, ("way",))
    )
    return sides[0] == sides[1] and (not ways[0] or not ways[1] or ways[0] == ways[1])
