"""The original's numbers: on its own golden files, and on other seeds and sizes against networks written again."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from motiongpt import compat
from motiongpt.errors import MotionGPTError

from . import originals


def test_golden_tokenizer(golden_dir: Path) -> None:
    tokenizer = compat.load_tokenizer(golden_dir / "vq_reference.safetensors")
    with np.load(golden_dir / "vq_io.npz") as expected:
        codes = tokenizer.encode_features(expected["features_normalized"])
        np.testing.assert_array_equal(codes, expected["codes"])
        np.testing.assert_allclose(tokenizer.decode_features(codes), expected["decoded"], atol=1e-4)


def test_golden_evaluator(golden_dir: Path) -> None:
    evaluator = compat.load_evaluator(golden_dir / "evaluator_reference.safetensors")
    with np.load(golden_dir / "evaluator_io.npz") as given:
        motions = evaluator.embed_motion(given["motion"], given["lengths"])
        np.testing.assert_allclose(motions, given["motion_embedding"], atol=1e-4)
        texts = evaluator.embed_text(given["word_embs"], given["pos_onehot"], given["text_lengths"])
        np.testing.assert_allclose(texts, given["text_embedding"], atol=1e-4)


def test_golden_strings(golden_dir: Path) -> None:
    for row in json.loads((golden_dir / "strings.json").read_text()):
        codes, frames = row["codes"], row["frames"]
        assert compat.motion_string(codes) == row["motion_string"]
        for placeholder in (name for name in row if name.startswith("<")):
            assert compat.fill(placeholder, codes, frames, row["<Caption_Placeholder>"]) == row[placeholder]
        parsed, text = compat.parse(f"he said {row['motion_string']} ok")
        assert parsed.tolist() == row["parsed"]
        assert text == row["cleaned"]


@pytest.mark.parametrize(
    ("width", "code_dim", "codes", "stages", "depth", "features", "frames"),
    [
        (24, 20, 40, 2, 3, 263, 131),
        (40, 12, 300, 1, 2, 263, 7),
        (16, 16, 25, 3, 1, 263, 40),
        (8, 8, 10, 0, 2, 251, 5),
        (12, 30, 64, 2, 4, 251, 4),
    ],
)
@pytest.mark.parametrize("kind", ["safetensors", "checkpoint"])
def test_tokenizers_of_other_sizes(
    tmp_path: Path,
    kind: str,
    width: int,
    code_dim: int,
    codes: int,
    stages: int,
    depth: int,
    features: int,
    frames: int,
) -> None:
    sizes = {"stages": stages, "depth": depth}
    weights = originals.vq_weights(features=features, width=width, code_dim=code_dim, codes=codes, **sizes)
    if kind == "safetensors":
        path = tmp_path / "a.safetensors"
        save_file(weights, path)
    else:
        path = tmp_path / "a.ckpt"
        torch.save(originals.lightning_content(weights), path)
    tokenizer = compat.load_tokenizer(path)
    x = torch.randn(3, frames, features)
    expected = originals.vq_encode(weights, x, **sizes)
    found = tokenizer.encode_features(x.numpy())
    assert found.shape == (3, frames // 2**stages)
    assert found.dtype == np.int64
    np.testing.assert_array_equal(found, expected.numpy())
    again = tokenizer.decode_features(found)
    assert again.shape == (3, found.shape[1] * 2**stages, features)
    np.testing.assert_allclose(again, originals.vq_decode(weights, expected, **sizes).numpy(), atol=1e-4)
    # Row by row the same: a batch is not run together.
    np.testing.assert_allclose(tokenizer.decode_features(found[1:2])[0], again[1], atol=1e-5)


def test_tokenizer_input_that_does_not_fit(tmp_path: Path) -> None:
    save_file(originals.vq_weights(codes=40), tmp_path / "a.safetensors")
    tokenizer = compat.load_tokenizer(tmp_path / "a.safetensors")
    for features in (np.zeros((1, 3, 263)), np.zeros((8, 263)), np.zeros((1, 8, 262)), np.full((1, 8, 263), np.nan)):
        with pytest.raises(MotionGPTError):
            tokenizer.encode_features(features)
    for codes in (np.zeros((1, 0), int), np.zeros(3, int), np.array([[40]]), np.array([[-1]]), np.zeros((1, 2))):
        with pytest.raises(MotionGPTError):
            tokenizer.decode_features(codes)
    with pytest.raises(MotionGPTError, match="no evaluator"):
        compat.load_evaluator(tmp_path / "a.safetensors")


@pytest.mark.parametrize("kind", ["safetensors", "finest.tar", "whole model"])
def test_evaluators_of_other_sizes(tmp_path: Path, kind: str) -> None:
    weights = originals.evaluator_weights(movement=18, middle=22, motion=26, text=14, embedding=10)
    path = tmp_path / "a.tar"
    if kind == "safetensors":
        path = tmp_path / "a.safetensors"
        flat = {f"{part}.{name}": tensor for part in weights for name, tensor in weights[part].items()}
        save_file(flat, path)
    elif kind == "finest.tar":
        torch.save({**weights, "epoch": 1}, path)
    else:
        torch.save(originals.lightning_content(originals.metric_copies(weights)), path)
    evaluator = compat.load_evaluator(path)
    lengths = [40, 4, 17, 30]
    # What stands behind a motion or a text is garbage, and must not be seen.
    x = torch.randn(4, 40, 263)
    expected = [originals.embed_motion(weights, row[:length]) for row, length in zip(x, lengths, strict=True)]
    np.testing.assert_allclose(evaluator.embed_motion(x.numpy(), lengths), expected, atol=1e-5)
    words, parts = torch.randn(3, 9, 300), torch.eye(15)[torch.randint(15, (3, 9))]
    counts = [3, 9, 1]
    expected = [originals.embed_text(weights, words[i, :n], parts[i, :n]) for i, n in enumerate(counts)]
    np.testing.assert_allclose(evaluator.embed_text(words.numpy(), parts.numpy(), counts), expected, atol=1e-5)

    reference = compat.load_evaluator(path, strict_reference=True)
    padded = [originals.embed_motion(weights, row) for row in x]
    np.testing.assert_allclose(reference.embed_motion(x, lengths), padded, atol=1e-5)
    with pytest.raises(MotionGPTError, match="no motion tokenizer"):
        compat.load_tokenizer(path)


def test_strings_of_other_codebooks() -> None:
    text = compat.motion_string([3, 63], 64)
    assert text == "<motion_id_64><motion_id_3><motion_id_63><motion_id_65>"
    assert compat.parse(f"a {text} b", 64)[0].tolist() == [3, 63]
    assert compat.fill("<Motion_Placeholder_Masked>", [1, 2, 3, 4], 16, "", num_codes=64) == (
        "<motion_id_64><motion_id_1><motion_id_66><motion_id_66><motion_id_4><motion_id_65>"
    )


@pytest.mark.parametrize("frames", [1, 4, 19, 20, 99, 196])
def test_fill_follows_the_published_rule(frames: int) -> None:
    """Split at ">": head of int(.2 n + 1) pieces, mask from int(.25 n + 1) to int(.75 n + 1), n = frames / 4."""
    codes = list(range(max(1, frames // 4)))
    string = compat.motion_string(codes)
    pieces, n = string.split(">"), frames / 4
    head, first, last = int(0.2 * n + 1), int(0.25 * n + 1), int(0.75 * n + 1)
    template = "<Motion_Placeholder_s1>|<Motion_Placeholder_s2>|<Motion_Placeholder_Masked>|<Second_Placeholder>"
    start, rest, masked, seconds = compat.fill(template, codes, frames, "").split("|")
    assert start == ">".join(pieces[:head]) + "><motion_id_513>"
    assert rest == "<motion_id_512>" + ">".join(pieces[head:])
    assert masked == ">".join(pieces[:first]) + ">" + "<motion_id_514>" * (last - first) + ">".join(pieces[last:])
    assert seconds == f"{frames // 20}.0"


def test_quotes() -> None:
    assert compat.fill("show <Caption_Placeholder>", [1], 4, "a walk", quotes=True) == 'show "a walk"'
    assert compat.fill('show "<Caption_Placeholder>"', [1], 4, "a walk", quotes=True) == 'show ""a walk""'
    assert compat.fill('show "<Caption_Placeholder>"', [1], 4, "a walk") == 'show "a walk"'


def test_texts_without_a_motion() -> None:
    for text in ("no motion", "<motion_id_512><motion_id_5>", "<motion_id_5><motion_id_513>"):
        codes, words = compat.parse(text)
        assert codes.tolist() == [0]
        assert words == text
