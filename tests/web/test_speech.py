"""Recordings to samples."""

from __future__ import annotations

import io
import wave

import numpy as np
import pytest

from motiongpt import MotionGPTError
from motiongpt.web.speech import RATE, decode_audio

pytest.importorskip("av")


def recording(seconds: float, rate: int, channels: int, hertz: float = 440.0) -> bytes:
    tone = np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)
    file = io.BytesIO()
    with wave.open(file, "wb") as target:
        target.setnchannels(channels)
        target.setsampwidth(2)
        target.setframerate(rate)
        target.writeframes((np.repeat(tone, channels) * 20_000).astype("<i2").tobytes())
    return file.getvalue()


@pytest.mark.parametrize(("rate", "channels"), [(16_000, 1), (44_100, 2), (48_000, 1)])
def test_any_rate_and_number_of_channels_becomes_16_khz_mono(rate: int, channels: int) -> None:
    samples = decode_audio(recording(1.0, rate, channels))
    assert samples.dtype == np.float32
    assert abs(len(samples) - RATE) < RATE / 50
    assert np.argmax(np.abs(np.fft.rfft(samples[:RATE]))) * RATE / len(samples[:RATE]) == pytest.approx(440, abs=3)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "cannot be decoded"),
        (b"no audio at all" * 100, "cannot be decoded"),
        (recording(61.0, 8000, 1), "longer than 60 seconds"),
        (recording(0.0, 16_000, 1), "empty|cannot be decoded"),
    ],
)
def test_what_is_no_recording_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(MotionGPTError, match=message):
        decode_audio(data)
