"""A moving body, and real trials where they are at hand."""

from __future__ import annotations

import tarfile
from pathlib import Path

import numpy as np
import pytest

from bodies import chain, smooth_turns
from motiongpt.bodies.rest_pose import rest_offsets
from motiongpt.motion import HUMANML3D, Motion


@pytest.fixture
def moving() -> Motion:
    """Sixty frames of a body with rigid bones, limbs swinging, walking along x and turning."""
    rng = np.random.default_rng(3)
    turns = smooth_turns(rng, 60, HUMANML3D.num_joints, 35)
    # Chest and hips never face apart by much: features have no heading for that.
    turns[:, [HUMANML3D.index(f"spine{i}") for i in (1, 2, 3)]] *= 0.3
    turns[:, 0] = [0.0, 1.0, 0.0] * np.linspace(0, 2, 60)[:, None] + 0.1 * turns[:, 0]
    root = np.stack([np.linspace(0, 2, 60), np.full(60, 0.95), np.linspace(1, 0.5, 60)], axis=-1)
    joints = chain(rest_offsets(np.array(HUMANML3D.lengths)), HUMANML3D.parents, turns, root)
    return Motion(joints, fps=20.0, name="moving")


@pytest.fixture(scope="session")
def trials(shared_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the first trials of the real archives: 01_01.bvh, HDM_bd.asf and one of its cuts."""
    folder = tmp_path_factory.mktemp("trials")
    for archive, wanted in (("cmu/trials.tar.xz", (".bvh",)), ("hdm05/cuts.tar.xz", (".asf", ".amc"))):
        path = shared_dir / "data" / archive
        if not path.is_file():
            pytest.skip(f"needs {archive} in the folder of shared data")
        found: set[str] = set()
        with tarfile.open(path, "r|xz") as tar:
            for member in tar:
                suffix = Path(member.name).suffix
                if suffix in wanted and suffix not in found:
                    content = tar.extractfile(member)
                    assert content is not None
                    (folder / Path(member.name).name).write_bytes(content.read())
                    found.add(suffix)
                if len(found) == len(wanted):
                    break
    return folder
