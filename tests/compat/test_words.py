"""The original's evaluator, imported with its word vectors, on texts and features."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from motiongpt import Motion, compat
from motiongpt.errors import MotionGPTError
from motiongpt.evaluation.evaluators import WordVectorEvaluator, load_evaluator

from . import originals

WORDS = ["unk", "sos", "eos", "a", "person", "walk", "walks", "forward", "slowly"]


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """finest.tar, statistics and GloVe as the original has them, with random numbers."""
    rng = np.random.default_rng(0)
    torch.manual_seed(0)
    torch.save(originals.evaluator_weights(), tmp_path / "finest.tar")
    np.save(tmp_path / "mean.npy", rng.normal(size=263).astype(np.float32))
    np.save(tmp_path / "std.npy", rng.uniform(0.05, 0.06, size=263).astype(np.float32))
    np.save(tmp_path / "our_vab_data.npy", rng.normal(size=(len(WORDS), 300)))
    rows = {word: (3 * row) % len(WORDS) if len(WORDS) % 3 else row for row, word in enumerate(WORDS)}
    (tmp_path / "our_vab_idx.pkl").write_bytes(pickle.dumps(rows))
    return tmp_path


def test_texts_and_motions(published: Path, make_walk: Callable[..., Motion]) -> None:
    statistics = {"mean": published / "mean.npy", "std": published / "std.npy"}
    result = compat.import_checkpoint(published / "finest.tar", published / "out", words=published, **statistics)
    assert not any("only the networks" in remark for remark in result["remarks"])
    evaluator = load_evaluator(published / "out/evaluator")
    assert isinstance(evaluator, WordVectorEvaluator)
    reference = compat.load_evaluator(published / "finest.tar")

    mean, std = np.load(published / "mean.npy"), np.load(published / "std.npy")
    walks = [make_walk(frames=count).features() for count in (41, 60, 33)]
    found = evaluator.embed_motions(walks)
    for walk, row in zip(walks, found, strict=True):
        expected = reference.embed_motion(((walk - mean) / std)[None], [len(walk)])
        np.testing.assert_allclose(row, expected[0], atol=1e-5)

    rows = pickle.loads((published / "our_vab_idx.pkl").read_bytes())
    vectors = np.load(published / "our_vab_data.npy")
    evaluator.columns["a person walks slowly"] = "a/DET person/NOUN walk/VERB slowly/ADV xyzzy/NOUN"
    # Parts of speech: DET 2, NOUN 1, but walk and slowly are words of motion (12, 13); unknown words are OTHER (14).
    tokens = [("sos", 14), ("a", 2), ("person", 1), ("walk", 12), ("slowly", 13), ("unk", 14), ("eos", 14)]
    words = np.stack([vectors[rows[word]] for word, _ in tokens])[None]
    parts = np.eye(15)[[part for _, part in tokens]][None]
    expected = reference.embed_text(words, parts, [len(tokens)])
    found = evaluator.embed_texts(["a person walks forward", "a person walks slowly"])
    np.testing.assert_allclose(found[1], expected[0], atol=1e-5)
    assert evaluator.tokens_of("a " * 50) == ["sos/OTHER", *["a/DET"] * 20, "eos/OTHER"]


def test_the_token_column_of_a_data_set_is_used(published: Path, data_folder: Path) -> None:
    compat.import_checkpoint(
        published / "finest.tar",
        published / "out",
        words=published,
        mean=published / "mean.npy",
        std=published / "std.npy",
    )
    evaluator = load_evaluator(published / "out/evaluator", data_folder)
    assert isinstance(evaluator, WordVectorEvaluator)
    assert evaluator.tokens_of("a person walks slowly")[1:-1] == ["a/DET", "person/NOUN"]


def test_what_is_refused(published: Path) -> None:
    arguments = (published / "finest.tar", published / "out")
    result = compat.import_checkpoint(*arguments)
    assert any("--words" in remark for remark in result["remarks"])
    with pytest.raises(MotionGPTError, match="--words"):
        load_evaluator(published / "out/evaluator")
    with pytest.raises(MotionGPTError, match="statistics"):
        compat.import_checkpoint(*arguments, words=published)
    statistics = {"mean": published / "mean.npy", "std": published / "std.npy", "words": published}
    (published / "our_vab_idx.pkl").write_bytes(pickle.dumps({"a": 99}))
    with pytest.raises(MotionGPTError, match="does not fit"):
        compat.import_checkpoint(*arguments, **statistics)
    # A pickle that would run something.
    (published / "our_vab_idx.pkl").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    with pytest.raises(MotionGPTError, match="refused"):
        compat.import_checkpoint(*arguments, **statistics)
    (published / "our_vab_idx.pkl").unlink()
    with pytest.raises(MotionGPTError, match="our_vab_idx"):
        compat.import_checkpoint(*arguments, **statistics)
