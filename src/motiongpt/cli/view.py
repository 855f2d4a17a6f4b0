"""The verb that opens motions in a browser: view."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from motiongpt.cli.console import load_model, print_json, say, writable_folder
from motiongpt.cli.options import AsJson, Device, Fps, Model, SkeletonName, Unit
from motiongpt.errors import MotionGPTError
from motiongpt.motion import Motion

if TYPE_CHECKING:
    from motiongpt.generation.motiongpt import MotionGPT

_MOST_MOTIONS = 9


def view(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Motions: .bvh, .amc, .npz or .npy.", show_default=False)
    ],
    static: Annotated[
        Path | None,
        typer.Option("--static", metavar="PAGE.html", help="Write a page that works offline, and open nothing."),
    ] = None,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port on this machine; 0 takes a free one.")
    ] = 0,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Print the address, and open no browser.")] = False,
    no_tokens: Annotated[
        bool, typer.Option("--no-tokens", help="Leave the motion tokens out, and load no model.")
    ] = False,
    fps: Fps = None,
    unit: Unit = None,
    skeleton: SkeletonName = None,
    model: Model = None,
    device: Device = "cpu",
    as_json: AsJson = False,
) -> None:
    """Look at motions in a browser: turn, scrub, slow down, compare side by side.

    The page comes from this machine until Ctrl+C; with --static it is one file that works from a disk, without a
    network.
    """
    from motiongpt.viewer import render_page, save_page

    if len(files) > _MOST_MOTIONS:
        raise MotionGPTError(f"At most {_MOST_MOTIONS} motions can be seen at once, not {len(files)}.")
    if static is not None:
        if static.suffix.lower() not in (".html", ".htm"):
            raise MotionGPTError(f"{static}: a page is written to an .html file.")
        writable_folder(static.parent)
    gpt = None if no_tokens else load_model(model, device)
    clips = [_clip(Motion.load(file, fps=fps, unit=unit, skeleton=skeleton), file, gpt) for file in files]
    if static is None:
        _serve(render_page(clips), port, open_browser=not no_browser)
        return
    save_page(clips, static)
    if as_json:
        print_json({"files": [str(file) for file in files], "page": str(static)})
    else:
        print(static)


def _clip(motion: Motion, file: Path, gpt: MotionGPT | None) -> dict[str, Any]:
    """A file's motion as the player reads it, on the floor and facing the viewer, with its tokens."""
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
        say("Ctrl+C ends it.")
        if open_browser:
            webbrowser.open(server.address)
        server.serve_forever()
