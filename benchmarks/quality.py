"""How good a model is, as Markdown tables for its model card.

    python benchmarks/quality.py [--model DIR] [--data data/motion] [--probes] [--held-out] [-n 3] [--seed 0]
        [--temperature T] [--top-k K] [--top-p P] [--guidance G] [--rerank N]
        [--device cpu] [--limit CLIPS] [-o report.json]

Probes: sentences whose truth geometry can decide, next to how often real clips with such captions pass and how often
real clips of other kinds do (both only with --data). Held-out: reconstruction, captions, prediction and in-between on
the test split of --data. Without --probes and --held-out both are measured. The JSON report also has every sentence
and description.
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
from motiongpt.evaluation.clips import evaluate_held_out
from motiongpt.evaluation.probes.run import evaluate_probes
from motiongpt.evaluation.tables import (
    completion_table,
    description_table,
    probe_report,
    reconstruction_table,
    table,
)
from motiongpt.files import atomic_path
from motiongpt.generation.motiongpt import MotionGPT


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="model folder or hub id; the model of the package when left out")
    parser.add_argument("--data", type=Path, help="data set in the HumanML3D layout")
    parser.add_argument("--probes", action="store_true", help="measure the probes")
    parser.add_argument("--held-out", action="store_true", help="measure on the test split of --data")
    parser.add_argument("-n", type=int, default=3, help="samples of each sentence")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--temperature", type=float)
    parser.add_argument("--top-k", type=int)
    parser.add_argument("--top-p", type=float)
    parser.add_argument("--guidance", type=float)
    parser.add_argument("--rerank", type=int)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--limit", type=int, help="held-back clips to take, evenly over the list; all when left out")
    parser.add_argument("-o", "--output", type=Path, help="JSON report")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    both = not (arguments.probes or arguments.held_out)
    if arguments.data is None and (both or arguments.held_out):
        raise MotionGPTError("The held-out measures need a data set: give its folder with --data, or ask for --probes.")
    model = MotionGPT.from_pretrained(arguments.model, arguments.device)
    chosen = {name: getattr(arguments, name) for name in ("temperature", "top_k", "top_p", "guidance", "rerank")}
    sampling = {name: value for name, value in chosen.items() if value is not None}
    machine = f"{platform.machine()}, {torch.get_num_threads()} threads, {arguments.device}, torch {torch.__version__}"
    report: dict[str, Any] = {
        "model": arguments.model or "of the package",
        "machine": machine,
        "data": str(arguments.data),
        "seed": arguments.seed,
        "n": arguments.n,
        "sampling": {**{name: getattr(model.defaults, name) for name in chosen}, **sampling},
    }
    print(table(["setting", "value"], [[name, str(value)] for name, value in report.items()]), flush=True)
    if both or arguments.probes:
        report["probes"] = evaluate_probes(model, arguments.n, arguments.seed, data=arguments.data, **sampling)
        print("\n" + probe_report(report["probes"]), flush=True)
    if both or arguments.held_out:
        # Completion knows neither guidance nor candidates.
        shared = {name: value for name, value in sampling.items() if name not in ("guidance", "rerank")}
        report["held_out"] = evaluate_held_out(
            model, arguments.data, limit=arguments.limit, seed=arguments.seed, **shared
        )
        print("\n" + reconstruction_table(report["held_out"]["reconstruction"]))
        print("\n" + description_table(report["held_out"]["describe"]))
        print(
            "\n" + completion_table({name: report["held_out"][name] for name in ("predict", "inbetween")}), flush=True
        )
    if arguments.output:
        with atomic_path(arguments.output) as temporary:
            temporary.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    try:
        main()
    except MotionGPTError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
