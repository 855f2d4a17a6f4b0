"""Names of the 22 joints in files that are written, and their recognition when such a file comes back.

``smpl`` are HumanML3D's own names, which are those of the SMPL family. ``mixamo`` and ``cmu`` give the same joints the
names that retargeting tools look for: Adobe Mixamo's with its namespace, and those of the BVH conversions of the CMU
mocap database. Only names differ: the tree and the places of the joints stay SMPL's.
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

# Joints whose rest offsets keep SMPL's directions whatever the body: knees, ankles, arms and two of the spine.
_FIXED = [
    joint
    for joint, name in enumerate(HUMANML3D.joints)
    if name in ("spine2", "spine3") or name.endswith(("knee", "ankle", "shoulder", "elbow", "wrist"))
]


def joint_names(scheme: str, source: str) -> tuple[str, ...]:
    """The 22 names of a scheme.

    Raises:
        MotionGPTError: there is no such scheme.
    """
    if scheme not in NAMES:
        raise MotionGPTError(f"{source}: names must be one of {', '.join(NAMES)}, not {scheme!r}.")
    return NAMES[scheme]


def own_joints(names: Sequence[str], offsets: np.ndarray) -> list[int] | None:
    """Where the 22 joints are in a rig that this package has written, None in any other rig.

    A rig of our own has all names of one scheme and SMPL's rest pose; rigs of other origin that share the names have
    another one.

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
