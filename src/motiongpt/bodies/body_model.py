"""Body models of the SMPL family, from the user's own model files.

SMPL (Loper et al., SIGGRAPH Asia 2015), SMPL+H (Romero et al., SIGGRAPH Asia 2017) and SMPL-X (Pavlakos et al., CVPR
2019) share one form: a template mesh, linear shapes and pose correctives, joints regressed from the mesh, linear blend
skinning. The files are licensed to each user and are not part of this package. Pickled ones are read without running
anything in them.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from motiongpt.bodies.posing import rest_joints
from motiongpt.errors import MotionGPTError
from motiongpt.motion import rotations
from motiongpt.motion.skeleton import HUMANML3D

# Name and number of joints of the models, and where their files come from.
JOINTS = {"smpl": 24, "smplh": 52, "smplx": 55}
SOURCES = {
    "smpl": "https://smpl.is.tue.mpg.de",
    "smplh": "https://mano.is.tue.mpg.de",
    "smplx": "https://smpl-x.is.tue.mpg.de",
}
_KEYS = ("v_template", "shapedirs", "posedirs", "J_regressor", "kintree_table", "weights", "f")
# Shape parameters that are fitted, and how far (metres) bones may differ for one standard deviation of shape.
_SHAPES = 10
_BONE_TOLERANCE = 0.01
_CHUNK = 32


class _State:
    """Stands for an object of scipy.sparse or chumpy: keeps its attributes, does nothing."""

    def __new__(cls, *_: Any) -> _State:
        return object.__new__(cls)

    def __setstate__(self, state: Any) -> None:
        if isinstance(state, dict):
            self.__dict__.update(state)


def _encode(text: str, _: str = "latin1") -> bytes:
    """As ``_codecs.encode``, by which Python 2's bytes are pickled, for one encoding only."""
    return text.encode("latin1")


class _Unpickler(pickle.Unpickler):
    """Knows arrays, and placeholders for sparse matrices and for chumpy's arrays; imports and calls nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        if module in ("numpy.core.multiarray", "numpy._core.multiarray") and name in ("_reconstruct", "scalar"):
            return getattr(np._core.multiarray, name)  # type: ignore[attr-defined]
        if module == "numpy" and name in ("ndarray", "dtype"):
            return getattr(np, name)
        if (module, name) == ("_codecs", "encode"):
            return _encode
        if (module, name) in (("copy_reg", "_reconstructor"), ("copyreg", "_reconstructor")):
            return lambda kind, *_: _State()
        if module in ("__builtin__", "builtins") and name == "object":
            return _State
        if module.split(".")[0] == "chumpy" or (module.startswith("scipy.sparse") and name == "csc_matrix"):
            return _State
        raise pickle.UnpicklingError(f"it asks for {module}.{name}, which no body model needs")


def _array(value: Any) -> np.ndarray:
    """A plain array of an entry of a pickled model: an array, a sparse matrix, or chumpy's wrapping of an array."""
    if isinstance(value, _State):
        state = value.__dict__
        if "x" in state:
            return _array(state["x"])
        shape = state.get("_shape", state.get("shape"))
        from scipy.sparse import csc_matrix  # imported here, as only pickled models hold sparse matrices

        return csc_matrix((state["data"], state["indices"], state["indptr"]), shape=shape).toarray()
    return np.asarray(value)


@dataclass(frozen=True)
class BodyModel:
    """A body model: V vertices, J joints, B shapes. Y up, facing +Z, metres, where its file has it.

    Attributes:
        kind: "smpl", "smplh" or "smplx".
        template: (V, 3). shapes: (V, 3, B). correctives: (V, 3, 9 (J - 1)). regressor: (J, V). weights: (V, J).
        parents: of the J joints; the first 22 are HumanML3D's. faces: (F, 3).
    """

    kind: str
    template: np.ndarray
    shapes: np.ndarray
    correctives: np.ndarray
    regressor: np.ndarray
    parents: tuple[int, ...]
    weights: np.ndarray
    faces: np.ndarray

    def joints(self, betas: np.ndarray) -> np.ndarray:
        """(J, 3) joints at rest of a body with shape parameters (B',), B' <= B."""
        return self.regressor @ self.shaped(betas)

    def shaped(self, betas: np.ndarray) -> np.ndarray:
        """(V, 3) vertices at rest."""
        return self.template + self.shapes[..., : len(betas)] @ betas

    def fit_betas(self, lengths: np.ndarray) -> np.ndarray:
        """Shape parameters (10,) of the body whose bones have lengths (22,), metres; 0 where a length is not known.

        The likeliest shape under the model's own unit normal distribution (Gauss-Newton on the bone lengths).
        """
        count = min(_SHAPES, self.shapes.shape[2])
        bones = np.flatnonzero(lengths > 0)
        parents = np.array(self.parents)[bones]
        base = self.regressor[: HUMANML3D.num_joints] @ self.template
        moves = np.einsum("jv,vab->jab", self.regressor[: HUMANML3D.num_joints], self.shapes[..., :count])
        base, moves = base[bones] - base[parents], moves[bones] - moves[parents]
        betas = np.zeros(count)
        for _ in range(6):
            offsets = base + moves @ betas
            norm = np.linalg.norm(offsets, axis=-1)
            slope = np.einsum("ja,jab->jb", offsets / norm[:, None], moves)
            system = slope.T @ slope + _BONE_TOLERANCE**2 * np.eye(count)
            betas = np.linalg.solve(system, slope.T @ (lengths[bones] - norm + slope @ betas))
        return betas

    def vertices(self, betas: np.ndarray, quaternions: np.ndarray, root: np.ndarray) -> Iterator[np.ndarray]:
        """Vertices in chunks (t, V, 3) float32 of frames.

        Args:
            betas: (B',) shape parameters.
            quaternions: (T, J, 4) rotations relative to the parent.
            root: (T, 3) positions of the pelvis.
        """
        shaped = self.shaped(betas)
        rest = self.regressor @ shaped
        offsets = rest - rest[list(self.parents)]
        offsets[0] = 0
        rest = rest_joints(offsets, self.parents)
        points = (shaped - self.regressor[0] @ shaped).astype(np.float32)
        correctives = self.correctives.reshape(-1, self.correctives.shape[2]).T.astype(np.float32)
        weights = self.weights.astype(np.float32)
        for start in range(0, len(quaternions), _CHUNK):
            local = rotations.to_matrix(quaternions[start : start + _CHUNK])
            bent = (local[:, 1:] - np.eye(3)).reshape(len(local), -1).astype(np.float32)
            posed = points + (bent @ correctives).reshape(len(local), -1, 3)
            world = np.empty_like(local)
            places = np.empty((*local.shape[:2], 3))
            for joint, parent in enumerate(self.parents):
                if parent < 0:
                    world[:, joint], places[:, joint] = local[:, joint], root[start : start + _CHUNK]
                else:
                    world[:, joint] = world[:, parent] @ local[:, joint]
                    places[:, joint] = places[:, parent] + world[:, parent] @ offsets[joint]
            moves = places - np.einsum("tjab,jb->tja", world, rest)
            matrices = np.concatenate([world, moves[..., None]], axis=-1).astype(np.float32)
            blended = (weights @ matrices.reshape(*matrices.shape[:2], 12)).reshape(len(local), -1, 3, 4)
            yield (blended[..., :3] @ posed[..., None])[..., 0] + blended[..., 3]


def load_body_model(path: str | Path, kind: str) -> BodyModel:
    """Read a model file.

    Args:
        path: .npz, or .pkl as SMPL's registration gives it.
        kind: "smpl", "smplh" or "smplx".

    Raises:
        MotionGPTError: the file is missing (the text says where to get it), of another kind, damaged, or asks for
            something to be run.
    """
    path = Path(path)
    if kind not in JOINTS:
        raise MotionGPTError(f"The model must be one of {', '.join(JOINTS)}, not {kind!r}.")
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "no such file"
        raise MotionGPTError(
            f"{path}: {what}; give the {kind} model file (.npz or .pkl), which is free for research after registration "
            f"at {SOURCES[kind]}, or use the mannequin, which needs none."
        )
    try:
        if path.suffix.lower() == ".npz":
            with np.load(path, allow_pickle=False) as archive:
                data = {key: archive[key] for key in _KEYS if key in archive.files}
        elif path.suffix.lower() == ".pkl":
            with path.open("rb") as file:
                content = _Unpickler(file, encoding="latin1").load()
            data = {key: _array(content[key]) for key in _KEYS if key in content}
        else:
            raise MotionGPTError(f"{path}: a body model is an .npz or .pkl file.")
    except MotionGPTError:
        raise
    except Exception as error:  # a damaged pickle can fail in any way
        reason = " ".join(str(error).split())
        raise MotionGPTError(f"{path}: cannot be read as a body model ({reason}); download it again.") from error
    missing = [key for key in _KEYS if key not in data]
    if missing:
        raise MotionGPTError(f"{path}: is no {kind} model file, it lacks {', '.join(missing)}.")
    regressor = np.asarray(data["J_regressor"], dtype=np.float64)
    joints, vertices = regressor.shape if regressor.ndim == 2 else (0, 0)
    if joints != JOINTS[kind]:
        found = next((name for name, count in JOINTS.items() if count == joints), "")
        hint = f"is a {found} model: give --model {found}" if found else f"has {joints} joints"
        raise MotionGPTError(f"{path}: {hint}; {kind} has {JOINTS[kind]}.")
    shapes = {
        "v_template": (vertices, 3),
        "shapedirs": (vertices, 3, None),
        "posedirs": (vertices, 3, 9 * (joints - 1)),
        "weights": (vertices, joints),
        "kintree_table": (2, joints),
        "f": (None, 3),
    }
    for key, expected in shapes.items():
        shape = data[key].shape
        if len(shape) != len(expected) or any(e not in (None, s) for e, s in zip(expected, shape, strict=True)):
            raise MotionGPTError(f"{path}: {key} has shape {shape}, expected {expected} for {kind}.")
    parents = (-1, *(int(parent) for parent in data["kintree_table"][0, 1:]))
    if parents[: HUMANML3D.num_joints] != HUMANML3D.parents:
        raise MotionGPTError(f"{path}: its first 22 joints are not those of {kind}.")
    return BodyModel(
        kind=kind,
        template=np.asarray(data["v_template"], dtype=np.float64),
        shapes=np.asarray(data["shapedirs"], dtype=np.float64),
        correctives=np.asarray(data["posedirs"], dtype=np.float64),
        regressor=regressor,
        parents=parents,
        weights=np.asarray(data["weights"], dtype=np.float64),
        faces=np.asarray(data["f"]).astype(np.int32),
    )
