"""Smoothing over time: equal to SciPy's, and imported only when it is used."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from scipy import signal

from motiongpt.motion.filters import gaussian, low_pass, moving_average


@pytest.mark.parametrize("frames", [2, 4, 10, 200])
@pytest.mark.parametrize(("cutoff", "fps"), [(6.0, 20.0), (6.0, 12.5), (3.0, 20.0), (6.0, 120.0)])
def test_low_pass_is_scipys(frames: int, cutoff: float, fps: float) -> None:
    values = np.cumsum(np.random.default_rng(0).normal(size=(frames, 5, 3)), axis=0)
    sections = signal.butter(2, cutoff, fs=fps, output="sos")
    expected = signal.sosfiltfilt(sections, values, axis=0, padlen=min(9, frames - 1))
    np.testing.assert_allclose(low_pass(values, cutoff, fps), expected, rtol=1e-12, atol=1e-12)


def test_low_pass_halves_the_cutoff_and_keeps_what_is_slow() -> None:
    time = np.arange(2000) / 100
    for hertz, left in ((0.5, 1.0), (6.0, 0.5), (24.0, 0.0)):
        wave = low_pass(np.sin(2 * np.pi * hertz * time)[:, None], 6.0, 100.0)
        assert np.abs(wave[500:-500]).max() == pytest.approx(left, abs=0.01)


def test_averages_keep_what_stands_still_and_add_no_delay() -> None:
    still = np.full((30, 2), 3.0)
    step = np.repeat([0.0, 1.0], 20)[:, None]
    for smooth in (lambda v: gaussian(v, 2.0), lambda v: moving_average(v, 5)):
        np.testing.assert_allclose(smooth(still), still)
        smoothed = smooth(step)
        np.testing.assert_allclose(smoothed[[0, -1], 0], [0, 1], atol=1e-12)
        np.testing.assert_allclose(smoothed + smoothed[::-1], 1)


def test_motion_is_imported_without_scipy() -> None:
    program = (
        "import sys, motiongpt.motion, motiongpt.motion.cleanup, motiongpt.motion.editing, motiongpt.motion.blending\n"
        "import motiongpt.motion.measures, motiongpt.bodies\n"
        "assert not {'scipy', 'torch', 'tqdm', 'numba'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
