"""Published game animations, where they are at hand, against a reader of another make (SciPy)."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation, Slerp

from motiongpt import formats
from motiongpt.errors import MotionGPTError
from motiongpt.formats.gltf import figure
from motiongpt.formats.gltf.document import Document
from motiongpt.motion.skeleton import HUMANML3D

_WIDTHS = {"SCALAR": 1, "VEC3": 3, "VEC4": 4, "MAT4": 16}


class Other:
    """A reader of packed floats with LINEAR and STEP samplers, which is all that these files have."""

    def __init__(self, path: Path) -> None:
        data = path.read_bytes()
        size = int.from_bytes(data[12:16], "little")
        self.json, self.blob = json.loads(data[20 : 20 + size]), data[28 + size :]
        self.nodes, self.animations = self.json["nodes"], self.json["animations"]
        self.parent = {child: i for i, node in enumerate(self.nodes) for child in node.get("children", [])}

    def array(self, index: int) -> np.ndarray:
        accessor = self.json["accessors"][index]
        view = self.json["bufferViews"][accessor["bufferView"]]
        assert accessor["componentType"] == 5126
        assert not {"byteStride", "sparse"} & (view.keys() | accessor.keys())
        start = view.get("byteOffset", 0) + accessor.get("byteOffset", 0)
        width = _WIDTHS[accessor["type"]]
        values = np.frombuffer(self.blob, np.float32, accessor["count"] * width, start)
        return values.reshape(-1, width).astype(np.float64)

    def curves(self, clip: int, at: np.ndarray, nodes: set[int]) -> dict[tuple[int, str], np.ndarray]:
        """Values at times; rotations as matrices."""
        animation = self.animations[clip]
        result = {}
        for channel in animation["channels"]:
            node, target = channel["target"]["node"], channel["target"]["path"]
            if node not in nodes:
                continue
            sampler = animation["samplers"][channel["sampler"]]
            times, values = self.array(sampler["input"])[:, 0], self.array(sampler["output"])
            stepped = sampler.get("interpolation") == "STEP" or len(times) == 1
            when = np.clip(at, times[0], times[-1])
            step = np.maximum(np.searchsorted(times, when + 1e-6, side="right") - 1, 0)
            if target == "rotation":
                turns = Rotation.from_quat(values)
                result[node, target] = (turns[step] if stepped else Slerp(times, turns)(when)).as_matrix()
            elif stepped:
                result[node, target] = values[step]
            else:
                result[node, target] = np.stack([np.interp(when, times, column) for column in values.T], axis=1)
        return result

    def places(self, clip: int, at: np.ndarray, nodes: list[int]) -> np.ndarray:
        """(T, N, 3) world positions of some nodes."""
        needed = set(nodes)
        for node in nodes:
            while node in self.parent:
                node = self.parent[node]
                needed.add(node)
        curves, world = self.curves(clip, at, needed), dict[int, np.ndarray]()

        def of(index: int) -> np.ndarray:
            if index not in world:
                node = self.nodes[index]
                assert "matrix" not in node
                rest = Rotation.from_quat(node.get("rotation", [0, 0, 0, 1])).as_matrix()
                own = np.tile(np.eye(4), (len(at), 1, 1))
                scale = np.broadcast_to(curves.get((index, "scale"), node.get("scale", [1, 1, 1])), (len(at), 3))
                own[:, :3, :3] = curves.get((index, "rotation"), rest) * scale[:, None]
                own[:, :3, 3] = curves.get((index, "translation"), node.get("translation", [0, 0, 0]))
                world[index] = of(self.parent[index]) @ own if index in self.parent else own
            return world[index]

        return np.stack([of(i)[:, :3, 3] for i in nodes], axis=1)


def _angles(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    u, v = a - b, c - b
    with np.errstate(invalid="ignore"):
        cosine = (u * v).sum(-1) / (np.linalg.norm(u, axis=-1) * np.linalg.norm(v, axis=-1))
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))


@pytest.fixture(scope="module")
def files(shared_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    archive = shared_dir / "data" / "cc0" / "animations.tar.xz"
    if not archive.is_file():
        pytest.skip("there are no animations in shared/")
    folder = tmp_path_factory.mktemp("cc0")
    with tarfile.open(archive) as content:
        content.extractall(folder, [entry for entry in content if entry.name.endswith(".glb")], filter="data")
    return sorted(folder.rglob("*.glb"))


@pytest.mark.slow
def test_every_node_of_every_clip(files: list[Path]) -> None:
    clips = 0
    for path in files:
        document, other = Document(path), Other(path)
        joints = sorted({joint for skin in document.json["skins"] for joint in skin["joints"]})
        column = {joint: i for i, joint in enumerate(joints)}
        bent = [
            (column[document.parents[joint]], column[joint], column[child])
            for joint in joints
            for child in document.nodes[joint].get("children", [])
            if document.parents[joint] in column and child in column
        ]
        for clip, animation in enumerate(document.json["animations"]):
            keys = figure.tracks(document, animation, set(range(len(document.nodes))))
            at = np.arange(0, max(track.times[-1] for track in keys) + 0.1, 0.1)
            ours, theirs = figure.move(document, joints, keys, at), other.places(clip, at, joints)
            size = np.ptp(theirs[0], axis=0).max()
            np.testing.assert_allclose(ours, theirs, atol=1e-4 * size, err_msg=f"{path.name} {animation['name']}")
            for a, b, c in bent:
                if np.linalg.norm(theirs[:, [a, c]] - theirs[:, [b]], axis=-1).min() > 0.01 * size:
                    difference = _angles(*ours[:, [a, b, c]].swapaxes(0, 1)) - _angles(
                        *theirs[:, [a, b, c]].swapaxes(0, 1)
                    )
                    assert np.abs(difference).max() < 1
            clips += 1
    assert clips == 325


@pytest.mark.slow
def test_knees_and_elbows_of_what_is_read(files: list[Path]) -> None:
    read = compared = 0
    for path in files:
        other = Other(path)
        names = {node["name"]: i for i, node in reversed(list(enumerate(other.nodes)))}
        labels = [animation["name"] for animation in other.animations]
        for name, reading in formats.clips(path, drop_first_frame=False):
            assert not isinstance(reading, MotionGPTError), reading
            read += 1
            joints = reading.motion.joints
            clip = labels.index(name)
            first = min(other.array(sampler["input"])[0, 0] for sampler in other.animations[clip]["samplers"])
            at = first + np.arange(0, len(joints), 3) / reading.motion.fps
            for chain in (("hip", "knee", "ankle"), ("shoulder", "elbow", "wrist")):
                for side in ("left", "right"):
                    limb = [f"{side}_{joint}" for joint in chain]
                    sources = [reading.joints[joint].names for joint in limb if joint in reading.joints]
                    if [len(source) for source in sources] != [1, 1, 1]:
                        continue
                    nodes = [names[source[0]] for source in sources]
                    ours = [joints[::3, HUMANML3D.index(joint)].astype(np.float64) for joint in limb]
                    difference = _angles(*ours) - _angles(*other.places(clip, at, nodes).swapaxes(0, 1))
                    # Where a clip scales the body to nothing, the other reader has no angles.
                    assert np.nanmax(np.abs(difference)) < 1, (path.name, name, limb)
                    assert np.isfinite(difference).mean() > 0.8, (path.name, name, limb)
                    compared += 1
    assert (read, compared) == (325, 4 * 325)
