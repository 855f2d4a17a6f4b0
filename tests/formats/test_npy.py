"""Arrays of joints and of features."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from motiongpt import formats
from motiongpt.errors import MotionGPTError
from motiongpt.motion import HUMANML3D, KIT, Motion, features_to_joints


def saved(path: Path, array: np.ndarray, allow_pickle: bool = False) -> Path:
    np.save(path, array, allow_pickle=allow_pickle)
    return path


def test_joints_round_trip_exactly(tmp_path: Path, moving: Motion) -> None:
    again = formats.read(formats.write(moving, tmp_path / "m.npy"))
    np.testing.assert_array_equal(again.joints, moving.joints)
    assert (again.fps, again.name) == (20, "m")
    assert np.load(tmp_path / "m.npy").dtype == np.float32


def test_other_shapes_of_the_same_joints(tmp_path: Path, moving: Motion) -> None:
    for array in (moving.joints[None], moving.joints.reshape(60, 66), moving.joints.astype(np.float64)):
        np.testing.assert_array_equal(formats.read(saved(tmp_path / "m.npy", array)).joints, moving.joints)


def test_frame_rate_and_unit(tmp_path: Path, moving: Motion) -> None:
    path = saved(tmp_path / "m.npy", moving.joints * 100)
    motion = formats.read(path, fps=30, unit="cm")
    assert motion.fps == 30
    np.testing.assert_allclose(motion.joints, moving.joints, atol=1e-5)
    guessed = formats.read(path)
    np.testing.assert_allclose(guessed.joints, moving.joints, atol=1e-5)
    assert any("--unit" in remark for remark in guessed.remarks)


def test_features_round_trip(tmp_path: Path, moving: Motion) -> None:
    standard = moving.standard()
    for path in (
        formats.write(standard, tmp_path / "m.features.npy"),
        formats.write(standard, tmp_path / "plain.npy", content="features"),
    ):
        assert np.load(path).shape == (59, 263)
        again = formats.read(path)
        np.testing.assert_array_equal(again.joints, features_to_joints(np.load(path)))
        assert np.abs(again.joints - standard.joints[:-1]).max() < 1e-3
    with pytest.raises(MotionGPTError, match="content"):
        formats.write(standard, tmp_path / "m.npy", content="codes")


def test_features_are_written_at_the_data_sets_frame_rate_only(tmp_path: Path, moving: Motion) -> None:
    with pytest.raises(MotionGPTError, match="20 frames a second"):
        formats.write(Motion(moving.joints, fps=30), tmp_path / "m.features.npy")
    assert not list(tmp_path.iterdir())


def test_kit(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    features = formats.read(saved(tmp_path / "f.npy", rng.normal(size=(9, 251)).astype(np.float32) * 0.1))
    assert features.skeleton is KIT
    assert features.fps == 12.5
    body = np.zeros((5, 21, 3))
    body[:, [17, 12], 1], body[:, [18, 13], 1], body[:, [11, 16], 1] = 280, 20, 540
    path = saved(tmp_path / "j.npy", body)
    motion = formats.read(path, skeleton="kit")
    assert motion.joints[0, 11, 1] == pytest.approx(540 * 0.75 / 480)
    again = formats.read(formats.write(motion, tmp_path / "again.npy"), skeleton="KIT")
    np.testing.assert_array_equal(again.joints, motion.joints)
    with pytest.raises(MotionGPTError, match=r"j\.npy.*\(5, 21, 3\).*\(T, 22, 3\).*skeleton='kit'"):
        formats.read(path)
    with pytest.raises(MotionGPTError, match="unknown skeleton"):
        formats.read(path, skeleton="h36m")


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((7, 23, 3), r"\(7, 23, 3\)"),
        ((7, 22, 2), r"\(7, 22, 2\)"),
        ((7, 260), r"\(7, 260\)"),
        ((66,), r"\(66,\)"),
        ((), r"\(\)"),
        ((0, 22, 3), "no frames"),
        ((22, 3, 9), "transpose"),
        ((4, 22, 3, 9), "transpose"),
    ],
)
def test_other_shapes_are_refused(tmp_path: Path, shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(MotionGPTError, match=rf"m\.npy.*{message}"):
        formats.read(saved(tmp_path / "m.npy", np.zeros(shape)))


def test_rotations_in_place_of_joints_are_found_out(tmp_path: Path) -> None:
    with pytest.raises(MotionGPTError, match="not rotations"):
        formats.read(saved(tmp_path / "m.npy", np.zeros((5, 66))))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite(tmp_path: Path, moving: Motion, value: float) -> None:
    joints = moving.joints.copy()
    joints[17, HUMANML3D.index("left_knee"), 1] = value
    with pytest.raises(MotionGPTError, match=r"m\.npy: frame 17 .*left_knee.*1 of 60"):
        formats.read(saved(tmp_path / "m.npy", joints))
    features = np.zeros((9, 263))
    features[3, 100] = value
    with pytest.raises(MotionGPTError, match=r"f\.npy: feature 100 of frame 3"):
        formats.read(saved(tmp_path / "f.npy", features))


class _Trap:
    """Leaves a trace when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.trace,)


def test_pickles_are_refused_and_never_run(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    objects = np.array([_Trap(trace)], dtype=object)
    saved(tmp_path / "objects.npy", objects, allow_pickle=True)
    (tmp_path / "raw.npy").write_bytes(pickle.dumps(_Trap(trace)))
    for name in ("objects.npy", "raw.npy"):
        with pytest.raises(MotionGPTError, match=rf"{name}.*pickled"):
            formats.read(tmp_path / name)
    assert not trace.exists()


def test_other_content(tmp_path: Path, moving: Motion) -> None:
    whole = saved(tmp_path / "whole.npy", moving.joints).read_bytes()
    for name, content, message in (
        ("cut.npy", whole[: len(whole) // 2], "damaged or truncated"),
        ("head.npy", whole[:20], "damaged or truncated"),
        ("text.npy", b"a person walks\n", "a text file"),
        ("empty.npy", b"", "empty"),
        ("page.npy", b"\n <html><body>404</body></html>", "web page"),
        ("lfs.npy", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
        ("zip.npy", b"PK\x03\x04", "zip archive"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(MotionGPTError, match=rf"{name}.*{message}"):
            formats.read(tmp_path / name)
    with pytest.raises(MotionGPTError, match=r"words\.npy.*expected real numbers"):
        formats.read(saved(tmp_path / "words.npy", np.array(["a", "b"])))


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    # A limit on the size of a file stands for the end of the disk: both refuse the numbers in the middle.
    program = (
        "import resource, signal, sys, numpy as np\n"
        "from motiongpt import Motion\n"
        "from motiongpt.errors import MotionGPTError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))\n"
        "try:\n"
        "    Motion(np.zeros((2000, 22, 3))).save(sys.argv[1])\n"
        "except MotionGPTError as error:\n"
        "    print(error)\n"
    )
    path = tmp_path / "long.npy"
    done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout == f"Cannot write {path}: File too large.\n"
    assert not list(tmp_path.iterdir())
