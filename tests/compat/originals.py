"""Checkpoints as the original writes them, and its networks in plain torch functions, without any code of ours."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

Weights = dict[str, Tensor]


def _convolution(weights: Weights, name: str, inputs: int, outputs: int, kernel: int) -> None:
    scale = (inputs * kernel) ** -0.5
    weights[f"{name}.weight"] = torch.randn(outputs, inputs, kernel) * scale
    weights[f"{name}.bias"] = torch.randn(outputs) * 0.1


def _linear(weights: Weights, name: str, inputs: int, outputs: int) -> None:
    weights[f"{name}.weight"] = torch.randn(outputs, inputs) * inputs**-0.5
    weights[f"{name}.bias"] = torch.randn(outputs) * 0.1


def vq_weights(
    *, features: int = 263, width: int = 24, code_dim: int = 20, codes: int = 40, stages: int = 2, depth: int = 3
) -> Weights:
    """Random weights of a tokenizer under the original's names, ``vae.*``."""
    weights: Weights = {}

    def stack(name: str) -> None:
        for block in range(depth):
            _convolution(weights, f"{name}.model.{block}.conv1", width, width, 3)
            _convolution(weights, f"{name}.model.{block}.conv2", width, width, 1)

    _convolution(weights, "vae.encoder.model.0", features, width, 3)
    for stage in range(stages):
        _convolution(weights, f"vae.encoder.model.{2 + stage}.0", width, width, 4)
        stack(f"vae.encoder.model.{2 + stage}.1")
    _convolution(weights, f"vae.encoder.model.{2 + stages}", width, code_dim, 3)
    _convolution(weights, "vae.decoder.model.0", code_dim, width, 3)
    for stage in range(stages):
        stack(f"vae.decoder.model.{2 + stage}.0")
        _convolution(weights, f"vae.decoder.model.{2 + stage}.2", width, width, 3)
    _convolution(weights, f"vae.decoder.model.{2 + stages}", width, width, 3)
    _convolution(weights, f"vae.decoder.model.{4 + stages}", width, features, 3)
    weights["vae.quantizer.codebook"] = torch.randn(codes, code_dim) * 0.5
    return weights


def _conv(weights: Weights, name: str, x: Tensor, **options: int) -> Tensor:
    return F.conv1d(x, weights[f"{name}.weight"], weights[f"{name}.bias"], **options)


def _stack(weights: Weights, name: str, x: Tensor, depth: int) -> Tensor:
    for block, dilation in enumerate(3 ** (depth - 1 - i) for i in range(depth)):
        inner = _conv(weights, f"{name}.model.{block}.conv1", F.relu(x), padding=dilation, dilation=dilation)
        x = x + _conv(weights, f"{name}.model.{block}.conv2", F.relu(inner))
    return x


def vq_encode(weights: Weights, features: Tensor, *, stages: int = 2, depth: int = 3) -> Tensor:
    """Codes (B, T // 2 ** stages) of normalised features (B, T, D)."""
    x = F.relu(_conv(weights, "vae.encoder.model.0", features.transpose(1, 2), padding=1))
    for stage in range(stages):
        x = _conv(weights, f"vae.encoder.model.{2 + stage}.0", x, stride=2, padding=1)
        x = _stack(weights, f"vae.encoder.model.{2 + stage}.1", x, depth)
    x = _conv(weights, f"vae.encoder.model.{2 + stages}", x, padding=1).transpose(1, 2)
    return torch.cdist(x, weights["vae.quantizer.codebook"][None].expand(len(x), -1, -1)).argmin(-1)


def vq_decode(weights: Weights, codes: Tensor, *, stages: int = 2, depth: int = 3) -> Tensor:
    """Normalised features of codes (B, n)."""
    x = weights["vae.quantizer.codebook"][codes].transpose(1, 2)
    x = F.relu(_conv(weights, "vae.decoder.model.0", x, padding=1))
    for stage in range(stages):
        x = _stack(weights, f"vae.decoder.model.{2 + stage}.0", x, depth)
        x = _conv(weights, f"vae.decoder.model.{2 + stage}.2", x.repeat_interleave(2, -1), padding=1)
    x = F.relu(_conv(weights, f"vae.decoder.model.{2 + stages}", x, padding=1))
    return _conv(weights, f"vae.decoder.model.{4 + stages}", x, padding=1).transpose(1, 2)


def evaluator_weights(
    *, features: int = 263, movement: int = 20, middle: int = 28, motion: int = 36, text: int = 24, embedding: int = 16
) -> dict[str, Weights]:
    """Random weights of the three networks under the names of ``finest.tar``."""

    def sequence(inputs: int, hidden: int) -> Weights:
        weights: Weights = {"hidden": torch.randn(2, 1, hidden)}
        _linear(weights, "input_emb", inputs, hidden)
        for suffix in ("", "_reverse"):
            for kind in ("ih", "hh"):
                weights[f"gru.weight_{kind}_l0{suffix}"] = torch.randn(3 * hidden, hidden) * hidden**-0.5
                weights[f"gru.bias_{kind}_l0{suffix}"] = torch.randn(3 * hidden) * 0.1
        _linear(weights, "output_net.0", 2 * hidden, hidden)
        weights["output_net.1.weight"] = 1 + 0.1 * torch.randn(hidden)
        weights["output_net.1.bias"] = 0.1 * torch.randn(hidden)
        _linear(weights, "output_net.3", hidden, embedding)
        return weights

    moves: Weights = {}
    _convolution(moves, "main.0", features - 4, middle, 4)
    _convolution(moves, "main.3", middle, movement, 4)
    _linear(moves, "out_net", movement, movement)
    texts = sequence(300, text)
    _linear(texts, "pos_emb", 15, 300)
    return {"text_encoder": texts, "movement_encoder": moves, "motion_encoder": sequence(movement, motion)}


def _gru(weights: Weights, sequence: np.ndarray, suffix: str, first: np.ndarray) -> np.ndarray:
    """Last state of one direction, step by step."""
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    into, over, bias_into, bias_over = (weights[f"gru.{name}_l0{suffix}"].double().numpy() for name in names)
    state = first

    def sigmoid(x: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-x))

    for x in sequence:
        a, b = np.split(into @ x + bias_into, 3), np.split(over @ state + bias_over, 3)
        reset, update = sigmoid(a[0] + b[0]), sigmoid(a[1] + b[1])
        state = (1 - update) * np.tanh(a[2] + reset * b[2]) + update * state
    return state


def embed_sequence(weights: Weights, sequence: Tensor) -> np.ndarray:
    """Embedding of one sequence (n, inputs) without padding, in float64."""
    double = {name: weight.double() for name, weight in weights.items()}
    x = F.linear(sequence.double(), double["input_emb.weight"], double["input_emb.bias"]).numpy()
    first = double["hidden"][:, 0].numpy()
    last = [_gru(weights, x, "", first[0]), _gru(weights, x[::-1], "_reverse", first[1])]
    y = torch.from_numpy(np.concatenate(last))
    y = F.linear(y, double["output_net.0.weight"], double["output_net.0.bias"])
    y = F.layer_norm(y, y.shape, double["output_net.1.weight"], double["output_net.1.bias"])
    y = F.leaky_relu(y, 0.2)
    return F.linear(y, double["output_net.3.weight"], double["output_net.3.bias"]).numpy()


def embed_motion(weights: dict[str, Weights], features: Tensor) -> np.ndarray:
    """Embedding of one motion (T, D) alone."""
    moves = weights["movement_encoder"]
    x = features[None, :, :-4].transpose(1, 2)
    for layer in ("main.0", "main.3"):
        x = F.leaky_relu(_conv(moves, layer, x, stride=2, padding=1), 0.2)
    movements = F.linear(x[0].T, moves["out_net.weight"], moves["out_net.bias"])
    return embed_sequence(weights["motion_encoder"], movements)


def embed_text(weights: dict[str, Weights], words: Tensor, parts: Tensor) -> np.ndarray:
    """Embedding of one text: words (n, 300), parts of speech (n, 15)."""
    texts = weights["text_encoder"]
    return embed_sequence(texts, words + F.linear(parts, texts["pos_emb.weight"], texts["pos_emb.bias"]))


def lightning_content(state: dict[str, Any], settings: Any = None) -> dict[str, Any]:
    """What a Lightning checkpoint holds beside the weights."""
    return {
        "epoch": 3,
        "global_step": 100,
        "pytorch-lightning_version": "2.0.2",
        "state_dict": state,
        "loops": {"fit_loop": {"state_dict": {}, "epoch_progress": {"total": {"ready": 4}}}},
        "callbacks": {"ModelCheckpoint{'monitor': None}": {"best_model_score": torch.tensor(0.5)}},
        "optimizer_states": [{"state": {0: {"step": torch.tensor(3.0)}}, "param_groups": [{"betas": (0.9, 0.99)}]}],
        "lr_schedulers": [],
        "hparams_name": "kwargs",
        "hyper_parameters": {"cfg": settings, "lr": 1e-4},
    }


def metric_copies(evaluator: dict[str, Weights]) -> Weights:
    """The copies of the evaluator that a whole model carries in its metrics, and their running sums."""
    names = {"text_encoder": "textencoder", "movement_encoder": "moveencoder", "motion_encoder": "motionencoder"}
    state: Weights = {}
    for metric in ("TM2TMetrics", "UncondMetrics"):
        for part, weights in evaluator.items():
            for name, weight in weights.items():
                state[f"metrics.{metric}.t2m_{names[part]}.{name}"] = weight
    state["metrics.TM2TMetrics.count"] = torch.tensor(7.0)
    state["_losses.losses_train.total"] = torch.tensor(1.0)
    return state
