"""The public client over a wire in memory, for hours of virtual time."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import anyio
import anyio.lowlevel
import msgspec
import pytest

from deepgram_anyio import DeepgramClient
from deepgram_anyio.protocol import listen
from deepgram_anyio.protocol.frames import Close, Frame, Ping, Pong, Text
from deepgram_anyio.services.backend import Backend
from deepgram_anyio.transport.tasks import background_tasks

from ..transport.fakes import FakeChannel, metadata, results

__all__ = ["Wire", "virtual"]


class Wire(FakeChannel):
    """A WebSocket's client end, whose other end answers pings, unless it is mute.

    Attributes:
        response_headers: of the handshake.
        said: how many JSON messages of each type were written.
        pings: how many were answered.
        mute: answer none.
    """

    def __init__(self) -> None:
        super().__init__()
        self.response_headers: Mapping[str, str] = {"dg-request-id": "request-1"}
        self.said: Counter[str] = Counter()
        self.pings = 0
        self.mute = False

    async def send_batch(self, frames: Sequence[Frame]) -> None:
        for frame in frames:
            if isinstance(frame, Text):
                self.said[msgspec.json.decode(frame.data)["type"]] += 1
        await super().send_batch(frames)
        for frame in frames:
            if isinstance(frame, Ping) and not self.mute:
                self.pings += 1
                self.arrive(Pong())

    async def until_sent(self, message_type: str) -> None:
        await self.until(lambda: self.said[message_type] > 0)

    async def finish(self, words: Sequence[str] = ()) -> None:
        """Wait for the end of the stream, give the last result, and end in good order."""
        await self.until_sent("CloseStream")
        result = results(0.0, 1.0)
        result.channel.alternatives[0].words.extend(
            listen.Word(word=word, start=0.0, end=0.0, confidence=1.0) for word in words
        )
        self.arrive(result, metadata(), Close(1000))


@asynccontextmanager
async def virtual(
    monkeypatch: pytest.MonkeyPatch, serve: Callable[[Wire], Coroutine[Any, Any, None]], **config: Any
) -> AsyncIterator[tuple[DeepgramClient, list[Wire]]]:
    """Give a client whose every connection is a wire with a task that serves it, and the list of them."""
    wires: list[Wire] = []

    async with background_tasks() as tasks:

        async def open_websocket(self: Backend, path: str, query: str = "", **options: Any) -> Wire:
            await anyio.lowlevel.checkpoint()
            wires.append(Wire())
            tasks.start_soon(serve, wires[-1])
            return wires[-1]

        monkeypatch.setattr(Backend, "open_websocket", open_websocket)
        async with DeepgramClient("any", base_url="http://127.0.0.1:9", **config) as dg:
            yield dg, wires
