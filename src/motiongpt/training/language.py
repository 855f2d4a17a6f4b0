"""Stages 2 and 3: the language model, trained on instructions and on span corruption of sentences and motions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from motiongpt.data.captions import read_sentences
from motiongpt.data.layout import FEATURES, MotionTextDataset, feature_shape
from motiongpt.data.mining import MINED_SHARE, read_mined
from motiongpt.data.texts import Caption
from motiongpt.data.tokens import TokenFolder
from motiongpt.errors import MotionGPTError
from motiongpt.lm.model import MotionLanguageModel, Tokens
from motiongpt.lm.prompts import Fields, Templates
from motiongpt.lm.span_corruption import corrupt_spans, corrupt_words
from motiongpt.lm.tasks import Task
from motiongpt.text.captions import normalise_caption
from motiongpt.tokenizer import MotionTokenizer
from motiongpt.training.balance import rarity_shares
from motiongpt.training.config import LanguageTraining
from motiongpt.training.loop import GROUPED_BATCHES, fingerprint, fit, skipped
from motiongpt.training.self_training import Prompt, prompt_shares, read_samples

CAPTION_DENOISE = "caption_denoise"
MOTION_DENOISE = "motion_denoise"
# Tasks with a caption in input or output; they need captioned clips.
_NEEDS_CAPTION = {task for task in Task if any("Caption" in name for name in task.inputs | task.outputs)}
# Prompts per task from which the text tokenizer learns its vocabulary.
_SAMPLE_PROMPTS = 400
_VALIDATION_BATCHES = 8


@dataclass(frozen=True)
class Clip:
    """A clip as codes.

    Attributes:
        codes: arrays (n,), one for each offset of the stride at which the clip is cut. Files usually hold one.
        captions: may be empty.
    """

    codes: tuple[np.ndarray, ...]
    captions: tuple[str, ...]


def tokenize_clips(dataset: MotionTextDataset, tokenizer: MotionTokenizer) -> list[Clip]:
    """Codes of all clips of a data set that are long enough for one code at every offset."""
    items = [item for item in dataset if len(item.features) >= 2 * tokenizer.stride]
    offsets = range(tokenizer.stride)
    # Only whole strides: padding the last one would teach the model that motions end in a standstill.
    windows = [
        item.features[offset : offset + (len(item.features) - offset) // tokenizer.stride * tokenizer.stride]
        for item in items
        for offset in offsets
    ]
    codes = tokenizer.encode_batch(windows, coarse=True)
    return [
        Clip(tuple(codes[number * len(offsets) + offset] for offset in offsets), _caption_texts(item.captions))
        for number, item in enumerate(items)
    ]


def read_clips(dataset: MotionTextDataset, tokens: TokenFolder) -> list[Clip]:
    """Codes from files of all clips of a data set that have at least one.

    Raises:
        MotionGPTError: a file is missing, or was written with another tokenizer.
    """
    clips = []
    for (clip, start, stop), captions in zip(dataset.spans, dataset.captions, strict=True):
        frames, _ = feature_shape(dataset.root / FEATURES / f"{clip}.npy")
        codes = tokens.read(clip, start, stop, frames)
        if codes:
            clips.append(Clip(codes, _caption_texts(captions)))
    return clips


def _caption_texts(captions: Sequence[Caption]) -> tuple[str, ...]:
    return tuple(filter(None, (normalise_caption(caption.text) for caption in captions)))


class LanguageTask:
    """Batches of instructions and their answers; the task of each pair is drawn from the mixture."""

    def __init__(self, config: LanguageTraining) -> None:
        self.config = config
        tokenizer = MotionTokenizer.load(config.tokenizer)
        if tokenizer.config.levels > 1:
            raise MotionGPTError(
                f"The tokenizer in {config.tokenizer} has {tokenizer.config.levels} codes for one latent, but a "
                "language model writes one: train a tokenizer with network.levels=1."
            )
        self.num_codes, self.stride, self.fps = tokenizer.num_codes, tokenizer.stride, tokenizer.skeleton.fps
        if config.strict_reference and not config.templates:
            raise MotionGPTError("strict_reference needs the original's instructions: set templates to their file.")
        if config.templates:
            self.templates = Templates.load(config.templates, strict_reference=config.strict_reference)
        else:
            self.templates = Templates.default()
        datasets = [MotionTextDataset(config.data, split) for split in ("train", "val")]
        if datasets[0].skeleton.name != tokenizer.skeleton.name:
            raise MotionGPTError(
                f"{config.data} has the skeleton {datasets[0].skeleton.name}, but the tokenizer in {config.tokenizer} "
                f"is for {tokenizer.skeleton.name}."
            )
        if config.tokens:
            tokens = TokenFolder(config.tokens, tokenizer)
            self.clips, self.held_out = (read_clips(dataset, tokens) for dataset in datasets)
        else:
            self.clips, self.held_out = (tokenize_clips(dataset, tokenizer) for dataset in datasets)
        self.notes = (*self.templates.problems, *(note for dataset in datasets for note in skipped(dataset)))
        self.mined = read_mined(config.mined) if config.mined else {}
        self.samples: list[Clip] = []
        if config.self_training:
            self.samples, self.sample_weights = self._self_training_clips(config.self_training)
        own = [caption for clip in self.clips for caption in clip.captions]
        self.sentences = (read_sentences(config.captions) if config.captions else []) + own
        self.tasks = list(config.tasks or {task.value: 1.0 for task in self.templates.tasks})
        known = {task.value for task in self.templates.tasks} | {CAPTION_DENOISE, MOTION_DENOISE}
        for name in self.tasks:
            if name not in known:
                raise MotionGPTError(f"tasks: there is no task {name!r}; known are {', '.join(sorted(known))}.")
        shares = np.array([config.tasks.get(name, 1.0) for name in self.tasks], dtype=np.float64)
        self.shares = shares / shares.sum()
        self.captioned = [clip for clip in self.clips if clip.captions]
        self.captioned_held_out = [clip for clip in self.held_out if clip.captions]
        if not self.captioned or not self.captioned_held_out:
            raise MotionGPTError(f"{config.data} has no captioned clips in train or in val: captions are needed here.")
        # Cumulative probabilities of the clips.
        self.weights = np.cumsum(rarity_shares([clip.captions for clip in self.captioned], config.balance))
        if config.start:
            self.module = MotionLanguageModel.load(config.start)
            if self.module.tokenizer.num_codes != self.num_codes:
                raise MotionGPTError(
                    f"{config.start} has {self.module.tokenizer.num_codes} codes, not {self.num_codes}."
                )
            self.module.adapt(config.model, config.seed)
        else:
            if config.model.num_codes != self.num_codes:
                raise MotionGPTError(
                    f"model.num_codes is {config.model.num_codes}, but the tokenizer in {config.tokenizer} has "
                    f"{self.num_codes} codes: set model.num_codes={self.num_codes}."
                )
            self.module = MotionLanguageModel.create(config.model, texts=self._texts(), seed=config.seed)
        if not self.module.tokenizer.sentinels and {CAPTION_DENOISE, MOTION_DENOISE} & set(self.tasks):
            raise MotionGPTError(
                f"tasks: {CAPTION_DENOISE} and {MOTION_DENOISE} need the sentinels of a T5, and this model has none: "
                "leave them out."
            )
        if config.word_dropout and self.module.text_encoder is None:
            raise MotionGPTError(
                "word_dropout hides words from a text encoder: set model.text_encoder too, or leave it 0."
            )
        self.collate = self.module.collator()
        self._group = (-1, -1)
        self._batches: list[list[tuple[Tokens, Tokens]]] = []

    def _self_training_clips(self, path: str) -> tuple[list[Clip], np.ndarray]:
        """A clip for each prompt, with the codes of its samples, and the cumulative probabilities of the clips."""
        codes: dict[Prompt, list[np.ndarray]] = {}
        for sample in read_samples(path, self.num_codes):
            codes.setdefault(sample.prompt, []).append(sample.codes)
        clips = [Clip(tuple(rows), (prompt.sentence,)) for prompt, rows in codes.items()]
        return clips, np.cumsum(prompt_shares(list(codes), self.config.balance))

    def _texts(self) -> list[str]:
        """Sentences and prompts from which the text tokenizer learns its vocabulary."""
        rng = np.random.default_rng(self.config.seed)
        texts = list(self.sentences)
        for task in self.templates.tasks:
            for _ in range(_SAMPLE_PROMPTS):
                clip = self.captioned[int(rng.integers(len(self.captioned)))]
                inputs, outputs = self.templates.sample(task, rng, self._fields(clip, rng))
                texts += [text for text in (inputs, outputs) if "<motion_id_" not in text]
        return texts

    def prepare(self, step: int) -> None:
        """Nothing to prepare in this stage."""

    def batch(self, step: int, rank: int) -> dict[str, Tensor]:
        """Collated batch of mixed tasks; its pairs have similar lengths, so that padding is short."""
        group, place = divmod(step, GROUPED_BATCHES)
        if (group, rank) != self._group:
            self._group, self._batches = (group, rank), self._draw_group(group, rank)
        return self.collate(self._batches[place])

    def _draw_group(self, group: int, rank: int) -> list[list[tuple[Tokens, Tokens]]]:
        """Draw the pairs of several batches, sort them by length and cut them into batches in random order."""
        rng = np.random.default_rng((self.config.seed, group, rank))
        size = self.config.loop.batch_size
        names = rng.choice(len(self.tasks), size=size * GROUPED_BATCHES, p=self.shares)
        tokenizers = (self.module.prompts, self.module.tokenizer)
        pairs = [self._pair(self.tasks[name], rng) for name in names]
        ids = [
            [one.encode(side) if isinstance(side, str) else side for one, side in zip(tokenizers, pair, strict=True)]
            for pair in pairs
        ]
        if self.config.word_dropout:
            ids = [[self._hide_words(inputs, rng), outputs] for inputs, outputs in ids]
        ids.sort(key=lambda pair: len(pair[0]) + 2 * len(pair[1]))
        batches = [ids[start : start + size] for start in range(0, len(ids), size)]
        return [[(inputs, outputs) for inputs, outputs in batches[i]] for i in rng.permutation(len(batches))]

    def _pair(self, name: str, rng: np.random.Generator) -> tuple[Tokens, Tokens]:
        words = self.module.tokenizer
        if name == CAPTION_DENOISE:
            sentence = self.sentences[int(rng.integers(len(self.sentences)))]
            if self.module.text_encoder is not None:
                return corrupt_words(sentence, self.module.prompts.encode, words.encode, words.sentinels, rng)
            return corrupt_spans(words.encode(sentence), words.sentinels, rng)
        if name == MOTION_DENOISE:
            codes = self._crop(self._draw(self.clips, None, rng), rng)
            ids = [words.start, *(words.first_code + int(code) for code in codes), words.end]
            return corrupt_spans(ids, words.sentinels, rng)
        task = Task(name)
        if task is Task.T2M and self.samples and rng.random() < self.config.self_training_share:
            clip = self._draw(self.samples, self.sample_weights, rng)
        elif task in _NEEDS_CAPTION:
            clip = self._draw(self.captioned, self.weights, rng)
        else:
            clip = self._draw(self.clips, None, rng)
        return self.templates.sample(task, rng, self._fields(clip, rng, task))

    def _hide_words(self, ids: Sequence[int], rng: np.random.Generator) -> list[int]:
        """The ids of a prompt with random word pieces replaced by the mask of the text encoder."""
        encoder = self.module.text_encoder
        assert encoder is not None
        hidden = rng.random(len(ids)) < self.config.word_dropout
        return [-encoder.mask - 1 if number < 0 and hide else number for number, hide in zip(ids, hidden, strict=True)]

    def _draw(self, clips: list[Clip], weights: np.ndarray | None, rng: np.random.Generator) -> Clip:
        if weights is None:
            return clips[int(rng.integers(len(clips)))]
        return clips[int(np.searchsorted(weights, rng.random()))]

    def _crop(self, clip: Clip, rng: np.random.Generator) -> np.ndarray:
        codes = clip.codes[int(rng.integers(len(clip.codes)))]
        spare = len(codes) - self.config.max_codes
        if spare <= 0:
            return codes
        start = int(rng.integers(spare + 1))
        return codes[start : start + self.config.max_codes]

    def _fields(self, clip: Clip, rng: np.random.Generator, task: Task | None = None) -> Fields:
        codes = self._crop(clip, rng)
        caption = clip.captions[int(rng.integers(len(clip.captions)))] if clip.captions else None
        mined = self.mined.get(caption) if caption else None
        if mined and rng.random() < MINED_SHARE:
            caption = mined[int(rng.integers(len(mined)))]
        fields = Fields(caption, codes, fps=self.fps, stride=self.stride, num_codes=self.num_codes)
        count = len(codes)
        if self.config.strict_reference:
            return replace(fields, strict_reference=True)
        if task is Task.PREDICT and count > 1:
            # The share that is given varies as in use, where long motions are continued part by part.
            first = int(rng.integers(1, max(2, count * 2 // 3)))
            return replace(fields, head=codes[:first])
        if task is Task.INBETWEEN and count > 2:
            first = int(rng.integers(1, max(2, count // 2)))
            last = int(rng.integers(first + 1, count))
            return replace(fields, head=codes[:first], tail=codes[last:], hidden=last - first)
        return fields

    def loss(self, module: nn.Module, batch: dict[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """Mean cross-entropy per token."""
        loss = module(**batch)
        return loss, {"tokens": (batch["labels"] >= 0).sum()}

    @torch.inference_mode()
    def validate(self) -> dict[str, float]:
        """Mean cross-entropy (nats per token) of text-to-motion and motion-to-text on the validation split."""
        results = {}
        for task in (Task.T2M, Task.M2T):
            if task not in self.templates.tasks:
                continue
            rng = np.random.default_rng(self.config.seed)
            templates = self.templates.plain()
            losses = []
            for _ in range(_VALIDATION_BATCHES):
                clips = [self._draw(self.captioned_held_out, None, rng) for _ in range(self.config.loop.batch_size)]
                pairs = [templates.sample(task, rng, self._fields(clip, rng)) for clip in clips]
                batch = {name: tensor.to(self.module.device) for name, tensor in self.collate(pairs).items()}
                losses.append(float(self.module(**batch)))
            results[task.value] = float(np.mean(losses))
        return results

    def save(self, folder: Path) -> None:
        """Write the folder of the language model, in half precision."""
        self.module.save(folder, dtype="float16")


def train_language(config: LanguageTraining) -> Path:
    """Train stage 2 or 3, or resume it; returns the folder of the finished language model.

    Raises:
        MotionGPTError: see :func:`motiongpt.training.loop.fit`; or data, tokenizer or prompts do not fit the config.
    """
    task = LanguageTask(config)
    return fit(task, config.loop, config.output, seed=config.seed, fingerprint=fingerprint(config), notes=task.notes)
