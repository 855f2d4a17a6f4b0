"""The verbs of training: the stages, the models around them, self-training, and assembling a model folder."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from motiongpt.cli.console import load_model, print_json, say, writable_folder
from motiongpt.cli.options import AsJson, Device, Model, Seed
from motiongpt.errors import MotionGPTError

app = typer.Typer(
    name="train",
    help="Train a model: tokenizer, pretrain, instruct, assemble; also evaluator, refiner and self-training.",
)

Overrides = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[KEY=VALUE]...",
        help="Values that replace those of the config, such as loop.steps=200.",
        show_default=False,
    ),
]
Config = Annotated[
    str,
    typer.Option(
        "--config",
        metavar="NAME_OR_FILE",
        help="Packaged config (see train --list-configs; its stage may be omitted) or a YAML file.",
        show_default=False,
    ),
]


@app.callback(invoke_without_command=True)
def _train(
    context: typer.Context,
    list_configs: Annotated[
        bool, typer.Option("--list-configs", help="Print the names of the packaged configs.")
    ] = False,
) -> None:
    if list_configs:
        from motiongpt.training.config import config_names

        print(*config_names(), sep="\n")
    elif context.invoked_subcommand is None:
        raise MotionGPTError(
            "Name a stage: train tokenizer, pretrain, instruct, evaluator, refiner, self-training or assemble."
        )


@app.command()
def tokenizer(config: Config, overrides: Overrides = None, as_json: AsJson = False) -> None:
    """Stage 1: train the motion tokenizer. Re-run the same command to resume."""
    from motiongpt.training.config import TokenizerTraining, load_config
    from motiongpt.training.tokenizer import train_tokenizer

    settings = load_config(TokenizerTraining, config, overrides or (), stage="tokenizer")
    say(f"seed {settings.seed}")
    _print_result(train_tokenizer(settings), settings.seed, as_json)


@app.command()
def pretrain(config: Config, overrides: Overrides = None, as_json: AsJson = False) -> None:
    """Stage 2: pre-train on text, motion and text-motion pairs. Re-run the same command to resume."""
    _train_language("pretrain", config, overrides, as_json)


@app.command()
def instruct(config: Config, overrides: Overrides = None, as_json: AsJson = False) -> None:
    """Stage 3: fine-tune on instructions of all tasks. Re-run the same command to resume."""
    _train_language("instruct", config, overrides, as_json)


@app.command()
def evaluator(config: Config = "small-evaluator", overrides: Overrides = None, as_json: AsJson = False) -> None:
    """Train a matcher of motions and sentences, for evaluation and search or to rank generated candidates.

    Re-run the same command to resume.
    """
    from motiongpt.training.config import MatcherTraining, load_config
    from motiongpt.training.matcher import train_matcher

    settings = load_config(MatcherTraining, config, overrides or (), stage="evaluator")
    say(f"seed {settings.seed}")
    _print_result(train_matcher(settings), settings.seed, as_json)


@app.command()
def refiner(config: Config, overrides: Overrides = None, as_json: AsJson = False) -> None:
    """Train the refiner, which adds the details that coarse codes leave out. Re-run the same command to resume."""
    from motiongpt.training.config import RefinerTraining, load_config
    from motiongpt.training.refiner import train_refiner

    settings = load_config(RefinerTraining, config, overrides or (), stage="refiner")
    say(f"seed {settings.seed}")
    _print_result(train_refiner(settings), settings.seed, as_json)


def _train_language(stage: str, config: str, overrides: list[str] | None, as_json: bool) -> None:
    from motiongpt.training.config import LanguageTraining, load_config
    from motiongpt.training.language import train_language

    settings = load_config(LanguageTraining, config, overrides or (), stage=stage)
    say(f"seed {settings.seed}")
    _print_result(train_language(settings), settings.seed, as_json)


def _print_result(folder: Path, seed: int, as_json: bool) -> None:
    if as_json:
        print_json({"output": str(folder), "seed": seed})
    else:
        print(folder)


@app.command("self-training")
def self_training(
    root: Annotated[
        Path,
        typer.Argument(
            metavar="DIR",
            help="Data set in the HumanML3D layout; its training captions are prompts.",
            show_default=False,
        ),
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="Output file (.jsonl.gz).", show_default=False)
    ],
    captions: Annotated[
        Path | None,
        typer.Option("--captions", metavar="FILE", help="Caption table with further prompts, JSON lines (.gz)."),
    ] = None,
    sentences: Annotated[
        int, typer.Option("--sentences", metavar="N", min=1, help="Number of different prompts.")
    ] = 16_000,
    actions: Annotated[
        str, typer.Option("--actions", metavar="A,B", help="Only prompts with these actions, such as throws,spins.")
    ] = "",
    candidates: Annotated[
        int, typer.Option("--candidates", metavar="N", min=1, help="Motions sampled per prompt.")
    ] = 24,
    keep: Annotated[int, typer.Option("--keep", metavar="N", min=1, help="Maximum of motions kept per prompt.")] = 4,
    model: Model = None,
    device: Device = "cpu",
    batch_size: Annotated[
        int, typer.Option("--batch-size", metavar="N", min=1, help="Maximum of motions sampled at once.")
    ] = 64,
    workers: Annotated[
        int, typer.Option("--workers", metavar="N", min=0, help="Worker processes that check motions; 0 for none.")
    ] = 0,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Sample motions for many prompts and keep those that pass the checks of their sentence, as training data.

    Train on the file with self_training=FILE. Re-run the same command to resume.
    """
    from motiongpt.training.self_training import write_self_training

    outcome = write_self_training(
        load_model(model, device),
        root,
        captions,
        output,
        sentences=sentences,
        actions=[name.strip() for name in actions.split(",") if name.strip()],
        candidates=candidates,
        keep=keep,
        seed=seed,
        workers=workers,
        batch_size=batch_size,
    )
    say(f"{outcome.motions} motions for {outcome.solved} of {outcome.sentences} sentences, seed {seed}")
    if as_json:
        print_json({"output": str(output), **asdict(outcome)})
    else:
        print(output)


@app.command()
def assemble(
    tokenizer_folder: Annotated[
        Path, typer.Option("--tokenizer", metavar="DIR", help="Result of train tokenizer.", show_default=False)
    ],
    language_folder: Annotated[
        Path,
        typer.Option("--language", metavar="DIR", help="Result of train pretrain or instruct.", show_default=False),
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="DIR", help="Folder of the model.", show_default=False)
    ],
    matcher_folder: Annotated[
        Path | None,
        typer.Option("--matcher", metavar="DIR", help="Result of train evaluator; it ranks candidates."),
    ] = None,
    refiner_folder: Annotated[
        Path | None,
        typer.Option("--refiner", metavar="DIR", help="Result of train refiner; it refines generated motions."),
    ] = None,
    evaluator_folder: Annotated[
        Path | None,
        typer.Option("--evaluator", metavar="DIR", help="Result of train evaluator, for evaluate and search."),
    ] = None,
    dtype: Annotated[
        str, typer.Option(metavar="DTYPE", help="Type of the stored weights: float32, float16, bfloat16 or int8.")
    ] = "float16",
    defaults: Annotated[
        list[str] | None,
        typer.Argument(metavar="[KEY=VALUE]...", help="Defaults of generation, such as top_p=0.9.", show_default=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Assemble a model folder, for --model of all verbs, from the results of the stages."""
    from motiongpt.training.assemble import assemble as assemble_model

    writable_folder(output)
    generation = assemble_model(
        output,
        tokenizer_folder,
        language_folder,
        matcher=matcher_folder,
        refiner=refiner_folder,
        evaluator=evaluator_folder,
        dtype=dtype,
        defaults=defaults or (),
    )
    if as_json:
        print_json({"output": str(output), "defaults": generation.as_dict()})
    else:
        print(output)
