"""Files of rigs that were once refused; in frame 0 the left elbow is bent by 110 degrees, the right one by 172."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from motiongpt.formats import inspect
from motiongpt.motion import HUMANML3D

CASES = Path(__file__).parents[1] / "cases"
RIGS = sorted(folder.name for folder in CASES.glob("[12]?-*") if 10 <= int(folder.name[:2]) <= 22)


def angle(joints: np.ndarray, *names: str) -> float:
    """Degrees at the middle one of three joints."""
    first, middle, last = (joints[HUMANML3D.index(name)] for name in names)
    one, other = first - middle, last - middle
    return float(np.degrees(np.arccos(one @ other / np.linalg.norm(one) / np.linalg.norm(other))))


@pytest.mark.parametrize("case", RIGS)
def test_the_rig_is_read(case: str) -> None:
    file = next((CASES / case).glob("input.*"))
    reading = inspect(file)
    joints = reading.motion.joints[0]
    elbows = [angle(joints, f"{s}_shoulder", f"{s}_elbow", f"{s}_wrist") for s in ("left", "right")]
    knees = [angle(joints, f"{s}_hip", f"{s}_knee", f"{s}_ankle") for s in ("left", "right")]
    if file.suffix == ".bvh":
        np.testing.assert_allclose(elbows + knees, [110, 172, 164, 146], atol=1)
    else:
        np.testing.assert_allclose(elbows + knees, [95, 173, 171, 171], atol=1)
    assert set(reading.joints) == set(HUMANML3D.joints)
    put_in = {"21": "neck", "22": "left_foot, right_foot"}.get(case[:2])
    if put_in is None:
        assert reading.remarks == ()
    else:
        assert reading.remarks == (f"The rig has no {put_in}; put in from the joints around.",)


def test_the_neck_that_a_rig_lacks_is_where_others_have_it() -> None:
    """The file without a neck is the same body as the others: neck and feet come out within 3 cm of theirs."""
    whole = inspect(CASES / "18-rig-kinect1" / "input.bvh").motion.joints[0]
    neckless = inspect(CASES / "21-rig-without-neck" / "input.bvh").motion.joints[0]
    toeless = inspect(CASES / "22-rig-without-toes-and-end-sites" / "input.bvh").motion.joints[0]
    neck, foot = HUMANML3D.index("neck"), HUMANML3D.index("left_foot")
    assert np.linalg.norm((neckless - whole)[neck]) < 0.03
    assert np.linalg.norm((toeless - whole)[foot]) < 0.03
