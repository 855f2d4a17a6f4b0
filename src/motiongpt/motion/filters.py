"""Smoothing over time.

SciPy is imported at the first use: reading a file or building a help text should not wait for it.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

# Frames by which a path is prolonged at its ends before it is filtered, and frames that are filtered at once.
_MARGIN, _BLOCK = 9, 32


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


def moving_minimum(values: np.ndarray, size: int) -> np.ndarray:
    """Lowest of values (T,) over an odd number of frames around each; beyond the ends they stay as they are."""
    padded = np.pad(values, size // 2, mode="edge")
    return np.lib.stride_tricks.sliding_window_view(padded, size).min(axis=-1)


def low_pass(values: np.ndarray, cutoff: float, fps: float) -> np.ndarray:
    """Values (T, ...), T >= 2, without what swings faster than ``cutoff`` Hz, and without delay.

    A second-order Butterworth filter that runs forwards, then backwards. It leaves half the amplitude at the cutoff.
    This is what ``scipy.signal.butter`` and ``sosfiltfilt`` compute; importing them would take most of a second.

    Args:
        values: of one sample a frame.
        cutoff: Hz, below half the frame rate.
        fps: frames a second.
    """
    block, start = _recursion(cutoff, fps)
    # Beyond its ends the path is mirrored through them, so that the filter settles before the first frame.
    margin = min(_MARGIN, len(values) - 1)
    before = 2 * values[0] - values[margin:0:-1]
    after = 2 * values[-1] - values[-2 : -margin - 2 : -1]
    path = np.concatenate([before, values, after]).reshape(len(values) + 2 * margin, -1)
    for _ in range(2):
        # Starts as if the first value had stood for ever.
        state = start[:, None] * path[0]
        filled = np.concatenate([path, np.zeros((-len(path) % _BLOCK, path.shape[1]))])
        for rows in filled.reshape(-1, _BLOCK, path.shape[1]):
            result = block @ np.concatenate([rows, state])
            rows[:], state = result[:_BLOCK], result[_BLOCK:]
        path = filled[len(path) - 1 :: -1]
    return path[margin : len(path) - margin].reshape(values.shape)


@lru_cache(maxsize=16)
def _recursion(cutoff: float, fps: float) -> tuple[np.ndarray, np.ndarray]:
    """The filter of :func:`low_pass` over a block of frames.

    Returns:
        The matrix that turns the values of a block and the state (2,) before it into the filtered values and the state
        after it, and the state of a filter that has seen 1 for ever.
    """
    k = math.tan(math.pi * cutoff / fps)
    scale = 1 / (1 + math.sqrt(2) * k + k * k)
    b0, b1, b2 = k * k * scale, 2 * k * k * scale, k * k * scale
    a1, a2 = 2 * (k * k - 1) * scale, (1 - math.sqrt(2) * k + k * k) * scale
    block = np.eye(_BLOCK + 2)
    first, second = block[_BLOCK:].copy()
    for n in range(_BLOCK):
        x = block[n].copy()
        block[n] = b0 * x + first
        first, second = b1 * x - a1 * block[n] + second, b2 * x - a2 * block[n]
    block[_BLOCK:] = first, second
    return block, np.array([1 - b0, b2 - a2])
