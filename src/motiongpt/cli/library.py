"""The verbs of libraries of recordings: add, build, list, remove."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from motiongpt.cli.console import load_model, print_json, say, writable_folder
from motiongpt.cli.groups import grouped
from motiongpt.cli.options import AsJson, Input, Model
from motiongpt.errors import MotionGPTError

if TYPE_CHECKING:
    from motiongpt.generation.motiongpt import MotionGPT
    from motiongpt.retrieval.library import Library

app = typer.Typer(
    name="library", help="Libraries of recordings that answer beside the model: add, build, list, remove."
)
Name = Annotated[str, typer.Option("--name", metavar="NAME", help="Name of the library.")]


@app.command()
@grouped
def add(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of motion files.", show_default=False)],
    name: Name,
    source: Input,
    captions: Annotated[
        list[Path] | None,
        typer.Option("--captions", metavar="FILE", help="Table of captions, as for 'data build', repeatable."),
    ] = None,
    model: Model = None,
    as_json: AsJson = False,
) -> None:
    """Add the motion files of a folder to a library.

    'generate --library NAME' then answers with these recordings too. Captions come from the table, from a text file
    beside a motion file, or from its name. Files that cannot be used are reported and left out.
    """
    from motiongpt.data.build import build as build_data_set
    from motiongpt.data.build import by_reason
    from motiongpt.retrieval.library import Library
    from motiongpt.retrieval.shelf import library_path

    path = library_path(name)
    gpt = load_model(model, "cpu", None)
    with tempfile.TemporaryDirectory(prefix="motiongpt-library-") as temporary:
        report = build_data_set(
            out=Path(temporary) / "data", motions={"own": [folder]}, captions=captions or (), options=source.chosen()
        )
        for line in by_reason([*report.dropped, *report.notes], short=True):
            say(line)
        library, left_out = _index(gpt, Path(temporary) / "data", None)
    if path.is_dir():
        before = Library.load(path)
        library = before.without([one.name for one in library.recordings]).joined(library)
    library.save(path)
    _report(library, path, left_out, as_json)


@app.command()
def build(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="Data set in the HumanML3D layout.", show_default=False)],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="Folder of the library.")],
    split: Annotated[
        list[str] | None, typer.Option("--split", help="List of the data set, repeatable; train by default.")
    ] = None,
    model: Model = None,
    as_json: AsJson = False,
) -> None:
    """Build a library from a data set, for the folder of a model or to share."""
    writable_folder(output)
    library, left_out = _index(load_model(model, "cpu", None), data, split or ["train"])
    library.save(output)
    _report(library, output, left_out, as_json)


@app.command("list")
def list_libraries(as_json: AsJson = False) -> None:
    """List the libraries with their recordings and minutes."""
    from motiongpt.retrieval.shelf import libraries_folder, library_names, load_library

    rows = [(name, load_library(name)) for name in library_names()]
    if as_json:
        print_json({"libraries": {name: _facts(library) for name, library in rows}})
        return
    if not rows:
        say(f"There are no libraries in {libraries_folder()}.")
    for name, library in rows:
        print(f"{name}\t{len(library)} recordings\t{library.seconds / 60:.1f} minutes")


@app.command()
def remove(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the library.", show_default=False)],
) -> None:
    """Delete a library. The motion files that it was made from stay."""
    from motiongpt.retrieval.shelf import library_path, load_library

    load_library(name)
    shutil.rmtree(library_path(name))
    say(f"Removed the library {name}.")


def _index(gpt: MotionGPT, data: Path, splits: list[str] | None) -> tuple[Library, dict[str, int]]:
    """The library of a data set; None takes all of its lists that are not empty."""
    from motiongpt.data.layout import SPLITS, read_ids
    from motiongpt.retrieval.indexing import index_dataset

    if gpt.matcher is None:
        raise MotionGPTError("This model has no matcher, which a library is searched with: choose another --model.")
    chosen = splits or [split for split in SPLITS if read_ids(data, split)]
    return index_dataset(data, chosen, gpt.matcher, gpt.tokenizer)


def _facts(library: Library) -> dict[str, float]:
    captions = sum(len(one.captions) for one in library.recordings)
    return {"recordings": len(library), "captions": captions, "minutes": round(library.seconds / 60, 2)}


def _report(library: Library, path: Path, left_out: dict[str, int], as_json: bool) -> None:
    for reason, count in left_out.items():
        say(f"{count} recordings are left out: {reason}.")
    facts = _facts(library)
    if as_json:
        print_json({"folder": str(path), **facts, "left_out": left_out})
    else:
        print(f"{facts['recordings']} recordings, {facts['captions']} captions, {facts['minutes']:.1f} minutes: {path}")
