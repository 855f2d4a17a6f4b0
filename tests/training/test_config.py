"""Configs: every packaged one is valid, overrides apply, mistakes are named."""

import pytest

from motiongpt.errors import MotionGPTError
from motiongpt.training.config import LanguageTraining, TokenizerTraining, config_names, load_config


@pytest.mark.parametrize("name", config_names())
def test_packaged_configs_load(name):
    kind = TokenizerTraining if name.endswith("tokenizer") else LanguageTraining
    config = load_config(kind, name)
    assert config.loop.steps > 0


def test_there_is_a_config_of_each_stage_for_tests_and_for_the_embedded_model():
    stages = {f"{size}-{stage}" for size in ("tiny", "embedded") for stage in ("tokenizer", "pretrain", "instruct")}
    assert stages <= set(config_names())


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
