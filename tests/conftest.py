"""Shared fixtures: every async test runs on asyncio, asyncio with uvloop, and trio."""

from __future__ import annotations

import gc
import os
from typing import Any

import pytest
from hypothesis import settings

# A busy machine is no failure. In CI hypothesis chooses a profile of its own, with fixed examples; it stays the base.
settings.register_profile("unhurried", settings.default, deadline=None)
settings.load_profile("unhurried")

# Every program that imports numpy would start a thread for each core, which costs more than the import.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

BACKENDS: list[Any] = [
    pytest.param(("asyncio", {"use_uvloop": False}), id="asyncio"),
    pytest.param(("asyncio", {"use_uvloop": True}), id="uvloop"),
    pytest.param(("trio", {}), id="trio"),
]


@pytest.fixture(params=BACKENDS)
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    return request.param


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let files with slow tests come first, so that no process is left alone with one at the end."""
    slow = {item.path for item in items if item.get_closest_marker("speech")}
    items.sort(key=lambda item: item.path not in slow)


def pytest_collection_finish() -> None:
    """Take what is there now, thousands of tests and what they import, out of every later garbage collection."""
    gc.collect()
    gc.freeze()
