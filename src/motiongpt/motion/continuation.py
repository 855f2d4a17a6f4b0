"""How a motion goes on, from its frames alone: its path, its own cycle, and steering along a path.

Joints are in metres, Y up, at any place and heading.
"""

from __future__ import annotations

import numpy as np

from motiongpt.motion import rotations
from motiongpt.motion.blending import join
from motiongpt.motion.editing import turn_about_feet
from motiongpt.motion.filters import gaussian
from motiongpt.motion.placement import UP, floor_of_part, forward_direction, heading
from motiongpt.motion.skeleton import HUMANML3D, Skeleton

# Seconds of the given frames whose velocity, and whose turn, go on.
VELOCITY, TURN = 0.5, 1.0
# Seconds after which 1/e of the expected velocity is left: nobody walks straight on for long.
PERSISTENCE = 0.8
# Radians a second; a body that spins faster does not walk a circle.
MAX_TURN = 2.0
# Seconds of the shortest cycle that is repeated.
MIN_CYCLE = 0.4
# A difference in velocity counts as the distance that it causes after so many seconds.
LOOK_AHEAD = 0.1
# How a body is steered: seconds of a stride, and that it looks ahead; radians a second, at most and for each radian
# that it would miss; m/s of a walk.
STRIDE, SIGHT, MAX_STEER, GAIN, WALK = 0.25, 0.5, 1.5, 2.5, 0.4
# Share of half a turn up to which the side is taken that is nearer.
BEHIND = 0.75
# Metres from the expected path that do not matter, and how much more each second: what is far ahead is uncertain.
SLACK, SPREAD = 0.4, 0.2
# How much counts, in metres of distance from the expected path, that a body calms down by a factor of e, a metre of
# difference at the seam, and a metre of distance from all poses that it was seen in.
CALM, SEAM, STRANGE = 0.3, 0.3, 1.0
# Metres per second of joints that even a body at rest has, and seconds of the pace that goes on.
FIDGET, PACE = 0.05, 1.0


def expected_path(head: np.ndarray, frames: int, skeleton: Skeleton = HUMANML3D) -> np.ndarray:
    """Where the pelvis is expected: velocity and turn of the last given frames go on, ever slower.

    Args:
        head: (h, J, 3) given frames at the skeleton's frame rate.
        frames: to look ahead.
        skeleton: of these joints.

    Returns:
        (frames, 2) x and z.
    """
    root = head[:, 0, [0, 2]].astype(np.float64)
    back = min(round(VELOCITY * skeleton.fps), len(head) - 1)
    if back < 1:
        return np.repeat(root[-1:], frames, axis=0)
    step = (root[-1] - root[-1 - back]) / back
    facing = forward_direction(head[-round(TURN * skeleton.fps) - 1 :], skeleton)
    angle = np.unwrap(np.arctan2(facing[:, 0], facing[:, 2]))
    rate = np.clip((angle[-1] - angle[0]) / (len(angle) - 1), -MAX_TURN / skeleton.fps, MAX_TURN / skeleton.fps)
    time = np.arange(1, frames + 1)
    sine, cosine = np.sin(rate * time), np.cos(rate * time)
    steps = np.stack([step[0] * cosine + step[1] * sine, step[1] * cosine - step[0] * sine], axis=-1)
    return root[-1] + np.cumsum(steps * np.exp(-(time - 0.5) / (PERSISTENCE * skeleton.fps))[:, None], axis=0)


def cycles(head: np.ndarray, skeleton: Skeleton = HUMANML3D) -> list[tuple[int, float]]:
    """Frames of a motion from which on it can be played again behind its last one, the best first.

    Args:
        head: (h, J, 3) given frames at the skeleton's frame rate.
        skeleton: of these joints.

    Returns:
        Frame, and mean distance of its joints from those of the last frame in metres, bodies facing the same way, over
        positions and what velocities amount to. Only frames that resemble it more than those beside them do.
    """
    shortest = round(MIN_CYCLE * skeleton.fps)
    if len(head) < shortest + 2:
        return []
    local, steps = _seen_from_body(head, skeleton)
    states = np.concatenate([local[1:], steps * skeleton.fps * LOOK_AHEAD], axis=-1)
    costs = np.linalg.norm(states - states[-1], axis=-1).mean(axis=-1)[: len(states) - shortest]
    padded = np.pad(costs, 1, constant_values=np.inf)
    best = np.flatnonzero((costs <= padded[:-2]) & (costs <= padded[2:]))
    return [(int(place) + 1, float(costs[place])) for place in best[np.argsort(costs[best], kind="stable")]]


def repeat(head: np.ndarray, start: int, frames: int, skeleton: Skeleton = HUMANML3D) -> np.ndarray:
    """A motion whose end is played again and again.

    Args:
        head: (h, J, 3) given frames at the skeleton's frame rate.
        start: frame that resembles the last one, see :func:`cycles`; what follows it is repeated.
        frames: of the result.
        skeleton: of these joints.

    Returns:
        (frames, J, 3) float32 that begin with ``head``, bit for bit.
    """
    result = head
    while len(result) < frames:
        # Before the seam only its last frame matters.
        before = np.repeat(head[start : start + 1], len(result) - 1, axis=0)
        piece = np.concatenate([before, head[start:]]) - floor_of_part(result) * UP
        result = join(result, piece, skeleton=skeleton)
    return result[:frames].astype(np.float32)


def steer(joints: np.ndarray, goal: np.ndarray, fps: float) -> np.ndarray:
    """Let a body walk towards a path that it leaves: it turns while it goes, about the foot that carries it.

    A body that does not go anywhere is not turned.

    Args:
        joints: (T, 22, 3) metres, Y up.
        goal: (n, 2) x and z of the pelvis in the last n frames.
        fps: frames a second.

    Returns:
        (T, 22, 3); the frames before the last n are the same.
    """
    first = len(joints) - len(goal)
    root = joints[:, 0, [0, 2]].astype(np.float64)
    steps = np.diff(root, axis=0, prepend=root[:1])
    # The way a body goes is that of a stride, not of its sway.
    way = gaussian(steps, STRIDE * fps)
    ahead = np.minimum(np.arange(len(goal)) + round(SIGHT * fps), len(goal) - 1)
    place, turned, angles = root[first - 1], 0.0, np.zeros(len(joints))
    for frame in range(first, len(joints)):
        cosine, sine = np.cos(turned), np.sin(turned)
        pace = float(np.hypot(*way[frame])) * fps
        missing = goal[ahead[frame - first]] - place
        # How far the body would miss the goal, as an angle; x is what a positive turn about Y turns z towards.
        off = np.arctan2(missing[0], missing[1]) - (np.arctan2(way[frame, 0], way[frame, 1]) + turned)
        # What is right behind is reached by the side to which the body turns already, or else by the left.
        start = np.pi * (BEHIND if turned >= 0 else 2 - BEHIND)
        off = (off + start) % (2 * np.pi) - start
        slack = SLACK + SPREAD * (frame - first) / fps
        eager = np.clip(pace / WALK - 0.5, 0, 1) * np.clip(2 * np.hypot(*missing) / slack - 1, 0, 1)
        turned += float(np.clip(GAIN * off, -MAX_STEER, MAX_STEER) * eager / fps)
        angles[frame] = turned
        step = steps[frame]
        place = place + np.array([step[0] * cosine + step[1] * sine, step[1] * cosine - step[0] * sine])
    result = joints.astype(np.float64)
    if np.any(angles):
        # A turn begins and ends smoothly, but not before the given frames end.
        angles[first:] = gaussian(angles, 0.15 * fps)[first:]
        result[first - 1 :] = turn_about_feet(result[first - 1 :], angles[first - 1 :] - angles[first - 1], fps)
    return result.astype(np.float32)


def discontinuity(
    head: np.ndarray, joints: np.ndarray, goal: np.ndarray, seam: float, skeleton: Skeleton = HUMANML3D
) -> float:
    """How little a continuation goes on with what was happening, in metres.

    Args:
        head: (h, J, 3) given frames at the skeleton's frame rate.
        joints: (T, J, 3) given frames and continuation, T > h.
        goal: (T - h, 2) the expected path.
        seam: metres by which the continuation differs where it begins.
        skeleton: of these joints.

    Returns:
        The mean distance of the pelvis from the path, and what it amounts to that the body calms down, jumps at the
        seam, and takes poses that it was not seen in.
    """
    first = len(head)
    strayed = np.linalg.norm(joints[first:, 0][:, [0, 2]] - goal, axis=-1).mean()
    before = np.diff(head[-round(PACE * skeleton.fps) - 1 :].astype(np.float64), axis=0)
    after = np.diff(joints[first - 1 :].astype(np.float64), axis=0)
    # It should not calm down later either.
    pace = min(_pace(part, skeleton) for part in np.array_split(after, min(2, len(after))))
    calm = np.log((_pace(before, skeleton) + FIDGET) / (pace + FIDGET))
    (seen, _), (poses, _) = _seen_from_body(head, skeleton), _seen_from_body(joints[first - 1 :], skeleton)
    # A few poses a second say as much as all.
    some = poses[1 :: max(round(skeleton.fps / 5), 1)]
    strange = np.mean([np.linalg.norm(seen - pose, axis=-1).mean(axis=-1).min() for pose in some])
    return float(strayed + CALM * max(calm, 0.0) + SEAM * seam + STRANGE * strange)


def _seen_from_body(joints: np.ndarray, skeleton: Skeleton) -> tuple[np.ndarray, np.ndarray]:
    """Joints over the ground below the pelvis, the body facing +Z (T, J, 3), and their steps (T-1, J, 3)."""
    joints = joints.astype(np.float64)
    local = rotations.rotate(heading(joints, skeleton)[:, None], joints - joints[:, :1] * (1 - UP))
    return local, np.diff(local, axis=0)


def _pace(steps: np.ndarray, skeleton: Skeleton) -> float:
    """Mean speed of joints in m/s of their steps (T, J, 3); 0 of none."""
    return float(np.linalg.norm(steps, axis=-1).mean()) * skeleton.fps if len(steps) else 0.0
