"""The evaluator: folders that rebuild themselves, and nothing but the motion seen."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from motiongpt.errors import MotionGPTError
from motiongpt.evaluation.t2m_evaluator import Evaluator, EvaluatorConfig

TINY = EvaluatorConfig(
    movement=12, movement_hidden=10, motion_hidden=14, words=6, parts_of_speech=4, text_hidden=8, embedding=9
)


@pytest.fixture
def evaluator() -> Evaluator:
    torch.manual_seed(0)
    return Evaluator(TINY).eval()


def test_published_size() -> None:
    networks = Evaluator(EvaluatorConfig())
    assert sum(weight.numel() for weight in networks.parameters()) / 1e6 == pytest.approx(21.69, abs=0.01)


def test_save_and_load(evaluator: Evaluator, tmp_path: Path) -> None:
    evaluator.save(tmp_path / "e")
    again = Evaluator.load(tmp_path / "e")
    assert again.config == TINY
    assert not again.training
    x, lengths = torch.randn(2, 24, 263), torch.tensor([24, 9])
    assert torch.equal(again.embed_motion(x, lengths), evaluator.embed_motion(x, lengths))
    (tmp_path / "e" / "model.safetensors").unlink()
    with pytest.raises(MotionGPTError):
        Evaluator.load(tmp_path / "e")


@pytest.mark.parametrize("length", [4, 5, 6, 7, 8, 13, 30])
def test_a_motion_is_embedded_as_if_alone(evaluator: Evaluator, length: int) -> None:
    x = torch.randn(3, 31, 263)
    lengths = torch.tensor([31, length, 12])
    together = evaluator.embed_motion(x, lengths)
    alone = evaluator.embed_motion(x[1:2, :length], lengths[1:2])
    torch.testing.assert_close(together[1:2], alone, atol=1e-6, rtol=1e-5)
    x[1, length:] = 1e3
    x[..., -4:] = 7.0  # contacts are not looked at
    torch.testing.assert_close(evaluator.embed_motion(x, lengths)[1:2], alone, atol=1e-6, rtol=1e-5)
    evaluator.strict_reference = True
    assert (evaluator.embed_motion(x, lengths)[1:2] - alone).abs().max() > 1e-3


def test_texts_in_any_order(evaluator: Evaluator) -> None:
    words, parts, lengths = torch.randn(3, 7, 6), torch.randn(3, 7, 4), torch.tensor([2, 7, 5])
    together = evaluator.embed_text(words, parts, lengths)
    for i, length in enumerate(lengths):
        alone = evaluator.embed_text(words[i : i + 1, :length], parts[i : i + 1, :length], lengths[i : i + 1])
        torch.testing.assert_close(together[i : i + 1], alone, atol=1e-6, rtol=1e-5)


def test_input_that_does_not_fit(evaluator: Evaluator) -> None:
    x, words, parts = torch.zeros(2, 8, 263), torch.zeros(2, 5, 6), torch.zeros(2, 5, 4)
    for features, frames in ((x, [8, 9]), (x, [8, 3]), (x, [8]), (x[..., :259], [8, 8]), (x[0], [8, 8])):
        with pytest.raises(MotionGPTError):
            evaluator.embed_motion(features, torch.tensor(frames))
    for arguments in ((words, parts, [5, 6]), (words, parts, [0, 5]), (words[..., :5], parts, [5, 5])):
        with pytest.raises(MotionGPTError):
            evaluator.embed_text(*arguments[:2], torch.tensor(arguments[2]))
