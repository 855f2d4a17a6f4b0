"""Checking a data set before it is trained on: ``check(root)``."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

import numpy as np

from motiongpt.data.layout import (
    EXPECTED,
    FEATURES,
    SPLITS,
    TEXTS,
    FeatureMoments,
    Problem,
    feature_shape,
    load_features,
    load_statistics,
    read_clip_table,
    read_ids,
    skeleton_of_width,
)
from motiongpt.data.texts import Caption, parse_captions
from motiongpt.errors import MotionGPTError
from motiongpt.motion import Skeleton, features_to_joints

# Strides per second. People walk at about 0.9 and run at about 1.4; data of 30 fps read as 20 fps walks at 0.6.
_STRIDES = (0.7, 1.75)
# Minimum number of clips of regular walking or running from which the frame rate of a data set is judged.
_MIN_WALKS = 10
# Seconds that the part of a caption may end after its clip: clips lose their last frame when they become features.
_LATE = 0.5
# Maximum error of Mean.npy, in standard deviations of the training clips.
_MEAN_OFF = 1.0


def check(root: str | Path) -> list[Problem]:
    """All faults of a data set in the HumanML3D layout.

    Finds missing folders, lists, motion and captions; motion that is unreadable, of another width, or has NaN or
    infinite values; empty captions and malformed caption lines (by line number); parts of captions outside their clip;
    clips that are listed twice or in two splits, or in another split than their mirror image or than clips of the same
    recording (``clips.csv``); files that no list names; statistics that are missing, misshapen, not above zero or of
    other clips; lengths that disagree with ``clips.csv``; and, from the pace of regular walking, a wrong frame rate.

    Raises:
        MotionGPTError: the folder is missing.
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
    table: dict[str, dict[str, str]] = {}
    try:
        table = read_clip_table(root)
    except MotionGPTError:
        problems.append(Problem("table", "clips.csv", "it cannot be read as a table with a column id"))
    problems += _check_splits(splits, table)
    ids = list(dict.fromkeys(clip for listed in splits.values() for clip in listed))
    skeleton = _main_skeleton(root, ids)
    if skeleton is not None:
        problems += _check_clips(root, ids, splits.get("train", []), table, skeleton)
    elif ids:
        problems.append(Problem("motion", FEATURES, "no listed clip has readable features of width 263 or 251"))
    problems += _check_unlisted(root, set(ids))
    return problems


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
                    "split",
                    f"{split}.txt",
                    f"mirrored clip {clip} is separated from {clip[1:]}, which is in {twin}.txt",
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
    moments = FeatureMoments(skeleton.feature_dim)
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
                    f"a caption describes it up to {caption.end} s, but at {skeleton.fps:g} fps it lasts "
                    f"{seconds:.2f} s: is its frame rate right?"
                )
                problems.append(Problem("length", file, message))
        if not clip.startswith("M"):
            stride = stride_frequency(features, skeleton)
            if stride is not None:
                strides.append(stride)
        if clip in in_train:
            moments.add(features)
    return problems + _check_frame_rate(strides, skeleton) + _check_statistics(root, moments, skeleton)


def _check_frame_rate(strides: list[float], skeleton: Skeleton) -> list[Problem]:
    if len(strides) < _MIN_WALKS:
        return []
    pace = float(np.median(strides))
    if _STRIDES[0] <= pace <= _STRIDES[1]:
        return []
    slow = "slow" if pace < _STRIDES[0] else "fast"
    message = (
        f"{len(strides)} clips of regular walking or running make {pace:.2f} strides per second at {skeleton.fps:g} "
        f"fps, too {slow} for people: was the motion resampled to {skeleton.fps:g} fps?"
    )
    return [Problem("fps", FEATURES, message)]


def _check_statistics(root: Path, moments: FeatureMoments, skeleton: Skeleton) -> list[Problem]:
    try:
        mean, _ = load_statistics(root, skeleton)
    except MotionGPTError as error:
        return [Problem("statistics", "Mean.npy, Std.npy", str(error))]
    if not moments.rows:
        return []
    off = np.abs(mean - moments.mean) > _MEAN_OFF * moments.std + 1e-3
    if not off.any():
        return []
    message = f"{int(off.sum())} of its numbers are not near the mean of the training clips: of other data?"
    return [Problem("statistics", "Mean.npy", message)]


def _check_captions(root: Path, clip: str, row: dict[str, str]) -> tuple[list[Caption], list[Problem]]:
    file = f"{TEXTS}/{clip}.txt"
    if not (root / file).is_file():
        return [], [Problem("captions", file, "the captions of this clip are missing")]
    try:
        captions, faults = parse_captions(root / file)
    except MotionGPTError as error:
        return [], [Problem("captions", file, str(error))]
    problems = [Problem("caption line", file, f"line {number}: {fault}") for number, fault in faults]
    # clips.csv says which clips have no captions on purpose.
    if not captions and not faults and row.get("caption_source") != "none":
        problems.append(Problem("captions", file, "there is no caption in it"))
    return captions, problems


def _check_unlisted(root: Path, ids: set[str]) -> list[Problem]:
    problems = []
    for folder, suffix in ((FEATURES, ".npy"), (TEXTS, ".txt")):
        if not (root / folder).is_dir():
            continue
        unlisted = sorted(
            file.name for file in (root / folder).iterdir() if file.stem not in ids and file.suffix == suffix
        )
        if unlisted:
            shown = ", ".join(unlisted[:5]) + (", ..." if len(unlisted) > 5 else "")
            problems.append(Problem("unlisted", folder, f"no list names {len(unlisted)} of its files: {shown}"))
    return problems


def stride_frequency(features: np.ndarray, skeleton: Skeleton) -> float | None:
    """Strides (two steps) per second of a clip (T, D) of regular walking or running; None for any other clip.

    A step is one ankle passing the other, at the frame rate of the data set. Regular means at least two even steps of
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
