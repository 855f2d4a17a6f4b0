"""A body of simple volumes around the joints, so that a motion reads as a person and not as sticks.

The body is made of round cones (two spheres and the cone that touches both: limbs) and ellipsoids (head, chest,
pelvis, hands). Where they go follows from the tree of the skeleton alone, so both field skeletons draw; sizes follow
from the length of the legs, so children and giants keep human proportions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motiongpt.motion import Motion, Skeleton

LEFT = (0.16, 0.47, 0.78)
RIGHT = (0.90, 0.38, 0.24)
TORSO = (0.80, 0.79, 0.77)
HEAD = (0.87, 0.84, 0.80)
FACE = (0.30, 0.33, 0.38)  # a visor: it shows at once which way the figure looks
_LEG_LENGTH = 0.82  # hip to ankle in metres of the figure the radii below were drawn for
_UP = np.array([0.0, 1.0, 0.0], dtype=np.float32)


@dataclass(frozen=True)
class Body:
    """Volumes of a moving body in world coordinates (metres, Y up, floor at y = 0).

    Attributes:
        starts, ends: (T, N, 3) centres of the two spheres of each round cone.
        radii: (N, 2) their radii.
        cone_colours: (N, 3) RGB in 0..1.
        centres: (T, M, 3) ellipsoid centres.
        axes: (T, M, 3, 3) their semi-axes as rows.
        ellipsoid_colours: (M, 3) RGB in 0..1.
    """

    starts: np.ndarray
    ends: np.ndarray
    radii: np.ndarray
    cone_colours: np.ndarray
    centres: np.ndarray
    axes: np.ndarray
    ellipsoid_colours: np.ndarray

    def __len__(self) -> int:
        return len(self.starts)

    def tinted(self, colour: tuple[float, float, float]) -> Body:
        """The same body in one colour; sides stay apart by lightness, the left is lighter."""

        def tint(colours: np.ndarray) -> np.ndarray:
            lightness = np.ones((len(colours), 1))
            lightness[np.all(colours == LEFT, axis=1)] = 1.12
            lightness[np.all(colours == RIGHT, axis=1)] = 0.88
            lightness[np.all(colours == FACE, axis=1)] = 0.45
            return np.clip(np.array(colour) * lightness, 0, 1)

        return Body(
            self.starts, self.ends, self.radii, tint(self.cone_colours),
            self.centres, self.axes, tint(self.ellipsoid_colours),
        )  # fmt: skip


@dataclass(frozen=True)
class Limbs:
    """Which joint plays which part. Limb pairs are (left, right), each from the body outwards."""

    root: int
    spine: list[int]
    legs: tuple[list[int], list[int]]
    arms: tuple[list[int], list[int]]

    @classmethod
    def of(cls, motion: Motion) -> Limbs:
        """Read the parts off the tree: hips and shoulders are the face joints, sides are the mirror pairs.

        KIT-ML's pipeline takes the joints that are called left for the right ones. There the feet decide: toes point
        forward.
        """
        skeleton = motion.skeleton
        limbs = cls._named(skeleton)
        if skeleton.face_joints[0] in limbs.legs[0] and _walks_on_its_heels(motion.joints, limbs):
            return cls(limbs.root, limbs.spine, limbs.legs[::-1], limbs.arms[::-1])
        return limbs

    @classmethod
    def _named(cls, skeleton: Skeleton) -> Limbs:
        """Sides as the joints are named."""
        lefts = {left for left, _ in skeleton.mirror_pairs}

        def outwards(joint: int) -> list[int]:
            chain = [joint]
            while chain[-1] in skeleton.parents:
                chain.append(skeleton.parents.index(chain[-1]))
            return chain

        hips = sorted(skeleton.face_joints[:2], key=lambda joint: joint not in lefts)
        shoulders = sorted(skeleton.face_joints[2:], key=lambda joint: joint not in lefts)
        root = skeleton.parents.index(-1)
        # The spine is the chain that starts at the root and goes through neither hip.
        spine = next(list(c) for c in skeleton.chains if c[0] == root and not set(c) & set(hips))
        return cls(
            root, spine, (outwards(hips[0]), outwards(hips[1])), (outwards(shoulders[0]), outwards(shoulders[1]))
        )


def _walks_on_its_heels(joints: np.ndarray, limbs: Limbs) -> bool:
    """Whether the toes point backwards on average."""
    feet = sum(joints[:, leg[-1]] - joints[:, leg[2]] for leg in limbs.legs)
    return bool((feet * forward(joints, limbs)).sum(-1).mean() < 0)


def forward(joints: np.ndarray, limbs: Limbs) -> np.ndarray:
    """Direction (T, 3) the trunk faces, horizontal when it stands: left to right across hips and shoulders, and up."""
    left = joints[:, limbs.legs[0][0]] - joints[:, limbs.legs[1][0]]
    left = left + joints[:, limbs.arms[0][0]] - joints[:, limbs.arms[1][0]]
    return _unit(np.cross(left, _UP))


def floor_height(motion: Motion) -> float:
    """Height of the ground: 0, unless the lowest joint is nowhere near it (a file placed elsewhere)."""
    lowest = float(motion.joints[..., 1].min())
    return 0.0 if abs(lowest) < 0.15 else lowest


def body_scale(motion: Motion, limbs: Limbs) -> float:
    """Size of the figure against the one the radii were drawn for, from the median length of its legs."""
    lengths = [
        np.linalg.norm(motion.joints[:, leg[i + 1]] - motion.joints[:, leg[i]], axis=-1)
        for leg in limbs.legs
        for i in range(2)
    ]
    return max(float(np.median(lengths[0] + lengths[1] + lengths[2] + lengths[3])) / 2 / _LEG_LENGTH, 1e-3)


def build_body(motion: Motion) -> Body:
    """Volumes for every frame of a motion, standing on a floor at y = 0."""
    limbs = Limbs.of(motion)
    joints = motion.joints - np.array([0, floor_height(motion), 0], dtype=np.float32)
    size = body_scale(motion, limbs)
    cones: list[tuple[np.ndarray, np.ndarray, float, float, tuple[float, float, float]]] = []
    blobs: list[tuple[np.ndarray, np.ndarray, tuple[float, float, float]]] = []

    def cone(start: np.ndarray, end: np.ndarray, r0: float, r1: float, colour: tuple[float, float, float]) -> None:
        cones.append((start, end, r0 * size, r1 * size, colour))

    def blob(
        centre: np.ndarray,
        directions: tuple[np.ndarray, np.ndarray, np.ndarray],
        lengths: tuple[float, float, float],
        colour: tuple[float, float, float],
    ) -> None:
        axes = np.stack([d * (n * size) for d, n in zip(directions, lengths, strict=True)], axis=1)
        blobs.append((centre, axes, colour))

    def joint(index: int) -> np.ndarray:
        return joints[:, index]

    # Trunk: a pelvis and a chest that turn on their own, and a waist between them.
    hips = joint(limbs.legs[0][0]), joint(limbs.legs[1][0])
    shoulders = joint(limbs.arms[0][0]), joint(limbs.arms[1][0])
    root, waist, head = joint(limbs.root), joint(limbs.spine[1]), joint(limbs.spine[-1])
    hip_middle, shoulder_middle = (hips[0] + hips[1]) / 2, (shoulders[0] + shoulders[1]) / 2
    pelvis_frame = _frame(hips[0] - hips[1], waist - hip_middle)
    chest_frame = _frame(shoulders[0] - shoulders[1], shoulder_middle - waist)
    chest_up, chest_front = chest_frame[1], chest_frame[2]
    pelvis = 0.55 * root + 0.45 * hip_middle
    chest = waist + 0.62 * (shoulder_middle - waist)
    blob(pelvis, pelvis_frame, (0.148, 0.112, 0.108), TORSO)
    blob(chest, chest_frame, (0.158, 0.195, 0.114), TORSO)
    # The belly is as long as the way between them, whatever the spine does.
    belly_frame = _frame(pelvis_frame[0] + chest_frame[0], chest - pelvis)
    length = np.linalg.norm(chest - pelvis, axis=-1, keepdims=True) * 0.85
    belly = np.stack(
        [belly_frame[0] * (0.136 * size), belly_frame[1] * length, belly_frame[2] * (0.107 * size)], axis=1
    )
    blobs.append(((pelvis + chest) / 2, belly, TORSO))

    # Head: the head joint sits at the base of the skull.
    neck = shoulder_middle + 0.55 * (joint(limbs.spine[-2]) - shoulder_middle) + chest_up * (0.01 * size)
    for shoulder in shoulders:
        cone(neck, shoulder, 0.064, 0.058, TORSO)
    head_frame = _frame(shoulders[0] - shoulders[1], head - shoulder_middle)
    skull = head + head_frame[1] * (0.064 * size) + head_frame[2] * (0.015 * size)
    cone(neck, skull, 0.060, 0.052, HEAD)
    blob(skull, head_frame, (0.084, 0.118, 0.102), HEAD)
    face = skull + head_frame[2] * (0.028 * size) + head_frame[1] * (0.008 * size)
    blob(face, head_frame, (0.070, 0.044, 0.078), FACE)

    for colour, leg, arm in zip((LEFT, RIGHT), limbs.legs, limbs.arms, strict=True):
        hip, knee, ankle, toe = (joint(i) for i in (*leg[:3], leg[-1]))
        cone(hip, knee, 0.088, 0.058, colour)
        calf = knee + 0.30 * (ankle - knee) - _unit(toe - ankle) * (0.012 * size)
        cone(knee, calf, 0.053, 0.056, colour)
        cone(calf, ankle, 0.056, 0.036, colour)
        # Foot: the sole lies below the line from ankle to toe joint, in the plane of shin and foot.
        along = _unit(toe - ankle)
        sideways = _unit(np.cross(along, ankle - knee) + 0.02 * size * (hips[1] - hips[0]))
        below = np.cross(sideways, along)
        heel = ankle + (0.020 * below - 0.035 * along) * size
        ball = toe + (0.006 * below) * size
        tip = ball + (along * 0.055 - below * 0.012) * size if len(leg) == 4 else ball
        cone(ankle, heel, 0.038, 0.036, colour)
        cone(heel, ball, 0.036, 0.036, colour)
        cone(ball, tip, 0.036, 0.028, colour)

        shoulder, elbow, wrist = (joint(i) for i in arm[:3])
        cone(shoulder, elbow, 0.060, 0.042, colour)
        cone(elbow, wrist, 0.042, 0.030, colour)
        reach = _unit(wrist - elbow)
        hand_frame = _frame(np.cross(reach, elbow - shoulder) + 0.05 * size * chest_front, reach)
        blob(wrist + reach * (0.065 * size), hand_frame, (0.028, 0.088, 0.042), colour)

    starts = np.stack([c[0] for c in cones], axis=1)
    ends = np.stack([c[1] for c in cones], axis=1)
    radii = np.array([c[2:4] for c in cones], dtype=np.float32)
    # Joints of captured motion often touch the floor themselves; volumes rest on it instead of sinking in.
    starts[..., 1] = np.maximum(starts[..., 1], radii[:, 0])
    ends[..., 1] = np.maximum(ends[..., 1], radii[:, 1])
    centres = np.stack([b[0] for b in blobs], axis=1)
    axes = np.stack([b[1] for b in blobs], axis=1)
    centres[..., 1] = np.maximum(centres[..., 1], np.linalg.norm(axes[..., 1], axis=-1))
    return Body(
        starts.astype(np.float32), ends.astype(np.float32), radii, np.array([c[4] for c in cones]),
        centres.astype(np.float32), axes.astype(np.float32), np.array([b[2] for b in blobs]),
    )  # fmt: skip


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)


def _frame(left: np.ndarray, up: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Orthonormal (left, up, front), up kept exactly; coincident joints give a short axis, never a NaN."""
    up = _unit(up)
    front = _unit(np.cross(left, up))
    return np.cross(up, front), up, front
