"""All three stages train, and an interrupted run ends with the same weights as one that was not interrupted."""

import json
import os
import signal
from itertools import pairwise

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from motiongpt.data.tokens import write_tokens
from motiongpt.errors import MotionGPTError
from motiongpt.generation.motiongpt import MotionGPT
from motiongpt.motion import features_to_joints, joints_to_features
from motiongpt.motion.rotations import about, rotate
from motiongpt.tokenizer import MotionTokenizer
from motiongpt.training import loop
from motiongpt.training.config import LanguageTraining, LoopConfig, TokenizerTraining, load_config
from motiongpt.training.language import LanguageTask, train_language
from motiongpt.training.loop import learning_rate
from motiongpt.training.tokenizer import DecoderTask, TokenizerTask, support_error, train_tokenizer


def tokenizer_config(data_folder, output, *overrides):
    return load_config(TokenizerTraining, "tiny-tokenizer", [f"data={data_folder}", f"output={output}", *overrides])


@pytest.fixture(scope="module")
def tokenizer_folder(data_folder, tmp_path_factory):
    return train_tokenizer(tokenizer_config(data_folder, tmp_path_factory.mktemp("run") / "tokenizer", "loop.steps=6"))


def language_config(stage, data_folder, tokenizer_folder, output, *overrides):
    values = [f"data={data_folder}", f"tokenizer={tokenizer_folder}", f"output={output}"]
    return load_config(LanguageTraining, f"tiny-{stage}", [*values, *overrides])


def state(folder):
    return load_file(folder / loop.STATE)


def assert_same(a, b):
    assert a.keys() == b.keys()
    for name in a:
        torch.testing.assert_close(a[name], b[name], rtol=0, atol=0, msg=name)


class Interruption:
    """Sends SIGINT to this process while a given step's batch is drawn."""

    def __init__(self, task_class, at, monkeypatch):
        original = task_class.batch

        def batch(task, step, rank):
            if step == at:
                os.kill(os.getpid(), signal.SIGINT)
            return original(task, step, rank)

        monkeypatch.setattr(task_class, "batch", batch)


# The tiny recipe starts to quantize at step 3: before, at, and after it.
@pytest.mark.parametrize("at", [0, 2, 3, 4])
def test_tokenizer_interrupted_anywhere_ends_with_the_same_weights(data_folder, tmp_path, monkeypatch, at):
    steps = ["loop.steps=6", "quantize_from=3", "loop.average=0.9"]
    train_tokenizer(tokenizer_config(data_folder, tmp_path / "whole", *steps))
    with monkeypatch.context() as patch:
        Interruption(TokenizerTask, at, patch)
        with pytest.raises(MotionGPTError, match=f"Interrupted after step {at + 1} of 6"):
            train_tokenizer(tokenizer_config(data_folder, tmp_path / "parts", *steps))
    assert not (tmp_path / "parts" / "final").exists()
    train_tokenizer(tokenizer_config(data_folder, tmp_path / "parts", *steps))
    assert_same(state(tmp_path / "whole"), state(tmp_path / "parts"))
    whole, parts = (load_file(tmp_path / name / "final" / "model.safetensors") for name in ("whole", "parts"))
    assert_same(whole, parts)


@pytest.mark.parametrize(("stage", "encoder"), [("pretrain", False), ("pretrain", True), ("instruct", False)])
def test_language_model_interrupted_ends_with_the_same_weights(
    data_folder, tokenizer_folder, bert_folder, tmp_path, monkeypatch, stage, encoder
):
    steps = ["loop.steps=5", "start=", "loop.average=0.9"]
    if encoder:
        steps += [f"model.text_encoder={bert_folder}", "model.text_encoder_layers=1", "word_dropout=0.2"]
    train_language(language_config(stage, data_folder, tokenizer_folder, tmp_path / "whole", *steps))
    with monkeypatch.context() as patch:
        Interruption(LanguageTask, 2, patch)
        with pytest.raises(MotionGPTError, match="Interrupted"):
            train_language(language_config(stage, data_folder, tokenizer_folder, tmp_path / "parts", *steps))
    train_language(language_config(stage, data_folder, tokenizer_folder, tmp_path / "parts", *steps))
    assert_same(state(tmp_path / "whole"), state(tmp_path / "parts"))


def test_the_three_stages_give_a_model_that_loads(data_folder, tokenizer_folder, tmp_path, walk):
    pretrained = train_language(language_config("pretrain", data_folder, tokenizer_folder, tmp_path / "pre"))
    config = language_config("instruct", data_folder, tokenizer_folder, tmp_path / "ins", f"start={pretrained}")
    from motiongpt.lm.model import MotionLanguageModel

    model = MotionGPT(MotionTokenizer.load(tokenizer_folder), MotionLanguageModel.load(train_language(config)))
    model.save_pretrained(tmp_path / "model")
    loaded = MotionGPT.from_pretrained(tmp_path / "model")
    assert len(loaded.generate("a person walks slowly", seconds=2.0)) == 40
    assert loaded.describe(walk)


def test_a_text_encoder_stays_frozen_through_all_stages(data_folder, tokenizer_folder, bert_folder, tmp_path):
    from motiongpt.lm.model import MotionLanguageModel

    encoder = [f"model.text_encoder={bert_folder}", "loop.average=0.9", "loop.steps=5"]
    config = language_config("pretrain", data_folder, tokenizer_folder, tmp_path / "pre", *encoder)
    before = LanguageTask(config).module.text_encoder.state_dict()
    pretrained = train_language(config)
    config = language_config("instruct", data_folder, tokenizer_folder, tmp_path / "ins", f"start={pretrained}")
    model = MotionGPT(MotionTokenizer.load(tokenizer_folder), MotionLanguageModel.load(train_language(config)))
    model.save_pretrained(tmp_path / "model")
    loaded = MotionGPT.from_pretrained(tmp_path / "model")
    for name, weight in loaded.language.text_encoder.state_dict().items():
        assert torch.equal(weight, before[name]) == name.startswith("network."), name
    assert len(loaded.generate("a person walks slowly", seconds=2.0, guidance=2.0)) == 40
    # What is frozen is not averaged, neither in memory nor in the file.
    averaged = {name for name in state(tmp_path / "pre") if name.startswith("average/")}
    assert "average/text_encoder.mix" in averaged
    assert not any("text_encoder.network" in name for name in averaged)


def test_words_are_hidden_from_the_text_encoder_alone(data_folder, tokenizer_folder, bert_folder, tmp_path):
    values = [f"model.text_encoder={bert_folder}", "loop.batch_size=64", "tasks={t2m: 1, m2t: 1}"]
    plain, hidden = (
        LanguageTask(language_config("pretrain", data_folder, tokenizer_folder, tmp_path, *values, *more))
        for more in ([], ["word_dropout=0.3"])
    )
    mask = -plain.module.text_encoder.mask - 1
    shares = []
    for task in (plain, hidden):
        ids = torch.cat([task.batch(step, 0)["input_ids"].flatten() for step in range(4)])
        shares.append(float((ids[ids < 0] == mask).float().mean()))
        assert (ids > task.module.tokenizer.first_code).any()
    assert shares[0] == 0
    assert shares[1] == pytest.approx(0.3, abs=0.03)
    with pytest.raises(MotionGPTError, match="word_dropout"):
        LanguageTask(language_config("pretrain", data_folder, tokenizer_folder, tmp_path, "word_dropout=0.3"))


def test_captions_lose_whole_words_before_a_text_encoder(data_folder, tokenizer_folder, bert_folder, tmp_path):
    values = [f"model.text_encoder={bert_folder}", "tasks={caption_denoise: 1}"]
    task = LanguageTask(language_config("pretrain", data_folder, tokenizer_folder, tmp_path, *values))
    batch = task.batch(0, 0)
    words, pieces = task.module.tokenizer, task.module.text_encoder.pieces
    for row, mask, labels in zip(batch["input_ids"], batch["attention_mask"], batch["labels"], strict=True):
        shown = row[mask].tolist()[:-1]
        assert set(shown) - set(words.sentinels) == {i for i in shown if i < 0}
        assert words.sentinels[0] in shown
        text = pieces.decode([-i - 1 for i in shown if i < 0])
        answer = words.decode(i for i in labels.tolist() if i >= 0)
        # "a person walks slowly" loses one of its four words.
        assert sorted([*text.split(), answer]) in (
            sorted("a person walks slowly".split()),  # noqa: SIM905
            sorted("a person walks quickly".split()),  # noqa: SIM905
        )


def test_strict_reference_teaches_lengths_in_tokens(data_folder, tokenizer_folder, tmp_path):
    file = tmp_path / "instructions.json"
    sub_task = {"input": ["How long is <Motion_Placeholder>?"], "output": ["<Frame_Placeholder>"]}
    file.write_text(json.dumps({"length": {"m2l": sub_task}}))
    for strict, unit in (("false", 4), ("true", 1)):
        values = [f"templates={file}", f"strict_reference={strict}"]
        task = LanguageTask(language_config("pretrain", data_folder, tokenizer_folder, tmp_path, *values, "tasks={}"))
        prompt, answer = task._pair("m2frames", np.random.default_rng(0))
        assert int(answer) == unit * (prompt.count("<motion_id_") - 2)
    with pytest.raises(MotionGPTError, match="templates"):
        LanguageTask(language_config("pretrain", data_folder, tokenizer_folder, tmp_path, "strict_reference=true"))


def test_training_lowers_the_error(data_folder, tmp_path):
    config = tokenizer_config(
        data_folder, tmp_path / "run", "loop.steps=80", "quantize_from=60", "loop.learning_rate=3e-3"
    )
    task = TokenizerTask(config)
    with torch.no_grad():
        before = float(task.loss(task.module.eval(), task.batch(999, 0))[1]["reconstruction"])
    trained = MotionTokenizer.load(train_tokenizer(config))
    task.module = trained
    with torch.no_grad():
        after = float(task.loss(trained, task.batch(999, 0))[1]["reconstruction"])
    assert after < 0.8 * before


def test_batches_are_a_function_of_seed_and_step(data_folder, tokenizer_folder, tmp_path):
    for task, other in (
        (
            TokenizerTask(tokenizer_config(data_folder, tmp_path)),
            TokenizerTask(tokenizer_config(data_folder, tmp_path, "seed=5")),
        ),
        (
            LanguageTask(language_config("pretrain", data_folder, tokenizer_folder, tmp_path)),
            LanguageTask(language_config("pretrain", data_folder, tokenizer_folder, tmp_path, "seed=5")),
        ),
    ):
        first = task.batch(3, 0)
        for step, rank, same in ((3, 0, True), (4, 0, False), (3, 1, False)):
            again = task.batch(step, rank)
            equal = all(first[k].shape == again[k].shape and torch.equal(first[k], again[k]) for k in first)
            assert equal == same
        again = other.batch(3, 0)
        assert not all(first[k].shape == again[k].shape and torch.equal(first[k], again[k]) for k in first)


def test_no_window_is_padded_and_short_clips_are_used(data_folder, tmp_path):
    task = TokenizerTask(tokenizer_config(data_folder, tmp_path, "windows=[64, 32]"))
    shapes = {task.batch(step, 0)["features"].shape for step in range(40)}
    size = task.config.loop.batch_size
    assert shapes == {(size, 64, 263), (2 * size, 32, 263)}


def test_a_run_of_another_config_is_not_resumed(data_folder, tmp_path):
    train_tokenizer(tokenizer_config(data_folder, tmp_path / "run", "loop.steps=2"))
    with pytest.raises(MotionGPTError, match=r"another config \(network changed\)"):
        train_tokenizer(tokenizer_config(data_folder, tmp_path / "run", "loop.steps=2", "network.width=64"))


def test_a_loss_that_is_not_finite_stops_and_keeps_the_last_state(data_folder, tmp_path):
    with pytest.raises(MotionGPTError, match="not finite"):
        train_tokenizer(tokenizer_config(data_folder, tmp_path / "run", "commitment=.nan"))


def test_learning_rate_warms_up_and_falls_to_its_floor():
    config = LoopConfig(steps=100, learning_rate=1.0, final_rate=0.1, warmup=10)
    rates = [learning_rate(config, step) for step in range(101)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == pytest.approx(1.0)
    assert np.argmax(rates) in (9, 10)
    assert rates[100] == pytest.approx(0.1)
    longer = LoopConfig(steps=50, schedule=100, learning_rate=1.0, final_rate=0.1, warmup=10)
    assert [learning_rate(longer, step) for step in range(51)] == rates[:51]
    assert all(a >= b for a, b in pairwise(rates[10:]))


@pytest.mark.parametrize(
    ("key", "message"),
    [("tasks={walk: 1}", "no task 'walk'"), ("block_weights={elbows: 1}", "no block 'elbows'")],
)
def test_unknown_names_in_a_config_are_named(data_folder, tokenizer_folder, tmp_path, key, message):
    if key.startswith("tasks"):
        config = language_config("pretrain", data_folder, tokenizer_folder, tmp_path / "x", key)
    else:
        config = tokenizer_config(data_folder, tmp_path / "x", key)
    with pytest.raises(MotionGPTError, match=message):
        (train_language if key.startswith("tasks") else train_tokenizer)(config)


@pytest.fixture(scope="module")
def refined_folder(data_folder, tokenizer_folder, tmp_path_factory):
    output = tmp_path_factory.mktemp("run") / "refined"
    return train_tokenizer(tokenizer_config(data_folder, output, f"refines={tokenizer_folder}", "loop.steps=2"))


def decoder_config(data_folder, folder, output, *overrides):
    values = [f"start={folder}", "keep_codes=true", "joint_weight=10", "loop.steps=8", *overrides]
    return tokenizer_config(data_folder, output, *values)


@pytest.mark.parametrize("name", ["tokenizer_folder", "refined_folder"])
@pytest.mark.parametrize("overrides", [[], ["splice=0.5", "support_weight=5", "quick=0.5"]])
def test_the_decoder_learns_and_the_coarse_codes_stay(request, data_folder, tmp_path, walk, name, overrides):
    folder = request.getfixturevalue(name)
    config = decoder_config(data_folder, folder, tmp_path / "run", *overrides)
    before, after = MotionTokenizer.load(folder), MotionTokenizer.load(train_tokenizer(config))
    np.testing.assert_array_equal(before.encode(walk, coarse=True), after.encode(walk, coarse=True))
    for key, weight in before.vqvae.state_dict().items():
        same = torch.equal(weight, after.vqvae.state_dict()[key])
        assert same == ("decoder" not in key), key
    learned = {
        key.split(".")[1]
        for key, weight in before.state_dict().items()
        if key.startswith("refinement") and not torch.equal(weight, after.state_dict()[key])
    }
    assert learned == ({"encoder", "decoder", "quantizer"} if name == "refined_folder" else set())


def test_windows_have_the_codes_of_the_whole_clip(data_folder, tmp_path, tokenizer_folder):
    task = DecoderTask(decoder_config(data_folder, tokenizer_folder, tmp_path))
    known = {
        track.features[start * 4 :][: count * 4].tobytes(): track.codes[start : start + count].flatten()
        for (window, _), bucket in zip(task.buckets, task.tracks, strict=True)
        for tracks in bucket
        for track in tracks
        for count in [window // 4]
        for start in range(len(track.codes) - count + 1)
    }
    offsets = {len(tracks) for bucket in task.tracks for tracks in bucket}
    assert max(offsets) == 4
    for step in range(3):
        batch = task.batch(step, 0)
        for features, codes in zip(batch["features"], batch["codes"], strict=True):
            np.testing.assert_array_equal(codes, known[features.numpy().tobytes()])


def test_a_shallow_decoder_keeps_the_blocks_of_shortest_reach(data_folder, tmp_path, walk):
    deep = train_tokenizer(tokenizer_config(data_folder, tmp_path / "deep", "network.depth=3", "loop.steps=2"))
    config = decoder_config(data_folder, deep, tmp_path / "run", "decoder_depth=1", "loop.learning_rate=0")
    before, after = MotionTokenizer.load(deep), MotionTokenizer.load(train_tokenizer(config))
    codes = before.encode(walk)
    np.testing.assert_array_equal(codes, after.encode(walk))
    assert (after.config.depth, after.config.decoder_depth) == (3, 1)
    for layer, old in ((after.vqvae.decoder.model[2], before.vqvae.decoder.model[2]),):
        (block,) = layer[0].model
        assert block.conv1.dilation == (1,)
        torch.testing.assert_close(block.conv1.weight, old[0].model[2].conv1.weight, rtol=1e-3, atol=1e-4)
    # What is far away no longer counts: one code more or less at the start changes the start alone.
    codes = np.tile(codes, 4)[:40]
    other = np.concatenate([[(codes[0] + 1) % before.num_codes], codes[1:]])
    changed = np.flatnonzero((after.decode(codes) != after.decode(other)).any(axis=1)).max() // after.stride
    assert changed <= 4 < np.flatnonzero((before.decode(codes) != before.decode(other)).any(axis=1)).max() // 4
    with pytest.raises(MotionGPTError, match="has 1 residual blocks per stage: 2 of them cannot be kept"):
        after.shorten_decoder(2)


@pytest.mark.parametrize("overrides", [["keep_codes=true"], ["splice=0.5"], ["decoder_depth=1"]])
def test_keys_of_the_decoder_need_the_codes_of_a_tokenizer(data_folder, tmp_path, overrides):
    with pytest.raises(MotionGPTError, match="keep_codes"):
        train_tokenizer(tokenizer_config(data_folder, tmp_path, *overrides))


def test_a_body_that_stands_as_it_should_has_no_error_of_support():
    """Whichever foot it stands on; the feet's own velocities differ then."""
    feet = torch.zeros(1, 9, 4, 3)
    feet[..., :2, 0] = 0.05 * torch.arange(9)[None, :, None]
    feet[..., :2, 1] = 0.1
    other = feet[:, :, [2, 3, 0, 1]]
    assert support_error(feet, feet, 20.0) == 0
    # The feet that swing move 1 m/s, 10 cm in a tenth of a second.
    assert float(support_error(other, feet, 20.0)) == pytest.approx(0.1)
    gliding = feet.mean(2, keepdim=True).expand_as(feet)
    assert float(support_error(gliding, feet, 20.0)) == pytest.approx(0.05 + 0.05 + 0.05 + 0.05)


def test_the_joint_error_is_that_of_the_joints(data_folder, tmp_path, tokenizer_folder, walk):
    """Against the conversion of features to joints, on a body that turns."""
    task = TokenizerTask(tokenizer_config(data_folder, tmp_path, f"start={tokenizer_folder}"))
    turning = np.stack([rotate(about("Y", np.array(0.03 * k)), frame) for k, frame in enumerate(walk.joints)])
    features = joints_to_features(turning)
    joints = features_to_joints(features)
    expected = joints[:, 1:] - joints[:, :1]
    local, path = task._placed(torch.from_numpy(features)[None])
    np.testing.assert_allclose(local[0], expected, atol=1e-5)
    np.testing.assert_allclose(path[0], joints[:, 0, [0, 2]], atol=1e-5)


def test_the_joint_error_of_kit_bodies_is_in_metres(kit_folder, tmp_path, make_kit_walk):
    task = TokenizerTask(tokenizer_config(kit_folder, tmp_path, "network.features=251"))
    walk = make_kit_walk()
    local, path = task._placed(torch.from_numpy(walk.features())[None])
    joints = walk.canonical().joints[:-1]
    np.testing.assert_allclose(local[0], joints[:, 1:] - joints[:, :1], atol=1e-4)
    np.testing.assert_allclose(path[0], joints[:, 0, [0, 2]], atol=1e-4)


def test_a_run_of_an_earlier_version_resumes(data_folder, tokenizer_folder, tmp_path):
    """Its saved config lacks keys that came later, which are off, and has others under their older names."""
    from safetensors import safe_open
    from safetensors.torch import save_file

    values = (data_folder, tokenizer_folder, tmp_path / "run")
    train_language(language_config("pretrain", *values, "loop.steps=2"))
    path = tmp_path / "run" / loop.STATE
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
    config = json.loads(metadata["config"])
    del config["tokens"], config["model"]["text_encoder"]
    for older, name in (("practice", "self_training"), ("practice_share", "self_training_share")):
        config[older] = config.pop(name)
    save_file(load_file(path), path, {**metadata, "config": json.dumps(config)})
    train_language(language_config("pretrain", *values, "loop.steps=2"))
    write_tokens(data_folder, MotionTokenizer.load(tokenizer_folder), tmp_path / "TOKENS")
    with pytest.raises(MotionGPTError, match="tokens changed"):
        train_language(language_config("pretrain", *values, "loop.steps=2", f"tokens={tmp_path / 'TOKENS'}"))
