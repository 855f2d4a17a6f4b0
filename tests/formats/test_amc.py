"""The ASF/AMC reader against the same skeleton written as BVH, and against what can go wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from motiongpt import formats
from motiongpt.errors import MotionGPTError
from motiongpt.formats import bvh
from motiongpt.motion import HUMANML3D

# Bone: parent, direction, length in CMU units (inches times 0.45), dof.
BONES = {
    "lhipjoint": ("root", (0.6, -0.75, 0.28), 2.4, ""),
    "lfemur": ("lhipjoint", (0.342, -0.94, 0.0), 7.1, "rx ry rz"),
    "ltibia": ("lfemur", (0.342, -0.94, 0.0), 7.4, "rx"),
    "lfoot": ("ltibia", (0.1, -0.3, 0.95), 2.1, "rx rz"),
    "ltoes": ("lfoot", (0.0, 0.0, 1.0), 1.0, "rx"),
    "rhipjoint": ("root", (-0.6, -0.75, 0.28), 2.4, ""),
    "rfemur": ("rhipjoint", (-0.342, -0.94, 0.0), 7.1, "rx ry rz"),
    "rtibia": ("rfemur", (-0.342, -0.94, 0.0), 7.4, "rx"),
    "rfoot": ("rtibia", (-0.1, -0.3, 0.95), 2.1, "rx rz"),
    "rtoes": ("rfoot", (0.0, 0.0, 1.0), 1.0, "rx"),
    "lowerback": ("root", (0.0, 0.99, -0.03), 2.1, "rx ry rz"),
    "upperback": ("lowerback", (0.0, 1.0, 0.02), 2.1, "rx ry rz"),
    "thorax": ("upperback", (0.0, 1.0, 0.0), 2.1, "rx ry rz"),
    "lowerneck": ("thorax", (0.0, 0.98, 0.2), 1.6, "rx ry rz"),
    "upperneck": ("lowerneck", (0.0, 0.98, -0.2), 1.6, "rx ry rz"),
    "head": ("upperneck", (0.0, 1.0, 0.0), 1.7, "rx ry rz"),
    "lclavicle": ("thorax", (0.93, 0.36, 0.05), 3.5, "ry rz"),
    "lhumerus": ("lclavicle", (1.0, 0.0, 0.0), 4.7, "rx ry rz"),
    "lradius": ("lhumerus", (1.0, 0.0, 0.0), 3.2, "rx"),
    "lwrist": ("lradius", (1.0, 0.0, 0.0), 1.6, "ry"),
    "rclavicle": ("thorax", (-0.93, 0.36, 0.05), 3.5, "ry rz"),
    "rhumerus": ("rclavicle", (-1.0, 0.0, 0.0), 4.7, "rx ry rz"),
    "rradius": ("rhumerus", (-1.0, 0.0, 0.0), 3.2, "rx"),
    "rwrist": ("rradius", (-1.0, 0.0, 0.0), 1.6, "ry"),
}
# HumanML3D joints that are the far end of a bone, without any rule.
ENDS = {
    f"{side}_{joint}": f"{side[0]}{bone}"
    for side in ("left", "right")
    for joint, bone in (
        ("hip", "hipjoint"), ("knee", "femur"), ("ankle", "tibia"), ("foot", "foot"),
        ("shoulder", "clavicle"), ("elbow", "humerus"), ("wrist", "wrist"),
    )
}  # fmt: skip


def write_asf(path: Path, axes: dict[str, np.ndarray], angle: str = "deg", length: str = "0.45") -> None:
    number = (lambda v: np.radians(v)) if angle == "rad" else (lambda v: v)
    lines = [":version 1.10", ":name TEST", ":units", "  mass 1.0", f"  length {length}", f"  angle {angle}"]
    lines += ["# a comment", ":documentation", "  made by a test", ":root", "  order TX TY TZ RX RY RZ", "  axis XYZ"]
    lines += ["  position 0 0 0", "  orientation 0 0 0", ":bonedata"]
    for i, (name, (_, direction, size, dof)) in enumerate(BONES.items(), start=1):
        axis = " ".join(f"{v:.8f}" for v in number(axes[name]))
        lines += ["  begin", f"    id {i}", f"    name {name}", "    direction " + " ".join(map(str, direction))]
        lines += [f"    length {size}", f"    axis {axis}  XYZ"]
        lines += [f"    dof {dof}", "    limits (-180 180)"] if dof else []
        lines += ["  end"]
    lines += [":hierarchy", "  begin"]
    for name in ["root", *BONES]:
        children = [child for child, bone in BONES.items() if bone[0] == name]
        lines += [f"    {name} {' '.join(children)}"] if children else []
    path.write_text("\r\n".join([*lines, "  end", ""]))


def write_amc(path: Path, values: dict[str, np.ndarray], frames: int) -> None:
    lines = ["#!OML:ASF somewhere", ":FULLY-SPECIFIED", ":DEGREES"]
    for t in range(frames):
        lines.append(str(t + 1))
        lines += [f"{name} " + " ".join(f"{v:.8f}" for v in rows[t]) for name, rows in values.items()]
    path.write_text("\n".join(lines) + "\n")


def write_same_as_bvh(path: Path, axes: dict[str, np.ndarray], values: dict[str, np.ndarray], frames: int) -> None:
    """Each bone is a BVH joint at its near end, turned by C M C^-1 in ZYX angles."""
    lines, columns = ["HIERARCHY"], []

    def add(name: str, depth: int) -> None:
        lines.append(f"{'JOINT' if depth else 'ROOT'} {name}\n{{")
        parent = BONES[name][0] if depth else ""
        offset = np.zeros(3) if parent in ("", "root") else np.array(BONES[parent][1]) * BONES[parent][2]
        lines.append("OFFSET " + " ".join(f"{v:.8f}" for v in offset))
        turns = "Zrotation Yrotation Xrotation"
        lines.append(f"CHANNELS 3 {turns}" if depth else f"CHANNELS 6 Xposition Yposition Zposition {turns}")
        if not depth:
            columns.append(values["root"][:, :3])
        dof = BONES[name][3].split() if depth else ["rx", "ry", "rz"]
        moved = Rotation.identity(frames)
        for i, d in enumerate(dof):
            # Fixed axes in the listed order: later turns multiply from the left.
            moved = Rotation.from_euler(d[1], values[name][:, [i + (0 if depth else 3)]], degrees=True) * moved
        axis = Rotation.from_euler("xyz", axes[name] if depth else np.zeros(3), degrees=True)
        columns.append((axis * moved * axis.inv()).as_euler("ZYX", degrees=True))
        children = [child for child, bone in BONES.items() if bone[0] == name]
        for child in children:
            add(child, depth + 1)
        if not children:
            tip = np.array(BONES[name][1]) * BONES[name][2]
            lines.append("End Site\n{\nOFFSET " + " ".join(f"{v:.8f}" for v in tip) + "\n}")
        lines.append("}")

    add("root", 0)
    rows = np.concatenate(columns, axis=1)
    lines += ["MOTION", f"Frames: {frames}", "Frame Time: 0.0083333"]
    path.write_text("\n".join(lines) + "\n" + "\n".join(" ".join(f"{v:.8f}" for v in row) for row in rows) + "\n")


def random_values(rng: np.random.Generator, frames: int, degrees: float) -> dict[str, np.ndarray]:
    root = np.concatenate([rng.normal([0, 17, 0], 3, (frames, 3)), rng.uniform(-180, 180, (frames, 3))], axis=1)
    moving = {name: bone[3].split() for name, bone in BONES.items() if bone[3]}
    return {"root": root} | {n: rng.uniform(-degrees, degrees, (frames, len(dof))) for n, dof in moving.items()}


def far_ends(path: Path) -> dict[str, np.ndarray]:
    """Positions of bone ends in the BVH of :func:`write_same_as_bvh`, in its units."""
    parsed = bvh.parse(path)
    positions = parsed.positions()
    ends: dict[str, np.ndarray] = {}
    for i, parent in enumerate(parsed.parents):
        if parent >= 0:
            ends[parsed.names[parent]] = positions[:, i]
    return ends


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000), angle=st.sampled_from(["deg", "rad"]))
def test_same_joints_as_the_same_skeleton_in_bvh(tmp_path: Path, seed: int, angle: str) -> None:
    rng = np.random.default_rng(seed)
    axes = {name: rng.uniform(-180, 180, 3) for name in BONES}
    values = random_values(rng, 5, 60)
    write_asf(tmp_path / "07.asf", axes, angle)
    written = {
        n: v if angle == "deg" else np.concatenate([v[:, :-3], np.radians(v[:, -3:])], 1) for n, v in values.items()
    }
    write_amc(tmp_path / "07_01.amc", written, 5)
    write_same_as_bvh(tmp_path / "same.bvh", axes, values, 5)

    motion = formats.read(tmp_path / "07_01.amc")
    expected = far_ends(tmp_path / "same.bvh")
    for joint, bone in ENDS.items():
        ours = motion.joints[:, HUMANML3D.index(joint)]
        np.testing.assert_allclose(ours, expected[bone] * 0.0254 / 0.45, atol=2e-5, err_msg=joint)
    assert motion.fps == 120
    assert motion.name == "07_01"


@pytest.fixture
def trial(tmp_path: Path) -> Path:
    """A standing body for four frames, 05.asf and 05_01.amc."""
    rng = np.random.default_rng(0)
    write_asf(tmp_path / "05.asf", {name: np.zeros(3) for name in BONES})
    values = {name: np.zeros_like(rows) for name, rows in random_values(rng, 4, 1).items()}
    values["root"][:, 1] = 17
    write_amc(tmp_path / "05_01.amc", values, 4)
    return tmp_path / "05_01.amc"


def test_a_standing_body(trial: Path) -> None:
    joints = formats.read(trial).joints[0]
    at = dict(zip(HUMANML3D.joints, joints, strict=True))
    assert at["left_hip"][0] > 0 > at["right_hip"][0]
    assert at["left_foot"][2] > at["left_ankle"][2] + 0.05
    assert at["head"][1] > at["neck"][1] > at["spine3"][1] > at["spine2"][1] > at["spine1"][1] > at["pelvis"][1]
    # SMPL's pelvis, not the performer's root: about a tenth of the leg over the hips.
    assert at["pelvis"][1] - at["left_hip"][1] == pytest.approx(0.085, abs=0.01)


def test_frame_rate_and_unit_can_be_given(trial: Path) -> None:
    assert formats.read(trial, fps=60).fps == 60
    plain = formats.read(trial).joints
    np.testing.assert_allclose(formats.read(trial, unit="inch").joints, plain * 0.45, rtol=1e-5)


def test_a_wrong_length_unit_in_the_skeleton_is_found_out(trial: Path) -> None:
    plain = formats.read(trial).joints
    asf = trial.with_name("05.asf")
    for wrong in ("length 1.0", "length 0", ""):
        asf.write_text(asf.read_text().replace("length 0.45", wrong, 1) if wrong else asf.read_text())
        np.testing.assert_allclose(formats.read(trial).joints, plain, rtol=1e-5)


def test_extension_in_capitals(trial: Path) -> None:
    capitals = trial.rename(trial.with_name("05_01.AMC"))
    trial.with_name("05.asf").rename(trial.with_name("05.ASF"))
    assert len(formats.read(capitals)) == 4


def test_which_skeleton(trial: Path) -> None:
    folder = trial.parent
    asf = folder / "05.asf"
    only = asf.rename(folder / "someone.asf")
    assert len(formats.read(trial)) == 4
    (folder / "other.asf").write_text(only.read_text())
    with pytest.raises(MotionGPTError, match=r"05_01\.amc.*2 \.asf files.*skeleton="):
        formats.read(trial)
    assert len(formats.read(trial, skeleton=only)) == 4
    only.unlink()
    (folder / "other.asf").unlink()
    with pytest.raises(MotionGPTError, match=r"05_01\.amc.*no \.asf"):
        formats.read(trial)
    with pytest.raises(MotionGPTError, match=r"missing\.asf: no such file"):
        formats.read(trial, skeleton=folder / "missing.asf")


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("ltibia 0.00000000", "ltibia", r"line \d+.*'ltibia' has 0 number"),
        ("ltibia 0.00000000", "ltibia 0 1", r"line \d+.*'ltibia' has 2 number"),
        ("ltibia 0.00000000", "ltibia x", r"line \d+.*numbers"),
        ("ltibia 0.00000000", "ltibia nan", r"frame 1.*'ltibia'.*finite"),
        ("ltibia 0.00000000", "tail 0.0", r"line \d+.*'tail' is not in the skeleton"),
        ("\n3\n", "\nthree\n", r"line \d+"),
    ],
)
def test_broken_motions_say_where(trial: Path, old: str, new: str, message: str) -> None:
    edit(trial, old, new)
    with pytest.raises(MotionGPTError, match=rf"05_01\.amc.*{message}"):
        formats.read(trial)


def test_a_motion_cut_in_a_frame(trial: Path) -> None:
    lines = trial.read_text().splitlines()
    trial.write_text("\n".join(lines[:-5]) + "\n")
    with pytest.raises(MotionGPTError, match=r"line \d+: truncated in frame 4 .*only the 3 frames"):
        formats.read(trial)
    trial.write_text("\n".join(lines[:12]) + "\n")
    with pytest.raises(MotionGPTError, match="the file is truncated"):
        formats.read(trial)
    trial.write_text("\n".join(lines[:3]) + "\n")
    with pytest.raises(MotionGPTError, match="no frames"):
        formats.read(trial)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (":bonedata", ":bones", "expected the sections"),
        ("length 7.1", "length seven", r"bone at line \d+.*'length'"),
        ("direction 0.6 -0.75 0.28", "direction 0.6 -0.75", r"bone at line \d+.*'direction'"),
        ("lfemur ltibia", "lfemur lshin", r"line \d+.*'lshin'"),
        ("XYZ\r\n    dof", "XYQ\r\n    dof", "XYQ"),
        ("name lfemur", "nome lfemur", r"bone at line \d+ has no name"),
    ],
)
def test_broken_skeletons_say_where(trial: Path, old: str, new: str, message: str) -> None:
    asf = trial.with_name("05.asf")
    text = asf.read_bytes().decode()
    assert old in text
    asf.write_bytes(text.replace(old, new, 1).encode())
    with pytest.raises(MotionGPTError, match=rf"05\.asf.*{message}"):
        formats.read(trial)
