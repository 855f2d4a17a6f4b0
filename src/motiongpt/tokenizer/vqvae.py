"""The convolutional VQ-VAE behind the motion tokens (Zhang et al., CVPR 2023; Jiang et al., NeurIPS 2023).

Module names follow the published checkpoints (``encoder.model.2.1.model.0.conv1`` and so on), so these load unchanged.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from motiongpt.errors import MotionGPTError
from motiongpt.tokenizer.quantizers import FSQ_SIZES, QUANTIZERS, Quantized, make_quantizer


@dataclass(frozen=True)
class VQVAEConfig:
    """Sizes of the network; the defaults are the published ones.

    Attributes:
        features: width D of a feature row.
        num_codes: size of the codebook, or of each level's codebook.
        levels: codes per latent: 1 as published, more for residual codebooks or more groups of finite scalars.
        code_dim: width of a code.
        downsamplings: number of stride-2 stages; one latent stands for 2 ** downsamplings frames.
        width: hidden channels.
        depth: residual blocks per stage.
        decoder_depth: the same of the decoder; 0 for ``depth``. A shallow decoder cannot lean on what is far away.
        dilation_growth: dilations of a stage's blocks are growth^(depth-1), ..., growth, 1.
        activation: ``relu``, ``silu`` or ``gelu``.
        norm: ``none``, ``LN``, ``GN`` or ``BN``.
        quantizer: one of ``ema_reset``, ``ema``, ``reset``, ``orig``, ``fsq``.
        linear_skip: add a linear map from the frames of a stride to their latent, and one back, to the convolutions;
            see :meth:`VQVAE.initialise_linear_skip`.
        decay: moving-average factor of the quantizer.
        reset_threshold: average count per batch below which the reset kinds replace a code.
    """

    features: int = 263
    num_codes: int = 512
    levels: int = 1
    code_dim: int = 512
    downsamplings: int = 2
    width: int = 512
    depth: int = 3
    decoder_depth: int = 0
    dilation_growth: int = 3
    activation: str = "relu"
    norm: str = "none"
    quantizer: str = "ema_reset"
    linear_skip: bool = False
    decay: float = 0.99
    reset_threshold: float = 1.0

    def __post_init__(self) -> None:
        for name, value, known in (
            ("activation", self.activation, _ACTIVATIONS),
            ("norm", self.norm, _NORMS),
            ("quantizer", self.quantizer, QUANTIZERS),
        ):
            if value not in known:
                raise MotionGPTError(f"Tokenizer config: {name} must be one of {', '.join(known)}, not {value!r}.")
        if self.quantizer == "fsq" and self.num_codes not in FSQ_SIZES:
            known_sizes = ", ".join(map(str, FSQ_SIZES))
            raise MotionGPTError(f"Tokenizer config: num_codes of fsq must be one of {known_sizes}.")
        if self.levels < 1:
            raise MotionGPTError(f"Tokenizer config: levels must be at least 1, not {self.levels}.")

    @property
    def stride(self) -> int:
        """Frames per latent."""
        return 2**self.downsamplings


class _ChannelLayerNorm(nn.LayerNorm):
    """Layer norm over the channels of (B, C, T)."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.transpose(1, 2)).transpose(1, 2)


_ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {"relu": nn.ReLU, "silu": nn.SiLU, "gelu": nn.GELU}
_NORMS: dict[str, Callable[[int], nn.Module]] = {
    "none": lambda width: nn.Identity(),
    "LN": _ChannelLayerNorm,
    "GN": lambda width: nn.GroupNorm(32, width, eps=1e-6),
    "BN": lambda width: nn.BatchNorm1d(width, eps=1e-6),
}


class _ResidualBlock(nn.Module):
    def __init__(self, config: VQVAEConfig, dilation: int) -> None:
        super().__init__()
        width = config.width
        self.norm1 = _NORMS[config.norm](width)
        self.norm2 = _NORMS[config.norm](width)
        self.activation = _ACTIVATIONS[config.activation]()
        self.conv1 = nn.Conv1d(width, width, 3, padding=dilation, dilation=dilation)
        self.conv2 = nn.Conv1d(width, width, 1)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        inner = self.conv1(_masked(self.activation(self.norm1(x)), mask))
        return x + self.conv2(self.activation(self.norm2(inner)))


def _masked(x: Tensor, mask: Tensor | None) -> Tensor:
    """Zeros after the end of each row, as a convolution pads the end of a batch."""
    return x if mask is None else x * mask


class _ResidualStack(nn.Module):
    def __init__(self, config: VQVAEConfig, depth: int) -> None:
        super().__init__()
        # The widest dilation comes first, in the encoder as in the decoder.
        dilations = [config.dilation_growth**power for power in reversed(range(depth))]
        self.model = nn.Sequential(*(_ResidualBlock(config, dilation) for dilation in dilations))

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        for block in self.model:
            x = block(x, mask)
        return x


class _Encoder(nn.Module):
    def __init__(self, config: VQVAEConfig) -> None:
        super().__init__()
        width = config.width
        stages = [
            nn.Sequential(nn.Conv1d(width, width, 4, stride=2, padding=1), _ResidualStack(config, config.depth))
            for _ in range(config.downsamplings)
        ]
        self.model = nn.Sequential(
            nn.Conv1d(config.features, width, 3, padding=1),
            nn.ReLU(),
            *stages,
            nn.Conv1d(width, config.code_dim, 3, padding=1),
        )
        self.skip = (
            nn.Conv1d(config.features, config.code_dim, config.stride, config.stride) if config.linear_skip else None
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.model(x) if self.skip is None else self.model(x) + self.skip(x)


class _Decoder(nn.Module):
    def __init__(self, config: VQVAEConfig) -> None:
        super().__init__()
        width, depth = config.width, config.decoder_depth or config.depth
        stages = [
            nn.Sequential(
                _ResidualStack(config, depth), nn.Upsample(scale_factor=2), nn.Conv1d(width, width, 3, padding=1)
            )
            for _ in range(config.downsamplings)
        ]
        self.model = nn.Sequential(
            nn.Conv1d(config.code_dim, width, 3, padding=1),
            nn.ReLU(),
            *stages,
            nn.Conv1d(width, width, 3, padding=1),
            nn.ReLU(),
            nn.Conv1d(width, config.features, 3, padding=1),
        )
        self.skip = (
            nn.ConvTranspose1d(config.code_dim, config.features, config.stride, config.stride)
            if config.linear_skip
            else None
        )

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Latents (B, C, n) -> features (B, D, n * stride).

        Args:
            x: latents; rows that are shorter than the batch are padded with anything.
            lengths: (B,) number of latents of each row; None where all are equal. A row decodes as it does alone.
        """
        mask = None if lengths is None else (torch.arange(x.shape[2], device=x.device) < lengths[:, None])[:, None]
        hidden = x
        for layer in self.model:
            if isinstance(layer, nn.Sequential):
                stack, upsample, convolution = layer
                hidden = upsample(stack(hidden, mask))
                mask = None if mask is None else mask.repeat_interleave(2, dim=2)
                hidden = convolution(_masked(hidden, mask))
            else:
                hidden = layer(_masked(hidden, mask) if isinstance(layer, nn.Conv1d) else hidden)
        return hidden if self.skip is None else hidden + self.skip(x)


class VQVAE(nn.Module):
    """Normalised features (B, T, D) <-> codes (B, T // stride * levels).

    Encoding knows no padding, so the clips of a batch must have the same length. Frames beyond the last full stride are
    not covered by a code; :class:`motiongpt.tokenizer.MotionTokenizer` completes the stride first.
    """

    def __init__(self, config: VQVAEConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = _Encoder(config)
        self.decoder = _Decoder(config)
        self.quantizer = make_quantizer(
            config.quantizer, config.levels, config.num_codes, config.code_dim, config.decay, config.reset_threshold
        )

    @torch.no_grad()
    def initialise(self) -> None:
        """Random weights that keep the variance of the signal through the layers (He et al. 2015).

        The default of torch shrinks the signal at each of the nine layers in a row, and training needs thousands of
        steps to undo that. Residual branches start small, so that a stage starts near the identity.
        """
        for name, module in self.named_modules():
            if isinstance(module, nn.Conv1d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu" if name.endswith("conv1") else "linear")
                if name.endswith("conv2"):
                    module.weight.mul_(0.1)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    @torch.no_grad()
    def initialise_linear_skip(self, windows: Tensor, weights: Tensor) -> None:
        """Initialise the linear maps with principal components, and the convolutions beside them with zero output.

        A stride of frames has only a few dozen degrees of freedom. A linear map keeps nearly all of them from the
        start, where convolutions alone need many thousand steps.

        Args:
            windows: (N, stride, D) normalised features.
            weights: (D,) weight of the squared error of each dimension.
        """
        encoder, decoder = self.encoder.skip, self.decoder.skip
        if encoder is None or decoder is None or encoder.bias is None or decoder.bias is None:
            raise ValueError("linear_skip is off in this network's config")
        scale = weights.sqrt().repeat(windows.shape[1])
        rows = windows.flatten(1)
        centre = rows.mean(0)
        rows = (rows - centre) * scale
        components = torch.linalg.eigh((rows.T @ rows).double() / len(rows)).eigenvectors.to(rows.dtype)
        basis = components.flip(1)[:, : self.config.code_dim].T
        inward = (basis * scale).unflatten(1, (windows.shape[1], -1))
        encoder.weight[: len(basis)] = inward.transpose(1, 2)
        encoder.bias[: len(basis)] = -(inward.flatten(1) @ centre)
        outward = (basis / scale).unflatten(1, (windows.shape[1], -1))
        decoder.weight[: len(basis)] = outward.transpose(1, 2)
        decoder.bias[:] = centre.unflatten(0, (windows.shape[1], -1)).mean(0)
        for stack in (self.encoder.model, self.decoder.model):
            nn.init.zeros_(stack[-1].get_parameter("weight"))

    def shorten_decoder(self, depth: int) -> None:
        """Keep the ``depth`` residual blocks with the smallest dilations in each stage of the decoder."""
        for layer in self.decoder.model:
            if isinstance(layer, nn.Sequential):
                stack = layer[0]
                assert isinstance(stack, _ResidualStack)
                stack.model = nn.Sequential(*list(stack.model)[-depth:])
        self.config = dataclasses.replace(self.config, decoder_depth=depth)

    def encode(self, features: Tensor) -> Tensor:
        """Codes (B, T // stride * levels) of normalised features (B, T, D), T >= stride."""
        return self.quantizer.encode(self.latents(features))

    def latents(self, features: Tensor) -> Tensor:
        """Latents (B, C, T // stride) before quantization."""
        return self.encoder(features.transpose(1, 2))

    def decode(self, codes: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Normalised features (B, n * stride, D) of codes (B, n * levels).

        Args:
            codes: padded with any codes where rows are shorter than the batch.
            lengths: (B,) latents of each row; None where all rows have the same. Not for group normalisation, whose
                statistics run over time.
        """
        return self.decoder(self.quantizer.decode(codes), lengths).transpose(1, 2)

    def forward(self, features: Tensor) -> tuple[Tensor, Quantized]:
        """Reconstruction (B, T, D) and the quantizer's result, for training; T a multiple of the stride."""
        quantized = self.quantizer(self.latents(features))
        return self.decoder(quantized.latents).transpose(1, 2), quantized


def reconstruction_loss(reconstruction: Tensor, target: Tensor, weights: Tensor, beta: float) -> Tensor:
    """Smooth L1 of normalised features (B, T, D), each dimension weighted by ``weights`` (D,).

    The loss is quadratic for errors below ``beta`` standard deviations and linear above.
    """
    return (F.smooth_l1_loss(reconstruction.float(), target, beta=beta, reduction="none") * weights).mean()
