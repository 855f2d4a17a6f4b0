"""Prototypes: canonical sentences that stand for sentences whose words the model does not know.

The table of actions has a few canonical sentences for every action that joints can show, and verb phrases that say the
same: "parks himself on a stool" is "sits down". A pretrained sentence encoder finds the nearest phrase; if the verb of
the sentence is the verb of some phrases, it searches only these: "struts down the runway" is not near to "puts
something down" then. The table has phrases of what joints cannot show, too, because no canonical sentence says "plays
the piano".
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, partial
from importlib import resources

import numpy as np
from safetensors.numpy import load

from motiongpt.generation.checks import Check, checks, names_action, with_manner
from motiongpt.lm.sentence_encoder import SentenceEncoder, sentence_vectors
from motiongpt.text.actions import action_table, limb_nouns, unjudged_phrases
from motiongpt.text.contrasts import contrasts
from motiongpt.text.morphology import inflect, verb_forms
from motiongpt.text.numbers import count_in, without_count, without_duration
from motiongpt.text.patterns import fill, sides_of, unique

VECTORS = "phrase_vectors.safetensors"
# Cosine from which two sentences of MiniLM mostly speak of the same action.
CLOSE = 0.5
# Largest difference of a stored vector's components from what the same encoder computes.
_ROUNDED = 0.005
_ONES = re.compile(r"\bone's\b")
(_BOTH,) = contrasts("both")
_SIDE = re.compile(r"\b(?:left|right)\b", re.IGNORECASE)
_TOWARD = re.compile(r" to (?:the|his|her|their) (?:left|right)\b(?! (?:arm|hand|leg|foot|knee|elbow|shoulder))")
# What stands before a noun: "a left hook" does not speak of hooking.
_BEFORE_NOUN = re.compile(
    "an?|the|his|her|their|its|one's|this|that|each|every|some|no|left|right|both|of|with|in|on|at|by|for|from|into|"
    "onto|over|under|through|across|around|towards?|against|like|without|behind"
)


@dataclass(frozen=True)
class Phrase:
    """A verb phrase as a sentence.

    Attributes:
        text: with the left side, if there is one.
        verb: in its base form; empty for a canonical sentence itself.
        canonical: the canonical sentences that say the same, by side, the one without a side by "". Empty for what
            joints cannot show.
    """

    text: str
    verb: str
    canonical: dict[str, str]


@dataclass(frozen=True)
class _Canonical:
    """A canonical sentence and what is known of it.

    Attributes:
        text: the sentence.
        checks: of it.
        contrasts: of it.
        phrases: numbers of the phrases that say the same.
    """

    text: str
    checks: frozenset[Check]
    contrasts: frozenset[tuple[str, int]]
    phrases: np.ndarray


class Prototypes:
    """The canonical sentences in the space of a sentence encoder.

    Args:
        sentence_encoder: pretrained encoder.
    """

    def __init__(self, sentence_encoder: SentenceEncoder) -> None:
        self.sentence_encoder = sentence_encoder
        # In alphabetical order, as the stored vectors are: rows of the table may change places.
        self.phrases = sorted(read_phrases(), key=lambda phrase: phrase.text)
        self.sentences = canonical_sentences()

    @cached_property
    def digest(self) -> str:
        """Hash of the phrases in their order."""
        return hashlib.sha256("\n".join(phrase.text for phrase in self.phrases).encode()).hexdigest()

    @cached_property
    def vectors(self) -> np.ndarray:
        """(N, D) float32 unit vectors of the phrases: the stored ones if the encoder is the one that computed them."""
        stored = stored_vectors(self.digest)
        sample = slice(None, None, 500)
        if stored is not None:
            computed = self.encode([phrase.text for phrase in self.phrases[sample]])
            if computed.shape[1] == stored.shape[1] and np.abs(computed - stored[sample]).max() < _ROUNDED:
                return stored
        return self.encode_phrases()

    def encode_phrases(self) -> np.ndarray:
        """(N, D) float32 unit vectors of the phrases, computed anew."""
        # Sentences of one length have no padding, which costs as much as words.
        order = sorted(range(len(self.phrases)), key=lambda number: len(self.phrases[number].text))
        texts = [self.phrases[number].text for number in order]
        vectors = np.concatenate([self.encode(texts[start : start + 64]) for start in range(0, len(texts), 64)])
        return vectors[np.argsort(order)]

    def encode(self, sentences: Sequence[str]) -> np.ndarray:
        """(N, D) float32 unit vectors of sentences."""
        return sentence_vectors(self.sentence_encoder.encode(sentences)).cpu().numpy()

    def nearest(self, clause: str, *paraphrases: str) -> str | None:
        """The canonical sentence that says the same as a clause of one action; None if none is near.

        It asks for all that the clause asks for, see :func:`motiongpt.generation.checks.checks`, on no other side. For
        a clause that names its action that is enough, without another direction, and of several canonical sentences the
        one with the fewest checks is taken. Otherwise the sentence must be near to the clause or to one of its
        paraphrases; it gets the pace and the direction of the clause.

        Args:
            clause: in familiar words.
            paraphrases: other words for it; the user's own words last.
        """
        # Canonical sentences have no counts; the clause's is put behind them.
        if count := count_in(clause):
            single = self.nearest(without_count(clause), *map(without_count, paraphrases))
            return None if single is None else f"{single} {count}"
        texts = (clause, *paraphrases)
        queries = self.encode([without_duration(_SIDE.sub("left", text)) for text in texts])
        likeness = (self.vectors @ queries.T).max(axis=1)
        return self._of_named_action(clause, likeness) if names_action(clause) else self._of_verb(texts, likeness)

    def _of_named_action(self, clause: str, likeness: np.ndarray) -> str | None:
        """The canonical sentence for a clause that names its action."""
        requested, own = set(checks(clause)), contrasts(clause)
        fitting = [one for one in self._canonical if requested <= one.checks and _agree(own, one.contrasts)]

        def rank(one: _Canonical) -> tuple[int, float]:
            return len(one.checks), -max(0.0, float(likeness[one.phrases].max()))

        return min(fitting, key=rank).text if fitting else None

    def _of_verb(self, texts: Sequence[str], likeness: np.ndarray) -> str | None:
        """The canonical sentence for a clause that does not name its action: the first of its texts."""
        clause = texts[0].lower()
        sides = set(_SIDE.findall(clause))
        if len(sides) > 1:
            return None
        side = "".join(sides)
        # The user's own words first: phrases know more of a verb than the thesaurus, whose word the clause may have.
        verb = next((verb for text in reversed(texts) if (verb := self._verb(text))), "")
        every = np.arange(len(self.phrases))
        own = self._by_verb.get(verb, every[:0])
        # A verb that always says the same needs no likeness.
        close = CLOSE if len({tuple(self.phrases[number].canonical.items()) for number in own}) > 1 else -1.0
        # The side may be that of a limb that says little of the action: "limps, dragging his left leg".
        for numbers, chosen, limit in ((own, side, close), (own, "", close), (every, side, CLOSE)):
            near = numbers[likeness[numbers] >= limit]
            # Many phrases share a canonical sentence.
            fitted = cache(partial(_fitted, clause=clause, toward=chosen != side))
            for number in near[np.argsort(-likeness[near], kind="stable")]:
                canonical = self.phrases[number].canonical
                if not canonical:
                    return None
                if chosen in canonical and (found := fitted(canonical[chosen])):
                    return found
        return None

    @cached_property
    def _canonical(self) -> list[_Canonical]:
        """Every canonical sentence, in the order of the table."""
        numbers = defaultdict(list)
        for number, phrase in enumerate(self.phrases):
            for text in phrase.canonical.values():
                numbers[text].append(number)
        return [
            _Canonical(text, frozenset(checks(text)), contrasts(text), np.array(numbers[text]))
            for text in self.sentences
        ]

    @cached_property
    def _verb_of_form(self) -> dict[str, str]:
        """The base form of every form of the verbs of the phrases."""
        # "Is" is mostly no verb of its own: "is collapsing".
        verbs = sorted({phrase.verb for phrase in self.phrases} - {"", "be"})
        # "Lay" is the base form of "lay" before it is the past of "lie".
        return {form: verb for verb in verbs for form in verb_forms(verb)} | {verb: verb for verb in verbs}

    @cached_property
    def _by_verb(self) -> dict[str, np.ndarray]:
        """Numbers of the phrases of each verb."""
        found = defaultdict(list)
        for number, phrase in enumerate(self.phrases):
            # A canonical sentence says its own verb: "walks" alone is none of "walks briskly", "walks home".
            found[self._verb_of_form.get(phrase.verb or phrase.text.split()[2], "")].append(number)
        return {verb: np.array(numbers) for verb, numbers in found.items() if verb}

    def _verb(self, sentence: str) -> str | None:
        """The first word that is a form of a verb of the phrases and no noun, in its base form."""
        words = re.findall(r"[a-z]+(?:['-][a-z]+)*", sentence.lower())
        for before, word in zip(["", *words], words, strict=False):
            if word in self._verb_of_form and not _BEFORE_NOUN.fullmatch(before):
                return self._verb_of_form[word]
        return None


def read_phrases() -> list[Phrase]:
    """The canonical sentences and all phrases of the table of actions, in its order."""
    phrases = [
        phrase
        for action in action_table().values()
        for pattern, others in action.sentences
        for phrase in _phrases_of(pattern, others)
    ]
    return [*phrases, *(Phrase(_sentence(other), _verb(other), {}) for other in unjudged_phrases())]


@cache
def canonical_sentences() -> tuple[str, ...]:
    """The canonical sentences in the order of the table, those with a side once for each."""
    patterns = [pattern for action in action_table().values() for pattern, _ in action.sentences]
    return tuple(unique(text for pattern in patterns for text in _by_side(pattern).values()))


def _by_side(pattern: str) -> dict[str, str]:
    """The sentences of a pattern by side: what stands in brackets is said only of a side."""
    bare, full = re.sub(r" \[.*\]", "", pattern), re.sub(r"[\[\]]", "", pattern)
    sentences = {} if "SIDE" in bare else {"": bare}
    return sentences | {side: fill(full, side) for side in sides_of(full) if side}


def _phrases_of(pattern: str, others: Sequence[str]) -> Iterator[Phrase]:
    """A canonical sentence as a phrase of its own, and the phrases that say the same."""
    canonical = _by_side(pattern)
    phrases = [Phrase(_sentence(other), _verb(other), canonical) for other in others]
    own = canonical.get("left") or canonical[""]
    if own not in {phrase.text for phrase in phrases}:
        yield Phrase(own, "", canonical)
    yield from phrases


def _sentence(phrase: str) -> str:
    """A verb phrase as a sentence, with the left side."""
    return f"a person {inflect(fill(_ONES.sub('the', phrase), 'left'), 'third')}"


def _verb(phrase: str) -> str:
    return phrase.split()[0]


def stored_vectors(digest: str) -> np.ndarray | None:
    """The (N, D) vectors that ``recipes/embedded/tools/store_phrases.py`` wrote; None if they are of other phrases."""
    content = resources.files("motiongpt.generation").joinpath(VECTORS)
    if not content.is_file():
        return None
    tensors = load(content.read_bytes())
    if tensors["digest"].tobytes().hex() != digest:
        return None
    return tensors["vectors"].astype(np.float32) * tensors["scale"]


def _fitted(sentence: str, clause: str, toward: bool) -> str | None:
    """A canonical sentence with pace and direction of a clause in lower case; None if it does not do what that asks.

    Args:
        toward: the clause says its side of the direction, not of a limb of the sentence.
    """
    direction = "".join(_TOWARD.findall(clause)[:1]) if toward else ""
    text = with_manner(sentence + direction, clause)
    return text if set(checks(clause)) <= set(checks(text)) and _limbs_agree(clause, text) else None


@cache
def _limb_patterns() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """Patterns for "with the left hand", for "with the left foot", and for "waggles a raised hand"."""
    arms, legs = (
        re.compile(rf"\bwith (?:both|one|an?|the|his|her|their)? ?(?:left |right )?(?:{limb_nouns(limbs)})\b")
        for limbs in ("arms", "legs")
    )
    moves_arms = re.compile(
        r"\b\w+s (?:(?:up|out) )?(?:both|one|an?|the|his|her|their)(?: \w+)? ?(?:left |right )?"
        rf"(?:{limb_nouns('arms')})\b"
    )
    return arms, legs, moves_arms


def _limbs_agree(clause: str, canonical: str) -> bool:
    """Whether a canonical sentence moves what a clause says is moved, arms or legs."""
    with_arms, with_legs, moves_arms = _limb_patterns()
    requested = checks(canonical)
    limbs = {action_table()[check.action].limbs for check in requested}
    if with_legs.search(clause) and "arms" in limbs and "legs" not in limbs:
        return False
    if with_arms.search(clause) and "legs" in limbs and "arms" not in limbs:
        return False
    return not moves_arms.search(clause) or not requested or "arms" in limbs


def _agree(own: frozenset[tuple[str, int]], other: frozenset[tuple[str, int]]) -> bool:
    """Whether two sentences have the same side and sense of rotation, and no different directions."""
    sides, directions = (
        [{one for one in said if one[0] in names} - {_BOTH} for said in (own, other)]
        for names in (("side", "rotation"), ("direction",))
    )
    return sides[0] == sides[1] and (not directions[0] or not directions[1] or directions[0] == directions[1])
