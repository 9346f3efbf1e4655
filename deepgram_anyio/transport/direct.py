"""Writing to an idle connection at once: one system call in the caller's own step, instead of a turn of the event loop.

Only anyio's plain TCP streams can be written past: asyncio's transports, uvloop's among them, take data at any time and
keep it in order, and trio keeps nothing back once a send has returned. With TLS there is no way past.
"""

from __future__ import annotations

import socket
import sys
from typing import Any, Protocol, runtime_checkable

from anyio.abc import ByteStream, SocketAttribute, SocketStream

from .lanes import lanes_are_on

__all__ = ["DirectWriter", "direct_writer"]


class DirectWriter(Protocol):
    """Writes past a stream; only while nobody is sending to it."""

    def write(self, data: bytes) -> int:
        """Write, and return how many bytes were taken.

        That is 0 when there is no room, and when anything is wrong, of which the stream's own `send` will tell.
        """
        ...

    @property
    def drained(self) -> bool:
        """Whether all that was taken has left; if not, the stream's own `send`, even of nothing, waits for it."""
        ...


@runtime_checkable
class _Transport(Protocol):
    """What is needed of an `asyncio.WriteTransport`, of which uvloop's are no subclass."""

    def is_closing(self) -> bool: ...
    def get_write_buffer_size(self) -> int: ...
    def write(self, data: bytes) -> None: ...


class _TransportWriter:
    def __init__(self, transport: _Transport) -> None:
        self._transport = transport

    def write(self, data: bytes) -> int:
        if self._transport.is_closing() or self._transport.get_write_buffer_size():
            return 0
        self._transport.write(data)
        return len(data)

    @property
    def drained(self) -> bool:
        return not self._transport.get_write_buffer_size()


class _SocketWriter:
    drained = True

    def __init__(self, raw: socket.socket) -> None:
        self._socket = raw

    def write(self, data: bytes) -> int:
        try:
            return self._socket.send(data)
        except OSError:
            return 0


def direct_writer(stream: ByteStream) -> DirectWriter | None:
    """Return what writes to a stream at once; None when the stream itself has to be used."""
    if sys.platform == "win32" or not lanes_are_on() or not isinstance(stream, SocketStream):
        return None
    transport: Any = getattr(stream, "_transport", None)  # anyio does not show it
    if isinstance(transport, _Transport):
        return _TransportWriter(transport)
    raw = stream.extra(SocketAttribute.raw_socket, None)  # noqa: S610 - not Django's
    return _SocketWriter(raw) if isinstance(raw, socket.socket) else None
