"""websockets and msgspec, on asyncio: no compression, and text as bytes for the decoder.

python -m benchmarks.programs.websockets_client down|send|connect|first --url URL
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

import websockets.asyncio.client as websockets

from . import wire
from .running import run_asyncio
from .streams import Connect, Line
from .structs import Metadata, Results, decoder

__all__: list[str] = []


def _open(url: str, model: str) -> Any:
    query = urlencode({"model": model, **wire.OPTIONS})
    headers = {"Authorization": "Token benchmark"}
    target = f"{url.replace('http', 'ws', 1)}/v1/listen?{query}"
    return websockets.connect(target, additional_headers=headers, compression=None)


async def _down(options: Any) -> dict[str, Any]:
    meter, decode = wire.Meter(), decoder.decode
    async with _open(options.url, wire.flood(options.warm_up, options.count)) as connection:
        for _ in range(options.warm_up):
            event = decode(await connection.recv(decode=False))
            assert isinstance(event, Results)
            text = event.channel.alternatives[0].transcript
        meter.start()
        await connection.send(wire.FRAME)
        for _ in range(options.count):
            event = decode(await connection.recv(decode=False))
            assert isinstance(event, Results)
            text = event.channel.alternatives[0].transcript
        meter.stop()
    wire.check(text == wire.LAST, f"the last message was {text!r}")
    return {"count": options.count, "meter": meter}


async def _send(options: Any) -> dict[str, Any]:
    meter = wire.Meter()
    warm = asyncio.Event()
    async with _open(options.url, wire.talk(wire.ACK_EVERY)) as connection:

        async def send() -> None:
            for _ in range(options.warm_up):
                await connection.send(wire.FRAME)
            await warm.wait()
            meter.start()
            for _ in range(options.count):
                await connection.send(wire.FRAME)
            await connection.send(wire.CLOSE_STREAM)

        sender = asyncio.create_task(send())
        while not isinstance(event := decoder.decode(await connection.recv(decode=False)), Metadata):
            if event.start + event.duration > options.warm_up * wire.FRAME_S - 0.001:
                warm.set()
        meter.stop()
        await sender
    wire.check_heard(event.duration, options)
    return {"count": options.count, "meter": meter}


def _connect(url: str) -> Connect:
    @asynccontextmanager
    async def connect(model: str) -> AsyncIterator[Line]:
        async with _open(url, model) as connection:

            async def events() -> AsyncIterator[Results | Metadata]:
                while True:
                    yield decoder.decode(await connection.recv(decode=False))

            async def finish() -> None:
                await connection.send(wire.CLOSE_STREAM)

            yield Line(connection.send, events(), finish)

    return connect


if __name__ == "__main__":
    run_asyncio(__doc__, {"down": _down, "send": _send}, _connect, ("websockets", "msgspec"))
