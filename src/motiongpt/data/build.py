"""Building a HumanML3D-layout data set from raw motion capture: ``build(cmu=..., captions=..., out=...)``.

Every recording is read, brought to 20 fps and to HumanML3D's proportions, cut into clips (motiongpt.data.clips), and
every clip is stored canonically (floor, origin, facing +Z) as features and joints, with captions, and again mirrored
as ``M<id>``. Besides the layout of motiongpt.data.layout the folder gets ``clips.csv`` (where every clip comes from),
``report.json`` and ``report.md`` (what was built, dropped and noted), and ``.build/`` (what is done, for resuming).
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shutil
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from scipy.ndimage import gaussian_filter1d

from motiongpt import formats
from motiongpt.data.clips import CaptionRow, captions_count_double, plan, read_caption_rows
from motiongpt.data.layout import FEATURES, JOINTS, SPLITS, TEXTS
from motiongpt.data.sources import Dropped, Trial, find_cmu, find_hdm05
from motiongpt.data.splits import assign_splits
from motiongpt.data.texts import write_captions
from motiongpt.errors import MotionGPTError
from motiongpt.files import atomic_path, run_all
from motiongpt.motion import HUMANML3D, FeatureLayout, Motion, Skeleton, features_to_joints
from motiongpt.text.captions import mirror_caption

# Part of every "done" marker: raise it when the same input should give other clips.
_RECIPE = 1
# Converters put the rest pose before a recording and some blend it into the first frames; jumps of the pose within
# these many source frames are taken for that (metres a frame, joints relative to the root).
_LEADING_FRAMES = 12
_LEADING_JUMP = 0.08
# m/s^2: in flight a torso accelerates downwards at about 10, in wild dance leaps at up to 20.
_IMPOSSIBLE_FALL = 25.0
# No joint moves so far between two frames at 20 fps (30 m/s): the marker solver lost the body there.
_BREAK = 1.5
# Metres; what is noted in the report.
_LOW_PELVIS = 0.6
_HIGH_FEET = 0.2

CLIP_COLUMNS = (
    "id", "trial", "source", "format", "source_fps", "start_frame", "end_frame", "frames", "split", "caption_source",
    "captions", "capture", "mirrored", "licence", "note",
)  # fmt: skip


@dataclass
class BuildReport:
    """What a build did.

    Attributes:
        out: the data set.
        trials: recordings found; ``trials_used`` of them gave at least one clip.
        resumed: recordings that an earlier run had done.
        clips: clips without their mirrored twins; files are twice as many.
        captions: captions of these clips.
        minutes: length of these clips (clips of one recording may overlap).
        raw_minutes: length of all recordings that could be read.
        seconds: wall time of this run.
        splits: clips, minutes and captions by split, mirrored twins not counted.
        words: clips by where their captions come from: humanml3d, description, label or none.
        dropped: what is not in the data set, and why.
        notes: what is in it but is remarkable (shortened, another frame rate, lying, on a height).
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
    dropped: list[Dropped] = field(default_factory=list)
    notes: list[Dropped] = field(default_factory=list)

    @property
    def speed(self) -> float:
        """Recorded time over wall time; means nothing for a resumed build."""
        return self.raw_minutes * 60 / self.seconds if self.seconds else 0.0

    def markdown(self) -> str:
        """The report to read."""
        pace = f"{self.resumed} recordings were done before" if self.resumed else f"{self.speed:.0f}x real time"
        words = ", ".join(f"{source} {clips} clips" for source, clips in self.words.items())
        lines = [
            "# Data set report",
            "",
            f"{self.clips} clips ({self.minutes:.1f} minutes, {self.captions} captions) and as many mirrored ones, "
            f"from {self.trials_used} of {self.trials} recordings ({self.raw_minutes:.1f} minutes), in "
            f"{self.seconds:.1f} s ({pace}). Captions come from: {words}.",
            "",
            "| split | clips | minutes | captions |",
            "|---|---|---|---|",
        ]
        for split, row in self.splits.items():
            lines.append(f"| {split} | {row['clips']:.0f} | {row['minutes']:.1f} | {row['captions']:.0f} |")
        for title, entries in (("Dropped", self.dropped), ("Noted", self.notes)):
            lines += ["", f"## {title} ({len(entries)})", ""]
            lines += [f"- {entry.what}: {entry.why}" for entry in entries]
        return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class _Job:
    trial: Trial
    rows: tuple[CaptionRow, ...]
    out: Path

    @property
    def marker(self) -> Path:
        return self.out / ".build" / f"{self.trial.source}_{self.trial.id}.json"


def build(
    *,
    out: str | Path,
    cmu: str | Path | None = None,
    captions: str | Path | None = None,
    trials: str | Path | None = None,
    hdm05: str | Path | None = None,
    workers: int | None = None,
    seed: int = 0,
    progress: bool = True,
) -> BuildReport:
    """Build a data set, or go on with an interrupted build; the result is the same, whatever the number of workers.

    Args:
        out: folder of the data set, new or begun by this function.
        cmu: folder with CMU trials, or with an archive of them (see motiongpt.data.sources.find_cmu).
        captions: caption table for CMU trials (see motiongpt.data.clips.read_caption_rows).
        trials: table of CMU trials, by default ``<cmu>/trials.csv`` when there is one.
        hdm05: folder with HDM05 cuts. They are CC BY-SA: so is what is built or trained with them.
        workers: processes, by default one a core.
        seed: of the splits of recordings that HumanML3D does not place.
        progress: show a bar on a terminal.

    Raises:
        MotionGPTError: nothing to build from, broken tables, ``out`` is something else, or no recording could be used.
    """
    started = time.perf_counter()
    out = Path(out)
    if cmu is None and hdm05 is None:
        raise MotionGPTError("Give raw motion to build from: a folder of CMU trials or of HDM05 cuts.")
    if cmu is None and (captions is not None or trials is not None):
        raise MotionGPTError("The tables of captions and trials belong to CMU trials: give their folder too.")
    if workers is not None and workers < 1:
        raise MotionGPTError(f"The number of workers must be 1 or more, not {workers}.")
    rows = read_caption_rows(captions) if captions is not None else {}
    state, cache = out / ".build", out / ".cache"
    if not state.is_dir() and (out / FEATURES).exists():
        raise MotionGPTError(f"{out} already holds a data set that was not built here: choose another folder.")
    found: list[Trial] = []
    missing: list[Dropped] = []
    if cmu is not None:
        more, lacking = find_cmu(cmu, cache, trials)
        found, missing = found + more, missing + lacking
    if hdm05 is not None:
        more, lacking = find_hdm05(hdm05, cache)
        found, missing = found + more, missing + lacking
    with atomic_path(state / "README.txt") as note:
        note.write_text("Marks of finished recordings: the build reads them to go on after an interruption.\n")
    for folder in (FEATURES, JOINTS, TEXTS):
        (out / folder).mkdir(exist_ok=True)
    jobs = [_Job(trial, tuple(rows.get(trial.id, ())) if trial.source == "cmu" else (), out) for trial in found]
    results = _run(jobs, workers or os.cpu_count() or 1, progress)
    report = BuildReport(str(out), trials=len(found), dropped=missing)
    table = _table(jobs, results, assign_splits(found, rows, seed), report)
    if not table:
        first = f"; the first: {report.dropped[0].what}: {report.dropped[0].why}" if report.dropped else ""
        raise MotionGPTError(f"None of the {len(found)} recordings could be used{first}")
    _finish(out, table)
    shutil.rmtree(cache, ignore_errors=True)
    report.seconds = time.perf_counter() - started
    with atomic_path(out / "report.json") as path:
        path.write_text(json.dumps({**asdict(report), "speed": report.speed}, indent=1) + "\n", encoding="utf-8")
    with atomic_path(out / "report.md") as path:
        path.write_text(report.markdown(), encoding="utf-8")
    return report


def feature_statistics(files: Iterable[Path], skeleton: Skeleton = HUMANML3D) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation (D,) float32 of the rows of feature files.

    As in the published data sets the deviation is averaged inside each block of the features (root yaw velocity, root
    linear velocity, root height, positions, rotations, velocities, contacts), so that the axes of a block keep their
    proportions. A block that never moves gets 1.
    """
    count, total, squares = 0, np.zeros(skeleton.feature_dim), np.zeros(skeleton.feature_dim)
    for file in files:
        features = np.load(file, allow_pickle=False).astype(np.float64)
        count += len(features)
        total += features.sum(0)
        squares += (features**2).sum(0)
    mean = total / count
    std = np.sqrt(np.maximum(squares / count - mean**2, 0))
    for block in FeatureLayout(skeleton).blocks().values():
        std[block] = std[block].mean()
    std[std < 1e-6] = 1.0
    return mean.astype(np.float32), std.astype(np.float32)


def _run(jobs: list[_Job], workers: int, progress: bool) -> list[dict[str, Any]]:
    """Results of all jobs in their order."""
    results: list[dict[str, Any]] = [{} for _ in jobs]
    columns = (TextColumn("recordings"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, disable=not progress, transient=True) as bar:
        task = bar.add_task("", total=len(jobs))
        for index, result in _results(jobs, workers):
            results[index] = result
            bar.advance(task)
    return results


def _results(jobs: list[_Job], workers: int) -> Iterator[tuple[int, dict[str, Any]]]:
    # Big files first, so that no process is left alone with one at the end.
    order = sorted(range(len(jobs)), key=lambda index: -jobs[index].trial.path.stat().st_size)
    for rank, result in run_all(_process, [jobs[index] for index in order], workers):
        yield order[rank], result


def _process(job: _Job) -> dict[str, Any]:
    """Build one recording and write its marker last; a recording with a marker for the same input is done."""
    key = _key(job)
    if job.marker.is_file():
        try:
            known = json.loads(job.marker.read_text(encoding="utf-8"))
            if known["key"] == key and all(_files_exist(job.out, clip["id"]) for clip in known["clips"]):
                return {**known, "resumed": True}
        except (ValueError, KeyError, TypeError):
            pass
    result: dict[str, Any] = {"key": key, "fps": 0.0, "seconds": 0.0, "clips": [], "dropped": [], "notes": []}
    try:
        _build_trial(job, result)
    except MotionGPTError as error:
        result["dropped"].append([job.trial.id, str(error)])
    # One strange file among thousands must not lose the others, whatever it does to a reader.
    except Exception as error:
        result["dropped"].append([job.trial.id, f"{job.trial.path} cannot be used ({type(error).__name__}: {error})."])
    with atomic_path(job.marker) as path:
        path.write_text(json.dumps(result), encoding="utf-8")
    return {**result, "resumed": False}


def _key(job: _Job) -> str:
    """Changes whenever the input of a recording changes."""
    digest = hashlib.blake2b(digest_size=16)
    trial = job.trial
    for path in (trial.path, trial.skeleton):
        if path is not None:
            try:
                digest.update(path.read_bytes())
            except OSError:
                digest.update(b"unreadable")
    rest = [trial.id, trial.source, trial.fps, trial.words, [asdict(row) for row in job.rows], _RECIPE]
    digest.update(json.dumps(rest).encode())
    return digest.hexdigest()


def _files_exist(out: Path, clip: str) -> bool:
    return all(
        (out / folder / f"{name}{suffix}").is_file()
        for name in (clip, f"M{clip}")
        for folder, suffix in ((FEATURES, ".npy"), (JOINTS, ".npy"), (TEXTS, ".txt"))
    )


def _build_trial(job: _Job, result: dict[str, Any]) -> None:
    trial = job.trial
    options: dict[str, Any] = {} if trial.fps is None else {"fps": trial.fps}
    if trial.skeleton is not None:
        options["skeleton"] = trial.skeleton
    raw = formats.read(trial.path, **options)
    lead = _leading_frames(raw.joints)
    reason = _double_rate(raw, lead, job.rows)
    if reason:
        raw.fps /= 2
        result["notes"].append([trial.id, f"taken at {raw.fps:g} fps instead of {2 * raw.fps:g}: {reason}"])
    result["fps"], result["seconds"] = raw.fps, raw.seconds
    first = int(np.ceil(lead * HUMANML3D.fps / raw.fps))
    motion = raw.resample(HUMANML3D.fps).retargeted()
    clips, dropped = plan(trial, job.rows, first, len(motion))
    result["dropped"] += [[entry.what, entry.why] for entry in dropped]
    for clip in clips:
        cut = motion[clip.start : clip.end]
        steps = np.linalg.norm(np.diff(cut.joints, axis=0), axis=-1).max(1)
        if steps.max() > _BREAK:
            frame = clip.start + int(steps.argmax())
            result["dropped"].append([clip.id, f"the body jumps {steps.max():.1f} m at frame {frame} of {trial.id}"])
            continue
        features = _write_clip(job.out, clip.id, cut, clip.captions)
        _write_clip(job.out, f"M{clip.id}", cut.mirrored(), [mirror_caption(text) for text in clip.captions])
        notes = ([clip.note] if clip.note else []) + _remarks(features)
        result["notes"] += [[clip.id, note] for note in notes]
        result["clips"].append(
            {
                "id": clip.id,
                "start": clip.start,
                "end": clip.end,
                "captions": len(clip.captions),
                "words": clip.words,
                "note": "; ".join(notes),
            }
        )


def _leading_frames(joints: np.ndarray) -> int:
    """Source frames at the start that a converter or the marker solver spoilt.

    The rest pose before a recording, what was blended from it, or a first frame that faces elsewhere show as jumps of
    the pose. Three more frames cover what smoothing leaves after the last jump.
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


def _double_rate(raw: Motion, lead: int, rows: Iterable[CaptionRow]) -> str:
    """Why a recording must have half the frame rate it is said to have; empty when it need not.

    Some 60 fps recordings of CMU are told, in file headers and tables, to have 120. HumanML3D took its rates from the
    original marker files, so its caption rows then end at twice the recording's length; and bodies fall too fast.
    """
    if captions_count_double(rows, int(raw.seconds * HUMANML3D.fps)):
        return "its captions end at twice its length"
    if len(raw) - lead < raw.fps / 4:
        return ""
    torso = raw[lead:].resample(60.0).joints[:, [HUMANML3D.index(name) for name in _TORSO], 1].mean(1)
    fall = -np.diff(gaussian_filter1d(torso.astype(np.float64), 2), 2) * 60**2
    fastest = float(np.percentile(fall, 98))
    return f"it falls at {fastest:.0f} m/s2" if fastest > _IMPOSSIBLE_FALL else ""


_TORSO = ("pelvis", "left_hip", "right_hip", "spine3")


def _remarks(features: np.ndarray) -> list[str]:
    """What a reader of the report may want to know about a clip."""
    layout = FeatureLayout(HUMANML3D)
    remarks = []
    pelvis = float(np.median(features[:, layout.root_height]))
    if pelvis < _LOW_PELVIS:
        remarks.append(f"low: the pelvis is mostly at {pelvis:.2f} m (lying, sitting, crouching)")
    lowest = float(np.median(features[:, layout.positions].reshape(len(features), -1, 3)[..., 1].min(1)))
    if lowest > _HIGH_FEET:
        remarks.append(f"high: the lowest joint is mostly {lowest:.2f} m above the floor (climbing, uneven ground)")
    return remarks


def _write_clip(out: Path, name: str, motion: Motion, captions: Iterable[str]) -> np.ndarray:
    features = motion.features()
    if not np.isfinite(features).all():
        raise MotionGPTError(f"The features of clip {name} are not finite.")
    _save(out / FEATURES / f"{name}.npy", features)
    # As in the published data: the joints that the features turn back into, not the ones they were made from.
    _save(out / JOINTS / f"{name}.npy", features_to_joints(features))
    write_captions(out / TEXTS / f"{name}.txt", captions)
    return features


def _save(path: Path, array: np.ndarray) -> None:
    with atomic_path(path) as temporary:
        np.save(temporary, array)


def _table(
    jobs: list[_Job], results: list[dict[str, Any]], splits: dict[str, str], report: BuildReport
) -> list[dict[str, Any]]:
    """Rows of clips.csv without the mirrored clips; fills the report."""
    table: list[dict[str, Any]] = []
    owners: dict[str, str] = {}
    counts: dict[str, Counter[str]] = {split: Counter() for split in SPLITS}
    words: Counter[str] = Counter()
    for job, result in zip(jobs, results, strict=True):
        trial = job.trial
        report.raw_minutes += result["seconds"] / 60
        report.trials_used += bool(result["clips"])
        report.resumed += result["resumed"]
        report.dropped += [Dropped(*entry) for entry in result["dropped"]]
        report.notes += [Dropped(*entry) for entry in result["notes"]]
        split = splits[trial.capture]
        for clip in result["clips"]:
            if clip["id"] in owners:
                raise MotionGPTError(
                    f"Clip {clip['id']} comes from both {owners[clip['id']]} and {trial.id}: ids must be unique."
                )
            owners[clip["id"]] = trial.id
            frames = clip["end"] - clip["start"]
            counts[split].update(clips=1, frames=frames, captions=clip["captions"])
            words[clip["words"]] += 1
            table.append(
                {
                    "id": clip["id"],
                    "trial": trial.id,
                    "source": trial.source,
                    "format": trial.path.suffix[1:].lower(),
                    "source_fps": f"{result['fps']:g}",
                    "start_frame": clip["start"],
                    "end_frame": clip["end"],
                    "frames": frames - 1,
                    "split": split,
                    "caption_source": clip["words"],
                    "captions": clip["captions"],
                    "capture": trial.capture,
                    "mirrored": 0,
                    "licence": trial.licence,
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
    """Everything that is about the data set as a whole; removes clips of an earlier build that are not in this one."""
    everything = [row for clip in table for row in (clip, {**clip, "id": f"M{clip['id']}", "mirrored": 1})]
    for split in SPLITS:
        with atomic_path(out / f"{split}.txt") as path:
            path.write_text("".join(f"{row['id']}\n" for row in everything if row["split"] == split), encoding="utf-8")
    with atomic_path(out / "clips.csv") as path, path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, CLIP_COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(everything)
    train = [row["id"] for row in everything if row["split"] == "train"]
    if not train:
        raise MotionGPTError("No clip fell into the train split, so nothing is left to train on: add recordings.")
    mean, std = feature_statistics(out / FEATURES / f"{name}.npy" for name in train)
    _save(out / "Mean.npy", mean)
    _save(out / "Std.npy", std)
    ids = {row["id"] for row in everything}
    for folder in (FEATURES, JOINTS, TEXTS):
        for file in (out / folder).iterdir():
            if file.stem not in ids:
                file.unlink()
