"""Human motion as a foreign language: one model reads and writes both English and motion."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from motiongpt.errors import MotionGPTError

if TYPE_CHECKING:
    from motiongpt.generation.motiongpt import MotionGPT
    from motiongpt.motion import Motion

__version__ = "0.1.0"
__all__ = ["Motion", "MotionGPT", "MotionGPTError", "__version__"]

# OpenMP threads that wait for the next piece of work spin by default. When another program needs the same cores, they
# spin away the time of the thread that they wait for, and a call takes ten times as long. The library reads this
# variable once, when PyTorch loads it.
if "torch" not in sys.modules:
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# Imported on first use: Motion brings NumPy, MotionGPT also PyTorch.
_LAZY = {"Motion": "motiongpt.motion", "MotionGPT": "motiongpt.generation.motiongpt"}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LAZY[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
