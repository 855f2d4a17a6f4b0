"""Every number of an evaluation, registered in one table.

To add a metric, write a function here and register it in :data:`MEASURES` with its columns. JSON, Markdown reports and
the table of metrics in the documentation follow from the table. The functions in this module select what a metric reads
of a :class:`Sample`; the metrics themselves are pure functions in :mod:`motiongpt.evaluation.metrics`,
:mod:`motiongpt.evaluation.text_metrics` and :mod:`motiongpt.motion.measures`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from motiongpt.evaluation import text_metrics
from motiongpt.evaluation.bertscore import bert_score
from motiongpt.evaluation.clips import Clip
from motiongpt.evaluation.metrics import (
    GROUP,
    codebook_usage,
    comes_to_rest,
    completion_errors,
    diversity,
    frechet_distance,
    heading_drift,
    matching_score,
    mpjpe,
    mpjpe_turned,
    multimodality,
    pad,
    r_precision,
    r_precision_bound,
    reconstruction_errors,
    retrieval,
    root_drift,
    seam_jump,
)
from motiongpt.evaluation.text_metrics import CaptionStatistics, content_words, judge_description
from motiongpt.motion.measures import floor_penetration, foot_skate_ratio, jerk

if TYPE_CHECKING:
    from motiongpt.evaluation.evaluators import MotionTextEvaluator

DIVERSITY_PAIRS = 300
"""Pairs of motions that diversity averages over."""
MULTIMODALITY_PAIRS = 10
"""Pairs of motions of one sentence that MultiModality averages over."""
MULTIMODALITY_TEXTS = 100
"""Sentences that MultiModality averages over."""
# Descriptions that do not depend on the motion; the best of them is the baseline of descriptions.
_BLIND_GUESSES = ("walks", "runs", "jumps", "dances", "kicks", "throws", "climbs", "turns")


@dataclass
class Sample:
    """What a measure reads: the motions or texts of one source in one replication, and the real clips.

    The sources are ``made`` (this model), ``real`` (the real clips), and baselines: ``bound`` (an oracle that knows all
    captions), ``at rest`` (a body that does not move) and ``constant velocity`` (a pose that moves on).

    Attributes:
        task: a key of :data:`TASKS`.
        clips: the N real clips.
        joints: N arrays (T, J, 3) of the source, in metres.
        original: measure like the original MotionGPT: padding counts, prediction is compared with a shift.
        group: number of texts and motions that are ranked against each other.
        given: frames that were given at the start and at the end of each motion; None for the shares of the task.
        sentences: the N prompts of text to motion.
        captions: the N texts that the model wrote.
        codes: the codes of each motion, all levels.
        codebook: size and number of levels of the codebook.
        evaluator: embeds texts and motions; None without evaluator, like all embeddings.
        texts: (N, E) embeddings of the sentences or captions.
        embeddings: (N, E) of the motions of the source.
        real_embeddings: (N, E) of the real clips.
        order: (N,) random order in which texts and motions are grouped.
        rng: shared by the measures of a replication. Register a new measure that draws behind those that draw already:
            otherwise their numbers change.
        notes: a measure appends here what it cannot measure, or measures differently, and why.
    """

    task: str
    clips: Sequence[Clip]
    joints: Sequence[np.ndarray] = ()
    original: bool = False
    group: int = GROUP
    given: Sequence[tuple[int, int]] | None = None
    sentences: Sequence[str] = ()
    captions: Sequence[str] = ()
    codes: Sequence[np.ndarray] = ()
    codebook: tuple[int, int] = (0, 1)
    evaluator: MotionTextEvaluator | None = None
    texts: np.ndarray | None = None
    embeddings: np.ndarray | None = None
    real_embeddings: np.ndarray | None = None
    order: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))
    notes: list[str] = field(default_factory=list)

    @property
    def real_joints(self) -> list[np.ndarray]:
        """(T, J, 3) of each real clip."""
        return [clip.motion.joints for clip in self.clips]

    def only(self, rows: Sequence[int]) -> Sample:
        """The joints of some of the clips: without embeddings, codes, and the padding of the original protocol."""
        return Sample(self.task, [self.clips[row] for row in rows], [self.joints[row] for row in rows])


@dataclass(frozen=True)
class Replications:
    """What a measure over all replications reads.

    Attributes:
        embeddings: one array (N, E) of generated motions per replication, of the same sentences; NaN where a motion is
            missing.
        rng: random generator.
        notes: as in :class:`Sample`.
    """

    embeddings: Sequence[np.ndarray]
    rng: np.random.Generator
    notes: list[str]


# Metrics that need an evaluator.


def _ranking(sample: Sample) -> dict[str, float]:
    """R-precision and mean distance of texts and their motions, in groups in random order."""
    if sample.texts is None or sample.embeddings is None:
        return {}
    if len(sample.order) < sample.group:
        sample.notes.append(
            f"R-precision and matching score are left out: they need groups of {sample.group}, but there are "
            f"{len(sample.order)} pairs of text and motion (choose a smaller --group)."
        )
        return {}
    texts, motions = sample.texts[sample.order], sample.embeddings[sample.order]
    return {
        **_tops(r_precision(texts, motions, group=sample.group)),
        "matching_score": matching_score(texts, motions, group=sample.group),
    }


def _ranking_bound(sample: Sample) -> dict[str, float]:
    """R-precision of an oracle that knows all captions: clips with equal captions cannot be separated."""
    if sample.texts is None or len(sample.order) < sample.group:
        return {}
    return _tops(
        r_precision_bound(
            [content_words(sample.sentences[row]) for row in sample.order],
            [set(map(content_words, sample.clips[row].captions)) for row in sample.order],
            group=sample.group,
        )
    )


def _tops(shares: np.ndarray) -> dict[str, float]:
    return {f"r_precision_{count}": float(value) for count, value in enumerate(shares, start=1)}


def _fid(sample: Sample) -> dict[str, float]:
    """Fréchet distance between the embeddings of generated and of real motions."""
    if sample.embeddings is None or sample.real_embeddings is None:
        return {}
    count, width = sample.embeddings.shape
    if count < 2:
        sample.notes.append("FID needs two motions or more and is left out.")
        return {}
    if count <= width:
        sample.notes.append(
            f"FID compares {count} motions in {width} dimensions: with fewer motions than dimensions it is too large. "
            "Compare it only with the FID of two halves of the real clips, and with sets of the same size."
        )
    return {"fid": frechet_distance(sample.real_embeddings, sample.embeddings)}


def _diversity(sample: Sample) -> dict[str, float]:
    """Mean distance of random pairs of motions."""
    if sample.embeddings is None:
        return {}
    count = len(sample.embeddings)
    pairs = min(DIVERSITY_PAIRS, count // 2)
    if pairs < 1:
        sample.notes.append("Diversity needs two motions or more and is left out.")
        return {}
    if pairs < DIVERSITY_PAIRS:
        sample.notes.append(f"Diversity is over {pairs} pairs, not {DIVERSITY_PAIRS}: there are {count} motions.")
    return {"diversity": diversity(sample.embeddings, sample.rng, pairs=pairs)}


def _fid_of_halves(sample: Sample) -> dict[str, float]:
    """Fréchet distance between two random halves of the real clips: what chance alone makes of FID."""
    if sample.real_embeddings is None:
        return {}
    order = sample.rng.permutation(len(sample.real_embeddings))
    half = len(order) // 2
    if half < 2:
        return {}
    first, second = sample.real_embeddings[order[:half]], sample.real_embeddings[order[half:]]
    return {"fid_halves": frechet_distance(first, second)}


def _multimodality(runs: Replications) -> dict[str, list[float]]:
    """Mean distance of random pairs of motions of one sentence, over the replications."""
    samples = np.stack(runs.embeddings, axis=1)
    samples = samples[np.isfinite(samples).all((1, 2))][:MULTIMODALITY_TEXTS]
    texts, count, _ = samples.shape
    pairs = min(MULTIMODALITY_PAIRS, count // 2)
    if pairs < 1 or not texts:
        runs.notes.append("MultiModality needs two replications or more and is left out.")
        return {}
    if pairs < MULTIMODALITY_PAIRS or texts < MULTIMODALITY_TEXTS:
        runs.notes.append(
            f"MultiModality is over {pairs} pairs of {count} samples of {texts} sentences, not {MULTIMODALITY_PAIRS} "
            f"of 30 of {MULTIMODALITY_TEXTS}."
        )
    return {"multimodality": [multimodality(samples, runs.rng, pairs=pairs) for _ in range(max(count, 2))]}


def _retrieval(sample: Sample) -> dict[str, float]:
    """Ranks at which all captions of the real clips find their own clip: the quality of the evaluator itself."""
    if sample.evaluator is None or sample.real_embeddings is None:
        return {}
    captions = [(number, text) for number, clip in enumerate(sample.clips) for text in clip.captions]
    queries = sample.evaluator.embed_texts([text for _, text in captions])
    found = retrieval(queries, sample.real_embeddings, [number for number, _ in captions])
    return {**found, "queries": len(captions), "motions": len(sample.clips)}


# Metrics of joints.


def _completion(sample: Sample) -> dict[str, float]:
    """Mean and final displacement of the frames that were not given, all joints as one vector."""
    errors = completion_errors(
        sample.real_joints, sample.joints, task=sample.task, given=sample.given, strict_reference=sample.original
    )
    return {"ade": errors["ADE"], "fde": errors["FDE"]}


def _rest(sample: Sample) -> dict[str, float]:
    """Share of predictions that stand nearly still, of those whose given frames move."""
    if sample.given is None:
        return {}
    verdicts = [
        comes_to_rest(joints, head, clip.motion.fps)
        for joints, clip, (head, _) in zip(sample.joints, sample.clips, sample.given, strict=True)
    ]
    known = [verdict for verdict in verdicts if verdict is not None]
    return {"rests": 100 * float(np.mean(known))} if known else {}


def _seams(sample: Sample) -> dict[str, float]:
    """How well given frames are kept, and how smoothly the motion leaves them."""
    if sample.given is None:
        return {}
    deviations, jumps = [], []
    for joints, real, (head, tail) in zip(sample.joints, sample.real_joints, sample.given, strict=True):
        frames = len(joints)
        given = [slice(0, head), slice(frames - tail, frames)]
        deviations.append(max(float(np.abs(joints[part] - real[part]).max(initial=0)) for part in given))
        jumps.append(seam_jump(joints, [head, *([frames - tail] if tail else [])], real))
    return {
        "deviation": max(deviations),
        "seam": float(np.median(jumps)),
        "seam_worst": max(jumps),
        "seam_high": 100 * float(np.mean(np.array(jumps) > 1.5)),
    }


def _reconstruction(sample: Sample) -> dict[str, float]:
    """Joint error with aligned roots, after Procrustes alignment, and of accelerations; a mean over frames."""
    pairs = (sample.real_joints, sample.joints)
    real, generated = map(pad, pairs) if sample.original else pairs
    errors = reconstruction_errors(real, generated, strict_reference=sample.original)
    return {"mpjpe": errors["MPJPE"], "pa_mpjpe": errors["PAMPJPE"], "accel": errors["ACCEL"]}


def _drift(sample: Sample) -> dict[str, float]:
    """Joint error per clip, without and with aligned headings, and drift of root and heading at the end of a clip."""
    rows = []
    for clip, joints in zip(sample.clips, sample.joints, strict=True):
        real, skeleton = clip.motion.joints, clip.motion.skeleton
        drift = root_drift(real, joints)
        rows.append(
            {
                "mpjpe_clips": float(mpjpe(real, joints).mean()),
                "mpjpe_turned": mpjpe_turned(real, joints, skeleton),
                "drift": drift,
                "drift_per_second": drift / clip.motion.seconds,
                "heading_drift": heading_drift(real, joints, skeleton),
            }
        )
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


def _codebook(sample: Sample) -> dict[str, float]:
    """Share of the codes of the first level that real clips use, and the perplexity of their distribution."""
    size, levels = sample.codebook
    used, perplexity = codebook_usage(np.concatenate([codes[::levels] for codes in sample.codes]), size)
    return {"codes_used": 100 * used, "perplexity": perplexity}


def _seconds(joints: np.ndarray, clip: Clip) -> float:
    return len(joints) / clip.motion.fps


def _length_error(sample: Sample) -> dict[str, float]:
    """Mean absolute difference between the length of a motion and that of its real clip."""
    errors = [
        _seconds(joints, clip) - clip.motion.seconds for joints, clip in zip(sample.joints, sample.clips, strict=True)
    ]
    return {"length_error": float(np.abs(errors).mean())}


def _length(sample: Sample) -> dict[str, float]:
    """Mean length of the motions."""
    lengths = [_seconds(joints, clip) for joints, clip in zip(sample.joints, sample.clips, strict=True)]
    return {"seconds_of_motion": float(np.mean(lengths))}


def _quality(sample: Sample) -> dict[str, float]:
    """Visible artefacts: share of frames in which a foot slides, jitter, and depth under the floor."""
    skeleton = sample.clips[0].motion.skeleton
    rows = [
        (100 * foot_skate_ratio(joints, skeleton), jerk(joints, skeleton), 100 * floor_penetration(joints))
        for joints in sample.joints
    ]
    return dict(zip(("foot_skate", "jerk", "floor_penetration"), np.mean(rows, axis=0).tolist(), strict=True))


# Metrics of captions.


def _caption_scores(statistics: CaptionStatistics) -> dict[str, float]:
    """N-grams and longest subsequences that a caption shares with its references."""
    return statistics.score()


def _actions(sample: Sample) -> dict[str, float]:
    """Whether descriptions name the action and the side of the references; the best guess that ignores the motion."""
    verdicts = [
        judge_description(text, clip.captions) for text, clip in zip(sample.captions, sample.clips, strict=True)
    ]
    found: dict[str, float] = {f"side_{name}": sum(v["side"] == name for v in verdicts) for name in _SIDE_VERDICTS}
    known = [row for row, verdict in enumerate(verdicts) if verdict["action"] is not None]
    found["clips"] = len(known)
    if known:
        guesses = [[judge_description(guess, sample.clips[row].captions) for row in known] for guess in _BLIND_GUESSES]
        for key in ("action", "main"):
            found[key] = float(np.mean([verdicts[row][key] for row in known]))
            found[f"blind_{key}"] = max(float(np.mean([verdict[key] for verdict in guess])) for guess in guesses)
    return found


_SIDE_VERDICTS = ("right", "wrong", "silent")


def _different(sample: Sample) -> dict[str, float]:
    """Share of descriptions that are unique."""
    return {"different": len(set(sample.captions)) / len(sample.captions)}


def _bert_score(sample: Sample) -> dict[str, float]:
    """Similarity of contextual word embeddings (roberta-large, idf); raw, and rescaled by the usual baseline."""
    scores = bert_score(sample.captions, [clip.captions for clip in sample.clips])
    if isinstance(scores, str):
        sample.notes.append(f"BERTScore is {scores}.")
        return {}
    return scores


# The table.


@dataclass(frozen=True)
class Column:
    """How reports show a number.

    Attributes:
        name: key in JSON.
        title: in Markdown tables.
        unit: of the number in Markdown tables.
        better: ``"higher"``, ``"lower"``, or ``""`` if neither is better.
        digits: decimals in Markdown tables.
        scale: factor from JSON to Markdown tables: 100 shows a share in percent.
    """

    name: str
    title: str
    unit: str = ""
    better: str = ""
    digits: int = 3
    scale: float = 1.0

    @property
    def heading(self) -> str:
        """Title with unit and arrow, such as ``MPJPE (mm) ↓``."""
        unit = f" ({self.unit})" if self.unit else ""
        return self.title + unit + {"higher": " ↑", "lower": " ↓", "": ""}[self.better]


@dataclass(frozen=True)
class Measure:
    """A function and the numbers that it gives.

    Attributes:
        function: gives a value for each column, or fewer if something cannot be measured. Its first line of
            documentation describes it in the table of metrics.
        columns: how reports show the numbers.
        tasks: keys of :data:`TASKS`.
        table: where the numbers stand in the report of a task, and what the function reads:

            - ``rows``: a :class:`Sample` of every source and replication; mean and interval over the replications.
            - ``replications``: :class:`Replications`; gives lists of repeated values, which join ``rows``.
            - ``scores``: the :class:`motiongpt.evaluation.text_metrics.CaptionStatistics` of every style of tokens and
              references.
            - ``actions``, ``retrieval``: the :class:`Sample` of the first replication.
        sources: of :class:`Sample`, for ``rows``.
        by_source: break the numbers down by where the clips were captured, too.
    """

    function: Callable[[Any], Mapping[str, Any]]
    columns: tuple[Column, ...]
    tasks: tuple[str, ...]
    table: str = "rows"
    sources: tuple[str, ...] = ("made",)
    by_source: bool = False

    @property
    def description(self) -> str:
        """One sentence: what is measured."""
        return (self.function.__doc__ or "").splitlines()[0]


_MOTION_TASKS = ("t2m", "pred", "inbetween", "reconstruction")
_COMPLETION_TASKS = ("pred", "inbetween")
_R_PRECISION = tuple(Column(f"r_precision_{k}", f"R-precision top {k}", better="higher") for k in (1, 2, 3))
_MADE_AND_REAL = ("made", "real")

MEASURES: tuple[Measure, ...] = (
    Measure(
        _ranking,
        (*_R_PRECISION, Column("matching_score", "matching score", better="lower")),
        tasks=("t2m", "m2t"),
        sources=_MADE_AND_REAL,
    ),
    Measure(_ranking_bound, _R_PRECISION, tasks=("t2m",), sources=("bound",)),
    Measure(_fid, (Column("fid", "FID", better="lower"),), tasks=_MOTION_TASKS),
    Measure(_diversity, (Column("diversity", "diversity"),), tasks=_MOTION_TASKS, sources=_MADE_AND_REAL),
    Measure(_fid_of_halves, (Column("fid_halves", "FID of two halves"),), tasks=_MOTION_TASKS, sources=("real",)),
    Measure(_multimodality, (Column("multimodality", "MultiModality"),), tasks=("t2m",), table="replications"),
    Measure(
        _completion,
        (Column("ade", "ADE", "m", "lower"), Column("fde", "FDE", "m", "lower")),
        tasks=_COMPLETION_TASKS,
        sources=("made", "real", "at rest", "constant velocity"),
    ),
    Measure(
        _rest,
        (Column("rests", "comes to rest", "%", digits=1),),
        tasks=("pred",),
        sources=_MADE_AND_REAL,
    ),
    Measure(
        _reconstruction,
        (
            Column("mpjpe", "MPJPE", "mm", "lower", digits=1),
            Column("pa_mpjpe", "PA-MPJPE", "mm", "lower", digits=1),
            Column("accel", "ACCEL", "mm/frame²", "lower", digits=2),
        ),
        tasks=("reconstruction",),
        by_source=True,
    ),
    Measure(
        _drift,
        (
            Column("mpjpe_clips", "MPJPE, mean over clips", "mm", "lower", digits=1),
            Column("mpjpe_turned", "MPJPE, headings aligned", "mm", "lower", digits=1),
            Column("drift", "root drift", "m", "lower", digits=2),
            Column("drift_per_second", "root drift per second", "m/s", "lower"),
            Column("heading_drift", "heading drift", "°", "lower", digits=0),
        ),
        tasks=("reconstruction",),
        by_source=True,
    ),
    Measure(
        _codebook,
        (
            Column("codes_used", "codes used", "%", "higher", digits=1),
            Column("perplexity", "code perplexity", digits=1),
        ),
        tasks=("reconstruction",),
    ),
    Measure(_length_error, (Column("length_error", "length error", "s", "lower", digits=2),), tasks=("t2m",)),
    Measure(_length, (Column("seconds_of_motion", "length", "s", digits=2),), tasks=("t2m",), sources=_MADE_AND_REAL),
    Measure(
        _seams,
        (
            Column("deviation", "largest deviation of a given frame", "cm", "lower", scale=100),
            Column("seam", "step at the seam / usual step, median", better="lower", digits=2),
            Column("seam_worst", "step at the seam / usual step, worst", better="lower", digits=2),
            Column("seam_high", "seams above 1.5", "%", "lower", digits=1),
        ),
        tasks=_COMPLETION_TASKS,
    ),
    Measure(
        _quality,
        (
            Column("foot_skate", "foot skating", "%", "lower", digits=1),
            Column("jerk", "jerk", "m/s³", digits=0),
            Column("floor_penetration", "depth under the floor", "cm", "lower", digits=2),
        ),
        tasks=_MOTION_TASKS,
        sources=_MADE_AND_REAL,
        by_source=True,
    ),
    Measure(
        _caption_scores,
        (
            *(Column(f"bleu_{n}", f"BLEU-{n}", "%", "higher", digits=1) for n in range(1, text_metrics.ORDERS + 1)),
            Column("rouge_l", "ROUGE-L", "%", "higher", digits=1),
            Column("cider", "CIDEr", "%", "higher", digits=1),
        ),
        tasks=("m2t",),
        table="scores",
    ),
    Measure(
        _bert_score,
        (
            Column("bertscore", "BERTScore, raw", "%", "higher", digits=1),
            Column("bertscore_rescaled", "BERTScore, rescaled", "%", "higher", digits=1),
        ),
        tasks=("m2t",),
        table="actions",
    ),
    Measure(
        _actions,
        (
            Column("clips", "clips whose captions name an action", digits=0),
            Column("action", "action among those of the references", "%", "higher", digits=0, scale=100),
            Column("blind_action", "the same of the best blind guess", "%", digits=0, scale=100),
            Column("main", "action that most references begin with", "%", "higher", digits=0, scale=100),
            Column("blind_main", "that of the best blind guess", "%", digits=0, scale=100),
            Column("side_right", "side right", better="higher", digits=0),
            Column("side_wrong", "side wrong", better="lower", digits=0),
            Column("side_silent", "side not mentioned", digits=0),
        ),
        tasks=("m2t",),
        table="actions",
    ),
    Measure(
        _different,
        (Column("different", "different descriptions", "%", digits=0, scale=100),),
        tasks=("m2t",),
        table="actions",
    ),
    Measure(
        _retrieval,
        (
            Column("motions", "real clips", digits=0),
            Column("queries", "captions", digits=0),
            *(Column(f"R@{k}", f"R@{k}", "%", "higher", digits=1, scale=100) for k in (1, 2, 3, 5, 10)),
            Column("MedR", "median rank", better="lower", digits=1),
        ),
        tasks=("t2m",),
        table="retrieval",
    ),
)
"""What is measured. The order is that of the reports, and of the measures that draw random numbers."""


# The tasks.


@dataclass(frozen=True)
class Task:
    """A task of MotionGPT.

    Attributes:
        title: in reports.
        case_scores: a score for each clip of a sample, lower is better; the gallery shows the best and the worst.
        case: how the gallery shows the absolute value of the score.
        captioned: measured on clips with captions only.
        replicated: depends on the seed, so that it is repeated.
    """

    title: str
    case_scores: Callable[[Sample], Sequence[float] | np.ndarray]
    case: Column
    captioned: bool = False
    replicated: bool = True


def _text_distances(sample: Sample) -> np.ndarray:
    if sample.texts is None or sample.embeddings is None:
        return np.zeros(0)
    return np.linalg.norm(sample.texts - sample.embeddings.astype(float), axis=1)


def _negative_rouge(sample: Sample) -> np.ndarray:
    references = [clip.captions for clip in sample.clips]
    return -text_metrics.statistics(sample.captions, references, tokens="ptb").rouge


def _displacements(sample: Sample) -> list[float]:
    given = [None] * len(sample.clips) if sample.given is None else [[frames] for frames in sample.given]
    return [
        completion_errors([real], [joints], task=sample.task, given=frames)["ADE"]
        for real, joints, frames in zip(sample.real_joints, sample.joints, given, strict=True)
    ]


def _joint_errors(sample: Sample) -> list[float]:
    return [float(mpjpe(a, b).mean()) for a, b in zip(sample.real_joints, sample.joints, strict=True)]


_ADE = Column("ade", "ADE", "m", digits=2)
TASKS: dict[str, Task] = {
    "t2m": Task(
        "Text to motion",
        _text_distances,
        Column("distance", "distance of sentence and motion", digits=2),
        captioned=True,
    ),
    "m2t": Task("Motion to text", _negative_rouge, Column("rouge_l", "ROUGE-L", digits=2), captioned=True),
    "pred": Task("Prediction from the first fifth", _displacements, _ADE),
    "inbetween": Task("In-between", _displacements, _ADE),
    "reconstruction": Task(
        "Reconstruction by the motion tokenizer",
        _joint_errors,
        Column("mpjpe", "MPJPE", "mm", digits=0),
        replicated=False,
    ),
}


def measures_of(task: str, table: str) -> list[Measure]:
    """The measures of a task in a table of its report."""
    return [measure for measure in MEASURES if task in measure.tasks and measure.table == table]


def columns_of(task: str, table: str) -> list[Column]:
    """The columns of a table of a task, each once; measures over all replications belong to the rows."""
    tables = ("rows", "replications") if table == "rows" else (table,)
    measures = (measure for measure in MEASURES if task in measure.tasks and measure.table in tables)
    return list({column.name: column for measure in measures for column in measure.columns}.values())


def measure_descriptions(sample: Sample) -> dict[str, float]:
    """Actions and sides of descriptions, and their variety: the numbers that need no network."""
    return {**_actions(sample), **_different(sample)}
