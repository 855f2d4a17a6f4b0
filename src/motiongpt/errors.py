"""The error class of the package, and the import of optional dependencies."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType


class MotionGPTError(Exception):
    """An error that the user can fix.

    Its text is one sentence that stands alone: it names the file, field or option, what was expected, and the remedy.
    """


class Interrupted(MotionGPTError):
    """The user stopped a long job, whose state is saved: the same call resumes it."""


def require(module: str, extra: str) -> ModuleType:
    """Import an optional dependency.

    Args:
        module: dotted module name, e.g. ``"matplotlib.pyplot"``.
        extra: the extra of this package that installs it, e.g. ``"plot"``.

    Raises:
        MotionGPTError: the module is not installed; the text gives the command that installs it.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise MotionGPTError(
            f"This needs the package {module.split('.')[0]!r}: install it with pip install 'motiongpt[{extra}]'."
        ) from error
