"""Whole checkpoints of the original -> our folders and back."""

from __future__ import annotations

import json
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import T5Config, T5ForConditionalGeneration

from motiongpt import MotionGPT, compat
from motiongpt.compat.checkpoints import build_evaluator, build_language, build_vqvae, read_statistics, read_weights
from motiongpt.errors import MotionGPTError
from motiongpt.evaluation.t2m_evaluator import Evaluator
from motiongpt.lm.decoding import generate
from motiongpt.lm.grammars import MotionGrammar
from motiongpt.lm.motion_tokens import motion_string
from motiongpt.motion import HUMANML3D, KIT
from motiongpt.tokenizer import VQVAE, MotionTokenizer, VQVAEConfig

from . import originals
from .conftest import WORDS, language_weights


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Any:
    """An object of a configuration library that is not installed where the file is read."""
    module = types.ModuleType("omegaconf.dictconfig")

    class DictConfig:
        def __init__(self) -> None:
            self._content = {"LR": 1e-4, "names": ["a"]}

    DictConfig.__module__, DictConfig.__qualname__ = module.__name__, "DictConfig"
    module.DictConfig = DictConfig  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "omegaconf", types.ModuleType("omegaconf"))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return DictConfig()


@pytest.fixture
def checkpoint(tmp_path: Path, settings: Any, flan: T5ForConditionalGeneration) -> Path:
    """As the original's last stage saves it."""
    state = {
        **originals.vq_weights(codes=512),
        **language_weights(flan),
        **originals.metric_copies(originals.evaluator_weights()),
    }
    path = tmp_path / "motiongpt.tar"
    torch.save(originals.lightning_content(state, settings), path)
    return path


def test_a_whole_checkpoint(
    checkpoint: Path,
    tmp_path: Path,
    text_tokenizer: Path,
    statistics: tuple[Path, Path],
    flan: T5ForConditionalGeneration,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    state = torch.load(checkpoint, weights_only=False)["state_dict"]
    monkeypatch.setitem(sys.modules, "omegaconf.dictconfig", None)
    folder = tmp_path / "ours"
    mean, std = statistics
    result = compat.import_checkpoint(checkpoint, folder, text_tokenizer=text_tokenizer, mean=mean, std=std)
    # Every weight is used or named.
    assert sum(result["used"].values()) + len(result["unused"]) == len(state)
    assert set(result["unused"].values()) == {"running sums of losses and metrics", "a copy of the evaluator"}
    assert all("UncondMetrics" in name or name.split(".")[0] in ("metrics", "_losses") for name in result["unused"])

    model = MotionGPT.from_pretrained(folder)
    np.testing.assert_allclose(model.tokenizer.mean, np.load(mean), rtol=1e-6)
    features = np.random.default_rng(0).normal(size=(60, 263)).astype(np.float32)
    normalised = torch.from_numpy(((features - np.load(mean)) / np.load(std)).astype(np.float32))[None]
    codes = originals.vq_encode(state, normalised)
    assert len(codes.unique()) > 3
    np.testing.assert_array_equal(model.tokenizer.encode(features), codes[0])
    expected = originals.vq_decode(state, codes)[0].numpy() * np.load(std) + np.load(mean)
    np.testing.assert_allclose(model.tokenizer.decode(codes[0].numpy()), expected, atol=1e-4)

    # The language model: ids as the original's, scores as those of transformers.
    words = model.language.tokenizer
    assert (words.first_code, words.size) == (WORDS, WORDS + 515)
    ids, mask = model.language.encode_text(["word1 ab: " + motion_string([3, 500]), "word2"])
    labels = torch.randint(0, words.size, (2, 7))
    with torch.no_grad():
        theirs = flan(input_ids=ids, attention_mask=mask.long(), labels=labels).logits
        ours = model.language.logits(ids, mask, labels).view(theirs.shape)
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)
    assert generate(model.language, ["abc"], MotionGrammar(4, 4))[0][0].codes is not None

    evaluator = Evaluator.load(folder / "evaluator")
    taken = originals.evaluator_weights()
    for name, tensor in evaluator.state_dict().items():
        part, key = name.split(".", 1)
        assert tensor.shape == taken[part][key].shape
        short = {"text_encoder": "text", "movement_encoder": "move", "motion_encoder": "motion"}[part]
        assert torch.equal(tensor, state[f"metrics.TM2TMetrics.t2m_{short}encoder.{key}"])


def test_t5_of_the_first_version_shares_its_table(tmp_path: Path, text_tokenizer: Path) -> None:
    config = T5Config(
        vocab_size=WORDS + 515, d_model=16, d_kv=4, d_ff=24, num_layers=1, num_heads=4, decoder_start_token_id=0
    )
    theirs = T5ForConditionalGeneration(config).eval()
    torch.save({"state_dict": language_weights(theirs)}, tmp_path / "a.ckpt")
    ours = build_language(read_weights(tmp_path / "a.ckpt"), text_tokenizer)
    ids, mask = ours.encode_text(["word1 ab"])
    labels = torch.tensor([[5, 600, 7]])
    with torch.no_grad():
        expected = theirs(input_ids=ids, attention_mask=mask.long(), labels=labels).logits[0]
        torch.testing.assert_close(ours.logits(ids, mask, labels), expected, rtol=1e-4, atol=1e-4)


def test_generating_with_an_imported_model(
    checkpoint: Path, tmp_path: Path, text_tokenizer: Path, statistics: tuple[Path, Path]
) -> None:
    mean, std = statistics
    compat.import_checkpoint(checkpoint, tmp_path / "ours", text_tokenizer=text_tokenizer, mean=mean, std=std)
    model = MotionGPT.from_pretrained(tmp_path / "ours")
    assert model.generate("word3", seconds=1.0).joints.shape == (20, 22, 3)


@pytest.mark.parametrize(
    "change",
    [
        "missing vae.encoder.model.0.bias",
        "left over vae.decoder.extra",
        "shape vae.decoder.model.0.bias",
        "not finite vae.decoder.model.0.bias",
        "missing lm.language_model.decoder.block.1.layer.0.SelfAttention.k.weight",
        "left over lm.language_model.extra",
        "shape lm.language_model.encoder.final_layer_norm.weight",
        "differs lm.language_model.encoder.embed_tokens.weight",
    ],
)
def test_weights_that_do_not_fit_are_named(
    checkpoint: Path, tmp_path: Path, text_tokenizer: Path, statistics: tuple[Path, Path], change: str
) -> None:
    kind, _, name = change.rpartition(" ")
    content = torch.load(checkpoint, weights_only=False)
    state = content["state_dict"]
    if kind == "missing":
        del state[name]
    elif kind == "left over":
        state[name] = torch.zeros(2)
    elif kind == "shape":
        state[name] = torch.zeros(len(state[name]) + 1)
    elif kind == "differs":
        state[name] = state[name] + 1
    else:
        state[name] = torch.full_like(state[name], torch.nan)
    torch.save(content, checkpoint)
    mean, std = statistics
    with pytest.raises(MotionGPTError) as caught:
        compat.import_checkpoint(checkpoint, tmp_path / "ours", text_tokenizer=text_tokenizer, mean=mean, std=std)
    assert name.removeprefix("vae.").removeprefix("lm.language_model.") in str(caught.value)
    assert not (tmp_path / "ours").exists()


def test_missing_statistics_and_words_are_named(
    checkpoint: Path, tmp_path: Path, text_tokenizer: Path, statistics: tuple[Path, Path]
) -> None:
    mean, std = statistics
    ours = tmp_path / "ours"
    with pytest.raises(MotionGPTError, match="--mean and --std"):
        compat.import_checkpoint(checkpoint, ours, text_tokenizer=text_tokenizer)
    with pytest.raises(MotionGPTError, match="--std is missing"):
        compat.import_checkpoint(checkpoint, ours, text_tokenizer=text_tokenizer, mean=mean)
    with pytest.raises(MotionGPTError, match="--text-tokenizer"):
        compat.import_checkpoint(checkpoint, ours, mean=mean, std=std)
    with pytest.raises(MotionGPTError, match=r"tokenizer\.json|text tokenizer"):
        compat.import_checkpoint(checkpoint, ours, text_tokenizer=tmp_path, mean=mean, std=std)
    words = json.loads((text_tokenizer / "tokenizer.json").read_text())
    words["model"]["vocab"] += [["▁more", -9.0]]
    (tmp_path / "tokenizer.json").write_text(json.dumps(words))
    with pytest.raises(MotionGPTError, match=f"{WORDS + 515} tokens"):
        compat.import_checkpoint(checkpoint, ours, text_tokenizer=tmp_path, mean=mean, std=std)
    assert not ours.exists()


def test_stage_one_alone(tmp_path: Path, statistics: tuple[Path, Path]) -> None:
    path = tmp_path / "vae.ckpt"
    torch.save({"state_dict": {**originals.vq_weights(codes=30), "other": torch.ones(1)}}, path)
    mean, std = statistics
    result = compat.import_checkpoint(path, tmp_path / "ours", mean=mean, std=std)
    assert result["unused"] == {"other": "not part of a known network"}
    assert "only the tokenizer was written" in result["remarks"][0]
    assert MotionTokenizer.load(tmp_path / "ours" / "tokenizer").num_codes == 30


def test_statistics_of_a_data_set_are_divided_as_the_original_does(tmp_path: Path) -> None:
    mean, std = np.linspace(-1, 1, 263), np.full(263, 0.5)
    np.save(tmp_path / "Mean.npy", mean)
    np.save(tmp_path / "Std.npy", std)
    statistics = read_statistics(HUMANML3D, data=tmp_path)
    assert statistics is not None
    np.testing.assert_allclose(statistics.mean, mean, rtol=1e-6)
    expected = np.full(263, 0.5)
    expected[[0, 1, 2, 3, 259, 260, 261, 262]] = 0.02
    np.testing.assert_allclose(statistics.std, expected, rtol=1e-6)
    undivided = read_statistics(HUMANML3D, mean=tmp_path / "Mean.npy", std=tmp_path / "Std.npy")
    assert undivided is not None
    np.testing.assert_array_equal(undivided.std, std)
    assert "--data" in undivided.remark
    for options in ({"mean": tmp_path / "Mean.npy"}, {"data": tmp_path, "std": tmp_path / "Std.npy"}):
        with pytest.raises(MotionGPTError):
            read_statistics(HUMANML3D, **options)
    with pytest.raises(MotionGPTError, match="251"):
        read_statistics(KIT, mean=tmp_path / "Mean.npy", std=tmp_path / "Std.npy")


def test_evaluator_of_finest_tar(tmp_path: Path) -> None:
    weights = originals.evaluator_weights(motion=40)
    path = tmp_path / "finest.tar"
    torch.save({**weights, "opt_motion_encoder": {"state": {}, "param_groups": []}, "epoch": 5, "iter": 9}, path)
    result = compat.import_checkpoint(path, tmp_path / "ours")
    assert result["used"] == {"evaluator": sum(map(len, weights.values()))}
    loaded = Evaluator.load(tmp_path / "ours" / "evaluator").state_dict()
    assert all(torch.equal(loaded[f"{part}.{name}"], w) for part in weights for name, w in weights[part].items())
    del weights["text_encoder"]["gru.bias_ih_l0"]
    torch.save(weights, path)
    with pytest.raises(MotionGPTError, match=r"text_encoder\.gru\.bias_ih_l0"):
        build_evaluator(read_weights(path))


@pytest.mark.parametrize("norm", ["none", "LN", "GN", "BN"])
@pytest.mark.parametrize("quantizer", ["ema_reset", "orig"])
def test_norms_and_quantizers(tmp_path: Path, norm: str, quantizer: str) -> None:
    network = VQVAE(VQVAEConfig(width=32, code_dim=8, num_codes=12, depth=1, norm=norm, quantizer=quantizer)).eval()
    state = {f"vae.{name}": tensor for name, tensor in network.state_dict().items() if "quantizer" not in name}
    name = "embedding.weight" if quantizer == "orig" else "codebook"
    state[f"vae.quantizer.{name}"] = network.quantizer.codebook.detach()
    save_file({key: tensor.contiguous() for key, tensor in state.items()}, tmp_path / "a.safetensors")
    weights = read_weights(tmp_path / "a.safetensors")
    if norm in ("LN", "GN"):
        with pytest.raises(MotionGPTError, match="--norm"):
            build_vqvae(weights)
    again = build_vqvae(weights, norm=norm)
    assert again.config.norm == norm
    assert again.quantizer.kind == quantizer
    x = torch.randn(1, 16, 263)
    assert torch.equal(again.encode(x), network.encode(x))
    assert torch.equal(again.decode(again.encode(x)), network.decode(again.encode(x)))


def test_round_trip(tiny_model_folder: Path, tmp_path: Path) -> None:
    model = MotionGPT.from_pretrained(tiny_model_folder)
    model.tokenizer.vqvae.quantizer.code_count.uniform_(0.5, 9)
    path = tmp_path / "original.safetensors"
    count = compat.export_checkpoint(model, path)
    tensors = load_file(path)
    assert sum(name.startswith(("vae.", "lm.language_model.")) for name in tensors) == count
    # The names are those a plain transformers T5 has, and the tokenizer's those of the original.
    assert torch.equal(tensors["lm.language_model.lm_head.weight"], tensors["lm.language_model.shared.weight"])
    assert {f"vae.{name}" for name in _plain_names(model)} == {name for name in tensors if name.startswith("vae.")}
    compat.import_checkpoint(path, tmp_path / "again")
    again = MotionGPT.from_pretrained(tmp_path / "again")
    for part in ("tokenizer", "language"):
        before, after = getattr(model, part).state_dict(), getattr(again, part).state_dict()
        assert before.keys() == after.keys()
        assert all(torch.equal(before[name], after[name]) for name in before)
    assert again.tokenizer.config == model.tokenizer.config
    assert again.language.network.shape == model.language.network.shape
    assert again.language.tokenizer.to_json() == model.language.tokenizer.to_json()
    assert again.defaults == model.defaults
    before, after = (one.generate("a person walks", seconds=1.0, seed=3) for one in (model, again))
    np.testing.assert_array_equal(before.joints, after.joints)


def _plain_names(model: MotionGPT) -> set[str]:
    names = {name for name in model.tokenizer.vqvae.state_dict() if not name.startswith("quantizer.")}
    return names | {"quantizer.codebook"}


def test_a_tokenizer_that_the_original_has_no_names_for(tmp_path: Path, tiny_model_folder: Path) -> None:
    plain = MotionGPT.from_pretrained(tiny_model_folder)
    network = VQVAEConfig(width=32, code_dim=8, depth=1, levels=2)
    several = MotionTokenizer(network, np.zeros(263), np.ones(263), HUMANML3D)
    with pytest.raises(MotionGPTError, match="residual"):
        compat.export_checkpoint(MotionGPT(several, plain.language), tmp_path / "a.safetensors")
    assert not list(tmp_path.iterdir())


def test_a_file_without_known_weights(tmp_path: Path) -> None:
    torch.save({"state_dict": {"encoder.weight": torch.ones(2)}}, tmp_path / "a.ckpt")
    save_file({"encoder.weight": torch.ones(2)}, tmp_path / "a.safetensors")
    torch.save([1, 2], tmp_path / "b.ckpt")
    for name, word in (("a.ckpt", "encoder.weight"), ("a.safetensors", "encoder.weight"), ("b.ckpt", "list")):
        with pytest.raises(MotionGPTError, match=word):
            read_weights(tmp_path / name)


@pytest.mark.parametrize("content", [b"", b"<html>", b"version https://git-lfs.github.com/spec/v1\n", b"\x10" * 100])
def test_safetensors_that_are_something_else(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(content)
    with pytest.raises(MotionGPTError, match=r"a\.safetensors"):
        read_weights(path)


@pytest.mark.slow
def test_the_embedded_model_comes_back_identical(tmp_path: Path) -> None:
    """Text encoder and refinement of codes, which the original does not have, travel beside its own weights.

    Matcher and refiner do not: they are no part of a checkpoint of the original.
    """
    model = MotionGPT.from_pretrained()
    model.refiner = None
    compat.export_checkpoint(model, tmp_path / "embedded.safetensors")
    compat.import_checkpoint(tmp_path / "embedded.safetensors", tmp_path / "again")
    again = MotionGPT.from_pretrained(tmp_path / "again")
    for part, other in ((model.tokenizer, again.tokenizer), (model.language, again.language)):
        weights, found = part.state_dict(), other.state_dict()
        assert weights.keys() == found.keys()
        for name, weight in weights.items():
            assert torch.equal(weight, found[name]), name
    assert again.defaults == model.defaults
    made, remade = (
        one.generate("a person walks", seconds=1.0, seed=3, rerank=1, retrieval="off") for one in (model, again)
    )
    np.testing.assert_array_equal(made.joints, remade.joints)
