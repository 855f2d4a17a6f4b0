"""Which parts of a recording become clips, and what is said about each: pure planning, no motion is touched.

Frames here count at 20 fps from the start of the recording, as in HumanML3D's ``index.csv``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from motiongpt.data.json_lines import read_json_lines
from motiongpt.data.phrases import captions_from_hdm05_label, phrases_from_description
from motiongpt.data.sources import Dropped, Trial

# Frames at 20 fps. HumanML3D's own loaders take clips from 40 frames; shorter ones still teach the tokenizer.
MIN_FRAMES = 10
MAX_FRAMES = 200
# What is left over between captioned clips is kept from this length on.
MIN_LEFT_OVER = 16
# A description of a whole recording is taken for a part of it only when the part is at least this long.
MIN_DESCRIBED_FRAMES = 30
# A part covering this share of the recording counts as the whole of it.
WHOLE = 0.8
# Actions that look alike wherever a long recording is cut; "cartwheel" or "sit, stand up" do not.
_CONTINUING = re.compile(
    r"\b(walk|run|jog|stride|danc|salsa|lambada|charleston|box(?:ing)?\b|laugh|wash|mop|sword|dribble|climb|navigat"
    r"|traffic|signals|quarrel|rhyme|human subject|jumping jacks|skip|crawl|march|swim|sneak|creep|hop)",
    re.IGNORECASE,
)
_SEQUENCE = re.compile(r"[,;]|\b(?:and|then|to|start|stop|turn)\b", re.IGNORECASE)


@dataclass(frozen=True)
class CaptionRow:
    """A row of the caption table: frames [start, end) of a recording, HumanML3D's split and captions."""

    id: str
    start: int
    end: int
    split: str
    captions: tuple[str, ...]


@dataclass(frozen=True)
class Clip:
    """Frames [start, end) of a recording with its captions; ``words`` tells where the captions come from."""

    id: str
    start: int
    end: int
    captions: tuple[str, ...]
    words: str
    note: str = ""


def read_caption_rows(path: str | Path) -> dict[str, list[CaptionRow]]:
    """Captioned parts of CMU trials, by trial, from a JSON-lines file (plain or .gz).

    Each line is an object with id, source (AMASS path), start_frame, end_frame (20 fps), split, captions, and trial:
    the CMU trial that holds the clip. Where trial is null, a source such as ``CMU/80/80_63_poses.npy`` names it. Rows
    of other motion sources are passed over.

    Raises:
        MotionGPTError: unreadable file or a malformed row (named by line).
    """

    def captioned(raw: Any) -> tuple[str | None, CaptionRow]:
        row = CaptionRow(
            str(raw["id"]),
            int(raw["start_frame"]),
            int(raw["end_frame"]),
            str(raw["split"]),
            tuple(caption.strip() for caption in raw["captions"] if caption.strip()),
        )
        return raw.get("trial") or _cmu_trial(str(raw["source"])), row

    expected = "a caption row: an object with id, source, start_frame, end_frame, split, captions and trial"
    rows: dict[str, list[CaptionRow]] = {}
    for trial, row in read_json_lines(path, captioned, expected):
        if trial:
            rows.setdefault(trial, []).append(row)
    for found in rows.values():
        found.sort(key=lambda row: (row.start, row.end, row.id))
    return rows


def _cmu_trial(source: str) -> str | None:
    match = re.fullmatch(r"CMU/\d+/(\d+_\d+)_poses\.npy", source)
    return match[1] if match else None


def captions_count_double(rows: Iterable[CaptionRow], frames: int) -> bool:
    """Whether the rows of a recording of ``frames`` frames end, to three frames, at twice its length."""
    last = max((row.end for row in rows), default=0)
    return frames > MIN_FRAMES and abs(last - 2 * frames) <= 3


def plan(trial: Trial, rows: Iterable[CaptionRow], first: int, frames: int) -> tuple[list[Clip], list[Dropped]]:
    """Cut a recording of ``frames`` frames, of which those before ``first`` are not to be used.

    CMU: every caption row is a clip; what no row covers is cut into equal windows of at most MAX_FRAMES, and CMU's
    description of the recording is phrased as captions where it is true of the window. HDM05 cuts stay whole. Nothing
    shorter than MIN_FRAMES is kept, nor left-overs shorter than MIN_LEFT_OVER.
    """
    if trial.source == "hdm05":
        captions = tuple(captions_from_hdm05_label(trial.words))
        if frames - first < MIN_FRAMES:
            return [], [_too_short(trial.id, frames - first)]
        return [Clip(f"hdm05_{trial.id}", first, frames, captions, "label" if captions else "none")], []
    clips, dropped = [], []
    covered = np.zeros(frames, dtype=bool)
    covered[:first] = True
    for row in rows:
        start, end = max(row.start, first), min(row.end, frames)
        if end - start < (row.end - row.start) / 2:
            dropped.append(
                Dropped(row.id, f"most of frames {row.start}:{row.end} is not in trial {trial.id} of {frames} frames")
            )
        elif end - start < MIN_FRAMES:
            dropped.append(_too_short(row.id, end - start))
        elif not row.captions:
            dropped.append(Dropped(row.id, "its row has no captions"))
        else:
            same = (start, end) == (row.start, row.end)
            note = "" if same else f"shortened from {row.start}:{row.end} to {start}:{end}"
            clips.append(Clip(row.id, start, end, row.captions, "humanml3d", note))
            covered[start:end] = True
    shortest = MIN_LEFT_OVER if clips else MIN_FRAMES
    phrases = tuple(phrases_from_description(trial.words))
    windows = _free_windows(covered)
    for number, (start, end) in enumerate(window for window in windows if window[1] - window[0] >= shortest):
        told = phrases if _describes(trial.words, end - start, frames - first) else ()
        clips.append(Clip(f"cmu_{trial.id}_{number:02d}", start, end, told, "description" if told else "none"))
    left = [end - start for start, end in windows if end - start < shortest]
    if left and clips:
        why = f"{sum(left)} frames between clips, none of {shortest} in a row"
        dropped.append(Dropped(f"{trial.id} left-overs", why))
    elif left:
        dropped.append(_too_short(trial.id, sum(left)))
    return clips, dropped


def _too_short(what: str, frames: int) -> Dropped:
    return Dropped(what, f"shorter than {MIN_FRAMES} frames ({max(frames, 0)})")


def _free_windows(covered: np.ndarray) -> list[tuple[int, int]]:
    """Uncovered runs, each cut into equal windows of at most MAX_FRAMES."""
    edges = np.flatnonzero(np.diff(np.concatenate([[True], covered, [True]]).astype(int)))
    windows: list[tuple[int, int]] = []
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        count = -(-int(end - start) // MAX_FRAMES)
        bounds = np.linspace(start, end, count + 1).round().astype(int).tolist()
        windows.extend(pairwise(bounds))
    return windows


def _describes(words: str, part: int, whole: int) -> bool:
    """Whether the description of a recording of ``whole`` frames is true of a part of ``part`` frames."""
    if part >= WHOLE * whole:
        return True
    if part < MIN_DESCRIBED_FRAMES or not _CONTINUING.search(words):
        return False
    action = words.split(" - ", 1)[-1]
    return "repeated" in words or not _SEQUENCE.search(action)
