"""The verb search: motion files that match a text."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from motiongpt.cli.console import limit_threads, print_json, say
from motiongpt.cli.options import AsJson, Threads
from motiongpt.errors import MotionGPTError


def search(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What the person does.", show_default=False)],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of motion files.", show_default=False)],
    count: Annotated[int, typer.Option("-n", "--count", metavar="N", min=1, help="Matches to print.")] = 10,
    evaluator: Annotated[
        Path | None,
        typer.Option("--evaluator", metavar="DIR", help="Output of 'train evaluator'; the embedded one by default."),
    ] = None,
    threads: Threads = None,
    as_json: AsJson = False,
) -> None:
    """Find the motion files in a folder that match a text best.

    Prints the score, the time range and the path of each match. Files that cannot be read are reported and skipped.
    """
    from motiongpt.retrieval.matcher import Matcher
    from motiongpt.retrieval.search import MotionIndex, embedded_evaluator, motion_files

    limit_threads(threads)
    files = motion_files(folder)
    index = MotionIndex(embedded_evaluator() if evaluator is None else Matcher.load(evaluator), files)
    for problem in index.problems:
        say(f"skipped: {problem}")
    if not len(index):
        raise MotionGPTError(f"None of the {len(files)} motion files in {folder} can be searched.")
    found = index.search(text, count)
    if as_json:
        print_json({"found": [{**asdict(one), "path": str(one.path)} for one in found], "left_out": index.problems})
    else:
        for one in found:
            print(f"{one.score:.3f}\t{one.start:.1f}-{one.end:.1f} s\t{one.path}")
