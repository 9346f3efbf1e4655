"""Which event loop runs, and its clock, found once."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

__all__ = ["loop_clock", "running_trio"]


def running_trio() -> Any:
    """Return the module `trio` when it is trio that runs the caller, else None; trio is never imported for it."""
    trio = sys.modules.get("trio")
    if trio is None:
        return None
    try:
        trio.lowlevel.current_clock()  # `in_trio_run` would say it, but came with trio 0.28
    except RuntimeError:
        return None
    return trio


def loop_clock() -> Callable[[], float]:
    """Return a function that does as `anyio.current_time`, which finds out at every call which event loop is running.

    It belongs to the loop that runs now.
    """
    trio = running_trio()
    if trio is not None:
        clock: Callable[[], float] = trio.lowlevel.current_clock().current_time
        return clock
    import asyncio

    return asyncio.get_running_loop().time
