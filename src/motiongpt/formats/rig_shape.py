"""Legs and arms by the shape of a rig alone, for names that say nothing.

Legs and arms are the two pairs of like chains, each with two long bones in a row. Legs part at a joint nearer to the
root than arms do. A pair stands alone where it parts: the fingers of a hand and the legs of a spider do not.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

_ALIKE = 0.1  # by which the lengths of bones on both sides may differ
_BENDS = 2  # long bones of a limb
_UPPER_ARM, _FOREARM = 0.32, 0.3  # in lengths of the leg from hip to ankle


def pairs(parents: Sequence[int], lengths: np.ndarray, left_out: set[int]) -> list[tuple[int, list[int], list[int]]]:
    """Pairs of like chains: the joint where they part, and the joints of each, from the body outwards.

    Args:
        parents: parent of each joint, -1 for a root.
        lengths: (N,) of the bone from the parent.
        left_out: joints that are no part of a body.
    """
    children: list[list[int]] = [[] for _ in parents]
    for i, parent in enumerate(parents):
        if parent >= 0 and i not in left_out:
            children[parent].append(i)
    reach: dict[int, tuple[float, list[int]]] = {}

    def chain(joint: int) -> tuple[float, list[int]]:
        """The longest chain from a joint outwards."""
        stack = [joint]
        while stack:
            top = stack[-1]
            waiting = [child for child in children[top] if child not in reach]
            if waiting:
                stack += waiting
                continue
            ways = [(reach[child][0] + float(lengths[child]), reach[child][1]) for child in children[top]]
            far, rest = max(ways, key=lambda way: way[0], default=(0.0, []))
            reach[top] = (far, [top, *rest])
            stack.pop()
        return reach[joint]

    result = []
    for joint, below in enumerate(children):
        chains = [chain(child) for child in below]
        chains = [way for way in chains if len(way[1]) > _BENDS and way[0] > 0]
        alike = [
            (one[1], other[1])
            for i, one in enumerate(chains)
            for other in chains[i + 1 :]
            if len(one[1]) == len(other[1])
            and np.allclose(lengths[one[1]], lengths[other[1]], rtol=_ALIKE, atol=_ALIKE * one[0] / 10)
        ]
        if len(alike) == 1:
            result.append((joint, *alike[0]))
    return result


def limb(chain: list[int], lengths: np.ndarray, kind: str, leg: float = 1.0) -> dict[str, int]:
    """Joints of a leg or arm in a chain, which may have twist bones within and others before and behind.

    Thigh and shin are as long as they can be alike; upper arm and forearm are alike and about a third of the leg.

    Args:
        chain: joints from the body outwards.
        lengths: (N,) of the bone from the parent.
        kind: "leg" or "arm".
        leg: length of the leg, for an arm.
    """
    reached = np.cumsum(lengths[chain])

    def cost(i: int, j: int, k: int) -> float:
        upper, lower = max(reached[j] - reached[i], 1e-9), max(reached[k] - reached[j], 1e-9)
        between = 0.1 * (k - i - 2)
        if kind == "leg":
            return float((abs(upper - lower) / 2 - min(upper, lower)) / reached[-1] + between / 4)
        alike = abs(np.log(upper / lower)) + abs(np.log(upper / leg / _UPPER_ARM)) + abs(np.log(lower / leg / _FOREARM))
        return float(alike + between)

    near = range(min(len(chain), 12))
    i, j, k = min(combinations(near, 3), key=lambda joints: cost(*joints))
    if kind == "leg":
        found = dict(zip(("hip", "knee", "ankle"), (chain[i], chain[j], chain[k]), strict=True))
        return found | ({"foot": chain[k + 1]} if k + 1 < len(chain) else {})
    found = dict(zip(("shoulder", "elbow", "wrist"), (chain[i], chain[j], chain[k]), strict=True))
    return found | ({"collar": chain[i - 1]} if i > 0 else {})


def body(parents: Sequence[int], lengths: np.ndarray, left_out: set[int]) -> dict[str, list[dict[str, int]]]:
    """Both legs and both arms, empty if the shape is not that of a body; arguments are those of :func:`pairs`."""
    parents, lengths = _without(parents, lengths, left_out)
    found = pairs(parents, lengths, left_out)

    def depth(joint: int) -> int:
        count = 0
        while joint >= 0:
            joint, count = parents[joint], count + 1
        return count

    def size(pair: tuple[int, list[int], list[int]]) -> float:
        return float(lengths[pair[1]].sum())

    # A foot or a hand may part in two chains, too: these are much smaller.
    found = sorted(found, key=size)[-2:]
    if len(found) < 2 or found[0][0] == found[1][0] or size(found[0]) < 0.3 * size(found[1]):
        return {}
    legs, arms = sorted(found, key=lambda pair: depth(pair[0]))
    if arms[0] in legs[1] + legs[2]:
        return {}
    both = [limb(chain, lengths, "leg") for chain in legs[1:]]
    bones = legs[1][legs[1].index(both[0]["hip"]) + 1 : legs[1].index(both[0]["ankle"]) + 1]
    leg = max(float(lengths[bones].sum()), 1e-9)
    return {"leg": both, "arm": [limb(chain, lengths, "arm", leg) for chain in arms[1:]]}


def _without(parents: Sequence[int], lengths: np.ndarray, left_out: set[int]) -> tuple[list[int], np.ndarray]:
    """Parents and lengths as if some joints were not there; what hangs from them hangs from their parents."""
    above, far = list(parents), lengths.copy()
    for i, parent in enumerate(parents):
        while parent in left_out:
            far[i] += lengths[parent]
            parent = parents[parent]
        above[i] = parent
    return above, far
