"""Which joint plays which part, read off the tree of a skeleton: so both field skeletons draw."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motiongpt.motion import Motion, Skeleton

_LEG_LENGTH = 0.82  # hip to ankle in metres of a figure of normal size
_UP = np.array([0.0, 1.0, 0.0], dtype=np.float32)


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
    """Size of the figure against one of normal size, from the median length of its legs."""
    lengths = [
        np.linalg.norm(motion.joints[:, leg[i + 1]] - motion.joints[:, leg[i]], axis=-1)
        for leg in limbs.legs
        for i in range(2)
    ]
    return max(float(np.median(lengths[0] + lengths[1] + lengths[2] + lengths[3])) / 2 / _LEG_LENGTH, 1e-3)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
