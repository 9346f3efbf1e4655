"""What all connections of the public API have in common: iteration, figures, and a close that drains."""

from __future__ import annotations

import logging
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from urllib.parse import urlsplit

import anyio
import msgspec

from ..errors import DeepgramError, TimeoutError  # noqa: A004
from ..protocol.machine import Machine
from ..protocol.policy import ReconnectPolicy
from ..protocol.timers import TimerSettings
from ..telemetry.watch import SessionWatch, watch_session
from ..transport.link import FrameChannel
from ..transport.logs import project_logger
from ..transport.reconnect import Reconnector
from ..transport.session import Session, open_session
from ..transport.settings import Timeouts
from .backend import Backend

if TYPE_CHECKING:
    from ..transport.websocket import WebSocket

__all__ = ["Connection", "ConnectionStats", "client_timers", "open_connection"]

M = TypeVar("M", bound=Machine[Any])
E = TypeVar("E", covariant=True)
C = TypeVar("C", bound="Connection[Any, Any]")

_logger = project_logger()
_REQUEST_ID = "dg-request-id"


class ConnectionStats(msgspec.Struct, frozen=True, kw_only=True):
    """A connection's figures at one moment.

    Attributes:
        bytes_sent: audio that ``send`` accepted.
        audio_sent_s: the same in seconds; None when the format does not tell.
        audio_acknowledged_s: audio that final results cover, in seconds.
        events: events received.
        latency_s: of the last final result, from handing over the last audio that it covers to its arrival; None before
            there was one.
        transcript_latency_s: how many seconds of audio had been handed over beyond what the last interim result covers
            when it came; None before there was one, and when the format does not tell.
        first_result_s: from handing over the first audio to the arrival of the first result; None before there was one.
        missed: messages of the server that never came, where it numbers them.
        reconnects: how often the connection was made anew.
    """

    bytes_sent: int
    audio_sent_s: float | None
    audio_acknowledged_s: float
    events: int
    latency_s: float | None
    transcript_latency_s: float | None = None
    first_result_s: float | None = None
    missed: int = 0
    reconnects: int = 0


class Connection(Generic[M, E]):
    """One open stream: ``async for event in connection`` yields the server's messages, typed, in order.

    Iteration ends when the server has closed in good order, and raises what went wrong when not. A consumer that is
    slow holds up nothing but itself: events wait, up to `Limits`, and then reading from the network stops; keepalives
    go on.
    """

    def __init__(self, session: Session[M], response_headers: Mapping[str, str]) -> None:
        self._session = session
        self.response_headers = response_headers

    @property
    def request_id(self) -> str | None:
        """The server's ``dg-request-id``; None when it sent none."""
        return self._session.request_id

    def __aiter__(self) -> AsyncIterator[E]:
        return self

    async def __anext__(self) -> E:
        session = self._session
        events = session.machine.events
        if not events:
            if not await session.wait_for_events():
                raise StopAsyncIteration
            events = session.machine.events
        event: E = events.popleft()
        return event

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._session.machine.state.value} request_id={self.request_id}>"

    async def aclose(self) -> None:
        """End the stream in good order: send what is queued, let the server finish, and close. Harmless when repeated.

        Events that were not iterated are dropped. Leaving the ``async with`` block normally does the same.

        Raises:
            ConnectionClosed: the server closed before it had finished.
            TimeoutError: it fell silent; see `Timeouts.drain_s`.
        """
        session = self._session
        session.stop_work()
        session.discard_events()
        if not session.machine.ended:
            await self._finish()
        await session.wait_ended()
        session.raise_failure()

    async def _finish(self) -> None:
        """Say the last word of this side."""
        raise NotImplementedError


def client_timers(timeouts: Timeouts, *, keepalive_s: float | None) -> TimerSettings:
    """Return the intervals that a client's machine keeps."""
    return TimerSettings(
        keepalive_s=keepalive_s,
        ping_s=timeouts.ping_interval_s,
        pong_s=timeouts.pong_s,
        drain_s=timeouts.drain_s,
        greeting_s=timeouts.connect_s,
    )


@asynccontextmanager
async def open_connection(
    backend: Backend,
    path: str,
    query: str,
    *,
    machine: Callable[[TimerSettings, float], M],
    connection: Callable[[Session[M], Mapping[str, str]], C],
    keepalive_s: float | None = None,
    agent: bool = False,
    extra_headers: Mapping[str, str] | None = None,
    reconnect: ReconnectPolicy | None = None,
) -> AsyncIterator[C]:
    """Connect, wait until the stream is usable, run it around the caller's body, and drain it when that ends normally.

    Args:
        backend: where to, and as whom.
        path: the route.
        query: the query string.
        machine: makes the protocol machine, of the intervals to keep and the time.
        connection: makes the connection, of its session and the handshake's response headers.
        keepalive_s: after the last message sent, to the next KeepAlive.
        agent: on the voice agent's host.
        extra_headers: additional request headers.
        reconnect: when and how a broken connection is made anew; None for never.
    """
    with watch_session(backend.telemetry, url=backend.socket_url(path, query, agent=agent), path=path) as watch:
        timeouts = backend.timeouts
        timers = client_timers(timeouts, keepalive_s=keepalive_s)
        usable_by = math.inf if timeouts.connect_s is None else anyio.current_time() + timeouts.connect_s
        host = urlsplit(backend.agent_url if agent else backend.api_url).netloc

        def new_machine(now: float) -> M:
            return machine(timers, now)

        async def connect() -> WebSocket:
            return await backend.open_websocket(
                path, query, agent=agent, extra_headers=extra_headers, trace_headers=watch.headers
            )

        async def connect_again() -> tuple[FrameChannel, str | None]:
            again = await connect()
            opened.response_headers = again.response_headers
            return again, again.response_headers.get(_REQUEST_ID)

        channel = await _logged(connect, f"{host}{path}")
        first = new_machine(anyio.current_time())
        session = Session(
            first,
            channel,
            limits=backend.limits,
            timeouts=timeouts,
            request_id=channel.response_headers.get(_REQUEST_ID),
            recovery=None
            if reconnect is None
            else Reconnector(reconnect, name=first.kind.name, machine=new_machine, connect=connect_again, watch=watch),
        )
        opened = connection(session, channel.response_headers)
        async with _running(session, watch, host):
            await _greeted(session, host, timeouts.connect_s, by=usable_by)
            _logger.info("%s: connected to %s, request %s", first.kind.name, host, session.request_id)
            watch.connected(session)
            yield opened
            await opened.aclose()


async def _logged(connect: Callable[[], Awaitable[WebSocket]], target: str) -> WebSocket:
    _logger.debug("connecting to %s", target)
    try:
        return await connect()
    except DeepgramError as error:
        _logger.info("could not connect to %s: %s", target, error)
        raise


@asynccontextmanager
async def _running(session: Session[Any], watch: SessionWatch, host: str) -> AsyncIterator[None]:
    """Run a session around a body, and tell how it ends."""
    failure: DeepgramError | None = None
    try:
        async with open_session(session):
            try:
                yield
            finally:
                failure = session.machine.failure  # while that is its own: leaving it makes up another
                watch.ending()
    finally:
        outcome = session.machine.failure or session.machine.state.value
        level = logging.INFO if failure is None else logging.WARNING
        _logger.log(level, "%s: request %s ended: %s", session.machine.kind.name, session.request_id, outcome)


async def _greeted(session: Session[Any], host: str, within_s: float | None, *, by: float) -> None:
    with anyio.CancelScope(deadline=by) as greeting:
        await session.wait_ready()
    if greeting.cancelled_caught:
        raise TimeoutError(f"{host} accepted the connection, but did not greet within {within_s:g} s")
