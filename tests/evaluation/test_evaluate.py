"""Evaluation of all tasks, with a model of random weights."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from motiongpt.errors import MotionGPTError
from motiongpt.evaluation.evaluate import check, evaluate_bench, evaluate_held_out, numbers
from motiongpt.evaluation.gallery import choose_cases, write_gallery
from motiongpt.evaluation.measures import TASKS
from motiongpt.evaluation.metrics import at_rest, comes_to_rest, completion_errors, constant_velocity
from motiongpt.evaluation.outputs import Bench, Settings
from motiongpt.evaluation.report import markdown
from motiongpt.generation.motiongpt import MotionGPT
from motiongpt.motion import KIT

Make = Callable[..., Bench]


def test_two_runs_give_the_same_numbers(make_bench: Make, evaluator: object, tmp_path: Path) -> None:
    first = evaluate_bench(make_bench(evaluator=evaluator))
    cached = evaluate_bench(make_bench(evaluator=evaluator, cache_dir=tmp_path))
    assert numbers(first) == numbers(cached)
    assert list(first["tasks"]) == list(TASKS)
    # Everything is cached: the model does not run again.
    bench = make_bench(evaluator=evaluator, cache_dir=tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    bench._run = None  # type: ignore[assignment, method-assign]
    assert numbers(evaluate_bench(bench)) == numbers(first)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before
    assert numbers(evaluate_bench(make_bench(evaluator=evaluator, seed=1))) != numbers(first)


def test_cached_outputs_belong_to_one_seed_and_protocol(make_bench: Make, tmp_path: Path) -> None:
    for settings in ({}, {"seed": 5}, {"protocol": "original"}, {"sampling": (("rerank", 1), ("temperature", 0.5))}):
        make_bench(cache_dir=tmp_path, **settings).outputs("pred", 0)
    assert len(list(tmp_path.iterdir())) == 4
    # Replication 1 of seed 0 completes with the seed of replication 0 of seed 1.
    cached = make_bench(cache_dir=tmp_path).outputs("pred", 1)
    again = make_bench(seed=1).outputs("pred", 0)
    np.testing.assert_array_equal(cached.motions[2].joints, again.motions[2].joints)


def test_metrics_and_report(make_bench: Make, evaluator: object) -> None:
    report = evaluate_bench(make_bench(8, evaluator=evaluator))
    made = report["tasks"]["t2m"]["rows"]["made"]
    for name in ("r_precision_1", "matching_score", "fid", "diversity", "multimodality", "foot_skate", "length_error"):
        assert np.isfinite(made[name]["mean"]), name
        assert made[name]["interval"] >= 0
    for task in ("pred", "inbetween"):
        rows = report["tasks"][task]["rows"]
        assert rows["real"]["ade"]["mean"] == rows["real"]["fde"]["mean"] == 0
        assert rows["made"]["ade"]["mean"] > 0 < rows["at rest"]["ade"]["mean"]
    assert report["tasks"]["reconstruction"]["rows"]["made"]["mpjpe"]["mean"] > 0
    assert report["tasks"]["reconstruction"]["replications"] == 1
    assert set(report["tasks"]["m2t"]["scores"]) == {"raw, as written", "ptb, as written", "raw, people", "ptb, people"}
    text = markdown(report)
    for word in ("BLEU-4", "R-precision top 3", "ACCEL", "Protocol", report["protocol"]["model hash"], "0.778"):
        assert word in text
    assert json.loads(json.dumps(report))["protocol"]["group size"] == 4


def test_motions_that_are_not_finite_are_counted_and_named(make_bench: Make, evaluator: object) -> None:
    bench = make_bench(8, evaluator=evaluator)
    broken = bench.sentences[3]
    generate = bench.model.generate

    class Breaks:
        """The model, but one sentence makes it compute NaN, which no motion can hold."""

        def __getattr__(self, name: str) -> object:
            return getattr(make_bench(1).model, name)

        def generate(self, texts: list[str], **options: object) -> object:
            if broken in texts:
                raise MotionGPTError("motion: joint pelvis has no finite position at frame 3; repair or cut.")
            return generate(texts, **options)

    bench.model = Breaks()  # type: ignore[assignment]
    report = evaluate_bench(bench, ["t2m"])
    assert list(report["tasks"]["t2m"]["broken"]) == ["c3"]
    assert any("2 motions" in note and "c3" in note for note in report["notes"])
    assert np.isfinite(report["tasks"]["t2m"]["rows"]["made"]["fid"]["mean"])

    # If all motions fail, there is nothing to measure.
    bench.captioned_clips[:], bench.sentences[:] = bench.captioned_clips[3:4], [broken]
    with pytest.raises(MotionGPTError, match="finite"):
        bench._generate("t2m", 0)


def test_small_splits_are_measured_as_far_as_possible(make_bench: Make, evaluator: object) -> None:
    report = evaluate_bench(make_bench(5, evaluator=evaluator, group=32), ["t2m", "m2t"])
    notes = " ".join(report["notes"])
    assert "groups of 32" in notes
    assert "2 pairs, not 300" in notes
    made = report["tasks"]["t2m"]["rows"]["made"]
    assert "r_precision_1" not in made
    assert "fid" in made
    assert "raw, as written" in report["tasks"]["m2t"]["scores"]
    one = evaluate_bench(make_bench(1, evaluator=evaluator, replications=1), TASKS)
    assert any("FID needs two" in note for note in one["notes"])
    assert any("MultiModality needs two" in note for note in one["notes"])
    # Without an evaluator the rest is measured.
    report = evaluate_bench(make_bench(), TASKS)
    assert "fid" not in report["tasks"]["t2m"]["rows"]["made"]
    assert "foot_skate" in report["tasks"]["t2m"]["rows"]["made"]


def test_the_original_protocol_shifts_and_pads(make_bench: Make) -> None:
    report = evaluate_bench(make_bench(protocol="original"), ["pred", "inbetween", "reconstruction"])
    rows = {task: found["rows"] for task, found in report["tasks"].items()}
    # The real motion itself has an error when it is compared from frame 0.
    assert rows["pred"]["real"]["ade"]["mean"] > 0.1
    assert rows["inbetween"]["real"]["ade"]["mean"] == 0
    corrected = evaluate_bench(make_bench(), ["reconstruction"])["tasks"]["reconstruction"]["rows"]
    share = rows["reconstruction"]["made"]["mpjpe"]["mean"] / corrected["made"]["mpjpe"]["mean"]
    lengths = [len(clip.motion) for clip in make_bench().clips]
    assert share == pytest.approx(np.mean(lengths) / max(lengths))
    assert report["protocol"]["completion"] != evaluate_bench(make_bench(), ["pred"])["protocol"]["completion"]


def test_skeletons_must_be_one(make_bench: Make, evaluator: object) -> None:
    evaluator.skeleton = KIT  # type: ignore[attr-defined]
    with pytest.raises(MotionGPTError, match=r"263.*evaluator reads the 251 of kit"):
        make_bench(evaluator=evaluator)


def test_impossible_requests_are_refused() -> None:
    for settings, tasks, message in (
        (Settings("d"), ["t2t"], "t2t"),
        (Settings("d", protocol="old"), ["t2m"], "old"),
        (Settings("d", replications=0), ["t2m"], "1 replication"),
        (Settings("d", group=1), ["t2m"], "groups of 2"),
    ):
        with pytest.raises(MotionGPTError, match=message):
            check(settings, tasks)


def test_constant_velocity_is_right_about_a_body_that_glides(make_walk) -> None:
    pose = make_walk(frames=1).joints
    glide = pose + np.arange(50)[:, None, None] * np.array([0.02, 0.0, 0.05])
    np.testing.assert_allclose(constant_velocity(glide, 12, 20.0), glide, atol=1e-6)
    # Without a velocity it stays.
    np.testing.assert_allclose(constant_velocity(glide, 1, 20.0)[1:], np.repeat(pose, 49, axis=0), atol=1e-6)


def test_a_prediction_that_stops_comes_to_rest(make_walk) -> None:
    walk = make_walk(frames=100).joints
    assert comes_to_rest(walk, 30, 20.0) is False
    assert comes_to_rest(at_rest(walk, 30, 0), 30, 20.0) is True
    assert comes_to_rest(np.repeat(walk[:1], 100, axis=0), 30, 20.0) is None
    assert comes_to_rest(walk, 1, 20.0) is None


def test_a_body_at_rest_keeps_what_is_given(make_bench: Make) -> None:
    joints = make_bench().clips[4].motion.joints
    rest = at_rest(joints, 10, 12)
    np.testing.assert_array_equal(rest[:10], joints[:10])
    np.testing.assert_array_equal(rest[-12:], joints[-12:])
    steps = np.diff(rest[9:-11], axis=0)
    np.testing.assert_allclose(steps, np.broadcast_to(steps[:1], steps.shape), atol=1e-6)
    assert np.ptp(at_rest(joints, 10, 0)[9:], axis=0).max() == 0


def test_given_frames_are_not_counted(make_bench: Make) -> None:
    joints = make_bench().clips[0].motion.joints.astype(float)
    moved = joints + np.where(np.arange(len(joints)) < 9, 0.0, 1.0)[:, None, None]
    found = completion_errors([joints], [moved], task="pred", given=[(9, 0)])
    assert found["ADE"] == pytest.approx(np.sqrt(66))


def test_gallery(make_bench: Make, evaluator: object, tmp_path: Path) -> None:
    bench = make_bench(evaluator=evaluator, cache_dir=tmp_path / "cache")
    report = evaluate_bench(bench, ["t2m", "m2t"])
    page = write_gallery(bench, report, tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.count("<figure>") == 6
    for kind in ("best", "worst", "random"):
        assert f'">{kind}</span>' in page
    assert bench.sentences[0] in page or bench.sentences[1] in page
    # One file that needs no other.
    assert "http" not in page
    assert page.count("data:image/png;base64,") == 9


def test_cases() -> None:
    scores = {f"c{i}": float(i % 7) + i / 100 for i in range(20)}
    chosen = choose_cases(scores, seed=0)
    assert [clip for _, clip in chosen[:3]] == sorted(scores, key=scores.__getitem__)[:3]
    assert [clip for _, clip in chosen[3:6]] == sorted(scores, key=scores.__getitem__)[::-1][:3]
    assert len({clip for _, clip in chosen}) == 9
    assert chosen == choose_cases(scores, seed=0) != choose_cases(scores, seed=1)
    assert choose_cases({"a": 1.0}, seed=0) == [("best", "a")]
    assert choose_cases({}, seed=0) == []


def test_held_out_clips_of_a_small_data_set(walks: Path, tiny_model_folder: Path) -> None:
    report = evaluate_held_out(MotionGPT.from_pretrained(tiny_model_folder), walks)
    assert report["describe"]["clips"] == 2
    assert report["describe"]["blind_action"] == 1, "walks alone: always saying so is right"
    assert set(report["tasks"]) == {"reconstruction", "pred", "inbetween"}
    for task in ("pred", "inbetween"):
        assert report["tasks"][task]["clips"] == 2
        assert report["tasks"][task]["rows"]["made"]["deviation"]["mean"] < 0.01
