"""Resumable jobs: what building a data set and augmenting one have in common.

A job writes the files of some clips and then its marker, a JSON file with its result. A job whose marker has the same
key and whose files exist is not run again: so an interrupted command resumes when it is re-run. Jobs run on all cores;
the result does not depend on the number of workers.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from motiongpt.data.layout import FEATURES
from motiongpt.errors import MotionGPTError
from motiongpt.files import atomic_path, run_all


class Job(Protocol):
    """A unit of work whose result is a dictionary of plain values."""

    @property
    def marker(self) -> Path:
        """File of the result."""

    @property
    def units(self) -> int:
        """Steps of the progress bar that the job stands for."""

    @property
    def cost(self) -> float:
        """Estimate of the effort, in any unit."""

    def key(self) -> str:
        """Hash of everything that decides about the result."""

    def run(self) -> dict[str, Any]:
        """Do the work."""

    def files_exist(self, result: dict[str, Any]) -> bool:
        """Whether the files of an earlier result are still there."""


@dataclass(frozen=True)
class Result:
    """Result of a job; ``resumed`` when an earlier run had it."""

    values: dict[str, Any]
    resumed: bool


class JobFolder:
    """Folder of a data set that jobs write, with the folder of their markers in it.

    Args:
        root: the data set, new or begun by the same command.
        markers: name of the folder of the markers, which tells who began the data set.

    Raises:
        MotionGPTError: ``root`` holds a data set that was begun by another command.
    """

    def __init__(self, root: Path, markers: str) -> None:
        self.root, self.markers = root, root / markers
        if not self.markers.is_dir() and (root / FEATURES).exists():
            raise MotionGPTError(
                f"{root} already holds a data set that this command has not written: choose another folder."
            )

    def create(self, folders: Iterable[str]) -> None:
        """Create the folder with the given subfolders, where they are missing."""
        with atomic_path(self.markers / "README.txt") as note:
            note.write_text("Markers of finished jobs: the command reads them to resume after an interruption.\n")
        for folder in folders:
            (self.root / folder).mkdir(exist_ok=True)

    def write_report(self, values: dict[str, Any], markdown: str) -> None:
        """Write ``report.json`` and ``report.md``."""
        with atomic_path(self.root / "report.json") as path:
            path.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
        with atomic_path(self.root / "report.md") as path:
            path.write_text(markdown, encoding="utf-8")


def run_jobs(jobs: Sequence[Job], workers: int | None, *, label: str, progress: bool) -> list[Result]:
    """Results of all jobs, in their order.

    Args:
        jobs: what to do; costly jobs are started first.
        workers: number of processes; None for one per core.
        label: what the progress bar counts.
        progress: whether to show a progress bar.

    Raises:
        MotionGPTError: a worker process was killed.
    """
    # Costly jobs first, so that no process is left alone with one at the end.
    order = sorted(range(len(jobs)), key=lambda index: -jobs[index].cost)
    results: dict[int, Result] = {}
    columns = (TextColumn(label), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, disable=not progress, transient=True) as bar:
        task = bar.add_task("", total=sum(job.units for job in jobs))
        for rank, result in run_all(_perform, [jobs[index] for index in order], workers or os.cpu_count() or 1):
            results[order[rank]] = result
            bar.advance(task, jobs[order[rank]].units)
    return [results[index] for index in range(len(jobs))]


def _perform(job: Job) -> Result:
    """Run a job, and write its marker last; or read the marker of an earlier run."""
    key = job.key()
    try:
        known = json.loads(job.marker.read_text(encoding="utf-8"))
        if known["key"] == key and job.files_exist(known):
            return Result(known, resumed=True)
    except (OSError, ValueError, KeyError, TypeError):
        pass
    result = {"key": key, **job.run()}
    with atomic_path(job.marker) as path:
        path.write_text(json.dumps(result), encoding="utf-8")
    return Result(result, resumed=False)


def check_workers(workers: int | None) -> None:
    """Refuse a number of workers below 1.

    Raises:
        MotionGPTError: it is.
    """
    if workers is not None and workers < 1:
        raise MotionGPTError(f"The number of workers must be 1 or more, not {workers}.")
