"""Bad input: exit code 2, one sentence that names what is wrong, nothing written."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from motiongpt import Motion

from .conftest import Cli

Refused = Callable[..., str]


def _no_arrays(path: str) -> None:
    np.save(path, np.array([{"joints": 1}], dtype=object), allow_pickle=True)


def _cut_bvh(walk: Motion, path: str) -> None:
    content = walk.save(path).read_text()
    Path(path).write_text(content[: len(content) * 2 // 3])


def _bvh_without_frames(walk: Motion, path: str) -> None:
    head = walk.save(path).read_text().split("Frames:")[0]
    Path(path).write_text(f"{head}Frames: 0\nFrame Time: 0.05\n")


BAD_FILES: dict[str, Callable[[Motion], object]] = {
    "cut.bvh": lambda walk: _cut_bvh(walk, "cut.bvh"),
    "zero.bvh": lambda walk: _bvh_without_frames(walk, "zero.bvh"),
    "nan.npy": lambda walk: np.save("nan.npy", np.where(np.arange(60)[:, None, None] == 7, np.nan, walk.joints)),
    "infinite.npy": lambda walk: np.save("infinite.npy", np.full((60, 22, 3), np.inf)),
    "joints21.npy": lambda walk: np.save("joints21.npy", walk.joints[:, :21]),
    "empty.npy": lambda walk: np.save("empty.npy", walk.joints[:0]),
    "text.npy": lambda walk: Path("text.npy").write_text("frame,joint,x,y,z\n0,0,0,0,0\n"),
    "nothing.npy": lambda walk: Path("nothing.npy").write_bytes(b""),
    "pickled.npy": lambda walk: _no_arrays("pickled.npy"),
    "raw-pickle.npy": lambda walk: Path("raw-pickle.npy").write_bytes(pickle.dumps(print)),
    "cut.npy": lambda walk: Path("cut.npy").write_bytes(walk.save("whole.npy").read_bytes()[:5000]),
    "words.npy": lambda walk: np.save("words.npy", np.array(["a", "b"])),
    "walk.fbx": lambda walk: Path("walk.fbx").write_bytes(b"Kaydara FBX Binary"),
    "folder.npy": lambda walk: Path("folder.npy").mkdir(),
    "missing.npy": lambda walk: None,
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_motion_files(cli: Cli, refused: Refused, walk: Motion, tiny_model_folder: Path, name: str) -> None:
    BAD_FILES[name](walk)
    assert name in refused("convert", name, "made/out.npy")
    model = ("--model", tiny_model_folder)
    beside = cli("describe", walk.save("good.npy"), name, *model)
    # A folder without motions is refused before any file is read.
    assert (beside.code, len(beside.lines), len(beside.err.splitlines())) == (
        (2, 0, 1) if Path(name).is_dir() else (1, 1, 2)
    )
    assert name in beside.err
    assert name in refused("predict", name, "-o", "made/out.npy", *model)
    assert not list(Path("made").iterdir())


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (("",), "empty"),
        (("walks", " \n\t"), "empty"),
        (("a person walks " * 700,), "shorten"),
        (("\ud800",), "Unicode"),
    ],
)
def test_bad_texts(refused: Refused, tiny_model_folder: Path, texts: tuple[str, ...], expected: str) -> None:
    assert expected in refused("generate", *texts, "-o", "made", "--model", tiny_model_folder)
    assert not list(Path("made").iterdir())


@pytest.mark.parametrize(
    "text", ["一个人向前走", "человек машет рукой", "يمشي إلى الأمام", "🕺💃", "a\tb\nc", "-5 steps", "100% </s> <pad>"]
)
def test_unusual_texts_are_texts(cli: Cli, tiny_model_folder: Path, text: str) -> None:
    result = cli("generate", "--frames", 8, "--format", "npy", "--model", tiny_model_folder, "--", text)
    assert result.code == 0, result.err
    assert np.load(result.lines[0]).shape == (8, 22, 3)


def test_short_and_long_clips(cli: Cli, make_walk: Callable[..., Motion], tiny_model_folder: Path) -> None:
    model = ("--model", tiny_model_folder)
    for frames in (1, 3):
        make_walk(frames=frames).save("short.npy")
        assert cli("describe", "short.npy", *model).code == 0
        for verb in ("predict", "inbetween"):
            assert cli(verb, "short.npy", "-o", "out.npy", *model).code == 0
            assert np.load("out.npy").shape == (frames, 22, 3)
        assert cli("convert", "short.npy", "out.npy").code == 0
        assert cli("tokens", "encode", "short.npy", "-o", "codes.npy", *model).code == 0
        assert np.load("codes.npy").shape == (1,)


@pytest.mark.slow
def test_ten_minutes(cli: Cli, refused: Refused, make_walk: Callable[..., Motion], tiny_model_folder: Path) -> None:
    model = ("--model", tiny_model_folder)
    make_walk(frames=12_000).save("long.npy")
    result = cli("describe", "long.npy", *model)
    assert (result.code, len(result.lines)) == (0, 1)
    assert cli("convert", "long.npy", "out.npy").code == 0
    assert np.load("out.npy").shape == (12_000, 22, 3)
    assert cli("predict", "long.npy", "--given", 0.99, "-o", "whole.npy", *model).code == 0
    assert np.load("whole.npy").shape == (12_000, 22, 3)
    assert "seconds" in refused("inbetween", "long.npy", *model)
    assert "seconds" in refused("ask", "Describe <motion>", "--motion", "long.npy", *model)


def test_numbers_out_of_range(refused: Refused, tiny_model_folder: Path, walk_file: Path) -> None:
    def generate(*options: object) -> str:
        return refused("generate", "walks", *options, "-o", "made", "--model", tiny_model_folder)

    for options in (
        ("--seconds", 0), ("--seconds", "nan"), ("--seconds", 1e9), ("--frames", 0), ("--seconds", 1, "--frames", 20),
        ("--min-seconds", 5, "--max-seconds", 3), ("--seconds", 3, "--max-seconds", 3), ("-n", 0), ("--seed", -1),
        ("--temperature", -1), ("--temperature", "nan"), ("--top-p", 0), ("--top-p", 1.5), ("--top-k", -1),
        ("--device", "abacus"), ("--device", "cuda:99"),
    ):  # fmt: skip
        generate(*options)
    assert "usd" in generate("--format", "npy,usd")
    assert "no format" in generate("--format", ",")
    for verb, given in (("predict", "0"), ("predict", "1.1"), ("inbetween", "0.5"), ("inbetween", "0.6,0.6")):
        refused(verb, walk_file, "--given", given, "--model", tiny_model_folder)
    assert "<motion>" in refused("ask", "Describe <motion>", "--model", tiny_model_folder)
    assert not list(Path("made").iterdir())


def test_unwritable_places(refused: Refused, tiny_model_folder: Path, walk_file: Path) -> None:
    Path("file").write_text("")
    for folder in ("file/made", "/proc/made"):
        model = ("--model", tiny_model_folder)
        assert folder in refused("generate", "walks", "-o", folder, *model)
        assert folder in refused("predict", walk_file, "-o", f"{folder}/out.npy", *model)
        assert folder in refused("convert", walk_file, f"{folder}/out.npy")
        assert folder in refused("render", walk_file, "-o", f"{folder}/out.mp4")
        assert folder in refused("tokens", "encode", walk_file, "-o", f"{folder}/out.npy", *model)
    Path("folder.npy").mkdir()
    assert "folder.npy" in refused("convert", walk_file, "folder.npy")
    assert ".obj" in refused("convert", walk_file, "out.obj")
    assert "suffix" in refused("convert", walk_file, "out")


def test_a_failed_command_leaves_the_old_file(refused: Refused, walk: Motion, walk_file: Path) -> None:
    np.save("bad.npy", np.full((5, 22, 3), np.nan))
    before = walk_file.read_bytes()
    refused("convert", "bad.npy", walk_file)
    assert walk_file.read_bytes() == before


def test_damaged_models(refused: Refused, tiny_model_folder: Path, tmp_path: Path, walk_file: Path) -> None:
    def copy(name: str) -> Path:
        shutil.copytree(tiny_model_folder, name)
        return Path(name)

    def described_by(folder: object) -> str:
        return refused("describe", walk_file, "--model", folder)

    shard = copy("corrupted") / "language" / "model.safetensors"
    content = bytearray(shard.read_bytes())
    content[-100] ^= 0xFF
    shard.write_bytes(content)
    assert "corrupted/language/model.safetensors" in described_by("corrupted")
    shard = copy("cut") / "tokenizer" / "model.safetensors"
    shard.write_bytes(shard.read_bytes()[:-100])
    assert "cut/tokenizer/model.safetensors" in described_by("cut")
    (copy("lacking") / "tokenizer" / "model.safetensors").unlink()
    assert "lacking/tokenizer/model.safetensors" in described_by("lacking")
    for part in ("", "tokenizer", "language"):
        path = copy(f"version{part}") / part / "config.json"
        config = json.loads(path.read_text())
        config["format_version"] = 99
        path.write_text(json.dumps(config))
        message = described_by(f"version{part}")
        assert "version 99" in message
        assert str(path) in message
    (copy("unreadable") / "config.json").write_text("{")
    assert "unreadable/config.json" in described_by("unreadable")
    assert "nowhere" in described_by("nowhere")
    assert str(walk_file) in described_by(walk_file)


def test_command_lines_that_make_no_sense(refused: Refused, cli: Cli) -> None:
    assert "--sedes" in refused("generate", "walks", "--sedes", 1)
    assert "dance" in refused("dance")
    assert "TEXT" in refused("generate")
    assert "none" in refused("train", "tokenizer", "--config", "none")
    assert "stage" in refused("train")
    refused("tokens")
    refused("data")
    assert "--seed" in refused("generate", "walks", "--seed", "banana")
