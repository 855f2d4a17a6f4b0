"""Frame rates of frame times and of keys."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motiongpt import formats
from motiongpt.formats import frame_rate


@pytest.mark.parametrize(
    ("step", "fps"),
    [
        (0.0333333, 30),
        (0.0083333, 120),
        (0.00833, 120),
        (0.05, 20),
        (0.016683, 59.94),
        (0.1, 10),
        (0.2, 5),
        (0.001, 1000),
    ],
)
def test_seconds(step: float, fps: float) -> None:
    rate, why, remarks = frame_rate.of_frame_time(step)
    assert rate == pytest.approx(fps, abs=2e-3)
    assert (why, remarks) == ("from the frame time", ())


@pytest.mark.parametrize(
    ("step", "fps", "what"),
    [
        (33.33, 30, "milliseconds"),
        (33.3333, 30, "milliseconds"),
        (33, 30, "milliseconds"),
        (16.67, 60, "milliseconds"),
        (17, 60, "milliseconds"),
        (16, 60, "milliseconds"),
        (8.333, 120, "milliseconds"),
        (8, 120, "milliseconds"),
        (41.67, 24, "milliseconds"),
        (42, 24, "milliseconds"),
        (40, 25, "milliseconds"),
        (10, 100, "milliseconds"),
        (33.3667, 29.97, "milliseconds"),
        (30, 30, "frames per second"),
        (60, 60, "frames per second"),
        (120, 120, "frames per second"),
        (24, 24, "frames per second"),
        (25, 25, "frames per second"),
        (29.97, 29.97, "frames per second"),
        (15, 15, "frames per second"),
        (33333, 30, "microseconds"),
        (8333.3, 120, "microseconds"),
        (1, 30, "not filled in"),
        (2, 30, "not filled in"),
        (0.6, 30, "not filled in"),
        (1e9, 30, "not filled in"),
        (1e-5, 30, "not filled in"),
    ],
)
def test_what_is_not_seconds(step: float, fps: float, what: str) -> None:
    rate, why, remarks = frame_rate.of_frame_time(step)
    assert (rate, why) == (fps, f"the frame time {step:g} is {what}")
    assert len(remarks) == 1
    assert f"{step:g}" in remarks[0]
    assert "--fps" in remarks[0]


@pytest.mark.parametrize("step", [0, -0.03, float("nan"), float("inf")])
def test_no_frame_time(step: float) -> None:
    assert frame_rate.of_frame_time(step) == (None, "", ())


@given(st.floats(1e-9, 1e12))
def test_any_frame_time_gives_a_rate_of_motion(step: float) -> None:
    rate, why, remarks = frame_rate.of_frame_time(step)
    assert rate is not None
    assert 2 <= rate <= 1000
    assert bool(remarks) != (why == "from the frame time")


@pytest.mark.parametrize(
    ("times", "fps"),
    [
        (np.arange(90) / 60, 60),
        ((np.arange(90) / 24).astype(np.float32) + np.float32(100), 24),
        (np.arange(90) / 29.97, 29.97),
        (np.arange(9) / 12, 24),
        (np.arange(9) / 15, 30),
        ([0, 1, 2], 30),
        ([0, 0.667, 1.333], 30),
        ([0], 30),
        ([0, 0], 30),
        (np.arange(90) / 1000, 30),
    ],
)
def test_keys(times: np.ndarray, fps: float) -> None:
    rate, why = frame_rate.of_keys(np.asarray(times, dtype=np.float64))
    assert rate == pytest.approx(fps, abs=0.02)
    assert why


def test_given_rates_are_not_remarked(tmp_path: Path) -> None:
    text = (Path(__file__).parents[1] / "cases" / "bvh-frame-time-in-milliseconds" / "input.bvh").read_text()
    path = tmp_path / "a.bvh"
    path.write_text(text.replace("33.33", "1.0"))
    reading = formats.inspect(path, fps=60)
    assert (reading.motion.fps, reading.decided["fps"]) == (60, "60: given")
    assert not any("frame time" in remark for remark in reading.remarks)
