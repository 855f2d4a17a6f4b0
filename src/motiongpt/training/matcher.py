"""The matcher: motions and sentences in one embedding space, trained by contrast."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm import tqdm

from motiongpt.data.layout import MotionTextDataset
from motiongpt.data.mining import MINED_SHARE, SentenceTable, read_mined
from motiongpt.errors import MotionGPTError
from motiongpt.lm.sentence_encoder import SentenceEncoder, padded
from motiongpt.retrieval.matcher import Matcher
from motiongpt.text.captions import normalise_caption
from motiongpt.text.contrasts import hard_negative
from motiongpt.tokenizer import MotionTokenizer
from motiongpt.training.config import MatcherTraining
from motiongpt.training.loop import fingerprint, fit, skipped

# Motions per group of the R-precision, as in the literature.
GROUP = 32
# Cosine similarity from which the caption of another motion, if it agrees in every contrast, is not a negative.
SAME_MEANING = 0.85


class MatcherTask:
    """Batches of clips with a caption each; negatives are the other captions and a hard negative of its own."""

    def __init__(self, config: MatcherTraining) -> None:
        self.config = config
        train = MotionTextDataset(config.data, "train", captioned=True)
        held_out = MotionTextDataset(config.data, "val", captioned=True)
        self.notes = (*skipped(train), *skipped(held_out))
        tokenizer = MotionTokenizer.load(config.tokenizer) if config.tokenizer else None
        if tokenizer is not None and tokenizer.skeleton.name != train.skeleton.name:
            raise MotionGPTError(
                f"{config.data} has the skeleton {train.skeleton.name}, but the tokenizer in {config.tokenizer} "
                f"is for {tokenizer.skeleton.name}."
            )
        torch.manual_seed(config.seed)
        sentence_encoder = SentenceEncoder.pretrained(config.text_encoder)
        mean, std = train.statistics()
        self.module = Matcher(config.network, sentence_encoder, mean, std, train.skeleton)
        self.clips = _read(train, tokenizer, config.max_frames)
        self.held_out = _read(held_out, tokenizer, config.max_frames)
        self.table = SentenceTable(sentence_encoder)
        # Indices into the table of the captions of each clip.
        self.captions = [[self.table.add(caption) for caption in captions] for _, captions in self.clips]
        # Indices of the mined sentences of a caption, by its own.
        self.mined = {
            self.table.add(caption): [self.table.add(sentence) for sentence in sentences]
            for caption, sentences in (read_mined(config.mined) if config.mined else {}).items()
        }
        rng = np.random.default_rng(config.seed)
        # Index of the hard negative of a caption, by its own.
        self.hard_negatives = {
            number: self.table.add(other)
            for number in sorted({number for numbers in (*self.captions, *self.mined.values()) for number in numbers})
            if (other := hard_negative(self.table.sentences[number], rng)) is not None
        }
        self.table.encode()

    def prepare(self, step: int) -> None:
        """Nothing to prepare in this stage."""

    def batch(self, step: int, rank: int) -> dict[str, Tensor]:
        """Patches and sentence states of a batch, and which captions of other motions are no negatives."""
        rng = np.random.default_rng((self.config.seed, step, rank))
        chosen = rng.choice(len(self.clips), size=self.config.loop.batch_size, replace=False)
        numbers = [self._caption(self.captions[i], rng) for i in chosen]
        negatives = [self.hard_negatives[number] for number in numbers if number in self.hard_negatives]
        patches, motion_mask = self.module.motion_batch([self._crop(self.clips[i][0], rng) for i in chosen])
        states, text_mask = padded([self.table.states[number] for number in [*numbers, *negatives]])
        return {
            "patches": patches,
            "motion_mask": motion_mask,
            "states": states,
            "text_mask": text_mask,
            "same": torch.from_numpy(self.table.same(numbers, SAME_MEANING)),
        }

    def _caption(self, captions: list[int], rng: np.random.Generator) -> int:
        """Index of one of the captions, or of a mined sentence with the same meaning."""
        number = captions[int(rng.integers(len(captions)))]
        mined = self.mined.get(number)
        return mined[int(rng.integers(len(mined)))] if mined and rng.random() < MINED_SHARE else number

    def _crop(self, features: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        spare = len(features) - self.config.max_frames
        start = int(rng.integers(spare + 1)) if spare > 0 else 0
        return features[start : start + self.config.max_frames]

    def loss(self, module: nn.Module, batch: dict[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """Mean of the cross-entropies of retrieving the sentence of a motion and the motion of a sentence."""
        scores = module(batch["patches"], batch["motion_mask"], batch["states"], batch["text_mask"])
        count = len(scores)
        hidden = batch["same"] & ~torch.eye(count, dtype=torch.bool, device=scores.device)
        scores = scores.masked_fill(F.pad(hidden, (0, scores.shape[1] - count)), -torch.inf)
        goal = torch.arange(count, device=scores.device)
        loss = (F.cross_entropy(scores, goal) + F.cross_entropy(scores[:, :count].T, goal)) / 2
        found = (scores.argmax(1) == goal).float().mean()
        return loss, {"found": found}

    @torch.inference_mode()
    def validate(self) -> dict[str, float]:
        """R-precision in groups of 32 motions, and how often a caption ranks above its hard negative."""
        rng = np.random.default_rng(self.config.seed)
        captions = [captions[int(rng.integers(len(captions)))] for _, captions in self.held_out]
        motions = self.module.embed_motions([features for features, _ in self.held_out])
        texts = self.module.embed_texts(captions)
        order = rng.permutation(len(captions))
        ranks = []
        for start in range(0, len(order) - GROUP + 1, GROUP):
            group = order[start : start + GROUP]
            scores = texts[group] @ motions[group].T
            ranks += list((scores > np.diag(scores)[:, None]).sum(1))
        pairs = [(i, other) for i, text in enumerate(captions) if (other := hard_negative(text, rng)) is not None]
        others = self.module.embed_texts([other for _, other in pairs]) if pairs else np.empty((0, 1))
        won = [float(motions[i] @ texts[i] > motions[i] @ other) for (i, _), other in zip(pairs, others, strict=True)]
        results = {f"r_precision_{k}": float(np.mean([rank < k for rank in ranks])) for k in (1, 3) if ranks}
        return results | ({"hard_negatives": float(np.mean(won))} if won else {})

    def save(self, folder: Path) -> None:
        """Write the folder of the matcher, in half precision."""
        self.module.save(folder, dtype=torch.float16)


def _read(
    dataset: MotionTextDataset, tokenizer: MotionTokenizer | None, max_frames: int
) -> list[tuple[np.ndarray, list[str]]]:
    """Features and captions of the captioned clips; with a tokenizer, features decoded from their coarse codes."""
    clips = []
    for item in tqdm(dataset, total=len(dataset), desc=f"{dataset.split} clips", unit="clip", mininterval=2):
        captions = [text for caption in item.captions if (text := normalise_caption(caption.text))]
        features = item.features
        if captions and tokenizer is not None:
            # Training crops longer clips anyway.
            features = tokenizer.decode(tokenizer.encode(features[: 4 * max_frames], coarse=True))
        if captions:
            clips.append((features.astype(np.float32), captions))
    if not clips:
        raise MotionGPTError(f"{dataset.root} has no captioned clips in {dataset.split}: captions are needed here.")
    return clips


def train_matcher(config: MatcherTraining) -> Path:
    """Train the matcher, or resume it; returns the folder of the finished one.

    Raises:
        MotionGPTError: see :func:`motiongpt.training.loop.fit`; or data or text encoder do not fit the config.
    """
    task = MatcherTask(config)
    return fit(task, config.loop, config.output, seed=config.seed, fingerprint=fingerprint(config), notes=task.notes)
