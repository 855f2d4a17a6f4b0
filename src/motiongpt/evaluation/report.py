"""Reports as Markdown: every number is shown as its column in :data:`motiongpt.evaluation.measures.MEASURES` says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from motiongpt.evaluation.measures import MEASURES, TASKS, Column, columns_of

PAPER = "MotionGPT, paper"
RELEASED = "MotionGPT, released file"
REAL = "HumanML3D, real"

PUBLICATIONS = {
    PAPER: "B. Jiang et al., MotionGPT: Human Motion as a Foreign Language, NeurIPS 2023, its tables",
    RELEASED: "the published checkpoint as its users measured it, github.com/OpenMotionLab/MotionGPT issues",
    REAL: "real motions in the tables of the paper",
}

PUBLISHED: dict[str, dict[str, dict[str, float]]] = {
    "t2m": {
        PAPER: {
            "r_precision_1": 0.492, "r_precision_2": 0.681, "r_precision_3": 0.778, "fid": 0.232,
            "matching_score": 3.096, "diversity": 9.528, "multimodality": 2.008,
        },
        RELEASED: {
            "r_precision_1": 0.402, "r_precision_2": 0.568, "r_precision_3": 0.659, "fid": 0.185,
            "matching_score": 4.019, "diversity": 9.294, "multimodality": 3.501,
        },
        REAL: {
            "r_precision_1": 0.511, "r_precision_2": 0.703, "r_precision_3": 0.797, "fid": 0.002,
            "matching_score": 2.974, "diversity": 9.503,
        },
    },
    "m2t": {PAPER: {"bleu_1": 48.2, "bleu_4": 12.47, "rouge_l": 37.4, "cider": 29.2, "bertscore_rescaled": 32.4}},
    "pred": {PAPER: {"fid": 0.905, "diversity": 8.972, "ade": 4.745, "fde": 6.040}},
    "inbetween": {PAPER: {"fid": 0.214, "diversity": 9.560}},
    "reconstruction": {PAPER: {"mpjpe": 55.8, "pa_mpjpe": 40.1, "accel": 7.5, "fid": 0.067, "diversity": 9.675}},
}  # fmt: skip
"""Published numbers on HumanML3D's test split, by task and publication, in the names and units of our reports."""

_SOURCES = {
    "made": "this model",
    "real": "real clips",
    "bound": "bound by equal captions",
    "at rest": "body at rest",
    "constant velocity": "constant velocity",
}


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    return "\n".join("| " + " | ".join(row) + " |" for row in (header, ["---"] * len(header), *rows))


def percent(value: float) -> str:
    """``0.123`` -> ``12 %``."""
    return f"{100 * value:.0f} %"


def number_table(columns: Sequence[Column], values: Mapping[str, Mapping[str, Any]], task: str = "") -> str:
    """A Markdown table of numbers, one row per number; numbers that nobody has are left out.

    Args:
        columns: of :data:`motiongpt.evaluation.measures.MEASURES`.
        values: header -> name -> a number, or its ``mean`` and ``interval``.
        task: adds the published numbers of this task.
    """
    shown = [column for column in columns if any(column.name in row for row in values.values())]
    names = {column.name for column in shown}
    published = {header: row for header, row in PUBLISHED.get(task, {}).items() if names & row.keys()}
    if not shown:
        return ""
    body = [
        [
            column.heading,
            *(_number(row.get(column.name), column) for row in values.values()),
            *(f"{row[column.name]:g}" if column.name in row else "" for row in published.values()),
        ]
        for column in shown
    ]
    return table(["metric", *values, *published], body)


def _number(value: float | Mapping[str, float] | None, column: Column) -> str:
    if value is None:
        return ""
    if isinstance(value, Mapping):
        interval = _number(value["interval"], column)
        return _number(value["mean"], column) + (f" ± {interval}" if value["interval"] else "")
    return f"{column.scale * value:.{column.digits}f}"


def metrics_table() -> str:
    """The table of all metrics in the documentation."""
    rows = [
        ["; ".join(column.heading for column in one.columns), ", ".join(f"`{t}`" for t in one.tasks), one.description]
        for one in MEASURES
    ]
    return table(["metrics", "tasks", "what is measured"], rows)


def markdown(report: dict[str, Any]) -> str:
    """The whole report of :func:`motiongpt.evaluation.evaluate.evaluate`."""
    parts = ["# Results", _introduction(report)]
    parts += [f"## {TASKS[task].title}\n\n{task_tables(report, task)}" for task in report["tasks"]]
    if report["notes"]:
        parts.append("## Notes\n\n" + "\n".join(f"- {note}" for note in report["notes"]))
    settings = [[name, _setting(value)] for name, value in report["protocol"].items()]
    parts.append("## Protocol\n\n" + table(["setting", "value"], settings))
    return "\n\n".join(parts) + "\n"


def _introduction(report: dict[str, Any]) -> str:
    protocol = report["protocol"]
    clips = f"{protocol['clips']} clips ({protocol['clips with captions']} with captions)"
    publications = "\n".join(f"- {name}: {text}" for name, text in PUBLICATIONS.items())
    return (
        f"Measured on {clips} of list `{protocol['split']}` of `{protocol['data']}` with {protocol['replications']} "
        "replications: mean ± half the width of the 95 % interval. The last section records the protocol.\n\n"
        "The published columns are HumanML3D's test split in the space of its own evaluator. Another data set and "
        "another evaluator give other numbers: compare R-precision, FID, diversity and matching score with those of "
        "the real clips beside them, not across columns.\n\n" + publications
    )


def task_tables(report: dict[str, Any], task: str) -> str:
    """The tables of one task."""
    found = report["tasks"][task]
    rows = {_SOURCES[source]: row for source, row in found["rows"].items()}
    parts = [number_table(columns_of(task, "rows"), rows, task)]
    if "scores" in found:
        parts.append(number_table(columns_of(task, "scores"), found["scores"], task))
    if "actions" in found:
        parts.append(number_table(columns_of(task, "actions"), {"value": found["actions"]}, task))
    if retrieval := number_table(columns_of(task, "retrieval"), {"value": found.get("retrieval", {})}):
        parts.append(f"The evaluator itself, when captions retrieve their real clip:\n\n{retrieval}")
    if "sources" in found:
        parts.append(_source_table(task, found["sources"]))
    parts.append(
        f"{found['clips']} clips, {found['replications']} replications, {report['seconds'][task]:.3f} s per sample."
    )
    return "\n\n".join(part for part in parts if part)


def _source_table(task: str, sources: dict[str, dict[str, Any]]) -> str:
    """Numbers by where the clips were captured; those of all clips are in the table of the task."""
    sources = {name: row for name, row in sources.items() if name != "all"}
    if not sources:
        return ""
    counts = ", ".join(f"{name} {row['clips']} clips ({row['frames']} frames)" for name, row in sources.items())
    values = {f"{name}, {_SOURCES[kind]}": row[kind] for name, row in sources.items() for kind in ("made", "real")}
    return f"By where the clips were captured: {counts}.\n\n{number_table(columns_of(task, 'rows'), values)}"


def description_table(report: dict[str, Any]) -> str:
    """The table of :func:`motiongpt.evaluation.evaluate.evaluate_descriptions`."""
    columns = [*columns_of("m2t", "actions"), Column("seconds", "time per clip", "s", digits=2)]
    return number_table(columns, {"value": report})


def _setting(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {one}" for name, one in value.items())
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)


def probe_summary(report: dict[str, Any]) -> str:
    """Rates of all sentences, of groups and of categories in a report of the probes."""
    rows = [("all sentences", report["all"]), *report["groups"].items(), *report["categories"].items()]
    return table(["what", "passed", "95 % interval", "real clips"], [_rate_row(name, tally) for name, tally in rows])


def probe_report(report: dict[str, Any]) -> str:
    """The whole report of the probes: protocol, summary, kinds, ceiling."""
    parts = [
        "# Probes",
        table(["setting", "value"], [[name, str(value)] for name, value in report["protocol"].items()]),
        probe_summary(report),
        f"Mean over kinds: {percent(report['kind_mean'])}.",
        table(
            ["kind", "passed", "95 % interval", "real clips"],
            [_rate_row(name, tally) for name, tally in report["kinds"].items()],
        ),
    ]
    if report["ceiling"]:
        parts += ["## Verdicts of the predicates on real clips", ceiling_table(report["ceiling"])]
    return "\n\n".join(parts) + "\n"


def _rate_row(name: str, tally: dict[str, Any]) -> list[str]:
    low, high = tally["interval"]
    return [
        name,
        f"{percent(tally['rate'])} of {tally['samples']}",
        f"{100 * low:.0f} to {percent(high)}",
        "" if tally["ceiling"] is None else percent(tally["ceiling"]),
    ]


def ceiling_table(ceiling: dict[str, dict[str, Any]]) -> str:
    """One row per kind of :func:`motiongpt.evaluation.probes.ceiling.measure_ceiling`."""
    columns = (("passed", "clips"), ("made_passed", "made"), ("others_passed", "others"))
    rows = [
        [name, *(f"{percent(entry[rate])} of {entry[count]}" if entry[count] else "" for rate, count in columns)]
        for name, entry in ceiling.items()
    ]
    return table(["kind", "real clips", "composed of real clips", "other clips that pass"], rows)
