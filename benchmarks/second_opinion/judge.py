"""More probes, by examiners who had seen neither the probes of the package nor how candidates are ranked.

    python benchmarks/second_opinion/judge.py [second|third|fourth|fifth|sixth] [--model FOLDER] [--no-checks] [-n 3]
        [--seed 0] [-o FILE]

Sentences and predicates were written from the meaning of the words and from real clips alone; they share no code with
the package. The sets ``second.json`` to ``sixth.json``, by five examiners, say what each sentence must show, in the
language of ``predicates.check``. Do not tune anything to them: a set that was used for tuning measures nothing.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
from predicates import F, check
from tqdm import tqdm

from motiongpt import MotionGPT
from motiongpt.files import atomic_path

FOLDER = Path(__file__).parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", nargs="?", choices=("second", "third", "fourth", "fifth", "sixth"), default="second")
    parser.add_argument("--model", help="model folder or hub id; the embedded model by default")
    parser.add_argument("--no-checks", action="store_true", help="rank candidates without geometry")
    parser.add_argument("-n", type=int, default=3, help="samples per sentence")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--output", type=Path, help="JSON report of every sentence")
    arguments = parser.parse_args()
    model = MotionGPT.from_pretrained(arguments.model)
    if arguments.no_checks:
        model.defaults = replace(model.defaults, checks=False)
    probes = json.loads((FOLDER / f"{arguments.set}.json").read_text(encoding="utf-8"))
    for probe in tqdm(probes, disable=None):
        motions = model.generate(probe["s"], n=arguments.n, seed=arguments.seed)
        bodies = [F(motion.joints.astype(np.float64)) for motion in motions]
        probe["holds"] = [all(check(body, condition) for condition in probe["c"]) for body in bodies]
    print(f"{len(probes)} sentences, n = {arguments.n}, seed {arguments.seed}, model {model.fingerprint()}")
    print("| group | sentences | hold | standard error over sentences |\n| --- | --- | --- | --- |")
    for group in ("seen", "paraphrases", "compounds", None):
        rates = np.array([np.mean(probe["holds"]) for probe in probes if group in (probe["g"], None)])
        error = rates.std(ddof=1) / np.sqrt(len(rates))
        print(f"| {group or 'all'} | {len(rates)} | {100 * rates.mean():.1f} % | {100 * error:.1f} % |")
    if arguments.output:
        with atomic_path(arguments.output) as temporary:
            temporary.write_text(json.dumps(probes, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
