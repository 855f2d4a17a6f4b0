"""Seamless loops: the cut at which a motion fits its own beginning best, and the blend that closes it there.

As in :mod:`motiongpt.motion.editing`, motions are on the HumanML3D skeleton (22 joints, metres, Y up), at any
frame rate.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from motiongpt.errors import MotionGPTError
from motiongpt.motion import rotations
from motiongpt.motion.contacts import support
from motiongpt.motion.editing import (
    bend_path,
    body_state,
    check_editable,
    course_shares,
    cross_fade,
    distances,
    support_gap,
)
from motiongpt.motion.motion import Motion
from motiongpt.motion.placement import UP, forward_direction, heading
from motiongpt.motion.resampling import sample
from motiongpt.motion.retarget import bone_lengths, restore_lengths

# Seconds over which end and beginning are cross-faded, and of the shortest cycle.
FADE, MIN_SECONDS = 0.4, 0.5
# Metres of difference at the cut that it is worth to keep a motion whole, and to play a cycle at its own tempo rather
# than twice as fast.
KEEP, TEMPO = 0.1, 0.3
# Frames among which all cuts are compared; of a longer motion every second one, or every third and so on.
MAX_FRAMES = 400
# Frames that are compared around a cut.
COMPARED = 9
# A cycle that turns less than this (degrees) goes straight on; one that travels less than this (m/s) stays in place.
STRAIGHT, SLOW = 20.0, 0.15

# What an acceleration counts beside a jolt where a loop might start.
ACCELERATION = 0.03


@dataclass(frozen=True)
class Cycle:
    """A part of a motion that can be repeated.

    Attributes:
        first, last: frames of nearly the same pose and velocities: the last one is the first one of the next cycle.
        repeats: how often it fits into the duration that was wanted.
        cost: as of :class:`motiongpt.motion.editing.Seam`; below about 0.1 the cut is hard to see.
    """

    first: int
    last: int
    repeats: int
    cost: float


def find_cycle(motion: Motion, seconds: float | None = None) -> Cycle:
    """The part of a motion whose end fits its beginning best.

    Args:
        motion: the motion.
        seconds: duration that the cycle, or several of it, should have; None takes as much of the motion as fits.

    Raises:
        MotionGPTError: the motion is too short, the duration is not positive, or another skeleton.
    """
    check_editable(motion)
    if seconds is not None and not (np.isfinite(seconds) and round(seconds * motion.fps) >= 1):
        raise MotionGPTError(f"A loop must last a positive number of seconds, not {seconds}.")
    fade, shortest = _fade_frames(motion), max(round(MIN_SECONDS * motion.fps), 2)
    if len(motion) < shortest + fade + 1:
        raise MotionGPTError(
            f"{motion.name or 'motion'}: a loop needs a motion of at least {(shortest + fade + 1) / motion.fps:.2f} s, "
            f"and this one lasts {motion.seconds:.2f} s."
        )
    states = body_state(motion)
    wanted = len(motion) - fade if seconds is None else seconds * motion.fps
    # First among every so many frames, then among all of them near the best of these.
    stride = -(-len(motion) // MAX_FRAMES)
    frames = np.arange(0, len(motion), stride)
    cycle = _best(states, frames, frames, fade, shortest, wanted, seconds is not None)
    if stride > 1:
        firsts, lasts = (
            np.arange(max(at - stride, 0), min(at + stride + 1, len(motion))) for at in (cycle.first, cycle.last)
        )
        cycle = _best(states, firsts, lasts, fade, shortest, wanted, seconds is not None)
    return cycle


def _best(
    states: np.ndarray,
    firsts: np.ndarray,
    lasts: np.ndarray,
    fade: int,
    shortest: int,
    wanted: float,
    exact: bool,
) -> Cycle:
    """The best cycle that starts at one of some frames and ends at one of others.

    Args:
        states: (T, J, 6) of the motion.
        firsts, lasts: ascending frames.
        fade: frames around each of them that are compared.
        shortest: frames of the shortest cycle.
        wanted: frames that the cycle should have.
        exact: whether cycles are repeated and change their tempo until they have them.
    """
    first, last = (at[(at >= fade // 2) & (at < len(states) - fade + fade // 2)] for at in (firsts, lasts))
    costs = np.zeros((len(first), len(last)))
    around = np.unique(np.rint(np.linspace(-(fade // 2), fade - fade // 2, COMPARED)).astype(int))
    for k in around:
        costs += distances(states[first + k], states[last + k]) / len(around)
    length = np.maximum(last[None] - first[:, None], 1)
    repeats = np.maximum(np.rint(wanted / length), 1) if exact else np.ones_like(length)
    tempo = np.abs(np.log2(repeats * length / wanted)) if exact else 0
    kept = np.minimum(length / min(wanted, len(states) - fade), 1)
    score = np.where(last[None] - first[:, None] >= shortest, costs + KEEP * (1 - kept) + TEMPO * tempo, np.inf)
    row, column = np.unravel_index(score.argmin(), score.shape)
    return Cycle(int(first[row]), int(last[column]), int(repeats[row, column]), float(costs[row, column]))


def seamless_loop(motion: Motion, seconds: float | None = None) -> Motion:
    """A motion that can be repeated without a visible cut, made of the part of a motion whose end fits its beginning.

    The last frame is the first one again: the same pose, where the body has arrived. A player that starts again there
    shows no jump, and one that adds the way of each round lets the body walk on. Around the cut, what follows the end
    of the part and what precedes its beginning are cross-faded, so that velocities agree as well. The loop starts where
    the body moves most evenly.

    A cycle that turns by less than 20° goes straight on, and one that hardly travels stays in place. Other turns and
    ways are the same in each round.

    Args:
        motion: the motion, 0.9 seconds at least.
        seconds: duration of the loop: of one cycle or of several, whose tempo is changed a little to fit. None takes as
            much of the motion as fits, at its own tempo.

    Returns:
        round(seconds * fps) + 1 frames, with a remark that says which part of the motion was taken.

    Raises:
        MotionGPTError: the motion is too short, the duration is not positive, or another skeleton.
    """
    cycle = find_cycle(motion, seconds)
    lengths = bone_lengths(motion.joints)
    fade = _fade_frames(motion)
    before = fade // 2
    first, last = before, before + cycle.last - cycle.first
    # The cycle with the frames that are faded in before and after it.
    part = motion[cycle.first - before : cycle.last + fade - before + 1]
    part, turn, way = _closed(replace(part, joints=restore_lengths(part.joints, lengths)), first, last, fade)
    joints = part.joints.astype(np.float64)
    head, tail = joints[first - before :][: fade + 1], joints[last - before :][: fade + 1]
    faded = restore_lengths(cross_fade(tail, _moved(head, turn, way)), lengths)
    joints[last - before : last] = faded[:before]
    joints[first : first + fade + 1 - before] = _moved(faded[before:], turn, way, -1)
    rounds = _rounds(joints[first:last], turn, way, cycle.repeats + 3)
    count = (last - first) * cycle.repeats if seconds is None else round(seconds * motion.fps)
    step = (last - first) * cycle.repeats / count
    # Frames of the loop, with some before and after it, of which the first may be any of a cycle.
    period = round(count / cycle.repeats)
    times = (last - first) + (np.arange(-2, count + period + 2)) * step
    rounds = sample(rounds, times)
    start = int(_unevenness(rounds[: period + 4]).argmin()) + 2
    seconds_of = [frame / motion.fps for frame in (cycle.first, cycle.last)]
    remark = f"The loop repeats {seconds_of[0]:.2f} to {seconds_of[1]:.2f} s of the motion"
    remark += "." if cycle.cost < 0.1 else f", whose ends differ by {100 * cycle.cost:.0f} cm on average."
    return replace(
        motion, joints=_moved(rounds[start : start + count + 1], turn, way, -1), remarks=(*motion.remarks, remark)
    )


def loop_gap(motion: Motion) -> tuple[float, float]:
    """How far the end of a loop misses its beginning.

    The last frame is turned and moved so that root and facing direction agree with those of the first one: what a
    player shows that adds the way of each round. Velocities are estimated from three frames on either side of the cut.

    Returns:
        Metres and m/s, of the joint that misses most.

    Raises:
        MotionGPTError: fewer than three frames.
    """
    if len(motion) < 3:
        raise MotionGPTError(f"{motion.name or 'motion'}: a loop has at least 3 frames, not {len(motion)}.")
    joints = motion.joints.astype(np.float64)
    turns = heading(joints[[0, -1]])
    head = rotations.rotate(turns[0], joints[:3] - joints[0, 0] * (1 - UP))
    tail = rotations.rotate(turns[1], joints[-3:] - joints[-1, 0] * (1 - UP))
    after = (-3 * head[0] + 4 * head[1] - head[2]) / 2
    before = (3 * tail[2] - 4 * tail[1] + tail[0]) / 2
    place, velocity = (np.linalg.norm(miss, axis=-1).max() for miss in (head[0] - tail[2], after - before))
    return float(place), float(velocity * motion.fps)


def _unevenness(joints: np.ndarray) -> np.ndarray:
    """(T - 4,) how much velocities before and after each frame differ, of the joint whose velocities differ most.

    Velocities on either side are estimated from two frames, whose difference an acceleration explains, and from three,
    whose difference only a jolt explains. The latter decides where there are any.
    """
    two, three = np.diff(joints, n=2, axis=0)[1:-1] * ACCELERATION, np.diff(joints, n=4, axis=0) / 2
    worst: np.ndarray = (np.linalg.norm(two, axis=-1) + np.linalg.norm(three, axis=-1)).max(axis=-1)
    return worst


def _fade_frames(motion: Motion) -> int:
    """Frames over which end and beginning are cross-faded, an even number."""
    return max(round(FADE * motion.fps / 2), 1) * 2


def _closed(part: Motion, first: int, last: int, fade: int) -> tuple[Motion, np.ndarray, np.ndarray]:
    """The part, straightened where it hardly turns or travels, with the turn (4,) and the way (3,) of a round."""
    angle = _turned(part.joints, first, last, fade)
    if abs(angle) < STRAIGHT:
        ends = first / (len(part) - 1), last / (len(part) - 1)
        part = bend_path(part, -angle, *ends)
        # What is left of it after bending, which takes its time at both ends, is of no size.
        angle = 0.0
    turn = rotations.about("Y", np.array(np.radians(angle)))
    weights = support(part.joints.astype(np.float64), part.fps)
    head, tail = (slice(at - fade // 2, at - fade // 2 + fade + 1) for at in (first, last))
    way = support_gap(
        part.joints[tail].astype(np.float64), rotations.rotate(turn, part.joints[head]), weights[tail] * weights[head]
    )
    if angle == 0 and np.linalg.norm(way) < SLOW * (last - first) / part.fps:
        shares = course_shares(part, first / (len(part) - 1), last / (len(part) - 1))
        part = replace(part, joints=part.joints - shares[:, None, None] * way)
        way = np.zeros(3)
    return part, turn, way


def _turned(joints: np.ndarray, first: int, last: int, fade: int) -> float:
    """Degrees by which the body has turned from around the first frame to around the last one, left positive."""
    facing = forward_direction(joints.astype(np.float64))
    angles = np.arctan2(facing[:, 0], facing[:, 2])
    apart = [angles[last + k] - angles[first + k] for k in range(-(fade // 2), fade // 2 + 1)]
    return float(np.degrees(np.angle(np.exp(1j * np.array(apart)).mean())))


def _moved(joints: np.ndarray, turn: np.ndarray, way: np.ndarray, rounds: int = 1) -> np.ndarray:
    """Joints (n, J, 3) turned and moved as a round does, or back."""
    if rounds > 0:
        return rotations.rotate(turn, joints) + way
    return rotations.rotate(rotations.conjugate(turn), joints - way)


def _rounds(cycle: np.ndarray, turn: np.ndarray, way: np.ndarray, count: int) -> np.ndarray:
    """``count`` rounds of a cycle (n, J, 3) one after the other."""
    rounds = [cycle]
    for _ in range(count - 1):
        rounds.append(_moved(rounds[-1], turn, way))
    return np.concatenate(rounds)
