"""MotionTokenizer: motions to codes and back."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from motiongpt.errors import MotionGPTError
from motiongpt.motion import HUMANML3D, Motion, Skeleton
from motiongpt.motion.cleanup import CUTOFF, clean
from motiongpt.motion.skeleton import SKELETONS
from motiongpt.tokenizer.quantizers import Quantized
from motiongpt.tokenizer.vqvae import VQVAE, VQVAEConfig
from motiongpt.weights_io import config_from, load_config, load_weights, save_config, save_weights

KIND = "motion-tokenizer"
# Hz. Residual codes describe the frames of each stride separately, so decoded motion shakes at 5 Hz, the stride rate.
REFINED_CUTOFF = 4.0
# Streams per decoding batch.
_BATCH = 32
# Maximum ratio of the longest to the shortest stream of a decoding batch.
_SPREAD = 1.25


class MotionTokenizer(nn.Module):
    """A VQ-VAE with its normalisation statistics and skeleton, and optionally a second VQ-VAE for the residual.

    One code stands for ``stride`` frames. A clip whose length is not a multiple of the stride is completed by repeating
    its last feature row, so any length of one frame or more works, every frame is covered by a code, and codes never
    depend on the other clips of a batch.

    A refinement adds codes for the same frames: the second network encodes the residual of the first, and its codes
    follow those of the first. A stream without them is a coarser version of the same motion, the one that language
    models read and write. The codes of a latent follow each other, and each level has its own range: level 0 uses
    0 .. K - 1, level 1 uses K .. 2 K - 1 and so on.

    Args:
        config: network sizes; ``config.features`` must be the skeleton's feature width.
        mean, std: (D,) statistics; the network sees (features - mean) / std.
        skeleton: skeleton of the motions.
        refinement: sizes of the second network, with the same stride and feature width.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        config: VQVAEConfig,
        mean: np.ndarray,
        std: np.ndarray,
        skeleton: Skeleton,
        refinement: VQVAEConfig | None = None,
    ) -> None:
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
        self.refinement: VQVAE | None = None
        self.register_buffer("mean", torch.as_tensor(np.asarray(mean), dtype=torch.float32))
        self.register_buffer("std", torch.as_tensor(np.asarray(std), dtype=torch.float32))
        if refinement is not None:
            self.refine(refinement)

    def refine(self, config: VQVAEConfig) -> None:
        """Add an untrained second network for the residual of the first.

        Raises:
            MotionGPTError: its stride or feature width differs from the first network's.
        """
        if (config.stride, config.features) != (self.config.stride, self.config.features):
            raise MotionGPTError(
                f"A refinement needs the stride {self.config.stride} and the {self.config.features} features of its "
                f"tokenizer, not {config.stride} and {config.features}."
            )
        self.refinement = VQVAE(config)

    def shorten_decoder(self, depth: int) -> None:
        """Keep ``depth`` residual blocks per stage of the first network's decoder, those with the shortest reach.

        Raises:
            MotionGPTError: it has fewer.
        """
        has = self.config.decoder_depth or self.config.depth
        if not 1 <= depth <= has:
            raise MotionGPTError(f"The decoder has {has} residual blocks per stage: {depth} of them cannot be kept.")
        self.vqvae.shorten_decoder(depth)
        self.config = self.vqvae.config

    @property
    def stride(self) -> int:
        """Frames per latent."""
        return self.config.stride

    @property
    def levels(self) -> int:
        """Codes per latent in a full stream."""
        return len(self._sizes())

    @property
    def num_codes(self) -> int:
        """Codebook size of the first level: the number of motion words that a language model needs."""
        return self.config.num_codes

    def check_skeleton(self, motion: Motion) -> None:
        """Check that the motion has the skeleton of this tokenizer.

        Raises:
            MotionGPTError: it has another one.
        """
        if motion.skeleton.name != self.skeleton.name:
            raise MotionGPTError(
                f"{motion.name or 'The motion'} has the skeleton {motion.skeleton.name}, but this model needs "
                f"{self.skeleton.name}."
            )

    def _sizes(self) -> list[int]:
        """Number of codes of each level."""
        configs = [self.config] if self.refinement is None else [self.config, self.refinement.config]
        return [config.num_codes for config in configs for _ in range(config.levels)]

    def features_of(self, motion: Motion, *, floor: float | None = None) -> np.ndarray:
        """Feature rows (T, D), one per frame of the motion (T, J, 3) at the skeleton's frame rate.

        A feature row looks one frame ahead. After the last frame the body is assumed to repeat its last step.

        Args:
            floor: height of the floor in metres where the motion alone does not show it; see
                :func:`motiongpt.motion.joints_to_features`. The motion must already have the skeleton's proportions,
                where the skeleton defines any.
        """
        self.check_skeleton(motion)
        if floor is None:
            motion = motion.standard()
        step = motion.joints[-1:] - motion.joints[-2:-1] if len(motion) > 1 else 0
        joints = np.concatenate([motion.joints, motion.joints[-1:] + step])
        return dataclasses.replace(motion, joints=joints).features(floor=floor)

    def encode(self, clip: Motion | np.ndarray, *, coarse: bool = False) -> np.ndarray:
        """Codes (ceil(T / stride) * levels,) int64 of a motion, or of un-normalised features (T, D), T >= 1.

        Args:
            coarse: omit the codes of the refinement.
        """
        return self.encode_batch([clip], coarse=coarse)[0]

    @torch.inference_mode()
    def encode_batch(self, clips: Sequence[Motion | np.ndarray], *, coarse: bool = False) -> list[np.ndarray]:
        """Codes of several clips; each entry equals :meth:`encode` of that clip alone."""
        padded = [self._complete_stride(self._as_features(clip)) for clip in clips]
        codes: list[np.ndarray] = [np.empty(0, dtype=np.int64)] * len(padded)
        # Clips of the same length share a batch. Without padding, codes cannot depend on the batch.
        for length in sorted({len(features) for features in padded}):
            members = [i for i, features in enumerate(padded) if len(features) == length]
            batch = torch.as_tensor(np.stack([padded[i] for i in members]), device=self.mean.device)
            for i, row in zip(members, self._encode(batch, coarse).cpu().numpy(), strict=True):
                codes[i] = row
        return codes

    def _encode(self, features: Tensor, coarse: bool) -> Tensor:
        target = (features - self.mean) / self.std
        codes = self.vqvae.encode(target)
        if self.refinement is None or coarse:
            return codes
        fine = self.refinement.encode(target - self.vqvae.decode(codes)) + self._first_fine()
        levels = [stream.unflatten(1, (target.shape[1] // self.stride, -1)) for stream in (codes, fine)]
        return torch.cat(levels, dim=-1).flatten(1)

    @torch.inference_mode()
    def encode_latents(self, features: Tensor, codes: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Coarse codes (B, n) of un-normalised features (B, n * stride, D), and latents (B, n, C) of their residual.

        The latents are those of the refinement before quantization.

        Args:
            codes: (B, n) coarse codes to use instead of those of the features.

        Raises:
            MotionGPTError: there is no refinement.
        """
        if self.refinement is None:
            raise MotionGPTError("This motion tokenizer has no refinement: train one with the config key refines.")
        target = (features - self.mean) / self.std
        codes = self.vqvae.encode(target) if codes is None else codes
        return codes, self.refinement.latents(target - self.vqvae.decode(codes)).transpose(1, 2)

    def _first_fine(self) -> int:
        """The smallest code of the refinement."""
        return self.config.levels * self.config.num_codes

    def _as_features(self, clip: Motion | np.ndarray) -> np.ndarray:
        features = self.features_of(clip) if isinstance(clip, Motion) else np.asarray(clip, dtype=np.float32)
        if features.ndim != 2 or features.shape[1] != self.config.features or len(features) == 0:
            raise MotionGPTError(
                f"The tokenizer needs features of shape (frames, {self.config.features}) with at least one frame, "
                f"not {features.shape}."
            )
        if not np.isfinite(features).all():
            raise MotionGPTError(
                f"The features have NaN or infinity in row {int(np.argwhere(~np.isfinite(features))[0][0])}: "
                "remove that frame."
            )
        return features

    def _complete_stride(self, features: np.ndarray) -> np.ndarray:
        return np.pad(features, ((0, -len(features) % self.stride), (0, 0)), mode="edge")

    def decode(self, codes: np.ndarray | Sequence[int], latents: np.ndarray | None = None) -> np.ndarray:
        """Un-normalised features (n * stride, D) float32 of codes (n * levels,), n >= 1.

        The codes of the refinement are optional; the ranges of the numbers show whether they are there.

        Args:
            latents: (n, C) of the refinement instead of its codes, as from :meth:`encode_latents`.

        Raises:
            MotionGPTError: there are no codes, a code is not an integer or out of range, the levels do not alternate,
                or there is not one latent per coarse code.
        """
        return self.decode_batch([codes], None if latents is None else [latents])[0]

    @torch.inference_mode()
    def decode_batch(
        self, codes: Sequence[np.ndarray | Sequence[int]], latents: Sequence[np.ndarray] | None = None
    ) -> list[np.ndarray]:
        """Features of several streams of codes; each entry equals :meth:`decode` of its stream alone."""
        checked = [self._checked(stream) for stream in codes]
        for (array, count), rows in zip(checked, latents or (), strict=latents is not None):
            if self.refinement is None or count > self.config.levels or len(rows) * count != len(array):
                raise MotionGPTError(
                    f"{len(rows)} latents do not fit {len(array)} codes: a tokenizer with a refinement needs one "
                    "latent per coarse code."
                )
        features: list[np.ndarray] = [np.empty(0, dtype=np.float32)] * len(checked)
        for count in sorted({count for _, count in checked}):
            streams = {i: array.reshape(-1, count) for i, (array, own) in enumerate(checked) if own == count}
            for chosen in self._batches({i: len(stream) for i, stream in streams.items()}):
                lengths = torch.tensor([len(streams[i]) for i in chosen])
                batch = _stack([streams[i] for i in chosen]).flatten(1)
                fine = None if latents is None else _stack([latents[i] for i in chosen])
                rows = self._decode(batch, count, fine, None if len(lengths.unique()) == 1 else lengths).cpu().numpy()
                for i, row, length in zip(chosen, rows, lengths.tolist(), strict=True):
                    features[i] = row[: length * self.stride]
        return features

    def _batches(self, lengths: dict[int, int]) -> list[list[int]]:
        """Batches of streams of similar length, or of equal length where a norm would see the padding."""
        spread = 1.0 if "GN" in (self.config.norm, self.refinement and self.refinement.config.norm) else _SPREAD
        batches: list[list[int]] = []
        for i in sorted(lengths, key=lambda i: lengths[i]):
            if not batches or len(batches[-1]) == _BATCH or lengths[i] > spread * lengths[batches[-1][0]]:
                batches.append([])
            batches[-1].append(i)
        return batches

    def _decode(
        self, codes: Tensor, count: int, latents: Tensor | None = None, lengths: Tensor | None = None
    ) -> Tensor:
        """Un-normalised features (B, n * stride, D) of codes (B, n * count), of which ``count`` are of one latent.

        Args:
            codes: of all streams, padded.
            count: codes per latent.
            latents: (B, n, C) of the refinement instead of its codes.
            lengths: (B,) latents of each stream; None where all have the same number.
        """
        device = self.mean.device
        lengths = None if lengths is None else lengths.to(device)
        split = codes.to(device).unflatten(1, (-1, count))
        features = self.vqvae.decode(split[..., : self.config.levels].flatten(1), lengths)
        if self.refinement is not None and latents is not None:
            rows = latents.to(features).transpose(1, 2)
            features = features + self.refinement.decoder(rows, lengths).transpose(1, 2)
        elif self.refinement is not None and count > self.config.levels:
            fine = split[..., self.config.levels :].flatten(1) - self._first_fine()
            features = features + self.refinement.decode(fine, lengths)
        return features * self.std + self.mean

    def _checked(self, codes: np.ndarray | Sequence[int]) -> tuple[np.ndarray, int]:
        """The codes as an array, and the number of codes per latent in them; raises like :meth:`decode`."""
        array = np.asarray(codes)
        if array.ndim != 1 or len(array) == 0 or not np.issubdtype(array.dtype, np.integer):
            raise MotionGPTError(
                f"Codes must be a row of one or more integers, but have shape {array.shape} and type {array.dtype}."
            )
        ends = np.cumsum(self._sizes())
        if array.min() < 0 or array.max() >= ends[-1]:
            raise MotionGPTError(f"Codes must be in 0..{ends[-1] - 1}, but range over {array.min()}..{array.max()}.")
        coarse = int(array.max()) < self._first_fine()
        count = self.config.levels if coarse else self.levels
        level = np.searchsorted(ends, array, side="right")
        wrong = np.flatnonzero(level != np.arange(len(array)) % count)
        if len(wrong) or len(array) % count:
            place = int(wrong[0]) if len(wrong) else len(array)
            raise MotionGPTError(
                f"The codes of the {count} levels must alternate, with numbers below {', '.join(map(str, ends))}, but "
                f"this stream breaks the order at index {place}."
            )
        return array, count

    def decode_motion(self, codes: np.ndarray | Sequence[int], *, cleanup: bool = True) -> Motion:
        """Motion of n * stride frames in canonical placement, of codes as in :meth:`decode`.

        Args:
            cleanup: remove jitter and foot sliding, see :mod:`motiongpt.motion.cleanup`; ignored for KIT-ML.
        """
        motion = Motion.from_features(self.decode(codes), self.skeleton)
        # The resting height of the feet is known for HumanML3D only.
        if not cleanup or self.skeleton.name != HUMANML3D.name:
            return motion
        return clean(motion, cutoff=CUTOFF if self.refinement is None else REFINED_CUTOFF)

    def forward(
        self, features: Tensor, codes: Tensor | None = None
    ) -> tuple[Tensor, tuple[Tensor, ...], Quantized | None]:
        """For training: normalised target, its reconstructions (all (B, T, D)) and the result of the quantizer.

        Without codes, one network learns: the refinement, where there is one, or else the first. With codes, the
        decoder of the first network and the refinement learn side by side, and there is a reconstruction by the coarse
        codes alone and one by all.

        Args:
            features: (B, T, D) un-normalised, T a multiple of the stride.
            codes: (B, T / stride * levels) coarse codes of the features.
        """
        target = (features - self.mean) / self.std
        if codes is None and self.refinement is None:
            reconstruction, quantized = self.vqvae(target)
            return target, (reconstruction,), quantized
        coarse = target - self.residual(target) if codes is None else self.vqvae.decode(codes)
        if self.refinement is None:
            return target, (coarse,), None
        # What the refinement adds is no reason for the first network to leave it out.
        fixed = coarse.detach()
        residual, quantized = self.refinement(target - fixed)
        whole = fixed + residual
        return target, (whole,) if codes is None else (coarse, whole), quantized

    @torch.no_grad()
    def residual(self, target: Tensor) -> Tensor:
        """Normalised features (B, T, D) minus their reconstruction by the first network."""
        return target - self.vqvae.decode(self.vqvae.encode(target))

    def save(self, folder: str | Path, *, dtype: torch.dtype | None = None) -> None:
        """Write config.json and the weights; ``dtype`` as in :func:`motiongpt.weights_io.save_weights`."""
        folder = Path(folder)
        save_weights(folder, self.state_dict(), dtype=dtype)
        values = {"skeleton": self.skeleton.name, "network": dataclasses.asdict(self.config)}
        if self.refinement is not None:
            values["refinement"] = dataclasses.asdict(self.refinement.config)
        save_config(folder, KIND, values)

    @classmethod
    def load(cls, folder: str | Path) -> MotionTokenizer:
        """Load a folder that :meth:`save` wrote.

        Raises:
            MotionGPTError: a file or weight is missing, unexpected, damaged or does not fit.
        """
        folder = Path(folder)
        values = load_config(folder, KIND)
        if values.get("skeleton") not in SKELETONS:
            raise MotionGPTError(f"{folder / 'config.json'}: skeleton must be one of {', '.join(SKELETONS)}.")
        skeleton = SKELETONS[values["skeleton"]]
        config, refinement = (
            config_from(VQVAEConfig, values[key], str(folder / "config.json")) if values.get(key) else None
            for key in ("network", "refinement")
        )
        blank = np.zeros(skeleton.feature_dim)
        tokenizer = cls(config or VQVAEConfig(), blank, blank, skeleton, refinement)
        load_weights(folder, tokenizer)
        return tokenizer.eval()


def _stack(rows: Sequence[np.ndarray]) -> Tensor:
    """Rows (n, ...) of different lengths as one batch (B, longest, ...), padded with the last entry of each row."""
    longest = max(map(len, rows))
    padded = [np.pad(row, ((0, longest - len(row)), *[(0, 0)] * (row.ndim - 1)), mode="edge") for row in rows]
    batch = np.stack(padded)
    return torch.as_tensor(batch.astype(np.int64) if np.issubdtype(batch.dtype, np.integer) else batch)
