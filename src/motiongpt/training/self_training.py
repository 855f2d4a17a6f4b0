"""Self-training: motions that a model sampled itself, as training data where they do what their sentence asks for.

This is rejection-sampling fine-tuning (RAFT, Dong et al. 2023). The model samples many motions for each prompt. Those
whose joints pass every check of the sentence (:mod:`motiongpt.generation.checks`) are accepted, and of these the ones
that the matcher ranks highest are kept. A model that trains on them beside the recordings does at the first attempt
what it did only now and then before. Prompts vary the wording, rare words included, but their meaning is known.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from itertools import chain
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from motiongpt.data.captions import read_sentences
from motiongpt.data.json_lines import read_json_lines, write_json_lines
from motiongpt.data.layout import MotionTextDataset
from motiongpt.errors import MotionGPTError
from motiongpt.generation.checks import Check, checks, names_action, passed
from motiongpt.generation.decode import steady_joints
from motiongpt.generation.motiongpt import MotionGPT
from motiongpt.generation.prototypes import canonical_sentences
from motiongpt.lm.sentence_encoder import SentenceEncoder, sentence_vectors
from motiongpt.motion import Motion
from motiongpt.motion.detectors import DETECTORS
from motiongpt.retrieval.matcher import Matcher
from motiongpt.text.captions import normalise_caption
from motiongpt.text.clauses import clauses
from motiongpt.text.paraphrase import paraphrase
from motiongpt.text.thesaurus import unfamiliar

# Shares of the prompts: the sentence itself, and one with a word that no caption has. The rest are paraphrases.
_VERBATIM, _RARE = 0.3, 0.25
# Cosine similarity above which a sentence with a rare word still means the same.
_SAME_MEANING = 0.6
# Longest sentence, in words, that is taken for one of a single action.
_MAX_WORDS = 16
# Share of its checks that an accepted motion passes.
_ACCEPTED = 0.95
# Prompts encoded, or sampled for, at once: one step of the run and one part of its file.
_STEP = 128
# Motions that a worker process checks in a row.
_CHUNK = 32
# Sentences that ask for the same: canonical ones, and captions.
_Pool = tuple[list[str], list[str]]


@dataclass(frozen=True)
class Prompt:
    """A sentence to sample motions for.

    Attributes:
        sentence: what the model reads.
        meaning: the same in words that the checks understand.
    """

    sentence: str
    meaning: str


@dataclass(frozen=True)
class Sample:
    """An accepted motion: its prompt and its coarse codes (n,)."""

    prompt: Prompt
    codes: np.ndarray


@dataclass(frozen=True)
class Outcome:
    """Result of a run.

    Attributes:
        sentences: prompts sampled for.
        solved: prompts with at least one accepted motion.
        motions: motions kept.
    """

    sentences: int
    solved: int
    motions: int


def draw_prompts(
    captions: Iterable[str], count: int, encoder: SentenceEncoder, seed: int = 0, actions: Collection[str] = ()
) -> list[Prompt]:
    """Different prompts of one action each; rare actions are drawn nearly as often as common ones.

    Args:
        captions: sentences, used where they name a single action that the checks can verify. The canonical sentences
            of all such actions are added.
        count: number of prompts.
        encoder: decides whether a sentence with a rare word still means the same.
        seed: random seed.
        actions: only prompts that ask for one of these actions; empty for all.

    Raises:
        MotionGPTError: an action is unknown, or no sentence asks for it.
    """
    for action in actions:
        if action not in DETECTORS:
            raise MotionGPTError(f"There is no action {action!r}: choose from {', '.join(DETECTORS)}.")
    rng = np.random.default_rng(seed)
    by_action = _pools_by_action(captions, actions)
    if not by_action:
        raise MotionGPTError(f"No sentence asks for {', '.join(actions)}: choose other actions.")
    names = list(by_action)
    # A compromise between equal shares and the frequencies in captions.
    shares = np.array([float(sum(map(len, chain(*by_action[name])))) for name in names]) ** 0.25
    shares /= shares.sum()
    found: dict[str, Prompt] = {}
    rare: list[Prompt] = []
    for _ in range(20 * count):
        if len(found) + len(rare) >= count * 1.2:
            break
        pools = by_action[names[int(rng.choice(len(names), p=shares))]]
        canonical, own = pools[int(rng.integers(len(pools)))]
        side = canonical if canonical and (not own or rng.random() < 0.4) else own
        meaning = side[int(rng.integers(len(side)))]
        kind = rng.random()
        if kind < _RARE:
            if (other := unfamiliar(meaning, rng)) is not None:
                rare.append(Prompt(other, meaning))
            continue
        sentence = meaning if kind < _RARE + _VERBATIM else paraphrase(meaning, rng, rng.uniform(0.3, 1.0))
        found.setdefault(sentence, Prompt(sentence, meaning))
    for prompt in _same_meaning(rare, encoder):
        found.setdefault(prompt.sentence, prompt)
    prompts = list(found.values())
    return [prompts[i] for i in rng.permutation(len(prompts))[:count]]


def _pools_by_action(captions: Iterable[str], actions: Collection[str]) -> dict[str, list[_Pool]]:
    """For each action, groups of sentences whose checks are the same."""
    own = [text for text in dict.fromkeys(captions) if _names_one_action(text)]
    groups: dict[frozenset[Check], _Pool] = {}
    for place, sentences in enumerate((canonical_sentences(), own)):
        for sentence in sentences:
            groups.setdefault(frozenset(checks(sentence)), ([], []))[place].append(sentence)
    by_action: dict[str, list[_Pool]] = {}
    for requested, pool in groups.items():
        # Checks that only one caption has are mostly misread.
        if pool[0] or len(pool[1]) > 1:
            for action in sorted({check.action for check in requested}):
                if not actions or action in actions:
                    by_action.setdefault(action, []).append(pool)
    return by_action


def _same_meaning(prompts: Sequence[Prompt], encoder: SentenceEncoder) -> Iterator[Prompt]:
    """The prompts whose sentence and meaning are close for the encoder."""
    for start in range(0, len(prompts), _STEP):
        part = prompts[start : start + _STEP]
        sentences = sentence_vectors(encoder.encode([prompt.sentence for prompt in part]))
        meanings = sentence_vectors(encoder.encode([prompt.meaning for prompt in part]))
        for prompt, similarity in zip(part, (sentences * meanings).sum(1).tolist(), strict=True):
            if similarity >= _SAME_MEANING:
                yield prompt


def _names_one_action(sentence: str) -> bool:
    if len(sentence.split()) > _MAX_WORDS or not names_action(sentence):
        return False
    groups = clauses(sentence)
    return len(groups) == len(groups[0]) == 1 and " and " not in sentence and "," not in sentence


def write_self_training(
    model: MotionGPT,
    root: str | Path,
    captions: str | Path | None,
    output: str | Path,
    *,
    sentences: int = 16_000,
    actions: Collection[str] = (),
    candidates: int = 24,
    keep: int = 4,
    seed: int = 0,
    workers: int = 0,
    batch_size: int = 64,
) -> Outcome:
    """Write the file for ``LanguageTraining.self_training``, or resume an interrupted run.

    Until the file is complete, its parts lie beside it in a folder of the same name and ``.parts``. A run with the same
    model, prompts, ``candidates``, ``keep`` and ``seed`` reuses them.

    Args:
        root: data set in the HumanML3D layout; its training captions are prompts.
        captions: caption table with further prompts, see :func:`motiongpt.data.captions.read_sentences`.
        output: file of JSON lines (gzip), one sentence with its meaning and its codes per line.
        sentences: number of different prompts.
        actions: see :func:`draw_prompts`.
        model, candidates, keep, seed, workers, batch_size: see :func:`sample_motions`.

    Raises:
        MotionGPTError: the model has no matcher, the data set or the table is unreadable, or the file not writable.
    """
    encoder = _matcher(model).sentence_encoder
    known = [
        normalise_caption(caption.text) for item in MotionTextDataset(root, "train").captions for caption in item
    ] + (read_sentences(captions) if captions else [])
    prompts = draw_prompts(known, sentences, encoder, seed, actions)
    total = -(-len(prompts) // _STEP)
    folder = Path(f"{output}.parts")
    key = json.dumps([model.fingerprint(), [asdict(prompt) for prompt in prompts], candidates, keep, seed])
    run = folder / hashlib.sha256(key.encode()).hexdigest()[:16]
    parts = [run / f"{number:05d}.jsonl.gz" for number in range(total)]
    done = next((number for number, part in enumerate(parts) if not part.is_file()), total)
    steps = sample_motions(
        model,
        prompts,
        first=done * _STEP,
        candidates=candidates,
        keep=keep,
        seed=seed,
        workers=workers,
        batch_size=batch_size,
    )
    bar = tqdm(steps, desc="self-training", total=total, initial=done, unit=f"{_STEP} prompts", mininterval=2)
    for part, kept in zip(parts[done:], bar, strict=True):
        write_samples(part, kept)
    samples = [sample for part in parts for sample in read_samples(part, model.tokenizer.num_codes)]
    motions = write_samples(output, samples)
    shutil.rmtree(folder, ignore_errors=True)
    return Outcome(len(prompts), len({sample.prompt.sentence for sample in samples}), motions)


def sample_motions(
    model: MotionGPT,
    prompts: Sequence[Prompt],
    *,
    first: int = 0,
    candidates: int = 24,
    keep: int = 4,
    seed: int = 0,
    workers: int = 0,
    batch_size: int = 64,
) -> Iterator[list[Sample]]:
    """Sample motions for prompts and keep the best of those that pass the checks.

    Args:
        model: for HumanML3D's joints, with a matcher.
        prompts: see :func:`draw_prompts`.
        first: index of the prompt to begin with, a multiple of the prompts per step.
        candidates: motions sampled for each prompt.
        keep: maximum of motions kept for each prompt.
        seed: random seed of the motions.
        workers: processes that check joints; 0 checks them in this process.
        batch_size: maximum of motions sampled at once.

    Yields:
        The samples of the next prompts, step by step.

    Raises:
        MotionGPTError: the model has no matcher.
    """
    matcher = _matcher(model)
    # Threads of the networks do not survive a fork.
    context = get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_single_thread) if workers else nullcontext()
    with pool as executor:
        for start in range(first, len(prompts), _STEP):
            part = prompts[start : start + _STEP]
            rows = model.candidates(
                [prompt.sentence for prompt in part], candidates, seed=seed + start, batch_size=batch_size
            )
            codes = [one for row in rows for one in row]
            owners = np.repeat(np.arange(len(part)), len(rows[0]))
            meanings = [part[owner].meaning for owner in owners.tolist()]
            features = model.shown_features(codes, meanings, [(seed + start, 0)] * len(codes))
            scores: Iterator[float] = map(_share_passed, meanings, features)
            if executor is not None:
                scores = executor.map(_share_passed, meanings, features, chunksize=_CHUNK)
            texts = matcher.embed_texts([prompt.meaning for prompt in part])
            fit = (matcher.embed_motions(model.tokenizer.decode_batch(codes)) * texts[owners]).sum(1)
            accepted = np.array(list(scores)) >= _ACCEPTED
            samples = []
            for number, prompt in enumerate(part):
                places = np.flatnonzero((owners == number) & accepted)
                for place in places[np.argsort(-fit[places], kind="stable")][:keep]:
                    samples.append(Sample(prompt, codes[place]))
            yield samples


def _matcher(model: MotionGPT) -> Matcher:
    if model.matcher is None:
        raise MotionGPTError("Self-training needs a model with a matcher: give a model folder that has one.")
    return model.matcher


def _share_passed(meaning: str, features: np.ndarray) -> float:
    return passed(meaning, steady_joints(Motion.from_features(features)))


def _single_thread() -> None:
    import torch

    torch.set_num_threads(1)


def write_samples(path: str | Path, samples: Iterable[Sample]) -> int:
    """Write JSON lines (gzip), one sentence with its meaning and its codes per line; returns their number."""
    return write_json_lines(path, ({**asdict(sample.prompt), "codes": sample.codes.tolist()} for sample in samples))


def read_samples(path: str | Path, num_codes: int) -> list[Sample]:
    """Read what :func:`write_samples` wrote.

    Raises:
        MotionGPTError: the file is unreadable, or a line (named) is not a sentence with its meaning and codes below
            ``num_codes``.
    """

    def sample(row: Any) -> Sample:
        codes = np.array(row["codes"], dtype=np.int64)
        if codes.ndim != 1 or not len(codes) or codes.min() < 0 or codes.max() >= num_codes:
            raise ValueError("these codes are not of this tokenizer")
        return Sample(Prompt(str(row["sentence"]), str(row["meaning"])), codes)

    expected = f"a sentence with its meaning and motion codes below {num_codes}, as train self-training writes it"
    return read_json_lines(path, sample, expected)


def prompt_shares(prompts: Sequence[Prompt], power: float) -> np.ndarray:
    """Probability (N,) of drawing each prompt, proportional to 1 / (prompts with its rarest action) ** power."""
    requested = [{check.action for check in checks(prompt.meaning)} for prompt in prompts]
    counts = Counter(action for actions in requested for action in actions)
    rarity = [min((counts[action] for action in actions), default=len(prompts)) for actions in requested]
    shares = np.array(rarity, dtype=np.float64) ** -power
    return shares / shares.sum()
