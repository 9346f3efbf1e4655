"""One connection of a session: a machine over a channel, one reader, one writer, and one who keeps the deadlines."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

import anyio
from anyio.abc import TaskGroup

from ..errors import ConnectionClosed, DeepgramError, ProtocolError
from ..protocol.frames import Binary, Close, Frame, Text
from ..protocol.machine import Machine
from .clock import loop_clock
from .settings import Timeouts
from .signals import Latch, Signal

__all__ = ["FrameChannel", "Link", "LinkOwner"]

_IDLE_S = 0.001


class FrameChannel(Protocol):
    """What a link reads and writes: a WebSocket's client end, or a server's."""

    @property
    def failure(self) -> Exception | None:
        """What broke the connection, when a `Close` came of that: the peer's breach of the protocol, or the network."""

    async def receive_batch(self) -> list[Frame]:
        """Return what arrived together, at least one frame; the connection's end is a `Close`."""
        ...

    async def send_batch(self, frames: Sequence[Frame]) -> None:
        """Write frames in order; raise a `TransportError` when the peer does not take them."""

    def send_at_once(self, frame: Binary) -> bool:
        """Write a frame without waiting; False when that cannot be, and then nothing was written.

        What takes more than one write is refused: the writer's deadline is for each.
        """
        ...

    @property
    def unfinished(self) -> bool:
        """Whether a part of what was written at once waits for the next `send_batch`."""
        ...

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Do the closing handshake, within a deadline, and close the socket."""

    async def abort(self) -> None:
        """Close the socket at once."""


class LinkOwner(Protocol):
    """Whom a link serves: it owns the queue of events, and hears of everything that moves."""

    def arrived(self, messages: int, size_bytes: int) -> None:
        """Messages were taken in."""

    def eased(self) -> None:
        """There may be room again for what the caller sends."""

    def follow_up(self) -> None:
        """The machine may have moved."""

    @property
    def congested(self) -> bool:
        """The queue of events is full, and nobody waits for what comes behind it."""
        ...

    async def decongested(self) -> None:
        """Wait until the consumer has taken what was queued."""


class Link:
    """One connection: a machine, the frames that it wants written, and the tasks that move them.

    Attributes:
        machine: the protocol machine.
        unsent_bytes: that wait to be written.
        ended: set when the machine has ended.
    """

    def __init__(self, machine: Machine[Any], owner: LinkOwner, *, timeouts: Timeouts) -> None:
        self.machine = machine
        self.unsent_bytes: int = 0
        self.ended: Latch = Latch()
        self._owner = owner
        self._timeouts = timeouts
        self._clock = loop_clock()
        self._channel: FrameChannel | None = None  # while it may be written to
        self._tasks: TaskGroup | None = None  # while a task may be started
        self._writer_runs = False
        self._writing = False
        self._written_at = -math.inf  # at once
        self._unsent: list[Frame] = []
        self._farewell: Close | None = None
        self._broken = False
        self._watched_state: Any = machine.state
        self._outbound = Signal()  # there is something to write
        self._retimed = Signal()  # deadlines may have moved forward
        self._flushed = Latch()  # the writer has written all that it will

    def collect(self, *, at_once: float | None = None) -> bool:
        """Carry out what a step of the machine asked for: frames to write, deadlines moved, the end.

        Args:
            at_once: the time, to write the audio among it now if the line is idle, instead of letting the writer do it.

        Returns:
            Whether the machine's state is another than at the last call.
        """
        machine = self.machine
        outgoing = machine.outgoing
        if outgoing and (at_once is None or not self._write_at_once(outgoing, at_once)):
            self._queue(outgoing)
            self._wake_writer()
        if machine.retimed:
            machine.retimed = False
            self._retimed.set()
        if machine.state is self._watched_state:
            return False
        self._watched_state = machine.state
        self._retimed.set()
        if machine.ended:
            self.ended.set()
        return True

    def _write_at_once(self, outgoing: deque[Frame], now: float) -> bool:
        """Write without waiting what is nothing but one short piece of audio; return whether it was."""
        channel, frame = self._channel, outgoing[0]
        # A caller who sends on and on is better served by the writer, which puts many frames into one write.
        if channel is None or self._unsent or self._writing or now - self._written_at < _IDLE_S:
            return False
        if type(frame) is not Binary or len(outgoing) > 1 or not channel.send_at_once(frame):
            return False
        outgoing.clear()
        self._written_at = now
        if channel.unfinished:
            self._wake_writer()
        return True

    def _queue(self, outgoing: deque[Frame]) -> None:
        while outgoing:
            frame = outgoing.popleft()
            if type(frame) is Close:
                self._farewell = frame
            else:
                self._unsent.append(frame)
                self.unsent_bytes += _size(frame)

    def _wake_writer(self) -> None:
        """Let the writer write what is queued; the first time, it is started, since an idle line may never need it."""
        if self._tasks is None or self._writer_runs:
            self._outbound.set()
        elif self._channel is not None:
            self._writer_runs = True
            self._tasks.start_soon(self._guarded, self._write, self._channel)

    async def run(self, channel: FrameChannel) -> None:
        """Move frames until the machine has ended and the channel is closed.

        Cancelled, it closes the channel at once.
        """
        self._channel = channel
        try:
            async with anyio.create_task_group() as self._tasks:
                self._tasks.start_soon(self._guarded, self._read, channel)
                if self._unsent or self._farewell is not None:
                    self._wake_writer()
                await self._guarded(self._watch, channel)
                if self._farewell is not None:
                    await self._wait_flushed()
                self._tasks.cancel_scope.cancel()
                self._tasks = None
            if self._farewell is not None and not self._broken:
                await channel.close(self._farewell.code, self._farewell.reason)
        finally:
            self._channel = self._tasks = None
            with anyio.CancelScope(shield=True):
                await channel.abort()

    async def _wait_flushed(self) -> None:
        # A peer that broke the rules or fell silent gets a moment; one that is being served gets all that was promised,
        # as long as it keeps taking it.
        with anyio.move_on_after(self._timeouts.close_s if self.machine.failure is not None else None):
            await self._flushed.wait()

    async def _guarded(self, task: Callable[[FrameChannel], Awaitable[None]], channel: FrameChannel) -> None:
        try:
            await task(channel)
        except DeepgramError as error:
            self._broken = True
            self.machine.fail(error)
            self._owner.follow_up()

    async def _read(self, channel: FrameChannel) -> None:
        machine, owner = self.machine, self._owner
        while not machine.ended:
            self._take_in(await channel.receive_batch(), channel)
            if owner.congested and not machine.ended:
                machine.pause(self._clock())
                await owner.decongested()
                machine.resume(self._clock())
                self._retimed.set()

    def _take_in(self, frames: list[Frame], channel: FrameChannel) -> None:
        machine, now = self.machine, self._clock()
        if machine.ended:
            return
        messages = size_bytes = 0
        for frame in frames:
            if type(frame) is Text:
                messages += 1
                size_bytes += len(frame.data)
                machine.receive_text(frame.data, now)
            elif type(frame) is Binary:
                messages += 1
                size_bytes += len(frame.data)
                machine.receive_binary(frame.data, now)
            elif type(frame) is Close:
                self._take_close(frame, channel.failure, now)
            else:
                machine.receive_pong(now)
        self._owner.arrived(messages, size_bytes)

    def _take_close(self, frame: Close, cause: Exception | None, now: float) -> None:
        if isinstance(cause, ProtocolError):
            self.machine.fail(cause)
            return
        self.machine.receive_close(frame.code, frame.reason, now)
        if self.machine.failure is not None:
            self.machine.failure.__cause__ = cause

    async def _write(self, channel: FrameChannel) -> None:
        try:
            while True:
                while not self._unsent and not channel.unfinished:
                    if self._farewell is not None:
                        return
                    await self._outbound.wait()
                frames, self._unsent = self._unsent, []
                self._writing = True
                await channel.send_batch(frames)
                self._writing = False
                self.unsent_bytes -= sum(map(_size, frames))
                self._owner.eased()
        except ConnectionClosed:
            # The peer closed, and the reader is about to learn why: its close code says more than a broken pipe.
            with anyio.move_on_after(self._timeouts.close_s):
                await self.ended.wait()
            raise
        finally:
            self._flushed.set()

    async def _watch(self, channel: FrameChannel) -> None:
        while not self.machine.ended:
            deadline = self.machine.next_deadline()
            with anyio.CancelScope(deadline=math.inf if deadline is None else deadline):
                await self._retimed.wait()
            self.machine.on_deadline(self._clock())
            self._owner.follow_up()
            self._owner.eased()


def _size(frame: Frame) -> int:
    return len(frame.data) if type(frame) is Binary or type(frame) is Text else 0
