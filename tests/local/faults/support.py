"""Peers on bare TCP that notice how a connection ends."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import anyio
from anyio.abc import SocketAttribute, SocketStream

from deepgram_anyio.local.faults import FaultProxy, fault_proxy

__all__ = ["Server", "dialled", "read_all", "read_exactly", "serving", "through"]


async def read_all(stream: SocketStream, keep: Callable[[bytes], object]) -> str:
    """Read to the end; say whether it was a "fin" or a "reset"."""
    try:
        while True:
            keep(await stream.receive())
    except anyio.EndOfStream:
        return "fin"
    except anyio.BrokenResourceError as error:
        return "reset" if isinstance(error.__cause__, ConnectionResetError) else repr(error.__cause__)


async def read_exactly(stream: SocketStream, count: int) -> bytes:
    received = b""
    while len(received) < count:
        received += await stream.receive(count - len(received))
    return received


class Server:
    """A server that greets, keeps what it gets, and closes its end when the client has.

    Attributes:
        port: where it listens, on 127.0.0.1.
        greeting: what it says first.
        received: what it got, over all connections.
        ends: how they ended, "fin" or "reset", in the order of their ends.
        open: how many have not ended.
    """

    def __init__(self, port: int, greeting: bytes) -> None:
        self.port = port
        self.greeting = greeting
        self.received = b""
        self.ends: list[str] = []
        self.open = 0
        self._changed = anyio.Event()

    async def handle(self, stream: SocketStream) -> None:
        self.open += 1
        async with stream:
            with suppress(anyio.BrokenResourceError):  # reading tells
                await stream.send(self.greeting)
            self.ends.append(await read_all(stream, self._keep))
        self.open -= 1
        self._note()

    async def until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            await self._changed.wait()

    def _keep(self, data: bytes) -> None:
        self.received += data
        self._note()

    def _note(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()


@asynccontextmanager
async def serving(greeting: bytes = b"") -> AsyncIterator[Server]:
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    server = Server(listener.extra(SocketAttribute.local_port), greeting)
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, server.handle)
        yield server
        tasks.cancel_scope.cancel()


@asynccontextmanager
async def through(
    faults: Any = (), *, greeting: bytes = b"", within_s: float = 5.0, **options: Any
) -> AsyncIterator[tuple[FaultProxy, Server]]:
    """A server with a proxy in front of it."""
    with anyio.fail_after(within_s):
        async with (
            serving(greeting) as server,
            fault_proxy(("127.0.0.1", server.port), faults=faults, **options) as proxy,
        ):
            yield proxy, server


async def dialled(proxy: FaultProxy) -> SocketStream:
    return await anyio.connect_tcp(proxy.host, proxy.port)
