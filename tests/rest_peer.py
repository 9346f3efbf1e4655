"""A REST server that answers as it is told and remembers what it was asked: for tests of the client alone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import anyio
import anyio.abc
import h11
import msgspec

from deepgram_anyio.transport.tasks import background_tasks

__all__ = ["Asked", "Reply", "RestPeer", "json_reply", "rest_peer"]


@dataclass(frozen=True)
class Asked:
    """A request that came."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    chunks: int

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> list[tuple[str, str]]:
        return parse_qsl(urlsplit(self.target).query, keep_blank_values=True)

    def json(self) -> Any:
        return msgspec.json.decode(self.body)


@dataclass(frozen=True)
class Reply:
    """An answer; `cut` breaks the connection after the body instead of ending it."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    cut: bool = False


def json_reply(value: Any, status: int = 200, **headers: str) -> Reply:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Reply(status, {"content-type": "application/json", **named}, msgspec.json.encode(value))


Answer = Callable[[Asked], "Reply | Awaitable[Reply]"]


@dataclass
class RestPeer:
    """The running server: its URL, what it was asked, and how many connections there were, and at most at once."""

    url: str
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
    open: int = 0
    most_open: int = 0


@asynccontextmanager
async def rest_peer(answers: Reply | Sequence[Reply] | Answer) -> AsyncIterator[RestPeer]:
    """Run it: one reply for all, one after another (the last one stays), or a function, sync or async."""
    replies = [answers] if isinstance(answers, Reply) else answers
    async with await anyio.create_tcp_listener(local_host="127.0.0.1", local_port=0) as listener:
        port = listener.extra(anyio.abc.SocketAttribute.local_port)
        peer = RestPeer(f"http://127.0.0.1:{port}")

        async def answer(asked: Asked) -> Reply:
            peer.asked.append(asked)
            if callable(replies):
                found = replies(asked)
                return found if isinstance(found, Reply) else await found
            return replies[min(len(peer.asked), len(replies)) - 1]

        async def serve(stream: anyio.abc.SocketStream) -> None:
            peer.connections += 1
            peer.open += 1
            peer.most_open = max(peer.most_open, peer.open)
            try:
                async with stream:
                    await _converse(stream, answer)
            except (anyio.BrokenResourceError, anyio.ClosedResourceError, h11.RemoteProtocolError):
                return  # the client went away, which is its right
            finally:
                peer.open -= 1

        async with background_tasks() as tasks:
            tasks.start_soon(lambda: listener.serve(serve))
            yield peer


async def _converse(stream: anyio.abc.SocketStream, answer: Callable[[Asked], Awaitable[Reply]]) -> None:
    connection = h11.Connection(h11.SERVER)
    while True:
        asked = await _read(stream, connection)
        if asked is None:
            return
        reply = await answer(asked)
        headers = [(name.lower(), value) for name, value in reply.headers.items()]
        if not reply.cut and not any(name == "content-length" for name, _ in headers):
            headers.append(("content-length", str(len(reply.body))))
        await _send(stream, connection, h11.Response(status_code=reply.status, headers=headers))
        if reply.body:
            await _send(stream, connection, h11.Data(data=reply.body))
        if reply.cut:
            return
        await _send(stream, connection, h11.EndOfMessage())
        if connection.our_state is not h11.DONE or connection.their_state is not h11.DONE:
            return
        connection.start_next_cycle()


async def _send(stream: anyio.abc.SocketStream, connection: h11.Connection, event: Any) -> None:
    data = connection.send(event)
    if data:
        await stream.send(data)


async def _read(stream: anyio.abc.SocketStream, connection: h11.Connection) -> Asked | None:
    request: h11.Request | None = None
    body = bytearray()
    chunks = 0
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            if connection.they_are_waiting_for_100_continue:
                await _send(stream, connection, h11.InformationalResponse(status_code=100, headers=[]))
            try:
                connection.receive_data(await stream.receive())
            except anyio.EndOfStream:
                connection.receive_data(b"")
        elif isinstance(event, h11.Request):
            request = event
        elif isinstance(event, h11.Data):
            body += event.data
            chunks += 1
        elif isinstance(event, h11.EndOfMessage):
            assert request is not None
            headers = {name.decode(): value.decode("latin-1") for name, value in request.headers}
            return Asked(request.method.decode(), request.target.decode(), headers, bytes(body), chunks)
        else:
            return None
