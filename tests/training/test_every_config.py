"""Every config of the package and of the recipe trains two steps, its network made small."""

import gzip
from pathlib import Path

import numpy as np
import pytest
import torch

from motiongpt.data.layout import MotionTextDataset
from motiongpt.errors import MotionGPTError
from motiongpt.generation.refiner import Refiner
from motiongpt.retrieval.matcher import Matcher
from motiongpt.tokenizer import MotionTokenizer
from motiongpt.training.config import (
    LanguageTraining,
    MatcherTraining,
    RefinerTraining,
    TokenizerTraining,
    config_names,
    load_config,
)
from motiongpt.training.language import train_language
from motiongpt.training.matcher import train_matcher
from motiongpt.training.refiner import RefinerTask, train_refiner
from motiongpt.training.self_training import Prompt, Sample, write_samples
from motiongpt.training.tokenizer import train_tokenizer

RECIPE = Path(__file__).resolve().parents[2] / "recipes" / "embedded"
# Names of the package, and files of the recipe.
CONFIGS = [*config_names(), *map(str, sorted(RECIPE.glob("*.yaml")))]


def ending(*stages):
    return [name for name in CONFIGS if Path(name).stem.endswith(stages)]


TOKENIZERS = ending("tokenizer", "refinement")
DECODERS = ending("decoder")
MATCHERS = ending("matcher", "evaluator")
REFINERS = ending("refiner")
# Causal models and LoRA are not what they are without their backbone: tests/training/test_backbones.py trains them.
LANGUAGES = [
    name
    for name in CONFIGS
    if name not in TOKENIZERS + DECODERS + MATCHERS + REFINERS
    and load_config(LanguageTraining, name).model.backbone != "causal"
]


def label(name):
    return name.replace(str(RECIPE), "recipe").removesuffix(".yaml")


STEPS = ["loop.steps=2", "loop.batch_size=4"]
# Clustering the first codes is tested elsewhere, and takes seconds.
SMALL_TOKENIZER = ["network.width=32", "network.code_dim=32", "quantize_from=0"]
SMALL_LANGUAGE = [
    "model.backbone=t5-scratch", "model.hub=''", "model.text_vocabulary=600", "model.d_model=32", "model.d_kv=16",
    "model.d_ff=64", "model.heads=2", "model.layers=1", "model.decoder_layers=1", "model.num_codes=64",
]  # fmt: skip


@pytest.fixture
def folder_of(data_folder, kit_folder):
    return lambda name: kit_folder if name.startswith("kit") else data_folder


@pytest.fixture(scope="module")
def tokenizers(data_folder, kit_folder, tmp_path_factory):
    """A trained tokenizer for each skeleton."""
    folders = {}
    for name, folder, features in (("humanml3d", data_folder, 263), ("kit", kit_folder, 251)):
        output = tmp_path_factory.mktemp("run") / name
        values = [f"data={folder}", f"output={output}", f"network.features={features}", "loop.steps=2"]
        folders[name] = train_tokenizer(load_config(TokenizerTraining, "tiny-tokenizer", values))
    return folders


@pytest.mark.parametrize("name", TOKENIZERS, ids=label)
def test_tokenizer(name, folder_of, tokenizers, tmp_path):
    values = [f"data={folder_of(name)}", f"output={tmp_path}", *STEPS, *SMALL_TOKENIZER]
    if load_config(TokenizerTraining, name).refines:
        values.append(f"refines={tokenizers['humanml3d']}")
    config = load_config(TokenizerTraining, name, values)
    trained = MotionTokenizer.load(train_tokenizer(config))
    assert config.network == (trained.refinement.config if trained.refinement else trained.config)
    features = np.load(folder_of(name) / "new_joint_vecs" / "000000.npy")
    codes = trained.encode(features)
    latents = -(-len(features) // trained.stride)
    assert len(codes) == latents * trained.levels
    motion = trained.decode_motion(codes)
    assert len(motion) == latents * trained.stride
    assert motion.skeleton.num_joints == (21 if name.startswith("kit") else 22)


@pytest.fixture(scope="module")
def mined(tmp_path_factory):
    """A file as ``data mine`` writes it."""
    path = tmp_path_factory.mktemp("mined") / "mined.jsonl.gz"
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.write('{"caption": "a person walks slowly", "sentences": ["someone is walking at a slow pace"]}\n')
    return path


@pytest.mark.parametrize("name", MATCHERS, ids=label)
def test_matcher(name, folder_of, tokenizers, mined, bert_folder, tmp_path):
    values = [f"data={folder_of(name)}", f"output={tmp_path}", "loop.steps=2", "loop.batch_size=4"]
    values += [f"text_encoder={bert_folder}", "network.width=32", "network.embedding=16"]
    config = load_config(MatcherTraining, name)
    values += [f"tokenizer={tokenizers['humanml3d']}"] if config.tokenizer else []
    values += [f"mined={mined}"] if config.mined else []
    matcher = Matcher.load(train_matcher(load_config(MatcherTraining, name, values)))
    features = np.load(folder_of(name) / "new_joint_vecs" / "000000.npy")
    motion, text = matcher.embed_motions([features]), matcher.embed_texts(["a person walks"])
    assert motion.shape == text.shape == (1, 16)
    assert np.linalg.norm(motion) == pytest.approx(1, abs=1e-5)


@pytest.fixture(scope="module")
def refined(data_folder, tokenizers, tmp_path_factory):
    """A tokenizer with a refinement."""
    folder = tmp_path_factory.mktemp("refined")
    values = [f"data={data_folder}", f"output={folder}", f"refines={tokenizers['humanml3d']}", *STEPS]
    return train_tokenizer(load_config(TokenizerTraining, RECIPE / "refinement.yaml", [*values, *SMALL_TOKENIZER]))


@pytest.mark.parametrize("name", DECODERS, ids=label)
def test_decoder(name, folder_of, refined, tmp_path):
    values = [f"data={folder_of(name)}", f"output={tmp_path}", f"start={refined}", *STEPS]
    config = load_config(TokenizerTraining, name, values)
    before, after = MotionTokenizer.load(refined), MotionTokenizer.load(train_tokenizer(config))
    features = np.load(folder_of(name) / "new_joint_vecs" / "000000.npy")
    codes = before.encode(features, coarse=True)
    np.testing.assert_array_equal(codes, after.encode(features, coarse=True))
    assert not np.array_equal(before.decode(codes), after.decode(codes))
    assert after.config.decoder_depth == config.decoder_depth


@pytest.mark.parametrize("name", REFINERS, ids=label)
def test_refiner(name, folder_of, refined, bert_folder, tmp_path):
    values = [f"data={folder_of(name)}", f"tokenizer={refined}", f"text_encoder={bert_folder}"]
    small = ["network.width=32", "network.heads=2", "network.layers=1", "network.feed_forward=32"]
    values += [*small, "loop.batch_size=4", "loop.warmup=0", "loop.average=0"]

    def trained(run, steps, config=name):
        changes = [*values, f"output={tmp_path / run}", f"loop.steps={steps}", "loop.schedule=100"]
        return train_refiner(load_config(RefinerTraining, config, changes))

    if load_config(RefinerTraining, name).start:
        values.append(f"start={trained('base', 1, RECIPE / 'refiner.yaml')}")
    tokenizer = MotionTokenizer.load(refined)
    codes = tokenizer.encode(np.load(folder_of(name) / "new_joint_vecs" / "000000.npy"), coarse=True)
    folders = trained("one", 2), trained("other", 2)
    first, second = (Refiner.load(one, tokenizer).refine([codes], ["a person walks"], [0])[0] for one in folders)
    assert first.shape == (len(codes), 32)
    np.testing.assert_array_equal(first, second)


def test_a_refiner_learns_what_is_left_over(data_folder, refined, bert_folder, tmp_path):
    values = [f"data={data_folder}", f"tokenizer={refined}", f"text_encoder={bert_folder}", f"output={tmp_path}"]
    values += ["network.width=64", "network.layers=2", "network.feed_forward=64", "network.dropout=0"]
    task = RefinerTask(load_config(RefinerTraining, RECIPE / "refiner.yaml", [*values, "loop.batch_size=8"]))
    # It is only to be seen to learn.
    task.held_out = list(task._read(MotionTextDataset(data_folder, "train")))
    task.module.eval()
    before = task.validate()
    optimizer = torch.optim.AdamW(task.module.parameters(), lr=2e-3)
    for step in range(120):
        loss, _ = task.loss(task.module, task.batch(step, 0))
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    after = task.validate()
    # Walks that differ in their pace alone: what is left over follows from the codes.
    assert after["error_0"] < 0.6 < before["error_0"]
    assert after["error_0.75"] < before["error_0.75"]
    assert after["mpjpe_true_mm"] == before["mpjpe_true_mm"]


def test_clips_that_lose_more_are_drawn_more_often(data_folder, refined, bert_folder, tmp_path):
    values = [f"data={data_folder}", f"tokenizer={refined}", f"text_encoder={bert_folder}", f"output={tmp_path}"]
    values += ["network.width=32", "network.layers=1", "balance=0"]
    even, quick = (
        RefinerTask(load_config(RefinerTraining, RECIPE / "refiner.yaml", [*values, f"quick={power}"]))
        for power in (0, 2)
    )
    np.testing.assert_allclose(even.shares, 1 / len(even.clips))
    latents = [clip.latents.astype(np.float64) for clip in quick.clips]
    spread = [((one - np.concatenate(latents).mean(0)) ** 2).sum(1).mean() for one in latents]
    np.testing.assert_allclose(quick.shares, np.square(spread) / np.square(spread).sum(), rtol=1e-2)


def test_spliced_motions_take_their_share(data_folder, refined, bert_folder, tmp_path):
    values = [f"data={data_folder}", f"tokenizer={refined}", f"text_encoder={bert_folder}", f"output={tmp_path}"]
    values += ["network.width=32", "network.layers=1", "balance=0", "quick=0", "splice=0.25"]
    task = RefinerTask(load_config(RefinerTraining, RECIPE / "refiner.yaml", values))
    recorded, spliced = np.split(np.arange(len(task.clips)), 2)
    np.testing.assert_allclose(task.shares[recorded].sum(), 0.75)
    np.testing.assert_allclose(task.shares[spliced].sum(), 0.25)
    for place in recorded:
        one, other = task.clips[place], task.clips[place + len(recorded)]
        assert len(other.codes) == len(other.latents) == min(len(one.codes), 50)
        assert other.sentences


def test_a_refiner_of_another_skeleton_is_refused(kit_folder, refined, bert_folder, tmp_path):
    values = [f"data={kit_folder}", f"tokenizer={refined}", f"text_encoder={bert_folder}", f"output={tmp_path}"]
    with pytest.raises(MotionGPTError, match="skeleton"):
        train_refiner(load_config(RefinerTraining, RECIPE / "refiner.yaml", values))


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    """A file as ``train self-training`` writes it."""
    path = tmp_path_factory.mktemp("samples") / "samples.jsonl.gz"
    write_samples(path, [Sample(Prompt("a person ambles", "a person walks"), np.arange(8))])
    return path


@pytest.mark.parametrize("name", LANGUAGES, ids=label)
def test_language(name, folder_of, tokenizers, mined, samples, bert_folder, tmp_path):
    tokenizer = tokenizers["kit" if name.startswith("kit") else "humanml3d"]
    values = [f"data={folder_of(name)}", f"tokenizer={tokenizer}", f"output={tmp_path}", "start=", "captions="]
    if load_config(LanguageTraining, name).model.text_encoder:
        values.append(f"model.text_encoder={bert_folder}")
    if load_config(LanguageTraining, name).mined:
        values.append(f"mined={mined}")
    if load_config(LanguageTraining, name).self_training:
        values.append(f"self_training={samples}")
    config = load_config(LanguageTraining, name, [*values, *STEPS, *SMALL_LANGUAGE])
    assert (train_language(config) / "config.json").is_file()


def test_ablations_are_those_of_the_published_tables():
    configs = [load_config(TokenizerTraining, name).network for name in TOKENIZERS if name.startswith("ablations/")]
    published = load_config(TokenizerTraining, "paper-tokenizer").network
    assert {config.stride for config in configs} | {published.stride} == {1, 2, 4, 8}
    assert {config.num_codes for config in configs} | {published.num_codes} == {256, 512, 1024, 2048}
    assert {config.quantizer for config in configs} | {published.quantizer} == {"ema_reset", "ema", "reset", "orig"}
    assert {config.norm for config in configs} | {published.norm} == {"none", "LN", "GN", "BN"}
    assert {config.activation for config in configs} | {published.activation} == {"relu", "silu", "gelu"}
    for config in configs:
        changed = [key for key, value in vars(config).items() if value != getattr(published, key)]
        assert len(changed) == 1, changed


def test_the_published_tokenizer_has_the_published_size():
    from motiongpt.tokenizer.vqvae import VQVAE

    network = VQVAE(load_config(TokenizerTraining, "paper-tokenizer").network)
    weights = sum(value.numel() for name, value in network.named_parameters() if "quantizer" not in name)
    assert weights == 19_436_807
