"""The sub-tasks of the instruction tuning: which placeholders each takes and gives, and our own prompts for it.

A prompt is a sentence with placeholders. Those of the original MotionGPT's instruction files are used, so that such
files can be read as they are:

===============================  ===========================================================================
``<Caption_Placeholder>``        the caption
``<Motion_Placeholder>``         the whole motion as a motion string
``<Frame_Placeholder>``          its length in motion frames (20 a second, KIT 12.5)
``<Second_Placeholder>``         its length in seconds with one decimal, "4.0"
``<Motion_Placeholder_s1>``      the given beginning, by default the first 20 % of the motion
``<Motion_Placeholder_s2>``      the rest of it
``<Motion_Placeholder_Masked>``  the motion with a mask token for each hidden code, by default 25 % to 75 %
===============================  ===========================================================================

``tasks.yaml`` defines the sub-tasks, a row each. A new row there is a new sub-task everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, EnumMeta
from functools import cache
from typing import TYPE_CHECKING

from motiongpt.files import read_yaml
from motiongpt.text.patterns import expand_all

CAPTION = "<Caption_Placeholder>"
MOTION = "<Motion_Placeholder>"
FRAMES = "<Frame_Placeholder>"
SECONDS = "<Second_Placeholder>"
HEAD = "<Motion_Placeholder_s1>"
REST = "<Motion_Placeholder_s2>"
MASKED = "<Motion_Placeholder_Masked>"
PLACEHOLDERS = (CAPTION, MOTION, FRAMES, SECONDS, HEAD, REST, MASKED)
KNOWN_PLACEHOLDER = re.compile("|".join(map(re.escape, PLACEHOLDERS)))
_UNITS = (("frames", FRAMES), ("seconds", SECONDS))


@dataclass(frozen=True)
class Prompts:
    """The prompts of a sub-task, or the patterns of them.

    Attributes:
        inputs: instructions.
        outputs: answers; the first one goes with the plain instruction.
        plain: the fixed instruction that a program uses, if there is one; it is among ``inputs``.
    """

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    plain: str | None = None


def _rows() -> dict[str, Prompts]:
    """The patterns of each sub-task by its name; a row with two names is one for frames and one for seconds."""
    rows = {}
    for names, row in read_yaml("motiongpt.lm", "tasks.yaml").items():
        for name, (unit, placeholder) in zip(names.split(", "), _UNITS, strict=False):

            def with_unit(pattern: str, unit: str = unit, placeholder: str = placeholder) -> str:
                return pattern.replace("<Length>", f"{placeholder} {unit}").replace("<Unit>", unit)

            plain, *inputs = map(with_unit, (row["plain"], *row["input"]))
            rows[name] = Prompts((plain, *inputs), tuple(map(with_unit, row["output"])), plain)
    return rows


_ROWS = _rows()


class _Members(EnumMeta):
    if TYPE_CHECKING:
        # The members come from tasks.yaml, where a type checker cannot see them.
        def __getattr__(cls, name: str) -> Task: ...


class Task(str, Enum, metaclass=_Members):
    """The sub-tasks of ``tasks.yaml``: ``Task.T2M`` is ``"t2m"``, and so on.

    ``t2m`` is text to motion, ``m2t`` motion to text, ``t2frames`` text to its length in frames; ``random_m`` and
    ``random_t`` stand for any motion and any caption.
    """

    _ignore_ = "members name"
    members = vars()
    for name in _ROWS:
        members[name.upper()] = name

    @property
    def inputs(self) -> frozenset[str]:
        """Placeholders that the instruction may use."""
        return _signature(self)[0]

    @property
    def outputs(self) -> frozenset[str]:
        """Placeholders that the answer may use."""
        return _signature(self)[1]


@cache
def _signature(task: Task) -> tuple[frozenset[str], frozenset[str]]:
    """The placeholders of the plain instruction and of its answer."""
    row = _ROWS[task.value]
    plain, answer = row.inputs[0], row.outputs[0]
    return frozenset(KNOWN_PLACEHOLDER.findall(plain)), frozenset(KNOWN_PLACEHOLDER.findall(answer))


def task_of(inputs: frozenset[str], outputs: frozenset[str]) -> Task | None:
    """The sub-task that takes and gives exactly these placeholders."""
    return next((task for task in Task if (task.inputs, task.outputs) == (inputs, outputs)), None)


@cache
def default_prompts() -> dict[Task, Prompts]:
    """Our own prompts: the patterns of ``tasks.yaml``, expanded."""
    return {
        task: Prompts(
            _expanded(_ROWS[task.value].inputs), _expanded(_ROWS[task.value].outputs), _ROWS[task.value].plain
        )
        for task in Task
    }


def _expanded(patterns: Sequence[str]) -> tuple[str, ...]:
    return tuple(expand_all(patterns))
