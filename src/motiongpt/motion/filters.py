"""Smoothing over time.

SciPy is imported at the first use: reading a file or building a help text should not wait for it.
"""

from __future__ import annotations

import math

import numpy as np


def gaussian(values: np.ndarray, sigma: float) -> np.ndarray:
    """Values (T, ...) smoothed over time by a Gaussian of ``sigma`` frames; beyond the ends they stay as they are."""
    from scipy.ndimage import gaussian_filter1d

    smoothed: np.ndarray = gaussian_filter1d(values, sigma, axis=0, mode="nearest")
    return smoothed


def moving_average(values: np.ndarray, size: int) -> np.ndarray:
    """Mean of values (T, ...) over ``size`` frames around each; beyond the ends they stay as they are."""
    from scipy.ndimage import uniform_filter1d

    smoothed: np.ndarray = uniform_filter1d(values, size, axis=0, mode="nearest")
    return smoothed


def low_pass(values: np.ndarray, cutoff: float, fps: float) -> np.ndarray:
    """Values (T, ...), T >= 2, without what swings faster than ``cutoff`` Hz, and without delay.

    A second-order Butterworth filter that runs forwards, then backwards. It leaves half the amplitude at the cutoff.
    This is what ``scipy.signal.butter`` and ``sosfiltfilt`` compute; importing them would take most of a second.

    Args:
        values: of one sample a frame.
        cutoff: Hz, below half the frame rate.
        fps: frames a second.
    """
    k = math.tan(math.pi * cutoff / fps)
    scale = 1 / (1 + math.sqrt(2) * k + k * k)
    b0, b1, b2 = k * k * scale, 2 * k * k * scale, k * k * scale
    a1, a2 = 2 * (k * k - 1) * scale, (1 - math.sqrt(2) * k + k * k) * scale
    # Beyond its ends the path is mirrored through them, so that the filter settles before the first frame.
    count = min(9, len(values) - 1)
    before = 2 * values[0] - values[count:0:-1]
    after = 2 * values[-1] - values[-2 : -count - 2 : -1]
    filtered = np.concatenate([before, values, after])
    for _ in range(2):
        # Starts as if the first value had stood for ever.
        fast, slow = (1 - b0) * filtered[0], (b2 - a2) * filtered[0]
        for n, x in enumerate(filtered.copy()):
            y = b0 * x + fast
            fast = b1 * x - a1 * y + slow
            slow = b2 * x - a2 * y
            filtered[n] = y
        filtered = filtered[::-1]
    return filtered[count : len(filtered) - count]
