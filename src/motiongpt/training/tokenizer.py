"""Stage 1: the motion tokenizer, and its decoder anew for the codes that it has."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm import tqdm

from motiongpt.data.layout import MotionTextDataset
from motiongpt.errors import MotionGPTError
from motiongpt.motion import FeatureLayout, features_to_joints
from motiongpt.tokenizer import MotionTokenizer
from motiongpt.tokenizer.quantizers import FiniteScalarQuantizer
from motiongpt.tokenizer.vqvae import reconstruction_loss
from motiongpt.training.config import TokenizerTraining
from motiongpt.training.loop import fingerprint, fit, skipped
from motiongpt.training.splicing import SHORTEST, Splicer, Track

# Clips of the validation split that are measured during training.
VALIDATION_CLIPS = 64
# Windows of one stride whose principal components initialise the linear maps.
SKIP_WINDOWS = 40_000
# Batches whose latents are clustered into the initial codes.
CLUSTERED_BATCHES = 64
# Metres a second: no clip counts as slower where quick ones are drawn more often.
_SLOWEST = 0.1
# Seconds in which a foot that moves is as far from standing as it is high.
_CARRY = 0.1


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
        # Of each reconstruction, what its errors are called in the log.
        self.paths: tuple[str, ...] = ("",)
        if not config.start:
            self.network.initialise()
        self.layout = FeatureLayout(dataset.skeleton)
        self.weights = self._block_weights()
        if any(window % self.module.stride for window in config.windows):
            raise MotionGPTError(f"windows must be multiples of the stride {self.module.stride}: {config.windows}.")
        clips = [item.features for item in dataset]
        self.notes = skipped(dataset)
        self.buckets = [
            (window, [clip for clip in clips if window <= len(clip) < upper])
            for window, upper in zip(config.windows, (float("inf"), *config.windows), strict=False)
        ]
        self.buckets = [(window, members) for window, members in self.buckets if members]
        self.shares = [np.array([self._share(clip) for clip in members]) for _, members in self.buckets]
        validation = MotionTextDataset(config.data, "val", min_frames=min(config.windows))
        chosen = np.random.default_rng(config.seed).permutation(len(validation))[:VALIDATION_CLIPS]
        self.validation = [validation[int(i)].features for i in chosen]
        if config.network.linear_skip and not config.start:
            self._initialise_linear_skip(clips)

    def _share(self, clip: np.ndarray) -> float:
        """How often to draw windows of a clip (T, D): by its length, and by the speed of its joints if ``quick``."""
        skeleton = self.layout.skeleton
        steps = np.linalg.norm(clip[:, self.layout.velocities].reshape(len(clip), -1, 3), axis=-1).mean()
        speed = float(steps) * skeleton.metres_per_unit * skeleton.fps
        return len(clip) * max(speed, _SLOWEST) ** self.config.quick

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
        number = self._bucket(rng)
        window, members = self.buckets[number]
        clips = [members[i] for i in self._clips(rng, number)]
        starts = [int(rng.integers(len(clip) - window + 1)) for clip in clips]
        windows = [clip[start : start + window] for clip, start in zip(clips, starts, strict=True)]
        return {"features": torch.from_numpy(np.stack(windows))}

    def _bucket(self, rng: np.random.Generator) -> int:
        """The number of a bucket."""
        weights = np.array([shares.sum() for shares in self.shares])
        return int(rng.choice(len(weights), p=weights / weights.sum()))

    def _clips(self, rng: np.random.Generator, number: int) -> np.ndarray:
        """Numbers (B,) of clips of a bucket."""
        window, members = self.buckets[number]
        count = self.config.loop.batch_size * self.config.windows[0] // window
        return rng.choice(len(members), size=count, p=self.shares[number] / self.shares[number].sum())

    def loss(self, module: nn.Module, batch: dict[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """Weighted smooth L1 of the normalised features, the commitment loss and the errors of joints and feet."""
        target, reconstructions, quantized = module(**batch)
        total, scalars = target.new_zeros(()), dict[str, Tensor]()
        for name, reconstruction in zip(self.paths, reconstructions, strict=True):
            error, measured = self._error(reconstruction, target)
            total = total + error
            scalars |= {name + key: value for key, value in measured.items()}
        if quantized is not None:
            total = total + self.config.commitment * quantized.commitment
            scalars |= {"commitment": quantized.commitment, "perplexity": quantized.perplexity}
        return total, scalars

    def _error(self, reconstruction: Tensor, target: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss of a reconstruction of normalised features, both (B, T, D), and its parts."""
        config, weights = self.config, self.weights.to(target.device)
        total = reconstruction_loss(reconstruction, target, weights, config.smooth_l1_beta)
        scalars = {"reconstruction": total}
        if not config.joint_weight and not config.support_weight:
            return total, scalars
        mean, std = self.module.mean, self.module.std
        made, true = (rows.float() * std + mean for rows in (reconstruction, target))
        (joints, path), (true_joints, true_path) = self._placed(made), self._placed(true)
        if config.joint_weight:
            scalars["joints"] = (joints - true_joints).norm(dim=-1).mean()
            scalars["path"] = (path - true_path).norm(dim=-1).mean()
            total = total + config.joint_weight * (scalars["joints"] + config.path_share * scalars["path"])
        if config.support_weight:
            feet, true_feet = self._feet(made, joints, path), self._feet(true, true_joints, true_path)
            scalars["support"] = support_error(feet, true_feet, self.layout.skeleton.fps)
            total = total + config.support_weight * scalars["support"]
        return total, scalars

    def _feet(self, features: Tensor, joints: Tensor, path: Tensor) -> Tensor:
        """Ankles and toes (B, T, 4, 3), metres over the floor, of un-normalised features and what is placed of them."""
        skeleton = self.layout.skeleton
        feet = joints[:, :, [joint - 1 for joint in (*skeleton.left_foot, *skeleton.right_foot)]]
        height = features[..., self.layout.root_height] * skeleton.metres_per_unit
        root = torch.stack([path[..., 0], height[..., 0], path[..., 1]], dim=-1)
        return feet + root[:, :, None]

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
        """Mean errors of joints (root-aligned), of the root path and of the lowest joint's height, in millimetres, and
        number of codes in use.

        With a refinement, also the errors of the coarse codes.
        """
        results = self._errors(coarse=False)
        if self.module.refinement is not None:
            results |= {f"coarse_{name}": value for name, value in self._errors(coarse=True).items()}
        return results

    def _errors(self, *, coarse: bool) -> dict[str, float]:
        errors, drifts, floors, used = [], [], [], set()
        encoded = self.module.encode_batch(self.validation, coarse=coarse)
        for features, codes in zip(self.validation, encoded, strict=True):
            used.update(codes.tolist())
            truth = features_to_joints(features, self.module.skeleton)
            guess = features_to_joints(self.module.decode(codes)[: len(features)], self.module.skeleton)
            local = (truth - truth[:, :1]) - (guess - guess[:, :1])
            errors.append(np.linalg.norm(local, axis=-1).mean())
            floors.append(np.abs(truth[..., 1].min(1) - guess[..., 1].min(1)).mean())
            drifts.append(np.linalg.norm(truth[:, 0] - guess[:, 0], axis=-1).mean())
        millimetres = 1000 * self.module.skeleton.metres_per_unit
        return {
            "mpjpe_mm": float(np.mean(errors)) * millimetres,
            "root_mm": float(np.mean(drifts)) * millimetres,
            "floor_mm": float(np.mean(floors)) * millimetres,
            "codes_used": float(len(used)),
        }

    def save(self, folder: Path) -> None:
        """Write the folder of the tokenizer, in half precision."""
        self.module.save(folder, dtype=torch.float16)


class DecoderTask(TokenizerTask):
    """Batches of windows of clips with their coarse codes, which stay as they are; some windows are spliced."""

    def __init__(self, config: TokenizerTraining) -> None:
        if not config.start or config.refines:
            raise MotionGPTError("keep_codes needs start, the folder of the tokenizer whose codes are kept.")
        super().__init__(config)
        module = self.module
        if config.decoder_depth:
            module.shorten_decoder(config.decoder_depth)
        module.requires_grad_(True)
        module.vqvae.encoder.requires_grad_(False)
        module.vqvae.quantizer.requires_grad_(False)
        self.paths = ("",) if module.refinement is None else ("coarse_", "")
        # By bucket and clip, the tracks at each offset of the stride at which the clip still fills the window.
        self.tracks = [self._tracks(members, window) for window, members in self.buckets]
        long = [
            track for bucket in self.tracks for tracks in bucket for track in tracks if len(track.codes) >= SHORTEST
        ]
        lengths = np.array([self._share(track.features) for track in long])
        self.splicer = Splicer(long, lengths / lengths.sum(), module.stride)

    def _tracks(self, clips: list[np.ndarray], window: int) -> list[list[Track]]:
        stride = self.module.stride
        cut = [
            [
                clip[offset:][: (len(clip) - offset) // stride * stride]
                for offset in range(min(stride, len(clip) - window + 1))
            ]
            for clip in tqdm(clips, desc=f"codes of clips of {window} frames", unit="clip", mininterval=2)
        ]
        codes = iter(self.module.encode_batch([part for parts in cut for part in parts], coarse=True))
        return [[Track(part, next(codes).reshape(len(part) // stride, -1)) for part in parts] for parts in cut]

    def prepare(self, step: int) -> None:
        """Nothing to prepare: there are codes from the start."""

    def batch(self, step: int, rank: int) -> dict[str, Tensor]:
        """``features`` (B, window, D) and ``codes`` (B, window / stride * levels), drawn as for any tokenizer."""
        rng = np.random.default_rng((self.config.seed, step, rank))
        number = self._bucket(rng)
        count = self.buckets[number][0] // self.module.stride
        rows = []
        for clip in self._clips(rng, number):
            if rng.random() < self.config.splice:
                rows.append(self.splicer.row(rng, count))
                continue
            tracks = self.tracks[number][clip]
            track = tracks[int(rng.integers(len(tracks)))]
            rows.append(track.cut(int(rng.integers(len(track.codes) - count + 1)), count))
        return {
            "features": torch.from_numpy(np.stack([row.features for row in rows])),
            "codes": torch.from_numpy(np.stack([row.codes.flatten() for row in rows])),
        }


def support_error(feet: Tensor, true: Tensor, fps: float) -> Tensor:
    """How wrongly a body stands, in metres, of ankles and toes (B, T, 4, 3).

    Three errors are added: of the height of the lowest joint; of how far the joint that carries the body most is from
    standing, its height and what it moves in :data:`_CARRY` seconds; and of what the joints move in that time. The
    first two do not ask which foot it is: coarse codes may leave it open, and of two feet that take turns, the mean
    glides.
    """
    steps, true_steps = (_CARRY * fps * (rows[:, 1:] - rows[:, :-1]) for rows in (feet, true))
    height, true_height = feet[..., 1], true[..., 1]
    standing, true_standing = (
        (rows[:, 1:] + moved.norm(dim=-1)).amin(-1) for rows, moved in ((height, steps), (true_height, true_steps))
    )
    return (
        (height.amin(-1) - true_height.amin(-1)).abs().mean()
        + (standing - true_standing).abs().mean()
        + (steps - true_steps).norm(dim=-1).mean()
    )


def _before(steps: Tensor) -> Tensor:
    """Cumulative sum (B, T, 1) over all earlier frames."""
    return F.pad(steps[:, :-1].cumsum(1), (0, 0, 1, 0))


def train_tokenizer(config: TokenizerTraining) -> Path:
    """Train stage 1, or resume it; returns the folder of the finished tokenizer.

    Raises:
        MotionGPTError: see :func:`motiongpt.training.loop.fit`; or the data does not fit the config.
    """
    if (config.splice or config.decoder_depth) and not config.keep_codes:
        raise MotionGPTError("splice and decoder_depth are for a decoder alone: set keep_codes, too.")
    task = DecoderTask(config) if config.keep_codes else TokenizerTask(config)
    return fit(task, config.loop, config.output, seed=config.seed, fingerprint=fingerprint(config), notes=task.notes)
