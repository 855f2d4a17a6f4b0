"""Verbs that run one task of the model: generate, describe, predict, inbetween, ask."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from motiongpt.cli.characters import Character
from motiongpt.cli.console import (
    OUTPUTS,
    Stopwatch,
    check_output,
    parse_formats,
    print_json,
    read_motion,
    save_all,
    save_motion,
    say,
    slug,
    supported_formats,
    writable_folder,
)
from motiongpt.cli.groups import grouped
from motiongpt.cli.inputs import each, expand, finish
from motiongpt.cli.options import (
    AsJson,
    Cleanup,
    CompletionSampling,
    Formats,
    Input,
    Length,
    ModelOptions,
    ModelWithLibrary,
    MotionFile,
    MotionFiles,
    Onto,
    OutputFile,
    OutputFolderOrFile,
    OutputFps,
    Samples,
    Seconds,
    Seed,
    Temperature,
    TextSampling,
)
from motiongpt.cli.tasks import DESCRIBE, GENERATE, INBETWEEN, PREDICT, Task
from motiongpt.errors import MotionGPTError
from motiongpt.formats import WRITERS

if TYPE_CHECKING:
    from motiongpt.motion import Motion

_DEFAULT_FORMATS = "mp4,bvh,npy"


@grouped
def generate(
    texts: Annotated[list[str], typer.Argument(metavar="TEXT", help="What the person does.", show_default=False)],
    length: Length,
    sampling: TextSampling,
    model: ModelWithLibrary,
    character: Onto,
    samples: Samples = 1,
    seed: Seed = 0,
    output: OutputFolderOrFile = OUTPUTS,
    formats: Formats = _DEFAULT_FORMATS,
    fps: OutputFps = None,
    as_json: AsJson = False,
) -> None:
    """Generate motion from text.

    Writes DIR/<text>_seed<K>_<sample>.<format> for every text, sample and format, and prints the paths. Existing files
    are replaced. The same text, seed and sample number always give the same motion. With --onto the motions become
    animations of your character's file: of one file that -o names, or of a file each.
    """
    wearer = None if character.onto is None else _wearer(character, formats)
    file = _output_file(output, formats, 1 if wearer is not None else len(texts) * samples)
    names = parse_formats(formats) if wearer is None else []
    options = GENERATE.arguments(None, length, sampling)
    if file is None:
        writable_folder(output)
    elif wearer is None:
        check_output(file)
    else:
        wearer.check(file, len(texts) * samples)
    watch = Stopwatch()
    gpt = model.load()
    names = supported_formats(names, gpt, requested=formats != _DEFAULT_FORMATS)
    loading = watch.seconds
    watch = Stopwatch()
    rows = GENERATE.call(gpt, texts, samples, seed, options)
    generating = watch.seconds
    result: dict[str, Any] = {"seed": seed, "load_seconds": loading, "generate_seconds": generating, "motions": []}
    for text, stem, row in zip(texts, _stems(texts), rows, strict=True):
        for remark in row[0].remarks:
            say(remark)
        for sample, motion in enumerate(row if fps is None else [one.resample(fps) for one in row]):
            origin = f", {motion.source} from {' and '.join(motion.recordings)}" if motion.recordings else ""
            say(f"seed {seed}, sample {sample}: {len(motion)} frames, {motion.seconds:g} s{origin}: {text}")
            place = output / f"{stem}_seed{seed}_{sample}"
            written = _write(motion, file, place, names) if wearer is None else wearer.files(file, place)
            result["motions"].append({"text": text, "sample": sample, **_facts(motion), "files": written})
            if not as_json and wearer is None:
                print(*written.values(), sep="\n", flush=True)
    if wearer is not None:
        _dress(wearer, [motion for row in rows for motion in row], result["motions"])
        result["bones"] = wearer.bones
        if not as_json:
            print(*dict.fromkeys(path for entry in result["motions"] for path in entry["files"].values()), sep="\n")
    if as_json:
        print_json(result)


def _wearer(character: Onto, formats: str) -> Character:
    """The character of ``--onto``.

    Raises:
        MotionGPTError: it cannot be read, or formats are given, too.
    """
    if formats != _DEFAULT_FORMATS:
        raise MotionGPTError("--onto writes the file of the character: leave out --format.")
    return Character(character)


def _dress(wearer: Character, motions: list[Motion], entries: list[dict[str, Any]]) -> None:
    """Write the motions on the character, those of one file together, and add to their entries how close they are."""
    paths = [next(iter(entry["files"].values())) for entry in entries]
    for path in dict.fromkeys(paths):
        own = [i for i, place in enumerate(paths) if place == path]
        for i, facts in zip(own, wearer.save([motions[i] for i in own], Path(path)), strict=True):
            entries[i] |= facts


def _output_file(output: Path, formats: str, motions: int) -> Path | None:
    """The output where it names one file, such as walk.bvh; None where it names a folder.

    Raises:
        MotionGPTError: one file cannot hold what is wanted.
    """
    if output.suffix.lower() not in WRITERS or output.is_dir():
        return None
    if motions > 1 or formats != _DEFAULT_FORMATS:
        raise MotionGPTError(
            f"-o {output} names one file, which holds one motion: name a folder with -o, and its formats with --format."
        )
    return output


def _write(motion: Motion, file: Path | None, stem: Path, names: list[str]) -> dict[str, str]:
    """Write the one output file, or ``stem.format`` for every format where there is none; the paths by format."""
    if file is None:
        return save_all(motion, stem, names)
    return {file.suffix.lower().lstrip("."): str(save_motion(motion, file))}


def _stems(texts: list[str]) -> list[str]:
    """A file name for each text; texts that would share a name get their number in the call appended."""
    slugs = [slug(text) for text in texts]
    return [name if slugs.count(name) == 1 else f"{name}_{number}" for number, name in enumerate(slugs)]


def _facts(motion: Motion) -> dict[str, Any]:
    return {
        "frames": len(motion),
        "fps": motion.fps,
        "seconds": motion.seconds,
        "remarks": list(motion.remarks),
        "source": motion.source,
        "recordings": list(motion.recordings),
    }


@grouped
def describe(files: MotionFiles, reading: Input, model: ModelOptions, as_json: AsJson = False) -> None:
    """Caption motion files, one line per file."""
    gpt = model.load()
    files = expand(files)
    read, failed = each(files, lambda file: read_motion(file, gpt, **reading.chosen()))
    motions = [motion for _, motion in read]
    captions = [" ".join(caption.split()) for (caption,) in DESCRIBE.call(gpt, motions, 1, 0, {})]
    if as_json:
        entries = [
            {"file": str(file), "caption": caption, **_facts(motion)}
            for (file, motion), caption in zip(read, captions, strict=True)
        ]
        print_json({"captions": entries})
    elif captions:
        print(*captions, sep="\n")
    finish(failed, len(files))


@grouped
def predict(
    file: MotionFile,
    sampling: CompletionSampling,
    reading: Input,
    model: ModelOptions,
    output: OutputFile = None,
    given: Annotated[
        str, typer.Option("--given", metavar="SHARE", help="Share of the motion to keep, from its start.")
    ] = PREDICT.given,
    seconds: Seconds = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Continue the start of a motion.

    Writes the whole clip, the given frames included, at the model's frame rate and in the placement and proportions of
    the input: to outputs/<name>_predict.npy by default, and as long as the input by default.
    """
    _complete(
        PREDICT, "predict", file, output, given, (sampling, Length(seconds=seconds)), reading, model, seed, as_json
    )


@grouped
def inbetween(
    file: MotionFile,
    sampling: CompletionSampling,
    reading: Input,
    model: ModelOptions,
    output: OutputFile = None,
    given: Annotated[
        str, typer.Option("--given", metavar="START,END", help="Shares of the motion to keep, at its start and end.")
    ] = INBETWEEN.given,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Fill in the middle of a motion.

    Writes the whole clip, the given frames included, at the model's frame rate and in the placement and proportions of
    the input: to outputs/<name>_inbetween.npy by default.
    """
    _complete(INBETWEEN, "inbetween", file, output, given, (sampling,), reading, model, seed, as_json)


def _complete(
    task: Task,
    verb: str,
    file: Path,
    output: Path | None,
    given: str,
    chosen: tuple[CompletionSampling | Length, ...],
    reading: Input,
    model: ModelOptions,
    seed: int,
    as_json: bool,
) -> None:
    options = task.arguments(given, *chosen)
    path = check_output(output or OUTPUTS / f"{file.stem}_{verb}.npy")
    gpt = model.load()
    [[motion]] = task.call(gpt, [read_motion(file, gpt, **reading.chosen())], 1, seed, options)
    save_motion(motion, path)
    say(f"seed {seed}: {len(motion)} frames, {motion.seconds:g} s")
    if as_json:
        facts = {"given": options["given"], **_facts(motion)}
        print_json({"file": str(file), "output": str(path), "seed": seed, **facts})
    else:
        print(path)


@grouped
def ask(
    prompt: Annotated[str, typer.Argument(metavar="PROMPT", help="The instruction.", show_default=False)],
    model: ModelOptions,
    motion: Annotated[
        Path | None,
        typer.Option("--motion", metavar="FILE", help="Motion file that <motion> in the prompt stands for."),
    ] = None,
    seed: Seed = 0,
    temperature: Temperature = None,
    cleanup: Cleanup = None,
    output: OutputFolderOrFile = OUTPUTS,
    formats: Formats = _DEFAULT_FORMATS,
    fps: OutputFps = None,
    as_json: AsJson = False,
) -> None:
    """Follow a free-form instruction.

    Prints the text of the answer. If the answer has a motion, writes it to DIR/<prompt>_seed<K>.<format> and prints the
    paths. Decoding is greedy unless --temperature is given.
    """
    file = _output_file(output, formats, 1)
    names = parse_formats(formats)
    if file is not None:
        check_output(file)
    gpt = model.load()
    names = supported_formats(names, gpt, requested=formats != _DEFAULT_FORMATS)
    clip = None if motion is None else read_motion(motion, gpt)
    answer = gpt.ask(prompt, clip, seed=seed, temperature=temperature, cleanup=cleanup)
    say(f"seed {seed}")
    written: dict[str, str] = {}
    made = answer.motion if answer.motion is None or fps is None else answer.motion.resample(fps)
    if made is not None:
        stem = (output if file is not None else writable_folder(output)) / f"{slug(prompt)}_seed{seed}"
        written = _write(made, file, stem, names)
    if as_json:
        facts = None if made is None else {**_facts(made), "files": written}
        print_json({"prompt": prompt, "text": answer.text, "seed": seed, "motion": facts})
    else:
        print(*([answer.text] if answer.text else []), *written.values(), sep="\n")
