"""Evaluation of a model on the tasks of MotionGPT: replications, intervals, and the record of how it was done."""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from motiongpt import __version__
from motiongpt.errors import Interrupted, MotionGPTError
from motiongpt.evaluation.measures import Judged, judge
from motiongpt.evaluation.metrics import multimodality, with_interval
from motiongpt.evaluation.outputs import PROTOCOLS, TASKS, Bench, Settings
from motiongpt.files import run_all
from motiongpt.retrieval.matcher import Matcher

_TEXTS = 100
_PAIRS = 10
# Greedy captions and reconstruction do not depend on a seed; one replication is all there is of the latter.
_ONCE = ("reconstruction",)


@dataclass(frozen=True)
class _Job:
    """One replication, for a worker process, which loads what the settings name by itself."""

    settings: Settings
    keep: Path | None
    task: str
    replication: int
    threads: int


def evaluate(
    settings: Settings, tasks: Sequence[str] = TASKS, *, keep: Path | None = None, workers: int = 1
) -> dict[str, Any]:
    """Measure a model, and tell how it was done.

    What the model makes is kept in a folder, by a hash of all it depends on: an interrupted evaluation goes on from
    there, and another evaluator judges the same motions without their being made again.

    Args:
        settings: what is measured, and how.
        tasks: of :data:`motiongpt.evaluation.outputs.TASKS`.
        keep: the folder; None keeps nothing.
        workers: processes that share the replications. With several, ``device`` may name several, separated by
            commas, which they share out.

    Returns:
        ``protocol`` (the record), ``notes`` (what could not be measured and why), ``seconds`` a sample of each task,
        and for each task ``rows``: source -> metric -> ``mean`` and ``interval`` (half the width of 95 %), with
        ``broken`` (clip -> what is wrong with its motion) and details of the task.

    Raises:
        Interrupted: by the user, in a run that can go on.
        MotionGPTError: model, data or evaluator cannot be read or do not fit, or there is no such task or protocol.
    """
    check(settings, tasks)
    bench = _bench(settings, keep)
    return evaluate_bench(bench, tasks, workers=workers)


def check(settings: Settings, tasks: Sequence[str]) -> None:
    """Whether these can be asked for.

    Raises:
        MotionGPTError: no such task or protocol, or a number that is too small.
    """
    for task in tasks:
        if task not in TASKS:
            raise MotionGPTError(f"There is no task {task!r}: take some of {', '.join(TASKS)}.")
    if settings.protocol not in PROTOCOLS:
        raise MotionGPTError(f"There is no protocol {settings.protocol!r}: take {' or '.join(PROTOCOLS)}.")
    if settings.replications < 1 or settings.group < 2:
        raise MotionGPTError(
            f"An evaluation needs 1 replication and groups of 2 at least, not {settings.replications} and "
            f"{settings.group}."
        )


def evaluate_bench(bench: Bench, tasks: Sequence[str] = TASKS, *, workers: int = 1) -> dict[str, Any]:
    """:func:`evaluate` of a bench that is set up already; several workers set up their own."""
    settings = bench.settings
    threads = max(1, torch.get_num_threads() // workers)
    asked = [(task, run) for task in tasks for run in range(1 if task in _ONCE else settings.replications)]
    jobs = [
        _Job(replace(settings, device=settings.devices[number % len(settings.devices)]), bench.keep, task, run, threads)
        for number, (task, run) in enumerate(asked)
    ]
    judged: dict[tuple[str, int], Judged] = {}
    try:
        with tqdm(total=len(jobs), desc="replications", disable=None) as bar:
            if workers == 1:
                for job in jobs:
                    bar.set_postfix_str(job.task)
                    judged[job.task, job.replication] = judge(bench, job.task, job.replication)
                    bar.update()
            else:
                for index, result in run_all(_run, jobs, workers):
                    judged[jobs[index].task, jobs[index].replication] = result
                    bar.update()
    except KeyboardInterrupt:
        if bench.keep is None:
            raise
        raise Interrupted(
            f"Interrupted after {len(judged)} of {len(jobs)} replications; the same command goes on from there."
        ) from None
    report: dict[str, Any] = {"protocol": record(bench, tasks), "notes": _conflicts(bench), "tasks": {}, "seconds": {}}
    for task in tasks:
        runs = [judged[job.task, job.replication] for job in jobs if job.task == task]
        report["tasks"][task] = _gathered(bench, task, runs, report["notes"])
        report["seconds"][task] = float(np.mean([run.seconds for run in runs]))
    report["notes"] = list(dict.fromkeys(report["notes"]))
    return report


def _conflicts(bench: Bench) -> list[str]:
    """Whether the evaluator judges its own choice."""
    own, judging = bench.model.matcher, bench.evaluator
    if own is None or not isinstance(judging, Matcher):
        return []
    first, second = own.state_dict(), judging.state_dict()
    same = first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)
    if not same or bench.model.defaults.rerank == 1:
        return []
    return [
        "The evaluator is the matcher that chooses among the model's candidates: its R-precision and matching score "
        "are those of a judge in its own cause. Train another one for evaluation."
    ]


@lru_cache(maxsize=1)
def _bench(settings: Settings, keep: Path | None) -> Bench:
    return Bench.open(settings, keep)


def _run(job: _Job) -> Judged:
    torch.set_num_threads(job.threads)
    return judge(_bench(job.settings, job.keep), job.task, job.replication)


def _gathered(bench: Bench, task: str, runs: Sequence[Judged], notes: list[str]) -> dict[str, Any]:
    """Means and intervals over the replications of a task."""
    rows: dict[str, dict[str, Any]] = {}
    for source in dict.fromkeys(source for run in runs for source in run.rows):
        found = [run.rows[source] for run in runs if source in run.rows]
        rows[source] = {
            name: dict(zip(("mean", "interval"), with_interval([row[name] for row in found]), strict=True))
            for name in found[0]
            if all(name in row for row in found)
        }
    for run in runs:
        notes += [f"{task}: {note}" for note in run.notes]
    broken = {clip: problem for run in runs for clip, problem in run.broken.items()}
    if broken:
        count = sum(len(run.broken) for run in runs)
        names = ", ".join(sorted(broken)[:10])
        why = next(iter(broken.values()))
        notes.append(f"{task}: {count} motions could not be made and are left out: {names}. The first: {why}")
    gathered = {"clips": len(bench.clips_of(task)), "replications": len(runs), "rows": rows, "broken": broken}
    if task == "t2m" and runs[0].embeddings is not None:
        rows["made"].update(_variety(bench, [run.embeddings for run in runs if run.embeddings is not None], notes))
    return {**gathered, **runs[0].details, "cases": runs[0].cases}


def _variety(bench: Bench, embeddings: Sequence[np.ndarray], notes: list[str]) -> dict[str, Any]:
    """MultiModality: replications are samples of the same sentences."""
    samples = np.stack(embeddings, axis=1)
    samples = samples[np.isfinite(samples).all((1, 2))][:_TEXTS]
    pairs = min(_PAIRS, samples.shape[1] // 2)
    if pairs < 1 or not len(samples):
        notes.append("t2m: MultiModality needs two replications or more and is left out.")
        return {}
    if pairs < _PAIRS or len(samples) < _TEXTS:
        notes.append(
            f"t2m: MultiModality is over {pairs} pairs of {samples.shape[1]} samples of {len(samples)} sentences, not "
            f"{_PAIRS} of 30 of {_TEXTS}."
        )
    rng = np.random.default_rng([bench.settings.seed, 4])
    values = [multimodality(samples, rng, pairs=pairs) for _ in range(max(len(embeddings), 2))]
    return {"multimodality": dict(zip(("mean", "interval"), with_interval(values), strict=True))}


def record(bench: Bench, tasks: Sequence[str]) -> dict[str, Any]:
    """All that must be known to compare the numbers with others, or to get them again."""
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
        "length of made motion": "the model's choice",
        "sampling": {**bench.model.defaults.__dict__, **dict(settings.sampling)},
        "evaluator": settings.evaluator if bench.evaluator is not None else "none",
        "evaluator hash": bench.evaluator_hash,
        "features": "of real and made motion, from joints, in one way; lengths respected, no padding scored",
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
    """The report without what differs from run to run, the times: equal for two runs of one evaluation."""
    return json.dumps({name: value for name, value in report.items() if name != "seconds"}, sort_keys=True)
