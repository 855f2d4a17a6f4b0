"""The refiner: what coarse codes leave out of a motion, drawn anew from these and from a sentence.

Language models write coarse codes alone, in which quick movements are blunted. The tokenizer's refinement knows what
they leave over; a transformer that has learned how that is distributed draws it for generated motions, by flow
matching (Lipman et al., ICLR 2023): all latents of a motion are noise at first and are led to their places in a few
steps, together, so that they fit each other.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from motiongpt.errors import MotionGPTError
from motiongpt.lm.sentence_encoder import SENTENCE_ENCODER_FOLDER, SentenceEncoder, load_sentence_encoder, padded
from motiongpt.lm.t5 import Stack, T5Shape, initialise
from motiongpt.tokenizer import MotionTokenizer
from motiongpt.tokenizer.quantizers import Quantizer
from motiongpt.weights_io import config_from, load_config, load_weights, save_config, save_weights

KIND = "motion-refiner"
_SENTENCE_ENCODER = "sentence_encoder."
# Latents that are seen at once; longer motions are refined in parts.
WINDOW = 50
# Steps from noise to latents, how closely they follow the sentence, and the deviation of the noise where rare ones are
# looked for; see `Refiner.refine`.
STEPS = 8
GUIDANCE = 2.5
SPREAD = 1.2
# Sines and cosines that tell the time of the flow.
_WAVES = 32
# Parts that are refined together.
_BATCH = 32


@dataclass(frozen=True)
class RefinerConfig:
    """Sizes of a refiner.

    Attributes:
        width: of the transformer.
        heads: of attention.
        layers: of the transformer.
        feed_forward: width of the gated layers.
        dropout: in training.
    """

    width: int = 256
    heads: int = 4
    layers: int = 5
    feed_forward: int = 512
    dropout: float = 0.1


class Refiner(nn.Module):
    """Coarse codes and sentences -> latents of the tokenizer's refinement.

    Args:
        config: sizes.
        sentence_encoder: the pretrained encoder that reads the sentences; it stays frozen.
        tokenizer: the motion tokenizer; it must have a refinement behind one level of coarse codes.
        mean, std: (C,) statistics of the latents: the network sees (latents - mean) / std.

    Raises:
        MotionGPTError: the tokenizer has no refinement, or its coarse codes no vectors.
    """

    vectors: Tensor
    mean: Tensor
    std: Tensor

    def __init__(
        self,
        config: RefinerConfig,
        sentence_encoder: SentenceEncoder,
        tokenizer: MotionTokenizer,
        mean: np.ndarray | None = None,
        std: np.ndarray | None = None,
    ) -> None:
        super().__init__()
        quantizer = tokenizer.vqvae.quantizer
        if tokenizer.refinement is None or not isinstance(quantizer, Quantizer):
            raise MotionGPTError(
                "A refiner needs a motion tokenizer with a refinement behind one level of codes: "
                "train one with the key refines."
            )
        size = tokenizer.refinement.config.code_dim
        self.config = config
        self.sentence_encoder = sentence_encoder
        # Codes are read as the tokenizer's own vectors, which are saved with it: what means the same looks the same.
        vectors = quantizer.codebook.detach()
        self.register_buffer("vectors", (vectors - vectors.mean(0)) / vectors.std(), persistent=False)
        self.register_buffer("mean", torch.as_tensor(np.zeros(size) if mean is None else mean, dtype=torch.float32))
        self.register_buffer("std", torch.as_tensor(np.ones(size) if std is None else std, dtype=torch.float32))
        self.read_code = nn.Linear(vectors.shape[1], config.width)
        self.read_latent = nn.Linear(size, config.width)
        self.read_words = nn.Linear(sentence_encoder.config.hidden_size, config.width)
        self.read_time = nn.Sequential(
            nn.Linear(2 * _WAVES, config.width), nn.SiLU(), nn.Linear(config.width, config.width)
        )
        # Stands between sentence and motion, and alone before it where there is none.
        self.first = nn.Parameter(torch.randn(config.width))
        shape = T5Shape(
            vocabulary_size=0,
            d_model=config.width,
            d_kv=config.width // config.heads,
            d_ff=config.feed_forward,
            layers=config.layers,
            heads=config.heads,
            dropout=config.dropout,
        )
        self.stack = Stack(shape, decoder=False)
        initialise(self.stack, shape, torch.default_generator)
        self.write = nn.Linear(config.width, size)

    def forward(
        self, codes: Tensor, latents: Tensor, time: Tensor, mask: Tensor, states: Tensor, text_mask: Tensor
    ) -> Tensor:
        """Estimate of the data that latents on their way lead to: (B, n, C), normalised as they are.

        Args:
            codes: (B, n) coarse codes.
            latents: (B, n, C) normalised latents on their way from noise to data.
            time: (B,) how far they are, from 0 to 1.
            mask: (B, n) True on latents.
            states: (B, L, hidden_size) of the word pieces of the sentences.
            text_mask: (B, L) True on them; no word at all is no sentence.
        """
        count = codes.shape[1]
        rates = 1000.0 * torch.exp(torch.arange(_WAVES, device=time.device) * (-math.log(1000) / _WAVES))
        angles = time[:, None] * rates
        moment = self.read_time(torch.cat([angles.sin(), angles.cos()], dim=-1))
        # What is summed stays float32 under autocast.
        motion = self.read_code(F.embedding(codes, self.vectors)).float() + self.read_latent(latents).float()
        motion = motion + moment[:, None].float()
        # Padding stands before the words: how far they are from the motion must not depend on other sentences.
        order = text_mask.int().argsort(dim=1, stable=True)
        words = self.read_words(states.gather(1, order[..., None].expand_as(states))).float()
        text_mask = text_mask.gather(1, order)
        rows = torch.cat([words, self.first.expand(len(codes), 1, -1), motion], dim=1)
        hidden = self.stack(rows, torch.cat([text_mask, F.pad(mask, (1, 0), value=True)], dim=1))
        return self.write(hidden[:, -count:]).float()

    def normalised(self, latents: Tensor) -> Tensor:
        """Latents of the tokenizer (..., C) as the network sees them."""
        return (latents.to(self.mean) - self.mean) / self.std

    @torch.inference_mode()
    def refine(
        self,
        codes: Sequence[np.ndarray],
        sentences: Sequence[str | None],
        seeds: Sequence[int | Sequence[int]],
        *,
        steps: int = STEPS,
        guidance: float = GUIDANCE,
        spread: float = 1.0,
    ) -> list[np.ndarray]:
        """Latents (n, C) float32 of the refinement, as :meth:`MotionTokenizer.decode` takes them, for each motion.

        Args:
            codes: coarse codes (n,) of each motion, n >= 1.
            sentences: what each motion shows, not empty; None where nothing is said.
            seeds: one for each motion, which is the same alone or in a list.
            steps: from noise to latents; a single one gives their mean, in which what is uncertain is blunt.
            guidance: above 1 the latents follow the sentence more closely; 1 does not guide.
            spread: deviation of the noise: above 1 what is rare, such as quick movements, comes more often.
        """
        texts = list(dict.fromkeys(sentence for sentence in sentences if sentence is not None))
        read = dict(zip(texts, self.sentence_encoder.encode(texts), strict=True)) if texts else {}
        nothing = self.first.new_zeros(0, self.read_words.in_features)
        states = [nothing if sentence is None else read[sentence] for sentence in sentences]
        size = len(self.mean)
        noise = [
            np.float32(spread) * np.random.default_rng(seed).standard_normal((len(row), size), dtype=np.float32)
            for row, seed in zip(codes, seeds, strict=True)
        ]
        parts = [(number, start) for number, row in enumerate(codes) for start in range(0, len(row), WINDOW)]
        results = [np.empty_like(rows) for rows in noise]
        # Of about one length together, so that little is padded.
        parts.sort(key=lambda part: min(len(codes[part[0]]) - part[1], WINDOW))
        for first in range(0, len(parts), _BATCH):
            chosen = parts[first : first + _BATCH]
            cut = [(number, slice(start, start + WINDOW)) for number, start in chosen]
            row = nn.utils.rnn.pad_sequence([torch.as_tensor(codes[number][part]) for number, part in cut], True)
            latents = nn.utils.rnn.pad_sequence([torch.as_tensor(noise[number][part]) for number, part in cut], True)
            lengths = torch.tensor([len(codes[number][part]) for number, part in cut])
            mask = torch.arange(row.shape[1]) < lengths[:, None]
            words, text_mask = padded([states[number] for number, _ in cut])
            device = self.first.device
            made = self._flow(row.to(device), latents.to(device), mask.to(device), words, text_mask, steps, guidance)
            for (number, part), one, length in zip(cut, made.cpu().numpy(), lengths, strict=True):
                results[number][part] = one[:length]
        return results

    def _flow(
        self,
        codes: Tensor,
        latents: Tensor,
        mask: Tensor,
        states: Tensor,
        text_mask: Tensor,
        steps: int,
        guidance: float,
    ) -> Tensor:
        """Latents (B, n, C) from noise of the same shape."""
        guided = guidance != 1 and bool(text_mask.any())
        for step in range(steps):
            time = latents.new_full((len(codes),), step / steps)
            goal = self(codes, latents, time, mask, states, text_mask)
            if guided:
                # Without words in the rows, the unconditional half is shorter than the other.
                unsaid = self(codes, latents, time, mask, states[:, :0], text_mask[:, :0])
                goal = unsaid + guidance * (goal - unsaid)
            latents = latents + (goal - latents) / (steps - step)
        return latents * self.std + self.mean

    def save(self, folder: str | Path, *, dtype: torch.dtype | None = None, shared_encoder: bool = False) -> None:
        """Write config.json and the weights.

        Args:
            dtype: as in :func:`motiongpt.weights_io.save_weights`.
            shared_encoder: leave out the pretrained encoder, which whoever loads has already.
        """
        folder = Path(folder)
        own = {name: weight for name, weight in self.state_dict().items() if not name.startswith(_SENTENCE_ENCODER)}
        save_weights(folder, own, dtype=dtype)
        if not shared_encoder:
            self.sentence_encoder.save(folder / SENTENCE_ENCODER_FOLDER)
        values = {
            "network": dataclasses.asdict(self.config),
            "reader": None if shared_encoder else dataclasses.asdict(self.sentence_encoder.config),
        }
        save_config(folder, KIND, values)

    @classmethod
    def load(
        cls, folder: str | Path, tokenizer: MotionTokenizer, shared_encoder: SentenceEncoder | None = None
    ) -> Refiner:
        """Rebuild from a folder written by :meth:`save`; strict.

        Args:
            tokenizer: the one that it was trained for.
            shared_encoder: the pretrained encoder where the folder leaves it out.

        Raises:
            MotionGPTError: anything is missing, damaged or does not fit, or the folder needs ``shared_encoder``.
        """
        folder = Path(folder)
        values = load_config(folder, KIND)
        where = str(folder / "config.json")
        config = config_from(RefinerConfig, values.get("network", {}), where)
        sentence_encoder = load_sentence_encoder(
            folder / SENTENCE_ENCODER_FOLDER, values.get("reader"), shared_encoder, where
        )
        refiner = cls(config, sentence_encoder, tokenizer)
        load_weights(folder, refiner, without=_SENTENCE_ENCODER)
        return refiner.eval()
