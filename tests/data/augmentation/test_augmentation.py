"""Augmentation of a small data set of walks: what is written, what stays, what is the same twice."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from motiongpt.data.augmentation import run as module
from motiongpt.data.augmentation.run import augment, default_config, read_config
from motiongpt.data.check import check
from motiongpt.data.layout import MotionTextDataset, read_ids
from motiongpt.errors import MotionGPTError
from motiongpt.motion import Motion
from motiongpt.motion.measures import bone_length_deviation, net_turn

CLIPS = 12


@pytest.fixture
def root(make_dataset: Callable[..., Path]) -> Path:
    return make_dataset()


@pytest.fixture
def config() -> dict[str, dict[str, object]]:
    """What walks alone can be made into."""
    config = default_config()
    config["operations"] = {"clip": 1, "gait": 1, "path": 2, "backward": 1}
    config["limits"]["skate_margin"] = 1.0  # the stiff walker of the tests skates as it is
    return config


def _content(out: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(out)): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file() and ".augment" not in path.parts and not path.name.startswith("report")
    }


def test_writes_a_healthy_data_set(root: Path, config: dict, tmp_path: Path) -> None:
    out = tmp_path / "out"
    before = _content(root)
    report = augment(root, out, clips=CLIPS, config=config, workers=1, progress=False)
    assert report.clips == CLIPS
    assert check(out) == []
    for split in ("val", "test"):
        assert (out / f"{split}.txt").read_bytes() == (root / f"{split}.txt").read_bytes()
    assert read_ids(out, "train")[:12] == read_ids(root, "train")
    assert len(read_ids(out, "train")) == 12 + CLIPS
    assert _content(root) == before
    rows = list(csv.DictReader((out / "clips.csv").open()))
    assert [row["id"] for row in rows] == read_ids(out, "train")[12:]
    held_out = {*read_ids(root, "val"), *read_ids(root, "test")}
    for row in rows:
        operation, parents, _ = re.fullmatch(r"(\w+) of ([\w +]+): (.*)", row["note"]).groups()  # type: ignore[union-attr]
        assert operation in config["operations"]
        assert not held_out & set(parents.split(" + "))
    assert "| path |" in (out / "report.md").read_text()


def test_clips_are_sound_and_their_captions_true(root: Path, config: dict, tmp_path: Path) -> None:
    config["operations"] = {"path": 1}
    augment(root, tmp_path / "out", clips=CLIPS, config=config, workers=1, progress=False)
    seen = set()
    for item in MotionTextDataset(tmp_path / "out", "train"):
        if not item.id.startswith("A"):
            continue
        joints = Motion.from_features(item.features).joints
        assert bone_length_deviation(joints) < 0.02
        assert 3 <= len(item.captions) <= 6
        assert len({caption.text for caption in item.captions}) == len(item.captions)
        for caption in item.captions:
            sides = set(re.findall(r"\b(left|right)", caption.text)) or set(
                {"counter": "left", "anti": "left", "": "right"}[word]
                for word in re.findall(r"\b(counter|anti|)-?clockwise", caption.text)
            )
            if sides:
                assert sides == {"left" if net_turn(joints) > 0 else "right"}, caption.text
                seen |= sides
    assert seen == {"left", "right"}


def test_workers_do_not_matter(root: Path, config: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_CHUNK", 4)
    for workers in (1, 2):
        augment(root, tmp_path / str(workers), clips=CLIPS, config=config, workers=workers, progress=False)
    assert _content(tmp_path / "1") == _content(tmp_path / "2")
    augment(root, tmp_path / "other", clips=CLIPS, config=config, seed=1, workers=1, progress=False)
    assert _content(tmp_path / "other") != _content(tmp_path / "1")


def test_an_interrupted_run_resumes(root: Path, config: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_CHUNK", 4)
    augment(root, tmp_path / "whole", clips=CLIPS, config=config, workers=1, progress=False)
    make, made = module._make, []

    def interrupted(*arguments: object) -> object:
        if len(made) == 6:
            raise KeyboardInterrupt
        made.append(arguments)
        return make(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "_make", interrupted)
    with pytest.raises(KeyboardInterrupt):
        augment(root, tmp_path / "out", clips=CLIPS, config=config, workers=1, progress=False)
    monkeypatch.setattr(module, "_make", make)
    report = augment(root, tmp_path / "out", clips=CLIPS, config=config, workers=1, progress=False)
    assert report.resumed == 4
    assert _content(tmp_path / "out") == _content(tmp_path / "whole")
    # With fewer clips, the others are deleted.
    augment(root, tmp_path / "out", clips=4, config=config, workers=1, progress=False)
    assert check(tmp_path / "out") == []


def test_switched_off_operations_are_not_drawn(root: Path, config: dict, tmp_path: Path) -> None:
    config["operations"] = {**config["operations"], "path": 0, "clip": 0}
    report = augment(root, tmp_path / "out", clips=CLIPS, config=config, workers=1, progress=False)
    assert set(report.operations) <= {"gait", "backward"}


def test_refuses(root: Path, make_dataset: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(MotionGPTError, match="already holds a data set"):
        augment(root, root, clips=1, progress=False)
    with pytest.raises(MotionGPTError, match="that this command has not written"):
        augment(root, make_dataset("other"), clips=1, progress=False)
    with pytest.raises(MotionGPTError, match="0 or more clips"):
        augment(root, tmp_path / "out", clips=-1, progress=False)
    with pytest.raises(MotionGPTError, match=r"train\.txt"):
        augment(tmp_path / "nowhere", tmp_path / "out", clips=1, progress=False)
    assert not (tmp_path / "out").exists()


def test_read_config(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("operations: {clip: 0}\n")
    config = read_config(file)
    assert config["operations"]["clip"] == 0
    assert config["operations"]["path"] == default_config()["operations"]["path"]
    file.write_text("operations: {fly: 1}\n")
    with pytest.raises(MotionGPTError, match=r"unknown entry operations\.fly"):
        read_config(file)
    file.write_text("weights: {}\n")
    with pytest.raises(MotionGPTError, match="'weights'"):
        read_config(file)
    with pytest.raises(MotionGPTError, match="Cannot read"):
        read_config(tmp_path / "missing.yaml")
