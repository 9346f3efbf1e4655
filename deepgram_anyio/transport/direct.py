"""Writing to an idle socket at once: one system call in the caller's own step, instead of a turn of the event loop.

Only anyio's plain TCP streams can be written past, and only where nothing of theirs is buffered in this process:
neither asyncio's own event loops nor trio keep anything back once a send has returned. With TLS there is no way past,
and uvloop's sockets do not tell when they are closed.
"""

from __future__ import annotations

import os
import sys
from asyncio.trsock import TransportSocket
from collections.abc import Callable
from socket import socket

from anyio.abc import ByteStream, SocketAttribute, SocketStream

from .lanes import lanes_are_on

__all__ = ["direct_writer"]


def direct_writer(stream: ByteStream) -> Callable[[bytes], int] | None:
    """Return a function that writes to a stream's socket at once; None when the stream has to be used itself.

    The function may be called only while nobody is sending to the stream. It returns how many of the bytes were taken:
    0 when there is no room, and when anything is wrong, of which the stream's own `send` will tell.
    """
    if sys.platform == "win32" or not lanes_are_on() or not isinstance(stream, SocketStream):
        return None
    raw = stream.extra(SocketAttribute.raw_socket, None)  # noqa: S610 - not Django's
    if not isinstance(raw, (socket, TransportSocket)):
        return None

    def write(data: bytes) -> int:
        # Asked each time, since an event loop closes a broken socket by itself, and its number may be another's then.
        descriptor = raw.fileno()
        if descriptor < 0:
            return 0
        try:
            return os.write(descriptor, data)
        except OSError:
            return 0

    return write
