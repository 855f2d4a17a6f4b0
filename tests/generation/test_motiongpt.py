"""The public object, on a tiny random model: shapes, lengths, seeds, placement. Quality is measured elsewhere."""

import re
import shutil
from dataclasses import replace
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
import torch

from motiongpt import Motion, MotionGPT, MotionGPTError, threads
from motiongpt.generation.checks import passed
from motiongpt.generation.decode import Decoder
from motiongpt.generation.ranking import Ranker
from motiongpt.generation.refiner import Refiner, RefinerConfig
from motiongpt.lm.sentence_encoder import SentenceEncoder
from motiongpt.motion import HUMANML3D, measures
from motiongpt.motion.cleanup import ground, smooth
from motiongpt.motion.editing import combine, splice
from motiongpt.motion.placement import UP
from motiongpt.motion.plausibility import Faults
from motiongpt.motion.rotations import about, rotate
from motiongpt.retrieval.matcher import Matcher, MatcherConfig
from motiongpt.text.paraphrase import paraphrases
from motiongpt.tokenizer import VQVAEConfig

STAGES = "motiongpt.generation"


@pytest.fixture(scope="module")
def model(tiny_model_folder):
    return MotionGPT.from_pretrained(tiny_model_folder)


@pytest.fixture
def placed(walk):
    """A walk somewhere in the world."""
    return Motion(rotate(about("Y", np.array(0.8)), walk.joints) + np.array([3.0, 0.0, -2.0]), name="placed")


@pytest.mark.parametrize("frames", [1, 4, 37, 80, 200, 201, 450])
def test_length_is_exact_when_asked(model, frames):
    assert len(model.generate("a person walks", frames=frames)) == frames


def test_seconds_are_exact_too(model):
    assert model.generate("a person walks", seconds=3.35).seconds == pytest.approx(3.35)


def test_length_stays_in_bounds_otherwise(model):
    for seed in range(4):
        assert 1.0 <= model.generate("a person walks", min_seconds=1.0, max_seconds=2.0, seed=seed).seconds <= 2.0


def test_lists_in_lists_out(model):
    assert isinstance(model.generate("a person walks"), Motion)
    assert [motion.text for motion in model.generate(["walk", "jump"])] == ["walk", "jump"]
    assert [len(row) for row in model.generate(["walk", "jump"], n=2)] == [2, 2]
    assert len(model.generate("walk", n=3)) == 3


def test_a_seed_gives_the_same_motion_alone_or_in_a_batch(model):
    alone = model.generate("a person jumps", seed=3)
    np.testing.assert_array_equal(alone.joints, model.generate("a person jumps", seed=3).joints)
    in_batch = model.generate(["a person walks forward and turns left", "a person jumps"], seed=3, n=2)[1][0]
    np.testing.assert_allclose(in_batch.joints, alone.joints, atol=1e-5)
    other = model.generate("a person jumps", seed=4)
    assert len(other) != len(alone) or np.abs(other.joints - alone.joints).max() > 1e-3


def test_each_sentence_can_have_its_own_seed_and_length(model):
    texts, seeds, lengths = ["a person walks", "a person jumps", "a person walks"], [5, 3, 6], [2.0, None, 1.0]
    rows = model.generate(texts, n=2, seed=seeds, seconds=lengths, rerank=2, guidance=3.0)
    for text, seed, seconds, row in zip(texts, seeds, lengths, rows, strict=True):
        alone = model.generate(text, n=2, seed=seed, seconds=seconds, rerank=2, guidance=3.0)
        for mine, other in zip(row, alone, strict=True):
            np.testing.assert_allclose(mine.joints, other.joints, atol=1e-5)
    with pytest.raises(MotionGPTError, match="as many lengths and seeds, not 2 and 3"):
        model.generate(texts, seed=seeds, seconds=[1.0, 2.0])


def test_parts_are_shown_while_motions_are_written(model):
    seen = []
    motions = model.generate(["walk", "jump"], n=2, seconds=3.0, cleanup=False, on_part=lambda *part: seen.append(part))
    for text in (0, 1):
        for sample in (0, 1):
            parts = [part for number, place, part in seen if (number, place) == (text, sample)]
            assert [len(part) for part in parts] == [20, 40, 60]
            np.testing.assert_allclose(parts[-1].joints, motions[text][sample].joints, atol=1e-5)


def test_a_description_is_shown_while_it_is_written(model, walk):
    seen = {0: [], 1: []}
    texts = model.describe([walk, walk[:20]], on_text=lambda number, text: seen[number].append(text))
    for number, text in enumerate(texts):
        assert seen[number][-1] == text
        assert len(set(seen[number])) > 1
        assert all(text.startswith(part.rstrip("\ufffd")) for part in seen[number])


def test_generated_motion_is_canonical(model):
    motion = model.generate("a person walks", seconds=2.0)
    np.testing.assert_allclose(motion.joints[0, 0, [0, 2]], 0, atol=1e-5)
    assert motion.fps == 20


def test_stream_grows_to_the_same_motion(model):
    parts = list(model.stream("a person walks", seconds=3.0, seed=1, every=4))
    assert len(parts) > 2
    assert all(len(a) <= len(b) for a, b in pairwise(parts))
    np.testing.assert_array_equal(parts[-1].joints, model.generate("a person walks", seconds=3.0, seed=1).joints)


def test_describe_reads_short_and_long_motion_and_never_writes_motion_tokens(model, walk):
    long = Motion(np.tile(walk.joints, (10, 1, 1)))
    for text in model.describe([walk, walk[:1], long]):
        assert text
        assert "motion_id" not in text
    assert model.describe(walk) == model.describe([walk, long])[0]


@pytest.mark.parametrize("given", [0.05, 0.2, 0.5, 1.0])
def test_prediction_keeps_the_given_frames_where_they_stand(model, placed, given):
    result = model.predict(placed, given=given)
    first = max(1, round(given * len(placed)))
    assert len(result) == len(placed)
    np.testing.assert_array_equal(result.joints[:first], placed.joints[:first])
    seam = result.joints[first - 1 : first + 2]
    if len(seam) == 3:
        assert np.linalg.norm(np.diff(seam, axis=0), axis=-1).max() < 0.3


def test_prediction_does_not_look_at_what_is_hidden(model, placed):
    other = Motion(np.concatenate([placed.joints[:12], placed.joints[12:] * 0.5]))
    np.testing.assert_array_equal(model.predict(placed, given=0.2).joints, model.predict(other, given=0.2).joints)


def test_prediction_can_be_longer_than_the_clip(model, placed):
    assert model.predict(placed, given=1.0, seconds=5.0).seconds == 5.0


@pytest.mark.parametrize("given", [(0.25, 0.25), (0.1, 0.6), (0.02, 0.02), (0.5, 0.5), (0.49, 0.49)])
def test_inbetween_keeps_both_ends_where_they_stand(model, placed, given):
    result = model.inbetween(placed, given=given)
    first, last = (max(1, round(share * len(placed))) for share in given)
    assert len(result) == len(placed)
    np.testing.assert_array_equal(result.joints[:first], placed.joints[:first])
    np.testing.assert_array_equal(result.joints[-last:], placed.joints[-last:])
    for seam in (first, len(placed) - last):
        steps = np.diff(result.joints[max(0, seam - 1) : seam + 1], axis=0)
        assert np.linalg.norm(steps, axis=-1).max(initial=0) < 0.3


@pytest.mark.parametrize("height", [-0.5, 1.0, 30.0])
def test_a_clip_is_completed_on_the_floor_it_stands_on(model, placed, height):
    lowest = placed.joints[: round(0.3 * len(placed)), :, 1].min() * UP
    down, up = (replace(placed, joints=(placed.joints - lowest + raised * UP)) for raised in (0, height))
    for complete in (partial(model.predict, given=0.3), partial(model.inbetween, given=(0.3, 0.3))):
        expected = complete(down, seed=2).joints + height * UP
        np.testing.assert_allclose(complete(up, seed=2).joints, expected, atol=2e-3)


def test_of_several_completions_the_one_that_joins_best_is_taken(model, placed, monkeypatch):
    asked = []

    def cost(head, generated, tail=None, skeleton=None):
        # Nothing but what a completion sees is given to the judge.
        np.testing.assert_array_equal(head, placed.joints[: len(head)])
        asked.append(generated)
        return 0.0 if len(asked) % 8 == 3 else 1.0

    monkeypatch.setattr(f"{STAGES}.completion.seam_cost", cost)
    third = model.predict(placed, given=0.3, seed=5, cleanup=False).joints
    assert len(asked) == 8
    assert not np.array_equal(asked[0], asked[2])
    # All as the third, whose cost is the least, is written.
    monkeypatch.setattr(f"{STAGES}.completion._completion_seeds", lambda seed, count: [seed + 2 * 104_729] * 8 * count)
    asked.clear()
    np.testing.assert_array_equal(model.predict(placed, given=0.3, seed=5, cleanup=False).joints, third)
    assert all(np.array_equal(one, asked[0]) for one in asked)
    asked.clear()
    model.inbetween(placed, given=(0.3, 0.3), seed=5)
    assert len(asked) == 8


def test_inbetween_does_not_look_at_what_is_hidden(model, placed):
    joints = placed.joints.copy()
    joints[15:45] = joints[15]
    np.testing.assert_array_equal(model.inbetween(placed).joints, model.inbetween(Motion(joints)).joints)


def test_a_list_is_completed_as_each_motion_alone(model, placed, walk):
    for complete in (model.predict, model.inbetween):
        together = complete([placed, walk[:37]], seed=3)
        for motion, alone in zip(together, (complete(placed, seed=3), complete(walk[:37], seed=3)), strict=True):
            np.testing.assert_allclose(motion.joints, alone.joints, atol=1e-4)
        assert complete([]) == []


def test_a_gap_too_long_is_refused(model, walk):
    with pytest.raises(MotionGPTError, match="gap"):
        model.inbetween(Motion(np.tile(walk.joints, (10, 1, 1))), given=(0.1, 0.1))


def test_other_bodies_and_rates_keep_their_size(model, walk):
    child = Motion(walk.joints * 0.6, fps=60)
    result = model.predict(child, given=0.5)
    assert result.fps == 20
    np.testing.assert_allclose(result.joints[0], child.joints[0])
    height = result.joints[:, 15, 1] - result.joints[..., 1].min()
    assert 0.3 < height.max() < 1.3


def test_ask_answers_with_text_motion_or_both(model, walk):
    for prompt, motion in (("say something", None), ("what is <motion>", walk), ("describe it", walk)):
        answer = model.ask(prompt, motion)
        # A random model may write nothing but bytes that make no character.
        assert "motion_id" not in answer.text
        assert answer.motion is None or len(answer.motion) % 4 == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m, w: m.generate(""), "empty"),
        (lambda m, w: m.generate("  \n"), "empty"),
        (lambda m, w: m.generate("walk " * 2000), "shorten"),
        (lambda m, w: m.generate("walk", seconds=-1), "frames"),
        (lambda m, w: m.generate("walk", seconds=float("nan")), "number of seconds"),
        (lambda m, w: m.generate("walk", seconds=3600), "frames"),
        (lambda m, w: m.generate("walk", seconds=2, frames=40), "not in both"),
        (lambda m, w: m.generate("walk", seconds=2, min_seconds=1), "not both"),
        (lambda m, w: m.generate("walk", min_seconds=5, max_seconds=2), "above the longest"),
        (lambda m, w: m.generate("walk", n=0), "at least 1"),
        (lambda m, w: m.generate("walk", temperature=-1), "temperature"),
        (lambda m, w: m.generate("walk", rerank=0), "rerank"),
        (lambda m, w: m.generate("walk", guidance=-1.0), "guidance"),
        (lambda m, w: m.predict(w, given=0), "given"),
        (lambda m, w: m.predict(w, given=1.5), "given"),
        (lambda m, w: m.inbetween(w, given=(0.8, 0.8)), "given"),
        (lambda m, w: m.ask("about <motion>"), "no motion is given"),
        (lambda m, w: m.to("no-such-device"), "cannot be used"),
    ],
)
def test_bad_input_is_one_sentence(model, walk, call, message):
    with pytest.raises(MotionGPTError, match=message) as caught:
        call(model, walk)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["跳舞", "🏃‍♀️ 💨", "человек идёт", "walk \u0000 now", '"quoted" <motion_id_3>'])
def test_any_script_is_read(model, text):
    assert len(model.generate(text, seconds=1.0)) == 20


def test_a_model_of_another_version_or_a_missing_one_is_refused(tiny_model_folder, tmp_path):
    with pytest.raises(MotionGPTError, match="There is no model folder"):
        MotionGPT.from_pretrained(tmp_path / "nothing")
    with pytest.raises(MotionGPTError, match=r"no config\.json"):
        MotionGPT.from_pretrained(tmp_path)
    copy = shutil.copytree(tiny_model_folder, tmp_path / "copy")
    config = copy / "config.json"
    config.write_text(config.read_text().replace('"format_version": 1', '"format_version": 7'))
    with pytest.raises(MotionGPTError, match="version 7"):
        MotionGPT.from_pretrained(copy)


def test_save_and_load_give_the_same_answers(model, tmp_path, walk):
    model.save_pretrained(tmp_path / "model")
    loaded = MotionGPT.from_pretrained(tmp_path / "model")
    assert loaded.defaults == model.defaults
    np.testing.assert_array_equal(loaded.generate("walk").joints, model.generate("walk").joints)
    assert loaded.describe(walk) == model.describe(walk)


def test_guidance_and_reranking_are_seeded_and_change_the_choice(model):
    plain = model.generate("a person jumps", seconds=2.0, n=2, rerank=1, guidance=1.0)
    guided = model.generate("a person jumps", seconds=2.0, n=2, rerank=1, guidance=8.0)
    ranked = model.generate("a person jumps", seconds=2.0, n=2, rerank=4)
    again = model.generate("a person jumps", seconds=2.0, n=1, rerank=4)
    assert any(np.abs(a.joints - b.joints).max() > 1e-3 for a, b in zip(plain, guided, strict=True))
    np.testing.assert_allclose(ranked[0].joints, again[0].joints, atol=1e-5)
    # The chosen candidate is one of the four that are written for this sample, the best read of them.
    candidates = model.generate("a person jumps", seconds=2.0, n=8, rerank=1)
    for sample, group in ((ranked[0], candidates[:4]), (ranked[1], candidates[4:])):
        distances = [np.abs(sample.joints - candidate.joints).max() for candidate in group]
        assert min(distances) < 1e-5


def test_cleanup_is_the_default_and_can_be_left_out(model, walk):
    cleaned, raw = (model.generate("a person walks", seconds=2.0, cleanup=choice) for choice in (None, False))
    assert measures.bone_length_deviation(cleaned.joints) < 1e-3 < measures.bone_length_deviation(raw.joints)
    assert measures.jerk(cleaned.joints) < measures.jerk(raw.joints)
    plain = MotionGPT(model.tokenizer, model.language, replace(model.defaults, cleanup=False))
    np.testing.assert_array_equal(plain.generate("a person walks", seconds=2.0).joints, raw.joints)
    *_, last = model.stream("a person walks", seconds=2.0, cleanup=False)
    np.testing.assert_array_equal(last.joints, raw.joints)
    filled, unclean = (model.inbetween(walk, cleanup=choice).joints for choice in (True, False))
    assert np.abs(filled - unclean).max() > 1e-4
    for joints in (filled, unclean):
        np.testing.assert_array_equal(joints[:15], walk.joints[:15])
        np.testing.assert_array_equal(joints[-15:], walk.joints[-15:])


def test_actions_one_after_the_other_are_made_apart_and_joined(model):
    options = {"seed": 2, "cleanup": False, "rerank": 1}
    joined = model.generate("a person walks, then jumps", clauses=True, **options)
    # The longest motion is shared among its parts.
    alone = [model.generate(f"a person {verb}", max_seconds=5, **options) for verb in ("walks", "jumps")]
    expected = splice(*alone).joints
    assert joined.text == "a person walks, then jumps"
    np.testing.assert_allclose(joined.joints - joined.joints[:, :1], expected - expected[:, :1], atol=1e-5)
    whole = model.generate("a person walks, then jumps", clauses=False, **options)
    assert len(whole) != len(joined) or np.abs(whole.joints - joined.joints).max() > 1e-3


def test_legs_of_one_action_and_arms_of_another(model):
    options = {"seed": 1, "cleanup": False, "rerank": 1}
    both = model.generate("a person walks while waving", clauses=True, **options)
    legs, arms = (
        model.generate(f"a person {action}", min_seconds=3, max_seconds=10, **options)
        for action in ("walks", "is waving")
    )
    expected = combine(legs, arms).joints
    np.testing.assert_allclose(both.joints - both.joints[:, :1], expected - expected[:, :1], atol=1e-5)


def test_joining_cuts_off_nothing_that_should_be_seen(model):
    options = {"seed": 1, "cleanup": False, "rerank": 1}
    alone = [model.generate(f"a person {verb}", max_seconds=5, **options) for verb in ("walks", "jumps")]
    whole = {"a person walks": len(alone[0]) - 4, "a person jumps": len(alone[1]) - 4}
    with pytest.MonkeyPatch.context() as patch:
        # Each is seen when nothing is missing but half of the cross-fade.
        patch.setattr(f"{STAGES}.compose.passed", lambda sentence, joints: float(len(joints) >= whole[sentence]))
        joined = model.generate("a person walks, then jumps", clauses=True, **options)
    assert len(joined) == len(alone[0]) + len(alone[1]) - 8
    assert len(splice(*alone)) < len(joined)


def test_what_is_done_at_once_lasts_a_while(model):
    model_of_short = MotionGPT(model.tokenizer, model.language, replace(model.defaults, min_seconds=1.0))
    for seed in range(4):
        options = {"seed": seed, "cleanup": False, "rerank": 1}
        assert model_of_short.generate("a person walks while waving", clauses=True, **options).seconds >= 3


@pytest.mark.parametrize("length", [{"seconds": 3.0}, {"min_seconds": 2.0}, {"max_seconds": 4.0}])
def test_a_length_keeps_the_sentence_whole(model, length):
    options = {**length, "seed": 1, "rerank": 1}
    joined = model.generate("a person walks, then jumps", clauses=True, **options)
    whole = model.generate("a person walks, then jumps", clauses=False, **options)
    np.testing.assert_array_equal(joined.joints, whole.joints)


def test_a_sentence_can_say_how_long_it_lasts(model):
    motions = model.generate(["a person walks for three seconds", "a person jumps"], seed=1)
    assert motions[0].seconds == pytest.approx(3)
    assert model.generate("a person walks for three seconds", max_seconds=2, seed=1).seconds <= 2
    assert model.generate("a person walks for three seconds", seconds=1, seed=1).seconds == pytest.approx(1)


def _first(rows, place=0):
    """Of every sample of every clause one candidate."""
    return [[group[place] for group in row] for row in rows]


def test_candidates_of_several_paraphrases(model):
    options = {"seconds": 1.0, "seed": 3, "cleanup": False, "guidance": 1.0}
    sentence = "a person walks forward quickly"
    told = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model, "defaults", replace(model.defaults, paraphrases=3, checks=False))
        patch.setattr(Ranker, "choose", lambda self, rows: told.append(rows) or _first(rows))
        model.generate(sentence, n=2, rerank=5, **options)
    ((groups,),) = told
    assert [len(group) for group in groups] == [5, 5]
    # Two candidates of each wording, the last wording giving one less: five for a sample, as if it was asked alone.
    for number, wording in enumerate(paraphrases(sentence, 3)):
        alone = []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Ranker, "choose", lambda self, rows, kept=alone: kept.append(rows) or _first(rows))
            patch.setattr(model, "defaults", replace(model.defaults, paraphrases=1))
            model.generate(wording, n=4, rerank=1, **{**options, "seed": 3 + 104_729 * number})
        ((plain,),) = alone
        for sample in range(2):
            for place in range(2):
                if 2 * number + place < 5:
                    ours = groups[sample][2 * number + place]
                    np.testing.assert_array_equal(ours.codes, plain[2 * sample + place][0].codes)


def test_half_of_the_candidates_for_a_side_are_written_as_the_mirror_image(model):
    """The same motion is chosen for one side as, mirrored, for the other, where all are written for one wording."""
    options = {"seconds": 2.0, "seed": 4, "rerank": 4, "cleanup": False}
    kept = []
    for side, other in (("left", "right"), ("right", "left")):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(model, "defaults", replace(model.defaults, paraphrases=2))
            patch.setattr(f"{STAGES}.plan.paraphrases", lambda text, count: [text] * count)
            # The first of the mirrored half fits best.
            patch.setattr(Ranker, "choose", lambda self, rows: _first(rows, 2))
            chosen = model.generate(f"a person waves the {side} hand", **options)
            patch.setattr(Ranker, "choose", lambda self, rows: _first(rows))
            patch.setattr(f"{STAGES}.candidates.SEED_STEP", 0)
            plain = model.generate(f"a person waves the {other} hand", **options)
            patch.setattr(Ranker, "choose", lambda self, rows: _first(rows, 2))
            again = model.generate(f"a person waves the {side} hand", **options)
        np.testing.assert_allclose(again.joints, plain.mirrored().joints, atol=1e-5)
        assert np.abs(chosen.joints - again.joints).max() > 1e-3
        kept.append(again)
    assert np.abs(kept[0].joints - kept[1].joints).max() > 1e-3


def test_a_mirrored_candidate_is_judged_by_the_mirrored_sentence(model):
    asked = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model, "defaults", replace(model.defaults, paraphrases=2, checks=True))
        patch.setattr(f"{STAGES}.ranking.passed", lambda sentence, joints: asked.append(sentence) or 0.5)
        model.generate("a person kicks with the left leg", seconds=1.0, rerank=4)
    assert sorted(asked) == ["a person kicks with the left leg"] * 2 + ["a person kicks with the right leg"] * 2


def test_geometry_decides_before_the_matcher(model):
    """Of all candidates the one is kept that turns to the side that is asked for, whatever else."""
    options = {"seconds": 3.0, "seed": 1, "cleanup": False}
    for side in ("left", "right"):
        sentence = f"a person turns {side}"
        candidates = [motion.joints for motion in model.generate(sentence, n=12, rerank=1, **options)]
        best = max(round(passed(sentence, joints), 1) for joints in candidates)
        chosen = model.generate(sentence, rerank=12, **options)
        assert round(passed(sentence, chosen.joints), 1) == best


def test_the_candidate_that_does_most_is_kept(model):
    options = {"seconds": 2.0, "seed": 1, "cleanup": False}
    alone = replace(model.defaults, paraphrases=1, checks=True)
    candidates = model.generate("a person jumps", n=4, rerank=1, **options)
    steady = [ground(smooth(one)).joints for one in candidates]
    for best in range(4):

        def score(sentence, joints, best=best):
            apart = [np.abs(joints - one).max() if one.shape == joints.shape else np.inf for one in steady]
            return 0.9 if int(np.argmin(apart)) == best else 0.3

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(model, "defaults", alone)
            patch.setattr(f"{STAGES}.ranking.passed", score)
            chosen = model.generate("a person jumps", rerank=4, **options)
        np.testing.assert_array_equal(chosen.joints, candidates[best].joints)


def test_a_matcher_chooses_among_candidates(tiny_model_folder, bert_folder, tmp_path):
    model = MotionGPT.from_pretrained(tiny_model_folder)
    dim = HUMANML3D.feature_dim
    sentence_encoder = SentenceEncoder.pretrained(str(bert_folder))
    config = MatcherConfig(width=32, heads=2, motion_layers=1, text_layers=1, embedding=16)
    torch.manual_seed(0)
    matcher = Matcher(config, sentence_encoder, np.zeros(dim), np.ones(dim), HUMANML3D).eval()
    assert len({MotionGPT(model.tokenizer, model.language, matcher=one).fingerprint() for one in (None, matcher)}) == 2
    model.matcher = matcher
    options = {"seconds": 2.0, "seed": 5, "cleanup": False}
    candidates = model.generate("a person jumps", n=6, rerank=1, **options)
    chosen = model.generate("a person jumps", n=2, rerank=3, **options)
    for number, motion in enumerate(chosen):
        group = candidates[3 * number : 3 * number + 3]
        assert any(np.array_equal(motion.joints, one.joints) for one in group)
    # The fit of each candidate, the second of the first three and the third of the others being best.
    fits = np.array([[0.1], [0.9], [0.2], [0.3], [-0.5], [0.4]])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(matcher, "embed_motions", lambda motions: fits[: len(motions)])
        patch.setattr(matcher, "embed_texts", lambda texts: np.ones((len(texts), 1)))
        known = model.generate("a person jumps", n=2, rerank=3, **options)
    for motion, number in zip(known, (1, 5), strict=True):
        np.testing.assert_array_equal(motion.joints, candidates[number].joints)
    features = [model.tokenizer.decode(model.tokenizer.encode(candidates[0], coarse=True))]
    model.defaults = replace(model.defaults, rerank=1)
    likeliest = model.describe(candidates[0])
    model.defaults = replace(model.defaults, rerank=8)
    fit = matcher.embed_texts([likeliest, model.describe(candidates[0])]) @ matcher.embed_motions(features)[0]
    assert fit[1] > fit[0]
    model.save_pretrained(tmp_path)
    again = MotionGPT.from_pretrained(tmp_path)
    assert again.matcher is not None
    for one, other in zip(again.generate("a person jumps", n=2, rerank=3, **options), chosen, strict=True):
        np.testing.assert_allclose(one.joints, other.joints, atol=0.02)


@pytest.fixture(scope="module")
def refined(tiny_model_folder, bert_folder):
    """The tiny model with a refinement of its tokenizer, and a refiner."""
    model = MotionGPT.from_pretrained(tiny_model_folder)
    torch.manual_seed(0)
    model.tokenizer.refine(VQVAEConfig(width=16, code_dim=8, num_codes=8, depth=1, levels=2))
    model.tokenizer.eval()
    config = RefinerConfig(width=32, heads=2, layers=1, feed_forward=32)
    model.refiner = Refiner(config, SentenceEncoder.pretrained(str(bert_folder)), model.tokenizer).eval()
    return model


def test_a_refiner_changes_what_is_decoded_and_nothing_that_is_written(refined, model):
    options = {"seconds": 3.0, "seed": 1, "rerank": 1, "cleanup": False}
    ours, plain = (one.generate("a person jumps", **options) for one in (refined, model))
    assert len(ours) == len(plain) == 60
    assert np.abs(ours.joints - plain.joints).max() > 1e-4
    alone = refined.generate("a person jumps", **options)
    np.testing.assert_array_equal(alone.joints, ours.joints)
    others = refined.generate(["walk", "a person jumps"], n=2, **options)[1]
    np.testing.assert_allclose(others[0].joints, ours.joints, atol=1e-4)
    *_, last = refined.stream("a person jumps", seconds=3.0, seed=1, cleanup=False)
    np.testing.assert_allclose(last.joints, ours.joints, atol=1e-5)


def test_each_clause_is_refined_by_its_own_sentence(refined):
    told = []
    with pytest.MonkeyPatch.context() as patch:
        refine = Refiner.refine

        def seen(self, codes, texts, seeds, **options):
            told.append(texts)
            return refine(self, codes, texts, seeds, **options)

        patch.setattr(Refiner, "refine", seen)
        # A motion that repeats its own cycle needs no refiner.
        patch.setattr(f"{STAGES}.completion.cycles", lambda *args: [])
        refined.generate("A person walks forward, then jumps.", clauses=True, rerank=1)
        refined.predict(refined.generate("walk", seconds=2.0), given=0.5)
    assert told == [["a person walks forward", "a person jumps"], ["walk"], [None]]


def test_given_frames_stay_beside_refined_ones(refined, placed):
    ahead = refined.predict(placed, given=0.5)
    np.testing.assert_array_equal(ahead.joints[: len(placed) // 2], placed.joints[: len(placed) // 2])
    between = refined.inbetween(placed)
    np.testing.assert_array_equal(between.joints[-15:], placed.joints[-15:])


def test_candidates_are_judged_as_they_are_shown(refined):
    judged = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(refined, "defaults", replace(refined.defaults, paraphrases=1))
        patch.setattr(f"{STAGES}.ranking.passed", lambda _, joints: judged.append(joints) or float(len(judged) == 3))
        patch.setattr(f"{STAGES}.ranking.faults", lambda _: Faults(air=0.0, glide=0.0, depth=0.0, step=0.0))
        shown = refined.generate("a person walks", rerank=4, seconds=2.0, seed=1, cleanup=False)
    assert len(judged) == 4
    # From here on only cleanup changes it.
    np.testing.assert_allclose(ground(smooth(shown)).joints, judged[2], atol=1e-4)


@pytest.mark.parametrize(("best", "fault"), [(1.0, 0.0), (0.5, 0.0), (1.0, 1.0)])
def test_details_are_sampled_where_no_candidate_passes_every_check_without_a_fault(refined, best, fault):
    enough = (best, fault) == (1.0, 0.0)
    decoded, contests = {False: 0, True: 0}, []
    choose, features = Ranker.choose, Decoder.features

    def seen(self, rows):
        contests.append(list(rows[0][0]))
        return choose(self, rows)

    def counted(self, codes, captions, seeds, *, sampled=False):
        decoded[sampled] += len(codes)
        return features(self, codes, captions, seeds, sampled=sampled)

    def score(candidate):
        place = next(i for i, one in enumerate(contests[0]) if one.codes is candidate.codes)
        if candidate.sampled:
            return float(place == 3), 0.0
        return (best if place == 5 else 0.5), fault

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Ranker, "choose", seen)
        patch.setattr(Decoder, "features", counted)
        patch.setattr(Ranker, "_score", staticmethod(score))
        chosen = refined.generate("a person turns left", rerank=8, seconds=3.0, seed=1, cleanup=False)
    winner = contests[0][5 if enough else 3]
    decoder = Decoder(refined.tokenizer, refined.refiner)
    (expected,) = decoder.features([winner.codes], [winner.caption], [winner.seed], sampled=not enough)
    joints = decoder.motion_of(expected).joints[:60]
    if winner.mirrored:
        joints = decoder.motion_of(expected)[:60].mirrored().joints
    np.testing.assert_allclose(chosen.joints, joints - joints[0, 0] * np.array([1, 0, 1]), atol=1e-3)
    # What is measured is kept: the winner is not decoded again.
    if enough:
        assert decoded[False] in (2, 6, 8)
        assert decoded[True] == 0
    else:
        assert decoded[False] == 8
        assert decoded[True] in (6, 8)


def test_only_what_can_still_win_is_measured(model):
    """The first candidate in the order of fit that passes every check beats all behind it."""
    measured = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Ranker, "_score", staticmethod(lambda candidate: measured.append(candidate) or (1.0, 0.0)))
        model.generate("a person jumps", rerank=24, seconds=2.0, seed=1)
        assert 0 < len(measured) < 24
        measured.clear()
        # Of a sentence that geometry cannot verify, only physical faults are measured.
        model.generate("a person plays the violin", rerank=24, seconds=2.0, seed=1)
        assert 0 < len(measured) < 24


def test_a_body_that_glides_loses_against_one_that_does_not(model):
    options = {"seconds": 2.0, "seed": 1, "cleanup": False}
    alone = replace(model.defaults, paraphrases=1)
    candidates = model.generate("a person jumps", n=4, rerank=1, **options)
    steady = [ground(smooth(one)).joints for one in candidates]

    def found(joints):
        place = int(np.argmin([np.abs(joints - one).max() if one.shape == joints.shape else np.inf for one in steady]))
        return Faults(air=0.0, glide=0.0 if place == 2 else 3.0, depth=0.0, step=0.0)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model, "defaults", alone)
        patch.setattr(f"{STAGES}.ranking.passed", lambda _, joints: 1.0)
        patch.setattr(f"{STAGES}.ranking.faults", found)
        chosen = model.generate("a person jumps", rerank=4, **options)
    np.testing.assert_array_equal(chosen.joints, candidates[2].joints)


def test_a_choice_in_rounds_is_that_among_all(model):
    options = {"seconds": 3.0, "seed": 6, "cleanup": False, "rerank": 20}
    for sentence in ("a person turns left", "a person walks backward"):
        in_rounds = model.generate(sentence, **options)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(f"{STAGES}.ranking._ROUNDS", (20,))
            np.testing.assert_allclose(model.generate(sentence, **options).joints, in_rounds.joints, atol=1e-5)


def test_a_folder_with_a_refiner(refined, tiny_model_folder, tmp_path):
    refined.save_pretrained(tmp_path, dtype="float32")
    again = MotionGPT.from_pretrained(tmp_path)
    assert again.fingerprint() == refined.fingerprint()
    options = {"seconds": 2.0, "seed": 3, "rerank": 1}
    np.testing.assert_allclose(
        again.generate("a person walks", **options).joints,
        refined.generate("a person walks", **options).joints,
        atol=1e-5,
    )
    without = MotionGPT(again.tokenizer, again.language, again.defaults)
    assert without.fingerprint() != again.fingerprint()
    assert MotionGPT.from_pretrained(tiny_model_folder).refiner is None


def test_several_threads_decode_what_one_does(refined):
    decoder = Decoder(refined.tokenizer, refined.refiner)
    rng = np.random.default_rng(0)
    codes = [rng.integers(0, refined.tokenizer.config.num_codes, length) for length in (3, 9, 4, 12, 5)]
    rows = codes, ["a person walks", None, "a person jumps", "a person walks", None], [(0, k) for k in range(5)]
    alone = decoder.features(*rows, sampled=True)
    before = threads.count()
    try:
        threads.limit(3)
        together = decoder.features(*rows, sampled=True)
    finally:
        threads.limit(before)
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)


@pytest.mark.parametrize("seconds", [0.5, 3.85, 40.0])
def test_a_question_about_the_length_is_answered_from_the_motion(model, make_walk, seconds):
    motion = make_walk(frames=round(seconds * 20))
    assert model.ask("How long is this?", motion).text == f"The motion lasts {seconds:.1f} seconds."
    counted = model.ask("Count the frames of <motion>.", motion.resample(60))
    assert counted.text.startswith(f"The motion lasts {len(motion.resample(60))} frames at 60 ")
    both = model.ask("Describe the motion and say how many seconds it lasts.", motion).text
    assert both.endswith(f"The motion lasts {seconds:.1f} seconds.")
    assert len(both) > len("The motion lasts 40.0 seconds.")


SECONDS_ASKED = (
    "How long is this motion?", "how long does it last", "What's the duration?", "tell me the length of the clip",
    "how many seconds is it", "Duration please", "how much time does this take", "seconds?", "Give me its length.",
    "what is the running time of this animation", "length in seconds", "how many secs", "state how long it takes",
    "What length does this have?", "<motion> how long?",
)  # fmt: skip
FRAMES_ASKED = (
    "How many frames does it have?", "frame count?", "number of frames", "what's the length in frames",
    "count the frames",
    "How long is it in frames?", "frames?", "total frames", "how many frames are there in total", "duration in frames",
    "Tell me how many frames this clip contains", "what number of frames is this", "the amount of frames, please",
    "length measured in frames", "<motion> how many frames?",
)  # fmt: skip


def test_lengths_in_many_wordings_are_right(model):
    rng = np.random.default_rng(0)
    for _ in range(100):
        frames = int(rng.integers(2, 200))
        motion = Motion(rng.normal(size=(frames, 22, 3)), fps=float(rng.choice([20, 30, 60])))
        answer = model.ask(str(rng.choice(SECONDS_ASKED)), motion).text
        assert float(re.search(r"([\d.]+) seconds", answer)[1]) == pytest.approx(motion.seconds, abs=0.051)
        assert int(re.search(r"(\d+) frames", model.ask(str(rng.choice(FRAMES_ASKED)), motion).text)[1]) == frames


def test_an_action_follows_a_motion(model, placed):
    answer = model.ask("then wave for 2 seconds", placed, seed=1)
    assert answer.text == ""
    kept = len(placed) - 20
    np.testing.assert_array_equal(answer.motion.joints[:kept], placed.joints[:kept])
    assert len(answer.motion) > len(placed)
    steps = np.linalg.norm(np.diff(answer.motion.joints, axis=0), axis=-1).max(axis=1)
    assert steps[kept : len(placed)].max() < 0.5
    raised = replace(placed, joints=placed.joints + 5 * UP.astype(np.float32))
    moved = model.ask("then wave for 2 seconds", raised, seed=1).motion
    np.testing.assert_allclose(moved.joints, answer.motion.joints + 5 * UP, atol=0.02)


def test_two_requests_get_two_answers(model, walk):
    described = model.describe(walk).rstrip(".")
    for prompt in ("how many frames and what happens", "What is he doing, and for how many frames?"):
        answer = model.ask(prompt, walk).text
        assert answer.lower().startswith(described.lower())
        assert f"{len(walk)} frames" in answer


def test_a_cycle_goes_on(model, make_walk):
    """A model with random weights writes nothing that goes on as well as the walk itself does."""
    walk = make_walk(frames=60, speed=0.4)
    result = model.predict(walk, given=1.0, seconds=6.0, cleanup=False).joints
    legs = result[:, 4, 2] - result[:, 5, 2]
    # The legs swing past each other about twice a stride, 0.9 strides a second.
    assert np.count_nonzero(np.diff(np.sign(legs[60:]))) >= 4


def test_the_network_may_answer_itself(model, make_walk):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(f"{STAGES}.motiongpt.length_question", None)
        model.ask("How long is this?", make_walk(frames=40), strict_reference=True)


def test_the_length_of_a_sentence_counts(model):
    assert len(model.generate("a person jumps, 50 frames", rerank=1)) == 50
    assert len(model.generate("a 2-second clip of a man who waves", rerank=1)) == 40
    assert len(model.generate("a man waves for 2 secs", seconds=3.0, rerank=1)) == 60


def test_what_is_not_known_is_said(model):
    assert model.generate("a person walks forward", rerank=1, seconds=1.0).remarks == ()
    (remark,) = model.generate("a person dances the tango", rerank=1, seconds=1.0).remarks
    assert "'a person dances the tango'" in remark
