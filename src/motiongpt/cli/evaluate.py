"""The commands of evaluation."""

from __future__ import annotations

import json
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from motiongpt.cli.console import OUTPUTS, limit_threads, print_json, say, writable_folder
from motiongpt.cli.groups import grouped
from motiongpt.cli.options import AsJson, ModelOptions, Samples, Seed, TextSampling
from motiongpt.errors import MotionGPTError
from motiongpt.files import atomic_path

app = typer.Typer(
    name="evaluate", help="Evaluate a model: probes that geometry decides, and the tasks of MotionGPT on test clips."
)

Data = Annotated[
    Path, typer.Option("--data", metavar="DIR", help="Data set in the HumanML3D layout.", show_default=False)
]
Split = Annotated[str, typer.Option("--split", help="List of the data set to evaluate on.")]
Limit = Annotated[
    int | None,
    typer.Option("--limit", metavar="N", min=1, help="Number of clips, spread evenly over the list; all by default."),
]
Report = Annotated[
    Path | None, typer.Option("-o", "--output", metavar="REPORT", help="Write REPORT.json and REPORT.md.")
]


class Sentences(str, Enum):
    """Groups of sentences of the probes."""

    seen = "seen"
    paraphrases = "paraphrases"
    compounds = "compounds"


@app.command()
@grouped
def probes(
    sampling: TextSampling,
    model: ModelOptions,
    samples: Samples = 3,
    seed: Seed = 0,
    output: Report = None,
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="DIR", help="Data set whose real clips give the ceiling."),
    ] = None,
    ceiling: Annotated[bool, typer.Option("--ceiling", help="Judge real clips only, without a model.")] = False,
    group: Annotated[
        list[Sentences] | None, typer.Option("--group", help="Use only these sentences (repeatable).")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Generate motion from sentences whose truth geometry can decide, and count how often it is right.

    With -o, re-run the same command to resume an interrupted run.
    """
    output = _report_name(output)
    if ceiling:
        _ceiling(data, output, as_json)
        return
    from motiongpt.evaluation.probes.run import PROBES, evaluate_probes
    from motiongpt.evaluation.report import probe_summary

    groups = {one.value for one in group or Sentences}
    say(f"seed {seed}")
    report = evaluate_probes(
        model.load(),
        samples,
        seed,
        probes=[probe for probe in PROBES if probe.group in groups],
        data=data,
        output=output,
        **sampling.chosen(),
    )
    _show(report, probe_summary(report), output, as_json)


def _ceiling(data: Path | None, output: Path | None, as_json: bool) -> None:
    from motiongpt.evaluation.probes.ceiling import measure_ceiling
    from motiongpt.evaluation.report import ceiling_table

    if data is None:
        raise MotionGPTError("--ceiling needs real clips: give the folder of their data set with --data.")
    report = measure_ceiling(data)
    _finish(report, ceiling_table(report), output, as_json)


@app.command()
@grouped
def describe(
    data: Data,
    model: ModelOptions,
    split: Split = "test",
    limit: Limit = None,
    output: Report = None,
    as_json: AsJson = False,
) -> None:
    """Caption clips of a data set: do the captions name the action and the side that people name?"""
    from motiongpt.evaluation.clips import read_clips
    from motiongpt.evaluation.evaluate import evaluate_descriptions
    from motiongpt.evaluation.report import description_table

    output = _report_name(output)
    report = evaluate_descriptions(model.load(), read_clips(data, split, limit))
    _finish(report, description_table(report), output, as_json)


class Protocol(str, Enum):
    """Protocols of measurement."""

    corrected = "corrected"
    original = "original"


Evaluator = Annotated[
    str,
    typer.Option("--evaluator", metavar="DIR", help="Evaluator folder; 'none' skips metrics that need one."),
]
Replications = Annotated[
    int, typer.Option("--replications", metavar="N", min=1, help="Repetitions of everything random.")
]
ProtocolName = Annotated[
    Protocol,
    typer.Option("--protocol", help="original: completion from tokens, with the shift and padding as published."),
]
Group = Annotated[int, typer.Option("--group", min=2, help="Texts and motions ranked against each other.")]
Mirrored = Annotated[bool, typer.Option("--mirrored", help="Include mirrored clips, as published populations do.")]
Workers = Annotated[
    int, typer.Option("--workers", min=1, help="Worker processes; --device may name several, cuda:0,cuda:1.")
]
CacheDir = Annotated[
    Path, typer.Option("--cache-dir", metavar="DIR", help="Folder that caches the model's outputs for the next run.")
]
NoCache = Annotated[bool, typer.Option("--no-cache", help="Compute everything anew, and cache nothing.")]
# The names of these two options in older versions.
Keep = Annotated[Path | None, typer.Option("--keep", hidden=True)]
Fresh = Annotated[bool, typer.Option("--fresh", hidden=True)]
Gallery = Annotated[bool, typer.Option("--gallery", help="Also write REPORT.html: best, worst and random cases.")]


def _task_command(task: str | None, text: str) -> None:
    """Register a command that measures one task, or all tasks."""

    def measure(
        data: Data,
        sampling: TextSampling,
        model: ModelOptions,
        evaluator: Evaluator = "embedded",
        replications: Replications = 20,
        seed: Seed = 0,
        split: Split = "test",
        output: Report = None,
        gallery: Gallery = False,
        protocol: ProtocolName = Protocol.corrected,
        group: Group = 32,
        limit: Limit = None,
        mirrored: Mirrored = False,
        workers: Workers = 1,
        cache_dir: CacheDir = OUTPUTS / "evaluation",
        no_cache: NoCache = False,
        keep: Keep = None,
        fresh: Fresh = False,
        as_json: AsJson = False,
    ) -> None:
        from motiongpt.evaluation.evaluate import evaluate_bench
        from motiongpt.evaluation.gallery import write_gallery
        from motiongpt.evaluation.measures import TASKS
        from motiongpt.evaluation.outputs import Bench, Settings
        from motiongpt.evaluation.report import markdown

        name = _report_name(output)
        if gallery and name is None:
            raise MotionGPTError("--gallery writes REPORT.html: give the name of the report with -o.")
        settings = Settings(
            data=str(data),
            model=model.model,
            evaluator=None if evaluator == "none" else evaluator,
            split=split,
            protocol=protocol.value,
            replications=replications,
            seed=seed,
            group=group,
            limit=limit,
            mirrored=mirrored,
            device=model.device,
            sampling=tuple(sampling.chosen().items()),
        )
        tasks = TASKS if task is None else (task,)
        limit_threads(model.threads)
        bench = Bench.open(settings, None if no_cache or fresh else writable_folder(keep or cache_dir))
        report = evaluate_bench(bench, tasks, workers=workers)
        for note in report["notes"]:
            say(note)
        if gallery and name is not None:
            write_gallery(bench, report, Path(f"{name}.html"))
        _finish(report, markdown(report), name, as_json)

    measure.__doc__ = text
    app.command("all" if task is None else task)(grouped(measure))


_task_command("t2m", "Text to motion: R-precision, FID, diversity, MultiModality; foot skating, jerk, length.")
_task_command("m2t", "Motion to text: BLEU, ROUGE-L, CIDEr, R-precision; named actions and sides.")
_task_command("pred", "Prediction from the first fifth: ADE, FDE, FID, diversity, seams.")
_task_command("inbetween", "Completion between the first and last quarter: ADE, FDE, FID, diversity, seams.")
_task_command("reconstruction", "Reconstruction by the tokenizer: MPJPE, PA-MPJPE, ACCEL, FID, codebook usage, drift.")
_task_command(None, "All five tasks in one report.")


def _report_name(output: Path | None) -> Path | None:
    """The name without its suffix. Whether its folder can be written is checked before the work starts."""
    if output is None:
        return None
    writable_folder(output.parent)
    return output.with_suffix("") if output.suffix in (".json", ".md") else output


def _finish(report: dict[str, Any], text: str, output: Path | None, as_json: bool) -> None:
    """Show the report, and write it with its tables if an output is given."""
    if output is not None:
        for suffix, content in ((".json", json.dumps(report, indent=1)), (".md", text)):
            with atomic_path(Path(f"{output}{suffix}")) as temporary:
                temporary.write_text(content + "\n", encoding="utf-8")
    _show(report, text, output, as_json)


def _show(report: dict[str, Any], text: str, output: Path | None, as_json: bool) -> None:
    if as_json:
        print_json(report)
    else:
        print(text)
        if output is not None:
            say(f"{output}.json, {output}.md")
