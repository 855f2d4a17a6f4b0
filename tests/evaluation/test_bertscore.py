"""BERTScore against the formula of the paper in loops, with a small model of random weights."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from motiongpt.evaluation.bertscore import bert_score

HYPOTHESES = ["a person walks", "jump right", "person"]
REFERENCES = [["a person walks forward", "walking person"], ["person jumps"], ["person", "walk walk walk"]]


def test_equals_the_formula(bert_folder: Path) -> None:
    from transformers import AutoTokenizer, BertModel

    tokenizer, network = AutoTokenizer.from_pretrained(bert_folder), BertModel.from_pretrained(bert_folder).eval()
    flat = [text for texts in REFERENCES for text in texts]

    def pieces(text: str) -> tuple[list[int], np.ndarray]:
        ids = [i for i in tokenizer(text)["input_ids"] if i != tokenizer.pad_token_id]
        with torch.inference_mode():
            rows = network(torch.tensor([ids]), output_hidden_states=True).hidden_states[1][0].numpy()
        return ids, rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def rare(piece: int) -> float:
        if piece in (tokenizer.cls_token_id, tokenizer.sep_token_id):
            return 0.0
        return math.log((len(flat) + 1) / (sum(piece in pieces(text)[0] for text in flat) + 1))

    expected = []
    for caption, texts in zip(HYPOTHESES, REFERENCES, strict=True):
        scores = []
        for text in texts:
            (own, first), (other, second) = pieces(caption), pieces(text)
            closest = (
                [max(float(a @ b) for b in second) for a in first],
                [max(float(a @ b) for a in first) for b in second],
            )
            precision, recall = (
                np.average(values, weights=[rare(i) for i in ids])
                for values, ids in zip(closest, (own, other), strict=True)
            )
            scores.append(2 * precision * recall / (precision + recall))
        expected.append(max(scores))
    found = bert_score(HYPOTHESES, REFERENCES, model=str(bert_folder), layer=1)
    assert isinstance(found, dict)
    assert found["bertscore"] == pytest.approx(100 * np.mean(expected), rel=1e-4)
    assert found["bertscore_rescaled"] < found["bertscore"]
    same = bert_score(HYPOTHESES, [[text] for text in HYPOTHESES], model=str(bert_folder), layer=1)
    assert isinstance(same, dict)
    assert same["bertscore"] == pytest.approx(100, abs=1e-3)
    assert same["bertscore_rescaled"] == pytest.approx(100, abs=1e-2)


def test_without_its_model_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    assert "is not on this machine" in bert_score(HYPOTHESES, REFERENCES, model="nobody/nothing")
    assert "cannot be read" in bert_score(HYPOTHESES, REFERENCES, model=str(tmp_path))
