"""Human motion as a foreign language: one model reads and writes both English and motion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from motiongpt.errors import MotionGPTError
from motiongpt.motion import Motion

if TYPE_CHECKING:
    from motiongpt.generation.motiongpt import MotionGPT

__version__ = "0.1.0"
__all__ = ["Motion", "MotionGPT", "MotionGPTError", "__version__"]


def __getattr__(name: str) -> Any:
    # The model brings torch; reading and writing motion files should not wait for them.
    if name == "MotionGPT":
        from motiongpt.generation.motiongpt import MotionGPT

        return MotionGPT
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
