"""The matcher: lengths, strictness, saving with and without its sentence encoder."""

import numpy as np
import pytest
import torch

from motiongpt.errors import MotionGPTError
from motiongpt.lm.sentence_encoder import SENTENCE_ENCODER_FOLDER, SentenceEncoder, sentence_vectors
from motiongpt.lm.text_encoder import TextEncoder
from motiongpt.motion import HUMANML3D
from motiongpt.retrieval.matcher import Matcher, MatcherConfig

SMALL = MatcherConfig(width=32, heads=2, motion_layers=1, text_layers=1, embedding=16)


@pytest.fixture
def matcher(bert_folder):
    torch.manual_seed(0)
    sentence_encoder = SentenceEncoder.pretrained(str(bert_folder))
    dim = HUMANML3D.feature_dim
    return Matcher(SMALL, sentence_encoder, np.zeros(dim), np.ones(dim), HUMANML3D).eval()


def clip(frames, seed=0):
    return np.random.default_rng(seed).normal(size=(frames, HUMANML3D.feature_dim)).astype(np.float32)


def test_no_motion_depends_on_what_else_is_embedded(matcher):
    clips = [clip(frames, frames) for frames in (1, 7, 8, 9, 40, 123)]
    together = matcher.embed_motions(clips)
    for row, one in zip(together, clips, strict=True):
        np.testing.assert_allclose(row, matcher.embed_motions([one])[0], atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)


def test_no_sentence_depends_on_what_else_is_embedded(matcher):
    texts = ["person", "person walks forward", "person waving right hand jump jump"]
    together = matcher.embed_texts(texts)
    for row, text in zip(together, texts, strict=True):
        np.testing.assert_allclose(row, matcher.embed_texts([text])[0], atol=1e-5)
    assert np.abs(together[0] - together[1]).max() > 1e-3


def test_order_in_time_counts(matcher):
    one = clip(40)
    assert np.abs(matcher.embed_motions([one]) - matcher.embed_motions([one[::-1].copy()])).max() > 1e-3


def test_the_reader_is_the_bert_of_the_folder(matcher, bert_folder):
    from tokenizers import Tokenizer
    from transformers import BertModel

    sentence = "person waving forward"
    theirs = BertModel.from_pretrained(bert_folder).eval()
    pieces = Tokenizer.from_file(str(bert_folder / "tokenizer.json"))
    pieces.no_padding()
    ids = [pieces.token_to_id("[CLS]"), *pieces.encode(sentence, add_special_tokens=False).ids]
    ids.append(pieces.token_to_id("[SEP]"))
    with torch.no_grad():
        expected = theirs(torch.tensor([ids])).last_hidden_state[0]
    (states,) = matcher.sentence_encoder.encode([sentence])
    # The matrices are rounded to eight bits.
    assert torch.nn.functional.cosine_similarity(states, expected, dim=-1).min() > 0.99
    assert sentence_vectors([states]).norm() == pytest.approx(1, abs=1e-5)


def test_saved_and_loaded_it_is_the_same(matcher, tmp_path):
    matcher.save(tmp_path)
    again = Matcher.load(tmp_path)
    one = [clip(30)]
    np.testing.assert_allclose(again.embed_motions(one), matcher.embed_motions(one), atol=1e-6)
    np.testing.assert_allclose(again.embed_texts(["person walks"]), matcher.embed_texts(["person walks"]), atol=1e-6)


def test_a_folder_without_sentence_encoder_takes_that_of_a_model(matcher, bert_folder, tmp_path):
    matcher.save(tmp_path, shared_encoder=True)
    assert not (tmp_path / SENTENCE_ENCODER_FOLDER).exists()
    with pytest.raises(MotionGPTError, match="shares the sentence encoder"):
        Matcher.load(tmp_path)
    encoder = TextEncoder.pretrained(str(bert_folder), 8, torch.Generator())
    assert matcher.sentence_encoder.equals(encoder)
    again = Matcher.load(tmp_path, SentenceEncoder.of(encoder))
    np.testing.assert_allclose(again.embed_texts(["person"]), matcher.embed_texts(["person"]), atol=1e-6)


@pytest.mark.parametrize(
    ("motion", "message"),
    [
        (np.zeros((4, 5), np.float32), "shape"),
        (np.zeros((0, 263), np.float32), "shape"),
        (np.full((4, 263), np.nan, np.float32), "NaN or infinity"),
    ],
)
def test_bad_motions_are_named(matcher, motion, message):
    with pytest.raises(MotionGPTError, match=message):
        matcher.embed_motions([clip(8), motion])


def test_empty_sentences_are_named(matcher):
    with pytest.raises(MotionGPTError, match="Sentence 1 has no words"):
        matcher.embed_texts(["person", " "])
