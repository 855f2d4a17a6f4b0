"""A rig in a file, and where the joints of HumanML3D come from in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class JointSource:
    """Where a joint of HumanML3D comes from.

    Attributes:
        names: joints of the file; several where it is computed from them.
        confidence: from 0 to 1.
        how: why these joints, in a few words.
    """

    names: tuple[str, ...]
    confidence: float = 1.0
    how: str = "name"


@dataclass(frozen=True)
class Figure:
    """The joints of a rig in a file, in file units.

    Attributes:
        names: of N joints.
        parents: (N,) parent of each joint, -1 for a root; parents come first.
        rest: (N, 3) displacement of each joint from its parent in the rest pose, along the axes of the file; None where
            the file has no rest pose.
    """

    names: Sequence[str]
    parents: Sequence[int]
    rest: np.ndarray | None = None
