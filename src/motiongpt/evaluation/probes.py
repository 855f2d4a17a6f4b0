"""Sentences whose truth geometry can decide: does the motion do what it was asked to do?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from motiongpt.evaluation.kinds import KINDS
from motiongpt.files import atomic_path
from motiongpt.model import MotionGPT

# Sentences generated together: a compromise of speed and memory.
_BATCH = 8


@dataclass(frozen=True)
class Probe:
    """A sentence and the kind that says how its truth is told.

    Attributes:
        sentence: what is asked of the model.
        kind: a key of :data:`motiongpt.evaluation.kinds.KINDS`, which holds the predicate and its arguments.
    """

    sentence: str
    kind: str

    def holds(self, joints: np.ndarray) -> bool:
        """Whether a motion (T, 22, 3) does what the sentence says."""
        return KINDS[self.kind].holds(joints)


PROBES = tuple(Probe(sentence, name) for name, kind in KINDS.items() for sentence in kind.sentences)


def evaluate_probes(
    model: MotionGPT,
    n: int = 3,
    seed: int = 0,
    *,
    probes: Sequence[Probe] = PROBES,
    output: Path | None = None,
    **sampling: Any,
) -> dict[str, Any]:
    """How often generated motions do what their sentences say.

    Args:
        model: generates; decides the length itself unless ``seconds`` is among the sampling arguments.
        n: samples of each sentence.
        seed: of sampling.
        probes: what to ask.
        output: file for the report as JSON.
        sampling: further arguments of :meth:`motiongpt.model.MotionGPT.generate`.

    Returns:
        ``passed`` and ``samples`` (counts), ``rate`` (share of all samples), ``kind_mean`` (mean over kinds of their
        rates), ``kinds`` (``passed``, ``samples``, ``rate``, ``predicate``, ``arguments`` of each), ``probes`` (for
        each sentence, a bool and the length in frames of every sample) and the arguments used.
    """
    rows = []
    for start in tqdm(range(0, len(probes), _BATCH), desc="probes", disable=None):
        group = probes[start : start + _BATCH]
        motions = model.generate([probe.sentence for probe in group], n=n, seed=seed, **sampling)
        for probe, samples in zip(group, motions, strict=True):
            holds = [probe.holds(motion.joints) for motion in samples]
            rows.append(
                {"sentence": probe.sentence, "kind": probe.kind, "holds": holds, "frames": [len(m) for m in samples]}
            )
    names = dict.fromkeys(probe.kind for probe in probes)
    kinds = {name: _tally([row for row in rows if row["kind"] == name]) for name in names}
    report = {
        **_tally(rows),
        "kind_mean": float(np.mean([tally["rate"] for tally in kinds.values()])),
        "n": n,
        "seed": seed,
        "sampling": sampling,
        "kinds": {
            kind: {**tally, "predicate": KINDS[kind].predicate, "arguments": KINDS[kind].arguments}
            for kind, tally in kinds.items()
        },
        "probes": rows,
    }
    if output is not None:
        with atomic_path(output) as temporary:
            temporary.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return report


def _tally(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    holds = [value for row in rows for value in row["holds"]]
    return {"passed": sum(holds), "samples": len(holds), "rate": sum(holds) / max(len(holds), 1)}
