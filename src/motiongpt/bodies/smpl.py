"""A motion as parameters of SMPL, SMPL+H or SMPL-X, and its meshes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from motiongpt.bodies.body_model import BodyModel
from motiongpt.bodies.posing import Pose, fit_pose
from motiongpt.errors import MotionGPTError
from motiongpt.files import atomic_path
from motiongpt.motion import rotations
from motiongpt.motion.motion import Motion
from motiongpt.motion.retarget import bone_lengths
from motiongpt.motion.skeleton import HUMANML3D

GENDERS = ("neutral", "male", "female")
# AMASS has Z up and sees the body from behind: (x, y, z) here is (-x, z, y) there.
_TO_AMASS = np.array([[-1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]])


@dataclass(frozen=True)
class SmplFit:
    """A body model that follows a motion.

    Attributes:
        model: whose parameters they are.
        betas: (10,) shape parameters, fitted to the lengths of the bones.
        pose: of the 22 body joints, over the rest pose of the model with these betas; hands and face stay as at rest.
    """

    model: BodyModel
    betas: np.ndarray
    pose: Pose

    @property
    def quaternions(self) -> np.ndarray:
        """(T, J, 4) rotations of all joints of the model."""
        body = self.pose.quaternions
        rest = np.zeros((len(body), len(self.model.parents) - body.shape[1], 4))
        rest[..., 0] = 1
        return np.concatenate([body, rest], axis=1)

    def parameters(self, gender: str = "neutral") -> dict[str, np.ndarray]:
        """AMASS's arrays, Z up: trans (T, 3), poses (T, 3 J) axis times radians, betas, gender, mocap_framerate.

        Raises:
            MotionGPTError: unknown gender.
        """
        if gender not in GENDERS:
            raise MotionGPTError(f"The gender of a body model must be one of {', '.join(GENDERS)}, not {gender!r}.")
        quaternions = self.quaternions
        quaternions[:, 0] = rotations.multiply(rotations.from_matrix(_TO_AMASS), quaternions[:, 0])
        pelvis = self.model.joints(self.betas)[0]
        return {
            "trans": self.pose.root @ _TO_AMASS.T - pelvis,
            "poses": rotations.to_axis_angle(quaternions).reshape(len(quaternions), -1),
            "betas": self.betas,
            "gender": np.array(gender),
            "mocap_framerate": np.array(self.pose.fps),
        }

    def vertices(self) -> Iterator[np.ndarray]:
        """Meshes in chunks (t, V, 3) float32 of frames, metres, Y up, where the motion stands."""
        return self.model.vertices(self.betas, self.quaternions, self.pose.root)

    def save(self, path: Path, gender: str = "neutral") -> None:
        """Write :meth:`parameters` to an .npz."""
        arrays = self.parameters(gender)
        with atomic_path(path) as temporary:
            np.savez(temporary, **arrays)  # type: ignore[arg-type]

    def save_vertices(self, path: Path) -> None:
        """Write vertices (T, V, 3) float32 to an .npy, Y up."""
        from tqdm import tqdm

        shape = (len(self.pose), len(self.model.template), 3)
        with atomic_path(path) as temporary:
            array = np.lib.format.open_memmap(temporary, mode="w+", dtype=np.float32, shape=shape)
            start = 0
            with tqdm(total=shape[0], desc="vertices", unit="frame", disable=None) as bar:
                for chunk in self.vertices():
                    array[start : start + len(chunk)] = chunk
                    start += len(chunk)
                    bar.update(len(chunk))
            array.flush()
            del array

    def save_ply(self, folder: Path) -> list[Path]:
        """Write a binary .ply mesh (Turk 1994) for each frame, ``000000.ply`` on; Y up, metres."""
        from tqdm import tqdm

        faces = np.empty(len(self.model.faces), dtype=[("count", "u1"), ("corners", "<i4", 3)])
        faces["count"], faces["corners"] = 3, self.model.faces
        header = (
            "ply\nformat binary_little_endian 1.0\n"
            f"element vertex {len(self.model.template)}\n"
            "property float x\nproperty float y\nproperty float z\n"
            f"element face {len(faces)}\nproperty list uchar int vertex_indices\nend_header\n"
        ).encode("ascii")
        paths: list[Path] = []
        with tqdm(total=len(self.pose), desc="ply", unit="frame", disable=None) as bar:
            for chunk in self.vertices():
                for mesh in chunk:
                    paths.append(folder / f"{len(paths):06d}.ply")
                    with atomic_path(paths[-1]) as temporary:
                        temporary.write_bytes(header + mesh.astype("<f4").tobytes() + faces.tobytes())
                    bar.update()
        return paths


def fit_smpl(motion: Motion, model: BodyModel) -> SmplFit:
    """Fit a body model to a motion: its shape to the bone lengths, then its joints to the positions.

    Raises:
        MotionGPTError: the motion has another skeleton than HumanML3D's 22 joints.
    """
    if motion.skeleton is not HUMANML3D:
        raise MotionGPTError(
            f"{motion.name or 'motion'}: body models are fitted to HumanML3D's 22 joints only, not to "
            f"{motion.skeleton.name}."
        )
    betas = model.fit_betas(bone_lengths(motion.joints))
    rest = model.joints(betas)[: HUMANML3D.num_joints]
    offsets = rest - rest[list(HUMANML3D.parents)]
    offsets[0] = 0
    return SmplFit(model, betas, fit_pose(motion, offsets))
