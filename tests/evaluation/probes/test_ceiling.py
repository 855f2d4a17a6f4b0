from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from motiongpt.errors import MotionGPTError
from motiongpt.evaluation.probes.ceiling import measure_ceiling, says_compound
from motiongpt.evaluation.probes.kinds import COMPOUNDS
from motiongpt.motion import Motion


@pytest.fixture
def dataset(tmp_path: Path, make_walk: Callable[..., Motion]) -> Path:
    """Walks forward, the same walks with captions that say backward, standing bodies; one clip of each per split."""
    for folder in ("new_joint_vecs", "texts"):
        (tmp_path / folder).mkdir()
    captions = {"walk": "a person walks forward", "back": "a person walks backward", "stand": "a person stands still"}
    for split in ("train", "val", "test"):
        for name, caption in captions.items():
            clip = make_walk(frames=70, speed=1.3)
            joints = np.repeat(clip.joints[:1], 70, axis=0) if name == "stand" else clip.joints
            for prefix in ("", "M"):
                np.save(tmp_path / f"new_joint_vecs/{prefix}{name}{split}.npy", Motion(joints, fps=20.0).features())
                (tmp_path / f"texts/{prefix}{name}{split}.txt").write_text(f"{caption}#a/DET#0.0#0.0\n")
        (tmp_path / f"{split}.txt").write_text("".join(f"{name}{split}\nM{name}{split}\n" for name in captions))
    return tmp_path


def test_rates_of_real_clips(dataset: Path) -> None:
    report = measure_ceiling(dataset, composites=2)
    assert (report["walk forward"]["clips"], report["walk forward"]["passed"]) == (3, 1.0), "mirrored ones left out"
    assert (report["walk backward"]["clips"], report["walk backward"]["passed"]) == (3, 0.0)
    assert report["walk backward"]["failed"] == ["backtrain", "backval", "backtest"]
    assert report["stand still"]["passed"] == 1.0
    assert report["run"]["others_passed"] == 0.0
    assert report["lie down"]["clips"] == 0
    assert report["lie down"]["passed"] is None
    # Composed: a walk and then a stand is in this order, a stand and then a walk is not.
    order = report["walk forward, then stand still"]
    assert (order["made"], order["made_passed"], order["others"], order["others_passed"]) == (2, 1.0, 2, 0.0)
    assert report["walk 3 seconds"]["made_passed"] == 1.0
    assert report["walk 5 seconds"]["made"] == 0, "no clip is so long"
    assert report["stand still"]["made"] > 0, "quiet stretches of clips"
    assert report["stand still"]["made_passed"] == 1.0
    # Legs of a walk under arms that do not rise are no example of that.
    assert report["walk forward while: raise arms"]["made"] == 0


def test_captions_name_a_compound() -> None:
    order = COMPOUNDS["walk forward, then jump"]
    assert says_compound(order, ["A person walks forward, then jumps"])
    assert not says_compound(order, ["a person walks forward and jumps"]), "maybe at the same time"
    assert not says_compound(order, ["a person jumps, then walks forward"])
    assert not says_compound(order, ["a person walks forward"])
    assert not says_compound(order, ["a person walks forward, then jumps", *["a person hops"] * 4])
    assert says_compound(COMPOUNDS["walk forward while: wave"], ["a man walks forward while waving hello"])


def test_no_data(tmp_path: Path) -> None:
    with pytest.raises(MotionGPTError):
        measure_ceiling(tmp_path)
