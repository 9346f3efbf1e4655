"""This project's client, on asyncio, uvloop and trio.

python -m benchmarks.programs.own down|send|send_nowait|send_audio|realtime|... --url URL
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio

from deepgram_anyio import DeepgramClient, LiveConnection, Reconnected, ReconnectPolicy
from deepgram_anyio.protocol import listen

from . import wire
from .streams import CASES, Connect, Line

__all__ = ["main"]

_PACKAGES = ("anyio", "msgspec", "wsproto", "uvloop", "trio")
_KEY = "benchmark"


async def _down(options: Any) -> dict[str, Any]:
    meter = wire.Meter()
    model = wire.flood(options.warm_up, options.count)
    async with (
        DeepgramClient(_KEY, base_url=options.url) as dg,
        dg.listen.v1.connect(model=model, **wire.OPTIONS) as connection,
    ):
        left = options.warm_up
        async for event in connection:
            assert isinstance(event, listen.Results)
            text = event.channel.alternatives[0].transcript
            left -= 1
            if not left:
                break
        meter.start()
        await connection.send(wire.FRAME)
        left = options.count
        async for event in connection:
            assert isinstance(event, listen.Results)
            text = event.channel.alternatives[0].transcript
            left -= 1
            if not left:
                break
        meter.stop()
        wire.check(text == wire.LAST, f"the last message was {text!r}")
    return {"count": options.count, "meter": meter}


def _up(send_all: Callable[[LiveConnection, int], Awaitable[None]]) -> Callable[[Any], Awaitable[dict[str, Any]]]:
    async def measure(options: Any) -> dict[str, Any]:
        meter = wire.Meter()
        model = wire.talk(wire.ACK_EVERY)
        warm, heard_s = anyio.Event(), 0.0
        async with (
            DeepgramClient(_KEY, base_url=options.url) as dg,
            dg.listen.v1.connect(model=model, **wire.OPTIONS) as connection,
            anyio.create_task_group() as tasks,
        ):

            async def send() -> None:
                await send_all(connection, options.warm_up)
                await warm.wait()
                meter.start()
                await send_all(connection, options.count)
                await connection.close_stream()

            tasks.start_soon(send)
            async for event in connection:
                if isinstance(event, listen.Metadata):
                    heard_s = event.duration
                    break
                assert isinstance(event, listen.Results)
                if event.start + event.duration > options.warm_up * wire.FRAME_S - 0.001:
                    warm.set()
            meter.stop()
        wire.check_heard(heard_s, options)
        return {"count": options.count, "meter": meter}

    return measure


async def _send(connection: LiveConnection, count: int) -> None:
    for _ in range(count):
        await connection.send(wire.FRAME)


async def _send_nowait(connection: LiveConnection, count: int) -> None:
    for _ in range(count):
        try:
            connection.send_nowait(wire.FRAME)
        except anyio.WouldBlock:  # noqa: PERF203 - as its callers do
            await connection.send(wire.FRAME)


async def _send_audio(connection: LiveConnection, count: int) -> None:
    await connection.send_audio([wire.FRAME] * count)


async def _reconnect(options: Any) -> dict[str, Any]:
    """From what makes the server break the connection to `Reconnected`, without the wait that the policy draws."""
    took = []
    async with (
        DeepgramClient(_KEY, base_url=options.url) as dg,
        dg.listen.v1.connect(model=wire.talk(1), reconnect=ReconnectPolicy(first_s=0.0), **wire.OPTIONS) as connection,
    ):
        for number in range(options.warm_up + options.count):
            await connection.send(wire.FRAME)
            await _next(connection, listen.Results)
            began = time.perf_counter()
            await connection.keep_alive()
            await _next(connection, Reconnected)
            if number >= options.warm_up:
                took.append(1000 * (time.perf_counter() - began))
        wire.check(connection.stats.reconnects == options.warm_up + options.count, "it did not break as it should")
    return {
        "count": options.count,
        "meter": None,
        "reconnect_p50_ms": wire.percentile(took, 0.5),
        "reconnect_p99_ms": wire.percentile(took, 0.99),
    }


async def _next(connection: LiveConnection, kind: type[Any]) -> None:
    async for event in connection:
        if isinstance(event, kind):
            return
    raise wire.Failure(f"the stream ended without {kind.__name__}")


def _connect(dg: DeepgramClient) -> Connect:
    @asynccontextmanager
    async def connect(model: str) -> AsyncIterator[Line]:
        async with dg.listen.v1.connect(model=model, **wire.OPTIONS) as connection:
            yield Line(connection.send, aiter(connection), connection.close_stream)

    return connect


async def _shared(options: Any) -> dict[str, Any]:
    async with DeepgramClient(_KEY, base_url=options.url) as dg:
        return await CASES[options.case](_connect(dg), options)


_CASES = {
    "down": _down,
    "send": _up(_send),
    "send_nowait": _up(_send_nowait),
    "send_audio": _up(_send_audio),
    "reconnect": _reconnect,
}


def main() -> None:
    options = wire.parse(__doc__)
    case = _CASES.get(options.case, _shared)
    backend = "trio" if options.loop == "trio" else "asyncio"
    backend_options = {"use_uvloop": True} if options.loop == "uvloop" else {}
    wire.report(**anyio.run(case, options, backend=backend, backend_options=backend_options), packages=_PACKAGES)


if __name__ == "__main__":
    main()
