from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from rich.console import Console

from motiongpt.data.stats import plot_statistics, print_statistics, statistics
from motiongpt.errors import MotionGPTError


def test_counts(make_dataset: Callable[..., Path], tmp_path: Path) -> None:
    root = make_dataset()
    (root / "texts" / "000000.txt").write_text("")
    (root / "texts" / "000001.txt").write_text("He walks, he waves#x/X#0.0#0.0\n")
    (root / "clips.csv").write_text("id,source\n" + "".join(f"{number:06d},cmu\n" for number in range(10)))
    result = statistics(root)
    train = result["splits"]["train"]
    assert (train["clips"], train["captioned"], train["captions"], train["mirrored"]) == (12, 11, 21, 0)
    # Clips of 59 to 70 rows at 20 fps.
    assert train["minutes"] == pytest.approx(sum(range(59, 71)) / 20 / 60)
    assert train["frames"] == [59, 64.5, 70]
    assert result["sources"]["cmu"]["clips"] == 10
    assert result["sources"]["unknown"]["clips"] == 6
    # a person walks forward someone is walking he waves
    assert result["vocabulary"] == 9
    assert dict(result["words"])["walks"] == 15
    assert result["travel"][0] == pytest.approx(1.3 * 58 / 20, rel=0.02)
    buffer = io.StringIO()
    print_statistics(result, Console(file=buffer, width=120))
    assert "train" in buffer.getvalue()
    path = plot_statistics(result, tmp_path / "plots" / "stats.png")
    with Image.open(path) as image:
        assert image.width > 800


def test_bad_files_are_told(make_dataset: Callable[..., Path], tmp_path: Path) -> None:
    root = make_dataset()
    (root / "new_joint_vecs" / "000002.npy").write_text("words")
    (root / "val.txt").unlink()
    result = statistics(root)
    assert result["splits"]["train"]["clips"] == 11
    assert len(result["problems"]) == 2
    with pytest.raises(MotionGPTError, match="new_joint_vecs"):
        statistics(tmp_path / "nowhere")
