"""The verbs of evaluation: what a model can do, measured."""

from __future__ import annotations

import json
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from motiongpt.cli.console import load_model, print_json, say, writable_folder
from motiongpt.cli.options import AsJson, Device, Guidance, Model, Rerank, Samples, Seed, Temperature, TopK, TopP
from motiongpt.errors import MotionGPTError
from motiongpt.files import atomic_path

app = typer.Typer(name="evaluate", help="Evaluation: does a motion do what was asked; descriptions, reconstruction.")

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


class Group(str, Enum):
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
        list[Group] | None, typer.Option("--group", help="Ask only these sentences (can be repeated).")
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
    from motiongpt.evaluation.probes import PROBES, evaluate_probes
    from motiongpt.evaluation.tables import probe_summary

    chosen = {"temperature": temperature, "top_k": top_k, "top_p": top_p, "guidance": guidance, "rerank": rerank}
    groups = {one.value for one in group or Group}
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
    from motiongpt.evaluation.ceiling import measure_ceiling
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
    from motiongpt.evaluation.held_out import describing, read_clips
    from motiongpt.evaluation.tables import description_table

    output = _report_name(output)
    report = describing(load_model(model, device), read_clips(data, split, limit))
    _finish(report, description_table(report), output, as_json)


@app.command()
def reconstruction(
    data: Data,
    split: Split = "test",
    limit: Limit = None,
    output: Report = None,
    model: Model = None,
    device: Device = "cpu",
    as_json: AsJson = False,
) -> None:
    """Encode and decode clips of a data set: joint error, drift, foot skating and jerk, real and reconstructed."""
    from motiongpt.evaluation.held_out import read_clips
    from motiongpt.evaluation.held_out import reconstruction as reconstruct
    from motiongpt.evaluation.tables import reconstruction_table

    output = _report_name(output)
    report = reconstruct(load_model(model, device).tokenizer, read_clips(data, split, limit))
    _finish(report, reconstruction_table(report), output, as_json)


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
