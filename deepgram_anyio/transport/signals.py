"""Events that cost nothing until somebody waits for them.

A connection has a dozen things that a task may wait for, and mostly two or three that one does; with thousands of
connections, the events that nobody ever waits for would be most of their memory.
"""

from __future__ import annotations

import anyio
import anyio.lowlevel

__all__ = ["Latch", "Signal"]


class Signal:
    """Wakes who waits when something may have changed; what has, they find out themselves."""

    __slots__ = ("_event",)

    def __init__(self) -> None:
        self._event: anyio.Event | None = None

    def set(self) -> None:
        """Wake everybody who waits now."""
        if self._event is not None:
            self._event.set()
            self._event = None

    async def wait(self) -> None:
        """Wait for the next `set`. Between looking and this, nothing may be awaited."""
        if self._event is None:
            self._event = anyio.Event()
        await self._event.wait()


class Latch:
    """Wakes who waits when something has happened, which stays so."""

    __slots__ = ("_is_set", "_signal")

    def __init__(self) -> None:
        self._is_set = False
        self._signal = Signal()

    def is_set(self) -> bool:
        """Tell whether it has happened."""
        return self._is_set

    def set(self) -> None:
        """It has happened; harmless when repeated."""
        self._is_set = True
        self._signal.set()

    async def wait(self) -> None:
        """Wait until it has happened."""
        if self._is_set:
            await anyio.lowlevel.checkpoint()
        else:
            await self._signal.wait()
