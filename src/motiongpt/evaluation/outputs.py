"""A model on the bench: the clips of a data set, and what the model outputs for them, cached by what it depends on."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch

import motiongpt
from motiongpt import threads
from motiongpt.errors import MotionGPTError
from motiongpt.evaluation.clips import Clip, read_clips
from motiongpt.evaluation.evaluators import EMBEDDED, MotionTextEvaluator, evaluator_hash, load_evaluator
from motiongpt.evaluation.measures import TASKS, Sample
from motiongpt.evaluation.metrics import GIVEN, GROUP, at_rest, constant_velocity
from motiongpt.files import atomic_path
from motiongpt.generation.motiongpt import MotionGPT
from motiongpt.generation.options import CompletionOptions, SamplingOptions
from motiongpt.motion import KIT, Motion

PROTOCOLS = ("corrected", "original")
MAX_FRAMES = 199
"""Longest clips of the published test populations; the shortest have 40 frames (KIT-ML: 24)."""
# Clips that the model processes at once. The size affects the numbers, because it affects how sums are rounded.
_BATCH = 32
# Rooms of the package whose code and data decide what a model outputs.
_ROOMS = ("threads.py", "motion", "tokenizer", "text", "lm", "retrieval", "generation")


@dataclass(frozen=True)
class Settings:
    """Everything that the numbers of an evaluation depend on, besides the files themselves.

    Attributes:
        data: data set in the HumanML3D layout.
        model: model folder or hub id; None for the embedded model.
        evaluator: its folder; ``"embedded"`` is the evaluator of the package, which is not used for data of another
            skeleton; None leaves out what needs an evaluator.
        split: list of the data set.
        protocol: ``"corrected"``, or ``"original"`` for the protocol of the original MotionGPT: completion from codes
            of the whole motion, prediction compared with a shift of a fifth, padding counted as frames.
        replications: number of repetitions of everything random.
        seed: random seed; replication r uses ``seed + r``.
        group: number of texts and motions that are ranked against each other.
        limit: number of clips, spread evenly over the list; None for all.
        mirrored: include mirrored clips, as published populations do.
        device: where the model runs; workers take turns on several, separated by commas.
        sampling: arguments of :meth:`motiongpt.MotionGPT.generate` that differ from the model's defaults.
    """

    data: str
    model: str | None = None
    evaluator: str | None = None
    split: str = "test"
    protocol: str = "corrected"
    replications: int = 20
    seed: int = 0
    group: int = GROUP
    limit: int | None = None
    mirrored: bool = False
    device: str = "cpu"
    sampling: tuple[tuple[str, object], ...] = ()

    @property
    def devices(self) -> list[str]:
        """One or more."""
        return self.device.split(",")


@dataclass
class Outputs:
    """What a model outputs for some clips.

    Attributes:
        motions: one per clip, None if generation failed; empty for captions.
        texts: captions, or the prompts.
        broken: clip id -> why its motion could not be generated.
        seconds: total time.
        codes: of reconstruction: the codes of each clip, all levels.
    """

    motions: list[Motion | None] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    broken: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    codes: list[np.ndarray] = field(default_factory=list)


class Bench:
    """A model, the clips it is measured on, and the evaluator.

    Args:
        settings: how to measure.
        model: the model to measure.
        clips: of the data set's split.
        evaluator: embeds motions and texts; None leaves out what needs an evaluator.
        cache_dir: folder that caches the outputs of the model, so that an interrupted evaluation resumes; None caches
            nothing.

    Raises:
        MotionGPTError: model, clips and evaluator have different skeletons.
    """

    def __init__(
        self,
        settings: Settings,
        model: MotionGPT,
        clips: Sequence[Clip],
        evaluator: MotionTextEvaluator | None = None,
        cache_dir: Path | None = None,
    ) -> None:
        self.settings = settings
        self.model = model
        self.clips = list(clips)
        self.evaluator = evaluator
        self.cache_dir = cache_dir
        skeleton = self.clips[0].motion.skeleton
        for what, other in (("model", model.tokenizer), ("evaluator", evaluator)):
            if other is not None and other.skeleton.name != skeleton.name:
                raise MotionGPTError(
                    f"{settings.data} has the {skeleton.feature_dim} features of {skeleton.name}, but the {what} reads "
                    f"the {other.skeleton.feature_dim} of {other.skeleton.name}: choose data, model and evaluator of "
                    "one skeleton."
                )

    @classmethod
    def open(cls, settings: Settings, cache_dir: Path | None = None) -> Bench:
        """Load everything that the settings name.

        Raises:
            MotionGPTError: something is missing or damaged, or does not fit.
        """
        evaluator = None if settings.evaluator is None else load_evaluator(settings.evaluator, settings.data)
        model = MotionGPT.from_pretrained(settings.model, settings.devices[0])
        clips = read_clips(
            settings.data,
            settings.split,
            settings.limit,
            mirrored=settings.mirrored,
            min_frames=24 if model.tokenizer.skeleton is KIT else 40,
            max_frames=MAX_FRAMES,
        )
        if (
            settings.evaluator == EMBEDDED
            and evaluator is not None
            and evaluator.skeleton is not clips[0].motion.skeleton
        ):
            evaluator = None
        return cls(settings, model, clips, evaluator, cache_dir)

    @cached_property
    def captioned_clips(self) -> list[Clip]:
        """Clips with captions.

        Raises:
            MotionGPTError: there are none.
        """
        clips = [clip for clip in self.clips if clip.captions]
        if not clips:
            raise MotionGPTError(
                f"No clip of {self.settings.data}, list {self.settings.split}, has a caption: choose another list."
            )
        return clips

    @cached_property
    def sentences(self) -> list[str]:
        """One caption of each captioned clip, drawn by the seed."""
        rng = np.random.default_rng([self.settings.seed, 1])
        return [clip.captions[rng.integers(len(clip.captions))] for clip in self.captioned_clips]

    def clips_of(self, task: str) -> list[Clip]:
        """Clips that a task is measured on: those with captions if the task involves text."""
        return self.captioned_clips if TASKS[task].captioned else self.clips

    @cached_property
    def data_hash(self) -> str:
        """Hash of ids, motions and captions of all clips."""
        digest = hashlib.sha256()
        for clip in self.clips:
            digest.update(json.dumps([clip.id, clip.captions]).encode())
            digest.update(clip.motion.joints.tobytes())
        return digest.hexdigest()[:16]

    @cached_property
    def fingerprint(self) -> str:
        """Hash of the model."""
        return self.model.fingerprint()

    @cached_property
    def statistics_hash(self) -> str:
        """Hash of the mean and standard deviation that normalise the model's features."""
        both = torch.stack([self.model.tokenizer.mean, self.model.tokenizer.std]).cpu().numpy()
        return hashlib.sha256(both.tobytes()).hexdigest()[:16]

    @cached_property
    def evaluator_hash(self) -> str | None:
        """Hash of all files of the evaluator."""
        if self.evaluator is None or self.settings.evaluator is None:
            return None
        return evaluator_hash(self.settings.evaluator)

    @cached_property
    def real_embeddings(self) -> dict[str, np.ndarray]:
        """(E,) of every clip, by id; needs an evaluator."""
        rows = self.embed([clip.motion for clip in self.clips])
        return {clip.id: row for clip, row in zip(self.clips, rows, strict=True)}

    @cached_property
    def sentence_embeddings(self) -> np.ndarray:
        """(N, E) of :attr:`sentences`; needs an evaluator."""
        return self._required_evaluator().embed_texts(self.sentences)

    def embed(self, motions: Sequence[Motion]) -> np.ndarray:
        """(N, E) of motions; the features of real and generated motions are computed in the same way."""
        features = [self.model.tokenizer.features_of(motion) for motion in motions]
        return self._required_evaluator().embed_motions(features)

    def _required_evaluator(self) -> MotionTextEvaluator:
        assert self.evaluator is not None, "what needs an evaluator is not measured without one"
        return self.evaluator

    def given(self, task: str, frames: int) -> tuple[int, int]:
        """Frames of a motion that are given at its start and at its end, rounded like the model rounds them."""
        head, tail = GIVEN[task]
        return max(1, round(head * frames)), max(1, round(tail * frames)) if tail else 0

    def outputs(self, task: str, replication: int) -> Outputs:
        """The model's outputs in one replication, from the cache or computed now."""
        if self.cache_dir is None:
            return self._run(task, replication)
        path = self.cache_dir / f"{task}-{replication:02d}-{self._key(task, replication)}.npz"
        if path.is_file():
            return _read(path, self.clips_of(task))
        outputs = self._run(task, replication)
        _write(path, outputs)
        return outputs

    def _key(self, task: str, replication: int) -> str:
        depends = {
            "model": self.fingerprint,
            "data": self.data_hash,
            "code": _code_hash(),
            "torch": torch.__version__,
            "threads": threads.count(),
            "device": self.settings.device.split(":")[0],
            "protocol": self.settings.protocol if task in GIVEN else None,
            "seed": self.settings.seed if task == "t2m" else None,
            "replication": self.settings.seed + replication,
            "sampling": self.settings.sampling,
        }
        return hashlib.sha256(json.dumps(depends).encode()).hexdigest()[:16]

    def _run(self, task: str, replication: int) -> Outputs:
        run = {
            "t2m": self._generate,
            "m2t": self._describe,
            "pred": self._complete,
            "inbetween": self._complete,
            "reconstruction": self._reconstruct,
        }[task]
        start = time.perf_counter()
        outputs = run(task, self.settings.seed + replication)
        outputs.seconds = time.perf_counter() - start
        return outputs

    def _generate(self, task: str, seed: int) -> Outputs:
        sampling = cast(SamplingOptions, dict(self.settings.sampling))

        def run(texts: list[str]) -> list[Motion]:
            return self.model.generate(texts, seed=seed, **sampling)

        outputs = self._in_batches(run, self.sentences, self.captioned_clips)
        outputs.texts = list(self.sentences)
        return outputs

    def _describe(self, task: str, seed: int) -> Outputs:
        clips = self.captioned_clips
        outputs = Outputs(texts=[""] * len(clips))
        for rows in _batches([len(clip.motion) for clip in clips]):
            texts = self.model.describe([clips[row].motion for row in rows])
            for row, text in zip(rows, texts, strict=True):
                outputs.texts[row] = text
        return outputs

    def _complete(self, task: str, seed: int) -> Outputs:
        # Completion has no sentence: guidance and candidates do not apply.
        known = CompletionOptions.__annotations__
        sampling = cast(CompletionOptions, {name: v for name, v in self.settings.sampling if name in known})

        def run(motions: list[Motion]) -> list[Motion]:
            if self.settings.protocol == "original":
                return self._complete_codes(task, motions, seed, sampling)
            if task == "pred":
                return self.model.predict(motions, given=GIVEN[task][0], seed=seed, **sampling)
            return self.model.inbetween(motions, given=GIVEN[task], seed=seed, **sampling)

        return self._in_batches(run, [clip.motion for clip in self.clips], self.clips)

    def _complete_codes(self, task: str, motions: list[Motion], seed: int, sampling: CompletionOptions) -> list[Motion]:
        """Complete like the original: encode the whole motion, hide a part of its codes, and decode all of them."""
        codes = self.model.tokenizer.encode_batch(motions, coarse=True)
        if task == "pred":
            heads = [one[: max(1, int(GIVEN[task][0] * len(one)))] for one in codes]
            filled = self.model.extend_codes(heads, [len(one) for one in codes], seed=seed, **sampling)
        else:
            cuts = [(max(1, int(0.25 * len(one))), int(0.75 * len(one))) for one in codes]
            ends = [(one[:first], one[last:]) for one, (first, last) in zip(codes, cuts, strict=True)]
            filled = self.model.fill_codes(ends, [last - first for first, last in cuts], seed=seed, **sampling)
        return [
            self.model.tokenizer.decode_motion(one, cleanup=False)[: len(motion)]
            for one, motion in zip(filled, motions, strict=True)
        ]

    def _reconstruct(self, task: str, seed: int) -> Outputs:
        tokenizer = self.model.tokenizer
        codes = tokenizer.encode_batch([clip.motion for clip in self.clips])
        outputs = self._in_batches(lambda some: [tokenizer.decode_motion(one) for one in some], codes, self.clips)
        outputs.codes = codes
        return outputs

    def _in_batches(self, run: Callable[[list[Any]], list[Motion]], items: Sequence[Any], clips: list[Clip]) -> Outputs:
        """Motions of items, in batches of similar length; an item that fails does not affect the others."""
        outputs = Outputs(motions=[None] * len(items))
        first: MotionGPTError | None = None
        for rows in _batches([len(clip.motion) for clip in clips]):
            try:
                motions: list[Motion | None] = list(run([items[row] for row in rows]))
            except MotionGPTError:
                motions = []
                for row in rows:
                    try:
                        motions += run([items[row]])
                    except MotionGPTError as error:
                        first = first or error
                        motions.append(None)
                        outputs.broken[clips[row].id] = str(error)
            for row, motion in zip(rows, motions, strict=True):
                outputs.motions[row] = motion
        if first is not None and not any(outputs.motions):
            raise first
        return outputs

    def samples(self, task: str, replication: int, outputs: Outputs) -> dict[str, Sample]:
        """What the measures read of a replication, by source: this model, the real clips, and baselines.

        Clips for which the model has no output are left out.
        """
        clips, present = self._present(task, outputs)
        motions = [motion for motion in outputs.motions if motion is not None]
        if task == "reconstruction":
            # The tokenizer decodes motion in canonical placement and proportions: compare it with such motion.
            clips = [replace(clip, motion=clip.motion.standard()) for clip in clips]
            motions = [motion[: len(clip.motion)] for motion, clip in zip(motions, clips, strict=True)]
        captioned = TASKS[task].captioned
        rng = np.random.default_rng([self.settings.seed, 2 if captioned else 3, replication])
        made = Sample(
            task,
            clips,
            joints=[motion.joints for motion in motions],
            original=self.settings.protocol == "original",
            group=self.settings.group,
            evaluator=self.evaluator,
            rng=rng,
        )
        if captioned:
            made.order = rng.permutation(len(clips))
            made.sentences = [self.sentences[row] for row in present]
        if self.evaluator is not None:
            made.real_embeddings = np.stack([self.real_embeddings[clip.id] for clip in clips])
            made.embeddings = self.embed(motions) if motions else made.real_embeddings
            made.texts = self.sentence_embeddings[present] if captioned else None
        real = replace(made, joints=made.real_joints, embeddings=made.real_embeddings, notes=[])
        if task == "t2m":
            return {"made": made, "real": real, "bound": replace(made, notes=[])}
        if task == "m2t":
            made.captions = outputs.texts
            if self.evaluator is not None:
                # An empty caption says nothing: it is ranked as a sentence that fits no motion.
                made.texts = self.evaluator.embed_texts([text if text.strip() else "nothing" for text in outputs.texts])
            return {"made": made, "real": real}
        if task == "reconstruction":
            made.codes, made.codebook = outputs.codes, (self.model.tokenizer.num_codes, self.model.tokenizer.levels)
            return {"made": made, "real": real}
        given = [self.given(task, len(clip.motion)) for clip in clips]
        made.given = real.given = None if made.original else given
        still = [at_rest(joints, *frames) for joints, frames in zip(made.real_joints, given, strict=True)]
        samples = {"made": made, "real": real, "at rest": replace(real, joints=still)}
        if task == "pred":
            moved = [
                constant_velocity(clip.motion.joints, head, clip.motion.fps)
                for clip, (head, _) in zip(clips, given, strict=True)
            ]
            samples["constant velocity"] = replace(real, joints=moved)
        return samples

    def _present(self, task: str, outputs: Outputs) -> tuple[list[Clip], list[int]]:
        """The clips of a task for which there is an output, and their rows."""
        clips = self.clips_of(task)
        rows = [row for row in range(len(clips)) if not outputs.motions or outputs.motions[row] is not None]
        return [clips[row] for row in rows], rows


def _batches(lengths: Sequence[int]) -> list[list[int]]:
    """Rows of similar length together: a batch takes as long as its longest row."""
    order = sorted(range(len(lengths)), key=lambda row: lengths[row])
    return [order[start : start + _BATCH] for start in range(0, len(order), _BATCH)]


@cache
def _code_hash() -> str:
    """Hash of all code and data that the outputs depend on."""
    root = Path(str(motiongpt.__file__)).parent
    return hash_files(root, [*source_files(root), Path(__file__)])


def source_files(root: Path) -> Iterator[Path]:
    """All files of the rooms that decide what a model outputs: code, rules, lexicons, vectors.

    Args:
        root: folder of the package.
    """
    for room in _ROOMS:
        inside = (root / room).rglob("*") if (root / room).is_dir() else [root / room]
        yield from sorted(path for path in inside if path.is_file() and "__pycache__" not in path.parts)


def hash_files(root: Path, files: Sequence[Path]) -> str:
    """Short hash of the names, relative to ``root``, and of the contents of files."""
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _write(path: Path, outputs: Outputs) -> None:
    joints = [motion.joints for motion in outputs.motions if motion is not None]
    about = {"texts": outputs.texts, "broken": outputs.broken, "seconds": outputs.seconds}
    arrays = {
        "about": np.array(json.dumps(about)),
        "frames": np.array([0 if motion is None else len(motion) for motion in outputs.motions], dtype=np.int64),
        "joints": np.concatenate(joints) if joints else np.zeros((0, 0, 3), dtype=np.float32),
        "counts": np.array([len(one) for one in outputs.codes], dtype=np.int64),
        "codes": np.concatenate(outputs.codes) if outputs.codes else np.zeros(0, dtype=np.int64),
    }
    with atomic_path(path) as temporary:
        np.savez(temporary, **arrays)  # type: ignore[arg-type]


def _read(path: Path, clips: Sequence[Clip]) -> Outputs:
    try:
        with np.load(path, allow_pickle=False) as file:
            about, frames, joints = json.loads(str(file["about"])), file["frames"], file["joints"]
            codes = np.split(file["codes"], np.cumsum(file["counts"])[:-1]) if len(file["counts"]) else []
    except (OSError, ValueError, KeyError) as error:
        raise MotionGPTError(f"{path} is damaged: delete it to compute it again.") from error
    parts = np.split(joints, np.cumsum(frames)[:-1]) if len(frames) else []
    motions = [
        Motion(part, clip.motion.fps, clip.motion.skeleton) if len(part) else None
        for part, clip in zip(parts, clips if parts else [], strict=True)
    ]
    return Outputs(motions, about["texts"], about["broken"], about["seconds"], codes)
