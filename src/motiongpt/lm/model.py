"""The language model over words and motion tokens: a network with its text tokenizer, and the folder they live in.

A model folder holds ``config.json``, ``tokenizer.json`` and the weights, see `motiongpt.weights_io`, and the folder
``text_encoder`` where a trained text encoder reads the prompts.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from motiongpt.errors import MotionGPTError, require
from motiongpt.lm.backbone import IGNORED, Backbone, with_motion_rows
from motiongpt.lm.causal import Causal
from motiongpt.lm.t5 import T5, T5Shape, initialise
from motiongpt.lm.text_encoder import PromptTokenizer, TextEncoder, TextEncoderConfig
from motiongpt.lm.tokenizer import TextTokenizer
from motiongpt.weights_io import config_from, load_config, load_weights, save_config, save_weights

KIND = "motiongpt-language"
TEXT_ENCODER = "text_encoder"
STORAGE = {
    "float32": torch.float32,
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
    "int8": torch.int8,
}

Tokens = str | Sequence[int]
"""A text (motion tokens allowed), or its ids without end of sequence."""


@dataclass(frozen=True)
class LanguageConfig:
    """What to build.

    Attributes:
        backbone: ``"t5-scratch"``, a T5 with random weights, ``"hub"``, a trained T5, or ``"causal"``, a trained
            decoder-only model.
        hub: id on the Hugging Face hub, or folder, of the trained one, e.g. ``"google/flan-t5-base"``; of a causal one
            also a GGUF file, or ``"smollm2"``, see `Causal.pretrained`.
        num_codes: size of the motion codebook.
        max_input_tokens: longest prompt, end of sequence or separator included.
        dropout: see `T5Shape`; before LoRA matrices too. Otherwise a causal model keeps its own.
        lora_rank: of a causal model: train only LoRA matrices of this rank and the rows of the motion tokens; 0 trains
            all weights.
        lora_alpha: the matrices' product is scaled by ``lora_alpha / lora_rank``.
        text_encoder: trained network that reads the words of prompts: ``"minilm"``, or the folder of a BERT, see
            `TextEncoder.pretrained`; empty has the T5 read them alone.
        text_encoder_layers: so many of its last layers are trained too.
        text_vocabulary: of ``"t5-scratch"``: number of ids before the motion tokens, at most.
        d_model, d_kv, d_ff, layers, decoder_layers, heads, tied_embeddings: of ``"t5-scratch"``: see `T5Shape`.
    """

    backbone: str = "t5-scratch"
    hub: str = ""
    num_codes: int = 512
    max_input_tokens: int = 256
    dropout: float = 0.1
    lora_rank: int = 0
    lora_alpha: float = 32.0
    text_encoder: str = ""
    text_encoder_layers: int = 0
    text_vocabulary: int = 2048
    d_model: int = 256
    d_kv: int = 64
    d_ff: int = 1024
    layers: int = 4
    decoder_layers: int = 4
    heads: int = 4
    tied_embeddings: bool = True


@dataclass(frozen=True)
class Collator:
    """Pairs of prompt and answer -> one padded batch; can be handed to the workers of a data loader.

    What is longer than its limit is cut; what frames a prompt and the end of an answer stay. Inputs are read by
    ``prompts`` where there is one.
    """

    tokenizer: TextTokenizer
    max_input_tokens: int = 256
    max_output_tokens: int = 256
    prompts: PromptTokenizer | None = None

    def __call__(self, pairs: Iterable[tuple[Tokens, Tokens]]) -> dict[str, Tensor]:
        """
        Returns:
            ``input_ids`` (B, L) int64, ``attention_mask`` (B, L) bool, True on tokens, and ``labels`` (B, Lo) int64,
            ``IGNORED`` on padding; padded at the end to the longest of the batch.
        """
        inputs, outputs = zip(*pairs, strict=True)
        reader, words = self.prompts or self.tokenizer, self.tokenizer
        prompts = [words.frame(_ids(reader, item), self.max_input_tokens) for item in inputs]
        answers = [[*_ids(words, item)[: self.max_output_tokens - 1], words.end_of_sequence] for item in outputs]
        ids, mask = pad(prompts, words.padding)
        return {"input_ids": ids, "attention_mask": mask, "labels": pad(answers, IGNORED)[0]}


def _ids(reader: PromptTokenizer | TextTokenizer, item: Tokens) -> list[int]:
    return reader.encode(item) if isinstance(item, str) else list(item)


def pad(rows: Sequence[Sequence[int]], value: int) -> tuple[Tensor, Tensor]:
    """Rows of ids -> (B, L) int64 padded at the end with ``value``, and (B, L) bool, True on ids."""
    length = max(len(row) for row in rows)
    ids = torch.tensor([[*row, *[value] * (length - len(row))] for row in rows])
    lengths = torch.tensor([len(row) for row in rows])
    return ids, torch.arange(length)[None] < lengths[:, None]


class MotionLanguageModel(nn.Module):
    """A network that reads and writes text with motion tokens in it.

    Attributes:
        network: a T5, or a causal model.
        tokenizer: the text tokenizer, motion tokens included; ids are the rows of the network's embedding table.
        max_input_tokens: longest prompt, end of sequence or separator included.
        text_encoder: reads the words of prompts, if there is one.
        prompts: turns prompts into ids: the text tokenizer, or that of the text encoder.
    """

    def __init__(
        self,
        network: Backbone,
        tokenizer: TextTokenizer,
        max_input_tokens: int = 256,
        text_encoder: TextEncoder | None = None,
    ) -> None:
        super().__init__()
        if text_encoder is not None and text_encoder.config.positions <= max_input_tokens:
            raise MotionGPTError(
                f"The text encoder reads at most {text_encoder.config.positions} tokens: "
                f"max_input_tokens must be less, not {max_input_tokens}."
            )
        if text_encoder is not None and not isinstance(network, T5):
            raise MotionGPTError("A text encoder reads the prompts of a T5 alone: leave text_encoder empty.")
        if network.vocabulary_size != tokenizer.size:
            raise MotionGPTError(
                f"The network has {network.vocabulary_size} tokens and the text tokenizer {tokenizer.size}: "
                "take the two of one model."
            )
        self.network = network
        self.tokenizer = tokenizer
        self.max_input_tokens = max_input_tokens
        self.text_encoder = text_encoder
        self.prompts = tokenizer if text_encoder is None else PromptTokenizer(text_encoder.pieces, tokenizer)

    @classmethod
    def create(
        cls, config: LanguageConfig, tokenizer: TextTokenizer | None = None, *, texts: Iterable[str] = (), seed: int = 0
    ) -> MotionLanguageModel:
        """A model to train.

        Args:
            config: what to build.
            tokenizer: for ``"t5-scratch"``; without it one is learnt from ``texts``.
            texts: captions and prompts.
            seed: of the random weights: all for ``"t5-scratch"``, otherwise those of motion tokens and LoRA matrices.

        Raises:
            MotionGPTError: no such backbone; the hub's model is missing, no T5, or has no safetensors weights; see also
                `Causal.pretrained` and `TextEncoder.pretrained`.
        """
        generator = torch.Generator().manual_seed(seed)
        network: Backbone
        if config.backbone in ("hub", "causal") and not config.hub:
            raise MotionGPTError(
                f"The backbone {config.backbone!r} needs an id such as 'google/flan-t5-base' (hub) or "
                "'openai-community/gpt2-medium' (causal), or a folder, in 'hub'."
            )
        if config.backbone == "causal":
            network, tokenizer = Causal.pretrained(config.hub, config.num_codes, generator)
        elif config.backbone == "hub":
            network, tokenizer = _from_hub(config, generator)
        elif config.backbone == "t5-scratch":
            if tokenizer is None:
                tokenizer = TextTokenizer.train(
                    texts, num_codes=config.num_codes, vocabulary_size=config.text_vocabulary
                )
            shape = T5Shape(
                vocabulary_size=tokenizer.size,
                d_model=config.d_model,
                d_kv=config.d_kv,
                d_ff=config.d_ff,
                layers=config.layers,
                decoder_layers=config.decoder_layers,
                heads=config.heads,
                dropout=config.dropout,
                tied_embeddings=config.tied_embeddings,
            )
            network = T5(shape)
            initialise(network, shape, generator)
        else:
            raise MotionGPTError(f"There is no backbone {config.backbone!r}: take 't5-scratch', 'hub' or 'causal'.")
        encoder = None
        if config.text_encoder:
            encoder = TextEncoder.pretrained(
                config.text_encoder, network.d_model, generator, trainable_layers=config.text_encoder_layers
            )
        model = cls(network, tokenizer, config.max_input_tokens, encoder)
        model.adapt(config, seed)
        return model

    def adapt(self, config: LanguageConfig, seed: int) -> None:
        """Freeze the model and add LoRA matrices to it where the config asks for them.

        Raises:
            MotionGPTError: the model is a T5, or see `Causal.adapt`.
        """
        if not config.lora_rank:
            return
        if not isinstance(self.network, Causal):
            raise MotionGPTError("LoRA is for causal models: set lora_rank=0, or backbone=causal.")
        self.network.adapt(config.lora_rank, config.lora_alpha, config.dropout, seed)

    @property
    def device(self) -> torch.device:
        return next(self.network.parameters()).device

    def collator(self, max_output_tokens: int = 256) -> Collator:
        """What turns pairs of prompt and answer into batches for this model."""
        prompts = self.prompts if isinstance(self.prompts, PromptTokenizer) else None
        return Collator(self.tokenizer, self.max_input_tokens, max_output_tokens, prompts)

    def embed(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Whole prompts (B, L), mask True on tokens -> vectors (B, L, d_model) for the network."""
        if self.text_encoder is None:
            return self.network.embed(ids)
        texts = self.text_encoder(ids, mask & (ids != self.tokenizer.end_of_sequence))
        return torch.where((ids < 0)[..., None], texts, self.network.embed(ids.clamp(min=0)))

    def logits(self, input_ids: Tensor, attention_mask: Tensor, labels: Tensor) -> Tensor:
        """Logits (N, vocabulary) of the positions of a collated batch whose label is not ``IGNORED``."""
        return self.network(self.embed(input_ids, attention_mask), attention_mask, labels)

    def forward(self, input_ids: Tensor, attention_mask: Tensor, labels: Tensor) -> Tensor:
        """Mean cross-entropy (nats a token) of a collated batch, a scalar."""
        return F.cross_entropy(self.logits(input_ids, attention_mask, labels), labels[labels != IGNORED])

    def loss(self, inputs: Sequence[Tokens], outputs: Sequence[Tokens]) -> Tensor:
        """Mean cross-entropy (nats a token) of the outputs after their inputs, a scalar."""
        batch = self.collator()(zip(inputs, outputs, strict=True))
        return self(**{name: tensor.to(self.device) for name, tensor in batch.items()})

    def prompt_ids(self, prompts: Sequence[str]) -> list[list[int]]:
        """Ids of the prompts, what frames them included.

        Raises:
            MotionGPTError: a prompt is longer than ``max_input_tokens``, or not valid Unicode.
        """
        rows = [self.tokenizer.frame(ids) for ids in self.prompts.encode_batch(prompts)]
        limit = self.max_input_tokens
        for row in rows:
            if len(row) > limit:
                raise MotionGPTError(
                    f"The prompt has {len(row)} tokens, but this model reads at most {limit}: shorten it."
                )
        return rows

    def encode_text(self, prompts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Prompts -> ids (B, L) int64 and mask (B, L) bool, True on tokens, on the model's device.

        Raises:
            MotionGPTError: a prompt is longer than ``max_input_tokens``, or not valid Unicode.
        """
        ids, mask = pad(self.prompt_ids(prompts), self.tokenizer.padding)
        return ids.to(self.device), mask.to(self.device)

    def save(self, folder: str | Path, *, dtype: str = "float32") -> None:
        """Write the model folder; LoRA matrices are merged into the weights that they adapt.

        Args:
            folder: made where missing; the weights of an earlier model in it are replaced.
            dtype: ``"float32"``, ``"float16"`` or ``"bfloat16"`` for half the size, or ``"int8"`` for a quarter: large
                matrices in eight bits with a scale a row, the rest as float16.

        Raises:
            MotionGPTError: the folder cannot be written, or there is no such dtype.
        """
        if dtype not in STORAGE:
            raise MotionGPTError(f"Weights cannot be stored as {dtype!r}: take one of {', '.join(STORAGE)}.")
        folder = Path(folder)
        save_weights(folder, self.network.stored(), dtype=STORAGE[dtype])
        self.tokenizer.save(folder / "tokenizer.json")
        config: dict[str, Any] = {
            "num_codes": self.tokenizer.num_codes,
            "max_input_tokens": self.max_input_tokens,
            **self.network.describe(),
        }
        if self.tokenizer.causal_end is not None:
            config["end_of_sequence"] = self.tokenizer.causal_end
        if self.text_encoder is not None:
            self.text_encoder.save(folder / TEXT_ENCODER, STORAGE[dtype])
            config["text_encoder"] = dataclasses.asdict(self.text_encoder.config)
        save_config(folder, KIND, config)

    @classmethod
    def load(cls, folder: str | Path, device: str | torch.device = "cpu") -> MotionLanguageModel:
        """Read a model folder; weights become float32, the model is ready to generate.

        Raises:
            MotionGPTError: a file is missing, damaged or of another version, or a weight is missing, left over or of
                another shape; the text names it.
        """
        folder = Path(folder)
        path = folder / "config.json"
        config = load_config(folder, KIND)
        try:
            causal = config.get("backbone") == "causal"
            end = str(config["end_of_sequence"]) if causal else None
            tokenizer = TextTokenizer.load(folder / "tokenizer.json", config["num_codes"], end)
            network: Backbone
            if causal:
                network = Causal(config["network"], tokenizer, tied=config["tied_embeddings"])
            else:
                network = T5(config_from(T5Shape, config["network"], str(path)))
            limit = int(config["max_input_tokens"])
            encoder = None
            if "text_encoder" in config:
                sizes = config_from(TextEncoderConfig, config["text_encoder"], str(path))
                encoder = TextEncoder.load(folder / TEXT_ENCODER, sizes, network.d_model)
            model = cls(network, tokenizer, limit, encoder)
        except (KeyError, TypeError, ValueError, RuntimeError, ZeroDivisionError) as error:
            raise MotionGPTError(f"{path}: a field is missing or has a wrong value ({error}).") from error
        load_weights(folder, network)
        return model.to(device).eval()


def _from_hub(config: LanguageConfig, generator: torch.Generator) -> tuple[T5, TextTokenizer]:
    """A trained T5 of the hub or of a folder, with rows for the motion tokens right after its words."""
    transformers = require("transformers", "hub")
    try:
        words = transformers.AutoTokenizer.from_pretrained(config.hub).backend_tokenizer.to_str()
        trained = transformers.T5ForConditionalGeneration.from_pretrained(
            config.hub, use_safetensors=True, dtype=torch.float32
        )
    except (OSError, ValueError, AttributeError, RuntimeError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise MotionGPTError(f"Cannot take a T5 with safetensors weights from {config.hub!r}: {reason}") from error
    tokenizer = TextTokenizer.from_json(words, config.num_codes)

    theirs = trained.config
    if theirs.feed_forward_proj not in ("gated-gelu", "relu"):
        raise MotionGPTError(f"{config.hub!r} is no T5 that is known here: its feed_forward_proj is unknown.")
    tied = trained.lm_head.weight is trained.shared.weight
    shape = T5Shape(
        vocabulary_size=tokenizer.size,
        d_model=theirs.d_model,
        d_kv=theirs.d_kv,
        d_ff=theirs.d_ff,
        layers=theirs.num_layers,
        decoder_layers=len(trained.decoder.block),
        heads=theirs.num_heads,
        dropout=config.dropout,
        feed_forward=theirs.feed_forward_proj,
        tied_embeddings=tied and theirs.scale_decoder_outputs,
        relative_buckets=theirs.relative_attention_num_buckets,
        relative_max_distance=theirs.relative_attention_max_distance,
    )
    network = T5(shape)
    known = network.state_dict().keys()
    weights = {name: weight for name, weight in trained.state_dict().items() if name in known}
    for name in ("shared.weight", "lm_head.weight"):
        if name in weights:
            weights[name] = with_motion_rows(weights[name], tokenizer, generator)
    if "lm_head.weight" in weights and theirs.scale_decoder_outputs:
        weights["lm_head.weight"] *= shape.d_model**-0.5
    network.load_state_dict(weights, assign=True)
    return network, tokenizer
