"""The language model over words and motion tokens: a backbone with its text tokenizer.

A model folder holds ``config.json``, ``tokenizer.json`` and the weights, see `motiongpt.weights_io`; a model whose
prompts a pretrained text encoder reads also has the folder ``text_encoder``.

To add a backbone, write a `motiongpt.lm.backbone.Backbone` and enter it in `NETWORKS` and `BACKBONES` below.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from motiongpt.errors import MotionGPTError
from motiongpt.lm.backbone import IGNORED, Backbone
from motiongpt.lm.causal import Causal
from motiongpt.lm.t5 import T5, T5Shape
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
    """Configuration of a new language model.

    Attributes:
        backbone: a key of `BACKBONES`: ``"t5-scratch"``, a T5 with random weights, ``"hub"``, a pretrained T5, or
            ``"causal"``, a pretrained decoder-only model.
        hub: id on the Hugging Face hub, or folder, of the pretrained model, e.g. ``"google/flan-t5-base"``; a causal
            model can also be a GGUF file, or ``"smollm2"``, see `Causal.pretrained`.
        num_codes: size of the motion codebook.
        max_input_tokens: maximum length of a prompt, end of sequence or separator included.
        dropout: see `T5Shape`; also before LoRA matrices. Otherwise a causal model keeps its own.
        lora_rank: train only LoRA matrices of this rank and the rows of the motion tokens of a causal model; 0 trains
            all weights.
        lora_alpha: the product of the LoRA matrices is scaled by ``lora_alpha / lora_rank``.
        text_encoder: pretrained network that reads the words of prompts: ``"minilm"``, or the folder of a BERT, see
            `TextEncoder.pretrained`; without one the T5 reads them itself.
        text_encoder_layers: number of its last layers that are trained too.
        text_vocabulary: maximum number of ids before the motion tokens, of ``"t5-scratch"``.
        d_model, d_kv, d_ff, layers, decoder_layers, heads, tied_embeddings: of ``"t5-scratch"``, see `T5Shape`.
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
    """Pairs of prompt and answer -> one padded batch; the workers of a data loader can pickle it.

    Prompts and answers are truncated to their limits, but keep the tokens around a prompt and the end of an answer.
    ``prompts`` encodes the inputs where a text encoder reads them.
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
        encoder, words = self.prompts or self.tokenizer, self.tokenizer
        prompts = [words.frame(_ids(encoder, item), self.max_input_tokens) for item in inputs]
        answers = [[*_ids(words, item)[: self.max_output_tokens - 1], words.end_of_sequence] for item in outputs]
        ids, mask = pad(prompts, words.padding)
        return {"input_ids": ids, "attention_mask": mask, "labels": pad(answers, IGNORED)[0]}


def _ids(encoder: PromptTokenizer | TextTokenizer, item: Tokens) -> list[int]:
    return encoder.encode(item) if isinstance(item, str) else list(item)


def pad(rows: Sequence[Sequence[int]], value: int) -> tuple[Tensor, Tensor]:
    """Rows of ids -> (B, L) int64 padded at the end with ``value``, and (B, L) bool, True on ids."""
    length = max(len(row) for row in rows)
    ids = torch.tensor([[*row, *[value] * (length - len(row))] for row in rows])
    lengths = torch.tensor([len(row) for row in rows])
    return ids, torch.arange(length)[None] < lengths[:, None]


class MotionLanguageModel(nn.Module):
    """A network that reads and writes text with motion tokens in it.

    Attributes:
        network: the backbone, a T5 or a causal model.
        tokenizer: the text tokenizer, motion tokens included; an id is a row of the network's embedding table.
        max_input_tokens: maximum length of a prompt, end of sequence or separator included.
        text_encoder: pretrained encoder of the words of prompts, if there is one.
        prompts: the tokenizer of prompts: the text tokenizer, or that of the text encoder.
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
                f"The text encoder reads at most {text_encoder.config.positions} tokens, so max_input_tokens must be "
                f"less, not {max_input_tokens}."
            )
        if text_encoder is not None and not network.accepts_text_encoder:
            raise MotionGPTError("Only a T5 can have a text encoder for its prompts: leave text_encoder empty.")
        if network.vocabulary_size != tokenizer.size:
            raise MotionGPTError(
                f"The network has {network.vocabulary_size} tokens, but the text tokenizer {tokenizer.size}: use the "
                "two of the same model."
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
        """A new model, to be trained.

        Args:
            config: what to build.
            tokenizer: for ``"t5-scratch"``; without it one is trained on ``texts``.
            texts: captions and prompts.
            seed: of the random weights: all weights of ``"t5-scratch"``, otherwise those of motion tokens and LoRA
                matrices.

        Raises:
            MotionGPTError: there is no such backbone; the pretrained model is missing, of another kind, or has no
                safetensors weights; see also `Causal.pretrained` and `TextEncoder.pretrained`.
        """
        if config.backbone not in BACKBONES:
            raise MotionGPTError(f"backbone must be one of {', '.join(BACKBONES)}, not {config.backbone!r}.")
        generator = torch.Generator().manual_seed(seed)
        network, tokenizer = BACKBONES[config.backbone](config, tokenizer, texts, generator)
        encoder = None
        if config.text_encoder:
            encoder = TextEncoder.pretrained(
                config.text_encoder, network.d_model, generator, trainable_layers=config.text_encoder_layers
            )
        model = cls(network, tokenizer, config.max_input_tokens, encoder)
        model.adapt(config, seed)
        return model

    def adapt(self, config: LanguageConfig, seed: int) -> None:
        """Freeze the model and add LoRA matrices to it where the config requests them.

        Raises:
            MotionGPTError: the model has no LoRA, or see `Causal.adapt`.
        """
        if config.lora_rank:
            self.network.adapt(config.lora_rank, config.lora_alpha, config.dropout, seed)

    @property
    def device(self) -> torch.device:
        return next(self.network.parameters()).device

    def collator(self, max_output_tokens: int = 256) -> Collator:
        """A `Collator` of pairs of prompt and answer for this model."""
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
        """Mean cross-entropy (nats per token) of a collated batch, a scalar."""
        return F.cross_entropy(self.logits(input_ids, attention_mask, labels), labels[labels != IGNORED])

    def loss(self, inputs: Sequence[Tokens], outputs: Sequence[Tokens]) -> Tensor:
        """Mean cross-entropy (nats per token) of the outputs given their inputs, a scalar."""
        batch = self.collator()(zip(inputs, outputs, strict=True))
        return self(**{name: tensor.to(self.device) for name, tensor in batch.items()})

    def prompt_ids(self, prompts: Sequence[str]) -> list[list[int]]:
        """Ids of the prompts, including the tokens around them.

        Raises:
            MotionGPTError: a prompt is longer than ``max_input_tokens``, or not valid Unicode.
        """
        rows = [self.tokenizer.frame(ids) for ids in self.prompts.encode_batch(prompts)]
        limit = self.max_input_tokens
        for row in rows:
            if len(row) > limit:
                raise MotionGPTError(
                    f"The prompt has {len(row)} tokens, but this model reads at most {limit}: shorten the text."
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
            folder: created where missing; the weights of an earlier model in it are replaced.
            dtype: ``"float32"``, ``"float16"`` or ``"bfloat16"`` for half the size, or ``"int8"`` for a quarter: large
                matrices in eight bits with one scale per row, the rest as float16.

        Raises:
            MotionGPTError: the folder cannot be written, or there is no such dtype.
        """
        if dtype not in STORAGE:
            raise MotionGPTError(f"dtype must be one of {', '.join(STORAGE)}, not {dtype!r}.")
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
        """Read a model folder; weights become float32, and the model is in evaluation mode.

        Raises:
            MotionGPTError: a file is missing, damaged or of another version, or a weight is missing, unexpected or of
                another shape; the message names it.
        """
        folder = Path(folder)
        path = folder / "config.json"
        config = load_config(folder, KIND)
        try:
            tokenizer = TextTokenizer.load(
                folder / "tokenizer.json", config["num_codes"], config.get("end_of_sequence")
            )
            network = NETWORKS[config.get("backbone", "t5")].rebuild(config, tokenizer, str(path))
            limit = int(config["max_input_tokens"])
            encoder = None
            if "text_encoder" in config:
                sizes = config_from(TextEncoderConfig, config["text_encoder"], str(path))
                encoder = TextEncoder.load(folder / TEXT_ENCODER, sizes, network.d_model)
            model = cls(network, tokenizer, limit, encoder)
        except (KeyError, TypeError, ValueError, RuntimeError, ZeroDivisionError) as error:
            raise MotionGPTError(f"{path}: a field is missing or has an invalid value ({error}).") from error
        load_weights(folder, network)
        return model.to(device).eval()


# ---- backbones -------------------------------------------------------------------------------------------------------

NETWORKS: Mapping[str, type[Backbone]] = {"t5": T5, "causal": Causal}
"""The networks of model folders, by the field ``backbone`` of their config; a T5 needs no such field."""


def _t5_scratch(
    config: LanguageConfig, tokenizer: TextTokenizer | None, texts: Iterable[str], generator: torch.Generator
) -> tuple[Backbone, TextTokenizer]:
    if tokenizer is None:
        tokenizer = TextTokenizer.train(texts, num_codes=config.num_codes, vocabulary_size=config.text_vocabulary)
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
    return T5.scratch(shape, generator), tokenizer


def _t5_pretrained(
    config: LanguageConfig, tokenizer: TextTokenizer | None, texts: Iterable[str], generator: torch.Generator
) -> tuple[Backbone, TextTokenizer]:
    return T5.pretrained(_source(config), config.num_codes, generator, dropout=config.dropout)


def _causal_pretrained(
    config: LanguageConfig, tokenizer: TextTokenizer | None, texts: Iterable[str], generator: torch.Generator
) -> tuple[Backbone, TextTokenizer]:
    return Causal.pretrained(_source(config), config.num_codes, generator)


def _source(config: LanguageConfig) -> str:
    if not config.hub:
        raise MotionGPTError(
            f"The backbone {config.backbone!r} needs a pretrained model: set hub to an id such as "
            "'google/flan-t5-base' (hub) or 'openai-community/gpt2-medium' (causal), or to a folder."
        )
    return config.hub


BACKBONES: Mapping[
    str,
    Callable[[LanguageConfig, TextTokenizer | None, Iterable[str], torch.Generator], tuple[Backbone, TextTokenizer]],
] = {"t5-scratch": _t5_scratch, "hub": _t5_pretrained, "causal": _causal_pretrained}
"""How a new network and its text tokenizer are made, by `LanguageConfig.backbone`."""
