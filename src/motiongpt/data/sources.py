"""Finding raw recordings on disk: the CMU Graphics Lab database and the HDM05 cuts, as users download them."""

from __future__ import annotations

import csv
import re
import shutil
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from motiongpt.errors import MotionGPTError

CMU_LICENCE = "CMU: free for all uses, not to be resold; mocap.cs.cmu.edu, NSF EIA-0196217"
HDM05_LICENCE = "CC BY-SA 3.0; HDM05, Mueller et al. 2007"
CMU_FPS = 120.0
TRIAL_COLUMNS = ("trial", "true_fps", "capture", "description")


@dataclass(frozen=True)
class Dropped:
    """Something left out of the data set, and why."""

    what: str
    why: str


@dataclass(frozen=True)
class Trial:
    """One recording.

    Attributes:
        id: CMU trial (``16_11``) or HDM05 cut (``bd_squat1Reps_001``).
        source: ``cmu`` or ``hdm05``.
        path: the .amc or .bvh file.
        skeleton: the .asf file of an .amc, else None.
        fps: true frame rate, None to trust the file.
        capture: recordings with the same capture are twins and share a split.
        words: CMU's one-line description or HDM05's class; may be empty.
        licence: terms of the recording.
    """

    id: str
    source: str
    path: Path
    skeleton: Path | None
    fps: float | None
    capture: str
    words: str
    licence: str


def find_cmu(folder: str | Path, cache: Path, table: str | Path | None = None) -> tuple[list[Trial], list[Dropped]]:
    """The CMU trials below ``folder``, and every listed trial whose files are missing.

    Files are ``SS_TT.amc`` beside ``SS.asf``, or ``SS_TT.bvh``, in any subfolders; where a trial has both,
    the .amc (the database's own format) is taken. A ``trials.csv`` (columns trial, true_fps, capture, description;
    format optional) in ``folder`` or given as ``table`` corrects frame rates and tells twins and descriptions; trials
    it does not list are taken at 120 fps (.amc) or at the file's own rate (.bvh). When ``folder`` holds an archive
    ``*.tar*`` instead of motion files, it is unpacked into ``cache`` first.

    Raises:
        MotionGPTError: no such folder, no motion files, or a broken table.
    """
    folder = Path(folder)
    files = _motion_files(folder, cache / "cmu", (".amc", ".bvh", ".asf"))
    if table is None and (folder / "trials.csv").is_file():
        table = folder / "trials.csv"
    rows = _read_trials(Path(table)) if table is not None else {}
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
            missing.append(Dropped(trial, f"it is listed in {table} but {folder} has no {trial}.amc or {trial}.bvh"))
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

    The class in the file name, split into words (``squat1Reps`` -> ``squat 1 reps``), is the trial's words. When
    ``folder`` holds an archive ``*.tar*`` instead, it is unpacked into ``cache`` first. Also returns
    every cut without a skeleton.

    Raises:
        MotionGPTError: no such folder or no cuts in it.
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
        trials.append(Trial(trial, "hdm05", path, skeleton, float(fps), f"hdm05 {trial}", _words(kind), HDM05_LICENCE))
    if not trials:
        raise MotionGPTError(
            f"{folder} holds no HDM05 cuts: expected files such as HDM_bd_squat1Reps_001_120.amc with HDM_bd.asf."
        )
    return trials, missing


def _words(kind: str) -> str:
    """``kickLFront1Reps`` -> ``kick lfront 1 reps``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z0-9])|(?<=[0-9])(?=[A-Za-z])", " ", kind).lower()


def _natural(name: str) -> list[tuple[int, str]]:
    """Sort key that counts: 9_2 before 9_10 before 10_1."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.findall(r"\d+|\D+", name)]


def _motion_files(folder: Path, cache: Path, suffixes: Iterable[str]) -> list[Path]:
    if not folder.is_dir():
        raise MotionGPTError(f"There is no folder {folder} with motion capture.")
    files = [path for path in sorted(folder.rglob("*")) if path.suffix.lower() in suffixes]
    if files:
        return files
    archives = sorted(path for path in folder.iterdir() if ".tar" in path.suffixes)
    for archive in archives:
        _unpack(archive, cache)
    if not archives:
        return []
    return [path for path in sorted(cache.rglob("*")) if path.suffix.lower() in suffixes]


def _unpack(archive: Path, cache: Path) -> None:
    """Unpack plain files of an archive once; a marker tells that it was unpacked to its end."""
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
                # Archives come from the net: only plain files, only inside the cache.
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
        table[row["trial"]] = {key: value or "" for key, value in row.items() if key is not None}
    return table
