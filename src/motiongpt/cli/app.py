"""The command itself: its verbs, and what happens to their errors."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence
from typing import Annotated

import typer

from motiongpt import __version__
from motiongpt.cli import batch, bodies, checkpoints, data, evaluate, files, motions, search, serve, tokens, train, view
from motiongpt.cli.console import say
from motiongpt.errors import Interrupted, MotionGPTError

# Every mistake on the command line is one; typer keeps it in another module from release to release.
_CommandLineError: type[Exception] = typer.BadParameter.__mro__[2]
_INTERRUPTED = 130

app = typer.Typer(
    name="motiongpt",
    help="Sentences to human motion, motion to sentences, and motion continued or filled in.",
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(motions.generate)
app.command()(motions.describe)
app.command()(motions.predict)
app.command()(motions.inbetween)
app.command()(motions.ask)
app.command()(batch.batch)
app.command()(search.search)
app.command()(files.convert)
app.command()(files.render)
app.command()(view.view)
app.command()(bodies.fit)
app.command()(serve.serve)
app.command("import-checkpoint")(checkpoints.import_checkpoint)
app.command("export-checkpoint")(checkpoints.export_checkpoint)
app.add_typer(tokens.app)
app.add_typer(data.app)
app.add_typer(train.app)
app.add_typer(evaluate.app)


@app.callback(invoke_without_command=True)
def _motiongpt(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
    debug: Annotated[
        bool, typer.Option("--debug", envvar="MOTIONGPT_DEBUG", help="Show where an error comes from.")
    ] = False,
) -> None:
    if debug:
        os.environ["MOTIONGPT_DEBUG"] = "1"
    else:
        warnings.simplefilter("ignore")
    if version:
        print(__version__)
    elif context.invoked_subcommand is None:
        print(context.get_help())


def run(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command line (that of the process when None) and return the exit code."""
    try:
        code = typer.main.get_command(app).main(arguments, prog_name="motiongpt", standalone_mode=False)
        sys.stdout.flush()
    except (KeyboardInterrupt, typer.Abort):
        code = _INTERRUPTED
    except BrokenPipeError:
        # The reader has what it wanted. Python would complain at its end about what it could not write.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except _CommandLineError as error:
        context = getattr(error, "ctx", None)
        verb = f" (see {context.command_path} --help)" if context is not None else ""
        return _fail(f"{error.format_message().rstrip('.')}{verb}.")  # type: ignore[attr-defined]
    except Interrupted as error:
        say(str(error))
        return _INTERRUPTED
    except (MotionGPTError, OSError) as error:
        if os.environ.get("MOTIONGPT_DEBUG"):
            raise
        return _fail(str(error))
    if code == _INTERRUPTED:
        say("Interrupted.")
    return code or 0


def _fail(sentence: str) -> int:
    say("error: " + " ".join(sentence.split()))
    return 2


def main() -> None:
    """Entry point of the command ``motiongpt``."""
    # File names that are not valid Unicode can be printed as they are.
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="surrogateescape")  # type: ignore[union-attr]
    sys.exit(run())
