"""Features against the published sample, and against what they mean."""

import numpy as np
import pytest

from motiongpt.errors import MotionGPTError
from motiongpt.motion import HUMANML3D, KIT, FeatureLayout, Motion, features_to_joints, joints_to_features
from motiongpt.motion.rotations import about, from_sixd, rotate, to_matrix


@pytest.fixture
def sample(golden_dir):
    return np.load(golden_dir / "humanml3d_012314_joints.npy"), np.load(golden_dir / "humanml3d_012314_features.npy")


def test_features_to_joints_equal_the_published_file_bit_for_bit(sample):
    joints, features = sample
    np.testing.assert_array_equal(features_to_joints(features), joints)


def test_joints_to_features_within_the_published_tolerances(sample):
    joints, features = sample
    made = joints_to_features(joints)
    assert made.shape == (169, 263)
    tolerances = {
        "root_yaw_velocity": 3.1e-4, "root_linear_velocity": 1.4e-4, "root_height": 4e-7, "positions": 6.8e-3,
        "rotations": 1.4e-2, "velocities": 4.2e-4, "contacts": 0.0,
    }  # fmt: skip
    for name, block in FeatureLayout(HUMANML3D).blocks().items():
        assert np.abs(made[:, block] - features[:-1, block]).max() <= tolerances[name], name


def test_sample_has_the_proportions_of_the_skeleton(sample):
    motion = Motion(sample[0])
    np.testing.assert_allclose(motion.standard().joints, motion.joints, atol=1e-4)


@pytest.mark.parametrize(("skeleton", "dim"), [(HUMANML3D, 263), (KIT, 251)])
def test_layout_covers_every_number_once(skeleton, dim):
    covered = np.zeros(dim, dtype=int)
    for block in FeatureLayout(skeleton).blocks().values():
        covered[block] += 1
    assert (covered == 1).all()
    assert skeleton.feature_dim == dim


def test_layout_matches_the_published_indices():
    layout = FeatureLayout(HUMANML3D)
    bounds = [(block.start, block.stop) for block in layout.blocks().values()]
    assert bounds == [(0, 1), (1, 3), (3, 4), (4, 67), (67, 193), (193, 259), (259, 263)]


def test_joints_survive_the_features(walk):
    canonical = walk.canonical()
    back = features_to_joints(joints_to_features(canonical.joints))
    # The features keep all but the last frame; facing differs by the heading's smoothing, not the shape.
    np.testing.assert_allclose(back, canonical.joints[:-1], atol=2e-3)


def test_placement_does_not_change_features(walk):
    moved = rotate(about("Y", np.array(1.1)), walk.joints) + np.array([3.0, 0.4, -2.0])
    np.testing.assert_allclose(joints_to_features(moved), joints_to_features(walk.joints), atol=1e-4)


def test_blocks_mean_what_they_are_called(walk):
    layout = FeatureLayout(HUMANML3D)
    joints = walk.canonical().joints
    features = joints_to_features(joints)
    np.testing.assert_allclose(features[:, layout.root_height][:, 0], joints[:-1, 0, 1], atol=1e-6)
    # The walk goes straight ahead: its steps lie on +Z in its own heading.
    np.testing.assert_allclose(features[:, layout.root_linear_velocity][:, 0], 0, atol=2e-3)
    np.testing.assert_allclose(features[:, layout.root_yaw_velocity], 0, atol=1e-3)
    assert set(np.unique(features[:, layout.contacts])) <= {0.0, 1.0}
    matrices = to_matrix(from_sixd(features[:, layout.rotations].reshape(-1, 6)))
    np.testing.assert_allclose(np.linalg.det(matrices), 1, atol=1e-4)


def test_a_slow_spin_survives_the_features(walk):
    # Slow, because the features smooth the heading over a second.
    turns = 0.05 * np.arange(120)
    joints = np.stack([rotate(about("Y", angle), walk.joints[0]) for angle in turns])
    back = features_to_joints(joints_to_features(joints))

    def facing(body):
        hips = body[:, HUMANML3D.index("left_hip")] - body[:, HUMANML3D.index("right_hip")]
        return np.unwrap(np.arctan2(-hips[:, 2], hips[:, 0]))

    np.testing.assert_allclose(np.diff(facing(back))[5:-5], 0.05, atol=5e-3)


def test_floor_can_be_given(walk):
    lifted = walk.joints + np.array([0, 0.5, 0], dtype=np.float32)
    layout = FeatureLayout(HUMANML3D)
    on_floor = joints_to_features(lifted)
    above = joints_to_features(lifted, floor=float(lifted[..., 1].min()) - 0.3)
    np.testing.assert_allclose(above[:, layout.root_height] - on_floor[:, layout.root_height], 0.3, atol=1e-5)


@pytest.mark.parametrize("shape", [(1, 22, 3), (10, 21, 3), (10, 22), (10, 22, 2)])
def test_wrong_shapes_are_named(shape):
    with pytest.raises(MotionGPTError, match="22, 3"):
        joints_to_features(np.zeros(shape))


def test_wrong_width_is_named():
    with pytest.raises(MotionGPTError, match="263"):
        features_to_joints(np.zeros((5, 251)))
