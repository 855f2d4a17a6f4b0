"""Names of the 22 joints in written files, and recognition of such files when they are read.

``smpl`` stands for the names of HumanML3D and the SMPL family. ``mixamo`` and ``cmu`` are names that retargeting tools
look for: those of Adobe Mixamo, with its namespace, and those of the BVH conversions of the CMU mocap database. Only
the names differ: tree and places of the joints are those of SMPL.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from motiongpt.bodies.rest_pose import REST_DIRECTIONS
from motiongpt.errors import MotionGPTError
from motiongpt.motion.skeleton import HUMANML3D

_LIMBS = {
    "hip": "UpLeg", "knee": "Leg", "ankle": "Foot", "foot": "ToeBase",
    "collar": "Shoulder", "shoulder": "Arm", "elbow": "ForeArm", "wrist": "Hand",
}  # fmt: skip


def _names(prefix: str, trunk: tuple[str, str, str, str]) -> tuple[str, ...]:
    """Names in HumanML3D's order; ``trunk`` are those of spine1, spine2, spine3 and neck."""
    middle = dict(zip(("pelvis", "spine1", "spine2", "spine3", "neck", "head"), ("Hips", *trunk, "Head"), strict=True))

    def name(joint: str) -> str:
        side, _, part = joint.partition("_")
        return middle.get(joint) or side.capitalize() + _LIMBS[part]

    return tuple(prefix + name(joint) for joint in HUMANML3D.joints)


NAMES: dict[str, tuple[str, ...]] = {
    "smpl": HUMANML3D.joints,
    "mixamo": _names("mixamorig:", ("Spine", "Spine1", "Spine2", "Neck")),
    "cmu": _names("", ("LowerBack", "Spine", "Spine1", "Neck1")),
}

# Joints whose rest offsets have SMPL's directions in any body: knees, ankles, arms and two of the spine.
_FIXED = [
    joint
    for joint, name in enumerate(HUMANML3D.joints)
    if name in ("spine2", "spine3") or name.endswith(("knee", "ankle", "shoulder", "elbow", "wrist"))
]


def joint_names(scheme: str, source: str) -> tuple[str, ...]:
    """The 22 names of a scheme.

    Raises:
        MotionGPTError: unknown scheme.
    """
    if scheme not in NAMES:
        raise MotionGPTError(f"{source}: names must be one of {', '.join(NAMES)}, not {scheme!r}.")
    return NAMES[scheme]


def own_joints(names: Sequence[str], offsets: np.ndarray) -> list[int] | None:
    """Indices of the 22 joints in a rig that this package has written, None for any other rig.

    Our own rigs have all names of one scheme and SMPL's rest pose. Rigs of other origin may share the names, but have
    another rest pose.

    Args:
        names: of the rig's joints.
        offsets: (N, 3) of each joint from its parent at rest.
    """
    for scheme in NAMES.values():
        if not set(scheme) <= set(names):
            continue
        found = [names.index(name) for name in scheme]
        bones = np.asarray(offsets)[found][_FIXED]
        lengths = np.linalg.norm(bones, axis=-1)
        if (lengths > 0).all() and ((bones * REST_DIRECTIONS[_FIXED]).sum(-1) > 0.9999 * lengths).all():
            return found
    return None
