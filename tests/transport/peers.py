"""Small servers on loopback for the transport's tests: a polite WebSocket server, and every kind of rude one."""

from __future__ import annotations

import ssl
import struct
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import anyio
import trustme
from anyio.abc import ByteStream, SocketAttribute
from anyio.streams.tls import TLSStream
from wsproto import ConnectionType, WSConnection
from wsproto.connection import ConnectionState
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Message,
    Ping,
    Request,
    TextMessage,
)

from deepgram_anyio.transport.websocket import WebSocket, open_websocket

__all__ = [
    "Handler",
    "Peer",
    "Recorder",
    "ServerEnd",
    "answering",
    "connected",
    "echo",
    "proxying",
    "read_head",
    "read_to_end",
    "server_tls",
    "serving",
    "stop_reading",
    "upgrade_only",
    "wire",
]

Handler: TypeAlias = Callable[[ByteStream], Awaitable[None]]


class Peer:
    """A listener whose connections each run a handler.

    Attributes:
        port: where it listens, on 127.0.0.1.
        accepted: how many connections it has taken.
        open: how many of them their handlers have not finished with.
    """

    def __init__(self, port: int, *, secure: bool) -> None:
        self.port = port
        self.accepted = 0
        self.open = 0
        self._changed = anyio.Event()
        self._scheme = "wss" if secure else "ws"

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self.port}/path?token=query-secret"

    def count(self, change: int) -> None:
        self.open += change
        self.accepted += max(0, change)
        self._changed.set()

    async def all_closed(self, *, accepted: int = 0) -> None:
        """Wait until so many connections came, and every handler has finished."""
        with anyio.fail_after(5):
            while self.open or self.accepted < accepted:
                self._changed = anyio.Event()
                await self._changed.wait()


@asynccontextmanager
async def serving(handler: Handler, *, ssl_context: ssl.SSLContext | None = None) -> AsyncIterator[Peer]:
    """Run a peer; leaving cancels the handlers that are still busy."""
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    peer = Peer(listener.extra(SocketAttribute.local_port), secure=ssl_context is not None)

    async def handle(stream: ByteStream) -> None:
        peer.count(1)
        try:
            if ssl_context is not None:
                stream = await TLSStream.wrap(
                    stream, server_side=True, ssl_context=ssl_context, standard_compatible=False
                )
            await handler(stream)
        except (anyio.BrokenResourceError, anyio.EndOfStream, ssl.SSLError):
            pass  # the client under test went away, which is often the point
        finally:
            peer.count(-1)
            await anyio.aclose_forcefully(stream)

    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, handle)
        yield peer
        tasks.cancel_scope.cancel()


class ServerEnd:
    """The server's end of one WebSocket connection, with wsproto as an independent implementation.

    Iterating gives the client's events.

    Attributes:
        request: the client's opening request.
    """

    def __init__(self, stream: ByteStream, request: Request, connection: WSConnection) -> None:
        self.request = request
        self._events: deque[Event] = deque()
        self._stream = stream
        self._connection = connection

    @classmethod
    async def accept(
        cls, stream: ByteStream, *, headers: Iterable[tuple[bytes, bytes]] = (), first: bytes = b""
    ) -> ServerEnd:
        """Do the opening handshake; `first` goes out in the same write as the answer."""
        connection = WSConnection(ConnectionType.SERVER)
        request: Event | None = None
        while not isinstance(request, Request):
            connection.receive_data(await stream.receive())
            request = next(iter(connection.events()), None)
        await _read_no_further(stream)
        await stream.send(connection.send(AcceptConnection(extra_headers=list(headers))) + first)
        return cls(stream, request, connection)

    async def send(self, *events: Event) -> None:
        await self._stream.send(b"".join(self._connection.send(event) for event in events))

    async def send_raw(self, data: bytes) -> None:
        await self._stream.send(data)

    def __aiter__(self) -> ServerEnd:
        return self

    async def __anext__(self) -> Event:
        """The client's next event, unanswered; the end when it closed the socket."""
        while not self._events:
            try:
                data = await self._stream.receive()
            except (anyio.EndOfStream, anyio.BrokenResourceError):
                raise StopAsyncIteration from None
            if self._connection.state is not ConnectionState.CLOSED:
                self._connection.receive_data(data)
                self._events.extend(self._connection.events())
        return self._events.popleft()

    async def finish(self) -> None:
        """Wait for the client's close, and answer it."""
        async for event in self:
            if isinstance(event, CloseConnection):
                await self.send(event.response())
                return


async def _read_no_further(stream: ByteStream) -> None:
    # On asyncio, an accepted stream reads ahead without bound until somebody has once waited for data in vain.
    with anyio.move_on_after(0):
        await stream.receive()


async def echo(stream: ByteStream) -> None:
    """A polite server: echoes messages, answers pings and the close."""
    end = await ServerEnd.accept(stream, headers=[(b"dg-request-id", b"abc"), (b"X-Twice", b"1"), (b"X-Twice", b"2")])
    whole: list[str | bytes | bytearray] = []
    async for event in end:
        if isinstance(event, Message):
            whole.append(event.data)
            if event.message_finished:
                await end.send(_message(whole))
                whole = []
        elif isinstance(event, Ping):
            await end.send(event.response())
        elif isinstance(event, CloseConnection):
            await end.send(event.response())
            return


def _message(parts: list[str | bytes | bytearray]) -> Event:
    if isinstance(parts[0], str):
        return TextMessage(data="".join(str(part) for part in parts))
    return BytesMessage(data=b"".join(bytes(part) for part in parts if not isinstance(part, str)))


async def read_to_end(stream: ByteStream) -> bytes:
    """Read until the client closes."""
    received = bytearray()
    try:
        while True:
            received += await stream.receive()
    except (anyio.EndOfStream, anyio.BrokenResourceError):
        return bytes(received)


async def upgrade_only(stream: ByteStream) -> None:
    """Do the opening handshake, say nothing, and answer the close."""
    await (await ServerEnd.accept(stream)).finish()


async def stop_reading(stream: ByteStream) -> None:
    """Do the opening handshake, and read nothing more."""
    await ServerEnd.accept(stream)
    await anyio.sleep_forever()


def server_tls(ca: trustme.CA, *names: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """The TLS settings of a server with these names, and of a client that trusts it."""
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.set_alpn_protocols(["h2", "http/1.1"])
    ca.issue_cert(*names).configure_cert(server)
    client = ssl.create_default_context()
    ca.configure_trust(client)
    return server, client


async def read_head(stream: ByteStream) -> bytes:
    head = b""
    while b"\r\n\r\n" not in head:
        head += await stream.receive()
    return head


def answering(*pieces: bytes, close: bool = True) -> Handler:
    """A handler that reads an HTTP request and answers with these bytes, in separate packets, whatever was asked."""

    async def handle(stream: ByteStream) -> None:
        await read_head(stream)
        for piece in pieces:
            await stream.send(piece)
            await anyio.wait_all_tasks_blocked()
        if not close:
            await read_to_end(stream)

    return handle


def proxying(requests: list[bytes], *, answer: bytes = b"HTTP/1.1 200 Connection established\r\n\r\n") -> Handler:
    """A CONNECT proxy that keeps the requests' heads; an answer other than 2xx is all that it does."""

    async def handle(stream: ByteStream) -> None:
        head = await read_head(stream)
        requests.append(head)
        await stream.send(answer)
        if not answer.startswith(b"HTTP/1.1 200"):
            return
        port = int(head.split(b" ")[1].rpartition(b":")[2])
        async with await anyio.connect_tcp("127.0.0.1", port) as onward, anyio.create_task_group() as tasks:

            async def pump(source: ByteStream, sink: ByteStream) -> None:
                try:
                    while True:
                        await sink.send(await source.receive())
                except (anyio.EndOfStream, anyio.BrokenResourceError):
                    tasks.cancel_scope.cancel()

            tasks.start_soon(pump, stream, onward)
            await pump(onward, stream)

    return handle


def wire(
    opcode: int,
    payload: bytes = b"",
    *,
    fin: bool = True,
    rsv: int = 0,
    mask: bytes | None = None,
    declared: int | None = None,
    length_bytes: int | None = None,
) -> bytes:
    """One frame's bytes, right or wrong: any reserved bits, any declared length, in any of the three forms."""
    length = len(payload) if declared is None else declared
    if length_bytes is None:
        length_bytes = 0 if length < 126 else 2 if length < 1 << 16 else 8
    short = {0: length, 2: 126, 8: 127}[length_bytes]
    head = bytes([fin << 7 | rsv << 4 | opcode, (mask is not None) << 7 | short])
    head += {0: b"", 2: struct.pack("!H", length & 0xFFFF), 8: struct.pack("!Q", length)}[length_bytes]
    if mask is None:
        return head + payload
    return head + mask + bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))


@asynccontextmanager
async def connected(handler: Handler, **options: Any) -> AsyncIterator[tuple[WebSocket, Peer]]:
    async with serving(handler) as peer, open_websocket(peer.url, **options) as websocket:
        yield websocket, peer


class Recorder:
    """A server that keeps the close frames it gets, answers them or not, and can send before."""

    def __init__(self, first: bytes = b"", *, answer: bool = True) -> None:
        self.closes: list[CloseConnection] = []
        self._first = first
        self._answer = answer

    async def __call__(self, stream: ByteStream) -> None:
        end = await ServerEnd.accept(stream)
        await end.send_raw(self._first)
        async for event in end:
            if isinstance(event, CloseConnection):
                self.closes.append(event)
                if self._answer:
                    await end.send(event.response())
                    return
