"""Which parts of a recording become clips, and with which captions: pure planning, without motion.

Frames count at 20 fps from the start of the recording, as in HumanML3D's ``index.csv``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from motiongpt.data.recordings import Dropped, Part, Recording, Whole
from motiongpt.motion import HUMANML3D

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

    ``words`` is the origin of the captions: ``humanml3d`` (a row of its caption table), ``table`` (another one),
    ``text file``, ``file name``, ``description`` or ``label`` (of the recording), or ``none``.
    """

    id: str
    start: int
    end: int
    captions: tuple[str, ...]
    words: str
    note: str = ""


def captions_count_double(parts: Iterable[Part], frames: int) -> bool:
    """Whether the captioned parts of a recording of ``frames`` frames end, to three frames, at twice its length."""
    last = max((part.end or 0 for part in parts), default=0)
    return frames > MIN_FRAMES and abs(last - 2 * frames) <= 3


def plan(recording: Recording, first: int, frames: int) -> tuple[list[Clip], list[Dropped]]:
    """Cut a recording into clips.

    Every captioned part is a clip; captions that hold throughout the recording are added to those of HumanML3D. The
    frames that none covers are cut into equal windows of at most MAX_FRAMES, which get the captions of the whole
    recording that are true of the window; so is a part that is longer. A cut (``recording.cut``) is one clip. No clip
    is shorter than MIN_FRAMES, and none between captioned clips shorter than MIN_LEFT_OVER.

    Args:
        recording: the recording with its captions.
        first: first usable frame.
        frames: length of the recording.

    Returns:
        The clips, and what is dropped.
    """
    if recording.cut:
        if frames - first < MIN_FRAMES:
            return [], [_too_short(recording.id, frames - first)]
        captions, words = _true_of(recording.whole, frames - first, frames - first)
        return [Clip(f"{recording.source}_{recording.id}", first, frames, captions, words)], []
    clips, dropped = [], []
    covered = np.zeros(frames, dtype=bool)
    covered[:first] = True
    for part in recording.parts:
        found, fault = _clips_of_part(recording, part, first, frames)
        clips += found
        dropped += fault
        for clip in found:
            covered[clip.start : clip.end] = True
    min_frames = MIN_LEFT_OVER if clips else MIN_FRAMES
    windows = _free_windows(covered)
    for number, (start, end) in enumerate(window for window in windows if window[1] - window[0] >= min_frames):
        captions, words = _true_of(recording.whole, end - start, frames - first)
        clips.append(Clip(f"{recording.source}_{recording.id}_{number:02d}", start, end, captions, words))
    left = [end - start for start, end in windows if end - start < min_frames]
    if left and clips:
        why = f"{sum(left)} frames between clips, none of {min_frames} in a row"
        dropped.append(Dropped(f"{recording.id} left-overs", why))
    elif left:
        dropped.append(_too_short(recording.id, sum(left)))
    return clips, dropped + _unused(recording, clips)


def _clips_of_part(recording: Recording, part: Part, first: int, frames: int) -> tuple[list[Clip], list[Dropped]]:
    """The clip of a captioned part, several of a long one; or why there is none."""
    wanted = frames if part.end is None else part.end
    start, end = max(part.start, first), min(wanted, frames)
    if end - start < (wanted - part.start) / 2 or end <= start:
        where = f"frames {part.start}:{wanted} is not in trial {recording.id} of {frames} frames"
        return [], [Dropped(part.id, f"most of {where}")]
    if end - start < MIN_FRAMES:
        return [], [_too_short(part.id, end - start)]
    if not part.captions:
        return [], [Dropped(part.id, "its row has no captions")]
    same = (start, end) == (part.start, wanted)
    note = "" if same else f"shortened from {part.start}:{wanted} to {start}:{end}"
    # Whoever captioned HumanML3D has not seen the description; a table of one's own says all that it wants to say.
    added = part.words == "humanml3d" and end - start >= MIN_DESCRIBED_FRAMES
    always = [one for one in recording.whole if one.throughout and added]
    if end - start <= MAX_FRAMES:
        captions = tuple(dict.fromkeys((*part.captions, *(text for one in always for text in one.captions))))
        return [Clip(part.id, start, end, captions, part.words, note)], []
    whole = [*(Whole(caption, (caption,), part.words) for caption in part.captions), *always]
    clips = []
    for number, (begin, stop) in enumerate(_windows(start, end)):
        captions, words = _true_of(whole, stop - begin, end - start)
        clips.append(Clip(f"{part.id}_{number:02d}", begin, stop, captions, words, note))
    return clips, []


def _unused(recording: Recording, clips: Sequence[Clip]) -> list[Dropped]:
    """Captions that no clip got although some have none: they describe more than a clip shows."""
    used = {caption for clip in clips for caption in clip.captions}
    given = [one.captions for one in recording.whole] + [part.captions for part in recording.parts]
    lost = any(used.isdisjoint(captions) for captions in given if captions)
    if not lost or all(clip.captions for clip in clips):
        return []
    seconds = f"{MAX_FRAMES / HUMANML3D.fps:g} s"
    why = f"they are about more than the {seconds} that a clip lasts at most: say with start and end what is done when"
    return [Dropped(f"captions of {recording.id}", why)]


def _too_short(what: str, frames: int) -> Dropped:
    return Dropped(what, f"shorter than {MIN_FRAMES} frames ({max(frames, 0)})")


def _free_windows(covered: np.ndarray) -> list[tuple[int, int]]:
    """Uncovered runs, each cut into equal windows of at most MAX_FRAMES."""
    edges = np.flatnonzero(np.diff(np.concatenate([[True], covered, [True]]).astype(int)))
    runs = zip(edges[::2], edges[1::2], strict=True)
    return [window for start, end in runs for window in _windows(int(start), int(end))]


def _windows(start: int, end: int) -> list[tuple[int, int]]:
    count = -(-(end - start) // MAX_FRAMES)
    bounds = np.linspace(start, end, count + 1).round().astype(int).tolist()
    return list(pairwise(bounds))


def _true_of(wholes: Sequence[Whole], part: int, whole: int) -> tuple[tuple[str, ...], str]:
    """Those captions of ``whole`` frames that are true of ``part`` of them, and their origin."""
    true = [one for one in wholes if one.captions and _describes(one, part, whole)]
    return tuple(caption for one in true for caption in one.captions), true[0].words if true else "none"


def _describes(one: Whole, part: int, whole: int) -> bool:
    """Whether the description of a recording of ``whole`` frames is true of a part of ``part`` frames."""
    if part >= WHOLE * whole:
        return True
    if part < MIN_DESCRIBED_FRAMES or not (one.throughout or _CONTINUOUS.search(one.text)):
        return False
    action = one.text.split(" - ", 1)[-1]
    return one.throughout or "repeated" in one.text or not _SEQUENCE.search(action)
