"""Captions against references: BLEU (Papineni et al. 2002), ROUGE-L (Lin 2004), CIDEr-D (Vedantam et al. 2015).

In pure Python, with the definitions of the COCO caption evaluation (Chen et al. 2015), from which the published figures
of motion captioning come, some after its tokenizer, most without.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from motiongpt.errors import MotionGPTError

ORDERS = 4
"""Longest word sequences that BLEU and CIDEr count."""
NAMES = (*(f"bleu_{order}" for order in range(1, ORDERS + 1)), "rouge_l", "cider")
# Weight of recall in ROUGE-L, and width in words of CIDEr's penalty for another length, as COCO has them.
_BETA = 1.2
_SIGMA = 6.0
_RESAMPLES = 1000

_CLITICS = re.compile(r"(?<=\w)(n't|'(?:s|m|d|re|ve|ll))\b")
_PARTS = re.compile(r"n't|'(?:s|m|d|re|ve|ll)\b|[^\W_]+(?:[-'.,/_][^\W_]+)*")


def _split_raw(text: str) -> list[str]:
    return text.split()


def _split_ptb(text: str) -> list[str]:
    """Words in lower case without punctuation; "isn't" is two words and "t-pose" one, as in the Penn Treebank."""
    return _PARTS.findall(_CLITICS.sub(r" \1", text.lower().replace("’", "'")))


TOKENS: dict[str, Callable[[str], list[str]]] = {"raw": _split_raw, "ptb": _split_ptb}
"""Ways to split a caption into words: ``raw`` at white space only, ``ptb`` in lower case and without punctuation."""


@dataclass(frozen=True)
class CaptionStatistics:
    """What the scores of a set of captions are computed from, a row a caption.

    Attributes:
        matches: (N, 4) word sequences of 1 to 4 words that a reference has too, each as often as it has it.
        guesses: (N, 4) all word sequences of the caption.
        lengths: (N, 2) words of the caption and of the reference nearest in length.
        rouge: (N,) ROUGE-L, 0 to 1.
        cider: (N,) CIDEr-D, 0 to 10.
    """

    matches: np.ndarray
    guesses: np.ndarray
    lengths: np.ndarray
    rouge: np.ndarray
    cider: np.ndarray

    def score(self, rows: np.ndarray | None = None) -> dict[str, float]:
        """BLEU of the corpus, mean ROUGE-L and CIDEr of the captions of these rows (all when None), in percent."""
        chosen = slice(None) if rows is None else rows
        matches, guesses = self.matches[chosen].sum(0), self.guesses[chosen].sum(0)
        own, reference = self.lengths[chosen].sum(0)
        brevity = math.exp(min(0.0, 1 - reference / own)) if own else 0.0
        # A set of captions without any sequence of four words in common has BLEU-4 0.
        with np.errstate(divide="ignore"):
            means = np.cumsum(np.log(matches / np.maximum(guesses, 1))) / np.arange(1, ORDERS + 1)
        values = [*(brevity * np.exp(means)), self.rouge[chosen].mean(), self.cider[chosen].mean()]
        return {name: 100 * float(value) for name, value in zip(NAMES, values, strict=True)}

    def intervals(self, seed: int = 0) -> dict[str, float]:
        """Half the width of the 95 % interval of each score: 1.96 deviations of 1000 bootstrap sets of captions."""
        rng = np.random.default_rng(seed)
        count = len(self.rouge)
        drawn = [self.score(rng.integers(count, size=count)) for _ in range(_RESAMPLES)]
        return {name: 1.96 * float(np.std([one[name] for one in drawn])) for name in NAMES}


def statistics(
    hypotheses: Sequence[str], references: Sequence[Sequence[str]], tokens: str = "raw"
) -> CaptionStatistics:
    """Compare captions with the references of the same clips.

    Args:
        hypotheses: a caption for each clip; an empty one matches nothing.
        references: one or more for each clip; empty ones are left out.
        tokens: a key of :data:`TOKENS`.

    Raises:
        MotionGPTError: no captions, other numbers of captions and clips, a clip without references, unknown tokens.
    """
    if tokens not in TOKENS:
        raise MotionGPTError(f"Captions are split into {' or '.join(TOKENS)} tokens, not {tokens!r}.")
    if not hypotheses or len(hypotheses) != len(references):
        raise MotionGPTError(
            f"Each caption needs its references: there are {len(hypotheses)} captions and {len(references)} sets of "
            "references."
        )
    split = TOKENS[tokens]
    own = [split(text) for text in hypotheses]
    others: list[list[list[str]]] = []
    for number, given in enumerate(references):
        if isinstance(given, str):
            raise MotionGPTError(f"The references of caption {number} must be a list of texts, not one text.")
        found = [words for words in map(split, given) if words]
        if not found:
            raise MotionGPTError(f"Caption {number} ({hypotheses[number]!r}) has no reference that is not empty.")
        others.append(found)
    own_grams = [_grams(words) for words in own]
    other_grams = [[_grams(words) for words in texts] for texts in others]
    matches, guesses = np.zeros((2, len(own), ORDERS))
    lengths = np.zeros((len(own), 2))
    for row, (words, grams, texts, known) in enumerate(zip(own, own_grams, others, other_grams, strict=True)):
        guesses[row] = [max(len(words) - order, 0) for order in range(ORDERS)]
        most: Counter[tuple[str, ...]] = Counter()
        for counts in known:
            most |= counts
        for gram, count in (grams & most).items():
            matches[row, len(gram) - 1] += count
        nearest = min((abs(len(text) - len(words)), len(text)) for text in texts)[1]
        lengths[row] = len(words), nearest
    rouge = np.array([_rouge_l(words, texts) for words, texts in zip(own, others, strict=True)])
    return CaptionStatistics(matches, guesses, lengths, rouge, _cider(own_grams, other_grams))


def score(hypotheses: Sequence[str], references: Sequence[Sequence[str]], tokens: str = "raw") -> dict[str, float]:
    """Scores of captions against the references of the same clips, in percent; see :func:`statistics`.

    The same captions score several points apart by ``tokens``, and threefold by what the references are (as people
    wrote them, or lemmatised): always tell which.

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
    """(N,) CIDEr-D, 0 to 10. How rare a word sequence is, is counted over the references of these clips."""
    found: Counter[tuple[str, ...]] = Counter()
    for texts in others:
        found.update({gram for counts in texts for gram in counts})
    clips = math.log(len(others))

    def weighted(counts: Counter[tuple[str, ...]]) -> tuple[dict[tuple[str, ...], float], list[float], int]:
        weights = {gram: count * (clips - math.log(max(found[gram], 1))) for gram, count in counts.items()}
        norms = [0.0] * ORDERS
        for gram, weight in weights.items():
            norms[len(gram) - 1] += weight**2
        # COCO measures the length in word pairs.
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
