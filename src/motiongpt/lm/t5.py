"""The T5 network (Raffel et al. 2020, and its gated "v1.1" form that flan-t5 uses), in plain torch.

Parameter names are those of Hugging Face T5 checkpoints, so that their weights load without a mapping. We have our own
network because the import of ``transformers`` alone takes longer than loading a whole model here, and because our
decoding step costs a fraction of theirs.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from motiongpt.errors import MotionGPTError, require
from motiongpt.lm.backbone import IGNORED, Backbone, Cache, shift_right, with_motion_rows
from motiongpt.lm.tokenizer import TextTokenizer
from motiongpt.weights_io import config_from

# Positions that the cache grows by: rows that are dropped cost a copy of it.
_CACHE_GROWTH = 16


@dataclass(frozen=True)
class T5Shape:
    """Sizes of a T5 network.

    Attributes:
        vocabulary_size: rows of the embedding table.
        d_model, d_kv, d_ff, heads: widths; the attention is ``heads * d_kv`` wide.
        layers, decoder_layers: number of blocks of the encoder and of the decoder.
        dropout: probability; attention weights are dropped too.
        feed_forward: ``"gated-gelu"`` (v1.1, flan) or ``"relu"`` (v1.0).
        tied_embeddings: the output layer is the embedding table, its input scaled by ``d_model ** -0.5`` (v1.0).
        relative_buckets, relative_max_distance: of the relative position bias.
    """

    vocabulary_size: int
    d_model: int = 256
    d_kv: int = 64
    d_ff: int = 1024
    layers: int = 4
    decoder_layers: int = 4
    heads: int = 4
    dropout: float = 0.1
    feed_forward: str = "gated-gelu"
    tied_embeddings: bool = True
    relative_buckets: int = 32
    relative_max_distance: int = 128


class Linear(nn.Linear):
    """A linear layer without bias that skips the initial weights, since `initialise` or loading overwrites them."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, bias=False)

    def reset_parameters(self) -> None:
        pass


class Embedding(nn.Embedding):
    """An embedding that skips the initial weights, since `initialise` or loading overwrites them."""

    def reset_parameters(self) -> None:
        pass


class Dropout(nn.Module):
    """Dropout that is fast on a CPU: it draws one random byte per element, where torch draws a whole number.

    The probability is rounded to a multiple of 1/256; the expectation stays exact.
    """

    def __init__(self, probability: float) -> None:
        super().__init__()
        self.probability = probability
        self.dropped = round(probability * 256)

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.dropped == 0:
            return x
        if x.device.type != "cpu":
            return F.dropout(x, self.probability)
        draws = torch.empty((x.numel() + 7) // 8, dtype=torch.int64).random_(-(2**63), None)
        kept = draws.view(torch.uint8)[: x.numel()].view(x.shape) >= self.dropped
        return torch.where(kept, x * (256 / (256 - self.dropped)), 0.0)


class RMSNorm(nn.Module):
    """Root-mean-square normalisation without mean and bias."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(x, self.weight.shape, self.weight, eps=1e-6)


class Attention(nn.Module):
    """Multi-head attention; T5 does not scale the scores and puts the positions into an additive bias."""

    def __init__(self, shape: T5Shape, *, positions: bool = False) -> None:
        super().__init__()
        self.heads = shape.heads
        inner = shape.heads * shape.d_kv
        self.q = Linear(shape.d_model, inner)
        self.k = Linear(shape.d_model, inner)
        self.v = Linear(shape.d_model, inner)
        self.o = Linear(inner, shape.d_model)
        if positions:
            self.relative_attention_bias = Embedding(shape.relative_buckets, shape.heads)
        self.dropout = Dropout(shape.dropout)

    def split(self, x: Tensor) -> Tensor:
        """(B, L, heads * d_kv) -> (B, heads, L, d_kv)"""
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def memory(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values of x (B, L, d_model), (B, heads, L, d_kv) each."""
        return self.split(self.k(x)), self.split(self.v(x))

    def forward(self, x: Tensor, keys: Tensor, values: Tensor, bias: Tensor | None) -> Tensor:
        """x (B, Lq, d_model); keys, values (B, heads, Lk, d_kv); bias broadcastable to (B, heads, Lq, Lk)."""
        queries = self.split(self.q(x))
        bias = None if bias is None else bias.to(queries.dtype)
        if self.training:
            scores = queries @ keys.transpose(-1, -2)
            weights = F.softmax(scores if bias is None else scores + bias, dim=-1).to(values.dtype)
            mixed = self.dropout(weights) @ values
        else:
            mixed = F.scaled_dot_product_attention(queries, keys, values, attn_mask=bias, scale=1.0)
        return self.o(mixed.transpose(1, 2).flatten(2))


class FeedForward(nn.Module):
    def __init__(self, shape: T5Shape) -> None:
        super().__init__()
        self.gated = shape.feed_forward == "gated-gelu"
        if self.gated:
            self.wi_0 = Linear(shape.d_model, shape.d_ff)
            self.wi_1 = Linear(shape.d_model, shape.d_ff)
        else:
            self.wi = Linear(shape.d_model, shape.d_ff)
        self.wo = Linear(shape.d_ff, shape.d_model)
        self.dropout = Dropout(shape.dropout)

    def forward(self, x: Tensor) -> Tensor:
        if self.gated:
            hidden = F.gelu(self.wi_0(x), approximate="tanh") * self.wi_1(x)
        else:
            hidden = F.relu(self.wi(x))
        return self.wo(self.dropout(hidden))


class SelfAttentionLayer(nn.Module):
    def __init__(self, shape: T5Shape, *, positions: bool) -> None:
        super().__init__()
        self.SelfAttention = Attention(shape, positions=positions)
        self.layer_norm = RMSNorm(shape.d_model)


class CrossAttentionLayer(nn.Module):
    def __init__(self, shape: T5Shape) -> None:
        super().__init__()
        self.EncDecAttention = Attention(shape)
        self.layer_norm = RMSNorm(shape.d_model)


class FeedForwardLayer(nn.Module):
    def __init__(self, shape: T5Shape) -> None:
        super().__init__()
        self.DenseReluDense = FeedForward(shape)
        self.layer_norm = RMSNorm(shape.d_model)


class Block(nn.Module):
    """Self-attention, cross-attention (in the decoder) and feed-forward, each with pre-norm and residual."""

    def __init__(self, shape: T5Shape, *, decoder: bool, positions: bool) -> None:
        super().__init__()
        layers: list[nn.Module] = [SelfAttentionLayer(shape, positions=positions)]
        if decoder:
            layers.append(CrossAttentionLayer(shape))
        layers.append(FeedForwardLayer(shape))
        self.layer: Any = nn.ModuleList(layers)
        self.dropout = Dropout(shape.dropout)

    @property
    def self_attention(self) -> Attention:
        return self.layer[0].SelfAttention

    @property
    def cross_attention(self) -> Attention:
        return self.layer[1].EncDecAttention

    def forward(
        self, x: Tensor, bias: Tensor, encoded: Tensor | None = None, encoded_bias: Tensor | None = None
    ) -> Tensor:
        """x (B, L, d_model); with ``encoded`` (B, Le, d_model) in the decoder."""
        normed = self.layer[0].layer_norm(x)
        x = x + self.dropout(self.self_attention(normed, *self.self_attention.memory(normed), bias))
        if encoded is not None:
            normed = self.layer[1].layer_norm(x)
            memory = self.cross_attention.memory(encoded)
            x = x + self.dropout(self.cross_attention(normed, *memory, encoded_bias))
        return x + self.dropout(self.layer[-1].DenseReluDense(self.layer[-1].layer_norm(x)))


class Stack(nn.Module):
    """The blocks of the encoder or of the decoder."""

    def __init__(self, shape: T5Shape, *, decoder: bool) -> None:
        super().__init__()
        self.decoder = decoder
        self.buckets = shape.relative_buckets
        self.max_distance = shape.relative_max_distance
        count = shape.decoder_layers if decoder else shape.layers
        self.block: Any = nn.ModuleList(Block(shape, decoder=decoder, positions=i == 0) for i in range(count))
        self.final_layer_norm = RMSNorm(shape.d_model)
        self.dropout = Dropout(shape.dropout)

    def bucket(self, offset: Tensor) -> Tensor:
        """Bucket of ``key position - query position``: exact when near, logarithmic up to the maximum distance.

        The decoder never looks ahead and uses all buckets for the past, the encoder half for each side.
        """
        buckets = self.buckets
        if self.decoder:
            distance, first = (-offset).clamp(min=0), torch.zeros_like(offset)
        else:
            buckets //= 2
            distance, first = offset.abs(), (offset > 0).long() * buckets
        exact = buckets // 2
        scale = (buckets - exact) / math.log(self.max_distance / exact)
        far = exact + (torch.log(distance.clamp(min=1).float() / exact) * scale).long()
        return first + torch.where(distance < exact, distance, far.clamp(max=buckets - 1))

    def position_bias(self, offset: Tensor) -> Tensor:
        """Additive attention bias of key minus query positions: (...) -> (heads, ...)."""
        return self.block[0].self_attention.relative_attention_bias(self.bucket(offset)).movedim(-1, 0)

    def forward(
        self, x: Tensor, mask: Tensor | None, encoded: Tensor | None = None, encoded_mask: Tensor | None = None
    ) -> Tensor:
        """Embedded tokens x (B, L, d_model); masks (B, L) True on tokens; causal in the decoder."""
        position = torch.arange(x.shape[1], device=x.device)
        bias = self.position_bias(position[None, :] - position[:, None])
        if self.decoder:
            bias = bias.masked_fill(position[None, :] > position[:, None], -torch.inf)
        bias = bias[None] if mask is None else bias[None] + padding_bias(mask)
        encoded_bias = None if encoded_mask is None else padding_bias(encoded_mask)
        x = self.dropout(x)
        for block in self.block:
            x = block(x, bias, encoded, encoded_bias)
        return self.dropout(self.final_layer_norm(x))


def padding_bias(mask: Tensor) -> Tensor:
    """(B, L) True on tokens -> (B, 1, 1, L): 0 on tokens, -inf on padding."""
    return torch.zeros(mask.shape, device=mask.device).masked_fill(~mask, -torch.inf)[:, None, None]


@dataclass
class T5Cache(Cache):
    """Keys and values of the rows that are being decoded; all rows are at the same position.

    Attributes:
        own: per layer, keys and values of the tokens so far, (2, B, heads, capacity, d_kv).
        encoded: per layer, keys and values of the prompts, (P, heads, Le, d_kv) each; copies share them.
        encoded_bias: (P, 1, 1, Le), None when no prompt is padded.
        slots: (B,) the place of each row among the P * copies rows there were at first.
        copies: rows per prompt at first.
        position_bias: (heads, capacity), the bias of the distances capacity-1 .. 0.
        length: number of tokens so far.
    """

    own: list[Tensor]
    encoded: list[tuple[Tensor, Tensor]]
    encoded_bias: Tensor | None
    slots: Tensor
    copies: int
    position_bias: Tensor
    length: int = 0

    def keep(self, rows: Tensor) -> None:
        self.own = [own[:, rows] for own in self.own]
        self.slots = self.slots[rows]

    def read_prompts(self, attention: Attention, x: Tensor, layer: int) -> Tensor:
        """Cross-attention of x (B, 1, d_model) to the prompts: the copies of a prompt are its queries in one call."""
        keys, values = self.encoded[layer]
        queries = attention.q(x[:, 0])
        everything = queries.new_zeros(len(keys) * self.copies, queries.shape[1])
        everything[self.slots] = queries
        mixed = F.scaled_dot_product_attention(
            attention.split(everything.unflatten(0, (-1, self.copies))),
            keys,
            values,
            attn_mask=self.encoded_bias,
            scale=1.0,
        )
        return attention.o(mixed.transpose(1, 2).flatten(2).flatten(0, 1)[self.slots])[:, None]


def initialise(network: nn.Module, shape: T5Shape, generator: torch.Generator) -> None:
    """Random weights with the standard deviations of the T5 authors: every layer starts with outputs of order one."""
    deviations = {
        "q": (shape.d_model * shape.d_kv) ** -0.5,
        "k": shape.d_model**-0.5,
        "v": shape.d_model**-0.5,
        "o": (shape.heads * shape.d_kv) ** -0.5,
        "relative_attention_bias": shape.d_model**-0.5,
        "wi": shape.d_model**-0.5,
        "wi_0": shape.d_model**-0.5,
        "wi_1": shape.d_model**-0.5,
        "wo": shape.d_ff**-0.5,
        "shared": 1.0,
        "lm_head": shape.d_model**-0.5,
    }
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            layer = name.split(".")[-2]
            if layer in deviations:
                parameter.normal_(0.0, deviations[layer], generator=generator)


class T5(Backbone):
    """Encoder, decoder and output layer. The decoder starts with token 0, the padding.

    A new network has no defined weights: `initialise` it or load a state.
    """

    accepts_text_encoder = True

    def __init__(self, shape: T5Shape) -> None:
        super().__init__()
        self.shape = shape
        self.vocabulary_size, self.d_model = shape.vocabulary_size, shape.d_model
        self.shared = Embedding(shape.vocabulary_size, shape.d_model)
        self.encoder = Stack(shape, decoder=False)
        self.decoder = Stack(shape, decoder=True)
        if not shape.tied_embeddings:
            self.lm_head = Linear(shape.d_model, shape.vocabulary_size)

    @classmethod
    def scratch(cls, shape: T5Shape, generator: torch.Generator) -> T5:
        """A network with random weights."""
        network = cls(shape)
        initialise(network, shape, generator)
        return network

    @classmethod
    def pretrained(
        cls, source: str, num_codes: int, generator: torch.Generator, *, dropout: float
    ) -> tuple[T5, TextTokenizer]:
        """A pretrained T5 with rows for the motion tokens right after its words.

        Args:
            source: id on the Hugging Face hub, or folder.
            num_codes: size of the motion codebook.
            generator: of the rows of the motion tokens, which have the mean and deviation of the words' rows.
            dropout: see `T5Shape`.

        Raises:
            MotionGPTError: transformers is not installed, or there is no such T5 with safetensors weights.
        """
        transformers = require("transformers", "hub")
        try:
            words = transformers.AutoTokenizer.from_pretrained(source).backend_tokenizer.to_str()
            trained = transformers.T5ForConditionalGeneration.from_pretrained(
                source, use_safetensors=True, dtype=torch.float32
            )
        except (OSError, ValueError, AttributeError, RuntimeError) as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise MotionGPTError(f"Cannot load a T5 with safetensors weights from {source!r}: {reason}") from error
        tokenizer = TextTokenizer.from_json(words, num_codes)

        theirs = trained.config
        if theirs.feed_forward_proj not in ("gated-gelu", "relu"):
            raise MotionGPTError(
                f"{source!r} is a T5 with an unknown feed_forward_proj: only relu and gated-gelu are supported."
            )
        tied = trained.lm_head.weight is trained.shared.weight
        shape = T5Shape(
            vocabulary_size=tokenizer.size,
            d_model=theirs.d_model,
            d_kv=theirs.d_kv,
            d_ff=theirs.d_ff,
            layers=theirs.num_layers,
            decoder_layers=len(trained.decoder.block),
            heads=theirs.num_heads,
            dropout=dropout,
            feed_forward=theirs.feed_forward_proj,
            tied_embeddings=tied and theirs.scale_decoder_outputs,
            relative_buckets=theirs.relative_attention_num_buckets,
            relative_max_distance=theirs.relative_attention_max_distance,
        )
        network = cls(shape)
        known = network.state_dict().keys()
        weights = {name: weight for name, weight in trained.state_dict().items() if name in known}
        for name in ("shared.weight", "lm_head.weight"):
            if name in weights:
                weights[name] = with_motion_rows(weights[name], tokenizer, generator)
        if "lm_head.weight" in weights and theirs.scale_decoder_outputs:
            weights["lm_head.weight"] *= shape.d_model**-0.5
        network.load_state_dict(weights, assign=True)
        return network, tokenizer

    @classmethod
    def rebuild(cls, config: Mapping[str, Any], tokenizer: TextTokenizer, where: str) -> T5:
        return cls(config_from(T5Shape, config["network"], where))

    def embed(self, ids: Tensor) -> Tensor:
        return self.shared(ids)

    def encode(self, prompts: Tensor, mask: Tensor | None) -> Tensor:
        """Embedded prompts (B, L, d_model), mask (B, L) True on tokens -> hidden states (B, L, d_model)."""
        return self.encoder(prompts, mask)

    def decode(self, ids: Tensor, encoded: Tensor, mask: Tensor | None) -> Tensor:
        """Teacher-forced decoder: ids (B, Lo) that start with token 0 -> hidden states (B, Lo, d_model).

        ``mask`` is the mask of the prompt; padding at the end of ``ids`` needs none, since the decoder is causal.
        """
        return self.decoder(self.shared(ids), None, encoded, mask)

    def logits(self, hidden: Tensor, first: int = 0, last: int | None = None) -> Tensor:
        if self.shape.tied_embeddings:
            weight, hidden = self.shared.weight, hidden * self.shape.d_model**-0.5
        else:
            weight = self.lm_head.weight
        return F.linear(hidden, weight[first:last]).float()

    def forward(self, prompts: Tensor, mask: Tensor, labels: Tensor) -> Tensor:
        hidden = self.decode(shift_right(labels, 0), self.encode(prompts, mask), mask)
        return self.logits(hidden[labels != IGNORED])

    def start(self, prompts: Tensor, mask: Tensor | None, copies: int = 1) -> T5Cache:
        encoded = self.encode(prompts, mask)
        memory = [block.cross_attention.memory(encoded) for block in self.decoder.block]
        bias = None if mask is None else padding_bias(mask).to(encoded.dtype)
        prompt_count, heads, _, width = memory[0][0].shape
        slots = torch.arange(prompt_count * copies, device=encoded.device)
        own = [encoded.new_zeros(2, len(slots), heads, 0, width) for _ in memory]
        return T5Cache(own, memory, bias, slots, copies, encoded.new_zeros(heads, 0))

    def step(self, ids: Tensor, cache: T5Cache) -> Tensor:
        position = cache.length
        capacity = cache.position_bias.shape[1]
        if position == capacity:
            capacity += _CACHE_GROWTH
            cache.own = [F.pad(own, (0, 0, 0, _CACHE_GROWTH)) for own in cache.own]
            cache.position_bias = self.decoder.position_bias(torch.arange(1 - capacity, 1, device=ids.device))
        bias = cache.position_bias[:, capacity - 1 - position :, None].transpose(1, 2)
        x = self.shared(ids)[:, None]
        for layer, (block, own) in enumerate(zip(self.decoder.block, cache.own, strict=True)):
            normed = block.layer[0].layer_norm(x)
            own[0, :, :, position : position + 1], own[1, :, :, position : position + 1] = block.self_attention.memory(
                normed
            )
            x = x + block.self_attention(normed, *own[:, :, :, : position + 1], bias)
            normed = block.layer[1].layer_norm(x)
            x = x + cache.read_prompts(block.cross_attention, normed, layer)
            x = x + block.layer[2].DenseReluDense(block.layer[2].layer_norm(x))
        cache.length += 1
        return self.decoder.final_layer_norm(x)[:, 0]

    def describe(self) -> dict[str, Any]:
        return {"network": dataclasses.asdict(self.shape)}
