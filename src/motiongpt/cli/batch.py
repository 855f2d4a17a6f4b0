"""The verb batch: a list of items, one task, a folder of results with a manifest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from motiongpt.cli.console import load_model, print_json, read_motion, say, writable_folder
from motiongpt.cli.motions import cleanup_option, parse_shares
from motiongpt.cli.options import (
    AsJson,
    Device,
    Guidance,
    Model,
    NoCleanup,
    OutputFolder,
    Rerank,
    Samples,
    Seconds,
    Seed,
    Temperature,
    TopK,
    TopP,
)
from motiongpt.errors import MotionGPTError
from motiongpt.files import atomic_path
from motiongpt.formats import READERS
from motiongpt.motion import Motion

if TYPE_CHECKING:
    from motiongpt.generation.motiongpt import MotionGPT

MANIFEST = "manifest.jsonl"
# Motions that the model writes at once; the manifest is saved after each such group.
_GROUP = 32

Entry = dict[str, Any]


class BatchTask(str, Enum):
    """What is done with every item."""

    t2m = "t2m"
    m2t = "m2t"
    pred = "pred"
    inbetween = "inbetween"


@dataclass(frozen=True)
class Item:
    """One line of a list.

    Attributes:
        line: number from 0.
        text: the text, or what is before the file's name; may be empty.
        file: the motion file as it is written in the list; empty for a text alone.
    """

    line: int
    text: str
    file: str


@dataclass(frozen=True)
class Job:
    """An item that is ready to be done.

    Attributes:
        motion: what the task needs.
        entries: of the manifest, so far.
        prompt: with the original's names, the item's text with the motion in it.
    """

    item: Item
    motion: Motion | None
    entries: list[Entry]
    prompt: str = ""


def batch(
    list_file: Annotated[Path, typer.Argument(metavar="LIST", help="Text file, one item a line.", show_default=False)],
    task: Annotated[BatchTask, typer.Option("--task", help="What to do with every item.", show_default=False)],
    output: OutputFolder,
    samples: Samples = 1,
    seed: Seed = 0,
    seconds: Seconds = None,
    given: Annotated[
        str | None, typer.Option("--given", help="Share that pred is given (0.2), or inbetween's two (0.25,0.25).")
    ] = None,
    temperature: Temperature = None,
    top_k: TopK = None,
    top_p: TopP = None,
    guidance: Guidance = None,
    rerank: Rerank = None,
    no_cleanup: NoCleanup = False,
    original_names: Annotated[
        bool,
        typer.Option(
            "--original-names", help="Write the original MotionGPT's files: 0_out.npy (1, T, 22, 3), 0_in.txt, ..."
        ),
    ] = False,
    model: Model = None,
    device: Device = "cpu",
    as_json: AsJson = False,
) -> None:
    """Do one task for every line of a list.

    A line is a text, a motion file, or TEXT#FILE; t2m takes the text, the other tasks the file, and the text beside it
    may have the placeholders of the original MotionGPT's demo files. File names count from the current folder, or else
    from the list's. Blank lines are skipped and keep their number.

    Writes DIR/<line>_<sample>.npy, joints (T, 22, 3), or .txt for m2t, the line in 4 digits from 0000, and
    DIR/manifest.jsonl with an entry for each. A line that cannot be done is told, the rest goes on, and the exit code
    is 1. Results of the same item, settings and model that are there already are kept.
    """
    if task is BatchTask.m2t and samples > 1:
        raise MotionGPTError("--task m2t gives the one likeliest caption of a motion: leave out -n.")
    if given is not None and task not in (BatchTask.pred, BatchTask.inbetween):
        raise MotionGPTError(f"--given belongs to the tasks pred and inbetween, not to {task.value}.")
    if seconds is not None and task not in (BatchTask.t2m, BatchTask.pred):
        raise MotionGPTError(f"--seconds belongs to the tasks t2m and pred, not to {task.value}.")
    options: dict[str, Any] = {"temperature": temperature, "top_k": top_k, "top_p": top_p}
    options["cleanup"] = cleanup_option(no_cleanup)
    if task in (BatchTask.t2m, BatchTask.pred):
        options["seconds"] = seconds
    if task is BatchTask.inbetween:
        options["given"] = parse_shares(given or "0.25,0.25")
    if task is BatchTask.pred:
        options["given"] = _parse_share(given or "0.2")
    if task is BatchTask.m2t:
        if no_cleanup:
            raise MotionGPTError("--no-cleanup belongs to the tasks that make motion, not to m2t.")
        options = {}
    for name, value in (("guidance", guidance), ("rerank", rerank)):
        if value is not None and task is not BatchTask.t2m:
            raise MotionGPTError(f"--{name} belongs to the task t2m, not to {task.value}.")
    if task is BatchTask.t2m:
        options |= {"guidance": guidance, "rerank": rerank}
    if original_names and samples > 1:
        raise MotionGPTError(
            "The original's names have no place for several samples: leave out -n or --original-names."
        )
    items = read_list(list_file, task)
    writable_folder(output)
    run = Run(load_model(model, device), task, options, seed, samples, list_file, output, original_names)
    run.do(items)
    say(f"seed {seed}: {run.written} written, {run.kept} kept, {run.failed} of {len(items)} lines failed")
    if as_json:
        counts = {"lines": len(items), "written": run.written, "kept": run.kept, "failed": run.failed}
        print_json({"output": str(output), "manifest": str(output / MANIFEST), "seed": seed, **counts})
    else:
        print(output / MANIFEST)
    if run.failed:
        raise typer.Exit(1)


def read_list(path: Path, task: BatchTask) -> list[Item]:
    """The items of a list, blank lines left out.

    Raises:
        MotionGPTError: the file is missing, not UTF-8 text, or has only blank lines.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except OSError as error:
        raise MotionGPTError(f"Cannot read the list {path}: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise MotionGPTError(f"The list {path} is not UTF-8 text; save it as UTF-8, one item a line.") from error
    items = [_parse_item(number, line.strip(), task) for number, line in enumerate(lines) if line.strip()]
    if not items:
        raise MotionGPTError(f"The list {path} has no items; write one a line.")
    return items


def _parse_item(number: int, line: str, task: BatchTask) -> Item:
    text, mark, file = (part.strip() for part in line.rpartition("#"))
    if mark and Path(file).suffix.lower() in READERS:
        return Item(number, text, file)
    return Item(number, line, "") if task is BatchTask.t2m else Item(number, "", line)


def _parse_share(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise MotionGPTError(f"--given must be one share such as 0.2 for pred, but is {text!r}.") from error


class Run:
    """One call of the verb.

    Attributes:
        written, kept: samples made now, and made before.
        failed: lines that could not be done.
    """

    def __init__(
        self,
        model: MotionGPT,
        task: BatchTask,
        options: dict[str, Any],
        seed: int,
        samples: int,
        list_file: Path,
        output: Path,
        original_names: bool = False,
    ) -> None:
        self.written = self.kept = self.failed = 0
        self._model, self._task, self._options = model, task, options
        self._seed, self._samples = seed, samples
        self._list_file, self._output = list_file, output
        self._original_names = original_names
        # As the manifest will give them back: JSON has no tuples.
        told = json.loads(json.dumps(options))
        self._common = {"task": task.value, "options": told, "model": model.fingerprint()}
        self._earlier = _read_manifest(output / MANIFEST)
        self._entries: dict[tuple[int, int], Entry] = {}

    def do(self, items: Sequence[Item]) -> None:
        """Do all items that are not done yet, group by group, and write the manifest."""
        from tqdm import tqdm

        size = max(1, _GROUP // self._samples)
        with tqdm(total=len(items), desc=self._task.value, unit="line", disable=None) as bar:
            for first in range(0, len(items), size):
                group = items[first : first + size]
                self._do_group(group)
                # What an earlier run knows of later lines stays until this run has come to them.
                self._save({**self._earlier, **self._entries})
                bar.update(len(group))
        self._save(self._entries)

    def _do_group(self, items: Sequence[Item]) -> None:
        jobs = []
        for item in items:
            try:
                job = self._prepare(item)
            except MotionGPTError as error:
                self._fail(item, error)
                continue
            if job is None:
                self.kept += self._samples
            else:
                jobs.append(job)
        for job, answer in zip(jobs, self._answers(jobs), strict=True):
            if isinstance(answer, MotionGPTError):
                self._fail(job.item, answer)
                continue
            for entry, result in zip(job.entries, answer, strict=True):
                self._write(entry, result)
            if self._original_names:
                self._write_inputs(job)

    def _prepare(self, item: Item) -> Job | None:
        """The job of an item; None when all its samples are there already, whose entries are kept then."""
        motion, entries = None, []
        facts = {"line": item.line, "text": item.text, "file": item.file}
        if self._task is not BatchTask.t2m:
            path = self._find(item.file)
            facts["file_sha256"] = _file_hash(path)
        for sample in range(self._samples):
            # Sample s of generate() is drawn by seed and s; the other tasks give one sample a seed.
            seed = self._seed if self._task is BatchTask.t2m else self._seed + sample
            suffix = ".txt" if self._task is BatchTask.m2t else ".npy"
            name = f"{item.line}_out{suffix}" if self._original_names else f"{item.line:04d}_{sample}{suffix}"
            entries.append({**facts, "sample": sample, "seed": seed, **self._common, "output": name})
        if all(map(self._is_there, entries)):
            self._entries |= {_key(entry): self._earlier[_key(entry)] for entry in entries}
            return None
        if self._task is not BatchTask.t2m:
            motion = read_motion(path, self._model)
        return Job(item, motion, entries, self._prompt(item, motion) if self._original_names else "")

    def _prompt(self, item: Item, motion: Motion | None) -> str:
        """The item's text with motion strings for the placeholders of the original's demo files."""
        from motiongpt.lm.prompts import Fields, fill

        if motion is None:
            return item.text
        tokenizer = self._model.tokenizer
        codes = tokenizer.encode(motion, coarse=True)
        fields = Fields(
            codes=codes, frames=len(motion), fps=motion.fps, stride=tokenizer.stride, num_codes=tokenizer.num_codes
        )
        return fill(item.text.replace("<motion>", "<Motion_Placeholder>"), fields)

    def _find(self, file: str) -> Path:
        path, beside = Path(file), self._list_file.parent / file
        return beside if not path.exists() and beside.exists() else path

    def _is_there(self, entry: Entry) -> bool:
        earlier = self._earlier.get(_key(entry), {})
        same = all(earlier.get(name) == value for name, value in entry.items())
        return same and (self._output / entry["output"]).is_file()

    def _answers(self, jobs: Sequence[Job]) -> list[list[Motion | str] | MotionGPTError]:
        """The samples of every job; an error takes the place of those of a job that cannot be done."""
        try:
            return list(self._ask(jobs)) if jobs else []
        except MotionGPTError as error:
            # One bad item fails the group: find out which.
            return [error] if len(jobs) == 1 else [self._answers([job])[0] for job in jobs]

    def _ask(self, jobs: Sequence[Job]) -> list[list[Any]]:
        model, options = self._model, self._options
        if self._task is BatchTask.t2m:
            texts = [job.item.text for job in jobs]
            return [[*row] for row in model.generate(texts, n=self._samples, seed=self._seed, **options)]
        motions = [job.motion for job in jobs if job.motion is not None]
        if self._task is BatchTask.m2t:
            return [[caption] for caption in model.describe(motions)]
        complete = model.predict if self._task is BatchTask.pred else model.inbetween
        return [
            [complete(motion, seed=entry["seed"], **options) for entry in job.entries]
            for job, motion in zip(jobs, motions, strict=True)
        ]

    def _write(self, entry: Entry, result: Motion | str) -> None:
        path = self._output / entry["output"]
        if isinstance(result, str):
            result = " ".join(result.split())
            with atomic_path(path) as temporary:
                temporary.write_text(result + "\n", encoding="utf-8")
            entry |= {"caption": result}
        elif self._original_names:
            _save_batch_of_one(result, path)
            entry |= {"frames": len(result), "fps": result.fps}
        else:
            result.save(path)
            entry |= {"frames": len(result), "fps": result.fps}
        self._entries[_key(entry)] = entry
        self.written += 1

    def _write_inputs(self, job: Job) -> None:
        with atomic_path(self._output / f"{job.item.line}_in.txt") as temporary:
            temporary.write_text(job.prompt + "\n", encoding="utf-8")
        if job.motion is not None:
            _save_batch_of_one(job.motion, self._output / f"{job.item.line}_in.npy")

    def _fail(self, item: Item, error: MotionGPTError) -> None:
        self.failed += 1
        say(f"error: {self._list_file} line {item.line + 1} (output {item.line:04d}): {error}")
        entry = {"line": item.line, "text": item.text, "file": item.file, "error": str(error)}
        self._entries[item.line, -1] = entry

    def _save(self, entries: dict[tuple[int, int], Entry]) -> None:
        with atomic_path(self._output / MANIFEST) as temporary, temporary.open("w", encoding="utf-8") as file:
            for key in sorted(entries):
                file.write(json.dumps(entries[key], ensure_ascii=False) + "\n")


def _save_batch_of_one(motion: Motion, path: Path) -> None:
    """Joints (1, T, J, 3), as the original writes them."""
    with atomic_path(path) as temporary:
        np.save(temporary, motion.joints[None].astype(np.float32), allow_pickle=False)


def _file_hash(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise MotionGPTError(f"Cannot read {path}: {error.strerror or error}.") from error


def _key(entry: Entry) -> tuple[int, int]:
    """Line and sample; errors, which have no sample, come first."""
    return entry["line"], entry.get("sample", -1)


def _read_manifest(path: Path) -> dict[tuple[int, int], Entry]:
    """Entries of an earlier run; none when there is no manifest of ours."""
    try:
        entries = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        return {_key(entry): entry for entry in entries}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
