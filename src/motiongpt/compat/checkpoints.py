"""Import and export of the original's checkpoints: the names of the weights, and the sizes that their shapes show."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from tokenizers import Tokenizer
from torch import Tensor, nn

from motiongpt.data.layout import load_statistics, skeleton_of_width
from motiongpt.errors import MotionGPTError, require
from motiongpt.evaluation.evaluators import WordVectorEvaluator
from motiongpt.evaluation.t2m_evaluator import Evaluator, EvaluatorConfig
from motiongpt.files import atomic_path
from motiongpt.formats.arrays import load_npy
from motiongpt.formats.sniff import looks_like
from motiongpt.formats.unpickling import read_checkpoint, read_plain_pickle
from motiongpt.generation.motiongpt import MotionGPT
from motiongpt.generation.options import GenerationDefaults
from motiongpt.lm.model import MotionLanguageModel
from motiongpt.lm.t5 import T5, T5Shape
from motiongpt.lm.text_encoder import TextEncoder, TextEncoderConfig
from motiongpt.lm.tokenizer import TextTokenizer
from motiongpt.motion import FeatureLayout, Skeleton
from motiongpt.motion.skeleton import SKELETONS
from motiongpt.tokenizer import VQVAE, MotionTokenizer, VQVAEConfig
from motiongpt.weights_io import config_from, read_safetensors

VAE, LANGUAGE, OURS = "vae.", "lm.language_model.", "motiongpt."
_EVALUATOR = re.compile(r"(?P<copy>.*?)t2m_(?P<part>text|move|motion)encoder\.(?P<name>.+)")
_PARTS = {"text": "text_encoder", "move": "movement_encoder", "motion": "motion_encoder"}
# Copies of the table that Hugging Face's state dict repeats.
_TABLE_COPIES = ("encoder.embed_tokens.weight", "decoder.embed_tokens.weight")
# The original samples from all tokens that top_k leaves.
_DEFAULTS = GenerationDefaults(top_p=1.0)
# The original's "feature bias": it divides the deviation of root and contacts, which gives them more weight.
_FEATURE_BIAS = 25.0
# Contacts are 0 or 1, so their deviation is around 0.4, and around 0.015 after the division.
_DIVIDED_CONTACTS = 0.1


@dataclass(frozen=True)
class OriginalWeights:
    """The tensors of a file, sorted by network.

    Attributes:
        path: the file.
        vae: weights of the motion tokenizer, names without ``vae.``.
        language: weights of the language model, with Hugging Face's names.
        evaluator: weights of the evaluator, with our names; empty unless the file has all three networks.
        extra: tensors that our own export added, names without ``motiongpt.``.
        config: the metadata that our own export wrote.
        unused: name of every other weight -> the reason why it is not used.
    """

    path: Path
    vae: dict[str, Tensor] = field(default_factory=dict)
    language: dict[str, Tensor] = field(default_factory=dict)
    evaluator: dict[str, Tensor] = field(default_factory=dict)
    extra: dict[str, Tensor] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    unused: dict[str, str] = field(default_factory=dict)


def read_weights(path: str | Path) -> OriginalWeights:
    """Read a checkpoint of the original: a Lightning file, ``finest.tar`` of the evaluator, or safetensors like these.

    Raises:
        MotionGPTError: see :func:`read_checkpoint`; or the file has no weight with a known name.
    """
    path = Path(path)
    config: dict[str, Any] = {}
    if _is_safetensors(path):
        tensors: Mapping[str, Any] = read_safetensors(path)
        with safe_open(path, framework="pt") as file:
            config = json.loads((file.metadata() or {}).get("motiongpt", "{}"))
    else:
        tensors = _flatten(read_checkpoint(path), path)
    weights = OriginalWeights(path, config=config)
    copies: dict[str, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        if not isinstance(value, Tensor):
            weights.unused[name] = "not a tensor"
        elif match := _EVALUATOR.fullmatch(name):
            copies.setdefault(match["copy"], {})[f"{_PARTS[match['part']]}.{match['name']}"] = value
        elif name.split(".")[0] in _PARTS.values():
            copies.setdefault("", {})[name] = value
        elif "_losses" in name or "Metrics" in name:
            weights.unused[name] = "running sums of losses and metrics"
        elif name.startswith(VAE):
            weights.vae[name.removeprefix(VAE)] = value
        elif name.startswith(LANGUAGE):
            weights.language[name.removeprefix(LANGUAGE)] = value
        elif name.startswith(OURS):
            weights.extra[name.removeprefix(OURS)] = value
        else:
            weights.unused[name] = "not part of a known network"
    _take_evaluator(weights, copies)
    if not (weights.vae or weights.language or weights.evaluator):
        first = next(iter(tensors), "nothing")
        raise MotionGPTError(
            f"{path} has no weights of the original MotionGPT: it needs names such as vae.encoder.model.0.weight, but "
            f"its first is {first}."
        )
    return weights


def _is_safetensors(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            head = file.read(64)
    except OSError:
        return False
    # Eight bytes with the length of the JSON header, then the header.
    return head[8:9] == b"{" or (path.suffix == ".safetensors" and looks_like(head) in ("", "binary data"))


def _flatten(content: Any, path: Path) -> dict[str, Any]:
    """Name -> weight of a Lightning dictionary, of a bare state dictionary, or of ``finest.tar``."""
    if not isinstance(content, dict):
        raise MotionGPTError(
            f"{path} has a {type(content).__name__}, but a checkpoint must be a dictionary of weights."
        )
    # Methods of the class, not of the object: an object out of a pickle may have attributes with any name.
    weights = dict.get(content, "state_dict")
    if isinstance(weights, dict):
        return {str(name): value for name, value in dict.items(weights)}
    tensors: dict[str, Any] = {}
    for name, value in dict.items(content):
        if isinstance(value, dict) and name in _PARTS.values():
            tensors |= {f"{name}.{key}": weight for key, weight in dict.items(value)}
        elif isinstance(value, Tensor):
            tensors[str(name)] = value
    return tensors


def _take_evaluator(weights: OriginalWeights, copies: dict[str, dict[str, Tensor]]) -> None:
    """Take the first complete copy of the evaluator; a Lightning file has one for every metric that needs it."""
    for copy, tensors in copies.items():
        complete = {name.split(".")[0] for name in tensors} == set(_PARTS.values())
        if complete and not weights.evaluator:
            weights.evaluator.update(tensors)
            continue
        same = all(
            name in weights.evaluator and torch.equal(tensor, weights.evaluator[name])
            for name, tensor in tensors.items()
        )
        reason = "a copy of the evaluator" if same else "part of an incomplete or another evaluator"
        weights.unused.update({f"{copy}{name}": reason for name in tensors})


def _shape(tensors: Mapping[str, Tensor], name: str, path: Path) -> tuple[int, ...]:
    if name not in tensors:
        raise MotionGPTError(f"{path}: the weight {name!r} is missing; its network has {len(tensors)} others.")
    return tuple(tensors[name].shape)


def _fill(module: nn.Module, tensors: Mapping[str, Tensor], path: Path) -> None:
    """Load all of ``tensors`` into ``module``, or raise an error that names the first one that does not fit."""
    expected = module.state_dict()
    for name in sorted(expected.keys() - tensors.keys()):
        raise MotionGPTError(f"{path}: the weight {name!r} is missing.")
    for name, tensor in tensors.items():
        if name not in expected:
            raise MotionGPTError(f"{path}: a network of these sizes has no weight {name!r}.")
        if tensor.shape != expected[name].shape:
            raise MotionGPTError(
                f"{path}: {name!r} has the shape {tuple(tensor.shape)} instead of {tuple(expected[name].shape)}."
            )
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            raise MotionGPTError(f"{path}: {name!r} has NaN or infinity; copy or download the file again.")
    module.load_state_dict({name: tensor.to(expected[name].dtype) for name, tensor in tensors.items()})


def build_vqvae(weights: OriginalWeights, *, activation: str = "relu", norm: str | None = None) -> VQVAE:
    """The motion tokenizer's network, with the sizes that the shapes show.

    Args:
        weights: of the file.
        activation: the weights do not show it: ``relu`` as published, ``silu`` or ``gelu``.
        norm: ``LN`` or ``GN``, needed where the weights fit either.

    Raises:
        MotionGPTError: the file has no tokenizer, or a weight is missing, unexpected, of another shape or not finite.
    """
    path = weights.path
    tensors = dict(weights.vae)
    if not tensors:
        raise MotionGPTError(f"{path} has no motion tokenizer (no weights vae.*): give the file of the whole model.")
    kind = "ema_reset"
    if "quantizer.embedding.weight" in tensors:
        kind, tensors["quantizer.codebook"] = "orig", tensors.pop("quantizer.embedding.weight")
    if "network" in weights.config:
        config = config_from(VQVAEConfig, weights.config["network"], str(path))
    else:
        width, features, _ = _shape(tensors, "encoder.model.0.weight", path)
        num_codes, code_dim = _shape(tensors, "quantizer.codebook", path)
        stages = [name for name in tensors if re.fullmatch(r"encoder\.model\.\d+\.0\.weight", name)]
        blocks = [name for name in tensors if re.fullmatch(r"encoder\.model\.2\.1\.model\.\d+\.conv1\.weight", name)]
        config = VQVAEConfig(
            features=features,
            num_codes=num_codes,
            code_dim=code_dim,
            downsamplings=len(stages),
            width=width,
            depth=len(blocks),
            activation=activation,
            norm=_norm(tensors, norm, path),
            quantizer=kind,
        )
    network = VQVAE(config)
    codebook = tensors.get("quantizer.codebook")
    for name, own in network.quantizer.state_dict().items():
        # The original does not save the moving averages, so they restart at the codes.
        restart = codebook if name == "code_sum" else torch.ones_like(own)
        if name != "codebook" and restart is not None:
            tensors.setdefault(f"quantizer.{name}", weights.extra.get(f"quantizer.{name}", restart))
    _fill(network, tensors, path)
    return network.eval()


def _norm(tensors: Mapping[str, Tensor], norm: str | None, path: Path) -> str:
    if not any(".norm1." in name for name in tensors):
        return "none"
    if any(name.endswith(".norm1.running_mean") for name in tensors):
        return "BN"
    if norm not in ("LN", "GN"):
        raise MotionGPTError(
            f"{path}: the weights of its tokenizer fit both LN and GN: set norm (--norm) to the NORM of its config."
        )
    return norm


@dataclass(frozen=True)
class Statistics:
    """Mean and standard deviation (D,) that a tokenizer was trained with, and a remark about their origin."""

    mean: np.ndarray
    std: np.ndarray
    remark: str = ""


def read_statistics(
    skeleton: Skeleton, *, mean: Path | None = None, std: Path | None = None, data: Path | None = None
) -> Statistics | None:
    """Normalisation statistics, which the original keeps outside its checkpoints.

    Args:
        skeleton: skeleton of the features.
        mean, std: the .npy files that the network was trained with.
        data: alternatively a data set folder with Mean.npy and Std.npy. The original's networks use the deviation of
            root and contacts divided by 25, so this function divides it.

    Returns:
        None without any argument.

    Raises:
        MotionGPTError: one file without the other, both files and a folder, or a file of another width.
    """
    if data is not None:
        if mean is not None or std is not None:
            raise MotionGPTError("Use either --mean and --std, or --data, not both.")
        average, deviation = load_statistics(data, skeleton)
        layout = FeatureLayout(skeleton)
        for part in (slice(0, layout.positions.start), layout.contacts):
            deviation[part] /= _FEATURE_BIAS
        return Statistics(average, deviation, "root and contacts of Std.npy were divided by 25, like in the original")
    if mean is None and std is None:
        return None
    if mean is None or std is None:
        raise MotionGPTError(f"--{'mean' if mean is None else 'std'} is missing: give both files, --mean and --std.")
    arrays = []
    for path in (mean, std):
        array = load_npy(path).astype(np.float64)
        if array.shape != (skeleton.feature_dim,) or not np.isfinite(array).all():
            raise MotionGPTError(
                f"{path} has the shape {array.shape} instead of {skeleton.feature_dim} finite numbers, one per feature."
            )
        arrays.append(array)
    if (arrays[1] <= 0).any():
        raise MotionGPTError(f"{std} must be above zero everywhere: check that it is the std file.")
    remark = ""
    if arrays[1][FeatureLayout(skeleton).contacts].mean() > _DIVIDED_CONTACTS:
        remark = (
            f"{std} looks like the Std.npy of a data set; the original's networks were trained with root and contacts "
            "divided by 25, which --data does"
        )
    return Statistics(arrays[0], arrays[1], remark)


def build_tokenizer(
    weights: OriginalWeights, statistics: Statistics | None, *, activation: str = "relu", norm: str | None = None
) -> MotionTokenizer:
    """The motion tokenizer with its statistics.

    Raises:
        MotionGPTError: there are no statistics, or no skeleton has this feature width; see also :func:`build_vqvae`.
    """
    network = build_vqvae(weights, activation=activation, norm=norm)
    skeleton = SKELETONS.get(weights.config.get("skeleton", "")) or skeleton_of_width(network.config.features)
    if skeleton is None:
        raise MotionGPTError(
            f"{weights.path}: its tokenizer needs {network.config.features} features per frame, but HumanML3D has 263 "
            "and KIT-ML 251."
        )
    if statistics is None and "mean" in weights.extra and "std" in weights.extra:
        statistics = Statistics(weights.extra["mean"].numpy(), weights.extra["std"].numpy())
    if statistics is None:
        raise MotionGPTError(
            f"{weights.path}: a checkpoint has no normalisation statistics: give the mean.npy and std.npy of its "
            "training (from the original's folder meta) with --mean and --std, or the data set with --data."
        )
    tokenizer = MotionTokenizer(network.config, statistics.mean, statistics.std, skeleton)
    tokenizer.vqvae = network
    if "refinement" in weights.config:
        tokenizer.refine(config_from(VQVAEConfig, weights.config["refinement"], str(weights.path)))
        _fill(cast(VQVAE, tokenizer.refinement), _own(weights, "refinement."), weights.path)
    return tokenizer.eval()


def _own(weights: OriginalWeights, part: str) -> dict[str, Tensor]:
    """The weights that our own export added for a part that the original does not have."""
    return {name.removeprefix(part): value for name, value in weights.extra.items() if name.startswith(part)}


def skeleton_of(weights: OriginalWeights) -> Skeleton | None:
    """The skeleton with the feature width of the tokenizer."""
    first = weights.vae.get("encoder.model.0.weight")
    return None if first is None or first.dim() != 3 else skeleton_of_width(first.shape[1])


def build_language(
    weights: OriginalWeights, text_tokenizer: str | Path | None, num_codes: int | None = None
) -> MotionLanguageModel:
    """The language model, with the sizes that the shapes show.

    Args:
        weights: of the file.
        text_tokenizer: a ``tokenizer.json``, a folder with one, or a hub id: the tokenizer of the T5 that the model
            started from, such as ``google/flan-t5-base``. Files of our own export include it.
        num_codes: size of the motion codebook: the number of motion tokens minus three.

    Raises:
        MotionGPTError: the file has no T5, the text tokenizer is missing or has another size, or a weight is missing,
            unexpected, of another shape or not finite.
    """
    path = weights.path
    tensors = dict(weights.language)
    ours = weights.config.get("language", {})
    if any(name.startswith("transformer.") for name in tensors):
        raise MotionGPTError(f"{path}: its language model is a GPT-2, but only T5 checkpoints can be imported.")
    if text_tokenizer is None and "tokenizer" in ours:
        words = TextTokenizer.from_json(ours["tokenizer"], ours["num_codes"])
    else:
        words = _text_tokenizer(text_tokenizer, 512 if num_codes is None else num_codes, path)
    table = tensors.get("shared.weight")
    rows, width = _shape(tensors, "shared.weight", path)
    if rows != words.size:
        raise MotionGPTError(
            f"{path}: its language model has {rows} tokens, but the text tokenizer {words.size} with "
            f"{words.num_codes + 3} motion tokens: give the tokenizer of the T5 that it started from."
        )
    gated = "encoder.block.0.layer.1.DenseReluDense.wi_0.weight" in tensors
    head = tensors.get("lm_head.weight")
    # T5 v1.0 ties the output layer to the table and scales its input. Gated models (v1.1, flan) have a separate output
    # layer without scaling, even where it happens to equal the table.
    tied = head is None or (torch.equal(head, table) and not gated)  # type: ignore[arg-type]
    if ours:
        tied = ours["network"]["tied_embeddings"]
    for name in (*_TABLE_COPIES, *(("lm_head.weight",) if tied else ())):
        copy = tensors.pop(name, table)
        if not torch.equal(copy, table):  # type: ignore[arg-type]
            raise MotionGPTError(f"{path}: {name!r} differs from 'shared.weight': this kind of T5 is not supported.")
    first = "encoder.block.0.layer.0.SelfAttention."
    buckets, heads = _shape(tensors, f"{first}relative_attention_bias.weight", path)
    inner = _shape(tensors, f"{first}q.weight", path)[0]
    hidden = _shape(tensors, f"encoder.block.0.layer.1.DenseReluDense.{'wi_0' if gated else 'wi'}.weight", path)[0]
    shape = T5Shape(
        vocabulary_size=rows,
        d_model=width,
        d_kv=inner // heads,
        d_ff=hidden,
        layers=_layers(tensors, "encoder"),
        decoder_layers=_layers(tensors, "decoder"),
        heads=heads,
        feed_forward="gated-gelu" if gated else "relu",
        tied_embeddings=tied,
        relative_buckets=buckets,
    )
    if ours:
        shape = config_from(T5Shape, ours["network"], str(path))
    network = T5(shape)
    _fill(network, tensors, path)
    encoder = None
    if "text_encoder" in ours:
        config = config_from(TextEncoderConfig, ours["text_encoder"]["config"], str(path))
        encoder = TextEncoder(config, Tokenizer.from_str(ours["text_encoder"]["pieces"]), width)
        _fill(encoder, _own(weights, "text_encoder."), path)
    return MotionLanguageModel(network, words, ours.get("max_input_tokens", 256), encoder).eval()


def _layers(tensors: Mapping[str, Tensor], stack: str) -> int:
    return len({name.split(".")[2] for name in tensors if name.startswith(f"{stack}.block.")})


def _text_tokenizer(source: str | Path | None, num_codes: int, path: Path) -> TextTokenizer:
    if source is None:
        raise MotionGPTError(
            f"{path}: a checkpoint has no text tokenizer: give that of the T5 that it started from with "
            "--text-tokenizer, a folder with tokenizer.json or a hub id such as google/flan-t5-base."
        )
    file = Path(source)
    if file.is_dir():
        file = file / "tokenizer.json"
    if file.is_file() or isinstance(source, Path) or str(source).count("/") != 1:
        return TextTokenizer.load(file, num_codes)
    transformers = require("transformers", "hub")
    try:
        return TextTokenizer.from_json(
            transformers.AutoTokenizer.from_pretrained(str(source)).backend_tokenizer.to_str(), num_codes
        )
    except (OSError, ValueError, AttributeError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise MotionGPTError(f"Cannot load a text tokenizer from {str(source)!r}: {reason}") from error


def build_evaluator(weights: OriginalWeights, *, strict_reference: bool = False) -> Evaluator:
    """The evaluator, with the sizes that the shapes show.

    Raises:
        MotionGPTError: the file has no evaluator, or a weight is missing, unexpected, of another shape or not finite.
    """
    tensors, path = weights.evaluator, weights.path
    if not tensors:
        raise MotionGPTError(
            f"{path} has no evaluator: it needs the weights text_encoder, movement_encoder and motion_encoder, as in "
            "text_mot_match/model/finest.tar."
        )
    movement_hidden, features, _ = _shape(tensors, "movement_encoder.main.0.weight", path)
    words, parts = _shape(tensors, "text_encoder.pos_emb.weight", path)
    config = EvaluatorConfig(
        features=features + 4,
        movement=_shape(tensors, "movement_encoder.main.3.weight", path)[0],
        movement_hidden=movement_hidden,
        motion_hidden=_shape(tensors, "motion_encoder.input_emb.weight", path)[0],
        words=words,
        parts_of_speech=parts,
        text_hidden=_shape(tensors, "text_encoder.input_emb.weight", path)[0],
        embedding=_shape(tensors, "text_encoder.output_net.3.weight", path)[0],
    )
    evaluator = Evaluator(config, strict_reference=strict_reference)
    _fill(evaluator, tensors, path)
    return evaluator.eval()


def read_word_vectors(folder: Path) -> tuple[np.ndarray, list[str]]:
    """The GloVe vectors of the original's evaluators, (V, 300), and their words.

    Args:
        folder: has ``our_vab_data.npy`` and ``our_vab_idx.pkl``, whose code is never executed.

    Raises:
        MotionGPTError: a file is missing, damaged, refused, or does not fit the other.
    """
    vectors = load_npy(folder / "our_vab_data.npy").astype(np.float32)
    path = folder / "our_vab_idx.pkl"
    rows = read_plain_pickle(path)
    if not isinstance(rows, dict) or not all(isinstance(word, str) and type(row) is int for word, row in rows.items()):
        raise MotionGPTError(f"{path} must be a dictionary of words and their rows.")
    if vectors.ndim != 2 or not np.isfinite(vectors).all() or not all(0 <= row < len(vectors) for row in rows.values()):
        raise MotionGPTError(
            f"{folder}: our_vab_data.npy, {vectors.shape}, does not fit the rows of our_vab_idx.pkl, or has NaN or "
            "infinity."
        )
    words = list(rows)
    return vectors[[rows[word] for word in words]], words


def import_checkpoint(
    file: str | Path,
    folder: str | Path,
    *,
    text_tokenizer: str | Path | None = None,
    mean: Path | None = None,
    std: Path | None = None,
    data: Path | None = None,
    words: Path | None = None,
    activation: str = "relu",
    norm: str | None = None,
) -> dict[str, Any]:
    """Convert a checkpoint of the original to our folders, with all weights in float32.

    A whole model becomes a model folder that `MotionGPT.from_pretrained` reads, a tokenizer alone ``folder/tokenizer``,
    and an evaluator ``folder/evaluator``.

    Args:
        file: see :func:`read_weights`.
        folder: created where missing.
        text_tokenizer: see :func:`build_language`.
        mean, std, data: see :func:`read_statistics`.
        words: folder with the word vectors of the evaluator, see :func:`read_word_vectors`; without it and statistics
            only the evaluator's networks are written, which is not enough to evaluate.
        activation, norm: see :func:`build_vqvae`.

    Returns:
        ``used``: number of weights by part (``tokenizer``, ``language``, ``evaluator``); ``unused``: name -> reason of
        all other weights; ``remarks``: sentences.

    Raises:
        MotionGPTError: see the functions above; nothing is written then.
    """
    weights, folder = read_weights(file), Path(folder)
    evaluator = build_evaluator(weights) if weights.evaluator else None
    skeleton = skeleton_of(weights)
    if skeleton is None and evaluator is not None:
        skeleton = skeleton_of_width(evaluator.config.features)
    statistics = None if skeleton is None else read_statistics(skeleton, mean=mean, std=std, data=data)
    tokenizer = build_tokenizer(weights, statistics, activation=activation, norm=norm) if weights.vae else None
    count = tokenizer.num_codes if tokenizer else None
    language = build_language(weights, text_tokenizer, count) if weights.language else None
    judge = None
    if evaluator and words is not None:
        if statistics is None:
            raise MotionGPTError("An evaluator needs the statistics of its training: give --mean and --std, or --data.")
        judge = WordVectorEvaluator(evaluator, *read_word_vectors(words), statistics.mean, statistics.std)
    remarks = [statistics.remark] if statistics and statistics.remark else []
    if tokenizer and language:
        defaults = GenerationDefaults.from_config(weights.config.get("defaults", _DEFAULTS.as_dict()), str(file))
        MotionGPT(tokenizer, language, defaults).save_pretrained(folder, dtype="float32")
    elif tokenizer:
        tokenizer.save(folder / "tokenizer")
        remarks.append("the file has no language model: only the tokenizer was written")
    elif language:
        language.save(folder / "language")
        remarks.append("the file has no motion tokenizer: only the language model was written")
    if judge:
        judge.save(folder / "evaluator")
    elif evaluator:
        evaluator.save(folder / "evaluator")
        remarks.append("only the networks of the evaluator were written: evaluation also needs --words and statistics")
    used = {"tokenizer": len(weights.vae), "language": len(weights.language), "evaluator": len(weights.evaluator)}
    return {
        "used": {name: count for name, count in used.items() if count},
        "unused": weights.unused,
        "remarks": remarks,
    }


def export_checkpoint(model: MotionGPT, file: str | Path) -> int:
    """Write a model as safetensors in the original's key layout: ``vae.*`` and ``lm.language_model.*``, float32.

    Parts that the original's layout lacks go under ``motiongpt.*`` (statistics, moving averages of the codes, a
    refinement, a text encoder) and into the file's metadata (sizes, words, defaults), so that an import gives the
    identical model. Drop ``motiongpt.*`` to load the file with the original; the language model of a model with a text
    encoder does not work there.

    Returns:
        The number of weights in the original's layout.

    Raises:
        MotionGPTError: the model has parts that the original cannot have, or the file cannot be written.
    """
    network, language = model.tokenizer.config, model.language
    if network.levels != 1 or network.linear_skip or network.quantizer == "fsq":
        raise MotionGPTError(
            "This model cannot be written in the original's layout: its motion tokenizer has residual levels, finite "
            "scalars or a linear skip."
        )
    if not isinstance(language.network, T5):
        raise MotionGPTError("Only models with a T5 can be written in the original's layout.")
    tensors: dict[str, Tensor] = {}
    for name, tensor in model.tokenizer.vqvae.state_dict().items():
        extra = name.startswith("quantizer.") and name != "quantizer.codebook"
        tensors[f"{OURS if extra else VAE}{name}"] = tensor
    if network.quantizer == "orig":
        tensors[f"{VAE}quantizer.embedding.weight"] = tensors.pop(f"{VAE}quantizer.codebook")
    tensors |= {f"{OURS}mean": model.tokenizer.mean, f"{OURS}std": model.tokenizer.std}
    words = language.network.state_dict()
    tensors |= {f"{LANGUAGE}{name}": tensor for name, tensor in words.items()}
    for name in _TABLE_COPIES:
        tensors[f"{LANGUAGE}{name}"] = words["shared.weight"]
    tensors.setdefault(f"{LANGUAGE}lm_head.weight", words["shared.weight"])
    sizes: dict[str, Any] = {
        "network": dataclasses.asdict(language.network.shape),
        "max_input_tokens": language.max_input_tokens,
        "num_codes": language.tokenizer.num_codes,
        "tokenizer": language.tokenizer.to_json(),
    }
    head: dict[str, Any] = {
        "skeleton": model.tokenizer.skeleton.name,
        "network": dataclasses.asdict(network),
        "defaults": model.defaults.as_dict(),
        "language": sizes,
    }
    for part, module in (("refinement", model.tokenizer.refinement), ("text_encoder", language.text_encoder)):
        if module is not None:
            tensors |= {f"{OURS}{part}.{name}": tensor for name, tensor in module.state_dict().items()}
    if model.tokenizer.refinement is not None:
        head["refinement"] = dataclasses.asdict(model.tokenizer.refinement.config)
    if language.text_encoder is not None:
        pieces = language.text_encoder.pieces.to_str()
        sizes["text_encoder"] = {"config": dataclasses.asdict(language.text_encoder.config), "pieces": pieces}
    with atomic_path(Path(file)) as temporary:
        # Copies, since safetensors does not write one table under several names.
        copies = {name: tensor.detach().cpu().clone().contiguous() for name, tensor in tensors.items()}
        save_file(copies, temporary, metadata={"motiongpt": json.dumps(head)})
    return sum(not name.startswith(OURS) for name in tensors)
