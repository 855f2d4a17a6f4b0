"""Building a HumanML3D-layout data set from motion files: ``build(motions={"own": [folder]}, out=...)``.

Every recording is read, resampled to 20 fps, retargeted to HumanML3D's proportions and cut into clips
(motiongpt.data.clips). Every clip is stored canonically (floor, origin, facing +Z) as features and joints with
captions, and once more mirrored, as ``M<id>``. Besides the layout of motiongpt.data.layout the folder has
``report.json`` and ``report.md`` (what was built, dropped and noted), and ``.build/`` (markers of finished recordings,
for resuming).
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter1d

from motiongpt import formats
from motiongpt.data.captions import PhraseList, read_phrase_lists
from motiongpt.data.clips import captions_count_double, plan
from motiongpt.data.jobs import JobFolder, check_workers, run_jobs
from motiongpt.data.layout import FEATURES, JOINTS, SPLITS, TEXTS, UNEVEN, write_index
from motiongpt.data.recordings import Dropped, Part, Recording, add_own_words, add_rows
from motiongpt.data.sources import find, read_source
from motiongpt.data.splits import assign_splits
from motiongpt.data.tables import read_rows
from motiongpt.data.texts import write_captions
from motiongpt.errors import MotionGPTError
from motiongpt.files import atomic_path
from motiongpt.formats.reading import Reading
from motiongpt.motion import HUMANML3D, FeatureLayout, Motion, features_to_joints
from motiongpt.text.captions import mirror_caption

Paths = str | Path | Sequence[str | Path]
# Part of every key: raise it when the same input should give other clips.
_RECIPE = 3
# Converters put the rest pose before a recording, and some blend it into the first frames. Jumps of the pose within
# these source frames are taken for that (metres per frame, joints relative to the root).
_LEADING_FRAMES = 12
_LEADING_JUMP = 0.08
# m/s^2: in flight a torso accelerates downwards at about 10, in wild dance leaps at up to 20.
_IMPOSSIBLE_FALL = 25.0
# Metres: no joint moves as far between two frames at 20 fps (30 m/s); the marker solver has lost the body.
_MAX_STEP = 1.5
# Metres: a pelvis below this is noted.
_LOW_PELVIS = 0.6
# A body that rests higher than this above the floor for longer than any leap lasts stands, sits or hangs on something:
# at rest for some frames, or up there for a second.
_RAISED = 0.15
_RAISED_FRAMES = 20
_RESTING_FRAMES = 8
_RESTING_SPEED = 0.3
# The lowest frames may be errors of the marker solver.
_FLOOR_PERCENTILE = 5
# Metres: who walks gets further than this from where a clip begins. At the ends of a long recording people stand.
_NO_TRAVEL = 0.4
_GAIT = re.compile(
    r"\b(walk|run|jog|march|strid|limp|hobbl|crawl|skip|strut|stroll|saunter|swagger)(s|es|ing)?\b"
    r"(?!.* (in place|on the spot))"
)
# Longer recordings have a wrong frame rate; resampling them would fill the memory.
_MAX_HOURS = 6
# Names of clips that share a reason, in the printed report.
_NAMED = 5


@dataclass
class BuildReport:
    """Result of a build.

    Attributes:
        out: the data set.
        trials: recordings found; ``trials_used`` of them gave at least one clip.
        resumed: recordings that an earlier run had finished.
        clips: clips without their mirror images; there are twice as many files.
        captions: captions of these clips.
        minutes: length of these clips (clips of one recording may overlap).
        raw_minutes: length of all readable recordings.
        seconds: wall time of this run.
        splits: clips, minutes and captions by split, without mirror images.
        words: clips by the origin of their captions, see motiongpt.data.clips.Clip.
        unphrased: clips without captions whose recording has a description, by source; no phrase list of that source
            was given.
        uneven: clips in which the body rests on something above the floor: stairs, ladders, high seats, bars.
        dropped: what is not in the data set, and why.
        notes: what is in it but is remarkable (guessed by a reader, shortened, another frame rate, lying, at a height).
    """

    out: str
    trials: int = 0
    trials_used: int = 0
    resumed: int = 0
    clips: int = 0
    captions: int = 0
    minutes: float = 0.0
    raw_minutes: float = 0.0
    seconds: float = 0.0
    splits: dict[str, dict[str, float]] = field(default_factory=dict)
    words: dict[str, int] = field(default_factory=dict)
    unphrased: dict[str, int] = field(default_factory=dict)
    uneven: int = 0
    dropped: list[Dropped] = field(default_factory=list)
    notes: list[Dropped] = field(default_factory=list)

    @property
    def speed(self) -> float:
        """Recorded time over wall time; meaningless for a resumed build."""
        return self.raw_minutes * 60 / self.seconds if self.seconds else 0.0

    @property
    def advice(self) -> list[str]:
        """Sentences about captions that are missing or only names."""
        found = [
            f"{clips} clips of {source} have a description but no captions: pass a phrase list of {source}."
            for source, clips in self.unphrased.items()
        ]
        if clips := self.words.get("none", 0) - sum(self.unphrased.values()):
            found.append(f"{clips} clips have no captions: they train the tokenizer only.")
        if clips := self.words.get("file name", 0):
            found.append(
                f"The captions of {clips} clips are the words of file names: better ones can be given in a table "
                "(--captions) or in .txt files beside the motion files."
            )
        return found

    def markdown(self) -> str:
        """The report as Markdown."""
        pace = f"{self.resumed} recordings were finished before" if self.resumed else f"{self.speed:.0f}x real time"
        words = ", ".join(f"{origin} {clips} clips" for origin, clips in self.words.items())
        uneven = f" {self.uneven} clips leave the flat floor (column floor of clips.csv)." if self.uneven else ""
        lines = [
            "# Data set report",
            "",
            f"{self.clips} clips ({self.minutes:.1f} minutes, {self.captions} captions) and as many mirrored ones, "
            f"from {self.trials_used} of {self.trials} recordings ({self.raw_minutes:.1f} minutes), in "
            f"{self.seconds:.1f} s ({pace}). Origin of the captions: {words}.{uneven}",
            *(line for advice in self.advice for line in ("", advice)),
            "",
            "| split | clips | minutes | captions |",
            "|---|---|---|---|",
        ]
        for split, row in self.splits.items():
            lines.append(f"| {split} | {row['clips']:.0f} | {row['minutes']:.1f} | {row['captions']:.0f} |")
        for title, entries in (("Dropped", self.dropped), ("Noted", self.notes)):
            lines += ["", f"## {title} ({len(entries)})", ""]
            lines += [f"- {line}" for line in by_reason(entries)]
        return "\n".join(lines) + "\n"


def by_reason(entries: Iterable[Dropped], *, short: bool = False) -> list[str]:
    """A line for each reason, with all that it is about.

    Args:
        short: reasons that differ in numbers alone share a line, with the first of them and the first few names.
    """
    reasons: dict[str, list[Dropped]] = {}
    for entry in entries:
        reasons.setdefault(re.sub(r"\d[\d.:]*", "0", entry.why) if short else entry.why, []).append(entry)
    lines = []
    for same in reasons.values():
        shown = same[:_NAMED] if short else same
        more = f" and {len(same) - len(shown)} more" if len(same) > len(shown) else ""
        lines.append(f"{', '.join(entry.what for entry in shown)}{more}: {same[0].why}")
    return lines


def build(
    *,
    out: str | Path,
    motions: Mapping[str, Sequence[str | Path]] | None = None,
    captions: Paths = (),
    options: Mapping[str, Any] | None = None,
    cmu: str | Path | None = None,
    trials: Paths = (),
    hdm05: str | Path | None = None,
    phrases: Paths = (),
    flat_floor: bool = False,
    workers: int | None = None,
    seed: int = 0,
    progress: bool = True,
) -> BuildReport:
    """Build a data set, or resume an interrupted build.

    Args:
        out: folder of the data set, new or begun by this function.
        motions: folders of motion files, or of archives of them, by their source: "own" for files of any kind, another
            packaged description of motiongpt.data.sources, or a YAML file with one.
        captions: tables with captions, frame rates, splits and so on (motiongpt.data.tables).
        options: of the readers for all files of "own": fps, unit, up, joint_map. Tables come first.
        cmu: a folder of CMU trials, as in ``motions``.
        trials: tables of CMU trials, by default every ``<cmu>/trials*.csv``.
        hdm05: a folder of HDM05 cuts, as in ``motions``. They are CC BY-SA, and so is what is built with them.
        phrases: phrase lists (motiongpt.data.captions.PhraseList), one per source. Without one, the descriptions of a
            source give no captions.
        flat_floor: leave out clips in which the body rests on something above the floor, such as stairs or a ladder.
        workers: processes, by default one per core; the result does not depend on it.
        seed: random seed of the splits of recordings that no table places.
        progress: show a progress bar on a terminal.

    Raises:
        MotionGPTError: there is nothing to build from, a table or phrase list is broken, ``out`` holds another data
            set, or no recording is usable.
    """
    started = time.perf_counter()
    out = Path(out)
    check_workers(workers)
    folders = [(read_source(name), folder) for name, some in (motions or {}).items() for folder in some]
    folders += [(read_source(name), folder) for name, folder in (("cmu", cmu), ("hdm05", hdm05)) if folder is not None]
    if not folders:
        raise MotionGPTError("Give raw motion to build from: --motions DIR, --cmu DIR or --hdm05 DIR.")
    if trials and "cmu" not in {source.name for source, _ in folders}:
        raise MotionGPTError("Tables of trials (--trials) belong to CMU trials: give their folder too (--cmu).")
    if options and "own" not in {source.name for source, _ in folders}:
        raise MotionGPTError("--fps, --unit, --up and --joint-map are about the files of --motions DIR: give it too.")
    lists = read_phrase_lists(_paths(phrases))
    rows = [row for table in _paths(captions) for row in read_rows(table)]
    folder = JobFolder(out, ".build")
    found: list[Recording] = []
    dropped: list[Dropped] = []
    for source, place in folders:
        if source.name == "own":
            source = replace(source, options=options or {})
        taken = {one.id for one in found if one.source == source.name}
        tables = _paths(trials) if source.name == "cmu" else ()
        more, lacking = find(source, place, out, tables=tables, taken=taken)
        found, dropped = found + more, dropped + lacking
    if unused := sorted(set(lists) - {recording.source for recording in found}):
        raise MotionGPTError(f"There is a phrase list for {unused[0]}, but no recording of {unused[0]}: leave it out.")
    found, lacking = add_rows(found, rows)
    worded = [add_own_words(recording, lists) for recording in found]
    report = BuildReport(str(out), dropped=dropped + lacking + [fault for _, faults in worded for fault in faults])
    folder.create((FEATURES, JOINTS, TEXTS))
    jobs = [_Job(recording, out, lists.get(recording.source), flat_floor) for recording, _ in worded]
    results = run_jobs(jobs, workers, label="recordings", progress=progress)
    takes = [
        (job.recording.take(values["take"]) if values["take"] else job.recording, values)
        for job, result in zip(jobs, results, strict=True)
        for values in result.values["takes"]
    ]
    report.trials, report.resumed = len(takes), sum(result.resumed for result in results)
    table = _table(takes, assign_splits((recording for recording, _ in takes), seed), report)
    report.unphrased = _unphrased(table, takes, lists)
    if not table:
        first = f"; the first: {report.dropped[0].what}: {report.dropped[0].why}" if report.dropped else ""
        raise MotionGPTError(f"None of the {len(takes)} recordings could be used{first}")
    _finish(out, table)
    shutil.rmtree(out / ".cache", ignore_errors=True)
    report.seconds = time.perf_counter() - started
    folder.write_report({**asdict(report), "speed": report.speed}, report.markdown())
    return report


def _paths(given: Paths) -> list[Path]:
    return [Path(given)] if isinstance(given, (str, Path)) else [Path(path) for path in given]


def _unphrased(
    table: Iterable[Mapping[str, Any]], takes: Iterable[tuple[Recording, Any]], lists: Mapping[str, PhraseList]
) -> dict[str, int]:
    """Clips without captions of recordings with a description, by source, where there is no phrase list."""
    described = {
        (one.source, one.id) for one, _ in takes if one.description and not one.labelled and one.source not in lists
    }
    return dict(
        Counter(
            row["source"]
            for row in table
            if row["caption_source"] == "none" and (row["source"], row["trial"]) in described
        )
    )


@dataclass(frozen=True)
class _Job:
    """One recording, or all animations of a file: clips, in features, joints and captions, and their mirror images."""

    recording: Recording
    out: Path
    phrases: PhraseList | None = None
    flat_floor: bool = False

    units = 1

    @property
    def marker(self) -> Path:
        return self.out / ".build" / f"{self.recording.source}_{self.recording.id}.json"

    @property
    def cost(self) -> float:
        return self.recording.path.stat().st_size

    def key(self) -> str:
        digest = hashlib.blake2b(digest_size=16)
        options = dict(self.recording.options)
        # Files count by what is in them, not by where they are.
        for path in (self.recording.path, options.pop("skeleton", None), options.pop("joint_map", None)):
            if path is not None:
                try:
                    digest.update(Path(path).read_bytes())
                except OSError:
                    digest.update(b"unreadable")
        rest = {**asdict(self.recording), "path": "", "file": "", "options": options, "recipe": _RECIPE}
        # Elsewhere the captions of the list are those of the recording.
        if self.phrases and (self.phrases.only or self.recording.named):
            rest["phrases"] = vars(self.phrases)
        if self.flat_floor:
            rest["flat_floor"] = True
        digest.update(json.dumps(rest).encode())
        return digest.hexdigest()

    def run(self) -> dict[str, Any]:
        """``takes``: what became of the recording, or of each animation of a file whose animations have no captions."""
        takes = [_take("")]
        with _reported(takes[0], self.recording):
            reading = formats.inspect(self.recording.path, **self.recording.options)
            if len(reading.clips) < 2 or "clip" in self.recording.options or self.recording.captioned_as_one:
                self._build(self.recording, reading, takes[0])
            else:
                takes = [self._animation(name) for name in reading.clips]
        return {"takes": takes}

    def _animation(self, name: str) -> dict[str, Any]:
        take, recording = _take(name), self.recording.take(name)
        if self.phrases:
            recording, _ = add_own_words(replace(recording, whole=()), {recording.source: self.phrases})
        with _reported(take, recording):
            self._build(recording, formats.inspect(recording.path, **recording.options), take)
        return take

    def _build(self, recording: Recording, reading: Reading, take: dict[str, Any]) -> None:
        if self.phrases and self.phrases.only:
            if not recording.captioned:
                raise MotionGPTError(f"the phrase list of {recording.source} leaves it out")
            if reading.motion.seconds < self.phrases.min_seconds:
                raise MotionGPTError(f"shorter than the {self.phrases.min_seconds:g} s of the phrase list")
        _build_recording(recording, reading, self.out, take, self.flat_floor)

    def files_exist(self, result: dict[str, Any]) -> bool:
        return all(
            (self.out / folder / f"{name}{suffix}").is_file()
            for take in result["takes"]
            for clip in take["clips"]
            for name in (clip["id"], f"M{clip['id']}")
            for folder, suffix in ((FEATURES, ".npy"), (JOINTS, ".npy"), (TEXTS, ".txt"))
        )


def _take(name: str) -> dict[str, Any]:
    return {"take": name, "fps": 0.0, "seconds": 0.0, "clips": [], "dropped": [], "notes": []}


@contextmanager
def _reported(take: dict[str, Any], recording: Recording) -> Iterator[None]:
    """Put an error into the report: one strange file among thousands must not lose the others."""
    try:
        yield
    except MotionGPTError as error:
        take["dropped"].append([recording.id, str(error)])
    except Exception as error:
        reason = f"{recording.path} cannot be used ({type(error).__name__}: {error})."
        take["dropped"].append([recording.id, reason])


def _build_recording(recording: Recording, reading: Reading, out: Path, take: dict[str, Any], flat_floor: bool) -> None:
    raw = reading.motion
    take["notes"] += [[recording.id, remark] for remark in reading.remarks]
    if raw.skeleton is not HUMANML3D:
        joints = f"the joints of {raw.skeleton.name}, and the data set those of {HUMANML3D.name}"
        raise MotionGPTError(f"{recording.path} has {joints}.")
    if raw.seconds > _MAX_HOURS * 3600:
        raise MotionGPTError(
            f"{recording.path} would last {raw.seconds / 3600:.0f} hours at {raw.fps:g} frames per second; give the "
            "true frame rate with --fps or in the column fps of the table."
        )
    lead = _leading_frames(raw.joints) if recording.lead_in else 0
    reason = _double_rate(raw, lead, recording.parts) if recording.doubtful_fps else ""
    if reason:
        raw = replace(raw, fps=raw.fps / 2)
        take["notes"].append([recording.id, f"taken at {raw.fps:g} fps instead of {2 * raw.fps:g}: {reason}"])
    if lead:
        take["notes"].append([recording.id, f"its first {lead} frames are left out: the pose jumps in them"])
    take["fps"], take["seconds"] = raw.fps, raw.seconds
    first = int(np.ceil(lead * HUMANML3D.fps / raw.fps))
    motion = raw.resample(HUMANML3D.fps).retargeted()
    clips, dropped = plan(recording, first, len(motion))
    take["dropped"] += [[entry.what, entry.why] for entry in dropped]
    for clip in clips:
        cut = motion[clip.start : clip.end]
        steps = np.linalg.norm(np.diff(cut.joints, axis=0), axis=-1).max(1)
        if steps.max() > _MAX_STEP:
            frame = clip.start + int(steps.argmax())
            take["dropped"].append([clip.id, f"the body jumps {steps.max():.1f} m at frame {frame} of {recording.id}"])
            continue
        floor = _floor(cut.joints)
        if floor == UNEVEN and flat_floor:
            take["dropped"].append([clip.id, "the body rests on something above the floor"])
            continue
        if clip.words == "description" and _stays(cut.joints, clip.captions):
            take["dropped"].append([f"captions of {clip.id}", "they speak of walking, but the body stays where it is"])
            clip = replace(clip, captions=(), words="none")
        features = _write_clip(out, clip.id, cut, clip.captions)
        _write_clip(out, f"M{clip.id}", cut.mirrored(), [mirror_caption(text) for text in clip.captions])
        notes = ([clip.note] if clip.note else []) + _remarks(features, floor)
        take["notes"] += [[clip.id, note] for note in notes]
        take["clips"].append(
            {
                "id": clip.id,
                "start": clip.start,
                "end": clip.end,
                "captions": len(clip.captions),
                "words": clip.words,
                "floor": floor,
                "note": "; ".join(notes),
            }
        )


def _leading_frames(joints: np.ndarray) -> int:
    """Number of source frames at the start that a converter or the marker solver has corrupted.

    The rest pose before a recording, frames blended with it, or a first frame that faces elsewhere show as jumps of the
    pose. Three more frames cover what smoothing leaves after the last jump.
    """
    pose = joints - joints[:, :1]
    steps = np.linalg.norm(np.diff(pose[: 3 * _LEADING_FRAMES], axis=0), axis=-1).max(1)
    if len(steps) <= _LEADING_FRAMES:
        return 0
    usual = float(np.median(steps[_LEADING_FRAMES:]))
    lead = steps[:_LEADING_FRAMES]
    if lead.max() <= max(_LEADING_JUMP, 4 * usual):
        return 0
    return int(np.flatnonzero(lead > max(_LEADING_JUMP / 2, 2 * usual))[-1]) + 4


def _double_rate(raw: Motion, lead: int, parts: Iterable[Part]) -> str:
    """Why a recording must have half its stated frame rate; empty if it need not.

    File headers and tables give 120 fps for some recordings of CMU at 60 fps. HumanML3D took its rates from the
    original marker files, so its caption rows then end at twice the length of the recording; and bodies fall too fast.
    """
    if captions_count_double(parts, int(raw.seconds * HUMANML3D.fps)):
        return "its captions end at twice its length"
    if len(raw) - lead < raw.fps / 4:
        return ""
    torso = raw[lead:].resample(60.0).joints[:, [HUMANML3D.index(name) for name in _TORSO], 1].mean(1)
    fall = -np.diff(gaussian_filter1d(torso.astype(np.float64), 2), 2) * 60**2
    fastest = float(np.percentile(fall, 98))
    return f"it falls at {fastest:.0f} m/s2" if fastest > _IMPOSSIBLE_FALL else ""


_TORSO = ("pelvis", "left_hip", "right_hip", "spine3")


def _stays(joints: np.ndarray, captions: Sequence[str]) -> bool:
    """Whether most captions speak of a gait, and the root of (T, J, 3) hardly leaves its place."""
    path = joints[:, 0, [0, 2]]
    gaits = sum(bool(_GAIT.search(caption)) for caption in captions)
    return gaits > len(captions) / 2 and float(np.linalg.norm(path - path[0], axis=-1).max()) < _NO_TRAVEL


def _floor(joints: np.ndarray) -> str:
    """``uneven`` if the body of (T, J, 3) rests on something above the floor, else ``flat``."""
    heights = joints[..., 1].min(1)
    raised = heights - np.percentile(heights, _FLOOR_PERCENTILE) > _RAISED
    velocities = np.gradient(joints, axis=0)[np.arange(len(joints)), joints[..., 1].argmin(1)] * HUMANML3D.fps
    resting = raised & (np.linalg.norm(velocities, axis=-1) < _RESTING_SPEED)
    uneven = _longest(resting) >= _RESTING_FRAMES or _longest(raised) >= _RAISED_FRAMES
    return UNEVEN if uneven else "flat"


def _longest(frames: np.ndarray) -> int:
    """Length of the longest run of true frames."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], frames, [False]]).astype(int)))
    return int(np.diff(edges)[::2].max(initial=0))


def _remarks(features: np.ndarray, floor: str) -> list[str]:
    """Notes about a clip for the report."""
    layout = FeatureLayout(HUMANML3D)
    remarks = []
    pelvis = float(np.median(features[:, layout.root_height]))
    if pelvis < _LOW_PELVIS:
        remarks.append(f"low: the pelvis is mostly at {pelvis:.2f} m (lying, sitting, crouching)")
    if floor == UNEVEN:
        remarks.append("the body rests on something above the floor for a while (stairs, ladder, high seat, bar)")
    return remarks


def _write_clip(out: Path, name: str, motion: Motion, captions: Iterable[str]) -> np.ndarray:
    features = motion.features()
    if not np.isfinite(features).all():
        raise MotionGPTError(f"The features of clip {name} are not finite.")
    with atomic_path(out / FEATURES / f"{name}.npy") as path:
        np.save(path, features)
    # As in the published data: the joints recovered from the features, not those of the recording.
    with atomic_path(out / JOINTS / f"{name}.npy") as path:
        np.save(path, features_to_joints(features))
    write_captions(out / TEXTS / f"{name}.txt", captions)
    return features


def _table(
    takes: Sequence[tuple[Recording, Mapping[str, Any]]], splits: Mapping[str, str], report: BuildReport
) -> list[dict[str, Any]]:
    """Rows of clips.csv without the mirrored clips; fills the report."""
    table: list[dict[str, Any]] = []
    owners: dict[str, str] = {}
    counts: dict[str, Counter[str]] = {split: Counter() for split in SPLITS}
    words: Counter[str] = Counter()
    for recording, values in takes:
        report.raw_minutes += values["seconds"] / 60
        report.trials_used += bool(values["clips"])
        report.dropped += [Dropped(*entry) for entry in values["dropped"]]
        report.notes += [Dropped(*entry) for entry in values["notes"]]
        split = splits[recording.capture]
        for clip in values["clips"]:
            if clip["id"] in owners:
                raise MotionGPTError(
                    f"Clip {clip['id']} comes from both {owners[clip['id']]} and {recording.id}: ids must be unique."
                )
            owners[clip["id"]] = recording.id
            report.uneven += clip["floor"] == UNEVEN
            frames = clip["end"] - clip["start"]
            counts[split].update(clips=1, frames=frames, captions=clip["captions"])
            words[clip["words"]] += 1
            table.append(
                {
                    "id": clip["id"],
                    "trial": recording.id,
                    "source": recording.source,
                    "format": recording.path.suffix[1:].lower(),
                    "source_fps": f"{values['fps']:g}",
                    "start_frame": clip["start"],
                    "end_frame": clip["end"],
                    "frames": frames - 1,
                    "split": split,
                    "caption_source": clip["words"],
                    "captions": clip["captions"],
                    "capture": recording.capture,
                    "mirrored": 0,
                    "floor": clip["floor"],
                    "licence": recording.licence,
                    "note": clip["note"],
                }
            )
    for split, count in counts.items():
        minutes = count["frames"] / HUMANML3D.fps / 60
        report.splits[split] = {"clips": count["clips"], "minutes": minutes, "captions": count["captions"]}
        report.clips += count["clips"]
        report.captions += count["captions"]
        report.minutes += minutes
    report.words = dict(sorted(words.items()))
    return table


def _finish(out: Path, table: list[dict[str, Any]]) -> None:
    """Write what is about the data set as a whole; the table has no mirrored clips yet."""
    rows = [row for clip in table for row in (clip, {**clip, "id": f"M{clip['id']}", "mirrored": 1})]
    splits = {split: [row["id"] for row in rows if row["split"] == split] for split in SPLITS}
    if not splits["train"]:
        raise MotionGPTError("No clip is in the train split, so there is nothing to train on: add recordings.")
    write_index(out, splits, rows, (FEATURES, JOINTS, TEXTS))
