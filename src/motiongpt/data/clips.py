"""Which parts of a recording become clips, and with which captions: pure planning, without motion.

Frames count at 20 fps from the start of the recording, as in HumanML3D's ``index.csv``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from motiongpt.data.captions import CaptionRow
from motiongpt.data.sources import Dropped, Trial

# Frames at 20 fps. HumanML3D's own loaders take clips from 40 frames; shorter ones still teach the tokenizer.
MIN_FRAMES = 10
MAX_FRAMES = 200
# Minimum length of a clip between captioned clips.
MIN_LEFT_OVER = 16
# Minimum length of a part that gets the description of its whole recording.
MIN_DESCRIBED_FRAMES = 30
# Share of the recording from which a part counts as the whole of it.
WHOLE = 0.8
# Actions that look alike wherever a long recording is cut; "cartwheel" or "sit, stand up" do not.
_CONTINUOUS = re.compile(
    r"\b(walk|run|jog|stride|danc|salsa|lambada|charleston|box(?:ing)?\b|laugh|wash|mop|sword|dribble|climb|navigat"
    r"|traffic|signals|quarrel|rhyme|human subject|jumping jacks|skip|crawl|march|swim|sneak|creep|hop)",
    re.IGNORECASE,
)
_SEQUENCE = re.compile(r"[,;]|\b(?:and|then|to|start|stop|turn)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Clip:
    """Frames [start, end) of a recording with its captions.

    ``words`` is the origin of the captions: ``humanml3d`` (a row of the caption table), ``description`` or ``label``
    (phrased by a phrase list), or ``none``.
    """

    id: str
    start: int
    end: int
    captions: tuple[str, ...]
    words: str
    note: str = ""


def captions_count_double(rows: Iterable[CaptionRow], frames: int) -> bool:
    """Whether the rows of a recording of ``frames`` frames end, to three frames, at twice its length."""
    last = max((row.end for row in rows), default=0)
    return frames > MIN_FRAMES and abs(last - 2 * frames) <= 3


def plan(
    trial: Trial, rows: Iterable[CaptionRow], phrases: Sequence[str], first: int, frames: int
) -> tuple[list[Clip], list[Dropped]]:
    """Cut a recording into clips.

    Every caption row is a clip. The frames that no row covers are cut into equal windows of at most MAX_FRAMES, which
    get the phrases where the description is true of the window. A cut (``trial.cut``) is one clip. No clip is shorter
    than MIN_FRAMES, and none between captioned clips shorter than MIN_LEFT_OVER.

    Args:
        trial: the recording.
        rows: its rows of the caption table.
        phrases: captions of its description.
        first: first usable frame.
        frames: length of the recording.

    Returns:
        The clips, and what is dropped.
    """
    if trial.cut:
        if frames - first < MIN_FRAMES:
            return [], [_too_short(trial.id, frames - first)]
        words = "label" if phrases else "none"
        return [Clip(f"{trial.source}_{trial.id}", first, frames, tuple(phrases), words)], []
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
    min_frames = MIN_LEFT_OVER if clips else MIN_FRAMES
    windows = _free_windows(covered)
    for number, (start, end) in enumerate(window for window in windows if window[1] - window[0] >= min_frames):
        captions = tuple(phrases) if _describes(trial.words, end - start, frames - first) else ()
        words = "description" if captions else "none"
        clips.append(Clip(f"{trial.source}_{trial.id}_{number:02d}", start, end, captions, words))
    left = [end - start for start, end in windows if end - start < min_frames]
    if left and clips:
        why = f"{sum(left)} frames between clips, none of {min_frames} in a row"
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
    if part < MIN_DESCRIBED_FRAMES or not _CONTINUOUS.search(words):
        return False
    action = words.split(" - ", 1)[-1]
    return "repeated" in words or not _SEQUENCE.search(action)
