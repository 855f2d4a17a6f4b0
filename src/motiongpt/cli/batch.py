"""The verb batch: one task for every line of a list."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from motiongpt.cli.batch_files import Entry, Item, Manifest, NumberedFiles, OriginalFiles, read_list
from motiongpt.cli.console import print_json, read_motion, say, writable_folder
from motiongpt.cli.groups import grouped
from motiongpt.cli.options import AsJson, Length, ModelOptions, OutputFolder, Samples, Seed, TextSampling
from motiongpt.cli.tasks import DESCRIBE, GENERATE, INBETWEEN, PREDICT, TASKS, Task, TaskName
from motiongpt.errors import MotionGPTError

if TYPE_CHECKING:
    from motiongpt.generation.motiongpt import MotionGPT
    from motiongpt.motion import Motion

# Results that the model writes at once; the manifest is saved after each such group.
_GROUP = 32


@grouped
def batch(
    list_file: Annotated[
        Path, typer.Argument(metavar="LIST", help="Text file, one item per line.", show_default=False)
    ],
    task_name: Annotated[TaskName, typer.Option("--task", help="Task to run on every item.", show_default=False)],
    output: OutputFolder,
    length: Length,
    sampling: TextSampling,
    model: ModelOptions,
    samples: Samples = 1,
    seed: Seed = 0,
    given: Annotated[
        str | None,
        typer.Option(
            "--given",
            help=f"Shares of a motion to keep: {PREDICT.given} by default for pred, {INBETWEEN.given} for inbetween.",
        ),
    ] = None,
    original_names: Annotated[
        bool,
        typer.Option(
            "--original-names",
            help="Write the files of the original MotionGPT: 0_out.npy of shape (1, T, 22, 3), 0_in.txt and so on.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Run one task on every line of a list.

    A line is a text, a motion file, or TEXT#FILE. The task t2m reads the text, the other tasks read the file; their
    text may have the placeholders of the original MotionGPT's demo files. Relative paths start at the current folder
    or, if there is no such file, at the folder of the list. Blank lines are skipped but counted.

    Writes DIR/<line>_<sample>.npy, joints of shape (T, 22, 3), or .txt for m2t; lines have 4 digits and start at 0000.
    DIR/manifest.jsonl has an entry for each result. Lines that fail are reported and skipped, and the exit code is 1.
    Re-run the same command to resume: finished results are kept.
    """
    task = TASKS[task_name]
    options = task.arguments(given, length, sampling)
    if task is DESCRIBE and samples > 1:
        raise MotionGPTError("--task m2t gives one caption per motion: leave out -n.")
    if original_names and samples > 1:
        raise MotionGPTError("--original-names has no names for several samples: leave out -n.")
    items = read_list(list_file, task)
    files = (OriginalFiles if original_names else NumberedFiles)(writable_folder(output), task)
    run = _Run(model.load(), task, options, seed, samples, list_file, files, Manifest(output))
    run.do(items)
    say(f"seed {seed}: {run.written} written, {run.kept} kept, {run.failed} of {len(items)} lines failed")
    if as_json:
        counts = {"lines": len(items), "written": run.written, "kept": run.kept, "failed": run.failed}
        print_json({"output": str(output), "manifest": str(run.manifest.path), "seed": seed, **counts})
    else:
        print(run.manifest.path)
    if run.failed:
        raise typer.Exit(1)


@dataclass(frozen=True)
class _Job:
    """An item that is ready for the model.

    Attributes:
        motion: of the item's file; None if the task reads text.
        entries: of the manifest, one for each sample.
        prompt: what the files of the original MotionGPT say of the input.
    """

    item: Item
    motion: Motion | None
    entries: list[Entry]
    prompt: str


@dataclass
class _Run:
    """One call of the verb.

    Attributes:
        written, kept: results of this run, and of an earlier one.
        failed: lines without a result.
    """

    model: MotionGPT
    task: Task
    options: dict[str, Any]
    seed: int
    samples: int
    list_file: Path
    files: NumberedFiles
    manifest: Manifest
    written: int = field(default=0, init=False)
    kept: int = field(default=0, init=False)
    failed: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        # As the manifest will give them back: JSON has no tuples.
        options = json.loads(json.dumps(self.options))
        self._settings = {"task": self.task.name.value, "options": options, "model": self.model.fingerprint()}

    def do(self, items: Sequence[Item]) -> None:
        """Run the task on all items that are not finished yet, group by group, and write the manifest."""
        from tqdm import tqdm

        size = max(1, _GROUP // self.samples)
        with tqdm(total=len(items), desc=self.task.name.value, unit="line", disable=None) as bar:
            for first in range(0, len(items), size):
                group = items[first : first + size]
                self._do_group(group)
                self.manifest.save(complete=False)
                bar.update(len(group))
        self.manifest.save(complete=True)

    def _do_group(self, items: Sequence[Item]) -> None:
        jobs = []
        for item in items:
            try:
                job = self._prepare(item)
            except MotionGPTError as error:
                self._fail(item, error)
                continue
            if job is None:
                self.kept += self.samples
            else:
                jobs.append(job)
        for job, results in zip(jobs, self._call(jobs), strict=True):
            if isinstance(results, MotionGPTError):
                self._fail(job.item, results)
                continue
            for entry, result in zip(job.entries, results, strict=True):
                self._write(entry, result)
            self.files.save_input(job.item, job.motion, job.prompt)

    def _prepare(self, item: Item) -> _Job | None:
        """The job of an item; None if all its results are there already."""
        facts = {"line": item.line, "text": item.text, "file": item.file}
        path = None
        if self.task.reads_motion:
            path = self._find(item.file)
            facts["file_sha256"] = _file_hash(path)
        entries: list[Entry] = []
        for sample in range(self.samples):
            # `generate` draws sample s by seed and s; the other tasks give one sample for each seed.
            seed = self.seed if self.task is GENERATE else self.seed + sample
            name = self.files.name(item.line, sample)
            entries.append({**facts, "sample": sample, "seed": seed, **self._settings, "output": name})
        if self.manifest.keep(entries):
            return None
        motion = None if path is None else read_motion(path, self.model)
        return _Job(item, motion, entries, self.files.prompt(item, motion, self.model))

    def _find(self, file: str) -> Path:
        path, beside = Path(file), self.list_file.parent / file
        return beside if not path.exists() and beside.exists() else path

    def _call(self, jobs: Sequence[_Job]) -> list[list[Any] | MotionGPTError]:
        """The results of every job, or its error."""
        if not jobs:
            return []
        inputs = [job.motion if self.task.reads_motion else job.item.text for job in jobs]
        try:
            return [*self.task.call(self.model, inputs, self.samples, self.seed, self.options)]
        except MotionGPTError as error:
            # One bad item fails the group: find out which.
            return [error] if len(jobs) == 1 else [self._call([job])[0] for job in jobs]

    def _write(self, entry: Entry, result: Motion | str) -> None:
        if isinstance(result, str):
            entry |= {"caption": " ".join(result.split())}
            self.files.save_caption(entry["caption"], entry["output"])
        else:
            self.files.save_motion(result, entry["output"])
            entry |= {"frames": len(result), "fps": result.fps}
        self.manifest.add(entry)
        self.written += 1

    def _fail(self, item: Item, error: MotionGPTError) -> None:
        self.failed += 1
        say(f"error: {self.list_file} line {item.line + 1} (output {item.line:04d}): {error}")
        self.manifest.add({"line": item.line, "text": item.text, "file": item.file, "error": str(error)})


def _file_hash(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise MotionGPTError(f"Cannot read {path}: {error.strerror or error}.") from error
