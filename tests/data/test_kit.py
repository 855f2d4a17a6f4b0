"""A KIT-ML folder is known by its width, checked and counted in its own units."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from motiongpt.data.check import check, stride_frequency
from motiongpt.data.layout import MotionTextDataset, feature_statistics
from motiongpt.data.stats import statistics
from motiongpt.motion import KIT, FeatureLayout, Motion


def test_the_width_tells_the_skeleton(kit_folder: Path) -> None:
    data = MotionTextDataset(kit_folder, "train")
    assert data.skeleton is KIT
    assert data.problems == []
    motion = Motion.from_features(data[0].features, data.skeleton)
    assert (motion.fps, motion.joints.shape[1:]) == (12.5, (21, 3))
    # Features are in the data set's unit, motions in metres: a person is about as tall as a person.
    assert 1.4 < motion.joints[0, :, 1].max() < 1.6
    assert 800 < data[0].features[0, FeatureLayout(KIT).positions][1::3].max() < 1100


def test_parts_of_captions_count_at_its_frame_rate(kit_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "new_joint_vecs").mkdir()
    (tmp_path / "texts").mkdir()
    np.save(tmp_path / "new_joint_vecs/a.npy", np.load(kit_folder / "new_joint_vecs/000009.npy"))
    (tmp_path / "texts/a.txt").write_text("a step#a/DET#1.0#3.0\n")
    (tmp_path / "train.txt").write_text("a\n")
    assert MotionTextDataset(tmp_path).spans == [("a", 12, 37)]


def test_it_is_checked_and_counted(kit_folder: Path) -> None:
    assert check(kit_folder) == []
    numbers = statistics(kit_folder)
    assert (numbers["skeleton"], numbers["fps"]) == ("kit", 12.5)
    assert numbers["splits"]["train"]["clips"] == 7
    assert 1 < numbers["travel"][0] < 3
    walk = np.load(kit_folder / "new_joint_vecs/000009.npy")
    assert stride_frequency(walk, KIT) == pytest.approx(0.9, abs=0.1)


def test_statistics_are_averaged_inside_its_own_blocks(kit_folder: Path) -> None:
    files = sorted((kit_folder / "new_joint_vecs").iterdir())
    mean, std = feature_statistics(files, KIT)
    rows = np.concatenate([np.load(file) for file in files])
    np.testing.assert_allclose(mean, rows.mean(0), rtol=1e-4, atol=1e-4)
    for block in FeatureLayout(KIT).blocks().values():
        assert np.ptp(std[block]) == 0
    assert std[64] == pytest.approx(rows[:, 64:184].std(0).mean(), rel=1e-3)
