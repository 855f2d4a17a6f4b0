"""What a motion is: skeletons, rotations, kinematics, features, placement."""

from motiongpt.motion.features import FeatureLayout, features_to_joints, joints_to_features
from motiongpt.motion.motion import Motion
from motiongpt.motion.skeleton import HUMANML3D, KIT, Skeleton

__all__ = ["HUMANML3D", "KIT", "FeatureLayout", "Motion", "Skeleton", "features_to_joints", "joints_to_features"]
