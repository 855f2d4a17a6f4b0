"""One training loop for every stage, on a CPU, one GPU or many (through accelerate).

Everything random at step k is a function of (seed, k) alone: the batch, the dropout, the codes a quantizer resets. With
the weights and the optimiser's moments saved, a run that was interrupted and resumed therefore ends with the same
weights as one that was not.
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
from motiongpt.training.config import LoopConfig
from motiongpt.weights_io import read_safetensors

STATE = "state.safetensors"
# Batches that a task may draw together, such as pairs sorted by length; one group ends at each multiple of it.
GROUPED_BATCHES = 8


class Task(Protocol):
    """What a stage brings to the loop."""

    @property
    def module(self) -> nn.Module:
        """The model in training."""

    def prepare(self, step: int) -> None:
        """Called at the start of every step, before its batch is used."""

    def batch(self, step: int, rank: int) -> dict[str, Tensor]:
        """The batch of one step on one device; a function of its arguments alone."""

    def loss(self, module: nn.Module, batch: dict[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss to minimise and scalars to log; ``module`` is ``self.module``, wrapped for several devices."""

    def validate(self) -> dict[str, float]:
        """Scalars measured on held-out data."""

    def save(self, folder: Path) -> None:
        """Write the finished model."""


class _Steps(Dataset[list[dict[str, Tensor]]]):
    def __init__(self, task: Task, rank: int) -> None:
        self.task, self.rank = task, rank

    def __getitem__(self, steps: range) -> list[dict[str, Tensor]]:
        return [self.task.batch(step, self.rank) for step in steps]


def _in_groups(first: int, steps: int, size: int) -> list[range]:
    """The steps from ``first`` on, cut at the multiples of a size."""
    starts = [first, *range(first - first % size + size, steps, size)]
    return [range(start, end) for start, end in pairwise([*starts, steps])] if first < steps else []


def learning_rate(config: LoopConfig, step: int) -> float:
    """Linear warm-up to the peak, then a cosine to ``final_rate`` times the peak at the end of the schedule."""
    if step < config.warmup:
        return config.learning_rate * (step + 1) / config.warmup
    progress = (step - config.warmup) / max(1, (config.schedule or config.steps) - config.warmup)
    floor = config.final_rate
    return config.learning_rate * (floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * min(1.0, progress))))


def left_out(dataset: MotionTextDataset) -> list[str]:
    """A sentence about what a data set leaves out, if anything."""
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

    Ctrl-C or a termination signal finishes the step, saves, and stops. The finished model is in ``output/final``, the
    TensorBoard log in ``output/log``.

    Args:
        fingerprint: the whole config of the run as plain values; a run can only be resumed with the same.
        notes: what the user should know before it starts, printed once.

    Returns:
        The folder of the finished model.

    Raises:
        MotionGPTError: ``output`` holds a run of another config, the loss is not finite, or training was interrupted
            (the state is saved then).
    """
    accelerate = require("accelerate", "train")
    tensorboard = require("torch.utils.tensorboard", "train")
    output = Path(output)
    accelerator = accelerate.Accelerator(mixed_precision="bf16" if _use_bf16(config.precision) else "no")
    module = task.module
    optimizer = torch.optim.AdamW(
        module.parameters(), lr=config.learning_rate, betas=config.betas, weight_decay=config.weight_decay
    )
    # What is frozen is its own average.
    frozen = {name for name, parameter in module.named_parameters() if not parameter.requires_grad}
    average = (
        {name: value.detach().clone() for name, value in module.state_dict().items() if name not in frozen}
        if config.average
        else {}
    )
    first = _resume(module, optimizer, average, output, fingerprint)
    wrapped, optimizer = accelerator.prepare(module, optimizer)
    average = {name: value.to(accelerator.device) for name, value in average.items()}
    rank = accelerator.process_index
    groups: Any = DataLoader(
        _Steps(task, rank),
        # One worker prepares all batches that are drawn together.
        sampler=_in_groups(first, config.steps, GROUPED_BATCHES if config.workers else 1),
        batch_size=None,
        num_workers=config.workers,
        persistent_workers=config.workers > 0,
    )
    main = accelerator.is_main_process
    if main:
        for note in notes:
            print(note, file=sys.stderr)
    writer = tensorboard.SummaryWriter(str(output / "log"), purge_step=first) if main else None
    bar = tqdm(total=config.steps, initial=first, desc=output.name, unit="step", disable=not main, mininterval=2)

    def save(step: int) -> None:
        accelerator.wait_for_everyone()
        if main:
            _save_state(module, optimizer, average, output, step, fingerprint)

    with _interruption() as interrupted:
        for step, batch in zip(range(first, config.steps), chain.from_iterable(groups), strict=True):
            torch.manual_seed(_step_seed(seed, step, rank))
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(config, step)
            task.prepare(step)
            wrapped.train()
            batch = {name: tensor.to(accelerator.device) for name, tensor in batch.items()}
            with accelerator.autocast():
                loss, scalars = task.loss(wrapped, batch)
            if not torch.isfinite(loss):
                raise MotionGPTError(
                    f"The loss is not finite at step {step}: lower loop.learning_rate; "
                    f"the last good state is in {output}."
                )
            accelerator.backward(loss)
            if config.clip:
                accelerator.clip_grad_norm_(wrapped.parameters(), config.clip)
            optimizer.step()
            optimizer.zero_grad()
            if average:
                _follow(average, module, min(config.average, (1 + step) / (10 + step)))
            done = step + 1
            bar.update()
            if main and writer is not None and (done % config.log_every == 0 or done == config.steps):
                writer.add_scalar("train/loss", loss.item(), done)
                writer.add_scalar("train/learning_rate", learning_rate(config, step), done)
                for name, value in scalars.items():
                    writer.add_scalar(f"train/{name}", value.item(), done)
                bar.set_postfix(loss=f"{loss.item():.4f}")
            if main and writer is not None and (done % config.validate_every == 0 or done == config.steps):
                with _averaged(module, average):
                    module.eval()
                    results = task.validate()
                for name, result in results.items():
                    writer.add_scalar(f"validation/{name}", result, done)
                values = ", ".join(f"{name} {value:.4f}" for name, value in results.items())
                bar.write(f"step {done}: {values}", file=sys.stderr)
            if done % config.save_every == 0 or done == config.steps or interrupted.is_set():
                save(done)
            if interrupted.is_set() and done < config.steps:
                bar.close()
                raise Interrupted(
                    f"Interrupted after step {done} of {config.steps}: the state is saved in {output}; "
                    "the same command goes on from there."
                )
    bar.close()
    if main:
        with _averaged(module, average):
            module.eval()
            task.save(output / "final")
        if writer is not None:
            writer.close()
    accelerator.wait_for_everyone()
    return output / "final"


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
    """An event that is set by Ctrl-C or SIGTERM instead of breaking off in the middle of a step."""
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


@torch.no_grad()
def _follow(average: dict[str, Tensor], module: nn.Module, decay: float) -> None:
    current = module.state_dict()
    for name, mean in average.items():
        if mean.is_floating_point():
            mean.lerp_(current[name], 1 - decay)
        else:
            mean.copy_(current[name])


@contextmanager
def _averaged(module: nn.Module, average: dict[str, Tensor]) -> Iterator[None]:
    """The module with its averaged weights, when there are any."""
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
    saved, asked = json.loads(metadata["config"]), json.loads(json.dumps(fingerprint))
    _add_later_keys(saved, asked)
    if saved != asked:
        changed = sorted(key for key in asked if saved.get(key) != asked[key])
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


def _add_later_keys(saved: dict[str, Any], asked: dict[str, Any]) -> None:
    """Take it that a run of an earlier version had what it does not know of switched off."""
    for key, value in asked.items():
        if key not in saved and not value:
            saved[key] = value
        elif isinstance(value, dict) and isinstance(saved.get(key), dict):
            _add_later_keys(saved[key], value)


def fingerprint(config: Any) -> dict[str, Any]:
    """A config dataclass as plain values, without the settings that do not change the result."""
    values = dataclasses.asdict(config)
    values.pop("output")
    for key in ("workers", "save_every", "validate_every", "log_every"):
        values["loop"].pop(key)
    return values
