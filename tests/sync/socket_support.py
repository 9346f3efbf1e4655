"""Servers for the tests of the blocking sockets, and a record of what handlers saw."""

from __future__ import annotations

import array
import math
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import anyio.from_thread
from anyio.abc import ByteStream

from deepgram_anyio.local import LocalServer, serve
from deepgram_anyio.local.engines.scripted import ScriptedRecognizer, ToneVoice
from deepgram_anyio.sync.v4.client_options import DeepgramClientOptions

from ..stand_in import Api, api

__all__ = ["QUIET", "RAW", "TONE", "Record", "config", "local_server", "stand_in"]

RAW: dict[str, Any] = {"encoding": "linear16", "sample_rate": 16000}
TONE = array.array("h", [int(20000 * math.sin(i / 5)) for i in range(16000)]).tobytes()
QUIET = bytes(32000)


@contextmanager
def local_server(**options: Any) -> Iterator[LocalServer]:
    """Run the embedded server, with scripted engines, in a thread of its own."""
    options = {"recognizer": ScriptedRecognizer(["hello world"]), "voice": ToneVoice(), **options}
    with (
        anyio.from_thread.start_blocking_portal() as portal,
        portal.wrap_async_context_manager(serve(**options)) as server,
    ):
        yield server


@contextmanager
def stand_in(serve: Callable[[Api, ByteStream], Awaitable[None]] = Api.serve, **attributes: Any) -> Iterator[Api]:
    """Run the raw stand-in of the API in a thread of its own."""
    with anyio.from_thread.start_blocking_portal() as portal, portal.wrap_async_context_manager(api(serve)) as server:
        for name, value in attributes.items():
            setattr(server, name, value)
        yield server


def config(url: str, **switches: Any) -> DeepgramClientOptions:
    """Return the configuration of a v4 client."""
    return DeepgramClientOptions(api_key="sk-secret", url=url, options=switches)


class Record:
    """What the handlers of a client got, in order, as ``(event, what)``."""

    def __init__(self, client: Any) -> None:
        self.seen: list[tuple[str, Any]] = []
        self._changed = threading.Condition()
        for event in client._kind.events:
            client.on(event, self._handler(event))

    def _handler(self, event: str) -> Callable[[Any], None]:
        def handle(happened: Any) -> None:
            with self._changed:
                self.seen.append((event, happened))
                self._changed.notify_all()

        return handle

    @property
    def events(self) -> list[str]:
        return [event for event, _ in self.seen]

    def of(self, event: str) -> list[Any]:
        return [what for name, what in self.seen if name == event]

    def wait_for(self, event: str, *, count: int = 1) -> Any:
        """Wait until an event came so many times, and return the last one."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.events.count(event) >= count, timeout=5), self.events
            return self.of(event)[count - 1]
