"""One direction of a connection: from one socket to the other, late, slowly, in pieces, and up to a mark."""

from __future__ import annotations

import random
import socket
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import anyio
import anyio.lowlevel

from ...transport.tasks import background_tasks
from .actions import Bandwidth, Corrupt, Delay, Fault, OneWay, Split, Triggered, ways
from .sockets import CHUNK_BYTES, Gate, receive, send_all

__all__ = ["Pump", "Shape"]

_MAX_UNDER_WAY_BYTES = 256 * 1024
_SLICES_PER_S = 20  # how evenly a limited bandwidth is used


@dataclass(frozen=True, kw_only=True)
class Shape:
    """How one direction carries bytes: what its faults come to together.

    Attributes:
        delay_s: how late.
        jitter_s: up to so much later still.
        bytes_per_s: None for no limit.
        piece_bytes: the most that is written at once.
    """

    delay_s: float
    jitter_s: float
    bytes_per_s: float | None
    piece_bytes: int

    @classmethod
    def of(cls, faults: Sequence[Fault], way: OneWay) -> Shape:
        """Add up the delays, and take the tightest of the limits."""
        delays = [fault for fault in faults if isinstance(fault, Delay) and way in ways(fault.direction)]
        rates = [fault.bytes_per_s for fault in faults if isinstance(fault, Bandwidth) and way in ways(fault.direction)]
        sizes = [fault.size_bytes for fault in faults if isinstance(fault, Split) and way in ways(fault.direction)]
        rate = min(rates, default=None)
        if rate is not None:
            sizes.append(max(1, int(rate / _SLICES_PER_S)))
        return cls(
            delay_s=sum(fault.delay_s for fault in delays),
            jitter_s=sum(fault.jitter_s for fault in delays),
            bytes_per_s=rate,
            piece_bytes=min([CHUNK_BYTES, *sizes]),
        )


class Pump:
    """Carries one direction's bytes.

    Attributes:
        passed: bytes written so far.
        sink_broke: the sink took no more; the other direction may still have something to say.
    """

    def __init__(
        self,
        source: socket.socket,
        sink: socket.socket,
        *,
        shape: Shape,
        gate: Gate,
        rng: random.Random,
        on_passed: Callable[[int], None],
        on_mark: Callable[[Triggered], None],
    ) -> None:
        """Set it up.

        Args:
            source: where bytes come from.
            sink: where they go to.
            shape: how.
            gate: while it is closed, nothing is read and nothing is written.
            rng: draws the jitter.
            on_passed: called with the number of bytes of each write.
            on_mark: called with a fault whose mark is reached, before anything more passes.
        """
        self.passed: int = 0
        self.sink_broke: bool = False
        self._source = source
        self._sink = sink
        self._shape = shape
        self._gate = gate
        self._rng = rng
        self._on_passed = on_passed
        self._on_mark = on_mark
        self._marks: list[tuple[int, Triggered]] = []
        self._free_at = 0.0
        self._half_closed = False
        self._carrying = anyio.CancelScope()

    def mark(self, after_bytes: int, fault: Triggered) -> None:
        """Stop at a number of bytes, and call `on_mark`."""
        self._marks.append((after_bytes, fault))
        self._marks.sort(key=lambda mark: mark[0])

    def half_close(self) -> None:
        """End this direction; what the source still says is dropped."""
        self._half_closed = True
        self._carrying.cancel()

    async def run(self) -> None:
        """Carry bytes until the source has ended, and pass its end on.

        Raises:
            OSError: the source broke.
        """
        try:
            with self._carrying:
                await self._reach_marks()
                await (self._carry_late() if self._shape.delay_s or self._shape.jitter_s else self._carry())
            self._end_sink()
        except _SinkBroke:
            self.sink_broke = True
        while self._half_closed and await receive(self._source):
            pass

    async def _carry(self) -> None:
        while data := await receive(self._source, self._room(), gate=self._gate):
            await self._write(data)

    async def _carry_late(self) -> None:
        line = _Line()
        async with background_tasks() as tasks:
            tasks.start_soon(self._read_ahead, line)
            while data := await line.take():
                await self._write(data)

    async def _read_ahead(self, line: _Line) -> None:
        item: bytes | OSError = b"?"
        while item and not isinstance(item, OSError):
            try:
                item = await receive(self._source, gate=self._gate)
            except OSError as error:
                item = error  # what came before it comes first
            late_s = self._shape.delay_s + self._rng.uniform(0, self._shape.jitter_s)
            await line.put(item, due=anyio.current_time() + late_s)

    async def _write(self, data: bytes) -> None:
        while data:
            piece = data[: min(self._room(), self._shape.piece_bytes)]
            await self._keep_pace(len(piece))
            await self._send(piece, self._count)
            await self._reach_marks()
            data = data[len(piece) :]

    async def _reach_marks(self) -> None:
        while self._marks and self._marks[0][0] <= self.passed:
            _, fault = self._marks.pop(0)
            self._on_mark(fault)
            await anyio.lowlevel.checkpoint_if_cancelled()
            if isinstance(fault, Corrupt):
                await self._send(fault.data)

    def _room(self) -> int:
        """How much may pass before the next mark."""
        return min(CHUNK_BYTES, self._marks[0][0] - self.passed) if self._marks else CHUNK_BYTES

    async def _keep_pace(self, count: int) -> None:
        if self._shape.bytes_per_s is not None:
            self._free_at = max(self._free_at, anyio.current_time()) + count / self._shape.bytes_per_s
            await anyio.sleep_until(self._free_at)

    async def _send(self, data: bytes, on_sent: Callable[[int], None] | None = None) -> None:
        try:
            await send_all(self._sink, data, gate=self._gate, on_sent=on_sent)
        except OSError as error:
            raise _SinkBroke from error

    def _count(self, count: int) -> None:
        self.passed += count
        self._on_passed(count)

    def _end_sink(self) -> None:
        try:
            self._sink.shutdown(socket.SHUT_WR)
        except OSError as error:
            raise _SinkBroke from error


class _SinkBroke(Exception):  # noqa: N818 - an outcome
    pass


class _Line:
    """What is under way: bounded in bytes, in the order of sending."""

    def __init__(self) -> None:
        self._items: deque[tuple[float, bytes | OSError]] = deque()
        self._under_way_bytes = 0
        self._changed = anyio.Event()

    async def put(self, item: bytes | OSError, *, due: float) -> None:
        """Send off bytes, none for the end, or a failure; waits while too much is under way."""
        while self._under_way_bytes >= _MAX_UNDER_WAY_BYTES:
            await self._change()
        self._items.append((due, item))
        self._under_way_bytes += _length(item)
        self._changed.set()

    async def take(self) -> bytes:
        """Wait for what arrives next.

        Raises:
            OSError: it is a failure.
        """
        while not self._items:
            await self._change()
        due, item = self._items.popleft()
        await anyio.sleep_until(due)
        self._under_way_bytes -= _length(item)
        self._changed.set()
        if isinstance(item, OSError):
            raise item
        return item

    async def _change(self) -> None:
        self._changed = anyio.Event()
        await self._changed.wait()


def _length(item: bytes | OSError) -> int:
    return 0 if isinstance(item, OSError) else len(item)
