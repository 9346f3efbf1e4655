"""The one event loop of all blocking clients of a process, in a daemon thread."""

from __future__ import annotations

import asyncio
import atexit
import contextvars
import importlib.util
import os
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import CancelledError, Future
from contextlib import AbstractAsyncContextManager, AbstractContextManager, suppress
from functools import partial
from typing import Any, TypeVar

import anyio
import anyio.from_thread

from ..errors import LocalProtocolError

__all__ = ["EventLoopThread", "event_loop_thread"]

T = TypeVar("T")

_STOP_S = 2.0
_ENDED = "the event loop of the blocking clients has ended"


class EventLoopThread:
    """An asyncio event loop, on uvloop where that is installed, in a thread that ends with the program.

    The caller's context variables reach what runs there.
    """

    def __init__(self) -> None:
        self._pid = os.getpid()
        self._unsettled: set[Future[Any]] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = self._ended = False
        ready: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, args=(ready,), name="deepgram_anyio", daemon=True)
        self._thread.start()
        ready.result()

    def _run(self, ready: Future[None]) -> None:
        uvloop = importlib.util.find_spec("uvloop") is not None
        try:
            anyio.run(self._serve, ready, backend="asyncio", backend_options={"use_uvloop": uvloop})
        except BaseException as error:
            if ready.done():
                raise
            ready.set_exception(error)
        finally:
            self._ended = True
            for future in list(self._unsettled):  # of calls that came too late to be begun
                future.cancel()

    async def _serve(self, ready: Future[None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._context = contextvars.copy_context()  # in which anyio knows, without a task, what loop this is
        self._markers = [variable for variable, value in self._context.items() if value == "asyncio"]
        async with anyio.from_thread.BlockingPortal() as self._portal:
            ready.set_result(None)
            await self._portal.sleep_until_stopped()
        # What `_begin` started is cancelled, and waited for, with the loop.

    @property
    def alive(self) -> bool:
        """Whether calls can be made: not after `stop`, and not in a process forked from the one that made this."""
        return os.getpid() == self._pid and not self._ended and self._thread.is_alive()

    @property
    def inside(self) -> bool:
        """Whether the caller runs on this loop, where nothing may block."""
        return threading.current_thread() is self._thread

    @property
    def asyncio_loop(self) -> asyncio.AbstractEventLoop:
        """The loop itself."""
        return self._loop

    def call(self, function: Callable[..., Awaitable[T]], /, *args: Any, **kwargs: Any) -> T:
        """Run a coroutine function on the loop, and wait for its result.

        Interrupted by an exception, such as Ctrl-C, it cancels the function and does not wait for it.

        Raises:
            LocalProtocolError: it would wait for itself, or the loop is not there any more.
        """
        self._check_outside()
        future = self.start_soon(function, *args, **kwargs)
        try:
            return future.result()
        except CancelledError:
            if self.alive and not self._stopping:
                raise
            raise LocalProtocolError(_ENDED) from None
        finally:
            future.cancel()  # of use only when the wait was interrupted

    def start_soon(self, function: Callable[..., Awaitable[T]], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Run a coroutine function on the loop, and do not wait; cancelling the future cancels it.

        Raises:
            LocalProtocolError: the loop is not there any more.
        """
        future: Future[T] = Future()
        self._unsettled.add(future)
        future.add_done_callback(self._unsettled.discard)
        try:
            self.post(self._begin, partial(function, *args, **kwargs), future, contextvars.copy_context())
        except LocalProtocolError:
            self._unsettled.discard(future)
            raise
        if self._ended:
            future.cancel()  # the loop ended just now, and may not have seen this one
        return future

    def enter(self, context: AbstractAsyncContextManager[T]) -> AbstractContextManager[T]:
        """Return a blocking form of an async context manager, which lives in one task of the loop. Raises as `call`."""
        self._check_outside()
        self._check()
        return self._portal.wrap_async_context_manager(context)

    def post(self, callback: Callable[..., object], *args: Any) -> None:
        """Run a function on the loop soon; nobody waits, and what it raises goes to the loop's handler.

        Raises:
            LocalProtocolError: the loop is not there any more.
        """
        self._check()
        try:
            self._loop.call_soon_threadsafe(callback, *args, context=self._context)
        except RuntimeError as error:
            raise LocalProtocolError(_ENDED) from error

    def stop(self, timeout_s: float = _STOP_S) -> None:
        """End all that runs on the loop, and the thread, or give up after some seconds; harmless when repeated."""
        if self.alive and not self.inside:
            self._stopping = True
            with suppress(LocalProtocolError):
                self.start_soon(self._portal.stop, cancel_remaining=True)
            self._thread.join(timeout_s)

    def _begin(self, function: Callable[[], Awaitable[Any]], future: Future[Any], context: contextvars.Context) -> None:
        if not future.cancelled():
            # The task inherits the caller's context, less what tells there of the caller's own event loop.
            for marker in self._markers:
                context.run(marker.set, "asyncio")
            task = context.run(self._loop.create_task, self._settle(function, future))
            self._tasks.add(task)  # the loop itself keeps none alive
            task.add_done_callback(self._tasks.discard)

    async def _settle(self, function: Callable[[], Awaitable[T]], future: Future[T]) -> None:
        with anyio.CancelScope() as scope:

            def follow(future: Future[T]) -> None:
                if future.cancelled():
                    with suppress(LocalProtocolError):
                        self.post(scope.cancel)

            future.add_done_callback(follow)
            try:
                result = await function()
            except anyio.get_cancelled_exc_class():
                future.cancel()
                raise
            except BaseException as error:  # noqa: BLE001 - the caller's; KeyboardInterrupt must not end the loop
                if future.set_running_or_notify_cancel():
                    future.set_exception(error)
            else:
                if future.set_running_or_notify_cancel():
                    future.set_result(result)

    def _check(self) -> None:
        if os.getpid() != self._pid:
            raise LocalProtocolError("this client was made before os.fork(): make a new one in the new process")
        if self._ended:
            raise LocalProtocolError(_ENDED)

    def _check_outside(self) -> None:
        if self.inside and os.getpid() == self._pid:
            raise LocalProtocolError(
                "a blocking call within the event loop's own thread would wait for itself; use the async client there"
            )


_lock = threading.Lock()
_shared: EventLoopThread | None = None


def event_loop_thread() -> EventLoopThread:
    """Return the process's loop, started when first asked for and stopped at exit."""
    global _shared
    with _lock:
        if _shared is None or not _shared.alive:
            _shared = EventLoopThread()
            atexit.register(_shared.stop)
        return _shared


def _forget_after_fork() -> None:
    global _lock, _shared
    # The lock may have been held by a thread that does not exist here.
    _lock, _shared = threading.Lock(), None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_after_fork)
