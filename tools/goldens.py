"""Record what the model does before a refactoring, and compare afterwards: nothing may change that was not meant to.

    python tools/goldens.py record runs/goldens.npz
    python tools/goldens.py compare runs/goldens.npz            # bit for bit
    python tools/goldens.py compare runs/goldens.npz --atol 1e-5

Recordings hold for one machine and one set of library versions, so they are made where they are used and are not
committed. One thread computes: the order of additions then does not depend on the machine's load.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from tqdm import tqdm

from motiongpt import Motion, MotionGPT
from motiongpt.evaluation.probes.run import PROBES
from motiongpt.generation.checks import checks
from motiongpt.generation.prototypes import canonical_sentences
from motiongpt.text.clauses import clauses

# Every so many sentences of the probes: about 60.
EVERY = 7
GIVEN_SECONDS = 3.0


def sentences(every: int) -> list[str]:
    return [probe.sentence for probe in PROBES[::every]]


def motions(model: MotionGPT, every: int) -> Iterator[tuple[str, np.ndarray | str]]:
    """Name and content of each golden that needs the model."""
    asked = sentences(every)
    made: list[Motion] = []
    for number, sentence in enumerate(tqdm(asked, desc="sentences")):
        for seed in (0, 1):
            plain = model.generate(sentence, seed=seed)
            yield f"generate/{number}/{seed}", plain.joints
            if seed == 0:
                made.append(plain)
            yield f"seconds/{number}/{seed}", model.generate(sentence, seconds=GIVEN_SECONDS, seed=seed).joints
            for sample, motion in enumerate(model.generate(sentence, n=2, seed=seed)):
                yield f"samples/{number}/{seed}/{sample}", motion.joints
    for number, text in enumerate(model.describe(made[:20])):
        yield f"describe/{number}", text
    long = [motion for motion in made if len(motion) >= 40][:10]
    for number, motion in enumerate(tqdm(long, desc="completions")):
        yield f"predict/{number}", model.predict(motion, given=0.4, seed=number).joints
        yield f"inbetween/{number}", model.inbetween(motion, seed=number).joints


def readings() -> Iterator[tuple[str, str]]:
    """What the rules of English say of all sentences that the package knows."""
    known = [*dict.fromkeys([*(probe.sentence for probe in PROBES), *canonical_sentences()])]
    for sentence in known:
        yield f"clauses/{sentence}", json.dumps(clauses(sentence))
        yield f"checks/{sentence}", json.dumps([[check.action, check.arguments] for check in checks(sentence)])


def record(every: int) -> dict[str, np.ndarray]:
    torch.set_num_threads(1)
    model = MotionGPT.from_pretrained()
    return {name: np.asarray(value) for name, value in [*readings(), *motions(model, every)]}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("verb", choices=("record", "compare"))
    parser.add_argument("file", type=Path)
    parser.add_argument("--every", type=int, default=EVERY, help="take every so many probe sentences")
    parser.add_argument("--atol", type=float, default=0.0, help="largest difference of a coordinate, metres")
    options = parser.parse_args()
    if options.verb == "record":
        options.file.parent.mkdir(parents=True, exist_ok=True)
        found = record(options.every)
        np.savez(options.file, every=np.asarray(options.every), **found)
        print(f"{len(found)} goldens in {options.file}")
        return 0
    with np.load(options.file) as stored:
        every = int(stored["every"])
        expected = {name: stored[name] for name in stored.files if name != "every"}
    found, wrong = record(every), []
    for name, value in expected.items():
        other = found.get(name)
        if other is None or other.shape != value.shape or other.dtype.kind != value.dtype.kind:
            wrong.append(f"{name}: {'missing' if other is None else f'{value.shape} became {other.shape}'}")
        elif value.dtype.kind == "U":
            if str(value) != str(other):
                wrong.append(f"{name}: {value} became {other}")
        elif (difference := float(np.abs(value - other).max())) > options.atol:
            wrong.append(f"{name}: differs by {difference:.2g}")
    print("\n".join(wrong[:40]))
    print(f"{len(wrong)} of {len(expected)} goldens differ")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
