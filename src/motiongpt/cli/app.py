"""The command: its verbs, and how their errors become messages and exit codes."""

from __future__ import annotations

import inspect
import os
import re
import sys
import warnings
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from motiongpt import __version__
from motiongpt.cli import (
    batch,
    bodies,
    checkpoints,
    data,
    editing,
    evaluate,
    files,
    library,
    motions,
    search,
    serve,
    tokens,
    train,
    view,
)
from motiongpt.cli.console import say
from motiongpt.cli.inspect import inspect as inspect_files
from motiongpt.errors import Interrupted, MotionGPTError

_INTERRUPTED = 130

# Verbs by help panel.
_PANELS: dict[str, dict[str, Any]] = {
    "Generate": {
        "generate": motions.generate,
        "describe": motions.describe,
        "predict": motions.predict,
        "inbetween": motions.inbetween,
        "ask": motions.ask,
        "batch": batch.batch,
    },
    "Files": {
        "inspect": inspect_files,
        "convert": files.convert,
        "edit": editing.edit,
        "join": editing.join,
        "layer": editing.layer,
        "render": files.render,
        "view": view.view,
        "search": search.search,
        "fit": bodies.fit,
        "tokens": tokens.app,
    },
    "Data and training": {
        "data": data.app,
        "library": library.app,
        "train": train.app,
        "import-checkpoint": checkpoints.import_checkpoint,
        "export-checkpoint": checkpoints.export_checkpoint,
    },
    "Evaluate": {"evaluate": evaluate.app},
    "Serve": {"serve": serve.serve},
}
# Verbs whose arguments need a command of their own class.
_CLASSES: dict[str, type[TyperCommand]] = {"edit": editing.LoopCommand}


class _InOrder(TyperGroup):
    """Lists the verbs as above; typer itself lists verbs that have sub-verbs last."""

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]
        return [name for verbs in _PANELS.values() for name in verbs]


app = typer.Typer(
    cls=_InOrder,
    name="motiongpt",
    help="Generate human motion from text, caption motions, continue them and fill in their middle.",
    add_completion=False,
    pretty_exceptions_enable=False,
)
for _panel, _verbs in _PANELS.items():
    for _name, _verb in _verbs.items():
        if isinstance(_verb, typer.Typer):
            app.add_typer(_verb, name=_name, rich_help_panel=_panel)
        else:
            app.command(_name, cls=_CLASSES.get(_name, TyperCommand), rich_help_panel=_panel)(_verb)
for _app in (app, *(group.typer_instance for group in app.registered_groups)):
    for _command in _app.registered_commands if _app else ():
        # Rich keeps the line breaks of a docstring; only those between paragraphs are meant.
        _command.help = re.sub(r"(?<!\n)\n(?!\n)", " ", inspect.getdoc(_command.callback) or "")


@app.callback(invoke_without_command=True)
def _motiongpt(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
    debug: Annotated[
        bool, typer.Option("--debug", envvar="MOTIONGPT_DEBUG", help="Show the traceback of an error.")
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
    """Run a command line (by default that of the process) and return the exit code."""
    try:
        code = typer.main.get_command(app).main(arguments, prog_name="motiongpt", standalone_mode=False)
        sys.stdout.flush()
    except (KeyboardInterrupt, typer.Abort):
        code = _INTERRUPTED
    except BrokenPipeError:
        # The reader of the pipe has closed it. Python would complain when it flushes stdout at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Interrupted as error:
        say(str(error))
        return _INTERRUPTED
    except (MotionGPTError, OSError) as error:
        if os.environ.get("MOTIONGPT_DEBUG"):
            raise
        return _fail(str(error))
    except Exception as error:
        # A command line that typer rejects. Its class lies in click, in typer's copy of click or in typer, depending on
        # the version; they share this method.
        if not hasattr(error, "format_message"):
            raise
        context = getattr(error, "ctx", None)
        verb = f" (see {context.command_path} --help)" if context is not None else ""
        return _fail(f"{error.format_message().rstrip('.')}{verb}.")
    if code == _INTERRUPTED:
        say("Interrupted.")
    return code or 0


def _fail(sentence: str) -> int:
    say("error: " + " ".join(sentence.split()))
    return 2


def main() -> None:
    """Entry point of the command ``motiongpt``."""
    # File names that are not valid Unicode are printed unchanged.
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="surrogateescape")  # type: ignore[union-attr]
    sys.exit(run())
