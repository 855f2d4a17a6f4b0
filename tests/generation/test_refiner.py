"""The refiner: what it draws, from what, and its folder."""

import numpy as np
import pytest
import torch

from motiongpt.errors import MotionGPTError
from motiongpt.generation.refiner import WINDOW, Refiner, RefinerConfig
from motiongpt.lm.sentence_encoder import SENTENCE_ENCODER_FOLDER, SentenceEncoder
from motiongpt.lm.text_encoder import TextEncoder
from motiongpt.motion import HUMANML3D
from motiongpt.tokenizer import MotionTokenizer, VQVAEConfig

SMALL = RefinerConfig(width=32, heads=2, layers=1, feed_forward=32)
SIZE = 24


def motion_tokenizer(**changes):
    torch.manual_seed(0)
    config = VQVAEConfig(width=32, code_dim=16, num_codes=40, depth=1, **changes)
    tokenizer = MotionTokenizer(config, np.zeros(263), np.ones(263), HUMANML3D).eval()
    for codebook in (buffer for name, buffer in tokenizer.vqvae.named_buffers() if name.endswith("codebook")):
        codebook.normal_()
    return tokenizer


@pytest.fixture(scope="module")
def tokenizer():
    made = motion_tokenizer()
    made.refine(VQVAEConfig(width=32, code_dim=SIZE, num_codes=8, depth=1, levels=2))
    return made.eval()


@pytest.fixture(scope="module")
def refiner(tokenizer, bert_folder):
    sentence_encoder = SentenceEncoder.pretrained(str(bert_folder))
    torch.manual_seed(0)
    return Refiner(SMALL, sentence_encoder, tokenizer, np.full(SIZE, 2.0), np.full(SIZE, 3.0)).eval()


def rows(*lengths):
    rng = np.random.default_rng(0)
    return [rng.integers(0, 40, length) for length in lengths]


def test_a_motion_is_the_same_alone_or_in_a_list(refiner):
    codes, sentences = rows(7, 1, WINDOW + 3, 20, 7), ["person jumps", None, "person waves right hand", None, "walk"]
    together = refiner.refine(codes, sentences, [3, 4, 5, 6, 7])
    for number, (code, sentence, latents) in enumerate(zip(codes, sentences, together, strict=True)):
        assert latents.shape == (len(code), SIZE)
        (alone,) = refiner.refine([code], [sentence], [3 + number])
        np.testing.assert_allclose(latents, alone, atol=1e-4)


def test_codes_sentence_and_seed_all_count(refiner):
    (codes, other) = rows(12, 12)

    def drawn(code=codes, sentence="person jumps", seed=0, **options):
        return refiner.refine([code], [sentence], [seed], **options)[0]

    base = drawn()
    np.testing.assert_array_equal(base, drawn())
    for change in (drawn(code=other), drawn(sentence="person walks"), drawn(sentence=None), drawn(seed=1)):
        assert np.abs(change - base).max() > 1e-3
    assert np.abs(drawn(guidance=1) - base).max() > 1e-4
    # Without a sentence there is nothing to follow more closely.
    np.testing.assert_array_equal(drawn(sentence=None, guidance=1), drawn(sentence=None, guidance=4))


def test_a_single_step_is_what_the_network_tells_of_noise(refiner):
    (codes,) = rows(9)
    noise = np.random.default_rng(11).standard_normal((9, SIZE), dtype=np.float32)
    with torch.inference_mode():
        told = refiner(
            torch.as_tensor(codes)[None],
            torch.as_tensor(noise)[None],
            torch.zeros(1),
            torch.ones(1, 9, dtype=torch.bool),
            torch.zeros(1, 0, refiner.sentence_encoder.config.hidden_size),
            torch.zeros(1, 0, dtype=torch.bool),
        )[0]
    (made,) = refiner.refine([codes], [None], [11], steps=1)
    (wider,) = refiner.refine([codes], [None], [11], steps=1, spread=2.0)
    assert np.abs(wider - made).max() > 1e-3
    np.testing.assert_allclose(made, told.numpy() * 3 + 2, atol=1e-5)


def test_steps_follow_a_known_flow_to_its_end(refiner, monkeypatch):
    """Where the network always knows the end, every number of steps arrives at it."""
    goal = torch.randn(SIZE)
    monkeypatch.setattr(Refiner, "forward", lambda self, codes, latents, *_: goal.expand_as(latents))
    for steps in (1, 3, 8):
        for latents in refiner.refine(rows(5, 9), ["person", None], [0, 1], steps=steps, guidance=2.0):
            np.testing.assert_allclose(latents, np.tile(goal * 3 + 2, (len(latents), 1)), rtol=1e-4, atol=1e-4)


def test_saved_and_loaded_it_is_the_same(refiner, tokenizer, tmp_path):
    refiner.save(tmp_path)
    again = Refiner.load(tmp_path, tokenizer)
    codes = rows(12)
    np.testing.assert_array_equal(
        again.refine(codes, ["person walks"], [2])[0], refiner.refine(codes, ["person walks"], [2])[0]
    )


def test_a_folder_without_reader_takes_that_of_a_model(refiner, tokenizer, bert_folder, tmp_path):
    refiner.save(tmp_path, shared_encoder=True)
    assert not (tmp_path / SENTENCE_ENCODER_FOLDER).exists()
    with pytest.raises(MotionGPTError, match="shares the sentence encoder"):
        Refiner.load(tmp_path, tokenizer)
    encoder = TextEncoder.pretrained(str(bert_folder), 8, torch.Generator())
    again = Refiner.load(tmp_path, tokenizer, SentenceEncoder.of(encoder))
    codes = rows(12)
    np.testing.assert_array_equal(
        again.refine(codes, ["person walks"], [2])[0], refiner.refine(codes, ["person walks"], [2])[0]
    )


def test_tokenizers_that_cannot_be_refined_are_refused(refiner, tmp_path):
    several = motion_tokenizer(levels=2)
    several.refine(VQVAEConfig(width=32, code_dim=SIZE, num_codes=8, depth=1))
    for tokenizer in (motion_tokenizer(), several):
        with pytest.raises(MotionGPTError, match="needs a motion tokenizer with a refinement"):
            Refiner(SMALL, refiner.sentence_encoder, tokenizer)
