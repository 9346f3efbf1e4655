"""Watches an embedded server as its page does."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio

from deepgram_anyio.transport import WebSocket, open_websocket
from deepgram_anyio.transport.tasks import background_tasks

__all__ = ["Watching", "credentials", "watching"]

Event = dict[str, Any]


class Watching:
    """All events so far.

    Attributes:
        events: the events.
        socket: where they come from.
    """

    def __init__(self, socket: WebSocket) -> None:
        self.events: list[Event] = []
        self.socket = socket
        self._changed = anyio.Event()

    async def run(self) -> None:
        """Read until the server ends the socket."""
        async for message in self.socket:
            self.events += json.loads(message)
            self._changed.set()
            self._changed = anyio.Event()

    def of(self, kind: str, **fields: Any) -> list[Event]:
        """Return the events of a type that have some values."""
        wanted = {"type": kind, **fields}
        return [event for event in self.events if all(event.get(name) == value for name, value in wanted.items())]

    async def until(self, condition: Callable[[], Any]) -> Any:
        """Wait until something holds, and return it."""
        with anyio.fail_after(10):
            while not (value := condition()):
                await self._changed.wait()
        return value

    async def event(self, kind: str, **fields: Any) -> Event:
        """Wait for an event, and return it."""
        found: list[Event] = await self.until(lambda: self.of(kind, **fields))
        return found[0]


def credentials(key: str | None) -> dict[str, str]:
    """Return how a browser offers a key on a socket."""
    return {} if key is None else {"Sec-WebSocket-Protocol": f"token, {key}"}


@asynccontextmanager
async def watching(url: str, key: str | None = None) -> AsyncIterator[Watching]:
    """Watch a server for as long as the block."""
    headers = {"Origin": url, **credentials(key)}
    async with open_websocket(f"{url}/_page/events", headers) as socket, background_tasks() as tasks:
        watch = Watching(socket)
        tasks.start_soon(watch.run)
        await watch.event("Snapshot")
        yield watch
