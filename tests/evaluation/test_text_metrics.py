"""Caption scores against the COCO code, sacrebleu, NLTK and rouge-score, and what must hold of any such score."""

from __future__ import annotations

import contextlib
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motiongpt.errors import MotionGPTError
from motiongpt.evaluation.text_metrics import NAMES, TOKENS, content_words, judge_description, score, statistics

_TEXT = "a the person man walks walk forward then turns left right slowly raises both arms and jumps . , up"
WORDS = _TEXT.split()


@pytest.fixture(scope="module")
def corpus() -> tuple[list[str], list[list[str]]]:
    """300 captions, each with one to four references that share some words with it."""
    rng = np.random.default_rng(3)
    captions, references = [], []
    for _ in range(300):
        words = list(rng.choice(WORDS, size=rng.integers(3, 16)))
        captions.append(" ".join(words))
        texts = []
        for _ in range(rng.integers(1, 5)):
            kept = [word if rng.random() < 0.7 else str(rng.choice(WORDS)) for word in words]
            texts.append(" ".join(kept[int(rng.integers(0, 2)) : len(kept) - int(rng.integers(0, 2))] or ["a"]))
        references.append(texts)
    captions[7] = "zebra"
    return captions, references


def test_equals_coco(corpus: tuple[list[str], list[list[str]]]) -> None:
    pytest.importorskip("pycocoevalcap")
    from pycocoevalcap.bleu.bleu import Bleu
    from pycocoevalcap.cider.cider import Cider
    from pycocoevalcap.rouge.rouge import Rouge

    captions, references = corpus
    own, others = {i: [text] for i, text in enumerate(captions)}, dict(enumerate(references))
    with contextlib.redirect_stdout(io.StringIO()):
        bleu = Bleu(4).compute_score(others, own)[0]
    expected = [*bleu, Rouge().compute_score(others, own)[0], Cider().compute_score(others, own)[0]]
    found = score(captions, references)
    np.testing.assert_allclose([found[name] for name in NAMES], 100 * np.array(expected, float), rtol=1e-5)


def test_bleu_equals_sacrebleu_and_nltk(corpus: tuple[list[str], list[list[str]]]) -> None:
    sacrebleu = pytest.importorskip("sacrebleu")
    translate = pytest.importorskip("nltk.translate.bleu_score")
    captions, references = corpus
    found = score(captions, references)
    most = max(map(len, references))
    streams = [[texts[i] if i < len(texts) else None for texts in references] for i in range(most)]
    other = sacrebleu.metrics.BLEU(tokenize="none", smooth_method="none", force=True).corpus_score(captions, streams)
    assert found["bleu_4"] == pytest.approx(other.score, rel=1e-6)
    # NLTK counts a word pair in captions of one word.
    long = [i for i, text in enumerate(captions) if len(text.split()) >= 4]
    captions, references = [captions[i] for i in long], [references[i] for i in long]
    found = score(captions, references)
    for order in (1, 2, 3, 4):
        other = translate.corpus_bleu(
            [[text.split() for text in texts] for texts in references],
            [text.split() for text in captions],
            weights=[1 / order] * order,
        )
        assert found[f"bleu_{order}"] == pytest.approx(100 * other, rel=1e-6)


def test_rouge_l_of_one_reference_has_the_subsequence_of_rouge_score() -> None:
    scorer = pytest.importorskip("rouge_score.rouge_scorer").RougeScorer(["rougeL"])
    rng = np.random.default_rng(5)
    for _ in range(50):
        first, second = (" ".join(rng.choice(WORDS[:17], size=rng.integers(2, 12))) for _ in range(2))
        one = scorer.score(second, first)["rougeL"]
        precision, recall = one.precision, one.recall
        expected = 2.44 * precision * recall / max(recall + 1.44 * precision, 1e-9)
        assert score([first], [[second]])["rouge_l"] == pytest.approx(100 * expected)


def test_cider_prefers_what_is_rare() -> None:
    references = [["a person walks"], ["a person walks"], ["a person kneels"], ["a person walks forward"]]
    rare = statistics(["a", "a", "kneels", "a"], references).cider
    assert rare[2] > 10 * rare[0]
    assert score([texts[0] for texts in references], references)["rouge_l"] == 100.0
    # A caption equal to all references of its clip has the most, 10, where it has four words.
    assert statistics([texts[0] for texts in references], references).cider[3] == pytest.approx(10.0)


@given(st.lists(st.lists(st.sampled_from(WORDS), min_size=4, max_size=9).map(" ".join), min_size=2, max_size=6))
@settings(max_examples=40, deadline=None)
def test_bounds_and_order(captions: list[str]) -> None:
    same = score(captions, [[text] for text in captions])
    assert all(same[name] == pytest.approx(100) for name in NAMES[:5])
    others = [[captions[(i + 1) % len(captions)], "zebra"] for i in range(len(captions))]
    found = score(captions, others)
    assert all(0 <= value <= 1000 + 1e-9 for value in found.values())
    turned = score(captions[::-1], others[::-1])
    assert turned == pytest.approx(found)


def test_tokens() -> None:
    raw, ptb = TOKENS["raw"], TOKENS["ptb"]
    assert raw("A person  walks, then stops.") == ["A", "person", "walks,", "then", "stops."]
    assert ptb("A person  walks, then stops.") == ["a", "person", "walks", "then", "stops"]
    assert ptb("The man's T-pose isn't done; he'll (maybe) jump!") == (
        ["the", "man", "'s", "t-pose", "is", "n't", "done", "he", "'ll", "maybe", "jump"]
    )
    assert ptb("walks 2.5 m - then 'stops'...") == ["walks", "2.5", "m", "then", "stops"]
    assert score(["Walks."], [["walks"]])["bleu_1"] == 0
    assert score(["Walks."], [["walks"]], tokens="ptb")["bleu_1"] == 100


def test_intervals_shrink_with_more_captions(corpus: tuple[list[str], list[list[str]]]) -> None:
    captions, references = corpus
    few, many = statistics(captions[:40], references[:40]), statistics(captions, references)
    for name in NAMES:
        assert 0 < many.intervals()[name] < few.intervals()[name]
    assert few.intervals(seed=1) == few.intervals(seed=1) != few.intervals(seed=2)


def test_empty_captions_and_references() -> None:
    # An empty caption is a caption that matches nothing; an empty reference is none.
    half = score(["", "a person walks"], [["a person walks"], ["a person walks", " "]])
    assert half["rouge_l"] == 50
    assert 0 < half["bleu_1"] < 100
    assert set(score([""], [["a person walks"]]).values()) == {0.0}
    for captions, references, message in (
        (["a"], [[]], "no reference"),
        (["a"], [["", " "]], "no reference"),
        (["a"], ["a b"], "list"),
        (["a", "b"], [["a"]], "2 captions"),
        ([], [], "0 captions"),
    ):
        with pytest.raises(MotionGPTError, match=message):
            score(captions, references)
    with pytest.raises(MotionGPTError, match="'words'"):
        score(["a"], [["a"]], tokens="words")


def test_content_words() -> None:
    assert content_words("A person walks forward.") == content_words("the man  walks forward") == "walks forward"
    assert content_words("a person walks to the left") != content_words("a person walks to the right")


def test_judging_descriptions() -> None:
    references = ["a person kicks with the right leg", "someone walks and then kicks", "a man is kicking"]
    assert judge_description("a person kicks", references) == {"action": True, "main": True, "side": "silent"}
    assert judge_description("walks, right foot first", references) == {"action": True, "main": False, "side": "right"}
    assert judge_description("dances to the left", references) == {"action": False, "main": False, "side": "wrong"}
    assert judge_description("something", references)["action"] is False
    assert judge_description("a person kicks", ["unclear"]) == {"action": None, "main": None, "side": None}
    assert judge_description("turns left", ["turns left", "turns right"])["side"] is None
