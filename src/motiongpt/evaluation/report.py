"""The report of an evaluation as Markdown: protocol, notes, and a table a task beside what others published."""

from __future__ import annotations

from typing import Any

from motiongpt.evaluation.published import PUBLISHED, SOURCES
from motiongpt.evaluation.tables import percent, reconstruction_table, table

_TITLES = {
    "t2m": "Text to motion",
    "m2t": "Motion to text",
    "pred": "Prediction",
    "inbetween": "In-between",
    "reconstruction": "Reconstruction by the motion tokenizer",
}
_METRICS = {
    "r_precision_1": ("R-precision top 1 ↑", 3),
    "r_precision_2": ("R-precision top 2 ↑", 3),
    "r_precision_3": ("R-precision top 3 ↑", 3),
    "matching_score": ("matching score ↓", 3),
    "fid": ("FID ↓", 3),
    "fid_halves": ("FID of two halves", 3),
    "diversity": ("diversity", 3),
    "multimodality": ("MultiModality", 3),
    "ade": ("ADE (m) ↓", 3),
    "fde": ("FDE (m) ↓", 3),
    "mpjpe": ("MPJPE (mm) ↓", 1),
    "pa_mpjpe": ("PA-MPJPE (mm) ↓", 1),
    "accel": ("ACCEL (mm/frame²) ↓", 2),
    "codes_used": ("codes used (%) ↑", 1),
    "perplexity": ("perplexity of codes", 1),
    "length_error": ("length error (s) ↓", 2),
    "seconds_of_motion": ("length (s)", 2),
    "seam": ("step at the seam / usual step, median ↓", 2),
    "seam_high": ("seams above 1.5 (%) ↓", 1),
    "foot_skate": ("foot skating (%) ↓", 1),
    "jerk": ("jerk (m/s³)", 0),
    "floor_penetration": ("depth under the floor (cm) ↓", 2),
}
_CAPTIONS = {
    "bleu_1": "BLEU-1", "bleu_2": "BLEU-2", "bleu_3": "BLEU-3", "bleu_4": "BLEU-4", "rouge_l": "ROUGE-L",
    "cider": "CIDEr",
}  # fmt: skip
_SOURCES = {"made": "this model", "real": "real clips", "bound": "bound by equal captions", "at rest": "body at rest"}


def markdown(report: dict[str, Any]) -> str:
    """The whole of what :func:`motiongpt.evaluation.evaluate.evaluate` returns."""
    parts = ["# Results", _introduction(report)]
    parts += [f"## {_TITLES[task]}\n\n{task_tables(report, task)}" for task in report["tasks"]]
    if report["notes"]:
        parts.append("## Notes\n\n" + "\n".join(f"- {note}" for note in report["notes"]))
    settings = [[name, _plain(value)] for name, value in report["protocol"].items()]
    parts.append("## Protocol\n\n" + table(["setting", "value"], settings))
    return "\n\n".join(parts) + "\n"


def _introduction(report: dict[str, Any]) -> str:
    protocol = report["protocol"]
    clips = f"{protocol['clips']} clips ({protocol['clips with captions']} with captions)"
    sources = "\n".join(f"- {name}: {source}" for name, source in SOURCES.items())
    return (
        f"Measured on {clips} of list `{protocol['split']}` of `{protocol['data']}`, {protocol['replications']} "
        "replications, mean ± half the width of the 95 % interval. How it was done stands under Protocol.\n\n"
        "The columns of others are HumanML3D's test split in the space of its own evaluator. Another data set and "
        "another evaluator make other numbers: compare R-precision, FID, diversity and matching score with those of "
        "the real clips beside them, not across columns.\n\n" + sources
    )


def task_tables(report: dict[str, Any], task: str) -> str:
    """Tables of one task."""
    found = report["tasks"][task]
    parts = [_metric_table(task, found["rows"])]
    if task == "m2t":
        parts += [_caption_table(found["scores"]), _action_table(found)]
    if "retrieval" in found:
        row = found["retrieval"]
        ranks = [f"{100 * row[f'R@{k}']:.1f}" for k in (1, 2, 3, 5, 10)]
        parts.append(
            f"The evaluator itself, finding {row['motions']} real clips by {row['queries']} captions:\n\n"
            + table(["R@1", "R@2", "R@3", "R@5", "R@10", "median rank"], [[*ranks, f"{row['MedR']:g}"]])
        )
    if "sources" in found:
        parts.append(reconstruction_table(found["sources"]))
    parts.append(
        f"{found['clips']} clips, {found['replications']} replications, {report['seconds'][task]:.3f} s a sample."
    )
    return "\n\n".join(part for part in parts if part)


def _metric_table(task: str, rows: dict[str, Any]) -> str:
    published = PUBLISHED.get(task, {})
    names = [name for name in _METRICS if any(name in row for row in rows.values())]
    if not names:
        return ""
    header = ["metric", *(_SOURCES[source] for source in rows), *published]
    body = []
    for name in names:
        title, digits = _METRICS[name]
        own = [_interval(row.get(name), digits) for row in rows.values()]
        body.append([title, *own, *(f"{row[name]:g}" if name in row else "" for row in published.values())])
    return table(header, body)


def _interval(value: dict[str, float] | None, digits: int) -> str:
    if value is None:
        return ""
    text = f"{value['mean']:.{digits}f}"
    return f"{text} ± {value['interval']:.{digits}f}" if value["interval"] else text


def _caption_table(scores: dict[str, Any]) -> str:
    """One row a style; styles are ``tokens, references``."""
    names = [name for name in _CAPTIONS if any(name in row["mean"] for row in scores.values())]
    body = [
        [
            style,
            *(
                f"{row['mean'][name]:.1f} ± {row['interval'][name]:.1f}" if name in row["mean"] else "not measured"
                for name in names
            ),
        ]
        for style, row in scores.items()
    ]
    for source, row in PUBLISHED["m2t"].items():
        body.append([source, *(f"{row[name]:g}" if name in row else "" for name in names)])
    return table(["tokens, references", *(_CAPTIONS[name] for name in names)], body)


def _bert_score(found: dict[str, float] | str) -> str:
    if isinstance(found, str):
        return found
    return f"{found['bertscore']:.1f} raw, {found['bertscore_rescaled']:.1f} rescaled"


def _action_table(found: dict[str, Any]) -> str:
    judged, sides = found["actions"], found["actions"]["sides"]
    rows = []
    if judged["clips"]:
        rows += [
            ["action among the references'", f"{percent(judged['action'])} of {judged['clips']}"],
            ["action most references begin with", percent(judged["main"])],
        ]
    rows += [
        ["side", f"{sides['right']} right, {sides['wrong']} wrong, {sides['silent']} silent"],
        ["different captions", percent(found["different"])],
        ["BERTScore (roberta-large, idf)", _bert_score(found["bertscore"])],
    ]
    return table(["captions", "value"], rows)


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {one}" for name, one in value.items())
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)
