"""Instructions: golden fills, our own prompts, users' files."""

from __future__ import annotations

import json
import pickle
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motiongpt.errors import MotionGPTError
from motiongpt.lm.motion_tokens import parse
from motiongpt.lm.prompts import Fields, Templates, fill, given_head, hidden_middle
from motiongpt.lm.tasks import PLACEHOLDERS, Task

BIG = (
    Task.T2M,
    Task.T2M_FRAMES,
    Task.T2M_SECONDS,
    Task.M2T,
    Task.M2T_FRAMES,
    Task.M2T_SECONDS,
    Task.M2FRAMES,
    Task.M2SECONDS,
)
SMALL = (Task.PREDICT, Task.INBETWEEN)

# From runs of the original implementation with the clip's frames given: codes of the clip, frames, how many codes
# are in the head, and which are hidden.
GOLDEN_FILLS = [
    ([483, 320, 350, 459, 296], 20, 1, (1, 3)),
    ([397, 426, 115, 28, 153, 145, 447, 467, 2, 255, 420, 67], 48, 2, (3, 9)),
    (list(range(30)), 120, 6, (7, 22)),
    (list(range(49)), 196, 9, (12, 36)),
]


def written(codes: list[int]) -> str:
    return "".join(f"<motion_id_{code}>" for code in [512, *codes, 513])


@pytest.mark.parametrize(("codes", "frames", "head", "hidden"), GOLDEN_FILLS)
def test_golden_fills(codes: list[int], frames: int, head: int, hidden: tuple[int, int]) -> None:
    # The original rounds seconds down to whole ones.
    fields = Fields(caption="a person walks", codes=codes, frames=frames, seconds=float(frames // 20))
    first, last = hidden
    masked = codes[:first] + [514] * (last - first) + codes[last:]
    assert fill("<Caption_Placeholder>", fields) == "a person walks"
    assert fill("<Motion_Placeholder>", fields) == written(codes)
    assert fill("<Frame_Placeholder>", fields) == str(frames)
    assert fill("<Second_Placeholder>", fields) == f"{frames // 20}.0"
    assert fill("<Motion_Placeholder_s1>", fields) == written(codes[:head])
    assert fill("<Motion_Placeholder_s2>", fields) == written(codes[head:])
    assert fill("<Motion_Placeholder_Masked>", fields) == written(masked)


def test_splits_are_those_of_the_original_for_every_length() -> None:
    for frames in range(20, 1000):
        quarter = frames / 4  # the original's length in tokens; piece 0 of its motion string is the start token
        assert given_head(frames // 4, frames) == int(0.2 * quarter + 1) - 1
        expected = (int(0.25 * quarter + 1) - 1, int(0.75 * quarter + 1) - 1)
        assert hidden_middle(frames // 4, frames) == expected


@given(codes=st.lists(st.integers(0, 511), min_size=1, max_size=60))
def test_splits_lose_nothing(codes: list[int]) -> None:
    fields = Fields(codes=codes)
    head = parse(fill("<Motion_Placeholder_s1>", fields))[0].tolist()
    rest = parse(fill("<Motion_Placeholder_s2>", fields))[0].tolist()
    assert head + rest == codes
    assert len(head) >= 1
    masked = re.findall(r"_(\d+)", fill("<Motion_Placeholder_Masked>", fields))[1:-1]
    assert len(masked) == len(codes)
    assert all(shown in (str(code), "514") for shown, code in zip(masked, codes, strict=True))


def test_units_are_true_frames_and_seconds() -> None:
    length = "<Frame_Placeholder> frames, <Second_Placeholder> seconds"
    assert fill(length, Fields(codes=[0] * 25)) == "100 frames, 5.0 seconds"
    assert fill(length, Fields(codes=[0] * 24, frames=98)) == "98 frames, 4.9 seconds"
    assert fill(length, Fields(frames=90)) == "90 frames, 4.5 seconds"
    assert fill(length, Fields(seconds=4)) == "80 frames, 4.0 seconds"
    assert fill(length, Fields(frames=25, fps=12.5)) == "25 frames, 2.0 seconds"
    assert fill(length, Fields(codes=[0] * 25, fps=12.5)) == "100 frames, 8.0 seconds"


@pytest.mark.parametrize("stride", [1, 2, 4, 8])
def test_the_stride_of_the_tokenizer_is_what_a_code_lasts(stride: int) -> None:
    codes = list(range(160 // stride))
    fields = Fields(codes=codes, stride=stride)
    assert fill("<Frame_Placeholder> <Second_Placeholder>", fields) == "160 8.0"
    # The same shares of the clip's time are given, whatever a code lasts.
    head = parse(fill("<Motion_Placeholder_s1>", fields))[0]
    assert len(head) * stride == 32
    masked = fill("<Motion_Placeholder_Masked>", fields)
    assert masked.count("<motion_id_514>") * stride == 80
    assert hidden_middle(len(codes), stride=stride) == (40 // stride, 120 // stride)


def test_given_ends_instead_of_the_whole_clip() -> None:
    fields = Fields(head=np.array([1, 2]), tail=[3], hidden=2)
    assert fill("<Motion_Placeholder_s1>", fields) == written([1, 2])
    assert fill("<Motion_Placeholder_Masked>", fields) == written([1, 2, 514, 514, 3])
    assert fill("<Motion_Placeholder_s2>", Fields(codes=[5, 6, 7], head=[5])) == written([6, 7])


def test_quotes() -> None:
    fields = Fields(caption="a person walks", frames=8)
    assert fill("<Caption_Placeholder>: <Frame_Placeholder>", fields, quotes=True) == '"a person walks": 8'
    assert fill('say "<Caption_Placeholder>"', fields, quotes=True) == 'say "a person walks"'
    assert fill('say "<Caption_Placeholder>"', fields) == 'say "a person walks"'


def test_strict_reference_counts_tokens_where_no_frames_are_given() -> None:
    """As in the original's training: 48 codes are taken for 48 frames, so 12 codes are the whole length."""
    codes = list(range(48))
    ours, theirs = (Fields(codes=codes, strict_reference=strict) for strict in (False, True))
    assert (ours.text("<Frame_Placeholder>"), theirs.text("<Frame_Placeholder>")) == ("192", "48")
    assert (ours.text("<Second_Placeholder>"), theirs.text("<Second_Placeholder>")) == ("9.6", "2.0")
    head, rest, masked = "<Motion_Placeholder_s1>", "<Motion_Placeholder_s2>", "<Motion_Placeholder_Masked>"
    assert (ours.text(head), theirs.text(head)) == (written(codes[:9]), written(codes[:2]))
    assert (ours.text(rest), theirs.text(rest)) == (written(codes[9:]), written(codes[2:]))
    assert theirs.text(masked) == written(codes[:3] + [514] * 6 + codes[9:])
    assert theirs.text("<Motion_Placeholder>") == written(codes)


def test_strict_reference_quotes_half_of_all_captions(tmp_path: Path) -> None:
    group = {"input": ["Say <Motion_Placeholder>"], "output": ["<Caption_Placeholder>"]}
    other = {"input": ["Show <Caption_Placeholder>"], "output": ["<Motion_Placeholder>"]}
    path = instruction_file(tmp_path, {"group": {"m2t": group, "t2m": other}})
    fields, counts = Fields(caption="a walk", codes=[1]), {}
    for strict in (False, True):
        templates, rng = Templates.load(path, strict_reference=strict), np.random.default_rng(0)
        answers = [templates.sample(Task.M2T, rng, fields)[1] for _ in range(400)]
        prompts = [templates.sample(Task.T2M, rng, fields)[0] for _ in range(400)]
        assert set(answers) <= {"a walk", '"a walk"'}
        counts[strict] = answers.count('"a walk"'), prompts.count('Show "a walk"')
    assert counts[False][0] == 0
    assert counts[False][1] < 100
    assert 160 < min(counts[True]) <= max(counts[True]) < 240


def test_a_caption_is_never_read_as_a_template() -> None:
    fields = Fields(caption="<Motion_Placeholder> \\1", codes=[1])
    assert fill("<Caption_Placeholder>", fields) == "<Motion_Placeholder> \\1"


def test_missing_fields_are_named() -> None:
    for placeholder in PLACEHOLDERS:
        with pytest.raises(MotionGPTError, match=placeholder):
            fill(f"x {placeholder}", Fields())


def test_there_are_enough_prompts_and_all_differ() -> None:
    templates = Templates.default()
    assert templates.tasks == tuple(Task)
    assert len(Task) == 18
    assert templates.problems == ()
    for task in Task:
        minimum = 150 if task in BIG else 20 if task in SMALL else 80
        assert templates.count(task) >= minimum, task
        assert len(set(templates.inputs(task))) == templates.count(task)


@pytest.mark.parametrize("task", list(Task))
def test_every_prompt_can_be_filled_and_reads_well(task: Task) -> None:
    templates = Templates.default()
    fields = Fields(caption="a person walks", codes=list(range(20)))
    for allowed, lines in ((task.inputs, templates.inputs(task)), (task.outputs, templates.outputs(task))):
        for line in lines:
            found = re.findall(r"<[^<>]*>", line)
            assert set(found) == allowed, line
            assert len(found) == len(allowed), line
            filled = fill(line, fields)
            assert "Placeholder" not in filled
            assert not re.search(r"[{}|]|  | [,.?]|[,;:] *$|\b([a-z]+) \1\b", filled), line


def test_a_row_of_tasks_yaml_is_a_sub_task_everywhere() -> None:
    program = (
        "import motiongpt.files as files\n"
        "rows = {**files.read_yaml('motiongpt.lm', 'tasks.yaml')}\n"
        "motion = '<Motion_Placeholder>'\n"
        "plain, patterns = f'twice: {motion}', [f'{{do|show}} {motion} twice']\n"
        "rows['m2twice'] = {'plain': plain, 'input': patterns, 'output': [motion]}\n"
        "files.read_yaml = lambda *path: rows\n"
        "from motiongpt.lm.prompts import Templates\n"
        "from motiongpt.lm.tasks import Task\n"
        "assert Task.M2TWICE in list(Task)\n"
        "assert Task('m2twice').inputs == Task.M2TWICE.outputs == {motion}\n"
        "assert Templates.default().count('m2twice') == 3\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_members_can_be_pickled() -> None:
    assert pickle.loads(pickle.dumps(Task.T2M)) is Task.T2M


def test_captions_and_motions_are_answered_alone() -> None:
    templates = Templates.default()
    for task in Task:
        if task.outputs & {"<Caption_Placeholder>", "<Motion_Placeholder>", "<Motion_Placeholder_s2>"}:
            assert set(templates.outputs(task)) == task.outputs


def test_drawing_is_repeatable_and_varied() -> None:
    templates = Templates.default()
    fields = Fields(caption="a person walks", codes=[1, 2, 3])

    def draw(seed: int) -> list[tuple[str, str]]:
        rng = np.random.default_rng(seed)
        return [templates.sample("t2m", rng, fields) for _ in range(400)]

    drawn = draw(0)
    assert drawn == draw(0)
    assert drawn != draw(1)
    assert {answer for _, answer in drawn} == {written([1, 2, 3])}
    prompts = [prompt for prompt, _ in drawn]
    assert len(set(prompts)) > 100
    bare = sum(prompt.strip('"') == "a person walks" for prompt in prompts)
    assert 0.2 < bare / len(prompts) < 0.4


def test_plain_prompts_are_fixed() -> None:
    plain = Templates.default().plain()
    rng = np.random.default_rng(0)
    fields = Fields(caption="a person walks", codes=[1, 2, 3])
    assert plain.sample(Task.T2M, rng, fields) == ("a person walks", written([1, 2, 3]))
    assert plain.prompt(Task.T2M_SECONDS, rng, Fields(caption="a person walks", seconds=4)) == (
        "4.0 seconds: a person walks"
    )
    assert all(plain.count(task) == 1 for task in Task)


# Users' files


def instruction_file(folder: Path, content: Any) -> Path:
    path = folder / "instructions.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def test_a_users_file_is_read(tmp_path: Path) -> None:
    path = instruction_file(
        tmp_path,
        {
            "Text-to-Motion": {
                "caption": {
                    "class": "t2m",
                    "input": [
                        "Show me <Caption_Placeholder>",
                        "Show <Motion_Placeholder> again",
                        "Show <Caption_Placeholder> at <Speed_Placeholder>",
                        "Show <Caption_Placeholder> in <Frame_Placeholder> frames",
                        "Do <Caption_Placeholder>",
                        "Play <Caption_Placeholder>",
                    ],
                    "output": ["<Motion_Placeholder>"],
                },
                "length": {
                    "class": "t2m",
                    "input": ["<Caption_Placeholder> for <Second_Placeholder> s"],
                    "output": ["<Motion_Placeholder>"],
                },
                "odd": {"class": "x", "input": ["<Motion_Placeholder>"], "output": ["<Motion_Placeholder>"]},
            },
            "Motion-to-Text": {
                "any": {"class": "n2t", "input": ["Say something."], "output": ["<Caption_Placeholder>"]}
            },
        },
    )
    templates = Templates.load(path)
    assert templates.tasks == (Task.T2M, Task.T2M_SECONDS, Task.RANDOM_T)
    assert templates.inputs("t2m") == (
        "Show me <Caption_Placeholder>",
        "Do <Caption_Placeholder>",
        "Play <Caption_Placeholder>",
    )
    assert len(templates.problems) == 4
    problems = "\n".join(templates.problems)
    assert "caption, input 2: <Motion_Placeholder> cannot be filled" in problems
    assert "caption, input 3: there is no placeholder <Speed_Placeholder>" in problems
    assert "caption, input 4: <Frame_Placeholder> cannot be filled" in problems
    assert "Text-to-Motion / odd" in problems
    assert all(str(path) in problem for problem in templates.problems)
    prompt, answer = templates.sample(
        Task.T2M_SECONDS, np.random.default_rng(0), Fields(caption="a walk", codes=[1] * 10)
    )
    assert prompt in ("a walk for 2.0 s", '"a walk" for 2.0 s')
    assert answer == written([1] * 10)
    with pytest.raises(MotionGPTError, match="m2t"):
        templates.count("m2t")


def test_a_file_of_pretraining_tasks_is_read(tmp_path: Path) -> None:
    """Bare placeholders and a short instruction, as files for the second stage have them."""
    path = instruction_file(
        tmp_path,
        {
            "To motion": {
                "a": {"class": "t2m", "input": ["<Caption_Placeholder>"], "output": ["<Motion_Placeholder>"]}
            },
            "To text": {"b": {"class": "m2t", "input": ["<Motion_Placeholder>"], "output": ["<Caption_Placeholder>"]}},
            "On": {
                "c": {
                    "class": "predict",
                    "input": ["Go on: <Motion_Placeholder_s1>"],
                    "output": ["<Motion_Placeholder_s2>"],
                }
            },
        },
    )
    templates = Templates.load(path)
    assert templates.tasks == (Task.T2M, Task.M2T, Task.PREDICT)
    assert templates.problems == ()
    fields = Fields(caption="a walk", codes=list(range(20)))
    assert templates.sample(Task.PREDICT, np.random.default_rng(0), fields) == (
        f"Go on: {written(list(range(4)))}",
        written(list(range(4, 20))),
    )


def test_a_file_with_all_sub_tasks_is_read(tmp_path: Path) -> None:
    content: dict[str, Any] = {"group": {}}
    for number, task in enumerate(Task):
        takes, gives = " ".join(sorted(task.inputs)), " ".join(sorted(task.outputs))
        # The names say nothing: what a sub-task is follows from its placeholders.
        content["group"][f"sub-task {number}"] = {
            "class": "any",
            "input": [f"Please: {takes}", f"{takes}!"],
            "output": [gives],
        }
    templates = Templates.load(instruction_file(tmp_path, content))
    assert templates.tasks == tuple(Task)
    assert templates.problems == ()
    assert all(templates.count(task) == 2 for task in Task)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"a":\n {"b": [}', "line 2"),
        ("[]", "JSON object"),
        ({}, "JSON object"),
        ({"g": []}, "instructions.json: g must be"),
        ({"g": {"s": "x"}}, "g / s must be"),
        ({"g": {"s": {"input": ["x"]}}}, 'g / s needs "output"'),
        ({"g": {"s": {"input": [1], "output": ["x"]}}}, 'g / s needs "input"'),
        ({"g": {"s": {"input": ["a"], "output": ["b"]}}}, "no instruction that can be used"),
    ],
)
def test_broken_files_are_reported_in_one_sentence(tmp_path: Path, content: Any, message: str) -> None:
    path = instruction_file(tmp_path, content)
    with pytest.raises(MotionGPTError, match=re.escape(message)) as caught:
        Templates.load(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(MotionGPTError, match="nowhere"):
        Templates.load(tmp_path / "nowhere.json")
    (tmp_path / "latin.json").write_bytes(b'{"\xff": 1}')
    with pytest.raises(MotionGPTError, match="UTF-8"):
        Templates.load(tmp_path / "latin.json")


def test_unknown_sub_task() -> None:
    with pytest.raises(MotionGPTError, match="juggle"):
        Templates.default().count("juggle")
