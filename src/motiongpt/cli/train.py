"""The verbs of training: the three stages, the evaluator, and joining their results into a model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from motiongpt.cli.console import print_json, say, writable_folder
from motiongpt.cli.options import AsJson
from motiongpt.errors import MotionGPTError

app = typer.Typer(name="train", help="Training: tokenizer, pretrain, instruct, then assemble; evaluator, refiner.")

Overrides = Annotated[
    list[str] | None,
    typer.Argument(metavar="[KEY=VALUE]...", help="Changes to the config, such as loop.steps=200.", show_default=False),
]
Config = Annotated[
    str,
    typer.Option("--config", metavar="NAME_OR_FILE", help="Name of a config (its stage may be left out), or a file."),
]


@app.callback(invoke_without_command=True)
def _train(
    context: typer.Context,
    list_configs: Annotated[
        bool, typer.Option("--list-configs", help="Print the names of the configs that come with the package.")
    ] = False,
) -> None:
    if list_configs:
        from motiongpt.training.config import config_names

        print(*config_names(), sep="\n")
    elif context.invoked_subcommand is None:
        raise MotionGPTError(
            "Say which stage: motiongpt train tokenizer, pretrain, instruct, evaluator, refiner or assemble."
        )


@app.command()
def tokenizer(overrides: Overrides = None, config: Config = "embedded-tokenizer", as_json: AsJson = False) -> None:
    """Stage 1: the motion tokenizer. The same command goes on with an interrupted run."""
    from motiongpt.training.config import TokenizerTraining, load_config
    from motiongpt.training.tokenizer import train_tokenizer

    settings = load_config(TokenizerTraining, config, overrides or (), stage="tokenizer")
    say(f"seed {settings.seed}")
    _finish(train_tokenizer(settings), settings.seed, as_json)


@app.command()
def pretrain(overrides: Overrides = None, config: Config = "embedded-pretrain", as_json: AsJson = False) -> None:
    """Stage 2: words and motion, and the first ties between them. The same command goes on with an interrupted run."""
    _train_language("pretrain", config, overrides, as_json)


@app.command()
def instruct(overrides: Overrides = None, config: Config = "embedded-instruct", as_json: AsJson = False) -> None:
    """Stage 3: instructions of all tasks. The same command goes on with an interrupted run."""
    _train_language("instruct", config, overrides, as_json)


@app.command()
def evaluator(overrides: Overrides = None, config: Config = "embedded-evaluator", as_json: AsJson = False) -> None:
    """A matcher of motions and sentences: for evaluation and search, or to choose among what a model generates.

    The same command goes on with an interrupted run.
    """
    from motiongpt.training.config import MatcherTraining, load_config
    from motiongpt.training.matcher import train_matcher

    settings = load_config(MatcherTraining, config, overrides or (), stage="evaluator")
    say(f"seed {settings.seed}")
    _finish(train_matcher(settings), settings.seed, as_json)


@app.command()
def refiner(overrides: Overrides = None, config: Config = "embedded-refiner", as_json: AsJson = False) -> None:
    """What gives generated motions the details that coarse codes leave out.

    The same command goes on with an interrupted run.
    """
    from motiongpt.training.config import RefinerTraining, load_config
    from motiongpt.training.refiner import train_refiner

    settings = load_config(RefinerTraining, config, overrides or (), stage="refiner")
    say(f"seed {settings.seed}")
    _finish(train_refiner(settings), settings.seed, as_json)


def _train_language(stage: str, config: str, overrides: list[str] | None, as_json: bool) -> None:
    from motiongpt.training.config import LanguageTraining, load_config
    from motiongpt.training.language import train_language

    settings = load_config(LanguageTraining, config, overrides or (), stage=stage)
    say(f"seed {settings.seed}")
    _finish(train_language(settings), settings.seed, as_json)


def _finish(folder: Path, seed: int, as_json: bool) -> None:
    if as_json:
        print_json({"output": str(folder), "seed": seed})
    else:
        print(folder)


@app.command()
def assemble(
    tokenizer_folder: Annotated[
        Path, typer.Option("--tokenizer", metavar="DIR", help="Result of train tokenizer.", show_default=False)
    ],
    language_folder: Annotated[
        Path,
        typer.Option("--language", metavar="DIR", help="Result of train pretrain or instruct.", show_default=False),
    ],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="Model folder.", show_default=False)],
    matcher_folder: Annotated[
        Path | None,
        typer.Option("--matcher", metavar="DIR", help="Result of train evaluator, to choose among candidates."),
    ] = None,
    refiner_folder: Annotated[
        Path | None,
        typer.Option("--refiner", metavar="DIR", help="Result of train refiner, for the details of generated motions."),
    ] = None,
    evaluator_folder: Annotated[
        Path | None,
        typer.Option("--evaluator", metavar="DIR", help="Result of train evaluator, put beside the model."),
    ] = None,
    dtype: Annotated[
        str, typer.Option(metavar="DTYPE", help="Of the stored weights: float32, float16, bfloat16 or int8.")
    ] = "float16",
    defaults: Annotated[
        list[str] | None,
        typer.Argument(metavar="[KEY=VALUE]...", help="Defaults of generation, such as top_p=0.9.", show_default=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Join a motion tokenizer and a language model into a model folder that every verb reads with --model."""
    import torch
    import yaml

    from motiongpt.generation.motiongpt import MotionGPT
    from motiongpt.generation.options import GenerationDefaults
    from motiongpt.generation.refiner import Refiner
    from motiongpt.lm.model import MotionLanguageModel
    from motiongpt.retrieval.matcher import Matcher
    from motiongpt.tokenizer import MotionTokenizer

    values: dict[str, Any] = {}
    for setting in defaults or ():
        key, equals, text = setting.partition("=")
        if not equals:
            raise MotionGPTError(f"{setting!r} must have the form key=value, such as top_p=0.9.")
        values[key] = yaml.safe_load(text)
        if not isinstance(values[key], (int, float)):
            raise MotionGPTError(f"{setting!r}: the value must be a number, true or false.")
    generation = GenerationDefaults.from_config(values, "defaults of generation")
    writable_folder(output)
    tokenizer = MotionTokenizer.load(tokenizer_folder)
    model = MotionGPT(
        tokenizer,
        MotionLanguageModel.load(language_folder),
        generation,
        None if matcher_folder is None else Matcher.load(matcher_folder),
        None if refiner_folder is None else Refiner.load(refiner_folder, tokenizer),
    )
    model.save_pretrained(output, dtype=dtype)
    if evaluator_folder is not None:
        judge, encoder = Matcher.load(evaluator_folder), model.language.text_encoder
        shared = encoder is not None and judge.reader.equals(encoder)
        judge.save(output / "evaluator", dtype=torch.float16, shared_reader=shared)
    if as_json:
        print_json({"output": str(output), "defaults": generation.__dict__})
    else:
        print(output)
