"""Arms that stay out of the trunk."""

from __future__ import annotations

from typing import Any


def clear_arms(solver: Any) -> None:
    """TODO"""
