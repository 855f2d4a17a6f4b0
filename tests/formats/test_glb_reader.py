"""Reading .glb animations, written by pygltflib with everything that exporters do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pygltflib
import pytest
from scipy.spatial.transform import Rotation

from motiongpt import formats
from motiongpt.bodies import fit_pose
from motiongpt.errors import MotionGPTError
from motiongpt.motion import Motion


def write(motion: Motion, path: Path, *, prefix: str = "", scale: float = 1.0, every: int = 1) -> Motion:
    """The fitted skeleton of a motion under an armature node that is scaled; returns what it stands for."""
    pose = fit_pose(motion)
    count = len(pose.names)
    blobs: list[np.ndarray] = []
    gltf = pygltflib.GLTF2(scenes=[pygltflib.Scene(nodes=[0])], scene=0)
    armature = pygltflib.Node(name="Armature", children=[1], scale=[scale] * 3, rotation=[0.0, 0.0, 0.0, 1.0])
    gltf.nodes = [armature]
    for joint, name in enumerate(pose.names):
        children = [child + 1 for child, parent in enumerate(pose.parents) if parent == joint]
        gltf.nodes.append(
            pygltflib.Node(name=prefix + name, children=children, translation=list(pose.offsets[joint] / scale))
        )

    def accessor(array: np.ndarray, kind: str) -> int:
        array = np.ascontiguousarray(array, dtype=np.float32)
        start = sum(blob.nbytes for blob in blobs)
        blobs.append(array)
        gltf.bufferViews.append(pygltflib.BufferView(buffer=0, byteOffset=start, byteLength=array.nbytes))
        gltf.accessors.append(
            pygltflib.Accessor(bufferView=len(gltf.bufferViews) - 1, componentType=5126, count=len(array), type=kind)
        )
        return len(gltf.accessors) - 1

    keys = np.arange(0, len(pose), every)
    times = accessor(keys / pose.fps, "SCALAR")
    animation = pygltflib.Animation(name="walk")

    def track(node: int, target: str, values: np.ndarray, kind: str) -> None:
        animation.samplers.append(pygltflib.AnimationSampler(input=times, output=accessor(values, kind)))
        animation.channels.append(
            pygltflib.AnimationChannel(
                sampler=len(animation.samplers) - 1,
                target=pygltflib.AnimationChannelTarget(node=node, path=target),
            )
        )

    for joint in range(count):
        track(joint + 1, "rotation", pose.quaternions[keys, joint][:, [1, 2, 3, 0]], "VEC4")
    track(1, "translation", pose.root[keys] / scale, "VEC3")
    gltf.animations = [pygltflib.Animation(name="other", samplers=animation.samplers[-1:], channels=[]), animation]
    gltf.animations.reverse()
    data = b"".join(blob.tobytes() for blob in blobs)
    gltf.buffers = [pygltflib.Buffer(byteLength=len(data))]
    gltf.set_binary_blob(data)
    gltf.save_binary(str(path))
    return Motion(pose.joints(), fps=pose.fps)


@pytest.mark.parametrize(("prefix", "scale"), [("", 1.0), ("rig:", 0.01)])
def test_joints_frame_rate_and_name(tmp_path: Path, moving: Motion, prefix: str, scale: float) -> None:
    expected = write(moving, tmp_path / "a.glb", prefix=prefix, scale=scale)
    again = formats.read(tmp_path / "a.glb")
    assert (len(again), again.fps, again.name) == (60, 20, "walk")
    np.testing.assert_allclose(again.joints, expected.joints, atol=1e-3)


def test_sampled_between_its_keys(tmp_path: Path, moving: Motion) -> None:
    expected = write(moving, tmp_path / "a.glb", every=2)
    again = formats.read(tmp_path / "a.glb", fps=20)
    assert len(again) == 59
    np.testing.assert_allclose(again.joints[::2], expected.joints[::2], atol=1e-3)
    np.testing.assert_allclose(again.joints[1::2], expected.joints[1:59:2], atol=0.02)


def test_faults(tmp_path: Path, moving: Motion) -> None:
    path = tmp_path / "a.glb"
    write(moving, path)
    with pytest.raises(MotionGPTError, match="no animation 'run'; it has walk, other"):
        formats.read(path, clip="run")
    with pytest.raises(MotionGPTError, match="does not move the skeleton"):
        formats.read(path, clip="other")
    cut = tmp_path / "cut.glb"
    cut.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(MotionGPTError, match=r"cut\.glb: the file is truncated"):
        formats.read(cut)
    (tmp_path / "text.glb").write_text("solid nothing here at all")
    with pytest.raises(MotionGPTError, match="no glTF file"):
        formats.read(tmp_path / "text.glb")


def test_smpl_joints_and_poses(tmp_path: Path, moving: Motion) -> None:
    for count in (24, 52, 55):
        joints = np.concatenate([moving.joints, np.zeros((60, count - 22, 3), dtype=np.float32)], axis=1)
        np.save(tmp_path / "j.npy", joints)
        np.testing.assert_array_equal(formats.read(tmp_path / "j.npy").joints, moving.joints)
    pose = fit_pose(moving)
    vectors = Rotation.from_quat(pose.quaternions.reshape(-1, 4), scalar_first=True).as_rotvec().reshape(60, 66)
    reference = pose.joints() - pose.root[:, None]
    for width, turn in ((72, None), (156, "X"), (165, "-Y")):
        poses = np.zeros((60, width))
        poses[:, :66] = vectors
        if turn is not None:
            # As AMASS and as cameras see it.
            matrix = [[-1, 0, 0], [0, 0, 1], [0, 1, 0]] if turn == "X" else np.diag([1, -1, -1])
            root = Rotation.from_matrix(matrix) * Rotation.from_rotvec(poses[:, :3])
            poses[:, :3] = root.as_rotvec()
        np.save(tmp_path / "p.npy", poses)
        again = formats.read(tmp_path / "p.npy", fps=30)
        assert again.fps == 30
        assert np.linalg.norm(again.joints - reference, axis=-1).mean() < 0.02
    with pytest.raises(MotionGPTError, match="frame rate"):
        formats.read(tmp_path / "p.npy")


@pytest.mark.parametrize(("points", "name"), [(17, "COCO"), (25, "Kinect"), (32, "Azure Kinect")])
def test_keypoints_are_refused(tmp_path: Path, points: int, name: str) -> None:
    np.save(tmp_path / "k.npy", np.ones((5, points, 3)))
    with pytest.raises(MotionGPTError, match=f"{name}.*fit SMPL"):
        formats.read(tmp_path / "k.npy")
