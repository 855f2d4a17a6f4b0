"""What the probes' predicates say of real clips: how high a perfect model could score, and how often others pass.

A clip is *of* a kind when enough of its captions say so by simple word patterns, and is of *other* kinds when none of
its captions has a word near the kind. Captions are loose and clips hold more than one action, so neither rate reaches
100 % or 0 %. Few clips show two actions, or an action so many times: for these, real clips are put together, one after
the other (joined in the features, which carry steps and turns and no places) or the legs of one under the arms of
another; clips put together the wrong way round are the others of an order.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from motiongpt.data.layout import SPLITS, MotionTextDataset
from motiongpt.evaluation.kinds import COMPOUNDS, KINDS, Compound, Kind
from motiongpt.motion import Motion
from motiongpt.motion.editing import combine
from motiongpt.motion.features import features_to_joints
from motiongpt.motion.measures import FPS

# Nearly all clips are of other kinds; a part of them tells how often those pass.
_OTHERS = 4

_JOINS = {
    "order": r",| and then | then | and | before ",
    "while": r" while | as (?:he|she|they) | with | and ",
}


def measure_ceiling(root: str | Path, *, made: int = 8, seed: int = 0) -> dict[str, dict[str, Any]]:
    """Rates of all kinds and compounds over the captioned clips of all splits.

    Mirrored clips (ids that start with M) count for kinds with a side only, to which they add the other side's clips;
    to the rest they would add the same clip again. Of the clips of other kinds every fourth is looked at.

    Args:
        root: data set in the HumanML3D layout.
        made: how many examples are put together for each compound, and for each kind that names what it is made of.
        seed: of choosing the clips that are put together.

    Returns:
        For each kind and compound: ``clips`` of it, ``passed`` (share of them), ``made`` (examples put together),
        ``made_passed``, ``others`` (clips of other kinds, or examples put together the wrong way round),
        ``others_passed``, and ``failed`` (ids of clips that should pass and do not). A share is None where there are
        no clips.

    Raises:
        MotionGPTError: the data set cannot be read.
    """
    votes: dict[str, dict[str, list[tuple[str, bool]]]] = {
        name: {"clips": [], "made": [], "others": []} for name in (*KINDS, *COMPOUNDS)
    }
    clips: dict[str, list[np.ndarray]] = {name: [] for name in KINDS}
    for split in SPLITS:
        data = MotionTextDataset(root, split, captioned=True)
        for number, item in enumerate(tqdm(data, desc=f"real clips, {split}", total=len(data), disable=None)):
            mirrored = item.id.startswith("M")
            captions = [caption.text for caption in item.captions]
            joints = None
            for name, kind in KINDS.items():
                included = kind.includes(captions)
                # Mirrored clips of other kinds say what their originals say.
                if included is None or (mirrored and not (included and "side" in kind.arguments)):
                    continue
                if not included and number % _OTHERS:
                    continue
                joints = features_to_joints(item.features) if joints is None else joints
                votes[name]["clips" if included else "others"].append((item.id, kind.holds(joints)))
                if included:
                    clips[name].append(item.features)
            for name, compound in COMPOUNDS.items():
                if says_compound(compound, captions) and not (mirrored and not compound.sided):
                    joints = features_to_joints(item.features) if joints is None else joints
                    votes[name]["clips"].append((item.id, compound.holds(joints)))
    rng = np.random.default_rng(seed)
    for name, asked in tqdm({**KINDS, **COMPOUNDS}.items(), desc="put together", disable=None):
        parts = asked.made_of if isinstance(asked, Kind) else (asked.first, asked.second)
        if not parts or not all(clips[part] for part in parts):
            continue
        for _ in range(made):
            chosen = [clips[part][rng.integers(len(clips[part]))] for part in parts]
            votes[name]["made"].append(("", asked.holds(_put_together(asked, chosen))))
            if isinstance(asked, Compound) and asked.category == "order":
                votes[name]["others"].append(("", asked.holds(_one_after_the_other(chosen[::-1]))))
    return {name: _report(groups) for name, groups in votes.items()}


def says_compound(compound: Compound, captions: Sequence[str]) -> bool:
    """Whether a third or more of the captions name both kinds, joined by words for this order or simultaneity."""
    first, second = KINDS[compound.first].says, KINDS[compound.second].says
    said = 0
    for caption in captions:
        text = caption.lower()
        joins = re.finditer(_JOINS[compound.category], text)
        said += any(re.search(first, text[: join.start()]) and re.search(second, text[join.end() :]) for join in joins)
    return bool(said) and 3 * said >= len(captions)


def _put_together(asked: Kind | Compound, clips: Sequence[np.ndarray]) -> np.ndarray:
    """Joints of a real example made of clips (T, 263)."""
    if isinstance(asked, Compound) and asked.category == "while":
        lower, upper = (Motion.from_features(clip) for clip in clips)
        return combine(lower, upper).joints
    joints = _one_after_the_other(clips)
    seconds = asked.arguments.get("seconds") if isinstance(asked, Kind) else None
    return joints if seconds is None else joints[: round(seconds * FPS)]


def _one_after_the_other(clips: Sequence[np.ndarray]) -> np.ndarray:
    return features_to_joints(np.concatenate(clips))


def _report(groups: dict[str, list[tuple[str, bool]]]) -> dict[str, Any]:
    report: dict[str, Any] = {}
    for group, rows in groups.items():
        report[group] = len(rows)
        rate = "passed" if group == "clips" else f"{group}_passed"
        report[rate] = float(np.mean([holds for _, holds in rows])) if rows else None
    report["failed"] = [clip for clip, holds in groups["clips"] if not holds]
    return report
