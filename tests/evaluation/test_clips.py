from __future__ import annotations

from pathlib import Path

import pytest

from motiongpt.errors import MotionGPTError
from motiongpt.evaluation.clips import read_clips


def test_clips_are_read_without_mirrored_ones(walks: Path) -> None:
    clips = read_clips(walks)
    assert [(clip.id, clip.source) for clip in clips] == [("a", "cmu"), ("c", "hdm05")]
    assert clips[0].captions == ("a person walks forward",)
    assert clips[0].lemmas == ("a person walk forward",)
    assert len(read_clips(walks, limit=1)) == 1
    assert [clip.id for clip in read_clips(walks, mirrored=True)] == ["a", "Ma", "c"]
    (walks / "test.txt").write_text("Ma\n")
    with pytest.raises(MotionGPTError, match="only mirrored"):
        read_clips(walks)
