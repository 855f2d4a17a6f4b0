"""A model on the bench: clips of a data set, and what the model makes for each of them, kept by what it depends on."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

import motiongpt
from motiongpt.errors import MotionGPTError
from motiongpt.evaluation.clips import Clip, read_clips
from motiongpt.evaluation.embedding import MotionTextEvaluator, folder_hash
from motiongpt.evaluation.metrics import GIVEN, GROUP
from motiongpt.files import atomic_path
from motiongpt.generation.motiongpt import MotionGPT
from motiongpt.motion import KIT, Motion
from motiongpt.retrieval.search import embedded_folder

TASKS = ("t2m", "m2t", "pred", "inbetween", "reconstruction")
PROTOCOLS = ("corrected", "original")
MOST_FRAMES = 199
"""Longest clips of the published test populations; the shortest have 40 frames (KIT-ML: 24)."""
# Clips that a model is given at once: part of the numbers, because sums over a batch round in their own way.
_BATCH = 32
_MADE_BY = ("model.py", "language", "tokenizer", "motion", "evaluation/bench.py")


@dataclass(frozen=True)
class Settings:
    """Everything that the numbers of an evaluation depend on, beside the files themselves.

    Attributes:
        data: data set in the HumanML3D layout.
        model: model folder or hub id; None for the embedded model.
        evaluator: its folder; ``"embedded"`` is that of the package, which stays away from data of another skeleton;
            None leaves out what needs one.
        split: list of the data set.
        protocol: ``"corrected"``, or ``"original"`` for the ways of the original MotionGPT: completion from codes of
            the whole motion, prediction compared with a shift of a fifth, padding counted as frames.
        replications: how often everything random is repeated.
        seed: of all randomness; replication r uses ``seed + r``.
        group: texts and motions that are ranked against each other.
        limit: number of clips, evenly over the list; None for all.
        mirrored: take mirrored clips too, as published populations do.
        device: where the model runs; several with commas between them take turns in what workers do.
        sampling: arguments of :meth:`motiongpt.MotionGPT.generate` other than the model's defaults.
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
    sampling: tuple[tuple[str, float], ...] = ()

    @property
    def devices(self) -> list[str]:
        """One or more."""
        return self.device.split(",")


@dataclass
class Made:
    """What a model made of some clips.

    Attributes:
        motions: one for each clip, None where it could not be made; empty for captions.
        texts: captions, or the sentences that were asked for.
        broken: clip ids and what is wrong with their motion.
        seconds: time it took, all together.
        codes: of reconstruction: the codes of each clip, all levels.
    """

    motions: list[Motion | None] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    broken: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    codes: list[np.ndarray] = field(default_factory=list)


class Bench:
    """A model, the clips it is measured on, and what judges it.

    Args:
        settings: how to measure.
        model: what is measured.
        clips: of the data set's split.
        evaluator: of motions and texts; None leaves out what needs one.
        keep: folder in which what the model makes is kept; an interrupted evaluation goes on from there.

    Raises:
        MotionGPTError: model, clips and evaluator have different skeletons.
    """

    def __init__(
        self,
        settings: Settings,
        model: MotionGPT,
        clips: Sequence[Clip],
        evaluator: MotionTextEvaluator | None = None,
        keep: Path | None = None,
    ) -> None:
        self.settings = settings
        self.model = model
        self.clips = list(clips)
        self.evaluator = evaluator
        self.keep = keep
        skeleton = self.clips[0].motion.skeleton
        for what, other in (("model", model.tokenizer), ("evaluator", evaluator)):
            if other is not None and other.skeleton.name != skeleton.name:
                raise MotionGPTError(
                    f"{settings.data} has the {skeleton.feature_dim} features of {skeleton.name}, but the {what} reads "
                    f"the {other.skeleton.feature_dim} of {other.skeleton.name}: take those of one skeleton."
                )

    @classmethod
    def open(cls, settings: Settings, keep: Path | None = None) -> Bench:
        """Load everything that the settings name.

        Raises:
            MotionGPTError: something is missing, damaged, or does not fit.
        """
        from motiongpt.evaluation.evaluators import EMBEDDED, load_evaluator

        evaluator = None if settings.evaluator is None else load_evaluator(settings.evaluator, settings.data)
        model = MotionGPT.from_pretrained(settings.model, settings.devices[0])
        shortest = 24 if model.tokenizer.skeleton is KIT else 40
        clips = read_clips(
            settings.data,
            settings.split,
            settings.limit,
            mirrored=settings.mirrored,
            min_frames=shortest,
            max_frames=MOST_FRAMES,
        )
        if (
            settings.evaluator == EMBEDDED
            and evaluator is not None
            and evaluator.skeleton is not clips[0].motion.skeleton
        ):
            evaluator = None
        return cls(settings, model, clips, evaluator, keep)

    @cached_property
    def told(self) -> list[Clip]:
        """Clips with captions.

        Raises:
            MotionGPTError: there are none.
        """
        told = [clip for clip in self.clips if clip.captions]
        if not told:
            raise MotionGPTError(f"No clip of {self.settings.data}, list {self.settings.split}, has a caption.")
        return told

    @cached_property
    def sentences(self) -> list[str]:
        """The one caption of each told clip that stands for it, drawn by the seed."""
        rng = np.random.default_rng([self.settings.seed, 1])
        return [clip.captions[rng.integers(len(clip.captions))] for clip in self.told]

    def clips_of(self, task: str) -> list[Clip]:
        """Clips that a task is measured on: those with captions where words matter."""
        return self.told if task in ("t2m", "m2t") else self.clips

    @cached_property
    def data_hash(self) -> str:
        """Of ids, motions and captions of all clips."""
        digest = hashlib.sha256()
        for clip in self.clips:
            digest.update(json.dumps([clip.id, clip.captions]).encode())
            digest.update(clip.motion.joints.tobytes())
        return digest.hexdigest()[:16]

    @cached_property
    def fingerprint(self) -> str:
        """Of the model."""
        return self.model.fingerprint()

    @cached_property
    def statistics_hash(self) -> str:
        """Of mean and deviation that the model's features are normalised with."""
        both = torch.stack([self.model.tokenizer.mean, self.model.tokenizer.std]).cpu().numpy()
        return hashlib.sha256(both.tobytes()).hexdigest()[:16]

    @cached_property
    def evaluator_hash(self) -> str | None:
        """Of all files of the evaluator."""
        from motiongpt.evaluation.evaluators import EMBEDDED

        if self.evaluator is None or self.settings.evaluator is None:
            return None
        return folder_hash(embedded_folder() if self.settings.evaluator == EMBEDDED else self.settings.evaluator)

    @cached_property
    def real_embeddings(self) -> dict[str, np.ndarray]:
        """Of every clip, by id; needs an evaluator."""
        rows = self.embed([clip.motion for clip in self.clips])
        return {clip.id: row for clip, row in zip(self.clips, rows, strict=True)}

    @cached_property
    def sentence_embeddings(self) -> np.ndarray:
        """(N, E) of :attr:`sentences`; needs an evaluator."""
        return self._judge().embed_texts(self.sentences)

    def embed(self, motions: Sequence[Motion]) -> np.ndarray:
        """(N, E) of motions; real and made ones become features in the same way."""
        return self._judge().embed_motions([self.model.tokenizer.features_of(motion) for motion in motions])

    def _judge(self) -> MotionTextEvaluator:
        assert self.evaluator is not None, "only what needs no evaluator is measured without one"
        return self.evaluator

    def given(self, task: str, frames: int) -> tuple[int, int]:
        """Frames of a motion that are given at its start and at its end, as the model rounds these shares."""
        head, tail = GIVEN[task]
        return max(1, round(head * frames)), max(1, round(tail * frames)) if tail else 0

    def make(self, task: str, replication: int) -> Made:
        """What the model makes in one replication: from the folder of kept results, or now."""
        if self.keep is None:
            return self._make(task, replication)
        path = self.keep / f"{task}-{replication:02d}-{self._key(task, replication)}.npz"
        if path.is_file():
            return _read(path, self.clips_of(task))
        made = self._make(task, replication)
        _write(path, made)
        return made

    def _key(self, task: str, replication: int) -> str:
        depends = {
            "model": self.fingerprint,
            "data": self.data_hash,
            "code": _code_hash(),
            "torch": torch.__version__,
            "threads": torch.get_num_threads(),
            "device": self.settings.device.split(":")[0],
            "protocol": self.settings.protocol if task in GIVEN else None,
            "seed": self.settings.seed if task == "t2m" else None,
            "replication": self.settings.seed + replication,
            "sampling": self.settings.sampling,
        }
        return hashlib.sha256(json.dumps(depends).encode()).hexdigest()[:16]

    def _make(self, task: str, replication: int) -> Made:
        maker = {
            "t2m": self._make_motions,
            "m2t": self._make_texts,
            "pred": self._complete,
            "inbetween": self._complete,
            "reconstruction": self._reconstruct,
        }[task]
        start = time.perf_counter()
        made = maker(task, self.settings.seed + replication)
        made.seconds = time.perf_counter() - start
        return made

    def _make_motions(self, task: str, seed: int) -> Made:
        sampling: dict[str, Any] = dict(self.settings.sampling)

        def make(texts: list[str]) -> list[Motion]:
            return self.model.generate(texts, seed=seed, **sampling)

        made = self._in_batches(make, self.sentences, self.told)
        made.texts = list(self.sentences)
        return made

    def _make_texts(self, task: str, seed: int) -> Made:
        made = Made(texts=[""] * len(self.told))
        for rows in _batches([len(clip.motion) for clip in self.told]):
            texts = self.model.describe([self.told[row].motion for row in rows])
            for row, text in zip(rows, texts, strict=True):
                made.texts[row] = text
        return made

    def _complete(self, task: str, seed: int) -> Made:
        sampling: dict[str, Any] = {
            name: value for name, value in self.settings.sampling if name in ("temperature", "top_k", "top_p")
        }
        motions = [clip.motion for clip in self.clips]

        def make(some: list[Motion]) -> list[Motion]:
            if self.settings.protocol == "original":
                return self._complete_codes(task, some, seed, sampling)
            if task == "pred":
                return self.model.predict(some, given=GIVEN[task][0], seed=seed, **sampling)
            return self.model.inbetween(some, given=(GIVEN[task][0], GIVEN[task][1]), seed=seed, **sampling)

        return self._in_batches(make, motions, self.clips)

    def _complete_codes(self, task: str, motions: list[Motion], seed: int, sampling: dict[str, Any]) -> list[Motion]:
        """As the original completes: the whole motion becomes codes, of which a part is hidden; all are decoded."""
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

    def _reconstruct(self, task: str, seed: int) -> Made:
        tokenizer = self.model.tokenizer
        codes = tokenizer.encode_batch([clip.motion for clip in self.clips])
        made = self._in_batches(lambda some: [tokenizer.decode_motion(one) for one in some], codes, self.clips)
        made.codes = codes
        return made

    def _in_batches(self, make: Callable[[list[Any]], list[Motion]], items: Sequence[Any], clips: list[Clip]) -> Made:
        """Motions of items, in batches of like length; one that is not a motion of finite numbers spoils no other."""
        made = Made(motions=[None] * len(items))
        first: MotionGPTError | None = None
        for rows in _batches([len(clip.motion) for clip in clips]):
            try:
                motions: list[Motion | None] = list(make([items[row] for row in rows]))
            except MotionGPTError:
                motions = []
                for row in rows:
                    try:
                        motions += make([items[row]])
                    except MotionGPTError as error:
                        first = first or error
                        motions.append(None)
                        made.broken[clips[row].id] = str(error)
            for row, motion in zip(rows, motions, strict=True):
                made.motions[row] = motion
        if first is not None and not any(made.motions):
            raise first
        return made


def _batches(lengths: Sequence[int]) -> list[list[int]]:
    """Rows of like length together: a batch takes as long as its longest."""
    order = sorted(range(len(lengths)), key=lambda row: lengths[row])
    return [order[start : start + _BATCH] for start in range(0, len(order), _BATCH)]


@cache
def _code_hash() -> str:
    """Of the program text that what is made depends on."""
    root = Path(str(motiongpt.__file__)).parent
    digest = hashlib.sha256()
    for name in _MADE_BY:
        path = root / name
        for file in [path] if path.is_file() else sorted(path.rglob("*.py")):
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _write(path: Path, made: Made) -> None:
    joints = [motion.joints for motion in made.motions if motion is not None]
    about = {"texts": made.texts, "broken": made.broken, "seconds": made.seconds}
    arrays = {
        "about": np.array(json.dumps(about)),
        "frames": np.array([0 if motion is None else len(motion) for motion in made.motions], dtype=np.int64),
        "joints": np.concatenate(joints) if joints else np.zeros((0, 0, 3), dtype=np.float32),
        "counts": np.array([len(one) for one in made.codes], dtype=np.int64),
        "codes": np.concatenate(made.codes) if made.codes else np.zeros(0, dtype=np.int64),
    }
    with atomic_path(path) as temporary:
        np.savez(temporary, **arrays)  # type: ignore[arg-type]


def _read(path: Path, clips: Sequence[Clip]) -> Made:
    try:
        with np.load(path, allow_pickle=False) as file:
            about, frames, joints = json.loads(str(file["about"])), file["frames"], file["joints"]
            codes = np.split(file["codes"], np.cumsum(file["counts"])[:-1]) if len(file["counts"]) else []
    except (OSError, ValueError, KeyError) as error:
        raise MotionGPTError(f"{path} is damaged: delete it, and it is made again.") from error
    parts = np.split(joints, np.cumsum(frames)[:-1]) if len(frames) else []
    motions = [
        Motion(part, clip.motion.fps, clip.motion.skeleton) if len(part) else None
        for part, clip in zip(parts, clips if parts else [], strict=True)
    ]
    return Made(motions, about["texts"], about["broken"], about["seconds"], codes)
