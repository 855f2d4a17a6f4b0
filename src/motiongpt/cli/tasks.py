"""The tasks of the model: what each takes and how it calls the model, for its own verb and for `batch`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import Enum
from typing import TYPE_CHECKING, Any

from motiongpt.cli.groups import Group
from motiongpt.cli.options import SWITCHES, CompletionSampling, Length, TextSampling
from motiongpt.errors import MotionGPTError

if TYPE_CHECKING:
    from motiongpt.generation.motiongpt import MotionGPT
    from motiongpt.motion import Motion

# For each input its samples: motions, or captions.
Results = list[list[Any]]
# Model, inputs (texts or motions), samples of each, seed, options.
Call = Callable[["MotionGPT", list[Any], int, int, dict[str, Any]], Results]


class TaskName(str, Enum):
    """Names of the tasks, those of the original MotionGPT."""

    t2m = "t2m"
    m2t = "m2t"
    pred = "pred"
    inbetween = "inbetween"


@dataclass(frozen=True)
class Task:
    """One task.

    Attributes:
        name: as in ``batch --task``.
        call: runs the task.
        options: names of the options of sampling and length that the task takes.
        given: default of ``--given``, the shares of a motion that are kept, such as ``"0.25,0.25"``; empty for a task
            that has none.
        reads_motion: the inputs are motions.
        writes_text: the results are captions.
    """

    name: TaskName
    call: Call
    options: frozenset[str] = frozenset()
    given: str = ""
    reads_motion: bool = True
    writes_text: bool = False

    def arguments(self, given: str | None, *groups: Group) -> dict[str, Any]:
        """The options that the user gave, as `call` takes them.

        Raises:
            MotionGPTError: the task does not take an option, or ``--given`` is malformed.
        """
        chosen = {name: value for group in groups for name, value in group.chosen().items()}
        for name in chosen:
            if name not in self.options:
                option = SWITCHES.get(name, f"--{name.replace('_', '-')}")
                raise MotionGPTError(f"{option} does not apply to --task {self.name.value}.")
        if self.given:
            chosen["given"] = self.parse_given(self.given if given is None else given)
        elif given is not None:
            raise MotionGPTError(f"--given does not apply to --task {self.name.value}.")
        return chosen

    def parse_given(self, text: str) -> float | tuple[float, ...]:
        """``"0.2"`` -> 0.2, ``"0.25,0.25"`` -> (0.25, 0.25).

        Raises:
            MotionGPTError: the text does not hold as many shares as the default, above 0 and 1 at most in total.
        """
        count = len(self.given.split(","))
        try:
            shares = tuple(float(part) for part in text.split(","))
        except ValueError:
            shares = ()
        if len(shares) != count or not (all(share > 0 for share in shares) and sum(shares) <= 1):
            expected = "one share above 0 and at most 1" if count == 1 else "two shares above 0 that sum to at most 1"
            raise MotionGPTError(f"--given must be {expected}, such as {self.given}, but is {text!r}.")
        return shares[0] if count == 1 else shares


def _generate(model: MotionGPT, texts: list[str], samples: int, seed: int, options: dict[str, Any]) -> Results:
    return [list(row) for row in model.generate(texts, n=samples, seed=seed, **options)]


def _describe(model: MotionGPT, motions: list[Any], samples: int, seed: int, options: dict[str, Any]) -> Results:
    return [[caption] for caption in model.describe(motions)]


def _completion(method: Callable[[MotionGPT], Callable[..., Motion]]) -> Call:
    def call(model: MotionGPT, motions: list[Any], samples: int, seed: int, options: dict[str, Any]) -> Results:
        complete = method(model)
        return [[complete(motion, seed=seed + sample, **options) for sample in range(samples)] for motion in motions]

    return call


def _names(*groups: type) -> frozenset[str]:
    return frozenset(field.name for group in groups for field in fields(group))


GENERATE = Task(TaskName.t2m, _generate, _names(Length, TextSampling), reads_motion=False)
DESCRIBE = Task(TaskName.m2t, _describe, writes_text=True)
PREDICT = Task(
    TaskName.pred, _completion(lambda model: model.predict), _names(CompletionSampling) | {"seconds"}, given="0.2"
)
INBETWEEN = Task(
    TaskName.inbetween, _completion(lambda model: model.inbetween), _names(CompletionSampling), given="0.25,0.25"
)
TASKS = {task.name: task for task in (GENERATE, DESCRIBE, PREDICT, INBETWEEN)}
