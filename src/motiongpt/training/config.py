"""Training configs: a YAML file, the config it extends, ``key=value`` overrides; one dataclass per stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

import yaml

from motiongpt.errors import MotionGPTError
from motiongpt.generation.refiner import RefinerConfig
from motiongpt.lm.model import LanguageConfig
from motiongpt.retrieval.matcher import MatcherConfig
from motiongpt.tokenizer import VQVAEConfig
from motiongpt.weights_io import config_from


@dataclass(frozen=True)
class LoopConfig:
    """Settings of the training loop, shared by all stages.

    Attributes:
        steps: total of optimiser steps.
        batch_size: items per step and device.
        learning_rate: peak learning rate of AdamW.
        final_rate: learning rate at the end of the cosine schedule, as a share of the peak.
        schedule: length of the schedule in steps if it is not ``steps``: a run may stop before its end.
        warmup: steps of linear warm-up.
        betas: AdamW's.
        weight_decay: AdamW's.
        clip: maximum gradient norm; 0 disables clipping.
        average: decay of the moving average of the weights that is validated and saved; 0 saves the last weights.
        precision: ``auto`` (bf16 where the hardware multiplies it fast, else float32), ``float32`` or ``bf16``.
        workers: processes that prepare batches; 0 prepares them in the main process.
        save_every, validate_every, log_every: intervals in steps.
    """

    steps: int = 1000
    batch_size: int = 64
    learning_rate: float = 2e-4
    final_rate: float = 0.05
    schedule: int = 0
    warmup: int = 100
    betas: tuple[float, float] = (0.9, 0.99)
    weight_decay: float = 0.0
    clip: float = 1.0
    average: float = 0.0
    precision: str = "auto"
    workers: int = 0
    save_every: int = 500
    validate_every: int = 500
    log_every: int = 20


@dataclass(frozen=True)
class TokenizerTraining:
    """Stage 1: the motion tokenizer, a VQ-VAE.

    Attributes:
        data: data set in the HumanML3D layout.
        output: folder of the run; the finished tokenizer is ``output/final``.
        start: folder of a tokenizer to fine-tune; its network and statistics are kept. Empty trains from scratch.
        refines: folder of a finished tokenizer that stays as it is: ``network`` becomes a second network, which encodes
            the residual of the first.
        keep_codes: freeze the encoder and the codes of the tokenizer in ``start``, so that a language model trained on
            the codes stays valid. Its decoder learns, and so does its refinement, if it has one.
        decoder_depth: with ``keep_codes``, residual blocks per stage that the decoder keeps, those with the shortest
            reach; 0 keeps all.
        splice: with ``keep_codes``, share of the windows in which pieces of several clips follow each other.
        seed: random seed of weights and data order.
        windows: lengths of training windows in frames, longest first; a clip is cut into the longest that fits it.
        commitment: weight of the commitment loss.
        quantize_from: step at which quantization starts. Before it the network is a plain autoencoder; at it the codes
            are set to cluster centres of the latents. 0 quantizes from the start, as the published recipe.
        smooth_l1_beta: error, in standard deviations, at which the reconstruction loss turns from squared to absolute.
        joint_weight: weight of the joint error: the mean distance, in metres, of the joints from the ground truth,
            relative to the root. Unlike the error of the features it includes the drift of the heading.
        path_share: weight of the root's distance from its true path, relative to that of the joints.
        support_weight: weight of the errors of the feet, in metres: of the height of the lowest one, of what carries
            the body, and of their velocities.
        quick: 0 draws frames uniformly; towards 1, those of quick clips more often.
        block_weights: loss weight of each feature block by name; 1 for blocks not named.
        loop, network: see there.
    """

    data: str
    output: str
    start: str = ""
    refines: str = ""
    keep_codes: bool = False
    decoder_depth: int = 0
    splice: float = 0.0
    seed: int = 0
    windows: tuple[int, ...] = (64, 32, 16)
    commitment: float = 0.02
    quantize_from: int = 0
    smooth_l1_beta: float = 1.0
    joint_weight: float = 0.0
    path_share: float = 0.5
    support_weight: float = 0.0
    quick: float = 0.0
    block_weights: Mapping[str, float] = field(default_factory=dict)
    loop: LoopConfig = field(default_factory=LoopConfig)
    network: VQVAEConfig = field(default_factory=VQVAEConfig)


@dataclass(frozen=True)
class LanguageTraining:
    """Stages 2 (pretrain) and 3 (instruct): the language model.

    Attributes:
        data: data set in the HumanML3D layout.
        tokenizer: folder of the trained motion tokenizer.
        output: folder of the run; the finished model is ``output/final``.
        start: folder of a language model to continue from; empty trains from ``model``. The network of that folder is
            kept: of ``model`` only LoRA, and the dropout before it, count.
        tokens: folder of codes written by ``motiongpt data tokenize`` or the original's script (``TOKENS``), read
            instead of encoding every clip. Empty encodes each clip at every offset of the stride; files hold one.
        captions: caption table (JSON lines) whose sentences are used without motion; empty uses the data set's own.
        mined: file of ``motiongpt data mine``: sentences that replace captions of the same meaning.
        self_training: file of ``motiongpt train self-training``: sentences with motions sampled by a model.
        self_training_share: share of text-to-motion that is drawn from that file. Its sentences are drawn alike,
            whatever the number of their motions.
        templates: instruction file of the user; empty uses the built-in prompts.
        seed: random seed of weights and data order.
        tasks: mixture weight of each task: the sub-tasks of the prompts, and ``caption_denoise`` and
            ``motion_denoise`` (span corruption of sentences and of motion strings).
        max_codes: maximum length of a motion in codes; longer clips are cropped at random.
        balance: 0 draws captioned clips and self-training prompts uniformly; towards 1, rare actions more often.
        word_dropout: share of the word pieces of prompts that are masked for a text encoder.
        strict_reference: write instructions with the original's defects, see docs/differences.md; needs ``templates``.
        loop, model: see there.
    """

    data: str
    tokenizer: str
    output: str
    start: str = ""
    tokens: str = ""
    captions: str = ""
    mined: str = ""
    self_training: str = ""
    self_training_share: float = 0.5
    templates: str = ""
    seed: int = 0
    tasks: Mapping[str, float] = field(default_factory=dict)
    max_codes: int = 50
    balance: float = 0.0
    word_dropout: float = 0.0
    strict_reference: bool = False
    loop: LoopConfig = field(default_factory=LoopConfig)
    model: LanguageConfig = field(default_factory=LanguageConfig)


@dataclass(frozen=True)
class MatcherTraining:
    """The matcher: motions and sentences in one embedding space.

    Attributes:
        data: data set in the HumanML3D layout.
        output: folder of the run; the finished matcher is ``output/final``.
        text_encoder: ``minilm`` (of the extra ``pretrained``) or the folder of a BERT; it stays frozen.
        tokenizer: folder of a motion tokenizer; the matcher sees every motion decoded from its coarse codes. For a
            matcher that ranks what a language model generates. Empty shows the motions as they are.
        mined: file of ``motiongpt data mine``: sentences that replace captions of the same meaning.
        max_frames: maximum length of a motion in frames; longer ones are cropped at random.
        seed: random seed of weights and data order.
        loop, network: see there.
    """

    data: str
    output: str
    text_encoder: str = "minilm"
    tokenizer: str = ""
    mined: str = ""
    max_frames: int = 200
    seed: int = 0
    loop: LoopConfig = field(default_factory=LoopConfig)
    network: MatcherConfig = field(default_factory=MatcherConfig)


@dataclass(frozen=True)
class RefinerTraining:
    """The refiner, which adds the details that coarse codes leave out.

    Attributes:
        data: data set in the HumanML3D layout.
        tokenizer: folder of a finished motion tokenizer with a refinement.
        output: folder of the run; the finished refiner is ``output/final``.
        start: folder of a refiner to fine-tune; its network and statistics are kept. Empty trains from scratch.
        text_encoder: ``minilm`` (of the extra ``pretrained``) or the folder of a BERT; it stays frozen.
        unsaid: share of the motions that are shown without their sentence.
        mean_share: share of the motions shown as pure noise, from which the network learns the mean of the latents; the
            others are at a random time of the flow.
        balance: 0 draws clips uniformly; towards 1, clips of rare actions more often.
        quick: 0 draws clips uniformly; towards 1, clips with a large residual behind the coarse codes more often.
        splice: share of the motions in which pieces of several clips follow each other, under a sentence of the first.
        seed: random seed of weights and data order.
        loop, network: see there.
    """

    data: str
    tokenizer: str
    output: str
    start: str = ""
    text_encoder: str = "minilm"
    unsaid: float = 0.25
    mean_share: float = 0.2
    balance: float = 0.0
    quick: float = 0.0
    splice: float = 0.0
    seed: int = 0
    loop: LoopConfig = field(default_factory=LoopConfig)
    network: RefinerConfig = field(default_factory=RefinerConfig)


Config = TypeVar("Config", TokenizerTraining, LanguageTraining, MatcherTraining, RefinerTraining)
# Groups of keys in a config.
_NESTED = ("loop", "network", "model")
_TUPLES = {"betas", "windows"}
# Keys of older configs and of the states of older runs, with the names they have now.
RENAMED = {"practice": "self_training", "practice_share": "self_training_share", "decoder_only": "keep_codes"}
# Configs that were part of the package, with the files that they are now.
RECIPE = "recipes/embedded"
_MOVED = {
    **{f"embedded-{name}": f"{RECIPE}/{name}.yaml" for name in (
        "tokenizer", "refinement", "pretrain", "instruct", "finetune", "matcher", "evaluator", "refiner",
        "quick-refiner",
    )},
    "embedded-practice": f"{RECIPE}/self-training.yaml",
    "embedded-practice-more": f"{RECIPE}/self-training-more.yaml",
    "scratch-pretrain": f"{RECIPE}/scratch-pretrain.yaml",
    "scratch-instruct": f"{RECIPE}/scratch-instruct.yaml",
}  # fmt: skip


def config_names() -> list[str]:
    """Names of the packaged configs, ``<name>-<stage>`` and ``ablations/<name>-<stage>``."""
    folders = [("", _packaged()), ("ablations/", _packaged() / "ablations")]
    return sorted(
        prefix + item.name.removesuffix(".yaml")
        for prefix, folder in folders
        for item in folder.iterdir()
        if item.name.endswith(".yaml")
    )


def load_config(kind: type[Config], source: str | Path, overrides: Sequence[str] = (), *, stage: str = "") -> Config:
    """Read a config by its packaged name or path and apply overrides.

    ``extends: NAME_OR_FILE`` in a config starts from another one: its own keys replace those, and inside the groups
    ``loop``, ``network`` and ``model`` single keys do. A relative file name is resolved beside the config that names
    it; paths of data and runs are relative to the working directory.

    Args:
        source: name such as ``tiny-tokenizer`` (see :func:`config_names`) or path of a YAML file.
        overrides: ``key=value`` with dots for nested keys and YAML values, e.g. ``loop.steps=200``.
        stage: ``tokenizer``, ``pretrain``, ``instruct``, ``evaluator`` or ``refiner``; a name may omit it.

    Raises:
        MotionGPTError: no such config, broken YAML (named by line), unknown key, or a value that does not fit.
    """
    values = _read(source, stage, ())
    for override in overrides:
        _apply(values, override)
    return _build(kind, values, str(source))


def _packaged() -> Any:
    return resources.files("motiongpt.training") / "configs"


def _find(source: str | Path, stage: str) -> Any:
    """The file of a path, of a packaged name, or of a packaged name without its stage."""
    if Path(source).is_file():
        return Path(source)
    names = (str(source), f"{source}-{stage}")
    for name in names:
        if (_packaged() / f"{name}.yaml").is_file():
            return _packaged() / f"{name}.yaml"
    for name in names:
        if name in _MOVED:
            raise MotionGPTError(
                f"The config {name!r} is no longer part of the package: pass the path of {_MOVED[name]}, which is in "
                "the source repository."
            )
    known = [name for name in config_names() if name.endswith(stage)] or config_names()
    raise MotionGPTError(f"There is no config {str(source)!r}: give a YAML file or one of {', '.join(known)}.")


def _read(source: str | Path, stage: str, readers: tuple[Any, ...]) -> dict[str, Any]:
    """Plain values of a config on top of those it extends; ``readers`` are the files that extend this one."""
    file = _find(source, stage)
    if file in readers:
        raise MotionGPTError(f"{source} extends itself: remove the key extends from one of the files.")
    try:
        values = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}" if mark else ""
        raise MotionGPTError(f"{source}{line} is not valid YAML: {getattr(error, 'problem', error)}.") from error
    if not isinstance(values, dict):
        raise MotionGPTError(f"{source} must hold keys and values, but holds {type(values).__name__}.")
    values = {RENAMED.get(key, key): value for key, value in values.items()}
    base = values.pop("extends", None)
    if base is None:
        return values
    beside = Path(str(file)).parent / str(base)
    merged = _read(beside if beside.is_file() else str(base), stage, (*readers, file))
    for key, value in values.items():
        group = merged.get(key)
        if key in _NESTED and isinstance(group, dict) and isinstance(value, dict):
            merged[key] = {**group, **value}
        else:
            merged[key] = value
    return merged


def _apply(values: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition("=")
    if not equals or not key:
        raise MotionGPTError(f"Override {override!r} must have the form key=value, such as loop.steps=200.")
    *parents, last = RENAMED.get(key, key).split(".")
    for parent in parents:
        values = values.setdefault(parent, {})
        if not isinstance(values, dict):
            raise MotionGPTError(f"Override {override!r}: {parent!r} is a value, not a group of keys.")
    try:
        values[last] = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise MotionGPTError(f"Override {override!r}: {text!r} is not a YAML value.") from error


def _build(kind: type[Config], values: dict[str, Any], where: str) -> Config:
    prepared = _prepare(values)
    for key in _NESTED:
        if key in prepared:
            if not isinstance(prepared[key], dict):
                raise MotionGPTError(f"{where}: {key} must hold keys and values.")
            nested = get_type_hints(kind).get(key)
            if nested is not None:
                prepared[key] = config_from(nested, _prepare(prepared[key]), f"{where}, {key}")
    return config_from(kind, prepared, where)


def _prepare(values: dict[str, Any]) -> dict[str, Any]:
    # YAML 1.1 reads 2e-4 as a string and has no tuples.
    prepared: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, str):
            with suppress(ValueError):
                value = float(value)
        prepared[key] = tuple(value) if key in _TUPLES and isinstance(value, list) else value
    return prepared
