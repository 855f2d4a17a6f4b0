"""The one error class users see, and the check for optional dependencies."""

from __future__ import annotations

import importlib
from types import ModuleType


class MotionGPTError(Exception):
    """Something the user can mend. The text stands alone: one sentence, naming file, field and remedy."""


class Interrupted(MotionGPTError):
    """Long work was stopped by the user and left in a state from which it goes on."""


def require(module: str, extra: str) -> ModuleType:
    """Import an optional dependency.

    Args:
        module: dotted module name, e.g. ``"matplotlib.pyplot"``.
        extra: the extra of this package that installs it, e.g. ``"plot"``.

    Raises:
        MotionGPTError: the module is not installed; the text names the command that installs it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MotionGPTError(
            f"This needs the package {module.split('.')[0]!r}: install it with pip install 'motiongpt[{extra}]'."
        ) from error
