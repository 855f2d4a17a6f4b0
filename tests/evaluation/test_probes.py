from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from motiongpt.evaluation import predicates
from motiongpt.evaluation.kinds import KINDS
from motiongpt.evaluation.probes import PROBES, Probe, evaluate_probes
from motiongpt.model import MotionGPT


def test_there_are_many_sentences_and_each_is_asked_once() -> None:
    sentences = [probe.sentence for probe in PROBES]
    assert len(sentences) >= 60
    assert len(set(sentences)) == len(sentences)
    assert not any("SIDE" in sentence for sentence in sentences)


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_can_be_told(name: str, standing: np.ndarray) -> None:
    kind = KINDS[name]
    assert callable(getattr(predicates, kind.predicate))
    assert kind.holds(standing) is (name == "stand still")
    re.compile(f"{kind.says}|{kind.unless}|{kind.near}")


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.arguments])
def test_sides_of_sentences_agree_with_the_predicate(name: str) -> None:
    side = KINDS[name].arguments["side"]
    assert all(side in sentence for sentence in KINDS[name].sentences)


def test_captions_tell_the_kind() -> None:
    kick = KINDS["kick right"]
    assert kick.includes(["a person kicks with the right leg"]) is True
    assert kick.includes(["a person kicks with the left leg"]) is None, "near, but another side"
    assert kick.includes(["a person drinks"]) is False
    assert kick.includes([]) is None
    assert kick.includes(["kicks with the right foot", "a person drinks", "a person waits"]) is None, "only one says so"


def test_report(tiny_model_folder: Path, tmp_path: Path) -> None:
    model = MotionGPT.from_pretrained(tiny_model_folder)
    probes = [Probe("a person walks forward", "walk forward"), Probe("someone is jogging", "run")]
    output = tmp_path / "report.json"
    report = evaluate_probes(model, n=2, seed=3, probes=probes, output=output, seconds=2.0)
    assert report["samples"] == 4
    assert report["rate"] == report["passed"] / 4
    assert set(report["kinds"]) == {"walk forward", "run"}
    assert [row["frames"] for row in report["probes"]] == [[40, 40], [40, 40]]
    assert json.loads(output.read_text(encoding="utf-8")) == report
    # The same as asking the model oneself.
    motions = model.generate([probe.sentence for probe in probes], n=2, seed=3, seconds=2.0)
    truth = [[probe.holds(motion.joints) for motion in row] for probe, row in zip(probes, motions, strict=True)]
    assert [row["holds"] for row in report["probes"]] == truth
