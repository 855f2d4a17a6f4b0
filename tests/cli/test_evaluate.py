"""evaluate from the command line, with a model of random weights."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from motiongpt import Motion

from .conftest import Cli


@pytest.fixture
def dataset(cli: Cli, make_walk: Callable[..., Motion]) -> Path:
    """Two walks a split in the HumanML3D layout."""
    root = Path("set")
    for folder in ("new_joint_vecs", "texts"):
        (root / folder).mkdir(parents=True)
    for number, split in enumerate(("train", "val", "test")):
        for clip in (2 * number, 2 * number + 1):
            np.save(root / f"new_joint_vecs/{clip:06d}.npy", make_walk(frames=50 + 4 * clip).features())
            (root / f"texts/{clip:06d}.txt").write_text("a person walks forward#a/DET#0.0#0.0\n")
        (root / f"{split}.txt").write_text(f"{2 * number:06d}\n{2 * number + 1:06d}\n")
    return root


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two sentences of each group."""
    from motiongpt.evaluation.probes import run as probes

    chosen = [p for group in ("seen", "paraphrases", "compounds") for p in _of(probes.PROBES, group)[:2]]
    monkeypatch.setattr(probes, "PROBES", tuple(chosen))


def _of(probes: tuple, group: str) -> list:  # type: ignore[type-arg]
    return [probe for probe in probes if probe.group == group]


@pytest.mark.usefixtures("few")
def test_probes(cli: Cli, tiny_model_folder: Path, dataset: Path) -> None:
    result = cli("evaluate", "probes", "--model", tiny_model_folder, "-n", 1, "-o", "out/report.md", "--data", dataset)
    assert result.code == 0, result.err
    assert "| compounds |" in result.out
    report = json.loads(Path("out/report.json").read_text(encoding="utf-8"))
    assert report["all"]["samples"] == 6
    assert report["ceiling"]["walk forward"]["clips"] == 6
    assert report["groups"]["seen"]["ceiling"] == 1.0
    assert "real clips" in Path("out/report.md").read_text(encoding="utf-8")
    result = cli("evaluate", "probes", "--model", tiny_model_folder, "-n", 1, "--group", "seen", "--json")
    assert list(json.loads(result.out)["groups"]) == ["seen"]


def test_ceiling_alone(cli: Cli, refused: Callable[..., str], dataset: Path) -> None:
    result = cli("evaluate", "probes", "--ceiling", "--data", dataset, "-o", "ceiling")
    assert result.code == 0, result.err
    assert "| walk forward | 100 % of 6 |" in result.out
    assert json.loads(Path("ceiling.json").read_text(encoding="utf-8"))["walk forward"]["passed"] == 1.0
    assert "--data" in refused("evaluate", "probes", "--ceiling")


def test_descriptions(cli: Cli, refused: Callable[..., str], tiny_model_folder: Path, dataset: Path) -> None:
    common = ("--model", tiny_model_folder, "--data", dataset)
    result = cli("evaluate", "describe", *common, "--split", "train", "--limit", 1)
    assert result.code == 0, result.err
    assert "| clips whose captions name an action | 1 |" in result.out
    refused("evaluate", "describe", "--model", tiny_model_folder, "--data", "none")


def test_all_tasks(cli: Cli, tiny_model_folder: Path, dataset: Path) -> None:
    command = ("evaluate", "all", "--model", tiny_model_folder, "--data", dataset, "--replications", 2, "--rerank", 1)
    result = cli(*command, "-o", "out/report", "--gallery")
    assert result.code == 0, result.err
    report = json.loads(Path("out/report.json").read_text(encoding="utf-8"))
    assert list(report["tasks"]) == ["t2m", "m2t", "pred", "inbetween", "reconstruction"]
    assert report["tasks"]["reconstruction"]["sources"]["all"]["clips"] == report["protocol"]["clips"] == 2
    assert "MPJPE" in Path("out/report.md").read_text(encoding="utf-8")
    assert "<h2>Prediction" in Path("out/report.html").read_text(encoding="utf-8")
    # Outputs are cached, and computed anew they are the same.
    assert len(list(Path("outputs/evaluation").glob("*.npz"))) == 9
    again = json.loads(cli(*command, "--no-cache", "--json").out)
    assert {**again, "seconds": 0} == {**report, "seconds": 0}


def test_one_task(cli: Cli, tiny_model_folder: Path, dataset: Path) -> None:
    common = ("--model", tiny_model_folder, "--data", dataset, "--no-cache")
    result = cli("evaluate", "pred", *common, "--replications", 1, "--protocol", "original", "--json")
    report = json.loads(result.out)
    assert report["tasks"]["pred"]["rows"]["real"]["ade"]["mean"] > 0
    assert report["protocol"]["protocol"] == "original"
    result = cli("evaluate", "reconstruction", *common, "--limit", 1)
    assert "| PA-MPJPE (mm)" in result.out


def test_older_names_of_options(cli: Cli, tiny_model_folder: Path, dataset: Path) -> None:
    command = ("evaluate", "reconstruction", "--model", tiny_model_folder, "--data", dataset)
    assert cli(*command, "--keep", "kept").code == 0
    assert len(list(Path("kept").glob("*.npz"))) == 1
    assert cli(*command, "--fresh").code == 0
    assert not Path("outputs").exists()
    shown = cli("evaluate", "reconstruction", "--help").out
    assert "--no-cache" in shown
    assert "--cache-dir" in shown
    assert "--keep" not in shown
    assert "--fresh" not in shown


def test_what_evaluation_refuses(
    cli: Cli, refused: Callable[..., str], tiny_model_folder: Path, dataset: Path, kit_folder: Path
) -> None:
    common = ("evaluate", "t2m", "--model", tiny_model_folder, "--data")
    assert "config.json" in refused(*common, dataset, "--evaluator", "nowhere")
    assert "evaluator is needed" in refused(*common, dataset, "--evaluator", tiny_model_folder)
    assert "251" in refused(*common, kit_folder, "--split", "train")
    assert "-o" in refused(*common, dataset, "--gallery")
    assert "none.txt" in refused(*common, dataset, "--split", "none")
    (dataset / "texts/000004.txt").write_text("")
    (dataset / "texts/000005.txt").write_text("")
    assert "caption" in refused(*common, dataset, "--no-cache")
