"""Bodies that move: joint rotations over a rest pose, and skinned characters that follow them."""

from motiongpt.bodies.body import Body
from motiongpt.bodies.body_model import BodyModel, load_body_model
from motiongpt.bodies.mannequin import Mannequin
from motiongpt.bodies.posing import Pose, fit_pose
from motiongpt.bodies.smpl import SmplFit, fit_smpl

__all__ = ["Body", "BodyModel", "Mannequin", "Pose", "SmplFit", "fit_pose", "fit_smpl", "load_body_model"]
