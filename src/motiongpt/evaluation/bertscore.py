"""BERTScore (Zhang et al., ICLR 2020) of captions, if its model is on this machine: nothing is downloaded."""

from __future__ import annotations

import importlib.util
import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

MODEL = "roberta-large"
LAYER = 17
"""The layer that correlates best with human judgement; all published scores of English captions use it."""
BASELINE = 0.83122575
"""F of random English sentences, from the table of the bert-score package 0.3; rescaled scores map it to 0."""
_BATCH = 64


def bert_score(
    hypotheses: Sequence[str], references: Sequence[Sequence[str]], *, model: str = MODEL, layer: int = LAYER
) -> dict[str, float] | str:
    """F of captions against the references of the same clips, in percent, with idf weights.

    Args:
        model: a folder, or a hub id whose files are already on this machine.
        layer: the layer whose hidden states are compared.

    Returns:
        ``bertscore`` and ``bertscore_rescaled`` (the second is meaningful only for ``MODEL`` and ``LAYER``), or a
        sentence that says why they cannot be measured.
    """
    if importlib.util.find_spec("transformers") is None:
        return "not measured: it needs pip install 'motiongpt[hub]'"
    if not Path(model).is_dir() and not _is_cached(model):
        return f"not measured: the model {model} is not on this machine"
    from transformers import AutoModel, AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(model, local_files_only=True, add_prefix_space=True)
        network = AutoModel.from_pretrained(model, local_files_only=True).eval()
    except (OSError, ValueError) as error:
        return f"not measured: the model {model} cannot be read ({type(error).__name__})"
    flat = [text.strip() for texts in references for text in texts]
    ids = {text: tokenizer(text, truncation=True)["input_ids"] for text in [*flat, *(h.strip() for h in hypotheses)]}
    # Document frequencies are those of the references; the marks of start and end have weight 0.
    found = Counter(token for text in flat for token in set(ids[text]))
    marks = {tokenizer.cls_token_id, tokenizer.sep_token_id}
    states = _states(network, tokenizer.pad_token_id, ids, layer)

    def weights(text: str) -> Tensor:
        values = [0.0 if t in marks else math.log((len(flat) + 1) / (found[t] + 1)) for t in ids[text]]
        return torch.tensor(values)

    best = []
    for caption, texts in zip(hypotheses, references, strict=True):
        own, own_weights = states[caption.strip()], weights(caption.strip())
        scores = []
        for text in (text.strip() for text in texts):
            likeness = own @ states[text].T
            precision = _mean(likeness.max(1).values, own_weights)
            recall = _mean(likeness.max(0).values, weights(text))
            scores.append(2 * precision * recall / (precision + recall) if precision + recall else 0.0)
        best.append(max(scores))
    mean = float(np.mean(best))
    return {"bertscore": 100 * mean, "bertscore_rescaled": 100 * (mean - BASELINE) / (1 - BASELINE)}


def _is_cached(model: str) -> bool:
    from huggingface_hub import try_to_load_from_cache

    return isinstance(try_to_load_from_cache(model, "config.json"), str)


def _mean(values: Tensor, weights: Tensor) -> float:
    total = float(weights.sum())
    return float((values * weights).sum()) / total if total else 0.0


@torch.inference_mode()
def _states(network: Any, padding: int, ids: dict[str, list[int]], layer: int) -> dict[str, Tensor]:
    """Unit vectors (n, width) of the word pieces of every text."""
    order = sorted(ids, key=lambda text: len(ids[text]))
    states = {}
    for start in range(0, len(order), _BATCH):
        some = order[start : start + _BATCH]
        longest = max(len(ids[text]) for text in some)
        batch = torch.tensor([ids[text] + [padding] * (longest - len(ids[text])) for text in some])
        mask = torch.tensor([[1] * len(ids[text]) + [0] * (longest - len(ids[text])) for text in some])
        hidden = network(input_ids=batch, attention_mask=mask, output_hidden_states=True).hidden_states[layer]
        for text, row in zip(some, F.normalize(hidden, dim=-1), strict=True):
            states[text] = row[: len(ids[text])]
    return states
