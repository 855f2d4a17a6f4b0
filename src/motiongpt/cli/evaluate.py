"""The verbs of evaluation: what a model can do, measured."""

from __future__ import annotations

import json
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from motiongpt.cli.console import OUTPUTS, load_model, print_json, say, writable_folder
from motiongpt.cli.options import AsJson, Device, Guidance, Model, Rerank, Samples, Seed, Temperature, TopK, TopP
from motiongpt.errors import MotionGPTError
from motiongpt.files import atomic_path

app = typer.Typer(
    name="evaluate", help="Evaluation: does a motion do what was asked; the tasks of MotionGPT on held-back clips."
)

Data = Annotated[
    Path, typer.Option("--data", metavar="DIR", help="Data set in the HumanML3D layout.", show_default=False)
]
Split = Annotated[str, typer.Option("--split", help="List of the data set to measure on.")]
Limit = Annotated[
    int | None, typer.Option("--limit", metavar="N", min=1, help="So many clips, evenly over the list; all by default.")
]
Report = Annotated[
    Path | None, typer.Option("-o", "--output", metavar="REPORT", help="Write REPORT.json and REPORT.md.")
]


class Sentences(str, Enum):
    """Groups of sentences."""

    seen = "seen"
    paraphrases = "paraphrases"
    compounds = "compounds"


@app.command()
def probes(
    samples: Samples = 3,
    seed: Seed = 0,
    output: Report = None,
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="DIR", help="Data set whose real clips are judged beside: the ceiling."),
    ] = None,
    ceiling: Annotated[bool, typer.Option("--ceiling", help="Judge real clips only, no model.")] = False,
    group: Annotated[
        list[Sentences] | None, typer.Option("--group", help="Ask only these sentences (can be repeated).")
    ] = None,
    temperature: Temperature = None,
    top_k: TopK = None,
    top_p: TopP = None,
    guidance: Guidance = None,
    rerank: Rerank = None,
    model: Model = None,
    device: Device = "cpu",
    as_json: AsJson = False,
) -> None:
    """Ask sentences whose truth geometry can decide, and count how often the motion does it.

    With -o, the same command goes on with an interrupted run.
    """
    output = _report_name(output)
    if ceiling:
        _ceiling(data, output, as_json)
        return
    from motiongpt.evaluation.probes.run import PROBES, evaluate_probes
    from motiongpt.evaluation.tables import probe_summary

    chosen = {"temperature": temperature, "top_k": top_k, "top_p": top_p, "guidance": guidance, "rerank": rerank}
    groups = {one.value for one in group or Sentences}
    say(f"seed {seed}")
    report = evaluate_probes(
        load_model(model, device),
        samples,
        seed,
        probes=[probe for probe in PROBES if probe.group in groups],
        data=data,
        output=output,
        **{name: value for name, value in chosen.items() if value is not None},
    )
    _show(report, probe_summary(report), output, as_json)


def _ceiling(data: Path | None, output: Path | None, as_json: bool) -> None:
    from motiongpt.evaluation.probes.ceiling import measure_ceiling
    from motiongpt.evaluation.tables import ceiling_table

    if data is None:
        raise MotionGPTError("--ceiling judges real clips: give the folder of their data set with --data.")
    report = measure_ceiling(data)
    _finish(report, ceiling_table(report), output, as_json)


@app.command()
def describe(
    data: Data,
    split: Split = "test",
    limit: Limit = None,
    output: Report = None,
    model: Model = None,
    device: Device = "cpu",
    as_json: AsJson = False,
) -> None:
    """Describe clips of a data set: do the descriptions name the action and the side that people named?"""
    from motiongpt.evaluation.clips import describing, read_clips
    from motiongpt.evaluation.tables import description_table

    output = _report_name(output)
    report = describing(load_model(model, device), read_clips(data, split, limit))
    _finish(report, description_table(report), output, as_json)


class Protocol(str, Enum):
    """Ways to measure."""

    corrected = "corrected"
    original = "original"


Evaluator = Annotated[
    str,
    typer.Option("--evaluator", metavar="DIR", help="Evaluator folder; none leaves out what needs one."),
]
Replications = Annotated[int, typer.Option("--replications", metavar="N", min=1, help="Repeat what is random.")]
ProtocolName = Annotated[
    Protocol, typer.Option("--protocol", help="original: completion from tokens, a shift, and padding as published.")
]
Group = Annotated[int, typer.Option("--group", min=2, help="Texts and motions ranked against each other.")]
Mirrored = Annotated[bool, typer.Option("--mirrored", help="Take mirrored clips too, as published populations do.")]
Workers = Annotated[int, typer.Option("--workers", min=1, help="Processes; --device may name several, cuda:0,cuda:1.")]
Keep = Annotated[
    Path, typer.Option("--keep", metavar="DIR", help="Folder in which what the model makes is kept for the next run.")
]
Fresh = Annotated[bool, typer.Option("--fresh", help="Make everything anew, and keep nothing.")]
Gallery = Annotated[bool, typer.Option("--gallery", help="Write REPORT.html too: best, worst and random cases.")]


def _verb(task: str | None, text: str) -> None:
    """A verb that measures one task, or all of them."""

    def measure(
        data: Data,
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
        temperature: Temperature = None,
        top_k: TopK = None,
        top_p: TopP = None,
        guidance: Guidance = None,
        rerank: Rerank = None,
        model: Model = None,
        device: Device = "cpu",
        workers: Workers = 1,
        keep: Keep = OUTPUTS / "evaluation",
        fresh: Fresh = False,
        as_json: AsJson = False,
    ) -> None:
        from motiongpt.evaluation.evaluate import evaluate_bench
        from motiongpt.evaluation.gallery import write_gallery
        from motiongpt.evaluation.outputs import TASKS, Bench, Settings
        from motiongpt.evaluation.report import markdown

        name = _report_name(output)
        if gallery and name is None:
            raise MotionGPTError("--gallery writes REPORT.html: name the report with -o.")
        chosen = {"temperature": temperature, "top_k": top_k, "top_p": top_p, "guidance": guidance, "rerank": rerank}
        settings = Settings(
            data=str(data),
            model=model,
            evaluator=None if evaluator == "none" else evaluator,
            split=split,
            protocol=protocol.value,
            replications=replications,
            seed=seed,
            group=group,
            limit=limit,
            mirrored=mirrored,
            device=device,
            sampling=tuple((key, value) for key, value in chosen.items() if value is not None),
        )
        tasks = TASKS if task is None else (task,)
        bench = Bench.open(settings, None if fresh else writable_folder(keep))
        report = evaluate_bench(bench, tasks, workers=workers)
        for note in report["notes"]:
            say(note)
        if gallery and name is not None:
            write_gallery(bench, report, Path(f"{name}.html"))
        _finish(report, markdown(report), name, as_json)

    measure.__doc__ = text
    app.command("all" if task is None else task)(measure)


_verb("t2m", "Text to motion: R-precision, FID, diversity, MultiModality; sliding feet, jitter, length.")
_verb("m2t", "Motion to text: BLEU, ROUGE-L, CIDEr, R-precision; is the action named, and the side?")
_verb("pred", "Prediction from the first fifth: ADE, FDE, FID, diversity, seams.")
_verb("inbetween", "The middle between the first and last quarter: ADE, FDE, FID, diversity, seams.")
_verb("reconstruction", "Encode and decode: MPJPE, PA-MPJPE, ACCEL, FID, use of the codebook, drift.")
_verb(None, "All five tasks in one report.")


def _report_name(output: Path | None) -> Path | None:
    """The name without its suffix, in a folder that can be written: known before the work."""
    if output is None:
        return None
    writable_folder(output.parent)
    return output.with_suffix("") if output.suffix in (".json", ".md") else output


def _finish(report: dict[str, Any], text: str, output: Path | None, as_json: bool) -> None:
    """Write the report and its tables where that is asked for, and show them."""
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
