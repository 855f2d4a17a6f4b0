"""Recordings of a library compete with what the language model writes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from motiongpt import MotionGPT
from motiongpt.errors import MotionGPTError
from motiongpt.lm.sentence_encoder import SentenceEncoder
from motiongpt.motion import HUMANML3D, Motion
from motiongpt.motion.cleanup import smooth
from motiongpt.motion.editing import bend_path, change_tempo
from motiongpt.retrieval.indexing import index
from motiongpt.retrieval.library import Recording
from motiongpt.retrieval.matcher import Matcher, MatcherConfig

LEGS = ("hip", "knee", "ankle", "foot")
ONLY = {"retrieval": "only", "cleanup": False}


@pytest.fixture(scope="module")
def model(tiny_model_folder, bert_folder, make_walk):
    """A tiny model with a library: walks of different paths and speeds, and a body that raises its left arm."""
    model = MotionGPT.from_pretrained(tiny_model_folder)
    torch.manual_seed(0)
    config = MatcherConfig(width=32, heads=2, motion_layers=1, text_layers=1, embedding=16)
    dim = HUMANML3D.feature_dim
    encoder = SentenceEncoder.pretrained(str(bert_folder))
    model.matcher = Matcher(config, encoder, np.zeros(dim), np.ones(dim), HUMANML3D).eval()
    walk = make_walk(100)
    walks = [bend_path(change_tempo(walk, 1 + k / 20), 60 * k) for k in range(-3, 4)]
    arm = make_walk(60, speed=0.0).joints.copy()
    shoulder, wrist = HUMANML3D.index("left_shoulder"), HUMANML3D.index("left_wrist")
    # It ends with the arm up and the knees bent, so that it is no cycle.
    legs = [
        HUMANML3D.index(f"{side}_{part}") for side in ("left", "right") for part in ("hip", "knee", "ankle", "foot")
    ]
    arm[40:, [joint for joint in range(HUMANML3D.num_joints) if joint not in legs], 1] -= 0.5
    arm[40:, wrist] = arm[40:, shoulder] + np.array([0, 0.9, 0])
    rows = [(Recording(f"walk{k}", f"own {k}", "", ("a person walks",)), one) for k, one in enumerate(walks)]
    rows.append((Recording("arm", "own arm", "CC0", ("a person raises the left arm",)), Motion(arm)))
    model.library = index([(one, motion.canonical()) for one, motion in rows], model.matcher, model.tokenizer)
    model.defaults = replace(model.defaults, rerank=4, max_seconds=6.0)
    return model


def number_of(motion):
    (origin,) = motion.recordings
    return int(origin.split()[1])


def test_recordings_alone_answer_with_a_recording(model):
    motion = model.generate("a person walks", seconds=2.0, seed=3, **ONLY)
    assert motion.source == "retrieved"
    assert len(motion) == 40
    recorded = model.library.motion(number_of(motion))
    # It is a part of the recording or of its mirror image, placed anew.
    parts = [recorded[start : start + 40].canonical() for start in range(len(recorded) - 39)]
    nearest = min(np.abs(one.joints - motion.joints).max() for part in parts for one in (part, part.mirrored()))
    assert nearest < 2e-3


def test_seeds_and_sentences_give_other_recordings(model):
    texts = ["a person walks", "someone walks forward", "the man is walking", "a person strolls along"]
    with pytest.MonkeyPatch.context() as patch:
        # These walks slide, some less than others.
        patch.setattr(model, "defaults", replace(model.defaults, checks=False))
        seeds = [model.generate("a person walks", seed=seed, **ONLY) for seed in range(8)]
        assert len({motion.recordings for motion in seeds}) >= 3
        assert len({motion.recordings for motion in model.generate(texts, seed=0, **ONLY)}) >= 2
        again = model.generate("a person walks", seed=5, **ONLY)
    np.testing.assert_array_equal(again.joints, seeds[5].joints)


def test_samples_do_not_depend_on_their_number(model):
    two, three = (model.generate("a person walks", n=n, seed=1, **ONLY) for n in (2, 3))
    for one, other in zip(two, three, strict=False):
        np.testing.assert_array_equal(one.joints, other.joints)


def test_the_other_side_is_the_mirror_image(model):
    left, right = (model.generate(f"a person raises the {side} arm", seed=0, **ONLY) for side in ("left", "right"))
    assert left.recordings == right.recordings == ("own arm",)

    def highest(motion, side):
        return smooth(motion).joints[:, HUMANML3D.index(f"{side}_wrist"), 1].max()

    assert highest(left, "left") > highest(left, "right") + 0.2
    assert highest(right, "right") > highest(right, "left") + 0.2


def test_a_cyclic_recording_is_repeated_to_a_requested_length(model):
    motion = model.generate("a person walks", seconds=9.0, seed=0, **ONLY)
    assert len(motion) == 180
    step = np.linalg.norm(np.diff(motion.joints, axis=0), axis=-1).max()
    assert step < 0.35
    # It goes on as far as it is repeated.
    travelled = np.linalg.norm(np.diff(motion.joints[:, 0, [0, 2]], axis=0), axis=-1).sum()
    assert travelled > 7


def test_steps_of_a_sentence_are_composed(model):
    motion = model.generate("a person walks, then raises the left arm", clauses=True, seed=0, **ONLY)
    assert motion.source == "composed"
    assert len(motion.recordings) == 2


def test_without_a_library_everything_is_written(model):
    options = {"seed": 2, "cleanup": False, "seconds": 2.0}
    written = model.generate("a person walks", retrieval="off", **options)
    assert (written.source, written.recordings) == ("generated", ())
    bare = MotionGPT(model.tokenizer, model.language, model.defaults, model.matcher)
    np.testing.assert_array_equal(bare.generate("a person walks", **options).joints, written.joints)
    with pytest.raises(MotionGPTError, match="no library"):
        bare.generate("a person walks", retrieval="only")


def test_the_better_of_both_wins(model):
    """Where only recordings pass the checks one of them is chosen, and where none does the fit decides."""
    options = {"seed": 2, "cleanup": False, "seconds": 2.0}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "motiongpt.generation.ranking.Ranker._score", staticmethod(lambda one: (float(bool(one.recording)), 0.0))
        )
        assert model.generate("a person walks", **options).source == "retrieved"
        patch.setattr(
            "motiongpt.generation.ranking.Ranker._score", staticmethod(lambda one: (float(not one.recording), 0.0))
        )
        assert model.generate("a person walks", **options).source == "generated"


def test_what_no_recording_can_show_is_said(model):
    arm_alone = model.library.without([f"walk{k}" for k in range(7)])
    short = MotionGPT(model.tokenizer, model.language, model.defaults, model.matcher, library=arm_alone)
    with pytest.raises(MotionGPTError, match=r"No recording of the library can show .*raises the left arm"):
        short.generate("a person raises the left arm", seconds=60, retrieval="only")


@pytest.mark.parametrize("value", ["sometimes", ""])
def test_an_unknown_mode_is_refused(model, value):
    with pytest.raises(MotionGPTError, match="retrieval must be one of on, off, only"):
        model.generate("a person walks", retrieval=value)


def test_the_library_belongs_to_the_model_folder(model, tmp_path):
    model.save_pretrained(tmp_path / "model", dtype="float32")
    loaded = MotionGPT.from_pretrained(tmp_path / "model")
    assert [one.name for one in loaded.library.recordings] == [one.name for one in model.library.recordings]
    bare = MotionGPT(model.tokenizer, model.language, model.defaults, model.matcher, model.refiner)
    assert bare.fingerprint() != model.fingerprint()
