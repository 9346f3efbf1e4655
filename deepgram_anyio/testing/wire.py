"""A small HTTP and WebSocket server on anyio streams, for what has to be exact: closes without a status, and none."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import TypeAlias

import anyio
import h11
from anyio.abc import ByteStream, SocketAttribute
from wsproto.utilities import generate_accept_token

from ..transport.framing import Framing
from ..transport.settings import Limits, Timeouts
from ..transport.tasks import background_tasks
from ..transport.websocket import WebSocket

__all__ = ["Handler", "Incoming", "serving"]

_MAX_HEAD_BYTES = 64 * 1024
_READ_BYTES = 64 * 1024
_OF_A_CONNECTION = frozenset({"connection", "content-length", "content-encoding", "transfer-encoding", "upgrade"})


class Incoming:
    """One request, which waits for its answer.

    Attributes:
        method: such as ``GET``.
        path: without the query.
        query: the query as it came.
        headers: with lower-case names.
        body: the whole body; of a handshake, nothing.
    """

    def __init__(self, stream: ByteStream, http: h11.Connection, request: h11.Request, body: bytes) -> None:
        self._stream = stream
        self._http = http
        self.method: str = request.method.decode("ascii")
        path, _, query = request.target.decode("ascii").partition("?")
        self.path: str = path
        self.query: str = query
        headers = [(name.decode("ascii").lower(), value.decode("latin-1")) for name, value in request.headers]
        self.headers: Mapping[str, str] = MappingProxyType(dict(headers))
        self.body = body

    @property
    def is_handshake(self) -> bool:
        """Whether a WebSocket is asked for."""
        return self.headers.get("upgrade", "").lower() == "websocket" and "sec-websocket-key" in self.headers

    async def accept(self, headers: Mapping[str, str]) -> WebSocket:
        """Let a WebSocket in.

        Args:
            headers: more headers of the answer.
        """
        token = generate_accept_token(self.headers["sec-websocket-key"].encode("ascii"))
        own = [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", token.decode("ascii"))]
        answer = h11.InformationalResponse(status_code=101, headers=_raw([*own, *_passed_on(headers)]))
        await self._stream.send(self._http.send(answer) or b"")
        framing = Framing(
            client=False, max_message_bytes=Limits().max_message_bytes, trailing=self._http.trailing_data[0]
        )
        return WebSocket(self._stream, framing, response_headers={}, timeouts=Timeouts())

    async def answer(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Answer, and keep the connection for the next request if it can be."""
        pairs = [*_passed_on(headers), ("Content-Length", str(len(body)))]
        events: list[h11.Event] = [h11.Response(status_code=status, headers=_raw(pairs))]
        if body and self.method != "HEAD":
            events.append(h11.Data(data=body))
        events.append(h11.EndOfMessage())
        await self._stream.send(b"".join(self._http.send(event) or b"" for event in events))


Handler: TypeAlias = Callable[[Incoming], Awaitable[None]]
"""Answers a request."""


@asynccontextmanager
async def serving(handle: Handler) -> AsyncIterator[str]:
    """Serve on a free loopback port for as long as the block, and give the base URL.

    Args:
        handle: called for each request; it answers it, and for a handshake it returns when the socket is over.
    """
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")

    async def serve(stream: ByteStream) -> None:
        try:
            await _requests(stream, handle)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError, h11.RemoteProtocolError):
            pass  # the client went away, or speaks no HTTP
        finally:
            await anyio.aclose_forcefully(stream)

    async with listener, background_tasks() as tasks:
        tasks.start_soon(listener.serve, serve)
        yield f"http://127.0.0.1:{listener.extra(SocketAttribute.local_port)}"  # noqa: S610 - no Django


async def _requests(stream: ByteStream, handle: Handler) -> None:
    http = h11.Connection(h11.SERVER, max_incomplete_event_size=_MAX_HEAD_BYTES)
    while (incoming := await _receive(stream, http)) is not None:
        await handle(incoming)
        if http.our_state is not h11.DONE or http.their_state is not h11.DONE:
            return  # it became a WebSocket, or one side wants to close
        http.start_next_cycle()


async def _receive(stream: ByteStream, http: h11.Connection) -> Incoming | None:
    request: h11.Request | None = None
    body = bytearray()
    while True:
        event = http.next_event()
        if event is h11.NEED_DATA:
            if http.they_are_waiting_for_100_continue:
                more = h11.InformationalResponse(status_code=100, headers=[])
                await stream.send(http.send(more) or b"")
            try:
                http.receive_data(await stream.receive(_READ_BYTES))
            except anyio.EndOfStream:
                http.receive_data(b"")
        elif isinstance(event, h11.Request):
            request = event
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage) and request is not None:
            return Incoming(stream, http, request, bytes(body))
        else:
            return None


def _passed_on(headers: Mapping[str, str]) -> list[tuple[str, str]]:
    return [
        (name, value)
        for name, value in headers.items()
        if name.lower() not in _OF_A_CONNECTION and not name.lower().startswith("sec-websocket-")
    ]


def _raw(pairs: Sequence[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [(name.encode("ascii"), value.encode("latin-1")) for name, value in pairs]
