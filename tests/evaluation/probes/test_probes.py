from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import binomtest

from motiongpt.errors import Interrupted, MotionGPTError
from motiongpt.evaluation.probes.ceiling import measure_ceiling
from motiongpt.evaluation.probes.run import PROBES, Probe, evaluate_probes, wilson_interval
from motiongpt.generation.motiongpt import MotionGPT
from motiongpt.motion import KIT
from motiongpt.tokenizer import MotionTokenizer, VQVAEConfig

REQUESTED = [
    Probe("a person walks forward", "walk forward", "seen"),
    Probe("someone scampers forward", "run", "paraphrases"),
    Probe("a person walks forward, then jumps", "walk forward, then jump", "compounds"),
]


@pytest.fixture
def model(tiny_model_folder: Path) -> MotionGPT:
    return MotionGPT.from_pretrained(tiny_model_folder)


@pytest.mark.parametrize(("passed", "samples"), [(0, 5), (5, 5), (3, 10), (70, 90)])
def test_interval_is_that_of_scipy(passed: int, samples: int) -> None:
    expected = binomtest(passed, samples).proportion_ci(method="wilson")
    assert wilson_interval(passed, samples) == pytest.approx((expected.low, expected.high), abs=1e-6)


def test_interval_of_nothing_says_nothing() -> None:
    assert wilson_interval(0, 0) == (0.0, 1.0)


def test_report(model: MotionGPT, tmp_path: Path) -> None:
    report = evaluate_probes(model, n=2, seed=3, probes=REQUESTED, output=tmp_path / "report", seconds=2.0)
    assert report["all"]["samples"] == 6
    assert report["all"]["rate"] == report["all"]["passed"] / 6
    assert set(report["kinds"]) == {"walk forward", "run", "walk forward, then jump"}
    assert set(report["groups"]) == {"seen", "paraphrases", "compounds"}
    assert {name: tally["samples"] for name, tally in report["categories"].items()} == dict.fromkeys(
        ("direction", "speed", "order"), 2
    )
    assert report["groups"]["seen"]["ceiling"] is None
    assert [row["frames"] for row in report["probes"]] == [[40, 40]] * 3
    assert report["protocol"]["model"] == model.fingerprint()
    assert report["protocol"]["sampling"]["seconds"] == 2.0
    written = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert written == json.loads(json.dumps(report))
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "paraphrases" in text
    assert model.fingerprint() in text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.json", "report.md"]
    # The same as asking the model oneself.
    motions = model.generate([probe.sentence for probe in REQUESTED], n=2, seed=3, seconds=2.0)
    truth = [[probe.holds(motion.joints) for motion in row] for probe, row in zip(REQUESTED, motions, strict=True)]
    assert [row["holds"] for row in report["probes"]] == truth


def test_an_interrupted_run_resumes(model: MotionGPT, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("motiongpt.evaluation.probes.run._BATCH", 1)
    whole = evaluate_probes(model, n=1, probes=REQUESTED, seconds=1.0)
    prompts: list[str] = []
    generate = model.generate

    def counted(texts: list[str], **options: object) -> object:
        if len(prompts) == 2:
            raise KeyboardInterrupt
        prompts.extend(texts)
        return generate(texts, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(model, "generate", counted)
    with pytest.raises(Interrupted, match="2 of 3"):
        evaluate_probes(model, n=1, probes=REQUESTED, output=tmp_path / "report", seconds=1.0)
    partial = next(tmp_path.glob(".*.jsonl"))
    # Stopped while the second verdict was written.
    partial.write_text(partial.read_text(encoding="utf-8")[:-30], encoding="utf-8")
    del prompts[:]
    monkeypatch.setattr(model, "generate", lambda texts, **options: prompts.extend(texts) or generate(texts, **options))
    report = evaluate_probes(model, n=1, probes=REQUESTED, output=tmp_path / "report", seconds=1.0)
    assert prompts == [probe.sentence for probe in REQUESTED[1:]]
    assert report == whole
    # Another seed is another run.
    del prompts[:]
    evaluate_probes(model, n=1, seed=1, probes=REQUESTED, output=tmp_path / "report", seconds=1.0)
    assert len(prompts) == 3


def test_every_sentence_of_the_suite_is_a_probe() -> None:
    assert len({probe.sentence for probe in PROBES}) == len(PROBES) >= 340
    assert {"direction", "turn", "circle", "speed", "height", "leg", "arm", "count", "stillness", "duration", "manner",
            "order", "while"} == {probe.category for probe in PROBES}  # fmt: skip


def test_probes_judge_22_joints_only(kit_folder: Path) -> None:
    network = VQVAEConfig(features=251, width=32, code_dim=32, depth=1)
    tokenizer = MotionTokenizer(network, np.zeros(251), np.ones(251), KIT)
    with pytest.raises(MotionGPTError, match="22 joints"):
        evaluate_probes(SimpleNamespace(tokenizer=tokenizer))  # type: ignore[arg-type]
    with pytest.raises(MotionGPTError, match="22 joints"):
        measure_ceiling(kit_folder)
