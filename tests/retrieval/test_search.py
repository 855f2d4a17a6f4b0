"""Retrieval over a folder."""

import numpy as np
import pytest
import torch

from motiongpt.errors import MotionGPTError
from motiongpt.lm.sentence_encoder import SentenceEncoder
from motiongpt.motion import HUMANML3D
from motiongpt.retrieval.matcher import Matcher, MatcherConfig
from motiongpt.retrieval.search import MotionIndex, motion_files


@pytest.fixture
def matcher(bert_folder):
    torch.manual_seed(0)
    config = MatcherConfig(width=32, heads=2, motion_layers=1, text_layers=1, embedding=16)
    dim = HUMANML3D.feature_dim
    return Matcher(config, SentenceEncoder.pretrained(str(bert_folder)), np.zeros(dim), np.ones(dim), HUMANML3D).eval()


def test_files_come_in_the_order_of_their_best_part(matcher, make_walk, tmp_path):
    for frames in (30, 60, 500):
        make_walk(frames=frames, speed=frames / 100).save(tmp_path / f"{frames}.npy")
    (tmp_path / "broken.bvh").write_text("nothing")
    index = MotionIndex(matcher, motion_files(tmp_path))
    assert len(index) == 3
    assert len(index.problems) == 1
    assert "broken.bvh" in index.problems[0]
    found = index.search("person walks")
    assert sorted(one.path.stem for one in found) == ["30", "500", "60"]
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    text = matcher.embed_texts(["person walks"])[0]
    long = next(one for one in found if one.path.stem == "500")
    features = make_walk(frames=500, speed=5).standard().features()[round(long.start * 20) : round(long.end * 20)]
    assert long.score == pytest.approx(float(matcher.embed_motions([features])[0] @ text), abs=1e-3)
    assert len(index.search("person walks", 2)) == 2


def test_folders_without_motion_are_named(tmp_path):
    with pytest.raises(MotionGPTError, match="no motion file"):
        motion_files(tmp_path)
    with pytest.raises(MotionGPTError, match="not a folder"):
        motion_files(tmp_path / "missing")
