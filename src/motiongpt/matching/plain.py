"""Plain sentences for sentences whose words the model does not know.

A pretrained sentence encoder knows that "parks himself on a stool" is near to "sits down on a chair", though no caption
of motion says it so. ``plain_sentences.txt`` has a few sentences for every action that geometry can tell.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, cached_property
from importlib import resources

import numpy as np

from motiongpt.language.contraries import contrasts
from motiongpt.language.reader import SentenceReader, sentence_vectors
from motiongpt.matching.checks import checks, names_action

# Cosine from which two sentences of MiniLM mostly speak of the same action.
CLOSE = 0.42
_SAME = ("side", "rotation")
(_BOTH,) = contrasts("both")
_COUNT = re.compile(r"\b(?:once|twice|thrice|(?:one|two|three|four|five|\d) times?)\b", re.IGNORECASE)


@cache
def plain_sentences() -> tuple[str, ...]:
    """The sentences of ``plain_sentences.txt``."""
    content = resources.files("motiongpt.matching").joinpath("plain_sentences.txt").read_text(encoding="utf-8")
    return tuple(content.splitlines())


class PlainSentences:
    """The plain sentences, as a reader sees them.

    Args:
        reader: pretrained encoder.
    """

    def __init__(self, reader: SentenceReader) -> None:
        self.reader = reader
        self.sentences = plain_sentences()

    @cached_property
    def _vectors(self) -> np.ndarray:
        return self._read(self.sentences)

    def _read(self, sentences: Sequence[str]) -> np.ndarray:
        return sentence_vectors(self.reader.read(sentences)).cpu().numpy()

    def nearest(self, clause: str, *wordings: str) -> str | None:
        """The plain sentence that says of one action what a clause says; None when none is near.

        It asks for all that the clause asks for, see :func:`motiongpt.matching.checks.checks`, has the same side and
        sense of rotation and no other way. When the clause names its action, that is enough, and the plain sentence is
        the one that asks for the least besides; otherwise it must be near to the clause or to one of the wordings.
        """
        # The plain sentences have no counts; one is put behind them.
        if count := _COUNT.search(clause):
            single = self.nearest(" ".join(_COUNT.sub("", clause).split()))
            return None if single is None else f"{single} {count[0].lower()}"
        asked, told = set(checks(clause)), contrasts(clause)
        fitting = [
            number
            for number, sentence in enumerate(self.sentences)
            if asked <= set(checks(sentence)) and _agree(told, contrasts(sentence))
        ]
        if not fitting:
            return None
        fits = (self._vectors[fitting] @ self._read([clause, *wordings]).T).max(axis=1)
        if not names_action(clause):
            best = int(fits.argmax())
            return self.sentences[fitting[best]] if fits[best] >= CLOSE else None
        more = [len(checks(self.sentences[number])) for number in fitting]
        return self.sentences[min(zip(more, -fits, fitting, strict=True))[2]]


def _agree(said: frozenset[tuple[str, int]], other: frozenset[tuple[str, int]]) -> bool:
    """Whether two sentences have the same side and sense of rotation, and no different ways."""
    sides, ways = (
        [{one for one in told if one[0] in names} - {_BOTH} for told in (said, other)] for names in (_SAME, ("way",))
    )
    return sides[0] == sides[1] and (not ways[0] or not ways[1] or ways[0] == ways[1])
