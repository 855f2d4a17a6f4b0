from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from motiongpt.errors import MotionGPTError
from motiongpt.lm.decoding import Generation, Step, generate, score, stream
from motiongpt.lm.grammars import FreeGrammar, Grammar, MotionGrammar, TextGrammar
from motiongpt.lm.model import MotionLanguageModel
from motiongpt.lm.motion_tokens import motion_string
from motiongpt.lm.sampling import guide, sample
from motiongpt.lm.tokenizer import TextTokenizer

from .test_t5 import reference

PROMPTS = [
    "a person walks",
    "describe " + motion_string([1, 2, 3, 4, 5], 16) + " at length and then turn left in a circle",
    "jump",
]


def walk(grammar: Grammar, words: TextTokenizer, seed: int) -> list[int]:
    """Tokens drawn evenly from what a grammar allows: what a network with any scores could write."""
    rng = np.random.default_rng(seed)
    allowed = grammar.rules(words).numpy()
    low, high = grammar.span(words)
    assert not allowed[:, :low].any()
    assert not allowed[:, high:].any()
    state = grammar.begin(words)
    tokens: list[int] = []
    while not state.done:
        token = state.forced
        if token is None:
            choices = set(np.flatnonzero(allowed[state.rule]).tolist()) - set(state.banned)
            # Ends are rare among so many tokens; without this few answers would end by themselves.
            ends = sorted(choices & {words.end, words.end_of_sequence, words.start})
            token = int(rng.choice(ends if ends and rng.random() < 0.2 else sorted(choices)))
        tokens.append(token)
        state.push(token)
    return tokens


def assert_motion(tokens: list[int], words: TextTokenizer) -> list[int]:
    """Start, at least one code, end; returns the codes."""
    assert tokens[0] == words.start
    assert tokens[-1] == words.end
    codes = [token - words.first_code for token in tokens[1:-1]]
    assert codes
    assert all(0 <= code < words.num_codes for code in codes)
    return codes


@given(low=st.integers(1, 20), extra=st.integers(0, 20), data=st.data(), seed=st.integers(0, 2**32))
def test_any_motion_is_well_formed(words: TextTokenizer, low: int, extra: int, data: st.DataObject, seed: int) -> None:
    forced = data.draw(st.lists(st.none() | st.integers(0, 15), max_size=low + extra))
    codes = assert_motion(walk(MotionGrammar(low, low + extra, forced), words, seed), words)
    assert low <= len(codes) <= low + extra
    for position, code in enumerate(forced):
        if code is not None:
            assert codes[position] == code


@given(most=st.integers(1, 40), fewest=st.integers(0, 40), no_repeat=st.integers(0, 3), seed=st.integers(0, 2**32))
def test_any_text_is_well_formed(words: TextTokenizer, most: int, fewest: int, no_repeat: int, seed: int) -> None:
    fewest = min(fewest, most)
    tokens = walk(TextGrammar(most, fewest, no_repeat), words, seed)
    ended = tokens[-1] == words.end_of_sequence
    text = tokens[:-1] if ended else tokens
    assert fewest <= len(text) <= most
    assert ended or len(text) == most
    special = {words.padding, words.end_of_sequence, words.unknown, *words.sentinels}
    assert all(token < words.first_code and token not in special for token in text)
    if no_repeat:
        grams = [tuple(text[i : i + no_repeat]) for i in range(len(text) - no_repeat + 1)]
        assert len(grams) == len(set(grams))


@given(most=st.integers(1, 20), codes=st.integers(1, 20), seed=st.integers(0, 2**32))
def test_any_answer_is_well_formed(words: TextTokenizer, most: int, codes: int, seed: int) -> None:
    tokens = walk(FreeGrammar(most, codes), words, seed)
    if words.start in tokens:
        first, last = tokens.index(words.start), tokens.index(words.end)
        assert 1 <= len(assert_motion(tokens[first : last + 1], words)) <= codes
        text = tokens[:first] + tokens[last + 1 :]
    else:
        text = tokens
        assert text[0] != words.end_of_sequence
    assert words.end_of_sequence not in text[:-1]
    assert len(text) <= most
    assert all(token < words.first_code for token in text)


@pytest.mark.parametrize("seed", range(3))
def test_what_a_network_writes(model: MotionLanguageModel, seed: int) -> None:
    forced = [3, None, None, 4]
    grammars = [MotionGrammar(6, 6, forced), TextGrammar(9), FreeGrammar(5, 4)]
    answers = generate(model, PROMPTS, grammars, n=4, temperature=2.0, seed=seed)
    assert [len(row) for row in answers] == [4, 4, 4]
    for motion, text, free in zip(*answers, strict=True):
        codes = assert_motion(motion.token_ids, model.tokenizer)
        assert motion.codes is not None
        assert motion.codes.tolist() == codes
        assert motion.codes.dtype == np.int64
        assert (codes[0], codes[3], len(codes), motion.text) == (3, 4, 6, "")
        assert text.codes is None
        assert text.text == model.tokenizer.decode(text.token_ids)
        assert free.text or free.codes is not None


@pytest.mark.parametrize("least", [0, 12])
def test_greedy_equals_transformers(model: MotionLanguageModel, least: int) -> None:
    words = model.tokenizer
    ids, mask = model.encode_text(PROMPTS)
    forbidden = [words.padding, words.unknown, *words.sentinels, *range(words.first_code, words.size)]
    theirs = reference(model.network).generate(
        ids,
        attention_mask=mask.long(),
        do_sample=False,
        max_new_tokens=40,
        min_new_tokens=least,
        suppress_tokens=forbidden,
        no_repeat_ngram_size=2,
    )
    ours = generate(model, PROMPTS, TextGrammar(40, least, no_repeat=2), temperature=0)
    for row, (answer,) in zip(theirs.tolist(), ours, strict=True):
        assert row[1 : 1 + len(answer.token_ids)] == answer.token_ids
        assert all(token == words.padding for token in row[1 + len(answer.token_ids) :])


def test_log_probabilities(model: MotionLanguageModel) -> None:
    """Against a forward pass over the whole answer, renormalised over what was allowed."""
    words = model.tokenizer
    grammar = MotionGrammar(3, 8, [None, 5])
    for prompt, (answer,) in zip(PROMPTS, generate(model, PROMPTS, grammar, temperature=0.7, top_k=5), strict=True):
        ids, mask = model.encode_text([prompt])
        with torch.no_grad():
            logits = model.logits(ids, mask, torch.tensor([answer.token_ids]))
        expected = 0.0
        for position in range(1, len(answer.token_ids)):
            allowed = list(range(words.first_code, words.start)) + [words.end] * (position > 3)
            if position not in (2, 9):
                scores = logits[position, allowed].log_softmax(-1)
                expected += float(scores[allowed.index(answer.token_ids[position])])
        assert answer.logprob == pytest.approx(expected, abs=1e-3)


def ids(answers: list[list[Generation]]) -> list[list[list[int]]]:
    return [[answer.token_ids for answer in row] for row in answers]


def test_seeds(model: MotionLanguageModel) -> None:
    grammar = MotionGrammar(8, 8)
    first, same = (ids(generate(model, PROMPTS, grammar, n=3, seed=5)) for _ in range(2))
    assert first == same
    assert first != ids(generate(model, PROMPTS, grammar, n=3, seed=6))
    assert len({tuple(row) for row in first[0]}) == 3


@pytest.mark.parametrize("batch_size", [1, 4, 64])
@pytest.mark.parametrize("guided", [False, True])
def test_company_changes_nothing(model: MotionLanguageModel, batch_size: int, guided: bool) -> None:
    options = {"guidance": 1.5, "unconditional": "do something"} if guided else {}
    grammars = [MotionGrammar(2, 20), TextGrammar(15), FreeGrammar(10, 10)]
    together = ids(generate(model, PROMPTS, grammars, n=3, seed=2, top_p=0.9, batch_size=batch_size, **options))
    for prompt, grammar, expected in zip(PROMPTS, grammars, together, strict=True):
        assert ids(generate(model, [prompt], grammar, n=3, seed=2, top_p=0.9, **options)) == [expected]
        assert ids(generate(model, [prompt], grammar, seed=2, top_p=0.9, **options)) == [expected[:1]]


def test_guidance(model: MotionLanguageModel) -> None:
    grammar, other = MotionGrammar(10, 10), "turn around"

    def guided(scale: float) -> list[list[list[int]]]:
        return ids(generate(model, PROMPTS, grammar, guidance=scale, unconditional=other))

    assert guided(1.0) == ids(generate(model, PROMPTS, grammar))
    assert guided(0.0) == ids(generate(model, [other] * 3, grammar))
    assert guided(4.0) != guided(1.0)
    each = generate(model, PROMPTS, grammar, guidance=2.0, unconditional=[other] * 3)
    assert ids(each) == guided(2.0)


def test_stream_and_callback(model: MotionLanguageModel) -> None:
    steps: list[Step] = []
    answers = generate(model, PROMPTS, FreeGrammar(8, 8), n=2, seed=1, on_token=steps.append)
    assert steps == list(stream(model, PROMPTS, FreeGrammar(8, 8), n=2, seed=1))
    for p, row in enumerate(answers):
        for s, answer in enumerate(row):
            mine = [step for step in steps if (step.prompt, step.sample) == (p, s)]
            assert [step.token for step in mine] == answer.token_ids
            assert sum(step.logprob for step in mine) == pytest.approx(answer.logprob)


def test_the_mode_of_the_model_is_kept_and_dropout_off(model: MotionLanguageModel) -> None:
    expected = ids(generate(model, PROMPTS, MotionGrammar(9, 9)))
    model.train()
    assert ids(generate(model, PROMPTS, MotionGrammar(9, 9))) == expected
    assert model.training
    score(model, PROMPTS, PROMPTS)
    assert model.training


def test_no_prompts(model: MotionLanguageModel) -> None:
    assert generate(model, [], MotionGrammar(1, 2)) == []
    assert score(model, [], []).shape == (0,)


def test_score(model: MotionLanguageModel) -> None:
    outputs = ["walks", "a person jumps", motion_string([1, 2], 16)]
    expected = []
    for prompt, output in zip(PROMPTS, outputs, strict=True):
        tokens, mask = model.encode_text([prompt])
        labels, _ = model.encode_text([output])
        with torch.no_grad():
            loss = reference(model.network)(input_ids=tokens, attention_mask=mask.long(), labels=labels).loss
        expected.append(-float(loss) * labels.shape[1])
    for batch_size in (1, 2, 64):
        ours = score(model, PROMPTS, outputs, batch_size=batch_size)
        torch.testing.assert_close(ours, torch.tensor(expected), rtol=1e-4, atol=1e-3)


# ---- sampling a token -----------------------------------------------------------------------------------------------


@settings(max_examples=50)
@given(
    seed=st.integers(0, 2**32),
    temperature=st.floats(0.1, 3.0),
    top_k=st.none() | st.integers(1, 12),
    top_p=st.none() | st.floats(0.05, 1.0),
)
def test_choice_has_the_right_probabilities(
    seed: int, temperature: float, top_k: int | None, top_p: float | None
) -> None:
    """Evenly spread draws must give every token its share."""
    logits = np.random.default_rng(seed).normal(size=10) * 2
    logits[3] = -np.inf
    with np.errstate(divide="ignore"):
        expected = np.exp(logits / temperature)
    order = np.argsort(-logits)
    expected[order[top_k or 10 :]] = 0
    expected /= expected.sum()
    if top_p is not None:
        before = np.cumsum(expected[order]) - expected[order]
        expected[order[before >= top_p]] = 0
        expected /= expected.sum()
    count = 20_000
    draws = (torch.arange(count, dtype=torch.float64) + 0.5) / count
    scores = torch.tensor(logits)[None].expand(count, -1)
    chosen = sample(scores, draws, temperature, top_k, top_p).numpy()
    assert np.bincount(chosen, minlength=10) / count == pytest.approx(expected, abs=2 / count)


def test_extreme_draws_choose_possible_tokens() -> None:
    scores = torch.tensor([[-torch.inf, 0.0, -torch.inf, -40.0, -torch.inf]]).expand(2, -1)
    draws = torch.tensor([0.0, np.nextafter(1.0, 0.0)], dtype=torch.float64)
    for top_k in (None, 3):
        for top_p in (None, 1.0):
            assert set(sample(scores, draws, 1.0, top_k, top_p).tolist()) <= {1, 3}


# ---- what is refused -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        {"n": 0},
        {"seed": -1},
        {"temperature": -1.0},
        {"temperature": float("nan")},
        {"top_k": 0},
        {"top_p": 0.0},
        {"top_p": 1.5},
        {"guidance": 2.0},
        {"unconditional": "x"},
        {"guidance": 2.0, "unconditional": ["x"]},
    ],
)
def test_bad_options(model: MotionLanguageModel, options: dict) -> None:
    with pytest.raises(MotionGPTError):
        generate(model, PROMPTS, MotionGrammar(1, 2), **options)


def test_bad_grammars(model: MotionLanguageModel) -> None:
    for low, high, forced in [(0, 3, ()), (4, 3, ()), (1, 2, (1, 2, 3))]:
        with pytest.raises(MotionGPTError):
            MotionGrammar(low, high, forced)
    for low, high in [(3, 2), (-1, 2), (0, 0)]:
        with pytest.raises(MotionGPTError):
            TextGrammar(high, low)
    with pytest.raises(MotionGPTError):
        FreeGrammar(0, 1)
    with pytest.raises(MotionGPTError, match="motion code 16"):
        generate(model, ["x"], MotionGrammar(1, 2, [16]))
    with pytest.raises(MotionGPTError, match="as many grammars"):
        generate(model, ["x"], [MotionGrammar(1, 2)] * 2)


def test_corrupt_weights_are_reported(model: MotionLanguageModel) -> None:
    with torch.no_grad():
        model.network.decoder.final_layer_norm.weight[0] = torch.nan
    with pytest.raises(MotionGPTError, match="weights may be corrupt"):
        generate(model, PROMPTS, MotionGrammar(2, 2))


def test_guidance_leaves_the_end_of_a_motion_to_the_conditional_prompt() -> None:
    torch.manual_seed(0)
    conditional, unconditional = torch.randn(3, 6), torch.randn(3, 6)
    conditional[2, 5] = 100.0
    penalty = torch.zeros(3, 6)
    penalty[0, 1] = -torch.inf
    guided = guide(conditional, unconditional, 4.0, penalty, end=5).softmax(-1)
    torch.testing.assert_close(guided[:2, 5], (conditional + penalty).softmax(-1)[:2, 5])
    assert float(guided[2, 5]) > 0.999
    others = (unconditional + 4.0 * (conditional - unconditional) + penalty)[:, :5].softmax(-1)
    torch.testing.assert_close(guided[:, :5] / guided[:, :5].sum(-1, keepdim=True), others, rtol=1e-3, atol=1e-6)
    # Without an end among the columns all are guided.
    torch.testing.assert_close(
        guide(conditional, unconditional, 4.0, penalty, end=-1),
        unconditional + 4.0 * (conditional - unconditional) + penalty,
    )
