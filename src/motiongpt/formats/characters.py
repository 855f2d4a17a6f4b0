"""Motions onto the user's own character.

A character is a file with a rig, of which the body is found as in motion files (:mod:`motiongpt.formats.joint_maps`).
Its motions become animations of that file; mesh, materials and all else stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from motiongpt.errors import MotionGPTError
from motiongpt.formats.sniff import check_file

if TYPE_CHECKING:
    from motiongpt.bodies.animation import Animation
    from motiongpt.bodies.character import Character
    from motiongpt.bodies.retargeting import Fidelity
    from motiongpt.motion.motion import Motion

# Suffixes of characters, and of the files that each can be written to.
WRITABLE: dict[str, tuple[str, ...]] = {
    ".glb": (".glb",),
    ".gltf": (".glb",),
    ".vrm": (".glb",),
    ".bvh": (".bvh",),
    ".fbx": (".glb", ".fbx", ".blend"),
    ".blend": (".glb", ".blend", ".fbx"),
}


class Rigged(Protocol):
    """A character with its file.

    Attributes:
        character: its bones at rest.
        remarks: what was guessed, a sentence each.
    """

    @property
    def character(self) -> Character: ...
    @property
    def remarks(self) -> tuple[str, ...]: ...
    def save(self, animations: Sequence[Animation], path: Path, *, keep_clips: bool) -> None:
        """Write the file with further animations."""


@dataclass(frozen=True)
class Report:
    """What became of motions on a character.

    Attributes:
        bones: joint of HumanML3D -> name of the bone that it moves.
        spine: names of the bones of the spine, from the lowest to the highest.
        motions: how close each motion came.
        remarks: what was guessed, a sentence each.
    """

    bones: Mapping[str, str]
    spine: tuple[str, ...]
    motions: tuple[Fidelity, ...]
    remarks: tuple[str, ...] = ()


def load(path: str | Path, *, joint_map: str | Path | None = None, blender: str | Path | None = None) -> Rigged:
    """Read a character.

    Args:
        path: a file of :data:`WRITABLE`.
        joint_map: a file that says which joints are which, see :mod:`motiongpt.formats.joint_map_file`.
        blender: the user's Blender, for .fbx and .blend, see :func:`motiongpt.formats.blender.process.find`.

    Raises:
        MotionGPTError: another or a damaged file, or one without the body of a person.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in WRITABLE:
        raise MotionGPTError(
            f"{path}: a character is one of {', '.join(WRITABLE)}, not {path.suffix or 'a file without a suffix'}."
        )
    check_file(path)
    if suffix == ".bvh":
        from motiongpt.formats.bvh_character import read as read_bvh

        return read_bvh(path, joint_map)
    if suffix in (".fbx", ".blend"):
        from motiongpt.formats.blender.character import read as read_with_blender

        return read_with_blender(path, joint_map, blender)
    from motiongpt.formats.gltf.character import read as read_gltf

    return read_gltf(path, joint_map)


def write(
    motions: Motion | Sequence[Motion],
    onto: str | Path | Rigged,
    path: str | Path,
    *,
    root_motion: str = "hips",
    joint_map: str | Path | None = None,
    keep_clips: bool = True,
) -> Report:
    """Put motions on a character, and write its file with them as animations.

    Args:
        motions: one or several, of HumanML3D joints; each becomes an animation of its name.
        onto: the character's file, or what :func:`load` gave.
        path: the file to write or replace: a .glb for glTF and VRM, a .bvh for a BVH, which holds one motion.
        root_motion: "hips", "root-bone" or "in-place", see :func:`motiongpt.bodies.retargeting.retarget`.
        joint_map: see :func:`load`.
        keep_clips: keep the animations that the character has.

    Returns:
        Which bones were found, and how close each motion came.

    Raises:
        MotionGPTError: the character cannot be read or is no person, the motions have another skeleton, or the file
            cannot be written.
    """
    # Imported here, as help texts list the formats without NumPy.
    from motiongpt.bodies.retargeting import retarget
    from motiongpt.motion.motion import Motion

    motions = [motions] if isinstance(motions, Motion) else list(motions)
    path = Path(path)
    if not motions:
        raise MotionGPTError(f"{path}: there is no motion to write.")
    rigged = load(onto, joint_map=joint_map) if isinstance(onto, (str, Path)) else onto
    check_output(Path(rigged.character.name), path, len(motions))
    results = [retarget(motion, rigged.character, root_motion=root_motion) for motion in motions]
    rigged.save([animation for animation, _ in results], path, keep_clips=keep_clips)
    found = rigged.character
    return Report(bones(found), spine(found), tuple(fidelity for _, fidelity in results), rigged.remarks)


def check_output(onto: Path, path: Path, count: int = 1) -> None:
    """Check that ``count`` motions on a character can be written to a file.

    Raises:
        MotionGPTError: the character is not such a file, or it cannot become one.
    """
    wanted = WRITABLE.get(onto.suffix.lower(), ())
    if wanted and path.suffix.lower() not in wanted:
        raise MotionGPTError(f"{path}: {onto.name} is written as {' or '.join(wanted)}; give such a name.")
    if count > 1 and path.suffix.lower() == ".bvh":
        raise MotionGPTError(f"{path}: .bvh files hold one motion, not {count}; write each to a file of its own.")


def bones(character: Character) -> dict[str, str]:
    """Joint of HumanML3D -> name of the bone that it moves."""
    from motiongpt.motion.skeleton import HUMANML3D

    return {j: character.names[character.joints[j]] for j in HUMANML3D.joints if j in character.joints}


def spine(character: Character) -> tuple[str, ...]:
    """Names of the bones of the spine, from the lowest to the highest."""
    return tuple(character.names[bone] for bone in character.trunk)
