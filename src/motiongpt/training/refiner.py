"""The refiner: the residual behind coarse codes, sampled by flow matching given the codes and a sentence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from motiongpt.data.layout import MotionTextDataset
from motiongpt.data.mining import SentenceTable
from motiongpt.errors import MotionGPTError
from motiongpt.generation.refiner import WINDOW, Refiner
from motiongpt.lm.sentence_encoder import SentenceEncoder, padded
from motiongpt.motion import features_to_joints
from motiongpt.text.captions import normalise_caption
from motiongpt.tokenizer import MotionTokenizer
from motiongpt.training.balance import rarity_shares
from motiongpt.training.config import RefinerTraining
from motiongpt.training.loop import GROUPED_BATCHES, fingerprint, fit, skipped
from motiongpt.training.splicing import Splicer, Track

# Clips of the validation split that are measured, and times of the flow at which they are.
VALIDATION_CLIPS = 64
TIMES = (0.0, 0.25, 0.5, 0.75)
# The loss is weighted by 1 / (1 - time), with this lower bound of the denominator: late errors stay in the motion.
_MIN_REMAINING = 0.1


@dataclass(frozen=True)
class Clip:
    """A clip: coarse codes (n,) int16, residual latents (n, C) float16, and indices of its sentences in the table."""

    codes: np.ndarray
    latents: np.ndarray
    sentences: tuple[int, ...]


class RefinerTask:
    """Batches of clips with a caption each, their latents at random times of the flow from noise."""

    def __init__(self, config: RefinerTraining) -> None:
        self.config = config
        train, held_out = (MotionTextDataset(config.data, split) for split in ("train", "val"))
        self.notes = (*skipped(train), *skipped(held_out))
        self.tokenizer = MotionTokenizer.load(config.tokenizer)
        if self.tokenizer.skeleton.name != train.skeleton.name:
            raise MotionGPTError(
                f"{config.data} has the skeleton {train.skeleton.name}, but the tokenizer in {config.tokenizer} "
                f"is for {self.tokenizer.skeleton.name}."
            )
        started = Refiner.load(config.start, self.tokenizer) if config.start else None
        sentence_encoder = (
            started.sentence_encoder if started is not None else SentenceEncoder.pretrained(config.text_encoder)
        )
        self.table = SentenceTable(sentence_encoder)
        read = list(self._read(train))
        self.held_out = list(self._read(held_out))[:VALIDATION_CLIPS]
        if not read or not self.held_out:
            raise MotionGPTError(f"{config.data} has no clip of two strides or more in train or in val.")
        self.clips = [clip for clip, _ in read]
        if config.splice:
            self.clips += self._spliced(read)
        self.table.encode()
        latents = np.concatenate([clip.latents for clip in self.clips]).astype(np.float32)
        torch.manual_seed(config.seed)
        self.module = started or Refiner(
            config.network, sentence_encoder, self.tokenizer, latents.mean(0), latents.std(0)
        )
        captions = [[self.table.sentences[number] for number in clip.sentences] for clip in self.clips]
        residuals = [np.square(clip.latents - latents.mean(0)).sum(1).mean() for clip in self.clips]
        shares = rarity_shares(captions, config.balance) * np.array(residuals, dtype=np.float64) ** config.quick
        if config.splice:
            # As many clips are spliced as are not.
            shares[: len(read)] *= (1 - config.splice) / shares[: len(read)].sum()
            shares[len(read) :] *= config.splice / shares[len(read) :].sum()
        self.shares = shares / shares.sum()
        self._group = (-1, -1)
        self._batches: list[np.ndarray] = []

    def _read(self, dataset: MotionTextDataset) -> Iterator[tuple[Clip, np.ndarray]]:
        """Clips of at least two strides, each cut at another offset of the stride, and their features."""
        stride = self.tokenizer.stride
        bar = tqdm(dataset, total=len(dataset), desc=f"{dataset.split} clips", unit="clip", mininterval=2)
        for number, item in enumerate(bar):
            offset = number % stride
            count = (len(item.features) - offset) // stride
            if count < 2:
                continue
            features = item.features[offset : offset + count * stride]
            codes, latents = self.tokenizer.encode_latents(torch.as_tensor(features)[None])
            texts = (normalise_caption(caption.text) for caption in item.captions)
            sentences = tuple(self.table.add(text) for text in texts if text)
            yield Clip(codes[0].numpy().astype(np.int16), latents[0].half().numpy(), sentences), features

    def _spliced(self, read: Sequence[tuple[Clip, np.ndarray]]) -> list[Clip]:
        """As many clips of spliced pieces, of the same lengths, under the sentences of their first pieces."""
        rng = np.random.default_rng(self.config.seed)
        tracks = [Track(features, clip.codes[:, None]) for clip, features in read]
        lengths = np.array([len(clip.codes) for clip, _ in read])
        splicer = Splicer(tracks, lengths / lengths.sum(), self.tokenizer.stride)
        clips = []
        for count in tqdm(lengths, desc="spliced clips", unit="clip", mininterval=2):
            pieces = splicer.pieces(rng, min(int(count), WINDOW))
            row = splicer.joined(pieces)
            codes = torch.from_numpy(row.codes[:, 0].astype(np.int64))[None]
            _, latents = self.tokenizer.encode_latents(torch.from_numpy(row.features)[None], codes)
            sentences = read[pieces[0].track][0].sentences
            clips.append(Clip(row.codes[:, 0], latents[0].half().numpy(), sentences))
        return clips

    def prepare(self, step: int) -> None:
        """Nothing to prepare in this stage."""

    def batch(self, step: int, rank: int) -> dict[str, Tensor]:
        """Collated batch of clips of similar length, each at a random time of the flow."""
        group, place = divmod(step, GROUPED_BATCHES)
        size = self.config.loop.batch_size
        if (group, rank) != self._group:
            rng = np.random.default_rng((self.config.seed, group, rank))
            drawn = rng.choice(len(self.clips), size=size * GROUPED_BATCHES, p=self.shares)
            drawn = drawn[np.argsort([min(len(self.clips[i].codes), WINDOW) for i in drawn], kind="stable")]
            self._group = (group, rank)
            self._batches = [drawn[number * size :][:size] for number in rng.permutation(GROUPED_BATCHES)]
        rng = np.random.default_rng((self.config.seed, step, rank, 1))
        clips = [self.clips[i] for i in self._batches[place]]
        time = np.where(rng.random(size) < self.config.mean_share, 0, rng.random(size))
        return self._collated(clips, rng, time, self.config.unsaid)

    def _collated(
        self, clips: Sequence[Clip], rng: np.random.Generator, time: np.ndarray, unsaid: float
    ) -> dict[str, Tensor]:
        codes, latents, states = [], [], []
        for clip in clips:
            start = int(rng.integers(max(len(clip.codes) - WINDOW, 0) + 1))
            codes.append(torch.from_numpy(clip.codes[start : start + WINDOW].astype(np.int64)))
            latents.append(torch.from_numpy(clip.latents[start : start + WINDOW].astype(np.float32)))
            conditioned = clip.sentences and rng.random() >= unsaid
            nothing = torch.zeros(0, self.module.sentence_encoder.config.hidden_size)
            states.append(self.table.states[int(rng.choice(clip.sentences))] if conditioned else nothing)
        words, text_mask = padded(states)
        goal = nn.utils.rnn.pad_sequence(latents, batch_first=True)
        noise = rng.standard_normal(goal.shape, dtype=np.float32)
        return {
            "codes": nn.utils.rnn.pad_sequence(codes, batch_first=True),
            "goal": goal,
            "noise": torch.from_numpy(noise),
            "time": torch.from_numpy(time.astype(np.float32)),
            "mask": torch.arange(goal.shape[1]) < torch.tensor([[len(row)] for row in codes]),
            "states": words,
            "text_mask": text_mask,
        }

    def loss(self, module: nn.Module, batch: dict[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """Squared error of the latents as a share of their variance, weighted by 1 / (1 - time)."""
        error = self._error(module, **batch)
        mask, remaining = batch["mask"], (1 - batch["time"]).clamp(min=_MIN_REMAINING)
        return (error / remaining[:, None])[mask].mean(), {"latents": mask.sum()}

    def _error(
        self,
        module: nn.Module,
        codes: Tensor,
        goal: Tensor,
        noise: Tensor,
        time: Tensor,
        mask: Tensor,
        states: Tensor,
        text_mask: Tensor,
    ) -> Tensor:
        """(B, n) squared error of each latent, in the units of the tokenizer: dimensions weigh by their variance."""
        goal = self.module.normalised(goal)
        latents = torch.lerp(noise, goal, time[:, None, None])
        predicted = module(codes, latents, time, mask, states, text_mask)
        variance = self.module.std**2
        return ((predicted - goal) ** 2 * variance).sum(-1) / variance.sum()

    @torch.inference_mode()
    def validate(self) -> dict[str, float]:
        """Errors at several times of the flow, with the sentence and without, and of decoded clips in millimetres.

        An error is relative to that of the mean latent: ``error_0`` is 1 where the residual cannot be predicted.
        """
        results = {}
        device = self.module.first.device
        clips = [clip for clip, _ in self.held_out]
        latents = torch.cat([torch.from_numpy(clip.latents[:WINDOW]) for clip in clips]).to(device)
        baseline = float(((latents - self.module.mean) ** 2).sum(1).mean() / (self.module.std**2).sum())
        for unsaid, name in ((0.0, "error"), (1.0, "unsaid_error")):
            for time in TIMES:
                rng = np.random.default_rng(self.config.seed)
                batch = self._collated(clips, rng, np.full(len(clips), time), unsaid)
                batch = {key: value.to(device) for key, value in batch.items()}
                error = float(self._error(self.module, **batch)[batch["mask"]].mean())
                results[f"{name}_{time:g}"] = error / baseline
        codes = [clip.codes.astype(np.int64) for clip in clips]
        texts = [self.table.sentences[clip.sentences[0]] if clip.sentences else None for clip in clips]
        seeds = range(len(clips))
        latents_by_name = {
            "coarse": None,
            "mean": self.module.refine(codes, texts, seeds, steps=1),
            "refined": self.module.refine(codes, texts, seeds),
            "true": [clip.latents for clip in clips],
        }
        for name, residual in latents_by_name.items():
            errors = []
            for features, (_, truth) in zip(self.tokenizer.decode_batch(codes, residual), self.held_out, strict=True):
                joints, real = (features_to_joints(one, self.tokenizer.skeleton) for one in (features, truth))
                errors.append(np.linalg.norm((joints - joints[:, :1]) - (real - real[:, :1]), axis=-1).mean())
            results[f"mpjpe_{name}_mm"] = float(np.mean(errors)) * 1000 * self.tokenizer.skeleton.metres_per_unit
        return results

    def save(self, folder: Path) -> None:
        """Write the folder of the refiner, in half precision."""
        self.module.save(folder, dtype=torch.float16)


def train_refiner(config: RefinerTraining) -> Path:
    """Train the refiner, or resume it; returns the folder of the finished one.

    Raises:
        MotionGPTError: see :func:`motiongpt.training.loop.fit`; or data, tokenizer or text encoder do not fit the
            config.
    """
    task = RefinerTask(config)
    return fit(task, config.loop, config.output, seed=config.seed, fingerprint=fingerprint(config), notes=task.notes)
