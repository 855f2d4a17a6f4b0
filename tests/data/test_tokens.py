"""Codes of data sets in files: the original's layout, going on where it stopped, other tokenizers refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from motiongpt.data import tokens as module
from motiongpt.data.layout import MotionTextDataset
from motiongpt.data.tokens import TokenFolder, write_tokens
from motiongpt.errors import MotionGPTError
from motiongpt.motion import HUMANML3D, KIT
from motiongpt.tokenizer import MotionTokenizer, VQVAEConfig


def make_tokenizer(seed: int = 0, **network: object) -> MotionTokenizer:
    torch.manual_seed(seed)
    config = VQVAEConfig(width=32, code_dim=16, num_codes=40, depth=1, **network)  # type: ignore[arg-type]
    skeleton = KIT if config.features == 251 else HUMANML3D
    made = MotionTokenizer(config, np.zeros(config.features), np.ones(config.features), skeleton)
    made.vqvae.quantizer.codebook.normal_(std=0.1)
    return made.eval()


@pytest.fixture
def tokenizer() -> MotionTokenizer:
    return make_tokenizer()


def features(root: Path, clip: str) -> np.ndarray:
    return np.load(root / "new_joint_vecs" / f"{clip}.npy")


@pytest.mark.parametrize("downsamplings", [0, 2, 3])
def test_a_row_of_the_codes_of_whole_strides(data_folder: Path, tmp_path: Path, downsamplings: int) -> None:
    tokenizer = make_tokenizer(downsamplings=downsamplings)
    result = write_tokens(data_folder, tokenizer, tmp_path / "codes")
    ids = [line for split in ("train", "val", "test") for line in (data_folder / f"{split}.txt").read_text().split()]
    assert (result.written, result.kept, result.problems) == (len(ids), 0, ())
    assert sorted(path.stem for path in (tmp_path / "codes").glob("*.npy")) == sorted(ids)
    for clip in ids:
        codes = np.load(tmp_path / "codes" / f"{clip}.npy")
        rows = features(data_folder, clip)
        whole = len(rows) // tokenizer.stride
        assert codes.dtype == np.int64
        assert codes.shape == (1, whole)
        np.testing.assert_array_equal(codes[0], tokenizer.encode(rows[: whole * tokenizer.stride]))


def test_kit_is_encoded_and_skeletons_are_not_mixed(kit_folder: Path, data_folder: Path, tmp_path: Path) -> None:
    tokenizer = make_tokenizer(features=251)
    assert write_tokens(kit_folder, tokenizer, tmp_path / "kit").written == 10
    with pytest.raises(MotionGPTError, match="width 263"):
        write_tokens(data_folder, tokenizer, tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_it_goes_on_where_it_stopped(
    data_folder: Path, tmp_path: Path, tokenizer: MotionTokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tokens(data_folder, tokenizer, tmp_path / "whole")
    monkeypatch.setattr(module, "_GROUP", 2)
    calls = []
    original = tokenizer.encode_batch

    def encode(*arguments: object, **options: object) -> list[np.ndarray]:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return original(*arguments, **options)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(tokenizer, "encode_batch", encode)
        with pytest.raises(KeyboardInterrupt):
            write_tokens(data_folder, tokenizer, tmp_path / "parts")
    assert len(list((tmp_path / "parts").glob("*.npy"))) == 4
    result = write_tokens(data_folder, tokenizer, tmp_path / "parts")
    assert (result.written, result.kept) == (6, 4)
    for path in (tmp_path / "whole").glob("*.npy"):
        np.testing.assert_array_equal(np.load(path), np.load(tmp_path / "parts" / path.name))


def test_codes_of_another_tokenizer_are_refused(data_folder: Path, tmp_path: Path, tokenizer: MotionTokenizer) -> None:
    write_tokens(data_folder, tokenizer, tmp_path)
    for refuse in (
        lambda other: write_tokens(data_folder, other, tmp_path),
        lambda other: TokenFolder(tmp_path, other),
    ):
        with pytest.raises(MotionGPTError, match="another tokenizer"):
            refuse(make_tokenizer(seed=1))
    # What the original's script wrote says nothing of its tokenizer; nothing may be mixed into it.
    (tmp_path / "tokenizer.json").unlink()
    with pytest.raises(MotionGPTError, match="another tokenizer"):
        write_tokens(data_folder, tokenizer, tmp_path)
    # Saving rounds the weights; a decoder that learned on leaves the codes as they are.
    other = make_tokenizer()
    torch.nn.init.zeros_(other.vqvae.decoder.model[0].weight)
    other.save(tmp_path / "saved", dtype=torch.float16)
    write_tokens(data_folder, other, tmp_path / "codes")
    TokenFolder(tmp_path / "codes", MotionTokenizer.load(tmp_path / "saved"))


def test_reading_what_the_original_wrote(tmp_path: Path, tokenizer: MotionTokenizer) -> None:
    rows = np.arange(30).reshape(1, 30)
    np.save(tmp_path / "000001.npy", rows)
    folder = TokenFolder(tmp_path, tokenizer)
    np.testing.assert_array_equal(folder.read("000001", 0, 121, 121)[0], rows[0])
    # A captioned part is cut in codes: frames 10 to 47 are codes 2 to 10.
    np.testing.assert_array_equal(folder.read("000001", 10, 47, 121)[0], rows[0, 2:11])
    assert folder.read("000001", 1, 3, 121) == ()
    np.save(tmp_path / "000002.npy", np.stack([rows[0], rows[0, ::-1]]))
    assert [list(row) for row in folder.read("000002", 0, 8, 121)] == [[0, 1], [29, 28]]


@pytest.mark.parametrize(
    ("codes", "message"),
    [
        (np.full((1, 30), 40), "another tokenizer"),
        (np.full((1, 30), -1), "another tokenizer"),
        (np.zeros((1, 15), int), "15 codes for 120 frames"),
        (np.zeros(30, int), r"shape \(1, n\)"),
        (np.zeros((1, 30)), "whole numbers"),
        (np.array([{}]), "not a readable"),
        (None, "is missing"),
    ],
)
def test_files_that_do_not_fit_are_named(
    tmp_path: Path, tokenizer: MotionTokenizer, codes: np.ndarray | None, message: str
) -> None:
    if codes is not None:
        np.save(tmp_path / "000001.npy", codes, allow_pickle=True)
    with pytest.raises(MotionGPTError, match=message) as caught:
        TokenFolder(tmp_path, tokenizer).read("000001", 0, 120, 120)
    assert "000001.npy" in str(caught.value)
    with pytest.raises(MotionGPTError, match="no folder"):
        TokenFolder(tmp_path / "none", tokenizer)


def test_clips_without_codes_are_reported(data_folder: Path, tmp_path: Path, tokenizer: MotionTokenizer) -> None:
    root = tmp_path / "set"
    (root / "new_joint_vecs").mkdir(parents=True)
    np.save(root / "new_joint_vecs/a.npy", features(data_folder, "000000"))
    np.save(root / "new_joint_vecs/short.npy", features(data_folder, "000000")[:3])
    (root / "train.txt").write_text("a\nshort\nlost\n")
    result = write_tokens(root, tokenizer)
    assert result.folder == root / "TOKENS"
    assert result.written == 1
    assert ["short" in result.problems[0], "lost" in result.problems[1]] == [True, True]
    with pytest.raises(MotionGPTError, match="lists no clips"):
        write_tokens(tmp_path, tokenizer)


def test_spans_are_the_rows_of_items(data_folder: Path) -> None:
    data = MotionTextDataset(data_folder, "train")
    for (clip, start, stop), item in zip(data.spans, data, strict=True):
        np.testing.assert_array_equal(features(data_folder, clip)[start:stop], item.features)
