"""Measure a model and print the Markdown tables of its model card.

    python benchmarks/quality.py [--model DIR] [--data data/motion] [--probes] [--held-out] [-n 3] [--seed 0]
        [--temperature T] [--top-k K] [--top-p P] [--guidance G] [--rerank N]
        [--device cpu] [--limit CLIPS] [-o report.json]

Probes: sentences whose truth geometry can decide, beside the rates at which real clips of the same kind and of other
kinds pass (both only with --data). Held-out: reconstruction, descriptions, prediction and in-between on the test split
of --data. Without --probes and --held-out both are measured. The JSON report also has every sentence and description.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from pathlib import Path
from typing import Any

import torch

from motiongpt.errors import MotionGPTError
from motiongpt.evaluation.evaluate import evaluate_held_out
from motiongpt.evaluation.measures import TASKS
from motiongpt.evaluation.probes.run import evaluate_probes
from motiongpt.evaluation.report import description_table, probe_report, table, task_tables
from motiongpt.files import atomic_path
from motiongpt.generation.motiongpt import MotionGPT


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="model folder or hub id; the embedded model by default")
    parser.add_argument("--data", type=Path, help="data set in the HumanML3D layout")
    parser.add_argument("--probes", action="store_true", help="measure the probes")
    parser.add_argument("--held-out", action="store_true", help="measure on the test split of --data")
    parser.add_argument("-n", type=int, default=3, help="samples per sentence")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--temperature", type=float)
    parser.add_argument("--top-k", type=int)
    parser.add_argument("--top-p", type=float)
    parser.add_argument("--guidance", type=float)
    parser.add_argument("--rerank", type=int)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--limit", type=int, help="number of test clips, spread evenly over the list; all by default")
    parser.add_argument("-o", "--output", type=Path, help="JSON report")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    both = not (arguments.probes or arguments.held_out)
    if arguments.data is None and (both or arguments.held_out):
        raise MotionGPTError("--held-out needs a data set: give its folder with --data, or measure only --probes.")
    model = MotionGPT.from_pretrained(arguments.model, arguments.device)
    requested = {name: getattr(arguments, name) for name in ("temperature", "top_k", "top_p", "guidance", "rerank")}
    sampling = {name: value for name, value in requested.items() if value is not None}
    machine = f"{platform.machine()}, {torch.get_num_threads()} threads, {arguments.device}, torch {torch.__version__}"
    report: dict[str, Any] = {
        "model": arguments.model or "embedded",
        "machine": machine,
        "data": str(arguments.data),
        "seed": arguments.seed,
        "n": arguments.n,
        "sampling": {**{name: getattr(model.defaults, name) for name in requested}, **sampling},
    }
    print(table(["setting", "value"], [[name, str(value)] for name, value in report.items()]), flush=True)
    if both or arguments.probes:
        report["probes"] = evaluate_probes(model, arguments.n, arguments.seed, data=arguments.data, **sampling)
        print("\n" + probe_report(report["probes"]), flush=True)
    if both or arguments.held_out:
        found = evaluate_held_out(model, arguments.data, limit=arguments.limit, seed=arguments.seed, **sampling)
        report["held_out"] = found
        print(f"\n## Descriptions\n\n{description_table(found['describe'])}")
        for task in found["tasks"]:
            print(f"\n## {TASKS[task].title}\n\n{task_tables(found, task)}", flush=True)
    if arguments.output:
        with atomic_path(arguments.output) as temporary:
            temporary.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    try:
        main()
    except MotionGPTError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
