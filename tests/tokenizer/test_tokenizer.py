"""MotionTokenizer: honest lengths, folders that rebuild themselves."""

import json

import numpy as np
import pytest
import torch

from motiongpt import Motion, MotionGPTError
from motiongpt.motion import HUMANML3D, KIT
from motiongpt.tokenizer import MotionTokenizer, VQVAEConfig


@pytest.fixture(scope="module")
def tokenizer():
    torch.manual_seed(0)
    config = VQVAEConfig(width=32, code_dim=16, num_codes=40, depth=2)
    made = MotionTokenizer(config, np.zeros(263), np.ones(263), HUMANML3D)
    # Untrained codes lie so close together that all frames would share one.
    made.vqvae.quantizer.codebook.normal_(std=0.1)
    return made.eval()


@pytest.mark.parametrize("length", [1, 2, 3, 4, 5, 8, 63, 64, 65])
def test_every_frame_is_covered_by_a_code(tokenizer, length):
    features = np.random.default_rng(0).normal(size=(length, 263)).astype(np.float32)
    codes = tokenizer.encode(features)
    assert codes.shape == (-(-length // 4),)
    assert codes.dtype == np.int64
    assert tokenizer.decode(codes).shape == (4 * len(codes), 263)


def test_codes_do_not_depend_on_the_batch(tokenizer):
    rng = np.random.default_rng(1)
    clips = [rng.normal(size=(length, 263)).astype(np.float32) for length in (5, 64, 17, 64, 1, 200)]
    for clip, codes in zip(clips, tokenizer.encode_batch(clips), strict=True):
        np.testing.assert_array_equal(codes, tokenizer.encode(clip))
    assert len(np.unique(tokenizer.encode(clips[-1]))) > 3


def test_what_is_decoded_does_not_depend_on_the_batch(tokenizer):
    rng = np.random.default_rng(1)
    streams = [rng.integers(0, tokenizer.num_codes, length) for length in (5, 16, 5, 1, *[16] * 40)]
    for stream, features in zip(streams, tokenizer.decode_batch(streams), strict=True):
        np.testing.assert_allclose(features, tokenizer.decode(stream), atol=1e-4)
    assert tokenizer.decode_batch([]) == []


def test_latents_in_the_place_of_codes(tokenizer):
    refined = MotionTokenizer(tokenizer.config, np.zeros(263), np.ones(263), HUMANML3D)
    refined.load_state_dict(tokenizer.state_dict())
    refined.refine(VQVAEConfig(width=32, code_dim=16, num_codes=8, depth=1, levels=2))
    quantizer = refined.eval().refinement.quantizer
    features = np.random.default_rng(3).normal(size=(20, 263)).astype(np.float32)
    codes, latents = refined.encode_latents(torch.as_tensor(features)[None])
    np.testing.assert_array_equal(codes[0], refined.encode(features, coarse=True))
    # Quantized, they are what the codes of the refinement say.
    rounded = quantizer.decode(quantizer.encode(latents.transpose(1, 2)))[0].T.numpy()
    np.testing.assert_allclose(
        refined.decode(codes[0].numpy(), rounded), refined.decode(refined.encode(features)), atol=1e-5
    )
    assert np.abs(refined.decode(codes[0].numpy(), latents[0].numpy()) - refined.decode(codes[0].numpy())).max() > 1e-3
    for model, stream, count in ((tokenizer, codes[0].numpy(), 5), (refined, refined.encode(features), 5)):
        with pytest.raises(MotionGPTError, match="latents do not fit"):
            model.decode(stream, np.zeros((count, 16), dtype=np.float32))
    with pytest.raises(MotionGPTError, match="4 latents do not fit 5 codes"):
        refined.decode(codes[0].numpy(), np.zeros((4, 16), dtype=np.float32))
    with pytest.raises(MotionGPTError, match="no refinement"):
        tokenizer.encode_latents(torch.as_tensor(features)[None])


def test_repeating_the_last_row_is_what_completes_a_stride(tokenizer):
    features = np.random.default_rng(2).normal(size=(10, 263)).astype(np.float32)
    longer = np.concatenate([features, features[-1:], features[-1:]])
    np.testing.assert_array_equal(tokenizer.encode(features), tokenizer.encode(longer))


def test_motion_has_a_row_for_each_frame_and_keeps_its_pose(tokenizer, walk):
    for frames in (1, 2, 3, 60):
        rows = tokenizer.features_of(walk[:frames])
        assert len(rows) == frames
    back = Motion.from_features(rows).joints
    np.testing.assert_allclose(back, walk.standard().joints, atol=5e-3)


def test_other_rates_and_sizes_are_standardised(tokenizer, walk):
    fast = Motion(np.repeat(walk.joints * 2, 3, axis=0), fps=60)
    assert len(tokenizer.encode(fast)) == len(tokenizer.encode(walk))


def test_save_and_load(tokenizer, tmp_path, walk):
    tokenizer.save(tmp_path / "t")
    loaded = MotionTokenizer.load(tmp_path / "t")
    for name, tensor in tokenizer.state_dict().items():
        torch.testing.assert_close(loaded.state_dict()[name], tensor)
    np.testing.assert_array_equal(loaded.encode(walk), tokenizer.encode(walk))


def test_ema_state_is_saved(tokenizer, tmp_path):
    tokenizer.vqvae.quantizer.code_count.fill_(3.5)
    tokenizer.save(tmp_path / "t")
    assert float(MotionTokenizer.load(tmp_path / "t").vqvae.quantizer.code_count[0]) == 3.5


def damage_version(folder):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"format_version": 99}))


def damage_weights(folder):
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])


def damage_shape(folder):
    config = json.loads((folder / "config.json").read_text())
    config["network"]["num_codes"] = 41
    (folder / "config.json").write_text(json.dumps(config))


def damage_key(folder):
    config = json.loads((folder / "config.json").read_text())
    config["network"]["colour"] = "blue"
    (folder / "config.json").write_text(json.dumps(config))


def remove_config(folder):
    (folder / "config.json").unlink()


def remove_weights(folder):
    (folder / "model.safetensors").unlink()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (damage_version, "version 99"),
        (damage_weights, r"model\.safetensors is damaged"),
        (damage_shape, "has shape"),
        (damage_key, "unknown key 'colour'"),
        (remove_config, r"no config\.json"),
        (remove_weights, r"model\.safetensors is missing"),
    ],
)
def test_a_damaged_folder_is_refused_in_a_sentence(tokenizer, tmp_path, damage, message):
    tokenizer.save(tmp_path / "t")
    damage(tmp_path / "t")
    with pytest.raises(MotionGPTError, match=message) as caught:
        MotionTokenizer.load(tmp_path / "t")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("codes", [[], [[1, 2]], [0.5], [-1], [40]])
def test_impossible_codes_are_refused(tokenizer, codes):
    with pytest.raises(MotionGPTError, match="Codes must"):
        tokenizer.decode(np.array(codes))


def test_features_that_are_not_finite_are_refused(tokenizer):
    features = np.zeros((8, 263), dtype=np.float32)
    features[3, 7] = np.nan
    with pytest.raises(MotionGPTError, match="row 3"):
        tokenizer.encode(features)


def test_another_skeleton_is_refused(tokenizer):
    with pytest.raises(MotionGPTError, match="kit"):
        tokenizer.encode(Motion(np.zeros((8, 21, 3)), skeleton=KIT))
