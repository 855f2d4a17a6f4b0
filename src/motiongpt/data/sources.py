"""Finding recordings on disk, as users download them: the CMU Graphics Lab database and the HDM05 cuts."""

from __future__ import annotations

import csv
import re
import shutil
import tarfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from motiongpt.errors import MotionGPTError

CMU_LICENCE = "CMU: free for all uses, not to be resold; mocap.cs.cmu.edu, NSF EIA-0196217"
HDM05_LICENCE = "CC BY-SA 3.0; HDM05, Mueller et al. 2007"
CMU_FPS = 120.0
TRIAL_COLUMNS = ("trial", "true_fps", "capture", "description")


@dataclass(frozen=True)
class Dropped:
    """Something that is not in the data set, and the reason."""

    what: str
    why: str


@dataclass(frozen=True)
class Trial:
    """A recording. The builder knows nothing else of its source.

    Attributes:
        id: name of the recording: CMU trial (``16_11``) or HDM05 cut (``bd_squat1Reps_001``).
        source: name of the source, ``cmu`` or ``hdm05``; phrase lists name it too.
        path: the .amc or .bvh file.
        skeleton: the .asf file of an .amc, else None.
        fps: true frame rate; None trusts the file.
        capture: recordings with the same capture are twins and share a split.
        words: CMU's one-line description or HDM05's class; may be empty.
        licence: terms of the recording.
        cut: whether it shows a single action, named by its class: it becomes one clip, and each class is spread over
            the splits.
    """

    id: str
    source: str
    path: Path
    skeleton: Path | None
    fps: float | None
    capture: str
    words: str
    licence: str
    cut: bool = False


def find_cmu(folder: str | Path, cache: Path, tables: Sequence[str | Path] = ()) -> tuple[list[Trial], list[Dropped]]:
    """The CMU trials below ``folder``, and every listed trial whose files are missing.

    Files are ``SS_TT.amc`` with ``SS.asf``, or ``SS_TT.bvh``, in any subfolders; of a trial with both, the .amc (the
    format of the database) is used. Archives ``*.tar*`` in a folder without motion files are unpacked into ``cache``.

    Args:
        folder: the database, or a part of it.
        cache: folder for unpacked archives.
        tables: tables of trials with the columns trial, true_fps, capture and description, optionally format; by
            default every ``trials*.csv`` in ``folder``. They correct frame rates and name twins and descriptions.
            Trials that no table lists are read at 120 fps (.amc) or at the rate of the file (.bvh).

    Raises:
        MotionGPTError: the folder is missing or holds no motion files, or a table is broken.
    """
    folder = Path(folder)
    files = _motion_files(folder, cache / "cmu", (".amc", ".bvh", ".asf"))
    rows: dict[str, dict[str, str]] = {}
    for table in tables or sorted(folder.glob("trials*.csv")):
        rows |= _read_trials(Path(table))
    trials, missing = [], []
    found = {path.stem for path in files if path.suffix.lower() != ".asf" and re.fullmatch(r"\d+_\d+", path.stem)}
    by_name = {path.name.lower(): path for path in files}
    if not found:
        raise MotionGPTError(
            f"{folder} holds no CMU trials: expected files such as 16/16_11.amc with 16/16.asf, or 16/16_11.bvh."
        )
    for trial in sorted(found | set(rows), key=_natural):
        row = rows.get(trial, {})
        path = by_name.get(f"{trial}.{row['format']}") if row.get("format") else None
        path = path or by_name.get(f"{trial}.amc") or by_name.get(f"{trial}.bvh")
        skeleton = None
        if path is None:
            where = rows[trial]["table"]
            missing.append(Dropped(trial, f"it is listed in {where}, but {folder} has no {trial}.amc or {trial}.bvh"))
            continue
        amc = path.suffix.lower() == ".amc"
        if amc:
            skeleton = by_name.get(f"{trial.split('_')[0]}.asf")
            if skeleton is None:
                missing.append(Dropped(trial, f"{path} has no skeleton file {trial.split('_')[0]}.asf in {folder}"))
                continue
        fps = float(row["true_fps"]) if row else (CMU_FPS if amc else None)
        capture = row.get("capture") or trial
        trials.append(
            Trial(trial, "cmu", path, skeleton, fps, f"cmu {capture}", row.get("description", "").strip(), CMU_LICENCE)
        )
    return trials, missing


def find_hdm05(folder: str | Path, cache: Path) -> tuple[list[Trial], list[Dropped]]:
    """The HDM05 cuts below ``folder``: ``HDM_<actor>_<class>_<number>_<fps>.amc`` with ``HDM_<actor>.asf``.

    The words of a cut are the class in its file name, split into words (``squat1Reps`` -> ``squat 1 reps``). Archives
    ``*.tar*`` in a folder without motion files are unpacked into ``cache``. Also returns every cut without a skeleton.

    Raises:
        MotionGPTError: the folder is missing or holds no cuts.
    """
    files = _motion_files(Path(folder), cache / "hdm05", (".amc", ".asf"))
    by_name = {path.name.lower(): path for path in files}
    trials, missing = [], []
    for path in sorted(files, key=lambda path: _natural(path.name)):
        match = re.fullmatch(r"HDM_([a-z]+)_([A-Za-z0-9]+)_(\d+)_(\d+)\.amc", path.name, re.IGNORECASE)
        if match is None:
            continue
        actor, kind, number, fps = match.groups()
        skeleton = by_name.get(f"hdm_{actor}.asf".lower())
        if skeleton is None:
            missing.append(Dropped(path.stem, f"{path} has no skeleton file HDM_{actor}.asf in {folder}"))
            continue
        trial = f"{actor}_{kind}_{number}"
        capture = f"hdm05 {trial}"
        trials.append(Trial(trial, "hdm05", path, skeleton, float(fps), capture, _words(kind), HDM05_LICENCE, cut=True))
    if not trials:
        raise MotionGPTError(
            f"{folder} holds no HDM05 cuts: expected files such as HDM_bd_squat1Reps_001_120.amc with HDM_bd.asf."
        )
    return trials, missing


def _words(kind: str) -> str:
    """``kickLFront1Reps`` -> ``kick lfront 1 reps``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z0-9])|(?<=[0-9])(?=[A-Za-z])", " ", kind).lower()


def _natural(name: str) -> list[tuple[int, str]]:
    """Sort key in natural order: 9_2 before 9_10 before 10_1."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.findall(r"\d+|\D+", name)]


def _motion_files(folder: Path, cache: Path, suffixes: Iterable[str]) -> list[Path]:
    if not folder.is_dir():
        raise MotionGPTError(f"There is no folder {folder} with motion capture.")
    files = [path for path in sorted(folder.rglob("*")) if path.suffix.lower() in suffixes]
    if files:
        return files
    folders = []
    for archive in sorted(path for path in folder.iterdir() if ".tar" in path.suffixes):
        folders.append(cache / archive.name)
        _unpack(archive, folders[-1])
    return [path for unpacked in folders for path in sorted(unpacked.rglob("*")) if path.suffix.lower() in suffixes]


def _unpack(archive: Path, cache: Path) -> None:
    """Unpack the plain files of an archive once; a marker shows that it was unpacked completely."""
    state = archive.stat()
    marker = cache / f"{archive.name}.unpacked"
    stamp = f"{state.st_size} {state.st_mtime_ns}"
    if marker.is_file() and marker.read_text() == stamp:
        return
    if cache.exists():
        shutil.rmtree(cache)
    cache.mkdir(parents=True)
    root = cache.resolve()
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                target = (root / member.name).resolve()
                # Archives come from the network: only plain files, only inside the cache.
                if not member.isfile() or root not in target.parents:
                    continue
                content = tar.extractfile(member)
                if content is not None:
                    target.parent.mkdir(parents=True, exist_ok=True)
                    with content, target.open("wb") as out:
                        shutil.copyfileobj(content, out)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise MotionGPTError(f"Cannot unpack {archive}: {error}; download it again.") from error
    marker.write_text(stamp)


def _read_trials(path: Path) -> dict[str, dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as handle:
            reader = csv.DictReader(handle)
            columns = reader.fieldnames or []
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise MotionGPTError(f"Cannot read the table of trials {path}: {error}.") from error
    lacking = [column for column in TRIAL_COLUMNS if column not in columns]
    if lacking:
        raise MotionGPTError(f"{path} has no column {', '.join(lacking)}: expected {', '.join(TRIAL_COLUMNS)}.")
    table = {}
    for line, row in enumerate(rows, start=2):
        try:
            valid = float(row["true_fps"]) > 0
        except (TypeError, ValueError):
            valid = False
        if not valid:
            raise MotionGPTError(f"{path} row {line}: true_fps {row['true_fps']!r} is not a positive number.")
        table[row["trial"]] = {key: value or "" for key, value in row.items() if key is not None} | {"table": str(path)}
    return table
