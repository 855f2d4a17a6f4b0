"""The measures of an evaluation, and the table that registers them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from motiongpt.evaluation.clips import Clip, read_clips
from motiongpt.evaluation.evaluate import evaluate_bench, measure_by_source
from motiongpt.evaluation.measures import MEASURES, TASKS, Column, Measure, Sample, columns_of
from motiongpt.evaluation.outputs import Bench
from motiongpt.evaluation.report import markdown, metrics_table
from motiongpt.motion import Motion, rotations


def by_source(
    clips: Sequence[Clip], change: Callable[[np.ndarray], np.ndarray] = lambda joints: joints
) -> dict[str, Any]:
    """Numbers of a reconstruction that loses nothing, except that ``change`` turns the body or moves a joint."""
    clips = [replace(clip, motion=clip.motion.standard()) for clip in clips]
    real = Sample("reconstruction", clips, [clip.motion.joints for clip in clips])
    made = Sample("reconstruction", clips, [change(joints) for joints in real.joints])
    return measure_by_source(made, real)


def test_reconstruction_counts_what_is_lost(walk: Motion) -> None:
    clips = [Clip("a", "cmu", walk, ()), Clip("b", "hdm05", walk[:40], ())]
    exact = by_source(clips)
    assert set(exact) == {"all", "cmu", "hdm05"}
    assert exact["all"]["clips"] == 2
    assert exact["all"]["frames"] == 100
    assert exact["all"]["made"]["mpjpe_clips"] == pytest.approx(0, abs=1e-3)

    def lift_head(joints: np.ndarray) -> np.ndarray:
        joints = joints.copy()
        joints[:, 15, 1] += 0.22
        return joints

    # One joint of 22 is 22 cm off.
    lifted = by_source(clips, lift_head)
    assert lifted["cmu"]["made"]["mpjpe_clips"] == pytest.approx(10, rel=1e-3)
    assert lifted["all"]["made"]["mpjpe"] == pytest.approx(10, rel=1e-3)


def test_kit_motions_are_measured_in_metres_of_their_own_skeleton(
    kit_folder: Path, make_kit_walk: Callable[..., Motion]
) -> None:
    clips = read_clips(kit_folder, "val")
    assert {clip.motion.fps for clip in clips} == {12.5}
    exact = by_source(clips)["all"]
    assert exact["made"]["mpjpe_clips"] == exact["made"]["heading_drift"] == 0
    assert exact["made"]["jerk"] == exact["real"]["jerk"] > 0

    def turn(joints: np.ndarray) -> np.ndarray:
        return rotations.rotate(rotations.about("Y", np.array(np.radians(30))), joints)

    turned = by_source(clips, turn)["all"]["made"]
    assert turned["heading_drift"] == pytest.approx(30, abs=0.1)
    assert turned["mpjpe_turned"] < 0.1 < turned["mpjpe_clips"]


def test_reconstruction_tells_drift_from_pose(walk: Motion) -> None:
    def slide(joints: np.ndarray) -> np.ndarray:
        return joints + np.array([1.0, 0, 0]) * np.linspace(0, 1, len(joints))[:, None, None]

    row = by_source([Clip("a", "all", walk, ())], slide)["all"]["made"]
    assert row["mpjpe_clips"] == pytest.approx(0, abs=1e-2)
    assert row["drift"] == pytest.approx(1)
    assert row["drift_per_second"] == pytest.approx(1 / 3)
    row = by_source([Clip("a", "all", walk, ())], lambda joints: joints[..., [2, 1, 0]] * np.array([1, 1, -1]))
    row = row["all"]["made"]
    assert row["heading_drift"] == pytest.approx(90, abs=0.1)
    assert row["mpjpe_turned"] == pytest.approx(0, abs=1e-2)
    assert row["mpjpe_clips"] > 50


def test_every_measure_is_described_and_has_one_kind_of_column() -> None:
    columns: dict[str, Column] = {}
    for measure in MEASURES:
        assert measure.description.endswith("."), measure.function
        assert set(measure.tasks) <= set(TASKS)
        assert measure.table in ("rows", "replications", "scores", "actions", "retrieval")
        for column in measure.columns:
            assert columns.setdefault(column.name, column) == column
            assert column.better in ("", "higher", "lower")


def test_every_number_of_a_report_has_a_column(make_bench: Callable[..., Bench], evaluator: object) -> None:
    """A number without a column would be in JSON and not in Markdown, a column without a number nowhere."""
    report = evaluate_bench(make_bench(8, evaluator=evaluator))
    for task, found in report["tasks"].items():
        tables: dict[str, set[str]] = {"rows": {name for row in found["rows"].values() for name in row}}
        tables["scores"] = {name for row in found.get("scores", {}).values() for name in row}
        tables |= {table: set(found.get(table, ())) for table in ("actions", "retrieval")}
        for table, names in tables.items():
            assert names == {column.name for column in columns_of(task, table)} - {"bertscore", "bertscore_rescaled"}


def test_a_metric_is_added_in_one_place(make_bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch) -> None:
    def reach(sample: Sample) -> dict[str, float]:
        """Largest height of a joint."""
        return {"reach": max(float(joints[..., 1].max()) for joints in sample.joints)}

    added = Measure(
        reach, (Column("reach", "reach", "cm", "higher", 1, scale=100),), ("t2m",), sources=("made", "real")
    )
    for module in ("measures", "report"):
        monkeypatch.setattr(f"motiongpt.evaluation.{module}.MEASURES", (*MEASURES, added))
    report = evaluate_bench(make_bench(), ["t2m", "pred"])
    made, real = (report["tasks"]["t2m"]["rows"][source]["reach"] for source in ("made", "real"))
    assert "reach" not in report["tasks"]["pred"]["rows"]["made"]
    assert real["interval"] == 0
    line = next(line for line in markdown(report).splitlines() if line.startswith("| reach (cm) ↑"))
    assert line.split(" | ")[1].startswith(f"{100 * made['mean']:.1f} ± ")
    assert line.split(" | ")[2].startswith(f"{100 * real['mean']:.1f}")
    assert "| reach (cm) ↑ | `t2m` | Largest height of a joint. |" in metrics_table()


def test_the_documentation_lists_all_metrics() -> None:
    page = (Path(__file__).parents[2] / "docs" / "evaluation.md").read_text(encoding="utf-8")
    assert metrics_table() in page, f"docs/evaluation.md needs this table:\n\n{metrics_table()}"
