"""Captions against references: BLEU (Papineni et al. 2002), ROUGE-L (Lin 2004), CIDEr-D (Vedantam et al. 2015).

In pure Python, with the definitions of the COCO caption evaluation (Chen et al. 2015), which the published figures of
motion captioning use, some after its tokenizer, most without. Also: whether a caption names the right action and side.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from motiongpt.errors import MotionGPTError
from motiongpt.text.action_words import actions, sides

ORDERS = 4
"""Longest n-grams that BLEU and CIDEr count."""
NAMES = (*(f"bleu_{order}" for order in range(1, ORDERS + 1)), "rouge_l", "cider")
# Weight of recall in ROUGE-L, and width in words of the length penalty of CIDEr, as in COCO.
_BETA = 1.2
_SIGMA = 6.0
_RESAMPLES = 1000
# Words that do not distinguish motions: who moves, and function words.
_FUNCTION_WORDS = re.compile(
    r"(an?|the|is|are|and|then|s?he|it|his|her|their|its|they|person|people|(wo)?man|guy|some(one|body)|figure|human|"
    r"individual|subject)"
)

_CLITICS = re.compile(r"(?<=\w)(n't|'(?:s|m|d|re|ve|ll))\b")
_PARTS = re.compile(r"n't|'(?:s|m|d|re|ve|ll)\b|[^\W_]+(?:[-'.,/_][^\W_]+)*")


def _split_raw(text: str) -> list[str]:
    return text.split()


def _split_ptb(text: str) -> list[str]:
    """Words in lower case without punctuation; "isn't" is two tokens and "t-pose" one, as in the Penn Treebank."""
    return _PARTS.findall(_CLITICS.sub(r" \1", text.lower().replace("’", "'")))


TOKENS: dict[str, Callable[[str], list[str]]] = {"raw": _split_raw, "ptb": _split_ptb}
"""Word tokenizers: ``raw`` splits at white space only, ``ptb`` lower-cases and drops punctuation."""


@dataclass(frozen=True)
class CaptionStatistics:
    """Sufficient statistics of the scores of a set of captions, one row per caption.

    Attributes:
        matches: (N, 4) number of n-grams, n from 1 to 4, that a reference has as well, clipped to its count.
        guesses: (N, 4) number of n-grams of the caption.
        lengths: (N, 2) words of the caption, and of the reference nearest in length.
        rouge: (N,) ROUGE-L, 0 to 1.
        cider: (N,) CIDEr-D, 0 to 10.
    """

    matches: np.ndarray
    guesses: np.ndarray
    lengths: np.ndarray
    rouge: np.ndarray
    cider: np.ndarray

    def score(self, rows: np.ndarray | None = None) -> dict[str, float]:
        """Corpus BLEU, mean ROUGE-L and mean CIDEr of the captions in ``rows`` (None for all), in percent."""
        chosen = slice(None) if rows is None else rows
        matches, guesses = self.matches[chosen].sum(0), self.guesses[chosen].sum(0)
        own, reference = self.lengths[chosen].sum(0)
        brevity = math.exp(min(0.0, 1 - reference / own)) if own else 0.0
        # Captions that share no 4-gram with their references have BLEU-4 0.
        with np.errstate(divide="ignore"):
            means = np.cumsum(np.log(matches / np.maximum(guesses, 1))) / np.arange(1, ORDERS + 1)
        values = [*(brevity * np.exp(means)), self.rouge[chosen].mean(), self.cider[chosen].mean()]
        return {name: 100 * float(value) for name, value in zip(NAMES, values, strict=True)}

    def intervals(self, seed: int = 0) -> dict[str, float]:
        """Half the width of the 95 % interval of each score: 1.96 standard deviations of 1000 bootstrap samples."""
        rng = np.random.default_rng(seed)
        count = len(self.rouge)
        drawn = [self.score(rng.integers(count, size=count)) for _ in range(_RESAMPLES)]
        return {name: 1.96 * float(np.std([one[name] for one in drawn])) for name in NAMES}


def statistics(
    hypotheses: Sequence[str], references: Sequence[Sequence[str]], tokens: str = "raw"
) -> CaptionStatistics:
    """Compare captions with the references of the same clips.

    Args:
        hypotheses: one caption per clip; an empty caption matches nothing.
        references: one or more per clip; empty references are dropped.
        tokens: a key of :data:`TOKENS`.

    Raises:
        MotionGPTError: there are no captions, their number is not that of the clips, a clip has no reference, or the
            tokenizer is unknown.
    """
    if tokens not in TOKENS:
        raise MotionGPTError(f"There is no tokenizer {tokens!r} of captions: choose {' or '.join(TOKENS)}.")
    if not hypotheses or len(hypotheses) != len(references):
        raise MotionGPTError(
            f"Each caption needs references, but there are {len(hypotheses)} captions and {len(references)} sets of "
            "references."
        )
    split = TOKENS[tokens]
    own = [split(text) for text in hypotheses]
    others: list[list[list[str]]] = []
    for number, given in enumerate(references):
        if isinstance(given, str):
            raise MotionGPTError(f"The references of caption {number} must be a list of texts, not a single text.")
        found = [words for words in map(split, given) if words]
        if not found:
            raise MotionGPTError(
                f"Caption {number} ({hypotheses[number]!r}) has no reference: give at least one text that is not empty."
            )
        others.append(found)
    own_grams = [_grams(words) for words in own]
    other_grams = [[_grams(words) for words in texts] for texts in others]
    matches, guesses = np.zeros((2, len(own), ORDERS))
    lengths = np.zeros((len(own), 2))
    for row, (words, grams, texts, known) in enumerate(zip(own, own_grams, others, other_grams, strict=True)):
        guesses[row] = [max(len(words) - order, 0) for order in range(ORDERS)]
        max_counts: Counter[tuple[str, ...]] = Counter()
        for counts in known:
            max_counts |= counts
        for gram, count in (grams & max_counts).items():
            matches[row, len(gram) - 1] += count
        nearest = min((abs(len(text) - len(words)), len(text)) for text in texts)[1]
        lengths[row] = len(words), nearest
    rouge = np.array([_rouge_l(words, texts) for words, texts in zip(own, others, strict=True)])
    return CaptionStatistics(matches, guesses, lengths, rouge, _cider(own_grams, other_grams))


def score(hypotheses: Sequence[str], references: Sequence[Sequence[str]], tokens: str = "raw") -> dict[str, float]:
    """Score captions against the references of the same clips, in percent; see :func:`statistics`.

    The scores of the same captions differ by several points between tokenizers, and threefold between references as
    people wrote them and lemmatised references: always report which.

    Returns:
        ``bleu_1`` to ``bleu_4`` (of the corpus, reference length nearest to the caption's), ``rouge_l`` (beta 1.2,
        best precision and recall over the references) and ``cider`` (CIDEr-D, its usual factor of 10 included).

    Raises:
        MotionGPTError: as :func:`statistics`.
    """
    return statistics(hypotheses, references, tokens).score()


def _grams(words: Sequence[str]) -> Counter[tuple[str, ...]]:
    return Counter(
        tuple(words[start : start + order]) for order in range(1, ORDERS + 1) for start in range(len(words) - order + 1)
    )


def _rouge_l(words: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    if not words:
        return 0.0
    common = [_longest_common(words, reference) for reference in references]
    precision = max(common) / len(words)
    recall = max(count / len(reference) for count, reference in zip(common, references, strict=True))
    if not precision or not recall:
        return 0.0
    return (1 + _BETA**2) * precision * recall / (recall + _BETA**2 * precision)


def _longest_common(first: Sequence[str], second: Sequence[str]) -> int:
    """Length of the longest common subsequence."""
    row = [0] * (len(second) + 1)
    for word in first:
        corner = 0
        for place, other in enumerate(second, start=1):
            corner, row[place] = row[place], corner + 1 if word == other else max(row[place], row[place - 1])
    return row[-1]


def _cider(own: Sequence[Counter[tuple[str, ...]]], others: Sequence[Sequence[Counter[tuple[str, ...]]]]) -> np.ndarray:
    """(N,) CIDEr-D, 0 to 10. The document frequency of an n-gram is counted over the references of these clips."""
    found: Counter[tuple[str, ...]] = Counter()
    for texts in others:
        found.update({gram for counts in texts for gram in counts})
    clips = math.log(len(others))

    def weighted(counts: Counter[tuple[str, ...]]) -> tuple[dict[tuple[str, ...], float], list[float], int]:
        weights = {gram: count * (clips - math.log(max(found[gram], 1))) for gram, count in counts.items()}
        norms = [0.0] * ORDERS
        for gram, weight in weights.items():
            norms[len(gram) - 1] += weight**2
        # COCO measures the length in bigrams.
        return weights, [math.sqrt(norm) for norm in norms], sum(n for gram, n in counts.items() if len(gram) == 2)

    scores = np.zeros(len(own))
    for row, (counts, texts) in enumerate(zip(own, others, strict=True)):
        weights, norms, length = weighted(counts)
        for reference in texts:
            other_weights, other_norms, other_length = weighted(reference)
            products = [0.0] * ORDERS
            for gram, weight in weights.items():
                other = other_weights.get(gram, 0.0)
                products[len(gram) - 1] += min(weight, other) * other
            cosines = [
                product / (norm * other_norm) if norm and other_norm else 0.0
                for product, norm, other_norm in zip(products, norms, other_norms, strict=True)
            ]
            penalty = math.exp(-((length - other_length) ** 2) / (2 * _SIGMA**2))
            scores[row] += 10 * penalty * sum(cosines) / ORDERS / len(texts)
    return scores


def content_words(caption: str) -> str:
    """A caption in lower case without punctuation, articles, and words for who moves."""
    return " ".join(word for word in re.findall(r"[^\W_]+", caption.lower()) if not _FUNCTION_WORDS.fullmatch(word))


def judge_description(description: str, references: Sequence[str]) -> dict[str, bool | str | None]:
    """Compare the action and the side that a description names with those of the references.

    Returns:
        ``action``: whether the first action class of the description is among the classes of any reference; ``main``:
        whether it is the class that most references begin with; ``side``: ``"right"``, ``"wrong"`` or ``"silent"``.
        None if the references name no action, or do not agree on one side.
    """
    said = actions(description)
    named = [actions(text) for text in references]
    first = Counter(classes[0] for classes in named if classes)
    named_sides = [found for found in map(sides, references) if found]
    side: str | None = None
    if named_sides and len(set.union(*named_sides)) == 1:
        own = sides(description)
        side = "silent" if not own else "right" if own == named_sides[0] else "wrong"
    if not first:
        return {"action": None, "main": None, "side": side}
    known = {name for classes in named for name in classes}
    return {
        "action": bool(said) and said[0] in known,
        "main": bool(said) and first[said[0]] == max(first.values()),
        "side": side,
    }
