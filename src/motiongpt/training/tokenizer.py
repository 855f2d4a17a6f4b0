"""Stage 1: the motion tokenizer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from motiongpt.data.layout import MotionTextDataset
from motiongpt.errors import MotionGPTError
from motiongpt.motion import FeatureLayout, features_to_joints
from motiongpt.tokenizer import MotionTokenizer
from motiongpt.tokenizer.quantizers import FiniteScalarQuantizer
from motiongpt.tokenizer.vqvae import reconstruction_loss
from motiongpt.training.config import TokenizerTraining
from motiongpt.training.loop import fingerprint, fit, skipped

# Clips of the validation split that are measured during training.
VALIDATION_CLIPS = 64
# Windows of one stride whose principal components initialise the linear maps.
SKIP_WINDOWS = 40_000
# Batches whose latents are clustered into the initial codes.
CLUSTERED_BATCHES = 64


class TokenizerTask:
    """Batches of random windows of the training clips, bucketed by length so that no window is padded."""

    def __init__(self, config: TokenizerTraining) -> None:
        self.config = config
        dataset = MotionTextDataset(config.data, "train", min_frames=min(config.windows))
        mean, std = dataset.statistics()
        torch.manual_seed(config.seed)
        source = config.start or config.refines
        if source:
            self.module = MotionTokenizer.load(source)
            if self.module.skeleton.name != dataset.skeleton.name:
                raise MotionGPTError(
                    f"{source} is for skeleton {self.module.skeleton.name}, "
                    f"but {config.data} has {dataset.skeleton.name}."
                )
        else:
            self.module = MotionTokenizer(config.network, mean, std, dataset.skeleton)
        if config.refines:
            self.module.refine(config.network)
        if self.module.refinement is not None:
            self.module.vqvae.requires_grad_(False)
        # The network in training.
        self.network = self.module.refinement or self.module.vqvae
        if not config.start:
            self.network.initialise()
        self.layout = FeatureLayout(dataset.skeleton)
        self.weights = self._block_weights()
        if config.decoder_only:
            self.network.encoder.requires_grad_(False)
            self.network.quantizer.requires_grad_(False)
        if any(window % self.module.stride for window in config.windows):
            raise MotionGPTError(f"windows must be multiples of the stride {self.module.stride}: {config.windows}.")
        clips = [item.features for item in dataset]
        self.notes = skipped(dataset)
        self.buckets = [
            (window, [clip for clip in clips if window <= len(clip) < upper])
            for window, upper in zip(config.windows, (float("inf"), *config.windows), strict=False)
        ]
        self.buckets = [(window, members) for window, members in self.buckets if members]
        validation = MotionTextDataset(config.data, "val", min_frames=min(config.windows))
        chosen = np.random.default_rng(config.seed).permutation(len(validation))[:VALIDATION_CLIPS]
        self.validation = [validation[int(i)].features for i in chosen]
        if config.network.linear_skip and not config.start:
            self._initialise_linear_skip(clips)

    def _block_weights(self) -> Tensor:
        """(D,) loss weight of each feature."""
        weights, blocks = torch.ones(self.layout.dim), self.layout.blocks()
        for name, weight in self.config.block_weights.items():
            if name not in blocks:
                raise MotionGPTError(f"block_weights: there is no block {name!r}; known are {', '.join(blocks)}.")
            weights[blocks[name]] = float(weight)
        return weights

    def _initialise_linear_skip(self, clips: list[np.ndarray]) -> None:
        stride, rng = self.module.stride, np.random.default_rng(self.config.seed)
        lengths = np.array([len(clip) for clip in clips])
        chosen = rng.choice(len(clips), size=SKIP_WINDOWS, p=lengths / lengths.sum())
        starts = [int(rng.integers(lengths[i] - stride + 1)) for i in chosen]
        windows = np.stack([clips[i][start : start + stride] for i, start in zip(chosen, starts, strict=True)])
        self.network.initialise_linear_skip(self._inputs(torch.from_numpy(windows)), self.weights)

    @torch.no_grad()
    def _inputs(self, features: Tensor) -> Tensor:
        """Input of the network in training for features (B, T, D): normalised, or the residual of the first network."""
        target = (features - self.module.mean) / self.module.std
        return target if self.module.refinement is None else self.module.residual(target)

    @torch.no_grad()
    def prepare(self, step: int) -> None:
        """At ``quantize_from``, switch quantization on and initialise the codes."""
        module, quantizer = self.module, self.network.quantizer
        quantizer.frozen = self.config.decoder_only
        if quantizer.frozen:
            return
        quantizer.bypass = step < self.config.quantize_from
        if step != self.config.quantize_from or step == 0 or isinstance(quantizer, FiniteScalarQuantizer):
            return
        module.eval()
        latents = []
        for number in range(CLUSTERED_BATCHES):
            # Steps beyond the last: batches that no training step draws.
            features = self.batch(self.config.loop.steps + number, 0)["features"].to(module.mean.device)
            latents.append(self.network.latents(self._inputs(features)).transpose(1, 2).flatten(0, 1))
        counts = self.config.loop.batch_size * self.config.windows[0] / module.stride
        quantizer.initialise_by_kmeans(torch.cat(latents), counts)

    def batch(self, step: int, rank: int) -> dict[str, Tensor]:
        """``features`` (B, window, D): every frame of the data is equally likely, and B x window about constant."""
        rng = np.random.default_rng((self.config.seed, step, rank))
        frames = np.array([sum(len(clip) for clip in members) for _, members in self.buckets])
        window, members = self.buckets[rng.choice(len(frames), p=frames / frames.sum())]
        count = self.config.loop.batch_size * self.config.windows[0] // window
        lengths = np.array([len(clip) for clip in members])
        chosen = rng.choice(len(members), size=count, p=lengths / lengths.sum())
        starts = [int(rng.integers(lengths[i] - window + 1)) for i in chosen]
        windows = [members[i][start : start + window] for i, start in zip(chosen, starts, strict=True)]
        return {"features": torch.from_numpy(np.stack(windows))}

    def loss(self, module: nn.Module, batch: dict[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """Weighted smooth L1 of the normalised features, the commitment loss and the joint error."""
        target, reconstruction, quantized = module(batch["features"])
        weights = self.weights.to(target.device)
        error = reconstruction_loss(reconstruction, target, weights, self.config.smooth_l1_beta)
        scalars = {"reconstruction": error, "commitment": quantized.commitment, "perplexity": quantized.perplexity}
        total = error + self.config.commitment * quantized.commitment
        if self.config.joint_weight:
            mean, std = self.module.mean, self.module.std
            (joints, root), (true_joints, true_root) = (
                self._placed(rows.float() * std + mean) for rows in (reconstruction, target)
            )
            scalars["joints"] = (joints - true_joints).norm(dim=-1).mean()
            scalars["path"] = (root - true_root).norm(dim=-1).mean()
            total = total + self.config.joint_weight * (scalars["joints"] + self.config.path_share * scalars["path"])
        return total, scalars

    def _placed(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Joints 1 to J-1 relative to the root (B, T, J-1, 3), and the path of the root on the ground (B, T, 2).

        In metres, Y up, from features (B, T, D), in the heading of the first frame of the window; the path starts at
        the origin.
        """
        # A row's velocity leads to the next frame; half the angle is stored.
        angle = 2 * _before(features[..., self.layout.root_yaw_velocity])
        cosine, sine = angle.cos(), angle.sin()
        x, y, z = features[..., self.layout.positions].unflatten(-1, (-1, 3)).unbind(-1)
        y = y - features[..., self.layout.root_height]
        joints = torch.stack([cosine * x - sine * z, y, sine * x + cosine * z], dim=-1)
        # The step to frame t+1 is stored in the heading of frame t+1.
        cosine, sine = cosine[:, 1:], sine[:, 1:]
        x, z = features[:, :-1, self.layout.root_linear_velocity].split(1, -1)
        path = torch.cat([cosine * x - sine * z, sine * x + cosine * z], dim=-1).cumsum(1)
        metres = self.module.skeleton.metres_per_unit
        return joints * metres, F.pad(path, (0, 0, 1, 0)) * metres

    def validate(self) -> dict[str, float]:
        """Mean joint error (root-aligned) and mean error of the root path, in millimetres, and number of codes in use.

        With a refinement, also the errors of the coarse codes.
        """
        results = self._errors(coarse=False)
        if self.module.refinement is not None:
            results |= {f"coarse_{name}": value for name, value in self._errors(coarse=True).items()}
        return results

    def _errors(self, *, coarse: bool) -> dict[str, float]:
        errors, drifts, used = [], [], set()
        encoded = self.module.encode_batch(self.validation, coarse=coarse)
        for features, codes in zip(self.validation, encoded, strict=True):
            used.update(codes.tolist())
            truth = features_to_joints(features, self.module.skeleton)
            guess = features_to_joints(self.module.decode(codes)[: len(features)], self.module.skeleton)
            local = (truth - truth[:, :1]) - (guess - guess[:, :1])
            errors.append(np.linalg.norm(local, axis=-1).mean())
            drifts.append(np.linalg.norm(truth[:, 0] - guess[:, 0], axis=-1).mean())
        millimetres = 1000 * self.module.skeleton.metres_per_unit
        return {
            "mpjpe_mm": float(np.mean(errors)) * millimetres,
            "root_mm": float(np.mean(drifts)) * millimetres,
            "codes_used": float(len(used)),
        }

    def save(self, folder: Path) -> None:
        """Write the folder of the tokenizer, in half precision."""
        self.module.save(folder, dtype=torch.float16)


def _before(steps: Tensor) -> Tensor:
    """Cumulative sum (B, T, 1) over all earlier frames."""
    return F.pad(steps[:, :-1].cumsum(1), (0, 0, 1, 0))


def train_tokenizer(config: TokenizerTraining) -> Path:
    """Train stage 1, or resume it; returns the folder of the finished tokenizer.

    Raises:
        MotionGPTError: see :func:`motiongpt.training.loop.fit`; or the data does not fit the config.
    """
    task = TokenizerTask(config)
    return fit(task, config.loop, config.output, seed=config.seed, fingerprint=fingerprint(config), notes=task.notes)
