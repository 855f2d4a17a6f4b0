"""A small data set in the HumanML3D layout, made of walks."""

from pathlib import Path

import numpy as np
import pytest

from motiongpt.motion import HUMANML3D, FeatureLayout


@pytest.fixture(scope="session")
def data_folder(tmp_path_factory, make_walk) -> Path:
    root = tmp_path_factory.mktemp("data")
    (root / "new_joint_vecs").mkdir()
    (root / "texts").mkdir()
    lists: dict[str, list[str]] = {"train": [], "val": [], "test": []}
    rows = []
    for number in range(10):
        name = f"{number:06d}"
        features = make_walk(frames=40 + 9 * number, speed=0.6 + 0.1 * number).features()
        np.save(root / "new_joint_vecs" / f"{name}.npy", features)
        pace = "slowly" if number < 5 else "quickly"
        (root / "texts" / f"{name}.txt").write_text(f"a person walks {pace}#a/DET person/NOUN#0.0#0.0\n")
        lists["train" if number < 7 else "val" if number < 9 else "test"].append(name)
        rows.append(features)
    for split, ids in lists.items():
        (root / f"{split}.txt").write_text("".join(f"{i}\n" for i in ids))
    everything = np.concatenate(rows)
    deviation = everything.std(0)
    for block in FeatureLayout(HUMANML3D).blocks().values():
        deviation[block] = max(deviation[block].mean(), 1e-3)
    np.save(root / "Mean.npy", everything.mean(0))
    np.save(root / "Std.npy", deviation)
    return root
