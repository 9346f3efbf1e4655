"""Waiting for the loop of the blocking clients from another event loop, asyncio's or trio's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

import anyio

from ...transport.clock import running_trio

__all__ = ["wait_for"]

T = TypeVar("T")


async def wait_for(future: Future[T]) -> T:
    """Wait for what runs on another loop, without blocking this one. Cancelled, it cancels that, and does not wait."""
    done = anyio.Event()
    wake = _waker(done.set)
    future.add_done_callback(lambda _: wake())
    try:
        await done.wait()
    except BaseException:
        future.cancel()
        raise
    return future.result()


def _waker(function: Callable[[], Any]) -> Callable[[], None]:
    """Return what calls a function on this loop, from any thread; in vain when the loop is not there any more."""
    trio = running_trio()
    if trio is not None:
        token = trio.lowlevel.current_trio_token()
        post, gone = token.run_sync_soon, trio.RunFinishedError
    else:
        post, gone = asyncio.get_running_loop().call_soon_threadsafe, RuntimeError

    def wake() -> None:
        try:
            post(function)
        except gone:
            return

    return wake
