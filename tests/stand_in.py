"""A stand-in for the live API, on a raw socket: polite, or rude in one way at a time."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
from anyio.abc import ByteStream
from wsproto.events import BytesMessage, CloseConnection, TextMessage

from deepgram_anyio import ClientConfig
from deepgram_anyio.protocol.policy import ReconnectPolicy

from .transport.fakes import metadata, results
from .transport.peers import Peer, ServerEnd, serving

__all__ = ["NEVER", "ONE_CONNECTION", "Api", "api", "say"]

NEVER = ReconnectPolicy(max_attempts=0)
"""For tests of what a break looks like when it is not repaired."""

ONE_CONNECTION = ClientConfig(reconnect=NEVER)


class Api:
    """What the stand-in does, and what it saw.

    Attributes:
        audio: the audio that it got, over all connections.
        messages: the types of the JSON messages that it got.
        request_headers: of the last request.
        target: path and query of the last request.
        on_message: called for each message, before the polite answer; returns whether it has dealt with it.
    """

    def __init__(self) -> None:
        self.audio = b""
        self.messages: list[str] = []
        self.request_headers: dict[str, str] = {}
        self.target = ""
        self.on_message: Callable[[ServerEnd, str], Awaitable[bool]] | None = None
        self.peer: Peer | None = None

    @property
    def url(self) -> str:
        assert self.peer is not None
        return f"http://127.0.0.1:{self.peer.port}"

    async def serve(self, stream: ByteStream) -> None:
        end = await ServerEnd.accept(stream, headers=[(b"dg-request-id", b"request-1")])
        self.target = end.request.target
        self.request_headers = {name.decode().lower(): value.decode() for name, value in end.request.extra_headers}
        async for event in end:
            if isinstance(event, BytesMessage):
                self.audio += event.data
            elif isinstance(event, TextMessage):
                kind = json.loads(event.data)["type"]
                self.messages.append(kind)
                if self.on_message is None or not await self.on_message(end, kind):
                    await self._answer(end, kind)
            elif isinstance(event, CloseConnection):
                return  # the echo of ours; the SDK under test never begins the closing handshake of a healthy stream

    async def _answer(self, end: ServerEnd, kind: str) -> None:
        duration = len(self.audio) / 16000
        if kind == "Finalize":
            await say(end, results(0.0, duration, text="so far", from_finalize=True))
        elif kind == "CloseStream":
            await say(end, results(0.0, duration, text="all of it"))
            await say(end, metadata(duration))
            await end.send(CloseConnection(1000))


async def say(end: ServerEnd, message: Any) -> None:
    """Send a message."""
    await end.send(TextMessage(message.to_json()))


@asynccontextmanager
async def api(serve: Callable[[Api, ByteStream], Awaitable[None]] = Api.serve) -> AsyncIterator[Api]:
    """Run the stand-in.

    Args:
        serve: what it does with a connection; polite by default.
    """
    stand_in = Api()

    async def handle(stream: ByteStream) -> None:
        await serve(stand_in, stream)

    async with serving(handle) as peer:
        stand_in.peer = peer
        yield stand_in
        with anyio.fail_after(5):
            await peer.all_closed()
