"""Run the probes: generate motion from sentences whose truth geometry can decide, and count how often it is right."""

from __future__ import annotations

import hashlib
import json
import math
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from tqdm import tqdm

from motiongpt import __version__
from motiongpt.errors import Interrupted, MotionGPTError
from motiongpt.evaluation.probes import predicates
from motiongpt.evaluation.probes.ceiling import measure_ceiling
from motiongpt.evaluation.probes.kinds import ALL_KINDS, GROUPS
from motiongpt.evaluation.report import probe_report
from motiongpt.files import atomic_path
from motiongpt.motion import HUMANML3D, Motion, Skeleton

# Sentences generated together: a compromise of speed and memory.
_BATCH = 16


class _Tokenizer(Protocol):
    @property
    def skeleton(self) -> Skeleton: ...


class Generator(Protocol):
    """The part of :class:`motiongpt.MotionGPT` that the probes use; any text-to-motion model can provide it.

    Attributes:
        tokenizer: its ``skeleton`` is that of the generated motions.
        defaults: a dataclass of sampling options, for the protocol of the report.
        generate: ``generate(sentences, n=n, seed=seed, **sampling)`` returns ``n`` motions per sentence.
    """

    @property
    def tokenizer(self) -> _Tokenizer: ...

    @property
    def defaults(self) -> Any: ...

    @property
    def generate(self) -> Callable[..., list[list[Motion]]]: ...

    def fingerprint(self) -> str:
        """Short hash of all weights and defaults."""
        ...


@dataclass(frozen=True)
class Probe:
    """A sentence, and the kind of motion that it asks for.

    Attributes:
        sentence: the prompt.
        kind: a key of :data:`motiongpt.evaluation.probes.kinds.ALL_KINDS`.
        group: ``"seen"`` (words of captions), ``"paraphrases"`` (words no caption has), ``"compounds"``.
    """

    sentence: str
    kind: str
    group: str

    @property
    def category(self) -> str:
        """The category of the kind, such as ``"direction"``."""
        return ALL_KINDS[self.kind].category

    def holds(self, joints: np.ndarray) -> bool:
        """Whether a motion (T, 22, 3) does what the sentence says."""
        return ALL_KINDS[self.kind].holds(joints)


PROBES = tuple(
    Probe(sentence, name, group)
    for group in GROUPS
    for name, kind in ALL_KINDS.items()
    for sentence in kind.sentences.get(group, ())
)


def wilson_interval(passed: int, samples: int) -> tuple[float, float]:
    """95 % interval of a rate (Wilson 1927), which stays between 0 and 1 and is accurate for few samples."""
    if not samples:
        return 0.0, 1.0
    z, rate = 1.959964, passed / samples
    centre = rate + z * z / (2 * samples)
    spread = z * math.sqrt(rate * (1 - rate) / samples + z * z / (4 * samples * samples))
    scale = 1 + z * z / samples
    return max((centre - spread) / scale, 0.0), min((centre + spread) / scale, 1.0)


def evaluate_probes(
    model: Generator,
    n: int = 3,
    seed: int = 0,
    *,
    probes: Sequence[Probe] = PROBES,
    data: Path | None = None,
    output: Path | None = None,
    **sampling: Any,
) -> dict[str, Any]:
    """Measure how often generated motions do what their sentences say.

    With ``output``, verdicts are saved as they come, and an interrupted run of the same model, sentences and arguments
    resumes where it stopped.

    Args:
        model: generates motion; it chooses the length unless ``seconds`` is among the sampling arguments.
        n: samples per sentence.
        seed: random seed.
        probes: the sentences.
        data: data set in the HumanML3D layout; adds the rates of its real clips, see
            :func:`motiongpt.evaluation.probes.ceiling.measure_ceiling`.
        output: write the report to ``<output>.json`` and, as tables, to ``<output>.md``.
        sampling: further arguments of :meth:`motiongpt.MotionGPT.generate`.

    Returns:
        ``protocol`` (model, n, seed, sampling, versions), ``all`` (of all samples), ``groups``, ``categories`` and
        ``kinds``: for each ``passed`` and ``samples`` (counts), ``rate``, ``interval`` (95 %) and ``ceiling`` (rate of
        real clips, weighted like the samples that have one, or None); ``kind_mean`` (mean over kinds of their rates),
        ``probes`` (for each sentence a bool and the length in frames of every sample), ``ceiling``.

    Raises:
        Interrupted: the user interrupted a run that can be resumed.
        MotionGPTError: the model's skeleton is not HumanML3D's, the data set cannot be read, or the report cannot be
            written.
    """
    if model.tokenizer.skeleton is not HUMANML3D:
        raise MotionGPTError(
            f"Probes need HumanML3D's 22 joints, but this model generates the {model.tokenizer.skeleton.num_joints} of "
            f"{model.tokenizer.skeleton.name}: measure it with evaluate describe and reconstruction."
        )
    protocol = {
        "model": model.fingerprint(),
        "sentences": len(probes),
        "n": n,
        "seed": seed,
        "sampling": {**asdict(model.defaults), **sampling},
        "motiongpt": __version__,
        "torch": torch.__version__,
        "machine": platform.machine(),
    }
    partial = _partial_file(output, protocol, probes) if output else None
    verdicts = _read_verdicts(partial)
    missing = [probe for probe in probes if probe.sentence not in verdicts]
    with tqdm(total=len(probes), initial=len(probes) - len(missing), desc="probes", disable=None) as bar:
        try:
            for start in range(0, len(missing), _BATCH):
                batch = missing[start : start + _BATCH]
                rows = _judge(model, batch, n, seed, sampling)
                if partial:
                    with partial.open("a", encoding="utf-8") as file:
                        file.writelines(json.dumps(row) + "\n" for row in rows)
                verdicts |= {row["sentence"]: row for row in rows}
                bar.update(len(batch))
        except KeyboardInterrupt:
            if not partial:
                raise
            raise Interrupted(
                f"Interrupted after {len(verdicts)} of {len(probes)} sentences; re-run the same command to resume."
            ) from None
    report = _report(protocol, [verdicts[probe.sentence] for probe in probes], measure_ceiling(data) if data else {})
    if output:
        with atomic_path(Path(f"{output}.json")) as temporary:
            temporary.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
        with atomic_path(Path(f"{output}.md")) as temporary:
            temporary.write_text(probe_report(report), encoding="utf-8")
    if partial:
        partial.unlink(missing_ok=True)
    return report


def _judge(
    model: Generator, probes: Sequence[Probe], n: int, seed: int, sampling: dict[str, Any]
) -> list[dict[str, Any]]:
    motions = model.generate([probe.sentence for probe in probes], n=n, seed=seed, **sampling)
    return [
        {
            "sentence": probe.sentence,
            "kind": probe.kind,
            "group": probe.group,
            "category": probe.category,
            "holds": [probe.holds(motion.joints) for motion in samples],
            "frames": [len(motion) for motion in samples],
        }
        for probe, samples in zip(probes, motions, strict=True)
    ]


def _partial_file(output: Path, protocol: dict[str, Any], probes: Sequence[Probe]) -> Path:
    """File of the verdicts so far; its name has a hash of everything that they depend on."""
    requested = [[asdict(probe), repr(ALL_KINDS[probe.kind])] for probe in probes]
    digest = hashlib.sha256(json.dumps([protocol, requested]).encode())
    digest.update(Path(str(predicates.__file__)).read_bytes())
    output.parent.mkdir(parents=True, exist_ok=True)
    return output.with_name(f".{output.name}.{digest.hexdigest()[:16]}.partial.jsonl")


def _read_verdicts(partial: Path | None) -> dict[str, dict[str, Any]]:
    """Verdicts by sentence; a line that was cut off by the interruption is dropped."""
    rows: dict[str, dict[str, Any]] = {}
    if partial and partial.is_file():
        for line in partial.read_text(encoding="utf-8").splitlines():
            try:
                row = json.loads(line)
            except ValueError:
                # Half a line must not become part of the next one.
                partial.write_text("".join(json.dumps(known) + "\n" for known in rows.values()), encoding="utf-8")
                break
            rows[row["sentence"]] = row
    return rows


def _report(
    protocol: dict[str, Any], rows: Sequence[dict[str, Any]], ceiling: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    report: dict[str, Any] = {"protocol": protocol, "all": _tally(rows, ceiling)}
    for plural, key in (("groups", "group"), ("categories", "category"), ("kinds", "kind")):
        names = dict.fromkeys(row[key] for row in rows)
        report[plural] = {name: _tally([row for row in rows if row[key] == name], ceiling) for name in names}
    report |= {"probes": list(rows), "ceiling": ceiling}
    report["kind_mean"] = float(np.mean([tally["rate"] for tally in report["kinds"].values()]))
    return report


def _tally(rows: Sequence[dict[str, Any]], ceiling: dict[str, dict[str, Any]]) -> dict[str, Any]:
    holds = [value for row in rows for value in row["holds"]]
    real = [rate for row in rows if (rate := _real_rate(ceiling.get(row["kind"]))) is not None]
    return {
        "passed": sum(holds),
        "samples": len(holds),
        "rate": sum(holds) / max(len(holds), 1),
        "interval": wilson_interval(sum(holds), len(holds)),
        "ceiling": float(np.mean(real)) if real else None,
    }


def _real_rate(entry: dict[str, Any] | None) -> float | None:
    """Rate of real clips and of examples composed of real clips."""
    if not entry or not entry["clips"] + entry["made"]:
        return None
    passed = sum(entry[count] * (entry[rate] or 0) for count, rate in (("clips", "passed"), ("made", "made_passed")))
    return float(passed) / (entry["clips"] + entry["made"])
