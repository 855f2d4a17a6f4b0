"""What the probes' predicates say of real clips: how high a perfect model could score, and how often others pass.

A clip is *of* a kind when enough of its captions say so by simple word patterns, and is of *other* kinds when none of
its captions has a word near the kind. Captions are loose and clips hold more than one action, so neither rate reaches
100 % or 0 %.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from motiongpt.data.layout import SPLITS, MotionTextDataset
from motiongpt.evaluation.kinds import KINDS
from motiongpt.motion.features import features_to_joints


def measure_ceiling(root: str | Path) -> dict[str, dict[str, Any]]:
    """Rates of all kinds over the captioned clips of all splits.

    Mirrored clips (ids that start with M) count for kinds with a side only, to which they add the other side's clips;
    to the rest they would add the same clip again.

    Returns:
        For each kind: ``clips`` of it, ``passed`` (share of them), ``others`` (clips of other kinds),
        ``others_passed`` (share of them), and ``failed`` (ids of clips of the kind that do not pass). A share is None
        where there are no clips.

    Raises:
        MotionGPTError: the data set cannot be read.
    """
    votes: dict[str, list[tuple[str, bool, bool]]] = {kind: [] for kind in KINDS}
    for split in SPLITS:
        data = MotionTextDataset(root, split, captioned=True)
        for item in tqdm(data, desc=f"real clips, {split}", total=len(data), disable=None):
            mirrored = item.id.startswith("M")
            captions = [caption.text for caption in item.captions]
            wanted = {
                name: included
                for name, kind in KINDS.items()
                if (included := kind.includes(captions)) or (included is False and not mirrored)
                if not mirrored or kind.arguments
            }
            if wanted:
                joints = features_to_joints(item.features)
                for name, included in wanted.items():
                    votes[name].append((item.id, bool(included), KINDS[name].holds(joints)))
    report = {}
    for name, rows in votes.items():
        own = [holds for _, included, holds in rows if included]
        others = [holds for _, included, holds in rows if not included]
        report[name] = {
            "clips": len(own),
            "passed": float(np.mean(own)) if own else None,
            "others": len(others),
            "others_passed": float(np.mean(others)) if others else None,
            "failed": [clip for clip, included, holds in rows if included and not holds],
        }
    return report
