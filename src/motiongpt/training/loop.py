"""One training loop for every stage, on a CPU, one GPU or several (through accelerate).

Everything random at step k is a function of (seed, k): the batch, the dropout, the codes that a quantizer resets. A run
saves its weights and the moments of its optimiser. An interrupted and resumed run therefore ends with the same weights
as an uninterrupted one.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, pairwise
from pathlib import Path
from typing import Any, Protocol

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from motiongpt.data.layout import MotionTextDataset
from motiongpt.errors import Interrupted, MotionGPTError, require
from motiongpt.files import atomic_path
from motiongpt.training.config import RENAMED, LoopConfig
from motiongpt.weights_io import read_safetensors

STATE = "state.safetensors"
# Batches that a task may draw together, such as pairs sorted by length; a group ends at each multiple of this number.
GROUPED_BATCHES = 8


class Task(Protocol):
    """A training stage as the loop sees it."""

    @property
    def module(self) -> nn.Module:
        """The model in training."""

    def prepare(self, step: int) -> None:
        """Called at the start of every step, before its batch is used."""

    def batch(self, step: int, rank: int) -> dict[str, Tensor]:
        """Batch of a step on a device; a pure function of its arguments."""

    def loss(self, module: nn.Module, batch: dict[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss, and scalars to log; ``module`` is ``self.module``, wrapped for several devices."""

    def validate(self) -> dict[str, float]:
        """Scalars measured on the validation split."""

    def save(self, folder: Path) -> None:
        """Write the finished model."""


class _Steps(Dataset[list[dict[str, Tensor]]]):
    def __init__(self, task: Task, rank: int) -> None:
        self.task, self.rank = task, rank

    def __getitem__(self, steps: range) -> list[dict[str, Tensor]]:
        return [self.task.batch(step, self.rank) for step in steps]


def _in_groups(first: int, steps: int, size: int) -> list[range]:
    """The steps from ``first`` to ``steps``, cut at multiples of ``size``."""
    starts = [first, *range(first - first % size + size, steps, size)]
    return [range(start, end) for start, end in pairwise([*starts, steps])] if first < steps else []


def learning_rate(config: LoopConfig, step: int) -> float:
    """Linear warm-up to the peak, then a cosine down to ``final_rate`` times the peak at the end of the schedule."""
    if step < config.warmup:
        return config.learning_rate * (step + 1) / config.warmup
    progress = (step - config.warmup) / max(1, (config.schedule or config.steps) - config.warmup)
    floor = config.final_rate
    return config.learning_rate * (floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * min(1.0, progress))))


def skipped(dataset: MotionTextDataset) -> list[str]:
    """A sentence about the clips that a data set skips, if any."""
    count = len(dataset.problems)
    where = f"{dataset.root}, {dataset.split}"
    return [f"{where}: {count} problems, the first: {dataset.problems[0]}"] if count else []


def fit(
    task: Task,
    config: LoopConfig,
    output: str | Path,
    *,
    seed: int,
    fingerprint: dict[str, Any],
    notes: Sequence[str] = (),
) -> Path:
    """Train until ``config.steps``, resuming from ``output`` when it holds an unfinished run of the same config.

    Ctrl-C or a termination signal finishes the step, saves, and stops. The finished model is ``output/final``, the
    TensorBoard log ``output/log``.

    Args:
        task: the stage.
        config: settings of the loop.
        output: folder of the run.
        seed: random seed.
        fingerprint: the whole config of the run as plain values; a run can only be resumed with the same.
        notes: sentences for the user, printed once before training starts.

    Returns:
        The folder of the finished model.

    Raises:
        MotionGPTError: ``output`` holds a run of another config, or the loss is not finite.
        Interrupted: the run was interrupted; its state is saved.
    """
    accelerate = require("accelerate", "train")
    output = Path(output)
    accelerator = accelerate.Accelerator(mixed_precision="bf16" if _use_bf16(config.precision) else "no")
    module = task.module
    optimizer = torch.optim.AdamW(
        module.parameters(), lr=config.learning_rate, betas=config.betas, weight_decay=config.weight_decay
    )
    average = _trainable_state(module) if config.average else {}
    first = _resume(module, optimizer, average, output, fingerprint)
    wrapped, optimizer = accelerator.prepare(module, optimizer)
    average = {name: value.to(accelerator.device) for name, value in average.items()}
    main, rank = accelerator.is_main_process, accelerator.process_index
    if main:
        for note in notes:
            print(note, file=sys.stderr)
    log = _Log(output, first, config, main)

    with _interruption() as interrupted:
        for step, batch in zip(range(first, config.steps), _batches(task, config, first, rank), strict=True):
            # 1. Seed: everything random of this step follows from the seed and the step.
            torch.manual_seed(_step_seed(seed, step, rank))
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(config, step)
            task.prepare(step)
            # 2. Loss.
            wrapped.train()
            batch = {name: tensor.to(accelerator.device) for name, tensor in batch.items()}
            with accelerator.autocast():
                loss, scalars = task.loss(wrapped, batch)
            if not torch.isfinite(loss):
                raise MotionGPTError(
                    f"The loss is not finite at step {step}: lower loop.learning_rate; "
                    f"the last good state is in {output}."
                )
            # 3. Update of the weights and of their moving average.
            accelerator.backward(loss)
            if config.clip:
                accelerator.clip_grad_norm_(wrapped.parameters(), config.clip)
            optimizer.step()
            optimizer.zero_grad()
            if average:
                _update_average(average, module, min(config.average, (1 + step) / (10 + step)))
            # 4. Log, validate, save.
            done = step + 1
            log.step(done, loss, learning_rate(config, step), scalars)
            if main and (done % config.validate_every == 0 or done == config.steps):
                with _averaged(module, average):
                    module.eval()
                    log.validation(done, task.validate())
            if done % config.save_every == 0 or done == config.steps or interrupted.is_set():
                accelerator.wait_for_everyone()
                if main:
                    _save_state(module, optimizer, average, output, done, fingerprint)
            if interrupted.is_set() and done < config.steps:
                log.close()
                raise Interrupted(
                    f"Interrupted after step {done} of {config.steps}: the state is saved in {output}; "
                    "re-run the same command to resume."
                )
    if main:
        with _averaged(module, average):
            module.eval()
            task.save(output / "final")
    log.close()
    accelerator.wait_for_everyone()
    return output / "final"


def _batches(task: Task, config: LoopConfig, first: int, rank: int) -> Iterator[dict[str, Tensor]]:
    groups: Any = DataLoader(
        _Steps(task, rank),
        # One worker prepares all batches that are drawn together.
        sampler=_in_groups(first, config.steps, GROUPED_BATCHES if config.workers else 1),
        batch_size=None,
        num_workers=config.workers,
        persistent_workers=config.workers > 0,
    )
    return chain.from_iterable(groups)


class _Log:
    """Progress bar and TensorBoard log of the main process; other processes write nothing.

    Args:
        output: folder of the run.
        first: step to begin with; an older log is cut there.
        config: number of steps and interval of logging.
        main: whether this is the main process.
    """

    def __init__(self, output: Path, first: int, config: LoopConfig, main: bool) -> None:
        self.config = config
        tensorboard = require("torch.utils.tensorboard", "train")
        self.writer: Any = tensorboard.SummaryWriter(str(output / "log"), purge_step=first) if main else None
        self.bar = tqdm(
            total=config.steps, initial=first, desc=output.name, unit="step", disable=not main, mininterval=2
        )

    def step(self, done: int, loss: Tensor, rate: float, scalars: dict[str, Tensor]) -> None:
        """Advance the bar; log the training scalars at every interval and at the end."""
        self.bar.update()
        if self.writer is not None and (done % self.config.log_every == 0 or done == self.config.steps):
            self.writer.add_scalar("train/loss", loss.item(), done)
            self.writer.add_scalar("train/learning_rate", rate, done)
            for name, value in scalars.items():
                self.writer.add_scalar(f"train/{name}", value.item(), done)
            self.bar.set_postfix(loss=f"{loss.item():.4f}")

    def validation(self, done: int, results: dict[str, float]) -> None:
        """Log and print the scalars of a validation."""
        for name, result in results.items():
            self.writer.add_scalar(f"validation/{name}", result, done)
        values = ", ".join(f"{name} {value:.4f}" for name, value in results.items())
        self.bar.write(f"step {done}: {values}", file=sys.stderr)

    def close(self) -> None:
        """Close bar and log."""
        self.bar.close()
        if self.writer is not None:
            self.writer.close()


def _use_bf16(precision: str) -> bool:
    if precision not in ("auto", "float32", "bf16"):
        raise MotionGPTError(f"loop.precision is {precision!r}, but must be auto, float32 or bf16.")
    if precision != "auto":
        return precision == "bf16"
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported()
    # With AMX tiles or AVX512-BF16 a CPU multiplies bf16 at least twice as fast as float32, without them no faster.
    checks = (getattr(torch.cpu, f"_is_{name}_supported", None) for name in ("amx_tile", "avx512_bf16"))
    return any(check is not None and check() for check in checks)


def _step_seed(seed: int, step: int, rank: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}/{step}/{rank}".encode()).digest()[:8], "little") >> 1


@contextmanager
def _interruption() -> Iterator[threading.Event]:
    """An event that Ctrl-C or SIGTERM sets, so that the step in progress is finished."""
    event = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield event
        return
    handlers = {number: signal.signal(number, lambda *_: event.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield event
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _trainable_state(module: nn.Module) -> dict[str, Tensor]:
    """Copy of the state without frozen parameters, which equal their average."""
    frozen = {name for name, parameter in module.named_parameters() if not parameter.requires_grad}
    return {name: value.detach().clone() for name, value in module.state_dict().items() if name not in frozen}


@torch.no_grad()
def _update_average(average: dict[str, Tensor], module: nn.Module, decay: float) -> None:
    current = module.state_dict()
    for name, mean in average.items():
        if mean.is_floating_point():
            mean.lerp_(current[name], 1 - decay)
        else:
            mean.copy_(current[name])


@contextmanager
def _averaged(module: nn.Module, average: dict[str, Tensor]) -> Iterator[None]:
    """The module with its averaged weights, if there are any."""
    if not average:
        yield
        return
    current = {name: value.detach().clone() for name, value in module.state_dict().items()}
    module.load_state_dict({**current, **average})
    try:
        yield
    finally:
        module.load_state_dict(current)


def _save_state(
    module: nn.Module,
    optimizer: Any,
    average: dict[str, Tensor],
    output: Path,
    step: int,
    fingerprint: dict[str, Any],
) -> None:
    tensors = {f"module/{name}": value for name, value in module.state_dict().items()}
    tensors |= {f"average/{name}": value for name, value in average.items()}
    for number, moments in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer/{number}/{name}": torch.as_tensor(value) for name, value in moments.items()}
    # Tied weights share memory, which the file format refuses: each name gets its own copy.
    plain = {name: value.detach().cpu().clone().contiguous() for name, value in tensors.items()}
    with atomic_path(output / STATE) as temporary:
        save_file(plain, temporary, metadata={"step": str(step), "config": json.dumps(fingerprint, sort_keys=True)})


def _resume(
    module: nn.Module, optimizer: Any, average: dict[str, Tensor], output: Path, fingerprint: dict[str, Any]
) -> int:
    """Load the state of an unfinished run and return its step; 0 when there is none."""
    path = output / STATE
    if not path.is_file():
        return 0
    tensors = read_safetensors(path)
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
    saved = {RENAMED.get(key, key): value for key, value in json.loads(metadata["config"]).items()}
    current = json.loads(json.dumps(fingerprint))
    _add_later_keys(saved, current)
    if saved != current:
        changed = sorted(key for key in current if saved.get(key) != current[key])
        raise MotionGPTError(
            f"{output} holds a run with another config ({', '.join(changed)} changed): "
            "choose another output folder, or remove this one to start again."
        )
    parts: dict[str, dict[str, Tensor]] = {"module": {}, "average": {}, "optimizer": {}}
    for name, value in tensors.items():
        part, _, rest = name.partition("/")
        parts[part][rest] = value
    module.load_state_dict(parts["module"])
    average.update(parts["average"])
    moments: dict[int, dict[str, Tensor]] = {}
    for name, value in parts["optimizer"].items():
        number, _, moment = name.partition("/")
        moments.setdefault(int(number), {})[moment] = value
    state = optimizer.state_dict()
    optimizer.load_state_dict({"state": moments, "param_groups": state["param_groups"]})
    return int(metadata["step"])


def _add_later_keys(saved: dict[str, Any], current: dict[str, Any]) -> None:
    """Add to the config of a run by an earlier version the keys that it lacks: what they name was off."""
    for key, value in current.items():
        if key not in saved and not value:
            saved[key] = value
        elif isinstance(value, dict) and isinstance(saved.get(key), dict):
            _add_later_keys(saved[key], value)


def fingerprint(config: Any) -> dict[str, Any]:
    """A config dataclass as plain values, without the settings that leave the result unchanged."""
    values = dataclasses.asdict(config)
    values.pop("output")
    for key in ("workers", "save_every", "validate_every", "log_every"):
        values["loop"].pop(key)
    return values
