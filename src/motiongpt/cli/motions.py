"""Verbs that ask the model for one thing: generate, describe, predict, inbetween, ask."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from motiongpt.cli.console import (
    OUTPUTS,
    Stopwatch,
    check_output,
    formats_of,
    load_model,
    parse_formats,
    print_json,
    read_motion,
    save_all,
    save_motion,
    say,
    slug,
    writable_folder,
)
from motiongpt.cli.options import (
    AsJson,
    Device,
    Formats,
    Guidance,
    Model,
    NoCleanup,
    OutputFile,
    OutputFolder,
    Rerank,
    Samples,
    Seconds,
    Seed,
    Temperature,
    TopK,
    TopP,
    Whole,
)
from motiongpt.errors import MotionGPTError
from motiongpt.motion import Motion

_FORMATS = "mp4,bvh,npy"
MotionFile = Annotated[
    Path, typer.Argument(metavar="FILE", help="Motion: .bvh, .amc, .npz or .npy.", show_default=False)
]


def generate(
    texts: Annotated[list[str], typer.Argument(metavar="TEXT...", help="What the person does.", show_default=False)],
    seconds: Seconds = None,
    frames: Annotated[
        int | None, typer.Option("--frames", metavar="F", help="Exact length in frames, 20 a second (KIT 12.5).")
    ] = None,
    min_seconds: Annotated[float | None, typer.Option(help="Shortest length the model may choose.")] = None,
    max_seconds: Annotated[float | None, typer.Option(help="Longest length the model may choose.")] = None,
    samples: Samples = 1,
    seed: Seed = 0,
    output: OutputFolder = OUTPUTS,
    formats: Formats = _FORMATS,
    temperature: Temperature = None,
    top_k: TopK = None,
    top_p: TopP = None,
    guidance: Guidance = None,
    rerank: Rerank = None,
    whole: Whole = False,
    no_cleanup: NoCleanup = False,
    model: Model = None,
    device: Device = "cpu",
    as_json: AsJson = False,
) -> None:
    """Motion of sentences.

    Files are named DIR/<sentence>_seed<K>_<sample>.<format>; those of the same name are replaced. Their paths are
    printed. The same sentence, seed and sample number give the same motion.
    """
    names = parse_formats(formats)
    writable_folder(output)
    watch = Stopwatch()
    gpt = load_model(model, device)
    names = formats_of(names, gpt, asked=formats != _FORMATS)
    loading = watch.seconds
    watch = Stopwatch()
    rows = gpt.generate(
        texts,
        n=samples,
        seconds=seconds,
        frames=frames,
        min_seconds=min_seconds,
        max_seconds=max_seconds,
        seed=seed,
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        guidance=guidance,
        rerank=rerank,
        clauses=False if whole else None,
        cleanup=cleanup_option(no_cleanup),
    )
    generating = watch.seconds
    result: dict[str, Any] = {"seed": seed, "load_seconds": loading, "generate_seconds": generating, "motions": []}
    stems = _stems(texts)
    for text, stem, row in zip(texts, stems, rows, strict=True):
        for sample, motion in enumerate(row):
            say(f"seed {seed}, sample {sample}: {len(motion)} frames, {motion.seconds:g} s: {text}")
            written = save_all(motion, output / f"{stem}_seed{seed}_{sample}", names)
            result["motions"].append({"text": text, "sample": sample, **_facts(motion), "files": written})
            if not as_json:
                print(*written.values(), sep="\n", flush=True)
    if as_json:
        print_json(result)


def _stems(texts: list[str]) -> list[str]:
    """A file name for each sentence; sentences that would share one are told apart by their number in the call."""
    slugs = [slug(text) for text in texts]
    return [name if slugs.count(name) == 1 else f"{name}_{number}" for number, name in enumerate(slugs)]


def _facts(motion: Motion) -> dict[str, Any]:
    return {"frames": len(motion), "fps": motion.fps, "seconds": motion.seconds}


def describe(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Motions: .bvh, .amc, .npz or .npy.", show_default=False)
    ],
    model: Model = None,
    device: Device = "cpu",
    as_json: AsJson = False,
) -> None:
    """What motions show: one caption a line, in the order of the files."""
    gpt = load_model(model, device)
    motions = [read_motion(file, gpt) for file in files]
    captions = [" ".join(caption.split()) for caption in gpt.describe(motions)]
    if as_json:
        entries = [
            {"file": str(file), "caption": caption, **_facts(motion)}
            for file, caption, motion in zip(files, captions, motions, strict=True)
        ]
        print_json({"captions": entries})
    else:
        print(*captions, sep="\n")


def predict(
    file: MotionFile,
    output: OutputFile = None,
    given: Annotated[float, typer.Option("--given", help="Share of the motion that is kept at its start.")] = 0.2,
    seconds: Annotated[
        float | None, typer.Option("--seconds", metavar="S", help="Length of the result; the input's when not given.")
    ] = None,
    seed: Seed = 0,
    temperature: Temperature = None,
    top_k: TopK = None,
    top_p: TopP = None,
    no_cleanup: NoCleanup = False,
    model: Model = None,
    device: Device = "cpu",
    as_json: AsJson = False,
) -> None:
    """Continue the start of a motion.

    Writes the whole clip at the model's frame rate, given frames included, in the input's own place and proportions; to
    outputs/<name>_predict.npy when -o is not given.
    """
    path = check_output(output or OUTPUTS / f"{file.stem}_predict.npy")
    gpt = load_model(model, device)
    result = gpt.predict(
        read_motion(file, gpt),
        given=given,
        seconds=seconds,
        seed=seed,
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        cleanup=cleanup_option(no_cleanup),
    )
    _finish(file, result, path, seed, {"given": given}, as_json)


def inbetween(
    file: MotionFile,
    output: OutputFile = None,
    given: Annotated[
        str, typer.Option("--given", metavar="START,END", help="Shares of the motion that are kept at both ends.")
    ] = "0.25,0.25",
    seed: Seed = 0,
    temperature: Temperature = None,
    top_k: TopK = None,
    top_p: TopP = None,
    no_cleanup: NoCleanup = False,
    model: Model = None,
    device: Device = "cpu",
    as_json: AsJson = False,
) -> None:
    """Fill in the middle of a motion.

    Writes the whole clip at the model's frame rate, given frames included, in the input's own place and proportions; to
    outputs/<name>_inbetween.npy when -o is not given.
    """
    shares = parse_shares(given)
    path = check_output(output or OUTPUTS / f"{file.stem}_inbetween.npy")
    gpt = load_model(model, device)
    result = gpt.inbetween(
        read_motion(file, gpt),
        given=shares,
        seed=seed,
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        cleanup=cleanup_option(no_cleanup),
    )
    _finish(file, result, path, seed, {"given": shares}, as_json)


def cleanup_option(no_cleanup: bool) -> bool | None:
    """``--no-cleanup`` as the model's option: without the flag, the model's own default."""
    return False if no_cleanup else None


def parse_shares(text: str) -> tuple[float, float]:
    """``"0.25,0.25"`` -> its two numbers.

    Raises:
        MotionGPTError: the text is something else.
    """
    try:
        start, end = (float(part) for part in text.split(","))
    except ValueError as error:
        raise MotionGPTError(f"--given must be two shares such as 0.25,0.25, but is {text!r}.") from error
    return start, end


def _finish(file: Path, motion: Motion, path: Path, seed: int, options: dict[str, Any], as_json: bool) -> None:
    save_motion(motion, path)
    say(f"seed {seed}: {len(motion)} frames, {motion.seconds:g} s")
    if as_json:
        print_json({"file": str(file), "output": str(path), "seed": seed, **options, **_facts(motion)})
    else:
        print(path)


def ask(
    prompt: Annotated[str, typer.Argument(metavar="PROMPT", help="Any instruction.", show_default=False)],
    motion: Annotated[
        Path | None, typer.Option("--motion", metavar="FILE", help="Motion that <motion> in the prompt stands for.")
    ] = None,
    seed: Seed = 0,
    temperature: Temperature = None,
    no_cleanup: NoCleanup = False,
    output: OutputFolder = OUTPUTS,
    formats: Formats = _FORMATS,
    model: Model = None,
    device: Device = "cpu",
    as_json: AsJson = False,
) -> None:
    """Follow any instruction.

    Prints the words of the answer; a motion in it is written to DIR/<prompt>_seed<K>.<format> and the paths printed.
    Without --temperature the answer is the likeliest one.
    """
    names = parse_formats(formats)
    gpt = load_model(model, device)
    names = formats_of(names, gpt, asked=formats != _FORMATS)
    clip = None if motion is None else read_motion(motion, gpt)
    answer = gpt.ask(prompt, clip, seed=seed, temperature=temperature, cleanup=cleanup_option(no_cleanup))
    say(f"seed {seed}")
    written: dict[str, str] = {}
    if answer.motion is not None:
        written = save_all(answer.motion, writable_folder(output) / f"{slug(prompt)}_seed{seed}", names)
    if as_json:
        made = None if answer.motion is None else {**_facts(answer.motion), "files": written}
        print_json({"prompt": prompt, "text": answer.text, "seed": seed, "motion": made})
    else:
        print(*([answer.text] if answer.text else []), *written.values(), sep="\n")
