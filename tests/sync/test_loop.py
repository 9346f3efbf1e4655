"""The one loop thread: calls, cancellation, and an end that comes whatever happens."""

from __future__ import annotations

import contextvars
import os
import threading
from concurrent.futures import CancelledError
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest

from deepgram_anyio.errors import LocalProtocolError
from deepgram_anyio.sync.loop import EventLoopThread, event_loop_thread


async def _twice(value: int) -> int:
    await anyio.lowlevel.checkpoint()
    return 2 * value


@asynccontextmanager
async def _context() -> Any:
    yield


async def _fail(error: BaseException) -> None:
    raise error


def test_there_is_one_loop_and_it_is_a_daemon() -> None:
    loop = event_loop_thread()
    assert event_loop_thread() is loop
    assert loop.alive
    assert loop._thread.daemon
    assert not loop.inside


def test_results_errors_and_context_cross_over() -> None:
    loop = event_loop_thread()
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable")
    variable.set("mine")

    async def read() -> str:
        return variable.get()

    assert loop.call(_twice, 4) == 8
    assert loop.call(read) == "mine"
    with pytest.raises(KeyError):
        loop.call(_fail, KeyError("x"))
    with pytest.raises(KeyboardInterrupt):
        loop.call(_fail, KeyboardInterrupt())
    assert loop.call(_twice, 1) == 2


def test_cancelling_the_future_cancels_the_function() -> None:
    loop = event_loop_thread()
    started, cancelled = threading.Event(), threading.Event()

    async def wait() -> None:
        started.set()
        try:
            await anyio.sleep_forever()
        except anyio.get_cancelled_exc_class():
            cancelled.set()
            raise

    future = loop.start_soon(wait)
    assert started.wait(5)
    future.cancel()
    assert cancelled.wait(5)
    with pytest.raises(CancelledError):
        future.result()


def test_contexts_live_in_one_task() -> None:
    loop = event_loop_thread()
    seen: list[str] = []

    @asynccontextmanager
    async def context() -> Any:
        async with anyio.create_task_group():
            yield "entered"
        seen.append("left")

    with loop.enter(context()) as entered:
        assert entered == "entered"
    assert seen == ["left"]


def test_a_blocking_call_on_the_loop_itself_is_refused() -> None:
    loop = event_loop_thread()

    async def call() -> None:
        assert loop.inside
        loop.call(_twice, 1)

    with pytest.raises(LocalProtocolError, match="wait for itself"):
        loop.call(call)


def test_after_the_stop_nothing_hangs() -> None:
    loop = EventLoopThread()
    waiting = loop.start_soon(anyio.sleep_forever)
    refusals: list[BaseException] = []

    def call() -> None:
        try:
            loop.call(anyio.sleep_forever)
        except LocalProtocolError as error:
            refusals.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    loop.call(_twice, 1)
    loop.stop()
    loop.stop()
    thread.join(5)
    assert not thread.is_alive()
    assert not loop.alive
    assert waiting.cancelled()
    for attempt in (
        lambda: loop.call(_twice, 1),
        lambda: loop.start_soon(_twice, 1),
        lambda: loop.post(print),
        lambda: loop.enter(_context()),
    ):
        with pytest.raises(LocalProtocolError, match="ended"):
            attempt()
    assert len(refusals) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_gets_a_loop_of_its_own() -> None:
    loop = event_loop_thread()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            assert not loop.alive
            with pytest.raises(LocalProtocolError, match="fork"):
                loop.call(_twice, 1)
            assert event_loop_thread().call(_twice, 3) == 6
            code = 0
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert loop.call(_twice, 3) == 6
