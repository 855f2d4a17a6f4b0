"""Self-training: prompts, samples that pass their checks, and the file of them."""

import gzip
import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from motiongpt.errors import MotionGPTError
from motiongpt.generation.checks import checks, passed
from motiongpt.generation.motiongpt import MotionGPT
from motiongpt.lm.sentence_encoder import SentenceEncoder
from motiongpt.motion import HUMANML3D
from motiongpt.motion.features import features_to_joints
from motiongpt.retrieval.matcher import Matcher, MatcherConfig
from motiongpt.training.self_training import (
    Prompt,
    Sample,
    draw_prompts,
    prompt_shares,
    read_samples,
    sample_motions,
    write_samples,
    write_self_training,
)


@pytest.fixture(scope="module")
def sentence_encoder(bert_folder):
    return SentenceEncoder.pretrained(str(bert_folder))


@pytest.fixture(scope="module")
def model(tiny_model_folder, sentence_encoder):
    """The tiny model with a matcher, and motions of three seconds."""
    model = MotionGPT.from_pretrained(tiny_model_folder)
    torch.manual_seed(0)
    config = MatcherConfig(width=32, heads=2, motion_layers=1, text_layers=1, embedding=16)
    model.matcher = Matcher(
        config, sentence_encoder, np.zeros(HUMANML3D.feature_dim), np.ones(HUMANML3D.feature_dim), HUMANML3D
    ).eval()
    model.defaults = replace(model.defaults, min_seconds=3.0, max_seconds=3.0)
    return model


def test_prompts_ask_for_what_checks_can_verify(sentence_encoder):
    captions = [
        "a person paddles a boat",
        "a person walks forward, then sits down",
        "the dancer hops four times",
        "the boy hops four times",
    ]
    found = draw_prompts(captions, 300, sentence_encoder)
    assert len({one.sentence for one in found}) == len(found) == 300
    meanings = {one.meaning for one in found}
    assert meanings & set(captions[2:])
    assert not meanings & set(captions[:2])
    # Many are paraphrases, and the checks of the meaning are known.
    assert sum(one.sentence != one.meaning for one in found) > 100
    assert all(checks(one.meaning) for one in found)
    assert draw_prompts(captions, 300, sentence_encoder) == found
    assert draw_prompts(captions, 300, sentence_encoder, seed=1) != found


def test_rare_actions_are_drawn_about_as_often_as_common_ones(sentence_encoder):
    captions = [f"a person walks forward {number} metres" for number in range(400)]
    actions = [check.action for one in draw_prompts(captions, 400, sentence_encoder) for check in checks(one.meaning)]
    assert actions.count("walks") < 200
    assert min(actions.count(action) for action in ("kicks", "waves", "sits", "jumps")) >= 5


def test_only_chosen_actions_are_drawn(sentence_encoder):
    found = draw_prompts([], 40, sentence_encoder, actions=["throws", "spins"])
    assert len(found) == 40
    for one in found:
        assert {check.action for check in checks(one.meaning)} & {"throws", "spins"}
    with pytest.raises(MotionGPTError, match="There is no action 'flies': choose from goes, "):
        draw_prompts([], 40, sentence_encoder, actions=["flies"])


@pytest.mark.parametrize("workers", [0, 2])
def test_kept_samples_pass_their_checks(model, workers):
    # Motions of the tiny model go forward more or less straight, whatever the sentence.
    prompts = [
        Prompt("a person strolls", "a person moves forward"),
        Prompt("a person ambles on", "a person moves forward"),
        Prompt("a person flies", "a person turns around"),
    ]
    kept = [
        one for part in sample_motions(model, prompts, candidates=24, keep=3, seed=2, workers=workers) for one in part
    ]
    assert kept
    for one in kept:
        joints = features_to_joints(model.tokenizer.decode(one.codes))
        assert len(joints) == 60
        assert passed(one.prompt.meaning, joints) >= 0.95
    counts = {
        sentence: sum(one.prompt.sentence == sentence for one in kept)
        for sentence in (prompt.sentence for prompt in prompts)
    }
    assert counts == {"a person strolls": 3, "a person ambles on": 3, "a person flies": 0}


def test_the_file_is_read_back(model, data_folder, tmp_path, monkeypatch):
    output = tmp_path / "samples.jsonl.gz"
    monkeypatch.setattr("motiongpt.training.self_training.passed", lambda sentence, joints: float(joints[-1, 0, 2] > 0))
    done = write_self_training(model, data_folder, None, output, sentences=12, candidates=8, keep=2, seed=1)
    kept = read_samples(output, model.tokenizer.num_codes)
    assert done.sentences == 12
    assert 0 < done.motions == len(kept) <= 24
    assert done.solved == len({one.prompt.sentence for one in kept})
    write_samples(output, [Sample(Prompt("a person walks", "a person moves"), np.array([3, 1]))])
    (one,) = read_samples(output, 4)
    assert one.prompt == Prompt("a person walks", "a person moves")
    assert one.codes.tolist() == [3, 1]


def test_an_interrupted_run_resumes(model, data_folder, tmp_path, monkeypatch):
    monkeypatch.setattr("motiongpt.training.self_training.passed", lambda sentence, joints: float(joints[-1, 0, 2] > 0))
    monkeypatch.setattr("motiongpt.training.self_training._STEP", 4)
    calls = []
    generate = MotionGPT.candidates

    def candidates(self, sentences, n, **options):
        calls.append(sentences)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return generate(self, sentences, n, **options)

    def run(name, seed=1):
        write_self_training(model, data_folder, None, tmp_path / name, sentences=12, candidates=8, keep=2, seed=seed)
        return [(one.prompt, one.codes.tolist()) for one in read_samples(tmp_path / name, model.tokenizer.num_codes)]

    def interrupted():
        calls.clear()
        with pytest.raises(KeyboardInterrupt):
            run("cut.jsonl.gz")
        assert not (tmp_path / "cut.jsonl.gz").exists()

    whole = run("whole.jsonl.gz")
    monkeypatch.setattr(MotionGPT, "candidates", candidates)
    interrupted()
    assert run("cut.jsonl.gz") == whole
    assert len(calls) == 2 + 2
    (tmp_path / "cut.jsonl.gz").unlink()
    # Another seed starts again.
    interrupted()
    run("cut.jsonl.gz", seed=2)
    assert len(calls) == 2 + 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cut.jsonl.gz", "whole.jsonl.gz"]


def test_rare_actions_are_drawn_more_often():
    prompts = [Prompt("a", "a person walks")] * 8 + [Prompt("b", "a person kicks")] * 2
    shares = prompt_shares(prompts, 0.5)
    assert shares.sum() == pytest.approx(1)
    assert shares[9] / shares[0] == pytest.approx(2)
    np.testing.assert_allclose(prompt_shares(prompts, 0), 0.1)


def test_a_model_without_a_matcher_is_refused(tiny_model_folder, data_folder, tmp_path):
    model = MotionGPT.from_pretrained(tiny_model_folder)
    with pytest.raises(MotionGPTError, match="needs a model with a matcher"):
        write_self_training(model, data_folder, None, tmp_path / "samples.jsonl.gz")
    with pytest.raises(MotionGPTError, match="needs a model with a matcher"):
        next(sample_motions(model, [Prompt("a person walks", "a person walks")]))


@pytest.mark.parametrize(
    "row",
    ['{"sentence": "a", "codes": [1]}', '{"sentence": "a", "meaning": "a", "codes": [4]}', "[]", '{"codes": []}', "x"],
)
def test_a_bad_line_is_named(tmp_path, row):
    path = tmp_path / "samples.jsonl.gz"
    good = json.dumps({"sentence": "a person walks", "meaning": "a person walks", "codes": [0]})
    with gzip.open(path, "wt") as file:
        file.write(f"{good}\n{row}\n")
    with pytest.raises(
        MotionGPTError, match=r"samples\.jsonl\.gz line 2 is not a sentence with its meaning and motion codes below 4"
    ):
        read_samples(path, 4)
    with pytest.raises(MotionGPTError, match=r"Cannot read .*missing"):
        read_samples(tmp_path / "missing.gz", 4)
