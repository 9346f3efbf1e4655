"""Bare sockets, driven by anyio: what streams hide matters here, such as who has read what, and how a socket ends."""

from __future__ import annotations

import os
import socket
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeAlias

import anyio
import anyio.lowlevel

__all__ = [
    "CHUNK_BYTES",
    "Address",
    "Gate",
    "close_in_order",
    "connect",
    "limit_buffers",
    "prepare",
    "receive",
    "reset",
    "send_all",
]

CHUNK_BYTES = 64 * 1024
Address: TypeAlias = tuple[str, int]

_LINGER_S = 1.0
_LINGER_NOT = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


class Gate:
    """Open, unless somebody holds it."""

    def __init__(self) -> None:
        self._holders: set[object] = set()
        self._opened = anyio.Event()

    @property
    def is_open(self) -> bool:
        return not self._holders

    def hold(self, holder: object) -> None:
        """Close it, until this holder lets go."""
        if not self._holders:
            self._opened = anyio.Event()
        self._holders.add(holder)

    def release(self, holder: object) -> None:
        """Let go; it opens with the last holder."""
        self._holders.discard(holder)
        if not self._holders:
            self._opened.set()

    def open(self) -> None:
        """Open it, whoever holds it."""
        self._holders.clear()
        self._opened.set()

    async def passed(self) -> None:
        """Wait until it is open."""
        while self._holders:
            await self._opened.wait()


async def receive(sock: socket.socket, max_bytes: int = CHUNK_BYTES, *, gate: Gate | None = None) -> bytes:
    """Receive what is there; nothing is taken out of the socket before the gate is open.

    Returns:
        The bytes; none at the end of the stream.

    Raises:
        OSError: the connection broke.
    """
    while True:
        await anyio.lowlevel.checkpoint()
        if gate is not None:
            await gate.passed()
        try:
            return sock.recv(max_bytes)
        except BlockingIOError:
            await anyio.wait_readable(sock)


async def send_all(
    sock: socket.socket, data: bytes, *, gate: Gate | None = None, on_sent: Callable[[int], None] | None = None
) -> None:
    """Send all bytes, none while the gate is closed.

    Args:
        sock: where to.
        data: the bytes.
        gate: None for none.
        on_sent: called with the number of bytes of each write.

    Raises:
        OSError: the connection broke.
    """
    view = memoryview(data)
    while view:
        await anyio.lowlevel.checkpoint()
        if gate is not None:
            await gate.passed()
        try:
            count = sock.send(view)
        except BlockingIOError:
            await anyio.wait_writable(sock)
            continue
        view = view[count:]
        if on_sent is not None:
            on_sent(count)


async def connect(address: Address, *, buffer_bytes: int | None = None) -> socket.socket:
    """Connect to the first of a host's addresses that answers.

    Raises:
        OSError: none does.

    Cancelled, it leaves no socket behind.
    """
    failure = OSError("the host has no address")
    for family, kind, protocol, _, target in await anyio.getaddrinfo(*address, type=socket.SOCK_STREAM):
        sock = socket.socket(family, kind, protocol)
        try:
            prepare(sock)
            limit_buffers(sock, buffer_bytes)
            await _connect(sock, target)
        except OSError as error:
            sock.close()
            failure = error
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    raise failure


async def _connect(sock: socket.socket, target: tuple[Any, ...]) -> None:
    await anyio.lowlevel.checkpoint()
    try:
        sock.connect(target)
    except BlockingIOError:
        await anyio.wait_writable(sock)
        code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, os.strerror(code)) from None


def prepare(sock: socket.socket) -> None:
    """Make a socket fit for the functions of this module; every write leaves at once."""
    sock.setblocking(False)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def limit_buffers(sock: socket.socket, buffer_bytes: int | None) -> None:
    """Set how much the system may buffer, before the socket is connected or listens; None leaves it to the system."""
    if buffer_bytes is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer_bytes)


def reset(sock: socket.socket) -> None:
    """Close a socket so that the peer sees a reset (RST); what was not yet delivered is thrown away.

    No task may be waiting for the socket.
    """
    with suppress(OSError):  # it is broken, and so reset already
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
    sock.close()


async def close_in_order(*socks: socket.socket) -> None:
    """Close sockets so that each peer gets all that was sent and then the end (FIN).

    A socket that is closed with something unread in it resets the connection, and takes from the peer what it has not
    read. So everything is read until the peer closes as well, for a second at most.

    Cancelled, it closes them at once.
    """
    try:
        with anyio.move_on_after(_LINGER_S):
            async with anyio.create_task_group() as tasks:
                for sock in socks:
                    tasks.start_soon(_finish, sock)
    finally:
        for sock in socks:
            sock.close()


async def _finish(sock: socket.socket) -> None:
    with suppress(OSError):  # the peer was faster
        sock.shutdown(socket.SHUT_WR)
        while await receive(sock):
            pass
