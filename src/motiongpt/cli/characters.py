"""Motions onto the user's own character: what convert and generate have in common."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from motiongpt.cli.console import say, writable_folder
from motiongpt.cli.options import Onto
from motiongpt.errors import MotionGPTError
from motiongpt.formats import characters

if TYPE_CHECKING:
    from motiongpt.formats.characters import Rigged
    from motiongpt.motion import Motion


class Character:
    """The character of ``--onto``, read once; what was found is said on stderr.

    Args:
        options: with ``onto``.
        blender: the user's Blender, for .fbx and .blend.

    Raises:
        MotionGPTError: the character cannot be read, or is no person.
    """

    def __init__(self, options: Onto, blender: str | None = None) -> None:
        assert options.onto is not None
        self._options = options
        self._rigged: Rigged = characters.load(options.onto, joint_map=options.character_map, blender=blender)
        for remark in self._rigged.remarks:
            say(f"{options.onto}: {remark}")
        bones, spine = characters.bones(self._rigged.character), characters.spine(self._rigged.character)
        self.bones: dict[str, Any] = {**bones, "spine": list(spine)}
        found = {**bones, "spine": ", ".join(spine)}
        say(f"{options.onto}: " + ", ".join(f"{joint} = {bone}" for joint, bone in found.items()))

    @property
    def suffix(self) -> str:
        """Of the files that the character is written to, with its dot."""
        return characters.WRITABLE[self._rigged_suffix][0]

    @property
    def _rigged_suffix(self) -> str:
        assert self._options.onto is not None
        return self._options.onto.suffix.lower()

    def check(self, path: Path, count: int = 1) -> None:
        """Check before the work that motions can be written to a file.

        Raises:
            MotionGPTError: the suffix is not one that the character is written to, or the folder cannot be written.
        """
        assert self._options.onto is not None
        characters.check_output(self._options.onto, path, count)
        if path.is_dir():
            raise MotionGPTError(f"{path} is a folder; give the name of a file in it.")
        writable_folder(path.parent)

    def files(self, file: Path | None, stem: Path) -> dict[str, str]:
        """Where a motion is written: the one output file, or one of its own; the path by format."""
        path = stem.with_name(f"{stem.name}{self.suffix}") if file is None else file
        return {path.suffix.lower().lstrip("."): str(path)}

    def save(self, motions: Sequence[Motion], path: Path) -> list[dict[str, Any]]:
        """Write the motions on the character to one file; how close they are is said, and returned for each."""
        report = characters.write(
            motions, self._rigged, path,
            root_motion=self._options.root_motion.value, keep_clips=not self._options.drop_clips,
        )  # fmt: skip
        for fidelity in report.motions:
            say(f"{path}, {fidelity.name or 'motion'}: {fidelity.text}")
        return [fidelity.facts for fidelity in report.motions]
