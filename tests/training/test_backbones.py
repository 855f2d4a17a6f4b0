"""Every config of a backbone trains for two steps, on a tiny random model in the place of the hub's."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import GPT2Config, LlamaConfig

from hub_folders import causal_folder, t5_folder
from motiongpt.errors import MotionGPTError
from motiongpt.generation.motiongpt import MotionGPT
from motiongpt.lm.model import MotionLanguageModel
from motiongpt.tokenizer import MotionTokenizer
from motiongpt.training.config import LanguageTraining, TokenizerTraining, config_names, load_config
from motiongpt.training.language import LanguageTask, train_language
from motiongpt.training.tokenizer import train_tokenizer

HUB_IDS = {
    "flan-t5-small": "google/flan-t5-small",
    "flan-t5-base": "google/flan-t5-base",
    "flan-t5-large": "google/flan-t5-large",
    "gpt2-medium": "openai-community/gpt2-medium",
    "smollm2-lora": "smollm2",
}


@pytest.fixture(scope="module")
def tokenizer_folder(data_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("run")
    values = [f"data={data_folder}", f"output={output}", "loop.steps=2"]
    return train_tokenizer(load_config(TokenizerTraining, "tiny-tokenizer", values))


def hub(folder: Path, name: str) -> Path:
    """A tiny model of the kind that a config names."""
    if name.startswith("flan-t5"):
        t5_folder(folder, 400, feed_forward_proj="gated-gelu")
    elif name.startswith("gpt2"):
        causal_folder(folder, lambda size: GPT2Config(vocab_size=size, n_embd=32, n_layer=1, n_head=2))
    else:
        causal_folder(
            folder,
            lambda size: LlamaConfig(
                vocab_size=size,
                hidden_size=32,
                intermediate_size=48,
                num_hidden_layers=1,
                num_attention_heads=2,
                tie_word_embeddings=True,
                pad_token_id=None,
            ),
        )
    return folder


def config(name: str, folders: tuple[Path, Path], source: Path, output: Path, *more: str) -> LanguageTraining:
    data, tokenizer = folders
    values = [f"data={data}", f"tokenizer={tokenizer}", f"output={output}", f"model.hub={source}", "loop.steps=2"]
    values += ["loop.batch_size=2", "model.num_codes=64", *more]
    return load_config(LanguageTraining, name, values)


@pytest.mark.parametrize("name", HUB_IDS)
def test_two_steps_of_both_stages(data_folder: Path, tokenizer_folder: Path, tmp_path: Path, name: str) -> None:
    folders, source = (data_folder, tokenizer_folder), hub(tmp_path / "hub", name)
    assert load_config(LanguageTraining, name).model.hub == HUB_IDS[name]
    pretrained = train_language(config(name, folders, source, tmp_path / "pre"))
    # So low a rate changes nothing: the second stage ends with the weights it goes on from.
    instructed = train_language(
        config(name, folders, source, tmp_path / "ins", f"start={pretrained}", "tasks={}", "loop.learning_rate=1e-9")
    )
    before, after = (MotionLanguageModel.load(folder) for folder in (pretrained, instructed))
    for (key, weight), (other, same) in zip(before.named_parameters(), after.named_parameters(), strict=True):
        assert key == other
        torch.testing.assert_close(weight, same, rtol=1e-3, atol=1e-4)

    MotionGPT(MotionTokenizer.load(tokenizer_folder), after).save_pretrained(tmp_path / "model")
    model = MotionGPT.from_pretrained(tmp_path / "model")
    assert len(model.generate("a person walks slowly", seconds=1.0, guidance=1.5)) == 20
    assert isinstance(model.describe(model.generate("walk", seconds=1.0)), str)


def test_every_config_of_a_hub_model_is_tested() -> None:
    for name in config_names():
        if not name.endswith(("tokenizer", "refinement", "evaluator", "refiner")):
            model = load_config(LanguageTraining, name).model
            assert (model.backbone == "causal" or name.startswith("flan")) == (name in HUB_IDS), name


def test_lora_trains_little(data_folder: Path, tokenizer_folder: Path, tmp_path: Path) -> None:
    folders, source = (data_folder, tokenizer_folder), hub(tmp_path / "hub", "smollm2-lora")
    settings = config("smollm2-lora", folders, source, tmp_path / "run", "loop.warmup=0", "loop.learning_rate=1e-2")
    task = LanguageTask(settings)
    trained = {name for name, weight in task.module.named_parameters() if weight.requires_grad}
    assert trained
    assert all(".lora_" in name or name.endswith(".motion") for name in trained)
    before = {name: weight.clone() for name, weight in task.module.state_dict().items()}
    result = MotionLanguageModel.load(train_language(settings))
    merged = result.network.state_dict()
    torch.testing.assert_close(merged["table.words"], before["network.table.words"], rtol=1e-3, atol=1e-3)
    assert not torch.allclose(merged["table.motion"], before["network.table.motion"], rtol=1e-3, atol=1e-3)


def test_span_corruption_needs_sentinels(data_folder: Path, tokenizer_folder: Path, tmp_path: Path) -> None:
    source = hub(tmp_path / "hub", "gpt2-medium")
    with pytest.raises(MotionGPTError, match="sentinels"):
        LanguageTask(
            config("gpt2-medium", (data_folder, tokenizer_folder), source, tmp_path, "tasks={motion_denoise: 1}")
        )
