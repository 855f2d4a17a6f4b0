"""Repairs of generated motion: jitter, varying bone lengths, sliding feet.

Clean motion, such as motion capture, hardly changes. Motions are on the HumanML3D skeleton, in metres, Y up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from motiongpt.errors import MotionGPTError
from motiongpt.motion import rotations
from motiongpt.motion.contacts import planted, support
from motiongpt.motion.filters import gaussian, low_pass, moving_minimum
from motiongpt.motion.measures import FEET
from motiongpt.motion.motion import Motion
from motiongpt.motion.placement import UP, forward_direction
from motiongpt.motion.retarget import bone_lengths, restore_lengths
from motiongpt.motion.skeleton import HUMANML3D

# Hz; bodies hardly move faster, whereas decoded motion jitters at up to 10 Hz.
CUTOFF = 6.0
# Seconds over which the correction of a planted foot fades before and after the contact.
FADE = 0.25
# Metres; a planted foot that drifts farther still slides near the ends of the contact.
MAX_CORRECTION = 0.15
# Seconds over which the common correction of both feet is smoothed before the body follows it.
FOLLOW = 0.15
# Share of its full length to which a leg may be stretched.
STRETCH = 0.99
# Metres that are added ahead of a knee when the plane of its bend is computed.
KNEE_AHEAD = 0.002
# Seconds of a running step: a body that is not in a jump touches the floor at least so often.
TOUCH = 0.35
# Seconds over which the correction of a body's height is smoothed.
SETTLE = 0.1
# Metres by which the lowest joint may miss the floor: soles and heels are not joints.
MISS = 0.02
# A body is in a jump where its pelvis moves like a thrown stone: downward acceleration in m/s2, and seconds.
FALL, FLIGHT = 6.5, 0.15
# Hip, knee, ankle and toe of each side; the columns of its ankle and toe among the contacts.
LEGS = (((1, 4, 7, 10), slice(0, 2)), ((2, 5, 8, 11), slice(2, 4)))


def clean(
    motion: Motion,
    contacts: np.ndarray | None = None,
    *,
    cutoff: float = CUTOFF,
    keep: np.ndarray | None = None,
) -> Motion:
    """:func:`smooth` a generated motion, :func:`ground` it, then stop its feet from sliding (:func:`lock_feet`)."""
    return lock_feet(ground(smooth(motion, cutoff, keep=keep), keep=keep), contacts, keep=keep)


def smooth(motion: Motion, cutoff: float = CUTOFF, *, keep: np.ndarray | None = None) -> Motion:
    """Remove jitter from a motion and make its bone lengths constant.

    A low-pass filter without delay (second-order Butterworth, forwards and backwards) is applied to the paths of all
    joints. A joint that rests in the world stays in place.

    Args:
        motion: any placement.
        cutoff: frequency in Hz at which half of the amplitude is left.
        keep: (T,) True for frames that are returned unchanged, or None.

    Returns:
        The motion with the median bone lengths over time (of the kept frames, if there are any).

    Raises:
        MotionGPTError: the cutoff is not positive, ``keep`` has another length, or another skeleton.
    """
    keep = _keep(motion, keep)
    if not cutoff > 0:
        raise MotionGPTError(f"The cutoff must be a positive frequency in Hz, not {cutoff}.")
    joints = motion.joints.astype(np.float64)
    lengths = bone_lengths(joints[keep] if keep.any() else joints)
    # No frequency above half the frame rate exists.
    if len(joints) > 3 and cutoff < motion.fps / 2:
        joints = low_pass(joints, cutoff, motion.fps)
    # Restoring a bone's length moves everything below it, so the feet are put back to where they were.
    body = restore_lengths(joints, lengths)
    for limb, _ in LEGS:
        place_leg(body, limb, joints[:, limb[2:]])
    return _with_kept(motion, body, keep)


def ground(motion: Motion, *, keep: np.ndarray | None = None) -> Motion:
    """Bring a body down to the floor that hangs in the air, and up where it sinks into it.

    What holds a body up is the floor: unless its pelvis accelerates downwards as in free fall, its lowest joint touches
    the floor at least once in every running step. Each such touch is brought to the floor, and what lies between moves
    along smoothly; jumps keep their height. The floor is level, at the height at which the lowest joint is most of the
    time.

    Args:
        motion: any placement.
        keep: (T,) True for frames that are returned unchanged, or None.

    Raises:
        MotionGPTError: ``keep`` has another length, or another skeleton.
    """
    keep = _keep(motion, keep)
    joints = motion.joints.astype(np.float64)
    if len(joints) < 3:
        return motion
    lowest = joints[..., 1].min(axis=1)
    carried = ~_jumping(joints[:, 0, 1], lowest, motion.fps)
    if not carried.any():
        return motion
    frames = np.arange(len(joints))
    touching = np.interp(frames, frames[carried], moving_minimum(lowest[carried], round(TOUCH * motion.fps) | 1))
    off = gaussian(touching, SETTLE * motion.fps) - np.percentile(lowest, 10)
    off = np.sign(off) * np.maximum(np.abs(off) - MISS, 0) * (1 - _nearness(keep, max(round(FADE * motion.fps), 1)))
    if not off.any():
        return motion
    joints[..., 1] -= off[:, None]
    return _with_kept(motion, joints, keep)


def _jumping(pelvis: np.ndarray, lowest: np.ndarray, fps: float) -> np.ndarray:
    """(T,) True from take-off to landing of every jump.

    Args:
        pelvis, lowest: (T,) heights of the pelvis and of the lowest joint.
        fps: frames a second.
    """
    falling = np.gradient(np.gradient(pelvis)) * fps**2 < -FALL
    jumping = np.zeros(len(pelvis), dtype=bool)
    for flight in stretches(falling):
        if flight.stop - flight.start < FLIGHT * fps:
            continue
        first, last = flight.start, flight.stop - 1
        while first > 0 and lowest[first - 1] < lowest[first]:
            first -= 1
        while last < len(lowest) - 1 and lowest[last + 1] < lowest[last]:
            last += 1
        jumping[first + 1 : last] = True
    return jumping


def lock_feet(motion: Motion, contacts: np.ndarray | None = None, *, keep: np.ndarray | None = None) -> Motion:
    """Keep planted feet in one place on the ground.

    A foot is planted while its ankle or toe is low and slow; it may still roll and turn. Sliding is removed: the foot
    stands where it stood for most of the contact, and the correction fades over a quarter of a second before and after.
    The body follows the common correction of both feet, and moves closer if a leg would have to be longer than it is.
    Knees follow by two-bone inverse kinematics in the plane in which they are bent. Feet in the air are not changed.

    Args:
        motion: any placement; the floor is estimated from the motion.
        contacts: (T, 4) contact features of left ankle, left foot, right ankle, right foot, above 0.5 where planted;
            a frame that they rule out is no contact. With None, height and speed alone decide.
        keep: (T,) True for frames that are returned unchanged, or None; a foot planted there stays planted there.

    Raises:
        MotionGPTError: ``contacts`` or ``keep`` have another length, or another skeleton.
    """
    keep = _keep(motion, keep)
    if contacts is not None and np.shape(contacts) != (len(motion), len(FEET)):
        raise MotionGPTError(f"Contacts must have shape {(len(motion), len(FEET))}, not {np.shape(contacts)}.")
    joints = motion.joints.astype(np.float64)
    on = planted(joints, motion.fps, contacts)
    weights = (support(joints, motion.fps) + 1e-3) * on
    fade = max(round(FADE * motion.fps), 1)
    moves = [foot_correction(joints[:, limb[2:]], weights[:, columns], keep, fade) for limb, columns in LEGS]
    if not np.any(moves):
        return motion
    return _with_kept(motion, place_feet(joints, moves, motion.fps, _nearness(keep, fade)), keep)


def place_feet(
    joints: np.ndarray, moves: Sequence[np.ndarray], fps: float, nearness: np.ndarray | None = None
) -> np.ndarray:
    """Move the feet; the body follows what both have in common, and comes within reach, and the knees bend.

    Args:
        joints: (T, 22, 3) metres, Y up.
        moves: (T, 3) of the left foot and of the right one.
        fps: frames a second.
        nearness: (T,) 1 where the body must stay in place, 0 where it is free; None where it is free all the time.

    Returns:
        (T, 22, 3) joints with the same lengths of bones.
    """
    nearness = np.zeros((len(joints), 1)) if nearness is None else nearness[:, None]
    targets = [joints[:, limb[2:]] + move[:, None] for (limb, _), move in zip(LEGS, moves, strict=True)]
    # If both feet are corrected in the same direction, the body has drifted: it moves with them and keeps its balance.
    left, right = moves
    common = np.where(left * right > 0, np.sign(left) * np.minimum(np.abs(left), np.abs(right)), 0)
    common = gaussian(common, FOLLOW * fps)
    body = joints + (common * (1 - nearness))[:, None]
    body = body + (_reach(body, targets, fps) * (1 - nearness))[:, None]
    for (limb, _), target in zip(LEGS, targets, strict=True):
        place_leg(body, limb, target)
    return body


def foot_correction(
    foot: np.ndarray, weights: np.ndarray, keep: np.ndarray, fade: int, limit: float = MAX_CORRECTION
) -> np.ndarray:
    """Horizontal corrections (T, 3) that remove the sliding of a planted foot.

    Args:
        foot: (T, 2, 3) ankle and toe.
        weights: (T, 2) support of each of them, 0 where it is not planted.
        keep: (T,) frames that must not move.
        fade: frames over which a correction fades.
        limit: metres that no correction exceeds.
    """
    moves = np.zeros((len(foot), 3))
    carried = weights[1:] + weights[:-1]
    total = carried.sum(axis=1, keepdims=True)
    slide = (np.diff(foot, axis=0) * carried[..., None]).sum(axis=1) / np.maximum(total, 1e-12) * (1 - UP)
    free = np.ones(len(foot))  # share of its correction that each frame gets, given the kept frames nearby
    nearness = _nearness(keep, fade)
    on = weights.sum(axis=1) > 0
    for stand in stretches(on):
        path = np.concatenate([np.zeros((1, 3)), np.cumsum(slide[stand.start : stand.stop - 1], axis=0)])
        fixed = np.flatnonzero(keep[stand])
        if len(fixed):
            # The foot stands as it does in the kept frames, and moves evenly between two groups of them.
            time = np.arange(len(path))
            path -= np.stack([np.interp(time, fixed, path[fixed, axis]) for axis in range(3)], axis=-1)
        else:
            path -= np.median(path, axis=0)
            free[stand] = 1 - nearness[stand]
        size = np.linalg.norm(path, axis=-1, keepdims=True)
        limited = limit * np.tanh(size / limit)
        moves[stand] = -path * limited / np.maximum(size, 1e-12)
    moves *= free[:, None]
    bridge(moves, on, fade)
    return np.where(on[:, None], moves, moves * (1 - nearness[:, None]))


def bridge(moves: np.ndarray, on: np.ndarray, fade: int) -> None:
    """Fill the corrections (T, 3) of a foot in the air, in place: from one contact to the next, or through zero if
    there is enough time.

    Args:
        moves: corrections, which stay as they are during contacts.
        on: (T,) where the foot is planted.
        fade: frames over which a correction fades.
    """
    count = len(moves)
    for air in stretches(~on):
        before = moves[air.start - 1] if air.start > 0 else np.zeros(3)
        after = moves[air.stop] if air.stop < count else np.zeros(3)
        time = np.arange(1, air.stop - air.start + 1)
        if len(time) < 2 * fade and air.start > 0 and air.stop < count:
            leaving = _ease(1 - time / (len(time) + 1))
            arriving = 1 - leaving
        else:
            leaving, arriving = _ease(1 - time / (fade + 1)), _ease(1 - time[::-1] / (fade + 1))
        moves[air] = leaving[:, None] * before + arriving[:, None] * after


def _reach(body: np.ndarray, targets: list[np.ndarray], fps: float) -> np.ndarray:
    """(T, 3) shift of the body that brings the hips within a leg's length of the target ankles."""
    shift = np.zeros((len(body), 3))
    for _ in range(3):
        pulls = np.zeros((len(LEGS), len(body), 3))
        for pull, ((hip, knee, ankle, _), _), target in zip(pulls, LEGS, targets, strict=True):
            upper, lower = (np.linalg.norm(body[:, b] - body[:, a], axis=-1) for a, b in ((hip, knee), (knee, ankle)))
            way = target[:, 0] - body[:, hip] - shift
            distance = np.linalg.norm(way, axis=-1)
            # The distance in the motion is within reach by definition.
            spanned = np.linalg.norm(body[:, ankle] - body[:, hip], axis=-1)
            excess = np.maximum(distance - np.maximum(STRETCH * (upper + lower), spanned), 0)
            pull[:] = way * (excess / np.maximum(distance, 1e-9))[:, None]
        if not pulls.any():
            break
        # A pull of only a few frames would shake the body, so pulls are smoothed.
        shift += gaussian(pulls.sum(axis=0), 0.1 * fps)
    return shift


def place_leg(body: np.ndarray, limb: tuple[int, int, int, int], foot: np.ndarray) -> None:
    """Move ankle and toe of ``body`` (in place) to ``foot`` (T, 2, 3), or as close as the bones reach."""
    hip, knee, ankle, toe = limb
    sole = np.linalg.norm(body[:, toe] - body[:, ankle], axis=-1, keepdims=True)
    # A straight leg has no plane in which it is bent; its knee points ahead.
    ahead = KNEE_AHEAD * forward_direction(body)
    body[:, knee], body[:, ankle] = bend(body[:, hip], body[:, knee], body[:, ankle], foot[:, 0], ahead)
    direction = foot[:, 1] - foot[:, 0]
    body[:, toe] = body[:, ankle] + direction * sole / np.maximum(
        np.linalg.norm(direction, axis=-1, keepdims=True), 1e-9
    )


def bend(
    start: np.ndarray, middle: np.ndarray, end: np.ndarray, target: np.ndarray, ahead: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Inverse kinematics of a limb of two bones.

    The limb turns as a whole, then changes its bend in the plane in which it is bent.

    Args:
        start, middle, end: (T, 3) hip, knee and ankle, or shoulder, elbow and wrist.
        target: (T, 3) where the end should be.
        ahead: (T, 3) that is added to the middle when the plane of the bend is computed.

    Returns:
        Middle and end (T, 3); the end is as close to the target as the bones reach.
    """
    upper, lower = (np.linalg.norm(b - a, axis=-1, keepdims=True) for a, b in ((start, middle), (middle, end)))
    way = target - start
    turn = rotations.between(end - start, way)
    distance = np.linalg.norm(way, axis=-1, keepdims=True)
    axis = way / np.maximum(distance, 1e-9)
    distance = np.clip(distance, np.abs(upper - lower) + 1e-6, upper + lower - 1e-6)
    plane = rotations.rotate(turn, middle - start) + ahead
    plane -= (plane * axis).sum(-1, keepdims=True) * axis
    plane /= np.maximum(np.linalg.norm(plane, axis=-1, keepdims=True), 1e-9)
    along = (upper**2 - lower**2 + distance**2) / (2 * distance)
    bent = start + along * axis + np.sqrt(np.maximum(upper**2 - along**2, 0)) * plane
    return bent, start + distance * axis


def _nearness(keep: np.ndarray, fade: int) -> np.ndarray:
    """(T,) 1 at kept frames, falling smoothly to 0 beyond ``fade`` frames from them."""
    if not keep.any():
        return np.zeros(len(keep))
    kept, frames = np.flatnonzero(keep), np.arange(len(keep))
    after = np.searchsorted(kept, frames)
    nearest = [kept[np.clip(after - step, 0, len(kept) - 1)] for step in (0, 1)]
    return _ease(1 - np.abs(frames - nearest).min(axis=0) / (fade + 1))


def _ease(u: np.ndarray) -> np.ndarray:
    u = np.clip(u, 0, 1)
    return u * u * (3 - 2 * u)


def stretches(mask: np.ndarray) -> list[slice]:
    """Runs of True, in order."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [slice(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _keep(motion: Motion, keep: np.ndarray | None) -> np.ndarray:
    if motion.skeleton.name != HUMANML3D.name:
        raise MotionGPTError(
            f"{motion.name or 'motion'}: cleanup needs the skeleton {HUMANML3D.name}, not {motion.skeleton.name}."
        )
    if keep is None:
        return np.zeros(len(motion), dtype=bool)
    if np.shape(keep) != (len(motion),):
        raise MotionGPTError(f"keep must have one entry for each of {len(motion)} frames, not shape {np.shape(keep)}.")
    return np.asarray(keep, dtype=bool)


def _with_kept(motion: Motion, joints: np.ndarray, keep: np.ndarray) -> Motion:
    return replace(motion, joints=np.where(keep[:, None, None], motion.joints, joints))
