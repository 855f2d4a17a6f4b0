"""Building a HumanML3D-layout data set from raw motion capture: ``build(cmu=..., captions=..., out=...)``.

Every recording is read, resampled to 20 fps, retargeted to HumanML3D's proportions and cut into clips
(motiongpt.data.clips). Every clip is stored canonically (floor, origin, facing +Z) as features and joints with
captions, and once more mirrored, as ``M<id>``. Besides the layout of motiongpt.data.layout the folder has
``report.json`` and ``report.md`` (what was built, dropped and noted), and ``.build/`` (markers of finished recordings,
for resuming).
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter1d

from motiongpt import formats
from motiongpt.data.captions import CaptionRow, PhraseList, read_caption_rows, read_phrase_lists
from motiongpt.data.clips import captions_count_double, plan
from motiongpt.data.jobs import JobFolder, Result, check_workers, run_jobs
from motiongpt.data.layout import FEATURES, JOINTS, SPLITS, TEXTS, write_index
from motiongpt.data.sources import Dropped, Trial, find_cmu, find_hdm05
from motiongpt.data.splits import assign_splits
from motiongpt.data.texts import write_captions
from motiongpt.errors import MotionGPTError
from motiongpt.files import atomic_path
from motiongpt.motion import HUMANML3D, FeatureLayout, Motion, features_to_joints
from motiongpt.text.captions import mirror_caption

# Part of every key: raise it when the same input should give other clips.
_RECIPE = 1
# Converters put the rest pose before a recording, and some blend it into the first frames. Jumps of the pose within
# these source frames are taken for that (metres per frame, joints relative to the root).
_LEADING_FRAMES = 12
_LEADING_JUMP = 0.08
# m/s^2: in flight a torso accelerates downwards at about 10, in wild dance leaps at up to 20.
_IMPOSSIBLE_FALL = 25.0
# Metres: no joint moves as far between two frames at 20 fps (30 m/s); the marker solver has lost the body.
_MAX_STEP = 1.5
# Metres: heights that the report notes.
_LOW_PELVIS = 0.6
_HIGH_FEET = 0.2


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
        words: clips by the origin of their captions: humanml3d, description, label or none.
        unphrased: clips without captions whose recording has a description, by source; no phrase list of that source
            was given.
        dropped: what is not in the data set, and why.
        notes: what is in it but is remarkable (shortened, another frame rate, lying, at a height).
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
    dropped: list[Dropped] = field(default_factory=list)
    notes: list[Dropped] = field(default_factory=list)

    @property
    def speed(self) -> float:
        """Recorded time over wall time; meaningless for a resumed build."""
        return self.raw_minutes * 60 / self.seconds if self.seconds else 0.0

    @property
    def advice(self) -> list[str]:
        """Sentences about captions that phrase lists would add."""
        return [
            f"{clips} clips of {source} have a description but no captions: pass a phrase list of {source}."
            for source, clips in self.unphrased.items()
        ]

    def markdown(self) -> str:
        """The report as Markdown."""
        pace = f"{self.resumed} recordings were finished before" if self.resumed else f"{self.speed:.0f}x real time"
        words = ", ".join(f"{origin} {clips} clips" for origin, clips in self.words.items())
        lines = [
            "# Data set report",
            "",
            f"{self.clips} clips ({self.minutes:.1f} minutes, {self.captions} captions) and as many mirrored ones, "
            f"from {self.trials_used} of {self.trials} recordings ({self.raw_minutes:.1f} minutes), in "
            f"{self.seconds:.1f} s ({pace}). Origin of the captions: {words}.",
            *(line for advice in self.advice for line in ("", advice)),
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


def build(
    *,
    out: str | Path,
    cmu: str | Path | None = None,
    captions: str | Path | None = None,
    trials: str | Path | Sequence[str | Path] | None = None,
    hdm05: str | Path | None = None,
    phrases: Sequence[str | Path] = (),
    workers: int | None = None,
    seed: int = 0,
    progress: bool = True,
) -> BuildReport:
    """Build a data set, or resume an interrupted build.

    Args:
        out: folder of the data set, new or begun by this function.
        cmu: folder with CMU trials, or with archives of them (see motiongpt.data.sources.find_cmu).
        captions: caption table (see motiongpt.data.captions.read_caption_rows).
        trials: tables of CMU trials, by default every ``<cmu>/trials*.csv``.
        hdm05: folder with HDM05 cuts. They are CC BY-SA, and so is what is built or trained with them.
        phrases: phrase lists (motiongpt.data.captions.PhraseList), one per source. Without one, the descriptions of a
            source give no captions.
        workers: processes, by default one per core; the result does not depend on it.
        seed: random seed of the splits of recordings that HumanML3D does not place.
        progress: show a progress bar on a terminal.

    Raises:
        MotionGPTError: there is nothing to build from, a table or phrase list is broken, ``out`` holds another data
            set, or no recording is usable.
    """
    started = time.perf_counter()
    out = Path(out)
    if cmu is None and hdm05 is None:
        raise MotionGPTError("Give raw motion to build from: a folder of CMU trials or of HDM05 cuts.")
    if cmu is None and (captions is not None or trials is not None):
        raise MotionGPTError("The tables of captions and trials belong to CMU trials: give their folder too.")
    check_workers(workers)
    rows = read_caption_rows(captions) if captions is not None else {}
    lists = read_phrase_lists(phrases)
    folder, cache = JobFolder(out, ".build"), out / ".cache"
    found: list[Trial] = []
    missing: list[Dropped] = []
    if cmu is not None:
        tables = [trials] if isinstance(trials, (str, Path)) else trials or ()
        more, lacking = find_cmu(cmu, cache, tables)
        found, missing = found + more, missing + lacking
    if hdm05 is not None:
        more, lacking = find_hdm05(hdm05, cache)
        found, missing = found + more, missing + lacking
    if unused := sorted(set(lists) - {trial.source for trial in found}):
        raise MotionGPTError(f"There is a phrase list for {unused[0]}, but no recording of {unused[0]}: leave it out.")
    folder.create((FEATURES, JOINTS, TEXTS))
    jobs = [_Job(trial, tuple(rows.get(trial.id, ())), _captions(trial, lists), out) for trial in found]
    results = run_jobs(jobs, workers, label="recordings", progress=progress)
    report = BuildReport(str(out), trials=len(found), dropped=missing)
    table = _table(jobs, results, assign_splits(found, rows, seed), report)
    report.unphrased = _unphrased(table, found, lists)
    if not table:
        first = f"; the first: {report.dropped[0].what}: {report.dropped[0].why}" if report.dropped else ""
        raise MotionGPTError(f"None of the {len(found)} recordings could be used{first}")
    _finish(out, table)
    shutil.rmtree(cache, ignore_errors=True)
    report.seconds = time.perf_counter() - started
    folder.write_report({**asdict(report), "speed": report.speed}, report.markdown())
    return report


def _captions(trial: Trial, lists: Mapping[str, PhraseList]) -> tuple[str, ...]:
    """Captions of the description of a recording."""
    return tuple(lists[trial.source].captions(trial.words)) if trial.source in lists else ()


def _unphrased(
    table: Iterable[Mapping[str, Any]], trials: Iterable[Trial], lists: Mapping[str, PhraseList]
) -> dict[str, int]:
    """Clips without captions of recordings with a description, by source, where there is no phrase list."""
    described = {(trial.source, trial.id) for trial in trials if trial.words and trial.source not in lists}
    return dict(
        Counter(
            row["source"]
            for row in table
            if row["caption_source"] == "none" and (row["source"], row["trial"]) in described
        )
    )


@dataclass(frozen=True)
class _Job:
    """One recording: its clips, in features, joints and captions, and their mirror images."""

    trial: Trial
    rows: tuple[CaptionRow, ...]
    phrases: tuple[str, ...]
    out: Path

    units = 1

    @property
    def marker(self) -> Path:
        return self.out / ".build" / f"{self.trial.source}_{self.trial.id}.json"

    @property
    def cost(self) -> float:
        return self.trial.path.stat().st_size

    def key(self) -> str:
        digest = hashlib.blake2b(digest_size=16)
        trial = self.trial
        for path in (trial.path, trial.skeleton):
            if path is not None:
                try:
                    digest.update(path.read_bytes())
                except OSError:
                    digest.update(b"unreadable")
        rows = [asdict(row) for row in self.rows]
        rest = [trial.id, trial.source, trial.fps, trial.words, trial.cut, rows, self.phrases, _RECIPE]
        digest.update(json.dumps(rest).encode())
        return digest.hexdigest()

    def run(self) -> dict[str, Any]:
        result: dict[str, Any] = {"fps": 0.0, "seconds": 0.0, "clips": [], "dropped": [], "notes": []}
        try:
            _build_trial(self, result)
        except MotionGPTError as error:
            result["dropped"].append([self.trial.id, str(error)])
        # One strange file among thousands must not lose the others, whatever it does to a reader.
        except Exception as error:
            reason = f"{self.trial.path} cannot be used ({type(error).__name__}: {error})."
            result["dropped"].append([self.trial.id, reason])
        return result

    def files_exist(self, result: dict[str, Any]) -> bool:
        return all(
            (self.out / folder / f"{name}{suffix}").is_file()
            for clip in result["clips"]
            for name in (clip["id"], f"M{clip['id']}")
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
    clips, dropped = plan(trial, job.rows, job.phrases, first, len(motion))
    result["dropped"] += [[entry.what, entry.why] for entry in dropped]
    for clip in clips:
        cut = motion[clip.start : clip.end]
        steps = np.linalg.norm(np.diff(cut.joints, axis=0), axis=-1).max(1)
        if steps.max() > _MAX_STEP:
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


def _double_rate(raw: Motion, lead: int, rows: Iterable[CaptionRow]) -> str:
    """Why a recording must have half its stated frame rate; empty if it need not.

    File headers and tables give 120 fps for some recordings of CMU at 60 fps. HumanML3D took its rates from the
    original marker files, so its caption rows then end at twice the length of the recording; and bodies fall too fast.
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
    """Notes about a clip for the report."""
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
    with atomic_path(out / FEATURES / f"{name}.npy") as path:
        np.save(path, features)
    # As in the published data: the joints recovered from the features, not those of the recording.
    with atomic_path(out / JOINTS / f"{name}.npy") as path:
        np.save(path, features_to_joints(features))
    write_captions(out / TEXTS / f"{name}.txt", captions)
    return features


def _table(
    jobs: Sequence[_Job], results: Sequence[Result], splits: Mapping[str, str], report: BuildReport
) -> list[dict[str, Any]]:
    """Rows of clips.csv without the mirrored clips; fills the report."""
    table: list[dict[str, Any]] = []
    owners: dict[str, str] = {}
    counts: dict[str, Counter[str]] = {split: Counter() for split in SPLITS}
    words: Counter[str] = Counter()
    for job, result in zip(jobs, results, strict=True):
        trial, values = job.trial, result.values
        report.raw_minutes += values["seconds"] / 60
        report.trials_used += bool(values["clips"])
        report.resumed += result.resumed
        report.dropped += [Dropped(*entry) for entry in values["dropped"]]
        report.notes += [Dropped(*entry) for entry in values["notes"]]
        split = splits[trial.capture]
        for clip in values["clips"]:
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
                    "source_fps": f"{values['fps']:g}",
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
    """Write what is about the data set as a whole; the table has no mirrored clips yet."""
    rows = [row for clip in table for row in (clip, {**clip, "id": f"M{clip['id']}", "mirrored": 1})]
    splits = {split: [row["id"] for row in rows if row["split"] == split] for split in SPLITS}
    if not splits["train"]:
        raise MotionGPTError("No clip is in the train split, so there is nothing to train on: add recordings.")
    write_index(out, splits, rows, (FEATURES, JOINTS, TEXTS))
