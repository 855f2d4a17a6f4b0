"""Prompts of the sub-tasks: an instruction of a user and the answer of the model, with a clip's data filled in.

`Templates` holds the prompts, our own or those of an instruction file, and draws from them; `Fields` holds what is
known of a clip; `fill` puts the one into the other. See `motiongpt.lm.tasks` for the sub-tasks and the placeholders.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from motiongpt.errors import MotionGPTError
from motiongpt.lm.motion_tokens import NUM_CODES, motion_string, motion_token
from motiongpt.lm.tasks import (
    CAPTION,
    FRAMES,
    HEAD,
    KNOWN_PLACEHOLDER,
    MASKED,
    MOTION,
    PLACEHOLDERS,
    REST,
    SECONDS,
    Prompts,
    Task,
    default_prompts,
    task_of,
)

QUOTES = 0.15
"""Probability that the caption of an instruction is put in quotation marks."""
REFERENCE_QUOTES = 0.5
"""The same with ``strict_reference``, and, drawn separately, for the caption of an answer."""
PLAIN_SHARE = 0.3
"""Probability that our own templates draw a sub-task's plain prompt, the one that a program would use."""

_KNOWN = re.compile(rf'"{CAPTION}"|{KNOWN_PLACEHOLDER.pattern}')
_ANY = re.compile(r"<\w*Placeholder\w*>", re.IGNORECASE)


@dataclass(frozen=True)
class Fields:
    """What is known of a clip. Every field is optional; a template needs those of its placeholders.

    Attributes:
        caption: one sentence.
        codes: all motion codes of the clip, (n,) integers.
        frames: number of motion frames at ``fps``; by default ``stride`` per code, or the rounded ``seconds``.
        seconds: by default ``frames / fps``.
        head: codes of the given beginning, instead of the first 20 % (prediction) or 25 % (in-between) of ``codes``.
        tail: codes of the given end, for in-between; needs ``head`` and ``hidden``.
        hidden: number of hidden codes between ``head`` and ``tail``.
        fps: motion frames per second.
        stride: motion frames per code, the time stride of the tokenizer.
        num_codes: size of the motion codebook.
        strict_reference: write lengths, the given beginning and the mask as the original does, see
            ``docs/differences.md``; without ``frames`` the number of codes counts as the number of frames.
    """

    caption: str | None = None
    codes: Sequence[int] | np.ndarray | None = None
    frames: int | None = None
    seconds: float | None = None
    head: Sequence[int] | np.ndarray | None = None
    tail: Sequence[int] | np.ndarray | None = None
    hidden: int | None = None
    fps: float = 20.0
    stride: int = 4
    num_codes: int = NUM_CODES
    strict_reference: bool = False

    def text(self, placeholder: str) -> str:
        """The text that replaces a placeholder.

        Raises:
            MotionGPTError: the fields that it needs are not set.
        """
        value = self._value(placeholder)
        if value is None:
            raise MotionGPTError(f"This instruction needs a value for {placeholder}, but none is given.")
        return value

    def _value(self, placeholder: str) -> str | None:
        if placeholder == CAPTION:
            return self.caption
        if placeholder == FRAMES:
            frames = self._frames()
            return None if frames is None else str(frames)
        if placeholder == SECONDS:
            frames = self._frames()
            seconds = self.seconds
            if seconds is None and frames is not None:
                seconds = math.floor(frames / self.fps) if self.strict_reference else frames / self.fps
            return None if seconds is None else f"{seconds:.1f}"
        if self.strict_reference and self.codes is not None and placeholder != MOTION:
            return self._pieces_as_reference(placeholder)
        codes = {MOTION: self._all, HEAD: self._head, REST: self._rest, MASKED: self._masked}[placeholder]()
        return None if codes is None else motion_string(codes, self.num_codes)

    def _frames(self) -> int | None:
        if self.frames is not None:
            return self.frames
        if self.codes is not None:
            return len(self.codes) if self.strict_reference else self.stride * len(self.codes)
        return None if self.seconds is None else round(self.seconds * self.fps)

    def _all(self) -> list[int] | None:
        return None if self.codes is None else [int(code) for code in self.codes]

    def _head(self) -> list[int] | None:
        if self.head is not None:
            return [int(code) for code in self.head]
        codes = self._all()
        return None if codes is None else codes[: given_head(len(codes), self.frames, self.stride)]

    def _rest(self) -> list[int] | None:
        codes, head = self._all(), self._head()
        return None if codes is None or head is None else codes[len(head) :]

    def _masked(self) -> list[int] | None:
        mask = self.num_codes + 2
        if self.hidden is not None and self.head is not None and self.tail is not None:
            return [*map(int, self.head), *[mask] * self.hidden, *map(int, self.tail)]
        codes = self._all()
        if codes is None:
            return None
        first, last = hidden_middle(len(codes), self.frames, self.stride)
        return [*codes[:first], *[mask] * (last - first), *codes[last:]]

    def _pieces_as_reference(self, placeholder: str) -> str:
        """Beginning, rest or masked motion, cut from the motion string at each ``>``; piece 0 is its start."""
        frames = self._frames()
        assert frames is not None
        pieces = motion_string(self._all() or [], self.num_codes).split(">")
        start, end, mask = (motion_token(self.num_codes + i) for i in range(3))
        count = frames / self.stride
        head = int(0.2 * count + 1)
        if placeholder == HEAD:
            return f"{'>'.join(pieces[:head])}>{end}"
        if placeholder == REST:
            return start + ">".join(pieces[head:])
        first, last = int(0.25 * count + 1), int(0.75 * count + 1)
        return f"{'>'.join(pieces[:first])}>{mask * (last - first)}{'>'.join(pieces[last:])}"


def given_head(num_codes: int, frames: int | None = None, stride: int = 4) -> int:
    """Number of a clip's codes that are given for prediction: 20 % of its true length, at least one.

    Args:
        num_codes: number of codes of the clip.
        frames: number of its motion frames; by default ``stride`` per code.
        stride: motion frames per code.
    """
    frames = stride * num_codes if frames is None else frames
    return min(max(1, frames // (5 * stride)), num_codes)


def hidden_middle(num_codes: int, frames: int | None = None, stride: int = 4) -> tuple[int, int]:
    """Index of the first hidden code and of the first code after the gap: 25 % and 75 % of the clip's true length.

    Args:
        num_codes: number of codes of the clip.
        frames: number of its motion frames; by default ``stride`` per code.
        stride: motion frames per code.
    """
    frames = stride * num_codes if frames is None else frames
    first = min(max(1, frames // (4 * stride)), num_codes)
    return first, min(max(first + 1, 3 * frames // (4 * stride)), num_codes)


def fill(template: str, fields: Fields, quotes: bool = False) -> str:
    """Replace a template's placeholders by the fields.

    Args:
        template: text with placeholders.
        fields: what is known of the clip.
        quotes: put the caption in double quotes (a caption that the template quotes itself is not quoted twice).

    Raises:
        MotionGPTError: a placeholder needs a field that is not set.
    """

    def replacement(match: re.Match[str]) -> str:
        placeholder = match[0].strip('"')
        text = fields.text(placeholder)
        return f'"{text}"' if match[0] != placeholder or (quotes and placeholder == CAPTION) else text

    return (KNOWN_PLACEHOLDER if fields.strict_reference else _KNOWN).sub(replacement, template)


class Templates:
    """The prompts of each sub-task.

    Attributes:
        tasks: sub-tasks that have prompts.
        problems: one sentence for each prompt or sub-task of a user's file that is not used, with the reason.
    """

    def __init__(
        self,
        prompts: dict[Task, Prompts],
        problems: Sequence[str] = (),
        *,
        quotes: float = 0.0,
        answer_quotes: float = 0.0,
    ) -> None:
        self._prompts = prompts
        self._quotes = quotes
        self._answer_quotes = answer_quotes
        self.tasks: tuple[Task, ...] = tuple(task for task in Task if task in prompts)
        self.problems: tuple[str, ...] = tuple(problems)

    @classmethod
    def default(cls) -> Templates:
        """Our own prompts for all sub-tasks. Some captions are quoted, see `QUOTES`."""
        return cls(default_prompts(), quotes=QUOTES)

    @classmethod
    def load(cls, path: str | Path, *, strict_reference: bool = False) -> Templates:
        """Read an instruction file in the original's format: ``{group: {sub-task: {"class", "input", "output"}}}``.

        Groups and sub-tasks may have any names: the placeholders of its prompts tell which sub-task it is. Prompts that
        cannot be filled are skipped and reported in ``problems``. Some captions are quoted, see `QUOTES`.

        Args:
            path: the file.
            strict_reference: quote half of the captions, in instructions and in answers.

        Raises:
            MotionGPTError: the file cannot be read, has another format, or has no usable prompt.
        """
        path = Path(path)
        inputs: dict[Task, list[str]] = {}
        outputs: dict[Task, list[str]] = {}
        problems: list[str] = []
        for name, prompts, answers in _read_instructions(path):
            task = task_of(_usual(prompts), _usual(answers))
            if task is None:
                problems.append(
                    f"{path}: {name} matches no known sub-task: none takes {_names(_usual(prompts))} and gives "
                    f"{_names(_usual(answers))}."
                )
                continue
            usable_inputs = _usable(f"{path}: {name}, input", prompts, task, task.inputs, problems)
            usable_outputs = _usable(f"{path}: {name}, output", answers, task, task.outputs, problems)
            if usable_inputs and usable_outputs:
                inputs.setdefault(task, []).extend(usable_inputs)
                outputs.setdefault(task, []).extend(usable_outputs)
        if not inputs:
            raise MotionGPTError(
                f"{path} has no instruction that can be used: give sub-tasks with prompts such as "
                f'"Show me: {CAPTION}" in "input" and "{MOTION}" in "output".'
            )
        prompts_of = {task: Prompts(tuple(inputs[task]), tuple(outputs[task])) for task in inputs}
        if strict_reference:
            return cls(prompts_of, problems, quotes=REFERENCE_QUOTES, answer_quotes=REFERENCE_QUOTES)
        return cls(prompts_of, problems, quotes=QUOTES)

    def plain(self) -> Templates:
        """The same sub-tasks with one fixed instruction and one answer each, without quotes."""
        return Templates(
            {
                task: Prompts((prompts.plain or prompts.inputs[0],), prompts.outputs[:1])
                for task, prompts in self._prompts.items()
            }
        )

    def count(self, task: Task | str) -> int:
        """Number of instructions of a sub-task."""
        return len(self._of(task).inputs)

    def inputs(self, task: Task | str) -> tuple[str, ...]:
        """The instructions of a sub-task, unfilled."""
        return self._of(task).inputs

    def outputs(self, task: Task | str) -> tuple[str, ...]:
        """The answers of a sub-task, unfilled."""
        return self._of(task).outputs

    def prompt(self, task: Task | str, rng: np.random.Generator, fields: Fields) -> str:
        """Draw an instruction of a sub-task and fill it.

        Raises:
            MotionGPTError: the sub-task has no prompts, or a field that the prompt needs is not set.
        """
        prompts = self._of(task)
        quotes = bool(self._quotes and rng.random() < self._quotes)
        if prompts.plain is not None and rng.random() < PLAIN_SHARE:
            return fill(prompts.plain, fields, quotes)
        return fill(_draw(prompts.inputs, rng), fields, quotes)

    def sample(self, task: Task | str, rng: np.random.Generator, fields: Fields) -> tuple[str, str]:
        """Draw an instruction and an answer of a sub-task and fill them; the same generator state draws the same.

        Raises:
            MotionGPTError: the sub-task has no prompts, or a field that the prompts need is not set.
        """
        prompt, answer = self.prompt(task, rng, fields), _draw(self._of(task).outputs, rng)
        return prompt, fill(answer, fields, bool(self._answer_quotes and rng.random() < self._answer_quotes))

    def _of(self, task: Task | str) -> Prompts:
        try:
            return self._prompts[Task(task)]
        except (KeyError, ValueError):
            raise MotionGPTError(
                f"There are no instructions for the sub-task {getattr(task, 'value', task)!r}: "
                f"take one of {', '.join(task.value for task in self.tasks)}."
            ) from None


def _draw(items: Sequence[str], rng: np.random.Generator) -> str:
    return items[int(rng.integers(len(items)))]


def _read_instructions(path: Path) -> Iterable[tuple[str, list[str], list[str]]]:
    """Name, instructions and answers of every sub-task in a user's file."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise MotionGPTError(
            f"{path}, line {error.lineno}: not valid JSON ({error.msg}); correct this line of the instruction file."
        ) from error
    except UnicodeDecodeError as error:
        raise MotionGPTError(f"{path} is not UTF-8 text: save the instruction file as UTF-8.") from error
    except OSError as error:
        raise MotionGPTError(f"Cannot read the instruction file {path}: {error.strerror or error}.") from error
    for group, sub_tasks in _members(content, str(path)):
        for name, sub_task in _members(sub_tasks, f"{path}: {group}"):
            where = f"{group} / {name}"
            entries = dict(_members(sub_task, f"{path}: {where}"))
            lists = []
            for key in ("input", "output"):
                items = entries.get(key)
                if not isinstance(items, list) or not items or not all(isinstance(item, str) for item in items):
                    raise MotionGPTError(f'{path}: {where} needs "{key}": a list of one or more sentences.')
                lists.append(items)
            yield where, lists[0], lists[1]


def _members(value: Any, where: str) -> Iterable[tuple[str, Any]]:
    if not isinstance(value, dict) or not value:
        raise MotionGPTError(
            f"{where} must be a JSON object: an instruction file is "
            '{group: {sub-task: {"class": ..., "input": [...], "output": [...]}}}.'
        )
    return value.items()


def _usual(templates: Sequence[str]) -> frozenset[str]:
    """Known placeholders that at least half of the templates use."""
    found = Counter(name for template in templates for name in set(_ANY.findall(template)) if name in PLACEHOLDERS)
    return frozenset(name for name, times in found.items() if 2 * times >= len(templates))


def _usable(
    where: str, templates: Sequence[str], task: Task, allowed: frozenset[str], problems: list[str]
) -> list[str]:
    """The templates that use allowed placeholders only; the others are reported in ``problems``."""
    usable = []
    for number, template in enumerate(templates, start=1):
        wrong = sorted(set(_ANY.findall(template)) - allowed)
        if not wrong:
            usable.append(template)
        elif wrong[0] in PLACEHOLDERS:
            problems.append(f"{where} {number}: {wrong[0]} cannot be filled in the sub-task {task.value}; skipped.")
        else:
            problems.append(f"{where} {number}: there is no placeholder {wrong[0]}; skipped.")
    return usable


def _names(placeholders: Iterable[str]) -> str:
    return ", ".join(sorted(placeholders)) or "nothing"
