"""Drives any protocol machine over any frame channel, for one caller, over as many connections as it takes.

The tasks store what goes wrong in the machine; the next `Session.send` or iteration raises it. A session owns its
channel: when the session is over, in whichever way, the socket is closed.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Generic, Protocol, TypeVar

import anyio
import anyio.lowlevel
from anyio.abc import TaskGroup

from ..errors import ConnectionClosed, DeepgramError, LocalProtocolError
from ..protocol.machine import Machine
from ..protocol.messages import Reconnected
from .clock import loop_clock
from .link import FrameChannel, Link
from .settings import Limits, Timeouts
from .signals import Latch, Signal
from .tasks import background_tasks

__all__ = ["Recovery", "Session", "open_session"]

M = TypeVar("M", bound=Machine[Any])

_MOST_IN_A_ROW = 16


class Recovery(Protocol[M]):
    """What makes a broken connection anew; see `reconnect.Reconnector`."""

    def successor(self, broken: M, now: float) -> M | None:
        """Return the machine that takes over from one that failed; None when the failure is final."""

    async def reopen(self, request_id: str | None) -> tuple[FrameChannel, str | None]:
        """Return a new channel, and its request id; raise a `DeepgramError` to give up."""
        ...

    def announcement(self, machine: M, now: float, request_id: str | None) -> Reconnected:
        """Return what to tell the caller, now that the new connection is usable."""
        ...


class Session(Generic[M]):
    """One stream: a machine, its channel, and the queues between them and the caller.

    When the connection breaks and there is a recovery, another machine takes over at once, in the same step: the caller
    finds no gap, only a stream that moves nothing until there is another channel.

    Attributes:
        machine: the protocol machine of the present connection, or of the next.
        limits: bounds on the queues and messages.
        request_id: of the present connection; None when the server sent none.
        events_received: how many messages came in so far.
        reconnects: how often another connection took the stream up.
        on_received: called when messages came in, or the connection broke, before anybody iterates: for what cannot
            wait for that.
    """

    def __init__(
        self,
        machine: M,
        channel: FrameChannel,
        *,
        limits: Limits,
        timeouts: Timeouts,
        request_id: str | None = None,
        recovery: Recovery[M] | None = None,
    ) -> None:
        """
        Args:
            machine: the protocol machine.
            channel: what it is driven over.
            limits: bounds on the queues and messages.
            timeouts: deadlines.
            request_id: for errors; None when the server sent none.
            recovery: makes the connection anew when it breaks; None for never.
        """
        self.machine: M = machine
        self.request_id = request_id
        self.events_received: int = 0
        self.on_received: Callable[[], None] | None = None
        self._channel = channel
        self.limits: Limits = limits
        self._timeouts = timeouts
        self._clock = loop_clock()
        self._recovery = recovery
        self._link = Link(machine, self, timeouts=timeouts)
        self._reconnecting = False
        self.reconnects: int = 0
        self._queued_bytes = 0
        self._discarding = False
        self._reported = False
        self._interruption: Exception | None = None
        self._tasks: TaskGroup | None = None
        self._work_scopes: list[anyio.CancelScope] = []
        self._waiting = 0
        self._in_a_row = 0  # calls that let no other task run
        self._room = Signal()  # there may be room to send
        self._inbound = Signal()  # there is something to iterate
        self._emptied = Signal()  # the consumer took everything
        self._moved = Signal()  # the machine took something in
        self._ready = Latch()  # the greetings are over, or all is
        self._ended = Latch()  # the machine has ended
        self._closed = Latch()  # the channel is closed
        if machine.ready:
            self._ready.set()

    # What the caller does.

    async def send_audio(self, data: bytes | memoryview) -> None:
        """Send audio, waiting while the outbound buffer is above its high-water mark.

        Other tasks get their turn at every 16th call at the latest. Cancelled, it has sent nothing.
        """
        size = len(data)
        if size > self.limits.max_message_bytes:
            raise self._too_long(size)
        if self._in_a_row < _MOST_IN_A_ROW and not self._full_for(size):
            self._in_a_row += 1
            await anyio.lowlevel.checkpoint_if_cancelled()
        else:
            self._in_a_row = 0
            await self.wait_for_room(size)
        self.act(self.machine.send_audio, data, at_once=True)

    def send_audio_nowait(self, data: bytes | memoryview, *, at_once: bool = False) -> None:
        """Queue audio at once. What is queued in one step of the event loop goes out in one write.

        Args:
            data: the audio.
            at_once: write it now, if the line is idle.

        Raises:
            anyio.WouldBlock: the outbound buffer is above its high-water mark; nothing was queued.
            LocalProtocolError: it is longer than `Limits.max_message_bytes`; nothing was queued.
        """
        size = len(data)
        if size > self.limits.max_message_bytes:
            raise self._too_long(size)
        if self._full_for(size):
            raise anyio.WouldBlock
        self.act(self.machine.send_audio, data, at_once=at_once)

    def _too_long(self, size_bytes: int) -> LocalProtocolError:
        most = self.limits.max_message_bytes
        return LocalProtocolError(f"a message of {size_bytes} bytes is longer than the {most} allowed")

    async def call(self, step: Callable[[float], None]) -> None:
        """Do as `act`, after waiting like `send_audio`. Cancelled, it has done nothing."""
        await self.wait_for_room()
        self.act(step)

    def act(self, step: Callable[..., None], *args: Any, at_once: bool = False) -> None:
        """Let the machine do something, and carry out what follows from it.

        Args:
            step: a method of the machine; it gets the arguments and the present time.
            args: the arguments.
            at_once: write what it wants written now, if the line is idle.
        """
        now = self._clock()
        try:
            step(*args, now)
        except DeepgramError as error:
            self._reported = self._reported or error is self.machine.failure
            raise
        finally:
            if self._link.collect(at_once=now if at_once else None):
                self._on_new_state()

    def close(self, code: int = 1000, reason: str = "") -> None:
        """End the session from this side, after what is queued has been written; harmless when it has ended."""
        self.machine.close(code, reason)
        self.follow_up()

    def leave(self) -> None:
        """Note that nothing moves any more, so that nobody waits for it; harmless when the session has ended."""
        self._recovery = None
        if not self.machine.ended:
            self.machine.fail(ConnectionClosed("the connection was left before its end"))
            self.follow_up()

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
        if not events and not await self.wait_for_events():
            raise StopAsyncIteration
        return events.popleft()

    async def next_batch(self) -> list[Any]:
        """Return all events that wait, at least one; an empty list when the session has ended in good order."""
        await self.wait_for_events()
        batch = list(self.machine.events)
        self.machine.events.clear()
        return batch

    async def wait_for_events(self) -> bool:
        """Wait until there are events in the machine's queue; False when the session has ended in good order.

        Raises:
            DeepgramError: it ended otherwise.
        """
        while not self.machine.events:
            self._emptied.set()
            error = self._failure()
            if error is not None:
                self._reported = True
                raise error
            if self.machine.ended:
                return False
            await self._inbound.wait()
        return True

    @property
    def unsent_bytes(self) -> int:
        """Bytes accepted that were not handed to the network."""
        return self._link.unsent_bytes + self.machine.held_back_bytes

    @property
    def full(self) -> bool:
        """Whether the outbound buffer is above its high-water mark."""
        return self._full_for(0)

    def _full_for(self, size_bytes: int) -> bool:
        """Whether the outbound buffer is above its high-water mark, or what is kept for a replay at its bound."""
        machine = self.machine
        if machine.ended:
            return False
        if self._link.unsent_bytes > self.limits.max_unsent_bytes:
            return True
        room_at = machine.room_at(size_bytes)
        return room_at > -math.inf and room_at > self._clock()

    async def wait_for_room(self, size_bytes: int = 0) -> None:
        """Wait until a message of a size can be sent. Cancelled, nothing has changed."""
        await anyio.lowlevel.checkpoint()
        while self._full_for(size_bytes):
            with anyio.CancelScope(deadline=self._room_at(size_bytes)):
                await self._room.wait()

    def _room_at(self, size_bytes: int) -> float:
        """When there will be room without anything happening; infinity for never."""
        due = self.machine.room_at(size_bytes)
        return due if due > self._clock() else math.inf

    # What the tasks do.

    async def run(self) -> None:
        """Move frames until the machine has ended for good and the channel is closed.

        Cancelled, it closes the channel at once.
        """
        channel: FrameChannel | None = self._channel
        try:
            while channel is not None:
                await self._link.run(channel)
                channel = None if self.machine.ended else await self._reopened()
        finally:
            self._closed.set()

    async def _reopened(self) -> FrameChannel | None:
        """Return a new connection; None when the session ended without one."""
        channel: FrameChannel | None = None
        try:
            async with anyio.create_task_group() as tasks:

                async def stop_at_the_end() -> None:
                    await self._ended.wait()
                    tasks.cancel_scope.cancel()

                tasks.start_soon(stop_at_the_end)
                channel = await self._reopen()
                tasks.cancel_scope.cancel()
        except BaseException:
            # Leaving the task group is a place to be cancelled at, and nobody else knows of the channel yet.
            if channel is not None:
                with anyio.CancelScope(shield=True):
                    await channel.abort()
            raise
        return channel

    async def _reopen(self) -> FrameChannel | None:
        assert self._recovery is not None
        try:
            channel, self.request_id = await self._recovery.reopen(self.request_id)
        except DeepgramError as error:
            self._recovery = None
            self.machine.fail(error)
            self.follow_up()
            return None
        except Exception as error:  # noqa: BLE001 - the caller's own code failed; kept for the caller
            self._interrupt(error)
            return None
        self._reconnecting = True
        self.machine.opened(self._clock())
        self._link.collect()  # what taking over asked for
        self._on_new_state()
        return channel

    # What a link tells.

    @property
    def congested(self) -> bool:
        """Whether the queue of events is full, and nobody waits for what comes behind it."""
        limits = self.limits
        full = len(self.machine.events) >= limits.max_queued_events or self._queued_bytes >= limits.max_queued_bytes
        return full and not self._waiting and not self._discarding

    async def decongested(self) -> None:
        """Wait until the consumer has taken what was queued."""
        await self._emptied.wait()
        self._queued_bytes = 0

    def arrived(self, messages: int, size_bytes: int) -> None:
        """Messages were taken in."""
        self.events_received += messages
        self._queued_bytes += size_bytes
        self._tell()
        if not self.machine.events:
            self._queued_bytes = self.machine.held_bytes
        self._moved.set()
        self._room.set()
        self.follow_up()

    def _tell(self) -> None:
        """Let those know who wait for events."""
        if self.on_received is not None:
            self.on_received()
        if self._discarding:
            self.machine.events.clear()
        if self.machine.events:
            self._inbound.set()

    def eased(self) -> None:
        """There may be room again for what the caller sends."""
        self._room.set()

    def follow_up(self) -> None:
        """Carry out what a step of the machine asked for."""
        if self._link.collect():
            self._on_new_state()

    def _on_new_state(self) -> None:
        machine = self.machine
        if machine.failure is not None and self._recovery is not None and self._ready.is_set():
            successor = self._recovery.successor(machine, self._clock())
            if successor is not None:
                self.machine = successor
                self._link = Link(successor, self, timeouts=self._timeouts)
                self._reconnecting = False
                self._tell()  # what ends with the connection
                return
        if machine.ready:
            self._ready.set()
            if self._reconnecting and not machine.ended:
                self._announce()
        if machine.ended and not self._ended.is_set():
            self._settle()

    def _announce(self) -> None:
        assert self._recovery is not None
        self._reconnecting = False
        self.reconnects += 1
        event = self._recovery.announcement(self.machine, self._clock(), self.request_id)
        if not self._discarding:
            self.machine.events.append(event)
            self._inbound.set()

    def _settle(self) -> None:
        failure = self.machine.failure
        if isinstance(failure, ConnectionClosed):
            failure.request_id = failure.request_id or self.request_id
            failure.unsent = self.unsent_bytes
            failure.lost_audio_s = self.machine.unacknowledged_s
        for latch in (self._ended, self._ready):
            latch.set()
        for signal in (self._inbound, self._room, self._emptied, self._moved):
            signal.set()


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
