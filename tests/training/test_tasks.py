"""What the language stages are taught: true lengths at every stride and frame rate, all tasks, codes from files."""

import re

import numpy as np
import pytest

from motiongpt.data.tokens import write_tokens
from motiongpt.errors import MotionGPTError
from motiongpt.lm.motion_tokens import parse
from motiongpt.lm.tasks import Task
from motiongpt.tokenizer import MotionTokenizer
from motiongpt.training.config import LanguageTraining, TokenizerTraining, load_config
from motiongpt.training.language import LanguageTask, train_language
from motiongpt.training.self_training import Prompt, Sample, write_samples
from motiongpt.training.tokenizer import train_tokenizer


@pytest.fixture(scope="module")
def tokenizers(data_folder, kit_folder, tmp_path_factory):
    """Tokenizers by data set and stride."""
    made = {}
    for name, folder, features in (("humanml3d", data_folder, 263), ("kit", kit_folder, 251)):
        for downsamplings in (0, 2, 3):
            output = tmp_path_factory.mktemp("run") / f"{name}{downsamplings}"
            values = [f"network.features={features}", f"network.downsamplings={downsamplings}", "loop.steps=2"]
            config = load_config(
                TokenizerTraining, "tiny", [f"data={folder}", f"output={output}", *values], stage="tokenizer"
            )
            made[name, 2**downsamplings] = train_tokenizer(config)
    return made


def language_task(data, tokenizer, output, *overrides, stage="instruct"):
    values = [f"data={data}", f"tokenizer={tokenizer}", f"output={output}", "start="]
    return LanguageTask(load_config(LanguageTraining, "tiny", [*values, *overrides], stage=stage))


@pytest.mark.parametrize(("name", "stride"), [("humanml3d", 1), ("humanml3d", 8), ("kit", 4), ("kit", 1)])
def test_lengths_in_instructions_are_true(data_folder, kit_folder, tokenizers, tmp_path, name, stride):
    folder, fps = (kit_folder, 12.5) if name == "kit" else (data_folder, 20.0)
    task = language_task(folder, tokenizers[name, stride], tmp_path, "max_codes=200")
    rng = np.random.default_rng(0)
    for sub_task in (Task.T2M_FRAMES, Task.T2M_SECONDS, Task.FRAMES2M, Task.M2SECONDS, Task.M2FRAMES):
        for _ in range(5):
            pair = " ".join(task._pair(sub_task.value, rng))
            codes, words = parse(pair, task.num_codes)
            frames = len(codes) * stride
            number = float(re.findall(r"\d+(?:\.\d+)?", words)[0])
            assert number == (frames if "frames" in sub_task.value else pytest.approx(frames / fps, abs=0.051))


def test_all_18_sub_tasks_and_span_corruption_are_drawn(data_folder, tokenizers, tmp_path):
    tokenizer = tokenizers["humanml3d", 4]
    task = language_task(data_folder, tokenizer, tmp_path)
    assert task.tasks == [sub_task.value for sub_task in Task]
    rng = np.random.default_rng(0)
    for sub_task in Task:
        inputs, outputs = task._pair(sub_task.value, rng)
        for side, placeholders in ((inputs, sub_task.inputs), (outputs, sub_task.outputs)):
            assert ("<motion_id_" in side) == any("Motion" in name for name in placeholders)
            assert ("a person walks" in side) == any("Caption" in name for name in placeholders)
            assert "Placeholder" not in side
    assert f"<motion_id_{task.num_codes + 2}>" in task._pair("inbetween", rng)[0]
    pretrain = language_task(data_folder, tokenizer, tmp_path, stage="pretrain")
    assert set(pretrain.tasks) == {"t2m", "m2t", "predict", "caption_denoise", "motion_denoise"}
    words = pretrain.module.tokenizer
    for name in ("caption_denoise", "motion_denoise"):
        inputs, outputs = pretrain._pair(name, rng)
        assert words.sentinels[0] in inputs
        assert outputs[0] == words.sentinels[0]


@pytest.mark.parametrize("name", ["humanml3d", "kit"])
def test_codes_from_files_are_those_of_encoding(data_folder, kit_folder, tokenizers, tmp_path, name):
    folder, tokenizer = (kit_folder if name == "kit" else data_folder), tokenizers[name, 4]
    write_tokens(folder, MotionTokenizer.load(tokenizer), tmp_path / "TOKENS")
    encoded = language_task(folder, tokenizer, tmp_path)
    read = language_task(folder, tokenizer, tmp_path, f"tokens={tmp_path / 'TOKENS'}")
    assert len(read.clips) == len(encoded.clips) == 7
    for one, other in zip(read.clips, encoded.clips, strict=True):
        assert one.captions == other.captions
        assert len(one.codes) == 1
        np.testing.assert_array_equal(one.codes[0], other.codes[0])
    assert read.batch(0, 0)["labels"].shape[0] == 4
    with pytest.raises(MotionGPTError, match="another tokenizer"):
        language_task(folder, tokenizers[name, 8], tmp_path, f"tokens={tmp_path / 'TOKENS'}")


def test_parts_of_clips_are_cut_out_of_the_files(data_folder, tokenizers, tmp_path):
    root = tmp_path / "set"
    (root / "new_joint_vecs").mkdir(parents=True)
    (root / "texts").mkdir()
    clip = np.load(data_folder / "new_joint_vecs/000009.npy")
    for clip_id in ("a", "b"):
        np.save(root / f"new_joint_vecs/{clip_id}.npy", clip)
        (root / f"texts/{clip_id}.txt").write_text("a step#a/DET#0.55#2.0\na walk#a/DET#0.0#0.0\n")
    for split, clip_id in (("train", "a"), ("val", "b")):
        (root / f"{split}.txt").write_text(clip_id)
    tokenizer = MotionTokenizer.load(tokenizers["humanml3d", 4])
    folder = write_tokens(root, tokenizer).folder
    task = language_task(root, tokenizers["humanml3d", 4], tmp_path, f"tokens={folder}")
    whole = tokenizer.encode(clip[: len(clip) // 4 * 4])
    assert [clip.captions for clip in task.clips] == [("a walk",), ("a step",)]
    np.testing.assert_array_equal(task.clips[0].codes[0], whole)
    np.testing.assert_array_equal(task.clips[1].codes[0], whole[2:10])


def test_prompts_that_cannot_be_filled_are_told_once_and_not_taught(data_folder, tokenizers, tmp_path, capsys):
    path = tmp_path / "mine.json"
    path.write_text(
        '{"g": {"s": {"class": "t2m", "input": ["Do <Caption_Placeholder>", "Be <Caption_Placeholder>", '
        '"Do <Mood_Placeholder> <Caption_Placeholder>"], "output": ["<Motion_Placeholder>"]}}}'
    )
    values = [f"templates={path}", "loop.steps=2", "loop.log_every=1"]
    tokenizer = tokenizers["humanml3d", 4]
    task = language_task(data_folder, tokenizer, tmp_path / "x", *values)
    assert task.tasks == ["t2m"]
    config = load_config(
        LanguageTraining,
        "tiny",
        [f"data={data_folder}", f"tokenizer={tokenizer}", f"output={tmp_path / 'run'}", "start=", *values],
        stage="instruct",
    )
    train_language(config)
    assert capsys.readouterr().err.count("<Mood_Placeholder>") == 1
    rng = np.random.default_rng(0)
    assert not any("Mood" in task._pair("t2m", rng)[0] for _ in range(50))


def test_a_tokenizer_of_another_skeleton_is_refused(data_folder, tokenizers, tmp_path):
    with pytest.raises(MotionGPTError, match="has the skeleton humanml3d"):
        language_task(data_folder, tokenizers["kit", 4], tmp_path)


def test_self_training_samples_take_the_place_of_clips_in_text_to_motion(data_folder, tokenizers, tmp_path):
    path = tmp_path / "samples.jsonl.gz"
    prompt = Prompt("a figure pirouettes", "a person spins")
    write_samples(path, [Sample(prompt, np.array(codes)) for codes in ([1, 2, 3], [3, 2])])
    for share, expected in ((1.0, 40), (0.0, 0), (0.5, 20)):
        values = [f"self_training={path}", f"self_training_share={share}"]
        task = language_task(data_folder, tokenizers["humanml3d", 4], tmp_path, *values)
        rng = np.random.default_rng(0)
        pairs = [task._pair(Task.T2M.value, rng) for _ in range(40)]
        ours = [answer for prompt, answer in pairs if "pirouettes" in prompt]
        assert abs(len(ours) - expected) <= (6 if 0 < share < 1 else 0)
        assert {tuple(parse(answer, task.num_codes)[0].tolist()) for answer in ours} <= {(1, 2, 3), (3, 2)}
        assert not any("pirouettes" in " ".join(task._pair(Task.M2T.value, rng)) for _ in range(20))
