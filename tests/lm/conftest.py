"""A language model so small that every test of the language room is fast."""

from __future__ import annotations

import pytest
from hypothesis import settings

from motiongpt.lm.model import LanguageConfig, MotionLanguageModel
from motiongpt.lm.tokenizer import TextTokenizer

# How long an example takes says more about the machine than about the code.
settings.register_profile("language", deadline=None)
settings.load_profile("language")

CAPTIONS = [
    "a person walks forward and waves with the right hand",
    "someone jumps up, turns left and runs in a circle",
    "the man sits down slowly, then stands up again",
    "Describe the motion in 120 frames.",
]
TINY = LanguageConfig(num_codes=16, text_vocabulary=420, d_model=32, d_kv=8, d_ff=48, layers=2, decoder_layers=2)


@pytest.fixture(scope="session")
def words() -> TextTokenizer:
    return TextTokenizer.train(CAPTIONS, num_codes=TINY.num_codes, vocabulary_size=TINY.text_vocabulary)


@pytest.fixture
def model(words: TextTokenizer) -> MotionLanguageModel:
    return MotionLanguageModel.create(TINY, words, seed=1).eval()
