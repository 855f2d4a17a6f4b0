"""Metrics against golden numbers and against independent implementations."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.linalg import sqrtm
from scipy.spatial.transform import Rotation

from motiongpt.errors import MotionGPTError
from motiongpt.evaluation.metrics import (
    completion_errors,
    diversity,
    frechet_distance,
    matching_score,
    multimodality,
    pa_mpjpe,
    r_precision,
    r_precision_bound,
    reconstruction_errors,
    retrieval,
    seam_jump,
    with_interval,
)
from motiongpt.motion import Motion


def test_golden(golden_dir: Path) -> None:
    expected = json.loads((golden_dir / "metrics_expected.json").read_text())
    with np.load(golden_dir / "metrics_io.npz") as given:
        text, motion, real, ref, hat = (
            given[name] for name in ("text", "motion", "gt_motion", "joints_ref", "joints_hat")
        )
        found = {
            "r_precision_top123": r_precision(text, motion),
            "matching_score": matching_score(text, motion),
            "gt_r_precision_top123": r_precision(text, real),
            "gt_matching_score": matching_score(text, real),
            "fid": frechet_distance(real, motion),
        }
        for name, value in found.items():
            np.testing.assert_allclose(value, expected[name], rtol=1e-5)
        errors = reconstruction_errors(ref, hat, expected["lengths"])
        for name, value in expected["reconstruction_mm"].items():
            assert errors[name] == pytest.approx(value, rel=1e-5)
        for task, values in expected["prediction"].items():
            assert completion_errors(ref, hat, expected["lengths"], task=task) == pytest.approx(values, rel=1e-5)


def test_r_precision_counts() -> None:
    rng = np.random.default_rng(0)
    text, motion = rng.normal(size=(75, 6)), rng.normal(size=(75, 6))
    hits = np.zeros(3)
    for start in (0, 32):
        for i in range(32):
            order = sorted(range(32), key=lambda j: float(np.sum((text[start + i] - motion[start + j]) ** 2)))
            hits += [i in order[:k] for k in (1, 2, 3)]
    np.testing.assert_allclose(r_precision(text, motion), hits / 64)
    # The last 11 belong to no group.
    np.testing.assert_array_equal(r_precision(text[:64], motion[:64]), r_precision(text, motion))
    expected = np.linalg.norm(text[:64] - motion[:64], axis=1).mean()
    assert matching_score(text, motion) == pytest.approx(expected)
    np.testing.assert_array_equal(r_precision(text, text), [1, 1, 1])
    # Where all motions are one, the order decides and chance is what is left.
    np.testing.assert_allclose(r_precision(text[:32], np.zeros((32, 6))), np.array([1, 2, 3]) / 32)


def test_fid_equals_the_matrix_root() -> None:
    rng = np.random.default_rng(9)
    real, made = rng.normal(size=(400, 12)) @ rng.normal(size=(12, 12)), rng.normal(1, 2, size=(300, 12))
    first, second = np.cov(real, rowvar=False), np.cov(made, rowvar=False)
    root = np.trace(sqrtm(first @ second)).real
    expected = np.sum((real.mean(0) - made.mean(0)) ** 2) + np.trace(first) + np.trace(second) - 2 * root
    assert frechet_distance(real, made) == pytest.approx(expected, rel=1e-8)


def test_bound_of_captions_that_are_alike() -> None:
    different = [str(i) for i in range(32)]
    np.testing.assert_array_equal(r_precision_bound(different, [{text} for text in different]), [1, 1, 1])
    # Half of the clips have the same caption: 16 cannot be separated.
    half = ["walks" if i < 16 else str(i) for i in range(32)]
    np.testing.assert_allclose(
        r_precision_bound(half, [{text, "x"} for text in half]), [(k + 16) / 32 for k in (1, 2, 3)]
    )
    # One other clip has the query among its captions.
    shared = [{text} for text in different]
    shared[5].add("4")
    assert r_precision_bound(different, shared)[0] == pytest.approx((31 + 0.5) / 32)
    # An oracle that knows the captions reaches it, on average.
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 12, size=32 * 200)
    spots = rng.normal(size=(12, 8))[labels]
    found = r_precision(spots, spots + rng.normal(0, 1e-9, size=spots.shape))
    texts = [str(label) for label in labels]
    np.testing.assert_allclose(found, r_precision_bound(texts, [{text} for text in texts]), atol=0.01)
    with pytest.raises(MotionGPTError, match="32"):
        r_precision_bound(["a"], [{"a"}])


def test_retrieval_counts_ranks() -> None:
    rng = np.random.default_rng(4)
    motions = rng.normal(size=(60, 5))
    own = rng.integers(0, 60, size=90)
    assert retrieval(motions[own], motions, own) == {**{f"R@{k}": 1.0 for k in (1, 2, 3, 5, 10)}, "MedR": 1.0}
    texts = motions[own] + rng.normal(0, 0.7, size=(90, 5))
    ranks = [
        sorted(range(60), key=lambda j: float(np.sum((text - motions[j]) ** 2))).index(number)
        for text, number in zip(texts, own, strict=True)
    ]
    found = retrieval(texts, motions, own)
    assert found["MedR"] == np.median(ranks) + 1
    assert found["R@5"] == np.mean(np.array(ranks) < 5)


def test_embeddings_that_are_not_finite_are_refused() -> None:
    broken = np.zeros((32, 4))
    broken[3, 1] = np.nan
    for measure in (r_precision, matching_score, frechet_distance):
        with pytest.raises(MotionGPTError, match="finite"):
            measure(np.zeros((32, 4)), broken)


def test_fid_of_known_distributions() -> None:
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(500, 5))
    assert frechet_distance(rows, rows) == pytest.approx(0, abs=1e-6)
    shift = np.arange(5.0)
    assert frechet_distance(rows, rows + shift) == pytest.approx(shift @ shift, rel=1e-6)
    # Scaled by 2 every deviation grows by one of its own.
    expected = np.trace(np.cov(rows, rowvar=False)) + rows.mean(0) @ rows.mean(0)
    assert frechet_distance(rows, 2 * rows) == pytest.approx(expected, rel=1e-6)
    # Fewer rows than dimensions: the covariances are singular.
    few = rng.normal(size=(4, 30))
    assert np.isfinite(frechet_distance(few, few + 1))
    assert frechet_distance(few, few + 1) == pytest.approx(30, rel=1e-9)
    assert abs(frechet_distance(few, few)) < 1e-9


def test_diversity_and_multimodality() -> None:
    rng = np.random.default_rng(2)
    motions = rng.normal(size=(4000, 8))
    pairs = np.linalg.norm(motions[:2000] - motions[2000:], axis=1).mean()
    assert diversity(motions, np.random.default_rng(0)) == pytest.approx(pairs, rel=0.05)
    assert diversity(motions, np.random.default_rng(0)) == diversity(motions, np.random.default_rng(0))
    apart = rng.normal(size=(100, 1, 8)) * 50
    # How far the texts lie from each other does not count.
    near = multimodality(apart + rng.normal(size=(100, 30, 8)), np.random.default_rng(0))
    assert near == pytest.approx(pairs * 0.97, rel=0.1)
    assert multimodality(np.repeat(apart, 30, axis=1), np.random.default_rng(0)) == 0


def bodies(frames: int = 12, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(frames, 22, 3))


def test_pa_mpjpe_ignores_similarities_and_no_reflection() -> None:
    real = bodies()
    turns = Rotation.from_quat(np.random.default_rng(3).normal(size=(len(real), 4))).as_matrix()
    moved = 1.7 * np.einsum("tij,tkj->tki", turns, real) + np.array([1.0, 2.0, 3.0])
    np.testing.assert_allclose(pa_mpjpe(real, moved), 0, atol=1e-6)
    assert pa_mpjpe(real, real * [-1, 1, 1]).min() > 100
    # scipy's rotation alone, scale solved by least squares.
    made = real + 0.1 * bodies(seed=1)
    for a, b, found in zip(real, made, pa_mpjpe(real, made), strict=True):
        a, b = a - a.mean(0), b - b.mean(0)
        turned = Rotation.align_vectors(a, b)[0].apply(b)
        scale = (turned * a).sum() / (turned**2).sum()
        assert found == pytest.approx(1000 * np.linalg.norm(scale * turned - a, axis=1).mean(), rel=1e-5)


def test_padding_counts_only_as_in_the_original() -> None:
    lengths = [12, 5]
    real, made = np.zeros((2, 12, 22, 3)), np.zeros((2, 12, 22, 3))
    for i, length in enumerate(lengths):
        real[i, :length], made[i, :length] = bodies(length, i), bodies(length, i + 10)
    alone = reconstruction_errors(*([rows[i, :n] for i, n in enumerate(lengths)] for rows in (real, made)))
    assert reconstruction_errors(real, made, lengths) == alone
    padded = reconstruction_errors(real, made, lengths, strict_reference=True)
    # Seven frames in 24 are padding, and padding is without error.
    assert padded["MPJPE"] == pytest.approx(alone["MPJPE"] * 17 / 24)
    assert padded["PAMPJPE"] == pytest.approx(alone["PAMPJPE"] * 17 / 24)


def test_completion_compares_what_was_made() -> None:
    time = np.arange(50)[:, None, None] * np.ones((1, 22, 3))
    made = time.copy()
    made[10:] += 1
    errors = completion_errors([time], [made], task="pred")
    assert errors == {"ADE": pytest.approx(66**0.5), "FDE": pytest.approx(66**0.5)}
    # A body that is one metre further every frame, compared ten frames early.
    shifted = completion_errors([time], [time], task="pred", strict_reference=True)
    assert shifted == {"ADE": pytest.approx(10 * 66**0.5), "FDE": pytest.approx(10 * 66**0.5)}
    made = time.copy()
    made[12:38] += 1
    made[37] += 1
    between = completion_errors([time], [made], task="inbetween")
    assert between == {"ADE": pytest.approx(27 / 26 * 66**0.5), "FDE": pytest.approx(2 * 66**0.5)}
    made[:12], made[38:] = np.nan, np.nan
    assert completion_errors([time], [made], task="inbetween") == between


def test_interval_of_repeats() -> None:
    mean, half = with_interval([1.0, 2.0, 3.0, 4.0])
    assert mean == 2.5
    assert half == pytest.approx(1.96 * np.sqrt(1.25) / 2)


def test_input_that_does_not_fit() -> None:
    rows = np.zeros((40, 3))
    for call in (
        lambda: r_precision(rows, rows[:39]),
        lambda: r_precision(rows[:31], rows[:31]),
        lambda: frechet_distance(rows[:1], rows),
        lambda: frechet_distance(rows, rows + np.nan),
        lambda: diversity(rows, np.random.default_rng(0)),
        lambda: multimodality(rows[None, :10], np.random.default_rng(0)),
        lambda: reconstruction_errors([bodies(3)], [bodies(4)]),
        lambda: reconstruction_errors([], []),
        lambda: completion_errors([bodies(3)], [bodies(3)], task="pred"),
        lambda: completion_errors([bodies(9)], [bodies(9)], task="dance"),
    ):
        with pytest.raises(MotionGPTError):
            call()


def test_seam_jump(walk: Motion) -> None:
    joints = walk.joints.astype(np.float64)
    assert seam_jump(joints, [20, 40], joints) <= 1.2
    broken = joints.copy()
    broken[20:] += np.array([0.5, 0, 0])
    assert seam_jump(broken, [20], joints) > 2.5
    assert seam_jump(broken, [40], joints) <= 1.2
