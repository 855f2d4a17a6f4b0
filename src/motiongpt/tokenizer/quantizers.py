"""Quantizers: latents to codes and back.

The four of T2M-GPT (Zhang et al., CVPR 2023) that MotionGPT offers map latents (B, C, n) to the nearest of K codes and
use a straight-through gradient. They differ in how codes learn, by gradient (``orig``, ``reset``) or by moving averages
(``ema``, ``ema_reset``), and in whether unused codes are reset to latents of the batch (the two ``reset`` kinds).

Several codes can also stand for one latent: residual codebooks (Zeghidour et al. 2021, SoundStream) of any of the four
kinds, and finite scalars (``fsq``, Mentzer et al., ICLR 2024), which have no codebook to learn. The codes of a latent
follow each other in one stream, and each level has its own range of numbers: level l of K codes uses
l * K .. (l + 1) * K - 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.distributed as distributed
import torch.nn.functional as F
from torch import Tensor, nn


class Quantized(NamedTuple):
    """Result of a quantizer: latents (B, C, n), codes (B, n * levels), commitment loss, perplexity of code use."""

    latents: Tensor
    codes: Tensor
    commitment: Tensor
    perplexity: Tensor


def _sum_over_ranks(tensor: Tensor) -> Tensor:
    """The sum over all ranks: they share one codebook, so each must learn from all latents."""
    if distributed.is_available() and distributed.is_initialized():
        distributed.all_reduce(tensor)
    return tensor


def _same_on_all_ranks(tensor: Tensor) -> Tensor:
    if distributed.is_available() and distributed.is_initialized():
        distributed.broadcast(tensor, src=0)
    return tensor


class Quantizer(nn.Module):
    """A codebook (K, C) with one of four learning rules.

    Args:
        kind: ``ema_reset``, ``ema``, ``reset`` or ``orig``.
        num_codes: K.
        dim: C.
        decay: moving-average factor of the EMA kinds, and of the use count that decides about resets.
        reset_threshold: average count per batch below which a code is reset to a random latent of the batch.
    """

    codebook: Tensor
    code_sum: Tensor
    code_count: Tensor
    initialised: Tensor

    def __init__(self, kind: str, num_codes: int, dim: int, decay: float = 0.99, reset_threshold: float = 1.0) -> None:
        super().__init__()
        self.kind = kind
        self.decay = decay
        self.reset_threshold = reset_threshold
        # While set, latents pass unquantized, so that training can start with a plain autoencoder.
        self.bypass = False
        # While set, the codes do not learn.
        self.frozen = False
        self.learns_by_gradient = kind in ("orig", "reset")
        codebook = torch.empty(num_codes, dim).uniform_(-1 / num_codes, 1 / num_codes)
        if self.learns_by_gradient:
            self.codebook = nn.Parameter(codebook)
        else:
            self.register_buffer("codebook", codebook)
            self.register_buffer("code_sum", codebook.clone())
        # Saved with the weights, so that training resumes with the same averages.
        self.register_buffer("code_count", torch.ones(num_codes))
        self.register_buffer("initialised", torch.tensor(kind == "orig"))

    def encode(self, latents: Tensor) -> Tensor:
        """Nearest codes (B, n) of latents (B, C, n), in float32 even under autocast."""
        flat = latents.transpose(1, 2).reshape(-1, latents.shape[1]).float()
        codebook = self.codebook.float()
        distance = (flat**2).sum(-1, keepdim=True) - 2 * flat @ codebook.T + (codebook**2).sum(-1)
        return distance.argmin(-1).view(latents.shape[0], latents.shape[2])

    def decode(self, codes: Tensor) -> Tensor:
        """Latents (B, C, n) of codes (B, n)."""
        return F.embedding(codes, self.codebook).transpose(1, 2)

    def forward(self, latents: Tensor) -> Quantized:
        """Quantize latents (B, C, n); in training mode the codebook learns too."""
        with torch.autocast(latents.device.type, enabled=False):
            latents = latents.float()
            if self.bypass:
                nothing = latents.new_zeros(())
                return Quantized(latents, self.encode(latents.detach()), nothing, nothing)
            flat = latents.detach().transpose(1, 2).reshape(-1, latents.shape[1])
            if self.training and not self.frozen and not bool(self.initialised):
                self._initialise(flat)
            codes = self.encode(latents)
            counts = _sum_over_ranks(torch.bincount(codes.flatten(), minlength=len(self.codebook)).float())
            quantized = self.decode(codes)
            commitment = F.mse_loss(latents, quantized.detach())
            if self.learns_by_gradient:
                # beta of the original VQ-VAE is 1 here: code and latent attract each other equally.
                commitment = commitment + F.mse_loss(quantized, latents.detach())
            if self.training and not self.frozen:
                self._learn(flat, codes.flatten(), counts)
            share = counts / counts.sum()
            perplexity = torch.exp(-(share * (share + 1e-7).log()).sum())
            return Quantized(latents + (quantized - latents).detach(), codes, commitment, perplexity)

    @torch.no_grad()
    def initialise_by_kmeans(self, latents: Tensor, counts_per_batch: float, iterations: int = 15) -> None:
        """Set the codes to cluster centres of latents (N, C), N much larger than the number of codes.

        Args:
            counts_per_batch: latents per training batch, the scale of the moving counts.
            iterations: of Lloyd's algorithm.
        """
        centres = latents[torch.randperm(len(latents), device=latents.device)[: len(self.codebook)]].clone()
        for _ in range(iterations):
            nearest = torch.cdist(latents, centres).argmin(-1)
            counts = torch.bincount(nearest, minlength=len(centres)).to(latents.dtype)
            sums = torch.zeros_like(centres).index_add_(0, nearest, latents)
            centres = torch.where(counts[:, None] > 0, sums / counts[:, None].clamp(min=1), centres)
        self.codebook.copy_(_same_on_all_ranks(centres))
        self.code_count.copy_(_same_on_all_ranks(counts * (counts_per_batch / len(latents))))
        if not self.learns_by_gradient:
            self.code_sum.copy_(self.codebook * self.code_count[:, None])
        self.initialised.fill_(True)

    @torch.no_grad()
    def _initialise(self, flat: Tensor) -> None:
        self.codebook.copy_(self._draw(flat))
        if not self.learns_by_gradient:
            self.code_sum.copy_(self.codebook)
        self.code_count.fill_(1.0)
        self.initialised.fill_(True)

    def _draw(self, flat: Tensor) -> Tensor:
        """One random latent of the batch per code, with a little noise that separates copies in a small batch."""
        rows = torch.randint(len(flat), (len(self.codebook),), device=flat.device)
        return _same_on_all_ranks(flat[rows] + 0.01 * flat.std() * torch.randn_like(self.codebook))

    @torch.no_grad()
    def _learn(self, flat: Tensor, codes: Tensor, counts: Tensor) -> None:
        if self.kind == "orig":
            return
        self.code_count.lerp_(counts, 1 - self.decay)
        if not self.learns_by_gradient:
            sums = torch.zeros_like(self.code_sum).index_add_(0, codes, flat)
            self.code_sum.lerp_(_sum_over_ranks(sums), 1 - self.decay)
            # A code that was long unused keeps its place (kind "ema"), since its average would divide by zero.
            used = self.code_count > 1e-5
            self.codebook[used] = self.code_sum[used] / self.code_count[used, None]
        if self.kind in ("ema_reset", "reset"):
            unused = self.code_count < self.reset_threshold
            if unused.any():
                self.codebook[unused] = self._draw(flat)[unused]


class ResidualQuantizer(nn.Module):
    """Codebooks in a row: each quantizes the residual of those before it.

    Args:
        levels: number of codebooks, each of ``num_codes`` codes.
        kind, num_codes, dim, decay, reset_threshold: of each, see :class:`Quantizer`.
    """

    def __init__(
        self, levels: int, kind: str, num_codes: int, dim: int, decay: float = 0.99, reset_threshold: float = 1.0
    ) -> None:
        super().__init__()
        self.num_codes = num_codes
        self.levels = nn.ModuleList(Quantizer(kind, num_codes, dim, decay, reset_threshold) for _ in range(levels))
        self.bypass = False
        self.frozen = False

    def encode(self, latents: Tensor) -> Tensor:
        """Codes (B, n * levels) of latents (B, C, n): the levels of a latent follow each other."""
        rest, codes = latents.float(), []
        for number, level in enumerate(self._levels()):
            nearest = level.encode(rest)
            rest = rest - level.decode(nearest)
            codes.append(nearest + number * self.num_codes)
        return torch.stack(codes, dim=-1).flatten(1)

    def decode(self, codes: Tensor) -> Tensor:
        """Latents (B, C, n) of codes (B, n * levels)."""
        split = codes.unflatten(1, (-1, len(self.levels)))
        levels = enumerate(self._levels())
        parts = [level.decode(split[..., number] - number * self.num_codes) for number, level in levels]
        return torch.stack(parts).sum(0)

    def forward(self, latents: Tensor) -> Quantized:
        """Quantize latents (B, C, n); commitment is summed and perplexity averaged over the levels."""
        with torch.autocast(latents.device.type, enabled=False):
            latents = latents.float()
            if self.bypass:
                nothing = latents.new_zeros(())
                return Quantized(latents, self.encode(latents.detach()), nothing, nothing)
            rest, total, results = latents, torch.zeros_like(latents), []
            for number, level in enumerate(self._levels()):
                level.frozen = self.frozen
                result = level(rest)
                # Later levels see the residual as a constant, or their gradients would cancel in the sum.
                rest, total = rest - result.latents.detach(), total + result.latents.detach()
                results.append((result, result.codes + number * self.num_codes))
            codes = torch.stack([numbers for _, numbers in results], dim=-1).flatten(1)
            commitment = torch.stack([result.commitment for result, _ in results]).sum()
            perplexity = torch.stack([result.perplexity for result, _ in results]).mean()
            return Quantized(latents + (total - latents).detach(), codes, commitment, perplexity)

    @torch.no_grad()
    def initialise_by_kmeans(self, latents: Tensor, counts_per_batch: float) -> None:
        """Set the codes of each level to cluster centres of its residuals of latents (N, C)."""
        for level in self._levels():
            level.initialise_by_kmeans(latents, counts_per_batch)
            latents = latents - level.decode(level.encode(latents.T[None]))[0].T

    def _levels(self) -> list[Quantizer]:
        return list(self.levels)  # type: ignore[arg-type]


class FiniteScalarQuantizer(nn.Module):
    """Rounds a few bounded numbers; a code is a cell of a fixed grid.

    A latent is projected to ``levels * len(sizes)`` numbers; each group of ``len(sizes)`` numbers, the first of which
    takes ``sizes[0]`` values and so on, is one code of ``prod(sizes)``.

    Args:
        levels: codes per latent.
        num_codes: ``prod`` of the grid's sizes, one of :data:`FSQ_SIZES`.
        dim: C.
    """

    sizes: Tensor
    places: Tensor

    def __init__(self, levels: int, num_codes: int, dim: int) -> None:
        super().__init__()
        self.num_codes = num_codes
        self.count = levels
        self.bypass = False
        self.frozen = False
        sizes = FSQ_SIZES[num_codes]
        self.inward = nn.Linear(dim, levels * len(sizes))
        self.outward = nn.Linear(levels * len(sizes), dim)
        self.register_buffer("sizes", torch.tensor(sizes, dtype=torch.float32), persistent=False)
        places = [math.prod(sizes[:i]) for i in range(len(sizes))]
        self.register_buffer("places", torch.tensor(places), persistent=False)

    def _bounded(self, latents: Tensor) -> Tensor:
        """Grid coordinates (B, n, levels, sizes) before rounding, each in (-0.5, size - 0.5)."""
        numbers = self.inward(latents.float().transpose(1, 2)).unflatten(-1, (self.count, -1))
        return (numbers.tanh() + 1) / 2 * (self.sizes - 1e-3) - 0.5 + 5e-4

    def _latents(self, grid: Tensor) -> Tensor:
        return self.outward((2 * grid / (self.sizes - 1) - 1).flatten(2)).transpose(1, 2)

    def _codes(self, grid: Tensor) -> Tensor:
        numbers = (grid.round().long() * self.places).sum(-1)
        return (numbers + torch.arange(self.count, device=grid.device) * self.num_codes).flatten(1)

    def encode(self, latents: Tensor) -> Tensor:
        """Codes (B, n * levels) of latents (B, C, n)."""
        return self._codes(self._bounded(latents))

    def decode(self, codes: Tensor) -> Tensor:
        """Latents (B, C, n) of codes (B, n * levels)."""
        numbers = codes.unflatten(1, (-1, self.count)) % self.num_codes
        grid = numbers[..., None] // self.places % self.sizes.long()
        return self._latents(grid.float())

    def forward(self, latents: Tensor) -> Quantized:
        """Quantize latents (B, C, n); the commitment loss is 0."""
        with torch.autocast(latents.device.type, enabled=False):
            grid = self._bounded(latents)
            codes = self._codes(grid.detach())
            if not self.bypass:
                grid = grid + (grid.round() - grid).detach()
            counts = _sum_over_ranks(torch.bincount(codes.flatten(), minlength=self.count * self.num_codes).float())
            share = counts.view(self.count, -1) / counts.sum() * self.count
            perplexity = torch.exp(-(share * (share + 1e-7).log()).sum(-1)).mean()
            return Quantized(self._latents(grid), codes, latents.new_zeros(()), perplexity)


def make_quantizer(
    kind: str, levels: int, num_codes: int, dim: int, decay: float, reset_threshold: float
) -> Quantizer | ResidualQuantizer | FiniteScalarQuantizer:
    """The quantizer of a network config; ``num_codes`` counts the codes of one level."""
    if kind == "fsq":
        return FiniteScalarQuantizer(levels, num_codes, dim)
    if levels == 1:
        # Its weights have the names of the original checkpoints.
        return Quantizer(kind, num_codes, dim, decay, reset_threshold)
    return ResidualQuantizer(levels, kind, num_codes, dim, decay, reset_threshold)


QUANTIZERS = ("ema_reset", "ema", "reset", "orig", "fsq")
# Grid sizes by their product, as recommended by Mentzer et al.
FSQ_SIZES: dict[int, Sequence[int]] = {240: (8, 6, 5), 512: (8, 8, 8), 1000: (8, 5, 5, 5), 1920: (8, 8, 6, 5)}
