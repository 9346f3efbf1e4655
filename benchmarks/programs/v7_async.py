"""deepgram-sdk 7 on asyncio: events by iteration, which is a little cheaper than its handlers.

python -m benchmarks.programs.v7_async down|send|realtime|... --url URL
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from deepgram import AsyncDeepgramClient
from deepgram.environment import DeepgramClientEnvironment

from . import wire
from .running import run_asyncio
from .streams import Connect, Line

__all__ = ["client"]


def client(url: str) -> Any:
    sockets = url.replace("http", "ws", 1)
    environment = DeepgramClientEnvironment(base=url, production=sockets, agent=sockets, agent_rest=url)
    return AsyncDeepgramClient(api_key="benchmark", environment=environment)


async def _down(options: Any) -> dict[str, Any]:
    meter = wire.Meter()
    model = wire.flood(options.warm_up, options.count)
    async with client(options.url).listen.v1.connect(model=model, **wire.OPTIONS) as connection:
        events = aiter(connection)
        left = options.warm_up
        async for event in events:
            text = event.channel.alternatives[0].transcript
            left -= 1
            if not left:
                break
        meter.start()
        await connection.send_media(wire.FRAME)
        left = options.count
        async for event in events:
            text = event.channel.alternatives[0].transcript
            left -= 1
            if not left:
                break
        meter.stop()
    wire.check(text == wire.LAST, f"the last message was {text!r}")
    return {"count": options.count, "meter": meter}


async def _send(options: Any) -> dict[str, Any]:
    meter = wire.Meter()
    warm, heard_s = asyncio.Event(), 0.0
    async with client(options.url).listen.v1.connect(model=wire.talk(wire.ACK_EVERY), **wire.OPTIONS) as connection:

        async def send() -> None:
            for _ in range(options.warm_up):
                await connection.send_media(wire.FRAME)
            await warm.wait()
            meter.start()
            for _ in range(options.count):
                await connection.send_media(wire.FRAME)
            await connection.send_close_stream()

        sender = asyncio.create_task(send())
        async for event in connection:
            if event.type == "Metadata":
                heard_s = event.duration
                break
            if event.start + event.duration > options.warm_up * wire.FRAME_S - 0.001:
                warm.set()
        meter.stop()
        await sender
    wire.check_heard(heard_s, options)
    return {"count": options.count, "meter": meter}


def _connect(url: str) -> Connect:
    listen = client(url).listen.v1

    @asynccontextmanager
    async def connect(model: str) -> AsyncIterator[Line]:
        async with listen.connect(model=model, **wire.OPTIONS) as connection:
            yield Line(connection.send_media, aiter(connection), connection.send_close_stream)

    return connect


if __name__ == "__main__":
    run_asyncio(__doc__, {"down": _down, "send": _send}, _connect, ("deepgram-sdk", "websockets", "pydantic"))
