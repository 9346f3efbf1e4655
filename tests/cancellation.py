"""Cancels a piece of work at its n-th suspension, for every n there is."""

from __future__ import annotations

import asyncio
import sys
import types
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any

import anyio
from anyio.lowlevel import checkpoint

__all__ = ["cancel_everywhere", "live_tasks"]


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


@types.coroutine
def _cancelling(work: Coroutine[Any, Any, None], scope: anyio.CancelScope, at: int) -> Generator[Any, Any, None]:
    # Event loops talk to their tasks in what a coroutine yields; passing it on unchanged, one can count suspensions.
    seen = 0
    step: Callable[[], Any] = lambda: work.send(None)  # noqa: E731 - rebound below
    while True:
        try:
            request = step()
        except StopIteration:
            return
        if seen == at:
            scope.deadline = anyio.current_time()
            scope.cancel()
        seen += 1
        try:
            value = yield request
        except BaseException as error:  # noqa: BLE001 - handed on to the work
            step = _thrower(work, error)
        else:
            step = _sender(work, value)


def _sender(work: Coroutine[Any, Any, None], value: Any) -> Callable[[], Any]:
    return lambda: work.send(value)


def _thrower(work: Coroutine[Any, Any, None], error: BaseException) -> Callable[[], Any]:
    return lambda: work.throw(error)


def live_tasks() -> int:
    """Return how many tasks the running event loop has."""
    trio = sys.modules.get("trio")
    if trio is not None and trio.lowlevel.in_trio_run():
        return int(trio.lowlevel.current_statistics().tasks_living)
    return len(asyncio.all_tasks())
