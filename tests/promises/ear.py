"""A live API on a raw socket that hears which audio it gets: every 50 ms of it are one numbered word."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
from anyio.abc import ByteStream, SocketAttribute
from wsproto.events import BytesMessage, CloseConnection, TextMessage

from deepgram_anyio import ClientConfig, DeepgramClient, ReconnectPolicy, Timeouts
from deepgram_anyio.protocol import listen

from ..stand_in import say
from ..transport.fakes import metadata, results
from ..transport.peers import Peer, ServerEnd, read_head, read_to_end, serving

__all__ = ["KEY", "RAW", "RESET", "SOON", "WORD_BYTES", "WORD_S", "Ear", "Step", "ear", "numbered", "speech", "words"]

KEY = "dg-k3y-0123456789abcdef"
RAW: dict[str, Any] = {"encoding": "linear16", "sample_rate": 8000}
WORD_S = 0.05
WORD_BYTES = 800
RESET = 1006
SOON = ReconnectPolicy(first_s=0.01, max_s=0.05, replay_pace=None)
"""Wait for nothing: what is tested is not how long it takes."""


def speech(first: int, count: int) -> list[bytes]:
    """So many words, from a number on, each a chunk of its own."""
    return [struct.pack("<H", number) * (WORD_BYTES // 2) for number in range(first, first + count)]


def words(events: Iterable[Any]) -> list[str]:
    """The words of the final results."""
    return [
        word.word
        for event in events
        if isinstance(event, listen.Results) and event.is_final
        for word in event.channel.alternatives[0].words
    ]


def numbered(first: int, count: int) -> list[str]:
    """The words of `speech`."""
    return [f"w{number}" for number in range(first, first + count)]


@dataclass(frozen=True, kw_only=True)
class Step:
    """What becomes of a connection.

    Attributes:
        refuse: the HTTP status that answers its handshake.
        drop_after: how many words it hears before it is dropped; None for never.
        code: the close code; `RESET` for a reset without one.
        results_until: up to which of its words it gives final results; None for all that it hears.
        late_s: how long it holds back its last results.
        silent: it answers nothing.
        deaf_after: how many words it hears before it understands nothing more, and so answers no ping.
    """

    refuse: int | None = None
    drop_after: int | None = None
    code: int = 1011
    results_until: int | None = None
    late_s: float = 0.0
    silent: bool = False
    deaf_after: int | None = None


@dataclass
class Heard:
    """What one connection brought."""

    audio: bytearray = field(default_factory=bytearray)
    messages: list[str] = field(default_factory=list)
    empty_frames: int = 0
    covered: int = 0
    closes: list[int] = field(default_factory=list)


class Ear:
    """Hears, one connection after another; those that the plan does not name are polite.

    Attributes:
        plan: what becomes of each connection.
        connections: what those brought that were let in.
        tried: how many handshakes began.
        peer: its listener.
    """

    def __init__(self, plan: Sequence[Step]) -> None:
        self.plan = plan
        self.connections: list[Heard] = []
        self.tried = 0
        self.peer: Peer | None = None
        self._changed = anyio.Event()

    @property
    def url(self) -> str:
        assert self.peer is not None
        return f"http://127.0.0.1:{self.peer.port}"

    def client(self, **config: Any) -> DeepgramClient:
        config = {"timeouts": Timeouts(connect_s=5.0, drain_s=5.0, close_s=0.5), **config}
        return DeepgramClient(KEY, base_url=self.url, config=ClientConfig(**config))

    async def until_heard(self, count: int, connection: int = -1) -> None:
        """Wait until a connection brought so many words."""
        while not self.connections or len(self.connections[connection].audio) < count * WORD_BYTES:
            self._changed = anyio.Event()
            await self._changed.wait()

    async def until_said(self, kind: str) -> None:
        """Wait until the last connection brought a message."""
        while not self.connections or kind not in self.connections[-1].messages:
            self._changed = anyio.Event()
            await self._changed.wait()

    async def serve(self, stream: ByteStream) -> None:
        self.tried += 1
        step = self.plan[self.tried - 1] if self.tried <= len(self.plan) else Step()
        if step.refuse is not None:
            await read_head(stream)
            await stream.send(b"HTTP/1.1 %d No\r\ndg-request-id: r\r\nContent-Length: 0\r\n\r\n" % step.refuse)
            return
        heard = Heard()
        end = await ServerEnd.accept(stream, headers=[(b"dg-request-id", b"request-%d" % self.tried)])
        self.connections.append(heard)
        async for event in end:
            if isinstance(event, BytesMessage):
                heard.empty_frames += not event.data
                heard.audio += event.data
                self._changed.set()
                if await self._hear(stream, end, heard, step):
                    return
            elif isinstance(event, TextMessage):
                heard.messages.append(json.loads(event.data)["type"])
                self._changed.set()
                if heard.messages[-1] == "CloseStream" and not step.silent:
                    await self._finish(end, heard, step)
            elif isinstance(event, CloseConnection):
                heard.closes.append(event.code)
                return
            if step.deaf_after is not None and len(heard.audio) >= step.deaf_after * WORD_BYTES:
                await read_to_end(stream)
                return

    async def _hear(self, stream: ByteStream, end: ServerEnd, heard: Heard, step: Step) -> bool:
        total = len(heard.audio) // WORD_BYTES
        until = total if step.drop_after is None else min(total, step.drop_after)
        if not step.silent and not step.late_s:
            await self._tell(end, heard, until if step.results_until is None else min(until, step.results_until))
        if step.drop_after is None or total < step.drop_after:
            return False
        if step.code == RESET:
            raw = stream.extra(SocketAttribute.raw_socket)
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            await end.send(CloseConnection(step.code, "told to"))
        return True

    async def _finish(self, end: ServerEnd, heard: Heard, step: Step) -> None:
        await anyio.sleep(step.late_s)
        await self._tell(end, heard, len(heard.audio) // WORD_BYTES)
        await say(end, metadata(len(heard.audio) / WORD_BYTES * WORD_S))
        await end.send(CloseConnection(1000))

    async def _tell(self, end: ServerEnd, heard: Heard, until: int) -> None:
        """Say the final result of the words up to one of them."""
        if until <= heard.covered:
            return
        result = results(heard.covered * WORD_S, (until - heard.covered) * WORD_S)
        for index in range(heard.covered, until):
            (number,) = struct.unpack_from("<H", heard.audio, index * WORD_BYTES)
            word = listen.Word(word=f"w{number}", start=index * WORD_S, end=(index + 1) * WORD_S, confidence=1.0)
            result.channel.alternatives[0].words.append(word)
        heard.covered = until
        await say(end, result)


@asynccontextmanager
async def ear(*plan: Step) -> AsyncIterator[Ear]:
    """Run one, for 20 s at most; at the end, all its connections must be closed."""
    listening = Ear(plan)
    with anyio.fail_after(20):
        async with serving(listening.serve) as peer:
            listening.peer = peer
            yield listening
            await peer.all_closed()
