"""The Motion object: validation, placement, frame rate, proportions, mirroring."""

import numpy as np
import pytest

from motiongpt import Motion, MotionGPTError
from motiongpt.motion import HUMANML3D, KIT
from motiongpt.motion.placement import forward_direction
from motiongpt.motion.resampling import mix, resample
from motiongpt.motion.retarget import bone_lengths
from motiongpt.motion.rotations import about, rotate


def sine(fps, seconds=100.0):
    t = np.arange(int(fps * seconds) + 1) / fps
    return np.broadcast_to(np.sin(2 * t)[:, None, None], (len(t), 22, 3))


@pytest.mark.parametrize("fps", [12.5, 20, 24, 25, 30, 50, 59.94, 60, 100, 120, 250])
def test_resampling_does_not_drift(fps):
    result = resample(sine(fps), fps, 20)
    t = np.arange(len(result)) / 20
    assert abs(len(result) - (int(fps * 100) / fps * 20 + 1)) < 1 + 1e-6
    np.testing.assert_allclose(result[:, 0, 0], np.sin(2 * t), atol=2e-3)


@pytest.mark.parametrize("fps", [60, 100, 120])
def test_whole_ratios_keep_source_frames_untouched(fps):
    source = np.random.default_rng(0).normal(size=(fps * 3 + 1, 22, 3)).astype(np.float32)
    np.testing.assert_array_equal(resample(source, fps, 20), source[:: fps // 20])


@pytest.mark.parametrize("count", [1, 2, 3])
def test_very_short_clips_resample(count):
    source = np.arange(count * 66, dtype=float).reshape(count, 22, 3)
    result = resample(source, 30, 20)
    np.testing.assert_allclose(result[0], source[0])
    assert np.isfinite(result).all()


def swinging(fps, seconds=2.0):
    """An arm that turns about its shoulder at four radians a second, on a body that stands still."""
    time = np.arange(int(fps * seconds) + 1) / fps
    joints = np.zeros((len(time), 22, 3))
    turn = about("Z", 4 * time)
    joints[:, 18] = rotate(turn, np.array([0.3, 0.0, 0.0]))
    joints[:, 20] = rotate(turn, np.array([0.55, 0.0, 0.0]))
    return joints


@pytest.mark.parametrize("fps", [24, 30, 60, 59.94])
def test_limbs_keep_to_their_arcs_between_frames(fps):
    """A turn of 23 degrees a frame is the same turn at any rate; chords would be up to 2 % too short."""
    result = Motion(swinging(10), fps=10.0).resample(fps)
    expected = swinging(fps)
    assert len(result) == len(expected)
    np.testing.assert_allclose(result.joints, expected, atol=2e-3)
    arm = np.linalg.norm(result.joints[:, 20] - result.joints[:, 18], axis=-1)
    np.testing.assert_allclose(arm, 0.25, atol=1e-6)


def test_rotations_between_frames_are_those_of_scipy(walk):
    """Half way between two frames each bone points where spherical interpolation of its neighbours has it."""
    from scipy.spatial.transform import Rotation, Slerp

    result = walk.resample(40).joints.astype(float)
    for joint in (4, 18, 20):
        parent = HUMANML3D.parents[joint]
        bones = walk.joints[:, joint].astype(float) - walk.joints[:, parent]
        for frame in (10, 25):
            turn, _ = Rotation.align_vectors(bones[frame + 1][None], bones[frame][None])
            half = Slerp([0, 1], Rotation.concatenate([Rotation.identity(), turn]))(0.5).apply(bones[frame])
            made = result[2 * frame + 1, joint] - result[2 * frame + 1, parent]
            cosine = half @ made / np.linalg.norm(half) / np.linalg.norm(made)
            # The spline is curved where the turn gets faster or slower.
            assert np.degrees(np.arccos(np.clip(cosine, -1, 1))) < 1.0


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 1.0])
def test_opposite_directions_mix_by_a_turn(share):
    hanging, raised = np.zeros((1, 22, 3)), np.zeros((1, 22, 3))
    hanging[0, 20, 1], raised[0, 20, 1] = -0.6, 0.6
    mixed = mix(hanging, raised, np.array([share]))
    assert np.linalg.norm(mixed[0, 20]) == pytest.approx(0.6)
    assert mixed[0, 20, 1] == pytest.approx(-0.6 * np.cos(np.pi * share))


@pytest.mark.parametrize("fps", [0, -1, float("nan")])
def test_impossible_rates_are_refused(fps):
    with pytest.raises(MotionGPTError, match="positive"):
        resample(sine(20, 1), fps, 20)


def test_canonical_placement(walk):
    moved = Motion(rotate(about("Y", np.array(2.0)), walk.joints) + np.array([4.0, 0.7, 1.0]))
    joints = moved.canonical().joints
    assert joints[..., 1].min() == pytest.approx(0, abs=1e-6)
    np.testing.assert_allclose(joints[0, 0, [0, 2]], 0, atol=1e-6)
    np.testing.assert_allclose(forward_direction(joints)[0], [0, 0, 1], atol=1e-5)
    np.testing.assert_allclose(joints, walk.canonical().joints, atol=1e-5)


def test_retargeting_gives_exact_lengths_and_keeps_directions(walk):
    big = Motion(walk.joints * 1.7)
    small = big.retargeted()
    np.testing.assert_allclose(bone_lengths(small.joints), np.linalg.norm(HUMANML3D.offsets, axis=-1), atol=1e-5)
    for joint, parent in enumerate(HUMANML3D.parents[1:], start=1):
        before = big.joints[:, joint] - big.joints[:, parent]
        after = small.joints[:, joint] - small.joints[:, parent]
        cosine = (before * after).sum(-1) / np.linalg.norm(before, axis=-1) / np.linalg.norm(after, axis=-1)
        np.testing.assert_allclose(cosine, 1, atol=1e-5)
    # The path shrinks with the legs.
    paths = [np.linalg.norm(motion.joints[-1, 0] - motion.joints[0, 0]) for motion in (small, big)]
    ratio = paths[0] / paths[1]
    assert ratio == pytest.approx(1 / 1.7, rel=1e-3)


def test_a_bone_of_no_length_points_as_at_rest(walk):
    joints = walk.joints.copy()
    joints[:, HUMANML3D.index("head")] = joints[:, HUMANML3D.index("neck")]
    fixed = Motion(joints).retargeted().joints
    bone = fixed[:, HUMANML3D.index("head")] - fixed[:, HUMANML3D.index("neck")]
    assert np.isfinite(fixed).all()
    np.testing.assert_allclose(np.linalg.norm(bone, axis=-1), HUMANML3D.lengths[15], atol=1e-5)


def test_mirroring_exchanges_sides_and_is_its_own_inverse(walk):
    mirrored = walk.mirrored()
    left, right = HUMANML3D.index("left_wrist"), HUMANML3D.index("right_wrist")
    np.testing.assert_allclose(mirrored.joints[:, left], walk.joints[:, right] * [-1, 1, 1])
    np.testing.assert_array_equal(mirrored.mirrored().joints, walk.joints)
    swapped = bone_lengths(walk.joints)[HUMANML3D.mirror_order]
    np.testing.assert_allclose(bone_lengths(mirrored.joints), swapped, atol=1e-6)


def test_slicing_and_seconds(walk):
    part = walk[10:30]
    assert len(part) == 20
    assert part.seconds == pytest.approx(1.0)
    np.testing.assert_array_equal(part.joints, walk.joints[10:30])


def test_kit_motion_of_features_is_in_metres():
    motion = Motion.from_features(np.full((4, 251), 100.0, dtype=np.float32), KIT)
    assert motion.joints[0, 0, 1] == pytest.approx(100 * 0.75 / 480)
    assert motion.fps == 12.5


@pytest.mark.parametrize(
    ("joints", "message"),
    [
        (np.zeros((5, 21, 3)), "22, 3"),
        (np.zeros((0, 22, 3)), "no frames"),
        (np.full((2, 22, 3), "a"), "numbers"),
    ],
)
def test_bad_joints_are_refused(joints, message):
    with pytest.raises(MotionGPTError, match=message):
        Motion(joints)


def test_a_missing_position_is_named_by_frame_and_joint(walk):
    joints = walk.joints.copy()
    joints[7, HUMANML3D.index("left_knee"), 1] = np.nan
    with pytest.raises(MotionGPTError, match=r"left_knee.*frame 7"):
        Motion(joints)


def test_repr_is_one_line() -> None:
    motion = Motion(np.zeros((40, 22, 3)), fps=20, name="walk")
    assert repr(motion) == "Motion('walk', 40 frames at 20 fps, 2.00 s, 22 joints of humanml3d)"


@pytest.mark.parametrize(("step", "fps"), [(None, 20), (1, 20), (2, 10), (3, 20 / 3), (-1, 20), (-2, 10)])
def test_a_slice_with_a_step_keeps_its_speed(step: int | None, fps: float) -> None:
    joints = np.random.default_rng(0).normal(size=(12, 22, 3)).astype(np.float32)
    part = Motion(joints, fps=20)[::step]
    assert part.fps == pytest.approx(fps)
    assert part.seconds == pytest.approx(0.6)
    np.testing.assert_array_equal(part.joints, joints[::step])


@pytest.mark.parametrize("frames", [3, slice(None, None, 0), slice(5, 5)])
def test_what_is_no_slice_of_frames(frames: object) -> None:
    with pytest.raises(MotionGPTError, match="frames"):
        Motion(np.zeros((12, 22, 3)))[frames]
