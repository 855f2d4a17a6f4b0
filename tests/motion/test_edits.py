"""Edits in one call do what they do one after the other."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motiongpt import Motion, MotionGPTError
from motiongpt.motion import HUMANML3D, KIT, editing
from motiongpt.motion.edits import Edits, trim
from motiongpt.motion.measures import bone_length_deviation
from motiongpt.motion.placement import forward_direction


def test_edits_are_applied_in_their_order(striding):
    edits = {"trim": (0.5, -0.5), "fps": 40.0, "reverse": True, "mirror": True, "tempo": 1.5, "bend": 45.0}
    one_by_one = editing.bend_path(
        editing.change_tempo(editing.reverse(striding[10:70].resample(40)).mirrored(), 1.5), 45
    )
    np.testing.assert_array_equal(striding.edit(**edits).joints, one_by_one.joints)
    assert striding.edit(**edits).fps == 40


def test_no_edit_changes_nothing(striding):
    assert Edits().apply(striding) is striding


@given(st.floats(0, 3.9), st.floats(0.1, 4))
def test_trimming_keeps_what_lies_between(start, length):
    time = np.arange(80) / 20
    motion = Motion(np.repeat(time[:, None, None], 22, axis=1).repeat(3, axis=2))
    part = trim(motion, start, start + length)
    assert part.joints[0, 0, 0] == pytest.approx(start, abs=0.026)
    assert part.joints[-1, 0, 0] <= start + length
    assert len(part) == pytest.approx(min(length, 4 - start) * 20, abs=1.01)
    np.testing.assert_array_equal(trim(motion, start - 4).joints, trim(motion, start).joints)


def test_turning_is_about_the_first_root(striding):
    moved = Motion(striding.joints + np.array([2.0, 0, -1.0], dtype=np.float32))
    result = editing.turn(moved, 90)
    np.testing.assert_allclose(result.joints[0, 0], moved.joints[0, 0], atol=1e-5)
    np.testing.assert_allclose(forward_direction(result.joints)[0], [1, 0, 0], atol=1e-4)
    np.testing.assert_allclose(result.joints[-1, 0] - result.joints[0, 0], [0.06 * 79, 0, 0], atol=1e-3)


def test_in_place_keeps_height_and_sway(make_striding):
    walk = make_striding(120)
    sway = 0.03 * np.sin(2 * np.pi * np.arange(120) / 20)
    joints = walk.joints + np.stack([sway, 0.5 * np.abs(sway), 0 * sway], -1)[:, None]
    result = editing.in_place(Motion(joints))
    np.testing.assert_allclose(result.joints[..., 1], joints[..., 1], atol=1e-6)
    np.testing.assert_allclose(result.joints[:, 0, 2], joints[0, 0, 2], atol=0.01)
    middle = slice(20, 100)
    assert np.abs(result.joints[middle, 0, 0] - sway[middle]).max() < 0.01
    assert editing.in_place(walk[:2]).joints.shape == (2, 22, 3)


def test_grounding_puts_the_floor_at_zero(striding):
    high = Motion(striding.joints + np.array([0, 0.7, 0], dtype=np.float32))
    assert high.edit(ground=True).joints[..., 1].min() == pytest.approx(0, abs=1e-6)


def test_joined_motions_stay_calm_and_in_order(make_striding, standing):
    walk, still = make_striding(60), Motion(standing)
    raised = standing.copy()
    arms = [HUMANML3D.index(f"{side}_{part}") for side in ("left", "right") for part in ("elbow", "wrist")]
    shoulders = raised[:, HUMANML3D.index("left_shoulder"), None, 1]
    raised[:, arms, 1] = 2 * shoulders - raised[:, arms, 1]
    parts = [walk, still, Motion(raised), walk]
    joined, seams = editing.concatenate(parts)
    assert [seam.first for seam in seams] == sorted(seam.first for seam in seams)
    steps = np.linalg.norm(np.diff(joined.joints, axis=0), axis=-1).max(axis=-1)
    usual = np.linalg.norm(np.diff(walk.joints, axis=0), axis=-1).max(axis=-1).max()
    for seam in seams:
        assert steps[max(seam.first - 1, 0) : seam.first + seam.count].max() < 1.5 * usual
    # Hands rise by a metre: that takes longer than between poses that are alike, and arms do not shrink on their way.
    assert seams[1].count > seams[0].count
    assert steps[seams[1].first : seams[1].first + seams[1].count].max() < 0.13
    assert bone_length_deviation(joined.joints) < 1e-3
    before = seams[0].first - 5
    np.testing.assert_array_equal(joined.joints[:before], walk.joints[:before])
    assert editing.concatenate([walk])[0] is walk


@pytest.mark.parametrize(
    ("edits", "message"),
    [
        ({"trim": (5, None)}, "nothing from second 5 to the end; the motion lasts 4.00 s"),
        ({"trim": (None, -9.0)}, "nothing from second 0 to -9"),
        ({"trim": (float("nan"), None)}, "nothing from"),
        ({"tempo": 0}, "positive factor"),
        ({"turn": float("inf")}, "finite angle"),
        ({"fps": -1}, "positive"),
    ],
)
def test_impossible_edits_are_refused(striding, edits, message):
    with pytest.raises(MotionGPTError, match=message):
        striding.edit(**edits)


def test_other_skeletons_and_unknown_edits_are_refused(striding):
    with pytest.raises(MotionGPTError, match="no motions to join"):
        editing.concatenate([])
    with pytest.raises(TypeError, match="flip"):
        striding.edit(flip=True)
    with pytest.raises(MotionGPTError, match="humanml3d"):
        Motion(np.zeros((40, 21, 3)), skeleton=KIT).edit(in_place=True)
