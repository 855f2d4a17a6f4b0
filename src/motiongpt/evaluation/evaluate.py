"""Evaluation of a model on the tasks of MotionGPT: replications, intervals, and the protocol of the report."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from tqdm import tqdm

from motiongpt import __version__, threads
from motiongpt.errors import Interrupted, MotionGPTError
from motiongpt.evaluation.clips import Clip, read_clips
from motiongpt.evaluation.measures import (
    TASKS,
    Replications,
    Sample,
    measure_descriptions,
    measures_of,
)
from motiongpt.evaluation.metrics import with_interval
from motiongpt.evaluation.outputs import PROTOCOLS, Bench, Settings
from motiongpt.evaluation.text_metrics import TOKENS, judge_description, statistics
from motiongpt.files import run_all
from motiongpt.motion import Motion, rotations
from motiongpt.retrieval.matcher import Matcher

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from motiongpt.generation.motiongpt import MotionGPT
    from motiongpt.generation.options import SamplingOptions


@dataclass
class Result:
    """Numbers of one replication of a task.

    Attributes:
        rows: source -> name of a number -> value.
        embeddings: of text to motion: (N, E) of the generated motions, NaN where there is none; None without evaluator.
        cases: of the first replication: clip id -> score, lower is better.
        notes: what could not be measured, or was measured differently, and why.
        broken: clip id -> why its motion could not be generated.
        seconds: time of the model per clip.
        details: of the first replication: the other tables of the report.
    """

    rows: dict[str, dict[str, float]]
    embeddings: np.ndarray | None = None
    cases: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    broken: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _Job:
    """One replication, for a worker process, which loads what the settings name by itself."""

    settings: Settings
    cache_dir: Path | None
    task: str
    replication: int
    threads: int


def evaluate(
    settings: Settings, tasks: Iterable[str] = TASKS, *, cache_dir: Path | None = None, workers: int = 1
) -> dict[str, Any]:
    """Measure a model on the tasks of MotionGPT.

    The outputs of the model are cached by a hash of everything they depend on: an interrupted evaluation resumes, and
    another evaluator judges the same motions.

    Args:
        settings: what to measure, and how.
        tasks: keys of :data:`motiongpt.evaluation.measures.TASKS`.
        cache_dir: folder of the cache; None keeps nothing.
        workers: processes that share the replications. They take turns on the devices of the settings.

    Returns:
        ``protocol``, ``notes`` (what could not be measured and why), ``seconds`` per sample of each task, and
        ``tasks``: for each task ``rows``: source -> name of a number -> ``mean`` and ``interval`` (half the width of
        95 %), ``broken`` (clip id -> what is wrong with its motion), ``cases`` (clip id -> score), and further tables,
        see :class:`motiongpt.evaluation.measures.Measure`.

    Raises:
        Interrupted: the user interrupted a run that can be resumed.
        MotionGPTError: model, data or evaluator cannot be read or do not fit, or a task or protocol is unknown.
    """
    check(settings, tasks)
    return evaluate_bench(_bench(settings, cache_dir), tasks, workers=workers)


def check(settings: Settings, tasks: Iterable[str]) -> None:
    """Check that an evaluation is possible.

    Raises:
        MotionGPTError: a task or protocol is unknown, or a number is too small.
    """
    for task in tasks:
        if task not in TASKS:
            raise MotionGPTError(f"There is no task {task!r}: choose from {', '.join(TASKS)}.")
    if settings.protocol not in PROTOCOLS:
        raise MotionGPTError(f"There is no protocol {settings.protocol!r}: choose {' or '.join(PROTOCOLS)}.")
    if settings.replications < 1 or settings.group < 2:
        raise MotionGPTError(
            f"An evaluation needs at least 1 replication and groups of 2, not {settings.replications} and "
            f"{settings.group}."
        )


def evaluate_bench(bench: Bench, tasks: Iterable[str] = TASKS, *, workers: int = 1) -> dict[str, Any]:
    """:func:`evaluate` with a bench that is set up already; several workers set up their own."""
    tasks, settings = list(tasks), bench.settings
    share = max(1, threads.count() // workers)
    runs = [(task, run) for task in tasks for run in range(settings.replications if TASKS[task].replicated else 1)]
    jobs = [
        _Job(
            replace(settings, device=settings.devices[number % len(settings.devices)]),
            bench.cache_dir,
            task,
            run,
            share,
        )
        for number, (task, run) in enumerate(runs)
    ]
    results: dict[tuple[str, int], Result] = {}
    try:
        with tqdm(total=len(jobs), desc="replications", disable=None) as bar:
            if workers == 1:
                for job in jobs:
                    bar.set_postfix_str(job.task)
                    results[job.task, job.replication] = measure(bench, job.task, job.replication)
                    bar.update()
            else:
                for index, result in run_all(_run, jobs, workers):
                    results[jobs[index].task, jobs[index].replication] = result
                    bar.update()
    except KeyboardInterrupt:
        if bench.cache_dir is None:
            raise
        raise Interrupted(
            f"Interrupted after {len(results)} of {len(jobs)} replications; re-run the same command to resume."
        ) from None
    report: dict[str, Any] = {
        "protocol": protocol(bench, tasks),
        "notes": _conflicts(bench),
        "tasks": {},
        "seconds": {},
    }
    for task in tasks:
        of_task = [results[name, run] for name, run in runs if name == task]
        report["tasks"][task] = _gather(bench, task, of_task, report["notes"])
        report["seconds"][task] = float(np.mean([result.seconds for result in of_task]))
    report["notes"] = list(dict.fromkeys(report["notes"]))
    return report


def measure(bench: Bench, task: str, replication: int) -> Result:
    """Run one replication of a task, and measure it."""
    outputs = bench.outputs(task, replication)
    samples = bench.samples(task, replication, outputs)
    clips, made = bench.clips_of(task), samples["made"]
    rows = {source: measure_rows(source, sample) for source, sample in samples.items()}
    # A baseline without numbers gets no column in the report.
    result = Result({source: row for source, row in rows.items() if row or source in ("made", "real")})
    if task == "t2m" and made.embeddings is not None:
        row_of = {clip.id: row for clip, row in zip(made.clips, made.embeddings, strict=True)}
        missing = np.full(made.embeddings.shape[1], np.nan)
        result.embeddings = np.stack([row_of.get(clip.id, missing) for clip in clips])
    if replication == 0:
        scores = TASKS[task].case_scores(made)
        result.cases = {clip.id: float(score) for clip, score in zip(made.clips, scores, strict=False)}
        result.details = _details(samples)
    result.notes = made.notes
    result.broken = outputs.broken
    result.seconds = outputs.seconds / len(clips)
    return result


def measure_rows(source: str, sample: Sample, *, by_source: bool = False) -> dict[str, float]:
    """All numbers of a sample.

    Args:
        source: of the sample, such as ``made``.
        sample: of any task.
        by_source: only those that can be broken down by where clips were captured.
    """
    values: dict[str, float] = {}
    for one in measures_of(sample.task, "rows"):
        if source in one.sources and (one.by_source or not by_source):
            values |= one.function(sample)
    return values


def measure_by_source(made: Sample, real: Sample) -> dict[str, dict[str, Any]]:
    """Break numbers down by where the clips were captured.

    Returns:
        For ``all`` and each source: ``clips``, ``frames``, and the numbers of ``made`` and ``real``.
    """
    report: dict[str, dict[str, Any]] = {}
    for source in ("all", *sorted({clip.source for clip in made.clips} - {"all"})):
        rows = [row for row, clip in enumerate(made.clips) if source in ("all", clip.source)]
        report[source] = {
            "clips": len(rows),
            "frames": sum(len(made.clips[row].motion) for row in rows),
            "made": measure_rows("made", made.only(rows), by_source=True),
            "real": measure_rows("real", real.only(rows), by_source=True),
        }
    return report


def measure_captions(captions: Sequence[str], clips: Sequence[Clip]) -> dict[str, dict[str, Any]]:
    """Score captions in all styles of tokens and references, and people: their first caption against the others.

    Returns:
        Style -> name of a score -> ``mean`` and ``interval`` (half the width of 95 %, from a bootstrap over clips).
    """
    references = {"as written": [clip.captions for clip in clips]}
    if any(clip.lemmas for clip in clips):
        references["lemmatised"] = [clip.lemmas or clip.captions for clip in clips]
    pairs = {style: (captions, texts) for style, texts in references.items()}
    if several := [clip for clip in clips if len(clip.captions) > 1]:
        pairs["people"] = ([clip.captions[0] for clip in several], [clip.captions[1:] for clip in several])
    scores: dict[str, dict[str, Any]] = {}
    for tokens in TOKENS:
        for style, (texts, others) in pairs.items():
            found = statistics(texts, others, tokens)
            intervals = found.intervals()
            scores[f"{tokens}, {style}"] = {
                name: {"mean": value, "interval": intervals.get(name, 0.0)}
                for one in measures_of("m2t", "scores")
                for name, value in one.function(found).items()
            }
    return scores


def _details(samples: dict[str, Sample]) -> dict[str, Any]:
    """The tables of a report beside the rows."""
    made = samples["made"]
    details: dict[str, Any] = {}
    for table in ("retrieval", "actions"):
        values = {name: value for one in measures_of(made.task, table) for name, value in one.function(made).items()}
        details |= {table: values} if values else {}
    if made.task == "m2t":
        if empty := sum(not text.strip() for text in made.captions):
            made.notes.append(f"{empty} captions are empty and match nothing.")
        details["scores"] = measure_captions(made.captions, made.clips)
        details["captions"] = _verdicts(made)
    if made.task == "reconstruction":
        details["sources"] = measure_by_source(made, samples["real"])
    return details


def _verdicts(made: Sample) -> list[dict[str, Any]]:
    """Every caption beside a reference, with the verdict on its action and side."""
    return [
        {"id": clip.id, "caption": text, "reference": clip.captions[0], **judge_description(text, clip.captions)}
        for clip, text in zip(made.clips, made.captions, strict=True)
    ]


def _conflicts(bench: Bench) -> list[str]:
    """A note if the evaluator has chosen the motions that it judges."""
    own, evaluator = bench.model.matcher, bench.evaluator
    if own is None or not isinstance(evaluator, Matcher):
        return []
    first, second = own.state_dict(), evaluator.state_dict()
    same = first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)
    if not same or bench.model.defaults.rerank == 1:
        return []
    return [
        "The evaluator is the matcher that ranks the model's candidates, so R-precision and matching score are biased "
        "in its favour. Train another matcher for evaluation."
    ]


@lru_cache(maxsize=1)
def _bench(settings: Settings, cache_dir: Path | None) -> Bench:
    return Bench.open(settings, cache_dir)


def _run(job: _Job) -> Result:
    threads.limit(job.threads)
    return measure(_bench(job.settings, job.cache_dir), job.task, job.replication)


def _gather(bench: Bench, task: str, results: Sequence[Result], notes: list[str]) -> dict[str, Any]:
    """Means and intervals over the replications of a task."""
    rows: dict[str, dict[str, Any]] = {}
    for source in dict.fromkeys(source for result in results for source in result.rows):
        found = [result.rows[source] for result in results if source in result.rows]
        rows[source] = {
            name: _mean_and_interval([row[name] for row in found])
            for name in found[0]
            if all(name in row for row in found)
        }
    for result in results:
        notes += [f"{task}: {note}" for note in result.notes]
    broken = {clip: problem for result in results for clip, problem in result.broken.items()}
    if broken:
        count = sum(len(result.broken) for result in results)
        names = ", ".join(sorted(broken)[:10])
        why = next(iter(broken.values()))
        notes.append(f"{task}: {count} motions could not be generated and are left out: {names}. The first: {why}")
    embeddings = [result.embeddings for result in results if result.embeddings is not None]
    if embeddings:
        own_notes: list[str] = []
        replications = Replications(embeddings, np.random.default_rng([bench.settings.seed, 4]), own_notes)
        for one in measures_of(task, "replications"):
            rows["made"] |= {name: _mean_and_interval(values) for name, values in one.function(replications).items()}
        notes += [f"{task}: {note}" for note in own_notes]
    gathered = {"clips": len(bench.clips_of(task)), "replications": len(results), "rows": rows, "broken": broken}
    return {**gathered, **results[0].details, "cases": results[0].cases}


def _mean_and_interval(values: Sequence[float]) -> dict[str, float]:
    return dict(zip(("mean", "interval"), with_interval(values), strict=True))


def protocol(bench: Bench, tasks: Sequence[str]) -> dict[str, Any]:
    """Everything that a reader must know to compare the numbers with others, or to reproduce them."""
    settings = bench.settings
    corrected = settings.protocol == "corrected"
    return {
        "tasks": ", ".join(tasks),
        "protocol": settings.protocol,
        "model": settings.model or "embedded",
        "model hash": bench.fingerprint,
        "data": settings.data,
        "data hash": bench.data_hash,
        "split": settings.split,
        "clips": len(bench.clips),
        "clips with captions": sum(bool(clip.captions) for clip in bench.clips),
        "frames of a clip": f"{min(len(c.motion) for c in bench.clips)} to {max(len(c.motion) for c in bench.clips)}",
        "mirrored clips": settings.mirrored,
        "crops": "none, whole clips",
        "replications": settings.replications,
        "group size": settings.group,
        "seed": settings.seed,
        "sentence of a clip": "one of its captions, drawn by the seed, the same in all replications",
        "length of generated motion": "chosen by the model",
        "sampling": {**bench.model.defaults.as_dict(), **dict(settings.sampling)},
        "evaluator": settings.evaluator if bench.evaluator is not None else "none",
        "evaluator hash": bench.evaluator_hash,
        "features": "computed from joints, of real and generated motion alike; true lengths, no padding scored",
        "statistics hash": bench.statistics_hash,
        "completion": "frames: hidden before tokenizing" if corrected else "tokens: of the whole motion",
        "given": "first 20 % (pred), first and last 25 % (inbetween)",
        "prediction compared": "frame by frame" if corrected else "from frame 0, a shift of a fifth",
        "reconstruction errors": "mean over frames of clips" if corrected else "padding counted as frames",
        "intervals": "95 %: 1.96 deviations / sqrt(replications); of captions, bootstrap over clips",
        "motiongpt": __version__,
        "torch": torch.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {settings.device}",
    }


def numbers(report: dict[str, Any]) -> str:
    """The report as text without its times, which differ between runs: equal for two runs of one evaluation."""
    return json.dumps({name: value for name, value in report.items() if name != "seconds"}, sort_keys=True)


def evaluate_descriptions(model: MotionGPT, clips: Sequence[Clip]) -> dict[str, Any]:
    """Measure whether descriptions name the action and the side that people name.

    Args:
        model: describes the clips.
        clips: those whose captions name no action are left out.

    Returns:
        The numbers of the table ``actions`` of task ``m2t`` (without BERTScore), ``seconds`` per clip, and
        ``descriptions``: every caption with a reference and its verdict.

    Raises:
        MotionGPTError: no clip has a caption that names an action.
    """
    clips = [clip for clip in clips if judge_description("", clip.captions)["action"] is not None]
    if not clips:
        raise MotionGPTError(
            "No clip has a caption that names an action, so there is nothing to compare with: choose another list."
        )
    bench = Bench(Settings("", replications=1), model, clips)
    outputs = bench.outputs("m2t", 0)
    sample = bench.samples("m2t", 0, outputs)["made"]
    return {
        **measure_descriptions(sample),
        "seconds": outputs.seconds / len(clips),
        "descriptions": _verdicts(sample),
    }


def evaluate_held_out(
    model: MotionGPT,
    root: str | Path,
    *,
    limit: int | None = None,
    completions: int = 40,
    seed: int = 0,
    **sampling: Unpack[SamplingOptions],
) -> dict[str, Any]:
    """Measure reconstruction, descriptions and completion on test clips of any length, without an evaluator.

    The clips to complete are moved and turned first: the result must return to where they are. Clips shorter than 2
    seconds, or longer than the model completes at once, are not completed.

    Args:
        model: the model to measure.
        root: data set in the HumanML3D layout.
        limit: number of clips, spread evenly over the list; None for all.
        completions: number of clips to complete, the slowest part.
        seed: random seed of completion.
        sampling: of completion.

    Returns:
        ``describe``, see :func:`evaluate_descriptions`, and the other tasks in a report like that of :func:`evaluate`.

    Raises:
        MotionGPTError: the data set cannot be read, or has no clip to describe or complete.
    """
    clips = read_clips(root, limit=limit)
    settings = Settings(str(root), replications=1, seed=seed, sampling=tuple(sampling.items()))
    report = evaluate_bench(Bench(settings, model, clips), ["reconstruction"])
    shortest, window = round(2 * model.tokenizer.skeleton.fps), model.defaults.window * model.tokenizer.stride
    some = clips[:: max(1, len(clips) // completions)]
    some = [replace(clip, motion=_displaced(clip.motion)) for clip in some if shortest <= len(clip.motion) <= window]
    if not some:
        raise MotionGPTError(f"No test clip has {shortest} to {window} frames: completion cannot be measured.")
    completion = evaluate_bench(Bench(settings, model, some), ["pred", "inbetween"])
    for part in ("tasks", "seconds"):
        report[part] |= completion[part]
    return {"describe": evaluate_descriptions(model, clips), **report}


def _displaced(motion: Motion) -> Motion:
    """The same motion at another place, in another heading."""
    turned = rotations.rotate(rotations.about("Y", np.array(1.0)), motion.joints.astype(np.float64))
    return Motion(turned + np.array([2.0, 0.0, -1.0]), motion.fps, motion.skeleton)
