"""Which bones of a character are the joints of a person."""

from __future__ import annotations

from collections.abc import Sequence

from motiongpt.bodies.character import SIDES
from motiongpt.formats.figure import Figure
from motiongpt.formats.joint_maps import Mapping


def find_joints(
    mapping: Mapping, figure: Figure, bones: Sequence[int], parents: Sequence[int]
) -> tuple[dict[str, int], tuple[int, ...]]:
    """The joints of a person among the bones of a character, and the bones of its spine.

    Args:
        mapping: of the joints of the figure.
        figure: the rig in which the joints were found.
        bones: the bone of each of its joints.
        parents: of all bones.
    """
    joints = {joint: bones[i] for joint, i in mapping.direct.items()}
    trunk = [joints.pop(f"spine{i}") for i in (1, 2, 3) if f"spine{i}" in joints] or [bones[i] for i in mapping.trunk]
    for side in SIDES:
        collar = mapping.sources.get(f"{side}_collar")
        above, names = joints[f"{side}_shoulder"], collar.names if collar is not None else ()
        while (above := parents[above]) >= 0 and f"{side}_collar" not in joints:
            if above in bones and figure.names[bones.index(above)] in names:
                joints[f"{side}_collar"] = above
    return joints, tuple(trunk)
