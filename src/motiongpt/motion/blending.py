"""Join generated frames to given ones: the given frames stay as they are, and the seam has no jump."""

from __future__ import annotations

import numpy as np

from motiongpt.motion import rotations
from motiongpt.motion.placement import UP, floor_of_part, heading
from motiongpt.motion.retarget import bone_lengths, restore_lengths, retarget
from motiongpt.motion.skeleton import HUMANML3D, Skeleton

# Seconds over which the difference of the two bodies at a seam fades out.
FADE = 0.5
# A difference in velocity at a seam counts as the distance that it causes after so many seconds.
LOOK_AHEAD = 0.2
# Metres that one radian of missed heading costs.
TURN = 0.5


def join(
    head: np.ndarray, generated: np.ndarray, tail: np.ndarray | None = None, skeleton: Skeleton = HUMANML3D
) -> np.ndarray:
    """Replace the first (and last) frames of a generated motion by given ones.

    The generated body gets the bone lengths of the given body, and its floor according to :func:`floor_of_part`. It is
    turned and moved to where ``head`` ends. If there is a ``tail``, the path is bent evenly over the gap, so that the
    body arrives where ``tail`` begins. Differences in pose and velocity at a seam fade out over half a second
    (inertialization; Bollo, GDC 2018). Head and tail must be in the same world coordinates.

    Args:
        head: (h, J, 3) given frames, h >= 1.
        generated: (T, J, 3) the whole generated motion, T >= h + t, with its floor at y = 0, anywhere on the ground.
        tail: (t, J, 3) given last frames, or None.
        skeleton: the joint tree of all three, which are at its frame rate.

    Returns:
        (T, J, 3) float32; the first h and last t frames are the given ones, bit for bit.
    """
    first, last = len(head), len(generated) - (0 if tail is None else len(tail))
    body, lengths = _placed(head, generated, tail, skeleton)
    fade = round(FADE * skeleton.fps)
    after, before = np.arange(len(body)) - (first - 1), last - np.arange(len(body))
    lost = _lost_step(head[-2:], body[first - 1 : first + 1])
    # The whole body continues at the pace of the head, which gradually becomes that of the generated motion.
    pace = lost[0] * (1 - UP)
    body = body + np.cumsum(_fade(after, fade) * (after > 0))[:, None, None] * pace
    weight, pull = _fade(after, fade), _swing(after, fade)[:, None, None] * (lost - pace)
    if tail is not None and last > first:
        turn, way = _missing(body[last], tail[0], skeleton)
        # Bend the path: rotate each frame about its own root and shift it. Both grow evenly over the gap.
        share = np.clip(after / (last - first + 1), 0, 1)
        share = share * share * (3 - 2 * share)
        root = body[:, :1].copy()
        body = rotations.rotate(rotations.about("Y", share * turn)[:, None], body - root) + root
        body += share[:, None, None] * way
        # The pose follows the head near the head, and the tail near the tail. In a short gap both fades overlap.
        end = _fade(before, fade)
        total = np.maximum(1, weight + end)
        weight, end = weight / total, end / total
        pull = pull + end[:, None, None] * (tail[0] - body[last])
        pull -= _swing(before, fade)[:, None, None] * _lost_step(tail[:2], body[last - 1 : last + 1])
    pull = pull + weight[:, None, None] * (head[-1] - body[first - 1])
    # The fades move joints along straight lines, which changes bone lengths; restore them.
    body = restore_lengths(body + pull, lengths, skeleton)
    body[:first] = head
    if tail is not None:
        body[last:] = tail
    return body.astype(np.float32)


def seam_cost(
    head: np.ndarray, generated: np.ndarray, tail: np.ndarray | None = None, skeleton: Skeleton = HUMANML3D
) -> float:
    """How much :func:`join` has to change, in metres: differences at the seams, and the distance of the path's end from
    the tail.

    Args:
        head, generated, tail, skeleton: as of :func:`join`.
    """
    first, last = len(head), len(generated) - (0 if tail is None else len(tail))
    body, _ = _placed(head, generated, tail, skeleton)
    lacks = [(head[-1] - body[first - 1], _lost_step(head[-2:], body[first - 1 : first + 1]))]
    missed = 0.0
    if tail is not None and last > first:
        turn, way = _missing(body[last], tail[0], skeleton)
        root = body[last, 0]
        arrived = rotations.rotate(rotations.about("Y", np.array(turn)), body[last - 1 : last + 1] - root) + root + way
        lacks.append((tail[0] - arrived[1], _lost_step(tail[:2], arrived)))
        missed = float(np.linalg.norm(way)) + TURN * abs(turn)
    reach = LOOK_AHEAD * skeleton.fps
    return missed + sum(float(np.linalg.norm([place, reach * step], axis=-1).sum(0).mean()) for place, step in lacks)


def _placed(
    head: np.ndarray, generated: np.ndarray, tail: np.ndarray | None, skeleton: Skeleton
) -> tuple[np.ndarray, np.ndarray]:
    """The generated body with the given bone lengths, turned and moved to where the head ends; and these lengths."""
    given = head if tail is None else np.concatenate([head, tail])
    lengths = bone_lengths(given, skeleton)
    body = retarget(generated, lengths, skeleton) + floor_of_part(given) * UP
    now = len(head) - 1
    turn = rotations.multiply(
        rotations.conjugate(heading(head[-1:], skeleton)[0]), heading(body[now : now + 1], skeleton)[0]
    )
    body = rotations.rotate(turn, body)
    return body + (head[-1, 0] - body[now, 0]) * (1 - UP), lengths


def _lost_step(given: np.ndarray, generated: np.ndarray) -> np.ndarray:
    """(J, 3) step between two given frames minus the step between the two generated frames at the seam.

    A single given frame has no velocity; the result is zero then.
    """
    if min(len(given), len(generated)) < 2:
        return np.zeros(generated.shape[1:])
    return np.diff(given.astype(np.float64), axis=0)[0] - np.diff(generated, axis=0)[0]


def _missing(body: np.ndarray, goal: np.ndarray, skeleton: Skeleton) -> tuple[float, np.ndarray]:
    """The angle about Y and the displacement over the ground that lead from one frame to another."""
    missing = rotations.multiply(
        rotations.conjugate(heading(goal[None], skeleton)[0]), heading(body[None], skeleton)[0]
    )
    angle = 2 * np.arctan2(missing[2], missing[0])
    return float((angle + np.pi) % (2 * np.pi) - np.pi), (goal[0] - body[0]) * (1 - UP)


def _fade(distance: np.ndarray, frames: int) -> np.ndarray:
    """1 at distance 0 (and before), falling smoothly to 0 at ``frames``."""
    u = np.clip(1 - distance / frames, 0, 1)
    return u * u * (3 - 2 * u)


def _swing(distance: np.ndarray, frames: int) -> np.ndarray:
    """0 at distance 0 (and before), where it rises with a slope of 1, then falls smoothly to 0 at ``frames``."""
    u = np.clip(distance / frames, 0, 1)
    return frames * u * (1 - u) * (1 - u)
