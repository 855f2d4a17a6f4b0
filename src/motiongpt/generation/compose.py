"""Stage 4: the motions of a plan's steps become one motion: combined, joined, cut to length and cleaned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce

import numpy as np

from motiongpt.generation.checks import passed
from motiongpt.generation.decode import cleaned
from motiongpt.generation.options import GenerationDefaults
from motiongpt.generation.plan import Clause
from motiongpt.motion import HUMANML3D, Motion
from motiongpt.motion.cleanup import smooth
from motiongpt.motion.editing import combine, find_seam, splice, travel
from motiongpt.motion.placement import floor_of_part

# Shares of the two motions that are searched for the best seam: less where the cut would lose what they show.
_SEARCHES = (1.0, 0.5, 0.25, 0.0)
# Loss of what they show that a cut may cost.
_MAX_LOSS = 0.1


def as_far(motion: Motion, clause: Clause) -> Motion:
    """A motion as far as its clause says, where that states a way and no length is requested."""
    if clause.distance is None or clause.frames is not None or motion.skeleton is not HUMANML3D:
        return motion
    return travel(motion, clause.distance)


def compose(
    steps: Sequence[Sequence[Motion]],
    frames: int | None,
    settings: GenerationDefaults,
    captions: Sequence[Sequence[str]] | None = None,
) -> Motion:
    """One motion in canonical placement.

    Args:
        steps: one after the other; of each its motion, or that of the legs and that of the arms.
        frames: cut to so many frames; None keeps all.
        settings: options of the call.
        captions: what each step should show, which a seam must not cut off.
    """
    motion, *others = (reduce(combine, step) for step in steps)
    start = 0
    for number, other in enumerate(others):
        if captions is None or not settings.checks or motion.skeleton is not HUMANML3D:
            motion = splice(motion, other)
        else:
            motion, start = _join(motion, start, other, captions[number], captions[number + 1])
    motion = cleaned(motion[:frames], settings.cleanup)
    # Clean-up may have moved the first frame a little.
    return replace(motion, joints=motion.joints - motion.joints[0, 0] * np.array([1, 0, 1], dtype=np.float32))


def follow(first: Motion, second: Motion, caption: str) -> Motion:
    """A given motion with a generated one behind it, where the given one stands and in its proportions.

    They are joined where they are most alike, at most a second before the end of the given one, whose frames before
    that place stay as they are.

    Args:
        first: the given motion.
        second: what follows, on a floor at y = 0; same frame rate.
        caption: what the second one should show.
    """
    floor = floor_of_part(first.joints)
    raised = replace(second, joints=second.joints + np.array([0, floor, 0], dtype=np.float32))
    motion, _ = _join(first, 0, raised, (), (caption,))
    return replace(motion, remarks=(*first.remarks, *second.remarks))


def _join(first: Motion, start: int, second: Motion, before: Sequence[str], after: Sequence[str]) -> tuple[Motion, int]:
    """Two motions joined where they are most alike, at a place that cuts off nothing of what they should show.

    Args:
        first, second: the motions.
        start: frame of the first motion from which on it should show ``before``.
        before, after: captions of the first and of the second motion.

    Returns:
        The motion, and its frame from which on it shows the second one.
    """
    alone = _shown(before, first[start:]), _shown(after, second)
    found: list[tuple[float, Motion, int]] = []
    for search in _SEARCHES:
        seam = find_seam(first, second, search=search)
        motion, border = splice(first, second, seam), seam.middle
        loss = max(alone[0] - _shown(before, motion[start:border]), alone[1] - _shown(after, motion[border:]))
        found.append((loss, motion, border))
        if loss <= _MAX_LOSS:
            return motion, border
    _, motion, border = min(found, key=lambda one: one[0])
    return motion, border


def _shown(captions: Sequence[str], motion: Motion) -> float:
    """How much of what geometry can verify of the captions a motion shows, in the mean; 0 without captions."""
    if not captions:
        return 0.0
    joints = smooth(motion).joints
    return float(np.mean([passed(caption, joints) for caption in captions]))
