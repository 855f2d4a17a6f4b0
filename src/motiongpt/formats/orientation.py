"""The vertical axis of a file, found from how the body stands and moves.

Suffixes do not tell: .bvh, .npz and .npy come with Y up, with Z up, and with the axes of a camera, whose Y points down.
Each of the six directions is judged over the whole clip: a person mostly stands, feet below trunk below head; the
joints that carry the body are its lowest ones and rest there; and the lowest joint stays near one plane, often at 0.
The weights are close to the maximum-likelihood fit of a softmax over the six directions to 1084 recordings (CMU, HDM05,
ACCAD and CC0 game clips), whole, moved away from the origin, cut to 12 frames and to a single one.

A body may lie down on purpose. The direction that a format has by convention therefore gets a lead, and another one has
to beat it clearly: of the recordings, those that crawl, lie, roll or do push-ups all stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motiongpt.errors import MotionGPTError
from motiongpt.motion.skeleton import HUMANML3D

# The rotation that makes each vertical axis Y. All are proper: left stays left.
TURNS = {
    "x": np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]]),
    "-x": np.array([[0.0, 1, 0], [-1, 0, 0], [0, 0, 1]]),
    "y": np.eye(3),
    "-y": np.diag([1.0, -1, -1]),
    "z": np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]),
    "-z": np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]),
}
AXES = tuple(TURNS)
# HumanML3D turns AMASS from (x, y, z) to (-x, z, y).
SMPL_TURNS = {**TURNS, "z": np.array([[-1.0, 0, 0], [0, 0, 1], [0, 1, 0]])}
# The lead of the conventional axis, in nats. Programs follow glTF, FBX and Acclaim more closely than BVH and AMASS;
# parameters of SMPL by themselves have no usual axis.
USUAL, STRICT, CERTAIN, OPEN = 3.0, 4.5, 50.0, 0.5
_MAX_FRAMES = 300
_HIPS, _KNEES, _ANKLES = (
    [HUMANML3D.index(f"{side}_{part}") for side in ("left", "right")] for part in ("hip", "knee", "ankle")
)
_FEET = [*HUMANML3D.left_foot, *HUMANML3D.right_foot]
_WEIGHTS = np.array([1.7, 1.5, 1.4, -1.1, -1.2, 2.0, 1.0, 1.7, 1.0])


@dataclass(frozen=True)
class Up:
    """The vertical axis of a file.

    Attributes:
        axis: one of :data:`AXES`.
        reason: why, in a few words.
        confidence: from 0 to 1.
        remarks: a sentence if the axis is not the conventional one, or if the body does not stand along it.
    """

    axis: str
    reason: str
    confidence: float = 1.0
    remarks: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Value and reason, as in :attr:`motiongpt.formats.reading.Reading.decided`."""
        return f"{self.axis}: {self.reason}"


def find(
    joints: np.ndarray,
    source: str,
    *,
    given: str | None = None,
    usual: str = "y",
    lead: float = USUAL,
) -> Up:
    """The vertical axis of a clip.

    Args:
        joints: (T, 22, 3) finite positions in any unit, along the axes of the file.
        source: the file, for messages.
        given: by the user, one of :data:`AXES`; it is not questioned.
        usual: the axis that the format has by convention.
        lead: by how much another axis must be more likely, see :data:`USUAL`.

    Raises:
        MotionGPTError: ``given`` is no axis.
    """
    if given is not None:
        if given not in AXES:
            raise MotionGPTError(f"{source}: --up (in Python up=) must be one of {', '.join(AXES)}, not {given!r}.")
        return Up(given, "given")
    measures = _measures(joints)
    scores = measures @ _WEIGHTS
    alone = AXES[int(scores.argmax())]
    scores[AXES.index(usual)] += lead
    axis = AXES[int(scores.argmax())]
    likely = np.exp(scores - scores.max())
    confidence = float(likely.max() / likely.sum())
    stands = measures[AXES.index(axis), 1] >= 0.5
    reason = "the body stands along it" if stands else "where the floor and the feet are"
    remarks: tuple[str, ...] = ()
    if axis != usual:
        remarks = (
            f"The body stands along {axis}, not along {usual} as is usual for such files; it was turned upright, and "
            f"--up {usual} leaves it as it is.",
        )
    elif alone != usual or not stands:
        reason = "usual for such files; the body lies, crawls or bends most of the time"
        other = f", or would stand along {alone}" if alone != usual else ""
        remarks = (
            f"The body lies, crawls or bends most of the time{other}; {usual} was taken for the vertical axis, as is "
            f"usual for such files, and --up AXIS names another one.",
        )
    return Up(axis, reason, confidence, remarks)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)


def _measures(joints: np.ndarray) -> np.ndarray:
    """(6, 9) measures of each direction in :data:`AXES`, in the order of the weights."""
    step = -(-len(joints) // _MAX_FRAMES)
    now = np.arange(0, len(joints), step)
    body = joints[now].astype(np.float64)
    speed = np.linalg.norm(joints[np.minimum(now + 1, len(joints) - 1)].astype(np.float64) - body, axis=-1)
    hips, knees, ankles = (body[:, pair] for pair in (_HIPS, _KNEES, _ANKLES))
    neck, head = body[:, HUMANML3D.index("neck")], body[:, HUMANML3D.index("head")]
    legs = np.linalg.norm(hips - knees, axis=-1) + np.linalg.norm(knees - ankles, axis=-1)
    size = float(np.median(legs) + np.median(np.linalg.norm(neck - body[:, 0], axis=-1))) / 1.5
    size = max(size, 1e-12)

    directions = np.array([turn[1] for turn in TURNS.values()])  # the row that becomes Y
    heights = (body @ directions.T).transpose(2, 0, 1)  # (6, T, J)
    lowest = heights.min(axis=2)
    carrying = heights.argmin(axis=2)
    trunk = _unit(neck - body[:, 0]) @ directions.T
    whole = _unit(head - ankles.mean(axis=1)) @ directions.T
    leg = _unit(hips.mean(axis=1) - ankles.mean(axis=1)) @ directions.T
    spread = np.minimum(np.ptp(np.percentile(lowest, [10, 90], axis=1), axis=0) / size, 1)
    typical = float(np.median(speed)) + 1e-6 * size
    carrying_speed = np.median(speed[np.arange(len(body)), carrying], axis=1)
    at_zero = np.exp(-(((np.percentile(lowest, 5, axis=1) / size - 0.06) / 0.12) ** 2))
    on_floor = (heights < lowest[..., None] + 0.2 * size).mean(axis=(1, 2))
    return np.stack(
        [
            trunk.mean(axis=0),
            (whole > 0.7).mean(axis=0),
            leg.mean(axis=0),
            spread,
            np.minimum(carrying_speed / typical, 1),
            at_zero,
            (heights[..., _FEET].min(axis=2) < lowest + 0.1 * size).mean(axis=1),
            on_floor,
            # Flat on a plane at 0: a body that lies on the floor.
            (on_floor > 0.5) * (spread < 0.1) * at_zero,
        ],
        axis=1,
    )
