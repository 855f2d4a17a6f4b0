from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import LogitsProcessor, LogitsProcessorList, T5ForConditionalGeneration

from hub_folders import t5_folder
from motiongpt.errors import MotionGPTError
from motiongpt.lm.decoding import generate
from motiongpt.lm.grammars import MotionGrammar
from motiongpt.lm.model import Collator, LanguageConfig, MotionLanguageModel
from motiongpt.lm.motion_tokens import motion_string
from motiongpt.lm.t5 import IGNORED
from motiongpt.lm.tokenizer import TextTokenizer

from .conftest import CAPTIONS, TINY
from .test_t5 import reference


def test_created_from_texts_and_seed() -> None:
    first, same, other = (MotionLanguageModel.create(TINY, texts=CAPTIONS, seed=seed) for seed in (3, 3, 4))
    for a, b, c in zip(first.parameters(), same.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)
        assert torch.equal(a, c) == bool((a == 1).all())  # only norms start alike
    assert first.network.shape.vocabulary_size == first.tokenizer.size


def test_encode_text(model: MotionLanguageModel) -> None:
    texts = ["walk", "describe " + motion_string([1, 2], 16)]
    ids, mask = model.encode_text(texts)
    for row, kept, text in zip(ids, mask, texts, strict=True):
        assert row[kept].tolist() == [*model.tokenizer.encode(text), model.tokenizer.end_of_sequence]
        assert (row[~kept] == model.tokenizer.padding).all()
    assert ids[1, -5:].tolist() == [
        model.tokenizer.start,
        model.tokenizer.first_code + 1,
        model.tokenizer.first_code + 2,
        model.tokenizer.end,
        model.tokenizer.end_of_sequence,
    ]


@pytest.mark.parametrize("text", ["walk " * 2000, "🕺" * 10_000, "走" * 10_000, motion_string([1] * 300, 16)])
def test_too_long_a_prompt_is_refused(model: MotionLanguageModel, text: str) -> None:
    with pytest.raises(MotionGPTError, match="at most 256"):
        model.encode_text(["short", text])


@pytest.mark.parametrize("text", ["", " ", "🕺", "走る", "</s>"])
def test_odd_prompts_work(model: MotionLanguageModel, text: str) -> None:
    assert generate(model, [text], MotionGrammar(2, 2))[0][0].codes is not None


def test_collator(words: TextTokenizer) -> None:
    collate = Collator(words, max_input_tokens=6, max_output_tokens=4)
    batch = collate([("a person walks forward and waves", [7, 8]), ([5], "someone jumps up, turns left")])
    assert batch["input_ids"].tolist()[0] == [*words.encode("a person walks forward and waves")[:5], 1]
    assert batch["input_ids"].tolist()[1] == [5, 1, 0, 0, 0, 0]
    assert batch["attention_mask"].tolist() == [[True] * 6, [True, True] + [False] * 4]
    assert batch["labels"].tolist() == [[7, 8, 1, IGNORED], [*words.encode("someone jumps up")[:3], 1]]


def test_padding_does_not_change_the_loss(model: MotionLanguageModel) -> None:
    inputs, outputs = ["a", CAPTIONS[1]], [motion_string([1, 2, 3], 16), "walks"]
    counts = torch.tensor([len(model.tokenizer.encode(text)) + 1.0 for text in outputs])
    single = torch.stack([model.loss([a], [b]) for a, b in zip(inputs, outputs, strict=True)])
    torch.testing.assert_close(model.loss(inputs, outputs), (single * counts).sum() / counts.sum())


def test_learns(words: TextTokenizer) -> None:
    """Two sentences, two motions: a few steps are enough to tell them apart."""
    torch.manual_seed(0)
    model = MotionLanguageModel.create(replace(TINY, dropout=0.0), words, seed=0)
    inputs, motions = ["walk forward", "jump up"], [[1, 2, 3, 4], [9, 8, 7]]
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for _ in range(60):
        optimiser.zero_grad()
        model.loss(inputs, [motion_string(codes, 16) for codes in motions]).backward()
        optimiser.step()
    answers = generate(model, inputs, MotionGrammar(1, 10), temperature=0)
    assert [answer.codes.tolist() for (answer,) in answers if answer.codes is not None] == motions


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 0.0), ("float16", 1e-3), ("bfloat16", 1e-2)])
def test_save_and_load(model: MotionLanguageModel, tmp_path: Path, dtype: str, tolerance: float) -> None:
    model.save(tmp_path / "model", dtype=dtype)
    again = MotionLanguageModel.load(tmp_path / "model")
    assert not again.training
    expected = model.network.state_dict()
    for name, weight in again.network.state_dict().items():
        assert weight.dtype == torch.float32
        torch.testing.assert_close(weight, expected[name], rtol=tolerance, atol=tolerance)
    assert again.network.shape == model.network.shape
    assert again.max_input_tokens == model.max_input_tokens
    assert again.tokenizer.encode(CAPTIONS[0]) == model.tokenizer.encode(CAPTIONS[0])


@pytest.fixture
def folder(model: MotionLanguageModel, tmp_path: Path) -> Path:
    model.save(tmp_path)
    return tmp_path


def test_unknown_dtype(model: MotionLanguageModel, tmp_path: Path) -> None:
    with pytest.raises(MotionGPTError, match="float8"):
        model.save(tmp_path, dtype="float8")


@pytest.mark.parametrize("size", [0, 5, 1000, 20_000])
def test_cut_weights(folder: Path, size: int) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(MotionGPTError, match=r"model\.safetensors"):
        MotionLanguageModel.load(folder)


@pytest.mark.parametrize("change", ["missing", "left over", "other shape"])
def test_weights_that_do_not_fit(folder: Path, change: str) -> None:
    path, name = folder / "model.safetensors", "decoder.block.1.layer.1.EncDecAttention.k.weight"
    weights = load_file(path)
    if change == "missing":
        del weights[name]
    elif change == "left over":
        name = "decoder.extra"
        weights[name] = torch.zeros(1)
    else:
        weights[name] = weights[name][:, :-1].contiguous()
    save_file(weights, path)
    with pytest.raises(MotionGPTError, match=name):
        MotionLanguageModel.load(folder)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("format_version", 99),
        ("kind", "motion-tokenizer"),
        ("num_codes", 15),
        ("num_codes", "many"),
        ("network", {}),
        ("network", {"vocabulary_size": "many"}),
        ("network", {"vocabulary_size": 100}),
        ("network", {"vocabulary_size": 100, "colour": 1}),
        ("max_input_tokens", None),
    ],
)
def test_config_that_does_not_fit(folder: Path, key: str, value: object) -> None:
    path = folder / "config.json"
    config = json.loads(path.read_text())
    path.write_text(json.dumps({**config, key: value}))
    with pytest.raises(MotionGPTError):
        MotionLanguageModel.load(folder)
    del config[key]
    path.write_text(json.dumps(config))
    with pytest.raises(MotionGPTError):
        MotionLanguageModel.load(folder)


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors"])
def test_missing_or_foreign_file(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"<html>not found</html>")
    with pytest.raises(MotionGPTError, match=name):
        MotionLanguageModel.load(folder)
    (folder / name).unlink()
    with pytest.raises(MotionGPTError, match=name):
        MotionLanguageModel.load(folder)


# ---- trained models of the hub -------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [400, 32_100])
def test_hub_model(tmp_path: Path, words: int) -> None:
    theirs = t5_folder(tmp_path, words, feed_forward_proj="gated-gelu")
    model = MotionLanguageModel.create(LanguageConfig(backbone="hub", hub=str(tmp_path))).eval()
    assert model.tokenizer.first_code == words
    assert model.network.shared.weight.shape == (words + 515, 16)
    motion = model.tokenizer.encode("ab" + motion_string([0, 511]))
    assert motion[-4:] == [words + 512, words, words + 511, words + 513]
    assert model.tokenizer.sentinels[0] == words - 1

    ids, mask = model.encode_text(["abc word1", "a"])
    labels = torch.randint(0, words, (2, 9), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = theirs(input_ids=ids, attention_mask=mask.long(), labels=labels).logits
        ours = model.logits(ids, mask, labels).view(2, 9, -1)
    torch.testing.assert_close(ours[..., :words], expected[..., :words], rtol=1e-4, atol=1e-4)

    model.save(tmp_path / "ours")
    again = MotionLanguageModel.load(tmp_path / "ours")
    torch.testing.assert_close(again.network.shared.weight, model.network.shared.weight)
    assert generate(again, ["abc"], MotionGrammar(3, 3))[0][0].codes is not None


def test_hub_model_with_its_own_output_layer(tmp_path: Path) -> None:
    """flan-t5: the output layer is not the embedding table."""
    theirs = t5_folder(tmp_path, 400, feed_forward_proj="gated-gelu", tie_word_embeddings=False)
    path = tmp_path / "model.safetensors"
    head = torch.randn(428, 16, generator=torch.Generator().manual_seed(5))
    save_file({**load_file(path), "lm_head.weight": head}, path, metadata={"format": "pt"})
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, "tie_word_embeddings": False}))
    theirs = T5ForConditionalGeneration.from_pretrained(tmp_path).eval()
    assert torch.equal(theirs.lm_head.weight, head)

    model = MotionLanguageModel.create(LanguageConfig(backbone="hub", hub=str(tmp_path), num_codes=16)).eval()
    assert not model.network.shape.tied_embeddings
    words = model.tokenizer
    prompts = ["abc", "a word1 word2", "word7 word8 word9"]
    ids, mask = model.encode_text(prompts)
    labels = torch.tensor([[5, 6, 7]]).repeat(3, 1)
    with torch.no_grad():
        expected = theirs(input_ids=ids, attention_mask=mask.long(), labels=labels).logits[..., :400]
        ours = model.logits(ids, mask, labels)[:, :400].view_as(expected)
    torch.testing.assert_close(ours, expected, rtol=1e-4, atol=1e-4)

    class Motion(LogitsProcessor):
        def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
            written = input_ids.shape[1] - 1
            allowed = torch.zeros(words.size, dtype=torch.bool)
            allowed[[words.start] if written == 0 else range(words.first_code, words.start)] = True
            allowed[words.end] = written > 1
            return scores.masked_fill(~allowed, -torch.inf)

    written = reference(model.network).generate(
        ids,
        attention_mask=mask.long(),
        do_sample=False,
        max_new_tokens=20,
        eos_token_id=words.end,
        logits_processor=LogitsProcessorList([Motion()]),
    )
    for row, (answer,) in zip(
        written.tolist(), generate(model, prompts, MotionGrammar(1, 30), temperature=0), strict=True
    ):
        length = min(len(answer.token_ids), 20)
        assert length > 2
        assert row[1 : 1 + length] == answer.token_ids[:length]


@pytest.mark.parametrize("backbone", ["t5-scratch", "hub"])
def test_our_own_network_needs_no_other_library_to_load(tmp_path: Path, backbone: str) -> None:
    t5_folder(tmp_path / "hub", 400)
    model = MotionLanguageModel.create(replace(TINY, backbone=backbone, hub=str(tmp_path / "hub")), texts=CAPTIONS)
    model.save(tmp_path / "ours")
    program = (
        "import sys\n"
        "from motiongpt.lm.model import MotionLanguageModel\n"
        "from motiongpt.lm.decoding import generate\n"
        "from motiongpt.lm.grammars import MotionGrammar\n"
        f"model = MotionLanguageModel.load({str(tmp_path / 'ours')!r})\n"
        "assert generate(model, ['walk'], MotionGrammar(2, 2))\n"
        "sys.exit(str({'transformers', 'peft'} & set(sys.modules) or ''))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""


def test_what_is_no_hub_model(tmp_path: Path) -> None:
    for config in (
        LanguageConfig(backbone="hub"),
        LanguageConfig(backbone="hub", hub=str(tmp_path)),
        LanguageConfig(backbone="bert"),
        LanguageConfig(backbone="hub", hub=str(tmp_path), lora_rank=4),
    ):
        with pytest.raises(MotionGPTError):
            MotionLanguageModel.create(config)


def test_hub_model_without_safetensors(tmp_path: Path) -> None:
    network = t5_folder(tmp_path, 400)
    (tmp_path / "model.safetensors").unlink()
    torch.save(network.state_dict(), tmp_path / "pytorch_model.bin")
    with pytest.raises(MotionGPTError, match="safetensors"):
        MotionLanguageModel.create(LanguageConfig(backbone="hub", hub=str(tmp_path)))
