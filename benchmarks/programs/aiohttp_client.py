"""aiohttp and msgspec, on asyncio: no compression, and text as bytes for the decoder.

python -m benchmarks.programs.aiohttp_client down|send|connect|first --url URL
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from . import wire
from .running import run_asyncio
from .streams import Connect, Line
from .structs import Metadata, Results, decoder

__all__: list[str] = []


def _open(session: aiohttp.ClientSession, url: str, model: str) -> Any:
    target = f"{url.replace('http', 'ws', 1)}/v1/listen"
    headers = {"Authorization": "Token benchmark"}
    return session.ws_connect(target, params={"model": model, **wire.OPTIONS}, headers=headers, decode_text=False)


async def _down(options: Any) -> dict[str, Any]:
    meter, decode = wire.Meter(), decoder.decode
    model = wire.flood(options.warm_up, options.count)
    async with aiohttp.ClientSession() as session, _open(session, options.url, model) as connection:
        left = options.warm_up
        async for message in connection:
            event = decode(message.data)
            assert isinstance(event, Results)
            text = event.channel.alternatives[0].transcript
            left -= 1
            if not left:
                break
        meter.start()
        await connection.send_bytes(wire.FRAME)
        left = options.count
        async for message in connection:
            event = decode(message.data)
            assert isinstance(event, Results)
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
    model = wire.talk(wire.ACK_EVERY)
    async with aiohttp.ClientSession() as session, _open(session, options.url, model) as connection:

        async def send() -> None:
            for _ in range(options.warm_up):
                await connection.send_bytes(wire.FRAME)
            await warm.wait()
            meter.start()
            for _ in range(options.count):
                await connection.send_bytes(wire.FRAME)
            await connection.send_str(wire.CLOSE_STREAM)

        sender = asyncio.create_task(send())
        async for message in connection:
            event = decoder.decode(message.data)
            if isinstance(event, Metadata):
                heard_s = event.duration
                break
            if event.start + event.duration > options.warm_up * wire.FRAME_S - 0.001:
                warm.set()
        meter.stop()
        await sender
    wire.check_heard(heard_s, options)
    return {"count": options.count, "meter": meter}


def _connect(url: str) -> Connect:
    @asynccontextmanager
    async def connect(model: str) -> AsyncIterator[Line]:
        async with aiohttp.ClientSession() as session, _open(session, url, model) as connection:

            async def events() -> AsyncIterator[Results | Metadata]:
                async for message in connection:
                    yield decoder.decode(message.data)

            async def finish() -> None:
                await connection.send_str(wire.CLOSE_STREAM)

            yield Line(connection.send_bytes, events(), finish)

    return connect


if __name__ == "__main__":
    run_asyncio(__doc__, {"down": _down, "send": _send}, _connect, ("aiohttp", "msgspec"))
