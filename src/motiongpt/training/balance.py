"""How often clips are drawn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def rarity_shares(captions: Sequence[Sequence[str]], power: float) -> np.ndarray:
    """Probability of each clip: it counts 1 / (clips that share its rarest common words) ** power.

    Args:
        captions: of each clip; one without, or without a common word, counts as one of rare actions.
        power: 0 draws all evenly.
    """
    documents = [set(" ".join(texts).lower().split()) for texts in captions]
    frequency: dict[str, int] = {}
    for document in documents:
        for word in document:
            frequency[word] = frequency.get(word, 0) + 1
    # Words that only a handful of clips use are names and slips rather than actions.
    floor = max(1, len(documents) // 100)
    rarity = [
        min([frequency[word] for word in document if frequency[word] >= floor] or [floor]) for document in documents
    ]
    shares = np.array(rarity, dtype=np.float64) ** -power
    return shares / shares.sum()
