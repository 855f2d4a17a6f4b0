"""Vector quantizers: the four of T2M-GPT (Zhang et al., CVPR 2023) that MotionGPT offers.

All map latents (B, C, n) to the nearest of K codes and pass gradients straight through. They differ in how codes learn:
by gradient (``orig``, ``reset``) or by moving averages (``ema``, ``ema_reset``), and in whether unused codes are set
again to latents of the batch (the two ``reset`` kinds).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.distributed as distributed
import torch.nn.functional as F
from torch import Tensor, nn


class Quantized(NamedTuple):
    """What a quantizer returns: latents (B, C, n), codes (B, n), commitment loss, perplexity of code use."""

    latents: Tensor
    codes: Tensor
    commitment: Tensor
    perplexity: Tensor


def _sum_over_ranks(tensor: Tensor) -> Tensor:
    """Every rank sees the same codebook, so every rank must learn from all latents."""
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
        reset_threshold: a code whose averaged count per batch falls below this is set to a random latent of the batch.
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
        # While set, latents pass unquantized: a training may first let the autoencoder find its latents.
        self.bypass = False
        # While set, the codes stay as they are, in training too.
        self.frozen = False
        self.learns_by_gradient = kind in ("orig", "reset")
        codebook = torch.empty(num_codes, dim).uniform_(-1 / num_codes, 1 / num_codes)
        if self.learns_by_gradient:
            self.codebook = nn.Parameter(codebook)
        else:
            self.register_buffer("codebook", codebook)
            self.register_buffer("code_sum", codebook.clone())
        # Saved with the weights, so that a resumed training goes on with the same averages.
        self.register_buffer("code_count", torch.ones(num_codes))
        self.register_buffer("initialised", torch.tensor(kind == "orig"))

    def encode(self, latents: Tensor) -> Tensor:
        """Nearest codes (B, n) of latents (B, C, n), in float32 whatever autocast says."""
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
                # beta of the original VQ-VAE is 1 here: code and latent pull each other equally.
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
            counts_per_batch: latents a training batch holds, the scale of the moving counts.
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
        """One random latent of the batch for each code; a little noise parts copies when the batch is small."""
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
            # A code that was never used for long keeps its place (kind "ema") rather than divide by nothing.
            used = self.code_count > 1e-5
            self.codebook[used] = self.code_sum[used] / self.code_count[used, None]
        if self.kind in ("ema_reset", "reset"):
            unused = self.code_count < self.reset_threshold
            if unused.any():
                self.codebook[unused] = self._draw(flat)[unused]


QUANTIZERS = ("ema_reset", "ema", "reset", "orig")
