"""Finding what is wrong with a data set before a training finds it: ``check(root)``."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np

from motiongpt.data.layout import (
    EXPECTED,
    FEATURES,
    SPLITS,
    TEXTS,
    Problem,
    feature_shape,
    load_features,
    load_statistics,
    read_ids,
    skeleton_of_width,
)
from motiongpt.data.texts import Caption, parse_captions
from motiongpt.errors import MotionGPTError
from motiongpt.motion import Skeleton, features_to_joints

# Strides a second. People walk at about 0.9 and run at about 1.4; data of 30 fps taken for 20 walks at 0.6.
_STRIDES = (0.7, 1.75)
# Fewer clips of regular walking or running than this say nothing about the frame rate of a data set.
_ENOUGH_WALKS = 10
# A caption's part may end this much after its clip (seconds): clips lose their last frame when they become features.
_LATE = 0.5
# How many of the training clips' standard deviations Mean.npy may be off.
_MEAN_OFF = 1.0


def check(root: str | Path) -> list[Problem]:
    """Everything that is wrong with a data set in the HumanML3D layout; an empty list when nothing is.

    Looks for missing folders, lists, motion and captions; motion that is unreadable, of another width, with NaN or
    infinite values; empty captions and malformed caption lines (by line number); parts of captions that lie behind
    their clip; clips listed twice, listed in two splits, or parted from their mirrored twin or from clips of the same
    recording (``clips.csv``); files that no list names; statistics that are missing, misshapen, not above zero or of
    other clips; clips whose length is not what ``clips.csv`` says; and, from the pace of regular walking, another
    frame rate than the data set's.

    Raises:
        MotionGPTError: there is no such folder.
    """
    root = Path(root)
    if not root.is_dir():
        raise MotionGPTError(f"There is no folder {root} to check.")
    problems: list[Problem] = []
    splits: dict[str, list[str]] = {}
    for folder in (FEATURES, TEXTS):
        if not (root / folder).is_dir():
            problems.append(Problem("layout", folder, f"this folder is missing: {EXPECTED}"))
    for split in SPLITS:
        try:
            splits[split] = read_ids(root, split)
        except MotionGPTError:
            problems.append(Problem("layout", f"{split}.txt", f"this list is missing or not text: {EXPECTED}"))
        else:
            if not splits[split]:
                problems.append(Problem("layout", f"{split}.txt", "it lists no clips"))
    table = _read_table(root, problems)
    problems += _check_splits(splits, table)
    ids = list(dict.fromkeys(clip for listed in splits.values() for clip in listed))
    skeleton = _main_skeleton(root, ids)
    if skeleton is not None:
        problems += _check_clips(root, ids, splits.get("train", []), table, skeleton)
    elif ids:
        problems.append(Problem("motion", FEATURES, "no listed clip has readable features of width 263 or 251"))
    problems += _check_unlisted(root, set(ids))
    return problems


def _read_table(root: Path, problems: list[Problem]) -> dict[str, dict[str, str]]:
    """clips.csv by clip, where the data set has one."""
    path = root / "clips.csv"
    if not path.is_file():
        return {}
    try:
        with path.open(encoding="utf-8", newline="") as handle:
            return {row["id"]: row for row in csv.DictReader(handle)}
    except (OSError, UnicodeDecodeError, csv.Error, KeyError):
        problems.append(Problem("table", "clips.csv", "it cannot be read as a table with a column id"))
        return {}


def _check_splits(splits: dict[str, list[str]], table: dict[str, dict[str, str]]) -> list[Problem]:
    problems = []
    homes: dict[str, str] = {}
    for split, ids in splits.items():
        file = f"{split}.txt"
        for clip, times in Counter(ids).items():
            if times > 1:
                problems.append(Problem("split", file, f"clip {clip} is listed {times} times"))
            if clip in homes:
                problems.append(Problem("split", file, f"clip {clip} is also in {homes[clip]}.txt"))
            homes.setdefault(clip, split)
    for clip, split in homes.items():
        twin = homes.get(clip[1:]) if clip.startswith("M") else None
        if twin is not None and twin != split:
            problems.append(
                Problem(
                    "split", f"{split}.txt", f"mirrored clip {clip} is parted from {clip[1:]}, which is in {twin}.txt"
                )
            )
    captures: dict[str, dict[str, str]] = defaultdict(dict)
    for clip, split in homes.items():
        capture = table.get(clip, {}).get("capture")
        if capture:
            captures[capture].setdefault(split, clip)
    for capture, found in captures.items():
        if len(found) > 1:
            where = ", ".join(f"{clip} in {split}.txt" for split, clip in found.items())
            problems.append(Problem("split", "clips.csv", f"recording {capture} is in more than one split: {where}"))
    return problems


def _main_skeleton(root: Path, ids: list[str]) -> Skeleton | None:
    """The skeleton of most clips."""
    widths: Counter[int] = Counter()
    for clip in ids:
        try:
            widths[feature_shape(root / FEATURES / f"{clip}.npy")[1]] += 1
        except MotionGPTError:
            continue
    return next((skeleton for width, _ in widths.most_common() if (skeleton := skeleton_of_width(width))), None)


def _check_clips(
    root: Path, ids: list[str], train: list[str], table: dict[str, dict[str, str]], skeleton: Skeleton
) -> list[Problem]:
    problems = []
    strides = []
    in_train = set(train)
    count, total, squares = 0, np.zeros(skeleton.feature_dim), np.zeros(skeleton.feature_dim)
    for clip in ids:
        row = table.get(clip, {})
        captions, found = _check_captions(root, clip, row)
        problems += found
        file = f"{FEATURES}/{clip}.npy"
        try:
            features = load_features(root / file, skeleton)
        except MotionGPTError as error:
            problems.append(Problem("motion", file, str(error)))
            continue
        if len(features) == 0:
            problems.append(Problem("motion", file, "it has no frames"))
            continue
        if row.get("frames") and row["frames"] != str(len(features)):
            problems.append(Problem("length", file, f"it has {len(features)} rows, but clips.csv says {row['frames']}"))
        seconds = len(features) / skeleton.fps
        for caption in captions:
            if caption.end > seconds + _LATE:
                message = (
                    f"a caption tells its part up to {caption.end} s, but at {skeleton.fps:g} fps it lasts "
                    f"{seconds:.2f} s: is its frame rate right?"
                )
                problems.append(Problem("length", file, message))
        if not clip.startswith("M"):
            stride = stride_frequency(features, skeleton)
            if stride is not None:
                strides.append(stride)
        if clip in in_train:
            count += len(features)
            total += features.sum(0, dtype=np.float64)
            squares += (features.astype(np.float64) ** 2).sum(0)
    if len(strides) >= _ENOUGH_WALKS:
        pace = float(np.median(strides))
        if not _STRIDES[0] <= pace <= _STRIDES[1]:
            slow = "slow" if pace < _STRIDES[0] else "fast"
            problems.append(
                Problem(
                    "fps",
                    FEATURES,
                    f"{len(strides)} clips of regular walking or running make {pace:.2f} strides a second at "
                    f"{skeleton.fps:g} fps, too {slow} for people: was the motion resampled to {skeleton.fps:g} fps?",
                )
            )
    try:
        mean, _ = load_statistics(root, skeleton)
    except MotionGPTError as error:
        problems.append(Problem("statistics", "Mean.npy, Std.npy", str(error)))
    else:
        if count:
            own = total / count
            spread = np.sqrt(np.maximum(squares / count - own**2, 0))
            off = np.abs(mean - own) > _MEAN_OFF * spread + 1e-3
            if off.any():
                message = f"{int(off.sum())} of its numbers are not near the mean of the training clips: of other data?"
                problems.append(Problem("statistics", "Mean.npy", message))
    return problems


def _check_captions(root: Path, clip: str, row: dict[str, str]) -> tuple[list[Caption], list[Problem]]:
    file = f"{TEXTS}/{clip}.txt"
    if not (root / file).is_file():
        return [], [Problem("captions", file, "the captions of this clip are missing")]
    try:
        captions, faults = parse_captions(root / file)
    except MotionGPTError as error:
        return [], [Problem("captions", file, str(error))]
    problems = [Problem("caption line", file, f"line {number}: {fault}") for number, fault in faults]
    # A clip may be without words on purpose, when clips.csv says so.
    if not captions and not faults and row.get("caption_source") != "none":
        problems.append(Problem("captions", file, "there is no caption in it"))
    return captions, problems


def _check_unlisted(root: Path, ids: set[str]) -> list[Problem]:
    problems = []
    for folder, suffix in ((FEATURES, ".npy"), (TEXTS, ".txt")):
        if not (root / folder).is_dir():
            continue
        strays = sorted(
            file.name for file in (root / folder).iterdir() if file.stem not in ids and file.suffix == suffix
        )
        if strays:
            shown = ", ".join(strays[:5]) + (", ..." if len(strays) > 5 else "")
            problems.append(Problem("unlisted", folder, f"no list names {len(strays)} of its files: {shown}"))
    return problems


def stride_frequency(features: np.ndarray, skeleton: Skeleton) -> float | None:
    """Strides (two steps) a second of a clip (T, D) of regular walking or running; None for any other clip.

    A step is when one ankle passes the other, at the data set's frame rate. Regular means at least two even steps of
    0.4 to 2 metres.
    """
    joints = features_to_joints(features, skeleton) * skeleton.metres_per_unit
    across = joints[:, skeleton.face_joints[1]] - joints[:, skeleton.face_joints[0]]
    forward = np.cross(across, [0.0, 1.0, 0.0])
    forward /= np.maximum(np.linalg.norm(forward, axis=1, keepdims=True), 1e-9)
    ahead = ((joints[:, skeleton.left_foot[0]] - joints[:, skeleton.right_foot[0]]) * forward).sum(1)
    # The side of the foot in front, where it is clearly in front.
    frames = np.flatnonzero(np.abs(ahead) > 0.15)
    passes = frames[1:][np.diff(np.sign(ahead[frames])) != 0]
    if len(passes) < 3:
        return None
    intervals = np.diff(passes)
    travel = np.linalg.norm(joints[passes[-1], 0, [0, 2]] - joints[passes[0], 0, [0, 2]]) / len(intervals)
    if intervals.std() > 0.2 * intervals.mean() or not 0.4 < travel < 2.0:
        return None
    return float(skeleton.fps / (2 * intervals.mean()))
