from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from motiongpt.data.layout import MotionTextDataset
from motiongpt.errors import MotionGPTError
from motiongpt.motion import HUMANML3D, KIT


def test_items_have_features_and_captions(make_dataset: Callable[..., Path]) -> None:
    dataset = MotionTextDataset(make_dataset(), "train")
    assert len(dataset) == 12
    assert dataset.skeleton is HUMANML3D
    item = dataset[3]
    assert (item.id, item.features.shape, item.features.dtype) == ("000003", (62, 263), np.float32)
    assert item.captions == [("a person walks forward", 0.0, 0.0), ("someone is walking", 0.0, 0.0)]
    assert [other.id for other in dataset] == dataset.ids
    assert dataset.frames[3] == 62
    mean, std = dataset.statistics()
    assert mean.shape == std.shape == (263,)


def test_length_limits_include_both_ends(make_dataset: Callable[..., Path]) -> None:
    dataset = MotionTextDataset(make_dataset(), "train", min_frames=61, max_frames=65)
    assert dataset.frames == [61, 62, 63, 64, 65]
    with pytest.raises(MotionGPTError, match="none has the requested length"):
        MotionTextDataset(make_dataset("other"), "train", min_frames=1000)


def test_tagged_captions_make_items_of_their_own(make_dataset: Callable[..., Path]) -> None:
    root = make_dataset()
    (root / "texts" / "000000.txt").write_text(
        "all#all/DET#0.0#0.0\nhe steps#x/X#0.5#1.62\nagain#x/X#0.5#1.62\nend#x/X#2#9\n"
    )
    (root / "texts" / "000001.txt").write_text("only a part#x/X#1.0#2.0\n")
    dataset = MotionTextDataset(root, "train")
    assert dataset.ids[:4] == ["000000", "000000[10:32]", "000000[40:59]", "000001[20:40]"]
    whole = np.load(root / "new_joint_vecs" / "000000.npy")
    np.testing.assert_array_equal(dataset[1].features, whole[10:32])
    assert dataset[1].captions == [("he steps", 0.0, 0.0), ("again", 0.0, 0.0)]
    assert dataset[0].captions == [("all", 0.0, 0.0)]


def test_bad_files_are_named_and_left_out(make_dataset: Callable[..., Path]) -> None:
    root = make_dataset()
    vectors = root / "new_joint_vecs"
    content = (vectors / "000000.npy").read_bytes()
    (vectors / "000000.npy").write_bytes(content[: len(content) // 2])
    np.save(vectors / "000001.npy", np.zeros((60, 66), np.float32))
    (vectors / "000002.npy").unlink()
    np.save(vectors / "000003.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    broken = np.load(vectors / "000004.npy")
    broken[7] = np.nan
    np.save(vectors / "000004.npy", broken)
    (root / "texts" / "000005.txt").write_text("good#x/X#0.0#0.0\nbad\n")
    dataset = MotionTextDataset(root, "train")
    assert dataset.ids == [f"{number:06d}" for number in range(4, 12)]
    with pytest.raises(MotionGPTError, match=r"000004\.npy has NaN.*first in row 7"):
        dataset[0]
    assert [item.id for item in dataset] == [f"{number:06d}" for number in range(5, 12)]
    assert [item.id for item in dataset] == [f"{number:06d}" for number in range(5, 12)]
    named = [problem.file for problem in dataset.problems]
    expected = [f"new_joint_vecs/00000{number}.npy" for number in range(4)]
    assert named == [*expected, "texts/000005.txt", "new_joint_vecs/000004.npy"]
    assert "line 2" in dataset.problems[4].message


def test_motion_without_words_is_kept_for_tokenizers(make_dataset: Callable[..., Path]) -> None:
    root = make_dataset()
    (root / "texts" / "000000.txt").write_text("")
    assert MotionTextDataset(root, "train")[0].captions == []
    assert "000000" not in MotionTextDataset(root, "train", captioned=True).ids


def test_kit_is_recognised_by_its_width(make_dataset: Callable[..., Path]) -> None:
    root = make_dataset()
    rng = np.random.default_rng(0)
    for path in (root / "new_joint_vecs").iterdir():
        np.save(path, rng.standard_normal((50, 251)).astype(np.float32))
    (root / "texts" / "000000.txt").write_text("a part#x/X#1.0#2.0\n")
    dataset = MotionTextDataset(root, "train")
    assert dataset.skeleton is KIT
    # 12.5 frames a second.
    assert dataset.ids[0] == "000000[12:25]"


def test_missing_pieces_name_the_expected_layout(make_dataset: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(MotionGPTError, match="new_joint_vecs/"):
        MotionTextDataset(tmp_path / "nowhere", "train")
    root = make_dataset()
    with pytest.raises(MotionGPTError, match=r"no readable list dev\.txt"):
        MotionTextDataset(root, "dev")
    (root / "val.txt").write_text("\n")
    with pytest.raises(MotionGPTError, match="lists no clips"):
        MotionTextDataset(root, "val")
    (root / "val.txt").write_text("999999\n")
    with pytest.raises(MotionGPTError, match=r"999999\.npy"):
        MotionTextDataset(root, "val")
    (root / "Std.npy").unlink()
    with pytest.raises(MotionGPTError, match=r"Std\.npy"):
        MotionTextDataset(root, "train").statistics()
