"""What Ctrl-C and the request to terminate do to a command that runs."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextvars import ContextVar

import anyio
from anyio.abc import TaskStatus

__all__ = ["Interruptions", "current", "interruptible"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruptions:
    """What Ctrl-C, and the request to terminate, have done so far.

    The first one cancels the command, or sets the event of a command that is `held`. The second one cancels the command
    in any case, with what it shields with `finishing`. The third one ends the program on the spot.

    Attributes:
        command: what they cancel.
        number: the first signal; None before.
    """

    def __init__(self, command: anyio.CancelScope) -> None:
        self.command: anyio.CancelScope = command
        self.number: int | None = None
        self._finishing: set[anyio.CancelScope] = set()
        self._held: anyio.Event | None = None

    @contextlib.contextmanager
    def held(self) -> Iterator[anyio.Event]:
        """See `held`."""
        self._held = anyio.Event()
        try:
            yield self._held
        finally:
            self._held = None

    @contextlib.contextmanager
    def finishing(self, deadline_s: float) -> Iterator[anyio.CancelScope]:
        """See `finishing`."""
        with anyio.move_on_after(deadline_s, shield=True) as scope:
            self._finishing.add(scope)
            try:
                yield scope
            finally:
                self._finishing.discard(scope)

    async def watch(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Wait for signals, and do what they ask for; started when it listens to them."""
        try:
            with anyio.open_signal_receiver(*_SIGNALS) as signals:
                task_status.started()
                await self._heed(signals)
        except NotImplementedError:  # Windows, where Ctrl-C arrives as KeyboardInterrupt
            task_status.started()

    async def _heed(self, signals: AsyncIterator[signal.Signals]) -> None:
        ordinal = 0
        async for number in signals:
            ordinal += 1
            if ordinal == 1:
                self._first(number)
            elif ordinal == 2:
                self._second()
            else:
                signal.signal(number, signal.SIG_DFL)
                signal.raise_signal(number)

    def _first(self, number: signal.Signals) -> None:
        self.number = int(number)
        if self._held is not None and number == signal.SIGINT:
            self._held.set()
        else:
            self.command.cancel()

    def _second(self) -> None:
        self.command.cancel()
        for scope in self._finishing:
            scope.cancel()


_current: ContextVar[Interruptions] = ContextVar("_current")


def current() -> Interruptions:
    """Return those of the command that runs."""
    return _current.get()


async def interruptible(main: Callable[[], Awaitable[int | None]]) -> int:
    """Run `main` until it ends or a signal comes. What it raises leaves bare, not in a group."""
    result: int | None = None
    failure: Exception | None = None
    seen = Interruptions(anyio.CancelScope())
    _current.set(seen)
    async with anyio.create_task_group() as tasks:
        await tasks.start(seen.watch)
        with seen.command:
            try:
                result = await main()
            except Exception as error:  # noqa: BLE001 - raised again below, outside of the task group
                failure = error
        tasks.cancel_scope.cancel()
    if failure is not None:
        raise failure
    if result is not None or seen.number is None:
        return result or 0
    return 128 + seen.number
