"""From joint positions to joint rotations over a fixed rest pose.

The tree is SMPL's: the 22 joints of HumanML3D, each with one rotation relative to its parent, bones of constant length.
Positions leave open how a bone is turned about itself; it is settled the way a body moves:

* pelvis and chest carry three bones each and are laid on them rigidly (Kabsch 1976); the turn between the two is
  spread over the spine;
* every other bone turns the shortest way from its parent so that it points from where its joint is to where the source
  has its child: what pelvis or chest leave over is made good by the next bone and does not add up;
* thighs and upper arms are turned so that knees and elbows bend about their hinges. While a limb is too straight to
  tell its hinge, the turn is held smooth in time and drawn towards the untwisted limb, thighs also so that the toes
  point as at rest. This is one least-squares problem over the whole motion, tridiagonal, so it is solved at once and
  has no first frame that others follow.

Forearms, shanks, hands, feet and head take no twist, which positions cannot tell.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from motiongpt.bodies.rest_pose import rest_offsets
from motiongpt.errors import MotionGPTError
from motiongpt.motion import rotations
from motiongpt.motion.contacts import planted
from motiongpt.motion.kinematics import forward
from motiongpt.motion.motion import Motion
from motiongpt.motion.retarget import bone_lengths
from motiongpt.motion.skeleton import HUMANML3D

_INDEX = {name: i for i, name in enumerate(HUMANML3D.joints)}
# Joints that carry three bones, with what hangs on them; the middle bone tells more than collars, which shrug.
_HUBS = {
    "pelvis": {"spine1": 1.0, "left_hip": 1.0, "right_hip": 1.0},
    "spine3": {"neck": 1.0, "left_collar": 0.5, "right_collar": 0.5},
}
# Thighs and upper arms: the joints at their end and after it, the axis about which they bend at rest.
_LIMBS = {
    "left_hip": ("left_knee", "left_ankle", (1.0, 0.0, 0.0)),
    "right_hip": ("right_knee", "right_ankle", (1.0, 0.0, 0.0)),
    "left_shoulder": ("left_elbow", "left_wrist", (0.0, -1.0, 0.0)),
    "right_shoulder": ("right_elbow", "right_wrist", (0.0, 1.0, 0.0)),
}
# How much the direction of the foot counts, which may be turned out, beside a knee bent at right angles.
_FOOT = 0.1
# Seconds over which the twist is smooth while the limb is bent at right angles; straight limbs wait longer.
_TWIST_SECONDS = 0.05
# Feet that are flat for less than this (both together) do not tell their slope.
_FLAT_SECONDS = 0.5
# How much an untwisted limb counts beside one bent at right angles.
_UNTWISTED = 0.02


@dataclass(frozen=True)
class Pose:
    """A motion as rotations of a rigid skeleton.

    Attributes:
        names, parents: J joints, parents before children, -1 for the root.
        offsets: (J, 3) metres from the parent at rest: a T-pose, Y up, facing +Z, left towards +X; zero for the root.
        quaternions: (T, J, 4) unit rotations (w, x, y, z) relative to the parent, identity at rest; their signs are
            chosen so that neighbouring frames lie on one side (no jumps when numbers are interpolated).
        root: (T, 3) positions of the root, metres.
        fps: frames a second.
        error: (T, J) distance in metres of each joint from where the source has it.
        name: of the motion.
    """

    names: tuple[str, ...]
    parents: tuple[int, ...]
    offsets: np.ndarray
    quaternions: np.ndarray
    root: np.ndarray
    fps: float
    error: np.ndarray
    name: str = ""

    def __len__(self) -> int:
        return len(self.root)

    def __getitem__(self, frames: slice) -> Pose:
        """The pose cut to a slice of frames."""
        return replace(self, quaternions=self.quaternions[frames], root=self.root[frames], error=self.error[frames])

    @property
    def rest_joints(self) -> np.ndarray:
        """(J, 3) joint positions of the rest pose, root at the origin."""
        return rest_joints(self.offsets, self.parents)

    def joints(self) -> np.ndarray:
        """(T, J, 3) joint positions, metres."""
        return forward(self.offsets, self.parents, self.quaternions, self.root)

    def world(self) -> np.ndarray:
        """(T, J, 4) rotation of each joint in the world."""
        result = np.empty_like(self.quaternions)
        for joint, parent in enumerate(self.parents):
            local = self.quaternions[:, joint]
            result[:, joint] = local if parent < 0 else rotations.multiply(result[:, parent], local)
        return result


def rest_joints(offsets: np.ndarray, parents: tuple[int, ...]) -> np.ndarray:
    """(J, 3) positions at rest of offsets (J, 3) from the parents, root at the origin."""
    positions = np.zeros_like(offsets)
    for joint, parent in enumerate(parents):
        if parent >= 0:
            positions[joint] = positions[parent] + offsets[joint]
    return positions


def _unit(v: np.ndarray) -> np.ndarray:
    return v / np.maximum(np.linalg.norm(v, axis=-1, keepdims=True), 1e-12)


def _align(rest: np.ndarray, bones: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Rotation matrices (T, 3, 3) that bring vectors ``rest`` (n, 3) nearest to ``bones`` (T, n, 3) (Kabsch 1976)."""
    u, _, vt = np.linalg.svd(np.einsum("tni,nj,n->tij", bones, rest, weights))
    u[..., 2] *= np.sign(np.linalg.det(u @ vt))[:, None]
    return u @ vt


def _twist(axis: np.ndarray, source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Signed angle (T,) about ``axis`` (T, 3) that brings ``source`` to ``target`` seen along the axis."""
    sine = (np.cross(source, target) * axis).sum(-1)
    cosine = (source * target).sum(-1) - (source * axis).sum(-1) * (target * axis).sum(-1)
    return np.arctan2(sine, cosine)


def _about(axis: np.ndarray, angle: np.ndarray) -> np.ndarray:
    return rotations.from_axis_angle(axis * angle[:, None])


def _transported(directions: np.ndarray) -> np.ndarray:
    """Rotations (T, 4) that take directions[0] to directions[t] (T, 3) by the shortest turn from frame to frame."""
    steps = rotations.between(directions[:-1], directions[1:])
    # Composing by halves: log2(T) array products instead of T small ones.
    result = np.concatenate([[[1.0, 0.0, 0.0, 0.0]], steps])
    span = 1
    while span < len(result):
        result[span:] = rotations.multiply(result[span:], result[:-span])
        span *= 2
    return result / np.linalg.norm(result, axis=-1, keepdims=True)


def _smooth_angle(targets: list[tuple[np.ndarray, np.ndarray]], stiffness: float) -> np.ndarray:
    """Angles (T,) near to several weighted ones and smooth in time.

    An angle is a number on the unit circle of the complex plane, so whole turns need no unwrapping, and targets that
    contradict one another cancel out. Minimised is sum w |z - exp(ia)|^2 + stiffness sum |z[t+1] - z[t]|^2.

    Args:
        targets: pairs of angles (T,) and weights (T,).
    """
    from scipy.linalg import solveh_banded  # imported here, as reading a file should not wait for it

    pull = np.sum([weight for _, weight in targets], axis=0) + 1e-9
    right = np.sum([weight * np.exp(1j * angle) for angle, weight in targets], axis=0)
    if len(pull) == 1:
        return np.angle(right)
    banded = np.zeros((2, len(pull)))
    banded[1] = pull + 2 * stiffness
    banded[1, [0, -1]] -= stiffness
    banded[0, 1:] = -stiffness
    parts = solveh_banded(banded, np.stack([right.real, right.imag], axis=-1))
    return np.arctan2(parts[:, 1], parts[:, 0])


class _Fit:
    """World rotations and joint positions, found from the root outwards."""

    def __init__(self, joints: np.ndarray, fps: float, offsets: np.ndarray) -> None:
        self.source = joints
        self.fps = fps
        self.offsets = offsets
        self.world = np.zeros((*joints.shape[:2], 4))
        self.at = joints.copy()

    def bone(self, name: str) -> np.ndarray:
        """(T, 3) from the joint's parent to where the source has the joint."""
        child = _INDEX[name]
        return self.source[:, child] - self.at[:, HUMANML3D.parents[child]]

    def put(self, name: str, world: np.ndarray) -> None:
        """Set the rotation of a joint and with it the places of its children."""
        joint = _INDEX[name]
        self.world[:, joint] = world
        for child, parent in enumerate(HUMANML3D.parents):
            if parent == joint:
                self.at[:, child] = self.at[:, joint] + rotations.rotate(world, self.offsets[child])

    def of(self, name: str) -> np.ndarray:
        return self.world[:, _INDEX[name]]

    def carried(self, start: np.ndarray, child: str) -> np.ndarray:
        """``start`` turned the shortest way so that the bone to ``child`` points where it should."""
        turned = rotations.rotate(start, self.offsets[_INDEX[child]])
        return rotations.multiply(rotations.between(turned, self.bone(child)), start)

    def settled(self, start: np.ndarray, child: str) -> np.ndarray:
        """As :meth:`carried`, but where the bone points nearly opposite to its rest, and the shortest way says nothing
        of the turn about it, the turn stays as it was before and after."""
        free = self.carried(start, child)
        offset = self.offsets[_INDEX[child]]
        along = _unit(rotations.rotate(free, offset))
        turned = rotations.multiply(_transported(along), free[:1])
        side = np.cross(offset, [0.0, 1.0, 0.0])
        angle = _twist(along, rotations.rotate(turned, side), rotations.rotate(free, side))
        certain = np.clip(1 + (_unit(rotations.rotate(start, offset)) * along).sum(-1), 0, 1) ** 2
        angle = _smooth_angle([(angle, certain)], (_TWIST_SECONDS * self.fps) ** 2)
        return rotations.multiply(_about(along, angle), turned)

    def hub(self, name: str) -> np.ndarray:
        """The rotation (T, 4) that lays the bones of a hub on the source."""
        children = [_INDEX[child] for child in _HUBS[name]]
        bones = self.source[:, children] - self.at[:, _INDEX[name], None]
        weights = np.array(list(_HUBS[name].values()))
        return rotations.from_matrix(_align(self.offsets[children], bones, weights))

    def spine(self) -> None:
        """spine1 to spine3, with the turn from pelvis to chest spread over them."""
        side = np.array([1.0, 0.0, 0.0])
        # The chest does not depend on how the two below it are twisted, as these meet their ends.
        for name, child in (("spine1", "spine2"), ("spine2", "spine3")):
            self.put(name, self.carried(self.of("pelvis" if name == "spine1" else "spine1"), child))
        chest = self.hub("spine3")
        untwisted = self.carried(self.of("spine2"), "neck")
        along = _unit(rotations.rotate(chest, self.offsets[_INDEX["neck"]]))
        angle = _twist(along, rotations.rotate(untwisted, side), rotations.rotate(chest, side))
        angle = np.unwrap(angle)
        for name, child, share in (("spine1", "spine2", 1 / 3), ("spine2", "spine3", 2 / 3)):
            axis = _unit(rotations.rotate(self.of(name), self.offsets[_INDEX[child]]))
            self.put(name, rotations.multiply(_about(axis, angle * share), self.of(name)))
        self.put("spine3", chest)

    def limb(self, upper: str, start: str) -> None:
        """A thigh or upper arm and what it carries, turned so that its end bends about its hinge."""
        end, after, hinge = _LIMBS[upper]
        free = self.carried(self.of(start), end)
        along = _unit(rotations.rotate(free, self.offsets[_INDEX[end]]))
        low = _unit(self.source[:, _INDEX[after]] - self.source[:, _INDEX[end]])
        normal = np.cross(along, low)
        # Against a frame that follows the bone by the shortest way from frame to frame the twist has no jumps, wherever
        # the bone points; the way from the parent has one where the bone points opposite to its rest.
        turned = rotations.multiply(_transported(along), free[:1])
        zero = rotations.rotate(turned, np.array(hinge))
        rest = rotations.rotate(self.of(start), _unit(self.offsets[_INDEX[end]]))
        untwisted = _twist(along, zero, rotations.rotate(free, np.array(hinge)))
        targets = [
            (_twist(along, zero, normal), (normal**2).sum(-1) ** 2),
            (untwisted, _UNTWISTED * np.clip(1 + (rest * along).sum(-1), 0, 1)),
        ]
        if after.endswith("ankle"):
            toes = _INDEX[after.replace("ankle", "foot")]
            foot = np.cross(_unit(self.source[:, toes] - self.source[:, _INDEX[after]]), low)
            foot_at_rest = rotations.rotate(turned, np.cross(self.offsets[toes], self.offsets[_INDEX[after]]))
            targets.append((_twist(along, foot_at_rest, foot), _FOOT * (foot**2).sum(-1)))
        angle = _smooth_angle(targets, (_TWIST_SECONDS * self.fps) ** 2)
        self.put(upper, rotations.multiply(_about(along, angle), turned))


def _own_rest(motion: Motion) -> np.ndarray:
    """Offsets (22, 3) of this body at rest: the average SMPL body, with what the motion tells of its own.

    * Bones have their median lengths.
    * Hips and collars sit where they do on this body: turning the hub in every frame and averaging its bones alternate
      (generalised Procrustes analysis), the hub as a whole stays turned as it was.
    * Where the joints of head and toes lie in head and foot differs between sources. A planted foot is flat, which
      tells its slope at rest; the head is taken half way from the average body's to how it is carried on average.
    """
    joints = motion.joints.astype(np.float64)
    lengths = bone_lengths(joints)
    offsets = rest_offsets(lengths)
    for hub, parts in _HUBS.items():
        children = [_INDEX[child] for child in parts]
        weights = np.array(list(parts.values()))
        bones = joints[:, children] - joints[:, _INDEX[hub], None]
        first = shape = offsets[children]
        for _ in range(3):
            turns = _align(shape, bones, weights)
            shape = np.einsum("tij,tni->nj", turns, bones)
            shape = _unit(shape) * lengths[children, None]
            shape = shape @ _align(shape, first[None], weights)[0].T
        offsets[children] = shape
    # ``turns`` are the chest's.
    head = _INDEX["head"]
    carried = np.einsum("tij,ti->j", turns, _unit(joints[:, head] - joints[:, _INDEX["neck"]]))
    offsets[head] = _unit(_unit(offsets[head]) + _unit(carried * [0, 1, 1])) * lengths[head]
    contacts = planted(joints, motion.fps)
    slopes = []
    for side, columns in (("left", [0, 1]), ("right", [2, 3])):
        flat = contacts[:, columns].all(axis=1)
        slopes.append(_unit(joints[flat, _INDEX[f"{side}_foot"]] - joints[flat, _INDEX[f"{side}_ankle"]])[:, 1])
    if sum(map(len, slopes)) >= _FLAT_SECONDS * motion.fps:
        slope = np.median(np.concatenate(slopes))
        for side in ("left", "right"):
            foot = _INDEX[f"{side}_foot"]
            level = _unit(offsets[foot] * [1, 0, 1]) * np.sqrt(1 - slope**2)
            offsets[foot] = (level + np.array([0, slope, 0])) * lengths[foot]
    return offsets


def fit_pose(motion: Motion, offsets: np.ndarray | None = None) -> Pose:
    """Fit joint rotations to a motion of HumanML3D joints.

    Args:
        motion: (T, 22, 3) joints; where its bone lengths change over time the skeleton has their medians.
        offsets: (22, 3) rest offsets of the skeleton to fit, metres; None takes the average SMPL body at rest with the
            motion's own bone lengths, and its hips, collars, head and toes where this body has them.

    Returns:
        The pose of the 22 joints; its root is the source's.

    Raises:
        MotionGPTError: the motion has another skeleton.
    """
    if motion.skeleton is not HUMANML3D:
        raise MotionGPTError(
            f"{motion.name or 'motion'}: rotations are fitted to HumanML3D's 22 joints only, not to "
            f"{motion.skeleton.name}; save joints (.npy) instead."
        )
    joints = motion.joints.astype(np.float64)
    if offsets is None:
        offsets = _own_rest(motion)
    fit = _Fit(joints, motion.fps, np.asarray(offsets, dtype=np.float64))
    fit.put("pelvis", fit.hub("pelvis"))
    fit.spine()
    fit.put("neck", fit.carried(fit.of("spine3"), "head"))
    fit.put("head", fit.of("neck"))
    for side in ("left", "right"):
        fit.put(f"{side}_collar", fit.carried(fit.of("spine3"), f"{side}_shoulder"))
        fit.limb(f"{side}_shoulder", f"{side}_collar")
        fit.put(f"{side}_elbow", fit.carried(fit.of(f"{side}_shoulder"), f"{side}_wrist"))
        fit.put(f"{side}_wrist", fit.of(f"{side}_elbow"))
        fit.limb(f"{side}_hip", "pelvis")
        fit.put(f"{side}_knee", fit.carried(fit.of(f"{side}_hip"), f"{side}_ankle"))
        fit.put(f"{side}_ankle", fit.settled(fit.of(f"{side}_knee"), f"{side}_foot"))
        fit.put(f"{side}_foot", fit.of(f"{side}_ankle"))

    parents = np.array(HUMANML3D.parents)
    local = fit.world.copy()
    local[:, 1:] = rotations.multiply(rotations.conjugate(fit.world[:, parents[1:]]), fit.world[:, 1:])
    return Pose(
        names=HUMANML3D.joints,
        parents=HUMANML3D.parents,
        offsets=fit.offsets,
        quaternions=continuous(local),
        root=joints[:, 0],
        fps=motion.fps,
        error=np.linalg.norm(fit.at - joints, axis=-1),
        name=motion.name,
    )


def continuous(quaternions: np.ndarray) -> np.ndarray:
    """Quaternions (T, J, 4) with signs such that neighbouring frames lie on one side."""
    flips = np.where((quaternions[1:] * quaternions[:-1]).sum(-1) < 0, -1.0, 1.0)
    signs = np.concatenate([np.where(quaternions[:1, :, 0] < 0, -1.0, 1.0), flips]).cumprod(axis=0)
    return quaternions * signs[..., None]
