"""Cancellation at every single wait of a WebSocket: nothing received is lost, and no socket is left behind."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
import trustme
from anyio.abc import ByteStream
from wsproto.events import CloseConnection, TextMessage

from deepgram_anyio import errors
from deepgram_anyio.protocol.frames import Binary, Frame, Ping, Text
from deepgram_anyio.transport.settings import Timeouts
from deepgram_anyio.transport.websocket import WebSocket, connect_websocket, open_websocket

from ..cancellation import cancelled_everywhere, cancelled_when_suspended
from .peers import (
    Recorder,
    ServerEnd,
    connected,
    echo,
    proxying,
    read_to_end,
    server_tls,
    serving,
    wire,
)

pytestmark = pytest.mark.anyio

BRISK = Timeouts(connect_s=0.2, send_s=0.2, close_s=0.2)


async def test_receiving_that_is_cancelled_loses_nothing() -> None:
    async def count(stream: ByteStream) -> None:
        end = await ServerEnd.accept(stream)
        async for event in end:
            if not isinstance(event, TextMessage):
                await end.send(CloseConnection(1000))
                return
            await end.send(TextMessage(event.data), TextMessage(event.data + "!"))

    received: list[str | bytes] = []

    async def receive(websocket: WebSocket) -> None:
        received.append(await websocket.__anext__())

    async with connected(count) as (websocket, _):
        for number in range(20):
            await websocket.send(str(number))
            assert await cancelled_when_suspended(receive(websocket), 0)
            while len(received) < 2 * number + 2:
                await receive(websocket)
    assert received == [f"{number}{mark}" for number in range(20) for mark in ("", "!")]


async def test_receiving_that_is_cancelled_while_it_answers_a_ping_loses_nothing() -> None:
    async def ping_and_speak(stream: ByteStream) -> None:
        end = await ServerEnd.accept(stream)
        await end.send_raw(wire(9, b"p") + wire(1, b"x"))
        await end.finish()

    cancelled, at = True, 0
    while cancelled:
        received: list[Frame] = []

        async def receive(websocket: WebSocket, received: list[Frame]) -> None:
            received += await websocket.receive_batch()

        async with connected(ping_and_speak, timeouts=BRISK) as (websocket, _):
            cancelled = await cancelled_when_suspended(receive(websocket, received), at)
            with anyio.fail_after(2):
                while len(received) < 2:
                    await receive(websocket, received)
            assert received == [Ping(b"p"), Text("x")]
        at += 1
    assert at > 1


FILES = Path("/proc/self/fd")
needs_proc = pytest.mark.skipif(not FILES.is_dir(), reason="counts file descriptors in /proc")


def open_sockets() -> int:
    # Only sockets: event loops open other files when they first need them.
    return sum(os.readlink(file).startswith("socket:") for file in FILES.iterdir() if file.is_symlink())


@asynccontextmanager
async def no_sockets_left() -> AsyncIterator[None]:
    before = open_sockets()
    yield
    with anyio.move_on_after(5):
        while open_sockets() > before:
            await anyio.wait_all_tasks_blocked()
    assert open_sockets() == before


async def converse(websocket: WebSocket) -> None:
    await websocket.send("hello")
    await websocket.send_batch([Text("x" * 200_000), Binary(b"y")])
    assert await websocket.__anext__() == "hello"
    assert await websocket.__anext__() == "x" * 200_000


@needs_proc
@pytest.mark.parametrize("way", ["plain", "tls", "proxy"])
async def test_cancelled_at_every_wait_it_leaves_no_socket(way: str) -> None:
    ca = trustme.CA()
    server, client = server_tls(ca, "127.0.0.1") if way == "tls" else (None, None)
    async with no_sockets_left(), serving(echo, ssl_context=server) as peer, serving(proxying([])) as proxy:

        async def operation() -> None:
            via = f"http://127.0.0.1:{proxy.port}" if way == "proxy" else ""
            async with open_websocket(peer.url, ssl_context=client, proxy=via) as websocket:
                await converse(websocket)

        await operation()
        assert await cancelled_everywhere(operation) > 5
        await peer.all_closed(accepted=2)
        await proxy.all_closed()


@needs_proc
async def test_cancelled_at_every_wait_of_a_refusal() -> None:
    async def refuse(stream: ByteStream) -> None:
        await stream.receive()
        await stream.send(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\n")
        await stream.send(b"no!\n")
        await read_to_end(stream)

    async with no_sockets_left(), serving(refuse) as peer:

        async def operation() -> None:
            with pytest.raises(errors.PermissionDeniedError):
                await connect_websocket(peer.url)

        assert await cancelled_everywhere(operation) > 1
        await peer.all_closed(accepted=1)


@needs_proc
async def test_close_that_is_cancelled_at_every_wait_still_closes() -> None:
    recorder = Recorder()
    runs = 0
    async with no_sockets_left(), serving(recorder) as peer:
        cancelled = True
        while cancelled:
            websocket = await connect_websocket(peer.url)
            cancelled = await cancelled_when_suspended(websocket.close(), runs)
            assert websocket.closed
            runs += 1
        await peer.all_closed(accepted=runs)
    assert recorder.closes == [CloseConnection(1000, "")] * runs
