"""More training clips made from recorded ones: ``augment(root, out, clips=10000)``.

The new data set has the clips of the old one and, in its train split, as many more as requested. They are made by
motiongpt.motion.editing from segments with a known action (``segments.py``, ``parts.py``, ``maker.py``), captioned with
sentences that their geometry confirms (``captions.py``), and verified (``verify.py``). Validation and test clips are
neither changed nor used. ``settings.yaml`` says what is drawn; clip k depends on the seed, k and the data set alone.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from motiongpt.data.augmentation.maker import Clip, Maker
from motiongpt.data.augmentation.segments import Library, Origin, find_segments
from motiongpt.data.augmentation.verify import Rejected, verified_features
from motiongpt.data.jobs import JobFolder, check_workers, run_jobs
from motiongpt.data.layout import FEATURES, SPLITS, TEXTS, UNEVEN, read_clip_table, read_ids, write_index
from motiongpt.data.texts import write_captions
from motiongpt.errors import MotionGPTError
from motiongpt.files import atomic_path, read_yaml
from motiongpt.motion.measures import FPS

# Part of every key: raise it when the same input should give other clips.
_RECIPE = 2
# Clips per job: what is repeated after an interruption.
_CHUNK = 50
# Attempts at a clip before it is given up.
_ATTEMPTS = 60
_MARKERS = ".augment"


@dataclass
class AugmentReport:
    """Result of an augmentation.

    Attributes:
        out: the new data set.
        originals: training clips of the old data set, mirrored ones included.
        clips: new clips; ``minutes`` and ``captions`` are theirs.
        operations, actions: new clips by operation and by the actions that they show.
        rejected: attempts by the reason of their rejection.
        resumed: clips that an earlier run had made.
        seconds: wall time of this run.
    """

    out: str
    originals: int = 0
    clips: int = 0
    captions: int = 0
    minutes: float = 0.0
    operations: dict[str, int] = field(default_factory=dict)
    actions: dict[str, int] = field(default_factory=dict)
    rejected: dict[str, int] = field(default_factory=dict)
    resumed: int = 0
    seconds: float = 0.0

    def markdown(self) -> str:
        """The report as Markdown."""
        lines = [
            "# Augmentation report",
            "",
            f"{self.clips} new training clips ({self.minutes:.1f} minutes, {self.captions} captions) beside "
            f"{self.originals} original ones, in {self.seconds:.1f} s ({self.resumed} were made before).",
        ]
        for title, counts in (
            ("Operations", self.operations),
            ("Actions", self.actions),
            ("Rejected attempts", self.rejected),
        ):
            lines += ["", f"## {title}", "", "| what | count |", "|---|---|"]
            lines += [f"| {name} | {count} |" for name, count in sorted(counts.items(), key=lambda item: -item[1])]
        return "\n".join(lines) + "\n"


def default_config() -> dict[str, Any]:
    """The settings of the package, ``settings.yaml``."""
    config: dict[str, Any] = read_yaml("motiongpt.data.augmentation", "settings.yaml")
    return config


def read_config(path: str | Path) -> dict[str, Any]:
    """Settings from a file; sections and entries that it does not name keep their defaults.

    Raises:
        MotionGPTError: the file is unreadable, or names an unknown section or entry.
    """
    try:
        given = yaml.safe_load(Path(path).read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise MotionGPTError(f"Cannot read the config {path}: {error}.") from error
    config = default_config()
    if not isinstance(given, dict):
        raise MotionGPTError(f"{path} is not a config: expected the sections {', '.join(config)}.")
    for section, entries in given.items():
        if section not in config:
            raise MotionGPTError(f"{path} has the unknown section {section!r}; known are {', '.join(config)}.")
        for name, value in (entries or {}).items():
            if name not in config[section]:
                raise MotionGPTError(
                    f"{path} has the unknown entry {section}.{name}; known are {', '.join(config[section])}."
                )
            config[section][name] = value
    return config


def augment(
    root: str | Path,
    out: str | Path,
    *,
    clips: int = 10_000,
    config: dict[str, Any] | None = None,
    seed: int = 0,
    workers: int | None = None,
    progress: bool = True,
) -> AugmentReport:
    """Write the data set ``root`` with new training clips to ``out``, or resume an interrupted run.

    Args:
        root: data set in the HumanML3D layout, 263 features.
        out: folder of the new data set, new or begun by this function.
        clips: number of new clips; a few may be given up.
        config: see :func:`default_config` and :func:`read_config`.
        seed: random seed.
        workers: processes, by default one per core; the result does not depend on it.
        progress: show a progress bar on a terminal.

    Raises:
        MotionGPTError: the data set is missing, has nothing to make clips from, or ``out`` holds another data set.
    """
    started = time.perf_counter()
    root, out = Path(root).resolve(), Path(out)
    config = config or default_config()
    if clips < 0:
        raise MotionGPTError(f"Ask for 0 or more clips, not {clips}.")
    check_workers(workers)
    if sum(config["operations"].values()) <= 0:
        raise MotionGPTError("The config switches every operation off: give one of them a weight above 0.")
    ids = {split: read_ids(root, split) for split in SPLITS}
    if out.resolve() == root:
        raise MotionGPTError(f"{out} already holds a data set, the one to augment: choose another folder.")
    folder = JobFolder(out, _MARKERS)
    folder.create((FEATURES, TEXTS))
    _link_originals(root, out, [clip for split in SPLITS for clip in ids[split]])
    text = yaml.safe_dump(config)
    key = _key(root, ids["train"], text, seed)
    jobs = [_Job(root, out, first, min(first + _CHUNK, clips), seed, text, key) for first in range(0, clips, _CHUNK)]
    results = run_jobs(jobs, workers, label="clips", progress=progress)
    rows = [row for result in results for row in result.values["rows"]]
    if clips and not rows:
        raise MotionGPTError(f"No clip could be made from {root}: its captions name no known action.")
    splits = {**ids, "train": [*ids["train"], *(row["id"] for row in rows)]}
    write_index(out, splits, [*read_clip_table(root).values(), *rows], (FEATURES, TEXTS))
    rejected: Counter[str] = Counter()
    for result in results:
        rejected.update(result.values["rejected"])
    report = AugmentReport(
        str(out),
        originals=len(ids["train"]),
        clips=len(rows),
        captions=sum(row["captions"] for row in rows),
        minutes=sum(row["frames"] for row in rows) / FPS / 60,
        operations=dict(Counter(row["note"].split(" of ")[0] for row in rows)),
        actions=dict(Counter(kind for row in rows for kind in row["note"].rsplit(": ", 1)[1].split(", "))),
        rejected=dict(rejected),
        resumed=sum(len(result.values["rows"]) for result in results if result.resumed),
        seconds=time.perf_counter() - started,
    )
    folder.write_report(asdict(report), report.markdown())
    return report


def _key(root: Path, train: Sequence[str], config: str, seed: int) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for clip in train:
        for file in (root / FEATURES / f"{clip}.npy", root / TEXTS / f"{clip}.txt"):
            digest.update(f"{clip} {file.stat().st_size if file.is_file() else -1}".encode())
    digest.update(f"{config} {seed} {_RECIPE}".encode())
    return digest.hexdigest()


def _link_originals(root: Path, out: Path, clips: Iterable[str]) -> None:
    """Link or copy the original clips; files are replaced and never edited, so a link cannot change an original."""
    for clip in clips:
        for file in (f"{FEATURES}/{clip}.npy", f"{TEXTS}/{clip}.txt"):
            source, target = root / file, out / file
            if target.exists() or not source.exists():
                continue
            try:
                os.link(source, target)
            except OSError:
                with atomic_path(target) as path:
                    shutil.copyfile(source, path)


@cache
def _library(root: Path) -> Library:
    """Found once in every process."""
    return find_segments(root)


@dataclass(frozen=True)
class _Job:
    """Clips [first, last) of an augmentation."""

    root: Path
    out: Path
    first: int
    last: int
    seed: int
    config: str
    shared_key: str

    @property
    def marker(self) -> Path:
        return self.out / _MARKERS / f"{self.first:06d}.json"

    @property
    def units(self) -> int:
        return self.last - self.first

    @property
    def cost(self) -> float:
        return self.last - self.first

    def key(self) -> str:
        return self.shared_key

    def run(self) -> dict[str, Any]:
        config = yaml.safe_load(self.config)
        rejected: Counter[str] = Counter()
        rows = [_make(self, config, number, rejected) for number in range(self.first, self.last)]
        return {"rows": [row for row in rows if row is not None], "rejected": dict(rejected)}

    def files_exist(self, result: dict[str, Any]) -> bool:
        return all(
            (self.out / FEATURES / f"{row['id']}.npy").is_file() and (self.out / TEXTS / f"{row['id']}.txt").is_file()
            for row in result["rows"]
        )


def _make(job: _Job, config: dict[str, Any], number: int, rejected: Counter[str]) -> dict[str, Any] | None:
    """Write a clip and return its row of clips.csv; None if every attempt is rejected."""
    library = _library(job.root)
    maker = Maker(library, config, np.random.default_rng([job.seed, number]))
    # The operation is drawn once, so that its frequency does not depend on how often it fails.
    operation = maker.draw_operation()
    for _ in range(_ATTEMPTS):
        try:
            clip = maker.make(operation)
            features = verified_features(clip.motion, clip.captions, clip.parents, job.root, config["limits"])
        except Rejected as error:
            rejected[f"{operation}: {error}"] += 1
            continue
        except MotionGPTError as error:
            rejected[f"{operation}: {str(error).split(':')[0][:60]}"] += 1
            continue
        name = f"A{number:06d}"
        with atomic_path(job.out / FEATURES / f"{name}.npy") as path:
            np.save(path, features)
        write_captions(job.out / TEXTS / f"{name}.txt", clip.captions)
        return _row(name, operation, clip, len(features), library)
    rejected[f"{operation}: given up"] += 1
    return None


def _row(name: str, operation: str, clip: Clip, frames: int, library: Library) -> dict[str, Any]:
    origins = [library.origins.get(parent, Origin()) for parent in clip.parents]

    def joined(values: Iterable[str], separator: str) -> str:
        return separator.join(dict.fromkeys(value for value in values if value))

    return {
        "id": name,
        "trial": "",
        "source": joined((origin.source for origin in origins), "+"),
        "format": "",
        "source_fps": "",
        "start_frame": "",
        "end_frame": "",
        "frames": frames,
        "split": "train",
        "caption_source": "augmented",
        "captions": len(clip.captions),
        "capture": "",
        "mirrored": 0,
        # The licences of all parents apply: what is made from share-alike clips is share-alike itself.
        "licence": joined((origin.licence for origin in origins), " AND "),
        "floor": "flat" if all(origin.flat for origin in origins) else UNEVEN,
        "note": f"{operation} of {' + '.join(clip.parents)}: {', '.join(clip.kinds)}",
    }
