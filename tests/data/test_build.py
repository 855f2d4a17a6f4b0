from __future__ import annotations

import csv
import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from motiongpt.data import build as module
from motiongpt.data.build import BuildReport, build, by_reason
from motiongpt.data.check import check
from motiongpt.data.layout import MotionTextDataset, feature_statistics
from motiongpt.data.recordings import Dropped
from motiongpt.errors import MotionGPTError
from motiongpt.formats import read
from motiongpt.formats.reading import Reading
from motiongpt.motion import HUMANML3D, Motion, features_to_joints, joints_to_features

RECIPE = Path(__file__).resolve().parents[2] / "recipes" / "embedded"
CMU_PHRASES, HDM05_PHRASES = RECIPE / "phrases" / "cmu.yaml", RECIPE / "phrases" / "hdm05.yaml"


def run(raw: Path, out: Path, **options: Any) -> BuildReport:
    options = {"cmu": raw / "cmu", "captions": raw / "captions.jsonl", "workers": 1, "progress": False, **options}
    return build(out=out, **options)


def tree(root: Path) -> dict[str, bytes]:
    """Everything in a data set but the reports, which have times."""
    files = (path for path in sorted(root.rglob("*")) if path.is_file() and not path.name.startswith("report."))
    return {str(path.relative_to(root)): path.read_bytes() for path in files}


def clips(root: Path) -> dict[str, dict[str, str]]:
    with (root / "clips.csv").open(newline="") as handle:
        return {row["id"]: row for row in csv.DictReader(handle)}


def test_builds_a_data_set_that_passes_the_check(raw: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    report = run(raw, out, hdm05=raw / "hdm05")
    assert check(out) == []
    rows = clips(out)
    assert report.clips * 2 == len(rows)
    assert sum(split["clips"] for split in report.splits.values()) == report.clips
    # 2 700 frames of 120 fps are 450 of 20 fps: 100 before and 150 after the captioned clip.
    assert {"000001", "cmu_01_02_00", "cmu_01_02_01", "M000001", "hdm05_bd_squat1Reps_001"} <= set(rows)
    assert (rows["000001"]["start_frame"], rows["000001"]["end_frame"]) == ("100", "300")
    assert (rows["cmu_01_02_01"]["start_frame"], rows["cmu_01_02_01"]["end_frame"]) == ("300", "450")
    assert "000005" not in rows
    for clip, row in rows.items():
        features = np.load(out / "new_joint_vecs" / f"{clip}.npy")
        assert features.shape == (int(row["end_frame"]) - int(row["start_frame"]) - 1, 263)
        assert features.dtype == np.float32
        joints = np.load(out / "new_joints" / f"{clip}.npy")
        np.testing.assert_array_equal(joints, features_to_joints(features))
        assert 0 <= joints[..., 1].min() < 0.03
    assert "CC BY-SA" in rows["hdm05_bd_squat1Reps_001"]["licence"]
    saved = json.loads((out / "report.json").read_text())
    assert saved["clips"] == report.clips
    assert "| train |" in (out / "report.md").read_text()


def test_captions_come_from_rows_descriptions_and_labels(raw: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    report = run(raw, out, hdm05=raw / "hdm05", phrases=[CMU_PHRASES, HDM05_PHRASES])
    rows = clips(out)

    def texts(clip: str) -> list[str]:
        return [line.split("#")[0] for line in (out / "texts" / f"{clip}.txt").read_text().splitlines()]

    assert report.unphrased == {}

    assert texts("000001") == ["a man walks."]
    assert texts("M000003") == ["a walk", "he walks right"]
    # "walk" is true of every part of a long walk; "sit, stand up, wave" is true of the whole only.
    assert rows["cmu_01_02_00"]["caption_source"] == "description"
    assert any("walk" in text for text in texts("cmu_01_02_00"))
    assert rows["cmu_01_03_00"]["caption_source"] == "none"
    assert texts("cmu_01_03_00") == []
    assert any("squat" in text for text in texts("hdm05_bd_squat1Reps_001"))


def test_descriptions_give_no_captions_without_a_phrase_list(raw: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    report = run(raw, out, hdm05=raw / "hdm05", phrases=[HDM05_PHRASES])
    assert set(report.words) == {"humanml3d", "label", "none"}
    assert report.unphrased == {"cmu": report.words["none"]}
    advice = f"{report.words['none']} clips of cmu have a description but no captions: pass a phrase list of cmu."
    assert report.advice == [advice]
    assert advice in (out / "report.md").read_text()
    # With one, these recordings are built again.
    again = run(raw, out, hdm05=raw / "hdm05", phrases=[HDM05_PHRASES, CMU_PHRASES])
    assert 0 < again.resumed < again.trials
    assert again.words["description"] > 0


def test_phrase_lists_that_fit_nothing_are_refused(raw: Path, tmp_path: Path) -> None:
    with pytest.raises(MotionGPTError, match="phrase list for hdm05, but no recording of hdm05"):
        run(raw, tmp_path / "out", phrases=[CMU_PHRASES, HDM05_PHRASES])
    with pytest.raises(MotionGPTError, match="second phrase list for cmu"):
        run(raw, tmp_path / "out", phrases=[CMU_PHRASES, CMU_PHRASES])
    assert not (tmp_path / "out").exists()


def test_mirrored_features_are_features_of_mirrored_joints(raw: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(raw, out)
    source = read(raw / "cmu" / "01" / "01_02.amc", fps=120.0)
    joints = source.resample(20.0).retargeted().joints[100:300]
    swapped = [HUMANML3D.index(_other_side(name)) for name in HUMANML3D.joints]
    mirrored = joints[:, swapped] * np.array([-1.0, 1.0, 1.0])
    stored = np.load(out / "new_joint_vecs" / "M000001.npy")
    np.testing.assert_allclose(stored, joints_to_features(mirrored), atol=1e-5)
    np.testing.assert_allclose(np.load(out / "new_joint_vecs" / "000001.npy"), joints_to_features(joints), atol=1e-5)


def _other_side(name: str) -> str:
    return name.replace("left", "LEFT").replace("right", "left").replace("LEFT", "right")


def test_splits_keep_recordings_twins_and_mirrors_together(raw: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(raw, out, hdm05=raw / "hdm05")
    rows = clips(out)
    homes: dict[str, set[str]] = {}
    for row in rows.values():
        homes.setdefault(row["capture"], set()).add(row["split"])
    assert all(len(splits) == 1 for splits in homes.values())
    assert rows["cmu_01_03_00"]["split"] == rows["000002"]["split"] == "test"
    # 02_02 is the same recording as 02_01, which HumanML3D has in val.
    assert rows["cmu_02_02_00"]["split"] == rows["000003"]["split"] == rows["M000003"]["split"] == "val"


def test_workers_do_not_change_the_result(raw: Path, tmp_path: Path) -> None:
    run(raw, tmp_path / "one", hdm05=raw / "hdm05", workers=1)
    run(raw, tmp_path / "two", hdm05=raw / "hdm05", workers=2)
    assert tree(tmp_path / "one") == tree(tmp_path / "two")


def test_an_interrupted_build_resumes(raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(raw, tmp_path / "straight")
    out = tmp_path / "interrupted"
    original, calls = module._write_clip, []

    def interrupted(*arguments: Any) -> np.ndarray:
        calls.append(arguments)
        if len(calls) == 8:
            raise KeyboardInterrupt
        return original(*arguments)

    monkeypatch.setattr(module, "_write_clip", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(raw, out)
    assert not (out / "train.txt").exists()
    monkeypatch.undo()
    report = run(raw, out)
    assert 0 < report.resumed < report.trials
    assert tree(out) == tree(tmp_path / "straight")
    assert run(raw, out).resumed == report.trials
    assert tree(out) == tree(tmp_path / "straight")


def test_changed_input_is_built_again_and_what_is_gone_is_removed(raw: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(raw, out, hdm05=raw / "hdm05")
    source = raw / "cmu" / "01" / "01_01.amc"
    source.write_text((raw / "cmu" / "02" / "02_03.amc").read_text())
    report = run(raw, out)
    assert report.resumed == report.trials - 1
    assert not list((out / "texts").glob("*hdm05*"))
    run(raw, tmp_path / "fresh")
    kept = {name: content for name, content in tree(out).items() if not name.startswith(".build")}
    assert kept == {
        name: content for name, content in tree(tmp_path / "fresh").items() if not name.startswith(".build")
    }


def test_bad_files_are_named_and_left_out(raw: Path, tmp_path: Path) -> None:
    (raw / "cmu" / "01" / "01_01.amc").write_text("not motion at all")
    cut = (raw / "cmu" / "02" / "02_02.amc").read_text()
    (raw / "cmu" / "02" / "02_02.amc").write_text(cut[: len(cut) // 2])
    (raw / "cmu" / "02" / "02_03.amc").unlink()
    report = run(raw, tmp_path / "out")
    dropped = {entry.what: entry.why for entry in report.dropped}
    assert "01_01.amc" in dropped["01_01"]
    assert "02_02.amc" in dropped["02_02"]
    assert "trials.csv" in dropped["02_03"]
    assert report.trials_used == 3
    assert check(tmp_path / "out") == []
    assert "01_01" in (tmp_path / "out" / "report.md").read_text()


def test_a_reader_that_fails_in_its_own_way_does_not_stop_the_build(
    raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = module._build_recording

    def fragile(recording: Any, *rest: Any) -> None:
        if recording.id == "01_01":
            raise IndexError("list index out of range")
        original(recording, *rest)

    monkeypatch.setattr(module, "_build_recording", fragile)
    report = run(raw, tmp_path / "out")
    assert any(entry.what == "01_01" and "IndexError" in entry.why for entry in report.dropped)


def test_nothing_usable_is_an_error(raw: Path, tmp_path: Path) -> None:
    for path in (raw / "cmu").rglob("*.amc"):
        path.write_text("")
    with pytest.raises(MotionGPTError, match="None of the 6 recordings"):
        run(raw, tmp_path / "out")


def test_rows_outside_the_recording_are_dropped_or_shortened(raw: Path, tmp_path: Path) -> None:
    rows = [
        {"id": "000010", "trial": "02_01", "start_frame": 10, "end_frame": 60, "split": "train", "captions": ["a"]},
        {"id": "000011", "trial": "02_01", "start_frame": 44, "end_frame": 70, "split": "train", "captions": ["b"]},
        {"id": "000012", "trial": "02_01", "start_frame": 0, "end_frame": 4, "split": "train", "captions": ["c"]},
    ]
    lines = [json.dumps({"source": "CMU/02/02_01_poses.npy", **row}) for row in rows]
    (raw / "captions.jsonl").write_text("\n".join(lines))
    report = run(raw, tmp_path / "out")
    found = clips(tmp_path / "out")
    assert found["000010"]["end_frame"] == "50"
    assert "shortened from 10:60" in found["000010"]["note"]
    dropped = {entry.what: entry.why for entry in report.dropped}
    assert "02_01" in dropped["000011"]
    assert "shorter" in dropped["000012"]


def test_captions_that_end_at_twice_the_length_halve_the_frame_rate(raw: Path, tmp_path: Path) -> None:
    row = {
        "id": "000010",
        "trial": "02_03",
        "start_frame": 0,
        "end_frame": 80,
        "split": "train",
        "captions": ["a walk"],
    }
    (raw / "captions.jsonl").write_text(json.dumps({"source": "", **row}))
    report = run(raw, tmp_path / "out")
    found = clips(tmp_path / "out")["000010"]
    assert (found["source_fps"], found["end_frame"]) == ("60", "80")
    assert any(entry.what == "02_03" and "60 fps" in entry.why for entry in report.notes)


def test_falling_faster_than_anything_falls_halves_the_frame_rate() -> None:
    assert module._double_rate(_hopping(fps=120.0), 0, ()) == ""
    mislabelled = _hopping(fps=60.0)
    mislabelled.fps = 120.0
    assert "falls" in module._double_rate(mislabelled, 0, ())


def _hopping(fps: float) -> Motion:
    """A stiff body that leaves the ground at 2 m/s, flies under gravity and lands for 0.15 s, again and again."""
    flight, ground = 2 * 2.0 / 9.81, 0.15
    time = (np.arange(int(4 * fps)) / fps) % (flight + ground)
    flying = 2.0 * time - 9.81 / 2 * time**2
    standing = -2.0 * ground / np.pi * np.sin(np.pi * (time - flight) / ground)
    joints = np.zeros((len(time), 22, 3))
    joints[..., 1] = 1 + np.where(time < flight, flying, standing)[:, None]
    return Motion(joints, fps=fps)


def test_spoilt_first_frames_are_not_used(raw: Path, tmp_path: Path) -> None:
    path = raw / "cmu" / "01" / "01_01.amc"
    lines = path.read_text().splitlines()
    # A converter's pose in the first frame: both arms straight up.
    for index in range(lines.index("1"), lines.index("2")):
        if lines[index].startswith(("lhumerus", "rhumerus")):
            lines[index] = lines[index].split()[0] + " 180 0 0"
    path.write_text("\n".join(lines) + "\n")
    run(raw, tmp_path / "out")
    row = clips(tmp_path / "out")["cmu_01_01_00"]
    assert row["start_frame"] == "1"
    joints = np.load(tmp_path / "out" / "new_joints" / "cmu_01_01_00.npy")
    assert joints[0, HUMANML3D.index("left_wrist"), 1] < 1.2


def test_a_body_that_jumps_is_dropped(raw: Path, tmp_path: Path) -> None:
    path = raw / "cmu" / "01" / "01_01.amc"
    lines = path.read_text().splitlines()
    at = lines.index("200")
    for index in range(at, len(lines)):
        if lines[index].startswith("root"):
            parts = lines[index].split()
            lines[index] = " ".join([parts[0], str(float(parts[1]) + 60), *parts[2:]])
    path.write_text("\n".join(lines) + "\n")
    report = run(raw, tmp_path / "out")
    assert any(entry.what == "cmu_01_01_00" and "jumps" in entry.why for entry in report.dropped)


def test_reads_the_archive_users_download(raw: Path, tmp_path: Path) -> None:
    packed = tmp_path / "packed"
    packed.mkdir()
    with tarfile.open(packed / "trials.tar.xz", "w:xz") as tar:
        tar.add(raw / "cmu" / "01", "cmu/01")
        tar.add(raw / "cmu" / "02", "cmu/02")
    (packed / "trials.csv").write_bytes((raw / "cmu" / "trials.csv").read_bytes())
    run(raw, tmp_path / "folder")
    run(raw, tmp_path / "archive", cmu=packed)
    assert tree(tmp_path / "archive") == tree(tmp_path / "folder")
    assert not (tmp_path / "archive" / ".cache").exists()


def test_reads_several_archives_with_their_tables(raw: Path, tmp_path: Path) -> None:
    packed = tmp_path / "packed"
    packed.mkdir()
    lines = (raw / "cmu" / "trials.csv").read_text().splitlines()
    for name, subject in (("trials", "01"), ("trials_more", "02")):
        with tarfile.open(packed / f"{name}.tar.xz", "w:xz") as tar:
            tar.add(raw / "cmu" / subject, f"cmu/{subject}")
        rows = [line for line in lines[1:] if line.startswith(subject)]
        (packed / f"{name}.csv").write_text("\n".join([lines[0], *rows]) + "\n")
    run(raw, tmp_path / "folder")
    report = run(raw, tmp_path / "archives", cmu=packed)
    assert report.trials == report.trials_used == 6
    assert tree(tmp_path / "archives") == tree(tmp_path / "folder")


def test_an_archive_cannot_write_outside(raw: Path, tmp_path: Path) -> None:
    packed = tmp_path / "packed"
    packed.mkdir()
    with tarfile.open(packed / "evil.tar", "w") as tar:
        tar.add(raw / "cmu" / "01", "cmu/01")
        tar.add(raw / "captions.jsonl", "../../escaped.amc")
    build(cmu=packed, out=tmp_path / "deep" / "out", workers=1, progress=False)
    assert not list(tmp_path.rglob("escaped.amc"))


def test_works_on_plain_folders_without_tables(raw: Path, tmp_path: Path) -> None:
    (raw / "cmu" / "trials.csv").unlink()
    report = build(cmu=raw / "cmu", out=tmp_path / "out", workers=1, progress=False)
    assert report.trials_used == 6
    assert report.words == {"none": report.clips}
    assert clips(tmp_path / "out")["cmu_01_01_00"]["source_fps"] == "120"


def test_wrong_requests_are_one_sentence(raw: Path, tmp_path: Path) -> None:
    with pytest.raises(MotionGPTError, match="Give raw motion"):
        build(out=tmp_path / "out")
    with pytest.raises(MotionGPTError, match="no folder"):
        run(raw, tmp_path / "out", cmu=tmp_path / "nowhere")
    with pytest.raises(MotionGPTError, match="holds no CMU trials"):
        run(raw, tmp_path / "out", cmu=raw / "hdm05")
    with pytest.raises(MotionGPTError, match="holds no HDM05 cuts"):
        run(raw, tmp_path / "out", hdm05=raw / "cmu")
    with pytest.raises(MotionGPTError, match="workers"):
        run(raw, tmp_path / "out", workers=0)
    (raw / "cmu" / "trials.csv").write_text("trial,true_fps,capture,description\n01_01,fast,01_01,walk\n")
    with pytest.raises(MotionGPTError, match=r"row 2.*'fast'"):
        run(raw, tmp_path / "out")
    (raw / "cmu" / "trials.csv").write_text("name,fps\n")
    with pytest.raises(MotionGPTError, match=r"no column file \(or trial\)"):
        run(raw, tmp_path / "out")
    foreign = tmp_path / "foreign"
    (foreign / "new_joint_vecs").mkdir(parents=True)
    with pytest.raises(MotionGPTError, match="already holds a data set that this command has not written"):
        run(raw, foreign)


def test_deviation_is_averaged_inside_blocks(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    features = (rng.standard_normal((50, 263)) * np.arange(1, 264) + 3).astype(np.float32)
    features[:, 259:] = 1
    np.save(tmp_path / "a.npy", features[:20])
    np.save(tmp_path / "b.npy", features[20:])
    mean, std = feature_statistics([tmp_path / "a.npy", tmp_path / "b.npy"])
    np.testing.assert_allclose(mean, features.mean(0), rtol=1e-5, atol=1e-5)
    for start, stop in ((0, 1), (1, 3), (3, 4), (4, 67), (67, 193), (193, 259)):
        np.testing.assert_allclose(std[start:stop], features[:, start:stop].std(0).mean(), rtol=1e-5)
    assert (std[259:] == 1).all()


@pytest.mark.slow
def test_real_recordings(shared_dir: Path, tmp_path: Path) -> None:
    raw = tmp_path / "cmu"
    wanted = {"02_01.bvh", "02_03.bvh"}
    with tarfile.open(shared_dir / "data" / "cmu" / "trials.tar.xz", "r|xz") as tar:
        for member in tar:
            name = Path(member.name).name
            if name in wanted:
                raw.mkdir(exist_ok=True)
                (raw / name).write_bytes(tar.extractfile(member).read())
                wanted.remove(name)
            if not wanted:
                break
    hdm05 = tmp_path / "hdm05"
    hdm05.mkdir()
    with tarfile.open(shared_dir / "data" / "hdm05" / "cuts.tar.xz") as tar:
        for member in tar:
            name = Path(member.name).name
            if name == "HDM_bd.asf" or name.startswith(("HDM_bd_kickLFront", "HDM_bd_grabHighR")):
                (hdm05 / name).write_bytes(tar.extractfile(member).read())
    out = tmp_path / "out"
    build(
        cmu=raw,
        trials=_without(shared_dir / "data" / "cmu" / "trials.csv", raw, tmp_path / "trials.csv"),
        captions=shared_dir / "data" / "captions" / "humanml3d.jsonl.gz",
        hdm05=hdm05,
        out=out,
        workers=1,
        progress=False,
    )
    assert [problem for problem in check(out) if problem.kind != "layout"] == []
    walk = [row for row in clips(out).values() if row["trial"] == "02_01" and row["mirrored"] == "0"]
    joints = np.load(out / "new_joints" / f"{walk[0]['id']}.npy")
    assert joints[-1, 0, 2] > 1.5
    left, right = HUMANML3D.index("left_foot"), HUMANML3D.index("right_foot")
    for row in clips(out).values():
        joints = np.load(out / "new_joints" / f"{row['id']}.npy")
        assert 0.8 < joints[0, 0, 1] < 1.1
        mirrored = row["mirrored"] == "1"
        if "kickLFront" in row["id"]:
            kicks, stands = (right, left) if mirrored else (left, right)
            assert joints[:, kicks, 1].max() > joints[:, stands, 1].max() + 0.3
        if "grabHighR" in row["id"]:
            grabs = HUMANML3D.index("left_wrist" if mirrored else "right_wrist")
            assert joints[:, grabs, 1].max() > joints[:, HUMANML3D.index("head"), 1].max() - 0.1


def _without(table: Path, folder: Path, target: Path) -> Path:
    """The rows of a table of trials whose files are in a folder."""
    names = {path.stem for path in folder.iterdir()}
    lines = table.read_text().splitlines()
    target.write_text("\n".join([lines[0], *(line for line in lines[1:] if line.split(",")[0] in names)]) + "\n")
    return target


def test_dataset_reads_what_was_built(raw: Path, tmp_path: Path) -> None:
    run(raw, tmp_path / "out")
    dataset = MotionTextDataset(tmp_path / "out", "train", captioned=True)
    assert "000001" in dataset.ids
    assert dataset.problems == []


def _own(folder: Path, walk: Any, *names: str) -> Path:
    for number, name in enumerate(names):
        walk(frames=60 + 5 * number, speed=0.8 + 0.1 * number).save(folder / name)
    return folder


def test_a_folder_of_any_format(make_walk: Any, tmp_path: Path) -> None:
    folder = _own(tmp_path / "own", make_walk, "walk_left.bvh", "b/Hop.glb", "wave.csv", "joints.npy", "long.bvh")
    make_walk(frames=500).save(folder / "long.bvh")
    np.save(folder / "kit.npy", np.random.default_rng(0).normal(size=(30, 21, 3)))
    (folder / "captions.csv").write_text(
        "file,caption,start,end,split,fps\n"
        "hop,a person hops,,,val,\nlong,a person bows,0,2,,\nlong,a person sits down,2,25,,\nwave,,,,,10\ngone,a,,,,\n"
    )
    out = tmp_path / "out"
    options = {"motions": {"own": [folder]}, "captions": folder / "captions.csv", "workers": 1, "progress": False}
    report = build(out=out, **options)
    assert check(out) == []
    rows = clips(out)
    originals = {name: row for name, row in rows.items() if row["mirrored"] == "0"}
    assert {name: (row["caption_source"], row["frames"]) for name, row in originals.items() if "long" not in name} == {
        "own_b_Hop_00": ("table", "64"),
        "own_joints_00": ("file name", "74"),
        "own_walk_left_00": ("file name", "59"),
        # At 10 fps it lasts twice as long.
        "own_wave_00": ("file name", "138"),
    }
    assert originals["own_b_Hop_00"]["split"] == "val"
    assert {row["split"] for row in rows.values()} == {"train", "val", "test"}
    assert rows["own_long_00000_00040"]["captions"] == "1"
    assert len({row["split"] for row in rows.values() if row["trial"] == "long"}) == 1
    # 23 s of sitting down in windows of 10 s would each be called "sits down".
    dropped = {entry.what: entry.why for entry in report.dropped}
    assert "start and end" in dropped["captions of long"]
    assert "no such file" in dropped["gone"]
    assert "kit" in dropped
    assert (out / "texts" / "Mown_walk_left_00.txt").read_text().startswith("walk right#")
    assert "3 clips have no captions" in report.advice[0]
    assert "captions of 3 clips are the words of file names" in report.advice[1]
    again = build(out=out, **options)
    assert again.resumed == report.trials == 6


def test_each_animation_of_a_file_is_a_recording(
    make_walk: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = _own(tmp_path / "own", make_walk, "moves.glb", "one.glb")
    names = ("Hop_Left", "Bow", "Broken")

    def inspect(path: Path, **options: Any) -> Reading:
        clip = options.get("clip", names[0])
        if clip == "Broken":
            raise MotionGPTError("Broken cannot be read.")
        motion = make_walk(frames=50 + 10 * names.index(clip))
        return Reading(motion, clips=names, clip=clip, remarks=("It is in centimetres.",))

    monkeypatch.setattr(module.formats, "inspect", inspect)
    (folder / "captions.csv").write_text("file,clip,caption\none,Bow,a person bows\n")
    options = {"motions": {"own": [folder]}, "captions": folder / "captions.csv", "workers": 1, "progress": False}
    report = build(out=tmp_path / "out", **options)
    rows = {name: row for name, row in clips(tmp_path / "out").items() if row["mirrored"] == "0"}
    assert {name: row["frames"] for name, row in rows.items()} == {
        "own_moves_Hop_Left_00": "49",
        "own_moves_Bow_00": "59",
        "own_one_Bow_00": "59",
    }
    assert len({row["capture"] for row in rows.values()}) == 3
    assert (tmp_path / "out" / "texts" / "own_moves_Hop_Left_00.txt").read_text().startswith("hop left#")
    assert (tmp_path / "out" / "texts" / "own_one_Bow_00.txt").read_text().startswith("a person bows#")
    assert [(entry.what, entry.why) for entry in report.dropped] == [("moves_Broken", "Broken cannot be read.")]
    remarks = [entry for entry in report.notes if "centimetres" in entry.why]
    assert len(remarks) == 3
    lines = [line for line in (tmp_path / "out" / "report.md").read_text().splitlines() if "centimetres" in line]
    assert lines == ["- moves_Hop_Left, moves_Bow, one_Bow: It is in centimetres."]


def test_a_phrase_list_may_leave_out_animations(
    make_walk: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = _own(tmp_path / "own", make_walk, "moves.glb")
    frames = {"Bow": 50, "Hop": 12, "Spawn": 50}

    def inspect(path: Path, **options: Any) -> Reading:
        clip = options.get("clip", "Bow")
        return Reading(make_walk(frames=frames[clip]), clips=tuple(frames), clip=clip)

    monkeypatch.setattr(module.formats, "inspect", inspect)
    phrases = tmp_path / "list.yaml"
    phrases.write_text(
        "source: own\nsubjects: [a person]\nonly: true\nmin_seconds: 0.75\nwhole: {bow: [bows], hop: [hops]}\n"
    )
    options = {"motions": {"own": [folder]}, "phrases": phrases, "workers": 1, "progress": False}
    report = build(out=tmp_path / "out", **options)
    assert set(clips(tmp_path / "out")) == {"own_moves_Bow_00", "Mown_moves_Bow_00"}
    assert (tmp_path / "out" / "texts" / "own_moves_Bow_00.txt").read_text().startswith("a person bows#")
    assert {entry.what: entry.why for entry in report.dropped} == {
        "moves_Hop": "shorter than the 0.75 s of the phrase list",
        "moves_Spawn": "the phrase list of own leaves it out",
    }
    # Another list gives other captions.
    phrases.write_text(phrases.read_text().replace("[bows]", "[bends]"))
    build(out=tmp_path / "out", **options)
    assert (tmp_path / "out" / "texts" / "own_moves_Bow_00.txt").read_text().startswith("a person bends#")


def test_clips_on_stairs_are_marked_and_can_be_left_out(make_walk: Any, tmp_path: Path) -> None:
    folder = _own(tmp_path / "own", make_walk, "walk.npy", "more.npy", "again.npy")
    walk = make_walk(frames=120).joints
    time = np.arange(120)
    # Up two steps of 25 cm, one after 2 s and one after 4 s; and a leap, in the air for 0.7 s.
    stairs, leap = walk.copy(), walk.copy()
    stairs[..., 1] += (0.25 * (np.clip((time - 40) / 8, 0, 1) + np.clip((time - 80) / 8, 0, 1)))[:, None]
    flight = np.clip((time - 40) / 14, 0, 1)
    leap[..., 1] += (2.4 * flight * (1 - flight))[:, None]
    np.save(folder / "stairs.npy", stairs)
    np.save(folder / "leap.npy", leap)
    options = {"motions": {"own": [folder]}, "workers": 1, "progress": False}
    report = build(out=tmp_path / "out", **options)
    assert {name: row["floor"] for name, row in clips(tmp_path / "out").items() if row["mirrored"] == "0"} == {
        "own_walk_00": "flat",
        "own_more_00": "flat",
        "own_again_00": "flat",
        "own_leap_00": "flat",
        "own_stairs_00": "uneven",
    }
    assert report.uneven == 1
    assert "1 clips leave the flat floor" in (tmp_path / "out" / "report.md").read_text()
    for resumed in (0, 5):
        report = build(out=tmp_path / "flat", flat_floor=True, **options)
        assert report.resumed == resumed
        assert not any("stairs" in name for name in clips(tmp_path / "flat"))
        assert ("own_stairs_00", "the body rests on something above the floor") in {
            (entry.what, entry.why) for entry in report.dropped
        }


def test_who_stands_is_not_called_walking(make_walk: Any, tmp_path: Path) -> None:
    folder = _own(tmp_path / "own", make_walk, "a.npy", "b.npy", "c.npy")
    joints = make_walk(frames=400).joints
    # The second half stands still where the first one ends.
    joints[200:] = joints[199]
    np.save(folder / "sad_walk.npy", joints)
    phrases = tmp_path / "list.yaml"
    phrases.write_text("source: own\nsubjects: [a person]\nwhole: {'own: sad walk': [walks sadly, limps along]}\n")
    report = build(out=tmp_path / "out", motions={"own": [folder]}, phrases=phrases, workers=1, progress=False)
    rows = clips(tmp_path / "out")
    assert [(rows[f"own_sad_walk_0{k}"]["caption_source"], rows[f"own_sad_walk_0{k}"]["captions"]) for k in (0, 1)] == [
        ("description", "2"),
        ("none", "0"),
    ]
    assert [entry.what for entry in report.dropped if "stays" in entry.why] == ["captions of own_sad_walk_01"]


def test_options_are_of_the_files_of_a_folder(make_walk: Any, raw: Path, tmp_path: Path) -> None:
    folder = _own(tmp_path / "own", make_walk, "walk.csv", "run.csv", "hop.csv")
    with pytest.raises(MotionGPTError, match="give it too"):
        run(raw, tmp_path / "out", options={"fps": 30.0})
    with pytest.raises(MotionGPTError, match=r"would last 19 hours at 0\.001 frames.*--fps"):
        build(out=tmp_path / "slow", motions={"own": [folder]}, options={"fps": 0.001}, workers=1, progress=False)
    # The data set may be in the folder of the recordings; its own files are none.
    out = folder / "set"
    for expected in (0, 3):
        report = build(out=out, motions={"own": [folder]}, options={"fps": 10.0}, workers=1, progress=False)
        assert (report.trials, report.resumed) == (3, expected)
    assert {row["source_fps"] for row in clips(out).values()} == {"10"}


def test_the_same_reason_is_told_once() -> None:
    entries = [Dropped(f"clip {number}", f"shorter than 10 frames ({number})") for number in range(7)]
    entries += [Dropped("b", "it jumps"), Dropped("a", "it jumps")]
    assert len(by_reason(entries)) == 8
    assert by_reason(entries)[-1] == "b, a: it jumps"
    assert by_reason(entries, short=True) == [
        "clip 0, clip 1, clip 2, clip 3, clip 4 and 2 more: shorter than 10 frames (0)",
        "b, a: it jumps",
    ]
