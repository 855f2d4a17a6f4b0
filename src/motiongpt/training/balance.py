"""Probabilities of clips, balanced by the rarity of their words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def rarity_shares(captions: Sequence[Sequence[str]], power: float) -> np.ndarray:
    """Probability (N,) of drawing each clip, proportional to 1 / (clips with its rarest common word) ** power.

    Args:
        captions: captions of each clip; a clip without a common word counts as rare.
        power: 0 draws uniformly.
    """
    documents = [set(" ".join(texts).lower().split()) for texts in captions]
    frequency: dict[str, int] = {}
    for document in documents:
        for word in document:
            frequency[word] = frequency.get(word, 0) + 1
    # Words of only a handful of clips are names and typos rather than actions.
    floor = max(1, len(documents) // 100)
    rarity = [
        min([frequency[word] for word in document if frequency[word] >= floor] or [floor]) for document in documents
    ]
    shares = np.array(rarity, dtype=np.float64) ** -power
    return shares / shares.sum()
