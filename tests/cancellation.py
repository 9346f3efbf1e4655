"""Cancels a piece of work at its n-th suspension, for every n there is."""

from __future__ import annotations

import asyncio
import itertools
import types
from collections.abc import Awaitable, Callable, Coroutine, Generator
from functools import partial
from typing import Any

import anyio
from anyio.lowlevel import checkpoint

from deepgram_anyio.transport.clock import running_trio

__all__ = ["cancel_everywhere", "cancelled_everywhere", "cancelled_when_suspended", "live_tasks"]


async def cancel_everywhere(
    work: Callable[[], Coroutine[Any, Any, None]], after: Callable[[], Awaitable[None]], *, within_s: float = 1.0
) -> int:
    """Run `work` again and again, cancelled at its first, second, ... suspension, until one run completes.

    After every run there must be no more tasks than after the first, which is not cancelled.

    Args:
        work: what to cancel.
        after: called after every run, to check that nothing else is left.
        within_s: how long a run may take from its cancellation on.

    Returns:
        At how many places it was cancelled.
    """
    await work()
    await after()
    await anyio.wait_all_tasks_blocked()
    tasks = live_tasks()
    count = 0
    while True:
        with anyio.CancelScope() as scope:
            await _cancelling(work(), scope, count)
        if scope.cancel_called:
            spent_s = anyio.current_time() - scope.deadline
            assert spent_s < within_s, f"cancelled at suspension {count}, it went on for {spent_s:.2f} s"
        await after()
        with anyio.fail_after(1):
            while live_tasks() > tasks:
                await checkpoint()
        if not scope.cancel_called:
            return count
        count += 1


async def cancelled_when_suspended(coroutine: Coroutine[Any, Any, Any], at: int) -> bool:
    """Run a coroutine, and cancel it when it waits for the event loop for the n-th time, from 0.

    Returns:
        Whether it came that far.
    """
    with anyio.CancelScope() as scope:
        await _cancelling(coroutine, scope, at)
    return scope.cancel_called


async def cancelled_everywhere(operation: Callable[[], Coroutine[Any, Any, Any]]) -> int:
    """Run an operation again and again, cancelled at its first wait, its second, and so on until it finishes.

    Returns:
        How often it was cancelled.
    """
    for at in itertools.count():
        if not await cancelled_when_suspended(operation(), at):
            return at
    raise AssertionError("unreachable")


@types.coroutine
def _cancelling(coroutine: Coroutine[Any, Any, Any], scope: anyio.CancelScope, at: int) -> Generator[Any, Any, Any]:
    # Event loops talk to their tasks in what a coroutine yields; passing it on unchanged, one can count suspensions.
    step = partial(coroutine.send, None)
    for suspension in itertools.count():
        try:
            trap = step()
        except StopIteration as stop:
            return stop.value
        if suspension == at:
            scope.deadline = anyio.current_time()  # for whoever asks how long it went on
            scope.cancel()
        try:
            value = yield trap
        except BaseException as error:  # noqa: BLE001 - thrown on
            step = partial(coroutine.throw, error)
        else:
            step = partial(coroutine.send, value)
    return None


def live_tasks() -> int:
    """Return how many tasks the running event loop has."""
    trio = running_trio()
    if trio is not None:
        return int(trio.lowlevel.current_statistics().tasks_living)
    return len(asyncio.all_tasks())
