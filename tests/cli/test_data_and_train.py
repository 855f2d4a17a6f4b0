"""data and train from the command line, on a handful of clips and a few steps."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from motiongpt import Motion, MotionGPT
from motiongpt.data.layout import feature_statistics
from motiongpt.training.self_training import read_samples

from .conftest import Cli


@pytest.fixture
def dataset(cli: Cli, make_walk: Callable[..., Motion]) -> Path:
    """Eight walks of different speed in the HumanML3D layout."""
    root = Path("set")
    for folder in ("new_joint_vecs", "texts"):
        (root / folder).mkdir(parents=True)
    for number in range(8):
        clip = make_walk(frames=50 + 4 * number, speed=0.6 + 0.2 * number)
        np.save(root / f"new_joint_vecs/{number:06d}.npy", clip.features())
        (root / f"texts/{number:06d}.txt").write_text("a person walks forward#a/DET person/NOUN walk/VERB#0.0#0.0\n")
    for split, clips in (("train", range(6)), ("val", [6]), ("test", [7])):
        (root / f"{split}.txt").write_text("".join(f"{number:06d}\n" for number in clips))
    mean, std = feature_statistics(sorted((root / "new_joint_vecs").iterdir()))
    np.save(root / "Mean.npy", mean)
    np.save(root / "Std.npy", std)
    return root


def test_check_and_stats(cli: Cli, dataset: Path) -> None:
    assert (cli("data", "check", dataset).code, cli("data", "check", dataset).out) == (0, "")
    result = cli("data", "stats", dataset, "--plots", "plots")
    assert result.code == 0, result.err
    assert result.lines[-1] == "plots/statistics.png"
    assert Path("plots/statistics.png").stat().st_size > 1000
    numbers = json.loads(cli("data", "stats", dataset, "--json").out)
    assert numbers["splits"]["train"]["clips"] == 6
    # One bad clip among the others: named, and the rest still counted.
    clip = dataset / "new_joint_vecs/000003.npy"
    broken = np.load(clip)
    broken[5] = np.nan
    np.save(clip, broken)
    result = cli("data", "check", dataset)
    assert result.code == 1
    assert [line for line in result.lines if "000003.npy" in line] == result.lines
    problems = json.loads(cli("data", "check", dataset, "--json").out)["problems"]
    assert problems[0]["file"] == "new_joint_vecs/000003.npy"
    assert json.loads(cli("data", "stats", dataset, "--json").out)["splits"]["train"]["clips"] == 5


def test_augment(cli: Cli, dataset: Path, refused: Callable[..., str]) -> None:
    operations = (
        "gait",
        "path",
        "backward",
        "sideways",
        "single",
        "repeat",
        "sequence",
        "combine",
        "still",
        "stop",
        "dance",
    )
    Path("some.yaml").write_text("operations: {" + ", ".join(f"{name}: 0" for name in operations) + "}")
    result = cli("data", "augment", dataset, "-o", "more", "--clips", 3, "--config", "some.yaml", "--workers", 1)
    assert (result.code, result.lines) == (0, ["more"]), result.err
    assert "3 new clips" in result.err
    assert cli("data", "check", "more").code == 0
    again = json.loads(
        cli(
            "data", "augment", dataset, "-o", "more", "--clips", 3, "--config", "some.yaml", "--workers", 1, "--json"
        ).out
    )
    assert (again["clips"], again["resumed"], again["operations"]) == (3, 3, {"clip": 3})
    assert "already holds a data set" in refused("data", "augment", dataset, "-o", dataset)


def test_self_training(cli: Cli, dataset: Path, refused: Callable[..., str], tiny_model_folder: Path) -> None:
    options = ("--sentences", 6, "--candidates", 4, "--keep", 1, "--seed", 3)
    result = cli("train", "self-training", dataset, "-o", "samples.jsonl.gz", *options)
    assert (result.code, result.lines) == (0, ["samples.jsonl.gz"]), result.err
    assert "of 6 sentences, seed 3" in result.err
    kept = read_samples("samples.jsonl.gz", 1024)
    assert len({one.prompt.sentence for one in kept}) == len(kept) <= 6
    # The verb's older name works, and help does not show it.
    older = ("data", "practice", dataset, "-o", "other.jsonl.gz")
    assert "needs a model with a matcher" in refused(*older, "--model", tiny_model_folder)
    assert not Path("other.jsonl.gz").exists()
    assert "practice" not in cli("data", "--help").out


def test_build(cli: Cli, refused: Callable[..., str], make_walk: Callable[..., Motion]) -> None:
    for number in range(6):
        make_walk(frames=480, fps=120.0, speed=0.8 + 0.1 * number).save(f"cmu/01/01_{number + 1:02d}.bvh")
    Path("cmu/01/01_09.bvh").write_text("HIERARCHY\nROOT cut")
    result = cli("data", "build", "--cmu", "cmu", "-o", "built", "--workers", 1, "--json")
    assert result.code == 0, result.err
    report = json.loads(result.out)
    assert report["trials"] == 7
    assert report["clips"] >= 6
    assert [entry["what"] for entry in report["dropped"]] == ["01_09"]
    assert "01_09" in result.err
    assert Path("built/report.md").is_file()
    assert "none" in refused("data", "build", "--cmu", "none", "-o", "other")
    refused("data", "build", "-o", "other")
    refused("data", "check", "none")
    refused("data", "stats", "none")


def test_list_configs(cli: Cli) -> None:
    names = cli("train", "--list-configs").lines
    assert {"tiny-tokenizer", "paper-pretrain", "kit-instruct", "small-evaluator"} <= set(names)


def test_a_config_must_be_named(refused: Callable[..., str]) -> None:
    assert "--config" in refused("train", "tokenizer", "data=set")
    assert "recipes/embedded/tokenizer.yaml" in refused("train", "tokenizer", "--config", "embedded-tokenizer")


@pytest.mark.slow
def test_all_stages_to_a_model(
    cli: Cli, refused: Callable[..., str], dataset: Path, make_walk: Callable[..., Motion], bert_folder: Path
) -> None:
    loop = ("loop.steps=3", "loop.batch_size=4", "loop.warmup=1", "loop.validate_every=3")
    sizes = ("network.width=32", "network.code_dim=32", "network.depth=1")
    Path("tokenizer.yaml").write_text("data: set\noutput: runs/tokenizer\nnetwork: {}\n")
    result = cli("train", "tokenizer", "--config", "tokenizer.yaml", "windows=[32, 16]", *sizes, *loop)
    assert result.code == 0, result.err
    assert result.lines == ["runs/tokenizer/final"]
    Path("language.yaml").write_text("data: set\ntokenizer: runs/tokenizer/final\noutput: runs/pretrain\n")
    model = (
        "model.d_model=32", "model.d_kv=16", "model.d_ff=64", "model.heads=2", "model.layers=1",
        "model.decoder_layers=1", "model.text_vocabulary=500",
    )  # fmt: skip
    result = cli(
        "train", "pretrain", "--config", "language.yaml", "tasks.t2m=1", "tasks.caption_denoise=1", *model, *loop
    )
    assert result.code == 0, result.err
    start = ("start=runs/pretrain/final", "output=runs/instruct")
    result = cli("train", "instruct", "--config", "language.yaml", *start, *loop, "--json")
    assert result.code == 0, result.err
    assert json.loads(result.out) == {"output": "runs/instruct/final", "seed": 0}
    parts = ("--tokenizer", "runs/tokenizer/final", "--language", "runs/instruct/final")
    assert cli("train", "assemble", *parts, "-o", "model", "top_p=0.8").lines == ["model"]
    assert MotionGPT.from_pretrained("model").defaults.top_p == 0.8
    made = cli("generate", "a person walks", "--seconds", 1, "--format", "npy", "--model", "model")
    assert np.load(made.lines[0]).shape == (20, 22, 3)
    assert cli("train", "assemble", *parts, "--dtype", "int8", "-o", "small").lines == ["small"]
    sizes = [sum(file.stat().st_size for file in Path(name).rglob("*.safetensors")) for name in ("small", "model")]
    assert sizes[0] < 0.8 * sizes[1]
    assert len(MotionGPT.from_pretrained("small").generate("a person walks", seconds=1)) == 20
    refinement = ("data=set", "output=runs/refinement", "refines=runs/tokenizer/final", "quantize_from=0")
    result = cli("train", "tokenizer", "--config", "tiny-refinement", *refinement, "network.width=32", *loop)
    assert result.code == 0, result.err
    refiner = ("data=set", "tokenizer=runs/refinement/final", "output=runs/refiner", f"text_encoder={bert_folder}")
    result = cli(
        "train", "refiner", "--config", "tiny-refiner", *refiner, "network.width=32", "network.layers=1", *loop
    )
    assert result.lines == ["runs/refiner/final"], result.err
    refined = ("--tokenizer", "runs/refinement/final", *parts[2:], "--refiner", "runs/refiner/final")
    assert cli("train", "assemble", *refined, "-o", "refined").lines == ["refined"]
    assert MotionGPT.from_pretrained("refined").refiner is not None
    assert "needs a motion tokenizer with a refinement" in refused(
        "train", "assemble", *parts, "--refiner", "runs/refiner/final", "-o", "other"
    )
    assert "int4" in refused("train", "assemble", *parts, "--dtype", "int4", "-o", "other")
    assert "top_q" in refused("train", "assemble", *parts, "-o", "other", "top_q=1")
    assert "high" in refused("train", "assemble", *parts, "-o", "other", "top_p=high")
    assert "none" in refused("train", "assemble", "--tokenizer", "none", *parts[2:], "-o", "other")


def test_interrupted_training_exits_with_130(monkeypatch, capsys) -> None:
    from motiongpt.cli.app import run
    from motiongpt.errors import Interrupted

    def interrupted(*_: object) -> None:
        raise Interrupted("Interrupted after step 3 of 9: the state is saved in runs/x.")

    monkeypatch.setattr("motiongpt.training.tokenizer.train_tokenizer", interrupted)
    assert run(["train", "tokenizer", "--config", "tiny-tokenizer"]) == 130
    assert "step 3 of 9" in capsys.readouterr().err


def test_tokenize(
    cli: Cli, refused: Callable[..., str], dataset: Path, kit_folder: Path, tiny_model_folder: Path
) -> None:
    result = cli("data", "tokenize", dataset, "--model", tiny_model_folder)
    assert (result.code, result.lines) == (0, ["set/TOKENS"]), result.err
    codes = np.load("set/TOKENS/000003.npy")
    assert (codes.dtype, codes.shape) == (np.int64, (1, len(np.load("set/new_joint_vecs/000003.npy")) // 4))
    again = cli("data", "tokenize", dataset, "--tokenizer", tiny_model_folder / "tokenizer", "--json")
    assert json.loads(again.out) == {"folder": "set/TOKENS", "written": 0, "kept": 8, "problems": []}
    assert cli("data", "tokenize", dataset, "--model", tiny_model_folder, "-o", "codes").lines == ["codes"]
    # The codes of a file are a motion again.
    assert cli("tokens", "decode", "codes/000003.npy", "-o", "back.npy", "--model", tiny_model_folder).code == 0
    assert np.load("back.npy").shape == (4 * codes.shape[1], 22, 3)
    assert "both" in refused("data", "tokenize", dataset, "--model", "m", "--tokenizer", "t")
    assert "width 251" in refused("data", "tokenize", kit_folder, "--model", tiny_model_folder, "-o", "kit")
    assert "none" in refused("data", "tokenize", "none", "--model", tiny_model_folder)
    device = ("--device", "nowhere")
    assert "nowhere" in refused("data", "tokenize", dataset, "--tokenizer", tiny_model_folder / "tokenizer", *device)
