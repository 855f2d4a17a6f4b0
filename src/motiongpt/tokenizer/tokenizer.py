"""MotionTokenizer: motions in, codes out, and back."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from motiongpt.errors import MotionGPTError
from motiongpt.motion import Motion, Skeleton
from motiongpt.motion.skeleton import SKELETONS
from motiongpt.tokenizer.quantizers import Quantized
from motiongpt.tokenizer.vqvae import VQVAE, VQVAEConfig
from motiongpt.weights_io import config_from, load_config, load_weights, save_config, save_weights

KIND = "motion-tokenizer"


class MotionTokenizer(nn.Module):
    """A VQ-VAE with the normalisation statistics and the skeleton it was trained for.

    ``levels`` codes (one, or several of a residual quantizer) stand for ``stride`` frames. A clip whose length is not a
    multiple of the stride is completed by repeating its last feature row, so any length of one frame or more works,
    every frame is covered by a code, and codes never depend on what else is in a batch.

    Args:
        config: network sizes; ``config.features`` must be the skeleton's feature width.
        mean, std: (D,) statistics: the network sees (features - mean) / std.
        skeleton: skeleton of the motions.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, config: VQVAEConfig, mean: np.ndarray, std: np.ndarray, skeleton: Skeleton) -> None:
        super().__init__()
        if not (config.features == skeleton.feature_dim == len(mean) == len(std)):
            raise MotionGPTError(
                f"Tokenizer config: features is {config.features}, but skeleton {skeleton.name} has "
                f"{skeleton.feature_dim} and the statistics have {len(mean)} and {len(std)}: "
                f"set features to {skeleton.feature_dim}."
            )
        self.config = config
        self.skeleton = skeleton
        self.vqvae = VQVAE(config)
        self.register_buffer("mean", torch.as_tensor(np.asarray(mean), dtype=torch.float32))
        self.register_buffer("std", torch.as_tensor(np.asarray(std), dtype=torch.float32))

    @property
    def stride(self) -> int:
        """Frames that the ``levels`` codes of one latent stand for."""
        return self.config.stride

    @property
    def levels(self) -> int:
        """Codes for ``stride`` frames; they follow each other, and each level has its own numbers."""
        return self.config.levels

    @property
    def num_codes(self) -> int:
        """Different codes of one level: what a language model needs words for."""
        return self.config.num_codes

    def check_skeleton(self, motion: Motion) -> None:
        """Raise a MotionGPTError unless the motion has the joints this tokenizer was trained for."""
        if motion.skeleton.name != self.skeleton.name:
            raise MotionGPTError(
                f"{motion.name or 'motion'} has skeleton {motion.skeleton.name}, "
                f"but this model reads {self.skeleton.name}."
            )

    def features_of(self, motion: Motion, *, floor: float | None = None) -> np.ndarray:
        """Feature rows (T, D), one for each frame of the motion (T, J, 3) at the skeleton's frame rate.

        A feature row looks one frame ahead. For the last frame the body is taken to go on by its last step.

        Args:
            floor: height of the floor in metres when the motion alone does not show it; see
                :func:`motiongpt.motion.joints_to_features`. The motion must have the skeleton's proportions then, where
                it has any.
        """
        self.check_skeleton(motion)
        if floor is None:
            motion = motion.standard()
        step = motion.joints[-1:] - motion.joints[-2:-1] if len(motion) > 1 else 0
        joints = np.concatenate([motion.joints, motion.joints[-1:] + step])
        return dataclasses.replace(motion, joints=joints).features(floor=floor)

    def encode(self, clip: Motion | np.ndarray, *, levels: int | None = None) -> np.ndarray:
        """Codes (ceil(T / stride) * levels,) int64 of a motion, or of un-normalised features (T, D), T >= 1.

        Args:
            levels: how many of the residual levels to give, the coarsest first; all when None. Language models read
                and write one.
        """
        return self.encode_batch([clip], levels=levels)[0]

    @torch.inference_mode()
    def encode_batch(self, clips: Sequence[Motion | np.ndarray], *, levels: int | None = None) -> list[np.ndarray]:
        """Codes of several clips; each list entry equals :meth:`encode` of that clip alone."""
        kept = self.levels if levels is None else levels
        if not 1 <= kept <= self.levels or (self.config.quantizer == "fsq" and kept != self.levels):
            raise MotionGPTError(f"levels is {levels}, but this tokenizer has {self.levels}.")
        padded = [self._complete_stride(self._as_features(clip)) for clip in clips]
        codes: list[np.ndarray] = [np.empty(0, dtype=np.int64)] * len(padded)
        # Clips of one length share a batch: nothing is padded, so nothing but the clip is ever encoded.
        for length in sorted({len(features) for features in padded}):
            members = [i for i, features in enumerate(padded) if len(features) == length]
            batch = torch.as_tensor(np.stack([padded[i] for i in members]), device=self.mean.device)
            for i, row in zip(members, self.vqvae.encode((batch - self.mean) / self.std).cpu().numpy(), strict=True):
                codes[i] = row.reshape(-1, self.levels)[:, :kept].reshape(-1)
        return codes

    def _as_features(self, clip: Motion | np.ndarray) -> np.ndarray:
        features = self.features_of(clip) if isinstance(clip, Motion) else np.asarray(clip, dtype=np.float32)
        if features.ndim != 2 or features.shape[1] != self.config.features or len(features) == 0:
            raise MotionGPTError(
                f"The tokenizer reads features of shape (frames, {self.config.features}), at least one frame, "
                f"but got {features.shape}."
            )
        if not np.isfinite(features).all():
            raise MotionGPTError(
                f"Features hold a number that is not finite at row {int(np.argwhere(~np.isfinite(features))[0][0])}."
            )
        return features

    def _complete_stride(self, features: np.ndarray) -> np.ndarray:
        return np.pad(features, ((0, -len(features) % self.stride), (0, 0)), mode="edge")

    @torch.inference_mode()
    def decode(self, codes: np.ndarray | Sequence[int]) -> np.ndarray:
        """Un-normalised features (n * stride, D) float32 of codes (n * levels,), n >= 1.

        The codes may be those of the first levels alone: the stream itself tells how many there are.

        Raises:
            MotionGPTError: no codes, a code that is not a whole number in [0, levels * num_codes), or levels that do
                not take turns.
        """
        array = np.asarray(codes)
        if array.ndim != 1 or len(array) == 0 or not np.issubdtype(array.dtype, np.integer):
            raise MotionGPTError(
                f"Codes must be a row of whole numbers, one or more, but have shape {array.shape}, type {array.dtype}."
            )
        known = self.levels * self.num_codes
        if array.min() < 0 or array.max() >= known:
            raise MotionGPTError(f"Codes must lie in 0..{known - 1}, but range over {array.min()}..{array.max()}.")
        count = int(array.max()) // self.num_codes + 1
        if self.config.quantizer == "fsq":
            count = self.levels
        wrong = np.flatnonzero(array // self.num_codes != np.arange(len(array)) % count)
        if len(wrong) or len(array) % count:
            place = int(wrong[0]) if len(wrong) else len(array)
            raise MotionGPTError(
                f"The codes of {count} levels must take turns, level l having the codes l * {self.num_codes} to "
                f"(l + 1) * {self.num_codes} - 1, but this stream breaks off the order at place {place}."
            )
        batch = torch.as_tensor(array.astype(np.int64), device=self.mean.device)[None]
        return (self.vqvae.decode(batch)[0] * self.std + self.mean).cpu().numpy()

    def decode_motion(self, codes: np.ndarray | Sequence[int]) -> Motion:
        """Motion of n * stride frames in canonical placement, of codes (n * levels,)."""
        return Motion.from_features(self.decode(codes), self.skeleton)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor, Quantized]:
        """For training: normalised target, its reconstruction (both (B, T, D)) and the quantizer's result.

        Args:
            features: (B, T, D) un-normalised, T a multiple of the stride.
        """
        target = (features - self.mean) / self.std
        return (target, *self.vqvae(target))

    def save(self, folder: str | Path, *, dtype: torch.dtype | None = None) -> None:
        """Write config.json and the weights; ``dtype`` as in :func:`motiongpt.weights_io.save_weights`."""
        folder = Path(folder)
        save_weights(folder, self.state_dict(), dtype=dtype)
        save_config(folder, KIND, {"skeleton": self.skeleton.name, "network": dataclasses.asdict(self.config)})

    @classmethod
    def load(cls, folder: str | Path) -> MotionTokenizer:
        """Rebuild from a folder written by :meth:`save`; strict.

        Raises:
            MotionGPTError: anything is missing, damaged or does not fit.
        """
        folder = Path(folder)
        values = load_config(folder, KIND)
        if values.get("skeleton") not in SKELETONS:
            raise MotionGPTError(f"{folder / 'config.json'}: skeleton must be one of {', '.join(SKELETONS)}.")
        skeleton = SKELETONS[values["skeleton"]]
        config = config_from(VQVAEConfig, values.get("network", {}), str(folder / "config.json"))
        blank = np.zeros(skeleton.feature_dim)
        tokenizer = cls(config, blank, blank, skeleton)
        load_weights(folder, tokenizer)
        return tokenizer.eval()
