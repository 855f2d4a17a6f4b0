"""The verbs of data sets: build, augment, mine, check, stats, tokenize."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from motiongpt.cli import train
from motiongpt.cli.console import load_model, print_json, say, writable_folder
from motiongpt.cli.options import AsJson, Device, Model, Seed
from motiongpt.errors import MotionGPTError

app = typer.Typer(
    name="data", help="Data sets: build from motion capture, augment, mine captions, check, count, tokenize."
)
# Lines of each list of the report that are printed.
_SHOWN = 20
Root = Annotated[Path, typer.Argument(metavar="DIR", help="Data set in the HumanML3D layout.", show_default=False)]


@app.command()
def build(
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="DIR", help="Folder of the data set.", show_default=False)
    ],
    motions: Annotated[
        list[str] | None,
        typer.Option(
            "--motions",
            metavar="[SOURCE=]DIR",
            help="Folder of motion files of any readable format, or of archives of them, repeatable. SOURCE is accad, "
            "cc0, cmu, hdm05 or a YAML file that describes a collection.",
        ),
    ] = None,
    captions: Annotated[
        list[Path] | None,
        typer.Option(
            "--captions",
            metavar="FILE",
            help="Table of captions, frame rates, splits and so on: .csv, .jsonl or .jsonl.gz, repeatable.",
        ),
    ] = None,
    fps: Annotated[
        float | None, typer.Option("--fps", help="Frame rate of all files of --motions DIR; the table comes first.")
    ] = None,
    unit: Annotated[
        str | None, typer.Option("--unit", help="Their length unit: m, cm, mm, inch, or metres in one unit.")
    ] = None,
    up: Annotated[str | None, typer.Option("--up", help="Their vertical axis.")] = None,
    joint_map: Annotated[
        Path | None, typer.Option("--joint-map", metavar="FILE", help="Which of their joints is which.")
    ] = None,
    cmu: Annotated[
        Path | None, typer.Option("--cmu", metavar="DIR", help="The same as --motions cmu=DIR: CMU trials.")
    ] = None,
    trials: Annotated[
        list[Path] | None,
        typer.Option(
            "--trials", metavar="FILE", help="Table of CMU trials, repeatable; every trials*.csv of --cmu by default."
        ),
    ] = None,
    hdm05: Annotated[
        Path | None,
        typer.Option("--hdm05", metavar="DIR", help="The same as --motions hdm05=DIR: HDM05 cuts (CC BY-SA)."),
    ] = None,
    phrases: Annotated[
        list[Path] | None,
        typer.Option(
            "--phrases",
            metavar="FILE",
            help="Phrase list that turns the descriptions of a source into captions, one per source. Without it they "
            "give none.",
        ),
    ] = None,
    flat_floor: Annotated[
        bool, typer.Option("--flat-floor", help="Leave out clips on stairs, ladders, high seats and the like.")
    ] = False,
    workers: Annotated[
        int | None, typer.Option("--workers", metavar="N", min=1, help="Worker processes; one per core by default.")
    ] = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Build a data set in the HumanML3D layout from motion files.

    Re-run the same command to resume. DIR/report.md lists what was dropped and why, and what was guessed.
    """
    from motiongpt.data.build import build as build_data
    from motiongpt.data.build import by_reason

    folders: dict[str, list[str]] = {}
    for given in motions or ():
        source, equals, folder = given.partition("=")
        # A folder may have the sign in its name.
        if not equals or Path(given).is_dir():
            source, folder = "own", given
        folders.setdefault(source, []).append(folder)
    options = {"fps": fps, "unit": unit, "up": up, "joint_map": joint_map}
    report = build_data(
        out=output,
        motions=folders,
        captions=captions or (),
        options={name: value for name, value in options.items() if value is not None},
        cmu=cmu,
        trials=trials or (),
        hdm05=hdm05,
        phrases=phrases or (),
        flat_floor=flat_floor,
        workers=workers,
        seed=seed,
        progress=sys.stderr.isatty(),
    )
    for title, entries in (("dropped", report.dropped), ("noted", report.notes)):
        lines = by_reason(entries, short=True)
        for line in lines[:_SHOWN]:
            say(f"{title} {line}")
        if len(lines) > _SHOWN:
            say(f"{title} {len(lines) - _SHOWN} more, see {output / 'report.md'}")
    for sentence in report.advice:
        say(sentence)
    origins = ", ".join(f"{clips} {words}" for words, clips in report.words.items())
    say(
        f"{report.clips} clips and as many mirrored ones from {report.trials_used} of {report.trials} recordings in "
        f"{report.seconds:.1f} s; {len(report.dropped)} dropped; captions: {origins}"
    )
    if as_json:
        print_json({**asdict(report), "speed": report.speed})
    else:
        print(output)


@app.command()
def augment(
    root: Root,
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="OUT", help="Folder of the new data set.", show_default=False)
    ],
    clips: Annotated[int, typer.Option("--clips", metavar="N", min=0, help="Number of new clips.")] = 10_000,
    config: Annotated[
        Path | None,
        typer.Option("--config", metavar="FILE", help="YAML file of settings that replace those of the package."),
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", metavar="N", min=1, help="Worker processes; one per core by default.")
    ] = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Add captioned training clips made from those of a data set; validation and test clips stay as they are.

    Re-run the same command to resume. OUT/report.md counts what was made and what was rejected.
    """
    from motiongpt.data.augmentation.run import augment as augment_data
    from motiongpt.data.augmentation.run import read_config

    report = augment_data(
        root,
        output,
        clips=clips,
        config=None if config is None else read_config(config),
        seed=seed,
        workers=workers,
        progress=sys.stderr.isatty(),
    )
    say(f"{report.clips} new clips ({report.minutes:.0f} minutes) beside {report.originals} in {report.seconds:.1f} s")
    if as_json:
        print_json(asdict(report))
    else:
        print(output)


@app.command()
def mine(
    root: Root,
    captions: Annotated[
        Path, typer.Option("--captions", metavar="FILE", help="Caption table, JSON lines (.gz).", show_default=False)
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="Output file (.jsonl.gz).", show_default=False)
    ],
    threshold: Annotated[
        float, typer.Option("--threshold", help="Cosine similarity from which two sentences mean the same.")
    ] = 0.8,
    text_encoder: Annotated[
        str, typer.Option("--text-encoder", metavar="NAME_OR_DIR", help="minilm, or the folder of a BERT.")
    ] = "minilm",
    as_json: AsJson = False,
) -> None:
    """Find sentences in a caption table that mean the same as a training caption (needs the extra "pretrained")."""
    from motiongpt.data.mining import mine_sentences

    found, sentences = mine_sentences(root, captions, output, threshold=threshold, text_encoder=text_encoder)
    say(f"{sentences} sentences for {found} captions")
    if as_json:
        print_json({"output": str(output), "captions": found, "sentences": sentences})
    else:
        print(output)


# The name that train self-training had before.
app.command("practice", hidden=True)(train.self_training)


@app.command()
def check(root: Root, as_json: AsJson = False) -> None:
    """Check a data set; print one problem per line and exit with 1 if there is any."""
    from motiongpt.data.check import check as check_data

    problems = check_data(root)
    if as_json:
        print_json({"root": str(root), "problems": [asdict(problem) for problem in problems]})
    else:
        for problem in problems:
            print(f"{problem.kind}: {problem}")
    say(f"{root}: {len(problems)} problems")
    if problems:
        raise typer.Exit(1)


@app.command()
def stats(
    root: Root,
    plots: Annotated[
        Path | None, typer.Option("--plots", metavar="DIR", help="Also plot them to DIR/statistics.png.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print statistics of a data set: clips, lengths, captions, words."""
    from motiongpt.data.stats import plot_statistics, print_statistics, statistics

    if plots is not None:
        writable_folder(plots)
    result = statistics(root)
    picture = None if plots is None else plot_statistics(result, plots / "statistics.png")
    if as_json:
        print_json({**result, "plots": None if picture is None else str(picture)})
    else:
        print_statistics(result)
        if picture is not None:
            print(picture)


@app.command()
def tokenize(
    root: Root,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FOLDER", help="Folder for the codes; DIR/TOKENS by default."),
    ] = None,
    model: Model = None,
    tokenizer_folder: Annotated[
        Path | None,
        typer.Option("--tokenizer", metavar="FOLDER", help="Result of train tokenizer, instead of a model."),
    ] = None,
    device: Device = "cpu",
    as_json: AsJson = False,
) -> None:
    """Write the motion tokens of every clip to FOLDER/<id>.npy, int64 (1, n), as the original's script does.

    Train the language model on them with tokens=FOLDER. Existing files are kept.
    """
    if model is not None and tokenizer_folder is not None:
        raise MotionGPTError("Give either --model or --tokenizer, not both.")
    from motiongpt.data.tokens import write_tokens
    from motiongpt.tokenizer import MotionTokenizer
    from motiongpt.weights_io import to_device

    if tokenizer_folder is not None:
        tokenizer = MotionTokenizer.load(tokenizer_folder)
        to_device(tokenizer, device)
    else:
        tokenizer = load_model(model, device).tokenizer
    result = write_tokens(root, tokenizer, output)
    for problem in result.problems:
        say(f"skipped: {problem}")
    say(f"{result.written} clips encoded, {result.kept} kept, {len(result.problems)} skipped")
    if as_json:
        print_json({**asdict(result), "folder": str(result.folder)})
    else:
        print(result.folder)
