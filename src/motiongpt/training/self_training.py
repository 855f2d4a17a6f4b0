"""Motions that a model wrote itself and that do what a sentence asks for, to train it with once more.

Of many motions that a model writes for a sentence those are kept of which geometry says that they do it
(:mod:`motiongpt.generation.checks`), and of these the ones that the matcher likes best. A model that is trained on them
beside the recordings does more often at the first try what it could do only now and then: fine-tuning by rejection
sampling (Dong et al. 2023, RAFT). The sentences are told in many words, rare ones too, but what they mean is known.
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

from motiongpt.data.json_lines import read_json_lines, write_json_lines
from motiongpt.data.layout import MotionTextDataset
from motiongpt.data.sentences import read_sentences
from motiongpt.errors import MotionGPTError
from motiongpt.generation.checks import Check, checks, names_action, passed
from motiongpt.generation.decode import steady_joints
from motiongpt.generation.motiongpt import MotionGPT
from motiongpt.generation.prototypes import canonical_sentences
from motiongpt.lm.sentence_encoder import SentenceEncoder, sentence_vectors
from motiongpt.motion.detectors import DETECTORS
from motiongpt.retrieval.matcher import Matcher
from motiongpt.text.captions import normalise_caption
from motiongpt.text.clauses import clauses
from motiongpt.text.paraphrase import paraphrase
from motiongpt.text.thesaurus import unfamiliar

# Shares of wordings: as the sentence stands, in other words of the lexicon, and with a word that no caption has.
_AS_IT_STANDS, _RARE = 0.3, 0.25
# Cosine from which a sentence with a rare word still says the same.
_SAME = 0.6
_LONGEST = 16  # words of a sentence that tells one action
# A motion that does so much of what is asked does it.
_ENOUGH = 0.95
_SENTENCES = 128  # read or written at once
_CHUNK = 32  # motions that a process looks at in a row


@dataclass(frozen=True)
class Exercise:
    """A sentence to write motions for.

    Attributes:
        sentence: as the model reads it.
        meaning: the same in words whose meaning geometry can tell.
    """

    sentence: str
    meaning: str


@dataclass(frozen=True)
class Practised:
    """A motion that does what a sentence asks for: its coarse codes (n,)."""

    exercise: Exercise
    codes: np.ndarray


def exercises(
    captions: Iterable[str], count: int, sentence_encoder: SentenceEncoder, seed: int = 0, actions: Collection[str] = ()
) -> list[Exercise]:
    """Different sentences of one action each, whatever is asked for about as often as anything else.

    Args:
        captions: sentences, of which those serve that tell one action that geometry can tell; plain sentences of all
            such actions are added.
        count: how many.
        sentence_encoder: tells whether a sentence with a rare word still says the same.
        actions: only sentences that ask for one of these; for all when empty.

    Raises:
        MotionGPTError: there is no such action, or no sentence asks for it.
    """
    for action in actions:
        if action not in DETECTORS:
            raise MotionGPTError(f"There is no action {action!r}: take some of {', '.join(DETECTORS)}.")
    rng = np.random.default_rng(seed)
    plain = canonical_sentences()
    own = [text for text in dict.fromkeys(captions) if _one_action(text)]
    groups: dict[frozenset[Check], tuple[list[str], list[str]]] = {}
    for sentences, place in ((plain, 0), (own, 1)):
        for sentence in sentences:
            groups.setdefault(frozenset(checks(sentence)), ([], []))[place].append(sentence)
    # What only one caption asks for is mostly misread.
    by_action: dict[str, list[tuple[list[str], list[str]]]] = {}
    for asked, pool in groups.items():
        if pool[0] or len(pool[1]) > 1:
            for action in sorted({check.action for check in asked}):
                if not actions or action in actions:
                    by_action.setdefault(action, []).append(pool)
    if not by_action:
        raise MotionGPTError(f"No sentence asks for {', '.join(actions)}: take other actions.")
    asked_for = list(by_action)
    # Between a fair share for every action and what people say most.
    shares = np.array([float(sum(map(len, chain(*by_action[action])))) for action in asked_for]) ** 0.25
    shares /= shares.sum()
    found: dict[str, Exercise] = {}
    rare: list[Exercise] = []
    for _ in range(20 * count):
        if len(found) + len(rare) >= count * 1.2:
            break
        pools = by_action[asked_for[int(rng.choice(len(asked_for), p=shares))]]
        pool = pools[int(rng.integers(len(pools)))]
        side = pool[0] if pool[0] and (not pool[1] or rng.random() < 0.4) else pool[1]
        meaning = side[int(rng.integers(len(side)))]
        way = rng.random()
        if way < _RARE:
            if (other := unfamiliar(meaning, rng)) is not None:
                rare.append(Exercise(other, meaning))
            continue
        sentence = meaning if way < _RARE + _AS_IT_STANDS else paraphrase(meaning, rng, rng.uniform(0.3, 1.0))
        found.setdefault(sentence, Exercise(sentence, meaning))
    for start in range(0, len(rare), _SENTENCES):
        part = rare[start : start + _SENTENCES]
        told, meant = (
            sentence_vectors(sentence_encoder.encode(texts))
            for texts in ([one.sentence for one in part], [one.meaning for one in part])
        )
        for exercise, likeness in zip(part, (told * meant).sum(1).tolist(), strict=True):
            if likeness >= _SAME:
                found.setdefault(exercise.sentence, exercise)
    chosen = list(found.values())
    return [chosen[i] for i in rng.permutation(len(chosen))[:count]]


def _one_action(sentence: str) -> bool:
    if len(sentence.split()) > _LONGEST or not names_action(sentence):
        return False
    told = clauses(sentence)
    return len(told) == len(told[0]) == 1 and " and " not in sentence and "," not in sentence


@dataclass(frozen=True)
class Outcome:
    """How many sentences were asked, for how many something is right, and how many motions are kept."""

    sentences: int
    right: int
    motions: int


def practise_file(
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
    """Write the file that ``LanguageTraining.practice`` names, or go on with an interrupted run.

    Until the file is whole, its parts lie beside it in a folder of the same name and ``.parts``: a run with the same
    model, sentences, ``candidates``, ``keep`` and ``seed`` takes those that are there.

    Args:
        root: data set in the HumanML3D layout, whose training captions are sentences to practise.
        captions: caption table with more, as of :func:`motiongpt.data.sentences.read_sentences`.
        output: file of JSON lines (gzip), a sentence, its meaning and its codes each.
        sentences: different sentences.
        actions: as of :func:`exercises`.

    Other arguments are those of :func:`practise`.

    Raises:
        MotionGPTError: the model has no matcher, or data set or table cannot be read, or the file not be written.
    """
    matcher = _matcher(model)
    known = [
        normalise_caption(caption.text) for item in MotionTextDataset(root, "train").captions for caption in item
    ] + (read_sentences(captions) if captions else [])
    asked = exercises(known, sentences, matcher.sentence_encoder, seed, actions)
    total = -(-len(asked) // _SENTENCES)
    folder = Path(f"{output}.parts")
    key = json.dumps([model.fingerprint(), [asdict(one) for one in asked], candidates, keep, seed])
    begun = folder / hashlib.sha256(key.encode()).hexdigest()[:16]
    parts = [begun / f"{number:05d}.jsonl.gz" for number in range(total)]
    done = next((number for number, part in enumerate(parts) if not part.is_file()), total)
    steps = practise(
        model,
        asked,
        first=done * _SENTENCES,
        candidates=candidates,
        keep=keep,
        seed=seed,
        workers=workers,
        batch_size=batch_size,
    )
    bar = tqdm(steps, desc="practice", total=total, initial=done, unit=f"{_SENTENCES} sentences", mininterval=2)
    for part, kept in zip(parts[done:], bar, strict=True):
        write_practice(part, kept)
    whole = [one for part in parts for one in read_practice(part, model.tokenizer.num_codes)]
    motions = write_practice(output, whole)
    shutil.rmtree(folder, ignore_errors=True)
    return Outcome(len(asked), len({one.exercise.sentence for one in whole}), motions)


def practise(
    model: MotionGPT,
    asked: Sequence[Exercise],
    *,
    first: int = 0,
    candidates: int = 24,
    keep: int = 4,
    seed: int = 0,
    workers: int = 0,
    batch_size: int = 64,
) -> Iterator[list[Practised]]:
    """Write motions for exercises and keep those that are right.

    Args:
        model: for HumanML3D's joints, with a matcher.
        first: number of the exercise to begin with, a multiple of those of a step.
        candidates: motions written for each exercise.
        keep: kept of them at most.
        seed: of the motions.
        workers: processes that look at joints; 0 looks in this one.
        batch_size: motions written at once, at most.

    Yields:
        What is kept of the next few exercises.

    Raises:
        MotionGPTError: the model has no matcher.
    """
    matcher = _matcher(model)
    # Threads of the networks do not survive a fork.
    context = get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_single_thread) if workers else nullcontext()
    with pool as executor:
        for start in range(first, len(asked), _SENTENCES):
            part = asked[start : start + _SENTENCES]
            written = model.candidates(
                [one.sentence for one in part], candidates, seed=seed + start, batch_size=batch_size
            )
            codes = [one for row in written for one in row]
            owners = np.repeat(np.arange(len(part)), len(written[0]))
            meanings = [part[owner].meaning for owner in owners.tolist()]
            shown = model.shown_features(codes, meanings, [(seed + start, 0)] * len(codes))
            look: Iterator[float] = map(_done, meanings, shown)
            if executor is not None:
                look = executor.map(_done, meanings, shown, chunksize=_CHUNK)
            sentences = matcher.embed_texts([one.meaning for one in part])
            fit = (matcher.embed_motions(model.tokenizer.decode_batch(codes)) * sentences[owners]).sum(1)
            right = np.array(list(look)) >= _ENOUGH
            kept = []
            for number, exercise in enumerate(part):
                places = np.flatnonzero((owners == number) & right)
                for place in places[np.argsort(-fit[places], kind="stable")][:keep]:
                    kept.append(Practised(exercise, codes[place]))
            yield kept


def _matcher(model: MotionGPT) -> Matcher:
    if model.matcher is None:
        raise MotionGPTError("Practice needs a model with a matcher: give a model folder that has one.")
    return model.matcher


def _done(meaning: str, features: np.ndarray) -> float:
    return passed(meaning, steady_joints(features))


def _single_thread() -> None:
    import torch

    torch.set_num_threads(1)


def write_practice(path: str | Path, kept: Iterable[Practised]) -> int:
    """Write a file of JSON lines (gzip), a sentence, its meaning and its codes each; returns how many."""
    return write_json_lines(path, ({**asdict(one.exercise), "codes": one.codes.tolist()} for one in kept))


def read_practice(path: str | Path, num_codes: int) -> list[Practised]:
    """What `write_practice` wrote.

    Raises:
        MotionGPTError: the file cannot be read, or a line (named) is no sentence with its meaning and codes below
            ``num_codes``.
    """

    def practised(row: Any) -> Practised:
        codes = np.array(row["codes"], dtype=np.int64)
        if codes.ndim != 1 or not len(codes) or codes.min() < 0 or codes.max() >= num_codes:
            raise ValueError("these codes are not of this tokenizer")
        return Practised(Exercise(str(row["sentence"]), str(row["meaning"])), codes)

    expected = f"a sentence with its meaning and motion codes below {num_codes}, as data practice writes it"
    return read_json_lines(path, practised, expected)


def action_shares(asked: Sequence[Exercise], power: float) -> np.ndarray:
    """Probability of each exercise: it counts 1 / (exercises that ask for its rarest action) ** power."""
    told = [{check.action for check in checks(one.meaning)} for one in asked]
    counts = Counter(action for actions in told for action in actions)
    rarity = [min((counts[action] for action in actions), default=len(asked)) for actions in told]
    shares = np.array(rarity, dtype=np.float64) ** -power
    return shares / shares.sum()
