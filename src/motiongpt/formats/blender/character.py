"""Characters in .fbx and .blend files, which Blender turns into GLB, and back."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from motiongpt.bodies.animation import Animation
from motiongpt.bodies.character import Character
from motiongpt.files import atomic_path
from motiongpt.formats.blender import process
from motiongpt.formats.gltf.character import Rigged
from motiongpt.formats.gltf.character import read as read_gltf


@dataclass(frozen=True)
class RiggedInBlender:
    """A character and the GLB that Blender made of its file.

    Attributes:
        rigged: the character in the GLB.
        blender: the user's Blender, see :func:`motiongpt.formats.blender.process.find`.
    """

    rigged: Rigged
    blender: str | Path | None

    @property
    def character(self) -> Character:
        """Its bones at rest."""
        return self.rigged.character

    @property
    def remarks(self) -> tuple[str, ...]:
        """What was guessed, a sentence each."""
        return self.rigged.remarks

    def save(self, animations: Sequence[Animation], path: Path, *, keep_clips: bool = True) -> None:
        """Write the character with further animations, as .glb, .fbx or .blend.

        Raises:
            MotionGPTError: no Blender, or the folder cannot be written.
        """
        if path.suffix.lower() == ".glb":
            self.rigged.save(animations, path, keep_clips=keep_clips)
            return
        frames = max(len(turn) for animation in animations for turn in animation.rotations.values())
        with tempfile.TemporaryDirectory(prefix="motiongpt-") as folder, atomic_path(path) as temporary:
            source = Path(folder) / "character.glb"
            self.rigged.save(animations, source, keep_clips=keep_clips)
            task = "save_fbx" if path.suffix.lower() == ".fbx" else "save_blend"
            options = {
                "glb": str(source),
                "fps": animations[0].fps,
                "frames": frames,
                "output": str(temporary.resolve()),
            }
            process.run(task, options, source=str(path), blender=self.blender)


def read(path: Path, joint_map: str | Path | None = None, blender: str | Path | None = None) -> RiggedInBlender:
    """Find the character in an .fbx or .blend.

    Raises:
        MotionGPTError: no Blender, a file that it cannot read, or no person in it.
    """
    with tempfile.TemporaryDirectory(prefix="motiongpt-") as folder:
        result = Path(folder) / f"{path.stem}.glb"
        options = {"path": str(path.resolve()), "output": str(result)}
        process.run("save_character", options, source=str(path), blender=blender)
        rigged = read_gltf(result, joint_map)
    return RiggedInBlender(replace(rigged, character=replace(rigged.character, name=str(path))), blender)
