"""A listening socket that can close its port for a while, and keep it."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable

import anyio

from ...errors import ConfigError
from .sockets import Gate, limit_buffers, prepare

__all__ = ["Listener"]

_BACKLOG = 1024


class Listener:
    """A listening socket.

    Attributes:
        host: the address that it is bound to.
        port: the port.
    """

    def __init__(self, host: str, port: int, *, buffer_bytes: int | None = None) -> None:
        """Listen.

        Args:
            host: an IP address.
            port: 0 picks a free one.
            buffer_bytes: what the system may buffer for each connection, each way; None leaves it to the system.

        Raises:
            ConfigError: the address cannot be used.
        """
        self.host = host
        self.port: int = port
        self._buffer_bytes = buffer_bytes
        self._pause = Gate()
        self._port_closed = anyio.Event()
        self._port_open = anyio.Event()
        self._accepting = anyio.CancelScope()
        try:
            self._sock = self._bind()
        except (OSError, OverflowError) as error:
            raise ConfigError(f"cannot listen on {host}:{port}: {error}") from error
        self._sock.listen(_BACKLOG)
        self._port_open.set()
        self.port = self._sock.getsockname()[1]

    @property
    def listening(self) -> bool:
        """Whether the port is open."""
        return self._port_open.is_set() and self._sock.fileno() != -1

    async def run(self, handle: Callable[[socket.socket], None]) -> None:
        """Accept connections until cancelled.

        Args:
            handle: called with each accepted socket, which it has to close.
        """
        while True:
            with anyio.CancelScope() as self._accepting:
                if self._pause.is_open:  # it may be paused before it runs
                    await self._accept(handle)
            # Bound, but not listening: who connects is refused, and nobody else can take the port.
            self._sock.close()
            self._sock = self._bind()
            self._port_open = anyio.Event()
            self._port_closed.set()
            await self._pause.passed()
            self._sock.listen(_BACKLOG)
            self._port_closed = anyio.Event()
            self._port_open.set()

    async def pause(self, holder: object) -> None:
        """Stop listening, until this holder resumes; returns when the port is closed.

        Connections that were not accepted yet are reset.
        """
        self._pause.hold(holder)
        self._accepting.cancel()
        await self._port_closed.wait()

    async def resume(self, holder: object) -> None:
        """Listen again, if nobody else has paused it; returns when the port is open."""
        self._pause.release(holder)
        if self._pause.is_open:
            await self._port_open.wait()

    def close(self) -> None:
        """Close the port, after `run` has ended."""
        self._sock.close()
        self._port_closed.set()
        self._port_open.set()

    def _bind(self) -> socket.socket:
        sock = socket.socket(socket.AF_INET6 if ":" in self.host else socket.AF_INET, socket.SOCK_STREAM)
        try:
            if os.name == "posix":
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.setblocking(False)
            limit_buffers(sock, self._buffer_bytes)  # accepted sockets inherit it
            sock.bind((self.host, self.port))
        except BaseException:
            sock.close()
            raise
        return sock

    async def _accept(self, handle: Callable[[socket.socket], None]) -> None:
        while True:
            await anyio.wait_readable(self._sock)
            try:
                sock, _ = self._sock.accept()
            except (BlockingIOError, ConnectionAbortedError):
                continue  # it left before we came
            prepare(sock)
            handle(sock)
