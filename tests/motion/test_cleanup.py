"""Cleanup takes out what was put in - jitter, stretched bones, sliding - and leaves the rest alone."""

from dataclasses import replace

import numpy as np
import pytest

from motiongpt import Motion, MotionGPTError
from motiongpt.motion import HUMANML3D, KIT, cleanup, measures
from motiongpt.motion.contacts import planted
from motiongpt.motion.retarget import bone_lengths, restore_lengths

FEET = list(measures.FEET)


def slide(joints, on):
    """Mean horizontal speed in m/s of foot joints between frames in which they are planted (T, 4)."""
    steps = np.linalg.norm(np.diff(joints.astype(float)[:, FEET][..., [0, 2]], axis=0), axis=-1) * 20
    return steps[on[1:] & on[:-1]].mean()


def sliding(motion, metres_a_second=0.3):
    """The body moved on while it walks, as if on ice."""
    way = metres_a_second * np.arange(len(motion)) / motion.fps
    joints = motion.joints.copy()
    joints[..., 2] += way[:, None]
    return replace(motion, joints=joints)


@pytest.fixture
def noisy(striding):
    noise = np.random.default_rng(0).normal(scale=0.006, size=striding.joints.shape)
    return replace(striding, joints=striding.joints + noise)


def test_planted_feet_are_found(striding):
    on = planted(striding.joints.astype(float), 20)
    time = np.arange(len(striding))
    left = time % 20 < 10
    # A frame more or less where a foot sets in or lifts off.
    assert (on[:, 1] != left).mean() < 0.16
    assert (on[:, 3] != ~left).mean() < 0.16


def test_contact_features_can_rule_out(striding):
    joints = striding.joints.astype(float)
    contacts = np.ones((len(joints), 4))
    contacts[:, :2] = 0
    on = planted(joints, 20, contacts)
    assert not on[:, :2].any()
    np.testing.assert_array_equal(on[:, 2:], planted(joints, 20)[:, 2:])


def test_smoothing_takes_jitter_out_and_restores_bones(noisy, striding):
    result = cleanup.smooth(noisy)
    assert measures.jerk(result.joints) < 0.4 * measures.jerk(noisy.joints)
    assert measures.bone_length_deviation(noisy.joints) > 5e-3
    assert measures.bone_length_deviation(result.joints) < 1e-5
    error = [np.linalg.norm(m.joints - striding.joints, axis=-1).mean() for m in (noisy, result)]
    assert error[1] < error[0]


def test_smoothing_leaves_slow_motion_alone(striding):
    wave = 0.1 * np.sin(2 * np.pi * 1.0 * np.arange(80) / 20)
    joints = striding.joints[:1] + wave[:, None, None]
    result = cleanup.smooth(Motion(joints)).joints
    np.testing.assert_allclose(result[5:-5], joints[5:-5], atol=2e-3)


@pytest.mark.parametrize("frames", [1, 2, 3, 4, 7])
def test_very_short_motions_are_cleaned(noisy, frames):
    result = cleanup.clean(noisy[:frames])
    assert len(result) == frames
    np.testing.assert_allclose(result.joints, noisy.joints[:frames], atol=0.05)


@pytest.mark.parametrize("with_contacts", [False, True])
def test_sliding_feet_are_locked(striding, with_contacts):
    on = planted(striding.joints.astype(float), 20)
    worse = sliding(striding)
    result = cleanup.lock_feet(worse, on.astype(float) if with_contacts else None)
    assert slide(worse.joints, on) == pytest.approx(0.3, abs=0.08)
    assert slide(result.joints, on) < 0.1
    np.testing.assert_allclose(bone_lengths(result.joints), bone_lengths(worse.joints), atol=1e-4)
    assert measures.bone_length_deviation(result.joints) < 1e-3
    # Nothing above the hips is bent, only moved a little.
    above = [3, 6, 9, 12, 15, 20, 21]
    relative = [m.joints[:, above] - m.joints[:, :1] for m in (result, worse)]
    np.testing.assert_allclose(*relative, atol=1e-5)
    assert np.abs(result.joints[:, 0] - worse.joints[:, 0]).max() < 0.06


def test_knees_keep_their_plane(striding):
    result = cleanup.lock_feet(sliding(striding)).joints
    for side in ("left", "right"):
        hip, knee, ankle = (result[:, HUMANML3D.index(f"{side}_{part}")] for part in ("hip", "knee", "ankle"))
        # Walking along +Z, knees bend forwards and stay over their feet.
        assert (np.cross(knee - hip, ankle - knee)[:, 0] >= -1e-4).all() or (
            np.cross(knee - hip, ankle - knee)[:, 0] <= 1e-4
        ).all()
        np.testing.assert_allclose(knee[:, 0], hip[:, 0], atol=0.02)


def test_clean_motion_stays_as_it_is(striding):
    result = cleanup.clean(striding)
    assert np.linalg.norm(result.joints - striding.joints, axis=-1).mean() < 0.006


def test_a_body_in_the_air_is_left_alone(standing):
    time = np.arange(60) / 20
    height = np.maximum(0.9 * np.sin(np.pi * np.clip((time - 1) / 0.7, 0, 1)), 0)
    joints = standing + np.stack([0 * time, height, 2 * np.clip(time - 1, 0, 0.7)], -1)[:, None]
    result = cleanup.lock_feet(Motion(joints)).joints
    air = height > 0.3
    np.testing.assert_allclose(result[air], joints[air], atol=1e-3)
    assert result[..., 1].max() == pytest.approx(joints[..., 1].max(), abs=1e-3)


def test_kept_frames_are_kept_bit_for_bit_without_a_jump(striding):
    worse = sliding(striding)
    noise = np.random.default_rng(1).normal(scale=0.004, size=worse.joints.shape)
    lengths = bone_lengths(worse.joints)
    made = replace(worse, joints=restore_lengths(worse.joints + noise, lengths))
    keep = (np.arange(80) < 25) | (np.arange(80) >= 60)
    result = cleanup.clean(made, keep=keep)
    np.testing.assert_array_equal(result.joints[keep], made.joints[keep])
    steps = [np.linalg.norm(np.diff(m.joints, axis=0), axis=-1).max(axis=1) for m in (result, made)]
    assert steps[0].max() < 1.3 * steps[1].max()
    on = planted(striding.joints.astype(float), 20)
    on[keep] = False
    assert slide(result.joints, on) < 0.75 * slide(made.joints, on)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: cleanup.lock_feet(m, np.zeros((3, 4))), "shape"),
        (lambda m: cleanup.clean(m, keep=np.zeros(3, dtype=bool)), "80 frames"),
        (lambda m: cleanup.smooth(m, 0.0), "cutoff"),
        (lambda m: cleanup.clean(Motion(np.zeros((4, 21, 3)), skeleton=KIT)), "humanml3d"),
    ],
)
def test_wrong_arguments_are_refused(striding, call, message):
    with pytest.raises(MotionGPTError, match=message):
        call(striding)


def test_real_clips_are_hardly_touched(real_clips):
    changes = []
    for clip in real_clips:
        result = cleanup.clean(clip)
        changes.append(np.linalg.norm(result.joints - clip.joints, axis=-1).mean())
        assert measures.bone_length_deviation(result.joints) < 1e-3
    assert np.mean(changes) < 0.01
    assert max(changes) < 0.03


def test_a_body_in_the_air_comes_down(striding):
    joints = striding.joints.copy()
    # It hangs in the air in its second half, as decoded runs do.
    joints[len(joints) // 2 :, :, 1] += 0.15
    result = cleanup.ground(replace(striding, joints=joints)).joints
    lowest = result[..., 1].min(axis=1) - striding.joints[..., 1].min()
    assert np.abs(lowest[len(joints) // 2 + 6 :]).max() < 0.05
    np.testing.assert_allclose(result[..., [0, 2]], joints[..., [0, 2]], atol=1e-6)


def test_jumps_keep_their_height(standing):
    """A thrown body: it bends its knees, leaves the floor for half a second and lands."""
    joints = np.repeat(standing[:1], 40, axis=0)
    time = np.arange(11) / 20
    joints[15:26, :, 1] += (9.81 / 2 * time * (0.5 - time))[:, None]
    motion = Motion(joints)
    np.testing.assert_allclose(cleanup.ground(motion).joints, motion.joints, atol=0.02)


def test_what_stands_on_the_floor_stays(striding):
    np.testing.assert_allclose(cleanup.ground(striding).joints, striding.joints, atol=0.01)


def test_grounding_leaves_kept_frames(striding):
    joints = striding.joints.copy()
    joints[30:, :, 1] += 0.2
    keep = np.arange(len(joints)) >= len(joints) - 10
    result = cleanup.ground(replace(striding, joints=joints), keep=keep).joints
    np.testing.assert_array_equal(result[keep], joints[keep])
