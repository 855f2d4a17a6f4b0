"""Configs: those of the package and of the recipe are valid, overrides apply, mistakes are named."""

from pathlib import Path

import pytest

import motiongpt
from motiongpt.errors import MotionGPTError
from motiongpt.training.config import (
    LanguageTraining,
    MatcherTraining,
    RefinerTraining,
    TokenizerTraining,
    config_names,
    load_config,
)

KINDS = {
    "tokenizer": TokenizerTraining,
    "refinement": TokenizerTraining,
    "decoder": TokenizerTraining,
    "matcher": MatcherTraining,
    "evaluator": MatcherTraining,
    "refiner": RefinerTraining,
}


RECIPE = Path(__file__).resolve().parents[2] / "recipes" / "embedded"


@pytest.mark.parametrize("name", [*config_names(), *map(str, sorted(RECIPE.glob("*.yaml")))])
def test_configs_load(name):
    config = load_config(KINDS.get(Path(name).stem.rpartition("-")[2], LanguageTraining), name)
    assert config.loop.steps > 0


def test_no_config_names_a_folder_outside_the_working_directory():
    packaged = Path(motiongpt.__file__).parent / "training" / "configs"
    files = [*packaged.rglob("*.yaml"), *RECIPE.rglob("*.yaml")]
    assert len(files) > 30
    for file in files:
        assert "../" not in file.read_text(), file


def test_there_is_a_tiny_config_of_each_stage():
    stages = ("tokenizer", "refinement", "pretrain", "instruct", "evaluator", "refiner")
    assert {f"tiny-{stage}" for stage in stages} <= set(config_names())


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("embedded-tokenizer", "tokenizer.yaml"),
        ("embedded", "instruct.yaml"),
        ("embedded-practice-more", "self-training-more.yaml"),
        ("scratch-pretrain", "scratch-pretrain.yaml"),
    ],
)
def test_configs_that_have_left_the_package_are_named_with_their_file(tmp_path, name, file):
    with pytest.raises(MotionGPTError, match=rf"recipes/embedded/{file}, which is in the source repository") as error:
        load_config(LanguageTraining, name, stage="instruct")
    assert (RECIPE.parents[1] / str(error.value).split("path of ")[1].split(",")[0]).is_file()
    (tmp_path / "mine.yaml").write_text(f"extends: {name}\n")
    with pytest.raises(MotionGPTError, match="recipes/embedded"):
        load_config(LanguageTraining, tmp_path / "mine.yaml", stage="instruct")


def test_keys_of_older_configs_are_read(tmp_path):
    (tmp_path / "base.yaml").write_text("data: x\ntokenizer: t\noutput: y\npractice: a\npractice_share: 0.25\n")
    config = load_config(LanguageTraining, tmp_path / "base.yaml")
    assert (config.self_training, config.self_training_share) == ("a", 0.25)
    (tmp_path / "new.yaml").write_text("extends: base.yaml\nself_training: b\n")
    config = load_config(LanguageTraining, tmp_path / "new.yaml", ["practice_share=0.75"])
    assert (config.self_training, config.self_training_share) == ("b", 0.75)


def test_overrides_reach_nested_keys_with_their_types():
    config = load_config(
        TokenizerTraining,
        "tiny-tokenizer",
        ["loop.steps=7", "loop.learning_rate=1e-3", "windows=[32, 16]", "network.norm=GN", "data=elsewhere"],
    )
    assert config.loop.steps == 7
    assert config.loop.learning_rate == pytest.approx(1e-3)
    assert config.windows == (32, 16)
    assert config.network.norm == "GN"
    assert config.data == "elsewhere"


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["loop.stepz=7"], "unknown key 'stepz'"),
        (["colour=blue"], "unknown key 'colour'"),
        (["loop.steps"], "key=value"),
        (["data.x=1"], "'data' is a value"),
        (["loop=5"], "loop must hold keys"),
        (["windows=[1"], "not a YAML value"),
    ],
)
def test_wrong_overrides_are_named(overrides, message):
    with pytest.raises(MotionGPTError, match=message):
        load_config(TokenizerTraining, "tiny-tokenizer", overrides)


def test_unknown_config_lists_the_known_ones():
    with pytest.raises(MotionGPTError, match="tiny-tokenizer"):
        load_config(TokenizerTraining, "no-such-config")


def test_broken_yaml_is_named_by_line(tmp_path):
    path = tmp_path / "broken.yaml"
    path.write_text("data: x\noutput: [y\nseed: 1\n")
    with pytest.raises(MotionGPTError, match=r"broken\.yaml line \d"):
        load_config(TokenizerTraining, path)


@pytest.mark.parametrize("stage", ["tokenizer", "pretrain", "instruct"])
def test_a_name_may_leave_out_its_stage(stage):
    kind = TokenizerTraining if stage == "tokenizer" else LanguageTraining
    for name in ("kit", "paper", "tiny"):
        assert load_config(kind, name, stage=stage) == load_config(kind, f"{name}-{stage}")
    assert load_config(kind, f"kit-{stage}", stage=stage).data == "data/kit"


def test_a_config_extends_another(tmp_path):
    (tmp_path / "base.yaml").write_text(
        "data: x\ntokenizer: t\noutput: y\ntasks: {t2m: 2, m2t: 1}\nloop: {steps: 5, batch_size: 7}\n"
    )
    (tmp_path / "mine.yaml").write_text(
        "extends: base.yaml\ntasks: {predict: 1}\nloop: {steps: 9}\nmodel: {heads: 2}\n"
    )
    config = load_config(LanguageTraining, tmp_path / "mine.yaml", ["loop.warmup=3"])
    assert (config.data, config.loop.steps, config.loop.batch_size, config.loop.warmup) == ("x", 9, 7, 3)
    # A mixture is one value: what the other config mixed is gone.
    assert config.tasks == {"predict": 1}
    assert config.model.heads == 2
    (tmp_path / "packaged.yaml").write_text("extends: tiny\nseed: 4\n")
    config = load_config(LanguageTraining, tmp_path / "packaged.yaml", stage="pretrain")
    assert (config.seed, config.output) == (4, "runs/tiny-pretrain")


def test_configs_that_extend_each_other_or_nothing_are_refused(tmp_path):
    (tmp_path / "a.yaml").write_text("extends: b.yaml\n")
    (tmp_path / "b.yaml").write_text("extends: a.yaml\n")
    with pytest.raises(MotionGPTError, match="extends itself"):
        load_config(TokenizerTraining, tmp_path / "a.yaml")
    (tmp_path / "a.yaml").write_text("extends: nothing\n")
    with pytest.raises(MotionGPTError, match=r"'nothing'.*paper-tokenizer"):
        load_config(TokenizerTraining, tmp_path / "a.yaml", stage="tokenizer")


def test_the_papers_configs_are_what_was_published():
    tokenizer = load_config(TokenizerTraining, "paper-tokenizer")
    network = tokenizer.network
    assert (network.width, network.code_dim, network.num_codes, network.stride) == (512, 512, 512, 4)
    assert (tokenizer.loop.batch_size, tokenizer.windows, tokenizer.loop.learning_rate) == (256, (64,), 2e-4)
    # Half the mean error of the 63 position numbers, on top of the mean error of all 263.
    assert tokenizer.block_weights["positions"] / 263 * 63 == pytest.approx(63 / 263 + 0.5, rel=1e-3)
    kit = load_config(TokenizerTraining, "kit-tokenizer")
    assert kit.block_weights["positions"] / 251 * 60 == pytest.approx(60 / 251 + 0.5, rel=1e-3)
    pretrain, instruct, t2m = (
        load_config(LanguageTraining, name) for name in ("paper-pretrain", "paper-instruct", "paper-t2m-instruct")
    )
    assert {"t2m", "m2t", "predict"} < set(pretrain.tasks)
    assert (pretrain.loop.learning_rate, instruct.loop.learning_rate) == (2e-4, 1e-4)
    assert not instruct.tasks
    assert dict(t2m.tasks) == {"t2m": 1}
