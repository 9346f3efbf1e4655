"""Writing to an idle connection at once: one system call in the caller's own step, instead of a turn of the event loop.

anyio's plain TCP streams can be written past: asyncio's transports, uvloop's among them, take data at any time and keep
it in order, and trio keeps nothing back once a send has returned. Under TLS a `Line` sees to it that what was encrypted
first is sent first.
"""

from __future__ import annotations

import socket
import ssl
import sys
from collections.abc import Callable, Mapping
from typing import Any, Protocol, runtime_checkable

import anyio
from anyio.abc import ByteStream, SocketAttribute, SocketStream
from anyio.streams.tls import TLSAttribute, TLSStream

from .lanes import lanes_are_on

__all__ = ["DirectWriter", "Line", "direct_writer", "line_below_tls"]


class DirectWriter(Protocol):
    """Writes past a stream; only while nobody is sending to it."""

    @property
    def ready(self) -> bool:
        """Whether `write` may be called: there is room, and nothing waits to be sent before."""
        ...

    def write(self, data: bytes) -> None:
        """Take data, all of it. If anything is wrong, the stream's next `send` tells."""
        ...

    @property
    def held(self) -> bool:
        """Whether a part of what was taken did not leave, and `finish` has to send it before anything else."""
        ...

    async def finish(self) -> None:
        """Send what is held; raise what the stream's `send` does. Cancelled, it may have lost it."""


@runtime_checkable
class _Transport(Protocol):
    """What is needed of an `asyncio.WriteTransport`, of which uvloop's are no subclass."""

    def is_closing(self) -> bool: ...
    def get_write_buffer_size(self) -> int: ...
    def write(self, data: bytes) -> None: ...


class _TransportWriter:
    held = False  # a transport sends on by itself

    def __init__(self, transport: _Transport) -> None:
        self._is_closing = transport.is_closing
        self._waiting_bytes = transport.get_write_buffer_size
        self.write = transport.write

    @property
    def ready(self) -> bool:
        return not self._waiting_bytes() and not self._is_closing()

    async def finish(self) -> None:
        """Do nothing: see `held`."""


class _SocketWriter:
    def __init__(self, raw: socket.socket, stream: SocketStream) -> None:
        self._socket = raw
        self._stream = stream
        self._rest = b""

    @property
    def ready(self) -> bool:
        return not self._rest

    def write(self, data: bytes) -> None:
        try:
            self._rest = data[self._socket.send(data) :]
        except OSError:  # no room, or broken: `finish` finds out
            self._rest = data

    @property
    def held(self) -> bool:
        return bool(self._rest)

    async def finish(self) -> None:
        rest, self._rest = self._rest, b""
        await self._stream.send(rest)


class Line(ByteStream):
    """A TCP stream below TLS. What is given to `send` goes out in the order of the calls, whoever waits.

    Attributes:
        direct: writes past it, while it is not `busy`.
    """

    def __init__(self, stream: SocketStream, direct: DirectWriter) -> None:
        self.direct = direct
        self._stream = stream
        self._sending = anyio.Lock(fast_acquire=True)

    @property
    def busy(self) -> bool:
        """Whether something is being sent, or waits for its turn."""
        return self._sending.locked()

    async def receive(self, max_bytes: int = 65536) -> bytes:
        return await self._stream.receive(max_bytes)

    async def send(self, item: bytes) -> None:
        async with self._sending:
            if self.direct.held:
                await self.direct.finish()
            if item:
                await self._stream.send(item)

    async def send_eof(self) -> None:
        await self._stream.send_eof()

    async def aclose(self) -> None:
        await self._stream.aclose()

    @property
    def extra_attributes(self) -> Mapping[Any, Callable[[], Any]]:
        return self._stream.extra_attributes


class _TlsWriter:
    def __init__(self, line: Line, encrypt: Callable[[bytes], int], encrypted: ssl.MemoryBIO) -> None:
        self._line = line
        self._direct = line.direct
        self._encrypt = encrypt
        self._encrypted = encrypted

    @property
    def ready(self) -> bool:
        # What the stream has encrypted and not passed on yet comes first.
        return self._direct.ready and not self._line.busy and not self._encrypted.pending

    def write(self, data: bytes) -> None:
        try:
            self._encrypt(data)
        except ssl.SSLError:
            return  # and whatever is sent or read next fails, too
        self._direct.write(self._encrypted.read())

    @property
    def held(self) -> bool:
        return self._direct.held

    async def finish(self) -> None:
        await self._line.send(b"")


def line_below_tls(stream: ByteStream) -> ByteStream:
    """Return what TLS is to be put on, so that it can be written to at once; the stream itself when it cannot."""
    direct = direct_writer(stream)
    return Line(stream, direct) if direct is not None and isinstance(stream, SocketStream) else stream


def direct_writer(stream: ByteStream) -> DirectWriter | None:
    """Return what writes to a stream at once; None when the stream itself has to be used."""
    if sys.platform == "win32" or not lanes_are_on():
        return None
    if isinstance(stream, TLSStream):
        return _tls_writer(stream)
    if not isinstance(stream, SocketStream):
        return None
    transport: Any = getattr(stream, "_transport", None)  # anyio does not show it
    if isinstance(transport, _Transport):
        return _TransportWriter(transport)
    raw = stream.extra(SocketAttribute.raw_socket, None)  # noqa: S610 - not Django's
    return _SocketWriter(raw, stream) if isinstance(raw, socket.socket) else None


def _tls_writer(stream: TLSStream) -> DirectWriter | None:
    line = stream.transport_stream
    encrypted = getattr(stream, "_write_bio", None)  # nor this
    if not isinstance(line, Line) or not isinstance(encrypted, ssl.MemoryBIO):
        return None
    return _TlsWriter(line, stream.extra(TLSAttribute.ssl_object).write, encrypted)  # noqa: S610 - nor here
