"""The recipe of the embedded model: its commands parse, its files are there, its tools work."""

from __future__ import annotations

import gzip
import json
import os
import shlex
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import typer

from motiongpt.cli.app import app
from motiongpt.data.captions import read_sentences
from motiongpt.data.tables import read_rows

ROOT = Path(__file__).resolve().parents[2]
RECIPE = ROOT / "recipes" / "embedded"


def commands(folder: Path, *variables: str) -> list[list[str]]:
    """What ``make model`` would run, word by word."""
    if shutil.which("make") is None:
        pytest.skip("there is no make")
    # Run by ``make test``, this make would be a sub-make and print the folders that it enters and leaves.
    environment = {
        name: value for name, value in os.environ.items() if name not in {"MAKELEVEL", "MAKEFLAGS", "MFLAGS"}
    }
    done = subprocess.run(
        ["make", "-n", "-f", str(RECIPE / "Makefile"), "model", *variables],
        cwd=folder, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [shlex.split(line) for line in done.stdout.replace("\\\n", " ").splitlines()]


def test_every_command_parses_and_its_config_exists(tmp_path: Path) -> None:
    verbs = [words[1:] for words in commands(tmp_path, "RAW=raw") if words[0] == "motiongpt"]
    assert [words[1] for words in verbs if words[0] == "data"] == ["build", "augment", "mine"]
    assert [words[1] for words in verbs].count("self-training") == 2
    assert [words[:2] for words in verbs[-2:]] == [["train", "assemble"], ["library", "build"]]
    configs = set()
    for words in verbs:
        command = typer.main.get_command(app)
        arguments = list(words)
        while hasattr(command, "commands"):
            command = command.commands[arguments.pop(0)]
        # Unknown options and missing arguments raise.
        values = command.make_context("motiongpt", arguments).params
        configs |= {Path(values["config"])} if values.get("config") else set()
        for path in values.get("phrases") or ():
            assert path.is_file()
        if "flat_floor" in values:
            assert values["flat_floor"]
            assert RECIPE / "spans.csv" in values["captions"]
    assert all(path.is_file() for path in configs)
    unused = {path.name for path in RECIPE.glob("*.yaml")} - {path.name for path in configs}
    assert unused == {"scratch-pretrain.yaml", "scratch-instruct.yaml"}


def test_hdm05_can_be_left_out_and_tables_beside_the_trials_come_first(tmp_path: Path) -> None:
    build = commands(tmp_path, "RAW=raw")[0]
    assert "--hdm05" in build
    assert build[build.index("--trials") + 1] == str(RECIPE / "trials.csv")
    (tmp_path / "raw" / "cmu").mkdir(parents=True)
    (tmp_path / "raw" / "cmu" / "trials_mine.csv").write_text("")
    build = commands(tmp_path, "RAW=raw", "HDM05=")[0]
    assert not {"--hdm05", "--trials"} & set(build)
    assert [build[place + 1] for place, word in enumerate(build) if word == "--motions"] == [
        "accad=raw/accad",
        "cc0=raw/cc0",
    ]
    build = commands(tmp_path, "RAW=raw", "HDM05=", "ACCAD=", "CC0=")[0]
    assert "--motions" not in build
    assert build.count("--phrases") == 1


def test_parts_of_recordings_are_short_and_in_trials_of_the_recipe() -> None:
    trials = {row.file for row in read_rows(RECIPE / "trials.csv")}
    rows = read_rows(RECIPE / "spans.csv")
    for row in rows:
        assert row.part
        assert row.end is not None
        # Longer ones are cut into windows, and shorter ones show little.
        assert 16 <= row.end - row.start <= 200, row.where
        assert 2 <= len(row.captions) == len(set(row.captions)), row.where
        assert row.file in trials or row.file.startswith("Male1_"), row.where


@pytest.mark.parametrize("packed", [True, False])
def test_the_caption_table_is_made_from_humanml3d(tmp_path: Path, packed: bool) -> None:
    root = tmp_path / "HumanML3D"
    (root / "HumanML3D" / "texts").mkdir(parents=True)
    lines = ["source_path,start_frame,end_frame,new_name"]
    lines += [f"./pose_data/CMU/80/80_0{number}_poses.npy,5,60,00000{number}.npy" for number in (1, 2, 3)]
    (root / "index.csv").write_text("\n".join(lines) + "\n")
    texts = {
        "000001": "a man walks.#a/DET#0.0#0.0\nhe stops#he/PRON#1.0#2.0\n\nmalformed\n",
        "000002": "he jumps#he/PRON#0.0#0.0\n",
        "000003": "only a part#a/DET#1.0#2.0\n",
    }
    for clip, text in texts.items():
        (root / "HumanML3D" / "texts" / f"{clip}.txt").write_text(text)
    for split, clips in (("train", ["000001", "M000001", "000003"]), ("val", ["000009"]), ("test", ["000002"])):
        (root / "HumanML3D" / f"{split}.txt").write_text("".join(f"{clip}\n" for clip in clips))
    if packed:
        with zipfile.ZipFile(root / "HumanML3D" / "texts.zip", "w") as archive:
            for path in (root / "HumanML3D" / "texts").iterdir():
                archive.write(path, f"texts/{path.name}")
        shutil.rmtree(root / "HumanML3D" / "texts")
    output = tmp_path / "captions.jsonl.gz"
    tool = RECIPE / "tools" / "caption_table.py"
    done = subprocess.run(
        [sys.executable, str(tool), str(root), str(output)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "2 clips\n"
    rows = [json.loads(line) for line in gzip.decompress(output.read_bytes()).splitlines()]
    assert [row["id"] for row in rows] == ["000001", "000002"]
    row, _ = read_rows(output)
    assert (row.file, row.start, row.end, row.split, row.captions) == ("80_01", 5, 60, "train", ("a man walks.",))
    assert read_sentences(output) == ["a man walks"]
