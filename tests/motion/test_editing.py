"""Edited motions are still motions: feet stand, bones keep their lengths, nothing jumps."""

from dataclasses import replace

import numpy as np
import pytest

from motiongpt import Motion, MotionGPTError
from motiongpt.motion import HUMANML3D, KIT, editing, measures, rotations
from motiongpt.motion.placement import forward_direction
from motiongpt.motion.retarget import bone_lengths, restore_lengths

FEET = list(measures.FEET)


def turned(joints):
    """Degrees from the first facing direction to the last, left positive."""
    facing = forward_direction(joints)
    angle = np.unwrap(np.arctan2(facing[:, 0], facing[:, 2]))
    return np.degrees(angle[-1] - angle[0])


def largest_step(joints):
    return np.linalg.norm(np.diff(joints, axis=0), axis=-1).max()


def standing_speeds(joints, low=0.03):
    """Horizontal speed (m/s) of feet, middle of ankle and toe, in the steps in which they are on the floor."""
    middle = joints.astype(float)[:, FEET].reshape(len(joints), 2, 2, 3).mean(axis=2)
    level = middle[..., 1] < middle[..., 1].min() + low
    return np.linalg.norm(np.diff(middle[..., [0, 2]], axis=0), axis=-1)[level[1:] & level[:-1]] * 20


def assert_same_bones(motion, source):
    np.testing.assert_allclose(bone_lengths(motion.joints), bone_lengths(source.joints), atol=1e-3)
    assert measures.bone_length_deviation(motion.joints) < 1e-3


def waving(standing):
    """Stands with the right hand up, which swings."""
    joints = standing.copy()
    elbow, wrist = HUMANML3D.index("right_elbow"), HUMANML3D.index("right_wrist")
    shoulder = HUMANML3D.index("right_shoulder")
    joints[:, elbow] = joints[:, shoulder] + np.array([-HUMANML3D.lengths[elbow], 0, 0])
    angle = 0.5 * np.sin(2 * np.pi * 1.5 * np.arange(len(joints)) / 20)
    lower = np.stack([np.sin(angle), np.cos(angle), np.zeros_like(angle)], axis=-1)
    joints[:, wrist] = joints[:, elbow] + HUMANML3D.lengths[wrist] * lower
    return Motion(joints)


def swaying(standing):
    """Stands and rocks by a centimetre."""
    rock = 0.01 * np.sin(np.arange(len(standing)) / 6)
    joints = standing.copy()
    joints[:, 12:, 2] += rock[:, None]
    return Motion(restore_lengths(joints, bone_lengths(standing)))


@pytest.mark.parametrize("factor", [0.8, 1.25, 1.7])
def test_tempo_changes_duration_and_speed_but_not_the_way(striding, factor):
    result = editing.change_tempo(striding, factor)
    assert result.fps == striding.fps
    assert len(result) == int((len(striding) - 1) / factor + 1e-6) + 1
    np.testing.assert_allclose(result.joints[0], striding.joints[0], atol=1e-4)
    speeds = [np.diff(motion.joints[:, 0, 2]).mean() for motion in (result, striding)]
    assert speeds[0] == pytest.approx(factor * speeds[1], rel=0.02)
    assert_same_bones(result, striding)


def test_tempo_of_one_changes_nothing(striding):
    np.testing.assert_allclose(editing.change_tempo(striding, 1.0).joints, striding.joints, atol=1e-5)


@pytest.mark.parametrize("degrees", [90, -90, 30, 180])
def test_bending_adds_the_turn_and_keeps_feet_planted(striding, degrees):
    result = editing.bend_path(striding, degrees)
    assert turned(result.joints) == pytest.approx(degrees, abs=2)
    # Left of +Z is +X.
    assert np.sign(result.joints[-1, 0, 0]) == np.sign(degrees)
    assert standing_speeds(striding.joints).max() < 0.02
    assert standing_speeds(result.joints).max() < 0.02 + 0.1 * abs(degrees) / 90
    assert_same_bones(result, striding)
    assert largest_step(result.joints) < 1.3 * largest_step(striding.joints)
    np.testing.assert_allclose(result.joints[..., 1], striding.joints[..., 1], atol=1e-5)


def test_bending_about_the_root_would_slide_more(striding):
    """The check above can fail: the same turn about the root moves standing feet."""
    angle = np.radians(np.linspace(0, 90, len(striding)))
    turn = rotations.about("Y", angle)[:, None]
    step = np.diff(striding.joints[:, :1], axis=0, prepend=striding.joints[:1, :1])
    root = np.cumsum(rotations.rotate(turn, step), axis=0)
    naive = rotations.rotate(turn, striding.joints - striding.joints[:, :1]) + root
    assert standing_speeds(naive).max() > 2 * standing_speeds(editing.bend_path(striding, 90).joints).max()


def test_a_turn_stays_between_its_shares(striding):
    result = editing.bend_path(striding, 60, start=0.5, end=0.75)
    np.testing.assert_allclose(result.joints[:40], striding.joints[:40], atol=1e-5)
    assert turned(result.joints[:62]) == pytest.approx(60, abs=2)


def test_reverse_twice_is_the_motion(striding):
    back = editing.reverse(striding)
    np.testing.assert_array_equal(back.joints[0], striding.joints[-1])
    np.testing.assert_array_equal(editing.reverse(back).joints, striding.joints)


def test_splicing_goes_over_without_a_jump(striding):
    turn = rotations.about("Y", np.array(2.0))
    second = replace(striding, joints=rotations.rotate(turn, striding.joints[7:]) + np.array([3.0, 0, 1.0]))
    result = editing.splice(striding, second)
    assert largest_step(result.joints) < 1.1 * largest_step(striding.joints)
    assert_same_bones(result, striding)
    assert standing_speeds(result.joints).max() < 0.1
    # A straight walk goes on straight, and at most a second and a fade is lost at each end.
    np.testing.assert_allclose(result.joints[:, 0, 0], 0, atol=0.05)
    assert 80 + 73 - 40 - 8 <= len(result) < 80 + 73
    np.testing.assert_array_equal(result.joints[:60], striding.joints[:60])


def test_a_shorter_search_leaves_out_less(striding):
    second = striding[9:]
    whole = len(striding) + len(second)
    lengths = [
        len(editing.splice(striding, second, editing.find_seam(striding, second, search=search)))
        for search in (1.0, 0.5, 0.0)
    ]
    # Of the ends nothing is left out but the cross-fade of 0.4 seconds.
    assert lengths[2] == whole - 8
    assert lengths[0] >= whole - 40 - 8
    assert lengths[1] >= whole - 24 - 8
    seam = editing.find_seam(striding, second, search=0.0)
    joined = editing.splice(striding, second, seam)
    assert seam.middle == len(striding) - 4
    np.testing.assert_array_equal(joined.joints[: len(striding) - 8], striding.joints[:-8])


def test_splice_cost_tells_pairs_that_fit(striding, standing):
    fits = editing.find_seam(striding, striding).cost
    assert fits < 0.02
    lying = rotations.rotate(rotations.about("X", np.array(-np.pi / 2)), standing)
    lying[..., 1] += 0.1 - lying[..., 1].min()
    assert editing.find_seam(striding, Motion(lying)).cost > 0.3
    # A walk and the same poses in the other order.
    assert editing.find_seam(striding, editing.reverse(striding)).cost > 2 * fits


def test_combining_keeps_the_legs_and_takes_the_arms(striding, standing):
    facing_back = rotations.rotate(rotations.about("Y", np.array(2.5)), waving(standing).joints)
    result = editing.combine(striding, Motion(facing_back))
    assert len(result) == 60
    legs = [0, 1, 2, 4, 5, 7, 8, 10, 11]
    np.testing.assert_allclose(result.joints[:, legs], striding.joints[:60, legs], atol=1e-6)
    # The hand is up at the body's own right, and swings as it did.
    wrist, neck = HUMANML3D.index("right_wrist"), HUMANML3D.index("neck")
    expected = waving(standing).joints[:, wrist] - waving(standing).joints[:, neck]
    np.testing.assert_allclose(result.joints[:, wrist] - result.joints[:, neck], expected, atol=0.02)
    assert_same_bones(result, striding)


def test_looping_is_exact_in_length_and_even(make_striding):
    short = make_striding(50)
    result = editing.loop(short, 11.35)
    assert len(result) == 227
    np.testing.assert_array_equal(result.joints[:20], short.joints[:20])
    assert largest_step(result.joints) < 1.1 * largest_step(short.joints)
    assert result.joints[-1, 0, 2] == pytest.approx(0.06 * 226, rel=0.05)
    assert_same_bones(result, short)
    assert len(editing.loop(short, 1.0)) == 20


def test_holding_goes_to_and_fro(standing):
    still = swaying(standing)
    result = editing.hold(still, 12.0)
    assert len(result) == 240
    np.testing.assert_allclose(result.joints[0], still.joints[0], atol=1e-5)
    assert largest_step(result.joints) <= 1.05 * largest_step(still.joints)
    assert np.abs(np.diff(result.joints, n=2, axis=0)).max() < 2 * np.abs(np.diff(still.joints, n=2, axis=0)).max()
    head = [motion.joints[:, HUMANML3D.index("head"), 2] for motion in (result, still)]
    assert head[1].min() - 1e-5 <= head[0].min() < head[0].max() <= head[1].max() + 1e-5
    assert len(editing.hold(still[:1], 2.0)) == 40
    assert len(editing.hold(still[:2], 2.0)) == 40


def test_quiet_stretches_are_where_nothing_moves(standing):
    body = np.concatenate([standing, waving(standing).joints, standing])
    first, last = editing.quiet_stretches(Motion(body))
    assert first.start == 0
    assert 50 <= first.stop <= 60
    assert 120 <= last.start <= 130
    assert last.stop == 180
    assert editing.quiet_stretches(Motion(body), seconds=5.0) == []


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: editing.change_tempo(m, 0.0), "factor"),
        (lambda m: editing.bend_path(m, 90, 0.6, 0.4), "shares"),
        (lambda m: editing.bend_path(m, float("nan")), "finite angle"),
        (lambda m: editing.find_seam(m, m, seconds=0), "positive"),
        (lambda m: editing.splice(m, replace(m, fps=30.0)), "resample"),
        (lambda m: editing.combine(m, replace(m, fps=30.0)), "resample"),
        (lambda m: editing.loop(m, -1), "positive"),
        (lambda m: editing.loop(m[:1], 1), "too short"),
        (lambda m: editing.hold(m, float("nan")), "positive"),
        (lambda m: editing.reverse(Motion(np.zeros((4, 21, 3)), skeleton=KIT)), "humanml3d"),
    ],
)
def test_impossible_edits_are_refused(striding, call, message):
    with pytest.raises(MotionGPTError, match=message):
        call(striding)


def test_real_clips_stay_sensible(real_clips):
    for clip in real_clips:
        edited = {
            "bend": editing.bend_path(clip, 90),
            "tempo": editing.change_tempo(clip, 1.2),
            "combine": editing.combine(clip, real_clips[0]),
            "hold": editing.hold(clip, 10.0),
        }
        for name, motion in edited.items():
            assert_same_bones(motion, clip)
            assert np.isfinite(motion.joints).all(), (clip.name, name)
        assert turned(edited["bend"].joints) - turned(clip.joints) == pytest.approx(90, abs=2)
        assert largest_step(edited["hold"].joints) <= 1.1 * largest_step(clip.joints)
    bent = [editing.bend_path(clip, 60) for clip in real_clips]
    before, after = (
        np.mean([measures.foot_skate_ratio(clip.joints) for clip in clips]) for clips in (real_clips, bent)
    )
    assert after < before + 0.02


def test_both_arms_do_what_one_does(striding):
    made = editing.both_arms(striding, "left")
    names = HUMANML3D.joints
    arm = [names.index(f"right_{part}") for part in ("shoulder", "elbow", "wrist")]
    rest = [joint for joint in range(len(names)) if joint not in arm]
    np.testing.assert_allclose(made.joints[:, rest], striding.joints[:, rest], atol=1e-6)
    np.testing.assert_allclose(bone_lengths(made.joints), bone_lengths(striding.joints), atol=1e-5)
    # Mirror images at the plane between the collars: what is along the line between them is turned round.
    collars = made.joints[:, names.index("left_collar")] - made.joints[:, names.index("right_collar")]
    across = collars / np.linalg.norm(collars, axis=-1, keepdims=True)
    for upper, lower in (("shoulder", "elbow"), ("elbow", "wrist")):
        bones = [
            made.joints[:, names.index(f"{side}_{lower}")] - made.joints[:, names.index(f"{side}_{upper}")]
            for side in ("left", "right")
        ]
        units = [bone / np.linalg.norm(bone, axis=-1, keepdims=True) for bone in bones]
        along = [(unit * across).sum(-1) for unit in units]
        np.testing.assert_allclose(along[0], -along[1], atol=1e-5)
        np.testing.assert_allclose(
            units[0] - along[0][:, None] * across, units[1] - along[1][:, None] * across, atol=1e-5
        )
