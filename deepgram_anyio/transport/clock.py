"""The event loop's clock, found once."""

from __future__ import annotations

import sys
from collections.abc import Callable

__all__ = ["loop_clock"]


def loop_clock() -> Callable[[], float]:
    """Return a function that does as `anyio.current_time`, which finds out at every call which event loop is running.

    It belongs to the loop that runs now.
    """
    trio = sys.modules.get("trio")
    if trio is not None and trio.lowlevel.in_trio_run():
        clock: Callable[[], float] = trio.lowlevel.current_clock().current_time
        return clock
    import asyncio

    return asyncio.get_running_loop().time
