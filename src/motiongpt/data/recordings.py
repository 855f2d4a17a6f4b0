"""Recordings: what the builder knows of each, and how tables, sidecar files and file names add to it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from motiongpt.data.captions import PhraseList, sidecar_captions, spaced, words_of_name
from motiongpt.data.tables import Row, parts
from motiongpt.formats import READERS
from motiongpt.motion import HUMANML3D

# What follows the name of a recording in the names of its mirror image, or of the same motion in place or as a loop.
_VARIANT = re.compile(r"[_\-. ](mirror(ed)?|flip(ped)?|rm|in_?place|loop(ed)?)$")


@dataclass(frozen=True)
class Dropped:
    """Something that is not in the data set, or is remarkable in it, and the reason."""

    what: str
    why: str


@dataclass(frozen=True)
class Part:
    """Frames [start, end) at 20 fps of a recording (None: to its end) with captions of their own."""

    id: str
    start: int
    end: int | None
    captions: tuple[str, ...]
    words: str


@dataclass(frozen=True)
class Whole:
    """Captions of a whole recording.

    Attributes:
        text: what they say in a few words, which decides of which parts they are true too.
        captions: the sentences.
        words: their origin, see :class:`motiongpt.data.clips.Clip`.
        throughout: whether they are true of every part, those with captions of their own too.
    """

    text: str
    captions: tuple[str, ...]
    words: str
    throughout: bool = False


@dataclass(frozen=True)
class Recording:
    """A recording. The builder knows nothing else of its source.

    Attributes:
        id: its name, unique in its source: CMU trial (``16_11``), HDM05 cut (``bd_squat1Reps_001``), path as a word.
        source: name of the source; phrase lists name it too.
        path: the motion file.
        file: its path below the folder of the source, without that of an archive, with "/".
        options: of the reader, such as fps, unit, up, joint_map, clip, skeleton.
        capture: recordings with the same capture are the same one in two files and share a split.
        description: a few words such as CMU's one-line description or HDM05's class; may be empty.
        licence: terms of the recording.
        cut: whether it shows a single action, named by its class: it becomes one clip, and each class is spread over
            the splits.
        lead_in: look for frames of a converter at the beginning.
        doubtful_fps: look for signs that the frame rate is twice the true one.
        named: whether the names of its file and animations say what is done, where nothing else does.
        labelled: whether its description, or its name without one, says it.
        splits: where tables place it.
        parts, whole: its captions.
    """

    id: str
    source: str
    path: Path
    file: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    capture: str = ""
    description: str = ""
    licence: str = ""
    cut: bool = False
    lead_in: bool = False
    doubtful_fps: bool = False
    named: bool = False
    labelled: bool = False
    splits: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    whole: tuple[Whole, ...] = ()

    @property
    def captioned(self) -> bool:
        """Whether it has captions already."""
        return bool(self.whole or self.parts)

    @property
    def captioned_as_one(self) -> bool:
        """Whether a table or a text file describes its file, and not the animations in it one by one."""
        return bool(self.parts) or any(one.words != "file name" for one in self.whole)

    def take(self, clip: str) -> Recording:
        """One animation of its file, a recording of its own."""
        word = re.sub(r"\W+", "_", clip).strip("_") or "clip"
        return replace(
            self,
            id=f"{self.id}_{word}",
            capture=f"{self.capture} {without_variant(clip)}",
            options={**self.options, "clip": clip},
            whole=_named(clip) if self.named else (),
        )


def without_variant(name: str) -> str:
    """The name that variants of one recording share: without "_mirrored", "_RM" and the like."""
    return _VARIANT.sub("", name.lower())


def _named(name: str, words: str = "file name") -> tuple[Whole, ...]:
    text = words_of_name(name)
    return (Whole(text, (text,), words),) if text else ()


def add_rows(recordings: Sequence[Recording], rows: Iterable[Row]) -> tuple[list[Recording], list[Dropped]]:
    """Recordings with what the rows of tables say about them; and rows that are about no recording.

    A row that names an animation makes a recording of it. Of several files of one id, as in the archives of CMU, that
    of the format that a row names is kept, else the first.
    """
    found: dict[Path, list[Row]] = defaultdict(list)
    finder = _Finder(recordings)
    missing: dict[tuple[str, str], Dropped] = {}
    for row in rows:
        matches = finder.find(row)
        if len({recording.capture for recording in matches}) > 1:
            names = ", ".join(sorted(recording.file for recording in matches)[:3])
            missing[row.file, row.where] = Dropped(
                row.file, f"{row.where} could be about {names}: give the path below the folder of motion files"
            )
        elif matches:
            for recording in matches:
                found[recording.path].append(row)
        elif not row.published:
            missing.setdefault((row.file, ""), Dropped(row.file, f"{row.where} names it, but there is no such file"))
    result: list[Recording] = []
    by_id: dict[tuple[str, str], list[Recording]] = defaultdict(list)
    for recording in recordings:
        by_id[recording.source, recording.id].append(recording)
    for same in by_id.values():
        formats = {row.format for row in found[same[0].path]}
        recording = next((one for one in same if one.path.suffix.lower().lstrip(".") in formats), same[0])
        result += _with_rows(recording, found[recording.path])
    return result, list(missing.values())


class _Finder:
    """Finds the recordings that a row may be about: the path of one ends like that of the other."""

    def __init__(self, recordings: Iterable[Recording]) -> None:
        self._by_name: dict[str, list[tuple[tuple[str, ...], Recording]]] = defaultdict(list)
        for recording in recordings:
            path = parts(recording.file, READERS)
            self._by_name[path[-1]].append((path, recording))
            if recording.id.lower() != path[-1]:
                self._by_name[recording.id.lower()].append(((recording.id.lower(),), recording))

    def find(self, row: Row) -> list[Recording]:
        path = parts(row.file, READERS)
        if not path:
            return []
        fitting = [
            (known, recording)
            for known, recording in self._by_name.get(path[-1], ())
            if all(one == other for one, other in zip(reversed(path), reversed(known), strict=False))
        ]
        suffix = Path(row.file).suffix.lower()
        if suffix in READERS and any(recording.path.suffix.lower() == suffix for _, recording in fitting):
            fitting = [(known, one) for known, one in fitting if one.path.suffix.lower() == suffix]
        exact = [recording for known, recording in fitting if known == path]
        return exact or [recording for _, recording in fitting]


def _with_rows(recording: Recording, rows: Sequence[Row]) -> list[Recording]:
    """The recording with its rows; or one recording for each animation that they name."""
    clips = list(dict.fromkeys(row.clip for row in rows if row.clip))
    if clips:
        result = []
        for clip in clips:
            own = [replace(row, clip="") for row in rows if row.clip in ("", clip)]
            result += _with_rows(replace(recording.take(clip), whole=()), own)
        return result
    options = dict(recording.options)
    for row in rows:
        options |= row.options
    capture = next((row.capture for row in rows if row.capture), "")
    wholes = [caption for row in rows if not row.part for caption in row.captions]
    return [
        replace(
            recording,
            options=options,
            capture=f"{recording.source} {capture}" if capture else recording.capture,
            description=next((row.description for row in rows if row.description), recording.description),
            splits=tuple(sorted({*recording.splits, *(row.split for row in rows if row.split)})),
            whole=(*recording.whole, *(Whole(caption, (caption,), "table") for caption in wholes)),
            parts=(*recording.parts, *_parts(recording, (row for row in rows if row.part), "table")),
        )
    ]


def add_own_words(recording: Recording, lists: Mapping[str, PhraseList]) -> tuple[Recording, list[Dropped]]:
    """The recording with captions of its description, of the .txt beside its file, or of its name; and lines dropped.

    The text file and the name count where there are no captions yet. Where names say what is done, a phrase list takes
    them for descriptions.
    """
    name = str(recording.options.get("clip") or recording.path.stem)
    if recording.source in lists:
        phrases = lists[recording.source]
        place = recording.path.stem if "clip" in recording.options else recording.path.parent.name
        own_name = f"{place}: {name.rpartition('|')[2]}" if recording.named else ""
        description = recording.description or own_name
        captions = tuple(phrases.captions(description)) if description else ()
        # In lower case with spaces, "SadWalk" is a walk.
        text, throughout = spaced(description), phrases.holds_throughout(description)
        own = (Whole(text, captions, "label" if recording.cut else "description", throughout),)
        return replace(recording, whole=(*recording.whole, *own) if captions else recording.whole), []
    if recording.labelled and not recording.whole:
        return replace(recording, whole=_named(recording.description or recording.path.stem, "label")), []
    if recording.captioned or not recording.named:
        return recording, []
    sidecar, faults = sidecar_captions(recording.path.with_suffix(".txt"))
    whole = tuple(Whole(one.text, (one.text,), "text file") for one in sidecar if one.whole)
    rows = [
        Row("", "", (one.text,), round(one.start * HUMANML3D.fps), round(one.end * HUMANML3D.fps), part=True)
        for one in sidecar
        if not one.whole
    ]
    found = replace(recording, whole=whole, parts=_parts(recording, rows, "text file"))
    if not found.captioned:
        found = replace(recording, whole=_named(name))
    return found, [Dropped(recording.file, fault) for fault in faults]


def _parts(recording: Recording, rows: Iterable[Row], words: str) -> tuple[Part, ...]:
    """Rows about parts; those of the same part and id together."""
    found: dict[tuple[str, int, int | None], Part] = {}
    for row in rows:
        end = "end" if row.end is None else f"{row.end:05d}"
        name = row.id or f"{recording.source}_{recording.id}_{row.start:05d}_{end}"
        key = (name, row.start, row.end)
        known = found.get(key, Part(name, row.start, row.end, (), "humanml3d" if row.published else words))
        found[key] = replace(known, captions=(*known.captions, *row.captions))
    return tuple(sorted(found.values(), key=lambda part: (part.start, part.end or 1 << 30, part.id)))
