"""The ceiling of the probes: the rate at which real clips pass, and the rate at which unrelated clips pass.

A clip is *of* a kind if enough of its captions match the patterns of the kind, and of *another* kind if none of its
captions has a word near the kind. Captions are loose and clips hold more than one action, so neither rate reaches
100 % or 0 %. Few clips show two actions, or an exact number of them. For these kinds real clips are composed: one after
the other (joined in the features, which hold steps and turns but no places), or the legs of one under the arms of
another if both still show their action. For a compound, two clips in the wrong order count as another kind.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from motiongpt.data.layout import SPLITS, MotionTextDataset
from motiongpt.errors import MotionGPTError
from motiongpt.evaluation.probes.kinds import ALL_KINDS, COMPOUNDS, KINDS, Compound, Kind
from motiongpt.evaluation.probes.predicates import stays
from motiongpt.motion import HUMANML3D, Motion
from motiongpt.motion.editing import combine, quiet_stretches
from motiongpt.motion.features import features_to_joints
from motiongpt.motion.measures import FPS

# Nearly all clips are of other kinds; every fourth gives a good estimate of how often those pass.
_OTHERS_STEP = 4

_CONJUNCTIONS = {
    "order": r" then | before ",
    "while": r" while | as (?:he|she|they) | with ",
}


def measure_ceiling(root: str | Path, *, composites: int = 8, seed: int = 0) -> dict[str, dict[str, Any]]:
    """Measure the pass rates of all kinds and compounds on the captioned clips of all splits.

    Mirrored clips (ids that start with M) count only for kinds with a side, because for the others they repeat their
    original. Of the clips of other kinds, every fourth is judged.

    Args:
        root: data set in the HumanML3D layout.
        composites: number of examples to compose for each compound, and for each kind with ``made_of``.
        seed: random seed of the clips that are composed.

    Returns:
        For each kind and compound: ``clips`` (number), ``passed`` (their rate), ``made`` (number of composed examples),
        ``made_passed``, ``others`` (number of clips of other kinds, or of composed examples in the wrong order),
        ``others_passed``, and ``failed`` (ids of clips that should pass and do not). A rate is None if there are no
        clips.

    Raises:
        MotionGPTError: the data set cannot be read, or its skeleton is not HumanML3D's.
    """
    votes: dict[str, dict[str, list[tuple[str, bool]]]] = {
        name: {"clips": [], "made": [], "others": []} for name in ALL_KINDS
    }
    clips: dict[str, list[np.ndarray]] = {name: [] for name in KINDS}
    for split in SPLITS:
        data = MotionTextDataset(root, split, captioned=True)
        if data.skeleton is not HUMANML3D:
            raise MotionGPTError(
                f"Probes need HumanML3D's 22 joints, but {root} has the skeleton {data.skeleton.name}."
            )
        for number, item in enumerate(tqdm(data, desc=f"real clips, {split}", total=len(data), disable=None)):
            mirrored = item.id.startswith("M")
            captions = [caption.text for caption in item.captions]
            joints = None
            for name, kind in KINDS.items():
                included = kind.includes(captions)
                # A mirrored clip of another kind repeats its original.
                if included is None or (mirrored and not (included and "side" in kind.arguments)):
                    continue
                if not included and number % _OTHERS_STEP:
                    continue
                joints = features_to_joints(item.features) if joints is None else joints
                votes[name]["clips" if included else "others"].append((item.id, kind.holds(joints)))
                if included:
                    clips[name].append(item.features)
            if not mirrored and not number % _OTHERS_STEP:
                still = _still_stretches(item.features)
                for name in (name for name, kind in KINDS.items() if kind.quiet):
                    clips[name] += still
                    votes[name]["made"] += [(item.id, KINDS[name].holds(features_to_joints(part))) for part in still]
            for name, compound in COMPOUNDS.items():
                if says_compound(compound, captions) and not (mirrored and not compound.sided):
                    joints = features_to_joints(item.features) if joints is None else joints
                    votes[name]["clips"].append((item.id, compound.holds(joints)))
    rng = np.random.default_rng(seed)
    for name, target in tqdm(ALL_KINDS.items(), desc="composites", disable=None):
        for parts, joints in _compose(target, clips, composites, rng):
            votes[name]["made"].append(("", target.holds(joints)))
            if isinstance(target, Compound):
                # Second, then first, is neither in order nor at the same time.
                votes[name]["others"].append(("", target.holds(_concatenate(parts[::-1]))))
    return {name: _report(groups) for name, groups in votes.items()}


def says_compound(compound: Compound, captions: Sequence[str]) -> bool:
    """Whether a third or more of the captions name both kinds with a conjunction for this order or simultaneity."""
    first, second = KINDS[compound.first].says, KINDS[compound.second].says
    matches = 0
    for caption in captions:
        text = caption.lower()
        conjunctions = re.finditer(_CONJUNCTIONS[compound.category], text)
        matches += any(
            re.search(first, text[: found.start()]) and re.search(second, text[found.end() :]) for found in conjunctions
        )
    return bool(matches) and 3 * matches >= len(captions)


def _compose(
    target: Kind | Compound, clips: dict[str, list[np.ndarray]], count: int, rng: np.random.Generator
) -> Iterator[tuple[list[np.ndarray], np.ndarray]]:
    """Draw clips (T, 263) and compose them to joints (T, 22, 3); fewer than ``count`` if examples are hard to find."""
    parts = target.made_of if isinstance(target, Kind) else (target.first, target.second)
    seconds = target.arguments.get("seconds") if isinstance(target, Kind) else None
    min_frames = 0 if seconds is None else round(seconds * FPS)
    candidates = [[clip for clip in clips[part] if len(clip) >= min_frames] for part in parts]
    if not parts or not all(candidates):
        return
    for _ in range(4 * count):
        drawn = [some[rng.integers(len(some))] for some in candidates]
        if target.category == "while":
            frames = min(map(len, drawn))
            drawn = [clip[:frames] for clip in drawn]
            # Cut to one length, each of the two clips must still show its own action.
            if not all(KINDS[part].holds(features_to_joints(clip)) for part, clip in zip(parts, drawn, strict=True)):
                continue
            lower, upper = map(Motion.from_features, drawn)
            yield drawn, combine(lower, upper).joints
        else:
            joints = _concatenate(drawn)
            start = (len(joints) - min_frames) // 2
            yield drawn, joints if seconds is None else joints[start : start + min_frames]
        count -= 1
        if not count:
            return


def _still_stretches(features: np.ndarray) -> list[np.ndarray]:
    """Stretches (T, 263) of a second or more in which a standing body does not move."""
    motion = Motion.from_features(features)
    return [features[part] for part in quiet_stretches(motion) if stays(motion.joints[part])]


def _concatenate(clips: Sequence[np.ndarray]) -> np.ndarray:
    """Joints of clips (T, 263), one after the other."""
    return features_to_joints(np.concatenate(clips))


def _report(groups: dict[str, list[tuple[str, bool]]]) -> dict[str, Any]:
    report: dict[str, Any] = {}
    for group, rows in groups.items():
        report[group] = len(rows)
        rate = "passed" if group == "clips" else f"{group}_passed"
        report[rate] = float(np.mean([holds for _, holds in rows])) if rows else None
    report["failed"] = [clip for clip, holds in groups["clips"] if not holds]
    return report
