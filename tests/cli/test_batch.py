"""batch: a list in, numbered results and a manifest out, bad lines named, finished results kept."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from motiongpt import Motion, MotionGPT

from .conftest import Cli


def _manifest(folder: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(folder, "manifest.jsonl").read_text(encoding="utf-8").splitlines()]


def _names(folder: str) -> list[str]:
    return sorted(path.name for path in Path(folder).iterdir())


def test_sentences(cli: Cli, tiny_model_folder: Path) -> None:
    # As editors on Windows write it: with a byte order mark and CRLF.
    Path("list.txt").write_bytes("\ufeffa person walks\r\n\r\n  jumps # twice\r\nsits#nowhere.npy\r\n".encode())
    result = cli("batch", "list.txt", "--task", "t2m", "-n", 2, "--seed", 5, "-o", "out", "--model", tiny_model_folder)
    assert result.code == 0, result.err
    assert result.lines == ["out/manifest.jsonl"]
    assert _names("out") == [
        *(f"{line:04d}_{sample}.npy" for line in (0, 2, 3) for sample in (0, 1)),
        "manifest.jsonl",
    ]
    entries = _manifest("out")
    assert [(entry["line"], entry["sample"]) for entry in entries] == [(0, 0), (0, 1), (2, 0), (2, 1), (3, 0), (3, 1)]
    assert [entry["text"] for entry in entries[::2]] == ["a person walks", "jumps # twice", "sits"]
    model = MotionGPT.from_pretrained(tiny_model_folder)
    for entry in entries:
        joints = np.load(Path("out", entry["output"]))
        assert joints.shape == (entry["frames"], 22, 3)
        assert entry["fps"] == 20
        assert entry["seed"] == 5
        # The manifest says how to get the same motion again.
        again = model.generate(entry["text"], n=entry["sample"] + 1, seed=entry["seed"])[entry["sample"]]
        np.testing.assert_allclose(joints, again.joints, atol=1e-5)


def test_a_bad_line_is_named_and_the_rest_is_done(cli: Cli, tiny_model_folder: Path) -> None:
    Path("list.txt").write_text("walks\n" + "jumps " * 2000 + "\n#a.npy\nsits\n")
    result = cli("batch", "list.txt", "--task", "t2m", "-o", "out", "--model", tiny_model_folder)
    assert result.code == 1
    assert _names("out") == ["0000_0.npy", "0003_0.npy", "manifest.jsonl"]
    errors = [line for line in result.err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 2
    assert errors[0].startswith("error: list.txt line 2 (output 0001): ")
    assert "shorten" in errors[0]
    assert errors[1].startswith("error: list.txt line 3 (output 0002): ")
    failures = [entry for entry in _manifest("out") if "error" in entry]
    assert [entry["line"] for entry in failures] == [1, 2]


@pytest.mark.parametrize("task", ["m2t", "pred", "inbetween"])
def test_motions(cli: Cli, tiny_model_folder: Path, walk: Motion, task: str) -> None:
    walk.save("lists/beside.npy")
    walk.save("here.bvh")
    Path("lists/broken.npy").write_text("no array")
    Path("lists/list.txt").write_text("beside.npy\nA text # beside.npy\n\nbroken.npy\nmissing.npy\nhere.bvh\n")
    result = cli("batch", "lists/list.txt", "--task", task, "-o", "out", "--model", tiny_model_folder)
    suffix = ".txt" if task == "m2t" else ".npy"
    assert _names("out") == [f"{line:04d}_0{suffix}" for line in (0, 1, 5)] + ["manifest.jsonl"]
    assert result.code == 1
    errors = [line for line in result.err.splitlines() if line.startswith("error: ")]
    assert ["line 4" in errors[0], "line 5" in errors[1], len(errors)] == [True, True, 2]
    assert "broken.npy" in errors[0]
    assert "missing.npy" in errors[1]
    entries = [entry for entry in _manifest("out") if "error" not in entry]
    assert [entry["text"] for entry in entries] == ["", "A text", ""]
    assert [entry["file"] for entry in entries] == ["beside.npy", "beside.npy", "here.bvh"]
    model = MotionGPT.from_pretrained(tiny_model_folder)
    if task == "m2t":
        caption = Path("out/0000_0.txt").read_text().rstrip("\n")
        assert caption == model.describe(walk) == entries[0]["caption"]
    else:
        complete = model.predict if task == "pred" else model.inbetween
        np.testing.assert_allclose(np.load("out/0000_0.npy"), complete(walk, seed=0).joints, atol=1e-5)


@pytest.mark.parametrize(
    ("task", "line"),
    [
        ("t2m", "a person walks"),
        ("m2t", "Describe <motion> now#walk.npy"),
        ("pred", "Go on: <Motion_Placeholder_s1>#walk.npy"),
        ("pred", "Rest <Motion_Placeholder_s2> of it#walk.npy"),
        ("inbetween", "Complete <Motion_Placeholder_Masked>#walk.npy"),
    ],
)
def test_demo_files_and_names_of_the_original(
    cli: Cli, tiny_model_folder: Path, walk: Motion, walk_file: Path, task: str, line: str
) -> None:
    Path("demo.txt").write_text(f"{line}\n")
    result = cli("batch", "demo.txt", "--task", task, "--original-names", "-o", "out", "--model", tiny_model_folder)
    assert result.code == 0, result.err
    answer = "0_out.txt" if task == "m2t" else "0_out.npy"
    inputs = ["0_in.txt"] if task == "t2m" else ["0_in.npy", "0_in.txt"]
    assert _names("out") == [*inputs, answer, "manifest.jsonl"]
    text = Path("out/0_in.txt").read_text().rstrip("\n")
    if task == "t2m":
        assert text == line
    else:
        np.testing.assert_array_equal(np.load("out/0_in.npy"), walk.joints[None])
        before, after = re.split("<[mM]otion[^>]*>", line.partition("#")[0])
        assert re.fullmatch(re.escape(before) + "(<motion_id_[0-9]+>)+" + re.escape(after), text)
        assert ("<motion_id_514>" in text) == (task == "inbetween")
    if task != "m2t":
        made = np.load("out/0_out.npy")
        assert made.shape == (1, _manifest("out")[0]["frames"], 22, 3)
    again = cli("batch", "demo.txt", "--task", task, "--original-names", "-o", "out", "--model", tiny_model_folder)
    assert "1 kept" in again.err


def test_a_placeholder_that_cannot_be_filled(cli: Cli, tiny_model_folder: Path, walk_file: Path) -> None:
    Path("demo.txt").write_text("Say <Caption_Placeholder>#walk.npy\n")
    result = cli("batch", "demo.txt", "--task", "m2t", "--original-names", "-o", "out", "--model", tiny_model_folder)
    assert result.code == 1
    assert "<Caption_Placeholder>" in result.err
    assert _names("out") == ["manifest.jsonl"]


def test_samples_of_a_completion_differ(cli: Cli, tiny_model_folder: Path, walk_file: Path) -> None:
    Path("list.txt").write_text(f"{walk_file}\n")
    result = cli(
        "batch", "list.txt", "--task", "pred", "-n", 2, "--given", 0.5, "-o", "out", "--model", tiny_model_folder
    )
    assert result.code == 0, result.err
    first, second = np.load("out/0000_0.npy"), np.load("out/0000_1.npy")
    np.testing.assert_array_equal(first[:30], second[:30])
    assert np.abs(first - second).max() > 1e-3
    assert [entry["seed"] for entry in _manifest("out")] == [0, 1]


def test_finished_results_are_kept(cli: Cli, tiny_model_folder: Path) -> None:
    def batch(*options: object) -> dict[str, Any]:
        result = cli(
            "batch", "list.txt", "--task", "t2m", "-o", "out", "--json", "--model", tiny_model_folder, *options
        )
        assert result.code == 0, result.err
        answer: dict[str, Any] = json.loads(result.out)
        return {name: answer[name] for name in ("written", "kept", "failed")}

    Path("list.txt").write_text("walks\njumps\nsits\n")
    assert batch() == {"written": 3, "kept": 0, "failed": 0}
    before = _manifest("out")
    assert batch() == {"written": 0, "kept": 3, "failed": 0}
    assert _manifest("out") == before
    # What is missing, another sentence, another seed and other settings are done again.
    Path("out/0001_0.npy").unlink()
    assert batch() == {"written": 1, "kept": 2, "failed": 0}
    Path("list.txt").write_text("walks\njumps\nstands up\n")
    assert batch() == {"written": 1, "kept": 2, "failed": 0}
    assert batch("--seed", 1) == {"written": 3, "kept": 0, "failed": 0}
    assert batch("--seed", 1, "--seconds", 1) == {"written": 3, "kept": 0, "failed": 0}
    assert all(entry["frames"] == 20 for entry in _manifest("out"))
    Path("out/manifest.jsonl").write_text("{broken")
    assert batch("--seed", 1, "--seconds", 1)["written"] == 3


def test_manifests_of_older_versions_are_read(cli: Cli, tiny_model_folder: Path) -> None:
    Path("list.txt").write_text("walks\n")
    command = ("batch", "list.txt", "--task", "t2m", "--seconds", 1, "-o", "out", "--model", tiny_model_folder)
    assert "1 written" in cli(*command).err
    (entry,) = _manifest("out")
    assert entry["options"] == {"seconds": 1.0}
    # They list the options that were not given.
    entry["options"] |= {"temperature": None, "top_k": None, "cleanup": None, "rerank": None}
    Path("out/manifest.jsonl").write_text(json.dumps(entry) + "\n")
    assert "1 kept" in cli(*command).err


def test_options_of_other_tasks_are_refused(refused: Any, tiny_model_folder: Path) -> None:
    Path("list.txt").write_text("walks\n")
    for options in (
        ("--task", "m2t", "-n", 2),
        ("--task", "m2t", "--no-cleanup"),
        ("--task", "pred", "--rerank", 2),
        ("--task", "t2m", "--given", "0.2"),
        ("--task", "m2t", "--seconds", 2),
        ("--task", "pred", "--given", "a"),
        ("--task", "inbetween", "--given", "0.2"),
        ("--task", "t2m", "--original-names", "-n", 2),
        ("--task", "dance"),
    ):
        refused("batch", "list.txt", *options, "-o", "out", "--model", tiny_model_folder)
    assert not Path("out").exists()


def test_lists_without_items_are_refused(refused: Any, tiny_model_folder: Path) -> None:
    Path("blank.txt").write_text("\n  \n")
    Path("binary.txt").write_bytes(b"\xff\xfe\x00a")
    assert "no items" in refused("batch", "blank.txt", "--task", "t2m", "-o", "out", "--model", tiny_model_folder)
    assert "UTF-8" in refused("batch", "binary.txt", "--task", "t2m", "-o", "out", "--model", tiny_model_folder)
    assert "none.txt" in refused("batch", "none.txt", "--task", "t2m", "-o", "out", "--model", tiny_model_folder)
