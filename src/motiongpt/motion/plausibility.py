"""Physical faults of a motion: what no body on level ground does, whatever it was asked for.

Every function takes joints (T, 22, 3) in metres, Y up, at 20 fps, in HumanML3D proportions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motiongpt.motion.detectors import flights
from motiongpt.motion.measures import FEET, FPS, floor_height, speed

# Metres above the floor from which on the lowest joint is in the air, and share of frames that may be.
AIR, MAX_AIR = 0.08, 0.5
# Both toes are lower than this (m) and faster than this (m/s) while the body moves faster than this (m/s) ...
LOW, SLIDING, MOVING = 0.05, 0.25, 0.3
# ... for more than so many metres in a row: the body glides.
MAX_GLIDE = 0.5
# Metres below the floor, and metres from frame to frame that no joint covers.
MAX_DEPTH, MAX_STEP = 0.08, 0.6
_TOES = FEET[1::2]


@dataclass(frozen=True)
class Faults:
    """Physical faults of a motion.

    Attributes:
        air: share of frames in which the lowest joint is more than 8 cm above the floor; 0 for a motion with a jump.
        glide: longest way in metres that the body moves in a row while both toes slide on the floor.
        depth: metres of the deepest joint below the floor.
        step: farthest way in metres of a joint from a frame to the next.
    """

    air: float
    glide: float
    depth: float
    step: float

    @property
    def floats(self) -> bool:
        """The body hangs in the air."""
        return self.air > MAX_AIR

    @property
    def glides(self) -> bool:
        """The body moves without steps."""
        return self.glide > MAX_GLIDE

    @property
    def clean(self) -> bool:
        """None of the faults."""
        return not (self.floats or self.glides or self.depth > MAX_DEPTH or self.step > MAX_STEP)

    @property
    def severity(self) -> float:
        """From 0 to 1: how bad the worst fault is; faults just within their limit count a little."""
        ratios = (self.air / MAX_AIR, self.glide / MAX_GLIDE, self.depth / MAX_DEPTH, self.step / MAX_STEP)
        return float(np.clip(max(ratios) - 0.5, 0, 1))


def faults(joints: np.ndarray) -> Faults:
    """Physical faults of a motion of any length."""
    joints = joints.astype(np.float64)
    # Over the whole clip the floor is where the body stands most of the time, and not where it dips once.
    lowest = joints[..., 1].min(axis=1)
    height = lowest - floor_height(joints)
    air = 0.0 if flights(joints) else float((height > AIR).mean())
    steps = np.linalg.norm(np.diff(joints, axis=0), axis=-1)
    return Faults(air, _longest_glide(joints), float(-height.min()), float(steps.max(initial=0.0)))


def _longest_glide(joints: np.ndarray) -> float:
    """Metres in a row that the body moves while both toes slide on the floor."""
    if len(joints) < 2:
        return 0.0
    toes = joints[:, _TOES]
    low = (toes[..., 1] - floor_height(joints) < LOW).all(axis=1)
    fast = (np.linalg.norm(np.gradient(toes[..., [0, 2]], axis=0), axis=-1) * FPS > SLIDING).all(axis=1)
    pace = speed(joints)
    gliding = low & fast & (pace > MOVING)
    longest = way = 0.0
    for now, metres in zip(gliding, pace / FPS, strict=True):
        way = way + metres if now else 0.0
        longest = max(longest, way)
    return float(longest)
