"""Drives any protocol machine over any frame channel: one task group, one reader, one writer, one deadline task.

The tasks store what goes wrong in the machine; the next `Session.send` or iteration raises it. A session owns its
channel: when the session is over, in whichever way, the socket is closed.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Generic, Protocol, TypeVar

import anyio
import anyio.lowlevel
from anyio.abc import TaskGroup

from ..errors import ConnectionClosed, DeepgramError, LocalProtocolError, ProtocolError
from ..protocol.frames import Binary, Close, Frame, Text
from ..protocol.machine import Machine
from .settings import Limits, Timeouts
from .tasks import background_tasks

__all__ = ["FrameChannel", "Session", "open_session"]

M = TypeVar("M", bound=Machine[Any])


class FrameChannel(Protocol):
    """What a session reads and writes: a WebSocket's client end, or a server's."""

    @property
    def failure(self) -> Exception | None:
        """What broke the connection, when a `Close` came of that: the peer's breach of the protocol, or the network."""

    async def receive_batch(self) -> list[Frame]:
        """Return what arrived together, at least one frame; the connection's end is a `Close`."""
        ...

    async def send_batch(self, frames: Sequence[Frame]) -> None:
        """Write frames in order; raise a `TransportError` when the peer does not take them."""

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Do the closing handshake, within a deadline, and close the socket."""

    async def abort(self) -> None:
        """Close the socket at once."""


class Session(Generic[M]):
    """One connection: a machine, its channel, and the queues between them and the caller.

    Attributes:
        machine: the protocol machine.
        limits: bounds on the queues and messages.
        request_id: for errors; None when the server sent none.
        unsent_bytes: that wait to be written.
        events_received: how many messages came in so far.
        on_received: called when messages came in, before anybody iterates: for what cannot wait for that.
    """

    def __init__(
        self,
        machine: M,
        channel: FrameChannel,
        *,
        limits: Limits,
        timeouts: Timeouts,
        request_id: str | None = None,
    ) -> None:
        self.machine = machine
        self.request_id = request_id
        self.events_received: int = 0
        self.on_received: Callable[[], None] | None = None
        self._channel = channel
        self.limits: Limits = limits
        self._timeouts = timeouts
        self._clock = anyio.current_time
        self._unsent: deque[Frame] = deque()
        self.unsent_bytes: int = 0
        self._queued_bytes = 0
        self._farewell: Close | None = None
        self._broken = False
        self._discarding = False
        self._reported = False
        self._interruption: Exception | None = None
        self._tasks: TaskGroup | None = None
        self._work_scopes: list[anyio.CancelScope] = []
        self._watched_state = machine.state
        self._waiting = 0
        # Each of these six is renewed by those who wait for it, so that setting one costs nothing when nobody does.
        self._outbound = anyio.Event()  # there is something to write
        self._room = anyio.Event()  # a write was finished
        self._inbound = anyio.Event()  # there is something to iterate
        self._emptied = anyio.Event()  # the consumer took everything
        self._retimed = anyio.Event()  # deadlines may have moved forward
        self._moved = anyio.Event()  # the machine took something in
        self._ready = anyio.Event()  # the greetings are over, or all is
        self._ended = anyio.Event()  # the machine has ended
        self._flushed = anyio.Event()  # the writer has written all that it will
        self._closed = anyio.Event()  # the channel is closed
        if machine.ready:
            self._ready.set()

    # What the caller does.

    async def send_audio(self, data: bytes | memoryview) -> None:
        """Queue audio, waiting while the outbound buffer is above its high-water mark.

        Cancelled, it has queued nothing.
        """
        await self.wait_for_room()
        self.send_audio_nowait(data)

    def send_audio_nowait(self, data: bytes | memoryview) -> None:
        """Queue audio at once.

        Raises:
            anyio.WouldBlock: the outbound buffer is above its high-water mark; nothing was queued.
            LocalProtocolError: it is longer than `Limits.max_message_bytes`; nothing was queued.
        """
        if len(data) > self.limits.max_message_bytes:
            raise LocalProtocolError(
                f"a message of {len(data)} bytes is longer than the {self.limits.max_message_bytes} allowed"
            )
        if self.full:
            raise anyio.WouldBlock
        self.act(lambda now: self.machine.send_audio(data, now))

    async def call(self, step: Callable[[float], None]) -> None:
        """Do as `act`, after waiting like `send_audio`. Cancelled, it has done nothing."""
        await self.wait_for_room()
        self.act(step)

    def act(self, step: Callable[[float], None]) -> None:
        """Let the machine do something at the present time, and carry out what follows from it."""
        try:
            step(self._clock())
        except DeepgramError as error:
            self._reported = self._reported or error is self.machine.failure
            raise
        finally:
            self._follow_up()

    def close(self, code: int = 1000, reason: str = "") -> None:
        """End the session from this side, after what is queued has been written; harmless when it has ended."""
        self.machine.close(code, reason)
        self._follow_up()

    def leave(self) -> None:
        """Note that nothing moves any more, so that nobody waits for it; harmless when the session has ended."""
        if not self.machine.ended:
            self.machine.fail(ConnectionClosed("the connection was left before its end"))
            self._follow_up()

    def start_soon(self, work: Callable[[], Awaitable[None]]) -> anyio.CancelScope:
        """Do something in the background, until `stop_work` or the end of the session.

        What it raises is raised to the caller, bare, by the next iteration or at the end of the body.

        Returns:
            The scope that it runs in, to cancel it alone.
        """
        assert self._tasks is not None, "the session is not running"
        scope = anyio.CancelScope()
        self._work_scopes.append(scope)
        self._tasks.start_soon(self._work, work, scope)
        return scope

    def stop_work(self) -> None:
        """Cancel what `start_soon` began."""
        for scope in self._work_scopes:
            scope.cancel()

    async def _work(self, work: Callable[[], Awaitable[None]], scope: anyio.CancelScope) -> None:
        try:
            with scope:
                await work()
        except Exception as error:  # noqa: BLE001 - kept for the caller
            if error is not self.machine.failure:
                self._interrupt(error)
        finally:
            self._work_scopes.remove(scope)

    def _interrupt(self, error: Exception) -> None:
        self._interruption = self._interruption or error
        self.close()

    def discard_events(self) -> None:
        """Nobody iterates any more: read on, but keep no events."""
        self._discarding = True
        self.machine.events.clear()
        self._emptied.set()

    async def wait_ready(self) -> None:
        """Wait until the greetings are over.

        Raises:
            TransportError, ProtocolError: the session ended before.
        """
        await self._ready.wait()
        self.raise_failure()

    async def wait_ended(self) -> None:
        """Wait until the machine has ended, in good order or not."""
        await self._ended.wait()

    async def wait_until(self, condition: Callable[[], bool]) -> None:
        """Wait until something holds that the peer's messages bring about; until then, reading does not stop.

        Raises:
            TransportError, ProtocolError: the session ended before.
        """
        await anyio.lowlevel.checkpoint()
        self._waiting += 1
        self._emptied.set()  # what fills the queues is not what is waited for
        try:
            while not condition():
                error = self._failure()
                if error is not None:
                    self._reported = True
                    raise error
                if self.machine.ended:
                    raise ConnectionClosed("the stream has ended", code=1000, request_id=self.request_id)
                if self._moved.is_set():
                    self._moved = anyio.Event()
                await self._moved.wait()
        finally:
            self._waiting -= 1

    def raise_failure(self) -> None:
        """Raise what ended the session, unless it ended in good order or the caller was told before."""
        error = self._failure()
        if error is not None and not self._reported:
            self._reported = True
            raise error

    def _failure(self) -> Exception | None:
        if self._interruption is not None:
            return self._interruption
        # Each raise begins a traceback of its own, instead of adding to the last one's.
        return self.machine.failure and self.machine.failure.with_traceback(None)

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        events = self.machine.events
        if not events and not await self._wait_for_events():
            raise StopAsyncIteration
        return events.popleft()

    async def next_batch(self) -> list[Any]:
        """Return all events that wait, at least one; an empty list when the session has ended in good order."""
        await self._wait_for_events()
        batch = list(self.machine.events)
        self.machine.events.clear()
        return batch

    async def _wait_for_events(self) -> bool:
        while not self.machine.events:
            self._emptied.set()
            error = self._failure()
            if error is not None:
                self._reported = True
                raise error
            if self.machine.ended:
                return False
            if self._inbound.is_set():
                self._inbound = anyio.Event()
            await self._inbound.wait()
        return True

    @property
    def full(self) -> bool:
        """Whether the outbound buffer is above its high-water mark."""
        return self.unsent_bytes > self.limits.max_unsent_bytes and not self.machine.ended

    async def wait_for_room(self) -> None:
        """Wait while the outbound buffer is above its high-water mark. Cancelled, nothing has changed."""
        await anyio.lowlevel.checkpoint()
        while self.full:
            if self._room.is_set():
                self._room = anyio.Event()
            await self._room.wait()

    # What the tasks do.

    async def run(self) -> None:
        """Move frames until the machine has ended and the channel is closed.

        Cancelled, it closes the channel at once.
        """
        try:
            async with anyio.create_task_group() as tasks:
                for task in (self._read, self._write, self._watch):
                    tasks.start_soon(self._guarded, task)
                await self._ended.wait()
                if self._farewell is not None:
                    await self._wait_flushed()
                tasks.cancel_scope.cancel()
            if self._farewell is not None and not self._broken:
                await self._channel.close(self._farewell.code, self._farewell.reason)
        finally:
            with anyio.CancelScope(shield=True):
                await self._channel.abort()
            self._closed.set()

    async def _wait_flushed(self) -> None:
        # A peer that broke the rules or fell silent gets a moment; one that is being served gets all that was promised,
        # as long as it keeps taking it.
        with anyio.move_on_after(self._timeouts.close_s if self.machine.failure is not None else None):
            await self._flushed.wait()

    async def _guarded(self, task: Callable[[], Awaitable[None]]) -> None:
        try:
            await task()
        except DeepgramError as error:
            self._broken = True
            self.machine.fail(error)
            self._follow_up()

    async def _read(self) -> None:
        machine, limits = self.machine, self.limits
        while not machine.ended:
            frames = await self._channel.receive_batch()
            self._take_in(frames, self._clock())
            if machine.ended:
                return
            full = len(machine.events) >= limits.max_queued_events or self._queued_bytes >= limits.max_queued_bytes
            if full and not self._waiting and not self._discarding:
                await self._pause()

    async def _pause(self) -> None:
        self._emptied = anyio.Event()
        self.machine.pause(self._clock())
        await self._emptied.wait()
        self._queued_bytes = 0
        self.machine.resume(self._clock())
        self._retimed.set()

    def _take_in(self, frames: list[Frame], now: float) -> None:
        machine = self.machine
        for frame in frames:
            if isinstance(frame, (Text, Binary)):
                self.events_received += 1
                self._queued_bytes += len(frame.data)
                if isinstance(frame, Text):
                    machine.receive_text(frame.data, now)
                else:
                    machine.receive_binary(frame.data, now)
            elif isinstance(frame, Close):
                self._take_close(frame, now)
            else:
                machine.receive_pong(now)
        if self.on_received is not None:
            self.on_received()
        if self._discarding:
            machine.events.clear()
        if machine.events:
            self._inbound.set()
        else:
            self._queued_bytes = machine.held_bytes
        self._moved.set()
        self._follow_up()

    def _take_close(self, frame: Close, now: float) -> None:
        cause = self._channel.failure
        if isinstance(cause, ProtocolError):
            self.machine.fail(cause)
            return
        self.machine.receive_close(frame.code, frame.reason, now)
        if self.machine.failure is not None:
            self.machine.failure.__cause__ = cause

    async def _write(self) -> None:
        try:
            while True:
                while not self._unsent:
                    if self._farewell is not None:
                        return
                    self._outbound = anyio.Event()
                    await self._outbound.wait()
                frames = list(self._unsent)
                self._unsent.clear()
                await self._channel.send_batch(frames)
                self.unsent_bytes -= sum(map(_size, frames))
                self._room.set()
        except ConnectionClosed:
            # The peer closed, and the reader is about to learn why: its close code says more than a broken pipe.
            with anyio.move_on_after(self._timeouts.close_s):
                await self._ended.wait()
            raise
        finally:
            self._flushed.set()

    async def _watch(self) -> None:
        while not self.machine.ended:
            self._retimed = anyio.Event()
            deadline = self.machine.next_deadline()
            with anyio.CancelScope(deadline=math.inf if deadline is None else deadline):
                await self._retimed.wait()
            self.machine.on_deadline(self._clock())
            self._follow_up()

    def _follow_up(self) -> None:
        """Carry out what a step of the machine asked for: frames to write, deadlines moved, the end."""
        machine = self.machine
        outgoing = machine.outgoing
        while outgoing:
            frame = outgoing.popleft()
            if type(frame) is Close:
                self._farewell = frame
            else:
                self._unsent.append(frame)
                self.unsent_bytes += _size(frame)
            self._outbound.set()
        if machine.retimed:
            machine.retimed = False
            self._retimed.set()
        if machine.state is not self._watched_state:
            self._watched_state = machine.state
            self._retimed.set()
            if machine.ready:
                self._ready.set()
            if machine.ended and not self._ended.is_set():
                self._settle()

    def _settle(self) -> None:
        failure = self.machine.failure
        if isinstance(failure, ConnectionClosed):
            failure.request_id = failure.request_id or self.request_id
            failure.unsent = self.unsent_bytes
            failure.lost_audio_s = self.machine.unacknowledged_s
        for event in (self._ended, self._ready, self._inbound, self._room, self._emptied, self._moved):
            event.set()


def _size(frame: Frame) -> int:
    return len(frame.data) if isinstance(frame, (Text, Binary)) else 0


@asynccontextmanager
async def open_session(session: Session[M]) -> AsyncIterator[Session[M]]:
    """Run a session around a body, and close its channel whatever happens.

    When the body ends by an exception or by cancellation, the channel is closed at once. When it ends normally, a
    session that has ended is given time to say goodbye; one that has not is cut off.
    """
    try:
        async with background_tasks() as tasks:
            session._tasks = tasks
            tasks.start_soon(session.run)
            yield session
            if session.machine.ended:
                await session._closed.wait()
    finally:
        session.leave()
