"""A tiny T5 with the 515 motion tokens, its text tokenizer, and whole checkpoints around it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers
from transformers import T5Config, T5ForConditionalGeneration

from .originals import Weights

WORDS = 180


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(7)


@pytest.fixture(scope="session")
def text_tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with the tokenizer.json of a T5 of 180 words, the last 100 of them sentinels."""
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", -2.0), ("▁", -2.0)]
    pieces += [(letter, -3.0) for letter in "abcdefghijklmnopqrstuvwxyz:"]
    pieces += [(f"▁word{i}", -9.0) for i in range(WORDS - 100 - len(pieces))]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=2))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.add_special_tokens(["<pad>", "</s>", "<unk>"])
    tokenizer.add_special_tokens([AddedToken(f"<extra_id_{i}>") for i in reversed(range(100))])
    folder = tmp_path_factory.mktemp("words")
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


@pytest.fixture
def flan() -> T5ForConditionalGeneration:
    """As flan-t5: gated, its output layer not scaled and no copy of the table; rows for 512 codes, start, end, mask."""
    config = T5Config(
        vocab_size=WORDS + 515,
        d_model=16,
        d_kv=6,
        d_ff=24,
        num_layers=2,
        num_decoder_layers=3,
        num_heads=4,
        feed_forward_proj="gated-gelu",
        tie_word_embeddings=False,
        decoder_start_token_id=0,
    )
    network = T5ForConditionalGeneration(config).eval()
    network.lm_head.weight = torch.nn.Parameter(0.3 * torch.randn(WORDS + 515, 16))
    assert not config.scale_decoder_outputs
    return network


def language_weights(network: T5ForConditionalGeneration) -> Weights:
    """Its state under the names of the original's checkpoint, the table's copies included."""
    state = {f"lm.language_model.{name}": tensor.detach() for name, tensor in network.state_dict().items()}
    for stack in ("encoder", "decoder"):
        state[f"lm.language_model.{stack}.embed_tokens.weight"] = network.shared.weight.detach()
    state["lm.language_model.lm_head.weight"] = network.lm_head.weight.detach()
    return state


@pytest.fixture
def statistics(tmp_path: Path) -> tuple[Path, Path]:
    """mean.npy and std.npy."""
    rng = np.random.default_rng(3)
    paths = tmp_path / "mean.npy", tmp_path / "std.npy"
    np.save(paths[0], rng.normal(size=263))
    np.save(paths[1], rng.uniform(0.01, 0.05, size=263))
    return paths
