"""What the probes' predicates say of real clips: how high a perfect model could score, and how often others pass.

A clip is *of* a kind when enough of its captions say so by simple word patterns, and is of *other* kinds when none of
its captions has a word near the kind. Captions are loose and clips hold more than one action, so neither rate reaches
100 % or 0 %. Few clips show two actions, or an action so many times: for these, real clips are put together, one after
the other (joined in the features, which carry steps and turns and no places) or the legs of one under the arms of
another where both show their action; clips put together one after the other, the wrong way round, are the others of a
compound.
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
from motiongpt.evaluation.probes.kinds import ASKED, COMPOUNDS, KINDS, Compound, Kind
from motiongpt.evaluation.probes.predicates import stays
from motiongpt.motion import HUMANML3D, Motion
from motiongpt.motion.editing import combine, quiet_stretches
from motiongpt.motion.features import features_to_joints
from motiongpt.motion.measures import FPS

# Nearly all clips are of other kinds; a part of them tells how often those pass.
_OTHERS = 4

_JOINS = {
    "order": r" then | before ",
    "while": r" while | as (?:he|she|they) | with ",
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
        MotionGPTError: the data set cannot be read, or has another skeleton than HumanML3D's.
    """
    votes: dict[str, dict[str, list[tuple[str, bool]]]] = {
        name: {"clips": [], "made": [], "others": []} for name in ASKED
    }
    clips: dict[str, list[np.ndarray]] = {name: [] for name in KINDS}
    for split in SPLITS:
        data = MotionTextDataset(root, split, captioned=True)
        if data.skeleton is not HUMANML3D:
            raise MotionGPTError(f"Probes judge HumanML3D's 22 joints, and {root} has those of {data.skeleton.name}.")
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
            if not mirrored and not number % _OTHERS:
                still = _still(item.features)
                for name in (name for name, kind in KINDS.items() if kind.quiet):
                    clips[name] += still
                    votes[name]["made"] += [(item.id, KINDS[name].holds(features_to_joints(part))) for part in still]
            for name, compound in COMPOUNDS.items():
                if says_compound(compound, captions) and not (mirrored and not compound.sided):
                    joints = features_to_joints(item.features) if joints is None else joints
                    votes[name]["clips"].append((item.id, compound.holds(joints)))
    rng = np.random.default_rng(seed)
    for name, asked in tqdm(ASKED.items(), desc="put together", disable=None):
        for chosen, example in _put_together(asked, clips, made, rng):
            votes[name]["made"].append(("", asked.holds(example)))
            if isinstance(asked, Compound):
                # Second, then first, is neither in order nor at the same time.
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


def _put_together(
    asked: Kind | Compound, clips: dict[str, list[np.ndarray]], made: int, rng: np.random.Generator
) -> Iterator[tuple[list[np.ndarray], np.ndarray]]:
    """Clips (T, 263) drawn for an example, and its joints; fewer than ``made`` where they are hard to find."""
    parts = asked.made_of if isinstance(asked, Kind) else (asked.first, asked.second)
    seconds = asked.arguments.get("seconds") if isinstance(asked, Kind) else None
    least = 0 if seconds is None else round(seconds * FPS)
    known = [[clip for clip in clips[part] if len(clip) >= least] for part in parts]
    if not parts or not all(known):
        return
    for _ in range(4 * made):
        chosen = [some[rng.integers(len(some))] for some in known]
        if asked.category == "while":
            count = min(map(len, chosen))
            chosen = [clip[:count] for clip in chosen]
            # Of two clips cut to one length, each must still show what it is taken for.
            if not all(KINDS[part].holds(features_to_joints(clip)) for part, clip in zip(parts, chosen, strict=True)):
                continue
            lower, upper = map(Motion.from_features, chosen)
            yield chosen, combine(lower, upper).joints
        else:
            joints = _one_after_the_other(chosen)
            middle = (len(joints) - least) // 2
            yield chosen, joints if seconds is None else joints[middle : middle + least]
        made -= 1
        if not made:
            return


def _still(features: np.ndarray) -> list[np.ndarray]:
    """Stretches of a second or more in which a standing body does not move."""
    motion = Motion.from_features(features)
    return [features[part] for part in quiet_stretches(motion) if stays(motion.joints[part])]


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
