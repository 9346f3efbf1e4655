"""The proxy: a listener, and a task for each connection."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from urllib.parse import urlsplit, urlunsplit

import anyio
from anyio.abc import TaskGroup

from ...errors import ConfigError
from ...transport.tasks import background_tasks
from .actions import CutKind, Direction, Fault, OneWay, Refuse, checked
from .connection import Connection
from .listener import Listener
from .records import ConnectionRecord
from .schedule import Plan, Schedule
from .sockets import Address

__all__ = ["FaultProxy", "fault_proxy"]

_PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}


class FaultProxy:
    """A running proxy, made by `fault_proxy`.

    Attributes:
        connections: one record for each connection so far, in the order of accept; it grows with every connection.
    """

    def __init__(
        self,
        url: str,
        address: Address,
        *,
        schedule: Schedule,
        listener: Listener,
        tasks: TaskGroup,
        seed: object,
        buffer_bytes: int | None,
    ) -> None:
        self.connections: list[ConnectionRecord] = []
        self._url = url
        self._address = address
        self._schedule = schedule
        self._listener = listener
        self._tasks = tasks
        self._seed = seed
        self._buffer_bytes = buffer_bytes
        self._open: dict[int, Connection] = {}
        self._changed: anyio.Event | None = None

    @property
    def host(self) -> str:
        """The address that it listens on."""
        return self._listener.host

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._listener.port

    @property
    def url(self) -> str:
        """The upstream's URL with the proxy's host and port, for `DeepgramClient(base_url=...)`."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104
        authority = f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"
        return urlunsplit(urlsplit(self._url)._replace(netloc=authority))

    @property
    def listening(self) -> bool:
        """Whether the port is open."""
        return self._listener.listening

    def cut(self, kind: CutKind = "reset", *, number: int | None = None, direction: OneWay = "to_client") -> None:
        """Cut open connections now; see `Cut`.

        Args:
            kind: how.
            number: which connection; None for all that are open.
            direction: which way "half_close" ends.
        """
        for connection in self._chosen(number):
            connection.cut(kind, direction)

    def stall(self, direction: Direction = "both", *, number: int | None = None) -> None:
        """Let nothing pass on open connections from now on; see `Stall`.

        Args:
            direction: which way, or "both".
            number: which connection; None for all that are open.
        """
        for connection in self._chosen(number):
            connection.stall(direction)

    def resume(self, *, number: int | None = None) -> None:
        """End all stalls of open connections.

        Args:
            number: which connection; None for all that are open.
        """
        for connection in self._chosen(number):
            connection.resume()

    async def pause_listening(self) -> None:
        """Close the port: who connects is refused, as when no server runs. Open connections go on.

        Returns when the port is closed; it stays reserved.
        """
        await self._listener.pause(self)
        self._notify()

    async def resume_listening(self) -> None:
        """Open the port again. Returns when it is open, unless an outage of the schedule still keeps it closed."""
        await self._listener.resume(self)
        self._notify()

    async def wait_until(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition holds.

        Args:
            condition: asked after each change of `connections` or `listening`; every write is one.
        """
        while not condition():
            if self._changed is None:
                self._changed = anyio.Event()
            await self._changed.wait()

    async def wait_connections(self, count: int) -> None:
        """Wait until so many connections were accepted, from the beginning on.

        Args:
            count: how many.
        """
        await self.wait_until(lambda: len(self.connections) >= count)

    async def wait_closed(self, count: int | None = None) -> None:
        """Wait until the first so many connections came and are closed; None for all that there are now.

        Args:
            count: how many; None for all.
        """
        wanted = len(self.connections) if count is None else count
        await self.wait_until(
            lambda: len([record for record in self.connections[:wanted] if record.closed_at is not None]) == wanted
        )

    def _accept(self, client: socket.socket) -> None:
        number = len(self.connections) + 1
        try:
            faults = checked(self._schedule(number))
        except BaseException:
            client.close()
            raise
        record = ConnectionRecord(number=number, faults=faults, opened_at=anyio.current_time())
        connection = Connection(
            client,
            record,
            upstream=self._address,
            seed=self._seed,
            buffer_bytes=self._buffer_bytes,
            on_change=self._notify,
        )
        self.connections.append(record)
        self._open[number] = connection
        self._tasks.start_soon(self._serve, connection)
        self._notify()

    async def _serve(self, connection: Connection) -> None:
        refusal = connection.opening
        outage_s = refusal.for_s if isinstance(refusal, Refuse) else 0.0
        try:
            if outage_s:
                await self._listener.pause(connection)
            await connection.run()
        finally:
            del self._open[connection.record.number]
            connection.close()
        if outage_s:
            await anyio.sleep(outage_s)
            await self._listener.resume(connection)
            self._notify()

    def _chosen(self, number: int | None) -> list[Connection]:
        return [connection for key, connection in self._open.items() if number in {None, key}]

    def _notify(self) -> None:
        if self._changed is not None:
            self._changed.set()
            self._changed = None


@asynccontextmanager
async def fault_proxy(
    upstream: str | Address,
    *,
    faults: Sequence[Fault] | Schedule = (),
    host: str = "127.0.0.1",
    port: int = 0,
    seed: object = 0,
    buffer_bytes: int | None = None,
) -> AsyncIterator[FaultProxy]:
    """Run a proxy that misbehaves for as long as the block; it accepts connections when the block is entered.

    It passes bytes on and knows no protocol: TLS passes through. Leaving the block closes the port and all connections
    at once, and so does cancellation.

    Args:
        upstream: the server: a URL (http, https, ws, wss, or any other scheme with a port), or a pair of host and port,
            for which the proxy's own URL begins with ``tcp://``.
        faults: what every connection gets; or a callable that gives the faults for a connection's number, which counts
            from 1: a `Plan`, a `RandomSchedule`, or your own. One that raises ends the block with its exception.
        host: IP address to listen on.
        port: port to listen on; 0 picks a free one.
        seed: what the jitter of `Delay` is drawn from.
        buffer_bytes: what the system may buffer for each socket of the proxy, each way. Small, a sender soon feels a
            `Stall`; None leaves it to the system, which may take megabytes.

    Yields:
        the running proxy.

    Raises:
        ConfigError: the upstream or the faults cannot be understood, or the address cannot be used.
    """
    schedule = faults if callable(faults) else Plan([faults], repeat=True)
    url, address = _taken_apart(upstream)
    listener = Listener(host, port, buffer_bytes=buffer_bytes)
    try:
        async with background_tasks() as tasks:
            proxy = FaultProxy(
                url,
                address,
                schedule=schedule,
                listener=listener,
                tasks=tasks,
                seed=seed,
                buffer_bytes=buffer_bytes,
            )
            tasks.start_soon(listener.run, proxy._accept)
            yield proxy
    finally:
        listener.close()


def _taken_apart(upstream: str | Address) -> tuple[str, Address]:
    """Return the upstream's URL and its address."""
    if not isinstance(upstream, str):
        host, port = upstream
        return "tcp://proxy", (host, port)
    try:
        parts = urlsplit(upstream)
        port = parts.port or _PORTS[parts.scheme]
    except (KeyError, ValueError) as error:
        raise ConfigError(
            "the upstream must be a URL with a known scheme or a port, or a pair of host and port"
        ) from error
    if not parts.hostname:
        raise ConfigError("the upstream's URL has no host")
    return upstream, (parts.hostname, port)
