"""Results as Markdown tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    return "\n".join("| " + " | ".join(row) + " |" for row in (header, ["---"] * len(header), *rows))


def percent(value: float) -> str:
    """``0.123`` -> ``12 %``."""
    return f"{100 * value:.0f} %"


def probe_summary(report: dict[str, Any]) -> str:
    """Rates of all sentences, of groups and of categories, of what ``evaluate_probes`` returns."""
    rows = [("all sentences", report["all"]), *report["groups"].items(), *report["categories"].items()]
    return table(["what", "passed", "95 % interval", "real clips"], [_rate_row(name, tally) for name, tally in rows])


def probe_report(report: dict[str, Any]) -> str:
    """The whole of what ``evaluate_probes`` returns: protocol, summary, kinds, ceiling."""
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
        parts += ["## What the predicates say of real clips", ceiling_table(report["ceiling"])]
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
    """One row a kind of what ``measure_ceiling`` returns."""
    columns = (("passed", "clips"), ("made_passed", "made"), ("others_passed", "others"))
    rows = [
        [name, *(f"{percent(entry[rate])} of {entry[count]}" if entry[count] else "" for rate, count in columns)]
        for name, entry in ceiling.items()
    ]
    return table(["kind", "real clips", "put together of real clips", "others that pass"], rows)


def reconstruction_table(report: dict[str, dict[str, float]]) -> str:
    """One row a source of what ``reconstruction`` returns."""
    header = [
        "source", "clips", "MPJPE of clips (mm)", "of frames (mm)", "headings aligned (mm)", "root drift (m)",
        "heading drift (°)", "foot skating, real", "reconstructed", "jerk (m/s³), real", "reconstructed",
    ]  # fmt: skip
    rows = [
        [
            source,
            f"{row['clips']} ({row['frames']} frames)",
            *(f"{row[key]:.1f}" for key in ("mpjpe_clips", "mpjpe_frames", "mpjpe_turned")),
            f"{row['drift']:.2f} ({row['drift_per_second']:.3f} a second)",
            f"{row['heading_drift']:.0f}",
            *(f"{100 * row[key]:.1f} %" for key in ("skate_real", "skate")),
            *(f"{row[key]:.0f}" for key in ("jerk_real", "jerk")),
        ]
        for source, row in report.items()
    ]
    return table(header, rows)


def description_table(report: dict[str, Any]) -> str:
    """Of what ``describing`` returns."""
    sides = report["sides"]
    rows = [
        [what, f"{percent(report[key])} of {report['clips']} (blind guess {percent(report['blind_' + key])})"]
        for what, key in (
            ("describe: action among the references'", "action"),
            ("describe: action most references begin with", "main"),
        )
    ]
    rows += [
        [
            "describe: side, where references agree on one",
            f"{sides['right']} right, {sides['wrong']} wrong, {sides['silent']} silent",
        ],
        ["describe: different descriptions", percent(report["different"])],
        ["describe: time a clip", f"{report['seconds']:.2f} s"],
    ]
    return table(["what", "value"], rows)


def completion_table(report: dict[str, dict[str, float]]) -> str:
    """Of what ``completing`` returns."""
    rows = []
    for name, row in report.items():
        rows += [
            [f"{name}: largest deviation of a given frame", f"{100 * row['deviation']:.3f} cm in {row['clips']} clips"],
            [
                f"{name}: step at the seam / usual largest step",
                f"{row['seam']:.2f} median, {row['seam_worst']:.2f} worst, {percent(row['seam_high'])} above 1.5",
            ],
            [f"{name}: time a clip", f"{row['seconds']:.2f} s"],
        ]
    return table(["what", "value"], rows)
