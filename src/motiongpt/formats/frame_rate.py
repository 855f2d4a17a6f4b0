"""Frame rates, from what files say and from what they must mean."""

from __future__ import annotations

import numpy as np

# Rates of cameras, mocap systems and animation programs.
_USUAL = (20.0, 24.0, 25.0, 30.0, 48.0, 50.0, 60.0, 72.0, 90.0, 100.0, 120.0, 200.0, 240.0)
_NTSC = (23.976, 29.97, 59.94)
# Frames per second of a motion; beyond, a frame time is in another unit.
_SLOWEST, _FASTEST = 2.0, 1000.0
_DEFAULT = 30.0


def exact(step: float) -> float:
    """Frames per second of a frame time, which often has few digits: 0.0083333 and 0.00833 stand for 120 fps."""
    whole = round(1 / step)
    return float(whole) if whole and abs(1 / step / whole - 1) < 5e-4 else 1 / step


def _nearest(rate: float, rates: tuple[float, ...], tolerance: float) -> float | None:
    """The one of some rates that ``rate`` stands for."""
    best = min(rates, key=lambda usual: abs(rate / usual - 1))
    return best if abs(rate / best - 1) <= tolerance else None


def of_frame_time(step: float) -> tuple[float | None, str, tuple[str, ...]]:
    """What the frame time of a file means.

    A frame time of more than half a second is no recording: it is in milliseconds (33.33) or microseconds, is the frame
    rate itself (30), or was never filled in (1.0).

    Args:
        step: the number in the file, which should be seconds.

    Returns:
        Frames per second, None where there is no usable number; the reason in a few words; remarks.
    """
    if not np.isfinite(step) or step <= 0:
        return None, "", ()
    if 1 / _FASTEST <= step <= 1 / _SLOWEST:
        return exact(step), "from the frame time", ()
    rate, what = _reinterpreted(step)
    reason = f"the frame time {step:g} is {what}"
    remark = (
        f"The frame time {step:g} cannot be seconds; it was taken as {what}, so that there are {rate:.5g} frames per "
        "second; give the right rate with --fps."
    )
    if rate == _DEFAULT and what == "not filled in":
        remark = (
            f"The frame time {step:g} is not that of a recording; {rate:g} frames per second were assumed; give the "
            "right rate with --fps."
        )
    return rate, reason, (remark,)


def _reinterpreted(step: float) -> tuple[float, str]:
    """Frames per second and what an implausible frame time is."""
    whole = step == round(step)
    readings = [(step, "frames per second"), (1e3 / step, "milliseconds"), (1e6 / step, "microseconds")]
    for rate, what in readings:
        usual = _nearest(rate, (*_USUAL, *_NTSC), 1e-4 if what == "frames per second" else 1e-3)
        if usual is None and whole and what == "milliseconds":
            # Rounding to whole milliseconds shifts the rate: 17 stands for 60 frames per second.
            usual = _nearest(rate, _USUAL, 0.045)
        if usual is not None:
            return usual, what
    for rate, what in readings if whole else reversed(readings):
        if 10 <= rate <= 240:
            return rate, what
    return _DEFAULT, "not filled in"


def of_keys(times: np.ndarray) -> tuple[float, str]:
    """At how many frames per second animation curves are sampled.

    Args:
        times: (K,) seconds of the keys of the densest curve, ascending.

    Returns:
        The rate of the keys; a multiple of it from 20 on where that is lower; or 30 where the keys are sparse, so that
        what is between them is sampled as the curves have it. And the reason in a few words.
    """
    steps = np.diff(times)
    steps = steps[steps > 1e-5]
    if not len(steps):
        return _DEFAULT, "it holds a single pose"
    step = float(np.median(steps))
    rate = round(1 / step) if abs(1 / step - round(1 / step)) < 0.02 else 1 / step
    if rate > 240:
        return _DEFAULT, f"the keys are too dense for a motion, {rate:.4g} a second"
    if rate >= 20:
        return float(rate), "the rate of the keys"
    if rate >= 10:
        several = int(np.ceil(20 / rate))
        return float(rate * several), f"{several} times the rate of the keys"
    return _DEFAULT, f"sampled between sparse keys, {len(times)} in {times[-1] - times[0]:.4g} s"
