"""The async clients of v4, from tasks of asyncio and of trio, without an ``async with``."""

from __future__ import annotations

import threading
from typing import Any

import anyio
import pytest

from deepgram_anyio.sync.v4.socket_listen import AsyncListenWebSocketClient, AsyncLiveClient
from deepgram_anyio.sync.v4.socket_speak import AsyncSpeakWebSocketClient

from ..stand_in import Api, api
from ..transport.peers import ServerEnd, read_to_end
from .socket_support import RAW, TONE, config, local_server

pytestmark = pytest.mark.anyio


async def test_a_whole_stream_with_handlers_on_the_callers_loop() -> None:
    seen: list[Any] = []
    here, heard = threading.get_ident(), anyio.Event()

    async with api() as server:
        client = AsyncLiveClient(config(server.url))

        async def on_result(self: Any, result: Any, **kwargs: Any) -> None:
            await anyio.lowlevel.checkpoint()
            assert await self.keep_alive() is result.from_finalize  # nothing is taken after finish
            seen.append((result.channel.alternatives[0].transcript, threading.get_ident() == here, kwargs))
            heard.set()

        def on_close(close: Any) -> None:
            seen.append((close.type, threading.get_ident() == here))

        client.on("Results", on_result)
        client.on("Close", on_close)
        assert await client.start(RAW, mine=1)
        assert await client.is_connected()
        assert await client.send(TONE)
        assert await client.finalize()
        await heard.wait()
        assert await client.finish()
        assert await client.finish()
        assert not await client.is_connected()
        assert not await client.send(TONE)
        assert server.audio == TONE
    assert seen == [("so far", True, {"mine": 1}), ("all of it", True, {"mine": 1}), ("Close", False)]


async def test_finish_within_an_async_handler() -> None:
    closed = anyio.Event()

    async with api() as server:
        client = AsyncListenWebSocketClient(config(server.url))

        async def on_result(result: Any) -> None:
            assert await client.finish()

        async def on_close(close: Any) -> None:
            closed.set()

        client.on("Results", on_result)
        client.on("Close", on_close)
        assert await client.start(RAW)
        assert await client.finalize()
        with anyio.fail_after(5):
            await closed.wait()
        assert await client.finish()
        assert server.messages == ["Finalize", "CloseStream"]


async def _mute(server: Api, stream: Any) -> None:
    await read_to_end(stream)


async def test_a_cancelled_start_closes_at_once() -> None:
    async with api(_mute) as server:
        client = AsyncListenWebSocketClient(config(server.url))
        errors: list[Any] = []
        client.on("Error", lambda error: errors.append(error))
        with anyio.move_on_after(0.1) as scope:
            await client.start(RAW)
        assert scope.cancelled_caught
        assert server.peer is not None
        await server.peer.all_closed(accepted=1)
        assert not await client.is_connected()
    assert errors == []


async def test_a_cancelled_finish_closes_at_once() -> None:
    async def silent(end: ServerEnd, kind: str) -> bool:
        return True

    async with api() as server:
        server.on_message = silent
        client = AsyncListenWebSocketClient(config(server.url))
        closed = anyio.Event()

        async def on_close(close: Any) -> None:
            closed.set()

        client.on("Close", on_close)
        assert await client.start(RAW)
        with anyio.move_on_after(0.1) as scope:
            await client.finish()
        assert scope.cancelled_caught
        with anyio.fail_after(5):
            await closed.wait()
            assert server.peer is not None
            await server.peer.all_closed(accepted=1)


async def test_a_refusal() -> None:
    client = AsyncListenWebSocketClient(config("http://127.0.0.1:9"))
    errors: list[str] = []

    async def on_error(self: Any, error: Any, **kwargs: Any) -> None:
        errors.append(error.description)

    client.on("Error", on_error)
    assert await client.start(RAW) is False
    assert errors == ["ConnectError"]
    assert client.last_error is not None


async def test_speech() -> None:
    audio: list[bytes] = []
    with local_server() as server:
        client = AsyncSpeakWebSocketClient(config(f"http://127.0.0.1:{server.port}"))

        async def on_audio(self: Any, data: bytes, **kwargs: Any) -> None:
            audio.append(data)

        client.on("AudioData", on_audio)
        assert await client.start({"encoding": "linear16", "sample_rate": 8000})
        assert await client.send_text("one two")
        assert await client.flush()
        await client.wait_for_complete()
        heard = sum(map(len, audio))
        assert heard > 0
        assert await client.send("three")
        assert not await client.send(b"bytes")
        assert await client.clear()
        assert await client.finish()
    assert sum(map(len, audio)) >= heard
