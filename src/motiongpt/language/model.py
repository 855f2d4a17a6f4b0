"""The language model over words and motion tokens: a T5 network with its text tokenizer, and the folder they live in.

A model folder holds ``config.json`` (sizes, and the SHA-256 of every weight file), ``tokenizer.json`` and
``model.safetensors``, or ``model-00001-of-00003.safetensors`` ... where that would be a big file.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load as parse_safetensors
from safetensors.torch import save_file
from torch import Tensor, nn

from motiongpt.errors import MotionGPTError
from motiongpt.files import atomic_path
from motiongpt.language.t5 import IGNORED, T5, T5Shape
from motiongpt.language.text_tokenizer import TextTokenizer

FORMAT = "motiongpt-language"
VERSION = 1
STORAGE = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}

Tokens = str | Sequence[int]
"""A text (motion tokens allowed), or its ids without end of sequence."""


@dataclass(frozen=True)
class LanguageConfig:
    """What to build.

    Attributes:
        backbone: ``"t5-scratch"``, a T5 with random weights, or ``"hub"``, a trained one.
        hub: id on the Hugging Face hub, or folder, of the trained one, e.g. ``"google/flan-t5-base"``.
        num_codes: size of the motion codebook.
        max_input_tokens: longest prompt, end of sequence included.
        dropout: see `T5Shape`.
        text_vocabulary: of ``"t5-scratch"``: number of ids before the motion tokens, at most.
        d_model, d_kv, d_ff, layers, decoder_layers, heads, tied_embeddings: of ``"t5-scratch"``: see `T5Shape`.
    """

    backbone: str = "t5-scratch"
    hub: str = ""
    num_codes: int = 512
    max_input_tokens: int = 256
    dropout: float = 0.1
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

    What is longer than its limit is cut: end of sequence is always the last token.
    """

    tokenizer: TextTokenizer
    max_input_tokens: int = 256
    max_output_tokens: int = 256

    def __call__(self, pairs: Iterable[tuple[Tokens, Tokens]]) -> dict[str, Tensor]:
        """
        Returns:
            ``input_ids`` (B, L) int64, ``attention_mask`` (B, L) bool, True on tokens, and ``labels`` (B, Lo) int64,
            ``IGNORED`` on padding; padded at the end to the longest of the batch.
        """
        inputs, outputs = zip(*pairs, strict=True)
        ids, mask = pad([self._ids(item, self.max_input_tokens) for item in inputs], self.tokenizer.padding)
        labels, _ = pad([self._ids(item, self.max_output_tokens) for item in outputs], IGNORED)
        return {"input_ids": ids, "attention_mask": mask, "labels": labels}

    def _ids(self, item: Tokens, limit: int) -> list[int]:
        ids = self.tokenizer.encode(item) if isinstance(item, str) else list(item)
        return [*ids[: limit - 1], self.tokenizer.end_of_sequence]


def pad(rows: Sequence[Sequence[int]], value: int) -> tuple[Tensor, Tensor]:
    """Rows of ids -> (B, L) int64 padded at the end with ``value``, and (B, L) bool, True on ids."""
    length = max(len(row) for row in rows)
    ids = torch.tensor([[*row, *[value] * (length - len(row))] for row in rows])
    lengths = torch.tensor([len(row) for row in rows])
    return ids, torch.arange(length)[None] < lengths[:, None]


class MotionLanguageModel(nn.Module):
    """A T5 that reads and writes text with motion tokens in it.

    Attributes:
        network: the T5.
        tokenizer: the text tokenizer, motion tokens included; ids are the rows of the network's embedding table.
        max_input_tokens: longest prompt, end of sequence included.
    """

    def __init__(self, network: T5, tokenizer: TextTokenizer, max_input_tokens: int = 256) -> None:
        super().__init__()
        if network.shape.vocabulary_size != tokenizer.size:
            raise MotionGPTError(
                f"The network has {network.shape.vocabulary_size} tokens and the text tokenizer {tokenizer.size}: "
                "take the two of one model."
            )
        self.network = network
        self.tokenizer = tokenizer
        self.max_input_tokens = max_input_tokens

    @classmethod
    def create(
        cls, config: LanguageConfig, tokenizer: TextTokenizer | None = None, *, texts: Iterable[str] = (), seed: int = 0
    ) -> MotionLanguageModel:
        """A model to train.

        Args:
            config: what to build.
            tokenizer: for ``"t5-scratch"``; without it one is learnt from ``texts``.
            texts: captions and prompts.
            seed: of the random weights: all for ``"t5-scratch"``, those of the motion tokens for ``"hub"``.

        Raises:
            MotionGPTError: no such backbone; the hub's model is missing, no T5, or has no safetensors weights.
        """
        generator = torch.Generator().manual_seed(seed)
        if config.backbone == "hub":
            return _from_hub(config, generator)
        if config.backbone != "t5-scratch":
            raise MotionGPTError(f"There is no backbone {config.backbone!r}: take 't5-scratch' or 'hub'.")
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
        network.initialise(generator)
        return cls(network, tokenizer, config.max_input_tokens)

    @property
    def device(self) -> torch.device:
        return self.network.shared.weight.device

    def forward(self, input_ids: Tensor, attention_mask: Tensor, labels: Tensor) -> Tensor:
        """Mean cross-entropy (nats a token) of a collated batch, a scalar."""
        return F.cross_entropy(self.network(input_ids, attention_mask, labels), labels[labels != IGNORED])

    def loss(self, inputs: Sequence[Tokens], outputs: Sequence[Tokens]) -> Tensor:
        """Mean cross-entropy (nats a token) of the outputs after their inputs, a scalar."""
        batch = Collator(self.tokenizer, self.max_input_tokens)(zip(inputs, outputs, strict=True))
        return self(**{name: tensor.to(self.device) for name, tensor in batch.items()})

    def prompt_ids(self, prompts: Sequence[str]) -> list[list[int]]:
        """Ids of the prompts, end of sequence included.

        Raises:
            MotionGPTError: a prompt is longer than ``max_input_tokens``, or not valid Unicode.
        """
        rows = [[*ids, self.tokenizer.end_of_sequence] for ids in self.tokenizer.encode_batch(prompts)]
        for row in rows:
            if len(row) > self.max_input_tokens:
                raise MotionGPTError(
                    f"The prompt has {len(row)} tokens and this model reads at most {self.max_input_tokens}: shorten it."
                )
        return rows

    def encode_text(self, prompts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Prompts -> ids (B, L) int64 and mask (B, L) bool, True on tokens, on the model's device.

        Raises:
            MotionGPTError: a prompt is longer than ``max_input_tokens``, or not valid Unicode.
        """
        ids, mask = pad(self.prompt_ids(prompts), self.tokenizer.padding)
        return ids.to(self.device), mask.to(self.device)

    def save(self, folder: str | Path, *, dtype: str = "float32", shard_bytes: int = 48_000_000) -> None:
        """Write the model folder; files appear all together, at the end.

        Args:
            folder: made where missing; the weights of an earlier model in it are replaced.
            dtype: ``"float32"``, or ``"float16"`` or ``"bfloat16"`` for half the size.
            shard_bytes: no weight file has more than this, unless a single weight does.

        Raises:
            MotionGPTError: the folder cannot be written, or there is no such dtype.
        """
        if dtype not in STORAGE:
            raise MotionGPTError(f"Weights cannot be stored as {dtype!r}: take one of {', '.join(STORAGE)}.")
        folder = Path(folder)
        shards: list[dict[str, Tensor]] = [{}]
        filled = 0
        for name, weight in self.network.state_dict().items():
            weight = weight.detach().to("cpu", STORAGE[dtype]).contiguous()
            if shards[-1] and filled + weight.nbytes > shard_bytes:
                shards.append({})
                filled = 0
            shards[-1][name] = weight
            filled += weight.nbytes
        if len(shards) == 1:
            names = ["model.safetensors"]
        else:
            names = [f"model-{i:05d}-of-{len(shards):05d}.safetensors" for i in range(1, len(shards) + 1)]

        # The renaming is done when the stack closes: weights first, config.json, which vouches for them, last.
        with ExitStack() as files:
            config_file = files.enter_context(atomic_path(folder / "config.json"))
            tokenizer_file = files.enter_context(atomic_path(folder / "tokenizer.json"))
            digests = {}
            for name, shard in zip(names, shards, strict=True):
                file = files.enter_context(atomic_path(folder / name))
                save_file(shard, file, metadata={"format": "pt"})
                digests[name] = hashlib.sha256(file.read_bytes()).hexdigest()
            tokenizer_file.write_text(self.tokenizer.to_json(), encoding="utf-8")
            config = {
                "format": FORMAT,
                "version": VERSION,
                "num_codes": self.tokenizer.num_codes,
                "max_input_tokens": self.max_input_tokens,
                "network": dataclasses.asdict(self.network.shape),
                "weights": digests,
            }
            config_file.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
        for file in folder.glob("model*.safetensors"):
            if file.name not in names:
                file.unlink()

    @classmethod
    def load(cls, folder: str | Path, device: str | torch.device = "cpu") -> MotionLanguageModel:
        """Read a model folder; weights become float32, the model is ready to generate.

        Raises:
            MotionGPTError: a file is missing, damaged or of another version, or a weight is missing, left over or of
                another shape; the text names it.
        """
        folder = Path(folder)
        config = _read_config(folder / "config.json")
        try:
            tokenizer = TextTokenizer.load(folder / "tokenizer.json", config["num_codes"])
            model = cls(T5(T5Shape(**config["network"])), tokenizer, config["max_input_tokens"])
            weights = _read_weights(folder, config["weights"])
        except (KeyError, TypeError, ValueError, AttributeError, RuntimeError, ZeroDivisionError) as error:
            raise MotionGPTError(f"{folder / 'config.json'}: a field is missing or has a wrong value ({error}).") from error
        _check_weights(folder, model.network.state_dict(), weights)
        model.network.load_state_dict(weights, assign=True)
        return model.to(device).eval()


def _read_config(path: Path) -> dict[str, Any]:
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise MotionGPTError(f"There is no language model in {path.parent}: config.json is missing.") from error
    except (OSError, ValueError) as error:
        raise MotionGPTError(f"Cannot read {path}: {error}.") from error
    if not isinstance(config, dict) or config.get("format") != FORMAT:
        raise MotionGPTError(f"{path} does not describe a MotionGPT language model: expected format {FORMAT!r}.")
    if config.get("version") != VERSION:
        raise MotionGPTError(
            f"{path} has format version {config.get('version')!r} and this program reads version {VERSION}: "
            "install the release of motiongpt that wrote it."
        )
    return config


def _read_weights(folder: Path, digests: dict[str, str]) -> dict[str, Tensor]:
    """All weights of the files of a folder, in float32."""
    weights: dict[str, Tensor] = {}
    for name, digest in digests.items():
        path = folder / Path(name).name
        try:
            content = path.read_bytes()
        except OSError as error:
            raise MotionGPTError(f"Cannot read the weight file {path}: {error.strerror or error}.") from error
        if hashlib.sha256(content).hexdigest() != digest:
            raise MotionGPTError(
                f"The weight file {path} is damaged or of another model (its SHA-256 is not that of config.json): "
                "fetch or save it again."
            )
        try:
            shard = parse_safetensors(content)
        except (SafetensorError, ValueError) as error:
            raise MotionGPTError(f"The weight file {path} is no safetensors file: {error}.") from error
        weights |= {name: weight.float() for name, weight in shard.items()}
    return weights


def _check_weights(folder: Path, expected: dict[str, Tensor], found: dict[str, Tensor]) -> None:
    for name, weight in expected.items():
        if name not in found:
            raise MotionGPTError(f"The weights in {folder} lack {name}: save the model again.")
        if found[name].shape != weight.shape:
            raise MotionGPTError(
                f"The weight {name} in {folder} has shape {tuple(found[name].shape)} "
                f"where config.json asks for {tuple(weight.shape)}."
            )
    for name in found:
        if name not in expected:
            raise MotionGPTError(f"The weights in {folder} have {name}, which this model does not know.")


def _from_hub(config: LanguageConfig, generator: torch.Generator) -> MotionLanguageModel:
    """A trained T5 of the hub or of a folder, with rows for the motion tokens right after its words."""
    if not config.hub:
        raise MotionGPTError("The backbone 'hub' needs an id such as 'google/flan-t5-base', or a folder, in 'hub'.")
    from transformers import AutoTokenizer, T5ForConditionalGeneration

    try:
        words = AutoTokenizer.from_pretrained(config.hub).backend_tokenizer.to_str()
        trained = T5ForConditionalGeneration.from_pretrained(config.hub, use_safetensors=True, dtype=torch.float32)
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
        decoder_layers=theirs.num_decoder_layers,
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
            weights[name] = _with_motion_rows(weights[name], tokenizer, generator)
    if "lm_head.weight" in weights and theirs.scale_decoder_outputs:
        weights["lm_head.weight"] *= shape.d_model**-0.5
    network.load_state_dict(weights, assign=True)
    return MotionLanguageModel(network, tokenizer, config.max_input_tokens)


def _with_motion_rows(table: Tensor, tokenizer: TextTokenizer, generator: torch.Generator) -> Tensor:
    """The rows of the words, then one for each motion token, drawn like the words' mean and deviation.

    Hub models have a few unused rows after their words; the motion tokens take their place.
    """
    words = table[: tokenizer.first_code]
    if len(words) < tokenizer.first_code:
        raise MotionGPTError(
            f"The text tokenizer has {tokenizer.first_code} words and the hub model {len(words)} rows for them: "
            "take the two of one model."
        )
    motion = torch.randn(tokenizer.size - tokenizer.first_code, table.shape[1], generator=generator)
    return torch.cat([words, words.mean(0) + words.std(0) * motion])
