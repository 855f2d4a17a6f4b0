"""Reading .glb animations, written by pygltflib with everything that exporters do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pygltflib
import pytest
from scipy.spatial.transform import Rotation

from gltf_files import person, turn
from motiongpt import formats
from motiongpt.bodies import fit_pose
from motiongpt.errors import MotionGPTError
from motiongpt.motion import Motion
from motiongpt.motion.skeleton import HUMANML3D


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
    for width, seen in ((72, None), (156, "X"), (165, "-Y")):
        poses = np.zeros((60, width))
        poses[:, :66] = vectors
        if seen is not None:
            # As AMASS and as cameras see it.
            matrix = [[-1, 0, 0], [0, 0, 1], [0, 1, 0]] if seen == "X" else np.diag([1, -1, -1])
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


def _clips(path: Path, **clips: list[float]) -> Path:
    """A person whose left elbow has these angles, at 20 keys a second, in each clip."""
    gltf, nodes = person()
    for name, angles in clips.items():
        keys = [turn((0, 0, 1), angle) for angle in angles]
        gltf.track(gltf.clip(name), nodes["LeftForeArm"], "rotation", np.arange(len(keys)) / 20, keys)
    return gltf.glb(path)


@pytest.mark.parametrize(
    ("clips", "chosen"),
    [
        ({"Walk": [0, 9, 0], "Run": [0, 20, 0]}, "Walk"),
        ({"Pose": [0], "Rest": [5, 5, 5], "Walk": [0, 9, 0], "Run": [0, 20, 0]}, "Walk"),
        ({"Pose": [0], "Other": [90]}, "Pose"),
    ],
)
def test_the_first_clip_that_moves_is_read(tmp_path: Path, clips: dict[str, list[float]], chosen: str) -> None:
    reading = formats.inspect(_clips(tmp_path / "a.glb", **clips))
    assert (reading.clips, reading.clip, reading.motion.name) == (tuple(clips), chosen, chosen)
    assert sum(all(name in remark for name in clips) for remark in reading.remarks) == 1
    for name, keys in clips.items():
        alone = formats.inspect(tmp_path / "a.glb", clip=name)
        assert len(alone.motion) == len(keys)
        assert not any("clips" in remark for remark in alone.remarks)


def test_all_clips_and_those_that_cannot_be_read(tmp_path: Path, moving: Motion) -> None:
    write(moving, tmp_path / "a.glb")
    every = dict(formats.clips(tmp_path / "a.glb"))
    assert list(every) == ["walk", "other"]
    assert len(every["walk"].motion) == 60
    assert isinstance(every["other"], MotionGPTError)
    formats.write(moving, tmp_path / "a.bvh")
    ((name, reading),) = formats.clips(tmp_path / "a.bvh")
    assert (name, len(reading.motion)) == ("a", 60)
    with pytest.raises(MotionGPTError, match=r"no such file"):
        list(formats.clips(tmp_path / "b.glb"))


def test_clips_without_names_and_namesakes(tmp_path: Path) -> None:
    gltf, nodes = person()
    for name in (None, "Walk", "Walk", ""):
        gltf.track(gltf.clip(name), nodes["LeftForeArm"], "rotation", [0, 1], [turn((0, 0, 1), a) for a in (0, 9)])
    reading = formats.inspect(gltf.glb(tmp_path / "a.glb"))
    assert reading.clips == ("clip 1", "Walk", "Walk (2)", "clip 4")
    assert reading.motion.name == "a"
    assert formats.inspect(tmp_path / "a.glb", clip="walk (2)").clip == "Walk (2)"


@pytest.mark.parametrize("kind", ["LINEAR", "STEP", "CUBICSPLINE"])
@pytest.mark.parametrize("dtype", ["f4", "i2"])
def test_every_interpolation_of_every_type(tmp_path: Path, kind: str, dtype: str) -> None:
    angles, times = np.array([0.0, 100, 40]), np.array([0.0, 0.5, 2])
    keys = np.array([turn((0, 0, 1), angle) for angle in angles])
    values = keys
    if kind == "CUBICSPLINE":  # level at each key
        values = np.stack([0 * keys, keys, 0 * keys], axis=1).reshape(-1, 4)
    gltf, nodes = person()
    gltf.track(gltf.clip(), nodes["LeftForeArm"], "rotation", times, values, kind, dtype=dtype)
    motion = formats.read(gltf.glb(tmp_path / "a.glb"))
    arm, elbow, hand = (motion.joints[:, HUMANML3D.index(f"left_{name}")] for name in ("shoulder", "elbow", "wrist"))
    u, v = elbow - arm, hand - elbow
    cosine = (u * v).sum(-1) / np.linalg.norm(u, axis=-1) / np.linalg.norm(v, axis=-1)
    at = np.arange(len(motion)) / 30
    if kind == "LINEAR":
        expected = np.interp(at, times, angles)
    elif kind == "STEP":
        expected = angles[np.searchsorted(times, at + 1e-9, side="right") - 1]
    else:
        after = np.clip(np.searchsorted(times, at, side="right"), 1, 2)
        s = (at - times[after - 1]) / (times[after] - times[after - 1])
        q = (1 - 3 * s**2 + 2 * s**3)[:, None] * keys[after - 1] + (3 * s**2 - 2 * s**3)[:, None] * keys[after]
        expected = np.degrees(2 * np.arctan2(q[:, 2], q[:, 3]))
    np.testing.assert_allclose(np.degrees(np.arccos(np.clip(cosine, -1, 1))), expected, atol=0.1)
    np.testing.assert_allclose(np.linalg.norm(v, axis=-1), 0.25, atol=1e-6)


@pytest.mark.parametrize("held", [1, 4])
@pytest.mark.parametrize("jump", [False, True])
def test_a_pose_before_the_recording(tmp_path: Path, held: int, jump: bool) -> None:
    """The person stands in the rest pose, and then faces the other way at once, or within half a second."""
    frames = 40
    facing = np.where(np.arange(frames) < held, 0.0, 180.0)
    if not jump:
        facing = np.interp(np.arange(frames), [held - 1, held + 15], [0, 180])
    gltf, nodes = person()
    clip = gltf.clip()
    times = np.arange(frames) / 30
    gltf.track(clip, nodes["Hips"], "rotation", times, [turn((0, 1, 0), angle) for angle in facing])
    swing = [turn((1, 0, 0), 0 if i < held else 20 * np.sin((i - held) / 4)) for i in range(frames)]
    gltf.track(clip, nodes["LeftUpLeg"], "rotation", times, swing)
    reading = formats.inspect(gltf.glb(tmp_path / "a.glb"))
    assert len(reading.motion) == frames - held * jump
    assert any("rest pose before the recording" in remark for remark in reading.remarks) == jump
    assert len(formats.read(tmp_path / "a.glb", drop_first_frame=True)) == frames - 1


def test_compressed_animations(tmp_path: Path) -> None:
    """The case of two clips, compressed with meshoptimizer's own encoder."""
    compressed = Path(__file__).parents[1] / "cases" / "glb-meshopt" / "input.glb"
    plain = Path(__file__).parents[1] / "cases" / "glb-first-clip-is-t-pose" / "input.glb"
    a, b = formats.inspect(compressed), formats.inspect(plain)
    assert a.clip == b.clip
    np.testing.assert_allclose(a.motion.joints, b.motion.joints, atol=1e-3)


@pytest.mark.parametrize("kind", ["LINEAR", "CUBICSPLINE"])
def test_a_body_that_appears_is_read_at_full_size(tmp_path: Path, kind: str) -> None:
    gltf, nodes = person()
    clip = gltf.clip()
    gltf.track(clip, nodes["LeftForeArm"], "rotation", np.arange(3) / 20, [turn((0, 0, 1), a) for a in (0, 9, 0)])
    expected = formats.read(gltf.glb(tmp_path / "a.glb")).joints
    sizes = np.array([[0.0] * 3, [0.5] * 3, [1.0] * 3])
    if kind == "CUBICSPLINE":
        sizes = np.stack([0 * sizes, sizes, 0 * sizes], axis=1).reshape(-1, 3)
    gltf.track(clip, nodes["Hips"], "scale", np.arange(3) / 20, sizes, kind)
    reading = formats.inspect(gltf.glb(tmp_path / "a.glb"))
    np.testing.assert_allclose(reading.motion.joints, expected, atol=1e-6)
    assert any("at full size" in remark for remark in reading.remarks)
