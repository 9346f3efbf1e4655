"""One connection of a v4 client: a task on the loop of the blocking clients, from start to finish."""

from __future__ import annotations

import contextvars
import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

import anyio
import anyio.to_thread

from ...errors import ConnectionClosed, DeepgramError, LocalProtocolError
from ...protocol.timers import TimerSettings
from ...services.backend import Backend
from ...services.connection import Connection, open_connection
from ...transport.session import Session
from ..loop import EventLoopThread
from ..outbox import Outbox
from .handlers import Dispatcher, EventKind, Happening
from .responses_common import CloseResponse, ErrorResponse, OpenResponse
from .socket_machines import RawMessages, RawSpeakMachine

__all__ = ["Devices", "Player", "Recorder", "SocketConnection", "SocketKind", "StartRequest", "error_response"]

_MAX_BATCH = 64
_GRACEFUL = frozenset({1000, 1001})

_handling: contextvars.ContextVar[SocketConnection | None] = contextvars.ContextVar("deepgram_handling", default=None)


@dataclass(frozen=True)
class SocketKind:
    """What makes one kind of v4 socket different from another.

    Attributes:
        path: the route.
        events: the events that there are.
        machine: makes the protocol machine, of what `start` was told, the intervals to keep, and the time.
        keepalive_s: after the last message sent, to the next KeepAlive.
        agent: on the voice agent's host.
    """

    path: str
    events: Mapping[str, EventKind]
    machine: Callable[[StartRequest, TimerSettings, float], RawMessages[Any]]
    keepalive_s: float | None = None
    agent: bool = False


class Player(Protocol):
    """A loudspeaker, as far as a connection needs one."""

    def start(self) -> object: ...
    def add_audio_to_queue(self, data: bytes) -> object: ...
    def wait_for_complete(self) -> object: ...
    def finish(self) -> object: ...


class Recorder(Protocol):
    """A microphone, as far as a connection needs one."""

    def set_callback(self, push_callback: Callable[..., Any]) -> object: ...
    def start(self) -> object: ...
    def finish(self) -> object: ...


@dataclass
class Devices:
    """What a connection plays on and records from."""

    speaker: Player | None = None
    microphone: Recorder | None = None
    on_recorded: Callable[..., Any] | None = None


@dataclass(frozen=True)
class StartRequest:
    """What `start` was told.

    Attributes:
        query: the query string.
        fields: the options, as plain data.
        headers: additional request headers.
        switches: the configuration's options.
        devices: what to play on and record from.
    """

    query: str
    fields: Mapping[str, Any]
    headers: Mapping[str, str]
    switches: Mapping[str, Any]
    devices: Devices = field(default_factory=Devices)

    def after_s(self, switch: str) -> float | None:
        """Return a switch given in milliseconds, in seconds; None when it is off."""
        delta_ms = float(self.switches.get(switch) or 0)
        return delta_ms / 1000 if delta_ms > 0 else None


class _Connected(Connection[RawMessages[Any], Happening]):
    async def _finish(self) -> None:
        _end_stream(self._session)


class _Life:
    """What can only be made on the loop.

    Attributes:
        scope: of the connection, but not of the last words to the handlers.
        limiter: one thread at a time, and one that others' slow handlers cannot take.
        started: the stream is usable, or never will be.
        ended: all is over.
        dealt_with: a batch of events was dealt with; renewed by those who wait for it.
    """

    def __init__(self) -> None:
        self.scope = anyio.CancelScope()
        self.limiter = anyio.CapacityLimiter(1)
        self.started = anyio.Event()
        self.ended = anyio.Event()
        self.dealt_with = anyio.Event()


class SocketConnection:
    """One connection. Everything but `put`, `connected`, `handling` and `abort` belongs on the loop.

    Attributes:
        failure: what ended it; None while it runs, and when it ended in good order.
    """

    def __init__(
        self, loop: EventLoopThread, backend: Backend, kind: SocketKind, request: StartRequest, dispatcher: Dispatcher
    ) -> None:
        """
        Args:
            loop: the loop of the blocking clients.
            backend: where to, and as whom.
            kind: the socket's kind.
            request: what `start` was told.
            dispatcher: calls the handlers.
        """
        self.failure: BaseException | None = None
        self._loop = loop
        self._backend = backend
        self._kind = kind
        self._request = request
        self._dispatcher = dispatcher
        self._session: Session[RawMessages[Any]] | None = None
        self._outbox: Outbox[bytes | str] | None = None
        self._life: _Life | None = None
        self._opened = False  # the handlers of Open were called, so those of Close have to be
        self._usable = False
        self._delivered = 0
        self._finishing = False
        dispatcher.context.run(_handling.set, self)

    # From any thread.

    @property
    def connected(self) -> bool:
        """Whether it is open."""
        return self._outbox is not None and self._session is not None and not self._session.machine.ended

    @property
    def handling(self) -> bool:
        """Whether the caller is one of its own handlers, which must not wait for it."""
        return _handling.get() is self and self._dispatcher.busy

    def put(self, message: bytes | str) -> bool:
        """Send a message, in its turn. Never waits.

        Returns:
            Whether the caller should now wait for `room`.

        Raises:
            DeepgramError: it is not open any more; nothing was taken.
        """
        if self._outbox is None or self._session is None or self._session.machine.ended:
            raise LocalProtocolError("not connected")
        return self._outbox.put(message)

    def abort(self) -> None:
        """Close at once."""
        with suppress(LocalProtocolError):
            self._loop.post(self._cancel)

    def _cancel(self) -> None:
        if self._life is not None:
            self._life.scope.cancel()

    # What the client asks for.

    async def start(self) -> None:
        """Connect, and wait until the handlers of Open have returned. Cancelled, it closes what it opened.

        Raises:
            DeepgramError: the stream is not usable. The handlers of Error have been told.
        """
        self._life = life = _Life()
        self._loop.start_soon(self._run, life)
        try:
            await life.started.wait()
        except BaseException:
            life.scope.cancel()
            raise
        if not self._usable and self.failure is not None:
            raise self.failure

    async def room(self) -> None:
        """Wait until what was put in is on its way."""
        assert self._outbox is not None
        await self._outbox.emptied()

    async def finish(self) -> bool:
        """End the stream in good order, and wait until the handlers of Close have returned.

        Cancelled, it closes at once.

        Returns:
            Whether it came to that: not when a handler does not return.
        """
        devices, life = self._request.devices, self._life
        if life is None:
            return True
        try:
            if not self._finishing:
                self._finishing = True
                if devices.microphone is not None:
                    await self._off_loop(devices.microphone.finish)
                await self._say_goodbye()
            finished = await self._wait_ended(life)
        except anyio.get_cancelled_exc_class():
            life.scope.cancel()
            raise
        if devices.speaker is not None:
            await self._off_loop(devices.speaker.finish)
        return finished

    async def wait_for_complete(self, *, handled: bool) -> None:
        """Wait until everything that was flushed has been received, and played if there is a loudspeaker.

        Args:
            handled: and until its handlers have returned.
        """
        session, outbox, life = self._session, self._outbox, self._life
        if session is None or outbox is None or life is None:
            raise LocalProtocolError("not connected")
        with suppress(DeepgramError):
            await outbox.emptied()
        machine = session.machine
        assert isinstance(machine, RawSpeakMachine)
        awaited = set(map(id, machine.awaited()))
        with suppress(DeepgramError):
            await session.wait_until(lambda: awaited.isdisjoint(map(id, machine.awaited())))
        received = machine.handed_on
        while handled and self._delivered < received and not life.ended.is_set():
            life.dealt_with = anyio.Event()
            await life.dealt_with.wait()
        if self._request.devices.speaker is not None:
            await self._off_loop(self._request.devices.speaker.wait_for_complete)

    async def _say_goodbye(self) -> None:
        if self._outbox is None or self._session is None:
            self._cancel()
            return
        self._outbox.shut(LocalProtocolError("the stream has been finished"))
        with suppress(DeepgramError):  # the connection's own task reports it
            await self._outbox.emptied()
            _end_stream(self._session)

    async def _wait_ended(self, life: _Life) -> bool:
        patience_s = self._backend.timeouts.drain_s
        while not life.ended.is_set():
            handled = self._dispatcher.handled
            with anyio.move_on_after(math.inf if patience_s is None else patience_s):
                await life.ended.wait()
                return True
            if self._session is not None and self._session.machine.ended and self._dispatcher.handled == handled:
                self._dispatcher.log.error(
                    "a handler has not returned for %g s: finish() does not wait for it", patience_s
                )
                return False
        return True

    # The connection's own task.

    async def _run(self, life: _Life) -> None:
        try:
            with life.scope:
                try:
                    async with self._open() as connection:
                        await self._begin(connection._session)
                        life.started.set()
                        await self._pump(connection._session, life)
                except Exception as error:  # noqa: BLE001 - told to the program
                    self.failure = error
            if life.scope.cancelled_caught and self.failure is None:
                self.failure = ConnectionClosed("closed at once, by this side", code=1006)
            if not self._usable and not life.scope.cancelled_caught:
                await self._report_refusal()
            if self._opened:
                await self._report_end(aborted=life.scope.cancelled_caught)
        finally:
            if self._outbox is not None:
                self._outbox.give_up(LocalProtocolError("not connected"))
            for event in (life.started, life.ended, life.dealt_with):
                event.set()

    def _open(self) -> Any:
        def connection(session: Session[RawMessages[Any]], headers: Mapping[str, str]) -> _Connected:
            self._session = session  # what came before a refusal is in it
            return _Connected(session, headers)

        return open_connection(
            self._backend,
            self._kind.path,
            self._request.query,
            machine=lambda timers, now: self._kind.machine(self._request, timers, now),
            connection=connection,
            keepalive_s=self._kind.keepalive_s,
            agent=self._kind.agent,
            extra_headers=self._request.headers,
        )

    async def _begin(self, session: Session[RawMessages[Any]]) -> None:
        devices = self._request.devices
        if devices.speaker is not None:
            await self._off_loop(devices.speaker.start)
            self._dispatcher.on_audio = devices.speaker.add_audio_to_queue
        self._outbox = Outbox(self._loop, session, self._hand_over)
        self._opened = True
        await self._deliver([("Open", OpenResponse(type="Open"))])
        if devices.microphone is not None:
            devices.microphone.set_callback(devices.on_recorded or self.put)
            await self._off_loop(devices.microphone.start)
        self._usable = True

    async def _pump(self, session: Session[RawMessages[Any]], life: _Life) -> None:
        while batch := await session.next_batch():
            for start in range(0, len(batch), _MAX_BATCH):
                part = batch[start : start + _MAX_BATCH]
                await self._deliver(part)
                self._delivered += len(part)
                life.dealt_with.set()

    async def _deliver(self, happenings: list[Happening]) -> None:
        if self._dispatcher.wants(happenings):
            await self._off_loop(self._dispatcher.deliver, happenings)

    async def _off_loop(self, function: Callable[..., Any], *args: Any) -> Any:
        assert self._life is not None
        return await anyio.to_thread.run_sync(function, *args, abandon_on_cancel=True, limiter=self._life.limiter)

    def _hand_over(self, message: bytes | str) -> None:
        session = self._session
        assert session is not None
        if isinstance(message, bytes):
            session.send_audio_nowait(message)
            return
        if session.full:
            raise anyio.WouldBlock
        session.act(lambda now: session.machine.say(message, now))

    async def _report_refusal(self) -> None:
        """The stream never became usable."""
        if self._session is not None and not self._opened:
            early = [item for item in self._session.machine.events if item[0] != "Error"]
            self._session.machine.events.clear()
            await self._deliver(early)
        assert self.failure is not None
        self._dispatcher.log.error("no connection to %s: %s", self._kind.path, self.failure)
        await self._deliver([("Error", error_response(self.failure))])

    async def _report_end(self, *, aborted: bool) -> None:
        assert self._outbox is not None
        assert self._session is not None
        failure = self.failure
        unsent = self._outbox.give_up(LocalProtocolError("not connected")) + self._session.unsent_bytes
        if isinstance(failure, ConnectionClosed) and failure.code in _GRACEFUL and not failure.lost_audio_s:
            failure = None  # v4 takes that for good order
        if unsent and failure is None:
            failure = ConnectionClosed("the connection has ended", code=1000, request_id=self._session.request_id)
        self.failure = failure
        if failure is not None and not aborted and self._usable:
            self._dispatcher.log.error("the connection to %s broke: %s", self._kind.path, failure)
            await self._deliver([("Error", error_response(failure, unsent_bytes=unsent))])
        await self._deliver([("Close", CloseResponse(type="Close"))])


def _end_stream(session: Session[RawMessages[Any]]) -> None:
    """Say the last word of this side."""
    close_stream = getattr(session.machine, "close_stream", None)
    if close_stream is None:
        session.close()
    else:
        session.act(close_stream)


def error_response(error: BaseException, *, unsent_bytes: int = 0) -> ErrorResponse:
    """Return what handlers of Error get of an exception: its own fields are in it, too."""
    message = str(error) or type(error).__name__
    if unsent_bytes:
        message += f"; {unsent_bytes} bytes that were accepted could not be sent"
    known = {
        name: value
        for name in ("status", "code", "reason", "request_id", "lost_audio_s")
        if (value := getattr(error, name, None)) not in (None, "")
    }
    unsent = {"unsent_bytes": unsent_bytes} if unsent_bytes else {}
    fields = {"description": type(error).__name__, "message": message, "type": "Exception", **known, **unsent}
    return ErrorResponse.from_dict(fields)
