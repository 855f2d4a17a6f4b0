"""Speech to text with a model that the user provides."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from motiongpt.errors import MotionGPTError, require

RATE = 16_000
# Seconds.
MAX_RECORDING = 60


class Whisper:
    """A speech recognition model of transformers.

    Args:
        source: folder of the model, such as a download of ``openai/whisper-base``.

    Raises:
        MotionGPTError: transformers is not installed, or the folder has no speech model.
    """

    def __init__(self, source: str | Path) -> None:
        transformers = require("transformers", "hub")
        try:
            self._pipe = transformers.pipeline("automatic-speech-recognition", model=str(source))
        except (OSError, ValueError) as error:
            raise MotionGPTError(
                f"Cannot load a speech model from {source}: give the folder of a Whisper model."
            ) from error

    def __call__(self, data: bytes) -> str:
        """The text of a recording.

        Raises:
            MotionGPTError: the audio cannot be decoded or is too long.
        """
        return str(self._pipe({"raw": decode_audio(data), "sampling_rate": RATE})["text"]).strip()


def decode_audio(data: bytes) -> np.ndarray:
    """(samples,) float32 mono at 16 kHz of a recording in any format of FFmpeg (webm, ogg, wav, mp3 ...).

    Raises:
        MotionGPTError: the audio cannot be decoded, or is longer than a minute.
    """
    import io

    av: Any = require("av", "all")
    try:
        with av.open(io.BytesIO(data), metadata_errors="ignore") as container:
            resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
            pieces: list[np.ndarray] = []
            count = 0
            for frame in container.decode(audio=0):
                for piece in resampler.resample(frame):
                    pieces.append(piece.to_ndarray().ravel())
                    count += pieces[-1].size
                if count > MAX_RECORDING * RATE:
                    raise MotionGPTError(f"The recording is longer than {MAX_RECORDING} seconds: record less at once.")
            pieces += [piece.to_ndarray().ravel() for piece in resampler.resample(None)]
    except (av.FFmpegError, ValueError, IndexError) as error:
        raise MotionGPTError("The recording cannot be decoded: send webm, ogg, wav or mp3.") from error
    if not pieces:
        raise MotionGPTError("The recording is empty: record something.")
    return np.concatenate(pieces).astype(np.float32)
