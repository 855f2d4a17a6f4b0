"""New motions from given ones: another tempo or path, reversed, joined, combined, repeated, prolonged.

Poses come from the given motions and are blended only where two of them meet. Every function takes and returns
:class:`motiongpt.Motion` on the HumanML3D skeleton (22 joints, metres, Y up, any frame rate, which it keeps). It is
deterministic, does not change its input, and keeps the bone lengths of the (first) body. A result whose caption may no
longer be true has no caption.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from motiongpt.errors import MotionGPTError
from motiongpt.motion import rotations
from motiongpt.motion.cleanup import FADE, LEGS, lock_feet, place_leg
from motiongpt.motion.contacts import support
from motiongpt.motion.filters import gaussian, moving_average
from motiongpt.motion.measures import FEET
from motiongpt.motion.motion import Motion
from motiongpt.motion.placement import UP, _horizontal_unit, heading
from motiongpt.motion.resampling import mix, sample
from motiongpt.motion.retarget import bone_lengths, restore_lengths
from motiongpt.motion.skeleton import HUMANML3D

# m/s; people who stand still sway, and their hands sway more.
QUIET = 0.25
# Weight of the root against that of a resting foot as the point a body turns about; it matters only in the air.
ROOT_WEIGHT = 1e-3
# A difference in velocity counts as the distance that it causes after so many seconds.
LOOK_AHEAD = 0.1
# Standard deviation in seconds of the average that leaves the way of a walk and takes out its sway.
STRIDE = 0.4
# Seconds of the cross-fades that are tried one after the other; a step in one that is so much longer than the longest
# ones of the two motions looks hasty; and the speed in m/s of a calm hand, which never does.
FADES, QUICK, CALM = (0.4, 0.6, 0.9, 1.3, 2.0), 1.2, 0.4
# Share of the upper body in the direction of the bones to these joints; bones above belong to the upper body alone.
SPINE_BLEND = {"spine2": 0.5, "spine3": 0.8}


def change_tempo(motion: Motion, factor: float) -> Motion:
    """The same motion faster or slower, at the same frame rate.

    Args:
        motion: the motion.
        factor: 1.25 is a quarter faster. Walking looks natural between 0.7 and 1.4.

    Raises:
        MotionGPTError: the factor is not positive, or another skeleton.
    """
    check_editable(motion)
    if not (np.isfinite(factor) and factor > 0):
        raise MotionGPTError(f"The tempo must be a positive factor, not {factor}.")
    last = len(motion) - 1
    return _sampled(motion, np.minimum(np.arange(int(last / factor + 1e-6) + 1) * factor, last))


def bend_path(motion: Motion, degrees: float, start: float = 0.0, end: float = 1.0) -> Motion:
    """Add a turn: the body changes its heading and continues in the new direction.

    At each frame, everything that follows is turned about the foot that carries the body, so planted feet stay in
    place. In the air the body turns about the root. Most of the turn happens on one foot, as in walking.

    Args:
        motion: the motion.
        degrees: added change of heading, positive to the left.
        start, end: begin and end of the turn, as shares of the duration.

    Raises:
        MotionGPTError: start and end are not shares in this order, the angle is not finite, or another skeleton.
    """
    check_editable(motion)
    if not (0 <= start < end <= 1 and np.isfinite(degrees)):
        raise MotionGPTError(
            f"A turn needs a finite angle and shares 0 <= start < end <= 1, not {degrees}° from {start} to {end}."
        )
    steps = len(motion) - 1
    if steps < 1:
        return motion
    joints = motion.joints.astype(np.float64)
    angle = np.radians(degrees) * course_shares(motion, start, end)
    return replace(motion, joints=turn_about_feet(joints, angle, motion.fps), text="")


def turn_about_feet(joints: np.ndarray, angle: np.ndarray, fps: float) -> np.ndarray:
    """Turn each frame, and the path behind it, about the foot that carries the body.

    Args:
        joints: (T, 22, 3) metres, Y up.
        angle: (T,) radians about Y by which each frame is turned, 0 at the first one; positive to the left.
        fps: frames a second.

    Returns:
        (T, 22, 3); planted feet stay in place, in the air the body turns about the root.
    """
    pivot = support_point((joints[1:] + joints[:-1]) / 2, _step_weights(joints, fps))
    turn = rotations.about("Y", angle)
    # A point x of frame t moves to turn[t] x + shift[t]; the transforms before and after a step agree on its pivot.
    steps_shift = rotations.rotate(turn[:-1], pivot) - rotations.rotate(turn[1:], pivot)
    shift = np.concatenate([np.zeros((1, 3)), np.cumsum(steps_shift, axis=0)])
    return rotations.rotate(turn[:, None], joints) + shift[:, None]


def _step_weights(joints: np.ndarray, fps: float) -> np.ndarray:
    """(T-1, 4) how much each foot joint carries the body between two frames."""
    weights = support(joints, fps)
    return (weights[1:] + weights[:-1]) / 2


def course_shares(motion: Motion, start: float = 0.0, end: float = 1.0) -> np.ndarray:
    """(T,) from 0 to 1: how much of a change of course has happened by each frame, so that standing feet slide least.

    If both feet carry the body, one of them has to slide in a turn, so the body turns a tenth as fast then. The change
    starts and ends smoothly over a quarter of a second, or over half of its duration if that is shorter.

    Args:
        motion: two frames at least.
        start, end: begin and end of the change, as shares of the duration.

    Raises:
        MotionGPTError: there is no frame between start and end.
    """
    steps = len(motion) - 1
    weights = _step_weights(motion.joints.astype(np.float64), motion.fps)
    left, right = weights[:, :2].max(axis=1) + ROOT_WEIGHT, weights[:, 2:].max(axis=1) + ROOT_WEIGHT
    both = np.minimum(left, right) / np.maximum(left, right) * np.clip(weights.max(axis=1), 0, 1)
    rate = gaussian(1 - 0.9 * both, 0.075 * motion.fps)
    first, last = start * steps, end * steps
    edge = max(min(0.25 * motion.fps, (last - first) / 2), 1e-9)
    time = np.arange(steps) + 0.5
    rate = rate * np.clip(np.minimum(time - first, last - time) / edge, 0, 1)
    if rate.sum() == 0:
        raise MotionGPTError(f"There is no frame between the shares {start} and {end} of {len(motion)} frames.")
    return np.concatenate([[0.0], np.cumsum(rate) / rate.sum()])


def turn(motion: Motion, degrees: float) -> Motion:
    """Turn a whole motion about the vertical axis through the root of its first frame, positive to the left.

    Raises:
        MotionGPTError: the angle is not finite.
    """
    if not np.isfinite(degrees):
        raise MotionGPTError(f"A turn needs a finite angle in degrees, not {degrees}.")
    centre = motion.joints[0, 0].astype(np.float64)
    angle = rotations.about("Y", np.array(np.radians(degrees)))
    return replace(motion, joints=rotations.rotate(angle, motion.joints - centre) + centre)


def in_place(motion: Motion) -> Motion:
    """Take the way out of a motion: the body stays where it starts and keeps its turns, its height and its sway.

    What is taken out is the path of the root over the ground, averaged over about a second. Feet that stood then slide
    backwards, as on a treadmill.

    Raises:
        MotionGPTError: another skeleton.
    """
    check_editable(motion)
    joints = motion.joints.astype(np.float64)
    path = joints[:, 0] * (1 - UP)
    if len(path) > 2:
        # Mirrored through its ends, the path goes on there at the pace it has, which an average keeps.
        margin = len(path) - 1
        path = np.concatenate([2 * path[0] - path[margin:0:-1], path, 2 * path[-1] - path[-2 : -margin - 2 : -1]])
        path = gaussian(path, STRIDE * motion.fps)[margin:-margin]
    return replace(motion, joints=joints - (path - path[:1])[:, None], text="")


def reverse(motion: Motion) -> Motion:
    """The motion backwards in time."""
    check_editable(motion)
    return replace(motion, joints=motion.joints[::-1].copy(), text="")


@dataclass(frozen=True)
class Seam:
    """The place where two motions resemble each other most, at which they are joined.

    Attributes:
        first, second: frames of the first and of the second motion at which the seam starts.
        count: length of the seam in frames.
        cost: mean distance of the joints at the seam in metres, bodies facing the same way, over positions and over
            what velocities amount to in a tenth of a second. Below about 0.1 the seam is hard to see.
    """

    first: int
    second: int
    count: int
    cost: float

    @property
    def middle(self) -> int:
        """Frame of the joined motion at which the second one takes over: the middle of the cross-fade."""
        return self.first + self.count // 2


def find_seam(first: Motion, second: Motion, *, seconds: float = 0.4, search: float = 1.0) -> Seam:
    """The best place for a transition from one motion to another.

    The last part of ``first`` and the first part of ``second`` are searched for the stretches of ``seconds`` that
    resemble each other most. A part lasts a second, or as long as the stretches, but at most 40 % of its motion.

    Args:
        first, second: motions of one frame rate.
        seconds: duration of the stretches, over which :func:`splice` cross-fades.
        search: how much of these parts is searched, from 1, all of them, down to 0, which leaves out nothing.

    Raises:
        MotionGPTError: frame rates differ, the duration is not positive, or another skeleton.
    """
    check_editable(first, second)
    if not (np.isfinite(seconds) and seconds > 0):
        raise MotionGPTError(f"A cross-fade must last a positive number of seconds, not {seconds}.")
    longest = round(max(seconds, 1.0) * first.fps)
    spans = [max(1, min(longest, int(0.4 * len(motion)))) for motion in (first, second)]
    count = min(max(1, round(seconds * first.fps)), *spans)
    spans = [count + round(search * (span - count)) for span in spans]
    offset = len(first) - spans[0]
    states = [body_state(motion) for motion in (first, second)]
    distance = distances(states[0][offset:], states[1][: spans[1]])
    # Mean over every pair of stretches of ``count`` frames: along the diagonals.
    rows, columns = (span - count + 1 for span in spans)
    cost = np.mean([distance[k : k + rows, k : k + columns] for k in range(count)], axis=0)
    row, column = np.unravel_index(cost.argmin(), cost.shape)
    return Seam(offset + int(row), int(column), count, float(cost[row, column]))


def distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(m, n) mean distance of the joints between any two of states (m, J, 6) and (n, J, 6), in metres."""
    return np.stack([np.linalg.norm(state - second, axis=-1).mean(axis=-1) for state in first])


def splice(first: Motion, second: Motion, seam: Seam | None = None) -> Motion:
    """Join two motions where they are most alike.

    ``second`` is turned and moved over the ground so that the feet that carry the body agree at the seam, and the two
    are cross-faded. Frames of ``first`` after the seam and frames of ``second`` before it are left out.

    Args:
        first, second: motions of one frame rate; the result stands where ``first`` does, with its bone lengths.
        seam: of these two, see :func:`find_seam`; None takes the best.

    Raises:
        MotionGPTError: frame rates differ, or another skeleton.
    """
    if seam is None:
        seam = find_seam(first, second)
    lengths = bone_lengths(first.joints)
    before = first.joints[seam.first : seam.first + seam.count].astype(np.float64)
    after = restore_lengths(second.joints[seam.second :], lengths)
    shared = after[: seam.count]
    centre = seam.count // 2
    turn = rotations.multiply(
        rotations.conjugate(heading(before[centre : centre + 1])[0]), heading(shared[centre : centre + 1])[0]
    )
    after = rotations.rotate(turn, after)
    window = slice(seam.first, seam.first + seam.count), slice(seam.second, seam.second + seam.count)
    weights = support(first.joints, first.fps)[window[0]] * support(second.joints, second.fps)[window[1]]
    after += support_gap(before, after[: seam.count], weights)
    blended = restore_lengths(cross_fade(before, after[: seam.count]), lengths)
    joints = np.concatenate([first.joints[: seam.first], blended, after[seam.count :]])
    return replace(first, joints=joints, text="")


def concatenate(motions: Sequence[Motion]) -> tuple[Motion, list[Seam]]:
    """Several motions one after the other, each joined to the next where they are most alike (:func:`splice`).

    A cross-fade is as long as it must be not to look hasty, and feet that stand in it do not slide.

    Args:
        motions: at least one, of one frame rate. The result stands where the first one does, with its bone lengths.

    Returns:
        The motion, and in it the seam to the second motion, to the third and so on.

    Raises:
        MotionGPTError: no motions, frame rates differ, or another skeleton.
    """
    if not motions:
        raise MotionGPTError("There are no motions to join.")
    result, seams, start = motions[0], list[Seam](), 0
    for motion in motions[1:]:
        # What was joined before stays: the next seam lies in the last motion.
        joined, seam = _calmly_joined(result[start:], motion)
        result = replace(joined, joints=np.concatenate([result.joints[:start], joined.joints]))
        seams.append(replace(seam, first=seam.first + start))
        start += seam.first + seam.count
    return _with_standing_feet(result, seams), seams


def _with_standing_feet(motion: Motion, seams: Sequence[Seam]) -> Motion:
    """The motion with feet that do not slide in its seams; frames away from them stay as they are."""
    keep = np.ones(len(motion), dtype=bool)
    margin = round(FADE * motion.fps)
    for seam in seams:
        keep[max(seam.first - margin, 0) : seam.first + seam.count + margin] = False
    return lock_feet(motion, keep=keep) if seams else motion


def _calmly_joined(first: Motion, second: Motion) -> tuple[Motion, Seam]:
    """Two motions joined by the shortest cross-fade that is not quicker than they are, or by the calmest one."""
    usual = max(CALM / first.fps, *(float(np.percentile(_steps(motion), 95)) for motion in (first, second)))
    found: list[tuple[float, Motion, Seam]] = []
    for seconds in FADES:
        seam = find_seam(first, second, seconds=seconds)
        joined = splice(first, second, seam)
        step = float(_steps(joined[max(seam.first - 1, 0) : seam.first + seam.count + 1]).max()) / usual
        found.append((step, joined, seam))
        if step < QUICK:
            break
    _, joined, seam = min(found, key=lambda one: one[0])
    return joined, seam


def _steps(motion: Motion) -> np.ndarray:
    """(T - 1,) step of the joint that moves farthest from each frame to the next, in metres; at least one."""
    steps: np.ndarray = np.linalg.norm(np.diff(motion.joints, axis=0), axis=-1).max(axis=-1)
    return steps if len(steps) else np.zeros(1)


def combine(lower: Motion, upper: Motion) -> Motion:
    """The legs and the path of one motion under the torso, arms and head of another.

    The upper body keeps its lean and its direction relative to its own pelvis; the spine blends from the pelvis of one
    into the chest of the other. The result is as long as the shorter motion.

    Args:
        lower: the source of pelvis, legs, path, placement and bone lengths.
        upper: the source of everything from spine1 up; same frame rate.

    Raises:
        MotionGPTError: frame rates differ, or another skeleton.
    """
    check_editable(lower, upper)
    count = min(len(lower), len(upper))
    legs, torso = lower.joints[:count].astype(np.float64), upper.joints[:count].astype(np.float64)
    # Turn the upper body to the pelvis heading of the legs. Headings are averaged over a stride, so that the pelvis of
    # the legs keeps its sway.
    turn = rotations.multiply(rotations.conjugate(_pelvis_heading(legs, lower.fps)), _pelvis_heading(torso, upper.fps))
    torso = rotations.rotate(turn[:, None], torso)
    result = legs.copy()
    lengths = bone_lengths(legs)
    spine = HUMANML3D.index("spine1")
    above = {spine}
    for joint, parent in enumerate(HUMANML3D.parents):
        if parent not in above:
            continue
        above.add(joint)
        share = SPINE_BLEND.get(HUMANML3D.joints[joint], 1.0)
        own, other = legs[:, joint] - legs[:, parent], torso[:, joint] - torso[:, parent]
        bone = (1 - share) * own + share * other * (lengths[joint] / np.linalg.norm(other, axis=-1, keepdims=True))
        bone *= lengths[joint] / np.maximum(np.linalg.norm(bone, axis=-1, keepdims=True), 1e-9)
        result[:, joint] = result[:, parent] + bone
    return replace(lower, joints=result, text="")


def both_arms(motion: Motion, side: str) -> Motion:
    """Let both arms do what one arm does: the other arm becomes its mirror image at the chest.

    Args:
        motion: the motion.
        side: "left" or "right", the arm that is mirrored.

    Raises:
        MotionGPTError: another skeleton.
    """
    check_editable(motion, motion)
    joints = motion.joints.astype(np.float64)
    lengths = bone_lengths(joints)
    other = "right" if side == "left" else "left"
    across = joints[:, HUMANML3D.index("left_collar")] - joints[:, HUMANML3D.index("right_collar")]
    across /= np.maximum(np.linalg.norm(across, axis=-1, keepdims=True), 1e-9)
    result = joints.copy()
    for upper, lower in (("collar", "shoulder"), ("shoulder", "elbow"), ("elbow", "wrist")):
        bone = joints[:, HUMANML3D.index(f"{side}_{lower}")] - joints[:, HUMANML3D.index(f"{side}_{upper}")]
        bone = bone - 2 * (bone * across).sum(axis=-1, keepdims=True) * across
        goal = HUMANML3D.index(f"{other}_{lower}")
        bone *= lengths[goal] / np.maximum(np.linalg.norm(bone, axis=-1, keepdims=True), 1e-9)
        result[:, goal] = result[:, HUMANML3D.index(f"{other}_{upper}")] + bone
    return replace(motion, joints=result, text="")


def loop(motion: Motion, seconds: float, seam: Seam | None = None) -> Motion:
    """Repeat a cyclic motion, such as walking, by splicing it to itself.

    It begins like the motion and ends anywhere; :func:`motiongpt.motion.looping.seamless_loop` ends where it begins.

    Args:
        motion: the motion.
        seconds: duration of the result.
        seam: of the motion with itself, see :func:`find_seam`; None takes the best.

    Returns:
        round(seconds * fps) frames that begin like the motion.

    Raises:
        MotionGPTError: the duration is not positive, or another skeleton.
    """
    count = _frames(motion, seconds)
    if seam is None:
        seam = find_seam(motion, motion)
    period = seam.first - seam.second
    if period < 1:
        raise MotionGPTError(f"A motion of {len(motion)} frames is too short to be repeated; give a longer one.")
    result = motion
    while len(result) < count:
        # The result so far ends like the motion, so the seam is as far from its end.
        result = splice(result, motion, replace(seam, first=len(result) - len(motion) + seam.first))
    return replace(result[:count], text=motion.text)


def travel(motion: Motion, metres: float) -> Motion:
    """A motion that goes somewhere, cut where its root has come so far, or repeated until it has.

    Returns:
        The motion, at most ten times as long as it was; one that stays where it is comes back as it is.

    Raises:
        MotionGPTError: the way is not positive, or another skeleton.
    """
    check_editable(motion)
    if not (np.isfinite(metres) and metres > 0):
        raise MotionGPTError(f"The way must be a positive number of metres, not {metres}.")
    reached = _way(motion)
    if reached[-1] < 0.1:
        return motion
    if reached[-1] < metres:
        longer = min(1.2 * metres / reached[-1], 10.0)
        motion = loop(motion, longer * motion.seconds)
        reached = _way(motion)
    return motion[: int(np.searchsorted(reached, metres)) + 1]


def _way(motion: Motion) -> np.ndarray:
    """(T,) metres that the root has come over the ground, without its sway from step to step."""
    path = gaussian(motion.joints[:, 0, [0, 2]].astype(np.float64), 0.25 * motion.fps)
    return np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=-1))])


def hold(motion: Motion, seconds: float) -> Motion:
    """Prolong standing or sitting still: play a quiet motion back and forth and slow down at each reversal.

    Args:
        motion: a quiet stretch, see :func:`quiet_stretches`.
        seconds: duration of the result.

    Returns:
        round(seconds * fps) frames that begin like the motion.

    Raises:
        MotionGPTError: the duration is not positive, or another skeleton.
    """
    count = _frames(motion, seconds)
    last = len(motion) - 1
    if last == 0:
        return replace(motion, joints=np.repeat(motion.joints, count, axis=0))
    # A triangle wave, whose corners are rounded by two moving averages. It is straight before frame 0, so that the
    # result starts at frame 0.
    width = min(round(0.5 * motion.fps), last) // 2 * 2 + 1
    margin = width
    time = np.arange(-margin, count + margin)
    wave = np.where(time < 0, time, last - np.abs(last - time % (2 * last)))
    for _ in range(2):
        wave = moving_average(wave.astype(np.float64), width)
    return _sampled(motion, np.clip(wave[margin : margin + count], 0, last))


def quiet_stretches(motion: Motion, seconds: float = 1.0) -> list[slice]:
    """Intervals in which no joint moves faster than those of a body that stands or sits still.

    Args:
        motion: the motion.
        seconds: duration of the shortest interval that counts.

    Returns:
        Slices of frames, in order, each as long as possible.

    Raises:
        MotionGPTError: the duration is not positive, or another skeleton.
    """
    min_frames = _frames(motion, seconds)
    if len(motion) < 2:
        return [slice(0, len(motion))] if min_frames <= len(motion) else []
    velocity = np.gradient(motion.joints.astype(np.float64), axis=0) * motion.fps
    speed = moving_average(np.linalg.norm(velocity, axis=-1), max(round(0.25 * motion.fps), 1))
    quiet = speed.max(axis=1) < QUIET
    edges = np.flatnonzero(np.diff(np.concatenate([[0], quiet, [0]])))
    return [slice(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a >= min_frames]


def body_state(motion: Motion) -> np.ndarray:
    """(T, J, 6) positions relative to the root's place on the ground, and weighted velocities, in the body's heading.

    Distances cover both, so that equal poses in opposite phases of a swing are not taken for alike.
    """
    joints = motion.joints.astype(np.float64)
    velocity = np.gradient(joints, axis=0) * motion.fps if len(joints) > 1 else np.zeros_like(joints)
    facing = heading(joints)[:, None]
    local = rotations.rotate(facing, joints - joints[:, :1] * (1 - UP))
    return np.concatenate([local, rotations.rotate(facing, velocity) * LOOK_AHEAD], axis=-1)


def support_gap(before: np.ndarray, after: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(3,) way over the ground that brings the feet that carry the body in both of two stretches to the same place.

    Args:
        before, after: (n, J, 3) the stretches, facing the same way.
        weights: (n, 4) product of their supports.
    """
    gap = support_point(before, weights) - support_point(after, weights)
    carried = weights.sum(axis=1) + ROOT_WEIGHT
    way: np.ndarray = (gap * carried[:, None]).sum(axis=0) / carried.sum() * (1 - UP)
    return way


def cross_fade(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """From one of two stretches (n, J, 3) to the other: bones turn, and feet go straight, as some of them stand."""
    u = (np.arange(len(before)) + 1) / (len(before) + 1)
    share = u * u * (3 - 2 * u)
    body = mix(before, after, share)
    for limb, _ in LEGS:
        feet = [stretch[:, limb[2:]].astype(np.float64) for stretch in (before, after)]
        place_leg(body, limb, feet[0] + share[:, None, None] * (feet[1] - feet[0]))
    return body


def support_point(joints: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(T, 3) the point that carries the body: the mean of the foot joints by their weights (T, 4), else the root."""
    weights = np.concatenate([weights, np.full((len(weights), 1), ROOT_WEIGHT)], axis=1)[..., None]
    return (joints[:, (*FEET, 0)] * weights).sum(axis=1) / weights.sum(axis=1)


def _pelvis_heading(joints: np.ndarray, fps: float) -> np.ndarray:
    """(T, 4) rotation about Y that turns the pelvis to +Z, from the hips alone, averaged over a stride."""
    right_hip, left_hip = HUMANML3D.face_joints[:2]
    forward = _horizontal_unit(np.cross(UP, joints[:, right_hip] - joints[:, left_hip]))
    forward = _horizontal_unit(gaussian(forward, 0.25 * fps))
    return rotations.between(forward, np.array([0.0, 0.0, 1.0]))


def _sampled(motion: Motion, times: np.ndarray) -> Motion:
    """The motion at times (n,) in frames."""
    return replace(motion, joints=sample(motion.joints.astype(np.float64), times, motion.skeleton))


def _frames(motion: Motion, seconds: float) -> int:
    check_editable(motion)
    if not (np.isfinite(seconds) and round(seconds * motion.fps) >= 1):
        raise MotionGPTError(f"The duration must be a positive number of seconds, not {seconds}.")
    return round(seconds * motion.fps)


def check_editable(*motions: Motion) -> None:
    """Raise a :class:`MotionGPTError` unless the motions have the skeleton of HumanML3D and one frame rate."""
    for motion in motions:
        if motion.skeleton.name != HUMANML3D.name:
            raise MotionGPTError(
                f"{motion.name or 'motion'}: editing needs the skeleton {HUMANML3D.name}, not {motion.skeleton.name}."
            )
    if len({motion.fps for motion in motions}) > 1:
        rates = " and ".join(f"{motion.fps:g}" for motion in motions)
        raise MotionGPTError(f"Motions at {rates} fps cannot be combined; resample one of them.")
