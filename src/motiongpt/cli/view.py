"""The verb view: motions in a browser."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from motiongpt.cli.console import print_json, say, writable_folder
from motiongpt.cli.groups import grouped
from motiongpt.cli.options import AsJson, Input, ModelOptions, MotionFiles
from motiongpt.errors import MotionGPTError

if TYPE_CHECKING:
    from motiongpt.generation.motiongpt import MotionGPT
    from motiongpt.motion import Motion

_MAX_MOTIONS = 9


@grouped
def view(
    files: MotionFiles,
    reading: Input,
    model: ModelOptions,
    static: Annotated[
        Path | None,
        typer.Option("--static", metavar="PAGE.html", help="Write a page that works offline instead of serving one."),
    ] = None,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port on this machine; 0 takes a free one.")
    ] = 0,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Print the address without opening it.")] = False,
    no_tokens: Annotated[
        bool, typer.Option("--no-tokens", help="Leave out the motion tokens, which need the model.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """View motions in a browser: rotate, scrub, slow down, compare side by side.

    Serves the page from this machine until Ctrl+C. With --static, writes one file that works without a network.
    """
    from motiongpt.viewer import render_page, save_page

    if len(files) > _MAX_MOTIONS:
        raise MotionGPTError(f"At most {_MAX_MOTIONS} motions can be viewed at once, not {len(files)}.")
    if static is not None:
        if static.suffix.lower() not in (".html", ".htm"):
            raise MotionGPTError(f"--static: {static} must be an .html file.")
        writable_folder(static.parent)
    gpt = None if no_tokens else model.load()
    clips = [_clip(reading.load(file), file, gpt) for file in files]
    if static is None:
        _serve(render_page(clips), port, open_browser=not no_browser)
        return
    save_page(clips, static)
    if as_json:
        print_json({"files": [str(file) for file in files], "page": str(static)})
    else:
        print(static)


def _clip(motion: Motion, file: Path, gpt: MotionGPT | None) -> dict[str, Any]:
    """A motion as the player reads it, on the floor and facing the viewer, with its tokens if there is a model."""
    from motiongpt.viewer import clip_data

    motion = motion.canonical()
    if gpt is None or motion.skeleton is not gpt.tokenizer.skeleton:
        return clip_data(motion, label=file.name)
    tokenizer = gpt.tokenizer
    codes = tokenizer.encode(motion, coarse=True).tolist()
    return clip_data(motion, label=file.name, codes=codes, code_seconds=tokenizer.stride / tokenizer.skeleton.fps)


def _serve(page: str, port: int, *, open_browser: bool) -> None:
    from motiongpt.viewer import PageServer

    with PageServer(page, port) as server:
        print(server.address, flush=True)
        say("Press Ctrl+C to stop.")
        if open_browser:
            webbrowser.open(server.address)
        server.serve_forever()
