"""wsproto on anyio, message by message, and msgspec: what a client without lanes comes down to.

python -m benchmarks.programs.wsproto_client down|send --url URL
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode, urlsplit

import anyio
from anyio.abc import ByteStream
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, BytesMessage, Event, Request, TextMessage

from . import wire
from .structs import Metadata, Results, decoder

__all__: list[str] = []


class _Connection:
    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream
        self._socket = WSConnection(ConnectionType.CLIENT)
        self._events: Iterator[Event] = iter(())

    async def open(self, host: str, model: str) -> None:
        query = urlencode({"model": model, **wire.OPTIONS})
        headers = [(b"Authorization", b"Token benchmark")]
        request = Request(host=host, target=f"/v1/listen?{query}", extra_headers=headers)
        await self._stream.send(self._socket.send(request))
        wire.check(isinstance(await self._next(), AcceptConnection), "no handshake")

    async def _next(self) -> Any:
        while (event := next(self._events, None)) is None:
            self._socket.receive_data(await self._stream.receive())
            self._events = self._socket.events()
        return event

    async def receive(self) -> Results | Metadata:
        pieces = []
        while True:
            event = await self._next()
            assert isinstance(event, TextMessage)
            pieces.append(event.data)
            if event.message_finished:
                return decoder.decode("".join(pieces))

    async def send(self, frame: bytes) -> None:
        await self._stream.send(self._socket.send(BytesMessage(frame)))

    async def send_text(self, text: str) -> None:
        await self._stream.send(self._socket.send(TextMessage(text)))


@asynccontextmanager
async def _open(url: str, model: str) -> AsyncIterator[_Connection]:
    parts = urlsplit(url)
    host, port = str(parts.hostname), int(parts.port or 80)
    stream: ByteStream
    if parts.scheme == "https":
        stream = await anyio.connect_tcp(
            host, port, ssl_context=ssl.create_default_context(), tls_standard_compatible=False
        )
    else:
        stream = await anyio.connect_tcp(host, port)
    async with stream:
        connection = _Connection(stream)
        await connection.open(parts.netloc, model)
        yield connection


async def _down(options: Any) -> dict[str, Any]:
    meter = wire.Meter()
    async with _open(options.url, wire.flood(options.warm_up, options.count)) as connection:
        for _ in range(options.warm_up):
            event = await connection.receive()
            assert isinstance(event, Results)
            text = event.channel.alternatives[0].transcript
        meter.start()
        await connection.send(wire.FRAME)
        for _ in range(options.count):
            event = await connection.receive()
            assert isinstance(event, Results)
            text = event.channel.alternatives[0].transcript
        meter.stop()
    wire.check(text == wire.LAST, f"the last message was {text!r}")
    return {"count": options.count, "meter": meter}


async def _send(options: Any) -> dict[str, Any]:
    meter = wire.Meter()
    warm = anyio.Event()
    async with (
        _open(options.url, wire.talk(wire.ACK_EVERY)) as connection,
        anyio.create_task_group() as tasks,
    ):

        async def send() -> None:
            for _ in range(options.warm_up):
                await connection.send(wire.FRAME)
            await warm.wait()
            meter.start()
            for _ in range(options.count):
                await connection.send(wire.FRAME)
            await connection.send_text(wire.CLOSE_STREAM)

        tasks.start_soon(send)
        while not isinstance(event := await connection.receive(), Metadata):
            if event.start + event.duration > options.warm_up * wire.FRAME_S - 0.001:
                warm.set()
        meter.stop()
    wire.check_heard(event.duration, options)
    return {"count": options.count, "meter": meter}


def main() -> None:
    options = wire.parse(__doc__)
    wire.check(options.loop != "uvloop", "asyncio or trio")
    case = {"down": _down, "send": _send}[options.case]
    wire.report(**anyio.run(case, options, backend=options.loop), packages=("wsproto", "anyio", "msgspec"))


if __name__ == "__main__":
    main()
