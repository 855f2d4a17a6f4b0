"""The network against the one of transformers with the same weights, and its decoding step against itself."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from transformers import T5Config, T5ForConditionalGeneration

from motiongpt.lm.t5 import IGNORED, T5, Dropout, T5Shape, initialise

SHAPES = {
    "v1.1": T5Shape(97, 32, 8, 48, 2, 3, 4, feed_forward="gated-gelu", tied_embeddings=False),
    "v1.0": T5Shape(97, 32, 8, 48, 3, 2, 4, feed_forward="relu", tied_embeddings=True, relative_max_distance=20),
    "gated and tied": T5Shape(97, 32, 8, 48, 1, 1, 4, relative_buckets=8),
}


def random_network(shape: T5Shape) -> T5:
    network = T5(shape)
    initialise(network, network.shape, torch.Generator().manual_seed(0))
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, weight in network.named_parameters():
            if "norm" in name:
                weight.uniform_(0.5, 1.5, generator=generator)
            if "relative" in name:
                weight.normal_(generator=generator)
    return network.eval()


def reference(network: T5) -> T5ForConditionalGeneration:
    shape = network.shape
    config = T5Config(
        vocab_size=shape.vocabulary_size,
        d_model=shape.d_model,
        d_kv=shape.d_kv,
        d_ff=shape.d_ff,
        num_layers=shape.layers,
        num_decoder_layers=shape.decoder_layers,
        num_heads=shape.heads,
        feed_forward_proj=shape.feed_forward,
        relative_attention_num_buckets=shape.relative_buckets,
        relative_attention_max_distance=shape.relative_max_distance,
        tie_word_embeddings=shape.tied_embeddings,
        decoder_start_token_id=0,
    )
    theirs = T5ForConditionalGeneration(config).eval()
    if not shape.tied_embeddings:
        theirs.lm_head.weight = torch.nn.Parameter(torch.empty_like(theirs.lm_head.weight))
    missing, unexpected = theirs.load_state_dict(network.state_dict(), strict=False)
    assert not unexpected
    assert all("embed_tokens" in name or name == "lm_head.weight" for name in missing)
    return theirs


def batch() -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(2)
    ids = torch.randint(3, 97, (3, 40), generator=generator)
    mask = torch.arange(40)[None] < torch.tensor([40, 7, 23])[:, None]
    labels = torch.randint(3, 97, (3, 30), generator=generator)
    labels[1, 12:] = IGNORED
    return ids.masked_fill(~mask, 0), mask, labels


@pytest.mark.parametrize("name", SHAPES)
def test_equals_transformers(name: str) -> None:
    network = random_network(SHAPES[name])
    ids, mask, labels = batch()
    with torch.no_grad():
        theirs = reference(network)(input_ids=ids, attention_mask=mask.long(), labels=labels)
        ours = network(network.shared(ids), mask, labels)
    torch.testing.assert_close(ours, theirs.logits[labels != IGNORED], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", SHAPES)
def test_training_gradients_equal_transformers(name: str) -> None:
    network = random_network(SHAPES[name])
    theirs = reference(network)
    ids, mask, labels = batch()
    theirs(input_ids=ids, attention_mask=mask.long(), labels=labels).loss.backward()
    for module in network.modules():
        if isinstance(module, Dropout):
            module.dropped = 0
    network.train()
    torch.nn.functional.cross_entropy(network(network.shared(ids), mask, labels), labels[labels != IGNORED]).backward()
    expected = dict(theirs.named_parameters())
    for key, weight in network.named_parameters():
        torch.testing.assert_close(weight.grad, expected[key].grad, rtol=1e-3, atol=1e-5, msg=key)


@pytest.mark.parametrize("name", SHAPES)
def test_step_by_step_equals_all_at_once(name: str) -> None:
    network = random_network(SHAPES[name])
    ids, mask, _ = batch()
    outputs = torch.randint(3, 97, (6, 90), generator=torch.Generator().manual_seed(3))
    outputs[:, 0] = 0
    with torch.no_grad():
        encoded = network.encode(network.shared(ids), mask).repeat_interleave(2, 0)
        whole = network.decode(outputs, encoded, mask.repeat_interleave(2, 0))
        cache = network.start(network.shared(ids), mask, copies=2)
        rows = torch.arange(6)
        for position in range(90):  # beyond the first growth of the cache
            if position == 70:
                rows = torch.tensor([4, 1])
                cache.keep(rows)
            hidden = network.step(outputs[rows, position], cache)
            torch.testing.assert_close(hidden, whole[rows, position], rtol=1e-4, atol=1e-4)


def test_a_slice_of_the_logits() -> None:
    for shape in SHAPES.values():
        network = random_network(shape)
        hidden = torch.randn(5, 32)
        torch.testing.assert_close(network.logits(hidden, 10, 20), network.logits(hidden)[:, 10:20])


def test_first_loss_is_that_of_guessing() -> None:
    network = T5(T5Shape(500, 64, 16, 128, 2, 2, 4, dropout=0.0))
    initialise(network, network.shape, torch.Generator().manual_seed(0))
    ids = torch.randint(0, 500, (8, 20), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        loss = torch.nn.functional.cross_entropy(network(network.shared(ids), ids >= 0, ids), ids.flatten())
    assert math.log(500) - 0.5 < loss < math.log(500) + 1.5


def test_dropout() -> None:
    dropout = Dropout(0.25)
    x = torch.full((1001, 7), 3.0, requires_grad=True)
    assert dropout.eval()(x) is x
    torch.manual_seed(0)
    y = dropout.train()(x)
    assert set(y.unique().tolist()) == {0.0, 4.0}
    assert (y == 0).float().mean() == pytest.approx(0.25, abs=0.02)
    y.sum().backward()
    torch.testing.assert_close(x.grad, y.detach() / 3)
    torch.manual_seed(0)
    torch.testing.assert_close(dropout(x), y)
