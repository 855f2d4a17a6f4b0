"""Statistics of a data set: numbers, a table for the terminal, a plot."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from motiongpt.data.layout import SPLITS, MotionTextDataset, read_clip_table
from motiongpt.errors import MotionGPTError, require
from motiongpt.files import atomic_path

_FREQUENT_WORDS = 30
# Words of every data set.
_STOP_WORDS = frozenset(
    ("a", "an", "and", "at", "he", "his", "her", "in", "is", "of", "on", "she", "the", "their", "then", "to")
)


def statistics(root: str | Path) -> dict[str, Any]:
    """Numbers of a data set in the HumanML3D layout.

    Returns:
        ``skeleton`` and ``fps``; ``splits``: for each split clips (with mirrored ones), mirrored, minutes, captioned
        clips, captions, and frames (min, median, max); ``sources``: clips and minutes by source, if there is a
        ``clips.csv``; ``vocabulary`` (different words), ``words`` (the most frequent with their counts, without
        function words), ``lengths`` (frames of every clip), ``caption_lengths`` (words of every caption), ``travel``
        (metres that the root moves on the ground, every clip), ``problems`` (sentences about unreadable files).

    Raises:
        MotionGPTError: no split of the data set is readable.
    """
    root = Path(root)
    result: dict[str, Any] = {"root": str(root), "splits": {}, "sources": {}}
    vocabulary: Counter[str] = Counter()
    lengths: list[int] = []
    caption_lengths: list[int] = []
    travel: list[float] = []
    problems: list[str] = []
    sources = {clip: row.get("source", "") for clip, row in read_clip_table(root).items()}
    by_source: dict[str, Counter[str]] = {}
    errors = []
    for split in SPLITS:
        try:
            dataset = MotionTextDataset(root, split)
        except MotionGPTError as error:
            errors.append(error)
            continue
        result["skeleton"], result["fps"] = dataset.skeleton.name, dataset.skeleton.fps
        frames, captions, captioned, mirrored = [], 0, 0, 0
        for item in dataset:
            frames.append(len(item.features))
            mirrored += item.id.startswith("M")
            captions += len(item.captions)
            captioned += bool(item.captions)
            for caption in item.captions:
                words = re.findall(r"[^\W_]+(?:['-][^\W_]+)*", caption.text.lower())
                vocabulary.update(words)
                caption_lengths.append(len(words))
            steps = item.features[:-1, 1:3] * dataset.skeleton.metres_per_unit
            travel.append(float(np.linalg.norm(steps, axis=1).sum()))
            if sources:
                counts = by_source.setdefault(sources.get(item.id, "unknown"), Counter())
                counts.update(clips=1, frames=len(item.features))
        problems += [str(problem) for problem in dataset.problems]
        lengths += frames
        result["splits"][split] = {
            "clips": len(frames),
            "mirrored": mirrored,
            "minutes": sum(frames) / dataset.skeleton.fps / 60,
            "captioned": captioned,
            "captions": captions,
            "frames": [int(min(frames)), float(np.median(frames)), int(max(frames))] if frames else [0, 0.0, 0],
        }
    if not result["splits"]:
        raise errors[0]
    problems += [str(error) for error in errors]
    for source, counts in sorted(by_source.items()):
        result["sources"][source] = {"clips": counts["clips"], "minutes": counts["frames"] / result["fps"] / 60}
    content_words = Counter({word: count for word, count in vocabulary.items() if word not in _STOP_WORDS})
    result |= {
        "vocabulary": len(vocabulary),
        "words": content_words.most_common(_FREQUENT_WORDS),
        "lengths": lengths,
        "caption_lengths": caption_lengths,
        "travel": travel,
        "problems": problems,
    }
    return result


def print_statistics(result: dict[str, Any], console: Console | None = None) -> None:
    """Print the numbers of :func:`statistics` as tables."""
    console = console or Console()
    table = Table(title=f"{result['root']} ({result['skeleton']}, {result['fps']:g} fps)")
    for column in (
        "split",
        "clips",
        "mirrored",
        "minutes",
        "with captions",
        "captions",
        "frames min / median / max",
    ):
        table.add_column(column, justify="left" if column == "split" else "right")
    for split, row in result["splits"].items():
        low, middle, high = row["frames"]
        table.add_row(
            split,
            str(row["clips"]),
            str(row["mirrored"]),
            f"{row['minutes']:.1f}",
            str(row["captioned"]),
            str(row["captions"]),
            f"{low} / {middle:g} / {high}",
        )
    console.print(table)
    for source, row in result["sources"].items():
        console.print(f"{source}: {row['clips']} clips, {row['minutes']:.1f} minutes")
    words = ", ".join(f"{word} {count}" for word, count in result["words"])
    console.print(f"{result['vocabulary']} different words; most frequent: {words}")
    if result["problems"]:
        console.print(f"{len(result['problems'])} problems, the first: {result['problems'][0]}", markup=False)


def plot_statistics(result: dict[str, Any], path: str | Path) -> Path:
    """Plot clip lengths, caption lengths, travelled distances and frequent words of :func:`statistics` as a PNG.

    Raises:
        MotionGPTError: matplotlib is not installed, or the folder is not writable.
    """
    require("matplotlib", "plot")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 8), layout="constrained")
    axes = figure.subplots(2, 2)
    histograms = (
        (axes[0, 0], np.asarray(result["lengths"]) / result["fps"], "length of clips, seconds", "clips"),
        (axes[0, 1], np.asarray(result["caption_lengths"]), "words of a caption", "captions"),
        (axes[1, 0], np.asarray(result["travel"]), "distance travelled by the root, metres", "clips"),
    )
    for axis, values, label, counted in histograms:
        axis.hist(values, bins=40, color="#4477aa")
        axis.set_xlabel(label)
        axis.set_ylabel(counted)
    words = result["words"][::-1]
    axes[1, 1].barh([word for word, _ in words], [count for _, count in words], color="#4477aa")
    axes[1, 1].tick_params(axis="y", labelsize=7)
    axes[1, 1].set_xlabel("occurrences in captions")
    path = Path(path)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=110, format="png")
    return path
