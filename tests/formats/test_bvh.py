"""The BVH reader against pybvh, an independent one, and against positions worked out by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pybvh
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from bodies import bone_lengths, chain
from motiongpt import formats
from motiongpt.bodies.posing import fit_pose
from motiongpt.bodies.rest_pose import rest_offsets
from motiongpt.errors import MotionGPTError
from motiongpt.formats import bvh
from motiongpt.motion import HUMANML3D, KIT, Motion

ORDERS = ("XYZ", "XZY", "YXZ", "YZX", "ZXY", "ZYX")


def write_bvh(
    path: Path,
    parents: list[int],
    orders: list[str],
    offsets: np.ndarray,
    values: np.ndarray,
    newline: str = "\n",
    indent: str = "  ",
) -> None:
    """A plain BVH, depth first; ``values`` are the channels in that order."""
    lines = ["HIERARCHY"]

    def add(joint: int, depth: int) -> None:
        pad = indent * depth
        children = [child for child, parent in enumerate(parents) if parent == joint]
        lines.append(f"{pad}{'JOINT' if depth else 'ROOT'} j{joint}")
        lines.append(f"{pad}{{")
        lines.append(f"{pad}{indent}OFFSET " + " ".join(f"{v:.6f}" for v in offsets[joint]))
        places = "" if depth else "Xposition Yposition Zposition "
        turns = " ".join(f"{axis}rotation" for axis in orders[joint])
        lines.append(f"{pad}{indent}CHANNELS {3 if depth else 6} {places}{turns}")
        for child in children:
            add(child, depth + 1)
        if not children:
            lines.extend(
                [f"{pad}{indent}End Site", f"{pad}{indent}{{", f"{pad}{indent}OFFSET 0 1 0", f"{pad}{indent}}}"]
            )
        lines.append(f"{pad}}}")

    add(0, 0)
    lines += ["MOTION", f"Frames:\t{len(values)}", "Frame Time:\t0.0333333"]
    lines += ["\t".join(f"{v:.6f}" for v in row) for row in values]
    path.write_bytes((newline.join(lines) + newline).encode())


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_hierarchy_and_channel_order_gives_the_positions_of_pybvh(tmp_path: Path, data: st.DataObject) -> None:
    joints = data.draw(st.integers(2, 8))
    parents = [-1] + [data.draw(st.integers(0, joint - 1)) for joint in range(1, joints)]
    orders = [data.draw(st.sampled_from(ORDERS)) for _ in range(joints)]
    rng = np.random.default_rng(data.draw(st.integers(0, 999)))
    values = rng.uniform(-180, 180, (4, 3 + 3 * joints))
    path = tmp_path / "random.bvh"
    newline, indent = data.draw(st.sampled_from([("\n", "\t"), ("\r\n", "  ")]))
    write_bvh(path, parents, orders, rng.normal(size=(joints, 3)), values, newline, indent)

    ours, theirs = bvh.parse(path), pybvh.read_bvh_file(path)
    index = [ours.names.index(name) for name in theirs.joint_names]
    np.testing.assert_allclose(ours.positions()[:, index], theirs.joint_positions(), atol=1e-5)
    assert ours.frame_time == 0.0333333


PERSON = """HIERARCHY
ROOT Hips
{
	OFFSET 0 0 0
	CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
	LEGS
	JOINT Spine
	{
		OFFSET 0 20 0
		CHANNELS 3 Zrotation Xrotation Yrotation
		JOINT Spine1
		{
			OFFSET 0 15 0
			CHANNELS 3 Zrotation Xrotation Yrotation
			JOINT Neck
			{
				OFFSET 0 20 0
				CHANNELS 3 Zrotation Xrotation Yrotation
				JOINT Head
				{
					OFFSET 0 10 0
					CHANNELS 3 Zrotation Xrotation Yrotation
					End Site
					{
						OFFSET 0 20 0
					}
				}
			}
			ARMS
		}
	}
}
MOTION
"""


def limb(names: list[str], offsets: list[str]) -> str:
    text = ""
    for name, offset in zip(names, offsets, strict=True):
        text += f"JOINT {name}\n{{\nOFFSET {offset}\nCHANNELS 3 Zrotation Xrotation Yrotation\n"
    return text + "End Site\n{\nOFFSET 1 0 1\n}\n" + "}\n" * len(names)


def person(prefix: str = "", frames: int = 2) -> str:
    """A standing Mixamo-like body in centimetres; 22 joints, 69 channels."""
    legs = arms = ""
    for side, sign in (("Left", ""), ("Right", "-")):
        legs += limb(
            [f"{prefix}{side}{bone}" for bone in ("UpLeg", "Leg", "Foot", "ToeBase")],
            [f"{sign}9 -5 0", "0 -40 0", "0 -42 0", "0 -6 12"],
        )
        arms += limb(
            [f"{prefix}{side}{bone}" for bone in ("Shoulder", "Arm", "ForeArm", "Hand")],
            [f"{sign}6 12 0", f"{sign}12 0 0", f"{sign}27 0 0", f"{sign}25 0 0"],
        )
    text = PERSON.replace("\tLEGS\n", legs).replace("\t\t\tARMS\n", arms)
    for name in ("Hips", "Spine1", "Spine", "Neck", "Head"):
        text = text.replace(f" {name}\n", f" {prefix}{name}\n")
    count = text.count("CHANNELS 3")
    row = " ".join(["10 93 5"] + ["0 0 0"] * (count + 1))
    return text + f"Frames: {frames}\nFrame Time: 0.0166667\n" + f"{row}\n" * frames


@pytest.fixture
def person_file(tmp_path: Path) -> Path:
    path = tmp_path / "person.bvh"
    path.write_text(person())
    return path


def test_a_standing_body_in_centimetres(person_file: Path) -> None:
    motion = formats.read(person_file)
    at = dict(zip(HUMANML3D.joints, motion.joints[0], strict=True))
    assert motion.fps == 60
    assert len(motion) == 2
    np.testing.assert_allclose(at["left_hip"], [0.19, 0.88, 0.05], atol=1e-5)
    np.testing.assert_allclose(at["right_foot"], [0.01, 0.00, 0.17], atol=1e-5)
    np.testing.assert_allclose(at["left_wrist"], [0.80, 1.40, 0.05], atol=1e-5)
    np.testing.assert_allclose(at["pelvis"], [0.10, 0.96, 0.05], atol=0.02)
    assert at["pelvis"][1] < at["spine1"][1] < at["spine2"][1] < at["spine3"][1] < at["neck"][1] < at["head"][1]
    assert at["spine3"][0] < at["left_collar"][0] < at["left_shoulder"][0]


@pytest.mark.parametrize(("unit", "metres"), [("m", 1.0), ("mm", 0.001), ("inch", 0.0254), ("cmu", 0.0254 / 0.45)])
def test_units_are_recognised_from_the_legs_and_can_be_given(
    tmp_path: Path, person_file: Path, unit: str, metres: float
) -> None:
    parsed = bvh.parse(person_file)
    text = person_file.read_text()
    for words in {line.strip() for line in text.splitlines() if line.strip().startswith("OFFSET")}:
        scaled = " ".join(f"{float(word) * 0.01 / metres:.9f}" for word in words.split()[1:])
        text = text.replace(f"{words}\n", f"OFFSET  {scaled}\n")
    path = tmp_path / "scaled.bvh"
    path.write_text(text)
    assert parsed.names == bvh.parse(path).names
    for given_unit in (None, unit, metres):
        motion = formats.read(path, unit=given_unit)
        leg = np.linalg.norm(
            motion.joints[0, HUMANML3D.index("left_knee")] - motion.joints[0, HUMANML3D.index("left_hip")]
        )
        assert leg == pytest.approx(0.40, abs=1e-4)
    with pytest.raises(MotionGPTError, match="furlong"):
        formats.read(path, unit="furlong")


def test_legs_of_no_known_unit_ask_for_one(tmp_path: Path) -> None:
    path = tmp_path / "giant.bvh"
    path.write_text(
        person().replace("OFFSET 0 -40 0", "OFFSET 0 -40000 0").replace("OFFSET 0 -42 0", "OFFSET 0 -42000 0")
    )
    with pytest.raises(MotionGPTError, match=r"giant\.bvh.*legs.*unit="):
        formats.read(path)
    assert formats.read(path, unit=1e-5).joints.shape == (2, 22, 3)


@pytest.mark.parametrize("prefix", ["mixamorig:", "mixamorig_", "Bip:"])
def test_names_with_a_namespace(tmp_path: Path, person_file: Path, prefix: str) -> None:
    path = tmp_path / "prefixed.bvh"
    path.write_text(person(prefix))
    np.testing.assert_array_equal(formats.read(path).joints, formats.read(person_file).joints)


def test_a_rest_pose_before_the_recording_is_left_out(tmp_path: Path) -> None:
    text = person(frames=12)
    head, rows = text.split("Frame Time: 0.0166667\n")
    recorded = []
    for i, row in enumerate(rows.splitlines()):
        numbers = row.split()
        if i:
            # Arms down (the arm is the second joint of each arm) and a slow turn of the whole body.
            names = [name for name in bvh.parse(_saved(tmp_path, text)).names if not name.endswith(" end")]
            numbers[3 + 3 * names.index("LeftArm")] = "-80"
            numbers[3 + 3 * names.index("RightArm")] = "80"
            numbers[5] = str(i)
        recorded.append(" ".join(numbers))
    path = tmp_path / "converted.bvh"
    path.write_text(head + "Frame Time: 0.0166667\n" + "\n".join(recorded) + "\n")
    assert len(formats.read(path)) == 11
    assert len(formats.read(path, drop_first_frame=False)) == 12
    assert len(formats.read(path, drop_first_frame=True)) == 11
    np.testing.assert_array_equal(formats.read(path).joints, formats.read(path, drop_first_frame=False).joints[1:])


def _saved(folder: Path, text: str) -> Path:
    path = folder / "saved.bvh"
    path.write_text(text)
    return path


def test_a_body_that_stays_in_t_pose_keeps_its_first_frame(person_file: Path) -> None:
    assert len(formats.read(person_file)) == 2


def test_position_channels_below_the_root_replace_the_offset(tmp_path: Path) -> None:
    text = person(frames=1)
    old = "OFFSET 0 -42 0\nCHANNELS 3 Zrotation"
    assert old in text
    moved = text.replace(old, "OFFSET 0 -42 0\nCHANNELS 6 Xposition Yposition Zposition Zrotation", 1)
    names = [name for name in bvh.parse(_saved(tmp_path, text)).names if not name.endswith(" end")]
    row = text.splitlines()[-1].split()
    at = 3 + 3 * names.index("LeftFoot")
    for place, down in (("0 -30 0", 30), ("0 -42 3", 42)):
        new = " ".join(row[:at] + place.split() + row[at:])
        path = _saved(tmp_path, moved.replace(text.splitlines()[-1], new))
        joints = formats.read(path).joints[0]
        drop = joints[HUMANML3D.index("left_knee"), 1] - joints[HUMANML3D.index("left_ankle"), 1]
        assert drop == pytest.approx(down / 100, abs=1e-5)


def test_position_channels_that_hold_world_positions(tmp_path: Path) -> None:
    text = person(frames=3)
    plain = formats.read(_saved(tmp_path, text), drop_first_frame=False)
    old = "OFFSET 0 20 0\n\t\tCHANNELS 3 Zrotation"
    assert old in text
    rows = text.splitlines()[-3:]
    names = [name for name in bvh.parse(_saved(tmp_path, text)).names if not name.endswith(" end")]
    at = 3 + 3 * names.index("Spine")
    changed = text.replace(old, "OFFSET 0 20 0\n\t\tCHANNELS 6 Xposition Yposition Zposition Zrotation")
    head = changed[: changed.index("Frame Time")] + "Frame Time: 0.0166667\n"
    body = [" ".join([*row.split()[:at], "10", "113", "5", *row.split()[at:]]) for row in rows]
    path = _saved(tmp_path, head + "\n".join(body) + "\n")
    np.testing.assert_allclose(formats.read(path).joints, plain.joints, atol=1e-6)


def test_z_up_is_recognised_and_can_be_given(tmp_path: Path, person_file: Path) -> None:
    expected = formats.read(person_file).joints
    text = person_file.read_text()
    lines = []
    for line in text.splitlines():
        words = line.split()
        if words and words[0] == "OFFSET":
            x, y, z = map(float, words[1:])
            line = f"OFFSET {x} {-z} {y}"
        elif words and words[0] == "10":
            line = line.replace("10 93 5", "10 -5 93")
        lines.append(line)
    path = tmp_path / "z.bvh"
    path.write_text("\n".join(lines) + "\n")
    np.testing.assert_allclose(formats.read(path).joints, expected, atol=1e-5)
    np.testing.assert_allclose(formats.read(path, up="z").joints, expected, atol=1e-5)
    assert formats.read(path, up="y").joints[0, HUMANML3D.index("head"), 2] > 1.3
    with pytest.raises(MotionGPTError, match="up"):
        formats.read(path, up="upwards")


@pytest.mark.parametrize("time", ["", "Frame Time: 0\n"])
def test_a_missing_frame_time_must_be_given(tmp_path: Path, time: str) -> None:
    path = _saved(tmp_path, person().replace("Frame Time: 0.0166667\n", time))
    with pytest.raises(MotionGPTError, match="fps="):
        formats.read(path)
    assert formats.read(path, fps=25).fps == 25


def test_a_wrong_frame_time_can_be_overridden(person_file: Path) -> None:
    assert formats.read(person_file, fps=59.94).fps == 59.94
    with pytest.raises(MotionGPTError, match="frame rate"):
        formats.read(person_file, fps=-1)


@pytest.mark.parametrize(("written", "fps"), [("0.0083333", 120), ("0.00833", 120), ("0.05", 20), ("0.016683", 59.94)])
def test_frame_times_of_few_digits(tmp_path: Path, written: str, fps: float) -> None:
    assert formats.read(_saved(tmp_path, person().replace("0.0166667", written))).fps == pytest.approx(fps, abs=2e-3)


# --- broken files -------------------------------------------------------------------------------------------------


def test_a_file_cut_in_its_frames_says_where(tmp_path: Path) -> None:
    text = person(frames=10)
    lines = text.splitlines()
    for removed, keep_last in ((4, False), (4, True)):
        body = lines[: len(lines) - removed]
        if keep_last:
            body[-1] = " ".join(body[-1].split()[:7])
        path = _saved(tmp_path, "\n".join(body) + "\n")
        complete = 6 - keep_last
        with pytest.raises(MotionGPTError, match=rf"saved\.bvh, line {len(body)}: .*{complete} of 10 frames"):
            formats.read(path)


def test_a_file_cut_in_its_hierarchy(tmp_path: Path) -> None:
    text = person()
    for share in (0.05, 0.2, 0.4):
        with pytest.raises(MotionGPTError, match=r"saved\.bvh, line \d+: "):
            formats.read(_saved(tmp_path, text[: int(len(text) * share)]))


def test_no_frames(tmp_path: Path) -> None:
    text = person(frames=0)
    with pytest.raises(MotionGPTError, match=r"saved\.bvh.*no frames"):
        formats.read(_saved(tmp_path, text))
    with pytest.raises(MotionGPTError, match=r"saved\.bvh.*no frames"):
        formats.read(_saved(tmp_path, text.replace("Frames: 0", "Frames: 30")))


def test_more_rows_than_declared_are_all_read(tmp_path: Path) -> None:
    assert len(formats.read(_saved(tmp_path, person(frames=5).replace("Frames: 5", "Frames: 3")))) == 5


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("HIERARCHY", "SOMETHING", "line 1.*HIERARCHY"),
        ("OFFSET 0 -42 0", "OFFSET 0 -42", r"line \d+.*3 numbers after OFFSET"),
        ("OFFSET 0 -42 0", "OFFSET 0 nan 0", r"line \d+.*3 numbers after OFFSET"),
        ("CHANNELS 3 Zrotation Xrotation Yrotation", "CHANNELS 3 Zrotation Wrotation Yrotation", r"line \d+.*channels"),
        ("JOINT Spine\n", "BONE Spine\n", r"line \d+.*JOINT"),
        ("10 93 5", "10 abc 5", r"line \d+.*numbers of a frame"),
        ("10 93 5", "10 nan 5", r"frame 0.*yposition.*Hips"),
        ("10 93 5", "10 inf 5", r"frame 0.*yposition.*Hips"),
    ],
)
def test_faults_name_their_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = person()
    assert old in text
    with pytest.raises(MotionGPTError, match=rf"saved\.bvh.*{message}"):
        formats.read(_saved(tmp_path, text.replace(old, new, 1)))


def test_joints_of_unknown_names_are_put_in_with_a_remark(tmp_path: Path) -> None:
    text = person().replace("LeftHand", "LeftPaw").replace("JOINT Head", "JOINT Snout")
    reading = formats.inspect(_saved(tmp_path, text))
    assert any("left_wrist" in remark and "head" in remark for remark in reading.remarks)


def test_a_door_is_refused_in_one_sentence(tmp_path: Path) -> None:
    text = """HIERARCHY
ROOT Door { OFFSET 0 0 0 CHANNELS 3 Zrotation Xrotation Yrotation JOINT Handle { OFFSET 0 1 0 CHANNELS 1 Xrotation } }
MOTION
Frames: 1
Frame Time: 0.04
0 0 0 0
"""
    with pytest.raises(MotionGPTError, match=r"saved\.bvh.*of its 2 joints none could be taken for two legs") as caught:
        formats.read(_saved(tmp_path, text))
    assert "\n" not in str(caught.value)


# --- writing ------------------------------------------------------------------------------------------------------


def test_written_and_read_again(tmp_path: Path, moving: Motion) -> None:
    for unit in ("cm", "m", "inch"):
        path = formats.write(moving, tmp_path / f"{unit}.bvh", unit=unit)
        again = formats.read(path)
        assert (len(again), again.fps, again.name) == (60, 20, unit)
        assert np.abs(again.joints - moving.joints).max() < 1e-4


def test_pybvh_sees_the_same_joints_in_the_written_file(tmp_path: Path, moving: Motion) -> None:
    theirs = pybvh.read_bvh_file(formats.write(moving, tmp_path / "out.bvh"))
    index = [theirs.joint_names.index(name) for name in HUMANML3D.joints]
    np.testing.assert_allclose(theirs.joint_positions()[:, index] / 100, moving.joints, atol=1e-4)


def test_the_rest_pose_is_a_t_pose_facing_forward(tmp_path: Path, moving: Motion) -> None:
    parsed = bvh.parse(formats.write(moving, tmp_path / "out.bvh"))
    rest = np.zeros((len(parsed.names), 3))
    for joint, parent in enumerate(parsed.parents):
        if parent >= 0:
            rest[joint] = rest[parent] + parsed.offsets[joint]
    at = dict(zip(parsed.names, rest, strict=True))
    for side, sign in (("left", 1), ("right", -1)):
        arm = at[f"{side}_wrist"] - at[f"{side}_shoulder"]
        assert sign * arm[0] > 0.98 * np.linalg.norm(arm)
        leg = at[f"{side}_hip"] - at[f"{side}_ankle"]
        assert leg[1] > 0.98 * np.linalg.norm(leg)
        assert (at[f"{side}_foot"] - at[f"{side}_ankle"])[2] > 5
        assert np.linalg.norm(at[f"{side}_wrist end"] - at[f"{side}_wrist"]) > 3
        assert at[f"{side}_foot end"][2] > at[f"{side}_foot"][2]
    assert at["head end"][1] > at["head"][1] > at["neck"][1] > at["pelvis"][1]


def test_written_angles_do_not_jump(tmp_path: Path) -> None:
    # Three whole turns about the vertical with the body swinging: wrapped angles would jump by 360 degrees.
    base = chain(rest_offsets(np.array(HUMANML3D.lengths)), HUMANML3D.parents, np.zeros((1, 22, 3)), np.zeros((1, 3)))[
        0
    ]
    turn = Rotation.from_euler(
        "YX", np.stack([np.linspace(0, 1080, 240), 60 * np.sin(np.linspace(0, 9, 240))], 1), True
    )
    joints = np.stack([r.apply(base) for r in turn])
    parsed = bvh.parse(formats.write(Motion(joints), tmp_path / "turns.bvh"))
    steps = np.abs(np.diff(parsed.values[:, 3:], axis=0))
    assert steps.max() < 30


@pytest.mark.parametrize("frames", [1, 3, 12000])
def test_short_and_long_clips(tmp_path: Path, moving: Motion, frames: int) -> None:
    clip = Motion(np.resize(moving.joints, (frames, 22, 3)))
    again = formats.read(formats.write(clip, tmp_path / "clip.bvh"))
    assert len(again) == frames
    assert np.abs(again.joints - clip.joints).max() < 1e-3


def test_changing_bone_lengths_become_constant(tmp_path: Path, moving: Motion) -> None:
    stretched = Motion(moving.joints * np.linspace(0.95, 1.05, 60)[:, None, None].astype(np.float32))
    again = formats.read(formats.write(stretched, tmp_path / "stretched.bvh"))
    lengths = bone_lengths(again.joints)
    np.testing.assert_allclose(lengths, np.broadcast_to(lengths[:1], lengths.shape), atol=1e-5)
    np.testing.assert_allclose(lengths[0], np.median(bone_lengths(stretched.joints), axis=0), atol=1e-4)
    # 5 % of a leg at the most.
    assert np.linalg.norm(again.joints - stretched.joints, axis=-1).max() < 0.05


def test_kit_joints_have_no_rig(tmp_path: Path) -> None:
    with pytest.raises(MotionGPTError, match="22 joints"):
        formats.write(Motion(np.zeros((3, 21, 3)), skeleton=KIT), tmp_path / "kit.bvh")
    assert not (tmp_path / "kit.bvh").exists()


@pytest.mark.parametrize(
    ("names", "hip"), [("smpl", "left_hip"), ("mixamo", "mixamorig:LeftUpLeg"), ("cmu", "LeftUpLeg")]
)
def test_names_of_other_rigs(tmp_path: Path, moving: Motion, names: str, hip: str) -> None:
    path = formats.write(moving, tmp_path / "named.bvh", names=names)
    theirs = pybvh.read_bvh_file(path)
    joints = fit_pose(moving).joints()
    there = theirs.joint_positions()[:, theirs.joint_names.index(hip)] / 100
    np.testing.assert_allclose(there, joints[:, HUMANML3D.index("left_hip")], atol=1e-4)
    # Our own rig is known under any of its names and nothing of it is moved; a foreign one of these names is mapped.
    np.testing.assert_allclose(formats.read(path).joints, joints, atol=1e-4)
    with pytest.raises(MotionGPTError, match="names must be one of smpl, mixamo, cmu"):
        formats.write(moving, path, names="rigify")


def test_a_giant_is_scaled_to_human_size() -> None:
    path = Path(__file__).parents[1] / "cases" / "28-bvh-legs-of-one-and-a-half-metres" / "input.bvh"
    reading = formats.inspect(path)
    hips = reading.motion.joints[:, HUMANML3D.index("pelvis"), 1]
    assert (hips > 0.7).all()
    assert (hips < 1.2).all()
    assert any("--unit" in remark for remark in reading.remarks)
    true_size = formats.inspect(path, unit="cm")
    assert not true_size.remarks
    assert true_size.motion.joints[:, HUMANML3D.index("pelvis"), 1].mean() > 1.4
