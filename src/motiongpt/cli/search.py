"""The verb that finds motions."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from motiongpt.cli.console import print_json, say
from motiongpt.cli.options import AsJson
from motiongpt.errors import MotionGPTError


def search(
    sentence: Annotated[str, typer.Argument(metavar="TEXT", help="What the person does.", show_default=False)],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of motion files.", show_default=False)],
    count: Annotated[int, typer.Option("-n", min=1, help="How many files are told.")] = 10,
    evaluator: Annotated[
        Path | None, typer.Option("--evaluator", metavar="DIR", help="Result of train evaluator; that of the package.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """The motion files of a folder that fit a sentence best, with the seconds where they do.

    Files that cannot be read are told and left out.
    """
    from motiongpt.retrieval.matcher import Matcher
    from motiongpt.retrieval.search import MotionIndex, embedded_evaluator, motion_files

    files = motion_files(folder)
    index = MotionIndex(embedded_evaluator() if evaluator is None else Matcher.load(evaluator), files)
    for problem in index.problems:
        say(f"left out: {problem}")
    if not len(index):
        raise MotionGPTError(f"None of the {len(files)} motion files in {folder} can be searched.")
    found = index.search(sentence, count)
    if as_json:
        print_json({"found": [{**asdict(one), "path": str(one.path)} for one in found], "left_out": index.problems})
    else:
        for one in found:
            print(f"{one.score:.3f}\t{one.start:.1f}-{one.end:.1f} s\t{one.path}")
