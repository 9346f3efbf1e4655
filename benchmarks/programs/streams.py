"""The cases that need no loop of their own in each client: streams in real time, connecting, first event, latency.

For asyncio clients. A client gives a function that opens a `Line`; its methods are the client's own, with nothing
between.
"""

from __future__ import annotations

import asyncio
import gc
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, NamedTuple

from . import wire

__all__ = ["CASES", "Connect", "Line"]

_OPENING_AT_ONCE = 20
_INTERVAL_S = 0.005
_EVENT_EVERY = 10


class Line(NamedTuple):
    """An open stream.

    Attributes:
        send: sends a frame of audio.
        events: what the server says, typed.
        finish: tells the server that no more audio comes.
    """

    send: Callable[[bytes], Awaitable[Any]]
    events: AsyncIterator[Any]
    finish: Callable[[], Awaitable[Any]]


Connect = Callable[[str], AbstractAsyncContextManager[Line]]
"""Opens a line; what it is given goes to the server as the model."""


async def run_realtime(connect: Connect, options: Any) -> dict[str, Any]:
    """Many streams at once in real time: CPU time, lateness, memory."""
    if options.pin:
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    async with connect(wire.talk(_EVENT_EVERY)) as line:  # so that what is made once is there
        await _stream(line, asyncio.get_running_loop().time(), 2 * _EVENT_EVERY, [], [])
    meter = wire.Meter()
    sent_late: list[float] = []
    events_late: list[float] = []
    opening = asyncio.Semaphore(_OPENING_AT_ONCE)
    opened, finished = _Countdown(options.streams), _Countdown(options.streams)
    begin, done = asyncio.Event(), asyncio.Event()
    began = 0.0

    async def run(number: int) -> None:
        await opening.acquire()
        async with connect(wire.talk(_EVENT_EVERY)) as line:
            opening.release()
            opened.count()
            await begin.wait()
            start = began + number / options.streams * wire.FRAME_S
            await _stream(line, start, round(options.seconds / wire.FRAME_S), sent_late, events_late)
            finished.count()
            await done.wait()

    gc.collect()
    before = wire.memory()
    tasks = [asyncio.create_task(run(number)) for number in range(options.streams)]
    await _all_or_failure(opened.wait(), tasks)
    gc.collect()
    each = (wire.memory() - before) / options.streams
    began = asyncio.get_running_loop().time() + 0.1
    meter.start()
    begin.set()
    await _all_or_failure(finished.wait(), tasks)
    meter.stop()
    done.set()
    await asyncio.gather(*tasks)
    seconds = options.streams * options.seconds
    return {
        "count": round(seconds / wire.FRAME_S),
        "meter": meter,
        "cpu_ms_per_stream_s": 1000 * meter.cpu_s / seconds,
        "sent_late_p50_ms": 1000 * wire.percentile(sent_late, 0.5),
        "sent_late_p99_ms": 1000 * wire.percentile(sent_late, 0.99),
        "event_late_p99_ms": 1000 * wire.percentile(events_late, 0.99),
        "memory_per_connection_kib": each / 1024,
    }


class _Countdown:
    def __init__(self, left: int) -> None:
        self._left = left
        self._zero = asyncio.Event()

    def count(self) -> None:
        self._left -= 1
        if not self._left:
            self._zero.set()

    async def wait(self) -> None:
        await self._zero.wait()


async def _all_or_failure(goal: Awaitable[None], tasks: list[asyncio.Task[None]]) -> None:
    """Wait for something, but not when one of the tasks fails before."""
    waiting = asyncio.ensure_future(goal)
    done, _ = await asyncio.wait([waiting, *tasks], return_when=asyncio.FIRST_COMPLETED)
    if waiting not in done:
        for task in done:
            task.result()
        raise wire.Failure("a stream ended before its time")


async def _stream(line: Line, start: float, frames: int, sent_late: list[float], events_late: list[float]) -> None:
    """Send frames at their times; what the server says is read meanwhile, to its last word about them."""
    clock = asyncio.get_running_loop().time
    reader = asyncio.create_task(_hear(line, frames // _EVENT_EVERY, events_late))
    for number in range(frames):
        due = start + number * wire.FRAME_S
        await asyncio.sleep(max(0.0, due - clock()))
        await line.send(wire.FRAME)
        sent_late.append(clock() - due)
    await reader


async def _hear(line: Line, count: int, late: list[float]) -> None:
    heard = 0
    async for event in line.events:
        wire.check(event.channel.alternatives[0].transcript == wire.FIRST, f"unexpected: {event!r}")
        late.append((time.monotonic_ns() - int(event.metadata.request_id.rpartition("-")[2])) / 1e9)
        heard += 1
        if heard == count:
            return
    raise wire.Failure(f"the stream ended after {heard} of {count} events")


async def run_connect(connect: Connect, options: Any) -> dict[str, Any]:
    """Connections that are opened and closed again, so many at once."""
    limit = asyncio.Semaphore(options.streams)

    async def run() -> None:
        async with limit, connect(wire.talk(1)):
            pass

    meter = wire.Meter()
    for _ in range(options.warm_up):
        await run()
    meter.start()
    await asyncio.gather(*(run() for _ in range(options.count)))
    meter.stop()
    return {"count": options.count, "meter": meter, "connections_per_s": options.count / meter.wall_s}


async def run_first(connect: Connect, options: Any) -> dict[str, Any]:
    """How long it takes from nothing to the first event: connect, send a frame, hear the answer."""
    took = []
    for number in range(options.warm_up + options.count):
        began = time.perf_counter()
        async with connect(wire.talk(1)) as line:
            await line.send(wire.FRAME)
            async for event in line.events:
                heard = event.channel.alternatives[0].transcript
                break
            if number >= options.warm_up:
                took.append(time.perf_counter() - began)
        wire.check(heard == wire.FIRST, f"heard {heard!r}")
    milliseconds = [1000 * seconds for seconds in took]
    return {
        "count": options.count,
        "meter": None,
        "first_event_p50_ms": wire.percentile(milliseconds, 0.5),
        "first_event_p99_ms": wire.percentile(milliseconds, 0.99),
    }


async def run_latency(connect: Connect, options: Any) -> dict[str, Any]:
    """On an idle line: from `send` to the frame at the server, and from the server's answer to the event."""
    up, down = [], []
    async with connect(wire.talk(1)) as line:
        for number in range(options.warm_up + options.count):
            await asyncio.sleep(_INTERVAL_S)
            await line.send(wire.stamped_frame())
            async for event in line.events:
                now = time.monotonic_ns()
                took, answered = event.metadata.request_id.split("-")
                break
            if number >= options.warm_up:
                up.append(int(took) / 1000)
                down.append((now - int(answered)) / 1000)
    wire.check(len(up) == options.count and min(up) > 0 and min(down) > 0, "the times make no sense")
    figures = {}
    for name, values in (("up", up), ("down", down)):
        figures[f"{name}_p50_us"] = wire.percentile(values, 0.5)
        figures[f"{name}_p99_us"] = wire.percentile(values, 0.99)
    return {"count": options.count, "meter": None, **figures}


CASES: dict[str, Callable[[Connect, Any], Awaitable[dict[str, Any]]]] = {
    "realtime": run_realtime,
    "connect": run_connect,
    "first": run_first,
    "latency": run_latency,
}
