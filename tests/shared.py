"""Material that is no part of the project: real recordings and recorded answers, used when they lie beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

__all__ = ["shared"]

_SHARED = Path(__file__).parents[2] / "shared"


def shared(path: str) -> Path:
    """Return a file's path; skip the test when it is not there."""
    found = _SHARED / path
    if not found.exists():
        pytest.skip(f"{path} is not there")
    return found
