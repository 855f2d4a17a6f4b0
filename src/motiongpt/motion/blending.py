"""Joining generated frames to given ones: the given frames stay as they are, the seam shows no jump."""

from __future__ import annotations

import numpy as np

from motiongpt.motion import rotations
from motiongpt.motion.placement import UP, heading
from motiongpt.motion.retarget import bone_lengths, retarget
from motiongpt.motion.skeleton import HUMANML3D, Skeleton

# Seconds over which the difference between the two bodies at a seam fades.
FADE = 0.5


def join(
    head: np.ndarray, generated: np.ndarray, tail: np.ndarray | None = None, skeleton: Skeleton = HUMANML3D
) -> np.ndarray:
    """Replace the first (and last) frames of a generated motion by given ones.

    The generated body takes the given body's bone lengths, is turned and moved so that it stands where ``head`` ends,
    and, when there is a ``tail``, its path is bent evenly over the gap so that it arrives where ``tail`` begins. What
    differs in pose at a seam fades over half a second. The tail must continue the head's world placement.

    Args:
        head: (h, J, 3) given frames, h >= 1.
        generated: (T, J, 3) the whole motion as generated, T >= h + t, in any placement.
        tail: (t, J, 3) given last frames, or None.
        skeleton: the joint tree of all three; they are at its frame rate.

    Returns:
        (T, J, 3) float32; the first h and last t frames are the given ones, bit for bit.
    """
    count, first = len(generated), len(head)
    last = count - (0 if tail is None else len(tail))
    given = head if tail is None else np.concatenate([head, tail])
    lengths = bone_lengths(given, skeleton)
    body = retarget(generated, lengths, skeleton)
    turn = rotations.multiply(
        rotations.conjugate(heading(head[-1:], skeleton)[0]), heading(body[first - 1 : first], skeleton)[0]
    )
    body = rotations.rotate(turn, body)
    body[..., [0, 2]] += head[-1, 0, [0, 2]] - body[first - 1, 0, [0, 2]]
    fade = round(FADE * skeleton.fps)
    fade_in = _fade(np.arange(count) - (first - 1), fade)
    if tail is not None and last > first:
        # Bend the path: rotate each frame about its own root and shift it, both growing evenly over the gap.
        share = np.clip((np.arange(count) - (first - 1)) / (last - first + 1), 0, 1)
        share = share * share * (3 - 2 * share)
        missing = rotations.multiply(
            rotations.conjugate(heading(tail[:1], skeleton)[0]), heading(body[last : last + 1], skeleton)[0]
        )
        angle = 2 * np.arctan2(missing[2], missing[0])
        angle = (angle + np.pi) % (2 * np.pi) - np.pi
        root = body[:, :1].copy()
        body = rotations.rotate(rotations.about("Y", share * angle)[:, None], body - root) + root
        body += share[:, None, None] * (tail[0, 0] - body[last, 0]) * (1 - UP)
        # Near the head the pose follows the head, near the tail the tail; in a short gap both fades overlap.
        fade_out = _fade(last - np.arange(count), fade)
        total = np.maximum(1, fade_in + fade_out)
        body += (fade_out / total)[:, None, None] * (tail[0] - body[last])
        fade_in = fade_in / total
    body += fade_in[:, None, None] * (head[-1] - body[first - 1])
    # The fades move joints along straight lines; give the bones their length back.
    body = retarget(body, lengths, skeleton)
    body[:first] = head
    if tail is not None:
        body[last:] = tail
    return body.astype(np.float32)


def _fade(distance: np.ndarray, frames: int) -> np.ndarray:
    """1 at distance 0 (and before), smoothly to 0 at so many frames."""
    u = np.clip(1 - distance / frames, 0, 1)
    return u * u * (3 - 2 * u)
