"""Motion: joint positions over time, which all parts of the package exchange."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from motiongpt.errors import MotionGPTError
from motiongpt.motion.features import features_to_joints, joints_to_features
from motiongpt.motion.placement import place
from motiongpt.motion.resampling import resample
from motiongpt.motion.retarget import retarget
from motiongpt.motion.skeleton import HUMANML3D, Skeleton


@dataclass(repr=False)
class Motion:
    """Joint positions over time.

    Attributes:
        joints: (T, J, 3) float32, metres, Y up; a canonical motion faces +Z at frame 0.
        fps: frames per second.
        skeleton: names and tree of the J joints.
        name: a label for messages and file names.
        text: a caption, or "".
        remarks: what was guessed or substituted when it was read or made, a sentence each.
        source: of what a model answers: "generated" by the networks, "retrieved" from a library of recordings, or
            "composed" of several parts of which some are recordings. Edits keep it; empty for a motion that was read.
        recordings: origins of these recordings.

    Raises:
        MotionGPTError: wrong shape, no frames, or a coordinate that is not finite (the text names frame and joint).
    """

    joints: np.ndarray
    fps: float = HUMANML3D.fps
    skeleton: Skeleton = HUMANML3D
    name: str = ""
    text: str = ""
    remarks: tuple[str, ...] = ()
    source: str = ""
    recordings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        label = self.name or "motion"
        joints = np.asarray(self.joints)
        if joints.ndim != 3 or joints.shape[1:] != (self.skeleton.num_joints, 3):
            raise MotionGPTError(
                f"{label}: joints must have shape (frames, {self.skeleton.num_joints}, 3), not {joints.shape}."
            )
        if len(joints) == 0:
            raise MotionGPTError(f"{label}: there are no frames.")
        if not np.issubdtype(joints.dtype, np.number):
            raise MotionGPTError(f"{label}: joints must be numbers, not {joints.dtype}.")
        if not (np.isfinite(self.fps) and self.fps > 0):
            raise MotionGPTError(f"{label}: the frame rate must be a positive number, not {self.fps}.")
        self.joints = joints.astype(np.float32)
        finite = np.isfinite(self.joints).all(-1)
        if not finite.all():
            frame, joint = np.argwhere(~finite)[0]
            raise MotionGPTError(
                f"{label}: joint {self.skeleton.joints[joint]} has no finite position at frame {frame}; "
                "repair or remove such frames."
            )

    def __len__(self) -> int:
        return len(self.joints)

    def __getitem__(self, frames: slice) -> Motion:
        """A slice of the frames, at the same place in the world.

        Every other frame has half the frame rate, so that the motion keeps its speed; a negative step reverses it.

        Raises:
            MotionGPTError: not a slice, a step of 0, or no frames.
        """
        if not isinstance(frames, slice) or frames.step == 0:
            raise MotionGPTError(
                f"{self.name or 'motion'}: frames are taken as a slice, such as [10:20], not {frames!r}."
            )
        return replace(self, joints=self.joints[frames], fps=self.fps / abs(frames.step or 1))

    def __repr__(self) -> str:
        """One line: name, frames, frame rate, seconds and joints."""
        return (
            f"Motion({self.name!r}, {len(self)} frames at {self.fps:g} fps, {self.seconds:.2f} s, "
            f"{self.skeleton.num_joints} joints of {self.skeleton.name})"
        )

    @property
    def seconds(self) -> float:
        """Duration in seconds: frames / fps."""
        return len(self) / self.fps

    @classmethod
    def load(cls, path: str | Path, **options: Any) -> Motion:
        """Read a motion file; see :func:`motiongpt.formats.read` for formats, options and errors."""
        # The formats build on this module, so they are imported when they are needed.
        from motiongpt import formats

        return formats.read(path, **options)

    def save(self, path: str | Path, **options: Any) -> Path:
        """Write to a file whose suffix names the format; see :func:`motiongpt.formats.write`."""
        from motiongpt import formats

        return formats.write(self, path, **options)

    def resample(self, fps: float) -> Motion:
        """The same motion at another frame rate; see :func:`motiongpt.motion.resampling.resample`."""
        if fps == self.fps:
            return self
        return replace(self, joints=resample(self.joints, self.fps, fps, self.skeleton), fps=fps)

    def edit(self, **edits: Any) -> Motion:
        """The motion trimmed, looped, mirrored, bent and so on; ``motion.edit(trim=(1.0, 3.5), loop=True)``.

        Args:
            edits: see :class:`motiongpt.motion.edits.Edits`, which also says in which order they are applied.

        Raises:
            MotionGPTError: as :meth:`motiongpt.motion.edits.Edits.apply` says.
            TypeError: there is no such edit.
        """
        # Edits build on this module.
        from motiongpt.motion.edits import Edits

        return Edits(**edits).apply(self)

    def canonical(self) -> Motion:
        """Placed so that the lowest joint is at y = 0 and the body stands over the origin, facing +Z, at frame 0."""
        return replace(self, joints=place(self.joints, self.skeleton))

    def mirrored(self) -> Motion:
        """The mirror image: x negated, left and right joints exchanged."""
        joints = self.joints[:, self.skeleton.mirror_order] * np.array([-1, 1, 1], dtype=np.float32)
        return replace(self, joints=joints)

    def retargeted(self) -> Motion:
        """The motion of a body with the proportions of the skeleton's data set.

        Raises:
            MotionGPTError: the skeleton has no fixed proportions (KIT).
        """
        lengths = np.linalg.norm(self.skeleton.offsets, axis=-1) * self.skeleton.metres_per_unit
        return replace(self, joints=retarget(self.joints, lengths, self.skeleton))

    def standard(self, fps: float | None = None) -> Motion:
        """The form that models expect: frame rate and proportions of the data set, canonical placement.

        Args:
            fps: another frame rate, for what no model reads.
        """
        motion = self.resample(fps or self.skeleton.fps)
        if self.skeleton.lengths is not None:
            motion = motion.retargeted()
        return motion.canonical()

    def features(self, *, floor: float | None = None) -> np.ndarray:
        """Feature rows (T-1, D) float32 of this motion; frame rate and proportions are used as they are.

        Args:
            floor: height of the floor in metres; None stands for the lowest joint of all frames.
        """
        unit = self.skeleton.metres_per_unit
        return joints_to_features(self.joints / unit, self.skeleton, floor=None if floor is None else floor / unit)

    @classmethod
    def from_features(
        cls, features: np.ndarray, skeleton: Skeleton = HUMANML3D, name: str = "", text: str = ""
    ) -> Motion:
        """The motion (T, J, 3) of feature rows (T, D), which are in the data set's units and at its frame rate."""
        joints = features_to_joints(features, skeleton) * skeleton.metres_per_unit
        return cls(joints, fps=skeleton.fps, skeleton=skeleton, name=name, text=text)
