"""Much work on one event loop: some of it at a time, none of it held in memory, and an end in good order."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup
from anyio.lowlevel import checkpoint

from ..errors import AuthenticationError, ConfigError, DeepgramError, PaymentRequiredError, PermissionDeniedError
from ..transport.tasks import background_tasks

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["HOPELESS", "Batch", "Outcome", "run_many", "running_batch"]

T = TypeVar("T")
R = TypeVar("R")
O_co = TypeVar("O_co", covariant=True)

HOPELESS: tuple[type[DeepgramError], ...] = (AuthenticationError, PaymentRequiredError, PermissionDeniedError)
"""What ends a batch: every other item would fail of it, too."""


@dataclass(frozen=True, kw_only=True)
class Outcome(Generic[T, R]):
    """What became of an item.

    Attributes:
        item: the item.
        value: what the function returned; None when it failed.
        error: why it failed; None when it did not.
    """

    item: T
    value: R | None = None
    error: Exception | None = None


class Batch(Generic[O_co]):
    """Work under way: iterate over it for the outcomes, in the order in which they come.

    While nobody takes them, no more than about `jobs` outcomes wait, and nothing new starts.
    """

    def __init__(
        self,
        work: Callable[[Any], Awaitable[O_co]],
        items: Iterable[Any] | AsyncIterable[Any],
        jobs: int,
        grace_s: float,
    ) -> None:
        self._work = work
        self._items = items
        self._jobs = jobs
        self._grace_s = grace_s
        self._slots = anyio.Semaphore(jobs)
        self._ready: deque[O_co] = deque()
        self._news = anyio.Event()
        self._room = anyio.Event()
        self._feeding = anyio.CancelScope()
        # Cancelled from outside, what is under way goes on for the time that `stop` gives it.
        self._working = anyio.CancelScope(shield=True)
        self._stopped = False
        self._under_way = 0
        self._given_up = 0
        self._failure: Exception | None = None
        self._ended = anyio.Event()

    @property
    def stopped(self) -> bool:
        """Whether it ends before its time: by `stop`, by cancellation, or by a failure that ends all."""
        return self._stopped

    @property
    def under_way(self) -> int:
        """How many items are being worked on."""
        return self._under_way

    @property
    def given_up(self) -> int:
        """How many were cancelled because they did not end in the time that they were given."""
        return self._given_up

    def stop(self) -> None:
        """Start nothing new. What is under way has `grace_s` seconds to end, and is cancelled then.

        The iteration goes on until that has happened. A cancellation after this ends it at once.
        """
        if not self._stopped:
            self._stopped = True
            self._feeding.cancel()
            self._working.deadline = anyio.current_time() + self._grace_s

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> O_co:
        """Return the next outcome.

        Cancellation, within the block of `run_many`, lets what is under way end: see there.
        """
        await checkpoint()
        while not self._ready:
            if self._ended.is_set():
                self._raise_failure()
                raise StopAsyncIteration
            await self._news.wait()
        outcome = self._ready.popleft()
        self._room.set()
        return outcome

    async def _run(self) -> None:
        try:
            with self._working:
                async with anyio.create_task_group() as tasks:
                    with self._feeding:
                        await self._feed(tasks)
        finally:
            self._ended.set()
            self._tell()

    async def _feed(self, tasks: TaskGroup) -> None:
        try:
            pull = _puller(self._items)
            while True:
                await self._slots.acquire()
                while len(self._ready) >= self._jobs:
                    self._room = anyio.Event()
                    await self._room.wait()
                found = await pull()
                if found is None:
                    return
                self._under_way += 1
                tasks.start_soon(self._one, found[0])
        except Exception as error:  # noqa: BLE001 - the iteration raises it
            self._fail(error)
        finally:
            if isinstance(self._items, AsyncGenerator):
                with anyio.CancelScope(shield=True):
                    await self._items.aclose()

    async def _one(self, item: Any) -> None:
        try:
            self._ready.append(await self._work(item))
        except Exception as error:  # noqa: BLE001 - the iteration raises it
            self._fail(error)
        except anyio.get_cancelled_exc_class():
            self._given_up += 1
            raise
        finally:
            self._under_way -= 1
            self._slots.release()
            self._tell()

    def _fail(self, error: Exception) -> None:
        self._failure = self._failure or error
        self.stop()

    def _tell(self) -> None:
        self._news.set()
        self._news = anyio.Event()

    def _raise_failure(self) -> None:
        failure, self._failure = self._failure, None
        if failure is not None:
            try:
                raise failure
            finally:
                del failure

    async def _finish(self, *, cancelled: bool) -> None:
        if self._ended.is_set():
            return
        if cancelled and self._stopped:
            self._working.cancel()
        self.stop()
        with anyio.CancelScope(shield=True):
            await self._ended.wait()


@asynccontextmanager
async def running_batch(
    work: Callable[[Any], Awaitable[O_co]], items: Iterable[Any] | AsyncIterable[Any], *, jobs: int, grace_s: float
) -> AsyncIterator[Batch[O_co]]:
    """Run a batch whose outcomes are what `work` returns, and whose end is what it raises; else as `run_many`."""
    _check(jobs, grace_s, items)
    batch = Batch(work, items, jobs, grace_s)
    async with background_tasks() as tasks:
        tasks.start_soon(batch._run)
        try:
            yield batch
        except anyio.get_cancelled_exc_class():
            await batch._finish(cancelled=True)
            raise
        except BaseException:
            await batch._finish(cancelled=False)
            raise
        await batch._finish(cancelled=False)
        batch._raise_failure()


@asynccontextmanager
async def run_many(
    function: Callable[[T], Awaitable[R]],
    items: Iterable[T] | AsyncIterable[T],
    *,
    jobs: int = 8,
    grace_s: float = 30.0,
    failures: tuple[type[Exception], ...] = (DeepgramError, OSError),
    hopeless: tuple[type[Exception], ...] = HOPELESS,
) -> AsyncIterator[Batch[Outcome[T, R]]]:
    """Run an async function over many items, some at a time.

    ```python
    async with run_many(dg.read.v1.analyze, texts, jobs=16) as batch:
        async for outcome in batch:
            ...
    ```

    However the block ends, what is under way gets `grace_s` seconds to end before it is cancelled: it has been sent,
    and will be billed. That goes for cancellation, too, unless `Batch.stop` was called before: then it stops at once.

    Args:
        function: called with one item at a time.
        items: taken one by one, when there is room. An iterable that is no list or tuple is asked in a worker thread,
            as it may block.
        jobs: how many run at a time, at most; from 1.
        grace_s: seconds from 0.
        failures: exceptions that become the outcome of the item. Any other stops the batch and leaves the iteration,
            once what is under way has ended.
        hopeless: of those, the ones that stop it all the same.

    Yields:
        The outcomes' iterator, a `Batch`.

    Raises:
        ConfigError: `jobs` or `grace_s` out of range.
    """

    async def work(item: T) -> Outcome[T, R]:
        try:
            return Outcome(item=item, value=await function(item))
        except failures as error:
            if isinstance(error, hopeless):
                raise
            return Outcome(item=item, error=error)

    async with running_batch(work, items, jobs=jobs, grace_s=grace_s) as batch:
        yield batch


def _check(jobs: object, grace_s: object, items: object) -> None:
    if not isinstance(jobs, int) or isinstance(jobs, bool) or jobs < 1:
        raise ConfigError(f"jobs must be a whole number from 1, not {jobs!r}")
    if not isinstance(grace_s, (int, float)) or not grace_s >= 0:
        raise ConfigError(f"grace_s must be seconds from 0, not {grace_s!r}")
    if not isinstance(items, (Iterable, AsyncIterable)) or isinstance(items, (str, bytes)):
        raise ConfigError(f"what a batch works on must be an iterable or async iterable, not {type(items).__name__}")


def _puller(items: Iterable[Any] | AsyncIterable[Any]) -> Callable[[], Awaitable[tuple[Any] | None]]:
    """Make a function that gives the next item, in a tuple, and None after the last."""
    if isinstance(items, AsyncIterable):
        async_iterator = aiter(items)
        return lambda: _next_async(async_iterator)
    iterator = iter(items)
    if isinstance(items, (list, tuple)):
        return lambda: _next_at_once(iterator)

    async def pull() -> tuple[Any] | None:
        # It may block, in a directory far away or in a queue, so each step runs in a worker thread.
        return await anyio.to_thread.run_sync(_next, iterator, abandon_on_cancel=True)

    return pull


async def _next_async(iterator: AsyncIterator[Any]) -> tuple[Any] | None:
    async for item in iterator:
        return (item,)
    return None


async def _next_at_once(iterator: Iterator[Any]) -> tuple[Any] | None:
    return _next(iterator)


def _next(iterator: Iterator[Any]) -> tuple[Any] | None:
    for item in iterator:
        return (item,)
    return None
