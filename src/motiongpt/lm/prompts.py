"""Instructions: what a user asks and what the model answers, for every sub-task.

A template is a sentence with placeholders. Those of the original MotionGPT's instruction files are used, so such files
can be read as they are:

===============================  ===========================================================================
``<Caption_Placeholder>``        the caption
``<Motion_Placeholder>``         the whole motion as a motion string
``<Frame_Placeholder>``          its length in motion frames (20 a second, KIT 12.5)
``<Second_Placeholder>``         its length in seconds with one decimal, "4.0"
``<Motion_Placeholder_s1>``      the given beginning, by default the first 20 % of the motion
``<Motion_Placeholder_s2>``      the rest of it
``<Motion_Placeholder_Masked>``  the motion with a mask token for each hidden code, by default 25 % to 75 %
===============================  ===========================================================================

Our own prompts are generated from the yaml files in the folder ``prompts``; their heads explain them.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from motiongpt.errors import MotionGPTError
from motiongpt.files import read_yaml
from motiongpt.lm.motion_tokens import NUM_CODES, motion_string, motion_token
from motiongpt.text.patterns import expand_all

QUOTES = 0.15
"""How often the caption of an instruction stands in quote marks."""
REFERENCE_QUOTES = 0.5
"""How often with ``strict_reference``; the caption of an answer too, drawn by itself."""
PLAIN_SHARE = 0.3
"""How often a sub-task's plain prompt is drawn from our own templates; it is the one a program would use."""

_CAPTION = "<Caption_Placeholder>"
_MOTION = "<Motion_Placeholder>"
_FRAMES = "<Frame_Placeholder>"
_SECONDS = "<Second_Placeholder>"
_UNITS = (("frames", _FRAMES), ("seconds", _SECONDS))
_HEAD = "<Motion_Placeholder_s1>"
_REST = "<Motion_Placeholder_s2>"
_MASKED = "<Motion_Placeholder_Masked>"
PLACEHOLDERS = (_CAPTION, _MOTION, _FRAMES, _SECONDS, _HEAD, _REST, _MASKED)
_BARE = re.compile("|".join(map(re.escape, PLACEHOLDERS)))
_KNOWN = re.compile(rf'"{_CAPTION}"|{_BARE.pattern}')
_ANY = re.compile(r"<\w*Placeholder\w*>", re.IGNORECASE)


class Task(str, Enum):
    """The 18 sub-tasks: what is asked with, and what is answered.

    ``t2m`` text to motion, ``m2t`` motion to text, ``t2frames`` text to its length in frames, and so on;
    ``random_m`` and ``random_t`` ask for any motion or any caption.
    """

    T2M = "t2m"
    T2M_FRAMES = "t2m_frames"
    T2M_SECONDS = "t2m_seconds"
    FRAMES2M = "frames2m"
    SECONDS2M = "seconds2m"
    RANDOM_M = "random_m"
    M2T = "m2t"
    M2T_FRAMES = "m2t_frames"
    M2T_SECONDS = "m2t_seconds"
    M2FRAMES = "m2frames"
    M2SECONDS = "m2seconds"
    T2FRAMES = "t2frames"
    T2SECONDS = "t2seconds"
    FRAMES2T = "frames2t"
    SECONDS2T = "seconds2t"
    RANDOM_T = "random_t"
    PREDICT = "predict"
    INBETWEEN = "inbetween"

    @property
    def inputs(self) -> frozenset[str]:
        """Placeholders the instruction may use."""
        return _SPECIFICATION[self][0]

    @property
    def outputs(self) -> frozenset[str]:
        """Placeholders the answer may use."""
        return _SPECIFICATION[self][1]


def _takes(*inputs: str, gives: str) -> tuple[frozenset[str], frozenset[str]]:
    return frozenset(inputs), frozenset([gives])


_SPECIFICATION = {
    Task.T2M: _takes(_CAPTION, gives=_MOTION),
    Task.T2M_FRAMES: _takes(_CAPTION, _FRAMES, gives=_MOTION),
    Task.T2M_SECONDS: _takes(_CAPTION, _SECONDS, gives=_MOTION),
    Task.FRAMES2M: _takes(_FRAMES, gives=_MOTION),
    Task.SECONDS2M: _takes(_SECONDS, gives=_MOTION),
    Task.RANDOM_M: _takes(gives=_MOTION),
    Task.M2T: _takes(_MOTION, gives=_CAPTION),
    Task.M2T_FRAMES: _takes(_MOTION, _FRAMES, gives=_CAPTION),
    Task.M2T_SECONDS: _takes(_MOTION, _SECONDS, gives=_CAPTION),
    Task.M2FRAMES: _takes(_MOTION, gives=_FRAMES),
    Task.M2SECONDS: _takes(_MOTION, gives=_SECONDS),
    Task.T2FRAMES: _takes(_CAPTION, gives=_FRAMES),
    Task.T2SECONDS: _takes(_CAPTION, gives=_SECONDS),
    Task.FRAMES2T: _takes(_FRAMES, gives=_CAPTION),
    Task.SECONDS2T: _takes(_SECONDS, gives=_CAPTION),
    Task.RANDOM_T: _takes(gives=_CAPTION),
    Task.PREDICT: _takes(_HEAD, gives=_REST),
    Task.INBETWEEN: _takes(_MASKED, gives=_MOTION),
}


@dataclass(frozen=True)
class Fields:
    """What is known of a clip. Everything is optional; a template asks for what it needs.

    Attributes:
        caption: the sentence.
        codes: all motion codes of the clip, (n,) integers.
        frames: motion frames at ``fps``; without it ``stride`` for each code, or the rounded ``seconds``.
        seconds: without it ``frames / fps``.
        head: given beginning as codes, instead of the first 20 % (prediction) or 25 % (in-between) of ``codes``.
        tail: given end as codes, for in-between; with ``head`` and ``hidden``.
        hidden: number of hidden codes between ``head`` and ``tail``.
        fps: motion frames a second.
        stride: motion frames a code stands for, the time stride of the tokenizer.
        num_codes: size of the motion codebook.
        strict_reference: write lengths, the given beginning and the mask as the original does, see
            `motiongpt.reference.Effect`; without ``frames`` the codes are counted for frames.
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
        """What stands for a placeholder.

        Raises:
            MotionGPTError: the fields do not hold what it needs.
        """
        value = self._value(placeholder)
        if value is None:
            raise MotionGPTError(f"Nothing is given for {placeholder} in this instruction.")
        return value

    def _value(self, placeholder: str) -> str | None:
        if placeholder == _CAPTION:
            return self.caption
        if placeholder == _FRAMES:
            frames = self._frames()
            return None if frames is None else str(frames)
        if placeholder == _SECONDS:
            frames = self._frames()
            seconds = self.seconds
            if seconds is None and frames is not None:
                seconds = math.floor(frames / self.fps) if self.strict_reference else frames / self.fps
            return None if seconds is None else f"{seconds:.1f}"
        if self.strict_reference and self.codes is not None and placeholder != _MOTION:
            return self._pieces_as_reference(placeholder)
        codes = {_MOTION: self._all, _HEAD: self._head, _REST: self._rest, _MASKED: self._masked}[placeholder]()
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
        if placeholder == _HEAD:
            return f"{'>'.join(pieces[:head])}>{end}"
        if placeholder == _REST:
            return start + ">".join(pieces[head:])
        first, last = int(0.25 * count + 1), int(0.75 * count + 1)
        return f"{'>'.join(pieces[:first])}>{mask * (last - first)}{'>'.join(pieces[last:])}"


def given_head(num_codes: int, frames: int | None = None, stride: int = 4) -> int:
    """How many of a clip's codes are given for prediction: 20 % of its true length, at least one.

    Args:
        num_codes: codes of the clip.
        frames: its motion frames; ``stride`` for each code by default.
        stride: motion frames a code stands for.
    """
    frames = stride * num_codes if frames is None else frames
    return min(max(1, frames // (5 * stride)), num_codes)


def hidden_middle(num_codes: int, frames: int | None = None, stride: int = 4) -> tuple[int, int]:
    """First hidden and first given-again code for in-between: 25 % to 75 % of the clip's true length.

    Args:
        num_codes: codes of the clip.
        frames: its motion frames; ``stride`` for each code by default.
        stride: motion frames a code stands for.
    """
    frames = stride * num_codes if frames is None else frames
    first = min(max(1, frames // (4 * stride)), num_codes)
    return first, min(max(first + 1, 3 * frames // (4 * stride)), num_codes)


def fill(template: str, fields: Fields, quotes: bool = False) -> str:
    """Put the fields in the place of a template's placeholders.

    Args:
        template: text with placeholders.
        fields: what is known of the clip.
        quotes: put the caption in double quotes (a caption the template quotes itself is not quoted twice).

    Raises:
        MotionGPTError: a placeholder needs what ``fields`` does not hold.
    """

    def replacement(match: re.Match[str]) -> str:
        placeholder = match[0].strip('"')
        text = fields.text(placeholder)
        return f'"{text}"' if match[0] != placeholder or (quotes and placeholder == _CAPTION) else text

    return (_BARE if fields.strict_reference else _KNOWN).sub(replacement, template)


@dataclass(frozen=True)
class _Prompts:
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    plain: str | None = None


class Templates:
    """The prompts of each sub-task.

    Attributes:
        tasks: sub-tasks there are prompts for.
        problems: one sentence for each prompt or sub-task of a user's file that is not used, and why.
    """

    def __init__(
        self,
        prompts: dict[Task, _Prompts],
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
        """Our own prompts for all 18 sub-tasks. Now and then the caption of an instruction is quoted."""
        return cls(_default_prompts(), quotes=QUOTES)

    @classmethod
    def load(cls, path: str | Path, *, strict_reference: bool = False) -> Templates:
        """Read an instruction file in the original's format: ``{group: {sub-task: {"class", "input", "output"}}}``.

        Groups and sub-tasks may have any names: what a sub-task is follows from the placeholders that its prompts
        use. Prompts that cannot be filled are left out and named in ``problems``. Now and then the caption of an
        instruction is quoted.

        Args:
            path: the file.
            strict_reference: quote captions half of the time, in instructions and in answers.

        Raises:
            MotionGPTError: the file cannot be read, is no such file, or has no prompt that can be used.
        """
        path = Path(path)
        inputs: dict[Task, list[str]] = {}
        outputs: dict[Task, list[str]] = {}
        problems: list[str] = []
        for name, prompts, answers in _read_instructions(path):
            task = _task_of(prompts, answers)
            if task is None:
                problems.append(
                    f"{path}: {name} is none of the known sub-tasks: no sub-task takes "
                    f"{_names(_usual(prompts))} and gives {_names(_usual(answers))}."
                )
                continue
            usable_inputs = _usable(f"{path}: {name}, input", prompts, task, task.inputs, problems)
            usable_outputs = _usable(f"{path}: {name}, output", answers, task, task.outputs, problems)
            if usable_inputs and usable_outputs:
                inputs.setdefault(task, []).extend(usable_inputs)
                outputs.setdefault(task, []).extend(usable_outputs)
        if not inputs:
            raise MotionGPTError(
                f"{path} holds no instruction that can be used: give sub-tasks with prompts such as "
                f'"Show me: {_CAPTION}" in "input" and "{_MOTION}" in "output".'
            )
        prompts_of = {task: _Prompts(tuple(inputs[task]), tuple(outputs[task])) for task in inputs}
        if strict_reference:
            return cls(prompts_of, problems, quotes=REFERENCE_QUOTES, answer_quotes=REFERENCE_QUOTES)
        return cls(prompts_of, problems, quotes=QUOTES)

    def plain(self) -> Templates:
        """The same sub-tasks with one fixed instruction and answer each, and no quotes."""
        return Templates(
            {
                task: _Prompts((prompts.plain or prompts.inputs[0],), prompts.outputs[:1])
                for task, prompts in self._prompts.items()
            }
        )

    def count(self, task: Task | str) -> int:
        """How many instructions there are for a sub-task."""
        return len(self._of(task).inputs)

    def inputs(self, task: Task | str) -> tuple[str, ...]:
        """The instructions of a sub-task, unfilled."""
        return self._of(task).inputs

    def outputs(self, task: Task | str) -> tuple[str, ...]:
        """The answers of a sub-task, unfilled."""
        return self._of(task).outputs

    def prompt(self, task: Task | str, rng: np.random.Generator, fields: Fields) -> str:
        """An instruction drawn for a sub-task and filled.

        Raises:
            MotionGPTError: there are no prompts for the sub-task, or ``fields`` lacks what it needs.
        """
        prompts = self._of(task)
        quotes = bool(self._quotes and rng.random() < self._quotes)
        if prompts.plain is not None and rng.random() < PLAIN_SHARE:
            return fill(prompts.plain, fields, quotes)
        return fill(_draw(prompts.inputs, rng), fields, quotes)

    def sample(self, task: Task | str, rng: np.random.Generator, fields: Fields) -> tuple[str, str]:
        """An instruction and an answer drawn for a sub-task and filled. The same generator state draws the same.

        Raises:
            MotionGPTError: there are no prompts for the sub-task, or ``fields`` lacks what it needs.
        """
        prompt, answer = self.prompt(task, rng, fields), _draw(self._of(task).outputs, rng)
        return prompt, fill(answer, fields, bool(self._answer_quotes and rng.random() < self._answer_quotes))

    def _of(self, task: Task | str) -> _Prompts:
        try:
            return self._prompts[Task(task)]
        except (KeyError, ValueError):
            raise MotionGPTError(
                f"There are no instructions for the sub-task {getattr(task, 'value', task)!r}: "
                f"take one of {', '.join(task.value for task in self.tasks)}."
            ) from None


def _draw(items: Sequence[str], rng: np.random.Generator) -> str:
    return items[int(rng.integers(len(items)))]


@cache
def _default_prompts() -> dict[Task, _Prompts]:
    prompts = {}
    for file in ("text_to_motion", "motion_to_text", "length", "motion_to_motion"):
        for names, content in read_yaml("motiongpt.lm", "tasks", f"{file}.yaml").items():
            for name, (unit, number) in zip(names.split(", "), _UNITS, strict=False):
                plain, *inputs = _with_unit([content["plain"], *content["input"]], unit, number)
                prompts[Task(name)] = _Prompts(
                    tuple(expand_all([plain, *inputs])),
                    tuple(expand_all(_with_unit(content["output"], unit, number))),
                    plain,
                )
    return prompts


def _with_unit(patterns: Sequence[str], unit: str, number: str) -> list[str]:
    return [pattern.replace("<Length>", f"{number} {unit}").replace("<Unit>", unit) for pattern in patterns]


def _read_instructions(path: Path) -> Iterable[tuple[str, list[str], list[str]]]:
    """Name, instructions and answers of every sub-task in a user's file."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise MotionGPTError(
            f"{path}, line {error.lineno}: not valid JSON ({error.msg}); mend this line of the instruction file."
        ) from error
    except UnicodeDecodeError as error:
        raise MotionGPTError(f"{path} is no text in UTF-8: save the instruction file as UTF-8.") from error
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


def _task_of(inputs: Sequence[str], outputs: Sequence[str]) -> Task | None:
    signature = (_usual(inputs), _usual(outputs))
    return next((task for task, takes_gives in _SPECIFICATION.items() if takes_gives == signature), None)


def _usable(
    where: str, templates: Sequence[str], task: Task, allowed: frozenset[str], problems: list[str]
) -> list[str]:
    """The templates that use allowed placeholders only; the others are added to ``problems``."""
    usable = []
    for number, template in enumerate(templates, start=1):
        wrong = sorted(set(_ANY.findall(template)) - allowed)
        if not wrong:
            usable.append(template)
        elif wrong[0] in PLACEHOLDERS:
            problems.append(f"{where} {number}: {wrong[0]} cannot be filled in the sub-task {task.value}; not used.")
        else:
            problems.append(f"{where} {number}: there is no placeholder {wrong[0]}; not used.")
    return usable


def _names(placeholders: Iterable[str]) -> str:
    return ", ".join(sorted(placeholders)) or "nothing"
