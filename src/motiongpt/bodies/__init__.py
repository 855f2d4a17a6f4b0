"""Bodies that move: joint rotations over a rest pose, and skinned characters that follow them."""

from motiongpt.bodies.body import Body
from motiongpt.bodies.mannequin import Mannequin
from motiongpt.bodies.posing import Pose, fit_pose

__all__ = ["Body", "Mannequin", "Pose", "fit_pose"]
